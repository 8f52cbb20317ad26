"""The bodies of the article's page: the stances of every contrast, as answers that its sliders choose from.

All ways of standing come from one grid over feet, knees, weight and pelvis, so that a body can be taken from one
contrast to another; seated, the feet turn out step by step; what else is compared is a pair of stances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from biomech.analysis.sweep import sweep
from biomech.article.hypotheses import CONTRASTS
from biomech.model.model import Model
from biomech.stance.parameters import CHOICES, PARAMETERS

if TYPE_CHECKING:
    import xarray as xr

#: What the sliders of standing choose from: every contrast of standing is on it.
_STANDING: Mapping[str, list[float]] = {
    "foot_rotation": [0.0, 15.0, 30.0, 45.0, 65.0],
    "knee_flexion": [-8.0, -4.0, 0.0, 6.0, 12.0],
    "weight_shift": [0.22, 0.32, 0.42, 0.55],
}
#: Ways of holding the pelvis that standing is shown in.
_PELVIS = [0, "least_effort", "hanging", "passive"]
#: deg: the laxity of those whose knees go back, and of all others.
_LAX, _USUAL = 14.0, 5.0
_SEATED = "turnout_sitting"
_TURNED = [0.0, 10.0, 20.0, 35.0]


@dataclass(frozen=True)
class Shown:
    """A contrast on the page: which answer it is shown from, and which of its postures are the first and the second."""

    scene: str
    first: Mapping[str, int]
    second: Mapping[str, int]


def shown_stances(model: Model) -> tuple[dict[str, xr.Dataset], dict[str, Shown]]:
    """Answers by the name of their scene, and every contrast by its name."""
    scenes: dict[str, xr.Dataset] = {"standing": _standing(model), "sitting": _sitting(model)}
    contrasts: dict[str, Shown] = {}
    for name, contrast in CONTRASTS.items():
        stances = list(contrast.stances.values())
        if name == _SEATED:
            places = [_place({"foot_rotation": _TURNED}, own) for own in stances]
            contrasts[name] = Shown("sitting", *places)
        elif all(_stands(own) for own in stances):
            contrasts[name] = Shown("standing", *(_place(_STANDING, own) for own in stances))
        else:
            scenes[name] = _pair(model, contrast.stances)
            contrasts[name] = Shown(name, {"stance": 0}, {"stance": 1})
    return scenes, contrasts


def _stands(stance: Mapping[str, Any]) -> bool:
    """Whether a stance is one of the grid."""
    free = {*_STANDING, "pelvic_tilt", "friction", "knee_laxity"}
    return {*stance} <= free and stance["pelvic_tilt"] != "rhythm"


def _place(grid: Mapping[str, list[float]], stance: Mapping[str, Any]) -> dict[str, int]:
    """Where a stance is on a grid."""
    return {name: labels.index(float(stance.get(name, PARAMETERS[name].default))) for name, labels in grid.items()}


def _standing(model: Model) -> xr.Dataset:
    import xarray as xr

    knees = np.array(_STANDING["knee_flexion"])
    laxity = xr.DataArray(np.where(knees < 0.0, _LAX, _USUAL), coords={"knee_flexion": knees})
    asked: dict[str, Any] = {**_STANDING, "knee_laxity": laxity, "pelvic_tilt": _PELVIS}
    return sweep(model, **asked)


def _sitting(model: Model) -> xr.Dataset:
    stance = next(iter(CONTRASTS[_SEATED].stances.values()))
    return sweep(model, **{**stance, "foot_rotation": _TURNED})


def _pair(model: Model, stances: Mapping[str, Mapping[str, Any]]) -> xr.Dataset:
    """Two stances as one answer over ``stance``: what differs between them has a value for each."""
    names = dict.fromkeys(name for own in stances.values() for name in own)
    asked = {name: _both(list(stances), [own.get(name, _default(name)) for own in stances.values()]) for name in names}
    return sweep(model, **asked)


def _default(name: str) -> Any:
    return PARAMETERS[name].default if name in PARAMETERS else CHOICES[name].names[0]


def _both(labels: list[str], values: list[Any]) -> Any:
    """One value where both stances ask for the same, else one for each."""
    import xarray as xr

    arrays = [isinstance(own, xr.DataArray) for own in values]
    if any(arrays):
        first, second = values
        if first.equals(second):
            return first
        return xr.concat(values, "stance").assign_coords(stance=labels)
    if all(own == values[0] for own in values):
        return values[0]
    return xr.DataArray(values, coords={"stance": labels})
