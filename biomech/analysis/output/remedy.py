"""Which change of a stance lets a posture be taken that cannot be: the smallest of one parameter, or of a few."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech.model.compiled import CompiledModel
from biomech.model.model import Model
from biomech.pipeline.stance_batch import StanceBatch, reachable
from biomech.stance.parameters import PARAMETERS, SIDES, SUPPORTS
from biomech.stance.stance import Stance
from biomech.statics.posture import PostureSolution, has_coordinate, ranges, solve_posture
from biomech.statics.posture_newton import SLACK

Array = NDArray[np.float64]

#: What may be changed, the likeliest first; what tells the sides apart is of the whole body alone.
_OF_LEGS = ("knee_flexion", "foot_rotation", "turnout_yield")
_OF_BODY = ("stance_width", "weight_shift", "trunk_lean", "pelvic_tilt")
_OF_SIDES = ("weight_balance", "pelvic_rotation")
#: Floors and a lean aside are changed towards level and upright alone.
_TOWARDS_ZERO = ("slope", "cross_slope", "trunk_side_lean")
#: Parts of a parameter's range by which it is changed at first, and what it is then told to.
_LADDER = (0.08, 0.25, 0.6, 1.0)
_GRAIN = {"deg": 1.0, "m": 0.01, "1": 0.01}
#: Parameters that are changed together, at most.
_TOGETHER = 3


class _Knob(NamedTuple):
    """A parameter that may be changed, of one leg (its column), or of both or of no leg (all of it)."""

    name: str
    leg: int | None
    said: str


class _Change(NamedTuple):
    """A knob, its value now and then, and whether the posture can be taken with it, or by how much it cannot."""

    knob: _Knob
    now: float
    then: float
    taken: bool
    miss: float


def suggest(model: Model, batch: StanceBatch, stance: Stance, fixed: frozenset[str] | set[str]) -> str:
    """How the one posture of ``stance`` could be taken, in words; ``fixed`` parameters stay as they are.

    Changes of one parameter come first, the smallest of them by its range; where none will do, the one that brings the
    posture nearest is kept, and another sought.
    """
    knobs = [knob for knob in _knobs(batch, model.compiled(), stance) if knob.name not in fixed]
    at, made = stance, list[_Change]()
    miss = float(_misses(model, batch, solve_posture(model, batch.compiled, stance, batch.support))[0])
    for _ in range(_TOGETHER):
        best = _best(
            model, batch, at, [knob for knob in knobs if knob.name not in [change.knob.name for change in made]]
        )
        if best is None or not (best.taken or best.miss < miss):
            break
        made, at, miss = [*made, best], _with(at, best.knob, np.array([best.then])), best.miss
        if best.taken:
            return f"it can be taken with {_said(made)}"
    if not made:
        return "no change of a single parameter brings it nearer"
    return f"nearer comes {_said(made[:1])}, and even then it cannot be taken"


def _said(changes: list[_Change]) -> str:
    return " and ".join(_change_said(change) for change in changes)


def _change_said(change: _Change) -> str:
    unit = PARAMETERS[change.knob.name].unit
    of = "" if unit == "1" else f" {unit}"
    way = "higher" if change.then > change.now else "lower"
    return f"a {way} {change.knob.said}: {change.then:g}{of} in place of {change.now:g}{of}"


def _knobs(batch: StanceBatch, whole: CompiledModel, stance: Stance) -> Iterator[_Knob]:
    """What may be changed on this support."""
    support = SUPPORTS[batch.support]
    word = SUPPORTS.word(support)
    # what one foot has no use for, and a support that bears the weight
    idle = {"stance_width", "weight_balance"} if len(word.feet) == 1 else set()
    idle |= {"weight_shift", "weight_balance"} if word.bears_weight else set()
    for name in _OF_LEGS:
        needed = PARAMETERS[name].coordinate
        if needed and not has_coordinate(whole, needed):
            continue
        for leg in _legs(batch, support, name, stance):
            both = name if batch.compiled.half else f"{name} of both legs"
            yield _Knob(name, leg, both if leg is None else f"{name} of the {SIDES[leg]} leg")
    names = [*word.parameters, *_OF_BODY, *(() if batch.compiled.half else _OF_SIDES)]
    names += [name for name in _TOWARDS_ZERO if stance.values[name][0] != 0.0]
    for name in names:
        if name not in idle:
            yield _Knob(name, None, name)


def _legs(batch: StanceBatch, support: str, name: str, stance: Stance) -> list[int | None]:
    """Columns of the legs of which a parameter matters, None for both; at a step the lower leg's knee follows."""
    if support in SIDES:
        return [SIDES.index(support)]
    if support == "step" and name == "knee_flexion":
        return [0]
    right, left = stance.values[name][0]
    if batch.compiled.half or (right == left and name != "knee_flexion"):
        return [None]
    return [0, 1, None] if right == left else [0, 1]


def _best(model: Model, batch: StanceBatch, stance: Stance, knobs: list[_Knob]) -> _Change | None:
    """The smallest change of one knob with which the posture can be taken, or the one that brings it nearest."""
    tried = [(knob, value) for knob in knobs for value in _ladder(stance, knob)]
    if not tried:
        return None
    many = stance.take(np.zeros(len(tried), dtype=np.int64))
    for i, (knob, value) in enumerate(tried):
        _put(many, knob, i, value)
    postures = solve_posture(model, batch.compiled, many, batch.support)
    taken, miss = reachable(model, batch.compiled, postures), _misses(model, batch, postures)
    size = np.array([abs(value - _now(stance, knob)) / _width(knob) for knob, value in tried])
    if not taken.any():
        i = int(miss.argmin())
        knob, value = tried[i]
        return _Change(knob, _given(stance, knob), _given(stance, knob, value), False, float(miss[i]))
    i = int(np.where(taken, size, np.inf).argmin())
    knob, value = tried[i]
    value = _nearest(model, batch, stance, knob, value)
    return _Change(knob, _given(stance, knob), _given(stance, knob, value), True, 0.0)


def _ladder(stance: Stance, knob: _Knob) -> list[float]:
    """Values to try, away from the present one on both sides."""
    parameter, now, grain = PARAMETERS[knob.name], _now(stance, knob), _grain(knob)
    shift = _shift(stance, knob)
    least, most = parameter.least + shift, parameter.most + shift
    if knob.name in _TOWARDS_ZERO:
        least, most = min(now, 0.0), max(now, 0.0)
    values = [now + way * part * _width(knob) for part in _LADDER for way in (-1.0, 1.0)]
    rounded = [grain * round(min(max(value, least), most) / grain) for value in values]
    return [value for value in dict.fromkeys(rounded) if abs(value - now) > 0.5 * grain and least <= value <= most]


def _nearest(model: Model, batch: StanceBatch, stance: Stance, knob: _Knob, far: float) -> float:
    """The value nearest to the present one with which the posture can be taken, ``far`` being one; by halves."""
    grain, now = _grain(knob), _now(stance, knob)
    bad, good = 0, round(abs(far - now) / grain)
    way = np.sign(far - now)
    while good - bad > 1:
        middle = (bad + good) // 2
        one = _with(stance, knob, np.array([far - way * grain * (round(abs(far - now) / grain) - middle)]))
        if reachable(model, batch.compiled, solve_posture(model, batch.compiled, one, batch.support))[0]:
            good = middle
        else:
            bad = middle
    return float(far - way * grain * (round(abs(far - now) / grain) - good))


def _misses(model: Model, batch: StanceBatch, postures: PostureSolution) -> Array:
    """By how much postures cannot be taken: conditions first, then ranges; a body the wrong way round is far off."""
    least, most = ranges(model, batch.compiled, "range")
    beyond = np.maximum(least - postures.coordinates, postures.coordinates - most).max(axis=1)
    wrong = np.where(postures.sound, np.maximum(beyond - SLACK, 0.0), np.inf)
    return np.where(postures.closed, np.minimum(wrong, 1.0), 1.0 + np.abs(postures.residual).max(axis=1))


def _with(stance: Stance, knob: _Knob, value: Array) -> Stance:
    """The stance with a knob at a value."""
    changed = stance.take(np.array([0]))
    _put(changed, knob, 0, float(value[0]))
    return changed


def _put(stance: Stance, knob: _Knob, row: int, value: float) -> None:
    stance.values[knob.name][row if knob.leg is None else (row, knob.leg)] = value


def _now(stance: Stance, knob: _Knob) -> float:
    value = stance.values[knob.name][0]
    return float(value if np.ndim(value) == 0 else value[knob.leg or 0])


def _shift(stance: Stance, knob: _Knob) -> float:
    """What was added to a parameter after it was given."""
    return float(stance.values["tilt_change"][0]) if knob.name == "pelvic_tilt" else 0.0


def _given(stance: Stance, knob: _Knob, value: float | None = None) -> float:
    """A value as the caller gives it, without what is added to it."""
    return round((_now(stance, knob) if value is None else value) - _shift(stance, knob), 6)


def _width(knob: _Knob) -> float:
    return PARAMETERS[knob.name].most - PARAMETERS[knob.name].least


def _grain(knob: _Knob) -> float:
    return _GRAIN[PARAMETERS[knob.name].unit]
