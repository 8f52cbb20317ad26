"""The left half of the body as the mirror image of the right.

Tables hold the right side and the midline. Mirroring in the sagittal plane negates z of every point and the x and y
of every rotation axis (an axis is a pseudovector), and turns the ending ``_r`` of a name into ``_l``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from biomech._arguments import instance, text
from biomech.errors import ModelError
from biomech.model.limits import check_structure
from biomech.model.tables import SCHEMA, Table

#: Number columns that change sign in the mirror.
_NEGATED = {
    "segments": ("com_z",),
    "joints": ("z", "torsion"),
    "coordinates": ("axis_x", "axis_y"),
    "path_points": ("z",),
    "contact_points": ("z",),
    "patellae": ("z",),
}
#: Text columns that hold names with a side.
_NAMES = {
    "segments": ("segment",),
    "joints": ("joint", "parent", "child"),
    "coordinates": ("coordinate", "joint"),
    "couplings": ("coupling", "joint", "coordinate"),
    "muscles": ("muscle",),
    "path_points": ("point", "muscle", "segment", "coordinate"),
    "contact_points": ("contact", "segment"),
    "patellae": ("patella", "coordinate"),
}
_BARE = ("splines", "patellar_tendon", "passive", "settings")
#: Coordinates that leave the sagittal plane: zero in a symmetric stance.
ANTISYMMETRIC = ("pelvis_list", "pelvis_rotation", "pelvis_tz", "lumbar_bending", "lumbar_rotation")
_SIDE = re.compile(r"_[rl](?=$|[._])")


def other_side(name: str) -> str:
    """The mirrored name: ``soleus_r`` for ``soleus_l`` and back; a midline name is its own mirror."""
    return _SIDE.sub(lambda match: "_l" if match[0] == "_r" else "_r", text("name", name, ModelError))


def side_of(name: str) -> str:
    """``right``, ``left`` or ``midline``."""
    match = _SIDE.search(text("name", name, ModelError))
    return "midline" if match is None else {"_r": "right", "_l": "left"}[match[0]]


def mirror_sign(table: str, column: str) -> float:
    """-1 for the number columns that change sign in the mirror."""
    column = text("column", column, ModelError)
    return -1.0 if column in _NEGATED.get(text("table", table, ModelError), ()) else 1.0


def mirrored(table: Table) -> Table:
    """The mirror image of a table, row for row."""
    columns = dict(instance("table", table, Table, "a Table", ModelError).columns)
    for column in _NAMES.get(table.name, ()):
        columns[column] = tuple(other_side(name) for name in table.text(column))
    for column in _NEGATED.get(table.name, ()):
        columns[column] = tuple(float(0.0 - value) for value in table.numbers(column))
    return Table(table.name, columns)


def with_left_side(table: Table) -> Table:
    """Append the left side to a table of the right side and the midline."""
    if instance("table", table, Table, "a Table", ModelError).name in _BARE:
        return table
    image = mirrored(table)
    keep = [i for i, row in enumerate(image.rows) if row not in table.rows]
    columns = {c: (*table.columns[c], *(image.columns[c][i] for i in keep)) for c in SCHEMA[table.name]}
    return Table(table.name, columns)


def is_symmetric(tables: Mapping[str, Table]) -> bool:
    """Whether the left side is the exact mirror of the right in every number, and the right half stands by itself."""
    check_structure(tables)
    return all(_matches_mirror(table) for table in tables.values()) and not _leaves_the_half(tables)


def _leaves_the_half(tables: Mapping[str, Table]) -> bool:
    """Whether something slides sideways, or with a coordinate that the right half of the body does not have.

    Both sides slide along the same splines, so one that slides along z is not the mirror image of the other.
    """
    couplings, points = tables["couplings"], tables["path_points"]
    users = [*zip(couplings.text("joint"), couplings.text("coordinate"), strict=True)]
    users += [*zip(points.text("muscle"), points.text("coordinate"), strict=True)]
    return "z" in couplings.text("component") or any(
        coordinate in ANTISYMMETRIC or side_of(coordinate) not in ("midline", side_of(user))
        for user, coordinate in users
    )


def _matches_mirror(table: Table) -> bool:
    if table.name in _BARE:
        return True
    image = mirrored(table)
    try:
        order = [image.index(row) for row in table.rows]
    except ModelError:
        return False
    for column, kind in SCHEMA[table.name].items():
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
