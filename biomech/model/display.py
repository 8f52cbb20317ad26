"""How the tables of a body show themselves; kernels are made of their classes, so it is said from outside."""

from __future__ import annotations

from biomech._display import About, Folded, counted, shows
from biomech.model.compiled import CompiledModel
from biomech.model.tables import Table


def described(table: Table) -> str:
    """A table in a line: how many rows, and which columns."""
    return f"{counted(len(table), 'row')} of {', '.join(table.columns)}"


@shows(Table)
def _table(table: Table) -> About:
    rows = zip(*table.columns.values(), strict=True)
    facts = {"rows": len(table), "columns": ", ".join(table.columns)}
    return About(f"Table {table.name!r}", described(table), facts, (Folded("the rows", list(table.columns), rows),))


@shows(CompiledModel)
def _compiled(compiled: CompiledModel) -> About:
    names = {name: getattr(compiled, f"{name}s") for name in ("segment", "joint", "coordinate", "muscle")}
    line = ", ".join(counted(len(own), name) for name, own in names.items())
    body = "right half of a body" if compiled.half else "whole body"
    folded = Folded("names", ["", "in kernel order"], [(name, ", ".join(own)) for name, own in names.items()])
    return About(f"CompiledModel of the {body}", line, {"has": line}, (folded,))
