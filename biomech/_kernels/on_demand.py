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
from typing import TYPE_CHECKING, Any, NamedTuple

from biomech._kernels.child import CANNOT_OPEN, environment
from biomech._kernels.cpu import NATIVE, chosen_levels, identity
from biomech._kernels.declaration import extensions
from biomech._kernels.library import Manifest, NotThere, Unfit, load, manifest_path, sources
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
    script = _script_of(entry)
    level = (*chosen_levels(), NATIVE)[0]
    name = f"{entry.name}-{sources().fingerprint(entry.name)[0]}"
    if level == NATIVE:
        name += f"-{identity()}"  # homes are shared among machines
    order = _Order(entry, level, name, script)
    try:
        return _load_or_compile(order, _folder(), reasons)
    except Unfit as error:  # what lies in the cache may not be run there
        reasons.append(str(error))
    try:
        return _load_or_compile(order, _passing_folder(), reasons)
    except Unfit as error:
        raise KernelError(f"{entry.name}: was compiled, and cannot be used: {error}") from None


class _Order(NamedTuple):
    """What is to be compiled: for which level, under which name, and from which script, if it is one's."""

    entry: EntryPoint[..., Any]
    level: str
    name: str
    script: list[str]


def _load_or_compile(order: _Order, folder: Path, reasons: list[str]) -> CompiledFunction:
    path = manifest_path(folder, order.level, order.name)
    try:
        return load(Manifest.read(path), order.entry, order.level)
    except NotThere:
        pass
    except Unfit as error:
        reasons.append(str(error))
    _run_compiler(order, folder, reasons)
    compiled = load(Manifest.read(path), order.entry, order.level)
    _forget_old(folder, order.entry.name)
    return compiled


def _run_compiler(order: _Order, folder: Path, reasons: list[str]) -> None:
    why, what = "; ".join(dict.fromkeys(reasons)) or "no library holds it", order.entry.name
    if find_spec("numba") is None:
        raise KernelError(
            f"{what}: no compiled kernels for this machine ({why}), and Numba, which compiles them, is not installed: "
            "pip install 'biomech[jit]', in a checkout pip install -e '.[jit]'"
        )
    if not sys.executable:
        raise KernelError(f"{what}: must be compiled, and this process knows no Python interpreter to do it")
    command = [sys.executable, "-m", "biomech._kernels.compiler", str(folder)]
    command += ["--level", order.level, "--entry", what, "--name", order.name, *order.script]
    command += [f"--extend={point}={kernel.name}" for point, kernel in extensions().items()]
    kept = "" if folder == cache_folder() else f", for this process alone: {cache_folder()} cannot be used"
    print(f"biomech: compiling {what} for {order.level} ({why}){kept}; up to half a minute", file=sys.stderr)
    paths = [path or str(Path.cwd()) for path in sys.path]
    done = subprocess.run(command, env=environment(paths), capture_output=True, check=False)
    last = "\n".join(done.stderr.decode("utf-8", "replace").strip().splitlines()[-20:])
    if done.returncode == CANNOT_OPEN:
        raise Unfit(last.rpartition("\n")[2].removeprefix("biomech: "))
    if done.returncode:
        raise KernelError(f"{what}: could not be compiled:\n{last}")


def _script_of(entry: EntryPoint[..., Any]) -> list[str]:
    """Where the compiler finds an entry point of a script."""
    if not entry.name.startswith("__main__."):
        return []
    script = getattr(sys.modules["__main__"], "__file__", None)
    if script is None or not Path(script).is_file():
        raise KernelError(f"{entry.name}: an entry point must stand in a file, so that it can be compiled")
    return ["--script", script]


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
        about = folder.stat()
        ours = not hasattr(os, "getuid") or (about.st_uid == os.getuid() and not about.st_mode & 0o022)
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
