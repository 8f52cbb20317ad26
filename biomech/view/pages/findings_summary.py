"""The first screen of the findings: what is known, what is not, what to try, and the study that would decide.

Written for somebody who teaches movement, from the numbers as they are: no sentence here knows how a verdict came out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech.article.evidence import MeasuredTilt, is_contrary, measured_tilts
from biomech.article.findings import Finding
from biomech.article.hypotheses import BACK, CONTRASTS
from biomech.article.plain_words import plain_prior
from biomech.article.scenarios import PALPABLE, feel
from biomech.article.study_design import detectable_change, mean_within, people_needed
from biomech.article.verdicts import CONDITIONAL, CONTRADICTED, NO_EFFECT, RULED_OUT, SUPPORTED, UNDETERMINED, VERDICTS
from biomech.model.model import Model

Array = NDArray[np.float64]

#: How many people the study has.
_PEOPLE = 20
#: deg: SD over people of how far a pelvis tips from one way of standing to another, a judgment: one pelvis that stands
#: still wanders by about 3 (Pan 2021), which is no spread between people; dancers' turnout has 1.5 to 1.9 (2023).
_TILT_SD = 3.0
_POINTS = "in a hundred"
#: How many guesses are named.
_NAMED = 3
_OPEN = (UNDETERMINED, CONDITIONAL)
#: Percent of a group's strength: a hand may tell so much, and surely so much (a judgment).
PERHAPS, SURELY = 2.0, 5.0
#: What to try, by scenario: what to do, and under what the hands lie.
_TRY = {
    "soft_knees_mid_foot": "Stand with the knees pressed back and the weight on the heels; then soften the knees",
    "soft_knees_forward": "The same, and let the weight come forward, heels down",
    "turned_out_standing": "Stand with the feet parallel; then turn them out by half a right angle",
    "walking_mid_stance_soft": "Walk very slowly, pressing each knee back as you stand on it; then with soft knees",
    "squat": "Pick something up with straight legs; then by squatting",
}
#: Claims on how one stands.
_STANDING = ("Turnout", "Hyperextension")
_HANDS = ("lumbar_extensors", "gluteus_maximus", "gluteus_medius", "quadriceps")

_ARTICLE = """# Findings: lower back pain and your legs

This page answers an article by a movement educator, *Lower Back Pain and Your Legs*. In our words, it says:

- **Feet that point away from each other**, standing or sitting, keep the buttocks and the outside of the hips tense and
  make the lower back work. With the feet closer to parallel the back can let go.
- **Knees pressed back, with the weight in the heels**, tip the pelvis forward and tighten the arch of the lower back,
  while the front of the thighs does little. Softening the knees and letting the weight come forward lets the back go
  and wakes the thighs.
- **Everyday work** - rising, stairs, hills, squatting to pick something up - belongs to thighs and buttocks, not to
  the back.

We asked what has to be true for that. A computed body stands in both ways, with all its muscles, and everything that
differs from person to person is varied; beside it stands what has been measured on people. In short:"""

_CANNOT = """**What this cannot say.** It asks what balance needs. It knows no reflexes, no habits, no tension and no
pain; a hand that feels for tone feels those, too. It says nothing against anybody's experience."""


_SETUP = f"""## The study that would decide: {_PEOPLE} people

Each person stands in four ways, in random order, three times each: knees soft with the weight over the middle of the
feet; knees pressed back with the weight on the heels; feet parallel; feet turned out as far as is comfortable. Every
time is measured how far the pelvis tips (an inclinometer on the bony points in front and behind, or cameras) and how
active the muscles are beside the lower spine, in the buttock and in front of the thigh (electrodes on the skin, in
percent of one's strongest effort). A change that is seen at all does not decide; what decides is whether it is as large
as the claim needs, and not half of that."""


def first_screen(findings: Sequence[Finding], model: Model) -> str:
    """Everything above the figure."""
    by_name = {own.hypothesis.name: own for own in findings}
    parts = [
        _ARTICLE,
        _in_short(findings),
        _known(findings),
        _unknown(findings),
        _pelvis(by_name),
        _try_it(model),
        _study(by_name),
        _CANNOT,
    ]
    return "\n\n".join(part for part in parts if part)


def _texts(findings: Sequence[Finding], *verdicts: str) -> list[str]:
    return [own.hypothesis.text for own in findings if own.verdict in verdicts]


def _bullets(texts: Sequence[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _in_short(findings: Sequence[Finding]) -> str:
    """The four things that a teacher of movement asks."""
    counts = {name: len(_texts(findings, name)) for name in VERDICTS}
    small = counts[NO_EFFECT] + counts[RULED_OUT]
    wrong = f"{counts[CONTRADICTED]} {'goes' if counts[CONTRADICTED] == 1 else 'go'} the other way"
    lines = [
        f"**Known**: of {len(findings)} sentences {counts[SUPPORTED]} hold however the pelvis is held, {wrong}, "
        f"{small} are too small to matter; {counts[UNDETERMINED] + counts[CONDITIONAL]} are open.",
        _open_back(findings),
        "**To try**: a hand on the front of the thigh and one beside the spine, one change at a time "
        "([what to expect](#what-to-try-and-feel)).",
        f"**To decide it**: {_PEOPLE} people, each in four ways of standing, and how far the pelvis tips "
        f"([the study](#the-study-that-would-decide-{_PEOPLE}-people)).",
    ]
    return _bullets([line for line in lines if line])


def _open_back(findings: Sequence[Finding]) -> str:
    """What is open of feet, knees and the lower back, and what would have to be."""
    back = [own for own in findings if own.hypothesis.measures == BACK and own.hypothesis.claim in _STANDING]
    open_ = [own for own in back if own.verdict in _OPEN]
    if not open_:
        return ""
    asked = {
        "turnout_back": "With the feet turned out it would work more",
        "hyper_back": "With the knees pressed back it would do so",
    }
    needed = [
        f" {asked[own.hypothesis.name]} {own.threshold.short}."
        for own in open_
        if own.hypothesis.name in asked and own.threshold
    ]
    return (
        f"**Not known**: of {len(back)} sentences on what feet and knees do to the lower back {len(open_)} "
        f"{'is' if len(open_) == 1 else 'are'} open.{''.join(needed)}"
    )


def _known(findings: Sequence[Finding]) -> str:
    parts = []
    for lead, verdicts in (
        ("This holds, however the pelvis is held:", (SUPPORTED,)),
        ("This is said, and it is the other way round:", (CONTRADICTED,)),
        ("This is said, and too little happens to matter:", (NO_EFFECT, RULED_OUT)),
    ):
        if texts := [own.hypothesis.text + _fragile(own) for own in findings if own.verdict in verdicts]:
            parts.append(f"{lead}\n\n{_bullets(texts)}")
    return "## What is known\n\n" + "\n\n".join(parts) if parts else ""


def _fragile(finding: Finding) -> str:
    """Guesses about bodies that would turn the verdict if they were less certain."""
    if any(own.before != finding.verdict for own in finding.flips or ()):
        return " *(Stands at an edge: with fewer bodies the verdict is another.)*"
    names = list(dict.fromkeys(plain_prior(own.prior) for own in finding.flips or ()))
    if not names:
        return ""
    more = f", and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f" *(Hangs on a guess: {', '.join(names[:_NAMED])}{more}.)*"


def _unknown(findings: Sequence[Finding]) -> str:
    open_ = [own for own in findings if own.verdict in _OPEN]
    if not open_:
        return ""
    rows = [f"| {own.hypothesis.text} | {_because(own)} |" for own in open_]
    lead = "## What is not known\n\nIt depends on the body, or on how the pelvis is held:"
    return "\n".join([lead, "", "| sentence | would be so |", "|---|---|", *rows])


def _because(finding: Finding) -> str:
    """Why it is open: what would have to be, or in how many bodies it is so; and whether people say otherwise."""
    if finding.hypothesis.measures[0].variable == "pelvic_tilt":
        why = "if it was so on people: this is about the pelvis itself"
    else:
        why = finding.threshold.short if finding.threshold else _share(finding)
    return why + ("; measurements on people say otherwise" if is_contrary(finding.hypothesis.name) else "")


def _share(finding: Finding) -> str:
    """In how many bodies it is so, over the ways of holding the pelvis."""
    shares = sorted({round(100.0 * own.agree) for own in finding.columns})
    ends = " to ".join(f"{share}" for share in dict.fromkeys((shares[0], shares[-1])))
    return f"in {ends} % of computed bodies, by however little"


def _pelvis(by_name: Mapping[str, Finding]) -> str:
    """What a pelvis that keeps its place leaves to the back, and what people's pelvises were seen to do."""
    claims = [own for own in by_name.values() if own.hypothesis.claim in _STANDING]
    seen = [f"{own.label}: {_direction(own)}" for own in measured_tilts() if own.contrasts]
    if not claims:
        return ""
    direct = sum(any(m.bears == "direct" for m in own.evidence) for own in claims)
    return (
        f"**What the pelvis does to it.** {_held_level(claims)}What pelvises have been seen to do: "
        + "; ".join(dict.fromkeys(seen))
        + f". Of the {len(claims)} sentences on feet and knees {direct or 'none'} "
        + ("has" if direct == 1 else "have")
        + " been measured on people just as the sentence says ([what was measured](evidence.md))."
    )


def _held_level(claims: Sequence[Finding]) -> str:
    """How many sentences on the back come to too little with the pelvis level, noise within a person left out."""
    level = {
        own.hypothesis.name: {c.steady_verdict for c in own.columns if c.label.startswith("pelvis level")}
        for own in claims
        if own.hypothesis.measures == BACK
    }
    asked = [verdicts for verdicts in level.values() if verdicts]
    small = sum(verdicts <= {NO_EFFECT, RULED_OUT} for verdicts in asked)
    if not asked:
        return ""
    return (
        f"As long as it is held level, {small or 'none'} of {len(asked)} sentences on what feet and knees do to the "
        f"lower back {'comes' if small == 1 else 'come'} to too little to count (noise within a person left out). "
    )


def _direction(own: MeasuredTilt) -> str:
    if abs(own.mean) < 0.5:
        return "it stays about where it is" + (" (in words, without a number)" if own.size == "judged" else "")
    way = "forward" if own.mean > 0 else "back"
    return f"{way}, how far is not told" if own.size == "sign" else f"{abs(own.mean):.0f} deg {way}"


def _try_it(model: Model) -> str:
    """What to do, where to put the hands, what to expect there."""
    rows = []
    for name, doing in _TRY.items():
        felt = feel(name, model)
        for group in _HANDS:
            change = felt.change.sel(group=group).values
            change = change[np.isfinite(change)]
            if not change.size:
                continue
            rows.append(f"| {doing} | {PALPABLE[group]} | {_expected(change)} | {_felt(change)} |")
            doing = ""
    lead = (
        "## What to try and feel\n\nNumbers are parts of a hundred of what a muscle can do, over the ways in which the "
        f"pelvis may be held. A hand cannot feel one in a hundred; from about {SURELY:.0f} on it can."
    )
    return "\n".join([lead, "", "| try | with a hand on | expect | can a hand tell? |", "|---|---|---|---|", *rows])


def _expected(change: Array) -> str:
    low, high = float(change.min()), float(change.max())
    if max(abs(low), abs(high)) < 0.5:
        return "no change"
    if low * high < 0.0 and min(abs(low), abs(high)) >= 0.5:
        return f"{abs(low):.0f} less to {high:.0f} more"
    word = "more" if low + high > 0.0 else "less"
    ends = sorted({f"{abs(end):.0f}" for end in (low, high)}, key=float)
    return f"{' to '.join(ends)} {word}"


def _felt(change: Array) -> str:
    least, most = float(np.abs(change).min()), float(np.abs(change).max())
    if least >= SURELY and (change > 0).all() == (change > 0).any():
        return "yes"
    return "perhaps" if most >= PERHAPS else "no"


def _study(by_name: Mapping[str, Finding]) -> str:
    """The study of about twenty people: whether the pelvis tips by as much as the claim needs."""
    need = [
        (own, own.threshold.middle)
        for own in (by_name.get(n) for n in ("turnout_back", "hyper_back"))
        if own and own.threshold and np.isfinite(own.threshold.middle) and abs(own.threshold.middle) >= 0.5
    ]
    if not need:
        return ""
    asked = [question for own, middle in need for question in _questions(own, middle)]
    enough = [own for own in asked if own.people(0.5, 0.8) <= _PEOPLE]
    short = [own for own in asked if own.people(0.5, 0.8) > _PEOPLE]
    told = [
        f"{_PEOPLE} people {are} enough to tell what the claim needs from half of it (four studies of five): "
        + "; ".join(f"{own.of} {own.step}" for own in group)
        + "."
        for are, group in (("are", enough), ("are not", short))
        if group
    ]
    return "\n".join(
        [
            _SETUP,
            "",
            "| what is asked | the claim needs | told from no change: people (4 studies of 5; 9 of 10) | told from "
            f"half of that | {_PEOPLE} people give the mean to within (95 %) |",
            "|---|---|---|---|---|",
            *(own.row() for own in asked),
            "",
            " ".join([*told, _resolution()]),
        ]
    )


@dataclass(frozen=True)
class _Question:
    """A change that a claim needs, and how it spreads over people."""

    step: str
    of: str
    needs: float
    unit: str
    sd: float

    def people(self, share: float, power: float) -> int:
        """Who tell what is needed from what lies off by a share of it."""
        return people_needed(share * self.needs, self.sd, power)

    def row(self) -> str:
        """It as a line of the table."""
        counts = [f"{self.people(share, 0.8)}; {self.people(share, 0.9)}" for share in (1.0, 0.5)]
        within = f"{mean_within(_PEOPLE, self.sd):.1f} {self.unit}"
        way = "" if self.unit == _POINTS else " forward" if self.needs > 0 else " back"
        needs = f"{abs(self.needs):.0f} {self.unit}{way}"
        what = "works so much more" if self.unit == _POINTS else "tips so far"
        return f"| {self.step}: whether {self.of} {what} | {needs} | {' | '.join(counts)} | {within} |"


def _questions(finding: Finding, middle: float) -> list[_Question]:
    """What is asked of pelvis and back between both ways of standing."""
    contrast = CONTRASTS[finding.hypothesis.contrast]
    step = f"from *{contrast.first}* to *{contrast.second}*"
    found = [_Question(step, "the pelvis", middle, "deg", _TILT_SD)]
    if spread := _spread(finding):
        found.append(_Question(step, "the lower back", 1.0, _POINTS, spread))
    return found


def _resolution() -> str:
    """What so many people can tell apart, and on which judgment that rests."""
    seen, surer = (detectable_change(_PEOPLE, _TILT_SD, power) for power in (0.8, 0.9))
    wide = detectable_change(_PEOPLE, 2.0 * _TILT_SD, 0.8)
    return (
        f"Of the pelvis they tell mean changes apart that differ by {seen:.1f} deg in four studies of five, by "
        f"{surer:.1f} deg in nine of ten; what differs by less they leave open, and so they do with a claim if the "
        f"pelvis tips by nearly what it needs. That people's changes differ by {_TILT_SD:.0f} deg (SD) is a judgment: "
        "what was measured is that one pelvis wanders by so much in a minute of standing still (Pan 2021), and that "
        f"dancers who turn out differ by 1.5 to 1.9 deg. If people differed by {2.0 * _TILT_SD:.0f} deg, {_PEOPLE} "
        f"would tell {wide:.1f} deg apart. What the claim needs is itself computed, and differs between bodies. "
        "Muscles are counted here as they differ between computed bodies; electrodes on the skin add noise of their "
        "own, so the pelvis is what to rely on."
    )


def _spread(finding: Finding) -> float:
    """SD of the first measure's change over bodies, where the cost decides how the pelvis is held."""
    widths = [
        own.interval[0][2] - own.interval[0][0] for own in finding.columns if own.label.startswith("least effort")
    ]
    good = [width for width in widths if np.isfinite(width) and width > 0.0]
    return max(good) / 3.29 if good else 0.0
