"""Demands at the very edge of what can be borne, where multipliers are many or unbounded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from biomech.sharing.hard.exact import exact_aty, gradient_of
from biomech.sharing.hard.task import DEPENDENT, Task, basis_of
from biomech.sharing.hard.unknowns import Response, correct

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: How near a bound counts as at it, of the range; and where the cost rises without end towards the upper one.
_SNAP, _SNAP_STEEP = 1e-8, 1e-4


def at_an_edge(
    task: Task, found: Response, y: Array, low: Array, ways: tuple[Array, ...]
) -> Iterator[tuple[Array, Array, Array]]:
    """Unknowns that are nearly at their bounds taken there, and multipliers further on the way that they went.

    At the edge of what can be borne the dual may rise for ever, ever more slowly.
    """
    span = np.minimum(task.upper - task.lower, 1e300)
    v = exact_aty(task.a, y, low)
    steep = task.criterion.is_steep & ~task.quadratic
    at_upper = (found.x > task.upper - np.where(steep, _SNAP_STEEP, _SNAP) * span) & (v > 0.0)
    at_lower = (found.x < task.lower + _SNAP * span) & ~at_upper
    x = np.where(at_upper, task.upper, np.where(at_lower, task.lower, found.x))
    rate = np.where(at_upper | at_lower, 0.0, found.rate)
    x = correct(task, Response(x, rate, np.where(at_upper, 0.0, found.capped), found.lift))
    gradient, size = gradient_of(task, x)
    if np.any(np.abs(gradient) > 1e-12 * size):
        return
    yield y, low, x
    if task.criterion.is_steep:
        for near in (np.zeros(len(y)), y):  # small multipliers are resolved better, if they will do
            base, way = _outward_from(task, x, near)
            for far in range(88):
                yield base + 2.0 ** (0.5 * far) * way, np.zeros(len(y)), x
    for doubling in range(-2, 30, 4):
        for way in ways:
            yield y + 2.0**doubling * way, low, x


def _outward_from(task: Task, x: Array, y: Array) -> tuple[Array, Array]:
    """Under a steep criterion: multipliers that free unknowns ask for, the nearest to ``y``, and the way outward."""
    free = (task.lower < x) & (x < task.upper)
    upper = np.where(task.quadratic | ~free, 1.0, task.upper)
    slope = task.criterion.derivative(task.weight, upper, np.where(free, x, 0.0))
    slope = np.where(task.quadratic, 2.0 * task.weight * x, slope)
    base = y + np.linalg.lstsq(task.a[:, free].T, (slope - task.a.T @ y)[free], rcond=DEPENDENT)[0]
    dearest = float(np.max(task.weight / np.where(task.quadratic, 1.0, task.upper), initial=0.0))
    return base, dearest * _outward(task, x, free)


def _outward(task: Task, x: Array, free: Flags) -> Array:
    """Multipliers, at most one each, that pull every unknown at a bound outward as they can, and none that is free."""
    count, rows = len(x), len(task.b)
    up, down = (
        ~free & (x >= task.upper) & (task.lower < task.upper),
        ~free & (x <= task.lower) & (task.lower < task.upper),
    )
    wanted = up & ~task.quadratic
    if not wanted.any():
        return np.zeros(rows)
    from scipy.optimize import linprog  # imported by those alone who need it: to import it takes longer than a solve

    # unknowns z (rows) and the least of the outward pulls
    above = np.hstack([-task.a.T, np.where(wanted, 1.0, 0.0)[:, None]])[up]
    below = np.hstack([task.a.T, np.zeros((count, 1))])[down]
    level = np.hstack([task.a.T, np.zeros((count, 1))])[free]
    found = linprog(
        np.append(np.zeros(rows), -1.0),
        np.vstack([above, below]),
        np.zeros(len(above) + len(below)),
        level if len(level) else None,
        np.zeros(len(level)) if len(level) else None,
        [(-1.0, 1.0)] * rows + [(0.0, 1.0)],
    )
    z = found.x[:rows] if found.status == 0 else np.zeros(rows)
    basis = basis_of(task.a[:, free])
    for _ in range(2):
        z = z - basis @ (basis.T @ z)
    return np.asarray(z)
