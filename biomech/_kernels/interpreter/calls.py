"""Calls of entry points that run as plain Python: arguments and results as those of compiled ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from biomech._kernels.interface import BoundCall, CompiledFunction, signature_of
from biomech._kernels.interpreter.arithmetic import number

_RESULTS: dict[str, Callable[[Any], Any]] = {"f": float, "i": int, "b": bool}


class InterpretedFunction(CompiledFunction):
    """An entry point in place of its compiled form; it refuses what that would refuse.

    Parameters
    ----------
    name : str
        Of the entry point.
    function : callable
        What Python runs.
    """

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name, self.function = name, function
        self.signature = signature_of(function)
        self.kinds = ",".join(self.signature.arguments)

    def __call__(self, *args: Any) -> Any:
        return self.bind(*args)()

    def bind(self, *args: Any) -> BoundCall:
        """The call with these arguments, checked once."""
        super().bind(*args)
        return _InterpretedCall(self, args)


class _InterpretedCall(BoundCall):
    """A call whose arguments stay."""

    def __init__(self, function: InterpretedFunction, arguments: tuple[Any, ...]) -> None:
        super().__init__(function, b"", tuple(map(number, arguments)))

    def __call__(self) -> Any:
        with np.errstate(all="ignore"):  # as in compiled code, infinity and NaN say what happened
            found = self._function.function(*self._kept)
        kind = self._function.signature.result
        return _RESULTS[kind](found) if kind else None


class InterpretedPoint:
    """A kernel in whose place another may be put, as plain Python."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.replacement: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        return (self.replacement or self.function)(*args)

    def problem_with(self, kernel: Any) -> str:
        """What keeps a kernel from being put in its place; empty where nothing does."""
        return "" if callable(kernel) else f"{kernel!r} must be a function"

    def extend(self, kernel: Callable[..., Any] | None) -> None:
        """Put a kernel in its place, or with None take it out again."""
        self.replacement = kernel
