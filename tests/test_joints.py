"""Joints as data: rows of functions of coordinates, frames in parent and child, coordinates that follow others.

Independent of the kernels: OpenSim's tables, plain NumPy on the description (``osim_kinematics``), finite differences,
virtual work, and mpmath.
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import json
import pickle
import warnings
from functools import cache
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy as sp
from osim_kinematics import body_frames, evaluate, path_length
from shared_reference import OSIM as SHARED

import biomech as bm
from biomech import symbolic
from biomech.analysis.store.model_record import describe_model, make_model
from biomech.errors import BiomechWarning, ModelError
from biomech.io.osim import description as osim
from biomech.io.osim import read_description
from biomech.io.osim.tabulate.tables import not_said, tables_of
from biomech.model import roles
from biomech.model.geometry import pose_muscles
from biomech.model.mechanics.functions import compile_functions
from biomech.model.mechanics.rotations import angles_xyz, rotations_xyz
from biomech.model.model import Model
from biomech.model.tables import COLUMNS, OPTIONAL, Table, complete, empty_table

OWN = Path(__file__).parent / "reference" / "osim"
EVERY_JOINT = OWN / "every_joint_v40600.osim"
MODELS = ["arm26", "arm_wraps", "leg6dof9musc", "subject_walk_scaled"]
PUBLIC = [f"models/{name}" for name in MODELS] + [
    f"more_models/{name}" for name in ("gait10dof18musc", "gait2354_v10901", "toy_ligament", "wrist_v10905")
]

shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the public models are not on this machine")


def described(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiomechWarning)
        return read_description(path)


@cache
def body(path):
    """A file's description and the model of its tables."""
    description = described(path)
    return description, Model(path.stem, tables_of(description))


@cache
def reference(name, table):
    with gzip.open(SHARED / f"{name}.{table}.csv.gz", "rt") as file:
        return list(csv.DictReader(file))


def in_degrees(model, poses):
    """Rows of coordinates (rad, m) by name as ``Model`` takes them, one below the other."""
    turns = dict(zip(model.coordinates, model.compiled().is_rotation, strict=True))
    q = {name: np.array([float(pose[name]) for pose in poses]) for name in model.coordinates}
    return {name: np.degrees(own) if turns[name] else own for name, own in q.items()}


def random_poses(description, rng, count):
    """Random coordinates; those that follow others are where couplers put them."""
    poses = []
    for _ in range(count):
        q = {
            own.name: rng.uniform(-0.6, 0.6) if own.motion == "rotational" else rng.uniform(-0.2, 0.2)
            for own in description.coordinates
        }
        for own in description.couplers * 2:  # one may follow another that follows
            if own.enforced:
                q[own.dependent] = own.scale * evaluate(own.function, [q[name] for name in own.independents])
        poses.append(q)
    return poses


def in_rad(model, pose):
    return np.array([pose[name] for name in model.coordinates])


# ---- against OpenSim -----------------------------------------------------------------------------------------------


@shared
@pytest.mark.parametrize("name", MODELS)
def test_bodies_are_where_opensim_has_them(name):
    _, model = body(SHARED / "models" / f"{name}.osim")
    ds = model.kinematics(in_degrees(model, reference(name, "poses")))
    rows = [row for row in reference(name, "bodies") if row["body"] != "ground"]
    pose, segment = [int(row["pose"]) for row in rows], [model.segments.index(row["body"]) for row in rows]
    place = np.array([[float(row[axis]) for axis in "xyz"] for row in rows])
    turn = np.array([[float(row[f"r{i}{j}"]) for i in "123" for j in "123"] for row in rows]).reshape(-1, 3, 3)
    np.testing.assert_allclose(ds.origin.values[pose, segment], place, rtol=0, atol=1e-7)
    np.testing.assert_allclose(ds.rotation.values[pose, segment], turn, rtol=0, atol=1e-7)


@shared
@pytest.mark.parametrize("name", MODELS)
def test_gravity_is_opensims(name):
    """OpenSim's is of the open tree: what it has on a dependent coordinate goes on to those that it follows."""
    _, model = body(SHARED / "models" / f"{name}.osim")
    poses, rows = reference(name, "poses"), reference(name, "gravity")
    ds = model.gravity(in_degrees(model, poses))
    pairs = model.compiled().tree.couplers.pairs
    for pose, (given, row) in enumerate(zip(poses, rows, strict=True)):
        want = np.array([float(row[f"f_{name}"]) for name in model.coordinates])
        q = np.array([float(given[name]) for name in model.coordinates])
        rate = pose_muscles(model.compiled(), q)[0].rate
        for place, (independent, dependent) in enumerate(pairs):
            want[independent] += rate[place] * want[dependent]
        want[pairs[:, 1]] = 0.0
        np.testing.assert_allclose(ds.generalized_force.values[pose], want, rtol=0, atol=1e-6)


@shared
@pytest.mark.parametrize("name", ["arm26", "leg6dof9musc", "subject_walk_scaled"])
def test_lengths_and_arms_without_wraps_are_opensims(name):
    description, model = body(SHARED / "models" / f"{name}.osim")
    plain = {own.name for own in description.muscles if not own.path.wraps}
    ds = model.muscle_geometry(in_degrees(model, reference(name, "poses")))
    length = {(int(row["pose"]), row["path"]): float(row["length"]) for row in reference(name, "lengths")}
    free = [row["coordinate"] for row in reference(name, "coordinates") if row["independent"] == "1"]
    arms = {(int(row["pose"]), row["path"], row["coordinate"]): row for row in reference(name, "arms")}
    assert plain
    for muscle in plain:
        own = ds.sel(muscle=muscle)
        for pose in range(ds.sizes["pose"]):
            assert float(own.length[pose]) == pytest.approx(length[pose, muscle], abs=1e-7)
            for coordinate in free:
                row = arms.get((pose, muscle, coordinate), {"moment_arm": 0.0, "class": "smooth"})
                if row["class"] != "switch":
                    arm = float(own.moment_arm.sel(coordinate=coordinate)[pose])
                    assert arm == pytest.approx(float(row["moment_arm"]), abs=1e-6), (pose, muscle, coordinate)


@shared
def test_quasi_static_forces_of_a_measured_walk_are_opensims():
    """What actuators must give: gravity and the plates, by the screws of what these push.

    At frames that are samples of the plates: between these OpenSim interpolates in its own way.
    """
    walk = SHARED / "motions" / "walk_10dof"
    _, model = body(walk / "subject01.osim")
    with (walk / "quasi_static.csv").open() as file:
        rows = list(csv.DictReader(file))
    loads = bm.read_storage(walk / "subject01_walk_grf.mot")
    sampled = loads.time.values
    poses = [{name[2:]: float(cell) for name, cell in row.items() if name.startswith("q_")} for row in rows]
    force = model.gravity(in_degrees(model, poses)).generalized_force.values
    tree, seen = model.compiled().tree, 0
    for pose, q, row in zip(range(len(rows)), poses, rows, strict=True):
        if np.abs(sampled - float(row["time"])).min() > 1e-9:
            continue
        at = loads.sel(time=float(row["time"]), method="nearest")
        frames, _ = pose_muscles(model.compiled(), in_rad(model, q))
        for foot, plate in (("calcn_r", ""), ("calcn_l", "1_")):
            push, point, twist = (
                np.array([float(at[f"{plate}ground_{name}{axis}"]) for axis in "xyz"])
                for name in ("force_v", "force_p", "torque_")
            )
            moved = tree.affects[:, 1 + model.segments.index(foot)]
            work = frames.screw[:, :3] @ (np.cross(point, push) + twist) + frames.screw[:, 3:] @ push
            force[pose] += np.where(moved, work, 0.0)
        want = [float(row[f"f_{name}"]) for name in model.coordinates]
        np.testing.assert_allclose(-force[pose], want, rtol=0, atol=1e-6)
        seen += 1
    assert seen > 8


# ---- against plain NumPy -------------------------------------------------------------------------------------------


def check_against_numpy(description, model, count, seed):
    poses = random_poses(description, np.random.default_rng(seed), count)
    ds = model.kinematics(in_degrees(model, poses))
    geometry = model.muscle_geometry(in_degrees(model, poses))
    ranges = {own.name: own.range for joint in description.joints for own in joint.coordinates}
    for pose, q in enumerate(poses):
        frames = body_frames(description, q)
        for segment in model.segments:
            R, p = frames[segment]
            np.testing.assert_allclose(ds.origin.sel(segment=segment)[pose], p, rtol=0, atol=1e-11)
            np.testing.assert_allclose(ds.rotation.sel(segment=segment)[pose], R, rtol=0, atol=1e-11)
        for muscle in description.muscles:
            if not muscle.path.wraps:
                length = path_length(muscle.path, q, frames, ranges)
                assert float(geometry.length.sel(muscle=muscle.name)[pose]) == pytest.approx(length, abs=1e-11)


@shared
@pytest.mark.parametrize("path", PUBLIC)
def test_public_bodies_move_as_plain_numpy_says(path):
    check_against_numpy(*body(SHARED / f"{path}.osim"), 5, 1)


def test_every_joint_moves_as_plain_numpy_says():
    """Weld, pin, slider, universal, ball, gimbal, ellipsoid, planar, custom, free, reversed; offset at both ends."""
    description, model = body(EVERY_JOINT)
    assert {joint.kind for joint in description.joints} >= {"EllipsoidJoint", "PlanarJoint", "FreeJoint", "BallJoint"}
    assert any(joint.reversed for joint in description.joints)
    check_against_numpy(description, model, 20, 2)


def test_every_joint_is_where_opensim_has_it():
    """In poses that do not keep to the coupler: without it."""
    model = Model("open", tables_of(dataclasses.replace(described(EVERY_JOINT), couplers=())))
    with (OWN / "every_joint_poses.csv").open() as file:
        poses = list(csv.DictReader(file))
    with (OWN / "every_joint_bodies.csv").open() as file:
        rows = list(csv.DictReader(file))
    ds = model.kinematics(in_degrees(model, poses))
    place = {row["pose"]: i for i, row in enumerate(poses)}
    for row in rows:
        own = ds.sel(segment=row["body"]).isel(pose=place[row["pose"]])
        np.testing.assert_allclose(own.origin, [float(row[axis]) for axis in "xyz"], rtol=0, atol=1e-7)
        turn = [[float(row[f"r{i}{j}"]) for j in (1, 2, 3)] for i in (1, 2, 3)]
        np.testing.assert_allclose(own.rotation, turn, rtol=0, atol=1e-7)


# ---- random joints -------------------------------------------------------------------------------------------------


def random_function(rng, arguments):
    """A function of every kind that there is."""
    kind = int(rng.integers(6))
    x = np.sort(rng.uniform(-1.5, 1.5, 6)) + 0.3 * np.arange(6)
    y = rng.uniform(-0.4, 0.4, 6)
    if arguments == 0:
        return osim.Constant(float(rng.normal(0, 0.3)))
    if arguments > 1 or kind == 0:
        return osim.Linear(tuple(rng.normal(0, 0.7, arguments).tolist()), float(rng.normal(0, 0.2)))
    if kind == 1:
        return osim.Polynomial(tuple(rng.normal(0, 0.5, 4).tolist()))
    if kind == 2:
        return osim.Sine(*rng.normal(0, 0.6, 4).tolist())
    if kind == 3:
        return osim.PiecewiseLinear(tuple(x.tolist()), tuple(y.tolist()))
    knots = (2, 3, 6)[int(rng.integers(3))]
    spline = osim.SimmSpline(tuple(x[:knots].tolist()), tuple(y[:knots].tolist()))
    return spline if kind == 4 else osim.Multiplier(spline, float(rng.normal()))


def random_placement(rng, name):
    turn = rotations_xyz(rng.uniform(-180.0, 180.0, 3)).reshape(3, 3)
    return osim.Placement(name, tuple(rng.normal(0, 0.3, 3).tolist()), tuple(map(tuple, turn.tolist())))


def random_axes(rng):
    """Three axes, oblique or those of the frame."""
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0] if rng.random() < 0.5 else np.eye(3)[rng.permutation(3)]
    return [tuple(axis) for axis in axes.tolist()]


def random_body(seed, segments=5):
    """A chain with branches: random rows, frames, reversed joints, couplers in a row, points that move."""
    rng = np.random.default_rng(seed)
    joints, bodies, couplers = [], [], []
    every = []
    for k in range(segments):
        name, parent = f"s{k}", f"s{int(rng.integers(k))}" if k else osim.GROUND
        own = [f"q{k}{letter}" for letter in "abc"[: int(rng.integers(1, 4))]]
        every += own
        rows = []
        for _ in range(2):
            for axis in random_axes(rng):
                chosen = tuple(rng.permutation(own)[: int(rng.integers(len(own) + 1))].tolist())
                rows.append(osim.TransformRow(axis, chosen, random_function(rng, len(chosen))))
        motions = [osim.Coordinate(c, "coupled", 0.0, (-3.0, 3.0), False, False, False, None) for c in own]
        ends = random_placement(rng, parent), random_placement(rng, name)
        reverse = bool(rng.random() < 0.3)
        first, second = reversed(ends) if reverse else ends
        joints.append(
            osim.Joint(
                f"j{k}",
                "CustomJoint",
                first,
                second,
                tuple(motions),
                tuple(rows[:3]),
                tuple(rows[3:]),
                reversed=reverse,
            )
        )
        bodies.append(osim.Body(name, float(rng.uniform(0.5, 3.0)), tuple(rng.normal(0, 0.1, 3).tolist()), (0.0,) * 6))
    if len(every) > 3:
        first, second, third = every[0], every[-1], every[-2]
        couplers = [
            osim.Coupler("later", third, (second,), osim.Polynomial((0.3, 0.7, 0.1)), 1.3, True),
            osim.Coupler("sooner", second, (first, every[1]), osim.Linear((0.6, -0.4), 0.05), -0.8, True),
        ]
    muscles = [random_muscle(rng, f"m{i}", segments, every) for i in range(6)]
    return osim.OsimModel(
        "random",
        40600,
        "",
        "",
        "meters",
        "N",
        (0.0, -9.81, 0.0),
        tuple(bodies),
        tuple(joints),
        tuple(range(segments)),
        tuple(couplers),
        (),
        tuple(muscles),
        (),
        (),
        (),
        (),
    )


def random_muscle(rng, name, segments, coordinates):
    points = []
    for k in range(4):
        segment = f"s{int(rng.integers(segments))}"
        if k in (1, 3) and rng.random() < 0.7:
            functions = tuple(random_function(rng, 1) for _ in range(3))
            points.append(
                osim.MovingPathPoint(
                    random_placement(rng, segment), tuple(rng.choice(coordinates, 3).tolist()), functions
                )
            )
        else:
            points.append(osim.PathPoint(segment, tuple(rng.normal(0, 0.4, 3).tolist())))
    curves = osim.ThelenCurves(0.03, 0.6, 0.5, 4.0, 0.3, 1.8)
    return osim.Muscle(
        name,
        "Thelen2003Muscle",
        osim.Path(tuple(points), ()),
        True,
        1000.0,
        0.1,
        0.2,
        0.1,
        10.0,
        0.01,
        1.0,
        False,
        curves,
    )


#: With 8 a kink of a piecewise linear function lies within a step of the differences.
SEEDS = [seed for seed in range(13) if seed != 8]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_joints_move_as_plain_numpy_says(seed):
    description = random_body(seed)
    check_against_numpy(description, Model("random", tables_of(description)), 4, seed)


def near(model, pose, name, step):
    """Poses on both sides along a free coordinate; couplers put those that follow where they belong."""
    every = in_degrees(model, [pose] * 2)
    given = {own: every[own] for own in independent(model)}
    turns = model.compiled().is_rotation[model.coordinates.index(name)]
    ends = np.array([-1.0, 1.0]) * step
    return {**given, name: given[name] + (np.degrees(ends) if turns else ends)}


def independent(model):
    followers = set(complete(model.tables)["couplers"].text("dependent"))
    return [name for name in model.coordinates if name not in followers]


@pytest.mark.parametrize("seed", SEEDS)
def test_virtual_work_of_random_joints(seed):
    """Arms are -dL/dq and gravity is -dV/dq, with all that follows a coordinate; of dependents both are nought."""
    description = random_body(seed)
    model = Model("random", tables_of(description))
    pose = random_poses(description, np.random.default_rng(seed), 1)[0]
    given = in_degrees(model, [pose])
    arm = model.muscle_geometry(given).moment_arm[0]
    force = model.gravity(given).generalized_force[0]
    weight = model.body_mass * 9.81
    for name in model.coordinates:
        if name in independent(model):
            length = [_five_point(model, pose, name, lambda m, q: m.muscle_geometry(q).length.values)]
            np.testing.assert_allclose(arm.sel(coordinate=name), -length[0], rtol=0, atol=1e-9)
            height = _five_point(model, pose, name, lambda m, q: m.kinematics(q).body_centre.values[:, 1])
            assert float(force.sel(coordinate=name)) == pytest.approx(-weight * float(height), abs=1e-7)
        else:
            assert not arm.sel(coordinate=name).any()
            assert float(force.sel(coordinate=name)) == 0.0


def _five_point(model, pose, name, ask, step=1e-3):
    """A derivative whose error goes with the fourth power of the step."""
    one, two = (np.diff(ask(model, near(model, pose, name, k * step)), axis=0)[0] for k in (1, 2))
    return (8.0 * one - two) / (12.0 * step)


@pytest.mark.parametrize("seed", SEEDS)
def test_screws_of_random_joints_are_jacobians(seed):
    """dR/dq = [w] R and d origin/dq = w x origin + v of every segment, by the rates of what follows."""
    description = random_body(seed)
    model = Model("random", tables_of(description))
    pose = random_poses(description, np.random.default_rng(seed), 1)[0]
    tree = model.compiled().tree
    frames, _ = pose_muscles(model.compiled(), in_rad(model, pose))
    for name in independent(model):
        c = model.coordinates.index(name)
        origin = _five_point(model, pose, name, lambda m, q: m.kinematics(q).origin.values)
        rotation = _five_point(model, pose, name, lambda m, q: m.kinematics(q).rotation.values)
        for i in range(1, len(tree.parent)):
            screw = tree.affects[c, i] * frames.screw[c]
            for place, (leader, follower) in enumerate(tree.couplers.pairs):
                if leader == c:
                    screw = screw + frames.rate[place] * tree.affects[follower, i] * frames.screw[follower]
            w, v = screw[:3], screw[3:]
            np.testing.assert_allclose(origin[i - 1], np.cross(w, frames.origin[i]) + v, rtol=0, atol=1e-9)
            spin = np.cross(w, frames.rotation[i].reshape(3, 3), axisb=0, axisc=0)
            np.testing.assert_allclose(rotation[i - 1], spin, rtol=0, atol=1e-9)


# ---- functions, angles ---------------------------------------------------------------------------------------------


def test_a_knee_of_polynomials_in_mpmath():
    """A custom joint of one coordinate by exact arithmetic: 40 digits, derivative by mpmath."""
    axis = (0.6, 0.0, 0.8)
    rows = [osim.TransformRow(axis, ("a",), osim.Polynomial((0.2, -0.3, 1.0, 0.1)))]
    rows += [osim.TransformRow((0.0, 0.0, 1.0), (), osim.Constant(0.0))] * 2
    rows += [osim.TransformRow((1.0, 0.0, 0.0), ("a",), osim.Sine(0.05, 2.0, 0.3, 0.01))]
    rows += [osim.TransformRow((0.0, 1.0, 0.0), ("a",), osim.Linear((-0.04,), -0.4))]
    rows += [osim.TransformRow((0.0, 0.0, 1.0), (), osim.Constant(0.02))]
    description = dataclasses.replace(
        random_body(0, segments=1),
        joints=(
            osim.Joint(
                "knee",
                "CustomJoint",
                osim.Placement(osim.GROUND),
                osim.Placement("s0"),
                (osim.Coordinate("a", "coupled", 0.0, (-3.0, 3.0), False, False, False, None),),
                tuple(rows[:3]),
                tuple(rows[3:]),
            ),
        ),
        couplers=(),
    )
    points = (osim.PathPoint(osim.GROUND, (0.05, 0.1, 0.0)), osim.PathPoint("s0", (0.03, -0.1, 0.04)))
    muscle = dataclasses.replace(description.muscles[0], path=osim.Path(points, ()))
    model = Model("knee", tables_of(dataclasses.replace(description, forces=(muscle,))))
    at = 0.7
    with mpmath.workdps(40):

        def length(a):
            angle = 0.2 * a**3 - 0.3 * a**2 + a + mpmath.mpf("0.1")
            x, y, z = map(mpmath.mpf, ("0.6", "0", "0.8"))
            cross = mpmath.matrix([[0, -z, y], [z, 0, -x], [-y, x, 0]])
            turn = mpmath.eye(3) + mpmath.sin(angle) * cross + (1 - mpmath.cos(angle)) * cross * cross
            shift = mpmath.matrix([0.05 * mpmath.sin(2 * a + 0.3) + 0.01, -0.04 * a - 0.4, 0.02])
            return mpmath.norm(turn * mpmath.matrix([0.03, -0.1, 0.04]) + shift - mpmath.matrix([0.05, 0.1, 0.0]))

        want, arm = float(length(mpmath.mpf(at))), float(-mpmath.diff(length, mpmath.mpf(at)))
    ds = model.muscle_geometry(a=np.degrees(at))
    assert float(ds.length[0, 0]) == pytest.approx(want, abs=1e-14)
    assert float(ds.moment_arm[0, 0, 0]) == pytest.approx(arm, abs=1e-13)


def test_angles_and_rotations_are_each_others_way_back():
    rng = np.random.default_rng(3)
    for angles in [*rng.uniform(-180, 180, (200, 3)), [20.0, 90.0, 0.0], [0.0, -90.0, 30.0], [180.0, 0.0, -90.0]]:
        turn = rotations_xyz(np.array(angles)).reshape(3, 3)
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-15)
        once = angles_xyz(turn)
        np.testing.assert_allclose(rotations_xyz(np.array(once)).reshape(3, 3), turn, atol=1e-12)
        assert angles_xyz(rotations_xyz(np.array(once)).reshape(3, 3)) == once


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([("f", "linear", 1.5, 1.0)], "x = 1.5: must be a whole number in 0..64 of linear"),
        ([("f", "spline", 0.0, 1.0)], "needs two or more knots"),
        ([("f", "spline", 0.0, 1.0), ("f", "spline", 0.0, 2.0)], "needs two or more knots"),
        ([("f", "linear", 0.0, 1.0), ("f", "sine", 1.0, 2.0)], "must be one of"),
        ([("f", "cubic", 0.0, 1.0)], "must be one of"),
        ([("f", "constant", 1.0, 1.0)], "must be a whole number in 0..0 of constant"),
        ([("f", "polynomial", 2.0, 1.0), ("f", "polynomial", 2.0, 1.0)], "has an x twice"),
    ],
)
def test_functions_that_cannot_be_are_refused(rows, named):
    names, kinds, x, y = zip(*rows, strict=True)
    entries = tuple(map(str, range(len(rows))))
    columns = {"entry": entries, "function": names, "kind": kinds, "x": x, "y": y, "source": names}
    with pytest.raises(ModelError, match=named):
        compile_functions(Table("functions", columns))


# ---- tables --------------------------------------------------------------------------------------------------------


def test_optional_tables_may_be_absent(small):
    assert not set(OPTIONAL) & set(small.tables)
    assert all(len(complete(small.tables)[name]) == 0 for name in OPTIONAL)
    full = Model("small", {**small.tables, **{name: empty_table(name) for name in OPTIONAL}})
    np.testing.assert_array_equal(full.muscle_geometry().length, small.muscle_geometry().length)


def with_cell(model, table, column, row, cell):
    own = model.tables[table]
    cells = list(own.columns[column])
    cells[row] = cell
    return {**model.tables, table: Table(table, {**own.columns, column: tuple(cells)})}


@pytest.mark.parametrize(
    ("table", "column", "cell", "named"),
    [
        ("transform_rows", "joint", "hip", "transform_rows/.*/joint = 'hip'"),
        ("transform_rows", "motion", "turn", "must be one of rotation, translation"),
        ("transform_rows", "function", "f", "function = 'f': there is no such name"),
        ("transform_rows", "coordinates", "ball_1", "must be coordinates joined by ';', each once, of bend"),
        ("transform_rows", "axis_z", 0.0, "the axis must not be zero"),
        ("transform_rows", "axis_z", np.nan, "must be a finite number"),
        ("couplers", "dependent", "nothing", "couplers/.*/dependent = 'nothing'"),
        ("couplers", "independents", "ball_2", "must be coordinates"),
        ("couplers", "scale", np.inf, "must be a finite number"),
        ("defaults", "coordinate", "nothing", "defaults/nothing/coordinate"),
        ("defaults", "locked", 2.0, "must be in 0..1"),
        ("joint_frames", "joint", "nothing", "joint_frames/nothing/joint"),
        ("inertias", "segment", "nothing", "inertias/nothing/segment"),
        ("point_rows", "point", "nothing", "point_rows/nothing/point"),
        ("point_rows", "function_x", "nothing", "function_x = 'nothing'"),
        ("point_rows", "coordinate_x", "nothing", "coordinate_x = 'nothing'"),
        ("joint_frames", "child_x", 7.0, "must be in -5..5 m"),
    ],
)
def test_what_no_joint_is_is_refused(table, column, cell, named):
    _, model = body(EVERY_JOINT)
    row = list(model.tables[table].text("coordinates")).index("bend") if table == "transform_rows" else 0
    with pytest.raises(ModelError, match=named):
        Model("wrong", with_cell(model, table, column, row, cell))


def test_couplers_in_a_circle_are_refused():
    description = random_body(1)
    one, two = description.couplers
    circle = (
        one,
        dataclasses.replace(
            two, dependent=one.independents[0], independents=(one.dependent,) * 1, function=osim.Linear((1.0,), 0.0)
        ),
    )
    with pytest.raises(ModelError, match="couplers: later, sooner: must not depend on one another in a circle"):
        Model("circle", tables_of(dataclasses.replace(description, couplers=circle)))


def test_unnamed_coordinates_are_at_their_defaults():
    description, model = body(EVERY_JOINT)
    q = {own.name: own.default for own in description.coordinates}
    for own in description.couplers:
        q[own.dependent] = own.scale * evaluate(own.function, [q[name] for name in own.independents])
    ds = model.kinematics()
    for segment, (R, p) in body_frames(description, q).items():
        if segment != osim.GROUND:
            np.testing.assert_allclose(ds.origin.sel(segment=segment)[0], p, rtol=0, atol=1e-11)
            np.testing.assert_allclose(ds.rotation.sel(segment=segment)[0], R, rtol=0, atol=1e-11)


def test_what_tables_do_not_say_is_said():
    description = described(EVERY_JOINT)
    assert [(own.kind, own.affects) for own in not_said(description)] == [("gravity", "gravity")]
    assert not_said(dataclasses.replace(description, gravity=(0.0, -9.8, 0.0))) == ()


def test_tables_have_their_columns_and_say_their_source():
    for name, table in tables_of(described(EVERY_JOINT)).items():
        assert list(table.columns) == list(COLUMNS[name])
        assert all(table.text("source"))


# ---- bodies that stand -----------------------------------------------------------------------------------------------


def by_rows(model, split=()):
    """The tables of a built-in model whose joints move by rows: the same motions, said in the other way.

    A coordinate in ``split`` does half of what it did, and another one that follows it does the rest.
    """
    joints, table, couplings = (model.tables[name] for name in ("joints", "coordinates", "couplings"))
    splines = model.tables["splines"]
    rows, functions, couplers, new = [], [], [], []

    def row(joint, motion, axis, function, entries, names):
        functions.extend((f"{function}.{i}", function, *entry, "test") for i, entry in enumerate(entries))
        rows.append((f"{joint}.{len(rows)}", joint, motion, *axis, function, ";".join(names), "test"))

    for joint in joints.rows:
        for k, of in enumerate(couplings.text("joint")):
            if of == joint:
                axis = np.eye(3)["xyz".index(couplings.text("component")[k])]
                own = [i for i, name in enumerate(splines.text("spline")) if name == couplings.text("spline")[k]]
                knots = [("spline", *xy) for xy in splines.numbers("angle", "value")[own].tolist()]
                row(joint, "translation", axis, f"c{k}", knots, [couplings.text("coordinate")[k]])
        for motion in ("translation", "rotation"):
            for k, of in enumerate(table.text("joint")):
                if of == joint and table.text("motion")[k] == motion:
                    name, axis = table.rows[k], table.numbers("axis_x", "axis_y", "axis_z")[k]
                    names, share = ([name, f"{name} half"], 0.5) if name in split else ([name], 1.0)
                    entries = [("linear", float(i), share) for i in range(1, len(names) + 1)]
                    row(joint, motion, axis / np.linalg.norm(axis), f"q{k}", entries, names)
                    if name in split:
                        new.append({**model.row("coordinates", name), "coordinate": f"{name} half", "stance": "locked"})
                        couplers.append((f"{name} follows", f"{name} half", name, "half", 1.0, "test"))
    if split:
        functions.append(("half", "half", "linear", 1.0, 1.0, "test"))
    more = {"transform_rows": rows, "functions": functions, "couplers": couplers}
    made = {name: table_of(name, own) for name, own in more.items()}
    both = {c: (*cells, *(own[c] for own in new)) for c, cells in table.columns.items()}
    empty = {name: empty_table(name) for name in ("couplings",)}
    return Model("rows", {**model.tables, **empty, "coordinates": Table("coordinates", both), **made})


def table_of(name, rows):
    columns = zip(*rows, strict=True) if rows else [()] * len(COLUMNS[name])
    return Table(name, {column: tuple(cells) for column, cells in zip(COLUMNS[name], columns, strict=True)})


SPLIT = ("hip_flexion_r", "hip_rotation_l", "subtalar_angle_r", "ankle_angle_l", "lumbar_extension", "pelvis_tilt")
STANCES = {"pelvic_tilt": [-5.0, 10.0], "knee_flexion": 25.0, "foot_rotation": 15.0, "trunk_side_lean": 4.0}


@pytest.fixture(scope="module")
def stood(adult):
    return bm.sweep(adult, **STANCES)


@pytest.mark.parametrize("split", [(), SPLIT], ids=["one coordinate", "another that follows"])
def test_a_body_stands_whichever_way_its_joints_are_said(adult, stood, split):
    """Posture, forces, reactions: contact under the feet and muscles work by way of what follows."""
    ds = bm.sweep(by_rows(adult, split), **STANCES)
    assert (ds.status == 0).all()
    for name in ("activation", "joint_contact_force", "ground_force", "center_of_pressure", "joint_contact_moment"):
        np.testing.assert_allclose(ds[name], stood[name], rtol=1e-6, atol=2e-6, err_msg=name)
    own = ds.coordinate_angle.sel(coordinate=stood.coordinate.values)
    np.testing.assert_allclose(own, stood.coordinate_angle, rtol=0, atol=1e-8)
    for name in split:
        one, other = (ds.coordinate_angle.sel(coordinate=n) for n in (name, f"{name} half"))
        np.testing.assert_array_equal(one, other)


def test_a_knee_with_a_tendon_turns_by_one_coordinate(adult):
    with pytest.raises(ModelError, match="must turn the tibia alone; 'knee_angle_r half' follows it"):
        by_rows(adult, ("knee_angle_r",))


def test_defaults_hold_what_a_stance_says_nothing_of(adult):
    rows = [("mtp_angle_r", 20.0, 1.0, 0.0, 0.0, "test")]
    model = Model("toes", {**adult.tables, "defaults": table_of("defaults", rows)})
    angle = bm.sweep(model, pelvic_tilt=0).coordinate_angle
    assert float(angle.sel(coordinate="mtp_angle_r")) == pytest.approx(20.0, abs=1e-12)
    assert float(angle.sel(coordinate="mtp_angle_l")) == 0.0


def test_parts_of_a_body_by_rows_may_have_any_names(adult):
    """Every name is another, roles along: the same bits."""
    model = by_rows(adult, SPLIT)
    names = {kind: {name: f"{kind[:2]}{i}" for i, name in enumerate(model.tables[kind].rows)} for kind in roles.KINDS}
    renamed = roles.with_names(model.tables, names)
    told = {kind: {role: names[kind][name] for role, name in model.roles.of(kind).items()} for kind in roles.ROLES}
    pairs = {
        names[kind][right]: names[kind][left] for kind, own in model.roles.mirror.items() for right, left in own.items()
    }
    other = Model("other", renamed, roles.make_roles(renamed, told, pairs))
    here, there = (bm.sweep(body, **STANCES) for body in (model, other))
    np.testing.assert_array_equal(here.activation.values, there.activation.values)
    np.testing.assert_array_equal(here.coordinate_angle.values, there.coordinate_angle.values)


@shared
def test_a_file_body_without_limbs():
    """A patella whose knee is gone stays where it is; functions and wraps that nothing needs go along."""
    _, model = body(SHARED / "models" / "subject_walk_scaled.osim")
    left = model.without("tibia_r")
    table = left.tables["coordinates"]
    assert "knee_angle_r" not in left.coordinates
    assert table.text("stance")[table.index("knee_angle_r_beta")] == "locked"
    assert left.tables["couplers"].text("dependent") == ("knee_angle_l_beta",)
    joints = set(left.tables["joints"].rows)
    assert set(left.tables["transform_rows"].text("joint")) <= joints < set(model.tables["joints"].rows)
    used = {*left.tables["transform_rows"].text("function"), *left.tables["couplers"].text("function")}
    assert set(left.tables["functions"].text("function")) == used
    here, there = (m.kinematics(hip_flexion_r=30.0, knee_angle_l=20.0) for m in (left, model))
    np.testing.assert_array_equal(here.origin, there.origin.sel(segment=list(left.segments)))


@shared
def test_a_file_body_is_kept_as_text_and_by_pickle():
    _, model = body(SHARED / "models" / "leg6dof9musc.osim")
    for other in (make_model(json.loads(describe_model(model))), pickle.loads(pickle.dumps(model))):
        assert {name: dict(table.columns) for name, table in other.tables.items()}.keys() == model.tables.keys()
        np.testing.assert_array_equal(other.muscle_geometry().moment_arm, model.muscle_geometry().moment_arm)


def test_numbers_of_optional_tables_may_be_replaced():
    _, model = body(EVERY_JOINT)
    row = model.tables["defaults"].rows[0]
    other = model.replace({f"defaults/{row}": 12.0})
    assert other.value(f"defaults/{row}") == 12.0
    name = model.tables["couplers"].rows[0]
    assert model.scale({"couplers/*/scale": 2.0}).value(f"couplers/{name}/scale") == 2.0 * model.value(
        f"couplers/{name}/scale"
    )


# ---- SymPy -----------------------------------------------------------------------------------------------------------


def check_against_sympy(model, pose, muscle):
    """Length and arms at a pose (rad, m), by exact transforms and differentiation."""
    ds = model.muscle_geometry(in_degrees(model, [pose])).sel(muscle=muscle)
    length = symbolic.muscle_length(model, muscle, pose)
    place = {symbol: sp.Float(pose[symbol.name], 30) for symbol in length.free_symbols}
    assert float(length.subs(place).evalf(30)) == pytest.approx(float(ds.length[0]), abs=1e-12)
    for name in model.coordinates:
        arm = symbolic.moment_arm(length, name).subs(place).evalf(30)
        assert float(arm) == pytest.approx(float(ds.moment_arm.sel(coordinate=name)[0]), abs=1e-11), name
    return {symbol.name for symbol in place}


@shared
@pytest.mark.parametrize("muscle", ["rect_fem_r", "bifemlh_r"])
def test_a_knee_with_a_patella_in_sympy(muscle):
    """Points that move, and a patella that follows the knee."""
    _, model = body(SHARED / "models" / "leg6dof9musc.osim")
    pose = dict.fromkeys(model.coordinates, 0.0)
    pose |= {"hip_flexion_r": 0.4, "knee_angle_r": -0.7, "knee_angle_pat_r": -0.7, "pelvis_tilt": 0.1}
    assert check_against_sympy(model, pose, muscle) == {"hip_flexion_r", "knee_angle_r"}


@shared
def test_a_path_that_wraps_has_no_equations():
    _, model = body(SHARED / "models" / "arm_wraps.osim")
    with pytest.raises(ModelError, match="must not wrap over anything"):
        symbolic.muscle_length(model, model.tables["path_wraps"].text("muscle")[0])
