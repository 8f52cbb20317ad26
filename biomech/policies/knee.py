"""The knee's stable angle at which no muscle holds it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech.model.model import Model
from biomech.pipeline.stance_batch import SharingObjective, StanceBatch, split_batches
from biomech.policies.balance import STATUSES
from biomech.policies.base import PRESCRIBED, Finding, Policy
from biomech.policies.search.stable_root import find_stable_root
from biomech.stance.choices import KNEE_POLICIES
from biomech.stance.parameters import PARAMETERS
from biomech.stance.stance import Stance
from biomech.statics.muscle_free import muscle_free_moments
from biomech.statics.posture import feet_of

Array = NDArray[np.float64]

#: deg: knees that are looked at, in which steps, and how far beyond its range a knee is followed, to tell a balance
#: outside the geometry from none.
_KNEE, _KNEE_STEP, _BEYOND = (PARAMETERS["knee_flexion"].least, 30.0), 2.5, 5.0


class PassiveKnee(Policy):
    """Passive tissue, weight and ground balance at every knee that stands (``statics.muscle_free``: K = 0)."""

    angle = "knee_flexion"
    word = KNEE_POLICIES.word("passive")
    statuses = STATUSES | {"outside_geometry": 6}

    def find(self, model: Model, stance: Stance, objective: SharingObjective) -> Finding:
        """The angle of the knees that stand; the others stay as they are."""
        found = Finding(stance.values[self.angle].copy(), np.full((len(stance), 2), PRESCRIBED, dtype=np.int8))
        for batch in split_batches(model, stance, objective):
            own, feet = stance.take(batch.index), feet_of(batch.support)
            legs = [[0, 1]] if batch.compiled.half else [[("_r", "_l").index(foot)] for foot in feet]
            for leg, columns in enumerate(legs):
                angle, status = self._find_leg(model, batch, own, leg, columns)
                own.values[self.angle][:, columns] = angle[:, None]
                for side in columns:
                    found.angle[batch.index, side], found.status[batch.index, side] = angle, status
        return found

    def _find_leg(
        self, model: Model, batch: StanceBatch, own: Stance, leg: int, columns: list[int]
    ) -> tuple[Array, NDArray[np.int8]]:
        """Angle and status of one leg, which may stand for both."""

        def curve(index: NDArray[np.int64], knee: Array) -> Array:
            knees = own.values[self.angle][index]
            knees[:, columns] = knee[:, None]
            near = own.take(index, knee_flexion=knees)
            # a moment that extends the knee drives its flexion down
            return -muscle_free_moments(model, batch.compiled, near, batch.support).knee[:, leg]

        root = find_stable_root(curve, len(own), _KNEE[0] - _BEYOND, _KNEE[1], _KNEE_STEP)
        outside = root.angle < _KNEE[0]
        status = np.where(outside, self.statuses["outside_geometry"], root.status).astype(np.int8)
        return np.maximum(root.angle, _KNEE[0]), status
