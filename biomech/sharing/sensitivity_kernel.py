"""The kernel: the optimum of a problem, linearised. ``sensitivity`` has the equations.

These kernels work on plain floats, one problem, or on lanes, a problem in each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, entry_point, kernel
from biomech._kernels.arrays import Array2, Array3
from biomech._simd import arange, block_indices, gather, make_lane_index, scatter, select, simd_zero, width, zeros
from biomech._simd.dense_ldl import factor_ldl, solve_ldl
from biomech.sharing.batch import Given, gather_problem
from biomech.sharing.block_sparsity import Pattern, add_product, pull_of
from biomech.sharing.criteria import CAPPED, SATURATION, SQUARES, response
from biomech.sharing.dual_newton import curvature, restart
from biomech.sharing.response import Costs, Problem, Work, make_answer, make_problem, make_work

Array = NDArray[np.float64]

#: An unknown that leaves or meets a bound within this part of its scale is at a kink.
KINK = 1e-7
#: Curvature that a row always keeps, as a part of the largest.
TRACE = 1e-14


class Linear(NamedTuple):
    """What a change of its own bounds and weight does to each unknown (n,), besides what its pull does.

    ``shared`` is what its weight does to the common cap, as a change of pull; ``kink`` (1,) is 1 at a kink. The rates
    dx/dv themselves stay in the workspace: ``free``, ``cap`` and ``level``.
    """

    upper: Array
    lower: Array
    weight: Array
    shared: Array
    kink: Array


class Changes(NamedTuple):
    """Changes of the parts of problems, or derivatives with respect to them.

    ``demand`` (B, m); ``upper``, ``lower``, ``weight``, ``pull`` (B, n), the last of A^T y. In a kernel without B.
    """

    demand: Array2
    upper: Array2
    lower: Array2
    weight: Array2
    pull: Array2


@entry_point
def pull_back(
    t: Pattern, c: Costs, given: Given, value: Array2, multiplier: Array2, bar: Array2, found: Changes, kink: Array2
) -> None:
    """Derivatives of sum(bar x); ``found.pull`` is what a change of A^T y does."""
    _through(simd_zero(), t, c, given, value, multiplier, bar, found, kink, True)


@entry_point
def push_forward(
    t: Pattern, c: Costs, given: Given, value: Array2, multiplier: Array2, moved: Array2, changes: Changes, kink: Array2
) -> None:
    """The unknowns' change ``moved`` with ``changes``; their ``demand`` is db - dA x, their ``pull`` dA^T y."""
    _through(simd_zero(), t, c, given, value, multiplier, moved, changes, kink, False)


@entry_point
def back_to_coefficients(value: Array2, multiplier: Array2, found: Changes, coefficients: Array3) -> None:
    """Derivatives with respect to A (B, m, n), from those with respect to A^T y and b."""
    for i in range(len(value)):
        for r in range(multiplier.shape[1]):
            y, eta = multiplier[i, r], found.demand[i, r]
            for k in range(value.shape[1]):
                coefficients[i, r, k] = y * found.pull[i, k] - eta * value[i, k]


@allocating_kernel
def _through(
    number: Any,
    t: Pattern,
    c: Costs,
    given: Given,
    value: Array,
    multiplier: Array,
    unknowns: Array,
    changes: Changes,
    kink: Array,
    backward: bool,
) -> None:
    """Problem by problem, from ``unknowns`` to ``changes`` if ``backward``, else from ``changes`` to ``unknowns``."""
    rows, count = multiplier.shape[1], value.shape[1]
    p, w, lane_index = (
        make_problem(number, rows, count, t.entry[-1]),
        make_work(number, rows, count),
        make_lane_index(number),
    )
    x, y, _ = make_answer(number, rows, count)
    along, _, _ = make_answer(number, rows, count)
    at, own = _make_linear(number, count), _make_changes(number, rows, count)
    every, index = arange(rows), arange(len(value))
    blocks = -(-len(value) // width(number))
    for block in range(blocks):
        block_indices(index, block, blocks, lane_index)
        gather_problem(t, given, lane_index, every, block == 0, p)
        gather(value, lane_index, t.unknown, x)
        gather(multiplier, lane_index, every, y)
        _linearise(t, c, p, w, x, y, at)
        scatter(at.kink, lane_index, every, kink)
        if backward:
            gather(unknowns, lane_index, t.unknown, along)
            _back(t, c, p, w, at, along, own)
            scatter(own.demand, lane_index, every, changes.demand)
            scatter(own.upper, lane_index, t.unknown, changes.upper)
            scatter(own.lower, lane_index, t.unknown, changes.lower)
            scatter(own.weight, lane_index, t.unknown, changes.weight)
            scatter(own.pull, lane_index, t.unknown, changes.pull)
        else:
            gather(changes.demand, lane_index, every, own.demand)
            gather(changes.upper, lane_index, t.unknown, own.upper)
            gather(changes.lower, lane_index, t.unknown, own.lower)
            gather(changes.weight, lane_index, t.unknown, own.weight)
            gather(changes.pull, lane_index, t.unknown, own.pull)
            _forward(t, c, p, w, at, own, along)
            scatter(along, lane_index, t.unknown, unknowns)


@allocating_kernel
def _make_linear(number: Any, unknowns: int) -> Linear:
    return Linear(
        zeros(number, (unknowns,)),
        zeros(number, (unknowns,)),
        zeros(number, (unknowns,)),
        zeros(number, (unknowns,)),
        zeros(number, (1,)),
    )


@allocating_kernel
def _make_changes(number: Any, rows: int, unknowns: int) -> Changes:
    return Changes(
        zeros(number, (rows,)),
        zeros(number, (unknowns,)),
        zeros(number, (unknowns,)),
        zeros(number, (unknowns,)),
        zeros(number, (unknowns,)),
    )


@kernel
def _linearise(t: Pattern, c: Costs, p: Problem, w: Work, x: Array, y: Array, at: Linear) -> None:
    """Rates of the unknowns, what acts on them directly, and the factored curvature."""
    s, zero = len(c.d) - 2, 0.0 * p.b[0]
    restart(t, c, s, p, w, w.x, y)
    capped, kink = zero, zero
    for k in range(len(x)):
        kind, weight, upper, lower = c.kind[s, k], c.weight[k], p.upper[k], p.lower[k]
        raw, _ = response(kind, c.power, weight, upper, w.pull[k])
        shared = w.cap[k] > 0.0 if c.capped[s] else zero > 0.0
        above, below, v = (raw >= upper) & ~shared, (raw <= lower) & ~shared, w.pull[k]
        at.upper[k], at.lower[k] = select(above, 1.0 + zero, 0.0), select(below, 1.0 + zero, 0.0)
        if kind == SATURATION:
            at.upper[k] = select(above | below, at.upper[k], x[k] / upper + v / upper * w.free[k])
        at.weight[k] = -v / weight * w.free[k]
        at.shared[k] = select(shared, -2.0 * SQUARES * x[k], 0.0) if kind == CAPPED else zero
        capped = max(capped, select(shared, 1.0 + zero, 0.0))
        near = min(select(shared, np.inf, abs(raw - upper)), abs(raw - lower))
        kink = max(kink, select(near <= KINK * min(1.0 + zero, abs(upper)), 1.0 + zero, 0.0))
    # a cap that some unknown's own bound holds does not move
    pinned = (capped > 0.0) & (w.cap_rate[0] <= 0.0) if c.capped[s] else zero > 0.0
    at.kink[0] = select(pinned, 1.0 + zero, kink)
    curvature(t, c, s, p, w)
    largest = zero
    for r in range(len(y)):
        largest = max(largest, w.hessian[r, r])
    for r in range(len(y)):
        w.hessian[r, r] += TRACE * largest + 1e-300
    factor_ldl(w.hessian)


@kernel
def _respond(w: Work, dv: Array, out: Array, capped: bool) -> None:
    """R dv."""
    lift = 0.0 * w.cap_rate[0]
    if capped:
        for k in range(len(dv)):
            lift += w.cap_rate[0] * w.cap[k] * dv[k]
    for k in range(len(dv)):
        out[k] = w.free[k] * dv[k] + (w.cap[k] * lift if capped else 0.0 * lift)


@kernel
def _back(t: Pattern, c: Costs, p: Problem, w: Work, at: Linear, bar: Array, own: Changes) -> None:
    """From derivatives with respect to the unknowns to those with respect to the problem."""
    capped = c.capped[-2]
    _respond(w, bar, own.pull, capped)
    for r in range(len(own.demand)):
        own.demand[r] = 0.0 * w.cap_rate[0]
    add_product(t, p.a, own.pull, 1.0, own.demand)
    solve_ldl(w.hessian, own.demand)
    pull_of(t, p.a, own.demand, w.along)
    for k in range(len(bar)):
        w.along[k] = bar[k] - w.along[k]
        own.upper[k], own.lower[k] = at.upper[k] * w.along[k], at.lower[k] * w.along[k]
    _respond(w, w.along, own.pull, capped)
    for k in range(len(bar)):
        own.weight[k] = at.weight[k] * w.along[k] + at.shared[k] * own.pull[k]


@kernel
def _forward(t: Pattern, c: Costs, p: Problem, w: Work, at: Linear, own: Changes, moved: Array) -> None:
    """From changes of the problem to the change of the unknowns."""
    capped = c.capped[-2]
    for k in range(len(moved)):
        w.along[k] = own.pull[k] + at.shared[k] * own.weight[k]
    _respond(w, w.along, moved, capped)
    for k in range(len(moved)):
        moved[k] += at.upper[k] * own.upper[k] + at.lower[k] * own.lower[k] + at.weight[k] * own.weight[k]
    add_product(t, p.a, moved, -1.0, own.demand)
    solve_ldl(w.hessian, own.demand)
    pull_of(t, p.a, own.demand, w.along)
    _respond(w, w.along, own.pull, capped)
    for k in range(len(moved)):
        moved[k] += own.pull[k]
