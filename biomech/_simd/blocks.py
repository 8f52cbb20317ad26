"""Between arrays of many problems and the numbers that hold some of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, kernel
from biomech._kernels.arrays import IndexArray
from biomech._simd.number import extract, insert, width

Array = NDArray[np.float64]


@kernel
def block_indices(index: IndexArray, block: int, blocks: int, lane_index: IndexArray) -> None:
    """The problems of a block: each lane goes through a stretch of ``index``, so that blocks follow like neighbours."""
    for j in range(len(lane_index)):
        lane_index[j] = index[min(block + j * blocks, len(index) - 1)]


@kernel
def gather(source: Array, lane_index: IndexArray, order: IndexArray, target: Any) -> None:
    """Problems ``lane_index`` (lane,) of ``source`` (problem, n) to ``target`` (n,): column ``order[k]`` to ``k``."""
    for k in range(len(target)):
        taken = 0.0 * target[k]
        for j in range(width(taken)):
            taken = insert(taken, j, source[lane_index[j], order[k]])
        target[k] = taken


@kernel
def scatter(source: Any, lane_index: IndexArray, order: IndexArray, target: Array) -> None:
    """The way back: ``k`` of ``source`` (n,) to column ``order[k]`` of ``target`` (problem, n)."""
    for k in range(len(source)):
        for j in range(width(source[k])):
            target[lane_index[j], order[k]] = extract(source[k], j)


@allocating_kernel
def make_lane_index(number: Any) -> IndexArray:
    """Room for the problems that the lanes hold."""
    return np.empty(width(number), dtype=np.uint64)


@allocating_kernel
def arange(count: int) -> IndexArray:
    """0, 1, 2, ..."""
    numbers = np.empty(count, dtype=np.uint64)
    for i in range(count):
        numbers[i] = i
    return numbers
