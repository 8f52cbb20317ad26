"""Whether names in tables are those of the parts of the body, and what they name fits together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from biomech.errors import ModelError
from biomech.model.forces.passive_paths import KINDS
from biomech.model.mechanics.functions import compile_functions
from biomech.model.references import REFERENCES, named_by, names_in
from biomech.model.tables import Table, complete

_AXES = "xyz"


def check_references(tables: Mapping[str, Table]) -> None:
    """Refuse what a joint, coupler or point cannot be of the parts that it names.

    Parameters
    ----------
    tables : mapping of str to Table
        All tables, the optional ones too (``biomech.model.tables.complete``).

    Raises
    ------
    ModelError
        Names the row and column, the value, and what is allowed.
    """
    rates = compile_functions(tables["functions"]).rates
    _check_rows(tables, rates)
    _check_couplers(tables, rates)
    _check_points(tables, rates)
    _check_coordinate_forces(tables)
    _check_passive_paths(tables, rates)
    for name in ("bushings", "point_springs"):
        _check_ends(tables[name])


def check_names(given: Mapping[str, Table]) -> None:
    """Refuse a column that names what is not there, by what refers to what (``biomech.model.references``).

    Raises
    ------
    ModelError
        Names the row and column, and what there is not.
    """
    tables = complete(given)
    for name, columns in REFERENCES.items():
        for column, reference in columns.items():
            if reference.loose or name not in given:
                continue
            known = {own for kind in reference.tables for own in names_in(tables[kind])}
            cells = tables[name].text(column)
            if reference.ground:
                known.add("ground")
            for row, cell, own in zip(tables[name].rows, cells, named_by(tables[name], column), strict=True):
                if not known.issuperset(own) or not (own or reference.empty):
                    raise ModelError(f"{name}/{row}/{column} = {cell!r}: there is no such name in the model")


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


def _check_ends(table: Table) -> None:
    """A bushing or a spring is between two segments."""
    for row, first, second in zip(table.rows, table.text("first"), table.text("second"), strict=True):
        if first == second:
            raise ModelError(f"{table.name}/{row}/second = {second!r}: must be another segment than its first")


def _check_passive_paths(tables: Mapping[str, Table], rates: Mapping[str, tuple[float, ...]]) -> None:
    """Each has the numbers of its kind and those alone; and all that is no muscle and runs along a path has points."""
    count = Counter(tables["path_points"].text("muscle"))
    for name in ("passive_paths", "path_actuators"):
        for row in tables[name].rows:
            if count[row] < 2:
                raise ModelError(f"{name}/{row}: needs at least two path points, has {count[row]}")
    table = tables["passive_paths"]
    for i, (row, kind, function) in enumerate(zip(table.rows, table.text("kind"), table.text("function"), strict=True)):
        where = f"passive_paths/{row}"
        for column in ("stiffness", "strength", "transition_strain"):
            value = table.columns[column][i]
            if (value == value) != (column in KINDS[kind]):
                allowed = "be given" if column in KINDS[kind] else "be absent (NaN)"
                raise ModelError(f"{where}/{column} = {value!r}: must {allowed}, for it is of the kind {kind}")
        if (function in rates) != (kind == "ligament") or len(rates.get(function, ())) > 1:
            allowed = "a function of one argument" if kind == "ligament" else f"empty, for it is of the kind {kind}"
            raise ModelError(f"{where}/function = {function!r}: must be {allowed}")
        if kind != "spring" and not table.value(row, "slack_length") > 0.0:
            raise ModelError(f"{where}/slack_length = 0.0: must be above 0, for strain is over it")


def _check_points(tables: Mapping[str, Table], rates: Mapping[str, tuple[float, ...]]) -> None:
    """Points with functions are moving ones without splines; every function is of one coordinate, or of none."""
    table, points = tables["point_rows"], tables["path_points"]
    for row in table.rows:
        i = points.index(row)
        if points.text("kind")[i] != "moving" or points.text("coordinate")[i] or points.text("spline_x")[i]:
            raise ModelError(f"point_rows/{row}: must be a moving point of path_points without spline and coordinate")
    for axis in _AXES:
        for row, function in zip(table.rows, table.text(f"function_{axis}"), strict=True):
            if len(rates[function]) > 1:
                raise ModelError(f"point_rows/{row}/function_{axis} = {function!r}: must be of one argument")
