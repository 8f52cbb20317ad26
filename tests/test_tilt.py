import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import biomech as bm
from biomech.sharing import Power
from biomech.statics.stance import read_stance
from biomech.study.standing import parts
from biomech.study.sweep import read_effort
from biomech.study.tilt import EDGE, LOWER_BOUND, NOT_HOLDABLE, UPPER_BOUND, _Curve, _least_cost

CASES = [
    {"knee_flexion": 10},
    {"foot_rotation": 55, "knee_flexion": 20},
    {"weight_shift": 0.3, "knee_flexion": -8},
    {"trunk_lean": 10, "slope": 5},
]


def curve(model, stance):
    asked, effort = read_stance({"pelvic_tilt": 0, **stance}).all(), read_effort(model, Power(2), None, "isometric")
    part = next(parts(model, asked, effort))
    return _Curve(model, part, asked, effort)


def cost(found, tilt):
    return float(found.cost(np.array([0]), np.array([tilt]))[0][0])


@pytest.mark.parametrize("stance", CASES)
def test_agrees_with_brute_force(adult, stance):
    ds = bm.sweep(adult, pelvic_tilt="least_effort", **stance)
    found = curve(adult, stance)
    grid = np.arange(-15, 25.01, 0.5)
    start = grid[np.argmin([cost(found, tilt) for tilt in grid])]
    best = minimize_scalar(lambda tilt: cost(found, tilt), bounds=(start - 1, start + 1), method="bounded",
                           options={"xatol": 1e-7})  # fmt: skip
    assert int(ds.tilt_status) == 0
    assert float(ds.pelvic_tilt) == pytest.approx(
        best.x, abs=2e-3
    )  # where the curve is flat, squares resolve no better
    assert cost(found, float(ds.pelvic_tilt)) <= best.fun * (1 + 1e-9)


@pytest.mark.parametrize("stance", CASES)
def test_envelope_derivative(adult, stance):
    found = curve(adult, stance)
    for tilt in (-7.3, 4.4, 11.7):
        numeric = (cost(found, tilt + 1e-3) - cost(found, tilt - 1e-3)) / 2e-3
        slope = float(found.slope(np.array([0]), np.array([tilt]))[0])
        assert slope == pytest.approx(numeric, rel=1e-4, abs=1e-9)


def test_it_is_solved_for_not_read_off_a_grid(adult):
    ds = bm.sweep(adult, pelvic_tilt="least_effort", knee_flexion=[5, 10, 15])
    assert np.all(np.abs(ds.pelvic_tilt - ds.pelvic_tilt.round()) > 1e-3)
    for knee in (5, 10, 15):
        slope = curve(adult, {"knee_flexion": knee}).slope(
            np.array([0]), ds.pelvic_tilt.sel(knee_flexion=[knee]).values
        )
        assert abs(float(slope[0])) < 1e-9


def test_interval_and_minima(adult):
    ds = bm.sweep(adult, pelvic_tilt="least_effort", knee_flexion=10)
    found = curve(adult, {"knee_flexion": 10})
    best = cost(found, float(ds.pelvic_tilt))
    low, high = ds.tilt_interval.values
    assert low < float(ds.pelvic_tilt) < high
    for end in (low, high):
        assert cost(found, end) == pytest.approx(1.05 * best, rel=5e-3)
    minima = ds.tilt_minimum.values
    assert minima[0] == float(ds.pelvic_tilt)
    for tilt in minima[~np.isnan(minima)]:
        assert cost(found, tilt) <= 1.05 * best


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
    assert statuses <= {0, EDGE, NOT_HOLDABLE}
    held = ds.tilt_status != NOT_HOLDABLE
    assert (ds.status.where(held, 0) == 0).all()


def test_a_cost_that_jumps_is_searched():
    """Where a path point switches, the slope need not vanish at the least cost."""

    class Jump:
        def cost(self, index, tilt):
            return np.where(tilt < 1.3, 2.0 - tilt, 0.5 + 0.1 * (tilt - 1.3)), None

    found = _least_cost(Jump(), np.array([0]), np.array([1.0]), np.array([2.0]), np.array([3.0]))
    assert found[0] == pytest.approx(1.3, abs=1e-6)


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
