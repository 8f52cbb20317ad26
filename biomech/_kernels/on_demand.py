"""Kernels compiled on this machine: where no library fits, at the first use of an entry point, once.

The compiler runs in a process of its own, so that Numba as the user knows it stays as it is, and is not even imported.
What it makes is kept in the user's cache, by entry point and fingerprint.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biomech._kernels.cpu import NATIVE, chosen_levels, identity
from biomech._kernels.library import Manifest, Unfit, load, manifest_path, sources
from biomech.errors import KernelError

if TYPE_CHECKING:
    from biomech._kernels.declaration import EntryPoint
    from biomech._kernels.interface import CompiledFunction

#: Versions of an entry point that the cache keeps.
_VERSIONS = 4


def compile_here(entry: EntryPoint[..., Any], reasons: list[str]) -> CompiledFunction:
    """The compiled form of an entry point, from the cache or from the compiler.

    Parameters
    ----------
    entry : EntryPoint
        What is wanted.
    reasons : list of str
        Why no library of the package would do.

    Raises
    ------
    KernelError
        Numba is not installed, or the compiler failed.
    """
    module = entry.function.__module__
    script = getattr(sys.modules["__main__"], "__file__", None) if module == "__main__" else None
    if module == "__main__" and script is None:
        raise KernelError(f"{entry.name}: an entry point must stand in a file, so that it can be compiled")
    level = (*chosen_levels(), NATIVE)[0]
    name = f"{entry.name}-{sources().fingerprint(entry.name)[0]}"
    if level == NATIVE:
        name += f"-{identity()}"  # homes are shared among machines
    folder = _folder()
    path = manifest_path(folder, level, name)
    if path.exists():
        try:
            return load(Manifest.read(path), entry)
        except Unfit as error:
            reasons.append(str(error))
    _run_compiler(entry, level, name, folder, script, reasons)
    compiled = load(Manifest.read(path), entry)
    _forget_old(folder, entry.name)
    return compiled


def _run_compiler(
    entry: EntryPoint[..., Any], level: str, name: str, folder: Path, script: str | None, reasons: list[str]
) -> None:
    why = "; ".join(dict.fromkeys(reasons)) or "no library holds it"
    if find_spec("numba") is None:
        raise KernelError(
            f"{entry.name}: no compiled kernels for this machine ({why}), and Numba, which compiles them, is not "
            "installed: pip install 'biomech[jit]'"
        )
    kept = "" if folder == cache_folder() else f", for this process alone: {cache_folder()} cannot be used"
    print(f"biomech: compiling {entry.name} for {level} ({why}){kept}; up to half a minute", file=sys.stderr)
    command = [sys.executable, "-m", "biomech._kernels.compiler", str(folder)]
    command += ["--level", level, "--entry", entry.name, "--name", name]
    command += ["--script", script] if script else []
    paths = os.pathsep.join(path or os.curdir for path in sys.path)
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-20:])
        raise KernelError(f"{entry.name}: could not be compiled:\n{last}")


def cache_folder() -> Path:
    """Where kernels that were compiled on this machine are kept; ``BIOMECH_CACHE_DIR`` names another place."""
    if given := os.environ.get("BIOMECH_CACHE_DIR"):
        return Path(given)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path("~/AppData/Local").expanduser())
    elif sys.platform == "darwin":
        base = str(Path("~/Library/Caches").expanduser())
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(base) / "biomech"


def _folder() -> Path:
    """The cache, if it is ours to write; else a folder that goes with this process."""
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # what lies there will be run: nobody else may have put it there
        ours = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
        if ours and os.access(folder, os.W_OK | os.X_OK):
            return folder
    except (OSError, RuntimeError):  # no home, or none that can be written
        pass
    return _passing_folder()


@cache
def _passing_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="biomech-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _forget_old(folder: Path, entry: str) -> None:
    """Remove all but the last versions of an entry point."""
    manifests = sorted(folder.glob(f"{entry}-*.json"), key=lambda path: path.stat().st_mtime)
    for path in manifests[:-_VERSIONS]:
        with suppress(Unfit):
            Manifest.read(path).code.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
