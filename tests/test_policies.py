"""Angles that nobody gives: each policy against brute force and against moments taken another way."""

import numpy as np
import pytest
import xarray as xr

import biomech as bm
from biomech.errors import StanceError
from biomech.policies.search.stable_root import ROOT_STATUSES, find_stable_root
from biomech.stance.parsing import parse_stance
from biomech.statics.muscle_free import muscle_free_moments, passive_slope

STANCES = [
    {"trunk_lean": -12},
    {"trunk_lean": -15, "foot_rotation": 30, "knee_flexion": 10, "weight_shift": 0.5},
    {"trunk_lean": -12, "load_mass": 10, "load_position": (-0.2, 0.2, 0.0)},
    {"trunk_lean": -14, "support": "right", "knee_flexion": 5},
]
LOPSIDED = {"trunk_lean": -13, "weight_balance": 0.7, "foot_rotation": xr.DataArray([0.0, 30.0], dims="side")}


def resting(model, **stance):
    asked = parse_stance({"pelvic_tilt": 0, **stance}).all()
    half = bool(asked.is_symmetric().all())
    return muscle_free_moments(model, model.compiled(half=half), asked, int(asked.support[0]))


def statuses(ds, name="tilt_status"):
    said = ds[name].attrs
    names = dict(zip(said["flag_values"].tolist(), said["flag_meanings"].split(), strict=True))
    return np.vectorize(names.get, otypes=[object])(ds[name].values).tolist()


@pytest.mark.parametrize("stance", STANCES)
def test_the_weight_on_the_hips_is_virtual_work(adult, stance):
    """Turning pelvis and trunk about the hips: the pelvis turns and shifts, the hips turn back."""
    loaded = {name: stance[name] for name in stance if name.startswith("load")}
    stance = {name: value for name, value in stance.items() if name not in loaded}
    stance |= {"pelvic_tilt": 4, "arms": "fixed"}
    ds, found = bm.sweep(adult, **stance), resting(adult, **stance)
    pose = dict(bm.pose(ds))
    force = adult.gravity(**pose).generalized_force.squeeze()

    offset = adult.tables["joints"].numbers("x", "y", "z")[adult.tables["joints"].index("hip_r")]
    turn = np.radians(pose["pelvis_tilt"])
    # a turn of the pelvis moves the hips by z x r; the pelvis shifts back by as much
    lever = [
        np.cos(turn) * offset[0] - np.sin(turn) * offset[1],
        np.sin(turn) * offset[0] + np.cos(turn) * offset[1],
    ]
    work = force.sel(coordinate="pelvis_tilt") + lever[1] * force.sel(coordinate="pelvis_tx")
    work = work - lever[0] * force.sel(coordinate="pelvis_ty")
    for side in ("r",) if stance.get("support") == "right" else ("r", "l"):
        work = work - force.sel(coordinate=f"hip_flexion_{side}")
    assert float(found.carried[0]) == pytest.approx(-float(work), abs=1e-6)


@pytest.mark.parametrize("stance", [*STANCES, LOPSIDED])
def test_hanging_agrees_with_brute_force(adult, stance):
    ds = bm.sweep(adult, pelvic_tilt="hanging", **stance)
    grid = np.arange(-15, 25.001, 0.05)
    moment = resting(adult, **{**stance, "pelvic_tilt": grid}).hanging
    falls = np.flatnonzero((moment[:-1] > 0) & (moment[1:] <= 0))
    crossings = np.count_nonzero(np.diff(np.sign(moment)))
    tilt = float(ds.pelvic_tilt)
    if falls.size:
        assert statuses(ds) == ("several_balances" if crossings > 1 else "balanced")
        assert grid[falls[0]] <= tilt <= grid[falls[0] + 1]
        assert abs(float(ds.hanging_moment)) < 1e-6
    else:
        assert crossings == 0
        assert statuses(ds) in ("no_balance", "no_balance_at_bound")
        assert abs(tilt - grid[np.abs(moment).argmin()]) <= 0.05
        assert abs(float(ds.hanging_moment)) <= np.abs(moment).min() * (1 + 1e-6)


def test_upright_the_adult_cannot_hang(adult):
    """The passive hips tip the pelvis forward more than the weight holds it back, at any tilt."""
    ds = bm.sweep(adult, pelvic_tilt="hanging")
    assert statuses(ds) == "no_balance"
    assert float(ds.hanging_moment) > 10.0


def test_it_hangs_by_sway(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, trunk_lean="hanging_sway", knee_flexion=[-5, 0, 10])
    assert statuses(ds, "lean_status") == ["balanced"] * 3
    assert np.all((ds.trunk_lean > -20) & (ds.trunk_lean < -5))
    assert np.abs(ds.hanging_moment).max() < 1e-6
    again = bm.sweep(adult, pelvic_tilt=0, trunk_lean=float(ds.trunk_lean[1]))
    np.testing.assert_allclose(again.activation, ds.activation.isel(knee_flexion=1), atol=1e-9)


@pytest.mark.parametrize(
    "stance",
    [
        {"trunk_lean": 5, "knee_flexion": 10},
        {"trunk_lean": 5, "knee_flexion": xr.DataArray([10, 35], dims="side"), "weight_balance": 0.6},
    ],
)
def test_passive_is_where_the_energy_is_least(adult, stance):
    """The work of the passive moments along the tilt, summed from the coordinates of a fine sweep."""
    ds = bm.sweep(adult, pelvic_tilt="passive", **stance)
    fine = bm.sweep(adult, pelvic_tilt=np.arange(-15, 25.01, 0.1), **stance)
    counted = [c for c in fine.coordinate.values if str(c).startswith(("hip_", "lumbar_"))]
    moment = fine.passive_moment.sel(coordinate=counted).values
    angle = np.radians(fine.coordinate_angle.sel(coordinate=counted).values)
    work = (0.5 * (moment[1:] + moment[:-1]) * np.diff(angle, axis=0)).sum(axis=1)
    energy = -np.concatenate([[0.0], np.cumsum(work)])
    assert statuses(ds) == "balanced"
    assert abs(float(ds.pelvic_tilt) - fine.pelvic_tilt.values[energy.argmin()]) < 0.1


def test_half_and_whole_body_rest_alike(adult):
    asked = parse_stance({"pelvic_tilt": [-5, 0, 10], "foot_rotation": [0, 30], "knee_flexion": 8}).all()
    half, whole = (muscle_free_moments(adult, adult.compiled(half=h), asked, 0) for h in (True, False))
    np.testing.assert_allclose(half.hanging, whole.hanging, atol=1e-8)
    np.testing.assert_allclose(half.knee[:, 0], whole.knee[:, 1], atol=1e-8)
    slopes = [passive_slope(adult, adult.compiled(half=h), asked, 0) for h in (True, False)]
    np.testing.assert_allclose(*slopes, atol=1e-6)


@pytest.mark.parametrize("laxity", [4, 5])
def test_no_muscle_holds_a_passive_knee(gait2392, laxity):
    """What muscles, moment arm by moment arm, do at the knee that was found: together next to nothing.

    The policy takes the ground's force to be vertical and on the foot's axis; its side force acts on a knee that is not
    quite square to it.
    """
    ds = bm.sweep(gait2392, pelvic_tilt=0, knee_flexion="passive", knee_laxity=laxity, weight_shift=0.5)
    assert statuses(ds, "knee_status")[0] in ("balanced", "several_balances")
    pose = dict(bm.pose(ds))
    arms = gait2392.muscle_geometry(**pose).moment_arm.squeeze().sel(coordinate="knee_angle_r")
    assert abs(float((arms * ds.muscle_force).sum())) < 0.05


def test_a_knee_that_only_rests_outside_the_geometry_says_so(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, knee_flexion="passive", knee_laxity=10, weight_shift=[0.2, 0.42])
    assert [names[0] for names in statuses(ds, "knee_status")] == ["outside_geometry", "only_unstable_balance"]
    assert float(ds.knee_flexion[0, 0]) == -10.0


def test_a_passive_knee_and_a_found_tilt_settle_together(adult):
    stance = {"knee_laxity": 3, "weight_shift": 0.45}
    ds = bm.sweep(adult, pelvic_tilt="least_effort", knee_flexion="passive", foot_rotation=[0, 20], **stance)
    for i in range(2):
        knee, tilt = float(ds.knee_flexion[i, 0]), float(ds.pelvic_tilt[i])
        turned = float(ds.foot_rotation[i])
        assert (
            abs(resting(adult, pelvic_tilt=tilt, knee_flexion=knee, foot_rotation=turned, **stance).knee[0, 0]) < 1e-4
        )
        best = bm.sweep(adult, pelvic_tilt="least_effort", knee_flexion=knee, foot_rotation=turned, **stance)
        assert float(best.pelvic_tilt) == pytest.approx(tilt, abs=1e-4)


def test_policies_of_lean_and_knee_are_listed_beside_degrees(adult):
    ds = bm.sweep(adult, pelvic_tilt=3, trunk_lean=["hanging_sway", 0], knee_flexion=["passive", 5])
    assert dict(ds.status.sizes) == {"lean_policy": 2, "knee_policy": 2}
    assert ds.trunk_lean.sel(lean_policy="0").values.tolist() == [0.0, 0.0]
    assert (ds.knee_flexion.sel(knee_policy="5") == 5.0).all()
    alone = bm.sweep(adult, pelvic_tilt=3, trunk_lean="hanging_sway", knee_flexion="passive")
    found = ds.sel(lean_policy="hanging_sway", knee_policy="passive")
    np.testing.assert_allclose(found.trunk_lean, alone.trunk_lean, atol=1e-6)
    np.testing.assert_allclose(found.knee_flexion, alone.knee_flexion, atol=1e-6)


def test_rhythm_shares_the_lean(adult):
    ds = bm.sweep(adult, pelvic_tilt="rhythm", trunk_lean=[0, 20, 60], lumbar_rhythm=[1.0, 0.7])
    lean = ds.trunk_lean
    tilt, line = ds.pelvic_tilt, adult.value("settings/lumbar_line_share")
    # the model's lumbar joint turns with the line, the thorax by the whole of lumbar flexion
    flexed = -ds.coordinate_angle.sel(coordinate="lumbar_extension", drop=True)
    xr.testing.assert_allclose(flexed, (lean - tilt).transpose(*flexed.dims), atol=1e-6)
    thorax = tilt + (lean - tilt) / line
    share = (0.74 - 0.0019 * thorax) * ds.lumbar_rhythm
    xr.testing.assert_allclose((lean - tilt) / line, share * thorax, atol=1e-6)


def test_a_measured_change_of_tilt_is_added(adult):
    ds = bm.sweep(adult, pelvic_tilt=[2, "least_effort", "rhythm"], tilt_change=[0, 4], knee_flexion=10)
    np.testing.assert_allclose(ds.pelvic_tilt.diff("tilt_change"), 4.0)
    assert (ds.status == 0).all()


def test_two_balances_none_and_an_unstable_one():
    """Moments made up: a stable and an unstable root, none, a root that only rises, none at a bound, no posture."""

    def curve(index, angle):
        made = [
            lambda a: -(a - 3.0) * (a - 8.0),
            lambda a: 1.0 + (a - 2.0) ** 2,
            lambda a: a - 4.0,
            lambda a: a + 20.0,
            lambda a: np.nan * a,
            lambda a: 3.0 - a,
        ]
        return np.array([made[i](a) for i, a in zip(index, angle, strict=True)])

    found = find_stable_root(curve, 6, -10.0, 10.0, 2.5)
    names = [ROOT_STATUSES[i] for i in found.status]
    assert names == [
        "several_balances",
        "no_balance",
        "only_unstable_balance",
        "no_balance_at_bound",
        "no_posture",
        "balanced",
    ]
    np.testing.assert_allclose(found.angle[[0, 1, 2, 3, 5]], [8.0, 2.0, 4.0, -10.0, 3.0], atol=1e-6)
    np.testing.assert_allclose(found.moment[[0, 1, 2, 3, 5]], [0.0, 1.0, 0.0, 10.0, 0.0], atol=1e-6)


@pytest.mark.parametrize(
    ("stance", "message"),
    [
        (
            {"pelvic_tilt": "slouch"},
            "pelvic_tilt = 'slouch': must be degrees in -25..35 deg, or a policy: least_effort",
        ),
        ({"pelvic_tilt": 0, "knee_flexion": "soft"}, "knee_flexion = 'soft': must be degrees in -10..120 deg, or a"),
        ({"pelvic_tilt": 0, "trunk_lean": "sway"}, "trunk_lean = 'sway': must be degrees"),
        ({"pelvic_tilt": ["hanging", "hanging"]}, "names a policy twice"),
        ({"pelvic_tilt": "passive", "trunk_lean": "hanging_sway"}, "trunk_lean = 'hanging_sway': needs pelvic_tilt in"),
    ],
)
def test_unknown_policies_are_refused(adult, stance, message):
    with pytest.raises(StanceError, match=message):
        bm.sweep(adult, **stance)
