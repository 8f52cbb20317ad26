"""How angles that nobody gives are found: the pelvic tilt, the trunk's lean, the knee.

Tilt. ``least_effort``: least muscle cost (``policies.least_effort``). ``hanging``: no net muscle moment at the hips,
the body hangs in its hip capsules. ``passive``: least passive energy of hips and lumbar joint at the given lean,
gravity left out. ``rhythm``: the tilt leaves to the lumbar spine its share of the lean. Lean. ``hanging_sway``: the
lean at which the body hangs at the given tilt. Knee. ``passive``: the stable angle at which no muscle holds it.

Moments are those of ``statics.muscle_free``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from biomech.model.model import Model
from biomech.pipeline.stance_batch import SharingObjective, StanceBatch, split_batches
from biomech.policies.bracketing import LEAST, MINIMA, MOST
from biomech.policies.least_effort import TILT_STATUSES, Tilts, least_effort
from biomech.policies.stable_root import NO_POSTURE, ROOT_STATUSES, StableRoot, find_stable_root
from biomech.stance.parameters import PARAMETERS, POLICIES
from biomech.stance.stance import Stance
from biomech.statics.muscle_free import muscle_free_moments, passive_slope
from biomech.statics.posture import feet_of

Array = NDArray[np.float64]

PRESCRIBED = -1
#: deg: steps in which balances are looked for; and how far beyond its range a knee is followed, to tell a balance
#: outside the geometry from none.
_TILT_STEP, _LEAN_STEP, _KNEE_STEP, _BEYOND = 2.5, 5.0, 2.5, 5.0
_LEAN = (-30.0, 30.0)
_KNEE = (PARAMETERS["knee_flexion"].least, 30.0)
#: A knee and the tilt that depends on it are found in turn until they move less than this (deg).
_SETTLED, _ROUNDS = 1e-6, 20

POLICY_STATUSES = (*TILT_STATUSES, *ROOT_STATUSES, "by_rule")
KNEE_STATUSES = (*ROOT_STATUSES, "outside_geometry", "unsettled")
_BY_RULE, _OUTSIDE, _UNSETTLED = len(POLICY_STATUSES) - 1, len(ROOT_STATUSES), len(ROOT_STATUSES) + 1


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
        What counts as effort.

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
        before = {name: stance.values[name].copy() for name in ("pelvic_tilt", "trunk_lean", "knee_flexion")}
        _settle_tilts(model, stance, objective, index, found)
        _settle_leans(model, stance, objective, index, found)
        _settle_knees(model, stance, objective, index, found)
        moved = np.zeros(len(stance))
        for name, old in before.items():
            change = np.abs(stance.values[name] - old)
            moved = np.maximum(moved, change if change.ndim == 1 else change.max(axis=1))
        index = np.flatnonzero(several & (moved > _SETTLED))
        if not index.size:
            break
    # knee and tilt that go on moving each other
    found.knee_status[index] = np.where(found.knee_status[index] == PRESCRIBED, PRESCRIBED, _UNSETTLED)
    found.lean[:], found.knee[:] = stance.values["trunk_lean"], stance.values["knee_flexion"]
    return found


def lumbar_flexion(thorax: Array, rhythm: Array | float) -> Array:
    """Lumbar flexion (deg) of a thorax that turns by ``thorax`` (deg): s Theta, s = .74 - .0019 Theta (+- .08).

    Tafazzol et al. 2014, from standing to full flexion, times the factor ``rhythm`` (.70 in a squat: von Arx et al.
    2021).
    """
    return np.asarray(rhythm * (0.74 - 0.0019 * np.abs(thorax)) * thorax)


def tilt_by_rhythm(lean: Array, rhythm: Array, line: float) -> Array:
    """Pelvic tilt (deg) that leaves the lumbar spine its share of a lean.

    A thorax that turns by Theta takes lambda (``lumbar_flexion``) from the lumbar spine and Theta - lambda from the
    hips. The ``lean`` is that of the line from L5/S1 to C7, which turns by ``line`` with a degree of lumbar flexion
    where the thorax turns by one: lean = Theta - (1 - line) lambda, a quadratic in Theta.
    """
    lag, size = (1.0 - line) * rhythm, np.abs(lean)
    linear, square = 1.0 - 0.74 * lag, 0.0019 * lag
    thorax = 2.0 * size / (linear + np.sqrt(linear * linear + 4.0 * square * size))
    return np.sign(lean) * (thorax - lumbar_flexion(thorax, rhythm))


def _settle_tilts(
    model: Model, stance: Stance, objective: SharingObjective, index: NDArray[np.int64], found: PolicyResult
) -> None:
    for code, name in enumerate(POLICIES):
        own = index[stance.policy[index] == code]
        if not own.size:
            continue
        stances = stance.take(own)
        if name == "least_effort":
            least: Tilts = least_effort(model, stances, objective)
            tilt, status = least.tilt, least.status.copy()
            status[np.isnan(tilt)] = len(TILT_STATUSES) + NO_POSTURE
            found.minimum[own], found.interval[own] = least.minimum, least.interval
        elif name == "rhythm":
            line = model.value("settings/lumbar_line_share")
            tilt = tilt_by_rhythm(stances.values["trunk_lean"], stances.values["lumbar_rhythm"], line)
            status = np.full(len(own), _BY_RULE, dtype=np.int8)
        else:
            balance = _balance_tilt(model, stances, objective, hanging=name == "hanging")
            tilt, status = balance.angle, (len(TILT_STATUSES) + balance.status).astype(np.int8)
            if name == "hanging":
                found.hanging_moment[own] = balance.moment
        stance.values["pelvic_tilt"][own] = tilt + stances.values["tilt_change"]
        found.tilt_status[own] = status


def _balance_tilt(model: Model, stance: Stance, objective: SharingObjective, *, hanging: bool) -> StableRoot:
    """The tilt at which the body hangs in its hips, or that of least passive energy."""

    def moment(batch: StanceBatch, near: Stance) -> Array:
        if not hanging:
            return passive_slope(model, batch.compiled, near, batch.support)
        return muscle_free_moments(model, batch.compiled, near, batch.support).hanging

    found = StableRoot(np.empty(len(stance)), np.empty(len(stance)), np.empty(len(stance), dtype=np.int8))
    for batch in split_batches(model, stance, objective):
        own = stance.take(batch.index)

        def curve(index: NDArray[np.int64], tilt: Array, batch: StanceBatch = batch, own: Stance = own) -> Array:
            return moment(batch, own.take(index, pelvic_tilt=tilt))

        _put(found, batch.index, find_stable_root(curve, len(own), LEAST, MOST, _TILT_STEP))
    return found


def _settle_leans(
    model: Model, stance: Stance, objective: SharingObjective, index: NDArray[np.int64], found: PolicyResult
) -> None:
    swaying = index[stance.lean_policy[index] >= 0]
    if not swaying.size:
        return
    stances = stance.take(swaying)
    for batch in split_batches(model, stances, objective):
        own, place = stances.take(batch.index), swaying[batch.index]

        def curve(index: NDArray[np.int64], lean: Array, batch: StanceBatch = batch, own: Stance = own) -> Array:
            # leaning forward tips the pelvis forward: the balance along the lean is where the moment rises through zero
            return -muscle_free_moments(model, batch.compiled, own.take(index, trunk_lean=lean), batch.support).hanging

        balance = find_stable_root(curve, len(own), *_LEAN, _LEAN_STEP)
        stance.values["trunk_lean"][place] = balance.angle
        found.lean_status[place], found.hanging_moment[place] = balance.status, -balance.moment


def _settle_knees(
    model: Model, stance: Stance, objective: SharingObjective, index: NDArray[np.int64], found: PolicyResult
) -> None:
    resting = index[stance.knee_policy[index] >= 0]
    if not resting.size:
        return
    stances = stance.take(resting)
    for batch in split_batches(model, stances, objective):
        own, place = stances.take(batch.index), resting[batch.index]
        feet = feet_of(batch.support)
        sides = [[0, 1]] if batch.compiled.half else [[("_r", "_l").index(foot)] for foot in feet]
        for leg, columns in enumerate(sides):

            def curve(
                index: NDArray[np.int64],
                knee: Array,
                batch: StanceBatch = batch,
                own: Stance = own,
                leg: int = leg,
                columns: list[int] = columns,
            ) -> Array:
                knees = own.values["knee_flexion"][index]
                knees[:, columns] = knee[:, None]
                # a moment that extends the knee drives its flexion down
                return -muscle_free_moments(
                    model, batch.compiled, own.take(index, knee_flexion=knees), batch.support
                ).knee[:, leg]

            balance = find_stable_root(curve, len(own), _KNEE[0] - _BEYOND, _KNEE[1], _KNEE_STEP)
            outside = balance.angle < _KNEE[0]
            angle = np.maximum(balance.angle, _KNEE[0])
            for side in columns:
                stance.values["knee_flexion"][place, side] = angle
                found.knee_status[place, side] = np.where(outside, _OUTSIDE, balance.status)
            own.values["knee_flexion"][:, columns] = angle[:, None]


def _put(found: StableRoot, index: NDArray[np.int64], part: StableRoot) -> None:
    found.angle[index], found.moment[index], found.status[index] = part.angle, part.moment, part.status
