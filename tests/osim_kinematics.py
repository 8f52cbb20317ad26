"""Where bodies and path points of a described model are: plain NumPy, one pose at a time, as an oracle of the reading.

It knows a description's words and nothing of the library's own kinematics. Rows of joints are turned by Rodrigues'
formula, functions evaluated with SciPy's splines. Paths are straight from point to point: no wraps.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from biomech.io.osim import description as osim

Array = NDArray[np.float64]
Frames = dict[str, tuple[Array, Array]]


def evaluate(function: osim.Function, arguments: list[float]) -> float:
    x = arguments[0] if arguments else 0.0
    match function:
        case osim.Constant(value):
            return value
        case osim.Linear(slopes, intercept):
            return float(np.dot(slopes[: len(arguments)], arguments)) + intercept
        case osim.Polynomial(coefficients):
            return float(np.polyval(coefficients, x))
        case osim.SimmSpline(knots, values):
            return simm_spline(np.array(knots), np.array(values), x)
        case osim.PiecewiseLinear(knots, values):
            piece = min(max(int(np.searchsorted(knots, x)) - 1, 0), len(knots) - 2)
            slope = (values[piece + 1] - values[piece]) / (knots[piece + 1] - knots[piece])
            return values[piece] + slope * (x - knots[piece])
        case osim.Sine(amplitude, omega, phase, offset):
            return amplitude * float(np.sin(omega * x + phase)) + offset
        case osim.Multiplier(inner, scale):
            return scale * evaluate(inner, arguments)
        case osim.EllipsoidPoint(axis, radius):
            a, b = arguments
            return radius * (np.sin(b), -np.sin(a) * np.cos(b), np.cos(a) * np.cos(b))[axis]
    raise NotImplementedError(function)


def simm_spline(knots: Array, values: Array, x: float) -> float:
    if len(knots) == 2:
        return float(values[0] + (values[1] - values[0]) * (x - knots[0]) / (knots[1] - knots[0]))
    first, last = ((3, third_derivative(knots[ends], values[ends])) for ends in (slice(4), slice(-4, None)))
    spline = make_interp_spline(knots, values, k=3, bc_type=([first], [last]))
    inside = min(max(x, knots[0]), knots[-1])
    return float(spline(inside) + (x - inside) * spline(inside, 1))


def third_derivative(knots: Array, values: Array) -> float:
    """Of the cubic through four knots; of the parabola through three."""
    return 0.0 if len(knots) < 4 else 6.0 * float(np.polyfit(knots - knots.mean(), values, 3)[0])


def turn(axis: osim.Vector, angle: float) -> Array:
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def row_value(row: osim.TransformRow, q: Mapping[str, float]) -> float:
    return evaluate(row.function, [q[name] for name in row.coordinates])


def joint_transform(joint: osim.Joint, q: Mapping[str, float]) -> tuple[Array, Array]:
    rotation = np.eye(3)
    for row in joint.rotations:
        rotation = rotation @ turn(row.axis, row_value(row, q))
    translation = sum((row_value(row, q) * np.array(row.axis) for row in joint.translations), np.zeros(3))
    return rotation, translation


def body_frames(model: osim.OsimModel, q: Mapping[str, float]) -> Frames:
    """Rotation and origin in ground of every body."""
    frames: Frames = {osim.GROUND: (np.eye(3), np.zeros(3))}
    for place in model.tree:
        joint = model.joints[place]
        R, p = joint_transform(joint, q)
        inner, outer = joint.parent, joint.child
        if joint.reversed:
            R, p, inner, outer = R.T, -R.T @ p, joint.child, joint.parent
        R0, p0 = frames[inner.body]
        R1, p1 = R0 @ np.array(inner.rotation), p0 + R0 @ inner.translation
        R2, p2 = R1 @ R, p1 + R1 @ p
        R3 = R2 @ np.array(outer.rotation).T
        frames[outer.body] = R3, p2 - R3 @ outer.translation
    return frames


def path_length(
    path: osim.Path, q: Mapping[str, float], frames: Frames, ranges: Mapping[str, tuple[float, float]] | None = None
) -> float:
    """Straight from point to point; one that moves stays beyond the range of its coordinate."""
    points = []
    for point in path.points:
        match point:
            case osim.PathPoint(body, location):
                pass
            case osim.ConditionalPathPoint(body, location, coordinate, (low, high)):
                if not low <= q[coordinate] <= high:
                    continue
            case osim.MovingPathPoint(frame, coordinates, functions):
                at = [[np.clip(q[c], *(ranges or {}).get(c, (-np.inf, np.inf)))] if c else [] for c in coordinates]
                along = [evaluate(f, own) for f, own in zip(functions, at, strict=True)]
                body, location = frame.body, np.array(frame.translation) + np.array(frame.rotation) @ along
        R, p = frames[body]
        points.append(p + R @ location)
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
