"""Predictions beside measurements, and strength curves beside what people reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from biomech._arguments import entries, finite_array, instance, number_in, shown, text
from biomech.analysis.joint_strength import strength_norms
from biomech.errors import StanceError
from biomech.view.charts.colours import BAND, BLUE, BROWN, GREY, INK, MARKS, MUTED, OCHRE, PAPER
from biomech.view.charts.drawing import SMALL, TEXT, WIDTH, headline, tidy
from biomech.view.charts.given import by_name, check_dataset, check_numbers, labels_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Of the variants, in their order.
_COLOURS, _MARKS = (BLUE, BROWN, OCHRE), MARKS
#: Predictions nearer to each other than this share are drawn once.
_ALIKE = 0.03
#: Ratios to the measured value between which the chart shows.
_LEAST, _MOST = 0.25, 25.0
_REPORTED = "reported only"
#: Panels of the strength chart side by side.
_COLUMNS = 4
_HOW = (
    "Marks: the model's prediction; lines: its 90 % intervals; black line: as measured; grey: within 25 %. Nothing was "
    "fitted."
)
_HOW_STRONG = (
    "Line: the model, solid and brown where it is above all studies. Grey: from the weakest study of men to the "
    "strongest, with the median (how many). Crosses: each study at its angle; arrows: angle not known, or beyond the "
    "curve."
)

_CURVES = "motions to what strength_curves returned of them: angles, moments and a row of strength.csv"
_NORMS = "motions to what people reach, as strength_norms returned them"


def validation_chart(ds: xr.Dataset) -> Figure:
    """Every row of ``validate`` that is judged: predictions with their 90 % intervals, over what was measured.

    Raises
    ------
    StanceError
        The dataset is not one of ``validate``, or of more than three variants.
    """
    _check_predictions(ds)
    import matplotlib.pyplot as plt

    own = ds.isel(tilt=0)
    groups = _groups(own)
    lines = sum(len(rows) + 1 for rows in groups.values())
    figure, panel = plt.subplots(figsize=(WIDTH, 0.27 * lines + 1.0), layout="constrained")
    judged = [row for rows in groups.values() for row in rows]
    headline(figure, _message(own, judged), _HOW)
    place = _draw_groups(panel, own, groups)
    panel.set_ylim(place - 0.4, -0.8)
    _finish(panel)
    _legend(figure, [str(variant) for variant in own.variant.values])
    return figure


def _groups(ds: xr.Dataset) -> dict[str, list[str]]:
    """Rows by the group in which they are judged; by their unit where the dataset does not say it."""
    of_row = ds.group if "group" in ds.coords else ds.unit
    found: dict[str, list[str]] = {}
    for row in ds.row.values:
        name = str(of_row.sel(row=row).values)
        if name != _REPORTED:
            found.setdefault(name, []).append(str(row))
    return found


def _draw_groups(panel: Axes, ds: xr.Dataset, groups: Mapping[str, Sequence[str]]) -> float:
    """Draw every group below the one before; the first free line."""
    place, names = 0.0, []
    ticks: list[float] = []
    for group, rows in groups.items():
        panel.text(
            _LEAST, place, f" {group[:1].upper()}{group[1:]}", weight="bold", va="center", fontsize=TEXT, color=INK
        )
        for row in rows:
            place += 1.0
            _draw_row(panel, ds.sel(row=row), place)
            ticks.append(place)
            names.append(str(ds.label.sel(row=row).values).partition(": ")[2] if "label" in ds.coords else row)
        place += 1.0
    panel.set_yticks(ticks, names)
    return place


def _draw_row(panel: Axes, row: xr.Dataset, place: float) -> None:
    """Each variant's interval and prediction; once, in ink, where all are alike."""
    measured = float(row.measured)
    found = np.array([row[name].values / measured for name in ("lower", "predicted", "upper")])
    alike = bool(np.all(np.ptp(found, axis=1) <= _ALIKE * np.abs(found).max(axis=1)))
    count = 1 if alike else found.shape[1]
    for k in range(count):
        low, at, high = np.clip(found[:, k], _LEAST, _MOST)
        colour, mark = (INK, "o") if alike else (_COLOURS[k], _MARKS[k])
        y = place + 0.25 * (k - (count - 1) / 2.0)
        mark = ">" if found[1, k] > _MOST else "<" if found[1, k] < _LEAST else mark
        inside = found[0, k] <= 1.0 <= found[2, k]
        panel.plot([low, high], [y, y], color=colour, linewidth=1.8)
        panel.plot([at], [y], mark, color=colour if inside else PAPER, markeredgecolor=colour, markersize=5.5,
                   clip_on=False, zorder=3)  # fmt: skip
    unit = str(row.unit.values).replace("percent", "%")
    digits = {"N": 0, "%": 1}.get(unit, 2)
    panel.text(1.01, place, f"{measured:,.{digits}f} {unit}", transform=panel.get_yaxis_transform(), va="center",
               fontsize=TEXT, color=MUTED)  # fmt: skip


def _finish(panel: Axes) -> None:
    """One logarithmic axis for all rows, with the measured value at 1."""
    panel.set_xscale("log")
    panel.set_xlim(_LEAST, _MOST)
    ticks = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0, 10.0, 20.0]
    panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    panel.minorticks_off()
    panel.axvline(1.0, color=INK, linewidth=1.4)
    panel.axvspan(0.75, 1.25, color=BAND, zorder=0)
    panel.set_xlabel("model over measured", fontsize=TEXT)
    panel.text(1.01, -0.8, "measured", transform=panel.get_yaxis_transform(), va="center", fontsize=TEXT, color=MUTED)
    tidy(panel, "x")
    panel.tick_params(axis="x", top=True, labeltop=True)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)


def _legend(figure: Figure, variants: Sequence[str]) -> None:
    """The marks of the variants, one in ink for where they are alike, and a hollow one."""
    from matplotlib.lines import Line2D

    marks = [(variant.replace("_", " "), _MARKS[k], _COLOURS[k], _COLOURS[k]) for k, variant in enumerate(variants)]
    if len(variants) > 1:
        marks.append((f"all within {100 * _ALIKE:.0f} %", "o", INK, INK))
    marks.append(("hollow: measured lies outside", "o", PAPER, INK))
    handles = [Line2D([], [], marker=mark, color=edge, markerfacecolor=face, linewidth=1.8, label=words)
               for words, mark, face, edge in marks]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=len(marks), frameon=False, fontsize=TEXT)


def _message(ds: xr.Dataset, rows: Sequence[str]) -> str:
    """What the chart says, in words."""
    own = ds.sel(row=list(rows))
    inside = ((own.lower <= own.measured) & (own.measured <= own.upper)).sum("row")
    near = (np.abs(own.predicted / own.measured - 1.0) <= 0.25).sum("row")
    least, most = int(inside.min()), int(inside.max())
    count = f"{least} to {most}" if least < most else str(most)
    close = f"{int(near.min())} to {int(near.max())}" if int(near.min()) < int(near.max()) else str(int(near.max()))
    return (
        f"Of {len(rows)} measurements on people {count} lie in the model's 90 % intervals; "
        f"{close} are predicted within 25 %"
    )


def strength_chart(
    curves: Mapping[str, tuple[np.ndarray, xr.DataArray, Mapping[str, str]]],
    norms: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
) -> Figure:
    """Strength over angle of every motion, with all that was found of what people reach.

    Parameters
    ----------
    curves : mapping of str to tuple
        What ``biomech.analysis.joint_strength.strength_curves`` returned.
    norms : mapping of str to sequence of mappings, optional
        What people reach, by motion; by default ``biomech.analysis.joint_strength.strength_norms()``, of men. The band
        goes from the weakest study to the strongest; each study is a cross at its angle, an arrow on the edge where
        that is not known (left) or beyond the curve.

    Raises
    ------
    StanceError
        A curve is not angles, a DataArray over pose and muscle, and a row with ``coordinate``; a norm has no ``mean``.
    """
    for motion, curve in by_name("curves", curves, _CURVES).items():
        _check_curve(f"curves[{motion!r}]", curve)
    found = strength_norms() if norms is None else _check_norms(norms)
    import matplotlib.pyplot as plt

    height = -(-len(curves) // _COLUMNS)
    figure, axes = plt.subplots(height, _COLUMNS, squeeze=False, figsize=(WIDTH, 1.9 * height), layout="constrained")
    headline(figure, _strength_message(curves, found), _HOW_STRONG)
    for panel, (motion, curve) in zip(axes.flat, curves.items(), strict=False):
        _draw_curve(panel, motion, curve, found.get(motion, ()))
    for panel in axes.flat[len(curves) :]:
        panel.set_visible(False)
    for panel in axes[:, 0]:
        panel.set_ylabel("N.m", fontsize=TEXT)
    return figure


def _draw_curve(
    panel: Axes,
    motion: str,
    curve: tuple[np.ndarray, xr.DataArray, Mapping[str, str]],
    norms: Sequence[Mapping[str, str]],
) -> None:
    angles, moments, row = curve
    angles = np.asarray(angles, dtype=float)
    means, strength = [float(norm["mean"]) for norm in norms], moments.sum("muscle")
    if means:
        panel.axhspan(min(means), max(means), color=BAND, zorder=0)
        panel.axhline(float(np.median(means)), color=GREY, linewidth=1.2)
        places = np.array([float(norm["angle"]) if norm.get("angle") else -np.inf for norm in norms])
        shown_at = np.clip(places, angles.min(), angles.max())
        for mark, own in (("x", places == shown_at), ("<", places < shown_at), (">", places > shown_at)):
            if own.any():  # a line of no points that is not clipped upsets the layout
                panel.plot(shown_at[own], np.array(means)[own], mark, color=INK, markersize=4.5, clip_on=False)
    above = _is_above(float(strength.max()), means)
    panel.plot(angles, strength, color=BROWN if above else BLUE, linewidth=2.4, linestyle="-" if above else (0, (5, 1)))
    words = f"{motion} ({len(norms)})".replace("ankle plantarflexion, ", "plantarflexion,\n")
    panel.set_title(words, fontsize=TEXT, loc="left")
    panel.set_ylim(bottom=0.0)
    panel.set_xlabel(f"{row['coordinate'].removesuffix('_r').replace('_', ' ')}, deg", fontsize=SMALL)
    tidy(panel)


def _is_above(most: float, means: Sequence[float]) -> bool:
    """Whether the model is stronger than the strongest of several studies."""
    return len(means) > 1 and most > max(means)


def _strength_message(curves: Mapping[str, tuple[np.ndarray, xr.DataArray, Mapping[str, str]]],
                      norms: Mapping[str, Sequence[Mapping[str, str]]]) -> str:  # fmt: skip
    """In how many motions the model is above what people reach."""
    means = {motion: [float(norm["mean"]) for norm in norms.get(motion, ())] for motion in curves}
    several = [motion for motion, own in means.items() if len(own) > 1]
    above = sum(_is_above(float(curves[motion][1].sum("muscle").max()), means[motion]) for motion in several)
    return f"In {above} of {len(several)} motions the model is stronger than the strongest study found"


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
    for name in ("unit", "group", "label"):
        if name in found.coords and found[name].dims != ("row",):
            raise StanceError(f"ds: has no coordinate {name!r} over row; must be what validate returned")
    if "unit" not in found.coords:
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
    instance(f"{name}: row", row, Mapping, "a row of strength.csv")
    text(f"{name}: coordinate", row.get("coordinate"))


def _check_norms(norms: object) -> Mapping[str, Sequence[Mapping[str, str]]]:
    found: dict[str, Sequence[Mapping[str, str]]] = {}
    for motion, rows in by_name("norms", norms, _NORMS).items():
        name = f"norms[{motion!r}]"
        found[motion] = entries(name, rows, "rows of what people reach")
        for row in found[motion]:
            number_in(name, instance(name, row, Mapping, "rows of what people reach"), "mean")
            if row.get("angle"):
                number_in(name, row, "angle")
    return found
