"""An entry point of somebody else's, outside the package: compiled on this machine, at its first use."""

from __future__ import annotations

from biomech._kernels import allocating_kernel, entry_point, kernel
from biomech._kernels.arrays import Array1, Array2, Flags1, Index1, IndexArray
from biomech._simd import zeros

FACTOR = 2.0


class Pair:
    """Not used by any kernel."""


@kernel
def _half(x: float) -> float:
    return 0.5 * x


@kernel
def _scaled(x: float) -> float:
    return FACTOR * x


@allocating_kernel
def _squares(x: Array1) -> Array1:
    found = zeros(0.0, (len(x),))
    for i in range(len(x)):
        found[i] = x[i] * x[i]
    return found


@entry_point
def total(x: Array1, out: Array1) -> float:
    """Twice the sum of ``x``, and its squares."""
    squares, sum_ = _squares(x), 0.0
    for i in range(len(x)):
        out[i] = squares[i]
        sum_ += x[i]
    return _scaled(sum_)


@entry_point
def count(rows: Array2, index: Index1, flags: Flags1, entry_index: IndexArray, yes: bool, number: int) -> int:
    """What was handed over, counted."""
    flagged = 0
    for flag in flags:
        flagged += int(flag)
    last = entry_index[len(entry_index) - 1] if len(entry_index) > 0 else 0
    return int(rows.shape[0] * 10000 + rows.shape[1] * 1000 + len(index) * 100 + flagged * 10 + last + number + yes)


@entry_point
def is_rising(x: Array1) -> bool:
    """Whether every number is larger than the one before."""
    rising = True
    for i in range(1, len(x)):
        rising &= x[i] > x[i - 1]
    return rising
