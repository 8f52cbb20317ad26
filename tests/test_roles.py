"""A body is known by its roles, not by its names: whatever its parts are called, answers are the same to the bit."""

import pickle
import random

import numpy as np
import pytest
import xarray as xr

import biomech as bm
from biomech.errors import ModelError
from biomech.model.roles import KINDS, ROLES, make_roles, with_names

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


def test_what_is_missing_is_told_by_its_role():
    model = bm.load_model("small")
    nameless = with_names(model.tables, {"segments": {"torso": "Rumpf"}})
    with pytest.raises(ModelError, match="'torso'"):
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
