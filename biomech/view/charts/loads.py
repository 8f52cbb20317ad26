"""Who carries the load: muscle groups and joints, one panel each, over a stance parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from biomech._arguments import instance, name_list, one_label, one_of, text
from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.view.charts.given import check_legend, check_loads, is_joint, labels_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Rows of the chart: plain words to the quantity.
LOADS = {
    "Lower back\n(lumbar extensors)": "lumbar_extensors",
    "Buttock\n(gluteus maximus)": "gluteus_maximus",
    "Deep hip rotators": "deep_external_rotators",
    "Front of thigh\n(quadriceps)": "quadriceps",
    "Hip joint force": "hip_r",
    "Knee joint force": "knee_r",
    "Lumbar joint force\n(compression)": "lumbar",
}


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
    band: str,
    middle: float,
    hue_labels: Mapping[float, str],
    column_labels: Mapping[str, str],
    x_label: str,
    rows: Sequence[str] = tuple(LOADS),
    title: str = "",
) -> Figure:
    """Panels of muscle groups and joints (rows) by a dimension (columns), lines over ``x``, one colour per ``hue``.

    Parameters
    ----------
    model : Model
        The body that was swept; its weight is the unit of the forces.
    ds : Dataset
        What ``sweep`` returned.
    x, hue, column, band : str
        Dimensions of ``ds``; the line is at ``band`` = ``middle``, the shade spans all of ``band``.
    hue_labels, column_labels : mapping
        Labels to show, by coordinate value.
    x_label, title : str
        Text of the figure.
    rows : sequence of str
        Keys of ``LOADS``.

    Returns
    -------
    Figure
        Dashed lines are outside the trusted range of the geometry; crosses are postures that cannot be held.

    Raises
    ------
    StanceError
        The dataset lacks a load or a dimension that is drawn, or a label or a row is unknown.
    """
    instance("model", model, Model, "a Model")
    rows = _rows(rows)
    check_loads("ds", ds, [LOADS[row] for row in rows])
    _check_dims(ds, {"x": x, "hue": hue, "column": column, "band": band})
    one_label("middle", middle, labels_of("ds", ds, band), f"ds.{band}")
    check_legend("hue_labels", hue_labels, ds, hue)
    check_legend("column_labels", column_labels, ds, column)
    for name, words in (("x_label", x_label), ("title", title)):
        text(name, words)
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        len(rows),
        len(column_labels),
        figsize=(4.6 * len(column_labels) + 1.0, 1.75 * len(rows) + 1.6),
        sharex=True,
        sharey="row",
        squeeze=False,
        layout="constrained",
    )
    colours = plt.get_cmap("viridis")(np.linspace(0.0, 0.85, len(hue_labels)))
    for i, row in enumerate(rows):
        load = load_of(model, ds, LOADS[row])
        for j, (value, head) in enumerate(column_labels.items()):
            panel: Axes = axes[i, j]
            for colour, (angle, label) in zip(colours, hue_labels.items(), strict=True):
                chosen = {column: value, hue: angle}
                valid = ds.valid.sel(chosen).sel({band: middle}).values
                held = ds.status.sel(chosen) == 0
                _line(panel, load.sel(chosen), x, band, middle, valid, held, colour, label)
            lines = load.where(ds.status == 0).sel({column: value, hue: list(hue_labels)})
            if float((lines.max(hue) - lines.min(hue)).max()) < 1e-3 * float(lines.max()):
                panel.text(
                    0.5, 0.35, "the same in every line", transform=panel.transAxes, ha="center", fontsize=9, color="0.4"
                )
            panel.grid(alpha=0.25)
            panel.spines[["top", "right"]].set_visible(False)
            if i == 0:
                panel.set_title(head, fontsize=11)
            if i == len(rows) - 1:
                panel.set_xlabel(x_label)
        axes[i, 0].set_ylim(0.0, 1.08 * axes[i, 0].get_ylim()[1])
        unit = "x body weight" if LOADS[row] == "lumbar" or is_joint(LOADS[row]) else "% of strength"
        axes[i, 0].set_ylabel(f"{row}\n{unit}", fontsize=9)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(hue_labels), frameon=False)
    figure.suptitle(title)
    return figure


def _rows(rows: object) -> list[str]:
    found = name_list("rows", rows, LOADS)
    if not found:
        raise StanceError(f"rows: is empty; must be among {', '.join(map(repr, LOADS))}")
    return found


def _check_dims(ds: xr.Dataset, dims: Mapping[str, object]) -> None:
    """Four dimensions, and no other that postures have."""
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


def _line(
    panel: Axes,
    load: xr.DataArray,
    x: str,
    band: str,
    middle: float,
    valid: np.ndarray,
    held: xr.DataArray,
    colour: np.ndarray,
    label: str,
) -> None:
    along, every, load = load[x].values, load.sel({band: middle}).values, load.where(held)
    values = load.sel({band: middle}).values
    panel.fill_between(along, load.min(band).values, load.max(band).values, color=colour, alpha=0.12, linewidth=0)
    panel.plot(along, values, color=colour, linestyle=(0, (2, 1)), linewidth=1.5)
    if np.isnan(values).any():
        panel.plot(along, np.where(np.isnan(values), every, np.nan), "x", color=colour, markersize=4, alpha=0.6)
    panel.plot(along, np.where(valid, values, np.nan), color=colour, linewidth=2.0, label=label)
