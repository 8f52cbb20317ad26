"""How policies look for an angle: the root of a moment, the least effort over the tilt."""
