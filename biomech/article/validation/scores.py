"""How well predictions fit: errors at the means, worst cases, coverage and interval scores, by row and by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import instance
from biomech.article.interval_scores import interval_score
from biomech.article.validation.measurements import GROUPS, group_of, measurements
from biomech.errors import StanceError

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

#: Spine rows that are judged, standing first; the others as ratios to it.
SPINE = ("disc_standing", "disc_flexed", "disc_round_back", "disc_close", "disc_away", "disc_sitting")
#: What an interval of ``validate`` misses: 5 % on either side.
_MISSED = 0.1
_RATIOS = GROUPS[0]


def scores(ds: xr.Dataset) -> xr.Dataset:
    """How well each row is met by each variant, the pelvis level where nothing is said of its tilt.

    Parameters
    ----------
    ds : Dataset
        What ``validate`` returned.

    Returns
    -------
    Dataset
        Over (variant, row), all relative to the measured value (1): ``error``, of the prediction at the means, with its
        sign; ``worst_case``, of the end of the 90 % interval that is furthest from what was measured, with its sign;
        ``interval_score`` (see ``interval_score``). ``covered``: the measured value lies in the 90 % interval.
        ``worst_variant`` (row,): the ``worst_case`` that is largest over the variants. ``group`` (row,).

    Examples
    --------
    >>> from biomech.article.validation import scores, validate
    >>> found = scores(validate(samples=8))
    >>> bool((abs(found.worst_case) >= abs(found.error) - 1e-12).sel(row="disc_standing").all())
    True
    """
    check_predictions(ds)
    if "variant" not in ds.predicted.dims:
        raise StanceError("ds: has no dimension 'variant'; must be what validate returned")
    own = ds.isel(tilt=0, drop=True)
    found = _judged(own.predicted, own.lower, own.upper, own.measured)
    largest = np.abs(found.worst_case).fillna(-1.0).argmax("variant")
    found["worst_variant"] = found.worst_case.isel(variant=largest, drop=True).drop_vars("variant", errors="ignore")
    return found.assign_coords(group=("row", [group_of(str(row)) for row in own.row.values]))


def _judged(predicted: xr.DataArray, lower: xr.DataArray, upper: xr.DataArray, measured: xr.DataArray) -> xr.Dataset:
    """Scores of predictions with intervals, all relative to what was measured."""
    import xarray as xr

    low, high = lower / measured - 1.0, upper / measured - 1.0
    about = {
        "error": (predicted / measured - 1.0, "error at the means, relative to the measured value"),
        "worst_case": (high.where(np.abs(high) >= np.abs(low), low), "error of the 90 % interval's furthest end"),
        "covered": ((lower <= measured) & (measured <= upper), "whether the 90 % interval holds the measured value"),
        "interval_score": (interval_score(low, high, 0.0 * measured, _MISSED),
                           "interval score (Gneiting & Raftery 2007), relative to the measured value"),
    }  # fmt: skip
    found = {}
    for name, (values, long_name) in about.items():
        found[name] = values.assign_attrs(units="1", long_name=long_name)
    return xr.Dataset(found)


def summary(ds: xr.Dataset) -> xr.Dataset:
    """Mean and worst figures of every group of rows, per variant.

    Parameters
    ----------
    ds : Dataset
        What ``validate`` returned.

    Returns
    -------
    Dataset
        Over (group, variant), relative to the measured values (1): ``mean_error`` and ``worst_error``, of the absolute
        errors at the means; ``worst_row``, the row with the latter; ``worst_case``, the largest absolute error of an
        interval's end; ``coverage``, the share of rows whose measured value lies in the 90 % interval; ``score``, the
        mean interval score. ``count`` (group,): how many rows. Groups are ``GROUPS``, of which the first are the
        spine's rows as ratios to standing within a draw; rows that are not judged are in none.

    Examples
    --------
    >>> from biomech.article.validation import summary, validate
    >>> found = summary(validate(samples=8))
    >>> bool((found.worst_error >= found.mean_error).all())
    True
    """
    import xarray as xr

    rows, ratios = scores(ds), _ratio_scores(ds)
    parts = [ratios if group == _RATIOS else rows.isel(row=(rows.group == group).values) for group in GROUPS]
    kept = [(group, part) for group, part in zip(GROUPS, parts, strict=True) if part.sizes["row"]]
    names = [group for group, _ in kept]
    return xr.concat([_figures(part) for _, part in kept], "group").assign_coords(group=names)


def _figures(rows: xr.Dataset) -> xr.Dataset:
    """Mean and worst over the rows of a group."""
    import xarray as xr

    size = np.abs(rows.error)
    worst = rows.row[size.fillna(-1.0).argmax("row")].astype(object)
    worst = worst.drop_vars(("row", "group", "unit", "label"), errors="ignore")
    found = {
        "mean_error": (size.mean("row"), "mean absolute error at the means"),
        "worst_error": (size.max("row"), "largest absolute error at the means"),
        "worst_case": (np.abs(rows.worst_case).max("row"), "largest absolute error of an interval's end"),
        "coverage": (rows.covered.mean("row"), "share of rows inside their 90 % interval"),
        "score": (rows.interval_score.mean("row"), "mean interval score, relative to the measured values"),
    }
    figures = xr.Dataset({k: v.assign_attrs(units="1", long_name=said) for k, (v, said) in found.items()})
    return figures.assign(worst_row=worst, count=xr.DataArray(rows.sizes["row"]))


def _ratio_scores(ds: xr.Dataset) -> xr.Dataset:
    """The spine's rows as ratios to standing, judged like the rows."""
    found = spine_scores(ds).sel(row=list(SPINE[1:]))
    return _judged(found.ratio, found.ratio_lower, found.ratio_upper, found.measured_ratio)


def check_predictions(ds: object) -> None:
    """Refuse what is no answer of ``validate``, or lacks a row of the spine."""
    import xarray as xr

    found = instance("ds", ds, xr.Dataset, "a Dataset, what validate returned")
    needed = {"predicted": {"tilt", "row"}, "draw": {"tilt", "row", "sample"}, "lower": {"tilt", "row"},
              "upper": {"tilt", "row"}, "measured": {"row"}}  # fmt: skip
    for name, dims in needed.items():
        if name not in found.data_vars or not dims <= set(found[name].dims):
            raise StanceError(f"ds: has no {name!r} over {', '.join(sorted(dims))}; must be what validate returned")
        if found[name].dtype.kind not in "iuf" or found[name].size == 0:
            raise StanceError(
                f"ds.{name}: is {found[name].dtype} of {found[name].shape}; must be numbers, at least one"
            )
    index = found.indexes.get("row")
    if "unit" not in found.coords or index is None or not index.is_unique:
        raise StanceError("ds: has no 'unit', or no labels of 'row', each once; must be what validate returned")
    _check_spine(found)


def _check_spine(found: xr.Dataset) -> None:
    if missing := [row for row in SPINE if row not in list(found.row.values)]:
        raise StanceError(f"ds.row: has no {', '.join(missing)}; must have {', '.join(SPINE)}")
    if foreign := [row for row in found.row.values if row not in measurements()]:
        raise StanceError(f"ds.row: has {foreign[0]!r}, which was not measured; must be what validate returned")
    draw = found["draw"].sel(row=list(SPINE)).isel(tilt=0)
    held = draw.notnull().any("sample")
    if not held.all():
        row = next(row for row in SPINE if not held.sel(row=row).all())
        raise StanceError(f"ds.draw: no draw of {row!r} is a finite number; must have at least one of each row")


def spine_scores(ds: xr.Dataset) -> xr.Dataset:
    """Figures of the spine rows, per variant.

    ``inside``: rows of ``SPINE`` whose measured value lies in the 90 % interval, standing as a force, the others as
    ratios to it within a draw; ``ratio_error`` and ``worst_ratio_error``: mean and largest absolute error of the
    ratios; ``force_error`` (row): relative error of the forces.
    """
    import xarray as xr

    check_predictions(ds)
    spine = ds.isel(tilt=0, drop=True).sel(row=list(SPINE)).drop_vars(("unit", "label", "group"), errors="ignore")
    standing = spine.sel(row="disc_standing", drop=True)
    ratio = (spine.predicted / standing.predicted).isel(row=slice(1, None))
    drawn = (spine.draw / standing.draw).isel(row=slice(1, None))
    real = (spine.measured / standing.measured).isel(row=slice(1, None))
    lower, upper = (drawn.quantile(q, "sample").drop_vars("quantile") for q in (0.05, 0.95))
    inside = (lower <= real) & (real <= upper)
    stands = (standing.lower <= standing.measured) & (standing.measured <= standing.upper)
    size = np.abs(ratio / real - 1.0)
    return xr.Dataset(
        {
            "ratio": ratio,
            "ratio_lower": lower,
            "ratio_upper": upper,
            "measured_ratio": real,
            "inside": inside.sum("row") + stands,
            "ratio_error": size.mean("row"),
            "worst_ratio_error": size.max("row"),
            "force_error": spine.predicted / spine.measured - 1.0,
        }
    )
