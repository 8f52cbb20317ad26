"""Problems that the kernels leave open, one at a time and without hurry: plain NumPy, and nothing of the kernels.

What is left open is degenerate (demands at the very edge of what can be borne, where multipliers are many or
unbounded), badly scaled, or so dear that multipliers no longer resolve the muscles that are hardly on. Here the rows
have units of their own (``task``), A^T y is summed exactly (``exact``), and the least shortfall is found by an
active-set method (Stark & Parker 1995, Computational Statistics 10:129) and not by approaching it (``shortfall``). The
optimum is sought by ascent in the multipliers (``ascent``, at its ``edge``), then by descent in the unknowns
(``descent``). What comes out is only a proposal: it counts when its certificate says so.
"""

from biomech.sharing.hard.proposals import proposals
from biomech.sharing.hard.shortfall import is_least

__all__ = ["is_least", "proposals"]
