"""Verdicts by their rules, and what the findings rest on."""

from pathlib import Path

import numpy as np
import pytest

import biomech as bm
from biomech.article.findings import CONTRASTS, HYPOTHESES, PolicyOutcome, verdict
from biomech.article.hypotheses import BACK, TILT, Hypothesis, OutcomeMeasure, group
from biomech.article.verdicts import classify
from biomech.errors import StanceError

PAGE = Path(__file__).parents[1] / "docs" / "findings" / "README.md"
MEASURED = "as measured on people whose knees were bent in braces (Lee 2013)"
CLAIM = Hypothesis("x", "X", "Something goes up.", "turnout", group("quadriceps"), 1)


def column(interval, agree=0.5, against=0.5):
    found = classify(CLAIM, (interval,), agree, against)
    return PolicyOutcome("tilt", (interval,), (0.0,), agree, against, 0.0, 1.0, found)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([column((1.0, 2.0, 3.0), 0.97, 0.0)], "supported"),
        ([column((1.0, 2.0, 3.0), 0.97, 0.0), column((-0.1, 0.2, 0.3))], "conditional"),
        ([column((0.1, 0.8, 3.0), 0.97, 0.0)], "undetermined"),
        ([column((1.0, 2.0, 3.0), 0.94, 0.0)], "undetermined"),
        ([column((-0.5, 0.1, 0.9)), column((-0.9, 0.0, 0.9))], "no meaningful effect"),
        ([column((-0.5, 0.1, 0.9)), column((0.0, 0.0, 0.0))], "no meaningful effect"),
        ([column((-3.0, -2.0, -1.0), 0.0, 0.99)], "contradicted"),
        ([column((-3.0, -2.0, -1.0), 0.0, 0.99), column((-0.5, 0.1, 0.9))], "undetermined"),
        ([column((0.0, 0.0, 0.0), 0.0, 0.0)], "ruled out by balance"),
        ([column((np.nan,) * 3, 0.0, 0.0)], "undetermined"),
    ],
)
def test_the_rules(columns, expected):
    assert verdict(CLAIM, columns) == expected


def test_contrary_measurements_keep_a_claim_from_being_supported():
    doubted = Hypothesis("x", "X", "Up.", "turnout", group("quadriceps"), 1, contrary=True)
    assert verdict(doubted, [column((1.0, 2.0, 3.0), 0.97, 0.0)]) == "conditional"


def test_an_effect_on_the_back_must_pass_both_measures():
    back = Hypothesis("x", "X", "Up.", "turnout", BACK, 1)
    assert classify(back, ((1.0, 2.0, 3.0), (20.0, 40.0, 59.0)), 1.0, 0.0) == "no meaningful effect"
    assert classify(back, ((1.0, 2.0, 3.0), (50.0, 80.0, 99.0)), 1.0, 0.0) == "supported"


def test_findings_of_a_few():
    names = ["leaning_back", "sitting_back", "forward_quads", "hyper_tilt"]
    found = {f.hypothesis.name: f for f in bm.findings.assess_hypotheses(names, samples=64)}
    assert found["leaning_back"].verdict == "supported"
    assert found["sitting_back"].verdict == "no meaningful effect"
    assert found["forward_quads"].verdict == "contradicted"
    assert [c.label for c in found["hyper_tilt"].columns] == ["least effort", "hanging", MEASURED]
    (by_rule,) = found["leaning_back"].columns
    assert by_rule.label == "by rhythm"
    contrast = CONTRASTS["leaning"].stances.values()
    standing, leaning = (bm.sweep(bm.load_model(), **stance) for stance in contrast)
    change = float(leaning.lumbar_compression - standing.lumbar_compression)
    assert by_rule.nominal[1] == pytest.approx(change)
    assert by_rule.interval[1][0] < change < by_rule.interval[1][2]


def test_with_a_level_pelvis_the_feet_cannot_reach_the_back():
    """Without draws the change is none: the extensors cannot feel the feet (separability)."""
    (found,) = bm.findings.assess_hypotheses(["turnout_back"], samples=8)
    level = {c.label: c for c in found.columns}["pelvis level, friction 0.6"]
    assert abs(level.nominal[0]) < 1e-3


def test_every_proposition_is_sound():
    names = [p.name for p in HYPOTHESES]
    assert len(set(names)) == len(names)
    for hypothesis in HYPOTHESES:
        assert hypothesis.contrast in CONTRASTS
        assert hypothesis.direction in (1, -1)
        assert all(isinstance(measure, OutcomeMeasure) and measure.smallest > 0 for measure in hypothesis.measures)
    assert TILT[0].unit == "deg"


def test_the_page_has_every_proposition():
    text = PAGE.read_text()
    for hypothesis in HYPOTHESES:
        assert f"### {hypothesis.text}" in text
    assert "no reflexes" in text


def test_unknown_propositions_are_refused():
    with pytest.raises(StanceError, match="names = 'x': there is none; there are"):
        bm.findings.assess_hypotheses(["x"])
