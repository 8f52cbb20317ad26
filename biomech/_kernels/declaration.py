"""The decorators of kernels: they record a function, and leave it to others to compile it, or to run it as Python."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from functools import update_wrapper
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from biomech._kernels.interpreter.switch import runs_python

if TYPE_CHECKING:
    from biomech._kernels.interface import BoundCall, CompiledFunction

Function = TypeVar("Function", bound=Callable[..., Any])
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

#: Whether kernels run as plain Python, all of them or none.
INTERPRETED = runs_python()


def _module_of(function: Callable[..., Any]) -> str:
    """The module of a function, by the name under which others import it where it was run by ``python -m``."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name if function.__module__ == "__main__" and spec is not None else function.__module__


class Kernel:
    """A function that kernels call.

    Parameters
    ----------
    function : callable
        In the part of Python that Numba compiles. Sums in it may be reordered and products fused, so that loops
        vectorise; NaN and infinity keep their meaning.
    allocates : bool
        Whether it makes arrays.
    """

    def __init__(self, function: Callable[..., Any], *, allocates: bool) -> None:
        self.function, self.allocates = function, allocates
        self.name = f"{_module_of(function)}.{function.__qualname__}"
        update_wrapper(self, function)

    @property
    def _numba_type_(self) -> Any:
        # Numba asks for this where a kernel calls another: that happens in the compiler's process alone
        from biomech._kernels.compiler.typing import dispatcher_of

        return dispatcher_of(self)._numba_type_

    def __call__(self, *args: Any) -> Any:
        raise TypeError(f"{self.name}: only kernels call it")


class EntryPoint(Kernel, Generic[Arguments, Result]):
    """A kernel that Python calls: compiled code of its sources is found, or made, at its first call."""

    def __init__(self, function: Callable[Arguments, Result]) -> None:
        if "<locals>" in function.__qualname__ or "." in function.__qualname__:
            raise TypeError(
                f"{function.__qualname__}: an entry point must stand in a module, not in a function or class"
            )
        super().__init__(function, allocates=True)
        self._compiled: CompiledFunction | None = None
        self._count = function.__code__.co_argcount

    @property
    def compiled(self) -> CompiledFunction:
        """Its compiled form, or what stands in for it where kernels run as plain Python."""
        if self._compiled is None:
            self._compiled = self._find()
        return self._compiled

    def _find(self) -> CompiledFunction:
        if INTERPRETED:
            from biomech._kernels.interpreter.calls import InterpretedFunction

            return InterpretedFunction(self.name, self.function)
        from biomech._kernels.library import find

        return find(self)

    def forget(self) -> None:
        """Find its compiled form anew at the next call."""
        self._compiled = None

    def __call__(self, *args: Arguments.args, **named: Arguments.kwargs) -> Result:
        return self.compiled(*self._in_order(args, named))

    def bind(self, *args: Arguments.args, **named: Arguments.kwargs) -> BoundCall:
        """The call with these arguments, checked once; later calls read and write the same arrays."""
        return self.compiled.bind(*self._in_order(args, named))

    def _in_order(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments by position."""
        if not named and len(args) == self._count:
            return args
        bound = signature(self.function).bind(*args, **named)
        bound.apply_defaults()
        return bound.args


class ExtensionPoint(Kernel):
    """A kernel in whose place another may be put, from outside the package.

    Entry points that reach it are then not those of the library any more: they are compiled on this machine, each at
    its first use, with what was put in.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function, allocates=False)
        self.replacement: Kernel | None = None

    @property
    def _numba_type_(self) -> Any:
        from biomech._kernels.compiler.typing import dispatcher_of

        return dispatcher_of(self.replacement or self)._numba_type_

    def problem_with(self, kernel: Any) -> str:
        """What keeps a kernel from being put in its place; empty where nothing does."""
        if not isinstance(kernel, Kernel) or kernel.allocates:
            return f"{kernel!r} must be a function with the decorator biomech._kernels.kernel"
        count, wanted = kernel.function.__code__.co_argcount, self.function.__code__.co_argcount
        if count != wanted:
            return f"{kernel.name} takes {count} arguments; must be the {wanted} of {signature(self.function)}"
        module, _, name = kernel.name.rpartition(".")
        if module == "__main__" or getattr(sys.modules.get(module), name, None) is not kernel:
            return f"{kernel.name} must stand in a module that can be imported, so that it can be compiled"
        return ""

    def extend(self, kernel: Kernel | None) -> None:
        """Put a kernel in its place, or with None take it out again."""
        from biomech._kernels.library import forget

        self.replacement = kernel
        forget()


_DECORATED = re.compile(r"^@(\w+\.)*entry_point\b", re.MULTILINE)
#: Every entry point that was declared, by name.
ENTRY_POINTS: dict[str, EntryPoint[..., Any]] = {}
#: Every extension point, by name.
EXTENSION_POINTS: dict[str, ExtensionPoint] = {}


def package_entry_points() -> list[EntryPoint[..., Any]]:
    """Every entry point of the package, found by its decorator."""
    root = Path(__file__).parents[1]
    modules = []
    for path in sorted(root.rglob("*.py")):
        if _DECORATED.search(path.read_text(encoding="utf-8")):
            modules.append(".".join(path.relative_to(root.parent).with_suffix("").parts))
            importlib.import_module(modules[-1])
    return [entry for name, entry in sorted(ENTRY_POINTS.items()) if entry.function.__module__ in modules]


def entry_point(function: Callable[Arguments, Result]) -> EntryPoint[Arguments, Result]:
    """Declare a kernel that Python calls.

    Its arguments are annotated numbers, arrays of ``biomech._kernels.arrays`` and tuples of them; it returns a number
    or nothing, and runs without the GIL.
    """
    entry = EntryPoint(_interpret(function) if INTERPRETED else function)
    ENTRY_POINTS[entry.name] = entry
    return entry


def kernel(function: Function) -> Function:
    """Declare a kernel that only kernels call: it may take and return lanes, which Python cannot hold.

    It makes no arrays, so references to those it is given need not be counted: that would take longer than the work.
    """
    return _interpret(function) if INTERPRETED else Kernel(function, allocates=False)  # type: ignore[return-value]


def allocating_kernel(function: Function) -> Function:
    """Declare a kernel that only kernels call and that makes arrays."""
    return _interpret(function) if INTERPRETED else Kernel(function, allocates=True)  # type: ignore[return-value]


def extension_point(function: Function) -> Function:
    """Declare a kernel that only kernels call, and in whose place another may be put."""
    if INTERPRETED:
        from biomech._kernels.interpreter.calls import InterpretedPoint

        return InterpretedPoint(_interpret(function))  # type: ignore[return-value]
    point = ExtensionPoint(function)
    EXTENSION_POINTS[point.name] = point
    return point  # type: ignore[return-value]


def extensions() -> dict[str, Kernel]:
    """What was put in the place of extension points, by their names."""
    return {name: point.replacement for name, point in EXTENSION_POINTS.items() if point.replacement is not None}


def _interpret(function: Function) -> Function:
    """The function as plain Python, in which numbers mean what they mean in compiled code."""
    from biomech._kernels.interpreter.arithmetic import interpret

    return interpret(function)  # type: ignore[return-value]
