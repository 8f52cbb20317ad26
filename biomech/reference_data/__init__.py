"""Tables of facts about people that no model is made of: priors, measurements, strength. Each row has its source."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def read_rows(name: str) -> tuple[dict[str, str], ...]:
    """Rows of a table of ``biomech/reference_data``, each a mapping of column to cell."""
    text = (files("biomech.reference_data") / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
