"""Which points of the soles touch the floor in measured frames, where nobody measured what the ground does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import Given
from biomech._arguments import real_number, shown
from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.pipeline.solve_predicted import Ground, Soles, sole_points
from biomech.stance.parameters import SIDES

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

#: The word that asks for it.
PREDICTED = "predicted"
#: m above the floor, or above the lowest point of its foot, up to which a point of a sole may bear load (a judgment:
#: markers are a centimetre off on skin, and soles are soft).
REACH = 0.01
#: Coefficient of friction: that of a stance which does not ask for another.
FRICTION = 0.6
#: m: no floor is further from the origin of ground.
_FURTHEST = 10.0


def read_height(height: object) -> float | None:
    """The height of the floor, or None."""
    return None if height is None else real_number("floor_height", height, -_FURTHEST, _FURTHEST)


def read_contact(given: Any) -> xr.DataArray:
    """Whether each foot is on the floor, over frames and foot: True, or 1, and False, or 0."""
    import xarray as xr

    if not isinstance(given, xr.DataArray) or "foot" not in given.dims:
        raise StanceError(f"in_contact = {shown(given)}: must be a DataArray over foot, and the dimensions of frames")
    if given.sizes["foot"] != len(SIDES):
        raise StanceError(f"in_contact: foot has {given.sizes['foot']} entries; must be {SIDES}")
    if "foot" in given.coords:
        labels = given["foot"].values.tolist()
        if sorted(map(str, labels)) != sorted(SIDES):
            raise StanceError(f"in_contact: foot is {labels}; must be {SIDES}")
        given = given.isel(foot=[labels.index(side) for side in SIDES]).drop_vars("foot")
    if given.dtype.kind not in "biuf":
        raise StanceError(f"in_contact: is of type {given.dtype}; must be True and False")
    return given.astype(np.float64)


def check_contact(array: xr.DataArray) -> Given:
    """The same, once its numbers are known."""
    if not np.isin(array.values, (0.0, 1.0)).all():
        raise StanceError("in_contact: must be True or False everywhere")
    return Given("in_contact", "in_contact", array, inner=("foot",))


def floor_of(model: Model, soles: Soles, q: Array) -> float:
    """The height of the floor, m: that of the lowest point of both soles in the middle of all frames (their median)."""
    return float(np.median(sole_points(model, soles, q)[..., 1].min(axis=1)))


def touching(
    model: Model, soles: Soles, q: Array, floor: float, in_contact: Array | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which points may bear load (frame, point), and which feet are on the floor (frame, foot).

    A foot is where its lowest point is within ``REACH`` of the floor, unless ``in_contact`` (frame, foot) tells.
    """
    height = sole_points(model, soles, q)[..., 1]
    lowest = np.full((len(q), len(SIDES)), np.inf)
    for side in range(len(SIDES)):
        if (own := soles.foot == side).any():
            lowest[:, side] = height[:, own].min(axis=1)
    there = np.isfinite(lowest)
    on = there & ((lowest <= floor + REACH) if in_contact is None else (in_contact == 1.0))
    least = np.maximum(floor, lowest)[:, soles.foot]
    return on[:, soles.foot] & (height <= least + REACH), on


def as_plates(ground: Ground, floor: float) -> dict[str, Array]:
    """What the ground does, as plates would measure it: force, centre of pressure on the floor, moment about it."""
    force, moment = ground.force, ground.moment
    loaded = force[..., 1] > 1e-6  # as in statics.ground
    share = np.where(loaded, 1.0 / np.where(loaded, force[..., 1], 1.0), np.nan)
    x, z = share * (moment[..., 2] + floor * force[..., 0]), share * (floor * force[..., 2] - moment[..., 0])
    about = np.zeros_like(force)
    free = moment[..., 1] - (z * force[..., 0] - x * force[..., 2])
    about[..., 1] = np.where(loaded, free, 0.0)
    point = np.stack([x, np.where(loaded, floor, np.nan), z], axis=-1)
    return {"ground_force": force, "center_of_pressure": point, "plate_moment": about}
