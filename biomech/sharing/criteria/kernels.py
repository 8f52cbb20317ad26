"""The formulas of every criterion, on floats or on lanes: the one place where kernels tell criteria apart.

Each takes the ``kind`` of an unknown (``Criterion.code``, or ``SQUARE`` where it is quadratic) and the criterion's
``parameter``. Kinds from ``OUTSIDE`` on are criteria from outside the package, of which there is room for three.
"""

from __future__ import annotations

from typing import Any

from biomech._kernels import extension_point, kernel
from biomech.sharing.criteria.min_max import CAPPED, SQUARES
from biomech.sharing.criteria.power import (
    POWER,
    SQUARE,
    cube_cost,
    cube_response,
    power_cost,
    power_response,
    squares_like_cube,
    squares_like_power,
)
from biomech.sharing.criteria.soft_saturation import (
    SATURATION,
    saturation_above_least,
    saturation_cost,
    saturation_response,
)

#: The first kind from outside.
OUTSIDE = 4


@kernel
def response(kind: int, parameter: float, weight: float, upper: float, v: float) -> tuple[float, float]:
    """Where f(x) - v x is least without bounds, and the rate dx/dv there."""
    if kind == SQUARE:
        return 0.5 / weight * v, 0.5 / weight + 0.0 * v
    if kind == POWER and parameter == 3.0:
        return cube_response(weight, v)
    return _other_response(kind, parameter, weight, upper, v)


@kernel
def _other_response(kind: int, parameter: float, weight: float, upper: float, v: float) -> tuple[float, float]:
    """The longer formulas, apart, so that the short ones are put in where they are asked for."""
    if kind == POWER:
        return power_response(parameter, weight, v)
    if kind == SATURATION:
        return saturation_response(weight, upper, v)
    if kind == OUTSIDE:
        return response_1(parameter, weight, upper, v)
    if kind == OUTSIDE + 1:
        return response_2(parameter, weight, upper, v)
    if kind == OUTSIDE + 2:
        return response_3(parameter, weight, upper, v)
    return 0.5 / (SQUARES * weight) * v, 0.5 / (SQUARES * weight) + 0.0 * v


@kernel
def squares_like(kind: int, parameter: float, weight: float, x: float) -> tuple[float, float]:
    """Centre and rate of squares that have the slope and curvature of a power at x, or of squares themselves."""
    if kind == POWER and parameter == 3.0:
        return squares_like_cube(weight, x)
    if kind == POWER:
        return squares_like_power(parameter, weight, x)
    return 0.0 * x, 0.5 / weight + 0.0 * x


@kernel
def separable_cost(kind: int, parameter: float, weight: float, upper: float, x: float) -> float:
    """f(x), under ``MinMax`` without the price of the cap."""
    if kind == SQUARE:
        return weight * x * x
    if kind == CAPPED:
        return SQUARES * weight * x * x
    if kind == POWER and parameter == 3.0:
        return cube_cost(weight, x)
    return _other_cost(kind, parameter, weight, upper, x)


@kernel
def _other_cost(kind: int, parameter: float, weight: float, upper: float, x: float) -> float:
    """The longer formulas."""
    if kind == POWER:
        return power_cost(parameter, weight, x)
    if kind == SATURATION:
        return saturation_cost(weight, upper, x)
    if kind == OUTSIDE:
        return cost_1(parameter, weight, upper, x)
    if kind == OUTSIDE + 1:
        return cost_2(parameter, weight, upper, x)
    return cost_3(parameter, weight, upper, x)


@kernel
def above_least(kind: int, parameter: float, weight: float, upper: float, v: float, x: float, best: float) -> float:
    """f(x) - v x above its value at ``best``, where it is least within some bounds; ``MinMax`` without its cap."""
    plain = (
        separable_cost(kind, parameter, weight, upper, x)
        - separable_cost(kind, parameter, weight, upper, best)
        - v * (x - best)
    )
    if kind == SATURATION:
        return saturation_above_least(weight, upper, v, x, best, plain)
    return plain


@kernel
def lowest(kind: int, lower: float, upper: float) -> float:
    """The least that an unknown may be: soft saturation allows nothing below minus the upper bound."""
    return max(lower, -upper) if kind == SATURATION else lower


@kernel
def bound_rate(kind: int, parameter: float, weight: float, upper: float, v: float, x: float, rate: float) -> float:
    """How fast the response x, which grows with v at ``rate``, grows with the upper bound that it does not touch."""
    if kind == SATURATION:
        return x / upper + v / upper * rate
    if kind == OUTSIDE:
        return bound_rate_1(parameter, weight, upper, v)
    if kind == OUTSIDE + 1:
        return bound_rate_2(parameter, weight, upper, v)
    if kind == OUTSIDE + 2:
        return bound_rate_3(parameter, weight, upper, v)
    return 0.0 * x


@extension_point
def response_1(parameter: float, weight: float, upper: float, v: float) -> tuple[float, float]:
    """Of the first criterion from outside; squares where there is none."""
    return 0.5 / weight * v, 0.5 / weight + 0.0 * v


@extension_point
def response_2(parameter: float, weight: float, upper: float, v: float) -> tuple[float, float]:
    """Of the second."""
    return 0.5 / weight * v, 0.5 / weight + 0.0 * v


@extension_point
def response_3(parameter: float, weight: float, upper: float, v: float) -> tuple[float, float]:
    """Of the third."""
    return 0.5 / weight * v, 0.5 / weight + 0.0 * v


@extension_point
def cost_1(parameter: float, weight: float, upper: float, x: float) -> float:
    """Of the first criterion from outside; squares where there is none."""
    return weight * x * x


@extension_point
def cost_2(parameter: float, weight: float, upper: float, x: float) -> float:
    """Of the second."""
    return weight * x * x


@extension_point
def cost_3(parameter: float, weight: float, upper: float, x: float) -> float:
    """Of the third."""
    return weight * x * x


@extension_point
def bound_rate_1(parameter: float, weight: float, upper: float, v: float) -> float:
    """Of the first criterion from outside; none where its response does not depend on the bound."""
    return 0.0 * v


@extension_point
def bound_rate_2(parameter: float, weight: float, upper: float, v: float) -> float:
    """Of the second."""
    return 0.0 * v


@extension_point
def bound_rate_3(parameter: float, weight: float, upper: float, v: float) -> float:
    """Of the third."""
    return 0.0 * v


#: The kernels of a criterion from outside, by its place.
PLACES: tuple[tuple[Any, Any, Any], ...] = (
    (response_1, cost_1, bound_rate_1),
    (response_2, cost_2, bound_rate_2),
    (response_3, cost_3, bound_rate_3),
)
