"""Joints: what they connect, what they let move, and the tree that they make from ground outward.

Before 4.x a joint stands in the body that it moves and names the parent; in 4.x it stands in a set and refers to two
frames. Every class becomes six rows, three turns and three translations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from biomech.io._xml import Element
from biomech.io.osim.description import (
    GROUND,
    Constant,
    Coordinate,
    EllipsoidPoint,
    Joint,
    Linear,
    Placement,
    TransformRow,
    Vector,
)
from biomech.io.osim.parse.bodies import MOST
from biomech.io.osim.parse.document import Document
from biomech.io.osim.parse.frames import Frames, old_offset, settled
from biomech.io.osim.parse.functions import function_property
from biomech.io.osim.parse.values import (
    flag,
    names,
    number,
    numbers,
    object_property,
    objects,
    property_of,
    refuse_duplicates,
    vector,
)
from biomech.io.osim.scapula import gliding_rows, winging_rows

X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
AXES = (X, Y, Z)

#: OpenSim's own range of a coordinate that states none.
DEFAULT_RANGE = (-10.0, 10.0)
#: An end of a range further out than this, in rad or m, is no limit: files write 99999.9 and 1e30 for none.
NO_LIMIT = 1000.0

#: An axis is of length 1 if it is as near as a unit vector in floats: what was divided by its length once stays so.
_UNIT = 1e-15

_IDENTITY = Linear((1.0,), 0.0)

#: Per class what each coordinate moves: turns about (r) and translations along (t) the axes x, y, z, numbered 0, 1, 2.
_MOTIONS: dict[str, tuple[tuple[str, int], ...]] = {
    "WeldJoint": (),
    "PinJoint": (("r", 2),),
    "SliderJoint": (("t", 0),),
    "UniversalJoint": (("r", 0), ("r", 1)),
    "BallJoint": (("r", 0), ("r", 1), ("r", 2)),
    "GimbalJoint": (("r", 0), ("r", 1), ("r", 2)),
    "EllipsoidJoint": (("r", 0), ("r", 1), ("r", 2)),
    "ScapulothoracicJoint": (("r", 0), ("r", 1), ("r", 2), ("", 0)),
    "PlanarJoint": (("r", 2), ("t", 0), ("t", 1)),
    "FreeJoint": (("r", 0), ("r", 1), ("r", 2), ("t", 0), ("t", 1), ("t", 2)),
}


def joint_elements(document: Document, bodies: list[Element]) -> list[tuple[Element, Element | None]]:
    """Every joint, with the body that it stands in before 4.x."""
    found: list[tuple[Element, Element | None]] = [(own, body) for body in bodies for own in objects(body, "Joint")]
    found += [(own, None) for own in objects(document.model, "JointSet")]
    # nothing refers to a joint that stands in the body that it moves: two of them may have one name
    refuse_duplicates(document, (own for own, body in found if body is None), "joint", nameless=True)
    if len(found) > MOST:
        raise document.error(document.model, f"has {len(found)} joints: at most {MOST} are read")
    return found


def read_joints(document: Document, frames: Frames, bodies: list[Element]) -> tuple[tuple[Joint, ...], tuple[int, ...]]:
    """All joints in the order of the file, and the tree: their places from ground outward."""
    elements = joint_elements(document, bodies)
    joints = _with_names_of_their_own(document, [_read_joint(document, frames, own, body) for own, body in elements])
    coordinates = [own for joint, _ in elements for own in _coordinate_elements(joint)]
    refuse_duplicates(document, coordinates, "coordinate")
    _refuse_shared_coordinates(document, joints, elements)
    return _make_tree(document, joints, [own for own, _ in elements], bodies)


def _with_names_of_their_own(document: Document, joints: list[Joint]) -> list[Joint]:
    """The second of a name is called so with ``_0`` behind it, the third ``_1``, as in OpenSim 4; it is said."""
    taken, found = {own.name for own in joints}, list[Joint]()
    seen: set[str] = set()
    for joint in joints:
        name = joint.name
        if name and name in seen:
            name = next(own for own in (f"{joint.name}_{i}" for i in range(len(joints))) if own not in taken)
            taken.add(name)
            document.notes.append(f"the second joint {joint.name!r}, of body {joint.child.body!r}, read as {name!r}")
        seen.add(name)
        found.append(joint if name == joint.name else replace(joint, name=name))
    return found


def _refuse_shared_coordinates(
    document: Document, joints: list[Joint], elements: list[tuple[Element, Element | None]]
) -> None:
    """No joint moves by a coordinate that is another's."""
    owner: dict[str, str] = {}
    for joint, (element, _) in zip(joints, elements, strict=True):
        for own in joint.coordinates:
            if own.name in owner:
                raise document.error(element, f"moves by the coordinate {own.name!r} of joint {owner[own.name]!r}")
            owner[own.name] = joint.name


# ---- one joint ----------------------------------------------------------------------------------------------------


def _read_joint(document: Document, frames: Frames, element: Element, body: Element | None) -> Joint:
    parent, child = _frames(document, frames, element, body)
    if parent.body == child.body:
        raise document.error(element, f"connects {parent.body!r} with itself")
    given = list(_coordinate_elements(element))
    rows = _rows(document, element, [own.name for own in given])
    supported = bool(rows)
    motions = _motions(rows)
    beyond = _beyond(document, element, [own.name for own in given])
    motions |= {name: "rotational" for turns, row in beyond if turns for name in row.coordinates}
    coordinates = [_coordinate(document, own, motions.get(own.name, "coupled")) for own in given]
    known = {own.name for own in coordinates}
    coordinates += [_default_coordinate(name, motions[name], element.line) for name in motions if name not in known]
    return Joint(
        element.name,
        element.tag,
        parent,
        child,
        tuple(coordinates),
        rows[:3],
        rows[3:],
        supported,
        line=element.line,
        beyond=beyond,
    )


def _frames(document: Document, frames: Frames, element: Element, body: Element | None) -> tuple[Placement, Placement]:
    """The frames that a joint connects; with ``reverse``, of 3.x, they change places."""
    parent = frames.of(element, "parent_frame") or frames.of(element, "parent_body", "parent_body")
    child = frames.of(element, "child_frame") or frames.of(element, "child_body", "body")
    if child is None and body is not None:
        child = Placement(body.name)
    if parent is None or child is None:
        raise document.error(element, f"has no {'parent' if parent is None else 'child'} frame")
    parent = old_offset(document, parent, element, "location_in_parent", "orientation_in_parent")
    for location, orientation in (("location", "orientation"), ("location_in_child", "orientation_in_child")):
        child = old_offset(document, child, element, location, orientation)
    parent, child = settled(parent), settled(child)
    return (child, parent) if flag(document, element, "reverse", False) else (parent, child)


def _free_joint(body: Element) -> Joint:
    name = f"free_{body.name}"
    rows = tuple(_plain_rows("FreeJoint", [f"{name}_coord_{i}" for i in range(6)]))
    coordinates = tuple(_default_coordinate(own, motion, body.line) for own, motion in _motions(rows).items())
    return Joint(
        name, "FreeJoint", Placement(GROUND), Placement(body.name), coordinates, rows[:3], rows[3:], line=body.line
    )


# ---- rows ---------------------------------------------------------------------------------------------------------


def _rows(document: Document, element: Element, given: list[str]) -> tuple[TransformRow, ...]:
    """The six rows of a joint whose own coordinates are ``given``; none for a class that nobody knows."""
    if element.tag == "CustomJoint":
        return _custom_rows(document, element, given)
    if element.tag not in _MOTIONS:
        document.leave_out(element, "joint")
        return ()
    count = len(_MOTIONS[element.tag])
    if len(given) > count:
        raise document.error(element, f"has {len(given)} coordinates: must have {count}")
    called = _called(element, given)
    rows = _plain_rows(element.tag, called)
    if element.tag == "EllipsoidJoint":
        rows[3:] = _ellipsoid_rows(document, element, called)
    if element.tag == "ScapulothoracicJoint":
        return gliding_rows(_radii(document, element, "thoracic_ellipsoid_radii_x_y_z"), called)
    return tuple(rows)


def _called(element: Element, given: list[str]) -> list[str]:
    """The names of a joint's coordinates, those too that a file does not state."""
    return given + [f"{element.name}_coord_{i}" for i in range(len(given), len(_MOTIONS[element.tag]))]


def _plain_rows(kind: str, called: list[str]) -> list[TransformRow]:
    """The rows of a class whose coordinates turn about, or go along, the axes of its frames."""
    coordinates = dict(zip(_MOTIONS[kind], called, strict=True))
    return [
        TransformRow(AXES[axis], (coordinates[what, axis],), _IDENTITY)
        if (what, axis) in coordinates
        else _still(AXES[axis])
        for what in "rt"
        for axis in range(3)
    ]


def _radii(document: Document, element: Element, tag: str) -> Vector:
    radii = numbers(document, element, tag, 3)
    if radii is None or min(radii) <= 0:
        raise document.error(element, f"{tag}: must be three numbers more than 0")
    return radii[0], radii[1], radii[2]


def _beyond(document: Document, element: Element, given: list[str]) -> tuple[tuple[bool, TransformRow], ...]:
    """What moves a joint on after its six rows: the winging of a scapula."""
    if element.tag != "ScapulothoracicJoint":
        return ()
    x, y = numbers(document, element, "scapula_winging_axis_origin", 2) or (0.0, 0.0)
    direction = number(document, element, "scapula_winging_axis_direction", default=0.0)
    return winging_rows((x, y), direction, _called(element, given)[3])


def _ellipsoid_rows(document: Document, element: Element, called: list[str]) -> list[TransformRow]:
    radii = _radii(document, element, "radii_x_y_z")
    return [TransformRow(AXES[axis], (called[0], called[1]), EllipsoidPoint(axis, radii[axis])) for axis in range(3)]


def _custom_rows(document: Document, element: Element, known: list[str]) -> tuple[TransformRow, ...]:
    """The rows of a CustomJoint: named in its SpatialTransform, or listed in the TransformAxisSet of 1.8 and before."""
    place = property_of(document, element, "SpatialTransform")
    if place is not None:
        named = {own.name: own for own in place.children if own.tag == "TransformAxis"}
        axes = [named.get(f"{kind}{i}") for kind in ("rotation", "translation") for i in (1, 2, 3)]
    else:
        axes = _listed_axes(document, element)
    rows = [_still(AXES[i % 3]) if own is None else _row(document, own, known) for i, own in enumerate(axes)]
    _check_axes(document, element, rows)
    return tuple(rows)


def _listed_axes(document: Document, element: Element) -> list[Element | None]:
    turns: list[Element | None] = []
    translations: list[Element | None] = []
    for own in objects(element, "TransformAxisSet"):
        (turns if flag(document, own, "is_rotation", False) else translations).append(own)
    if len(turns) > 3 or len(translations) > 3:
        raise document.error(element, f"has {len(turns)} turns and {len(translations)} translations: three at most")
    return turns + [None] * (3 - len(turns)) + translations + [None] * (3 - len(translations))


def _row(document: Document, element: Element, known: list[str]) -> TransformRow:
    """A row; without a function its coordinate moves it one to one, and without a coordinate it stays."""
    coordinates = names(document, element, "coordinates", "coordinate", known=known)
    axis = vector(document, element, "axis", X)
    length = math.hypot(*axis)
    if length == 0.0:
        raise document.error(element, "axis: must not be zero")
    length = length if abs(length - 1.0) > _UNIT else 1.0
    function = function_property(document, element, "function", "joint")
    if function is None:
        function = _IDENTITY if coordinates else Constant(0.0)
    if isinstance(function, Linear) and len(function.slopes) != max(len(coordinates), 1):
        raise document.error(element, f"has {len(coordinates)} coordinates and {len(function.slopes)} slopes")
    return TransformRow((axis[0] / length, axis[1] / length, axis[2] / length), coordinates, function)


def _still(axis: Vector) -> TransformRow:
    return TransformRow(axis, (), Constant(0.0))


def _check_axes(document: Document, element: Element, rows: list[TransformRow]) -> None:
    """No two axes that move are the same: of turns, or of translations."""
    for three in (rows[:3], rows[3:]):
        moved = [own.axis for own in three if own.function != Constant(0.0)]
        for i, first in enumerate(moved):
            for second in moved[i + 1 :]:
                if abs(sum(a * b for a, b in zip(first, second, strict=True))) > 1.0 - 1e-10:
                    raise document.error(element, f"two of its axes are the same: {first} and {second}")


def _motions(rows: tuple[TransformRow, ...]) -> dict[str, str]:
    """What each coordinate of the rows is: a turn or a translation where it moves one of them as far as itself."""
    found: dict[str, str] = {}
    for i, row in enumerate(rows):
        for name in row.coordinates:
            plain = isinstance(row.function, Linear) and abs(row.function.slopes[0]) == 1.0
            kind = ("rotational" if i < 3 else "translational") if plain else "coupled"
            if found.get(name, "coupled") == "coupled":
                found[name] = kind
    return found


# ---- coordinates --------------------------------------------------------------------------------------------------


def _coordinate_elements(joint: Element) -> Iterator[Element]:
    yield from (own for own in objects(joint, "coordinates", "CoordinateSet") if own.tag == "Coordinate")


def _coordinate(document: Document, element: Element, motion: str) -> Coordinate:
    given = numbers(document, element, "range", 2, infinite=True) or DEFAULT_RANGE
    low, high = (math.copysign(math.inf, own) if abs(own) > NO_LIMIT else own for own in given)
    if low > high:
        document.notes.append(f"the range of coordinate {element.name!r} read as from {high:g} to {low:g}")
        low, high = high, low
    function = None
    if object_property(document, element, "prescribed_function") is not None:
        function = function_property(document, element, "prescribed_function", "joint")
    return Coordinate(
        element.name,
        motion,
        number(document, element, "default_value", default=0.0),
        (low, high),
        flag(document, element, "clamped", False),
        flag(document, element, "locked", False),
        flag(document, element, "prescribed", False) and function is not None,
        function,
        element.line,
    )


def _default_coordinate(name: str, motion: str, line: int) -> Coordinate:
    return Coordinate(name, motion, 0.0, DEFAULT_RANGE, False, False, False, None, line)


# ---- the tree -----------------------------------------------------------------------------------------------------


def _make_tree(
    document: Document, joints: list[Joint], elements: list[Element], bodies: list[Element]
) -> tuple[tuple[Joint, ...], tuple[int, ...]]:
    """Every body once, from ground outward; a joint that closes a loop is left out of the tree."""
    reached, tree = {GROUND}, []
    waiting = list(range(len(joints)))
    while waiting or any(own.name not in reached for own in bodies):
        own = _next_joint(joints, waiting, reached)
        if own is None:
            joints.append(_free_joint(_loose_body(document, joints, elements, bodies, reached)))
            waiting.append(len(joints) - 1)
            continue
        waiting.remove(own)
        joint = joints[own]
        if joint.child.body in reached and joint.parent.body in reached:
            document.leave_out(elements[own], "joint")
            continue
        tree.append(own)
        if joint.child.body in reached:
            joints[own] = replace(joint, reversed=True)
        reached |= {joint.child.body, joint.parent.body}
    return tuple(joints), tuple(tree)


def _loose_body(
    document: Document, joints: list[Joint], elements: list[Element], bodies: list[Element], reached: set[str]
) -> Element:
    """The next body that no joint holds, which OpenSim lets move freely; if all are held, then by one another."""
    held = {own.child.body for own in joints}
    loose = next((own for own in bodies if own.name not in reached and own.name not in held), None)
    if loose is None:
        own = next(i for i, joint in enumerate(joints) if joint.child.body not in reached)
        raise document.error(
            elements[own],
            f"does not lead to ground: its parent {joints[own].parent.body!r} is held by the body that it moves",
        )
    return loose


def _next_joint(joints: list[Joint], waiting: list[int], reached: set[str]) -> int | None:
    """The next joint that leads on, from parent to child where one does; else from child to parent; else a loop."""
    for own in waiting:
        if joints[own].parent.body in reached and joints[own].child.body not in reached:
            return own
    return next((own for own in waiting if {joints[own].parent.body, joints[own].child.body} & reached), None)
