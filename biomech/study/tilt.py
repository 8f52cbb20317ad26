"""Pelvic-tilt policies: how the pelvis stands when nobody says.

``least_effort``: the tilt of least muscle cost J among the postures that close and can be held, searched in -15..25
deg. J is bracketed on a grid of one degree; within a bracket dJ/dtilt = 0 is solved, with the derivative from the
envelope theorem: with multipliers y and unknowns x of the optimum,

    dJ/dtilt = -y . (dA/dtilt x - db/dtilt).

The curve is flat, so the minima that come within 5 % of the best, and the range of tilts that do, are reported beside
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise

from biomech.model.model import Model
from biomech.statics.posture import close
from biomech.statics.stance import Stance
from biomech.study.answer import answer
from biomech.study.standing import OPTIMAL, UNREACHABLE, Effort, Part, balance, equilibrium_of, parts

Array = NDArray[np.float64]

SEARCH = (-15.0, 25.0)
GRID = np.arange(SEARCH[0], SEARCH[1] + 0.5, 1.0)
NEAR = 1.05
MINIMA = 3
_STEP = 3e-3  #: deg, on either side, over which geometry is differenced

INTERIOR, LOWER_BOUND, UPPER_BOUND, EDGE, NOT_HOLDABLE = 0, 1, 2, 3, 4
TILT_STATUSES = ("interior_minimum", "lower_bound", "upper_bound", "edge_of_holdable", "not_holdable")


@dataclass(frozen=True)
class Tilts:
    """What was found, per stance.

    ``tilt`` in deg and ``status``; ``minimum`` (stance, MINIMA): all minima within 5 %, best first, NaN where there are
    fewer; ``interval`` (stance, 2): the tilts within 5 %.
    """

    tilt: Array
    status: NDArray[np.int8]
    minimum: Array
    interval: Array


def least_effort(model: Model, stance: Stance, effort: Effort) -> Tilts:
    """The tilt of least muscle cost of every stance.

    Parameters
    ----------
    model : Model
        The body.
    stance : Stance
        Stances; their own tilt is ignored.
    effort : Effort
        What counts as effort.

    Returns
    -------
    Tilts
        Never raises for a posture: the status says what was found.
    """
    count = len(stance)
    found = Tilts(
        np.zeros(count), np.zeros(count, dtype=np.int8), np.full((count, MINIMA), np.nan), np.full((count, 2), np.nan)
    )
    for part in parts(model, stance, effort):
        curve = _Curve(model, part, stance.take(part.index), effort)
        _search(curve, part.index, found)
    return found


class _Curve:
    """Cost over tilt of the stances of one part."""

    def __init__(self, model: Model, part: Part, stance: Stance, effort: Effort) -> None:
        self.model, self.part, self.stance, self.effort = model, part, stance, effort

    def __len__(self) -> int:
        return len(self.stance)

    def at(self, index: NDArray[np.int64], tilt: Array) -> Stance:
        return self.stance.take(index, pelvic_tilt=np.asarray(tilt, dtype=np.float64))

    def cost(self, index: NDArray[np.int64], tilt: Array) -> tuple[Array, Array]:
        """Cost, infinite where the posture cannot be held, and size of the shortfall, infinite where not closed."""
        answers = answer(self.model, self.at(index, tilt), self.effort, ("shortfall",))
        held, reached = answers.status == OPTIMAL, answers.status != UNREACHABLE
        short = np.where(reached, np.linalg.norm(answers.sheets.shortfall, axis=1), np.inf)
        return np.where(held, answers.proof("cost"), np.inf), short

    def slope(self, index: NDArray[np.int64], tilt: Array) -> Array:
        """dJ/dtilt per degree; NaN where the posture cannot be held."""
        stance = self.at(index, tilt)
        found = balance(self.model, self.part, stance, self.effort)
        solution, taken = found.solution, found.taken
        away = []
        for step in (-_STEP, _STEP):
            near = stance.take(taken, pelvic_tilt=tilt[taken] + step)
            q = close(
                self.model, self.part.flat, near, self.part.support, found.postures.coordinates[taken]
            ).coordinates
            e = equilibrium_of(self.part, near, q, self.effort)
            away.append(np.einsum("bmn,bn->bm", e.coefficients, solution.value) - e.demand)
        slope = np.full(len(index), np.nan)
        rise = -np.einsum("bm,bm->b", solution.multiplier, away[1] - away[0]) / (2.0 * _STEP)
        slope[taken] = np.where(solution.status == OPTIMAL, rise, np.nan)
        return slope


def _search(curve: _Curve, place: NDArray[np.int64], found: Tilts) -> None:
    stances = np.repeat(np.arange(len(curve)), len(GRID))
    cost, short = curve.cost(stances, np.tile(GRID, len(curve)))
    cost, short = cost.reshape(-1, len(GRID)), short.reshape(-1, len(GRID))
    owner, knot = _local_minima(cost)
    tilt, status = _refine(curve, owner, knot, cost)
    least, _ = curve.cost(owner, tilt)
    least = np.minimum(least, cost[owner, knot])
    for i, target in enumerate(place):
        own = np.flatnonzero(owner == i)
        if own.size == 0:
            # nothing can be held: the tilt that falls least short
            found.tilt[target], found.status[target] = GRID[short[i].argmin()], NOT_HOLDABLE
            continue
        own = own[np.argsort(least[own], kind="stable")]
        best = least[own[0]]
        near = own[least[own] <= NEAR * best][:MINIMA]
        found.tilt[target], found.status[target] = tilt[own[0]], status[own[0]]
        found.minimum[target, : len(near)] = tilt[near]
        found.interval[target] = _interval(cost[i], tilt[own[0]], NEAR * best)


def _local_minima(cost: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Stance and grid position of every local minimum on the grid."""
    wall = np.full((len(cost), 1), np.inf)
    before, after = np.hstack([wall, cost[:, :-1]]), np.hstack([cost[:, 1:], wall])
    owner, knot = np.nonzero(np.isfinite(cost) & (cost < before) & (cost <= after))
    return owner, knot


def _refine(
    curve: _Curve, owner: NDArray[np.int64], knot: NDArray[np.int64], cost: Array
) -> tuple[Array, NDArray[np.int8]]:
    """Solve dJ/dtilt = 0 between the grid neighbours of every local minimum.

    Where the cost jumps (a path point that switches) the slope need not change sign: there the cost itself is searched.
    """
    last = len(GRID) - 1
    low, high = GRID[np.maximum(knot - 1, 0)], GRID[np.minimum(knot + 1, last)]
    middle = GRID[knot]

    def slope(tilt: Array, which: NDArray[Any]) -> Array:
        index = which.astype(np.int64).ravel()
        value = curve.slope(owner[index], tilt.ravel())
        # beyond what can be held the curve rises without end
        wall = np.where(tilt.ravel() < middle[index], -1e6, 1e6)
        return np.where(np.isnan(value), wall, value).reshape(tilt.shape)

    which = np.arange(len(owner))
    tilt, status = middle.copy(), np.full(len(owner), INTERIOR, dtype=np.int8)
    if not len(owner):
        return tilt, status
    left, right = slope(low, which), slope(high, which)
    status[(knot == 0) & (left >= 0.0)] = LOWER_BOUND
    status[(knot == last) & (right <= 0.0)] = UPPER_BOUND
    inside = np.flatnonzero((left < 0.0) & (right > 0.0))
    if inside.size:
        root = elementwise.find_root(
            slope, (low[inside], high[inside]), args=(inside,), tolerances={"xatol": 1e-8, "xrtol": 0.0, "fatol": 0.0}
        )
        tilt[inside] = root.x
    jumps = np.flatnonzero((status == INTERIOR) & ~((left < 0.0) & (right > 0.0)) & (knot > 0) & (knot < last))
    if jumps.size:
        tilt[jumps] = _least_cost(curve, owner[jumps], low[jumps], middle[jumps], high[jumps])
    cliff = ~np.isfinite(cost[owner, np.maximum(knot - 1, 0)]) | ~np.isfinite(cost[owner, np.minimum(knot + 1, last)])
    at_wall = cliff & (status == INTERIOR) & (np.abs(slope(tilt, which)) > 1e-3 * (1.0 + np.abs(cost[owner, knot])))
    status[at_wall] = EDGE
    # the root stops on either side of an edge: step back to the side that can be held
    lost = ~np.isfinite(curve.cost(owner, tilt)[0])
    tilt[lost] = np.where(tilt[lost] > middle[lost], tilt[lost] - 1e-6, tilt[lost] + 1e-6)
    return tilt, status


def _least_cost(curve: _Curve, owner: NDArray[np.int64], low: Array, middle: Array, high: Array) -> Array:
    """Least cost between ``low`` and ``high``, by golden sections and parabolas from the grid's three points."""

    def cost(tilt: Array, which: NDArray[Any]) -> Array:
        value, _ = curve.cost(owner[which.astype(np.int64).ravel()], tilt.ravel())
        return np.where(np.isfinite(value), value, 1e9).reshape(tilt.shape)

    which = np.arange(len(owner))
    return np.asarray(elementwise.find_minimum(cost, (low, middle, high), args=(which,)).x)


def _interval(cost: Array, tilt: float, limit: float) -> tuple[float, float]:
    """Outermost tilts at which the cost is within the limit, linear between the grid's points."""
    inside = np.flatnonzero(cost <= limit)
    if inside.size == 0:
        return tilt, tilt
    ends = []
    for knot, way in ((inside[0], -1), (inside[-1], 1)):
        beyond = knot + way
        end = GRID[knot]
        if 0 <= beyond < len(GRID) and np.isfinite(cost[beyond]):
            end += way * (limit - cost[knot]) / (cost[beyond] - cost[knot])
        ends.append(float(end))
    return min(ends[0], tilt), max(ends[1], tilt)
