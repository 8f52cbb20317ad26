"""What the model gave before each change of it or of what it is compared with, and which change moved what by how much.

``reference_data/stages.csv`` has the stages in order, each with its reason; ``history.csv`` what every row was
predicted at the means at each; ``changes.csv`` every measured value and posture that was changed after the first
comparison, old beside new, with its reason and source.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from biomech._arguments import instance, refusal, shown, text
from biomech.article.validation.measurements import measured_value, measurements
from biomech.article.validation.predictions import VARIANTS, predicted_at_means
from biomech.errors import StanceError
from biomech.reference_data import read_rows

if TYPE_CHECKING:
    import xarray as xr

_STAGES, _HISTORY = ("stage", "reason"), ("stage", "row", "measured", *VARIANTS)
_BLANK = ""


class History(NamedTuple):
    """Stages in order with their reasons, and what every row was at each."""

    reasons: Mapping[str, str]
    values: xr.Dataset


def changes() -> tuple[dict[str, str], ...]:
    """Every measured value and posture that was changed after the first comparison: ``changes.csv``.

    Examples
    --------
    >>> from biomech.article.validation import changes
    >>> all(row["reason"] for row in changes())
    True
    """
    return read_rows("changes")


def history(folder: Path | None = None) -> History:
    """What every row was predicted and measured at each stage.

    Parameters
    ----------
    folder : path, optional
        Where ``stages.csv`` and ``history.csv`` are; by default those of the package.

    Returns
    -------
    History
        ``reasons``, by stage in order, and ``values``: ``predicted`` (stage, variant, row), at the means and a level
        pelvis, and ``measured`` (stage, row), in BW, N or percent (``unit``), NaN where there was no such row.

    Examples
    --------
    >>> from biomech.article.validation import history
    >>> values = history().values.predicted.sel(variant="as_built", row="knee_knee_bend")
    >>> float(values.sel(stage="first comparison"))
    4.51
    """
    import xarray as xr

    stages, rows = _read(folder, "stages"), _read(folder, "history")
    names, known = [row["stage"] for row in stages], list(measurements())
    known += sorted({row["row"] for row in rows} - set(known))
    predicted = np.full((len(names), len(VARIANTS), len(known)), np.nan)
    measured = np.full((len(names), len(known)), np.nan)
    for row in rows:
        s, k = names.index(row["stage"]), known.index(row["row"])
        predicted[s, :, k] = [_number(row[variant]) for variant in VARIANTS]
        measured[s, k] = _number(row["measured"])
    units = [_unit(row) for row in known]
    values = xr.Dataset(
        {"predicted": (("stage", "variant", "row"), predicted), "measured": (("stage", "row"), measured)},
        {"stage": names, "variant": list(VARIANTS), "row": known, "unit": ("row", units)},
    )
    return History({row["stage"]: row["reason"] for row in stages}, values)


def record_stage(stage: str, reason: str, folder: Path | None = None) -> History:
    """Write what the code gives now as a stage: a new one at the end, or the last one anew.

    Parameters
    ----------
    stage : str
        Its name.
    reason : str
        What was changed, and why.
    folder : path, optional
        Where ``stages.csv`` and ``history.csv`` are; by default those of the package.

    Returns
    -------
    History
        With the stage.

    Raises
    ------
    StanceError
        The name is that of an earlier stage, which today's code cannot give again; there is no reason.

    Examples
    --------
    >>> from biomech.article.validation import record_stage
    >>> record_stage("first comparison", "once more")
    Traceback (most recent call last):
    biomech.errors.StanceError: stage = 'first comparison': is an earlier stage; only the last can be recorded anew
    """
    for name, words in (("stage", stage), ("reason", reason)):
        if not text(name, words).strip() or "\n" in words:
            raise refusal(name, words, "words on one line")
    stages, rows = _read(folder, "stages"), _read(folder, "history")
    names = [row["stage"] for row in stages]
    if stage in names[:-1]:
        raise StanceError(f"stage = {stage!r}: is an earlier stage; only the last can be recorded anew")
    kept = [row for row in stages if row["stage"] != stage] + [{"stage": stage, "reason": reason}]
    predicted = [row for row in rows if row["stage"] != stage] + _rows_now(stage)
    _write(folder, "stages", _STAGES, kept)
    _write(folder, "history", _HISTORY, predicted)
    return history(folder)


def _rows_now(stage: str) -> list[dict[str, str]]:
    """Rows of ``history.csv`` as the code gives them."""
    predicted = predicted_at_means().sel(tilt="0")
    found = []
    for name, row in measurements().items():
        own = {variant: f"{float(predicted.sel(variant=variant, row=name)):.5g}" for variant in VARIANTS}
        found.append({"stage": stage, "row": name, "measured": f"{measured_value(row)[0]:.5g}", **own})
    return found


def _unit(row: str) -> str:
    """Unit of a row, of one that is no longer there by its name."""
    own = measurements().get(row)
    if own is None:
        return "N" if row.startswith("disc") else "percent" if row.startswith("emg") else "BW"
    return "N" if own["quantity"] == "disc" else own["unit"]


def _number(cell: str) -> float:
    return float(cell) if cell != _BLANK else np.nan


def _read(folder: Path | None, name: str) -> list[dict[str, str]]:
    if folder is None:
        return list(read_rows(name))
    if not (instance("folder", folder, Path, "a path") / f"{name}.csv").is_file():
        raise StanceError(f"folder = {shown(folder)}: has no {name}.csv")
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(folder: Path | None, name: str, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    with as_file(files("biomech.reference_data")) as own:
        path = (own if folder is None else folder) / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    read_rows.cache_clear()
