"""Constraints: couplers of coordinates; all others are left out."""

from __future__ import annotations

from collections.abc import Collection

from biomech.io._xml import Element
from biomech.io.osim.description import Coupler
from biomech.io.osim.parse.document import Document
from biomech.io.osim.parse.functions import function_property
from biomech.io.osim.parse.values import flag, names, number, objects, property_of, referred, text


def read_couplers(document: Document, coordinates: Collection[str]) -> tuple[Coupler, ...]:
    """The couplers among the constraints; others are left out where they hold."""
    found = []
    for own in objects(document.model, "ConstraintSet"):
        if own.tag == "CoordinateCouplerConstraint":
            found.append(_coupler(document, own, coordinates))
        elif _is_enforced(document, own):
            document.leave_out(own, "constraint")
    return tuple(found)


def _coupler(document: Document, element: Element, coordinates: Collection[str]) -> Coupler:
    function = function_property(document, element, "coupled_coordinates_function", "constraint")
    if function is None:
        raise document.error(element, "coupled_coordinates_function is missing")
    independents = tuple(
        referred(document, element, own, coordinates, "coordinate")
        for own in names(document, element, "independent_coordinate_names", known=coordinates)
    )
    given = text(document, element, "dependent_coordinate_name")
    dependent = referred(document, element, given, coordinates, "coordinate")
    if not independents or dependent in independents:
        raise document.error(element, f"couples {dependent!r} to {independents!r}: must be to other coordinates")
    return Coupler(
        element.name,
        dependent,
        independents,
        function,
        number(document, element, "scale_factor", default=1.0),
        _is_enforced(document, element),
        element.line,
    )


def _is_enforced(document: Document, element: Element) -> bool:
    """``isEnforced`` of 4.x, the opposite of ``isDisabled`` before."""
    if property_of(document, element, "isEnforced") is not None:
        return flag(document, element, "isEnforced", True)
    return not flag(document, element, "isDisabled", False)
