"""What the page takes: an answer, the body that it is of, and the coordinates of its postures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import instance, refusal
from biomech.analysis.output.labels import labels_of
from biomech.analysis.output.provenance import model_hash
from biomech.analysis.store.asked import stance_of
from biomech.analysis.store.model_record import make_model
from biomech.analysis.store.record import STUDY, read_record
from biomech.errors import StanceError, StudyError
from biomech.model.catalog import MODELS, load_model
from biomech.model.model import Model

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

#: More postures make a file that a phone is slow to open.
MOST_POSTURES = 20_000


@dataclass(frozen=True)
class Answer:
    """An answer with its body: ``angle`` (posture, coordinate) in deg and m, NaN where there is no posture."""

    ds: xr.Dataset
    model: Model
    angle: Array

    @property
    def dims(self) -> tuple[str, ...]:
        """Dimensions of the postures, the last one runs fastest."""
        return tuple(str(dim) for dim in self.ds["status"].dims)

    @property
    def shape(self) -> tuple[int, ...]:
        """Labels along each of them."""
        return tuple(self.ds.sizes[dim] for dim in self.dims)

    def __len__(self) -> int:
        return math.prod(self.shape)

    def has(self, name: str) -> bool:
        """Whether a variable is in the answer, over nothing but the postures and dimensions of its own."""
        return name in self.ds.variables

    def values(self, name: str, *own: str) -> NDArray[Any]:
        """A variable as (posture, ...), over its own dimensions last; what does not depend on a posture is repeated."""
        return _over(self.ds, name, self.dims, own).reshape(len(self), *(self.ds.sizes[dim] for dim in own))

    def asked(self, name: str) -> NDArray[Any] | None:
        """A stance parameter of every posture (posture,), swept, found or held; None where the answer tells of none.

        What differs between the legs is no single number: there is none to tell.
        """
        if self.has(name) and set(self.ds[name].dims) <= set(self.dims):
            return self.values(name)
        given = self.ds.attrs.get(f"stance_{name}")
        return np.full(len(self), given) if isinstance(given, int | float | str | np.number) else None

    @property
    def load_position(self) -> Array | None:
        """Where a load is carried (posture, axis), m in the torso's axes; None where the answer tells of none."""
        try:
            given = stance_of(read_record("ds", self.ds.attrs.get(STUDY))["stance"], self.ds).get("load_position")
        except (StudyError, KeyError):
            return None
        if given is None or not {*given.dims} <= {*self.dims, "axis"}:
            return None
        return np.asarray(
            _over(given.to_dataset(name="at"), "at", self.dims, ("axis",), self.ds.sizes).reshape(len(self), 3)
        )


def read_answer(ds: xr.Dataset, model: object, coordinates: object, ground_reaction: object = None) -> Answer:
    """An answer that can be drawn.

    Raises
    ------
    StanceError
        It is none, has too many postures, or lacks what a body cannot be drawn without.
    """
    import xarray as xr

    instance("ds", ds, xr.Dataset, "an xarray.Dataset that sweep or static_optimization answered")
    if "status" not in ds:
        raise StanceError("ds: has no variable status; must be what sweep or static_optimization answered")
    _check_size(ds)
    body = _body(ds, model)
    given = ds if coordinates is None else _with_coordinates(ds, body, coordinates)
    _check_angles(given, body)
    given = _whole(given, body)
    if ground_reaction is not None:
        given = _with_ground(given, ground_reaction)
    count = math.prod(ds["status"].shape)
    angle = _over(given, "coordinate_angle", tuple(map(str, ds["status"].dims)), ("coordinate",))
    order = [list(given["coordinate"].values).index(name) for name in body.coordinates]
    return Answer(given, body, np.asarray(angle.reshape(count, -1)[:, order], dtype=np.float64))


def _whole(ds: xr.Dataset, model: Model) -> xr.Dataset:
    """The answer with every muscle, joint, foot and axis in the model's order, NaN where somebody took a part of it."""
    labels = labels_of(model)
    for dim in ("muscle", "joint", "foot", "axis"):
        if dim not in ds.dims or dim not in ds.indexes:
            continue
        own = list(ds[dim].values)
        if strange := [name for name in own if name not in labels[dim]]:
            raise StanceError(f"ds: {dim} has {str(strange[0])!r}, which model {model.name!r} has not")
        if own != labels[dim]:
            ds = ds.reindex({dim: labels[dim]})
    return ds


def _check_size(ds: xr.Dataset) -> None:
    """Refuse what a phone could not open, and say how it becomes smaller."""
    sizes = {str(dim): ds.sizes[dim] for dim in ds["status"].dims}
    count = math.prod(sizes.values())
    if count == 0:
        raise StanceError(f"ds: has no posture ({_told(sizes)}); a page needs one at least")
    if count > MOST_POSTURES:
        longest = max(sizes, key=lambda dim: sizes[dim])
        step = math.ceil(sizes[longest] / max(1, math.floor(MOST_POSTURES / (count / sizes[longest]))))
        raise StanceError(
            f"ds: has {count} postures ({_told(sizes)}); a page holds {MOST_POSTURES}: take one label in {step}, "
            f"ds.isel({longest}=slice(None, None, {step})), or choose one of another dimension"
        )


def _told(sizes: Mapping[str, int]) -> str:
    return " x ".join(f"{dim} {size}" for dim, size in sizes.items())


def _body(ds: xr.Dataset, model: object) -> Model:
    """The body that was given, or the one that the answer says it is of."""
    named = ds.attrs.get("model_sha256")
    if model is not None:
        given = instance("model", model, Model, "a Model, or None")
        if named is not None and _is_built_from_one_body(ds) and named != model_hash(given):
            raise StanceError(
                f"model = {given.name!r}: has other numbers than the model of ds, {ds.attrs.get('model')!r}"
            )
        return given
    if STUDY in ds.attrs:
        try:
            return make_model(read_record("ds", ds.attrs[STUDY])["model"])
        except StudyError as error:
            raise StanceError(f"model: must be given, for {error}") from None
    for name in MODELS:
        if named == model_hash(load_model(name)):
            return load_model(name)
    raise StanceError(f"model: must be given, for ds does not tell which it is of (its attribute {STUDY!r})")


def _is_built_from_one_body(ds: xr.Dataset) -> bool:
    return "body" not in ds["status"].dims


def _with_coordinates(ds: xr.Dataset, model: Model, coordinates: object) -> xr.Dataset:
    """The answer with the coordinates that were measured, as ``coordinate_angle``."""
    import xarray as xr

    if not isinstance(coordinates, Mapping | xr.Dataset):
        raise refusal("coordinates", coordinates, "a mapping or Dataset of coordinates, as static_optimization took it")
    dims = tuple(map(str, ds["status"].dims))
    columns = []
    for name in map(str, coordinates):
        if name not in model.coordinates and name not in dims and not isinstance(coordinates, xr.Dataset):
            raise StanceError(f"coordinates: there is no {name!r}; there are {', '.join(model.coordinates)}")
    for name in model.coordinates:
        columns.append(_column(ds, dims, name, coordinates.get(name, 0.0)))
    angle = xr.concat(columns, "coordinate", join="override", coords="minimal", compat="override")
    return ds.assign(coordinate_angle=angle.assign_coords(coordinate=list(model.coordinates)))


def _column(ds: xr.Dataset, dims: tuple[str, ...], name: str, value: Any) -> xr.DataArray:
    """A coordinate over the dimensions of the postures."""
    import xarray as xr

    if isinstance(value, xr.DataArray):
        column = value.reset_coords(drop=True)
    else:
        numbers = np.asarray(value, dtype=np.float64)
        column = xr.DataArray(numbers, dims=dims[:1] if numbers.ndim else ())
    stray = [str(dim) for dim in column.dims if dim not in dims]
    if stray or any(column.sizes[dim] != ds.sizes[dim] for dim in column.dims):
        raise StanceError(
            f"coordinates[{name!r}]: has {_told({str(d): n for d, n in column.sizes.items()})}; "
            f"the postures of ds have {_told({dim: ds.sizes[dim] for dim in dims})}"
        )
    template = ds["status"].astype(np.float64).reset_coords(drop=True) * 0.0
    return (template + column).transpose(*dims).rename(None)


def _with_ground(ds: xr.Dataset, ground_reaction: object) -> xr.Dataset:
    """The answer with the ground reactions that were measured."""
    import xarray as xr

    measured = instance("ground_reaction", ground_reaction, xr.Dataset, "a Dataset, as static_optimization took it")
    found = {}
    for name, known in (("ground_force", "force"), ("center_of_pressure", "point")):
        if known not in measured or not {"foot", "axis"} <= {*measured[known].dims}:
            raise StanceError(f"ground_reaction: must have the variable {known} over foot and axis")
        own = measured[known].reset_coords(drop=True)
        found[name] = own.sel(foot=list(ds["foot"].values)) if "foot" in ds.coords else own
    return ds.assign(found)


def _check_angles(ds: xr.Dataset, model: Model) -> None:
    angle = ds.get("coordinate_angle")
    if angle is None or "coordinate" not in angle.dims:
        raise StanceError(
            "ds: has no coordinate_angle, which says where the body is: an answer has it unless variables=[...] leaves "
            "it out; after static_optimization give what it took as coordinates="
        )
    lost = [name for name in model.coordinates if name not in angle["coordinate"].values]
    if lost:
        raise StanceError(f"ds: coordinate_angle has no {lost[0]!r} of model {model.name!r}")


def _over(
    ds: xr.Dataset, name: str, dims: tuple[str, ...], own: tuple[str, ...], sizes: Mapping[Any, int] | None = None
) -> NDArray[Any]:
    """A variable over ``dims`` and then its own, repeated along those that it lacks."""
    array = ds[name].drop_vars(list(ds[name].coords))
    if stray := [dim for dim in array.dims if dim not in (*dims, *own)]:
        raise StanceError(f"ds: {name} is over {stray[0]!r}, which the status is not; choose one label of it")
    missing = {dim: (sizes or ds.sizes)[dim] for dim in dims if dim not in array.dims}
    return np.asarray(array.expand_dims(missing).transpose(*dims, *own).values)
