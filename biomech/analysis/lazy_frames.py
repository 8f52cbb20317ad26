"""Measured frames of which some values are computed later: planned by their labels, before any value is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import is_named, is_series, of_series
from biomech.analysis.lazy import check_lazy, first_entry, is_lazy, lazy_chunks, ordered, stand_in
from biomech.analysis.measured.motion import Measured
from biomech.analysis.measured.trial import Trial
from biomech.stance.declarations import PARTS
from biomech.stance.parameters import SIDES

if TYPE_CHECKING:
    import xarray as xr

_INNER = {"foot": SIDES, "axis": PARTS["axis"]}
#: Between the name of a group and that of one of its values; and the group of the labels of the frames.
_IN, _LABEL = "\n", "label\n"
#: What stands for lazy values of a group, 0 for those of all others: what every frame may have.
_STANDING = {"upper": 1.0, "weight": 1.0}


def has_lazy(trial: Trial) -> bool:
    """Whether some value of a trial is computed by Dask."""
    return any(is_lazy(own) for group in trial.groups.values() for own in group.values())


@dataclass(frozen=True)
class LazyFrames:
    """Coordinates, forces and limits of lazy frames.

    Parameters
    ----------
    measured : Measured
        Dimensions, shape and labels of the whole, with what stands for every lazy value in its place.
    held : Trial
        What all frames have alike, and in their order the names of what they have not, with None.
    arrays : mapping of str to DataArray
        The others and the labels, bare and in one order.
    """

    measured: Measured
    held: Trial
    arrays: Mapping[str, xr.DataArray]

    @classmethod
    def read(cls, trial: Trial, read: Callable[[Trial], Measured]) -> LazyFrames:
        """Frames as a caller gives them; ``read`` reads those that are known.

        Raises
        ------
        StanceError
            What needs no computing is refused at once.
        """
        import xarray as xr

        flat = {(group, str(name)): own for group, given in trial.groups.items() for name, own in given.items()}
        for (group, name), own in flat.items():
            if is_lazy(own):
                check_lazy(name if group == "coordinates" else f"{group}.{name}", own, "numbers")
        measured = read(trial._replace(groups={group: _planned(group, own) for group, own in trial.groups.items()}))
        named = {place: _array(place[1], own, measured.dims[0]) for place, own in flat.items()}
        arrays = {_IN.join(place): own for place, own in named.items() if own is not None}
        labels = {dim: measured.labels[dim].values for dim in measured.dims if dim in measured.labels}
        arrays |= {f"{_LABEL}{dim}": xr.DataArray(own, dims=dim) for dim, own in labels.items()}
        sizes = dict(zip(measured.dims, measured.shape, strict=True))
        placed = {name: _of_all(ordered(own, labels | _INNER), sizes) for name, own in arrays.items()}
        held: dict[str, Mapping[Any, Any]] = {
            group: {name: own if named[of, name] is None else None for (of, name), own in flat.items() if of == group}
            for group in trial.groups
        }
        return cls(measured, trial._replace(groups=held), placed)

    @property
    def sizes(self) -> dict[str, int]:
        """Length of each dimension."""
        return dict(zip(self.measured.dims, self.measured.shape, strict=True))

    @property
    def chunks(self) -> dict[str, tuple[int, ...]]:
        """Blocks of what is lazy already."""
        return lazy_chunks(self.arrays.values(), self.measured.dims)

    def one_frame(self) -> dict[str, xr.DataArray]:
        """The first frame, with what stands for every lazy value in its place."""
        one = {name: first_entry(own, self.measured.dims) for name, own in self.arrays.items()}
        return {name: _standing(name.split(_IN)[0], own) if is_lazy(own) else own for name, own in one.items()}


def of_block(held: Trial, arrays: Mapping[str, xr.DataArray], places: Mapping[str, NDArray[np.int64]]) -> Trial:
    """The trial of a block, labelled as in the whole."""
    import xarray as xr

    labels = {dim: arrays[_LABEL + dim].values if _LABEL + dim in arrays else own for dim, own in places.items()}
    groups: dict[str, Mapping[Any, Any]] = {}
    for group, alike in held.groups.items():
        found = dict(alike)
        for name, own in arrays.items():
            if name.startswith(group + _IN):
                along = {dim: labels[dim] for dim in own.dims if dim in labels}
                found[name.removeprefix(group + _IN)] = own.assign_coords(along)
        groups[group] = xr.Dataset(found) if group == "ground_reaction" else found
    return held._replace(groups=groups)


def _standing(group: str, value: xr.DataArray) -> xr.DataArray:
    return stand_in(value, _STANDING.get(group, 0.0))


def _planned(group: str, values: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """What is lazy as what stands for it, the rest as it is."""
    import xarray as xr

    lazy = {name: _standing(group, xr.DataArray(own)) for name, own in values.items() if is_lazy(own)}
    if not lazy:
        return values
    return values.assign(lazy) if isinstance(values, xr.Dataset) else {**values, **lazy}


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
