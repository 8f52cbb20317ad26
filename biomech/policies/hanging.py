"""The tilt at which the body hangs in its hip capsules: no net muscle moment at the hips."""

from __future__ import annotations

from biomech.model.model import Model
from biomech.pipeline.stance_batch import SharingObjective
from biomech.policies.balance import TILT_STATUSES, balance_tilt
from biomech.policies.base import Finding, Policy
from biomech.stance.choices import POLICIES
from biomech.stance.stance import Stance
from biomech.statics.muscle_free import muscle_free_moments


class Hanging(Policy):
    """Weight on the hips and their passive moments balance (``statics.muscle_free``: H = 0)."""

    angle = "pelvic_tilt"
    word = POLICIES.word("hanging")
    statuses = TILT_STATUSES

    def find(self, model: Model, stance: Stance, objective: SharingObjective) -> Finding:
        """The tilt, and as ``hanging_moment`` what is left of H there."""
        found = balance_tilt(
            model,
            stance,
            objective,
            lambda batch, near: muscle_free_moments(model, batch.compiled, near, batch.support).hanging,
        )
        return Finding(found.angle, found.status, {"hanging_moment": found.moment})
