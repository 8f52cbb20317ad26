"""Answers as text: a table for people, CSV and JSON for programs. Every number is the dataset's own."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from biomech.cli.outcome import Exit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

#: What a table shows where nothing is asked for.
DIGEST = ("lumbar_compression", "joint_compression", "group_activation")
#: Decimals in a table, by unit; 3 for others.
_DECIMALS = {"N": 0, "N.m": 1, "deg": 1, "Pa": 0}
#: Of these the order of magnitude counts.
_SMALL = ("equilibrium_residual", "duality_gap")
#: Columns of text that is not read on a screen.
_WIDE = 1_000_000


def wanted(variables: list[str] | None, form: str) -> list[str] | None:
    """The variables that ``sweep`` is asked for: in text with ``valid``, which tells what not to trust."""
    if variables is None:
        return [*DIGEST, "valid"] if form == "table" else None
    return variables if form == "study" or "valid" in variables else [*variables, "valid"]


def write_answers(answers: Sequence[tuple[str, xr.Dataset]], form: str, file: TextIO) -> None:
    """Write answers, each under its name, or the one that has none."""
    {"table": _write_tables, "csv": _write_csv, "json": _write_json}[form](answers, file)


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


def _write_tables(answers: Sequence[tuple[str, xr.Dataset]], file: TextIO) -> None:
    for i, (name, ds) in enumerate(answers):
        if name:
            file.write(f"{chr(10) * bool(i)}{name}: {ds.attrs.get('meaning', '')}\n\n")
        file.write("\n\n".join(_blocks(ds, _width(file))) + "\n")


def _width(file: TextIO) -> int:
    """Columns of the terminal, or as many as are needed."""
    if not (file.isatty() or "COLUMNS" in os.environ):
        return _WIDE
    return max(40, shutil.get_terminal_size().columns)


def _blocks(ds: xr.Dataset, width: int) -> Iterator[str]:
    """What is one number a posture side by side, then each variable that has more, under its name and unit."""
    from biomech.analysis.output.table import table

    rows = table(ds)
    said = _in_words(ds)
    alone = [name for name in rows.columns if "/" not in name and name not in said]
    numbers = {_with_unit(ds, name): _words(rows[[name]], ds, name)[name] for name in alone}
    yield _as_text(rows[[]].assign(**said, **numbers), width)
    for name in dict.fromkeys(column.partition("/")[0] for column in rows.columns if "/" in column):
        own = _words(rows[[column for column in rows.columns if column.startswith(f"{name}/")]], ds, name)
        own.columns = [column.partition("/")[2] for column in own.columns]
        title = textwrap.fill(f"{_with_unit(ds, name)}: {ds[name].attrs.get('long_name', '')}", width)
        yield f"{title}\n{_as_text(own, width)}"
    legend = ["(...): of a posture that is not held, so no answer"] * any(own != "optimal" for own in said["status"])
    legend += ["...?: of a geometry that no measurement vouches for"] * ("no" in said.get("valid", []))
    if legend:
        yield "\n".join(legend)


def _words(rows: pd.DataFrame, ds: xr.Dataset, name: str) -> pd.DataFrame:
    """Numbers of a variable as they are shown: in brackets where nothing is held, doubted where nothing vouches."""
    show, said = _shown(ds, name), _in_words(ds)
    answers = zip(said["status"], said.get("valid", said["status"]), strict=True)
    marks = ["({})" if status != "optimal" else "{}?" if valid == "no" else "{}" for status, valid in answers]
    if name not in ds.data_vars:  # what was asked
        marks = ["{}"] * len(rows)
    marked = {
        column: [mark.format(word) if word != "-" else word for mark, word in zip(marks, map(show, own), strict=True)]
        for column, own in rows.items()
    }
    return rows.assign(**{str(column): own for column, own in marked.items()})


def _in_words(ds: xr.Dataset) -> dict[str, list[str]]:
    """Whether each posture is held, and whether its geometry is trusted."""
    from biomech.pipeline.status import STATUSES

    found = {"status": [STATUSES[code] for code in ds["status"].values.ravel().tolist()]}
    if "valid" in ds.variables:
        found["valid"] = ["yes" if own else "no" for own in ds["valid"].values.ravel().tolist()]
    return found


def _unit(ds: xr.Dataset, name: str) -> str:
    return str(ds[name].attrs.get("units", "1")) if name in ds.variables else "1"


def _with_unit(ds: xr.Dataset, name: str) -> str:
    return name if _unit(ds, name) == "1" else f"{name} ({_unit(ds, name)})"


def _as_text(words: pd.DataFrame, width: int) -> str:
    """Columns side by side, in as many blocks as the width asks for; of a single posture one number a line."""
    if len(words) == 1 and words.index.names == [None]:
        longest = max(map(len, words.columns))
        return "\n".join(f"{name:<{longest}}  {words[name].iloc[0]:>10}" for name in words.columns)
    text = words.to_string(line_width=width, sparsify=False)
    return "\n".join(line.rstrip() for line in text.splitlines())


def _shown(ds: xr.Dataset, name: str) -> Callable[[Any], str]:
    """How numbers of a variable are shown: with as many decimals as a body is known to."""
    decimals = _DECIMALS.get(_unit(ds, name), 3)

    def show(value: Any) -> str:
        if not isinstance(value, float):
            return str(value)
        if math.isnan(value):
            return "-"
        if name in _SMALL:
            return f"{value:.0e}"
        return f"{value if round(value, decimals) else 0.0:.{decimals}f}"

    return show
