"""``solve``, and the answers of a batch with their certificates."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biomech._arguments import instance, real_array, real_number, refusal, shown, whole_number
from biomech._display import MOST_ROWS, About, Displayed, Folded, counted
from biomech._kernels import allocating_kernel, entry_point
from biomech._kernels.arrays import Array2
from biomech._simd import IndexArray, arange, block_indices, gather, make_lane_index, scatter, select, simd_zero, width
from biomech.errors import ProblemError
from biomech.sharing.batch import STRETCH, ProblemArrays, compile_problem, gather_problem, own_patterns
from biomech.sharing.block_sparsity import BlockSparsity
from biomech.sharing.certificate import INFEASIBLE, OPTIMAL, UNCERTIFIED, certify_problem, has_settled
from biomech.sharing.criteria import Criterion
from biomech.sharing.display import describe_problem
from biomech.sharing.dual_newton import PATIENT, QUICK, SHORT, share_load_with
from biomech.sharing.hard import is_least, proposals
from biomech.sharing.problem import LoadSharingProblem
from biomech.sharing.response import Costs, make_answer, make_problem, make_work, measure
from biomech.sharing.sensitivity import PARTS, Sensitivity, jvp, vjp

Array = NDArray[np.float64]

#: Residual of an answer that is not certified below which its demand can probably be met.
_NEARLY_MET = 1e-6
#: As ``STRETCH``, of problems that take patience.
_HARD_STRETCH = 64


@dataclass(frozen=True, eq=False, repr=False)
class Solution(Displayed):
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
        The largest ``|A x - b| / |b|`` of any row; where the tolerance needs it, terms that cancel count too: the
        largest ``|A x - b| / max(|b|, 0.001 sum of |A| s)``, s the larger of ``|x|`` and its range (at most the largest
        ``|x|``).
    gap : ndarray, shape (B,)
        ``|P - D| / |P|``, D that of the demand A x where it is met to rounding; infinite where infeasible.
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

    def _about(self) -> About:
        names = {OPTIMAL: "optimal", INFEASIBLE: "infeasible", UNCERTIFIED: "uncertified"}
        counts = {name: int((self.status == code).sum()) for code, name in names.items()}
        held = self.status == OPTIMAL
        facts = {"criterion": repr(self.criterion), **{name: count for name, count in counts.items() if count}}
        line = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        for name in ("residual", "gap") if held.any() else ():
            facts[f"largest {name}"] = f"{getattr(self, name)[held].max():.1e}"
            line += f", {name} at most {facts[f'largest {name}']}"
        first = slice(MOST_ROWS)
        rows = zip(
            range(MOST_ROWS), [names[int(own)] for own in self.status[first]], self.cost[first].tolist(),
            self.residual[first].tolist(), self.gap[first].tolist(), strict=False,
        )  # fmt: skip
        facts = {"problem": describe_problem(self.problem), **facts}
        folded = Folded(f"the first {MOST_ROWS}", ["problem", "status", "cost", "residual", "gap"], rows)
        return About(f"Solution of {counted(len(self.status), 'problem')}", line, facts, (folded,))

    def vjp(self, cotangent: ArrayLike) -> Sensitivity:
        """Derivatives of ``sum(cotangent * value)``; see ``biomech.sharing.sensitivity.vjp``."""
        return vjp(self, cotangent)

    def jvp(self, **change: ArrayLike) -> Array:
        """Change of the unknowns with the problem; see ``biomech.sharing.sensitivity.jvp``."""
        for name in change:
            if name not in PARTS:
                raise ProblemError(f"{name}: is no part of a problem; parts are {', '.join(PARTS)}")
        return jvp(self, **change)


class SolutionArrays(NamedTuple):
    """Answers as the kernels leave them; ``certificate`` (B, 4): cost, residual, gap, status."""

    value: Array2
    multiplier: Array2
    missing: Array2
    certificate: Array2


def solve(problem: LoadSharingProblem, criterion: Criterion, *, tolerance: float = 1e-9, threads: int = 1) -> Solution:
    """Share the load in every problem of a batch.

    Parameters
    ----------
    problem : LoadSharingProblem
        B problems of m rows and n unknowns.
    criterion : Power, SoftSaturation or MinMax
        ``Power(p)``: least sum of ``w |x|^p``; ``SoftSaturation()``: least sum of w (1 - sqrt(1 - (x / u)^2));
        ``MinMax()``: least t + 0.001 sum of w x^2, t the largest x.
    tolerance : float
        Largest residual and duality gap of an answer that is called optimal.
    threads : int
        Threads among which the batch is divided.

    Returns
    -------
    Solution
        Certified: ``status`` is 0 only where residual and duality gap are below the tolerance.

    Raises
    ------
    ProblemError
        The criterion is not known, or does not suit the bounds; the tolerance or the threads make no sense.

    Examples
    --------
    A demand past all strength is answered with the least shortfall.

    >>> import numpy as np
    >>> from biomech.sharing import LoadSharingProblem, Power, solve
    >>> problem = LoadSharingProblem(np.array([[[20.0, 40.0]]]), np.array([[70.0]]), np.ones(2), np.ones(2))
    >>> solution = solve(problem, Power(2))
    >>> int(solution.status[0]), solution.shortfall.round(6).tolist()
    (1, [[10.0]])
    """
    tolerance, threads = _check_arguments(problem, criterion, tolerance, threads)
    batch, rows, unknowns = problem.coefficients.shape
    found = _empty(batch, rows, unknowns)
    every = np.arange(batch, dtype=np.uint64)
    tables = compile_problem(problem, criterion)
    _in_threads(lambda part: _solve_lanes(*tables, tolerance, found, part, False), every, STRETCH, threads)
    hard = every[found.certificate[:, 3] != OPTIMAL]
    # with patience, and sums in an order that does not depend on what else is asked
    for used, index in own_patterns(problem, hard):
        tables = compile_problem(problem, criterion, used)
        _in_threads(partial(_solve_patiently, tables, tolerance, found), index, _HARD_STRETCH, threads)
    solution = _solution(problem, criterion, found)
    _settle(solution, tolerance)
    return solution


def certify(problem: LoadSharingProblem, criterion: Criterion, value: Array, multiplier: Array) -> Solution:
    """Residual, gap and status of candidate answers, (B, n) and (B, m); one that is not finite is uncertified."""
    _check_arguments(problem, criterion, 1e-9, 1)
    value, multiplier = (
        _candidate(name, part, shape)
        for name, part, shape in (
            ("value", value, problem.upper.shape),
            ("multiplier", multiplier, problem.demand.shape),
        )
    )
    return _certify(problem, criterion, 1e-9, value, multiplier)


def _candidate(name: str, part: ArrayLike, shape: tuple[int, ...]) -> Array:
    """A copy of what is to be certified, of the right shape."""
    array = np.array(real_array(name, part, ProblemError), order="C")
    if array.shape != shape:
        raise ProblemError(f"{name}: has shape {array.shape}; must be {shape}")
    return array


def _certify(
    problem: LoadSharingProblem, criterion: Criterion, tolerance: float, value: Array, multiplier: Array
) -> Solution:
    found = _empty(*problem.coefficients.shape)._replace(value=value, multiplier=multiplier)
    _certify_lanes(*compile_problem(problem, criterion), tolerance, found, np.arange(len(problem), dtype=np.uint64))
    return _solution(problem, criterion, found)


def _empty(batch: int, rows: int, unknowns: int) -> SolutionArrays:
    """Room for the answers of a batch."""
    return SolutionArrays(*(np.empty((batch, columns)) for columns in (unknowns, rows, rows, 4)))


def _in_threads(work: Callable[[IndexArray], None], index: IndexArray, size: int, threads: int) -> None:
    """Let threads work on stretches of the problems, and Python see between them whether it is to stop."""
    stretches = np.array_split(index, max(-(-len(index) // size), min(threads, len(index)))) if len(index) else []
    if threads == 1 or len(stretches) == 1:
        for stretch in stretches:
            work(stretch)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, stretches))


def _solution(problem: LoadSharingProblem, criterion: Criterion, found: SolutionArrays) -> Solution:
    """What the kernels found, put together."""
    status = found.certificate[:, 3].astype(np.int8)
    shortfall = found.missing
    shortfall[status == OPTIMAL] = 0.0
    cost, residual, gap = (np.ascontiguousarray(column) for column in found.certificate[:, :3].T)
    return Solution(problem, criterion, found.value, found.multiplier, status, residual, gap, shortfall, cost)


def _settle(solution: Solution, tolerance: float) -> None:
    """Take what the kernels leave open, problem by problem, from ``hard``."""
    problem, criterion, status = solution.problem, solution.criterion, solution.status
    over = np.flatnonzero(status == INFEASIBLE)
    least = [
        is_least(problem, part, solution.value[part], solution.shortfall[part])
        for part in np.array_split(over, -(-len(over) // STRETCH) or 1)
    ]
    far = over[~np.concatenate(least)]
    for i in (*np.flatnonzero(status == UNCERTIFIED), *far):
        if not all(np.all(np.isfinite(part)) for part in (problem.coefficients[i], problem.demand[i])):
            continue  # someone wrote to the arrays since they were checked
        alone = problem.take(slice(i, i + 1))
        met = bool(solution.residual[i] <= _NEARLY_MET)
        for value, multiplier in proposals(problem, criterion, int(i), solution.multiplier[i], met):
            found = _certify(alone, criterion, tolerance, np.array(value[None]), np.array(multiplier[None]))
            if found.status[0] != UNCERTIFIED:
                for name in ("value", "multiplier", "status", "residual", "gap", "shortfall", "cost"):
                    getattr(solution, name)[i] = getattr(found, name)[0]
                break


def _check_arguments(
    problem: LoadSharingProblem, criterion: Criterion, tolerance: float, threads: int
) -> tuple[float, int]:
    instance("problem", problem, LoadSharingProblem, "a LoadSharingProblem", ProblemError)
    if not isinstance(criterion, Criterion):
        raise ProblemError(f"criterion = {shown(criterion)}: must be Power(p), SoftSaturation() or MinMax()")
    if not 0.0 < real_number("tolerance", tolerance, error=ProblemError) < 1.0:
        raise refusal("tolerance", tolerance, "between 0 and 1", ProblemError)
    threads = whole_number("threads", threads, 1, error=ProblemError)
    if criterion.is_steep:  # its unknowns are measured in upper bounds
        bad = np.argwhere(~problem.quadratic & ~(np.isfinite(problem.upper) & (problem.upper > 0.0)))
        if bad.size:
            i, k = (int(index) for index in bad[0])
            where, under = f"upper[{i}, {k}] = {problem.upper[i, k]:g}", type(criterion).__name__
            raise ProblemError(f"{where}: must be positive and finite under {under}")
    return float(tolerance), threads


def _solve_patiently(
    tables: tuple[BlockSparsity, Costs, ProblemArrays], tolerance: float, found: SolutionArrays, index: IndexArray
) -> None:
    _solve_lanes(*tables, tolerance, found, index, True)


@entry_point
def _solve_lanes(
    pattern: BlockSparsity,
    costs: Costs,
    given: ProblemArrays,
    tolerance: float,
    found: SolutionArrays,
    index: IndexArray,
    exact: bool,
) -> None:
    """Solve problems ``index``, with patience if ``exact``; else in short, and what is still open once more."""
    if exact:
        solve_each(simd_zero(), pattern, costs, given, tolerance, found, index, PATIENT, True)
        return
    solve_each(simd_zero(), pattern, costs, given, tolerance, found, index, SHORT, True)
    open_, count = np.empty(len(index), dtype=np.uint64), 0
    for i in range(len(index)):
        if found.certificate[index[i], 3] != OPTIMAL:
            open_[count] = index[i]
            count += 1
    solve_each(simd_zero(), pattern, costs, given, tolerance, found, open_[:count], QUICK, True)


@entry_point
def _certify_lanes(
    pattern: BlockSparsity,
    costs: Costs,
    given: ProblemArrays,
    tolerance: float,
    found: SolutionArrays,
    index: IndexArray,
) -> None:
    solve_each(simd_zero(), pattern, costs, given, tolerance, found, index, SHORT, False)


@allocating_kernel
def solve_each(
    number: Any,
    pattern: BlockSparsity,
    costs: Costs,
    given: ProblemArrays,
    tolerance: float,
    found: SolutionArrays,
    index: IndexArray,
    effort: int,
    search: bool,
) -> None:
    """Solve problems ``index``, as many at a time as a number holds; without ``search`` only certify what is there."""
    rows, unknowns = given.b.shape[1], found.value.shape[1]
    p, w = make_problem(number, rows, unknowns, pattern.entry[-1]), make_work(number, rows, unknowns)
    x, y, certificate = make_answer(number, rows, unknowns)
    every, lane_index = arange(max(rows, 4)), make_lane_index(number)
    blocks = -(-len(index) // width(number))
    for block in range(blocks):
        block_indices(index, block, blocks, lane_index)
        gather_problem(pattern, given, lane_index, every, block == 0, p)
        measure(p)
        met = p.scale[0] > 0.0
        if search:
            met = share_load_with(pattern, costs, p, w, x, y, effort, False)
        else:
            gather(found.value, lane_index, pattern.unknown, x)
            gather(found.multiplier, lane_index, every, y)
        certificate[0], certificate[1], certificate[2], certificate[3] = certify_problem(
            pattern, costs, p, w, x, y, tolerance
        )
        if search:
            met = has_settled(pattern, costs, p, w, x, y, met)
            certificate[3] = select(met | (certificate[3] == INFEASIBLE), certificate[3], float(UNCERTIFIED))
        scatter(x, lane_index, pattern.unknown, found.value)
        scatter(y, lane_index, every, found.multiplier)
        scatter(w.gradient, lane_index, every, found.missing)
        scatter(certificate, lane_index, every, found.certificate)
