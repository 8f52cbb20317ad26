"""What the numbers of a body may be: the range of every number of every table, and what two numbers must be together.

The ranges leave room for any body, of an infant or an elephant, and for a study that goes to extremes. They keep out
what no body can be, and what comes of a wrong unit or sign: millimetres, a floor that pulls, a tendon of negative
length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech.errors import ModelError
from biomech.model.roles import RoleNames, names_alone
from biomech.model.tables import COLUMNS, Table, complete

Array = NDArray[np.float64]


class Range(NamedTuple):
    """Least and most of a number, its unit, and whether the least itself is left out."""

    least: float
    most: float
    unit: str = ""
    above: bool = False

    def __str__(self) -> str:
        unit = "" if self.unit in ("", "1") else f" {self.unit}"
        if self.above:
            return f"must be above {self.least:g} and at most {self.most:g}{unit}"
        return f"must be in {self.least:g}..{self.most:g}{unit}"

    def holds(self, values: Array) -> NDArray[np.bool_]:
        """Which values lie inside; NaN does not."""
        low = values > self.least if self.above else values >= self.least
        return np.asarray(low & (values <= self.most))


_PLACE, _ANGLE, _STIFFNESS = Range(-5.0, 5.0, "m"), Range(-360.0, 360.0, "deg"), Range(0.0, 1e4, "N.m/deg")
_FLAG, _MOMENT = Range(0.0, 1.0), Range(0.0, 1e6, "kg.m2")
#: Angle (rad) or way (m) at which a path point switches.
_SWITCH = Range(-20.0, 20.0)
#: A weight below which no answer can be certified.
_LIGHTEST = 1e-12
_EXPONENT, _RATE = Range(-50.0, 50.0, "1"), Range(-2.0, 2.0, "1/deg")

#: Table -> column -> range; a column that is missing may hold any finite number.
RANGES: dict[str, dict[str, Range]] = {
    "segments": {"mass": Range(0.0, 1e4, "kg"), "com_x": _PLACE, "com_y": _PLACE, "com_z": _PLACE},
    "joints": {"x": _PLACE, "y": _PLACE, "z": _PLACE, "torsion": Range(-180.0, 180.0, "deg")},
    "coordinates": {"axis_x": Range(-1e3, 1e3), "axis_y": Range(-1e3, 1e3), "axis_z": Range(-1e3, 1e3)},
    "splines": {"angle": Range(-20.0, 20.0, "rad"), "value": _PLACE},
    "muscles": {
        "max_isometric_force": Range(0.0, 1e6, "N"),
        "optimal_fibre_length": Range(1e-6, 5.0, "m"),
        "tendon_slack_length": _PLACE,
        "pennation": Range(0.0, 89.0, "deg"),
        "leverage": Range(0.0, 100.0, "1"),
    },
    "path_points": {"x": _PLACE, "y": _PLACE, "z": _PLACE, "active_min": _SWITCH, "active_max": _SWITCH},
    "contact_points": {"x": _PLACE, "y": _PLACE, "z": _PLACE},
    "patellae": {"z": _PLACE},
    "patellar_tendon": {"flexion": Range(-180.0, 180.0, "deg")},
    "joint_frames": {
        **{f"{end}_r{axis}": _ANGLE for end in ("parent", "child") for axis in "xyz"},
        **{f"child_{axis}": _PLACE for axis in "xyz"},
    },
    "transform_rows": {"axis_x": Range(-1e3, 1e3), "axis_y": Range(-1e3, 1e3), "axis_z": Range(-1e3, 1e3)},
    # beyond, products of places, axes and forces would no longer be numbers
    "functions": {"x": Range(-1e12, 1e12), "y": Range(-1e12, 1e12)},
    "defaults": {"locked": _FLAG, "clamped": _FLAG, "prescribed": _FLAG},
    "point_rows": {"rx": _ANGLE, "ry": _ANGLE, "rz": _ANGLE},
    "inertias": {"xx": _MOMENT, "yy": _MOMENT, "zz": _MOMENT},
    "reserves": {"optimal_force": Range(0.0, 1e9)},
    "passive_paths": {
        "slack_length": Range(0.0, 5.0, "m"),
        "stiffness": Range(0.0, 1e9),
        "strength": Range(0.0, 1e6, "N"),
        "transition_strain": Range(0.0, 100.0, "1", above=True),
    },
    "path_actuators": {
        "optimal_force": Range(0.0, 1e9, "N"),
        "min_control": Range(-1e9, 1e9),
        "max_control": Range(-1e9, 1e9),
    },
    "coordinate_forces": {
        **{f"{end}_stiffness": Range(-1e9, 1e9) for end in ("upper", "lower")},
        **{f"{end}_limit": Range(-1e6, 1e6) for end in ("upper", "lower")},
        "transition": Range(0.0, 1e3),
    },
    "bushings": {
        **{f"{end}_{axis}": _PLACE for end in ("first", "second") for axis in "xyz"},
        **{f"{end}_r{axis}": _ANGLE for end in ("first", "second") for axis in "xyz"},
        **{f"rotational_stiffness_{axis}": Range(0.0, 1e9, "N.m/rad") for axis in "xyz"},
        **{f"translational_stiffness_{axis}": Range(0.0, 1e9, "N/m") for axis in "xyz"},
    },
    "point_springs": {
        **{f"{end}_{axis}": _PLACE for end in ("first", "second") for axis in "xyz"},
        "stiffness": Range(0.0, 1e9, "N/m"),
        "rest_length": Range(0.0, 1e3, "m"),
    },
    "wraps": {
        "radius": Range(0.0, 5.0, "m", above=True),
        "length": Range(0.0, 1e3, "m", above=True),
        "x": _PLACE,
        "y": _PLACE,
        "z": _PLACE,
        "rx": _ANGLE,
        "ry": _ANGLE,
        "rz": _ANGLE,
    },
    "path_wraps": {"first": Range(0.0, 1e6), "last": Range(0.0, 1e6)},
}
#: The same for tables of named values: table -> pattern of the row -> range, of which the first that matches counts.
NAMED_RANGES: dict[str, dict[str, Range]] = {
    "passive": {
        "riener_scale": Range(0.0, 1e3, "1"),
        "hip_offset": Range(-180.0, 180.0, "deg"),
        "hip_*ternal_rotation_slack": Range(-180.0, 180.0, "deg"),
        "hip_rotation_flexion_shift": Range(-5.0, 5.0, "deg/deg"),
        "hip_rotation_blend": Range(0.0, 180.0, "deg", above=True),
        "*_stiffness": _STIFFNESS,
        "lumbar_neutral": Range(-180.0, 180.0, "deg"),
        "lumbar_curve_moment": Range(0.0, 1e4, "N.m"),
        "lumbar_curve_rate": Range(0.0, 2.0, "1/deg"),
        "lumbar_curve_arm": Range(0.005, 1.0, "m"),
        "*_c": Range(-1e4, 1e4, "N.m"),
        "*_[abd]0": _EXPONENT,
        "*_[abd][AKH]": _RATE,
    },
    "settings": {
        "gravity": Range(1e-9, 1e3, "m/s2"),
        "force_length_width": Range(0.0, 100.0, "1", above=True),
        "friction_sides": Range(3.0, 64.0, "1"),
        "contact_weight": Range(_LIGHTEST, 1e6, "1"),
        "contact_limit": Range(0.1, 1e6, "1"),
        "toe_tip": Range(0.0, 5.0, "m", above=True),
        "height": Range(0.0, 20.0, "m", above=True),
        "arms_mass": Range(0.0, 1e4, "kg"),
        "arms_drop": Range(0.0, 5.0, "m"),
        "lumbar_line_share": Range(0.05, 1.0, "1"),
        "pressure_share": Range(0.0, 1.0, "1"),
        "pressure_slope": Range(0.0, 1e6, "Pa/(N.m)"),
        "pressure_offset": Range(-1e6, 1e6, "Pa"),
        "pressure_area": Range(0.0, 1.0, "m2"),
        "pressure_arm": Range(0.0, 5.0, "m"),
        "sole_height": _PLACE,
        "shoulder_?": _PLACE,
        "hand_rest_?": _PLACE,
    },
    "patellar_tendon": {"arm": Range(0.0, 1.0, "m", above=True), "direction": Range(-90.0, 90.0, "deg")},
}
#: kg: a body of less is a wrong unit.
_LEAST_MASS = 1e-6
_TURN, _WAY = _ANGLE, Range(-1e3, 1e3, "m")


def check_numbers(tables: Mapping[str, Table], names: RoleNames | None = None) -> None:
    """Refuse a body that cannot be.

    Parameters
    ----------
    tables : mapping of str to Table
        All tables of a model.
    names : RoleNames, optional
        Which of its parts have which roles; by default those that their names tell.

    Raises
    ------
    ModelError
        Names the row and column, the value, and what is allowed.
    """
    for name, table in tables.items():
        for column, kind in COLUMNS[name].items():
            if kind != "text":
                check_column(table, column)
    _check_motions(tables["coordinates"])
    _check_order(tables["path_points"], "active_min", "active_max", "rad")
    _check_order(complete(tables)["path_actuators"], "min_control", "max_control", "")
    _check_slack(tables["muscles"], names_alone(tables) if names is None else names)
    _check_slack_range(tables["passive"])
    _check_masses(tables)


def check_column(table: Table, column: str) -> None:
    """Refuse a number of one column that no body can have."""
    values = table.numbers(column)
    if COLUMNS[table.name][column] == "number":
        absent = np.zeros(len(values), dtype=np.bool_)
        _refuse(table, column, values, np.isfinite(values), "must be a finite number")
    else:
        absent = np.isnan(values)
        _refuse(table, column, values, ~np.isinf(values), "must be a finite number, or absent (NaN)")
    for bound, rows in row_ranges(table, column):
        good = np.ones(len(values), dtype=np.bool_)
        good[rows] = bound.holds(values[rows]) | absent[rows]
        _refuse(table, column, values, good, str(bound))


def row_ranges(table: Table, column: str) -> list[tuple[Range, list[int]]]:
    """Ranges of a column, each with the rows whose numbers must lie in it; what is in none may be any finite number."""
    bound = RANGES.get(table.name, {}).get(column)
    if bound is not None:
        return [(bound, list(range(len(table))))]
    found: dict[Range, list[int]] = {}
    if column == "value" and table.name in NAMED_RANGES:
        names = table.text("curve") if table.name == "patellar_tendon" else table.rows
        for row, name in enumerate(names):
            named = _named(table.name, name)
            if named is not None:
                found.setdefault(named, []).append(row)
    return list(found.items())


def _named(table: str, name: str) -> Range | None:
    return next((own for pattern, own in NAMED_RANGES[table].items() if fnmatchcase(name, pattern)), None)


def _said(table: Table, row: int, column: str, value: float, allowed: str) -> str:
    where = f"{table.name}/{table.rows[row]}" + ("" if table.name in ("passive", "settings") else f"/{column}")
    return f"{where} = {float(value)!r}: {allowed}"


def _refuse(table: Table, column: str, values: Array, good: NDArray[np.bool_], allowed: str) -> None:
    bad = np.flatnonzero(~good)
    if bad.size:
        raise ModelError(_said(table, int(bad[0]), column, values[bad[0]], allowed))


def _check_motions(table: Table) -> None:
    """Ranges in the unit of their coordinate, with the least first."""
    turns = np.array([motion == "rotation" for motion in table.text("motion")], dtype=np.bool_)
    for column in ("range_min", "range_max", "trusted_min", "trusted_max"):
        values = table.numbers(column)
        _refuse(table, column, values, ~turns | _TURN.holds(values), str(_TURN))
        _refuse(table, column, values, turns | _WAY.holds(values), str(_WAY))
    for kind in ("range", "trusted"):
        _check_order(table, f"{kind}_min", f"{kind}_max", "")


def _check_order(table: Table, low: str, high: str, unit: str) -> None:
    """The lower end must not lie above the upper; an end that is absent is none."""
    least, most = table.numbers(low), table.numbers(high)
    for row in np.flatnonzero(least > most)[:1]:
        end = f"{float(most[row]):g} {unit}".strip()
        raise ModelError(_said(table, int(row), low, least[row], f"must not be above {high}, which is {end}"))


def _check_slack(table: Table, names: RoleNames) -> None:
    """A tendon has a length, but for a line that stands for a whole group: it bears its name, or is alone in it.

    A lumped line is only the part of its muscles near the joint, and its slack length is what makes its fibres as long
    as theirs: it may be negative, while tendon and fibres together are not.
    """
    slack, optimal = table.numbers("tendon_slack_length", "optimal_fibre_length").T
    groups = [[name for name in own.split(";") if name] for own in table.text("groups")]
    # a line may be split into numbered parts
    stems = [names.by_role["muscles"][name][:-2].rstrip("0123456789") for name in table.rows]
    sides = [names.side("muscles", name) for name in table.rows]
    members = Counter((group, side) for own, side in zip(groups, sides, strict=True) for group in own)
    lumped = np.array(
        [
            any(group == stem or members[group, side] == 1 for group in own)
            for stem, own, side in zip(stems, groups, sides, strict=True)
        ],
        dtype=np.bool_,
    )
    column = "tendon_slack_length"
    _refuse(table, column, slack, lumped | (slack >= 0.0), str(Range(0.0, _PLACE.most, "m")))
    allowed = "must be above minus the optimal fibre length, so that the line has a length"
    _refuse(table, column, slack, slack > -optimal, allowed)


def _check_slack_range(table: Table) -> None:
    """The slack range of the hip's capsule must not end before it begins."""
    names = ("hip_internal_rotation_slack", "hip_external_rotation_slack")
    inward, outward = (table.value(name) for name in names)
    if outward < -inward:
        raise ModelError(
            f"passive/{names[1]} = {outward!r}: must be at least {-inward:g} deg, minus the {names[0]}, where the "
            "slack range begins"
        )


def _check_masses(tables: Mapping[str, Table]) -> None:
    """A body weighs something, unless it is one from elsewhere that nobody weighed."""
    segments = tables["segments"]
    if len(complete(tables)["transform_rows"]):
        return
    if not segments.numbers("mass").sum() >= _LEAST_MASS:
        raise ModelError(f"segments/*/mass: sum to less than {_LEAST_MASS:g} kg; a body must have some mass")
