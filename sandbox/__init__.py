"""A payments company in one process, for demos, drills and tests."""
