"""What the body touches: each sole is a polygon of points, the seat bears the tuberosities and the thighs.

Each point has a friction cone, replaced by an inscribed pyramid: a force there is a sum, with coefficients that are not
negative, of generators n + mu (cos a_j e_x + sin a_j e_z), with n the surface's normal, e_x and e_z two axes along it
(of a sole the foot's long and lateral axis) and a_j = 2 pi j / sides (Stewart & Trinkle 1996). The coefficients are
unknowns of the equilibrium.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._kernels.arrays import Array2, Array3, Flags1, Index1
from biomech.errors import ModelError
from biomech.model.mechanics.tree import Frames, point, rotate
from biomech.model.mirror import side_of
from biomech.model.tables import Table

Array = NDArray[np.float64]
Index = NDArray[np.int64]


class ContactTables(NamedTuple):
    """The points.

    ``segment`` (point,) and ``local`` (point, 3); ``direction`` (point, side, 2), tangents along x and z of the segment
    ``frame`` (point,), whose y is the normal: the foot under a sole, the ground under the seat, ``seat`` (point,).
    """

    segment: Index1
    local: Array2
    direction: Array3
    frame: Index1
    seat: Flags1


#: No contact at all.
NO_CONTACT = ContactTables(
    np.empty(0, dtype=np.int64),
    np.empty((0, 3)),
    np.empty((0, 1, 2)),
    np.empty(0, dtype=np.int64),
    np.empty(0, dtype=np.bool_),
)


def compile_contact(table: Table, segments: list[str], sides: float, half: bool) -> ContactTables:
    """Flat tables of the contact points on the given segments; of the half body those of the right side."""
    if sides != int(sides) or not 3 <= sides <= 64:
        raise ModelError(f"settings/friction_sides = {sides!r}: must be a whole number in 3..64")
    place = {name: i for i, name in enumerate(["ground", *segments])}
    rows = [i for i, name in enumerate(table.rows) if not (half and side_of(name) == "left")]
    angle = 2.0 * np.pi * np.arange(int(sides)) / sides
    tangent = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    mirror = np.array([[1.0, -1.0 if side_of(table.rows[i]) == "left" else 1.0] for i in rows]).reshape(-1, 2)
    segment = np.array([place[table.text("segment")[i]] for i in rows], dtype=np.int64)
    seat = np.array([table.text("surface")[i] == "seat" for i in rows], dtype=np.bool_)
    return ContactTables(
        segment, table.numbers("x", "y", "z")[rows], mirror[:, None, :] * tangent, np.where(seat, 0, segment), seat
    )


@kernel
def contact_wrenches(contact: ContactTables, frames: Frames, friction: float, out: Array) -> None:
    """Wrench (force, moment about the ground origin) of each generator of unit normal force: (point * side, 6)."""
    g = 0
    for p in range(len(contact.segment)):
        x, y, z = point(frames, contact.segment[p], contact.local[p, 0], contact.local[p, 1], contact.local[p, 2])
        for s in range(contact.direction.shape[1]):
            fx, fy, fz = rotate(
                frames.rotation,
                contact.frame[p],
                friction * contact.direction[p, s, 0],
                1.0,
                friction * contact.direction[p, s, 1],
            )
            out[g, 0], out[g, 1], out[g, 2] = fx, fy, fz
            out[g, 3], out[g, 4], out[g, 5] = y * fz - z * fy, z * fx - x * fz, x * fy - y * fx
            g += 1
