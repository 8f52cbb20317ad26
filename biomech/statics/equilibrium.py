"""Equilibrium of every coordinate, written as A x = b for the load sharing.

With x the activations of the muscles and the contact forces in units of half the body weight, virtual work on each
coordinate that is free in the stance gives

    sum_m strength_m r_m,c x_m + sum_g (half weight) w_g . screw_c x_g = -(gravity_c + passive_c)

with r the moment arms and w_g the wrench of a contact generator; passive_c is what tissue does that acts on
coordinates, and what passive paths do, sum_p tension_p r_p,c.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, entry_point, kernel
from biomech._kernels.arrays import Array1, Array2, Index1, Index2
from biomech._simd import (
    IndexArray,
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
from biomech.model.compiled import CompiledModel, ModelTables
from biomech.model.forces.abdominal_pressure import add_abdominal_pressure
from biomech.model.forces.bushings import BUSHING, add_bushings, has_bushings
from biomech.model.forces.contact import ContactTables, contact_wrenches
from biomech.model.forces.external_loads import add_external_loads
from biomech.model.forces.gravity import gravity_force
from biomech.model.forces.outside import outside_wrenches
from biomech.model.forces.passive_joints import passive_force
from biomech.model.forces.passive_paths import add_passive_paths, passive_path_tension
from biomech.model.forces.registry import numbers_of
from biomech.model.mechanics.couplers import carry_over
from biomech.model.mechanics.muscles import strength
from biomech.model.mechanics.paths import PathState, make_path_state, moment_arms, path_kinematics
from biomech.model.mechanics.tree import (
    LOAD,
    Frames,
    composite_masses,
    forward_kinematics,
    make_frames,
    virtual_work,
)
from biomech.stance.stance import Stance

Array = NDArray[np.float64]
Index = NDArray[np.int64]


#: What is smaller is rounding: of a demand, a part of half the body weight in N or N.m; of what a newton of contact
#: does, a direction cosine or an arm in m. A row that nothing acts on must not ask for it, for load sharing measures
#: every row by its own scale.
DEMAND_ROUNDING, CONTACT_ROUNDING = 1e-12, 1e-15


class Equilibrium(NamedTuple):
    """What must balance, per posture.

    ``coefficients`` (posture, row, unknown) and ``demand`` (posture, row): N.m, N for translations; unknowns are the
    muscles, then the contact generators. ``strength`` (posture, muscle) N; ``passive`` (posture, coordinate) N.m;
    ``contact_unit`` N: the contact force of a unit unknown.
    """

    coefficients: Array2
    demand: Array2
    strength: Array2
    passive: Array2
    contact_unit: float


class ExternalLoads(NamedTuple):
    """What acts on a body in each posture besides its muscles and the ground's unknown forces.

    ``load`` (posture, LOAD); ``laxity`` (posture, 2) deg; ``friction`` (posture, 1);
    ``applied`` (posture, 6 segment): known force and moment about the ground origin on each segment, ground as segment
    0, or (posture, 0) where there is none.
    """

    load: Array2
    laxity: Array2
    friction: Array2
    applied: Array2

    @classmethod
    def of(cls, compiled: CompiledModel, stance: Stance) -> ExternalLoads:
        """Those of a stance; the half body carries half the load."""
        friction = stance.values["friction"][:, None]
        return cls(stance.load(compiled), stance.values["knee_laxity"], friction, np.empty((len(stance), 0)))

    @classmethod
    def empty(cls, count: int) -> ExternalLoads:
        """Nothing but gravity."""
        return cls(np.zeros((count, LOAD)), np.zeros((count, 2)), np.zeros((count, 1)), np.empty((count, 0)))


class EquilibriumTables(NamedTuple):
    """Where the coefficients are put, and the constants of the equilibrium.

    ``rows`` (row,): the coordinates that must balance; ``muscle``: rows (arm, muscle, entry); ``ground``: rows
    (coordinate, generator, entry); ``followed``: rows (coordinate, generator, entry, pair, whether first) of those that
    push a coordinate which follows that of the entry; ``lumbar``: the coordinate that the abdominal pressure extends,
    or -1; whether strength depends on length, and whether passive tissue and pressure act; ``outside``: numbers of the
    elements from outside the package that do (``forces.outside``).
    """

    rows: Index1
    muscle: Index2
    ground: Index2
    followed: Index2
    lumbar: int
    force_length: bool
    tissue: bool
    outside: Array1


class ForceWorkspace(NamedTuple):
    """Room for one posture.

    ``given`` and ``passive`` (coordinate,), and the ``slope`` of the part of the latter that runs along no path;
    ``tension`` (passive path,) N, and ``pull`` (path actuator,) where something sets it; ``strength`` (muscle,);
    ``wrench`` (generator, 6) of a unit of each contact generator; ``abdomen`` (1,), the abdominal pressure in Pa;
    ``outside`` (6 segment,): force and moment of bushings and of elements from outside on every segment; ``bushing``
    (6 bushing,) and ``spring`` (spring,): what each bushing and each spring between two points exerts.
    """

    given: Array
    passive: Array
    slope: Array
    tension: Array
    pull: Array
    strength: Array
    wrench: Array
    abdomen: Array
    outside: Array
    bushing: Array
    spring: Array


def sparsity(compiled: CompiledModel, rows: Index, contact: ContactTables) -> NDArray[np.bool_]:
    """Whether each unknown acts on each row: (row, muscles and contact generators)."""
    muscles, sides = len(compiled.muscles), contact.direction.shape[1]
    acts = np.zeros((len(compiled.coordinates), muscles + len(contact.segment) * sides), dtype=bool)
    arms = compiled.paths.arms[compiled.paths.arms[:, 0] < muscles]
    acts[arms[:, 1], arms[:, 0]] = True
    pushed = np.repeat(compiled.tree.affects[:, contact.segment], sides, axis=1)
    acts[:, muscles:] = pushed
    for independent, dependent in compiled.tree.couplers.pairs:
        acts[independent, muscles:] |= pushed[dependent]
    return acts[rows]


def compile_equilibrium(
    compiled: CompiledModel, rows: Index, contact: ContactTables, place: Index, force_length: bool, tissue: bool
) -> EquilibriumTables:
    """Flat tables of the equilibrium; ``place`` (row, unknown) says where each coefficient is put."""
    row_of = np.full(len(compiled.coordinates), -1)
    row_of[rows] = np.arange(len(rows))
    arms, muscles = compiled.paths.arms, len(compiled.muscles)
    muscle = [(k, m, place[row_of[c], m]) for k, (m, c) in enumerate(arms) if m < muscles and row_of[c] >= 0]
    acts = sparsity(compiled, rows, contact)[:, muscles:]
    pushed = np.repeat(compiled.tree.affects[:, contact.segment], contact.direction.shape[1], axis=1)
    ground = [(rows[r], g, place[r, muscles + g]) for r, g in np.argwhere(acts) if pushed[rows[r], g]]
    followed = _followed(compiled, rows, acts, pushed, place[:, muscles:])
    return EquilibriumTables(
        rows,
        np.array(muscle, dtype=np.int64).reshape(-1, 3),
        np.array(ground, dtype=np.int64).reshape(-1, 3),
        followed,
        compiled.coordinates.index("lumbar_extension") if "lumbar_extension" in compiled.coordinates else -1,
        force_length,
        tissue,
        numbers_of(compiled) if tissue else np.empty(0),
    )


def _followed(
    compiled: CompiledModel, rows: Index, acts: NDArray[np.bool_], pushed: NDArray[np.bool_], place: Index
) -> Index:
    """Rows of ``EquilibriumTables.followed``."""
    found: list[tuple[int, int, int, int, int]] = []
    row_of = {int(c): r for r, c in enumerate(rows)}
    pairs = compiled.tree.couplers.pairs.tolist()
    for r, g in np.argwhere(acts).tolist():
        first = not pushed[rows[r], g]
        for pair, (independent, dependent) in enumerate(pairs):
            if row_of.get(independent) == r and pushed[dependent, g]:
                found.append((dependent, g, int(place[r, g]), pair, int(first)))
                first = False
    return np.array(found, dtype=np.int64).reshape(-1, 5)


def assemble(
    compiled: CompiledModel,
    rows: Index,
    contact: ContactTables,
    external: ExternalLoads,
    q: Array,
    force_length: bool,
    tissue: bool,
) -> Equilibrium:
    """Coefficients and demand of the equilibrium in the given postures.

    Parameters
    ----------
    compiled : CompiledModel
        The whole body, or its right half.
    rows : ndarray of int
        The coordinates that must balance.
    contact : ContactTables
        The contact points that may carry load.
    external : ExternalLoads
        What acts on the body.
    q : ndarray, shape (posture, coordinate)
        Coordinates in rad and m.
    force_length : bool
        Whether strength depends on length, or is the isometric maximum.
    tissue : bool
        Whether passive tissue acts, and elements from outside.
    """
    unknowns = len(compiled.muscles) + contact.direction.shape[0] * contact.direction.shape[1]
    place = np.arange(len(rows) * unknowns).reshape(len(rows), unknowns)
    entries = compile_equilibrium(compiled, rows, contact, place, force_length, tissue)
    found = Equilibrium(
        coefficients=np.zeros((len(q), place.size)),
        demand=np.empty((len(q), len(rows))),
        strength=np.empty((len(q), len(compiled.muscles))),
        passive=np.zeros(q.shape),
        contact_unit=compiled.tables.contact_unit,
    )
    _assemble_lanes(compiled.tables, contact, entries, external, q, found)
    return found._replace(coefficients=found.coefficients.reshape(len(q), *place.shape))


@entry_point
def _assemble_lanes(
    model: ModelTables,
    contact: ContactTables,
    entries: EquilibriumTables,
    external: ExternalLoads,
    q: Array2,
    found: Equilibrium,
) -> None:
    number = simd_zero()
    f, state = make_frames(number, model.tree), make_path_state(number, model.paths)
    near, forces = make_external_loads(number, external), make_force_workspace(number, model, contact)
    own, a, b = (
        zeros(number, (q.shape[1],)),
        zeros(number, (found.coefficients.shape[1],)),
        zeros(number, (found.demand.shape[1],)),
    )
    every, index = arange(max(len(a), external.applied.shape[1], 6)), arange(len(q))
    lane_index = make_lane_index(number)
    blocks = -(-len(q) // width(number))
    for block in range(blocks):
        block_indices(index, block, blocks, lane_index)
        gather(q, lane_index, every, own)
        gather_external_loads(external, lane_index, every, near)
        forward_kinematics(model.tree, model.splines, own, f)
        composite_masses(model.tree, near.load, f)
        path_kinematics(model.paths, model.splines, own, f, state)
        assemble_equilibrium(model, contact, entries, near, own, f, state, forces, a, b)
        scatter(a, lane_index, every, found.coefficients)
        scatter(b, lane_index, every, found.demand)
        scatter(forces.strength, lane_index, every, found.strength)
        scatter(forces.passive, lane_index, every, found.passive)


@allocating_kernel
def make_external_loads(number: Any, external: ExternalLoads) -> ExternalLoads:
    """Room for what acts on one body."""
    applied = zeros(number, (external.applied.shape[1],))
    return ExternalLoads(zeros(number, (LOAD,)), zeros(number, (2,)), zeros(number, (1,)), applied)


@allocating_kernel
def make_force_workspace(number: Any, model: ModelTables, contact: ContactTables) -> ForceWorkspace:
    """An empty workspace of floats or lanes."""
    coordinates, generators = len(model.tree.first_body), contact.direction.shape[0] * contact.direction.shape[1]
    return ForceWorkspace(
        zeros(number, (coordinates,)),
        zeros(number, (coordinates,)),
        zeros(number, (coordinates, coordinates)),
        zeros(number, (len(model.passive_path.path),)),
        zeros(number, (len(model.paths.start) - 1 - len(model.muscle.max_force) - len(model.passive_path.path),)),
        zeros(number, (len(model.muscle.max_force),)),
        zeros(number, (generators, 6)),
        zeros(number, (1,)),
        zeros(number, (6 * len(model.tree.parent),)),
        zeros(number, (BUSHING * len(model.bushings.segment),)),
        zeros(number, (len(model.bushings.spring_segment),)),
    )


@kernel
def gather_external_loads(
    external: ExternalLoads, lane_index: IndexArray, every: IndexArray, near: ExternalLoads
) -> None:
    """What acts on the bodies ``lane_index``."""
    gather(external.load, lane_index, every, near.load)
    gather(external.laxity, lane_index, every, near.laxity)
    gather(external.friction, lane_index, every, near.friction)
    gather(external.applied, lane_index, every, near.applied)


@kernel
def assemble_equilibrium(
    model: ModelTables,
    contact: ContactTables,
    entries: EquilibriumTables,
    near: ExternalLoads,
    q: Array,
    frames: Frames,
    state: PathState,
    forces: ForceWorkspace,
    a: Array,
    b: Array,
) -> None:
    """Coefficients and demand of one posture, once its segments are placed, its masses gathered and its paths laid."""
    gravity_force(model.tree, frames, model.gravity, forces.given)
    add_external_loads(model.tree, frames, near.applied, forces.given)
    moment_arms(model.paths, model.splines, q, frames, state)
    along = len(model.passive_path.path) > 0
    passive_force(model.tissue, entries.tissue, along, q, near.laxity, forces.passive, forces.slope)
    carry_over(model.tree.couplers, frames.rate, forces.passive)
    if along:
        passive_path_tension(model.passive_path, model.tree.functions, state.length, forces.tension)
        add_passive_paths(model.passive_path, state.arm, forces.tension, forces.passive)
    if entries.tissue and entries.lumbar >= 0:
        add_abdominal_pressure(model.abdomen, entries.lumbar, forces.given, forces.abdomen)
    if len(entries.outside) > 0 or has_bushings(model.bushings):
        outside_wrenches(entries.outside, q, frames, forces.outside)
        add_bushings(model.bushings, frames, forces.outside, forces.bushing, forces.spring)
        add_external_loads(model.tree, frames, forces.outside, forces.given)
    for r in range(len(entries.rows)):
        c = entries.rows[r]
        demand = -(forces.given[c] + forces.passive[c])
        b[r] = select(abs(demand) < DEMAND_ROUNDING * model.contact_unit, 0.0, demand)
    strength(model.muscle, entries.force_length, state.length, forces.strength)
    for k in range(len(entries.muscle)):
        arm, m, e = entries.muscle[k, 0], entries.muscle[k, 1], entries.muscle[k, 2]
        a[e] = forces.strength[m] * model.muscle.moment_arm_scale[m] * state.arm[arm]
    contact_wrenches(contact, frames, near.friction[0], forces.wrench)
    for k in range(len(entries.ground)):
        c, g, e = entries.ground[k, 0], entries.ground[k, 1], entries.ground[k, 2]
        work = virtual_work(frames.screw, c, forces.wrench, g)
        a[e] = model.contact_unit * select(abs(work) < CONTACT_ROUNDING, 0.0, work)
    _add_followed(entries.followed, model.contact_unit, frames, forces.wrench, a)


@kernel
def _add_followed(followed: Index, unit: float, frames: Frames, wrench: Array, a: Array) -> None:
    """Add to coefficients what contact does by way of coordinates that follow."""
    for k in range(len(followed)):
        c, g, e = followed[k, 0], followed[k, 1], followed[k, 2]
        if followed[k, 4] == 1:
            a[e] = 0.0 * frames.rate[followed[k, 3]]
        work = frames.rate[followed[k, 3]] * virtual_work(frames.screw, c, wrench, g)
        a[e] += unit * select(abs(work) < CONTACT_ROUNDING, 0.0, work)
