"""Moved to ``biomech.analysis.joint_strength``."""

from biomech._renamed import moved

__getattr__ = moved(__name__, "biomech.analysis.joint_strength")
