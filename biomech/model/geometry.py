"""Questions about a body in given coordinates: frames, lengths, moment arms, gravity, passive moments.

Coordinates go by the model's own names and signs, in degrees (translations in m). One-dimensional arrays pair element
by element along ``pose``, scalars broadcast, unnamed coordinates are zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import is_masked, shown
from biomech._kernels import entry_point
from biomech._kernels.arrays import Array1, Array2, Array3
from biomech.errors import StanceError
from biomech.model.flat import Flat
from biomech.model.mirror import side_of
from biomech.model.passive import PassiveTables
from biomech.model.passive import passive_moment as passive_kernel
from biomech.model.paths import PathState, PathTables, lay_paths, make_path_state, moment_arms
from biomech.model.skeleton import LOAD, Frames, TreeTables, gather_masses, gravity_force, make_frames, place_segments
from biomech.model.splines import SplineTables

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
AXES = ["x", "y", "z"]
NO_LOAD = np.zeros(LOAD)


def poses(flat: Flat, coordinates: Mapping[str, Any]) -> Array:
    """Coordinates by name to an array (pose, coordinate) in rad and m.

    Raises
    ------
    StanceError
        An unknown name, a value that is no finite number, or lengths that do not pair.
    """
    columns: dict[str, Array] = {}
    for name, value in coordinates.items():
        if name not in flat.coordinates:
            raise StanceError(f"{name}: no such coordinate; the model has {', '.join(flat.coordinates)}")
        columns[name] = _column(name, value)
    lengths = {name: len(column) for name, column in columns.items() if column.ndim == 1}
    if len(set(lengths.values())) > 1:
        raise StanceError(f"coordinates pair element by element along pose, but their lengths differ: {lengths}")
    count = next(iter(lengths.values()), 1)
    q = np.zeros((count, len(flat.coordinates)))
    for name, column in columns.items():
        q[:, flat.coordinates.index(name)] = column
    return np.where(flat.is_rotation, np.radians(q), q)


def _column(name: str, value: Any) -> Array:
    if is_masked(value):
        raise StanceError(f"{name}: has masked entries; fill them or leave them out")
    try:
        column = np.asarray(value)
        if column.dtype.kind not in "iuf":
            raise TypeError
    except (TypeError, ValueError):
        raise StanceError(f"{name} = {shown(value)}: must be a number or a 1-D array of numbers") from None
    if column.ndim > 1 or column.size == 0:
        raise StanceError(f"{name}: has shape {column.shape}; must be a number or a 1-D array that is not empty")
    with np.errstate(over="ignore"):  # of longer floats, which infinity then says
        numbers = column.astype(np.float64)
    if not np.all(np.isfinite(numbers)):
        raise StanceError(f"{name} = {shown(value)}: must be finite")
    return numbers


def kinematics(flat: Flat, coordinates: Mapping[str, Any]) -> xr.Dataset:
    """Frames and centres of mass of all segments, in ground.

    Returns
    -------
    Dataset
        ``origin`` (pose, segment, axis) in m, the centre of the joint that carries the segment; ``rotation`` (pose,
        segment, axis, local_axis); ``segment_centre`` (pose, segment, axis) and ``body_centre`` (pose, axis), centres
        of mass in m.

    Examples
    --------
    >>> import biomech as bm
    >>> ds = bm.load_model("gait2392").kinematics(hip_flexion_r=90.0)
    >>> ds.origin.sel(segment="tibia_r", axis="x").round(3).values
    array([0.325])
    """
    import xarray as xr

    q = poses(flat, coordinates)
    count = len(flat.tree.parent)
    rotation, origin, centre = np.empty((len(q), count, 9)), np.empty((len(q), count, 3)), np.empty((len(q), 3))
    _kinematics(flat.tree, flat.splines, q, rotation, origin, centre)
    turned = rotation.reshape(len(q), count, 3, 3)[:, 1:]
    placed = origin[:, 1:]
    centres = placed + np.einsum("psij,sj->psi", turned, flat.tree.centre[1:])
    return xr.Dataset(
        {
            "origin": (("pose", "segment", "axis"), placed, _about("m", "origin of the segment in ground")),
            "rotation": (
                ("pose", "segment", "axis", "local_axis"),
                turned,
                _about("1", "direction of the segment's axes in ground"),
            ),
            "segment_centre": (("pose", "segment", "axis"), centres, _about("m", "centre of mass in ground")),
            "body_centre": (("pose", "axis"), centre, _about("m", "centre of mass of the whole body in ground")),
        },
        coords={"segment": flat.segments, "axis": AXES, "local_axis": AXES},
    )


@entry_point
def _kinematics(
    tree: TreeTables, splines: SplineTables, q: Array2, rotation: Array3, origin: Array3, centre: Array2
) -> None:
    f = make_frames(0.0, tree)
    for i in range(len(q)):
        place_segments(tree, splines, q[i], f)
        gather_masses(tree, NO_LOAD, f)
        for s in range(len(tree.parent)):
            for k in range(9):
                rotation[i, s, k] = f.rotation[s, k]
            for k in range(3):
                origin[i, s, k] = f.origin[s, k]
        for k in range(3):
            centre[i, k] = f.moment[0, k] / f.mass[0]


def muscle_geometry(flat: Flat, coordinates: Mapping[str, Any]) -> xr.Dataset:
    """Length and moment arm of every muscle.

    The moment arm is r = -dL/dq (An et al. 1984, J Biomech Eng 106:280): positive where the muscle turns the coordinate
    positively; for a translation it is a direction cosine.

    Returns
    -------
    Dataset
        ``length`` (pose, muscle) in m and ``moment_arm`` (pose, muscle, coordinate) in m.

    Examples
    --------
    >>> import biomech as bm
    >>> ds = bm.load_model("gait2392").muscle_geometry(knee_angle_r=[-30.0, -60.0])
    >>> ds.moment_arm.sel(muscle="vas_int_r", coordinate="knee_angle_r").round(4).values
    array([0.0447, 0.0373])
    """
    import xarray as xr

    q = poses(flat, coordinates)
    length = np.empty((len(q), len(flat.muscles)))
    arm = np.zeros((len(q), len(flat.muscles), len(flat.coordinates)))
    _muscle_geometry(flat.tree, flat.splines, flat.paths, q, length, arm)
    return xr.Dataset(
        {
            "length": (("pose", "muscle"), length, _about("m", "musculotendon length")),
            "moment_arm": (("pose", "muscle", "coordinate"), arm, _about("m", "moment arm, -dL/dq")),
        },
        coords={
            "muscle": flat.muscles,
            "side": ("muscle", [side_of(name) for name in flat.muscles]),
            "coordinate": flat.coordinates,
        },
    )


def lay_out(flat: Flat, q: Array) -> tuple[Frames, PathState]:
    """Frames, paths and moment arms of one body, ``q`` (coordinate,) in rad and m."""
    segments, coordinates, points = len(flat.tree.parent), len(q), len(flat.paths.segment)
    f = Frames(*map(np.zeros, ((segments, 9), (segments, 3), (coordinates, 6), (segments,), (segments, 3))))
    state = PathState(*map(np.zeros, ((points, 3), (points, 6), (len(flat.muscles),), (len(flat.paths.arms),))))
    _lay_out(flat.tree, flat.splines, flat.paths, q, f, state)
    return f, state


@entry_point
def _lay_out(tree: TreeTables, splines: SplineTables, paths: PathTables, q: Array1, f: Frames, s: PathState) -> None:
    place_segments(tree, splines, q, f)
    lay_paths(paths, splines, q, f, s)
    moment_arms(paths, splines, q, f, s)


@entry_point
def _muscle_geometry(
    tree: TreeTables,
    splines: SplineTables,
    paths: PathTables,
    q: Array2,
    length: Array2,
    arm: Array3,
) -> None:
    f, state = make_frames(0.0, tree), make_path_state(0.0, paths)
    for i in range(len(q)):
        place_segments(tree, splines, q[i], f)
        lay_paths(paths, splines, q[i], f, state)
        moment_arms(paths, splines, q[i], f, state)
        for m in range(len(state.length)):
            length[i, m] = state.length[m]
        for a in range(len(paths.arms)):
            arm[i, paths.arms[a, 0], paths.arms[a, 1]] = state.arm[a]


def gravity(flat: Flat, coordinates: Mapping[str, Any]) -> xr.Dataset:
    """Generalised force of gravity on every coordinate, -dV/dq.

    Returns
    -------
    Dataset
        ``generalized_force`` (pose, coordinate), N.m (N for translations).

    Examples
    --------
    >>> import biomech as bm
    >>> ds = bm.load_model("gait2392").gravity()
    >>> ds.generalized_force.sel(coordinate="pelvis_ty").round(2).values
    array([-737.11])
    """
    import xarray as xr

    q = poses(flat, coordinates)
    force = np.empty((len(q), len(flat.coordinates)))
    _gravity(flat.tree, flat.splines, q, flat.gravity, force)
    about = _about("N.m", "generalised force of gravity (N for translations)")
    return xr.Dataset(
        {"generalized_force": (("pose", "coordinate"), force, about)}, coords={"coordinate": flat.coordinates}
    )


@entry_point
def _gravity(tree: TreeTables, splines: SplineTables, q: Array2, gravity: float, force: Array2) -> None:
    f = make_frames(0.0, tree)
    for i in range(len(q)):
        place_segments(tree, splines, q[i], f)
        gather_masses(tree, NO_LOAD, f)
        gravity_force(tree, f, gravity, force[i])


def passive_moment(flat: Flat, coordinates: Mapping[str, Any], knee_laxity: float) -> xr.Dataset:
    """Passive moments of hip, knee, ankle and lumbar joint, and their derivatives.

    Parameters
    ----------
    flat : Flat
        The model.
    coordinates : mapping
        Coordinates in degrees.
    knee_laxity : float
        Shift of the knee's own curve towards hyperextension, deg.

    Returns
    -------
    Dataset
        ``passive_moment`` (pose, coordinate) in N.m and ``passive_derivative`` (pose, coordinate, by_coordinate), its
        derivative in N.m/rad.

    Examples
    --------
    >>> import biomech as bm
    >>> ds = bm.load_model("gait2392").passive_moment()
    >>> ds.passive_moment.sel(coordinate=["hip_flexion_r", "knee_angle_r", "ankle_angle_r"]).round(2).values
    array([[  8.58, -10.42,  -6.39]])
    """
    import xarray as xr

    q = poses(flat, coordinates)
    shift = _column("knee_laxity", knee_laxity)
    if shift.ndim:
        raise StanceError(f"knee_laxity: has shape {shift.shape}; must be one number")
    laxity = np.full(2, float(shift))
    moment = np.empty((len(q), len(flat.coordinates)))
    slope = np.empty((len(q), len(flat.coordinates), len(flat.coordinates)))
    _passive(flat.passive, q, laxity, moment, slope)
    return xr.Dataset(
        {
            "passive_moment": (("pose", "coordinate"), moment, _about("N.m", "passive moment")),
            "passive_derivative": (
                ("pose", "coordinate", "by_coordinate"),
                slope,
                _about("N.m/rad", "derivative of the passive moment"),
            ),
        },
        coords={"coordinate": flat.coordinates, "by_coordinate": flat.coordinates},
    )


@entry_point
def _passive(t: PassiveTables, q: Array2, laxity: Array1, moment: Array2, slope: Array3) -> None:
    for i in range(len(q)):
        passive_kernel(t, q[i], laxity, moment[i], slope[i])


def _about(units: str, long_name: str) -> dict[str, str]:
    return {"units": units, "long_name": long_name}
