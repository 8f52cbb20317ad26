"""What charts are given: datasets that must hold what is drawn of them, looked at before anything is drawn."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import numpy as np
import xarray as xr

from biomech._arguments import instance, mapping, one_label, one_of, text
from biomech.errors import StanceError

#: Dimensions along which bodies differ, in words.
DRAWS = {"sample": "draws", "body": "bodies"}
#: What a load of ``LOADS`` is: the variable, and the dimension along which it has the load's label.
_COMPRESSION, _FORCE, _GROUP = "lumbar_compression", "joint_contact_force", "group_activation"


def is_joint(load: str) -> bool:
    """Whether a load is the force of a joint of one side, not the activation of a muscle group."""
    return load.endswith(("_r", "_l"))


def check_dataset(name: str, ds: object, variables: Mapping[str, tuple[str, ...]], source: str) -> xr.Dataset:
    """A dataset with variables of numbers that have these dimensions, among others.

    ``source`` says where such a dataset comes from.
    """
    found = instance(name, ds, xr.Dataset, f"a Dataset, {source}")
    for variable, dims in variables.items():
        if variable not in found.variables:
            raise StanceError(f"{name}: has no variable {variable!r}; must be {source}, with {', '.join(variables)}")
        check_numbers(f"{name}.{variable}", found[variable], dims)
    return found


def check_numbers(name: str, values: xr.DataArray, dims: tuple[str, ...]) -> None:
    """Numbers, at least one, over these dimensions, among others."""
    if not set(dims) <= set(values.dims):
        raise StanceError(f"{name}: has dimensions {values.dims}; must have {', '.join(dims)}")
    if values.dtype.kind not in "iufb" or values.size == 0:
        raise StanceError(f"{name}: is {values.dtype} of shape {values.shape}; must be numbers, at least one")


def labels_of(name: str, values: xr.Dataset | xr.DataArray, dim: str) -> list[object]:
    """Labels of a dimension, each once."""
    index = values.indexes.get(dim)
    if index is None or index.nlevels > 1 or not index.is_unique:
        raise StanceError(f"{name}: dimension {dim!r} must have labels of one level, each once")
    return list(values[dim].values)


def check_loads(name: str, given: object, loads: Iterable[str]) -> None:
    """Refuse an answer of ``sweep`` that lacks a load which is to be drawn."""
    source = "what sweep returned"
    ds = check_dataset(name, given, {"status": (), "valid": ()}, source)
    for load in loads:
        if load == "lumbar":
            check_dataset(name, ds, {_COMPRESSION: ()}, source)
        elif is_joint(load):
            check_dataset(name, ds, {_FORCE: ("joint", "axis")}, source)
            one_label(f"{name}.joint", load, labels_of(name, ds[_FORCE], "joint"))
        else:
            check_dataset(name, ds, {_GROUP: ("group",)}, source)
            one_label(f"{name}.group", load, labels_of(name, ds[_GROUP], "group"))


def check_legend(name: str, given: object, ds: xr.Dataset, dim: str) -> None:
    """Labels of a dimension to what is shown of them, at least one."""
    found = instance(name, given, Mapping, f"a mapping of labels of {dim!r} to text")
    if not found:
        raise StanceError(f"{name}: is empty; must be a mapping of labels of {dim!r} to text, at least one")
    known = labels_of("ds", ds, dim)
    for label, words in found.items():
        one_label(name, label, known, f"ds.{dim}")
        text(f"{name}[{label!r}]", words)


def by_name(name: str, given: object, allowed: str) -> Mapping[str, object]:
    """A mapping by names, at least one."""
    found = mapping(name, given, allowed)
    if not found:
        raise StanceError(f"{name}: is empty; must be a mapping of {allowed}, at least one")
    return found


def choose(ds: xr.Dataset, variable: str, labels: Mapping[str, object]) -> xr.Dataset:
    """A variable with what is said of its postures, in memory, where dimensions have these labels.

    Where a label is a list, those of it in its order.
    """
    for dim, given in labels.items():
        one_of("dimension", dim, map(str, ds.dims))
        known = labels_of("ds", ds, dim)
        several = given if isinstance(given, list | tuple) else [given]
        if not several:
            raise StanceError(f"{dim}: is empty; must be a label of ds.{dim}, or a list of some")
        for label in several:
            one_label(dim, label, known, f"ds.{dim}")
    kept = [name for name in dict.fromkeys((variable, "status", "valid")) if name in ds.variables]
    chosen = {dim: list(given) if isinstance(given, tuple) else given for dim, given in labels.items()}
    return ds.sel(chosen)[kept].compute()


def held_and_trusted(ds: xr.Dataset, dims: Iterable[Hashable]) -> tuple[xr.DataArray, xr.DataArray]:
    """Whether all postures at labels of some dimensions are held, and whether the geometry is trusted at all of them.

    What does not say that it is trusted (frames that were measured, draws) is taken to be.
    """
    kept = set(dims)
    held = ds.status == 0
    valid = ds.valid.astype(bool) if "valid" in ds.variables else xr.ones_like(held)
    return tuple(own.all([dim for dim in own.dims if dim not in kept]) for own in (held, valid))


def plain(name: object) -> str:
    """The name of a variable, a dimension or a label in words; a number at four digits."""
    if isinstance(name, np.generic):
        name = name.item()
    return f"{name:.4g}" if isinstance(name, float) else str(name).replace("_", " ")


def at(ds: xr.Dataset | xr.DataArray, dim: object, label: object) -> str:
    """A label in words: with its dimension where postures are told apart by it and it is a number."""
    return f"{plain(dim)} {plain(label)}" if ds[dim].dtype.kind in "iuf" else plain(label)


def unit_of(values: xr.DataArray) -> tuple[float, str]:
    """What to multiply values with, and the unit that they then have: activation is in percent."""
    if str(values.name).endswith("activation"):
        return 100.0, "% of strength"
    unit = str(values.attrs.get("units", ""))
    return 1.0, "" if unit == "1" else unit
