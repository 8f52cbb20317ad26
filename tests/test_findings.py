"""Verdicts by their rules, and what the findings rest on."""

import dataclasses
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import biomech as bm
from biomech.article.contrast_draws import draw_columns
from biomech.article.evidence import evidence, search_protocol
from biomech.article.findings import CONTRASTS, HYPOTHESES, PolicyOutcome, verdict
from biomech.article.flips import Flip
from biomech.article.hypotheses import BACK, TILT, Hypothesis, OutcomeMeasure, group
from biomech.article.policy_scores import predicted_sway, score_policies
from biomech.article.study_design import people_needed
from biomech.article.verdicts import classify
from biomech.errors import StanceError
from biomech.view.pages.findings_page import evidence_page, findings_page
from biomech.view.pages.findings_summary import first_screen

PAGE = Path(__file__).parents[1] / "docs" / "findings" / "README.md"
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
    """Of people who stoop more speak against it than for it; of those who lean over a table nobody does."""
    columns = [column((1.0, 2.0, 3.0), 0.97, 0.0)]
    by_name = {own.name: own for own in HYPOTHESES}
    assert verdict(by_name["leaning_back"], columns) == "supported"
    assert verdict(by_name["stoop_back"], columns) == "conditional"
    assert verdict(dataclasses.replace(by_name["stoop_back"]), columns) == "conditional"  # by its name
    assert verdict(by_name["stoop_back"], [*columns, column((-0.1, 0.2, 0.3))]) == "conditional"
    assert verdict(by_name["stoop_back"], [column((-3.0, -2.0, -1.0), 0.0, 0.99)]) == "contradicted"


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
    assert [c.label for c in found["hyper_tilt"].columns] == ["least effort", "hanging", "passive"]
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
    assert "Guesses that matter" in text
    assert (PAGE.parent / "evidence.md").read_text() == evidence_page()


def test_unknown_propositions_are_refused():
    with pytest.raises(StanceError, match="names = 'x': there is none; there are"):
        bm.findings.assess_hypotheses(["x"])


@pytest.fixture(scope="module")
def every():
    return bm.findings.assess_hypotheses(samples=16, progress=False)


def test_no_supported_effect_bears_a_sign_against_its_words(every):
    """What goes down is told by a word that says so, and what is supported has the sign of its sentence."""
    for own in every:
        down = re.search(r"\bdoes less\b|\blets\b.*\bgo\b|\btips the pelvis back\b", own.hypothesis.text)
        assert (own.hypothesis.direction < 0) == bool(down), own.hypothesis.text
        for column in own.columns:
            if column.verdict == "supported":
                assert all(own.hypothesis.direction * middle > 0.0 for _, middle, _ in column.interval)


def test_what_is_open_has_a_threshold(every):
    found = {own.hypothesis.name: own for own in every}
    assert found["leaning_back"].threshold is None
    assert found["hyper_tilt"].threshold is None  # which speaks of the tilt itself
    assert found["turnout_back"].threshold.lever.parameter == "tilt_change"
    assert found["sitting_back"].steady_verdict == "no meaningful effect"
    assert {column.study for column in found["turnout_back"].columns} == {"", "duval_2010", "dancers_2023"}
    assert found["turnout_back"].measured_verdict
    assert not found["leaning_back"].measured_verdict
    assert all(own.flips is None for own in every)


def test_measurements_keep_stooping_from_being_supported(every):
    """Whatever the computed bodies do."""
    stoop = next(own for own in every if own.hypothesis.name == "stoop_back")
    assert stoop.verdict != "supported"
    sure = dataclasses.replace(stoop.columns[0], verdict="supported", agree=0.97)
    told = dataclasses.replace(stoop, columns=(sure,), verdict=verdict(stoop.hypothesis, [sure]))
    assert told.verdict == "conditional"
    (row,) = (
        x for x in first_screen([told], bm.load_model()).splitlines() if x.startswith(f"| {stoop.hypothesis.text}")
    )
    assert "in 97 % of computed bodies, by however little; measurements on people say otherwise" in row
    assert "the pelvis itself" not in row


def test_where_a_change_of_tilt_is_given_nothing_is_said_of_the_tilt(every):
    found = {own.hypothesis.name: own for own in every}
    for name in ("hyper_tilt", "both_tilt"):
        assert [own.label for own in found[name].columns] == ["least effort", "hanging", "passive"]
        assert not found[name].measured_verdict
    lee = "as measured on people whose knees were bent in braces (Lee 2013)"
    labels = {name: [own.label for own in found[name].columns] for name in ("soft_back", "hyper_back", "both_back")}
    assert labels["soft_back"][-1] == lee
    assert labels["hyper_back"][-1] == labels["both_back"][-1] == f"{lee}; measured from straight to bent only"


@pytest.mark.parametrize("contrast", ["turnout", "forced_turnout"])
def test_the_passive_tissue_holds_where_the_floor_grips(contrast):
    """On a slippery floor too many bodies are lost for a column; the others see the same bodies."""
    own = CONTRASTS[contrast]
    columns = draw_columns(contrast, bm.load_model(), samples=16, seed=0, priors=None, progress=False)
    resting = next(column for column in columns if column.label == "passive, friction 0.6")
    assert float((resting.drawn.status != 0).any("stance").mean()) < 0.2
    np.testing.assert_array_equal(resting.drawn.prior_strength, columns[0].drawn.prior_strength)
    assert set(own.left_out) == {"passive, no friction"}
    slippery = {name: {**stance, "friction": 0.0} for name, stance in own.besides.items()}
    lost = bm.uncertainty.propagate(slippery, samples=16, seed=0, variables=["status"], progress=False).status != 0
    assert float(lost.any("stance").mean()) > 0.2


def test_a_page_of_a_few(every):
    """Every column of every table has a heading, every number of the first screen is one that was found."""
    model = bm.load_model()
    scores, sways = score_policies(model, samples=4, progress=False), predicted_sway(model)
    page = findings_page(every, scores, sways, model, 16)
    first = page[: page.index("![")]
    for part in ("Lower Back Pain and Your Legs", "What is known", "What is not known", "What to try and feel",
                 "20 people", "What this cannot say"):  # fmt: skip
        assert part in first
    for jargon in (
        "riener",
        "impossible",
        "smallest effect of interest",
        "Monte Carlo",
        "percentile",
        "least_effort",
    ):
        assert jargon not in page.lower()
    for own in every:
        assert f"### {own.hypothesis.text}" in page
        if own.threshold:
            assert own.threshold.sentence in page
    lines = page.splitlines()
    for above, rule in pairwise(lines):
        if set(rule) == set("|-"):
            cells = [cell.strip() for cell in above.strip("|").split("|")]
            assert all(cells), above
            assert len(cells) == rule.count("|") - 1
    assert "lower back, beside the spine" in first


def test_hands_are_told_what_they_would_feel(every):
    """Squatting in place of stooping is less for the back and more for the thigh."""
    model = bm.load_model()
    page = findings_page(every, score_policies(model, samples=2, progress=False), predicted_sway(model), model, 16)
    rows = page[page.index("| Pick something up") :].splitlines()
    assert re.search(r"lower back, beside the spine \| \d+ less \| (yes|perhaps)", rows[0])
    assert re.search(r"front of the thigh \| \d+ more \| yes", rows[3])


def test_the_study_tells_the_claim_from_half_of_it(every):
    """People needed, for what the claim needs and for half of that; the sentence below agrees with the table."""
    screen = first_screen(every, bm.load_model())
    study = screen[screen.index("## The study") :]
    asked = [own for own in every if own.hypothesis.name in ("turnout_back", "hyper_back") and own.threshold]
    assert asked
    for own in asked:
        contrast, needs = CONTRASTS[own.hypothesis.contrast], own.threshold.middle
        step = f"from *{contrast.first}* to *{contrast.second}*"
        counts = [f"{people_needed(c, 3.0)}; {people_needed(c, 3.0, 0.9)}" for c in (needs, 0.5 * needs)]
        (row,) = (line for line in study.splitlines() if line.startswith(f"| {step}: whether the pelvis"))
        assert " | ".join(counts) in row
        enough = "are enough" if people_needed(0.5 * needs, 3.0) <= 20 else "are not enough"
        (said,) = re.findall(rf"20 people (are(?: not)? enough) [^.]*the pelvis {re.escape(step)}", study)
        assert said == enough
    assert "is a judgment" in study


def test_what_a_level_pelvis_leaves_is_counted(every):
    """The screen tells what was found, also where that is another."""
    model = bm.load_model()
    assert "sentences on what feet and knees do to the lower back come" in first_screen(every, model)
    loud = [
        dataclasses.replace(own, columns=tuple(dataclasses.replace(c, steady_verdict="supported") for c in own.columns))
        for own in every
    ]
    assert "As long as it is held level, none of" in first_screen(loud, model)
    settled = [dataclasses.replace(own, verdict="supported") for own in every]
    assert "**Not known**" not in first_screen(settled, model)


def test_the_page_of_evidence_has_every_study():
    page = evidence_page()
    for own in evidence():
        assert own.name in page
        assert own.citation in page
    assert all(query.query.replace("|", "/") in page for query in search_protocol())


def test_flips_are_asked_for(monkeypatch):
    from biomech.article import flips

    monkeypatch.setattr(flips, "default_priors", lambda: {"lean": bm.uncertainty.default_priors()["lean"]})
    (found,) = bm.findings.assess_hypotheses(["leaning_back"], samples=8, flips=8, progress=False)
    assert found.flips == ()
    with pytest.raises(StanceError, match="flips = -1: must be a whole number from 0"):
        bm.findings.assess_hypotheses(["leaning_back"], flips=-1)


def test_what_hangs_on_a_guess_says_so(every):
    """In what is known; nothing of it where flips were not asked for, or turn nothing."""
    rising = next(own for own in every if own.hypothesis.name == "rising_quads")
    turned = dataclasses.replace(rising, flips=(Flip("riener_scale", 2.0, "supported", "undetermined"),))
    edge = dataclasses.replace(rising, flips=(Flip("lean", 2.0, "conditional", "supported"),))
    many = dataclasses.replace(rising, flips=tuple(Flip(name, 2.0, "supported", "undetermined")
                                                   for name in list(bm.uncertainty.default_priors())[:5]))  # fmt: skip
    for own, said in ((rising, ""), (many, ", and 2 more.)*"),
                       (dataclasses.replace(rising, flips=()), ""), (edge, "Stands at an edge"),
                      (turned, "Hangs on a guess: how stiff the passive tissue")):  # fmt: skip
        (line,) = (x for x in first_screen([own], bm.load_model()).splitlines() if x.startswith("- Rising"))
        assert said in line
        assert bool(said) == ("*(" in line)
