"""Path points that move in their segment by functions of a coordinate, one along each axis of a frame there.

Beyond the range of its coordinate such a point stays where it is at the end of it, as in OpenSim.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._kernels.arrays import Array1, Array2, Index1
from biomech._simd import select
from biomech.model.mechanics.functions import Functions, FunctionTables, evaluate_function
from biomech.model.mechanics.path_points import SLACK
from biomech.model.mechanics.rotations import rotations_xyz
from biomech.model.mechanics.tree import Frames, point, rotate
from biomech.model.tables import Table

Array = NDArray[np.float64]

_ENDLESS = (-np.inf, np.inf)


class MovingPoints(NamedTuple):
    """The points that move, flat.

    ``point`` and ``segment`` (moving,); ``origin`` (moving, 3): of its frame in the segment; its ways from ``start[k]``
    to ``start[k + 1]``: ``function``, ``coordinate`` (-1: none), ``rate`` and the ends of the coordinate's range,
    ``least`` and ``most`` (way,), and ``axis`` (way, 3) in the segment.
    """

    point: Index1
    segment: Index1
    origin: Array2
    start: Index1
    function: Index1
    coordinate: Index1
    rate: Array1
    least: Array1
    most: Array1
    axis: Array2
    functions: FunctionTables


def compile_moving_points(
    table: Table,
    points: Mapping[str, int],
    segment: NDArray[np.int64],
    origin: Array,
    coordinates: list[str],
    functions: Functions,
    ranges: Mapping[str, tuple[float, float]],
) -> MovingPoints:
    """Flat tables of the rows whose point is among ``points``, by name; ``segment`` and ``origin`` are those of all.

    ``ranges``: of coordinates, rad and m; of one that has none here the range is without end.
    """
    number = {name: i for i, name in enumerate(coordinates)}
    turned = rotations_xyz(table.numbers("rx", "ry", "rz").reshape(-1, 3)).reshape(-1, 3, 3)
    rows = sorted((points[name], i) for i, name in enumerate(table.rows) if name in points)
    start = [0]
    ways: list[tuple[int, int, float]] = []
    axes: list[Array] = []
    for _, i in rows:
        for k, axis in enumerate("xyz"):
            name = table.text(f"function_{axis}")[i]
            arguments = functions.arguments(name, [table.text(f"coordinate_{axis}")[i]], number)
            ways.append((functions.number[name], *(arguments[0] if arguments else (-1, 0.0))))
            axes.append(turned[i, :, k])
        start.append(len(ways))
    own = np.array([p for p, _ in rows], dtype=np.int64)
    ends = [ranges.get(coordinates[c], _ENDLESS) if c >= 0 else _ENDLESS for _, c, _ in ways]
    return MovingPoints(
        own,
        segment[own],
        origin[own].reshape(-1, 3),
        np.array(start, dtype=np.int64),
        np.array([f for f, _, _ in ways], dtype=np.int64),
        np.array([c for _, c, _ in ways], dtype=np.int64),
        np.array([rate for _, _, rate in ways], dtype=np.float64),
        np.array([least for least, _ in ends], dtype=np.float64),
        np.array([most for _, most in ends], dtype=np.float64),
        np.array(axes, dtype=np.float64).reshape(-1, 3),
        functions.tables,
    )


@kernel
def place_moving_points(moving: MovingPoints, q: Array, frames: Frames, position: Array) -> None:
    """Positions of the points that move, in ground."""
    for k in range(len(moving.point)):
        p = moving.point[k]
        x, y, z = moving.origin[k, 0], moving.origin[k, 1], moving.origin[k, 2]
        shift = 0.0 * frames.origin[moving.segment[k], 0]
        x, y, z = x + shift, y + shift, z + shift
        for n in range(moving.start[k], moving.start[k + 1]):
            way, _ = _way(moving, n, q, shift)
            x, y, z = x + way * moving.axis[n, 0], y + way * moving.axis[n, 1], z + way * moving.axis[n, 2]
        x, y, z = point(frames, moving.segment[k], x, y, z)
        position[p, 0], position[p, 1], position[p, 2] = x, y, z


@kernel
def slide_along(moving: MovingPoints, k: int, n: int, q: Array, frames: Frames, wrench: Array, span: int) -> float:
    """How far moving point ``k`` goes along a span for a unit of the coordinate of its way ``n``."""
    _, speed = _way(moving, n, q, 0.0 * frames.origin[moving.segment[k], 0])
    vx, vy, vz = rotate(
        frames.rotation,
        moving.segment[k],
        speed * moving.axis[n, 0],
        speed * moving.axis[n, 1],
        speed * moving.axis[n, 2],
    )
    return wrench[span, 0] * vx + wrench[span, 1] * vy + wrench[span, 2] * vz


@kernel
def _way(moving: MovingPoints, n: int, q: Array, zero: float) -> tuple[float, float]:
    """How far a point goes along its axis ``n``, and how fast with its coordinate."""
    u, rate = zero, zero
    if moving.coordinate[n] >= 0:
        at, least, most = q[moving.coordinate[n]], moving.least[n], moving.most[n]
        u = moving.rate[n] * min(max(at, least), most)
        rate = select((at >= least - SLACK) & (at <= most + SLACK), moving.rate[n], rate)
    value, slope = evaluate_function(moving.functions, moving.function[n], u)
    return value, rate * slope
