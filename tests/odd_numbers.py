"""Entry points that ask for odd numbers, and some that branch on a lane: run compiled, and as plain Python."""

from __future__ import annotations

import math

import numpy as np

from biomech._kernels import allocating_kernel, entry_point, kernel
from biomech._kernels.arrays import Array1, Array2, Array3, Flags1, Index1, IndexArray
from biomech._simd import (
    any_lane,
    as_lanes,
    exp,
    extract,
    insert,
    log1p,
    power,
    select,
    simd_zero,
    sincos,
    width,
    zeros,
)

ZERO, FACTOR, ONE, PAIR = 0.0, 2.5, np.uint64(1), (1.0, 0.0)


@entry_point
def numbers(x: Array1, k: Index1, u: IndexArray, flags: Flags1, a: float, n: int, yes: bool, out: Array1) -> float:
    """``x`` = (1, 0, 3), ``k`` = (4, 0), ``u`` = (2, 1), a = 1.5, n = 5."""
    out[0] = x[0] / x[1]
    out[1] = 1.0 / ZERO
    out[2] = a / (a - a)
    out[3] = k[0] / k[1]
    out[4] = n / (n - n)
    out[5] = 1 / (len(x) - 3)
    out[6] = 1 / (x.shape[0] - 3)
    out[7] = 1.0 / max(x[1], 0.0)
    out[8] = PAIR[0] / PAIR[1]
    out[9] = -FACTOR / ZERO
    out[10] = float(n) / float(n - n)
    out[11] = 0.0 / ZERO
    out[12] = n // (n - n)
    out[13] = a % ZERO
    for j in range(3):
        out[14] += j / (j - j)
    out[15] = math.sqrt(-a)
    out[16] = math.log(ZERO)
    out[17] = math.exp(1000.0 * a)
    out[18] = math.pow(ZERO, -1.0)
    out[19] = math.copysign(a, -x[1])
    out[20] = math.floor(-a)
    out[21] = min(np.nan, a)
    out[22] = min(a, np.nan)
    out[23] = math.inf - np.inf
    out[24] = power(a - a, -1.0)
    out[25] = log1p(-a / a)
    out[26], out[27] = sincos(a / ZERO)
    out[28] = u[0] + n + k[1] - ONE
    out[29] = x[u[1] + ONE]
    out[30] = select(~(a > 1.0), 1, 2) + select(~yes, 10, 20) + select(~flags[0], 100, 200)
    out[31] = int(a) / int(x[1])
    return a / ZERO


@entry_point
def counted(x: Array2, last: IndexArray) -> int:
    """Integers of every kind, side by side."""
    total = 0
    for i in range(last[0], last[1] + ONE):
        for j in range(len(x) - 1, -1, -1):
            total += int(x[j, i]) * (i + j)
    return total


@entry_point
def is_finite(x: float) -> bool:
    """Whether it is a number."""
    return abs(x) < np.inf


@entry_point
def lanes(given: Array2, out: Array3) -> None:
    """What lanes can do, a row of ``given`` at a time."""
    x, y, zero = as_lanes(given), as_lanes(out), simd_zero()
    for i in range(len(x)):
        a = x[i]
        y[i, 0], y[i, 1] = sincos(a)
        y[i, 2], y[i, 3] = exp(a), log1p(min(abs(a), 1.0))
        y[i, 4] = select(abs(a) > 0.0, power(abs(a), 0.3), 0.0)
        y[i, 5] = math.copysign(math.sqrt(abs(a)), -a)
        y[i, 6] = math.floor(a)
        y[i, 7], y[i, 8] = 1.0 / (a - a), (a + 1.0) / zero
        y[i, 9], y[i, 10] = max(a, 0.0), min(0.0 / zero, a)
        inside = (a > -1.0) & ~(a >= 1.0) | (a == 2.0) | (a != a)
        y[i, 11] = select(inside, 1, 2)
        y[i, 12] = select(select(a < 0.0, inside, a <= 3.0), a, 1 - a)
        y[i, 13] = 1.0 if any_lane(inside) else a
        y[i, 14] = insert(a, 3, extract(a, 0))
        y[i, 15] = width(a) + width(extract(a, 1))
        _values(x, y, i)


@allocating_kernel
def _values(x: Array1, y: Array2, i: int) -> None:
    """What was read stays as it is, whatever becomes of the array, and of sums that begin with it."""
    before, total = y[i, 15], x[i]
    y[i, 15] += 1.0
    total += before
    total *= 2.0
    y[i, 16], y[i, 17] = before + total, x[i]
    row = y[i]
    row[18] = 3.0
    y[i, 19] = _lengths(y[i, 18], x)


@allocating_kernel
def _lengths(number: float, x: Array1) -> float:
    room = zeros(number, (len(x), 2))
    room[0, 1] = number
    return room[0, 0] + room[0, 1] + len(room) + room.shape[1]


@kernel
def _larger(x: float, y: float) -> float:
    if x > y:
        return x
    return y


@entry_point
def branch_if(given: Array2) -> float:
    """Branches below, where lanes are numbers like others."""
    return extract(_larger(as_lanes(given)[0], 0.0), 0)


@entry_point
def branch_while(given: Array2) -> float:
    """Goes on while a lane is positive."""
    x = as_lanes(given)[0]
    while x > 0.0:
        x = x - 1.0
    return extract(x, 0)


@entry_point
def branch_and(given: Array2) -> float:
    """Joins conditions as Python does."""
    x = as_lanes(given)[0]
    return extract(select(x > 0.0 and x < 1.0, 1.0, x), 0)


@entry_point
def branch_not(given: Array2) -> float:
    """Turns a condition round as Python does."""
    x = as_lanes(given)[0]
    outside = not x > 0.0
    return extract(select(outside, 1.0, x), 0)
