"""Situations side by side: who carries the load in each, by muscle group, and the joint forces beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from biomech._arguments import instance, text
from biomech.model.model import Model
from biomech.view.charts.given import by_name, check_loads
from biomech.view.charts.loads import load_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Columns of the chart: plain words to the quantity.
GROUPS = {
    "Lower\nback": "lumbar_extensors",
    "Belly": "abdominals",
    "Buttock": "gluteus_maximus",
    "Side of\nthe hip": "gluteus_medius",
    "Deep hip\nrotators": "deep_external_rotators",
    "Front of\nthe thigh": "quadriceps",
    "Back of\nthe thigh": "hamstrings",
    "Calf": "plantarflexors",
}
JOINTS = {"Hip": "hip_r", "Knee": "knee_r", "Lumbar\n(compression)": "lumbar"}


def situation_chart(model: Model, answers: Mapping[str, xr.Dataset], *, title: str = "") -> Figure:
    """A row of bars for every situation, a column for every muscle group and joint.

    Parameters
    ----------
    model : Model
        The body that was swept; its weight is the unit of the forces.
    answers : mapping of str to Dataset
        What ``sweep`` returned, by the name of the situation: one posture, or one for each policy of tilt.

    Returns
    -------
    Figure
        The dark part of a bar is the least of the policies of tilt, the light part reaches to the most; hatched where
        the geometry is beyond its trusted range, grey and ``not held`` where some posture does not balance.

    Raises
    ------
    StanceError
        The model is none, or an answer lacks a load that is drawn.
    """
    columns = {**GROUPS, **JOINTS}
    instance("model", model, Model, "a Model")
    for name, ds in by_name("answers", answers, "situations to what sweep returned").items():
        check_loads(f"answers[{name!r}]", ds, columns.values())
    text("title", title)
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        1,
        len(columns),
        figsize=(1.3 * len(columns) + 2.4, 0.36 * len(answers) + 1.9),
        sharey=True,
        layout="constrained",
    )
    for panel, (head, name) in zip(axes, columns.items(), strict=True):
        joint = name in JOINTS.values()
        for row, ds in enumerate(answers.values()):
            if row % 2:
                panel.axhspan(row - 0.5, row + 0.5, color="0.95", zorder=0)
            held = bool((ds.status == 0).all())
            _bar(panel, row, load_of(model, ds, name), bool(ds.valid.all()), held, joint)
        panel.set_title(head, fontsize=9)
        panel.set_xlabel("x body weight" if joint else "% of strength", fontsize=8)
        panel.tick_params(labelsize=8)
        panel.grid(axis="x", alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
    for kind in (range(len(GROUPS)), range(len(GROUPS), len(columns))):
        most = max(axes[i].get_xlim()[1] for i in kind)
        for i in kind:
            axes[i].set_xlim(0.0, 1.3 * most)
    axes[0].set_yticks(range(len(answers)), [name.replace("_", " ") for name in answers], fontsize=9)
    axes[0].set_ylim(len(answers) - 0.5, -0.5)
    figure.suptitle(title, fontsize=11)
    return figure


def _bar(panel: Axes, row: int, load: xr.DataArray, valid: bool, held: bool, joint: bool) -> None:
    values = np.ravel(load.values)
    low, high = float(values.min()), float(values.max())
    hatch = "" if valid else "////"
    dark, light = ("#44546a", "#a5b1c2") if joint else ("#1b7f79", "#8fcac6")
    if not held:
        dark, light = "0.55", "0.8"
    for value, colour in ((high, light), (low, dark)):
        panel.barh(row, value, color=colour, height=0.62, hatch=hatch, edgecolor="white", linewidth=0.0)
    digits = 1 if joint or high < 9.95 else 0
    texts = [f"{value:.{digits}f}" for value in (low, high)]
    text = texts[0] if texts[0] == texts[1] else "\u2013".join(texts)
    text = text if held else f"{text} not held"
    panel.annotate(text, (high, row), (3, 0), textcoords="offset points", va="center", fontsize=7, color="0.25")
