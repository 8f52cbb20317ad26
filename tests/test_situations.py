"""The seat, hanging arms, and every scenario: free bodies, symmetry, certificates, and what is refused."""

import numpy as np
import pytest

import biomech as bm
from biomech.errors import StanceError

SEATED = {"support": "seat", "knee_flexion": 90}
SYMMETRIC = [name for name, s in bm.scenarios.SCENARIOS.items() if s.stance.get("support") not in ("right", "stride")]


@pytest.fixture(scope="module")
def answers():
    model = bm.load_model()
    return {name: bm.scenarios.run(name, model) for name in bm.scenarios.SCENARIOS}


@pytest.mark.parametrize("name", bm.scenarios.SCENARIOS)
def test_every_scenario_is_certified(answers, name):
    ds = answers[name]
    assert (ds.status == 0).all()
    assert float(ds.equilibrium_residual.max()) < 1e-9
    assert float(ds.duality_gap.max()) < 1e-9
    assert ds.attrs["scenario"] == name
    assert ds.attrs["contrast"] in bm.scenarios.SCENARIOS


@pytest.mark.parametrize("name", bm.scenarios.SCENARIOS)
def test_what_touches_the_body_carries_its_weight(adult, answers, name):
    """The whole body as a free body: contact forces sum to its weight."""
    ds = answers[name]
    weight = (adult.body_mass + float(ds.attrs["stance_load_mass"])) * adult.value("settings/gravity")
    total = ds.ground_force.sum("foot") + ds.seat_force
    np.testing.assert_allclose(total.sel(axis="y"), weight, rtol=1e-8)
    np.testing.assert_allclose(total.sel(axis=["x", "z"]), 0.0, atol=1e-6)


@pytest.mark.parametrize("name", SYMMETRIC)
def test_the_whole_body_agrees_with_its_half(adult, answers, name):
    lopsided = adult.replace({"muscles/gem_l/pennation": adult.value("muscles/gem_l/pennation") + 1e-9})
    tilt = {"pelvic_tilt": 3.0} if answers[name].pelvic_tilt.ndim else {}
    half, whole = (bm.scenarios.run(name, model, **tilt) for model in (adult, lopsided))
    np.testing.assert_allclose(half.activation, whole.activation, atol=1e-7)
    np.testing.assert_allclose(half.seat_force, whole.seat_force, atol=1e-4)


def test_the_seat_bears_the_tuberosities(adult):
    """They are at its height, in every posture that closes."""
    ds = bm.sweep(adult, pelvic_tilt=[-19, 0, 15], seat_height=[0.35, 0.45, 0.5], **SEATED)
    turn = np.radians(ds.coordinate_angle.sel(coordinate="pelvis_tilt"))
    height = ds.coordinate_angle.sel(coordinate="pelvis_ty") + np.sin(turn) * -0.115 + np.cos(turn) * -0.125
    np.testing.assert_allclose(height, ds.seat_height.broadcast_like(height), atol=1e-9)
    assert (ds.status == 0).all()


def test_the_weight_on_the_seat_is_a_free_body(adult):
    """Moments about the lateral axis: weight, ground and seat; the seat presses within its points."""
    ds = bm.sweep(adult, pelvic_tilt=-10, **SEATED)
    pose = dict(bm.pose(ds))
    weight = adult.gravity(**pose).generalized_force.squeeze()
    # moment of the weight about the pelvis's origin, which the coordinate pelvis_tilt turns about
    of_weight = float(weight.sel(coordinate="pelvis_tilt"))
    feet = ds.ground_force.sel(axis="y") * (ds.center_of_pressure.sel(axis="x") - pose["pelvis_tx"])
    shear = ds.ground_force.sel(axis="x") * (ds.center_of_pressure.sel(axis="y") - pose["pelvis_ty"])
    of_feet = float((feet - shear).sum())
    # what is left is the seat's: a pressure centre under thighs and tuberosities
    seat_y = float(ds.seat_force.sel(axis="y"))
    place = -(of_weight + of_feet) / seat_y
    assert -0.2 < place < 0.25
    assert seat_y > 0.7 * adult.body_mass * 9.81


def test_sitting_turned_out_the_back_does_not_know_the_feet(adult):
    """At a given tilt and lean no muscle of the lumbar joint is stretched by the legs (separability)."""
    ds = bm.sweep(adult, pelvic_tilt=-5, foot_rotation=[0, 20, 40], **SEATED)
    back = ds.group_activation.sel(group="lumbar_extensors")
    assert float(back.max() - back.min()) < 1e-3


def test_a_seat_without_friction_still_holds(adult):
    ds = bm.sweep(adult, pelvic_tilt=-5, friction=[0.0, 0.6], **SEATED)
    assert (ds.status == 0).all()
    np.testing.assert_allclose(ds.seat_force.sel(axis="x", friction=0.0), 0.0, atol=1e-6)


@pytest.mark.parametrize("lean", [30, 60])
def test_hanging_arms_hang_from_the_shoulder(adult, lean):
    """The moment about L5/S1 that muscles and passive tissue must hold, by hand: trunk, and arms at the shoulder."""
    stance = {"pelvic_tilt": 10, "trunk_lean": lean, "knee_flexion": 5}
    hanging, fixed = (bm.sweep(adult, arms=arms, **stance) for arms in ("hanging", "fixed"))
    arm = adult.value("settings/arms_mass") * adult.value("settings/arms_drop") * np.sin(np.radians(lean))

    def moment(ds):
        pose = dict(bm.pose(ds))
        arms = adult.muscle_geometry(**pose).moment_arm.squeeze().sel(coordinate="lumbar_extension")
        return float((arms * ds.muscle_force).sum())

    assert moment(hanging) - moment(fixed) == pytest.approx(9.80665 * arm, rel=1e-6)


def test_upright_arms_hang_as_they_are_fixed(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, arms=["hanging", "fixed"])
    np.testing.assert_allclose(ds.activation.isel(arms=0), ds.activation.isel(arms=1), atol=1e-12)


def test_a_load_in_hanging_hands_acts_at_the_shoulder(adult):
    """Free body of the trunk: the load's arm about L5/S1 is the shoulder's, whatever the lean."""
    shoulder, mass = np.array([0.003, 0.3715]), 10.0
    for lean in (0, 40, 75):
        stance = {"pelvic_tilt": 10, "trunk_lean": lean, "knee_flexion": 15}
        moments = []
        for load in (0.0, mass):
            ds = bm.sweep(adult, load_mass=load, load_position=(*shoulder, 0.0), **stance)
            pose = dict(bm.pose(ds))
            arms = adult.muscle_geometry(**pose).moment_arm.squeeze().sel(coordinate="lumbar_extension")
            moments.append(float((arms * ds.muscle_force).sum()))
        turn = np.radians(lean)
        lever = np.cos(turn) * shoulder[0] + np.sin(turn) * shoulder[1]
        assert moments[1] - moments[0] == pytest.approx(mass * 9.80665 * lever, rel=1e-6)


@pytest.mark.parametrize("share", [0.27, 2.0])
def test_hands_on_the_thighs_take_weight_off_the_shoulders(adult, share):
    """Free bodies: the trunk loses the push at the shoulder, the seat and the feet bear as much as before."""
    stance = {"pelvic_tilt": -10, "trunk_lean": 25, **SEATED}
    hanging, resting = bm.sweep(adult, **stance), bm.sweep(adult, arms="thighs", hand_support=share, **stance)
    push = share * adult.value("settings/arms_mass") * adult.value("settings/gravity")
    x, y = adult.value("settings/shoulder_x"), adult.value("settings/shoulder_y")
    turn = np.radians(25)

    def moment(ds):
        pose = dict(bm.pose(ds))
        arms = adult.muscle_geometry(**pose).moment_arm.squeeze().sel(coordinate="lumbar_extension")
        return float((arms * ds.muscle_force).sum())

    lever = np.cos(turn) * x + np.sin(turn) * y
    assert moment(hanging) - moment(resting) == pytest.approx(push * lever, rel=1e-6)
    weight = adult.body_mass * adult.value("settings/gravity")
    total = resting.ground_force.sum("foot") + resting.seat_force
    np.testing.assert_allclose(total, [0.0, weight, 0.0], atol=1e-6)
    compressed = hanging.joint_contact_force - resting.joint_contact_force
    muscles = hanging.muscle_force - resting.muscle_force
    trunk = [m for m in adult.muscles if abs(float(muscles.sel(muscle=m))) > 1e-9]
    assert trunk  # the relief of L5/S1 is the push and what muscles then leave off
    assert float(compressed.sel(joint="lumbosacral", axis="y")) > push * np.cos(turn)


def test_hands_on_the_thighs_are_masses_moved_there(adult):
    """The same as a body whose thighs weigh more, where the hands rest, and whose shoulders weigh less."""
    taken = 0.5 * adult.value("settings/arms_mass")
    hand = np.array([adult.value("settings/hand_rest_x"), adult.value("settings/hand_rest_y")])
    shoulder = np.array([adult.value("settings/shoulder_x"), adult.value("settings/shoulder_y")])
    changes = {}
    for segment, mass, place in (("femur_?", taken, hand), ("torso", -2 * taken, shoulder)):
        row = f"segments/{segment.replace('?', 'r')}"
        own, centre = adult.value(f"{row}/mass"), np.array([adult.value(f"{row}/com_{axis}") for axis in "xy"])
        moved = (own * centre + mass * place) / (own + mass)
        changes |= {f"segments/{segment}/mass": own + mass}
        changes |= {f"segments/{segment}/com_{axis}": value for axis, value in zip("xy", moved, strict=True)}
    for stance in ({"pelvic_tilt": -10, "trunk_lean": 25, **SEATED}, {"pelvic_tilt": 5, "knee_flexion": 40,
                    "trunk_lean": 30, "weight_balance": 0.6}):  # fmt: skip
        resting = bm.sweep(adult, arms="thighs", hand_support=1.0, **stance)
        other = bm.sweep(adult.replace(changes), arms="hanging", **stance)
        np.testing.assert_allclose(resting.activation, other.activation, atol=1e-8)
        np.testing.assert_allclose(resting.joint_contact_force, other.joint_contact_force, atol=1e-4)


def test_yield_below_the_hip_takes_turnout_from_it(adult):
    stance = {"pelvic_tilt": 0, "friction": 0.0}
    ds = bm.sweep(adult, foot_rotation=[50, 60], turnout_yield=[0, 10], **stance)
    hip = ds.coordinate_angle.sel(coordinate="hip_rotation_r")
    assert (ds.status == 0).all()
    np.testing.assert_allclose(hip.sel(foot_rotation=60, turnout_yield=10), hip.sel(foot_rotation=50, turnout_yield=0),
                               atol=0.5)  # fmt: skip
    shank = ds.coordinate_angle.sel(coordinate=["shank_rotation_r", "shank_rotation_l"])
    np.testing.assert_allclose(shank, np.broadcast_to([[[0.0, 0.0], [-10.0, -10.0]]] * 2, shank.shape), atol=1e-12)
    rotators = ds.group_activation.sel(group="deep_external_rotators", foot_rotation=60)
    assert float(rotators.sel(turnout_yield=10)) < 0.5 * float(rotators.sel(turnout_yield=0))


def test_what_is_left_of_turnout(adult):
    """Zero where the capsule begins to pull; beyond, it holds a moment that grows by its stiffness."""
    ds = bm.sweep(adult, pelvic_tilt=0, foot_rotation=np.arange(30, 71, 1.0))
    reserve = ds.turnout_reserve.sel(foot="right").values
    capsule = ds.passive_moment.sel(coordinate="hip_rotation_r").values
    assert reserve[0] > 0.0 > reserve[-1]
    np.testing.assert_array_equal(reserve, ds.turnout_reserve.sel(foot="left").values)
    forced = reserve < -10.0
    stiffness = adult.value("passive/hip_rotation_stiffness")
    np.testing.assert_allclose(capsule[forced], -stiffness * reserve[forced], rtol=0.02)


def test_a_model_without_the_joint_cannot_yield(gait2392):
    with pytest.raises(StanceError, match="turnout_yield = 5: model 'gait2392' has no coordinate shank_rotation"):
        bm.sweep(gait2392, pelvic_tilt=0, turnout_yield=5)


def test_friction_that_a_slope_needs(adult):
    """Both soles together need the slope's tangent; the seat bears none of it here."""
    ds = bm.sweep(adult, pelvic_tilt=0, slope=[-10, 5, 12], friction=[0.3, 0.6])
    used = ds.utilized_friction.isel(foot=0)
    np.testing.assert_allclose(used, np.tan(np.radians(np.abs(ds.slope))).broadcast_like(used), rtol=0.02)
    assert (ds.utilized_friction <= ds.friction * (1 + 1e-9)).all()
    alone = bm.sweep(adult, pelvic_tilt=0, support="right", knee_flexion=8)
    assert np.isnan(alone.utilized_friction.sel(foot="left"))


def test_what_one_feels_is_the_difference(adult, answers):
    felt = bm.scenarios.feel("soft_knees_mid_foot", adult)
    here, there = answers["soft_knees_mid_foot"], answers["hyperextended_on_heels"]
    group = {"group": "quadriceps"}
    np.testing.assert_allclose(felt.tone.sel(group), 100 * here.group_activation.sel(group))
    change = here.group_activation - there.group_activation
    np.testing.assert_allclose(felt.change.sel(group), 100 * change.sel(group))
    assert set(felt.group.values) == set(bm.scenarios.PALPABLE)


def test_changes_reach_the_sweep(adult):
    ds = bm.scenarios.run("turned_out_standing", adult, foot_rotation=[10, 20], pelvic_tilt=0)
    assert ds.status.dims == ("foot_rotation",)


def test_the_weight_moves_to_a_side(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, weight_balance=[0.1, 0.5, 0.9])
    force = ds.ground_force.sel(axis="y")
    right = (force.sel(foot="right") / force.sum("foot")).values
    assert (ds.status == 0).all()
    assert right[0] < 0.25
    assert right[1] == pytest.approx(0.5)
    assert right[2] > 0.75
    # the centre of mass lies over the asked point between the feet: moments of both feet about the x axis
    across = (force * ds.center_of_pressure.sel(axis="z")).sum("foot") / force.sum("foot")
    np.testing.assert_allclose(across, [-0.4 * 0.17, 0.0, 0.4 * 0.17], atol=0.012)


def test_leaning_on_a_side_mirrors(adult):
    right, left = (bm.sweep(adult, pelvic_tilt=2, knee_flexion=8, weight_balance=b, cross_slope=c)
                   for b, c in ((0.7, 5.0), (0.3, -5.0)))  # fmt: skip
    mirror = [str(m)[:-1] + {"r": "l", "l": "r"}[str(m)[-1]] for m in adult.muscles]
    np.testing.assert_allclose(right.activation, left.activation.sel(muscle=mirror).values, atol=1e-7)


def test_a_sideways_slope_keeps_the_soles_on_it(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, cross_slope=[-8, 8], slope=5)
    assert (ds.status == 0).all()
    tilt = np.radians(ds.cross_slope.values)
    s, c = np.sin(np.radians(5)), np.cos(np.radians(5))
    normal = np.stack([np.full(2, -s), c * np.cos(tilt), c * np.sin(tilt)], axis=1)
    place = np.einsum("cfa,ca->cf", ds.center_of_pressure.values, normal)
    np.testing.assert_allclose(place, 0.0, atol=1e-9)
    total = ds.ground_force.sum("foot")
    np.testing.assert_allclose(total.sel(axis=["x", "z"]), 0.0, atol=1e-6)
    slip = bm.sweep(adult, pelvic_tilt=0, cross_slope=20, friction=[0.2, 0.6])
    assert slip.status.values.tolist() == [1, 0]


def test_one_foot_on_a_step(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, support="step", step_height=0.17, step_length=0.2, knee_flexion=90,
                  weight_balance=0.3)  # fmt: skip
    assert int(ds.status) == 0
    heights = ds.center_of_pressure.sel(axis="y").values
    assert heights[0] - heights[1] == pytest.approx(0.17, abs=1e-9)
    assert float(ds.coordinate_angle.sel(coordinate="pelvis_list")) == 0.0
    assert 20.0 < -float(ds.coordinate_angle.sel(coordinate="knee_angle_l")) < 90.0


def test_one_legged_toe_out_is_explained_by_the_pelvis(adult):
    """The hip force of a turned-out leg grows past four body weights; with a pelvis that turns along it does not."""
    weight = adult.body_mass * adult.value("settings/gravity")
    stance = {"support": "right", "knee_flexion": 5, "pelvic_tilt": 0}

    def hip(**more):
        ds = bm.sweep(adult, **stance, **more)
        assert int(ds.status) == 0
        force = ds.joint_contact_force.sel(joint="hip_r")
        return float(np.sqrt((force**2).sum())) / weight

    straight, turned = hip(), hip(foot_rotation=45)
    assert straight == pytest.approx(2.6, abs=0.2)
    assert turned > 4.0
    assert hip(foot_rotation=45, pelvic_rotation=-45) == pytest.approx(straight, abs=0.3)


@pytest.mark.parametrize("name", bm.scenarios.PATHS)
def test_paths_are_continuous(adult, name):
    """Ten times the steps, a tenth of every change, but where a conditional path point switches."""
    keep = ["activation", "joint_contact_force", "lumbar_compression", "coordinate_angle"]
    coarse, fine = (bm.scenarios.path(name, adult, steps=n, variables=keep) for n in (201, 2001))
    for ds in (coarse, fine):
        assert (ds.status == 0).all()
    assert fine.path.values[[0, -1]].tolist() == [0.0, 1.0]
    for variable in keep:
        before, after = (np.abs(np.diff(ds[variable].values, axis=0)) for ds in (coarse, fine))
        # the largest changes along the fine path, the few of switches left out
        after = np.sort(after.reshape(len(after), -1).max(axis=1))[:-4]
        assert after.max() < 0.2 * before.max(), variable


def test_a_path_is_a_sweep(adult):
    ds = bm.scenarios.path("stair_ascent", adult, steps=3, trunk_lean=5)
    middle = bm.sweep(adult, support="right", knee_flexion=30, trunk_lean=5, pelvic_tilt="rhythm", lumbar_rhythm=0.42)
    np.testing.assert_allclose(ds.activation.isel(path=1), middle.activation, atol=1e-9)


def test_bad_paths_are_refused(adult):
    with pytest.raises(StanceError, match="name = 'fly': there is none; there are sit_to_stand"):
        bm.scenarios.path("fly", adult)
    with pytest.raises(StanceError, match="steps = 1: must be a whole number from 2 to"):
        bm.scenarios.path("stoop", adult, steps=1)


@pytest.mark.parametrize(
    ("stance", "message"),
    [
        ({"seat_height": 0.5}, "seat_height = 0.5: needs support = 'seat'"),
        ({"support": "seat", "weight_shift": 0.4}, "weight_shift = 0.4: means nothing with support = 'seat'"),
        ({"support": "seat", "pelvic_tilt": "hanging"}, "pelvic_tilt = 'hanging': means nothing with support = 'seat'"),
        ({"support": "seat", "knee_flexion": "passive"}, "knee_flexion = 'passive': means nothing"),
        ({"step_height": 0.1}, "step_height = 0.1: needs support = 'step'"),
        ({"support": "right", "weight_balance": 0.3}, "weight_balance = 0.3: needs two feet that stand"),
        ({"support": "stool"}, "support = 'stool': allowed is both, right, left, seat, step, stride"),
        ({"arms": "crossed"}, "arms = 'crossed': allowed is hanging, fixed, thighs"),
        ({"hand_support": 1.0}, "hand_support = 1.0: needs arms = 'thighs'"),
        ({"turnout_yield": 20}, "turnout_yield = 20: allowed is 0..15 deg"),
        ({"support": "seat", "seat_height": 2.0}, "seat_height = 2: allowed is 0.2..1 m"),
    ],
)
def test_what_makes_no_sense_is_refused(adult, stance, message):
    with pytest.raises(StanceError, match=message):
        bm.sweep(adult, **{"pelvic_tilt": 0, **stance})


def test_unknown_scenarios_are_refused():
    with pytest.raises(StanceError, match=r"name = 'squatt': there is none \(did you mean 'squat'\?\)"):
        bm.scenarios.run("squatt")
