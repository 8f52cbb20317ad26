"""How an answer changes with its problem: products with the Jacobian, and with its transpose.

At the optimum x = x(A^T y) and A x = b. With R the rate of the unknowns' response (diagonal on the free ones, rank
one on those at a common cap, zero at a bound) and M = A R A^T, a change of the problem gives

    M dy = db - dA x - A (R dA^T y + e),    dx = R (dA^T y + A^T dy) + e,

e being what bounds and weights do directly: an unknown at its bound follows the bound, a free one gives way by -(v /
w) R dw. The transposed product follows by reading this backwards (implicit function theorem; cf. Amos & Kolter 2017).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biomech._arguments import finite_array, instance, refusal
from biomech._display import About, Displayed, counted
from biomech.errors import ProblemError
from biomech.sharing.batch import compile_problem
from biomech.sharing.criteria import Criterion
from biomech.sharing.limiting import Answer
from biomech.sharing.problem import LoadSharingProblem
from biomech.sharing.sensitivity_kernel import Changes, back_to_coefficients, pull_back, push_forward

Array = NDArray[np.float64]


@runtime_checkable
class Solved(Answer, Protocol):
    """What a derivative needs of a ``Solution``: the problem, and where its optimum lies."""

    @property
    def multiplier(self) -> Array: ...


#: Parts of a problem that may change.
PARTS = ("coefficients", "demand", "upper", "lower", "weight")


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity(Displayed):
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

    def _about(self) -> About:
        shapes = {own.name: getattr(self, own.name).shape for own in fields(self)}
        line = f"{counted(len(self.kink), 'problem')}, {int(self.kink.sum()):,} at a kink"
        return About("Sensitivity", line, {name: f"shape {shape}" for name, shape in shapes.items()})


def vjp(solution: Solved, cotangent: ArrayLike) -> Sensitivity:
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
    _check_solution(solution)
    bar = np.array(finite_array("cotangent", cotangent, ProblemError), order="C")
    if bar.shape != solution.value.shape:
        raise ProblemError(f"cotangent: has shape {bar.shape}; must be finite, of shape {solution.value.shape}")
    pattern, costs, given = compile_problem(solution.problem, solution.criterion)
    value, multiplier = solution.value, solution.multiplier
    found = Changes(np.empty_like(multiplier), *(np.empty_like(value) for _ in range(4)))
    kink, coefficients = np.empty((len(value), 1)), np.empty_like(solution.problem.coefficients)
    pull_back(pattern, costs, given, value, multiplier, bar, found, kink)
    back_to_coefficients(value, multiplier, found, coefficients)
    lost = solution.status != 0
    if lost.any():
        for part in (coefficients, *found):
            part[lost] = np.nan
    return Sensitivity(coefficients, found.demand, found.upper, found.lower, found.weight, (kink[:, 0] > 0.0) | lost)


def jvp(
    solution: Solved,
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

    Raises
    ------
    ProblemError
        A change is not finite.
    """
    _check_solution(solution)
    value, multiplier = solution.value, solution.multiplier
    tangent, aty = _change("demand", demand, multiplier.shape), np.zeros_like(value)
    da = _change("coefficients", coefficients, solution.problem.coefficients.shape)
    bounds = [
        _change(name, part, value.shape) for name, part in (("upper", upper), ("lower", lower), ("weight", weight))
    ]
    pattern, costs, given = compile_problem(solution.problem, solution.criterion)
    if da.any():
        tangent = tangent - np.einsum("bmn,bn->bm", da, value)
        aty = np.einsum("bmn,bm->bn", da, multiplier)
    parts = (tangent, *bounds, aty)
    changes, out = Changes(*(np.array(part, order="C") for part in parts)), np.empty_like(value)
    push_forward(pattern, costs, given, value, multiplier, out, changes, np.empty((len(value), 1)))
    out[solution.status != 0] = np.nan
    return out


def _check_solution(solution: Solved) -> None:
    allowed = "what solve returned"
    instance("solution", solution, Solved, allowed, ProblemError)
    problem = instance("solution.problem", solution.problem, LoadSharingProblem, allowed, ProblemError)
    instance("solution.criterion", solution.criterion, Criterion, allowed, ProblemError)
    # kernels go by these shapes and types
    for name, like in (("value", problem.upper), ("multiplier", problem.demand), ("status", problem.demand[:, 0])):
        part, kind = getattr(solution, name), "iu" if name == "status" else "f"
        if not isinstance(part, np.ndarray) or part.shape != like.shape or part.dtype.kind not in kind:
            raise refusal(f"solution.{name}", part, f"numbers of shape {like.shape}, {allowed}", ProblemError)


def _change(name: str, part: ArrayLike, shape: tuple[int, ...]) -> Array:
    """A change of one part of every problem."""
    array = finite_array(name, part, ProblemError)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ProblemError(f"{name}: the change has shape {array.shape}; must broadcast to {shape}") from None
