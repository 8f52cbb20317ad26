"""Joint contact forces: what the bones of a joint press on each other with.

Free body of everything outward of a joint: gravity, ground forces and the muscles that cross the cut, against the force
that the inner segment exerts through the joint. Forces are those of the parent on the child segment, in the
child's frame: hip_r in femur_r, knee_r in tibia_r, ankle_r in talus_r, lumbosacral in torso.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import entry_point, kernel
from biomech._kernels.arrays import Array2, Flags2, Index1, Index2
from biomech._lanes import choose, counting, gather, make_which, no_lanes, scatter, width, zeros
from biomech.model.flat import Flat
from biomech.model.paths import PathState, PathTables, lay_paths, make_path_state
from biomech.model.skeleton import LOAD, Frames, TreeTables, gather_masses, make_frames, place_segments
from biomech.model.splines import SplineTables

Array = NDArray[np.float64]
Index = NDArray[np.int64]

#: Joints whose contact force is reported.
JOINTS = ("hip_r", "knee_r", "ankle_r", "hip_l", "knee_l", "ankle_l", "lumbosacral")


class CutTables(NamedTuple):
    """Where the body is cut.

    ``child`` (cut,): the first segment outward; rows (cut, span, muscle, sign) of ``crossing``: the spans that cross,
    with sign +1 where the span's near end is outward; ``outward`` (cut, segment); ``lumbosacral``, which cut that is.
    """

    child: Index1
    crossing: Index2
    outward: Flags2
    lumbosacral: int


def reported_joints(flat: Flat) -> list[str]:
    """The joints of a body whose contact force is reported, in the order of ``JOINTS``."""
    return [joint for joint in JOINTS if joint in flat.joints]


@lru_cache(maxsize=16)
def compile_cuts(flat: Flat, joints: tuple[str, ...]) -> CutTables:
    """Flat tables of the cuts through the given joints."""
    parent, segment = flat.tree.parent, flat.paths.segment
    child = np.array([1 + flat.joints.index(joint) for joint in joints])
    outward = np.zeros((len(child), len(parent)), dtype=np.bool_)
    for cut, first in enumerate(child):
        for s in range(1, len(parent)):
            outward[cut, s] = s == first or outward[cut, parent[s]]
    crossing = [
        (cut, s, m, 1 if outward[cut, segment[s]] else -1)
        for cut in range(len(child))
        for m in range(len(flat.muscles))
        for s in range(flat.paths.start[m], flat.paths.start[m + 1] - 1)
        if outward[cut, segment[s]] != outward[cut, segment[s + 1]]
    ]
    return CutTables(child, np.array(crossing, dtype=np.int64).reshape(-1, 4), outward, joints.index("lumbosacral"))


def react(flat: Flat, q: Array, load: Array, muscle_force: Array, applied: Array) -> Array:
    """Joint contact forces: what the parent exerts on the child, in the child's frame, (posture, joint, axis) in N.

    Parameters
    ----------
    flat : Flat
        The whole body, or its right half.
    q : ndarray, shape (posture, coordinate)
        Coordinates in rad and m.
    load : ndarray, shape (posture, LOAD)
        What the trunk and the thighs carry.
    muscle_force : ndarray, shape (posture, muscle)
        Newton.
    applied : ndarray, shape (posture, 6 segment)
        Force and moment about the ground origin that act on each segment from outside, ground included as segment 0.
    """
    cuts = compile_cuts(flat, tuple(reported_joints(flat)))
    force = np.empty((len(q), 3 * len(cuts.child)))
    tables = (flat.tree, flat.splines, flat.paths, cuts)
    _react_lanes(*tables, flat.gravity, q, load, muscle_force, applied, force)
    return force.reshape(len(q), -1, 3)


@entry_point
def _react_lanes(
    tree: TreeTables,
    splines: SplineTables,
    paths: PathTables,
    cuts: CutTables,
    gravity: float,
    q: Array2,
    load: Array2,
    muscle_force: Array2,
    applied: Array2,
    force: Array2,
) -> None:
    number = no_lanes()
    f, state = make_frames(number, tree), make_path_state(number, paths)
    own, carried = zeros(number, (q.shape[1],)), zeros(number, (LOAD,))
    pull, wrench = zeros(number, (muscle_force.shape[1],)), zeros(number, (applied.shape[1],))
    total = zeros(number, (force.shape[1],))
    every, index, which = counting(max(len(pull), len(wrench), len(own))), counting(len(q)), make_which(number)
    blocks = -(-len(q) // width(number))
    for block in range(blocks):
        choose(index, block, blocks, which)
        gather(q, which, every, own)
        gather(load, which, every, carried)
        gather(muscle_force, which, every, pull)
        gather(applied, which, every, wrench)
        place_segments(tree, splines, own, f)
        gather_masses(tree, carried, f)
        lay_paths(paths, splines, own, f, state)
        joint_forces(cuts, gravity, pull, wrench, f, state, total)
        scatter(total, which, every, force)


@kernel
def joint_forces(
    cuts: CutTables, gravity: float, muscle_force: Array, applied: Array, f: Frames, state: PathState, out: Array
) -> None:
    """Force of the parent on the child at each cut, in the child's frame (3 cut,), once the paths are laid."""
    for j in range(len(cuts.child)):
        out[3 * j], out[3 * j + 1], out[3 * j + 2] = 0.0, -gravity * f.mass[cuts.child[j]], 0.0
        for s in range(1, cuts.outward.shape[1]):
            if cuts.outward[j, s] and len(applied) > 0:
                for k in range(3):
                    out[3 * j + k] += applied[6 * s + k]
    for n in range(len(cuts.crossing)):
        j, span, m = cuts.crossing[n, 0], cuts.crossing[n, 1], cuts.crossing[n, 2]
        pull = cuts.crossing[n, 3] * muscle_force[m]
        for k in range(3):
            out[3 * j + k] += pull * state.wrench[span, k]
    for j in range(len(cuts.child)):
        # the joint must hold against everything outward
        fx, fy, fz = -out[3 * j], -out[3 * j + 1], -out[3 * j + 2]
        r, child = f.rotation, cuts.child[j]
        for k in range(3):
            out[3 * j + k] = r[child, k] * fx + r[child, 3 + k] * fy + r[child, 6 + k] * fz
