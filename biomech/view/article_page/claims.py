"""Claims in words: sentence, verdict, threshold, ways of holding the pelvis, and what was measured on people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from biomech._arguments import refusal
from biomech.article.checked_findings import checked_findings
from biomech.article.evidence import Measurement
from biomech.article.findings import Finding
from biomech.article.hypotheses import BACK, CONTRASTS, HYPOTHESES, OutcomeMeasure
from biomech.article.plain_words import plain_way
from biomech.article.verdicts import (
    CONDITIONAL,
    CONTRADICTED,
    NO_EFFECT,
    RULED_OUT,
    SUPPORTED,
    UNDETERMINED,
    VERDICTS,
    PolicyOutcome,
)
from biomech.errors import StanceError

#: A sign for each verdict, so that no colour is needed.
_SIGNS = {SUPPORTED: "✓", CONDITIONAL: "◐", UNDETERMINED: "?", NO_EFFECT: "○", CONTRADICTED: "✕", RULED_OUT: "="}
#: What a measure is called where a change of it is told.
_UNITS = {"points": "points", "N": "N on the lowest disc", "deg": "° of tilt"}


def known_findings(findings: object) -> list[Finding]:
    """Findings on hypotheses that the page has words for, at least one.

    Raises
    ------
    StanceError
        One of them is none that ``assess_hypotheses`` answered; the message names what is wrong in it.
    """
    found = checked_findings(findings)
    for place, finding in enumerate(found):
        if not any(finding.hypothesis is own or finding.hypothesis == own for own in HYPOTHESES):
            raise refusal(f"findings[{place}].hypothesis", finding.hypothesis, "one of HYPOTHESES", StanceError)
    return found


def describe_claims(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Every finding as the page tells it."""
    return [_claim(own) for own in findings]


def describe_verdicts(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Verdicts with their signs, what they mean, and how many claims have them."""
    counts = {name: sum(own.verdict == name for own in findings) for name in VERDICTS}
    return [
        {"name": name, "sign": _SIGNS[name], "meaning": said, "count": counts[name]} for name, said in VERDICTS.items()
    ]


def _claim(finding: Finding) -> dict[str, Any]:
    own = finding.hypothesis
    contrast = CONTRASTS[own.contrast]
    return {
        "name": own.name,
        "claim": own.claim,
        "text": own.text,
        "contrast": own.contrast,
        "first": contrast.first,
        "second": contrast.second,
        "verdict": finding.verdict,
        "meaning": _meaning(finding),
        "counts": _counts(own.measures),
        "threshold": finding.threshold.sentence if finding.threshold else "",
        "decider": own.decider if finding.verdict in (CONDITIONAL, UNDETERMINED) else "",
        "direction": own.direction,
        "unit": _UNITS[own.measures[0].unit],
        "smallest": own.measures[0].smallest,
        "ways": [_way(column) for column in finding.columns],
        "people": [_person(measured) for measured in finding.evidence],
    }


def _meaning(finding: Finding) -> str:
    alone = {column.verdict for column in finding.columns}
    if finding.verdict == CONDITIONAL and len(alone) == 1:
        return "so in every way of holding the pelvis, but measurements on people are contrary"
    return VERDICTS[finding.verdict]


def _counts(measures: Sequence[OutcomeMeasure]) -> str:
    """From which size on an effect counts."""
    if tuple(measures) == BACK:
        least, pressure = (own.smallest for own in measures)
        return (
            f"It counts from {least:g} point on (a hundredth of what the lower back can do), together with "
            f"{pressure:g} N more or less on the lowest disc."
        )
    (own,) = measures
    if own.unit == "points":
        return f"It counts from {own.smallest:g} point on: a hundredth of what the muscles can do."
    return f"It counts from {own.smallest:g}° on."


def _way(column: PolicyOutcome) -> dict[str, Any]:
    """How far the first measure changes in one way of holding the pelvis: the middle body, and 90 of 100."""
    low, middle, high = column.interval[0]
    return {
        "label": plain_way(column.label),
        "low": round(low, 3) if low == low else None,
        "middle": round(middle, 3) if middle == middle else None,
        "high": round(high, 3) if high == high else None,
        "agree": round(100.0 * column.agree),
        "verdict": column.verdict,
        "sign": _SIGNS[column.verdict],
        "measured": bool(column.study),
        "lost": round(100.0 * column.lost),
        "trusted": column.valid > 0.5,
    }


def _person(own: Measurement) -> dict[str, str]:
    """What one study measured on people."""
    people = "number of people not told" if own.n is None else "1 person" if own.n == 1 else f"{own.n} people"
    result, _, figures = own.result.partition("; ")  # what came out, then spread and significance
    return {
        "name": own.name,
        "people": people,
        "what": f"{own.measured}: {result}",
        "figures": figures,
        "speaks": own.speaks,
        "bears": own.bears,
        "why": own.why,
        "citation": f"{own.citation} {own.identifier}".strip(),
    }
