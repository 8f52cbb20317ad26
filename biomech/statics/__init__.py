"""Mechanics: what must balance. Knows the model, and nothing of how the load is shared."""
