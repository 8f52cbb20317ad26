"""The decorators of kernels: they record a function, and leave it to others to compile it."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from biomech._kernels.interface import BoundCall, CompiledFunction

Function = TypeVar("Function", bound=Callable[..., Any])


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


class EntryPoint(Kernel):
    """A kernel that Python calls: compiled code of its sources is found, or made, at its first call."""

    _compiled: CompiledFunction | None = None

    @property
    def compiled(self) -> CompiledFunction:
        """Its compiled form."""
        if self._compiled is None:
            from biomech._kernels.library import find

            self._compiled = find(self)
        return self._compiled

    def __call__(self, *args: Any) -> Any:
        return self.compiled(*args)

    def bind(self, *args: Any) -> BoundCall:
        """The call with these arguments, checked once; later calls read and write the same arrays."""
        return self.compiled.bind(*args)


#: Every entry point that was declared, by name.
ENTRY_POINTS: dict[str, EntryPoint] = {}


def entry_point(function: Function) -> Function:
    """Declare a kernel that Python calls.

    Its arguments are annotated numbers, arrays of ``biomech._kernels.arrays`` and tuples of them; it returns a number
    or nothing, and runs without the GIL.
    """
    entry = EntryPoint(function, allocates=True)
    ENTRY_POINTS[entry.name] = entry
    return entry  # type: ignore[return-value]


def kernel(function: Function) -> Function:
    """Declare a kernel that only kernels call: it may take and return lanes, which Python cannot hold.

    It makes no arrays, so references to those it is given need not be counted: that would take longer than the work.
    """
    return Kernel(function, allocates=False)  # type: ignore[return-value]


def allocating_kernel(function: Function) -> Function:
    """Declare a kernel that only kernels call and that makes arrays."""
    return Kernel(function, allocates=True)  # type: ignore[return-value]
