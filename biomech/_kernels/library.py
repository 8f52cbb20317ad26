"""Compiled libraries: found, checked, opened, and asked for an entry point.

A library is a pair of files: the code, and a *manifest* beside it (JSON) that says for which CPU level it was compiled,
how long the code is and what its hash is, and for each entry point its symbol, its kinds (``interface``) and its
fingerprint. The manifest is written last, so a library that has one is whole; code that is not as its manifest says is
not opened. Libraries of the package lie in it, or, in a checkout, in ``build/kernels``; those that were compiled on
this machine lie in the user's cache.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from biomech._kernels.cpu import chosen_levels
from biomech._kernels.declaration import ENTRY_POINTS, extensions
from biomech._kernels.fingerprint import NO_SOURCE, Sources
from biomech._kernels.interface import CompiledFunction, signature_of
from biomech.errors import KernelError

if TYPE_CHECKING:
    from biomech._kernels.declaration import EntryPoint

_PACKAGE = Path(__file__).parents[1]
#: Where the build puts the libraries of the package, and of a checkout.
INSTALLED, BUILT = _PACKAGE / "_kernels" / "lib", _PACKAGE.parent / "build" / "kernels"
_FIND, _SOURCES = Lock(), Sources()


def _renew_lock() -> None:
    """In a process that was forked while another thread held it."""
    global _FIND
    _FIND = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class Unfit(Exception):
    """A library cannot be used; the message says why."""


class NotThere(Unfit):
    """There is no such library, or it does not hold what is wanted."""


@dataclass(frozen=True)
class Manifest:
    """What is known of a library without opening it.

    ``code`` is its file and ``compiler`` what made it; ``entries`` maps each entry point to symbol, kinds, result and
    fingerprint, and ``sources`` each module it was made from to the hash of its text.
    """

    code: Path
    size: int
    hash: str
    level: str
    compiler: str
    entries: dict[str, dict[str, Any]]
    sources: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest.

        Raises
        ------
        Unfit
            It is not there (``NotThere``), cannot be read, or is not one.
        """
        try:
            if not path.is_file():
                raise NotThere(path.name)
            given = json.loads(path.read_text(encoding="utf-8"))
            code = path.parent / Path(given["code"]).name  # beside the manifest, whatever it says
            named = {name: str(given[name]) for name in ("hash", "level", "compiler")}
            entries = {str(name): _read_entry(about) for name, about in given["entries"].items()}
            return cls(code, int(given["size"]), **named, entries=entries, sources=dict(given["sources"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            raise Unfit(f"{path.name} cannot be read ({error})") from None

    def write(self, path: Path) -> None:
        """Write it, whole or not at all."""
        text = json.dumps({**vars(self), "code": self.code.name}, indent=1)
        write_whole(path, text.encode())


def _read_entry(about: dict[str, Any]) -> dict[str, Any]:
    texts = {name: str(about[name]) for name in ("symbol", "fingerprint", "result")}
    return {**texts, "arguments": [str(kind) for kind in about["arguments"]]}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that others see it whole or not at all."""
    passing = path.with_name(f".{path.name}.{os.getpid()}")
    passing.write_bytes(content)
    passing.replace(path)


def hash_of(content: bytes) -> str:
    """Hash of the code, as the manifest has it."""
    return blake2b(content, digest_size=16).hexdigest()


def manifest_path(folder: Path, level: str, name: str = "kernels") -> Path:
    """Where the manifest of a level's library lies."""
    return folder / f"{name}-{level}.json"


def sources() -> Sources:
    """The sources that are here, read once, and again when a file of theirs has changed."""
    global _SOURCES
    if _SOURCES.is_stale():
        _SOURCES = Sources()
    return _SOURCES


def forget() -> None:
    """Look for every entry point anew: kernels from outside have come or gone."""
    global _SOURCES
    with _FIND:
        _SOURCES = Sources()
        for entry in ENTRY_POINTS.values():
            entry.forget()


def find(entry: EntryPoint[..., Any]) -> CompiledFunction:
    """The compiled form of an entry point; made on this machine where no library has it.

    Raises
    ------
    KernelError
        There is none, and none can be made.
    """
    from biomech._kernels.on_demand import compile_here

    with _FIND:
        reasons: list[str] = []
        try:
            for level in chosen_levels():
                for folder in (INSTALLED, BUILT):
                    try:
                        return load(Manifest.read(manifest_path(folder, level)), entry, level)
                    except NotThere:
                        pass
                    except Unfit as error:
                        reasons.append(str(error))
            return compile_here(entry, reasons)
        except NO_SOURCE as error:
            raise KernelError(
                f"{entry.name}: its sources cannot be read ({error}), so no library can be trusted"
            ) from error


def load(manifest: Manifest, entry: EntryPoint[..., Any], level: str) -> CompiledFunction:
    """An entry point of a library.

    Raises
    ------
    NotThere
        It holds no such entry point.
    Unfit
        It is of another level, was made from other sources, or its code is not whole or cannot be opened.
    """
    if entry.name not in manifest.entries:
        raise NotThere(entry.name)
    about, now = manifest.entries[entry.name], sources()
    if manifest.level != level:
        raise Unfit(f"{manifest.code.name} is of level {manifest.level!r}")
    same = not extensions() and now.are(manifest.sources)
    if not same and about["fingerprint"] != now.fingerprint(entry.name)[0]:
        raise Unfit(f"{entry.name} was edited")
    signature = signature_of(entry.function)
    if [*signature.arguments, signature.result] != [*about["arguments"], about["result"]]:
        raise Unfit(f"{manifest.code.name} says something else of the arguments of {entry.name}")
    library = _open(manifest)
    try:
        pointer = library[about["symbol"]]
    except AttributeError:
        raise Unfit(f"{manifest.code.name} has no {about['symbol']}") from None
    return CompiledFunction(entry.name, entry.function, pointer, signature, library)


_OPENED: dict[tuple[Path, str], Any] = {}


def _open(manifest: Manifest) -> Any:
    key = (manifest.code, manifest.hash)
    if key not in _OPENED:
        try:
            content = manifest.code.read_bytes()
        except OSError as error:
            raise Unfit(f"{manifest.code.name} cannot be read ({error.strerror})") from None
        # to open a library that was cut off would end the process
        if len(content) != manifest.size or hash_of(content) != manifest.hash:
            raise Unfit(f"{manifest.code.name} is not whole")
        _OPENED[key] = _open_object(content) if manifest.code.suffix == ".o" else open_library(manifest.code)
    return _OPENED[key]


def open_library(path: Path) -> Any:
    """Open a shared library; all that it asks for must be there.

    Raises
    ------
    Unfit
        It cannot be opened.
    """
    if sys.platform.startswith("linux"):
        # libraries are linked to nothing, so that they ask for no version of the C library; some have libm within it
        with suppress(OSError):
            ctypes.CDLL("libm.so.6", mode=ctypes.RTLD_GLOBAL)
    try:
        return ctypes.CDLL(str(path), mode=getattr(os, "RTLD_NOW", 0))
    except OSError as error:
        raise Unfit(f"{path.name} cannot be opened ({error})") from None


def _open_object(content: bytes) -> Any:
    """An object file that nobody could link, put into memory by llvmlite."""
    from biomech._kernels.compiler.loading import LoadedObject

    return LoadedObject(content)
