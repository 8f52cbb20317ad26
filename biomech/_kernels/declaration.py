"""The decorators of kernels: they record a function, and leave it to others to compile it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from biomech._kernels.interface import BoundCall, CompiledFunction

Function = TypeVar("Function", bound=Callable[..., Any])
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


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
        self.name = f"{function.__module__}.{function.__qualname__}"
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
        super().__init__(function, allocates=True)
        self._compiled: CompiledFunction | None = None

    @property
    def compiled(self) -> CompiledFunction:
        """Its compiled form."""
        if self._compiled is None:
            from biomech._kernels.library import find

            self._compiled = find(self)
        return self._compiled

    def __call__(self, *args: Arguments.args, **named: Arguments.kwargs) -> Result:
        return self.compiled(*args, **named)

    def bind(self, *args: Arguments.args, **named: Arguments.kwargs) -> BoundCall:
        """The call with these arguments, checked once; later calls read and write the same arrays."""
        return self.compiled.bind(*args, **named)


#: Every entry point that was declared, by name.
ENTRY_POINTS: dict[str, EntryPoint[..., Any]] = {}


def package_entry_points() -> list[EntryPoint[..., Any]]:
    """Every entry point of the package, found by its decorator."""
    root = Path(__file__).parents[1]
    modules = []
    for path in sorted(root.rglob("*.py")):
        if "\n@entry_point\n" in path.read_text(encoding="utf-8"):
            modules.append(".".join(path.relative_to(root.parent).with_suffix("").parts))
            importlib.import_module(modules[-1])
    return [entry for name, entry in sorted(ENTRY_POINTS.items()) if entry.function.__module__ in modules]


def entry_point(function: Callable[Arguments, Result]) -> EntryPoint[Arguments, Result]:
    """Declare a kernel that Python calls.

    Its arguments are annotated numbers, arrays of ``biomech._kernels.arrays`` and tuples of them; it returns a number
    or nothing, and runs without the GIL.
    """
    entry = EntryPoint(function)
    ENTRY_POINTS[entry.name] = entry
    return entry


def kernel(function: Function) -> Function:
    """Declare a kernel that only kernels call: it may take and return lanes, which Python cannot hold.

    It makes no arrays, so references to those it is given need not be counted: that would take longer than the work.
    """
    return Kernel(function, allocates=False)  # type: ignore[return-value]


def allocating_kernel(function: Function) -> Function:
    """Declare a kernel that only kernels call and that makes arrays."""
    return Kernel(function, allocates=True)  # type: ignore[return-value]
