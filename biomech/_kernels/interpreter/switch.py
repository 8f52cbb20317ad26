"""The switch: whether kernels run compiled or as plain Python."""

from __future__ import annotations

import os

from biomech.errors import KernelError

VARIABLE = "BIOMECH_KERNELS"
COMPILED, PYTHON = "compiled", "python"


def runs_python() -> bool:
    """Whether kernels run as plain Python; asked once, when they are declared.

    Raises
    ------
    KernelError
        ``BIOMECH_KERNELS`` is neither of the two.
    """
    wanted = os.environ.get(VARIABLE) or COMPILED
    if wanted not in (COMPILED, PYTHON):
        raise KernelError(
            f"{VARIABLE} = {wanted!r}: must be {COMPILED!r} (the default) or {PYTHON!r} (kernels as plain Python, slow)"
        )
    return wanted == PYTHON
