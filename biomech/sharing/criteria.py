"""Criteria: how the load is shared among more muscles than are needed."""

from __future__ import annotations

from dataclasses import dataclass

from biomech.errors import ProblemError


@dataclass(frozen=True)
class Power:
    """Least sum of w |x|^p (Crowninshield & Brand 1981, J Biomech 14:793).

    Parameters
    ----------
    exponent : int
        2, the sum of squares.

    Raises
    ------
    ProblemError
        Any other exponent.
    """

    exponent: float = 2

    def __post_init__(self) -> None:
        if isinstance(self.exponent, bool) or self.exponent != 2:
            raise ProblemError(f"exponent = {self.exponent!r}: must be 2")
