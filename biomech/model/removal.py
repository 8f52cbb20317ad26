"""A body without some of its parts: muscles that are gone, limbs that were taken off.

With a segment goes everything outward of it: its joint and the coordinates of that, all segments that hang on it,
what touches the ground there, and every muscle that reaches it. A patella stays while its knee and a muscle of its
group do. Where a limb ends, a coordinate that no muscle moves any more and that leads to no contact is locked as it is
in the neutral pose: of a foot that is gone the talus is left, as the end of the stump.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from biomech.errors import ModelError
from biomech.model.mirror import side_of
from biomech.model.tables import COLUMNS, Table, complete

Tables = Mapping[str, Table]


class _Gone(NamedTuple):
    """Names of what is taken away."""

    segments: set[str]
    joints: set[str]
    coordinates: set[str]
    muscles: set[str]


def remove_parts(tables: Tables, muscles: Collection[str], segments: Collection[str]) -> dict[str, Table]:
    """Tables without muscles and limbs.

    Parameters
    ----------
    tables : mapping of str to Table
        Those of a body, parts called by their roles.
    muscles, segments : collection of str
        Names of those that go.

    Raises
    ------
    ModelError
        The whole body or every muscle would go, or what stays follows a coordinate that goes.
    """
    gone = _what_goes(tables, set(muscles), set(segments))
    _check_points(tables["path_points"], gone)
    if len(tables["muscles"]) and gone.muscles.issuperset(tables["muscles"].rows):
        raise ModelError("names: take every muscle; must leave one")
    left = {
        "segments": _without(tables["segments"], "segment", gone.segments),
        "joints": _without(tables["joints"], "joint", gone.joints),
        "coordinates": _without(tables["coordinates"], "joint", gone.joints),
        "couplings": _without(tables["couplings"], "joint", gone.joints),
        "muscles": _without(tables["muscles"], "muscle", gone.muscles),
        "path_points": _without(tables["path_points"], "muscle", gone.muscles),
        "contact_points": _without(tables["contact_points"], "segment", gone.segments),
    }
    left = {**tables, **left}
    left |= _optional_left(tables, left, gone)
    left["patellae"] = _without(tables["patellae"], "patella", _idle_patellae(left))
    if not len(left["patellae"]):
        left["patellar_tendon"] = _without(tables["patellar_tendon"], "knot", tables["patellar_tendon"].rows)
    left["splines"] = _without(tables["splines"], "spline", _splines_used(tables) - _splines_used(left))
    left["coordinates"] = _locked(left["coordinates"], _stumps(tables, left, gone) | _leaderless(tables, gone))
    return left


def _optional_left(tables: Tables, left: Tables, gone: _Gone) -> dict[str, Table]:
    """What is left of the tables that a body need not have."""
    every = complete(tables)
    points = {*tables["path_points"].rows} - {*left["path_points"].rows}
    found = {
        "joint_frames": _without(every["joint_frames"], "joint", gone.joints),
        "transform_rows": _without(every["transform_rows"], "joint", gone.joints),
        "couplers": _without(every["couplers"], "coupler", _loose_couplers(every["couplers"], gone)),
        "defaults": _without(every["defaults"], "coordinate", gone.coordinates),
        "point_rows": _without(every["point_rows"], "point", points),
        "inertias": _without(every["inertias"], "segment", gone.segments),
        "wraps": _without(every["wraps"], "segment", gone.segments),
        "path_wraps": _without(every["path_wraps"], "muscle", gone.muscles),
        "force_length_curves": _without(every["force_length_curves"], "muscle", gone.muscles),
        "coordinate_forces": _without(every["coordinate_forces"], "coordinate", gone.coordinates),
        **{name: _without_ends(every[name], gone.segments) for name in ("bushings", "point_springs")},
        "reserves": _without(every["reserves"], "coordinate", gone.coordinates),
        "left_out": _without(every["left_out"], "muscle", gone.muscles),
    }
    wraps = {*every["wraps"].rows} - {*found["wraps"].rows}
    found["path_wraps"] = _without(found["path_wraps"], "wrap", wraps)
    used = _functions_used(every) - _functions_used({**every, **found})
    found["functions"] = _without(every["functions"], "function", used)
    return {name: table for name, table in found.items() if name in tables}


def _loose_couplers(table: Table, gone: _Gone) -> set[str]:
    """Couplers of which a coordinate goes."""
    names = zip(table.rows, table.text("dependent"), table.text("independents"), strict=True)
    return {row for row, one, others in names if {one, *others.split(";")} & gone.coordinates}


def _leaderless(tables: Tables, gone: _Gone) -> set[str]:
    """Coordinates that stay and followed one that goes."""
    table = complete(tables)["couplers"]
    loose = _loose_couplers(table, gone)
    pairs = zip(table.rows, table.text("dependent"), strict=True)
    return {name for row, name in pairs if row in loose and name not in gone.coordinates}


def _functions_used(tables: Tables) -> set[str]:
    points = tables["point_rows"]
    return {
        *tables["transform_rows"].text("function"),
        *tables["couplers"].text("function"),
        *tables["force_length_curves"].text("function"),
        *(name for axis in "xyz" for name in points.text(f"function_{axis}")),
    }


def _what_goes(tables: Tables, muscles: set[str], segments: set[str]) -> _Gone:
    """Everything that goes with some muscles and segments."""
    joints, points = tables["joints"], tables["path_points"]
    segments = _outward(joints, segments)
    ends = zip(joints.text("parent"), joints.text("child"), strict=True)
    roots = [child for parent, child in ends if parent == "ground"]
    if segments.issuperset(roots):
        carry = " and ".join(map(repr, roots))
        raise ModelError(f"names: {carry} carr{'y' if roots[1:] else 'ies'} the whole body; without it nothing is left")
    lost = {row for row, child in zip(joints.rows, joints.text("child"), strict=True) if child in segments}
    coordinates = tables["coordinates"]
    turns = {row for row, joint in zip(coordinates.rows, coordinates.text("joint"), strict=True) if joint in lost}
    runs = zip(points.text("muscle"), points.text("segment"), strict=True)
    return _Gone(segments, lost, turns, muscles | {muscle for muscle, segment in runs if segment in segments})


def _outward(joints: Table, segments: Collection[str]) -> set[str]:
    """Segments and all that hang on them."""
    found = set(segments)
    while True:
        more = {
            child
            for parent, child in zip(joints.text("parent"), joints.text("child"), strict=True)
            if parent in found and child not in found
        }
        if not more:
            return found
        found |= more


def _check_points(points: Table, gone: _Gone) -> None:
    """What stays must not follow a coordinate that goes."""
    for row, muscle, coordinate in zip(points.rows, points.text("muscle"), points.text("coordinate"), strict=True):
        if coordinate in gone.coordinates and muscle not in gone.muscles:
            raise ModelError(
                f"names: {coordinate!r} goes, but {muscle!r} stays, whose path point {row!r} follows it; "
                f"take {muscle!r} out too"
            )


def _without(table: Table, column: str, names: Collection[str]) -> Table:
    """The rows whose cell in a column is none of the names; the same table where all are."""
    keep = [i for i, name in enumerate(table.text(column)) if name not in names]
    if len(keep) == len(table):
        return table
    return Table(table.name, {own: tuple(table.columns[own][i] for i in keep) for own in COLUMNS[table.name]})  # type: ignore[misc]


def _without_ends(table: Table, segments: Collection[str]) -> Table:
    """Bushings or springs of which neither end is on one of the segments."""
    return _without(_without(table, "first", segments), "second", segments)


def _idle_patellae(tables: Tables) -> set[str]:
    """Patellae whose knee is gone, or at which nothing pulls."""
    table, muscles = tables["patellae"], tables["muscles"]
    pulled = {
        (group, side_of(muscle))
        for muscle, groups in zip(muscles.rows, muscles.text("groups"), strict=True)
        for group in groups.split(";")
    }
    return {
        row
        for row, coordinate, group in zip(table.rows, table.text("coordinate"), table.text("group"), strict=True)
        if coordinate not in tables["coordinates"].rows or (group, side_of(row)) not in pulled
    }


def _splines_used(tables: Tables) -> set[str]:
    points = tables["path_points"]
    return {*tables["couplings"].text("spline"), *points.text("spline_x"), *points.text("spline_y")}


def _stumps(before: Tables, left: Tables, gone: _Gone) -> set[str]:
    """Coordinates of what has lost its end, that no muscle moves and that lead to no contact."""
    coordinates, joints, points = left["coordinates"], left["joints"], left["path_points"]
    child_of = dict(zip(joints.rows, joints.text("child"), strict=True))
    path: dict[str, set[str]] = {}
    for muscle, segment in zip(points.text("muscle"), points.text("segment"), strict=True):
        path.setdefault(muscle, set()).add(segment)
    found = set()
    for row, joint, stance in zip(coordinates.rows, coordinates.text("joint"), coordinates.text("stance"), strict=True):
        outer = _outward(before["joints"], {child_of[joint]})
        moved = any(own & outer and own - outer for own in path.values())
        touches = outer & set(left["contact_points"].text("segment"))
        if stance == "free" and outer & gone.segments and not moved and not touches:
            found.add(row)
    return found


def _locked(table: Table, names: Collection[str]) -> Table:
    if not names:
        return table
    stance = tuple("locked" if row in names else own for row, own in zip(table.rows, table.text("stance"), strict=True))
    return Table(table.name, {**table.columns, "stance": stance})
