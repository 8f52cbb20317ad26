"""Conditions of a posture, written down one by one, and those that supports share.

A condition is a sum of terms that must come to a number of ``constraint_targets``; a term is a point, the direction of
a segment's axis or the centre of mass, measured along one of the directions there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech.model.compiled import CompiledModel
from biomech.model.model import Model
from biomech.statics.constraint_targets import (
    ACROSS,
    AHEAD,
    ASIDE,
    BESIDE,
    DROP_ASIDE,
    DROP_FORWARD,
    FORWARD,
    LESS_SHARE,
    NORMAL,
    NOTHING,
    ONE,
    RAISED,
    STEPPED,
    TRUNK_ASIDE,
    TRUNK_FORWARD,
    WEIGHT_ASIDE,
    WEIGHT_FORWARD,
)
from biomech.statics.posture_newton import CENTRE, DIRECTION, POINT, ConstraintTables

Array = NDArray[np.float64]
Vector = tuple[float, float, float]

#: deg: where another search for a posture begins, from the first coordinates: coordinates of the right leg or of both.
_DETOURS: list[dict[str, float]] = [{"subtalar_angle": 20.0}]
_SIDE = {"_r": "right", "_l": "left"}


class ConstraintBuilder:
    """Collects conditions, one call each.

    Attributes
    ----------
    model, compiled
        The model, and its whole or half tables.
    feet : list of str
        Side suffixes of the feet that stand, ``_r`` and ``_l``; in the half body the right one stands for both.
    sole : float
        Height of the sole in the foot's frame, m.
    """

    def __init__(self, model: Model, compiled: CompiledModel, feet: list[str]) -> None:
        self.model, self.compiled, self.feet = model, compiled, feet
        self.sole = model.tables["settings"].value("sole_height")
        self.terms: list[tuple[int, int, Vector, int]] = []
        self.vectors: list[tuple[int, int]] = []
        self.labels: list[str] = []
        self.targets: list[int] = []

    def constraint(self, label: str, target: int) -> None:
        """A condition whose terms, which follow, add up to a number of ``constraint_targets``."""
        self.labels.append(label)
        self.targets.append(target)

    def term(self, kind: int, segment: str, local: Vector, direction: int, factor: int = ONE) -> None:
        """A term along a direction of ``constraint_targets``, times a number of it."""
        place = 0 if kind == CENTRE else 1 + self.compiled.segments.index(segment)
        self.terms.append((kind, place, local, len(self.labels) - 1))
        self.vectors.append((direction, factor))

    def stand(self, foot: str) -> None:
        """A foot is flat on the floor where it is asked to be."""
        calcn, talus, left, side = f"calcn{foot}", f"talus{foot}", int(foot == "_l"), _SIDE[foot]
        self.constraint(f"the {side} sole is level along the foot", NOTHING)
        self.term(DIRECTION, calcn, (0.0, 1.0, 0.0), AHEAD + left)
        self.constraint(f"the {side} sole is level across the foot", NOTHING)
        self.term(DIRECTION, calcn, (0.0, 1.0, 0.0), ACROSS + left)
        self.constraint(f"foot_rotation of the {side} foot", NOTHING)
        self.term(DIRECTION, calcn, (1.0, 0.0, 0.0), ACROSS + left)
        self.constraint(f"the {side} sole is on the floor", RAISED + left)
        self.term(POINT, calcn, (0.0, self.sole, 0.0), NORMAL)
        self.constraint(f"stance_width at the {side} ankle", BESIDE + left)
        self.term(POINT, talus, (0.0, 0.0, 0.0), ASIDE)
        self.constraint(f"the {side} ankle is beside the other, or its step ahead", STEPPED + left)
        self.term(POINT, talus, (0.0, 0.0, 0.0), FORWARD)

    def put_weight(self) -> None:
        """The weight acts between the asked points of the soles that stand, in the proportion that each foot bears.

        The points lie ``weight_shift`` of the sole from each heel line.
        """
        for label, direction, target in (
            ("weight_shift", DROP_FORWARD, WEIGHT_FORWARD),
            ("the weight is balanced sideways", DROP_ASIDE, WEIGHT_ASIDE),
        ):
            if self.compiled.half and direction == DROP_ASIDE:
                continue  # the whole body's centre lies in the sagittal plane
            self.constraint(label, target)
            self.term(CENTRE, "", (0.0, 0.0, 0.0), direction)
            for foot in self.feet:
                self.term(POINT, f"calcn{foot}", (0.0, self.sole, 0.0), direction, LESS_SHARE + int(foot == "_l"))

    def hold_trunk(self) -> None:
        """The trunk leans as asked, neither bent nor twisted; it heads where the pelvis does."""
        self.constraint("trunk_lean", NOTHING)
        self.term(DIRECTION, "torso", (0.0, 1.0, 0.0), TRUNK_FORWARD)
        self.constraint("the trunk does not lean sideways", NOTHING)
        self.term(DIRECTION, "torso", (0.0, 1.0, 0.0), TRUNK_ASIDE)
        self.constraint("the trunk does not turn", NOTHING)
        self.term(DIRECTION, "torso", (1.0, 0.0, 0.0), TRUNK_ASIDE)

    def tables(self, unknown: list[str], limits: tuple[Array, Array], *, seated: bool) -> ConstraintTables:
        """What the kernels take, with the coordinates that are found, and least and most of every coordinate."""
        kind, segment, local, owner = zip(*self.terms, strict=True)
        coordinates, segments = self.compiled.coordinates, self.compiled.segments
        return ConstraintTables(
            np.array([coordinates.index(c) for c in unknown]),
            np.array(kind),
            np.array(segment),
            np.array(local, dtype=np.float64),
            np.array(owner),
            np.array(
                [
                    [1 + segments.index(s + foot) for s in ("femur", "talus")]
                    + [coordinates.index(c + foot) for c in ("ankle_angle", "subtalar_angle")]
                    for foot in self.feet
                ]
            ),
            np.array([1.0 if foot == "_r" else -1.0 for foot in self.feet]),
            seated,
            *limits,
            np.array([[_turn(turns, c) for c in unknown] for turns in _DETOURS]),
        )


def _turn(turns: dict[str, float], coordinate: str) -> float:
    """rad, of a coordinate in a detour."""
    return np.radians(turns.get(coordinate, turns.get(coordinate[:-2], 0.0)))
