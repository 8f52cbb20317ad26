"""How kernels are compiled: one place, so that every kernel is compiled the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def jit(function: Function) -> Function:
    """Compile a kernel with Numba: no Python objects, cached on disk, the GIL released."""
    return numba.njit(cache=True, error_model="numpy", nogil=True)(function)


@jit
def select(condition: bool, yes: float, no: float) -> float:
    """``yes`` where the condition holds, else ``no``: a branch that also works on lanes."""
    return yes if condition else no
