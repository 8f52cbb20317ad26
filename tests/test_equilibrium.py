"""Equilibrium, ground and joint forces against plain free-body mechanics."""

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

import biomech as bm
from biomech.model.mirror import other_side

STANCES = {
    "turned out": {"pelvic_tilt": 6, "foot_rotation": 40, "knee_flexion": 20},
    "leaning": {"pelvic_tilt": 0, "trunk_lean": 35, "knee_flexion": 10, "weight_shift": 0.6, "arms": "fixed"},
    "uphill, loaded": {"pelvic_tilt": 3, "slope": 12, "load_mass": 12, "load_position": (0.25, 0.2, 0.0)},
    "lopsided": {
        "pelvic_tilt": 3,
        "foot_rotation": xr.DataArray([5.0, 40.0], dims="side"),
        "knee_flexion": xr.DataArray([0.0, 20.0], dims="side"),
    },
    "one-sided load": {"pelvic_tilt": 3, "load_mass": 10, "load_position": (0.0, 0.1, 0.25)},
    "one leg": {"pelvic_tilt": 3, "support": "right", "knee_flexion": xr.DataArray([5.0, 45.0], dims="side")},
}


@pytest.fixture(params=STANCES, scope="module")
def stood(request, adult):
    stance = STANCES[request.param]
    ds = bm.sweep(adult, **stance)
    assert int(ds.status) == 0
    return adult, stance, ds


def frames(model, pose):
    """Rotation, origin and centre of mass of every segment, by name."""
    ds = model.kinematics(**pose)
    parts = (ds.rotation.values[0], ds.origin.values[0], ds.segment_centre.values[0])
    return {name: tuple(part[i] for part in parts) for i, name in enumerate(model.segments)}


def coordinates(ds):
    return {name: float(angle) for name, angle in bm.pose(ds).items()}


def load_of(stance):
    """Mass and place of the load in the torso."""
    return stance.get("load_mass", 0.0), np.array(stance.get("load_position", (0.0, 0.0, 0.0)))


def test_certificate(stood):
    _, _, ds = stood
    assert float(ds.equilibrium_residual) < 1e-9
    assert float(ds.duality_gap) < 1e-9
    assert float(ds.activation.min()) >= 0.0
    assert float(ds.activation.max()) <= 1.0


def test_whole_body_balance(stood):
    """The ground carries the weight, under the centre of mass, and does not turn the body about the vertical."""
    model, stance, ds = stood
    mass, place = load_of(stance)
    gravity = model.value("settings/gravity")
    where = model.kinematics(**coordinates(ds))
    torso = where.sel(segment="torso").isel(pose=0)
    held = torso.origin.values + torso.rotation.values @ place
    weight = gravity * (model.body_mass + mass)
    centre = (model.body_mass * where.body_centre.values[0] + mass * held) / (model.body_mass + mass)
    total = ds.ground_force.sum("foot").values
    np.testing.assert_allclose(total, [0.0, weight, 0.0], atol=1e-8 * weight)
    slope = np.radians(stance.get("slope", 0.0))
    normal = np.array([-np.sin(slope), np.cos(slope), 0.0])
    points = ds.center_of_pressure.fillna(0.0).values
    moment = np.cross(points, ds.ground_force.values) + ds.free_moment.values[:, None] * normal
    np.testing.assert_allclose(moment.sum(axis=0), np.cross(centre, [0.0, weight, 0.0]), atol=1e-7 * weight)


def test_pressure_is_on_the_soles_inside_the_cones(stood):
    model, stance, ds = stood
    friction = stance.get("friction", 0.6)
    slope = np.radians(stance.get("slope", 0.0))
    normal = np.array([-np.sin(slope), np.cos(slope), 0.0])
    where = model.kinematics(**coordinates(ds)).isel(pose=0)
    table = model.tables["contact_points"]
    for foot, side in (("right", "r"), ("left", "l")):
        force = ds.ground_force.sel(foot=foot).values
        if force @ normal < 1e-6:
            continue
        assert np.linalg.norm(force - (force @ normal) * normal) <= friction * (force @ normal) * (1 + 1e-9)
        calcn = where.sel(segment=f"calcn_{side}")
        local = calcn.rotation.values.T @ (ds.center_of_pressure.sel(foot=foot).values - calcn.origin.values)
        own = [i for i, name in enumerate(table.text("segment")) if name == f"calcn_{side}"]
        corners = table.numbers("x", "z")[own]
        corners = corners[np.argsort(np.arctan2(*(corners - corners.mean(axis=0)).T))]
        edge = np.roll(corners, -1, axis=0) - corners
        away = local[[0, 2]] - corners
        assert np.all(edge[:, 0] * away[:, 1] - edge[:, 1] * away[:, 0] <= 1e-9)


def spans(model, where, muscle, pose):
    """Points of a path in ground with their segments, inactive conditional points left out, moving points placed."""
    from biomech.model.mechanics.splines import simm_spline

    table = model.tables["path_points"]
    found = []
    for i in range(len(table)):
        if table.text("muscle")[i] != muscle:
            continue
        kind, coordinate = table.text("kind")[i], table.text("coordinate")[i]
        local = table.numbers("x", "y", "z")[i].copy()
        angle = np.radians(pose.get(coordinate, 0.0))
        if kind == "conditional":
            least, most = table.numbers("active_min", "active_max")[i]
            if not least - 1e-5 <= angle <= most + 1e-5:
                continue
        if kind == "moving":
            for k, column in enumerate(("spline_x", "spline_y")):
                knots = model.tables["splines"]
                own = [j for j, s in enumerate(knots.text("spline")) if s == table.text(column)[i]]
                local[k] = simm_spline(*knots.numbers("angle", "value")[own].T)(angle)
        segment = table.text("segment")[i]
        turn, origin, _ = where[segment]
        found.append((segment, origin + turn @ local))
    return found


def forces_on_segments(model, stance, ds):
    """Force and moment about the ground origin on every segment from gravity, ground, load and muscles."""
    pose = coordinates(ds)
    where = frames(model, pose)
    total = {segment: np.zeros(6) for segment in model.segments}

    def add(segment, point, force):
        total[segment] += np.concatenate([force, np.cross(point, force)])

    gravity = model.value("settings/gravity")
    for segment in model.segments:
        weight = np.array([0.0, -gravity * model.value(f"segments/{segment}/mass"), 0.0])
        add(segment, where[segment][2], weight)
    mass, place = load_of(stance)
    turn, origin, _ = where["torso"]
    add("torso", origin + turn @ place, np.array([0.0, -gravity * mass, 0.0]))
    slope = np.radians(stance.get("slope", 0.0))
    for foot, side in (("right", "r"), ("left", "l")):
        point = ds.center_of_pressure.sel(foot=foot).fillna(0.0).values
        add(f"calcn_{side}", point, ds.ground_force.sel(foot=foot).values)
        total[f"calcn_{side}"][3:] += float(ds.free_moment.sel(foot=foot)) * np.array(
            [-np.sin(slope), np.cos(slope), 0]
        )
    for muscle in model.muscles:
        pull = float(ds.muscle_force.sel(muscle=muscle))
        path = spans(model, where, muscle, pose)
        for (near, p), (far, q) in pairwise(path):
            along = pull * (q - p) / np.linalg.norm(q - p)
            add(near, p, along)
            add(far, q, -along)
    return total, where


def tendon_for_quadriceps(model, ds, where, side):
    """What the tendon pulls the tibia with, less what the quadriceps' paths would, in ground."""
    from biomech.model.mechanics.splines import simm_spline

    pose, table = coordinates(ds), model.tables["patellar_tendon"]
    own = np.array(table.text("curve")) == "direction"
    ahead = np.radians(simm_spline(*table.numbers("flexion", "value")[own].T)(-pose[f"knee_angle_{side}"]))
    along = where[f"tibia_{side}"][0] @ [np.sin(ahead), np.cos(ahead), 0.0]
    change = float(ds.patellar_tendon_force.sel(foot={"r": "right", "l": "left"}[side])) * along
    for muscle in ("rect_fem", "vas_med", "vas_int", "vas_lat"):
        (_, near), (_, far) = list(pairwise(spans(model, where, f"{muscle}_{side}", pose)))[-1]
        change -= float(ds.muscle_force.sel(muscle=f"{muscle}_{side}")) * (near - far) / np.linalg.norm(near - far)
    return change


def lumbar_tissue(model, extension):
    """N: the flexion curve's moment over its arm; the spine flexes by more than the line from L5/S1 to C7 turns."""
    a, b, arm = (model.value(f"passive/lumbar_curve_{of}") for of in ("moment", "rate", "arm"))
    flexion = -extension / model.value("settings/lumbar_line_share")
    return a * np.expm1(b * max(flexion, 0.0)) / arm


def test_free_bodies_balance(stood):
    """Cut at hips, knees, ankles and L5/S1: the reported joint force closes every free body between the cuts."""
    model, stance, ds = stood
    total, where = forces_on_segments(model, stance, ds)
    weight = model.body_mass * model.value("settings/gravity")
    child = {"hip": "femur", "knee": "tibia", "ankle": "talus"}
    bodies = {
        "torso": (["torso"], {"lumbosacral": 1}),
        "pelvis": (["pelvis"], {"lumbosacral": -1, "hip_r": -1, "hip_l": -1}),
    }
    for s in "rl":
        bodies[f"thigh_{s}"] = ([f"femur_{s}"], {f"hip_{s}": 1, f"knee_{s}": -1})
        bodies[f"shank_{s}"] = ([f"tibia_{s}"], {f"knee_{s}": 1, f"ankle_{s}": -1})
        bodies[f"foot_{s}"] = ([f"talus_{s}", f"calcn_{s}", f"toes_{s}"], {f"ankle_{s}": 1})
    for s in "rl":
        # the tendon pulls the tibia in place of the quadriceps, which pull the patella, and that the femur
        change = tendon_for_quadriceps(model, ds, where, s)
        total[f"tibia_{s}"][:3] += change
        total[f"femur_{s}"][:3] -= change
    # what is behind the flexed spine pulls the trunk down to the pelvis
    pull = lumbar_tissue(model, coordinates(ds)["lumbar_extension"])
    assert float(ds.lumbar_tissue_force) == pytest.approx(pull, abs=1e-9)
    down = -pull * where["torso"][0] @ [0.0, 1.0, 0.0]
    total["torso"][:3] += down
    total["pelvis"][:3] -= down
    for name, (segments, joints) in bodies.items():
        force = sum(total[segment][:3] for segment in segments)
        for joint, sign in joints.items():
            frame = "torso" if joint == "lumbosacral" else f"{child[joint[:-2]]}{joint[-2:]}"
            turn = where[frame][0]
            force = force + sign * turn @ ds.joint_contact_force.sel(joint=joint).values
        assert np.abs(force).max() < 1e-8 * weight, name


def test_hip_moment_is_the_passive_moment(stood):
    """Virtual work at the hip: what the muscles leave over about each axis is what passive tissue carries."""
    model, stance, ds = stood
    total, where = forces_on_segments(model, stance, ds)
    leg = ["femur_r", "tibia_r", "talus_r", "calcn_r", "toes_r"]
    wrench = sum(total[segment] for segment in leg)
    centre = where["femur_r"][1]
    moment = wrench[3:] - np.cross(centre, wrench[:3])
    pelvis, femur = where["pelvis"][0], where["femur_r"][0]
    axes = {"hip_flexion_r": pelvis[:, 2], "hip_rotation_r": femur[:, 1]}
    axes["hip_adduction_r"] = np.cross(axes["hip_rotation_r"], axes["hip_flexion_r"])
    axes["hip_adduction_r"] /= np.linalg.norm(axes["hip_adduction_r"])
    for name, axis in axes.items():
        passive = float(ds.passive_moment.sel(coordinate=name))
        assert moment @ axis + passive == pytest.approx(0.0, abs=1e-6), name


def test_virtual_work(stood):
    """Through any small displacement the forces on the segments, and passive tissue, do no work."""
    model, stance, ds = stood
    pose = coordinates(ds)
    total, where = forces_on_segments(model, stance, ds)
    table = model.tables["coordinates"]
    geometry = model.muscle_geometry(**pose).moment_arm[0]
    paths = {muscle: spans(model, where, muscle, pose) for muscle in moving_muscles(model)}
    for name in model.coordinates:
        if name.startswith(("mtp", "shank")):
            continue  # not free in a stance
        rotation = table.text("motion")[table.index(name)] == "rotation"
        step = 1e-3
        unit = np.radians(step) if rotation else step
        near = [frames(model, {**pose, name: pose[name] + s * step}) for s in (-1, 1)]
        work = 0.0
        for segment in model.segments:
            wrench = total[segment]
            (before, a, _), (after, b, _) = (n[segment] for n in near)
            move = (b - a) / (2 * unit)
            turn, origin, _ = where[segment]
            spin = (after - before) / (2 * unit) @ turn.T
            omega = np.array([spin[2, 1] - spin[1, 2], spin[0, 2] - spin[2, 0], spin[1, 0] - spin[0, 1]]) / 2
            work += wrench[:3] @ move + (wrench[3:] - np.cross(origin, wrench[:3])) @ omega
        # a moving point slides on its segment: the rest of the muscle's work
        slide = sum(
            float(ds.muscle_force.sel(muscle=muscle)) * (float(geometry.sel(muscle=muscle, coordinate=name)) - held)
            for muscle, held in held_arms(model, where, near, paths, unit).items()
        )
        passive = float(ds.passive_moment.sel(coordinate=name))
        assert work + slide + passive == pytest.approx(0.0, abs=2e-4), name


def moving_muscles(model):
    """Muscles with a moving point."""
    table = model.tables["path_points"]
    moving = [m for m, kind in zip(table.text("muscle"), table.text("kind"), strict=True) if kind == "moving"]
    return sorted(set(moving))


def held_arms(model, where, near, paths, unit):
    """Moment arms with the moving points held on their segments."""
    arms = {}
    for muscle, path in paths.items():
        lengths = []
        for moved in near:
            points = [
                moved[segment][1] + moved[segment][0] @ where[segment][0].T @ (p - where[segment][1])
                for segment, p in path
            ]
            lengths.append(sum(np.linalg.norm(q - p) for p, q in pairwise(points)))
        arms[muscle] = -(lengths[1] - lengths[0]) / (2 * unit)
    return arms


def test_whole_body_solution_equals_the_half(adult):
    """A symmetric stance gives the same answer whether half or all of the body is solved."""
    stance = {"pelvic_tilt": 4, "foot_rotation": 25, "knee_flexion": 15, "trunk_lean": 10}
    half = bm.sweep(adult, **stance)
    # a grain of sand on one side makes the model lopsided, so that the whole body is solved
    whole = bm.sweep(adult.replace({"muscles/gem_l/pennation": 0.3 + 1e-9}), **stance)
    np.testing.assert_allclose(half.activation, whole.activation, atol=1e-9)
    np.testing.assert_allclose(half.joint_contact_force, whole.joint_contact_force, atol=1e-5)
    np.testing.assert_allclose(half.ground_force, whole.ground_force, atol=1e-5)
    np.testing.assert_allclose(half.passive_moment, whole.passive_moment, atol=1e-9)


def test_mirror_symmetry(adult):
    ds = bm.sweep(adult, pelvic_tilt=4, foot_rotation=25, knee_flexion=15)
    for muscle in adult.muscles:
        assert float(ds.activation.sel(muscle=muscle)) == float(ds.activation.sel(muscle=other_side(muscle)))
    for joint in ("hip", "knee", "ankle"):
        right, left = (ds.joint_contact_force.sel(joint=f"{joint}_{s}").values for s in "rl")
        np.testing.assert_array_equal(right * [1, 1, -1], left)
    np.testing.assert_array_equal(ds.ground_force.sel(foot="right") * [1, 1, -1], ds.ground_force.sel(foot="left"))


@pytest.mark.parametrize("friction", [0.0, 0.3, 0.6])
def test_friction_can_hold_turnout(adult, friction):
    """The floor's friction takes over from the deep rotators; without friction there is no free moment."""
    ds = bm.sweep(adult, pelvic_tilt=0, foot_rotation=60, friction=friction)
    assert int(ds.status) == 0
    if friction == 0.0:
        assert float(np.abs(ds.free_moment).max()) < 1e-8
        slippery = float(ds.group_activation.sel(group="deep_external_rotators"))
        grip = bm.sweep(adult, pelvic_tilt=0, foot_rotation=60, friction=0.6)
        assert slippery > 3 * float(grip.group_activation.sel(group="deep_external_rotators"))


def test_more_sides_of_the_pyramid_come_closer_to_the_cone(adult):
    cost = []
    for sides in (4, 8, 32):
        ds = bm.sweep(adult.replace({"settings/friction_sides": sides}), pelvic_tilt=0, foot_rotation=75)
        cost.append(float((ds.activation**2).sum()))
    assert cost[0] > cost[1] > cost[2]
    assert cost[1] - cost[2] < 0.2 * cost[1]


def test_the_contact_weight_means_nothing(adult):
    ds = [
        bm.sweep(
            adult.replace({"settings/contact_weight": w}), pelvic_tilt=0, foot_rotation=[0, 50], knee_flexion=[0, 30]
        )
        for w in (1e-5, 1e-6, 1e-7)
    ]
    assert float(np.abs(ds[1].activation - ds[2].activation).max()) < 5e-4
    assert float(np.abs(ds[0].activation - ds[2].activation).max()) < 5e-3


def test_a_load_at_a_known_arm(adult):
    """20 kg at 0.4 m in front of L5/S1 ask 78.5 N.m more of the lumbar extensors."""
    free, loaded = (
        bm.sweep(adult, pelvic_tilt=0, load_mass=mass, load_position=(0.4, 0.3, 0.0)) for mass in (0.0, 20.0)
    )
    arm = adult.muscle_geometry().moment_arm.sel(coordinate="lumbar_extension")[0]
    moments = [float((ds.muscle_force * arm).sum()) for ds in (free, loaded)]
    assert moments[1] - moments[0] == pytest.approx(20 * 9.80665 * 0.4, rel=1e-6)


def test_too_heavy_says_what_is_missing(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, load_mass=200, load_position=(0.8, 0.3, 0.0))
    assert int(ds.status) == 1
    muscle = str(ds.limiting_muscle.values)
    assert muscle in adult.groups["lumbar_extensors"]
    assert float(ds.activation.sel(muscle=muscle)) == pytest.approx(1.0)
    short = float(ds.shortfall.sel(coordinate="lumbar_extension"))
    arm = adult.muscle_geometry().moment_arm.sel(coordinate="lumbar_extension")[0]
    force = np.array([adult.value(f"muscles/{m}/max_isometric_force") for m in adult.muscles])
    strongest = float(np.maximum(arm.values * force, 0.0).sum())
    weight = 9.80665 * (200 * 0.8 + 34.2366 * 0.017)
    assert short == pytest.approx(weight - strongest, rel=0.02)
    assert f"N.m are missing at lumbar_extension; {muscle} is at full strength" in ds.attrs["message"]


def test_a_slippery_slope_is_no_muscles_fault(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, slope=20, friction=0.05)
    assert int(ds.status) == 1
    assert str(ds.limiting_muscle.values) == ""
    assert float(np.abs(ds.shortfall.sel(coordinate="pelvis_tx"))) > 100.0


@pytest.mark.parametrize("side", [{}, {"foot_rotation": xr.DataArray([0.0, 20.0], dims="side")}])
def test_abdominal_pressure_extends_and_lifts(adult, side):
    """Its rule, and free bodies of the trunk: moment of muscles and force on L5/S1, half and whole body."""
    stance = {"pelvic_tilt": 10, "trunk_lean": 50, "knee_flexion": 10, **side}
    pressed = adult.replace({"settings/pressure_share": 0.5})
    plain, held = bm.sweep(adult, **stance), bm.sweep(pressed, **stance)
    pose = coordinates(plain)
    arms = adult.muscle_geometry(**pose).moment_arm.squeeze().sel(coordinate="lumbar_extension")
    ask = float((arms * plain.muscle_force).sum()) + float(plain.passive_moment.sel(coordinate="lumbar_extension"))
    area, arm = adult.value("settings/pressure_area"), adult.value("settings/pressure_arm")
    pressure = float(held.abdominal_pressure)
    assert pressure == pytest.approx(0.5 * (79.0 * ask - 1127.0), rel=1e-9)
    assert float(plain.abdominal_pressure) == 0.0
    given = float((arms * (plain.muscle_force - held.muscle_force)).sum())
    assert given == pytest.approx(pressure * area * arm, rel=1e-6)
    # what crosses L5/S1 below the trunk: joint, muscles, pressure; its weight is the same in both
    where = adult.kinematics(**pose).isel(pose=0).sel(segment="torso").rotation.values
    total = np.zeros(3)
    for muscle in adult.muscles:
        path = spans(adult, frames(adult, pose), muscle, pose)
        change = float((held.muscle_force - plain.muscle_force).sel(muscle=muscle))
        for (near, a), (far, b) in pairwise(path):
            if (near == "torso") != (far == "torso"):
                pull = (b - a) / np.linalg.norm(b - a)
                total += change * (pull if near == "torso" else -pull)
    joint = where @ (held.joint_contact_force - plain.joint_contact_force).sel(joint="lumbosacral").values
    total += joint + pressure * area * where[:, 1]
    np.testing.assert_allclose(total, 0.0, atol=1e-6)


def test_leverage_scales_moment_arms_alone(adult):
    """Muscles that act on one joint alone: the same moment with less force."""
    longer = adult.scale({"muscles/*/leverage": 1.25})
    plain, held = (bm.sweep(model, pelvic_tilt=0, trunk_lean=20, knee_flexion=15) for model in (adult, longer))
    np.testing.assert_allclose(held.muscle_force * 1.25, plain.muscle_force, rtol=1e-3, atol=0.05)
