"""Tables of numbers with their sources: what a model is made of.

A table is a set of rows, each with a unique name, in columns of one type. Tables are immutable; changing a
number returns a new table. Files are parsed as data only (the csv module, numbers through ``float``).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import entries, instance, one_of, real_number, refusal, shown, text, whole_number
from biomech.errors import ModelError

Column = tuple[float, ...] | tuple[str, ...]

#: The columns of each table: name -> "text", "number" or "optional" (a number that may be absent, NaN).
#: The first column names the row.
SCHEMA: dict[str, dict[str, str]] = {
    "segments": {
        "segment": "text",
        "mass": "number",
        "com_x": "number",
        "com_y": "number",
        "com_z": "number",
        "source": "text",
    },
    "joints": {
        "joint": "text",
        "parent": "text",
        "child": "text",
        "x": "number",
        "y": "number",
        "z": "number",
        "torsion": "number",
        "source": "text",
    },
    "coordinates": {
        "coordinate": "text",
        "joint": "text",
        "motion": "text",
        "axis_x": "number",
        "axis_y": "number",
        "axis_z": "number",
        "range_min": "number",
        "range_max": "number",
        "trusted_min": "number",
        "trusted_max": "number",
        "stance": "text",
        "source": "text",
    },
    "couplings": {
        "coupling": "text",
        "joint": "text",
        "component": "text",
        "coordinate": "text",
        "spline": "text",
        "source": "text",
    },
    "splines": {"knot": "text", "spline": "text", "angle": "number", "value": "number", "source": "text"},
    "muscles": {
        "muscle": "text",
        "max_isometric_force": "number",
        "optimal_fibre_length": "number",
        "tendon_slack_length": "number",
        "pennation": "number",
        "leverage": "number",
        "groups": "text",
        "source": "text",
    },
    "path_points": {
        "point": "text",
        "muscle": "text",
        "segment": "text",
        "kind": "text",
        "x": "number",
        "y": "number",
        "z": "number",
        "spline_x": "text",
        "spline_y": "text",
        "coordinate": "text",
        "active_min": "optional",
        "active_max": "optional",
        "source": "text",
    },
    "contact_points": {
        "contact": "text",
        "segment": "text",
        "surface": "text",
        "x": "number",
        "y": "number",
        "z": "number",
        "source": "text",
    },
    "patellae": {
        "patella": "text",
        "coordinate": "text",
        "flexion": "number",
        "group": "text",
        "z": "number",
        "source": "text",
    },
    "patellar_tendon": {"knot": "text", "curve": "text", "flexion": "number", "value": "number", "source": "text"},
    "passive": {"parameter": "text", "value": "number", "unit": "text", "source": "text"},
    "settings": {"setting": "text", "value": "number", "unit": "text", "source": "text"},
}
#: Tables that a body may have besides: absent is empty. The first column names the row; which columns name parts is
#: told in ``biomech.model.references``.
OPTIONAL: dict[str, dict[str, str]] = {
    "joint_frames": {
        "joint": "text",
        "parent_rx": "number",
        "parent_ry": "number",
        "parent_rz": "number",
        "child_x": "number",
        "child_y": "number",
        "child_z": "number",
        "child_rx": "number",
        "child_ry": "number",
        "child_rz": "number",
        "source": "text",
    },
    "transform_rows": {
        "row": "text",
        "joint": "text",
        "motion": "text",
        "axis_x": "number",
        "axis_y": "number",
        "axis_z": "number",
        "function": "text",
        "coordinates": "text",
        "source": "text",
    },
    "functions": {
        "entry": "text",
        "function": "text",
        "kind": "text",
        "x": "number",
        "y": "number",
        "source": "text",
    },
    "couplers": {
        "coupler": "text",
        "dependent": "text",
        "independents": "text",
        "function": "text",
        "scale": "number",
        "source": "text",
    },
    "defaults": {
        "coordinate": "text",
        "value": "number",
        "locked": "number",
        "clamped": "number",
        "prescribed": "number",
        "source": "text",
    },
    "point_rows": {
        "point": "text",
        "function_x": "text",
        "coordinate_x": "text",
        "function_y": "text",
        "coordinate_y": "text",
        "function_z": "text",
        "coordinate_z": "text",
        "rx": "number",
        "ry": "number",
        "rz": "number",
        "source": "text",
    },
    "inertias": {
        "segment": "text",
        "xx": "number",
        "yy": "number",
        "zz": "number",
        "xy": "number",
        "xz": "number",
        "yz": "number",
        "source": "text",
    },
    "wraps": {
        "wrap": "text",
        "segment": "text",
        "kind": "text",
        "radius": "number",
        "length": "optional",
        "x": "number",
        "y": "number",
        "z": "number",
        "rx": "number",
        "ry": "number",
        "rz": "number",
        "quadrant": "text",
        "source": "text",
    },
    "path_wraps": {
        "row": "text",
        "muscle": "text",
        "wrap": "text",
        "first": "optional",
        "last": "optional",
        "source": "text",
    },
    # how force goes with the length of a muscle's fibres: the numbers of its kind
    "force_length_curves": {
        "muscle": "text",
        "kind": "text",
        "width": "optional",
        "min_length": "optional",
        "transition_length": "optional",
        "max_length": "optional",
        "slope": "optional",
        "least": "optional",
        "function": "text",
        "source": "text",
    },
    # springs and limits of coordinates, in rad or m and N.m/rad or N/m
    "coordinate_forces": {
        "force": "text",
        "kind": "text",
        "coordinate": "text",
        "upper_stiffness": "number",
        "upper_limit": "number",
        "lower_stiffness": "number",
        "lower_limit": "number",
        "transition": "number",
        "source": "text",
    },
    # springs and ligaments along paths, whose points are in path_points: m, N/m or N per strain, N
    "passive_paths": {
        "passive_path": "text",
        "kind": "text",
        "slack_length": "number",
        "stiffness": "optional",
        "strength": "optional",
        "transition_strain": "optional",
        "function": "text",
        "source": "text",
    },
    # actuators along paths, whose points are in path_points: N at unit control, and limits of the control
    "path_actuators": {
        "path_actuator": "text",
        "optimal_force": "number",
        "min_control": "optional",
        "max_control": "optional",
        "source": "text",
    },
    # elastic elements between two segments: places m, angles deg, stiffness N.m/rad and N/m
    "bushings": {
        "bushing": "text",
        "first": "text",
        "second": "text",
        "first_x": "number",
        "first_y": "number",
        "first_z": "number",
        "first_rx": "number",
        "first_ry": "number",
        "first_rz": "number",
        "second_x": "number",
        "second_y": "number",
        "second_z": "number",
        "second_rx": "number",
        "second_ry": "number",
        "second_rz": "number",
        "rotational_stiffness_x": "number",
        "rotational_stiffness_y": "number",
        "rotational_stiffness_z": "number",
        "translational_stiffness_x": "number",
        "translational_stiffness_y": "number",
        "translational_stiffness_z": "number",
        "source": "text",
    },
    # springs between two points, in m and N/m
    "point_springs": {
        "point_spring": "text",
        "first": "text",
        "second": "text",
        "first_x": "number",
        "first_y": "number",
        "first_z": "number",
        "second_x": "number",
        "second_y": "number",
        "second_z": "number",
        "stiffness": "number",
        "rest_length": "number",
        "source": "text",
    },
    # actuators of coordinates, N.m or N at unit control
    "reserves": {"coordinate": "text", "optimal_force": "number", "source": "text"},
    # joints whose contact force is told, and in the axes of which segment (``biomech.model.reported``)
    "reported_joints": {"report": "text", "joint": "text", "segment": "text", "compression": "text", "source": "text"},
    # what a file has and is not computed: its class and name, and the muscle whose answers it concerns, or all statics
    "left_out": {"part": "text", "kind": "text", "name": "text", "muscle": "text", "affects": "text", "source": "text"},
    # who made a file's body, in the file's words
    "credits": {"credit": "text", "text": "text", "source": "text"},
    # what stands in for what a file does not say, in words
    "notes": {"note": "text", "text": "text", "source": "text"},
}
#: The columns of every table that there may be.
COLUMNS: dict[str, dict[str, str]] = {**SCHEMA, **OPTIONAL}
#: Beyond this a whole number is no float.
_LARGEST = 1 << 1023


@dataclass(frozen=True, eq=False)
class Table:
    """Named rows in typed columns, immutable.

    Parameters
    ----------
    name : str
        One of the names in ``SCHEMA`` or ``OPTIONAL``.
    columns : mapping of str to tuple
        Column name to the values of all rows; the first column holds the unique row names.
    """

    name: str
    columns: Mapping[str, Column]

    def __post_init__(self) -> None:
        one_of("name", self.name, COLUMNS, ModelError)
        instance("columns", self.columns, Mapping, "a mapping of columns to their cells", ModelError)
        columns = {column: _cells(self.name, column, given) for column, given in self.columns.items()}
        _check_columns(self.name, columns)
        object.__setattr__(self, "columns", MappingProxyType(columns))

    def __reduce__(self) -> tuple[type[Table], tuple[str, dict[str, Column]]]:
        return Table, (self.name, dict(self.columns))

    @property
    def rows(self) -> tuple[str, ...]:
        """Row names, in order."""
        return self.text(next(iter(self.columns)))

    def __len__(self) -> int:
        return len(self.rows)

    def text(self, column: str) -> tuple[str, ...]:
        """One text column."""
        return cast(tuple[str, ...], self._cells(column))

    def _cells(self, column: str) -> Column:
        try:
            return self.columns[column]
        except (KeyError, TypeError):
            raise ModelError(
                f"column = {shown(column)}: table {self.name!r} has {', '.join(COLUMNS[self.name])}"
            ) from None

    def _not_a_number(self, columns: Iterable[str]) -> ModelError:
        """The first cell of some columns that cannot be a float."""
        for column in columns:
            cells: tuple[Any, ...] = self._cells(column)
            for row, cell in zip(self.rows, cells, strict=True):
                try:
                    float(cell)
                except (TypeError, ValueError, OverflowError):
                    return ModelError(f"{self.name}/{row}/{column} = {shown(cell)}: must be a number")
        return ModelError(f"columns = {shown(columns)}: must be columns of numbers")

    def numbers(self, *columns: str) -> NDArray[np.float64]:
        """Number columns: shape (rows,) for one column, (rows, columns) for several."""
        if not columns:
            raise ModelError(f"columns: name at least one of {', '.join(COLUMNS[self.name])}")
        try:
            stacked = np.array([self._cells(c) for c in columns], dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise self._not_a_number(columns) from None
        return stacked[0] if len(columns) == 1 else np.ascontiguousarray(stacked.T)

    def value(self, row: str, column: str = "value") -> float:
        """One number."""
        cell = self._cells(column)[self.index(row)]
        try:
            return float(cell)
        except (TypeError, ValueError, OverflowError):
            raise ModelError(f"{self.name}/{row}/{column} = {shown(cell)}: must be a number") from None

    def index(self, row: str) -> int:
        """Position of a row."""
        try:
            return self._place[row]
        except (KeyError, TypeError):
            raise ModelError(f"row = {shown(row)}: table {self.name!r} has no such row") from None

    @cached_property
    def _place(self) -> dict[str, int]:
        return {row: i for i, row in enumerate(self.rows)}

    def matching(self, pattern: str) -> list[int]:
        """Positions of the rows whose name matches a shell-style pattern (``*``, ``?``)."""
        text("pattern", pattern, ModelError)
        return [i for i, row in enumerate(self.rows) if fnmatchcase(row, pattern)]

    def with_column(self, column: str, cells: Column) -> Table:
        """A table with another column, whose cells are taken as they are: for numbers that were looked at before."""
        one_of("column", column, COLUMNS[self.name], ModelError)
        if type(cells) is not tuple or len(cells) != len(self):
            raise refusal("cells", cells, f"a tuple of {len(self)} cells", ModelError)
        made = object.__new__(Table)
        object.__setattr__(made, "name", self.name)
        object.__setattr__(made, "columns", MappingProxyType({**self.columns, column: cells}))
        return made

    def with_numbers(self, column: str, values: Mapping[int, float]) -> Table:
        """A new table in which some rows of one number column have other values."""
        changed = self.numbers(column).tolist()
        for i, given in instance("values", values, Mapping, "a mapping of rows to numbers", ModelError).items():
            i = whole_number("values", i, 0, len(self) - 1, ModelError)
            value = real_number(f"values[{i}]: {self.name}/{self.rows[i]}/{column}", given, error=ModelError)
            changed[i] = value
        return Table(self.name, {**self.columns, column: tuple(changed)})


def _cells(table: str, column: str, given: object) -> Column:
    """Cells that nobody can change, of any iterable but a text."""
    if type(given) is tuple:
        return given
    compiled = not isinstance(given, np.ndarray) or given.ndim == 1
    if isinstance(given, str | bytes) or not isinstance(given, Iterable) or not compiled:
        raise ModelError(f"table {table!r}: columns[{column!r}] = {shown(given)}: must be a tuple of cells")
    try:
        return tuple(given.tolist()) if isinstance(given, np.ndarray) else tuple(given)
    except TypeError:  # what only seems to be one
        raise ModelError(f"table {table!r}: columns[{column!r}] = {shown(given)}: must be a tuple of cells") from None


def _check_columns(name: str, columns: Mapping[str, Column]) -> None:
    """A table has the columns of its kind, in their order, all of one length, and rows that have names."""
    own, wanted = list(columns), list(COLUMNS[name])
    if own != wanted:
        missing, unknown = [c for c in wanted if c not in own], [c for c in own if c not in wanted]
        said = f"missing {missing}" if missing else f"unknown {shown(unknown)}" if unknown else f"in the order {own}"
        raise ModelError(f"table {name!r}: columns {said}; must be {', '.join(wanted)}")
    rows = columns[wanted[0]]
    for column, cells in columns.items():
        if len(cells) != len(rows):
            raise ModelError(
                f"table {name!r}: columns[{column!r}] has {len(cells)} cells; must have {len(rows)}, one for each row"
            )
    for row in rows:
        if not isinstance(row, str):
            raise ModelError(f"table {name!r}: columns[{wanted[0]!r}] = {shown(row)}: must be text")


def make_table(name: str, records: Iterable[Mapping[str, str]]) -> Table:
    """Parse records of strings by the table's schema.

    Raises
    ------
    ModelError
        A column is missing or unknown, a cell is no finite number, or a row name is absent or repeated.
    """
    schema = COLUMNS[one_of("name", name, COLUMNS, ModelError)]
    allowed = "a list of mappings of columns to cells"
    cells: dict[str, list[float | str]] = {column: [] for column in schema}
    for number, record in enumerate(entries("records", records, allowed, ModelError), start=1):
        instance("records", record, Mapping, allowed, ModelError)
        if set(record) != set(schema):
            own = ", ".join(sorted(map(str, record)))
            raise ModelError(f"records: {name}, row {number}: columns are {own}; must be {', '.join(sorted(schema))}")
        for column, kind in schema.items():
            cells[column].append(_parse(record[column], kind, f"records: {name}, row {number}, {column}"))
    rows = cells[next(iter(schema))]
    if "" in rows or len(set(rows)) != len(rows):
        raise ModelError(f"records: {name}: row names must be present and unique")
    return Table(name, {column: tuple(values) for column, values in cells.items()})  # type: ignore[misc]


def _parse(cell: str, kind: str, where: str) -> float | str:
    if kind == "text":
        return text(where, cell, ModelError)
    if kind == "optional" and cell == "":
        return math.nan
    try:
        value = float(cell) if isinstance(cell, str) else real_number(where, cell, error=ModelError)
    except ValueError:
        raise ModelError(f"{where} = {shown(cell)}: not a number") from None
    if not math.isfinite(value):
        raise ModelError(f"{where} = {shown(cell)}: must be finite")
    return value


def read_table(name: str, folder: Traversable) -> Table:
    """Read ``<name>.csv`` from a folder of the package."""
    one_of("name", name, COLUMNS, ModelError)
    instance("folder", folder, Traversable, "a folder, as importlib.resources.files or pathlib.Path", ModelError)
    try:
        lines = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise ModelError(f"folder = {shown(str(folder))}: cannot read {name}.csv there: {error}") from None
    return make_table(name, csv.DictReader(lines))


def empty_table(name: str) -> Table:
    """A table without rows.

    Raises
    ------
    ModelError
        There is no table of that name.
    """
    return Table(name, dict.fromkeys(COLUMNS[one_of("name", name, COLUMNS, ModelError)], ()))


_EMPTY = {name: empty_table(name) for name in OPTIONAL}


def complete(tables: Mapping[str, Table]) -> dict[str, Table]:
    """The tables of a body and empty ones in place of those that it need not have and does not.

    Examples
    --------
    >>> import biomech as bm
    >>> len(complete(bm.load_model("small").tables)["couplers"])
    0
    """
    return {**_EMPTY, **instance("tables", tables, Mapping, "a mapping of names to tables", ModelError)}


def check_structure(tables: object) -> None:
    """Refuse what is no set of tables at all: the first thing that is asked of a model.

    Parameters
    ----------
    tables : object
        What was given as tables.

    Raises
    ------
    ModelError
        Names the table or column that is missing, unknown, uneven or of another type.
    """
    if not isinstance(tables, Mapping):
        raise ModelError(f"tables = {shown(tables)}: must map the names of tables to tables: {', '.join(SCHEMA)}")
    missing, unknown = [n for n in SCHEMA if n not in tables], [n for n in tables if n not in COLUMNS]
    if missing or unknown:
        said = f"missing {missing}" if missing else f"unknown {unknown}"
        raise ModelError(f"tables: {said}; a model has {', '.join(SCHEMA)}, and may have {', '.join(OPTIONAL)}")
    for name, table in tables.items():
        if not isinstance(table, Table) or table.name != name:
            raise ModelError(f"tables[{name!r}] = {shown(table)}: must be the Table of that name")


def check_cells(given: Iterable[Table]) -> None:
    """Refuse tables whose cells are of the wrong type, or whose rows have no names of their own."""
    for one in entries("given", given, "a list of tables", ModelError):
        table = instance("given", one, Table, "a list of tables", ModelError)
        for column, kind in COLUMNS[table.name].items():
            allowed, kinds = ("text", (str,)) if kind == "text" else ("a number", (int, float, np.number))
            for row, cell in enumerate(table.columns[column]):
                if not isinstance(cell, kinds) or isinstance(cell, bool | np.complexfloating | np.timedelta64):
                    raise ModelError(f"{table.name}, row {row + 1}, {column} = {shown(cell)}: must be {allowed}")
                if type(cell) is int and abs(cell) > _LARGEST:
                    raise ModelError(
                        f"{table.name}, row {row + 1}, {column}: must be a finite number; is beyond floats"
                    )
        if "" in table.rows or len(set(table.rows)) != len(table):
            raise ModelError(f"{table.name}: row names must be present and unique")
        for name in table.rows:
            if "/" in name or name != name.strip():
                raise ModelError(f"{table.name}: row {name!r}: a name must have no '/' in it and no blanks around it")


def optional(tables: Mapping[str, Table], name: str) -> Table:
    """A table of a model; where that does without it, empty.

    Raises
    ------
    ModelError
        There is no table of that name, or something else in its place.
    """
    one_of("name", name, COLUMNS, ModelError)
    if name not in instance("tables", tables, Mapping, "a mapping of names to tables", ModelError):
        return Table(name, dict.fromkeys(COLUMNS[name], ()))
    return instance(f"tables[{name!r}]", tables[name], Table, "a Table", ModelError)
