"""Compile entry points: ``python -m biomech._kernels.compiler FOLDER --level x86-64-v3``.

Without ``--entry`` it compiles every entry point of the package, found by its decorator. It prints the files of the
libraries, and says on the way what it is doing.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import runpy
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numba

from biomech._kernels.child import CANNOT_OPEN
from biomech._kernels.compiler.emission import emit
from biomech._kernels.compiler.linking import link
from biomech._kernels.compiler.lowering import lower, symbol_of
from biomech._kernels.cpu import NATIVE, levels, usable_levels
from biomech._kernels.declaration import ENTRY_POINTS, INTERPRETED, EntryPoint, package_entry_points
from biomech._kernels.fingerprint import Sources
from biomech._kernels.interface import signature_of
from biomech._kernels.interpreter.switch import PYTHON, VARIABLE
from biomech._kernels.library import Manifest, Unfit, hash_of, manifest_path, open_library

#: LLVM's name of the CPU of a level, where it is another.
_CPU = {"aarch64": "generic"}
VERSIONS = f"Numba {numba.__version__}, llvmlite {llvmlite.__version__}"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m biomech._kernels.compiler", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("folder", type=Path, help="where the libraries and their manifests go")
    best = usable_levels()[:1] or (NATIVE,)
    known = f"CPU level, may be given again; all, or this very CPU ({NATIVE}); default {best[0]}"
    parser.add_argument("--level", action="append", choices=[*levels(), "all", NATIVE], help=known)
    parser.add_argument("--entry", action="append", help="entry point by module and name, may be given again")
    parser.add_argument("--name", default="kernels", help="what the files are called")
    parser.add_argument("--script", type=Path, help="the file whose entry points are those of __main__")
    parser.add_argument("--extend", action="append", default=[], help="extension point and the kernel in its place")
    asked = parser.parse_args()
    if INTERPRETED:
        parser.error(f"{VARIABLE} = {PYTHON!r}: kernels run as plain Python, so there is nothing to compile; unset it")
    for pair in asked.extend:
        _extend(*pair.split("="))
    wanted = dict.fromkeys(
        level for given in asked.level or best for level in (levels() if given == "all" else [given])
    )
    entries = [_entry(name, asked.script) for name in asked.entry] if asked.entry else package_entry_points()
    lock = asked.entry[0] if asked.entry else asked.name  # versions of an entry point have other names
    try:
        compile_equilibrium(entries, wanted, asked.folder, asked.name, Sources(asked.script), lock)
    except Unfit as error:
        _say(str(error))
        sys.exit(CANNOT_OPEN)
    for level in wanted:
        path = manifest_path(asked.folder, level, asked.name)
        print(path, Manifest.read(path).code, sep="\n")


def _extend(point: str, kernel: str) -> None:
    """Put a kernel in the place of an extension point, both by name."""
    found = []
    for name in (point, kernel):
        module, _, function = name.rpartition(".")
        found.append(getattr(importlib.import_module(module), function))
    found[0].extend(found[1])


def _entry(name: str, script: Path | None) -> EntryPoint[..., Any]:
    module, _, function = name.rpartition(".")
    if module != "__main__":
        importlib.import_module(module)
        return ENTRY_POINTS[name]
    run = runpy.run_path(str(script), run_name="__biomech_script__")
    entry: EntryPoint[..., Any] = run[function]
    entry.name = name
    return entry


def compile_equilibrium(
    entries: list[EntryPoint[..., Any]], wanted: Iterable[str], folder: Path, name: str, found: Sources, lock: str
) -> None:
    """Compile entry points for every level, into libraries with manifests; what is there and still right is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    about, digests = _describe(entries, found)
    with _alone(folder / f".{lock}.lock"):
        missing = [level for level in wanted if not _keep(manifest_path(folder, level, name), about, digests)]
        if not missing:
            return
        _say(f"compiling {len(entries)} entry points")
        gc.disable()  # a fifth of the time would go into looking for cycles that this short process need not find
        bitcode = lower(entries).as_bitcode()
        for level in missing:
            _say(f"optimising for {level}")
            path = manifest_path(folder, level, name)
            code = _code(emit(bitcode, *_target(level)), folder, f"{name}-{level}")
            content = code.read_bytes()
            Manifest(code, len(content), hash_of(content), level, VERSIONS, about, digests).write(path)
            for old in {*folder.glob(f"{path.stem}-*")} - {code}:
                old.unlink(missing_ok=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process compiles the same: what it made is then found, and kept."""
    try:
        import fcntl
    except ImportError:  # Windows: two may compile the same, and the last to finish is kept
        yield
        return
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _describe(entries: list[EntryPoint[..., Any]], found: Sources) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """What a manifest says of entry points, and of the modules they are made from."""
    modules = set[str]()
    about: dict[str, dict[str, Any]] = {}
    for entry in entries:
        fingerprint, reached = found.fingerprint(entry.name)
        modules.update(reached)
        kinds, result = signature_of(entry.function)
        about[entry.name] = {
            "symbol": symbol_of(entry),
            "fingerprint": fingerprint,
            "arguments": list(kinds),
            "result": result,
        }
    return about, {module: found.digest(module) for module in sorted(modules)}


def _keep(path: Path, about: dict[str, dict[str, Any]], digests: dict[str, str]) -> bool:
    """Whether a library was made of the same; if only comments and the like changed, its manifest is told so."""
    try:
        there = Manifest.read(path)
        content = there.code.read_bytes()
    except (Unfit, OSError):
        return False
    whole = len(content) == there.size and hash_of(content) == there.hash
    if not whole or there.entries != about or there.compiler != VERSIONS:
        return False
    if there.sources != digests:
        replace(there, sources=digests).write(path)
    return True


def _target(level: str) -> tuple[str, str]:
    """LLVM's names of a CPU and of what it has besides."""
    if level == NATIVE:
        return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    return _CPU.get(level, level), ""


def _code(made: bytes, folder: Path, stem: str) -> Path:
    """The file of a library, named after what it holds: the object file itself where nothing links it."""
    passing = folder / f".{stem}.{os.getpid()}.o", folder / f".{stem}.{os.getpid()}.so"
    try:
        passing[0].write_bytes(made)
        wrong = link(*passing)
        if wrong:
            _say(f"not linked ({wrong})")
        best = passing[0 if wrong else 1]
        if not wrong:
            open_library(best)  # LLVM may have put in calls of its own: they must be found
        code = folder / f"{stem}-{hash_of(best.read_bytes())[:8]}{best.suffix}"
        best.replace(code)
    finally:
        for path in passing:
            path.unlink(missing_ok=True)
    return code


def _say(text: str) -> None:
    print(f"biomech: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
