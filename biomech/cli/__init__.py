"""The command line ``biomech``: the questions of the library, asked from a shell.

The result goes to standard output and nothing else does; progress, warnings and errors go to standard error. What
parses the arguments is cyclopts, of the extra ``cli``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from biomech._interrupts import InterruptsKept

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands behind ``biomech``; those of this process.

    Returns
    -------
    int
        The exit code, as ``biomech --help`` lists them.

    Examples
    --------
    >>> from biomech.cli import main
    >>> main("sweep --model small --pelvic-tilt 0 --knee-flexion 0,30 --variables status --format csv".split())
    knee_flexion,status,valid
    0.0,0,True
    30.0,0,True
    0
    """
    if sys.stderr is None:  # it was closed; what is said is said to nobody, and not to standard output
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    try:
        with InterruptsKept():
            if find_spec("cyclopts") is None:
                print('biomech: the command line needs cyclopts: pip install "biomech[cli]"', file=sys.stderr)
                return 2
            from biomech.cli.running import run

            return run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        print("biomech: interrupted", file=sys.stderr)
        return 130
