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
#: Plain words, and colours that stay apart in print and for the colour-blind.
WORDS = {
    "body": ("who you are", "#999999"),
    "foot_rotation": ("turnout of the feet", "#0072b2"),
    "knee_flexion": ("bend of the knees", "#d55e00"),
    "weight_shift": ("weight on heel or toes", "#009e73"),
    "pelvic_tilt": ("tilt of the pelvis", "#cc79a7"),
}
TOGETHER = ("how these go together", "#e8e8e8")
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


def draw_shares(panel: Axes, found: dict[str, dict[str, float]]) -> None:
    """One bar a load, divided by what it depends on."""
    for row, (name, parts) in enumerate(found.items()):
        left = 0.0
        for dim, (_, color) in WORDS.items():
            panel.barh(row, parts[dim], left=left, color=color)
            left += parts[dim]
        panel.barh(row, max(1.0 - left, 0.0), left=left, color=TOGETHER[1])
        panel.text(-0.01, row, name, ha="right", va="center")
    for words, color in [*WORDS.values(), TOGETHER]:
        panel.barh(0, 0.0, color=color, label=words)
    panel.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, fontsize=9)
    panel.set(xlim=(0, 1), yticks=[], xlabel="share of the variance over all bodies and stances")
    panel.invert_yaxis()
    panel.spines[:].set_visible(False)


def draw_curve(panel: Axes, dim: str, change: xr.DataArray) -> None:
    """Median and 90 % of the bodies."""
    values = change.transpose("body", dim).values
    low, middle, high = np.nanpercentile(values, [5, 50, 95], axis=0)
    color = WORDS[dim][1]
    panel.fill_between(change[dim], low, high, color=color, alpha=0.25, linewidth=0)
    panel.plot(change[dim], middle, color=color, linewidth=2)
    panel.axhline(0.0, color="black", linewidth=0.6)
    panel.set_xlabel(AXES[dim], fontsize=9)
    panel.spines[["top", "right"]].set_visible(False)


def figure(ds: xr.Dataset, file: Path) -> dict[str, dict[str, float]]:
    """Draw the picture; what each load depends on."""
    import dask
    import matplotlib.pyplot as plt

    looked_at = loads(ds)
    # one pass over the store for everything
    parts, lines = dask.compute(
        {name: shares(own) for name, own in looked_at.items()}, curves([*looked_at.values()][-1])
    )
    found = {name: {dim: float(share) for dim, share in own.items()} for name, own in parts.items()}
    chart = plt.figure(figsize=(10, 7), layout="constrained")
    above, below = chart.subfigures(2, 1, height_ratios=[1.2, 1.0])
    draw_shares(above.subplots(), found)
    above.suptitle(
        f"How you stand, or who you are? {ds.sizes['body']} bodies, {ds.status.size:,} postures", fontsize=12
    )
    for panel, (dim, change) in zip(below.subplots(1, len(AXES), sharey=True), lines.items(), strict=True):
        draw_curve(panel, dim, change)
    below.supylabel("compression of L5/S1, N,\nless the body's own mean", fontsize=9)
    file.parent.mkdir(parents=True, exist_ok=True)
    chart.savefig(file, dpi=110)
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
