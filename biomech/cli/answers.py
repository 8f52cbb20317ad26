"""Answers as text: a table for people, CSV and JSON for programs. Every number is the dataset's own."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from biomech.cli.outcome import Exit
from biomech.cli.tables import write_tables

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

#: What a table shows where nothing is asked for.
DIGEST = ("lumbar_compression", "joint_compression", "group_activation")


def wanted(variables: list[str] | None, form: str) -> list[str] | None:
    """The variables that ``sweep`` is asked for: in text with ``valid``, which tells what not to trust."""
    if variables is None:
        return [*DIGEST, "valid"] if form == "table" else None
    return variables if form == "study" or "valid" in variables else [*variables, "valid"]


def write_answers(answers: Sequence[tuple[str, xr.Dataset]], form: str, file: TextIO) -> None:
    """Write answers, each under its name, or the one that has none."""
    {"words": _write_words, "table": write_tables, "csv": _write_csv, "json": _write_json}[form](answers, file)


def judged(answers: Sequence[tuple[str, xr.Dataset]]) -> Exit:
    """The exit code of answers; ``sweep`` has said what is not held, and here is said what is not to be trusted."""
    held = True
    for name, ds in answers:
        held = held and bool((ds["status"] == 0).all())
        if outside := _outside(ds):
            of = f"{name}: " if name else ""
            print(
                f"biomech: warning: {of}{outside} of {ds['status'].size} postures lie outside the geometry that "
                "measurements vouch for; valid says which",
                file=sys.stderr,
            )
    return Exit.FINE if held else Exit.NOT_HELD


def _outside(ds: xr.Dataset) -> int:
    """Postures that have numbers but no trusted geometry."""
    from biomech.pipeline.status import UNREACHABLE

    if "valid" not in ds.variables:
        return 0
    return int((~ds["valid"].astype(bool) & (ds["status"] != UNREACHABLE)).sum())


def _write_words(answers: Sequence[tuple[str, xr.Dataset]], file: TextIO) -> None:
    from biomech.view.words.summary import summary

    for _, ds in answers:
        file.write(f"{summary(ds)}\n")


def _rows(ds: xr.Dataset) -> pd.DataFrame:
    """One row a posture, its labels as columns."""
    from biomech.analysis.output.table import table

    found = table(ds)
    return found.reset_index() if ds["status"].dims else found


def _write_csv(answers: Sequence[tuple[str, xr.Dataset]], file: TextIO) -> None:
    import pandas as pd

    parts = [_rows(ds) for _, ds in answers]
    for (name, _), part in zip(answers, parts, strict=True):
        if name:
            part.insert(0, "scenario", name)
    (parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)).to_csv(
        file, index=False, lineterminator="\n"
    )


def _write_json(answers: Sequence[tuple[str, xr.Dataset]], file: TextIO) -> None:
    found = {name: _document(ds) for name, ds in answers}
    json.dump(found.get("", found), file, indent=1, allow_nan=False)
    file.write("\n")


def _document(ds: xr.Dataset) -> dict[str, Any]:
    """An answer as JSON has it; what is no finite number is null."""
    told = ("meaning", "contrast", "message", "model", "biomech_version")
    units = {str(name): own.attrs["units"] for name, own in ds.variables.items() if "units" in own.attrs}
    postures = [{name: _json(value) for name, value in row.items()} for row in _rows(ds).to_dict("records")]
    return {**{name: ds.attrs[name] for name in told if name in ds.attrs}, "units": units, "postures": postures}


def _json(value: Any) -> Any:
    plain = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
