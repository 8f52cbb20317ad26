"""On one leg: the other thigh hangs, its knee bent as asked; the pelvis is level, or lists as asked."""

from __future__ import annotations

from biomech.stance.choices import SUPPORTS
from biomech.statics.supports.base import Support


class RightLeg(Support):
    """The right foot is flat on the floor and bears all the weight."""

    word = SUPPORTS.word("right")


class LeftLeg(Support):
    """The left foot is flat on the floor and bears all the weight."""

    word = SUPPORTS.word("left")
