"""Stances from what a caller asks, validated at the door."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import is_named, is_series, of_series
from biomech._arguments import is_masked, shown
from biomech.errors import StanceError
from biomech.stance.applicability import check_parameters, check_policies
from biomech.stance.carried import carried
from biomech.stance.declarations import PARTS
from biomech.stance.labelled_values import Named, align, is_data_array, of_data_array
from biomech.stance.parameters import (
    CHOICES,
    CODES,
    PARAMETERS,
    POLICY_DIMS,
    RESERVED,
    SIDES,
    WITH_POLICY,
)
from biomech.stance.stance import StanceGrid

Array = NDArray[np.float64]

_CHOICES = {name: choice.names for name, choice in CHOICES.items()}
#: Where the index of each word is, and the words.
_WORDS = WITH_POLICY | {name: (name, words) for name, words in _CHOICES.items()}
_INNER = PARTS
#: Postures: more would need more memory than there is, whatever is kept of them.
MOST_POSTURES = 2**31


def _default(name: str) -> Named:
    """What holds where a parameter or a code is not asked for."""
    if name in PARAMETERS:
        about = PARAMETERS[name]
        value = Named(np.full(3, about.default), ("axis",)) if about.per == "axis" else Named(np.asarray(about.default))
    else:
        value = Named(np.array(0 if name in _CHOICES else -1))
    value.values.setflags(write=False)  # every grid shows them
    return value


#: What is not asked; angles that a policy may give come first.
_DEFAULTS = {name: _default(name) for name in dict.fromkeys([*WITH_POLICY, *PARAMETERS, *CODES])}


def parse_stance(asked: Mapping[str, Any], options: Iterable[str] = (), most: float = MOST_POSTURES) -> StanceGrid:
    """Validate what is asked, and how it combines: a 1-D value makes a dimension, a DataArray broadcasts by its names.

    ``options`` are what else the caller takes, to be proposed where a name is not known; ``most`` postures are allowed.

    Raises
    ------
    StanceError
        With the parameter, the value and what is allowed.
    """
    _check_names(asked, options)
    asked = {name: _with_names(name, value) for name, value in asked.items()}
    read: dict[str, Named] = {}
    for name, (code, policies) in WITH_POLICY.items():
        if name in asked:
            read[name], read[code] = _policed(name, policies, asked[name])
    read |= {name: _numbers(name, asked[name]) for name in PARAMETERS if name in asked and name not in read}
    read |= {name: _choice(name, words, asked[name]) for name, words in _CHOICES.items() if name in asked}
    added = {name: _default(name) for name in PARAMETERS if name not in _DEFAULTS}
    stance = {name: read[name] for name in asked} | _DEFAULTS | added | read
    check_parameters(asked, stance)
    if any(value.coords or (value.dims and is_data_array(asked.get(name))) for name, value in read.items()):
        stance |= align({name: stance[name] for name in dict.fromkeys([*asked, *read])}, tuple(_INNER))
    check_policies(stance)
    return _combine(stance, asked, most)


def _check_names(asked: Mapping[str, Any], options: Iterable[str]) -> None:
    known = [*PARAMETERS, *_CHOICES]
    for name in asked:
        if name not in known:
            near = difflib.get_close_matches(name, [*known, *options], n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise StanceError(f"{name}: unknown stance parameter{hint}; parameters are {', '.join(known)}")
    for name, about in PARAMETERS.items():
        if about.default is None and name not in asked:
            policies = f", or a policy: {', '.join(WITH_POLICY[name][1])}" if name in WITH_POLICY else ""
            raise StanceError(f"{name}: has no default, {about.no_default}; give degrees in {_range(name)}{policies}")


def _range(name: str) -> str:
    return PARAMETERS[name].range


def _numbers(name: str, value: Any) -> Named:
    """A parameter as checked numbers, with its own dimension where it is swept."""
    _check_mask(name, value)
    given = of_data_array(name, value) if is_data_array(value) else _plain(name, value)
    if given.values.size == 0:
        raise StanceError(f"{name}: is empty (shape {given.values.shape}); give at least one value in {_range(name)}")
    if given.values.dtype.kind not in "iuf":
        raise StanceError(f"{name} = {shown(value)}: must be numbers in {_range(name)}")
    _check_dims(name, given)
    parameter = PARAMETERS[name]
    with np.errstate(over="ignore"):  # of longer floats, which infinity then says
        numbers = given.values.astype(np.float64)
    flat = numbers.ravel()
    bad = np.flatnonzero(~((flat >= parameter.least) & (flat <= parameter.most)))  # NaN is neither
    if bad.size:
        where = "" if numbers.ndim == 0 else f" (entry {bad[0]})"
        raise StanceError(f"{name} = {flat[bad[0]]:g}{where}: allowed is {_range(name)}")
    read = _own_labels(name, given._replace(values=numbers), numbers)
    for dim, labels in _INNER.items():
        read = read.sorted(dim, labels)
    return read


def _check_mask(name: str, value: Any) -> None:
    """Refuse entries that are masked: what lies beneath a mask is not meant."""
    if is_masked(value):
        raise StanceError(f"{name}: has masked entries; fill them or leave them out")


def _with_names(name: str, value: Any) -> Any:
    """A Series along the name of its index, or a Variable, as a DataArray; all else as it is."""
    if isinstance(value, int | float | str):
        return value
    if is_series(value):
        if value.index.name is None and value.index.nlevels == 1:
            known = (dim for dim, labels in _INNER.items() if set(value.index.tolist()) == set(labels))
            raise StanceError(
                f"{name}: is a Series whose index has no name; name it, and it is a dimension "
                f"(value.rename_axis({next(known, 'case')!r})), or give the values alone (value.to_list())"
            )
        return of_series(name, value, name)
    if is_named(value) and not is_data_array(value):
        import xarray as xr

        return xr.DataArray(value)
    return value


def _words(name: str, words: Sequence[str], value: Any) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except (TypeError, ValueError):  # lists of unequal length
        raise StanceError(f"{name} = {shown(value)}: allowed is {', '.join(words)}, or a list of them") from None


def _plain(name: str, value: Any) -> Named:
    try:
        array = np.array(value)
    except (TypeError, ValueError):
        raise StanceError(f"{name} = {shown(value)}: must be numbers in {_range(name)}") from None
    if array.dtype.kind not in "iuf":
        raise StanceError(f"{name} = {shown(value)}: must be numbers in {_range(name)}")
    if array.ndim == 0:
        return Named(array)
    if PARAMETERS[name].per == "axis":
        if array.shape != (3,):
            raise StanceError(f"{name}: has shape {array.shape}; must be (x, y, z), or a DataArray over 'axis'")
        return Named(array, ("axis",))
    if array.ndim > 1:
        raise StanceError(
            f"{name}: has shape {array.shape}; must be a scalar, 1-D, or a DataArray with named dimensions"
        )
    return Named(array, (name,), {name: array})


def _check_dims(name: str, given: Named) -> None:
    own = PARAMETERS.get(name)
    for dim in given.dims:
        if dim == "side":
            if own is None or not own.per_leg:
                raise StanceError(f"{name}: is not a parameter of a leg; it must not have a 'side' dimension")
            _check_labels(name, given, "side", SIDES)
        elif dim == "axis":
            if own is None or own.per != "axis":
                places = " and ".join(place for place, about in PARAMETERS.items() if about.per == "axis")
                raise StanceError(f"{name}: must not have an 'axis' dimension; only {places} has")
            _check_labels(name, given, "axis", _INNER["axis"])
        elif dim in RESERVED or (own and dim in (*_CHOICES, *POLICY_DIMS.values())):
            raise StanceError(f"{name}: must not use the dimension {dim!r}, which the answer uses")
    if own and own.per == "axis" and "axis" not in given.dims:
        raise StanceError(f"{name}: must be (x, y, z), or a DataArray over 'axis'")


def _own_labels(name: str, given: Named, values: NDArray[Any]) -> Named:
    """With its values as the labels of a dimension that bears its name and has none."""
    if name not in given.dims or name in given.labels:
        return given
    if len(given.dims) > 1:
        raise StanceError(f"{name}: its dimension {name!r} has no labels; give it some, or another name")
    return given._replace(labels={name: values})


def _check_labels(name: str, array: Named, dim: str, labels: tuple[str, ...]) -> None:
    given = tuple(array.labels[dim].tolist()) if dim in array.labels else labels
    if array.size(dim) != len(labels) or set(given) != set(labels):
        raise StanceError(f"{name}: dimension {dim!r} has labels {given}; they must be {labels}")


def _policed(name: str, policies: Sequence[str], value: Any) -> tuple[Named, Named]:
    """Degrees and policy of an angle; a list that holds policies makes a dimension of its own, ``tilt_policy``, ..."""
    allowed = f"must be degrees in {_range(name)}, or a policy: {', '.join(policies)}"

    def code(label: str) -> int:
        if label not in policies:
            raise StanceError(f"{name} = {label!r}: {allowed}")
        return policies.index(label)

    def angle(entry: Any) -> float:
        number = _numbers(name, entry)
        if number.dims:
            raise StanceError(f"{name} = {shown(entry)}: {allowed}")
        return float(number.values)

    if getattr(getattr(value, "dtype", None), "kind", "") in "UO" and getattr(value, "ndim", 0) == 1:
        if is_data_array(value):
            raise StanceError(f"{name}: a DataArray of policies is not taken; give a list, or degrees: {allowed}")
        value = list(value.tolist())
    if isinstance(value, str):
        return Named(np.array(0.0)), Named(np.array(code(value)))
    if isinstance(value, list | tuple) and any(isinstance(entry, str) for entry in value):
        degrees = [0.0 if isinstance(entry, str) else angle(entry) for entry in value]
        labels = [entry if isinstance(entry, str) else f"{at:g}" for entry, at in zip(value, degrees, strict=True)]
        if len(set(labels)) != len(labels):
            raise StanceError(f"{name} = {shown(value)}: names a policy twice")
        codes = [code(entry) if isinstance(entry, str) else -1 for entry in value]
        dims, labelled = (POLICY_DIMS[name],), {POLICY_DIMS[name]: np.array(labels)}
        return Named(np.array(degrees), dims, labelled), Named(np.array(codes), dims, labelled)
    return _numbers(name, value), _DEFAULTS[WITH_POLICY[name][0]]


def _choice(name: str, words: Sequence[str], value: Any) -> Named:
    """A parameter that is one of a few words, as indices; a list makes a dimension of its own."""
    _check_mask(name, value)
    given = of_data_array(name, value) if is_data_array(value) else Named(_words(name, words, value))
    labels = [str(label) if isinstance(label, str) else shown(label) for label in given.values.ravel()]
    for label in labels:
        if label not in words:
            raise StanceError(f"{name} = {label!r}: allowed is {', '.join(words)}")
    if not labels:
        raise StanceError(f"{name}: is empty; allowed is {', '.join(words)}")
    codes = np.array([words.index(label) for label in labels]).reshape(given.values.shape)
    if is_data_array(value):
        _check_dims(name, given)
        return _own_labels(name, given._replace(values=codes), given.values)
    if codes.ndim > 1:
        raise StanceError(f"{name}: has shape {codes.shape}; must be a name or a list of names")
    return Named(codes, (name,), {name: np.array(labels)}) if codes.ndim else Named(codes)


def _combine(stance: Mapping[str, Named], asked: Iterable[str], most: float) -> StanceGrid:
    dims: dict[str, NDArray[Any]] = {}
    bearers: dict[str, str] = {}
    for name, value in stance.items():
        for dim in value.dims:
            if dim in value.labels or dim not in {**dims, **_INNER}:
                dims[dim] = value.labels.get(dim, np.arange(value.size(dim)))
                bearers.setdefault(dim, name)
    if (count := math.prod(map(len, dims.values()))) > most:
        sizes = " x ".join(f"{dim} {len(labels)}" for dim, labels in dims.items())
        raise StanceError(f"{sizes} = {count:.3g} postures: allowed are {most:,} in one sweep")
    arrays = {}
    for name, parameter in PARAMETERS.items():
        last = (parameter.per,) if parameter.per else ()
        array = stance[name].over([*dims, *last])
        arrays[name] = np.broadcast_to(array, (*array.shape[:-1], len(SIDES))) if parameter.per_leg else array
    arrays |= {name: stance[name].over(dims) for name in CODES}
    along = carried(stance, dims, bearers) if dims or any(value.coords for value in stance.values()) else {}
    given = {name: stance[name].dims for name in asked}
    return StanceGrid(dims, arrays, _held(stance), _varied(stance), along, bearers, given)


def _held(stance: Mapping[str, Named]) -> dict[str, Any]:
    """Parameters that are one number or one word."""
    held = {name: value.values.item() for name, value in stance.items() if not value.dims and name in PARAMETERS}
    for name, (code, words) in _WORDS.items():
        if not stance[code].dims and (place := stance[code].values.item()) >= 0:
            held[name] = words[place]
    return held


def _varied(stance: Mapping[str, Named]) -> dict[str, tuple[tuple[str, ...], Array]]:
    """What is given along dimensions that do not bear its name, a leg's parameter once per side."""
    varied: dict[str, tuple[tuple[str, ...], Array]] = {}
    found = {name for name, (code, _) in WITH_POLICY.items() if (stance[code].values >= 0).any()}
    for name, about in PARAMETERS.items():
        value = stance[name]
        if about.default is None or about.per == "axis" or name in found or not value.dims or name in value.dims:
            continue
        sides = {f"{name}_{side}": value.at("side", i) for i, side in enumerate(SIDES)} if "side" in value.dims else {}
        for label, part in (sides or {name: value}).items():
            varied[label] = (part.dims, part.values)
    return varied
