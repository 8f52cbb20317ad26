"""Measured motion and ground reactions, read by their labels: one row a frame, in the caller's own dimensions."""

from __future__ import annotations

import difflib
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import is_masked, shown
from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.statics.stance import AXES, SIDES
from biomech.study.dataset import DESCRIBING
from biomech.study.labels import DIMENSIONS
from biomech.study.plates import read_plates

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = NDArray[np.float64]

#: More frames than this are no measurement: dimensions that were to be one were multiplied.
_MOST_FRAMES = 10**8
_INNER = ("foot", "axis")
_OWN = frozenset({*DIMENSIONS, "side"})
#: How far beyond the range of its coordinate a measured value is still a body's, deg and m. Skin moves on bone and
#: joints differ; and where a pelvis is in a laboratory, and which way it faces, no joint limits.
_BEYOND_JOINT, _BEYOND_TURN, _BEYOND_PLACE = 30.0, 360.0, 5.0


class Measured(NamedTuple):
    """Frames one below the other.

    ``q`` (frame, coordinate) rad and m; ``force``, ``point`` and ``moment`` (frame, foot, axis), a missing centre of
    pressure of a foot in the air being 0; ``dims`` and ``shape`` of the frames, and the caller's ``labels``.
    """

    q: Array
    force: Array
    point: Array
    moment: Array
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    labels: dict[str, Any]

    def __len__(self) -> int:
        return len(self.q)

    def name(self, frame: int) -> str:
        """What a frame is called, by its labels."""
        return frame_name(self.dims, self.shape, self.labels, frame)


class _Given(NamedTuple):
    """One argument: whose it is, what it is called, and whether its dimension goes by its place alone."""

    group: str
    name: str
    array: xr.DataArray
    nameless: bool


def frame_name(dims: tuple[str, ...], shape: tuple[int, ...], labels: Mapping[str, Any], frame: int) -> str:
    """What a frame is called, by the labels of its dimensions."""
    place = np.unravel_index(frame, shape)
    return ", ".join(
        f"{dim} {_plain(labels[dim].values[i]) if dim in labels else int(i)}"
        for dim, i in zip(dims, place, strict=True)
    )


def read_measured(model: Model, coordinates: Any, ground: Any, own: Iterable[str]) -> Measured:
    """Coordinates and ground reactions, aligned by the labels of the dimensions that they share.

    ``own`` are the variables of the answer, which neither dimensions nor coordinates may be called.

    Raises
    ------
    StanceError
        Naming the argument, the value and what is allowed.
    """
    given = [
        *_read_coordinates(model, coordinates),
        *(_Given("ground_reaction", *p, False) for p in read_plates(ground)),
    ]
    taken = frozenset(own)
    given, dims = _named(given, taken)
    given, shape, labels = _aligned(given, dims)
    labels |= _carried(given, dims, taken)
    if not dims:
        dims, shape = ("frame",), (1,)
    if dims == ("frame",):
        labels.setdefault("frame", _variable("frame", np.arange(shape[0])))
    count = math.prod(shape)
    if count > _MOST_FRAMES:
        sizes = ", ".join(f"{dim} {size}" for dim, size in zip(dims, shape, strict=True))
        raise StanceError(f"coordinates and ground_reaction: {sizes} make {count} frames; at most {_MOST_FRAMES}")
    flat = model.flat()
    q, plates = np.zeros((*shape, len(flat.coordinates))), {}
    for one in given:
        if one.group == "coordinates":
            q[..., flat.coordinates.index(one.name)] = _over(one.array, dims, ())
        else:
            whole = np.broadcast_to(_over(one.array, dims, _INNER), (*shape, len(SIDES), len(AXES)))
            plates[one.name] = whole.reshape(count, len(SIDES), len(AXES))
    q = q.reshape(count, -1)
    frames = (dims, shape, labels)
    _check_reach(model, q, frames)
    q[:, flat.is_rotation] = np.radians(q[:, flat.is_rotation])
    force, point = plates["force"], plates["point"]
    moment = plates.get("moment", np.broadcast_to(0.0, force.shape))
    point, moment = _without_air(force, point, moment, frames)
    return Measured(q, force, point, moment, *frames)


def _read_coordinates(model: Model, coordinates: Any) -> Iterator[_Given]:
    """Every coordinate that is given."""
    import pandas as pd
    import xarray as xr

    if not isinstance(coordinates, Mapping | xr.Dataset | pd.DataFrame):
        must = "a mapping of coordinate names to degrees (m for translations), a Dataset or a DataFrame"
        hint = "; read the file first" if isinstance(coordinates, str) else ""
        raise StanceError(f"coordinates = {shown(coordinates)}: must be {must}{hint}")
    given = coordinates.data_vars if isinstance(coordinates, xr.Dataset) else coordinates
    lengths: dict[str, int] = {}
    for name, value in given.items():
        if name not in model.coordinates:
            near = difflib.get_close_matches(str(name), model.coordinates, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise StanceError(
                f"coordinates: {name}: no such coordinate{hint}; the model has {', '.join(model.coordinates)}"
            )
        one = _coordinate(name, value)
        if one.nameless and one.array.ndim:
            lengths[name] = one.array.size
        yield one
    if len(set(lengths.values())) > 1:
        raise StanceError(f"coordinates pair element by element along frame, but their lengths differ: {lengths}")


def _coordinate(name: str, value: Any) -> _Given:
    """One coordinate as numbers with the names of its dimensions."""
    import pandas as pd
    import xarray as xr

    nameless, must = False, "must be a number, a 1-D array of numbers, a Series or a DataArray"
    if isinstance(value, xr.DataArray):
        array = value
    elif isinstance(value, pd.Series):
        array, nameless = _of_series(name, value)
    else:
        if is_masked(value) and not isinstance(value, np.ma.MaskedArray):
            raise StanceError(f"{name}: has masked entries; fill them or leave them out")
        try:
            plain = (
                np.ma.filled(value.astype(float), np.nan) if isinstance(value, np.ma.MaskedArray) else np.asarray(value)
            )
        except (TypeError, ValueError):
            raise StanceError(f"{name} = {shown(value)}: {must}") from None
        if plain.ndim > 1:
            raise StanceError(f"{name}: has shape {plain.shape}; {must}")
        if plain.dtype.kind not in "iuf":  # xarray cannot take every kind
            raise StanceError(f"{name} = {shown(value)}: {must}")
        array, nameless = xr.DataArray(plain, dims=("frame",)[: plain.ndim]), True
    if array.dtype.kind not in "iuf":
        raise StanceError(f"{name} = {shown(value)}: {must}")
    if array.size == 0:
        raise StanceError(f"{name}: has shape {array.shape}; must not be empty")
    with np.errstate(over="ignore"):
        numbers = array.astype(np.float64)
    if not np.isfinite(numbers.values).all():
        place = np.argwhere(~np.isfinite(numbers.values))[0]
        where = "".join(f", {d} {_plain(array[d].values[i])}" for d, i in zip(array.dims, place, strict=True))
        raise StanceError(f"{name} = {numbers.values[tuple(place)]}{where}: must be finite")
    return _Given("coordinates", name, numbers, nameless)


def _of_series(name: str, series: pd.Series) -> tuple[xr.DataArray, bool]:
    """A Series along the name of its index; pandas' own numbering is no label."""
    import pandas as pd
    import xarray as xr

    index = series.index
    if isinstance(index, pd.MultiIndex):
        raise StanceError(f"{name}: has a MultiIndex; {_no_multi_index()}")
    dim = "frame" if index.name is None else index.name
    numbered = index.name is None and isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1
    array = xr.DataArray(series.to_numpy(), dims=(dim,), coords=None if numbered else {dim: index.to_numpy()})
    return array, index.name is None


def _no_multi_index() -> str:
    return "must be plain labels (reset_index of the levels, or unstack them into dimensions)"


def _named(given: list[_Given], taken: frozenset[str]) -> tuple[list[_Given], tuple[str, ...]]:
    """With every dimension by its name: what has none goes along the only one there is."""
    dims: dict[Hashable, None] = {}
    for one in given:
        if not one.nameless:
            dims |= dict.fromkeys(dim for dim in one.array.dims if not _is_inner(one, dim))
    for dim in dims:
        who = next(one for one in given if dim in one.array.dims and not one.nameless)
        _check_name(f"{_title(who)}: dimension", dim, taken)
    several = len(dims) > 1
    only = str(next(iter(dims), "frame"))
    named = []
    for one in given:
        if one.nameless and one.array.ndim:
            if several:
                raise StanceError(
                    f"{_title(one)}: has no named dimension, and there are {', '.join(map(str, dims))}; "
                    "must be a number or a DataArray"
                )
            if only != "frame":
                one = one._replace(array=one.array.rename({"frame": only}))
            dims[only] = None
        named.append(one)
    return named, tuple(map(str, dims))


def _check_name(what: str, name: Hashable, taken: frozenset[str]) -> None:
    if not isinstance(name, str) or name in _OWN or name in taken:
        raise StanceError(f"{what} {name!r}: must be a text, and none that the answer uses itself; rename it")


def _is_inner(one: _Given, dim: Hashable) -> bool:
    return one.group == "ground_reaction" and dim in _INNER


def _title(one: _Given) -> str:
    return f"ground_reaction.{one.name}" if one.group == "ground_reaction" else one.name


def _aligned(
    given: list[_Given], dims: tuple[str, ...]
) -> tuple[list[_Given], tuple[int, ...], dict[str, xr.Variable]]:
    """With equal labels, in one order, along every dimension; what has no labels and one entry is held."""
    _check_twins(given, dims)
    labels: dict[str, xr.Variable] = {}
    shape = []
    for dim in dims:
        given, size, variable = _aligned_along(given, dim)
        shape.append(size)
        if variable is not None:
            labels[dim] = variable
    return given, tuple(shape), labels


def _check_twins(given: list[_Given], dims: tuple[str, ...]) -> None:
    """Refuse motion and plates of one length along two names, unless both are labelled: they are the same frames."""
    plates = {one.name: set(one.array.dims) - set(_INNER) for one in given if one.group == "ground_reaction"}
    for name, along in plates.items():
        if not (along <= plates["force"] or along >= plates["force"]):
            frames = [sorted(map(str, each)) for each in (along, plates["force"])]
            raise StanceError(
                f"ground_reaction.{name}: has frames along {frames[0]}, and force along {frames[1]}; must be the same"
            )
    own = {
        group: {dim: one for one in given if one.group == group for dim in dims if dim in one.array.dims}
        for group in ("coordinates", "ground_reaction")
    }
    motion, ground = own["coordinates"], own["ground_reaction"]
    if not motion or not ground or set(motion) & set(ground):
        return
    for dim, one in motion.items():
        for other, plate in ground.items():
            sizes = {one.array.sizes[dim], plate.array.sizes[other]}
            unlabelled = dim not in one.array.coords or other not in plate.array.coords
            if len(sizes) == 1 and sizes != {1} and unlabelled:
                raise StanceError(
                    f"ground_reaction: runs along {other!r} and coordinates along {dim!r}, {sizes.pop()} entries each; "
                    "must have one name if they are the same frames, and labels if not"
                )


def _aligned_along(given: list[_Given], dim: str) -> tuple[list[_Given], int, xr.Variable | None]:
    """With equal labels along one dimension, its length and its labels."""
    import pandas as pd

    having = [one for one in given if dim in one.array.dims]
    indexes: dict[str, pd.Index[Any]] = {}
    for one in having:
        if dim not in one.array.coords:
            continue
        if isinstance(one.array.indexes.get(dim), pd.MultiIndex):
            raise StanceError(f"{_title(one)}: {dim} is a MultiIndex; {_no_multi_index()}")
        indexes[_title(one)] = pd.Index(one.array[dim].values)
    order = _common_order(dim, indexes)
    size = max(one.array.sizes[dim] for one in having) if order is None else len(order)
    placed = []
    for one in given:
        if dim in one.array.dims:
            index = indexes.get(_title(one))
            one = one._replace(array=_placed(one, dim, size, index, order))
        placed.append(one)
    first = next((one for one in placed if _title(one) in indexes), None)
    return placed, size, None if first is None else first.array[dim].variable


def _common_order(dim: str, indexes: Mapping[str, pd.Index[Any]]) -> pd.Index[Any] | None:
    """The labels of a dimension in the order of the answer: the caller's, or sorted where arguments differ in it."""
    if not indexes:
        return None
    (first, order), *others = indexes.items()
    differ = False
    for name, index in others:
        if index.equals(order):
            continue
        for one, title, other, there in ((order, first, index, name), (index, name, order, first)):
            if not one.is_unique:
                raise StanceError(f"{title}: {dim} has label {_plain(one[one.duplicated()][0])} twice")
            missing = one.difference(other, sort=False)
            if len(missing):
                raise StanceError(
                    f"{there}: has no {dim} {_plain(missing[0])}, which {title} has; "
                    "labels must be the same (select or interpolate what is common)"
                )
        differ = True
    if not differ:
        return order
    try:
        return order.sort_values()
    except TypeError:
        return order


def _placed(one: _Given, dim: str, size: int, index: pd.Index[Any] | None, order: pd.Index[Any] | None) -> xr.DataArray:
    """An argument in the order of the answer along one dimension."""
    array, count = one.array, one.array.sizes[dim]
    if index is not None and order is not None:
        return array if index.equals(order) else array.isel({dim: index.get_indexer(order)})
    if count == 1 and size > 1:
        return array.isel({dim: 0})
    if count != size:
        raise StanceError(f"{one.group}: has {count} frames; must have {size}, or be held ({_title(one)} along {dim})")
    if order is not None and size > 1 and not order.equals(order.sort_values()) and _numbers_frames(order):
        raise StanceError(
            f"{_title(one)}: has no labels along {dim}, and those of other arguments are not in order "
            f"({_plain(order[0])}, {_plain(order[1])}, ...); must be labelled too"
        )
    return array


def _numbers_frames(order: pd.Index[Any]) -> bool:
    """Whether labels are frames' numbers, in whatever order."""
    return order.dtype.kind in "iu" and set(order.tolist()) == set(range(len(order)))


def _carried(given: list[_Given], dims: tuple[str, ...], taken: frozenset[str]) -> dict[str, Any]:
    """What the caller's arguments are labelled by besides: coordinates without a dimension of their own."""
    carried: dict[str, Any] = {}
    for one in given:
        for name, coordinate in one.array.coords.items():
            if name in DESCRIBING:  # of the answer that it was taken from, not of this one
                continue
            if name in dims or name in _OWN or not set(coordinate.dims) <= {*dims, *_INNER}:
                continue
            if name == "frame" and not dims and not coordinate.dims:
                variable = _variable("frame", coordinate.values[None], coordinate.attrs)
            else:
                variable = coordinate.variable
            _check_name(f"{_title(one)}: coordinate", name, taken)
            if name in carried and not _is_same(variable, carried[str(name)]):
                raise StanceError(
                    f"{_title(one)}: its {name!r} is another than that of the other arguments; must agree"
                )
            carried.setdefault(str(name), variable)
    return carried


def _is_same(one: xr.Variable, other: xr.Variable) -> bool:
    if set(one.dims) != set(other.dims):
        return False
    return bool(one.transpose(*other.dims).equals(other))  # type: ignore[no-untyped-call]


def _variable(dim: str, values: NDArray[Any], attributes: Mapping[Hashable, Any] | None = None) -> xr.Variable:
    import xarray as xr

    return xr.Variable((dim,), values, attributes)


def _over(array: xr.DataArray, dims: tuple[str, ...], inner: tuple[str, ...]) -> Array:
    """Values over dimensions, of length 1 where it has none of them."""
    values = array.transpose(*(dim for dim in (*dims, *inner) if dim in array.dims)).values
    return values.reshape([array.sizes.get(dim, 1) for dim in (*dims, *inner)])


def _check_reach(model: Model, q: Array, frames: tuple[tuple[str, ...], tuple[int, ...], dict[str, Any]]) -> None:
    """Refuse coordinates, in degrees and m, that no body could take."""
    table, turns = model.tables["coordinates"], model.flat().is_rotation
    for i, name in enumerate(model.coordinates):
        row = table.index(name)
        least, most = (float(table.numbers(f"range_{end}")[row]) for end in ("min", "max"))
        free = table.text("joint")[row] == "ground_pelvis"
        beyond = (_BEYOND_TURN if free else _BEYOND_JOINT) if turns[i] else _BEYOND_PLACE
        bad = np.flatnonzero(~((q[:, i] >= least - beyond) & (q[:, i] <= most + beyond)))
        if bad.size:
            unit = "deg" if turns[i] else "m"
            raise StanceError(
                f"{name} = {q[bad[0], i]:g} ({frame_name(*frames, int(bad[0]))}): no body could reach it; "
                f"its range is {least:g}..{most:g} {unit}, and {beyond:g} {unit} beyond it are taken"
            )


def _without_air(
    force: Array, point: Array, moment: Array, frames: tuple[tuple[str, ...], tuple[int, ...], dict[str, Any]]
) -> tuple[Array, Array]:
    """Points and moments with 0 where they are missing and mean nothing; what is missing and matters is named.

    A point's coordinate means nothing where no force acts across it, a moment where no force acts at all.
    """
    acts = force != 0.0
    across = np.stack([acts[..., 1] | acts[..., 2], acts[..., 0] | acts[..., 2], acts[..., 0] | acts[..., 1]], axis=-1)
    loaded = np.broadcast_to(acts.any(axis=-1, keepdims=True), acts.shape)
    found = []
    for name, values, matters in (
        ("force", force, loaded | True),
        ("point", point, across),
        ("moment", moment, loaded),
    ):
        missing = np.isnan(values)
        bad = np.argwhere(missing & matters)
        if bad.size:
            frame, foot, axis = map(int, bad[0])
            raise StanceError(
                f"ground_reaction.{name}: must be finite where a foot is loaded, and is NaN at "
                f"{frame_name(*frames, frame)}, foot {SIDES[foot]}, axis {AXES[axis]}"
            )
        found.append(np.where(missing, 0.0, values) if missing.any() else values)
    return found[1], found[2]


def _plain(label: Any) -> Any:
    return (
        label.item()
        if isinstance(label, np.generic) and not isinstance(label, np.datetime64 | np.timedelta64)
        else label
    )
