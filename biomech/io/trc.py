"""Marker trajectories of Motion Analysis' TRC files."""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import shown
from biomech.errors import BiomechWarning, FileError
from biomech.io._text import check_labels, check_times, read_lines, read_numbers, read_path

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

AXES = ("x", "y", "z")
#: How many of each unit a metre has: a number divided by it is as near as a double can be.
PER_METRE = {
    "m": 1.0, "meter": 1.0, "meters": 1.0, "metre": 1.0, "metres": 1.0,
    "dm": 10.0, "cm": 100.0, "mm": 1000.0,
    "centimeter": 100.0, "centimeters": 100.0, "millimeter": 1000.0, "millimeters": 1000.0,
}  # fmt: skip


def read_trc(path: str | Path) -> xr.Dataset:
    r"""Read marker trajectories from a TRC file.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Dataset
        ``position`` (time, marker, axis) in m, in the axes of the laboratory as they are in the file. A blank cell is a
        marker that was not seen: NaN. Coordinates are ``time`` in s, ``frame``, the frame's number, and the markers'
        names. Attributes are the header's (``DataRate``, ``CameraRate`` and others), but for counts and units.

    Raises
    ------
    FileError
        Naming the line: there is no header, the unit is not known, a marker is there twice, a cell is no number, a row
        has too many cells, or times do not increase.
    StanceError
        The path is none.

    Warns
    -----
    BiomechWarning
        There are more or fewer frames or markers than the header says.

    Examples
    --------
    >>> import biomech as bm, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "walk.trc"
    >>> head = "PathFileType\t4\t(X/Y/Z)\twalk.trc\nDataRate\tNumFrames\tNumMarkers\tUnits\n60\t1\t2\tmm\n"
    >>> names = "Frame#\tTime\tKnee\t\t\tAnkle\n\t\tX1\tY1\tZ1\tX2\tY2\tZ2\n\n"
    >>> _ = path.write_text(head + names + "1\t0\t40\t450\t90\t\t\t\n")
    >>> markers = bm.read_trc(path)
    >>> markers.position.sel(marker="Knee").values.tolist()
    [[0.04, 0.45, 0.09]]
    >>> markers.position.sel(marker="Ankle").isnull().all().item()
    True
    """
    import xarray as xr

    place = read_path("path", path)
    lines = read_lines("path", place)
    at = next((i for i, line in enumerate(lines) if _begins(line, "frame")), None)
    if at is None:
        raise FileError(f"{place}: is no TRC file: no line of labels begins with Frame#")
    header = _read_header(lines[:at])
    markers = _read_markers(place, at, lines[at])
    rows, places = _read_rows(place, lines, _first_row(lines, at), ["Frame#", "Time", *_columns(markers)])
    check_times(place, places, rows[:, 1])
    frame = rows[:, 0]
    if not (np.isfinite(frame) & (frame == np.round(frame)) & (np.abs(frame) < 2**53)).all():
        raise FileError(f"{place}: column Frame# must be whole numbers")
    _check_counts(place, header, len(rows), len(markers))
    position = rows[:, 2:].reshape(len(rows), len(markers), 3) / _per_metre(place, header)
    attrs = {"long_name": "position of the marker in the laboratory", "units": "m"}
    kept = {name: own for name, own in header.items() if name not in ("NumFrames", "NumMarkers", "Units")}
    return xr.Dataset(
        {"position": (("time", "marker", "axis"), position, attrs)},
        coords={
            "time": ("time", np.ascontiguousarray(rows[:, 1]), {"units": "s"}),
            "frame": ("time", frame.astype(np.int64)),
            "marker": markers,
            "axis": list(AXES),
        },
        attrs=kept,
    )


def _begins(line: str, word: str) -> bool:
    return line.strip().lower().startswith(word)


def _cells(line: str) -> list[str]:
    """Cells between tabs, or between spaces where there is no tab."""
    return [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()


def _read_header(lines: Sequence[str]) -> dict[str, str]:
    """Names and values of the header, which stand below each other."""
    filled = [line for line in lines if line.strip()]
    at = next((i for i, line in enumerate(filled) if _begins(line, "datarate")), len(filled))
    return dict(zip(_cells(filled[at]), _cells(filled[at + 1]), strict=False)) if at + 1 < len(filled) else {}


def _read_markers(path: Path, at: int, line: str) -> list[str]:
    """Names of the markers; each has three columns, the cells of two of which are blank."""
    markers = [cell for cell in _cells(line)[2:] if cell]
    if not markers:
        raise FileError(f"{path}, line {at + 1}: has no markers; must be Frame#, Time and names")
    check_labels(path, at + 1, markers)
    return markers


def _columns(markers: Sequence[str]) -> list[str]:
    return [f"{marker} {axis}" for marker in markers for axis in AXES]


def _first_row(lines: Sequence[str], at: int) -> int:
    """Where the rows begin: after the line of X1, Y1, Z1, which some programs leave out."""
    has_axes = at + 1 < len(lines) and _begins(lines[at + 1], "x1")
    return at + 2 if has_axes else at + 1


def _read_rows(path: Path, lines: Sequence[str], first: int, labels: list[str]) -> tuple[Array, list[int]]:
    """The numbers, NaN where a cell is blank or not there, and the line of each row."""
    numbers, places, count = array("d"), [], len(labels)
    for number in range(first, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        cells = _cells(line)
        while len(cells) > count and not cells[-1]:
            cells.pop()
        if len(cells) > count or ("\t" not in line and len(cells) < count):
            raise FileError(f"{path}, line {number + 1}: has {len(cells)} cells; must have {count}")
        cells += [""] * (count - len(cells))
        numbers.extend(read_numbers(path, number + 1, cells, labels))
        places.append(number + 1)
    if not places:
        raise FileError(f"{path}: has labels and no rows")
    return np.array(numbers).reshape(len(places), count), places


def _check_counts(path: Path, header: dict[str, str], frames: int, markers: int) -> None:
    """Warn of counts that are not those of the table."""
    said = [
        f"{name} = {header[name]}, and there are {count}"
        for name, count in (("NumFrames", frames), ("NumMarkers", markers))
        if name in header and header[name] != str(count)
    ]
    if said:
        warnings.warn(
            f"read_trc: {path} says {'; '.join(said)}; a file that was cut looks so", BiomechWarning, stacklevel=3
        )


def _per_metre(path: Path, header: dict[str, str]) -> float:
    unit = header.get("Units", "")
    if unit.lower() not in PER_METRE:
        raise FileError(f"{path}: has Units {shown(unit)}; must be one of {', '.join(PER_METRE)}")
    return PER_METRE[unit.lower()]
