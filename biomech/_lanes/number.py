"""Lanes as kernels see them: names that mean something to the compiler alone (``biomech._kernels.compiler.lanes``)."""

from __future__ import annotations

from typing import Any

#: Problems side by side: two AVX2 registers, so that two chains of operations hide each other's latency.
LANES = 8


def _in_kernels_only(name: str) -> TypeError:
    return TypeError(f"{name}: only kernels call it")


def select(condition: Any, yes: Any, no: Any) -> Any:
    """``yes`` where the condition holds, else ``no``: a branch that also works on lanes."""
    raise _in_kernels_only("select")


def put(number: Any, lane: int, value: float) -> Any:
    """``number`` with another value in one lane; a float is its only lane."""
    raise _in_kernels_only("put")


def take(number: Any, lane: int) -> float:
    """The value in one lane."""
    raise _in_kernels_only("take")


def some(condition: Any) -> bool:
    """Whether a condition holds in any lane."""
    raise _in_kernels_only("some")


def power_of_two(exponent: Any) -> Any:
    """2 to the power of a whole number, -1022..1023, put together from its bits."""
    raise _in_kernels_only("power_of_two")


def split(x: Any) -> tuple[Any, Any]:
    """Exponent and mantissa, in 1..2, of positive lanes: their bits."""
    raise _in_kernels_only("split")


def as_lanes(array: Any) -> Any:
    """An array (..., LANES) as an array (...) of lanes; the memory is the same."""
    raise _in_kernels_only("as_lanes")


def no_lanes() -> Any:
    """Lanes that are all zero: says to a kernel what to work on, as 0.0 does for plain floats."""
    raise _in_kernels_only("no_lanes")


def zeros(number: Any, shape: tuple[int, ...]) -> Any:
    """An array of zeros of the type of ``number``."""
    raise _in_kernels_only("zeros")


def width(number: Any) -> int:
    """How many problems a number stands for."""
    raise _in_kernels_only("width")
