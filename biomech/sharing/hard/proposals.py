"""What may answer a problem, the best guess first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from biomech.sharing.criteria.base import Criterion
from biomech.sharing.hard.ascent import ascend
from biomech.sharing.hard.descent import descend
from biomech.sharing.hard.shortfall import least_squares, nearest, proof_of
from biomech.sharing.hard.task import Task, scaled
from biomech.sharing.problem import LoadSharingProblem

Array = NDArray[np.float64]


def proposals(
    problem: LoadSharingProblem, criterion: Criterion, i: int, multiplier: Array, met: bool = False
) -> Iterator[tuple[Array, Array]]:
    """Unknowns and multipliers that may answer problem ``i``: the best guess first.

    Parameters
    ----------
    problem, criterion
        What ``solve`` was asked.
    i : int
        Which of the batch.
    multiplier : ndarray, shape (m,)
        Multipliers to begin at.
    met : bool
        Whether it is known that the demand can nearly be met.
    """
    # what overflows is no proposal, and its certificate says so
    with np.errstate(all="ignore"):
        try:
            yield from _proposals(problem, criterion, i, multiplier, met)
        except np.linalg.LinAlgError:
            return


def _proposals(
    problem: LoadSharingProblem, criterion: Criterion, i: int, multiplier: Array, met: bool
) -> Iterator[tuple[Array, Array]]:
    task, row, factor = scaled(problem, criterion, i)
    start = np.where(np.isfinite(multiplier), multiplier, 0.0) / row * factor
    if met:
        yield from _optima(task, start, row, factor)
    x, residual = least_squares(task)
    z = proof_of(task, x, residual)
    if np.any(z != 0.0):
        yield nearest(task, x, z), z * row
    if not met:
        yield from _optima(task, start, row, factor)
    yield from _optima(task, np.zeros(len(row)), row, factor)
    if criterion.is_flat and (lowest := descend(task, x)) is not None:
        yield lowest[0], lowest[1] * row / factor
    elif criterion.is_capped:
        yield from _lowest_cap(task, row)


def _optima(task: Task, start: Array, row: Array, factor: float) -> Iterator[tuple[Array, Array]]:
    """What the ascent proposes, in the problem's own units."""
    for high, low, x in ascend(task, start):
        yield x, (high + low) * row / factor


def _lowest_cap(task: Task, row: Array) -> Iterator[tuple[Array, Array]]:
    """Under ``MinMax``: the least cap without its small squares, a linear program; the answer where they are lost."""
    from scipy.optimize import linprog  # imported by those alone who need it: to import it takes longer than a solve

    count, own = len(task.lower), np.flatnonzero(~task.quadratic)
    below = np.zeros((len(own), count + 1))
    below[np.arange(len(own)), own], below[:, count] = 1.0, -1.0
    found = linprog(
        np.append(np.zeros(count), 1.0),
        below,
        np.zeros(len(own)),
        np.hstack([task.a, np.zeros((len(row), 1))]),
        task.b,
        np.column_stack([np.append(task.lower, 0.0), np.append(task.upper, np.inf)]),
    )
    if found.status == 0:
        yield np.clip(found.x[:count], task.lower, task.upper), found.eqlin.marginals * row
