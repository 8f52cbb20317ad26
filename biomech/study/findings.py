"""Moved to ``biomech.article.findings``."""

from biomech._renamed import moved

__getattr__ = moved(__name__, "biomech.article.findings")
