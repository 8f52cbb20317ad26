"""What of a path changes from posture to posture: arcs over what it wraps over, and points that move by functions.

Points on segments are told once and a page places them, those that slide with an angle along a table. Where a path
meets a surface, in what order, and whether it does, and where points are that move along several functions, is told
posture by posture. The built-in bodies have none of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech.model.compiled import CompiledModel
from biomech.model.geometry import followed, pose_muscles
from biomech.model.mechanics.path_points import MOVING_BY_ROWS
from biomech.model.mechanics.wrapping.surfaces import LEAVES
from biomech.model.mechanics.wrapping.tables import CYLINDER, WrapTables
from biomech.model.model import Model
from biomech.view.body_page.packing import rounded

Array = NDArray[np.float64]

#: Points that are drawn of an arc, its ends among them.
ON_ARC = 5
#: Smallest step of the number that tells where on its path an arc comes: point p of a path has the number p.
ORDER = 1.0 / 256.0


def describe_wraps(model: Model) -> dict[str, list[dict[str, int]]]:
    """By muscle the arcs that it may have: the column of each, and the segment on which it lies (-1: ground)."""
    compiled = model.compiled()
    wraps, found = compiled.paths.wraps, dict[str, list[dict[str, int]]]()
    for muscle, _, _, first, end in wraps.stretch.tolist():
        own = [{"use": use, "on": int(wraps.segment[wraps.use[use, 0]]) - 1} for use in range(first, end)]
        found[model.muscles[muscle]] = own
    return found


def moving_points(model: Model) -> dict[int, int]:
    """Points that move by functions, in the order of all points, each with its column."""
    kind = model.compiled().paths.kind
    return {int(point): column for column, point in enumerate(np.flatnonzero(kind == MOVING_BY_ROWS))}


def place_paths(model: Model, angle: Array, there: NDArray[np.bool_], step: float) -> dict[str, NDArray[Any]]:
    """Arcs and moving points of every posture.

    ``wrap_order`` (use,), ``wrap_place`` (use, point, axis) in the surfaces' segments, and ``moved`` (point, axis) in
    the points' own.

    Parameters
    ----------
    model : Model
        The body.
    angle : array (posture, coordinate)
        Its coordinates as it counts them itself, deg and m.
    there : array of bool (posture,)
        Whether a posture is there to be drawn.
    step : float
        Smallest step of a place, m.

    Returns
    -------
    dict of array
        Those that the body has. What a path does not touch has no number.
    """
    compiled = model.compiled()
    wraps, points = compiled.paths.wraps, list(moving_points(model))
    uses = len(wraps.use)
    if not uses and not points:
        return {}
    counted = compiled.counted(np.where(there[:, None], angle, 0.0))
    turned = np.where(compiled.is_rotation, np.radians(counted), counted)
    q = np.ascontiguousarray(followed(compiled, np.ascontiguousarray(turned)))
    laid = _laid(compiled, q, np.flatnonzero(there), points)
    order, place = np.full((len(q), uses), np.nan), np.full((len(q), uses, ON_ARC, 3), np.nan)
    moved = np.full((len(q), len(points), 3), np.nan)
    order[there] = np.where(laid.order < 0.0, np.nan, laid.order)
    for use in range(uses):
        touches = laid.order[:, use] >= 0.0
        place[np.flatnonzero(there)[touches], use] = _arcs(wraps, use, laid, touches)
    for k, point in enumerate(points):
        moved[there, k] = laid.in_segment(int(compiled.paths.segment[point]), laid.moved[:, k])
    start = compiled.paths.start
    first = np.zeros(uses)
    for muscle, _, _, begin, end in wraps.stretch.tolist():
        first[begin:end] = start[muscle]
    found = {"wrap_order": rounded(order - first, ORDER), "wrap_place": rounded(place, step)} if uses else {}
    return found | ({"moved": rounded(moved, step)} if points else {})


class _Laid(NamedTuple):
    """Postures as they were laid, in ground.

    ``rotation`` (posture, segment, 3, 3) and ``origin`` (posture, segment, 3); ``order`` and ``arc`` (posture, use) and
    ``way`` (posture, use, 12) as ``WrapWork`` has them; ``moved`` (posture, point, 3).
    """

    rotation: Array
    origin: Array
    order: Array
    arc: Array
    way: Array
    moved: Array

    def in_segment(self, segment: int, place: Array) -> Array:
        """Places (posture, 3) in ground, in a segment's axes."""
        return self.turned_back(segment, place - self.origin[:, segment])

    def turned_back(self, segment: int, direction: Array) -> Array:
        """Directions (posture, 3) in ground, along a segment's axes."""
        return np.asarray(np.einsum("pij,pi->pj", self.rotation[:, segment], direction))


def _laid(compiled: CompiledModel, q: Array, postures: NDArray[np.int64], points: list[int]) -> _Laid:
    """Lay paths, one posture after another."""
    segments, uses = len(compiled.tree.parent), len(compiled.paths.wraps.use)
    shapes = (segments, 3, 3), (segments, 3), (uses,), (uses,), (uses, 12), (len(points), 3)
    laid = _Laid(*(np.empty((len(postures), *shape)) for shape in shapes))
    for n, posture in enumerate(postures):
        frames, state = pose_muscles(compiled, q[posture])
        laid.rotation[n], laid.origin[n] = frames.rotation.reshape(-1, 3, 3), frames.origin
        laid.order[n], laid.arc[n], laid.way[n] = state.wraps.order, state.wraps.arc, state.wraps.way
        laid.moved[n] = state.position[points]
    return laid


def _arcs(wraps: WrapTables, use: int, laid: _Laid, touches: NDArray[np.bool_]) -> Array:
    """Points (posture, point, axis) of the arcs of a use in the postures in which it ``touches``, in its segment."""
    surface = int(wraps.use[use, 0])
    segment, pose = int(wraps.segment[surface]), wraps.pose[surface]
    turn, centre = pose[:9].reshape(3, 3), pose[9:]
    way = laid.way[:, use]
    meets, leaves = (laid.in_segment(segment, way[:, n : n + 3])[touches] for n in (0, LEAVES))
    start, direction = (meets - centre) @ turn, laid.turned_back(segment, way[:, 3:6])[touches] @ turn
    arc = _arc(int(wraps.kind[surface]), float(wraps.size[surface, 0]), start, direction, laid.arc[touches, use])
    found = arc @ turn.T + centre
    found[:, -1] = leaves
    return np.asarray(found)


def _arc(kind: int, radius: float, start: Array, direction: Array, length: Array) -> Array:
    """Points (posture, point, axis) along geodesics of a cylinder about z, or of a sphere, in the surface's frame."""
    along = length[:, None, None] * np.linspace(0.0, 1.0, ON_ARC)[:, None]
    start, direction = start[:, None], direction[:, None]
    if kind == CYLINDER:
        around = np.concatenate([-start[..., 1:2], start[..., :1]], axis=-1)
        angle = along * (direction[..., :2] * around).sum(axis=-1, keepdims=True) / radius**2
        flat = start[..., :2] * np.cos(angle) + around * np.sin(angle)
        return np.concatenate([flat, start[..., 2:] + along * direction[..., 2:]], axis=-1)
    return np.asarray(start * np.cos(along / radius) + radius * direction * np.sin(along / radius))
