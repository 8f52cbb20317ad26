"""Whether measured motion and ground reactions can be of one body, and what is likely wrong where they cannot."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech.analysis.measured.motion import Measured
from biomech.model.geometry import followed, kinematics
from biomech.model.model import Model
from biomech.model.roles import FEET

Array = NDArray[np.float64]

#: Reserves may give this part of what is required (Hicks et al. 2015, J Biomech Eng 137:020905, ask for 5 % of the
#: moments of the joints; 10 % is a judgment, for plates and coordinates without inertia).
_SHARE = 0.1
#: A joint is asked for at least this part of body weight times leg length: 10 % of nothing is no measure.
_LEAST_MOMENT = 0.01
#: Frames that are looked at for the cause.
_LOOKED_AT = 200
#: m from the foot: more is another unit, and more is another place.
_OTHER_UNIT, _OTHER_PLACE = 10.0, 0.6
#: Parts of body weight: forces that carry less or more on average are no person's, but another unit.
_OTHER_FORCE = (0.05, 20.0)
#: Axes along the floor.
_FLOOR = (0, 2)
#: m: a moment about the point, over the force; a foot's free moment is a few hundredths, a hand's breadth is a lot.
_OTHER_MOMENT = 0.3
#: m by which the loaded feet are higher than the others, on average: the height of a heel in swing is a few times that.
_IN_THE_AIR = 0.03
#: Parts of body weight within which plates bear the body on average, and frames that make an average.
_SAME_MASS, _MANY = 0.1, 10


class Excess(NamedTuple):
    """Of every coordinate the largest reserve, the frame of it, what was required at most, and their ratio."""

    reserve: Array
    frame: NDArray[np.signedinteger[Any]]
    required: Array
    ratio: Array


def explain_reserves(model: Model, measured: Measured, required: Array, reserve: Array) -> str:
    """What reserves beyond their share say of the data, or nothing; ``required`` and ``reserve`` (frame, coordinate).

    The body as a whole comes first: its weight and the plates must balance before a joint can.
    """
    weight = model.body_mass * model.compiled().gravity
    excess = _measure(model, measured, required, reserve, weight)
    if not (excess.ratio > _SHARE).any():
        return ""
    whole = _of_pelvis(model)
    unbalanced = whole & (excess.ratio > _SHARE)
    among = unbalanced if unbalanced.any() else excess.ratio > _SHARE
    worst = int(np.flatnonzero(among)[excess.ratio[among].argmax()])
    unit = "N.m" if model.compiled().is_rotation[worst] else "N"
    of = "of what is asked of the whole body" if whole[worst] else "of what is required"
    others = int((excess.ratio > _SHARE).sum()) - 1
    more = f" (and {others} other coordinates)" if others else ""
    balance = "the ground reactions do not balance the body: " if unbalanced.any() else ""
    cause = _cause(model, measured, weight, worst, int(excess.frame[worst]))
    return (
        f"{balance}the reserve of {model.coordinates[worst]}{more} gives up to {excess.reserve[worst]:.3g} {unit} "
        f"({measured.name(int(excess.frame[worst]))}), {100.0 * excess.ratio[worst]:.3g} % {of}, "
        f"{100.0 * _SHARE:g} % is the most for an answer of muscles; likely {cause}"
    )


def _measure(model: Model, measured: Measured, required: Array, reserve: Array, weight: float) -> Excess:
    """How much of what is required the reserves give.

    No muscle moves the pelvis in ground; there a reserve is measured by body weight, and by its moment on a leg's
    length. Uncertified frames without numbers count for nothing.
    """
    most, least = np.fmax.reduce(reserve, axis=0), np.fmin.reduce(reserve, axis=0)
    largest = np.where(most >= -least, most, least)
    frame = np.where(most >= -least, reserve.argmax(axis=0), reserve.argmin(axis=0))
    asked = np.fmax(np.fmax.reduce(required, axis=0), -np.fmin.reduce(required, axis=0))
    whole, turns, leg = _of_pelvis(model), model.compiled().is_rotation, _leg(model)
    asked = np.where(whole, np.where(turns, weight * leg, weight), np.maximum(asked, _LEAST_MOMENT * weight * leg))
    return Excess(np.asarray(largest, dtype=np.float64), frame, asked, np.abs(largest) / asked)


def _of_pelvis(model: Model) -> NDArray[np.bool_]:
    """Which coordinates move the body as a whole."""
    table = model.tables_by_role["coordinates"]
    joint = dict(zip(table.rows, table.text("joint"), strict=True))
    return np.array([joint[name] == "ground_pelvis" for name in model.compiled().coordinates])


def _leg(model: Model) -> float:
    """From the pelvis to the heel, m."""
    length: float = model.cached("leg length", lambda: _pelvis_to_heel(model))
    return length


def _pelvis_to_heel(model: Model) -> float:
    compiled = model.compiled().in_roles
    place = kinematics(compiled, {}).origin[0]
    base = "pelvis" if "pelvis" in compiled.segments else compiled.segments[0]
    away = np.linalg.norm(place - place.sel(segment=base), axis=-1)
    heels = [compiled.segments.index(foot) for foot in FEET if foot in compiled.segments]
    return float(away[heels[0]] if heels else away.max())


def _cause(model: Model, measured: Measured, weight: float, worst: int, frame: int) -> str:
    """The likeliest reason, by what the data look like."""
    looked = np.linspace(0, len(measured) - 1, min(len(measured), _LOOKED_AT)).astype(np.int64)
    q, force, point = measured.q[looked], measured.force[looked], measured.point[looked]
    if not _of_pelvis(model).any():  # it does not float: no ground reactions need balance it
        name = model.coordinates[worst]
        return f"too weak muscles, or too cheap a reserve of {name}: a smaller one costs more"
    if measured.moments is not None:
        return "moments of another body, or too weak muscles: they must be in N.m, with the signs of the coordinates"
    if measured.touches is not None:
        return f"{_unmatched(measured)}, a foot that touches the floor elsewhere, or too weak muscles"
    if wrong := _wrong_force(measured.total_force[looked], weight):
        return wrong
    if not force.any():
        return _wrong_balance(model, measured, weight, worst, frame)
    return (
        _wrong_point(force, point)
        or _wrong_moment(force, measured.moment[looked])
        or _wrong_angles(model, q, force, point)
        or _wrong_place(model, q, force, point)
        or _wrong_balance(model, measured, weight, worst, frame)
    )


def _wrong_force(force: Array, weight: float) -> str:
    """Forces of the other sign, of other axes or of another unit, or none."""
    if not force.any():
        return "no ground reactions: every force is zero"
    mean = force.mean(axis=0)
    main = int(np.abs(mean).argmax())
    part = float(np.abs(mean[main])) / weight
    if part < _OTHER_FORCE[0] or part > _OTHER_FORCE[1]:
        return (
            f"forces in another unit: they must be in N, and carry {100.0 * part:.2g} % of the body weight on average"
        )
    if main != 1:
        return f"forces whose vertical axis is {'xyz'[main]}: they must be in ground, with y upward and x forward"
    if mean[1] < 0.0:
        return "forces of the foot on the ground: they must be those of the ground on the foot (the other sign)"
    return ""


def _wrong_point(force: Array, point: Array) -> str:
    """Points in another unit."""
    loaded = np.abs(force).max(axis=-1) > 0.0
    size = np.abs(point[loaded]).max(axis=-1, initial=0.0)
    if size.size and np.median(size) > _OTHER_UNIT:
        return "points in mm or cm: they must be in m"
    return ""


def _wrong_moment(force: Array, moment: Array) -> str:
    """Moments that no foot could give its ground about the point where the force acts."""
    size, load = np.linalg.norm(moment, axis=-1).sum(), np.linalg.norm(force, axis=-1).sum()
    if size > _OTHER_MOMENT * load:
        return (
            "moments in another unit or about another place: they must be in N.m, about the point "
            f"({size / load:.2g} m times the force on average)"
        )
    return ""


def _wrong_angles(model: Model, q: Array, force: Array, point: Array) -> str:
    """Angles in radians: all of a moving body's are below pi, and as degrees they put no foot under its force."""
    turns = model.compiled().is_rotation
    shown = np.degrees(q[:, turns])
    given = np.abs(shown).max(axis=0) > 0.0
    if given.sum() < 4 or np.abs(shown).max() >= np.pi:
        return ""
    meant = np.where(turns, np.degrees(q), q)
    if _apart(_feet(model, meant), force, point) > 2.0 * _apart(_feet(model, q), force, point):
        return ""  # small angles of a body that stands still
    return f"angles in radians (none is larger than {np.abs(shown).max():.2g}): they must be in degrees"


def _wrong_place(model: Model, q: Array, force: Array, point: Array) -> str:
    """Feet that are swapped, or points that are where no foot is."""
    feet = _feet(model, q)
    own, other = (_apart(of, force, point, _FLOOR) for of in (feet, feet[:, ::-1]))
    if other < 0.8 * own:
        return "swapped feet: the points of each are nearer to the other foot"
    if own > _OTHER_PLACE:
        return f"points that are not under the feet ({own:.2g} m away on average): another origin or other axes"
    load = np.linalg.norm(force, axis=-1)
    height = feet[..., 1] - feet[..., 1].min(axis=1, keepdims=True)
    if (load * height).sum() - (load * height[:, ::-1]).sum() > _IN_THE_AIR * load.sum():
        return "swapped feet, or forces of another time: they are on the foot that is in the air"
    return ""


def _feet(model: Model, q: Array) -> Array:
    """Origins of both heels (frame, foot, axis), of coordinates in rad and m; of one that is gone the other's."""
    compiled = model.compiled().in_roles
    q = followed(compiled, q)
    shown = {
        name: np.degrees(q[:, i]) if compiled.is_rotation[i] else q[:, i] for i, name in enumerate(compiled.coordinates)
    }
    origin = kinematics(compiled, shown).origin.transpose("pose", "segment", "axis")
    there = [foot for foot in FEET if foot in compiled.segments] or compiled.segments[:1]
    heels = [foot if foot in there else there[0] for foot in FEET]  # a foot that is gone bears nothing
    return np.asarray(origin.sel(segment=heels).values, dtype=np.float64)


def _apart(feet: Array, force: Array, point: Array, axes: tuple[int, ...] = (0, 1, 2)) -> float:
    """How far the points are from the feet, weighted by force."""
    load = np.linalg.norm(force, axis=-1)
    away = np.linalg.norm((point - feet)[..., list(axes)], axis=-1)
    return float((away * load).sum() / load.sum())


def _unmatched(measured: Measured) -> str:
    """What is left over where everything else is right."""
    if measured.inertial is None:
        return "a movement too fast for statics"
    return "a motion that does not fit the plates (masses, markers, filter; the ends of the motion)"


def _wrong_balance(model: Model, measured: Measured, weight: float, worst: int, frame: int) -> str:
    """Neither units nor axes nor names."""
    name, role = model.coordinates[worst], model.compiled().coordinates[worst]
    if not _of_pelvis(model)[worst]:
        return f"too weak muscles, or too cheap a reserve of {name}: a smaller one costs more"
    if model.compiled().is_rotation[worst]:
        return "points or postures that do not fit: the force of the ground passes the centre of mass by too much"
    carried, unmatched = measured.total_force[:, 1] / weight, _unmatched(measured)
    here, mean = f"{100.0 * carried[frame]:.3g} %", float(carried.mean())
    if role != "pelvis_ty":
        along = measured.total_force[frame]["xyz".index(role[-1])]
        return f"{unmatched}: the plates push the body by {along:.3g} N along it in that frame"
    if np.abs(mean - 1.0) <= _SAME_MASS and len(carried) >= _MANY:
        return f"{unmatched}: the plates carry {here} of the body weight in that frame, {100.0 * mean:.3g} % on average"
    if carried.min() < 0.5 * _SAME_MASS and carried.max() > 0.5:
        return (
            f"a missing plate: the plates carry {here} of the body weight in that frame, {carried.max():.0%} in another"
        )
    if np.ptp(carried) <= _SAME_MASS and len(carried) >= _MANY:
        return f"another body mass: the plates carry {100.0 * mean:.3g} % of the body weight on average"
    return (
        f"another body mass, a missing plate or {unmatched}: the plates carry {here} "
        f"of the body weight in that frame, {100.0 * mean:.3g} % on average"
    )
