"""MuJoCo on the same tables: inverse dynamics, moment arms and a QP, beside ``static_optimization``."""

import numpy as np
import pytest

import biomech as bm


def test_mujoco_agrees(gait2392):
    pytest.importorskip("mujoco", reason="the package mujoco is not installed (extra: peers)")
    pytest.importorskip("quadprog", reason="the package quadprog is not installed (extra: bench)")
    import peers

    coordinates, ground = peers.frames()
    arms, needed, activation, _ = peers.by_mujoco(gait2392, coordinates, ground)
    ours = bm.static_optimization(gait2392, coordinates, ground, lower=peers.LOWER, reserve=peers.reserves(gait2392))
    np.testing.assert_allclose(arms, gait2392.muscle_geometry(**coordinates).moment_arm, atol=1e-12)
    np.testing.assert_allclose(needed, ours.required_moment, atol=1e-6)
    np.testing.assert_allclose(activation, ours.activation, atol=1e-8)
