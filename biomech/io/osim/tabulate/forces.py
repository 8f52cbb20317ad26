"""Curves of muscles, springs and limits of a model file as rows of tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeGuard

from biomech.io.osim.description import (
    BlankevoortLigament,
    BushingForce,
    Constant,
    CoordinateActuator,
    CoordinateLimitForce,
    DeGrooteFreglyCurves,
    Force,
    Function,
    LeftOut,
    Ligament,
    MillardCurves,
    Multiplier,
    Muscle,
    OsimModel,
    PathActuator,
    PathSpring,
    SimmSpline,
    SpringGeneralizedForce,
    TabulatedCurves,
    ThelenCurves,
    opensim_name,
)
from biomech.io.osim.tabulate.along_paths import acts as acts_along_path
from biomech.io.osim.tabulate.along_paths import along_paths, is_computed, said_of_damping
from biomech.io.osim.tabulate.joints import FunctionRows, Row

_MILLARD = ("min_length", "transition_length", "max_length", "slope", "least")


class CurveRows:
    """Rows of ``force_length_curves``; muscles whose tabulated curve is the same share a function."""

    def __init__(self, functions: FunctionRows, source: str) -> None:
        self._functions = functions
        self._source = source
        self._names: dict[Function, str] = {}

    def of(self, muscle: Muscle) -> Iterator[Row]:
        """The row of a muscle, unless its curve is a function of a kind that is not computed."""
        row: Row = {"muscle": muscle.name, "kind": "", "width": math.nan, "function": "", "source": self._source}
        row |= dict.fromkeys(_MILLARD, math.nan)
        match muscle.curves:
            case ThelenCurves(active_shape=width):
                yield row | {"kind": "thelen", "width": width}
            case DeGrooteFreglyCurves(active_width_scale=width):
                yield row | {"kind": "de_groote_fregly", "width": width}
            case MillardCurves(first, transition, last, slope, least):
                numbers = (first, transition, last, slope, least)
                yield row | {"kind": "millard", **dict(zip(_MILLARD, numbers, strict=True))}
            case TabulatedCurves(active):
                if isinstance(_unfolded(active), SimmSpline):
                    yield row | {"kind": "tabulated", "function": self._function(muscle, active)}

    def _function(self, muscle: Muscle, active: Function) -> str:
        if active not in self._names:
            name = f"{muscle.name} force over length"
            self._names[active] = self._functions.add(name, active, 1.0, f"muscle {muscle.name!r}")
        return self._names[active]


def _unfolded(function: Function) -> Function:
    return _unfolded(function.function) if isinstance(function, Multiplier) else function


def said_of_curves(description: OsimModel) -> list[str]:
    """What stands in for curves that are functions of a kind that is not computed, in words."""
    names = [
        muscle.name
        for muscle in description.muscles
        if isinstance(muscle.curves, TabulatedCurves) and not isinstance(_unfolded(muscle.curves.active), SimmSpline)
    ]
    return [f"force over length of {_few(names)} as Thelen's"] if names else []


def said_of_motion(description: OsimModel) -> list[str]:
    """What depends on time or speed and stands still here, in words: prescribed motion, damping of coordinates."""
    moved = [
        own.name
        for joint in description.joints
        for own in joint.coordinates
        if own.prescribed and not isinstance(own.prescribed_function, Constant)
    ]
    said = [f"at the default what time prescribes: {_few(moved)}"] if moved else []
    damped = [own.name or _about(own) for own in description.forces if _is_damped(own)]
    damped += said_of_damping(description)
    return said + ([f"no damping: {_few(damped)}"] if damped else [])


def _is_damped(force: Force) -> TypeGuard[BushingForce | CoordinateLimitForce | SpringGeneralizedForce]:
    match force:
        case CoordinateLimitForce():
            return force.active and force.damping != 0.0
        case SpringGeneralizedForce():
            return force.active and force.viscosity != 0.0
        case BushingForce():
            return force.active and any((*force.rotational_damping, *force.translational_damping))
    return False


def _about(force: BushingForce | CoordinateLimitForce | SpringGeneralizedForce) -> str:
    """What a force without a name is called."""
    return f"bushing of {force.second.body}" if isinstance(force, BushingForce) else force.coordinate


def _few(names: list[str]) -> str:
    return f"{', '.join(names[:6])}{' ...' if len(names) > 6 else ''}"


def coordinate_force_rows(description: OsimModel, source: str) -> Iterator[Row]:
    """Rows of ``coordinate_forces``: the springs and limits that act, each with a name of its own."""
    names = (*(own.name for own in description.muscles), *along_paths(description))
    taken = dict.fromkeys(names, 1)
    for force in description.forces:
        if isinstance(force, CoordinateLimitForce | SpringGeneralizedForce) and _acts(force):
            spring = isinstance(force, SpringGeneralizedForce)
            kind = "spring" if spring else "limit"
            name = _name_of_its_own(opensim_name(force.name or f"{kind}_{force.coordinate}"), taken)
            yield {"force": name, "kind": kind, "coordinate": force.coordinate, **_numbers(force), "source": source}


def _name_of_its_own(name: str, taken: dict[str, int]) -> str:
    """A name that is not ``taken``, if need be with a number behind; ``taken`` counts, so that many are no search."""
    own = name
    while own in taken:
        taken[name] += 1
        own = f"{name}_{taken[name]}"
    taken[own] = 1
    return own


def reserve_rows(description: OsimModel, source: str) -> Iterator[Row]:
    """Rows of ``reserves``: what the actuators of each coordinate give at unit control."""
    found: dict[str, float] = {}
    for force in description.forces:
        if isinstance(force, CoordinateActuator) and force.active and force.optimal_force:
            found[force.coordinate] = found.get(force.coordinate, 0.0) + abs(force.optimal_force)
    for name, own in found.items():
        yield {"coordinate": name, "optimal_force": own, "source": source}


def _numbers(force: CoordinateLimitForce | SpringGeneralizedForce) -> Row:
    if isinstance(force, SpringGeneralizedForce):
        both = {f"{end}_stiffness": force.stiffness for end in ("upper", "lower")}
        return {**both, "upper_limit": force.rest_length, "lower_limit": force.rest_length, "transition": 0.0}
    return {
        "upper_stiffness": force.upper_stiffness,
        "upper_limit": force.upper_limit,
        "lower_stiffness": force.lower_stiffness,
        "lower_limit": force.lower_limit,
        "transition": force.transition,
    }


def not_computed(description: OsimModel) -> Iterator[LeftOut]:
    """Springs and ligaments along paths that act and are not computed: what statics says would depend on them.

    They are not where these wrap over what no path is computed over. Of an actuator there it is said alone: it would be
    a reserve.
    """
    for force in filter(_acts, description.forces):
        if isinstance(force, PathSpring | Ligament | BlankevoortLigament) and not is_computed(force, description):
            yield LeftOut(type(force).__name__, force.name, "spring", line=force.line)
        elif isinstance(force, PathActuator) and force.path.supported and not is_computed(force, description):
            yield LeftOut(type(force).__name__, force.name, "model", line=force.line)


def _acts(force: Force) -> bool:
    """Whether a passive element is switched on and not of no strength."""
    strength: tuple[float, ...] = ()
    match force:
        case PathSpring() | Ligament() | BlankevoortLigament() | PathActuator():
            return acts_along_path(force)
        case SpringGeneralizedForce():
            strength = (force.stiffness,)
        case CoordinateLimitForce():
            strength = (force.upper_stiffness, force.lower_stiffness)
    return force.active and any(strength)
