"""What the table of stance parameters writes: columns, typed signature, the docstring of ``sweep``, the glossary."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable

from biomech.stance.declarations import Choice, Condition, Parameter
from biomech.stance.parameters import ANGLES, CHOICES, COLUMN, PARAMETERS, words_of
from biomech.stance.written.typed_signature import applies_to, description, required_first, typed_module

_WIDTH = 120
_STANCE = "    **stance : StanceParameters\n"
_COLUMNS = '''"""The first column of each stance parameter in ``Stance.matrix``, as kernels read it.

Written by ``python -m biomech.stance`` from the table of stance parameters: kernels that named the table would be
compiled anew with every word of it that changes.
"""

'''
_BEGIN = "<!-- written by `python -m biomech.stance` from the table of stance parameters -->\n"
_END = "<!-- end of what is written -->\n"


def sweep_section() -> str:
    """What the docstring of ``sweep`` says of stance parameters."""
    lines = [_STANCE.rstrip()]
    dims = ", ".join(f"``{policies.dim}`` (of ``{name}``)" for name, policies in ANGLES.items())
    lines += [*_wrapped(f"Degrees and metres. A list that holds policies makes a dimension of its own: {dims}."), ""]
    for row in required_first():
        lines += _wrapped(f"- ``{row.name}``: {description(row)}", hanging="  ")
    return "\n".join(lines) + "\n"


def _wrapped(text: str, hanging: str = "") -> list[str]:
    indent = " " * 8
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent + hanging, break_on_hyphens=False
    )


def glossary_section() -> str:
    """The table of stance parameters, and that of the policies."""
    lines = [
        "| parameter | unit | default | allowed | applies to | meaning, sign |",
        "|---|---|---|---|---|---|",
        *(_parameter_row(row) for row in PARAMETERS.values() if row.default is not None),
        *(_choice_row(row) for row in CHOICES.values()),
        "",
        *(_required(row) for row in PARAMETERS.values() if row.default is None),
        "",
        "| policy | of | applies to | meaning |",
        "|---|---|---|---|",
    ]
    for name, policies in ANGLES.items():
        for word in policies.names.own_words:
            beside = f", `{word.needs_degrees}` in degrees" if word.needs_degrees else ""
            lines.append(f'| "{word.name}" | `{name}` | {_applies(word.conditions)}{beside} | {word.meaning} |')
    return "\n".join(lines) + "\n"


def _parameter_row(row: Parameter) -> str:
    default = "none" if row.per == "axis" else f"{row.default:g}"
    allowed = f"{row.least:g}..{row.most:g}" + (" each" if row.per == "axis" else "")
    meaning = row.meaning or row.long_name
    if row.per_leg:
        meaning += "; per leg"
    if row.policies:
        meaning += f". Or {', '.join(_code(word) for word in row.policies.names.own)}"
    if row.beside:
        meaning += f"; needs `{row.beside}`"
    return f"| `{row.name}` | {row.unit} | {default} | {allowed} | {_applies(row.needs)} | {meaning} |"


def _choice_row(row: Choice) -> str:
    meaning = "; ".join(f"{word.name}: {word.meaning}" for word in row.names.own_words)
    return f"| `{row.name}` | - | {row.names.own[0]} | {', '.join(row.names.own)} | all | {row.long_name}. {meaning} |"


def _required(row: Parameter) -> str:
    policies = f", or a policy: {', '.join(_code(word) for word in row.policies.names.own)}" if row.policies else ""
    return f"`{row.name}`, {row.long_name}, has no default, {row.no_default}: give {row.range}{policies}."


def _applies(needs: Iterable[Condition]) -> str:
    """Where something has a meaning; what several conditions ask of a choice is said at once."""
    words: dict[str, list[str]] = {}
    for condition in needs:
        own = words_of(condition)
        words[condition.choice] = [word for word in words.get(condition.choice, own) if word in own]
    return ", ".join(applies_to(Condition(choice, tuple(own))) for choice, own in words.items()) or "all"


def _code(word: str) -> str:
    return f'`"{word}"`'


def columns_module() -> str:
    """The module with the columns that kernels read."""
    lines = [f"{name.upper()} = {column}" for name, column in COLUMN.items()]
    return _COLUMNS + "\n".join(lines) + "\n"


def _with_docstring(source: str) -> str:
    """The source of ``sweep`` with its section on stance parameters."""
    pattern = re.compile(re.escape(_STANCE) + r".*?(?=\n    Returns\n)", re.DOTALL)
    return pattern.sub(lambda _: sweep_section(), source, count=1)


def _with_tables(page: str) -> str:
    """The glossary with the tables of stance parameters."""
    pattern = re.compile(re.escape(_BEGIN) + ".*?" + re.escape(_END), re.DOTALL)
    return pattern.sub(lambda _: f"{_BEGIN}\n{glossary_section()}\n{_END}", page, count=1)


#: Files that the table writes, or a part of them, by their path from the root of the checkout: what each becomes.
WRITTEN: dict[str, Callable[[str], str]] = {
    "biomech/stance/generated/columns.py": lambda _: columns_module(),
    "biomech/stance/generated/typed.py": lambda _: typed_module(),
    "biomech/analysis/sweep.py": _with_docstring,
    "docs/reference/glossary.md": _with_tables,
}
