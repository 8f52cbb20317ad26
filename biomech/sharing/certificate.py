"""The certificate: computed from the problem and the answer alone, apart from the iteration.

For any multipliers y the dual function D(y) = b.y + sum of min over lower <= x <= upper of (f(x) - (A^T y) x) is a
lower bound of the cost (weak duality; Boyd & Vandenberghe 2004, sec. 5.1). Where the cost P of an answer that meets A
x = b equals D, no other answer is cheaper. With x'(v) the x at which f(x) - v x is least, the gap is a sum of parts
none of which is below zero where A x = b,

    P - D(y) = sum of [f(x) - f(x'(v)) - v (x - x'(v))] - y.(b - A x),    v = A^T y,

and is summed so: b.y and v.x, which cancel, may be a billion times the cost.

Where A x = b cannot be met, multipliers z with b.z > max over the bounds of (A^T z).x prove it (Farkas 1902).

Everything is measured by scales of its own, so that the units of rows, unknowns and weights do not matter: a row by its
demand, or where its terms cancel by a thousandth of their sizes; the gap by the cost; the excess of Farkas' proof by
the sizes of its terms. No comparison holds for NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._simd import any_lane, select
from biomech.sharing.block_sparsity import (
    BlockSparsity,
    abs_transpose_product,
    add_abs_matvec,
    add_matvec,
    transpose_product,
)
from biomech.sharing.criteria.kernels import above_least, lowest, response, separable_cost
from biomech.sharing.criteria.min_max import CAPPED, SQUARES
from biomech.sharing.criteria.power import SQUARE
from biomech.sharing.response import Costs, Problem, Work

Array = NDArray[np.float64]

OPTIMAL, INFEASIBLE, UNCERTIFIED = 0, 1, 2
TOLERANCE = 1e-9
#: Of the tolerance, for terms that cancel: a row is not resolved better than that part of the sizes of its terms.
CANCELLING = 1e-3
#: A^T z is zero below this part of the sizes of its terms: some rounding of A makes it so.
ROUNDING = 1e-14
#: Farkas' proof: the part of the sizes of its terms that must be left.
EXCESS = 1e-12
#: What rounding does to A^T y, of the sizes of its terms, and what it may do to an unknown, of its range.
PULL_ROUNDING, RESOLVED = 2e-16, 5e-10
#: The part of the largest demand that may be left before the last correction, where costs are not squares.
SETTLED = 1e-9
_TINY = 1e-300


@kernel
def certify_problem(
    pattern: BlockSparsity, costs: Costs, problem: Problem, work: Work, x: Array, y: Array, tolerance: float
) -> tuple[float, float, float, float]:
    """Cost, residual, gap and status of an answer; leaves b - A x in ``gradient``, A^T y in ``aty``."""
    s, zero, residual = len(costs.d) - 2, 0.0 * problem.scale[0], 0.0 * problem.scale[0]
    inside, met, unmet_work = zero < 1.0, zero < 1.0, zero
    for k in range(len(x)):
        inside = inside & (problem.lower[k] <= x[k]) & (x[k] <= problem.upper[k]) & (abs(x[k]) < np.inf)
    for r in range(len(y)):
        work.gradient[r] = problem.b[r] + zero
    add_matvec(pattern, problem.a, x, -1.0, work.gradient)
    for r in range(len(y)):
        met = met & (abs(work.gradient[r]) <= tolerance * abs(problem.b[r]))
        residual = max(residual, abs(work.gradient[r]) / max(abs(problem.b[r]), _TINY))
        unmet_work += y[r] * work.gradient[r]
    transpose_product(pattern, problem.a, y, work.aty)
    cost, above = _cost_and_gap(costs, s, problem, work, x)
    scale = max(abs(cost), _TINY)
    gap = abs(above - unmet_work) / scale
    optimal = inside & met & (gap <= tolerance)
    status = zero + OPTIMAL
    if any_lane(~optimal):
        met, own, unmet_work = _met_to_rounding(pattern, problem, work, x, y, tolerance)
        residual, gap = select(optimal, residual, own), select(optimal, gap, abs(above - unmet_work) / scale)
        optimal = optimal | (inside & met & (gap <= tolerance))
    if any_lane(~optimal):  # a row that asks for nothing is met to rounding alone, and no proof of anything else is due
        infeasible = inside & _is_farkas(pattern, costs, s, problem, work, y)
        status = select(optimal, status, select(infeasible, zero + INFEASIBLE, zero + UNCERTIFIED))
        gap = select(infeasible & ~optimal, np.inf, gap)
    return cost, residual, gap, status


@kernel
def cost_of(costs: Costs, problem: Problem, x: Array) -> float:
    """Cost of an answer, whether or not it meets the demand."""
    s, cost, largest = len(costs.d) - 2, 0.0 * problem.scale[0], 0.0 * problem.scale[0]
    for k in range(len(x)):
        cost += separable_cost(costs.kind[s, k], costs.power, costs.weight[k], problem.upper[k], x[k])
        if costs.kind[s, k] == CAPPED:
            largest = max(largest, x[k])
    return cost + largest


@kernel
def is_resolved(pattern: BlockSparsity, costs: Costs, problem: Problem, work: Work, x: Array, y: Array) -> bool:
    """Whether the answer follows from its multipliers, with A^T y in ``aty``, and rounding of it leaves it alone.

    Where a cost is flat, a little pull may be much of an unknown, and the gap hardly shows it.
    """
    s, largest, resolved = len(costs.d) - 2, 0.0 * problem.scale[0], problem.scale[0] > 0.0
    for k in range(len(x)):
        largest = max(largest, abs(x[k]))
    abs_transpose_product(pattern, problem.a, y, work.aty_step)
    for k in range(len(x)):
        work.raw[k] = x[k]
        if costs.kind[s, k] != SQUARE:  # squares follow the correction exactly, however light they are
            kind, off, lower, upper = (
                costs.kind[s, k],
                PULL_ROUNDING * work.aty_step[k],
                problem.lower[k],
                problem.upper[k],
            )
            less, _ = response(kind, costs.power, costs.weight[k], upper, work.aty[k] - off)
            more, _ = response(kind, costs.power, costs.weight[k], upper, work.aty[k] + off)
            best, _ = response(kind, costs.power, costs.weight[k], upper, work.aty[k])
            work.raw[k] = min(max(best, lower), upper)
            apart = min(max(more, lower), upper) - min(max(less, lower), upper)
            resolved = resolved & (apart <= RESOLVED * max(abs(x[k]), min(upper - lower, largest)))
    for r in range(len(y)):
        work.step[r] = problem.b[r] + 0.0 * y[r]
    add_matvec(pattern, problem.a, work.raw, -1.0, work.step)
    for r in range(len(y)):
        resolved = resolved & (abs(work.step[r]) <= SETTLED * problem.scale[0])
    return resolved


@kernel
def has_settled(
    pattern: BlockSparsity, costs: Costs, problem: Problem, work: Work, x: Array, y: Array, met: bool
) -> bool:
    """Whether an answer that is ``met`` is also where its multipliers are, with A^T y in ``aty``.

    A correction of the unknowns could hide that they are not there yet: the gap hardly shows it.
    """
    if costs.curved[-2]:
        met = met & is_resolved(pattern, costs, problem, work, x, y)
    elif costs.capped[-2]:
        met = met & (work.tally[2] <= SETTLED)
    return met


@kernel
def _cost_and_gap(costs: Costs, s: int, problem: Problem, work: Work, x: Array) -> tuple[float, float]:
    """The cost, and how far the Lagrangian lies above its least, the unmet demand left out; from ``aty``."""
    zero = 0.0 * problem.scale[0]
    cost, above, largest, cap = zero, zero, zero, np.inf + zero
    if costs.capped[s]:
        cap = _cheapest_cap(costs, s, problem, work)
    for k in range(len(x)):
        kind, v = costs.kind[s, k], work.aty[k]
        best, _ = response(kind, costs.power, costs.weight[k], problem.upper[k], v)
        upper = min(cap, problem.upper[k]) if kind == CAPPED else problem.upper[k] + zero
        best = min(max(best, problem.lower[k]), max(upper, problem.lower[k]))
        cost += separable_cost(kind, costs.power, costs.weight[k], problem.upper[k], x[k])
        above += above_least(kind, costs.power, costs.weight[k], problem.upper[k], v, x[k], best)
        if kind == CAPPED:
            largest = max(largest, x[k])
    if costs.capped[s]:
        above += largest - cap
    return cost + largest, above


@kernel
def _met_to_rounding(
    pattern: BlockSparsity, problem: Problem, work: Work, x: Array, y: Array, tolerance: float
) -> tuple[bool, float, float]:
    """Whether every row is met as far as its terms are resolved, the residual, and y.(b - A x) of what is resolved."""
    residual, unmet_work, largest, met = (
        0.0 * problem.scale[0],
        0.0 * problem.scale[0],
        0.0 * problem.scale[0],
        problem.scale[0] > 0.0,
    )
    for k in range(len(x)):
        largest = max(largest, abs(x[k]))
    for k in range(len(x)):
        # an unknown is itself no better resolved than its range, or the largest
        work.aty_step[k] = max(abs(x[k]), min(problem.upper[k] - problem.lower[k], largest))
    for r in range(len(y)):
        work.step[r] = 0.0 * problem.scale[0]
    add_abs_matvec(pattern, problem.a, work.aty_step, work.step)
    for r in range(len(y)):
        off, terms = abs(work.gradient[r]), CANCELLING * work.step[r]
        scale = max(abs(problem.b[r]), terms)
        met = met & (off <= tolerance * scale)
        residual = max(residual, off / max(scale, _TINY))
        unmet_work += select(off <= TOLERANCE * terms, 0.0 * off, y[r] * work.gradient[r])
    return met, residual, unmet_work


@kernel
def _is_farkas(pattern: BlockSparsity, costs: Costs, s: int, problem: Problem, work: Work, z: Array) -> bool:
    """Whether ``z``, with A^T z in ``aty``, proves that the demand lies beyond everything that can be reached."""
    wanted, most, size = 0.0 * problem.scale[0], 0.0 * problem.scale[0], 0.0 * problem.scale[0]
    for r in range(len(z)):
        wanted += problem.b[r] * z[r]
        size += abs(problem.b[r] * z[r])
    abs_transpose_product(pattern, problem.a, z, work.aty_step)
    for k in range(len(work.aty)):
        v = work.aty[k]
        lower = lowest(costs.kind[s, k], problem.lower[k], problem.upper[k])
        bound = select(v > 0.0, problem.upper[k], lower)
        reach = select(abs(v) <= ROUNDING * work.aty_step[k], 0.0, v * bound)
        most += reach
        size += abs(reach)
    return wanted - most > EXCESS * size


@kernel
def _cheapest_cap(costs: Costs, s: int, problem: Problem, work: Work) -> float:
    """Cap t at which the Lagrangian of ``MinMax`` is least, by bisection.

    Its slope in t, 1 - sum of (v - 0.002 w t)+ over the unknowns that could go higher, rises with t.
    """
    least, most = 0.0 * problem.scale[0], 0.0 * problem.scale[0]
    for k in range(len(work.aty)):
        if costs.kind[s, k] == CAPPED:
            least = max(least, problem.lower[k])
            most = max(most, min(max(work.aty[k], 0.0) / (2.0 * SQUARES * costs.weight[k]), problem.upper[k]))
    most = max(least, most)
    for _ in range(70):
        middle, over = 0.5 * (least + most), 0.0 * least
        for k in range(len(work.aty)):
            if costs.kind[s, k] == CAPPED:
                beyond = max(work.aty[k] - 2.0 * SQUARES * costs.weight[k] * middle, 0.0)
                over += select(middle < problem.upper[k], beyond, 0.0)
        least, most = select(over > 1.0, middle, least), select(over > 1.0, most, middle)
    return most
