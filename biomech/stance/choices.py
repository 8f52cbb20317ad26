"""Words that stance parameters take: supports, ways to hold the arms, and policies of an angle.

A word stands here with what a stance must know of it before any mechanics. The code of a word is its place in the list
and never changes: words are only added, at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

from biomech.stance.declarations import Choices, Condition, Word

#: Where the feet decide where the weight lies.
STANDING = Condition("support", lambda word: not word.bears_weight, "which bears the weight")


@dataclass(frozen=True)
class SupportWord(Word):
    """A way in which the body is borne.

    ``feet``: side suffixes of the feet on the floor; ``raised``: those of them that stand on the ball, the heel off the
    floor. ``is_symmetric``: it treats both sides of the body alike.
    ``bears_weight``: something else than the feet decides where the weight lies. ``parameters``: stance parameters that
    mean nothing without it, or without another support that has them too.
    """

    feet: tuple[str, ...] = ("_r", "_l")
    raised: tuple[str, ...] = ()
    is_symmetric: bool = False
    bears_weight: bool = False
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class PolicyWord(Word):
    """A rule that finds an angle which nobody gives.

    ``is_balance``: it asks for a balance over the feet, and so means nothing on a support that bears the weight.
    """

    is_balance: bool = False

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Where it has a meaning."""
        return (*self.needs, STANDING) if self.is_balance else self.needs


SUPPORTS: Choices[SupportWord] = Choices(
    "support",
    SupportWord("both", "both feet stand", is_symmetric=True),
    SupportWord("right", "the right foot alone", feet=("_r",), parameters=("pelvic_list",)),
    SupportWord("left", "the left foot alone", feet=("_l",), parameters=("pelvic_list",)),
    SupportWord(
        "seat",
        "a seat under tuberosities and thighs, with both feet on the floor",
        is_symmetric=True,
        bears_weight=True,
        parameters=("seat_height",),
    ),
    SupportWord(
        "step",
        "the right foot on a step, where the left knee follows from a level pelvis",
        parameters=("step_height", "step_length", "pelvic_list"),
    ),
    SupportWord(
        "stride",
        "double support in walking: the right foot flat and ahead, the left on its ball, its heel as high as need be",
        raised=("_l",),
        parameters=("step_length", "pelvic_list"),
    ),
)
#: How the arms are held: hanging along gravity, turning with the trunk, or hanging with hands that rest on the thighs.
ARMS: Choices[Word] = Choices(
    "arms",
    Word("hanging", "hanging along gravity"),
    Word("fixed", "turning with the trunk"),
    Word("thighs", "hanging, with hands that rest on the thighs"),
)
#: Policies: of the tilt, of the trunk's lean and of the knee.
POLICIES: Choices[PolicyWord] = Choices(
    "pelvic_tilt",
    PolicyWord("least_effort", "least muscle cost"),
    PolicyWord("hanging", "no net muscle moment at the hips: the body hangs in its hip capsules", is_balance=True),
    PolicyWord("passive", "least passive energy of hips and lumbar joint at the given lean"),
    PolicyWord("rhythm", "the lumbar spine takes its measured share of the lean"),
)
LEAN_POLICIES: Choices[PolicyWord] = Choices(
    "trunk_lean",
    PolicyWord(
        "hanging_sway",
        "the lean at which the body hangs at the given tilt",
        needs_degrees="pelvic_tilt",
        why="it is the lean at a given tilt",
        is_balance=True,
    ),
)
KNEE_POLICIES: Choices[PolicyWord] = Choices(
    "knee_flexion",
    PolicyWord(
        "passive",
        "the stable angle at which no muscle holds the knee",
        needs=(Condition("support", lambda word: not word.raised, "where a heel is raised"),),
        is_balance=True,
    ),
)
