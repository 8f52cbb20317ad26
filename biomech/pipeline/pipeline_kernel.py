"""The fused kernel: constraints, equilibrium, load sharing, joint forces and certificate of a block of postures.

One pass over a block that stays in the cache. What comes out for the right half of a body goes to both sides of the
whole by tables, too: an output that nobody wants has an empty table, and costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

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
    put_tile,
    select,
    simd_zero,
    width,
    zeros,
)
from biomech.model.bodies import take_bodies
from biomech.model.forces.bushings import has_bushings
from biomech.model.forces.passive_joints import lumbar_pull
from biomech.model.forces.patella import PatellaState, make_patella_state, pull_patellae
from biomech.model.mechanics.paths import make_path_state, path_kinematics
from biomech.model.mechanics.tree import make_frames
from biomech.pipeline.batch_tables import BatchInputs, CompiledBody, Limits, make_lane_body
from biomech.pipeline.status import OPTIMAL, OVERLOADED, UNCERTIFIED, UNREACHABLE
from biomech.sharing.block_sparsity import BlockSparsity
from biomech.sharing.certificate import certify_problem
from biomech.sharing.dual_newton import PATIENT, QUICK, SHORT, share_load_with
from biomech.sharing.limiting import limiting_unknown
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


class OutputMap(NamedTuple):
    """Where results go: ``factor`` times entry ``source`` of the buffer to column ``order`` of the array."""

    source: IndexArray
    order: IndexArray
    factor: Array1


class ResultArrays(NamedTuple):
    """Results of many postures, each (posture, column) over the whole body.

    What the columns of each array are is declared in ``biomech.pipeline.result_schema``, with unit and meaning. That
    stays out of the tuple itself, because a kernel is compiled anew where anything that its tuples name has changed.
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
    bushing: Array2
    spring: Array2
    certificate: Array2
    passive_path: Array2
    path_actuator: Array2


if TYPE_CHECKING:
    OutputMaps = Any
else:
    #: One map for every result array, by its name.
    OutputMaps = NamedTuple("OutputMaps", [(name, OutputMap) for name in ResultArrays._fields])

#: Columns of a foot in ``ResultArrays.pressure``.
PRESSURE = 5
#: Columns of ``ResultArrays.certificate``, and how many they are.
ABDOMEN, TISSUE, COST, STATUS, LIMITING, RESIDUAL, GAP, VALID = range(8)
CERTIFICATE = 8


class ResultBuffers(NamedTuple):
    """Buffers for one posture's results, as ``ResultArrays`` but of the body that is solved; ``wrench`` (6 segment,).

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
    certificate: Array
    start: Array


@allocating_kernel
def _make_buffers(number: Any, body: CompiledBody, unknowns: int) -> ResultBuffers:
    coordinates, muscles = len(body.model.tree.first_body), len(body.model.muscle.max_force)
    return ResultBuffers(
        zeros(number, (coordinates,)),
        zeros(number, (unknowns,)),
        zeros(number, (muscles,)),
        zeros(number, (coordinates,)),
        zeros(number, (6 * len(body.model.tree.parent),)),
        zeros(number, (6 * len(body.feet),)),
        zeros(number, (PRESSURE * len(body.feet),)),
        zeros(number, (3,)),
        zeros(number, (CERTIFICATE,)),
        zeros(number, (coordinates,)),
    )


@entry_point
def solve_batch_simd(
    body: CompiledBody,
    pattern: BlockSparsity,
    costs: Costs,
    limits: Limits,
    output_maps: OutputMaps,
    inputs: BatchInputs,
    index: IndexArray,
    exact: bool,
    results: ResultArrays,
) -> None:
    """Answer postures ``index``, as many at a time as the lanes hold.

    With patience if ``exact``; else in short, and then once more those that are still open, side by side.
    """
    number = simd_zero()
    if exact:
        solve_batch(number, body, pattern, costs, limits, output_maps, inputs, index, PATIENT, results)
        return
    solve_batch(number, body, pattern, costs, limits, output_maps, inputs, index, SHORT, results)
    open_, count = np.empty(len(index), dtype=np.uint64), 0
    for i in range(len(index)):
        status = results.certificate[index[i], STATUS]
        if (status != OPTIMAL) & (status != UNREACHABLE):
            open_[count] = index[i]
            count += 1
    if count > 0:
        solve_batch(number, body, pattern, costs, limits, output_maps, inputs, open_[:count], QUICK, results)


@allocating_kernel
def solve_batch(
    number: Any,
    compiled: CompiledBody,
    pattern: BlockSparsity,
    costs: Costs,
    limits: Limits,
    output_maps: OutputMaps,
    inputs: BatchInputs,
    index: IndexArray,
    effort: int,
    results: ResultArrays,
) -> None:
    body = make_lane_body(number, compiled)
    rows, unknowns, coordinates = len(body.entries.rows), len(pattern.unknown), inputs.start.shape[1]
    f, state = make_frames(number, body.model.tree), make_path_state(number, body.model.paths)
    targets = make_targets(number, body.constraints, inputs.batch_targets.target.shape[1])
    constraint_work = make_constraint_work(number, body.constraints, inputs.batch_targets.target.shape[1], coordinates)
    near, forces = (
        make_external_loads(number, inputs.external),
        make_force_workspace(number, body.model, body.contact),
    )
    p, w = make_problem(number, rows, unknowns, pattern.entry[-1]), make_work(number, rows, unknowns)
    x, y, _ = make_answer(number, rows, unknowns)
    floor = zeros(number, (inputs.floor.shape[1],))
    buffers, lane_index = _make_buffers(number, body, unknowns), make_lane_index(number)
    body_row = make_lane_index(number)
    knees, joints = make_patella_state(number, body.model.patella), make_reaction(number, body.cuts)
    every, shared = (
        arange(max(coordinates, inputs.batch_targets.vector.shape[1], unknowns, 6)),
        inputs.shared.shape[1] > 0,
    )
    for k in range(unknowns):
        p.lower[k], p.upper[k] = limits.lower[k], limits.upper[k]
    blocks = -(-len(index) // width(number))
    for block in range(blocks):
        block_indices(index, block, blocks, lane_index)
        take_bodies(inputs.bodies, lane_index, body_row, block == 0, body.model)
        gather_targets(inputs.batch_targets, lane_index, every, targets)
        gather(inputs.start, lane_index, every, buffers.start)
        gather_external_loads(inputs.external, lane_index, every, near)
        gather(inputs.floor, lane_index, every, floor)
        q = buffers.coordinates
        for k in range(coordinates):
            q[k] = buffers.start[k]
        never = q[0] != q[0]
        off, sound = solve_constraints(
            body.model, body.constraints, targets, buffers.start, q, f, constraint_work, never
        )
        path_kinematics(body.model.paths, body.model.splines, q, f, state)
        assemble_equilibrium(
            body.model,
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
            gather(inputs.shared, lane_index, every, x)
            _take_over(pattern, x, reached, buffers)
        else:
            met = _share(pattern, costs, p, w, x, y, reached, effort, buffers)
            _certify(pattern, costs, p, w, x, y, body, reached, met | (effort == PATIENT), buffers)
        valid = within_limits(q, limits.trusted_least, limits.trusted_most)
        buffers.certificate[VALID] = select(valid & reached, 1.0 + 0.0 * q[0], 0.0)
        short = any_lane(buffers.certificate[STATUS] > 0.5)
        for m in range(len(buffers.muscle_force)):
            buffers.muscle_force[m] = buffers.activation[m] * forces.strength[m]
        buffers.certificate[ABDOMEN] = forces.abdomen[0]
        buffers.certificate[TISSUE] = lumbar_pull(body.model.tissue, q)
        _react(
            body,
            output_maps,
            f,
            state,
            forces.wrench,
            forces.outside,
            forces.tension,
            forces.pull,
            floor,
            buffers,
            knees,
            joints,
        )
        _write_output(output_maps.coordinates, q, lane_index, results.coordinates)
        _write_output(output_maps.activation, buffers.activation, lane_index, results.activation)
        _write_output(output_maps.muscle_force, buffers.muscle_force, lane_index, results.muscle_force)
        _write_output(output_maps.strength, forces.strength, lane_index, results.strength)
        _write_output(output_maps.passive, forces.passive, lane_index, results.passive)
        if effort != SHORT or short:
            _write_output(
                output_maps.shortfall, buffers.shortfall, lane_index, results.shortfall
            )  # elsewhere it is zero, as the array
        _write_output(output_maps.ground, buffers.ground, lane_index, results.ground)
        _write_output(output_maps.pressure, buffers.pressure, lane_index, results.pressure)
        _write_output(output_maps.seat, buffers.seat, lane_index, results.seat)
        _write_output(output_maps.joint_force, joints.force, lane_index, results.joint_force)
        _write_output(output_maps.joint_moment, joints.moment, lane_index, results.joint_moment)
        _write_output(output_maps.tension, knees.tension, lane_index, results.tension)
        _write_output(output_maps.patella, knees.force, lane_index, results.patella)
        _write_output(output_maps.bushing, forces.bushing, lane_index, results.bushing)
        _write_output(output_maps.spring, forces.spring, lane_index, results.spring)
        _write_output(output_maps.certificate, buffers.certificate, lane_index, results.certificate)
        _write_output(output_maps.passive_path, forces.tension, lane_index, results.passive_path)
        _write_output(output_maps.path_actuator, forces.pull, lane_index, results.path_actuator)


@kernel
def _share(
    pattern: BlockSparsity,
    costs: Costs,
    problem: Problem,
    work: Work,
    x: Array,
    y: Array,
    reached: bool,
    effort: int,
    buffers: ResultBuffers,
) -> bool:
    """Share the load where there is a posture that bears one; whether the demand is met.

    Every posture begins anew: what was found for another would show in the last digits.
    """
    for r in range(len(problem.b)):
        problem.b[r] = select(reached, problem.b[r], 0.0)
    measure(problem)
    met = share_load_with(pattern, costs, problem, work, x, y, effort, False)
    for k in range(len(x)):
        buffers.activation[pattern.unknown[k]] = x[k]
    return met


@kernel
def _certify(
    pattern: BlockSparsity,
    costs: Costs,
    problem: Problem,
    work: Work,
    x: Array,
    y: Array,
    body: CompiledBody,
    reached: bool,
    finished: bool,
    buffers: ResultBuffers,
) -> None:
    """Certificate, shortfall and what limits the posture."""
    certificate, zero = buffers.certificate, 0.0 * problem.scale[0]
    certificate[COST], certificate[RESIDUAL], certificate[GAP], status = certify_problem(
        pattern, costs, problem, work, x, y, 1e-9
    )
    status = select(finished, status, zero + UNCERTIFIED)
    certificate[STATUS] = select(reached, status, zero + UNREACHABLE)
    certificate[LIMITING] = zero - 1.0
    short = status > 0.5
    for k in range(len(buffers.shortfall)):
        buffers.shortfall[k] = 0.0
    for r in range(len(y)):
        buffers.shortfall[body.entries.rows[r]] = select(short, work.gradient[r], 0.0)
    if any_lane(short):
        limiting = limiting_unknown(pattern, problem, work, x, len(buffers.muscle_force))
        certificate[LIMITING] = select(status == OVERLOADED + zero, limiting, -1.0)


@kernel
def _take_over(pattern: BlockSparsity, x: Array, reached: bool, buffers: ResultBuffers) -> None:
    """Take a load that was shared elsewhere, with a proof of its own."""
    zero = 0.0 * x[0]
    for k in range(len(x)):
        buffers.activation[pattern.unknown[k]] = x[k]
    for k in range(len(buffers.certificate)):
        buffers.certificate[k] = zero
    buffers.certificate[STATUS] = select(reached, zero, zero + UNREACHABLE)
    buffers.certificate[LIMITING] = zero - 1.0


@kernel
def _react(
    body: CompiledBody,
    output_maps: OutputMaps,
    f: Any,
    state: Any,
    wrench: Array,
    outside: Array,
    tension: Array,
    pull: Array,
    floor: Array,
    buffers: ResultBuffers,
    knees: PatellaState,
    joints: Reaction,
) -> None:
    """Ground and joint forces, if anyone wants them."""
    knee = len(output_maps.tension.order) + len(output_maps.patella.order)
    joint = len(output_maps.joint_force.order) + len(output_maps.joint_moment.order)
    ground = len(output_maps.ground.order) + len(output_maps.pressure.order) + len(output_maps.seat.order)
    if knee + joint > 0:
        pull_patellae(body.model.patella, body.model.muscle, buffers.muscle_force, buffers.coordinates, f, state, knees)
    if joint + ground == 0:
        return
    first = len(buffers.muscle_force)
    sum_wrenches(body.contact, wrench, buffers.activation, first, body.model.contact_unit, buffers.wrench)
    if ground > 0:
        for i in range(3):
            buffers.seat[i] = 0.0 * floor[0]
            for s in range(len(body.model.tree.parent)):
                buffers.seat[i] += buffers.wrench[6 * s + i]
            for k in range(len(body.feet)):
                buffers.seat[i] -= buffers.wrench[6 * body.feet[k] + i]
        for k in range(len(body.feet)):
            for i in range(6):
                buffers.ground[6 * k + i] = buffers.wrench[6 * body.feet[k] + i]
            center_of_pressure(buffers.ground, 6 * k, floor, floor[3 + k], buffers.pressure, PRESSURE * k)
    if joint > 0:
        if len(body.entries.outside) > 0 or has_bushings(body.model.bushings):
            for k in range(len(outside)):
                buffers.wrench[k] += outside[k]
        joint_reactions(
            body.model,
            body.cuts,
            body.model.gravity,
            body.model.abdomen,
            buffers.certificate[ABDOMEN],
            body.model.tissue.share * buffers.certificate[TISSUE],
            buffers.muscle_force,
            tension,
            pull,
            buffers.wrench,
            f,
            state,
            knees.wrench,
            joints,
        )


@kernel
def _write_output(output_map: OutputMap, buffer: Array, lane_index: IndexArray, array: Array) -> None:
    k, count = 0, len(output_map.order)
    while k < count:
        # columns rise: the last of eight says whether they are neighbours
        if k + 8 <= count and output_map.order[k + 7] - output_map.order[k] == 7:
            put_tile(
                array,
                lane_index,
                output_map.order[k],
                _output(output_map, buffer, k),
                _output(output_map, buffer, k + 1),
                _output(output_map, buffer, k + 2),
                _output(output_map, buffer, k + 3),
                _output(output_map, buffer, k + 4),
                _output(output_map, buffer, k + 5),
                _output(output_map, buffer, k + 6),
                _output(output_map, buffer, k + 7),
            )
            k += 8
        else:
            value = _output(output_map, buffer, k)
            for j in range(width(value)):
                array[lane_index[j], output_map.order[k]] = extract(value, j)
            k += 1


@kernel
def _output(output_map: OutputMap, buffer: Array, k: int) -> float:
    return output_map.factor[k] * buffer[output_map.source[k]]
