"""The tilt of least passive energy of hips and lumbar joint at the given lean, gravity left out."""

from __future__ import annotations

from biomech.model.model import Model
from biomech.pipeline.stance_batch import SharingObjective
from biomech.policies.balance import TILT_STATUSES, balance_tilt
from biomech.policies.base import Finding, Policy
from biomech.stance.choices import POLICIES
from biomech.stance.stance import Stance
from biomech.statics.muscle_free import passive_slope


class Passive(Policy):
    """The slope of the passive energy along the tilt vanishes (``statics.muscle_free``: P = 0)."""

    angle = "pelvic_tilt"
    word = POLICIES.word("passive")
    statuses = TILT_STATUSES

    def find(self, model: Model, stance: Stance, objective: SharingObjective) -> Finding:
        """The tilt."""
        found = balance_tilt(
            model,
            stance,
            objective,
            lambda batch, near: passive_slope(model, batch.compiled, near, batch.support),
        )
        return Finding(found.angle, found.status)
