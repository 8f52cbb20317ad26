"""Whether names in the tables that a body need not have are those of its parts, and fit together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from biomech.errors import ModelError
from biomech.model.mechanics.functions import compile_functions
from biomech.model.tables import Table

#: Table and column to the table whose rows it names; in some columns it may be empty.
_NAMED = (
    ("joint_frames", "joint", "joints"),
    ("transform_rows", "joint", "joints"),
    ("couplers", "dependent", "coordinates"),
    ("defaults", "coordinate", "coordinates"),
    ("point_rows", "point", "path_points"),
    ("inertias", "segment", "segments"),
    ("force_length_curves", "muscle", "muscles"),
    ("coordinate_forces", "coordinate", "coordinates"),
    ("reserves", "coordinate", "coordinates"),
)
_AXES = "xyz"


def check_references(tables: Mapping[str, Table]) -> None:
    """Refuse names that no part has, and what a joint, coupler or point cannot be.

    Parameters
    ----------
    tables : mapping of str to Table
        All tables, the optional ones too (``biomech.model.tables.complete``).

    Raises
    ------
    ModelError
        Names the row and column, the value, and what is allowed.
    """
    for table, column, named in _NAMED:
        _check_named(tables[table], column, {*tables[named].rows})
    functions = {*tables["functions"].text("function")}
    _check_named(tables["transform_rows"], "function", functions)
    _check_named(tables["couplers"], "function", functions)
    rates = compile_functions(tables["functions"]).rates
    _check_rows(tables, rates)
    _check_couplers(tables, rates)
    _check_points(tables, functions, rates)
    _check_coordinate_forces(tables)
    for name in ("bushings", "point_springs"):
        _check_ends(tables[name], {"ground", *tables["segments"].rows})


def _check_named(table: Table, column: str, known: set[str]) -> None:
    for row, name in zip(table.rows, table.text(column), strict=True):
        if name not in known:
            raise ModelError(f"{table.name}/{row}/{column} = {name!r}: there is no such name in the model")


def _check_arguments(where: str, names: str, known: set[str], function: str, rates: tuple[float, ...]) -> None:
    """As many coordinates as the function has arguments; one that has one may be of none."""
    own = names.split(";") if names else []
    wrong = next((name for name in own if name not in known), None)
    if wrong is not None or len(set(own)) < len(own):
        allowed = ", ".join(sorted(known)) or "none"
        raise ModelError(f"{where} = {names!r}: must be coordinates joined by ';', each once, of {allowed}")
    if own and len(own) != len(rates):
        raise ModelError(f"{where} = {names!r}: must be as many as the arguments of {function!r}, {len(rates)}")


def _check_rows(tables: Mapping[str, Table], rates: Mapping[str, tuple[float, ...]]) -> None:
    """Rows of joints: by coordinates of their own, along axes that have a direction."""
    table, coordinates, coupled = tables["transform_rows"], tables["coordinates"], tables["couplings"]
    of = dict(zip(coordinates.rows, coordinates.text("joint"), strict=True))
    columns = (table.text(column) for column in ("joint", "motion", "function", "coordinates"))
    axes = table.numbers("axis_x", "axis_y", "axis_z").reshape(-1, 3)
    for row, joint, motion, function, names, axis in zip(table.rows, *columns, axes, strict=True):
        if motion not in ("rotation", "translation"):
            raise ModelError(f"transform_rows/{row}/motion = {motion!r}: must be one of rotation, translation")
        if not np.linalg.norm(axis) > 0.0:
            raise ModelError(f"transform_rows/{row}: the axis must not be zero")
        own = {name for name, owner in of.items() if owner == joint}
        _check_arguments(f"transform_rows/{row}/coordinates", names, own, function, rates[function])
    for row, joint in zip(coupled.rows, coupled.text("joint"), strict=True):
        if joint in table.text("joint"):
            raise ModelError(f"couplings/{row}/joint = {joint!r}: must be a joint without transform_rows")


def _check_couplers(tables: Mapping[str, Table], rates: Mapping[str, tuple[float, ...]]) -> None:
    """Every dependent coordinate follows by one coupler, and never itself."""
    table = tables["couplers"]
    known = {*tables["coordinates"].rows}
    seen: dict[str, str] = {}
    columns = (table.text(column) for column in ("dependent", "independents", "function"))
    for row, dependent, names, function in zip(table.rows, *columns, strict=True):
        if seen.setdefault(dependent, row) != row:
            raise ModelError(
                f"couplers/{row}/dependent = {dependent!r}: must be no other's; {seen[dependent]!r} has it"
            )
        where = f"couplers/{row}/independents"
        _check_arguments(where, names, known - {dependent}, function, rates[function])


def _check_coordinate_forces(tables: Mapping[str, Table]) -> None:
    """What acts on a coordinate is a spring or a limit."""
    table = tables["coordinate_forces"]
    for row, kind in zip(table.rows, table.text("kind"), strict=True):
        if kind not in ("limit", "spring"):
            raise ModelError(f"coordinate_forces/{row}/kind = {kind!r}: must be one of limit, spring")


def _check_ends(table: Table, known: set[str]) -> None:
    """A bushing or a spring is between two segments."""
    for end in ("first", "second"):
        _check_named(table, end, known)
    for row, first, second in zip(table.rows, table.text("first"), table.text("second"), strict=True):
        if first == second:
            raise ModelError(f"{table.name}/{row}/second = {second!r}: must be another segment than its first")


def _check_points(tables: Mapping[str, Table], functions: set[str], rates: Mapping[str, tuple[float, ...]]) -> None:
    """Points with functions are moving ones without splines; every function is of one coordinate, or of none."""
    table, points = tables["point_rows"], tables["path_points"]
    known = {*tables["coordinates"].rows}
    for row in table.rows:
        i = points.index(row)
        if points.text("kind")[i] != "moving" or points.text("coordinate")[i] or points.text("spline_x")[i]:
            raise ModelError(f"point_rows/{row}: must be a moving point of path_points without spline and coordinate")
    for axis in _AXES:
        _check_named(table, f"function_{axis}", functions)
        column = f"coordinate_{axis}"
        for row, name, function in zip(table.rows, table.text(column), table.text(f"function_{axis}"), strict=True):
            if name and name not in known:
                raise ModelError(f"point_rows/{row}/{column} = {name!r}: there is no such name in the model")
            if len(rates[function]) > 1:
                raise ModelError(f"point_rows/{row}/function_{axis} = {function!r}: must be of one argument")
