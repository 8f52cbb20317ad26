"""Small datasets for charts, made by formula: no change of the model changes a picture of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.style
import numpy as np
import xarray as xr

import biomech as bm
from biomech.article.hypotheses import HYPOTHESES
from biomech.article.verdicts import CONDITIONAL, CONTRADICTED, NO_EFFECT, SUPPORTED, UNDETERMINED
from biomech.view.charts.situations import GROUPS

#: Pictures of the charts without their words, and the words.
BASELINE = Path(__file__).parent / "baseline"
FEET, KNEES = np.arange(0.0, 61.0, 10.0), np.array([-10.0, 0.0, 30.0])
POLICIES = ["0", "least_effort"]
JOINTS = ["hip_r", "knee_r", "lumbosacral"]
LINES = {
    "x": "foot_rotation", "hue": "knee_flexion", "column": "tilt_policy", "x_label": "turnout, deg",
    "hue_labels": {-10.0: "pressed back", 0.0: "straight", 30.0: "bent"},
    "column_labels": {"0": "level", "least_effort": "least effort"},
    "rows": ["Lower back\n(lumbar extensors)", "Knee joint force"],
}  # fmt: skip


def swept() -> xr.Dataset:
    """Feet by knees by policies: past 30 deg not trusted, one posture not held."""
    feet, knees, policy, group = np.ix_(FEET / 60.0, KNEES / 30.0, [0.0, 1.0], np.arange(len(GROUPS)) / len(GROUPS))
    activation = 0.02 + 0.03 * (policy * (knees**2 + feet**3) + group * (1.0 + feet * knees))
    axes = np.ix_(FEET / 60.0, KNEES / 30.0, [0.0, 1.0], [1.0, 1.6, 0.8], [0.1, 1.0, 0.05])
    force = 400.0 * (1.0 + 0.3 * axes[1] * axes[0] + 0.2 * axes[2]) * axes[3] * axes[4]
    dims = ("foot_rotation", "knee_flexion", "tilt_policy")
    shape = activation.shape[:3]
    status, valid = np.zeros(shape, dtype=np.int8), np.broadcast_to((FEET <= 30.0)[:, None, None], shape)
    status[-1, 2, 1] = 1
    compression = xr.DataArray(force[..., 2, 1], dims=dims, attrs={"units": "N"})
    return xr.Dataset(
        {
            "group_activation": ((*dims, "group"), activation, {"units": "1"}),
            "joint_contact_force": ((*dims, "joint", "axis"), force, {"units": "N"}),
            "lumbar_compression": compression,
            "status": (dims, status),
        },
        {
            "foot_rotation": ("foot_rotation", FEET, {"units": "deg"}),
            "knee_flexion": ("knee_flexion", KNEES, {"units": "deg"}),
            "tilt_policy": POLICIES, "group": list(GROUPS.values()), "joint": JOINTS, "axis": ["x", "y", "z"],
            "valid": (dims, valid),
        },
    )  # fmt: skip


def fine() -> xr.Dataset:
    """A map of 13 by 9: not held in one corner, not trusted along one side."""
    feet, knees = np.linspace(0, 60, 13), np.linspace(-10, 30, 9)
    dims = ("foot_rotation", "knee_flexion")
    compression = 500.0 + 3.0 * feet[:, None] + 0.2 * (knees**2)[None, :]
    status = np.where((feet[:, None] > 45.0) & (knees[None, :] > 20.0), 1, 0)
    valid = np.broadcast_to((feet <= 40.0)[:, None], status.shape)
    return xr.Dataset(
        {"lumbar_compression": (dims, compression, {"units": "N"}), "status": (dims, status)},
        {"foot_rotation": feet, "knee_flexion": knees, "valid": (dims, valid)},
    )


def drawn() -> xr.Dataset:
    """Two stances under 101 draws, one of which is not held."""
    spread = np.linspace(-1.0, 1.0, 101)
    change = 0.01 * np.arange(-2.0, 3.0)[:, None] + 0.012 * spread
    activation = np.stack([np.full_like(change, 0.05), 0.05 + change]).transpose(0, 2, 1)
    status = np.zeros((2, 101), dtype=np.int8)
    status[1, 0] = 1
    return xr.Dataset(
        {"group_activation": (("stance", "sample", "group"), activation, {"units": "1"}),
         "status": (("stance", "sample"), status)},
        {"stance": ["soft", "pressed back"], "group": ["calf", "buttock", "belly", "quadriceps", "lower back"]},
    )  # fmt: skip


def answers() -> dict[str, xr.Dataset]:
    """Three situations: policies that differ, one that is not held, one that is not trusted."""
    ds = swept()
    return {
        "soft": ds.sel(foot_rotation=0.0, knee_flexion=30.0),
        "turned_out": ds.sel(foot_rotation=50.0, knee_flexion=0.0, tilt_policy="0"),
        "deep": ds.sel(foot_rotation=60.0, knee_flexion=30.0),
    }


def findings() -> list[bm.findings.Finding]:
    """A finding of most verdicts."""
    found = []
    for place, verdict in enumerate((SUPPORTED, SUPPORTED, CONDITIONAL, CONTRADICTED, NO_EFFECT, UNDETERMINED)):
        sentence = "The back works. " if place % 2 else "The front of the thigh works much more with both knees bent."
        hypothesis = dataclasses.replace(HYPOTHESES[0], text=sentence, direction=1.0)
        smallest, middle = hypothesis.measures[0].smallest, (3.0, 12.0, 2.0, -4.0, 0.1, 0.5)[place]
        columns = tuple(
            bm.findings.PolicyOutcome("a", (tuple(smallest * np.array(own)),), (1.0,), 1.0, 0.0, 0.0, 1.0, verdict,
                                      study=study)
            for own, study in (((middle - 1.0, middle, middle + 2.0), ""),
                               ((0.5 * middle, 0.8 * middle, 1.2 * middle), "somebody 2001"))
        )  # fmt: skip
        found.append(bm.findings.Finding(hypothesis, columns, verdict, ()))
    return found


def predictions() -> xr.Dataset:
    """Rows as of ``validate``: alike, unlike, outside, off the scale."""
    rows = ["standing", "rising", "climbing", "bending"]
    at = np.array([[1.0, 1.2, 0.6, 40.0], [1.0, 1.3, 0.5, 40.0], [1.0, 1.5, 0.7, 40.0]])[:, None, :]
    measured = np.array([2.5, 1.5, 600.0, 0.2])
    dims = ("variant", "tilt", "row")
    return xr.Dataset(
        {"predicted": (dims, at * measured), "lower": (dims, 0.8 * at * measured), "upper": (dims, 1.3 * at * measured),
         **dict.fromkeys(("measured", "measured_lower", "measured_upper"), ("row", measured))},
        {"variant": ["as_built", "with_pressure", "with_tone"], "tilt": ["0"], "row": rows,
         "unit": ("row", ["BW", "BW", "N", "BW"]), "group": ("row", ["hip", "hip", "spine", "knee"]),
         "label": ("row", [f"joint: {row}" for row in rows])},
    )  # fmt: skip


def curves() -> tuple[dict[str, tuple[np.ndarray, xr.DataArray, dict[str, str]]], dict[str, list[dict[str, str]]]]:
    """Strength over angle of three motions, and what people reach."""
    angles = np.linspace(-20.0, 60.0, 9)
    found = {}
    for name, most in (("hip extension", 300.0), ("knee flexion", 90.0), ("trunk flexion", 150.0)):
        moments = most * np.cos(np.radians(angles - 20.0))[:, None] * np.array([0.5, 0.5])
        found[name] = (angles, xr.DataArray(moments, dims=("pose", "muscle")), {"coordinate": "hip_flexion_r"})
    norms = [{"mean": "100", "angle": "0"}, {"mean": "160", "angle": ""}, {"mean": "200", "angle": "90"}]
    return found, {"hip extension": norms, "knee flexion": norms, "trunk flexion": norms[1:2]}


def draws() -> tuple[xr.DataArray, xr.Dataset]:
    """Draws that settle, and the indices of ten priors."""
    numbers = np.arange(1, 513)
    values = xr.DataArray(np.sin(numbers**2.0) - 2.0, dims="sample")
    names = ["strength", "riener_scale", *(f"prior_{k}" for k in range(8))]
    total = 0.5 / np.arange(1.0, 11.0)
    return values, xr.Dataset(
        {"first_order": ("prior", 0.7 * total - 0.05), "total_order": ("prior", total)}, {"prior": names}
    )


@cache
def model() -> bm.Model:
    """The body of which the weight is the unit of forces."""
    return bm.load_model("small")


def charts() -> dict[str, Callable[[], Any]]:
    """How each chart is drawn, by name."""
    view, own = bm.view, model()
    return {
        "loads": lambda: view.load_chart(own, swept(), title="The back follows the pelvis", **LINES),
        "situations": lambda: view.situation_chart(own, answers(), sections={
            "Standing": {"soft": "soft knees", "turned_out": "turned out"}, "Bending": {"deep": "squatting"}}),
        "findings": lambda: view.findings_chart(findings()),
        "convergence": lambda: view.convergence_chart(*draws(), label="quadriceps, points of activation"),
        "validation": lambda: view.validation_chart(predictions()),
        "strength": lambda: view.strength_chart(*curves()),
        "plot_lines": lambda: view.plot(swept(), "lumbar_compression", tilt_policy="least_effort"),
        "plot_groups": lambda: view.plot(swept(), "group_activation", tilt_policy="least_effort", knee_flexion=30.0),
        "plot_map": lambda: view.plot(fine(), "lumbar_compression"),
        "sharing": lambda: view.sharing_chart(swept(), foot_rotation=60.0, tilt_policy="least_effort"),
        "contrast": lambda: view.contrast_chart(drawn(), "soft", "pressed back"),
    }  # fmt: skip


def texts(figure: Any) -> list[tuple[Any, Any]]:
    """Everything that is written on a figure, and where (pixels)."""
    figure.draw_without_rendering()
    found = [own for own in figure.findobj(mpl.text.Text) if own.get_visible() and own.get_text().strip()]
    hidden = {id(own) for panel in figure.axes for own in _undrawn(panel)}
    return [(own, own.get_window_extent()) for own in found if id(own) not in hidden]


def _undrawn(panel: Any) -> Iterator[Any]:
    """Text of a panel that is not shown, or of ticks past its limits."""
    if not panel.get_visible():
        yield from panel.findobj(mpl.text.Text)
    for axis in (panel.xaxis, panel.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not (panel.axison and low - 1e-9 <= tick.get_loc() <= high + 1e-9):
                yield from (tick.label1, tick.label2)


def words(figure: Any) -> str:
    """What is written on a figure, a line each."""
    return "".join(f"{own.get_text()!r}\n" for own, _ in texts(figure))


def said(figure: Any, paragraph: int = 0) -> str:
    """The sentence above a figure, or how it is read, on one line."""
    return " ".join(figure.texts[paragraph].get_text().split())


if __name__ == "__main__":
    with mpl.style.context("default"):
        for name, draw in charts().items():
            (BASELINE / f"{name}.txt").write_text(words(draw()), encoding="utf-8")
