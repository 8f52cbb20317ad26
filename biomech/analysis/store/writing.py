"""Write a study task by task, so that it can be killed at any instant and go on from there.

What there is to know is made beside the store and renamed into its place, whole. A chunk is written under a name of its
own and renamed, too (zarr's ``LocalStore``). The chunk of ``status`` comes last: it is the mark of a task that is done.
So a store needs no journal, and is whole whenever the process ends.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from biomech._interrupts import interrupts_held
from biomech.analysis.output.status_summary import StatusSummary
from biomech.analysis.output.variables import describing
from biomech.analysis.progress import progress_bar
from biomech.analysis.store.layout import ATTRIBUTE, CODEC, Kept, Layout, description, hashes
from biomech.analysis.store.lock import writing_alone
from biomech.analysis.store.reading import Store, open_store, require
from biomech.analysis.store.record import STUDY, differences, read_record
from biomech.analysis.store.workers import active_client, compute_on
from biomech.errors import StudyError
from biomech.pipeline.status import STATUSES

if TYPE_CHECKING:
    import xarray as xr

#: Dimensions, values and attributes.
Variable = tuple[tuple[str, ...], NDArray[Any], dict[str, Any]]
#: Seconds after which what was half made is nobody's any more.
_ABANDONED = 3600.0


class Study(Protocol):
    """What is to be written: postures that are solved a stretch at a time, each for itself."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Postures along each dimension."""

    @property
    def words(self) -> tuple[str, ...]:
        """What text of an answer may be."""

    def solve(
        self,
        start: int,
        end: int,
        shape: tuple[int, ...] | None = None,
        advance: Callable[[int], None] | None = None,
        progress: bool | None = False,
    ) -> tuple[dict[str, Variable], StatusSummary]:
        """Answers of a stretch, as variables of this shape; ``advance`` is told how many are done."""

    def dataset(self, variables: dict[str, Variable], said: str) -> xr.Dataset:
        """The dataset of these variables."""


def write_study(path: Path, study: Study, progress: bool | None) -> tuple[xr.Dataset, str]:
    """Compute what a store has not yet, and open it.

    Returns
    -------
    tuple of (Dataset, str)
        The study, and what is to be warned of: postures that are not optimal.

    Raises
    ------
    StudyError
        The place holds something else, is being written by another process, or cannot be written.
    """
    require("zarr")
    there = open_store(path) if os.path.lexists(path) else None
    template, names = template_of(study)
    if there is None:
        # zarr's own thread would write on below a folder that is being removed
        with _told(path, "cannot be made"), interrupts_held():
            _create(path, template, Layout.of(template, names, study.words))
        there = open_store(path)
    check_same(there, template, Layout.of(template, names, study.words))
    if not there.summary:
        _complete(there, study, progress)
        there = open_store(path)
    return there.dataset(), "" if there.summary["optimal"] else there.summary["message"]


def template_of(study: Study) -> tuple[xr.Dataset, tuple[str, ...]]:
    """The dataset without its values, and the variables over the postures: seen in the answer of one posture."""
    variables, _ = study.solve(0, 1, (1,) * len(study.shape))
    empty: dict[str, Variable] = {}
    for name, (dims, values, attributes) in variables.items():
        shape = (*study.shape, *values.shape[len(study.shape) :])
        empty[name] = (dims, np.broadcast_to(np.zeros((), values.dtype), shape), attributes)
    return study.dataset(empty, ""), tuple(variables)


def check_same(there: Store, template: xr.Dataset, layout: Layout) -> None:
    """Refuse to go on with a store of another study, or one whose numbers would not be of one piece."""
    found = list(unlike(str(there.path), there.attributes, there.coordinates(), template))
    if not found and there.layout != replace(layout, tasks=there.layout.tasks):
        found.append("the variables that are kept")
    if found:
        raise other_study(there.path, found)


def unlike(
    place: str, attributes: Mapping[Any, Any], coordinates: Mapping[str, xr.Variable], template: xr.Dataset
) -> Iterator[str]:
    """What differs between what lies in a place and what is to be computed."""
    yield from differences(read_record(place, attributes.get(STUDY)), read_record("this study", template.attrs[STUDY]))
    here = {str(name): own.variable for name, own in template.coords.items() if name not in describing()}
    for name in dict.fromkeys([*here, *coordinates]):
        if name not in coordinates or name not in here or not _alike(coordinates[name], here[name]):
            yield f"coordinate {name}"


def _alike(one: xr.Variable, other: xr.Variable) -> bool:
    """Whether two coordinates hold the same; times of another unit, as files give them, are that to pandas 3 alone."""
    if one.dtype.kind == other.dtype.kind == "M":
        return one.dims == other.dims and np.array_equal(one.values, other.values, equal_nan=True)
    return bool(one.equals(other))  # type: ignore[no-untyped-call]


def other_study(place: Path, found: list[str]) -> StudyError:
    """The error of a place that is taken."""
    return StudyError(
        f"{place}: holds another study; what differs: {'; '.join(found)}. It stays as it is, for open_study: "
        "give another place, or remove it"
    )


def _create(path: Path, template: xr.Dataset, layout: Layout) -> None:
    """Make all of a store but its chunks, whole or not at all."""
    remove_abandoned(path)
    making = beside(path)
    try:
        making.mkdir()
        _write_empty(making, template, layout)
        _check_kept(making, template)
        try:
            making.rename(path)
        except OSError:
            if not os.path.lexists(path):
                raise  # else another process was faster: its store is looked at as any other
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _write_empty(place: Path, template: xr.Dataset, layout: Layout) -> None:
    import zarr
    from zarr.codecs import ZstdCodec

    packed = [ZstdCodec(**CODEC)]  # type: ignore[arg-type]
    skeleton = template.drop_vars([kept.name for kept in layout.variables])
    # text of a fixed length is not settled in Zarr; its type is told in the layout
    text = {name: own.variable.astype(object) for name, own in skeleton.coords.items() if own.dtype.kind == "U"}
    encoding = {name: {"compressors": packed} for name in skeleton.coords}
    try:
        skeleton.assign_coords(text).to_zarr(place, mode="a", zarr_format=3, consolidated=False, encoding=encoding)
    except (TypeError, ValueError) as error:
        raise StudyError(f"coordinates and attributes cannot be kept in a store: {error}") from None
    group = zarr.open_group(place, mode="r+")
    for kept in layout.variables:
        group.create_array(
            kept.name,
            shape=layout.shape(kept),
            chunks=(*layout.tasks.chunk, *kept.sizes),
            dtype=kept.kept_as,
            compressors=packed,
            fill_value=kept.fill,
            attributes=_attributes(template[kept.name].attrs, kept),
            dimension_names=[*layout.dims, *kept.inner],
            chunk_key_encoding={"name": "default", "separator": "."},
        )
    group.attrs[ATTRIBUTE] = description(layout, hashes(place, layout), {}, template.attrs[STUDY])


def _check_kept(making: Path, template: xr.Dataset) -> None:
    """Refuse labels that come back as others: the same call could not go on with them."""
    try:
        store = open_store(making)
        changed = list(unlike(str(making), store.attributes, store.coordinates(), template))
    except StudyError as error:
        raise StudyError(f"coordinates cannot be kept in a store: {error.__cause__ or error}") from error
    if changed:
        raise StudyError(f"{'; '.join(changed)}: cannot be kept in a store as it is; leave it out, or give it as text")


def _attributes(given: Mapping[str, Any], kept: Kept) -> dict[str, Any]:
    """Attributes as JSON has them; those of text say what its codes mean to who knows the CF conventions alone."""
    told = {str(name): value.tolist() if hasattr(value, "tolist") else value for name, value in given.items()}
    if kept.words:
        meanings = " ".join("_".join(word.split()) for word in kept.words)
        told |= {"flag_values": [*range(len(kept.words))], "flag_meanings": meanings}
    return told


def beside(path: Path) -> Path:
    """A name that nothing has, for what is renamed to ``path`` when it is whole."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.making")


def remove_abandoned(path: Path) -> None:
    """Remove what was half made by processes that were killed."""
    for place in path.parent.glob(f".{path.name}.*.making"):
        with suppress(OSError):
            if time.time() - place.stat().st_mtime > _ABANDONED:
                shutil.rmtree(place) if place.is_dir() else place.unlink()


def _complete(store: Store, study: Study, progress: bool | None) -> None:
    """Do the tasks that are not done, and say of the whole what is to be said."""
    with _told(store.path, "cannot be written", store), writing_alone(store.path / "status" / "lock", store.path):
        _remove_partial(store)
        done = store.done()
        missing = [task for task in range(len(store.layout.tasks)) if task not in done]
        _compute(store, study, missing, progress)
        _remove_partial(store)
        _finish(store, study)


def _remove_partial(store: Store) -> None:
    """Remove what processes that were killed had begun to write."""
    for partial in store.path.glob("*/*.partial"):
        partial.unlink(missing_ok=True)


def _compute(store: Store, study: Study, missing: list[int], progress: bool | None) -> None:
    """Compute tasks here, or on the cluster that this process works with."""
    tasks, client = store.layout.tasks, active_client()
    count, left = int(np.prod(study.shape, dtype=np.int64)), sum(map(tasks.size, missing))
    with progress_bar(count, "postures", progress, count - left) as bar:
        counting = Lock()

        def advance(postures: int) -> None:
            with counting:
                bar.update(postures)

        if client is not None:
            compute_on(client, store, study, missing, _do_task, advance)
        else:
            _compute_here(store, study, missing, advance)


def _compute_here(store: Store, study: Study, missing: list[int], advance: Callable[[int], None]) -> None:
    """Compute tasks, and write each while the next is computed."""
    with interrupts_held():  # zarr starts a thread
        tasks, arrays = store.layout.tasks, _open_for_writing(store)
    with ThreadPoolExecutor(1) as writer:
        writing = Future[None]()
        writing.set_result(None)
        for task in missing:
            region = tasks.region(task)
            variables, _ = study.solve(*tasks.stretch(task), _shape(region), advance)
            writing.result()  # no more than two tasks are in memory
            writing = writer.submit(_write, store, arrays, region, variables)
        writing.result()


def _do_task(path: Path, study: Study, task: int) -> int:
    """Compute a task and write it, in a process of its own; how many postures it has."""
    store = open_store(path)
    tasks, region = store.layout.tasks, store.layout.tasks.region(task)
    variables, _ = study.solve(*tasks.stretch(task), _shape(region))
    _write(store, _open_for_writing(store), region, variables)
    return tasks.size(task)


def _shape(region: tuple[slice, ...]) -> tuple[int, ...]:
    return tuple(part.stop - part.start for part in region)


def _open_for_writing(store: Store) -> dict[str, Any]:
    import zarr

    group = zarr.open_group(store.path, mode="r+")
    # every chunk is written, so that one that is lost is missed
    return {name: group[name].with_config({"write_empty_chunks": True}) for name in store.names}  # type: ignore[union-attr]


def _write(
    store: Store, arrays: Mapping[str, Any], region: tuple[slice, ...], variables: Mapping[str, Variable]
) -> None:
    """Write a task: its status last."""
    for kept in sorted(store.layout.variables, key=lambda kept: kept.name == "status"):
        arrays[kept.name][region] = kept.encoded(variables[kept.name][1])


def _finish(store: Store, study: Study) -> None:
    """Say of the whole how many postures are of each status, and why the first that is not optimal is not."""
    import zarr

    tasks, counts, first = store.layout.tasks, np.zeros(len(STATUSES), dtype=np.int64), -1
    stored = store.stored("status")
    for task in range(len(tasks)):
        status = stored.numbers(tasks.region(task)).ravel()
        counts += np.bincount(status, minlength=len(STATUSES))
        if first < 0 and status.any():
            first = tasks.stretch(task)[0] + int(np.flatnonzero(status)[0])
    found = StatusSummary(counts, -1, 0, "")
    if first >= 0:
        _, one = study.solve(first, first + 1, (1,) * len(study.shape))
        found = StatusSummary(counts, first, one.status, one.why)
    # the one variable of which nobody knows before whether anything is found
    empty = [name for name in store.names if name == "hanging_moment" and _is_empty(store, name)]
    summary = {"message": found.message, "optimal": first < 0, "absent": empty}
    group = zarr.open_group(store.path, mode="r+")
    about = description(store.layout, store.metadata, summary, store.attributes[STUDY])
    group.attrs.update({ATTRIBUTE: about, "message": found.message})


def _is_empty(store: Store, name: str) -> bool:
    """Whether nobody found anything: then an answer has no such variable."""
    tasks, stored = store.layout.tasks, store.stored(name)
    return all(bool(np.isnan(stored.numbers(tasks.region(task))).all()) for task in range(len(tasks)))


@contextmanager
def _told(path: Path, what: str, store: Store | None = None) -> Iterator[None]:
    """Errors of the file system, told with the place and what is there."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            with suppress(OSError):
                why += f", {shutil.disk_usage(path if store else path.parent).free / 1e6:.1f} MB are left"
        stays = ""
        if store is not None:
            done, count = len(store.done()), len(store.layout.tasks)
            stays = (
                f"; {done} of {count} tasks are there and stay: when it can be written, the same call does the others"
            )
        raise StudyError(f"{path}: {what} ({why}){stays}") from error
