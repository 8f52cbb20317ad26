"""Sweeps over bodies: a dimension whose numbers differ, in lanes."""

import pickle

import numpy as np
import pytest

import biomech as bm
from biomech.model.population import Population
from biomech.uncertainty import Prior, default_priors, draw_bodies

STANCE = {"pelvic_tilt": [0, "least_effort", "hanging", "passive", "rhythm"], "trunk_lean": [0, 25]}


@pytest.fixture(scope="module")
def bodies(adult):
    return draw_bodies(adult, samples=21, seed=3)


@pytest.mark.parametrize(
    "besides", [{}, {"weight_balance": 0.6}, {"support": "right", "knee_flexion": [0, 12]}], ids=str
)
def test_each_body_of_a_sweep_is_a_sweep_of_that_body(bodies, besides):
    """Of eight that are solved together each has the numbers that it has alone, whatever is asked."""
    ds = bm.sweep(bodies, **STANCE, **besides)
    assert ds.lumbar_compression.dims[0] == "body"
    for i in (0, 6, 20):
        alone = bm.sweep(bodies.body(i), **STANCE, **besides)
        for name, values in alone.data_vars.items():
            if values.dtype.kind == "f":
                ours, scale = ds[name].isel(body=i), float(np.abs(values.where(np.isfinite(values))).max()) + 1e-12
                np.testing.assert_allclose(ours, values, rtol=0, atol=1e-9 * scale, err_msg=name)
        np.testing.assert_array_equal(ds.status.isel(body=i), alone.status)


def test_strength_and_slack_are_those_of_each_body(adult):
    """What is worked out beside the kernel (strength of groups, reserve of the capsule) is each body's own."""
    own = {
        "strong": Prior("strong", "muscles/*/max_isometric_force", "scale each", "lognormal", 1, 1.3, 0.3, 3),
        "slack": Prior("slack", "passive/hip_external_rotation_slack", "set", "uniform", 20, 40, 20, 40),
    }
    several = draw_bodies(adult, samples=9, priors=own)
    ds = bm.sweep(several, pelvic_tilt=0, foot_rotation=[0, 30])
    for i in range(9):
        alone = bm.sweep(several.body(i), pelvic_tilt=0, foot_rotation=[0, 30])
        np.testing.assert_allclose(ds.group_activation[i], alone.group_activation, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(ds.turnout_reserve[i], alone.turnout_reserve, rtol=1e-9)
    assert float(ds.turnout_reserve.std("body").min()) > 1.0


def test_threads_and_blocks_do_not_matter(bodies, monkeypatch):
    plain = bm.sweep(bodies, pelvic_tilt=0, foot_rotation=[0, 10, 20])
    assert bm.sweep(bodies, pelvic_tilt=0, foot_rotation=[0, 10, 20], threads=3).equals(plain)
    monkeypatch.setattr("biomech.analysis.sweep.BLOCK", 5)
    again = bm.sweep(bodies, pelvic_tilt=0, foot_rotation=[0, 10, 20], threads=2)
    for name, values in plain.data_vars.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(again[name], values, rtol=1e-9, atol=1e-9, err_msg=name)


def test_a_store_over_bodies(bodies, tmp_path):
    pytest.importorskip("zarr")
    plain = bm.sweep(bodies, pelvic_tilt=0, foot_rotation=[0, 20], variables=["lumbar_compression"])
    kept = bm.sweep(
        bodies, pelvic_tilt=0, foot_rotation=[0, 20], variables=["lumbar_compression"], to=tmp_path / "s.zarr"
    )
    np.testing.assert_array_equal(kept.lumbar_compression, plain.lumbar_compression)
    other = draw_bodies(bodies.model, samples=21, seed=4)
    with pytest.raises(bm.StudyError, match="holds another study; what differs: model"):
        bm.sweep(other, pelvic_tilt=0, foot_rotation=[0, 20], variables=["lumbar_compression"], to=tmp_path / "s.zarr")


def test_a_body_that_cannot_hold_is_told_by_its_own_reason(adult):
    weak = {"weak": Prior("weak", "muscles/*/max_isometric_force", "scale", "uniform", 0.05, 1.0, 0.05, 1.0)}
    several = draw_bodies(adult, samples=16, priors=weak)
    with pytest.warns(bm.BiomechWarning) as told:
        ds = bm.sweep(several, pelvic_tilt=0, trunk_lean=50)
    first = int(np.flatnonzero(ds.status)[0])
    with pytest.warns(bm.BiomechWarning) as alone:
        bm.sweep(several.body(first), pelvic_tilt=0, trunk_lean=50)
    assert str(told[0].message).split("is overloaded: ")[1] == str(alone[0].message).split("is overloaded: ")[1]


def test_bodies_travel(bodies):
    again = pickle.loads(pickle.dumps(bodies))
    assert repr(again) == repr(bodies)
    for name, values in again.draws(5, 9).values.items():
        np.testing.assert_array_equal(values, bodies.draws(5, 9).values[name])


def test_what_cannot_be_asked_of_bodies(adult, bodies):
    with pytest.raises(bm.BiomechError, match=r"stiffness_margin.*None where there are several bodies"):
        bm.sweep(bodies, pelvic_tilt=0, stiffness_margin={"knee_angle_r": 1.0})
    with pytest.raises(bm.BiomechError, match=r"friction.*concerns friction, a parameter of the stance"):
        draw_bodies(adult, priors={"friction": default_priors()["friction"]})
    with pytest.raises(bm.BiomechError, match="samples = 0"):
        draw_bodies(adult, samples=0)
    with pytest.raises(bm.BiomechError, match="number = 21: must be"):
        bodies.body(21)
    for ask in (
        lambda: bm.prepare(bodies, vary=["trunk_lean"], variables=["lumbar_compression"], pelvic_tilt=0),
        lambda: bm.stability(bodies, pelvic_tilt=0),
        lambda: bm.static_optimization(bodies, {}, None),
        lambda: bm.uncertainty.propagate({"level": {"pelvic_tilt": 0}}, bodies),
    ):
        with pytest.raises(bm.BiomechError, match="model = <DrawnBodies"):
            ask()


def test_columns_of_a_population_are_checked(adult):
    force = adult.tables["muscles"].numbers("max_isometric_force")
    key = ("muscles", "max_isometric_force")
    for columns, said in (
        ({key: force}, r"numbers of shape \(body, "),
        ({key: np.tile(force, (2, 1))[:, 1:]}, "numbers of all"),
        ({key: np.tile(force, (2, 1)) * np.nan}, "finite"),
        ({("muscles", "optimal_fibre_length"): np.tile(force, (2, 1))}, "structure"),
        ({key: np.tile(force, (2, 1)), ("muscles", "leverage"): np.ones((3, len(force)))}, "2, 3 bodies"),
    ):
        with pytest.raises(bm.ModelError, match=said):
            Population.drawn(adult, columns)


def test_a_sweep_over_bodies_is_run_again(bodies):
    ds = bm.sweep(bodies, pelvic_tilt=[0, "least_effort"], foot_rotation=[0, 20])
    assert bm.rerun(ds).identical(ds)


@pytest.mark.parametrize("priors", [None, {"friction": default_priors()["friction"]}], ids=["all", "friction"])
def test_draws_are_propagated_again(adult, priors):
    stances = {
        "a": {"pelvic_tilt": [0, "rhythm"]},
        "b": {"pelvic_tilt": [0, "rhythm"], "foot_rotation": np.float64(30)},
    }
    ds = bm.uncertainty.propagate(
        stances, adult, samples=16, seed=5, priors=priors, tone={"lumbar_extensors": 0.02}, criterion=bm.Power(3)
    )
    assert bm.rerun(ds).identical(ds)
    with pytest.raises(bm.BiomechError, match="to = "):
        bm.rerun(ds, to="study.zarr")


def test_draws_of_labelled_stances_say_that_they_cannot_be_run_again(adult):
    import xarray as xr

    turned = xr.DataArray([0.0, 20.0], dims="trial", coords={"trial": ["a", "b"]})
    ds = bm.uncertainty.propagate({"s": {"pelvic_tilt": 0, "foot_rotation": turned}}, adult, samples=4)
    with pytest.raises(bm.StudyError, match="does not say what it was made from"):
        bm.rerun(ds)
