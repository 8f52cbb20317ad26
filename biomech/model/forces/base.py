"""What a force element is: something that pushes on segments by what their posture is.

An element from outside the package is one object with one kernel, which writes down the forces and moments that it
exerts on segments. From these follow what it does on every coordinate, and its part in the joints' reactions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Protocol


class Body(Protocol):
    """What an element may know of a compiled model: whether it is the right half alone, and names in kernel order."""

    @property
    def half(self) -> bool: ...
    @property
    def segments(self) -> list[str]: ...
    @property
    def coordinates(self) -> list[str]: ...


class ForceElement(ABC):
    """An element that acts on every stance while it is registered; a frozen dataclass of its own numbers.

    Attributes
    ----------
    is_symmetric : bool
        Whether it treats both sides of the body alike. If not, no stance is solved on half a body.
    """

    is_symmetric: ClassVar[bool] = False

    @abstractmethod
    def numbers(self, body: Body) -> Sequence[float]:
        """What its kernel reads: places of segments and coordinates, and its constants.

        Parameters
        ----------
        body : Body
            The whole, or its right half (``half``), which bears half of what acts on the midline. ``segment_place`` and
            ``body.coordinates.index`` give places.
        """


def segment_place(body: Body, name: str) -> int:
    """Where the kernels find a segment; the ground is at 0."""
    return 0 if name == "ground" else 1 + body.segments.index(name)
