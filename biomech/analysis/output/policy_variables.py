"""What a sweep says of angles that were given or found by policies: each variable declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech.pipeline.output_declaration import OutputDeclaration
from biomech.policies.registry import flags_of
from biomech.policies.resolve import PolicyResult
from biomech.stance.parameters import PARAMETERS


@dataclass(frozen=True)
class PolicyVariable(OutputDeclaration):
    """What a sweep says of angles that policies found: a field of ``PolicyResult``.

    Parameters
    ----------
    found : str
        The field; of the tilt, which is given where it is not found, there is none.
    followed : str
        The policies that must have been followed, a name of ``CODES``; if not given, some posture must have a value.
    angle : str
        Of a status, the angle that it tells of.
    """

    found: str = ""
    followed: str = ""
    angle: str = ""

    @property
    def flag_numbers(self) -> Mapping[str, int]:
        """Of a status, what policies may say of the angle; one from outside adds to it."""
        return flags_of(self.angle) if self.angle else {}

    def of(self, found: PolicyResult) -> NDArray[Any]:
        """The variable, (posture, ...)."""
        return np.asarray(getattr(found, self.found))


#: What a sweep says of angles that are given or found.
POLICY_OUTPUTS = (
    PolicyVariable(
        "pelvic_tilt",
        (),
        "deg",
        PARAMETERS["pelvic_tilt"].long_name,
        meaning="pelvic tilt in space, given or found. A dimension where it is swept in degrees",
        sign="anterior positive",
    ),
    PolicyVariable(
        "tilt_status",
        (),
        "1",
        "how the tilt was found",
        meaning=(
            "how the tilt was found: by least effort at an interior minimum, at a bound or at the edge of what can be"
            " held, or, where nothing can be held, where it falls least short; hanging or passive in balance, at the"
            " first stable one of several balances, at one that is unstable, or where there is none at the least"
            " moment; or by rule"
        ),
        angle="pelvic_tilt",
        found="tilt_status",
        followed="policy",
    ),
    PolicyVariable(
        "tilt_minimum",
        ("minimum",),
        "deg",
        "every tilt of least effort that comes within 5 % of the best; NaN where there are fewer",
        meaning="every tilt of least effort within 5 % of the best, best first; NaN where there are fewer",
        found="minimum",
        followed="policy",
    ),
    PolicyVariable(
        "tilt_interval",
        ("bound",),
        "deg",
        "range of tilts whose effort is within 5 %",
        meaning="range of tilts whose effort is within 5 %, read off a cubic between nodes of 5 deg",
        found="interval",
        followed="policy",
    ),
    PolicyVariable(
        "trunk_lean",
        (),
        "deg",
        PARAMETERS["trunk_lean"].long_name,
        found="lean",
        followed="lean_policy",
    ),
    PolicyVariable(
        "lean_status",
        (),
        "1",
        "how the lean was found",
        angle="trunk_lean",
        found="lean_status",
        followed="lean_policy",
    ),
    PolicyVariable(
        "knee_flexion",
        ("foot",),
        "deg",
        PARAMETERS["knee_flexion"].long_name,
        found="knee",
        followed="knee_policy",
    ),
    PolicyVariable(
        "knee_status",
        ("foot",),
        "1",
        "how the knee was found",
        meaning="how the knee was found, as `lean_status`; or outside the geometry, or knee and tilt do not settle",
        angle="knee_flexion",
        found="knee_status",
        followed="knee_policy",
    ),
    PolicyVariable(
        "hanging_moment",
        (),
        "N.m",
        "moment about both hips that muscles must give where the body was to hang, forward positive",
        meaning="what is left for muscles about both hips where pelvis or trunk was to hang",
        sign="forward positive",
        found="hanging_moment",
    ),
)
#: Their names.
POLICY_VARIABLES = tuple(variable.name for variable in POLICY_OUTPUTS)
