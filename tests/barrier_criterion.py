"""A criterion of somebody else's, outside the package: its formulas for the kernels, and in NumPy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from biomech._kernels import kernel
from biomech.sharing import Criterion
from biomech.sharing.criteria.registry import code_of, register


@dataclass(frozen=True)
class Barrier(Criterion):
    """Least sum of w x^2 / (1 - k |x| / u): squares of what is little loaded, and no end of cost at u / k."""

    stiffness: float = 1.0
    is_steep: ClassVar[bool] = True

    @property
    def code(self):
        return code_of(Barrier)

    @property
    def parameter(self):
        return float(self.stiffness)

    def response(self, weight, upper, v):
        """From f' = w e ((1 - x / e)^-2 - 1), e = u / k."""
        end = upper / self.stiffness
        t = np.abs(v) / (weight * end)
        root = np.sqrt(1.0 + t)
        return np.copysign(end * t / (root * (root + 1.0)), v), 0.5 / weight / root**3

    def cost(self, weight, upper, x):
        return weight * x * x / (1.0 - np.abs(x) * self.stiffness / upper)

    def derivative(self, weight, upper, x):
        share = np.abs(x) * self.stiffness / upper
        return np.copysign(weight * upper / self.stiffness * share * (2.0 - share) / (1.0 - share) ** 2, x)


@kernel
def response(stiffness: float, weight: float, upper: float, v: float) -> tuple[float, float]:
    end = upper / stiffness
    t = abs(v) / (weight * end)
    root = math.sqrt(1.0 + t)
    return math.copysign(end * t / (root * (root + 1.0)), v), 0.5 / weight / (root * root * root)


@kernel
def cost(stiffness: float, weight: float, upper: float, x: float) -> float:
    return weight * x * x / (1.0 - abs(x) * stiffness / upper)


@kernel
def bound_rate(stiffness: float, weight: float, upper: float, v: float) -> float:
    t = abs(v) * stiffness / (weight * upper)
    root = math.sqrt(1.0 + t)
    share = t / (root * (root + 1.0))
    return math.copysign((share - 0.5 * t / (root * root * root)) / stiffness, v)


register(Barrier, response, cost, bound_rate)
