"""Force plates as a Dataset: force, point and moment of each foot, checked."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from biomech._alignment import as_doubles
from biomech.errors import StanceError
from biomech.stance.parameters import AXES, SIDES

if TYPE_CHECKING:
    import xarray as xr

#: What is more is no measurement, in whatever unit: N, m (or mm), N.m (or N.mm).
MOST = {"force": 1e6, "point": 1e6, "moment": 1e9, "free_moment": 1e9}
_MEANT = {
    "torque": "moment",
    "ground_force": "force",
    "ground_moment": "moment",
    "center_of_pressure": "point",
    "cop": "point",
}


def read_plates(ground: Any) -> Iterator[tuple[str, xr.DataArray]]:
    """``force``, ``point`` and, where it is given, ``moment``: numbers over foot and axis, in the order of the labels.

    Raises
    ------
    StanceError
        Naming the variable and what is allowed.
    """
    import xarray as xr

    if not isinstance(ground, xr.Dataset):
        raise StanceError(f"ground_reaction: is {type(ground).__name__}; must be a Dataset with force and point")
    for name in ground.data_vars:
        if name not in MOST:
            near = difflib.get_close_matches(str(name), MOST, n=1)
            meant = _MEANT.get(str(name), near[0] if near else None)
            hint = f" (did you mean {meant!r}?)" if meant else ""
            raise StanceError(f"ground_reaction: has {name!r}{hint}; may have {', '.join(MOST)}")
    for name in ("force", "point"):
        if name not in ground:
            raise StanceError(f"ground_reaction: has no {name!r}; must have force and point, may have moment")
        yield name, _ordered(name, ground[name], {"foot": SIDES, "axis": AXES})
    if "moment" in ground and "free_moment" in ground:
        raise StanceError(
            "ground_reaction: has moment and free_moment; must have one of them, the moment's y being both"
        )
    if "moment" in ground:
        yield "moment", _ordered("moment", ground["moment"], {"foot": SIDES, "axis": AXES})
    if "free_moment" in ground:
        about = _ordered("free_moment", ground["free_moment"], {"foot": SIDES})
        yield "moment", about * xr.DataArray([0.0, 1.0, 0.0], dims="axis")


def _ordered(name: str, array: xr.DataArray, inner: dict[str, tuple[str, ...]]) -> xr.DataArray:
    """A variable with its own dimensions in order, and numbers that are finite or missing."""
    must = f"must have {' and '.join(inner)}, and the dimensions of its frames"
    if not set(inner) <= set(array.dims) or ("axis" in array.dims and "axis" not in inner):
        raise StanceError(f"ground_reaction.{name}: has dimensions {array.dims}; {must}")
    for dim, labels in inner.items():
        if dim in array.coords:
            given = array[dim].values.tolist()
            if len(given) != len(labels) or set(given) != set(labels):
                raise StanceError(f"ground_reaction.{name}: {dim} is {given}; must be {labels}")
            array = array.isel({dim: [given.index(label) for label in labels]})
        elif array.sizes[dim] != len(labels):
            raise StanceError(f"ground_reaction.{name}: {dim} has {array.sizes[dim]} entries; must be {labels}")
    if array.dtype.kind not in "iuf" or array.size == 0:
        raise StanceError(f"ground_reaction.{name}: must be finite numbers, and not empty")
    numbers = as_doubles(array)
    bad = ~(np.isnan(numbers.values) | (np.abs(numbers.values) <= MOST[name]))
    if bad.any():
        worst = numbers.values[bad][0]
        raise StanceError(f"ground_reaction.{name} = {worst:g}: must be finite numbers of at most {MOST[name]:g}")
    return numbers
