"""The figure of a person around the segments: rings of ellipses, in the segments' own axes, drawn by us.

Nothing here is mechanics: a quiet shape by which one recognises thigh and foot. It follows the model's own lengths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from biomech.model.model import Model
from biomech.model.roles import THIGHS

#: Rings of a part, from one end to the other: place along it, centre in the two directions across (the first forward or
#: up, the second outward), and half its thickness in both; metres on a body of the lengths in ``_USUAL``.
Rings = tuple[tuple[float, float, float, float, float], ...]

_THIGH: Rings = (
    (0.030, 0.000, -0.004, 0.070, 0.060), (-0.010, 0.000, -0.006, 0.086, 0.078), (-0.070, 0.003, -0.008, 0.090, 0.081),
    (-0.160, 0.006, -0.006, 0.083, 0.075), (-0.260, 0.006, -0.003, 0.068, 0.061), (-0.340, 0.002, 0.000, 0.057, 0.054),
    (-0.390, 0.002, 0.000, 0.056, 0.053), (-0.425, 0.002, 0.000, 0.048, 0.047),
)  # fmt: skip
_SHANK: Rings = (
    (0.025, 0.002, 0.000, 0.047, 0.047), (-0.020, 0.000, 0.000, 0.054, 0.051), (-0.070, -0.006, 0.001, 0.055, 0.052),
    (-0.130, -0.014, 0.001, 0.057, 0.053), (-0.200, -0.012, 0.001, 0.051, 0.046), (-0.290, -0.005, 0.000, 0.039, 0.036),
    (-0.370, -0.002, 0.000, 0.033, 0.031), (-0.425, -0.003, 0.000, 0.036, 0.034), (-0.455, -0.004, 0.000, 0.035, 0.032),
)  # fmt: skip
_FOOT: Rings = (
    (-0.012, 0.016, 0.000, 0.022, 0.019), (0.004, 0.018, 0.000, 0.033, 0.029), (0.030, 0.024, 0.000, 0.040, 0.033),
    (0.060, 0.030, 0.001, 0.046, 0.034), (0.095, 0.024, 0.002, 0.040, 0.037), (0.130, 0.012, 0.003, 0.028, 0.042),
    (0.165, 0.004, 0.003, 0.020, 0.047), (0.195, 0.000, -0.002, 0.016, 0.046), (0.222, -0.003, -0.008, 0.012, 0.039),
    (0.240, -0.006, -0.014, 0.009, 0.027),
)  # fmt: skip
_PELVIS: Rings = (
    (-0.150, -0.082, 0.000, 0.050, 0.085), (-0.120, -0.085, 0.000, 0.088, 0.142), (-0.070, -0.087, 0.000, 0.109, 0.168),
    (-0.020, -0.085, 0.000, 0.107, 0.166), (0.030, -0.080, 0.000, 0.096, 0.154), (0.075, -0.080, 0.000, 0.086, 0.140),
    (0.110, -0.081, 0.000, 0.081, 0.133),
)  # fmt: skip
_TRUNK: Rings = (
    (-0.030, 0.018, 0.000, 0.080, 0.134), (0.020, 0.019, 0.000, 0.080, 0.131), (0.080, 0.021, 0.000, 0.084, 0.133),
    (0.160, 0.022, 0.000, 0.097, 0.146), (0.240, 0.019, 0.000, 0.108, 0.160), (0.310, 0.011, 0.000, 0.106, 0.170),
    (0.360, 0.002, 0.000, 0.092, 0.174), (0.395, -0.006, 0.000, 0.075, 0.155), (0.420, -0.010, 0.000, 0.062, 0.115),
    (0.440, -0.010, 0.000, 0.054, 0.074), (0.465, -0.004, 0.000, 0.051, 0.054), (0.520, 0.010, 0.000, 0.050, 0.050),
)  # fmt: skip
_HEAD: Rings = (
    (0.497, 0.050, 0.000, 0.026, 0.024), (0.512, 0.043, 0.000, 0.045, 0.038), (0.545, 0.032, 0.000, 0.073, 0.056),
    (0.590, 0.025, 0.000, 0.090, 0.070), (0.640, 0.017, 0.000, 0.099, 0.077), (0.685, 0.011, 0.000, 0.090, 0.071),
    (0.712, 0.009, 0.000, 0.071, 0.057), (0.727, 0.008, 0.000, 0.049, 0.040), (0.7345, 0.008, 0.000, 0.022, 0.018),
)  # fmt: skip
_NOSE: Rings = (
    (0.096, 0.600, 0.000, 0.024, 0.013), (0.113, 0.594, 0.000, 0.020, 0.012), (0.127, 0.587, 0.000, 0.010, 0.008),
)  # fmt: skip

#: The rim of the pelvis on its right side, from the sacrum over crest, spine and socket to the pubis, m.
_RIM = ((-0.095, 0.070, 0.000), (-0.090, 0.092, 0.085), (-0.045, 0.085, 0.125), (0.000, 0.000, 0.118),
        (-0.030, -0.045, 0.085), (-0.012, -0.085, 0.012))  # fmt: skip

#: By segment: along which axis its rings lie, and the rings.
_PARTS: Mapping[str, tuple[str, Rings]] = {
    "pelvis": ("y", _PELVIS),
    "torso": ("y", _TRUNK),
    "femur": ("y", _THIGH),
    "tibia": ("y", _SHANK),
    "calcn": ("x", _FOOT),
}
#: Lengths of the body that the rings are drawn for, m.
_USUAL = {"pelvis": 0.0835, "torso": 0.3715, "femur": 0.396, "tibia": 0.43, "calcn": 0.247}
#: Shoulders of that body: outward of the spine, and lengths of upper arm, forearm and hand.
_ARM = {"outward": 0.192, "upper": 0.285, "fore": 0.25, "hand": 0.17}


def figure_of(model: Model, ends: Mapping[str, list[tuple[str, np.ndarray]]]) -> dict[str, Any]:
    """Parts of skin and bone by segment, and the arms.

    ``ends``: of each segment, by its role, the segments that it carries and where (m, in its axes).
    """
    sizes = {name: _size(model, name, ends) for name in ends}
    skin: list[dict[str, Any]] = []
    for name in ends:
        kind, side = _kind(name)
        if kind in _PARTS:
            axis, rings = _PARTS[kind]
            skin.append(_part(name, axis, rings, sizes[name], side))
        if kind == "torso":
            skin += [_part(name, "y", _HEAD, sizes[name], 1.0), _part(name, "x", _NOSE, sizes[name], 1.0)]
    bones = [bone for name in ends for bone in _bones(model, name, ends[name], sizes[name])]
    return {"skin": skin, "bones": bones, "arms": _arms(model, sizes)}


def _kind(segment: str) -> tuple[str, float]:
    """What a segment is, and whether outward is to the right (1) or to the left (-1)."""
    base, _, side = segment.rpartition("_")
    if side in ("r", "l") and base:
        return base, 1.0 if side == "r" else -1.0
    return segment, 1.0


def _size(model: Model, segment: str, ends: Mapping[str, list[tuple[str, np.ndarray]]]) -> float:
    """How large a part is beside the usual one."""
    kind, _ = _kind(segment)
    usual = _USUAL.get(kind)
    if usual is None:
        return 1.0
    if kind == "calcn":
        return model.value("settings/toe_tip") / usual
    if kind == "torso":
        return model.value("settings/shoulder_y") / usual
    if kind == "pelvis":
        beside = [abs(place[2]) for _, place in ends[segment] if abs(place[2]) > 0.01]
        return beside[0] / usual if beside else 1.0
    return float(np.linalg.norm(ends[segment][0][1])) / usual if ends[segment] else 1.0


def _part(segment: str, axis: str, rings: Rings, size: float, side: float) -> dict[str, Any]:
    told = [[size * own for own in (s, one, side * other, a, b)] for s, one, other, a, b in rings]
    return {"segment": segment, "axis": axis, "rings": [[round(own, 5) for own in ring] for ring in told]}


def _bones(model: Model, name: str, carried: list[tuple[str, np.ndarray]], size: float) -> Iterator[dict[str, Any]]:
    """Bones of a segment, from place to place: to the joints that it carries, and what a trunk has besides."""
    start, kind = np.zeros(3), _kind(name)[0]
    if kind == "pelvis":
        for side in (1.0, -1.0):
            rim = size * np.array(_RIM) * [1.0, 1.0, side]
            for one, other in pairwise(rim):
                yield _bone(name, one, other, 0.007)
        return
    for _, place in carried:
        if np.linalg.norm(place) > 0.03:
            yield _bone(name, start, place, 0.011)
    if kind == "torso":
        top = size * np.array([0.0, 0.42, 0.0])
        yield _bone(name, start, top, 0.011)
        for side in (1.0, -1.0):
            shoulder = [model.value("settings/shoulder_x"), model.value("settings/shoulder_y"), side * size * 0.17]
            yield _bone(name, 0.94 * top, np.array(shoulder), 0.007)


def _bone(segment: str, one: np.ndarray, other: np.ndarray, radius: float) -> dict[str, Any]:
    return {"segment": segment, "from": _listed(one), "to": _listed(other), "radius": radius}


def _arms(model: Model, sizes: Mapping[str, float]) -> dict[str, Any] | None:
    """Shoulders in the torso's axes, lengths of the arms, and where hands rest on the thighs.

    None without a torso, nor where arms weigh nothing beside the segments: they are segments then, if there are any.
    """
    if "torso" not in sizes or model.value("settings/arms_mass") == 0.0:
        return None
    x, y = (model.value(f"settings/shoulder_{axis}") for axis in "xy")
    size = sizes["torso"]
    hand = [model.value(f"settings/hand_rest_{axis}") for axis in "xy"]
    return {
        "shoulders": [[x, y, side * size * _ARM["outward"]] for side in (1.0, -1.0)],
        "lengths": [size * _ARM[name] for name in ("upper", "fore", "hand")],
        "thighs": [{"segment": name, "at": [*hand, 0.0]} if name in sizes else None for name in THIGHS],
    }


def _listed(place: np.ndarray) -> list[float]:
    return [round(float(own), 5) for own in place]
