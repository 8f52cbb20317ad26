"""Criteria: how the load is shared among more muscles than are needed.

A criterion is a sum over the unknowns of a convex function f. What the solver needs of it is its *response*: the x at
which f(x) - v x is least, and how fast that x grows with v. Unknowns marked quadratic cost w x^2 under every criterion.
``MinMax`` is the exception: a sum of squares under one common cap, which has its price.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import real_number
from biomech._kernels import kernel
from biomech._simd import power, select
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
        real_number("exponent", self.exponent, 2.0, 5.0, ProblemError)


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


#: Below this a power is zero.
NOTHING = 1e-60


@kernel
def response(kind: int, exponent: float, weight: float, upper: float, v: float) -> tuple[float, float]:
    """Where f(x) - v x is least without bounds, and the rate dx/dv there."""
    if kind == POWER:
        base = abs(v) / (exponent * weight)
        size = math.sqrt(base) if exponent == 3.0 else select(base > 1e-290, power(base, 1.0 / (exponent - 1.0)), 0.0)
        # f' = p w x^(p - 1), so x grows as v^(1 / (p - 1)): without end at v = 0, where the muscle is off
        return math.copysign(size, v), size / ((exponent - 1.0) * abs(v) + 1e-300)
    if kind == SATURATION:
        s = v * upper / weight
        c = 1.0 / math.sqrt(1.0 + s * s)
        return upper * s * c, upper * upper / weight * c * c * c
    rate = 0.5 / (SQUARES * weight if kind == CAPPED else weight)
    return rate * v, rate + 0.0 * v


@kernel
def separable_cost(kind: int, exponent: float, weight: float, upper: float, x: float) -> float:
    """f(x), under ``MinMax`` without the price of the cap."""
    if kind == POWER:
        size = abs(x)
        if exponent == 3.0:
            return weight * size * size * size
        return select(size > NOTHING, weight * power(size, exponent), 0.0)
    if kind == SATURATION:
        share = min(abs(x) / upper, 1.0)
        # 1 - sqrt(1 - share^2), without the cancelling of small shares
        return weight * share * share / (1.0 + math.sqrt((1.0 - share) * (1.0 + share)))
    return (SQUARES * weight if kind == CAPPED else weight) * x * x


@kernel
def above_least(kind: int, exponent: float, weight: float, upper: float, v: float, x: float, best: float) -> float:
    """f(x) - v x above its value at ``best``, where it is least within some bounds; ``MinMax`` without its cap."""
    plain = (
        separable_cost(kind, exponent, weight, upper, x)
        - separable_cost(kind, exponent, weight, upper, best)
        - v * (x - best)
    )
    if kind == SATURATION:
        # with x = u sin(a) and v = (w / u) tan(b) it is w (1 - cos(a - b)) / cos(b), near the upper bound too, where
        # the difference would be lost in rounding
        share, s = x / upper, v * upper / weight
        root, secant = math.sqrt(max((1.0 - share) * (1.0 + share), 0.0)), math.sqrt(1.0 + s * s)
        sine, cosine = (s * root - share) / secant, (root + s * share) / secant
        exact = weight * secant * select(cosine > 0.0, sine * sine / (1.0 + max(cosine, 0.0)), 1.0 - cosine)
        return select(abs(best - upper * s / secant) <= 1e-15 * upper, exact, plain)
    return plain
