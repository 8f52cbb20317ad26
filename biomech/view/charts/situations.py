"""Situations side by side: a table of shades, who carries the load in each, and what the joints bear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from biomech._arguments import instance, one_of, text
from biomech.article.plain_words import capital, plain_group
from biomech.model.model import Model
from biomech.view.charts.colours import GREY, INK, MUTED, text_on
from biomech.view.charts.drawing import SMALL, TEXT, WIDTH, headline, wrapped
from biomech.view.charts.given import by_name, check_loads
from biomech.view.charts.loads import load_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Columns of the chart: plain words to the quantity.
GROUPS = {
    wrapped(capital(plain_group(name)), 9): name
    for name in (
        "lumbar_extensors", "abdominals", "gluteus_maximus", "gluteus_medius", "deep_external_rotators", "quadriceps",
        "hamstrings", "plantarflexors",
    )
}  # fmt: skip
JOINTS = {"Hip": "hip_r", "Knee": "knee_r", "Lowest\ndisc": "lumbar"}
#: Inches: a row, a column, and the room about a cell.
_ROW, _COLUMN, _GAP = 0.25, 0.6, 0.015
#: Maps of which lightness alone says the load, with the power of its share of the largest; groups span two decades.
_SHADES, _DARKEST = {"group": ("Blues", 0.5), "joint": ("Oranges", 1.0)}, 0.95
#: What rounds to nothing is no number, but a dash.
_NOTHING = 0.05
_HOW = "Darker: more. Two numbers: least and most of the ways to hold the pelvis."
_PAST = " Dashed: past what measurements vouch for of the muscles' geometry."


def situation_chart(
    model: Model,
    answers: Mapping[str, xr.Dataset],
    *,
    title: str = "",
    sections: Mapping[str, Mapping[str, str]] | None = None,
) -> Figure:
    """A table: a row for every situation, a column for every muscle group and joint, darker where there is more.

    Parameters
    ----------
    model : Model
        The body that was swept; its weight is the unit of the forces.
    answers : mapping of str to Dataset
        What ``sweep`` returned, by the name of the situation: one posture, or one for each policy of tilt.
    title : str
        What the chart says; by default which group works hardest, and where.
    sections : mapping of str to mapping, optional
        Headings to the situations below them, by name in ``answers`` to the words that are shown; by default all,
        by their names.

    Returns
    -------
    Figure
        Cells have the least and the most of the policies of tilt, and are darker where that is more. Dashed, with
        slanting numbers, where the geometry is beyond its trusted range; ``not held`` where some posture does not
        balance.

    Raises
    ------
    StanceError
        The model is none, an answer lacks a load that is drawn, or a section names a situation that is not there.
    """
    columns = {**GROUPS, **JOINTS}
    instance("model", model, Model, "a Model")
    for name, ds in by_name("answers", answers, "situations to what sweep returned").items():
        check_loads(f"answers[{name!r}]", ds, columns.values())
    text("title", title)
    shown = _sections(sections, answers)
    import matplotlib.pyplot as plt

    loads = {name: {head: _range(load_of(model, answers[name], load)) for head, load in columns.items()}
             for own in shown.values() for name in own if _is_held(answers[name])}  # fmt: skip
    lines = sum(len(own) + bool(head) for head, own in shown.items())
    height = _ROW * (lines + 2.8)
    figure = plt.figure(figsize=(WIDTH, height))
    panel = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    most = {name: max((own[head][1] for own in loads.values() for head in kind), default=0.0)
            for name, kind in (("group", GROUPS), ("joint", JOINTS))}  # fmt: skip
    _heads(panel, columns)
    y = 2.8 * _ROW
    for heading, own in shown.items():
        if heading:
            panel.text(0.1, y, heading, fontsize=TEXT, weight="bold", color=INK, va="center")
            y += _ROW
        for name, words in own.items():
            panel.text(0.2, y, words, fontsize=TEXT, color=INK, va="center")
            if name in loads:
                _draw_row(panel, y, loads[name], bool(answers[name].valid.all()), most)
            else:
                panel.text(_right(0), y, "not held", fontsize=SMALL, color=MUTED, va="center", ha="right",
                           style="italic")  # fmt: skip
            y += _ROW
    panel.set(xlim=(0.0, WIDTH), ylim=(height, 0.0))
    panel.set_axis_off()
    valid = all(bool(answers[name].valid.all()) for name in loads)
    headline(figure, title or _message(loads, shown), _HOW + ("" if valid else _PAST))
    panel.set_position((0.0, 0.0, 1.0, height / figure.get_figheight()))
    return figure


def _is_held(ds: xr.Dataset) -> bool:
    """Whether every posture of a situation is."""
    return bool((ds.status == 0).all())


def _range(load: xr.DataArray) -> tuple[float, float]:
    """Least and most over the policies."""
    return float(load.min()), float(load.max())


def _heads(panel: Axes, columns: Mapping[str, str]) -> None:
    for last, words in ((0, "Muscle groups, % of strength"), (len(GROUPS), "Joint forces, body weights")):
        panel.text(_right(last) - _COLUMN, 0.3 * _ROW, words, fontsize=SMALL, weight="bold", color=INK, va="center")
    for place, head in enumerate(columns):
        panel.text(_right(place) - _COLUMN / 2.0, 2.0 * _ROW, head, fontsize=SMALL, color=INK, ha="center", va="bottom",
                   linespacing=1.1)  # fmt: skip


def _right(place: int) -> float:
    """Right end of a column; joints stand a little apart."""
    columns = len(GROUPS) + len(JOINTS)
    return WIDTH - 0.1 - (columns - 1 - place) * _COLUMN - (0.1 if place < len(GROUPS) else 0.0)


def _draw_row(
    panel: Axes, y: float, loads: Mapping[str, tuple[float, float]], valid: bool, most: Mapping[str, float]
) -> None:
    """A situation that is held."""
    for place, (head, (low, high)) in enumerate(loads.items()):
        kind = "group" if head in GROUPS else "joint"
        words, colour = _words(low, high), GREY
        if words:
            colour = _draw_cell(panel, _right(place), y, kind, high / most[kind], valid)
        panel.text(_right(place) - _COLUMN / 2.0, y, words or "-", fontsize=SMALL, ha="center", va="center",
                   color=colour, style="normal" if valid else "italic")  # fmt: skip


def _draw_cell(panel: Axes, right: float, y: float, kind: str, share: float, valid: bool) -> str:
    """A cell; the colour of what is written on it."""
    import matplotlib as mpl
    from matplotlib.patches import Rectangle

    name, power = _SHADES[kind]
    colour = mpl.colormaps[name](_DARKEST * share**power)
    corner = (right - _COLUMN + _GAP, y - _ROW / 2.0 + _GAP)
    cell = Rectangle(corner, _COLUMN - 2.0 * _GAP, _ROW - 2.0 * _GAP, facecolor=colour)
    if not valid:
        cell.set(edgecolor=INK, linestyle=(0, (2, 2)), linewidth=0.9)
    panel.add_patch(cell)
    return text_on(colour)


def _words(low: float, high: float) -> str:
    """Least and most, once where they are alike; nothing where they are."""
    if high < _NOTHING:
        return ""
    digits = 1 if high < 9.95 else 0
    ends = [f"{value:.{digits}f}" for value in (low, high)]
    return ends[0] if ends[0] == ends[1] else "\u2013".join(ends)


def _message(loads: Mapping[str, Mapping[str, tuple[float, float]]], shown: Mapping[str, Mapping[str, str]]) -> str:
    """Which group works hardest, and where, of the situations that are held."""
    if not loads:
        return "None of the situations can be held"
    most, name, head = max((own[head][1], name, head) for name, own in loads.items() for head in GROUPS)
    words = next(own[name] for own in shown.values() if name in own)
    group = head.replace("\n", " ").lower()
    return f"Of all situations, muscles work hardest in: {words} ({group}, {most:.0f} % of strength)"


def _sections(sections: object, answers: Mapping[str, xr.Dataset]) -> Mapping[str, Mapping[str, str]]:
    """Headings to situations to words."""
    if sections is None:
        return {"": {name: name.replace("_", " ") for name in answers}}
    found: dict[str, Mapping[str, str]] = {}
    for heading, own in by_name("sections", sections, "headings to situations").items():
        where = f"sections[{heading!r}]"
        for name, words in by_name(where, own, "situations to words").items():
            one_of(where, name, answers)
            text(f"{where}[{name!r}]", words)
        found[heading] = own  # type: ignore[assignment]
    return found
