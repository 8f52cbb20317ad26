"""Bounds and weights of muscles in measured frames, by muscle and by frame.

The conditions of optimality are checked from the answer, moment arms and strengths: where every coordinate has a
reserve, what it gives tells the multiplier of the coordinate, and that tells every activation (Kuhn & Tucker 1951).
"""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from test_static_optimization import measured, reserves  # noqa: F401

import biomech as bm
from biomech.errors import BiomechWarning, StanceError


@pytest.fixture(scope="module")
def strength(gait2392, measured):  # noqa: F811
    """N of each muscle at full activation, in every frame."""
    coordinates, _ = measured
    bare = xr.Dataset({"force": (("foot", "axis"), np.zeros((2, 3))), "point": (("foot", "axis"), np.zeros((2, 3)))})
    ds = bm.static_optimization(gait2392, coordinates, bare, lower=0.5, upper=0.5, reserve=1e6)
    return 2.0 * ds.muscle_force.values


def worst_violation(model, ds, pose, strength, reserve, lower, upper, weight):
    """How far the answer misses x = clip(A^T y / 2 w, lower, upper), with y from the reserves."""
    arms = model.muscle_geometry(**pose).moment_arm.transpose(..., "muscle", "coordinate").values
    r = np.array([reserve[name] for name in model.coordinates])
    y = 2.0 * ds.reserve_moment.transpose("frame", "coordinate").values / r**2
    pull = np.einsum("fm,fmc,fc->fm", strength, arms, y)
    return np.abs(ds.activation.values - np.clip(pull / (2.0 * weight), lower, upper)).max()


@pytest.fixture(scope="module")
def everywhere(gait2392):
    return {name: 20.0 if name.startswith("pelvis") else 5.0 for name in gait2392.coordinates}


@pytest.mark.filterwarnings("ignore::biomech.errors.BiomechWarning")
@pytest.mark.parametrize("seed", range(3))
def test_bands_and_weights_of_every_frame_are_optimal(gait2392, measured, strength, everywhere, seed):  # noqa: F811
    coordinates, ground = measured
    rng = np.random.default_rng(seed)
    shape = (25, len(gait2392.muscles))
    middle, half = rng.uniform(0.0, 0.4, shape), rng.uniform(0.0, 0.1, shape)
    lower, upper, weight = np.maximum(middle - half, 0.0), middle + half, rng.uniform(0.5, 4.0, shape)
    labels = {"frame": np.arange(25), "muscle": list(gait2392.muscles)}
    limits = {
        name: xr.DataArray(own, labels, ("frame", "muscle")).isel(muscle=rng.permutation(shape[1]))
        for name, own in (("lower", lower), ("upper", upper), ("weight", weight))
    }
    ds = bm.static_optimization(gait2392, coordinates, ground, reserve=everywhere, **limits)
    assert (ds.status == 0).all()
    assert float(ds.duality_gap.max()) < 1e-9
    assert float(ds.equilibrium_residual.max()) < 1e-9
    assert worst_violation(gait2392, ds, coordinates, strength, everywhere, lower, upper, weight) < 1e-7
    at_bounds = (ds.activation.values <= lower + 1e-9) | (ds.activation.values >= upper - 1e-9)
    assert 0.2 < at_bounds.mean() < 1.0  # the bands bite, but do not tell all


@pytest.mark.filterwarnings("ignore::biomech.errors.BiomechWarning")
def test_one_frame_at_a_time_is_the_same(gait2392, measured, everywhere):  # noqa: F811
    coordinates, ground = measured
    rng = np.random.default_rng(5)
    upper, weight = rng.uniform(0.01, 0.2, 25), rng.uniform(0.5, 3.0, 25)
    limits = {"upper": {"soleus*": upper}, "weight": {"med_gas_r": weight}}
    ds = bm.static_optimization(gait2392, coordinates, ground, reserve=everywhere, **limits)
    for frame in (0, 7, 24):
        pose = {name: own[frame] for name, own in coordinates.items()}
        one = bm.static_optimization(
            gait2392, pose, ground.isel(frame=frame), reserve=everywhere,
            upper={"soleus*": upper[frame]}, weight={"med_gas_r": weight[frame]},
        )  # fmt: skip
        np.testing.assert_allclose(one.activation[0], ds.activation[frame], atol=1e-12)


def test_ways_to_say_the_same(gait2392, measured, reserves):  # noqa: F811
    coordinates, ground = measured
    members = list(gait2392.groups["plantarflexors"])
    every = np.array([0.02 if name in members else 0.001 for name in gait2392.muscles])
    series = pd.Series(every, index=list(gait2392.muscles))
    table = pd.DataFrame({name: np.full(25, own) for name, own in series.items()})
    said = [
        {"*": 0.001, "plantarflexors": 0.02},
        series,
        every,
        xr.DataArray(every, {"muscle": list(gait2392.muscles)}, dims="muscle"),
        {"*": np.full(25, 0.001), **dict.fromkeys(members, 0.02)},
        table,
    ]
    answers = [bm.static_optimization(gait2392, coordinates, ground, reserve=reserves, lower=own) for own in said]
    for other in answers[1:]:
        np.testing.assert_array_equal(other.activation, answers[0].activation)
    assert float(answers[0].activation.min()) == 0.001
    plain = bm.static_optimization(gait2392, coordinates, ground, reserve=reserves, lower=0.01)
    same = bm.static_optimization(
        gait2392, coordinates, ground, reserve=reserves, lower={"*": np.full(25, 0.01)}, weight={"*": np.ones(25)}
    )
    np.testing.assert_array_equal(plain.activation, same.activation)


@pytest.mark.parametrize("criterion", [bm.Power(3), bm.SoftSaturation(), bm.MinMax()])
def test_every_criterion_keeps_the_bounds(gait2392, measured, reserves, criterion):  # noqa: F811
    coordinates, ground = measured
    lower, upper = np.linspace(0.0, 0.1, 25), np.linspace(0.1, 0.4, 25)
    ds = bm.static_optimization(
        gait2392, coordinates, ground, criterion=criterion, reserve=reserves, lower={"*": lower}, upper={"*": upper}
    )
    assert (ds.status == 0).all()
    assert (ds.activation.values >= lower[:, None]).all()
    assert (ds.activation.values <= upper[:, None]).all()


def test_what_cannot_be_borne_within_the_bounds_is_told(gait2392, measured, reserves):  # noqa: F811
    """Of the frames alone in which it cannot: what is missing is what the strongest can do less than is asked."""
    coordinates, ground = measured
    upper = np.where(np.arange(25) == 7, 0.0, 1.0)
    free = {name: 0.0 if name.startswith(("ankle", "subtalar")) else own for name, own in reserves.items()}
    held = bm.static_optimization(gait2392, coordinates, ground, reserve=free)
    with pytest.warns(BiomechWarning, match="1 overloaded.*at its largest activation"):
        ds = bm.static_optimization(gait2392, coordinates, ground, reserve=free, upper={"*": upper})
    assert ds.status.values.tolist() == [int(k == 7) for k in range(25)]
    assert np.isinf(ds.duality_gap[7])
    asked = ds.required_moment.sel(coordinate="ankle_angle_r")[7]
    assert float(ds.shortfall.sel(coordinate="ankle_angle_r")[7]) == pytest.approx(float(asked), rel=1e-9)
    rest = np.flatnonzero(upper)
    np.testing.assert_allclose(ds.activation[rest], held.activation[rest], atol=1e-9)
    with pytest.warns(BiomechWarning, match="overloaded"):
        tense = bm.static_optimization(gait2392, coordinates, ground, reserve=free, lower={"plantarflexors": 0.9})
    assert (tense.status == 1).any()


def test_limits_run_again_and_lazily(gait2392, measured, reserves):  # noqa: F811
    coordinates, ground = measured
    rng = np.random.default_rng(1)
    limits = {
        "lower": {"vas*": rng.uniform(0.0, 0.02, 25)},
        "upper": {"soleus*": 0.5, "glut_max1_r": rng.uniform(0.2, 0.4, 25)},
        "weight": {"rect_fem_l": 2.5},
    }
    ds = bm.static_optimization(gait2392, coordinates, ground, reserve=reserves, **limits)
    xr.testing.assert_identical(bm.rerun(ds), ds)
    lazy = bm.static_optimization(gait2392, coordinates, ground, reserve=reserves, **limits, chunks=10)
    np.testing.assert_array_equal(lazy.activation.compute(), ds.activation)
    np.testing.assert_array_equal(lazy.activation_upper.compute(), ds.activation_upper)
    assert "activation_weight" not in ds
    by_muscle = bm.static_optimization(gait2392, coordinates, ground, reserve=reserves, upper={"soleus*": 0.5})
    xr.testing.assert_identical(bm.rerun(by_muscle), by_muscle)


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"upper": 1.5}, "upper = 1.5"),
        ({"upper": {"soleus_r": 2.0}}, r"upper\['soleus_r'\] = 2"),
        ({"upper": {"soleus_r": np.full(25, np.nan)}}, r"upper\['soleus_r'\] = nan"),
        ({"lower": {"heart": 0.1}}, "lower: no muscle or group matches 'heart'"),
        ({"lower": {"soleus_r": np.zeros(3)}}, "has 3 frames; must have 25"),
        ({"lower": {"soleus_r": 0.5}, "upper": 0.4}, "lower of soleus_r = 0.5: must be at most upper, 0.4"),
        (
            {"lower": {"soleus_r": np.linspace(0, 0.5, 25)}, "upper": 0.4},
            r"lower of soleus_r = 0.4\d+ \(frame 20\): must be at most upper",
        ),
        ({"weight": 0.0}, "weight = 0.0"),
        ({"weight": {"soleus_r": np.zeros(25)}}, r"weight\['soleus_r'\] = 0: must be positive"),
        ({"upper": 0.0, "criterion": bm.SoftSaturation()}, "upper of glut_med1_r = 0: must be positive under"),
        ({"lower": "much"}, "lower = 'much': must be a number, or a mapping"),
        ({"lower": xr.DataArray(np.zeros(25), dims="frame")}, "must have muscle"),
        ({"upper": np.zeros(3)}, r"upper: has shape \(3,\)"),
        ({"upper": pd.Series([0.1, 0.2], ["soleus_r", "soleus_r"])}, "upper: names 'soleus_r' twice"),
    ],
)
def test_bad_limits_are_refused_by_name(gait2392, measured, limits, named):  # noqa: F811
    with pytest.raises(StanceError, match=named):
        bm.static_optimization(gait2392, *measured, **limits)


@pytest.mark.filterwarnings("ignore::biomech.errors.BiomechWarning")
@pytest.mark.parametrize("over_frames_first", [True, False])
def test_the_last_pattern_holds_in_blocks_too(gait2392, measured, reserves, over_frames_first):  # noqa: F811
    coordinates = {name: own[:2] for name, own in measured[0].items()}
    ground = measured[1].isel(frame=slice(2))
    upper = {"soleus_*": xr.DataArray([0.9, 0.8], dims="frame"), "soleus_r": 0.001}
    if not over_frames_first:
        upper = dict(reversed(upper.items()))
    eager = bm.static_optimization(gait2392, coordinates, ground, reserve=reserves, upper=upper)
    lazy = bm.static_optimization(gait2392, coordinates, ground, reserve=reserves, upper=upper, chunks=1)
    most = [0.001, 0.001] if over_frames_first else [0.9, 0.8]
    for ds in (eager, lazy.compute()):
        np.testing.assert_array_equal(ds.activation_upper.sel(muscle="soleus_r"), most)
    np.testing.assert_array_equal(lazy.activation.compute(), eager.activation)


@pytest.mark.filterwarnings("ignore::biomech.errors.BiomechWarning")
@pytest.mark.parametrize("criterion", [bm.Power(2), bm.SoftSaturation()])
def test_limits_that_dask_computes(gait2392, measured, reserves, criterion):  # noqa: F811
    coordinates = {name: own[:2] for name, own in measured[0].items()}
    ground = measured[1].isel(frame=slice(2))
    limits = {
        "lower": {"*": 0.01, "soleus_r": xr.DataArray([0.05, 0.1], dims="frame")},
        "upper": {"soleus_r": xr.DataArray([0.5, 0.6], dims="frame")},
        "weight": {"soleus_*": xr.DataArray([2.0, 3.0], dims="frame")},
    }
    lazily = {
        group: {name: own.chunk(frame=1) if hasattr(own, "chunk") else own for name, own in given.items()}
        for group, given in limits.items()
    }
    known = {"criterion": criterion, "reserve": reserves}
    eager = bm.static_optimization(gait2392, coordinates, ground, **known, **limits)
    lazy = bm.static_optimization(gait2392, coordinates, ground, **known, **lazily)
    np.testing.assert_array_equal(lazy.activation.compute(), eager.activation)
