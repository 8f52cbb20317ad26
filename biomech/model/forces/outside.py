"""Force elements from outside the package, as the kernels reach them; there is room for three kinds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import extension_point, kernel
from biomech.model.mechanics.tree import Frames, point

Array = NDArray[np.float64]


@kernel
def outside_wrenches(numbers: Array, q: Array, frames: Frames, out: Array) -> None:
    """Force and moment about the ground origin (6 segment,) of all elements on every segment, ground as segment 0.

    ``numbers``: of each element its kind, how many numbers it has, and these.
    """
    for k in range(len(out)):
        out[k] = 0.0
    at = 0
    while at < len(numbers):
        kind = numbers[at]
        if kind == 0.0:
            element_1(numbers, at + 2, q, frames, out)
        if kind == 1.0:
            element_2(numbers, at + 2, q, frames, out)
        if kind == 2.0:
            element_3(numbers, at + 2, q, frames, out)
        at += 2 + int(numbers[at + 1])


@kernel
def add_force(
    frames: Frames, segment: int, x: float, y: float, z: float, fx: float, fy: float, fz: float, out: Array
) -> None:
    """Add a force (in ground, N) at a point of a segment (in its frame, m)."""
    px, py, pz = point(frames, segment, x, y, z)
    k = 6 * segment
    out[k] += fx
    out[k + 1] += fy
    out[k + 2] += fz
    out[k + 3] += py * fz - pz * fy
    out[k + 4] += pz * fx - px * fz
    out[k + 5] += px * fy - py * fx


@kernel
def add_couple(segment: int, mx: float, my: float, mz: float, out: Array) -> None:
    """Add a moment (in ground, N.m) on a segment."""
    k = 6 * segment + 3
    out[k] += mx
    out[k + 1] += my
    out[k + 2] += mz


@extension_point
def element_1(numbers: Array, first: int, q: Array, frames: Frames, out: Array) -> None:
    """Of the first kind: what it exerts, with its numbers from ``first`` on, at the coordinates ``q``."""
    out[0] += 0.0


@extension_point
def element_2(numbers: Array, first: int, q: Array, frames: Frames, out: Array) -> None:
    """Of the second."""
    out[0] += 0.0


@extension_point
def element_3(numbers: Array, first: int, q: Array, frames: Frames, out: Array) -> None:
    """Of the third."""
    out[0] += 0.0


#: The kernels of elements from outside, by their kind.
KINDS: tuple[Any, ...] = (element_1, element_2, element_3)
