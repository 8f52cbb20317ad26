"""
A leg without a calf: standing on a prosthesis
==============================================

A below-knee amputee has no muscle under the left knee, and a foot that is fixed to the shank. What does standing on
that leg ask of the muscles above?

The body is made of the adult: the muscles that cross the ankle are taken away, ankle and subtalar joint are held by the
prosthesis, shank and foot are as light as one. Nobody's leg in particular: masses are judgments, the socket is rigid.

::

    python examples/below_knee_amputee.py [--figure FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

import biomech as bm

#: Muscles that end below the knee and cross the ankle.
CALF = (
    "*_gas_l",
    "soleus_l",
    "tib_ant_l",
    "tib_post_l",
    "per_*_l",
    "flex_dig_l",
    "flex_hal_l",
    "ext_dig_l",
    "ext_hal_l",
)
HELD = ("ankle_angle_l", "subtalar_angle_l")
#: kg: a stump with socket and pylon, and a foot (judgment; low).
MASSES = {"tibia_l": 1.8, "talus_l": 0.05, "calcn_l": 0.8, "toes_l": 0.05}
KNEES, PLACES = np.arange(-4.0, 20.1, 2.0), (0.15, 0.42)


def with_prosthesis(model: bm.Model) -> bm.Model:
    """The body with a left leg that ends below the knee and stands on a prosthesis."""
    body = model.without(CALF)
    table = body.tables["coordinates"]
    held = ["held" if name in HELD else how for name, how in zip(table.rows, table.text("stance"), strict=True)]
    tables = {**body.tables, "coordinates": table.with_column("stance", tuple(held))}
    body = bm.Model("adult with a prosthesis below the left knee", tables, body.roles)
    return body.replace({f"segments/{segment}/mass": mass for segment, mass in MASSES.items()})


def run(model: bm.Model) -> xr.Dataset:
    """Both bodies on the left leg, over knee bend and the place of the weight along the foot."""
    stance = {"support": "left", "pelvic_tilt": 0, "knee_flexion": KNEES, "weight_shift": PLACES}
    kept = ["group_activation", "joint_compression", "lumbar_compression"]
    bodies = {"with a calf": model, "prosthesis": with_prosthesis(model)}
    answers = [bm.sweep(body, variables=kept, **stance) for body in bodies.values()]
    whole = [own.drop_sel(group=[g for g in own.group.values if g not in answers[1].group]) for own in answers]
    return xr.concat(whole, xr.DataArray(list(bodies), dims="leg", name="leg"), combine_attrs="drop")


def hip(ds: xr.Dataset) -> xr.DataArray:
    """Compression of the hip that is stood on, N."""
    return ds.joint_compression.sel(joint="hip_l").where(ds.status == 0)


def message(ds: xr.Dataset) -> str:
    """What a straight knee costs, and what mends it."""
    own = hip(ds).sel(weight_shift=0.42)
    calf, none, bent = (
        float(own.sel(leg=leg, knee_flexion=knee))
        for leg, knee in (("with a calf", 0.0), ("prosthesis", 0.0), ("prosthesis", 10.0))
    )
    return (
        f"On a straight leg without a calf the hip bears {none:,.0f} N, not {calf:,.0f}; "
        f"with the knee bent 10 deg {bent:,.0f} N"
    )


def figure(ds: xr.Dataset, file: Path) -> None:
    """Hip compression over knee bend, a line for each leg and place of the weight."""
    import matplotlib.pyplot as plt

    from biomech.view.charts.colours import BROWN, NAVY
    from biomech.view.charts.drawing import SMALL, TEXT, WIDTH, headline, save_png, tidy

    chart, panel = plt.subplots(figsize=(WIDTH, 4.0), layout="constrained")
    reading = (
        "Compression of the left hip, standing on the left leg. Solid: the weight where people stand; dashed: over the "
        "ankle. In front of a straight knee the weight presses it back; what the calf held, the hamstrings hold, and "
        "the hip flexors hold what those do to the hip."
    )
    headline(chart, message(ds), reading)
    for leg, colour in (("with a calf", NAVY), ("prosthesis", BROWN)):
        for place, dash in ((0.42, "-"), (0.15, "--")):
            own = hip(ds).sel(leg=leg, weight_shift=place)
            panel.plot(own.knee_flexion, own, dash, color=colour, linewidth=1.8)
            if place == 0.42:
                top = own.sel(knee_flexion=0)
                panel.annotate(leg, (0.0, float(top)), (6, 6), textcoords="offset points", color=colour, fontsize=TEXT)
    panel.set_xlabel("knee bent, deg (pressed back negative)", fontsize=TEXT)
    panel.set_ylabel("hip compression, N", fontsize=TEXT)
    panel.set_ylim(0.0)
    panel.tick_params(labelsize=SMALL)
    tidy(panel)
    save_png(chart, file)


def table(ds: xr.Dataset) -> str:
    """Who holds the straight leg, in percent of strength, and what hip and lower back bear."""
    groups = {"hamstrings": "hamstrings", "hip_flexors": "hip flexors", "gluteus_medius": "side of the hip"}
    lines = [
        f"{'knee straight':26}"
        + "".join(f"{words:>17}" for words in groups.values())
        + f"{'hip, N':>9}{'L5/S1, N':>10}"
    ]
    for leg in ds.leg.values:
        for place in PLACES:
            own = ds.sel(leg=leg, weight_shift=place, knee_flexion=0)
            cells = "".join(f"{100 * float(own.group_activation.sel(group=group)):17.1f}" for group in groups)
            forces = f"{float(own.joint_compression.sel(joint='hip_l')):9.0f}{float(own.lumbar_compression):10.0f}"
            lines.append(f"{leg}, weight at {place:4.2f}".ljust(26) + cells + forces)
    return "\n".join(lines)


def main() -> None:
    """Ask, print and draw."""
    parser = argparse.ArgumentParser(description="What does standing on a prosthesis ask of the muscles above?")
    parser.add_argument("--figure", type=Path, default=Path("out/below_knee_amputee.png"))
    options = parser.parse_args()
    ds = run(bm.load_model())
    print(message(ds))
    print(table(ds))
    figure(ds, options.figure)
    print(f"drawn: {options.figure}")


if __name__ == "__main__":
    main()
