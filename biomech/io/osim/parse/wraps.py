"""Wrap objects: what paths wrap over, on bodies and on frames that are fixed in them."""

from __future__ import annotations

from collections.abc import Callable

from biomech.io._xml import Element
from biomech.io.osim.description import (
    Placement,
    UnknownWrap,
    WrapCylinder,
    WrapEllipsoid,
    WrapObject,
    WrapSphere,
    WrapTorus,
)
from biomech.io.osim.parse.document import Document
from biomech.io.osim.parse.frames import Frames, offset_from
from biomech.io.osim.parse.values import flag, number, objects, refuse_duplicates, text, vector

_QUADRANTS = ("x", "y", "z", "-x", "-y", "-z", "all")


def wrap_elements(document: Document, holders: list[Element]) -> list[tuple[Element, Element]]:
    """The wrap objects of bodies, of ground and of offset frames, each with what holds it."""
    found: list[tuple[Element, Element]] = []
    for holder in holders:
        elements = list(objects(holder, "WrapObjectSet"))
        refuse_duplicates(document, elements, f"wrap object of {holder.name!r}", nameless=True)
        found += [(holder, own) for own in elements]
    return found


def read_wraps(document: Document, frames: Frames, elements: list[tuple[Element, Element]]) -> list[WrapObject]:
    """The wrap objects, each in the frame of what holds it."""
    return [_read_wrap(document, frames, holder, own) for holder, own in elements]


def _read_wrap(document: Document, frames: Frames, holder: Element, element: Element) -> WrapObject:
    reader = _READERS.get(element.tag)
    if reader is None:
        return UnknownWrap(element.name, element.tag, element.line)
    base = frames.placed(holder)
    turned = offset_from(base, vector(document, element, "translation"), vector(document, element, "xyz_body_rotation"))
    return reader(document, element, turned)


def _cylinder(document: Document, element: Element, frame: Placement) -> WrapCylinder:
    radius = number(document, element, "radius", default=1.0, above=0.0)
    length = number(document, element, "length", default=1.0, above=0.0)
    return WrapCylinder(element.name, frame, *_common(document, element), radius, length, element.line)


def _sphere(document: Document, element: Element, frame: Placement) -> WrapSphere:
    radius = number(document, element, "radius", default=0.05, above=0.0)
    return WrapSphere(element.name, frame, *_common(document, element), radius, element.line)


def _ellipsoid(document: Document, element: Element, frame: Placement) -> WrapEllipsoid:
    dimensions = vector(document, element, "dimensions", (0.05, 0.05, 0.05))
    if min(dimensions) <= 0.0:
        raise document.error(element, f"dimensions = {dimensions!r}: must be more than 0")
    return WrapEllipsoid(element.name, frame, *_common(document, element), dimensions, element.line)


def _torus(document: Document, element: Element, frame: Placement) -> WrapTorus:
    inner = number(document, element, "inner_radius", default=0.01, least=0.0)
    outer = number(document, element, "outer_radius", default=0.05, above=0.0)
    return WrapTorus(element.name, frame, *_common(document, element), inner, outer, element.line)


def _common(document: Document, element: Element) -> tuple[bool, str]:
    return flag(document, element, "active", True), _quadrant(document, element)


def _quadrant(document: Document, element: Element) -> str:
    """The side to which a path is held: x and +x are one, and so are X and x; those are noted."""
    given = text(document, element, "quadrant", default="all")
    plain = given.lower().removeprefix("+").replace("unassigned", "all")
    if plain not in _QUADRANTS:
        raise document.error(element, f"quadrant = {given[:40]!r}: must be one of {', '.join(_QUADRANTS)}")
    if plain != given and given != "Unassigned":
        document.quadrants[given] = plain
    return plain


_READERS: dict[str, Callable[[Document, Element, Placement], WrapObject]] = {
    "WrapCylinder": _cylinder,
    "WrapSphere": _sphere,
    "WrapEllipsoid": _ellipsoid,
    "WrapTorus": _torus,
}
