"""Tables of joints by rows in a body that grows as a whole: frames, functions, couplers, defaults, limits, inertias.

Lengths are ``length`` times what they were; what is an angle stays. A function of a coordinate that slides is of a way
that has grown as well: g(x) = a f(x / b), with a and b the length's factor or 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from biomech.errors import ModelError
from biomech.model.tables import Table

Tables = Mapping[str, Table]

#: Tables that say in m and kg m2 what scaling by parts does not know of.
BY_ROWS = frozenset({"joint_frames", "functions", "defaults", "inertias", "coordinate_forces", "reserves"})


class _Use(NamedTuple):
    """How a function grows: the factor of its value, and of each of its arguments."""

    value: float
    arguments: tuple[float, ...]


def grow_rows(before: Tables, tables: Tables, length: float) -> dict[str, Table]:
    """Tables of which those of joints by rows have grown by a factor of all lengths.

    Parameters
    ----------
    before, tables : mapping of str to Table
        Those of the body as it was, and with the masses that it has now.
    length : float
        The factor.
    """
    found = dict(tables)
    for column in ("child_x", "child_y", "child_z") if "joint_frames" in tables else ():
        found["joint_frames"] = _times(found["joint_frames"], column, [length] * len(tables["joint_frames"]))
    if "coordinate_forces" in tables:
        found["coordinate_forces"] = _grown_forces(before, tables, length)
    if "reserves" in tables:
        own, slides = tables["reserves"], _sliding(tables)
        mass = _mass_factor(before, tables)
        factors = [mass * (1.0 if row in slides else length) for row in own.rows]
        found["reserves"] = _times(own, "optimal_force", factors)
    if "inertias" in tables:
        old, new = (dict(_masses(each)) for each in (before, tables))
        own = tables["inertias"]
        factors = [length**2 * (new[row] / old[row] if old[row] > 0.0 else 1.0) for row in own.rows]
        for column in ("xx", "yy", "zz", "xy", "xz", "yz"):
            found["inertias"] = _times(found["inertias"], column, factors)
    if "functions" in tables:
        found["functions"] = _grown_functions(tables["functions"], _uses(tables, length))
    if "defaults" in tables:
        slides = _sliding(tables)
        own = tables["defaults"]
        found["defaults"] = _times(own, "value", [length if row in slides else 1.0 for row in own.rows])
    return found


def _grown_forces(before: Tables, tables: Tables, length: float) -> Table:
    """Springs and limits: moments go with mass and length, forces with mass."""
    own, slides, mass = tables["coordinate_forces"], _sliding(tables), _mass_factor(before, tables)
    ways = [length if name in slides else 1.0 for name in own.text("coordinate")]
    for column in ("upper_limit", "lower_limit", "transition"):
        own = _times(own, column, ways)
    for column in ("upper_stiffness", "lower_stiffness"):
        own = _times(own, column, [mass * length / way**2 for way in ways])
    return own


def _mass_factor(before: Tables, tables: Tables) -> float:
    old, new = (sum(mass for _, mass in _masses(each)) for each in (before, tables))
    return new / old if old > 0.0 else 1.0


def _masses(tables: Tables) -> list[tuple[str, float]]:
    segments = tables["segments"]
    return list(zip(segments.rows, segments.numbers("mass").tolist(), strict=True))


def _times(table: Table, column: str, factors: list[float]) -> Table:
    values = table.numbers(column)
    return table.with_numbers(column, {i: float(values[i]) * factor for i, factor in enumerate(factors)})


def _sliding(tables: Tables) -> set[str]:
    table = tables["coordinates"]
    return {row for row, motion in zip(table.rows, table.text("motion"), strict=True) if motion == "translation"}


def _uses(tables: Tables, length: float) -> dict[str, _Use]:
    """How every function grows.

    Raises
    ------
    ModelError
        One is a length in one place and an angle in another.
    """
    slides, found = _sliding(tables), dict[str, _Use]()

    def add(where: str, name: str, is_length: bool, cell: str) -> None:
        own = tuple(length if of in slides else 1.0 for of in cell.split(";")) if cell else ()
        use = _Use(length if is_length else 1.0, own)
        if found.setdefault(name, use) != use and length != 1.0:
            raise ModelError(f"{where}: function {name!r} is of a length here and of an angle elsewhere")

    if "transform_rows" in tables:
        table = tables["transform_rows"]
        columns = (table.text(column) for column in ("function", "motion", "coordinates"))
        for row, name, motion, cell in zip(table.rows, *columns, strict=True):
            add(f"transform_rows/{row}", name, motion == "translation", cell)
    if "couplers" in tables:
        table = tables["couplers"]
        columns = (table.text(column) for column in ("function", "dependent", "independents"))
        for row, name, dependent, cell in zip(table.rows, *columns, strict=True):
            add(f"couplers/{row}", name, dependent in slides, cell)
    if "point_rows" in tables:
        table = tables["point_rows"]
        for axis in "xyz":
            for row, name, cell in zip(
                table.rows, table.text(f"function_{axis}"), table.text(f"coordinate_{axis}"), strict=True
            ):
                add(f"point_rows/{row}", name, True, cell)
    if "passive_paths" in tables:  # of lengths over one another
        table = tables["passive_paths"]
        for row, name in zip(table.rows, table.text("function"), strict=True):
            if name:
                add(f"passive_paths/{row}", name, False, "")
    return found


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
