"""How a body moves: its tree of segments, splines, lines of action and the strength of muscles."""
