"""The left half of the body as the mirror image of the right.

Parts are called by their roles here (``biomech.model.roles``). Tables of the package hold the right side and the
midline. Mirroring in the sagittal plane negates z of every point and the x and y
of every rotation axis (an axis is a pseudovector), and turns the ending ``_r`` of a name into ``_l``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import instance, text
from biomech.errors import ModelError
from biomech.model.references import CURVES, PATHS, REFERENCES
from biomech.model.roles import SIDES, ending, swapped
from biomech.model.tables import COLUMNS, OPTIONAL, Table, check_structure, optional

#: Number columns that change sign in the mirror.
_NEGATED = {
    "segments": ("com_z",),
    "joints": ("z", "torsion"),
    "coordinates": ("axis_x", "axis_y"),
    "path_points": ("z",),
    "contact_points": ("z",),
    "patellae": ("z",),
    "wraps": ("z", "rx", "ry"),
    "bushings": tuple(f"{end}_{part}" for end in ("first", "second") for part in ("z", "rx", "ry")),
    "point_springs": ("first_z", "second_z"),
}
#: Tables whose rows are each of one side, where halves stand by themselves.
_SIDED = ("muscles", "contact_points", "patellae", "passive_paths", "path_actuators")
#: Words that the mirror exchanges.
_EXCHANGED = {
    ("wraps", "quadrant"): {"z": "-z", "-z": "z"},
    ("reported_joints", "compression"): {"z": "-z", "-z": "z"},
}
#: Tables of files, which give both sides: what the mirror makes of them is not known.
_OF_FILES = tuple(
    name
    for name in OPTIONAL
    if name not in ("wraps", "path_wraps", "reported_joints", "bushings", "point_springs", *PATHS)
)
_BARE = ("splines", "patellar_tendon", "passive", "settings", *_OF_FILES)


def _names_with_side(table: str) -> tuple[str, ...]:
    """Text columns that hold names with a side: its own, and those of what has one."""
    refers = (column for column, own in REFERENCES.get(table, {}).items() if own.table not in CURVES)
    return tuple(dict.fromkeys((next(iter(COLUMNS[table])), *refers)))


_NAMES = {name: _names_with_side(name) for name in COLUMNS if name not in _BARE}
#: Coordinates that leave the sagittal plane: zero in a symmetric stance.
ANTISYMMETRIC = ("pelvis_list", "pelvis_rotation", "pelvis_tz", "lumbar_bending", "lumbar_rotation")


def other_side(name: str) -> str:
    """The mirrored name: ``soleus_r`` for ``soleus_l`` and back; a midline name is its own mirror."""
    return swapped(text("name", name, ModelError))


def side_of(name: str) -> str:
    """``right``, ``left`` or ``midline``."""
    return SIDES.get(ending(text("name", name, ModelError)), "midline")


def mirror_sign(table: str, column: str) -> float:
    """-1 for the number columns that change sign in the mirror."""
    column = text("column", column, ModelError)
    return -1.0 if column in _NEGATED.get(text("table", table, ModelError), ()) else 1.0


def mirrored(table: Table) -> Table:
    """The mirror image of a table, row for row."""
    columns = dict(instance("table", table, Table, "a Table", ModelError).columns)
    for column in _NAMES.get(table.name, ()):
        columns[column] = tuple(other_side(name) for name in table.text(column))
    for (of, column), words in _EXCHANGED.items():
        if of == table.name:
            columns[column] = tuple(words.get(word, word) for word in table.text(column))
    for column in _NEGATED.get(table.name, ()):
        columns[column] = tuple(float(0.0 - value) for value in table.numbers(column))
    return Table(table.name, columns)


def with_left_side(table: Table) -> Table:
    """Append the left side to a table of the right side and the midline."""
    if instance("table", table, Table, "a Table", ModelError).name in _BARE:
        return table
    image = mirrored(table)
    keep = [i for i, row in enumerate(image.rows) if row not in table.rows]
    columns = {c: (*table.columns[c], *(image.columns[c][i] for i in keep)) for c in COLUMNS[table.name]}
    return Table(table.name, columns)


def is_symmetric(tables: Mapping[str, Table]) -> bool:
    """Whether the left side is the exact mirror of the right in every number, and the right half stands by itself.

    Of a body with joints of a file that is not known: it counts as one whose sides differ.
    """
    check_structure(tables)
    if any(name in _OF_FILES and len(table) for name, table in tables.items()):
        return False
    matched = (table for name, table in tables.items() if name != "reported_joints")  # perhaps told of one side alone
    return all(map(_matches_mirror, matched)) and not _leaves_the_half(tables)


def is_mirrored(table: Table, column: str, values: NDArray[np.float64] | None = None) -> bool:
    """Whether the numbers of a column on the left are the mirror images of those on the right.

    ``values`` (..., row) take the place of the table's own.
    """
    instance("table", table, Table, "a Table", ModelError)
    numbers = table.numbers(column) if values is None else values
    if table.name in _BARE:
        return True
    rows = _mirror_rows(table.rows)
    sign = mirror_sign(table.name, column)
    return rows is not None and bool(np.array_equal(numbers, sign * numbers[..., rows], equal_nan=True))


@lru_cache(maxsize=64)
def _mirror_rows(names: tuple[str, ...]) -> NDArray[np.int64] | None:
    """The row of every row's mirror image; that of the midline is itself. None where one has none."""
    number = {name: i for i, name in enumerate(names)}
    rows = [number.get(other_side(name), -1) for name in names]
    return None if -1 in rows else np.array(rows, dtype=np.int64)


def _leaves_the_half(tables: Mapping[str, Table]) -> bool:
    """Whether the right half of the body lacks something that acts on it, or has whole what the halves share.

    Both sides slide along the same splines, so one that slides along z is not the mirror image of the other.
    """
    couplings, points = tables["couplings"], tables["path_points"]
    users = [*zip(couplings.text("joint"), couplings.text("coordinate"), strict=True)]
    users += [*zip(points.text("muscle"), points.text("coordinate"), strict=True)]
    return (
        "z" in couplings.text("component")
        or any(
            coordinate in ANTISYMMETRIC or side_of(coordinate) not in ("midline", side_of(user))
            for user, coordinate in users
        )
        or any("midline" in map(side_of, tables[name].rows) for name in _SIDED if name in tables)
        or any(_crosses(table) for name, table in tables.items() if name != "reported_joints")
        or _is_told_across(optional(tables, "reported_joints"))
        or _turns_sideways(tables["coordinates"])
    )


def _crosses(table: Table) -> bool:
    """Whether a row joins one side to the other: a muscle that ends on the other leg, say."""
    columns = [table.text(column) for column in _NAMES.get(table.name, ())]
    return any({"right", "left"} <= {side_of(name) for name in names} for names in zip(*columns, strict=True))


def _is_told_across(table: Table) -> bool:
    """Whether a joint is told in the axes of a segment of the other side, or one of the midline in those of a side."""
    ends = zip(table.text("joint"), table.text("segment"), strict=True)
    return any(side_of(segment) not in (side_of(joint), "midline") for joint, segment in ends)


def _turns_sideways(table: Table) -> bool:
    """Whether a coordinate of the midline leaves the sagittal plane where the half keeps it, or the other way round.

    What the half leaves out is zero, and must be able to be.
    """
    axes = table.numbers("axis_x", "axis_y", "axis_z").reshape(-1, 3)
    ranges = table.numbers("range_min", "range_max").reshape(-1, 2)
    for row, motion, axis, (least, most) in zip(table.rows, table.text("motion"), axes, ranges, strict=True):
        if side_of(row) == "midline":
            sagittal, other = (axis[2:], axis[:2]) if motion == "rotation" else (axis[:2], axis[2:])
            if np.any(sagittal if row in ANTISYMMETRIC else other):
                return True
            if row in ANTISYMMETRIC and not least <= 0.0 <= most:
                return True
    return False


def _matches_mirror(table: Table) -> bool:
    if table.name in _BARE:
        return True
    image = mirrored(table)
    try:
        order = [image.index(row) for row in table.rows]
    except ModelError:
        return False
    for column, kind in COLUMNS[table.name].items():
        if column == "source":
            continue
        if kind == "text":
            names = image.text(column)
            if tuple(names[i] for i in order) != table.text(column):
                return False
        elif not _same_numbers(table, image, column, order):
            return False
    return True


def _same_numbers(table: Table, image: Table, column: str, order: list[int]) -> bool:
    ours, theirs = table.numbers(column), image.numbers(column)[order]
    if table.name == "coordinates" and column.startswith("axis"):
        # the sign of a midline coordinate that leaves the sagittal plane turns in the mirror, by its meaning
        sided = [side_of(row) != "midline" for row in table.rows]
        ours, theirs = ours[sided], theirs[sided]
    return bool(np.array_equal(ours, theirs, equal_nan=True))
