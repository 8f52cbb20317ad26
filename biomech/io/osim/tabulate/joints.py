"""Joints of a model file as rows of tables: frames, transform rows, functions, couplers, defaults."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from biomech.errors import ModelError
from biomech.io.osim.description import (
    IDENTITY,
    ORIGIN,
    Constant,
    Coordinate,
    EllipsoidPoint,
    Function,
    GCVSpline,
    Joint,
    Linear,
    Matrix,
    Multiplier,
    OsimModel,
    PiecewiseConstant,
    PiecewiseLinear,
    Polynomial,
    SimmSpline,
    Sine,
    Step,
    TransformRow,
    Vector,
)
from biomech.model.mechanics.rotations import angles_xyz

#: Splines of a higher degree are not computed; OpenSim's own have none.
_MOST_HALF_ORDER = 4

Row = dict[str, str | float]

#: Ends of ranges that files leave open: deg and m.
_MOST = {"rotation": 360.0, "translation": 1000.0}


@dataclass(frozen=True)
class _Wave:
    """The sine of a sum of angles, each times a rate."""

    amplitude: float
    rates: tuple[float, ...]
    phase: float


class FunctionRows:
    """Rows of the table ``functions``, as functions are named one after another."""

    def __init__(self, source: str) -> None:
        self.rows: list[Row] = []
        self._source = source

    def add(self, name: str, function: Function | _Wave, scale: float, where: str) -> str:
        """Put down ``scale`` times a function; ``where`` says what it is of, should it not be computed."""
        kind, pairs = _entries(function, scale, where)
        self.rows += [
            {"entry": f"{name}.{i}", "function": name, "kind": kind, "x": x, "y": y + 0.0, "source": self._source}
            for i, (x, y) in enumerate(pairs)
        ]
        return name


def is_of_one(function: Function) -> bool:
    """Whether a function is of a kind that is computed, and of one argument or none."""
    if isinstance(function, Multiplier):
        return is_of_one(function.function)
    if isinstance(function, Linear):
        return len(function.slopes) == 1
    return isinstance(function, Constant | Polynomial | Sine | SimmSpline | PiecewiseLinear)


def _entries(function: Function | _Wave, scale: float, where: str) -> tuple[str, list[tuple[float, float]]]:
    """Kind and rows (x, y) of a function times ``scale``; see ``biomech.model.mechanics.functions``."""
    match function:
        case Multiplier(inner, factor):
            return _entries(inner, scale * factor, where)
        case Constant(value):
            return "constant", [(0.0, scale * value)]
        case Linear(slopes, intercept):
            return "linear", [(float(i), scale * own) for i, own in enumerate((intercept, *slopes))]
        case Polynomial(coefficients):
            return "polynomial", [(float(i), scale * own) for i, own in enumerate(reversed(coefficients))]
        case Sine(amplitude, omega, phase, offset):
            return "sine", [(-2.0, phase), (-1.0, scale * amplitude), (0.0, scale * offset), (1.0, omega)]
        case _Wave(amplitude, rates, phase):
            waves = [(float(i), own) for i, own in enumerate(rates, start=1)]
            return "sine", [(-2.0, phase), (-1.0, scale * amplitude), (0.0, 0.0), *waves]
        case SimmSpline(x, y):
            return "spline", [(a, scale * b) for a, b in zip(x, y, strict=True)]
        case PiecewiseLinear(x, y):
            return "piecewise_linear", [(a, scale * b) for a, b in zip(x, y, strict=True)]
        case PiecewiseConstant(x, y):
            return "piecewise_constant", [(a, scale * b) for a, b in zip(x, y, strict=True)]
        case Step(start, end, first, last):
            return "step", [(start, scale * first), (end, scale * last)]
        case GCVSpline(half, error, x, y) if error == 0.0 and half <= _MOST_HALF_ORDER:
            return f"natural_spline_{2 * half - 1}", [(a, scale * b) for a, b in zip(x, y, strict=True)]
        case GCVSpline(half, error):
            raise ModelError(
                f"{where}: a GCVSpline of half_order {half} and error_variance {error:g} is not computed: half_order "
                f"must be at most {_MOST_HALF_ORDER} and error_variance 0"
            )
    kind = getattr(function, "kind", type(function).__name__)
    raise ModelError(f"{where}: a function of class {kind} is not computed")


def angles_of(rotation: Matrix) -> tuple[float, float, float]:
    """Body-fixed x, y, z angles of a rotation, deg."""
    return angles_xyz(np.array(rotation))


def ends_of(joint: Joint) -> tuple[str, str]:
    """The body nearer to ground and the one that the joint carries."""
    return (joint.child.body, joint.parent.body) if joint.reversed else (joint.parent.body, joint.child.body)


def joint_rows(joint: Joint, source: str) -> Row:
    """A row of ``joints``: where the joint's frame is in the parent."""
    inner = joint.child if joint.reversed else joint.parent
    parent, child = ends_of(joint)
    place = dict(zip("xyz", (own + 0.0 for own in inner.translation), strict=True))
    return {"joint": joint.name, "parent": parent, "child": child, **place, "torsion": 0.0, "source": source}


def frame_rows(joint: Joint, source: str) -> Iterator[Row]:
    """A row of ``joint_frames``, if the joint has frames other than its parent's and its child's own."""
    inner, outer = (joint.child, joint.parent) if joint.reversed else (joint.parent, joint.child)
    if (inner.rotation, outer.translation, outer.rotation) == (IDENTITY, ORIGIN, IDENTITY):
        return
    turned = dict(zip(("parent_rx", "parent_ry", "parent_rz"), angles_of(inner.rotation), strict=True))
    placed = dict(zip(("child_x", "child_y", "child_z"), (own + 0.0 for own in outer.translation), strict=True))
    held = dict(zip(("child_rx", "child_ry", "child_rz"), angles_of(outer.rotation), strict=True))
    yield {"joint": joint.name, **turned, **placed, **held, "source": source}


def transform_rows(joint: Joint, functions: FunctionRows, source: str) -> Iterator[Row]:
    """Rows of ``transform_rows``: each moves the frame that those before have made.

    Translations come first, for they go along axes of the parent's frame. Of a reversed joint it is the way back:
    turns the other way round and in the other order, then translations back, along axes that were turned.
    """
    sign = -1.0 if joint.reversed else 1.0
    turns = [("rotation", row) for row in joint.rotations]
    moves = [("translation", row) for row in joint.translations]
    beyond = [("rotation" if turns_on else "translation", row) for turns_on, row in joint.beyond]
    count = 0
    for motion, row in [*reversed(beyond), *reversed(turns), *moves] if joint.reversed else [*moves, *turns, *beyond]:
        for function, coordinates in _summands(row):
            if _is_zero(function):
                continue
            name = f"{joint.name}.{count}"
            yield {
                "row": name,
                "joint": joint.name,
                "motion": motion,
                **_axis(row.axis),
                "function": functions.add(name, function, sign, f"joint {joint.name!r}, {motion} about {row.axis}"),
                "coordinates": ";".join(coordinates),
                "source": source,
            }
            count += 1
    if count == 0 and joint.coordinates:  # its coordinates move nothing
        yield still_row(joint, functions, source)


def still_row(joint: Joint, functions: FunctionRows, source: str) -> Row:
    """A row of ``transform_rows`` that moves nothing."""
    still = functions.add(f"{joint.name}.0", Constant(0.0), 1.0, "")
    own: Row = {"row": f"{joint.name}.0", "joint": joint.name, "motion": "rotation", **_axis((0.0, 0.0, 1.0))}
    return {**own, "function": still, "coordinates": "", "source": source}


def _axis(axis: Vector) -> dict[str, float]:
    return {f"axis_{name}": own + 0.0 for name, own in zip("xyz", axis, strict=True)}


def _summands(row: TransformRow) -> Iterator[tuple[Function | _Wave, tuple[str, ...]]]:
    """What a row is the sum of, each of the coordinates on which it depends.

    Products of sine and cosine, of ellipsoids, are sums: 2 sin a cos b = sin(a + b) + sin(a - b).
    """
    function, names = row.function, row.coordinates
    if isinstance(function, EllipsoidPoint):
        yield from ((own, names) for own in _ellipsoid(function))
    else:
        yield function, _arguments(function, names)


def _arguments(function: Function, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the coordinates that a function depends on: all, one or none."""
    if _is_constant(function):
        return ()
    return names if _is_linear(function) else names[:1]


def _ellipsoid(point: EllipsoidPoint) -> Iterator[_Wave]:
    half, quarter = 0.5 * point.radius, 0.5 * math.pi
    if point.axis == 0:
        yield _Wave(point.radius, (0.0, 1.0), 0.0)
    else:
        amplitude, phase = (-half, 0.0) if point.axis == 1 else (half, quarter)
        yield _Wave(amplitude, (1.0, 1.0), phase)
        yield _Wave(amplitude, (1.0, -1.0), phase)


def ellipsoid_entries(point: EllipsoidPoint) -> list[tuple[str, list[tuple[float, float]]]]:
    """Kind and rows (x, y) of each function whose sum is a component of a point of an ellipsoid."""
    return [_entries(own, 1.0, "") for own in _ellipsoid(point)]


def _is_zero(function: Function | _Wave) -> bool:
    return _is_constant(function) and _entries(function, 1.0, "")[1][0][1] == 0.0


def _is_constant(function: Function | _Wave) -> bool:
    return not isinstance(function, _Wave) and isinstance(_unfolded(function)[0], Constant)


def _is_linear(function: Function) -> bool:
    return isinstance(_unfolded(function)[0], Linear)


def coordinate_row(joint: Joint, coordinate: Coordinate, dependent: set[str], source: str) -> Row:
    """A row of ``coordinates``; ``dependent`` are those that follow others."""
    motion, axis = _motion(joint, coordinate)
    unit = 180.0 / math.pi if motion == "rotation" else 1.0
    least, most = (max(-_MOST[motion], min(_MOST[motion], own * unit)) + 0.0 for own in coordinate.range)
    still = coordinate.locked or coordinate.prescribed or coordinate.name in dependent
    return {
        "coordinate": coordinate.name,
        "joint": joint.name,
        "motion": motion,
        **_axis(axis),
        **{f"{kind}_{end}": own for kind in ("range", "trusted") for end, own in (("min", least), ("max", most))},
        "stance": "locked" if still else "free",
        "source": source,
    }


def _motion(joint: Joint, coordinate: Coordinate) -> tuple[str, Vector]:
    """Whether a coordinate is an angle, and the axis of the first row that it moves; of one that moves none, z.

    What moves several rows, in a way of its own, is an angle if it turns anything.
    """
    sign = -1.0 if joint.reversed else 1.0
    beyond = tuple(row for turns, row in joint.beyond if turns)
    for motion, rows in (("rotation", (*joint.rotations, *beyond)), ("translation", joint.translations)):
        if (coordinate.motion, motion) in (("rotational", "translation"), ("translational", "rotation")):
            continue
        for row in rows:
            if coordinate.name in row.coordinates and not _is_constant(row.function):
                way = sign * _way(row, coordinate.name)
                return motion, (way * row.axis[0], way * row.axis[1], way * row.axis[2])
    return "translation" if coordinate.motion == "translational" else "rotation", (0.0, 0.0, 1.0)


def _way(row: TransformRow, name: str) -> float:
    """-1 where a coordinate turns its row the other way round."""
    function, scale = _unfolded(row.function)
    if isinstance(function, Linear) and name in row.coordinates:
        scale *= function.slopes[row.coordinates.index(name)]
    return -1.0 if scale < 0.0 else 1.0


def _unfolded(function: Function) -> tuple[Function, float]:
    """A function that is no multiplier, and by how much it is multiplied."""
    if isinstance(function, Multiplier):
        inner, scale = _unfolded(function.function)
        return inner, scale * function.scale
    return function, 1.0


def default_row(coordinate: Coordinate, motion: str, source: str) -> Row:
    """A row of ``defaults``."""
    unit = 180.0 / math.pi if motion == "rotation" else 1.0
    given = coordinate.prescribed_function if coordinate.prescribed else None
    value = given.value if isinstance(given, Constant) else coordinate.default
    return {
        "coordinate": coordinate.name,
        "value": value * unit + 0.0,
        "locked": float(coordinate.locked),
        "clamped": float(coordinate.clamped),
        "prescribed": float(coordinate.prescribed),
        "source": source,
    }


def coupler_rows(model: OsimModel, functions: FunctionRows, source: str) -> Iterator[Row]:
    """Rows of ``couplers`` of what is enforced."""
    for place, own in enumerate(model.couplers):
        if not own.enforced:
            continue
        name = own.name or f"coupler_{place}"
        function = functions.add(f"coupler {name}", own.function, 1.0, f"coupler {name!r}")
        yield {
            "coupler": name,
            "dependent": own.dependent,
            "independents": ";".join(_arguments(own.function, own.independents)),
            "function": function,
            "scale": own.scale,
            "source": source,
        }
