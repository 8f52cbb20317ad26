"""
The article's situations side by side
=====================================

The article's situations side by side: who carries the load in each, and what the joints bear.

Runs every scenario of ``biomech.scenarios``, prints what one would feel under one's hands against each one's
contrast, and draws all of them in one figure.

::

    python examples/situations.py [--figure FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

import biomech as bm
from biomech.view.charts.situations import GROUPS

#: The figure's headings and words.
SECTIONS = {
    "Standing": {
        "parallel_standing": "feet parallel",
        "turned_out_standing": "feet turned out",
        "hyperextended_on_heels": "knees back, heels",
        "soft_knees_mid_foot": "soft knees, mid-foot",
        "soft_knees_forward": "soft knees, forward",
    },
    "Sitting": {
        "parallel_sitting": "feet parallel",
        "turned_out_sitting": "feet turned out",
        "slumped_sitting": "slumped",
    },
    "Slow walking, on one leg": {
        "walking_mid_stance_soft": "soft knee",
        "walking_mid_stance_straight": "straight knee",
        "walking_mid_stance_hyperextended": "knee pressed back",
    },
    "Slow walking, on both feet": {
        "walking_double_support_soft": "soft knees",
        "walking_double_support_straight": "straight knees",
        "walking_double_support_hyperextended": "knees pressed back",
    },
    "Slopes and stairs": {"uphill": "uphill", "downhill": "downhill", "stair_ascent": "climbing a stair"},
    "Bending and rising": {
        "lean": "leaning over a table",
        "sit_to_stand": "rising from a chair",
        "stoop": "stooping",
        "squat": "squatting",
    },
}


def run(model: bm.Model) -> dict[str, xr.Dataset]:
    """Every scenario."""
    return {name: bm.scenarios.run(name, model) for name in bm.scenarios.SCENARIOS}


def table(model: bm.Model) -> str:
    """Tone of palpable groups in % of strength, and in brackets the change against the contrast, over policies."""
    groups = ("lumbar_extensors", "gluteus_maximus", "quadriceps", "plantarflexors")
    room = max(map(len, bm.scenarios.SCENARIOS)) + 1
    lines = [f"{'':{room}}" + "".join(f"{bm.scenarios.PALPABLE[g].split(',')[0]:>22}" for g in groups) + "  against"]
    for name, scenario in bm.scenarios.SCENARIOS.items():
        felt = bm.scenarios.feel(name, model)
        cells = ""
        for group in groups:
            tone, change = felt.tone.sel(group=group), felt.change.sel(group=group)
            cells += f"{_path_segment(tone):>10} {'(' + _path_segment(change, '+') + ')':>11}"
        lines.append(f"{name:{room}}{cells}  {scenario.contrast}")
    return "\n".join(lines)


def _path_segment(values: xr.DataArray, sign: str = "") -> str:
    """Least to most over the policies of tilt."""
    low, high = (f"{float(v):{sign}.0f}".replace("-0", "0").replace("+0", "0") for v in (values.min(), values.max()))
    return low if low == high else f"{low}..{high}"


def message(answers: dict[str, xr.Dataset]) -> str:
    """What the figure says, from its numbers: the most that standing asks of any group, and the most that all do."""
    groups = list(GROUPS.values())
    hardest = {name: ds.group_activation.where(ds.status == 0).sel(group=groups).max() for name, ds in answers.items()}
    stand = max(SECTIONS["Standing"], key=lambda name: float(hardest[name]))
    most = max(hardest, key=lambda name: float(hardest[name]))
    limit = np.ceil(100 * float(hardest[stand]))
    words = next(own[most] for own in SECTIONS.values() if most in own)
    return (
        f"Of {len(SECTIONS['Standing'])} ways to stand none takes more than {limit:.0f} % of a group's "
        f"strength; {words} takes {100 * float(hardest[most]):.0f} %"
    )


def figure(model: bm.Model, answers: dict[str, xr.Dataset], file: Path) -> None:
    """Draw every scenario."""
    from biomech.view import situation_chart
    from biomech.view.charts.drawing import save_png

    chart = situation_chart(model, answers, title=message(answers), sections=SECTIONS)
    save_png(chart, file)


def main() -> None:
    """Run, print and draw."""
    parser = argparse.ArgumentParser(description="Who carries the load in the article's situations?")
    parser.add_argument("--figure", type=Path, default=Path("out/situations.png"), help="where to draw the figure")
    options = parser.parse_args()
    model = bm.load_model()
    answers = run(model)
    print(table(model))
    figure(model, answers, options.figure)
    print(f"\ndrawn: {options.figure}")


if __name__ == "__main__":
    main()
