"""Bushings and springs between two bodies as elements of a model file."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from biomech.io.osim.write.elements import add, add_named, add_offset, body_path
from biomech.model.tables import Table

Tables = Mapping[str, Table]


def add_bushings(parent: Element, tables: Tables) -> None:
    """Bushings, each end in a frame of its own unless it is that of the body."""
    own = tables["bushings"]
    for i, name in enumerate(own.rows):
        element = add_named(parent, "BushingForce", name)
        offset = []
        for socket, end in (("frame1", "first"), ("frame2", "second")):
            segment = own.text(end)[i]
            place, angles = _xyz(own, f"{end}_", i), _xyz(own, f"{end}_r", i)
            moved = any(place) or any(angles)
            frame = f"{segment}_offset"
            add(element, f"socket_{socket}", frame if moved else body_path(segment))
            if moved:
                offset.append((frame, body_path(segment), place, angles))
        if offset:
            holder = add(element, "frames")
            for each in offset:
                add_offset(holder, *each)
        for kind in ("rotational", "translational"):
            add(element, f"{kind}_stiffness", _xyz(own, f"{kind}_stiffness_", i))
        for kind in ("rotational", "translational"):
            add(element, f"{kind}_damping", (0.0, 0.0, 0.0))


def add_point_springs(parent: Element, tables: Tables) -> None:
    """Springs between two points."""
    own = tables["point_springs"]
    for i, name in enumerate(own.rows):
        element = add_named(parent, "PointToPointSpring", name)
        for number, end in enumerate(("first", "second"), start=1):
            add(element, f"socket_body{number}", body_path(own.text(end)[i]))
            add(element, f"point{number}", _xyz(own, f"{end}_", i))
        add(element, "stiffness", own.value(name, "stiffness"))
        add(element, "rest_length", own.value(name, "rest_length"))


def _xyz(table: Table, stem: str, row: int) -> tuple[float, float, float]:
    x, y, z = (float(table.numbers(f"{stem}{axis}")[row]) for axis in "xyz")
    return x, y, z
