"""
A walk from files to the force in the knee
==========================================

Three files of a public walk (a model of OpenSim, joint angles, force plates) become what each muscle gives and what the
knee bears, and that is laid beside what knees with instruments measured.

::

    python examples/walk_from_files.py [--figure FILE]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import xarray as xr

import biomech as bm

#: The folder of the examples; the gallery runs them in it, and does not say which it is.
_HERE = Path(globals().get("__file__", "here")).resolve().parent
#: Where the public files lie (``walk_10dof/CREDITS.md`` has their credits).
FILES = _HERE / "walk_10dof"
#: The largest force that a knee with instruments bore in level walking, in body weights: 2.61 in the mean of five
#: people (Kutzner et al. 2010, J Biomech 43:2164, abstract; from memory, high).
MEASURED = 2.61
#: N: a foot is on the ground.
ON_GROUND = 20.0
NAMES = {"gastroc": "calf, both joints", "hamstrings": "hamstrings", "vasti": "front of thigh", "soleus": "calf, ankle"}


@dataclass(frozen=True)
class Step:
    """One stance of the right foot: time in s, and by name what is looked at."""

    time: np.ndarray
    knee: np.ndarray
    forces: dict[str, np.ndarray]


def run(files: Path = FILES) -> xr.Dataset:
    """The three lines: a body, its motion, and what the ground gave."""
    model = bm.read_osim(files / "subject01.osim")
    angles, plates = files / "subject01_walk_IK.mot", files / "subject01_walk_grf.xml"
    return bm.static_optimization(model, angles, plates, inertia=True, lowpass=6.0, reserve=10.0)


def weight(files: Path = FILES) -> float:
    """Body weight, N."""
    return bm.read_osim(files / "subject01.osim").body_mass * 9.80665


def stance(ds: xr.Dataset, body_weight: float) -> Step:
    """The first stance of the right foot that was seen whole, in body weights."""
    ground = ds.ground_force.sel(foot="right", axis="y").values > ON_GROUND
    edges = np.flatnonzero(np.diff(ground.astype(int)))
    first, last = next((a + 1, b) for a, b in pairwise(edges) if ground[a + 1])
    part = ds.isel(time=slice(first, last + 1))
    forces = {words: part.muscle_force.sel(muscle=f"{name}_r").values / body_weight for name, words in NAMES.items()}
    return Step(part.time.values, part.joint_compression.sel(joint="knee_r").values / body_weight, forces)


def peaks(step: Step) -> tuple[float, float]:
    """The largest force in the knee in the first and in the second half of stance, body weights."""
    half = len(step.knee) // 2
    return float(step.knee[:half].max()), float(step.knee[half:].max())


def message(step: Step) -> str:
    """What the knee bears, and how far that is from what was measured in people."""
    early, late = peaks(step)
    return (
        f"The knee bears {early:.1f} body weights as the foot takes over and {late:.1f} before it leaves; "
        f"in people {MEASURED:.1f} were measured at most"
    )


def figure(step: Step, file: Path) -> None:
    """Knee force and the muscles that press on it, over the stance."""
    import matplotlib.pyplot as plt

    from biomech.view.charts.colours import CATEGORIES, INK, MUTED
    from biomech.view.charts.drawing import SMALL, TEXT, WIDTH, headline, save_png, tidy

    chart, panel = plt.subplots(figsize=(WIDTH, 4.0), layout="constrained")
    reading = (
        "Right leg from heel strike to toe off. Inverse dynamics and static optimisation of a planar body with nine "
        "lumped muscles a leg, made for demonstrations. The second peak is the two-joint calf's; no knee with "
        "instruments bore as much in walking."
    )
    headline(chart, message(step), reading)
    share = 100.0 * (step.time - step.time[0]) / (step.time[-1] - step.time[0])
    panel.plot(share, step.knee, color=INK, linewidth=2.6, label="compression of the knee")
    for (words, values), colour, dash in zip(step.forces.items(), CATEGORIES, ("-", "--", "-.", ":"), strict=False):
        panel.plot(share, values, dash, color=colour, linewidth=1.8, label=words)
    panel.axhline(MEASURED, color=MUTED, linewidth=1.0, linestyle=(0, (1, 2)))
    panel.annotate("measured, largest in the mean of five people", (30.0, MEASURED), (6, 4), textcoords="offset points",
                   fontsize=SMALL, color=MUTED)  # fmt: skip
    panel.legend(fontsize=SMALL, frameon=False, loc="upper left", bbox_to_anchor=(0.3, 1.0))
    panel.set(xlim=(0, 100), ylim=(0, None))
    panel.set_xlabel("stance, %", fontsize=TEXT)
    panel.set_ylabel("force, body weights", fontsize=TEXT)
    panel.tick_params(labelsize=SMALL)
    tidy(panel)
    save_png(chart, file)


def main() -> None:
    """Read, share, print and draw."""
    parser = argparse.ArgumentParser(description="What does the knee bear in a public walk?")
    parser.add_argument("--figure", type=Path, default=Path("out/walk_from_files.png"))
    options = parser.parse_args()
    ds = run()
    step = stance(ds, weight())
    print(f"{ds.sizes['time']} frames: {ds.attrs['message']}")
    print(message(step))
    lost = np.abs(ds.reserve_moment.sel(coordinate=["hip_flexion_r", "knee_angle_r", "ankle_angle_r"])).max()
    print(f"what muscles of the leg did not give: {float(lost):.1f} N.m at most")
    figure(step, options.figure)
    print(f"drawn: {options.figure}")


if __name__ == "__main__":
    main()
