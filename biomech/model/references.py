"""What refers to what in the tables of a body: columns that name rows of other tables.

Renaming, mirroring, removal and checks follow them. A table that is added to the schema (``tables``) says here which of
its columns name parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from biomech.model.tables import COLUMNS, Table


class Reference(NamedTuple):
    """What a column names: rows of ``table``, of ``splines`` and ``functions`` what their second column calls them.

    ``also``: or of other tables; ``several``: names joined by ";"; ``empty``: or nothing; ``ground``: or the ground;
    ``loose``: or what is not there.
    """

    table: str
    also: tuple[str, ...] = ()
    several: bool = False
    empty: bool = False
    ground: bool = False
    loose: bool = False

    @property
    def tables(self) -> tuple[str, ...]:
        """Every table whose rows it may name."""
        return (self.table, *self.also)


#: What runs along a path of its own: no two of these have one name.
PATHS = ("muscles", "passive_paths", "path_actuators")
_PATH = Reference(PATHS[0], also=PATHS[1:])
_COORDINATE, _ON_GROUND = Reference("coordinates", empty=True), Reference("segments", ground=True)
_SPLINE, _FUNCTION = Reference("splines", empty=True), Reference("functions")
#: By table and column, what it names.
REFERENCES: Mapping[str, Mapping[str, Reference]] = {
    "joints": {"parent": _ON_GROUND, "child": Reference("segments")},
    "coordinates": {"joint": Reference("joints")},
    "couplings": {"joint": Reference("joints"), "coordinate": _COORDINATE, "spline": _SPLINE},
    "path_points": {
        "muscle": _PATH,
        "segment": _ON_GROUND,
        "coordinate": _COORDINATE,
        "spline_x": _SPLINE,
        "spline_y": _SPLINE,
    },
    "contact_points": {"segment": _ON_GROUND},
    "patellae": {"coordinate": Reference("coordinates")},
    "joint_frames": {"joint": Reference("joints")},
    "transform_rows": {
        "joint": Reference("joints"),
        "function": _FUNCTION,
        "coordinates": Reference("coordinates", several=True, empty=True),
    },
    "couplers": {
        "dependent": Reference("coordinates"),
        "independents": Reference("coordinates", several=True),
        "function": _FUNCTION,
    },
    "defaults": {"coordinate": Reference("coordinates")},
    "point_rows": {
        "point": Reference("path_points"),
        **{f"function_{axis}": _FUNCTION for axis in "xyz"},
        **{f"coordinate_{axis}": _COORDINATE for axis in "xyz"},
    },
    "inertias": {"segment": Reference("segments")},
    "wraps": {"segment": _ON_GROUND},
    "path_wraps": {"muscle": _PATH, "wrap": Reference("wraps")},
    "force_length_curves": {"muscle": Reference("muscles"), "function": Reference("functions", empty=True)},
    "coordinate_forces": {"coordinate": Reference("coordinates")},
    "bushings": {"first": _ON_GROUND, "second": _ON_GROUND},
    "point_springs": {"first": _ON_GROUND, "second": _ON_GROUND},
    "passive_paths": {"function": Reference("functions", empty=True)},
    "reserves": {"coordinate": Reference("coordinates")},
    "reported_joints": {"joint": Reference("joints"), "segment": Reference("segments")},
    "left_out": {"muscle": Reference("muscles", empty=True, loose=True)},
}
#: Tables of several rows each, whose second column is what others call them by.
CURVES = ("splines", "functions")


def names_in(table: Table) -> tuple[str, ...]:
    """What others call the rows of a table by."""
    return table.text(list(COLUMNS[table.name])[1]) if table.name in CURVES else table.rows


def named_by(table: Table, column: str) -> list[list[str]]:
    """Of every row, the names in a column that refers to another table."""
    several = REFERENCES[table.name][column].several
    return [[name for name in (cell.split(";") if several else (cell,)) if name] for cell in table.text(column)]
