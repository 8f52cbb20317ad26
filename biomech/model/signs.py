"""Signs of coordinates: tables in which some coordinates count the other way round.

Roles have signs: ``knee_angle_r`` is the extension of the knee, whichever way a body itself counts it. A coordinate
that is turned has its axis and ranges negated, and everything that is told at an angle of it: splines, the ranges of
conditional points, which way a patella's knee bends. Turning twice gives the tables back, number for number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech.errors import ModelError
from biomech.model.function_kinds import BY_KNOTS
from biomech.model.tables import Column, Table

Tables = Mapping[str, Table]

#: Behind the name of a spline that is read backwards because another coordinate reads it forwards.
_BACKWARDS = " backwards"
#: Columns that name splines, by table; ``coordinate`` is the column that says at whose angle.
_USERS = {"couplings": ("spline",), "path_points": ("spline_x", "spline_y")}
#: Columns that name functions and those that name their coordinates, by table.
_FUNCTION_USERS = {
    "transform_rows": (("function", "coordinates"),),
    "couplers": (("function", "independents"),),
    "point_rows": tuple((f"function_{axis}", f"coordinate_{axis}") for axis in "xyz"),
}


def other_way(values: NDArray[np.float64], turned: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Values (..., coordinate), negated where a coordinate is turned; no zero becomes negative."""
    return np.where(turned, 0.0 - values, values) if turned.any() else values


def turn_coordinates(tables: Tables, names: Collection[str]) -> dict[str, Table]:
    """Tables in which the coordinates ``names`` have the opposite sign.

    A spline that is read by coordinates of either kind is there twice: as it was, and backwards under another name.

    Examples
    --------
    >>> import biomech as bm
    >>> from biomech.model.signs import turn_coordinates
    >>> tables = turn_coordinates(bm.load_model("small").tables, ["knee_angle_r"])
    >>> tables["coordinates"].value("knee_angle_r", "range_max")
    120.0
    """
    found = dict(tables)
    if not names:
        return found
    forwards, backwards = _read_splines(tables, names)
    both = forwards & backwards
    called = _names_of_copies(tables["splines"], both)
    found["splines"] = _with_copies(_reversed(tables["splines"], backwards - both), called)
    found["coordinates"] = _negated(tables["coordinates"], tables["coordinates"].rows, names)
    found["patellae"] = _negated(tables["patellae"], tables["patellae"].text("coordinate"), names)
    points = _negated(tables["path_points"], tables["path_points"].text("coordinate"), names)
    found["path_points"] = _renamed(points, names, called)
    found["couplings"] = _renamed(tables["couplings"], names, called)
    return found | _with_functions(tables, names)


def turn_back(tables: Tables, names: Collection[str], own: Table) -> dict[str, Table]:
    """Tables of which ``turn_coordinates`` made these, less what is gone since; ``own``: the splines that they had."""
    found, splines, knots = turn_coordinates(tables, names), {*own.text("spline")}, {*own.rows}
    table = found["splines"]
    there = set(table.text("spline"))
    called = {name: _original(name, splines) for name in there if name not in splines}
    if not called:
        return found
    copies = {copy for copy, name in called.items() if name in there}
    kept = [i for i, name in enumerate(table.text("spline")) if name not in copies]
    cells: dict[str, Column] = {column: _chosen(all_cells, kept) for column, all_cells in table.columns.items()}
    cells["spline"] = tuple(called.get(name, name) for name in map(str, cells["spline"]))
    cells["knot"] = tuple(_original(str(row), knots) for row in cells["knot"])
    found["splines"] = Table("splines", cells)
    for user in _USERS:
        found[user] = _renamed(found[user], names, called)
    return found


def _names_of_copies(splines: Table, names: Collection[str]) -> dict[str, str]:
    """Names that nothing has yet."""
    taken, found = {*splines.text("spline")}, {}
    for name in sorted(names):
        found[name] = f"{name}{_BACKWARDS}"
        while found[name] in taken:
            found[name] += _BACKWARDS
    return found


def _original(name: str, known: Collection[str]) -> str:
    while name not in known and name.endswith(_BACKWARDS):
        name = name.removesuffix(_BACKWARDS)
    return name


def _with_functions(tables: Tables, names: Collection[str]) -> dict[str, Table]:
    """Those of the optional tables that change: functions of coordinates, couplers and default values."""
    found: dict[str, Table] = {}
    if "functions" in tables:
        found["functions"] = _turned_functions(tables["functions"], _arguments(tables, names))
    if "couplers" in tables:
        table = tables["couplers"]
        turned = [name in names for name in table.text("dependent")]
        scale = table.columns["scale"]
        found["couplers"] = table.with_column("scale", _other(scale, scale, turned))
    if "defaults" in tables:
        table = tables["defaults"]
        value = table.columns["value"]
        found["defaults"] = table.with_column("value", _other(value, value, [name in names for name in table.rows]))
    if "coordinate_forces" in tables:
        found["coordinate_forces"] = _turned_forces(tables["coordinate_forces"], names)
    return found


def _turned_forces(table: Table, names: Collection[str]) -> Table:
    """Springs and limits of coordinates, of which some are turned: upper is lower, on the other side of zero."""
    cells: dict[str, list[Any]] = {column: list(own) for column, own in table.columns.items()}
    for i, name in enumerate(table.text("coordinate")):
        if name in names:
            for here, there in (("upper", "lower"), ("lower", "upper")):
                cells[f"{here}_stiffness"][i] = table.columns[f"{there}_stiffness"][i]
                cells[f"{here}_limit"][i] = _minus(table.columns[f"{there}_limit"][i])
    return Table(table.name, {column: tuple(own) for column, own in cells.items()})


def _arguments(tables: Tables, names: Collection[str]) -> dict[str, tuple[bool, ...]]:
    """Of each function that is of a turned coordinate, which of its arguments are.

    Raises
    ------
    ModelError
        A function is of coordinates of either kind in one place.
    """
    found: dict[str, tuple[bool, ...]] = {}
    for table, columns in _FUNCTION_USERS.items():
        if table not in tables:
            continue
        for function, of in columns:
            for row, name, cell in zip(
                tables[table].rows, tables[table].text(function), tables[table].text(of), strict=True
            ):
                turned = tuple(own in names for own in cell.split(";")) if cell else ()
                if cell and found.setdefault(name, turned) != turned:
                    raise ModelError(
                        f"{table}/{row}/{function} = {name!r}: must be a function of its own, for it is of coordinates "
                        "that are counted the other way round elsewhere"
                    )
    return {name: turned for name, turned in found.items() if any(turned)}


def _turned_functions(functions: Table, arguments: Mapping[str, tuple[bool, ...]]) -> Table:
    """Functions of arguments of which some are turned (``biomech.model.mechanics.functions`` has what rows mean)."""
    rows: dict[str, list[int]] = {}
    for i, name in enumerate(functions.text("function")):
        rows.setdefault(name, []).append(i)
    cells: dict[str, list[Any]] = {column: list(own) for column, own in functions.columns.items()}
    kinds = functions.text("kind")
    for name, turned in arguments.items():
        own = rows.get(name, [])
        if own and kinds[own[0]] == "piecewise_constant":
            x, y = ([float(functions.columns[column][i]) for i in own] for column in "xy")
            for i, at, value in zip(own, _backwards(x), reversed(y), strict=True):
                cells["x"][i], cells["y"][i] = at, value
            continue
        if own and kinds[own[0]] in BY_KNOTS:
            for i, j in zip(own, reversed(own), strict=True):
                for column, before in functions.columns.items():
                    cells[column][i] = _minus(before[j]) if column == "x" else before[j]
            continue
        for i in own:
            argument = round(float(cells["x"][i]))
            odd = kinds[i] == "polynomial" and argument % 2 == 1
            if odd or (kinds[i] in ("linear", "sine") and argument > 0 and turned[argument - 1]):
                cells["y"][i] = _minus(cells["y"][i])
    return Table("functions", {column: tuple(own) for column, own in cells.items()})


def _backwards(x: list[float]) -> list[float]:
    """Where the values of a piecewise constant function begin that is read backwards, the last of them first.

    What began at a knot ends there now; before the first, where nothing changes, is as far off as it was.
    """
    if len(x) < 2:
        return [_minus(own) for own in x]
    return [_minus(x[-1] + (x[1] - x[0])), *(_minus(own) for own in reversed(x[1:]))]


def _read_splines(tables: Tables, names: Collection[str]) -> tuple[set[str], set[str]]:
    """Splines that coordinates read as they are, and those that turned ones do."""
    read: tuple[set[str], set[str]] = (set(), set())
    for table, columns in _USERS.items():
        for column in columns:
            cells = zip(tables[table].text("coordinate"), tables[table].text(column), strict=True)
            for coordinate, spline in cells:
                if spline:
                    read[coordinate in names].add(spline)
    return read


def _negated(table: Table, of: Iterable[str], names: Collection[str]) -> Table:
    """A table of which the rows that are of the coordinates ``names`` have the opposite sign."""
    turned = [name in names for name in of]
    if not any(turned):
        return table
    cells: dict[str, Column] = dict(table.columns)
    for column in ("axis_x", "axis_y", "axis_z", "flexion"):
        if column in cells:
            cells[column] = _other(table.columns[column], table.columns[column], turned)
    for low, high in (("range_min", "range_max"), ("trusted_min", "trusted_max"), ("active_min", "active_max")):
        if low in cells:
            cells[low] = _other(table.columns[low], table.columns[high], turned)
            cells[high] = _other(table.columns[high], table.columns[low], turned)
    return Table(table.name, cells)


def _other(own: Column, other: Column, turned: list[bool]) -> Column:
    each = zip(own, other, turned, strict=True)
    return tuple(_minus(opposite) if turn else cell for cell, opposite, turn in each)  # type: ignore[return-value]


def _reversed(splines: Table, names: Collection[str]) -> Table:
    """Splines of which some are read backwards, their knots in rising order."""
    cells: dict[str, list[Any]] = {column: list(own) for column, own in splines.columns.items()}
    rows: dict[str, list[int]] = {}
    for i, name in enumerate(splines.text("spline")):
        rows.setdefault(name, []).append(i)
    for name in names:
        for column, own in splines.columns.items():
            for i, j in zip(rows[name], reversed(rows[name]), strict=True):
                cells[column][i] = _minus(own[j]) if column == "angle" else own[j]
    return Table("splines", {column: tuple(own) for column, own in cells.items()})


def _minus(number: Any) -> float:
    return 0.0 - float(number)


def _with_copies(splines: Table, called: Mapping[str, str]) -> Table:
    """Splines and behind them some of them read backwards, under other names."""
    if not called:
        return splines
    back = _reversed(splines, called)
    rows = [i for i, name in enumerate(splines.text("spline")) if name in called]
    more = {column: _chosen(own, rows) for column, own in back.columns.items()}
    more["spline"] = tuple(called[str(name)] for name in more["spline"])
    taken, labels = {*splines.rows}, []
    for row in map(str, more["knot"]):
        label = f"{row}{_BACKWARDS}"
        while label in taken:
            label += _BACKWARDS
        labels.append(label)
        taken.add(label)
    more["knot"] = tuple(labels)
    return Table("splines", {column: (*own, *more[column]) for column, own in splines.columns.items()})


def _renamed(table: Table, names: Collection[str], called: Mapping[str, str]) -> Table:
    """A table whose turned coordinates read splines of other names."""
    if not called:
        return table
    cells: dict[str, Column] = dict(table.columns)
    for column in _USERS[table.name]:
        each = zip(table.text("coordinate"), table.text(column), strict=True)
        cells[column] = tuple(called.get(name, name) if of in names else name for of, name in each)
    return Table(table.name, cells)


def _chosen(cells: Column, rows: list[int]) -> Column:
    return tuple(cells[i] for i in rows)  # type: ignore[return-value]
