"""What is asked of a body: stance parameters, their values for many postures, and how they are read."""
