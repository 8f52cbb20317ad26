"""Files of text: read within limits, numbers told from what is none, and written whole or not at all."""

from __future__ import annotations

import codecs
import contextlib
import math
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import refusal, shown
from biomech._whole_files import whole_file
from biomech.errors import FileError

Array = NDArray[np.float64]

#: Bytes: an hour of force plates at 1000 Hz, and no more than fits in memory as numbers.
MOST_BYTES = 1 << 30
#: Columns: every muscle's states of the largest models are a few thousand.
MOST_COLUMNS = 20_000
#: A name or a number that is longer is no name and no number.
_LONGEST = 1000

# Python would read more as a number: digits of other scripts, and digits apart by underscores
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.IGNORECASE)
#: How programs write that a number is none; the later ones are those of Microsoft's compilers.
_NO_NUMBER = re.compile(r"[+-]?(nan(\(\w*\))?|1\.#(qnan|snan|ind)\w*)", re.ASCII | re.IGNORECASE)
_FORTRAN = re.compile(r"(?<=[\d.])[dD](?=[+-]?\d+\Z)", re.ASCII)


def read_path(name: str, value: object) -> Path:
    """Where a file is: text, or a path."""
    if not isinstance(value, str | os.PathLike) or isinstance(os.fspath(value), bytes) or not str(value):
        raise refusal(name, value, "the path of a file")
    if "\0" in str(value):
        raise refusal(name, value, "the path of a file, which has no NUL")
    return Path(value)


def read_bytes(name: str, path: Path, most: int = MOST_BYTES) -> bytes:
    """All of a file.

    Raises
    ------
    FileError
        There is none, it is no ordinary file, it is empty or too large, or it cannot be read.
    """
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):  # to open a pipe would wait for its writer
            raise FileError(f"{name} = {shown(str(path))}: is no ordinary file")
        if about.st_size > most:
            raise FileError(f"{path}: has {about.st_size / 1e6:.0f} MB; must have at most {most / 1e6:.0f} MB")
        with path.open("rb") as file:
            found = file.read(most)
    except FileNotFoundError:
        raise FileError(f"{name} = {shown(str(path))}: there is no such file") from None
    except OSError as error:
        raise FileError(f"{name} = {shown(str(path))}: cannot be read ({error.strerror})") from None
    if not found:
        raise FileError(f"{path}: is empty")
    return found


def read_lines(name: str, path: Path) -> list[str]:
    """The lines of a file of text, without what ends them."""
    text = decoded(path, read_bytes(name, path))
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def decoded(path: Path, data: bytes) -> str:
    """Text in UTF-8, in UTF-16 where a mark at its begin says so, or else in the Windows code page 1252."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="replace")
    else:
        data = data.removeprefix(codecs.BOM_UTF8)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    if "\0" in text:
        raise FileError(f"{path}: is no file of text (it has NUL bytes)")
    return text


def as_number(cell: str) -> float | None:
    """The number of a cell, NaN where the file says that there is none, or None: a cell that is no number."""
    if len(cell) > _LONGEST:
        return None
    if _NUMBER.fullmatch(cell):
        return float(cell)
    if _NO_NUMBER.fullmatch(cell):
        return float("nan")
    plain = _FORTRAN.sub("e", cell)
    return float(plain) if plain != cell and _NUMBER.fullmatch(plain) else None


def read_numbers(path: Path, line: int, cells: Sequence[str], labels: Sequence[str]) -> list[float]:
    """A row of a table; a blank cell is NaN, never 0.

    Raises
    ------
    FileError
        Naming the line, the column and the cell that is no number.
    """
    joined = "".join(cells)
    if joined.isascii() and "_" not in joined:  # else Python would read more than we mean
        with contextlib.suppress(ValueError):
            return list(map(float, cells))
    found = []
    for label, cell in zip(labels, cells, strict=True):
        number = as_number(cell) if cell else math.nan
        if number is None:
            hint = " with a decimal point" if "," in cell else ""
            raise FileError(f"{path}, line {line}, column {label}: {shown(cell)} must be a number{hint}")
        found.append(number)
    return found


def check_labels(path: Path, line: int, labels: Sequence[str]) -> None:
    """Refuse labels that are empty, too many, or there twice."""
    if len(labels) > MOST_COLUMNS:
        raise FileError(f"{path}, line {line}: has {len(labels)} labels; must have at most {MOST_COLUMNS}")
    for column, label in enumerate(labels, 1):
        if not label or len(label) > _LONGEST:
            raise FileError(f"{path}, line {line}: the label of column {column} is {shown(label)}; must be a name")
    if (twice := first_repeated(labels)) is not None:
        raise FileError(f"{path}, line {line}: has the label {shown(twice)} twice; each must be there once")


def first_repeated(names: Sequence[str]) -> str | None:
    """The first name that is there again, or None."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def check_times(path: Path, lines: Sequence[int], times: Array) -> None:
    """Refuse times that are no numbers, or do not increase; ``lines`` where each stands."""
    good = np.isfinite(times)
    good[1:] &= np.diff(times) > 0.0
    if not good.all():
        bad = int(good.argmin())
        if not np.isfinite(times[bad]):
            raise FileError(f"{path}, line {lines[bad]}: time is {times[bad]}; must be finite")
        how = "is there twice" if times[bad] == times[bad - 1] else f"comes after {float(times[bad - 1])!r}"
        raise FileError(f"{path}, line {lines[bad]}: time {float(times[bad])!r} {how}; times must increase")


def write_whole(name: str, path: Path, text: str) -> None:
    """Write a file beside its place and rename it, so that it is there whole or as it was.

    Raises
    ------
    FileError
        It cannot be written.
    """
    try:
        with whole_file(path) as making, making.open("xb") as file:
            file.write(text.encode("utf-8", errors="replace"))
    except OSError as error:
        raise FileError(f"{name} = {shown(str(path))}: cannot be written ({error.strerror})") from None
