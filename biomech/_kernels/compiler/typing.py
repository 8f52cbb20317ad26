"""Kernels as Numba sees them: the type of an entry point's arguments, and a dispatcher for each kernel."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from functools import cache
from typing import Any, get_type_hints

import numba
import numpy as np
from numba.core import types
from numba.core.types.containers import NamedTuple, NamedUniTuple
from numba.np.numpy_support import from_dtype

import biomech._kernels.compiler.lanes  # noqa: F401  gives lanes their meaning
from biomech._kernels.declaration import Kernel
from biomech._kernels.interface import array_kind, is_tuple

#: Sums may be reordered and products fused, so that loops vectorise; NaN and infinity keep their meaning.
_FLOATS = {"reassoc", "contract", "nsz", "arcp"}
_NUMBERS = {float: types.float64, int: types.int64, bool: types.boolean, type(None): types.none}


@cache
def dispatcher_of(kernel: Kernel) -> Any:
    """Numba's dispatcher of a kernel.

    Raises
    ------
    TypeError
        It raises exceptions, which the C interface cannot hand on.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(kernel.function)))
    if any(isinstance(node, ast.Raise | ast.Assert) for node in ast.walk(tree)):
        raise TypeError(f"{kernel.name}: kernels cannot raise; give back what went wrong")
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": _FLOATS}
    options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    if not kernel.allocates:
        options["_nrt"] = False
    return numba.njit(**options)(kernel.function)


def argument_types(function: Callable[..., Any]) -> tuple[types.Type, ...]:
    """Numba's types of an entry point's arguments, from its annotations."""
    hints = get_type_hints(function, include_extras=True)
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return tuple(_type_of(hints[name]) for name in names)


def result_type(function: Callable[..., Any]) -> types.Type:
    """Numba's type of what an entry point returns."""
    return _NUMBERS[get_type_hints(function).get("return", type(None))]


def _type_of(hint: Any) -> types.Type:
    if is_tuple(hint):
        parts = [_type_of(part) for part in get_type_hints(hint, include_extras=True).values()]
        alike = all(part == parts[0] for part in parts)
        return NamedUniTuple(parts[0], len(parts), hint) if alike else NamedTuple(parts, hint)
    kind = array_kind(hint)
    return types.Array(from_dtype(np.dtype(kind.code)), kind.ndim, "C") if kind else _NUMBERS[hint]
