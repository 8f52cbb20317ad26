"""Elementary functions: those of the C library on floats, and on lanes formulas without a branch.

Both the compiler (``biomech._kernels.compiler.lanes``) and plain Python take for each name the one that suits the
number it is given.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from biomech._kernels.interpreter.lanes import Lanes
from biomech._simd.number import power_of_two, select, split

_SIN = (
    1.58962301576546568060e-10,
    -2.50507477628578072866e-8,
    2.75573136213857245213e-6,
    -1.98412698295895385996e-4,
    8.33333333332211858878e-3,
    -1.66666666666666307295e-1,
)
_COS = (
    -1.13585365213876817300e-11,
    2.08757008419747316778e-9,
    -2.75573141792967388112e-7,
    2.48015872888517045348e-5,
    -1.38888888888730564116e-3,
    4.16666666666665929218e-2,
)
_HALF_PI = (1.5707963267341256, 6.077100506506192e-11)  #: high and low part
#: Numerator and denominator of (arctan(x) / x - 1) / x^2 in x^2, for x to 0.66.
_ATAN = (
    (
        -8.750608600031904122785e-1,
        -1.615753718733365076637e1,
        -7.500855792314704667340e1,
        -1.228866684490136173410e2,
        -6.485021904942025371773e1,
    ),
    (
        2.485846490142306297962e1,
        1.650270098316988542046e2,
        4.328810604912902668951e2,
        4.853903996359136964868e2,
        1.945506571482613964425e2,
    ),
)
_SMALLEST = 1e-300  #: below which a divisor is taken for zero
_LN_2 = (0.6931471803691238, 1.9082149292705877e-10)


def _in_python(function: Any, *args: Any) -> Any:
    from biomech._kernels.interpreter.arithmetic import interpret

    return interpret(function)(*args)


def sincos(x: Any) -> Any:
    """Sine and cosine."""
    return _in_python(sincos_of_lanes, x) if isinstance(x, Lanes) else (np.sin(x), np.cos(x))


def sincos_of_lanes(x):  # type: ignore[no-untyped-def]  # Numba compares signatures, annotations too
    """Polynomials of Cephes (Moshier 1989) on the nearest quarter of a turn; angles of a few turns."""
    turns = math.floor(x * (2.0 / math.pi) + 0.5)
    r = (x - turns * _HALF_PI[0]) - turns * _HALF_PI[1]
    z = r * r
    s, c = 0.0 * z, 0.0 * z
    for k in range(6):
        s, c = s * z + _SIN[k], c * z + _COS[k]
    s, c = r + r * z * s, 1.0 - 0.5 * z + z * z * c
    quarter = turns - 4.0 * math.floor(0.25 * turns)
    odd = (quarter == 1.0) | (quarter == 3.0)
    sine, cosine = select(odd, c, s), select(odd, s, c)
    return select(quarter >= 2.0, -sine, sine), select((quarter == 1.0) | (quarter == 2.0), -cosine, cosine)


def arctan2(y: Any, x: Any) -> Any:
    """Angle of the point (x, y), -pi to pi; zero at the origin."""
    if isinstance(x, Lanes) or isinstance(y, Lanes):
        return _in_python(arctan2_of_lanes, y, x)
    return np.arctan2(y, x)


def arctan2_of_lanes(y, x):  # type: ignore[no-untyped-def]  # Numba compares signatures, annotations too
    """Cephes' fraction (Moshier 1989), within an eighth of a turn of arctan a = pi/4 + arctan((a - 1) / (a + 1))."""
    high, low = max(abs(x), abs(y)), min(abs(x), abs(y))
    a = low / max(high, _SMALLEST)
    upper = a > 0.66
    t = select(upper, (a - 1.0) / (a + 1.0), a)
    z = t * t
    above, below = 0.0 * z, 1.0 + 0.0 * z
    for k in range(5):
        above, below = above * z + _ATAN[0][k], below * z + _ATAN[1][k]
    angle = t + t * z * above / below
    angle = select(upper, angle + 0.25 * math.pi, angle)
    angle = select(abs(y) > abs(x), 0.5 * math.pi - angle, angle)
    return math.copysign(select(x < 0.0, math.pi - angle, angle), y)


def exp(x: Any) -> Any:
    """Exponential function."""
    return _in_python(exp_of_lanes, x) if isinstance(x, Lanes) else np.exp(x)


def exp_of_lanes(x):  # type: ignore[no-untyped-def]  # Numba compares signatures, annotations too
    """Taylor's series on |r| <= ln 2 / 2, times a power of two."""
    y = min(max(x, -700.0), 700.0)
    n = math.floor(y * (1.0 / math.log(2.0)) + 0.5)
    r = (y - n * _LN_2[0]) - n * _LN_2[1]
    total = 1.0 + 0.0 * r
    for k in range(13, 0, -1):
        total = 1.0 + total * r * (1.0 / k)
    return total * power_of_two(n)


def power(x: Any, exponent: Any) -> Any:
    """x to a power, x not negative."""
    return _in_python(power_of_lanes, x, exponent) if isinstance(x, Lanes) else np.power(x, exponent)


def power_of_lanes(x, exponent):  # type: ignore[no-untyped-def]  # Numba compares signatures, annotations too
    """exp(exponent log x), log by the series of artanh."""
    whole, m = split(x)
    large = m > math.sqrt(2.0)
    m, whole = select(large, 0.5 * m, m), select(large, whole + 1.0, whole)
    z = (m - 1.0) / (m + 1.0)
    square, total = z * z, 0.0 * z
    for k in range(21, 0, -2):
        total = total * square + 1.0 / k
    return exp(exponent * (whole * math.log(2.0) + 2.0 * z * total))


def log1p(x: Any) -> Any:
    """log(1 + x), for 0 <= x <= 1."""
    return _in_python(log1p_of_lanes, x) if isinstance(x, Lanes) else np.log1p(x)


def log1p_of_lanes(x):  # type: ignore[no-untyped-def]  # Numba compares signatures, annotations too
    """2 artanh(x / (2 + x)) by its series."""
    z = x / (2.0 + x)
    square = z * z
    total = 0.0 * z
    for k in range(33, 0, -2):
        total = total * square + 1.0 / k
    return 2.0 * z * total
