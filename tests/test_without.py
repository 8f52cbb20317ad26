"""``Model.without``: muscles that are gone, limbs that were taken off."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from free_bodies import left_open

import biomech as bm
from biomech.errors import ModelError, StanceError
from biomech.model.mirror import side_of
from biomech.model.tables import Table, empty_table

#: What is taken, and what is left of the left leg.
LIMBS = {
    "calcn_l": ["femur_l", "tibia_l", "talus_l"],
    "tibia_l": ["femur_l"],
    "femur_l": [],
}


def rows(model, table):
    return set(model.tables[table].rows)


def stances(model):
    table = model.tables["coordinates"]
    return dict(zip(table.rows, table.text("stance"), strict=True))


@pytest.mark.parametrize("limb", LIMBS)
def test_a_leg_goes_with_all_that_hangs_on_it(model, limb):
    left = model.without(limb)
    assert [segment for segment in left.segments if side_of(segment) == "left"] == LIMBS[limb]
    reached = {segment: set() for segment in model.segments}
    points = model.tables["path_points"]
    for muscle, segment in zip(points.text("muscle"), points.text("segment"), strict=True):
        reached[segment].add(muscle)
    gone = set().union(*(reached[segment] for segment in set(model.segments) - set(left.segments)))
    assert set(model.muscles) - set(left.muscles) == gone
    assert not any(segment in gone for segment in left.tables["contact_points"].text("segment"))
    mass = model.tables["segments"].numbers("mass")
    kept = [segment in left.segments for segment in model.tables["segments"].rows]
    assert left.body_mass == pytest.approx(mass[kept].sum(), rel=1e-12)


@pytest.mark.parametrize("limb", LIMBS)
def test_what_is_left_is_as_it_was(adult, limb):
    """Lengths, arms and weight of what stays do not know what is gone."""
    left = adult.without(limb)
    pose = {"hip_flexion_r": 30.0, "knee_angle_r": -50.0, "lumbar_extension": -10.0, "hip_flexion_l": 0.0}
    pose = {name: angle for name, angle in pose.items() if name in left.coordinates}
    whole, part = (body.muscle_geometry(**pose) for body in (adult, left))
    both = {"muscle": list(left.muscles), "coordinate": list(left.coordinates)}
    np.testing.assert_array_equal(part.length.sel(muscle=both["muscle"]), whole.length.sel(muscle=both["muscle"]))
    np.testing.assert_array_equal(part.moment_arm.sel(both), whole.moment_arm.sel(both))
    force = left.gravity(**pose).generalized_force.sel(coordinate="pelvis_ty")
    assert float(force[0]) == pytest.approx(-left.body_mass * 9.80665, rel=1e-12)


def test_a_stump_ends_in_a_joint_that_is_locked(model):
    before, after = stances(model), stances(model.without("calcn_l"))
    changed = {name for name, stance in after.items() if stance != before[name]}
    assert changed == {name for name in after if name.endswith("angle_l") and name.startswith(("ankle", "subtalar"))}
    assert stances(model.without("tibia_l")) == {name: before[name] for name in stances(model.without("tibia_l"))}


def test_one_side_of_everything(adult):
    half = adult.without("*_l")
    assert {side_of(name) for name in (*half.muscles, *half.segments)} == {"right", "midline"}
    assert rows(half, "patellae") == {"patella_r"}
    half.muscle_geometry(hip_flexion_r=20.0)


def test_both_sides_stay_mirror_images(adult):
    assert adult.without("soleus_*").is_symmetric
    assert adult.without("toes_*").is_symmetric
    assert not adult.without("soleus_r").is_symmetric
    legless = adult.without("femur_*")
    assert legless.segments == ("pelvis", "torso")
    assert len(legless.tables["patellar_tendon"]) == 0
    assert legless.gravity(lumbar_extension=-30.0).generalized_force.sel(coordinate="lumbar_extension")[0] < 0.0


def test_splines_go_with_their_last_user(adult):
    own = set(adult.tables["splines"].text("spline"))
    assert set(adult.without("rect_fem_r").tables["splines"].text("spline")) == own
    assert own - set(adult.without("rect_fem_*").tables["splines"].text("spline")) == {"rect_fem_r_x", "rect_fem_r_y"}


@pytest.mark.parametrize("names", ["soleus_*", "glut_min?_r", ["psoas_l", "iliacus_l"]])
def test_a_body_without_muscles_stands(adult, names):
    """As one in which these have hardly any strength."""
    left = adult.without(names)
    gone = set(adult.muscles) - set(left.muscles)
    weak = adult.replace({f"muscles/{muscle}/max_isometric_force": 1e-9 for muscle in gone})
    stance = {"pelvic_tilt": 0, "knee_flexion": 10, "support": "right"}
    one, two = bm.sweep(left, **stance), bm.sweep(weak, **stance)
    assert int(one.status) == int(two.status) == 0
    np.testing.assert_allclose(one.activation, two.activation.sel(muscle=list(left.muscles)), atol=1e-6)
    np.testing.assert_allclose(one.lumbar_compression, two.lumbar_compression, rtol=1e-6)


@pytest.mark.parametrize("side", ["r", "l"])
def test_a_knee_without_quadriceps_has_no_pull_at_its_patella(adult, side):
    """Neither in a stance nor in a measured frame, and the other knee has its own."""
    lame = adult.without([f"rect_fem_{side}", f"vas_*_{side}"])
    assert rows(lame, "patellae") == {f"patella_{'l' if side == 'r' else 'r'}"}
    own, other = ("right", "left") if side == "r" else ("left", "right")
    stance = bm.sweep(lame, pelvic_tilt=0, knee_flexion=8)
    whole = bm.sweep(adult, pelvic_tilt=0, knee_flexion=25)
    ground = xr.Dataset({"force": whole.ground_force, "point": whole.center_of_pressure})
    frames = bm.static_optimization(lame, bm.pose(whole), ground, reserve=100.0)
    full = bm.static_optimization(adult, bm.pose(whole), ground, reserve=100.0)
    for ds in (stance, frames):
        assert float(ds.patellar_tendon_force.sel(foot=own).squeeze()) == 0.0
        assert float(ds.patellar_tendon_force.sel(foot=other).squeeze()) > 0.0
        assert not ds.patellofemoral_force.sel(foot=own).any()
    np.testing.assert_allclose(
        frames.patellofemoral_force.sel(foot=other), full.patellofemoral_force.sel(foot=other), rtol=0.05
    )


@pytest.fixture(scope="module")
def on_the_right(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, support="right", knee_flexion=5)
    return bm.pose(ds), xr.Dataset({"force": ds.ground_force, "point": ds.center_of_pressure})


@pytest.mark.parametrize("limb", LIMBS)
def test_an_amputee_stands_on_the_other_leg(adult, on_the_right, limb):
    """Measured: under a body whose centre lies over the foot, the plate carries what is left of its weight."""
    left = adult.without(limb)
    pose, ground = on_the_right
    pose = {name: angle for name, angle in pose.items() if name in left.coordinates}
    centre = left.kinematics(pose).body_centre[0]
    weight = left.body_mass * 9.80665
    force, point = ground.force.copy(), ground.point.copy()
    force.loc[{"foot": "right"}] = [0.0, weight, 0.0]
    point.loc[{"foot": "right"}] = [float(centre.sel(axis="x")), 0.0, float(centre.sel(axis="z"))]
    reserve = dict.fromkeys(left.coordinates, 200.0)
    ds = bm.static_optimization(left, pose, xr.Dataset({"force": force, "point": point}), reserve=reserve)
    assert int(ds.status.squeeze()) == 0
    whole = [name for name in left.coordinates if name.startswith("pelvis_")]
    assert float(abs(ds.reserve_moment.sel(coordinate=whole)).max()) < 1e-6 * weight
    force.loc[{"foot": "left"}] = [0.0, 1.0, 0.0]
    point.loc[{"foot": "left"}] = 0.0
    with pytest.raises(
        StanceError, match="must be zero on a foot that is not there; the model has no segment of role calcn_l"
    ):
        bm.static_optimization(left, pose, xr.Dataset({"force": force, "point": point}))


def test_an_amputee_is_scaled(adult):
    """The scales show the body that is there; parts of a sex that it lacks are left out of account."""
    left = adult.without("femur_l").scaled(height=1.7, mass=60.0, sex="male")
    assert left.body_mass == pytest.approx(60.0, rel=1e-12)
    leg = 0.1416 + 0.0433 + 0.0137
    assert left.value("segments/femur_r/mass") == pytest.approx(60.0 * 0.1416 / (1.0 - leg), rel=1e-9)


def test_a_stance_says_what_it_misses(adult):
    one_foot = adult.without("calcn_l")
    with pytest.raises(ModelError, match="no segment of the role calcn_l, on which it would stand"):
        bm.sweep(one_foot, pelvic_tilt=0, support="left")
    with pytest.raises(ModelError, match="no segment of the role calcn_l, on which it would stand"):
        bm.sweep(one_foot, pelvic_tilt=0)
    with pytest.raises(ModelError, match="no segment of the role calcn_l"):
        bm.stability(one_foot, pelvic_tilt=0)


@pytest.mark.parametrize("limb", LIMBS)
def test_who_has_one_leg_stands_on_it(model, limb):
    """Swept: every cut closes, by finite differences of frames, and the ground carries what is left of the weight."""
    left = model.without(limb)
    ds = bm.sweep(left, support="right", pelvic_tilt=[0.0, 4.0, "least_effort"], knee_flexion=[5.0, 20.0])
    assert set(np.unique(ds.status)) <= {0, 1}
    held = ds.status == 0
    if not held.any():  # the weakest ankles do not balance the lopsided body
        assert model.name != "adult"
        return
    carried = ds.ground_force.sel(foot="right", axis="y").where(held)
    np.testing.assert_allclose(carried.max(), left.body_mass * 9.80665, rtol=1e-9)
    assert not ds.ground_force.sel(foot="left").where(held, 0.0).any()
    for name in ("center_of_pressure", "utilized_friction"):  # as under a foot that carries nothing
        assert np.isnan(ds[name].sel(foot="left")).all()
        assert np.isfinite(ds[name].sel(foot="right").where(held, 0.0)).all()
    assert float(np.abs(left_open(left, ds)).max()) < 1e-8 * left.body_mass * 9.80665


def test_nothing_taken_is_the_same_body(small):
    assert all(small.without([]).tables[name] is table for name, table in small.tables.items())


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("knee", "names = 'knee': matches no muscle and no segment; segments are pelvis, torso, femur_r"),
        (["soleus_r", "x"], "names = 'x': matches no muscle"),
        ("pelvis", "names: 'pelvis' carries the whole body"),
        ("*", "names: 'pelvis' carries the whole body"),
        (
            "torso",
            r"names = 'torso': what is left is no body: .* none has the role torso, which carries loads",
        ),
        (3, "names = 3: must be a list of names"),
        ([None], "names = None: must be text"),
        ({"soleus_r": 1}, "names = .*: must be a list of names"),
    ],
)
def test_what_cannot_be_taken_is_refused(adult, names, said):
    with pytest.raises(ModelError, match=said):
        adult.without(names)


def test_every_muscle_is_too_many(small):
    with pytest.raises(ModelError, match="names: take every muscle; must leave one"):
        small.without(small.muscles)


def test_a_path_that_follows_a_lost_joint_is_named(adult):
    """A muscle of the trunk that switches with the hip, which goes with the leg."""
    ends = [adult.row("path_points", f"quadratus_lumborum_r.{i}") for i in (0, 1)]
    switch = {"kind": "conditional", "coordinate": "hip_flexion_r", "active_min": -1.0, "active_max": 0.5}
    muscle = {**adult.row("muscles", "quadratus_lumborum_r"), "muscle": "odd_r"}
    points = [ends[0], {**ends[0], **switch}, ends[1]]
    points = [{**point, "point": f"odd_r.{i}", "muscle": "odd_r"} for i, point in enumerate(points)]
    odd = adult.with_rows({"muscles": [muscle], "path_points": points})
    with pytest.raises(ModelError, match=r"'hip_flexion_r' goes, but 'odd_r' stays, whose path point 'odd_r\.1'"):
        odd.without("femur_r")
    assert "odd_r" not in odd.without(["femur_r", "odd_r"]).muscles


@pytest.fixture(scope="module")
def groupless(adult):
    """The adult, of whose muscles nobody says to which group they belong."""
    tables = dict(adult.tables)
    own = tables["muscles"]
    tables["muscles"] = Table("muscles", {**own.columns, "groups": ("",) * len(own)})
    tables |= {name: empty_table(name) for name in ("patellae", "patellar_tendon")}  # which pull by their group
    return bm.Model("groupless", tables)


def test_a_body_without_muscle_groups_is_told_of_by_its_joints(groupless, tmp_path):
    ds = bm.sweep(groupless, pelvic_tilt=[0.0, 3.0], knee_flexion=10.0)
    assert ds.sizes["group"] == 0
    for said in (bm.summary(ds.isel(pelvic_tilt=0)), bm.summary(ds)):
        assert "joint forces" in str(said)
        assert "knee" in str(said)
    assert "joint" in str(bm.compare(ds.isel(pelvic_tilt=0), ds.isel(pelvic_tilt=1)))
    xr.testing.assert_identical(bm.rerun(ds), ds)
    bm.sweep(groupless, pelvic_tilt=[0.0, 3.0], knee_flexion=10.0, to=tmp_path / "study.zarr")
    kept = bm.open_study(tmp_path / "study.zarr")
    np.testing.assert_array_equal(kept.joint_contact_force, ds.joint_contact_force)
    assert len(bm.table(ds)) == 2
    bm.view.page(ds, tmp_path / "page.html")


@pytest.mark.parametrize("gone", ["femur_r", "tibia_r", "talus_l", "calcn_l", "toes_*", "*_l", "glut_max*_r"])
def test_default_priors_are_those_of_what_is_there(adult, gone):
    """A prior of a side that is gone is that of the other; one of what is not there at all is left out."""
    left = adult.without(gone)
    support = {"femur_r": "left", "tibia_r": "left", "toes_*": "both", "glut_max*_r": "both"}.get(gone, "right")
    stance = {"pelvic_tilt": 0.0, "knee_flexion": 5.0, "support": support}
    ds = bm.uncertainty.propagate({"one": stance}, left, samples=8, seed=1)
    names = [name for name in ds.coords if name.startswith("prior_")] or [n for n in ds if n.startswith("prior_")]
    assert "prior_thigh_foot_angle" in names
    assert len(bm.sweep(bm.uncertainty.draw_bodies(left, samples=3), **stance).body) == 3


def test_priors_of_one_side_have_its_sign(adult):
    """The right body without its left leg and the left one without its right leg are mirror images, draw by draw."""
    answers = []
    priors = {
        name: prior
        for name, prior in bm.uncertainty.default_priors().items()
        if not prior.of_stance and prior.how != "scale each"  # which goes by the order of the muscles
    }
    for gone, support in (("femur_l", "right"), ("femur_r", "left")):
        bodies = bm.uncertainty.draw_bodies(adult.without(gone), samples=4, seed=5, priors=priors)
        answers.append(bm.sweep(bodies, pelvic_tilt=0.0, knee_flexion=5.0, support=support))
    one, two = (ds.joint_contact_force.sel(joint=f"hip_{side}") for ds, side in zip(answers, "rl", strict=True))
    assert float(np.abs(one).max()) > 100.0
    np.testing.assert_allclose(two.sel(axis=["x", "y"]), one.sel(axis=["x", "y"]), atol=1e-5)
    np.testing.assert_allclose(two.sel(axis="z"), -one.sel(axis="z"), atol=1e-5)


def test_a_prior_that_is_given_must_be_of_something(adult):
    own = {"glut": bm.uncertainty.default_priors()["gluteus_maximus_arm"]}
    left = adult.without("glut_max*")
    with pytest.raises(StanceError, match="no row of table 'muscles' matches 'gluteus_maximus'"):
        bm.uncertainty.propagate({"one": {"pelvic_tilt": 0.0}}, left, samples=4, priors=own)


@pytest.mark.parametrize("limb", ["talus_l", "talus_*", "tibia_r", "femur_*"])
def test_a_stump_of_any_body_stands_for_itself(model, limb):
    """Nobody knows how far a bone reaches on which nothing hangs any more; its mass stays where it was."""
    left = model.without(limb)
    kept = [name for name in model.segments if name in left.segments]
    for axis in "xyz":
        before, after = (body.tables["segments"] for body in (model, left))
        column = f"com_{axis}"
        assert [before.value(name, column) for name in kept] == [after.value(name, column) for name in kept]
