"""What the page says, in words of every day: dimensions, statuses, and how angles were found."""

from __future__ import annotations

from collections.abc import Mapping

from biomech.pipeline.status import OPTIMAL, OVERLOADED, STATUSES, UNCERTIFIED, UNREACHABLE

#: Dimensions, and what is found or held of a stance.
_NAMES = {
    "foot_rotation": "feet turned out",
    "knee_flexion": "knees bent",
    "turnout_yield": "turnout taken up by knee and foot",
    "knee_laxity": "slackness of the knees",
    "weight_shift": "weight forward on the foot (0 heel, 1 toe tip)",
    "weight_balance": "weight to the right (0 left foot, 1 right)",
    "pelvic_rotation": "pelvis turned to the left",
    "pelvic_list": "pelvis dropped to one side",
    "stance_width": "feet apart",
    "trunk_lean": "trunk leaning forward",
    "trunk_side_lean": "trunk leaning to the right",
    "pelvic_tilt": "pelvis tipped forward",
    "tilt_change": "pelvis tipped further forward by",
    "lumbar_rhythm": "share of the spine in a lean",
    "slope": "floor uphill",
    "cross_slope": "floor falling to the right",
    "friction": "grip of the floor",
    "step_height": "height of the step",
    "step_length": "length of the step",
    "seat_height": "height of the seat",
    "hand_support": "weight of the hands on the thighs",
    "load_mass": "carried load",
    "support": "what bears the body",
    "arms": "arms",
    "tilt_policy": "how the pelvis is held",
    "lean_policy": "how the trunk is held",
    "knee_policy": "how the knees are held",
    "body": "body",
    "frame": "frame",
    "time": "time",
    "path": "along the movement",
}
#: Labels of dimensions that are words.
_LABELS: Mapping[str, Mapping[str, str]] = {
    "tilt_policy": {
        "least_effort": "where it costs least effort",
        "hanging": "hanging in the hips",
        "passive": "resting in its tissue",
        "rhythm": "turning with the lean",
    },
    "lean_policy": {"hanging_sway": "hanging in the hips"},
    "knee_policy": {"passive": "locked without muscle"},
    "support": {
        "both": "both feet",
        "right": "right foot",
        "left": "left foot",
        "seat": "a seat",
        "step": "right foot on a step",
        "stride": "a stride",
    },
    "arms": {"hanging": "hanging", "fixed": "turning with the trunk", "thighs": "hands on the thighs"},
}
#: How an angle was found, by the names of the codes; what is not told needs no word.
_FINDINGS = {
    "interior_minimum": "where it costs least effort",
    "lower_bound": "at the lower end of what was searched",
    "upper_bound": "at the upper end of what was searched",
    "edge_of_holdable": "at the edge of what can be held",
    "not_holdable": "no such angle can be held",
    "balanced": "balanced without muscle",
    "several_balances": "the first of several balances",
    "only_unstable_balance": "a balance, but an unstable one",
    "no_balance": "no balance: where least is missing",
    "no_balance_at_bound": "no balance up to the end of what was searched",
    "no_posture": "no posture",
    "by_rule": "by rule",
    "outside_geometry": "outside the geometry",
    "unsettled": "knee and pelvis did not settle",
}
_UNITS = {"1": "", "deg": "°", "N.m": "N·m"}

#: Of each status: whether it is an answer, a heading, and what the numbers then are.
STATUS_WORDS = {
    OPTIMAL: (
        "Holds, and proven",
        "All forces balance, and no other way of sharing the load among these muscles would cost less effort. "
        "Both were checked for this posture, not assumed.",
    ),
    OVERLOADED: (
        "Cannot be held",
        "Nobody of this strength can hold this posture: that is proven. The numbers are the nearest that the body gets "
        "to balance. They are no answer to who carries the load.",
    ),
    UNCERTIFIED: (
        "Not proven",
        "Neither that it can be held nor that it cannot be could be proven. Take the numbers with care.",
    ),
    UNREACHABLE: (
        "No such posture",
        "The body cannot take this posture: a foot or a joint cannot get there. There is nothing to draw, no number.",
    ),
    -1: ("No numbers", "This posture was left out of the answer, or has not been computed yet."),
}


def plain_dimension(name: str) -> str:
    """A dimension of an answer, or a parameter of a stance."""
    return _NAMES.get(name, name.replace("_", " "))


def plain_label(dim: str, label: str) -> str:
    """A label that is a word; degrees among policies are told as such."""
    if dim in _LABELS and label.lstrip("-").replace(".", "", 1).isdigit():
        return "level" if float(label) == 0.0 and dim == "tilt_policy" else f"at {float(label):g}°"
    return _LABELS.get(dim, {}).get(label, label)


def plain_unit(unit: str) -> str:
    """A unit as people write it."""
    return _UNITS.get(unit, unit)


def finding_words(meanings: str, codes: object) -> dict[str, str]:
    """From the codes of how an angle was found to words."""
    return {
        str(int(code)): _FINDINGS.get(name, name.replace("_", " "))
        for name, code in zip(meanings.split(), codes, strict=True)  # type: ignore[call-overload]
        if name != "given"
    }


def status_words() -> dict[str, dict[str, str]]:
    """Every status by its code: name, heading and sentence."""
    names = {-1: "no numbers", **dict(enumerate(STATUSES))}
    return {
        str(code): {"name": names[code], "title": title, "text": said} for code, (title, said) in STATUS_WORDS.items()
    }
