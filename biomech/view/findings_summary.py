"""The first screen of the findings: what is known, what is not, what to try, and the study that would decide.

Written for somebody who teaches movement, from the numbers as they are: no sentence here knows how a verdict came out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from biomech.article.evidence import MeasuredTilt, measured_tilts
from biomech.article.findings import Finding
from biomech.article.hypotheses import BACK, CONTRASTS
from biomech.article.plain_words import plain_prior
from biomech.article.scenarios import PALPABLE, feel
from biomech.article.study_design import detectable_change, people_needed
from biomech.article.verdicts import CONDITIONAL, CONTRADICTED, NO_EFFECT, RULED_OUT, SUPPORTED, UNDETERMINED, VERDICTS
from biomech.model.model import Model

Array = NDArray[np.float64]

#: How many people the study has.
_PEOPLE = 20
#: deg: SD over people of how far a pelvis tips from one way of standing to another: what a pelvis that stands still
#: wanders by itself (Pan et al. 2021: about 3 in the middle); dancers' turnout has 1.5 to 1.9 (2023).
_TILT_SD = 3.0
#: Percent of a group's strength: a hand may tell so much, and surely so much (a judgment).
_PERHAPS, _SURELY = 2.0, 5.0
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
    back = [own for own in findings if own.hypothesis.measures == BACK and own.hypothesis.claim in _STANDING]
    settled = sum(own.verdict == SUPPORTED for own in back)
    asked = {"turnout_back": "With the feet turned out it would work more", "hyper_back": "with the knees pressed back"}
    needed = [
        f"{asked[own.hypothesis.name]} {own.threshold.short}"
        for own in findings
        if own.hypothesis.name in asked and own.threshold
    ]
    lines = [
        f"**Known**: of {len(findings)} sentences {counts[SUPPORTED]} hold however the pelvis is held, {wrong}, "
        f"{small} are too small to matter; {counts[UNDETERMINED] + counts[CONDITIONAL]} are open.",
        f"**Not known**: what feet and knees do to the lower back. Of {len(back)} such sentences {settled or 'none'} "
        f"can be affirmed without knowing how the pelvis follows. {'; '.join(needed)}{'.' if needed else ''}",
        "**To try**: a hand on the front of the thigh and one beside the spine, one change at a time "
        "([what to expect](#what-to-try-and-feel)).",
        f"**To decide it**: {_PEOPLE} people, each in four ways of standing, and how far the pelvis tips "
        f"([the study](#the-study-that-would-decide-{_PEOPLE}-people)).",
    ]
    return _bullets(lines)


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
    names = dict.fromkeys(plain_prior(own.prior) for own in finding.flips or ())
    return f" *(Hangs on a guess: {', '.join(names)}.)*" if names else ""


def _unknown(findings: Sequence[Finding]) -> str:
    open_ = [own for own in findings if own.verdict in (UNDETERMINED, CONDITIONAL)]
    if not open_:
        return ""
    rows = [f"| {own.hypothesis.text} | {_because(own)} |" for own in open_]
    lead = "## What is not known\n\nIt depends on the body, or on how the pelvis is held:"
    return "\n".join([lead, "", "| sentence | would be so |", "|---|---|", *rows])


def _because(finding: Finding) -> str:
    """Why it is open: what would have to be, or what speaks against it."""
    if finding.verdict == CONDITIONAL and {own.verdict for own in finding.columns} == {SUPPORTED}:
        return "in the computed body; measurements on people say otherwise"
    return finding.threshold.short if finding.threshold else "if it was so on people: this is about the pelvis itself"


def _pelvis(by_name: Mapping[str, Finding]) -> str:
    """What is open, said of the pelvis, and what people's pelvises were seen to do."""
    open_ = [by_name[n] for n in ("turnout_back", "hyper_back") if n in by_name and by_name[n].threshold]
    if not open_:
        return ""
    seen = [f"{own.label}: {_direction(own)}" for own in measured_tilts() if own.contrasts]
    measured = [own for own in by_name.values() if any(m.bears == "direct" for m in own.evidence)]
    claims = [own for own in by_name.values() if own.hypothesis.claim in _STANDING]
    direct = sum(own in measured for own in claims)
    return (
        "**In standing it is the pelvis that decides.** On both feet, as long as the pelvis keeps its place, the "
        "muscles beside the lower spine hardly feel what feet and knees do. What pelvises have been seen to do: "
        + "; ".join(dict.fromkeys(seen))
        + f". Of the {len(claims)} sentences on feet and knees {direct or 'none'} "
        + ("has" if direct == 1 else "have")
        + " been measured on people just as the sentence says ([what was measured](evidence.md))."
    )


def _direction(own: MeasuredTilt) -> str:
    if abs(own.mean) < 0.5:
        return "it stays about where it is"
    way = "forward" if own.mean > 0 else "back"
    return f"{abs(own.mean):.0f} deg {way}" if own.size == "measured" else f"{way}, how far is not told"


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
        f"pelvis may be held. A hand cannot feel one in a hundred; from about {_SURELY:.0f} on it can."
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
    if least >= _SURELY and (change > 0).all() == (change > 0).any():
        return "yes"
    return "perhaps" if most >= _PERHAPS else "no"


def _study(by_name: Mapping[str, Finding]) -> str:
    """The study of about twenty people."""
    need = [
        (own, own.threshold.middle)
        for own in (by_name.get(n) for n in ("turnout_back", "hyper_back"))
        if own and own.threshold and np.isfinite(own.threshold.middle) and abs(own.threshold.middle) >= 0.5
    ]
    if not need:
        return ""
    seen, surer = (detectable_change(_PEOPLE, _TILT_SD, power) for power in (0.8, 0.9))
    lines = [
        f"## The study that would decide: {_PEOPLE} people",
        "",
        "Each person stands in four ways, in random order, three times each: knees soft with the weight over the "
        "middle of the feet; knees pressed back with the weight on the heels; feet parallel; feet turned out as far "
        "as is comfortable. Every time is measured how far the pelvis tips (an inclinometer on the bony points in "
        "front and behind, or cameras) and how active the muscles are beside the lower spine, in the buttock and in "
        "front of the thigh (electrodes on the skin, in percent of one's strongest effort).",
        "",
        "| what is asked | the claim needs | people needed (4 studies of 5 find it) | (9 of 10) |",
        "|---|---|---|---|",
    ]
    for own, middle in need:
        contrast = CONTRASTS[own.hypothesis.contrast]
        way = "forward" if middle > 0 else "back"
        asked = [(f"{abs(middle):.0f} deg {way}", "does the pelvis tip", middle, _TILT_SD)]
        if spread := _spread(own):
            asked.append(("1 in a hundred", "does the lower back work more", 1.0, spread))
        for needs, what, change, sd in asked:
            few, more = (people_needed(change, sd, power) for power in (0.8, 0.9))
            lines.append(f"| from *{contrast.first}* to *{contrast.second}*: {what} | {needs} | {few} | {more} |")
    lines += [
        "",
        f"So {_PEOPLE} people are enough to see the pelvis: they show a mean change of {seen:.1f} deg in four studies "
        f"of five, of {surer:.1f} deg in nine of ten, if pelvises differ by {_TILT_SD:.0f} deg from person to person "
        "(what one wanders by itself in a minute of standing still). If it tips by less than the claim needs, the "
        "claim fails for most of them; if by more, it holds. Muscles are counted here as they differ between computed "
        "bodies; electrodes on the skin add noise of their own, so the pelvis is what to rely on.",
    ]
    return "\n".join(lines)


def _spread(finding: Finding) -> float:
    """SD of the first measure's change over bodies, where the cost decides how the pelvis is held."""
    widths = [
        own.interval[0][2] - own.interval[0][0] for own in finding.columns if own.label.startswith("least effort")
    ]
    good = [width for width in widths if np.isfinite(width) and width > 0.0]
    return max(good) / 3.29 if good else 0.0
