"""A batch of problems as the kernels take it: tables made once per pattern, and arrays to gather from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._kernels.arrays import Array2
from biomech._simd import IndexArray, gather
from biomech.sharing.block_sparsity import BlockSparsity, find_sparsity, gather_entries
from biomech.sharing.criteria import Criterion
from biomech.sharing.problem import LoadSharingProblem
from biomech.sharing.response import Costs, Problem, make_costs

Array = NDArray[np.float64]


#: A matrix of which no more than this part differs from zero has few entries.
_FEW = 1.0 / 3.0
#: Problems between which Python sees whether it is to stop: some hundredths of a second.
STRETCH = 4096


class ProblemArrays(NamedTuple):
    """Problems as the kernels take them: A (B, m n), its rows one after another, b (B, m), bounds (B or 1, n)."""

    a: Array2
    b: Array2
    lower: Array2
    upper: Array2


def own_patterns(problem: LoadSharingProblem, index: IndexArray) -> Iterator[tuple[NDArray[np.bool_], IndexArray]]:
    """Which entries to work with for problems ``index``, and those that share them: what a problem alone would ask for.

    Its own entries where these are few; else all, for every problem would be in a group of its own.
    """
    # a stretch at a time: no second copy of A, and Python sees in between whether it is to stop
    stretches = np.array_split(index, -(-len(index) // STRETCH) or 1)
    used = np.concatenate([problem.coefficients[part] != 0.0 for part in stretches])
    used[used.mean(axis=(1, 2)) > _FEW] = True
    groups: dict[bytes, list[int]] = {}
    for place, own in enumerate(used):
        groups.setdefault(own.tobytes(), []).append(place)
    for entry_index in groups.values():
        yield used[entry_index[0]], index[entry_index]


def compile_problem(
    problem: LoadSharingProblem, criterion: Criterion, used: NDArray[np.bool_] | None = None
) -> tuple[BlockSparsity, Costs, ProblemArrays]:
    """Pattern of A, costs in the order of the pattern, and the arrays.

    The entries that are ``used`` (m, n) are those of the whole batch, if no others are given.
    """
    used = problem.used if used is None else used
    pattern = _pattern_of(used.tobytes(), *used.shape)
    order = pattern.unknown.astype(np.int64)
    costs = make_costs(criterion, problem.weight[order], problem.quadratic[order], 1.0 / problem.shortfall_weight)
    return (
        pattern,
        costs,
        ProblemArrays(
            problem.coefficients.reshape(len(problem), used.size),
            problem.demand,
            _once(problem.lower),
            _once(problem.upper),
        ),
    )


@lru_cache(maxsize=64)
def _pattern_of(used: bytes, rows: int, unknowns: int) -> BlockSparsity:
    return find_sparsity(np.frombuffer(used, dtype=bool).reshape(rows, unknowns))


def _once(bounds: Array) -> Array:
    """Bounds that are the same for all problems, once."""
    return np.array(bounds[:1]) if bounds.strides[0] == 0 or len(bounds) == 1 else bounds


@kernel
def gather_problem(
    pattern: BlockSparsity,
    given: ProblemArrays,
    lane_index: IndexArray,
    every: IndexArray,
    first: bool,
    problem: Problem,
) -> None:
    """Problems ``lane_index``; bounds that all share only for the ``first`` block."""
    gather_entries(pattern, given.a, lane_index, problem.a)
    gather(given.b, lane_index, every, problem.b)
    _gather_bounds(pattern, given.upper, lane_index, first, problem.upper)
    _gather_bounds(pattern, given.lower, lane_index, first, problem.lower)


@kernel
def _gather_bounds(pattern: BlockSparsity, bounds: Array, lane_index: IndexArray, first: bool, target: Array) -> None:
    if len(bounds) > 1:
        gather(bounds, lane_index, pattern.unknown, target)
    elif first:
        for k in range(len(target)):
            target[k] = bounds[0, pattern.unknown[k]]
