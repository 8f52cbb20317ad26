"""Lanes: the number type that carries one number of each of several problems at once.

A kernel is written like a scalar formula. Given plain floats it is the readable form; given lanes, the same source
works on ``LANES`` problems side by side. Comparisons of lanes give a mask; a kernel that runs on both never branches on
a number, but selects (``select``), and asks whether a condition holds somewhere (``some``).

In memory, lanes are the last axis of a float array, and ``as_lanes`` sees an array (..., LANES) as an array (...) of
lanes. Nothing outside this package knows how lanes are made.
"""

from biomech._kernels.arrays import Places
from biomech._simd.blocks import choose, counting, gather, make_which, scatter
from biomech._simd.functions import exp, log1p, power, sincos
from biomech._simd.number import LANES, as_lanes, no_lanes, put, select, some, take, width, zeros

__all__ = [
    "LANES",
    "Places",
    "as_lanes",
    "choose",
    "counting",
    "exp",
    "gather",
    "log1p",
    "make_which",
    "no_lanes",
    "power",
    "put",
    "scatter",
    "select",
    "sincos",
    "some",
    "take",
    "width",
    "zeros",
]
