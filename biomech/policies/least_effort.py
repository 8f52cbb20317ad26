"""Pelvic-tilt policies: how the pelvis stands when nobody says.

``least_effort``: the tilt of least muscle cost J among the postures that close and can be held, searched in -15..25
deg; ``least_effort_kernel`` says how. The curve is flat, so the minima that come within 5 % of the best, and the range
of tilts that do, are reported beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech.model.model import Model
from biomech.pipeline.solve_stances import compile_batch
from biomech.pipeline.stance_batch import SharingObjective, StanceBatch, split_batches
from biomech.policies.bracketing import MINIMA
from biomech.policies.least_effort_kernel import COLUMNS, search_tilts_simd
from biomech.stance.stance import Stance
from biomech.statics.posture import turn_with_tilt

Array = NDArray[np.float64]

TILT_STATUSES = ("interior_minimum", "lower_bound", "upper_bound", "edge_of_holdable", "not_holdable")


@dataclass(frozen=True)
class Tilts:
    """What was found, per stance.

    ``tilt`` in deg, NaN where no tilt has a posture, and ``status``; ``minimum`` (stance, MINIMA): all minima within
    5 %, best first, NaN where there are fewer; ``interval`` (stance, 2): the tilts within 5 %.
    """

    tilt: Array
    status: NDArray[np.int8]
    minimum: Array
    interval: Array


def least_effort(model: Model, stance: Stance, objective: SharingObjective) -> Tilts:
    """The tilt of least muscle cost of every stance.

    Parameters
    ----------
    model : Model
        The body.
    stance : Stance
        Stances; their own tilt is ignored.
    objective : SharingObjective
        What counts as effort.

    Returns
    -------
    Tilts
        Never raises for a posture: the status says what was found.
    """
    found = np.empty((len(stance), COLUMNS))
    for batch in split_batches(model, stance, objective):
        found[batch.index] = _search_part(model, batch, stance, objective)
    return Tilts(found[:, 0], found[:, 1].astype(np.int8), found[:, 2 : 2 + MINIMA], found[:, 2 + MINIMA : 4 + MINIMA])


def _search_part(model: Model, batch: StanceBatch, stance: Stance, objective: SharingObjective) -> Array:
    """Search for the stances of a part: all at first, then with patience those with a tilt that could not be held."""
    count = len(batch.index)
    own = stance.take(batch.index, pelvic_tilt=np.zeros(count))
    body, pattern, costs, limits, _, inputs = compile_batch(model, batch, own, objective, frozenset())
    turn = turn_with_tilt(model, batch.compiled, batch.support)
    found = np.empty((count, COLUMNS))
    every = np.arange(count, dtype=np.uint64)
    search_tilts_simd(body, pattern, costs, limits, inputs, turn, every, False, found)
    hard = every[found[:, -1] > 0.0]
    if hard.size:
        search_tilts_simd(body, pattern, costs, limits, inputs, turn, hard, True, found)
    return found
