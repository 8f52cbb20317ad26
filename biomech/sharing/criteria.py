"""Criteria: how the load is shared among more muscles than are needed.

Every criterion is a sum over the unknowns of a convex function f. What the solver needs of it is its *response*: the x at
which f(x) - v x is least, and how fast that x grows with v. Unknowns marked quadratic cost w x^2 under every criterion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech._jit import jit
from biomech.errors import ProblemError

Array = NDArray[np.float64]

SQUARE, POWER, SATURATION = 0, 1, 2


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


Criterion = Power | SoftSaturation


def kind_of(criterion: Criterion) -> tuple[int, float]:
    """Code and exponent of a criterion, as the kernel takes them."""
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
    """Cost of every unknown: shape of ``value`` (B, n)."""
    square = weight * value * value
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
    if isinstance(criterion, SoftSaturation):
        s = v * upper / weight
        curved = upper * s / np.sqrt(1.0 + s * s)
    elif criterion.exponent == 2:
        return np.asarray(square)
    else:
        p = criterion.exponent
        curved = np.sign(v) * (np.abs(v) / (p * weight)) ** (1.0 / (p - 1.0))
    return np.where(quadratic, square, curved)
