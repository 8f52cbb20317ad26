"""A scapula that glides over an ellipsoid on the ribs and wings about an axis in its plane, in rows of a joint.

Seth, Matias, Veloso & Delp 2016, PLoS ONE 11:e0141028. Abduction a turns it about y, elevation e about -x, upward
rotation about the normal z of the ellipsoid. That is then n = (sin a cos e, sin e, cos a cos e), and the point on the
ellipsoid is n times its half axes. Winging turns it about an axis through a point of its plane.
"""

from __future__ import annotations

import math

from biomech.io.osim.description import Constant, EllipsoidPoint, Linear, TransformRow, Vector

_X, _Y, _Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_ONE_TO_ONE = Linear((1.0,), 0.0)


def gliding_rows(radii: Vector, names: list[str]) -> tuple[TransformRow, ...]:
    """Three turns and three ways of a joint whose first three coordinates are ``names``."""
    axes = (_Y, (-1.0, 0.0, 0.0), _Z)
    turns = [TransformRow(axis, (name,), _ONE_TO_ONE) for axis, name in zip(axes, names, strict=False)]
    points = (EllipsoidPoint(1, -radii[0]), EllipsoidPoint(0, radii[1]), EllipsoidPoint(2, radii[2]))
    ways = [TransformRow(axis, (names[0], names[1]), own) for axis, own in zip((_X, _Y, _Z), points, strict=True)]
    return (*turns, *ways)


def winging_rows(origin: tuple[float, float], direction: float, name: str) -> tuple[tuple[bool, TransformRow], ...]:
    """To the axis of winging, the turn about it, and back; ``direction`` (rad) of the axis from y, towards -x."""
    ways = [(False, TransformRow(axis, (), Constant(own))) for axis, own in zip((_X, _Y), origin, strict=True)]
    back = [(False, TransformRow(axis, (), Constant(-own))) for axis, own in zip((_X, _Y), origin, strict=True)]
    axis = (-math.sin(direction), math.cos(direction), 0.0)
    return (*ways, (True, TransformRow(axis, (name,), _ONE_TO_ONE)), *back)
