"""What the ground does to the feet: wrenches, centre of pressure, free moment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech._jit import jit
from biomech.model.contact import ContactTables, contact_wrenches
from biomech.model.flat import Flat
from biomech.model.skeleton import TreeTables, make_frames, place_segments
from biomech.model.splines import SplineTables

Array = NDArray[np.float64]


def standing_contacts(flat: Flat, support: int) -> ContactTables:
    """The contact points of the feet that stand: 0 both, 1 right, 2 left."""
    contact = flat.contact
    if support == 0:
        return contact
    foot = 1 + flat.segments.index("calcn_r" if support == 1 else "calcn_l")
    keep = contact.segment == foot
    return ContactTables(contact.segment[keep], contact.local[keep], contact.direction[keep])


def ground_wrench(flat: Flat, contact: ContactTables, q: Array, friction: Array, force: Array) -> Array:
    """Force and moment about the ground origin on every segment: (posture, segment, 6), ground as segment 0.

    ``force`` (posture, generator) in N is the coefficient of each contact generator.
    """
    out = np.zeros((len(q), len(flat.tree.parent), 6))
    _sum_wrenches(flat.tree, flat.splines, contact, q, friction, force, out)
    return out


@jit
def _sum_wrenches(
    tree: TreeTables,
    splines: SplineTables,
    contact: ContactTables,
    q: Array,
    friction: Array,
    force: Array,
    out: Array,
) -> None:
    f = make_frames(tree)
    sides = contact.direction.shape[1]
    wrench = np.empty((force.shape[1], 6))
    for i in range(len(q)):
        place_segments(tree, splines, q[i], f)
        contact_wrenches(contact, f, friction[i], wrench)
        for g in range(len(wrench)):
            for k in range(6):
                out[i, contact.segment[g // sides], k] += force[i, g] * wrench[g, k]


def centre_of_pressure(wrench: Array, slope: Array) -> tuple[Array, Array]:
    """Where the ground force meets the floor, and its moment about the normal there.

    The floor passes through the ground origin with normal n, so p = n x M / (n . F) (Zatsiorsky 2002, ch. 1).

    Parameters
    ----------
    wrench : ndarray, shape (..., 6)
        Force (N) and moment about the ground origin (N.m).
    slope : ndarray, shape (...)
        Slope of the floor, deg.

    Returns
    -------
    point : ndarray, shape (..., 3)
        In ground, m; NaN where the floor carries nothing.
    free_moment : ndarray, shape (...)
        N.m, about the upward normal.
    """
    angle = np.radians(slope)
    normal = np.stack([-np.sin(angle), np.cos(angle), np.zeros_like(angle)], axis=-1)
    force, moment = wrench[..., :3], wrench[..., 3:]
    pressure = (force * normal).sum(axis=-1)
    loaded = pressure > 1e-6
    point = np.cross(normal, moment) / np.where(loaded, pressure, np.nan)[..., None]
    free = ((moment - np.cross(np.nan_to_num(point), force)) * normal).sum(axis=-1)
    return point, np.where(loaded, free, 0.0)
