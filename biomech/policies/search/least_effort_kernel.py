"""The kernel that looks for the tilt of least effort: a scan over a grid of tilts, then a search about each minimum.

Effort J is the least cost of the load sharing at a tilt, infinite where the posture cannot be held. Its derivative is
that of the Lagrangian, whose unknowns x and multipliers y may be held (envelope theorem, Milgrom & Segal 2002):

    dJ/dtilt = y . (db/dtilt - dA/dtilt x).

On the grid the difference is taken over to the neighbours, whose A and b are at hand; about a minimum, over ``NEAR`` of
a degree.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, entry_point, kernel
from biomech._kernels.arrays import Array1, Array2
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
from biomech.model.bodies import take_bodies
from biomech.model.mechanics.paths import PathState, make_path_state, path_kinematics
from biomech.model.mechanics.tree import Frames, make_frames
from biomech.pipeline.batch_tables import BatchInputs, CompiledBody, Limits, make_lane_body
from biomech.policies.search.bracketing import (
    BEST,
    EDGE,
    FOUND,
    HIGH,
    INTERIOR,
    LEAST,
    LOW,
    LOWER_BOUND,
    MINIMA,
    NODES,
    STEP,
    UPPER_BOUND,
    Bracket,
    GridScan,
    LocalMinima,
    begin_bracket,
    make_search,
    next_trial,
    update_bracket,
    write_minima,
)
from biomech.sharing.block_sparsity import BlockSparsity, add_matvec
from biomech.sharing.certificate import cost_of
from biomech.sharing.dual_newton import share_load
from biomech.sharing.response import Costs, Problem, Work, make_answer, make_problem, make_work, measure
from biomech.statics.equilibrium import (
    ExternalLoads,
    ForceWorkspace,
    assemble_equilibrium,
    gather_external_loads,
    make_external_loads,
    make_force_workspace,
)
from biomech.statics.posture_newton import (
    CLOSED,
    ConstraintWork,
    PostureTargets,
    gather_targets,
    make_constraint_work,
    make_targets,
    newton_steps,
    solve_constraints,
    within_limits,
)

Array = NDArray[np.float64]

#: deg: over which a slope is taken, and the step between tilts that slopes propose below which the next would be below
#: what is asked.
NEAR, SQUARED = 1e-5, 1e-4
#: Trials about a minimum, patient and not.
TRIALS, FEW_TRIALS = 80, 7
#: Columns of what is found: the tilt, its status, the minima, the interval, and whether a posture was given up.
COLUMNS = 2 + MINIMA + 2 + 1


class Body(NamedTuple):
    """One stance's body, in the posture of the last tilt that was tried.

    ``start`` (coordinate,) are first coordinates at tilt zero, ``turn`` how they change with a degree, ``first`` those
    at the tilt; ``offset`` how far the chain closed from them, and ``rate`` how that changes with a degree; ``at`` (1,)
    the tilt. ``scanned`` (node, coordinate) are the offsets at the nodes.
    """

    start: Array
    turn: Array
    first: Array
    offset: Array
    rate: Array
    at: Array
    scanned: Array
    coordinates: Array
    frames: Frames
    paths: PathState
    targets: PostureTargets
    external: ExternalLoads
    constraint_work: ConstraintWork
    forces: ForceWorkspace


class Load(NamedTuple):
    """How its load is shared: the problem and its answer, and a second problem, of a neighbouring posture."""

    problem: Problem
    work: Work
    x: Array
    y: Array
    near: Problem
    near_x: Array
    near_y: Array


@entry_point
def search_tilts_simd(
    body: CompiledBody,
    pattern: BlockSparsity,
    costs: Costs,
    limits: Limits,
    inputs: BatchInputs,
    turn: Array1,
    index: IndexArray,
    exact: bool,
    found: Array2,
) -> None:
    """Search for stances ``index``; ``found`` (stance, COLUMNS)."""
    _search(simd_zero(), body, pattern, costs, limits, inputs, turn, index, exact, found)


@allocating_kernel
def _search(
    number: Any,
    compiled: CompiledBody,
    pattern: BlockSparsity,
    costs: Costs,
    limits: Limits,
    inputs: BatchInputs,
    turn: Array,
    index: IndexArray,
    exact: bool,
    found: Array,
) -> None:
    body, body_row = make_lane_body(number, compiled), make_lane_index(number)
    own, load = _make_body(number, body, inputs), _make_load(number, body, pattern)
    scan, bracket, minima = make_search(number)
    row, lane_index = zeros(number, (COLUMNS,)), make_lane_index(number)
    every = arange(max(inputs.start.shape[1], inputs.batch_targets.vector.shape[1], 6, COLUMNS))
    for k in range(len(limits.upper)):
        load.problem.lower[k], load.problem.upper[k] = limits.lower[k], limits.upper[k]
    for k in range(len(turn)):
        own.turn[k] = turn[k]
    blocks = -(-len(index) // width(number))
    for block in range(blocks):
        block_indices(index, block, blocks, lane_index)
        take_bodies(inputs.bodies, lane_index, body_row, block == 0, body.model)
        gather_targets(inputs.batch_targets, lane_index, every, own.targets)
        gather(inputs.start, lane_index, every, own.start)
        gather_external_loads(inputs.external, lane_index, every, own.external)
        row[COLUMNS - 1] = _scan_grid(body, pattern, costs, limits, own, load, exact, scan)
        for i in range(MINIMA):
            open_ = _minimize_bracket(body, pattern, costs, limits, own, load, exact, scan, i, bracket, minima)
            row[COLUMNS - 1] = select(open_, 1.0, row[COLUMNS - 1])
        write_minima(scan, minima, row)
        scatter(row, lane_index, every, found)


@allocating_kernel
def _make_body(number: Any, body: CompiledBody, inputs: BatchInputs) -> Body:
    coordinates, constraints = inputs.start.shape[1], inputs.batch_targets.target.shape[1]
    return Body(
        zeros(number, (coordinates,)),
        zeros(number, (coordinates,)),
        zeros(number, (coordinates,)),
        zeros(number, (coordinates,)),
        zeros(number, (coordinates,)),
        zeros(number, (1,)),
        zeros(number, (NODES, coordinates)),
        zeros(number, (coordinates,)),
        make_frames(number, body.model.tree),
        make_path_state(number, body.model.paths),
        make_targets(number, body.constraints, constraints),
        make_external_loads(number, inputs.external),
        make_constraint_work(number, body.constraints, constraints, coordinates),
        make_force_workspace(number, body.model, body.contact),
    )


@allocating_kernel
def _make_load(number: Any, body: CompiledBody, pattern: BlockSparsity) -> Load:
    rows, unknowns, entries = len(body.entries.rows), len(pattern.unknown), pattern.entry[-1]
    x, y, _ = make_answer(number, rows, unknowns)
    near_x, near_y, _ = make_answer(number, rows, unknowns)
    problem, near = make_problem(number, rows, unknowns, entries), make_problem(number, rows, unknowns, entries)
    return Load(problem, make_work(number, rows, unknowns), x, y, near, near_x, near_y)


@kernel
def _extrapolate(own: Body, tilt: float) -> None:
    """Coordinates to begin at, from those at other tilts."""
    for k in range(len(own.coordinates)):
        own.first[k] = own.start[k] + tilt * own.turn[k]
        own.coordinates[k] = own.first[k] + own.offset[k] + (tilt - own.at[0]) * own.rate[k]


@kernel
def _load(body: CompiledBody, own: Body, problem: Problem) -> None:
    """Write down what must balance in the posture that was found."""
    q = own.coordinates
    path_kinematics(body.model.paths, body.model.splines, q, own.frames, own.paths)
    assemble_equilibrium(
        body.model,
        body.contact,
        body.entries,
        own.external,
        q,
        own.frames,
        own.paths,
        own.forces,
        problem.a,
        problem.b,
    )


@kernel
def _learn(reached: bool, tilt: float, own: Body) -> None:
    """How far the chain closed from its first coordinates, and how that changes with the tilt."""
    moved = tilt - own.at[0]
    share = select(reached & (moved != 0.0), 1.0 / select(moved != 0.0, moved, 1.0), 0.0)
    for k in range(len(own.offset)):
        offset = own.coordinates[k] - own.start[k] - tilt * own.turn[k]
        own.rate[k] = select(share != 0.0, (offset - own.offset[k]) * share, own.rate[k])
        own.offset[k] = select(reached, offset, own.offset[k])
    own.at[0] = select(reached, tilt, own.at[0])


@kernel
def _try(
    body: CompiledBody,
    pattern: BlockSparsity,
    costs: Costs,
    limits: Limits,
    own: Body,
    load: Load,
    tilt: float,
    exact: bool,
    warm: bool,
    idle: bool,
) -> tuple[float, float]:
    """Cost at a tilt and how far it falls short: infinite cost where it does, both where there is no posture.

    ``warm`` says that a like problem was solved before, and ``idle`` where the answer is not needed.
    """
    p, w = load.problem, load.work
    _extrapolate(own, tilt)
    off, sound = solve_constraints(
        body.model,
        body.constraints,
        own.targets,
        own.first,
        own.coordinates,
        own.frames,
        own.constraint_work,
        idle,
    )
    reached = (off < CLOSED) & sound & within_limits(own.coordinates, limits.least, limits.most)
    _load(body, own, p)
    _learn(reached, tilt, own)
    for r in range(len(p.b)):
        p.b[r] = select(reached, p.b[r], 0.0)
    measure(p)
    met = share_load(pattern, costs, p, w, load.x, load.y, exact, warm and not exact and not costs.capped[-2])
    cost = cost_of(costs, p, load.x)
    met = met & (cost < np.inf)
    short = 0.0 * cost
    if any_lane(~met):
        for r in range(len(p.b)):
            w.gradient[r] = p.b[r] + 0.0 * cost
        add_matvec(pattern, p.a, load.x, -1.0, w.gradient)
        for r in range(len(p.b)):
            short += w.gradient[r] * w.gradient[r]
        short = select(met, 0.0, short)
        _forget(costs, load, met)
    return select(met & reached, cost, np.inf), select(reached, short, np.inf)


@kernel
def _forget(costs: Costs, load: Load, met: bool) -> None:
    """Where the demand was not met the next problem begins as if every unknown were free.

    What was found is no guide; and what other lanes found must not show.
    """
    w = load.work
    for k in range(len(load.x)):
        w.response_rate[k], w.aty[k] = select(met, w.response_rate[k], costs.d[0, k]), select(met, w.aty[k], 0.0)
        load.x[k] = select(met, load.x[k], 0.0)


@kernel
def _work_along(pattern: BlockSparsity, problem: Problem, x: Array, y: Array, work: Work) -> float:
    """y . (b - A x): the work of what does not balance."""
    for r in range(len(y)):
        work.gradient[r] = problem.b[r] + 0.0 * y[r]
    add_matvec(pattern, problem.a, x, -1.0, work.gradient)
    total = 0.0 * y[0]
    for r in range(len(y)):
        total += y[r] * work.gradient[r]
    return total


@kernel
def _slope(body: CompiledBody, pattern: BlockSparsity, own: Body, load: Load, tilt: float) -> float:
    """dJ/dtilt per degree at the tilt that was tried last."""
    _extrapolate(own, tilt + NEAR)
    newton_steps(body.model, body.constraints, own.targets, own.coordinates, own.frames, own.constraint_work)
    _load(body, own, load.near)
    ahead = _work_along(pattern, load.near, load.x, load.y, load.work)
    return (ahead - _work_along(pattern, load.problem, load.x, load.y, load.work)) / NEAR


@kernel
def _scan_grid(
    body: CompiledBody,
    pattern: BlockSparsity,
    costs: Costs,
    limits: Limits,
    own: Body,
    load: Load,
    exact: bool,
    scan: GridScan,
) -> float:
    """Cost and slope at every node; returns 1 where a posture was given up that patience might hold."""
    zero = 0.0 * own.start[0]
    for k in range(len(own.offset)):
        own.offset[k], own.rate[k] = zero, zero
    own.at[0] = zero + LEAST
    open_ = zero
    for k in range(NODES):
        tilt = zero + LEAST + STEP * k
        cost, short = _try(body, pattern, costs, limits, own, load, tilt, exact, k > 0, zero < 0.0)
        scan.cost[k], scan.short[k], scan.slope[k] = cost, short, zero
        for q in range(len(own.offset)):
            own.scanned[k, q] = own.offset[q]
        missed = cost == np.inf
        open_ = select(missed & (short < np.inf), 1.0, open_)
        if k > 0:
            _slope_between(pattern, load, k, scan)
        _remember(load)
    return open_


@kernel
def _slope_between(pattern: BlockSparsity, load: Load, k: int, scan: GridScan) -> None:
    """Slopes at a node and at the one before, over the step between them; inner nodes take the mean of two."""
    behind = -_work_along(pattern, load.near, load.x, load.y, load.work) / STEP
    ahead = _work_along(pattern, load.problem, load.near_x, load.near_y, load.work) / STEP
    scan.slope[k] = behind
    before = scan.slope[k - 1]
    known = (k > 1) & (scan.cost[max(k - 2, 0)] < np.inf)
    scan.slope[k - 1] = select(scan.cost[k] < np.inf, select(known, 0.5 * (before + ahead), ahead), before)


@kernel
def _remember(load: Load) -> None:
    """The problem and its answer become those of the neighbour."""
    for e in range(len(load.near.a)):
        load.near.a[e] = load.problem.a[e]
    for r in range(len(load.y)):
        load.near.b[r], load.near_y[r] = load.problem.b[r], load.y[r]
    for k in range(len(load.x)):
        load.near_x[k] = load.x[k]


@kernel
def _minimize_bracket(
    body: CompiledBody,
    pattern: BlockSparsity,
    costs: Costs,
    limits: Limits,
    own: Body,
    load: Load,
    exact: bool,
    scan: GridScan,
    i: int,
    bracket: Bracket,
    minima: LocalMinima,
) -> bool:
    """Find the minimum about the best node of the grid that was not yet searched; whether more trials are needed."""
    begin_bracket(scan, i, bracket, minima)
    _restore_state(minima.node[i], own)
    zero = 0.0 * bracket.tilt[BEST]
    searching, rough, result, status = (
        bracket.cost[BEST] < np.inf,
        bracket.cost[BEST] < np.inf,
        bracket.tilt[BEST] + 0.0,
        zero + INTERIOR,
    )
    low, high = minima.node[i] < 0.5, minima.node[i] > NODES - 1.5
    for trial in range(TRIALS if exact else FEW_TRIALS):
        tilt, smooth = next_trial(bracket, trial)
        # the scan knows slopes over a whole step: where all hangs on one, it is taken anew
        again = rough & (low | high | (trial > 0))
        arrived = searching & ~again & (abs(tilt - bracket.tilt[BEST]) <= select(smooth, SQUARED, FOUND))
        result = select(searching, select(smooth & ~again, tilt, bracket.tilt[BEST]), result)
        wall = select(bracket.slope[BEST] < 0.0, bracket.cost[HIGH], bracket.cost[LOW]) == np.inf
        status = select(arrived & ~smooth & wall, EDGE + zero, status)
        searching = searching & ~arrived
        if not any_lane(searching):
            break
        tilt = select(searching & ~again, tilt, bracket.tilt[BEST])
        cost, _ = _try(body, pattern, costs, limits, own, load, tilt, exact, trial > 0, ~searching)
        update_bracket(searching, tilt, cost, _slope(body, pattern, own, load, tilt), bracket)
        rough = rough & ~again & (bracket.tilt[BEST] != tilt)
        status = select(searching & again & low & (bracket.slope[BEST] >= 0.0), LOWER_BOUND + zero, status)
        status = select(searching & again & high & (bracket.slope[BEST] <= 0.0), UPPER_BOUND + zero, status)
        searching = searching & (status == zero + INTERIOR)
    minima.tilt[i], minima.cost[i], minima.status[i] = result, bracket.cost[BEST], status
    return searching


@kernel
def _restore_state(node: float, own: Body) -> None:
    """The body as it was at a node of the grid."""
    for k in range(NODES):
        here, before, after = node == k + 0.0 * node, max(k - 1, 0), min(k + 1, NODES - 1)
        for q in range(len(own.offset)):
            rate = (own.scanned[after, q] - own.scanned[before, q]) / (STEP * (after - before))
            own.offset[q] = select(here, own.scanned[k, q], own.offset[q])
            own.rate[q] = select(here, rate, own.rate[q])
        own.at[0] = select(here, LEAST + STEP * k + 0.0 * node, own.at[0])
