"""How kernels are compiled: one place, so that every kernel is compiled the same way.

Compiled kernels are kept on disk. Numba by itself asks only whether the file of a kernel has changed; here a kernel is
compiled anew when any source file with kernels has, because kernels are made of kernels from other files. So a constant
that a kernel uses must stand in such a file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import crc32

import numba
from numba.core.caching import IndexDataCacheFile

if TYPE_CHECKING:
    from collections.abc import Iterator

Function = TypeVar("Function", bound=Callable[..., Any])

#: After this many seconds a compilation says that it is one.
PATIENCE = 3.0


def jit(function: Function) -> Function:
    """Compile a kernel that Python calls.

    No Python objects, the GIL released. Sums may be reordered and products fused, so that loops vectorise; NaN and
    infinity keep their meaning.
    """
    kernel = _compile(function)

    @wraps(function)
    def call(*args: Any) -> Any:
        if kernel.overloads:  # type: ignore[attr-defined]
            return kernel(*args)
        with _announced(function.__module__):
            return kernel(*args)

    call.kernel = kernel  # type: ignore[attr-defined]
    return call  # type: ignore[return-value]


def inner(function: Function) -> Function:
    """Compile a kernel that only kernels call: it may take and return lanes, which Python cannot hold.

    It makes no arrays, so Numba need not count references to those it is given: that would take longer than the work.
    """
    return _compile(function, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)


def maker(function: Function) -> Function:
    """Compile a kernel that only kernels call and that makes arrays."""
    return _compile(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _compile(function: Function, **options: bool) -> Function:
    options |= {"nogil": True}
    flags = {"reassoc", "contract", "nsz", "arcp"}
    try:
        kernel = numba.njit(cache=True, error_model="numpy", fastmath=flags, **options)(function)
    except RuntimeError:  # no folder to keep it in can be written to
        return numba.njit(error_model="numpy", fastmath=flags, **options)(function)
    cache = kernel._cache
    # the name, and not only the stamp within: what another version kept may hold types that this one cannot read
    cache._cache_file = IndexDataCacheFile(cache._cache_path, f"{cache._impl.filename_base}-{_STAMP}", _STAMP)
    return kernel


def _stamp() -> str:
    """A number that changes with any source file that holds kernels, or what they are made with."""
    root, total = Path(__file__).parent, 0
    for path in sorted(root.rglob("*.py")):
        source = path.read_bytes()
        if b"biomech._jit" in source or path.parent.name == "_lanes" or path == Path(__file__):
            total = crc32(source, crc32(path.name.encode(), total))
    return f"{total:08x}"


_STAMP = _stamp()


@contextmanager
def _announced(name: str) -> Iterator[None]:
    text = f"biomech: compiling {name}, once for this version; it takes about a minute\n"
    timer = Timer(PATIENCE, sys.stderr.write, (text,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
