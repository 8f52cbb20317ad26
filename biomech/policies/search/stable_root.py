"""Where a moment vanishes: the stable balance of one angle, for many stances at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: The moment (stance,) that drives the angle upwards, of stances by number at their angles in degrees; NaN where there
#: is no posture.
MomentFunction = Callable[[NDArray[np.int64], Array], Array]

BALANCED, SEVERAL, UNSTABLE, NONE, NONE_AT_BOUND, NO_POSTURE = range(6)
ROOT_STATUSES = (
    "balanced",
    "several_balances",
    "only_unstable_balance",
    "no_balance",
    "no_balance_at_bound",
    "no_posture",
)
_ACCURACY = 1e-9  #: deg
_LEFT = 1e-3  #: N.m that may be left where a moment was found to vanish


@dataclass(frozen=True)
class StableRoot:
    """Angles (stance,) in deg, what is left of the moment there, and a status, an index into ``ROOT_STATUSES``.

    Both are NaN where the status is ``NO_POSTURE``.
    """

    angle: Array
    moment: Array
    status: NDArray[np.int8]


def find_stable_root(curve: MomentFunction, count: int, low: float, high: float, step: float) -> StableRoot:
    """The stable balance of every stance: where the moment falls through zero.

    The moment is looked at in steps, so two balances within one step stay unseen. Of several stable ones the first is
    taken, and said so. Where there is none the angle is the one of least moment. No angle is found, ``NO_POSTURE``,
    where no step has a posture, where the moment is least beside a step that has none, and where one is missing on the
    way to the balance: how the moment goes on there nobody knows.

    Parameters
    ----------
    curve : Curve
        The moment.
    count : int
        Number of stances.
    low, high, step : float
        The search, in deg.

    Returns
    -------
    StableRoot
        Never raises for a stance: the status says what was found.
    """
    nodes = np.linspace(low, high, round((high - low) / step) + 1)
    every = np.arange(count)
    moment = curve(np.repeat(every, len(nodes)), np.tile(nodes, count)).reshape(count, len(nodes))
    before, after = moment[:, :-1], moment[:, 1:]
    falls, rises = (before > 0.0) & (after <= 0.0), (before < 0.0) & (after >= 0.0)
    stable, crossings = np.asarray(falls.any(axis=1)), falls.sum(axis=1) + rises.sum(axis=1)
    status = np.where(stable, np.where(crossings > 1, SEVERAL, BALANCED), np.where(crossings > 0, UNSTABLE, NONE))
    angle = np.empty(count)
    cell = np.where(stable[:, None], falls, rises).argmax(axis=1)
    crossed = np.flatnonzero(crossings > 0)
    if crossed.size:
        ends = (nodes[cell[crossed]], nodes[cell[crossed] + 1])
        angle[crossed] = _root(curve, crossed, ends)
        status[crossed[np.isnan(angle[crossed])]] = NO_POSTURE
    level = np.flatnonzero(crossings == 0)
    if level.size:
        angle[level], status[level] = _least(curve, level, nodes, moment[level])
    left = np.full(count, np.nan)
    inputs = np.flatnonzero(status != NO_POSTURE)
    left[inputs] = curve(inputs, angle[inputs])
    # a posture may be missing at the very angle that was found, or on one side of it, and then the moment jumps
    lost = np.isnan(left) | ((crossings > 0) & (np.abs(left) > _LEFT))
    status[lost], angle[lost], left[lost] = NO_POSTURE, np.nan, np.nan
    return StableRoot(angle, left, status.astype(np.int8))


def _root(curve: MomentFunction, index: NDArray[np.int64], ends: tuple[Array, Array]) -> Array:
    from scipy.optimize import elementwise  # imported by those alone who leave an angle to a balance

    def moment(angle: Array, which: NDArray[Any]) -> Array:
        return curve(index[which.astype(np.int64).ravel()], angle.ravel()).reshape(angle.shape)

    tolerances = {"xatol": _ACCURACY, "xrtol": 0.0, "fatol": 0.0}
    return np.asarray(elementwise.find_root(moment, ends, args=(np.arange(len(index)),), tolerances=tolerances).x)


def _least(
    curve: MomentFunction, index: NDArray[np.int64], nodes: Array, moment: Array
) -> tuple[Array, NDArray[np.int64]]:
    """The angle of least moment where it never vanishes."""
    size = np.where(np.isnan(moment), np.inf, np.abs(moment))
    best, rows = size.argmin(axis=1), np.arange(len(index))
    angle, status = nodes[best].copy(), np.full(len(index), NONE_AT_BOUND)
    before, after = size[rows, np.maximum(best - 1, 0)], size[rows, np.minimum(best + 1, len(nodes) - 1)]
    known = np.isfinite(before) & np.isfinite(after) & np.isfinite(size[rows, best])
    status[~known] = NO_POSTURE
    inner = np.flatnonzero(known & (best > 0) & (best < len(nodes) - 1))
    if inner.size:
        from scipy.optimize import elementwise

        status[inner] = NONE

        def magnitude(angle: Array, which: NDArray[Any]) -> Array:
            return np.abs(curve(index[inner[which.astype(np.int64).ravel()]], angle.ravel())).reshape(angle.shape)

        external = tuple(nodes[best[inner] + way] for way in (-1, 0, 1))
        angle[inner] = elementwise.find_minimum(magnitude, external, args=(np.arange(len(inner)),)).x
    return angle, status
