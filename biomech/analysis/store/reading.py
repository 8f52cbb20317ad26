"""Read a store: all that lies there is checked before any of it is believed, and read when it is asked for."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from biomech._arguments import refusal, shown
from biomech.analysis.store.layout import ATTRIBUTE, Kept, Layout, hashes, read_json, seal_of
from biomech.analysis.store.record import STUDY
from biomech.analysis.store.tasks import Tasks
from biomech.errors import StudyError

if TYPE_CHECKING:
    import xarray as xr

    from biomech.analysis.store.stored_array import StoredArray

#: What coordinates may be packed by: nothing that would run what it reads.
_CODECS = {"bytes", "vlen-utf8", "zstd"}
#: Labels along a dimension that is none of the postures': muscles, axes, and what a caller's coordinates have.
_LABELS = 1 << 20
#: What Zarr says of arrays that are as xarray writes them.
_WHOLE = (f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_TYPES = {"bool", "string", "float16", "float32", "float64", *_WHOLE}


def read_place(name: str, value: object) -> Path:
    """A local path of a study, by its ending."""
    allowed = "the path of a store, study.zarr, or of a small file, study.nc"
    try:
        text = os.fspath(value)  # type: ignore[call-overload]
    except TypeError:
        raise refusal(name, value, allowed) from None
    if not isinstance(text, str) or "\0" in text:
        raise refusal(name, value, allowed)
    if "://" in text:
        raise refusal(name, value, f"{allowed}, on this machine")
    place = Path(text).absolute()  # what is read later is read from there, wherever this process is then
    if place.suffix not in (".zarr", ".nc"):
        raise refusal(name, value, allowed)
    return place


def require(package: str) -> None:
    """Refuse by name where a package of the extra ``scale`` is not installed."""
    if find_spec(package) is None:
        raise StudyError(f'{package} is not installed, which stores need: pip install "biomech[scale]"')


@dataclass(frozen=True)
class Store:
    """A store that was looked at: its description is whole, and so is every task that is done.

    Parameters
    ----------
    path : Path
        Where it is.
    layout : Layout
        What lies in it.
    attributes : dict
        Attributes of the dataset.
    summary : dict
        What is said of the whole, once all is computed: ``message``, ``optimal`` and ``absent``, the variables that
        turned out to have no numbers.
    metadata : dict
        Hashes of coordinates, and of what Zarr says of each variable.
    """

    path: Path
    layout: Layout
    attributes: dict[str, Any]
    summary: dict[str, Any]
    metadata: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The variables over the postures."""
        return tuple(kept.name for kept in self.layout.variables)

    @property
    def words(self) -> tuple[str, ...]:
        """What text may be."""
        return next((kept.words for kept in self.layout.variables if kept.words), ())

    def done(self) -> frozenset[int]:
        """Tasks that are done."""
        tasks = self.layout.tasks
        return frozenset(task for key in _chunks(self.path / "status") if (task := _task(tasks, key, 0)) is not None)

    def stored(self, name: str) -> StoredArray:
        """A variable, as it is kept."""
        from biomech.analysis.store.stored_array import StoredArray

        kept = next(kept for kept in self.layout.variables if kept.name == name)
        return StoredArray(self.path, kept, self.layout.shape(kept))

    def coordinates(self) -> dict[str, xr.Variable]:
        """All other variables, read."""
        return dict(self._coordinates)

    @cached_property
    def _coordinates(self) -> dict[str, xr.Variable]:
        import xarray as xr

        dates = {name: own for name, own in self.layout.coordinates.items() if own.startswith("datetime64")}
        # dates are read in their own unit: in another some cannot be told
        units: dict[str, Any] = {name: np.datetime_data(own)[0] for name, own in dates.items()}
        coders: Any = {name: xr.coders.CFDatetimeCoder(time_unit=unit) for name, unit in units.items()}
        mine = [*self.names]
        try:
            found = xr.open_zarr(
                self.path, decode_times=coders, drop_variables=mine, chunks=None, consolidated=False, zarr_format=3
            ).load()
            return {name: _restored(found[name].variable, dtype) for name, dtype in self.layout.coordinates.items()}
        except Exception as error:  # whatever a library makes of bytes that anybody may have changed
            raise _damaged(self.path, f"its coordinates cannot be read: {shown(error)}") from error

    def dataset(self) -> xr.Dataset:
        """The study, read when it is asked for."""
        import xarray as xr
        from xarray.core.indexing import LazilyIndexedArray

        layout, done, tasks = self.layout, self.done(), self.layout.tasks
        variables = {}
        for kept in layout.variables:
            if kept.name in self.summary.get("absent", ()):
                continue
            array = LazilyIndexedArray(self.stored(kept.name))
            attributes = _own_attributes(self.path, kept)
            if kept.name == "status" and not self.summary:
                attributes["flag_values"] = np.array([-1, *attributes["flag_values"]], dtype=np.int8)
                attributes["flag_meanings"] = f"not_computed {attributes['flag_meanings']}"
            variables[kept.name] = xr.Variable((*layout.dims, *kept.inner), array, attributes)
        attributes = {
            **self.attributes,
            "finished": int(bool(self.summary)),
            "tasks": len(tasks),
            "tasks_done": len(done),
        }
        if self.summary:
            attributes["message"] = self.summary["message"]
        else:
            postures = sum(map(tasks.size, done))
            attributes["message"] = f"unfinished: {postures} of {math.prod(tasks.shape)} postures are computed"
        try:
            found = xr.Dataset(variables, coords=self._coordinates, attrs=attributes)
        except ValueError as error:  # sizes that do not fit
            raise _damaged(self.path, str(error)) from error
        return found.set_coords(list(layout.described))

    def chunked(self, ds: xr.Dataset) -> xr.Dataset:
        """With dask arrays, one chunk a task."""
        return ds.chunk(dict(zip(self.layout.dims, self.layout.tasks.chunk, strict=True)))


def open_store(path: Path) -> Store:
    """Look at a store: its description, what Zarr says of every array, and that no chunk of a done task is missing.

    Raises
    ------
    StudyError
        It is none, or damaged.
    """
    if not path.is_dir():
        what = "is a file, no store" if path.exists() else "there is nothing"
        raise StudyError(f"{path}: {what}")
    try:
        about = read_json(path / "zarr.json")
        attributes = dict(about["attributes"])
        own = attributes.pop(ATTRIBUTE)
        attributes.pop("coordinates", None)  # xarray's own
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        raise StudyError(f"{path}: is no store of biomech ({shown(error)}); it stays as it is") from None
    try:
        if about["node_type"] != "group" or about["zarr_format"] != 3:
            raise ValueError("is no group of Zarr v3")
        layout, summary = Layout.from_json(own["layout"]), own["summary"]
        if summary and not (isinstance(summary["message"], str) and isinstance(summary["optimal"], bool)):
            raise TypeError("summary")
        if summary and not set(summary["absent"]) <= {kept.name for kept in layout.variables}:
            raise ValueError("summary")
        if own["seal"] != seal_of(own, attributes.get(STUDY)):
            raise ValueError("it was changed")
        store = Store(path, layout, attributes, dict(summary), dict(own["metadata"]))
        _check_arrays(store)
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise _damaged(path, f"its description is wrong ({shown(error)})") from None
    _check_chunks(store)
    # where a mark was removed, its task is not done any more
    return store if len(store.done()) == len(layout.tasks) else replace(store, summary={})


def _damaged(path: Path, why: str) -> StudyError:
    return StudyError(f"{path}: is damaged: {why}")


def _check_arrays(store: Store) -> None:
    """Nothing but what the layout names lies there, and Zarr's own words of it agree."""
    known = {*store.names, *store.layout.coordinates}
    there = {entry.name for entry in os.scandir(store.path)} - {"zarr.json"}
    if there != known:
        raise ValueError(f"{sorted(there ^ known)[0]} is missing, or too much")
    for name, found in hashes(store.path, store.layout).items():
        if store.metadata.get(name) != found:
            raise ValueError(f"{name} was changed")
    for kept in store.layout.variables:
        about = read_json(store.path / kept.name / "zarr.json")
        for key, wanted in store.layout.metadata(kept).items():
            if about.get(key, []) != wanted:  # a number has no names of dimensions
                raise ValueError(f"{key} of {kept.name}")
        if about["zarr_format"] != 3 or about.get("storage_transformers"):
            raise ValueError(f"format of {kept.name}")
        if about["chunk_key_encoding"] != {"name": "default", "configuration": {"separator": "."}}:
            raise ValueError(f"chunk_key_encoding of {kept.name}")
        if not isinstance(about["attributes"], dict):
            raise ValueError(f"attributes of {kept.name}")
    limit = {**dict(zip(store.layout.dims, store.layout.tasks.shape, strict=True))}
    for name in store.layout.coordinates:
        about = read_json(store.path / name / "zarr.json")
        codecs = {codec["name"] for codec in about["codecs"]}
        if about["zarr_format"] != 3 or about.get("storage_transformers") or about["data_type"] not in _TYPES:
            raise ValueError(f"format of {name}")
        if not codecs <= _CODECS:
            raise ValueError(f"codec {min(codecs - _CODECS)} of {name}")
        for dim, size in zip(about.get("dimension_names") or (), about["shape"], strict=True):
            if limit.setdefault(dim, size) != size or (dim not in store.layout.dims and size > _LABELS):
                raise ValueError(f"shape of {name}")


def _check_chunks(store: Store) -> None:
    """Every variable has a chunk of every task that is done; one that holds nothing needs none."""
    tasks = store.layout.tasks
    done = {task: key for key in _chunks(store.path / "status") if (task := _task(tasks, key, 0)) is not None}
    for kept in store.layout.variables:
        if 0 in kept.sizes:
            continue
        own = {_task(tasks, key, len(kept.inner)) for key in _chunks(store.path / kept.name)}
        if lost := done.keys() - own:
            mark = store.path / "status" / done[min(lost)]
            raise _damaged(
                store.path,
                f"{kept.name} lacks the chunk of task {min(lost)}; remove {mark} and the same sweep computes it anew",
            )


def _chunks(folder: Path) -> list[str]:
    """Names of the chunks that are there."""
    return [entry.name for entry in os.scandir(folder) if entry.name.startswith("c") and entry.is_file()]


def _task(tasks: Tasks, key: str, inner: int) -> int | None:
    """The task that a chunk is of, by its name; None where it is no chunk of a task."""
    first, *rest = key.split(".")
    parts = tasks.parts
    if first != "c" or len(rest) != len(parts) + inner or not all(one.isdecimal() and len(one) < 12 for one in rest):
        return None
    place = [int(one) for one in rest]
    if any(place[len(parts) :]) or any(at >= count for at, count in zip(place, parts, strict=False)):
        return None
    task = 0
    for at, count in zip(place, parts, strict=False):
        task = task * count + at
    return task


def _own_attributes(path: Path, kept: Kept) -> dict[str, Any]:
    """Attributes of a variable, as they are in an answer."""
    own = dict(read_json(path / kept.name / "zarr.json")["attributes"])
    if kept.words:
        return {name: value for name, value in own.items() if not name.startswith("flag_")}
    if "flag_values" in own:
        own["flag_values"] = np.array(own["flag_values"], dtype=kept.dtype)
    return own


def _restored(variable: xr.Variable, dtype: str) -> xr.Variable:
    """A coordinate in the type that it had: text comes back in another."""
    if str(variable.dtype) == dtype:
        return variable
    restored = variable.astype(dtype)
    if not restored.astype(variable.dtype).equals(variable):  # type: ignore[no-untyped-call]
        raise ValueError(f"its values are not of type {dtype}")
    return restored
