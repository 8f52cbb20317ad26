"""Tables of joints by rows in a body that grows: frames, functions, couplers, defaults, limits, inertias.

Each segment is stretched along the axes of its own frame, S = diag(s), as ``biomech.model.scaling`` says. A row that
moves along a in the frame of a segment then goes along S a, |S a| times as far; one that turns stays. A function of a
coordinate that slides is of a way that has grown as well: g(x) = a f(x / b), with a and b the factors of what it says
and of that way, or 1. Inertia follows its second moments: C = tr(I)/2 - I becomes S C S, times the mass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech.errors import ModelError
from biomech.model.mechanics.rotations import rotations_xyz
from biomech.model.tables import Table

Array = NDArray[np.float64]
Tables = Mapping[str, Table]
#: Factors (3,) along the axes of a segment's frame.
Stretch = Callable[[str], Array]

#: Tables that say in m and kg m2 what scaling by parts does not know of.
BY_ROWS = frozenset({"joint_frames", "functions", "defaults", "inertias", "coordinate_forces", "reserves"})
#: A direction that stretching turns by less than this stays what it is.
_TURNED = 1e-9


class _Use(NamedTuple):
    """How a function grows: the factor of its value, and of each of its arguments."""

    value: float
    arguments: tuple[float, ...]


class _Ways(NamedTuple):
    """How far what moves along a way goes: each translation of ``transform_rows``, each coordinate that slides."""

    rows: Mapping[str, float]
    coordinates: Mapping[str, float]


def grow_rows(before: Tables, tables: Tables, height: float, stretch: Stretch) -> dict[str, Table]:
    """Tables of which those of joints by rows have grown.

    Parameters
    ----------
    before, tables : mapping of str to Table
        Those of the body as it was, and with the masses that it has now.
    height : float
        The factor of the body's height.
    stretch : callable
        Of each segment, the factors along its axes.

    Raises
    ------
    ModelError
        What moves by functions cannot be stretched as its segment is; the message names it.
    """
    found = dict(tables)
    ways = _grown_ways(tables, found, height, stretch)
    if "joint_frames" in tables:
        found["joint_frames"] = _grown_frames(tables, stretch)
    if "coordinate_forces" in tables:
        found["coordinate_forces"] = _grown_forces(before, tables, height, ways)
    if "reserves" in tables:
        own, mass = tables["reserves"], _mass_factor(before, tables)
        factors = [mass * (1.0 if row in ways.coordinates else height) for row in own.rows]
        found["reserves"] = times(own, "optimal_force", factors)
    if "inertias" in tables:
        found["inertias"] = _grown_inertias(before, tables, stretch)
    if "functions" in tables:
        found["functions"] = _grown_functions(tables["functions"], _uses(tables, ways, stretch))
    if "defaults" in tables:
        own = tables["defaults"]
        found["defaults"] = times(own, "value", [ways.coordinates.get(row, 1.0) for row in own.rows])
    return found


def _grown_frames(tables: Tables, stretch: Stretch) -> Table:
    """Where each joint is in the segment that it carries."""
    own, joints = tables["joint_frames"], tables["joints"]
    child = dict(zip(joints.rows, joints.text("child"), strict=True))
    factors = np.array([stretch(child[row]) for row in own.rows]).reshape(-1, 3)
    for k, axis in enumerate("xyz"):
        own = times(own, f"child_{axis}", factors[:, k].tolist())
    return own


def _grown_ways(tables: Tables, found: dict[str, Table], height: float, stretch: Stretch) -> _Ways:
    """How far each way goes; puts the directions that stretching turns into ``found``."""
    if "transform_rows" not in tables:
        return _Ways({}, dict.fromkeys(_sliding(tables), height))
    table = tables["transform_rows"]
    axes = table.numbers("axis_x", "axis_y", "axis_z").reshape(-1, 3)
    rows, slides, coordinates = dict[str, float](), _sliding(tables), dict[str, float]()
    turned = axes.copy()
    columns = zip(table.rows, table.text("motion"), table.text("coordinates"), strict=True)
    for i, (row, motion, cell) in enumerate(columns):
        if motion != "translation":
            continue
        segment, frame = _frame_of(tables, i, stretch)
        along = np.full(3, height) if segment == "ground" else stretch(segment)
        rows[row], turned[i] = _stretched(axes[i], frame, along)
        for name in cell.split(";") if cell else ():
            if name in slides:
                coordinates.setdefault(name, rows[row])
    for k, axis in enumerate("xyz"):
        changed = np.flatnonzero(turned[:, k] != axes[:, k])
        found["transform_rows"] = found["transform_rows"].with_numbers(
            f"axis_{axis}", {int(i): float(turned[i, k]) for i in changed}
        )
    return _Ways(rows, dict.fromkeys(slides, height) | coordinates)


def _frame_of(tables: Tables, row: int, stretch: Stretch) -> tuple[str, Array]:
    """The segment in which a translation's direction is fixed, and the frame (3, 3) in it whose axes it speaks of.

    Before the joint turns that is the parent, after its last turn the segment that it carries.
    """
    table, joints = tables["transform_rows"], tables["joints"]
    joint = table.text("joint")[row]
    parent, child = (joints.text(column)[joints.index(joint)] for column in ("parent", "child"))
    pairs = zip(table.text("joint"), table.text("motion"), strict=True)
    turns = [i for i, (of, motion) in enumerate(pairs) if of == joint and motion == "rotation"]
    frames = tables.get("joint_frames")
    ends = ("parent", parent), ("child", child)
    (end, segment) = ends[0] if not turns or row < min(turns) else ends[1]
    if turns and min(turns) < row < max(turns) and len({*stretch(parent).tolist(), *stretch(child).tolist()}) > 1:
        raise ModelError(
            f"transform_rows/{table.rows[row]}: moves between the turns of joint {joint!r}, so that it cannot grow "
            "along one axis alone; give height= without lengths="
        )
    if frames is None or joint not in frames.rows:
        return segment, np.eye(3)
    angles = frames.numbers(*(f"{end}_r{axis}" for axis in "xyz")).reshape(-1, 3)[[frames.index(joint)]]
    return segment, np.asarray(rotations_xyz(angles).reshape(3, 3))


def _stretched(axis: Array, frame: Array, along: Array) -> tuple[float, Array]:
    """By what factor a way along ``axis`` of ``frame`` is longer, and the axis that it goes along then."""
    if along[0] == along[1] == along[2]:
        return float(along[0]), axis
    other = frame.T @ (along * (frame @ axis))
    factor = float(np.linalg.norm(other) / np.linalg.norm(axis))
    other = other / factor
    return factor, axis if np.linalg.norm(other - axis) < _TURNED * np.linalg.norm(axis) else other


def _grown_forces(before: Tables, tables: Tables, height: float, ways: _Ways) -> Table:
    """Springs and limits: moments go with mass and height, forces with mass."""
    own, mass = tables["coordinate_forces"], _mass_factor(before, tables)
    factors = [ways.coordinates.get(name, 1.0) for name in own.text("coordinate")]
    for column in ("upper_limit", "lower_limit", "transition"):
        own = times(own, column, factors)
    for column in ("upper_stiffness", "lower_stiffness"):
        own = times(own, column, [mass * height / way**2 for way in factors])
    return own


def _grown_inertias(before: Tables, tables: Tables, stretch: Stretch) -> Table:
    """Of each segment by its mass and by how it is stretched."""
    old, new = (dict(_masses(each)) for each in (before, tables))
    own = tables["inertias"]
    heavier = np.array([new[row] / old[row] if old[row] > 0.0 else 1.0 for row in own.rows])
    along = np.array([stretch(row) for row in own.rows]).reshape(-1, 3)
    diagonal = own.numbers("xx", "yy", "zz").reshape(-1, 3)
    even = (along == along[:, :1]).all(axis=1)
    second = (0.5 * diagonal.sum(axis=1)[:, None] - diagonal) * along**2  # of xx, yy, zz
    grown = np.where(even[:, None], diagonal * along**2, second.sum(axis=1)[:, None] - second)
    for k, column in enumerate(("xx", "yy", "zz")):
        own = own.with_column(column, tuple((grown[:, k] * heavier).tolist()))
    for column, i, k in (("xy", 0, 1), ("xz", 0, 2), ("yz", 1, 2)):
        own = times(own, column, (along[:, i] * along[:, k] * heavier).tolist())
    return own


def _mass_factor(before: Tables, tables: Tables) -> float:
    old, new = (sum(mass for _, mass in _masses(each)) for each in (before, tables))
    return new / old if old > 0.0 else 1.0


def _masses(tables: Tables) -> list[tuple[str, float]]:
    segments = tables["segments"]
    return list(zip(segments.rows, segments.numbers("mass").tolist(), strict=True))


def times(table: Table, column: str, factors: list[float]) -> Table:
    """A table with each row's number in a column times a factor."""
    values = table.numbers(column)
    return table.with_numbers(column, {i: float(values[i]) * factor for i, factor in enumerate(factors)})


def _sliding(tables: Tables) -> set[str]:
    table = tables["coordinates"]
    return {row for row, motion in zip(table.rows, table.text("motion"), strict=True) if motion == "translation"}


def _uses(tables: Tables, ways: _Ways, stretch: Stretch) -> dict[str, _Use]:
    """How every function grows.

    Raises
    ------
    ModelError
        One is of two things that do not grow alike, or a point moves along what its segment's stretching turns.
    """
    found = dict[str, _Use]()

    def add(where: str, name: str, value: float, cell: str) -> None:
        use = _Use(value, tuple(ways.coordinates.get(of, 1.0) for of in cell.split(";")) if cell else ())
        if not _alike(found.setdefault(name, use), use):
            raise ModelError(
                f"{where}: function {name!r} grows by {value:g} here and by {found[name].value:g} elsewhere; give each "
                "a function of its own"
            )

    if "transform_rows" in tables:
        table = tables["transform_rows"]
        for row, name, cell in zip(table.rows, table.text("function"), table.text("coordinates"), strict=True):
            add(f"transform_rows/{row}", name, ways.rows.get(row, 1.0), cell)
    if "couplers" in tables:
        table = tables["couplers"]
        columns = (table.text(column) for column in ("function", "dependent", "independents"))
        for row, name, dependent, cell in zip(table.rows, *columns, strict=True):
            add(f"couplers/{row}", name, ways.coordinates.get(dependent, 1.0), cell)
    if "point_rows" in tables:
        table, points = tables["point_rows"], tables["path_points"]
        frames = rotations_xyz(table.numbers("rx", "ry", "rz").reshape(-1, 3)).reshape(-1, 3, 3)
        for i, row in enumerate(table.rows):
            along = stretch(points.text("segment")[points.index(row)])
            for k, axis in enumerate("xyz"):
                factor, turned = _stretched(np.eye(3)[k], frames[i], along)
                if turned[k] != 1.0:
                    raise ModelError(
                        f"point_rows/{row}: moves aslant to its segment, so that it cannot grow along one axis alone; "
                        "give height= without lengths="
                    )
                name, cell = table.text(f"function_{axis}")[i], table.text(f"coordinate_{axis}")[i]
                add(f"point_rows/{row}", name, factor, cell)
    if "passive_paths" in tables:  # of lengths over one another
        table = tables["passive_paths"]
        for row, name in zip(table.rows, table.text("function"), strict=True):
            if name:
                add(f"passive_paths/{row}", name, 1.0, "")
    return found


def _alike(one: _Use, other: _Use) -> bool:
    """Whether two uses are the same but for rounding."""
    ours, theirs = ((use.value, *use.arguments) for use in (one, other))
    return len(ours) == len(theirs) and bool(np.allclose(ours, theirs, rtol=1e-12, atol=0.0))


def _grown_functions(functions: Table, uses: Mapping[str, _Use]) -> Table:
    x, y = functions.numbers("x"), functions.numbers("y")
    columns = zip(functions.text("function"), functions.text("kind"), strict=True)
    for i, (name, kind) in enumerate(columns):
        use = uses.get(name, _Use(1.0, ()))
        first = use.arguments[0] if use.arguments else 1.0
        place = round(float(x[i])) if kind in ("linear", "polynomial", "sine") else 0
        argument = use.arguments[place - 1] if 0 < place <= len(use.arguments) else 1.0
        if kind == "polynomial":
            y[i] *= use.value / first**place
        elif kind == "sine":
            y[i] *= use.value if place in (0, -1) else 1.0 / argument if place > 0 else 1.0
        elif kind in ("constant", "linear"):
            y[i] *= use.value / (argument if place > 0 else 1.0)
        else:  # knots
            x[i], y[i] = x[i] * first, y[i] * use.value
    return functions.with_column("x", tuple(np.asarray(x).tolist())).with_column("y", tuple(np.asarray(y).tolist()))
