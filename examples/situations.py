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

import xarray as xr

import biomech as bm


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


def figure(model: bm.Model, answers: dict[str, xr.Dataset], file: Path) -> None:
    """Draw every scenario."""
    from biomech.view import situation_chart

    chart = situation_chart(
        model,
        answers,
        title="Who carries the load in the article's situations?\n"
        "light: range over the ways to hold the pelvis; hatched: beyond what the geometry is trusted for",
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    chart.savefig(file, dpi=110)


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
