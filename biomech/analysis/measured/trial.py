"""A trial as it lies in files: motion and forces brought to what ``static_optimization`` reads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from biomech._arguments import real_number
from biomech.errors import BiomechError, StanceError
from biomech.io.coordinates import in_coordinates
from biomech.io.external_loads import read_external_loads, to_ground_reaction
from biomech.io.resampling import resample
from biomech.io.storage import read_storage
from biomech.model.model import Model

if TYPE_CHECKING:
    import xarray as xr

_FEET = ("calcn_r", "calcn_l")


def read_trial(model: Model, coordinates: Any, ground: Any, lowpass: float | None) -> tuple[Any, Any, list[str]]:
    """Coordinates and ground reactions, read from files where paths are given, and what is to be warned of.

    Parameters
    ----------
    model : Model
        The body.
    coordinates : object
        A path of a storage file, or what ``static_optimization`` takes; columns of such a file that are not yet in
        degrees, or not all of the model, are brought to its coordinates.
    ground : object
        A path of an ExternalLoads file, whose loads are brought to the times of the motion; or loads of such a file.
    lowpass : float, optional
        Hz: what is read from files is filtered.

    Raises
    ------
    BiomechError
        A file is none, or does not fit; naming the argument.
    """
    if lowpass is not None:
        real_number("lowpass", lowpass, 0.0)
        if not (_is_path(coordinates) or _is_path(ground)):
            raise StanceError("lowpass: is for files; bm.io.resample filters what was read before")
    said: list[str] = []
    if _is_path(coordinates):
        with _named("coordinates"):
            motion = read_storage(coordinates)
            if lowpass is not None:
                motion = resample(motion, lowpass=lowpass)
            coordinates, said = in_coordinates(model, motion)
    elif _is_of_a_file(model, coordinates):
        coordinates, said = in_coordinates(model, coordinates)
    if _is_path(ground):
        with _named("ground_reaction"):
            ground = read_external_loads(ground, times=_times(coordinates), lowpass=lowpass)
    if _has_loads(ground):
        with _named("ground_reaction"):
            right, left = (model.roles.segments.get(foot, foot) for foot in _FEET)
            ground = to_ground_reaction(ground, (right, left))
    return coordinates, ground, [f"coordinates: {words}" for words in said]


def _is_path(given: object) -> bool:
    return isinstance(given, str | os.PathLike)


def _is_of_a_file(model: Model, given: object) -> bool:
    """Whether these are columns of a storage file that were not brought to the coordinates of the model before."""
    import xarray as xr

    if not isinstance(given, xr.Dataset) or "inDegrees" not in given.attrs:
        return False
    known = set(given.data_vars) <= set(model.coordinates)
    return not known or any(own.attrs.get("units") not in ("deg", "m") for own in given.data_vars.values())


def _has_loads(given: object) -> bool:
    import xarray as xr

    return isinstance(given, xr.Dataset) and "load" in given.dims


def _times(coordinates: Any) -> xr.DataArray | None:
    """The times of a motion, where it has them."""
    if isinstance(coordinates, Mapping):
        for own in coordinates.values():
            if "time" in getattr(own, "coords", ()):
                found: xr.DataArray = own["time"]
                return found
    return None


@contextmanager
def _named(argument: str) -> Iterator[None]:
    """What is wrong in a file is said of the argument that gave it."""
    try:
        yield
    except BiomechError as error:
        raise type(error)(f"{argument}: {error}") from None
