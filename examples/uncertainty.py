"""
How sure, and what drives it
============================

How sure is an answer, and what drives it? Hyperextended knees on the heels against soft knees.

Draws everything that is uncertain, prints the change of the quadriceps with its 90 % interval, and draws how the
interval settles and which priors it comes from.

::

    python examples/uncertainty.py [--samples N] [--figure FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import biomech as bm

STANCES = {
    "soft knees": {"pelvic_tilt": 0, "knee_flexion": 12, "trunk_lean": 5},
    "hyperextended": {"pelvic_tilt": 0, "knee_flexion": -8, "knee_laxity": 14, "weight_shift": 0.22, "trunk_lean": 5},
}
GROUP = {"group": "quadriceps"}


def main() -> None:
    """Draw, print and draw."""
    from biomech.view import convergence_chart
    from biomech.view.charts.drawing import save_png

    parser = argparse.ArgumentParser(description="How sure is an answer, and what drives it?")
    parser.add_argument("--samples", type=int, default=512)
    parser.add_argument("--figure", type=Path, default=Path("out/uncertainty.png"))
    options = parser.parse_args()
    model = bm.load_model()
    ds = bm.uncertainty.propagate(STANCES, model, samples=options.samples, variables=["group_activation"])
    quads = 100.0 * ds.group_activation.sel(GROUP)
    change = quads.sel(stance="hyperextended") - quads.sel(stance="soft knees")
    low, middle, high = bm.uncertainty.percentiles(change).values
    print(f"quadriceps, hyperextended less soft knees: {middle:+.1f} points of activation ({low:+.1f}..{high:+.1f})")
    indices = bm.uncertainty.sobol(STANCES, "group_activation", GROUP, model, samples=max(16, options.samples // 16))
    for name in indices.prior.values[indices.total_order.values.argsort()[::-1][:5]]:
        own = indices.sel(prior=name)
        print(f"  {name!s:24} first {float(own.first_order):.2f}, total {float(own.total_order):.2f}")
    label = "quadriceps, change in points of activation"
    save_png(convergence_chart(change, indices, label=label), options.figure)
    print(f"drawn: {options.figure}")


if __name__ == "__main__":
    main()
