"""A shared library from an object file, by whichever linker there is; no C compiler is needed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from shutil import which


def linkers() -> Iterator[list[str]]:
    """Commands that link an object file into a shared library; what follows is ``-o LIBRARY OBJECT``.

    The library is linked to nothing: what it asks of the C library it finds in the process that opens it.
    """
    if sys.platform == "darwin":
        if compiler := which("cc"):
            yield [compiler, "-shared", "-undefined", "dynamic_lookup"]
        return
    if sys.platform == "win32":
        return
    options = ["-shared", "-s", "--gc-sections"]
    for name in ("ld", "ld.lld", "ld.gold", "ld.mold"):
        if linker := which(name):
            yield [linker, *options]
    for name in ("cc", "gcc", "clang"):
        if compiler := which(name):
            yield [compiler, "-nostdlib", "-shared", "-s", "-Wl,--gc-sections"]
    if find_spec("ziglang"):
        yield [sys.executable, "-m", "ziglang", "ld.lld", *options]


def link(made: Path, library: Path) -> str:
    """Link an object file; returns what went wrong, or nothing."""
    wrong = []
    for command in linkers():
        try:
            done = subprocess.run(
                [*command, "-o", str(library), str(made)], capture_output=True, text=True, check=False
            )
        except OSError as error:
            wrong.append(f"{command[0]}: {error}")
            continue
        if done.returncode == 0:
            return ""
        wrong.append(f"{command[0]}: {done.stderr.strip()}")
    return "; ".join(wrong) or "there is no linker"
