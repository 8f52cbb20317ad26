"""
Turned-out feet and bent knees
==============================

Sweep turned-out feet and bent or hyperextended knees: who carries the load.

Sweeps the foot from parallel to 60 degrees of turnout and the knee from 10 degrees of hyperextension to 30 of
flexion, with the weight towards the heels, over the mid-foot and forward, once with the pelvis held level and once
with the pelvis at the tilt of least effort. Prints a short table and draws a figure.

::

    python examples/turnout_and_knees.py [--figure FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

import biomech as bm

WEIGHT_SHIFT = {0.3: "towards the heels", 0.42: "mid-foot", 0.65: "forward"}
PELVIS = {"0": "pelvis held level", "least_effort": "pelvis at least effort"}
KNEES = {-10: "knees pressed\nback, -10 deg", 0: "straight, 0", 15: "soft, 15", 30: "bent, 30 deg"}
#: Of the three weight shifts the figure shows this one, and of the loads these.
MIDDLE = 0.42
ROWS = (
    "Lower back\n(lumbar extensors)",
    "Buttock\n(gluteus maximus)",
    "Front of the thigh\n(quadriceps)",
    "Knee joint force",
)


def run(model: bm.Model | None = None) -> xr.Dataset:
    """The sweep: 13 foot rotations, 9 knee angles, 3 weight shifts, 2 ways to hold the pelvis."""
    return bm.sweep(
        model or bm.load_model(),
        foot_rotation=np.arange(0, 61, 5),
        knee_flexion=np.arange(-10, 31, 5),
        weight_shift=list(WEIGHT_SHIFT),
        pelvic_tilt=[0, "least_effort"],
    )


def table(model: bm.Model, ds: xr.Dataset) -> str:
    """The corners of the sweep at mid-foot: groups in % of their strength, joint forces in body weights."""
    from biomech.view.charts.loads import load_of

    columns = {
        "lumbar ext.": "lumbar_extensors",
        "glut. max.": "gluteus_maximus",
        "glut. med.": "gluteus_medius",
        "deep rot.": "deep_external_rotators",
        "quadriceps": "quadriceps",
        "hip": "hip_r",
        "knee": "knee_r",
        "L5/S1": "lumbar",
    }
    loads = {head: load_of(model, ds, name).sel(weight_shift=0.42) for head, name in columns.items()}
    lines = ["pelvis        tilt  foot  knee " + "".join(f"{head:>12}" for head in columns)]
    lines.append("               deg   deg   deg " + "%".rjust(12) * 5 + "BW".rjust(12) * 3)
    for policy in PELVIS:
        for foot in (0, 30, 45, 60):
            for knee in (-10, 0, 30):
                here = {"tilt_policy": policy, "foot_rotation": foot, "knee_flexion": knee}
                tilt = float(ds.pelvic_tilt.sel(weight_shift=0.42, **here))
                name = "level" if policy == "0" else "least effort"
                cells = "".join(f"{float(load.sel(here)):12.2f}" for load in loads.values())
                lines.append(f"{name:12}{tilt:6.1f}{foot:6d}{knee:6d} {cells}")
    return "\n".join(lines)


def message(ds: xr.Dataset) -> str:
    """What the figure says of the lower back, from its numbers."""
    held = ds.group_activation.where(ds.status == 0)
    back = 100.0 * held.sel(group="lumbar_extensors", weight_shift=MIDDLE, knee_flexion=list(KNEES))
    level, free = (back.sel(tilt_policy=policy) for policy in PELVIS)
    if float(level.max() - level.min()) < 0.05:
        level_words = f"works at {float(level.mean()):.1f} % of its strength whatever feet and knees do"
    else:
        level_words = f"works at {float(level.min()):.1f} to {float(level.max()):.1f} % of its strength"
    return (
        f"Pelvis held level, the lower back {level_words}; "
        f"at least effort, {float(free.min()):.1f} to {float(free.max()):.1f} %"
    )


def figure(model: bm.Model, ds: xr.Dataset, file: Path) -> None:
    """Draw the sweep with the weight over the mid-foot."""
    from biomech.view import load_chart
    from biomech.view.charts.drawing import save_png

    chart = load_chart(
        model,
        ds.sel(weight_shift=MIDDLE),
        x="foot_rotation",
        hue="knee_flexion",
        column="tilt_policy",
        hue_labels=KNEES,
        column_labels=PELVIS,
        x_label="turnout of each foot, deg",
        rows=ROWS,
        title=message(ds),
        reading="Standing on both feet, weight over the mid-foot.",
    )
    save_png(chart, file)


def main() -> None:
    """Run, print and draw."""
    parser = argparse.ArgumentParser(description="Who carries the load in turned-out feet and bent knees?")
    parser.add_argument(
        "--figure", type=Path, default=Path("out/turnout_and_knees.png"), help="where to draw the figure"
    )
    file = parser.parse_args().figure
    print("Sweeping 702 stances ...", flush=True)
    model = bm.load_model()
    ds = run(model)
    print(table(model, ds))
    print(ds.attrs["message"])
    print(f"largest equilibrium error {float(ds.equilibrium_residual.max()):.0e}", end=", ")
    print(f"duality gap {float(ds.duality_gap.max()):.0e}")
    figure(model, ds, file)
    print(f"figure: {file}")


if __name__ == "__main__":
    main()
