"""A body without some of its parts: muscles that are gone, limbs that were taken off.

With a segment goes everything outward of it: its joint and the coordinates of that, all segments that hang on it,
what touches the ground there, and everything along a path that reaches it, muscle or not. A patella stays while its
knee and a muscle of its group do. Where a limb ends, a coordinate that no muscle moves any more and that leads to no
contact is locked as it is in the neutral pose: of a foot that is gone the talus is left, as the end of the stump.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from biomech.errors import ModelError
from biomech.model.mirror import side_of
from biomech.model.references import CURVES, PATHS, REFERENCES, named_by, names_in
from biomech.model.tables import COLUMNS, Table, complete

Tables = Mapping[str, Table]


class _Gone(NamedTuple):
    """Names of what is taken away; all that runs along a path is among the ``muscles``."""

    segments: set[str]
    joints: set[str]
    coordinates: set[str]
    muscles: set[str]


def remove_parts(tables: Tables, muscles: Collection[str], segments: Collection[str]) -> dict[str, Table]:
    """Tables without muscles, other things along paths, and limbs.

    Parameters
    ----------
    tables : mapping of str to Table
        Those of a body, parts called by their roles.
    muscles, segments : collection of str
        Names of those that go; passive paths and path actuators are among the muscles.

    Raises
    ------
    ModelError
        The whole body or every muscle would go, or what stays follows a coordinate that goes.
    """
    gone = _what_goes(tables, set(muscles), set(segments))
    _check_points(tables, gone)
    if len(tables["muscles"]) and gone.muscles.issuperset(tables["muscles"].rows):
        raise ModelError("names: take every muscle; must leave one")
    left = _without_parts(tables, gone)
    left["patellae"] = _without(left["patellae"], _idle_patellae(left))
    if not len(left["patellae"]):
        left["patellar_tendon"] = _without(tables["patellar_tendon"], tables["patellar_tendon"].rows)
    left |= _curves_left(tables, left)
    left["coordinates"] = _locked(left["coordinates"], _stumps(tables, left, gone) | _leaderless(tables, gone))
    return left


def _without_parts(tables: Tables, gone: _Gone) -> dict[str, Table]:
    """Tables without the parts that are gone, and without every row that names one of them, or one that named one."""
    left, lost = dict(tables), {kind: set(names) for kind, names in gone._asdict().items()}
    lost |= {kind: set(gone.muscles) for kind in PATHS}
    while True:
        found = {name: _without(table, _lost_rows(table, lost)) for name, table in left.items()}
        if all(found[name] is left[name] for name in left):
            return found
        for name in found:
            lost.setdefault(name, set()).update({*left[name].rows} - {*found[name].rows})
        left = found


def _lost_rows(table: Table, lost: Mapping[str, set[str]]) -> set[str]:
    """Rows that are lost, or that name something that is."""
    rows = lost.get(table.name, set()) & {*table.rows}
    for column, to in REFERENCES.get(table.name, {}).items():
        names = set[str]().union(*(lost.get(kind, set()) for kind in to.tables if kind not in CURVES))
        if names:
            cells = zip(table.rows, named_by(table, column), strict=True)
            rows |= {row for row, own in cells if names.intersection(own)}
    return rows


def _curves_left(before: Tables, left: Tables) -> dict[str, Table]:
    """Splines and functions without those that nothing reads any more."""
    found = {}
    for name in CURVES:
        if name in left:
            idle = _curves_used(before, name) - _curves_used(left, name)
            rows = zip(left[name].rows, names_in(left[name]), strict=True)
            found[name] = _without(left[name], {row for row, curve in rows if curve in idle})
    return found


def _curves_used(tables: Tables, curves: str) -> set[str]:
    """Names of the splines, or functions, that some row reads."""
    used = [
        own
        for name, columns in REFERENCES.items()
        for column, to in columns.items()
        if curves in to.tables and name in tables
        for own in named_by(tables[name], column)
    ]
    return set().union(*used)


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


def _check_points(tables: Tables, gone: _Gone) -> None:
    """What stays must not follow a coordinate that goes."""
    points, by_functions = tables["path_points"], complete(tables)["point_rows"]
    muscle_of = dict(zip(points.rows, points.text("muscle"), strict=True))
    columns = [(points, "coordinate"), *((by_functions, f"coordinate_{axis}") for axis in "xyz")]
    for table, column in columns:
        for row, coordinate in zip(table.rows, table.text(column), strict=True):
            if coordinate in gone.coordinates and (muscle := muscle_of[row]) not in gone.muscles:
                raise ModelError(
                    f"names: {coordinate!r} goes, but {muscle!r} stays, whose path point {row!r} follows it; "
                    f"take {muscle!r} out too"
                )


def _without(table: Table, names: Collection[str]) -> Table:
    """The other rows; the same table where that is all."""
    keep = [i for i, row in enumerate(table.rows) if row not in names]
    if len(keep) == len(table):
        return table
    return Table(table.name, {own: tuple(table.columns[own][i] for i in keep) for own in COLUMNS[table.name]})  # type: ignore[misc]


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


def _stumps(before: Tables, left: Tables, gone: _Gone) -> set[str]:
    """Coordinates of what has lost its end, that no muscle moves and that lead to no contact."""
    coordinates, joints, points = left["coordinates"], left["joints"], left["path_points"]
    child_of = dict(zip(joints.rows, joints.text("child"), strict=True))
    path: dict[str, set[str]] = {}
    muscles = {*left["muscles"].rows}
    for muscle, segment in zip(points.text("muscle"), points.text("segment"), strict=True):
        if muscle in muscles:
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
