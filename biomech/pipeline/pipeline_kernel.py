"""The whole way for the postures that the lanes hold: closure, equilibrium, load sharing, joint forces, certificate.

One pass over a block that stays in the cache. What comes out for the right half of a body goes to both sides of the
whole by tables, too: an output that nobody wants has an empty table, and costs nothing.
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
    extract,
    gather,
    make_lane_index,
    select,
    simd_zero,
    width,
    zeros,
)
from biomech.model.forces.patella import PatellaState, make_patella_state, pull_patellae
from biomech.model.mechanics.paths import make_path_state, path_kinematics
from biomech.model.mechanics.tree import make_frames
from biomech.pipeline.batch_tables import Anatomy, Limits, Posed
from biomech.sharing.block_sparsity import BlockSparsity, transpose_product
from biomech.sharing.certificate import INFEASIBLE, UNCERTIFIED, certify_problem
from biomech.sharing.dual_newton import share_load
from biomech.sharing.response import Costs, Problem, Work, make_answer, make_problem, make_work, measure
from biomech.statics.equilibrium import (
    assemble_equilibrium,
    gather_external_loads,
    make_external_loads,
    make_force_workspace,
)
from biomech.statics.ground import center_of_pressure, sum_wrenches
from biomech.statics.posture_newton import (
    CLOSED,
    gather_targets,
    make_constraint_work,
    make_targets,
    solve_constraints,
    within_limits,
)
from biomech.statics.reactions import Reaction, joint_reactions, make_reaction

Array = NDArray[np.float64]

UNREACHABLE = 3


class Way(NamedTuple):
    """Where results go: ``factor`` times entry ``source`` of the room to column ``order`` of the sheet."""

    source: IndexArray
    order: IndexArray
    factor: Array1


class Ways(NamedTuple):
    """A way for every sheet."""

    coordinates: Way
    activation: Way
    muscle_force: Way
    strength: Way
    passive: Way
    shortfall: Way
    ground: Way
    pressure: Way
    seat: Way
    joint_force: Way
    joint_moment: Way
    tension: Way
    patella: Way
    proof: Way


class Sheets(NamedTuple):
    """Results of many postures, each (posture, column) over the whole body.

    ``ground`` holds force and moment about the ground origin of each foot, ``pressure`` centre of pressure, free
    moment and friction used of each foot, ``seat`` its force, ``joint_force`` and ``joint_moment`` three columns a
    joint, ``tension`` a column and ``patella`` three of each knee, right and left, ``proof`` the columns ``PROOF``.
    """

    coordinates: Array2
    activation: Array2
    muscle_force: Array2
    strength: Array2
    passive: Array2
    shortfall: Array2
    ground: Array2
    pressure: Array2
    seat: Array2
    joint_force: Array2
    joint_moment: Array2
    tension: Array2
    patella: Array2
    proof: Array2


#: Columns of a foot in the sheet ``pressure``.
PRESSURE = 5
PROOF = ("cost", "residual", "gap", "status", "valid", "limiting", "abdomen")


class Rooms(NamedTuple):
    """Room for one posture's results, as ``Sheets`` but of the body that is solved; ``wrench`` (6 segment,).

    ``start`` (coordinate,) are the first coordinates.
    """

    coordinates: Array
    activation: Array
    muscle_force: Array
    shortfall: Array
    wrench: Array
    ground: Array
    pressure: Array
    seat: Array
    proof: Array
    start: Array


@allocating_kernel
def _make_rooms(number: Any, body: Anatomy, unknowns: int) -> Rooms:
    coordinates, muscles = len(body.tree.first_body), len(body.paths.start) - 1
    return Rooms(
        zeros(number, (coordinates,)),
        zeros(number, (unknowns,)),
        zeros(number, (muscles,)),
        zeros(number, (coordinates,)),
        zeros(number, (6 * len(body.tree.parent),)),
        zeros(number, (6 * len(body.feet),)),
        zeros(number, (PRESSURE * len(body.feet),)),
        zeros(number, (3,)),
        zeros(number, (len(PROOF),)),
        zeros(number, (coordinates,)),
    )


@entry_point
def go_in_lanes(
    body: Anatomy,
    pattern: BlockSparsity,
    costs: Costs,
    limits: Limits,
    ways: Ways,
    posed: Posed,
    index: IndexArray,
    exact: bool,
    sheets: Sheets,
) -> None:
    """Answer postures ``index``, as many at a time as the lanes hold."""
    _go(simd_zero(), body, pattern, costs, limits, ways, posed, index, exact, sheets)


@allocating_kernel
def _go(
    number: Any,
    body: Anatomy,
    pattern: BlockSparsity,
    costs: Costs,
    limits: Limits,
    ways: Ways,
    posed: Posed,
    index: IndexArray,
    exact: bool,
    sheets: Sheets,
) -> None:
    rows, unknowns, coordinates = len(body.entries.rows), len(pattern.unknown), posed.start.shape[1]
    f, state = make_frames(number, body.tree), make_path_state(number, body.paths)
    targets = make_targets(number, body.constraints, posed.batch_targets.target.shape[1])
    constraint_work = make_constraint_work(number, body.constraints, posed.batch_targets.target.shape[1], coordinates)
    near, forces = (
        make_external_loads(number, posed.external),
        make_force_workspace(number, body.tree, body.paths, body.contact),
    )
    p, w = make_problem(number, rows, unknowns, pattern.entry[-1]), make_work(number, rows, unknowns)
    x, y, _ = make_answer(number, rows, unknowns)
    floor = zeros(number, (posed.floor.shape[1],))
    rooms, lane_index = _make_rooms(number, body, unknowns), make_lane_index(number)
    knees, joints = make_patella_state(number, body.patella), make_reaction(number, body.cuts)
    every, shared = (
        arange(max(coordinates, posed.batch_targets.vector.shape[1], unknowns, 6)),
        posed.shared.shape[1] > 0,
    )
    for k in range(unknowns):
        p.lower[k], p.upper[k] = limits.lower[k], limits.upper[k]
    blocks = -(-len(index) // width(number))
    for block in range(blocks):
        block_indices(index, block, blocks, lane_index)
        gather_targets(posed.batch_targets, lane_index, every, targets)
        gather(posed.start, lane_index, every, rooms.start)
        gather_external_loads(posed.external, lane_index, every, near)
        gather(posed.floor, lane_index, every, floor)
        q = rooms.coordinates
        for k in range(coordinates):
            q[k] = rooms.start[k]
        never = q[0] != q[0]
        off, sound = solve_constraints(
            body.tree, body.splines, body.constraints, targets, rooms.start, q, f, constraint_work, never
        )
        path_kinematics(body.paths, body.splines, q, f, state)
        assemble_equilibrium(
            body.tree,
            body.splines,
            body.paths,
            body.muscle,
            body.tissue,
            body.contact,
            body.entries,
            near,
            q,
            f,
            state,
            forces,
            p.a,
            p.b,
        )
        reached = (off < CLOSED) & sound & within_limits(q, limits.least, limits.most)
        if shared:
            gather(posed.shared, lane_index, every, x)
            _take_over(pattern, x, reached, rooms)
        else:
            met = _share(pattern, costs, p, w, x, y, reached, exact, rooms)
            _prove(pattern, costs, p, w, x, y, body, reached, met | exact, rooms)
        valid = within_limits(q, limits.trusted_least, limits.trusted_most)
        rooms.proof[4] = select(valid & reached, 1.0 + 0.0 * q[0], 0.0)
        short = any_lane(rooms.proof[3] > 0.5)
        for m in range(len(rooms.muscle_force)):
            rooms.muscle_force[m] = rooms.activation[m] * forces.strength[m]
        rooms.proof[6] = forces.abdomen[0]
        _react(body, ways, f, state, forces.wrench, floor, rooms, knees, joints)
        _send(ways.coordinates, q, lane_index, sheets.coordinates)
        _send(ways.activation, rooms.activation, lane_index, sheets.activation)
        _send(ways.muscle_force, rooms.muscle_force, lane_index, sheets.muscle_force)
        _send(ways.strength, forces.strength, lane_index, sheets.strength)
        _send(ways.passive, forces.passive, lane_index, sheets.passive)
        if exact or short:
            _send(ways.shortfall, rooms.shortfall, lane_index, sheets.shortfall)  # elsewhere it is zero, as the sheet
        _send(ways.ground, rooms.ground, lane_index, sheets.ground)
        _send(ways.pressure, rooms.pressure, lane_index, sheets.pressure)
        _send(ways.seat, rooms.seat, lane_index, sheets.seat)
        _send(ways.joint_force, joints.force, lane_index, sheets.joint_force)
        _send(ways.joint_moment, joints.moment, lane_index, sheets.joint_moment)
        _send(ways.tension, knees.tension, lane_index, sheets.tension)
        _send(ways.patella, knees.force, lane_index, sheets.patella)
        _send(ways.proof, rooms.proof, lane_index, sheets.proof)


@kernel
def _share(
    pattern: BlockSparsity,
    costs: Costs,
    problem: Problem,
    work: Work,
    x: Array,
    y: Array,
    reached: bool,
    exact: bool,
    rooms: Rooms,
) -> bool:
    """Share the load where there is a posture that bears one; whether the demand is met.

    Every posture begins anew: what was found for another would show in the last digits.
    """
    for r in range(len(problem.b)):
        problem.b[r] = select(reached, problem.b[r], 0.0)
    measure(problem)
    met = share_load(pattern, costs, problem, work, x, y, exact, False)
    for k in range(len(x)):
        rooms.activation[pattern.unknown[k]] = x[k]
    return met


@kernel
def _prove(
    pattern: BlockSparsity,
    costs: Costs,
    problem: Problem,
    work: Work,
    x: Array,
    y: Array,
    body: Anatomy,
    reached: bool,
    finished: bool,
    rooms: Rooms,
) -> None:
    """Certificate, shortfall and what limits the posture."""
    proof, zero = rooms.proof, 0.0 * problem.scale[0]
    proof[0], proof[1], proof[2], status = certify_problem(pattern, costs, problem, work, x, y, 1e-9)
    status = select(finished, status, zero + UNCERTIFIED)
    proof[3] = select(reached, status, zero + UNREACHABLE)
    proof[5] = zero - 1.0
    short = status > 0.5
    for k in range(len(rooms.shortfall)):
        rooms.shortfall[k] = 0.0
    for r in range(len(y)):
        rooms.shortfall[body.entries.rows[r]] = select(short, work.gradient[r], 0.0)
    if any_lane(short):
        limiting = _limiting(pattern, problem, work, x, len(rooms.muscle_force))
        proof[5] = select(status == INFEASIBLE + zero, limiting, -1.0)


@kernel
def _take_over(pattern: BlockSparsity, x: Array, reached: bool, rooms: Rooms) -> None:
    """Take a load that was shared elsewhere, with a proof of its own."""
    zero = 0.0 * x[0]
    for k in range(len(x)):
        rooms.activation[pattern.unknown[k]] = x[k]
    for k in range(len(rooms.proof)):
        rooms.proof[k] = zero
    rooms.proof[3], rooms.proof[5] = select(reached, zero, zero + UNREACHABLE), zero - 1.0


@kernel
def _limiting(pattern: BlockSparsity, problem: Problem, work: Work, x: Array, muscles: int) -> float:
    """The muscle at full strength that does most for the row that falls most short; -1 where there is none."""
    worst, zero = 0.0 * problem.scale[0], 0.0 * problem.scale[0]
    for r in range(len(work.gradient)):
        worst = max(worst, abs(work.gradient[r]))
    for r in range(len(work.gradient)):
        work.step[r] = select(abs(work.gradient[r]) >= worst, work.gradient[r], 0.0)
    transpose_product(pattern, problem.a, work.step, work.aty_step)
    most, found = zero, zero - 1.0
    for k in range(len(x)):
        if pattern.unknown[k] < muscles:
            better = (x[k] >= problem.upper[k] - 1e-6) & (work.aty_step[k] > most)
            most = select(better, work.aty_step[k], most)
            found = select(better, zero + pattern.unknown[k], found)
    return found


@kernel
def _react(
    body: Anatomy,
    ways: Ways,
    f: Any,
    state: Any,
    wrench: Array,
    floor: Array,
    rooms: Rooms,
    knees: PatellaState,
    joints: Reaction,
) -> None:
    """Ground and joint forces, if anyone wants them."""
    knee = len(ways.tension.order) + len(ways.patella.order)
    joint = len(ways.joint_force.order) + len(ways.joint_moment.order)
    ground = len(ways.ground.order) + len(ways.pressure.order) + len(ways.seat.order)
    if knee + joint > 0:
        pull_patellae(body.patella, body.muscle, rooms.muscle_force, rooms.coordinates, f, state, knees)
    if joint + ground == 0:
        return
    first = len(rooms.muscle_force)
    sum_wrenches(body.contact, wrench, rooms.activation, first, body.entries.contact_unit, rooms.wrench)
    if ground > 0:
        for i in range(3):
            rooms.seat[i] = 0.0 * floor[0]
            for s in range(len(body.tree.parent)):
                rooms.seat[i] += rooms.wrench[6 * s + i]
            for k in range(len(body.feet)):
                rooms.seat[i] -= rooms.wrench[6 * body.feet[k] + i]
        for k in range(len(body.feet)):
            for i in range(6):
                rooms.ground[6 * k + i] = rooms.wrench[6 * body.feet[k] + i]
            center_of_pressure(rooms.ground, 6 * k, floor, floor[3 + k], rooms.pressure, PRESSURE * k)
    if joint > 0:
        # the pressure lifts the trunk off the joint, and extends it
        abdomen = body.entries.abdomen
        pressed, lift = abdomen[0] != 0.0 or abdomen[1] != 0.0, abdomen[2] * abdomen[4] * rooms.proof[6]
        joint_reactions(
            body.cuts,
            body.muscle,
            body.patella.acts,
            body.entries.gravity,
            pressed,
            lift,
            abdomen[3] * lift,
            rooms.muscle_force,
            rooms.wrench,
            f,
            state,
            knees.wrench,
            joints,
        )


@kernel
def _send(way: Way, room: Array, lane_index: IndexArray, sheet: Array) -> None:
    for k in range(len(way.order)):
        value = way.factor[k] * room[way.source[k]]
        for j in range(width(value)):
            sheet[lane_index[j], way.order[k]] = extract(value, j)
