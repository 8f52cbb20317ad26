"""What was asked of the body, as text beside the answer: values that its coordinates hold are not told twice."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech.errors import StudyError
from biomech.stance.declarations import PARTS
from biomech.stance.parameters import CHOICES, PARAMETERS, POLICY_DIMS, SIDES, WITH_POLICY
from biomech.stance.stance import StanceGrid

if TYPE_CHECKING:
    import xarray as xr

#: Longer arrays are told in base64 of their bytes, not number by number.
_FEW = 64


def describe_stance(asked: StanceGrid, answered: Collection[str]) -> dict[str, Any]:
    """Every parameter that was given, in the order in which it was, as JSON has it.

    A number or a word; ``{"dims", "from"}``, the coordinates or variables of the answer that hold it; ``{"dims",
    "values"}`` or ``{"dims", "words"}``, where none does; ``{"list"}`` of degrees and policies. ``coords`` are the
    caller's own coordinates that came with it. ``answered``: variables that the answer has.
    """
    told: dict[str, Any] = {}
    for name, dims in asked.given.items():
        coords = sorted(own for own in asked.carried if asked.bearers.get(own) == name and own not in asked.dims)
        if dims or coords or asked.held.get(name) != _default(name):
            told[name] = _describe(asked, name, dims, answered)
            if coords:
                entry = told[name] if isinstance(told[name], dict) else {"dims": [], "values": [told[name]]}
                told[name] = {**entry, "coords": coords}
    return told


def _default(name: str) -> Any:
    return PARAMETERS[name].default if name in PARAMETERS else CHOICES[name].names[0]


def _describe(asked: StanceGrid, name: str, dims: tuple[str, ...], answered: Collection[str]) -> Any:
    if not dims:
        return asked.held[name]
    if name in POLICY_DIMS and dims == (POLICY_DIMS[name],):
        code, words = WITH_POLICY[name]
        codes, degrees = _over(asked, code, dims), _over(asked, name, dims)
        degrees = degrees[:, 0] if degrees.ndim > 1 else degrees
        pairs = zip(codes.tolist(), degrees.tolist(), strict=True)
        return {"list": [words[code] if code >= 0 else angle for code, angle in pairs]}
    held_by = _held_by(asked, name, answered)
    if held_by:
        return {"dims": [*dims], "from": held_by}
    values = _over(asked, name, dims)
    if name in CHOICES:
        return {"dims": [*dims], "words": [CHOICES[name].names[code] for code in values.ravel().tolist()]}
    return {"dims": [*dims], "values": _numbers(values)}


def _held_by(asked: StanceGrid, name: str, answered: Collection[str]) -> list[str]:
    """The variables of the answer that hold a parameter's values."""
    if name in asked.dims or name in asked.varied:
        return [name]
    sides = [f"{name}_{side}" for side in SIDES]
    if all(side in asked.varied for side in sides):
        return sides
    is_given = name == "pelvic_tilt" and name in answered and not (asked.arrays["policy"] >= 0).any()
    return [name] if is_given and not asked.arrays["tilt_change"].any() else []


def _over(asked: StanceGrid, name: str, dims: tuple[str, ...]) -> NDArray[Any]:
    """The values of a parameter over its own dimensions."""
    array, grid = asked.arrays[name], [*asked.dims]
    inner = [dim for dim in PARTS if dim in dims] if array.ndim > len(grid) else []
    array = array if inner or array.ndim == len(grid) else array[..., 0]
    sizes = [len(asked.dims[dim]) if dim in dims else 1 for dim in grid] + [len(PARTS[dim]) for dim in inner]
    own = [dim for dim in [*grid, *inner] if dim in dims]
    whole = np.broadcast_to(array, sizes).reshape([len(PARTS[d]) if d in inner else len(asked.dims[d]) for d in own])
    return whole.transpose([own.index(dim) for dim in dims])


def _numbers(values: NDArray[Any]) -> Any:
    flat = np.ascontiguousarray(values, dtype="<f8").ravel()
    return flat.tolist() if flat.size <= _FEW else {"base64": base64.b64encode(flat.tobytes()).decode()}


def stance_of(told: Mapping[str, Any], ds: xr.Dataset) -> dict[str, Any]:
    """The parameters as ``sweep`` takes them, from what was told of them and the answer that it stands in.

    Raises
    ------
    StudyError
        The answer has not all that it had; it names what is missing.
    """
    return {name: _value(name, entry, ds) for name, entry in told.items()}


def _value(name: str, entry: Any, ds: xr.Dataset) -> Any:
    import xarray as xr

    if not isinstance(entry, dict):
        return entry
    if "list" in entry:
        return list(entry["list"])
    dims = tuple(entry["dims"])
    if missing := [own for own in [*entry.get("from", ()), *entry.get("coords", ())] if own not in ds.variables]:
        raise StudyError(f"{name}: was {missing[0]!r}, which the dataset has no more")
    if "from" in entry:
        parts = [_along(ds[own].variable, dims) for own in entry["from"]]
        values = parts[0] if len(parts) == 1 else np.stack(parts, axis=dims.index("side"))
        dims = dims if len(parts) > 1 else tuple(dim for dim in dims if dim in ds[entry["from"][0]].dims)
    else:
        sizes = [len(PARTS[dim]) if dim in PARTS else ds.sizes[dim] for dim in dims]
        values = _read(name, entry, sizes)
    labels = {dim: ds[dim].variable for dim in dims if dim in ds.coords and dim not in PARTS}
    others = {own: _off_feet(ds[own].variable) for own in entry.get("coords", ())}
    return xr.DataArray(values, dims=dims, coords=labels | others)


def _along(variable: xr.Variable, dims: tuple[str, ...]) -> NDArray[Any]:
    """Values along some dimensions; along the others they are all the same."""
    kept = variable.isel({dim: 0 for dim in variable.dims if dim not in dims})
    return np.asarray(kept.transpose(*(dim for dim in dims if dim in kept.dims)).values)


def _off_feet(variable: xr.Variable) -> xr.Variable:
    """What came along ``side`` lies along ``foot`` in the answer."""
    import xarray as xr

    return xr.Variable(["side" if dim == "foot" else dim for dim in variable.dims], variable.values, variable.attrs)


def _read(name: str, entry: Mapping[str, Any], sizes: list[int]) -> NDArray[Any]:
    try:
        if "words" in entry:
            return np.array(entry["words"], dtype=np.str_).reshape(sizes)
        values = entry["values"]
        if isinstance(values, dict):
            return np.frombuffer(base64.b64decode(values["base64"], validate=True), dtype="<f8").reshape(sizes)
        return np.array(values, dtype=np.float64).reshape(sizes)
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise StudyError(f"{name}: what was asked does not fit the dataset: {error}") from None
