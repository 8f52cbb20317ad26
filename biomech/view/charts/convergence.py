"""Whether there were enough draws: an interval as it settles, and what drives it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from biomech._arguments import instance, text
from biomech.article.plain_words import plain_prior
from biomech.errors import StanceError
from biomech.view.charts.colours import BLUE, GREY, INK, MUTED, NAVY, PLUM
from biomech.view.charts.drawing import SMALL, TEXT, WIDTH, headline, label_ends, tidy
from biomech.view.charts.given import check_dataset, check_numbers, labels_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Ends of the interval, and the lines of the chart: percent, words, colour.
_LINES = ((95.0, "95 %", BLUE), (50.0, "median", NAVY), (5.0, "5 %", BLUE))
#: Most priors that are shown, the others are one line of text; letters in a line of their names.
_MOST, _LETTERS = 8, 30


def convergence_chart(values: xr.DataArray, indices: xr.Dataset | None = None, *, label: str = "") -> Figure:
    """Median and 90 % interval of draws over their number, and beside them Sobol indices.

    Parameters
    ----------
    values : DataArray
        One number a draw, over ``sample``.
    indices : Dataset, optional
        What ``uncertainty.sobol`` returned; the eight priors with the largest total index are drawn.
    label : str
        What the values are.

    Raises
    ------
    StanceError
        The values are no numbers, none of them is finite, or the indices are not those of ``sobol``.
    """
    draws = _finite_draws(values)
    if indices is not None:
        _check_indices(indices)
    text("label", label)
    import matplotlib.pyplot as plt

    panels = 1 if indices is None else 2
    figure, axes = plt.subplots(1, panels, figsize=(WIDTH, 3.4), layout="constrained", squeeze=False)
    headline(figure, _message(draws, label), _driven(indices))
    _draw_ends(axes[0, 0], draws, label)
    if indices is not None:
        _draw_indices(axes[0, 1], indices)
    return figure


def _draw_ends(panel: Axes, draws: NDArray[np.float64], label: str) -> None:
    """The interval over the number of draws; each of its lines is named where it ends."""
    counts = np.unique(np.geomspace(min(16, len(draws)), len(draws), 60).astype(int))
    ends = np.array([np.percentile(draws[:n], [percent for percent, _, _ in _LINES]) for n in counts])
    panel.fill_between(counts, ends[:, 2], ends[:, 0], color=BLUE, alpha=0.12, linewidth=0)
    for (_, _, colour), own in sorted(zip(_LINES, ends.T, strict=True), key=lambda line: line[0][1] != "median"):
        panel.plot(counts, own, color=colour, linewidth=2.0)
    panel.set_xscale("log", base=2)
    marks = [int(n) for n in 2.0 ** np.arange(2, 31, 2) if counts[0] <= n <= counts[-1]] or [int(counts[-1])]
    panel.set_xticks(marks, [f"{mark:,}" for mark in marks])
    panel.set_xlabel("draws", fontsize=TEXT)
    panel.set_title("\n".join(textwrap.wrap(label, 44, max_lines=2)), fontsize=TEXT, loc="left")
    tidy(panel)
    label_ends(panel, [(float(y), f"{words}: {y:.2g}", colour)
                       for y, (_, words, colour) in zip(ends[-1], _LINES, strict=True)])  # fmt: skip


def _draw_indices(panel: Axes, indices: xr.Dataset) -> None:
    """First-order and total index of the priors that matter most."""
    order = np.argsort(-indices.total_order.values, kind="stable")[:_MOST]
    first, total = indices.first_order.values[order], indices.total_order.values[order]
    places = np.arange(len(order))
    panel.hlines(places, np.minimum(first, total), np.maximum(first, total), color=GREY, linewidth=1.4, zorder=2)
    panel.plot(first, places, "D", color=PLUM, markersize=5.5, zorder=3)
    panel.plot(total, places, "o", color=BLUE, markersize=6.5, zorder=3)
    panel.axvline(0.0, color=INK, linewidth=0.8)
    names = [_plain(str(name)) for name in indices.prior.values[order]]
    panel.set_yticks(places, [textwrap.fill(name, _LETTERS) for name in names])
    panel.set_ylim(len(order) - 0.4, -0.9)
    panel.set_title("Share of the variance (Sobol index)", fontsize=TEXT, loc="left")
    for x, words, colour, side in ((first[0], "alone", PLUM, "right"), (total[0], "with others", BLUE, "left")):
        panel.annotate(words, (x, 0.0), (0, 6), textcoords="offset points", ha=side, fontsize=SMALL, color=colour)
    tidy(panel, "x")
    panel.spines["left"].set_visible(False)
    panel.tick_params(axis="y", length=0)
    rest = np.sort(indices.total_order.values)[::-1][_MOST:]
    if rest.size:
        words = f"{rest.size} others: at most {max(float(rest[0]), 0.0):.2f} each"
        panel.set_xlabel(words, fontsize=SMALL, color=MUTED)


def _plain(name: str) -> str:
    """What a prior is about; the name of one that has no plain words."""
    try:
        return plain_prior(name)
    except StanceError:
        return name.replace("_", " ")


def _message(draws: NDArray[np.float64], label: str) -> str:
    """The interval, and how much it moved since half of the draws."""
    low, middle, high = np.percentile(draws, [5.0, 50.0, 95.0])
    moved = np.abs(np.percentile(draws[: max(1, len(draws) // 2)], [5.0, 50.0, 95.0]) - [low, middle, high]).max()
    what = f"{label[:1].upper()}{label[1:]}: " if label else ""
    return (
        f"{what}{middle:.2g}, 90 % of draws from {low:.2g} to {high:.2g}; "
        f"the second half of {len(draws):,} draws moved these by at most {moved:.1g}"
    )


def _driven(indices: xr.Dataset | None) -> str:
    """What drives the spread most."""
    if indices is None:
        return ""
    most = int(np.argmax(indices.total_order.values))
    noise = " An index below 0 is noise of the draws." if (indices.first_order < 0.0).any() else ""
    return f"It hangs most on {_plain(str(indices.prior.values[most]))}.{noise}"


def _finite_draws(values: object) -> NDArray[np.float64]:
    """The draws that are finite, at least one."""
    found = instance("values", values, xr.DataArray, "a DataArray of one number a draw, over sample")
    check_numbers("values", found, ("sample",))
    if found.ndim > 1:
        raise StanceError(f"values: has dimensions {found.dims}; must have sample alone, one number a draw")
    draws = found.values.astype(np.float64)
    draws = draws[np.isfinite(draws)]
    if not draws.size:
        raise StanceError(f"values: none of {found.size} draws is a finite number; must have at least one")
    return draws


def _check_indices(indices: object) -> None:
    """Refuse what is not an answer of ``sobol``."""
    shares = dict.fromkeys(("first_order", "total_order"), ("prior",))
    found = check_dataset("indices", indices, shares, "what uncertainty.sobol returned")
    labels_of("indices", found, "prior")
    for name in shares:
        if found[name].ndim > 1:
            raise StanceError(f"indices.{name}: has dimensions {found[name].dims}; must have prior alone")
