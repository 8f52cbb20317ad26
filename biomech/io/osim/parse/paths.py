"""Paths: the points that a force runs through, and the objects that it wraps over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from biomech.io._xml import Element
from biomech.io.osim.description import (
    ConditionalPathPoint,
    Constant,
    Function,
    MovingPathPoint,
    Path,
    PathPoint,
    PathWrap,
    Placement,
    UnknownWrap,
    WrapEllipsoid,
    WrapObject,
    WrapTorus,
)
from biomech.io.osim.parse.document import Document
from biomech.io.osim.parse.frames import Frames, located, socket
from biomech.io.osim.parse.functions import function_property
from biomech.io.osim.parse.values import numbers, object_property, objects, referred, text, vector

#: The most points of one path and of all, and the most wraps of one; a whole body has some 10000 points.
MOST_OF_ONE, MOST_OF_ALL, MOST_WRAPS = 500, 30_000, 100
_METHODS = ("hybrid", "midpoint", "axial")
#: Kinds of path that are no line through points.
_OTHER_PATHS = ("FunctionBasedPath", "Scholz2015GeometryPath")
#: Wrap objects that are described and that no path is computed over.
_NOT_COMPUTED = (WrapEllipsoid, WrapTorus, UnknownWrap)


@dataclass
class PathReader:
    """What the paths of a model refer to; a wrap object that is not computed is left out once a path needs it."""

    document: Document
    frames: Frames
    coordinates: Collection[str]
    wraps: Sequence[WrapObject]
    wrap_elements: Sequence[Element]

    def __post_init__(self) -> None:
        self._first: dict[str, int] = {}
        for i, own in enumerate(self.wraps):
            self._first.setdefault(own.name, i)
        self._noted: set[int] = set()
        self._count = 0

    def read(self, owner: Element, affects: str = "model") -> Path:
        """The path of a force: a GeometryPath, or in 1.8 and before the points in the force itself.

        ``affects``: on what it bears that the force is left out, if its path is no line through points.
        """
        for kind in _OTHER_PATHS:
            other = owner.child(kind) or object_property(self.document, owner, "path")
            if other is not None and other.tag == kind:
                self.document.leave_out(other, affects, owner)
                return Path((), (), supported=False)
        place = owner.child("GeometryPath") or object_property(self.document, owner, "path") or owner
        points = tuple(self._point(own) for own in objects(place, "PathPointSet", "MusclePointSet"))
        if len(points) < 2:
            raise self.document.error(place, f"has {len(points)} path points: must have at least two")
        wraps = tuple(self._wrap(own, len(points)) for own in objects(place, "PathWrapSet", "MuscleWrapSet"))
        self._refuse_many(place, len(points), len(wraps))
        return Path(points, wraps)

    def _refuse_many(self, element: Element, points: int, wraps: int) -> None:
        """No paths without end: what is computed of them grows faster than they do."""
        self._count += points
        for count, what, most in (
            (points, "path points", MOST_OF_ONE),
            (wraps, "wraps", MOST_WRAPS),
            (self._count, "path points with those of the paths before it", MOST_OF_ALL),
        ):
            if count > most:
                raise self.document.error(element, f"has {count} {what}: at most {most} are read")

    # ---- points ---------------------------------------------------------------------------------------------------

    def _point(self, element: Element) -> PathPoint | ConditionalPathPoint | MovingPathPoint:
        frame = self.frames.of(element, "parent_frame", "body") or self.frames.of(element, "body")
        if frame is None:
            raise self.document.error(element, "has no body")
        if element.tag in ("MovingPathPoint", "MovingMusclePoint"):
            return self._moving(element, frame)
        location = located(frame, vector(self.document, element, "location"))
        if element.tag in ("PathPoint", "MusclePoint"):
            return PathPoint(frame.body, location, element.line)
        if element.tag in ("ConditionalPathPoint", "MuscleViaPoint"):
            return self._conditional(element, frame.body, location)
        raise self.document.error(element, "is no kind of path point that is known")

    def _conditional(self, element: Element, body: str, location: tuple[float, float, float]) -> ConditionalPathPoint:
        given = socket(self.document, element, "coordinate", "coordinate", "coordinates")
        coordinate = referred(self.document, element, given, self.coordinates, "coordinate")
        low, high = numbers(self.document, element, "range", 2, infinite=True) or (0.0, 0.0)
        return ConditionalPathPoint(body, location, coordinate, (low, high), element.line)

    def _moving(self, element: Element, frame: Placement) -> MovingPathPoint:
        coordinates: list[str | None] = []
        functions: list[Function] = []
        for axis in "xyz":
            given = socket(self.document, element, f"{axis}_coordinate", f"{axis}_coordinate")
            known = referred(self.document, element, given, self.coordinates, "coordinate") if given else None
            coordinates.append(known)
            functions.append(self._location(element, axis))
        x, y, z = coordinates
        return MovingPathPoint(frame, (x, y, z), (functions[0], functions[1], functions[2]), element.line)

    def _location(self, element: Element, axis: str) -> Function:
        for name in (f"{axis}_location", f"{axis.upper()}Attachment"):
            found = function_property(self.document, element, name, "path")
            if found is not None:
                return found
        return Constant(0.0)

    # ---- wraps ----------------------------------------------------------------------------------------------------

    def _wrap(self, element: Element, points: int) -> PathWrap:
        given = text(self.document, element, "wrap_object")
        wrap = self._first[referred(self.document, element, given, self._first, "wrap object")]
        method = text(self.document, element, "method", default="hybrid")
        method = "hybrid" if method == "Unassigned" else method
        if method.lower() not in _METHODS:
            raise self.document.error(element, f"method = {method[:40]!r}: must be one of {', '.join(_METHODS)}")
        self._note(wrap)
        first, last = self._range(element, points)
        return PathWrap(wrap, method.lower(), first, last, element.line)

    def _range(self, element: Element, points: int) -> tuple[int | None, int | None]:
        """Between which points; files count from 1, and -1 is the first, or the last, of the path."""
        given = numbers(self.document, element, "range", 2) or (-1.0, -1.0)
        if any(own != int(own) or own > points for own in given):
            raise self.document.error(element, f"range = {given!r}: must be two of the path's points, 1 to {points}")
        first, last = (None if own < 1 else int(own) - 1 for own in given)
        return first, last

    def _note(self, wrap: int) -> None:
        own = self.wraps[wrap]
        off = not isinstance(own, UnknownWrap) and not own.active
        if isinstance(own, _NOT_COMPUTED) and not off and wrap not in self._noted:
            self._noted.add(wrap)
            self.document.leave_out(self.wrap_elements[wrap], "path")
