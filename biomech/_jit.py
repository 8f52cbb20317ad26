"""How kernels are compiled: one place, so that every kernel is compiled the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def jit(function: Function) -> Function:
    """Compile a kernel with Numba: no Python objects, cached on disk, the GIL released.

    Sums may be reordered and products fused, so that loops vectorise; NaN and infinity keep their meaning.
    """
    flags = {"reassoc", "contract", "nsz", "arcp"}
    return numba.njit(cache=True, error_model="numpy", nogil=True, fastmath=flags)(function)


@jit
def select(condition: bool, yes: float, no: float) -> float:
    """``yes`` where the condition holds, else ``no``: a branch that also works on lanes."""
    return yes if condition else no
