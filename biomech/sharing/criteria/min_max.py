"""The least largest activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from biomech.sharing.criteria.base import Criterion

Array = NDArray[np.float64]

CAPPED = 3
#: Weight of the squares under MinMax: the definition's own, and the larger ones through which it is approached.
SQUARES = 1e-3
APPROACH = (1e-1, 1e-2, SQUARES)


@dataclass(frozen=True)
class MinMax(Criterion):
    """Least t + 0.001 sum of w x^2, t the largest x (Rasmussen et al. 2001, J Biomech 34:409).

    The squares make the answer unique: below the most loaded muscles the others share as ``Power(2)`` would.
    """

    is_capped: ClassVar[bool] = True

    @property
    def code(self) -> int:
        """Its number in the switch of the kernels."""
        return CAPPED

    def response(self, weight: Array, upper: Array, v: Array) -> tuple[Array, Array]:
        """That of the squares, without the cap."""
        return v / (2.0 * weight) / SQUARES, 0.5 / weight / SQUARES

    def cost(self, weight: Array, upper: Array, x: Array) -> Array:
        """That of the squares, without the price of the cap."""
        return np.asarray(SQUARES * weight * x * x)

    def derivative(self, weight: Array, upper: Array, x: Array) -> Array:
        """That of the squares, without the price of the cap."""
        return np.asarray(2.0 * SQUARES * weight * x)
