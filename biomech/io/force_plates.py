"""Force plates of a laboratory as ground reactions: which foot is on which, which axis is up, where the force acts.

A plate measures a force F and a moment M about the middle c of its surface, whose upward normal is n. The force acts
where M is a moment about n alone, the centre of pressure; with r = p - c, n . r = 0, it is

    r = (n x M) / (n . F),    free moment = M - r x F          (Zatsiorsky 2002, Kinetics of Human Motion, ch. 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import instance, mapping, one_of, real_number, shown
from biomech._units import in_units
from biomech.errors import StanceError
from biomech.io.external_loads import at_one_point

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

AXES = ("x", "y", "z")
SIDES = ("right", "left")
#: Where an axis comes from when z becomes y: x stays ahead, and right, which was -y, is z.
_FROM, _SIGN = (0, 2, 1), (1.0, 1.0, -1.0)
_UNITS = {"force": "N", "plate_moment": "N.m", "corner": "m"}
#: Least part of a plate's unit normal that is upward: more of it is along another axis beyond.
_UPRIGHT = 0.7


def turned_up(array: xr.DataArray) -> xr.DataArray:
    """Vectors over ``axis`` of a laboratory whose z points upward, with y upward: (x, y, z) becomes (x, z, -y)."""
    import xarray as xr

    if array.sizes["axis"] != len(AXES):
        return array
    order = list(range(len(AXES)))
    if "axis" in array.coords:
        labels = array["axis"].values.tolist()
        if sorted(map(str, labels)) != list(AXES):
            return array
        order = [labels.index(axis) for axis in AXES]
    placed = array.isel(axis=[order[k] for k in _FROM])
    if "axis" in array.coords:
        placed = placed.assign_coords(axis=list(AXES))
    sign = xr.DataArray(list(_SIGN), dims="axis")
    return (placed * sign + 0.0).transpose(*array.dims).assign_attrs(array.attrs)


def plates_to_ground_reaction(
    ds: xr.Dataset, feet: Mapping[str, str], *, up: str = "z", threshold: float = 20.0
) -> xr.Dataset:
    """The force plates of a C3D file as ``static_optimization`` takes ground reactions.

    Parameters
    ----------
    ds : Dataset
        ``force`` and ``plate_moment``, about the middle of the plate's surface, (analog_time, plate, axis), and
        ``corner`` (plate, corner_number, axis), as ``read_c3d`` gives them, in N, N.m and m, or the units that they
        say (``attrs["units"]``).
    feet : mapping of str to str
        Of each plate that counts the foot that stepped on it, ``right`` or ``left``: a file does not tell. Several
        plates may be of one foot.
    up : {"z", "y"}
        Which axis of the laboratory points upward; with z it becomes y, x stays ahead and what was -y is right.
    threshold : float
        N: a plate that carries less is empty, and has neither force nor point.

    Returns
    -------
    Dataset
        ``force``, ``point`` and ``moment`` (time, foot, axis) of the ground on the foot, in N, m and N.m; the point is
        the centre of pressure, and the moment about it is along the plate's normal. A foot without a force has no point
        (NaN). Whether the channels measured the force on the plate or its reaction follows from its sign: a floor
        pushes.

    Raises
    ------
    StanceError
        Something of a plate is missing or in unknown units, there is no such plate, or its corners do not lie as a
        floor whose upward axis is ``up``.

    Examples
    --------
    A man of 70 kg on a plate, 5 cm ahead of its middle:

    >>> import numpy as np, xarray as xr, biomech as bm
    >>> corner = [[[0.4, 0.6, 0], [0, 0.6, 0], [0, 0, 0], [0.4, 0, 0]]]
    >>> dims = ("analog_time", "plate", "axis")
    >>> ds = xr.Dataset({"force": (dims, [[[0, 0, -686.0]]]), "plate_moment": (dims, [[[0, 34.3, 0]]]),
    ...                  "corner": (("plate", "corner_number", "axis"), corner)},
    ...                 {"analog_time": [0.0], "plate": ["plate_1"], "axis": list("xyz")})
    >>> ground = bm.io.plates_to_ground_reaction(ds, {"plate_1": "left"})
    >>> ground.force.sel(foot="left").values.tolist(), ground.point.sel(foot="left").round(3).values.tolist()
    ([[0.0, 686.0, 0.0]], [[0.25, 0.0, -0.3]])
    """
    import xarray as xr

    one_of("up", up, ("z", "y"))
    least = real_number("threshold", threshold, 0.0)
    plates = _check(ds, feet)
    force, moment = (_part(ds, name, "analog_time", "plate") for name in ("force", "plate_moment"))
    corner = _part(ds, "corner", "plate", "corner_number")
    shape = (len(force), len(SIDES), 3)
    parts = {"force": np.zeros(shape), "point": np.full(shape, np.nan), "moment": np.zeros(shape)}
    for side, foot in enumerate(SIDES):
        own = [
            _on_body(force[:, k], moment[:, k], corner[k], _normal(corner[k], up), least)
            for k, of in plates.items()
            if of == foot
        ]
        if own:
            stacked = (np.stack([plate[k] for plate in own], axis=1) for k in range(3))
            parts["force"][:, side], parts["point"][:, side], parts["moment"][:, side] = at_one_point(*stacked)
    units = {"force": "N", "point": "m", "moment": "N.m"}
    coords = {"time": ("time", ds["analog_time"].values, {"units": "s"}), "foot": list(SIDES), "axis": list(AXES)}
    dims = ("time", "foot", "axis")
    found = xr.Dataset({name: (dims, own, {"units": units[name]}) for name, own in parts.items()}, coords=coords)
    return found.map(turned_up, keep_attrs=True) if up == "z" else found


def _check(ds: Any, feet: object) -> dict[int, str]:
    """Which foot is on each plate that counts, by its number."""
    import xarray as xr

    instance("ds", ds, xr.Dataset, "a Dataset, as read_c3d gives it")
    for name, along in (("force", "analog_time"), ("plate_moment", "analog_time"), ("corner", "corner_number")):
        if name not in ds or set(ds[name].dims) != {along, "plate", "axis"} or ds.sizes["axis"] != len(AXES):
            raise StanceError(f"ds: must have {name} over {along}, plate and axis, as read_c3d gives it")
        if ds[name].dtype.kind not in "iuf" or not np.isfinite(ds[name].values).all():
            raise StanceError(f"ds: {name} must be finite numbers")
    if ds.sizes["corner_number"] != 4:
        raise StanceError(f"ds: a plate has {ds.sizes['corner_number']} corners; must have 4")
    if "axis" in ds.coords and [str(own) for own in ds["axis"].values] != list(AXES):
        raise StanceError(f"ds: axis is {ds['axis'].values.tolist()}; must be {', '.join(AXES)}")
    if "plate" not in ds.coords or "analog_time" not in ds.coords:
        raise StanceError("ds: must have the coordinates plate and analog_time, as read_c3d gives it")
    labels, found = [str(label) for label in ds["plate"].values], dict[int, str]()
    for plate, foot in mapping("feet", feet, "plates to feet").items():
        if plate not in labels:
            raise StanceError(f"feet: {shown(plate)} is no plate of ds; there are {', '.join(labels) or 'none'}")
        found[labels.index(plate)] = one_of(f"feet[{plate!r}]", foot, SIDES)
    if not found:
        raise StanceError(f"feet = {shown(feet)}: must name one plate at least, of {', '.join(labels)}")
    return found


def _part(ds: xr.Dataset, name: str, *dims: str) -> Array:
    own = in_units(f"ds: {name}", ds[name], _UNITS[name])
    return np.asarray(own.transpose(*dims, "axis").values, dtype=np.float64)


def _normal(corner: Array, up: str) -> Array:
    """The upward normal of a plate."""
    axis = AXES.index(up)
    normal = np.cross(corner[1] - corner[0], corner[3] - corner[0])
    size = float(np.linalg.norm(normal))
    if not size > 0.0:
        raise StanceError("ds: corner: the corners of a plate lie on a line; they must make a surface")
    normal = np.asarray(normal / size * (1.0 if normal[axis] > 0.0 else -1.0))
    if normal[axis] < _UPRIGHT:
        raise StanceError(
            f"up = {up!r}: must be the axis that points upward; the corners of a plate lie across "
            f"{AXES[int(np.abs(normal).argmax())]}"
        )
    return normal


def _on_body(force: Array, moment: Array, corner: Array, normal: Array, least: float) -> tuple[Array, Array, Array]:
    """Force, point and moment of the ground on the body, (time, axis) each, of one plate."""
    pressure = force @ normal
    # a floor pushes: where it seems to pull, what was measured is the force on the plate
    sign = 1.0 if pressure.sum() >= 0.0 else -1.0
    force, moment, pressure = sign * force + 0.0, sign * moment + 0.0, sign * pressure
    loaded = pressure > least
    arm = np.cross(normal, moment) / np.where(loaded, pressure, 1.0)[:, None]
    about = moment - np.cross(arm, force)
    mask = loaded[:, None]
    point = np.where(mask, corner.mean(axis=0) + arm, np.nan)
    return np.where(mask, force, 0.0), point, np.where(mask, about, 0.0)
