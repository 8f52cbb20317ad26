"""Moved to ``biomech.article.validation``."""

from biomech._renamed import moved

__getattr__ = moved(__name__, "biomech.article.validation", {"Posture": "MeasuredPosture"})
