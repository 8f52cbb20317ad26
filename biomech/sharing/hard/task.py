"""One problem in units of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech.sharing.criteria.base import Criterion
from biomech.sharing.problem import LoadSharingProblem

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

EPS = float(np.finfo(np.float64).eps)
TINY = 1e-300
#: Columns that are this nearly dependent count as dependent.
DEPENDENT = 1e-12


@dataclass(frozen=True)
class Task:
    """One problem: A (m, n), b (m,), bounds and weights (n,); ``cap_cost``: of the largest unknown (``MinMax``)."""

    a: Array
    b: Array
    lower: Array
    upper: Array
    weight: Array
    quadratic: Flags
    row_weight: Array
    criterion: Criterion
    cap_cost: float = 1.0


def scaled(problem: LoadSharingProblem, criterion: Criterion, i: int) -> tuple[Task, Array, float]:
    """The problem with rows of size one and the heaviest weight one; the factors of the rows, and of the weights.

    The factors are powers of two, so that nothing is rounded.
    """
    a, b = problem.coefficients[i], problem.demand[i]
    size = np.abs(a).max(axis=1, initial=0.0)
    row = power_of_two(np.where(size > 0.0, size, np.abs(b)))
    factor = float(power_of_two(problem.weight.max(initial=0.0)))
    task = Task(
        a * row[:, None],
        b * row,
        problem.lower[i],
        problem.upper[i],
        problem.weight * factor,
        problem.quadratic,
        problem.shortfall_weight / row**2,
        criterion,
        factor,
    )
    return task, row, factor


def power_of_two(size: Array | float) -> Array:
    """The power of two that brings a size, where it is not zero, into 0.5..1."""
    known = np.isfinite(size) & (np.asarray(size) > 0.0)
    return np.exp2(-np.frexp(np.where(known, size, 0.75))[1].clip(-500, 500))


def basis_of(matrix: Array) -> Array:
    """Orthonormal columns that span those of a matrix."""
    if not matrix.size:
        return np.zeros((len(matrix), 0))
    length = np.linalg.norm(matrix, axis=0)
    u, s, _ = np.linalg.svd(matrix / np.where(length > 0.0, length, 1.0), full_matrices=False)
    return np.asarray(u[:, s > DEPENDENT * s.max(initial=0.0)])
