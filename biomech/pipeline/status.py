"""What is said of the answer to one posture: the codes of ``status``, their names, and what the numbers then are.

Codes are published: they are in people's files. One that is new takes the next number; none ever changes its own.
"""

from __future__ import annotations

from typing import NamedTuple

from biomech.sharing.certificate import INFEASIBLE
from biomech.sharing.certificate import OPTIMAL as OPTIMAL
from biomech.sharing.certificate import UNCERTIFIED as UNCERTIFIED

#: Of load sharing: the demand of a posture cannot be met, so that somebody is too weak for it.
OVERLOADED = INFEASIBLE
#: Beyond load sharing: there is no posture that would have a demand.
UNREACHABLE = 3


class StatusCode(NamedTuple):
    """A code, its name (a word), and what the numbers of such a posture are."""

    code: int
    name: str
    meaning: str


STATUS_CODES = (
    StatusCode(
        OPTIMAL,
        "optimal",
        "They balance, and by the certificate no other sharing within the muscles' strength costs less.",
    ),
    StatusCode(
        OVERLOADED,
        "overloaded",
        "Nobody of this strength can hold the posture: proven. The numbers come nearest to balance (`shortfall` is what"
        " is missing), at full strength in some muscles and at rest in others. They are no answer to who carries the"
        " load, and a curve through them bends where the overload begins.",
    ),
    StatusCode(
        UNCERTIFIED,
        "uncertified",
        "Neither is proven, within rounding: as a rule a demand at the very edge of what can be borne. Rare (none in"
        " most sweeps); the residual and the gap say how near it is.",
    ),
    StatusCode(
        UNREACHABLE,
        "unreachable",
        "The body cannot take the posture; every number is NaN. The message says which foot or joint misses what by how"
        " many mm or deg, and which parameter would mend it.",
    ),
)

#: Names by code.
STATUSES = tuple(status.name for status in STATUS_CODES)
