"""Kinds of path points, and when a conditional one counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel

Array = NDArray[np.float64]

#: OpenSim keeps a conditional point active this far (rad) outside its range.
SLACK = 1e-5

FIXED, CONDITIONAL, MOVING, MOVING_BY_ROWS = 0, 1, 2, 3


@kernel
def is_active(active: Array, p: int, angle: float) -> bool:
    """Whether conditional point ``p`` counts while its coordinate is at ``angle``."""
    return (angle >= active[p, 0] - SLACK) & (angle <= active[p, 1] + SLACK)
