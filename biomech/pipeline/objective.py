"""How effort is counted, validated: criterion, weights, strength rule, tone and the stiffness that is asked for."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biomech._arguments import is_masked, real_number, refusal, shown
from biomech.errors import StanceError
from biomech.model.mechanics.muscles import STRENGTHS
from biomech.model.model import Model
from biomech.model.required import require_statics
from biomech.model.roles import FLOATING
from biomech.pipeline.stance_batch import SharingObjective, StiffnessConstraint
from biomech.sharing import Criterion
from biomech.stance.labelled_values import by_name, is_number

Array = NDArray[np.float64]

#: N.m/rad: no margin is larger.
_STIFFEST = 1e5


def read_objective(
    model: Model,
    criterion: Criterion,
    weight: Mapping[str, float] | ArrayLike | None,
    strength: str,
    tone: Mapping[str, float] | None = None,
    stiffness_margin: Mapping[str, float] | None = None,
    short_range_stiffness: float = 10.0,
) -> SharingObjective:
    """Validate how effort is counted."""
    if not isinstance(model, Model):
        raise StanceError(f"model = {shown(model)}: must be a Model, see biomech.load_model")
    require_statics(model)
    if not isinstance(criterion, Criterion):
        raise StanceError(f"criterion = {shown(criterion)}: must be Power(p), SoftSaturation() or MinMax()")
    if not isinstance(strength, str) or strength not in STRENGTHS:
        raise StanceError(f"strength = {shown(strength)}: allowed is {', '.join(STRENGTHS)}")
    stiffness = _stiffness(model, stiffness_margin, short_range_stiffness)
    return SharingObjective(
        criterion, _weights(model, weight), strength == "force_length", _tones(model, tone), stiffness
    )


def read_ratio(ratio: float) -> float:
    """Validate ``short_range_stiffness``."""
    if not (is_number(ratio) and 0.0 <= ratio <= 1000.0):
        raise StanceError(f"short_range_stiffness = {shown(ratio)}: must be a number from 0 to 1000")
    return float(ratio)


def _stiffness(model: Model, margin: Mapping[str, float] | None, ratio: float) -> StiffnessConstraint | None:
    """Least stiffness of coordinates."""
    ratio = read_ratio(ratio)
    if margin is None:
        return None
    compiled = model.compiled()
    joints = [compiled.names.coordinates[row] for row in compiled.free if compiled.coordinates[row] not in FLOATING]
    margin = by_name("stiffness_margin", margin)
    if not isinstance(margin, Mapping) or not margin:
        raise StanceError(f"stiffness_margin = {shown(margin)}: must be a mapping of coordinates to N.m/rad, not empty")
    for name, value in margin.items():
        if name not in joints:
            near = difflib.get_close_matches(str(name), joints, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise StanceError(f"stiffness_margin: no joint moves by {name!r}{hint}; there are {', '.join(joints)}")
        if not (is_number(value) and abs(value) <= _STIFFEST):
            most = f"must be a number of at most {_STIFFEST:g} N.m/rad"
            raise StanceError(f"stiffness_margin[{name!r}] = {shown(value)}: {most}")
    return StiffnessConstraint({str(name): float(value) for name, value in margin.items()}, ratio)


def _tones(model: Model, tone: Mapping[str, float] | None) -> Array:
    """Least activation of every muscle."""
    tones = np.zeros(len(model.muscles))
    tone = by_name("tone", tone)
    if tone is not None and not isinstance(tone, Mapping):
        raise StanceError(f"tone = {shown(tone)}: must be a mapping of groups or muscles to activation")
    for name, value in (tone or {}).items():
        groups = model.groups
        members = groups[name] if name in groups else [m for m in model.muscles if fnmatchcase(m, name)]
        if not members:
            raise StanceError(f"tone: no group or muscle matches {name!r}; groups are {', '.join(groups)}")
        if not (is_number(value) and 0.0 <= value <= 1.0):
            raise StanceError(f"tone[{name!r}] = {shown(value)}: must be a number from 0 to 1")
        for member in members:
            row = model.muscles.index(member)
            tones[row] = max(tones[row], value)
    return tones


def _weights(model: Model, weight: Mapping[str, float] | ArrayLike | None) -> Array:
    """Weight of every muscle."""
    weights = np.ones(len(model.muscles))
    if weight is None:
        return weights
    weight = by_name("weight", weight)
    if not isinstance(weight, Mapping):
        given = _plain_numbers(weight)
        if given.shape != weights.shape or given.dtype.kind not in "iuf":
            raise StanceError(
                f"weight: has shape {given.shape}; must be numbers of shape {weights.shape}, or a mapping"
            )
        weight = dict(zip(model.muscles, given.tolist(), strict=True))
    for pattern, value in weight.items():
        rows = model.rows_matching("muscles", pattern)
        if not rows:
            raise StanceError(f"weight: no muscle or group matches {pattern!r}")
        weights[rows] = _positive(f"weight[{pattern!r}]", value)
    return weights


def _positive(name: str, value: object) -> float:
    try:
        number = real_number(name, value)
    except StanceError:
        number = np.nan
    if not number >= sys.float_info.min:
        raise refusal(name, value, "a positive number")
    return number


def _plain_numbers(weight: Any) -> NDArray[Any]:
    """Numbers in the order of the muscles."""
    if is_masked(weight):
        raise StanceError("weight: has masked entries; fill them, or give a mapping of the muscles that it is known of")
    try:
        return np.asarray(weight)
    except (TypeError, ValueError, OverflowError):
        raise StanceError(f"weight = {shown(weight)}: must be a mapping, or a number for every muscle") from None
