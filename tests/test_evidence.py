"""Measurements on people as data, and what follows from them."""

from dataclasses import replace

import numpy as np
import pytest

import biomech as bm
from biomech.article.evidence import (
    BEARS,
    KNOWN_BEFORE,
    evidence,
    evidence_for,
    is_contrary,
    measured_tilts,
    search_protocol,
)
from biomech.article.hypotheses import CONTRASTS, HYPOTHESES
from biomech.article.plain_words import plain_prior, plain_way
from biomech.article.policy_scores import (
    POLICIES,
    SWAY,
    mean_score,
    predicted_sway,
    score_policies,
)
from biomech.article.study_design import detectable_change, mean_within, paired_power, people_needed

FOUND = {"lee_2013", "duval_2010", "duncan_2020", "trepman_1994", "maes_2017", "greenwood_2011", "gorwa_2020",
         "park_2022", "zhou_2016"}  # fmt: skip


def test_every_measurement_is_sound():
    names = {hypothesis.name for hypothesis in HYPOTHESES}
    for own in evidence():
        assert set(own.hypotheses) <= names
        assert own.citation
        assert own.n is None or own.n > 0
        assert own.read != "snippet"
    assert {own.study for own in evidence()} >= FOUND
    assert len({(own.study, own.measured, own.second, own.result) for own in evidence()}) == len(evidence())


def test_those_that_bear_most_come_first():
    order = [BEARS.index(own.bears) for own in evidence_for("stoop_back")]
    assert order == sorted(order)
    with pytest.raises(bm.StanceError, match="hypothesis = 'x': there is none"):
        evidence_for("x")


def test_one_man_does_not_outweigh_many():
    """Only direct measurements make a claim contrary, counted in people."""
    direct = [own for own in evidence_for("stoop_back") if own.bears == "direct"]
    assert {own.speaks for own in direct} == {"for", "against"}
    assert is_contrary("stoop_back")
    assert not is_contrary("leaning_back")
    against = [own for own in evidence_for("hyper_back") if own.speaks == "against"]
    assert against
    assert not is_contrary("hyper_back")  # none of them is direct
    uphill = {own.study: own for own in evidence_for("uphill_buttock")}
    assert (uphill["lieberman_2006"].speaks, uphill["lieberman_2006"].bears) == ("against", "direct")
    assert not is_contrary("uphill_buttock")  # more people did the opposite


def test_what_was_found_and_how_it_speaks():
    """No difference is against, by the rule; what was compared with nothing speaks neither way and is not direct."""
    for own in evidence():
        if own.bears == "direct" and own.result.startswith("no difference"):
            assert own.speaks == "against", own.study
        if not own.first and own.bears == "direct":
            assert own.speaks == "neither", own.study


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"n": 0}, "n = 0: must be a whole number of people"),
        ({"speaks": "perhaps"}, "speaks = 'perhaps': there is none"),
        ({"bears": ""}, "bears = '': there is none"),
        ({"read": "title"}, "read = 'title': there is none"),
        ({"hypotheses": ("turnout_bac",)}, "did you mean 'turnout_back'"),
        ({"hypotheses": ()}, "hypotheses is empty"),
        ({"why": ""}, "why is empty"),
        ({"name": ""}, "name is empty"),
    ],
)
def test_a_measurement_that_is_none_is_refused(change, named):
    with pytest.raises(bm.StanceError, match=named):
        replace(evidence()[0], **change)


def test_a_measured_tilt_that_is_none_is_refused():
    own = measured_tilts()[0]
    for change, named in (
        ({"study": "nobody"}, "study = 'nobody': there is none"),
        ({"contrasts": ("sideways",)}, "contrasts = 'sideways': there is none"),
        ({"sd": 0.0}, "the SD above 0"),
        ({"size": "guessed"}, "size = 'guessed': there is none"),
        ({"partly": ("rising",)}, "partly = 'rising': there is none"),
        ({"only": ""}, "only = '': must say what is covered"),
    ):
        with pytest.raises(bm.StanceError, match=named):
            replace(own, **change)


def test_a_change_turns_with_the_contrast():
    own = replace(measured_tilts()[0], mean=2.0, contrasts=("softening", "-hyperextension"), partly=("hyperextension",))
    assert own.label_in("softening") == own.label
    assert own.label_in("hyperextension") == f"{own.label}; measured from straight to bent only"
    assert own.change_in("softening") == 2.0
    assert own.change_in("hyperextension") == -2.0
    assert own.change_in("turnout") is None
    assert all(name.removeprefix("-") in CONTRASTS for tilt in measured_tilts() for name in tilt.contrasts)


def test_the_search_is_documented():
    assert len(search_protocol()) > 50
    assert all(query.query and query.hits >= len(query.relevant) for query in search_protocol())
    assert {own.study for own in evidence()} <= {name for query in search_protocol() for name in query.relevant}
    assert search_protocol()[0].corpus == KNOWN_BEFORE


def test_policies_beside_what_was_measured():
    scores = score_policies(samples=16, progress=False)
    assert len(scores) == len(POLICIES) * len(measured_tilts())
    level = {own.measured.name: own for own in scores if own.policy == "0"}
    assert level["bend_15"].score == 0.0
    assert level["dancers"].score == pytest.approx(20.0 * 3.19)
    assert level["dancers"].inside is False
    assert level["turn_out_40"].score is None  # its sign alone is known
    assert level["bend_15"].measured.size == "judged"
    # a study counts once: Lee's two zeros as one, the dancers' two scores as one
    assert mean_score(scores, "0") == pytest.approx(0.5 * (0.0 + 0.5 * 20.0 * (3.19 + 5.34)))
    assert np.isnan(mean_score([level["turn_out_40"]], "0"))
    with pytest.raises(bm.StanceError, match="policy = 'x': there is none"):
        mean_score(scores, "x")
    hanging = next(own for own in scores if own.policy == "hanging" and own.measured.name == "bend_30")
    assert hanging.error == pytest.approx(hanging.interval[1])


def test_hanging_by_sway_puts_the_weight_behind_the_hips():
    by_name = {own.policy: own for own in predicted_sway()}
    upright, sway = (by_name[f"hyperextended, {how}, pelvis level"] for how in ("upright", "hanging by sway"))
    assert sway.lean < -5.0
    assert sway.offset < upright.offset < 0.0
    assert SWAY < 0.0


def test_power_of_a_study_of_pairs():
    """Tables of Cohen 1988: d = .5, two-sided 5 %, 80 %: 34 pairs; and a simulation."""
    assert people_needed(0.5, 1.0) == 34
    assert paired_power(0.0, 1.0, 10) == pytest.approx(0.05)
    assert paired_power(50.0, 1.0, 10) == pytest.approx(1.0)
    least = detectable_change(20, 3.0, 0.9)
    assert people_needed(1.0001 * least, 3.0, 0.9) == 20
    rng = np.random.default_rng(1)
    seen = rng.normal(2.0, 3.0, (20_000, 20))
    t = seen.mean(axis=1) / (seen.std(axis=1, ddof=1) / 20**0.5)
    inside = np.abs(seen.mean(axis=1) - 2.0) < mean_within(20, 3.0)  # by the true SD, so a little more than 95 %
    assert inside.mean() == pytest.approx(0.964, abs=0.005)
    assert (np.abs(t) > 2.093).mean() == pytest.approx(paired_power(2.0, 3.0, 20), abs=0.01)
    with pytest.raises(bm.StanceError, match=r"change = 0.0: is too small"):
        people_needed(0.0, 1.0)


def test_every_prior_has_plain_words():
    for name in bm.uncertainty.default_priors():
        words = plain_prior(name)
        assert "_" not in words
        assert "riener" not in words.lower()
    assert plain_way("least effort, friction 0.6") == "where standing costs least, floor that grips"
    assert plain_way("as measured on dancers") == "as measured on dancers"


def test_a_study_has_one_name():
    called = {own.study: own.name for own in evidence()}
    assert called["lee_2013"] == "Lee 2013"
    assert called["franz_kram_2011"] == "Franz & Kram 2011"
    assert all(called[own.study] == own.name for own in evidence())
    assert len(set(called.values())) == len(called)
