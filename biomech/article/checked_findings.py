"""Findings that somebody hands back, to be drawn or told: looked at before anything is made of them."""

from __future__ import annotations

import numpy as np

from biomech._arguments import entries, instance, one_of, real_array, real_number, text
from biomech.article.findings import Finding, PolicyOutcome
from biomech.article.hypotheses import Hypothesis, OutcomeMeasure
from biomech.article.thresholds import Threshold
from biomech.article.verdicts import VERDICTS
from biomech.errors import StanceError


def checked_findings(findings: object) -> list[Finding]:
    """Findings, at least one, with all that is told of them.

    Raises
    ------
    StanceError
        One of them is none that ``assess_hypotheses`` answered; the message names what is wrong in it.

    Examples
    --------
    >>> import biomech as bm
    >>> found = bm.findings.assess_hypotheses(["leaning_back"], samples=8)
    >>> from biomech.article.checked_findings import checked_findings
    >>> [own.hypothesis.name for own in checked_findings(found)]
    ['leaning_back']
    """
    allowed = "a list of Finding, as findings.assess_hypotheses returns"
    found = [instance("findings", own, Finding, allowed) for own in entries("findings", findings, allowed)]
    if not found:
        raise StanceError(f"findings: is empty; must be {allowed}, at least one")
    for place, finding in enumerate(found):
        where = f"findings[{place}]"
        one_of(f"{where}.verdict", finding.verdict, VERDICTS)
        _check_hypothesis(f"{where}.hypothesis", finding.hypothesis)
        if finding.threshold is not None:
            instance(f"{where}.threshold", finding.threshold, Threshold, "a Threshold, or None")
        for column in instance(f"{where}.columns", finding.columns, (tuple, list), "a tuple of PolicyOutcome"):
            _check_column(f"{where}.columns", column)
    return found


def _check_hypothesis(where: str, hypothesis: object) -> None:
    own = instance(where, hypothesis, Hypothesis, "a Hypothesis")
    text(f"{where}.text", own.text)
    real_number(f"{where}.direction", own.direction, -1.0, 1.0)
    measures = instance(f"{where}.measures", own.measures, (tuple, list), "a tuple of OutcomeMeasure")
    if not measures:
        raise StanceError(f"{where}.measures: is empty; must be a tuple of OutcomeMeasure, at least one")
    smallest = real_number(
        f"{where}.smallest", instance(f"{where}.measures", measures[0], OutcomeMeasure, "an OutcomeMeasure").smallest
    )
    if not smallest > 0.0:
        raise StanceError(f"{where}.smallest = {smallest!r}: must be above 0")


def _check_column(where: str, column: object) -> None:
    own = instance(where, column, PolicyOutcome, "a PolicyOutcome")
    text(f"{where}.label", own.label)
    text(f"{where}.study", own.study)
    one_of(f"{where}.verdict", own.verdict, VERDICTS)
    for name in ("agree", "lost", "valid"):
        real_number(f"{where}.{name}", getattr(own, name))
    ends = real_array(f"{where}.interval", own.interval)
    if ends.ndim != 2 or ends.shape[1] != 3 or not len(ends) or np.isinf(ends).any():
        raise StanceError(f"{where}.interval: has shape {ends.shape}; must be (low, median, high) of each measure")
