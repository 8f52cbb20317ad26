"""Angles that nobody gives are found, each by the policy that its stance asks for.

Policies stand in files of their own (``registry``). An angle may depend on another that is found too; then they are
found in turn until they move no more.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.pipeline.stance_batch import SharingObjective
from biomech.policies.base import DETAILS, PRESCRIBED, Finding, Policy
from biomech.policies.registry import UNSETTLED, policy_of
from biomech.policies.search.bracketing import MINIMA
from biomech.stance.parameters import WITH_POLICY
from biomech.stance.stance import Stance

Array = NDArray[np.float64]
Index = NDArray[np.int64]

#: A knee and the tilt that depends on it are found in turn until they move less than this (deg).
_SETTLED, _ROUNDS = 1e-6, 20
#: The field of ``PolicyResult`` that has the status of an angle.
_STATUS = {"pelvic_tilt": "tilt_status", "trunk_lean": "lean_status", "knee_flexion": "knee_status"}


@dataclass(frozen=True)
class PolicyResult:
    """What policies found, per stance; ``PRESCRIBED`` and NaN where there was none to follow.

    ``lean`` (stance,) and ``knee`` (stance, 2) in deg; a status for each and for the tilt; ``minimum`` and ``interval``
    of the least effort; ``hanging_moment`` (stance,) N.m is what is left of the moment where pelvis or trunk hangs.
    """

    tilt_status: NDArray[np.int8]
    minimum: Array
    interval: Array
    hanging_moment: Array
    lean: Array
    lean_status: NDArray[np.int8]
    knee: Array
    knee_status: NDArray[np.int8]

    @classmethod
    def none(cls, count: int) -> PolicyResult:
        """Nothing found yet."""
        return cls(
            np.full(count, PRESCRIBED, dtype=np.int8),
            np.full((count, MINIMA), np.nan),
            np.full((count, 2), np.nan),
            np.full(count, np.nan),
            np.full(count, np.nan),
            np.full(count, PRESCRIBED, dtype=np.int8),
            np.full((count, 2), np.nan),
            np.full((count, 2), PRESCRIBED, dtype=np.int8),
        )

    def put(self, first: int, last: int, part: PolicyResult) -> None:
        """Take over what was found for stances ``first`` to ``last``, the last not included."""
        for field in fields(self):
            getattr(self, field.name)[first:last] = getattr(part, field.name)


def resolve_policies(model: Model, stance: Stance, objective: SharingObjective) -> PolicyResult:
    """Find every angle that is left to a policy, and put it into the stances.

    Parameters
    ----------
    model : Model
        The body.
    stance : Stance
        Stances; angles that follow a policy are overwritten, and ``tilt_change`` is added to every tilt.
    objective : SharingObjective
        How effort is counted.

    Returns
    -------
    PolicyResult
        Never raises for a stance: the status says what was found.
    """
    found = PolicyResult.none(len(stance))
    given = stance.policy < 0
    stance.values["pelvic_tilt"][given] += stance.values["tilt_change"][given]
    for array, name in ((stance.knee_policy, "knee_flexion"), (stance.lean_policy, "trunk_lean")):
        stance.values[name][array >= 0] = 0.0
    several = (stance.knee_policy >= 0) & ((stance.policy >= 0) | (stance.lean_policy >= 0))
    index = np.arange(len(stance))
    for _ in range(_ROUNDS):
        before = {angle: stance.values[angle].copy() for angle in WITH_POLICY}
        for angle in WITH_POLICY:
            _follow(angle, model, stance, objective, index, found)
        moved = np.zeros(len(stance))
        for angle, old in before.items():
            change = np.abs(stance.values[angle] - old)
            moved = np.maximum(moved, change if change.ndim == 1 else change.max(axis=1))
        index = np.flatnonzero(several & (moved > _SETTLED))
        if not index.size:
            break
    # knee and tilt that go on moving each other
    angle, _, unsettled = UNSETTLED
    status = getattr(found, _STATUS[angle])
    status[index] = np.where(status[index] == PRESCRIBED, PRESCRIBED, unsettled)
    found.lean[:], found.knee[:] = stance.values["trunk_lean"], stance.values["knee_flexion"]
    return found


def _follow(
    angle: str, model: Model, stance: Stance, objective: SharingObjective, index: Index, found: PolicyResult
) -> None:
    """Find one angle of the stances ``index``, each by its policy."""
    asked = getattr(stance, WITH_POLICY[angle][0])[index]
    for code in np.unique(asked[asked >= 0]).tolist():
        own = index[asked == code]
        stances, policy = stance.take(own), policy_of(angle, code)
        finding = policy.find(model, stances, objective)
        _check(policy, finding, stances.values[angle].shape)
        change = stances.values["tilt_change"] if angle == "pelvic_tilt" else 0.0
        stance.values[angle][own] = finding.angle + change
        getattr(found, _STATUS[angle])[own] = finding.status
        for name, value in finding.details.items():
            getattr(found, name)[own] = value


def _check(policy: Policy, finding: Finding, shape: tuple[int, ...]) -> None:
    """What somebody else's policy hands back is as its contract says."""
    said = f"{policy.angle} = {policy.word.name!r}: the policy"
    for name, value in (("angle", finding.angle), ("status", finding.status)):
        if np.shape(value) != shape:
            raise StanceError(f"{said} gives {name} of shape {np.shape(value)}; must be {shape}")
    if unknown := {*np.unique(finding.status).tolist()} - {PRESCRIBED, *policy.statuses.values()}:
        raise StanceError(f"{said} gives the status {min(unknown)}, which is none of its statuses")
    if unnamed := [name for name in finding.details if name not in DETAILS]:
        raise StanceError(f"{said} gives the detail {unnamed[0]!r}; allowed is {', '.join(DETAILS)}")
