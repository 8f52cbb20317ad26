"""Arguments with labels: brought into one order along the dimensions that they share, or refused by name.

A DataArray or a Series says by its labels which entries belong together; going by position would pair others. What is
labelled alike pairs whatever its order, what is labelled otherwise is refused, and what has no labels goes by position
where the labels of others leave no doubt about it.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import bears_labels, is_masked, shown
from biomech.errors import StanceError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = NDArray[np.float64]

#: What describes a posture and is no number to reckon with: coordinates, so that two answers can be subtracted. They
#: belong to the answer that they came with: what is taken from one and given to the next does not carry them on.
DESCRIBING = ("limiting_muscle", "valid")
_NUMBERS = "must be a number, a 1-D array of numbers, a Series or a DataArray"
NO_MULTI_INDEX = "must be plain labels (reset_index of the levels, or unstack them into dimensions)"


class Given(NamedTuple):
    """One argument: whose it is, what it is called, and what it brings.

    ``nameless``: its dimension goes by its place alone. ``inner``: dimensions that are its own, such as ``axis``.
    """

    group: str
    name: str
    array: xr.DataArray
    nameless: bool = False
    inner: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it is called in a message."""
        return f"{self.group}.{self.name}" if self.inner else self.name

    def is_inner(self, dim: Hashable) -> bool:
        """Whether a dimension is its own."""
        return dim in self.inner


def is_named(value: Any) -> TypeGuard[xr.DataArray | xr.Variable]:
    """Whether a value bears names of its dimensions; who has none of them need not wait for xarray."""
    if "xarray" not in sys.modules:
        return False
    import xarray as xr

    return isinstance(value, xr.DataArray | xr.Variable)


def is_series(value: Any) -> TypeGuard[pd.Series]:
    """Whether a value is a Series; who has none need not wait for pandas."""
    if "pandas" not in sys.modules:
        return False
    import pandas as pd

    return isinstance(value, pd.Series)


def of_series(name: str, series: pd.Series, dim: Hashable) -> xr.DataArray:
    """A Series along the name of its index, ``dim`` where it has none; pandas' own count of the rows is no label."""
    import pandas as pd
    import xarray as xr

    index = series.index
    if isinstance(index, pd.MultiIndex):
        raise StanceError(f"{name}: has a MultiIndex; {NO_MULTI_INDEX}")
    along = dim if index.name is None else index.name
    if not isinstance(along, str):
        raise StanceError(f"{name}: dimension {along!r}, of its index: must be a text; rename it (rename_axis)")
    coords = {along: index.to_numpy()} if bears_labels(series) else None
    return xr.DataArray(series.to_numpy(), dims=(along,), coords=coords)


def read_coordinates(known: Collection[str], coordinates: Any, dim: str) -> Iterator[Given]:
    """Every coordinate of a mapping, Dataset or DataFrame, checked; values without a name lie along ``dim``."""
    lengths: dict[str, int] = {}
    for name, value in by_name(coordinates).items():
        check_known(name, known)
        one = read_numbers(str(name), value, dim)
        if one.nameless and one.array.ndim:
            lengths[one.name] = one.array.size
        yield one
    if len(set(lengths.values())) > 1:
        raise StanceError(f"coordinates pair element by element along {dim}, but their lengths differ: {lengths}")


def by_name(coordinates: Any) -> Mapping[Hashable, Any]:
    """Coordinates of a mapping, Dataset or DataFrame by name."""
    found = columns_of("coordinates", coordinates)
    if found is not None:
        return found
    must = "a mapping of coordinate names to degrees (m for translations), a Dataset or a DataFrame"
    hint = "; read the file first" if isinstance(coordinates, str) else ""
    raise StanceError(f"coordinates = {shown(coordinates)}: must be {must}{hint}")


def columns_of(name: str, value: Any) -> Mapping[Hashable, Any] | None:
    """What a mapping, Dataset or DataFrame holds, by name; None of anything else."""
    import pandas as pd
    import xarray as xr

    if isinstance(value, xr.Dataset):
        return value.data_vars
    if isinstance(value, pd.DataFrame):
        if not value.columns.is_unique:
            raise StanceError(f"{name}: has the column {value.columns[value.columns.duplicated()][0]!r} twice")
        return dict(value.items())
    return value if isinstance(value, Mapping) else None


def check_known(name: Hashable, known: Collection[str], what: str = "coordinates") -> None:
    """Refuse a coordinate that the model does not have; ``what`` is the argument that has it."""
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise StanceError(f"{what}: {name}: no such coordinate{hint}; the model has {', '.join(known)}")


def read_numbers(name: str, value: Any, dim: str) -> Given:
    """One coordinate, or another quantity, as numbers with the names of its dimensions."""
    import xarray as xr

    nameless = False
    if is_named(value):
        array = value if isinstance(value, xr.DataArray) else xr.DataArray(value)
    elif is_series(value):
        array, nameless = of_series(name, value, dim), value.index.name is None
    else:
        if is_masked(value):
            raise StanceError(f"{name} = {shown(value)}: has masked entries; fill them or leave them out")
        try:
            plain = np.asarray(value)
        except (TypeError, ValueError):
            raise StanceError(f"{name} = {shown(value)}: {_NUMBERS}") from None
        if plain.ndim > 1:
            raise StanceError(f"{name}: has shape {plain.shape}; {_NUMBERS}")
        if plain.dtype.kind not in "iuf":  # xarray cannot take every kind
            raise StanceError(f"{name} = {shown(value)}: {_NUMBERS}")
        array, nameless = xr.DataArray(plain, dims=(dim,)[: plain.ndim]), True
    if array.dtype.kind not in "iuf":
        raise StanceError(f"{name} = {shown(value)}: {_NUMBERS}")
    if array.size == 0:
        raise StanceError(f"{name}: has shape {array.shape}; must not be empty")
    numbers = as_doubles(array)
    if not np.isfinite(numbers.values).all():
        place = np.argwhere(~np.isfinite(numbers.values))[0]
        where = "".join(f", {d} {plain_label(array[d].values[i])}" for d, i in zip(array.dims, place, strict=True))
        raise StanceError(f"{name} = {numbers.values[tuple(place)]}{where}: must be finite")
    return Given("coordinates", name, numbers, nameless)


def as_doubles(array: xr.DataArray) -> xr.DataArray:
    """The same numbers as doubles; itself, to be read alone, where they are already."""
    if array.dtype == np.float64:
        return array
    with np.errstate(over="ignore"):
        return array.astype(np.float64)


def with_dimensions(given: list[Given], default: str, taken: Collection[str]) -> tuple[list[Given], tuple[str, ...]]:
    """With every dimension by its name: what has none goes along the only one there is, or along ``default``.

    ``taken`` are the names that the answer uses itself.
    """
    dims: dict[Hashable, None] = {}
    for one in given:
        if not one.nameless:
            dims |= dict.fromkeys(dim for dim in one.array.dims if not one.is_inner(dim))
    for dim in dims:
        who = next(one for one in given if dim in one.array.dims and not one.nameless)
        check_name(f"{who.title}: dimension", dim, taken)
    several = len(dims) > 1
    only = str(next(iter(dims), default))
    named = []
    for one in given:
        if one.nameless and one.array.ndim:
            if several:
                first = next(other.title for other in given if only in other.array.dims and not other.nameless)
                raise StanceError(
                    f"{one.title}: has no named dimension, and there are {', '.join(map(str, dims))}; "
                    f"must be a number or a DataArray ({only} is of {first})"
                )
            if only != default:
                one = one._replace(array=one.array.rename({default: only}))
            dims[only] = None
        named.append(one)
    return named, tuple(map(str, dims))


def check_name(what: str, name: Hashable, taken: Collection[str]) -> None:
    """Refuse a name of the caller's that is no text, or one that the answer uses itself."""
    if not isinstance(name, str) or name in taken:
        raise StanceError(f"{what} {name!r}: must be a text, and none that the answer uses itself; rename it")


def aligned(given: list[Given], dims: Iterable[str]) -> tuple[list[Given], tuple[int, ...], dict[str, xr.Variable]]:
    """With equal labels, in one order, along every dimension, whose sizes and labels come with them.

    What has no labels and one entry is held.
    """
    labels: dict[str, xr.Variable] = {}
    shape = []
    for dim in dims:
        given, size, variable = _aligned_along(given, dim)
        shape.append(size)
        if variable is not None:
            labels[dim] = variable
    return given, tuple(shape), labels


def _aligned_along(given: list[Given], dim: str) -> tuple[list[Given], int, xr.Variable | None]:
    """With equal labels along one dimension, its length and its labels."""
    import pandas as pd

    having = [one for one in given if dim in one.array.dims]
    indexes: dict[str, pd.Index[Any]] = {}
    for one in having:
        if dim not in one.array.coords:
            continue
        if isinstance(one.array.indexes.get(dim), pd.MultiIndex):
            raise StanceError(f"{one.title}: {dim} is a MultiIndex; {NO_MULTI_INDEX}")
        indexes[one.title] = pd.Index(one.array[dim].values)
    order = common_order(dim, indexes, _sorted)
    turned = [title for title, index in indexes.items() if not index.equals(order)]
    size = max(one.array.sizes[dim] for one in having) if order is None else len(order)
    placed = []
    for one in given:
        if dim in one.array.dims:
            if turned and one.title not in indexes and one.array.sizes[dim] > 1:
                raise StanceError(
                    f"{one.title}: has no labels along {dim}, and those of other arguments are in several orders "
                    f"({', '.join(indexes)}); must be labelled too"
                )
            one = one._replace(array=_placed(one, dim, size, indexes.get(one.title), order))
        placed.append(one)
    first = next((one for one in placed if one.title in indexes), None)
    return placed, size, None if first is None else first.array[dim].variable


def common_order(
    dim: str,
    indexes: Mapping[str, pd.Index[Any]],
    ordered: Callable[[pd.Index[Any]], pd.Index[Any]] = lambda first: first,
) -> pd.Index[Any] | None:
    """The labels of a dimension in the order of the answer, or None where no argument has any.

    It is the caller's; where arguments differ in it, what ``ordered`` makes of that of the first.

    Raises
    ------
    StanceError
        Arguments have not the same labels, or differ in the order of labels that are not unique.
    """
    if not indexes:
        return None
    (first, order), *others = indexes.items()
    differ = False
    for name, index in others:
        if index.equals(order):
            continue
        for one, title, other, there in ((order, first, index, name), (index, name, order, first)):
            if not one.is_unique:
                raise StanceError(f"{title}: {dim} has label {plain_label(one[one.duplicated()][0])} twice")
            missing = one.difference(other, sort=False)
            if len(missing):
                raise StanceError(
                    f"{there}: has no {dim} {plain_label(missing[0])}, which {title} has; "
                    "labels must be the same (select or interpolate what is common)"
                )
        differ = True
    return ordered(order) if differ else order


def _sorted(order: pd.Index[Any]) -> pd.Index[Any]:
    try:
        return order.sort_values()
    except TypeError:  # labels of several types
        return order


def _placed(one: Given, dim: str, size: int, index: pd.Index[Any] | None, order: pd.Index[Any] | None) -> xr.DataArray:
    """An argument in the order of the answer along one dimension."""
    array, count = one.array, one.array.sizes[dim]
    if index is not None and order is not None:
        return array if index.equals(order) else array.isel({dim: index.get_indexer(order)})
    if count == 1 and size > 1:
        return array.isel({dim: 0})
    if count != size:
        raise StanceError(f"{one.group}: has {count} frames; must have {size}, or be held ({one.title} along {dim})")
    if order is not None and size > 1 and not order.equals(_sorted(order)) and _numbers_frames(order):
        raise StanceError(
            f"{one.title}: has no labels along {dim}, and those of other arguments are not in order "
            f"({plain_label(order[0])}, {plain_label(order[1])}, ...); must be labelled too"
        )
    return array


def _numbers_frames(order: pd.Index[Any]) -> bool:
    """Whether labels are frames' numbers, in whatever order."""
    return order.dtype.kind in "iu" and set(order.tolist()) == set(range(len(order)))


def carried(
    given: Iterable[Given], dims: Collection[str], own: Collection[str], taken: Collection[str], inner: tuple[str, ...]
) -> dict[str, xr.Variable]:
    """What the caller's arguments are labelled by besides: coordinates without a dimension of their own.

    ``own`` are the dimensions of answers: a part of one, which is given for the next, still bears the label that it was
    taken by, and that is left. ``taken`` are other names that are refused.
    """
    found: dict[str, xr.Variable] = {}
    for one in given:
        for name, coordinate in one.array.coords.items():
            if name in DESCRIBING or name in dims or name in inner or (name in own and not coordinate.dims):
                continue
            check_name(f"{one.title}: coordinate", name, {*own, *taken})
            keep(found, str(name), coordinate.variable, one.title)
    return found


def keep(found: dict[str, xr.Variable], name: str, variable: xr.Variable, title: str) -> None:
    """Add a coordinate to what was found; arguments that both have it must agree about it."""
    if name in found and not is_same(variable, found[name]):
        raise StanceError(
            f"{title}: its coordinate {name!r} is another than that of the other arguments; must agree, "
            f"or be left out (drop_vars({name!r}))"
        )
    found.setdefault(name, variable)


def is_same(one: xr.Variable, other: xr.Variable) -> bool:
    """Whether two variables have the same values over the same dimensions, in whatever order these are."""
    if set(one.dims) != set(other.dims):
        return False
    return bool(one.transpose(*other.dims).equals(other))  # type: ignore[no-untyped-call]


def over(array: xr.DataArray, dims: tuple[str, ...], inner: tuple[str, ...] = ()) -> Array:
    """Values over dimensions, of length 1 where it has none of them."""
    values = array.transpose(*(dim for dim in (*dims, *inner) if dim in array.dims)).values
    return values.reshape([array.sizes.get(dim, 1) for dim in (*dims, *inner)])


def plain_label(label: Any) -> Any:
    """A label as a message shows it."""
    dated = isinstance(label, np.datetime64 | np.timedelta64)
    return label.item() if isinstance(label, np.generic) and not dated else label
