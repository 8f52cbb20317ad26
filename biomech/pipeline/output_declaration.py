"""What is said of every output, whoever makes it; and what becomes of it in the mirror.

Half a body is solved where both halves are alike. What the other half has follows from the kind of quantity, its
*symmetry*: the mirror is the sagittal plane, z to the right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from biomech.model.compiled import CompiledModel
from biomech.model.mirror import side_of
from biomech.model.model import Model
from biomech.model.roles import FEET, KNEES, SIDES


class Symmetry(NamedTuple):
    """Factors of the parts of a quantity: of its mirror image, and of the midline, where two halves come together."""

    mirror: tuple[float, ...]
    midline: tuple[float, ...]


#: A number that is the same on both sides, and no sum.
SCALAR = Symmetry((1.0,), (1.0,))
#: A number of which each half of the body gives its own part.
SHARED = Symmetry((1.0,), (2.0,))
#: A number that changes its sign in the mirror: what turns about the vertical.
TURN = Symmetry((-1.0,), (0.0,))
#: A place (x, y, z).
POINT = Symmetry((1.0, 1.0, -1.0), (1.0, 1.0, 0.0))
#: A force (x, y, z): a polar vector.
FORCE = Symmetry((1.0, 1.0, -1.0), (2.0, 2.0, 0.0))
#: A moment (x, y, z): an axial vector.
MOMENT = Symmetry((-1.0, -1.0, 1.0), (0.0, 0.0, 2.0))


class Along(NamedTuple):
    """What an output may be of: names of a body, half or whole, in a kernel's buffer, and of the whole in its array."""

    buffer: Callable[[CompiledModel], list[str]]
    array: Callable[[CompiledModel], list[str]]


def _along(names: Callable[[CompiledModel], list[str]]) -> Along:
    return Along(names, names)


def _knees(compiled: CompiledModel) -> list[str]:
    """The knees with a patella."""
    knee = dict(zip(SIDES.values(), KNEES, strict=True))
    return [knee.get(side_of(compiled.coordinates[c]), "") for c in compiled.patella.coordinate]


ALONG: dict[str, Along] = {
    "body": _along(lambda body: ["body"]),
    "coordinate": _along(lambda body: list(body.coordinates)),
    "muscle": _along(lambda body: list(body.muscles)),
    "passive_path": _along(lambda body: list(body.passive_paths)),
    "path_actuator": _along(lambda body: list(body.path_actuators)),
    "bushing": _along(lambda body: list(body.bushings)),
    "point_spring": _along(lambda body: list(body.point_springs)),
    "joint": _along(lambda body: [own.key for own in body.reported]),
    "foot": Along(lambda body: [foot for foot in FEET if foot in body.segments], lambda body: [*FEET]),
    "knee": Along(_knees, lambda body: [*KNEES] if _knees(body) else []),
}


@dataclass(frozen=True)
class OutputDeclaration:
    """What is said of a variable, in one place.

    Parameters
    ----------
    name : str
        Of the variable, a word.
    dims : tuple of str
        Dimensions of its own, of ``muscle``, ``group``, ``coordinate``, ``joint``, ``foot``, ``axis``,
        ``passive_path``, ``path_actuator``, ``bushing``, ``point_spring``.
    units : str
        SI, or ``deg``; ``1`` for a pure number.
    long_name : str
        What it is, in a few words: the attribute of that name.
    sign : str
        What is positive, where that is not plain.
    frame : str
        In which axes a vector stands; an attribute, too.
    frame_of : callable, optional
        The same of one body, where that depends on it.
    meaning : str
        What the glossary says, where ``long_name`` does not say enough.
    flags : tuple of str
        Names of the codes of a status, from ``first_flag`` on (CF conventions, sec. 3.5).
    describes : bool
        Whether it describes a posture and is no number to reckon with: a coordinate of the dataset, so that two
        answers can be subtracted.
    analyses : tuple of str
        The analyses whose answer has it: ``sweep`` (and ``prepare``, ``uncertainty``), ``static_optimization``.
    has : callable, optional
        Whether a model has it; all have, if not given.
    """

    name: str
    dims: tuple[str, ...]
    units: str
    long_name: str
    sign: str = ""
    frame: str = ""
    meaning: str = ""
    flags: tuple[str, ...] = ()
    first_flag: int = 0
    describes: bool = False
    analyses: tuple[str, ...] = ("sweep",)
    has: Callable[[Model], bool] | None = None
    frame_of: Callable[[Model], str] | None = None

    @property
    def flag_numbers(self) -> Mapping[str, int]:
        """The codes of a status, by name; none of any other variable."""
        return {flag: self.first_flag + k for k, flag in enumerate(self.flags)}

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes that the variable carries in a dataset."""
        attributes: dict[str, Any] = {"units": self.units, "long_name": self.long_name}
        if self.flag_numbers:
            values = np.array([*self.flag_numbers.values()], dtype=np.int8)
            values.setflags(write=False)  # all datasets share them
            attributes |= {"flag_values": values, "flag_meanings": " ".join(self.flag_numbers)}
        return attributes | ({"frame": self.frame} if self.frame else {})
