"""Stances of walking: list and side lean, a stride on the ball of the foot behind, and the scenarios made of them.

Postures are measured with the model's public kinematics, contacts with its tables: no closure code takes part.
"""

import numpy as np
import pytest
import xarray as xr
from free_bodies import left_open

import biomech as bm
from biomech.errors import StanceError, UnreachablePosture
from biomech.model.mirror import other_side

#: Ends of the left ball, inner and outer, and the point of either sole under its ankle (calcn frame, m; as built).
INNER, OUTER = np.array([0.178, -0.016, 0.045]), np.array([0.15, -0.016, -0.05])
UNDER_ANKLE = {"r": np.array([0.04877, -0.016, -0.00792]), "l": np.array([0.04877, -0.016, 0.00792])}
#: Outline of the right sole.
SOLE = np.array([[0.0, -0.028], [0.178, -0.045], [0.247, -0.03], [0.15, 0.05], [0.0, 0.028]])
WALKING = [name for name in bm.scenarios.SCENARIOS if name.startswith("walking_")]


def legs(right, left):
    return xr.DataArray([float(right), float(left)], coords={"side": ["right", "left"]}, dims="side")


ONE_LEG = {"support": "right", "knee_flexion": legs(7, 42), "foot_rotation": 6, "trunk_lean": 3}
STRIDE = {
    "support": "stride",
    "knee_flexion": legs(8, 15),
    "foot_rotation": legs(6, 10),
    "step_length": 0.46,
    "stance_width": 0.1,
    "pelvic_list": 2.0,
    "weight_balance": 0.49,
    "weight_shift": 0.18,
    "trunk_lean": 3,
}


def frames(model, ds):
    """Rotation and origin of every segment, and the body's centre, of one posture."""
    return model.kinematics(**dict(bm.pose(ds))).squeeze()


def of(pose, segment, local=(0.0, 0.0, 0.0)):
    """A point of a segment in space."""
    own = pose.sel(segment=segment)
    return own.origin.values + own.rotation.values @ np.asarray(local)


def axis(pose, segment, k):
    return pose.rotation.sel(segment=segment).values[:, k]


# --- pelvic_list and trunk_side_lean


@pytest.mark.parametrize("support", ["right", "left"])
@pytest.mark.parametrize("drop", [-6.0, 0.0, 4.0])
def test_the_free_side_drops(model, support, drop):
    knees = legs(7, 42) if support == "right" else legs(42, 7)
    ds = bm.sweep(model, **{**ONE_LEG, "support": support, "knee_flexion": knees}, pelvic_tilt=6, pelvic_list=drop)
    pose = frames(model, ds)
    standing, free = ("r", "l") if support == "right" else ("l", "r")
    hips = {side: of(pose, f"femur_{side}") for side in "rl"}
    fall = (hips[standing] - hips[free])[1] / np.linalg.norm(hips["r"] - hips["l"])
    assert fall == pytest.approx(np.cos(np.radians(6)) * np.sin(np.radians(drop)), abs=1e-9)
    thigh = axis(pose, f"femur_{free}", 1)
    assert np.degrees(np.arccos(thigh[1])) < 0.2  # the free thigh hangs all the same
    assert int(ds.status) < 3


@pytest.mark.parametrize("support", ["both", "right", "seat", "stride"])
@pytest.mark.parametrize("aside", [-12.0, 5.0])
def test_the_trunk_leans_aside(adult, support, aside):
    own = {"right": ONE_LEG, "stride": STRIDE, "seat": {"knee_flexion": 90, "trunk_lean": 3}}
    stance = {"support": support, "trunk_lean": 3, **own.get(support, {})}
    ds = bm.sweep(adult, **stance, pelvic_tilt=0, pelvic_rotation=10, trunk_side_lean=aside)
    pose, turn = frames(adult, ds), np.radians(10)
    ahead, right = np.array([np.cos(turn), 0.0, -np.sin(turn)]), np.array([np.sin(turn), 0.0, np.cos(turn)])
    up = axis(pose, "torso", 1)
    assert np.degrees(np.arcsin(up @ right)) == pytest.approx(aside, abs=1e-9)
    assert np.degrees(np.arctan2(up @ ahead, up[1])) == pytest.approx(3.0, abs=1e-9)
    assert axis(pose, "torso", 0) @ right == pytest.approx(0.0, abs=1e-10)  # it does not turn
    assert int(ds.status) == 0


def test_list_and_side_lean_mirror(adult):
    """The left leg with a trunk that leans to the left is the mirror image of the right leg and the right."""
    stance = {"pelvic_tilt": 4, "pelvic_list": 5, "foot_rotation": 8, "trunk_lean": 4}
    right, left = (
        bm.sweep(adult, support=support, knee_flexion=knees, trunk_side_lean=aside, **stance)
        for support, knees, aside in (("right", legs(10, 40), 4.0), ("left", legs(40, 10), -4.0))
    )
    out_of_plane = {"pelvis_list", "pelvis_rotation", "pelvis_tz", "lumbar_bending", "lumbar_rotation"}
    for name in adult.coordinates:
        sign = -1.0 if name in out_of_plane else 1.0
        mirror = float(left.coordinate_angle.sel(coordinate=other_side(name)))
        assert float(right.coordinate_angle.sel(coordinate=name)) == pytest.approx(sign * mirror, abs=1e-8)
    mirror = [other_side(muscle) for muscle in adult.muscles]
    np.testing.assert_allclose(right.activation, left.activation.sel(muscle=mirror).values, atol=1e-7)


def test_a_trunk_aside_is_no_symmetric_stance(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, trunk_side_lean=[0, 1e-9, 8])
    np.testing.assert_allclose(ds.activation.isel(trunk_side_lean=0), ds.activation.isel(trunk_side_lean=1), atol=1e-7)
    aside = ds.muscle_force.sel(trunk_side_lean=8)
    assert float(aside.sel(muscle="multifidus_l")) > float(aside.sel(muscle="multifidus_r"))  # held from the left


def test_a_lean_over_the_standing_leg_spares_its_abductors(adult):
    """And a dropped pelvis asks for more of them: the free leg's side pulls at a longer arm."""
    ds = bm.sweep(adult, **ONE_LEG, pelvic_tilt=0, trunk_side_lean=[0, 5, 10], pelvic_list=[0, 5])
    abductors = ds.group_activation.sel(group="gluteus_medius").transpose("trunk_side_lean", "pelvic_list").values
    assert (np.diff(abductors, axis=0) < 0.0).all()
    assert (np.diff(abductors, axis=1) > 0.0).all()


def test_they_vary_in_a_prepared_sweep(adult):
    ask = bm.prepare(
        adult, vary=["pelvic_list", "trunk_side_lean"], variables=["lumbar_compression"], pelvic_tilt=2, **ONE_LEG
    )
    ds = bm.sweep(adult, pelvic_tilt=2, pelvic_list=[-3, 4], trunk_side_lean=2, **ONE_LEG)
    np.testing.assert_allclose(ask([-3.0, 4.0], 2.0)["lumbar_compression"], ds.lumbar_compression, rtol=1e-9)


@pytest.mark.parametrize("tilt", ["least_effort", "hanging", "passive", "rhythm"])
def test_every_policy_knows_them(adult, tilt):
    ds = bm.sweep(adult, **ONE_LEG, pelvic_tilt=tilt, pelvic_list=4, trunk_side_lean=3)
    assert int(ds.status) == 0
    assert float(ds.coordinate_angle.sel(coordinate="pelvis_list")) == pytest.approx(-4.0)


def test_a_step_may_list(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, support="step", step_height=0.1, knee_flexion=75, pelvic_list=[0, 5])
    pose = [frames(adult, ds.isel(pelvic_list=i)) for i in range(2)]
    falls = [(of(p, "femur_r") - of(p, "femur_l"))[1] for p in pose]
    assert falls[0] == pytest.approx(0.0, abs=1e-12)
    assert falls[1] > 0.01
    knee = ds.coordinate_angle.sel(coordinate="knee_angle_l").values
    assert knee[1] < knee[0]  # a lower hip bends the knee that follows


# --- a stride


@pytest.mark.parametrize("floor", [{}, {"slope": 6}, {"cross_slope": -4}], ids=["level", "uphill", "aside"])
@pytest.mark.parametrize("knees", [(8, 15), (-5, 25), (30, 40)])
def test_a_stride_stands_as_asked(model, floor, knees):
    stance = {**STRIDE, **floor, "knee_flexion": legs(*knees), "knee_laxity": 10, "arms": "fixed"}
    ds = bm.sweep(model, pelvic_tilt=2, **stance)
    assert int(ds.status) < 3
    pose = frames(model, ds)
    normal = axis(pose, "calcn_r", 1)
    slope, aside = (np.radians(floor.get(name, 0.0)) for name in ("slope", "cross_slope"))
    upward = [-np.sin(slope), np.cos(slope) * np.cos(aside), np.cos(slope) * np.sin(aside)]
    np.testing.assert_allclose(normal, upward, atol=1e-10)  # the foot ahead is flat
    ahead = np.cross(normal, np.array([0.0, -np.sin(aside), np.cos(aside)])) * -1.0
    ahead *= np.sign(ahead[0])
    across = np.array([0.0, -np.sin(aside), np.cos(aside)])
    for end in (INNER, OUTER):
        assert of(pose, "calcn_l", end) @ normal == pytest.approx(0.0, abs=1e-10)
    heel = of(pose, "calcn_l", (0.0, -0.016, 0.0)) @ normal
    assert heel > 0.01
    # headings, toe-out positive
    for side, toe_out, sign in (("r", 6, 1.0), ("l", 10, -1.0)):
        along = axis(pose, f"calcn_{side}", 0)
        assert np.degrees(np.arctan2(sign * (along @ across), along @ ahead)) == pytest.approx(toe_out, abs=1e-8)
    # the left foot laid down about the middle of its ball: both soles are a step apart
    ball, turn = 0.5 * (INNER + OUTER), np.radians(10)
    heading = np.cos(turn) * ahead - np.sin(turn) * across
    square = np.cos(turn) * across + np.sin(turn) * ahead
    back, out = (UNDER_ANKLE["l"] - ball)[[0, 2]]
    laid = of(pose, "calcn_l", ball) + back * heading + out * square
    apart = of(pose, "calcn_r", UNDER_ANKLE["r"]) - laid
    assert apart @ ahead == pytest.approx(0.46, abs=1e-10)
    assert apart @ across == pytest.approx(0.1, abs=1e-10)
    assert float(ds.coordinate_angle.sel(coordinate="pelvis_list")) == pytest.approx(-2.0)
    for side, knee in zip("rl", knees, strict=True):
        assert float(ds.coordinate_angle.sel(coordinate=f"knee_angle_{side}")) == pytest.approx(-knee)
    # the vertical through the centre meets the floor between the asked points of both feet
    centre = pose.body_centre.values.copy()
    centre[1] -= (centre @ normal) / normal[1]
    places = of(pose, "calcn_r", (0.18 * 0.247, -0.016, 0.0)), of(pose, "calcn_l", ball)
    np.testing.assert_allclose(centre, 0.49 * places[0] + 0.51 * places[1], atol=1e-10)


def inside(outline, point, slack=1e-9):
    """Whether a point lies in a convex outline."""
    edges = np.roll(outline, -1, axis=0) - outline
    turns = edges[:, 0] * (point - outline)[:, 1] - edges[:, 1] * (point - outline)[:, 0]
    return (turns >= -slack).all() or (turns <= slack).all()


@pytest.mark.parametrize("share", [0.4, 0.49, 0.7])
def test_each_foot_bears_its_share_where_it_can(adult, share):
    ds = bm.sweep(adult, pelvic_tilt=0, **{**STRIDE, "weight_balance": share})
    force, pressure, pose = ds.ground_force, ds.center_of_pressure, frames(adult, ds)
    up = force.sel(axis="y")
    assert int(ds.status) == 0
    assert float(up.sel(foot="right") / up.sum()) == pytest.approx(share, abs=0.06)
    # on the outline of the flat foot, and on the line between both ends of the ball
    there = {side: pose.sel(segment=f"calcn_{side}") for side in "rl"}
    local = {
        side: there[side].rotation.values.T @ (pressure.sel(foot=foot).values - there[side].origin.values)
        for side, foot in (("r", "right"), ("l", "left"))
    }
    assert inside(SOLE, local["r"][[0, 2]])
    along = (local["l"] - INNER) @ (OUTER - INNER) / ((OUTER - INNER) @ (OUTER - INNER))
    assert -1e-9 <= along <= 1.0 + 1e-9
    np.testing.assert_allclose(local["l"], INNER + along * (OUTER - INNER), atol=1e-9)
    # feet that are apart push against each other, and hold the weight together
    np.testing.assert_allclose(force.sum("foot"), [0.0, adult.body_mass * 9.80665, 0.0], atol=1e-5)
    assert float(force.sel(foot="left", axis="x")) > 0.02 * float(up.sum())


@pytest.mark.parametrize("slope", [0, 8])
def test_the_floor_under_a_raised_foot_is_the_floor(adult, slope):
    """Without friction a foot on its ball is pushed along the floor's normal, not along its own; with it, within mu."""
    ds = bm.sweep(adult, pelvic_tilt=0, **STRIDE, slope=slope, friction=[0.1, 0.3])
    normal = np.array([-np.sin(np.radians(slope)), np.cos(np.radians(slope)), 0.0])
    force = ds.ground_force.transpose("friction", "foot", "axis").values
    pressure = force @ normal
    shear = np.linalg.norm(force - pressure[..., None] * normal, axis=-1)
    held = ds.status.values == 0
    assert held.any()
    assert (shear[held] <= (ds.friction.values[held, None] + 1e-9) * pressure[held]).all()
    np.testing.assert_allclose(ds.utilized_friction.values[held], (shear / pressure)[held], rtol=1e-6)


def test_power_closes_in_strides(model):
    rng = np.random.default_rng(3)
    ranges = {
        "step_length": (0.2, 0.6), "stance_width": (0.08, 0.2), "pelvic_tilt": (-10, 15), "pelvic_list": (-4, 6),
        "trunk_side_lean": (-6, 6), "trunk_lean": (-3, 10), "weight_balance": (0.3, 0.7), "slope": (-5, 5),
    }  # fmt: skip
    drawn = {name: xr.DataArray(rng.uniform(*ends, 100), dims="draw") for name, ends in ranges.items()}
    knees = xr.DataArray(rng.uniform((0, 10), (30, 45), (100, 2)), dims=("draw", "side"))
    ds = bm.sweep(model, support="stride", knee_flexion=knees, progress=False, **drawn)
    gap = left_open(model, ds)
    assert gap.sizes["posture"] >= 40
    assert float(gap.max()) < 1e-8


def test_the_heel_rises_with_the_knee_behind_and_the_step(adult):
    def heel(**changed):
        pose = frames(adult, bm.sweep(adult, pelvic_tilt=0, **{**STRIDE, **changed}))
        return of(pose, "calcn_l", (0.0, -0.016, 0.0))[1]

    usual = heel()
    assert 0.03 < usual < 0.12
    assert heel(knee_flexion=legs(8, 30)) > usual
    assert heel(step_length=0.6) > usual
    assert heel(step_length=0.3) < usual


def test_least_effort_of_a_stride_is_least(adult):
    found = bm.sweep(adult, pelvic_tilt="least_effort", **STRIDE)
    around = float(found.pelvic_tilt) + np.linspace(-6.0, 6.0, 25)
    beside = bm.sweep(adult, pelvic_tilt=around, **STRIDE)
    cost = (beside.activation**2).sum("muscle").values
    assert abs(around[cost.argmin()] - float(found.pelvic_tilt)) < 3.0
    assert int(found.status) == 0


def test_a_stride_has_a_stiffness(adult):
    ds = bm.stability(adult, pelvic_tilt=0, **STRIDE)
    assert np.isfinite(ds.smallest_stiffness)


@pytest.mark.parametrize(
    ("stance", "message"),
    [
        ({"pelvic_list": 4}, "pelvic_list = 4: means nothing with support = 'both', where the pelvis lists as it must"),
        ({"support": "seat", "pelvic_list": 4}, "pelvic_list = 4: means nothing with support = 'seat'"),
        ({"support": "right", "pelvic_list": 21}, r"pelvic_list = 21: allowed is -20\.\.20 deg"),
        ({"trunk_side_lean": -31}, r"trunk_side_lean = -31: allowed is -30\.\.30 deg"),
        ({"support": "stride", "step_height": 0.1}, "step_height = 0.1: needs support = 'step'"),
        ({"step_length": 0.4}, "step_length = 0.4: needs support = 'step' or 'stride'"),
        ({"support": "stride", "knee_flexion": "passive"}, "'passive': means nothing with .*'stride', where a heel"),
    ],
)
def test_what_makes_no_sense_is_refused(adult, stance, message):
    with pytest.raises(StanceError, match=message):
        bm.sweep(adult, **{"pelvic_tilt": 0, **stance})


@pytest.mark.parametrize(
    ("stance", "message"),
    [
        ({"step_length": 0.1, "knee_flexion": legs(60, 0)}, r"the left heel would be \d+ mm below the floor"),
        ({"step_length": 0.46, "knee_flexion": legs(15, 70)}, r"the left ball stays off by \d+ mm"),
    ],
)
def test_a_stride_that_cannot_be_says_why(adult, stance, message):
    with pytest.raises(UnreachablePosture, match=f"{message}.*it can be taken with"):
        bm.sweep(adult, support="stride", pelvic_tilt=0, **stance)


def test_a_sole_without_a_ball_cannot_stride(adult):
    table = adult.tables["contact_points"]
    with_two = {
        "contact_points": [
            {**adult.row("contact_points", table.rows[0]), "contact": "arch_r", "x": "0.14", "source": "made up"}
        ]
    }
    with pytest.raises(StanceError, match=r"two contact_points of the sole .*; calcn_l has 3"):
        bm.sweep(adult.with_rows(with_two), pelvic_tilt=0, support="stride")


# --- the scenarios


@pytest.mark.parametrize("name", WALKING)
def test_one_feels_walking(adult, name):
    felt = bm.scenarios.feel(name, adult)
    assert np.isfinite(felt.tone).all()
    assert np.isfinite(felt.change).all()
    assert felt.attrs["contrast"] in WALKING


@pytest.mark.parametrize("phase", ["mid_stance", "double_support"])
def test_knees_pressed_back_rest_the_thigh_ahead_and_tighten_hamstrings_and_back(adult, phase):
    soft, pressed = (
        bm.scenarios.run(f"walking_{phase}_{knee}", adult, pelvic_tilt=0) for knee in ("soft", "hyperextended")
    )
    change = (pressed.group_activation - soft.group_activation).sel
    assert float(change(group="quadriceps")) < 0.0
    assert float(change(group="hamstrings")) > 0.05
    assert float(change(group="lumbar_extensors")) > 0.01
    assert float(pressed.lumbar_compression - soft.lumbar_compression) > 60.0


def test_what_walking_is_measured_at_follows(adult):
    """Joint angles and moments that nobody gives, beside Schwartz et al. 2008 (very slow; mean, and twice its SD)."""
    middle = bm.scenarios.run("walking_mid_stance_straight", adult, knee_flexion=legs(6.7, 42.3), pelvic_tilt=0)
    double = bm.scenarios.run("walking_double_support_straight", adult, knee_flexion=legs(7.5, 15.3), pelvic_tilt=0)
    # hips from the pelvis's mean tilt, which is the zero of this one
    measured = [
        (middle, "hip_flexion_r", 12.6 - 11.9, 7.4),
        (middle, "ankle_angle_r", 5.9, 4.6),
        (double, "hip_flexion_r", 26.6 - 12.2, 6.9),
        (double, "ankle_angle_r", -5.0, 5.2),
        (double, "hip_flexion_l", 1.6 - 12.2, 7.5),
        (double, "ankle_angle_l", 9.5, 6.9),
    ]
    for ds, coordinate, mean, sd in measured:
        assert abs(float(ds.coordinate_angle.sel(coordinate=coordinate)) - mean) < 2.0 * sd
    weight = adult.body_mass * adult.value("settings/gravity")
    push = double.ground_force.sel(axis="x") / weight
    np.testing.assert_allclose(push, [-0.06, 0.06], atol=0.02)
