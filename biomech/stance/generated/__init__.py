"""What the table of stance parameters writes for kernels and type checkers: ``python -m biomech.stance``."""
