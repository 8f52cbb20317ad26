"""Research on top of the mechanics: sweeps, tilt policies, static optimisation of measured motion."""
