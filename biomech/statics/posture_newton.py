"""The kernel that closes the chain: Newton's method on conditions that are linear in directions and points.

Each term of a condition is a fixed vector times the direction of a segment's axis, a point, or the centre of mass of
the whole body; its derivative with respect to a coordinate is a dot product with the coordinate's screw.

The conditions have several solutions: a body that hangs below the floor, a leg turned about its length until the knee
points backwards, hips before the ankles instead of behind them. One *branch* is the body's:

1. every standing leg is the right way round. The line h from ankle to hip, the ankle's axis a and the subtalar axis s
   keep the sense h . (a x s) > 0 (of a right leg) that they have upright; where they pass through zero the two joints
   no longer place the hip independently, and the leg folds over into another solution;
2. the hips are above the ankles, and on a seat behind them: where they are level with the ankles, or straight above
   them on a seat, the two solutions of a leg between its foot and the hip's height meet;
3. no heel that is off the floor is below the ball of its foot;
4. every joint is within its range.

Newton's method begins at the first coordinates of the stance (``rows``), the reference posture. Small steps from
there stay on its branch: they follow the path along which all residuals shrink together (Davidenko 1953), which does
not cross a fold. Large steps are tried first. Where they lead elsewhere damped ones are, then the path is followed in
small ones, and at last from a detour; but not where even the nearest approach is far off (``FAR``). The answer depends
on what the posture is asked, and on nothing else.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, entry_point, kernel
from biomech._kernels.arrays import Array1, Array2, Index1, Index2
from biomech._simd import (
    IndexArray,
    any_lane,
    arange,
    block_indices,
    gather,
    make_lane_index,
    scatter,
    select,
    simd_zero,
    width,
    zeros,
)
from biomech._simd.dense_ldl import factor_ldl, solve_ldl
from biomech.model.compiled import ModelTables
from biomech.model.mechanics.tree import (
    LOAD,
    Frames,
    TreeTables,
    composite_masses,
    forward_kinematics,
    make_frames,
    point,
    rotate,
)

Array = NDArray[np.float64]
Index = NDArray[np.int64]

#: Newton's method stops here; a chain counts as closed up to the second (m, or sine of an angle).
TOLERANCE, CLOSED = 1e-12, 1e-10
STEPS, FEW_STEPS = 60, 8
#: A chain on feet whose nearest approach in large steps stays off by more (50 mm, or 3 deg) is out of reach. Small
#: steps and detours lead back those that ended on another branch: of 330,000 random stances on feet that have a posture
#: they alone found some hundred, which were off by 7 mm at most before. On a seat large steps may take longer.
FAR = 0.05
#: rad: no coordinate turns further in one step; where a branch is followed.
LARGE, SMALL = 0.5, 0.1
#: How far a coordinate may pass its range (rad, m).
SLACK = 1e-6
DIRECTION, POINT, CENTRE = 0, 1, 2


class ConstraintTables(NamedTuple):
    """The conditions, flat.

    ``unknown`` (unknown,): coordinates to be found; ``kind``, ``segment``, ``local`` (term, 3) of every term, and
    ``owner`` (term,), the condition it adds to. ``leg`` (leg, 4): thigh and talus, ankle and subtalar coordinate of the
    legs that stand, ``side`` (leg,) 1 for a right and -1 for a left one; ``raised`` (foot, 2): feet on their ball, each
    with one that is flat; ``seated``; ``least`` and ``most`` (coordinate,): ranges. ``detour`` (detour, unknown): how
    far from the first coordinates another search begins.
    """

    unknown: Index1
    kind: Index1
    segment: Index1
    local: Array2
    owner: Index1
    leg: Index2
    side: Array1
    raised: Index2
    seated: bool
    least: Array1
    most: Array1
    detour: Array2


class ConstraintTargets(NamedTuple):
    """What the postures must meet.

    ``vector`` (posture, 3 term), ``target`` (posture, condition) and the ``load`` (posture, LOAD) that they carry.
    """

    vector: Array2
    target: Array2
    load: Array2


class PostureTargets(NamedTuple):
    """What one posture must meet: ``vector`` (3 term,), ``target`` (condition,), and its ``load`` (LOAD,)."""

    vector: Array
    target: Array
    load: Array


class ConstraintWork(NamedTuple):
    """Room for one posture.

    ``residual`` and ``jacobian`` (condition, unknown) of the best coordinates so far; ``new_residual`` and
    ``new_jacobian`` of those on ``trial``; ``normal`` (unknown, unknown) and ``step``; ``kept`` (coordinate,), what the
    first search found.
    """

    residual: Array
    jacobian: Array
    new_residual: Array
    new_jacobian: Array
    trial: Array
    normal: Array
    step: Array
    kept: Array


@allocating_kernel
def make_targets(number: Any, constraints: ConstraintTables, rows: int) -> PostureTargets:
    """An empty aim of floats or lanes."""
    return PostureTargets(zeros(number, (3 * len(constraints.kind),)), zeros(number, (rows,)), zeros(number, (LOAD,)))


@allocating_kernel
def make_constraint_work(number: Any, constraints: ConstraintTables, rows: int, coordinates: int) -> ConstraintWork:
    """An empty workspace of floats or lanes."""
    n = len(constraints.unknown)
    return ConstraintWork(
        zeros(number, (rows,)),
        zeros(number, (rows, n)),
        zeros(number, (rows,)),
        zeros(number, (rows, n)),
        zeros(number, (coordinates,)),
        zeros(number, (n, n)),
        zeros(number, (n,)),
        zeros(number, (coordinates,)),
    )


@entry_point
def solve_constraints_simd(
    model: ModelTables,
    constraints: ConstraintTables,
    batch_targets: ConstraintTargets,
    first: Array2,
    q: Array2,
    residual: Array2,
    sound: Array2,
) -> None:
    _close_each(simd_zero(), model, constraints, batch_targets, first, q, residual, sound)


@allocating_kernel
def _close_each(
    number: Any,
    model: ModelTables,
    constraints: ConstraintTables,
    batch_targets: ConstraintTargets,
    first: Array,
    q: Array,
    residual: Array,
    sound: Array,
) -> None:
    rows, own = residual.shape[1], zeros(number, (q.shape[1],))
    begin, right = zeros(number, (q.shape[1],)), zeros(number, (1,))
    f, targets = make_frames(number, model.tree), make_targets(number, constraints, rows)
    work, lane_index = make_constraint_work(number, constraints, rows, q.shape[1]), make_lane_index(number)
    every, index = arange(max(q.shape[1], batch_targets.vector.shape[1])), arange(len(q))
    blocks = -(-len(q) // width(number))
    for block in range(blocks):
        block_indices(index, block, blocks, lane_index)
        gather_targets(batch_targets, lane_index, every, targets)
        gather(first, lane_index, every, begin)
        for k in range(len(own)):
            own[k] = begin[k]
        _, right_way = solve_constraints(model, constraints, targets, begin, own, f, work, own[0] != own[0])
        right[0] = select(right_way, 1.0 + 0.0 * own[0], 0.0)
        scatter(own, lane_index, every, q)
        scatter(work.residual, lane_index, every, residual)
        scatter(right, lane_index, every, sound)


@kernel
def gather_targets(
    batch_targets: ConstraintTargets, lane_index: IndexArray, every: IndexArray, targets: PostureTargets
) -> None:
    """What the postures ``lane_index`` must meet."""
    gather(batch_targets.vector, lane_index, every, targets.vector)
    gather(batch_targets.target, lane_index, every, targets.target)
    gather(batch_targets.load, lane_index, every, targets.load)


@kernel
def solve_constraints(
    model: ModelTables,
    constraints: ConstraintTables,
    targets: PostureTargets,
    first: Array,
    q: Array,
    frames: Frames,
    work: ConstraintWork,
    idle: bool,
) -> tuple[float, bool]:
    """Coordinates that meet every condition on the body's branch.

    Leaves them in ``q``, with their frames and residuals. Returns the largest residual, infinite where a coordinate or
    a condition is not a number, and whether the body is the right way round (rules 1 to 3 of this module).

    ``first`` are the first coordinates; ``q`` is where to begin: there too, or near what was found for the same stance
    at another tilt. Where it is ``idle`` nobody waits for the answer.
    """
    off = newton_steps(model, constraints, targets, q, frames, work)
    sound = _is_sound(constraints, frames)
    taken = idle | ((off < CLOSED) & sound & within_limits(q, constraints.least, constraints.most))
    if any_lane(~taken):
        off, sound = _search_branch(model, constraints, targets, first, q, frames, work, taken, off, sound)
    return off, sound


@kernel
def _search_branch(
    model: ModelTables,
    constraints: ConstraintTables,
    targets: PostureTargets,
    first: Array,
    q: Array,
    frames: Frames,
    work: ConstraintWork,
    taken: bool,
    off: float,
    sound: bool,
) -> tuple[float, bool]:
    """Look for the body's branch where it was not found; where it is not there, the first that closes is kept."""
    zero = 0.0 * targets.target[0]
    rank = select(sound, 2.0 + zero, 1.0)
    rank = select(off < CLOSED, rank, 0.0)
    for c in range(len(q)):
        work.kept[c] = q[c]
        taken = taken | (first[c] != first[c])  # nothing is found for what is not a number
    for attempt in range(2 + len(constraints.detour)):
        if not any_lane(~taken):
            break
        for c in range(len(q)):
            q[c] = select(taken, q[c], first[c])
        if attempt > 1:
            for k in range(len(constraints.unknown)):
                q[constraints.unknown[k]] += select(taken, 0.0, constraints.detour[attempt - 2, k] + zero)
        off = _damped_newton(model, constraints, targets, q, frames, work, LARGE if attempt == 0 else SMALL)
        sound = _is_sound(constraints, frames)
        here = select(sound, 2.0 + zero, 1.0)
        here = select(off < CLOSED, here, 0.0)
        # what was found from elsewhere than the first coordinates gives way to what is found from there
        better = ~taken & (here > (rank if attempt > 0 else zero - 1.0))
        rank = select(better, here, rank)
        found = (off < CLOSED) & sound & within_limits(q, constraints.least, constraints.most)
        for c in range(len(q)):
            # what was taken before stays as it was, though the approach went on
            work.kept[c] = select(better | (found & ~taken), q[c], work.kept[c])
        taken = taken | found
        if attempt == 0 and not constraints.seated:
            taken = taken | ((off > FAR) & (off < np.inf))
    for c in range(len(q)):
        q[c] = work.kept[c]
    _residuals(model, constraints, targets, q, frames, work.residual)
    return _largest(work), _is_sound(constraints, frames)


@kernel
def within_limits(q: Array, least: Array, most: Array) -> bool:
    """Whether every coordinate is within its range; never where one is not a number."""
    inside = q[0] == q[0]
    for k in range(len(q)):
        inside = inside & (q[k] >= least[k] - SLACK) & (q[k] <= most[k] + SLACK)
    return inside


@kernel
def _is_sound(constraints: ConstraintTables, frames: Frames) -> bool:
    """Whether the body is the right way round."""
    o, s = frames.origin, frames.screw
    sound, behind = frames.mass[0] > 0.0, 0.0 * frames.mass[0]
    for leg in range(len(constraints.leg)):
        hip, talus, a, b = (
            constraints.leg[leg, 0],
            constraints.leg[leg, 1],
            constraints.leg[leg, 2],
            constraints.leg[leg, 3],
        )
        x, y, z = o[hip, 0] - o[talus, 0], o[hip, 1] - o[talus, 1], o[hip, 2] - o[talus, 2]
        sense = x * (s[a, 1] * s[b, 2] - s[a, 2] * s[b, 1])
        sense += y * (s[a, 2] * s[b, 0] - s[a, 0] * s[b, 2])
        sense += z * (s[a, 0] * s[b, 1] - s[a, 1] * s[b, 0])
        sound = sound & (constraints.side[leg] * sense > 0.0) & (y > 0.0)
        behind += x
    for k in range(len(constraints.raised)):
        foot, flat, zero = constraints.raised[k, 0], constraints.raised[k, 1], 0.0 * frames.mass[0]
        ax, ay, az = rotate(frames.rotation, foot, zero + 1.0, zero, zero)
        nx, ny, nz = rotate(frames.rotation, flat, zero, zero + 1.0, zero)
        sound = sound & (ax * nx + ay * ny + az * nz <= SLACK)
    if constraints.seated:
        sound = sound & (behind < 0.0)
    return sound


@kernel
def newton_steps(
    model: ModelTables,
    constraints: ConstraintTables,
    targets: PostureTargets,
    q: Array,
    frames: Frames,
    work: ConstraintWork,
) -> float:
    """Newton's method on the conditions, in a few undamped steps: enough from near by. Returns the largest residual."""
    for step in range(FEW_STEPS + 1):
        open_ = _residuals(model, constraints, targets, q, frames, work.residual) > TOLERANCE * TOLERANCE
        if step == FEW_STEPS or not any_lane(open_):
            break
        _jacobian(model.tree, constraints, targets, frames, work.jacobian)
        _step(0.0 * targets.target[0], work)
        _move(open_, LARGE, constraints, work, q, q)
    return _largest(work)


@kernel
def _move(
    open_: bool, most: float, constraints: ConstraintTables, work: ConstraintWork, q: Array, target: Array
) -> None:
    """The step from ``q`` to ``target``, none where it is not ``open_``; no coordinate moves by more than ``most``."""
    largest = most + 0.0 * work.step[0]
    for k in range(len(work.step)):
        largest = max(largest, abs(work.step[k]))
    scale = select(open_, most / largest, 0.0)
    for k in range(len(work.step)):
        c = constraints.unknown[k]
        target[c] = select(open_, q[c] - scale * work.step[k], q[c])


@kernel
def _damped_newton(
    model: ModelTables,
    constraints: ConstraintTables,
    targets: PostureTargets,
    q: Array,
    frames: Frames,
    work: ConstraintWork,
    most: float,
) -> float:
    """Newton's method on the conditions; damped (Levenberg 1944) while a step does not bring them closer.

    Starts at ``q`` and leaves the best coordinates there, and their frames where every condition is met. No coordinate
    moves by more than ``most`` in a step. Returns the largest residual.
    """
    zero = 0.0 * targets.target[0]
    best, damping = np.inf + zero, zero
    for c in range(len(q)):
        work.trial[c] = q[c]
    for i in range(len(work.residual)):
        work.residual[i] = np.inf + zero
    for _ in range(STEPS):
        error = _residuals(model, constraints, targets, work.trial, frames, work.new_residual)
        better = error < best
        _keep(better, q, work)
        best = select(better, error, best)
        damping = select(better, select(damping < 1e-6, 0.0, 0.1 * damping), max(10.0 * damping, 1e-6))
        open_ = (best > TOLERANCE * TOLERANCE) & (damping <= 1e6)
        if not any_lane(open_):
            break
        if any_lane(better):
            _jacobian(model.tree, constraints, targets, frames, work.new_jacobian)
            _keep_jacobian(better, work)
        _step(damping, work)
        for c in range(len(q)):
            work.trial[c] = q[c]
        _move(open_, most, constraints, work, q, work.trial)
    return _largest(work)


@kernel
def _largest(work: ConstraintWork) -> float:
    """The largest residual; infinite where one is not a number."""
    largest, known = 0.0 * work.residual[0], work.residual[0] == work.residual[0]
    for k in range(len(work.residual)):
        largest = max(largest, abs(work.residual[k]))
        known = known & (work.residual[k] == work.residual[k])
    return select(known, largest, np.inf)


@kernel
def _keep(better: bool, q: Array, work: ConstraintWork) -> None:
    """Where the trial is better it is what to go on from."""
    for c in range(len(q)):
        q[c] = select(better, work.trial[c], q[c])
    for i in range(len(work.residual)):
        work.residual[i] = select(better, work.new_residual[i], work.residual[i])


@kernel
def _keep_jacobian(better: bool, work: ConstraintWork) -> None:
    """And its Jacobian."""
    for i in range(len(work.residual)):
        for k in range(len(work.step)):
            work.jacobian[i, k] = select(better, work.new_jacobian[i, k], work.jacobian[i, k])


@kernel
def _step(damping: float, work: ConstraintWork) -> None:
    """Least squares: (J^T J + damping) step = J^T residual."""
    j, rows = work.jacobian, len(work.residual)
    for k in range(len(work.step)):
        total = 0.0 * damping
        for i in range(rows):
            total += j[i, k] * work.residual[i]
        work.step[k] = total
        for h in range(k + 1):
            total = 0.0 * damping
            for i in range(rows):
                total += j[i, k] * j[i, h]
            work.normal[k, h] = total
        work.normal[k, k] += damping
    factor_ldl(work.normal)
    solve_ldl(work.normal, work.step)


@kernel
def _residuals(
    model: ModelTables,
    constraints: ConstraintTables,
    targets: PostureTargets,
    q: Array,
    frames: Frames,
    residual: Array,
) -> float:
    """Residual of every condition, and the sum of their squares."""
    forward_kinematics(model.tree, model.splines, q, frames)
    composite_masses(model.tree, targets.load, frames)
    for k in range(len(residual)):
        residual[k] = -targets.target[k]
    for k in range(len(constraints.kind)):
        x, y, z = _place(constraints, k, frames)
        residual[constraints.owner[k]] += (
            targets.vector[3 * k] * x + targets.vector[3 * k + 1] * y + targets.vector[3 * k + 2] * z
        )
    total = 0.0 * targets.target[0]
    for k in range(len(residual)):
        total += residual[k] * residual[k]
    return total


@kernel
def _place(constraints: ConstraintTables, k: int, frames: Frames) -> tuple[float, float, float]:
    """The direction, point or centre of mass that a term measures."""
    if constraints.kind[k] == DIRECTION:
        return rotate(
            frames.rotation,
            constraints.segment[k],
            constraints.local[k, 0],
            constraints.local[k, 1],
            constraints.local[k, 2],
        )
    if constraints.kind[k] == POINT:
        return point(
            frames, constraints.segment[k], constraints.local[k, 0], constraints.local[k, 1], constraints.local[k, 2]
        )
    share = 1.0 / frames.mass[0]
    return frames.moment[0, 0] * share, frames.moment[0, 1] * share, frames.moment[0, 2] * share


@kernel
def _jacobian(
    tree: TreeTables, constraints: ConstraintTables, targets: PostureTargets, frames: Frames, jacobian: Array
) -> None:
    """The velocity of what a term measures along its vector: of a point p, e . (w x p + v) = w . (p x e) + v . e."""
    zero, s = 0.0 * frames.mass[0], frames.screw
    for i in range(len(jacobian)):
        for u in range(len(constraints.unknown)):
            jacobian[i, u] = zero
    whole = 1.0 / frames.mass[0]
    for k in range(len(constraints.kind)):
        kind, row = constraints.kind[k], constraints.owner[k]
        ex, ey, ez = targets.vector[3 * k], targets.vector[3 * k + 1], targets.vector[3 * k + 2]
        if kind == CENTRE:
            for u in range(len(constraints.unknown)):
                # what the coordinate carries moves, as a part of the whole mass
                c = constraints.unknown[u]
                i = tree.first_body[c]
                x, y, z = frames.moment[i, 0], frames.moment[i, 1], frames.moment[i, 2]
                rate = s[c, 0] * (y * ez - z * ey) + s[c, 1] * (z * ex - x * ez) + s[c, 2] * (x * ey - y * ex)
                rate += frames.mass[i] * (s[c, 3] * ex + s[c, 4] * ey + s[c, 5] * ez)
                jacobian[row, u] += whole * rate
            continue
        x, y, z = _place(constraints, k, frames)
        mx, my, mz = y * ez - z * ey, z * ex - x * ez, x * ey - y * ex
        for u in range(len(constraints.unknown)):
            c = constraints.unknown[u]
            if tree.affects[c, constraints.segment[k]]:
                jacobian[row, u] += s[c, 0] * mx + s[c, 1] * my + s[c, 2] * mz
                if kind == POINT:
                    jacobian[row, u] += s[c, 3] * ex + s[c, 4] * ey + s[c, 5] * ez
    for p in range(len(tree.couplers.pairs)):
        for u in range(len(constraints.unknown)):
            if constraints.unknown[u] == tree.couplers.pairs[p, 0]:
                _follow(tree, constraints, targets, frames, p, u, jacobian)


@kernel
def _follow(
    tree: TreeTables,
    constraints: ConstraintTables,
    targets: PostureTargets,
    frames: Frames,
    p: int,
    u: int,
    jacobian: Array,
) -> None:
    """Add what the dependent coordinate of pair ``p`` moves with unknown ``u``."""
    s, c, rate = frames.screw, tree.couplers.pairs[p, 1], frames.rate[p]
    i, whole = tree.first_body[c], 1.0 / frames.mass[0]
    for k in range(len(constraints.kind)):
        kind, row = constraints.kind[k], constraints.owner[k]
        ex, ey, ez = targets.vector[3 * k], targets.vector[3 * k + 1], targets.vector[3 * k + 2]
        if kind == CENTRE:
            x, y, z = frames.moment[i, 0], frames.moment[i, 1], frames.moment[i, 2]
            share, moved = whole * rate, frames.mass[i]
        else:
            x, y, z = _place(constraints, k, frames)
            share, moved = rate, 1.0 + 0.0 * whole
            if kind != POINT:
                moved = 0.0 * whole
            if not tree.affects[c, constraints.segment[k]]:
                share = 0.0 * rate
        turn = s[c, 0] * (y * ez - z * ey) + s[c, 1] * (z * ex - x * ez) + s[c, 2] * (x * ey - y * ex)
        jacobian[row, u] += share * (turn + moved * (s[c, 3] * ex + s[c, 4] * ey + s[c, 5] * ez))
