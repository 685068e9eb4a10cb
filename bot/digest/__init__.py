"""The stand-up digest: when it is due, what it says, and that each date has exactly one."""
