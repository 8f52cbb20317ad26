"""A kernel's source as a Python function whose numbers are those of compiled code.

In a kernel a division by zero gives infinity or NaN, and so does the square root of what is below zero; whole numbers
have 64 bits; ``min`` and ``max`` take lanes. Python's own numbers would raise, and its own ``min`` would branch on a
lane. So the literals of the source, and the constants of its module that it names, become NumPy's numbers, and a few
names of Python's mean something else in it. File and lines stay what they are, and so does what the module holds: a
debugger and coverage see nothing but the source.
"""

from __future__ import annotations

import builtins
import dis
import math
from collections.abc import Callable
from functools import cache, update_wrapper
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any

import numpy as np

from biomech._kernels.interpreter.lanes import Lanes, as_value

#: NumPy's names of functions of ``math``, where they are others.
_OTHER_NAMES = {
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "pow": "power",
}
#: Types of numbers, and of the numbers that stand for them. Signed and unsigned integers together are floats to NumPy,
#: and integers to the compiler: here all are signed.
_NUMBERS: dict[type, Callable[[Any], Any]] = {bool: np.bool_, int: np.int64, np.uint64: np.int64, float: np.float64}


def number(value: Any) -> Any:
    """What stands for a number, an array of numbers or a tuple of them in a kernel; anything else is itself."""
    if isinstance(value, tuple):
        return value._make(map(number, value)) if hasattr(value, "_make") else tuple(map(number, value))
    if type(value) is np.ndarray and value.dtype == np.uint64:
        return value.view(np.int64)  # the memory is the same
    return _NUMBERS[type(value)](value) if type(value) in _NUMBERS else value


@cache
def interpret(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel as a Python function.

    Parameters
    ----------
    function : callable
        As it stands in the source.
    """
    if not isinstance(function, FunctionType) or _MARK in getattr(function, "__builtins__", {}):
        return function  # already one
    code, names = _with_numbers(function.__code__), function.__globals__
    own = {name: _constant(names[name]) for name in _names_of_module(code) if name in names}
    own = {name: value for name, value in own.items() if value is not names[name]}
    code = code.replace(co_names=tuple(_hidden(name) if name in own else name for name in code.co_names))
    # what a module does not have is looked for where the module did when the function was made
    usual = names.get("__builtins__", builtins)
    names["__builtins__"] = _BUILTINS | {_hidden(name): value for name, value in own.items()}
    try:
        made = FunctionType(code, names, function.__name__, number(function.__defaults__), function.__closure__)
    finally:
        names["__builtins__"] = usual
    made.__kwdefaults__ = function.__kwdefaults__
    return update_wrapper(made, function)


def _hidden(name: str) -> str:
    """The name of a constant in a kernel's code: one that no module has."""
    return f"{name} {_MARK}"


def _names_of_module(code: CodeType) -> set[str]:
    """Names that a function asks its module for, and no object."""
    named: dict[str, set[bool]] = {}
    for instruction in dis.get_instructions(code):
        if instruction.opcode in dis.hasname:
            named.setdefault(instruction.argval, set()).add(instruction.opname == "LOAD_GLOBAL")
    return {name for name, ways in named.items() if ways == {True}}


def _with_numbers(code: CodeType) -> CodeType:
    """The code with NumPy's numbers for those that are written in it."""
    return code.replace(co_consts=tuple(map(_literal, code.co_consts)))


def _literal(value: Any) -> Any:
    if type(value) is tuple:
        return tuple(map(_literal, value))
    return _with_numbers(value) if isinstance(value, CodeType) else number(value)


def _constant(value: Any) -> Any:
    """What stands for a constant of a module, or for a module of functions."""
    return _MATH if value is math else _NUMPY if value is np else number(value)


def _least(*numbers: Any, **options: Any) -> Any:
    """``min``; of lanes and NaN as compiled code has it."""
    if len(numbers) == 2 and any(isinstance(value, Lanes) for value in numbers):
        return as_value(np.where(np.less(*numbers), *numbers))
    return _float_if_any(builtins.min(*numbers, **options), numbers)


def _most(*numbers: Any, **options: Any) -> Any:
    """``max``, likewise."""
    if len(numbers) == 2 and any(isinstance(value, Lanes) for value in numbers):
        return as_value(np.where(np.greater(*numbers), *numbers))
    return _float_if_any(builtins.max(*numbers, **options), numbers)


def _float_if_any(found: Any, numbers: tuple[Any, ...]) -> Any:
    return np.float64(found) if any(isinstance(value, float) for value in numbers) else found


def _length(value: Any) -> Any:
    return np.int64(builtins.len(value))


def _range(*bounds: Any) -> Any:
    """``range``, in integers of NumPy's."""
    return np.arange(*bounds, dtype=np.int64)


def _integer(value: Any = 0) -> Any:
    """``int``; of what is no number, what a conversion in C gives."""
    return np.asarray(value).astype(np.int64)[()]


def _whole(function: np.ufunc) -> Callable[[Any], Any]:
    """A rounding of floats to integers, and of lanes to lanes."""

    def rounded(x: Any) -> Any:
        found = function(x)
        return found if isinstance(found, Lanes) else found.astype(np.int64)

    return rounded


def _functions() -> dict[str, Any]:
    """The names of ``math``, with NumPy's functions, which take lanes and do not raise."""
    found = {name: number(value) for name, value in vars(math).items()}
    for name in found:
        function = getattr(np, _OTHER_NAMES.get(name, name), None)
        if isinstance(function, np.ufunc) and name not in ("gcd", "lcm"):
            found[name] = function
    return found | {name: _whole(getattr(np, name)) for name in ("floor", "ceil", "trunc")}


#: ``math`` and ``numpy`` in kernels.
_MATH = SimpleNamespace(**_functions())
_NUMPY = SimpleNamespace(**{name: number(value) for name, value in vars(np).items()} | {"uint64": np.int64})
#: What a kernel finds where it looks for what Python has built in; and what tells that it was made here.
_MARK = "in kernels"
_BUILTINS = vars(builtins) | {
    "min": _least,
    "max": _most,
    "range": _range,
    "len": _length,
    "int": _integer,
    "float": np.float64,
    _MARK: True,
}
