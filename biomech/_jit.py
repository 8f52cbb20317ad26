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
    return _compile(function)


def inner(function: Function) -> Function:
    """Compile a kernel that only kernels call: it may take and return lanes, which Python cannot hold.

    It makes no arrays, so Numba need not count references to those it is given: that would take longer than the work.
    """
    return _compile(function, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)


def maker(function: Function) -> Function:
    """Compile a kernel that only kernels call and that makes arrays."""
    return _compile(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _compile(function: Function, **options: bool) -> Function:
    flags = {"reassoc", "contract", "nsz", "arcp"}
    compiled: Function = numba.njit(cache=True, error_model="numpy", nogil=True, fastmath=flags, **options)(function)
    return compiled
