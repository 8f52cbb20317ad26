"""Stance parameters as options: name, unit, default, range and meaning stand in their table, and nowhere else."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeVar

from cyclopts import Group, Parameter

from biomech.cli.values import GRAMMAR
from biomech.cli.wording import option
from biomech.stance.declarations import Choice
from biomech.stance.declarations import Parameter as Row
from biomech.stance.parameters import CHOICES, PARAMETERS
from biomech.stance.written.typed_signature import description, required_first

Command = TypeVar("Command", bound=Callable[..., Any])

STANCE = Group("Stance", help=GRAMMAR, sort_key=1)


def with_stance_options(command: Command) -> Command:
    """A command whose ``**stance`` becomes an option for each stance parameter of the table."""
    signature = inspect.signature(command)
    own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    command.__signature__ = signature.replace(parameters=[*own, *_stance_options()])  # type: ignore[attr-defined]
    return command


def _stance_options() -> Iterator[inspect.Parameter]:
    for row in required_first():
        about = Parameter(help=help_of(row), group=STANCE, metavar=_kind(row), allow_leading_hyphen=True, negative=())
        yield inspect.Parameter(
            row.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, about]
        )


def help_of(row: Row | Choice) -> str:
    """What the table says of a parameter, with options in the place of keywords.

    Examples
    --------
    >>> from biomech.cli.options import help_of
    >>> from biomech.stance.parameters import PARAMETERS
    >>> help_of(PARAMETERS["seat_height"])
    'Height of the seat above the floor (0.2..1 m; by default 0.45; with --support seat).'
    """
    names = [name for name in [*PARAMETERS, *CHOICES] if "_" in name]
    said = re.sub(r'(\w+)="', lambda found: f'{option(found[1])} "', description(row)).replace('"', "")
    said = re.sub(r"\bany (\w+) but", lambda found: f"any {option(found[1])} but", said)
    said = re.sub(rf"\bwith ({'|'.join(names)})\b", lambda found: f"with {option(found[1])}", said)
    if isinstance(row, Choice):
        said = said.replace("by default the first", f"by default {row.names.own[0]}")
    words = row.names.own_words if isinstance(row, Choice) else row.policies.names.own_words if row.policies else ()
    meanings = "".join(f" {word.name}: {word.meaning}." for word in words)
    return said[0].upper() + said[1:] + meanings


def _kind(row: Row | Choice) -> str:
    """What stands for a value in the help: its unit."""
    if isinstance(row, Choice):
        return "WORD"
    if row.per == "axis":
        return "X,Y,Z"
    return {"1": "NUMBER"}.get(row.unit, row.unit.upper())
