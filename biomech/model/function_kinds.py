"""Kinds of functions (``functions`` has what they mean), and which of them are told by knots."""

from __future__ import annotations

import math
from collections.abc import Mapping

#: Kinds of functions, and of how many arguments each may be.
KINDS: Mapping[str, float] = {
    "constant": 0,
    "linear": math.inf,
    "polynomial": 1,
    "sine": math.inf,
    "spline": 1,
    "piecewise_linear": 1,
    "piecewise_constant": 1,
    "step": 1,
    "natural_spline_1": 1,
    "natural_spline_3": 1,
    "natural_spline_5": 1,
    "natural_spline_7": 1,
}
#: Kinds that are told by knots, and how many each must have.
BY_KNOTS: Mapping[str, int] = {
    "spline": 2,
    "piecewise_linear": 2,
    "piecewise_constant": 1,
    "step": 2,
    "natural_spline_1": 2,
    "natural_spline_3": 4,
    "natural_spline_5": 6,
    "natural_spline_7": 8,
}
