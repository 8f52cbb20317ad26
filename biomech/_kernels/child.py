"""The process that compiles: its environment, and what it says when it ends."""

from __future__ import annotations

import os
from collections.abc import Iterable

#: It was compiled, but what was made cannot be opened where it lies.
CANNOT_OPEN = 3
#: What would keep Numba from compiling, kernels from being declared for it, or Python from keeping what is read: none
#: of it is meant for the compiler.
_NOT_MEANT = ("PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONSTARTUP", "BIOMECH_KERNELS")


def environment(paths: Iterable[str]) -> dict[str, str]:
    """The environment of this process, with other folders to import from, and without what changes how Numba works."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_MEANT and name[:6] != "NUMBA_"}
    return kept | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}
