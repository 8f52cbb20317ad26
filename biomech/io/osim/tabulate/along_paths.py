"""Springs, ligaments and actuators along paths of a model file as rows of tables, each under a name of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from biomech.io.osim.description import (
    BlankevoortLigament,
    Function,
    Ligament,
    OsimModel,
    PathActuator,
    PathSpring,
    UnknownWrap,
    WrapEllipsoid,
    WrapObject,
    WrapTorus,
    opensim_name,
)
from biomech.io.osim.tabulate.joints import FunctionRows, Row, is_of_one

PassivePath = PathSpring | Ligament | BlankevoortLigament
#: Forces that run along a path and are no muscles.
AlongPath = PassivePath | PathActuator


def acts(force: AlongPath) -> bool:
    """Whether it is switched on and not of no strength."""
    match force:
        case PathActuator():
            strength = force.optimal_force
        case PathSpring():
            strength = force.stiffness
        case Ligament():
            strength = force.pcsa_force
        case BlankevoortLigament():
            strength = force.linear_stiffness
    return force.active and strength != 0.0


def is_computed(force: AlongPath, description: OsimModel) -> bool:
    """Whether its path is a line over cylinders and spheres, and its curve a function that is computed."""
    over = (description.wraps[own.wrap] for own in force.path.wraps)
    curve = force.curve if isinstance(force, Ligament) else None
    return force.path.supported and not any(map(_is_left_out, over)) and (curve is None or is_of_one(curve))


def _is_left_out(wrap: WrapObject) -> bool:
    return isinstance(wrap, UnknownWrap) or (isinstance(wrap, WrapEllipsoid | WrapTorus) and wrap.active)


def along_paths(description: OsimModel) -> dict[str, AlongPath]:
    """Those that act and are computed, by names that no muscle or other has; that of an actuator has no coordinate."""
    taken, coordinates = {own.name for own in description.muscles}, {own.name for own in description.coordinates}
    found: dict[str, AlongPath] = {}
    for force in description.forces:
        if isinstance(force, AlongPath) and acts(force) and is_computed(force, description):
            name = opensim_name(force.name or f"path_{len(found)}")
            while name in taken or (isinstance(force, PathActuator) and name in coordinates):
                name += "_"
            taken.add(name)
            found[name] = force
    return found


def path_actuator_row(name: str, force: PathActuator, source: str) -> Row:
    """A row of ``path_actuators``; one that the file has pushing at positive control pulls at negative one."""
    least, most = force.min_control, force.max_control
    if force.optimal_force < 0.0:
        least, most = -most, -least
    limits = (end + 0.0 if math.isfinite(end) else math.nan for end in (least, most))
    return {
        "path_actuator": name,
        "optimal_force": abs(force.optimal_force),
        **dict(zip(("min_control", "max_control"), limits, strict=True)),
        "source": source,
    }


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
    for name, force in along_paths(description).items():
        match force:
            case PathSpring(dissipation=damping) | BlankevoortLigament(damping_coefficient=damping):
                if damping:
                    yield name
