"""How muscle groups share the load: bars of one posture, or of a few side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from biomech.errors import StanceError
from biomech.view.charts.colours import INK, PAPER, ordered
from biomech.view.charts.drawing import SMALL, TEXT, WIDTH, headline, tidy
from biomech.view.charts.given import at, check_dataset, choose, held_and_trusted, labels_of, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Most postures side by side; percent of strength that is nothing; inches of a bar.
_MOST, _NOTHING, _BAR = 4, 0.05, 0.17
_PAST = "Hatched: past what measurements vouch for of the muscles' geometry."


def sharing_chart(ds: xr.Dataset, **labels: object) -> Figure:
    """Draw how much of its strength every muscle group uses: one posture, or up to four side by side.

    Parameters
    ----------
    ds : Dataset
        What ``sweep`` returned.
    **labels : label, or list of labels
        Which of its postures: ``knee_flexion=30``, or ``knee_flexion=[0, 30]`` for two side by side.

    Returns
    -------
    Figure
        Groups from the one that works hardest down, both sides together. Groups that do nothing in any of the postures
        are counted and left out. A posture that cannot be held has no bars, and it says so; hatched is what lies
        outside the trusted geometry.

    Raises
    ------
    StanceError
        The dataset has no muscle groups, a label is not there, or more than four postures are left.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # draws to files, needs no display
    >>> import biomech as bm
    >>> ds = bm.sweep(bm.load_model("small"), knee_flexion=[0, 20, 40], pelvic_tilt=0)
    >>> figure = bm.view.sharing_chart(ds, knee_flexion=[0, 40])
    >>> len(figure.axes[0].patches) > 0
    True
    """
    check_dataset("ds", ds, {"status": (), "group_activation": ("group",)}, "what sweep returned")
    own = choose(ds, "group_activation", labels).squeeze(drop=False)
    if "group" not in own.dims:
        own = own.expand_dims("group")
    field = own.group_activation
    dims = [str(dim) for dim in field.dims if dim != "group"]
    if len(dims) > 1 or (dims and own.sizes[dims[0]] > _MOST):
        sizes = ", ".join(f"{own.sizes[dim]} of {dim}" for dim in dims)
        raise StanceError(
            f"ds: has {sizes} left; at most {_MOST} postures along one dimension are drawn, choose some ({dims[0]}=...)"
        )
    held, valid = held_and_trusted(own, dims)
    if not dims:
        field, held, valid = (array.expand_dims("posture") for array in (field, held, valid))
        names = [""]
    else:
        names = [at(own, dims[0], label) for label in labels_of("ds", own, dims[0])]
    percent = 100.0 * field.where(held).transpose(..., "group")
    return _draw(percent, held.values, valid.values, names)


def _draw(percent: xr.DataArray, held: np.ndarray, valid: np.ndarray, names: Sequence[str]) -> Figure:
    """Bars of (posture, group); none of a posture that cannot be held."""
    import matplotlib.pyplot as plt

    groups, values = [plain(group) for group in percent.group.values], np.nan_to_num(percent.values)
    order = [place for place in np.argsort(-values.max(0), kind="stable") if values[:, place].max() >= _NOTHING]
    rows, bars = max(len(order), 1), max(int(held.sum()), 1)
    figure, panel = plt.subplots(figsize=(WIDTH, (_BAR * bars + 0.1) * rows + 0.8), layout="constrained")
    headline(figure, _message(values, groups, names, held), _reading(len(groups) - len(order), held, valid, names))
    step, colours = 0.8 / bars, ordered(len(names))
    for k, posture in enumerate(map(int, np.flatnonzero(held))):
        for row, place in enumerate(order):
            y = row + step * (k - (bars - 1) / 2.0)
            name = names[posture] if row == 0 else ""
            _bar(panel, y, 0.92 * step, values[posture, place], colours[posture], bool(valid[posture]), name)
    panel.set_yticks(range(len(order)), [groups[place] for place in order])
    panel.set_ylim(rows - 0.5, -0.5)
    panel.set_xlim(0.0, 1.25 * max(values.max(), _NOTHING))
    panel.set_xlabel("% of the group's strength, both sides together", fontsize=TEXT)
    tidy(panel, "x")
    panel.tick_params(axis="y", length=0, labelsize=TEXT)
    return figure


def _bar(panel: Axes, y: float, height: float, value: float, colour: str, valid: bool, name: str) -> None:
    """A bar with its number, and the posture's name at the first."""
    panel.barh(y, value, height=height, color=colour if valid else PAPER, edgecolor=colour, linewidth=0.8,
               hatch="" if valid else "////")  # fmt: skip
    panel.annotate(f"{value:.1f}   {name}".rstrip(), (value, y), (4, 0), textcoords="offset points", va="center",
                   fontsize=SMALL, color=INK)  # fmt: skip


def _message(values: np.ndarray, groups: Sequence[str], names: Sequence[str], held: np.ndarray) -> str:
    """Which group works hardest in each posture."""
    if not held.any():
        return "No posture can be held"
    said = []
    for own, name, ok in zip(values, names, held, strict=True):
        where, place = f"at {name} " if name else "", int(own.argmax())
        if ok:
            said.append(f"{where}{groups[place]} work hardest, at {own[place]:.1f} % of strength")
    return f"{said[0][:1].upper()}{'; '.join(said)[1:]}"


def _reading(left_out: int, held: np.ndarray, valid: np.ndarray, names: Sequence[str]) -> str:
    """What is not drawn, and what is drawn unlike the rest."""
    lost = ", ".join(name for name, ok in zip(names, held, strict=True) if not ok and name)
    words = (
        f"Groups that work at less than {_NOTHING} %: {left_out}." if left_out and held.any() else "",
        _PAST if (held & ~valid).any() else "",
        f"Cannot be held: {lost}." if lost else "",
    )
    return " ".join(own for own in words if own)
