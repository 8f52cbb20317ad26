"""Soft saturation: muscles near full strength become dear."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._simd import select
from biomech.sharing.criteria.base import Criterion

Array = NDArray[np.float64]

SATURATION = 2
_TINY = 1e-300


@dataclass(frozen=True)
class SoftSaturation(Criterion):
    """Least sum of w (1 - sqrt(1 - (x / u)^2)), u the upper bound (Siemienski 1992, Eur J Appl Physiol 64:10).

    Muscles near full strength become dear: none is asked for all of it while another has some left.
    """

    is_steep: ClassVar[bool] = True

    @property
    def code(self) -> int:
        """Its number in the switch of the kernels."""
        return SATURATION

    def response(self, weight: Array, upper: Array, v: Array) -> tuple[Array, Array]:
        """From x / sqrt(u^2 - x^2) = v u / w."""
        s = v * upper / weight
        root = np.sqrt(1.0 + s * s)
        return upper * s / root, upper * upper / weight / root**3

    def cost(self, weight: Array, upper: Array, x: Array) -> Array:
        """The cost w (1 - sqrt(1 - (x / u)^2)), without the cancelling of small shares."""
        share = np.minimum(np.abs(x) / upper, 1.0)
        return np.asarray(weight * share * share / (1.0 + np.sqrt((1.0 - share) * (1.0 + share))))

    def derivative(self, weight: Array, upper: Array, x: Array) -> Array:
        """The part w / u of the tangent of the angle whose sine is x / u."""
        share = x / upper
        return np.asarray(weight / upper * share / np.sqrt((1.0 - share) * (1.0 + share) + _TINY))


@kernel
def saturation_response(weight: float, upper: float, v: float) -> tuple[float, float]:
    """Where the cost less v x is least, and the rate dx/dv there."""
    s = v * upper / weight
    c = 1.0 / math.sqrt(1.0 + s * s)
    return upper * s * c, upper * upper / weight * c * c * c


@kernel
def saturation_cost(weight: float, upper: float, x: float) -> float:
    """The cost w (1 - sqrt(1 - share^2)), without the cancelling of small shares."""
    share = min(abs(x) / upper, 1.0)
    return weight * share * share / (1.0 + math.sqrt((1.0 - share) * (1.0 + share)))


@kernel
def saturation_above_least(weight: float, upper: float, v: float, x: float, best: float, plain: float) -> float:
    """f(x) - v x above its value at ``best``; ``plain`` is the difference as it stands.

    With x = u sin(a) and v = (w / u) tan(b) it is w (1 - cos(a - b)) / cos(b), near the upper bound too, where the
    difference would be lost in rounding.
    """
    share, s = x / upper, v * upper / weight
    root, secant = math.sqrt(max((1.0 - share) * (1.0 + share), 0.0)), math.sqrt(1.0 + s * s)
    sine, cosine = (s * root - share) / secant, (root + s * share) / secant
    exact = weight * secant * select(cosine > 0.0, sine * sine / (1.0 + max(cosine, 0.0)), 1.0 - cosine)
    return select(abs(best - upper * s / secant) <= 1e-15 * upper, exact, plain)
