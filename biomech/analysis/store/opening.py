"""``open_study``: a study as a dataset, whether it is finished or not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from biomech._arguments import flag
from biomech.analysis.store.netcdf import open_file
from biomech.analysis.store.reading import open_store, read_place, require

if TYPE_CHECKING:
    import xarray as xr


def open_study(path: str | os.PathLike[str], *, chunks: bool = False) -> xr.Dataset:
    """A study that ``sweep(..., to=path)`` wrote, whether it is finished or not.

    Parameters
    ----------
    path : str or path-like
        The store (``.zarr``), or a file of netCDF (``.nc``).
    chunks : bool
        Whether its variables are dask arrays, one chunk a task.

    Returns
    -------
    Dataset
        As ``sweep`` gives it. Variables over the postures are read when they are asked for. The attribute ``finished``
        is 1 or 0, ``tasks_done`` and ``tasks`` say how far it is. Where nothing was computed yet, ``status`` is -1 and
        numbers are NaN.

    Raises
    ------
    StudyError
        There is no such store, it is none of biomech's, or it is damaged: at once where a file is missing or its
        description is wrong, when it is read where a chunk is; the message names it.

    Examples
    --------
    >>> import tempfile
    >>> import biomech as bm
    >>> place = tempfile.mkdtemp() + "/study.zarr"
    >>> ds = bm.sweep(bm.load_model("small"), pelvic_tilt=0, knee_flexion=[0, 30], to=place)
    >>> again = bm.open_study(place)
    >>> again.attrs["finished"], float(again.group_activation.sel(group="quadriceps")[1].round(3))
    (1, 0.083)
    """
    place, chunks = read_place("path", path), flag("chunks", chunks)
    if place.suffix == ".nc":
        return open_file(place)
    require("zarr")
    if chunks:
        require("dask")
    store = open_store(place)
    found = store.dataset()
    return store.chunked(found) if chunks else found
