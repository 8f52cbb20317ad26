"""What is asked of the body, validated at the door."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech.errors import StanceError

if TYPE_CHECKING:
    import xarray as xr

    from biomech.model.flat import Flat

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Parameter:
    """A stance parameter: its default, its range and its unit."""

    default: float | None
    least: float
    most: float
    unit: str
    long_name: str
    per_leg: bool = False


#: Every numeric stance parameter.
PARAMETERS: dict[str, Parameter] = {
    "foot_rotation": Parameter(0.0, -30.0, 90.0, "deg", "heading of the foot, toe-out positive", per_leg=True),
    "knee_flexion": Parameter(0.0, -10.0, 120.0, "deg", "knee flexion, hyperextension negative", per_leg=True),
    "knee_laxity": Parameter(5.0, 0.0, 25.0, "deg", "shift of the knee's passive curve", per_leg=True),
    "weight_shift": Parameter(0.42, 0.0, 1.0, "1", "place of the weight along the foot, 0 heel, 1 toe tip"),
    "weight_balance": Parameter(0.5, 0.0, 1.0, "1", "place of the weight between the feet, 0 left, 1 right"),
    "pelvic_rotation": Parameter(0.0, -60.0, 60.0, "deg", "heading of pelvis and trunk, to the left positive"),
    "stance_width": Parameter(0.17, 0.05, 1.0, "m", "distance between the ankle centres"),
    "trunk_lean": Parameter(0.0, -30.0, 100.0, "deg", "inclination of the trunk in space, forward positive"),
    "pelvic_tilt": Parameter(None, -25.0, 35.0, "deg", "pelvic tilt in space, anterior positive"),
    "tilt_change": Parameter(0.0, -25.0, 25.0, "deg", "change of pelvic tilt, added to what is given or found"),
    "lumbar_rhythm": Parameter(1.0, 0.0, 1.4, "1", "factor on the lumbar spine's share of a lean"),
    "slope": Parameter(0.0, -30.0, 30.0, "deg", "slope of the floor, uphill positive"),
    "cross_slope": Parameter(0.0, -30.0, 30.0, "deg", "sideways slope of the floor, right side lower positive"),
    "friction": Parameter(0.6, 0.0, 2.0, "1", "coefficient of friction of the floor"),
    "step_height": Parameter(0.17, 0.0, 0.5, "m", "height of the right foot's step above the left foot"),
    "step_length": Parameter(0.25, -0.5, 0.8, "m", "how far the right foot is ahead of the left"),
    "seat_height": Parameter(0.45, 0.2, 1.0, "m", "height of the seat above the floor"),
    "load_mass": Parameter(0.0, 0.0, 200.0, "kg", "mass carried by the trunk"),
    "load_position": Parameter(0.0, -2.0, 2.0, "m", "place of the load in the trunk frame"),
}
SUPPORTS = ("both", "right", "left", "seat", "step")
#: How the arms are held: hanging along gravity, or turning with the trunk.
ARMS = ("hanging", "fixed")
#: Policies: of the tilt, of the trunk's lean and of the knee.
POLICIES = ("least_effort", "hanging", "passive", "rhythm")
LEAN_POLICIES = ("hanging_sway",)
KNEE_POLICIES = ("passive",)
#: Where a parameter that tells the sides apart does not.
_MIDDLE = {"weight_balance": 0.5, "cross_slope": 0.0, "pelvic_rotation": 0.0}
#: What is not a number but a choice: support and policies.
_CODES = ("support", "arms", "policy", "lean_policy", "knee_policy")
SIDES = ("right", "left")
AXES = ("x", "y", "z")
#: Dimensions of the answers, which a parameter may not use as its own.
POLICY_DIMS = {"pelvic_tilt": "tilt_policy", "trunk_lean": "lean_policy", "knee_flexion": "knee_policy"}
_WITH_POLICY = {
    "pelvic_tilt": ("policy", POLICIES),
    "trunk_lean": ("lean_policy", LEAN_POLICIES),
    "knee_flexion": ("knee_policy", KNEE_POLICIES),
}
RESERVED = ("muscle", "group", "coordinate", "joint", "foot", "segment", "bound", "minimum", "pose")


@dataclass(frozen=True, eq=False)
class Stance:
    """Validated stances, one entry per posture.

    ``values`` maps each parameter to (posture,), a leg's parameter to (posture, 2) with the right leg first,
    ``load_position`` to (posture, 3). ``support`` and ``arms`` (posture,) index ``SUPPORTS`` and ``ARMS``. ``policy``,
    ``lean_policy`` and ``knee_policy`` (posture,) index ``POLICIES``, ``LEAN_POLICIES`` and ``KNEE_POLICIES``, or are
    -1 where the angle is given in degrees.
    """

    values: dict[str, Array]
    support: NDArray[np.int64]
    arms: NDArray[np.int64]
    policy: NDArray[np.int64]
    lean_policy: NDArray[np.int64]
    knee_policy: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.support)

    def take(self, index: NDArray[Any], **changed: Array) -> Stance:
        """Some of the postures, with some values changed."""
        values = {name: value[index] for name, value in self.values.items() if name not in changed}
        codes = (self.support, self.arms, self.policy, self.lean_policy, self.knee_policy)
        return Stance(values | changed, *(code[index] for code in codes))

    def load(self, flat: Flat) -> Array:
        """Mass (kg) and first moment (kg.m, trunk frame) that the trunk carries, (posture, 4); a half body half of it.

        Arms that hang act at the shoulder: of the trunk that holds them rigid they differ by their mass times their
        drop below it, along the trunk.
        """
        mass = self.values["load_mass"][:, None]
        load = np.hstack([mass, mass * self.values["load_position"]])
        load[:, 2] += np.where(self.arms == ARMS.index("hanging"), flat.arms_moment, 0.0)
        return (0.5 if flat.half else 1.0) * load

    def is_symmetric(self) -> NDArray[np.bool_]:
        """Per posture: both legs are asked the same, and no load pulls to a side."""
        legs = [self.values[name] for name, p in PARAMETERS.items() if p.per_leg]
        same = np.logical_and.reduce([leg[:, 0] == leg[:, 1] for leg in legs])
        central = (self.values["load_mass"] == 0.0) | (self.values["load_position"][:, 2] == 0.0)
        straight = np.logical_and.reduce([self.values[name] == at for name, at in _MIDDLE.items()])
        both = (self.support == SUPPORTS.index("both")) | (self.support == SUPPORTS.index("seat"))
        return np.asarray(same & central & straight & both)


@dataclass(frozen=True, eq=False)
class StanceGrid:
    """Every combination of what was asked, not written out: a long sweep needs memory for its answers only.

    ``dims`` maps each dimension to its labels. ``arrays`` holds each parameter, ``support`` and the policies over all
    dimensions, of length 1 along those that it does not vary with, and then over its own last axis (side, or axis) if
    it has one. ``held`` maps scalars to their value; ``varied`` maps what varies along dimensions of another name to
    (dimensions, values).
    """

    dims: dict[str, NDArray[Any]]
    arrays: dict[str, NDArray[Any]]
    held: dict[str, Any]
    varied: dict[str, tuple[tuple[str, ...], Array]]

    def __len__(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the sweep."""
        return tuple(len(labels) for labels in self.dims.values())

    @property
    def has_policy(self) -> bool:
        """Whether some angle is left to a policy."""
        return any((self.arrays[code] >= 0).any() for code, _ in _WITH_POLICY.values())

    def postures(self, first: int, last: int) -> Stance:
        """Stances ``first`` to ``last``, the last not included, in the order of the dimensions."""
        place = np.unravel_index(np.arange(first, last), self.shape) if self.dims else ()
        taken = {name: self._take(array, place, last - first) for name, array in self.arrays.items()}
        return Stance({name: taken[name] for name in PARAMETERS}, *(taken[name] for name in _CODES))

    def all(self) -> Stance:
        """All of them."""
        return self.postures(0, len(self))

    def _take(self, array: NDArray[Any], place: tuple[NDArray[Any], ...], count: int) -> NDArray[Any]:
        grid = range(len(self.dims))
        varying = [d for d in grid if array.shape[d] > 1]
        small = array[tuple(slice(None) if d in varying else 0 for d in grid)]
        if varying:
            return np.ascontiguousarray(small[tuple(place[d] for d in varying)])
        return np.array(np.broadcast_to(small, (count, *small.shape)))


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
    for name, (code, policies) in _WITH_POLICY.items():
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
    held = {name: array.item() for name, array in arrays.items() if array.ndim == 0 and name in PARAMETERS}
    for name, (code, policies) in _WITH_POLICY.items():
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
    for name, word in (("seat_height", "seat"), ("step_height", "step"), ("step_length", "step")):
        if name in asked and not bool((arrays["support"] == SUPPORTS.index(word)).any()):
            raise StanceError(f"{name} = {asked[name]!r}: needs support = {word!r}")
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
    hangs = {"policy": "hanging", "lean_policy": "hanging_sway", "knee_policy": "passive"}
    words = {"policy": POLICIES, "lean_policy": LEAN_POLICIES, "knee_policy": KNEE_POLICIES}
    names = {code: name for name, (code, _) in _WITH_POLICY.items()}
    for code, word in hangs.items():
        if bool((seated & (arrays[code] == words[code].index(word))).any()):
            raise StanceError(f"{names[code]} = {word!r}: means nothing with support = 'seat', which bears the weight")


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
    full |= {name: over_all(name, None).astype(np.int64) for name in _CODES}
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
