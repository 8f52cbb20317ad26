"""Known forces on segments, measured or from an element: what they do on every coordinate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech.model.mechanics.couplers import carry_over
from biomech.model.mechanics.tree import Frames, TreeTables

Array = NDArray[np.float64]


@kernel
def add_external_loads(tree: TreeTables, frames: Frames, applied: Array, given: Array) -> None:
    """Add the work of known forces to the generalised force ``given`` (coordinate,).

    ``applied`` (6 segment,): force and moment about the ground origin on each segment, ground as segment 0; or (0,).
    """
    for s in range(1, len(applied) // 6):
        for c in range(len(given)):
            if tree.affects[c, s]:
                screw = frames.screw
                for k in range(3):
                    given[c] += screw[c, k] * applied[6 * s + 3 + k] + screw[c, 3 + k] * applied[6 * s + k]
    carry_over(tree.couplers, frames.rate, given)
