import numpy as np
import pytest
from reference_tables import rows

from biomech.errors import StanceError
from biomech.model.mechanics.splines import simm_spline

STEP = 1e-4  # deg


def test_lengths_and_moment_arms_are_opensims(gait2392, reference_poses):
    coordinates, place = reference_poses
    ds = gait2392.muscle_geometry(**coordinates)
    length = ds.length.values
    arm = ds.moment_arm.values.copy()
    muscle = {name: i for i, name in enumerate(gait2392.muscles)}
    column = {name: i for i, name in enumerate(gait2392.coordinates)}
    for row in rows("gait2392_muscle_geometry.csv"):
        p, m, c = place[row["pose"]], muscle[row["muscle"]], column[row["coordinate"]]
        assert length[p, m] == pytest.approx(float(row["length_m"]), abs=1e-8)
        assert arm[p, m, c] == pytest.approx(float(row["moment_arm_m"]), abs=1e-8)
        arm[p, m, c] = 0.0
    # whatever the table leaves out is zero in OpenSim too; it holds the right side and the trunk
    listed = [muscle[row["muscle"]] for row in rows("gait2392_muscle_geometry.csv")]
    legs = [column[c] for c in coordinates]
    assert np.abs(arm[:, sorted(set(listed))][:, :, legs]).max() < 1e-8


def test_kinematics_are_opensims(gait2392, reference_poses):
    coordinates, place = reference_poses
    ds = gait2392.kinematics(**coordinates)
    segment = {name: i for i, name in enumerate(gait2392.segments)}
    for row in rows("gait2392_kinematics.csv"):
        p, at = place[row["pose"]], [float(row[c]) for c in ("x_m", "y_m", "z_m")]
        if row["kind"] == "body_origin":
            turn = np.array([float(row[f"r{i}{j}"]) for i in (1, 2, 3) for j in (1, 2, 3)]).reshape(3, 3)
            np.testing.assert_allclose(ds.origin.values[p, segment[row["name"]]], at, atol=1e-8)
            np.testing.assert_allclose(ds.rotation.values[p, segment[row["name"]]], turn, atol=1e-8)
        elif row["kind"] == "body_com":
            np.testing.assert_allclose(ds.segment_centre.values[p, segment[row["name"]]], at, atol=1e-8)
        elif row["kind"] == "whole_body_com":
            np.testing.assert_allclose(ds.body_centre.values[p], at, atol=1e-8)


def test_gravity_is_opensims(gait2392, reference_poses):
    coordinates, place = reference_poses
    force = gait2392.gravity(**coordinates).generalized_force.values
    column = {name: i for i, name in enumerate(gait2392.coordinates)}
    for row in rows("gait2392_gravity.csv"):
        asked = -float(row["id_generalized_force"])
        assert force[place[row["pose"]], column[row["coordinate"]]] == pytest.approx(asked, rel=1e-8, abs=1e-8)


def random_pose(model, rng):
    """A pose inside the ranges, away from the switch angles of conditional points."""
    table = model.tables["coordinates"]
    pose = {}
    for name, motion in zip(table.rows, table.text("motion"), strict=True):
        least, most = table.value(name, "trusted_min"), table.value(name, "trusted_max")
        pose[name] = rng.uniform(-0.5, 0.5) if motion == "translation" else rng.uniform(max(least, -60), min(most, 60))
    return pose


@pytest.mark.parametrize("seed", range(3))
def test_moment_arm_is_minus_dl_dq(model, seed):
    pose = random_pose(model, np.random.default_rng(seed))
    arm = model.muscle_geometry(**pose).moment_arm.values[0]
    for c, name in enumerate(model.coordinates):
        step = (
            STEP
            if model.tables["coordinates"].text("motion")[model.tables["coordinates"].index(name)] == "rotation"
            else 1e-6
        )
        near = model.muscle_geometry(**{**pose, name: pose[name] + step * np.array([-1.0, 1.0])}).length.values
        unit = np.radians(step) if step == STEP else step
        np.testing.assert_allclose(arm[:, c], -(near[1] - near[0]) / (2 * unit), atol=2e-8, err_msg=name)


@pytest.mark.parametrize("seed", range(3))
def test_gravity_is_minus_dv_dq(model, seed):
    pose = random_pose(model, np.random.default_rng(seed))
    force = model.gravity(**pose).generalized_force.values[0]
    weight = model.body_mass * model.value("settings/gravity")
    for c, name in enumerate(model.coordinates):
        rotation = model.tables["coordinates"].text("motion")[model.tables["coordinates"].index(name)] == "rotation"
        step = 1e-3
        near = model.kinematics(**{**pose, name: pose[name] + step * np.array([-1.0, 1.0])}).body_centre.values[:, 1]
        unit = np.radians(step) if rotation else step
        assert force[c] == pytest.approx(-weight * (near[1] - near[0]) / (2 * unit), abs=2e-5), name


def test_an_inactive_point_changes_nothing_across_its_switch(gait2392):
    """Where the quadriceps' points switch, length and arm are continuous to the size of OpenSim's own jumps."""
    ds = gait2392.muscle_geometry(knee_angle_r=[-69.329, -69.332])
    for muscle in ("vas_med_r", "vas_lat_r"):
        assert abs(float(ds.length.sel(muscle=muscle).diff("pose")[0])) < 2e-5


def test_left_equals_mirrored_right(model):
    right = {
        "hip_flexion": 30.0,
        "hip_rotation": -15.0,
        "hip_adduction": -5.0,
        "knee_angle": -40.0,
        "ankle_angle": 10.0,
    }
    ds = [model.muscle_geometry(**{f"{k}{s}": v for k, v in right.items()}) for s in ("_r", "_l")]
    for muscle in (m for m in model.muscles if m.endswith("_r")):
        mirror = muscle[:-2] + "_l"
        assert float(ds[0].length.sel(muscle=muscle)[0]) == pytest.approx(
            float(ds[1].length.sel(muscle=mirror)[0]), abs=1e-15
        )
        a = ds[0].moment_arm.sel(muscle=muscle, coordinate=[f"{k}_r" for k in right])
        b = ds[1].moment_arm.sel(muscle=mirror, coordinate=[f"{k}_l" for k in right])
        np.testing.assert_allclose(a, b, atol=1e-15)


def test_arrays_pair_and_scalars_broadcast(gait2392):
    knees = np.array([-10.0, -50.0, -90.0])
    ds = gait2392.muscle_geometry(knee_angle_r=knees, hip_flexion_r=20)
    for i, knee in enumerate(knees):
        one = gait2392.muscle_geometry(knee_angle_r=knee, hip_flexion_r=20.0)
        np.testing.assert_array_equal(ds.moment_arm[i], one.moment_arm[0])


@pytest.mark.parametrize(
    ("coordinates", "named"),
    [
        ({"knee": 1.0}, "knee: no such coordinate"),
        ({"knee_angle_r": "bent"}, "knee_angle_r"),
        ({"knee_angle_r": float("nan")}, "finite"),
        ({"knee_angle_r": []}, "not empty"),
        ({"knee_angle_r": [[1.0]]}, "1-D"),
        ({"knee_angle_r": [1.0, 2.0], "hip_flexion_r": [1.0, 2.0, 3.0]}, "lengths differ"),
    ],
)
def test_bad_coordinates_are_refused_by_name(gait2392, coordinates, named):
    with pytest.raises(StanceError, match=named):
        gait2392.muscle_geometry(**coordinates)


def test_end_condition_of_the_spline():
    """The third derivative at an end is that of the cubic through the four nearest knots (Forsythe et al. 1977)."""
    rng = np.random.default_rng(0)
    x, y = np.sort(rng.uniform(-2, 2, 7)), rng.normal(size=7)
    curve = simm_spline(x, y)
    for end, own in ((x[0], slice(0, 4)), (x[-1], slice(-4, None))):
        cubic = np.polyfit(x[own], y[own], 3)
        assert float(curve(end, 3)) == pytest.approx(6 * cubic[0], rel=1e-8)
    np.testing.assert_allclose(curve(x), y, atol=1e-14)


def test_iliopsoas_leaves_the_pubic_ramus_without_a_jump(adult):
    """At the switch its point lies between its neighbours; turned aside the jump stays within millimetres."""
    around = 50.0 + np.array([-1e-3, 1e-3])

    def jump(**turned):
        geometry = adult.muscle_geometry(hip_flexion_r=around, **turned)
        kept = {"muscle": ["psoas_r", "iliacus_r"]}
        arm = geometry.moment_arm.sel(coordinate="hip_flexion_r", **kept)
        return [float(abs(own.diff("pose")).max()) for own in (geometry.length.sel(kept), arm)]

    length, arm = jump()
    assert length < 1e-4
    assert arm < 1e-3
    assert jump(hip_adduction_r=-30.0, hip_rotation_r=-30.0)[0] < 8e-3
