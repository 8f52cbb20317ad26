"""Criteria: how the load is shared among more muscles than are needed; one file each.

A criterion is a sum over the unknowns of a convex function f, w times a function of the unknown and its upper bound.
What the solver needs of it is its *response*: the x at which f(x) - v x is least, and how fast that x grows with v.
Unknowns marked quadratic cost w x^2 under every criterion. ``MinMax`` is the exception: a sum of squares under one
common cap, which has its price. ``kernels`` has the one switch among them, ``registry`` takes those from outside.
"""

from biomech.sharing.criteria.base import Criterion
from biomech.sharing.criteria.min_max import MinMax
from biomech.sharing.criteria.power import Power
from biomech.sharing.criteria.soft_saturation import SoftSaturation

__all__ = ["Criterion", "MinMax", "Power", "SoftSaturation"]
