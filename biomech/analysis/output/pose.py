"""The pose of an answer, as every question about a body takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from biomech._arguments import refusal
from biomech.analysis.output.variables import describing
from biomech.errors import StanceError

if TYPE_CHECKING:
    import xarray as xr


def pose(ds: xr.Dataset) -> xr.Dataset:
    """Coordinates of the postures of an answer, as ``Model.kinematics``, ``muscle_geometry`` and others take them.

    Parameters
    ----------
    ds : xarray.Dataset
        What ``sweep`` or ``static_optimization`` gave, or a part of it, with ``coordinate_angle``.

    Returns
    -------
    xarray.Dataset
        A variable for every generalised coordinate, deg (m for translations), over the dimensions of the postures with
        their labels. NaN where a posture cannot be taken: leave those out (``ds.where(ds.status < 3, drop=True)``).

    Raises
    ------
    StanceError
        ``ds`` is no Dataset, or has no ``coordinate_angle`` over the coordinates of a body.

    Examples
    --------
    >>> import biomech as bm
    >>> model = bm.load_model()
    >>> ds = bm.sweep(model, pelvic_tilt=0, knee_flexion=[0, 20])
    >>> where = model.kinematics(bm.pose(ds))
    >>> where.origin.sel(segment="femur_r", axis="y").round(2).values
    array([0.88, 0.87])
    """
    import xarray as xr

    if not isinstance(ds, xr.Dataset):
        raise refusal("ds", ds, "an xarray.Dataset", StanceError)
    angle = ds.get("coordinate_angle")
    if angle is None or "coordinate" not in angle.dims or "coordinate" not in angle.indexes:
        raise StanceError(
            "ds: must have the variable coordinate_angle over the dimension coordinate and its names; sweep keeps it "
            "unless variables=[...] leaves it out"
        )
    lost = [name for name in angle.coords if name in describing() and name != "coordinate"]
    found = angle.drop_vars(lost).to_dataset(dim="coordinate")
    for name in found.data_vars:
        found[name].attrs = {"long_name": f"generalised coordinate {name}, deg (m for translations)"}
    return found
