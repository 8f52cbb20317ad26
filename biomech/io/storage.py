"""OpenSim's storage files (``.mot``, ``.sto``): a table over time under a header; SIMM's motions, too."""

from __future__ import annotations

import re
import warnings
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import flag, shown
from biomech.errors import BiomechWarning, FileError, StanceError
from biomech.io._text import (
    check_labels,
    check_times,
    read_lines,
    read_numbers,
    read_path,
    write_whole,
)
from biomech.io._time import times_of
from biomech.io.coordinates import check_model, in_coordinates

if TYPE_CHECKING:
    import xarray as xr

    from biomech.model.model import Model

Array = NDArray[np.float64]

#: Counts of the header, which the table itself has.
_ROWS = ("nRows", "datarows")
_COUNTS = (*_ROWS, "nColumns", "datacolumns")
#: Words of the header of a SIMM motion, which are followed by their value without a sign of equality.
_SIMM = ("name", "datacolumns", "datarows", "otherdata", "range")
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")
#: Types of the cells of a table of version 3 that are numbers; others are vectors and quaternions.
_DOUBLE = "double"


class _Header(NamedTuple):
    """What stands before the table: its attributes, the rows that it promises, and the line of the labels."""

    attrs: dict[str, Any]
    rows: int | None
    labels: int


def read_storage(path: str | Path, model: Model | None = None) -> xr.Dataset:
    r"""Read a motion, forces or results from an OpenSim storage file (``.mot``, ``.sto``) of any version.

    Parameters
    ----------
    path : str or Path
        The file. Tabs or spaces between cells, Windows or Unix lines, a byte order mark and Fortran's exponents are all
        read. A cell that is empty, or says NaN in any of the usual ways, is NaN.
    model : Model, optional
        The body whose motion it is. Without it numbers are as they stand in the file, which does not say what of them
        are angles. With it they are as ``static_optimization`` takes them (``biomech.io.to_coordinates``): coordinates
        of the model alone, in degrees and metres, with ``units``.

    Returns
    -------
    Dataset
        A variable a column over ``time``, in s. The label of a state (``/jointset/knee_r/knee_angle_r/value``) becomes
        the name of its coordinate (``knee_angle_r``), and is kept as the attribute ``path``; other labels are kept as
        they are. Attributes are those of the header: ``name``, ``version``, ``inDegrees`` ("yes" or "no", absent where
        the file does not say), ``remarks``, and what else stands there. Counts of rows and columns are left out.

    Raises
    ------
    FileError
        Naming the line: a label that is there twice, a cell that is no number, a row that has too few, no rows; cells
        that are no numbers by the header (``DataType=Quaternion``). Times must increase, as OpenSim's tables demand: a
        time that repeats or goes back is refused by name, for which of two rows is meant only its author knows.
    StanceError
        An argument is not what it must be.

    Warns
    -----
    BiomechWarning
        The file has fewer rows than its header says: it may be cut. With ``model``: coordinates that are
        not in the file, columns that are not of the model.

    Examples
    --------
    >>> import biomech as bm, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "squat.mot"
    >>> text = "Coordinates\nversion=1\ninDegrees=yes\nendheader\ntime\tknee_angle_r\n0\t-5\n0.1\t-7.5\n"
    >>> _ = path.write_text(text)
    >>> motion = bm.read_storage(path)
    >>> motion.knee_angle_r.values.tolist(), motion.attrs["inDegrees"]
    ([-5.0, -7.5], 'yes')
    """
    place = read_path("path", path)
    if model is not None:
        check_model(model)
    found, said = read_table("path", place)
    if model is not None:
        found, left = in_coordinates(model, found)
        said += left
    if said:
        warnings.warn(f"read_storage: {place}: {'; '.join(said)}", BiomechWarning, stacklevel=2)
    return found


def read_table(name: str, path: Path) -> tuple[xr.Dataset, list[str]]:
    """The whole table, with its header as attributes, and what is to be warned of; ``name`` is that of the argument."""
    import xarray as xr

    lines = read_lines(name, path)
    header = _read_header(path, lines)
    at = header.labels
    labels = _split_labels(lines[at])
    if labels[0].lower() != "time":
        raise FileError(f"{path}, line {at + 1}: begins with {shown(labels[0])}; the first label must be time")
    names = ["time", *map(_name_of, labels[1:])]
    check_labels(path, at + 1, names)
    rows, places = _read_rows(path, lines, at + 1, labels)
    check_times(path, places, rows[:, 0])
    cut = header.rows is not None and header.rows > len(rows)
    said = [f"has {len(rows)} rows, and its header says {header.rows}: it may be cut"] if cut else []
    variables = {}
    for column, (label, name) in enumerate(zip(labels, names, strict=True)):
        if column:
            kept = {} if label == name else {"path": label}
            variables[name] = ("time", np.ascontiguousarray(rows[:, column]), kept)
    time = ("time", np.ascontiguousarray(rows[:, 0]), {"units": "s"})
    return xr.Dataset(variables, coords={"time": time}, attrs=header.attrs), said


def _read_header(path: Path, lines: Sequence[str]) -> _Header:
    """The header, up to the labels; where its end is not told it is the line that begins with time."""
    words = [line.strip().lower() for line in lines]
    if "endheader" in words:
        end = words.index("endheader")
        at = next((i for i in range(end + 1, len(lines)) if words[i]), None)
        if at is None:
            raise FileError(f"{path}, line {end + 1}: nothing follows the header; must be labels and rows")
    else:
        at = next((i for i, line in enumerate(words) if line.split()[:1] == ["time"]), None)
        if at is None:
            raise FileError(f"{path}: is no storage file: no endheader, and no line of labels that begins with time")
        end = at
    attrs, remarks = _attributes(lines[:end])
    if remarks:
        attrs["remarks"] = "\n".join(remarks)
    promised = next((attrs[name] for name in _ROWS if name in attrs), None)
    _check_header(path, attrs)
    rows = int(promised) if promised is not None and re.fullmatch("[0-9]{1,18}", promised) else None
    return _Header({name: own for name, own in attrs.items() if name not in _COUNTS}, rows, at)


def _attributes(lines: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Names and values of a header, and the lines that are neither; the first of these is the name of the table."""
    attrs: dict[str, Any] = {}
    remarks = []
    words = _SIMM if any(line.split()[:1] == ["datacolumns"] for line in lines) else ()
    for number, line in enumerate(line.strip() for line in lines):
        word, _, rest = line.partition(" ")
        name, equals, value = line.partition("=")
        if equals and name.strip():
            attrs[name.strip()] = value.strip()
        elif word in words and rest:
            attrs[word] = rest.strip()
        elif number == 0:
            attrs["name"] = line
        elif line:
            remarks.append(line)
    if words:
        attrs.setdefault("inDegrees", "yes")  # SIMM knows nothing else
    return attrs, remarks


def _check_header(path: Path, attrs: dict[str, Any]) -> None:
    """Refuse tables whose cells are no numbers; bring what may be written in several ways into one."""
    kind = attrs.get("DataType", _DOUBLE)
    if kind.lower() != _DOUBLE:
        raise FileError(f"{path}: has DataType={shown(kind)[1:-1]}; must be {_DOUBLE}: a number in every cell")
    if "inDegrees" in attrs:
        given = attrs["inDegrees"]
        if given.lower() not in (*_YES, *_NO):
            raise FileError(f"{path}: has inDegrees={shown(given)[1:-1]}; must be yes or no")
        attrs["inDegrees"] = "yes" if given.lower() in _YES else "no"


def _split_labels(line: str) -> list[str]:
    """Labels between tabs, which may have spaces, or between spaces."""
    if "\t" not in line.strip():
        return line.split()
    return [label.strip() for label in line.strip().split("\t")]


def _read_rows(path: Path, lines: Sequence[str], first: int, labels: Sequence[str]) -> tuple[Array, list[int]]:
    """The numbers of the table, and the line of each row."""
    numbers, places = array("d"), []
    for number in range(first, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        cells = _split_cells(line, len(labels))
        if len(cells) != len(labels):
            raise FileError(f"{path}, line {number + 1}: has {len(cells)} cells; there are {len(labels)} labels")
        numbers.extend(read_numbers(path, number + 1, cells, labels))
        places.append(number + 1)
    if not places:
        raise FileError(f"{path}: has labels and no rows")
    return np.array(numbers).reshape(len(places), len(labels)), places


def _split_cells(line: str, count: int) -> list[str]:
    """Cells between tabs, blank ones among them, where that gives as many as there are labels; else between spaces."""
    cells = [cell.strip() for cell in line.split("\t")]
    while len(cells) > count and not cells[-1]:  # tabs that end a line make no cell
        cells.pop()
    return cells if len(cells) == count else line.split()


def _name_of(label: str) -> str:
    """The coordinate of a state's label, ``/jointset/knee_r/knee_angle_r/value``; other labels are their own name."""
    parts = label.split("/")
    return parts[-2] if len(parts) > 2 and parts[-1] == "value" and parts[-2] else label


def write_storage(ds: xr.Dataset, path: str | Path, in_degrees: bool | None = None) -> None:
    """Write a Dataset over time as an OpenSim storage file, which OpenSim's tools open.

    What is read back is the same to the last bit: numbers are written with as many digits as tell them from all others.

    Parameters
    ----------
    ds : Dataset
        Variables over ``time`` alone, a column each, under their name, or under the attribute ``path`` where
        ``read_storage`` shortened it. The attributes ``name``, ``inDegrees`` and ``remarks`` go into the header, others
        are left out, and so are coordinates other than ``time``.
    path : str or Path
        The file, which ends in ``.mot`` or ``.sto``. It is there whole or as it was before.
    in_degrees : bool, optional
        Whether angles are in degrees. By default what the attribute ``inDegrees`` says, or the ``units`` of the
        variables ("deg", "rad"). Where neither says it, it must be given, as OpenSim's tools would guess radians.

    Raises
    ------
    StanceError
        Naming the variable: it has another dimension than time, it is no number, its name cannot be a label, or times
        do not increase.
    FileError
        The file cannot be written.

    Examples
    --------
    >>> import biomech as bm, xarray as xr, tempfile, pathlib
    >>> motion = xr.Dataset({"knee_angle_r": ("time", [-5.0, -7.5])}, {"time": [0.0, 0.1]}, {"inDegrees": "yes"})
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "squat.mot"
    >>> bm.write_storage(motion, path)
    >>> bm.read_storage(path).equals(motion)
    True
    """
    time = times_of(ds)
    place = read_path("path", path)
    if place.suffix.lower() not in (".mot", ".sto"):
        raise StanceError(f"path = {shown(str(place))}: must end in .mot or .sto")
    degrees = None if in_degrees is None else flag("in_degrees", in_degrees)
    columns = {_label_of(str(name), own): _column(name, own) for name, own in ds.data_vars.items()}
    if len(columns) < len(ds.data_vars) or not columns:
        raise StanceError(f"ds: has {len(ds.data_vars)} variables and {len(columns)} labels; each must have its own")
    name, *remarks = _words_of(ds, place)
    head = [
        name,
        "version=1",
        f"nRows={len(time)}",
        f"nColumns={1 + len(columns)}",
        f"inDegrees={'yes' if _in_degrees(ds, degrees) else 'no'}",
        *remarks,
        "endheader",
        "\t".join(["time", *columns]),
    ]
    table = np.column_stack([time, *columns.values()]).tolist()
    write_whole("path", place, "\n".join([*head, *("\t".join(map(repr, row)) for row in table), ""]))


def _words_of(ds: xr.Dataset, path: Path) -> list[str]:
    """The name of the table and its remarks, each a line that is read again as what it is."""
    name = " ".join(str(ds.attrs.get("name", path.stem.replace("=", " "))).split())
    remarks = [line.strip() for line in str(ds.attrs.get("remarks", "")).splitlines() if line.strip()]
    lines = [name, *remarks]
    if _attributes(lines) != ({"name": name}, remarks) or "endheader" in map(str.lower, lines):
        raise StanceError("ds: its attributes name and remarks must be words: no settings (=), no endheader")
    return lines


def _column(name: object, array: xr.DataArray) -> Array:
    """The numbers of a variable over time alone."""
    if array.dims != ("time",):
        dims = ", ".join(map(str, array.dims)) or "no dimension"
        raise StanceError(f"ds: {shown(name)} has {dims}; must be over time alone (select one of the others)")
    if array.dtype.kind not in "iuf":
        raise StanceError(f"ds: {shown(name)} is of type {array.dtype}; must be numbers")
    return np.asarray(array.values, dtype=np.float64)


def _label_of(name: str, array: xr.DataArray) -> str:
    """The label of a variable: what it was read from where that gives its name again, or its name."""
    path = array.attrs.get("path")
    label = path if isinstance(path, str) and _name_of(path) == name else name
    if not label or label.lower() == "time" or label != label.strip() or not label.isprintable():
        raise StanceError(f"ds: {shown(name)}: must have a name that is a label: no tabs, not time, not empty")
    if _name_of(label) != name:
        raise StanceError(f"ds: {shown(name)}: would be read again as {shown(_name_of(label))}; rename it")
    return label


def _in_degrees(ds: xr.Dataset, given: bool | None) -> bool:
    """Whether angles are in degrees, by who says it first: the argument, the attribute, the units."""
    if given is not None:
        return given
    said = ds.attrs.get("inDegrees")
    if said in ("yes", "no"):
        return bool(said == "yes")
    units = {own.attrs.get("units") for own in ds.data_vars.values()}
    if "deg" in units and "rad" in units:
        raise StanceError("ds: has variables in deg and in rad; must be one of them, or give in_degrees")
    if "deg" in units or (None not in units):
        return "deg" in units
    raise StanceError("in_degrees = None: ds does not say whether its angles are in degrees; must be True or False")
