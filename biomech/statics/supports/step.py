"""With one foot on a step."""

from __future__ import annotations

from biomech.stance.choices import SUPPORTS
from biomech.statics.supports.base import Support


class Step(Support):
    """The right foot stands on a step ahead of the left; both share the weight."""

    word = SUPPORTS.word("step")
    is_stepped = True

    def found(self) -> list[str]:
        """The lower leg's knee follows, so that the pelvis stays level, or lists as asked."""
        return ["knee_angle_l"]
