"""A body to a model file that OpenSim opens."""
