"""A study as a file of TOML: what the options of ``sweep`` say, written down."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from biomech._arguments import one_of, shown
from biomech.errors import StudyError

#: Bytes: a study is written by hand.
_MOST = 1 << 18


def read_study(path: Path, settings: Iterable[str], parameters: Iterable[str]) -> dict[str, Any]:
    """The settings of a file and its stance parameters, each under its own name.

    Parameters
    ----------
    path : Path
        The file.
    settings : iterable of str
        Keys that it may have, besides the table ``[stance]``.
    parameters : iterable of str
        Keys that ``[stance]`` may have.

    Raises
    ------
    StudyError
        It cannot be read, is no TOML, or has a key that is not known; the message names the nearest that is.
    """
    found = _parsed(path)
    stance = found.pop("stance", {})
    if not isinstance(stance, dict):
        raise StudyError(f"{path}: stance = {shown(stance)}: must be a table, [stance]")
    for table, known in ((found, [*settings, "stance"]), (stance, [*parameters])):
        for key in table:
            one_of(f"{path}: key", key, known, StudyError)
    return found | stance


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST + 1)
    except (OSError, ValueError) as error:  # a name with a NUL is no name
        raise StudyError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(content) > _MOST:
        raise StudyError(f"{path}: is longer than {_MOST:,} bytes, so it is no study")
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number too long, or too deep
        why = "it is too deep" if isinstance(error, RecursionError) else " ".join(str(error).split())[:200]
        raise StudyError(f"{path}: is no TOML that can be read: {why}") from None
