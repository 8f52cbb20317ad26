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
from biomech.sharing.batch import ProblemArrays, gather_problem
from biomech.sharing.block_sparsity import BlockSparsity, add_matvec, transpose_product
from biomech.sharing.criteria.kernels import bound_rate, response
from biomech.sharing.criteria.min_max import CAPPED, SQUARES
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
    dx/dv themselves stay in the workspace: ``response_rate``, ``cap`` and ``level``.
    """

    upper: Array
    lower: Array
    weight: Array
    shared: Array
    kink: Array


class Changes(NamedTuple):
    """Changes of the parts of problems, or derivatives with respect to them.

    ``demand`` (B, m); ``upper``, ``lower``, ``weight``, ``aty`` (B, n), the last of A^T y. In a kernel without B.
    """

    demand: Array2
    upper: Array2
    lower: Array2
    weight: Array2
    aty: Array2


@entry_point
def pull_back(
    pattern: BlockSparsity,
    costs: Costs,
    given: ProblemArrays,
    value: Array2,
    multiplier: Array2,
    cotangent: Array2,
    found: Changes,
    kink: Array2,
) -> None:
    """Derivatives of sum(bar x); ``found.aty`` is what a change of A^T y does."""
    _through(simd_zero(), pattern, costs, given, value, multiplier, cotangent, found, kink, True)


@entry_point
def push_forward(
    pattern: BlockSparsity,
    costs: Costs,
    given: ProblemArrays,
    value: Array2,
    multiplier: Array2,
    tangent: Array2,
    changes: Changes,
    kink: Array2,
) -> None:
    """The unknowns' change ``tangent`` with ``changes``; their ``demand`` is db - dA x, their ``aty`` dA^T y."""
    _through(simd_zero(), pattern, costs, given, value, multiplier, tangent, changes, kink, False)


@entry_point
def back_to_coefficients(value: Array2, multiplier: Array2, found: Changes, coefficients: Array3) -> None:
    """Derivatives with respect to A (B, m, n), from those with respect to A^T y and b."""
    for i in range(len(value)):
        for r in range(multiplier.shape[1]):
            y, eta = multiplier[i, r], found.demand[i, r]
            for k in range(value.shape[1]):
                coefficients[i, r, k] = y * found.aty[i, k] - eta * value[i, k]


@allocating_kernel
def _through(
    number: Any,
    pattern: BlockSparsity,
    costs: Costs,
    given: ProblemArrays,
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
        make_problem(number, rows, count, pattern.entry[-1]),
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
        gather_problem(pattern, given, lane_index, every, block == 0, p)
        gather(value, lane_index, pattern.unknown, x)
        gather(multiplier, lane_index, every, y)
        _linearise(pattern, costs, p, w, x, y, at)
        scatter(at.kink, lane_index, every, kink)
        if backward:
            gather(unknowns, lane_index, pattern.unknown, along)
            _back(pattern, costs, p, w, at, along, own)
            scatter(own.demand, lane_index, every, changes.demand)
            scatter(own.upper, lane_index, pattern.unknown, changes.upper)
            scatter(own.lower, lane_index, pattern.unknown, changes.lower)
            scatter(own.weight, lane_index, pattern.unknown, changes.weight)
            scatter(own.aty, lane_index, pattern.unknown, changes.aty)
        else:
            gather(changes.demand, lane_index, every, own.demand)
            gather(changes.upper, lane_index, pattern.unknown, own.upper)
            gather(changes.lower, lane_index, pattern.unknown, own.lower)
            gather(changes.weight, lane_index, pattern.unknown, own.weight)
            gather(changes.aty, lane_index, pattern.unknown, own.aty)
            _forward(pattern, costs, p, w, at, own, along)
            scatter(along, lane_index, pattern.unknown, unknowns)


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
def _linearise(
    pattern: BlockSparsity, costs: Costs, problem: Problem, work: Work, x: Array, y: Array, at: Linear
) -> None:
    """Rates of the unknowns, what acts on them directly, and the factored curvature."""
    s, zero = len(costs.d) - 2, 0.0 * problem.b[0]
    restart(pattern, costs, s, problem, work, work.x, y)
    capped, kink = zero, zero
    for k in range(len(x)):
        kind, weight, upper, lower = costs.kind[s, k], costs.weight[k], problem.upper[k], problem.lower[k]
        raw, _ = response(kind, costs.power, weight, upper, work.aty[k])
        shared = work.cap[k] > 0.0 if costs.capped[s] else zero > 0.0
        above, below, v = (raw >= upper) & ~shared, (raw <= lower) & ~shared, work.aty[k]
        at.upper[k], at.lower[k] = select(above, 1.0 + zero, 0.0), select(below, 1.0 + zero, 0.0)
        own = bound_rate(kind, costs.power, weight, upper, v, x[k], work.response_rate[k])
        at.upper[k] = select(above | below, at.upper[k], own)
        at.weight[k] = -v / weight * work.response_rate[k]
        at.shared[k] = select(shared, -2.0 * SQUARES * x[k], 0.0) if kind == CAPPED else zero
        capped = max(capped, select(shared, 1.0 + zero, 0.0))
        near = min(select(shared, np.inf, abs(raw - upper)), abs(raw - lower))
        kink = max(kink, select(near <= KINK * min(1.0 + zero, abs(upper)), 1.0 + zero, 0.0))
    # a cap that some unknown's own bound holds does not move
    pinned = (capped > 0.0) & (work.cap_rate[0] <= 0.0) if costs.capped[s] else zero > 0.0
    at.kink[0] = select(pinned, 1.0 + zero, kink)
    curvature(pattern, costs, s, problem, work)
    largest = zero
    for r in range(len(y)):
        largest = max(largest, work.hessian[r, r])
    for r in range(len(y)):
        work.hessian[r, r] += TRACE * largest + 1e-300
    factor_ldl(work.hessian)


@kernel
def _respond(work: Work, dv: Array, out: Array, capped: bool) -> None:
    """R dv."""
    lift = 0.0 * work.cap_rate[0]
    if capped:
        for k in range(len(dv)):
            lift += work.cap_rate[0] * work.cap[k] * dv[k]
    for k in range(len(dv)):
        out[k] = work.response_rate[k] * dv[k] + (work.cap[k] * lift if capped else 0.0 * lift)


@kernel
def _back(
    pattern: BlockSparsity, costs: Costs, problem: Problem, work: Work, at: Linear, cotangent: Array, own: Changes
) -> None:
    """From derivatives with respect to the unknowns to those with respect to the problem."""
    capped = costs.capped[-2]
    _respond(work, cotangent, own.aty, capped)
    for r in range(len(own.demand)):
        own.demand[r] = 0.0 * work.cap_rate[0]
    add_matvec(pattern, problem.a, own.aty, 1.0, own.demand)
    solve_ldl(work.hessian, own.demand)
    transpose_product(pattern, problem.a, own.demand, work.aty_step)
    for k in range(len(cotangent)):
        work.aty_step[k] = cotangent[k] - work.aty_step[k]
        own.upper[k], own.lower[k] = at.upper[k] * work.aty_step[k], at.lower[k] * work.aty_step[k]
    _respond(work, work.aty_step, own.aty, capped)
    for k in range(len(cotangent)):
        own.weight[k] = at.weight[k] * work.aty_step[k] + at.shared[k] * own.aty[k]


@kernel
def _forward(
    pattern: BlockSparsity, costs: Costs, problem: Problem, work: Work, at: Linear, own: Changes, tangent: Array
) -> None:
    """From changes of the problem to the change of the unknowns."""
    capped = costs.capped[-2]
    for k in range(len(tangent)):
        work.aty_step[k] = own.aty[k] + at.shared[k] * own.weight[k]
    _respond(work, work.aty_step, tangent, capped)
    for k in range(len(tangent)):
        tangent[k] += at.upper[k] * own.upper[k] + at.lower[k] * own.lower[k] + at.weight[k] * own.weight[k]
    add_matvec(pattern, problem.a, tangent, -1.0, own.demand)
    solve_ldl(work.hessian, own.demand)
    transpose_product(pattern, problem.a, own.demand, work.aty_step)
    _respond(work, work.aty_step, own.aty, capped)
    for k in range(len(tangent)):
        tangent[k] += own.aty[k]
