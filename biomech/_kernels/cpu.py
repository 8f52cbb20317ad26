"""CPU levels: the sets of instructions that libraries are compiled for, and which of them this machine has.

x86-64-v2, -v3 and -v4 are those of the x86-64 psABI (SSE4.2; AVX2 and FMA; AVX-512). Elsewhere there is one level, the
architecture itself. ``native`` is the very CPU that is here, for kernels that are compiled on it.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping

from biomech._kernels.fingerprint import digest_of
from biomech.errors import KernelError

NATIVE = "native"
#: Level -> NumPy's names of what it needs (``numpy.show_config``), from least to most.
_X86 = {
    "x86-64-v2": ("SSE42", "POPCNT"),
    "x86-64-v3": ("AVX2", "FMA3", "F16C"),
    "x86-64-v4": ("AVX512F", "AVX512CD", "AVX512BW", "AVX512DQ", "AVX512VL"),
}
#: What the operating system calls an architecture -> its levels, from least to most.
_LEVELS = dict.fromkeys(("x86_64", "AMD64", "amd64"), tuple(_X86)) | dict.fromkeys(("aarch64", "arm64"), ("aarch64",))


def levels() -> tuple[str, ...]:
    """Levels of this architecture, from least to most; none where the architecture is not known."""
    return _LEVELS.get(platform.machine(), ())


def usable_levels(features: Mapping[str, bool] | None = None) -> tuple[str, ...]:
    """Levels that this CPU can run, best first.

    Parameters
    ----------
    features : mapping of str to bool, optional
        What the CPU has, by NumPy's names; asked of NumPy by default.
    """
    has = _features() if features is None else features
    usable: list[str] = []
    for level in levels():
        if not all(has.get(name, False) for name in _X86.get(level, ())):
            break  # a level includes those below it
        usable.insert(0, level)
    return tuple(usable)


def chosen_levels() -> tuple[str, ...]:
    """Levels to look for, best first: all that can be run, or the one that ``BIOMECH_CPU`` names.

    Raises
    ------
    KernelError
        ``BIOMECH_CPU`` names no level that this CPU can run.
    """
    usable, wanted = usable_levels(), os.environ.get("BIOMECH_CPU", "")
    if not wanted:
        return usable
    if wanted not in (*usable, NATIVE):
        allowed = ", ".join([*usable, f"{NATIVE} (compiled on this machine)"])
        raise KernelError(f"BIOMECH_CPU = {wanted!r}: this CPU can run {allowed}")
    return (wanted,)


def identity() -> str:
    """What tells this CPU from one that cannot run what was compiled for it alone."""
    return digest_of([platform.machine(), *sorted(name for name, there in _features().items() if there)])[:8]


def _features() -> Mapping[str, bool]:
    try:
        from numpy._core._multiarray_umath import __cpu_features__
    except ImportError:  # a NumPy that keeps it elsewhere: then only what every CPU of the kind has
        return {}
    return dict(__cpu_features__)
