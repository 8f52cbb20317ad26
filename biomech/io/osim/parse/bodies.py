"""Bodies: mass, centre of mass, inertia."""

from __future__ import annotations

from biomech.io._xml import Element
from biomech.io.osim.description import GROUND, Body
from biomech.io.osim.parse.document import Document
from biomech.io.osim.parse.values import number, numbers, objects, refuse_duplicates, vector

#: The most bodies and the most joints that are read; a whole skeleton has some 200.
MOST = 2000


def body_elements(document: Document) -> list[Element]:
    """All bodies but ground."""
    found = [own for own in objects(document.model, "BodySet") if own.tag == "Body"]
    refuse_duplicates(document, found, "body")
    if len(found) > MOST:
        raise document.error(document.model, f"has {len(found)} bodies: at most {MOST} are read")
    return [own for own in found if own.name != GROUND]


def ground_element(document: Document) -> Element | None:
    """Ground: an element of its own in 4.x, a body before."""
    own = document.model.child("Ground")
    if own is not None:
        return own
    return next((body for body in objects(document.model, "BodySet") if body.name == GROUND), None)


def read_body(document: Document, element: Element) -> Body:
    """A body; ``inertia`` is one property in 4.x and six before."""
    inertia = numbers(document, element, "inertia", 6)
    if inertia is None:
        inertia = tuple(
            number(document, element, f"inertia_{axes}", default=0.0) for axes in ("xx", "yy", "zz", "xy", "xz", "yz")
        )
    xx, yy, zz, xy, xz, yz = inertia
    return Body(
        element.name,
        number(document, element, "mass", least=0.0),
        vector(document, element, "mass_center"),
        (xx, yy, zz, xy, xz, yz),
        element.line,
    )
