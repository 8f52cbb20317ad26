"""The answer, and its certificate: computed from the problem and the answer alone, apart from the iteration.

For any multipliers y the dual function D(y) = b.y + sum of min over lower <= x <= upper of (f(x) - (A^T y) x) is a
lower bound of the cost (weak duality; Boyd & Vandenberghe 2004, sec. 5.1). Where the cost P of an answer that meets A
x = b equals D, no other answer is cheaper.

Where A x = b cannot be met, multipliers z with b.z > max over the bounds of (A^T z).x prove it (Farkas 1902).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biomech.sharing.criteria import Criterion, MinMax, best_response, cap_of, cost
from biomech.sharing.problem import LoadSharingProblem
from biomech.sharing.sensitivity import Sensitivity, jvp, vjp

Array = NDArray[np.float64]

OPTIMAL, INFEASIBLE, UNCERTIFIED = 0, 1, 2
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Solution:
    """Answers of a batch, each with its certificate.

    Attributes
    ----------
    value : ndarray, shape (B, n)
        The unknowns.
    multiplier : ndarray, shape (B, m)
        Lagrange multipliers of A x = b: d cost / d demand; the Farkas proof where the status is ``INFEASIBLE``.
    status : ndarray of int8, shape (B,)
        ``OPTIMAL`` (0): residual and gap are below the tolerance. ``INFEASIBLE`` (1): proven that no x within the
        bounds meets the demand; ``value`` comes nearest. ``UNCERTIFIED`` (2): neither is proven.
    residual : ndarray, shape (B,)
        max |A x - b| / max(1, max |b|).
    gap : ndarray, shape (B,)
        |P - D| / (1 + |P|); infinite where infeasible.
    shortfall : ndarray, shape (B, m)
        b - A x where infeasible, of least weighted squares; zero elsewhere.
    cost : ndarray, shape (B,)
        P.
    """

    problem: LoadSharingProblem
    criterion: Criterion
    value: Array
    multiplier: Array
    status: NDArray[np.int8]
    residual: Array
    gap: Array
    shortfall: Array
    cost: Array

    def vjp(self, cotangent: ArrayLike) -> Sensitivity:
        """Derivatives of ``sum(cotangent * value)``; see ``biomech.sharing.sensitivity.vjp``."""
        return vjp(self, cotangent)

    def jvp(self, **change: ArrayLike) -> Array:
        """Change of the unknowns with the problem; see ``biomech.sharing.sensitivity.jvp``."""
        return jvp(self, **change)


def certify(problem: LoadSharingProblem, criterion: Criterion, value: Array, multiplier: Array) -> Solution:
    """Residual, gap and status of candidate answers."""
    missing = problem.demand - np.einsum("bmn,bn->bm", problem.coefficients, value)
    scale = np.maximum(1.0, np.abs(problem.demand).max(axis=1, initial=0.0))
    residual = np.abs(missing).max(axis=1, initial=0.0) / scale
    total = cost(criterion, problem.weight, problem.upper, problem.quadratic, value).sum(axis=1)
    if isinstance(criterion, MinMax):
        total = total + _largest(problem, value)
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(total - _dual(problem, criterion, multiplier)) / (1.0 + np.abs(total))
    inside = np.all((value >= problem.lower) & (value <= problem.upper), axis=1)
    optimal = inside & (residual <= TOLERANCE) & (gap <= TOLERANCE)
    infeasible = ~optimal & _proves_infeasible(problem, multiplier)
    status = np.where(optimal, OPTIMAL, np.where(infeasible, INFEASIBLE, UNCERTIFIED)).astype(np.int8)
    shortfall = np.where(optimal[:, None], 0.0, missing)
    gap = np.where(infeasible, np.inf, gap)
    return Solution(problem, criterion, value, multiplier, status, residual, gap, shortfall, total)


def _dual(problem: LoadSharingProblem, criterion: Criterion, multiplier: Array) -> Array:
    """The dual function, all bounds included."""
    pull = np.einsum("bmn,bm->bn", problem.coefficients, multiplier)
    terms = (criterion, problem.weight, problem.upper, problem.quadratic)
    upper, price = problem.upper, np.zeros(len(problem))
    if isinstance(criterion, MinMax):
        price = cap_of(problem.weight, problem.lower, problem.upper, problem.quadratic, pull)
        upper = np.where(problem.quadratic, upper, np.minimum(upper, price[:, None]))
    best = np.clip(best_response(*terms, pull), problem.lower, upper)
    least = price + (cost(*terms, best) - pull * best).sum(axis=1)
    return np.asarray(np.einsum("bm,bm->b", problem.demand, multiplier) + least)


def _largest(problem: LoadSharingProblem, value: Array) -> Array:
    """The largest unknown that is not quadratic, at least 0."""
    return np.asarray(np.where(problem.quadratic, 0.0, value).max(axis=1, initial=0.0))


def _proves_infeasible(problem: LoadSharingProblem, multiplier: Array) -> NDArray[np.bool_]:
    """Whether the multipliers separate the demand from everything that can be reached."""
    size = np.linalg.norm(multiplier, axis=1, keepdims=True)
    direction = multiplier / np.where(size > 0.0, size, 1.0)
    pull = np.einsum("bmn,bm->bn", problem.coefficients, direction)
    with np.errstate(invalid="ignore"):
        most = np.where(pull > 0.0, pull * problem.upper, np.where(pull < 0.0, pull * problem.lower, 0.0)).sum(axis=1)
    wanted = np.einsum("bm,bm->b", problem.demand, direction)
    scale = np.maximum(1.0, np.abs(problem.demand).max(axis=1, initial=0.0))
    return np.asarray((wanted - most > TOLERANCE * scale) & (size[:, 0] > 0.0))
