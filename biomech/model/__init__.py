"""Anatomy: what the body is made of. Knows nothing of statics or optimisation."""
