"""Muscles of a model file and their paths as rows of tables: points, points that move, what they wrap over."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping

from biomech.io.osim.description import (
    ConditionalPathPoint,
    Constant,
    Function,
    MovingPathPoint,
    Multiplier,
    Muscle,
    OsimModel,
    Path,
    PathPoint,
    Placement,
    Vector,
    WrapCylinder,
    WrapObject,
    WrapSphere,
)
from biomech.io.osim.tabulate.joints import FunctionRows, Row, angles_of

#: Angles (rad) and ways (m) beyond which no coordinate goes: ends of ranges further out are none.
_MOST = 20.0


def muscle_row(muscle: Muscle, groups: tuple[str, ...], source: str) -> Row:
    """A row of ``muscles``; one that the file switches off pulls with nothing."""
    return {
        "muscle": muscle.name,
        "max_isometric_force": muscle.max_isometric_force if muscle.active else 0.0,
        "optimal_fibre_length": muscle.optimal_fiber_length,
        "tendon_slack_length": muscle.tendon_slack_length,
        "pennation": math.degrees(muscle.pennation_angle),
        "leverage": 1.0,
        "groups": ";".join(groups),
        "source": source if muscle.active else f"{source}, switched off there",
    }


def groups_of(model: OsimModel) -> dict[str, tuple[str, ...]]:
    """The groups of each muscle, as the file has them."""
    found: dict[str, list[str]] = {}
    for name, members in model.groups:
        label = name.replace(";", ",").strip()
        for member in dict.fromkeys(members):
            if label and label not in found.setdefault(member, []):
                found[member].append(label)
    return {member: tuple(own) for member, own in found.items()}


def point_rows(owner: str, path: Path, functions: FunctionRows, source: str) -> Iterator[tuple[Row, Row | None]]:
    """Rows of ``path_points``, and of ``point_rows`` for those that move; ``owner``: what runs along the path.

    A conditional point that can never be there is far away: its range is beyond what any coordinate reaches.
    """
    for count, point in enumerate(path.points):
        name = f"{owner}.{count}"
        row: Row = {"point": name, "muscle": owner, "segment": "", "kind": "fixed"}
        more: Row = {"spline_x": "", "spline_y": "", "coordinate": "", "active_min": math.nan, "active_max": math.nan}
        moves: Row | None = None
        match point:
            case PathPoint(body, location):
                place = location
            case ConditionalPathPoint(body, location, coordinate, (low, high)):
                place = location
                low, high = (_clipped(low), _clipped(high)) if low <= high else (_MOST, _MOST)
                more |= {"coordinate": coordinate, "active_min": low, "active_max": high}
                row["kind"] = "conditional"
            case MovingPathPoint(frame, coordinates, given):
                body, place = frame.body, frame.translation
                row["kind"] = "moving"
                moves = _moves(name, frame, coordinates, given, functions, source)
        placed = {axis: own + 0.0 for axis, own in zip("xyz", place, strict=True)}
        yield {**row, "segment": body, **placed, **more, "source": source}, moves


def _clipped(end: float) -> float:
    return max(-_MOST, min(_MOST, end)) + 0.0


def _moves(
    name: str,
    frame: Placement,
    coordinates: tuple[str | None, str | None, str | None],
    given: tuple[Function, Function, Function],
    functions: FunctionRows,
    source: str,
) -> Row:
    row: Row = {"point": name}
    for axis, coordinate, function in zip("xyz", coordinates, given, strict=True):
        row[f"function_{axis}"] = functions.add(f"{name}.{axis}", function, 1.0, f"path point {name!r}, {axis}")
        row[f"coordinate_{axis}"] = "" if coordinate is None or _is_constant(function) else coordinate
    return {**row, **_angles(frame.rotation), "source": source}


def _is_constant(function: Function) -> bool:
    return _is_constant(function.function) if isinstance(function, Multiplier) else isinstance(function, Constant)


def _angles(rotation: tuple[Vector, Vector, Vector]) -> dict[str, float]:
    return dict(zip(("rx", "ry", "rz"), angles_of(rotation), strict=True))


def wrap_names(model: OsimModel) -> dict[int, str]:
    """A name of its own for every active cylinder and sphere, by its place in the description."""
    kept = {i: own for i, own in enumerate(model.wraps) if isinstance(own, WrapCylinder | WrapSphere) and own.active}
    count = Counter(own.name for own in kept.values())
    names: dict[int, str] = {}
    for i, own in kept.items():
        plain = (own.name if own.name and count[own.name] == 1 else f"{own.frame.body}_{own.name}").strip()
        plain = plain.replace("/", "_")
        names[i] = plain if plain not in names.values() else f"{plain}_{i}"
    return names


def wrap_row(name: str, wrap: WrapObject, source: str) -> Row:
    """A row of ``wraps``: a cylinder about z of its frame, or a sphere, which has no length."""
    assert isinstance(wrap, WrapCylinder | WrapSphere)
    cylinder = isinstance(wrap, WrapCylinder)
    return {
        "wrap": name,
        "segment": wrap.frame.body,
        "kind": "cylinder" if cylinder else "sphere",
        "radius": wrap.radius,
        "length": wrap.length if isinstance(wrap, WrapCylinder) else math.nan,
        **{axis: own + 0.0 for axis, own in zip("xyz", wrap.frame.translation, strict=True)},
        **_angles(wrap.frame.rotation),
        "quadrant": wrap.quadrant,
        "source": source,
    }


def path_wrap_rows(owner: str, path: Path, names: Mapping[int, str], source: str) -> Iterator[Row]:
    """Rows of ``path_wraps``, in the order of the file; what is no cylinder or sphere is not among them."""
    count = 0
    for own in path.wraps:
        if own.wrap in names:
            yield {
                "row": f"{owner}.{count}",
                "muscle": owner,
                "wrap": names[own.wrap],
                "first": math.nan if own.first is None else float(own.first),
                "last": math.nan if own.last is None else float(own.last),
                "source": source,
            }
            count += 1
