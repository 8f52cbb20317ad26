"""What a model file says as the tables of a body: the same numbers, without a judgment of what its parts are.

What a file of OpenSim does not say (soles, passive tissue, the arms' share of the trunk, what the trusted part of a
range is) is empty here or off, and says so in its ``source``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from biomech.errors import ModelError
from biomech.io.osim.description import LeftOut, OsimModel, Path, PathActuator
from biomech.io.osim.tabulate.along_paths import PassivePathRows, along_paths, path_actuator_row
from biomech.io.osim.tabulate.bushings import linked_rows
from biomech.io.osim.tabulate.forces import CurveRows, coordinate_force_rows, reserve_rows
from biomech.io.osim.tabulate.joints import (
    FunctionRows,
    Row,
    coordinate_row,
    coupler_rows,
    default_row,
    ends_of,
    frame_rows,
    joint_rows,
    still_row,
    transform_rows,
)
from biomech.io.osim.tabulate.paths import groups_of, muscle_row, path_wrap_rows, point_rows, wrap_names, wrap_row
from biomech.model.checks.relations import SETTINGS
from biomech.model.forces.passive_joints import CONSTANTS
from biomech.model.tables import COLUMNS, OPTIONAL, Table, empty_table

#: Settings of a body without arms, soles and abdominal pressure; ``gravity`` where that of the file is another way.
_SETTINGS = {
    "gravity": (9.80665, "m/s2"),
    "force_length_width": (0.5, "1"),
    "friction_sides": (4.0, "1"),
    "contact_weight": (1e-6, "1"),
    "contact_limit": (20.0, "1"),
    "toe_tip": (1.0, "m"),
    "lumbar_line_share": (1.0, "1"),
}
#: Constants of passive tissue that must not be zero for the formulas to have a meaning.
_PASSIVE = {"hip_rotation_blend": 1.0, "lumbar_curve_arm": 0.05}
#: m/s2: a body has some weight.
_LEAST_GRAVITY = 1e-9
_NOT_SAID = "not in the file"


def tables_of(description: OsimModel) -> dict[str, Table]:
    """The tables of a described model.

    Parameters
    ----------
    description : OsimModel
        What a file says (``bm.io.osim.read_description``).

    Returns
    -------
    dict of str to Table
        Segments and joints from ground outward, coordinates in the order of the joints, muscles with their paths, and
        of the optional tables those that have rows. Passive tissue, contact points and patellae are none; muscles are
        in the groups of the file.

    Raises
    ------
    ModelError
        A joint, a coupler or a point moves in a way that is not computed.

    Notes
    -----
    What the tables cannot say is in ``not_said``: an answer that depends on it must be refused.
    """
    source = f"OpenSim model {description.name!r}".strip()
    joints = [description.joints[place] for place in description.tree]
    for joint in joints:
        if not joint.supported:
            raise ModelError(f"joint {joint.name!r}: a joint of class {joint.kind} is not computed")
    functions = FunctionRows(source)
    dependent = {own.dependent for own in description.couplers if own.enforced}
    bodies = {own.name: own for own in description.bodies}
    rows: dict[str, list[Row]] = {name: [] for name in COLUMNS}
    for joint in joints:
        body = bodies[ends_of(joint)[1]]
        com = dict(zip(("com_x", "com_y", "com_z"), (own + 0.0 for own in body.mass_center), strict=True))
        rows["segments"].append({"segment": body.name, "mass": body.mass, **com, "source": source})
        inertia = dict(zip(("xx", "yy", "zz", "xy", "xz", "yz"), (own + 0.0 for own in body.inertia), strict=True))
        rows["inertias"].append({"segment": body.name, **inertia, "source": source})
        rows["joints"].append(joint_rows(joint, source))
        rows["joint_frames"] += frame_rows(joint, source)
        rows["transform_rows"] += transform_rows(joint, functions, source)
        for own in joint.coordinates:
            coordinate = coordinate_row(joint, own, dependent, source)
            rows["coordinates"].append(coordinate)
            rows["defaults"].append(default_row(own, str(coordinate["motion"]), source))
    if joints and not rows["transform_rows"]:  # welds alone: that they are by rows lets several hang from the ground
        rows["transform_rows"].append(still_row(joints[0], functions, source))
    rows["couplers"] += coupler_rows(description, functions, source)
    rows["reserves"] += reserve_rows(description, source)
    rows["coordinate_forces"] += coordinate_force_rows(description, source)
    taken = {own.name for own in description.muscles} | {str(own["force"]) for own in rows["coordinate_forces"]}
    for name, linked in linked_rows(description, taken | {*along_paths(description)}, source):
        rows[name].append(linked)
    _add_paths(description, rows, functions, source)
    rows["functions"] = functions.rows
    rows["settings"], rows["passive"] = _settings(description, source), _passive()
    made = {name: _table(name, own) for name, own in rows.items()}
    return {name: table for name, table in made.items() if len(table) or name not in OPTIONAL}


def not_said(description: OsimModel) -> tuple[LeftOut, ...]:
    """What a description says and its tables do not: gravity that is not along -y of ground."""
    x, y, z = description.gravity
    if x == 0.0 and z == 0.0 and -y >= _LEAST_GRAVITY:
        return ()
    return (LeftOut("gravity", f"({x:g}, {y:g}, {z:g})", "gravity"),)


def _add_paths(description: OsimModel, rows: Mapping[str, list[Row]], functions: FunctionRows, source: str) -> None:
    """Muscles, passive paths and path actuators, the points of their paths and what they wrap over."""
    groups, names = groups_of(description), wrap_names(description)
    curves = CurveRows(functions, source)
    for muscle in description.muscles:
        if not muscle.path.supported:  # among what is left out of the description
            continue
        rows["muscles"].append(muscle_row(muscle, groups.get(muscle.name, ()), source))
        rows["force_length_curves"] += curves.of(muscle)
        _add_path(muscle.name, muscle.path, rows, functions, names, source)
    passive = PassivePathRows(functions, source)
    others = along_paths(description)
    for name, force in others.items():
        if not isinstance(force, PathActuator):
            rows["passive_paths"].append(passive.of(name, force))
            _add_path(name, force.path, rows, functions, names, source)
    for name, force in others.items():
        if isinstance(force, PathActuator):
            rows["path_actuators"].append(path_actuator_row(name, force, source))
            _add_path(name, force.path, rows, functions, names, source)
    rows["wraps"] += [wrap_row(name, description.wraps[place], source) for place, name in names.items()]


def _add_path(
    owner: str,
    path: Path,
    rows: Mapping[str, list[Row]],
    functions: FunctionRows,
    names: Mapping[int, str],
    source: str,
) -> None:
    for point, moves in point_rows(owner, path, functions, source):
        rows["path_points"].append(point)
        rows["point_rows"] += [moves] if moves else []
    rows["path_wraps"] += path_wrap_rows(owner, path, names, source)


def _settings(description: OsimModel, source: str) -> list[Row]:
    known = {name: (*own, _NOT_SAID) for name, own in _SETTINGS.items()}
    if not not_said(description) and all(own.affects != "gravity" for own in description.left_out):
        known["gravity"] = (-description.gravity[1], "m/s2", source)
    return [
        dict(zip(("setting", "value", "unit", "source"), (name, *known.get(name, (0.0, "1", _NOT_SAID))), strict=True))
        for name in SETTINGS
    ]


def _passive() -> list[Row]:
    return [
        {"parameter": name, "value": _PASSIVE.get(name, 0.0), "unit": "1", "source": f"{_NOT_SAID}: none"}
        for name in CONSTANTS
    ]


def _table(name: str, rows: Iterable[Row]) -> Table:
    listed = list(rows)
    if not listed:
        return empty_table(name)
    columns = {column: tuple(row[column] for row in listed) for column in COLUMNS[name]}
    return Table(name, columns)  # type: ignore[arg-type]
