"""Readers of the reference tables."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

REFERENCE = Path(__file__).parent / "reference"


def rows(name):
    """Rows of a reference table."""
    with (REFERENCE / name).open(newline="") as file:
        return list(csv.DictReader(file))


def motion(name):
    """Columns of a .mot file."""
    _, _, body = (REFERENCE / name).read_text().partition("endheader\n")
    names, *lines = body.strip().split("\n")
    return dict(zip(names.split(), np.array([line.split() for line in lines], dtype=float).T, strict=True))
