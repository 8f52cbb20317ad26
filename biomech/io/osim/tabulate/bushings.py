"""Bushings and springs between two bodies of a model file as rows of tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from biomech.io.osim.description import BushingForce, OsimModel, PointToPointSpring, Vector, opensim_name
from biomech.io.osim.tabulate.joints import Row
from biomech.model.mechanics.rotations import angles_xyz


def linked_rows(description: OsimModel, taken: Collection[str], source: str) -> Iterator[tuple[str, Row]]:
    """Rows of ``bushings`` and ``point_springs``, each with its table: those that act, by names that are not taken.

    What joins a body to itself is left away: the body feels nothing of it.
    """
    used = set(taken)
    for force in description.forces:
        match force:
            case BushingForce():
                table, ends, own = "bushings", (force.first.body, force.second.body), _of_bushing(force)
                acts = any((*force.rotational_stiffness, *force.translational_stiffness))
            case PointToPointSpring():
                table, ends, own = "point_springs", (force.first, force.second), _of_spring(force)
                acts = force.stiffness > 0.0
            case _:
                continue
        if not (force.active and acts) or ends[0] == ends[1]:
            continue
        kind = table.removesuffix("s")
        name = opensim_name(force.name or f"{kind}_{ends[0]}_{ends[1]}")
        while name in used:
            name += "_"
        used.add(name)
        yield table, {kind: name, "first": ends[0], "second": ends[1], **own, "source": source}


def _of_bushing(force: BushingForce) -> Row:
    row: Row = {}
    for end, frame in (("first", force.first), ("second", force.second)):
        row |= _xyz(f"{end}_", frame.translation)
        row |= _xyz(f"{end}_r", angles_xyz(np.array(frame.rotation)))
    row |= _xyz("rotational_stiffness_", force.rotational_stiffness)
    return row | _xyz("translational_stiffness_", force.translational_stiffness)


def _of_spring(force: PointToPointSpring) -> Row:
    row = _xyz("first_", force.first_point) | _xyz("second_", force.second_point)
    return row | {"stiffness": force.stiffness, "rest_length": force.rest_length}


def _xyz(stem: str, values: Vector) -> Row:
    return {f"{stem}{axis}": own + 0.0 for axis, own in zip("xyz", values, strict=True)}
