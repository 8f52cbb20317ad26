"""What ``summary`` and ``compare`` give: a few lines of words, and the numbers that stand in them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from biomech import _html
from biomech._display import cell

if TYPE_CHECKING:
    import pandas as pd

#: Characters of a line in a terminal.
_WIDTH = 100
#: A number and its unit, which stay on one line.
_UNIT = re.compile(r"(?<=[0-9]) (?=%|N\b|N\.m|deg|mm|kg)")


class Line(NamedTuple):
    """What a line is about, what it says, and its numbers: a mapping of columns to cells for each."""

    about: str
    says: str
    numbers: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, eq=False)
class Words:
    """An answer in plain words.

    ``str`` and a notebook show the words; a program reads what stands in them.

    Parameters
    ----------
    title : str
        What is spoken of.
    lines : tuple of Line
        What is said of it: pairs of what the line is about and what it says.
    numbers : pandas.DataFrame
        The numbers of the words, one a row: ``quantity``, ``name`` (as in the dataset), ``units``, and the values.
    """

    title: str
    lines: tuple[Line, ...]
    numbers: pd.DataFrame

    @classmethod
    def of(cls, title: str, lines: Iterable[Line]) -> Words:
        """The words of these lines, with their numbers in one table."""
        import pandas as pd

        said = tuple(line for line in lines if line.says)
        rows = [row for line in said for row in line.numbers]
        return cls(title, said, pd.DataFrame(rows) if rows else pd.DataFrame(columns=["quantity", "name", "units"]))

    def __str__(self) -> str:
        return "\n".join(
            [_wrapped(self.title, ""), *(_wrapped(f"{own.about}: {own.says}", "  ") for own in self.lines)]
        )

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        cells = [list(map(cell, row)) for row in self.numbers.itertuples(index=False)]
        numbers = _html.details("the numbers", _html.table(list(self.numbers.columns), cells))
        return _html.record(self.title, [(line.about, line.says) for line in self.lines], numbers)


def _wrapped(text: str, indent: str) -> str:
    told = _UNIT.sub("\N{NO-BREAK SPACE}", text)
    filled = textwrap.fill(told, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}    ")
    return filled.replace("\N{NO-BREAK SPACE}", " ")
