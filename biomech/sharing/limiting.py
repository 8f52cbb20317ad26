"""What limits a demand that cannot be met: the unknown at its upper bound that does most for what falls most short.

The rule, here alone: of the rows of b - A x the one that falls most short (the first of several), and of the unknowns
that are at their upper bound the one whose pull on that row is the largest (the first of several). Where none pulls the
right way there is no such unknown.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, entry_point, kernel
from biomech._kernels.arrays import Array2
from biomech._simd import (
    IndexArray,
    arange,
    block_indices,
    gather,
    make_lane_index,
    scatter,
    select,
    simd_zero,
    width,
    zeros,
)
from biomech.sharing.batch import ProblemArrays, compile_problem, gather_problem
from biomech.sharing.block_sparsity import BlockSparsity, transpose_product
from biomech.sharing.certificate import INFEASIBLE
from biomech.sharing.criteria import Criterion
from biomech.sharing.problem import LoadSharingProblem
from biomech.sharing.response import Problem, Work, make_problem, make_work, measure

Array = NDArray[np.float64]

#: How near to its upper bound an unknown is at it.
_AT_BOUND = 1e-6


class Answer(Protocol):
    """What everything that reads a ``Solution`` asks of it: the problem, and what was found."""

    @property
    def problem(self) -> LoadSharingProblem: ...
    @property
    def criterion(self) -> Criterion: ...
    @property
    def value(self) -> Array: ...
    @property
    def status(self) -> NDArray[np.int8]: ...


class Shared(Answer, Protocol):
    """With what is missing where it only comes nearest."""

    @property
    def shortfall(self) -> Array: ...


@kernel
def limiting_unknown(pattern: BlockSparsity, problem: Problem, work: Work, x: Array, count: int) -> float:
    """The limiting one of the first ``count`` unknowns, by its number, or -1; ``work.gradient`` holds b - A x."""
    worst, zero = 0.0 * problem.scale[0], 0.0 * problem.scale[0]
    for r in range(len(work.gradient)):
        worst = max(worst, abs(work.gradient[r]))
    rest = zero < 1.0
    for r in range(len(work.gradient)):
        here = rest & (abs(work.gradient[r]) >= worst)
        work.step[r] = select(here, work.gradient[r], 0.0)
        rest = rest & ~here
    transpose_product(pattern, problem.a, work.step, work.aty_step)
    most, found = zero, zero - 1.0
    for k in range(len(x)):
        if pattern.unknown[k] < count:
            gain, number = work.aty_step[k], zero + pattern.unknown[k]
            more = (gain > most) | ((gain >= most) & (number < found))
            better = (x[k] >= problem.upper[k] - _AT_BOUND) & more
            most = select(better, gain, most)
            found = select(better, number, found)
    return found


def limiting_unknowns(solution: Shared, count: int) -> NDArray[np.int64]:
    """The limiting one of the first ``count`` unknowns of every problem, by its number; -1 where it can be met.

    Parameters
    ----------
    solution : Solution
        B problems, solved.
    count : int
        Unknowns that may be named: those behind them are reserves or contacts.

    Returns
    -------
    ndarray of int, shape (B,)
        -1 also where no unknown at its bound could give what is missing.
    """
    found = np.full((len(solution.status), 1), -1.0)
    short = np.flatnonzero(solution.status == INFEASIBLE).astype(np.uint64)
    if short.size:
        pattern, _, given = compile_problem(solution.problem, solution.criterion)
        find_limiting(pattern, given, solution.value, solution.shortfall, short, count, found)
    return found[:, 0].astype(np.int64)


@entry_point
def find_limiting(
    pattern: BlockSparsity,
    given: ProblemArrays,
    value: Array2,
    shortfall: Array2,
    index: IndexArray,
    count: int,
    found: Array2,
) -> None:
    """Fill rows ``index`` of ``found`` (problem, 1)."""
    _find_each(simd_zero(), pattern, given, value, shortfall, index, count, found)


@allocating_kernel
def _find_each(
    number: Any,
    pattern: BlockSparsity,
    given: ProblemArrays,
    value: Array2,
    shortfall: Array2,
    index: IndexArray,
    count: int,
    found: Array2,
) -> None:
    rows, unknowns = given.b.shape[1], value.shape[1]
    p, w = make_problem(number, rows, unknowns, pattern.entry[-1]), make_work(number, rows, unknowns)
    x, limiting = zeros(number, (unknowns,)), zeros(number, (1,))
    every, lane_index = arange(max(rows, 1)), make_lane_index(number)
    blocks = -(-len(index) // width(number))
    for block in range(blocks):
        block_indices(index, block, blocks, lane_index)
        gather_problem(pattern, given, lane_index, every, block == 0, p)
        measure(p)
        gather(value, lane_index, pattern.unknown, x)
        gather(shortfall, lane_index, every, w.gradient)
        limiting[0] = limiting_unknown(pattern, p, w, x, count)
        scatter(limiting, lane_index, every, found)
