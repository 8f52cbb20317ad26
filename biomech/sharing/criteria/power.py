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
        """The cost w |x|^p."""
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
    base = abs(v) / (exponent * weight)
    size = math.sqrt(base) if exponent == 3.0 else select(base > 1e-290, power(base, 1.0 / (exponent - 1.0)), 0.0)
    # f' = p w x^(p - 1), so x grows as v^(1 / (p - 1)): without end at v = 0, where the muscle is off
    return math.copysign(size, v), size / ((exponent - 1.0) * abs(v) + 1e-300)


@kernel
def power_cost(exponent: float, weight: float, x: float) -> float:
    """The cost w |x|^p."""
    size = abs(x)
    if exponent == 3.0:
        return weight * size * size * size
    return select(size > NOTHING, weight * power(size, exponent), 0.0)
