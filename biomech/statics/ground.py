"""What the ground does to the feet: wrenches, centre of pressure, free moment."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._simd import select
from biomech.model.forces.contact import ContactTables

Array = NDArray[np.float64]


def ball_points(contact: ContactTables, foot: int) -> NDArray[np.int64]:
    """The contact points of a foot's ball: those of its sole that lie between its middle and the tip of the toes."""
    own = np.flatnonzero((contact.segment == foot) & ~contact.seat)
    ahead = contact.local[own, 0]
    tip = ahead.max(initial=0.0)
    return own[(ahead > 0.5 * tip) & (ahead < tip)]


@kernel
def sum_wrenches(contact: ContactTables, wrench: Array, force: Array, first: int, unit: float, out: Array) -> None:
    """Force and moment about the ground origin on every segment (6 segment,), ground as segment 0.

    ``force[first:]`` in units of ``unit`` is the coefficient of each contact generator, ``wrench`` (generator, 6) what
    a newton of it does.
    """
    sides = contact.direction.shape[1]
    for k in range(len(out)):
        out[k] = 0.0
    for g in range(len(wrench)):
        for k in range(6):
            out[6 * contact.segment[g // sides] + k] += unit * force[first + g] * wrench[g, k]


@kernel
def center_of_pressure(wrench: Array, at: int, floor: Array, height: float, out: Array, to: int) -> None:
    """Where the ground force meets the floor, and its moment about the normal there.

    The floor under the foot is the plane n . p = ``height``, n being ``floor[:3]``, so p = (n x M + height F) / (n . F)
    (Zatsiorsky 2002, ch. 1). Reads force and moment about the ground origin from ``wrench[at:]``, and leaves p (m), the
    free moment (N.m, about the upward normal) and the friction that is used, shear over pressure, in ``out[to:]``: NaN,
    0 and NaN where the floor carries nothing.
    """
    nx, ny, nz = floor[0], floor[1], floor[2]
    fx, fy, fz = wrench[at], wrench[at + 1], wrench[at + 2]
    mx, my, mz = wrench[at + 3], wrench[at + 4], wrench[at + 5]
    pressure = nx * fx + ny * fy + nz * fz
    loaded = pressure > 1e-6
    share = 1.0 / select(loaded, pressure, 1.0)
    x = share * (ny * mz - nz * my + height * fx)
    y = share * (nz * mx - nx * mz + height * fy)
    z = share * (nx * my - ny * mx + height * fz)
    free = nx * (mx - (y * fz - z * fy)) + ny * (my - (z * fx - x * fz)) + nz * (mz - (x * fy - y * fx))
    nothing = np.nan + 0.0 * height
    out[to], out[to + 1] = select(loaded, x, nothing), select(loaded, y, nothing)
    out[to + 2], out[to + 3] = select(loaded, z, nothing), select(loaded, free, 0.0)
    sx, sy, sz = fx - pressure * nx, fy - pressure * ny, fz - pressure * nz
    out[to + 4] = select(loaded, share * math.sqrt(sx * sx + sy * sy + sz * sz), nothing)
