"""Sums of powers; the square is the plainest of all criteria, and what every other begins at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import real_number
from biomech._kernels import kernel
from biomech._simd import power, select
from biomech.errors import ProblemError
from biomech.sharing.criteria.base import Criterion

Array = NDArray[np.float64]

SQUARE, POWER = 0, 1
#: Below this a power is zero.
NOTHING = 1e-60
_TINY = 1e-300


@dataclass(frozen=True)
class Power(Criterion):
    """Least sum of ``w |x|^p`` (Crowninshield & Brand 1981, J Biomech 14:793).

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
    is_flat: ClassVar[bool] = True

    def __post_init__(self) -> None:
        real_number("exponent", self.exponent, 2.0, 5.0, ProblemError)

    @property
    def code(self) -> int:
        """Squares have formulas of their own."""
        return SQUARE if self.exponent == 2 else POWER

    @property
    def parameter(self) -> float:
        """The exponent."""
        return float(self.exponent)

    def response(self, weight: Array, upper: Array, v: Array) -> tuple[Array, Array]:
        """From f' = p w x^(p - 1)."""
        p = self.exponent
        if p == 2:
            return v / (2.0 * weight), 0.5 / weight
        size = (np.abs(v) / (p * weight)) ** (1.0 / (p - 1.0))
        return np.copysign(size, v), size / ((p - 1.0) * np.abs(v) + _TINY)

    def cost(self, weight: Array, upper: Array, x: Array) -> Array:
        """The cost ``w |x|^p``."""
        return np.asarray(weight * np.abs(x) ** self.exponent)

    def derivative(self, weight: Array, upper: Array, x: Array) -> Array:
        """The slope p w x^(p - 1), with the sign of x."""
        p = self.exponent
        return np.asarray(p * weight * np.sign(x) * np.abs(x) ** (p - 1.0))

    def curvature(self, weight: Array, upper: Array, x: Array) -> Array:
        """Its rate p (p - 1) w x^(p - 2)."""
        p = self.exponent
        return np.asarray(p * (p - 1.0) * weight * np.maximum(np.abs(x), _TINY) ** (p - 2.0))


@kernel
def power_response(exponent: float, weight: float, v: float) -> tuple[float, float]:
    """Where w |x|^p - v x is least, and the rate dx/dv there."""
    base = abs(v) * (1.0 / (exponent * weight))
    size = select(base > 1e-290, power(base, 1.0 / (exponent - 1.0)), 0.0)
    # f' = p w x^(p - 1), so x grows as v^(1 / (p - 1)): without end at v = 0, where the muscle is off
    return math.copysign(size, v), size / ((exponent - 1.0) * abs(v) + 1e-300)


@kernel
def cube_response(weight: float, v: float) -> tuple[float, float]:
    """The same of w |x|^3."""
    size = math.sqrt(abs(v) * (1.0 / (3.0 * weight)))
    return math.copysign(size, v), size / (2.0 * abs(v) + 1e-300)


@kernel
def power_cost(exponent: float, weight: float, x: float) -> float:
    """The cost w |x|^p."""
    size = abs(x)
    return select(size > NOTHING, weight * power(size, exponent), 0.0)


@kernel
def cube_cost(weight: float, x: float) -> float:
    """The cost w |x|^3."""
    return weight * abs(x) * x * x


@kernel
def squares_like_power(exponent: float, weight: float, x: float) -> tuple[float, float]:
    """Centre and rate of squares with the slope and the curvature of w |x|^p at x, which is not zero."""
    flat = power(abs(x), exponent - 2.0)
    return x * ((exponent - 2.0) / (exponent - 1.0)), 1.0 / (exponent * (exponent - 1.0) * weight * flat)


@kernel
def squares_like_cube(weight: float, x: float) -> tuple[float, float]:
    """The same of w |x|^3."""
    return 0.5 * x, 1.0 / (6.0 * weight * abs(x))
