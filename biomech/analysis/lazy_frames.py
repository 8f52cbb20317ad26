"""Measured frames of which some values are computed later: planned by their labels, before any value is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import by_name, is_named, is_series, of_series
from biomech.analysis.lazy import check_lazy, first_entry, is_lazy, lazy_chunks, ordered, stand_in
from biomech.analysis.measured.motion import Measured
from biomech.stance.declarations import PARTS
from biomech.stance.parameters import SIDES

if TYPE_CHECKING:
    import xarray as xr

_INNER = {"foot": SIDES, "axis": PARTS["axis"]}
#: Names of what a block is given: coordinates, ground reactions, and the labels of its frames.
_MOTION, _GROUND, _LABEL = "motion ", "ground ", "label "


def has_lazy(coordinates: object, ground: object) -> bool:
    """Whether some coordinate or ground reaction is computed by Dask."""
    import xarray as xr

    values: list[Any] = []
    for given in (coordinates, ground):
        if isinstance(given, xr.Dataset):
            values += given.data_vars.values()
        elif isinstance(given, Mapping):
            values += given.values()
    return any(map(is_lazy, values))


@dataclass(frozen=True)
class LazyFrames:
    """Coordinates and ground reactions of lazy frames.

    Parameters
    ----------
    measured : Measured
        Dimensions, shape and labels of the whole, with zeros in the place of every lazy value.
    held : mapping of str to object
        Coordinates that all frames have alike.
    arrays : mapping of str to DataArray
        The others, the ground reactions and the labels, bare and in one order.
    """

    measured: Measured
    held: Mapping[str, Any]
    arrays: Mapping[str, xr.DataArray]

    @classmethod
    def read(cls, coordinates: Any, ground: Any, read: Callable[[Any, Any], Measured]) -> LazyFrames:
        """Frames as a caller gives them; ``read`` reads those that are known.

        Raises
        ------
        StanceError
            What needs no computing is refused at once.
        """
        import xarray as xr

        motion = dict(by_name(coordinates))
        plates = dict(ground.data_vars) if isinstance(ground, xr.Dataset) else {}
        lazy = [(str(name), own) for name, own in motion.items()]
        lazy += [(f"ground_reaction.{name}", own) for name, own in plates.items()]
        for name, own in lazy:
            if is_lazy(own):
                check_lazy(name, own, "numbers")
        measured = read(_planned(motion), ground.assign(_planned(plates)) if plates else ground)
        named = {name: _array(str(name), own, measured.dims[0]) for name, own in motion.items()}
        arrays = {f"{_MOTION}{name}": own for name, own in named.items() if own is not None}
        arrays |= {f"{_GROUND}{name}": own for name, own in plates.items()}
        labels = {dim: measured.labels[dim].values for dim in measured.dims if dim in measured.labels}
        arrays |= {f"{_LABEL}{dim}": xr.DataArray(own, dims=dim) for dim, own in labels.items()}
        sizes = dict(zip(measured.dims, measured.shape, strict=True))
        placed = {name: _of_all(ordered(own, labels | _INNER), sizes) for name, own in arrays.items()}
        return cls(measured, {str(name): own for name, own in motion.items() if named[name] is None}, placed)

    @property
    def sizes(self) -> dict[str, int]:
        """Length of each dimension."""
        return dict(zip(self.measured.dims, self.measured.shape, strict=True))

    @property
    def chunks(self) -> dict[str, tuple[int, ...]]:
        """Blocks of what is lazy already."""
        return lazy_chunks(self.arrays.values(), self.measured.dims)

    def one_frame(self) -> dict[str, xr.DataArray]:
        """The first frame, with zeros in the place of every lazy value."""
        one = {name: first_entry(own, self.measured.dims) for name, own in self.arrays.items()}
        return {name: stand_in(own, 0.0) if is_lazy(own) else own for name, own in one.items()}


def of_block(
    held: Mapping[str, Any], arrays: Mapping[str, xr.DataArray], places: Mapping[str, NDArray[np.int64]]
) -> tuple[dict[str, Any], xr.Dataset]:
    """Coordinates and ground reactions of a block, labelled as in the whole."""
    import xarray as xr

    labels = {dim: arrays[_LABEL + dim].values if _LABEL + dim in arrays else own for dim, own in places.items()}

    def of(kind: str) -> dict[str, xr.DataArray]:
        found = {name.removeprefix(kind): own for name, own in arrays.items() if name.startswith(kind)}
        return {
            name: own.assign_coords({dim: labels[dim] for dim in own.dims if dim in labels})
            for name, own in found.items()
        }

    return {**held, **of(_MOTION)}, xr.Dataset(of(_GROUND))


def _planned(values: Mapping[Any, Any]) -> dict[Any, Any]:
    """What is lazy as zeros, the rest as it is."""
    import xarray as xr

    return {name: stand_in(xr.DataArray(own), 0.0) if is_lazy(own) else own for name, own in values.items()}


def _array(name: str, value: Any, dim: str) -> xr.DataArray | None:
    """A coordinate along its dimensions; what has no name for its own lies along ``dim``. None for a single number."""
    import xarray as xr

    if is_named(value):
        return xr.DataArray(value) if value.ndim else None
    if is_series(value):
        return of_series(name, value, dim)
    plain = np.asarray(value)
    return xr.DataArray(plain, dims=dim) if plain.ndim else None


def _of_all(value: xr.DataArray, sizes: Mapping[str, int]) -> xr.DataArray:
    """Without dimensions of one entry that holds for all of several."""
    alone = [dim for dim in value.dims if value.sizes[dim] == 1 and sizes.get(str(dim), 1) > 1]
    return value.isel(dict.fromkeys(alone, 0))
