"""The article's claims in one figure: effects with their intervals, and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from biomech._arguments import entries, instance, one_of, real_array, real_number, text
from biomech.article.findings import Finding, PolicyOutcome
from biomech.article.hypotheses import Hypothesis, OutcomeMeasure
from biomech.errors import StanceError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {
    "supported": "#1b7f79",
    "conditional": "#d08c2f",
    "no meaningful effect": "#7f8c9b",
    "contradicted": "#b03a48",
    "impossible": "#b03a48",
    "undetermined": "#8d6fb0",
}


def findings_chart(findings: Sequence[Finding]) -> Figure:
    """A row for every hypothesis under every policy: the effect the way the article says, in smallest effects.

    Dots: medians; bars: 90 % of the draws, in the colour of the verdict under that policy alone; the grey band is less
    than the smallest effect of interest. On the right the verdict over all policies.

    Raises
    ------
    StanceError
        There is no finding, or one of them is none that ``findings.assess_hypotheses`` returned.
    """
    findings = _checked(findings)
    import matplotlib.pyplot as plt

    rows = sum(len(finding.columns) for finding in findings) + 0.9 * len(findings)
    figure, panel = plt.subplots(figsize=(11.5, 0.19 * rows + 1.4), layout="constrained")
    panel.axvspan(-1.0, 1.0, color="0.92", zorder=0)
    panel.axvline(0.0, color="0.6", linewidth=0.8)
    y, ticks, labels = 0.0, [], []
    for finding in findings:
        colour, way = COLOURS[finding.verdict], finding.hypothesis.direction
        panel.text(0.0, y, finding.hypothesis.text, transform=panel.get_yaxis_transform(), fontsize=8.5, weight="bold")
        panel.text(1.01, y, finding.verdict, transform=panel.get_yaxis_transform(), fontsize=8.5, color=colour,
                   weight="bold")  # fmt: skip
        y += 1.0
        for column in finding.columns:
            alone = COLOURS[column.verdict]
            low, middle, high = (way * end / finding.hypothesis.measures[0].smallest for end in column.interval[0])
            panel.hlines(y, low, high, color=alone, linewidth=3.0, alpha=0.45)
            panel.plot(middle, y, "o", color=alone, markersize=4)
            ticks.append(y)
            labels.append(column.label)
            y += 0.9
        y += 0.45
    panel.set_yticks(ticks, labels, fontsize=7)
    panel.set_ylim(y, -1.0)
    panel.set_xscale("symlog", linthresh=2.0, linscale=1.0)
    marks = (-10, -5, -2, -1, 0, 1, 2, 5, 10, 20, 50)
    panel.set_xticks(marks, [f"{mark}" for mark in marks])
    panel.set_xlabel(
        "effect the way the article says, in smallest effects of interest (1 point of activation, 2 deg of tilt)"
    )
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(axis="y", length=0)
    panel.set_title("What mechanics says of the article", fontsize=12, loc="left")
    return figure


def _checked(findings: object) -> list[Finding]:
    """Findings, at least one, with all that is drawn of them."""
    allowed = "a list of Finding, as findings.assess_hypotheses returns"
    found = [instance("findings", own, Finding, allowed) for own in entries("findings", findings, allowed)]
    if not found:
        raise StanceError(f"findings: is empty; must be {allowed}, at least one")
    for place, finding in enumerate(found):
        where = f"findings[{place}]"
        one_of(f"{where}.verdict", finding.verdict, COLOURS)
        _check_proposition(f"{where}.proposition", finding.hypothesis)
        for column in instance(f"{where}.columns", finding.columns, (tuple, list), "a tuple of Column"):
            _check_column(f"{where}.columns", column)
    return found


def _check_proposition(where: str, hypothesis: object) -> None:
    own = instance(where, hypothesis, Hypothesis, "a Proposition")
    text(f"{where}.text", own.text)
    real_number(f"{where}.direction", own.direction, -1.0, 1.0)
    measures = instance(f"{where}.measures", own.measures, (tuple, list), "a tuple of Measure")
    if not measures:
        raise StanceError(f"{where}.measures: is empty; must be a tuple of Measure, at least one")
    smallest = real_number(
        f"{where}.smallest", instance(f"{where}.measures", measures[0], OutcomeMeasure, "a Measure").smallest
    )
    if not smallest > 0.0:
        raise StanceError(f"{where}.smallest = {smallest!r}: must be above 0")


def _check_column(where: str, column: object) -> None:
    own = instance(where, column, PolicyOutcome, "a Column")
    text(f"{where}.label", own.label)
    one_of(f"{where}.verdict", own.verdict, COLOURS)
    ends = real_array(f"{where}.interval", own.interval)
    if ends.ndim != 2 or ends.shape[1] != 3 or not len(ends) or np.isinf(ends).any():
        raise StanceError(f"{where}.interval: has shape {ends.shape}; must be (low, median, high) of each measure")
