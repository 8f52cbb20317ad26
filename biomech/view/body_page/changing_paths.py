"""What of a path changes from posture to posture: arcs over what it wraps over, and points that move by functions.

Points on segments are told once and a page places them, those that slide with an angle along a table. Where a path
meets a surface, in what order, and whether it does, and where points are that move along several functions, is told
posture by posture. The built-in bodies have none of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech.model.geometry import followed, pose_muscles
from biomech.model.mechanics.path_points import MOVING_BY_ROWS
from biomech.model.mechanics.tree import Frames
from biomech.model.mechanics.wrapping.laying import WrapWork
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
    order = np.full((len(q), uses), np.nan)
    place, moved = np.full((len(q), uses, ON_ARC, 3), np.nan), np.full((len(q), len(points), 3), np.nan)
    for i in np.flatnonzero(there):
        frames, state = pose_muscles(compiled, q[i])
        order[i], place[i] = _arcs(wraps, frames, state.wraps)
        for k, point in enumerate(points):
            moved[i, k] = _in_segment(frames, int(compiled.paths.segment[point]), state.position[point])
    start = compiled.paths.start
    first = np.zeros(uses)
    for muscle, _, _, begin, end in wraps.stretch.tolist():
        first[begin:end] = start[muscle]
    found = {"wrap_order": rounded(order - first, ORDER), "wrap_place": rounded(place, step)} if uses else {}
    return found | ({"moved": rounded(moved, step)} if points else {})


def _in_segment(frames: Frames, segment: int, place: Array) -> Array:
    """A place (..., 3) in ground, in a segment's axes."""
    return np.asarray((place - frames.origin[segment]) @ frames.rotation[segment].reshape(3, 3))


def _arcs(wraps: WrapTables, frames: Frames, work: WrapWork) -> tuple[Array, Array]:
    """Order (use,) and points (use, point, axis) of the arcs of one posture; NaN where a surface is not touched."""
    order, place = np.where(work.order < 0.0, np.nan, work.order), np.full((len(wraps.use), ON_ARC, 3), np.nan)
    for use in np.flatnonzero(work.order >= 0.0):
        surface = wraps.use[use, 0]
        turn, centre = work.rotation[surface].reshape(3, 3), work.centre[surface]
        way, segment = work.way[use].reshape(4, 3), int(wraps.segment[surface])
        local = np.vstack([(way[0] - centre) @ turn, way[1] @ turn])
        radius = float(wraps.size[surface, 0])
        arc = _arc(int(wraps.kind[surface]), radius, local[0], local[1], float(work.arc[use]))
        arc[-1] = (way[LEAVES // 3] - centre) @ turn
        place[use] = _in_segment(frames, segment, arc @ turn.T + centre)
    return order, place


def _arc(kind: int, radius: float, start: Array, direction: Array, length: float) -> Array:
    """Points (point, axis) along a geodesic of a cylinder about z, or of a sphere, in the surface's frame."""
    along = np.linspace(0.0, length, ON_ARC)[:, None]
    if kind == CYLINDER:
        around = np.array([-start[1], start[0], 0.0])
        angle = along * float(direction @ around) / radius**2
        x, y = start[0] * np.cos(angle) - start[1] * np.sin(angle), start[0] * np.sin(angle) + start[1] * np.cos(angle)
        return np.hstack([x, y, start[2] + along * direction[2]])
    return np.asarray(start * np.cos(along / radius) + radius * direction * np.sin(along / radius))
