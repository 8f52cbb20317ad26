"""A trial as it is given, in files or Datasets: motion, forces and moments brought to what frames are read from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from biomech._alignment import by_name, columns_of
from biomech._arguments import one_of, real_number
from biomech._units import in_units
from biomech.analysis.measured.floor import PREDICTED, read_contact, read_height
from biomech.analysis.measured.inertia import read_inertia
from biomech.analysis.measured.limits import limits_of
from biomech.analysis.measured.loads import FRAMES, GROUND, Load, read_loads
from biomech.analysis.measured.moments import by_coordinate, of_file, units_of
from biomech.errors import BiomechError, StanceError
from biomech.io.coordinates import in_coordinates
from biomech.io.external_loads import read_external_loads, to_ground_reaction
from biomech.io.force_plates import turned_up
from biomech.io.resampling import filter_as_opensim, resample
from biomech.io.storage import read_storage
from biomech.model.model import Model
from biomech.model.roles import FEET
from biomech.stance.parameters import AXES, SIDES

if TYPE_CHECKING:
    import xarray as xr

#: Variables of answers that say the units of what turns also of what slides.
_MIXED = ("coordinate_angle", "required_moment", "reserve_moment")
#: Groups of loads among ground reactions: on other segments, and on feet, but not told in ground.
OTHERS, ON_FEET = "ground_reaction (loads)", "ground_reaction (feet)"
#: Units of what plates say.
_PLATES = {"force": "N", "point": "m", "moment": "N.m", "free_moment": "N.m"}


class Trial(NamedTuple):
    """What was given, by ``groups`` and name, not yet checked.

    Groups: ``coordinates`` and ``ground_reaction``; where they are given ``lower``, ``upper``, ``weight`` of muscles,
    ``moments`` in place of all forces, and groups of loads, of which ``acts`` says where each acts: ``loads``, and of
    ground reactions that are not on feet ``OTHERS``, or on feet, but not told in ground, ``ON_FEET``. ``said`` is to be
    warned of. Where the ground ``is_predicted``, the height of the ``floor``, if it was given, and a group
    ``in_contact``, if that was. ``inertia``: how accelerations are found.
    """

    groups: dict[str, Mapping[Any, Any]]
    acts: dict[str, tuple[Load, ...]]
    said: list[str]
    is_predicted: bool = False
    floor: float | None = None
    inertia: str = ""


def read_trial(
    model: Model,
    coordinates: Any,
    ground: Any,
    loads: Any = None,
    moments: Any = None,
    limits: Mapping[str, Any] | None = None,
    lowpass: float | None = None,
    up: str = "y",
    floor_height: float | None = None,
    in_contact: Any = None,
    inertia: bool | str = False,
) -> Trial:
    """What is given of a trial, read from files where paths are given.

    Parameters
    ----------
    model : Model
        The body.
    coordinates : object
        A path of a storage file, or what ``static_optimization`` takes; columns of such a file that are not yet in
        degrees, or not all of the model, are brought to its coordinates.
    ground, loads : object
        A path of an ExternalLoads file, whose loads are brought to the times of the motion; or loads of such a file.
    moments : object
        A path of a storage file of inverse dynamics, or what ``static_optimization`` takes.
    limits : mapping
        ``lower``, ``upper`` and ``weight`` of muscles.
    lowpass : float, optional
        Hz: what is read from files is filtered.
    up : {"y", "z"}
        Which axis of the laboratory points upward.
    floor_height, in_contact : object
        The floor of a ground reaction that is to be predicted, and which feet are on it.
    inertia : bool or str
        Whether the motion asks for forces, and how accelerations are found.

    Raises
    ------
    BiomechError
        A file is none, or does not fit; naming the argument.
    """
    one_of("up", up, ("y", "z"))
    predicted = isinstance(ground, str) and ground == PREDICTED
    floor = read_height(floor_height)
    if not predicted and not (floor is None and in_contact is None):
        raise StanceError(f"floor_height and in_contact: are for ground_reaction={PREDICTED!r}; must be None")
    ground = None if predicted else ground
    moves = read_inertia(inertia, lowpass is not None)
    if moves and moments is not None:
        raise StanceError("inertia: moments of inverse dynamics have it already; must be False")
    if predicted and moments is not None:
        raise StanceError("moments: stand in place of forces; ground_reaction and loads must be None")
    if lowpass is not None:
        real_number("lowpass", lowpass, 0.0)
        if not any(map(_is_path, (coordinates, ground, loads))) and not (moves and "time" in _coords(coordinates)):
            raise StanceError("lowpass: is for files; bm.io.resample filters what was read before")
    if moments is not None and not (ground is None and loads is None):
        raise StanceError("moments: stand in place of forces; ground_reaction and loads must be None")
    motion, said = _read_motion(model, coordinates, lowpass, bool(moves))
    lowpass = None if moves else lowpass  # as in OpenSim's inverse dynamics, of the motion alone
    groups: dict[str, Mapping[Any, Any]] = {"coordinates": by_name(motion)}
    acts: dict[str, tuple[Load, ...]] = {}
    for title, given in (("ground_reaction", ground), ("loads", loads)):
        if _is_path(given):
            with _named(title):
                given = read_external_loads(given, times=_times(motion), lowpass=lowpass)
        if title == "ground_reaction" and not _has_loads(given):
            groups[title] = _plates(given, up)
        elif given is not None:
            own, parts = read_loads(model, title, given)
            feet = _on_feet(model, own) if title == "ground_reaction" else []
            parts = _upward(own, parts, up)
            if title == "ground_reaction" and _is_plain(own, feet, parts):
                groups[title] = _summed(model, own, given, parts)
                continue
            groups.setdefault("ground_reaction", _nothing())
            others = [k for k in range(len(own)) if k not in feet]
            for name, which in ((ON_FEET, feet), (OTHERS if title == "ground_reaction" else title, others)):
                if which:
                    acts[name] = tuple(own[k] for k in which)
                    groups[name] = {part: array.isel(load=which) for part, array in parts.items()}
    for name, value in (limits or {}).items():
        groups[name] = limits_of(model, name, value)
    if moments is not None:
        groups["moments"], unused = _read_moments(model, moments, _times(motion))
        said += unused
    if in_contact is not None:
        groups["in_contact"] = {"in_contact": read_contact(in_contact)}
    return Trial(groups, acts, said, predicted, floor, moves)


def _read_motion(model: Model, coordinates: Any, lowpass: float | None, moves: bool) -> tuple[Any, list[str]]:
    """Coordinates in degrees and m, and what is to be warned of; ``moves``: filtered as OpenSim's tools do."""
    said: list[str] = []
    if _is_path(coordinates):
        with _named("coordinates"):
            motion = read_storage(coordinates)
            if lowpass is not None and not moves:
                motion = resample(motion, lowpass=lowpass)
            coordinates, said = in_coordinates(model, motion)
    else:
        coordinates = _in_own_units(model, coordinates)
        if _is_of_a_file(model, coordinates):
            coordinates, said = in_coordinates(model, coordinates)
    if moves and lowpass is not None:
        with _named("coordinates"):
            coordinates = filter_as_opensim(coordinates, lowpass)
    return coordinates, [f"coordinates: {words}" for words in said]


def _in_own_units(model: Model, coordinates: Any) -> Any:
    """Coordinates of which some say their units, in degrees and m."""
    columns = columns_of("coordinates", coordinates)
    if columns is None:
        return coordinates
    turns = dict(zip(model.coordinates, model.compiled().is_rotation.tolist(), strict=True))
    found = {
        name: in_units(f"coordinates: {name}", own, "deg" if turns[str(name)] else "m")
        for name, own in columns.items()
        if name in turns and _tells_units(own, "deg" if turns[str(name)] else "m")
    }
    if not found:
        return coordinates
    return coordinates.assign(found) if hasattr(coordinates, "data_vars") else {**columns, **found}


def _tells_units(value: Any, unit: str) -> bool:
    """Whether a value says that it is in another unit; answers have places among angles, forces among moments."""
    return getattr(value, "attrs", {}).get("units", unit) != unit and getattr(value, "name", None) not in _MIXED


def _plates(given: Any, up: str) -> xr.Dataset:
    """Plates in SI, y upward; none where there are none."""
    import xarray as xr

    if given is None:
        return _nothing()
    if not isinstance(given, xr.Dataset):
        raise StanceError(f"ground_reaction: is {type(given).__name__}; must be a Dataset with force and point")
    found = {}
    for name, unit in _PLATES.items():
        if name in given and (up == "z" or given.variables[name].attrs.get("units", unit) != unit):
            own = in_units(f"ground_reaction.{name}", given[name], unit)
            found[name] = turned_up(own) if up == "z" and "axis" in own.dims else own
    return given.assign(found) if found else given


def _nothing() -> xr.Dataset:
    """No ground reaction."""
    import xarray as xr

    none = xr.DataArray([[0.0] * len(AXES)] * len(SIDES), {"foot": list(SIDES), "axis": list(AXES)})
    return xr.Dataset({"force": none, "point": none})


def _on_feet(model: Model, loads: tuple[Load, ...]) -> list[int]:
    """Which loads act on a foot."""
    segments = model.compiled().segments
    feet = {1 + segments.index(foot) for foot in FEET if foot in segments}
    return [k for k, load in enumerate(loads) if load.segment in feet]


def _is_plain(loads: tuple[Load, ...], feet: list[int], parts: Mapping[str, xr.DataArray]) -> bool:
    """Whether all of them are forces on feet over time, told in ground."""
    timed = all({*part.dims} == {"time", "load", "axis"} for part in parts.values())
    told = len(feet) < len(loads) or any(load.force_frame or load.point_frame for load in loads)
    return {"force", "point"} <= {*parts} and timed and not told


def _summed(model: Model, loads: tuple[Load, ...], given: xr.Dataset, parts: Mapping[str, xr.DataArray]) -> xr.Dataset:
    """Loads on feet as ground reactions."""
    segments = model.compiled().names.segments
    labels: dict[str, Any] = {name: ("load", [GROUND] * len(loads)) for name in FRAMES}
    labels["segment"] = ("load", [segments[load.segment - 1] for load in loads])
    whole = given.assign(parts).assign_coords(labels | {"axis": list(AXES)})
    if "moment" not in whole:
        whole = whole.assign(moment=whole["force"] * 0.0)
    names = {own: model.compiled().names.segments[k] for k, own in enumerate(model.compiled().segments)}
    right, left = (names.get(foot, foot) for foot in FEET)
    with _named("ground_reaction"):
        return to_ground_reaction(whole, (right, left))


def _upward(loads: tuple[Load, ...], parts: Mapping[str, xr.DataArray], up: str) -> dict[str, xr.DataArray]:
    """Parts with y upward; what is told in a segment has its axes already."""
    import xarray as xr

    if up == "y":
        return dict(parts)
    found = {}
    for name, own in parts.items():
        frames = [load.point_frame if name == "point" else load.force_frame for load in loads]
        in_ground = xr.DataArray([frame == 0 for frame in frames], dims="load")
        found[name] = turned_up(own).where(in_ground, own).transpose(*own.dims)
    return found


def _read_moments(model: Model, moments: Any, times: Any) -> tuple[dict[str, Any], list[str]]:
    """Moments by coordinate in N.m and N, and what is to be warned of."""
    said: list[str] = []
    if _is_path(moments):
        with _named("moments"):
            table = read_storage(moments)
            named, unused = of_file(model, [str(name) for name in table.data_vars])
            if not named:
                raise StanceError(f"has no column of a coordinate that moves in model {model.name!r}")
            table = table[list(named.values())]
            if times is not None:
                table = resample(table, times)
            moments = {name: table[label] for name, label in named.items()}
        if unused:
            said.append(f"moments: not used, of no coordinate that moves: {', '.join(unused)}")
    units = units_of(model)
    found = by_coordinate(model, moments)
    given = {
        name: in_units(f"moments: {name}", own, units[name]) if _tells_units(own, units[name]) else own
        for name, own in found.items()
    }
    return given, said


def _is_path(given: object) -> bool:
    return isinstance(given, str | os.PathLike)


def _is_of_a_file(model: Model, given: object) -> bool:
    """Whether these are columns of a storage file that were not brought to the coordinates of the model before."""
    import xarray as xr

    if not isinstance(given, xr.Dataset) or "inDegrees" not in given.attrs:
        return False
    known = set(given.data_vars) <= set(model.coordinates)
    return not known or any(own.attrs.get("units") not in ("deg", "m") for own in given.data_vars.values())


def _coords(given: object) -> Any:
    """Coordinates of a Dataset, none of anything else."""
    import xarray as xr

    return given.coords if isinstance(given, xr.Dataset) else ()


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
