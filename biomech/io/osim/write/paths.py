"""What runs along paths in tables as elements of a model file: points, what they wrap over, groups of muscles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

from biomech.io.osim.write.elements import add, add_named, add_offset, body_path, coordinate_paths, pennation
from biomech.io.osim.write.functions import Curve, add_function, spline_of
from biomech.io.osim.write.joints import added_coordinates
from biomech.model.tables import Table

Tables = Mapping[str, Table]

#: How ``source`` of a muscle tells that its file switches it off.
_OFF = "switched off there"


#: The class of a muscle by the kind of its curve.
_CLASSES = {
    "thelen": "Thelen2003Muscle",
    "de_groote_fregly": "DeGrooteFregly2016Muscle",
    "millard": "Millard2012EquilibriumMuscle",
    "tabulated": "Schutte1993Muscle_Deprecated",
}
#: Numbers of Millard's curve: what OpenSim calls them, and our columns.
_MILLARD = {
    "min_norm_active_fiber_length": "min_length",
    "transition_norm_fiber_length": "transition_length",
    "max_norm_active_fiber_length": "max_length",
    "shallow_ascending_slope": "slope",
    "minimum_value": "least",
}


class PathWriter:
    """Writes muscles, passive paths and path actuators; ``curves`` are the body's functions by name."""

    def __init__(self, tables: Tables, curves: Mapping[str, Curve]) -> None:
        self._tables = tables
        self._curves = curves
        left = added_coordinates(tables)
        self._coordinates = {name: own for name, own in coordinate_paths(tables).items() if name not in left}
        self._points = _places(tables["path_points"].text("muscle"))
        self._wraps = _places(tables["path_wraps"].text("muscle"))

    def add_muscle(self, parent: Element, name: str) -> None:
        """A muscle with its curve of active force; its other curves are OpenSim's own."""
        own = self._tables["muscles"]
        curve = self._curve(name)
        element = add_named(parent, _CLASSES[curve["kind"]], name)
        off = own.text("source")[own.index(name)].endswith(_OFF)
        if off and own.value(name, "max_isometric_force") == 0.0:  # else it was given strength since
            add(element, "appliesForce", False)
        self._add_path(element, name, "geometrypath")
        add(element, "max_isometric_force", own.value(name, "max_isometric_force"))
        add(element, "optimal_fiber_length", own.value(name, "optimal_fibre_length"))
        add(element, "tendon_slack_length", max(0.0, own.value(name, "tendon_slack_length")))
        add(element, "pennation_angle_at_optimal", pennation(own.value(name, "pennation")))
        self._add_curve(element, curve)

    def add_passive_path(self, parent: Element, name: str) -> None:
        """A spring or ligament, without damping."""
        own = self._tables["passive_paths"]
        i = own.index(name)
        kind, slack = own.text("kind")[i], own.value(name, "slack_length")
        if kind == "spring":
            element = add_named(parent, "PathSpring", name)
            self._add_path(element, name, "path")
            add(element, "resting_length", slack)
            add(element, "stiffness", own.value(name, "stiffness"))
            add(element, "dissipation", 0.0)
        elif kind == "ligament":
            element = add_named(parent, "Ligament", name)
            self._add_path(element, name, "path")
            add(element, "resting_length", slack)
            add(element, "pcsa_force", own.value(name, "strength"))
            add_function(element, self._curves[own.text("function")[i]], "force_length_curve")
        else:
            element = add_named(parent, "Blankevoort1991Ligament", name)
            self._add_path(element, name, "path")
            add(element, "linear_stiffness", own.value(name, "stiffness"))
            add(element, "transition_strain", own.value(name, "transition_strain"))
            add(element, "damping_coefficient", 0.0)
            add(element, "slack_length", slack)

    def add_path_actuator(self, parent: Element, name: str) -> None:
        """An actuator along a path; OpenSim's controls have no limits unless they are told."""
        own = self._tables["path_actuators"]
        element = add_named(parent, "PathActuator", name)
        for end in ("min_control", "max_control"):
            if not math.isnan(own.value(name, end)):
                add(element, end, own.value(name, end))
        self._add_path(element, name, "path")
        add(element, "optimal_force", own.value(name, "optimal_force"))

    def _add_path(self, element: Element, name: str, called: str) -> None:
        path = add_named(element, "GeometryPath", called)
        points = add(add(path, "PathPointSet"), "objects")
        for i in self._points.get(name, ()):
            self._add_point(points, name, i)
        wraps = add(add(path, "PathWrapSet"), "objects")
        for i in self._wraps.get(name, ()):
            self._add_wrap(wraps, i)

    def _curve(self, name: str) -> dict[str, Any]:
        """The row of a muscle in ``force_length_curves``, or what it has without one."""
        table = self._tables["force_length_curves"]
        if name not in table.rows:
            return {"kind": "thelen", "width": self._tables["settings"].value("force_length_width")}
        i = table.index(name)
        return {column: cells[i] for column, cells in table.columns.items()}

    def _add_curve(self, element: Element, curve: Mapping[str, Any]) -> None:
        match curve["kind"]:
            case "thelen":
                add(element, "KshapeActive", curve["width"])
            case "de_groote_fregly":
                add(element, "active_force_width_scale", curve["width"])
            case "millard":
                own = add_named(element, "ActiveForceLengthCurve", f"{curve['muscle']}_ActiveForceLengthCurve")
                for tag, column in _MILLARD.items():
                    add(own, tag, curve[column])
            case _:
                add_function(add(element, "active_force_length_curve"), self._curves[curve["function"]])

    def add_point_frame(self, parent: Element, point: str) -> None:
        """The frame of its body in which a moving point moves."""
        points, rows = self._tables["path_points"], self._tables["point_rows"]
        i = points.index(point)
        at = tuple(points.numbers("x", "y", "z")[i].tolist())
        turn = tuple(rows.numbers("rx", "ry", "rz")[rows.index(point)].tolist())
        add_offset(parent, _frame(point), body_path(points.text("segment")[i]), at, turn)

    def framed_points(self) -> dict[str, list[str]]:
        """Points that move in a frame of their own, by segment."""
        points, rows = self._tables["path_points"], self._tables["point_rows"]
        found: dict[str, list[str]] = {}
        for point in rows.rows:
            i = points.index(point)
            if self._is_framed(i):
                found.setdefault(points.text("segment")[i], []).append(point)
        return found

    def _is_framed(self, i: int) -> bool:
        points, rows = self._tables["path_points"], self._tables["point_rows"]
        if points.rows[i] not in rows.rows:
            return False
        turn = rows.numbers("rx", "ry", "rz")[rows.index(points.rows[i])]
        return bool(points.numbers("x", "y", "z")[i].any() or turn.any())

    def _add_point(self, parent: Element, muscle: str, i: int) -> None:
        points = self._tables["path_points"]
        segment, kind = points.text("segment")[i], points.text("kind")[i]
        tag = {"fixed": "PathPoint", "conditional": "ConditionalPathPoint", "moving": "MovingPathPoint"}[kind]
        element = add_named(parent, tag, f"{muscle}-P{len(parent) + 1}")
        frame = body_path(segment) + (f"/{_frame(points.rows[i])}" if self._is_framed(i) else "")
        add(element, "socket_parent_frame", frame)
        place = points.numbers("x", "y", "z")[i].tolist()
        if kind == "moving":
            self._add_motion(element, i, place)
            return
        add(element, "location", place)
        if kind == "conditional":
            add(element, "socket_coordinate", self._coordinates[points.text("coordinate")[i]])
            add(element, "range", points.numbers("active_min", "active_max")[i])

    def _add_motion(self, element: Element, i: int, place: Sequence[float]) -> None:
        """What moves a point along x, y and z: functions of their own, or splines along x and y."""
        points, rows = self._tables["path_points"], self._tables["point_rows"]
        name = points.rows[i]
        if name in rows.rows:
            k = rows.index(name)
            curves = [self._curves[rows.text(f"function_{axis}")[k]] for axis in "xyz"]
            given = [rows.text(f"coordinate_{axis}")[k] for axis in "xyz"]
        else:
            curves = [spline_of(self._tables, points.text(f"spline_{axis}")[i]) for axis in "xy"]
            curves.append(Curve("", "constant", (0.0,), (place[2],)))
            given = [points.text("coordinate")[i]] * 3
        some = next(filter(None, given), next(iter(self._coordinates), ""))
        for axis, curve, coordinate in zip("xyz", curves, given, strict=True):
            own = coordinate or (some if curve.is_constant else "")  # OpenSim wants one even of a constant
            if own:
                add(element, f"socket_{axis}_coordinate", self._coordinates[own])
        for axis, curve in zip("xyz", curves, strict=True):
            add_function(add(element, f"{axis}_location"), curve)

    def _add_wrap(self, parent: Element, i: int) -> None:
        own = self._tables["path_wraps"]
        wrap = own.text("wrap")[i]
        element = add_named(parent, "PathWrap", f"pathwrap_{len(parent)}")
        add(element, "wrap_object", wrap)
        add(element, "method", "hybrid")
        ends = own.numbers("first", "last")[i].tolist()
        add(element, "range", " ".join("-1" if math.isnan(end) else str(int(end) + 1) for end in ends))


def _frame(point: str) -> str:
    return f"{point}_frame"


def _places(names: Sequence[str]) -> dict[str, list[int]]:
    """Where each name stands."""
    found: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        found.setdefault(name, []).append(i)
    return found


def add_wrap_object(parent: Element, tables: Tables, wrap: str) -> None:
    """A cylinder or a sphere of a body."""
    own = tables["wraps"]
    i = own.index(wrap)
    cylinder = own.text("kind")[i] == "cylinder"
    element = add_named(parent, "WrapCylinder" if cylinder else "WrapSphere", wrap)
    add(element, "active", True)
    angles = own.numbers("rx", "ry", "rz")[i].tolist()
    add(element, "xyz_body_rotation", [math.radians(angle) for angle in angles])
    add(element, "translation", own.numbers("x", "y", "z")[i])
    add(element, "quadrant", own.text("quadrant")[i])
    add(element, "radius", own.value(wrap, "radius"))
    if cylinder:
        add(element, "length", own.value(wrap, "length"))


def add_groups(parent: Element, tables: Tables) -> None:
    """Groups of muscles, in an order in which each muscle has its own in their order, where there is one."""
    own = tables["muscles"]
    members: dict[str, list[str]] = {}
    order: TopologicalSorter[str] = TopologicalSorter()
    for muscle, words in zip(own.rows, own.text("groups"), strict=True):
        groups = [group for group in words.split(";") if group]
        for group in groups:
            members.setdefault(group, []).append(muscle)
        for first, second in pairwise(groups):
            order.add(second, first)
    try:
        sorted_groups = [*order.static_order()]
    except CycleError:
        sorted_groups = []
    for group in dict.fromkeys([*sorted_groups, *members]):
        add(add_named(parent, "ObjectGroup", group), "members", members[group])
