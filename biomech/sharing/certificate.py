"""The certificate: computed from the problem and the answer alone, apart from the iteration.

For any multipliers y the dual function D(y) = b.y + sum of min over lower <= x <= upper of (f(x) - (A^T y) x) is a
lower bound of the cost (weak duality; Boyd & Vandenberghe 2004, sec. 5.1). Where the cost P of an answer that meets A
x = b equals D, no other answer is cheaper.

Where A x = b cannot be met, multipliers z with b.z > max over the bounds of (A^T z).x prove it (Farkas 1902).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._lanes import select, some
from biomech.sharing.criteria import CAPPED, SQUARES, price, response
from biomech.sharing.pattern import Pattern, add_product, pull_of
from biomech.sharing.response import Costs, Problem, Work

Array = NDArray[np.float64]

OPTIMAL, INFEASIBLE, UNCERTIFIED = 0, 1, 2
TOLERANCE = 1e-9


@kernel
def prove(
    t: Pattern, c: Costs, p: Problem, w: Work, x: Array, y: Array, tolerance: float
) -> tuple[float, float, float, float]:
    """Cost, residual, gap and status of an answer; leaves b - A x in ``gradient``, A^T y in ``pull``."""
    s, zero = len(c.d) - 2, 0.0 * p.scale[0]
    cost, residual, outside = cost_of(c, p, x), zero, zero
    for r in range(len(y)):
        w.gradient[r] = p.b[r] + zero
    for k in range(len(x)):
        outside = max(outside, max(p.lower[k] - x[k], x[k] - p.upper[k]))
    add_product(t, p.a, x, -1.0, w.gradient)
    for r in range(len(y)):
        residual = max(residual, abs(w.gradient[r]))
    residual /= p.scale[0]
    pull_of(t, p.a, y, w.pull)
    gap = abs(cost - _dual(c, s, p, w, y)) / (1.0 + abs(cost))
    optimal = (outside <= 0.0) & (residual <= tolerance) & (gap <= tolerance)
    status = zero + OPTIMAL
    if some(~optimal):
        infeasible = _excess(p, w, y) > tolerance * p.scale[0]
        status = select(optimal, status, select(infeasible, zero + INFEASIBLE, zero + UNCERTIFIED))
        gap = select(infeasible & ~optimal, np.inf, gap)
    return cost, residual, gap, status


@kernel
def cost_of(c: Costs, p: Problem, x: Array) -> float:
    """Cost of an answer, whether or not it meets the demand."""
    s, cost, largest = len(c.d) - 2, 0.0 * p.scale[0], 0.0 * p.scale[0]
    for k in range(len(x)):
        cost += price(c.kind[s, k], c.power, c.weight[k], p.upper[k], x[k])
        if c.kind[s, k] == CAPPED:
            largest = max(largest, x[k])
    return cost + largest


@kernel
def _dual(c: Costs, s: int, p: Problem, w: Work, y: Array) -> float:
    """The dual function, all bounds included."""
    zero = 0.0 * p.scale[0]
    total, cap = zero, np.inf + zero
    if c.capped[s]:
        cap = _cheapest_cap(c, s, p, w)
        total += cap
    for r in range(len(y)):
        total += p.b[r] * y[r]
    for k in range(len(w.pull)):
        kind, v = c.kind[s, k], w.pull[k]
        best, _ = response(kind, c.power, c.weight[k], p.upper[k], v)
        upper = min(cap, p.upper[k]) if kind == CAPPED else p.upper[k] + zero
        best = min(max(best, p.lower[k]), upper)
        total += price(kind, c.power, c.weight[k], p.upper[k], best) - v * best
    return total


@kernel
def _cheapest_cap(c: Costs, s: int, p: Problem, w: Work) -> float:
    """Cap t at which the Lagrangian of ``MinMax`` is least, by bisection.

    Its slope in t, 1 - sum of (v - 0.002 w t)+ over the unknowns that could go higher, rises with t.
    """
    least, most = 0.0 * p.scale[0], 0.0 * p.scale[0]
    for k in range(len(w.pull)):
        if c.kind[s, k] == CAPPED:
            least = max(least, p.lower[k])
            most = max(most, min(max(w.pull[k], 0.0) / (2.0 * SQUARES * c.weight[k]), p.upper[k]))
    most = max(least, most)
    for _ in range(70):
        middle, over = 0.5 * (least + most), 0.0 * least
        for k in range(len(w.pull)):
            if c.kind[s, k] == CAPPED:
                beyond = max(w.pull[k] - 2.0 * SQUARES * c.weight[k] * middle, 0.0)
                over += select(middle < p.upper[k], beyond, 0.0)
        least, most = select(over > 1.0, middle, least), select(over > 1.0, most, middle)
    return most


@kernel
def _excess(p: Problem, w: Work, y: Array) -> float:
    """How far the demand lies beyond everything that can be reached, along the multipliers."""
    size, wanted, most = 0.0 * p.scale[0], 0.0 * p.scale[0], 0.0 * p.scale[0]
    for r in range(len(y)):
        size += y[r] * y[r]
        wanted += p.b[r] * y[r]
    for k in range(len(w.pull)):
        v = w.pull[k]
        most += select(v > 0.0, v * p.upper[k], select(v < 0.0, v * p.lower[k], 0.0))
    return (wanted - most) / math.sqrt(max(size, 1e-300))
