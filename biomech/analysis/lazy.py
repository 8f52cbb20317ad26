"""Answers that are computed when they are asked for, block by block: Dask under xarray.

Each block is answered by what answers the whole, so that threads, processes and clusters give the same numbers. A block
is one task, and a short one more for each variable that is taken from it, each dimension that is divided and each array
that is given along one.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import is_named
from biomech._arguments import refusal, shown, whole_number
from biomech.errors import StanceError

if TYPE_CHECKING:
    import xarray as xr

#: Bare arrays by name: of one may bear the name of its dimension, and is no label for that.
Arrays = Mapping[str, "xr.DataArray"]
#: What answers a block: from its arrays, and its entries' numbers along each dimension, to its bare answer.
Answer = Callable[[dict[str, "xr.DataArray"], dict[str, NDArray[np.int64]]], "xr.Dataset"]
Sizes = Mapping[str, int]
Chunks = Mapping[str, tuple[int, ...]]

#: Entries (postures, frames, draws) of an "auto" block: more take seconds, whatever is kept of them.
_MOST_ENTRIES = 2**20
#: Blocks of one answer: Dask plans each of them before the first begins.
_MOST_BLOCKS = 10**6
_ALLOWED = 'entries by dimension ({"posture": 100_000}), one number for all, -1 for the whole, or "auto"'
#: What a lazy answer says of itself, where a computed one says how many are of which status.
LAZY = "lazy: not computed yet; (ds.status != 0).sum() counts what is not optimal"
#: Names of what a block is given: what all share, its arrays, and which entries they are of the whole.
_SHARED, _ARRAY, _PLACE = "shared by all", "array ", "place along "


def is_lazy(value: object) -> bool:
    """Whether a value is a DataArray (a Variable) that Dask computes."""
    return is_named(value) and value.chunks is not None


def require_dask() -> None:
    """Refuse to go on without Dask.

    Raises
    ------
    StanceError
        It is not installed; the message says how it is.
    """
    try:
        import dask.array  # noqa: F401
    except ImportError:
        raise StanceError('chunks: dask is not installed, which they need: pip install "biomech[scale]"') from None


def read_chunks(
    chunks: object, sizes: Sizes, given: Chunks, whole: Mapping[str, str], one: xr.Dataset
) -> dict[str, tuple[int, ...]]:
    """Lengths of the blocks along each dimension.

    Parameters
    ----------
    chunks : mapping, int, "auto" or None
        What the caller asks for, as in xarray; ``given`` holds along dimensions of which he says nothing.
    sizes : mapping of str to int
        Every dimension along which there may be blocks.
    given : mapping of str to tuple of int
        Blocks of what is lazy already.
    whole : mapping of str to str
        Dimensions that must stay whole, and why.
    one : Dataset
        The answer to one entry: with "auto", that to a block is no larger than Dask's ``array.chunk-size``.

    Raises
    ------
    StanceError
        ``chunks`` are none, divide what must stay whole, or are too many.
    """
    from dask import config
    from dask.array.core import normalize_chunks
    from dask.utils import parse_bytes

    asked = _by_dimension(chunks, sizes, whole)
    planned = {dim: asked.get(dim, given.get(dim, -1)) for dim in sizes}
    for dim, why in whole.items():
        if planned[dim] not in ("auto", -1, sizes[dim], (sizes[dim],)):
            raise StanceError(f"chunks: divide {dim!r}; must leave it whole, {why}")
        planned[dim] = -1
    most = parse_bytes(config.get("array.chunk-size")) // max(1, one.nbytes)
    lengths = normalize_chunks(  # type: ignore[no-untyped-call]
        tuple(planned.values()), tuple(sizes.values()), limit=max(1, min(most, _MOST_ENTRIES)), dtype=np.uint8
    )
    if (count := math.prod(map(len, lengths))) > _MOST_BLOCKS:
        raise StanceError(f"chunks = {shown(chunks)}: make {count:,} blocks; must make at most {_MOST_BLOCKS:,}")
    return dict(zip(sizes, lengths, strict=True))


def _by_dimension(chunks: object, sizes: Sizes, whole: Collection[str]) -> dict[str, Any]:
    """What is asked along each dimension: ``normalize_chunks`` takes it."""
    if chunks is None:
        return {}
    if not isinstance(chunks, Mapping):
        return {dim: _length("chunks", chunks, size) for dim, size in sizes.items() if dim not in whole}
    for dim in chunks:
        if dim not in sizes:
            raise StanceError(f"chunks: has {dim!r}, along which nothing is divided; may have {', '.join(sizes)}")
    return {
        dim: (_lengths if isinstance(asked, tuple) else _length)(f"chunks[{dim!r}]", asked, sizes[dim])
        for dim, asked in chunks.items()
        if asked is not None
    }


def _length(name: str, asked: object, size: int) -> Any:
    """One length of all blocks along a dimension."""
    if isinstance(asked, str) and asked == "auto":
        return asked
    try:
        length = whole_number(name, asked, -1)
    except StanceError:
        length = 0
    if not length:
        raise refusal(name, asked, _ALLOWED)
    return min(length, size)


def _lengths(name: str, asked: tuple[object, ...], size: int) -> tuple[int, ...]:
    """The length of each block along a dimension."""
    lengths = tuple(whole_number(name, length, 1) for length in asked)
    if sum(lengths) != size:
        raise StanceError(f"{name} = {shown(asked)}: must add up to {size}")
    return lengths


def stand_in(value: xr.DataArray, number: float) -> xr.DataArray:
    """A lazy array as one that takes no memory, with its labels and a number everywhere, to plan with."""
    return value.copy(data=np.broadcast_to(np.float64(number), value.shape))


def check_lazy(name: str, value: xr.DataArray, allowed: str) -> None:
    """Refuse what can be seen of a lazy array before it is computed: that it is no numbers, or of unknown length.

    Raises
    ------
    StanceError
        Naming the argument and what is allowed.
    """
    if value.dtype.kind not in "iuf":
        raise StanceError(f"{name}: is a lazy array of {value.dtype}; must be {allowed}")
    if any(math.isnan(size) for size in value.shape):
        raise StanceError(f"{name}: has chunks of unknown size; must be known (compute_chunk_sizes())")


def ordered(value: xr.DataArray, labels: Mapping[str, Any]) -> xr.DataArray:
    """The values in the order of labels along the dimensions that have some, and without labels of their own."""
    import pandas as pd
    import xarray as xr

    for dim, wanted in labels.items():
        if dim in value.dims and dim in value.coords:
            own, order = pd.Index(value[dim].values), pd.Index(wanted)
            if not own.equals(order):
                value = value.isel({dim: own.get_indexer(order)})
    return xr.DataArray(value.variable)


def first_entry(value: xr.DataArray, dims: Collection[str]) -> xr.DataArray:
    """The first entry along some dimensions, which stay, of length 1."""
    return value.isel({dim: slice(0, 1) for dim in value.dims if dim in dims})


def lazy_chunks(values: Iterable[xr.DataArray], dims: Collection[str]) -> dict[str, tuple[int, ...]]:
    """Blocks of what is lazy along some dimensions; where arrays have other blocks, there is a cut where any has."""
    import xarray as xr

    unified = xr.unify_chunks(*values)
    return {str(dim): own for value in unified for dim, own in value.chunksizes.items() if dim in dims}


def in_blocks(answer: Answer, given: Arrays, one: xr.Dataset, chunks: Chunks) -> dict[str, Any]:
    """Variables (dimensions, values, attributes) that are computed block by block when they are asked for.

    Parameters
    ----------
    answer : callable
        Answers a block.
    given : mapping of str to DataArray
        What is given of each block: bare arrays, lazy or not.
    one : Dataset
        The bare answer to one entry: names, dimensions, types and attributes of the whole.
    chunks : mapping of str to tuple of int
        Lengths of the blocks along each of their dimensions.
    """
    import cloudpickle  # type: ignore[import-untyped]
    import dask.array as da
    import xarray as xr

    divided = {dim: own for dim, own in chunks.items() if len(own) > 1}
    arrays = {name: own for name, own in given.items() if is_lazy(own) or divided.keys() & own.dims}
    everywhere = {name: own for name, own in given.items() if name not in arrays}
    places = {dim: np.arange(own[0]) for dim, own in chunks.items() if dim not in divided}
    kinds = {name: (own.dims, own.dtype) for name, own in one.items()}
    pickled = cloudpickle.dumps(_Shared(answer, everywhere, places, kinds))
    blocks = xr.Dataset(
        {
            _SHARED: ((), da.from_array(_alone(pickled))),  # type: ignore[no-untyped-call]
            **{_PLACE + dim: (dim, da.arange(sum(own), chunks=(own,))) for dim, own in divided.items()},
            **{_ARRAY + name: own.chunk({d: chunks.get(str(d), -1) for d in own.dims}) for name, own in arrays.items()},
        }
    )

    def stretched(variable: xr.DataArray) -> Any:
        along = [chunks.get(str(dim), (size,)) for dim, size in variable.sizes.items()]
        return da.zeros(tuple(map(sum, along)), dtype=variable.dtype, chunks=tuple(along))

    template = xr.Dataset({name: (own.dims, stretched(own), own.attrs) for name, own in one.items()})
    found = xr.map_blocks(_answer_block, blocks, template=template)
    # the older xarray gives them in no order of their own
    return {str(name): (found[name].dims, found[name].data, found[name].attrs) for name in one}


def _alone(value: object) -> NDArray[Any]:
    """One object as an array without dimensions."""
    array = np.empty((), dtype=object)
    array[()] = value
    return array


def writable(found: xr.Dataset) -> xr.Dataset:
    """The same dataset, whose text Zarr stores as such: it has no format for text of fixed length."""
    for variable in found.variables.values():
        if variable.dtype.kind == "U":
            variable.encoding["dtype"] = np.dtypes.StringDType()
    return found


@dataclass(frozen=True)
class _Shared:
    """What all blocks have in common.

    ``arrays`` and ``places`` are those along dimensions that are not divided, ``kinds`` dimensions and type of each
    variable.
    """

    answer: Answer
    arrays: Arrays
    places: Mapping[str, NDArray[np.int64]]
    kinds: Mapping[Hashable, tuple[tuple[Hashable, ...], np.dtype[Any]]]


@lru_cache(maxsize=8)
def _unpickled(pickled: bytes) -> _Shared:
    """What blocks share, made once a process: what is compiled for the model of one serves all."""
    shared: _Shared = pickle.loads(pickled)
    return shared


def _answer_block(block: xr.Dataset) -> xr.Dataset:
    """The bare answer to one block, with the variables that the whole has."""
    import xarray as xr

    shared = _unpickled(block[_SHARED].values.item())
    own = {dim: place.values for dim, place in _named(block, _PLACE).items()}
    try:
        found = shared.answer({**shared.arrays, **_named(block, _ARRAY)}, {**shared.places, **own})
    except StanceError as error:
        where = ", ".join(f"{place[0]} to {place[-1]} of {dim}" for dim, place in own.items())
        raise StanceError(f"{error} (in the block of {where})" if where else str(error)) from None

    def placed(name: Hashable, dims: tuple[Hashable, ...], kind: np.dtype[Any]) -> xr.Variable:
        if name in found:
            return found[name].variable.transpose(*dims).astype(kind, copy=False)
        # what policies found nowhere in this block they may have found in others
        return xr.Variable(dims, np.full([found.sizes[dim] for dim in dims], np.nan, kind))

    return xr.Dataset({name: placed(name, *kind) for name, kind in shared.kinds.items()})


def _named(block: xr.Dataset, kind: str) -> dict[str, xr.DataArray]:
    """What a block is given of a kind, by name."""
    return {str(name).removeprefix(kind): own for name, own in block.items() if str(name).startswith(kind)}
