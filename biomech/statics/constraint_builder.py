"""Conditions of a posture, written down one by one, and those that supports share.

A condition is a sum of terms that must come to a number of ``constraint_targets``; a term is a point, the direction of
a segment's axis or the centre of mass, measured along one of the directions there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech.errors import StanceError
from biomech.model.compiled import CompiledModel
from biomech.model.model import Model
from biomech.model.roles import SIDES
from biomech.statics.constraint_targets import (
    ACROSS,
    AHEAD,
    ASIDE,
    BALL_AHEAD,
    BALL_BESIDE,
    BESIDE,
    DROP_ASIDE,
    DROP_FORWARD,
    FORWARD,
    LESS_SHARE,
    NORMAL,
    NOTHING,
    ONE,
    RAISED,
    SIDE_LEAN,
    STEPPED,
    TRUNK_ASIDE,
    TRUNK_FORWARD,
    WEIGHT_ASIDE,
    WEIGHT_FORWARD,
)
from biomech.statics.ground import ball_points
from biomech.statics.posture_newton import CENTRE, DIRECTION, POINT, ConstraintTables

Array = NDArray[np.float64]
Vector = tuple[float, float, float]

#: deg: where another search for a posture begins, from the first coordinates: coordinates of the right leg or of both.
_DETOURS: list[dict[str, float]] = [{"subtalar_angle": 20.0}]


class ConstraintBuilder:
    """Collects conditions, one call each.

    Attributes
    ----------
    model, compiled
        The model, and its whole or half tables.
    feet : list of str
        Side suffixes of the feet that stand, ``_r`` and ``_l``; in the half body the right one stands for both.
    raised : tuple of str
        Those of them that stand on the ball, the heel off the floor.
    sole : float
        Height of the sole in the foot's frame, m.
    """

    def __init__(self, model: Model, compiled: CompiledModel, feet: list[str], raised: tuple[str, ...] = ()) -> None:
        self.model, self.compiled, self.feet, self.raised = model, compiled, feet, raised
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
        talus, left, side = f"talus{foot}", int(foot == "_l"), SIDES[foot]
        self.lay_flat(foot)
        self.constraint(f"stance_width at the {side} ankle", BESIDE + left)
        self.term(POINT, talus, (0.0, 0.0, 0.0), ASIDE)
        self.constraint(f"the {side} ankle is beside the other, or its step ahead", STEPPED + left)
        self.term(POINT, talus, (0.0, 0.0, 0.0), FORWARD)

    def lay_flat(self, foot: str) -> None:
        """A foot is flat on the floor and heads where it is asked to, wherever it is."""
        calcn, left, side = f"calcn{foot}", int(foot == "_l"), SIDES[foot]
        self.constraint(f"the {side} sole is level along the foot", NOTHING)
        self.term(DIRECTION, calcn, (0.0, 1.0, 0.0), AHEAD + left)
        self.constraint(f"the {side} sole is level across the foot", NOTHING)
        self.term(DIRECTION, calcn, (0.0, 1.0, 0.0), ACROSS + left)
        self.constraint(f"foot_rotation of the {side} foot", NOTHING)
        self.term(DIRECTION, calcn, (1.0, 0.0, 0.0), ACROSS + left)
        self.constraint(f"the {side} sole is on the floor", RAISED + left)
        self.term(POINT, calcn, (0.0, self.sole, 0.0), NORMAL)

    def raise_heel(self, foot: str) -> None:
        """A foot stands on both ends of its ball and heads where it is asked to, wherever it is; its pitch is found."""
        calcn, left, side = f"calcn{foot}", int(foot == "_l"), SIDES[foot]
        self.constraint(f"foot_rotation of the {side} foot", NOTHING)
        self.term(DIRECTION, calcn, (1.0, 0.0, 0.0), ACROSS + left)
        for end, place in zip(("inner", "outer"), self._ball(foot), strict=True):
            self.constraint(f"the {end} end of the {side} ball is on the floor", RAISED + left)
            self.term(POINT, calcn, place, NORMAL)

    def put_foot(self, foot: str) -> None:
        """A foot is ``step_length`` ahead of the other and ``stance_width`` beside it, or was before its heel rose.

        Both are measured between the points of the soles that are under the ankles, subtalar joints straight.
        """
        left, side = int(foot == "_l"), SIDES[foot]
        place, beside, ahead = self._under_ankle(foot), BESIDE + left, STEPPED + left
        if foot in self.raised:
            place, beside, ahead = self._middle_of_ball(foot), BALL_BESIDE + left, BALL_AHEAD + left
        self.constraint(f"stance_width at the {side} foot", beside)
        self.term(POINT, f"calcn{foot}", place, ASIDE)
        self.constraint(f"step_length at the {side} foot", ahead)
        self.term(POINT, f"calcn{foot}", place, FORWARD)

    def ball_offsets(self) -> Array:
        """m, (foot, 2): of feet on their ball its middle ahead and to the right of the ankle, else 0."""
        offsets = np.zeros((2, 2))
        for foot in self.raised:
            ball, ankle = self._middle_of_ball(foot), self._under_ankle(foot)
            offsets[int(foot == "_l")] = ball[0] - ankle[0], ball[2] - ankle[2]
        return offsets

    def _ball(self, foot: str) -> list[Vector]:
        """The inner and the outer end of a ball, in the foot's frame."""
        points = ball_points(self.compiled.contact, self._segment(foot))
        if len(points) != 2:
            raise StanceError(
                f"model {self.model.name!r}: a foot can stand on its ball on two contact_points of the sole between "
                f"its middle and its toe tip; calcn{foot} has {len(points)}"
            )
        places = [(float(x), float(y), float(z)) for x, y, z in self.compiled.contact.local[points]]
        return sorted(places, key=lambda place: place[2], reverse=foot == "_l")

    def _middle_of_ball(self, foot: str) -> Vector:
        inner, outer = self._ball(foot)
        return 0.5 * (inner[0] + outer[0]), 0.5 * (inner[1] + outer[1]), 0.5 * (inner[2] + outer[2])

    def _under_ankle(self, foot: str) -> Vector:
        """The point of a sole under its ankle while the subtalar joint is straight, in the foot's frame."""
        joints = self.model.tables_by_role["joints"]
        offset = joints.numbers("x", "y", "z")[joints.text("child").index(f"calcn{foot}")]
        return -float(offset[0]), self.sole, -float(offset[2])

    def _segment(self, foot: str) -> int:
        return 1 + self.compiled.segments.index(f"calcn{foot}")

    def put_weight(self) -> None:
        """The weight acts between the asked points of the soles that stand, in the proportion that each foot bears.

        The points lie ``weight_shift`` of the sole from each heel line, and in the middle of a ball that bears alone.
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
                place = self._middle_of_ball(foot) if foot in self.raised else (0.0, self.sole, 0.0)
                self.term(POINT, f"calcn{foot}", place, direction, LESS_SHARE + int(foot == "_l"))

    def hold_trunk(self) -> None:
        """The trunk leans as asked, neither bent nor twisted; it heads where the pelvis does."""
        self.constraint("trunk_lean", NOTHING)
        self.term(DIRECTION, "torso", (0.0, 1.0, 0.0), TRUNK_FORWARD)
        self.constraint("trunk_side_lean", SIDE_LEAN)
        self.term(DIRECTION, "torso", (0.0, 1.0, 0.0), TRUNK_ASIDE)
        self.constraint("the trunk does not turn", NOTHING)
        self.term(DIRECTION, "torso", (1.0, 0.0, 0.0), TRUNK_ASIDE)

    def tables(self, unknown: list[str], limits: tuple[Array, Array], *, seated: bool) -> ConstraintTables:
        """What the kernels take, with the coordinates that are found, and least and most of every coordinate."""
        kind, segment, local, owner = zip(*self.terms, strict=True)
        coordinates, segments = self.compiled.coordinates, self.compiled.segments
        flat = [foot for foot in self.feet if foot not in self.raised]
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
            np.array([[self._segment(f) for f in (foot, flat[0])] for foot in self.raised], dtype=np.int64).reshape(
                -1, 2
            ),
            seated,
            *limits,
            np.array([[_turn(turns, c) for c in unknown] for turns in _DETOURS]),
        )


def _turn(turns: dict[str, float], coordinate: str) -> float:
    """rad, of a coordinate in a detour."""
    return np.radians(turns.get(coordinate, turns.get(coordinate[:-2], 0.0)))
