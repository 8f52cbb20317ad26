"""What must happen for a claim to hold: how far the pelvis must tip, or how steep the floor must be.

In place of a policy the second stance's tilt is turned step by step, with the first one held; per body the place where
the effect passes all its smallest effects is found between the steps. What is noise within a person is left out: this
is a question about bodies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import instance, one_of, real_array, real_number, whole_number
from biomech.analysis.progress import read_progress
from biomech.article.contrast_draws import change_of, without_noise
from biomech.article.hypotheses import CONTRASTS, HYPOTHESES, Hypothesis, Lever
from biomech.article.verdicts import passes
from biomech.errors import StanceError
from biomech.model.catalog import load_model
from biomech.model.model import Model
from biomech.uncertainty.priors import MOST_SEED, Prior, check_priors, default_priors
from biomech.uncertainty.propagation import propagate

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Threshold", "crossing", "find_threshold"]

Array = NDArray[np.float64]

#: deg: a tilt beyond which few people go between two ways of standing; the share of bodies that need more is told.
FAR = 10.0
_KEPT = ("group_activation", "lumbar_compression")


@dataclass(frozen=True)
class Threshold:
    """How far the lever must go until an effect counts.

    ``way``: +1 if the effect grows as the lever goes up, -1 as it goes down; ``low``, ``middle``, ``high``: where it
    counts, 5, 50 and 95 % of bodies, infinite where it never does within the lever's steps, and minus infinite (times
    ``way``) where it always does; ``far``: share of bodies that need more than 10 deg that way; ``never``: share that
    never get there, ``always`` that it always counts in; ``already``: share in which it counts without the lever;
    ``lost``: share that cannot be held.
    """

    lever: Lever
    way: int
    low: float
    middle: float
    high: float
    far: float
    never: float
    always: float
    already: float
    lost: float

    @property
    def sentence(self) -> str:
        """It in plain words."""
        turn = self.way * self.middle
        if math.isnan(turn):
            return "No body can be held."
        if self.never + self.always >= 0.5:
            shares = (f"{_percent(self.already)} of bodies it holds as they are", f"{_percent(self.never)} never")
            return f"{self.lever.name} decides little: in {shares[0]}, in {shares[1]}, however far {self._helps(1)}."
        if abs(turn) < 0.5:
            return f"Holds in half the bodies as they are, in more the further {self._helps(1)} {self._ends()}."
        word, which = ("if", 1) if turn > 0 else ("unless", -1)
        return f"Holds {word} {self._helps(which)} by more than {abs(turn):.0f} {self.lever.unit} {self._ends()}."

    @property
    def short(self) -> str:
        """The least of it, as the end of a sentence."""
        turn = self.way * self.middle
        if math.isnan(turn) or self.never + self.always >= 0.5:
            return f"in {_percent(self.already)} of bodies as they are, in {_percent(self.never)} never"
        if abs(turn) < 0.5:
            return f"in half the bodies, in more the further {self._helps(1)}"
        if turn < 0:
            return f"unless {self._helps(-1)} by more than {abs(turn):.0f} {self.lever.unit}"
        more = f" (more than {FAR:.0f} in {_percent(self.far)} of bodies)" if self.far > 0.005 else ""
        return f"if {self._helps(1)} by more than {turn:.0f} {self.lever.unit}{more}"

    def _helps(self, which: int) -> str:
        """What the lever does the way that helps (1), or the other way (-1)."""
        return self.lever.up if self.way * which > 0 else self.lever.down

    def _ends(self) -> str:
        """The spread over bodies; of those in which the effect counts without the lever, their share alone."""
        parts = []
        if self.way * self.middle > 0.0:
            low, high = (self._amount(end) for end in sorted(self.way * end for end in (self.low, self.high)))
            parts.append(f"90 % of bodies: {low} to {high}")
        if self.lever.parameter == "tilt_change" and self.far > 0.005:
            parts.append(f"{_percent(self.far)} need more than {FAR:.0f}")
        if self.never > 0.005:
            parts.append(f"{_percent(self.never)} never get there")
        if self.already > 0.005:
            parts.append(f"{_percent(self.already)} need nothing")
        return f"({'; '.join(parts)})"

    def _amount(self, end: float) -> str:
        """An end of the spread; what lies outside the steps is said to."""
        if math.isinf(end) and end > 0.0:
            return f"more than {max(self.way * step for step in self.lever.steps):.0f}"
        return f"{max(end, 0.0):.0f}"


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"


def find_threshold(
    hypothesis: str,
    model: Model | None = None,
    *,
    samples: int = 256,
    seed: int = 0,
    priors: Mapping[str, Prior] | None = None,
    progress: bool | None = None,
) -> Threshold:
    """How far the pelvis must tip (or another lever go) until the effect of a hypothesis counts.

    Parameters
    ----------
    hypothesis : str
        A name of ``HYPOTHESES`` whose contrast has a lever, and that is not about the lever itself.
    model : Model, optional
        The body; the built-in adult.
    samples, seed, priors, progress
        As in ``propagate``.

    Returns
    -------
    Threshold
        Over bodies: median and 90 % interval, and shares that need much, nothing, or never get there.

    Raises
    ------
    StanceError
        There is no such hypothesis, or it has no lever.

    Examples
    --------
    >>> from biomech.article.thresholds import find_threshold
    >>> find_threshold("hyper_back", samples=8).lever.up
    'the pelvis tips forward'
    """
    known = {own.name: own for own in HYPOTHESES}
    own = known[one_of("hypothesis", hypothesis, known)]
    if lever_of(own) is None:
        raise StanceError(f"hypothesis = {hypothesis!r}: has no lever; those that have are {', '.join(_with_lever())}")
    body = load_model() if model is None else instance("model", model, Model, "a Model, or None")
    samples, seed = whole_number("samples", samples, 2, 2**24), whole_number("seed", seed, 0, MOST_SEED)
    given = None if priors is None else check_priors(priors)
    shown = read_progress(progress)
    return threshold_of(own, lever_draws(own.contrast, body, samples=samples, seed=seed, priors=given, progress=shown))


def lever_draws(
    contrast: str, model: Model, *, samples: int, seed: int, priors: Mapping[str, Prior] | None, progress: bool | None
) -> xr.Dataset:
    """The first stance of a contrast, and the second at every step of its lever, under draws."""
    lever = CONTRASTS[contrast].lever
    if lever is None:
        raise StanceError(f"contrast = {contrast!r}: has no lever")
    first, second = CONTRASTS[contrast].stances.values()
    stances = {"first": {**first, **lever.held}}
    for i, step in enumerate(lever.steps):
        stances[f"step {i}"] = {**second, **lever.held, lever.parameter: step}
    steady = without_noise(default_priors() if priors is None else priors)
    return propagate(stances, model, samples=samples, seed=seed, priors=steady, variables=_KEPT, progress=progress)


def threshold_of(hypothesis: Hypothesis, ds: xr.Dataset) -> Threshold:
    """A hypothesis's threshold, from draws of its contrast's lever."""
    lever = lever_of(hypothesis)
    if lever is None:
        raise StanceError(f"hypothesis = {hypothesis.name!r}: has no lever")
    steps = range(1, 1 + len(lever.steps))
    changes = np.array([[change_of(ds, measure, step) for step in steps] for measure in hypothesis.measures])
    return threshold_from(lever, passes(changes, hypothesis.measures, hypothesis.direction))


def lever_of(hypothesis: Hypothesis) -> Lever | None:
    """The lever of a hypothesis; none where that is what it speaks of."""
    if any(measure.variable == "pelvic_tilt" for measure in hypothesis.measures):
        return None
    return CONTRASTS[hypothesis.contrast].lever


def _with_lever() -> list[str]:
    return [own.name for own in HYPOTHESES if lever_of(own) is not None]


def threshold_from(lever: Lever, reached: Array) -> Threshold:
    """From how far each body (step, sample) passes the smallest effects."""
    steps = np.array(lever.steps)
    rise = [_rise(own) for own in reached.T]
    way = 1 if np.nansum(rise) >= 0.0 else -1
    places = np.array([crossing(steps, own, way=way) for own in reached.T])
    helps = np.sort(way * places[~np.isnan(places)])  # how far the way that helps
    if not len(helps):
        return Threshold(lever, way, *(math.nan,) * 3, 0.0, 0.0, 0.0, 0.0, 1.0)
    # an end may be infinite, which no line between two bodies can be drawn to
    low, middle, high = (float(way * helps[min(int(q * len(helps)), len(helps) - 1)]) for q in (0.05, 0.5, 0.95))
    return Threshold(
        lever,
        way,
        min(low, high),
        middle,
        max(low, high),
        far=float((helps > FAR).mean()),
        never=float(np.isposinf(helps).mean()),
        always=float(np.isneginf(helps).mean()),
        already=float((helps <= 0.0).mean()),
        lost=1.0 - len(helps) / len(places),
    )


def _rise(reached: Array) -> float:
    """Whether it is nearer at the last step that can be held than at the first."""
    good = reached[np.isfinite(reached)]
    return float(np.sign(good[-1] - good[0])) if len(good) > 1 else math.nan


def crossing(steps: Array, reached: Array, *, way: int = 1, origin: float = 0.0) -> float:
    """Where an effect begins to count as a lever goes up (``way`` 1) or down (-1).

    Parameters
    ----------
    steps : array_like
        Places of the lever, rising.
    reached : array_like
        How far the effect passes there; at 0 it just counts; NaN where it cannot be held.
    way : {1, -1}
        The way that the lever goes.
    origin : float
        Where it starts from. If the effect counts there already, the place is where it ceases to, the other way.

    Returns
    -------
    float
        The place; infinite (times ``way``) if it never counts, minus that if it always does; NaN if nothing is held.

    Examples
    --------
    >>> from biomech.article.thresholds import crossing
    >>> crossing([0, 5, 10], [-1, -0.5, 0.5])
    7.5
    """
    places, values = real_array("steps", steps), real_array("reached", reached)
    if places.shape != values.shape or places.ndim != 1 or not len(places):
        raise StanceError(f"reached: has shape {values.shape}; must be that of steps, {places.shape}, of one dimension")
    if whole_number("way", way, -1, 1) == 0:
        raise StanceError("way = 0: must be 1 or -1")
    good = np.isfinite(values)
    if not good.any():
        return math.nan
    x, y = way * places[good][::way], values[good][::way]
    start = way * real_number("origin", origin)
    here = np.interp(start, x, y)
    x, y = np.insert(x, np.searchsorted(x, start), start), np.insert(y, np.searchsorted(x, start), here)
    i = int(np.searchsorted(x, start))
    if here >= 0.0:
        before = np.flatnonzero(y[: i + 1] < 0.0)
        return float(way * _between(x, y, before[-1])) if len(before) else -way * math.inf
    after = np.flatnonzero(y[i:] >= 0.0)
    return float(way * _between(x, y, i + after[0] - 1)) if len(after) else way * math.inf


def _between(x: Array, y: Array, i: int) -> float:
    """The zero between two places, the second at or above it."""
    return float(x[i] - y[i] * (x[i + 1] - x[i]) / (y[i + 1] - y[i]))
