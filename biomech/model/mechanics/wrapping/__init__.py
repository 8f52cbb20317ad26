"""Paths that wrap over cylinders and spheres: the shortest way over each surface, and which of them a path touches."""
