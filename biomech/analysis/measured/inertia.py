"""Forces of inertia in a measured motion: velocities and accelerations of coordinates, and what they ask of segments.

By d'Alembert a body in motion balances as one at rest does on whose segments act besides, at their centres of mass, the
force -m a and the moment -(I alpha + w x I w) (Featherstone 2008, Rigid Body Dynamics Algorithms, ch. 2). All
that asks for balance then answers for motion, joint forces among it.

Accelerations of a segment follow from those of the coordinates alone: it is watched on the path q + t q' + t^2 q'' / 2
at the times -2h, -h, 0, h and 2h, by the central differences of fourth order (Fornberg 1988, Math Comp 51:699).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import shown
from biomech._units import in_units
from biomech.errors import ModelError, StanceError
from biomech.model.geometry import segment_frames
from biomech.model.model import Model

Array = NDArray[np.float64]

TIME = "time"
#: s: of the differences. A limb that turns with 30 rad/s is off by a part in 10^8.
_STEP = 5e-4
_OFFSETS = (-2.0, -1.0, 0.0, 1.0, 2.0)
_FIRST = (1.0 / 12.0, -8.0 / 12.0, 0.0, 8.0 / 12.0, -1.0 / 12.0)
_SECOND = (-1.0 / 12.0, 16.0 / 12.0, -30.0 / 12.0, 16.0 / 12.0, -1.0 / 12.0)
#: How accelerations are found: by splines that smooth, or that pass through all samples, filtered before.
SMOOTHED, INTERPOLATED = "smoothed", "interpolated"
#: Samples that a spline of fifth degree needs.
_FEWEST = 6


class Inertias(NamedTuple):
    """Of segments, ground as segment 0: ``mass`` (segment,), ``centre`` (segment, 3), ``moments`` (segment, 3, 3)."""

    mass: Array
    centre: Array
    moments: Array


def inertias_of(model: Model) -> Inertias:
    """Masses and moments of inertia of a body.

    Raises
    ------
    ModelError
        A segment has a mass, and no moments of inertia.
    """
    tree, names = model.compiled().tree, model.compiled().names.segments
    moments = np.zeros((len(tree.mass), 3, 3))
    table = model.tables.get("inertias")
    known = {} if table is None else dict(zip(table.text("segment"), range(len(table)), strict=True))
    missing = [name for k, name in enumerate(names, 1) if tree.mass[k] > 0.0 and name not in known]
    if missing:
        raise ModelError(
            f"inertia: model {model.name!r} has no moments of inertia (table inertias) of {', '.join(missing)}"
        )
    for k, name in enumerate(names, 1):
        if table is not None and name in known:
            columns = table.numbers("xx", "yy", "zz", "xy", "xz", "yz")
            xx, yy, zz, xy, xz, yz = columns[known[name]]
            moments[k] = [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]
    return Inertias(tree.mass, tree.com, moments)


def rates(q: Array, frames: tuple[Any, Any, Any], how: str) -> tuple[Array, Array]:
    """First and second derivatives of coordinates ``q`` (frame, coordinate) along the time of the frames.

    ``SMOOTHED``: of a cubic smoothing spline whose smoothness is found by generalised cross-validation (Craven & Wahba
    1979, Numer Math 31:377; Woltring 1986, Adv Eng Softw 8:104). ``INTERPOLATED``: of a spline of fifth degree through
    all samples, as OpenSim's inverse dynamics has it, of a motion that was filtered before.

    Raises
    ------
    StanceError
        Frames have no times, too few, some that do not go on, or of unknown units.
    """
    from scipy.interpolate import make_interp_spline, make_smoothing_spline

    dims, shape, labels = frames
    if TIME not in dims or TIME not in labels or labels[TIME].dtype.kind not in "iuf":
        raise StanceError(f"inertia: frames lie along {', '.join(dims)}; must have time, in s, as numbers")
    time = np.asarray(in_units("inertia: time", labels[TIME], "s").values, dtype=np.float64)
    if len(time) < _FEWEST or not (np.diff(time) > 0.0).all():
        raise StanceError(f"inertia: time has {len(time)} entries; must have {_FEWEST} or more, each after the other")
    along = dims.index(TIME)
    values = np.moveaxis(q.reshape(*shape, -1), along, 0)
    first, second = np.zeros_like(values), np.zeros_like(values)
    for place in np.ndindex(values.shape[1:]):
        own = (slice(None), *place)
        if np.ptp(values[own]) > 0.0:
            smooth = how == SMOOTHED
            spline = make_smoothing_spline(time, values[own]) if smooth else make_interp_spline(time, values[own], k=5)
            first[own], second[own] = spline(time, 1), spline(time, 2)
    return tuple(np.moveaxis(own, 0, along).reshape(q.shape) for own in (first, second))  # type: ignore[return-value]


def wrenches_of_inertia(model: Model, inertias: Inertias, q: Array, qd: Array, qdd: Array) -> Array:
    """Force and moment about the origin of ground of every segment's inertia: (frame, segment, 6).

    ``q``, ``qd`` and ``qdd`` (frame, coordinate) are the coordinates, in rad and m, and their derivatives.
    """
    compiled = model.compiled()
    turned, placed = zip(
        *(segment_frames(compiled, q + t * qd + (0.5 * t * t) * qdd) for t in (_STEP * k for k in _OFFSETS)),
        strict=True,
    )
    rotation, centre = turned[2], [o + _times(r, inertias.centre) for r, o in zip(turned, placed, strict=True)]
    acceleration = _sum(_SECOND, centre) / _STEP**2
    slope, curve = _sum(_FIRST, turned) / _STEP, _sum(_SECOND, turned) / _STEP**2
    w, alpha = (_axial(np.einsum("fsik,fsjk->fsij", own, rotation)) for own in (slope, curve))
    here = np.einsum("fsij,sjk,fslk->fsil", rotation, inertias.moments, rotation)
    spin = np.einsum("fsij,fsj->fsi", here, w)
    force = -inertias.mass[:, None] * acceleration
    about = -(np.einsum("fsij,fsj->fsi", here, alpha) + np.cross(w, spin))
    return np.concatenate([force, np.cross(centre[2], force) + about], axis=-1)


def _times(rotation: Array, vector: Array) -> Array:
    return np.einsum("fsij,sj->fsi", rotation, vector)


def _sum(factors: tuple[float, ...], arrays: Any) -> Array:
    return np.asarray(sum(factor * array for factor, array in zip(factors, arrays, strict=True) if factor))


def _axial(matrix: Array) -> Array:
    """The axial vector of the skew part of matrices (..., 3, 3)."""
    skew = 0.5 * (matrix - np.swapaxes(matrix, -1, -2))
    return np.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], axis=-1)


def read_inertia(inertia: object, filtered: bool) -> str:
    """How accelerations are found, or nothing where inertia does not count.

    ``filtered``: whether the motion is filtered here, and True asks for no more smoothing.
    """
    if isinstance(inertia, bool | np.bool_):
        return "" if not inertia else INTERPOLATED if filtered else SMOOTHED
    if isinstance(inertia, str) and inertia in (SMOOTHED, INTERPOLATED):
        return inertia
    raise StanceError(f"inertia = {shown(inertia)}: must be True, False, {SMOOTHED!r} or {INTERPOLATED!r}")
