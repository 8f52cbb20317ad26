"""Known forces and moments on any segment: where they act, in which frames they are told, and what they are in ground.

A handle, a crutch, an exoskeleton: a load acts on one segment. Its force and moment are told along the axes of
``force_frame``, its point in ``point_frame``: ground, or any segment, which then carries it along. With R and o the
rotation and the origin of a frame in ground, a force f at p with a moment m about p is, on the segment, the wrench

    F = R_force f,    M = (o_point + R_point p) x F + R_force m        (about the origin of ground).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import Given, as_doubles, columns_of
from biomech._arguments import shown
from biomech._units import in_units
from biomech.analysis.measured.plates import MOST
from biomech.errors import StanceError
from biomech.model.geometry import segment_frames
from biomech.model.model import Model
from biomech.stance.parameters import AXES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = NDArray[np.float64]

GROUND = "ground"
#: Parts of a load, and their units.
PARTS = {"force": "N", "point": "m", "moment": "N.m"}
FRAMES = ("force_frame", "point_frame")
_MUST = "must be a Dataset with force (load, axis) and the coordinate segment, a DataFrame, or the path of a file"


class Load(NamedTuple):
    """Where a load acts, and in which frames it is told: numbers of segments, ground as 0."""

    name: str
    segment: int
    force_frame: int
    point_frame: int


def read_loads(model: Model, title: str, given: Any) -> tuple[tuple[Load, ...], dict[str, xr.DataArray]]:
    """The labels of loads, and their parts, bare, over the dimensions of the frames, ``load`` and ``axis``.

    Raises
    ------
    StanceError
        Naming the part, the load and what is allowed.
    """
    import pandas as pd
    import xarray as xr

    if isinstance(given, pd.DataFrame):
        given = _of_table(title, given)
    if not isinstance(given, xr.Dataset):
        raise StanceError(f"{title} = {shown(given)}: {_MUST}")
    for name in given.data_vars:
        if name not in PARTS:
            raise StanceError(f"{title}: has {name!r}; may have {', '.join(PARTS)}")
    if not {"force", "moment"} & set(given.data_vars):
        raise StanceError(f"{title}: has neither force nor moment; {_MUST}")
    if "segment" not in given.coords:
        raise StanceError(f"{title}: has no coordinate segment, on which each load acts; {_MUST}")
    if "load" not in given.dims:
        given = given.expand_dims("load")
    loads = _read_labels(model, title, given)
    parts = {str(name): _read_part(title, str(name), own, len(loads)) for name, own in given.data_vars.items()}
    return loads, parts


def _read_labels(model: Model, title: str, given: xr.Dataset) -> tuple[Load, ...]:
    count = given.sizes["load"]
    if not count:
        raise StanceError(f"{title}: has no load; must have one at least")
    columns: dict[str, list[Any]] = {}
    for name, default in (("segment", ""), *((frame, GROUND) for frame in FRAMES)):
        if name in given.coords and not set(given[name].dims) <= {"load"}:
            raise StanceError(f"{title}: {name} lies along {given[name].dims}; must lie along load")
        own = given[name].values if name in given.coords else default
        columns[name] = np.broadcast_to(np.asarray(own, dtype=object), count).tolist()
    labels = given["load"].values.tolist() if "load" in given.coords else [f"load {k}" for k in range(count)]
    if "point" not in given:
        columns["point_frame"] = columns["segment"]  # at its origin, as in OpenSim
    names = list(model.compiled().names.segments)
    listed = ", ".join(names)
    places = {GROUND: 0} | {name: 1 + k for k, name in enumerate(names)}
    places |= {role: places[name] for role, name in model.roles.segments.items() if role not in places}
    loads = []
    for k, label in enumerate(labels):
        numbers = []
        for name in ("segment", *FRAMES):
            own = columns[name][k]
            if not isinstance(own, str) or own not in places or (name == "segment" and own == GROUND):
                also = "" if name == "segment" else f"{GROUND}, "
                raise StanceError(f"{title}: {name} of {label} is {shown(own)}; must be one of {also}{listed}")
            numbers.append(places[own])
        loads.append(Load(str(label), *numbers))
    return tuple(loads)


def _read_part(title: str, name: str, array: xr.DataArray, count: int) -> xr.DataArray:
    """A part over its frames, load and axis, in SI, without labels of loads and axes."""
    if "axis" not in array.dims or array.sizes["axis"] != len(AXES):
        raise StanceError(f"{title}.{name}: has dimensions {array.dims}; must have axis (x, y, z) and load")
    if array.dtype.kind not in "iuf":
        raise StanceError(f"{title}.{name}: is of type {array.dtype}; must be numbers")
    if "axis" in array.coords:
        labels = array["axis"].values.tolist()
        if sorted(map(str, labels)) != list(AXES):
            raise StanceError(f"{title}.{name}: axis is {labels}; must be {', '.join(AXES)}")
        array = array.isel(axis=[labels.index(axis) for axis in AXES])
    if "load" not in array.dims:
        array = array.expand_dims(load=count)
    inner = [label for label, own in array.coords.items() if {"load", "axis"} & set(own.dims)]
    scalars = [label for label in ("segment", *FRAMES, "load") if label in array.coords and label not in inner]
    return in_units(f"{title}.{name}", array, PARTS[name]).drop_vars([*inner, *scalars])


def check_loads(loads: Mapping[str, xr.DataArray], title: str) -> Iterator[Given]:
    """The numbers of the parts; what is missing, or larger than anything that was ever measured, is refused.

    Raises
    ------
    StanceError
        Naming the part and the number.
    """
    for name, array in loads.items():
        numbers = as_doubles(array)
        good = np.abs(numbers.values) <= MOST[name]
        if name == "point":  # of no force it means nothing
            good = good | np.isnan(numbers.values)
        if not good.all():
            worst = numbers.values[~good].ravel()[0]
            raise StanceError(f"{title}.{name} = {worst:g}: must be finite numbers of at most {MOST[name]:g}")
        yield Given(title, name, numbers, inner=("load", "axis"))


def in_ground(
    model: Model, q: Array, loads: Sequence[Load], parts: Mapping[str, Array], title: str
) -> tuple[Array, Array, Array]:
    """Force, point and moment in ground, each (frame, load, axis), of ``parts`` that broadcast to that."""
    shape = (len(q), len(loads), 3)
    force, point, moment = (
        np.array(np.broadcast_to(parts[name], shape)) if name in parts else np.zeros(shape) for name in PARTS
    )
    missing = np.isnan(point).any(axis=-1)
    if (bad := np.argwhere(missing & (force != 0.0).any(axis=-1))).size:
        frame, which = map(int, bad[0])
        raise StanceError(
            f"{title}.point: must be finite where a force acts, and is NaN at {frame} of {loads[which].name}"
        )
    point[missing] = 0.0
    if any(load.force_frame or load.point_frame for load in loads):
        rotation, origin = segment_frames(model.compiled(), q)
        for k, load in enumerate(loads):
            if load.force_frame:
                turn = rotation[:, load.force_frame]
                force[:, k], moment[:, k] = _turn(turn, force[:, k]), _turn(turn, moment[:, k])
            if load.point_frame:
                point[:, k] = origin[:, load.point_frame] + _turn(rotation[:, load.point_frame], point[:, k])
    return force, point, moment


def _turn(rotation: Array, vector: Array) -> Array:
    """Each vector turned by its rotation, by sums that do not depend on how many there are."""
    x, y, z = (rotation[..., k] * vector[:, k, None] for k in range(3))
    return np.asarray(x + y + z)


def wrenches(model: Model, loads: Sequence[Load], force: Array, point: Array, moment: Array) -> Array:
    """Force and moment about the origin of ground on every segment: (frame, segment, 6), ground as segment 0."""
    found = np.zeros((len(force), len(model.segments) + 1, 6))
    for k, load in enumerate(loads):
        found[:, load.segment, :3] += force[:, k]
        found[:, load.segment, 3:] += np.cross(point[:, k], force[:, k]) + moment[:, k]
    return found


def _of_table(title: str, table: pd.DataFrame) -> xr.Dataset:
    """Loads of a table: a row for each load, or for each load in each frame."""
    import xarray as xr

    columns = {f"{part}_{axis}" for part in PARTS for axis in AXES}
    labels = ("segment", "load", *FRAMES)
    table = _with_index(title, table, columns.union(labels))
    if "segment" not in table:
        raise StanceError(f"{title}: has no column 'segment', on which each load acts")
    outer = [name for name in table.columns if name not in columns and name not in labels]
    if len(outer) > 1 or not all(isinstance(name, str) for name in outer):
        allowed = ", ".join([*labels, *sorted(columns)])
        raise StanceError(
            f"{title}: has the columns {', '.join(map(str, outer))}; may have {allowed}, and one for the frames"
        )
    _check_columns(title, table, columns)
    names = table["load"] if "load" in table else table["segment"]
    keys = list(zip(table[outer[0]], names, strict=True)) if outer else list(names)
    if len(set(keys)) < len(keys):
        raise StanceError(f"{title}: tells a load twice in a frame; give each a name in the column 'load'")
    loads = list(dict.fromkeys(names))
    frames = list(dict.fromkeys(table[outer[0]])) if outer else []
    coords: dict[str, Any] = {"load": loads, "axis": list(AXES)} | ({outer[0]: frames} if outer else {})
    for label in ("segment", *FRAMES):
        if label in table:
            own = {name: set(table[label][names == name]) for name in loads}
            if several := [name for name, found in own.items() if len(found) > 1]:
                raise StanceError(f"{title}: {label} of {several[0]} changes from frame to frame; must be one")
            coords[label] = ("load", [found.pop() for found in own.values()])
    dims = (*outer, "load", "axis")
    variables = {}
    for part in PARTS:
        given = [f"{part}_{axis}" in table for axis in AXES]
        if not any(given):
            continue
        values = np.full((*([len(frames)] if outer else []), len(loads), 3), np.nan if part == "point" else 0.0)
        places = [loads.index(name) for name in names]
        rows = ([frames.index(own) for own in table[outer[0]]], places) if outer else (places,)
        for k, axis in enumerate(AXES):
            if given[k]:
                values[(*rows, k)] = table[f"{part}_{axis}"].to_numpy(np.float64, na_value=np.nan)
            else:
                values[(*rows, k)] = 0.0
        variables[part] = (dims, values)
    return xr.Dataset(variables, coords=coords)


def _with_index(title: str, table: pd.DataFrame, known: Collection[str]) -> pd.DataFrame:
    """A table whose index, if it tells something, is among its columns.

    Numbers of rows tell nothing where another column than those that are ``known`` tells the frames.
    """
    import pandas as pd

    columns_of(title, table)  # each once
    names = list(table.index.names)
    counted = table.index.dtype.kind in "iu" and not set(known) >= {*table.columns}
    if names == [None] and (counted or isinstance(table.index, pd.RangeIndex)):
        return table
    for name in names:
        if not isinstance(name, str) or name in table.columns or names.count(name) > 1:
            raise StanceError(
                f"{title}: its index has the name {name!r}; must have one that no column has, that of the frames' "
                "dimension (rename_axis), or be dropped (reset_index(drop=True))"
            )
    return table.reset_index()


def _check_columns(title: str, table: pd.DataFrame, numbers: Collection[str]) -> None:
    """Refuse numbers that are none, and labels that are missing or several."""
    import pandas as pd

    for name, column in table.items():
        if name in numbers:
            if column.dtype.kind not in "iuf":
                raise StanceError(f"{title}.{name}: is of type {column.dtype}; must be numbers")
            continue
        for label in column:
            if not pd.api.types.is_scalar(label) or pd.isna(label):
                raise StanceError(f"{title}.{name}: has {shown(label)}; must be one label in each row")
