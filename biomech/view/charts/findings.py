"""The article's claims in one figure: a row for each, those of one verdict together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from biomech.article.checked_findings import checked_findings
from biomech.article.findings import Finding
from biomech.article.verdicts import (
    CONDITIONAL,
    CONTRADICTED,
    NO_EFFECT,
    RULED_OUT,
    SUPPORTED,
    UNDETERMINED,
    VERDICTS,
)
from biomech.view.charts.colours import BAND, BLUE, BROWN, GREY, INK, OCHRE, PAPER, PLUM
from biomech.view.charts.drawing import TEXT, WIDTH, headline, tidy, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: In the order of the figure.
COLOURS = {
    SUPPORTED: BLUE,
    CONDITIONAL: OCHRE,
    CONTRADICTED: BROWN,
    NO_EFFECT: GREY,
    RULED_OUT: INK,
    UNDETERMINED: PLUM,
}
#: Letters in a line of a sentence; inches of a line, of what a row has besides, and of heading and scale of a verdict.
_LINE, _LINE_HEIGHT, _ROOM, _FRAME = 60, 0.125, 0.06, 0.62
_MARKS = (-20, -10, -5, -2, -1, 0, 1, 2, 5, 10, 20, 50)
_HOW = (
    "Right: as the sentence says; left: the other way. 1 is just large enough to count, in the grey band too small. "
    "Dots: medians, one for each way of holding the pelvis; diamonds: with the pelvis as it was measured on people; "
    "line: 90 % of bodies, over all of these."
)


def findings_chart(findings: Sequence[Finding]) -> Figure:
    """A row for every hypothesis: the effect in the direction of its sentence, in smallest effects of interest.

    Dots: medians, one for each way of holding the pelvis; diamonds: with the pelvis as it was measured on people; line:
    from the lowest to the highest end of all their 90 % intervals. Inside the grey band an effect is too small to
    count. Rows stand together by verdict, under its name and over a scale.

    Raises
    ------
    StanceError
        There is no finding, or one of them is none that ``findings.assess_hypotheses`` returned.
    """
    findings = checked_findings(findings)
    import matplotlib.pyplot as plt

    groups = [own for name in COLOURS if (own := [one for one in findings if one.verdict == name])]
    heights = [sum(map(_height, own)) for own in groups]
    figure, axes = plt.subplots(len(groups), 1, figsize=(WIDTH, sum(heights) + _FRAME * len(groups)), sharex=True,
                                squeeze=False, height_ratios=heights, layout="constrained")  # fmt: skip
    headline(figure, _message(findings), _HOW)
    for panel, own in zip(axes[:, 0], groups, strict=True):
        _draw_verdict(panel, own)
    return figure


def _height(finding: Finding) -> float:
    """Inches of a row."""
    return _LINE_HEIGHT * (wrapped(finding.hypothesis.text, _LINE).count("\n") + 1) + _ROOM


def _draw_verdict(panel: Axes, findings: Sequence[Finding]) -> None:
    """The hypotheses of one verdict."""
    name = findings[0].verdict
    # the heading begins at the edge of the figure, where the layout does not look for it
    panel.set_title(" ", fontsize=TEXT)
    panel.annotate(f"{name.capitalize()}: {VERDICTS[name]}", (0.1 / WIDTH, 1.0), (0, 6),
                   xycoords=(panel.figure.transFigure, "axes fraction"), textcoords="offset points", fontsize=TEXT,
                   weight="bold", color=COLOURS[name], annotation_clip=False).set_in_layout(False)  # fmt: skip
    panel.axvspan(-1.0, 1.0, color=BAND, zorder=0)
    panel.axvline(0.0, color=INK, linewidth=0.8, zorder=1)
    heights = np.array([_height(own) for own in findings])
    places = np.cumsum(heights) - heights / 2.0
    for finding, y in zip(findings, places, strict=True):
        _row(panel, finding, float(y))
    panel.set_yticks(places, [wrapped(own.hypothesis.text, _LINE) for own in findings])
    panel.set_ylim(float(heights.sum()), 0.0)
    panel.set_xscale("symlog", linthresh=2.0, linscale=1.0)
    panel.set_xticks(_MARKS, [f"{mark}" for mark in _MARKS])
    panel.set_xticks([], minor=True)
    tidy(panel, "x")
    panel.tick_params(axis="x", labelbottom=True)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)


def _row(panel: Axes, finding: Finding, y: float) -> None:
    """One hypothesis."""
    colour, way = COLOURS[finding.verdict], finding.hypothesis.direction
    smallest = finding.hypothesis.measures[0].smallest
    ends = np.array([column.interval[0] for column in finding.columns]) * way / smallest
    if np.isfinite(ends).any():
        panel.hlines(y, np.nanmin(ends), np.nanmax(ends), color=colour, linewidth=1.6, zorder=2)
    for column, own in zip(finding.columns, ends, strict=True):
        measured = bool(column.study)
        mark, face = ("D", PAPER) if measured else ("o", colour)
        panel.plot(own[1], y, mark, color=face, markeredgecolor=colour, markersize=5, zorder=3 + measured)


def _message(findings: Sequence[Finding]) -> str:
    """What the figure says, from what it shows."""
    counts = {name: sum(own.verdict == name for own in findings) for name in COLOURS}
    open_ = counts[UNDETERMINED] + counts[CONDITIONAL]
    wrong = counts[CONTRADICTED] + counts[NO_EFFECT] + counts[RULED_OUT]
    return (
        f"Of {len(findings)} sentences {counts[SUPPORTED]} hold however the pelvis is held, {wrong} do not; "
        f"{open_} are open"
    )
