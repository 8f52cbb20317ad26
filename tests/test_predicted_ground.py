"""Ground reactions that nobody measured: what must balance does, nothing pulls or slips, and no other is cheaper.

Balance is that of the whole body's weight and centre from public kinematics; that nothing is cheaper is tried with
other ground reactions of the same sum, which the muscles then must bear.
"""

import numpy as np
import pytest
import xarray as xr
from shared_reference import OSIM

import biomech as bm
from biomech.analysis.measured.floor import FRICTION
from biomech.errors import BiomechWarning, StanceError
from biomech.model.tables import Table
from biomech.stance.parameters import PARAMETERS

WALK = OSIM / "motions" / "walk_10dof"


@pytest.fixture(scope="module")
def stance(gait2392):
    """Postures of both legs on one floor, each with its weight over the feet; reserves at joints alone."""
    ds = bm.sweep(gait2392, pelvic_tilt=0, knee_flexion=[5.0, 20.0, 40.0], weight_balance=[0.4, 0.5], foot_rotation=8.0)
    assert (ds.status == 0).all()
    reserve = {name: 5.0 for name in gait2392.coordinates if not name.startswith("pelvis_")}
    return bm.pose(ds), reserve


@pytest.fixture(scope="module")
def found(gait2392, stance):
    pose, reserve = stance
    return bm.static_optimization(gait2392, pose, "predicted", reserve=reserve)


def plates(ds):
    return xr.Dataset({"force": ds.ground_force, "point": ds.center_of_pressure, "moment": ds.plate_moment})


def test_every_frame_is_certified_and_the_body_balances(gait2392, stance, found):
    pose, _ = stance
    assert PARAMETERS["friction"].default == FRICTION
    assert (found.status == 0).all()
    assert float(found.duality_gap.max()) < 1e-9
    assert float(found.equilibrium_residual.max()) < 1e-9
    weight = gait2392.body_mass * gait2392.value("settings/gravity")
    total = found.ground_force.sum("foot")
    np.testing.assert_allclose(total.sel(axis="y"), weight, rtol=1e-9)
    np.testing.assert_allclose(total.sel(axis=["x", "z"]), 0.0, atol=1e-6)
    centre = gait2392.kinematics(pose).body_centre
    arm = found.center_of_pressure - centre
    about = xr.cross(arm, found.ground_force, dim="axis") + found.plate_moment
    np.testing.assert_allclose(about.sum("foot").transpose(..., "axis"), 0.0, atol=1e-6)


def test_the_floor_neither_pulls_nor_holds_more_than_friction(gait2392, stance, found):
    pose, _ = stance
    force = found.ground_force
    shear = np.hypot(force.sel(axis="x"), force.sel(axis="z"))
    assert (force.sel(axis="y") >= 0.0).all()
    assert (shear <= FRICTION * force.sel(axis="y") + 1e-9).all()
    assert found.in_contact.all()
    where, sole = gait2392.kinematics(pose), gait2392.tables["contact_points"]
    for side, foot in (("r", "right"), ("l", "left")):
        rows = [k for k in range(len(sole)) if sole.text("segment")[k] == f"calcn_{side}"]
        local = xr.DataArray(sole.numbers("x", "y", "z")[rows], dims=("point", "local_axis"))
        own = where.sel(segment=f"calcn_{side}")
        corner = own.origin + (own.rotation * local).sum("local_axis")
        point = found.center_of_pressure.sel(foot=foot)
        for axis in "xz":  # inside the outline's box, in ground
            assert (point.sel(axis=axis) >= corner.sel(axis=axis).min("point") - 1e-9).all()
            assert (point.sel(axis=axis) <= corner.sel(axis=axis).max("point") + 1e-9).all()


def test_as_if_it_had_been_measured(gait2392, stance, found):
    """Plates that give what was predicted lead to the same muscles, joints and reserves."""
    pose, reserve = stance
    same = bm.static_optimization(gait2392, pose, plates(found), reserve=reserve | dict.fromkeys(
        [name for name in gait2392.coordinates if name.startswith("pelvis_")], 1e4))  # fmt: skip
    np.testing.assert_allclose(same.activation, found.activation, atol=2e-6)
    np.testing.assert_allclose(same.joint_contact_force, found.joint_contact_force, atol=0.05)


def test_no_other_ground_reaction_is_cheaper(gait2392, stance, found):
    """A newton, or a newton metre, from one foot to the other changes nothing for the whole body, and costs muscle."""
    pose, reserve = stance
    free = {name: 1e4 for name in gait2392.coordinates if name.startswith("pelvis_")}

    def cost(ds):
        effort = (ds.activation**2).sum("muscle")
        units = xr.DataArray([reserve.get(name, 1e4) for name in gait2392.coordinates], dims="coordinate")
        return effort + ((ds.reserve_moment / units) ** 2).sum("coordinate")

    least = cost(bm.static_optimization(gait2392, pose, plates(found), reserve=reserve | free))
    rng = np.random.default_rng(0)
    for _ in range(6):
        push, turn = rng.normal(0.0, 6.0, 3), rng.normal(0.0, 0.3, 3)
        sign = xr.DataArray([1.0, -1.0], dims="foot")
        force = xr.DataArray(push, dims="axis") * sign
        # about the origin the change is the same moment on both feet, of opposite sign
        moment = xr.DataArray(turn, dims="axis") * sign - xr.cross(found.center_of_pressure, force, dim="axis")
        other = plates(found)
        other = other.assign(force=other.force + force, moment=other.moment + moment)
        # inside the soles and the cones: both feet bear hundreds of newtons on half of their soles
        assert (cost(bm.static_optimization(gait2392, pose, other, reserve=reserve | free)) > least - 1e-6).all()


def test_who_stands_beside_the_feet_falls(gait2392, stance):
    pose, reserve = stance
    tilted = pose.assign(ankle_angle_r=pose.ankle_angle_r, pelvis_tilt=pose.pelvis_tilt - 25.0)
    contact = xr.DataArray([True, True], {"foot": ["right", "left"]}, dims="foot")
    with pytest.warns(BiomechWarning, match="overloaded"):
        ds = bm.static_optimization(gait2392, tilted, "predicted", reserve=reserve, in_contact=contact)
    assert (ds.status == 1).all()
    pelvis = [name for name in gait2392.coordinates if name.startswith("pelvis_")]
    assert (abs(ds.shortfall.sel(coordinate=pelvis)).max("coordinate") > 1.0).all()


def test_a_foot_that_is_told_to_be_in_the_air_bears_nothing(gait2392, stance):
    pose, _ = stance
    only = xr.DataArray([False, True], {"foot": ["left", "right"]}, dims="foot")
    everywhere = dict.fromkeys(gait2392.coordinates, 300.0)
    with pytest.warns(BiomechWarning, match="too fast for statics"):
        ds = bm.static_optimization(gait2392, pose, "predicted", reserve=everywhere, in_contact=only)
    assert not ds.ground_force.sel(foot="left").any()
    assert ds.center_of_pressure.sel(foot="left").isnull().all()
    assert (ds.ground_force.sel(foot="right", axis="y") > 100.0).all()
    assert not ds.in_contact.sel(foot="left").any()


def test_predicted_frames_run_again_and_lazily(gait2392, stance, found):
    pose, reserve = stance
    xr.testing.assert_identical(bm.rerun(found), found)
    flat = pose.stack(frame=[str(dim) for dim in found.status.dims]).reset_index("frame", drop=True)
    one = bm.static_optimization(gait2392, flat, "predicted", reserve=reserve, floor_height=0.0)
    lazy = bm.static_optimization(gait2392, flat, "predicted", reserve=reserve, floor_height=0.0, chunks={"frame": 2})
    np.testing.assert_allclose(lazy.activation.compute(), one.activation, atol=1e-9)
    np.testing.assert_allclose(lazy.ground_force.compute(), one.ground_force, atol=1e-5)
    with pytest.raises(StanceError, match="floor_height: must be given where frames are lazy"):
        bm.static_optimization(gait2392, flat, "predicted", reserve=reserve, chunks={"frame": 2})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"floor_height": 30.0}, "floor_height = 30.0"),
        ({"in_contact": True}, "in_contact = True: must be a DataArray over foot"),
        ({"in_contact": xr.DataArray([1.0, 0.5], dims="foot")}, "must be True or False everywhere"),
        ({"in_contact": xr.DataArray([1.0], dims="foot")}, "foot has 1 entries"),
        ({"moments": {"knee_angle_r": 1.0}}, "stand in place of forces"),
        ({"ground_reaction": None, "floor_height": 0.0}, "are for ground_reaction='predicted'"),
    ],
)
def test_bad_floors_are_refused_by_name(gait2392, stance, given, said):
    pose, _ = stance
    with pytest.raises(StanceError, match=said):
        bm.static_optimization(gait2392, pose, **{"ground_reaction": "predicted", **given})


def test_a_body_without_soles_says_so(gait2392, stance):
    pose, _ = stance
    footless = gait2392.without(["calcn_r", "calcn_l"])
    angles = pose[[name for name in pose.data_vars if name in footless.coordinates]]
    with pytest.raises(StanceError, match="has no contact_points of a sole on a segment of role calcn_r or calcn_l"):
        bm.static_optimization(footless, angles, "predicted")


@pytest.fixture(scope="module")
def walk(gait2392):
    """The measured walk on the built-in body, brought to the person's mass: what plates measured, what is predicted."""
    if not WALK.exists():
        pytest.skip("no reference data")
    body = gait2392.scaled(mass=72.4)
    with pytest.warns(BiomechWarning, match="has no"):
        motion = bm.read_storage(WALK / "subject01_walk_IK.mot", model=body)
    motion = bm.io.resample(motion, lowpass=6.0)
    loads = bm.read_external_loads(WALK / "subject01_walk_grf.xml", times=motion.time, lowpass=6.0)
    measured = bm.io.to_ground_reaction(loads)
    loaded = (measured.force.sel(axis="y") > 30.0).drop_vars("axis")
    reserve = {name: 200.0 if name.startswith("pelvis_") else 5.0 for name in body.coordinates}
    with pytest.warns(BiomechWarning, match="too fast for statics"):
        ds = bm.static_optimization(body, motion, "predicted", reserve=reserve, in_contact=loaded)
    return body, measured, loaded, ds


def test_the_walk_beside_the_plates(walk):
    """What docs/how_to/your_data.md says of it."""
    body, measured, loaded, ds = walk
    weight = body.body_mass * 9.80665
    assert (ds.status == 0).all()
    both = loaded.all("foot")
    wrong = {}
    for name, phase in (("single", ~both), ("double", both)):
        off = (ds.ground_force - measured.force).where(loaded & phase) / weight
        wrong[name] = np.sqrt((off**2).mean(["time", "foot"]))
    np.testing.assert_allclose(wrong["single"].sel(axis=["x", "y", "z"]), [0.046, 0.127, 0.063], atol=0.002)
    np.testing.assert_allclose(wrong["double"].sel(axis=["x", "y", "z"]), [0.070, 0.320, 0.042], atol=0.002)
    assert int((~both).sum()) == 108
    assert int(both.sum()) == 43


def test_points_on_what_is_no_foot_bear_nothing(gait2392, stance):
    """A point of a sole on a segment without the role of a foot is as one that is not there."""
    pose, reserve = stance
    points = gait2392.tables["contact_points"]
    odd = points.columns | {"segment": ("toes_r", *points.text("segment")[1:])}
    fewer = {name: own[1:] for name, own in points.columns.items()}
    elsewhere, gone = (
        bm.static_optimization(
            bm.Model("odd", {**gait2392.tables, "contact_points": Table("contact_points", own)}),
            {name: pose[name] for name in gait2392.coordinates if name in pose},
            "predicted",
            reserve=reserve,
            in_contact=xr.DataArray([True, True], {"foot": ["right", "left"]}),
        )
        for own in (odd, fewer)
    )
    np.testing.assert_array_equal(elsewhere.ground_force, gone.ground_force)
    assert (elsewhere.ground_force.sel(axis="y") > 1.0).all()
