"""The source of ``generated.typed``: stance parameters as type checkers and editors see them, from the table.

They read sources and run nothing, so the names and types must stand there. ``python -m biomech.stance`` writes them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from biomech.stance.declarations import Choice, Condition, Parameter
from biomech.stance.parameters import CHOICES, PARAMETERS, words_of

_WIDTH = 120
_HEAD = '''"""Stance parameters as type checkers and editors see them.

Written by ``python -m biomech.stance`` from the table of stance parameters; a change made here is lost.
"""

from collections.abc import Sequence
from typing import Any, Literal, Protocol, Required, TypeAlias, TypedDict

from numpy.typing import NDArray


class SupportsArray(Protocol):
    """What NumPy can read: its own arrays and numbers, a DataArray of xarray, a Series of pandas."""

    def __array__(self) -> NDArray[Any]: ...


'''


def typed_module() -> str:
    """The whole module."""
    return (
        "\n\n\n".join(
            [
                _HEAD.rstrip(),
                "\n".join(_aliases()),
                _class(
                    "StanceParameters",
                    "Keywords of ``sweep`` and ``stability``: a list or a 1-D array makes a dimension of its own.",
                    swept=True,
                ),
                _class(
                    "FixedParameters",
                    "Keywords of ``prepare``: each is one value; what has no default may vary instead.",
                    swept=False,
                ),
            ]
        )
        + "\n"
    )


def description(row: Parameter | Choice, *, may_vary: bool = False) -> str:
    """What a parameter means, its default and range, what else it takes, and where it applies."""
    if isinstance(row, Choice):
        return f"{row.long_name}: {_listed(row.names.own)}; by default the first."
    taken = "(x, y, z) in " * (row.per == "axis") + row.range
    said = [f"{taken}, or {_listed(row.policies.names.own)}" if row.policies else taken]
    if row.default is None:
        said.append("required unless it varies" if may_vary else "required")
    elif row.per != "axis":
        said.append(f"by default {row.default:g}")
    said += ["per leg"] * row.per_leg
    said += [f"with {applies_to(condition)}" for condition in row.needs]
    said += [f"with {row.beside}"] if row.beside else []
    return f"{row.long_name} ({'; '.join(said)})."


def applies_to(condition: Condition) -> str:
    """A condition as keywords."""
    words = [word for word in words_of(condition) if word in CHOICES[condition.choice].names.own]
    others = [word for word in CHOICES[condition.choice].names.own if word not in words]
    if len(others) < len(words):
        return f"any {condition.choice} but {_listed(others)}"
    return f"{condition.choice}={' or '.join(map(_quoted, words))}"


def required_first() -> list[Parameter | Choice]:
    """Every row, those without a default before all others."""
    rows = sorted(PARAMETERS.values(), key=lambda row: row.default is not None)
    return [*rows, *CHOICES.values()]


def _aliases() -> Iterable[str]:
    """Types that several parameters share, and the words of each choice."""
    yield "#: One value; or one for each leg."
    yield "Number: TypeAlias = float | SupportsArray"
    yield "#: One value, or several along a dimension."
    yield "Numbers: TypeAlias = Number | Sequence[float]"
    yield "#: x, y and z."
    yield "Place: TypeAlias = Sequence[float] | SupportsArray"
    for row in required_first():
        words = row.names.own if isinstance(row, Choice) else row.policies.names.own if row.policies else ()
        if words:
            yield f"{_alias(row)}: TypeAlias = Literal[{_listed(words)}]"


def _class(name: str, about: str, *, swept: bool) -> str:
    lines = [f"class {name}(TypedDict, total=False):", f'    """{about}"""']
    for row in required_first():
        kind = _type(row, swept=swept)
        if swept and isinstance(row, Parameter) and row.default is None:
            kind = f"Required[{kind}]"
        text = description(row, may_vary=not swept)
        lines += ["", f"    {row.name}: {kind}"]
        lines += textwrap.wrap(
            f'"""{text[0].upper()}{text[1:]}"""', _WIDTH, initial_indent="    ", subsequent_indent="    "
        )
    return "\n".join(lines)


def _type(row: Parameter | Choice, *, swept: bool) -> str:
    alias = _alias(row)
    if isinstance(row, Choice):
        return f"{alias} | Sequence[{alias}] | SupportsArray" if swept else alias
    if row.policies:
        return f"Number | {alias} | Sequence[float | {alias}]" if swept else f"Number | {alias}"
    return "Place" if row.per == "axis" else "Numbers" if swept else "Number"


def _alias(row: Parameter | Choice) -> str:
    """The name of the type of a row's words."""
    name = "".join(part.capitalize() for part in row.name.split("_"))
    return name if isinstance(row, Choice) else f"{name}Policy"


def _quoted(word: str) -> str:
    return f'"{word}"'


def _listed(words: Iterable[str]) -> str:
    return ", ".join(map(_quoted, words))
