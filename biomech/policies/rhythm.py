"""The tilt that leaves to the lumbar spine its measured share of a lean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech.model.model import Model
from biomech.pipeline.stance_batch import SharingObjective
from biomech.policies.base import Finding, Policy
from biomech.stance.choices import POLICIES
from biomech.stance.stance import Stance

Array = NDArray[np.float64]

STATUSES = {"by_rule": 11}


class Rhythm(Policy):
    """A rule of the lean alone (``tilt_by_rhythm``)."""

    angle = "pelvic_tilt"
    word = POLICIES.word("rhythm")
    statuses = STATUSES

    def find(self, model: Model, stance: Stance, objective: SharingObjective) -> Finding:
        """The tilt."""
        line = model.value("settings/lumbar_line_share")
        tilt = tilt_by_rhythm(stance.values["trunk_lean"], stance.values["lumbar_rhythm"], line)
        return Finding(tilt, np.full(len(stance), self.statuses["by_rule"], dtype=np.int8))


def lumbar_flexion(thorax: Array, rhythm: Array | float) -> Array:
    """Lumbar flexion (deg) of a thorax that turns by ``thorax`` (deg): s Theta, s = .74 - .0019 Theta (+- .08).

    Tafazzol et al. 2014, from standing to full flexion, times the factor ``rhythm`` (.70 in a squat: von Arx et al.
    2021).
    """
    return np.asarray(rhythm * (0.74 - 0.0019 * np.abs(thorax)) * thorax)


def tilt_by_rhythm(lean: Array, rhythm: Array, line: float) -> Array:
    """Pelvic tilt (deg) that leaves the lumbar spine its share of a lean.

    A thorax that turns by Theta takes lambda (``lumbar_flexion``) from the lumbar spine and Theta - lambda from the
    hips. The ``lean`` is that of the line from L5/S1 to C7, which turns by ``line`` with a degree of lumbar flexion
    where the thorax turns by one: lean = Theta - (1 - line) lambda, a quadratic in Theta.
    """
    lag, size = (1.0 - line) * rhythm, np.abs(lean)
    linear, square = 1.0 - 0.74 * lag, 0.0019 * lag
    thorax = 2.0 * size / (linear + np.sqrt(linear * linear + 4.0 * square * size))
    return np.sign(lean) * (thorax - lumbar_flexion(thorax, rhythm))
