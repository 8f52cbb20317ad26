"""A model as text: by name where it is built in, with what differs from a built-in one where it is not."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from biomech.analysis.output.provenance import model_hash
from biomech.errors import StudyError
from biomech.model.catalog import MODELS, load_model
from biomech.model.model import Model
from biomech.model.population import BodySource
from biomech.model.roles import NO_ROLES, make_roles
from biomech.model.tables import COLUMNS, Column, Table, optional


def describe_model(model: Model | BodySource) -> str:
    """What a model can be made from again, as JSON: name, hash, the built-in model it is like, and what differs.

    Of several bodies it is the model that they share, and ``bodies``, their own record.
    """
    if isinstance(model, BodySource):
        return f'{describe_model(model.model)[:-1]}, "bodies": {json.dumps(model.record())}}}'
    text: str = model.cached("record", lambda: _describe(model))
    return text


def _describe(model: Model) -> str:
    roles = model.roles.record()
    about = {"name": model.name, "sha256": model_hash(model), **({"roles": roles} if roles else {})}
    bases = [model.name] if model.name in MODELS else MODELS
    told = [json.dumps({**about, "like": base, **_unlike(load_model(base), model)}) for base in bases]
    return min(told, key=len)


def _unlike(base: Model, model: Model) -> dict[str, Any]:
    changes = {name: _change(optional(base.tables, name), table) for name, table in model.tables.items()}
    found = {name: change for name, change in changes.items() if change}
    return {"changes": found} if found else {}


def _change(base: Table, table: Table) -> dict[str, Any]:
    """How a table differs: cells, by column and place, where its rows are those of the base; else all its rows.

    A row of the same name in the base is told by the cells that differ.
    """
    if table is base or table.columns == base.columns:
        return {}
    if table.rows == base.rows:
        old, new = _cells(base), _cells(table)
        cells = {
            name: {i: cell for i, (was, cell) in enumerate(zip(old[name], own, strict=True)) if cell != was}
            for name, own in new.items()
        }
        changed = {name: own for name, own in cells.items() if own}
        return {"cells": changed} if changed else {}
    before, rows = _rows(base), _rows(table)
    return {
        "rows": {
            name: {column: cell for column, cell in row.items() if name not in before or before[name][column] != cell}
            for name, row in rows.items()
        }
    }


def _cells(table: Table) -> dict[str, list[Any]]:
    """Cells as JSON has them: text, numbers, and null for a number that is absent."""
    return {
        name: [cell if isinstance(cell, str) else None if math.isnan(cell) else float(cell) for cell in cells]
        for name, cells in table.columns.items()
    }


def _rows(table: Table) -> dict[str, dict[str, Any]]:
    columns = _cells(table)
    each = zip(*columns.values(), strict=True)
    return {name: dict(zip(columns, row, strict=True)) for name, row in zip(table.rows, each, strict=True)}


def make_model(about: Mapping[str, Any]) -> Model:
    """The model that a description is of.

    Raises
    ------
    StudyError
        The built-in model that it is described from has changed since; or it is no such description.
    """
    try:
        name, base, changes = about["name"], load_model(about["like"]), about.get("changes", {})
        names = dict.fromkeys((*base.tables, *changes))
        tables = {table: _restored(optional(base.tables, table), changes.get(table, {})) for table in names}
        roles = make_roles(tables, about["roles"], about["roles"].get("mirror")) if "roles" in about else NO_ROLES
        model = Model(name, tables, roles) if changes or name != base.name or "roles" in about else base
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise StudyError(f"model: cannot be made again ({error})") from None
    if model_hash(model) != about.get("sha256"):
        raise StudyError(f"model: the built-in model {base.name!r} has other numbers now than when this was computed")
    return model


def _restored(base: Table, change: Mapping[str, Any]) -> Table:
    """A table of the base with what differs."""
    if "rows" in change:
        before = _rows(base)
        rows = [{**before.get(name, {}), **row} for name, row in change["rows"].items()]
        columns = {name: [row[name] for row in rows] for name in COLUMNS[base.name]}
    elif "cells" in change:
        columns = _cells(base)
        for name, cells in change["cells"].items():
            for place, cell in cells.items():
                columns[name][int(place)] = cell
    else:
        return base
    return Table(base.name, {name: _column(base.name, name, cells) for name, cells in columns.items()})


def _column(table: str, name: str, cells: list[Any]) -> Column:
    if COLUMNS[table][name] == "text":
        return tuple(cells)
    return tuple(math.nan if cell is None else cell for cell in cells)
