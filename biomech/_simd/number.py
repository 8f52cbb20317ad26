"""Lanes as kernels see them.

What stands here is what the names mean in plain Python (``biomech._kernels.interpreter``); the compiler puts
instructions in their place (``biomech._kernels.compiler.lanes``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from biomech._kernels.interpreter.lanes import LaneArray, Lanes, as_value
from biomech._kernels.interpreter.lanes import any_lane as _some
from biomech._kernels.interpreter.lanes import select as _select

#: Problems side by side: two AVX2 registers, so that two chains of operations hide each other's latency.
LANES = 8


def select(condition: Any, yes: Any, no: Any) -> Any:
    """``yes`` where the condition holds, else ``no``: a branch that also works on lanes."""
    return _select(condition, yes, no)


def insert(number: Any, lane: int, value: float) -> Any:
    """``number`` with another value in one lane; a float is its only lane."""
    if not isinstance(number, Lanes):
        return np.float64(value)
    changed = number.copy()
    changed[lane] = value
    return changed


def extract(number: Any, lane: int) -> float:
    """The value in one lane."""
    return number[lane] if isinstance(number, Lanes) else number


def put_tile(array: Any, rows: Any, column: int, *numbers: Any) -> None:
    """Write eight ``numbers`` to the columns from ``column`` on, of each lane to its row of ``array``.

    Where lanes are eight this is a square that is transposed in registers: eight stores take the place of 64.
    """
    for k, number in enumerate(numbers):
        for j in range(width(number)):
            array[rows[j], column + k] = extract(number, j)


def any_lane(condition: Any) -> bool:
    """Whether a condition holds in any lane."""
    return _some(condition)


def power_of_two(exponent: Any) -> Any:
    """2 to the power of a whole number, -1022..1023, put together from its bits."""
    return np.ldexp(1.0, exponent.astype(np.int64))


def split(x: Any) -> tuple[Any, Any]:
    """Exponent and mantissa, in 1..2, of positive lanes: their bits."""
    bits = np.asarray(x).view(np.uint64)
    own = (bits & np.uint64(0xFFFFFFFFFFFFF)) | np.uint64(0x3FF0000000000000)
    return as_value(bits >> np.uint64(52)) - 1023.0, own.view(np.float64).view(Lanes)


def as_lanes(array: Any) -> Any:
    """An array (..., LANES) as an array (...) of lanes; the memory is the same."""
    if array.shape[-1] != LANES:
        raise ValueError(f"array: has shape {array.shape}; its last axis must be the {LANES} lanes")
    return LaneArray(array)


def simd_zero() -> Any:
    """Lanes that are all zero: says to a kernel what to work on, as 0.0 does for plain floats."""
    return as_value(np.zeros(LANES))


def zeros(number: Any, shape: tuple[int, ...]) -> Any:
    """An array of zeros of the type of ``number``."""
    return LaneArray(np.zeros((*shape, LANES))) if isinstance(number, Lanes) else np.zeros(shape)


def width(number: Any) -> int:
    """How many problems a number stands for."""
    return LANES if isinstance(number, Lanes) else 1
