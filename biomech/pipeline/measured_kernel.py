"""The fused kernel of measured frames: equilibrium, load sharing with reserves, joint forces and certificate.

As ``pipeline_kernel``, but the coordinates and what acts on the feet are known, so that no chain is closed, no ground
force is sought and no tissue acts; each coordinate may have a reserve. A frame that is not optimal at the first attempt
is left to the patient solver, and comes back with a load that is shared already.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, entry_point, kernel
from biomech._kernels.arrays import Array1, Array2, Index2, IndexArray
from biomech._simd import (
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
from biomech.model.compiled import ModelTables
from biomech.model.forces.bushings import has_bushings
from biomech.model.forces.contact import ContactTables
from biomech.model.forces.patella import make_patella_state, pull_patellae
from biomech.model.mechanics.paths import make_path_state, path_kinematics
from biomech.model.mechanics.tree import composite_masses, forward_kinematics, make_frames
from biomech.pipeline.pipeline_kernel import CERTIFICATE, COST, GAP, LIMITING, RESIDUAL, STATUS
from biomech.pipeline.status import UNCERTIFIED
from biomech.sharing.block_sparsity import BlockSparsity
from biomech.sharing.certificate import certify_problem, has_settled
from biomech.sharing.dual_newton import share_load
from biomech.sharing.response import Costs, Problem, Work, make_answer, make_problem, make_work, measure
from biomech.statics.equilibrium import (
    EquilibriumTables,
    ExternalLoads,
    assemble_equilibrium,
    gather_external_loads,
    make_external_loads,
    make_force_workspace,
)
from biomech.statics.reactions import CutTables, joint_reactions, make_reaction

Array = NDArray[np.float64]

#: Largest residual and gap of an optimal frame.
_TOLERANCE = 1e-9


class MeasuredBody(NamedTuple):
    """Tables of a body, of what must balance, of where it is cut, and of its reserves.

    ``contact`` is none. ``row`` (row,): the coordinate of each row; of every reserve ``moment`` (reserve,) at unit
    control, the ``entry`` of A where it stands, and its ``coordinate``. Of path actuators that are reserves ``optimal``
    (one,) N at unit control and which they are (``actuator``); ``along``: rows (arm, one, coordinate, entry or -1).
    ``lower`` and ``upper`` (unknown,), muscles, reserves and path actuators in the order of the pattern.
    """

    model: ModelTables
    contact: ContactTables
    entries: EquilibriumTables
    cuts: CutTables
    row: IndexArray
    moment: Array1
    entry: IndexArray
    coordinate: IndexArray
    optimal: Array1
    actuator: IndexArray
    along: Index2
    lower: Array1
    upper: Array1


class MeasuredInputs(NamedTuple):
    """Coordinates ``q`` (frame, coordinate) in rad and m, and what acts on the body.

    ``shared`` (frame, unknown), in the order of the pattern, is a load that was shared elsewhere; ``lower`` and
    ``upper`` (frame, unknown), so too, are bounds in place of the body's, and ``demand`` (frame, row) in place of what
    acts on it. Each is (frame, 0) where it was not given.
    """

    q: Array2
    external: ExternalLoads
    shared: Array2
    lower: Array2
    upper: Array2
    demand: Array2


class MeasuredArrays(NamedTuple):
    """Results of many frames, each (frame, column): as in ``ResultArrays``, and moments (forces) of coordinates."""

    activation: Array2
    muscle_force: Array2
    strength: Array2
    joint_force: Array2
    joint_moment: Array2
    tension: Array2
    patella: Array2
    bushing: Array2
    spring: Array2
    certificate: Array2
    passive_path: Array2
    path_actuator: Array2
    required: Array2
    reserve: Array2


class FrameBuffers(NamedTuple):
    """Room for one frame: ``value`` (unknown,) in the problem's own order, what follows from it, ``certificate``.

    ``along`` (coordinate,) is what all reserves do where some run along paths.
    """

    value: Array
    activation: Array
    force: Array
    reserve: Array
    along: Array
    certificate: Array


@allocating_kernel
def _make_buffers(number: Any, unknowns: int, muscles: int, reserves: int, coordinates: int) -> FrameBuffers:
    return FrameBuffers(
        zeros(number, (unknowns,)),
        zeros(number, (muscles,)),
        zeros(number, (muscles,)),
        zeros(number, (reserves,)),
        zeros(number, (coordinates,)),
        zeros(number, (CERTIFICATE,)),
    )


@entry_point
def solve_frames_simd(
    body: MeasuredBody,
    pattern: BlockSparsity,
    costs: Costs,
    inputs: MeasuredInputs,
    index: IndexArray,
    results: MeasuredArrays,
) -> None:
    """Answer frames ``index``, as many at a time as the lanes hold."""
    number, model, rows, unknowns = simd_zero(), body.model, len(body.row), len(pattern.unknown)
    f, state = make_frames(number, model.tree), make_path_state(number, model.paths)
    near, forces = make_external_loads(number, inputs.external), make_force_workspace(number, model, body.contact)
    knees, joints = make_patella_state(number, model.patella), make_reaction(number, body.cuts)
    p, w = make_problem(number, rows, unknowns, pattern.entry[-1]), make_work(number, rows, unknowns)
    x, y, _ = make_answer(number, rows, unknowns)
    q, reserves = zeros(number, (inputs.q.shape[1],)), len(body.moment)
    buffers = _make_buffers(number, unknowns, results.activation.shape[1], reserves, len(q))
    lane_index, shared, no_pressure = make_lane_index(number), inputs.shared.shape[1] > 0, np.zeros(5)
    bounded, asked = inputs.lower.shape[1] > 0, inputs.demand.shape[1] > 0
    widest = max(len(near.applied), unknowns, len(q), len(joints.force), len(knees.force), CERTIFICATE)
    widest = max(widest, len(forces.tension), len(forces.pull), len(forces.bushing), len(forces.spring))
    every, linked = arange(widest), has_bushings(model.bushings)
    for k in range(unknowns):
        p.lower[k], p.upper[k] = body.lower[k], body.upper[k]
    for k in range(len(body.moment)):
        p.a[body.entry[k]] = body.moment[k]
    blocks = -(-len(index) // width(number))
    for block in range(blocks):
        block_indices(index, block, blocks, lane_index)
        gather(inputs.q, lane_index, every, q)
        gather_external_loads(inputs.external, lane_index, every, near)
        forward_kinematics(model.tree, model.splines, q, f)
        composite_masses(model.tree, near.load, f)
        path_kinematics(model.paths, model.splines, q, f, state)
        assemble_equilibrium(model, body.contact, body.entries, near, q, f, state, forces, p.a, p.b)
        for k in range(len(body.along)):
            if body.along[k, 3] >= 0:
                p.a[body.along[k, 3]] = body.optimal[body.along[k, 1]] * state.arm[body.along[k, 0]]
        if bounded:
            gather(inputs.lower, lane_index, every, p.lower)
            gather(inputs.upper, lane_index, every, p.upper)
        if asked:
            gather(inputs.demand, lane_index, every, p.b)
        if shared:
            gather(inputs.shared, lane_index, every, x)
        else:
            _share(pattern, costs, p, w, x, y, buffers.certificate)
        _take(pattern, body.moment, forces.strength, x, buffers)
        if len(body.optimal) > 0:
            _pull_along(body, state.arm, buffers, forces.pull)
        none, force = 0.0 * q[0], buffers.force
        applied = near.applied
        if linked:
            applied = forces.outside
            for k in range(len(near.applied)):
                applied[k] += near.applied[k]
        pull_patellae(model.patella, model.muscle, force, q, f, state, knees)
        joint_reactions(
            model,
            body.cuts,
            model.gravity,
            no_pressure,
            none,
            none,
            force,
            forces.tension,
            forces.pull,
            applied,
            f,
            state,
            knees.wrench,
            joints,
        )
        scatter(buffers.activation, lane_index, every, results.activation)
        scatter(force, lane_index, every, results.muscle_force)
        scatter(forces.strength, lane_index, every, results.strength)
        scatter(joints.force, lane_index, every, results.joint_force)
        scatter(joints.moment, lane_index, every, results.joint_moment)
        scatter(knees.tension, lane_index, every, results.tension)
        scatter(knees.force, lane_index, every, results.patella)
        scatter(forces.bushing, lane_index, every, results.bushing)
        scatter(forces.spring, lane_index, every, results.spring)
        scatter(buffers.certificate, lane_index, every, results.certificate)
        scatter(forces.tension, lane_index, every, results.passive_path)
        scatter(forces.pull, lane_index, every, results.path_actuator)
        scatter(p.b, lane_index, body.row, results.required)
        scatter(buffers.reserve, lane_index, body.coordinate, results.reserve)
        if len(body.optimal) > 0:
            scatter(buffers.along, lane_index, every, results.reserve)


@kernel
def _share(
    pattern: BlockSparsity, costs: Costs, problem: Problem, work: Work, x: Array, y: Array, certificate: Array
) -> None:
    """Share the load at the first attempt, and certify it."""
    measure(problem)
    met = share_load(pattern, costs, problem, work, x, y, False, False)
    certificate[COST], certificate[RESIDUAL], certificate[GAP], status = certify_problem(
        pattern, costs, problem, work, x, y, _TOLERANCE
    )
    met = has_settled(pattern, costs, problem, work, x, y, met)
    certificate[STATUS] = select(met, status, 0.0 * status + UNCERTIFIED)
    certificate[LIMITING] = 0.0 * status - 1.0


@kernel
def _take(pattern: BlockSparsity, moment: Array, strength: Array, x: Array, buffers: FrameBuffers) -> None:
    """Activations, forces and moments of the reserves from the unknowns."""
    muscles = len(buffers.activation)
    for k in range(len(x)):
        buffers.value[pattern.unknown[k]] = x[k]
    for m in range(muscles):
        buffers.activation[m] = buffers.value[m]
        buffers.force[m] = buffers.value[m] * strength[m]
    for k in range(len(moment)):
        buffers.reserve[k] = buffers.value[muscles + k] * moment[k]


@kernel
def _pull_along(body: MeasuredBody, arm: Array, buffers: FrameBuffers, pull: Array) -> None:
    """Tensions of path actuators from the unknowns, and what all reserves do on coordinates."""
    first = len(buffers.activation) + len(body.moment)
    for k in range(len(body.optimal)):
        pull[body.actuator[k]] = buffers.value[first + k] * body.optimal[k]
    for c in range(len(buffers.along)):
        buffers.along[c] = 0.0 * arm[0]
    for k in range(len(body.coordinate)):
        buffers.along[body.coordinate[k]] += buffers.reserve[k]
    for k in range(len(body.along)):
        tension = pull[body.actuator[body.along[k, 1]]]
        buffers.along[body.along[k, 2]] += tension * arm[body.along[k, 0]]
