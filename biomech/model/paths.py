"""Lines of action: length, moment arm and the wrench on the bones.

A path is a chain of points on segments. A *conditional* point counts only while its coordinate lies in a range; while
it is off it is put midway between its neighbours, which changes neither length nor moment arm. A *moving* point
slides on its segment as a spline of one coordinate (the patella: Delp et al. 1990). A *span* joins two consecutive
points; the force along it acts on a coordinate through the coordinate's screw, r = -dL/dq = +-(w . (p x u) + v . u),
and through the sliding of moving points (virtual work; An et al. 1984, J Biomech Eng 106:280).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._jit import jit, select
from biomech.errors import ModelError
from biomech.model.skeleton import Frames, point, rotate, work_on
from biomech.model.splines import SplineTables, evaluate_spline
from biomech.model.tables import Table

Array = NDArray[np.float64]
Index = NDArray[np.int64]

#: OpenSim keeps a conditional point active this far (rad) outside its range.
SLACK = 1e-5

FIXED, CONDITIONAL, MOVING = 0, 1, 2


class PathTables(NamedTuple):
    """All paths, flat.

    ``segment``, ``kind``, ``coordinate`` (point,); ``local`` (point, 3); ``spline`` (point, 2) for x and y;
    ``active`` (point, 2) in rad; points of a muscle from ``start[i]`` to ``start[i + 1]``, and span s joins points s
    and s + 1. ``terms``: rows (span, coordinate, sign, arm); ``arms``: rows (muscle, coordinate), the moment arms
    that can differ from zero; ``slides``: rows (moving point, span, coordinate, sign, arm).
    """

    segment: Index
    kind: Index
    coordinate: Index
    local: Array
    spline: Index
    active: Array
    start: Index
    terms: Index
    arms: Index
    slides: Index


class PathState(NamedTuple):
    """What the path kernel fills, for one posture.

    ``position`` (point, 3) in ground; ``wrench`` (point, 6): unit vector u of the span that starts here and p x u;
    ``length`` (muscle,); ``arm`` (arm,).
    """

    position: Array
    wrench: Array
    length: Array
    arm: Array


def make_path_state(paths: PathTables) -> PathState:
    """An empty workspace."""
    points, muscles, arms = len(paths.segment), len(paths.start) - 1, len(paths.arms)
    return PathState(np.zeros((points, 3)), np.zeros((points, 6)), np.zeros(muscles), np.zeros(arms))


def compile_paths(
    tables: Mapping[str, Table],
    muscles: list[str],
    segments: list[str],
    coordinates: list[str],
    splines: dict[str, int],
    moves: NDArray[np.bool_],
) -> PathTables:
    """Flat tables of the paths of the given muscles; ``moves`` (coordinate, segment) is the tree's."""
    table = tables["path_points"]
    place = {name: i for i, name in enumerate(["ground", *segments])}
    number = {name: i for i, name in enumerate(coordinates)}
    columns = {c: table.text(c) for c in ("muscle", "segment", "kind", "spline_x", "spline_y", "coordinate")}
    local, active = table.numbers("x", "y", "z"), table.numbers("active_min", "active_max")
    rows: list[int] = []
    start = [0]
    for muscle in muscles:
        own = [i for i, name in enumerate(columns["muscle"]) if name == muscle]
        _check_path(muscle, [columns["kind"][i] for i in own])
        rows.extend(own)
        start.append(len(rows))
    kinds = {"fixed": FIXED, "conditional": CONDITIONAL, "moving": MOVING}
    segment = np.array([place[columns["segment"][i]] for i in rows])
    kind = np.array([kinds[columns["kind"][i]] for i in rows])
    coordinate = np.array([number.get(columns["coordinate"][i], -1) for i in rows])
    spline = np.array([[splines.get(columns[c][i], -1) for c in ("spline_x", "spline_y")] for i in rows])
    terms, arms, slides = _terms(start, segment, kind, coordinate, moves)
    return PathTables(
        segment, kind, coordinate, local[rows], spline, active[rows], np.array(start), terms, arms, slides
    )


def _check_path(muscle: str, kinds: list[str]) -> None:
    if len(kinds) < 2:
        raise ModelError(f"muscle {muscle!r}: needs at least two path points, has {len(kinds)}")
    if "conditional" in (kinds[0], kinds[-1]):
        raise ModelError(f"muscle {muscle!r}: its first and last path point must not be conditional")


def _terms(
    start: list[int], segment: Index, kind: Index, coordinate: Index, moves: NDArray[np.bool_]
) -> tuple[Index, Index, Index]:
    """Which span works on which coordinate: the one that moves one of its ends and not the other."""
    terms: list[tuple[int, int, int, int]] = []
    arms: dict[tuple[int, int], int] = {}
    slides: list[tuple[int, int, int, int, int]] = []
    for muscle, (a, b) in enumerate(pairwise(start)):
        for s in range(a, b - 1):
            near, far = moves[:, segment[s]], moves[:, segment[s + 1]]
            for c in np.flatnonzero(near != far):
                arm = arms.setdefault((muscle, int(c)), len(arms))
                terms.append((s, int(c), 1 if near[c] else -1, arm))
        for p in range(a, b):
            if kind[p] == MOVING:
                slider = int(coordinate[p])
                arm = arms.setdefault((muscle, slider), len(arms))
                # sliding on along a span shortens it, sliding on along the span before lengthens that
                slides += [(p, s, slider, sign, arm) for s, sign in ((p - 1, -1), (p, 1)) if a <= s < b - 1]
    return (
        np.array(terms, dtype=np.int64).reshape(-1, 4),
        np.array(list(arms), dtype=np.int64).reshape(-1, 2),
        np.array(slides, dtype=np.int64).reshape(-1, 5),
    )


@jit
def lay_paths(t: PathTables, splines: SplineTables, q: Array, f: Frames, state: PathState) -> None:
    """Positions of all path points, spans and lengths of all muscles."""
    for muscle in range(len(t.start) - 1):
        a, b = t.start[muscle], t.start[muscle + 1]
        for p in range(a, b):
            x, y, z = t.local[p, 0], t.local[p, 1], t.local[p, 2]
            if t.kind[p] == MOVING:
                x, _ = evaluate_spline(splines, t.spline[p, 0], q[t.coordinate[p]])
                y, _ = evaluate_spline(splines, t.spline[p, 1], q[t.coordinate[p]])
            gx, gy, gz = point(f, t.segment[p], x, y, z)
            state.position[p, 0], state.position[p, 1], state.position[p, 2] = gx, gy, gz
        _lift_inactive(t, q, a, b, state.position)
        length = 0.0
        for p in range(a, b - 1):
            length += _span(state.position, p, state.wrench)
        state.length[muscle] = length


@jit
def _lift_inactive(t: PathTables, q: Array, a: int, b: int, position: Array) -> None:
    """Put every conditional point that is off midway between its neighbours on the path."""
    for p in range(a + 1, b - 1):
        if t.kind[p] == CONDITIONAL:
            on = _active(t, q, p)
            # the next point that counts: the first after p that is not an inactive conditional one
            nx, ny, nz = position[b - 1, 0], position[b - 1, 1], position[b - 1, 2]
            for n in range(b - 2, p, -1):
                counts = t.kind[n] != CONDITIONAL or _active(t, q, n)
                nx = select(counts, position[n, 0], nx)
                ny = select(counts, position[n, 1], ny)
                nz = select(counts, position[n, 2], nz)
            position[p, 0] = select(on, position[p, 0], 0.5 * (position[p - 1, 0] + nx))
            position[p, 1] = select(on, position[p, 1], 0.5 * (position[p - 1, 1] + ny))
            position[p, 2] = select(on, position[p, 2], 0.5 * (position[p - 1, 2] + nz))


@jit
def _active(t: PathTables, q: Array, p: int) -> bool:
    angle = q[t.coordinate[p]]
    return bool((angle >= t.active[p, 0] - SLACK) & (angle <= t.active[p, 1] + SLACK))


@jit
def _span(position: Array, p: int, wrench: Array) -> float:
    x, y, z = position[p, 0], position[p, 1], position[p, 2]
    dx, dy, dz = position[p + 1, 0] - x, position[p + 1, 1] - y, position[p + 1, 2] - z
    length = np.sqrt(dx * dx + dy * dy + dz * dz)
    ux, uy, uz = dx / length, dy / length, dz / length
    w = wrench[p]
    w[0], w[1], w[2] = ux, uy, uz
    w[3], w[4], w[5] = y * uz - z * uy, z * ux - x * uz, x * uy - y * ux
    return float(length)


@jit
def moment_arms(t: PathTables, splines: SplineTables, q: Array, f: Frames, state: PathState) -> None:
    """Moment arms r = -dL/dq (m, or 1 for translations) of every muscle, after ``lay_paths``."""
    state.arm[:] = 0.0
    for k in range(len(t.terms)):
        work = work_on(f.screw[t.terms[k, 1]], state.wrench[t.terms[k, 0]])
        state.arm[t.terms[k, 3]] += t.terms[k, 2] * work
    for k in range(len(t.slides)):
        p, span, c = t.slides[k, 0], t.slides[k, 1], t.slides[k, 2]
        _, sx = evaluate_spline(splines, t.spline[p, 0], q[c])
        _, sy = evaluate_spline(splines, t.spline[p, 1], q[c])
        vx, vy, vz = rotate(f.rotation[t.segment[p]], sx, sy, 0.0)
        w = state.wrench[span]
        state.arm[t.slides[k, 4]] += t.slides[k, 3] * (w[0] * vx + w[1] * vy + w[2] * vz)
