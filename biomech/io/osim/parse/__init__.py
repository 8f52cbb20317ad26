"""A model file to its description: one module per kind of element."""
