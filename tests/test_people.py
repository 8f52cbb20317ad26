"""People: what is drawn, what a sweep over them answers, and the shares of them that can hold a posture."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import biomech as bm
from biomech.errors import BiomechWarning, StanceError
from biomech.model.parts import part_length
from biomech.uncertainty import Prior, default_people, draw_people, population_shares

LEANING = {"pelvic_tilt": "rhythm", "trunk_lean": [0, 40], "load_mass": 10.0, "load_position": (0.3, 0.2, 0)}


@pytest.fixture(scope="module")
def people():
    return draw_people(samples=6, seed=3)


@pytest.fixture(scope="module")
def answer(people):
    return bm.sweep(people, **LEANING)


def test_every_person_answers_as_alone(people, answer):
    for i in (0, 5):
        person = people.body(i)
        assert person.value("settings/height") == pytest.approx(people.height[i], rel=1e-12)
        assert person.body_mass == pytest.approx(people.mass[i], rel=1e-12)
        alone = bm.sweep(person, **LEANING)
        for name in ("activation", "joint_contact_force", "center_of_pressure", "status"):
            assert np.array_equal(answer[name][i], alone[name])


def test_a_person_is_the_body_that_the_rules_make_of_what_was_drawn(people):
    """Proportions lie where their priors have them, and a strength that is twice as large doubles every force."""
    factors = []
    for i in range(len(people)):
        taller = people.height[i] / people.model.value("settings/height")
        own, base = (part_length(model.tables_by_role, "thigh") for model in (people.body(i), people.model))
        factors.append(own / (taller * base))
    assert np.all((np.array(factors) > 0.85) & (np.array(factors) < 1.15))
    assert np.ptp(factors) > 0.02
    once, twice = (
        draw_people(samples=3, seed=3, priors={"person_strength": _strength(own)}).body(2) for own in (1.0, 2.0)
    )
    force = [body.tables["muscles"].numbers("max_isometric_force") for body in (once, twice)]
    assert force[1] / force[0] == pytest.approx(2.0, rel=1e-6)


def _strength(factor: float) -> Prior:
    """Next to no spread."""
    ends = factor * (1 - 1e-8), factor * (1 + 1e-8)
    return Prior("person_strength", "person/strength", "scale", "uniform", *ends, *ends)


def test_the_answer_says_who_they_are(people, answer):
    assert answer.body_height.dims == answer.sex.dims == ("body",)
    assert np.array_equal(answer.body_mass, people.mass)
    assert sorted(answer.sex.values) == ["female"] * 3 + ["male"] * 3
    assert answer.body_height.attrs["units"] == "m"
    assert answer.groupby("sex").mean()["lumbar_compression"].sizes == {"sex": 2, "trunk_lean": 2}


def test_it_is_computed_again_stored_and_lazily_the_same(people, answer, tmp_path):
    xr.testing.assert_identical(bm.rerun(answer), answer)
    lazy = bm.sweep(people, **LEANING, chunks={"body": 4}).compute()
    stored = bm.sweep(people, **LEANING, to=tmp_path / "people.zarr").load()
    for other in (lazy, stored, bm.sweep(pickle.loads(pickle.dumps(people)), **LEANING, threads=2)):
        for name in answer.variables:
            assert np.array_equal(other[name], answer[name], equal_nan=answer[name].dtype.kind == "f"), name


def test_more_people_begin_with_the_same():
    few, more = draw_people(samples=4, seed=9, sex="female"), draw_people(samples=32, seed=9, sex="female")
    assert np.array_equal(few.height, more.height[:4])
    assert np.array_equal(few.mass, more.mass[:4])


@pytest.mark.parametrize("sex", ["female", "male"])
def test_draws_follow_the_priors(sex):
    people = draw_people(samples=2048, sex=sex)
    prior = default_people(sex)["height"]
    cut = stats.truncnorm((prior.least - prior.a) / prior.b, (prior.most - prior.a) / prior.b, prior.a, prior.b)
    assert stats.kstest(people.height, cut.cdf).statistic < 0.01
    assert set(people.sexes) == {sex}
    index = people.mass / people.height**2
    assert np.median(index) == pytest.approx(default_people(sex)["body_mass_index"].a, rel=0.01)
    assert abs(np.corrcoef(people.height, index)[0, 1]) < 0.05


def test_half_are_women():
    assert (draw_people(samples=64, seed=5).sexes == "female").sum() == 32


def test_who_makes_no_person_is_refused(adult):
    with pytest.raises(StanceError, match="person/height, person/body_mass_index, person/trunk"):
        draw_people(adult, priors={"arm": Prior("arm", "person/arm", "scale", "normal", 1, 0.1, 0.5, 2)})
    with pytest.raises(StanceError, match=r"priors\['friction'\]: target = 'friction': must be person/height"):
        draw_people(adult, priors={"friction": bm.uncertainty.default_priors()["friction"]})
    with pytest.raises(StanceError, match="how = 'scale': person/height is to be 'set'"):
        draw_people(adult, priors={"height": Prior("height", "person/height", "scale", "normal", 1, 0.1, 0.5, 2)})
    tall = Prior("height", "person/height", "set", "uniform", 2.5, 2.6, 2.5, 2.6)
    with pytest.raises(StanceError, match=r"body 0 has height = 2\.5\d*: must be 1\.2 to 2\.2 m"):
        draw_people(adult, priors={"height": tall})
    with pytest.raises(StanceError, match="'height' and 'stature' both draw person/height"):
        draw_people(adult, priors={"stature": default_people("male")["height"]})
    with pytest.raises(ValueError, match="sex"):
        draw_people(adult, sex="both")
    with pytest.raises(StanceError, match="people are drawn by"):
        bm.uncertainty.draw_bodies(adult, priors=dict(default_people("male")))


def test_a_label_of_ones_own_must_not_bear_theirs(people):
    lean = xr.DataArray([0.0, 10.0], dims="who", coords={"sex": ("who", ["a", "b"])})
    with pytest.raises(StanceError, match="'sex'"):
        bm.sweep(people, pelvic_tilt=0, trunk_lean=lean)


def test_shares_count_bodies_and_their_intervals_are_exact():
    status = xr.DataArray(np.zeros((20, 2), dtype=np.int8), dims=("body", "trunk_lean"))
    status[:5, 1] = 1
    force = xr.DataArray(np.linspace(3000.0, 7000.0, 20)[:, None] * [1.0, 1.0], dims=status.dims)
    found = population_shares(xr.Dataset({"status": status, "lumbar_compression": force}))
    assert found.can_hold.values.tolist() == [1.0, 0.75]
    for k, count in ((0, 20), (1, 15)):
        exact = stats.binomtest(count, 20).proportion_ci(0.95, method="exact")
        assert found.can_hold_interval[k].values == pytest.approx([exact.low, exact.high], abs=1e-12)
    over = force.values[:, 0] > 3400.0
    assert found.over_action_limit.values == pytest.approx([over.mean(), over[5:].mean()])
    assert found.over_maximum_limit.values == pytest.approx([0.15, 0.2])


def test_where_nobody_holds_a_posture_no_share_of_those_is_told():
    status = xr.DataArray(np.array([1, 2, 3], dtype=np.int8), dims="body")
    found = population_shares(xr.Dataset({"status": status, "lumbar_compression": ("body", [1e4, np.nan, 9e3])}))
    assert float(found.can_hold) == 0.0
    assert np.isnan(found.over_action_limit)
    assert np.isnan(found.over_action_limit_interval).all()


def test_shares_ask_for_bodies(adult):
    with pytest.raises(StanceError, match="must be the answer of sweep over bodies"):
        population_shares(bm.sweep(adult, pelvic_tilt=0))
    with pytest.raises(StanceError, match="ds"):
        population_shares({"status": 0})


def test_heavier_people_press_more_and_the_weak_fail(adult):
    """Stooped with 60 kg at arm's length some fail who hold themselves easily."""
    people = draw_people(adult, samples=24, seed=2)
    with pytest.warns(BiomechWarning, match="overloaded"):
        ds = bm.sweep(
            people, pelvic_tilt="rhythm", trunk_lean=50, load_mass=[0.0, 60.0], load_position=(0.5, 0.3, 0),
            variables=["lumbar_compression"],
        )  # fmt: skip
    shares = population_shares(ds)
    assert float(shares.can_hold[0]) == 1.0
    assert float(shares.can_hold[1]) < 1.0
    light = ds.isel(load_mass=0)
    assert np.corrcoef(light.body_mass, light.lumbar_compression)[0, 1] > 0.8


def test_people_of_a_body_from_a_file_grow_as_a_whole():
    file = Path(__file__).parents[1] / "examples" / "walk_10dof" / "subject01.osim"
    people = draw_people(bm.read_osim(file), samples=2, seed=1)
    for i in range(2):
        assert people.body(i).body_mass == pytest.approx(people.mass[i], rel=1e-9)
        assert people.body(i).value("settings/height") == pytest.approx(people.height[i], rel=1e-9)
    ds = bm.sweep(people, pelvic_tilt=0, knee_flexion=20, variables=["joint_compression"])
    assert ds.joint_compression.dims[0] == "body"
