"""What public objects print, in a terminal and in a notebook."""

from __future__ import annotations

import copy
import pickle
from html.parser import HTMLParser

import numpy as np
import pytest

import biomech as bm
from biomech import _html
from biomech._display import MOST_ROWS, About, Catalog, Displayed, Folded
from biomech.article.evidence import evidence, measured_tilts
from biomech.article.hypotheses import HYPOTHESES
from biomech.model.tables import Table
from biomech.sharing import LoadSharingProblem, Power, solve
from biomech.stance.parsing import parse_stance
from biomech.uncertainty.ensemble import Ensemble

HOSTILE = "<script>alert('x')</script>\"&"


@pytest.fixture(scope="module")
def small():
    return bm.load_model("small")


def problem(batch: int = 3) -> LoadSharingProblem:
    demand = np.linspace(1.0, 200.0, batch)[:, None]
    return LoadSharingProblem(np.full((batch, 1, 2), 40.0), demand, np.ones(2), np.ones(2))


def objects(model: bm.Model) -> dict[str, object]:
    """One of every kind that a user meets."""
    solved = solve(problem(), Power(2))
    grid = parse_stance({"pelvic_tilt": [0, 10], "knee_flexion": 30})
    adult, few = bm.load_model(), {"friction": bm.uncertainty.default_priors()["friction"]}
    return {
        "model": model,
        "tables": model.tables,
        "table": model.tables["muscles"],
        "compiled": model.compiled(),
        "bodies": bm.uncertainty.draw_bodies(adult, samples=3),
        "population": bm.uncertainty.draw_bodies(adult, samples=3).part(0, 3),
        "problem": solved.problem,
        "solution": solved,
        "sensitivity": solved.vjp(np.ones((3, 2))),
        "grid": grid,
        "stances": grid.all(),
        "scenario": bm.scenarios.scenario("squat"),
        "scenarios": bm.scenarios.SCENARIOS,
        "prior": bm.uncertainty.default_priors()["friction"],
        "priors": bm.uncertainty.default_priors(),
        "people": bm.uncertainty.draw_people(adult, samples=2),
        "people priors": bm.uncertainty.default_people("male"),
        "ensemble": Ensemble({"a": {"pelvic_tilt": 0}}, model, few, ["status"], Power(2), None),
        "hypothesis": HYPOTHESES[0],
        "measurement": evidence()[0],
        "tilt": measured_tilts()[0],
        "words": bm.summary(bm.sweep(model, pelvic_tilt=0)),
    }


#: Of each, something that must stand in what it prints.
TOLD = {
    "model": "<Model 'small': 75.",
    "tables": "muscles: ",
    "table": "rows of muscle, max_isometric_force",
    "compiled": "<CompiledModel of the whole body: ",
    "bodies": "3 bodies",
    "population": "of 3 bodies",
    "problem": "<LoadSharingProblem: 3 problems of 1 row and 2 unknowns>",
    "solution": "<Solution of 3 problems: 1 optimal, 2 infeasible, residual at most ",
    "sensitivity": "<Sensitivity: 3 problems",
    "grid": "<StanceGrid of 2 postures: pelvic_tilt 2: [0, 10]",
    "stances": "<Stance of 2 postures: knee_flexion 30",
    "scenario": "Squatting down",
    "scenarios": "squat: Squatting down",
    "prior": "Prior(name='friction'",
    "priors": "friction: set friction, uniform: 0.3 to 0.9",
    "ensemble": "<Ensemble of 1 stance: of 'small' under ",
    "hypothesis": "<Hypothesis 'turnout_back': ",
    "measurement": "<Measurement of ",
    "tilt": "<MeasuredTilt ",
    "words": "Model small",
}


class Tags(HTMLParser):
    """Whether every element that is opened is closed, and which there are."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("kind", sorted(TOLD))
def test_an_object_is_told_in_a_few_lines_and_in_a_notebook(small, kind):
    thing = objects(small)[kind]
    assert TOLD[kind] in repr(thing)
    assert len(repr(thing)) < 2500
    assert max(map(len, repr(thing).splitlines())) < 300
    tags = Tags(thing._repr_html_())
    assert not tags.open
    assert tags.seen <= {"div", "strong", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"}


def test_numbers_that_are_shown_are_those_of_the_object(small):
    solved = solve(problem(), Power(2))
    html = solved._repr_html_()
    assert f"{solved.residual[solved.status == 0].max():.1e}" in html
    assert f"{solved.cost[0]:.6g}" in html
    assert f"{small.body_mass:.1f} kg" in repr(small)
    assert f"{len(small.tables['muscles'])} rows" in repr(small.tables)


def test_a_long_table_is_cut_and_says_so(small):
    html = small.tables["muscles"]._repr_html_()
    rows = len(small.tables["muscles"])
    assert html.count("<tr") <= MOST_ROWS + 6
    if rows > MOST_ROWS:
        assert f"... {rows - MOST_ROWS} more" in html


def test_hostile_names_are_text(small):
    """Of a model, a muscle, a group, a scenario, a prior, a stance: whoever brings them."""
    muscles = small.tables["muscles"]
    groups = tuple(f"{own};{HOSTILE.replace(';', '')}" for own in muscles.text("groups"))
    tables = {**small.tables, "muscles": Table("muscles", {**muscles.columns, "groups": groups})}
    model = bm.Model(HOSTILE, tables)
    prior = bm.uncertainty.Prior(HOSTILE, "friction", "set", "uniform", 0.3, 0.9, 0.3, 0.9, source=HOSTILE)
    things = [
        model,
        model.tables["muscles"],
        bm.scenarios.Scenario(HOSTILE, {HOSTILE: HOSTILE}, HOSTILE),
        prior,
        Catalog(HOSTILE, {HOSTILE: 1}, lambda own: HOSTILE),
        Ensemble({HOSTILE: {"pelvic_tilt": 0}}, small, {HOSTILE: prior}, ["status"], Power(2), None),
        bm.summary(bm.sweep(model, pelvic_tilt=0)),
    ]
    for thing in things:
        html = thing._repr_html_()
        assert "<script" not in html
        tags = Tags(html)
        assert "script" not in tags.seen
        assert any("<script>" in own for own in tags.text)


def test_markup_is_what_the_functions_made_alone():
    assert _html.escaped("<b>") == "&lt;b&gt;"
    assert _html.element("div", "<b>", _html.element("i", "'")) == "<div>&lt;b&gt;<i>&#x27;</i></div>"
    assert _html.element("div", style='"x') == '<div style="&quot;x"></div>'


def test_a_catalog_is_a_mapping_that_nobody_can_change(small):
    tables = small.tables
    assert dict(tables) == {name: tables[name] for name in tables}
    assert list(tables) == list(tables.keys())
    assert "muscles" in tables
    assert 3 not in tables
    with pytest.raises(TypeError):
        tables["muscles"] = None
    assert (tables | {"x": 1})["x"] == 1
    assert ({"muscles": 1} | tables)["muscles"] is tables["muscles"]
    again = pickle.loads(pickle.dumps(small))
    assert dict(again.tables["muscles"].columns) == dict(small.tables["muscles"].columns)
    assert copy.deepcopy(bm.uncertainty.default_priors()["friction"]) == bm.uncertainty.default_priors()["friction"]
    assert pickle.loads(pickle.dumps(bm.uncertainty.default_priors())) == bm.uncertainty.default_priors()


def test_an_object_without_facts_shows_its_line():
    class Plain(Displayed):
        def _about(self) -> About:
            return About("Plain", "a line", folded=(Folded("rows", ["a"], [[float("nan")], [0.1]]),))

    assert repr(Plain()) == "<Plain: a line>"
    assert "a line" in Plain()._repr_html_()
    assert ">0.1<" in Plain()._repr_html_()
