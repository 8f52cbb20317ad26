"""Messages of the library in the words of the command line: parameters as options, on one line."""

from __future__ import annotations

import re
from collections.abc import Collection

_LEADING = re.compile(r"(\w+)(?: = |(?=[:\[]))")
_WITHIN = re.compile(r"(?:(?<=needs )|(?<=higher )|(?<=lower ))(\w+)(?: = '(\w+)')?")


def option(name: str) -> str:
    """A parameter as an option.

    Examples
    --------
    >>> from biomech.cli.wording import option
    >>> option("knee_flexion")
    '--knee-flexion'
    """
    return "--" + name.replace("_", "-")


def in_options(message: str, names: Collection[str]) -> str:
    """A message whose parameters are options.

    Parameters
    ----------
    message : str
        What the library says: at its beginning the parameter and its value.
    names : collection of str
        Parameters that are options.

    Examples
    --------
    >>> from biomech.cli.wording import in_options
    >>> in_options("seat_height = 0.4: needs support = 'seat'", ["seat_height", "support"])
    '--seat-height 0.4: needs --support seat'
    """
    if (found := _LEADING.match(message)) and found[1] in names:
        value = " " if found[0].endswith(" = ") else ""
        message = option(found[1]) + value + message[found.end() :]

    def within(match: re.Match[str]) -> str:
        return " ".join([option(match[1]), *([match[2]] if match[2] else [])]) if match[1] in names else match[0]

    return _WITHIN.sub(within, message)


def warned(message: str) -> str:
    """A warning without what only helps in Python."""
    from biomech.analysis.output.status_summary import MASK_HINT
    from biomech.stance.parameters import CHOICES, PARAMETERS

    said = one_line(message).removeprefix("sweep: ").replace(MASK_HINT, "status says which")
    return in_options(said, [*PARAMETERS, *CHOICES])


def one_line(text: str) -> str:
    r"""Text on one line, in which nothing can steer a terminal.

    Examples
    --------
    >>> from biomech.cli.wording import one_line
    >>> one_line("a\x1b[2J  b\nc")
    'a\\x1b[2J b c'
    """
    joined = " ".join(text.split())
    return "".join(own if own.isprintable() else own.encode("unicode_escape").decode() for own in joined)
