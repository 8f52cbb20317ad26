"""Another person's lengths in a body from a model file: as OpenSim's scaling has them, where it can be asked."""

import numpy as np
import pytest
from shared_reference import OSIM

import biomech as bm
from biomech.errors import ModelError
from biomech.model.parts import PARTS, part_length, part_of

pytestmark = pytest.mark.skipif(not OSIM.exists(), reason="needs the reference models of OpenSim")

FILES = ("more_models/gait2354_v40000", "more_models/gait10dof18musc", "models/subject_walk_scaled")
FACTORS = {"trunk": 1.05, "pelvis": 1.08, "thigh": 1.1, "shank": 0.93, "foot": 0.96}


def own_lengths(model):
    return {part: part_length(model.tables_by_role, part) for part in PARTS}


def stretched(model):
    return model.scaled(lengths={part: FACTORS[part] * own for part, own in own_lengths(model).items()})


def poses(model, count=6):
    """Random angles, deg, of all coordinates that turn and follow no other; the others stay at zero."""
    table, rng = model.tables["coordinates"], np.random.default_rng(3)
    followers = set(model.tables["couplers"].text("dependent")) if "couplers" in model.tables else set()
    ranges = zip(table.rows, table.text("motion"), table.numbers("range_min", "range_max").reshape(-1, 2), strict=True)
    return {
        name: rng.uniform(max(low, -60.0), min(high, 60.0), count)
        for name, motion, (low, high) in ranges
        if motion == "rotation" and name not in followers
    }


@pytest.fixture(scope="module", params=FILES)
def body(request):
    return bm.read_osim(OSIM / f"{request.param}.osim"), OSIM / f"{request.param}.osim"


def test_each_part_has_the_length_that_was_asked(body):
    model, _ = body
    other = stretched(model)
    for part, own in own_lengths(model).items():
        assert part_length(other.tables_by_role, part) == pytest.approx(FACTORS[part] * own, rel=1e-12)
    # as kinematics has it, which knows no parts; the shank's frame may stand beside the knee
    knee, hip = (model.roles.segments[role] for role in ("tibia_r", "femur_r"))
    ours, theirs = (own.kinematics().squeeze().origin for own in (model, other))
    ratio = (theirs.sel(segment=knee) - theirs.sel(segment=hip)) / (ours.sel(segment=knee) - ours.sel(segment=hip))
    assert float(ratio.sel(axis="y")) == pytest.approx(FACTORS["thigh"], rel=3e-3)


def test_scaling_back_gives_the_lengths_back(body):
    model, _ = body
    back = stretched(model).scaled(lengths=own_lengths(model))
    for name, table in model.tables.items():
        if name == "notes":  # say that the body was changed
            continue
        for column, cells in table.columns.items():
            if cells and isinstance(cells[0], float):
                np.testing.assert_allclose(back.tables[name].columns[column], cells, rtol=1e-12, atol=1e-14)
            else:
                assert back.tables[name].columns[column] == cells, (name, column)


def test_arms_are_still_what_lengths_change_by(body):
    """Virtual work: the arm is -dL/dq by central difference, functions and couplers stretched with it."""
    model = stretched(body[0])
    pose, step = poses(model, 4), 1e-3
    arms = model.muscle_geometry(pose).moment_arm
    for name in [model.roles.coordinates[role] for role in ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")]:
        longer, shorter = (
            model.muscle_geometry({**pose, name: pose[name] + change}).length for change in (step, -step)
        )
        difference = -(longer - shorter) / (2.0 * np.radians(step))
        off = np.abs(arms.sel(coordinate=name) - difference)
        assert float(off.quantile(0.98)) < 1e-7  # a switch of a path may lie within the step


def test_inertia_is_that_of_the_stretched_mass(body):
    """Of a cloud of points with the segment's inertia, moved as the segment is stretched."""
    model, _ = body
    name = model.roles.segments["femur_r"]
    before, after = (own.tables["inertias"] for own in (model, stretched(model)))
    row = before.index(name)
    i = {axes: float(before.numbers(axes)[row]) for axes in ("xx", "yy", "zz", "xy", "xz", "yz")}
    tensor = np.array([[i["xx"], i["xy"], i["xz"]], [i["xy"], i["yy"], i["yz"]], [i["xz"], i["yz"], i["zz"]]])
    second = 0.5 * np.trace(tensor) * np.eye(3) - tensor  # sum of m r r'
    values, axes = np.linalg.eigh(second)
    points = (axes * np.sqrt(np.maximum(values, 0.0))).T * (1.0, FACTORS["thigh"], 1.0)
    moved = sum(float(p @ p) * np.eye(3) - np.outer(p, p) for p in points)
    assert float(after.numbers("xx")[row]) == pytest.approx(moved[0, 0], rel=1e-9)
    assert float(after.numbers("yy")[row]) == pytest.approx(moved[1, 1], rel=1e-9)
    assert float(after.numbers("xy")[row]) == pytest.approx(moved[0, 1], rel=1e-9, abs=1e-12)


def test_it_stands_on_longer_legs(body):
    model, _ = body
    own = own_lengths(model)
    other = model.scaled(lengths={part: 1.05 * own[part] for part in ("thigh", "shank")})
    ds = bm.sweep(other, pelvic_tilt=0.0, knee_flexion=[0.0, 20.0])
    assert (ds.status == 0).all()
    assert float(ds.equilibrium_residual.max()) < 1e-9


def test_opensim_scales_alike(body):
    """OpenSim's scaling with the same factors has bodies and lengths of muscles without wraps at the same places.

    But for what a joint moves along axes that lie aslant in the thigh (the knee of ``subject_walk_scaled``): OpenSim
    stretches that by the thigh's own x, y and z.
    """
    opensim = pytest.importorskip("opensim")
    opensim.Logger.setLevelString("error")
    model, file = body
    other, roles = stretched(model), {name: role for role, name in model.roles.segments.items()}
    theirs = opensim.Model(str(file))
    state = theirs.initSystem()
    scales = opensim.ScaleSet()
    names = [theirs.getBodySet().get(i).getName() for i in range(theirs.getBodySet().getSize())]
    for name in names:
        factors, part = [1.0, 1.0, 1.0], part_of(roles[name]) if name in roles else None
        if part is not None:
            factors["xyz".index(PARTS[part].axis)] = FACTORS[part]
        scale = opensim.Scale()
        scale.setSegmentName(name)
        scale.setScaleFactors(opensim.Vec3(*factors))
        scale.setApply(True)
        scales.cloneAndAppend(scale)
    theirs.scale(state, scales, True, model.body_mass)
    state = theirs.initSystem()
    wrapped = set(model.tables["path_wraps"].text("muscle")) if "path_wraps" in model.tables else set()
    muscles = [muscle for muscle in model.muscles if muscle not in wrapped]
    named = [theirs.getCoordinateSet().get(i) for i in range(theirs.getCoordinateSet().getSize())]
    free = [own.getName() for own in named if not own.isDependent(state)]
    pose = {name: values for name, values in poses(model).items() if name in free}  # what stances add stays at zero
    pose |= {name: np.zeros(6) for name in free if name not in pose}
    kinematics, length = other.kinematics(pose), other.muscle_geometry(pose).length
    near = 2e-4 if file.stem == "subject_walk_scaled" else 1e-9
    for i in range(6):
        for name, values in pose.items():
            theirs.getCoordinateSet().get(name).setValue(state, np.radians(values[i]), False)
        theirs.assemble(state)
        theirs.realizePosition(state)
        for name in names:
            place = [theirs.getBodySet().get(name).getPositionInGround(state).get(k) for k in range(3)]
            np.testing.assert_allclose(kinematics.origin.sel(segment=name)[i], place, atol=near)
        found = [theirs.getMuscles().get(muscle).getLength(state) for muscle in muscles]
        np.testing.assert_allclose(length.sel(muscle=muscles)[i], found, atol=near)


def test_a_frame_that_lies_across_is_refused():
    """Its thigh is turned in the hip's frame, and all that it carries the other way round."""
    model = bm.read_osim(OSIM / "models/subject_walk_scaled.osim")
    row = {"joint": model.roles.joints["hip_r"], "child_rz": 90.0, "source": "a test"}
    zero = dict.fromkeys(
        ("parent_rx", "parent_ry", "parent_rz", "child_x", "child_y", "child_z", "child_rx", "child_ry"), 0.0
    )
    other = model.with_rows({"joint_frames": [{**zero, **row}]})
    with pytest.raises(ModelError, match=r"lengths\['thigh'\]: the y axis of segment 'femur_r', .* 90 deg off"):
        other.scaled(lengths={"thigh": 0.45})
