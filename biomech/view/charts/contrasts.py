"""What changes from one posture to another, with how sure that is: medians and intervals over draws or bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from biomech._arguments import one_label, one_of
from biomech.errors import StanceError
from biomech.view.charts.colours import BLUE, BROWN, INK, MUTED, PAPER
from biomech.view.charts.drawing import SMALL, TEXT, WIDTH, headline, number, tidy
from biomech.view.charts.given import DRAWS, at, check_dataset, check_numbers, choose, labels_of, plain, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ENDS = (5.0, 50.0, 95.0)
_ROW = 0.27
#: Change, in its unit, that is none: rounding of the solver.
_NOTHING = 1e-6


def contrast_chart(
    ds: xr.Dataset,
    first: object,
    second: object,
    variable: str = "group_activation",
    *,
    along: str = "stance",
    **labels: object,
) -> Figure:
    """Draw how a variable changes from one posture to another: median and 90 % interval over draws.

    Parameters
    ----------
    ds : Dataset
        What ``uncertainty.propagate`` returned, or ``sweep`` of many bodies: with a dimension ``sample`` or ``body``.
    first, second : label
        From which posture to which, labels of ``along``.
    variable : str
        A variable of the dataset; activations change in points of percent.
    along : str
        The dimension that tells the postures apart.
    **labels : label, or list of labels
        What to choose of other dimensions: ``tilt_policy="hanging"``, ``group=["quadriceps", "hamstrings"]``.

    Returns
    -------
    Figure
        A row for each label of the variable (of muscle groups, each group), from the greatest rise to the greatest
        fall. The difference is taken within each draw; draws in which one of both postures cannot be held are left out,
        and it says how many. A filled mark: the interval leaves out zero.

    Raises
    ------
    StanceError
        There is no such variable, dimension or label, no draws, or no draw in which both postures are held.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # draws to files, needs no display
    >>> import biomech as bm
    >>> knees = {"straight": {"pelvic_tilt": 0}, "bent": {"pelvic_tilt": 0, "knee_flexion": 30}}
    >>> ds = bm.uncertainty.propagate(knees, samples=32)
    >>> figure = bm.view.contrast_chart(ds, "straight", "bent")
    >>> figure.axes[0].get_yticklabels()[0].get_text()
    'quadriceps'
    """
    check_dataset("ds", ds, {"status": ()}, "what uncertainty.propagate returned")
    one_of("variable", variable, map(str, ds.variables))
    one_of("along", along, map(str, ds.status.dims))
    known = labels_of("ds", ds, along)
    for name, label in (("first", first), ("second", second)):
        one_label(name, label, known, f"ds.{along}")
    own = choose(ds, variable, labels)
    check_numbers(f"ds.{variable}", own[variable], ())
    draws, rows = _dimensions(own, variable, along)
    factor, unit = unit_of(own[variable])
    unit = unit.replace("% of strength", "percentage points")
    held = (own.status == 0).sel({along: [first, second]}).all(along)
    field = factor * own[variable].astype(float)
    change = (field.sel({along: second}) - field.sel({along: first})).where(held)
    change = change.dropna(draws, how="all")
    if not change.sizes[draws]:
        raise StanceError(f"ds: in none of {own.sizes[draws]} draws both {plain(first)} and {plain(second)} are held")
    ends = np.nanpercentile(change.transpose(..., draws).values.reshape(-1, change.sizes[draws]), _ENDS, axis=1)
    names = [plain(variable)] if rows is None else [at(own, rows, label) for label in labels_of("ds", own, rows)]
    heading = f"{plain(variable)}, {at(own, along, second)} less {at(own, along, first)}"
    lost = own.sizes[draws] - change.sizes[draws]
    return _draw(ends, names, f"{heading}, {unit}".rstrip(", "), _way(own, along, first, second), unit, DRAWS[draws],
                 _reading(change.sizes[draws], lost, DRAWS[draws]))  # fmt: skip


def _dimensions(ds: xr.Dataset, variable: str, along: str) -> tuple[str, str | None]:
    """The dimension of the draws, and the one of which each label has a row."""
    dims = [str(dim) for dim in ds[variable].dims if ds.sizes[dim] > 1 or dim in (*DRAWS, along)]
    draws = [dim for dim in DRAWS if dim in dims]
    if along not in dims:
        raise StanceError(f"ds.{variable}: does not vary over {along!r}; must, to be compared along it")
    if len(draws) != 1:
        raise StanceError(f"ds.{variable}: varies over {', '.join(dims)}; must have draws, over sample or body")
    rest = [dim for dim in dims if dim not in (along, *draws)]
    if len(rest) > 1:
        raise StanceError(f"ds.{variable}: varies over {', '.join(rest)} too; choose one label ({rest[0]}=...)")
    return draws[0], rest[0] if rest else None


def _draw(ends: np.ndarray, names: list[str], heading: str, way: str, unit: str, draws: str, reading: str) -> Figure:
    """Rows of (low, median, high), the greatest rise first."""
    import matplotlib.pyplot as plt

    order = np.argsort(-ends[1], kind="stable")
    figure, panel = plt.subplots(figsize=(WIDTH, _ROW * len(names) + 0.9), layout="constrained")
    headline(figure, _message(ends, names, way, unit, draws), reading)
    panel.axvline(0.0, color=INK, linewidth=0.9)
    for row, place in enumerate(order):
        _row(panel, row, ends[:, place])
    panel.set_yticks(range(len(names)), [names[place] for place in order])
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.set_xlabel(heading, fontsize=TEXT)
    tidy(panel, "x")
    panel.tick_params(axis="y", length=0, labelsize=TEXT)
    panel.spines["left"].set_visible(False)
    return figure


def _row(panel: Axes, row: int, ends: np.ndarray) -> None:
    """Interval and median, and its numbers at the right."""
    low, middle, high = (float(end) for end in ends)
    sure = _is_sure(ends)
    colour = BROWN if middle > 0.0 else BLUE
    panel.hlines(row, low, high, color=colour, linewidth=2.0, zorder=2)
    panel.plot(middle, row, "o", color=colour if sure else PAPER, markeredgecolor=colour, markersize=6.5, zorder=3)
    words = "no change" if max(abs(low), abs(high)) < _NOTHING else (
        f"{_signed(middle)} ({_signed(low)} to {_signed(high)})")  # fmt: skip
    panel.text(1.01, row, words, transform=panel.get_yaxis_transform(), va="center", fontsize=SMALL,
               color=INK if sure else MUTED)  # fmt: skip


def _is_sure(ends: np.ndarray) -> bool:
    """Whether an interval leaves out zero."""
    return bool(ends[0] > _NOTHING or ends[2] < -_NOTHING)


def _signed(value: float) -> str:
    return ("+" if value > 0.0 else "") + number(value)


def _way(ds: xr.Dataset, along: str, first: object, second: object) -> str:
    return f"From {at(ds, along, first)} to {at(ds, along, second)}"


def _message(ends: np.ndarray, names: list[str], way: str, unit: str, draws: str) -> str:
    """What changes most, and whether it does in nearly all draws."""
    sure = [place for place in range(len(names)) if _is_sure(ends[:, place])]
    if not sure:
        return f"{way}: no change is sure"
    most = max(sure, key=lambda place: abs(float(ends[1, place])))
    low, middle, high = (_signed(float(end)) for end in ends[:, most])
    return f"{way}: {names[most]} {middle} {unit}".rstrip() + f" (90 % of {draws}: {low} to {high})"


def _reading(count: int, lost: int, draws: str) -> str:
    left = f" {lost:,} more cannot be held in one of both and are left out." if lost else ""
    return f"Median and 90 % of {count:,} {draws}. Filled: the interval leaves out zero.{left}"
