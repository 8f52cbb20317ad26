"""Who carries the load: muscle groups and joints, one panel each, over a stance parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from biomech._arguments import instance, name_list, one_label, one_of, text
from biomech.article.plain_words import capital, plain_group
from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.view.charts.colours import MOST_LINES, MUTED, ordered
from biomech.view.charts.drawing import TEXT, WIDTH, headline, label_ends, tidy
from biomech.view.charts.given import check_legend, check_loads, is_joint, labels_of
from biomech.view.charts.lines import draw_line, how_lines_read, last_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Rows of the chart: plain words to the quantity.
LOADS = {
    f"{capital(plain_group('lumbar_extensors'))}\n(lumbar extensors)": "lumbar_extensors",
    f"{capital(plain_group('gluteus_maximus'))}\n(gluteus maximus)": "gluteus_maximus",
    capital(plain_group("deep_external_rotators")): "deep_external_rotators",
    f"{capital(plain_group('quadriceps'))}\n(quadriceps)": "quadriceps",
    "Hip joint force": "hip_r",
    "Knee joint force": "knee_r",
    "Lumbar joint force\n(compression)": "lumbar",
}
#: Lines nearer to each other than this share of their height are one.
_SAME, _ALIKE = 1e-3, "all lines are the same"


def load_of(model: Model, ds: xr.Dataset, name: str) -> xr.DataArray:
    """One quantity of ``LOADS``: a group in percent of its strength, a joint's force in body weights."""
    instance("model", model, Model, "a Model")
    check_loads("ds", ds, [text("name", name)])
    weight = model.body_mass * model.value("settings/gravity")
    load: xr.DataArray
    if name == "lumbar":
        load = ds.lumbar_compression / weight
    elif is_joint(name):
        load = np.sqrt((ds.joint_contact_force.sel(joint=name) ** 2).sum("axis", skipna=False)) / weight
    else:
        load = 100.0 * ds.group_activation.sel(group=name)
    return load


def load_chart(
    model: Model,
    ds: xr.Dataset,
    *,
    x: str,
    hue: str,
    column: str,
    band: str | None = None,
    middle: float | None = None,
    hue_labels: Mapping[float, str],
    column_labels: Mapping[str, str],
    x_label: str,
    rows: Sequence[str] = tuple(LOADS),
    title: str = "",
    reading: str = "",
) -> Figure:
    """Panels of muscle groups and joints (rows) by a dimension (columns), lines over ``x``, one for each ``hue``.

    Parameters
    ----------
    model : Model
        The body that was swept; its weight is the unit of the forces.
    ds : Dataset
        What ``sweep`` returned.
    x, hue, column : str
        Dimensions of ``ds``.
    band, middle : str and label, optional
        A fourth dimension: the line is at ``band`` = ``middle``, a shade spans all of ``band``.
    hue_labels, column_labels : mapping
        Labels to show, by coordinate value; those of ``hue`` stand where the lines end.
    x_label, title, reading : str
        Text of the figure: the title says what is seen, ``reading`` how, before what all such charts say.
    rows : sequence of str
        Keys of ``LOADS``.

    Returns
    -------
    Figure
        Dashed lines are outside the trusted range of the geometry; a cross at the bottom is a posture that cannot be
        held, and no line goes through it.

    Raises
    ------
    StanceError
        The dataset lacks a load or a dimension that is drawn, or a label or a row is unknown.
    """
    instance("model", model, Model, "a Model")
    rows = _rows(rows)
    check_loads("ds", ds, [LOADS[row] for row in rows])
    dims: dict[str, object] = {"x": x, "hue": hue, "column": column}
    if band is not None or middle is not None:
        dims["band"] = band
    _check_dims(ds, dims)
    if band is not None:
        one_label("middle", middle, labels_of("ds", ds, band), f"ds.{band}")
    check_legend("hue_labels", hue_labels, ds, hue)
    if len(hue_labels) > MOST_LINES:
        raise StanceError(f"hue_labels: has {len(hue_labels)} labels; at most {MOST_LINES} lines are drawn")
    check_legend("column_labels", column_labels, ds, column)
    for name, words in (("x_label", x_label), ("title", title), ("reading", reading)):
        text(name, words)
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(rows), len(column_labels), figsize=(WIDTH, 1.5 * len(rows) + 0.6), sharex=True,
                                sharey="row", squeeze=False, layout="constrained")  # fmt: skip
    headline(figure, title, how_lines_read(ds, reading))
    for own, row in zip(axes, rows, strict=True):
        load = load_of(model, ds, LOADS[row])
        for panel, value in zip(own, column_labels, strict=True):
            _panel(panel, load.sel({column: value}), ds.sel({column: value}), x, hue, band, middle, hue_labels)
        own[0].set_ylim(0.0, max(1.08 * own[0].get_ylim()[1], 1e-9))
        unit = "body weights" if LOADS[row] == "lumbar" or is_joint(LOADS[row]) else "% of strength"
        own[0].set_title(f"{row}, {unit}".replace("\n", " "), fontsize=TEXT, loc="left")
    for panel, head in zip(axes[0], column_labels.values(), strict=True):
        panel.annotate(head, (0.5, 1.0), (0, 22), xycoords="axes fraction", textcoords="offset points", ha="center",
                       fontsize=TEXT + 1.0, weight="bold", annotation_clip=False)  # fmt: skip
    for panel in axes[-1]:
        panel.set_xlabel(x_label, fontsize=TEXT)
    _name_lines(list(axes[:, -1]), hue_labels)
    return figure


def _panel(
    panel: Axes,
    load: xr.DataArray,
    ds: xr.Dataset,
    x: str,
    hue: str,
    band: str | None,
    middle: float | None,
    labels: Mapping[float, str],
) -> None:
    """The lines of one load under one column."""
    held = ds.status == 0
    for place, (colour, label) in enumerate(zip(ordered(len(labels)), labels, strict=True)):
        own, ok, valid = (values.sel({hue: label}) for values in (load.where(held), held, ds.valid))
        if band is not None:
            low, high = own.min(band), own.max(band)
            panel.fill_between(ds[x].values, low.values, high.values, color=colour, alpha=0.12, linewidth=0)
            own, ok, valid = (values.sel({band: middle}) for values in (own, ok, valid))
        draw_line(panel, ds[x].values, own.values, valid.values, ok.values, colour, place)
    tidy(panel)
    seen = load.where(held).sel({hue: list(labels)})
    if len(labels) > 1 and float((seen.max(hue) - seen.min(hue)).max()) < _SAME * float(seen.max()):
        panel.text(0.5, 0.42, _ALIKE, transform=panel.transAxes, ha="center", fontsize=TEXT,
                   color=MUTED)  # fmt: skip


def _name_lines(panels: Sequence[Axes], labels: Mapping[float, str]) -> None:
    """Name the lines of the last column where they end; not where all are the same."""
    colours = ordered(len(labels))
    for panel in panels:
        ends = [line.get_ydata() for line in panel.get_lines() if line.get_linestyle() == "--"]
        found = [(last_number(np.asarray(own, dtype=float)), words, colour)
                 for own, words, colour in zip(ends, labels.values(), colours, strict=True)]  # fmt: skip
        if not any(own.get_text() == _ALIKE for own in panel.texts):
            label_ends(panel, found)


def _rows(rows: object) -> list[str]:
    found = name_list("rows", rows, LOADS)
    if not found:
        raise StanceError(f"rows: is empty; must be among {', '.join(map(repr, LOADS))}")
    return found


def _check_dims(ds: xr.Dataset, dims: Mapping[str, object]) -> None:
    """Three dimensions or four, and no other that postures have."""
    own = [str(dim) for dim in ds.status.dims]
    taken: dict[str, str] = {}
    for name, dim in dims.items():
        found = one_of(name, dim, own)
        labels_of("ds", ds, found)
        if found in taken:
            raise StanceError(f"{name} = {found!r}: is {taken[found]} too; each must have a dimension of its own")
        taken[found] = name
    if rest := [dim for dim in own if dim not in taken]:
        raise StanceError(f"ds: has the dimension {rest[0]!r} besides {', '.join(taken)}; choose one label of it")
