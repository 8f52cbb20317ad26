"""Every way of holding the pelvis beside changes of tilt, and a sway, that were measured on people.

A policy predicts a change of tilt under draws of everything uncertain. It is told how far its middle is off, whether
what was measured lies inside its 90 % interval, and the interval score (Gneiting & Raftery 2007, eq. 43), in degrees:
the width of the interval, and 20 times what the measured value lies outside of it; less is better. Being inside alone
would reward width. Where a source gives the sign alone the share of draws of that sign is told, and no score. A study
counts once, however many of its changes are scored. A policy whose change is given predicts nothing, and is scored to
compare with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import entries, finite_array, instance, one_of, whole_number
from biomech.analysis.output.pose import pose
from biomech.analysis.progress import read_progress
from biomech.analysis.sweep import sweep
from biomech.article.evidence import MeasuredTilt, measured_tilts
from biomech.article.interval_scores import interval_score
from biomech.model.catalog import load_model
from biomech.model.model import Model
from biomech.uncertainty.priors import MOST_SEED
from biomech.uncertainty.propagation import propagate

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["GIVEN", "POLICIES", "PolicyScore", "Sway", "mean_score", "predicted_sway", "score_policies"]

Array = NDArray[np.float64]

#: Policies that are scored, and in plain words.
POLICIES: Mapping[str, str] = {
    "0": "pelvis held level",
    "least_effort": "least effort",
    "hanging": "hanging in the hips",
    "passive": "where the passive tissue rests",
}
#: Policies whose change is none by assignment.
GIVEN = ("0",)
_ENDS = (5.0, 50.0, 95.0)
#: Park et al. 2022: mean knee angle of those who hyperextend (deg), gravity line to hip centre and its SD (m).
HYPEREXTENDED, SWAY, SWAY_SD = -5.6, -0.0251, 0.0271
#: deg: laxity of knees that hyperextend, as in the hypotheses.
_LAX = 14.0


@dataclass(frozen=True)
class PolicyScore:
    """A policy beside a measured change of tilt (deg).

    ``interval``: 5, 50 and 95 % of draws; ``error``: middle less measured; ``same_sign``: share of draws that go the
    measured way, None where people did not change; ``inside`` and ``score``: None where the sign alone is known;
    ``lost``: share of draws that cannot be held.
    """

    measured: MeasuredTilt
    policy: str
    interval: tuple[float, float, float]
    error: float
    same_sign: float | None
    inside: bool | None
    score: float | None
    lost: float


@dataclass(frozen=True)
class Sway:
    """Where the gravity line passes the hip centre (m, forward positive), and the trunk's lean (deg)."""

    policy: str
    offset: float
    lean: float
    tilt: float


def score_policies(
    model: Model | None = None, *, samples: int = 256, seed: int = 0, progress: bool | None = None
) -> list[PolicyScore]:
    """Score every policy against every change of tilt that was measured.

    Parameters
    ----------
    model : Model, optional
        The body; the built-in adult.
    samples, seed, progress
        As in ``propagate``.

    Returns
    -------
    list of PolicyScore
        Policies within each measured change.

    Examples
    --------
    >>> from biomech.article.policy_scores import score_policies
    >>> [own.error for own in score_policies(samples=8) if own.policy == "0" and own.measured.name == "bend_15"]
    [0.0]
    """
    body = load_model() if model is None else instance("model", model, Model, "a Model, or None")
    samples, seed = whole_number("samples", samples, 2, 2**24), whole_number("seed", seed, 0, MOST_SEED)
    shown = read_progress(progress)
    found = []
    for measured in measured_tilts():
        ways = {"pelvic_tilt": [0 if name == "0" else name for name in POLICIES]}
        stances = {end: {**ways, measured.parameter: getattr(measured, end)} for end in ("first", "second")}
        ds = propagate(stances, body, samples=samples, seed=seed, variables=["pelvic_tilt", "status"], progress=shown)
        change = (ds.pelvic_tilt.isel(stance=1) - ds.pelvic_tilt.isel(stance=0)).where((ds.status == 0).all("stance"))
        found += [_score(measured, name, change.isel(tilt_policy=i).values) for i, name in enumerate(POLICIES)]
    return found


def _score(measured: MeasuredTilt, policy: str, change: Array) -> PolicyScore:
    """One policy beside one measured change."""
    held = finite_array("change", change[np.isfinite(change)])
    if not len(held):
        return PolicyScore(measured, policy, (np.nan,) * 3, np.nan, None, None, None, 1.0)
    low, middle, high = (float(end) for end in np.percentile(held, _ENDS))
    known = measured.size != "sign"
    return PolicyScore(
        measured,
        policy,
        (low, middle, high),
        middle - measured.mean,
        float((np.sign(held) == np.sign(measured.mean)).mean()) if measured.mean else None,
        low <= measured.mean <= high if known else None,
        interval_score(low, high, measured.mean) if known else None,
        float(1.0 - len(held) / len(change)),
    )


def mean_score(scores: Iterable[PolicyScore], policy: str) -> float:
    """The mean interval score of a policy: over the changes of a study, then over the studies.

    Parameters
    ----------
    scores : iterable of PolicyScore
        As ``score_policies`` returns.
    policy : str
        A name of ``POLICIES``.

    Returns
    -------
    float
        Degrees, less is better; NaN where nothing was scored.

    Examples
    --------
    >>> from biomech.article.policy_scores import mean_score, score_policies
    >>> mean_score(score_policies(samples=8), "0")  # of Lee 2013 no change, of the dancers 3.19 and 5.34 deg
    42.65
    """
    allowed = "a list of PolicyScore, as score_policies returns"
    policy = one_of("policy", policy, POLICIES)
    studies: dict[str, list[float]] = {}
    for own in (instance("scores", own, PolicyScore, allowed) for own in entries("scores", scores, allowed)):
        if own.policy == policy and own.score is not None:
            studies.setdefault(own.measured.study, []).append(own.score)
    return float(np.mean([np.mean(found) for found in studies.values()])) if studies else float("nan")


def predicted_sway(model: Model | None = None) -> list[Sway]:
    """Where the gravity line passes the hips: of straight knees, and of hyperextended ones upright and by sway.

    Examples
    --------
    >>> from biomech.article.policy_scores import predicted_sway
    >>> straight, upright, by_sway, *_ = predicted_sway()
    >>> by_sway.offset < upright.offset
    True
    """
    body = load_model() if model is None else instance("model", model, Model, "a Model, or None")
    knees: dict[str, Any] = {"knee_flexion": HYPEREXTENDED, "knee_laxity": _LAX}
    ways: dict[str, dict[str, Any]] = {
        "straight knees, upright, pelvis level": {"pelvic_tilt": 0.0},
        "hyperextended, upright, pelvis level": {"pelvic_tilt": 0.0, **knees},
        "hyperextended, hanging by sway, pelvis level": {"pelvic_tilt": 0.0, "trunk_lean": "hanging_sway", **knees},
        "hyperextended, upright, pelvis at least effort": {"pelvic_tilt": "least_effort", **knees},
        "hyperextended, upright, pelvis hanging": {"pelvic_tilt": "hanging", **knees},
    }
    return [_sway(body, name, sweep(body, **stance)) for name, stance in ways.items()]


def _sway(model: Model, name: str, ds: xr.Dataset) -> Sway:
    """Offset of the whole body's centre of mass from the hip centres."""
    place = model.kinematics(pose(ds))
    centre = place.body_centre.sel(axis="x")
    hips = sum(place.origin.sel(axis="x", segment=f"femur_{side}") for side in ("r", "l")) / 2.0
    held = int(ds.status) == 0
    return Sway(
        name,
        float((centre - hips).squeeze()) if held else np.nan,
        float(ds.trunk_lean) if "trunk_lean" in ds else 0.0,
        float(ds.pelvic_tilt),
    )
