"""Joint contact forces: what the bones of a joint press on each other with.

Free body of everything outward of a joint: gravity, ground forces and the muscles that cross the cut, against the force
that the inner segment exerts through the joint. Forces are those of the parent on the child segment, in the
child's frame: hip_r in femur_r, knee_r in tibia_r, ankle_r in talus_r, lumbosacral in torso.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._jit import jit
from biomech.model.flat import Flat
from biomech.model.paths import PathState, PathTables, lay_paths, make_path_state
from biomech.model.skeleton import Frames, TreeTables, gather_masses, make_frames, place_segments
from biomech.model.splines import SplineTables

Array = NDArray[np.float64]
Index = NDArray[np.int64]

#: Joints whose contact force is reported.
JOINTS = ("hip_r", "knee_r", "ankle_r", "hip_l", "knee_l", "ankle_l", "lumbosacral")


class CutTables(NamedTuple):
    """Where the body is cut.

    ``child`` (cut,): the first segment outward; rows (cut, span, muscle, sign) of ``crossing``: the spans that cross,
    with sign +1 where the span's near end is outward; ``outward`` (cut, segment).
    """

    child: Index
    crossing: Index
    outward: NDArray[np.bool_]


@dataclass(frozen=True)
class Reactions:
    """What the parent exerts on the child, in the child's frame.

    ``force`` (posture, joint, axis) in N.
    """

    joints: list[str]
    force: Array


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
    return CutTables(child, np.array(crossing, dtype=np.int64).reshape(-1, 4), outward)


def react(flat: Flat, q: Array, load: Array, muscle_force: Array, applied: Array) -> Reactions:
    """Joint contact forces.

    Parameters
    ----------
    flat : Flat
        The whole body, or its right half.
    q : ndarray, shape (posture, coordinate)
        Coordinates in rad and m.
    load : ndarray, shape (posture, 4)
        Mass (kg) and place of the load in its segment.
    muscle_force : ndarray, shape (posture, muscle)
        Newton.
    applied : ndarray, shape (posture, segment, 6)
        Force and moment about the ground origin that act on each segment from outside, ground included as segment 0.
    """
    joints = reported_joints(flat)
    cuts = compile_cuts(flat, tuple(joints))
    force = np.empty((len(q), len(joints), 3))
    tables = (flat.tree, flat.splines, flat.paths, cuts)
    _react_all(*tables, flat.gravity, q, load, muscle_force, applied, force)
    return Reactions(joints, force)


@jit
def _react_all(
    tree: TreeTables,
    splines: SplineTables,
    paths: PathTables,
    cuts: CutTables,
    gravity: float,
    q: Array,
    load: Array,
    muscle_force: Array,
    applied: Array,
    force: Array,
) -> None:
    f, state = make_frames(tree), make_path_state(paths)
    total = np.empty((len(cuts.child), 3))
    for i in range(len(q)):
        place_segments(tree, splines, q[i], f)
        gather_masses(tree, load[i], f)
        lay_paths(paths, splines, q[i], f, state)
        _outward_force(cuts, gravity, muscle_force[i], applied[i], f, state, total)
        for j in range(len(cuts.child)):
            child = cuts.child[j]
            # the joint must hold against everything outward
            fx, fy, fz = -total[j, 0], -total[j, 1], -total[j, 2]
            r = f.rotation
            for k in range(3):
                force[i, j, k] = r[child, k] * fx + r[child, 3 + k] * fy + r[child, 6 + k] * fz


@jit
def _outward_force(
    cuts: CutTables, gravity: float, muscle_force: Array, applied: Array, f: Frames, state: PathState, total: Array
) -> None:
    """Force on everything outward of each cut, the joint's own left out."""
    for j in range(len(cuts.child)):
        total[j, 0], total[j, 1], total[j, 2] = 0.0, -gravity * f.mass[cuts.child[j]], 0.0
        for s in range(1, cuts.outward.shape[1]):
            if cuts.outward[j, s]:
                for k in range(3):
                    total[j, k] += applied[s, k]
    for n in range(len(cuts.crossing)):
        j, span, m = cuts.crossing[n, 0], cuts.crossing[n, 1], cuts.crossing[n, 2]
        pull = cuts.crossing[n, 3] * muscle_force[m]
        for k in range(3):
            total[j, k] += pull * state.wrench[span, k]
