"""The trunk's lean at which the body hangs in its hip capsules at a given tilt."""

from __future__ import annotations

from biomech.model.model import Model
from biomech.pipeline.stance_batch import SharingObjective
from biomech.policies.balance import STATUSES, balance
from biomech.policies.base import Finding, Policy
from biomech.stance.choices import LEAN_POLICIES
from biomech.stance.stance import Stance
from biomech.statics.muscle_free import muscle_free_moments

#: deg: leans that are looked at, and in which steps.
_LEAN, _LEAN_STEP = (-30.0, 30.0), 5.0


class HangingSway(Policy):
    """Weight on the hips and their passive moments balance (``statics.muscle_free``: H = 0)."""

    angle = "trunk_lean"
    word = LEAN_POLICIES.word("hanging_sway")
    statuses = STATUSES

    def find(self, model: Model, stance: Stance, objective: SharingObjective) -> Finding:
        """The lean, and as ``hanging_moment`` what is left of H there."""
        # leaning forward tips the pelvis forward: the balance along the lean is where the moment rises through zero
        found = balance(
            model,
            stance,
            objective,
            self.angle,
            lambda batch, near: -muscle_free_moments(model, batch.compiled, near, batch.support).hanging,
            _LEAN,
            _LEAN_STEP,
        )
        return Finding(found.angle, found.status, {"hanging_moment": -found.moment})
