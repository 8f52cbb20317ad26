"""What lies in a store: its variables, how each is kept, and the description that says so.

A store is a Zarr v3 group. Coordinates and attributes are as xarray writes them. Each variable over the postures has
one chunk a task. ``status`` of a task is written last: where it has a chunk, the task is done; its fill value says
*not computed*. Text is kept as codes, for Zarr has no settled type for it. What else must be known is JSON in the
attribute ``biomech_store`` of the group.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import shown
from biomech.analysis.store.tasks import Tasks
from biomech.errors import StudyError
from biomech.stance.parsing import MOST_POSTURES

if TYPE_CHECKING:
    import xarray as xr

#: The attribute that holds the description, its version, and the status of what is not computed.
ATTRIBUTE, VERSION, NOT_COMPUTED = "biomech_store", 1, -1
#: How chunks are packed: the fastest that also tells a chunk that was damaged.
CODEC = {"level": -3, "checksum": True}
#: What text is kept as.
_CODES = np.dtype(np.int16)
#: Kinds of labels: numbers, text, dates.
_LABELS = "biufUOMmT"
#: JSON of a store is no longer than this; the arrays that a description may have to carry are short beside it.
_LONGEST = 1 << 28


@dataclass(frozen=True)
class Kept:
    """A variable over the postures.

    Parameters
    ----------
    name : str
        Of the variable.
    inner : tuple of str
        Its dimensions behind those of the postures.
    sizes : tuple of int
        Their lengths.
    dtype : str
        Type of its values in an answer.
    words : tuple of str
        Of text, the words that it may be, by code; code -1 is none.
    """

    name: str
    inner: tuple[str, ...]
    sizes: tuple[int, ...]
    dtype: str
    words: tuple[str, ...] = ()

    @property
    def kept_as(self) -> np.dtype[Any]:
        """Type of the numbers in the store."""
        dtype = np.dtype(self.dtype)
        return _CODES if dtype.kind == "U" else dtype

    @property
    def fill(self) -> Any:
        """What stands where nothing was computed."""
        kind = self.kept_as
        if self.name == "status" or self.words:
            return NOT_COMPUTED
        if kind.kind in "fc":
            return math.nan
        return False if kind.kind == "b" else int(np.iinfo(kind).min)

    def encoded(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values as they are kept."""
        if not self.words:
            return values
        codes, some = np.full(values.shape, -1, dtype=_CODES), values != ""
        order = np.argsort(self.words)
        codes[some] = order[np.searchsorted(self.words, values[some], sorter=order)]
        return codes

    def decoded(self, kept: NDArray[Any]) -> NDArray[Any]:
        """The values that are kept."""
        if not self.words:
            return kept
        if kept.size and not (kept.min() >= -1 and kept.max() < len(self.words)):
            raise ValueError("has a code that is no word")
        return np.asarray(np.array([*self.words, ""], dtype=self.dtype)[kept], dtype=self.dtype)


@dataclass(frozen=True)
class Layout:
    """What lies in a store.

    Parameters
    ----------
    dims : tuple of str
        Dimensions of the postures.
    tasks : Tasks
        How they are divided.
    variables : tuple of Kept
        What is kept of them.
    coordinates : mapping of str to str
        All other variables, and the types of their values.
    described : tuple of str
        Those of ``variables`` that are coordinates in the answer.
    """

    dims: tuple[str, ...]
    tasks: Tasks
    variables: tuple[Kept, ...]
    coordinates: Mapping[str, str]
    described: tuple[str, ...]

    @classmethod
    def of(cls, template: xr.Dataset, names: tuple[str, ...], words: tuple[str, ...]) -> Layout:
        """The layout of a dataset whose variables ``names`` are over the postures, their dimensions those of status.

        Raises
        ------
        StudyError
            A variable is of a type that cannot be kept.
        """
        for name in template.variables:
            try:
                _name(name)
            except ValueError as error:
                raise StudyError(f"{error} that can be kept in a store; rename it") from None
        dims = tuple(map(str, template["status"].dims))
        kept = tuple(_kept(template[name].variable, name, len(dims), words) for name in names)
        bytes_each = sum(np.dtype(one.dtype).itemsize * math.prod(one.sizes) for one in kept)
        others = {
            str(name): _coordinate(str(name), own) for name, own in template.variables.items() if name not in names
        }
        tasks = Tasks.divide(template["status"].shape, bytes_each)
        return cls(dims, tasks, kept, others, tuple(name for name in names if name in template.coords))

    def shape(self, kept: Kept) -> tuple[int, ...]:
        """Shape of a variable."""
        return (*self.tasks.shape, *kept.sizes)

    def metadata(self, kept: Kept) -> dict[str, Any]:
        """What Zarr says of a variable; anything else is damaged, or not ours."""
        chunk = (*self.tasks.chunk, *kept.sizes)
        serial: dict[str, Any] = {"name": "bytes"}
        if kept.kept_as.itemsize > 1:
            serial["configuration"] = {"endian": "little"}
        return {
            "shape": [*self.shape(kept)],
            "data_type": kept.kept_as.name,
            "fill_value": "NaN" if kept.fill != kept.fill else kept.fill,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [*chunk]}},
            "codecs": [serial, {"name": "zstd", "configuration": CODEC}],
            "dimension_names": [*self.dims, *kept.inner],
        }

    def to_json(self) -> dict[str, Any]:
        """As the attribute holds it."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, about: Any) -> Layout:
        """What the attribute holds.

        Raises
        ------
        ValueError, KeyError, TypeError
            It is no layout.
        """
        if about["version"] != VERSION:
            raise ValueError(f"version {shown(about['version'])} of the layout, and this biomech reads {VERSION}")
        tasks = Tasks(_sizes(about["tasks"]["shape"]), _sizes(about["tasks"]["chunk"]))
        variables = tuple(
            Kept(
                _name(one["name"]),
                _names(one["inner"]),
                _sizes(one["sizes"], 0),  # a body may have no muscle groups, or no joint that is told
                _dtype(one["dtype"], "biufU"),
                tuple(map(str, one["words"])),
            )
            for one in about["variables"]
        )
        dims = _names(about["dims"])
        if not len(dims) == len(tasks.shape) == len(tasks.chunk) or math.prod(tasks.shape) > MOST_POSTURES:
            raise ValueError(f"shape {shown(tasks.shape)} over {shown(dims)}")
        for one in variables:
            length = max(map(len, one.words), default=0)
            if len(one.inner) != len(one.sizes) or bool(one.words) != ("U" in one.dtype):
                raise ValueError(f"dimensions or words of {one.name}")
            if one.words and np.dtype(one.dtype).itemsize < length * np.dtype("U1").itemsize:
                raise ValueError(f"type of {one.name}")
        if [one.kept_as for one in variables if one.name == "status"] != [np.dtype(np.int8)]:
            raise ValueError("status")
        others = {_name(name): _dtype(dtype, _LABELS) for name, dtype in about["coordinates"].items()}
        return cls(dims, tasks, variables, others, _names(about["described"]))


def _kept(variable: xr.Variable, name: str, postures: int, words: tuple[str, ...]) -> Kept:
    kind = variable.dtype.kind
    if kind not in "biufU" or (kind == "U" and name != "limiting_muscle"):
        raise StudyError(f"{name}: values of type {variable.dtype} cannot be kept; leave it out (variables=)")
    inner = tuple(map(str, variable.dims[postures:]))
    return Kept(name, inner, variable.shape[postures:], str(variable.dtype), words if kind == "U" else ())


def _coordinate(name: str, variable: xr.Variable) -> str:
    if variable.dtype.kind not in _LABELS:
        raise StudyError(f"coordinate {name}: values of type {variable.dtype} cannot be kept in a store")
    return str(variable.dtype)


def _name(value: Any) -> str:
    # a name is also that of a folder
    if not isinstance(value, str) or not value or value in (".", "..") or "/" in value or "\\" in value:
        raise ValueError(f"{shown(value)} is no name")
    return value


def _names(values: Any) -> tuple[str, ...]:
    names = tuple(_name(value) for value in values)
    if len(set(names)) < len(names):
        raise ValueError("a name stands twice")
    return names


def _sizes(values: Any, least: int = 1) -> tuple[int, ...]:
    if not isinstance(values, list | tuple) or not all(type(value) is int and value >= least for value in values):
        raise ValueError(f"{shown(values)} are no sizes")
    return tuple(values)


def _dtype(value: Any, kinds: str) -> str:
    name = _name(value)
    if name != "StringDType()" and np.dtype(name).kind not in kinds:
        raise ValueError(f"type {name}")
    return name


def description(layout: Layout, metadata: Mapping[str, str], summary: Mapping[str, Any], study: str) -> dict[str, Any]:
    """What the attribute holds: ``metadata`` are its ``hashes``.

    A seal tells where a byte was changed; it keeps out no one who means to.
    """
    about = {"layout": layout.to_json(), "metadata": dict(metadata), "summary": dict(summary)}
    return {**about, "seal": seal_of(about, study)}


def seal_of(about: Mapping[str, Any], study: object) -> str:
    """Hash of a description and of the record of the study."""
    told = [about[name] for name in ("layout", "metadata", "summary")]
    return hashlib.sha256(json.dumps([*told, study], sort_keys=True).encode()).hexdigest()


def hash_of(*paths: Path) -> str:
    """Hash of files, all within folders."""
    total = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                total.update(f"{file.relative_to(path.parent)}\0{file.stat().st_size}\0".encode())
                total.update(file.read_bytes())
    return total.hexdigest()


def hashes(place: Path, layout: Layout) -> dict[str, str]:
    """Of all in a store that does not change: coordinates, and Zarr's words of each variable."""
    found = {kept.name: hash_of(place / kept.name / "zarr.json") for kept in layout.variables}
    return found | {name: hash_of(place / name) for name in layout.coordinates}


def read_json(path: Path) -> Any:
    """A file of JSON.

    Raises
    ------
    OSError, ValueError, RecursionError
        There is none, it is too long, or is no JSON.
    """
    if path.stat().st_size > _LONGEST:
        raise ValueError("is too long")
    return json.loads(path.read_bytes())
