"""
An optimiser: the posture of least compression
==============================================

In which posture does the least force press on the lowest lumbar disc? SciPy asks, a posture at a time.

Searches over lean, pelvic tilt and knee flexion, first all of the box with many postures in a call, then the best place
with one posture a call, and draws the compression about it.

::

    python examples/least_compression.py [--figure FILE]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import differential_evolution, minimize

import biomech as bm

#: What may vary, and how far (deg).
BOX = {"trunk_lean": (-15.0, 30.0), "pelvic_tilt": (-10.0, 20.0), "knee_flexion": (0.0, 60.0)}
NAMES = {"trunk_lean": "trunk lean", "pelvic_tilt": "pelvic tilt", "knee_flexion": "knees bent"}
#: N: what a posture that cannot be taken or held is told to cost, so that the search turns back.
NOT_HELD = 1e5


@dataclass(frozen=True)
class Found:
    """A posture (deg, in the order of ``BOX``), the compression there in N, and what it took to find it."""

    posture: NDArray[np.float64]
    compression: float
    postures_tried: int
    seconds: float


def compression_of(model: bm.Model) -> bm.PreparedSweep:
    """The compression as a function of what varies."""
    return bm.prepare(model, vary=BOX, variables=["lumbar_compression"])


def search(compression: bm.PreparedSweep) -> Found:
    """The posture of least compression."""

    def objective(posture: NDArray[np.float64]) -> NDArray[np.float64]:
        found = compression(*posture)
        return np.where(found["status"] == 0, found["lumbar_compression"], NOT_HELD)

    start, bounds = time.perf_counter(), list(BOX.values())
    wide = differential_evolution(
        objective, bounds, vectorized=True, updating="deferred", polish=False, tol=1e-8, seed=0
    )
    fine = minimize(lambda x: float(objective(x)), wide.x, method="Nelder-Mead", bounds=bounds)
    # with vectorized=True SciPy counts calls, each of 15 postures a parameter
    tried = 15 * len(BOX) * wide.nfev + fine.nfev
    return Found(fine.x, float(fine.fun), tried, time.perf_counter() - start)


def figure(compression: bm.PreparedSweep, found: Found, file: Path) -> None:
    """Compression over lean and tilt at the best knee, with the posture that was found."""
    import matplotlib.pyplot as plt

    from biomech.view.charts.colours import INK, SEQUENTIAL
    from biomech.view.charts.drawing import WIDTH, headline, save_png

    lean, tilt = (np.linspace(*BOX[name], 91) for name in ("trunk_lean", "pelvic_tilt"))
    here = compression(lean[:, None], tilt[None, :], found.posture[2])
    values = np.where(here["status"] == 0, here["lumbar_compression"], np.nan)
    chart, panel = plt.subplots(figsize=(WIDTH, 4.2), layout="constrained")
    place = ", ".join(f"{NAMES[name]} {value:.0f} deg" for name, value in zip(BOX, found.posture, strict=True))
    headline(chart, f"Least force on L5/S1: {found.compression:.0f} N, at {place}",
             f"Compression of L5/S1 in N, knees bent {found.posture[2]:.0f} deg. Circle: the least.")  # fmt: skip
    drawn = panel.contourf(lean, tilt, values.T, levels=20, cmap=SEQUENTIAL)
    lines = panel.contour(lean, tilt, values.T, levels=drawn.levels[:-3:2], colors="white", linewidths=0.8)
    for words in panel.clabel(lines, fmt="%.0f", fontsize=9):
        words.set(color=INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85})
    panel.plot(*found.posture[:2], marker="o", markersize=11, color="white", markeredgecolor=INK, clip_on=False)
    panel.set_xlabel("lean of the trunk, deg (backwards negative)", fontsize=9)
    panel.set_ylabel("pelvic tilt, deg (anterior positive)", fontsize=9)
    panel.tick_params(labelsize=8)
    save_png(chart, file)


def main() -> None:
    """Search, print and draw."""
    parser = argparse.ArgumentParser(description="In which posture does the least force press on the lumbar disc?")
    parser.add_argument("--figure", type=Path, default=Path("out/least_compression.png"))
    options = parser.parse_args()
    compression = compression_of(bm.load_model())
    upright = float(compression(0.0, 0.0, 0.0)["lumbar_compression"])
    found = search(compression)
    where = ", ".join(f"{name} {value:.1f} deg" for name, value in zip(BOX, found.posture, strict=True))
    print(f"standing straight, pelvis level: {upright:.0f} N press on L5/S1")
    straight = float(compression(*found.posture[:2], 0.0)["lumbar_compression"])
    print(f"least: {found.compression:.0f} N at {where}; with the knees straight {straight:.0f} N")
    print(f"{found.postures_tried} postures in {found.seconds:.2f} s")
    figure(compression, found, options.figure)
    print(f"drawn: {options.figure}")


if __name__ == "__main__":
    main()
