"""Values over dimensions with names: as much of a DataArray as stances need, made in a fraction of its time."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import DESCRIBING, common_order
from biomech.errors import StanceError

if TYPE_CHECKING:
    import xarray as xr


class Named(NamedTuple):
    """Values, the names of their dimensions, the labels of those that have labels, and what came along with them.

    ``coords`` are all coordinates of a DataArray, those of its dimensions among them.
    """

    values: NDArray[Any]
    dims: tuple[str, ...] = ()
    labels: Mapping[str, NDArray[Any]] = MappingProxyType({})
    coords: Mapping[str, xr.Variable] = MappingProxyType({})

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
        placed = self.ordered(dim, [given.index(label) for label in labels])
        return placed._replace(labels={name: found for name, found in self.labels.items() if name != dim})

    def ordered(self, dim: str, order: Sequence[int] | NDArray[np.int64]) -> Named:
        """With the entries along a dimension in another order, and all that lies along it."""
        labels = {name: found[order] if name == dim else found for name, found in self.labels.items()}
        coords = {name: own.isel({dim: order}) if dim in own.dims else own for name, own in self.coords.items()}
        return Named(self.values.take(order, axis=self.dims.index(dim)), self.dims, labels, coords)


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


def by_name(argument: str, given: Any) -> Any:
    """Numbers with labels, a Series or a DataArray, as a mapping; all else as it is, but names must be words."""
    if is_labelled(given):
        try:
            given = labelled_numbers(given)
        except ValueError as error:
            raise StanceError(f"{argument}: {error}") from None
    if isinstance(given, Mapping):
        for name in given:
            if not isinstance(name, str):
                raise StanceError(f"{argument}: has the label {name!r}; labels must be names or patterns")
    return given


def of_data_array(name: str, array: xr.DataArray) -> Named:
    """The values of a DataArray with the labels of its dimensions, and its other coordinates.

    Raises
    ------
    StanceError
        A name is no word, or a dimension has a MultiIndex.
    """
    import pandas as pd

    for dim in array.dims:
        if not isinstance(dim, str):
            raise StanceError(f"{name}: has the dimension {dim!r}; names of dimensions must be words")
        if isinstance(array.indexes.get(dim), pd.MultiIndex):
            raise StanceError(
                f"{name}: dimension {dim!r} has a MultiIndex, whose labels the answer cannot keep; "
                f"give it one level, as value.reset_index({dim!r}) or value.unstack({dim!r}) do"
            )
    coords = {}
    for own, variable in array.coords.variables.items():
        if not isinstance(own, str):
            raise StanceError(f"{name}: has the coordinate {own!r}; names of coordinates must be words")
        # what describes the answer that it was taken from; and the label of a MultiIndex, whose levels come along
        if own not in DESCRIBING and not (variable.ndim == 0 and isinstance(variable.values.item(), tuple)):
            coords[own] = variable.copy(deep=True)
    labels = {str(dim): array[dim].values for dim in array.dims if dim in array.coords}
    return Named(array.values, tuple(map(str, array.dims)), labels, coords)


def align(given: Mapping[str, Named], apart: Collection[str]) -> dict[str, Named]:
    """Values by parameter, in one order along the dimensions that they share: that of the first that is labelled.

    ``apart``: dimensions whose order is known.

    Raises
    ------
    StanceError
        Sizes or labels differ, or what has no labels stands beside what is labelled in several orders.
    """
    found = dict(given)
    for dim in dict.fromkeys(dim for value in given.values() for dim in value.dims if dim not in apart):
        found |= _aligned_along(dim, {name: value for name, value in found.items() if dim in value.dims})
    return found


def _aligned_along(dim: str, given: Mapping[str, Named]) -> dict[str, Named]:
    """Values in one order along one dimension."""
    import pandas as pd

    indexes = {name: pd.Index(value.labels[dim]) for name, value in given.items() if dim in value.labels}
    order = common_order(dim, indexes)
    first, size = next((name, value.size(dim)) for name, value in given.items() if not indexes or name in indexes)
    turned = [name for name, index in indexes.items() if not index.equals(order)]
    for name, value in given.items():
        if value.size(dim) != size:
            sizes = f"{name} has {value.size(dim)} entries along {dim!r}, and {first} has {size}"
            raise StanceError(f"stance parameters do not broadcast: {sizes}")
        if turned and name not in indexes:
            raise StanceError(
                f"{name}: has no labels along {dim!r}, and {first} and {turned[0]} have theirs in several orders; "
                "must be labelled too"
            )
    return {name: given[name].ordered(dim, indexes[name].get_indexer(order)) for name in turned}
