"""Criteria: how the load is shared among more muscles than are needed.

A criterion is a sum over the unknowns of a convex function f. What the solver needs of it is its *response*: the x at
which f(x) - v x is least, and how fast that x grows with v. Unknowns marked quadratic cost w x^2 under every criterion.
``MinMax`` is the exception: a sum of squares under one common cap, which has its price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech._jit import jit
from biomech.errors import ProblemError

Array = NDArray[np.float64]

SQUARE, POWER, SATURATION, CAPPED = 0, 1, 2, 3


@dataclass(frozen=True)
class Power:
    """Least sum of w |x|^p (Crowninshield & Brand 1981, J Biomech 14:793).

    Parameters
    ----------
    exponent : float
        2..5: the higher, the more evenly the load is spread.

    Raises
    ------
    ProblemError
        Any other exponent.
    """

    exponent: float = 2

    def __post_init__(self) -> None:
        number = isinstance(self.exponent, int | float | np.number) and not isinstance(self.exponent, bool)
        if not (number and 2.0 <= self.exponent <= 5.0):
            raise ProblemError(f"exponent = {self.exponent!r}: must be a number in 2..5")


@dataclass(frozen=True)
class SoftSaturation:
    """Least sum of w (1 - sqrt(1 - (x / u)^2)), u the upper bound (Siemienski 1992, Eur J Appl Physiol 64:10).

    Muscles near full strength become dear: none is asked for all of it while another has some left.
    """


@dataclass(frozen=True)
class MinMax:
    """Least t + 0.001 sum of w x^2, t the largest x (Rasmussen et al. 2001, J Biomech 34:409).

    The squares make the answer unique: below the most loaded muscles the others share as ``Power(2)`` would.
    """


Criterion = Power | SoftSaturation | MinMax

#: Weight of the squares under MinMax: the definition's own, and the larger ones through which it is approached.
SQUARES = 1e-3
APPROACH = (1e-1, 1e-2, SQUARES)


def kind_of(criterion: Criterion) -> tuple[int, float]:
    """Code and exponent of a criterion, as the kernel takes them."""
    if isinstance(criterion, MinMax):
        return CAPPED, 0.0
    if isinstance(criterion, SoftSaturation):
        return SATURATION, 0.0
    return (SQUARE, 2.0) if criterion.exponent == 2 else (POWER, float(criterion.exponent))


@jit
def response(kind: int, power: float, weight: float, upper: float, v: float) -> tuple[float, float]:
    """Where f(x) - v x is least without bounds, and the rate dx/dv there."""
    if kind == POWER:
        size = (abs(v) / (power * weight)) ** (1.0 / (power - 1.0))
        # f' = p w x^(p - 1), so x grows as v^(1 / (p - 1)): without end at v = 0, where the muscle is off
        return np.copysign(size, v), size / ((power - 1.0) * abs(v) + 1e-300)
    if kind == SATURATION:
        s = v * upper / weight
        c = 1.0 / np.sqrt(1.0 + s * s)
        return upper * s * c, upper * upper / weight * c * c * c
    return v / (2.0 * weight), 1.0 / (2.0 * weight)


def cost(criterion: Criterion, weight: Array, upper: Array, quadratic: NDArray[np.bool_], value: Array) -> Array:
    """Cost of every unknown: shape of ``value`` (B, n); under MinMax without the price of the cap."""
    square = weight * value * value
    if isinstance(criterion, MinMax):
        return np.where(quadratic, square, SQUARES * square)
    if isinstance(criterion, SoftSaturation):
        with np.errstate(invalid="ignore"):
            share = np.clip(value / upper, -1.0, 1.0)
        curved = weight * (1.0 - np.sqrt(1.0 - share * share))
    elif criterion.exponent == 2:
        return np.asarray(square)
    else:
        curved = weight * np.abs(value) ** criterion.exponent
    return np.where(quadratic, square, curved)


def best_response(criterion: Criterion, weight: Array, upper: Array, quadratic: NDArray[np.bool_], v: Array) -> Array:
    """``response`` of every unknown, in NumPy: the certificate's own."""
    square = v / (2.0 * weight)
    if isinstance(criterion, MinMax):
        return np.where(quadratic, square, square / SQUARES)
    if isinstance(criterion, SoftSaturation):
        s = v * upper / weight
        curved = upper * s / np.sqrt(1.0 + s * s)
    elif criterion.exponent == 2:
        return np.asarray(square)
    else:
        p = criterion.exponent
        curved = np.sign(v) * (np.abs(v) / (p * weight)) ** (1.0 / (p - 1.0))
    return np.where(quadratic, square, curved)


def response_rate(criterion: Criterion, weight: Array, upper: Array, quadratic: NDArray[np.bool_], v: Array) -> Array:
    """Rate dx/dv of ``best_response``."""
    square = np.broadcast_to(1.0 / (2.0 * weight), v.shape)
    if isinstance(criterion, MinMax):
        return np.where(quadratic, square, square / SQUARES)
    if isinstance(criterion, SoftSaturation):
        s = v * upper / weight
        curved = upper * upper / weight * (1.0 + s * s) ** -1.5
    elif criterion.exponent == 2:
        return np.asarray(square)
    else:
        x = best_response(criterion, weight, upper, quadratic, v)
        curved = x / ((criterion.exponent - 1.0) * v)
    return np.where(quadratic, square, curved)


def cap_of(weight: Array, lower: Array, upper: Array, quadratic: NDArray[np.bool_], v: Array) -> Array:
    """Cap t (B,) under MinMax at which the Lagrangian is least, by bisection: the certificate's own.

    Its slope in t, 1 - sum of (v - 0.002 w t)+ over the unknowns that could go higher, rises with t.
    """
    own = ~quadratic
    w, low, high, pull = weight[own], lower[:, own], upper[:, own], v[:, own]
    least = np.maximum(low.max(axis=1, initial=0.0), 0.0)
    most = np.maximum(np.where(np.isfinite(high), high, 0.0).max(axis=1, initial=0.0), least)
    most = np.maximum(most, np.clip(pull / (2.0 * SQUARES * w), 0.0, high).max(axis=1, initial=0.0))
    for _ in range(200):
        middle = 0.5 * (least + most)
        over = np.maximum(pull - 2.0 * SQUARES * w * middle[:, None], 0.0) * (middle[:, None] < high)
        rising = over.sum(axis=1) <= 1.0
        most, least = np.where(rising, middle, most), np.where(rising, least, middle)
    return np.asarray(most)
