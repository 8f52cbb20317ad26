"""What is read of a dataset before anything is said of it: its postures, its draws, its body, and its loads."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from biomech._arguments import instance
from biomech.analysis.output.labels import DIMENSIONS
from biomech.analysis.output.variables import describing
from biomech.analysis.store.model_record import make_model
from biomech.analysis.store.record import STUDY, read_record
from biomech.article.plain_words import plain_group, plain_joint
from biomech.errors import BiomechError, StanceError
from biomech.model.mirror import other_side, side_of
from biomech.model.model import Model
from biomech.model.roles import bare
from biomech.stance.parameters import ANGLES, PARAMETERS

#: Dimensions along which bodies or priors are drawn, and not postures chosen.
DRAWS = ("sample", "body")
#: Variables that tell who carries how much, with what each says.
LOADS = {
    "group_activation": "how much muscles carry",
    "joint_contact_force": "joint forces",
    "lumbar_compression": "what presses on the lower back",
}
#: Bytes of loads that are read at once.
_MOST_BYTES = 4_000_000_000
#: Two sides that differ by less carry the same: of the larger, and in the load's own unit.
_SAME, _SAME_AT_ALL = 5e-3, 0.05


#: What the lowest joint of the spine turns by, and what is said of one that bears weight alone.
_LUMBAR = ("lumbar_extension", "lumbar_bending", "lumbar_rotation")
_UNCROSSED = ", which no muscle of this body crosses,"
#: Names of groups of one side alone, as model files have them.
_ONE_SIDED = re.compile(r"^(r|l|right|left)[ _]|[ _](r|l|right|left)$", re.IGNORECASE)


def _of_both_sides(groups: list[str]) -> list[str]:
    """Groups without those of one side, which repeat others of a body that has any."""
    return [name for name in groups if not _ONE_SIDED.search(name)] or groups


class Load(NamedTuple):
    """A load by its name in the dataset: what it is called, and its values, NaN where a posture is not held."""

    quantity: str
    name: str
    words: str
    units: str
    values: xr.DataArray


@dataclass(frozen=True)
class Answer:
    """A dataset that was looked at.

    Parameters
    ----------
    name : str
        How the caller calls it.
    ds : Dataset
        Dimensions that have one entry alone are gone.
    model : Model or None
        The body that was asked, where that is known.
    """

    name: str
    ds: xr.Dataset
    model: Model | None

    @cached_property
    def dims(self) -> tuple[str, ...]:
        """What tells answers apart: postures and draws."""
        told = [self.ds[name] for name in ("status", *LOADS) if name in self.ds.variables]
        return tuple(str(dim) for dim in told[0].dims if dim not in DIMENSIONS)

    @cached_property
    def postures(self) -> tuple[str, ...]:
        """What tells postures apart."""
        return tuple(dim for dim in self.dims if dim not in DRAWS)

    @cached_property
    def draws(self) -> tuple[str, ...]:
        """What tells draws apart."""
        return tuple(dim for dim in self.dims if dim in DRAWS)

    @cached_property
    def count(self) -> int:
        """How many postures."""
        return math.prod(self.ds.sizes[dim] for dim in self.postures)

    @cached_property
    def drawn(self) -> int:
        """How many draws of each."""
        return math.prod(self.ds.sizes[dim] for dim in self.draws)

    @cached_property
    def status(self) -> xr.DataArray | None:
        """Its status, read once."""
        return self.ds["status"].load() if "status" in self.ds.variables else None

    @cached_property
    def weight(self) -> float:
        """Weight of the body, N; NaN where the body is not known."""
        return self.model.body_mass * self.model.value("settings/gravity") if self.model else math.nan

    @cached_property
    def loads(self) -> list[Load]:
        """Every load that the dataset has."""
        return list(self._loads())

    def _loads(self) -> Iterator[Load]:
        ds = self.ds
        if "group_activation" in ds:
            groups = self._held(100.0 * ds["group_activation"])
            for name in _of_both_sides([*map(str, ds["group"].values)]):
                yield Load("group_activation", name, plain_group(name), "%", groups.sel(group=name, drop=True))
        if "joint_contact_force" in ds:
            forces = self._held((ds["joint_contact_force"] ** 2).sum("axis", skipna=False) ** 0.5)
            for name in map(str, ds["joint"].values):
                words = plain_joint(name) + (_UNCROSSED if name == "lumbosacral" and self._bare_spine else "")
                yield Load("joint_contact_force", name, words, "N", forces.sel(joint=name, drop=True))
        elif "lumbar_compression" in ds:
            pressed = self._held(ds["lumbar_compression"])
            bare = _UNCROSSED if self._bare_spine else ""
            yield Load("lumbar_compression", "", f"{plain_joint('lumbosacral')}, compression{bare}", "N", pressed)

    @cached_property
    def _bare_spine(self) -> bool:
        """Whether it is known that no muscle of the body crosses the lowest joint of the spine."""
        if self.model is None:
            return False
        compiled = self.model.compiled()
        turned = [compiled.coordinates.index(name) for name in _LUMBAR if name in compiled.coordinates]
        return not any(int(of) in turned for _, of in compiled.paths.arms)

    def _held(self, values: xr.DataArray) -> xr.DataArray:
        values = values.reset_coords(drop=True).load()
        return values if self.status is None else values.where(self.status.reset_coords(drop=True) == 0)

    @cached_property
    def stance(self) -> dict[str, str]:
        """What was asked of one posture: parameters, their values with units."""
        asked = {name: _value(name, value) for name, value in _asked(self.ds).items()}
        for name, coordinate in self.ds.coords.items():
            if coordinate.ndim or name in describing() or name in DIMENSIONS:
                continue
            if not isinstance(coordinate.values.item(), tuple):  # a stacked label, whose levels are told by themselves
                asked[str(name)] = _value(str(name), coordinate.values.item(), coordinate.attrs.get("units", ""))
        return {name: f"{told}{self._found(name, told)}" for name, told in asked.items()}

    def _found(self, name: str, told: str) -> str:
        """The angle that a policy found, of one posture; nothing where none was asked to."""
        for angle, policies in ANGLES.items():
            found = self.ds.get(angle)
            if name in (angle, policies.dim) and told in policies.names and found is not None and found.ndim == 0:
                return f" ({_value(angle, round(float(found), 1))})"
        return ""

    def where(self, place: Mapping[str, Any]) -> str:
        """A posture by its labels."""
        return ", ".join(f"{_plain(dim)} {_value(dim, label, _units(self.ds, dim))}" for dim, label in place.items())

    def labels(self, dim: str) -> list[Any]:
        """Labels of a dimension; its count where it has none."""
        return list(self.ds[dim].values) if dim in self.ds.coords else list(range(self.ds.sizes[dim]))

    def place(self, index: Mapping[str, int]) -> dict[str, Any]:
        """Labels of a posture, by its place along each dimension."""
        return {dim: self.labels(dim)[i] for dim, i in index.items()}


def read_answer(name: str, given: object, model: object = None) -> Answer:
    """A dataset of which something can be said.

    Raises
    ------
    StanceError
        It is no Dataset, or has nothing that is known of a posture, or no posture; the model is none.
    """
    ds = instance(name, given, xr.Dataset, "a Dataset of sweep, static_optimization, propagate or open_study")
    if not any(variable in ds.variables for variable in ("status", *LOADS)):
        raise StanceError(f"{name}: has nothing that is known of a posture; must have status, or {', '.join(LOADS)}")
    for variable, inner in (("group_activation", "group"), ("joint_contact_force", "joint")):
        if variable in ds and not (inner in ds[variable].dims and inner in ds.indexes):
            raise StanceError(f"{name}: {variable} must be over the dimension {inner!r} with its names")
    if "joint_contact_force" in ds and "axis" not in ds["joint_contact_force"].dims:
        raise StanceError(f"{name}: joint_contact_force must be over the dimension 'axis'; its length is what is told")
    for variable in ("status", *LOADS):
        if variable in ds and ds[variable].dtype.kind not in "iuf":
            raise StanceError(f"{name}: {variable} is {ds[variable].dtype}; must be numbers")
    varied = {name: {*ds[name].dims} - {*DIMENSIONS} for name in ("status", *LOADS) if name in ds.variables}
    if len({frozenset(dims) for dims in varied.values()}) > 1:
        told = "; ".join(
            f"{name} over {', '.join(sorted(map(str, dims))) or 'nothing'}" for name, dims in varied.items()
        )
        raise StanceError(f"{name}: its variables must be of the same postures; there is {told}")
    empty = [str(dim) for dim, size in ds.sizes.items() if size == 0 and dim not in DIMENSIONS]
    if empty:
        raise StanceError(f"{name}: is empty along {', '.join(empty)}; must have a posture at least")
    size = sum(ds[variable].nbytes for variable in LOADS if variable in ds)
    if size > _MOST_BYTES:
        raise StanceError(
            f"{name}: its loads are {size / 1e9:,.0f} GB, too much to read; take a part of it (isel, sel)"
        )
    single = [dim for dim, size in ds.sizes.items() if size == 1 and dim not in DIMENSIONS]
    body = _model_of(ds) if model is None else instance("model", model, Model, "a Model, or None")
    return Answer(name, ds.squeeze(single), body)


def _model_of(ds: xr.Dataset) -> Model | None:
    """The body that the dataset carries a record of; None where it has none that still holds."""
    try:
        return make_model(read_record("ds", ds.attrs.get(STUDY))["model"])
    except (BiomechError, KeyError, TypeError):
        return None


def _asked(ds: xr.Dataset) -> dict[str, Any]:
    """Parameters that were asked with one value for all postures."""
    try:
        stance = read_record("ds", ds.attrs.get(STUDY))["stance"]
    except (BiomechError, KeyError, TypeError):
        return {}
    return {name: value for name, value in stance.items() if isinstance(value, int | float | str)}


def _plain(dim: str) -> str:
    return dim.replace("_", " ")


def _units(ds: xr.Dataset, dim: str) -> str:
    return str(ds[dim].attrs.get("units", "")) if dim in ds.coords else ""


def _value(name: str, value: object, units: str = "") -> str:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        return str(value)
    units = units or (PARAMETERS[name].unit if name in PARAMETERS else "")
    return f"{value:g}" if units in ("", "1") else f"{value:g} {units}"


def both_sides(loads: list[Load]) -> list[Load]:
    """The same loads, two sides that carry the same told as one."""
    other = {load.name: load for load in loads}
    told: list[Load] = []
    for load in loads:
        side = side_of(load.name)
        twin = other.get(other_side(load.name)) if side != "midline" else None
        if twin is None or not np.allclose(load.values, twin.values, _SAME, _SAME_AT_ALL, equal_nan=True):
            told.append(load)
        elif side == "right":
            told.append(load._replace(words=f"each {bare(load.name).replace('_', ' ')}"))
    return told
