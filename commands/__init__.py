"""What can be asked: queries, panels and words. No I/O anywhere."""
