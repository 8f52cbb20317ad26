"""Any variable in one call: lines over one parameter, a map over two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from biomech._arguments import one_of
from biomech.errors import StanceError
from biomech.view.charts.colours import CATEGORIES, INK, MOST_LINES, PAPER, SEQUENTIAL, ordered
from biomech.view.charts.drawing import SMALL, TEXT, WIDTH, headline, label_ends, number, tidy
from biomech.view.charts.given import (
    DRAWS,
    at,
    check_dataset,
    check_numbers,
    choose,
    held_and_trusted,
    labels_of,
    plain,
    unit_of,
)
from biomech.view.charts.lines import draw_line, draw_not_held, how_lines_read, last_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SOURCE = "what sweep returned"
_NOT_HELD = "Crosses: postures that cannot be held."
_PAST = "Hatched and paler: past what measurements vouch for of the muscles' geometry."


def plot(
    ds: xr.Dataset,
    variable: str,
    *,
    x: str | None = None,
    y: str | None = None,
    hue: str | None = None,
    **labels: object,
) -> Figure:
    """Draw any variable over one swept parameter, as lines, or over two, as a map with contours.

    Parameters
    ----------
    ds : Dataset
        What ``sweep`` returned.
    variable : str
        A variable of it. Activations are drawn in percent, everything else in its own unit.
    x : str, optional
        The dimension to draw along; by default the swept number with most values.
    y : str, optional
        A second one: the variable is drawn as a map. By default where the only other dimension is a number with more
        than six values.
    hue : str, optional
        A dimension of which each label is a line; by default the only other one. Of muscles, groups or joints those six
        are drawn that reach furthest from zero.
    **labels : label, or list of labels
        What to choose of other dimensions: ``group="quadriceps"``, ``knee_flexion=30``.

    Returns
    -------
    Figure
        Its title says between what the variable goes, and where. Where a posture cannot be held there is a cross and no
        line; dashed, or hatched, is what lies outside the trusted geometry.

    Raises
    ------
    StanceError
        There is no such variable, dimension or label, or more varies than can be drawn; it says what to choose.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # draws to files, needs no display
    >>> import biomech as bm
    >>> ds = bm.sweep(bm.load_model("small"), knee_flexion=range(0, 61, 10), trunk_lean=[0, 20], pelvic_tilt=0)
    >>> figure = bm.view.plot(ds, "group_activation", group="quadriceps")
    >>> sorted(label.get_text() for label in figure.axes[0].texts)
    ['trunk lean 0', 'trunk lean 20']
    """
    check_dataset("ds", ds, {"status": ()}, _SOURCE)
    one_of("variable", variable, map(str, ds.variables))
    own = choose(ds, variable, labels)
    check_numbers(f"ds.{variable}", own[variable], ())
    own = own.squeeze()
    field = own[variable]
    x, y, hue = _dimensions(field, own, x, y, hue)
    factor, unit = unit_of(field)
    held, valid = held_and_trusted(own, field.dims)
    values = (factor * field.astype(float)).where(held)
    heading = ", ".join(word for word in (plain(variable), *_chosen(ds[variable], labels), unit) if word)
    message = _message(plain(variable), values, unit)
    if y is not None:
        return _map(values, held, valid, x, y, heading, message)
    return _lines(values, held, valid, own, x, hue, heading, message)


def _dimensions(
    field: xr.DataArray, ds: xr.Dataset, x: object, y: object, hue: object
) -> tuple[str, str | None, str | None]:
    """The dimensions to draw along: those that are given, and what goes without saying."""
    for dim in field.dims:
        if dim in DRAWS:
            raise StanceError(
                f"ds.{field.name}: varies over {DRAWS[str(dim)]} ({dim!r}); take a quantile over all first "
                "(ds.quantile), or draw what changes (bm.view.contrast_chart)"
            )
    asked = _given(field, ds, {"x": x, "y": y, "hue": hue})
    rest = [str(dim) for dim in field.dims if dim not in asked.values()]
    numbers = [dim for dim in rest if dim in ds.indexes and _is_number(ds, dim)]
    swept = [dim for dim in numbers if dim in ds.status.dims]
    if "x" not in asked:
        if not numbers:
            raise StanceError(
                f"ds.{field.name}: no number varies that it could be drawn along; it varies over "
                f"{', '.join(map(str, field.dims)) or 'nothing'} (bm.view.sharing_chart shows single postures)"
            )
        asked["x"] = max(swept or numbers, key=lambda dim: ds.sizes[dim])
        rest.remove(asked["x"])
    if len(rest) == 1 and "y" not in asked and "hue" not in asked:
        other = rest.pop()
        labels_of("ds", ds, other)
        asked["y" if other in swept and ds.sizes[other] > MOST_LINES else "hue"] = other
    if rest:
        raise StanceError(
            f"ds.{field.name}: varies over {', '.join(rest)} too; choose a label of each ({rest[0]}=...), or draw "
            f"along it with hue={rest[0]!r}"
        )
    along = asked.get("hue")
    if along is not None and along in ds.status.dims and ds.sizes[along] > MOST_LINES:
        raise StanceError(
            f"hue = {along!r}: has {ds.sizes[along]} labels; at most {MOST_LINES} lines are drawn, choose some "
            f"({along}=[...]) or draw a map (y={along!r})"
        )
    return asked["x"], asked.get("y"), along


def _given(field: xr.DataArray, ds: xr.Dataset, wanted: Mapping[str, object]) -> dict[str, str]:
    """Those of the dimensions that were asked for, each once."""
    asked: dict[str, str] = {}
    for name, dim in wanted.items():
        if dim is None:
            continue
        found = one_of(name, dim, map(str, field.dims))
        if found in asked.values():
            raise StanceError(f"{name} = {found!r}: is drawn along already; each must have a dimension of its own")
        labels_of("ds", ds, found)
        if name != "hue" and not _is_number(ds, found):
            raise StanceError(f"{name} = {found!r}: has labels that are no numbers; draw along it with hue=")
        asked[name] = found
    if "y" in asked and "hue" in asked:
        raise StanceError(f"hue = {asked['hue']!r}: a map has no lines; leave hue or y out")
    return asked


def _is_number(ds: xr.Dataset, dim: str) -> bool:
    return ds[dim].dtype.kind in "iuf"


def _chosen(field: xr.DataArray, labels: Mapping[str, object]) -> list[str]:
    """What was chosen by one label, of the dimensions that a variable has."""
    return [
        f"{plain(dim)} {plain(label)}"
        for dim, label in labels.items()
        if dim in field.dims and not isinstance(label, list | tuple)
    ]


def _message(name: str, values: xr.DataArray, unit: str) -> str:
    """Between what the variable goes where it can be held, and where it is least and most."""
    name = f"{name[:1].upper()}{name[1:]}"
    if not np.isfinite(values).any():
        return f"{name}: no posture can be held"
    low, high = values.isel(values.argmin(...)), values.isel(values.argmax(...))
    if number(float(low)) == number(float(high)):
        return f"{name}: {number(float(low))} {unit} everywhere".replace("  ", " ")
    varying = [dim for dim in values.dims if dim in values.coords]
    where = [", ".join(at(values, dim, end[dim].item()) for dim in varying) for end in (low, high)]
    return (
        f"{name}: {number(float(low))} to {number(float(high))} {unit}; least at {where[0]}, most at {where[1]}"
    ).replace(" ;", ";")


def _axis(ds: xr.DataArray, dim: str) -> str:
    """Words beside an axis."""
    unit = str(ds[dim].attrs.get("units", ""))
    return plain(dim) + (f", {unit}" if unit and unit != "1" else "")


def _lines(
    values: xr.DataArray, held: xr.DataArray, valid: xr.DataArray, ds: xr.Dataset, x: str, hue: str | None,
    heading: str, message: str,
) -> Figure:  # fmt: skip
    import matplotlib.pyplot as plt

    figure, panel = plt.subplots(figsize=(WIDTH, 3.6), layout="constrained")
    labels, left_out = _furthest(values, ds, hue)
    said = xr.Dataset({"status": (~held).astype(int), "valid": valid})
    headline(figure, message, how_lines_read(said, left_out))
    order = hue is None or _is_number(ds, hue)
    colours = ordered(len(labels)) if order else CATEGORIES[: len(labels)]
    # where a posture cannot be held, no group of muscles can: that is said once
    alone, along = hue is None or hue in held.dims, values[x].sortby(x).values
    if not alone:
        draw_not_held(panel, along, held.sortby(x).values, INK)
        held = xr.ones_like(held)
    held, valid = held.broadcast_like(values), valid.broadcast_like(values)
    ends = []
    for place, (colour, label) in enumerate(zip(colours, labels, strict=True)):
        chosen = {} if hue is None else {hue: label}
        own, ok, trusted = (array.sel(chosen).sortby(x).values for array in (values, held, valid))
        draw_line(panel, along, own, trusted, ok, colour, place)
        ends.append((last_number(own), "" if hue is None else at(ds, hue, label), colour))
    if not (values < 0.0).any():
        panel.set_ylim(bottom=0.0)
    panel.set_title(heading, fontsize=TEXT, loc="left")
    panel.set_xlabel(_axis(values, x), fontsize=TEXT)
    tidy(panel)
    if hue is not None:
        panel.set_ylim(panel.get_ylim())
        label_ends(panel, ends)
    return figure


def _furthest(values: xr.DataArray, ds: xr.Dataset, hue: str | None) -> tuple[Sequence[object], str]:
    """The labels to draw a line for, in their order, and what is said of those that are left out."""
    if hue is None:
        return [None], ""
    labels = labels_of("ds", ds, hue)
    if len(labels) <= MOST_LINES:
        return labels, ""
    reach = abs(values).max([dim for dim in values.dims if dim != hue]).fillna(-1.0).values
    most = np.sort(np.argsort(-reach, kind="stable")[:MOST_LINES])
    return [labels[place] for place in most], f"Of {len(labels)} the {MOST_LINES} that reach furthest from zero."


def _map(
    values: xr.DataArray, held: xr.DataArray, valid: xr.DataArray, x: str, y: str, heading: str, message: str
) -> Figure:
    import matplotlib.pyplot as plt

    figure, panel = plt.subplots(figsize=(WIDTH, 4.4), layout="constrained")
    headline(figure, message, " ".join(words for words, fine in ((_NOT_HELD, held), (_PAST, valid)) if not fine.all()))
    field, ok, trusted = (own.broadcast_like(values).sortby([x, y]).transpose(y, x) for own in (values, held, valid))
    along, up = field[x].values, field[y].values
    drawn = panel.pcolormesh(along, up, np.ma.masked_invalid(field.values), shading="nearest", cmap=SEQUENTIAL)
    _contours(panel, along, up, field.values)
    if not trusted.values.all():
        _veil(panel, along, up, trusted.values | ~ok.values)
    rows, columns = np.nonzero(~ok.values)
    panel.plot(along[columns], up[rows], "x", color=INK, markersize=5, linestyle="none")
    panel.set_xlabel(_axis(values, x), fontsize=TEXT)
    panel.set_ylabel(_axis(values, y), fontsize=TEXT)
    panel.set_title(heading, fontsize=TEXT, loc="left")
    panel.tick_params(labelsize=SMALL)
    figure.colorbar(drawn, ax=panel).ax.tick_params(labelsize=SMALL)
    return figure


def _veil(panel: Axes, along: np.ndarray, up: np.ndarray, trusted: np.ndarray) -> None:
    """Hatch cells that are not trusted, and make them paler."""
    from matplotlib.colors import ListedColormap

    where = np.ma.masked_where(trusted, np.zeros(trusted.shape))
    panel.pcolor(along, up, where, shading="nearest", cmap=ListedColormap([(1.0, 1.0, 1.0, 0.4)]), edgecolor=INK,
                 linewidth=0.0, hatch="///")  # fmt: skip


def _contours(panel: Axes, along: np.ndarray, up: np.ndarray, field: np.ndarray) -> None:
    """Lines of equal value with their numbers, where there are any."""
    finite = field[np.isfinite(field)]
    if min(field.shape) < 2 or not finite.size or np.ptp(finite) <= 1e-9 * np.abs(finite).max():
        return
    lines = panel.contour(along, up, np.ma.masked_invalid(field), levels=7, colors=PAPER, linewidths=1.0)
    for words in panel.clabel(lines, fmt=number, fontsize=SMALL):
        words.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 1.0, "alpha": 0.85})
        words.set_color(INK)
