"""The pagers: what wakes people through PagerDuty and Opsgenie, and what they did there as it comes back."""
