"""Properties of objects as numbers, words and objects: where they stand, and what they may be.

A property that an object lacks is that of its class in ``<defaults>``, else what the reader says is OpenSim's own. A
number is refused by its element, line and text.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator

from biomech.io._xml import Element
from biomech.io.osim.description import Vector
from biomech.io.osim.parse.document import Document

#: A number further out than this is as good as infinite: sums and products of those within stay finite.
LARGEST = 1e100

_TRUE, _FALSE = {"true", "1"}, {"false", "0"}


def property_of(document: Document, owner: Element, *tags: str) -> Element | None:
    """The element of a property under one of its names: of the object, or of the default of its class."""
    found = owner.child(*tags)
    if found is None and owner.tag in document.defaults:
        found = document.defaults[owner.tag].child(*tags)
    return found


def objects(owner: Element, *tags: str) -> Iterator[Element]:
    """The objects of a set: in its ``<objects>``, or directly in it where it is a list."""
    found = owner.child(*tags)
    if found is None:
        return
    inner = found.child("objects")
    yield from (own for own in (found if inner is None else inner).children if own.tag != "groups")


def object_property(document: Document, owner: Element, name: str) -> Element | None:
    """The one object of a property: a child that bears the property's name, or the first within its element."""
    for place in (owner, document.defaults.get(owner.tag)):
        for own in place.children if place is not None else ():
            if own.tag == name:
                return own.children[0] if own.children else None
            if own.name == name and own.tag[:1].isupper():
                return own
    return None


def number(
    document: Document,
    owner: Element,
    *tags: str,
    default: float | None = None,
    least: float | None = None,
    above: float | None = None,
    infinite: bool = False,
) -> float:
    """A finite number, at least ``least`` and more than ``above``; infinite ones where they are meant."""
    found = property_of(document, owner, *tags)
    if found is None or not found.text:
        if default is None:
            raise document.error(owner if found is None else found, f"{tags[0]} is missing")
        return default
    values = _tokens(found.text)
    if len(values) != 1:
        raise document.error(found, f"{found.text[:60]!r}: must be one number")
    value = parse_number(document, found, values[0], infinite)
    if above is not None and value <= above:
        raise document.error(found, f"{value!r}: must be more than {above:g}")
    if least is not None and value < least:
        raise document.error(found, f"{value!r}: must be at least {least:g}")
    return value


def numbers(
    document: Document, owner: Element, tag: str, count: int | None = None, infinite: bool = False
) -> tuple[float, ...] | None:
    """The numbers of a property, as many as they must be; None where there is none."""
    found = property_of(document, owner, tag)
    if found is None or not found.text:
        return None
    values = tuple(parse_number(document, found, own, infinite) for own in _tokens(found.text))
    if count is not None and len(values) != count:
        raise document.error(found, f"{found.text[:60]!r}: must be {count} numbers; has {len(values)}")
    return values


def vector(document: Document, owner: Element, tag: str, default: Vector = (0.0, 0.0, 0.0)) -> Vector:
    """Three numbers."""
    values = numbers(document, owner, tag, 3)
    return default if values is None else (values[0], values[1], values[2])


def flag(document: Document, owner: Element, tag: str, default: bool) -> bool:
    """True or false, in any case and with space around."""
    found = property_of(document, owner, tag)
    word = "" if found is None else found.text.lower()
    if found is None or not word:
        return default
    if word not in _TRUE and word not in _FALSE:
        raise document.error(found, f"{found.text[:60]!r}: must be true or false")
    return word in _TRUE


def text(document: Document, owner: Element, *tags: str, default: str = "") -> str:
    """The words of a property."""
    found = property_of(document, owner, *tags)
    return default if found is None or not found.text else found.text


def names(document: Document, owner: Element, *tags: str, known: Collection[str] = ()) -> tuple[str, ...]:
    """Names with space between; one name, where with its spaces it is one that is ``known``."""
    given = text(document, owner, *tags)
    return (given,) if given in known else tuple(given.split())


def parse_number(document: Document, element: Element, token: str, infinite: bool = False) -> float:
    """A number from its text; NaN, decimal commas and what only Python would read are none."""
    try:
        value = float(token) if token.isascii() and "_" not in token else math.nan
    except ValueError:
        value = math.nan
    if abs(value) > LARGEST:
        value = math.copysign(math.inf, value)
    if math.isnan(value) or (math.isinf(value) and not infinite):
        hint = " (a decimal comma?)" if "," in token else ""
        raise document.error(element, f"{token[:60]!r}: must be a finite number{hint}")
    return value


def _tokens(given: str) -> list[str]:
    """The words of a list of numbers, which OpenSim may also write in brackets."""
    if given.startswith("(") and given.endswith(")"):
        given = given[1:-1]
    return given.split()


def refuse_duplicates(document: Document, elements: Iterable[Element], what: str, nameless: bool = False) -> None:
    """No two of a name; and none without, unless it may be ``nameless``."""
    seen: dict[str, int] = {}
    for own in elements:
        if not own.name:
            if nameless:
                continue
            raise document.error(own, f"a {what} must have a name")
        if own.name in seen:
            raise document.error(
                own, f"there are two of the {what} {own.name!r}; the other is in line {seen[own.name]}"
            )
        seen[own.name] = own.line


def last_name(given: str, known: Iterable[str]) -> str | None:
    """The name that is meant by a name or by a path that ends in it, the longest; None where there is none."""
    ends = [own for own in known if given == own or given.endswith("/" + own)]
    return max(ends, key=len, default=None)


def referred(document: Document, element: Element, given: str, known: Collection[str], what: str) -> str:
    """The object that a name or path refers to."""
    if given in known:
        return given
    found = last_name(given, known)
    if found is None:
        raise document.error(element, f"refers to {given[:80]!r}, and there is no such {what}")
    return found
