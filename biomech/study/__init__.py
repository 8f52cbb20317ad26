"""Old places of what moved to ``biomech.article`` and ``biomech.analysis``; they work, and say so."""
