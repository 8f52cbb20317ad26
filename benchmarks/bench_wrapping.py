"""Lengths and moment arms of a pose, in lanes on one core: straight paths, and the same body with 44 cylinders on its
paths, each laid so that a path goes over it in most poses.
"""

import numpy as np
import pytest

import biomech as bm
from biomech._kernels import entry_point
from biomech._kernels.arrays import Array2
from biomech._simd import arange, block_indices, gather, make_lane_index, scatter, simd_zero, width, zeros
from biomech.model.compiled import ModelTables
from biomech.model.geometry import pose_muscles
from biomech.model.mechanics.paths import make_path_state, moment_arms, path_kinematics
from biomech.model.mechanics.tree import forward_kinematics, make_frames

POSES = 4096


def with_cylinders(model, count):
    """A body whose first paths on the right, and their mirror images, go over a cylinder each."""
    compiled = model.compiled()
    frames, state = pose_muscles(compiled, np.zeros(len(compiled.coordinates)))
    wraps, uses = [], []
    for m, muscle in enumerate(compiled.muscles):
        if muscle.endswith("_r") and len(wraps) < count // 2:
            points = range(compiled.paths.start[m], compiled.paths.start[m + 1])
            gaps = [np.linalg.norm(state.position[p + 1] - state.position[p]) for p in points[:-1]]
            p = points[int(np.argmax(gaps))]
            along = state.position[p + 1] - state.position[p]
            across = np.cross(along, [1.0, 0.0, 0.0])
            axes = np.stack([along, np.cross(across, along), across], axis=1)
            segment = int(compiled.paths.segment[p])
            R = frames.rotation[segment].reshape(3, 3)
            turn = R.T @ (axes / np.linalg.norm(axes, axis=0))
            middle = 0.5 * (state.position[p] + state.position[p + 1])
            place = R.T @ (middle - frames.origin[segment]) - 0.1 * gaps[p - points[0]] * turn[:, 1]
            angles = np.arctan2(-turn[1, 2], turn[2, 2]), np.arcsin(turn[0, 2]), np.arctan2(-turn[0, 1], turn[0, 0])
            numbers = zip(("x", "y", "z", "rx", "ry", "rz"), [*place, *np.degrees(angles)], strict=True)
            named = {"wrap": f"over {muscle}", "segment": ["ground", *compiled.segments][segment], "kind": "cylinder"}
            size = {"radius": 0.2 * gaps[p - points[0]], "length": 1.0, "quadrant": "all", "source": "benchmark"}
            wraps.append(named | size | {name: float(value) for name, value in numbers})
            use = {"row": f"{muscle}.0", "muscle": muscle, "wrap": f"over {muscle}", "first": "", "last": ""}
            uses.append(use | {"source": "benchmark"})
    return model.with_rows({"wraps": wraps, "path_wraps": uses})


@entry_point
def lengths_and_arms(model: ModelTables, q: Array2, length: Array2, arm: Array2) -> None:
    number = simd_zero()
    f, state, own = make_frames(number, model.tree), make_path_state(number, model.paths), zeros(number, (q.shape[1],))
    every, index, lane_index = (
        arange(max(q.shape[1], length.shape[1], arm.shape[1])),
        arange(len(q)),
        make_lane_index(number),
    )
    blocks = -(-len(q) // width(number))
    for block in range(blocks):
        block_indices(index, block, blocks, lane_index)
        gather(q, lane_index, every, own)
        forward_kinematics(model.tree, model.splines, own, f)
        path_kinematics(model.paths, model.splines, own, f, state)
        moment_arms(model.paths, model.splines, own, f, state)
        scatter(state.length, lane_index, every, length)
        scatter(state.arm, lane_index, every, arm)


@pytest.mark.parametrize("cylinders", [0, 44])
def test_lengths_and_moment_arms(benchmark, cylinders):
    model = bm.load_model("gait2392")
    straight = model.compiled()
    compiled = with_cylinders(model, cylinders).compiled() if cylinders else straight
    q = np.random.default_rng(1).uniform(-0.2, 0.2, (POSES, len(compiled.coordinates)))
    length, arm = np.empty((POSES, len(compiled.muscles))), np.empty((POSES, len(compiled.paths.arms)))
    benchmark(lengths_and_arms, compiled.tables, q, length, arm)
    before, arms = np.empty_like(length), np.empty((POSES, len(straight.paths.arms)))
    lengths_and_arms(straight.tables, q, before, arms)
    assert np.isfinite(arm).all()
    benchmark.extra_info["us_per_pose"] = 1e6 * benchmark.stats["mean"] / POSES if benchmark.enabled else None
    benchmark.extra_info["share_of_cylinders_touched"] = float((length > before + 1e-9).mean() * length.shape[1] / 44.0)
