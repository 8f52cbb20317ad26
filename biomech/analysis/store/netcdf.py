"""Small studies as one file of netCDF, which is there whole or not at all."""

from __future__ import annotations

import io
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biomech._arguments import shown
from biomech.analysis.output.variables import describing
from biomech.analysis.store.record import STUDY, read_record
from biomech.analysis.store.writing import Study, beside, other_study, remove_abandoned, template_of, unlike
from biomech.errors import StudyError

if TYPE_CHECKING:
    import xarray as xr

#: Bytes that are computed and written at once, and no more.
_MOST = 1 << 30


def write_file(path: Path, study: Study, progress: bool | None) -> tuple[xr.Dataset, str]:
    """Compute a study and write it, or open it where that was done before.

    Raises
    ------
    StudyError
        It is too large, the place holds something else, or cannot be written.
    """
    template, names = template_of(study)
    size = sum(template[name].nbytes for name in names)
    if size > _MOST:
        raise StudyError(
            f"{path}: would have {size / 1e9:.2g} GB; a file is for at most {_MOST / 1e9:.2g} GB, a store for more: "
            f"to={path.with_suffix('.zarr').name!r}"
        )
    if not os.path.lexists(path):
        _make(path, study, progress)
    found = open_file(path)
    coordinates = {str(name): own.variable for name, own in found.coords.items() if name not in describing()}
    if different := list(unlike(str(path), found.attrs, coordinates, template)):
        raise other_study(path, different)
    message = found.attrs["message"]
    return found, message if found["status"].values.any() else ""


def _make(path: Path, study: Study, progress: bool | None) -> None:
    remove_abandoned(path)
    making = beside(path)
    try:
        # before any work: where no file can be made, nothing need be computed
        making.touch(exist_ok=False)
    except OSError as error:
        raise StudyError(f"{path}: cannot be written ({error.strerror})") from error
    try:
        variables, tally = study.solve(0, math.prod(study.shape), progress=progress)
        making.write_bytes(_packed(study.dataset(variables, tally.message)))
        if os.path.lexists(path):
            raise StudyError(f"{path}: was made by another process meanwhile; it stays as it is")
        making.replace(path)
    except OSError as error:
        raise StudyError(f"{path}: cannot be written ({error.strerror or error}); nothing was left there") from error
    except (TypeError, ValueError) as error:
        raise StudyError(f"{path}: coordinates and attributes cannot be kept in a file: {error}") from error
    finally:
        making.unlink(missing_ok=True)


def _packed(ds: xr.Dataset) -> memoryview:
    """The bytes of the file: HDF5 itself ends the process where it writes to a disk that is full."""
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        ds.dump_to_store(H5NetCDFStore(file))
    return buffer.getbuffer()


def open_file(path: Path) -> xr.Dataset:
    """A file that ``write_file`` wrote, or ``Dataset.to_netcdf``.

    Raises
    ------
    StudyError
        It is no such file.
    """
    import xarray as xr

    if not path.is_file():
        raise StudyError(f"{path}: {'is no file' if path.exists() else 'there is nothing'}")
    try:
        found = xr.load_dataset(path, engine="h5netcdf")
    except Exception as error:  # whatever a library makes of bytes that anybody may have changed
        raise StudyError(
            f"{path}: is no file of netCDF that can be read ({shown(error)}); it stays as it is"
        ) from error
    read_record(str(path), found.attrs.get(STUDY))
    if "status" not in found:
        raise StudyError(f"{path}: has no status, so it is no study")
    text: dict[Any, Any] = {name: own.astype(str) for name, own in found.variables.items() if own.dtype.kind in "OT"}
    found = found.assign({name: own for name, own in text.items() if name in found.data_vars})
    found = found.assign_coords({name: own for name, own in text.items() if name in found.coords})
    return found.assign_attrs(finished=1, tasks=1, tasks_done=1)
