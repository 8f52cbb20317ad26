"""Balances of an angle, batch by batch: what the policies share that look for a moment that vanishes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from biomech.model.model import Model
from biomech.pipeline.stance_batch import SharingObjective, StanceBatch, split_batches
from biomech.policies.search.bracketing import LEAST, MOST
from biomech.policies.search.stable_root import ROOT_STATUSES, StableRoot, find_stable_root
from biomech.stance.stance import Stance

Array = NDArray[np.float64]
#: The moment (stance,) N.m that drives the angle upwards, in stances of a batch.
BatchMoment = Callable[[StanceBatch, Stance], Array]

#: deg: steps in which tilts are looked at.
_TILT_STEP = 2.5
#: Numbers of the statuses of a balanced tilt; those of a balanced lean or knee begin at 0.
TILT_STATUSES = {name: 5 + code for code, name in enumerate(ROOT_STATUSES)}
STATUSES = {name: code for code, name in enumerate(ROOT_STATUSES)}


def balance(
    model: Model,
    stance: Stance,
    objective: SharingObjective,
    angle: str,
    moment: BatchMoment,
    bounds: tuple[float, float],
    step: float,
) -> StableRoot:
    """The stable balance of an angle, a number a stance.

    Parameters
    ----------
    model, stance, objective
        As a policy takes them.
    angle : str
        The stance parameter that is looked for.
    moment : callable
        What drives it upwards.
    bounds : tuple of float
        Least and most of it, deg.
    step : float
        deg: of several balances within one step some stay unseen.

    Returns
    -------
    StableRoot
        Of every stance.
    """
    found = StableRoot(np.empty(len(stance)), np.empty(len(stance)), np.empty(len(stance), dtype=np.int8))
    for batch in split_batches(model, stance, objective):
        own = stance.take(batch.index)

        def curve(index: NDArray[np.int64], at: Array, batch: StanceBatch = batch, own: Stance = own) -> Array:
            return moment(batch, own.take(index, **{angle: at}))

        part = find_stable_root(curve, len(own), *bounds, step)
        found.angle[batch.index], found.moment[batch.index] = part.angle, part.moment
        found.status[batch.index] = part.status
    return found


def balance_tilt(model: Model, stance: Stance, objective: SharingObjective, moment: BatchMoment) -> StableRoot:
    """The tilt at which a moment vanishes; its status is one of ``TILT_STATUSES``."""
    found = balance(model, stance, objective, "pelvic_tilt", moment, (LEAST, MOST), _TILT_STEP)
    status = (found.status + TILT_STATUSES[ROOT_STATUSES[0]]).astype(np.int8)
    return StableRoot(found.angle, found.moment, status)
