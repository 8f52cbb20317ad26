"""The findings as pages: the claims one by one, and what was measured on people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from biomech.article.evidence import KNOWN_BEFORE, MeasuredTilt, Measurement, evidence, measured_tilts, search_protocol
from biomech.article.findings import OUTSIDE, Finding
from biomech.article.hypotheses import CONTRASTS
from biomech.article.plain_words import plain_prior, plain_way
from biomech.article.policy_scores import (
    GIVEN,
    HYPEREXTENDED,
    POLICIES,
    SWAY,
    SWAY_SD,
    PolicyScore,
    Sway,
    mean_score,
)
from biomech.article.verdicts import CONDITIONAL, UNDETERMINED, VERDICTS, PolicyOutcome
from biomech.model.model import Model
from biomech.view.pages.findings_summary import first_screen

__all__ = ["evidence_page", "findings_page"]

_READING = """## How to read the rest

Made by `python examples/findings.py docs/findings --samples {samples}{flips}`. Each sentence is split into claims
that compare two ways of standing, sitting or moving. Everything that is uncertain about a body was drawn {samples}
times, the same for both ([what, and why so](../how_to/uncertainty.md)): that makes {samples} bodies. How the pelvis is
held nobody knows, so every way is shown beside the others, as are a slippery floor and one that grips; and, where it
was measured, what people's pelvises did (there the first stance is level and the change is drawn as it spread among
people).

**An effect counts** if it is at least 1 point (a hundredth of what the muscle group can do), for the back together with
60 N of pressure on the lowest disc, for the pelvis 2 deg. Those are judgments: one degree of lean changes the pressure
by half of that. A change has a plus sign where the second way has more.

**Noise within a person**: from one moment to the next everybody leans a little differently (1 deg here). It is drawn
like the rest, and as it drives most small effects every result is told without it, too. How far a pelvis must tip is
told without it: that is a question about bodies.

| verdict | means |
|---|---|
{verdicts}

"Bodies agree" means 95 of 100. That is how robust an answer is against what we do not know of bodies; it is not the
probability that the claim is true. Measurements are contrary to a claim if they were made on people who did just what
it says, and more people speak against it than for it."""

_EVIDENCE = """# What was measured on people

{count} measurements of {studies} studies, in our words, each with how far it bears on the claims: *direct* if people
did what the sentence is about and what it speaks of was measured; *partly* if one of the two was something near it;
*indirect* if both were. *Against* is also who finds no difference where the sentence says that there is one.
Measurements are contrary to a claim if, counted in people, more speak directly against it than directly for it. Hardly
any paper could be read in full: what was read is told, what is taken from other papers (*secondary*), and what is from
memory. Made by `python examples/findings.py`,
from `biomech/reference_data/evidence.csv`."""


def findings_page(
    findings: Sequence[Finding],
    scores: Sequence[PolicyScore],
    sways: Sequence[Sway],
    model: Model,
    samples: int,
    flips: int = 0,
) -> str:
    """The page of the findings: for a teacher of movement first, then claim by claim, then how it was done.

    Parameters
    ----------
    findings : sequence of Finding
        As ``assess_hypotheses`` returns.
    scores, sways : sequences
        As ``score_policies`` and ``predicted_sway`` return.
    model : Model
        The body.
    samples, flips : int
        What ``assess_hypotheses`` was given.

    Returns
    -------
    str
        Markdown.
    """
    reading = _READING.format(
        samples=samples,
        flips=f" --flips {flips}" if flips else "",
        verdicts="\n".join(f"| {name} | {meaning} |" for name, meaning in VERDICTS.items()),
    )
    figure = "![What is claimed, what comes out, and the verdict](findings.png)"
    parts = [first_screen(findings, model), figure, reading]
    for claim in dict.fromkeys(own.hypothesis.claim for own in findings):
        parts += [f"## {claim}", *(_section(own) for own in findings if own.hypothesis.claim == claim)]
    outside = "## Outside of what balance can say\n\n" + "\n".join(f"- {text}" for text in OUTSIDE)
    parts += [_scored(scores), _swaying(sways), _turned(findings, flips), outside]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(finding: Finding) -> str:
    """A claim."""
    own, contrast = finding.hypothesis, CONTRASTS[finding.hypothesis.contrast]
    lines = [
        f"### {own.text}",
        "",
        f"**{finding.verdict.capitalize()}**: {_meaning(finding)}. From *{contrast.first}* to *{contrast.second}*.",
        "",
        "| how the pelvis is held | change: middle (90 % of bodies) | without noise within a person | bodies that "
        "agree | verdict alone | to note |",
        "|---|---|---|---|---|---|",
        *(_row(finding, column) for column in finding.columns),
        "",
    ]
    sentences = [f"Not shown: {plain_way(label)}, for {why}." for label, why in contrast.left_out.items()]
    if finding.threshold:
        sentences.append(finding.threshold.sentence)
    if finding.measured_verdict:
        sentences.append(f"With pelvises as they were measured: {finding.measured_verdict}.")
    if finding.steady_verdict != finding.verdict:
        sentences.append(f"Without noise within a person: {finding.steady_verdict}.")
    if finding.verdict in (CONDITIONAL, UNDETERMINED):
        sentences.append(f"What would decide: {own.decider}.")
    if finding.drivers:
        drivers = ", ".join(f"{plain_prior(name)} ({rank:+.2f})" for name, rank in finding.drivers)
        sentences.append(f"What the effect hangs on (rank correlation): {drivers}.")
    if finding.flips is not None:
        sentences.append(_flips(finding))
    return "\n".join([*lines, " ".join(sentences), "", _people(finding.evidence)])


def _meaning(finding: Finding) -> str:
    """What the verdict means here."""
    alone = {column.verdict for column in finding.columns}
    if finding.verdict == CONDITIONAL and len(alone) == 1:
        return "so in every column, but measurements on people are contrary"
    return VERDICTS[finding.verdict]


def _row(finding: Finding, column: PolicyOutcome) -> str:
    """One way of holding the pelvis."""
    notes = [] if column.valid > 0.5 else ["the buttock's leverage is not measured here"]
    if column.lost > 0.01:
        notes.append(f"{100 * column.lost:.0f} % of bodies cannot hold it")
    alone = column.verdict
    if column.steady_verdict and column.steady_verdict != column.verdict:
        alone += f" (without noise: {column.steady_verdict})"
    cells = [
        plain_way(column.label),
        _amounts(finding, column.interval),
        _amounts(finding, column.steady),
        f"{100 * column.agree:.0f} %",
        alone,
        "; ".join(notes),
    ]
    return f"| {' | '.join(cells)} |"


def _amounts(finding: Finding, interval: Iterable[tuple[float, float, float]]) -> str:
    """Middle and ends of each measure's change."""
    cells = []
    for measure, (low, middle, high) in zip(finding.hypothesis.measures, interval, strict=False):
        low_, middle_, high_ = (_amount(value, measure.unit) for value in (low, middle, high))
        cells.append(f"{middle_} {measure.unit} ({low_}..{high_})")
    return "; ".join(cells)


def _amount(value: float, unit: str) -> str:
    """A change with its sign; what rounds to nothing has none."""
    digits = 0 if unit == "N" else 1
    shown = f"{value:+.{digits}f}"
    return shown[1:] if float(shown) == 0.0 else shown


def _people(measurements: Sequence[Measurement]) -> str:
    """What was measured on people, those that bear most first."""
    if not measurements:
        return "People: no measurement was found."
    said = [
        f"{own.name} ({_number(own)}, {own.bears}, {own.speaks}): {own.measured}, {own.result}"
        for own in measurements[:4]
    ]
    more = f" And {len(measurements) - 4} more." if len(measurements) > 4 else ""
    return "People: " + "; ".join(said) + f".{more} ([all of it](evidence.md))"


def _number(own: Measurement) -> str:
    return "number not told" if own.n is None else "1 person" if own.n == 1 else f"{own.n} people"


def _flips(finding: Finding) -> str:
    """Which guesses turn the verdict."""
    if not finding.flips:
        return "No guess about bodies, halved or doubled in width, changes the verdict."
    said = [f"{plain_prior(own.prior)} {_width(own.factor)} ({own.after})" for own in finding.flips]
    return f"The verdict changes with: {'; '.join(said)}."


def _width(factor: float) -> str:
    return "half as uncertain" if factor < 1.0 else "twice as uncertain"


def _scored(scores: Sequence[PolicyScore]) -> str:
    """Policies beside measured changes of tilt."""
    lines = [
        "## The ways of holding the pelvis beside what pelvises did",
        "",
        "Change of tilt in degrees, forward positive: the middle and 90 % of bodies. *Score*: the width of the "
        "interval and 20 times what the measured value lies outside of it (Gneiting & Raftery 2007), less is better; "
        "being inside alone would reward a wide guess. Where only the direction was reported, the share of bodies that "
        "go that way. The mean is taken over the changes of a study, then over the studies, so that each counts once. "
        f"{_given()} predicts nothing: that it does not change is given, so its score is no merit and stands there to "
        "compare with.",
        "",
        f"| measured | changed | change | {' | '.join(POLICIES.values())} |",
        f"|---|---|---|{'---|' * len(POLICIES)}",
    ]
    for measured in dict.fromkeys(own.measured for own in scores):
        row = [own for own in scores if own.measured == measured]
        size = _size(measured)
        what = f"{measured.parameter.replace('_', ' ')} {measured.first:.0f} to {measured.second:.0f} deg"
        lines.append(f"| {measured.label} | {what} | {size} | {' | '.join(_score(own) for own in row)} |")
    lines.append(f"| **mean score** | | | {' | '.join(_mean(scores, policy) for policy in POLICIES)} |")
    lines += ["", *(f"- {own.label}, {own.first:.0f} to {own.second:.0f} deg: {own.note}." for own in measured_tilts())]
    return "\n".join(lines)


def _given() -> str:
    return " and ".join(f"*{POLICIES[name]}*" for name in GIVEN)


def _size(measured: MeasuredTilt) -> str:
    """What was measured, as far as it is known."""
    if measured.size == "sign":
        return "forward" if measured.mean > 0 else "back"
    told = f"{measured.mean:+.1f} (SD {measured.sd:.1f})"
    return told if measured.size == "measured" else f"{told}, judged from words"


def _mean(scores: Sequence[PolicyScore], policy: str) -> str:
    mean = mean_score(scores, policy)
    if math.isnan(mean):
        return ""
    return f"({mean:.0f}, change given)" if policy in GIVEN else f"**{mean:.0f}**"


def _score(own: PolicyScore) -> str:
    low, middle, high = own.interval
    if own.policy in GIVEN:
        return f"{middle:+.1f}, given" + ("" if own.score is None else f"; score {own.score:.0f}{_judged(own)}")
    told = f"{middle:+.1f} ({low:+.1f}..{high:+.1f})"
    if own.score is None:
        return told if own.same_sign is None else f"{told}; {100 * own.same_sign:.0f} % that way"
    return f"{told}; {'inside' if own.inside else 'outside'}, score {own.score:.0f}{_judged(own)}"


def _judged(own: PolicyScore) -> str:
    """What a score rests on that is no number of the source."""
    return " (beside a judgment)" if own.measured.size == "judged" else ""


def _swaying(sways: Sequence[Sway]) -> str:
    """Where the weight hangs in people who hyperextend."""
    lines = [
        "## Where the weight hangs with knees pressed back",
        "",
        f"Of 124 young adults those whose knees stood at {HYPEREXTENDED:g} deg had their weight "
        f"{abs(SWAY) * 1000:.0f} mm behind the hip joints (SD {SWAY_SD * 1000:.0f}; Park 2022), further back than the "
        "others: a sway. The computed body, at its middle values:",
        "",
        "| stance | weight in front of the hips (mm) | off by (mm) | trunk leans (deg) | pelvis (deg) |",
        "|---|---|---|---|---|",
    ]
    for own in sways:
        off = "" if own.policy.startswith("straight") else f"{1000 * (own.offset - SWAY):+.0f}"
        lines.append(f"| {own.policy} | {1000 * own.offset:+.0f} | {off} | {own.lean:+.0f} | {own.tilt:+.0f} |")
    return "\n".join(lines)


def _turned(findings: Sequence[Finding], flips: int) -> str:
    """Guesses that turn a verdict, over all claims."""
    if not flips:
        return ""
    lines = [
        "## Guesses that matter",
        "",
        "Every guess about bodies that has no good source was halved and doubled in width "
        f"({flips} bodies each; a factor stays within its ends, and no end goes past zero). These change a verdict. "
        "A verdict that is not the one above stands at an edge, which so few bodies do not settle:",
        "",
        "| guess | width | claim | from | to |",
        "|---|---|---|---|---|",
    ]
    rows = [
        f"| {plain_prior(turn.prior)} | {_width(turn.factor)} | {own.hypothesis.text} | {turn.before} | {turn.after} |"
        for own in findings
        for turn in own.flips or ()
    ]
    return "\n".join([*lines, *(rows or ["| none | | | | |"])])


def evidence_page() -> str:
    """The page of what was measured on people, and how it was searched for.

    Returns
    -------
    str
        Markdown.
    """
    studies = dict.fromkeys(own.study for own in evidence())
    looked = dict.fromkeys(name for query in search_protocol() for name in query.relevant)
    unused = [name.replace("_", " ") for name in looked if name not in studies]
    called = {own.study: own.name for own in evidence()}
    searches = [query for query in search_protocol() if query.corpus != KNOWN_BEFORE]
    head = _EVIDENCE.format(count=len(evidence()), studies=len(studies))
    table = [
        "| study | people | how | compared | what was found | claim | speaks | bears | why so | read |",
        "|" + "---|" * 10,
    ]
    table += [_measurement_row(own) for own in evidence()]
    asked = ["| asked for | where | hits | looked at | left out |", "|---|---|---|---|---|"]
    for query in search_protocol():
        names = ", ".join(called.get(name, name.replace("_", " ")) for name in query.relevant)
        asked.append(f"| {_cell(query.query)} | {query.corpus} | {query.hits} | {names} | {_cell(query.excluded)} |")
    search = (
        f"## How it was searched for\n\n{len(searches)} queries of a store of public pages gave "
        f"{sum(query.hits for query in searches)} hits, duplicates among them. Looked at and not "
        "used, because the text that could be read had no result, or one that belongs to no claim: "
        f"{', '.join(unused)}."
    )
    sources = ["## Sources", "", *(f"- {_source(name)}" for name in sorted(studies))]
    return "\n\n".join([head, "\n".join(table), search, "\n".join(asked), "\n".join(sources)]) + "\n"


def _measurement_row(own: Measurement) -> str:
    compared = " against ".join(part for part in (own.first, own.second) if part) or "one condition"
    who = f"{_number(own)}: {own.participants}"
    claims = ", ".join(name.replace("_", " ") for name in own.hypotheses)
    found = f"{own.measured}: {own.result}"
    cells = (own.name, who, own.method, compared, found, claims, own.speaks, own.bears, own.why, own.read)
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _source(study: str) -> str:
    own = next(own for own in evidence() if own.study == study)
    return f"**{own.name}**: {own.citation}" + (f" ({own.identifier})" if own.identifier else "")


def _cell(words: str) -> str:
    return words.replace("|", "/").replace("\n", " ")
