"""Values over dimensions with names: as much of a DataArray as stances need, made in a fraction of its time."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr


class Named(NamedTuple):
    """Values, the names of their dimensions, and the labels of those dimensions that have labels."""

    values: NDArray[Any]
    dims: tuple[str, ...] = ()
    labels: Mapping[str, NDArray[Any]] = MappingProxyType({})

    def over(self, dims: Iterable[str]) -> NDArray[Any]:
        """The values over ``dims``, all of its own among them, of length 1 along those that it does not have."""
        wanted = tuple(dims)
        values = self.values.transpose([self.dims.index(dim) for dim in wanted if dim in self.dims])
        return values.reshape([self.size(dim) for dim in wanted])

    def size(self, dim: str) -> int:
        """Length along a dimension, 1 where it does not have it."""
        return self.values.shape[self.dims.index(dim)] if dim in self.dims else 1

    def at(self, dim: str, index: int) -> Named:
        """One entry along a dimension."""
        left = tuple(name for name in self.dims if name != dim)
        # the ellipsis keeps a single number an array
        return Named(np.moveaxis(self.values, self.dims.index(dim), 0)[index, ...], left, self.labels)

    def sorted(self, dim: str, labels: tuple[str, ...]) -> Named:
        """With the entries along a dimension in the order of ``labels``, which then need not be kept."""
        if dim not in self.labels:
            return self
        given = self.labels[dim].tolist()
        values = self.values.take([given.index(label) for label in labels], axis=self.dims.index(dim))
        return Named(values, self.dims, {name: found for name, found in self.labels.items() if name != dim})


def is_data_array(value: Any) -> TypeGuard[xr.DataArray]:
    """Whether a value is a DataArray; who has none of them need not wait for xarray."""
    if "xarray" not in sys.modules:
        return False
    import xarray as xr

    return isinstance(value, xr.DataArray)


def is_labelled(value: Any) -> bool:
    """Whether a value bears labels of its own: a DataArray, or a Series or DataFrame of pandas."""
    if is_data_array(value):
        return True
    if "pandas" not in sys.modules:
        return False
    import pandas as pd

    return isinstance(value, pd.Series | pd.DataFrame)


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value is one real number; True and False are none."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool | np.timedelta64)


def labelled_numbers(given: Any) -> Any:
    """The numbers of a Series or a DataArray by their labels; those of a DataArray without labels as they are.

    Raises
    ------
    ValueError
        They have not one dimension, or a label stands twice.
    """
    if given.ndim != 1:
        raise ValueError(f"has shape {given.shape}; numbers with labels must have one dimension")
    if is_data_array(given):
        (dim,) = given.dims
        if dim not in given.coords:
            return given.values
        labels = given[dim].values.tolist()
    else:
        labels = given.index.tolist()
    for label in labels:
        if not isinstance(label, str):
            raise ValueError(f"has the label {label!r}; labels must be names")
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise ValueError(f"names {twice!r} twice")
    return dict(zip(labels, given.values.tolist(), strict=True))


def of_data_array(array: xr.DataArray) -> Named:
    """The values of a DataArray with the labels of its dimensions; it may have other coordinates, which are left."""
    labels = {str(dim): array[dim].values for dim in array.dims if dim in array.coords}
    return Named(array.values, tuple(map(str, array.dims)), labels)


def check_alignment(given: Iterable[Named | xr.DataArray], apart: tuple[str, ...]) -> None:
    """Raise xarray's ValueError unless all have the same size and labels along the dimensions that they share.

    ``apart``: dimensions that may differ.
    """
    import xarray as xr

    arrays = (xr.DataArray(v.values, dims=v.dims, coords=v.labels) if isinstance(v, Named) else v for v in given)
    xr.align(*arrays, join="exact", copy=False, exclude=apart)
