"""Lanes: the number type that carries one number of each of several problems at once.

A kernel is written like a scalar formula. Given plain floats it is the readable form; given lanes, the same source
works on ``LANES`` problems side by side. Comparisons of lanes give a mask; a kernel that runs on both never branches on
a number, but selects (``select``), and asks whether a condition holds somewhere (``any_lane``).

In memory, lanes are the last axis of a float array, and ``as_lanes`` sees an array (..., LANES) as an array (...) of
lanes. Nothing outside this package knows how lanes are made.
"""

from biomech._kernels.arrays import IndexArray
from biomech._simd.blocks import arange, block_indices, gather, make_lane_index, scatter
from biomech._simd.functions import arctan2, exp, log1p, power, sincos
from biomech._simd.number import LANES, any_lane, as_lanes, extract, insert, put_tile, select, simd_zero, width, zeros

__all__ = [
    "LANES",
    "IndexArray",
    "any_lane",
    "arange",
    "arctan2",
    "as_lanes",
    "block_indices",
    "exp",
    "extract",
    "gather",
    "insert",
    "log1p",
    "make_lane_index",
    "power",
    "put_tile",
    "scatter",
    "select",
    "simd_zero",
    "sincos",
    "width",
    "zeros",
]
