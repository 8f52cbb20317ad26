"""Joints with several rotations and translations, some of them coupled: what moves with which coordinate.

Independent of the screws: finite differences of frames, lengths and the body's centre, and SymPy's transforms.
"""

import numpy as np
import pytest
import sympy as sp

import biomech as bm
from biomech import symbolic
from biomech.errors import ModelError
from biomech.model.geometry import pose_muscles
from biomech.model.model import Model
from biomech.model.tables import Table

#: A second, oblique rotation of each knee and a translation, and what slides with which of them besides gait2392's own.
ROTATION, SLIDE = "knee_twist", "knee_gap"
COUPLINGS = (
    ("knee_twist_x", "x", ROTATION, "twist_x"),
    ("knee_twist_z", "z", ROTATION, "twist_z"),
    ("knee_gap_y", "y", SLIDE, "gap_y"),
    ("knee_more_x", "x", "knee_angle", "more_x"),
)
SPLINES = {
    "twist_x": [(-1.0, -0.02), (0.0, 0.0), (0.4, 0.015), (1.0, 0.02)],
    "twist_z": [(-1.0, 0.01), (0.0, 0.0), (1.0, 0.03)],
    "gap_y": [(-0.5, -0.2), (0.0, 0.0), (0.2, 0.05), (0.5, 0.3)],
    "more_x": [(-2.0, 0.01), (0.5, -0.01)],
}
POSE = {
    "pelvis_tilt": -12.0,
    "pelvis_list": 7.0,
    "hip_flexion": 25.0,
    "hip_rotation": -9.0,
    "knee_angle": -40.0,
    ROTATION: 14.0,
    SLIDE: 0.013,
    "ankle_angle": 9.0,
    "subtalar_angle": -4.0,
    "lumbar_extension": -15.0,
}


def _with_rows(table, rows):
    columns = {c: list(values) for c, values in table.columns.items()}
    for row in rows:
        for column in columns:
            columns[column].append(row[column])
    return Table(table.name, {c: tuple(v) for c, v in columns.items()})


def _coordinate(name, joint, motion, axis, reach):
    numbers = dict(zip(("axis_x", "axis_y", "axis_z"), axis, strict=True))
    numbers |= {"range_min": -reach, "range_max": reach, "trusted_min": -reach, "trusted_max": reach}
    return {"coordinate": name, "joint": joint, "motion": motion, "stance": "held", "source": "test", **numbers}


@pytest.fixture(scope="module", params=["adult", "gait2392"])
def coupled(request):
    """A built-in model whose knees turn about two axes, glide along a third, and slide with each of them."""
    base = bm.load_model(request.param)
    coordinates, couplings = [], []
    for side in ("_r", "_l"):
        coordinates += [
            _coordinate(ROTATION + side, f"knee{side}", "rotation", (0.3, 1.0, -0.2), 30.0),
            _coordinate(SLIDE + side, f"knee{side}", "translation", (0.6, 0.0, 0.8), 0.1),
        ]
        couplings += [
            {
                "coupling": name + side,
                "joint": f"knee{side}",
                "component": component,
                "coordinate": coordinate + side,
                "spline": spline,
                "source": "test",
            }
            for name, component, coordinate, spline in COUPLINGS
        ]
    knots = [
        {"knot": f"{name}.{i}", "spline": name, "angle": angle, "value": value, "source": "test"}
        for name, curve in SPLINES.items()
        for i, (angle, value) in enumerate(curve)
    ]
    more = {"coordinates": coordinates, "couplings": couplings, "splines": knots}
    return Model("coupled", {n: _with_rows(t, more[n]) if n in more else t for n, t in base.tables.items()})


def pose_of(model):
    known = {name + side: value for name, value in POSE.items() for side in ("", "_r", "_l")}
    return {name: value for name, value in known.items() if name in model.coordinates}


def steps(model, name):
    """Both neighbours of the pose along a coordinate, and how far they are apart in rad or m."""
    turns = model.compiled().is_rotation[model.coordinates.index(name)]
    step = 2e-4 if turns else 4e-6
    pose = pose_of(model)
    near = {**pose, name: pose.get(name, 0.0) + step * np.array([-1.0, 1.0])}
    return near, 2.0 * (np.radians(step) if turns else step)


def test_every_arm_is_minus_dl_dq(coupled):
    arm = coupled.muscle_geometry(**pose_of(coupled)).moment_arm.values[0]
    for c, name in enumerate(coupled.coordinates):
        near, apart = steps(coupled, name)
        length = coupled.muscle_geometry(**near).length.values
        np.testing.assert_allclose(arm[:, c], -(length[1] - length[0]) / apart, atol=3e-8, err_msg=name)


def test_gravity_is_minus_dv_dq(coupled):
    force = coupled.gravity(**pose_of(coupled)).generalized_force.values[0]
    weight = coupled.body_mass * coupled.value("settings/gravity")
    for c, name in enumerate(coupled.coordinates):
        near, apart = steps(coupled, name)
        height = coupled.kinematics(**near).body_centre.values[:, 1]
        assert force[c] == pytest.approx(-weight * (height[1] - height[0]) / apart, abs=2e-5), name


def test_every_frame_moves_with_its_screws(coupled):
    """The Jacobian of every point: d origin / dq = w x origin + v and dR / dq = [w] R, for what a coordinate moves."""
    flat, pose = coupled.compiled(), pose_of(coupled)
    given = np.array([pose.get(name, 0.0) for name in flat.coordinates])
    f, _ = pose_muscles(flat, np.where(flat.is_rotation, np.radians(given), given))
    for c, name in enumerate(flat.coordinates):
        near, apart = steps(coupled, name)
        ds = coupled.kinematics(**near)
        origin, rotation = (np.diff(ds[n].values, axis=0)[0] / apart for n in ("origin", "rotation"))
        w, v = f.screw[c, :3], f.screw[c, 3:]
        turn = np.array([[0, -w[2], w[1]], [w[2], 0, -w[0]], [-w[1], w[0], 0]])
        for i, moved in enumerate(flat.tree.affects[c, 1:], start=1):
            speed = np.cross(w, f.origin[i]) + v if moved else np.zeros(3)
            spin = turn @ f.rotation[i].reshape(3, 3) if moved else np.zeros((3, 3))
            np.testing.assert_allclose(origin[i - 1], speed, atol=3e-8, err_msg=f"{name}, {flat.segments[i - 1]}")
            np.testing.assert_allclose(rotation[i - 1], spin, atol=3e-8, err_msg=f"{name}, {flat.segments[i - 1]}")


@pytest.mark.parametrize("muscle", ["semiten_r", "rect_fem_r"])
def test_lengths_and_arms_are_those_of_sympy(coupled, muscle):
    pose = pose_of(coupled)
    turns = dict(zip(coupled.coordinates, coupled.compiled().is_rotation, strict=True))
    at = {name: float(np.radians(value)) if turns[name] else value for name, value in pose.items()}
    ds = coupled.muscle_geometry(**pose)
    length = symbolic.muscle_length(coupled, muscle, at)
    place = {symbol: sp.Float(at.get(symbol.name, 0.0), 30) for symbol in length.free_symbols}
    assert float(length.subs(place).evalf(30)) == pytest.approx(float(ds.length.sel(muscle=muscle)[0]), abs=1e-12)
    assert {f"{name}_r" for name in ("knee_angle", ROTATION, SLIDE)} <= {symbol.name for symbol in place}
    for symbol in place:
        arm = float(symbolic.moment_arm(length, symbol.name).subs(place).evalf(30))
        assert arm == pytest.approx(float(ds.moment_arm.sel(muscle=muscle, coordinate=symbol.name)[0]), abs=1e-12)


def test_what_slides_sideways_is_no_mirror_image(coupled):
    """Both knees slide along the same splines, so along z the left one is not the mirror image of the right."""
    assert not coupled.is_symmetric
    ds = coupled.kinematics(knee_twist_r=20.0, knee_twist_l=20.0)
    across = [float(ds.origin.sel(segment=f"tibia_{side}", axis="z")[0]) for side in "rl"]
    assert abs(sum(across)) > 1e-3


def test_a_body_with_coupled_knees_stands(coupled):
    """The posture closes by Jacobians of its screws, and muscles balance what hangs on them."""
    ds = bm.sweep(coupled, pelvic_tilt=0.0, knee_flexion=[5.0, 30.0])
    assert (ds.status == 0).all()
    assert float(ds.equilibrium_residual.max()) < 1e-9


def test_a_joint_slides_with_coordinates_of_its_own(coupled):
    table = coupled.tables["couplings"]
    names = list(table.text("coordinate"))
    names[table.index("knee_twist_x_r")] = "hip_flexion_r"
    other = Table("couplings", {**table.columns, "coordinate": tuple(names)})
    with pytest.raises(ModelError, match="knee_twist_x_r/coordinate = 'hip_flexion_r': must be a coordinate of joint"):
        Model("wrong", {**coupled.tables, "couplings": other}).compiled()
