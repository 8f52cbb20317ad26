"""Joints of tables as elements of a model file: CustomJoint by its six rows, WeldJoint, coordinates, couplers.

A joint of ours moves by rows, each the frame that those before have made; OpenSim's turns about three axes after it has
moved along three. So translations must come first; where they come last, the joint is written the other way round, from
the outer body to the inner one, and each row goes back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

import numpy as np

from biomech.errors import ModelError
from biomech.io.osim.description import GROUND, EllipsoidPoint, Joint, Placement, Vector
from biomech.io.osim.scapula import gliding_rows, winging_rows
from biomech.io.osim.tabulate.joints import FunctionRows, angles_of, ellipsoid_entries, transform_rows
from biomech.io.osim.write.elements import add, add_named, add_offset, body_path, radians, scaled_back
from biomech.io.osim.write.functions import NOTHING, ONE_TO_ONE, Curve, add_function, curves_of, spline_of
from biomech.model.mechanics.rotations import rotations_xyz
from biomech.model.tables import Table

Tables = Mapping[str, Table]

#: What coordinates without an end of their range have in OpenSim's own files, rad or m.
_NO_END = 99999.9
#: Rows along which a point of an ellipsoid moves: one along x, two along y and z.
_ELLIPSOID = 5
_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


@dataclass(frozen=True)
class _Row:
    """A turn about an axis, or a way along it, as far as a function of coordinates."""

    motion: str
    axis: Vector
    curve: Curve
    coordinates: tuple[str, ...]


def added_coordinates(tables: Tables) -> set[str]:
    """Coordinates that a file did not have and that a stance holds at zero or moves by itself: they are not written."""
    own, defaults = tables["coordinates"], tables["defaults"]
    if not defaults.rows:
        return set()
    stance = dict(zip(own.rows, own.text("stance"), strict=True))
    held = {name for name, how in stance.items() if how == "held" and name not in defaults.rows}
    locked = zip(defaults.rows, defaults.numbers("locked"), strict=True)
    return held | {name for name, still in locked if still and stance.get(name) == "free"}  # a file's are locked, too


def add_joint(parent: Element, tables: Tables, joint: str, curves: Mapping[str, Curve]) -> None:
    """A joint with its frames and coordinates."""
    left = added_coordinates(tables)
    rows = _rows(tables, joint, curves, left)
    own = tables["coordinates"]
    names = [name for name, of in zip(own.rows, own.text("joint"), strict=True) if of == joint and name not in left]
    for backward, own_rows in ((False, rows), (True, _way_back(rows))):
        if scapula := _scapula(own_rows, names):
            _add_scapula(parent, tables, joint, names, scapula, backward)
            return
    moves = [row.motion for row in rows]
    backward = moves != sorted(moves, reverse=True)  # translations first
    if backward and moves != sorted(moves):
        raise ModelError(f"joint {joint!r}: turns and moves in turn: OpenSim's joints move, then turn")
    turns = [row for row in rows if row.motion == "rotation"]
    ways = [row for row in rows if row.motion == "translation"]
    if backward:
        turns = [replace(row, curve=row.curve.negated()) for row in reversed(turns)]
        ways = [replace(row, curve=row.curve.negated()) for row in ways]
    radii = _radii(turns, ways, names)
    kind = "EllipsoidJoint" if radii else "CustomJoint" if rows or names else "WeldJoint"
    element = add_named(parent, kind, joint)
    _add_frames(element, tables, joint, backward)
    _add_coordinates(element, tables, names)
    if radii:
        add(element, "radii_x_y_z", radii)
    elif rows or names:
        place = add(element, "SpatialTransform")
        _add_axes(place, joint, "rotation", turns)
        _add_axes(place, joint, "translation", ways)


def _add_coordinates(element: Element, tables: Tables, names: list[str]) -> None:
    if names:
        holder = add(element, "coordinates")
        for name in names:
            _add_coordinate(holder, tables, name)


def _add_scapula(
    parent: Element,
    tables: Tables,
    joint: str,
    names: list[str],
    scapula: tuple[Vector, tuple[float, float], float],
    backward: bool,
) -> None:
    """A joint of a scapula: half axes of its ellipsoid, where its winging axis is and which way."""
    element = add_named(parent, "ScapulothoracicJoint", joint)
    _add_frames(element, tables, joint, backward)
    _add_coordinates(element, tables, names)
    radii, origin, direction = scapula
    add(element, "thoracic_ellipsoid_radii_x_y_z", radii)
    add(element, "scapula_winging_axis_origin", origin)
    add(element, "scapula_winging_axis_direction", direction)


# ---- rows ---------------------------------------------------------------------------------------------------------


def _rows(tables: Tables, joint: str, curves: Mapping[str, Curve], left: set[str]) -> list[_Row]:
    """What moves a joint, in its order: its own rows, else splines of couplings, ways and turns of coordinates."""
    table = tables["transform_rows"]
    if joint in table.text("joint"):
        found = []
        for i, of in enumerate(table.text("joint")):
            names = tuple(filter(None, table.text("coordinates")[i].split(";")))
            if of == joint and not left.intersection(names):
                axis = _axis(table, i)
                found.append(_Row(table.text("motion")[i], axis, curves[table.text("function")[i]], names))
        return found
    found = []
    couplings = tables["couplings"]
    for i, of in enumerate(couplings.text("joint")):
        if of == joint:
            curve = spline_of(tables, couplings.text("spline")[i])
            axis = _AXES[couplings.text("component")[i]]
            found.append(_Row("translation", axis, curve, (couplings.text("coordinate")[i],)))
    own = tables["coordinates"]
    for motion in ("translation", "rotation"):
        for i, name in enumerate(own.rows):
            if own.text("joint")[i] == joint and own.text("motion")[i] == motion and name not in left:
                found.append(_Row(motion, _axis(own, i), ONE_TO_ONE, (name,)))
    return found


def _radii(turns: list[_Row], ways: list[_Row], names: list[str]) -> Vector | None:
    """The half axes of the ellipsoid on which a joint moves; None of a joint that moves otherwise."""
    axes = list(_AXES.values())
    plain = [_Row("rotation", axis, ONE_TO_ONE, (name,)) for axis, name in zip(axes, names, strict=False)]
    if [replace(row, curve=row.curve.unnamed()) for row in turns] != plain or len(ways) != _ELLIPSOID or len(plain) < 3:
        return None
    sizes = [2.0 * abs(dict(zip(ways[i].curve.x, ways[i].curve.y, strict=True)).get(-1.0, 0.0)) for i in (0, 1, 3)]
    x, y, z = 0.5 * sizes[0], sizes[1], sizes[2]
    wanted = [
        _Row("translation", axes[k], Curve("", kind, *zip(*rows, strict=True)), (names[0], names[1]))
        for k, radius in enumerate((x, y, z))
        for kind, rows in ellipsoid_entries(EllipsoidPoint(k, radius))
    ]
    same = [replace(row, curve=row.curve.unnamed()) for row in ways] == wanted
    return (x, y, z) if same else None


def _way_back(rows: list[_Row]) -> list[_Row]:
    """Rows of a scapula that is nearer to ground than its thorax, the other way round."""
    back = [replace(row, curve=row.curve.negated()) for row in rows]
    return [*back[-_ELLIPSOID:], *reversed(back[:-_ELLIPSOID])]


def _scapula(rows: list[_Row], names: list[str]) -> tuple[Vector, tuple[float, float], float] | None:
    """What makes a joint one of a scapula (``biomech.io.osim.scapula``); None of any other."""
    turns = [i for i, row in enumerate(rows) if row.motion == "rotation"]
    if len(names) != 4 or len(turns) != 4 or turns[:3] != [_ELLIPSOID + i for i in range(3)]:
        return None
    sizes = [2.0 * abs(dict(zip(rows[i].curve.x, rows[i].curve.y, strict=True)).get(-1.0, 0.0)) for i in (0, 2, 3)]
    radii = (sizes[0], 0.5 * sizes[1], sizes[2])
    shift = {row.axis: row.curve.y[0] for row in rows[_ELLIPSOID + 3 : turns[3]] if row.curve.is_constant}
    origin = (shift.get(_AXES["x"], 0.0), shift.get(_AXES["y"], 0.0))
    direction = math.atan2(-rows[turns[3]].axis[0], rows[turns[3]].axis[1])
    both = gliding_rows(radii, names)
    place = Placement(GROUND)
    own = Joint("", "", place, place, (), both[:3], both[3:], beyond=winging_rows(origin, direction, names[3]))
    functions = FunctionRows("")
    wanted = list(transform_rows(own, functions, ""))
    columns = {column: tuple(row[column] for row in functions.rows) for column in functions.rows[0]}
    curves = curves_of({"functions": Table("functions", columns)})  # type: ignore[arg-type]
    same = len(wanted) == len(rows) and all(
        (row.motion, ";".join(row.coordinates)) == (other["motion"], other["coordinates"])
        and np.allclose(row.axis, [float(other[f"axis_{c}"]) for c in "xyz"], rtol=0.0, atol=1e-15)
        and row.curve.unnamed() == curves[str(other["function"])].unnamed()
        for row, other in zip(rows, wanted, strict=True)
    )
    return (radii, origin, direction) if same else None


def _axis(table: Table, row: int) -> Vector:
    x, y, z = table.numbers("axis_x", "axis_y", "axis_z")[row].tolist()
    return x, y, z


def _add_axes(place: Element, joint: str, motion: str, rows: list[_Row]) -> None:
    """Three axes of one kind: those of the rows, and others across them that stay."""
    if len(rows) > 3:
        raise ModelError(f"joint {joint!r}: has {len(rows)} rows of {motion}: OpenSim's joints have three at most")
    for count, (axis, row) in enumerate(
        zip(_three([own.axis for own in rows]), [*rows, None, None, None], strict=False)
    ):
        element = add_named(place, "TransformAxis", f"{motion}{count + 1}")
        add(element, "coordinates", () if row is None else row.coordinates)
        add(element, "axis", axis)
        add_function(element, NOTHING if row is None else row.curve, "function")


def _three(axes: list[Vector]) -> list[Vector]:
    """The axes and further ones across them; the frame's own where there are none."""
    own = [_AXES[name] for name in "xyz"]
    if not axes:
        return own
    found = [np.array(axis) for axis in axes]
    while len(found) < 3:
        others = found if len(found) == 2 else [found[0], np.eye(3)[int(np.argmin(np.abs(found[0])))]]
        across = np.cross(others[0], others[1])
        found.append(across / np.linalg.norm(across) + 0.0)
    x, y, z = ((float(a), float(b), float(c)) for a, b, c in found)
    return [x, y, z]


# ---- frames -------------------------------------------------------------------------------------------------------


def _add_frames(element: Element, tables: Tables, joint: str, backward: bool) -> None:
    """What a joint connects, and where: offset frames but where they are those of the bodies."""
    joints, frames = tables["joints"], tables["joint_frames"]
    i = joints.index(joint)
    ends = [joints.text("parent")[i], joints.text("child")[i]]
    place = joints.numbers("x", "y", "z")[i]
    angles = [np.zeros(3), np.zeros(3)]
    child = np.zeros(3)
    if joint in frames.rows:
        k = frames.index(joint)
        for end, name in enumerate(("parent", "child")):
            angles[end] = frames.numbers(f"{name}_rx", f"{name}_ry", f"{name}_rz")[k]
        child = frames.numbers("child_x", "child_y", "child_z")[k]
    if torsion := joints.value(joint, "torsion"):
        turned = rotations_xyz(angles[0]).reshape(3, 3) @ rotations_xyz(np.array([0.0, -torsion, 0.0])).reshape(3, 3)
        a, b, c = turned.tolist()
        angles[0] = np.array(angles_of((tuple(a), tuple(b), tuple(c))))
    placed = [(place.tolist(), angles[0].tolist()), (child.tolist(), angles[1].tolist())]
    offset = [name for name, own in zip(ends, placed, strict=True) if any(own[0]) or any(own[1])]
    for socket, end in (("parent", 1), ("child", 0)) if backward else (("parent", 0), ("child", 1)):
        name = ends[end]
        add(element, f"socket_{socket}_frame", f"{name}_offset" if name in offset else body_path(name))
    if offset:
        holder = add(element, "frames")
        for name, (at, turn) in zip(ends, placed, strict=True):
            if name in offset:
                add_offset(holder, f"{name}_offset", body_path(name), tuple(at), tuple(turn))


# ---- coordinates --------------------------------------------------------------------------------------------------


def _add_coordinate(parent: Element, tables: Tables, name: str) -> None:
    """A coordinate: its default, its range, and whether it is locked, clamped or prescribed."""
    own, defaults = tables["coordinates"], tables["defaults"]
    i = own.index(name)
    turns = own.text("motion")[i] == "rotation"
    value = defaults.value(name, "value") if name in defaults.rows else 0.0
    default = radians(value) if turns else value
    element = add_named(parent, "Coordinate", name)
    add(element, "default_value", default)
    add(element, "range", [_end(own.value(name, f"range_{end}"), turns) for end in ("min", "max")])
    flags = {flag: name in defaults.rows and bool(defaults.value(name, flag)) for flag in _FLAGS}
    add(element, "clamped", flags["clamped"])
    add(element, "locked", flags["locked"])
    if flags["prescribed"]:
        add_function(add(element, "prescribed_function"), Curve("", "constant", (0.0,), (default,)))
    add(element, "prescribed", flags["prescribed"])


_FLAGS = ("clamped", "locked", "prescribed")


def _end(value: float, turns: bool) -> float:
    """An end of a range; one as far out as ours go is none."""
    if abs(value) >= (360.0 if turns else 1000.0):
        return math.copysign(_NO_END, value)
    return radians(value) if turns else value


def add_couplers(parent: Element, tables: Tables, curves: Mapping[str, Curve]) -> None:
    """Coordinates that follow others, as constraints."""
    own = tables["couplers"]
    for i, name in enumerate(own.rows):
        independents = own.text("independents")[i].split(";")
        element = add_named(parent, "CoordinateCouplerConstraint", name)
        add(element, "isEnforced", True)
        curve = curves[own.text("function")[i]]
        if not any(independents):  # OpenSim wants one even of a constant
            independents = [_another(tables, own.text("dependent")[i])]
        add_function(add(element, "coupled_coordinates_function"), curve)
        add(element, "independent_coordinate_names", independents)
        add(element, "dependent_coordinate_name", own.text("dependent")[i])
        add(element, "scale_factor", own.value(name, "scale"))


def _another(tables: Tables, dependent: str) -> str:
    """A coordinate that follows none."""
    follow = {dependent, *tables["couplers"].text("dependent"), *added_coordinates(tables)}
    found = next((name for name in tables["coordinates"].rows if name not in follow), None)
    if found is None:
        raise ModelError(f"coordinate {dependent!r} follows a constant: OpenSim's coupler needs another coordinate")
    return found


# ---- springs and limits -------------------------------------------------------------------------------------------


def add_coordinate_forces(parent: Element, tables: Tables, curves: Mapping[str, Curve]) -> None:
    """Springs and limits of coordinates; limits of turns are in degrees in a file."""
    own = tables["coordinate_forces"]
    for i, name in enumerate(own.rows):
        coordinate = own.text("coordinate")[i]
        if own.text("kind")[i] == "spring":
            element = add_named(parent, "SpringGeneralizedForce", name)
            add(element, "coordinate", coordinate)
            add(element, "stiffness", own.value(name, "upper_stiffness"))
            add(element, "rest_length", own.value(name, "upper_limit"))
            add(element, "viscosity", 0.0)
            continue
        unit = math.pi / 180.0 if _is_rotational(tables, curves, coordinate) else 1.0
        element = add_named(parent, "CoordinateLimitForce", name)
        add(element, "coordinate", coordinate)
        for end in ("upper", "lower"):
            add(element, f"{end}_stiffness", scaled_back(own.value(name, f"{end}_stiffness"), 1.0 / unit))
            add(element, f"{end}_limit", scaled_back(own.value(name, f"{end}_limit"), unit))
        add(element, "damping", 0.0)
        add(element, "transition", scaled_back(own.value(name, "transition"), unit))


def add_reserves(parent: Element, tables: Tables) -> None:
    """Actuators of coordinates."""
    forces = ("muscles", "passive_paths", "path_actuators", "coordinate_forces", "bushings", "point_springs")
    own, taken = tables["reserves"], {row for name in forces for row in tables[name].rows}
    for coordinate in own.rows:
        name = f"reserve_{coordinate}"
        while name in taken:
            name += "_"
        element = add_named(parent, "CoordinateActuator", name)
        add(element, "coordinate", coordinate)
        add(element, "optimal_force", own.value(coordinate, "optimal_force"))


def _is_rotational(tables: Tables, curves: Mapping[str, Curve], coordinate: str) -> bool:
    """Whether OpenSim takes a coordinate for an angle: it turns its joint as far as itself."""
    table = tables["coordinates"]
    joint = table.text("joint")[table.index(coordinate)]
    for row in sorted(_rows(tables, joint, curves, set()), key=lambda row: row.motion):
        slope = dict(zip(row.curve.x, row.curve.y, strict=True)).get(1.0, 0.0)
        if coordinate in row.coordinates and row.curve.kind == "linear" and abs(slope) == 1.0:
            return row.motion == "rotation"
    return False
