"""Lines of action: length, moment arm and the wrench on the bones.

A path is a chain of points on segments. A *conditional* point counts only while its coordinate lies in a range; while
it is off it is put midway between its neighbours, which changes neither length nor moment arm; where it ends the path,
to the next that counts, with which the path ends then. A *moving* point
slides on its segment as a spline of one coordinate (the patella: Delp et al. 1990), or by a function of one along each
axis (``moving_points``). A *span* joins two consecutive points; the force along it acts on a coordinate through the
coordinate's screw, r = -dL/dq = +-(w . (p x u) + v . u), and through the sliding of moving points (virtual work; An et
al. 1984, J Biomech Eng 106:280). A *stretch* may wrap over surfaces on the way (``wrapping``): a shortest way, so that
to first order moving the contacts changes no length.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, kernel
from biomech._kernels.arrays import Array1, Array2, Index1, Index2
from biomech._simd import select, zeros
from biomech.errors import ModelError
from biomech.model.mechanics.couplers import dependents_of
from biomech.model.mechanics.functions import Functions
from biomech.model.mechanics.moving_points import (
    MovingPoints,
    compile_moving_points,
    place_moving_points,
    slide_along,
)
from biomech.model.mechanics.path_points import CONDITIONAL, FIXED, MOVING, MOVING_BY_ROWS, is_active
from biomech.model.mechanics.splines import SplineTables, evaluate_spline
from biomech.model.mechanics.tree import Frames, point, rotate, virtual_work
from biomech.model.mechanics.wrapping.laying import (
    WrapWork,
    lay_stretch,
    make_wrap_work,
    mark_points,
    place_wraps,
    pull_stretch,
)
from biomech.model.mechanics.wrapping.tables import WrapTables, compile_wraps
from biomech.model.tables import Table

Array = NDArray[np.float64]
Index = NDArray[np.int64]

#: What a point of each kind must name.
_NEEDED = {"fixed": (), "conditional": ("coordinate",), "moving": ("coordinate", "spline_x", "spline_y")}


#: What stands for zero in a divisor.
_TINY = 1e-300


class PathTables(NamedTuple):
    """All paths, flat.

    ``segment``, ``kind``, ``coordinate`` (point,); ``local`` (point, 3); ``spline`` (point, 2) for x and y;
    ``active`` (point, 2) in rad; points of a muscle from ``start[i]`` to ``start[i + 1]``, and span s joins points s
    and s + 1. ``terms``: rows (span, coordinate, sign, arm); ``arms``: rows (muscle, coordinate), the moment arms
    that can differ from zero; ``slides``: rows (moving point, span, coordinate, sign, arm). ``span``: rows (span,
    muscle) of those that do not lie within one segment, and ``within`` (muscle,), the length of those that do;
    ``placed``: the points that the former need. ``wraps``: what paths wrap over, on stretches whose spans are in
    neither. ``pulls``: rows (wrench, muscle, near and far segment) of all that a path pulls with: wrench s of span s,
    and those of its wraps, each on its near segment and against its far one. ``followed``: terms of coordinates that
    follow others, rows (span, coordinate, sign, arm, pair), the arm that of the one that they follow; ``ends``: rows
    (point, other end of its path) of conditional first and last points; ``moving_points`` and their ``ways``: rows
    (moving point, way, span, sign, arm, pair), pair -1 where the way is that of the arm's own coordinate.
    """

    segment: Index1
    kind: Index1
    coordinate: Index1
    local: Array2
    spline: Index2
    active: Array2
    start: Index1
    terms: Index2
    arms: Index2
    moving: Index1
    switching: Index2
    slides: Index2
    ends: Index2
    span: Index2
    within: Array1
    placed: Index1
    wraps: WrapTables
    pulls: Index2
    followed: Index2
    moving_points: MovingPoints
    ways: Index2


class PathState(NamedTuple):
    """What the path kernel fills, for one posture.

    ``position`` (point, 3) in ground; ``wrench`` (point, 6): unit vector u of the span that starts here and p x u,
    after which those of wraps follow; ``length`` (muscle,); ``arm`` (arm,).
    """

    position: Array2
    wrench: Array2
    length: Array1
    arm: Array1
    wraps: WrapWork


@allocating_kernel
def make_path_state(number: Any, paths: PathTables) -> PathState:
    """An empty workspace of floats or lanes."""
    points, muscles, arms = len(paths.segment), len(paths.start) - 1, len(paths.arms)
    return PathState(
        zeros(number, (points, 3)),
        zeros(number, (points + len(paths.wraps.pull), 6)),
        zeros(number, (muscles,)),
        zeros(number, (arms,)),
        make_wrap_work(number, paths.wraps),
    )


def compile_paths(
    tables: Mapping[str, Table],
    muscles: list[str],
    segments: list[str],
    coordinates: list[str],
    splines: dict[str, int],
    functions: Functions,
    affects: NDArray[np.bool_],
    pairs: Index,
) -> PathTables:
    """Flat tables of the paths of the given muscles; ``affects`` (coordinate, segment) and ``pairs`` are the tree's.

    ``tables`` are all, the optional ones too.
    """
    table = tables["path_points"]
    place = {name: i for i, name in enumerate(["ground", *segments])}
    number = {name: i for i, name in enumerate(coordinates)}
    columns = {c: table.text(c) for c in ("muscle", "segment", "kind", "spline_x", "spline_y", "coordinate")}
    local, active = table.numbers("x", "y", "z"), table.numbers("active_min", "active_max")
    by_rows = set(tables["point_rows"].rows)
    rows: list[int] = []
    start = [0]
    for muscle in muscles:
        own = [i for i, name in enumerate(columns["muscle"]) if name == muscle]
        _check_path(muscle, [columns["kind"][i] for i in own])
        for i in own:
            for column in () if table.rows[i] in by_rows else _NEEDED[columns["kind"][i]]:
                if not columns[column][i]:
                    where = f"path_points/{table.rows[i]}/{column}"
                    raise ModelError(f"{where}: must not be empty, for the point is {columns['kind'][i]}")
        rows.extend(own)
        start.append(len(rows))
    kinds = {"fixed": FIXED, "conditional": CONDITIONAL, "moving": MOVING}
    segment = np.array([place[columns["segment"][i]] for i in rows], dtype=np.int64)
    kind_of = [MOVING_BY_ROWS if table.rows[i] in by_rows else kinds[columns["kind"][i]] for i in rows]
    kind = np.array(kind_of, dtype=np.int64)
    coordinate = np.array([number.get(columns["coordinate"][i], -1) for i in rows], dtype=np.int64)
    pair = [[splines.get(columns[c][i], -1) for c in ("spline_x", "spline_y")] for i in rows]
    spline = np.array(pair, dtype=np.int64).reshape(-1, 2)
    local, active = (own.reshape(len(table), -1)[rows] if rows else own[:0] for own in (local, active))
    moving_points = compile_moving_points(
        tables["point_rows"],
        {table.rows[i]: p for p, i in enumerate(rows)},
        segment,
        local,
        coordinates,
        functions,
        _ranges(tables),
    )
    wraps = compile_wraps(tables, muscles, place, start, kind)
    pulls = _pulls(start, segment, wraps)
    terms, arms, slides, followed, ways = _terms(start, kind, coordinate, affects, pulls, wraps, pairs, moving_points)
    last = np.repeat(np.array(start[1:], dtype=np.int64) - 1, np.diff(start))
    inner = np.ones(len(kind), dtype=np.bool_)
    inner[[*start[:-1], *(end - 1 for end in start[1:])]] = False
    switching = np.flatnonzero((kind == CONDITIONAL) & inner)
    moving = np.flatnonzero(kind == MOVING)
    return PathTables(
        segment,
        kind,
        coordinate,
        local,
        spline,
        active,
        np.array(start),
        terms,
        arms,
        moving,
        np.column_stack([switching, last[switching]]),
        slides,
        _conditional_ends(start, kind),
        *_live(start, segment, kind, local, wraps.stretch),
        wraps,
        pulls,
        followed,
        moving_points,
        ways,
    )


def _ranges(tables: Mapping[str, Table]) -> dict[str, tuple[float, float]]:
    """Ranges of coordinates, rad and m."""
    if "coordinates" not in tables:
        return {}
    table = tables["coordinates"]
    columns = zip(table.rows, table.text("motion"), table.numbers("range_min", "range_max"), strict=True)
    unit = {"rotation": math.pi / 180.0}
    return {name: (unit.get(kind, 1.0) * ends[0], unit.get(kind, 1.0) * ends[1]) for name, kind, ends in columns}


def _conditional_ends(start: list[int], kind: Index) -> Index:
    """Rows (point, other end of its path) of first and last points that are conditional."""
    ends = [row for a, b in pairwise(start) for row in ((a, b - 1), (b - 1, a))]
    return np.array([row for row in ends if kind[row[0]] == CONDITIONAL], dtype=np.int64).reshape(-1, 2)


def _live(start: list[int], segment: Index, kind: Index, local: Array, stretches: Index) -> tuple[Index, Array, Index]:
    """Spans whose length can change, the length of the others per muscle, and the points to be placed."""
    spans, within, placed = [], np.zeros(len(start) - 1), set()
    wrapped = {s for _, first, last, _, _ in stretches.tolist() for s in range(first, last)}
    for muscle, (a, b) in enumerate(pairwise(start)):
        for s in range(a, b - 1):
            if s in wrapped:
                placed |= {s, s + 1}
            elif segment[s] == segment[s + 1] and kind[s] == FIXED and kind[s + 1] == FIXED:
                within[muscle] += np.linalg.norm(local[s + 1] - local[s])
            else:
                spans.append((s, muscle))
        # an inactive conditional point looks for its neighbours
        ends = range(a, b) if CONDITIONAL in kind[a:b] else {p for s, m in spans if m == muscle for p in (s, s + 1)}
        placed |= set(ends)
    return np.array(spans, dtype=np.int64).reshape(-1, 2), within, np.array(sorted(placed), dtype=np.int64)


def _pulls(start: list[int], segment: Index, wraps: WrapTables) -> Index:
    """Segments between which each wrench of each muscle pulls."""
    pulls: list[tuple[int, int, int, int]] = []
    for muscle, (a, b) in enumerate(pairwise(start)):
        pulls += [(s, muscle, segment[s], segment[s + 1]) for s in range(a, b - 1)]
        for k, (use, s) in enumerate(wraps.pull.tolist(), start=len(segment)):
            if a <= s < b:
                pulls.append((k, muscle, segment[s], wraps.segment[wraps.use[use, 0]]))
    return np.array(pulls, dtype=np.int64).reshape(-1, 4)


def _check_path(muscle: str, kinds: list[str]) -> None:
    if len(kinds) < 2:
        raise ModelError(f"muscle {muscle!r}: needs at least two path points, has {len(kinds)}")


def _terms(
    start: list[int],
    kind: Index,
    coordinate: Index,
    affects: NDArray[np.bool_],
    pulls: Index,
    wraps: WrapTables,
    pairs: Index,
    moving: MovingPoints,
) -> tuple[Index, Index, Index, Index, Index]:
    """Which wrench works on which coordinate: the one that moves one of its segments and not the other.

    What works on a coordinate that follows others works on those.
    """
    terms: list[tuple[int, int, int, int]] = []
    arms: dict[tuple[int, int], int] = {}
    slides: list[tuple[int, int, int, int, int]] = []
    followed: list[tuple[int, int, int, int, int]] = []
    ways: list[tuple[int, int, int, int, int, int]] = []
    leaders, of_point = dependents_of(pairs), {int(p): k for k, p in enumerate(moving.point)}
    for muscle, (a, b) in enumerate(pairwise(start)):
        for row, _, one, other in pulls[pulls[:, 1] == muscle].tolist():
            near, far = affects[:, one], affects[:, other]
            for c in map(int, np.flatnonzero(near != far)):
                sign = 1 if near[c] else -1
                for independent, pair in leaders.get(c, []):
                    arm = arms.setdefault((muscle, independent), len(arms))
                    followed.append((row, c, sign, arm, pair))
                if c not in leaders:
                    arm = arms.setdefault((muscle, c), len(arms))
                    terms.append((row, c, sign, arm))
        for p in range(a, b):
            if kind[p] == MOVING:
                slider = int(coordinate[p])
                arm = arms.setdefault((muscle, slider), len(arms))
                # sliding on along a span shortens it, sliding on along the span before lengthens that
                slides += [(p, s, slider, sign, arm) for s, sign in ((p - 1, -1), (p, 1)) if a <= s < b - 1]
                # and with what wraps add, the span comes to its near end as it does to its far one
                added = np.flatnonzero(wraps.pull[:, 1] == p).tolist()
                slides += [(p, len(kind) + k, slider, 1, arm) for k in added]
            elif kind[p] == MOVING_BY_ROWS:
                k = of_point[p]
                ends = [(s, sign) for s, sign in ((p - 1, -1), (p, 1)) if a <= s < b - 1]
                ends += [(len(kind) + w, 1) for w in np.flatnonzero(wraps.pull[:, 1] == p).tolist()]
                for n in range(moving.start[k], moving.start[k + 1]):
                    c = int(moving.coordinate[n])
                    for independent, pair in leaders.get(c, [(c, -1)] if c >= 0 else []):
                        arm = arms.setdefault((muscle, independent), len(arms))
                        ways += [(k, n, s, sign, arm, pair) for s, sign in ends]
    return (
        np.array(terms, dtype=np.int64).reshape(-1, 4),
        np.array(list(arms), dtype=np.int64).reshape(-1, 2),
        np.array(slides, dtype=np.int64).reshape(-1, 5),
        np.array(followed, dtype=np.int64).reshape(-1, 5),
        np.array(ways, dtype=np.int64).reshape(-1, 6),
    )


@kernel
def path_kinematics(paths: PathTables, splines: SplineTables, q: Array, frames: Frames, state: PathState) -> None:
    """Positions of all path points, spans and lengths of all muscles."""
    position = state.position
    for k in range(len(paths.placed)):
        p = paths.placed[k]
        x, y, z = point(frames, paths.segment[p], paths.local[p, 0], paths.local[p, 1], paths.local[p, 2])
        position[p, 0], position[p, 1], position[p, 2] = x, y, z
    for k in range(len(paths.moving)):
        p = paths.moving[k]
        x, _ = evaluate_spline(splines, paths.spline[p, 0], q[paths.coordinate[p]])
        y, _ = evaluate_spline(splines, paths.spline[p, 1], q[paths.coordinate[p]])
        x, y, z = point(frames, paths.segment[p], x, y, paths.local[p, 2])
        position[p, 0], position[p, 1], position[p, 2] = x, y, z
    place_moving_points(paths.moving_points, q, frames, position)
    _draw_in_ends(paths.ends, paths.kind, paths.coordinate, paths.active, q, position)
    _lift_inactive(paths.switching, paths.kind, paths.coordinate, paths.active, q, position)
    for muscle in range(len(paths.within)):
        state.length[muscle] = paths.within[muscle]
    for k in range(len(paths.span)):
        state.length[paths.span[k, 1]] += _path_segment(position, paths.span[k, 0], state.wrench)
    if len(paths.wraps.stretch) > 0:
        _wrap(paths, q, frames, state)


@kernel
def _wrap(paths: PathTables, q: Array, frames: Frames, state: PathState) -> None:
    """Lay the stretches of paths that may wrap."""
    wraps, work = paths.wraps, state.wraps
    place_wraps(wraps, frames, work)
    for k in range(len(wraps.stretch)):
        for s in range(wraps.stretch[k, 1], wraps.stretch[k, 2]):
            _path_segment(state.position, s, state.wrench)
        mark_points(wraps, k, paths.coordinate, paths.active, q, work)
        for n in range(len(paths.ends)):
            p = paths.ends[n, 0]
            work.counts[p] = select(is_active(paths.active, p, q[paths.coordinate[p]]), 1.0, 0.0)
        state.length[wraps.stretch[k, 0]] += lay_stretch(wraps, k, state.position, work)
        pull_stretch(wraps, k, work, state.wrench)


@kernel
def _draw_in_ends(ends: Index, kind: Index, coordinate: Index, active: Array, q: Array, position: Array) -> None:
    """Put every conditional end of a path that is off to the nearest point that counts."""
    for k in range(len(ends)):
        p, other = ends[k, 0], ends[k, 1]
        step = 1 if p > other else -1
        on = is_active(active, p, q[coordinate[p]])
        x, y, z = position[other, 0], position[other, 1], position[other, 2]
        for n in range(other + step, p, step):
            counts = (kind[n] != CONDITIONAL) | is_active(active, n, q[coordinate[n]])
            x, y, z = (
                select(counts, position[n, 0], x),
                select(counts, position[n, 1], y),
                select(counts, position[n, 2], z),
            )
        position[p, 0] = select(on, position[p, 0], x)
        position[p, 1] = select(on, position[p, 1], y)
        position[p, 2] = select(on, position[p, 2], z)


@kernel
def _lift_inactive(switching: Index, kind: Index, coordinate: Index, active: Array, q: Array, position: Array) -> None:
    """Put every conditional point that is off midway between its neighbours on the path."""
    for k in range(len(switching)):
        p, last = switching[k, 0], switching[k, 1]
        on = is_active(active, p, q[coordinate[p]])
        # the next point that counts: the first after p that is not an inactive conditional one
        nx, ny, nz = position[last, 0], position[last, 1], position[last, 2]
        for n in range(last - 1, p, -1):
            counts = (kind[n] != CONDITIONAL) | is_active(active, n, q[coordinate[n]])
            nx = select(counts, position[n, 0], nx)
            ny = select(counts, position[n, 1], ny)
            nz = select(counts, position[n, 2], nz)
        position[p, 0] = select(on, position[p, 0], 0.5 * (position[p - 1, 0] + nx))
        position[p, 1] = select(on, position[p, 1], 0.5 * (position[p - 1, 1] + ny))
        position[p, 2] = select(on, position[p, 2], 0.5 * (position[p - 1, 2] + nz))


@kernel
def _path_segment(position: Array, p: int, wrench: Array) -> float:
    x, y, z = position[p, 0], position[p, 1], position[p, 2]
    dx, dy, dz = position[p + 1, 0] - x, position[p + 1, 1] - y, position[p + 1, 2] - z
    length = math.sqrt(dx * dx + dy * dy + dz * dz)
    inverse = 1.0 / max(length, _TINY)  # of a span without length, which has no direction, there is no wrench
    ux, uy, uz = dx * inverse, dy * inverse, dz * inverse
    wrench[p, 0], wrench[p, 1], wrench[p, 2] = ux, uy, uz
    wrench[p, 3], wrench[p, 4], wrench[p, 5] = y * uz - z * uy, z * ux - x * uz, x * uy - y * ux
    return length


@kernel
def moment_arms(paths: PathTables, splines: SplineTables, q: Array, frames: Frames, state: PathState) -> None:
    """Moment arms r = -dL/dq (m, or 1 for translations) of every muscle, after ``path_kinematics``."""
    for k in range(len(state.arm)):
        state.arm[k] = 0.0
    for k in range(len(paths.terms)):
        work = virtual_work(frames.screw, paths.terms[k, 1], state.wrench, paths.terms[k, 0])
        state.arm[paths.terms[k, 3]] += paths.terms[k, 2] * work
    for k in range(len(paths.slides)):
        p, span, c = paths.slides[k, 0], paths.slides[k, 1], paths.slides[k, 2]
        _, sx = evaluate_spline(splines, paths.spline[p, 0], q[c])
        _, sy = evaluate_spline(splines, paths.spline[p, 1], q[c])
        vx, vy, vz = rotate(frames.rotation, paths.segment[p], sx, sy, 0.0)
        along = state.wrench[span, 0] * vx + state.wrench[span, 1] * vy + state.wrench[span, 2] * vz
        state.arm[paths.slides[k, 4]] += paths.slides[k, 3] * along
    for k in range(len(paths.followed)):
        work = virtual_work(frames.screw, paths.followed[k, 1], state.wrench, paths.followed[k, 0])
        state.arm[paths.followed[k, 3]] += paths.followed[k, 2] * frames.rate[paths.followed[k, 4]] * work
    for k in range(len(paths.ways)):
        along = slide_along(
            paths.moving_points, paths.ways[k, 0], paths.ways[k, 1], q, frames, state.wrench, paths.ways[k, 2]
        )
        if paths.ways[k, 5] >= 0:
            along = frames.rate[paths.ways[k, 5]] * along
        state.arm[paths.ways[k, 4]] += paths.ways[k, 3] * along
