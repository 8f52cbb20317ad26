"""Joint contact forces and moments: what the bones of a joint press on each other with, and what turns it.

Free body of everything outward of a joint: gravity, ground forces and the muscles that cross the cut, against the
wrench that the inner segment exerts through the joint. Forces and moments are those of the parent on the child segment,
the moments about the joint's centre, which is the origin of the joint's frame in the child and where the child's own
origin is, too, but in bodies whose files put it elsewhere. Which joints are told, and in the axes of which segment, a
table of the model says (``biomech.model.reported``): by default hip_r in femur_r, knee_r in tibia_r, ankle_r in
talus_r, lumbosacral in torso. Passive paths pull at the cut as muscles do. On every coordinate of the joint its power,
w . M + v . F, is what passive tissue without a path does there, with v of the joint's centre: equilibrium, seen from
the cut. For that

- the tibia is pulled by the patellar tendon, not along the paths of the quadriceps (``biomech.model.forces.patella``);
- where ``moment_arm_scale`` scales the moment arms of a muscle, its force and its line stay, and a couple makes up the
moment:
  the least one that does (leverage - 1) r F on every rotation of the joint. The tendon's tension is scaled instead;
- the abdominal pressure lifts the trunk at the joint's centre, with the couple that turns one coordinate alone;
- the tissue behind a flexed lumbar spine pulls it down there, with the couple that is its passive moment.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, kernel
from biomech._kernels.arrays import Array1, Array2, Flags1, Flags2, Index1, Index2
from biomech._simd import any_lane, zeros
from biomech.model.compiled import CompiledModel, ModelTables
from biomech.model.mechanics.muscles import MuscleTables
from biomech.model.mechanics.paths import PathState
from biomech.model.mechanics.tree import Frames, point

Array = NDArray[np.float64]
Index = NDArray[np.int64]


class CutTables(NamedTuple):
    """Where the body is cut.

    ``child`` (cut,): the first segment outward; ``is_beside`` (cut,), whether its origin is not the joint's centre, and
    ``centre`` (cut, 3), where in it that is; ``report``: rows (cut, segment in whose axes it is told); rows (span,
    muscle, sign) of ``crossing`` from ``start[j]`` to ``start[j + 1]``: the spans that cross cut j, with sign +1 where
    the span's near end is outward; ``outward`` (cut, segment); ``lumbosacral``, which cut that is, or -1; ``patella``
    (patella,): the cut that each tendon crosses.
    Couples: rows (cut, coordinate) of ``turn``, the rotations that muscles move, those of a cut together; rows (turn,
    muscle, arm) of ``lever``; ``pressed``, which turn the abdominal pressure turns, or -1. ``passive``: rows (cut,
    span, passive path, sign), as of ``crossing``; ``actuator``: the same of path actuators.
    """

    child: Index1
    is_beside: Flags1
    centre: Array2
    report: Index2
    start: Index1
    crossing: Index2
    outward: Flags2
    lumbosacral: int
    patella: Index1
    turn: Index2
    lever: Index2
    pressed: int
    passive: Index2
    actuator: Index2


class Reaction(NamedTuple):
    """Room for the reactions of one posture.

    ``force`` and ``moment`` (3 report,); ``wrench`` (cut, 6): force, and moment about the ground origin, on everything
    outward; ``couple`` (turn, 4): what a couple must do on a turn, and the part of the turn's axis that is square to
    those before it.
    """

    force: Array
    moment: Array
    wrench: Array
    couple: Array


@allocating_kernel
def make_reaction(number: Any, cuts: CutTables) -> Reaction:
    """An empty workspace of floats or lanes."""
    return Reaction(
        zeros(number, (3 * len(cuts.report),)),
        zeros(number, (3 * len(cuts.report),)),
        zeros(number, (len(cuts.child), 6)),
        zeros(number, (len(cuts.turn), 4)),
    )


@lru_cache(maxsize=16)
def compile_cuts(compiled: CompiledModel) -> CutTables:
    """Flat tables of the cuts through the joints that are told of a body."""
    joints = [*dict.fromkeys(own.joint for own in compiled.reported)]
    report = [(joints.index(own.joint), 1 + compiled.segments.index(own.segment)) for own in compiled.reported]
    parent, patella, muscles = compiled.tree.parent, compiled.patella, len(compiled.muscles)
    pulls = compiled.paths.pulls.tolist()
    child = np.array([1 + compiled.joints.index(joint) for joint in joints], dtype=np.int64)
    outward = np.zeros((len(child), len(parent)), dtype=np.bool_)
    for cut, first in enumerate(child):
        for s in range(1, len(parent)):
            outward[cut, s] = s == first or outward[cut, parent[s]]
    cut_of = {int(first): cut for cut, first in enumerate(child)}
    knee = [cut_of.get(int(tibia), -1) for tibia in patella.tibia]
    tendon = {
        (knee[k], int(m))
        for k in range(len(knee) if patella.acts else 0)
        for m, _, _ in patella.pull[patella.start[k] : patella.start[k + 1]]
    }
    crossing = [
        [
            (s, m, 1 if outward[cut, near] else -1)
            for s, m, near, far in pulls
            if m < muscles and outward[cut, near] != outward[cut, far] and (cut, m) not in tendon
        ]
        for cut in range(len(child))
    ]
    moved = [int(c) for c in compiled.actuated if compiled.is_rotation[c]]
    turn = [(cut, c) for cut, first in enumerate(child) for c in moved if compiled.tree.first_body[c] == first]
    lever = [
        (t, m, k)
        for t, (cut, c) in enumerate(turn)
        for k, (m, of) in enumerate(compiled.paths.arms)
        if m < muscles and of == c and (cut, int(m)) not in tendon
    ]
    ends = (muscles, muscles + len(compiled.passive_paths), len(compiled.paths.start) - 1)
    others = [
        np.array(
            [
                (cut, s, p - first, 1 if outward[cut, near] else -1)
                for cut in range(len(child))
                for s, p, near, far in pulls
                if first <= p < last and outward[cut, near] != outward[cut, far]
            ],
            dtype=np.int64,
        ).reshape(-1, 4)
        for first, last in pairwise(ends)
    ]
    lumbosacral = joints.index("lumbosacral") if "lumbosacral" in joints else -1
    extension = compiled.coordinates.index("lumbar_extension") if "lumbar_extension" in compiled.coordinates else -1
    pressed = (lumbosacral, extension)
    held = compiled.tree.joints
    centre = -np.einsum("ckm,ck->cm", held.held_rotation[child].reshape(-1, 3, 3), held.held_offset[child])
    return CutTables(
        child,
        np.any(centre != 0.0, axis=1),
        np.ascontiguousarray(centre),
        np.array(report, dtype=np.int64).reshape(-1, 2),
        np.cumsum([0, *map(len, crossing)], dtype=np.int64),
        np.array([row for rows in crossing for row in rows], dtype=np.int64).reshape(-1, 3),
        outward,
        lumbosacral,
        np.array(knee, dtype=np.int64),
        np.array(turn, dtype=np.int64).reshape(-1, 2),
        np.array(lever, dtype=np.int64).reshape(-1, 3),
        turn.index(pressed) if pressed in turn else -1,
        *others,
    )


@kernel
def joint_reactions(
    model: ModelTables,
    cuts: CutTables,
    gravity: float,
    abdomen: Array1,
    pressure: float,
    tissue: float,
    muscle_force: Array,
    tension: Array,
    actuator_force: Array,
    applied: Array,
    frames: Frames,
    state: PathState,
    tendon: Array,
    out: Reaction,
) -> None:
    """Force and moment of the parent on the child at each cut, as they are told, once moment arms are known.

    ``tension`` (passive path,) and ``actuator_force`` (path actuator,) are theirs, N; ``tendon`` (patella, 6) pulls the
    tibia of a body whose tendons act. Abdominal ``pressure`` (Pa) lifts the trunk off the lumbosacral joint and extends
    it; ``abdomen``: see ``ModelTables``. The ``tissue`` behind it (N) pulls the trunk down, and extends it with the
    moment that is no couple here but the joint's passive one.
    """
    pressed = any_lane((abdomen[0] != 0.0) | (abdomen[1] != 0.0))
    lift = abdomen[2] * abdomen[4] * pressure
    for j in range(len(cuts.child)):
        i = cuts.child[j]
        fx, fy, fz = 0.0 * lift, -gravity * frames.mass[i], 0.0 * lift
        mx, my, mz = gravity * frames.moment[i, 2], 0.0 * lift, -gravity * frames.moment[i, 0]
        for s in range(1, cuts.outward.shape[1]):
            if cuts.outward[j, s] and len(applied) > 0:
                fx, fy, fz = fx + applied[6 * s], fy + applied[6 * s + 1], fz + applied[6 * s + 2]
                mx, my, mz = mx + applied[6 * s + 3], my + applied[6 * s + 4], mz + applied[6 * s + 5]
        for n in range(cuts.start[j], cuts.start[j + 1]):
            span, pull = cuts.crossing[n, 0], cuts.crossing[n, 2] * muscle_force[cuts.crossing[n, 1]]
            u = state.wrench
            fx, fy, fz = fx + pull * u[span, 0], fy + pull * u[span, 1], fz + pull * u[span, 2]
            mx, my, mz = mx + pull * u[span, 3], my + pull * u[span, 4], mz + pull * u[span, 5]
        out.wrench[j, 0], out.wrench[j, 1], out.wrench[j, 2] = fx, fy, fz
        out.wrench[j, 3], out.wrench[j, 4], out.wrench[j, 5] = mx, my, mz
    _pull_across(cuts.passive, tension, state.wrench, out)
    _pull_across(cuts.actuator, actuator_force, state.wrench, out)
    for n in range(len(cuts.patella)):
        j = cuts.patella[n]
        if model.patella.acts and j >= 0:
            for k in range(6):
                out.wrench[j, k] += tendon[n, k]
    if model.muscle.has_moment_arm_scale or pressed:
        _add_couples(cuts, model.muscle, abdomen[3] * lift, muscle_force, frames, state, out)
    for n in range(len(cuts.report)):
        _report(cuts, n, tissue - lift, frames, out)


@kernel
def _pull_across(crossing: Index, tension: Array, wrench: Array, out: Reaction) -> None:
    """Add what is no muscle and pulls along a path that crosses a cut."""
    for n in range(len(crossing)):
        j, span, pull = crossing[n, 0], crossing[n, 1], crossing[n, 3] * tension[crossing[n, 2]]
        for k in range(6):
            out.wrench[j, k] += pull * wrench[span, k]


@kernel
def _report(cuts: CutTables, n: int, pull: float, frames: Frames, out: Reaction) -> None:
    """From the wrench on everything outward to what the joint holds against it, about its centre, in a segment's axes.

    ``pull`` (N) presses L5/S1 together along the trunk besides, at its centre.
    """
    j, i = cuts.report[n, 0], cuts.report[n, 1]
    child, r, w = cuts.child[j], frames.rotation, out.wrench
    fx, fy, fz = -w[j, 0], -w[j, 1], -w[j, 2]
    x, y, z = frames.origin[child, 0], frames.origin[child, 1], frames.origin[child, 2]
    if cuts.is_beside[j]:
        x, y, z = point(frames, child, cuts.centre[j, 0], cuts.centre[j, 1], cuts.centre[j, 2])
    mx = -w[j, 3] - (y * fz - z * fy)
    my = -w[j, 4] - (z * fx - x * fz)
    mz = -w[j, 5] - (x * fy - y * fx)
    for k in range(3):
        out.force[3 * n + k] = r[i, k] * fx + r[i, 3 + k] * fy + r[i, 6 + k] * fz
        out.moment[3 * n + k] = r[i, k] * mx + r[i, 3 + k] * my + r[i, 6 + k] * mz
    if j == cuts.lumbosacral:
        if i == child:
            out.force[3 * n + 1] += pull
        else:
            ux, uy, uz = r[child, 1], r[child, 4], r[child, 7]
            for k in range(3):
                out.force[3 * n + k] += pull * (r[i, k] * ux + r[i, 3 + k] * uy + r[i, 6 + k] * uz)


@kernel
def _add_couples(
    cuts: CutTables,
    muscle: MuscleTables,
    extend: float,
    muscle_force: Array,
    frames: Frames,
    state: PathState,
    out: Reaction,
) -> None:
    """The least couple at each cut that makes up what scaled moment arms and the abdominal pressure do there.

    It lies in the span of the joint's axes w and does e on each of them, w . C = e; these are met one after another by
    the part of w that is square to those before it (Gram-Schmidt).
    """
    couple = out.couple
    for t in range(len(cuts.turn)):
        couple[t, 3] = 0.0
    if cuts.pressed >= 0:
        couple[cuts.pressed, 3] += extend
    if muscle.has_moment_arm_scale:
        for n in range(len(cuts.lever)):
            t, m, arm = cuts.lever[n, 0], cuts.lever[n, 1], cuts.lever[n, 2]
            couple[t, 3] += (muscle.moment_arm_scale[m] - 1.0) * state.arm[arm] * muscle_force[m]
    cut, first, zero = -1, 0, 0.0 * extend
    cx, cy, cz = zero, zero, zero
    for t in range(len(cuts.turn)):
        if cuts.turn[t, 0] != cut:
            cut, first, cx, cy, cz = cuts.turn[t, 0], t, zero, zero, zero
        c = cuts.turn[t, 1]
        wx, wy, wz = frames.screw[c, 0], frames.screw[c, 1], frames.screw[c, 2]
        left = couple[t, 3] - (wx * cx + wy * cy + wz * cz)
        for b in range(first, t):
            bx, by, bz = couple[b, 0], couple[b, 1], couple[b, 2]
            share = (wx * bx + wy * by + wz * bz) / max(bx * bx + by * by + bz * bz, 1e-12)
            wx, wy, wz = wx - share * bx, wy - share * by, wz - share * bz
        couple[t, 0], couple[t, 1], couple[t, 2] = wx, wy, wz
        share = left / max(wx * wx + wy * wy + wz * wz, 1e-12)
        dx, dy, dz = share * wx, share * wy, share * wz
        cx, cy, cz = cx + dx, cy + dy, cz + dz
        out.wrench[cut, 3] += dx
        out.wrench[cut, 4] += dy
        out.wrench[cut, 5] += dz
