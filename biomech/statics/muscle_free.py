"""What gravity, the ground, passive tissue and passive paths do to a posture before any muscle acts.

Three moments decide how a body rests without muscles (N.m, all that stands counted together; bushings and springs
between segments count as passive tissue):

    hanging: H = sum over the standing legs of M_hip - e . sum over U of (r - r_hip) x m g

with U everything that the standing hips carry, e the pelvis's lateral axis, which passes through both hip centres and
is the hips' flexion axis, and M_hip the passive flexion moment. H > 0 tips the pelvis forward.

    passive: P = sum over hips and lumbar joint of M_passive,c dq_c/dtilt

is the slope, with its sign turned, of the passive energy of hips and lumbar joint along the tilt; the published hip
moments are not the gradient of an energy, along one path their work is one all the same.

    knee: K = M_passive + gravity + ground, on the knee's coordinate,

the ground's force vertical, an equal part of the weight under every foot, where ``weight_shift`` puts it on the foot's
own long axis. K > 0 extends the knee.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, entry_point, kernel
from biomech._kernels.arrays import Array2
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
from biomech.errors import ModelError
from biomech.model.bodies import Bodies, make_body, take_bodies
from biomech.model.compiled import CompiledModel, ModelTables
from biomech.model.forces.bushings import BUSHING, add_bushings, has_bushings
from biomech.model.forces.external_loads import add_external_loads
from biomech.model.forces.gravity import gravity_force
from biomech.model.forces.passive_joints import passive_moment
from biomech.model.forces.passive_paths import add_passive_paths, passive_path_tension
from biomech.model.forces.registry import acting
from biomech.model.mechanics.couplers import carry_over
from biomech.model.mechanics.paths import make_path_state, moment_arms, path_kinematics
from biomech.model.mechanics.tree import Frames, composite_masses, make_frames, point, rotate
from biomech.model.model import Model
from biomech.model.roles import ROLES
from biomech.stance.stance import Stance
from biomech.statics.posture import build_constraints, feet_of
from biomech.statics.posture_newton import (
    CLOSED,
    ConstraintTables,
    ConstraintTargets,
    gather_targets,
    make_constraint_work,
    make_targets,
    solve_constraints,
)

Array = NDArray[np.float64]

#: Coordinates of the hips and of the lumbar spine, by their roles.
_AT_THE_TRUNK = frozenset(role for role in ROLES["coordinates"] if role.startswith(("hip_", "lumbar_")))
_STEP = 1e-3  #: deg of tilt, on either side, over which coordinates are differenced


@dataclass(frozen=True)
class MuscleFreeMoments:
    """Moments without muscles, per posture, N.m of the whole body.

    ``coordinates`` (posture, coordinate) and whether the chain ``closed``; ``hip`` and ``carried`` (posture,), the two
    parts of H; ``passive`` (posture, coordinate) of the body that is solved; ``knee`` (posture, standing leg).
    """

    coordinates: Array
    closed: NDArray[np.bool_]
    hip: Array
    carried: Array
    passive: Array
    knee: Array

    @property
    def hanging(self) -> Array:
        """H of every posture."""
        return self.hip + self.carried


class Legs(NamedTuple):
    """The legs that stand: segments of pelvis, thighs and heels, hip flexion and knee coordinates; the sole.

    ``sole`` (m) is its height in the foot's frame, ``toe`` (m) where ``weight_shift`` is 1.
    """

    pelvis: int
    thigh: IndexArray
    heel: IndexArray
    hip: IndexArray
    knee: IndexArray
    sole: float
    toe: float


class _Given(NamedTuple):
    """Per posture: what the chain must meet, first coordinates, the knees' laxity and the weight along the sole."""

    batch_targets: ConstraintTargets
    start: Array2
    laxity: Array2
    shift: Array2
    bodies: Bodies


class _Found(NamedTuple):
    """What is found per posture; passive and knee moments as in ``MuscleFreeMoments``.

    ``hanging``: the largest residual, infinite where the body is not the right way round, and the two parts of H.
    """

    coordinates: Array2
    hanging: Array2
    passive: Array2
    knee: Array2


def muscle_free_moments(model: Model, compiled: CompiledModel, stance: Stance, support: int) -> MuscleFreeMoments:
    """Close postures and take their moments without muscles.

    Parameters
    ----------
    model, compiled
        The model, and its whole or half tables.
    stance : Stance
        Stances with one support and the tilt in degrees.
    support : int
        Index into ``SUPPORTS``.

    Returns
    -------
    MuscleFreeMoments
        Moments of the whole body, NaN where the chain did not close.
    """
    if acting():
        raise ModelError("a policy that looks for a balance without muscles does not know force elements from outside")
    if 0 in compiled.links.segment or 0 in compiled.links.spring_segment:
        raise ModelError(
            f"model {model.name!r}: a policy that looks for a balance without muscles does not know bushings and "
            "springs that hold a segment to ground"
        )
    constraints = build_constraints(model, compiled, stance, support)
    settings = model.tables["settings"]
    legs = _legs(compiled, support, settings.value("sole_height"), settings.value("toe_tip"))
    count, coordinates = constraints.start.shape
    given = _Given(
        constraints.batch_targets(stance.load(compiled)),
        constraints.start,
        stance.values["knee_laxity"],
        stance.values["weight_shift"][:, None],
        model._bodies(compiled.half, stance.body),
    )
    found = _Found(
        np.empty((count, coordinates)),
        np.empty((count, 3)),
        np.empty((count, coordinates)),
        np.empty((count, len(legs.knee))),
    )
    _moments_simd(compiled.tables, constraints.tables, legs, compiled.gravity, given, found)
    closed = found.hanging[:, 0] < CLOSED
    for moments in (found.hanging, found.passive, found.knee):
        moments[~closed] = np.nan
    _, hip, carried = found.hanging.T
    both = 2.0 if compiled.half else 1.0
    return MuscleFreeMoments(found.coordinates, closed, both * hip, both * carried, found.passive, found.knee)


def passive_slope(model: Model, compiled: CompiledModel, stance: Stance, support: int) -> Array:
    """P of every posture, N.m per radian of tilt, of the whole body; NaN where the chain does not close."""
    slope = np.full(len(stance), np.nan)
    here = muscle_free_moments(model, compiled, stance, support)
    closed = np.flatnonzero(here.closed)  # what does not close takes longest, and its neighbours tell nothing
    if not closed.size:
        return slope
    tilt = stance.values["pelvic_tilt"][closed]
    near = [
        muscle_free_moments(model, compiled, stance.take(closed, pelvic_tilt=tilt + way * _STEP), support)
        for way in (-1.0, 1.0)
    ]
    rate = (near[1].coordinates - near[0].coordinates) / np.radians(2.0 * _STEP)
    counted = [c for c, name in enumerate(compiled.coordinates) if name in _AT_THE_TRUNK]
    # one by one: NumPy's sums over an axis round as the number of stances suits them
    total = np.zeros(len(closed))
    for c in counted:
        total += (2.0 if compiled.half else 1.0) * here.passive[closed, c] * rate[:, c]
    slope[closed] = np.where(near[0].closed & near[1].closed, total, np.nan)
    return slope


def _legs(compiled: CompiledModel, support: int, sole: float, toe: float) -> Legs:
    feet = ["_r"] if compiled.half else feet_of(support)

    def places(names: list[str], stem: str, first: int) -> IndexArray:
        return np.array([first + names.index(stem + foot) for foot in feet], dtype=np.uint64)

    return Legs(
        1 + compiled.segments.index("pelvis"),
        places(compiled.segments, "femur", 1),
        places(compiled.segments, "calcn", 1),
        places(compiled.coordinates, "hip_flexion", 0),
        places(compiled.coordinates, "knee_angle", 0),
        sole,
        toe,
    )


@entry_point
def _moments_simd(
    model: ModelTables,
    constraints: ConstraintTables,
    legs: Legs,
    gravity: float,
    given: _Given,
    found: _Found,
) -> None:
    _moments_each(simd_zero(), model, constraints, legs, gravity, given, found)


@allocating_kernel
def _moments_each(
    number: Any,
    compiled: ModelTables,
    constraints: ConstraintTables,
    legs: Legs,
    gravity: float,
    given: _Given,
    found: _Found,
) -> None:
    count, coordinates = found.coordinates.shape
    model, body_row = make_body(number, compiled), make_lane_index(number)
    f, targets = make_frames(number, model.tree), make_targets(number, constraints, given.batch_targets.target.shape[1])
    work, lane_index = (
        make_constraint_work(number, constraints, given.batch_targets.target.shape[1], coordinates),
        make_lane_index(number),
    )
    q, passive, slope = (
        zeros(number, (coordinates,)),
        zeros(number, (coordinates,)),
        zeros(number, (coordinates, coordinates)),
    )
    weight, knee, hanging = zeros(number, (coordinates,)), zeros(number, (len(legs.knee),)), zeros(number, (3,))
    paths, tension = make_path_state(number, model.paths), zeros(number, (len(model.passive_path.path),))
    linked = zeros(number, (6 * len(model.tree.parent),))
    bushing = zeros(number, (BUSHING * len(model.bushings.segment),))
    spring = zeros(number, (len(model.bushings.spring_segment),))
    laxity, shift, first = zeros(number, (2,)), zeros(number, (1,)), zeros(number, (coordinates,))
    every, index = arange(max(coordinates, given.batch_targets.vector.shape[1], 4)), arange(count)
    blocks = -(-count // width(number))
    for block in range(blocks):
        block_indices(index, block, blocks, lane_index)
        take_bodies(given.bodies, lane_index, body_row, block == 0, model)
        gather_targets(given.batch_targets, lane_index, every, targets)
        gather(given.start, lane_index, every, first)
        for k in range(coordinates):
            q[k] = first[k]
        gather(given.laxity, lane_index, every, laxity)
        gather(given.shift, lane_index, every, shift)
        off, sound = solve_constraints(model, constraints, targets, first, q, f, work, q[0] != q[0])
        hanging[0] = select(sound, off, np.inf)
        composite_masses(model.tree, targets.load, f)
        gravity_force(model.tree, f, gravity, weight)
        passive_moment(model.tissue, q, laxity, passive, slope)
        carry_over(model.tree.couplers, f.rate, passive)
        if len(model.passive_path.path) > 0:
            path_kinematics(model.paths, model.splines, q, f, paths)
            moment_arms(model.paths, model.splines, q, f, paths)
            passive_path_tension(model.passive_path, model.tree.functions, paths.length, tension)
            add_passive_paths(model.passive_path, paths.arm, tension, passive)
        if has_bushings(model.bushings):
            for k in range(len(linked)):
                linked[k] = 0.0
            add_bushings(model.bushings, f, linked, bushing, spring)
            add_external_loads(model.tree, f, linked, passive)
        hanging[1], hanging[2] = _hang(legs, gravity, f, passive)
        for k in range(len(legs.knee)):
            c = legs.knee[k]
            knee[k] = passive[c] + weight[c] + _ground(legs, k, gravity, shift[0], f)
        scatter(q, lane_index, every, found.coordinates)
        scatter(hanging, lane_index, every, found.hanging)
        scatter(passive, lane_index, every, found.passive)
        scatter(knee, lane_index, every, found.knee)


@kernel
def _hang(legs: Legs, gravity: float, frames: Frames, passive: Array) -> tuple[float, float]:
    """The two parts of H: passive hip flexion moments, and the weight that the hips carry."""
    hip, mass, mx, mz = 0.0 * frames.mass[0], frames.mass[0] + 0.0, frames.moment[0, 0] + 0.0, frames.moment[0, 2] + 0.0
    for k in range(len(legs.hip)):
        i = legs.thigh[k]
        hip += passive[legs.hip[k]]
        mass, mx, mz = mass - frames.mass[i], mx - frames.moment[i, 0], mz - frames.moment[i, 2]
    x, _, z = point(frames, legs.thigh[0], 0.0, 0.0, 0.0)
    ex, _, ez = rotate(frames.rotation, legs.pelvis, 0.0, 0.0, 1.0)
    return hip, -gravity * (ex * (mz - mass * z) - ez * (mx - mass * x))


@kernel
def _ground(legs: Legs, k: int, gravity: float, shift: float, frames: Frames) -> float:
    """What the ground's part of the weight does on a knee's coordinate."""
    c, share = legs.knee[k], gravity * frames.mass[0] / len(legs.knee)
    x, _, z = point(frames, legs.heel[k], shift * legs.toe, legs.sole, 0.0)
    return share * (frames.screw[c, 2] * x - frames.screw[c, 0] * z + frames.screw[c, 4])
