"""The least shortfall of a demand that cannot be met, and its proof."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech.sharing.criteria import Power
from biomech.sharing.hard.ascent import ascend
from biomech.sharing.hard.exact import exact_aty
from biomech.sharing.hard.task import DEPENDENT, EPS, Task
from biomech.sharing.problem import LoadSharingProblem
from biomech.sharing.response import LIGHTEST

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: A pull of the shortfall below this part of its terms counts as none, and the distance squared that is allowed.
_PULL_NOISE, _LEAST = 1e-10, 1e-10


def least_squares(task: Task) -> tuple[Array, Array]:
    """Unknowns within their bounds that leave the least weighted squares of b - A x, and b - A x, weighted by roots."""
    root = np.sqrt(task.row_weight)
    matrix, target = root[:, None] * task.a, root * task.b
    length = np.linalg.norm(matrix, axis=0)
    used = (length > 0.0) & (task.lower < task.upper)
    length = np.where(length > 0.0, length, 1.0)
    matrix, lower, upper = matrix / length, task.lower * length, task.upper * length
    x = np.clip(0.0, lower, upper)
    free = used & (lower < x) & (x < upper)
    if free.any():
        x = _within(matrix, target, lower, upper, x, free)
    tried = np.zeros(len(x), dtype=bool)
    for _ in range(20 * len(x) + 20):
        residual = target - matrix @ x
        slope = matrix.T @ residual
        noise = 4.0 * EPS * (np.abs(matrix).T @ np.abs(residual))
        inward = used & ~free & ~tried & (((x <= lower) & (slope > noise)) | ((x >= upper) & (slope < -noise)))
        if not inward.any():
            break
        k = int(np.where(inward, np.abs(slope), -1.0).argmax())
        entered = free.copy()
        entered[k] = True
        new = _within(matrix, target, lower, upper, x, entered)
        if (new[k] - x[k]) * slope[k] > 0.0:
            x, free, tried = new, entered, np.zeros(len(x), dtype=bool)
        else:
            tried[k] = True  # rounding alone asked for it
    own = np.where(x <= lower, task.lower, np.where(x >= upper, task.upper, x / length))
    own = np.clip(own, task.lower, task.upper)
    return own, root * (task.b - task.a @ own)


def is_least(problem: LoadSharingProblem, index: NDArray[np.intp], value: Array, shortfall: Array) -> Flags:
    """Whether shortfalls (problem, m) of unknowns (problem, n) are of least weighted squares, to a millionth.

    With v = A^T z, z the weighted shortfall, no unknowns x' have a shortfall whose distance squared is more than sum of
    v (x' - x).
    """
    if not index.size:
        return np.zeros(0, dtype=bool)
    z = problem.shortfall_weight * shortfall
    a, lower, upper = problem.coefficients[index], problem.lower[index], problem.upper[index]
    v, size = np.einsum("bmn,bm->bn", a, z), np.einsum("bmn,bm->bn", np.abs(a), np.abs(z))
    v = np.where(np.abs(v) <= _PULL_NOISE * size, 0.0, v)
    room = np.where(v > 0.0, upper - value, np.where(v < 0.0, value - lower, 0.0))
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(v) * room).sum(axis=1) <= _LEAST * (z * shortfall).sum(axis=1))


def _within(matrix: Array, target: Array, lower: Array, upper: Array, x: Array, free: Flags) -> Array:
    """Least squares over the ``free`` unknowns; those that meet a bound on the way stay there, free no longer."""
    x = x.copy()
    for _ in range(len(x) + 1):
        own = np.flatnonzero(free)
        if not own.size:
            return x
        held = target - matrix @ np.where(free, 0.0, x)
        step = np.linalg.lstsq(matrix[:, own], held - matrix[:, own] @ x[own], rcond=DEPENDENT)[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(step > 0.0, (upper[own] - x[own]) / step, (lower[own] - x[own]) / step)
        room = np.where(step == 0.0, np.inf, room)
        length = min(1.0, float(room.min()))
        new = np.clip(x[own] + length * step, lower[own], upper[own])
        if length == 1.0:
            x[own] = new
            return x
        stopped = room <= length
        x[own] = np.where(stopped, np.where(step > 0.0, upper[own], lower[own]), new)
        free[own[stopped]] = False
    return x


def proof_of(task: Task, x: Array, residual: Array) -> Array:
    """Multipliers that prove the shortfall: its weighted value, without what rounding lets it pull at free unknowns."""
    root = np.sqrt(task.row_weight)
    if np.all(np.abs(task.b - task.a @ x) <= 8.0 * EPS * (np.abs(task.b) + np.abs(task.a) @ np.abs(x))):
        return np.zeros(len(task.b))
    free = (task.lower < x) & (x < task.upper)
    matrix = root[:, None] * task.a[:, free]
    length = np.linalg.norm(matrix, axis=0)
    matrix = matrix / np.where(length > 0.0, length, 1.0)
    for _ in range(4):
        aty = exact_aty(matrix, residual, np.zeros(len(residual)))
        residual = residual - np.linalg.lstsq(matrix.T, aty, rcond=DEPENDENT)[0]
        residual = np.where(np.abs(residual) > 8.0 * EPS * np.abs(residual).max(initial=0.0), residual, 0.0)
    return root * residual


def nearest(task: Task, x: Array, z: Array) -> Array:
    """Of the unknowns that leave the least shortfall, those of least squares, none much lighter than the heaviest."""
    aty, size = task.a.T @ z, np.abs(task.a).T @ np.abs(z)
    open_ = (np.abs(aty) <= 1e-9 * size) & (task.lower < task.upper)
    if not open_.any():
        return x
    reached = task.a[:, open_] @ x[open_]
    light = np.maximum(task.weight, LIGHTEST * task.weight.max(initial=0.0))[open_]
    face = Task(
        task.a[:, open_],
        reached,
        task.lower[open_],
        task.upper[open_],
        light,
        np.ones(len(light), dtype=bool),
        task.row_weight,
        Power(2),
    )
    for _, _, own in ascend(face, np.zeros(len(reached))):
        off = np.abs(reached - face.a @ own)
        if np.all(off <= 64.0 * EPS * (np.abs(reached) + np.abs(face.a) @ np.abs(own))):
            found = x.copy()
            found[open_] = own
            return found
    return x
