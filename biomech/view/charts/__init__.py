"""Charts: one file each, drawn with Matplotlib (extra ``plot``), and what they are given."""
