"""The optimum by ascent in the multipliers: Newton's method on the dual, in plain NumPy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from biomech.sharing.hard.edge import at_an_edge
from biomech.sharing.hard.exact import add, exact_aty, gradient_of
from biomech.sharing.hard.task import EPS, TINY, Task
from biomech.sharing.hard.unknowns import FLAT, Response, correct, respond, root_of_curvature

Array = NDArray[np.float64]

#: Steps of Newton's method, and under a cap, whose response takes long; trials along a step.
_STEPS, _FEW_STEPS, _TRIALS = 150, 40, 120
#: Under a steep criterion: steps after which the edge is tried, once the equations hold so far.
_LOOKS, _NEAR = (4, 10, 20, 40, 80), 1e-4
#: The part of a step's slope that may be left.
_LEFT = 1e-2


def ascend(task: Task, y: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Newton's method on the dual, with exact searches; multipliers as a sum of two, and unknowns.

    Where no free unknown acts the curvature says nothing, and the steepest ascent there is a step of its own.
    """
    low = np.zeros(len(y))
    best, last, begun = np.inf, np.zeros(len(y)), y
    for number in range(_FEW_STEPS if task.criterion.is_capped else _STEPS):
        v = exact_aty(task.a, y, low)
        found = respond(task, v)
        gradient, size = gradient_of(task, found.x)
        worst = float(np.max(np.abs(gradient) / np.maximum(size, TINY), initial=0.0))
        if worst <= 2.0 * EPS or (worst > 0.5 * best and worst < 1e-14):
            break
        best = min(best, worst)
        if task.criterion.is_steep and number in _LOOKS and worst < _NEAR:
            yield from at_an_edge(task, found, y, low, (y - begun, last))
            begun = y
        moved = False
        for step in _steps(task, found, gradient, size):
            own = task.a.T @ step
            length = _search(task, v, own, step)
            if length > 0.0:
                last = length * step
                y, low = add(y, low, last)
                moved = True
                v = exact_aty(task.a, y, low)
                found = respond(task, v)
                gradient, _ = gradient_of(task, found.x)
        if not moved:
            break
    found = respond(task, exact_aty(task.a, y, low))
    yield y, low, correct(task, found)
    yield from at_an_edge(task, found, y, low, (y - begun, last))


def _steps(task: Task, found: Response, gradient: Array, size: Array) -> Iterator[Array]:
    """Newton's step where free unknowns act, and the steepest ascent where none does."""
    unit, values, vectors, _ = root_of_curvature(task, found)
    seen = values > FLAT * values.max(initial=0.0)
    part = vectors.T @ (unit * gradient)
    if seen.any():
        yield unit * (vectors[:, seen] @ (part[seen] / values[seen] ** 2))
    flat = np.where(np.abs(part) > 16.0 * EPS * np.linalg.norm(unit * size), part, 0.0)[~seen]
    if np.any(flat != 0.0):
        yield unit * (vectors[:, ~seen] @ flat)


def _search(task: Task, v: Array, along: Array, step: Array) -> float:
    """Where the slope of the dual along a step falls to zero; a length on, where it never does."""

    def slope(length: float) -> float:
        return float(step @ task.b - along @ respond(task, v + length * along).x)

    first = slope(0.0)
    if not first > 0.0:
        return 0.0
    low, high = 0.0, 1.0
    at_low, at_high = first, slope(1.0)
    while at_high > 0.0:
        if abs(at_high) <= _LEFT * first:
            return high
        low, at_low = high, at_high
        high *= 4.0
        if high > 1e12:
            return low
        at_high = slope(high)
    for trial in range(_TRIALS):
        if high - low <= 2.0 * EPS * high or at_high == 0.0:
            break
        middle = 0.5 * (low + high)
        if trial % 3 < 2 and at_low > at_high:
            middle = low + (high - low) * at_low / (at_low - at_high)
            middle = middle if low < middle < high else 0.5 * (low + high)
        at_middle = slope(middle)
        if at_middle > 0.0:
            low, at_low = middle, at_middle
        else:
            high, at_high = middle, at_middle
        if abs(at_middle) <= _LEFT * first:
            return middle
    return high if low == 0.0 else low
