"""Numbers of a body by their paths, ``table/row/column``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from biomech._arguments import one_of, shown, text
from biomech.errors import ModelError
from biomech.model.tables import COLUMNS, Table, optional


class TableLookup:
    """Questions after the cells of a body's tables."""

    if TYPE_CHECKING:
        tables: Mapping[str, Table]

        @property
        def tables_by_role(self) -> Mapping[str, Table]: ...

        @property
        def groups(self) -> dict[str, tuple[str, ...]]: ...

    def value(self, path: str) -> float:
        """One number, by ``table/row/column`` (``table/row`` where the column is ``value``)."""
        table, row, column = self.resolve(path)
        own = optional(self.tables, table)
        try:
            return own.value(row, column)
        except ModelError:
            rows = few(own.rows)
            raise ModelError(
                f"path = {shown(path)}: table {table!r} has no row {shown(row)}; rows are {rows}"
            ) from None

    def row(self, table: str, name: str) -> dict[str, Any]:
        """One row of a table, from column to cell (empty where it has none): a beginning for ``with_rows``.

        Raises
        ------
        ModelError
            There is no such table or row.
        """
        own = optional(self.tables, one_of("table", table, COLUMNS, ModelError))
        try:
            place = own.index(name)
        except ModelError as error:
            raise ModelError(f"name: {error}") from None
        return {column: "" if cells[place] != cells[place] else cells[place] for column, cells in own.columns.items()}

    def rows_matching(self, table: str, pattern: str) -> list[int]:
        """Positions of the rows of a table that a pattern names.

        It names parts by what the body calls them, else by their roles, else, of muscles, by their group.
        """
        own = optional(self.tables, one_of("table", table, COLUMNS, ModelError))
        rows = own.matching(pattern) or optional(self.tables_by_role, table).matching(pattern)
        if not rows and table == "muscles":
            members = self.groups.get(pattern, ())
            rows = [i for i, name in enumerate(own.rows) if name in members]
        return rows

    def resolve(self, path: str) -> tuple[str, str, str]:
        """Table, row (or pattern) and column of a path; refuses what is no number of a table."""
        return parts_of(f"path = {shown(path)}", text("path", path, ModelError))


def parts_of(where: str, path: str) -> tuple[str, str, str]:
    """Table, row and column of a path; ``where`` is how a message calls it."""
    table, _, rest = path.partition("/")
    row, _, column = rest.partition("/")
    column = column or "value"
    if table not in COLUMNS:
        raise ModelError(f"{where}: there is no table {shown(table)}; tables are {', '.join(COLUMNS)}")
    numbers = [name for name, kind in COLUMNS[table].items() if kind != "text"]
    if column not in numbers:
        raise ModelError(f"{where}: {shown(column)} is no number of table {table!r}; numbers are {', '.join(numbers)}")
    return table, row, column


def few(rows: tuple[str, ...]) -> str:
    """The first rows of a table: some have hundreds."""
    return ", ".join(rows[:12]) + (", ..." if len(rows) > 12 else "")
