"""The table of stance parameters, and what follows from it.

Each parameter is one row: parsing, messages, columns, the signature that type checkers see, the docstring of ``sweep``
and the glossary follow from it. After a change here write the latter anew with ``python -m biomech.stance``.
"""

from __future__ import annotations

from biomech.stance.choices import ARMS as ARMS
from biomech.stance.choices import KNEE_POLICIES, LEAN_POLICIES, STANDING
from biomech.stance.choices import POLICIES as POLICIES
from biomech.stance.choices import SUPPORTS as SUPPORTS
from biomech.stance.declarations import PARTS, Choice, Condition, Parameter, Policies

_TWO_FEET = (Condition("support", lambda word: len(word.feet) == 2 and not word.bears_weight, "two feet that stand"),)
_STANDING = (STANDING,)
_THIGHS = (Condition("arms", ("thighs",)),)


def _where_taken(name: str, why: str = "") -> tuple[Condition, ...]:
    """On supports that have the parameter as a measure of their own."""
    return (Condition("support", lambda word: name in word.parameters, why),)


_TILT = Policies("policy", "tilt_policy", 0, POLICIES)
_LEAN = Policies("lean_policy", "lean_policy", 1, LEAN_POLICIES)
_KNEE = Policies("knee_policy", "knee_policy", 2, KNEE_POLICIES)

_ROWS = (
    Parameter(
        "foot_rotation", 0.0, -30.0, 90.0, "deg", "heading of the foot, toe-out positive",
        meaning="heading of the foot's long axis (calcn x) on the floor; toe-out positive", per="side",
    ),
    Parameter(
        "knee_flexion", 0.0, -10.0, 120.0, "deg", "knee flexion, hyperextension negative",
        meaning="flexion positive, hyperextension negative. Where a policy finds it, a variable over `foot`",
        per="side", policies=_KNEE,
    ),
    Parameter(
        "turnout_yield", 0.0, 0.0, 15.0, "deg", "turnout taken up below the hip, in knee and foot",
        meaning="turnout that knee and foot take up, so that the hip need not", per="side",
        coordinate="shank_rotation",
    ),
    Parameter(
        "knee_laxity", 5.0, 0.0, 25.0, "deg", "shift of the knee's passive curve",
        meaning="shift of the knee's own passive curve towards hyperextension", per="side",
    ),
    Parameter(
        "weight_shift", 0.42, 0.0, 1.0, "1", "place of the weight along the foot, 0 heel, 1 toe tip",
        meaning="the weight acts midway between these points of the soles that stand: 0 heel line, 1 toe tip",
        needs=_STANDING,
    ),
    Parameter(
        "weight_balance", 0.5, 0.0, 1.0, "1", "place of the weight between the feet, 0 left, 1 right",
        symmetric_at=0.5, needs=_TWO_FEET,
    ),
    Parameter(
        "pelvic_rotation", 0.0, -60.0, 60.0, "deg", "heading of pelvis and trunk, to the left positive",
        meaning="heading of pelvis and trunk; to the left positive", symmetric_at=0.0,
    ),
    Parameter(
        "pelvic_list", 0.0, -20.0, 20.0, "deg", "pelvic list, the side of the free or the trailing leg lower positive",
        meaning="pelvic list (obliquity), about the pelvis's own forward axis: the drop of the free leg's side is "
        "positive, of the left side on a step and in a stride. On two feet on one floor and on a seat it is found",
        needs=_where_taken("pelvic_list", "where the pelvis lists as it must"),
    ),
    Parameter(
        "stance_width", 0.17, 0.05, 1.0, "m", "distance between the ankle centres",
        meaning="distance between the ankle centres, along z",
    ),
    Parameter(
        "trunk_lean", 0.0, -30.0, 100.0, "deg", "inclination of the line from L5/S1 to C7, forward positive",
        meaning="inclination of the line from L5/S1 to C7, the torso's y axis, in space; forward positive. "
        "Where a policy finds it, a variable",
        policies=_LEAN,
    ),
    Parameter(
        "trunk_side_lean", 0.0, -30.0, 30.0, "deg", "sideways lean of the trunk, to the right positive",
        meaning="angle between the torso's y axis and the plane in which pelvis and trunk head; to the right positive, "
        "on whichever leg", symmetric_at=0.0,
    ),
    Parameter(
        "pelvic_tilt", None, -25.0, 35.0, "deg", "pelvic tilt in space, anterior positive",
        no_default="because it decides what the back must do", policies=_TILT,
    ),
    Parameter(
        "tilt_change", 0.0, -25.0, 25.0, "deg", "change of pelvic tilt, added to what is given or found",
        meaning="added to the tilt that is given or found: a measured change",
    ),
    Parameter(
        "lumbar_rhythm", 1.0, 0.0, 1.4, "1", "factor on the lumbar spine's share of a lean",
        meaning='factor on the lumbar spine\'s share of a lean, with the tilt `"rhythm"`',
    ),
    Parameter(
        "slope", 0.0, -30.0, 30.0, "deg", "slope of the floor, uphill positive",
        meaning="slope of the floor along x; uphill positive",
    ),
    Parameter(
        "cross_slope", 0.0, -30.0, 30.0, "deg", "sideways slope of the floor, right side lower positive",
        meaning="sideways slope of the floor; right side lower positive", symmetric_at=0.0,
    ),
    Parameter("friction", 0.6, 0.0, 2.0, "1", "coefficient of friction of the floor"),
    Parameter(
        "step_height", 0.17, 0.0, 0.5, "m", "height of the right foot's step above the left foot",
        meaning="height of the right foot's step above the left foot. At 0.17 m the right `knee_flexion` must be about "
        "80 deg or more; the left knee follows",
        needs=_where_taken("step_height"),
    ),
    Parameter(
        "step_length", 0.25, -0.5, 0.8, "m", "how far the right foot is ahead of the left",
        meaning="how far the right foot is ahead of the left; in a stride, ahead of where the left one was flat",
        needs=_where_taken("step_length"),
    ),
    Parameter(
        "seat_height", 0.45, 0.2, 1.0, "m", "height of the seat above the floor", needs=_where_taken("seat_height"),
    ),
    Parameter(
        "hand_support", 0.27, 0.0, 5.0, "1", "weight that hands leave on the thighs, over the arms' weight",
        meaning="weight that hands leave on the thighs, over the arms' weight. The default is what a forearm rests at "
        "its far end; more is leaning on them",
        needs=_THIGHS, carried=True,
    ),
    Parameter(
        "load_mass", 0.0, 0.0, 200.0, "kg", "mass carried by the trunk",
        meaning="mass carried by the torso", beside="load_position", carried=True,
    ),
    Parameter(
        "load_position", 0.0, -2.0, 2.0, "m", "place of the load in the trunk frame",
        per="axis", frame="trunk frame", carried=True,
    ),
)  # fmt: skip

#: Every numeric stance parameter; ``register_parameter`` adds to them.
PARAMETERS: dict[str, Parameter] = {row.name: row for row in _ROWS}

#: Stance parameters that are one of a few words.
CHOICES: dict[str, Choice] = {
    "support": Choice("support", "what bears the body", SUPPORTS),
    "arms": Choice("arms", "how the arms are held", ARMS),
}


def words_of(condition: Condition) -> tuple[str, ...]:
    """The words with which a condition holds, those from outside too."""
    if isinstance(condition.words, tuple):
        return condition.words
    choices = CHOICES[condition.choice].names
    return tuple(word.name for word in choices.words if word.name in choices and condition.words(word))


def _columns() -> dict[str, int]:
    columns, count = {}, 0
    for name, parameter in PARAMETERS.items():
        columns[name] = count
        count += parameter.width
    return columns


#: The first column of each parameter in ``Stance.matrix``; a leg's parameter has two, right and left, a place three.
COLUMN = _columns()
#: What angles may follow, in the order in which they are found.
ANGLES: dict[str, Policies] = {
    row.name: row.policies
    for row in sorted(_ROWS, key=lambda row: row.policies.rank if row.policies else 0)
    if row.policies
}
#: The dimension that a list with policies makes; the code and the policies of each angle.
POLICY_DIMS = {name: policies.dim for name, policies in ANGLES.items()}
WITH_POLICY = {name: (policies.code, policies.names) for name, policies in ANGLES.items()}
#: What is not a number but a choice: support, arms and policies.
CODES = (*CHOICES, *(policies.code for policies in ANGLES.values()))
SIDES = PARTS["side"]
AXES = PARTS["axis"]
#: Dimensions of the answers, which a parameter may not use as its own.
RESERVED = ("muscle", "group", "coordinate", "joint", "foot", "segment", "bound", "minimum")
