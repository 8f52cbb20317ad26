"""The shortest way from one point to another over a cylinder or a sphere, in closed form.

Straight to where it touches the surface, along a geodesic of it, straight on. Seen along the axis of a cylinder the
straight parts are tangents of a circle; unrolled, the way over a cylinder is one straight line, so along the axis it
goes evenly. The way over a sphere lies in the plane of both points and the centre.

Whether a way is taken, and on which side, is OpenSim's rule. Without a *quadrant* a path wraps over what the straight
line pierces, on the shorter side. A quadrant names a half of space (x > 0 in the frame of the surface, say) on whose
side the path passes, be it the long way round: it wraps where the line pierces the surface, and over a cylinder also
where both points lie in the other half, or one does and the line is nearest to the axis there. Where a point lies in
the surface, or the way would touch a cylinder beyond both of its ends, there is none.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._simd import arctan2, select

Array = NDArray[np.float64]

#: Numbers of a way: where it meets the surface and its direction there, where it leaves it and its direction there,
#: its length on the surface, and how much longer it is than the straight line.
LEAVES, ARC, LONGER = 6, 12, 13
WAY = 14
#: What is said of a way: the path may wrap, or must, for the line goes through the surface.
MAY, MUST = 1.0, 2.0
#: An angle less than this below zero is rounding, not nearly a whole turn.
_ROUNDING = 1e-9
#: What stands for zero in a divisor.
_TINY = 1e-300
#: A squared sine below which two directions are opposite ways along one line.
_ALONG = 1e-20


@kernel
def way_over_cylinder(
    radius: float,
    half: float,
    axis: int,
    sign: float,
    x1: float,
    y1: float,
    z1: float,
    x2: float,
    y2: float,
    z2: float,
    way: Array,
) -> float:
    """Fill ``way`` (WAY,) with that over a cylinder about z from -half to half; 0, ``MAY`` or ``MUST`` be taken.

    ``axis`` and ``sign`` are those of the quadrant, ``axis`` -1 if there is none; all in the frame of the surface.
    """
    square = radius * radius
    d1, d2 = x1 * x1 + y1 * y1, x2 * x2 + y2 * y2
    dx, dy, dz = x2 - x1, y2 - y1, z2 - z1
    across, along, nearest = x1 * y2 - y1 * x2, dx * dx + dy * dy, -(x1 * dx + y1 * dy)
    pierced = (across * across < square * along) & (nearest > 0.0) & (nearest < along)
    # tangents, touched counter-clockwise (a from the first, b from the second point) and clockwise
    l1, l2 = math.sqrt(max(d1 - square, 0.0)), math.sqrt(max(d2 - square, 0.0))
    i1, i2 = 1.0 / max(d1, square), 1.0 / max(d2, square)
    left: Any
    if axis < 0:
        left = across >= 0.0
        verdict = select(pierced, MUST, 0.0)
    else:
        t = nearest / max(along, _TINY)
        first = _is_on(sign, _component(axis, x1, y1, z1))
        second = _is_on(sign, _component(axis, x2, y2, z2))
        near = _is_on(sign, _component(axis, x1 + t * dx, y1 + t * dy, z1 + t * dz))
        passes = (first | second) & (~(first & second)) & (~near)
        verdict = select(first | second, select(pierced, MUST, select(passes, MAY, 0.0)), MAY)
        ax, ay, bx, by = (
            (radius * x1 - l1 * y1) * i1,
            (radius * y1 + l1 * x1) * i1,
            (radius * x2 + l2 * y2) * i2,
            (radius * y2 - l2 * x2) * i2,
        )
        cx, cy, ex, ey = (
            (radius * x1 + l1 * y1) * i1,
            (radius * y1 - l1 * x1) * i1,
            (radius * x2 - l2 * y2) * i2,
            (radius * y2 + l2 * x2) * i2,
        )
        left1, right1 = _is_on(sign, _component(axis, ax, ay, z1)), _is_on(sign, _component(axis, cx, cy, z1))
        left2, right2 = _is_on(sign, _component(axis, bx, by, z2)), _is_on(sign, _component(axis, ex, ey, z2))
        wider = ax * bx + ay * by < cx * ex + cy * ey
        left = (left1 & (~(right1 & right2))) | ((~(left1 | right1)) & (~right2) & (left2 | wider))
    turn = select(left, 1.0, -1.0)
    c1, s1 = (radius * x1 - turn * l1 * y1) * i1, (radius * y1 + turn * l1 * x1) * i1
    c2, s2 = (radius * x2 + turn * l2 * y2) * i2, (radius * y2 - turn * l2 * x2) * i2
    arc = radius * _turned(turn * (c1 * s2 - s1 * c2), c1 * c2 + s1 * s2)
    flat = l1 + arc + l2
    total = math.sqrt(flat * flat + dz * dz)
    rise, share = dz / max(flat, _TINY), flat / max(total, _TINY)
    meets, leaves = z1 + rise * l1, z1 + rise * (l1 + arc)
    way[0], way[1], way[2] = radius * c1, radius * s1, meets
    way[3], way[4], way[5] = -turn * share * s1, turn * share * c1, rise * share
    way[6], way[7], way[8] = radius * c2, radius * s2, leaves
    way[9], way[10], way[11] = -turn * share * s2, turn * share * c2, rise * share
    way[12] = arc / max(share, _TINY)
    way[13] = total - math.sqrt(along + dz * dz)
    beyond = (abs(meets) > half) & (abs(leaves) > half)
    return select((d1 >= square) & (d2 >= square) & (~beyond), verdict, 0.0)


@kernel
def way_over_sphere(
    radius: float,
    axis: int,
    sign: float,
    x1: float,
    y1: float,
    z1: float,
    x2: float,
    y2: float,
    z2: float,
    way: Array,
) -> float:
    """The same over a sphere about the origin."""
    square = radius * radius
    d1, d2 = x1 * x1 + y1 * y1 + z1 * z1, x2 * x2 + y2 * y2 + z2 * z2
    dx, dy, dz = x2 - x1, y2 - y1, z2 - z1
    nx, ny, nz = y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2
    across, along = nx * nx + ny * ny + nz * nz, dx * dx + dy * dy + dz * dz
    nearest = -(x1 * dx + y1 * dy + z1 * dz)
    pierced = (across < square * along) & (nearest > 0.0) & (nearest < along)
    # through the centre every plane along the line will do
    straight, steep = across <= _ALONG * d1 * d2, x1 * x1 > y1 * y1
    nx = select(straight, select(steep, -z1, 0.0), nx)
    ny = select(straight, select(steep, 0.0, z1), ny)
    nz = select(straight, select(steep, x1, -y1), nz)
    size = 1.0 / max(math.sqrt(nx * nx + ny * ny + nz * nz), _TINY)
    nx, ny, nz = nx * size, ny * size, nz * size
    l1, l2 = math.sqrt(max(d1 - square, 0.0)), math.sqrt(max(d2 - square, 0.0))
    i1, i2 = radius / max(d1, square), radius / max(d2, square)
    # a quarter of a turn on from each point
    ax, ay, az = ny * z1 - nz * y1, nz * x1 - nx * z1, nx * y1 - ny * x1
    bx, by, bz = ny * z2 - nz * y2, nz * x2 - nx * z2, nx * y2 - ny * x2
    if axis < 0:
        turn = 1.0 + 0.0 * d1
        verdict = select(pierced, MAY, 0.0)
    else:
        first, second = _is_on(sign, _component(axis, x1, y1, z1)), _is_on(sign, _component(axis, x2, y2, z2))
        # where the straight parts of the long way go, taken together
        gx = i1 * (radius * x1 - l1 * ax) - x1 + i2 * (radius * x2 + l2 * bx) - x2
        gy = i1 * (radius * y1 - l1 * ay) - y1 + i2 * (radius * y2 + l2 * by) - y2
        gz = i1 * (radius * z1 - l1 * az) - z1 + i2 * (radius * z2 + l2 * bz) - z2
        turn = select((~(first & second)) & (sign * _component(axis, gx, gy, gz) >= 0.0), -1.0, 1.0)
        verdict = select(pierced, select(first | second, MUST, MAY), 0.0)
    m1, m2 = turn * l1, turn * l2
    tx, ty, tz = i1 * (radius * x1 + m1 * ax), i1 * (radius * y1 + m1 * ay), i1 * (radius * z1 + m1 * az)
    ux, uy, uz = i2 * (radius * x2 - m2 * bx), i2 * (radius * y2 - m2 * by), i2 * (radius * z2 - m2 * bz)
    sine = nx * (ty * uz - tz * uy) + ny * (tz * ux - tx * uz) + nz * (tx * uy - ty * ux)
    arc = radius * _turned(turn * sine, tx * ux + ty * uy + tz * uz)
    per = turn / radius
    way[0], way[1], way[2] = tx, ty, tz
    way[3], way[4], way[5] = per * (ny * tz - nz * ty), per * (nz * tx - nx * tz), per * (nx * ty - ny * tx)
    way[6], way[7], way[8] = ux, uy, uz
    way[9], way[10], way[11] = per * (ny * uz - nz * uy), per * (nz * ux - nx * uz), per * (nx * uy - ny * ux)
    way[12] = arc
    way[13] = l1 + arc + l2 - math.sqrt(along)
    return select((d1 >= square) & (d2 >= square), verdict, 0.0)


@kernel
def _component(axis: int, x: float, y: float, z: float) -> float:
    if axis == 0:
        return x
    if axis == 1:
        return y
    return z


@kernel
def _is_on(sign: float, along: float) -> bool:
    """Whether a point lies in the half of space of a quadrant; on the border in the positive one."""
    if sign > 0.0:
        return along >= 0.0
    return along < 0.0


@kernel
def _turned(sine: float, cosine: float) -> float:
    """The angle, 0 to 2 pi, with this sine and cosine, both to any scale."""
    angle = arctan2(sine, cosine)
    return select(angle < -_ROUNDING, angle + 2.0 * math.pi, max(angle, 0.0))
