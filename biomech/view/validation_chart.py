"""Predictions beside measurements, and strength curves beside what people reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from biomech._arguments import finite_array, instance, number_in, shown, text
from biomech.errors import StanceError
from biomech.view._given import by_name, check_dataset, check_numbers, labels_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = ("#1b7f79", "#d08c2f", "#7a4b94")
_PANELS = (("disc", "Disc force at L5/S1 (N)"), ("BW", "Hip and knee force (body weights)"),
           ("percent", "Activation in quiet standing (%)"))  # fmt: skip


_CURVES = "motions to what strength_curves returned of them: angles, moments and a row of what people reach"


def validation_chart(ds: xr.Dataset) -> Figure:
    """Every row of ``validate``: measured (black), and predicted by each variant with its 90 % interval.

    Raises
    ------
    StanceError
        The dataset is not one of ``validate``, or of more than three variants.
    """
    _check_predictions(ds)
    import matplotlib.pyplot as plt

    kinds = [[r for r in ds.row.values if _kind(r, ds) == kind] for kind, _ in _PANELS]
    figure, axes = plt.subplots(
        1, 3, figsize=(15.5, 0.52 * max(map(len, kinds)) + 1.6), layout="constrained", width_ratios=(1.1, 1.1, 0.8)
    )
    for panel, rows, (_, label) in zip(axes, kinds, _PANELS, strict=True):
        _panel(panel, ds.isel(tilt=0).sel(row=rows), rows, label)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    figure.suptitle(
        "The model beside people: nothing was fitted. Bars: 90 % of draws of model and posture", fontsize=12
    )
    return figure


def _kind(row: str, ds: xr.Dataset) -> str:
    unit = str(ds.unit.sel(row=row).values)
    return "disc" if unit == "N" else unit


def _panel(panel: Axes, ds: xr.Dataset, rows: list[str], label: str) -> None:
    place = np.arange(len(rows), dtype=float)
    for k, (variant, colour) in enumerate(zip(ds.variant.values, _COLOURS, strict=False)):
        own = ds.sel(variant=variant)
        y = place + 0.2 * (k - 1)
        panel.hlines(y, own.lower, own.upper, color=colour, linewidth=3.0, alpha=0.45)
        panel.plot(own.predicted, y, "o", color=colour, markersize=5, label=str(variant).replace("_", " "))
    low, high = ds.measured_lower.fillna(ds.measured), ds.measured_upper.fillna(ds.measured)
    panel.hlines(place, low, high, color="black", linewidth=1.2)
    panel.plot(ds.measured, place, "D", color="black", markersize=6, label="measured", zorder=5)
    panel.set_yticks(place, [row.replace("disc_", "").replace("emg_", "").replace("_", " ") for row in rows])
    panel.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    panel.set_xlim(left=0.0)
    panel.set_xlabel(label)
    panel.grid(axis="x", alpha=0.25)
    panel.spines[["top", "right"]].set_visible(False)


def strength_chart(curves: Mapping[str, tuple[np.ndarray, xr.DataArray, Mapping[str, str]]]) -> Figure:
    """Strength over angle of every motion, with the mean and two SD that people reach.

    Parameters
    ----------
    curves : mapping of str to tuple
        What ``biomech.analysis.joint_strength.strength_curves`` returned.

    Raises
    ------
    StanceError
        A curve is not angles, a DataArray over pose and muscle, and a row with ``mean``, ``sd`` and ``coordinate``.
    """
    for motion, curve in by_name("curves", curves, _CURVES).items():
        _check_curve(f"curves[{motion!r}]", curve)
    import matplotlib.pyplot as plt

    columns = 4
    figure, axes = plt.subplots(
        -(-len(curves) // columns),
        columns,
        squeeze=False,
        figsize=(13, 2.4 * -(-len(curves) // columns)),
        layout="constrained",
    )
    for panel, (motion, (angles, moments, row)) in zip(axes.flat, curves.items(), strict=False):
        mean, sd = float(row["mean"]), float(row["sd"])
        panel.axhspan(mean - 2 * sd, mean + 2 * sd, color="0.9", zorder=0)
        panel.axhline(mean, color="0.5", linewidth=1.0)
        panel.plot(angles, moments.sum("muscle"), color=_COLOURS[0], linewidth=2.0)
        panel.set_title(motion, fontsize=10)
        panel.set_ylim(bottom=0.0)
        panel.set_xlabel(f"{row['coordinate'].removesuffix('_r').replace('_', ' ')} (deg)", fontsize=8)
        panel.tick_params(labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in axes[:, 0]:
        panel.set_ylabel("N.m", fontsize=8)
    figure.suptitle("Isometric strength of the model; grey: what men reach at their peak, mean and 2 SD", fontsize=12)
    return figure


def _check_predictions(ds: object) -> None:
    """Refuse what is not an answer of ``validate``."""
    predictions: dict[str, tuple[str, ...]] = dict.fromkeys(("predicted", "lower", "upper"), ("variant", "tilt", "row"))
    measured: dict[str, tuple[str, ...]] = dict.fromkeys(("measured", "measured_lower", "measured_upper"), ("row",))
    found = check_dataset("ds", ds, predictions | measured, "what validate returned")
    for name, dims in {**predictions, **measured}.items():
        if set(found[name].dims) != set(dims):
            raise StanceError(f"ds.{name}: has dimensions {found[name].dims}; must have {', '.join(dims)}")
    for row in labels_of("ds", found, "row"):
        text("ds.row", row)
    if len(variants := labels_of("ds", found, "variant")) > len(_COLOURS):
        raise StanceError(f"ds: has {len(variants)} variants; at most {len(_COLOURS)} are shown")
    if "unit" not in found.coords or found.unit.dims != ("row",):
        raise StanceError("ds: has no coordinate 'unit' over row; must be what validate returned")


def _check_curve(name: str, curve: object) -> None:
    if not isinstance(curve, tuple | list) or len(curve) != 3:
        raise StanceError(f"{name} = {shown(curve)}: must be three things: angles, moments and a row")
    angles, moments, row = curve
    count = finite_array(f"{name}: angles", angles).shape
    found = instance(f"{name}: moments", moments, xr.DataArray, "a DataArray over pose and muscle")
    check_numbers(f"{name}: moments", found, ("muscle",))
    if len(count) != 1 or tuple(n for dim, n in found.sizes.items() if dim != "muscle") != count:
        raise StanceError(
            f"{name}: moments have the sizes {dict(found.sizes)}; must be those of {count} angles by muscle"
        )
    instance(f"{name}: row", row, Mapping, "a row of what people reach")
    for key in ("mean", "sd"):
        number_in(name, row, key)
    text(f"{name}: coordinate", row.get("coordinate"))
