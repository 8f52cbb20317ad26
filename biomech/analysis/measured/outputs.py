"""Which variables measured frames are answered with: what was given comes back, what forces alone tell needs forces."""

from __future__ import annotations

from collections.abc import Mapping

from biomech.analysis.measured.motion import Measured
from biomech.analysis.output.variables import GIVEN, Output, outputs_of
from biomech.model.model import Model

_ANALYSIS = "static_optimization"
#: What is not known where joint moments stand in place of forces.
_OF_FORCES = frozenset(
    {"joint_contact_force", "joint_contact_moment", "ground_force", "center_of_pressure", "plate_moment"}
)


def measured_outputs(model: Model, measured: Measured) -> Mapping[str, Output]:
    """The variables of the answer."""
    outputs = outputs_of(model, _ANALYSIS)
    if measured.moments is not None:
        outputs = {
            name: own for name, own in outputs.items() if name not in _OF_FORCES and not _OF_FORCES & set(own.needs)
        }
    there = measured.given(slice(0, 0))
    more = {own.name: own for own in GIVEN if own.name in there}
    return {**outputs, **more} if more else outputs
