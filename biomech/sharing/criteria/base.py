"""What a criterion is: a convex cost of every unknown, by its response, and how the kernels know it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Criterion(ABC):
    """A cost f(x) of every unknown, w times a convex function of x and its upper bound u, least at 0.

    A frozen dataclass: criteria are compared, hashed and pickled by their parameters. The formulas here are plain
    NumPy, for problems that the kernels leave open; the kernels have their own (``kernels``).

    Attributes
    ----------
    is_capped : bool
        Whether the unknowns share a common cap t at the price t (``MinMax`` alone).
    is_steep : bool
        Whether the slope of f rises without end towards u, which must then be positive and finite.
    is_flat : bool
        Whether f may be so flat that multipliers do not resolve the unknowns; then ``curvature`` is asked for, and the
        optimum is also sought by descent.
    """

    is_capped: ClassVar[bool] = False
    is_steep: ClassVar[bool] = False
    is_flat: ClassVar[bool] = False

    @property
    @abstractmethod
    def code(self) -> int:
        """Which formulas the kernels take: the number in their switch."""

    @property
    def parameter(self) -> float:
        """The one number that these formulas take besides weight and bound; an exponent, say."""
        return 0.0

    @abstractmethod
    def response(self, weight: Array, upper: Array, v: Array) -> tuple[Array, Array]:
        """The x at which f(x) - v x is least without bounds, and the rate dx/dv there."""

    @abstractmethod
    def cost(self, weight: Array, upper: Array, x: Array) -> Array:
        """f(x) of every unknown."""

    @abstractmethod
    def derivative(self, weight: Array, upper: Array, x: Array) -> Array:
        """df/dx of every unknown: the v whose response is x."""

    def curvature(self, weight: Array, upper: Array, x: Array) -> Array:
        """d2f/dx2 of every unknown, for a criterion that ``is_flat``."""
        raise NotImplementedError
