"""Paths over cylinders and spheres: closed cases, least lengths by other means, virtual work, OpenSim's numbers."""

import csv
import gzip
import json
import warnings
from dataclasses import replace

import numpy as np
import osim_kinematics
import pytest
from free_bodies import left_open
from scipy.optimize import minimize
from shared_reference import OSIM
from wrapped_paths import Case, DescribedPaths, Paths, Wrap

import biomech as bm
from biomech.analysis.store.model_record import describe_model, make_model
from biomech.errors import ModelError
from biomech.io.osim import read_description
from biomech.model.parts import part_length
from biomech.model.tables import OPTIONAL, make_table

R = 0.03
QUADRANTS = ("all", "x", "-x", "y", "-y", "z", "-z")


def length_of(points, *wraps):
    """Length of one path, and which wraps it touches."""
    length, _, order = Paths([Case(points, wraps)]).laid()
    return float(length[0]), [bool(o >= 0.0) for o in order]


def straight(points):
    return float(np.linalg.norm(np.diff(np.array(points), axis=0), axis=1).sum())


# ---- closed cases -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cylinder", "sphere"])
def test_half_a_circle_between_parallel_tangents(kind):
    # a breath beside the tangents, so that the line between the points goes through
    points = [(-R, -0.1, 0.0), (R, 0.1, 0.0)]
    found, touched = length_of(points, Wrap(kind=kind, radius=R))
    d = np.hypot(R, 0.1)
    angle = np.pi - 2.0 * np.arccos(R / d)
    assert touched == [True]
    assert found == pytest.approx(2.0 * np.sqrt(d * d - R * R) + R * angle, abs=1e-15)


@pytest.mark.parametrize("rise", [0.0, 0.05, -0.2])
def test_quarter_of_a_helix(rise):
    found, touched = length_of([(-0.1, R, 0.0), (R, -0.1, rise)], Wrap(radius=R, quadrant="x", length=10.0))
    assert touched == [True]
    assert found == pytest.approx(np.hypot(0.2 + R * np.pi / 2.0, rise), abs=1e-15)


def test_long_way_round_to_the_side_that_a_quadrant_asks_for():
    points = [(-R, -0.1, 0.0), (R, -0.1, 0.0)]
    assert length_of(points, Wrap(radius=R, quadrant="y")) == (pytest.approx(0.2 + R * np.pi, abs=1e-15), [True])
    assert length_of(points, Wrap(radius=R, quadrant="-y")) == (pytest.approx(2.0 * R), [False])
    assert length_of(points, Wrap(radius=R)) == (pytest.approx(2.0 * R), [False])


def test_belt_over_two_parallel_cylinders():
    wraps = [Wrap(radius=R, place=(x, 0.0, 0.0), length=10.0) for x in (-0.1, 0.1)]
    found, touched = length_of([(-0.2, 0.0, 0.0), (0.2, 0.0, 0.0)], *wraps)
    assert touched == [True, True]
    angle = np.arcsin(R / 0.1)
    # each side: tangent, arc to the top where the belt between runs level
    assert found == pytest.approx(2.0 * (np.sqrt(0.01 - R * R) + R * angle) + 0.2, abs=1e-12)


def test_a_wrap_beyond_its_length_or_range_does_nothing():
    points = [(-0.1, 0.001, 0.0), (0.1, 0.001, 0.0), (0.3, 0.2, 0.0)]
    assert length_of(points, Wrap(radius=R, length=0.01))[1] == [True]
    assert length_of(points, Wrap(radius=R, length=0.01, place=(0.0, 0.0, 0.2)))[1] == [False]
    assert length_of(points, Wrap(radius=R, first=1))[1] == [False]
    assert length_of(points, Wrap(radius=R, last=1))[1] == [True]
    assert length_of(points, Wrap(radius=R, first=1, last=0))[1] == []


# ---- by other means -----------------------------------------------------------------------------------------------


def least_over_cylinder(p, q):
    """The least length over a cylinder about z, contacts where each point can see them, on either side."""
    found = []
    for turn in (1.0, -1.0):
        angles = [np.arctan2(a[1], a[0]) for a in (p, q)]
        sight = [np.arccos(R / np.hypot(a[0], a[1])) for a in (p, q)]
        between = (turn * (angles[1] - angles[0])) % (2.0 * np.pi)

        def length(v, turn=turn, angles=angles, between=between):
            on, off, z1, z2 = v
            t1 = np.array([*(R * np.array([np.cos(angles[0] + turn * on), np.sin(angles[0] + turn * on)])), z1])
            t2 = np.array([*(R * np.array([np.cos(angles[1] - turn * off), np.sin(angles[1] - turn * off)])), z2])
            arc = R * (between - on - off)
            return np.linalg.norm(t1 - p) + np.hypot(arc, z2 - z1) + np.linalg.norm(q - t2)

        bounds = [(0.0, sight[0]), (0.0, sight[1]), (None, None), (None, None)]
        start = [0.3 * sight[0], 0.3 * sight[1], p[2], q[2]]
        best = minimize(length, start, bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-10})
        found.append(best.fun)
    return min(found)


def least_over_sphere(p, q):
    """The same over a sphere about the origin."""

    def contact(v):
        return np.array([np.cos(v[0]) * np.cos(v[1]), np.sin(v[0]) * np.cos(v[1]), np.sin(v[1])])

    def length(v):
        a, b = contact(v[:2]), contact(v[2:])
        angle = np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)
        return np.linalg.norm(R * a - p) + R * angle + np.linalg.norm(R * b - q)

    seen = [
        {"type": "ineq", "fun": lambda v: contact(v[:2]) @ p - R},
        {"type": "ineq", "fun": lambda v: contact(v[2:]) @ q - R},
    ]
    start = [angle for x, y, z in (p, q) for angle in (np.arctan2(y, x), np.arctan2(z, np.hypot(x, y)))]
    return minimize(length, start, constraints=seen, method="SLSQP", options={"ftol": 1e-14, "maxiter": 500}).fun


@pytest.mark.parametrize(("kind", "least"), [("cylinder", least_over_cylinder), ("sphere", least_over_sphere)])
def test_no_way_over_a_surface_is_shorter(kind, least):
    random = np.random.default_rng(3)
    cases = []
    while len(cases) < 25:
        p, q = random.uniform(-0.12, 0.12, (2, 3))
        if length_of([p, q], Wrap(kind=kind, radius=R, length=100.0))[1] == [True]:
            cases.append((p, q))
    for p, q in cases:
        found, _ = length_of([p, q], Wrap(kind=kind, radius=R, length=100.0))
        assert found == pytest.approx(least(p, q), abs=1e-8)
        assert found > straight([p, q])


# ---- rules --------------------------------------------------------------------------------------------------------


def random_cases(count, seed, wraps, quadrants=QUADRANTS):
    random = np.random.default_rng(seed)
    cases = []
    for _ in range(count):
        points = random.uniform(-0.15, 0.15, (random.integers(2, 5), 3))
        own = [
            Wrap(
                kind=str(random.choice(["cylinder", "sphere"])),
                radius=float(random.uniform(0.02, 0.05)),
                length=float(random.choice([0.1, 2.0])),
                place=tuple(random.uniform(-0.04, 0.04, 3)),
                turn=tuple(random.uniform(-180.0, 180.0, 3)),
                quadrant=str(random.choice(quadrants)),
            )
            for _ in range(wraps)
        ]
        cases.append(Case(points, own))
    return cases


def test_a_path_backwards_is_as_long():
    cases = random_cases(200, 5, 1, ("all",))
    forward = Paths(cases).laid()
    back = Paths([replace(case, points=case.points[::-1]) for case in cases]).laid()
    # of two spans that a surface is in OpenSim takes the first
    once = [len(case.points) == 2 for case in cases]
    assert np.allclose(forward[0][once], back[0][once], atol=1e-13)


def test_a_quadrant_turns_with_the_frame():
    for case in random_cases(60, 6, 1, ("x",)):
        points, wrap = case.points, replace(case.wraps[0], turn=(0.0, 0.0, 0.0), place=(0.0, 0.0, 0.0))
        for quadrant, (cosine, sine) in {"-x": (-1.0, 0.0), "y": (0.0, 1.0), "-y": (0.0, -1.0)}.items():
            turned = points @ np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])
            one, other = length_of(points, wrap), length_of(turned, replace(wrap, quadrant=quadrant))
            assert one[0] == pytest.approx(other[0], abs=1e-14)


def test_the_mirror_image_of_wraps_is_a_mirror_image():
    for case in random_cases(60, 7, 1):
        wrap = case.wraps[0]
        table = make_table("wraps", [{**wrap.row("w_r"), "segment": "femur_r"}])
        image = bm.model.mirror.mirrored(table)
        assert image.rows == ("w_l",)
        own = {c: image.columns[c][0] for c in OPTIONAL["wraps"]}
        mirrored = replace(
            wrap,
            place=(own["x"], own["y"], own["z"]),
            turn=(own["rx"], own["ry"], own["rz"]),
            quadrant=own["quadrant"],
        )
        points = case.points * [1.0, 1.0, -1.0]
        assert length_of(case.points, wrap)[0] == pytest.approx(length_of(points, mirrored)[0], abs=1e-14)


@pytest.mark.parametrize("kind", ["cylinder", "sphere"])
@pytest.mark.parametrize("quadrant", ["all", "y"])
def test_length_is_continuous_where_a_path_touches(kind, quadrant):
    wrap = Wrap(kind=kind, radius=R, quadrant=quadrant)
    heights = R + np.array([-1e-7, -1e-9, -1e-12, 0.0, 1e-12, 1e-9])
    z = 0.02 if kind == "cylinder" else 0.0
    lengths = [length_of([(-0.1, h, z), (0.1, h, -z)], wrap) for h in heights]
    assert lengths[0][1] == [True]
    assert lengths[-1][1] == [False]
    ways = np.array([length for length, _ in lengths])
    assert np.ptp(ways) < 1e-9


@pytest.mark.parametrize("kind", ["cylinder", "sphere"])
@pytest.mark.parametrize("quadrant", QUADRANTS)
def test_hostile_points_give_numbers(kind, quadrant):
    places = [(0.0, 0.0, 0.0), (0.0, 0.0, 0.1), (0.0, 0.0, -0.1), (0.1, 0.0, 0.0), (-0.1, 0.0, 0.0), (0.1, 0.0, 0.1)]
    places += [(R, 0.0, 0.0), (0.0, R, 0.0), (0.0, -R, 0.3), (0.5 * R, 0.0, 0.0), (0.0, 0.1, 0.0), (0.0, -0.1, 0.0)]
    pairs = [(p, q) for p in places for q in places if p != q]
    wrap = Wrap(kind=kind, radius=R, quadrant=quadrant, length=10.0)
    paths = Paths([Case(np.array(pair), [wrap]) for pair in pairs])
    length, wrench, order = paths.laid()
    assert np.isfinite(length).all()
    assert np.isfinite(wrench).all()
    size = 2 if kind == "cylinder" else 3
    inside = np.array([min(np.linalg.norm(p[:size]), np.linalg.norm(q[:size])) < R for p, q in pairs])
    lines = np.array([straight(pair) for pair in pairs])
    assert not np.any(order[inside] >= 0.0)
    assert np.allclose(length[inside], lines[inside], atol=1e-15)
    assert np.all(length >= lines - 1e-15)


def test_through_the_axis_either_side_will_do():
    for kind in ("cylinder", "sphere"):
        found, touched = length_of([(-0.1, 0.0, 0.0), (0.1, 0.0, 0.0)], Wrap(kind=kind, radius=R))
        assert touched == [True]
        assert found == pytest.approx(2.0 * (np.sqrt(0.01 - R * R) + R * np.arcsin(R / 0.1)), abs=1e-15)


def test_a_path_is_laid_alike_in_any_company():
    cases = random_cases(40, 8, 2)
    paths = Paths(cases)
    random = np.random.default_rng(1)
    moved = np.zeros((21, 3, 3))
    moved[1:] = random.uniform(-0.02, 0.02, (20, 3, 3))
    together = paths.laid_at(moved)[0]
    for i in (0, 7, 20):
        assert np.array_equal(paths.laid_at(moved[i : i + 1])[0][0], together[i])


# ---- virtual work -------------------------------------------------------------------------------------------------


# quadrants of three surfaces at one place may contradict each other, so that no way settles
@pytest.mark.parametrize(("wraps", "quadrants"), [(1, QUADRANTS), (2, QUADRANTS), (3, ("all",))])
def test_pull_on_every_segment_is_the_derivative_of_length(wraps, quadrants):
    """Points lie on two segments in turn, surfaces on a third: each is moved a little every way."""
    paths = Paths(random_cases(300, 10 + wraps, wraps, quadrants))
    length, wrench, _ = paths.laid()
    pulls = paths.tables.pulls
    step, touching, worst = 1e-6, 0, 0.0
    for segment in (1, 2, 3):
        for way in range(6):
            lengths = [paths.nudged(segment, way, sign * step)[0] for sign in (1.0, -1.0)]
            smooth = np.abs(lengths[0] + lengths[1] - 2.0 * length) < 100.0 * step**2
            slope = -(lengths[0] - lengths[1]) / (2.0 * step)
            unit = np.eye(6)[way]
            work = wrench[pulls[:, 0]] @ unit
            sign = (pulls[:, 2] == segment).astype(float) - (pulls[:, 3] == segment)
            arm = np.bincount(pulls[:, 1], weights=sign * work, minlength=len(length))
            touching += int(np.sum(smooth & (np.abs(arm) > 0.0)))
            assert smooth.mean() > 0.97
            worst = max(worst, float(np.max(np.abs(arm - slope)[smooth])))
    assert touching > 300
    assert worst < 1e-7


# ---- a whole body -------------------------------------------------------------------------------------------------


def wrapped_body():
    """The adult, its rectus femoris over a cylinder on the femur and its soleus over a sphere behind the shank.

    The former has a conditional point and one that slides.
    """
    thigh = Wrap(radius=0.05, length=1.0, place=(0.02, -0.2, 0.0), turn=(10.0, 5.0, 0.0))
    calf = Wrap(kind="sphere", radius=0.03, place=(-0.03, -0.3, 0.01))
    model = bm.load_model()
    wraps = [thigh.row("thigh_r", "femur_r"), calf.row("calf_r", "tibia_r")]
    uses = [thigh.use("rect_fem_r", 0, "thigh_r"), calf.use("soleus_r", 0, "calf_r")]
    return model.with_rows({"wraps": wraps, "path_wraps": uses})


def test_moment_arms_of_a_body_are_the_derivative_of_length():
    model, plain = wrapped_body(), bm.load_model()
    pose = {"hip_flexion_r": 30.0, "hip_adduction_r": 5.0, "ankle_angle_r": 10.0}
    knees = [-10.0, -40.0, -90.0, -110.0]
    found = model.muscle_geometry(knee_angle_r=knees, **pose).sel(muscle=["rect_fem_r", "soleus_r"])
    before = plain.muscle_geometry(knee_angle_r=knees, **pose).sel(muscle=["rect_fem_r", "soleus_r"])
    assert np.all((found.length - before.length).values > 1e-4)
    step = 1e-3
    for name in ("hip_flexion_r", "hip_adduction_r", "hip_rotation_r", "knee_angle_r", "ankle_angle_r"):
        now = {"knee_angle_r": np.array(knees), **pose}
        ends = [
            model.muscle_geometry(**{**now, name: now.get(name, 0.0) + sign * step}).length.sel(muscle=found.muscle)
            for sign in (1.0, -1.0)
        ]
        slope = -(ends[0] - ends[1]).values / (2.0 * np.radians(step))
        assert np.allclose(found.moment_arm.sel(coordinate=name).values, slope, atol=1e-7)
    assert abs(found.moment_arm.sel(muscle="rect_fem_r", coordinate="knee_angle_r")).min() > 0.01


def test_both_sides_wrap_alike():
    model = wrapped_body()
    assert model.tables["path_wraps"].text("wrap") == ("thigh_r", "calf_r", "thigh_l", "calf_l")
    assert model.is_symmetric
    found = model.muscle_geometry(hip_flexion_r=30.0, hip_flexion_l=30.0, ankle_angle_r=10.0, ankle_angle_l=10.0).length
    for muscle in ("rect_fem", "soleus"):
        sides = [float(found.sel(muscle=f"{muscle}_{side}")[0]) for side in "rl"]
        assert sides[0] == pytest.approx(sides[1], abs=1e-15)


def test_free_bodies_close_with_wraps():
    """Power at every cut by finite differences of frames: the pull of a surface on its segment is in the reactions."""
    model, stance = wrapped_body(), {"pelvic_tilt": [0.0, 10.0], "knee_flexion": [10.0, 95.0], "trunk_lean": 20.0}
    answer = bm.sweep(model, **stance)
    gap = left_open(model, answer)
    assert gap.sizes["posture"] > 0
    assert np.abs(gap).max() < 1e-8
    assert np.abs(answer.activation - bm.sweep(bm.load_model(), **stance).activation).max() > 1e-4


def test_wraps_go_with_what_they_are_on():
    model = wrapped_body()
    left = model.without("*_l")
    assert left.tables["wraps"].rows == ("thigh_r", "calf_r")
    assert left.tables["path_wraps"].rows == ("rect_fem_r.0", "soleus_r.0")
    assert model.without("soleus_r").tables["path_wraps"].text("muscle") == ("rect_fem_r", "rect_fem_l", "soleus_l")


def test_wraps_grow_with_the_body():
    model = wrapped_body()
    height = model.value("settings/height")
    larger = model.scaled(height=1.2 * height)
    assert larger.value("wraps/thigh_r/radius") == pytest.approx(0.06)
    assert larger.value("wraps/calf_l/z") == pytest.approx(-0.012)
    pose = {"hip_flexion_r": 30.0, "ankle_angle_r": 10.0, "knee_angle_r": [-20.0, -95.0]}
    one, other = (own.muscle_geometry(**pose).sel(muscle=["rect_fem_r", "soleus_r"]) for own in (model, larger))
    assert np.allclose(other.length, 1.2 * one.length, atol=1e-14)
    # a part that grows alone takes its surfaces along
    thighs = model.scaled(lengths={"thigh": 1.1 * part_length(model.tables, "thigh")})
    assert thighs.value("wraps/thigh_r/y") == pytest.approx(-0.22)
    assert thighs.value("wraps/calf_r/y") == pytest.approx(-0.3)


def test_an_answer_tells_the_wraps_of_its_body():
    model = wrapped_body()
    made = make_model(json.loads(describe_model(model)))
    assert {name: dict(table.columns) for name, table in made.tables.items()} == {
        name: dict(table.columns) for name, table in model.tables.items()
    }


def test_wraps_follow_new_names():
    model = wrapped_body()
    names = {"segments": {"femur_r": "right upper leg"}, "muscles": {"rect_fem_r": "straight one"}}
    tables = bm.model.roles.with_names(model.tables, names)
    assert tables["wraps"].text("segment")[0] == "right upper leg"
    assert tables["path_wraps"].text("muscle")[0] == "straight one"


def test_a_body_without_wraps_has_no_such_table():
    assert not {*OPTIONAL} & {*bm.load_model().tables}
    assert bm.load_model().rows_matching("wraps", "*") == []


@pytest.mark.parametrize(
    ("table", "row", "column", "cell", "said"),
    [
        ("wraps", 0, "radius", 0.0, "must be above 0 and at most 5 m"),
        ("wraps", 0, "radius", -0.1, "must be above 0 and at most 5 m"),
        ("wraps", 0, "radius", np.nan, "must be a finite number"),
        ("wraps", 0, "length", -1.0, "must be above 0"),
        ("wraps", 0, "length", np.nan, "must be a number (m), for the surface is a cylinder"),
        ("wraps", 1, "length", 1.0, "must be absent (NaN), for the surface is a sphere"),
        ("wraps", 0, "rx", np.inf, "must be a finite number"),
        ("wraps", 0, "kind", "torus", "must be one of cylinder, sphere"),
        ("wraps", 0, "quadrant", "left", "must be one of all, x, y, z, -x, -y, -z"),
        ("wraps", 0, "segment", "nowhere", "there is no such name"),
        ("path_wraps", 0, "muscle", "nobody", "there is no such name"),
        ("path_wraps", 0, "wrap", "nothing", "there is no such name"),
        ("path_wraps", 0, "first", 0.5, "must be a whole number"),
        ("path_wraps", 0, "first", -1.0, "must be in 0"),
        ("path_wraps", 0, "last", 9.0, "must be in 0..2, the points of its path"),
    ],
)
def test_wraps_that_cannot_be_are_refused(table, row, column, cell, said):
    model = wrapped_body()
    own = model.tables[table]
    cells = list(own.columns[column])
    cells[row] = cell
    with pytest.raises(ModelError) as caught:
        bm.Model("bad", {**model.tables, table: own.with_column(column, tuple(cells))})
    assert f"{table}/{own.rows[row]}/{column}" in str(caught.value)
    assert said in str(caught.value)


# ---- OpenSim's numbers --------------------------------------------------------------------------------------------


def reference(name, table):
    with gzip.open(OSIM / f"{name}.{table}.csv.gz", "rt") as file:
        return list(csv.DictReader(file))


def described(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ellipsoids are left out, and so are the paths over them
        return read_description(OSIM / "models" / f"{name}.osim")


def lay_poses(model, paths, poses):
    """The paths in poses, mappings of coordinates, with frames by the oracle."""
    rotation, origin = (
        np.empty((len(poses), len(paths.segments) + 1, 9)),
        np.empty((len(poses), len(paths.segments) + 1, 3)),
    )
    for i, q in enumerate(poses):
        frames = osim_kinematics.body_frames(model, q)
        for k, segment in enumerate(["ground", *paths.segments]):
            rotation[i, k], origin[i, k] = np.ravel(frames[segment][0]), frames[segment][1]
    q = np.array([[pose[c] for c in paths.coordinates] for pose in poses])
    return rotation, origin, paths.lay(rotation, origin, q)


def coupled(model, q):
    q = dict(q)
    for coupler in model.couplers:
        q[coupler.dependent] = coupler.scale * osim_kinematics.evaluate(
            coupler.function, [q[name] for name in coupler.independents]
        )
    return q


def posed(model, name, paths):
    return [{c: float(row[c]) for c in paths.coordinates} for row in reference(name, "poses")]


MODELS = ("subject_walk_scaled", "arm26", "arm_wraps")
needs_reference = pytest.mark.skipif(not OSIM.exists(), reason="OpenSim's numbers are not here")


@needs_reference
@pytest.mark.parametrize("name", MODELS)
def test_lengths_are_those_of_opensim(name):
    model = described(name)
    paths = DescribedPaths(model)
    _, _, (length, _, order) = lay_poses(model, paths, posed(model, name, paths))
    fresh = {}
    if name == "subject_walk_scaled":
        fresh = {(r["pose"], r["path"]): float(r["length_fresh"]) for r in reference(name, "wraps")}
    touched = np.zeros(length.shape)
    for muscle, _, _, first, end in paths.tables.wraps.stretch:
        touched[:, muscle] = np.sum(order[:, first:end] >= 0.0, axis=1)
    gaps, same = [], []
    for row in reference(name, "lengths"):
        if row["path"] in paths.muscles:
            i, m = int(row["pose"]), paths.muscles.index(row["path"])
            gap = abs(length[i, m] - fresh.get((row["pose"], row["path"]), float(row["length"])))
            if not paths.wrapped[m]:
                assert gap < 1e-7
                continue
            gaps.append(gap)
            start, end = paths.tables.start[m : m + 2]
            if not np.any(paths.tables.kind[start:end] == 1):
                same.append(int(row["points"]) == end - start + 2 * touched[i, m])
    assert max(gaps) < 5e-4
    assert np.median(gaps) < 1e-6
    assert np.mean(same) >= 0.99


@needs_reference
@pytest.mark.parametrize(("name", "poses"), [("subject_walk_scaled", 8), ("arm26", 20), ("arm_wraps", 20)])
def test_moment_arms_are_those_of_opensim_and_derivatives(name, poses):
    model = described(name)
    paths = DescribedPaths(model)
    free = [row["coordinate"] for row in reference(name, "coordinates") if row["independent"] == "1"]
    stale = set()
    if name == "subject_walk_scaled":
        stale = {(r["pose"], r["path"]) for r in reference(name, "wraps") if r["stale"] == "1"}
    arms = {(r["pose"], r["path"], r["coordinate"]): r for r in reference(name, "arms")}
    step, pulls, rows = 1e-5, paths.tables.pulls, []
    for i, at in enumerate(posed(model, name, paths)[:poses]):
        around = [coupled(model, {**at, c: at[c] + d}) for c in free for d in (step, -step)]
        rotation, origin, (length, wrench, _) = lay_poses(model, paths, [coupled(model, at), *around])
        R0 = rotation[0].reshape(-1, 3, 3)
        for k, coordinate in enumerate(free):
            ahead, behind = 1 + 2 * k, 2 + 2 * k
            slope = -(length[ahead] - length[behind]) / (2.0 * step)
            smooth = np.abs(length[ahead] + length[behind] - 2.0 * length[0]) < 1e-8
            turn = (rotation[ahead] - rotation[behind]).reshape(-1, 3, 3) @ R0.transpose(0, 2, 1) / (2.0 * step)
            w = np.stack([turn[:, 2, 1], turn[:, 0, 2], turn[:, 1, 0]], axis=-1)
            v = (origin[ahead] - origin[behind]) / (2.0 * step) - np.cross(w, origin[0])
            screw = np.concatenate([v, w], axis=1)
            work = np.sum(wrench[0, pulls[:, 0]] * (screw[pulls[:, 2]] - screw[pulls[:, 3]]), axis=1)
            arm = np.bincount(pulls[:, 1], weights=work, minlength=len(paths.muscles))
            assert np.max(np.abs(arm - slope)[smooth]) < 1e-7
            for m, path in enumerate(paths.muscles):
                row = arms.get((str(i), path, coordinate))
                if row is not None and row["class"] != "switch" and (str(i), path) not in stale and paths.wrapped[m]:
                    gap = min(abs(arm[m] - float(row[c])) for c in ("moment_arm", "fd"))
                    rows.append((row["class"] == "smooth", gap))
    smooth = np.array([gap for is_smooth, gap in rows if is_smooth])
    assert np.mean(smooth < 1e-4) >= 0.95
    assert np.mean(np.array([gap for _, gap in rows]) < 1e-3) >= 0.99
