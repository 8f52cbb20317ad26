"""Forces other than muscles: springs, ligaments, limits, bushings, actuators."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from biomech.io._xml import Element
from biomech.io.osim.description import (
    GROUND,
    BlankevoortLigament,
    BushingForce,
    CoordinateActuator,
    CoordinateLimitForce,
    Force,
    Ligament,
    PathActuator,
    PathSpring,
    Placement,
    PointActuator,
    PointToPointSpring,
    SimmSpline,
    SpringGeneralizedForce,
    TorqueActuator,
    Vector,
)
from biomech.io.osim.parse.document import Document
from biomech.io.osim.parse.frames import Frames, located, old_offset, socket
from biomech.io.osim.parse.functions import function_property
from biomech.io.osim.parse.paths import PathReader
from biomech.io.osim.parse.values import flag, number, property_of, referred, vector


@dataclass
class ForceReader:
    """What the forces of a model refer to; ``motions``: of each coordinate."""

    document: Document
    frames: Frames
    paths: PathReader
    motions: Mapping[str, str]

    def read(self, element: Element) -> Force:
        """A force of a class in ``FORCES``."""
        return FORCES[element.tag](self, element)

    # ---- along paths ----------------------------------------------------------------------------------------------

    def _path_spring(self, element: Element) -> PathSpring:
        return PathSpring(
            element.name,
            self.paths.read(element),
            is_active(self.document, element),
            number(self.document, element, "resting_length", least=0.0),
            number(self.document, element, "stiffness", least=0.0),
            number(self.document, element, "dissipation", default=0.0, least=0.0),
            element.line,
        )

    def _ligament(self, element: Element) -> Ligament:
        curve = function_property(self.document, element, "force_length_curve", "curve")
        return Ligament(
            element.name,
            self.paths.read(element),
            is_active(self.document, element),
            number(self.document, element, "resting_length", above=0.0),
            number(self.document, element, "pcsa_force", default=0.0, least=0.0),
            _LIGAMENT if curve is None else curve,
            element.line,
        )

    def _blankevoort(self, element: Element) -> BlankevoortLigament:
        return BlankevoortLigament(
            element.name,
            self.paths.read(element),
            is_active(self.document, element),
            number(self.document, element, "linear_stiffness", default=1.0, least=0.0),
            number(self.document, element, "transition_strain", default=0.06, above=0.0),
            number(self.document, element, "damping_coefficient", default=0.003, least=0.0),
            number(self.document, element, "slack_length", above=0.0),
            element.line,
        )

    def _path_actuator(self, element: Element) -> PathActuator:
        return PathActuator(
            element.name,
            self.paths.read(element),
            is_active(self.document, element),
            number(self.document, element, "optimal_force", default=1.0),
            *controls(self.document, element, -math.inf, math.inf),
            element.line,
        )

    # ---- on coordinates -------------------------------------------------------------------------------------------

    def _coordinate(self, element: Element) -> str:
        given = socket(self.document, element, "coordinate", "coordinate")
        return referred(self.document, element, given, self.motions, "coordinate")

    def _limit(self, element: Element) -> CoordinateLimitForce:
        """A limit; of a turn it is in degrees in the file."""
        coordinate = self._coordinate(element)
        unit = math.pi / 180.0 if self.motions[coordinate] == "rotational" else 1.0

        def value(tag: str, default: float, scale: float) -> float:
            return scale * number(self.document, element, tag, default=default)

        return CoordinateLimitForce(
            element.name,
            is_active(self.document, element),
            coordinate,
            value("upper_stiffness", 1.0, 1.0 / unit),
            value("upper_limit", 0.0, unit),
            value("lower_stiffness", 1.0, 1.0 / unit),
            value("lower_limit", 0.0, unit),
            value("damping", 0.001, 1.0 / unit),
            value("transition", 0.1, unit),
            element.line,
        )

    def _spring(self, element: Element) -> SpringGeneralizedForce:
        return SpringGeneralizedForce(
            element.name,
            is_active(self.document, element),
            self._coordinate(element),
            number(self.document, element, "stiffness", default=0.0),
            number(self.document, element, "rest_length", default=0.0),
            number(self.document, element, "viscosity", default=0.0),
            element.line,
        )

    def _coordinate_actuator(self, element: Element) -> CoordinateActuator:
        return CoordinateActuator(
            element.name,
            is_active(self.document, element),
            self._coordinate(element),
            number(self.document, element, "optimal_force", default=1.0),
            *controls(self.document, element, -math.inf, math.inf),
            element.line,
        )

    # ---- on bodies ------------------------------------------------------------------------------------------------

    def _bushing(self, element: Element) -> BushingForce:
        return BushingForce(
            element.name,
            is_active(self.document, element),
            self._end(element, 1),
            self._end(element, 2),
            self._stiffness(element, "rotational_stiffness"),
            self._stiffness(element, "translational_stiffness"),
            vector(self.document, element, "rotational_damping"),
            vector(self.document, element, "translational_damping"),
            element.line,
        )

    def _stiffness(self, element: Element, tag: str) -> Vector:
        """Stiffness along or about three axes."""
        found = vector(self.document, element, tag)
        if min(found) < 0.0:
            raise self.document.error(element, f"{tag} = {found!r}: must be at least 0")
        return found

    def _point_spring(self, element: Element) -> PointToPointSpring:
        first, second = (self._frame(element, f"body{end}", f"body_{end}") for end in (1, 2))
        return PointToPointSpring(
            element.name,
            is_active(self.document, element),
            first.body,
            second.body,
            located(first, vector(self.document, element, "point1")),
            located(second, vector(self.document, element, "point2")),
            number(self.document, element, "stiffness", default=1.0, least=0.0),
            number(self.document, element, "rest_length", default=0.0, least=0.0),
            element.line,
        )

    def _end(self, element: Element, end: int) -> Placement:
        """The frame at one end: a socket in 4.x, a body with an offset before."""
        frame = self._frame(element, f"frame{end}", f"body_{end}", f"body{end}")
        return old_offset(self.document, frame, element, f"location_body_{end}", f"orientation_body_{end}")

    def _frame(self, element: Element, name: str, *old: str) -> Placement:
        frame = self.frames.of(element, name, name, *old)
        if frame is None:
            raise self.document.error(element, f"{name} is missing")
        return frame

    def _point_actuator(self, element: Element) -> PointActuator:
        return PointActuator(
            element.name,
            is_active(self.document, element),
            self._frame(element, "body"),
            vector(self.document, element, "point"),
            flag(self.document, element, "point_is_global", False),
            vector(self.document, element, "direction", (1.0, 0.0, 0.0)),
            flag(self.document, element, "force_is_global", False),
            number(self.document, element, "optimal_force", default=1.0),
            *controls(self.document, element, -math.inf, math.inf),
            element.line,
        )

    def _torque_actuator(self, element: Element) -> TorqueActuator:
        second = self.frames.of(element, "bodyB", "bodyB", "body_B")
        return TorqueActuator(
            element.name,
            is_active(self.document, element),
            self._frame(element, "bodyA", "body_A"),
            Placement(GROUND) if second is None else second,
            vector(self.document, element, "axis", (0.0, 0.0, 1.0)),
            flag(self.document, element, "torque_is_global", True),
            number(self.document, element, "optimal_force", default=1.0),
            *controls(self.document, element, -math.inf, math.inf),
            element.line,
        )


def is_active(document: Document, element: Element) -> bool:
    """Whether a force acts: ``appliesForce`` of 4.x, the opposite of ``isDisabled`` before."""
    if property_of(document, element, "appliesForce") is not None:
        return flag(document, element, "appliesForce", True)
    return not flag(document, element, "isDisabled", False)


def controls(document: Document, element: Element, low: float, high: float) -> tuple[float, float]:
    """The limits of an actuator's control."""
    low = number(document, element, "min_control", default=low, infinite=True)
    high = number(document, element, "max_control", default=high, infinite=True)
    if low > high:
        raise document.error(element, f"min_control = {low!r}: must be at most max_control = {high!r}")
    return low, high


# OpenSim's own curve of a ligament that states none
_LIGAMENT = SimmSpline(
    (-5.0, 0.998, 0.999, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.601, 1.602, 5.0),
    (0.0, 0.0, 0.0, 0.0, 0.035, 0.12, 0.26, 0.55, 1.17, 2.0, 2.0, 2.0, 2.0),
)

#: Per class what reads it.
FORCES: dict[str, Callable[[ForceReader, Element], Force]] = {
    "PathSpring": ForceReader._path_spring,
    "Ligament": ForceReader._ligament,
    "Blankevoort1991Ligament": ForceReader._blankevoort,
    "PathActuator": ForceReader._path_actuator,
    "CoordinateLimitForce": ForceReader._limit,
    "SpringGeneralizedForce": ForceReader._spring,
    "CoordinateActuator": ForceReader._coordinate_actuator,
    "BushingForce": ForceReader._bushing,
    "PointToPointSpring": ForceReader._point_spring,
    "PointActuator": ForceReader._point_actuator,
    "TorqueActuator": ForceReader._torque_actuator,
}
