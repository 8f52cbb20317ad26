"""The tilt of least muscle cost.

Of the postures that close and can be held, in -15..25 deg, it is that in which the muscle cost J is least;
``least_effort_kernel`` says how it is searched. The curve is flat, so the minima that come within 5 % of the best, and
the range of tilts that do, are reported beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech.model.model import Model
from biomech.pipeline.solve_stances import compile_batch
from biomech.pipeline.stance_batch import SharingObjective, StanceBatch, split_batches
from biomech.policies.balance import TILT_STATUSES
from biomech.policies.base import Finding, Policy
from biomech.policies.search.bracketing import MINIMA
from biomech.policies.search.least_effort_kernel import COLUMNS, search_tilts_simd
from biomech.stance.choices import POLICIES
from biomech.stance.stance import Stance
from biomech.statics.posture import turn_with_tilt

Array = NDArray[np.float64]

#: What the search says, as its kernel numbers it; and that no tilt has a posture.
STATUSES = {
    "interior_minimum": 0,
    "lower_bound": 1,
    "upper_bound": 2,
    "edge_of_holdable": 3,
    "not_holdable": 4,
    "no_posture": TILT_STATUSES["no_posture"],
}


class LeastEffort(Policy):
    """Least cost among the postures that close and can be held; the stances' own tilt is ignored."""

    angle = "pelvic_tilt"
    word = POLICIES.word("least_effort")
    statuses = STATUSES

    def find(self, model: Model, stance: Stance, objective: SharingObjective) -> Finding:
        """The tilt; all minima within 5 %, best first, NaN where there are fewer; the tilts within 5 %."""
        found = np.empty((len(stance), COLUMNS))
        for batch in split_batches(model, stance, objective):
            found[batch.index] = _search_part(model, batch, stance, objective)
        tilt, status = found[:, 0], found[:, 1].astype(np.int8)
        status[np.isnan(tilt)] = self.statuses["no_posture"]
        details = {"minimum": found[:, 2 : 2 + MINIMA], "interval": found[:, 2 + MINIMA : 4 + MINIMA]}
        return Finding(tilt, status, details)


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
