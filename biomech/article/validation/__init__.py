"""The model beside measurements on living people.

Postures, priors, measurements and model variants are data with sources (``biomech/reference_data``), frozen before the
first comparison; what was changed since stands in a list with its reason. Every row is predicted as given and, under
draws of the priors and of the posture, with a 90 % interval. Nothing is fitted.

``postures`` and ``measurements`` are what is compared, ``validate`` predicts it, ``scores`` and ``summary`` say how
well, ``history`` what it was before each change.
"""

from biomech.article.interval_scores import interval_score
from biomech.article.validation.history import (
    History,
    changes,
    history,
    record_stage,
)
from biomech.article.validation.measured_postures import MeasuredPosture, postures, stance_of
from biomech.article.validation.measurements import GROUPS, REPORTED, group_of, label_of, measured_value, measurements
from biomech.article.validation.predictions import VARIANTS, predicted_at_means, validate, variant
from biomech.article.validation.scores import SPINE, scores, spine_scores, summary

__all__ = [
    "GROUPS",
    "REPORTED",
    "SPINE",
    "VARIANTS",
    "History",
    "MeasuredPosture",
    "changes",
    "group_of",
    "history",
    "interval_score",
    "label_of",
    "measured_value",
    "measurements",
    "postures",
    "predicted_at_means",
    "record_stage",
    "scores",
    "spine_scores",
    "stance_of",
    "summary",
    "validate",
    "variant",
]
