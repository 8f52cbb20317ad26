"""What the article says, split into hypotheses that mechanics can test.

The sentences are ours; they give the article's meaning. Each hypothesis compares two stances that differ in what the
sentence is about, and says which way a quantity should go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from biomech._arguments import instance
from biomech._display import About, Displayed, Folded
from biomech.article.scenarios import SCENARIOS


@dataclass(frozen=True)
class OutcomeMeasure:
    """A number of an answer: variable, label of its last dimension, factor, and the smallest effect of interest."""

    variable: str
    label: str
    unit: str
    factor: float
    smallest: float


#: Smallest effects of interest: 1 point of activation, for the back together with 60 N; for a tilt a judgment.
BACK = (
    OutcomeMeasure("group_activation", "lumbar_extensors", "points", 100.0, 1.0),
    OutcomeMeasure("lumbar_compression", "", "N", 1.0, 60.0),
)
TILT = (OutcomeMeasure("pelvic_tilt", "", "deg", 1.0, 2.0),)


def group(name: str) -> tuple[OutcomeMeasure, ...]:
    """Activation of a muscle group in percent."""
    instance("name", name, str, "the name of a muscle group")
    return (OutcomeMeasure("group_activation", name, "points", 100.0, 1.0),)


@dataclass(frozen=True)
class Lever:
    """What is turned in the second stance until an effect counts, and in which words it goes up and down.

    ``held``: what both stances are given besides, so that nothing but the lever decides.
    """

    name: str
    parameter: str
    steps: tuple[float, ...]
    unit: str
    up: str
    down: str
    held: Mapping[str, Any]


@dataclass(frozen=True)
class Contrast:
    """Two stances, the first to compare with, as arguments of ``sweep``; what may be turned until an effect counts.

    ``besides``: both stances under further ways of holding the pelvis, if any; ``left_out``: ways that are not asked
    for, by label, and why.
    """

    first: str
    second: str
    stances: Mapping[str, Mapping[str, Any]]
    lever: Lever | None = None
    besides: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    left_out: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, repr=False)
class Hypothesis(Displayed):
    """That from the first stance of a contrast to the second a measure goes up (+1) or down (-1).

    ``decider``: the measurement that would decide what depends on a policy.
    """

    name: str
    claim: str
    text: str
    contrast: str
    measures: tuple[OutcomeMeasure, ...]
    direction: int
    decider: str = "the pelvic tilt of people in both stances"

    def _about(self) -> About:
        facts = {own.name: getattr(self, own.name) for own in fields(self) if own.name not in ("name", "measures")}
        folded = [(own.variable, own.label, f"{own.smallest:g} {own.unit}") for own in self.measures]
        measures = Folded("measures", ["variable", "of", "smallest effect"], folded)
        return About(f"Hypothesis {self.name!r}", self.text, facts, (measures,))


#: How people who stand may hold the pelvis; in turnout, with and without friction under the feet.
_POLICIES = [0, "least_effort", "hanging", "passive"]
_BRACKET = [0.0, 0.6]


def _named(name: str, **changes: Any) -> dict[str, Any]:
    return {**SCENARIOS[name].stance, **changes}


def _standing(**stance: Any) -> dict[str, Any]:
    return {"pelvic_tilt": _POLICIES, **stance}


def _contrast(
    first: str, one: Mapping[str, Any], second: str, other: Mapping[str, Any], lever: Lever | None = None
) -> Contrast:
    return Contrast(first, second, MappingProxyType({first: one, second: other}), lever)


def _turning(degrees: float) -> Contrast:
    """Standing, from feet parallel to feet turned out: on either floor, and resting in the tissue where feet grip."""
    names = "feet parallel", f"turned out {degrees:.0f} deg"
    gripping = {"pelvic_tilt": ["passive"], "friction": [_BRACKET[1]]}
    on_either, besides = (
        MappingProxyType({names[0]: own, names[1]: {**own, "foot_rotation": degrees}}) for own in (_FEET, gripping)
    )
    return Contrast(*names, on_either, _FEET_TILT, besides, _SLIPPERY)


def _tilting(tilt: float, least: float, most: float) -> Lever:
    """The second stance's pelvis tips, from a tilt that both have."""
    steps = tuple(least + 2.5 * i for i in range(round((most - least) / 2.5) + 1))
    held = MappingProxyType({"pelvic_tilt": tilt})
    return Lever("The pelvis", "tilt_change", steps, "deg", "the pelvis tips forward", "the pelvis tips back", held)


_STANDING_TILT = _tilting(0.0, -15.0, 25.0)
_FEET_TILT = Lever(**{**vars(_STANDING_TILT), "held": MappingProxyType({"pelvic_tilt": 0.0, "friction": 0.6})})
_SEATED_TILT = _tilting(-19.0, -5.0, 25.0)
_LEANING = Lever("The lean", "trunk_lean", tuple(2.5 * i for i in range(17)), "deg", "the trunk leans forward",
                 "the trunk leans back", MappingProxyType({}))  # fmt: skip


def _walking(when: str, scenario: str) -> Contrast:
    """Slow walking held still, from soft knees to knees pressed back."""
    soft, hyperextended = (SCENARIOS[f"{scenario}_{knee}"].stance for knee in ("soft", "hyperextended"))
    return _contrast(f"walking, {when}, knee soft", soft, "the knee pressed back", hyperextended, _STANDING_TILT)


_FEET = {"pelvic_tilt": [0, "least_effort"], "friction": _BRACKET}
#: What is lost in more than a fifth of the bodies is left out: of 64 these were 45 at 45 deg, 46 at 65.
_SLIPPERY = MappingProxyType({"passive, no friction": "seven bodies of ten cannot hold it"})
_RISING = _named("sit_to_stand", pelvic_tilt="rhythm")
_UPRIGHT = {"pelvic_tilt": "rhythm", "knee_flexion": 3.0}

CONTRASTS: Mapping[str, Contrast] = MappingProxyType(
    {
        "turnout": _turning(45.0),
        "forced_turnout": _turning(65.0),
        "turnout_sitting": _contrast(
            "sitting, feet parallel",
            _named("parallel_sitting", pelvic_tilt=[-19, 0], stance_width=0.3),
            "sitting, turned out 35 deg",
            _named("turned_out_sitting", pelvic_tilt=[-19, 0]),
            _SEATED_TILT,
        ),
        "hyperextension": _contrast(
            "soft knees, mid-foot",
            _standing(knee_flexion=12.0, weight_shift=0.42),
            "hyperextended, on the heels",
            _standing(knee_flexion=-8.0, knee_laxity=14.0, weight_shift=0.22),
            _STANDING_TILT,
        ),
        "softening": _contrast(
            "straight knees", _standing(knee_flexion=0.0), "soft knees", _standing(knee_flexion=12.0), _STANDING_TILT
        ),
        "forward": _contrast(
            "weight in the heels",
            _standing(knee_flexion=12.0, weight_shift=0.22),
            "weight forward, heels down",
            _standing(knee_flexion=12.0, weight_shift=0.55),
            _STANDING_TILT,
        ),
        "both": _contrast(
            "hyperextended, on the heels",
            _standing(knee_flexion=-8.0, knee_laxity=14.0, weight_shift=0.22),
            "soft knees, weight forward",
            _standing(knee_flexion=12.0, weight_shift=0.55),
            _STANDING_TILT,
        ),
        "rising": _contrast("standing", _UPRIGHT, "rising from a seat", _RISING),
        "climbing": _contrast(
            "standing on one leg", {**_UPRIGHT, "support": "right"}, "climbing a stair", _named("stair_ascent")
        ),
        "uphill": _contrast("on the level", _UPRIGHT, "uphill 10 deg", _named("uphill"), _LEANING),
        "leaning": _contrast("standing", _UPRIGHT, "leaning 30 deg", _named("lean")),
        "lifting": _contrast("squatting with 10 kg", _named("squat"), "stooping with 10 kg", _named("stoop")),
        "squatting": _contrast("stooping with 10 kg", _named("stoop"), "squatting with 10 kg", _named("squat")),
        "walking_mid_stance": _walking("standing on one leg", "walking_mid_stance"),
        "walking_double_support": _walking("both feet on the floor", "walking_double_support"),
    }
)

HYPOTHESES: tuple[Hypothesis, ...] = (
    Hypothesis("turnout_back", "Turnout", "Standing with the feet turned out the lower back works more.",
                "turnout", BACK, 1),
    Hypothesis("turnout_buttock", "Turnout", "Standing turned out the buttock works more.",
                "turnout", group("gluteus_maximus"), 1),
    Hypothesis("turnout_side", "Turnout", "Standing turned out the side of the hip works more.",
                "turnout", group("gluteus_medius"), 1),
    Hypothesis("turnout_rotators", "Turnout", "Standing turned out the deep rotators of the hip are in constant tone.",
                "turnout", group("deep_external_rotators"), 1),
    Hypothesis("forced_back", "Turnout", "Turned out further than the hips allow the lower back works more.",
                "forced_turnout", BACK, 1),
    Hypothesis("forced_rotators", "Turnout", "Turned out further than the hips allow the deep rotators work.",
                "forced_turnout", group("deep_external_rotators"), 1),
    Hypothesis("sitting_back", "Turnout", "Sitting with the feet turned out the lower back works more.",
                "turnout_sitting", BACK, 1),
    Hypothesis("sitting_rotators", "Turnout", "Sitting turned out the deep rotators are in tone.",
                "turnout_sitting", group("deep_external_rotators"), 1),
    Hypothesis("sitting_buttock", "Turnout", "Sitting turned out the buttock is in tone.",
                "turnout_sitting", group("gluteus_maximus"), 1),
    Hypothesis("hyper_tilt", "Hyperextension",
                "With hyperextended knees and the weight in the heels the pelvis tips forward.",
                "hyperextension", TILT, 1),
    Hypothesis("hyper_back", "Hyperextension",
                "With hyperextended knees and the weight in the heels the lower back works more than with soft knees.",
                "hyperextension", BACK, 1),
    Hypothesis("hyper_quads", "Hyperextension", "With hyperextended knees the front of the thigh does less.",
                "hyperextension", group("quadriceps"), -1),
    Hypothesis("soft_quads", "Hyperextension", "Softening the knees makes the front of the thigh work.",
                "softening", group("quadriceps"), 1),
    Hypothesis("soft_back", "Hyperextension", "Softening straight knees lets the lower back go.",
                "softening", BACK, -1),
    Hypothesis("forward_quads", "Hyperextension",
                "Shifting the weight forward, heels down, makes the front of the thigh work.",
                "forward", group("quadriceps"), 1),
    Hypothesis("forward_back", "Hyperextension", "Shifting the weight forward, heels down, lets the lower back go.",
                "forward", BACK, -1),
    Hypothesis("both_quads", "Hyperextension",
                "Softening hyperextended knees and shifting the weight forward makes the front of the thigh work.",
                "both", group("quadriceps"), 1),
    Hypothesis("both_back", "Hyperextension",
                "Softening hyperextended knees and shifting the weight forward lets the lower back go.",
                "both", BACK, -1),
    Hypothesis("both_tilt", "Hyperextension",
                "Softening hyperextended knees and shifting the weight forward tips the pelvis back.",
                "both", TILT, -1),
    Hypothesis("walk_stance_back", "Walking",
                "Walking with the knee pressed back, while one leg stands, the lower back works more.",
                "walking_mid_stance", BACK, 1),
    Hypothesis("walk_stance_quads", "Walking",
                "Walking with the knee pressed back, while one leg stands, the front of the thigh does less.",
                "walking_mid_stance", group("quadriceps"), -1),
    Hypothesis("walk_double_back", "Walking",
                "Walking with the knee pressed back, while both feet stand, the lower back works more.",
                "walking_double_support", BACK, 1),
    Hypothesis("walk_double_quads", "Walking",
                "Walking with the knee pressed back, while both feet stand, the front of the thigh does less.",
                "walking_double_support", group("quadriceps"), -1),
    Hypothesis("rising_quads", "Everyday work", "Rising from a chair is work for the front of the thigh.",
                "rising", group("quadriceps"), 1),
    Hypothesis("rising_buttock", "Everyday work", "Rising from a chair is work for the buttock.",
                "rising", group("gluteus_maximus"), 1),
    Hypothesis("climbing_quads", "Everyday work", "Climbing a stair is work for the front of the thigh.",
                "climbing", group("quadriceps"), 1),
    Hypothesis("climbing_buttock", "Everyday work", "Climbing a stair is work for the buttock.",
                "climbing", group("gluteus_maximus"), 1),
    Hypothesis("uphill_buttock", "Everyday work", "Walking uphill is work for the buttock.",
                "uphill", group("gluteus_maximus"), 1, decider="how far people lean as they walk uphill"),
    Hypothesis("leaning_back", "Everyday work", "Leaning over a table hangs on the lower back.",
                "leaning", BACK, 1),
    Hypothesis("stoop_back", "Everyday work",
                "Picking something up with straight legs loads the lower back more than squatting.",
                "lifting", BACK, 1, decider="the load on the spine of more than one person, lifting in both ways"),
    Hypothesis("squat_quads", "Everyday work",
                "Squatting down to pick something up is work for the front of the thigh.",
                "squatting", group("quadriceps"), 1),
    Hypothesis("squat_buttock", "Everyday work", "Squatting down to pick something up is work for the buttock.",
                "squatting", group("gluteus_maximus"), 1),
)  # fmt: skip

#: What the article says besides, and statics cannot test.
OUTSIDE = (
    "That tone becomes a habit and stays when the stance changes.",
    "That the tone hurts, or that letting it go relieves pain.",
    "That the pelvis follows the knees by reflex or by training.",
)
