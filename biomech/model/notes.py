"""What stands in for what a model file does not say: notes, of the body as it was read."""

from __future__ import annotations

from collections.abc import Mapping

from biomech.model.tables import Table, optional

#: Source of the notes of a body that was changed since.
_CHANGED = "read_osim, before the body was changed"


def told_notes(tables: Mapping[str, Table]) -> str:
    """All notes in one line, which says so where the body has been changed since; empty where there are none."""
    table = optional(tables, "notes")
    line = "; ".join(table.text("text"))
    return f"when it was read: {line}" if _CHANGED in table.text("source") else line


def outdated(before: Mapping[str, Table], tables: Mapping[str, Table]) -> Mapping[str, Table]:
    """Tables whose notes are of the body as it was ``before``; the same where nothing differs."""
    if "notes" not in tables:
        return tables
    names = {*before, *tables}
    if all(optional(before, name).columns == optional(tables, name).columns for name in names):
        return tables
    notes = tables["notes"]
    return {**tables, "notes": notes.with_column("source", (_CHANGED,) * len(notes))}
