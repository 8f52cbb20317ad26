"""Frames: which body a name, a path or an offset frame leads to, and where in it.

Files of 4.x give frames as OpenSim's paths (``/jointset/ankle_r/tibia_r_offset``), absolute or relative to the object
that refers to them; older files name the body. Frames in different joints may have the same name.
"""

from __future__ import annotations

import math
import posixpath

import numpy as np

from biomech.io._xml import Element
from biomech.io.osim.description import GROUND, Frame, Matrix, Placement, Vector
from biomech.io.osim.parse.document import Document
from biomech.io.osim.parse.values import text, vector
from biomech.model.mechanics.rotations import angles_xyz

_OFFSET = "PhysicalOffsetFrame"


class Frames:
    """The bodies and offset frames of a model, by path and by name."""

    def __init__(self, document: Document, bodies: list[Element]) -> None:
        self._document = document
        self._bodies = {GROUND, *(own.name for own in bodies)}
        self._paths = {f"/{GROUND}": GROUND, **{component_path(own): own.name for own in bodies}}
        self._offsets: dict[str, Element] = {}
        self._names: dict[str, list[Element]] = {}
        for own in document.model.walk():
            if own.tag == _OFFSET:
                self._offsets[component_path(own)] = own
                self._names.setdefault(own.name, []).append(own)
        self._placed: dict[int, Placement] = {}

    def of(self, owner: Element, name: str, *old: str) -> Placement | None:
        """The frame that ``owner`` refers to by the socket ``name``, or by a property that older files have."""
        given = socket(self._document, owner, name, *old)
        return self.find(owner, given) if given else None

    def exists(self, owner: Element, given: str) -> bool:
        """Whether there is a body or frame of a name or path."""
        return self._find(owner, given) is not None

    def find(self, owner: Element, given: str) -> Placement:
        """The frame of a name or path, as it is meant where ``owner`` stands."""
        found = self._find(owner, given)
        if found is None:
            raise self._document.error(owner, f"refers to {given[:80]!r}, and there is no such body or frame")
        return found if isinstance(found, Placement) else self._place(found)

    @property
    def offsets(self) -> list[Element]:
        """The elements of all offset frames."""
        return list(self._offsets.values())

    def named(self) -> tuple[Frame, ...]:
        """The offset frames that are no part of a joint, a force or a constraint."""
        return tuple(
            Frame(own.name, self._place(own), own.line)
            for path, own in self._offsets.items()
            if not path.startswith(("/jointset/", "/forceset/", "/constraintset/"))
        )

    def placed(self, holder: Element) -> Placement:
        """The frame that an element is: a body, ground or an offset frame."""
        return self._place(holder) if holder.tag == _OFFSET else Placement(holder.name or GROUND)

    def _find(self, owner: Element, given: str) -> Placement | Element | None:
        """What stands at the path; else the body, or the only frame, of the name; of a path, of its last name."""
        path = posixpath.normpath(posixpath.join(component_path(owner), given))
        if path in self._offsets:
            return self._offsets[path]
        last = given.rpartition("/")[2]
        meant = (given,) if "jointset/" in given else (given, last)  # what is missing in a joint is no body
        body = self._paths.get(path) or next((own for own in meant if own in self._bodies), None)
        if body is not None:
            return Placement(body)
        named = self._names.get(last, [])
        return named[0] if len(named) == 1 else None

    def _place(self, offset: Element) -> Placement:
        """An offset frame in its body, through the frames that it is offset from."""
        chain: dict[int, Element] = {}
        current: Placement | Element = offset
        while isinstance(current, Element) and id(current) not in self._placed:
            if id(current) in chain:
                raise self._document.error(current, "is offset from itself")
            chain[id(current)] = current
            current = self._parent(current)
        placed = current if isinstance(current, Placement) else self._placed[id(current)]
        for own in reversed(chain.values()):
            placed = offset_from(
                placed, vector(self._document, own, "translation"), vector(self._document, own, "orientation")
            )
            self._placed[id(own)] = placed
        return placed

    def _parent(self, offset: Element) -> Placement | Element:
        given = socket(self._document, offset, "parent")
        found = self._find(offset, given) if given else None
        if found is None:
            raise self._document.error(offset, f"is offset from {given[:80]!r}, and there is no such body or frame")
        return found


def socket(document: Document, owner: Element, name: str, *old: str) -> str:
    """What a socket refers to: ``socket_NAME`` of 4.x, the connectors of its betas, or an older property."""
    given = text(document, owner, f"socket_{name}", f"socket_{name}_connectee_name")
    if given:
        return given
    connectors = owner.child("connectors")
    for own in connectors.children if connectors is not None else ():
        if own.name == name:
            return text(document, own, "connectee_name")
    return text(document, owner, *old) if old else ""


def component_path(element: Element) -> str:
    """The path of a component in OpenSim's tree: its name after those of the objects and sets around it."""
    parts: list[str] = []
    own: Element | None = element
    while own is not None and own.tag != "Model":
        if own.tag.endswith("Set"):
            parts.append(own.tag.lower())
        elif own.tag[:1].isupper():
            parts.append(own.name)
        own = own.parent
    return "/" + "/".join(reversed(parts))


def offset_from(frame: Placement, translation: Vector, orientation: Vector) -> Placement:
    """A frame that is offset from another: moved, then turned about its own x, y and z."""
    moved = rotated(frame.rotation, translation)
    origin = tuple(a + b for a, b in zip(frame.translation, moved, strict=True))
    return Placement(frame.body, (origin[0], origin[1], origin[2]), product(frame.rotation, rotation_xyz(orientation)))


def old_offset(document: Document, frame: Placement, element: Element, location: str, orientation: str) -> Placement:
    """A frame that a file of before 4.0 offsets by two properties of a joint or bushing.

    OpenSim 4 makes frames of them and keeps six digits on the way. The same is done here, so that bodies are where it
    has them: of what a file says, a millionth is lost.
    """
    moved, turned = (
        tuple(float(f"{own:.6g}") for own in vector(document, element, tag)) for tag in (location, orientation)
    )
    return offset_from(frame, (moved[0], moved[1], moved[2]), (turned[0], turned[1], turned[2]))


def settled(frame: Placement) -> Placement:
    """A frame turned by what the tables say of it: angles of a certain number of digits, which are read back."""
    a, b, c = (math.radians(own) for own in angles_xyz(np.array(frame.rotation)))
    return Placement(frame.body, frame.translation, rotation_xyz((a, b, c)))


def located(frame: Placement, point: Vector) -> Vector:
    """A point of a frame in the frame's body."""
    x, y, z = rotated(frame.rotation, point)
    return (frame.translation[0] + x, frame.translation[1] + y, frame.translation[2] + z)


def rotation_xyz(angles: Vector) -> Matrix:
    """Body-fixed turns about x, then y, then z."""
    (a, b, c), (p, q, r) = (math.cos(own) for own in angles), (math.sin(own) for own in angles)
    return (
        (b * c, -b * r, q),
        (a * r + p * q * c, a * c - p * q * r, -p * b),
        (p * r - a * q * c, p * c + a * q * r, a * b),
    )


def product(left: Matrix, right: Matrix) -> Matrix:
    """The matrix product."""
    columns = tuple(zip(*right, strict=True))
    rows = [[sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in left]
    (a, b, c), (d, e, f), (g, h, i) = rows
    return (a, b, c), (d, e, f), (g, h, i)


def rotated(matrix: Matrix, point: Vector) -> Vector:
    """The matrix times a vector."""
    x, y, z = (sum(a * b for a, b in zip(row, point, strict=True)) for row in matrix)
    return x, y, z
