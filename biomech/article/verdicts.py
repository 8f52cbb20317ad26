"""The rules by which an effect becomes a verdict. They were fixed before the first result was seen.

Every hypothesis is tested under draws of everything uncertain, the same draw for both stances, and under every way of
holding the pelvis (and both ends of the friction bracket) side by side: those are never drawn. A share of draws is
robustness against parameters; it is not the probability that a claim is true. An effect counts if it passes the
smallest effect of every measure (1 point of activation, for the back together with 60 N; 2 deg of tilt).

1. *ruled out by balance*: nothing changes in any draw, because what must balance is the same in both stances.
2. *supported*: under every way 95 % of the draws agree and the middle one counts, and measurements on people are not
   contrary (``article.evidence``).
3. *conditional*: so under some ways and not under others, or under all with measurements contrary.
4. *no meaningful effect*: under every way 90 % of the draws are too small to count.
5. *contradicted*: under every way 95 % of the draws go the other way and the middle one counts; or some so, and the
   others ruled out.
6. *undetermined*: none of these. 7. *outside statics*: habit, reflex, pain.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import entries, instance, one_of, text
from biomech.article.evidence import is_contrary
from biomech.article.hypotheses import HYPOTHESES, Hypothesis, OutcomeMeasure
from biomech.errors import StanceError

Array = NDArray[np.float64]
Interval = tuple[tuple[float, float, float], ...]

SUPPORTED, CONDITIONAL, CONTRADICTED = "supported", "conditional", "contradicted"
RULED_OUT, NO_EFFECT, UNDETERMINED = "ruled out by balance", "no meaningful effect", "undetermined"
#: Every verdict, and what it means in plain words.
VERDICTS = {
    SUPPORTED: "however the pelvis is held, bodies agree, and the effect is large enough to count",
    CONDITIONAL: "true if the pelvis is held in some ways and not in others, or true here and not on people",
    UNDETERMINED: "bodies and ways of holding the pelvis disagree",
    NO_EFFECT: "however the pelvis is held, the change is too small to count",
    CONTRADICTED: "bodies agree that it goes the other way",
    RULED_OUT: "nothing changes at all: what must balance is the same in both",
}
#: A change smaller than this is none, in smallest effects: rounding of the solver.
NOTHING = 1e-4
#: Share of draws that must agree, and the ends of the interval.
_AGREE, _ENDS = 0.95, (5.0, 50.0, 95.0)


@dataclass(frozen=True)
class PolicyOutcome:
    """A hypothesis under one policy: interval (5, 50, 95 %) of each measure's change, share of draws that agree.

    ``against``: share of draws that go the other way; ``nominal``: change of each measure without any draw; ``lost``:
    share of draws that cannot be held; ``valid``: share of the others whose geometry is trusted; ``verdict``: the class
    under this policy alone. ``steady`` and ``steady_verdict``: interval and class without what is noise within a
    person; ``study``: whose measured change of tilt it is, empty for a policy.
    """

    label: str
    interval: Interval
    nominal: tuple[float, ...]
    agree: float
    against: float
    lost: float
    valid: float
    verdict: str
    steady: Interval = ()
    steady_verdict: str = ""
    study: str = ""


@dataclass(frozen=True)
class Outcome:
    """What changes over (measure, sample) come to: interval, shares that agree and go the other way, lost, class."""

    interval: Interval
    agree: float
    against: float
    lost: float
    verdict: str


def outcome(hypothesis: Hypothesis, change: Array) -> Outcome:
    """Judge changes over (measure, sample), NaN where a draw cannot be held."""
    held = np.isfinite(change).all(axis=0)
    good = change[:, held]
    low, middle, high = np.percentile(good, _ENDS, axis=1) if held.any() else np.full((3, len(change)), np.nan)
    interval = tuple(zip(low.tolist(), middle.tolist(), high.tolist(), strict=True))
    smallest = np.array([[measure.smallest] for measure in hypothesis.measures])
    own = hypothesis.direction * good / smallest
    agree, against = (float((way * own > NOTHING).all(axis=0).mean()) if held.any() else 0.0 for way in (1.0, -1.0))
    return Outcome(interval, agree, against, float(1.0 - held.mean()), classify(hypothesis, interval, agree, against))


def classify(hypothesis: Hypothesis, interval: Interval, agree: float, against: float) -> str:
    """The class under one policy alone."""
    way, smallest = hypothesis.direction, [measure.smallest for measure in hypothesis.measures]
    middle = [way * ends[1] for ends in interval]
    if all(max(map(abs, ends)) <= NOTHING * least for ends, least in zip(interval, smallest, strict=True)):
        return RULED_OUT
    if agree >= _AGREE and all(m >= least for m, least in zip(middle, smallest, strict=True)):
        return SUPPORTED
    if against >= _AGREE and all(m <= -least for m, least in zip(middle, smallest, strict=True)):
        return CONTRADICTED
    # an effect must pass the smallest of all its measures to count
    if any(-least < low and high < least for (low, _, high), least in zip(interval, smallest, strict=True)):
        return NO_EFFECT
    return UNDETERMINED


def verdict(hypothesis: Hypothesis, columns: Iterable[PolicyOutcome]) -> str:
    """The class of a hypothesis over all columns, by the rules of this module."""
    own = instance("hypothesis", hypothesis, Hypothesis, "a Hypothesis")
    name = text("hypothesis: name", own.name)
    classes = {one_of("columns: verdict", text("columns: verdict", c.verdict), VERDICTS) for c in _columns(columns)}
    return joined(name, classes)


def joined(name: str, classes: set[str]) -> str:
    """The class of a hypothesis over all columns, from the classes under each alone; no measurement has other names."""
    contrary = name in {known.name for known in HYPOTHESES} and is_contrary(name)
    if classes == {SUPPORTED} and not contrary:
        return SUPPORTED
    if classes <= {RULED_OUT, CONTRADICTED}:
        return next(iter(classes)) if len(classes) == 1 else CONTRADICTED
    if classes <= {RULED_OUT, NO_EFFECT}:
        return NO_EFFECT
    return CONDITIONAL if SUPPORTED in classes else UNDETERMINED


def _columns(columns: object) -> list[PolicyOutcome]:
    allowed = "a list of PolicyOutcome"
    found = [instance("columns", own, PolicyOutcome, allowed) for own in entries("columns", columns, allowed)]
    if not found:
        raise StanceError("columns: is empty; give at least one")
    return found


def passes(changes: Array, measures: tuple[OutcomeMeasure, ...], direction: int) -> Array:
    """How far changes (measure, ...) pass the smallest effects, in units of those: at 0 they just do."""
    smallest = np.array([measure.smallest for measure in measures]).reshape(-1, *(1,) * (changes.ndim - 1))
    return np.asarray((direction * changes / smallest).min(axis=0) - 1.0)
