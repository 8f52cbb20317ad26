"""Frozen tables of facts: rows of ``data/*.csv``, as text."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Rows of a table of ``biomech/study/data``, each a mapping of column to cell."""
    text = (files("biomech.study") / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
