"""Answers as tables that people read: rounded to what a body is known to, with doubt where it is due."""

from __future__ import annotations

import math
import os
import shutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

#: Decimals in a table, by unit; 3 for others.
_DECIMALS = {"N": 0, "N.m": 1, "deg": 1, "Pa": 0}
#: Of these the order of magnitude counts.
_SMALL = ("equilibrium_residual", "duality_gap")
#: Columns of text that is not read on a screen.
_WIDE = 1_000_000


def write_tables(answers: Sequence[tuple[str, xr.Dataset]], file: TextIO) -> None:
    """Write a table for each answer, under its name and meaning."""
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
