"""Elastic elements between two segments: bushings (a disc, an insole) and springs between two points.

A bushing joins a frame of one segment to a frame of another. With R and p the orientation and place of the second frame
in the first, and R = Rx(a) Ry(b) Rz(c) with body-fixed turns, its energy is

    E = 1/2 (kx p_x^2 + ky p_y^2 + kz p_z^2) + 1/2 (ka a^2 + kb b^2 + kc c^2),

so that it exerts on the second segment, at the origin of the second frame, the force -k p along the axes of the first,
and the moment m whose parts along the three axes of turning are -(ka a, kb b, kc c):

    m . x = -ka a,   m . Rx(a) y = -kb b,   m . Rx(a) Ry(b) z = -kc c.

The first segment bears the opposite wrench. This is BushingForce of OpenSim 4.6, number for number. The turns are told
by b within a quarter of a turn; at b = 90 deg the first and the third are one, and the moment has no limit there.

A spring of stiffness k and rest length l between two points pulls them together with k (d - l) at the distance d, and
pushes them apart where that is negative (PointToPointSpring); points that coincide feel nothing.

Both are of rest alone: damping goes with speed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._kernels.arrays import Array2, Index2
from biomech._simd import arctan2, select
from biomech.model.mechanics.rotations import rotations_xyz
from biomech.model.mechanics.tree import Frames, point, rotate
from biomech.model.mirror import side_of
from biomech.model.tables import Table

Array = NDArray[np.float64]

#: The numbers of a bushing's wrench: force and moment on the second segment, in the axes of the first frame.
BUSHING = 6
#: Below this cosine of b the turns about the first and the third axis are taken for one.
_LOCKED = 1e-12
#: m: points that are nearer to each other coincide.
_TOGETHER = 1e-12


class BushingTables(NamedTuple):
    """Bushings and springs, flat; segment 0 is ground.

    ``segment`` (bushing, 2); ``place`` (bushing, 6), both origins, each in its segment; ``turn`` (2 bushing, 9), their
    orientations, row by row; ``stiffness`` (bushing, 6): about x, y, z, N.m/rad, and along x, y, z, N/m.
    ``spring_segment`` (spring, 2); ``spring_place`` (spring, 6); ``spring`` (spring, 2): stiffness, N/m, rest length.
    """

    segment: Index2
    place: Array2
    turn: Array2
    stiffness: Array2
    spring_segment: Index2
    spring_place: Array2
    spring: Array2


def names_here(table: Table, segments: list[str], half: bool) -> list[str]:
    """The rows of a table of bushings or springs whose two segments a body has; of the half body not the left ones."""
    known = {"ground", *segments}
    ends = zip(table.rows, table.text("first"), table.text("second"), strict=True)
    return [row for row, *own in ends if known.issuperset(own) and not (half and side_of(row) == "left")]


def compile_bushings(bushings: Table, springs: Table, segments: list[str], half: bool) -> BushingTables:
    """Flat tables of the elements between the given segments; of the half body the midline's have half the stiffness.

    Parameters
    ----------
    bushings, springs : Table
        ``bushings`` and ``point_springs``.
    segments : list of str
        In kernel order, without ground.
    half : bool
        Whether the body is the right half alone.
    """
    segment, place, share = _ends(bushings, segments, half)
    rows = [bushings.index(name) for name in names_here(bushings, segments, half)]
    angles = np.stack([_columns(bushings, f"{end}_r", rows) for end in ("first", "second")], axis=1)
    kinds = ("rotational", "translational")
    stiffness = np.concatenate([_columns(bushings, f"{kind}_stiffness_", rows) for kind in kinds], axis=1)
    spring_segment, spring_place, spring_share = _ends(springs, segments, half)
    spring_rows = [springs.index(name) for name in names_here(springs, segments, half)]
    spring = springs.numbers("stiffness", "rest_length").reshape(-1, 2)[spring_rows]
    return BushingTables(
        segment,
        place,
        rotations_xyz(angles).reshape(-1, 9),
        share[:, None] * stiffness,
        spring_segment,
        spring_place,
        spring * np.stack([spring_share, np.ones_like(spring_share)], axis=1),
    )


def _ends(table: Table, segments: list[str], half: bool) -> tuple[NDArray[np.int64], Array, Array]:
    """Segments and places of both ends of every row, and the part of its stiffness that the body bears."""
    number = {name: i for i, name in enumerate(["ground", *segments])}
    names = names_here(table, segments, half)
    rows = [table.index(name) for name in names]
    segment = [[number[table.text(end)[i]] for end in ("first", "second")] for i in rows]
    place = np.concatenate([_columns(table, f"{end}_", rows) for end in ("first", "second")], axis=1)
    share = [0.5 if half and side_of(name) == "midline" else 1.0 for name in names]
    return np.array(segment, dtype=np.int64).reshape(-1, 2), place, np.array(share, dtype=np.float64)


def _columns(table: Table, stem: str, rows: list[int]) -> Array:
    """The x, y and z of some rows: (row, 3)."""
    return table.numbers(*(f"{stem}{axis}" for axis in "xyz")).reshape(-1, 3)[rows]


@kernel
def has_bushings(tables: BushingTables) -> bool:
    """Whether a body has any such element."""
    return len(tables.segment) + len(tables.spring_segment) > 0


@kernel
def add_bushings(tables: BushingTables, frames: Frames, out: Array, own: Array, tension: Array) -> None:
    """Add what the elements exert to ``out`` (6 segment,), force and moment about the ground origin on every segment.

    ``own`` (BUSHING bushing,) and ``tension`` (spring,), N, are what each exerts.
    """
    for k in range(len(tables.segment)):
        _bushing(tables, k, frames, out, own)
    for k in range(len(tables.spring_segment)):
        i, j, place = tables.spring_segment[k, 0], tables.spring_segment[k, 1], tables.spring_place
        x, y, z = point(frames, i, place[k, 0], place[k, 1], place[k, 2])
        px, py, pz = point(frames, j, place[k, 3], place[k, 4], place[k, 5])
        dx, dy, dz = px - x, py - y, pz - z
        d = math.sqrt(dx * dx + dy * dy + dz * dz)
        tension[k] = select(d > _TOGETHER, tables.spring[k, 0] * (d - tables.spring[k, 1]), 0.0)
        pull = -tension[k] / max(d, _TOGETHER)
        _add_pair(i, j, px, py, pz, pull * dx, pull * dy, pull * dz, 0.0 * d, 0.0 * d, 0.0 * d, out)


@kernel
def _bushing(tables: BushingTables, k: int, frames: Frames, out: Array, own: Array) -> None:
    """One bushing."""
    i, j, at = tables.segment[k, 0], tables.segment[k, 1], BUSHING * k
    place, stiffness = tables.place, tables.stiffness
    x, y, z = point(frames, i, place[k, 0], place[k, 1], place[k, 2])
    px, py, pz = point(frames, j, place[k, 3], place[k, 4], place[k, 5])
    # axes of both frames in ground
    ax, ay, az = _axis(tables.turn, 2 * k, frames, i, 0)
    bx, by, bz = _axis(tables.turn, 2 * k, frames, i, 1)
    cx, cy, cz = _axis(tables.turn, 2 * k, frames, i, 2)
    ux, uy, uz = _axis(tables.turn, 2 * k + 1, frames, j, 0)
    vx, vy, vz = _axis(tables.turn, 2 * k + 1, frames, j, 1)
    wx, wy, wz = _axis(tables.turn, 2 * k + 1, frames, j, 2)
    dx, dy, dz = px - x, py - y, pz - z
    own[at] = -stiffness[k, 3] * (ax * dx + ay * dy + az * dz)
    own[at + 1] = -stiffness[k, 4] * (bx * dx + by * dy + bz * dz)
    own[at + 2] = -stiffness[k, 5] * (cx * dx + cy * dy + cz * dz)
    r00, r01 = ax * ux + ay * uy + az * uz, ax * vx + ay * vy + az * vz
    r02, r12, r22 = ax * wx + ay * wy + az * wz, bx * wx + by * wy + bz * wz, cx * wx + cy * wy + cz * wz
    cosine = max(math.sqrt(r12 * r12 + r22 * r22), _LOCKED)
    first = -stiffness[k, 0] * arctan2(-r12, r22)
    second = -stiffness[k, 1] * arctan2(r02, cosine)
    third = -stiffness[k, 2] * arctan2(-r01, r00)
    s, c = -r12 / cosine, r22 / cosine
    across = (third - r02 * first) / cosine
    own[at + 3], own[at + 4], own[at + 5] = first, c * second - s * across, s * second + c * across
    fx, fy, fz = own[at], own[at + 1], own[at + 2]
    mx, my, mz = own[at + 3], own[at + 4], own[at + 5]
    _add_pair(
        i,
        j,
        px,
        py,
        pz,
        ax * fx + bx * fy + cx * fz,
        ay * fx + by * fy + cy * fz,
        az * fx + bz * fy + cz * fz,
        ax * mx + bx * my + cx * mz,
        ay * mx + by * my + cy * mz,
        az * mx + bz * my + cz * mz,
        out,
    )


@kernel
def _axis(turn: Array, at: int, frames: Frames, segment: int, axis: int) -> tuple[float, float, float]:
    """An axis of a frame of a segment, in ground."""
    return rotate(frames.rotation, segment, turn[at, axis], turn[at, 3 + axis], turn[at, 6 + axis])


@kernel
def _add_pair(
    i: int,
    j: int,
    px: float,
    py: float,
    pz: float,
    fx: float,
    fy: float,
    fz: float,
    mx: float,
    my: float,
    mz: float,
    out: Array,
) -> None:
    """Add a force through a point and a moment on segment ``j``, and their opposites on ``i``, all in ground."""
    mx, my, mz = mx + py * fz - pz * fy, my + pz * fx - px * fz, mz + px * fy - py * fx
    a, b = 6 * i, 6 * j
    out[a], out[a + 1], out[a + 2] = out[a] - fx, out[a + 1] - fy, out[a + 2] - fz
    out[a + 3], out[a + 4], out[a + 5] = out[a + 3] - mx, out[a + 4] - my, out[a + 5] - mz
    out[b], out[b + 1], out[b + 2] = out[b] + fx, out[b + 1] + fy, out[b + 2] + fz
    out[b + 3], out[b + 4], out[b + 5] = out[b + 3] + mx, out[b + 4] + my, out[b + 5] + mz
