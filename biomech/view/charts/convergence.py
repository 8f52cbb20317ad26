"""Whether there were enough draws: an interval as it settles, and what drives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from biomech._arguments import instance, text
from biomech.errors import StanceError
from biomech.view.charts.given import check_dataset, check_numbers, labels_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def convergence_chart(values: xr.DataArray, indices: xr.Dataset | None = None, *, label: str = "") -> Figure:
    """Median and 90 % interval of draws over their number, and beside them Sobol indices.

    Parameters
    ----------
    values : DataArray
        One number a draw, over ``sample``.
    indices : Dataset, optional
        What ``uncertainty.sobol`` returned.
    label : str
        What the values are.

    Raises
    ------
    StanceError
        The values are no numbers, none of them is finite, or the indices are not those of ``sobol``.
    """
    draws = _finite_draws(values)
    if indices is not None:
        _check_indices(indices)
    text("label", label)
    import matplotlib.pyplot as plt

    counts = np.unique(np.geomspace(min(16, len(draws)), len(draws), 60).astype(int))
    ends = np.array([np.percentile(draws[:n], [5, 50, 95]) for n in counts])
    figure, axes = plt.subplots(1, 1 if indices is None else 2, figsize=(11 if indices is not None else 6, 4),
                                layout="constrained", squeeze=False)  # fmt: skip
    panel = axes[0, 0]
    panel.fill_between(counts, ends[:, 0], ends[:, 2], color="#8fcac6", alpha=0.6, label="90 % of the draws")
    panel.plot(counts, ends[:, 1], color="#1b7f79", label="median")
    panel.set_xscale("log", base=2)
    panel.set_xlabel("draws")
    panel.set_ylabel(label)
    panel.legend(frameon=False, fontsize=9, loc="upper left")
    if indices is not None:
        order = np.argsort(indices.total_order.values)
        panel, place = axes[0, 1], np.arange(len(order))
        panel.barh(place, indices.total_order.values[order], color="#a5b1c2", label="total")
        panel.barh(place, indices.first_order.values[order], color="#44546a", height=0.45, label="first order")
        panel.set_yticks(place, [str(name).replace("_", " ") for name in indices.prior.values[order]], fontsize=8)
        panel.set_xlabel("share of the variance (Sobol index)")
        panel.legend(frameon=False, fontsize=9, loc="lower right")
    for panel in axes.flat:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(axis="x", alpha=0.25)
    return figure


def _finite_draws(values: object) -> NDArray[np.float64]:
    """The draws that are finite, at least one."""
    found = instance("values", values, xr.DataArray, "a DataArray of one number a draw, over sample")
    check_numbers("values", found, ("sample",))
    if found.ndim > 1:
        raise StanceError(f"values: has dimensions {found.dims}; must have sample alone, one number a draw")
    draws = found.values.astype(np.float64)
    draws = draws[np.isfinite(draws)]
    if not draws.size:
        raise StanceError(f"values: none of {found.size} draws is a finite number; must have at least one")
    return draws


def _check_indices(indices: object) -> None:
    """Refuse what is not an answer of ``sobol``."""
    shares = dict.fromkeys(("first_order", "total_order"), ("prior",))
    found = check_dataset("indices", indices, shares, "what uncertainty.sobol returned")
    labels_of("indices", found, "prior")
    for name in shares:
        if found[name].ndim > 1:
            raise StanceError(f"indices.{name}: has dimensions {found[name].dims}; must have prior alone")
