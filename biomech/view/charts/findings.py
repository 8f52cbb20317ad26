"""The article's claims in one figure: a row for each, those of one verdict together."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from biomech._arguments import entries, instance, one_of, real_array, real_number, text
from biomech.article.findings import Finding, PolicyOutcome
from biomech.article.hypotheses import Hypothesis, OutcomeMeasure
from biomech.article.verdicts import (
    CONDITIONAL,
    CONTRADICTED,
    NO_EFFECT,
    RULED_OUT,
    SUPPORTED,
    UNDETERMINED,
    VERDICTS,
)
from biomech.errors import StanceError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Hues of Okabe & Ito, which people who do not tell red from green tell apart; in the order of the figure.
COLOURS = {
    SUPPORTED: "#0072B2",
    CONDITIONAL: "#C98A00",
    CONTRADICTED: "#A33B00",
    NO_EFFECT: "#7A7A7A",
    RULED_OUT: "#222222",
    UNDETERMINED: "#B0559A",
}
#: Length of a line of a sentence.
_LINE = 62
_AXIS = "effect, the way the sentence says  (1: just large enough to count)"


def findings_chart(findings: Sequence[Finding]) -> Figure:
    """A row for every hypothesis: the effect in the direction of its sentence, in smallest effects of interest.

    Dots: medians, one for each way of holding the pelvis; diamonds: with the pelvis as it was measured on people; bar:
    from the lowest to the highest end of all their 90 % intervals. Inside the grey band an effect is too small to
    count. Rows stand together by verdict and have its colour.

    Raises
    ------
    StanceError
        There is no finding, or one of them is none that ``findings.assess_hypotheses`` returned.
    """
    findings = _checked(findings)
    import matplotlib.pyplot as plt

    groups = {name: [own for own in findings if own.verdict == name] for name in COLOURS}
    rows = len(findings) + 1.2 * sum(bool(own) for own in groups.values())
    figure, panel = plt.subplots(figsize=(11.0, 0.32 * rows + 1.9), layout="constrained")
    panel.axvspan(-1.0, 1.0, color="0.91", zorder=0)
    panel.axvline(0.0, color="0.55", linewidth=0.8, zorder=1)
    y, ticks, labels = 0.0, [], []
    for name, own in groups.items():
        if not own:
            continue
        heading = f"{name.capitalize()}: {VERDICTS[name]}"
        panel.text(-0.01, y, heading, transform=panel.get_yaxis_transform(), fontsize=9, weight="bold",
                   color=COLOURS[name], ha="left", va="center")  # fmt: skip
        y += 1.0
        for finding in own:
            _row(panel, finding, y)
            ticks.append(y)
            labels.append(textwrap.fill(finding.hypothesis.text, _LINE))
            y += 1.0
        y += 0.2
    panel.set_yticks(ticks, labels, fontsize=7.5)
    _dress(panel, y)
    figure.legend(loc="outside lower right", ncols=3, fontsize=7.5, frameon=False)
    figure.suptitle(_message(findings), fontsize=12.5, x=0.01, ha="left", weight="bold")
    return figure


def _row(panel: Axes, finding: Finding, y: float) -> None:
    """One hypothesis."""
    colour, way = COLOURS[finding.verdict], finding.hypothesis.direction
    smallest = finding.hypothesis.measures[0].smallest
    ends = np.array([column.interval[0] for column in finding.columns]) * way / smallest
    if np.isfinite(ends).any():
        panel.hlines(y, np.nanmin(ends), np.nanmax(ends), color=colour, linewidth=5.0, alpha=0.3, zorder=2)
    for column, own in zip(finding.columns, ends, strict=True):
        measured = bool(column.study)
        mark, face = ("D", "white") if measured else ("o", colour)
        panel.plot(own[1], y, mark, color=face, markeredgecolor=colour, markersize=4.5, zorder=3 + measured)


def _dress(panel: Axes, bottom: float) -> None:
    """Axis at both ends, and what the marks are."""
    panel.set_ylim(bottom, -0.8)
    panel.set_xscale("symlog", linthresh=2.0, linscale=1.0)
    marks = (-20, -10, -5, -2, -1, 0, 1, 2, 5, 10, 20, 50)
    panel.set_xticks(marks, [f"{mark}" for mark in marks], fontsize=8)
    panel.set_xticks([], minor=True)
    panel.tick_params(axis="x", top=True, labeltop=True)
    panel.tick_params(axis="y", length=0)
    panel.set_xlabel(_AXIS, fontsize=9)
    panel.annotate("less than, or against, the sentence  <", (0.0, -0.8), (-4, 18), textcoords="offset points",
                   fontsize=8, color="0.35", ha="right", annotation_clip=False)  # fmt: skip
    panel.annotate(">  as the sentence says", (0.0, -0.8), (4, 18), textcoords="offset points", fontsize=8,
                   color="0.35", ha="left", annotation_clip=False)  # fmt: skip
    panel.spines[["left", "right"]].set_visible(False)
    for mark, face, name in (
        ("o", "0.3", "one way of holding the pelvis"),
        ("D", "white", "pelvis as measured on people"),
    ):
        panel.plot([], [], mark, color=face, markeredgecolor="0.3", markersize=4.5, label=name)
    panel.plot([], [], color="0.3", alpha=0.3, linewidth=5.0, label="90 % of bodies, all of these")


def _message(findings: Sequence[Finding]) -> str:
    """What the figure says, from what it shows."""
    counts = {name: sum(own.verdict == name for own in findings) for name in COLOURS}
    open_ = counts[UNDETERMINED] + counts[CONDITIONAL]
    wrong = counts[CONTRADICTED] + counts[NO_EFFECT] + counts[RULED_OUT]
    return (
        f"Of {len(findings)} sentences {counts[SUPPORTED]} hold however the pelvis is held, {wrong} do not; "
        f"{open_} are open"
    )


def _checked(findings: object) -> list[Finding]:
    """Findings, at least one, with all that is drawn of them."""
    allowed = "a list of Finding, as findings.assess_hypotheses returns"
    found = [instance("findings", own, Finding, allowed) for own in entries("findings", findings, allowed)]
    if not found:
        raise StanceError(f"findings: is empty; must be {allowed}, at least one")
    for place, finding in enumerate(found):
        where = f"findings[{place}]"
        one_of(f"{where}.verdict", finding.verdict, COLOURS)
        _check_hypothesis(f"{where}.hypothesis", finding.hypothesis)
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
    one_of(f"{where}.verdict", own.verdict, COLOURS)
    ends = real_array(f"{where}.interval", own.interval)
    if ends.ndim != 2 or ends.shape[1] != 3 or not len(ends) or np.isinf(ends).any():
        raise StanceError(f"{where}.interval: has shape {ends.shape}; must be (low, median, high) of each measure")
