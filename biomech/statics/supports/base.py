"""What a support is: where the ground touches the body, and what the posture must then fulfil.

A support is one object in a file of its own. It has the ``word`` by which a stance asks for it, with the feet that
stand and the stance parameters that mean nothing without it. ``registry.register`` makes it known.
"""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from biomech.model.compiled import CompiledModel
from biomech.stance.choices import SupportWord
from biomech.statics.constraint_builder import ConstraintBuilder


class Support(ABC):
    """A way in which the body is borne; as it stands here, flat on the feet of its word.

    Attributes
    ----------
    word : SupportWord
        The word that asks for it, with what a stance must know of it.
    is_seated : bool
        Whether the search for the posture begins on a seat, behind the ankles.
    is_stepped : bool
        Whether the right foot stands ``step_height`` above the left and ``step_length`` ahead of it.
    is_striding : bool
        Whether the right foot stands ``step_length`` ahead of the left on the same floor.
    """

    word: ClassVar[SupportWord]
    is_seated: ClassVar[bool] = False
    is_stepped: ClassVar[bool] = False
    is_striding: ClassVar[bool] = False

    def contacts(self, compiled: CompiledModel) -> NDArray[np.bool_]:
        """Which contact points of a body, or of its half, may carry load: those of the soles that stand."""
        contact, feet = compiled.contact, self.word.feet
        stands = ~contact.seat
        if len(feet) == 1:
            stands = stands & (contact.segment == 1 + compiled.segments.index(f"calcn{feet[0]}"))
        return stands

    def frames(self, compiled: CompiledModel) -> NDArray[np.int64]:
        """The segment, of every contact point, whose y axis is the normal of what it touches; ground is 0."""
        return compiled.contact.frame

    def constrain(self, build: ConstraintBuilder) -> None:
        """Write down the conditions of the posture, but for the trunk's, which every support has.

        There must be as many conditions as coordinates that are found: five of every leg that stands, three of the
        pelvis and those of ``found``; in the half body five of the leg and two of the pelvis.
        """
        for foot in build.feet:
            build.stand(foot)
        build.put_weight()

    def found(self) -> list[str]:
        """Coordinates of the whole body that are found besides those of legs, trunk and the pelvis's place."""
        return ["pelvis_list"] if len(self.word.feet) == 2 else []
