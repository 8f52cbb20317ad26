"""Measurements at other times: a low-pass filter without a shift in time, then a spline through the samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import finite_array, real_number, shown
from biomech._units import in_units
from biomech.errors import StanceError
from biomech.io._time import times_of

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

#: Parts of a step by which a time may be beyond the samples: what rounding of written times makes.
_BEYOND = 0.1
#: Parts of a step by which samples may be off even times: files that round to a millisecond are off by a third.
_UNEVEN = 0.5
#: Order of the filter in one direction; back and forth it is twice that.
_ORDER = 2
#: Parts of the samples a second that a cut-off is at least: below, a filter is rounding alone.
_SLOWEST = 1e-5
#: Periods of the cut-off by which a signal is continued: what the filter began with is then gone to a part in 10^6.
_PADDING = 3


def resample(ds: xr.Dataset, times: Any = None, lowpass: float | None = None) -> xr.Dataset:
    """A Dataset over time at other times, and without what is faster than a cut-off.

    Parameters
    ----------
    ds : Dataset
        Variables over ``time``, in s, and other dimensions; those without ``time`` stay as they are. Where it has
        ``force``, ``point`` and ``moment`` it is one of loads, and a point may be NaN where its force is zero.
    times : array or DataArray, optional
        Times of the answer, in s; by default those of ``ds``. Between samples numbers follow a natural cubic spline, as
        the external forces of OpenSim do; beside a NaN they are NaN.
    lowpass : float, optional
        Cut-off, in Hz, of a Butterworth filter of second order that goes forth and back: of fourth order in all, and
        without a shift in time. The cut-off is corrected for the two passes (Winter 2009, Biomechanics and Motor
        Control of Human Movement, 4th ed., section 3.4.4.2): at it the amplitude is 1/sqrt(2). Before the first and
        after the last sample the signal is continued for three periods of the cut-off, turned about its end.
        Of loads told in one frame the force and the moment about the origin are filtered, and points stay: where there
        is no force they mean nothing, and a filter would carry that into the steps. A point in the air becomes that of
        the nearest sample with a force (without a filter: one that is NaN), and the moment about it takes what remains.

    Returns
    -------
    Dataset
        The same variables and attributes at ``times``.

    Raises
    ------
    StanceError
        Times are beyond those of ``ds`` by more than a tenth of its step, its samples are not even (with ``lowpass``),
        or something is NaN that has a meaning (with ``lowpass``). The message names the variable and the time.

    Examples
    --------
    >>> import numpy as np, xarray as xr, biomech as bm
    >>> time = np.arange(200) / 100
    >>> noisy = xr.Dataset({"force": ("time", 700 + 5 * np.cos(2 * np.pi * 40 * time))}, {"time": time})
    >>> bm.io.resample(noisy, [0.995, 1.0], lowpass=6.0).force.round(1).values.tolist()
    [700.0, 700.0]
    """
    given = times_of(ds)
    wanted = None if times is None else read_times(times)
    cutoff = None if lowpass is None else read_lowpass(lowpass)
    if wanted is not None:
        _check_within(given, wanted)
    _check_numbers(ds)
    if cutoff is not None:
        ds = _filtered(ds, given, cutoff)
    elif wanted is not None and _is_of_loads(ds):
        ds = _without_gaps(ds)
    return ds if wanted is None else _at(ds, given, wanted)


def _check_numbers(ds: xr.Dataset) -> None:
    """Refuse what lies along time and is no number."""
    for name, own in ds.data_vars.items():
        if "time" in own.dims and own.dtype.kind not in "iuf":
            raise StanceError(f"ds: {shown(name)} is of type {own.dtype}; must be numbers")


def read_times(times: Any) -> Array:
    """Times of an argument, in s, with their labels or without."""
    values = in_units("times", times, "s").values if hasattr(times, "dims") else times
    found = finite_array("times", values)
    if found.ndim != 1 or not found.size:
        raise StanceError(f"times: has shape {found.shape}; must be a list of times, in s")
    return found


def read_lowpass(lowpass: object) -> float:
    """A cut-off, in Hz."""
    found = real_number("lowpass", lowpass, 0.0)
    if found == 0.0:
        raise StanceError("lowpass = 0: must be above 0, in Hz")
    return found


def _check_within(given: Array, wanted: Array) -> None:
    """Refuse times at which nothing was measured."""
    step = float(np.median(np.diff(given))) if len(given) > 1 else 0.0
    beyond = np.maximum(given[0] - wanted, wanted - given[-1])
    worst = int(beyond.argmax())
    if beyond[worst] > _BEYOND * step:
        raise StanceError(
            f"times = {float(wanted[worst])!r} s: must be within those that were measured, "
            f"{float(given[0])!r} to {float(given[-1])!r} s"
        )


def _at(ds: xr.Dataset, given: Array, wanted: Array) -> xr.Dataset:
    """Every variable at other times; coordinates along time but time itself belong to samples, and are left."""
    import xarray as xr

    variables: dict[Any, Any] = {}
    for name, own in ds.data_vars.items():
        if "time" in own.dims:
            order = own.transpose("time", ...)
            values = _spline(given, np.asarray(order.values, dtype=np.float64), wanted)
            variables[name] = xr.Variable(order.dims, values, own.attrs).transpose(*own.dims)
        else:
            variables[name] = own
    kept = {name: own for name, own in ds.coords.items() if "time" not in own.dims}
    attrs = ds["time"].attrs
    time = xr.Variable(("time",), wanted, attrs | {"units": "s"} if "units" in attrs else attrs)
    return xr.Dataset(variables, coords={**kept, "time": time}, attrs=ds.attrs)


def _spline(given: Array, values: Array, wanted: Array) -> Array:
    """Samples (time, ...) at other times, each sample itself at its own."""
    columns = values.reshape(len(given), -1)
    found = np.full((len(wanted), columns.shape[1]), np.nan)
    whole = np.isfinite(columns).all(axis=0)
    found[:, whole] = _natural(given, columns[:, whole], wanted)
    for column in np.flatnonzero(~whole):
        there = np.flatnonzero(np.isfinite(columns[:, column]))
        for run in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
            if len(run):
                inside = (given[run[0]] <= wanted) & (wanted <= given[run[-1]])
                found[inside, column] = _natural(given[run], columns[run, column], wanted[inside])
    place = np.clip(np.searchsorted(given, wanted), 0, len(given) - 1)
    same = given[place] == wanted
    found[same] = columns[place[same]]
    return found.reshape(len(wanted), *values.shape[1:])


def _natural(given: Array, values: Array, wanted: Array) -> Array:
    """The natural cubic spline through samples without gaps, held before the first and after the last."""
    from scipy.interpolate import CubicSpline

    if len(given) == 1:
        return np.repeat(values, len(wanted), axis=0)
    return np.asarray(CubicSpline(given, values, bc_type="natural")(np.clip(wanted, given[0], given[-1])))


def _without_gaps(ds: xr.Dataset) -> xr.Dataset:
    """Loads whose points are NaN in the air, where those of the nearest sample with a force stand for them."""
    force = ds["force"].transpose("time", ..., "axis")
    point = ds["point"].transpose(*force.dims)
    acts = (force.values != 0.0).any(axis=-1)
    values = np.asarray(point.values, dtype=np.float64)
    filled = np.where(np.isnan(values) & ~acts[..., None], _held(values, acts), values)
    return ds.assign(point=point.copy(data=filled).transpose(*ds["point"].dims))


def _filtered(ds: xr.Dataset, given: Array, cutoff: float) -> xr.Dataset:
    """Every variable over time without what is faster than the cut-off."""
    rate = _rate(given, cutoff)
    found = {name: _filtered_variable(str(name), own, given, rate, cutoff) for name, own in _plain(ds)}
    if _is_of_loads(ds):
        found |= _filtered_loads(ds, given, rate, cutoff)
    return ds.assign(found)


def _is_of_loads(ds: xr.Dataset) -> bool:
    """Whether forces have points at which they act.

    Raises
    ------
    StanceError
        They have, but not over the same dimensions.
    """
    if not all(name in ds and {"time", "axis"} <= set(ds[name].dims) for name in ("force", "point")):
        return False
    for name in ("point", "moment"):
        if name in ds and set(ds[name].dims) != set(ds["force"].dims):
            dims = ", ".join(map(str, ds["force"].dims))
            raise StanceError(f"ds: {name} must be over {dims}, as force is")
    if ds.sizes["axis"] != 3:
        raise StanceError(f"ds: axis has {ds.sizes['axis']} entries; must have 3")
    return True


def filter_as_opensim(ds: xr.Dataset, lowpass: float) -> xr.Dataset:
    """A motion through the low-pass filter of OpenSim's inverse dynamics: Butterworth of third order, forth and back.

    Its cut-off is that of one pass; ``resample`` says what it is of both. Half of the motion continues it at either
    end, turned about that. Variables without ``time`` stay as they are.

    Raises
    ------
    StanceError
        As ``resample``.
    """
    from scipy.signal import butter, sosfiltfilt

    given, cutoff = times_of(ds), read_lowpass(lowpass)
    _check_numbers(ds)
    sections = butter(3, cutoff, fs=_rate(given, cutoff), output="sos")
    found = {}
    for name, own in ds.data_vars.items():
        if "time" in own.dims:
            order = own.transpose("time", ...)
            values = np.asarray(order.values, dtype=np.float64)
            _check_finite(str(name), values, given)
            smoothed = sosfiltfilt(sections, values, axis=0, padtype="odd", padlen=len(values) // 2)
            found[name] = order.copy(data=smoothed).transpose(*own.dims)
    return ds.assign(found)


def _plain(ds: xr.Dataset) -> list[tuple[Any, xr.DataArray]]:
    """Variables over time that are filtered each on its own."""
    loads = ("force", "point", "moment") if _is_of_loads(ds) else ()
    return [(name, own) for name, own in ds.data_vars.items() if "time" in own.dims and name not in loads]


def _filtered_variable(name: str, own: xr.DataArray, given: Array, rate: float, cutoff: float) -> xr.DataArray:
    order = own.transpose("time", ...)
    values = np.asarray(order.values, dtype=np.float64)
    _check_finite(name, values, given)
    return order.copy(data=smooth(values, rate, cutoff)).transpose(*own.dims)


def _filtered_loads(ds: xr.Dataset, given: Array, rate: float, cutoff: float) -> dict[str, xr.DataArray]:
    """Loads whose force, and moment about the origin of their frame, are filtered; about the point it is what remains.

    Where no force acts, the point is that of the nearest sample in which one does.
    """
    force = ds["force"].transpose("time", ..., "axis")
    point = ds["point"].transpose(*force.dims)
    moment = ds["moment"].transpose(*force.dims) if "moment" in ds else force * 0.0
    f, m = (np.asarray(own.values, dtype=np.float64) for own in (force, moment))
    p = _held(np.asarray(point.values, dtype=np.float64), (f != 0.0).any(axis=-1))
    for name, values in (("force", f), ("point", p), ("moment", m)):
        _check_finite(name, values, given)
    together = _one_frame(ds, force.dims)
    m = m + together * np.cross(p, f)
    f, m = smooth(f, rate, cutoff), smooth(m, rate, cutoff)
    m = m - together * np.cross(p, f)
    parts = {"force": force.copy(data=f), "point": point.copy(data=p), "moment": moment.copy(data=m)}
    parts["moment"].attrs = ds["moment"].attrs if "moment" in ds else {"units": "N.m"}
    return parts


def _held(point: Array, acts: NDArray[np.bool_]) -> Array:
    """Points, where no force acts those of the nearest sample in which one does; 0 where none ever does."""
    found = np.zeros_like(point)
    for place in np.ndindex(acts.shape[1:]):
        loaded = np.flatnonzero(acts[(slice(None), *place)])
        if len(loaded):
            each = np.arange(len(acts))
            after = np.clip(np.searchsorted(loaded, each), 0, len(loaded) - 1)
            before = np.maximum(after - 1, 0)
            nearer = np.abs(loaded[before] - each) < np.abs(loaded[after] - each)
            found[(slice(None), *place)] = point[(loaded[np.where(nearer, before, after)], *place)]
    return found


def _one_frame(ds: xr.Dataset, dims: tuple[Any, ...]) -> Array:
    """1 for loads whose force and point are told in one frame, else 0, over the dimensions of a force."""
    same = np.ones([1] * len(dims))
    if "force_frame" in ds.coords and "point_frame" in ds.coords and ds["force_frame"].dims == ("load",):
        equal = ds["force_frame"].values == ds["point_frame"].values
        same = equal.astype(np.float64).reshape([-1 if dim == "load" else 1 for dim in dims])
    return same


def _check_finite(name: str, values: Array, given: Array) -> None:
    """Refuse what a filter would smear over everything."""
    bad = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if bad.any():
        when = float(given[int(bad.argmax())])
        raise StanceError(f"ds: {name} is not finite at time {when!r}; must be finite for lowpass")


def _rate(given: Array, cutoff: float) -> float:
    """Samples a second, which must be even and twice as many as the cut-off at least."""
    count = len(given)
    if count < 2:
        raise StanceError("ds: has one sample; must have more for lowpass")
    step = (given[-1] - given[0]) / (count - 1)
    off = np.abs(given - (given[0] + step * np.arange(count)))
    worst = int(off.argmax())
    if off[worst] > _UNEVEN * step:
        raise StanceError(
            f"ds: time {float(given[worst])!r} is {off[worst] / step:.2g} steps off even times; "
            "must be even for lowpass (resample first)"
        )
    rate = float(1.0 / step)
    if not _SLOWEST * rate <= cutoff < 0.5 * rate:
        raise StanceError(
            f"lowpass = {cutoff:g}: must be at least {_SLOWEST * rate:g} Hz, and below {0.5 * rate:g} Hz, half of the "
            "samples a second"
        )
    return rate


def smooth(values: Array, rate: float, cutoff: float) -> Array:
    """Samples (time, ...) through a Butterworth filter forth and back, whose amplitude at the cut-off is 1/sqrt(2).

    A pass of order n has the power 1 / (1 + (tan(pi f / rate) / tan(pi c / rate))^2n), two passes its square. That is a
    half at the cut-off where that of a pass, c, is beyond it by (sqrt(2) - 1)^(-1/2n), on the scale of the tangent.
    """
    from scipy.signal import butter, sosfiltfilt

    wider = math.tan(math.pi * cutoff / rate) / (math.sqrt(2.0) - 1.0) ** (0.5 / _ORDER)
    sections = butter(_ORDER, rate / math.pi * math.atan(wider), fs=rate, output="sos")
    padding = min(len(values) - 1, math.ceil(_PADDING * rate / cutoff))
    return np.asarray(sosfiltfilt(sections, values, axis=0, padtype="odd", padlen=padding))
