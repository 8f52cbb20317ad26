"""
A weak quadriceps: who takes over
=================================

How deep can the knees bend when the front of the thigh has lost most of its strength, and what does leaning forward
do about it?

For each strength, every knee bend and lean is asked whether it can be held, and who holds it: the pelvis follows the
trunk as people's does, the weight is where it is in standing.

::

    python examples/weak_quadriceps.py [--figure FILE]
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import xarray as xr

import biomech as bm

#: What is left of the strength of the quadriceps, both sides.
STRENGTHS = (1.0, 0.3, 0.2, 0.1)
KNEES, LEANS = np.arange(0.0, 110.1, 2.0), np.arange(0.0, 60.1, 5.0)
#: A posture that all but the weakest hold, in which who carries is told.
TOLD = {"knee_flexion": 60.0}
GROUPS = {"quadriceps": "front of thigh", "gluteus_maximus": "buttock", "lumbar_extensors": "lower back"}


def weakened(model: bm.Model, strength: float) -> bm.Model:
    """The body with a part of the strength of its quadriceps."""
    return model.scale({f"muscles/{name}/max_isometric_force": strength for name in model.groups["quadriceps"]})


def run(model: bm.Model) -> xr.Dataset:
    """Every strength, knee bend and lean."""
    answers = []
    for strength in STRENGTHS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", bm.BiomechWarning)  # what cannot be held is what is asked
            answers.append(
                bm.sweep(
                    weakened(model, strength),
                    pelvic_tilt="rhythm",
                    knee_flexion=KNEES,
                    trunk_lean=LEANS,
                    variables=["group_activation", "joint_compression", "limiting_muscle"],
                )
            )
    return xr.concat(answers, xr.DataArray(list(STRENGTHS), dims="strength", name="strength"), combine_attrs="drop")


def deepest(ds: xr.Dataset) -> xr.DataArray:
    """The deepest knee bend up to which every one is held, deg."""
    held = (ds.status == 0).astype(int).cumprod("knee_flexion").astype(bool)
    return ds.knee_flexion.where(held).max("knee_flexion")


def message(ds: xr.Dataset) -> str:
    """What leaning is worth to the weak."""
    found = deepest(ds).sel(strength=0.2)
    upright, leaning = (float(found.sel(trunk_lean=lean)) for lean in (0.0, 60.0))
    return (
        f"With a fifth of its strength the front of the thigh holds {upright:.0f} deg of knee bend upright "
        f"and {leaning:.0f} deg leaning 60 deg forward: the buttock takes over"
    )


def figure(ds: xr.Dataset, file: Path) -> None:
    """The deepest knee bend that is held, over lean, a line a strength."""
    import matplotlib.pyplot as plt

    from biomech.view.charts.colours import MARKS, ordered
    from biomech.view.charts.drawing import SMALL, TEXT, WIDTH, headline, label_ends, save_png, tidy

    chart, panel = plt.subplots(figsize=(WIDTH, 4.0), layout="constrained")
    reading = (
        "Deepest knee bend that can be held, for what is left of the strength of the quadriceps. At full strength they "
        "do not set it: upright the front of the shin does, leaning the end of what was asked (110 deg)."
    )
    headline(chart, message(ds), reading)
    found, ends = deepest(ds), []
    for strength, colour, mark in zip(STRENGTHS, ordered(len(STRENGTHS)), MARKS, strict=False):
        own = found.sel(strength=strength)
        panel.plot(own.trunk_lean, own, color=colour, marker=mark, markersize=5, linewidth=1.8)
        ends.append((float(own[-1]), f"{100 * strength:.0f} %", colour))
    panel.set_xlabel("trunk leans forward, deg", fontsize=TEXT)
    panel.set_ylabel("knees bent, deg", fontsize=TEXT)
    panel.set_ylim(0.0, 115.0)
    panel.tick_params(labelsize=SMALL)
    tidy(panel)
    label_ends(panel, ends)
    save_png(chart, file)


def table(ds: xr.Dataset) -> str:
    """Who carries a bend of 60 deg, upright and leaning, in percent of the strength that is left, and the knee in N."""
    lines = [f"knees bent {TOLD['knee_flexion']:.0f} deg" + "".join(f"{words:>17}" for words in GROUPS.values())
             + f"{'knee, N':>10}"]  # fmt: skip
    for strength in STRENGTHS:
        for lean in (0.0, 60.0):
            own = ds.sel(strength=strength, trunk_lean=lean, **TOLD)
            if int(own.status) != 0:
                said = f"   cannot be held: {own.limiting_muscle.item()} is at full strength"
            else:
                cells = [100.0 * float(own.group_activation.sel(group=group)) for group in GROUPS]
                said = "".join(f"{cell:17.1f}" for cell in cells)
                said += f"{float(own.joint_compression.sel(joint='knee_r')):10.0f}"
            lines.append(f"{100 * strength:4.0f} %, lean {lean:2.0f}   {said}")
    return "\n".join(lines)


def main() -> None:
    """Ask, print and draw."""
    parser = argparse.ArgumentParser(description="What does leaning forward do for a weak quadriceps?")
    parser.add_argument("--figure", type=Path, default=Path("out/weak_quadriceps.png"))
    options = parser.parse_args()
    ds = run(bm.load_model())
    print(message(ds))
    print(table(ds))
    figure(ds, options.figure)
    print(f"drawn: {options.figure}")


if __name__ == "__main__":
    main()
