"""Curves of cost over tilt: nodes of a grid, the bracket about a minimum that shrinks, and what is reported in the end.

A bracket shrinks by cost, so that jumps (a path point that switches) and edges of what can be held are found as well;
the next tilt is where the slope would vanish (inverse quadratic interpolation, Brent 1973).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, kernel
from biomech._simd import select, zeros

Array = NDArray[np.float64]

INTERIOR, LOWER_BOUND, UPPER_BOUND, EDGE, NOT_HOLDABLE = 0, 1, 2, 3, 4
#: deg: the tilts that are searched, and how far apart those of the grid are.
LEAST, MOST, STEP = -15.0, 25.0, 5.0
NODES = 9
#: Minima and tilts whose effort is within this factor of the best are reported.
WITHIN, MINIMA = 1.05, 3
#: deg to which a minimum is found.
FOUND = 1e-6
#: The first trials of a descent trust the slope, then every other one.
TRUSTING = 8
#: Parts of the cost below which a difference is rounding.
ROUNDING = 1e-10


class GridScan(NamedTuple):
    """What was found at every node of the grid (node,): cost, slope per degree, how far it falls short."""

    cost: Array
    slope: Array
    short: Array


class Bracket(NamedTuple):
    """Tilt, cost and slope per degree of the best tilt so far, of those that enclose it and of the last two."""

    tilt: Array
    cost: Array
    slope: Array


BEST, LOW, HIGH, LAST, BEFORE = 0, 1, 2, 3, 4


class LocalMinima(NamedTuple):
    """The minima (minimum,): the node where the search began, -1 for none; tilt, cost and status."""

    node: Array
    tilt: Array
    cost: Array
    status: Array


@allocating_kernel
def make_search(number: Any) -> tuple[GridScan, Bracket, LocalMinima]:
    n, m = (NODES,), (MINIMA,)
    scan = GridScan(zeros(number, n), zeros(number, n), zeros(number, n))
    bracket = Bracket(zeros(number, (5,)), zeros(number, (5,)), zeros(number, (5,)))
    return scan, bracket, LocalMinima(zeros(number, m), zeros(number, m), zeros(number, m), zeros(number, m))


@kernel
def begin_bracket(scan: GridScan, i: int, bracket: Bracket, minima: LocalMinima) -> None:
    """Bracket the best local minimum of the grid that was not yet searched; infinite cost where there is none."""
    zero, inf = 0.0 * bracket.tilt[BEST], np.inf + 0.0 * bracket.tilt[BEST]
    minima.node[i] = zero - 1.0
    for j in range(5):
        bracket.tilt[j], bracket.cost[j], bracket.slope[j] = zero, inf, zero + np.nan
    for k in range(NODES):
        before, after = max(k - 1, 0), min(k + 1, NODES - 1)
        valley = (scan.cost[k] < bracket.cost[BEST]) & (scan.cost[k] <= scan.cost[after])
        if k > 0:
            valley = valley & (scan.cost[k] < scan.cost[before])
        for j in range(i):
            valley = valley & (minima.node[j] != zero + k)
        minima.node[i] = select(valley, zero + k, minima.node[i])
        _put(valley, BEST, k, scan, bracket)
        _put(valley, LOW, before, scan, bracket)
        _put(valley, HIGH, after, scan, bracket)
    # at an end of the range what encloses the best node is the node itself: it says nothing of the slope
    bracket.slope[LOW] = select(bracket.tilt[LOW] < bracket.tilt[BEST], bracket.slope[LOW], np.nan)
    bracket.slope[HIGH] = select(bracket.tilt[HIGH] > bracket.tilt[BEST], bracket.slope[HIGH], np.nan)
    rising = bracket.slope[BEST] > 0.0
    for j, near, far in ((LAST, LOW, HIGH), (BEFORE, HIGH, LOW)):
        bracket.tilt[j] = select(rising, bracket.tilt[near], bracket.tilt[far])
        bracket.slope[j] = select(rising, bracket.slope[near], bracket.slope[far])


@kernel
def _put(here: bool, place: int, k: int, scan: GridScan, bracket: Bracket) -> None:
    bracket.tilt[place] = select(here, LEAST + STEP * k + 0.0 * bracket.tilt[place], bracket.tilt[place])
    bracket.cost[place] = select(here, scan.cost[k], bracket.cost[place])
    slope = select(scan.cost[k] < np.inf, scan.slope[k], np.nan)
    bracket.slope[place] = select(here, slope, bracket.slope[place])


@kernel
def next_trial(bracket: Bracket, trial: int) -> tuple[float, bool]:
    """The next tilt, and whether the slopes say so; else it is the middle of the side on which the cost falls."""
    m, p, r = bracket.tilt[BEST], bracket.tilt[LAST], bracket.tilt[BEFORE]
    d, e, g = bracket.slope[BEST], bracket.slope[LAST], bracket.slope[BEFORE]
    falling = d < 0.0
    low, high = select(falling, m, bracket.tilt[LOW]), select(falling, bracket.tilt[HIGH], m)
    straight = m - d * (m - p) / (d - e)
    curved = m * e * g / ((d - e) * (d - g)) + p * d * g / ((e - d) * (e - g)) + r * d * e / ((g - d) * (g - e))
    tilt = select((low - FOUND <= curved) & (curved <= high + FOUND), curved, straight)
    smooth = (low - FOUND <= tilt) & (tilt <= high + FOUND) & (trial < TRUSTING or trial % 2 == 1)
    return select(smooth, min(max(tilt, low), high), 0.5 * (low + high)), smooth


@kernel
def update_bracket(searching: bool, tilt: float, cost: float, slope: float, bracket: Bracket) -> None:
    """Take a tilt into the bracket."""
    m, f, d = bracket.tilt[BEST] + 0.0, bracket.cost[BEST] + 0.0, bracket.slope[BEST] + 0.0
    slope = select(cost < np.inf, slope, np.nan)
    level = abs(cost - f) <= ROUNDING * f
    again, right = searching & (tilt == m), tilt > m
    better = searching & ~again & select(level, abs(slope) < abs(d), cost < f)
    worse = searching & ~again & ~better
    for place, own_side in ((LOW, right), (HIGH, ~right)):
        bracket.tilt[place] = select(better & own_side, m, select(worse & ~own_side, tilt, bracket.tilt[place]))
        bracket.cost[place] = select(better & own_side, f, select(worse & ~own_side, cost, bracket.cost[place]))
    bracket.tilt[BEFORE] = select(better | worse, bracket.tilt[LAST], bracket.tilt[BEFORE])
    bracket.slope[BEFORE] = select(better | worse, bracket.slope[LAST], bracket.slope[BEFORE])
    bracket.tilt[LAST] = select(better, m, select(worse, tilt, bracket.tilt[LAST]))
    bracket.slope[LAST] = select(better, d, select(worse, slope, bracket.slope[LAST]))
    bracket.tilt[BEST] = select(better, tilt, m)
    bracket.cost[BEST] = select(better, cost, f)
    bracket.slope[BEST] = select(better | again, slope, d)


@kernel
def write_minima(scan: GridScan, minima: LocalMinima, row: Array) -> None:
    """The row of a stance: its tilt and status, all minima near the best, and the interval of tilts near it.

    Where no tilt can be held the tilt is the one that falls least short, NaN where none has a posture.
    """
    for i in range(MINIMA):
        for j in range(MINIMA - 1 - i):
            swap = minima.cost[j + 1] < minima.cost[j]
            for room in (minima.tilt, minima.cost, minima.status):
                first, second = room[j] + 0.0, room[j + 1] + 0.0
                room[j], room[j + 1] = select(swap, second, first), select(swap, first, second)
    zero, held, limit = 0.0 * minima.node[0], minima.cost[0] < np.inf, WITHIN * minima.cost[0]
    fallback, shortest = zero + LEAST, scan.short[0] + 0.0
    for k in range(1, NODES):
        fallback = select(scan.short[k] < shortest, zero + LEAST + STEP * k, fallback)
        shortest = min(shortest, scan.short[k])
    fallback = select(shortest < np.inf, fallback, np.nan)
    row[0] = select(held, minima.tilt[0], fallback)
    row[1] = select(held, minima.status[0], zero + NOT_HOLDABLE)
    for i in range(MINIMA):
        row[2 + i] = select(held & (minima.cost[i] <= limit), minima.tilt[i], np.nan)
    row[2 + MINIMA] = select(held, _end(scan, minima, limit, -1.0), np.nan)
    row[3 + MINIMA] = select(held, _end(scan, minima, limit, 1.0), np.nan)


@kernel
def _end(scan: GridScan, minima: LocalMinima, limit: float, way: float) -> float:
    """The outermost tilt within the limit on one side: ``way`` -1 or 1.

    Between the outermost tilt known to be within and the node beyond it the cost is a cubic (Hermite).
    """
    zero = 0.0 * minima.node[0]
    edge, cost, slope = minima.tilt[0] + 0.0, minima.cost[0] + 0.0, zero
    for i in range(1, MINIMA):
        out = (minima.cost[i] <= limit) & (way * (minima.tilt[i] - edge) > 0.0)
        edge, cost = select(out, minima.tilt[i], edge), select(out, minima.cost[i], cost)
    for k in range(NODES):
        node = zero + LEAST + STEP * k
        out = (scan.cost[k] <= limit) & (way * (node - edge) > 0.0)
        edge = select(out, node, edge)
        cost, slope = select(out, scan.cost[k], cost), select(out, scan.slope[k], slope)
    beyond, far, far_slope = edge + 0.0, np.inf + zero, zero
    for k in range(NODES):
        node = zero + LEAST + STEP * k
        next_ = (way * (node - edge) > 0.0) & ((beyond == edge) | (way * (node - beyond) < 0.0))
        beyond = select(next_, node, beyond)
        far, far_slope = select(next_, scan.cost[k], far), select(next_, scan.slope[k], far_slope)
    length = beyond - edge
    low, high = zero, 1.0 + zero
    for _ in range(30):
        u = 0.5 * (low + high)
        v = 1.0 - u
        value = v * v * ((1.0 + 2.0 * u) * cost + u * length * slope)
        value += u * u * ((1.0 + 2.0 * v) * far - v * length * far_slope)
        low, high = select(value <= limit, u, low), select(value <= limit, high, u)
    return edge + select(far < np.inf, low, 0.0) * length
