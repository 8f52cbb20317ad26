"""Poses that a caller gives: coordinates by name, paired by their labels, and the labels that come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import (
    aligned,
    by_name,
    carried,
    check_known,
    is_named,
    is_series,
    over,
    read_coordinates,
    with_dimensions,
)
from biomech._arguments import is_masked, real_number, shown
from biomech.errors import StanceError
from biomech.model.compiled import CompiledModel

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = NDArray[np.float64]
#: Coordinates by name.
Coordinates: TypeAlias = "Mapping[str, Any] | xr.Dataset | pd.DataFrame"

#: Dimensions of answers.
_OWN = frozenset({"muscle", "group", "coordinate", "joint", "foot", "segment", "axis"})
#: More poses than this nobody means: dimensions that were to be one were multiplied.
_MOST_POSES = 10**8


class Poses(NamedTuple):
    """Poses one below the other: ``q`` (pose, coordinate) rad and m, the caller's dimensions, their shape and labels.

    Values without labels lie along ``pose``. ``given``: the coordinates that the caller gave, by the model's own names.
    """

    q: Array
    dims: tuple[str, ...] = ("pose",)
    shape: tuple[int, ...] = (1,)
    labels: Mapping[str, xr.Variable] = {}
    given: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.q)

    def variable(
        self, inner: tuple[str, ...], values: NDArray[Any], attributes: Mapping[str, Any]
    ) -> tuple[tuple[str, ...], NDArray[Any], dict[str, Any]]:
        """A variable over (pose, ...) as one over the caller's dimensions."""
        return (*self.dims, *inner), values.reshape(*self.shape, *values.shape[1:]), dict(attributes)


def read_poses(compiled: CompiledModel, coordinates: Coordinates, taken: Iterable[str]) -> Poses:
    """Coordinates by name, in degrees and m, as poses.

    ``taken`` are the variables and dimensions of the answer, which the caller's dimensions may not be called.

    Raises
    ------
    StanceError
        An unknown name, a value that is no finite number, lengths or labels that do not pair.
    """
    if isinstance(coordinates, dict) and not any(is_named(v) or is_series(v) for v in coordinates.values()):
        q = poses(compiled, coordinates)
        return Poses(q, shape=(len(q),), given=tuple(coordinates))
    return _labelled(compiled, coordinates, frozenset(taken))


def _labelled(compiled: CompiledModel, given: Coordinates, taken: frozenset[str]) -> Poses:
    """Poses whose values bear labels."""
    read = list(read_coordinates(compiled.names.coordinates, given, "pose"))
    read, dims = with_dimensions(read, "pose", taken | _OWN)
    read, shape, labels = aligned(read, dims)
    labels |= carried(read, dims, _OWN, taken, ())
    if not dims:
        dims, shape = ("pose",), (1,)
    count = int(np.prod(shape, dtype=np.float64))
    if count > _MOST_POSES:
        sizes = ", ".join(f"{dim} {size}" for dim, size in zip(dims, shape, strict=True))
        raise StanceError(f"coordinates: {sizes} make {count} poses; at most {_MOST_POSES}")
    q = np.tile(compiled.counted(compiled.default), (*shape, 1))
    for one in read:
        q[..., compiled.names.coordinates.index(one.name)] = over(one.array, dims)
    given_names = tuple(one.name for one in read)
    return Poses(_in_radians(compiled, q.reshape(count, -1)), dims, shape, labels, given_names)


def poses(compiled: CompiledModel, coordinates: Mapping[str, Any]) -> Array:
    """Coordinates by name to an array (pose, coordinate) in rad and m.

    Raises
    ------
    StanceError
        An unknown name, a value that is no finite number, or lengths that do not pair.
    """
    columns: dict[str, Array] = {}
    for name, value in coordinates.items():
        check_known(name, compiled.names.coordinates)
        columns[name] = _column(name, value)
    lengths = {name: len(column) for name, column in columns.items() if column.ndim == 1}
    if len(set(lengths.values())) > 1:
        raise StanceError(f"coordinates pair element by element along pose, but their lengths differ: {lengths}")
    count = next(iter(lengths.values()), 1)
    q = np.tile(compiled.counted(compiled.default), (count, 1))
    for name, column in columns.items():
        q[:, compiled.names.coordinates.index(name)] = column
    return _in_radians(compiled, q)


def _in_radians(compiled: CompiledModel, q: Array) -> Array:
    """Coordinates in rad and m, counted as their roles are."""
    return compiled.counted(np.where(compiled.is_rotation, np.radians(q), q))


def _column(name: str, value: Any) -> Array:
    if is_masked(value):
        raise StanceError(f"{name}: has masked entries; fill them or leave them out")
    try:
        column = np.asarray(value)
        if column.dtype.kind not in "iuf":
            raise TypeError
    except (TypeError, ValueError):
        raise StanceError(f"{name} = {shown(value)}: must be a number or a 1-D array of numbers") from None
    if column.ndim > 1 or column.size == 0:
        raise StanceError(f"{name}: has shape {column.shape}; must be a number or a 1-D array that is not empty")
    with np.errstate(over="ignore"):  # of longer floats, which infinity then says
        numbers = column.astype(np.float64)
    if not np.all(np.isfinite(numbers)):
        raise StanceError(f"{name} = {shown(value)}: must be finite")
    return numbers


def read_knee_laxity(value: Any) -> float:
    """One finite number of degrees."""
    return real_number("knee_laxity", value.values.item() if is_named(value) and not value.ndim else value)


def joined(poses: Coordinates | None, named: Mapping[str, Any]) -> Coordinates:
    """Coordinates of a mapping, Dataset or DataFrame and those by name, none of them twice."""
    if poses is None:
        return named
    if not named:
        return poses
    both = {str(name): value for name, value in by_name(poses).items()}
    for name, value in named.items():
        if name in both:
            raise StanceError(f"{name} = {shown(value)}: is given twice, by name and in the coordinates before")
        both[name] = value
    return both
