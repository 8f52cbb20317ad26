"""What must hold whatever the numbers: hypothesis chooses them."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import biomech as bm
from biomech.model.mirror import other_side
from biomech.model.model import Model
from biomech.model.tables import Table

settings.register_profile(
    "biomech",
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
settings.load_profile("biomech")

foot = st.floats(-20, 60)
knee = st.floats(-8, 60)
shift = st.floats(0.25, 0.7)
tilt = st.floats(-10, 15)


@pytest.fixture(scope="module")
def pinned(adult):
    """The adult with the psoas moved from the lumbar spine to the pelvis: only trunk muscles cross the lumbar joint."""
    table = adult.tables["path_points"]
    joint = adult.tables["joints"].numbers("x", "y", "z")[adult.tables["joints"].index("lumbosacral")]
    columns = {name: list(values) for name, values in table.columns.items()}
    for i, (muscle, segment) in enumerate(zip(table.text("muscle"), table.text("segment"), strict=True)):
        if muscle.startswith("psoas") and segment == "torso":
            columns["segment"][i] = "pelvis"
            for axis, shift_by in zip("xyz", joint, strict=True):
                columns[axis][i] += shift_by
    moved = Table("path_points", {name: tuple(values) for name, values in columns.items()})
    return Model("pinned", {**adult.tables, "path_points": moved})


@given(foot=foot, knee=knee, shift=shift, friction=st.floats(0.1, 1.0))
def test_separability(pinned, gait2392, foot, knee, shift, friction):
    """With lean and tilt held, the lumbar demand does not know what the legs do, if no muscle spans both."""
    for model, lean in ((pinned, 0.0), (gait2392, 15.0)):
        held = {"pelvic_tilt": 4.0, "trunk_lean": lean}
        plain = bm.sweep(model, **held)
        moved = bm.sweep(model, foot_rotation=foot, knee_flexion=knee, weight_shift=shift, friction=friction, **held)
        if int(moved.status) == 0:
            one, two = (ds.group_force.sel(group="lumbar_extensors") for ds in (plain, moved))
            assert float(one) > 1.0
            assert float(two) == pytest.approx(float(one), rel=1e-9)
            assert float(moved.lumbar_compression) == pytest.approx(float(plain.lumbar_compression), rel=1e-9)


def test_a_psoas_on_the_spine_breaks_separability(adult):
    ds = bm.sweep(adult, pelvic_tilt=4, trunk_lean=-20, foot_rotation=[0, 60], knee_flexion=[0, 40])
    assert float(ds.activation.sel(muscle="psoas_r").max()) > 0.01
    compression = ds.lumbar_compression.where(ds.status == 0)
    assert float(compression.max() - compression.min()) > 1.0


@given(foot=foot, knee=knee, tilt=tilt, step=st.floats(1e-4, 1e-3))
def test_moment_arm_is_minus_dl_dq(adult, foot, knee, tilt, step):
    ds = bm.sweep(adult, pelvic_tilt=tilt, foot_rotation=foot, knee_flexion=knee)
    pose = {name: float(angle) for name, angle in bm.pose(ds).items()}
    arm = adult.muscle_geometry(**pose).moment_arm[0]
    table = adult.tables["path_points"]
    switch = {table.text("muscle")[i] for i, kind in enumerate(table.text("kind")) if kind == "conditional"}
    steady = [m for m in adult.muscles if m not in switch]
    for name in ("hip_flexion_r", "hip_rotation_r", "subtalar_angle_r", "lumbar_extension"):
        near = adult.muscle_geometry(**{**pose, name: pose[name] + step * np.array([-1, 1])}).length.sel(muscle=steady)
        numeric = -(near[1] - near[0]) / (2 * np.radians(step))
        np.testing.assert_allclose(arm.sel(coordinate=name, muscle=steady), numeric, atol=2e-8)


@given(scale=st.floats(0.3, 4.0), foot=foot, knee=knee)
def test_units_scale(small, scale, foot, knee):
    """Heavier, stronger and tighter alike: the same activations, forces in proportion."""
    other = small.scale(
        {"segments/*/mass": scale, "muscles/*/max_isometric_force": scale, "passive/riener_scale": scale}
        | {f"passive/{name}": scale for name in small.tables["passive"].rows if name.endswith("stiffness")}
    )
    stance = {"pelvic_tilt": 3, "foot_rotation": foot, "knee_flexion": knee}
    one, two = bm.sweep(small, **stance), bm.sweep(other, **stance)
    np.testing.assert_allclose(two.activation, one.activation, atol=1e-9)
    np.testing.assert_allclose(two.joint_contact_force, scale * one.joint_contact_force, atol=1e-6)


@given(right=st.tuples(foot, knee), left=st.tuples(foot, knee), tilt=tilt)
def test_left_equals_mirrored_right(small, right, left, tilt):
    def stand(first, second):
        return bm.sweep(
            small,
            pelvic_tilt=tilt,
            foot_rotation=xr.DataArray([first[0], second[0]], dims="side"),
            knee_flexion=xr.DataArray([first[1], second[1]], dims="side"),
        )

    try:
        one, two = stand(right, left), stand(left, right)
    except bm.UnreachablePosture:
        return
    assert int(one.status) == int(two.status)
    if int(one.status) == 0:
        mirror = [other_side(m) for m in small.muscles]
        np.testing.assert_allclose(one.activation, two.activation.sel(muscle=mirror), atol=1e-7)


@given(shifts=st.tuples(shift, shift), foot=foot, knee=knee)
def test_weight_shift_moves_the_ground_force(adult, shifts, foot, knee):
    ds = bm.sweep(adult, pelvic_tilt=0, weight_shift=list(shifts), foot_rotation=foot, knee_flexion=knee)
    toe = adult.value("settings/toe_tip")
    moved = ds.center_of_pressure.sel(foot="right", axis="x").diff("weight_shift")
    asked = toe * np.cos(np.radians(foot)) * (shifts[1] - shifts[0])
    heel = ds.coordinate_angle  # both soles stay where they are but for the subtalar joint's small turn of the heel
    assert heel.notnull().all()
    if (ds.status == 0).all():
        where = adult.kinematics({name: angle.values for name, angle in bm.pose(ds).items()})
        heels = where.origin.sel(segment="calcn_r", axis="x").diff("pose").values
        np.testing.assert_allclose(moved - heels, asked, atol=1e-8)


@given(foot=st.lists(foot, min_size=1, max_size=4), knee=knee, lean=st.floats(-5, 30))
def test_batch_equals_loop(small, foot, knee, lean):
    together = bm.sweep(small, pelvic_tilt=2, foot_rotation=foot, knee_flexion=knee, trunk_lean=lean)
    for i, angle in enumerate(foot):
        alone = bm.sweep(small, pelvic_tilt=2, foot_rotation=angle, knee_flexion=knee, trunk_lean=lean)
        np.testing.assert_allclose(together.activation[i], alone.activation, atol=1e-12)


@given(part=st.floats(0.1, 0.9), foot=foot, knee=knee)
def test_volume_weights_make_a_split_muscle_whole(small, part, foot, knee):
    """A muscle in two parts, each weighted by its share, carries what the whole carried (Holmberg & Klarbring 2012)."""
    split = split_muscle(small, "gluteus_maximus", part)
    stance = {"pelvic_tilt": 2, "foot_rotation": foot, "knee_flexion": knee}
    one = bm.sweep(small, **stance)
    weight = {f"gluteus_maximus_{s}": part for s in "rl"} | {f"gluteus_maximus2_{s}": 1 - part for s in "rl"}
    two = bm.sweep(split, weight=weight, **stance)
    for side in "rl":
        force = float(one.muscle_force.sel(muscle=f"gluteus_maximus_{side}"))
        parts = two.muscle_force.sel(muscle=[f"gluteus_maximus_{side}", f"gluteus_maximus2_{side}"]).values
        np.testing.assert_allclose(parts, [part * force, (1 - part) * force], atol=1e-7)
    np.testing.assert_allclose(two.joint_contact_force, one.joint_contact_force, atol=1e-6)


def split_muscle(model, name, part):
    """The model with a muscle of both sides in two parts along the same path."""
    tables = dict(model.tables)
    for table, first in (("muscles", "muscle"), ("path_points", "point")):
        old = tables[table]
        columns = {c: list(v) for c, v in old.columns.items()}
        for i in range(len(old)):
            if old.text("muscle")[i] in (f"{name}_r", f"{name}_l"):
                for column, values in columns.items():
                    cell = values[i]
                    if column in ("muscle", first):
                        cell = str(cell).replace(name, f"{name}2")
                    values.append(cell)
                if table == "muscles":
                    columns["max_isometric_force"][-1] *= 1 - part
                    columns["max_isometric_force"][i] *= part
        tables[table] = Table(table, {c: tuple(v) for c, v in columns.items()})
    return Model("split", tables)
