"""Which joints are told, in the axes of which segment and about which point: a table of the model."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import xarray as xr
from test_roles import renamed

import biomech as bm
from biomech.errors import ModelError
from biomech.model.roles import make_roles, with_names

STANDARD = ["hip_r", "knee_r", "ankle_r", "hip_l", "knee_l", "ankle_l", "lumbosacral"]
LOADS = ("joint_contact_force", "joint_contact_moment")
#: Turned out, and bent so far forward that the tissue behind the spine pulls.
STANCE = {"foot_rotation": 20.0, "knee_flexion": 15.0, "trunk_lean": 40.0, "pelvic_tilt": 5.0}


def in_ground(model, ds, joint, segment, variable):
    """Force or moment of a joint told in a segment's axes, in ground."""
    turn = model.kinematics(bm.pose(ds)).rotation.sel(segment=segment).values[0]
    return turn @ ds[variable].sel(joint=joint).values


def test_a_body_that_does_not_say_tells_of_hips_knees_ankles_and_spine(model):
    assert list(model.reported_joints) == STANDARD
    assert "reported_joints" not in model.tables
    carried = dict(zip(model.tables["joints"].rows, model.tables["joints"].text("child"), strict=True))
    assert model.reported_joints == {joint: carried[joint] for joint in STANDARD}
    ds = bm.sweep(model, pelvic_tilt=0)
    assert ds.joint.values.tolist() == STANDARD
    assert "hip_r in femur_r, pressed along -y" in ds.joint_contact_force.attrs["frame"]
    assert "lumbosacral in torso, pressed along y" in ds.joint_compression.attrs["frame"]
    assert ds.lumbar_compression.attrs["frame"] == "torso"


@pytest.mark.parametrize("support", ["both", "right"])
@pytest.mark.parametrize(
    ("joint", "segment"),
    [("hip_r", "pelvis"), ("hip_l", "pelvis"), ("knee_l", "femur_l"), ("lumbosacral", "pelvis"), ("ankle_r", "torso"),
     ("lumbosacral", "femur_l"), ("hip_r", "tibia_l")],
)  # fmt: skip
def test_other_axes_are_the_same_force_turned(adult, joint, segment, support):
    """By the kinematics of the segments, whose frames the reactions do not hand out."""
    pressing = adult.replace({"settings/pressure_share": 0.5})
    other = pressing.with_roles(reported={joint: segment})
    one, two = (bm.sweep(body, support=support, **STANCE) for body in (pressing, other))
    before = pressing.reported_joints[joint]
    for variable in LOADS:
        ours, theirs = (
            in_ground(pressing, one, joint, before, variable),
            in_ground(other, two, joint, segment, variable),
        )
        np.testing.assert_allclose(theirs, ours, atol=1e-6)
        rest = [name for name in STANDARD if name != joint]
        np.testing.assert_allclose(two[variable].sel(joint=rest), one[variable].sel(joint=rest), atol=1e-6)
    assert f"{joint} in {segment}" in two.joint_contact_force.attrs["frame"]


def test_what_is_told_changes_no_body(adult):
    """One hip alone, of a body that is solved by its right half: the same numbers as among all."""
    alone = adult.with_roles(reported={name: None for name in STANDARD if name != "hip_l"})
    assert list(alone.reported_joints) == ["hip_l"]
    assert alone.is_symmetric
    one, two = bm.sweep(adult, **STANCE), bm.sweep(alone, **STANCE)
    for variable in (*LOADS, "joint_compression"):
        assert two[variable].sel(joint="hip_l").values.tobytes() == one[variable].sel(joint="hip_l").values.tobytes()
    assert "lumbar_compression" not in two
    assert two.activation.values.tobytes() == one.activation.values.tobytes()


def test_a_joint_in_two_axes_at_once(adult):
    axes = (("hip_r.pelvis", "pelvis", ""), ("hip_r", "femur_r", "-y"))
    rows = [
        {"report": label, "joint": "hip_r", "segment": segment, "compression": way, "source": "test"}
        for label, segment, way in axes
    ]
    both = adult.with_rows({"reported_joints": rows})
    ds = bm.sweep(both, **STANCE)
    assert list(both.reported_joints) == ["hip_r.pelvis", "hip_r", "hip_l.pelvis", "hip_l"]
    rows_of_one = ((label, segment) for label, segment, _ in axes)
    ours, theirs = (in_ground(both, ds, *of, "joint_contact_force") for of in rows_of_one)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)
    assert np.isnan(ds.joint_compression.sel(joint="hip_r.pelvis"))  # nobody says which way it is pressed
    assert float(ds.joint_compression.sel(joint="hip_r")) > 0.0


@pytest.mark.parametrize("side", ["r", "l"])
def test_a_free_body_of_the_talus(side):
    """Between ankle and subtalar joint nothing but its own weight acts: no muscle ends on it."""
    model = bm.load_model("gait2392").with_roles(reported={f"subtalar_{side}": (f"calcn_{side}", "-y")})
    ds = bm.sweep(model, support="both", **STANCE)
    assert ds.joint.values.tolist() == [*STANDARD, f"subtalar_{side}"]
    where = model.kinematics(bm.pose(ds))
    weight = np.array([0.0, -9.80665 * model.value(f"segments/talus_{side}/mass"), 0.0])
    place = where.segment_centre.sel(segment=f"talus_{side}").values[0]
    total, turning = weight, np.cross(place, weight)
    for joint, sign in ((f"ankle_{side}", 1.0), (f"subtalar_{side}", -1.0)):
        segment = model.reported_joints[joint]
        force, moment = (sign * in_ground(model, ds, joint, segment, variable) for variable in LOADS)
        total = total + force
        turning = turning + moment + np.cross(where.origin.sel(segment=segment).values[0], force)
    np.testing.assert_allclose(total, 0.0, atol=1e-7)
    np.testing.assert_allclose(turning, 0.0, atol=1e-7)
    assert float(ds.joint_compression.sel(joint=f"subtalar_{side}")) > 0.0


def moved(model, segment, joint, shift):
    """The same body, in which the origin of a segment is beside the joint that carries it."""
    tables = dict(model.tables)
    columns = {"joints": ("parent", "xyz"), "path_points": ("segment", "xyz"), "contact_points": ("segment", "xyz")}
    for name, (of, axes) in columns.items():
        table = tables[name]
        rows = [i for i, own in enumerate(table.text(of)) if own == segment]
        for k, axis in enumerate(axes):
            table = table.with_numbers(axis, {i: table.columns[axis][i] + shift[k] for i in rows})
        tables[name] = table
    table, row = tables["segments"], tables["segments"].index(segment)
    for k, axis in enumerate("xyz"):
        table = table.with_numbers(f"com_{axis}", {row: table.columns[f"com_{axis}"][row] + shift[k]})
    tables["segments"] = table
    frame = dict.fromkeys(("parent_rx", "parent_ry", "parent_rz", "child_rx", "child_ry", "child_rz"), 0.0)
    frame |= {f"child_{axis}": shift[k] for k, axis in enumerate("xyz")}
    return bm.Model("moved", tables).with_rows({"joint_frames": [{"joint": joint, **frame, "source": "test"}]})


@pytest.mark.parametrize(("segment", "joint"), [("femur_r", "hip_r"), ("tibia_l", "knee_l")])
def test_moments_are_about_the_joint_wherever_the_segment_has_its_origin(small, segment, joint):
    """A body does not know where its segments' origins are: the same forces, and the same moments."""
    other = moved(small, segment, joint, (0.03, -0.05, 0.02))
    assert not np.allclose(small.kinematics().origin, other.kinematics().origin)
    asked = {"knee_flexion": 15.0, "foot_rotation": 10.0, "pelvic_tilt": 3.0, "support": "right"}
    one, two = bm.sweep(small, **asked), bm.sweep(other, **asked)
    for variable in (*LOADS, "activation", "ground_force"):
        np.testing.assert_allclose(two[variable], one[variable], atol=1e-6, err_msg=variable)
    pose = bm.pose(one)
    ground = xr.Dataset({"force": one.ground_force, "point": one.center_of_pressure})
    frames = [bm.static_optimization(body, pose, ground, reserve=100.0) for body in (small, other)]
    for variable in LOADS:
        np.testing.assert_allclose(frames[1][variable], frames[0][variable], atol=1e-6, err_msg=variable)


def test_a_file_tells_of_its_shoulder():
    """A body without any of the joints that are told by default."""
    small = bm.load_model("small").without("femur_*")
    names = {"joints": {"lumbosacral": "shoulder"}}
    arm = bm.Model("arm", with_names(small.tables, names))
    assert arm.reported_joints == {}
    told = arm.with_roles(reported={"shoulder": ("torso", "y")})
    pose = {"pelvis_ty": 1.0, "lumbar_extension": [0.0, -20.0]}
    ds = bm.static_optimization(told, pose, reserve=500.0)
    assert ds.joint.values.tolist() == ["shoulder"]
    same = bm.static_optimization(small, pose, reserve=500.0)
    np.testing.assert_array_equal(ds.joint_contact_force, same.joint_contact_force)
    np.testing.assert_array_equal(ds.joint_compression, same.joint_compression)
    assert bm.static_optimization(arm, pose, reserve=500.0).sizes["joint"] == 0


def test_a_renamed_body_is_told_by_roles_in_axes_by_its_own_names(adult):
    other, names = renamed(adult)
    hip, pelvis = names["joints"]["hip_r"], names["segments"]["pelvis"]
    subtalar, foot = names["joints"]["subtalar_l"], names["segments"]["calcn_l"]
    told = other.with_roles(reported={hip: pelvis, subtalar: foot, "knee_l": "femur_l"})
    ours = adult.with_roles(reported={"hip_r": "pelvis", "subtalar_l": "calcn_l", "knee_l": "femur_l"})
    assert list(told.reported_joints) == list(ours.reported_joints)
    assert told.reported_joints["hip_r"] == pelvis
    one, two = bm.sweep(ours, **STANCE), bm.sweep(told, **STANCE)
    for variable in (*LOADS, "joint_compression"):
        assert one[variable].values.tobytes() == two[variable].values.tobytes()
    assert f"hip_r in {pelvis}" in two.joint_contact_force.attrs["frame"]
    assert "femur" not in two.joint_contact_force.attrs["frame"].replace("other femur", "")
    xr.testing.assert_identical(bm.rerun(two), two)
    assert pickle.loads(pickle.dumps(told)).reported_joints == told.reported_joints


def test_what_is_told_goes_with_the_limb(adult):
    told = adult.with_roles(reported={"subtalar_l": "calcn_l", "hip_l": "pelvis", "hip_r": "tibia_l"})
    left = told.without("calcn_l")
    assert list(left.reported_joints) == [*STANDARD]
    assert set(told.without("tibia_l").reported_joints) == {"knee_r", "ankle_r", "hip_l", "lumbosacral"}
    assert told.scaled(height=1.6, mass=60.0).reported_joints == told.reported_joints


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"elbow": "pelvis"}, r"reported = 'elbow': must be one of .*hip_r"),
        ({"hip_r": "arm"}, r"reported\['hip_r'\] = 'arm': must be one of pelvis"),
        ({"hip_r": 3}, r"reported\['hip_r'\] = 3: must be a segment, \(segment, compression\) or None"),
        ({"hip_r": ("pelvis",)}, r"reported\['hip_r'\] = .*must be a segment, \(segment, compression\)"),
        ({"hip_r": ("pelvis", "down")}, r"reported\['hip_r'\]: compression = 'down'"),
        (["hip_r"], "reported = .*must be a mapping of joints to segments"),
        (dict.fromkeys(STANDARD), "reported: must leave one joint"),
    ],
)
def test_what_cannot_be_told_is_refused(adult, given, said):
    with pytest.raises(ModelError, match=said):
        adult.with_roles(reported=given)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"joint": "elbow"}, "reported_joints/x/joint = 'elbow': there is no such name"),
        ({"segment": "ground"}, "reported_joints/x/segment = 'ground': there is no such name"),
        ({"compression": "up"}, "reported_joints/x/compression = 'up': must be one of"),
    ],
)
def test_rows_that_cannot_be_are_refused(small, cells, said):
    row = {"report": "x", "joint": "hip_r", "segment": "pelvis", "compression": "", "source": "test"}
    with pytest.raises(ModelError, match=said):
        small.with_rows({"reported_joints": [row | cells]})


def test_roles_come_first_and_then_what_is_told(small):
    """A joint that gets its role in the same call is told by it."""
    names = {"joints": {"hip_r": "Hüfte"}, "segments": {"femur_r": "Oberschenkel"}}
    tables = with_names(small.tables, names)
    body = bm.Model("other", tables, make_roles(tables, {"segments": {"femur_r": "Oberschenkel"}}, {}))
    assert "hip_r" not in body.reported_joints
    told = body.with_roles(joints={"hip_r": "Hüfte"}, reported={"Hüfte": "pelvis"})
    assert told.reported_joints["hip_r"] == "pelvis"
