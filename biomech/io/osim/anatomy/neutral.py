"""A described body at its neutral pose, every coordinate zero: where bodies are, and which way coordinates move them.

It is what anatomy is told by: which leg is on the right, which turn is flexion. It stands for any file: what is of a
class that is not computed counts as zero, and splines of other kinds as straight between their knots.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech.io.osim.description import (
    GROUND,
    ConditionalPathPoint,
    Constant,
    EllipsoidPoint,
    Function,
    GCVSpline,
    Joint,
    Linear,
    Multiplier,
    OsimModel,
    PathPoint,
    PiecewiseConstant,
    PiecewiseLinear,
    Placement,
    Polynomial,
    SimmSpline,
    Sine,
    Step,
    TransformRow,
)
from biomech.model.mechanics.splines import spline_values

Array = NDArray[np.float64]

#: rad or m, over which a motion is differenced.
_STEP = 1e-4


@dataclass(frozen=True)
class NeutralPose:
    """Of every body its ``rotation`` (3, 3) and ``origin`` (3,) in ground; of every coordinate how it moves its joint.

    ``centre`` (3,): where the joint that carries a body has its frame in it, which is its origin unless that is offset.
    ``turns`` and ``slides``: angular velocity (rad/s) and velocity (m/s) in ground of what the joint carries, at its
    centre, where the coordinate runs at 1 (rad or m a second).
    """

    rotation: Mapping[str, Array]
    origin: Mapping[str, Array]
    centre: Mapping[str, Array]
    turns: Mapping[str, Array]
    slides: Mapping[str, Array]

    def place(self, body: str, point: object) -> Array:
        """A point of a body, in ground."""
        return self.origin[body] + self.rotation[body] @ np.asarray(point, dtype=np.float64)


def neutral_pose(description: OsimModel) -> NeutralPose:
    """The body with every coordinate zero, those that follow others as they do there.

    Parameters
    ----------
    description : OsimModel
        What a file says.
    """
    values = _dependent_values(description)
    rotation, origin = {GROUND: np.eye(3)}, {GROUND: np.zeros(3)}
    centre: dict[str, Array] = {}
    turns: dict[str, Array] = {}
    slides: dict[str, Array] = {}
    for place in description.tree:
        joint = description.joints[place]
        inner, outer = (joint.child, joint.parent) if joint.reversed else (joint.parent, joint.child)
        base, at = rotation[inner.body], origin[inner.body]
        here = values.get
        turn, shift = _carried(joint, inner, outer, {own.name: here(own.name, 0.0) for own in joint.coordinates})
        rotation[outer.body], origin[outer.body] = base @ turn, at + base @ shift
        centre[outer.body] = origin[outer.body] + rotation[outer.body] @ np.array(outer.translation)
        for own in joint.coordinates:
            near = {other.name: here(other.name, 0.0) for other in joint.coordinates}
            near[own.name] += _STEP
            moved, other_shift = _carried(joint, inner, outer, near)
            spin = moved @ turn.T
            axis = np.array([spin[2, 1] - spin[1, 2], spin[0, 2] - spin[2, 0], spin[1, 0] - spin[0, 1]]) / 2.0
            turns[own.name] = base @ axis / _STEP
            slides[own.name] = base @ (other_shift - shift) / _STEP
    return NeutralPose(rotation, origin, centre, turns, slides)


def _dependent_values(description: OsimModel) -> dict[str, float]:
    """Coordinates that follow others, where those are zero."""
    found = {}
    for own in description.couplers:
        if own.enforced:
            found[own.dependent] = own.scale * _value(own.function, (0.0,) * max(1, len(own.independents)))
    return found


def _carried(
    joint: Joint, inner: Placement, outer: Placement, q: Mapping[str, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotation and origin of the outer body in the inner one."""
    turn, shift = np.eye(3), np.zeros(3)
    for row in joint.rotations:
        turn = turn @ _about(row, q)
    for row in joint.translations:
        shift = shift + np.array(row.axis) * _value(row.function, tuple(q.get(name, 0.0) for name in row.coordinates))
    for turns, row in joint.beyond:
        if turns:
            turn = turn @ _about(row, q)
        else:
            shift = shift + turn @ np.array(row.axis) * _value(row.function, ())
    if joint.reversed:
        turn, shift = turn.T, -turn.T @ shift
    start, end = np.array(inner.rotation), np.array(outer.rotation)
    whole = start @ turn @ end.T
    return whole, np.array(inner.translation) + start @ shift - whole @ np.array(outer.translation)


def _about(row: TransformRow, q: Mapping[str, float]) -> Array:
    """A turn about an axis (Rodrigues' formula)."""
    x, y, z = row.axis
    angle = _value(row.function, tuple(q.get(name, 0.0) for name in row.coordinates))
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross)


def _value(function: Function, at: tuple[float, ...]) -> float:
    """The value of a function; 0 where its class is not known."""
    x = at[0] if at else 0.0
    match function:
        case Constant(value):
            return value
        case Linear(slopes, intercept):
            return intercept + sum(slope * own for slope, own in zip(slopes, at, strict=False))
        case Polynomial(coefficients):
            return float(np.polyval(np.array(coefficients), x))
        case SimmSpline(knots, values) if len(knots) > 1 and min(np.diff(knots)) > 0.0:
            return float(spline_values(np.array(knots), np.array(values), np.array([x]))[0])
        case SimmSpline(knots, values) | PiecewiseLinear(knots, values) | PiecewiseConstant(knots, values):
            return _straight(x, knots, values)
        case GCVSpline(_, _, knots, values, _):
            return _straight(x, knots, values)
        case Sine(amplitude, omega, phase, offset):
            return amplitude * math.sin(omega * x + phase) + offset
        case Step(start, end, first, last):
            t = min(max((x - start) / (end - start), 0.0), 1.0)
            return first + (last - first) * t**3 * (10.0 + t * (6.0 * t - 15.0))
        case EllipsoidPoint(axis, radius) if len(at) > 1:
            a, b = at[0], at[1]
            return radius * (math.sin(b), -math.sin(a) * math.cos(b), math.cos(a) * math.cos(b))[axis]
        case Multiplier(inner, scale):
            return scale * _value(inner, at)
    return 0.0


def _straight(x: float, knots: tuple[float, ...], values: tuple[float, ...]) -> float:
    """Straight between knots, and on beyond the last two."""
    if len(knots) < 2:
        return values[0] if values else 0.0
    i = min(max(int(np.searchsorted(knots, x, side="right")) - 1, 0), len(knots) - 2)
    step = knots[i + 1] - knots[i]
    return values[i] + (values[i + 1] - values[i]) * (x - knots[i]) / step if step else values[i]


def fixed_points(description: OsimModel, pose: NeutralPose) -> dict[str, list[tuple[str, Array]]]:
    """Of every muscle its points in order, each with its body and place in ground; moving ones stand at zero."""
    found: dict[str, list[tuple[str, Array]]] = {}
    for muscle in description.muscles:
        own: list[tuple[str, Array]] = []
        for point in muscle.path.points:
            if isinstance(point, PathPoint | ConditionalPathPoint):
                own.append((point.body, pose.place(point.body, point.location)))
            else:
                local = np.array([_value(each, (0.0,)) for each in point.functions])
                frame = point.frame
                local = np.array(frame.translation) + np.array(frame.rotation) @ local
                own.append((frame.body, pose.place(frame.body, local)))
        found[muscle.name] = own
    return found
