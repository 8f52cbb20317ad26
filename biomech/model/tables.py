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
from typing import cast

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True, eq=False)
class Table:
    """Named rows in typed columns, immutable.

    Parameters
    ----------
    name : str
        One of the names in ``SCHEMA``.
    columns : mapping of str to tuple
        Column name to the values of all rows; the first column holds the unique row names.
    """

    name: str
    columns: Mapping[str, Column]

    def __post_init__(self) -> None:
        if not isinstance(self.columns, Mapping):
            raise ModelError(f"columns = {self.columns!r:.80}: must map the columns of a table to their cells")
        columns = {column: _cells(self.name, column, given) for column, given in self.columns.items()}
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
        return cast(tuple[str, ...], self.columns[column])

    def numbers(self, *columns: str) -> NDArray[np.float64]:
        """Number columns: shape (rows,) for one column, (rows, columns) for several."""
        stacked = np.array([self.columns[c] for c in columns], dtype=np.float64)
        return stacked[0] if len(columns) == 1 else np.ascontiguousarray(stacked.T)

    def value(self, row: str, column: str = "value") -> float:
        """One number."""
        return float(self.columns[column][self.index(row)])

    def index(self, row: str) -> int:
        """Position of a row."""
        try:
            return self._place[row]
        except KeyError:
            raise ModelError(f"table {self.name!r} has no row {row!r}") from None

    @cached_property
    def _place(self) -> dict[str, int]:
        return {row: i for i, row in enumerate(self.rows)}

    def matching(self, pattern: str) -> list[int]:
        """Positions of the rows whose name matches a shell-style pattern (``*``, ``?``)."""
        return [i for i, row in enumerate(self.rows) if fnmatchcase(row, pattern)]

    def with_numbers(self, column: str, values: Mapping[int, float]) -> Table:
        """A new table in which some rows of one number column have other values."""
        changed = self.numbers(column).tolist()
        for i, value in values.items():
            if not math.isfinite(value):
                raise ModelError(f"{self.name}/{self.rows[i]}/{column} = {value!r}: must be a finite number")
            changed[i] = float(value)
        return Table(self.name, {**self.columns, column: tuple(changed)})


def _cells(table: str, column: str, given: object) -> Column:
    """Cells that nobody can change, of any iterable but a text."""
    if type(given) is tuple:
        return given
    flat = not isinstance(given, np.ndarray) or given.ndim == 1
    if isinstance(given, str | bytes) or not isinstance(given, Iterable) or not flat:
        raise ModelError(f"table {table!r}: column {column!r} = {given!r:.80}: must be a tuple of cells")
    return tuple(given.tolist()) if isinstance(given, np.ndarray) else tuple(given)


def make_table(name: str, records: Iterable[Mapping[str, str]]) -> Table:
    """Parse records of strings by the table's schema.

    Raises
    ------
    ModelError
        A column is missing or unknown, a cell is no finite number, or a row name is absent or repeated.
    """
    schema = SCHEMA[name]
    cells: dict[str, list[float | str]] = {column: [] for column in schema}
    for number, record in enumerate(records, start=1):
        if set(record) != set(schema):
            raise ModelError(f"{name}, row {number}: columns {sorted(record)} are not {sorted(schema)}")
        for column, kind in schema.items():
            cells[column].append(_parse(record[column], kind, f"{name}, row {number}, {column}"))
    rows = cells[next(iter(schema))]
    if "" in rows or len(set(rows)) != len(rows):
        raise ModelError(f"{name}: row names must be present and unique")
    return Table(name, {column: tuple(values) for column, values in cells.items()})  # type: ignore[misc]


def _parse(cell: str, kind: str, where: str) -> float | str:
    if kind == "text":
        return cell
    if kind == "optional" and cell == "":
        return math.nan
    try:
        value = float(cell)
    except (TypeError, ValueError):
        raise ModelError(f"{where} = {cell!r}: not a number") from None
    if not math.isfinite(value):
        raise ModelError(f"{where} = {cell!r}: must be finite")
    return value


def read_table(name: str, folder: Traversable) -> Table:
    """Read ``<name>.csv`` from a folder of the package."""
    text = (folder / f"{name}.csv").read_text(encoding="utf-8")
    return make_table(name, csv.DictReader(text.splitlines()))
