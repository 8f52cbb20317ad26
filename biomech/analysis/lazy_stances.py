"""Stances of which some parameters are computed later: planned by their labels, before any value is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from biomech._alignment import is_named, is_series, of_series
from biomech.analysis.lazy import check_lazy, first_entry, is_lazy, lazy_chunks, ordered, stand_in
from biomech.errors import StanceError
from biomech.stance.declarations import PARTS
from biomech.stance.parameters import CHOICES, PARAMETERS, POLICY_DIMS, SIDES, WITH_POLICY
from biomech.stance.stance import StanceGrid

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class LazyStances:
    """Stances of a lazy sweep.

    Parameters
    ----------
    grid : StanceGrid
        Dimensions, labels and coordinates of the whole, with a number in the place of every lazy value.
    held : mapping of str to object
        Parameters that all blocks have alike: numbers, words, lists with policies.
    swept : mapping of str to DataArray
        The others, bare: in one order, without labels.
    order : list of str
        All of them, in the order in which they were asked for: that of the dimensions.
    """

    grid: StanceGrid
    held: Mapping[str, Any]
    swept: Mapping[str, xr.DataArray]
    order: list[str]

    @classmethod
    def read(cls, asked: Mapping[str, Any], parse: Callable[[Mapping[str, Any]], StanceGrid]) -> LazyStances:
        """Stances as a caller asks for them; ``parse`` reads those that are known.

        Raises
        ------
        StanceError
            What needs no computing is refused at once.
        """
        known = {name: _known(name, value) for name, value in asked.items()}
        lazy = {name: value for name, value in known.items() if is_lazy(value) and name not in value.dims}
        _check_coordinates(known, lazy)
        grid = parse({name: _stand_in(name, value) if name in lazy else value for name, value in known.items()})
        if not grid.dims:
            raise StanceError("chunks: there is one posture, and no dimension to divide; leave them out")
        labels = {**grid.dims, **PARTS}
        arrays = {name: _array(grid, name, value) for name, value in known.items()}
        swept = {name: ordered(array, labels) for name, array in arrays.items() if array is not None}
        held = {name: value for name, value in known.items() if name not in swept}
        varied = dict(_varied(grid, {name: swept[name] for name in lazy}))
        return cls(replace(grid, varied=varied), held, swept, list(asked))

    @property
    def sizes(self) -> dict[str, int]:
        """Length of each dimension."""
        return {dim: len(labels) for dim, labels in self.grid.dims.items()}

    @property
    def chunks(self) -> dict[str, tuple[int, ...]]:
        """Blocks of what is lazy already; what lies in several along one dimension is cut wherever any of it is."""
        return lazy_chunks(self.swept.values(), self.grid.dims)

    @property
    def whole(self) -> dict[str, str]:
        """Dimensions that blocks must not divide, and why."""
        found = {dim: "for its policies are followed together" for dim in POLICY_DIMS.values() if dim in self.grid.dims}
        for name in self.order:
            for condition in PARAMETERS[name].needs if name in PARAMETERS else ():
                if condition.choice in self.swept:
                    why = f"for {name} needs some {condition.choice} in every block"
                    found |= {str(dim): why for dim in self.swept[condition.choice].dims}
        return found

    @property
    def policies(self) -> dict[str, Any]:
        """Angles that follow policies, as they were asked for."""
        followed = [name for name, (code, _) in WITH_POLICY.items() if (self.grid.arrays[code] >= 0).any()]
        return {name: self.held[name] for name in followed}

    def one_entry(self) -> dict[str, xr.DataArray]:
        """One entry along each dimension that may be divided, with a number in the place of every lazy value."""
        divided = set(self.grid.dims) - set(self.whole)
        one = {name: first_entry(own, divided) for name, own in self.swept.items()}
        return {name: _stand_in(name, own) if is_lazy(own) else own for name, own in one.items()}


def _known(name: str, value: Any) -> Any:
    """A parameter with its labels in memory: its values where it bears the name of its dimension."""
    import xarray as xr

    if not is_lazy(value):
        return value
    value = xr.DataArray(value)
    if name in CHOICES:
        raise StanceError(f"{name}: is lazy; must be words that are known at once (compute())")
    if name not in PARAMETERS:
        return value
    check_lazy(name, value, f"numbers in {PARAMETERS[name].range}")
    if not value.ndim:
        return value.compute()
    return value.compute().chunk(dict(value.chunksizes)) if name in value.dims else value


def _stand_in(name: str, value: xr.DataArray) -> xr.DataArray:
    """A lazy parameter with its default everywhere; that of a tilt is 0."""
    about = PARAMETERS.get(name)
    return stand_in(value, (about and about.default) or 0.0)


def _check_coordinates(known: Mapping[str, Any], lazy: Mapping[str, xr.DataArray]) -> None:
    """Refuse labels that claim to be the values of what is lazy: whether they are is not known in time."""
    later = {own: name for name in lazy for own in (name, *(f"{name}_{side}" for side in SIDES))}
    for name, value in known.items():
        for own in (*getattr(value, "coords", ()), *value.dims) if is_named(value) else ():
            if own in later:
                raise StanceError(
                    f"{name}: its coordinate {own!r} bears the name of {later[own]}, whose values are lazy; "
                    f"rename it, or leave it out (drop_vars({own!r}))"
                )


def _array(grid: StanceGrid, name: str, value: Any) -> xr.DataArray | None:
    """A parameter along its dimensions; None where it has none, or is a list with policies."""
    import xarray as xr

    if POLICY_DIMS.get(name) in grid.dims:
        return None
    if is_series(value):
        return of_series(name, value, name)
    if is_named(value):
        return xr.DataArray(value) if value.ndim else None
    plain = np.asarray(value)
    return xr.DataArray(plain, dims=name, coords={name: plain}) if plain.ndim and name in grid.dims else None


def _varied(grid: StanceGrid, lazy: Mapping[str, xr.DataArray]) -> Iterator[tuple[str, tuple[tuple[str, ...], Any]]]:
    """What varies along dimensions of another name, lazy where it is."""
    for label, (dims, values) in grid.varied.items():
        name, _, side = label.rpartition("_")
        own = lazy[label] if label in lazy else lazy[name].isel(side=SIDES.index(side)) if name in lazy else None
        yield label, (dims, values) if own is None else (tuple(map(str, own.dims)), own.astype(np.float64).data)
