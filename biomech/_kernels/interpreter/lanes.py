"""Lanes in plain Python: one number of each of several problems, and arrays of them, on NumPy.

They can do what lanes can do in a compiled kernel (``biomech._kernels.compiler.lanes``), and are values as there: what
was read from an array stays as it is when the array is written.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Said in plain Python, and by the compiler.
BRANCHING = (
    "branching on a lane: a condition may hold in one lane and not in another, so use select(condition, yes, no) "
    "in place of if, while, and, or, not"
)


class Lanes(np.ndarray[Any, Any]):
    """A float, or a truth value, in each lane; NumPy's operators go lane by lane."""

    def __bool__(self) -> bool:
        raise TypeError(BRANCHING)

    def __repr__(self) -> str:
        return f"Lanes({_shown(self)})"

    # an operator gives new lanes: to change these would change whatever else names them
    __iadd__: Any = np.ndarray.__add__
    __isub__: Any = np.ndarray.__sub__
    __imul__: Any = np.ndarray.__mul__
    __itruediv__: Any = np.ndarray.__truediv__
    __iand__: Any = np.ndarray.__and__
    __ior__: Any = np.ndarray.__or__


class LaneArray:
    """An array of lanes, on the memory of an array of floats whose last axis they are.

    Parameters
    ----------
    floats : ndarray, shape (..., lane)
        The memory.
    """

    __slots__ = ("_floats",)

    def __init__(self, floats: NDArray[np.float64]) -> None:
        self._floats = floats.view(Lanes)

    @property
    def ndim(self) -> int:
        """How many indices an entry has."""
        return self._floats.ndim - 1

    @property
    def shape(self) -> tuple[int, ...]:
        """How many entries there are along each axis."""
        return self._floats.shape[:-1]

    def __len__(self) -> int:
        return len(self._floats)

    def __getitem__(self, place: Any) -> Lanes | LaneArray:
        self._check(place)
        found = self._floats[place]
        return found.copy() if found.ndim == 1 else LaneArray(found)

    def __setitem__(self, place: Any, number: Any) -> None:
        self._check(place)
        self._floats[place] = number

    def __repr__(self) -> str:
        return f"LaneArray({_shown(self._floats)})"

    def _check(self, place: Any) -> None:
        if type(place) is tuple and len(place) > self.ndim:
            raise IndexError(f"{len(place)} indices for an array of lanes in {self.ndim} dimensions")


def _shown(lanes: NDArray[Any]) -> str:
    """Lanes as text; once where all are the same, as they are where one posture was asked for."""
    numbers = np.asarray(lanes)
    first = numbers[..., 0]
    if np.array_equal(numbers, np.broadcast_to(first[..., None], numbers.shape), equal_nan=True):
        return f"{np.array2string(first, separator=', ')}, the same in every lane"
    return np.array2string(numbers, separator=", ")


def select(condition: Any, yes: Any, no: Any) -> Any:
    """``yes`` where the condition holds, else ``no``."""
    _check_truth(condition)
    if isinstance(condition, Lanes) or isinstance(yes, Lanes) or isinstance(no, Lanes):
        return as_value(np.where(condition, yes, no))
    chosen = yes if condition else no
    return chosen if isinstance(chosen, bool | np.bool_) else np.float64(chosen)


def any_lane(condition: Any) -> Any:
    """Whether a condition holds in any lane."""
    _check_truth(condition)
    return np.bool_(np.count_nonzero(condition) > 0)


def as_value(array: NDArray[Any]) -> Lanes:
    """An array as lanes: truth values, or floats whatever the numbers were."""
    return (array if array.dtype == np.bool_ else array.astype(np.float64, copy=False)).view(Lanes)


def _check_truth(condition: Any) -> None:
    """Refuse numbers, such as what ``~`` makes of Python's own truth values."""
    kind = condition.dtype if isinstance(condition, np.ndarray | np.generic) else type(condition)
    if kind not in (np.bool_, bool):
        raise TypeError(f"condition = {condition!r}: must be a truth value, not {kind}")
