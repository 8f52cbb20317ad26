"""On both feet."""

from __future__ import annotations

from biomech.stance.choices import SUPPORTS
from biomech.statics.supports.base import Support


class BothFeet(Support):
    """Both feet are flat on the floor and share the weight."""

    word = SUPPORTS.word("both")
