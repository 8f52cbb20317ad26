"""Measured motion and ground reactions: read by their labels, and held against what a body can do."""
