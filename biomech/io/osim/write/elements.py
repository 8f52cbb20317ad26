"""Elements of a model file that is written: names that OpenSim can have, numbers that are read back to the last bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement

from biomech._arguments import shown
from biomech.errors import ModelError
from biomech.io.osim.description import GROUND, opensim_name
from biomech.io.osim.parse.values import LARGEST
from biomech.model.tables import Table

#: How many floats on either side of an angle in radians are tried for the one that is read back as its degrees.
_NEAR = 4


def add(parent: Element, tag: str, content: object = None, **attributes: str) -> Element:
    """A child: of text, a number, true or false, or several numbers or names; empty by default."""
    own = SubElement(parent, tag, attributes)
    own.text = None if content is None else _text(content)
    return own


def add_named(parent: Element, tag: str, name: str) -> Element:
    """A child that is an object with a name."""
    return SubElement(parent, tag, {"name": name})


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, bool):
        return "true" if content else "false"
    if isinstance(content, Iterable):
        return " ".join(_text(own) for own in content)
    return _number(float(content))  # type: ignore[arg-type]


def _number(value: float) -> str:
    """The shortest digits that are read back as the number."""
    if not abs(value) <= LARGEST:
        raise ModelError(f"{value!r}: a model file holds numbers up to {LARGEST:g}")
    return repr(value + 0.0)


def check_name(where: str, name: str) -> str:
    """A name that OpenSim can have; ``where`` is how a message calls what bears it."""
    if not name or opensim_name(name) != name:
        raise ModelError(f"{where} = {shown(name)}: OpenSim's names have no blanks and none of / \\ * + in them")
    return name


def radians(degrees: float) -> float:
    """The angle in radians that is read back as these degrees."""
    return _way_back(degrees, math.radians(degrees), lambda angle: angle * (180.0 / math.pi))


def pennation(degrees: float) -> float:
    """The angle in radians of which ``math.degrees`` makes these degrees."""
    return _way_back(degrees, math.radians(degrees), math.degrees)


def scaled_back(value: float, scale: float) -> float:
    """The number that times a scale is this one."""
    return _way_back(value, value / scale, lambda own: scale * own)


def _way_back(wanted: float, guess: float, forward: Callable[[float], float]) -> float:
    """The float near a guess from which ``forward`` leads to what is wanted; the guess where there is none."""
    low = high = guess
    for _ in range(_NEAR):
        for own in (low, high):
            if forward(own) == wanted:
                return own
        low, high = math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
    return guess


def body_path(segment: str) -> str:
    """Where OpenSim has a body."""
    return f"/{GROUND}" if segment == GROUND else f"/bodyset/{segment}"


def coordinate_paths(tables: Mapping[str, Table]) -> dict[str, str]:
    """Where OpenSim has each coordinate."""
    own = tables["coordinates"]
    return {name: f"/jointset/{of}/{name}" for name, of in zip(own.rows, own.text("joint"), strict=True)}


def add_offset(parent: Element, name: str, base: str, place: tuple[float, ...], angles: tuple[float, ...]) -> None:
    """A frame that is offset from another; ``angles`` in degrees, about its own x, y and z."""
    frame = add_named(parent, "PhysicalOffsetFrame", name)
    add(frame, "socket_parent", base)
    add(frame, "translation", place)
    add(frame, "orientation", tuple(math.radians(own) for own in angles))
