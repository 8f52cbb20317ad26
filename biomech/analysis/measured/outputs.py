"""Which variables measured frames are answered with: what was given comes back, what forces alone tell needs forces."""

from __future__ import annotations

from collections.abc import Mapping

from biomech.analysis.measured.motion import Measured
from biomech.analysis.output.variables import Output, OutputVariable, outputs_of
from biomech.model.model import Model

_ANALYSIS = "static_optimization"
#: What is not known where joint moments stand in place of forces.
_OF_FORCES = frozenset(
    {"joint_contact_force", "joint_contact_moment", "ground_force", "center_of_pressure", "plate_moment"}
)


def _given(name: str, dims: tuple[str, ...], units: str, long_name: str, frame: str = "") -> OutputVariable:
    def value(solved: object) -> object:
        return solved.given[name]  # type: ignore[attr-defined]

    return OutputVariable(name, dims, units, long_name, frame=frame, analyses=(_ANALYSIS,), value=value)  # type: ignore[arg-type]


#: What was given besides motion and plates, by name.
GIVEN = {
    output.name: output
    for output in (
        _given("external_force", ("segment", "axis"), "N", "force of loads on the segment, as given", "ground"),
        _given(
            "external_moment",
            ("segment", "axis"),
            "N.m",
            "moment of loads on the segment about the ground origin, as given",
            "ground",
        ),
        _given("given_moment", ("coordinate",), "N.m", "moment that was to be given (N for translations)"),
        _given("in_contact", ("foot",), "1", "whether the foot is on the floor, where the ground was predicted"),
        _given("activation_lower", ("muscle",), "1", "least activation, as given"),
        _given("activation_upper", ("muscle",), "1", "largest activation, as given"),
        _given("activation_weight", ("muscle",), "1", "weight in the cost, as given"),
    )
}


def measured_outputs(model: Model, measured: Measured) -> Mapping[str, Output]:
    """The variables of the answer."""
    outputs = outputs_of(model, _ANALYSIS)
    if measured.moments is not None:
        outputs = {
            name: own for name, own in outputs.items() if name not in _OF_FORCES and not _OF_FORCES & set(own.needs)
        }
    there = measured.given(slice(0, 0))
    more = {name: own for name, own in GIVEN.items() if name in there}
    return {**outputs, **more} if more else outputs
