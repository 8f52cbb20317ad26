"""Gravity: the weight of everything outward of a coordinate's joint, load included, works as it is lifted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech.model.mechanics.couplers import carry_over
from biomech.model.mechanics.tree import Frames, TreeTables

Array = NDArray[np.float64]


@kernel
def gravity_force(tree: TreeTables, frames: Frames, gravity: float, out: Array) -> None:
    """Generalised force of gravity, -dV/dq (coordinate,), after ``composite_masses``."""
    for c in range(len(tree.first_body)):
        i = tree.first_body[c]
        # only the vertical velocity counts: (w x c + v)_y
        lift = (
            frames.screw[c, 2] * frames.moment[i, 0]
            - frames.screw[c, 0] * frames.moment[i, 2]
            + frames.screw[c, 4] * frames.mass[i]
        )
        out[c] = -gravity * lift
    carry_over(tree.couplers, frames.rate, out)
