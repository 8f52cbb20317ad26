"""The optimum under a flat criterion by descent in the unknowns: an active-set Newton method.

Where a cost is flat, as x^5 is near zero, multipliers that follow the unknowns to the last digit may still give
unknowns that are far off, and the ``ascent`` in the multipliers stops. The unknowns themselves are resolved there. From
x that meets the demand, steps in the null space of A over the free unknowns lower the cost; an unknown that meets a
bound stays there until its reduced cost says that it should leave (Nocedal & Wright 2006, sec. 16.5). The multipliers
are those that the free unknowns' slopes ask for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech.sharing.hard.exact import gradient_of
from biomech.sharing.hard.task import DEPENDENT, EPS, TINY, Task

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Steps in all; halvings along a step.
_STEPS, _HALVINGS = 120, 60
#: Curvature that every direction keeps, of the largest: x^5 has none at zero.
_RIDGE = 1e-14
#: The part of the cost that a step must promise, or a bound that is left.
_WORTH = 1e-14


def descend(task: Task, x: Array) -> tuple[Array, Array] | None:
    """Unknowns and multipliers of the optimum; None where ``x`` (n,) does not meet the demand."""
    gradient, size = gradient_of(task, x)
    if np.any(np.abs(gradient) > 16.0 * EPS * size):
        return None
    free = (task.lower < x) & (x < task.upper)
    y: Array = np.zeros(len(task.b))
    for _ in range(_STEPS):
        slope, curvature, cost = _slopes(task, x)
        step = _newton_step(task.a, slope, curvature, free)
        if -float(slope @ step) > _WORTH * cost:
            x, free = _along(task, x, step, free)
        else:
            y = np.asarray(np.linalg.lstsq(task.a[:, free].T, slope[free], rcond=DEPENDENT)[0], dtype=np.float64)
            leaving = _most_wanted(task, x, slope - task.a.T @ y, free, cost)
            if leaving is None:
                break
            free[leaving] = True
    return x, y


def _slopes(task: Task, x: Array) -> tuple[Array, Array, float]:
    """First and second derivative of every unknown's cost, (n,), and the sum of costs."""
    w, u, squares, own = task.weight, np.where(task.quadratic, 1.0, task.upper), task.quadratic, task.criterion
    slope = np.where(squares, 2.0 * w * x, own.derivative(w, u, x))
    curvature = np.where(squares, 2.0 * w, own.curvature(w, u, x))
    return slope, curvature, float(np.where(squares, w * x * x, own.cost(w, u, x)).sum())


def _newton_step(a: Array, slope: Array, curvature: Array, free: Flags) -> Array:
    """The step to the least of the quadratic model among free unknowns that leaves A x as it is."""
    step = np.zeros(len(slope))
    if free.any():
        _, s, vt = np.linalg.svd(a[:, free], full_matrices=True)
        null = vt[int((s > DEPENDENT * s.max(initial=0.0)).sum()) :].T
        if null.shape[1]:
            inner = null.T @ (curvature[free, None] * null)
            inner[np.diag_indices_from(inner)] += _RIDGE * max(float(np.trace(inner)), TINY)
            step[free] = -null @ np.linalg.solve(inner, null.T @ slope[free])
    return step


def _along(task: Task, x: Array, step: Array, free: Flags) -> tuple[Array, Flags]:
    """The least cost along a step, by halving, or the first bound on the way."""
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(step > 0.0, (task.upper - x) / step, (task.lower - x) / step)
    room = np.where(free & (step != 0.0), room, np.inf)
    end = min(float(room.min()), 64.0)

    def still_falls(length: float) -> bool:
        return float(_slopes(task, np.clip(x + length * step, task.lower, task.upper))[0] @ step) < 0.0

    low, high = 0.0, end
    if still_falls(end):
        low = end
    else:
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if still_falls(middle) else (low, middle)
    new = np.clip(x + low * step, task.lower, task.upper)
    met = free & (room <= low)
    new = np.where(met, np.where(step > 0.0, task.upper, task.lower), new)
    return new, free & ~met


def _most_wanted(task: Task, x: Array, reduced: Array, free: Flags, cost: float) -> int | None:
    """The unknown at a bound whose leaving promises most; None where no promise is worth it."""
    span = np.minimum(task.upper - task.lower, np.abs(x).max(initial=0.0) + TINY)
    inward = np.where(x <= task.lower, -reduced, np.where(x >= task.upper, reduced, 0.0))
    promise = np.where(free | (task.lower >= task.upper), 0.0, inward * span)
    k = int(promise.argmax()) if len(promise) else 0
    return k if len(promise) and promise[k] > _WORTH * cost else None
