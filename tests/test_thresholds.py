"""How far a pelvis must tip, and which guesses turn a verdict."""

import math
from dataclasses import replace

import numpy as np
import pytest

import biomech as bm
from biomech.article.contrast_draws import NOISE, draw_columns, without_noise
from biomech.article.flips import find_flips, widened
from biomech.article.hypotheses import BACK, HYPOTHESES, Lever, group
from biomech.article.thresholds import crossing, find_threshold, threshold_from
from biomech.article.verdicts import passes

STEPS = np.arange(-15.0, 25.1, 2.5)
LEVER = Lever("The pelvis", "tilt_change", tuple(STEPS), "deg", "the pelvis tips forward", "the pelvis tips back", {})


def lines(places, slope=1.0):
    """Bodies whose effect just counts at a place."""
    return slope * (STEPS[:, None] - np.array(places, dtype=float)) / 10.0


@pytest.mark.parametrize("place", [-12.0, -3.3, 0.0, 4.0, 24.9])
@pytest.mark.parametrize("slope", [0.3, -2.0])
def test_the_place_where_a_line_begins_to_count(place, slope):
    values = slope * (STEPS - place)
    assert crossing(STEPS, values, way=int(np.sign(slope))) == pytest.approx(place)


def test_a_place_that_is_not_there():
    assert crossing(STEPS, STEPS - 30.0) == math.inf
    assert crossing(STEPS, STEPS + 30.0) == -math.inf
    assert crossing(STEPS, -STEPS - 30.0, way=-1) == -math.inf
    assert math.isnan(crossing(STEPS, np.full(len(STEPS), np.nan)))


def test_what_cannot_be_held_is_bridged():
    values = STEPS - 6.0
    values[[7, 9, 11]] = np.nan
    assert crossing(STEPS, values) == pytest.approx(6.0)


def test_the_first_place_counts():
    """Going up from 0; where it counts at 0 already, down to where it ceases."""
    wave = np.cos(np.radians(STEPS * 18.0))  # zeros at -15, -5, 5, 15, 25
    assert crossing(STEPS, -wave) == pytest.approx(5.0, abs=0.2)
    assert crossing(STEPS, wave) == pytest.approx(-5.0, abs=0.2)


@pytest.mark.parametrize(
    ("steps", "reached", "changes", "named"),
    [
        ([0, 1], [0], {}, "reached: has shape"),
        ([], [], {}, "reached: has shape"),
        ([0, 1], [0, 1], {"way": 0}, "way = 0: must be 1 or -1"),
        ([0, 1], [0, 1], {"way": 2}, "way = 2: must be a whole number from -1 to 1"),
        (["x"], [0], {}, "steps"),
    ],
)
def test_a_place_that_makes_no_sense_is_refused(steps, reached, changes, named):
    with pytest.raises(bm.StanceError, match=named):
        crossing(steps, reached, **changes)


def test_shares_of_bodies():
    found = threshold_from(LEVER, lines([2.0] * 5 + [6.0] * 8 + [12.0] * 4 + [40.0] * 2 + [-4.0]))
    assert found.way == 1
    assert found.middle == pytest.approx(6.0)
    assert (found.far, found.never, found.already) == pytest.approx((6 / 20, 2 / 20, 1 / 20))
    assert found.sentence.startswith("Holds if the pelvis tips forward by more than 6 deg (90 % of bodies: 2 to more")
    assert "30 % need more than 10" in found.sentence
    assert found.short == "if the pelvis tips forward by more than 6 deg (more than 10 in 30 % of bodies)"


def test_the_other_way():
    found = threshold_from(LEVER, lines([-6.0, -7.0, -8.0], slope=-1.0))
    assert found.way == -1
    assert found.middle == pytest.approx(-7.0)
    assert found.sentence == "Holds if the pelvis tips back by more than 7 deg (90 % of bodies: 6 to 8)."


def test_what_holds_already():
    found = threshold_from(LEVER, lines([-4.0, -5.0, -6.0]))
    assert found.sentence.startswith("Holds unless the pelvis tips back by more than 5 deg")
    assert found.short == "unless the pelvis tips back by more than 5 deg"


def test_where_the_lever_decides_little():
    found = threshold_from(LEVER, lines([40.0, 41.0, 2.0]))
    assert found.sentence.startswith("The pelvis decides little: in 0 % of bodies it holds as they are, in 67 % never")
    lost = threshold_from(LEVER, np.full((len(STEPS), 3), np.nan))
    assert lost.lost == 1.0
    assert lost.sentence == "No body can be held."


def test_an_effect_passes_when_all_its_measures_do():
    changes = np.array([[1.0, 2.0, 3.0], [120.0, 30.0, 60.0]])
    np.testing.assert_allclose(passes(changes, BACK, 1), [0.0, -0.5, 0.0])
    np.testing.assert_allclose(passes(-changes[:1], group("quadriceps"), -1), [0.0, 1.0, 2.0])


def test_at_the_threshold_the_effect_just_counts():
    """Beside a sweep at the place that is found, with a body and no draws but next to none."""
    narrow = {name: replace(own, b=own.b) for name, own in bm.uncertainty.default_priors().items()}
    one = {"lean": replace(narrow["lean"], b=1e-9, least=-1e-6, most=1e-6)}
    found = find_threshold("hyper_back", samples=2, priors=one, progress=False)
    model = bm.load_model()
    first = bm.sweep(model, pelvic_tilt=0, knee_flexion=12)
    pressed = {"knee_flexion": -8, "knee_laxity": 14, "weight_shift": 0.22}
    second = bm.sweep(model, pelvic_tilt=found.middle, **pressed)
    rise = float((second.group_activation - first.group_activation).sel(group="lumbar_extensors")) * 100.0
    press = float(second.lumbar_compression - first.lumbar_compression)
    assert min(rise / 1.0, press / 60.0) == pytest.approx(1.0, abs=0.1)


def test_a_hypothesis_without_a_lever_is_refused():
    with pytest.raises(
        bm.StanceError, match="hypothesis = 'leaning_back': has no lever; those that have are turnout_back"
    ):
        find_threshold("leaning_back")
    with pytest.raises(bm.StanceError, match="has no lever"):
        find_threshold("hyper_tilt")  # which speaks of the lever itself
    with pytest.raises(bm.StanceError, match="there is none"):
        find_threshold("x")


def test_without_noise_the_same_bodies_are_drawn():
    given = bm.uncertainty.default_priors()
    assert list(without_noise(given)) == list(given)
    asked = {"samples": 4, "seed": 0, "progress": False}
    noisy, steady = (
        draw_columns("leaning", bm.load_model(), priors=own, **asked) for own in (given, without_noise(given))
    )
    drawn, still = noisy[0].drawn, steady[0].drawn
    np.testing.assert_array_equal(drawn.prior_strength, still.prior_strength)
    assert float(abs(still[f"prior_{NOISE}"]).max()) < 1e-8 < float(abs(drawn[f"prior_{NOISE}"]).max())


def test_columns_of_measured_tilts():
    """The first stance is level, the second's change is drawn as it was measured."""
    columns = draw_columns("forced_turnout", bm.load_model(), samples=64, seed=0, priors=None, progress=False)
    dancers = [own for own in columns if own.measured and own.measured.name == "dancers"]
    assert len(dancers) == 2  # a floor that grips and a slippery one
    tilt = dancers[0].drawn.pelvic_tilt
    assert float(abs(tilt.isel(stance=0)).max()) == 0.0
    assert float(tilt.isel(stance=1).mean()) == pytest.approx(3.19, abs=0.1)
    assert float(tilt.isel(stance=1).std()) == pytest.approx(1.45, rel=0.1)
    assert float(dancers[0].nominal.pelvic_tilt.isel(stance=1).squeeze()) == pytest.approx(3.19)
    assert not any(own.measured for own in draw_columns("leaning", bm.load_model(), samples=2, seed=0, priors=None,
                                                        progress=False))  # fmt: skip


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_widths(factor):
    priors = bm.uncertainty.default_priors()
    lean = widened(priors["lean"], factor)
    assert lean.b == factor * 2.0
    assert lean.most == (12.0 if factor == 2.0 else 6.0)
    assert widened(priors["moment_arm_each"], factor).least == 0.5  # a factor keeps its cuts
    assert math.log(widened(priors["riener_scale"], factor).b) == pytest.approx(factor * math.log(1.4))
    neutral = widened(priors["lumbar_neutral"], factor)
    assert (neutral.a, neutral.b) == pytest.approx((-2.5 - 7.5 * factor, -2.5 + 7.5 * factor))


def test_an_end_keeps_its_sign():
    priors = bm.uncertainty.default_priors()
    assert widened(priors["hip_rotation_coupling"], 2.0).least == 0.0
    assert widened(priors["friction"], 2.0).a == pytest.approx(0.0)
    assert widened(priors["turnout_yield"], 2.0) == priors["turnout_yield"]  # which may go no further
    with pytest.raises(bm.StanceError, match="factor = 0"):
        widened(priors["lean"], 0)


def test_a_guess_that_turns_a_verdict(monkeypatch):
    """Noise of 2 deg in place of 1 hides what 1 deg lets through; nothing turns what is plain."""
    from biomech.article import flips

    kept = ("lean_change", "lean", "strength")
    monkeypatch.setattr(flips, "default_priors", lambda: {n: bm.uncertainty.default_priors()[n] for n in kept})
    chosen = [own for own in HYPOTHESES if own.name in ("sitting_back", "leaning_back")]
    found = find_flips(chosen, bm.load_model(), samples=32, seed=0, progress=False)
    assert found["leaning_back"] == []
    assert [(own.prior, own.factor, own.before, own.after) for own in found["sitting_back"]] == [
        ("lean_change", 2.0, "no meaningful effect", "undetermined")
    ]
