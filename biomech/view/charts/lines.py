"""Lines over a parameter, drawn so that what cannot be held or trusted never looks like a plain answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from biomech.view.charts.colours import MARKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PAST = "Dashed: past what measurements vouch for of the muscles' geometry."
_NOT_HELD = "Crosses at the bottom: postures that cannot be held."


def how_lines_read(ds: xr.Dataset, before: str = "") -> str:
    """What lines are that are not plain, if there are any."""
    words = (before, _PAST if not ds.valid.all() else "", _NOT_HELD if (ds.status != 0).any() else "")
    return " ".join(own for own in words if own)


def draw_line(
    panel: Axes,
    along: np.ndarray,
    values: np.ndarray,
    valid: np.ndarray,
    held: np.ndarray,
    colour: str,
    place: int,
) -> None:
    """A line with marks of its own: dashed past the trusted range, a cross at the bottom where nothing is held."""
    panel.plot(along, values, color=colour, linestyle=(0, (2.5, 1.2)), linewidth=1.5)
    if not held.all():
        draw_not_held(panel, along, held, colour, place)
    every = max(1, len(along) // 6)
    panel.plot(along, np.where(valid, values, np.nan), color=colour, linewidth=2.0)
    panel.plot(along[::every], values[::every], MARKS[place % len(MARKS)], color=colour, markersize=4.5,
               linestyle="none")  # fmt: skip


def draw_not_held(panel: Axes, along: np.ndarray, held: np.ndarray, colour: str, place: int = 0) -> None:
    """Crosses at the bottom; each line has its own height, so that none hides another's."""
    height = np.where(held, np.nan, 0.035 + 0.05 * place)
    panel.plot(along, height, "x", color=colour, markersize=4.5, transform=panel.get_xaxis_transform())


def last_number(values: np.ndarray) -> float:
    """The last number that is one."""
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if finite.size else float("nan")
