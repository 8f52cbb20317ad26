"""Where an answer goes: standard output, or a file that is written whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from biomech._arguments import one_of, refusal
from biomech.errors import StudyError

FORMATS = ("table", "csv", "json")
#: Endings of files, and what is written there; studies are written by ``sweep`` itself.
SUFFIXES = {".csv": "csv", ".json": "json", ".nc": "study", ".zarr": "study"}


@dataclass(frozen=True)
class Destination:
    """A file, or standard output where there is none, and what is written there."""

    path: Path | None
    format: str
    force: bool = False

    @property
    def is_study(self) -> bool:
        """Whether ``sweep`` writes it."""
        return self.format == "study"

    @contextmanager
    def opened(self) -> Iterator[TextIO]:
        """A place to write text to: made before any work, in its place when all of it is there."""
        if self.path is None:
            yield sys.stdout
            return
        with whole(self.path, self.force) as making, open_text(making) as file:
            yield file

    def finish(self, what: str) -> None:
        """Say to who sits at a terminal that a file is there."""
        if self.path is not None and sys.stderr.isatty():
            print(f"biomech: {what}: {self.path}", file=sys.stderr)


def destination_of(settings: Mapping[str, Any], force: bool, suffixes: Mapping[str, str] = SUFFIXES) -> Destination:
    """The destination that is asked for.

    Raises
    ------
    StanceError
        There is no such format, or nothing is written to files of that ending.
    """
    path: Path | None = settings.get("to")
    if path is None:
        return Destination(None, one_of("format", settings.get("format", "table"), FORMATS))
    if "format" in settings:
        raise refusal("format", settings["format"], "left out where there is a file: its ending says the format")
    if path.suffix not in suffixes:
        raise refusal("to", str(path), f"a file that ends in {', '.join(suffixes)}")
    return Destination(path, suffixes[path.suffix], force)


@contextmanager
def whole(path: Path, force: bool) -> Iterator[Path]:
    """A name beside ``path`` to write to, which takes its place in the end; nothing stays of it where that fails.

    Raises
    ------
    StudyError
        There is something already, and ``force`` is not given; or nothing can be written there.
    """
    refuse_what_is_there(path, force)
    if not path.parent.is_dir():
        raise StudyError(f"{path}: cannot be written (No such file or directory)")
    making = path.with_name(f".{path.stem}.{os.getpid()}.making{path.suffix}")
    try:
        yield making
        refuse_what_is_there(path, force)  # it may have come meanwhile
        making.replace(path)
    except OSError as error:
        raise StudyError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        making.unlink(missing_ok=True)


def refuse_what_is_there(path: Path, force: bool) -> None:
    """Refuse to write over what is there, unless it is a file and that is asked for."""
    if path.is_dir():
        raise StudyError(f"{path}: is a folder, which stays as it is")
    if os.path.lexists(path) and not force:
        raise StudyError(f"{path}: is there already; --force writes over it")


def open_text(path: Path) -> TextIO:
    """A new file of text."""
    return path.open("x", encoding="utf-8", newline="")
