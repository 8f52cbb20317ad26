"""Which surfaces a path touches, between which of its points, and in what order.

After OpenSim: each surface in turn looks for a span of the path as it is then, between points and surfaces that are
touched already, and takes the first that goes through it, else the one that it makes longest the least; rounds go on
until the length settles. What OpenSim then leaves is a way near the shortest; here more rounds follow in which surfaces
keep their order, until no point of contact moves: a shortest way over all of them, whose moment arm is the derivative
of its length.

The order of a path is told by numbers: point p has p, a surface that is touched between two others the mean of theirs,
one that is not touched -1.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, kernel
from biomech._kernels.arrays import Array1, Array2
from biomech._simd import any_lane, select, zeros
from biomech.model.mechanics.path_points import is_active
from biomech.model.mechanics.tree import Frames, multiply, point, rotate
from biomech.model.mechanics.wrapping.surfaces import (
    ARC,
    LEAVES,
    LONGER,
    MAY,
    MUST,
    WAY,
    way_over_cylinder,
    way_over_sphere,
)
from biomech.model.mechanics.wrapping.tables import CYLINDER, WrapTables

Array = NDArray[np.float64]
Index = NDArray[np.int64]

#: Rounds in which surfaces look for their place, and the change of length (m) that ends them: OpenSim's.
SEEKING, SETTLED = 8, 5e-4
#: Rounds in all, and the squared move (m2) of points of contact below which they are where they belong.
ROUNDS, STILL = 200, 1e-22
#: Of a way that is looked at, beyond the way itself: what is said of it, and its order and that of what comes before.
_VERDICT, _ORDER, _BEFORE = WAY, WAY + 1, WAY + 2
_LONGEST = 1e300


class WrapWork(NamedTuple):
    """Workspace of one posture.

    ``rotation`` (surface, 9) and ``centre`` (surface, 3) in ground; ``counts`` (point,): 1, or 0 for a point that is
    off; of each use its ``order`` in the path, ``way`` (use, 12): where it meets and leaves the surface, each with the
    direction there, in ground, and ``arc``, the length between; ``tried`` and ``best`` (17,): a way in the surface's
    frame.
    """

    rotation: Array2
    centre: Array2
    counts: Array1
    order: Array1
    way: Array2
    arc: Array1
    tried: Array1
    best: Array1


def _shapes(wraps: WrapTables) -> Any:
    surfaces, uses = len(wraps.segment), len(wraps.use)
    return (surfaces, 9), (surfaces, 3), (len(wraps.steady),), (uses,), (uses, 12), (uses,), (WAY + 3,), (WAY + 3,)


def empty_wrap_work(wraps: WrapTables) -> WrapWork:
    """An empty workspace of floats, for Python."""
    return WrapWork(*map(np.zeros, _shapes(wraps)))


@allocating_kernel
def make_wrap_work(number: Any, wraps: WrapTables) -> WrapWork:
    """An empty workspace of floats or lanes."""
    surfaces, uses = len(wraps.segment), len(wraps.use)
    return WrapWork(
        zeros(number, (surfaces, 9)),
        zeros(number, (surfaces, 3)),
        zeros(number, (len(wraps.steady),)),
        zeros(number, (uses,)),
        zeros(number, (uses, 12)),
        zeros(number, (uses,)),
        zeros(number, (WAY + 3,)),
        zeros(number, (WAY + 3,)),
    )


@kernel
def place_wraps(wraps: WrapTables, frames: Frames, work: WrapWork) -> None:
    """Where the surfaces are."""
    for k in range(len(wraps.segment)):
        i = wraps.segment[k]
        multiply(frames.rotation, i, wraps.pose, k, work.rotation, k)
        x, y, z = point(frames, i, wraps.pose[k, 9], wraps.pose[k, 10], wraps.pose[k, 11])
        work.centre[k, 0], work.centre[k, 1], work.centre[k, 2] = x, y, z


@kernel
def mark_points(wraps: WrapTables, k: int, coordinate: Index, active: Array, q: Array, work: WrapWork) -> None:
    """Which points of stretch ``k`` count."""
    for p in range(wraps.stretch[k, 1], wraps.stretch[k, 2] + 1):
        work.counts[p] = 1.0
        if p > wraps.stretch[k, 1] and wraps.steady[p - 1] != p:
            work.counts[p] = select(is_active(active, p, q[coordinate[p]]), 1.0, 0.0)


@kernel
def lay_stretch(wraps: WrapTables, k: int, position: Array, work: WrapWork) -> float:
    """Lay stretch ``k`` of a path whose points are placed; its length."""
    first, end = wraps.stretch[k, 3], wraps.stretch[k, 4]
    zero = 0.0 * work.order[first]
    for u in range(first, end):
        work.order[u] = zero - 1.0
    if end - first == 1:
        _seek(wraps, k, first, position, zero, work)
        return _stretch_length(wraps, k, position, work)
    length, stage = zero + _LONGEST, zero
    for rounds in range(ROUNDS):
        moved = zero
        for u in range(first, end):
            moved = max(moved, _seek(wraps, k, u, position, stage, work))
        before = length
        length = _stretch_length(wraps, k, position, work)
        still = (moved < STILL) | (stage > 1.0)
        settled = (stage > 0.0) | (abs(length - before) < SETTLED) | (rounds + 1 >= SEEKING)
        stage = select(settled, select(still, 2.0, 1.0), 0.0)
        if not any_lane(stage < 2.0):
            break
    return length


@kernel
def _seek(wraps: WrapTables, k: int, u: int, position: Array, stage: float, work: WrapWork) -> float:
    """Find the place of use ``u`` in its path, and how far (m2) its points of contact moved.

    ``stage`` 0: anywhere; 1: where it is already; 2: all stays as it is.
    """
    first, last = wraps.use[u, 1], wraps.use[u, 2]
    best, zero = work.best, 0.0 * work.order[u]
    for i in range(len(best)):
        best[i] = zero
    best[LONGER] = zero + _LONGEST
    end = zero - 1.0  # the last point that counts
    for p in range(first, last + 1):
        end = select(work.counts[p] > 0.5, p, end)
    for s in range(first, last):
        x, y, z = position[s, 0], position[s, 1], position[s, 2]
        may = (work.counts[s] > 0.5) & (end > s)
        _try(wraps, k, u, zero + s, s + 1, wraps.steady[s], x, y, z, may, position, stage, work)
    for j in range(wraps.stretch[k, 3], wraps.stretch[k, 4]):
        if j != u:
            x, y, z = work.way[j, LEAVES], work.way[j, LEAVES + 1], work.way[j, LEAVES + 2]
            before = work.order[j]
            may = (before > first) & (before < end)
            _try(wraps, k, u, before, first + 1, wraps.stretch[k, 2], x, y, z, may, position, stage, work)
    return _keep(wraps, u, stage < 2.0, work)


@kernel
def _try(
    wraps: WrapTables,
    k: int,
    u: int,
    before: float,
    first: int,
    last: int,
    x: float,
    y: float,
    z: float,
    may: bool,
    position: Array,
    stage: float,
    work: WrapWork,
) -> None:
    """Look at the span of a path that begins with order ``before`` at (x, y, z), and keep its way if it is better.

    The point at which it ends is one of ``first`` to ``last``, of which the latter counts.
    """
    tried, best, own = work.tried, work.best, work.order[u]
    after, x2, y2, z2 = _next(wraps, k, u, before, first, last, position, work)
    may = may & ((stage < 1.0) | ((stage < 2.0) & (before < own) & (own < after)))
    if any_lane(may):
        i = wraps.use[u, 0]
        x1, y1, z1 = _to_surface(work, i, x, y, z)
        x2, y2, z2 = _to_surface(work, i, x2, y2, z2)
        radius, axis, sign = wraps.size[i, 0], wraps.quadrant[i, 0], float(wraps.quadrant[i, 1])
        if wraps.kind[i] == CYLINDER:
            verdict = way_over_cylinder(radius, wraps.size[i, 1], axis, sign, x1, y1, z1, x2, y2, z2, tried)
        else:
            verdict = way_over_sphere(radius, axis, sign, x1, y1, z1, x2, y2, z2, tried)
        tried[_VERDICT], tried[_ORDER], tried[_BEFORE] = verdict, 0.5 * (before + after), before
        must = (verdict == MUST) & ((best[_VERDICT] < MUST) | (before < best[_BEFORE]))
        better = may & (must | ((verdict == MAY) & (best[_VERDICT] < MUST) & (tried[LONGER] < best[LONGER])))
        for n in range(len(best)):
            best[n] = select(better, tried[n], best[n])


@kernel
def _next(
    wraps: WrapTables, k: int, u: int, before: float, first: int, last: int, position: Array, work: WrapWork
) -> tuple[float, float, float, float]:
    """Order and place of what comes next on a path after ``before``, but for use ``u``.

    A point that counts, of ``first`` to ``last``, of which the latter does, or where the path meets a surface.
    """
    after = 0.0 * before + last
    x, y, z = position[last, 0], position[last, 1], position[last, 2]
    for p in range(last - 1, first - 1, -1):
        nearer = (work.counts[p] > 0.5) & (before < p)
        after = select(nearer, p, after)
        x, y, z = (
            select(nearer, position[p, 0], x),
            select(nearer, position[p, 1], y),
            select(nearer, position[p, 2], z),
        )
    for j in range(wraps.stretch[k, 3], wraps.stretch[k, 4]):
        if j != u:
            nearer = (work.order[j] > before) & (work.order[j] < after)
            after = select(nearer, work.order[j], after)
            way = work.way
            x, y, z = select(nearer, way[j, 0], x), select(nearer, way[j, 1], y), select(nearer, way[j, 2], z)
    return after, x, y, z


@kernel
def _keep(wraps: WrapTables, u: int, changes: bool, work: WrapWork) -> float:
    """Take over the best way of use ``u``, if there is one, where it ``changes``; the squared move of its contacts."""
    best, i = work.best, wraps.use[u, 0]
    touches, moved = changes & (best[_VERDICT] > 0.5), 0.0 * best[ARC]
    for n in range(0, ARC, 3):
        x, y, z = rotate(work.rotation, i, best[n], best[n + 1], best[n + 2])
        if n == 0 or n == LEAVES:
            x, y, z = x + work.centre[i, 0], y + work.centre[i, 1], z + work.centre[i, 2]
            dx, dy, dz = x - work.way[u, n], y - work.way[u, n + 1], z - work.way[u, n + 2]
            moved += dx * dx + dy * dy + dz * dz
        work.way[u, n] = select(touches, x, work.way[u, n])
        work.way[u, n + 1] = select(touches, y, work.way[u, n + 1])
        work.way[u, n + 2] = select(touches, z, work.way[u, n + 2])
    work.arc[u] = select(touches, best[ARC], work.arc[u])
    # one that was not there has moved, and so has one that is there no more
    moved = select(touches & (work.order[u] >= 0.0), moved, select(touches | (work.order[u] >= 0.0), 1.0, 0.0))
    work.order[u] = select(changes, select(touches, best[_ORDER], -1.0), work.order[u])
    return select(changes, moved, 0.0)


@kernel
def _to_surface(work: WrapWork, i: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """A point in ground in the frame of surface ``i``."""
    r = work.rotation
    x, y, z = x - work.centre[i, 0], y - work.centre[i, 1], z - work.centre[i, 2]
    return (
        r[i, 0] * x + r[i, 3] * y + r[i, 6] * z,
        r[i, 1] * x + r[i, 4] * y + r[i, 7] * z,
        r[i, 2] * x + r[i, 5] * y + r[i, 8] * z,
    )


@kernel
def _stretch_length(wraps: WrapTables, k: int, position: Array, work: WrapWork) -> float:
    """Length of stretch ``k`` as it is laid."""
    total = 0.0 * work.order[wraps.stretch[k, 3]]
    for s in range(wraps.stretch[k, 1], wraps.stretch[k, 2]):
        _, x, y, z = _next(wraps, k, -1, total * 0.0 + s, s + 1, wraps.steady[s], position, work)
        x, y, z = x - position[s, 0], y - position[s, 1], z - position[s, 2]
        total += select(work.counts[s] > 0.5, math.sqrt(x * x + y * y + z * z), 0.0)
    for j in range(wraps.stretch[k, 3], wraps.stretch[k, 4]):
        way, first = work.way, wraps.use[j, 1] + 1
        _, x, y, z = _next(wraps, k, j, work.order[j], first, wraps.stretch[k, 2], position, work)
        x, y, z = x - way[j, LEAVES], y - way[j, LEAVES + 1], z - way[j, LEAVES + 2]
        total += select(work.order[j] >= 0.0, work.arc[j] + math.sqrt(x * x + y * y + z * z), 0.0)
    return total


@kernel
def pull_stretch(wraps: WrapTables, k: int, work: WrapWork, wrench: Array) -> None:
    """Wrenches of stretch ``k``, whose spans have those of straight lines.

    That of a span becomes the one with which the path comes to its far end; where it leaves a point for a surface, that
    surface and that point also bear, against each other, what it turns by on the surface.
    """
    first, last, a, b = wraps.stretch[k, 1], wraps.stretch[k, 2], wraps.stretch[k, 3], wraps.stretch[k, 4]
    zero = 0.0 * work.order[a]
    for s in range(first, last):
        before, after = zero + s, zero + wraps.steady[s]
        for p in range(wraps.steady[s] - 1, s, -1):
            after = select(work.counts[p] > 0.5, p, after)
        if s > first and wraps.steady[s - 1] != s:  # it may be off, and belong to the span of one before
            for p in range(first, s + 1):
                before = select(work.counts[p] > 0.5, p, before)
        latest = before
        for u in range(a, b):
            comes = (work.order[u] > latest) & (work.order[u] < after)
            latest = select(comes, work.order[u], latest)
            _put_wrench(work.way, u, LEAVES, comes, wrench, s)
        for u in range(a, b):
            if wraps.use[u, 1] <= s and s < wraps.use[u, 2]:
                row = wraps.use[u, 3] + s - wraps.use[u, 1]
                leads = (work.counts[s] > 0.5) & (work.order[u] > s) & (work.order[u] < after)
                _put_turn(work.way, u, leads, wrench, row)


@kernel
def _put_wrench(way: Array, u: int, n: int, where: bool, wrench: Array, row: int) -> None:
    """Put the wrench of unit tension at contact ``n`` (0 or ``LEAVES``) of use ``u`` in its place, ``where`` so."""
    x, y, z, ux, uy, uz = way[u, n], way[u, n + 1], way[u, n + 2], way[u, n + 3], way[u, n + 4], way[u, n + 5]
    mx, my, mz = y * uz - z * uy, z * ux - x * uz, x * uy - y * ux
    wrench[row, 0] = select(where, ux, wrench[row, 0])
    wrench[row, 1] = select(where, uy, wrench[row, 1])
    wrench[row, 2] = select(where, uz, wrench[row, 2])
    wrench[row, 3] = select(where, mx, wrench[row, 3])
    wrench[row, 4] = select(where, my, wrench[row, 4])
    wrench[row, 5] = select(where, mz, wrench[row, 5])


@kernel
def _put_turn(way: Array, u: int, where: bool, wrench: Array, row: int) -> None:
    """Put what use ``u`` takes from a path that comes and gives it as that leaves, ``where`` so; else nothing."""
    x, y, z, ux, uy, uz = way[u, 0], way[u, 1], way[u, 2], way[u, 3], way[u, 4], way[u, 5]
    a, b, c, va, vb, vc = way[u, 6], way[u, 7], way[u, 8], way[u, 9], way[u, 10], way[u, 11]
    wrench[row, 0] = select(where, ux - va, 0.0)
    wrench[row, 1] = select(where, uy - vb, 0.0)
    wrench[row, 2] = select(where, uz - vc, 0.0)
    wrench[row, 3] = select(where, (y * uz - z * uy) - (b * vc - c * vb), 0.0)
    wrench[row, 4] = select(where, (z * ux - x * uz) - (c * va - a * vc), 0.0)
    wrench[row, 5] = select(where, (x * uy - y * ux) - (a * vb - b * va), 0.0)
