"""What one asks of the library: sweeps, measured motion, stability, the strength of joints."""
