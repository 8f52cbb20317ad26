"""A scenario from outside the package: one call. ``docs/about/extending.md`` shows it."""

import pytest

import biomech as bm
from biomech.article import scenarios
from biomech.article.scenarios import SCENARIOS, Scenario, register_scenario


@pytest.fixture
def knapsack(monkeypatch):
    monkeypatch.setattr(scenarios, "_SCENARIOS", known := dict(SCENARIOS))
    monkeypatch.setattr(scenarios, "SCENARIOS", known)
    stance = {"pelvic_tilt": 0, "knee_flexion": 15, "load_mass": 20, "load_position": (-0.15, 0.3, 0)}
    register_scenario("knapsack", Scenario("A heavy knapsack.", stance, "parallel_standing"))


def test_a_scenario_is_run_and_felt(knapsack):
    ds = bm.scenarios.run("knapsack", bm.load_model("small"))
    assert ds.attrs["meaning"] == "A heavy knapsack."
    assert ds.attrs["contrast"] == "parallel_standing"
    felt = bm.scenarios.feel("knapsack", bm.load_model("small"), pelvic_tilt=0)
    assert float(felt.change.sel(group="quadriceps")) > 0.0


@pytest.mark.parametrize(
    ("name", "new", "named"),
    [
        ("squat", Scenario("", {"pelvic_tilt": 0}, "squat"), "name = 'squat': must be a word that no scenario bears"),
        ("two words", Scenario("", {"pelvic_tilt": 0}, "squat"), "name = 'two words'"),
        ("own", None, "new = None: must be a Scenario"),
        ("own", Scenario("", {"pelvic_tilt": 0}, "nothing"), "new: contrast = 'nothing'"),
        ("own", Scenario("", {"pelvic_tlit": 0}, "own"), "new: stance: pelvic_tlit: unknown stance parameter"),
        ("own", Scenario("", None, "own"), "new: stance = None"),
    ],
)
def test_scenarios_that_are_none_are_refused(name, new, named):
    with pytest.raises(bm.StanceError, match=named):
        register_scenario(name, new)
    assert name not in SCENARIOS or name == "squat"
