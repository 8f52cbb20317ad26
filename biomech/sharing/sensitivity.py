"""How an answer changes with its problem: products with the Jacobian, and with its transpose.

At the optimum x = x(A^T y) and A x = b. With R the rate of the unknowns' response (diagonal on the free ones, rank
one on those at a common cap, zero at a bound) and M = A R A^T, a change of the problem gives

    M dy = db - dA x - A (R dA^T y + e),    dx = R (dA^T y + A^T dy) + e,

e being what bounds and weights do directly: an unknown at its bound follows the bound, a free one gives way by -(v /
w) R dw. The transposed product follows by reading this backwards (implicit function theorem; cf. Amos & Kolter 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biomech.errors import ProblemError
from biomech.sharing.criteria import SQUARES, MinMax, SoftSaturation, best_response, response_rate

if TYPE_CHECKING:
    from biomech.sharing.solution import Solution

Array = NDArray[np.float64]

KINK = 1e-7  #: an unknown that leaves or meets a bound within this part of its scale is at a kink


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Derivatives with respect to each part of a problem: shapes of ``LoadSharingProblem``'s arrays, per problem.

    ``coefficients`` (B, m, n), ``demand`` (B, m), ``upper``, ``lower``, ``weight`` (B, n); ``kink`` (B,): an unknown
    is so near a bound that the derivative differs from one side to the other, or (``MinMax``) an unknown's own bound
    holds the common cap, which the derivative with respect to bounds leaves out. NaN where the answer is not optimal.
    """

    coefficients: Array
    demand: Array
    upper: Array
    lower: Array
    weight: Array
    kink: NDArray[np.bool_]


class _Linear:
    """The optimum of every problem, linearised."""

    def __init__(self, solution: Solution) -> None:
        problem, criterion = solution.problem, solution.criterion
        self.a, self.x, self.y = problem.coefficients, solution.value, solution.multiplier
        terms = (criterion, problem.weight, problem.upper, problem.quadratic)
        self.v = np.einsum("bmn,bm->bn", self.a, self.y)
        raw = best_response(*terms, self.v)
        upper, cap = problem.upper, np.zeros(self.x.shape, dtype=bool)
        if isinstance(criterion, MinMax):
            level = np.where(problem.quadratic, -np.inf, self.x).max(axis=1, keepdims=True)
            cap = ~problem.quadratic & (raw > level) & (level < problem.upper)
            upper = np.where(problem.quadratic | ~cap, upper, np.inf)
        self.at_upper, self.at_lower = (raw >= upper) & ~cap, (raw <= problem.lower) & ~cap
        free = ~(self.at_upper | self.at_lower | cap)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.rate = np.where(free, response_rate(*terms, self.v), 0.0)
        self.cap = cap.astype(np.float64)
        total = 2.0 * SQUARES * np.where(cap, problem.weight, 0.0).sum(axis=1, keepdims=True)
        over = (cap * (self.v - 2.0 * SQUARES * problem.weight * self.x)).sum(axis=1, keepdims=True)
        # a cap that some unknown's own bound holds does not move
        pinned = (total > 0.0) & (np.abs(over - 1.0) > 1e-6)
        self.together = np.divide(1.0, total, out=np.zeros_like(total), where=(total > 0.0) & ~pinned)
        self.weight, self.bound = problem.weight, problem.upper
        self.saturates = isinstance(criterion, SoftSaturation) & ~problem.quadratic & free
        scale = np.minimum(1.0, np.abs(problem.upper))
        gap = np.minimum(np.abs(raw - upper), np.abs(raw - problem.lower))
        self.kink = np.any(gap <= KINK * scale, axis=1) | pinned[:, 0] | (solution.status != 0)
        self.lost = solution.status != 0
        along_cap = np.einsum("bmn,bn->bm", self.a, self.cap)
        self.m = (self.a * self.rate[:, None, :]) @ np.swapaxes(self.a, 1, 2)
        self.m += self.together[:, :, None] * along_cap[:, :, None] * along_cap[:, None, :]
        rows = np.arange(self.m.shape[1])
        self.m[:, rows, rows] += 1e-14 * self.m[:, rows, rows].max(axis=1, keepdims=True, initial=0.0) + 1e-300

    def respond(self, dv: Array) -> Array:
        """R dv."""
        return np.asarray(self.rate * dv + self.together * self.cap * (self.cap * dv).sum(axis=1, keepdims=True))

    def solve(self, right: Array) -> Array:
        """M^-1 right."""
        return np.asarray(np.linalg.solve(self.m, right[:, :, None])[:, :, 0])

    def direct_weight(self) -> Array:
        """What a weight does to its own unknown; at a cap, to all that share it, through ``respond``."""
        return np.asarray(-self.v / self.weight * self.rate)

    def direct_bound(self) -> Array:
        """What an upper bound does to its own unknown: it holds it, or under soft saturation makes it dearer."""
        bent = self.x / self.bound + self.v / self.bound * self.rate
        return np.where(self.saturates, bent, self.at_upper.astype(np.float64))

    def cap_weight(self) -> Array:
        """Fall of the common cap per weight of an unknown at it, times the number of them: as a change of v."""
        return np.asarray(-2.0 * SQUARES * self.x * self.cap)


def vjp(solution: Solution, cotangent: ArrayLike) -> Sensitivity:
    """Vector-Jacobian product: derivatives of ``sum(cotangent * value)`` with respect to the problem.

    Parameters
    ----------
    solution : Solution
        What ``solve`` returned.
    cotangent : array_like, shape (B, n)
        Weight of every unknown in the number whose derivative is wanted.

    Returns
    -------
    Sensitivity
        Derivatives with respect to A, b, the bounds and the weights.

    Raises
    ------
    ProblemError
        The cotangent does not have the shape of the unknowns, or is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from biomech.sharing import LoadSharingProblem, Power, solve
    >>> problem = LoadSharingProblem(np.array([[[20.0, 40.0]]]), np.array([[10.0]]), np.ones(2), np.ones(2))
    >>> solve(problem, Power(2)).vjp([[1.0, 0.0]]).demand.round(6)
    array([[0.01]])
    """
    bar = np.asarray(cotangent, dtype=np.float64)
    if bar.shape != solution.value.shape or not np.all(np.isfinite(bar)):
        raise ProblemError(f"cotangent: has shape {bar.shape}; must be finite, of shape {solution.value.shape}")
    at = _Linear(solution)
    eta = at.solve(np.einsum("bmn,bn->bm", at.a, at.respond(bar)))
    left = bar - np.einsum("bmn,bm->bn", at.a, eta)
    turned = at.respond(left)
    found = Sensitivity(
        coefficients=at.y[:, :, None] * turned[:, None, :] - eta[:, :, None] * at.x[:, None, :],
        demand=eta,
        upper=at.direct_bound() * left,
        lower=at.at_lower * left,
        weight=at.direct_weight() * left + at.cap_weight() * turned,
        kink=at.kink,
    )
    for part in (found.coefficients, found.demand, found.upper, found.lower, found.weight):
        part[at.lost] = np.nan
    return found


def jvp(
    solution: Solution,
    coefficients: ArrayLike = 0.0,
    demand: ArrayLike = 0.0,
    upper: ArrayLike = 0.0,
    lower: ArrayLike = 0.0,
    weight: ArrayLike = 0.0,
) -> Array:
    """Jacobian-vector product: change of the unknowns (B, n) with a change of the problem.

    Parameters
    ----------
    solution : Solution
        What ``solve`` returned.
    coefficients, demand, upper, lower, weight : array_like
        The change of each part; they broadcast to (B, m, n), (B, m), (B, n), (B, n), (B, n).

    Returns
    -------
    ndarray, shape (B, n)
        NaN where the answer is not optimal.
    """
    at = _Linear(solution)
    da = np.broadcast_to(np.asarray(coefficients, dtype=np.float64), at.a.shape)
    db = np.broadcast_to(np.asarray(demand, dtype=np.float64), at.y.shape)
    du, dl, dw = (np.broadcast_to(np.asarray(d, dtype=np.float64), at.x.shape) for d in (upper, lower, weight))
    own = at.direct_bound() * du + at.at_lower * dl + at.direct_weight() * dw
    own = own + at.respond(np.einsum("bmn,bm->bn", da, at.y) + at.cap_weight() * dw)
    right = db - np.einsum("bmn,bn->bm", da, at.x) - np.einsum("bmn,bn->bm", at.a, own)
    dx = own + at.respond(np.einsum("bmn,bm->bn", at.a, at.solve(right)))
    dx[at.lost] = np.nan
    return np.asarray(dx)
