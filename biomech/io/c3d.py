"""Laboratory trials as C3D files: markers, analog channels and force plates, through ezc3d (extra ``c3d``)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import shown
from biomech.errors import BiomechWarning, FileError, StanceError
from biomech.io._c3d_layout import check_layout
from biomech.io._text import first_repeated, read_bytes, read_path
from biomech.io.trc import AXES, PER_METRE

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

#: Of forces, by the names that plates give them.
_NEWTON = ("N", "NEWTON", "NEWTONS")
_ABOUT = (
    "as the plate's channels have it, in the axes of the laboratory; of the ground on the body where the channels "
    "measure the reaction, else the other way round"
)


def read_c3d(path: str | Path) -> xr.Dataset:
    """Read markers, analog channels and force plates from a C3D file; needs ``pip install "biomech[c3d]"``.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Dataset
        In the axes of the laboratory as they are in the file (often z upward):

        - ``position`` (time, marker, axis) in m; a marker that was not seen (a negative residual) is NaN.
        - ``analog`` (analog_time, channel), with the coordinate ``analog_units``.
        - For every plate ``force`` in N, ``point``, the centre of pressure, in m, and ``moment`` in N.m about that
          point (analog_time, plate, axis); ``plate_moment`` is the moment about the middle of the plate's surface,
          ``corner`` (plate, corner, axis) in m. A plate without a vertical force has no centre of pressure: NaN.
          Whether channels measure the force on the plate or its reaction is not told in such files: a force that points
          into the floor under a person who stands is that on the plate, and must change its sign.

        What a file does not have is not there. ``time`` is in s, from the first frame of the measurement, which may
        be before that of the file.

    Raises
    ------
    FileError
        There is no such file, it is no C3D file, it is shorter than its header says, or what it says cannot be read.
    StanceError
        ezc3d is not installed, or the path is none.

    Warns
    -----
    BiomechWarning
        Force plates are of a type that ezc3d does not know, and are left out.

    Examples
    --------
    >>> import biomech as bm
    >>> bm.read_c3d("no_such_trial.c3d")
    Traceback (most recent call last):
    biomech.errors.FileError: path = 'no_such_trial.c3d': there is no such file
    """
    import xarray as xr

    place = read_path("path", path)
    check_layout(place, read_bytes("path", place))
    trial = _open(place)
    variables: dict[str, Any] = {}
    coords: dict[str, Any] = {}
    for part in (_markers, _channels, _plates):
        own, labels = part(place, trial)
        variables |= own
        coords |= labels
    if not variables:
        raise FileError(f"{place}: has neither markers nor analog channels")
    coords |= _times(place, trial, variables)
    return xr.Dataset(variables, coords=coords)


def _open(path: Path) -> Mapping[str, Any]:
    """The whole file, by ezc3d, with its plates where it knows them."""
    try:
        import ezc3d
    except ImportError:
        raise StanceError('path: ezc3d is not installed, which a C3D file needs: pip install "biomech[c3d]"') from None
    try:
        trial: Mapping[str, Any] = ezc3d.c3d(str(path))
    except Exception as error:  # whatever its C++ throws
        raise FileError(f"{path}: cannot be read ({shown(str(error))})") from None
    if _number_of_plates(trial):
        try:
            return dict(ezc3d.c3d(str(path), extract_forceplat_data=True))
        except Exception as error:
            said = f"read_c3d: {path}: its force plates are left out: {shown(str(error))}"
            warnings.warn(said, BiomechWarning, stacklevel=3)
    return trial


def _number_of_plates(trial: Mapping[str, Any]) -> int:
    used = trial["parameters"].get("FORCE_PLATFORM", {}).get("USED", {}).get("value", ())
    return int(used[0]) if len(used) else 0


def _setting(trial: Mapping[str, Any], group: str, name: str) -> list[Any]:
    """The values of a parameter, and of those that carry on where it is full (LABELS, LABELS2, ...)."""
    found: list[Any] = []
    for own in _carried_on(name):
        part = trial["parameters"].get(group, {}).get(own)
        if part is None:
            break
        found += list(part["value"])
    return found


def _carried_on(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}{i}" for i in range(2, 100))


def _markers(path: Path, trial: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Positions of the markers, in m."""
    points, residuals = trial["data"]["points"], trial["data"]["meta_points"]["residuals"]
    count = points.shape[1]
    if not count or not points.shape[2]:
        return {}, {}
    position = np.asarray(points[:3], dtype=np.float64).transpose(2, 1, 0) / _per_metre(path, trial)
    position[residuals[0].T < 0.0] = np.nan
    attrs = {"long_name": "position of the marker in the laboratory", "units": "m"}
    labels = _labels(path, "marker", _setting(trial, "POINT", "LABELS"), count)
    return {"position": (("time", "marker", "axis"), position, attrs)}, {"marker": labels, "axis": list(AXES)}


def _channels(path: Path, trial: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Analog channels, in their own units."""
    values = np.asarray(trial["data"]["analogs"][0], dtype=np.float64).T
    if not values.size:
        return {}, {}
    count = values.shape[1]
    units = [str(unit).strip() for unit in _setting(trial, "ANALOG", "UNITS")]
    coords = {
        "channel": _labels(path, "channel", _setting(trial, "ANALOG", "LABELS"), count),
        "analog_units": ("channel", (units + [""] * count)[:count]),
    }
    return {"analog": (("analog_time", "channel"), values, {"long_name": "analog channel"})}, coords


def _plates(path: Path, trial: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Force plates, in N, m and N.m."""
    plates = trial["data"].get("platform", [])
    if not plates:
        return {}, {}
    for plate in plates:
        if plate["unit_force"].strip().upper() not in _NEWTON:
            raise FileError(f"{path}: a force plate is in {shown(plate['unit_force'])}; must be in N")
    per_metre = _per_metre(path, trial)

    def stacked(name: str, divisor: float) -> Array:
        return np.stack([np.asarray(plate[name]).T for plate in plates], axis=1) / divisor

    dims = ("analog_time", "plate", "axis")
    point = stacked("center_of_pressure", per_metre)
    point[~np.isfinite(point).all(axis=-1)] = np.nan
    moment = np.where(np.isnan(point), np.nan, stacked("Tz", per_metre))
    corners = np.stack([np.asarray(plate["corners"]).T for plate in plates]) / per_metre
    variables = {
        "force": (dims, stacked("force", 1.0), {"long_name": f"force, {_ABOUT}", "units": "N"}),
        "point": (dims, point, {"long_name": "centre of pressure", "units": "m"}),
        "moment": (dims, moment, {"long_name": f"moment about the centre of pressure, {_ABOUT}", "units": "N.m"}),
        "plate_moment": (
            dims,
            stacked("moment", per_metre),
            {"long_name": f"moment about the middle of the plate's surface, {_ABOUT}", "units": "N.m"},
        ),
        "corner": (("plate", "corner_number", "axis"), corners, {"long_name": "corner of the plate", "units": "m"}),
    }
    names = [f"plate_{i}" for i in range(1, len(plates) + 1)]
    return variables, {"plate": names, "axis": list(AXES)}


def _times(path: Path, trial: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Times of the frames and of the analog samples, from the first frame of the measurement."""
    points, analogs = trial["header"]["points"], trial["header"]["analogs"]
    found = {}
    for dim, about in (("time", points), ("analog_time", analogs)):
        sizes = [own[1].shape[0] for own in variables.values() if own[0][0] == dim]
        if sizes:
            rate = float(about["frame_rate"])
            if not 0.0 < rate < 1e9:
                raise FileError(f"{path}: has {rate:g} frames a second; must be more than none")
            found[dim] = (dim, (int(about["first_frame"]) + np.arange(sizes[0])) / rate, {"units": "s"})
    return found


def _per_metre(path: Path, trial: Mapping[str, Any]) -> float:
    units = [str(unit).strip() for unit in _setting(trial, "POINT", "UNITS")]
    unit = units[0] if units else ""
    if unit.lower() not in PER_METRE:
        raise FileError(f"{path}: has POINT:UNITS {shown(unit)}; must be one of {', '.join(PER_METRE)}")
    return PER_METRE[unit.lower()]


def _labels(path: Path, what: str, given: list[Any], count: int) -> list[str]:
    """Labels of markers or channels, each once; those that a file does not name are numbered."""
    labels = [str(label).strip() for label in given[:count]]
    labels += [""] * (count - len(labels))
    labels = [label or f"{what}_{i}" for i, label in enumerate(labels, 1)]
    if (twice := first_repeated(labels)) is not None:
        raise FileError(f"{path}: has the {what} {shown(twice)} twice; each must be there once")
    return labels
