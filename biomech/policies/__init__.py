"""How angles that nobody gives are found: the pelvic tilt, the lean of the trunk, the knee."""
