"""Springs and ligaments along paths of a model file as rows of tables, each under a name that nothing else has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from biomech.io.osim.description import (
    BlankevoortLigament,
    Force,
    Function,
    Ligament,
    OsimModel,
    PathSpring,
    UnknownWrap,
    WrapEllipsoid,
    WrapObject,
    WrapTorus,
    opensim_name,
)
from biomech.io.osim.tabulate.joints import FunctionRows, Row, is_of_one

#: Forces that run along a path and are no muscles.
PassivePath = PathSpring | Ligament | BlankevoortLigament
_PASSIVE = (PathSpring, Ligament, BlankevoortLigament)


def acts(force: PassivePath) -> bool:
    """Whether it is switched on and not of no strength."""
    match force:
        case PathSpring():
            strength = force.stiffness
        case Ligament():
            strength = force.pcsa_force
        case BlankevoortLigament():
            strength = force.linear_stiffness
    return force.active and strength != 0.0


def is_computed(force: PassivePath, description: OsimModel) -> bool:
    """Whether its path is a line over cylinders and spheres, and its curve a function that is computed."""
    over = (description.wraps[own.wrap] for own in force.path.wraps)
    curve = force.curve if isinstance(force, Ligament) else None
    return force.path.supported and not any(map(_is_left_out, over)) and (curve is None or is_of_one(curve))


def _is_left_out(wrap: WrapObject) -> bool:
    return isinstance(wrap, UnknownWrap) or (isinstance(wrap, WrapEllipsoid | WrapTorus) and wrap.active)


def is_passive_path(force: Force) -> bool:
    """Whether a force is a spring or a ligament along a path."""
    return isinstance(force, _PASSIVE)


def passive_paths_of(description: OsimModel) -> dict[str, PassivePath]:
    """Those that act and are computed, by names that neither muscles nor others have."""
    taken, found = {own.name for own in description.muscles}, dict[str, PassivePath]()
    for force in description.forces:
        if isinstance(force, _PASSIVE) and acts(force) and is_computed(force, description):
            name = opensim_name(force.name or f"path_{len(found)}")
            while name in taken:
                name += "_"
            taken.add(name)
            found[name] = force
    return found


class PassivePathRows:
    """Rows of ``passive_paths``; ligaments whose curve is the same share a function."""

    def __init__(self, functions: FunctionRows, source: str) -> None:
        self._functions = functions
        self._source = source
        self._names: dict[Function, str] = {}

    def of(self, name: str, force: PassivePath) -> Row:
        """The row of a spring or ligament."""
        row: Row = {"passive_path": name, "kind": "", "slack_length": 0.0, "function": "", "source": self._source}
        row |= dict.fromkeys(("stiffness", "strength", "transition_strain"), math.nan)
        match force:
            case PathSpring(resting_length=slack, stiffness=stiffness):
                more: Mapping[str, object] = {"kind": "spring", "stiffness": stiffness}
            case Ligament(resting_length=slack, pcsa_force=strength, curve=curve):
                more = {"kind": "ligament", "strength": strength, "function": self._function(name, curve)}
            case BlankevoortLigament(slack_length=slack, linear_stiffness=stiffness, transition_strain=transition):
                more = {"kind": "blankevoort", "stiffness": stiffness, "transition_strain": transition}
        return {**row, **more, "slack_length": slack}  # type: ignore[dict-item]

    def _function(self, name: str, curve: Function) -> str:
        if curve not in self._names:
            own = f"{name} force over length"
            self._names[curve] = self._functions.add(own, curve, 1.0, f"ligament {name!r}")
        return self._names[curve]


def said_of_damping(description: OsimModel) -> Iterator[str]:
    """Names of those that act and whose damping, which depends on speed, does not."""
    for name, force in passive_paths_of(description).items():
        match force:
            case PathSpring(dissipation=damping) | BlankevoortLigament(damping_coefficient=damping):
                if damping:
                    yield name
