"""Stances from what a caller asks, validated at the door."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech.errors import StanceError
from biomech.statics.stance import (
    ARMS,
    AXES,
    CODES,
    PARAMETERS,
    POLICIES,
    POLICY_DIMS,
    RESERVED,
    SIDES,
    SUPPORTS,
    WITH_POLICY,
    StanceGrid,
)

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def read_stance(asked: Mapping[str, Any]) -> StanceGrid:
    """Validate what is asked, and how it combines: a 1-D value makes a dimension, a DataArray broadcasts by its names.

    Raises
    ------
    StanceError
        With the parameter, the value and what is allowed.
    """
    import xarray as xr

    _check_names(asked)
    arrays: dict[str, xr.DataArray] = {}
    for name, (code, policies) in WITH_POLICY.items():
        arrays[name], arrays[code] = _policed(name, policies, asked.get(name, PARAMETERS[name].default))
    arrays |= {name: _numbers(name, asked[name]) for name in PARAMETERS if name in asked and name not in arrays}
    arrays["support"] = _choice("support", SUPPORTS, asked.get("support", "both"))
    arrays["arms"] = _choice("arms", ARMS, asked.get("arms", "hanging"))
    order = [name for name in asked if name in arrays]
    arrays = {name: arrays[name] for name in dict.fromkeys([*order, *arrays])}
    for name, parameter in PARAMETERS.items():
        arrays.setdefault(name, xr.DataArray(parameter.default))
    _check_load(arrays)
    _check_support(asked, arrays)
    _check_policies(arrays)
    held = {name: array.item() for name, array in arrays.items() if array.ndim == 0 and name in PARAMETERS}
    for name, (code, policies) in WITH_POLICY.items():
        if arrays[code].ndim == 0 and arrays[code].item() >= 0:
            held[name] = policies[arrays[code].item()]
    for name, words in (("support", SUPPORTS), ("arms", ARMS)):
        if arrays[name].ndim == 0:
            held[name] = words[arrays[name].item()]
    return _broadcast(arrays, held)


def _check_names(asked: Mapping[str, Any]) -> None:
    known = [*PARAMETERS, "support", "arms"]
    for name in asked:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise StanceError(f"{name}: unknown stance parameter{hint}; parameters are {', '.join(known)}")
    if "pelvic_tilt" not in asked:
        raise StanceError(
            "pelvic_tilt: has no default, because it decides what the back must do; give degrees in "
            f"{_range('pelvic_tilt')}, or a policy: {', '.join(POLICIES)}"
        )


def _range(name: str) -> str:
    p = PARAMETERS[name]
    return f"{p.least:g}..{p.most:g}" + ("" if p.unit == "1" else f" {p.unit}")


def _numbers(name: str, value: Any) -> xr.DataArray:
    """A parameter as a DataArray of checked numbers, with its own dimension where it is swept."""
    import xarray as xr

    array = value if isinstance(value, xr.DataArray) else _as_array(name, value)
    if array.size == 0:
        raise StanceError(f"{name}: is empty (shape {array.shape}); give at least one value in {_range(name)}")
    if array.dtype.kind not in "iuf":
        raise StanceError(f"{name} = {value!r}: must be numbers in {_range(name)}")
    _check_dims(name, array)
    parameter = PARAMETERS[name]
    flat = np.asarray(array.values, dtype=np.float64).ravel()
    bad = np.flatnonzero(~(np.isfinite(flat) & (flat >= parameter.least) & (flat <= parameter.most)))
    if bad.size:
        where = "" if array.ndim == 0 else f" (entry {bad[0]})"
        raise StanceError(f"{name} = {flat[bad[0]]:g}{where}: allowed is {_range(name)}")
    return array.astype(np.float64)


def _as_array(name: str, value: Any) -> xr.DataArray:
    import xarray as xr

    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        raise StanceError(f"{name} = {value!r}: must be numbers in {_range(name)}") from None
    if array.dtype.kind not in "iuf":
        raise StanceError(f"{name} = {value!r}: must be numbers in {_range(name)}")
    if array.ndim == 0:
        return xr.DataArray(array)
    if name == "load_position":
        if array.shape != (3,):
            raise StanceError(f"{name}: has shape {array.shape}; must be (x, y, z), or a DataArray over 'axis'")
        return xr.DataArray(array, dims="axis", coords={"axis": list(AXES)})
    if array.ndim > 1:
        raise StanceError(
            f"{name}: has shape {array.shape}; must be a scalar, 1-D, or a DataArray with named dimensions"
        )
    return xr.DataArray(array, dims=name, coords={name: array})


def _check_dims(name: str, array: xr.DataArray) -> None:
    for dim in array.dims:
        if dim == "side":
            if not PARAMETERS[name].per_leg:
                raise StanceError(f"{name}: is not a parameter of a leg; it must not have a 'side' dimension")
            _check_labels(name, array, "side", SIDES)
        elif dim == "axis":
            if name != "load_position":
                raise StanceError(f"{name}: must not have an 'axis' dimension; only load_position has")
            _check_labels(name, array, "axis", AXES)
        elif dim in RESERVED or dim in ("support", "arms", *POLICY_DIMS.values()):
            raise StanceError(f"{name}: must not use the dimension {dim!r}, which the answer uses")
    if name == "load_position" and "axis" not in array.dims:
        raise StanceError(f"{name}: must be (x, y, z), or a DataArray over 'axis'")


def _check_labels(name: str, array: xr.DataArray, dim: str, labels: tuple[str, ...]) -> None:
    given = tuple(array[dim].values.tolist()) if dim in array.coords else labels
    if array.sizes[dim] != len(labels) or set(given) != set(labels):
        raise StanceError(f"{name}: dimension {dim!r} has labels {given}; they must be {labels}")


def _policed(name: str, policies: tuple[str, ...], value: Any) -> tuple[xr.DataArray, xr.DataArray]:
    """Degrees and policy of an angle; a list that holds policies makes a dimension of its own, ``tilt_policy``, ..."""
    import xarray as xr

    def code(label: str) -> int:
        if label not in policies:
            raise StanceError(
                f"{name} = {label!r}: must be degrees in {_range(name)}, or a policy: {', '.join(policies)}"
            )
        return policies.index(label)

    if isinstance(value, str):
        return xr.DataArray(0.0), xr.DataArray(code(value))
    if isinstance(value, list | tuple) and any(isinstance(entry, str) for entry in value):
        labels = [entry if isinstance(entry, str) else f"{_numbers(name, entry).item():g}" for entry in value]
        if len(set(labels)) != len(labels):
            raise StanceError(f"{name} = {value!r}: names a policy twice")
        dim = POLICY_DIMS[name]
        degrees = [0.0 if isinstance(entry, str) else float(entry) for entry in value]
        codes = [code(entry) if isinstance(entry, str) else -1 for entry in value]
        return xr.DataArray(degrees, dims=dim, coords={dim: labels}), xr.DataArray(
            codes, dims=dim, coords={dim: labels}
        )
    return _numbers(name, value), xr.DataArray(-1)


def _choice(name: str, words: tuple[str, ...], value: Any) -> xr.DataArray:
    """A parameter that is one of a few words, as indices; a list makes a dimension of its own."""
    import xarray as xr

    given = value if isinstance(value, xr.DataArray) else np.asarray(value)
    labels = [str(label) for label in np.asarray(given).ravel()]
    for label in labels:
        if label not in words:
            raise StanceError(f"{name} = {label!r}: allowed is {', '.join(words)}")
    if not labels:
        raise StanceError(f"{name}: is empty; allowed is {', '.join(words)}")
    codes = np.array([words.index(label) for label in labels]).reshape(np.shape(given))
    if isinstance(given, xr.DataArray):
        return given.copy(data=codes)
    if codes.ndim > 1:
        raise StanceError(f"{name}: has shape {codes.shape}; must be a name or a list of names")
    return xr.DataArray(codes, dims=name, coords={name: labels}) if codes.ndim else xr.DataArray(int(codes))


def _check_support(asked: Mapping[str, Any], arrays: dict[str, xr.DataArray]) -> None:
    """A seat and a step have their measures, which mean nothing without them; on a seat the weight lies where it must.

    One foot bears all the weight there is.
    """
    for name, choice, words, word in (
        ("seat_height", "support", SUPPORTS, "seat"),
        ("step_height", "support", SUPPORTS, "step"),
        ("step_length", "support", SUPPORTS, "step"),
        ("hand_support", "arms", ARMS, "thighs"),
    ):
        if name in asked and not bool((arrays[choice] == words.index(word)).any()):
            raise StanceError(f"{name} = {asked[name]!r}: needs {choice} = {word!r}")
    two = arrays["support"].isin([SUPPORTS.index("both"), SUPPORTS.index("step")])
    if "weight_balance" in asked and not bool(two.any()):
        raise StanceError(
            f"weight_balance = {asked['weight_balance']!r}: needs two feet that stand, support = 'both' or 'step'"
        )
    seated = arrays["support"] == SUPPORTS.index("seat")
    if "weight_shift" in asked and bool(seated.all()):
        raise StanceError(
            f"weight_shift = {asked['weight_shift']!r}: means nothing with support = 'seat', which bears the weight"
        )
    for name, word in (("pelvic_tilt", "hanging"), ("trunk_lean", "hanging_sway"), ("knee_flexion", "passive")):
        code, policies = WITH_POLICY[name]
        if bool((seated & (arrays[code] == policies.index(word))).any()):
            raise StanceError(f"{name} = {word!r}: means nothing with support = 'seat', which bears the weight")


def _check_policies(arrays: dict[str, xr.DataArray]) -> None:
    """The lean at which a body hangs is that of a given tilt."""
    if bool(((arrays["lean_policy"] >= 0) & (arrays["policy"] >= 0)).any()):
        raise StanceError("trunk_lean = 'hanging_sway': needs pelvic_tilt in degrees; it is the lean at a given tilt")


def _check_load(arrays: dict[str, xr.DataArray]) -> None:
    if "axis" not in arrays["load_position"].dims:
        if float(arrays["load_mass"].max()) > 0.0:
            heaviest = float(arrays["load_mass"].max())
            raise StanceError(
                f"load_mass = {heaviest:g}: needs load_position = (x, y, z) in the trunk frame, "
                f"each in {_range('load_position')}"
            )
        arrays["load_position"] = arrays["load_position"].expand_dims({"axis": list(AXES)})


def _broadcast(arrays: dict[str, xr.DataArray], held: dict[str, Any]) -> StanceGrid:
    import xarray as xr

    inner = {"side": list(SIDES), "axis": list(AXES)}
    prepared = {}
    for name, array in arrays.items():
        for dim, labels in inner.items():
            if dim in array.dims and dim in array.coords:
                array = array.sel({dim: labels})
            array = array.drop_vars(dim, errors="ignore")
        prepared[name] = array
    try:
        xr.align(*prepared.values(), join="exact", copy=False)
    except ValueError as error:
        raise StanceError(f"stance parameters do not broadcast: {error}") from None
    sizes: dict[str, int] = {}
    labels_of: dict[str, NDArray[Any]] = {}
    for array in prepared.values():
        for dim in map(str, array.dims):
            if dim not in inner:
                sizes[dim] = array.sizes[dim]
                if dim in array.coords:
                    labels_of[dim] = array[dim].values

    def over_all(name: str, last: str | None) -> NDArray[Any]:
        wanted = [*sizes, last] if last else list(sizes)
        array = prepared[name]
        array = array.expand_dims([dim for dim in wanted if dim not in array.dims]).transpose(*wanted)
        values = array.values
        return np.broadcast_to(values, (*values.shape[:-1], len(inner[last]))) if last else values

    full = {}
    for name, parameter in PARAMETERS.items():
        full[name] = over_all(name, "side" if parameter.per_leg else "axis" if name == "load_position" else None)
    full |= {name: over_all(name, None).astype(np.int64) for name in CODES}
    dims = {dim: labels_of.get(dim, np.arange(size)) for dim, size in sizes.items()}
    return StanceGrid(dims, full, held, _varied(prepared))


def _varied(arrays: dict[str, xr.DataArray]) -> dict[str, tuple[tuple[str, ...], Array]]:
    """Parameters along dimensions that do not bear their name, a leg's parameter once per side."""
    varied: dict[str, tuple[tuple[str, ...], Array]] = {}
    for name in PARAMETERS:
        array = arrays[name]
        if name in ("pelvic_tilt", "load_position") or array.ndim == 0 or name in array.dims:
            continue
        sides = {f"{name}_{side}": array.isel(side=i) for i, side in enumerate(SIDES)} if "side" in array.dims else {}
        for label, part in (sides or {name: array}).items():
            varied[label] = (tuple(map(str, part.dims)), part.values)
    return varied
