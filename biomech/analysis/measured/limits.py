"""What muscles may do in measured frames, and what it costs: bounds and weights by muscle, group or pattern."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import Given, columns_of, is_named, is_series, read_numbers
from biomech._arguments import is_masked, real_number, shown
from biomech.errors import StanceError
from biomech.model.model import Model

Array = NDArray[np.float64]

#: By argument: what holds where nothing is given, the least and the largest that is allowed.
LIMITS: Mapping[str, tuple[float, float, float]] = {
    "lower": (0.0, 0.0, 1.0),
    "upper": (1.0, 0.0, 1.0),
    "weight": (1.0, sys.float_info.min, 1e100),
}
_MUST = "must be a number, or a mapping of muscles, groups or patterns to numbers or values of each frame"


def limits_of(model: Model, name: str, value: Any) -> dict[str, Any]:
    """What is given for ``lower``, ``upper`` or ``weight``, by muscle, group or pattern, not yet checked.

    Parameters
    ----------
    model : Model
        The body.
    name : str
        Of the argument.
    value : object
        A number for all; a mapping, Dataset or DataFrame of patterns to numbers or values over frames; a Series or a
        DataArray over ``muscle``, labelled, and the dimensions of the frames; an array, a number for each muscle.

    Raises
    ------
    StanceError
        Nothing of the model is called so, or it is none of these.
    """
    if value is None:
        return {}
    if is_series(value):
        _check_once(name, value.index.tolist())
        found = dict(zip(value.index.tolist(), value.tolist(), strict=True))
    elif is_named(value) and value.ndim:
        found = _by_muscle(model, name, value)
    elif (columns := columns_of(name, value)) is not None:
        found = dict(columns)
    else:
        found = _plain(model, name, value)
    for pattern, own in found.items():
        if not isinstance(pattern, str):
            raise StanceError(f"{name}: has the label {shown(pattern)}; labels must be names or patterns of muscles")
        if pattern != "*" and not model.rows_matching("muscles", pattern):
            raise StanceError(f"{name}: no muscle or group matches {pattern!r}; groups are {', '.join(model.groups)}")
        if _is_number(own):
            found[pattern] = real_number(f"{name}[{pattern!r}]", own, *LIMITS[name][1:])
    return found


def _is_number(value: Any) -> bool:
    return value is None or np.isscalar(value) or (isinstance(value, np.ndarray) and value.ndim == 0)


def _by_muscle(model: Model, name: str, value: Any) -> dict[str, Any]:
    """Values along ``muscle``, one muscle each."""
    import xarray as xr

    array = value if isinstance(value, xr.DataArray) else xr.DataArray(value)
    if "muscle" not in array.dims:
        raise StanceError(f"{name}: has dimensions {array.dims}; must have muscle, or be a mapping of muscles")
    if "muscle" in array.coords:
        labels = array["muscle"].values.tolist()
    elif array.sizes["muscle"] == len(model.muscles):
        labels = list(model.muscles)
    else:
        raise StanceError(f"{name}: has {array.sizes['muscle']} entries along muscle; must have labels")
    _check_once(name, labels)
    along = [other for other, own in array.coords.items() if "muscle" in own.dims]
    bare = array.drop_vars(along)
    return {label: bare.isel(muscle=k) for k, label in enumerate(labels)}


def _check_once(name: str, labels: list[Any]) -> None:
    """Refuse names that stand twice."""
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise StanceError(f"{name}: names {twice!r} twice")


def _plain(model: Model, name: str, value: Any) -> dict[str, Any]:
    """A number for all muscles, or one for each."""
    try:
        numbers = np.asarray(value)
    except (TypeError, ValueError, OverflowError):
        raise StanceError(f"{name} = {shown(value)}: {_MUST}") from None
    if is_masked(value) or numbers.dtype.kind not in "iuf":
        raise StanceError(f"{name} = {shown(value)}: {_MUST}")
    if numbers.ndim == 0:
        _, least, most = LIMITS[name]
        return {"*": real_number(name, value, least, most)}
    if numbers.shape != (len(model.muscles),):
        raise StanceError(
            f"{name}: has shape {numbers.shape}; must have shape ({len(model.muscles)},), or be a mapping"
        )
    return dict(zip(model.muscles, numbers.tolist(), strict=True))


def read_limits(name: str, given: Mapping[str, Any]) -> Iterator[Given]:
    """What is given of ``lower``, ``upper`` or ``weight`` for each frame, as numbers in their range.

    Raises
    ------
    StanceError
        A value is no number, or out of its range.
    """
    _, least, most = LIMITS[name]
    for pattern, value in given.items():
        if isinstance(value, float):
            continue
        title = f"{name}[{pattern!r}]"
        one = read_numbers(title, value, "frame")
        bad = ~((one.array.values >= least) & (one.array.values <= most))
        if bad.any():
            allowed = "positive" if name == "weight" else f"from {least:g} to {most:g}"
            raise StanceError(f"{title} = {one.array.values[bad].ravel()[0]:g}: must be {allowed}")
        yield one._replace(group=name)


def placed(model: Model, name: str, given: Mapping[str, Any], values: Mapping[str, Array]) -> Array:
    """Limits of every muscle, (frame or 1, muscle); ``values`` (frame,) are those of patterns that vary.

    Of several patterns that match a muscle the last one holds.
    """
    count = max((len(own) for own in values.values()), default=1)
    found = np.full((count, len(model.muscles)), LIMITS[name][0])
    for pattern, value in given.items():
        rows = [slice(None)] if pattern == "*" else model.rows_matching("muscles", pattern)
        for row in rows:
            found.T[row] = values[f"{name}[{pattern!r}]"] if not isinstance(value, float) else value
    return found


def check_bounds(model: Model, lower: Array, upper: Array, is_steep: bool, frame_name: Callable[[int], str]) -> None:
    """Refuse bounds that cross, and under a steep criterion, which measures by upper bounds, one of zero.

    Raises
    ------
    StanceError
        Naming the muscle and the frame.
    """
    crossed = np.argwhere(~(lower <= upper))
    if len(crossed):
        frame, muscle = map(int, crossed[0])
        low, high = (part[min(frame, len(part) - 1), muscle] for part in (lower, upper))
        where = f" ({frame_name(frame)})" if max(len(lower), len(upper)) > 1 else ""
        raise StanceError(f"lower of {model.muscles[muscle]} = {low:g}{where}: must be at most upper, {high:g}")
    if is_steep and not upper.all():
        muscle = int(np.argwhere(upper == 0.0)[0, 1])
        raise StanceError(
            f"upper of {model.muscles[muscle]} = 0: must be positive under a criterion that measures activation by it"
        )


def told(model: Model, limits: Array) -> float | dict[str, float]:
    """Limits of all frames as a record tells them: one number, or numbers by muscle."""
    if (limits == limits[0, 0]).all():
        return float(limits[0, 0])
    return dict(zip(model.muscles, limits[0].tolist(), strict=True))
