"""Stance parameters: their defaults, ranges, units and meanings, and the words that some of them take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """A stance parameter: its default, its range and its unit."""

    default: float | None
    least: float
    most: float
    unit: str
    long_name: str
    per_leg: bool = False


#: Every numeric stance parameter.
PARAMETERS: dict[str, Parameter] = {
    "foot_rotation": Parameter(0.0, -30.0, 90.0, "deg", "heading of the foot, toe-out positive", per_leg=True),
    "knee_flexion": Parameter(0.0, -10.0, 120.0, "deg", "knee flexion, hyperextension negative", per_leg=True),
    "turnout_yield": Parameter(0.0, 0.0, 15.0, "deg", "turnout taken up below the hip, in knee and foot", per_leg=True),
    "knee_laxity": Parameter(5.0, 0.0, 25.0, "deg", "shift of the knee's passive curve", per_leg=True),
    "weight_shift": Parameter(0.42, 0.0, 1.0, "1", "place of the weight along the foot, 0 heel, 1 toe tip"),
    "weight_balance": Parameter(0.5, 0.0, 1.0, "1", "place of the weight between the feet, 0 left, 1 right"),
    "pelvic_rotation": Parameter(0.0, -60.0, 60.0, "deg", "heading of pelvis and trunk, to the left positive"),
    "stance_width": Parameter(0.17, 0.05, 1.0, "m", "distance between the ankle centres"),
    "trunk_lean": Parameter(0.0, -30.0, 100.0, "deg", "inclination of the line from L5/S1 to C7, forward positive"),
    "pelvic_tilt": Parameter(None, -25.0, 35.0, "deg", "pelvic tilt in space, anterior positive"),
    "tilt_change": Parameter(0.0, -25.0, 25.0, "deg", "change of pelvic tilt, added to what is given or found"),
    "lumbar_rhythm": Parameter(1.0, 0.0, 1.4, "1", "factor on the lumbar spine's share of a lean"),
    "slope": Parameter(0.0, -30.0, 30.0, "deg", "slope of the floor, uphill positive"),
    "cross_slope": Parameter(0.0, -30.0, 30.0, "deg", "sideways slope of the floor, right side lower positive"),
    "friction": Parameter(0.6, 0.0, 2.0, "1", "coefficient of friction of the floor"),
    "step_height": Parameter(0.17, 0.0, 0.5, "m", "height of the right foot's step above the left foot"),
    "step_length": Parameter(0.25, -0.5, 0.8, "m", "how far the right foot is ahead of the left"),
    "seat_height": Parameter(0.45, 0.2, 1.0, "m", "height of the seat above the floor"),
    "hand_support": Parameter(0.27, 0.0, 5.0, "1", "weight that hands leave on the thighs, over the arms' weight"),
    "load_mass": Parameter(0.0, 0.0, 200.0, "kg", "mass carried by the trunk"),
    "load_position": Parameter(0.0, -2.0, 2.0, "m", "place of the load in the trunk frame"),
}


def _columns() -> dict[str, int]:
    columns, count = {}, 0
    for name, parameter in PARAMETERS.items():
        columns[name] = count
        count += 2 if parameter.per_leg else 3 if name == "load_position" else 1
    return columns


#: The first column of each parameter in ``Stance.matrix``; a leg's parameter has two, right and left, a place three.
COLUMN = _columns()
SUPPORTS = ("both", "right", "left", "seat", "step")
#: How the arms are held: hanging along gravity, turning with the trunk, or hanging with hands that rest on the thighs.
ARMS = ("hanging", "fixed", "thighs")
#: Parameters that are one of a few words.
CHOICES = {"support": SUPPORTS, "arms": ARMS}
#: Policies: of the tilt, of the trunk's lean and of the knee.
POLICIES = ("least_effort", "hanging", "passive", "rhythm")
LEAN_POLICIES = ("hanging_sway",)
KNEE_POLICIES = ("passive",)
#: What is not a number but a choice: support and policies.
CODES = ("support", "arms", "policy", "lean_policy", "knee_policy")
SIDES = ("right", "left")
AXES = ("x", "y", "z")
#: The dimension that a list with policies makes; the code and the policies of each angle.
POLICY_DIMS = {"pelvic_tilt": "tilt_policy", "trunk_lean": "lean_policy", "knee_flexion": "knee_policy"}
WITH_POLICY = {
    "pelvic_tilt": ("policy", POLICIES),
    "trunk_lean": ("lean_policy", LEAN_POLICIES),
    "knee_flexion": ("knee_policy", KNEE_POLICIES),
}
#: Dimensions of the answers, which a parameter may not use as its own.
RESERVED = ("muscle", "group", "coordinate", "joint", "foot", "segment", "bound", "minimum")
