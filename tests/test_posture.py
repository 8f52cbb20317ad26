import numpy as np
import pytest
import xarray as xr

import biomech as bm
from biomech.errors import UnreachablePosture
from biomech.model.mirror import other_side
from biomech.stance.parsing import parse_stance
from biomech.statics.posture import solve_posture

BOX = {
    "foot_rotation": [-20, 0, 35, 60],
    "knee_flexion": [-10, 0, 25, 80],
    "weight_shift": [0.3, 0.6],
    "pelvic_tilt": 5,
}
TALL = {
    "arms": "fixed",
    "trunk_lean": [0, 30],
    "stance_width": 0.3,
    "slope": [-10, 8],
    "pelvic_tilt": -3,
    "knee_flexion": 15,
}
LOPSIDED = {
    "foot_rotation": xr.DataArray([[0.0, 30.0], [20.0, -10.0]], dims=("case", "side")),
    "knee_flexion": xr.DataArray([[0.0, 20.0], [15.0, 5.0]], dims=("case", "side")),
    "pelvic_tilt": 4,
}


def sides(value, support):
    """What is asked of the feet that stand, as (side, value)."""
    names = {"both": ("right", "left"), "right": ("right",), "left": ("left",)}[support]
    return [(side, value if np.isscalar(value) else value[0 if side == "right" else 1]) for side in names]


def check_closure(model, stance, support="both"):
    """Measure the posture with the model's kinematics: no closure code takes part."""
    ds = bm.sweep(model, support=support, **stance)
    flat = ds.stack(pose=list(ds.dims)[: ds.status.ndim]) if ds.status.ndim else ds.expand_dims("pose")
    flat = flat.transpose("pose", ...)
    asked = parse_stance({"support": support, **stance}).all()
    where = model.kinematics(**{str(c): flat.coordinate_angle.sel(coordinate=c).values for c in model.coordinates})
    sole, toe = model.value("settings/sole_height"), model.value("settings/toe_tip")
    for i in range(flat.sizes["pose"]):
        value = {name: asked.values[name][i] for name in asked.values}
        pose = where.isel(pose=i)
        slope = np.radians(value["slope"])
        normal, ahead = np.array([-np.sin(slope), np.cos(slope), 0.0]), np.array([np.cos(slope), np.sin(slope), 0.0])
        tops = []
        for side, toe_out in sides(value["foot_rotation"], support):
            calcn = pose.sel(segment=f"calcn_{side[0]}")
            turn, origin = calcn.rotation.values, calcn.origin.values
            outward = np.array([0.0, 0.0, 1.0 if side == "right" else -1.0])
            np.testing.assert_allclose(turn[:, 1], normal, atol=1e-10)  # the sole is flat on the floor
            heading = np.cos(np.radians(toe_out)) * ahead + np.sin(np.radians(toe_out)) * outward
            np.testing.assert_allclose(turn[:, 0], heading, atol=1e-10)  # the toes point where asked
            heel = origin + sole * turn[:, 1]
            assert abs(heel @ normal) < 1e-10
            tops.append(heel + value["weight_shift"] * toe * turn[:, 0])
            ankle = pose.origin.sel(segment=f"talus_{side[0]}").values
            assert abs(ankle @ outward - value["stance_width"] / 2) < 1e-10
        # the vertical through the centre of mass meets the floor midway between the asked points
        centre = pose.body_centre.values.copy()
        centre[1] -= (centre @ normal) / normal[1]
        np.testing.assert_allclose(centre, np.mean(tops, axis=0), atol=1e-10)
        lean, tilt = np.radians(value["trunk_lean"]), np.radians(value["pelvic_tilt"])
        torso = pose.rotation.sel(segment="torso").values
        np.testing.assert_allclose(torso[:, 1], [np.sin(lean), np.cos(lean), 0.0], atol=1e-10)
        np.testing.assert_allclose(torso[:, 2], [0.0, 0.0, 1.0], atol=1e-10)
        pelvis = pose.rotation.sel(segment="pelvis").values
        assert np.arctan2(-pelvis[1, 0], pelvis[0, 0]) == pytest.approx(tilt, abs=1e-9)
    return ds


@pytest.mark.parametrize("stance", [BOX, TALL, LOPSIDED], ids=["box", "tall", "lopsided"])
def test_the_body_stands_as_asked(model, stance):
    ds = check_closure(model, stance)
    assert (ds.status < 3).all()


@pytest.mark.parametrize("support", ["right", "left"])
def test_one_leg_stands_as_asked(adult, support):
    knees = [5.0, 45.0] if support == "right" else [45.0, 5.0]
    stance = {"knee_flexion": xr.DataArray(knees, dims="side"), "foot_rotation": [0, 15], "pelvic_tilt": 3}
    ds = check_closure(adult, stance, support)
    other = "left" if support == "right" else "right"
    assert (ds.ground_force.sel(foot=other) == 0).all()
    assert ds.center_of_pressure.sel(foot=other).isnull().all()


def test_knees_are_as_asked(adult):
    ds = bm.sweep(adult, **BOX)
    for side in "rl":
        knees = ds.coordinate_angle.sel(coordinate=f"knee_angle_{side}").isel(foot_rotation=0, weight_shift=0)
        np.testing.assert_array_equal(knees, [10, 0, -25, -80])


def test_residuals_are_small_and_half_equals_whole(model):
    stance = parse_stance(BOX).all()
    half = solve_posture(model, model.compiled(half=True), stance, 0)
    whole = solve_posture(model, model.compiled(), stance, 0)
    for postures in (half, whole):
        assert np.abs(postures.residual).max() < 1e-10
    for name, column in zip(model.coordinates, whole.coordinates.T, strict=True):
        own = [n for n in (name, other_side(name)) if n in model.compiled(half=True).coordinates]
        expected = half.coordinates[:, model.compiled(half=True).coordinates.index(own[0])] if own else 0.0
        np.testing.assert_allclose(column, expected, atol=1e-9)


def test_left_and_right_are_alike(adult):
    """A lopsided stance and its mirror image are mirror images in every coordinate."""
    legs = {"foot_rotation": [0.0, 30.0], "knee_flexion": [10.0, 25.0]}
    one, two = (
        bm.sweep(adult, pelvic_tilt=2, **{k: xr.DataArray(v[::way], dims="side") for k, v in legs.items()})
        for way in (1, -1)
    )
    out_of_plane = {"pelvis_list", "pelvis_rotation", "pelvis_tz", "lumbar_bending", "lumbar_rotation"}
    for name in adult.coordinates:
        sign = -1.0 if name in out_of_plane else 1.0
        mirror = float(two.coordinate_angle.sel(coordinate=other_side(name)))
        assert float(one.coordinate_angle.sel(coordinate=name)) == pytest.approx(sign * mirror, abs=1e-8)
    for muscle in adult.muscles:
        mirror = float(two.activation.sel(muscle=other_side(muscle)))
        assert float(one.activation.sel(muscle=muscle)) == pytest.approx(mirror, abs=1e-8)


@pytest.mark.parametrize(
    ("stance", "named"),
    [
        ({"pelvic_tilt": -25, "trunk_lean": 100}, r"lumbar_extension would be -125.0 deg; the joint allows -90..90"),
        ({"pelvic_tilt": 0, "stance_width": 1.0, "knee_flexion": 120}, r"subtalar_angle_r would be"),
        ({"pelvic_tilt": 0, "stance_width": 1.0, "knee_flexion": 120, "foot_rotation": 90}, r"would be"),
    ],
)
def test_what_cannot_be_taken_says_why(adult, stance, named):
    with pytest.raises(UnreachablePosture, match=named):
        bm.sweep(adult, **stance)


def test_a_chain_that_does_not_close_names_the_condition(adult):
    with pytest.raises(UnreachablePosture, match=r"the chain does not close: .* stays off by"):
        bm.sweep(adult.replace({"joints/knee_?/y": 0.3}), pelvic_tilt=0, stance_width=1.0, knee_flexion=110)


def test_the_rest_of_a_sweep_goes_on(adult):
    ds = bm.sweep(adult, pelvic_tilt=[-25, 0], trunk_lean=[0, 100])
    assert int(ds.status.sel(pelvic_tilt=-25, trunk_lean=100)) == 3
    assert (ds.status.sel(pelvic_tilt=0, trunk_lean=0) == 0).all()
    assert ds.activation.sel(pelvic_tilt=-25, trunk_lean=100).isnull().all()
    assert not ds.valid.sel(pelvic_tilt=-25, trunk_lean=100)
    assert "unreachable: lumbar_extension would be" in ds.attrs["message"]
