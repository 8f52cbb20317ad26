"""x(y): how the unknowns of one problem answer to multipliers, and how they move until the demand is met."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech.sharing.criteria.min_max import SQUARES
from biomech.sharing.hard.exact import gradient_of
from biomech.sharing.hard.task import EPS, TINY, Task

Array = NDArray[np.float64]

_CORRECTIONS = 12
#: A singular value of the scaled root of the curvature below this counts as none: there no free unknown acts.
FLAT = 1e-13


@dataclass(frozen=True)
class Response:
    """Unknowns (n,) for some pulls, their rates dx/dv (n,), and those at the common cap with the rate of it."""

    x: Array
    rate: Array
    capped: Array
    lift: float


def respond(task: Task, v: Array) -> Response:
    """Unknowns at which cost - v x is least within their bounds, and under the common cap."""
    w, squares = task.weight, task.quadratic
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        own, own_rate = task.criterion.response(w, np.where(squares, 1.0, task.upper), v)
        x, rate = np.where(squares, v / (2.0 * w), own), np.where(squares, 0.5 / w, own_rate)
    if task.criterion.is_capped:
        return _respond_capped(task, v, x, rate)
    none = np.zeros(len(v))
    inside = (task.lower < x) & (x < task.upper)
    return Response(np.clip(x, task.lower, task.upper), np.where(inside, rate, 0.0), none, 0.0)


def _respond_capped(task: Task, v: Array, x: Array, rate: Array) -> Response:
    own = ~task.quadratic
    slope, squares = 2.0 * SQUARES * task.weight, task.cap_cost
    low = max(0.0, float(task.lower[own].max(initial=0.0)))
    high = max(low, float(np.minimum(x, task.upper)[own].max(initial=0.0)))
    cap = low
    for _ in range(200):
        above = own & (x > cap) & (cap < task.upper)
        over, fall = float((v - slope * cap)[above].sum()) - squares, float(slope[above].sum())
        low, high = (cap, high) if over > 0.0 else (low, cap)
        if over == 0.0 or high - low <= 1e-16 * high:
            break
        guess = cap + over / fall if fall > 0.0 else high
        guess = guess if low < guess < high else 0.5 * (low + high)
        if guess in (low, high):
            break
        cap = guess
    above = own & (x > cap) & (cap < task.upper)
    over, fall = float((v - slope * cap)[above].sum()) - squares, float(slope[above].sum())
    at_root = fall > 0.0 and abs(over) <= 1e-9 * squares
    cap = cap if at_root else high
    above = own & (x > cap) & (cap < task.upper)
    inside = (task.lower < x) & (x < task.upper) & ~above
    values = np.where(above, np.maximum(cap, task.lower), np.clip(x, task.lower, task.upper))
    moving = above & (cap > task.lower)
    return Response(values, np.where(inside, rate, 0.0), moving.astype(float), 1.0 / fall if at_root else 0.0)


def root_of_curvature(task: Task, found: Response) -> tuple[Array, Array, Array, Array]:
    """Rows' units, and the singular values and vectors of the root of the curvature, A R^(1/2), in these units.

    Rates differ by many powers of ten: of the curvature itself rounding would leave only the largest.
    """
    columns = task.a * np.sqrt(found.rate)
    if found.lift > 0.0:
        columns = np.hstack([columns, math.sqrt(found.lift) * (task.a @ found.capped)[:, None]])
    every = np.sqrt((task.a * task.a) @ (0.5 / task.weight))
    unit = 1.0 / np.maximum(np.linalg.norm(columns, axis=1), 1e-8 * every + TINY)
    u, s, vt = np.linalg.svd(unit[:, None] * columns, full_matrices=True)
    values = np.zeros(len(unit))
    values[: len(s)] = s
    return unit, values, u, vt


def correct(task: Task, found: Response) -> Array:
    """Move the unknowns that are free, by their rates, until A x = b to rounding."""
    x, lower, upper = found.x, task.lower, task.upper
    for _ in range(_CORRECTIONS):
        gradient, size = gradient_of(task, x)
        if np.all(np.abs(gradient) <= 2.0 * EPS * size):
            break
        inside = (lower < x) & (x < upper)
        moving = Response(x, np.where(inside, found.rate, 0.0), found.capped, found.lift)
        unit, values, vectors, others = root_of_curvature(task, moving)
        seen = np.flatnonzero(values > FLAT * values.max(initial=0.0))
        part = others[seen].T @ ((vectors[:, seen].T @ (unit * gradient)) / values[seen])
        move = np.sqrt(moving.rate) * part[: len(x)]
        if moving.lift > 0.0:
            move = move + math.sqrt(moving.lift) * part[-1] * moving.capped
        x = np.clip(x + move, lower, upper)
    return x
