"""Stiffness of held postures, against forces differenced another way."""

import numpy as np
import pytest
import xarray as xr

import biomech as bm
from biomech.errors import StanceError

STANCE = {"pelvic_tilt": 3, "trunk_lean": 12, "knee_flexion": 10, "arms": "fixed"}


def pose_of(ds):
    return {name: float(angle) for name, angle in bm.pose(ds).items()}


def test_muscles_stiffen_with_their_force(adult):
    """The part that grows with the ratio is the sum of k F / L r r^T."""
    none, ten = (bm.stability(adult, short_range_stiffness=k, **STANCE).stiffness.values for k in (0, 10))
    ds = bm.sweep(adult, **STANCE)
    geometry = adult.muscle_geometry(**pose_of(ds)).squeeze("pose")
    arms, share = geometry.moment_arm.values, 10 * ds.muscle_force.values / geometry.length.values
    np.testing.assert_allclose(ten - none, np.einsum("mc,m,md->cd", arms, share, arms), rtol=1e-7, atol=1e-6)


def test_the_rest_is_what_weight_tissue_and_changing_arms_do(adult):
    """The lumbar joint's own stiffness, its three parts differenced one by one."""
    ds, step = bm.sweep(adult, **STANCE), 0.01
    joint = {"coordinate": "lumbar_extension"}
    pose = pose_of(ds)
    lumbar = pose["lumbar_extension"] + np.array([-step, step])
    near = {**{name: np.full(2, value) for name, value in pose.items()}, "lumbar_extension": lumbar}
    weight = adult.gravity(**near).generalized_force.sel(joint).values
    muscles = (adult.muscle_geometry(**near).moment_arm.sel(joint) * ds.muscle_force).sum("muscle").values
    share = adult.value("settings/lumbar_line_share")
    of = {k: adult.value(f"passive/lumbar_curve_{k}") for k in ("moment", "rate")}
    flexion = -pose["lumbar_extension"] / share
    curve = of["moment"] * of["rate"] * np.exp(of["rate"] * flexion)
    spring = (adult.value("passive/lumbar_flexion_stiffness") + curve) / share * np.degrees(1.0)
    slope = np.diff(weight + muscles)[0] / np.radians(2 * step)
    found = bm.stability(adult, short_range_stiffness=0, **STANCE).stiffness.sel(other="lumbar_extension", **joint)
    assert float(found) == pytest.approx(spring - slope, rel=1e-5)


def test_the_softest_motion_keeps_the_soles_and_has_that_stiffness(adult):
    found = bm.stability(adult, **STANCE)
    k, motion = found.stiffness.values, found.buckling.values
    turns = np.array([not str(c).startswith("pelvis_t") or str(c) == "pelvis_tilt" for c in found.coordinate.values])
    assert np.sum(motion[turns] ** 2) == pytest.approx(1.0)
    assert motion @ k @ motion == pytest.approx(float(found.smallest_stiffness), rel=1e-8)
    np.testing.assert_allclose(k, k.T, atol=1e-9)


def test_without_reflexes_the_upright_back_buckles(adult):
    """As published for lumbar models: unstable at a ratio of 10, stable only far above 40."""
    own = [
        float(
            bm.stability(adult, pelvic_tilt=0, short_range_stiffness=k).stiffness.sel(
                coordinate="lumbar_extension", other="lumbar_extension"
            )
        )
        for k in (10, 40, 80)
    ]
    assert own[0] < own[1] < 0.0 < own[2]


def own_stiffness(model, ds, ratio, joint="lumbar_extension"):
    """Stiffness of a joint of the trunk by itself, its parts differenced one by one; arms turn with the trunk."""
    step, pose = 0.01, pose_of(ds)
    near = {name: np.full(2, value) for name, value in pose.items()}
    near[joint] = pose[joint] + np.array([-step, step])
    along, turn = {"coordinate": joint}, np.radians(2 * step)
    geometry = model.muscle_geometry(**pose).squeeze("pose")
    arm = geometry.moment_arm.sel(along)
    moving = (model.muscle_geometry(**near).moment_arm.sel(along) * ds.muscle_force).sum("muscle").values
    weight = model.gravity(**near).generalized_force.sel(along).values
    passive = model.passive_moment(**near).passive_moment.sel(along).values
    stiffening = float((ratio * ds.muscle_force / geometry.length * arm**2).sum())
    return stiffening - (np.diff(moving + weight + passive)[0]) / turn


@pytest.mark.parametrize("joint", ["lumbar_extension", "lumbar_bending"])
def test_a_margin_is_met_and_no_more(adult, joint):
    stance = {"pelvic_tilt": 2, "arms": "fixed"}  # off the neutral angle, where the stiffness jumps
    plain = bm.sweep(adult, **stance)
    assert own_stiffness(adult, plain, 10, joint) < 20.0
    held = bm.sweep(adult, stiffness_margin={joint: 20.0}, short_range_stiffness=10, **stance)
    assert int(held.status) == 0
    assert float(held.duality_gap) < 1e-9
    assert own_stiffness(adult, held, 10, joint) == pytest.approx(20.0, abs=1e-3)
    assert float((held.activation**2).sum()) > float((plain.activation**2).sum())
    trunk = held.group_activation.sel(group=["lumbar_extensors", "abdominals"])
    assert (trunk > 0.02).all()  # they contract against each other


def test_a_margin_that_is_there_changes_nothing(adult):
    """The same answer by the way round, on the whole body, certificate and joint forces included."""
    stance = {"pelvic_tilt": 3, "trunk_lean": [0, 20], "knee_flexion": 10}
    plain = bm.sweep(adult, **stance)
    held = bm.sweep(adult, stiffness_margin={"lumbar_extension": -1e4}, **stance)
    np.testing.assert_allclose(held.activation, plain.activation, atol=1e-4)
    np.testing.assert_allclose(held.joint_contact_force, plain.joint_contact_force, atol=0.5)
    np.testing.assert_allclose(held.ground_force, plain.ground_force, atol=0.5)
    assert (held.status == 0).all()
    assert (held.valid == plain.valid).all()


def test_a_margin_that_no_muscle_can_give(adult):
    ds = bm.sweep(adult, pelvic_tilt=-25, stiffness_margin={"lumbar_extension": 5e4}, trunk_lean=[0, 100])
    assert ds.status.values.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("margin", "message"),
    [
        ({}, "stiffness_margin = {}: must be a mapping"),
        ({"lumbar_extention": 1.0}, r"no joint moves by 'lumbar_extention' \(did you mean 'lumbar_extension'\?\)"),
        ({"pelvis_tilt": 1.0}, "no joint moves by 'pelvis_tilt'"),
        ({"lumbar_extension": float("nan")}, "must be a number of at most 100000 N.m/rad"),
    ],
)
def test_bad_margins_are_refused(adult, margin, message):
    with pytest.raises(StanceError, match=message):
        bm.sweep(adult, pelvic_tilt=0, stiffness_margin=margin)


def test_what_cannot_be_held_has_no_stiffness(adult):
    found = bm.stability(adult, pelvic_tilt=0, knee_flexion=[10, 120], trunk_lean=0)
    assert np.isfinite(found.smallest_stiffness[0])
    assert np.isnan(found.smallest_stiffness[1])
    assert np.isnan(found.stiffness[1]).all()


@pytest.mark.parametrize("bad", [-1.0, float("nan"), "stiff", 1e6])
def test_bad_ratios_are_refused(adult, bad):
    with pytest.raises(StanceError, match="short_range_stiffness = "):
        bm.stability(adult, pelvic_tilt=0, short_range_stiffness=bad)


@pytest.mark.parametrize("dim", ["other", "stiffness", "coordinate"])
def test_dimensions_of_the_answer_are_its_own(adult, dim):
    slope = xr.DataArray([0.0, 1.0], dims=dim)
    with pytest.raises(StanceError, match=f"'{dim}'"):
        bm.stability(adult, pelvic_tilt=0, slope=slope)
