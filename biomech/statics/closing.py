"""The kernel that closes the chain: Newton's method on conditions that are linear in directions and points.

Each term of a condition is a fixed vector times the direction of a segment's axis, a point, or the centre of mass of
the whole body; its derivative with respect to a coordinate is a dot product with the coordinate's screw.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, entry_point, kernel
from biomech._kernels.arrays import Array2, Index1
from biomech._lanes import (
    Places,
    choose,
    counting,
    gather,
    make_which,
    no_lanes,
    scatter,
    select,
    some,
    width,
    zeros,
)
from biomech._linear import factor_ldl, solve_ldl
from biomech.model.skeleton import LOAD, Frames, TreeTables, gather_masses, make_frames, place_segments, point, rotate
from biomech.model.splines import SplineTables

Array = NDArray[np.float64]
Index = NDArray[np.int64]

#: Newton's method stops here; a chain counts as closed up to the second (m, or sine of an angle).
TOLERANCE, CLOSED = 1e-12, 1e-10
STEPS = 60
DIRECTION, POINT, CENTRE = 0, 1, 2


class ConditionTables(NamedTuple):
    """The conditions, flat.

    ``unknown`` (unknown,): coordinates to be found; ``kind``, ``segment``, ``local`` (term, 3) of every term, and
    ``owner`` (term,), the condition it adds to.
    """

    unknown: Index1
    kind: Index1
    segment: Index1
    local: Array2
    owner: Index1


class Asked(NamedTuple):
    """What the postures must meet.

    ``vector`` (posture, 3 term), ``target`` (posture, condition) and the ``load`` (posture, LOAD) that they carry.
    """

    vector: Array2
    target: Array2
    load: Array2


class Aim(NamedTuple):
    """What one posture must meet: ``vector`` (3 term,), ``target`` (condition,), and its ``load`` (LOAD,)."""

    vector: Array
    target: Array
    load: Array


class Work(NamedTuple):
    """Room for one posture.

    ``residual`` and ``jacobian`` (condition, unknown) of the best coordinates so far; ``new_residual`` and
    ``new_jacobian`` of those on ``trial``; ``normal`` (unknown, unknown) and ``step``.
    """

    residual: Array
    jacobian: Array
    new_residual: Array
    new_jacobian: Array
    trial: Array
    normal: Array
    step: Array


@allocating_kernel
def make_aim(number: Any, t: ConditionTables, conditions: int) -> Aim:
    """An empty aim of floats or lanes."""
    return Aim(zeros(number, (3 * len(t.kind),)), zeros(number, (conditions,)), zeros(number, (LOAD,)))


@allocating_kernel
def make_closing(number: Any, t: ConditionTables, conditions: int, coordinates: int) -> Work:
    """An empty workspace of floats or lanes."""
    n = len(t.unknown)
    return Work(
        zeros(number, (conditions,)),
        zeros(number, (conditions, n)),
        zeros(number, (conditions,)),
        zeros(number, (conditions, n)),
        zeros(number, (coordinates,)),
        zeros(number, (n, n)),
        zeros(number, (n,)),
    )


@entry_point
def close_lanes(
    tree: TreeTables, splines: SplineTables, t: ConditionTables, asked: Asked, q: Array2, residual: Array2
) -> None:
    _close_each(no_lanes(), tree, splines, t, asked, q, residual)


@allocating_kernel
def _close_each(
    number: Any, tree: TreeTables, splines: SplineTables, t: ConditionTables, asked: Asked, q: Array, residual: Array
) -> None:
    conditions, own = residual.shape[1], zeros(number, (q.shape[1],))
    f, aim = make_frames(number, tree), make_aim(number, t, conditions)
    work, which = make_closing(number, t, conditions, q.shape[1]), make_which(number)
    every, index = counting(max(q.shape[1], asked.vector.shape[1])), counting(len(q))
    blocks = -(-len(q) // width(number))
    for block in range(blocks):
        choose(index, block, blocks, which)
        gather_aim(asked, which, every, aim)
        gather(q, which, every, own)
        close_chain(tree, splines, t, aim, own, f, work)
        scatter(own, which, every, q)
        scatter(work.residual, which, every, residual)


@kernel
def gather_aim(asked: Asked, which: Places, every: Places, aim: Aim) -> None:
    """What the postures ``which`` must meet."""
    gather(asked.vector, which, every, aim.vector)
    gather(asked.target, which, every, aim.target)
    gather(asked.load, which, every, aim.load)


@kernel
def close_chain(
    tree: TreeTables, splines: SplineTables, t: ConditionTables, aim: Aim, q: Array, f: Frames, work: Work
) -> float:
    """Newton's method on the conditions; damped (Levenberg 1944) while a step does not bring them closer.

    Starts at ``q`` and leaves the best coordinates there, and their frames where every condition is met. Returns the
    largest residual.
    """
    zero = 0.0 * aim.target[0]
    best, damping = np.inf + zero, zero
    for c in range(len(q)):
        work.trial[c] = q[c]
    for _ in range(STEPS):
        error = _conditions(tree, splines, t, aim, work.trial, f, work.new_residual)
        better = error < best
        _keep(better, q, work)
        best = select(better, error, best)
        damping = select(better, select(damping < 1e-6, 0.0, 0.1 * damping), max(10.0 * damping, 1e-6))
        open_ = (best > TOLERANCE * TOLERANCE) & (damping <= 1e6)
        if not some(open_):
            break
        if some(better):
            _jacobian(tree, t, aim, f, work.new_jacobian)
            _keep_jacobian(better, work)
        _step(damping, work)
        # no angle turns by more than half a radian at once
        largest = 0.5 + zero
        for k in range(len(work.step)):
            largest = max(largest, abs(work.step[k]))
        scale = select(open_, 0.5 / largest, 0.0)
        for c in range(len(q)):
            work.trial[c] = q[c]
        for k in range(len(work.step)):
            work.trial[t.unknown[k]] = select(open_, q[t.unknown[k]] - scale * work.step[k], q[t.unknown[k]])
    largest = zero
    for k in range(len(work.residual)):
        largest = max(largest, abs(work.residual[k]))
    return largest


@kernel
def _keep(better: bool, q: Array, work: Work) -> None:
    """Where the trial is better it is what to go on from."""
    for c in range(len(q)):
        q[c] = select(better, work.trial[c], q[c])
    for i in range(len(work.residual)):
        work.residual[i] = select(better, work.new_residual[i], work.residual[i])


@kernel
def _keep_jacobian(better: bool, work: Work) -> None:
    """And its Jacobian."""
    for i in range(len(work.residual)):
        for k in range(len(work.step)):
            work.jacobian[i, k] = select(better, work.new_jacobian[i, k], work.jacobian[i, k])


@kernel
def _step(damping: float, work: Work) -> None:
    """Least squares: (J^T J + damping) step = J^T residual."""
    j, conditions = work.jacobian, len(work.residual)
    for k in range(len(work.step)):
        total = 0.0 * damping
        for i in range(conditions):
            total += j[i, k] * work.residual[i]
        work.step[k] = total
        for h in range(k + 1):
            total = 0.0 * damping
            for i in range(conditions):
                total += j[i, k] * j[i, h]
            work.normal[k, h] = total
        work.normal[k, k] += damping
    factor_ldl(work.normal)
    solve_ldl(work.normal, work.step)


@kernel
def _conditions(
    tree: TreeTables, splines: SplineTables, t: ConditionTables, aim: Aim, q: Array, f: Frames, residual: Array
) -> float:
    """Residual of every condition, and the sum of their squares."""
    place_segments(tree, splines, q, f)
    gather_masses(tree, aim.load, f)
    for k in range(len(residual)):
        residual[k] = -aim.target[k]
    for k in range(len(t.kind)):
        x, y, z = _place(t, k, f)
        residual[t.owner[k]] += aim.vector[3 * k] * x + aim.vector[3 * k + 1] * y + aim.vector[3 * k + 2] * z
    total = 0.0 * aim.target[0]
    for k in range(len(residual)):
        total += residual[k] * residual[k]
    return total


@kernel
def _place(t: ConditionTables, k: int, f: Frames) -> tuple[float, float, float]:
    """The direction, point or centre of mass that a term measures."""
    if t.kind[k] == DIRECTION:
        return rotate(f.rotation, t.segment[k], t.local[k, 0], t.local[k, 1], t.local[k, 2])
    if t.kind[k] == POINT:
        return point(f, t.segment[k], t.local[k, 0], t.local[k, 1], t.local[k, 2])
    share = 1.0 / f.mass[0]
    return f.moment[0, 0] * share, f.moment[0, 1] * share, f.moment[0, 2] * share


@kernel
def _jacobian(tree: TreeTables, t: ConditionTables, aim: Aim, f: Frames, jacobian: Array) -> None:
    for i in range(len(jacobian)):
        for u in range(len(t.unknown)):
            jacobian[i, u] = 0.0
    whole = 1.0 / f.mass[0]
    for k in range(len(t.kind)):
        x, y, z = _place(t, k, f)
        share = 0.0 * whole if t.kind[k] == DIRECTION else 1.0 + 0.0 * whole
        for u in range(len(t.unknown)):
            c = t.unknown[u]
            if t.kind[k] == CENTRE:
                # what the coordinate carries moves, as a part of the whole mass
                i = tree.carrier[c]
                share = f.mass[i] * whole
                x, y, z = f.moment[i, 0] * whole, f.moment[i, 1] * whole, f.moment[i, 2] * whole
            elif not tree.moves[c, t.segment[k]]:
                continue
            s = f.screw
            dx = s[c, 1] * z - s[c, 2] * y + share * s[c, 3]
            dy = s[c, 2] * x - s[c, 0] * z + share * s[c, 4]
            dz = s[c, 0] * y - s[c, 1] * x + share * s[c, 5]
            jacobian[t.owner[k], u] += aim.vector[3 * k] * dx + aim.vector[3 * k + 1] * dy + aim.vector[3 * k + 2] * dz
