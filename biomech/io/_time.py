"""The times of a Dataset, as everything here that goes along them needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import instance
from biomech._units import in_units
from biomech.errors import StanceError

if TYPE_CHECKING:
    import xarray as xr


def times_of(ds: xr.Dataset) -> NDArray[np.float64]:
    """The times of the Dataset ``ds``, in s, which increase.

    Raises
    ------
    StanceError
        It is no Dataset, or has no such times.
    """
    import xarray as xr

    instance("ds", ds, xr.Dataset, "a Dataset over time")
    if "time" not in ds.coords or ds["time"].dims != ("time",) or ds["time"].dtype.kind not in "iuf":
        raise StanceError("ds: must have the coordinate time, in s, along the dimension time")
    time = np.asarray(in_units("ds: time", ds["time"], "s").values, dtype=np.float64)
    if not len(time) or not np.isfinite(time).all() or not (np.diff(time) > 0.0).all():
        raise StanceError("ds: its times must be finite, increase, and be at least one")
    return time
