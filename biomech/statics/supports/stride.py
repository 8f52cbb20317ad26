"""In double support of walking: one foot flat and ahead, the other on its ball."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech.model.compiled import CompiledModel
from biomech.stance.choices import SUPPORTS
from biomech.statics.constraint_builder import ConstraintBuilder
from biomech.statics.ground import ball_points
from biomech.statics.supports.base import Support


class Stride(Support):
    """The right foot is flat and ahead, the left one stands on its ball, its heel raised; both share the weight.

    Both knees and the list of the pelvis are given. The left foot turns about the line through both ends of its ball,
    until its leg fits between hip and floor; there the floor bears it, and its toes, which are locked, bear nothing.
    """

    word = SUPPORTS.word("stride")
    is_striding = True

    def contacts(self, compiled: CompiledModel) -> NDArray[np.bool_]:
        """The whole of a flat sole, of a raised one the ball."""
        stands = super().contacts(compiled)
        for foot in self._raised(compiled):
            stands[compiled.contact.segment == foot] = False
            stands[ball_points(compiled.contact, foot)] = True
        return stands

    def frames(self, compiled: CompiledModel) -> NDArray[np.int64]:
        """A raised sole touches the floor that the flat one lies on."""
        frame = compiled.contact.frame.copy()
        (flat,) = (1 + compiled.segments.index(f"calcn{f}") for f in self.word.feet if f not in self.word.raised)
        frame[np.isin(compiled.contact.segment, self._raised(compiled)) & ~compiled.contact.seat] = flat
        return frame

    def constrain(self, build: ConstraintBuilder) -> None:
        """Six conditions of the flat foot, five of the one whose pitch is found, two of the weight."""
        for foot in build.feet:
            if foot in build.raised:
                build.raise_heel(foot)
            else:
                build.lay_flat(foot)
            build.put_foot(foot)
        build.put_weight()

    def found(self) -> list[str]:
        """None: the pelvis lists as it is asked to."""
        return []

    def _raised(self, compiled: CompiledModel) -> list[int]:
        """Segments of the feet on their ball."""
        return [1 + compiled.segments.index(f"calcn{foot}") for foot in self.word.raised]
