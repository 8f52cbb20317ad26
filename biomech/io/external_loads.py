"""OpenSim's ExternalLoads: which columns of a storage file are forces, on which body they act, and in which frame."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import instance, shown
from biomech.errors import BiomechWarning, FileError, StanceError
from biomech.io._text import first_repeated, read_path
from biomech.io._xml import Element, read_xml
from biomech.io.resampling import read_lowpass, read_times, resample
from biomech.io.storage import read_table

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

AXES = ("x", "y", "z")
GROUND = "ground"
#: Segments on which the ground acts, right and left, as OpenSim's own models call them.
FEET = ("calcn_r", "calcn_l")
#: Coordinates of each load: the body that it acts on, and in which frames it is told.
_LABELS = ("segment", "force_frame", "point_frame")
#: Endings of files that hold forces, and do not say on what they act.
_TABLES = (".mot", ".sto", ".c3d", ".trc", ".csv")
#: More loads than this are no trial.
_MOST_LOADS = 1000


class _Load(NamedTuple):
    """A force as the file tells it: names, and the first letters of its columns; none where they are empty."""

    name: str
    segment: str
    force_frame: str
    point_frame: str
    force: str
    point: str
    torque: str
    line: int


def read_external_loads(
    path: str | Path, *, data: str | Path | None = None, times: Any = None, lowpass: float | None = None
) -> xr.Dataset:
    r"""Read the forces of a trial from an OpenSim ExternalLoads file (``.xml``, OpenSim 3 and 4) and its storage file.

    Parameters
    ----------
    path : str or Path
        The XML file.
    data : str or Path, optional
        The storage file of the forces. By default the one that the XML names (``datafile``), which must lie in the
        folder of the XML, or below: a file that somebody else wrote chooses no other place.
    times : array or DataArray, optional
        Times to which the loads are brought, in s, such as ``motion.time``; by default those of the storage file.
    lowpass : float, optional
        Cut-off of a low-pass filter without a shift in time, in Hz, as in ``biomech.io.resample``; by default none.

    Returns
    -------
    Dataset
        ``force`` in N, ``point`` in m, where it acts, and ``moment`` in N.m, about that point (time, load, axis).
        Coordinates of each load are its name, ``segment``, the body that it acts on, ``force_frame``, in which its
        force and moment are told, and ``point_frame``; ``ground`` is the laboratory. A load without columns of a
        force, or of a moment, has zeros there; one without a point acts, as in OpenSim, at the origin of its segment.
        Loads that the file has switched off are left out.

    Raises
    ------
    FileError
        Naming the line: no XML of ExternalLoads, no load, a load without a body or without columns, the storage file is
        elsewhere or not there; and whatever ``read_storage`` says of it.
    StanceError
        An argument is not what it must be, or times are beyond those of the file.

    Warns
    -----
    BiomechWarning
        The storage file has fewer rows than its header says: it may be cut.

    Examples
    --------
    >>> import biomech as bm, tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> names = [f"right_{part}{axis}" for part in "vpm" for axis in "xyz"]
    >>> rows = "0 0 700 0 0.1 0 0.2 0 1 0", "1 0 720 0 0.1 0 0.2 0 1 0"
    >>> _ = (folder / "grf.mot").write_text("\n".join(["grf", "endheader", " ".join(["time", *names]), *rows]))
    >>> tags = {"applied_to_body": "calcn_r", "force_identifier": "right_v", "point_identifier": "right_p",
    ...         "torque_identifier": "right_m"}
    >>> inner = "".join(f"<{tag}>{text}</{tag}>" for tag, text in tags.items())
    >>> loads = f'<objects><ExternalForce name="right">{inner}</ExternalForce></objects>'
    >>> whole = f'<ExternalLoads>{loads}<datafile>grf.mot</datafile></ExternalLoads>'
    >>> _ = (folder / "grf.xml").write_text(whole)
    >>> bm.read_external_loads(folder / "grf.xml", times=[0.25]).force.sel(load="right").values.tolist()
    [[0.0, 705.0, 0.0]]
    """
    place = read_path("path", path)
    own = None if data is None else read_path("data", data)
    wanted = None if times is None else read_times(times)
    cutoff = None if lowpass is None else read_lowpass(lowpass)
    if place.suffix.lower() in _TABLES:
        raise FileError(
            f"path = {str(path)!r}: is a table of forces; must be the ExternalLoads file (.xml) that names it"
        )
    loads, root = _read_loads(place)
    table_path = own or _data_file(place, root)
    table, said = read_table("path" if own is None else "data", table_path)
    if said:
        warnings.warn(f"read_external_loads: {table_path}: {'; '.join(said)}", BiomechWarning, stacklevel=2)
    found = _dataset(place, loads, table)
    return found if wanted is None and cutoff is None else resample(found, wanted, cutoff)


def _read_loads(path: Path) -> tuple[list[_Load], Element]:
    """The loads that act, and the element that holds them."""
    document = read_xml(path, FileError)
    root = document if document.tag == "ExternalLoads" else document.child("ExternalLoads")
    if root is None:
        raise FileError(f"{path}, line {document.line}: is {document.tag}; must have ExternalLoads")
    objects = root.child("objects")
    forces = list(objects.every("ExternalForce")) if objects is not None else []
    if len(forces) > _MOST_LOADS:
        raise FileError(f"{path}: has {len(forces)} loads; must have at most {_MOST_LOADS}")
    loads = [_read_load(path, own, number) for number, own in enumerate(forces, 1) if _acts(path, own)]
    if not loads:
        raise FileError(f"{path}, line {root.line}: has no ExternalForce that acts")
    if (twice := first_repeated([load.name for load in loads])) is not None:
        raise FileError(f"{path}, line {root.line}: has the load {shown(twice)} twice; rename one")
    return loads, root


def _acts(path: Path, force: Element) -> bool:
    """Whether a load is switched on, which OpenSim 3 and 4 say the other way round."""
    for name, acts in (("isDisabled", "false"), ("appliesForce", "true")):
        own = force.child(name)
        if own is not None:
            if own.text.lower() not in ("true", "false"):
                raise FileError(f"{path}, line {own.line}: {name} is {shown(own.text)}; must be true or false")
            if own.text.lower() != acts:
                return False
    return True


def _read_load(path: Path, force: Element, number: int) -> _Load:
    """One load, as the file tells it."""
    name = force.attributes.get("name") or f"load_{number}"
    segment = _body(force.value("applied_to_body"))
    if not segment:
        raise FileError(f"{path}, line {force.line}: load {shown(name)} has no applied_to_body")
    columns, point, torque = (_identifier(force, f"{part}_identifier") for part in ("force", "point", "torque"))
    if not columns and not torque:
        raise FileError(f"{path}, line {force.line}: load {shown(name)} has no force_identifier, no torque_identifier")
    force_frame, point_frame = (
        _body(force.value(f"{part}_expressed_in_body")) or GROUND for part in ("force", "point")
    )
    if not point:
        point_frame = segment  # at its origin
    return _Load(name, segment, force_frame, point_frame, columns, point, torque, force.line)


def _body(text: str) -> str:
    """The name of a body, of which OpenSim 4 may tell the whole path."""
    return text.rsplit("/", 1)[-1]


def _identifier(force: Element, name: str) -> str:
    text = force.value(name)
    return "" if text.lower() == "unassigned" else text


def _data_file(path: Path, root: Element) -> Path:
    """The storage file that the XML names: in its folder or below, whatever the name says, links included."""
    told = root.child("datafile")
    if told is None or not told.text or told.text.lower() == "unassigned":
        raise FileError(f"{path}, line {root.line}: names no datafile; give it: data='...'")
    text = told.text
    where = f"{path}, line {told.line}: datafile {shown(text)}"
    hint = "; give the file yourself: data='...'"
    parts = PureWindowsPath(text)  # which knows both kinds of slashes
    if "\0" in text or parts.drive or parts.root or PurePosixPath(text).is_absolute() or ".." in parts.parts:
        raise FileError(f"{where}: must be a name in the folder of the XML{hint}")
    found = path.parent.joinpath(*parts.parts)
    try:
        inside = found.resolve().is_relative_to(path.parent.resolve())
        there = inside and found.is_file()
    except (OSError, RuntimeError):  # links that lead to each other, names that are too long
        inside = there = False
    if not inside:
        raise FileError(f"{where}: leads out of the folder of the XML{hint}")
    if not there:
        raise FileError(f"{where}: there is no such file beside the XML{hint}")
    return found


def _dataset(path: Path, loads: Sequence[_Load], table: xr.Dataset) -> xr.Dataset:
    """The loads of a file, side by side."""
    import xarray as xr

    dims = ("time", "load", "axis")
    parts = {
        "force": ("force on the segment", "N", [load.force for load in loads]),
        "point": ("point at which the force acts", "m", [load.point for load in loads]),
        "moment": ("moment on the segment about the point", "N.m", [load.torque for load in loads]),
    }
    variables = {
        name: (
            dims,
            np.stack([_columns(path, table, load, own) for load, own in zip(loads, identifiers, strict=True)], axis=1),
            {"long_name": long_name, "units": units},
        )
        for name, (long_name, units, identifiers) in parts.items()
    }
    labels = {name: ("load", [getattr(load, name) for load in loads]) for name in _LABELS}
    coords = {"time": table["time"], "load": [load.name for load in loads], "axis": list(AXES), **labels}
    return xr.Dataset(variables, coords=coords, attrs={"name": str(table.attrs.get("name", ""))})


def _columns(path: Path, table: xr.Dataset, load: _Load, identifier: str) -> Array:
    """The three columns of an identifier (time, axis); zero where there is none."""
    if not identifier:
        return np.zeros((table.sizes["time"], 3))
    names = [f"{identifier}{axis}" for axis in AXES]
    if not all(name in table for name in names):
        names = [str(name) for name in table.data_vars if str(name).startswith(identifier)]
    if len(names) != 3:
        said = ", ".join(names[:6]) or "none"
        raise FileError(
            f"{path}, line {load.line}: load {shown(load.name)}: {shown(identifier)} must begin the labels of three "
            f"columns of the storage file; it begins {said}"
        )
    return np.stack([table[name].values for name in names], axis=1)


def to_ground_reaction(loads: xr.Dataset, feet: tuple[str, str] = FEET) -> xr.Dataset:
    """The loads on two feet, as ``static_optimization`` takes ground reactions.

    Parameters
    ----------
    loads : Dataset
        ``force``, ``point`` and ``moment`` (time, load, axis) with the coordinates ``segment``, ``force_frame`` and
        ``point_frame``, as ``read_external_loads`` gives them; all in ground.
    feet : tuple of str
        Segments of the right and of the left foot, on which the loads act.

    Returns
    -------
    Dataset
        ``force``, ``point`` and ``moment`` (time, foot, axis), with the feet ``right`` and ``left``. Of several loads
        on a foot it is their sum, at the mean of their points, weighted by the size of their forces. A foot without a
        load has zeros, and no point (NaN).

    Raises
    ------
    StanceError
        A load acts on another segment, or is told in another frame than ground: it is no ground reaction.

    Examples
    --------
    >>> import numpy as np, xarray as xr, biomech as bm
    >>> dims, one = ("time", "load", "axis"), np.array([[[0.0, 700.0, 0.0]]])
    >>> parts = {"force": (dims, one), "point": (dims, 0.0 * one), "moment": (dims, 0.0 * one)}
    >>> labels = {"segment": ["calcn_l"], "force_frame": ["ground"], "point_frame": ["ground"]}
    >>> coords = {"axis": list("xyz"), **{name: ("load", own) for name, own in labels.items()}}
    >>> ground = bm.io.to_ground_reaction(xr.Dataset(parts, coords))
    >>> ground.force.sel(foot="left", axis="y").values.tolist(), float(ground.force.sel(foot="right").sum())
    ([700.0], 0.0)
    """
    import xarray as xr

    sides = _check_loads(loads, feet)
    parts = {name: loads[name].transpose("time", "load", "axis").values for name in ("force", "point", "moment")}
    found = [at_one_point(*(own[:, sides == side] for own in parts.values())) for side in range(2)]
    kept = {name: loads[name] for name in ("time", "axis") if name in loads.coords}
    variables = {
        name: (("time", "foot", "axis"), np.stack([own[i] for own in found], axis=1), loads[name].attrs)
        for i, name in enumerate(parts)
    }
    return xr.Dataset(variables, coords={**kept, "foot": ["right", "left"]})


def _check_loads(loads: xr.Dataset, feet: tuple[str, str]) -> NDArray[np.int64]:
    """Which foot each load acts on, 0 right and 1 left; refused where it is none."""
    import xarray as xr

    instance("loads", loads, xr.Dataset, "a Dataset, as read_external_loads gives it")
    names = isinstance(feet, tuple | list) and len(feet) == 2 and all(isinstance(own, str) and own for own in feet)
    if not names or feet[0] == feet[1]:
        raise StanceError(f"feet = {shown(feet)}: must be the segments of the right and of the left foot")
    dims = ("time", "load", "axis")
    for name in ("force", "point", "moment"):
        if name not in loads or set(loads[name].dims) != set(dims) or loads[name].dtype.kind not in "iuf":
            raise StanceError(f"loads: must have {name} over time, load and axis, as numbers")
    if loads.sizes["axis"] != 3 or ("axis" in loads.coords and loads["axis"].values.tolist() != list(AXES)):
        raise StanceError("loads: axis must be x, y, z")
    for name in _LABELS:
        if name not in loads.coords or loads[name].dims != ("load",):
            raise StanceError(f"loads: must have the coordinate {name} along load")
    sides = []
    for load, (segment, *frames) in enumerate(zip(*(loads[name].values.tolist() for name in _LABELS), strict=True)):
        label = shown(loads["load"].values.tolist()[load]) if "load" in loads.coords else f"load {load}"
        if segment not in feet:
            raise StanceError(f"loads: {label} acts on {segment}; a ground reaction acts on feet, {' or '.join(feet)}")
        if frames != [GROUND, GROUND]:
            raise StanceError(f"loads: {label} is told in {' and '.join(frames)}; a ground reaction is told in ground")
        sides.append(list(feet).index(segment))
    return np.array(sides, dtype=np.int64)


def at_one_point(force: Array, point: Array, moment: Array) -> tuple[Array, Array, Array]:
    """Several loads as one: their sum (frame, axis), at the mean of their points weighted by the size of their forces.

    Each is (frame, load, axis). A point of no force means nothing, and may be NaN; that of no force at all is.
    """
    if force.shape[1] == 1:
        return force[:, 0], point[:, 0], moment[:, 0]
    size = np.linalg.norm(force, axis=-1, keepdims=True)
    acting = np.where(size > 0.0, point, 0.0)
    total = size.sum(axis=1)
    mean = np.full((*total.shape[:1], 3), np.nan)
    np.divide((size * acting).sum(axis=1), total, out=mean, where=np.broadcast_to(total > 0.0, mean.shape))
    arm = np.where(size > 0.0, point - mean[:, None], 0.0)
    return force.sum(axis=1), mean, (moment + np.cross(arm, force)).sum(axis=1)
