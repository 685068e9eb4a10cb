"""The sources that can be asked, and the register of them."""
