"""A body from a model file: it stands, answers as OpenSim does, and says what stands in for what is not said."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.spatial.transform import Rotation
from shared_reference import OSIM

import biomech as bm
from biomech.errors import BiomechWarning, ModelError, StanceError
from biomech.io.osim.anatomy.defaults import LIKE
from biomech.model.signs import turn_back, turn_coordinates

pytestmark = pytest.mark.skipif(not OSIM.exists(), reason="needs the reference models of OpenSim")

STANDING = ("more_models/gait2354_v40000", "more_models/gait10dof18musc", "models/subject_walk_scaled")
CLEAN = (*STANDING, "more_models/gait2354_v10901", "more_models/both_legs_v20200", "models/leg6dof9musc")
WALK = OSIM / "motions" / "walk_10dof"


@pytest.fixture(scope="module")
def bodies():
    return {name: bm.read_osim(OSIM / f"{name}.osim") for name in STANDING}


@pytest.fixture(scope="module")
def rajagopal(bodies):
    return bodies["models/subject_walk_scaled"]


def poses(model, count=20, seed=0):
    """Random coordinates inside their ranges, deg and m, of all that follow no other."""
    rng, table = np.random.default_rng(seed), model.tables["coordinates"]
    least, most = table.numbers("range_min"), table.numbers("range_max")
    followers = set(model.tables["couplers"].text("dependent")) if "couplers" in model.tables else set()
    return {
        name: rng.uniform(max(low, -60.0), min(high, 60.0), count)
        for name, low, high in zip(table.rows, least, most, strict=True)
        if name not in followers and not name.startswith("pelvis_t")
    }


@pytest.mark.parametrize("name", CLEAN)
def test_clean_files_are_read_without_a_warning(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = bm.read_osim(OSIM / f"{name}.osim")
    assert model.left_out == ()
    assert model.said.startswith("soles and seat as in gait2392")
    assert "\n" not in model.said
    assert model.said in model._repr_html_() or model.said[:20] in str(model._about().facts)


def test_gait2354_is_the_built_in_body_where_it_has_the_same_parts():
    """Its skeleton and its 54 muscles are those of gait2392, which is built in."""
    model, built = bm.read_osim(OSIM / "more_models/gait2354_v40000.osim"), bm.load_model(LIKE)
    pose = poses(built, 40) | {"pelvis_tx": 0.1, "pelvis_ty": 0.2, "pelvis_tz": 0.3}
    ours, theirs = model.kinematics(pose), built.kinematics(pose)
    segments = list(built.segments)
    for name in ("origin", "rotation", "segment_centre"):
        assert abs(ours[name].sel(segment=segments).values - theirs[name].values).max() < 1e-9
    names, muscles = list(built.coordinates), list(model.muscles)
    assert len(muscles) == 54
    ours, theirs = model.muscle_geometry(pose), built.muscle_geometry(pose)
    for name in ("length", "moment_arm"):
        other = theirs[name].sel(muscle=muscles)
        own = ours[name] if name == "length" else ours[name].sel(coordinate=names)
        assert abs(own.values - other.values).max() < 1e-9
    for ask in ("gravity", "passive_moment"):
        own, other = getattr(model, ask)(pose), getattr(built, ask)(pose)
        for name in other:
            chosen = {dim: names for dim in ("coordinate", "by_coordinate") if dim in other[name].dims}
            assert abs(own[name].sel(chosen).values - other[name].values).max() < 1e-9
    both = model.tables["contact_points"], built.tables["contact_points"]
    assert both[0].rows == both[1].rows
    assert np.abs(both[0].numbers("x", "y", "z") - both[1].numbers("x", "y", "z")).max() < 1e-9
    for row in ("arms_mass", "toe_tip", "sole_height", "shoulder_y", "height", "hand_rest_y"):
        assert model.value(f"settings/{row}") == pytest.approx(built.value(f"settings/{row}"), rel=1e-9)


def test_it_stands_as_the_built_in_body_does():
    """The posture of the same skeleton, and with the muscles of gait2392 that it has the same sharing."""
    model, built = bm.read_osim(OSIM / "more_models/gait2354_v40000.osim"), bm.load_model(LIKE)
    gone = [muscle for muscle in built.muscles if muscle not in model.muscles]
    # as in the file: no bone at the knee but what the paths run over, and the file's strengths and fibres
    like = built.without(gone)
    strength = {}
    for muscle in like.muscles:
        for column in ("max_isometric_force", "optimal_fibre_length", "tendon_slack_length"):
            strength[f"muscles/{muscle}/{column}"] = model.value(f"muscles/{muscle}/{column}")
    like = like.replace(strength)
    ask = {"pelvic_tilt": [0.0, 5.0], "knee_flexion": [0.0, 30.0]}
    one, two = bm.sweep(model, **ask), bm.sweep(like, **ask)
    names = list(built.coordinates)
    assert abs(one.coordinate_angle.sel(coordinate=names) - two.coordinate_angle).max() < 1e-9
    assert (one.status == two.status).all()
    same = two.status == 0
    assert abs(one.activation.sel(muscle=list(like.muscles)) - two.activation).where(same).max() < 1e-9
    assert abs(one.lumbar_compression - two.lumbar_compression).max() < 1e-6


@pytest.mark.parametrize("name", STANDING)
def test_it_stands_and_is_certified(bodies, name):
    ds = bm.sweep(bodies[name], pelvic_tilt=[0.0, 4.0], knee_flexion=[0.0, 20.0, 60.0], foot_rotation=[0.0, 15.0])
    assert (ds.status == 0).all()
    assert float(ds.equilibrium_residual.max()) < 1e-9
    assert float(ds.duality_gap.max()) < 1e-9
    weight = bodies[name].body_mass * bodies[name].value("settings/gravity")
    assert np.allclose(ds.ground_force.sel(axis="y").sum("foot"), weight, rtol=1e-9)
    # the soles are flat on the floor
    place = bodies[name].kinematics(bm.pose(ds.isel(pelvic_tilt=0, knee_flexion=1, foot_rotation=1)))
    up = place.rotation.sel(segment=["calcn_r", "calcn_l"], axis="y", local_axis="y")
    assert np.allclose(up, 1.0, atol=1e-9)


def test_angles_come_out_as_the_file_counts_them(rajagopal):
    """Flexion of that knee is positive; what a stance asks for is the same."""
    ds = bm.sweep(rajagopal, pelvic_tilt=0.0, knee_flexion=[10.0, 40.0])
    knee = ds.coordinate_angle.sel(coordinate=["knee_angle_r", "knee_angle_l"])
    assert np.allclose(knee, [[10.0, 10.0], [40.0, 40.0]])
    geometry = rajagopal.muscle_geometry(knee_angle_r=40.0, knee_angle_l=40.0)
    arm = geometry.moment_arm.isel(pose=0)
    assert float(arm.sel(muscle="vasint_r", coordinate="knee_angle_r")) < -0.02
    assert float(arm.sel(muscle="bfsh_r", coordinate="knee_angle_r")) > 0.01
    step = 1e-4
    pair = rajagopal.muscle_geometry(knee_angle_r=[40.0 - step, 40.0 + step], knee_angle_l=40.0)
    slope = -(pair.length[1] - pair.length[0]) / np.radians(2.0 * step)
    assert np.allclose(slope, arm.sel(coordinate="knee_angle_r"), atol=1e-6)
    with pytest.raises(StanceError, match="knee_angle_r = -80"):
        bm.static_optimization(rajagopal, {"knee_angle_r": -80.0}, _under_both_feet(rajagopal))


def _under_both_feet(model):
    weight = model.body_mass * 9.80665
    force = xr.DataArray([[0.0, weight / 2, 0.0]] * 2, {"foot": ["right", "left"], "axis": list("xyz")})
    return xr.Dataset({"force": force, "point": force * 0.0 + [-0.06, 0.0, 0.09]})


#: What a scenario asks of a joint that the file does not let it do, or of muscles that it does not have.
REFUSED = {
    "more_models/gait2354_v40000": (  # no peroneals
        "stair_ascent walking_mid_stance_soft walking_mid_stance_straight walking_mid_stance_hyperextended"
    ),
    "models/subject_walk_scaled": (  # ranges of hip and knee
        "turned_out_standing hyperextended_on_heels walking_mid_stance_hyperextended "
        "walking_double_support_hyperextended"
    ),
    "more_models/gait10dof18musc": "",
}


@pytest.mark.parametrize("name", STANDING)
def test_the_articles_scenarios_run(bodies, name):
    held = {scenario for scenario in bm.scenarios.SCENARIOS if scenario not in REFUSED[name].split()}
    for scenario in bm.scenarios.SCENARIOS:
        ds = bm.scenarios.run(scenario, bodies[name])
        assert bool((ds.status == 0).all()) == (scenario in held), (scenario, ds.attrs["message"])


def test_what_is_added_turns_as_in_the_built_in_bodies():
    """The shank turns about its own long axis above the ankle, internally positive; the sole about gait2392's axis."""
    model = bm.read_osim(OSIM / "more_models/gait2354_v40000.osim")
    for side, sign in (("r", 1.0), ("l", -1.0)):
        bent = {f"knee_angle_{side}": -30.0, f"ankle_angle_{side}": 15.0, f"hip_flexion_{side}": 40.0}
        plain, turned = (
            model.kinematics({**bent, f"shank_rotation_{side}": angle}).rotation[0] for angle in (0.0, 10.0)
        )
        shank = plain.sel(segment=f"tibia_{side}").values
        turn = (
            shank.T @ turned.sel(segment=f"talus_{side}").values @ plain.sel(segment=f"talus_{side}").values.T @ shank
        )
        about_y = Rotation.from_euler("y", sign * 10.0, degrees=True).as_matrix()
        assert np.abs(turn - about_y).max() < 1e-12
    planar = bm.read_osim(OSIM / "more_models/gait10dof18musc.osim")
    rotation = planar.kinematics(subtalar_angle_r=12.0).rotation[0]
    turn = rotation.sel(segment="talus_r").values.T @ rotation.sel(segment="calcn_r").values
    axis = [bm.load_model(LIKE).value(f"coordinates/subtalar_angle_r/axis_{own}") for own in "xyz"]
    about = Rotation.from_rotvec(np.radians(12.0) * np.array(axis) / np.linalg.norm(axis)).as_matrix()
    assert np.abs(turn - about).max() < 1e-9
    ds = bm.sweep(model, pelvic_tilt=0.0, foot_rotation=40.0, turnout_yield=10.0)
    assert float(ds.coordinate_angle.sel(coordinate="shank_rotation_r")) == pytest.approx(-10.0)


def test_the_articles_claims_are_asked_of_it(rajagopal):
    """Those that are about muscles that it has: it has none of the trunk."""
    found = bm.findings.assess_hypotheses(model=rajagopal, samples=4)
    names = {own.hypothesis.name for own in found}
    back = {own.name for own in bm.findings.HYPOTHESES if any(m.label == "lumbar_extensors" for m in own.measures)}
    assert names == {own.name for own in bm.findings.HYPOTHESES} - back
    assert len(names) > 10
    with pytest.raises(StanceError, match="lumbar_extensors; model 'subject_walk_scaled' has no such muscle group"):
        bm.findings.assess_hypotheses(list(back), rajagopal, samples=4)


def test_defaults_are_said(bodies, rajagopal):
    assert (
        "held at zero, not in the file: shank_rotation_r, subtalar_angle_r, shank_rotation_l, subtalar_angle_l"
        in rajagopal.said
    )
    assert "arms as the file has them" in rajagopal.said
    assert rajagopal.value("settings/arms_mass") == 0.0
    assert "no muscle moves it: lumbar_extension" in rajagopal.said
    planar = bodies["more_models/gait10dof18musc"]
    assert "pelvis_list" in planar.said
    assert bm.load_model().said == ""
    assert bm.load_model().left_out == ()
    stance = dict(zip(planar.tables["coordinates"].rows, planar.tables["coordinates"].text("stance"), strict=True))
    assert stance["hip_adduction_r"] == "held"
    assert stance["lumbar_extension"] == "locked"
    assert stance["hip_flexion_r"] == "free"


def test_what_is_added_changes_nothing_that_the_file_says():
    """A planar body's own answers do not depend on the coordinates that are added to it, which are zero."""
    name = "more_models/gait10dof18musc"
    model, own = bm.read_osim(OSIM / f"{name}.osim"), _bare(name)
    pose = poses(own)
    ours, theirs = model.kinematics(pose), own.kinematics(pose)
    assert np.abs(ours.origin - theirs.origin).max() < 1e-14
    ours, theirs = model.muscle_geometry(pose), own.muscle_geometry(pose)
    coordinates = list(own.coordinates)
    assert np.abs(ours.length - theirs.length).max() < 1e-14
    assert np.abs(ours.moment_arm.sel(coordinate=coordinates) - theirs.moment_arm).max() < 1e-14


def _bare(name):
    """The file's body without anything added."""
    from biomech.io.osim import read_description
    from biomech.io.osim.tabulate.tables import tables_of

    return bm.Model("bare", tables_of(read_description(OSIM / f"{name}.osim")))


def test_a_measured_walk_needs_what_opensim_says():
    """Required moments of a quasi-static walk, as OpenSim's own model gives them."""
    model = bm.read_osim(WALK / "subject01.osim")
    ds = bm.static_optimization(model, WALK / "subject01_walk_IK.mot", WALK / "subject01_walk_grf.xml", reserve=1000.0)
    expected = pd.read_csv(WALK / "quasi_static.csv")
    frames = [int(np.argmin(np.abs(ds.time.values - time))) for time in expected["time"]]
    assert np.abs(ds.time.values[frames] - expected["time"]).max() < 1e-9
    for column in expected.columns:
        if column.startswith("f_"):
            ours = ds.required_moment.sel(coordinate=column[2:]).values[frames]
            assert np.abs(ours - expected[column]).max() < 1e-6, column
    assert (ds.status == 0).all()


def test_what_is_left_out_refuses_what_depends_on_it():
    with pytest.warns(BiomechWarning, match="WrapEllipsoid"):
        model = bm.read_osim(OSIM / "models/arm26.osim")
    assert model.left_out == ("WrapEllipsoid 'TRIlonghh' (TRIlong)", "WrapEllipsoid 'BIClonghh' (BIClong)")
    assert np.isfinite(model.kinematics(r_elbow_flex=50.0).origin).all()
    assert np.isfinite(model.gravity(r_elbow_flex=50.0).generalized_force).all()
    with pytest.raises(ModelError, match=r"TRIlong has the WrapEllipsoid 'TRIlonghh'"):
        model.muscle_geometry(r_elbow_flex=50.0)
    with pytest.raises(ModelError, match="not computed"):
        bm.static_optimization(model, {"r_elbow_flex": 50.0}, _under_both_feet(model))
    rest = model.without(["TRIlong", "BIClong"])
    assert rest.left_out == ()
    assert np.isfinite(rest.muscle_geometry(r_elbow_flex=50.0).length).all()
    renamed = pickle.loads(pickle.dumps(model))
    assert renamed.left_out == model.left_out


def test_a_stance_goes_back_in_with_what_follows(rajagopal):
    """Its patellae follow the knees, and stand in the answer where they are: ``pose`` of it is taken as it is."""
    stance = bm.sweep(rajagopal, pelvic_tilt=0, knee_flexion=[0.0, 20.0])
    given = bm.pose(stance)
    follower, leader = (rajagopal.tables["couplers"].text(end)[0] for end in ("dependent", "independents"))
    assert float(abs(given[follower][1])) > 5.0
    assert np.isfinite(rajagopal.kinematics(given).origin).all()
    with pytest.raises(StanceError, match=f"{follower} = .*: follows {leader} and is at"):
        rajagopal.kinematics(given.assign({follower: given[follower] + 1.0}))


def test_a_body_that_cannot_stand_says_what_it_lacks():
    leg = bm.read_osim(OSIM / "models/leg6dof9musc.osim")
    with pytest.raises(ModelError, match="none of its segments has the role torso"):
        bm.sweep(leg, pelvic_tilt=0.0)
    legs = bm.read_osim(OSIM / "more_models/both_legs_v20200.osim")
    assert legs.roles.segments["femur_l"] == "lfemur"
    assert np.isfinite(legs.muscle_geometry(r_knee_angle=-30.0).length).all()


def test_a_role_that_a_name_alone_tells_is_said():
    with pytest.warns(BiomechWarning):
        model = bm.read_osim(OSIM / "models/arm_wraps.osim")
    assert model.roles.segments == {"torso": "torso"}
    assert model.said == "known by name alone: torso"


def test_it_travels_and_is_computed_again(rajagopal):
    ds = bm.sweep(rajagopal, pelvic_tilt=0.0, knee_flexion=[0.0, 30.0])
    xr.testing.assert_identical(bm.rerun(ds), ds)
    xr.testing.assert_identical(
        bm.sweep(pickle.loads(pickle.dumps(rajagopal)), pelvic_tilt=0.0, knee_flexion=[0.0, 30.0]), ds
    )
    ask = bm.prepare(rajagopal, vary=["knee_flexion"], variables=["coordinate_angle/knee_angle_r"], pelvic_tilt=0.0)
    assert np.allclose(ask([0.0, 30.0])["coordinate_angle/knee_angle_r"], [0.0, 30.0])


@pytest.mark.parametrize("name", STANDING)
def test_a_similar_body_has_the_same_activations(bodies, name):
    model, long, heavy = bodies[name], 1.1, 1.3
    height, mass = model.value("settings/height"), model.body_mass
    other = model.scaled(height=height * long, mass=mass * heavy, strength=heavy)
    pose = poses(model, 5)
    ours, theirs = model.kinematics(pose), other.kinematics(pose)
    moved = [c for c in ours.segment.values if c != "pelvis"]
    place = [own.segment_centre - own.origin.sel(segment="pelvis") for own in (ours, theirs)]
    assert np.abs(place[1] - long * place[0]).sel(segment=moved).max() < 1e-12
    assert np.abs(other.muscle_geometry(pose).length - long * model.muscle_geometry(pose).length).max() < 1e-12
    one = bm.sweep(model, pelvic_tilt=0.0, knee_flexion=20.0, stance_width=0.2)
    two = bm.sweep(other, pelvic_tilt=0.0, knee_flexion=20.0, stance_width=0.2 * long)
    assert np.abs(one.activation - two.activation).max() < 1e-9
    back = other.scaled(height=height, mass=mass, strength=1.0 / heavy)
    assert np.abs(back.muscle_geometry(pose).length - model.muscle_geometry(pose).length).max() < 1e-12


@pytest.mark.parametrize("name", STANDING)
def test_signs_turn_functions_couplers_and_points_with_them(bodies, name):
    """Counted the other way round in every table, and said so, the body answers alike."""
    model = bodies[name]
    roles = [role for role in model.roles.coordinates if role.startswith(("knee", "hip_flexion", "ankle", "lumbar_e"))]
    own = [model.roles.coordinates[role] for role in roles]
    tables = turn_coordinates(model.tables, own)
    back = turn_back(tables, own, model.tables["splines"])
    assert all(repr(back[table].columns) == repr(model.tables[table].columns) for table in back)
    signs = {role: -1.0 * model.roles.signs.get(role, 1.0) for role in roles}
    other = bm.Model(model.name, tables).with_roles(
        segments=model.roles.segments,
        joints=model.roles.joints,
        coordinates=model.roles.coordinates,
        signs=model.roles.signs | signs,
    )
    assert {role for role, sign in signs.items() if sign < 0} == set(other.roles.signs) & set(roles)
    one, two = (bm.sweep(body, pelvic_tilt=2.0, knee_flexion=[0.0, 30.0]) for body in (model, other))
    assert np.array_equal(one.activation, two.activation)
    turned = xr.DataArray([-1.0 if c in own else 1.0 for c in one.coordinate.values], {"coordinate": one.coordinate})
    assert np.array_equal(one.coordinate_angle * turned, two.coordinate_angle)
    pose = poses(model, 5)
    arms = [
        body.muscle_geometry({c: -v if body is other and c in own else v for c, v in pose.items()}).moment_arm
        for body in (model, other)
    ]
    assert np.array_equal(arms[0] * turned, arms[1].transpose(*arms[0].dims))


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises((ModelError, OSError)):
        bm.read_osim(tmp_path / "nothing.osim")
    (tmp_path / "wrong.osim").write_text("<OpenSimDocument Version='40000'><Model name='x'></Model>")
    with pytest.raises(ModelError):
        bm.read_osim(tmp_path / "wrong.osim")


def test_reading_is_quick():
    import time

    bm.read_osim(OSIM / "models/subject_walk_scaled.osim")
    begin = time.perf_counter()
    bm.read_osim(OSIM / "models/subject_walk_scaled.osim")
    assert time.perf_counter() - begin < 1.5


def reference(name, table):
    return pd.read_csv(OSIM / f"{name}.{table}.csv.gz")


@pytest.fixture(scope="module", params=["subject_walk_scaled", "leg6dof9musc", "arm26", "arm_wraps"])
def posed(request):
    """A body without the muscles that are not computed, and OpenSim's poses in its own names and signs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = bm.read_osim(OSIM / "models" / f"{request.param}.osim")
    gone = sorted({part.split("(")[-1][:-1] for part in model.left_out})
    model = model.without(gone) if gone else model
    values, motion = reference(request.param, "poses"), reference(request.param, "coordinates").set_index("coordinate")
    pose = {
        name: (values[name] if motion.motion[name] == "translational" else np.degrees(values[name])).to_numpy()
        for name in motion.index
        if name in model.coordinates
    }
    return request.param, model, pose


def test_segments_are_where_opensim_has_them(posed):
    name, model, pose = posed
    place = model.kinematics(pose)
    for segment, rows in reference(name, "bodies").groupby("body"):
        if segment in model.segments:
            own = place.sel(segment=segment)
            assert np.abs(own.origin.values[rows.pose] - rows[["x", "y", "z"]].values).max() < 1e-7
            turn = rows[[f"r{i}{j}" for i in (1, 2, 3) for j in (1, 2, 3)]].values
            assert np.abs(own.rotation.values[rows.pose].reshape(-1, 9) - turn).max() < 1e-7


def test_muscles_are_as_long_as_in_opensim(posed):
    name, model, pose = posed
    rows = reference(name, "lengths")
    if name == "subject_walk_scaled":  # where OpenSim's cached points are stale its fresh length counts
        fresh = reference(name, "wraps")[["pose", "path", "length_fresh"]]
        rows = rows.merge(fresh, how="left", on=["pose", "path"])
        rows["length"] = rows.length_fresh.fillna(rows.length)
    rows = rows[rows.path.isin(model.muscles)]
    own = model.muscle_geometry(pose).length.values[rows.pose, [model.muscles.index(muscle) for muscle in rows.path]]
    wrapped = "path_wraps" in model.tables and len(model.tables["path_wraps"])
    assert np.abs(own - rows.length).max() < (5e-4 if wrapped else 1e-7)


def test_moment_arms_are_opensims_in_the_files_own_signs(posed):
    name, model, pose = posed
    rows = reference(name, "arms")
    rows = rows[rows.path.isin(model.muscles) & (rows["class"] != "switch")]
    place = [
        rows.pose,
        [model.muscles.index(muscle) for muscle in rows.path],
        [model.coordinates.index(coordinate) for coordinate in rows.coordinate],
    ]
    own = model.muscle_geometry(pose).moment_arm.values[tuple(place)]
    off = np.minimum(np.abs(own - rows.moment_arm), np.abs(own - rows.fd))
    assert (off[rows["class"] == "smooth"] < 1e-4).mean() >= 0.95
    assert (off < 1e-3).mean() >= 0.99


def test_gravity_is_opensims_in_the_files_own_signs(posed):
    """Of coordinates that nothing follows: OpenSim's table is of the open tree."""
    name, model, pose = posed
    rows, force = reference(name, "gravity"), model.gravity(pose).generalized_force
    led = set()
    if "couplers" in model.tables:
        for column in ("dependent", "independents"):
            led |= {own for cell in model.tables["couplers"].text(column) for own in cell.split(";")}
    rates = reference(name, "coordinates").set_index("coordinate").speed_is_rate
    for coordinate in model.coordinates:
        if coordinate not in led and f"f_{coordinate}" in rows and rates[coordinate]:
            off = np.abs(force.sel(coordinate=coordinate).values[rows.pose] - rows[f"f_{coordinate}"])
            assert off.max() < 1e-6, coordinate
