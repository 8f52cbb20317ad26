"""
A thousand bodies, larger than memory
=====================================

How you stand, or who you are? Turnout by knee by weight by tilt, in a thousand drawn bodies, from a store on disk.

Every combination of four ways to stand is answered for every body, written to a store that resumes where it was
stopped, and read back in parts: nothing here needs the whole study in memory. One picture says what loads depend on.

::

    python examples/thousand_bodies.py [--bodies N] [--fine] [--store DIR] [--threads N] [--figure FILE]

With ``--fine`` each way to stand has three times the steps or so: 9,282 postures a body instead of 252.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import biomech as bm
from biomech.view.charts.colours import BAND, BLUE, BROWN, GREY, INK, OCHRE, PLUM, text_on

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

#: What varies of a stance (deg; share of the foot's length), coarse and fine.
COARSE = {
    "foot_rotation": np.linspace(0, 45, 7),
    "knee_flexion": np.array([-8.0, 0.0, 10.0, 20.0]),
    "weight_shift": np.array([0.30, 0.42, 0.55]),
    "pelvic_tilt": np.array([-5.0, 0.0, 5.0]),
}
FINE = {
    "foot_rotation": np.linspace(0, 45, 17),
    "knee_flexion": np.linspace(-8, 20, 13),
    "weight_shift": np.linspace(0.30, 0.55, 6),
    "pelvic_tilt": np.linspace(-5, 5, 7),
}
#: Plain words, short ones for the bars, and colours.
WORDS = {
    "body": ("who you are", "body", GREY),
    "foot_rotation": ("turnout of the feet", "turnout", BLUE),
    "knee_flexion": ("bend of the knees", "knees", BROWN),
    "weight_shift": ("weight on heel or toes", "weight", OCHRE),
    "pelvic_tilt": ("tilt of the pelvis", "pelvis", PLUM),
}
TOGETHER = ("how these go together", "together", BAND)
#: Share that is wide enough for its name.
NAMED = 0.085
AXES = {
    "foot_rotation": "toes out, deg",
    "knee_flexion": "knees bent, deg",
    "weight_shift": "weight, 0 heel to 1 toes",
    "pelvic_tilt": "pelvis tipped forward, deg",
}
GROUPS = {
    "lumbar_extensors": "lower back",
    "gluteus_maximus": "buttock",
    "quadriceps": "front of thigh",
    "plantarflexors": "calf",
}


def run(bodies: int, fine: bool, store: Path, threads: int) -> xr.Dataset:
    """Answer every stance of every body into a store, and open it in parts."""
    drawn = bm.uncertainty.draw_bodies(samples=bodies)
    wanted = ["group_activation", "lumbar_compression"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bm.BiomechWarning)  # what could not be held is told below
        bm.sweep(drawn, **(FINE if fine else COARSE), variables=wanted, threads=threads, to=store)
    return bm.open_study(store, chunks=True)


def loads(ds: xr.Dataset) -> dict[str, xr.DataArray]:
    """What is looked at, where it can be held: activation in percent, compression in N."""
    held = ds.status == 0
    found = {words: 100.0 * ds.group_activation.sel(group=group) for group, words in GROUPS.items()}
    found["compression of L5/S1"] = ds.lumbar_compression
    return {name: values.where(held) for name, values in found.items()}


def shares(values: xr.DataArray) -> dict[str, xr.DataArray]:
    """Share of the variance that goes with each thing alone: the variance of the means along it (Sobol' 1993)."""
    whole = values.var()
    return {dim: values.mean([other for other in values.dims if other != dim]).var() / whole for dim in WORDS}


def curves(values: xr.DataArray) -> dict[str, xr.DataArray]:
    """How the compression of each body changes along each way to stand, its mean over the other ways."""
    along = {dim: values.mean([other for other in AXES if other != dim]) for dim in AXES}
    return {dim: own - own.mean(dim) for dim, own in along.items()}


def message(found: dict[str, dict[str, float]]) -> str:
    """Which load hangs most on how one stands, and which most on who one is."""
    stand = {name: sum(share for dim, share in parts.items() if dim != "body") for name, parts in found.items()}
    most, least = max(stand, key=lambda name: stand[name]), max(found, key=lambda name: found[name]["body"])
    return (
        f"How one stands alone makes {100 * stand[most]:.0f} % of the differences in the {most}; "
        f"who one is makes {100 * found[least]['body']:.0f} % of those in the {least}"
    )


def draw_shares(panel: Axes, found: dict[str, dict[str, float]]) -> None:
    """One bar a load, divided by what it depends on, each part named where it is wide enough."""
    for row, parts in enumerate(found.values()):
        left = 0.0
        rest = max(1.0 - sum(parts.values()), 0.0)
        for dim, (_, word, color) in {**WORDS, "": TOGETHER}.items():
            share = parts[dim] if dim else rest
            panel.barh(row, share, left=left, color=color, edgecolor="white")
            if share >= NAMED:
                panel.text(left + share / 2, row, f"{word}\n{100 * share:.0f} %", ha="center", va="center", fontsize=8,
                           color=text_on(color))  # fmt: skip
            left += share
    panel.set_yticks(range(len(found)), list(found), fontsize=9)
    panel.set(xlim=(0, 1), xticks=[])
    panel.tick_params(axis="y", length=0)
    panel.set_title("Share of the variance over all bodies and stances; pale: together", fontsize=9, loc="left")
    panel.invert_yaxis()
    panel.spines[:].set_visible(False)


def draw_curve(panel: Axes, dim: str, change: xr.DataArray) -> None:
    """Median and 90 % of the bodies."""
    values = change.transpose("body", dim).values
    low, middle, high = np.nanpercentile(values, [5, 50, 95], axis=0)
    words, _, color = WORDS[dim]
    panel.fill_between(change[dim], low, high, color=color, alpha=0.2, linewidth=0)
    for end in (low, high):
        panel.plot(change[dim], end, color=color, linewidth=0.9)
    panel.plot(change[dim], middle, color=color, linewidth=2.2)
    panel.axhline(0.0, color=INK, linewidth=0.6)
    panel.set_title(words, fontsize=9, loc="left", color=color, weight="bold")
    panel.set_xlabel(AXES[dim], fontsize=8)
    panel.tick_params(labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)


def figure(ds: xr.Dataset, file: Path) -> dict[str, dict[str, float]]:
    """Draw the picture; what each load depends on."""
    import dask
    import matplotlib.pyplot as plt

    from biomech.view.charts.drawing import WIDTH, headline, save_png

    looked_at = loads(ds)
    # one pass over the store for everything
    parts, lines = dask.compute(
        {name: shares(own) for name, own in looked_at.items()}, curves([*looked_at.values()][-1])
    )
    found = {name: {dim: float(share) for dim, share in own.items()} for name, own in parts.items()}
    chart = plt.figure(figsize=(WIDTH, 5.6), layout="constrained")
    grid = chart.add_gridspec(2, len(AXES), height_ratios=[1.25, 1.0])
    draw_shares(chart.add_subplot(grid[0, :]), found)
    first: Axes | None = None
    for place, (dim, change) in enumerate(lines.items()):
        panel = chart.add_subplot(grid[1, place], sharey=first)
        draw_curve(panel, dim, change)
        if first is None:
            first = panel
            panel.set_ylabel("compression of L5/S1, N,\nless the body's own mean", fontsize=8)
        else:
            panel.tick_params(labelleft=False)
    headline(chart, message(found), f"{ds.sizes['body']:,} bodies, {ds.status.size:,} postures. Below: median and 90 % "
             "of the bodies.")  # fmt: skip
    save_png(chart, file)
    return found


def main() -> None:
    """Answer, read back, print and draw."""
    parser = argparse.ArgumentParser(description="How you stand, or who you are?")
    parser.add_argument("--bodies", type=int, default=1000)
    parser.add_argument("--fine", action="store_true")
    parser.add_argument("--store", type=Path, help="where the study is kept; by default nowhere")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--figure", type=Path, default=Path("out/thousand_bodies.png"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ds = run(options.bodies, options.fine, options.store or Path(folder) / "study.zarr", options.threads)
        print(f"{ds.status.size:,} postures of {ds.sizes['body']} bodies: {ds.attrs['message']}")
        for name, parts in figure(ds, options.figure).items():
            told = ", ".join(f"{WORDS[dim][0]} {100 * share:.0f} %" for dim, share in parts.items())
            print(f"  {name:22} {told}")
    print(f"drawn: {options.figure}")


if __name__ == "__main__":
    main()
