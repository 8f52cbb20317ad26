"""A body is known by its roles, not by its names: whatever its parts are called, answers are the same to the bit."""

import pickle
import random

import numpy as np
import pytest
import xarray as xr

import biomech as bm
from biomech.errors import ModelError
from biomech.model.roles import KINDS, ROLES, make_roles, with_names
from biomech.model.signs import turn_back, turn_coordinates

MODELS = ("adult", "gait2392", "small")
#: Beginnings of names that tell nothing, or the wrong thing.
WORDS = ("Knochen ", "Kość", "q.", "left_r_of.", "pelvis", "other femur_r", "骨")


def renamed(model, seed=0):
    """A body in which every segment, joint, coordinate and muscle has another name, and what each is called."""
    rng, names, used = random.Random(seed), {}, set()
    for kind in KINDS:
        names[kind] = {}
        for name in model.tables[kind].rows:
            new = f"{rng.choice(WORDS)}{rng.randrange(10**9)}"
            assert new not in used
            used.add(new)
            names[kind][name] = new
    roles = {kind: {role: names[kind][name] for role, name in model.roles.of(kind).items()} for kind in ROLES}
    mirror = {
        names[kind][right]: names[kind][left] for kind in KINDS for right, left in model.roles.mirror[kind].items()
    }
    return told(with_names(model.tables, names), roles, mirror), names


def told(tables, roles, mirror):
    """A body of these tables with these roles."""
    return bm.Model("renamed", tables, make_roles(tables, roles, mirror))


@pytest.fixture(scope="module", params=MODELS)
def pair(request):
    model = bm.load_model(request.param)
    return model, *renamed(model)


def same(one, other):
    """Every number and status of two answers, to the bit; labels of parts may differ."""
    assert set(one.variables) == set(other.variables)
    for name in one.variables:
        ours, theirs = one[name].values, other[name].values
        assert one[name].dims == other[name].dims
        if ours.dtype.kind in "fiub":
            assert ours.tobytes() == theirs.tobytes(), name


def by_new_names(names, kind, given):
    return {names[kind][name]: value for name, value in given.items()}


SWEEPS = {
    "turned out": {"foot_rotation": [0.0, 30.0], "knee_flexion": [0.0, 20.0], "pelvic_tilt": 2.0},
    "policies": {"pelvic_tilt": ["least_effort", "hanging", 4.0], "knee_flexion": 5.0},
    "one leg": {"support": ["right", "left"], "pelvic_tilt": 3.0, "knee_flexion": 10.0},
    "seat": {"support": "seat", "knee_flexion": 90.0, "seat_height": 0.45, "pelvic_tilt": -10.0},
    "step": {"support": "step", "knee_flexion": 80.0, "step_height": 0.17, "pelvic_tilt": [5.0, 10.0]},
    "unreachable": {"knee_flexion": [0.0, 100.0], "trunk_lean": -20.0, "pelvic_tilt": 0.0},
}


@pytest.mark.parametrize("asked", list(SWEEPS))
def test_sweep(pair, asked):
    model, other, names = pair
    one, two = bm.sweep(model, **SWEEPS[asked]), bm.sweep(other, **SWEEPS[asked])
    same(one, two)
    assert two.muscle.values.tolist() == [names["muscles"][name] for name in one.muscle.values]
    assert two.coordinate.values.tolist() == [names["coordinates"][name] for name in one.coordinate.values]
    assert two.joint.values.tolist() == one.joint.values.tolist()  # joints are reported by their roles


def test_static_optimization(pair):
    model, other, names = pair
    weight = model.body_mass * 9.80665
    force = xr.DataArray([[0.0, weight / 2, 0.0]] * 2, {"foot": ["right", "left"], "axis": list("xyz")})
    ground = xr.Dataset({"force": force, "point": force * 0.0 + [-0.06, 0.0, 0.09]})
    pose = {"pelvis_ty": np.array([0.95, 0.94]), "knee_angle_r": np.array([-5.0, 0.0])}
    one = bm.static_optimization(model, pose, ground, reserve={"pelvis_tx": 30.0})
    new = by_new_names(names, "coordinates", pose)
    two = bm.static_optimization(other, new, ground, reserve={names["coordinates"]["pelvis_tx"]: 30.0})
    same(one, two)
    xr.testing.assert_identical(bm.rerun(two), two)


def test_stability(pair):
    model, other, _ = pair
    same(bm.stability(model, pelvic_tilt=[0.0, 3.0]), bm.stability(other, pelvic_tilt=[0.0, 3.0]))


def test_uncertainty(pair):
    model, other, _ = pair
    stances = {"parallel": {"pelvic_tilt": 0.0}, "turned out": {"pelvic_tilt": 0.0, "foot_rotation": 30.0}}
    one, two = (bm.uncertainty.propagate(stances, body, samples=8, seed=3) for body in (model, other))
    same(one, two)
    bodies = [bm.uncertainty.draw_bodies(body, samples=5, seed=2) for body in (model, other)]
    same(*(bm.sweep(drawn, pelvic_tilt=0.0) for drawn in bodies))


def test_options_speak_of_muscles_by_the_bodys_own_names_or_groups(pair):
    model, other, names = pair
    muscle = model.muscles[3]
    options = {"weight": {muscle: 3.0, "quadriceps": 2.0}, "tone": {muscle: 0.05}, "pelvic_tilt": 0.0}
    new = {**options, "weight": {names["muscles"][muscle]: 3.0, "quadriceps": 2.0}}
    same(bm.sweep(model, **options), bm.sweep(other, **{**new, "tone": {names["muscles"][muscle]: 0.05}}))
    margin = bm.sweep(model, pelvic_tilt=0.0, stiffness_margin={"lumbar_extension": 100.0})
    there = {names["coordinates"]["lumbar_extension"]: 100.0}
    same(margin, bm.sweep(other, pelvic_tilt=0.0, stiffness_margin=there))


def test_geometry(pair):
    model, other, names = pair
    pose = {"hip_flexion_r": [10.0, 40.0], "knee_angle_r": [-20.0, -60.0], "lumbar_extension": -5.0}
    new = by_new_names(names, "coordinates", pose)
    for ask in ("kinematics", "muscle_geometry", "gravity", "passive_moment"):
        same(getattr(model, ask)(**pose), getattr(other, ask)(new))
    assert other.sides(other.muscles) == model.sides(model.muscles)
    assert other.is_symmetric == model.is_symmetric


def test_a_renamed_body_changes_scales_and_travels(pair):
    model, other, names = pair
    change = {"segments/torso/mass": 1.1, "muscles/quadriceps/max_isometric_force": 0.5}
    heavy, there = model.scale(change), other.scale(change)
    same(bm.sweep(heavy, pelvic_tilt=0.0), bm.sweep(there, pelvic_tilt=0.0))
    own = other.scale({f"segments/{names['segments']['torso']}/mass": 1.1})
    assert own.tables["segments"].columns == there.tables["segments"].columns
    for way in (pickle.loads(pickle.dumps(there)), there.with_rows({}), there.with_roles()):
        same(bm.sweep(there, pelvic_tilt=0.0), bm.sweep(way, pelvic_tilt=0.0))
    ds = bm.sweep(there, pelvic_tilt=[0.0, 1.0])
    xr.testing.assert_identical(bm.rerun(ds), ds)


@pytest.mark.parametrize("gone", ["femur_l", "tibia_r", "calcn_l", "toes_r"])
def test_a_renamed_body_without_a_limb(pair, gone):
    """Parts whose partner is gone stay of their side, which no name tells."""
    model, other, names = pair
    if gone not in model.segments:
        return
    model, other = model.without(gone), other.without(names["segments"][gone])
    assert other.sides(other.muscles) == model.sides(model.muscles)
    support = "left" if gone == "tibia_r" else "right"
    asked = {"support": support, "pelvic_tilt": [0.0, 3.0], "knee_flexion": 10.0}
    one, two = bm.sweep(model, **asked), bm.sweep(other, **asked)
    same(one, two)
    xr.testing.assert_identical(bm.rerun(two), two)
    stances = {"one leg": {"support": support, "pelvic_tilt": 0.0, "knee_flexion": 10.0}}
    same(*(bm.uncertainty.propagate(stances, body, samples=4, seed=3) for body in (model, other)))
    for way in (pickle.loads(pickle.dumps(other)), other.with_rows({}), other.with_roles()):
        same(two, bm.sweep(way, **asked))
    shorter = [body.scaled(height=1.6, mass=60.0) for body in (model, other)]
    same(*(bm.sweep(body, **asked) for body in shorter))


def test_a_muscle_of_one_side_alone_is_told_its_side(pair):
    """Its name tells none, and nothing on the other side is its partner."""
    model, other, names = pair
    muscle = next(name for name in model.muscles if name.endswith("_l"))
    partner = muscle[:-2] + "_r"
    model, renamed_left = model.without(muscle), other.without(names["muscles"][muscle])
    alone = names["muscles"][partner]
    assert renamed_left.roles.sides == {alone: "right"}
    roles = renamed_left.roles
    tables = renamed_left.tables
    given = {kind: dict(roles.of(kind)) for kind in ROLES}
    pairs = {right: left for own in roles.mirror.values() for right, left in own.items()}
    stranger = bm.Model("stranger", tables, make_roles(tables, given, pairs))
    assert stranger.sides((alone,)) == ["midline"]
    told_so = stranger.with_roles(sides={alone: "right"})
    assert told_so.sides((alone,)) == ["right"]
    same(*(bm.sweep(body, pelvic_tilt=0.0, knee_flexion=5.0) for body in (model, told_so)))


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        ({"nothing": "right"}, "sides: there is no part 'nothing'"),
        (
            {"pelvis": "right"},
            r"sides\['pelvis'\] = 'right': must be of a part whose side nothing else tells; it has the",
        ),
        ({"quadriceps_r": "left"}, r"sides\['quadriceps_r'\] = 'left': .*; it is in a pair"),
        ({"quadriceps_r": "up"}, r"sides\['quadriceps_r'\] = 'up'"),
        ([1], "sides = "),
    ],
)
def test_sides_that_cannot_be(sides, said):
    with pytest.raises(ModelError, match=said):
        bm.load_model("small").with_roles(sides=sides)


def test_what_is_missing_is_told_by_its_role():
    model = bm.load_model("small")
    nameless = with_names(model.tables, {"segments": {"torso": "Rumpf"}})
    with pytest.raises(ModelError, match="none has the role torso"):
        bm.Model("other", nameless)
    body = told(nameless, {"segments": {"torso": "Rumpf"}}, {})
    assert body.roles.segments["torso"] == "Rumpf"
    same(bm.sweep(model, pelvic_tilt=0.0), bm.sweep(body, pelvic_tilt=0.0))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"segments": {"trunk": "torso"}}, "segments = 'trunk'"),
        ({"segments": {"torso": "spine"}}, r"segments\['torso'\] = 'spine'"),
        ({"segments": {"torso": 3}}, "segments = 3"),
        ({"segments": {"torso": "pelvis", "pelvis": "pelvis"}}, "'pelvis' is given the roles torso and pelvis"),
        ({"segments": ["torso"]}, "segments = "),
        ({"mirror": {"a": "b"}}, "mirror: there is no part 'a'"),
        ({"mirror": {"pelvis": "pelvis"}}, "mirror: 'pelvis' and 'pelvis'"),
    ],
)
def test_roles_that_cannot_be(given, said):
    with pytest.raises(ModelError, match=said):
        bm.load_model("small").with_roles(**given)


TURNED = ("knee_angle", "hip_rotation", "ankle_angle", "lumbar_extension", "pelvis_tilt", "pelvis_tz")


def turned_names(model, sides=("_r", "_l")):
    return [
        role
        for stem in TURNED
        for role in ((stem,) if stem in ROLES["coordinates"] else [stem + side for side in sides])
        if role in model.roles.coordinates
    ]


def counted_otherwise(model, roles):
    """A body that counts some coordinates the other way round, and says so."""
    tables = turn_coordinates(model.tables, roles)
    given = {"signs": dict.fromkeys(roles, -1)}
    return bm.Model(model.name, tables, make_roles(tables, given, {}))


@pytest.fixture(scope="module", params=MODELS)
def turned(request):
    model = bm.load_model(request.param)
    return model, counted_otherwise(model, turned_names(model))


def same_but_for_signs(one, other, roles):
    """To the bit; per coordinate that is turned, the negative."""
    assert set(one.variables) == set(other.variables)
    for name in one.variables:
        ours, theirs = one[name], other[name]
        assert ours.dims == theirs.dims
        if ours.dtype.kind not in "fiub":
            continue
        for dim in ("coordinate", "by_coordinate", "other"):
            if dim in ours.dims and ours.dtype.kind == "f":
                factor = xr.DataArray([-1.0 if c in roles else 1.0 for c in ours[dim].values], {dim: ours[dim]})
                ours = ours * factor
                theirs = theirs.transpose(*ours.dims)
        np.testing.assert_array_equal(theirs.values, ours.values, err_msg=name)


@pytest.mark.parametrize("asked", list(SWEEPS))
def test_sweep_of_other_signs(turned, asked):
    model, other = turned
    one, two = bm.sweep(model, **SWEEPS[asked]), bm.sweep(other, **SWEEPS[asked])
    same_but_for_signs(one, two, other.roles.signs)
    assert set(other.roles.signs) == set(turned_names(model))


def test_geometry_of_other_signs(turned):
    model, other = turned
    pose = {"hip_flexion_r": [10.0, 40.0], "knee_angle_r": [-20.0, -60.0], "lumbar_extension": -5.0}
    theirs = {**pose, "knee_angle_r": [20.0, 60.0], "lumbar_extension": 5.0}
    for ask in ("kinematics", "muscle_geometry", "gravity", "passive_moment"):
        same_but_for_signs(getattr(model, ask)(**pose), getattr(other, ask)(theirs), other.roles.signs)
    ds = bm.sweep(other, pelvic_tilt=[0.0, 2.0], knee_flexion=20.0)
    where = other.kinematics(bm.pose(ds)).segment_centre
    assert np.array_equal(
        where, model.kinematics(bm.pose(bm.sweep(model, pelvic_tilt=[0.0, 2.0], knee_flexion=20.0))).segment_centre
    )
    assert float(ds.coordinate_angle.sel(coordinate="knee_angle_r")[0]) == 20.0
    assert other.is_symmetric == model.is_symmetric


def test_measured_motion_of_other_signs(turned):
    model, other = turned
    weight = model.body_mass * 9.80665
    force = xr.DataArray([[0.0, weight / 2, 0.0]] * 2, {"foot": ["right", "left"], "axis": list("xyz")})
    ground = xr.Dataset({"force": force, "point": force * 0.0 + [-0.06, 0.0, 0.09]})
    pose = {"pelvis_ty": np.array([0.95, 0.94]), "knee_angle_r": np.array([-5.0, 0.0])}
    one = bm.static_optimization(model, pose, ground, reserve=30.0)
    two = bm.static_optimization(other, {**pose, "knee_angle_r": np.array([5.0, 0.0])}, ground, reserve=30.0)
    same_but_for_signs(one, two, other.roles.signs)
    xr.testing.assert_identical(bm.rerun(two), two)
    with pytest.raises(bm.StanceError, match=r"knee_angle_r = -50.*its range is -10\.\.120 deg"):
        bm.static_optimization(other, {"knee_angle_r": -50.0}, ground)


def test_stability_and_uncertainty_of_other_signs(turned):
    model, other = turned
    roles = other.roles.signs
    same_but_for_signs(bm.stability(model, pelvic_tilt=[0.0, 3.0]), bm.stability(other, pelvic_tilt=[0.0, 3.0]), roles)
    stances = {"parallel": {"pelvic_tilt": 0.0}, "turned out": {"pelvic_tilt": 0.0, "foot_rotation": 30.0}}
    one, two = (bm.uncertainty.propagate(stances, body, samples=8, seed=3) for body in (model, other))
    same_but_for_signs(one, two, roles)
    ask = {"vary": ["knee_flexion"], "variables": ["coordinate_angle/knee_angle_r", "lumbar_compression"]}
    one, two = (bm.prepare(body, **ask, pelvic_tilt=0.0)([0.0, 30.0]) for body in (model, other))
    assert np.array_equal(one["coordinate_angle/knee_angle_r"], -two["coordinate_angle/knee_angle_r"])
    assert np.array_equal(one["lumbar_compression"], two["lumbar_compression"])
    margin = {"stiffness_margin": {"lumbar_extension": 100.0}, "pelvic_tilt": 0.0}
    same_but_for_signs(bm.sweep(model, **margin), bm.sweep(other, **margin), roles)


def test_a_body_of_other_signs_changes_scales_and_travels(turned):
    model, other = turned
    roles = other.roles.signs
    for change in (
        lambda body: body.scale({"segments/torso/mass": 1.1}),
        lambda body: body.scaled(height=1.6, mass=60.0),
        lambda body: body.without([model.muscles[3]]),
    ):
        one, two = change(model), change(other)
        same_but_for_signs(bm.sweep(one, pelvic_tilt=0.0), bm.sweep(two, pelvic_tilt=0.0), roles)
        assert two.roles.signs == roles
        assert _equal(two.tables, turn_coordinates(one.tables, roles))
    for way in (pickle.loads(pickle.dumps(other)), other.with_rows({}), other.with_roles()):
        same(bm.sweep(other, pelvic_tilt=0.0), bm.sweep(way, pelvic_tilt=0.0))
    ds = bm.sweep(other, pelvic_tilt=[0.0, 1.0])
    xr.testing.assert_identical(bm.rerun(ds), ds)
    with pytest.raises(ModelError, match="must be positive"):
        other.with_roles(signs=dict.fromkeys(roles, 1))
    leg = other.without("femur_l")
    assert not any(role.startswith("knee_angle_l") for role in leg.roles.signs)


def _equal(one, other):
    return all(repr(one[name].columns) == repr(other[name].columns) for name in one)


@pytest.mark.parametrize(
    "names", [["knee_angle_r"], ["knee_angle_l", "ankle_angle_r"], ["knee_angle_r", "knee_angle_l"]]
)
def test_turning_twice_gives_the_tables_back(names):
    tables = bm.load_model("gait2392").tables
    back = turn_back(turn_coordinates(tables, names), names, tables["splines"])
    assert all(repr(back[name].columns) == repr(tables[name].columns) for name in tables)


def test_one_knee_alone_may_be_turned():
    model = bm.load_model("gait2392")
    other = counted_otherwise(model, ["knee_angle_r"])
    pose = {"knee_angle_r": -40.0, "knee_angle_l": -30.0}
    one, two = model.muscle_geometry(**pose), other.muscle_geometry(**{**pose, "knee_angle_r": 40.0})
    same_but_for_signs(one, two, ["knee_angle_r"])
    heavy = other.scale({"segments/torso/mass": 1.1})
    assert repr(heavy.tables["splines"].columns) == repr(other.tables["splines"].columns)
    tall = other.scaled(height=1.9)
    same_but_for_signs(
        model.scaled(height=1.9).muscle_geometry(**pose),
        tall.muscle_geometry(**{**pose, "knee_angle_r": 40.0}),
        ["knee_angle_r"],
    )


@pytest.mark.parametrize(
    ("signs", "said"),
    [
        ({"knee": -1}, "signs = 'knee'"),
        ({"knee_angle_r": 2}, r"signs\['knee_angle_r'\] = 2"),
        ([1], "signs = "),
        ({"knee_angle_r": True}, "True"),
    ],
)
def test_signs_that_cannot_be(signs, said):
    with pytest.raises(ModelError, match=said):
        bm.load_model("gait2392").with_roles(signs=signs)
