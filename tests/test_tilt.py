import numpy as np
import pytest

import biomech as bm
from biomech.policies.registry import statuses_of

INTERIOR, LOWER_BOUND, UPPER_BOUND, EDGE, NOT_HOLDABLE = (
    statuses_of("pelvic_tilt")[name]
    for name in ("interior_minimum", "lower_bound", "upper_bound", "edge_of_holdable", "not_holdable")
)
CASES = [
    {"knee_flexion": 10},
    {"foot_rotation": 55, "knee_flexion": 20},
    {"weight_shift": 0.3, "knee_flexion": -8},
    {"trunk_lean": 10, "slope": 5},
    {"knee_flexion": [20, 10], "trunk_lean": 10},
    {"knee_flexion": [8, 40], "support": "right", "foot_rotation": 15},
    {"knee_flexion": 90, "support": "step", "step_length": 0.2, "weight_balance": 0.3},
]


def cost(model, stance, tilt):
    """Least sum of squares at tilts, infinite where the posture cannot be held."""
    ds = bm.sweep(model, pelvic_tilt=np.atleast_1d(tilt), **stance)
    total = (ds.activation**2).sum("muscle").values
    return np.where(ds.status.values == 0, total, np.inf)


def by_side(stance):
    """A leg's list becomes an array over sides."""
    import xarray as xr

    sides = {"side": ["right", "left"]}
    return {
        name: xr.DataArray(value, sides, dims="side") if isinstance(value, list) else value
        for name, value in stance.items()
    }


@pytest.mark.parametrize("stance", CASES)
def test_agrees_with_brute_force(adult, stance):
    stance = by_side(stance)
    ds = bm.sweep(adult, pelvic_tilt="least_effort", **stance)
    grid = np.arange(-15, 25.01, 0.05)
    costs = cost(adult, stance, grid)
    found = cost(adult, stance, float(ds.pelvic_tilt))[0]
    assert int(ds.tilt_status) == INTERIOR
    assert abs(float(ds.pelvic_tilt) - grid[costs.argmin()]) <= 0.05
    assert found <= costs.min()


@pytest.mark.parametrize("stance", CASES)
def test_the_slope_vanishes(adult, stance):
    """It is solved for, not read off a grid: one Newton step on the cost's own differences leads nowhere else."""
    stance = by_side(stance)
    tilt = float(bm.sweep(adult, pelvic_tilt="least_effort", **stance).pelvic_tilt)
    before, here, after = cost(adult, stance, tilt + np.array([-0.02, 0.0, 0.02]))
    step = 0.02 * 0.5 * (after - before) / (after - 2.0 * here + before)
    assert abs(step) < 1e-3


@pytest.mark.parametrize("name", ["adult", "gait2392"])
def test_a_wide_box_agrees_with_brute_force(name):
    """Where paths switch, postures cannot be held or reached, and the minimum lies at an edge or a bound."""
    import xarray as xr

    model, rng, count = bm.load_model(name), np.random.default_rng(0), 48
    box = {"knee_flexion": (0, 110), "trunk_lean": (-20, 80), "foot_rotation": (0, 70), "weight_shift": (0.2, 0.7)}
    stance = {key: xr.DataArray(rng.uniform(*ends, count), dims="stance") for key, ends in box.items()}
    ds = bm.sweep(model, pelvic_tilt="least_effort", **stance)
    grid = np.arange(-15, 25.01, 0.25)
    every = bm.sweep(model, pelvic_tilt=grid, **stance)
    costs = (every.activation**2).sum("muscle").where(every.status == 0, np.inf)
    costs = costs.transpose("stance", "pelvic_tilt").values
    least = (ds.activation**2).sum("muscle").values
    held = ds.tilt_status.values != NOT_HOLDABLE
    assert 0 < held.sum() < count
    assert not np.isfinite(costs[~held]).any()
    assert (ds.status.values[held] == 0).all()
    assert (least[held] <= costs[held].min(axis=1) * (1 + 1e-9)).all()


def test_interval_and_minima(adult):
    ds = bm.sweep(adult, pelvic_tilt="least_effort", knee_flexion=10)
    stance = {"knee_flexion": 10}
    best = cost(adult, stance, float(ds.pelvic_tilt))[0]
    low, high = ds.tilt_interval.values
    assert low < float(ds.pelvic_tilt) < high
    for end in (low, high):
        assert cost(adult, stance, end)[0] == pytest.approx(1.05 * best, rel=0.02)
    minima = ds.tilt_minimum.values
    assert minima[0] == float(ds.pelvic_tilt)
    for tilt in minima[~np.isnan(minima)]:
        assert cost(adult, stance, tilt)[0] <= 1.05 * best


def test_a_bound_is_reported(adult):
    """A spine that rests far flexed, or far extended, pulls the pelvis to the end of the search."""
    for neutral, status, tilt in ((-60.0, LOWER_BOUND, -15.0), (80.0, UPPER_BOUND, 25.0)):
        stiff = adult.replace({"passive/lumbar_neutral": neutral}).scale({"passive/lumbar_*_stiffness": 3.0})
        ds = bm.sweep(stiff, pelvic_tilt="least_effort")
        assert (int(ds.tilt_status), float(ds.pelvic_tilt)) == (status, tilt)


def test_nothing_holdable_is_a_status(adult):
    ds = bm.sweep(adult, pelvic_tilt="least_effort", knee_flexion=120)
    assert int(ds.tilt_status) == NOT_HOLDABLE
    assert int(ds.status) == 1
    assert np.isnan(ds.tilt_minimum).all()


def test_the_edge_of_what_can_be_held_is_a_status(adult):
    weak = adult.scale({"muscles/*/max_isometric_force": 0.075})
    ds = bm.sweep(weak, pelvic_tilt="least_effort", knee_flexion=np.arange(20, 60, 2.0))
    statuses = set(ds.tilt_status.values.tolist())
    assert NOT_HOLDABLE in statuses
    assert statuses <= {INTERIOR, EDGE, NOT_HOLDABLE}
    held = ds.tilt_status != NOT_HOLDABLE
    assert (ds.status.where(held, 0) == 0).all()


def test_given_tilts_are_marked(adult):
    ds = bm.sweep(adult, pelvic_tilt=[3, "least_effort"])
    assert ds.tilt_status.values.tolist() == [-1, 0]
    assert float(ds.pelvic_tilt[0]) == 3.0


def test_whole_body_finds_the_same(adult):
    half = bm.sweep(adult, pelvic_tilt="least_effort", knee_flexion=10)
    whole = bm.sweep(
        adult.replace({"muscles/gem_l/pennation": 0.3 + 1e-9}), pelvic_tilt="least_effort", knee_flexion=10
    )
    assert float(whole.pelvic_tilt) == pytest.approx(float(half.pelvic_tilt), abs=1e-5)
