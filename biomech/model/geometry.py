"""Questions about a body in given coordinates: frames, lengths, moment arms, gravity, passive moments.

Coordinates go by the model's own names and signs, in degrees (translations in m). One-dimensional arrays pair element
by element along ``pose``, scalars broadcast, unnamed coordinates are at their defaults: zero, unless the body has the
table ``defaults``; those that follow others go with them, and another value for one is refused. A DataArray brings its
own dimensions and a Series that of its index, in the place of ``pose``: those of one name pair by their labels, which
come back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import entry_point
from biomech._kernels.arrays import Array1, Array2, Array3
from biomech.errors import StanceError
from biomech.model.compiled import CompiledModel
from biomech.model.forces.bushings import BUSHING, BushingTables, add_bushings
from biomech.model.forces.external_loads import add_external_loads
from biomech.model.forces.gravity import gravity_force
from biomech.model.forces.passive_joints import PassiveTables
from biomech.model.forces.passive_joints import passive_moment as passive_kernel
from biomech.model.forces.passive_paths import PassivePathTables, add_passive_paths, passive_path_tension
from biomech.model.mechanics.couplers import carry_over, follow_couplers
from biomech.model.mechanics.paths import PathState, PathTables, make_path_state, moment_arms, path_kinematics
from biomech.model.mechanics.splines import SplineTables
from biomech.model.mechanics.tree import (
    LOAD,
    Frames,
    TreeTables,
    composite_masses,
    forward_kinematics,
    make_frames,
)
from biomech.model.mechanics.wrapping.laying import empty_wrap_work
from biomech.model.mirror import side_of
from biomech.model.poses import Coordinates, Poses, read_knee_laxity, read_poses

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
AXES = ["x", "y", "z"]
#: rad, m: how far from where it goes a coordinate that follows others may be given.
_FOLLOWS = 1e-3
#: rad or m, on either side, over which what passive paths do, and moments, are differenced.
_STEP = 1e-5
_SHORT_STEP = 1e-6
NO_LOAD = np.zeros(LOAD)


def kinematics(compiled: CompiledModel, coordinates: Coordinates) -> xr.Dataset:
    """Frames and centres of mass of all segments, in ground.

    Returns
    -------
    Dataset
        ``origin`` (pose, segment, axis) in m, the centre of the joint that carries the segment unless that has it
        elsewhere; ``rotation`` (pose, segment, axis, local_axis); ``segment_centre`` (pose, segment, axis) and
        ``body_centre`` (pose, axis), centres of mass in m, the latter of a body that weighs something.

    Examples
    --------
    >>> import biomech as bm
    >>> ds = bm.load_model("gait2392").kinematics(hip_flexion_r=90.0)
    >>> ds.origin.sel(segment="tibia_r", axis="x").round(3).values
    array([0.325])
    """
    import xarray as xr

    posed = _read(compiled, coordinates, ("origin", "rotation", "segment_centre", "body_centre", "local_axis"))
    rotation, origin, centre = _frames(compiled, posed.q)
    turned, placed = rotation[:, 1:], origin[:, 1:]
    centres = placed + np.einsum("psij,sj->psi", turned, compiled.tree.com[1:])
    found = {
        "origin": posed.variable(("segment", "axis"), placed, _about("m", "origin of the segment in ground")),
        "rotation": posed.variable(
            ("segment", "axis", "local_axis"),
            turned,
            _about("1", "direction of the segment's axes in ground"),
        ),
        "segment_centre": posed.variable(("segment", "axis"), centres, _about("m", "centre of mass in ground")),
    }
    if compiled.body_mass > 0.0:
        about = _about("m", "centre of mass of the whole body in ground")
        found["body_centre"] = posed.variable(("axis",), centre, about)
    return xr.Dataset(
        found,
        coords={**posed.labels, "segment": compiled.names.segments, "axis": AXES, "local_axis": AXES},
    )


def _read(compiled: CompiledModel, coordinates: Coordinates, taken: tuple[str, ...]) -> Poses:
    """Poses that a caller gives, in which what follows others is where it goes by them.

    Raises
    ------
    StanceError
        As of ``read_poses``; or a coordinate that follows others is given another place than it has.
    """
    posed = read_poses(compiled, coordinates, taken)
    couplers, names = compiled.tree.couplers, compiled.names.coordinates
    checked = [k for k, c in enumerate(couplers.dependent) if names[c] in posed.given]
    if not checked:
        return posed
    there = followed(compiled, posed.q)
    for k in checked:
        c = int(couplers.dependent[k])
        wrong = np.flatnonzero(np.abs(posed.q[:, c] - there[:, c]) > _FOLLOWS)
        if len(wrong):
            leaders = [names[i] for i in couplers.argument[couplers.start[k] : couplers.start[k + 1]]]
            given, goes = (_in_degrees(compiled, q[wrong[0]])[c] for q in (posed.q, there))
            raise StanceError(
                f"{names[c]} = {given:g}: follows {', '.join(leaders) or 'no other'} and is at {goes:g} then; "
                "must have that value, or none"
            )
    return posed


def _in_degrees(compiled: CompiledModel, q: Array) -> Array:
    """Coordinates in degrees and m, as the body itself counts them."""
    own = compiled.counted(q)
    return np.where(compiled.is_rotation, np.degrees(own), own)


def segment_frames(compiled: CompiledModel, q: Array) -> tuple[Array, Array]:
    """Rotations (frame, segment, 3, 3) and origins (frame, segment, 3) in ground, which is segment 0.

    ``q`` (frame, coordinate) are the coordinates in rad and m.
    """
    rotation, origin, _ = _frames(compiled, q)
    rotation[:, 0], origin[:, 0] = np.eye(3), 0.0
    return rotation, origin


def followed(compiled: CompiledModel, q: Array) -> Array:
    """Coordinates (frame, coordinate), rad and m, with those that follow others where they are."""
    if len(compiled.tree.couplers.dependent) == 0:
        return q
    q = np.array(q, order="C")
    _frames(compiled, q)  # puts them there
    return q


def _frames(compiled: CompiledModel, q: Array) -> tuple[Array, Array, Array]:
    count = len(compiled.tree.parent)
    rotation, origin, centre = np.empty((len(q), count, 9)), np.empty((len(q), count, 3)), np.empty((len(q), 3))
    _kinematics(compiled.tree, compiled.splines, q, rotation, origin, centre)
    return rotation.reshape(len(q), count, 3, 3), origin, centre


@entry_point
def _kinematics(
    tree: TreeTables, splines: SplineTables, q: Array2, rotation: Array3, origin: Array3, centre: Array2
) -> None:
    f = make_frames(0.0, tree)
    for i in range(len(q)):
        forward_kinematics(tree, splines, q[i], f)
        composite_masses(tree, NO_LOAD, f)
        for s in range(len(tree.parent)):
            for k in range(9):
                rotation[i, s, k] = f.rotation[s, k]
            for k in range(3):
                origin[i, s, k] = f.origin[s, k]
        for k in range(3):
            centre[i, k] = f.moment[0, k] / f.mass[0]


def muscle_geometry(compiled: CompiledModel, coordinates: Coordinates) -> xr.Dataset:
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

    posed = _read(compiled, coordinates, ("length", "moment_arm", "side"))
    q = posed.q
    length, arm = (own[:, : len(compiled.muscles)] for own in path_geometry(compiled, q))
    return xr.Dataset(
        {
            "length": posed.variable(("muscle",), length, _about("m", "musculotendon length")),
            "moment_arm": posed.variable(
                ("muscle", "coordinate"), compiled.counted(arm), _about("m", "moment arm, -dL/dq")
            ),
        },
        coords={
            **posed.labels,
            "muscle": compiled.names.muscles,
            "side": ("muscle", [side_of(name) for name in compiled.muscles]),
            "coordinate": compiled.names.coordinates,
        },
    )


def path_geometry(compiled: CompiledModel, q: Array) -> tuple[Array, Array]:
    """Lengths (pose, path) and moment arms (pose, path, coordinate) of muscles, passive paths and path actuators.

    They stand in this order; ``q`` (pose, coordinate) are the coordinates in rad and m.
    """
    paths = len(compiled.paths.start) - 1
    length, arm = np.empty((len(q), paths)), np.zeros((len(q), paths, len(compiled.coordinates)))
    _muscle_geometry(compiled.tree, compiled.splines, compiled.paths, q, length, arm)
    return length, arm


def pose_muscles(compiled: CompiledModel, q: Array) -> tuple[Frames, PathState]:
    """Frames, all paths and moment arms of one body, ``q`` (coordinate,) in rad and m."""
    segments, coordinates, points = len(compiled.tree.parent), len(q), len(compiled.paths.segment)
    wraps, wrenches = compiled.paths.wraps, points + len(compiled.paths.wraps.pull)
    pairs = (len(compiled.tree.couplers.pairs),)
    f = Frames(*map(np.zeros, ((segments, 9), (segments, 3), (coordinates, 6), (segments,), (segments, 3), pairs)))
    shapes = ((points, 3), (wrenches, 6), (len(compiled.paths.start) - 1,), (len(compiled.paths.arms),))
    position, wrench, length, arm = map(np.zeros, shapes)
    state = PathState(position, wrench, length, arm, empty_wrap_work(wraps))
    _lay_out(compiled.tree, compiled.splines, compiled.paths, q, f, state)
    return f, state


@entry_point
def _lay_out(
    tree: TreeTables, splines: SplineTables, paths: PathTables, q: Array1, frames: Frames, state: PathState
) -> None:
    forward_kinematics(tree, splines, q, frames)
    path_kinematics(paths, splines, q, frames, state)
    moment_arms(paths, splines, q, frames, state)


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
        forward_kinematics(tree, splines, q[i], f)
        path_kinematics(paths, splines, q[i], f, state)
        moment_arms(paths, splines, q[i], f, state)
        for m in range(len(state.length)):
            length[i, m] = state.length[m]
        for a in range(len(paths.arms)):
            arm[i, paths.arms[a, 0], paths.arms[a, 1]] = state.arm[a]


def gravity(compiled: CompiledModel, coordinates: Coordinates) -> xr.Dataset:
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

    posed = _read(compiled, coordinates, ("generalized_force",))
    q = posed.q
    force = np.empty((len(q), len(compiled.coordinates)))
    _gravity(compiled.tree, compiled.splines, q, compiled.gravity, force)
    about = _about("N.m", "generalised force of gravity (N for translations)")
    return xr.Dataset(
        {"generalized_force": posed.variable(("coordinate",), compiled.counted(force), about)},
        coords={**posed.labels, "coordinate": compiled.names.coordinates},
    )


@entry_point
def _gravity(tree: TreeTables, splines: SplineTables, q: Array2, gravity: float, force: Array2) -> None:
    f = make_frames(0.0, tree)
    for i in range(len(q)):
        forward_kinematics(tree, splines, q[i], f)
        composite_masses(tree, NO_LOAD, f)
        gravity_force(tree, f, gravity, force[i])


def passive_moment(compiled: CompiledModel, coordinates: Coordinates, knee_laxity: float) -> xr.Dataset:
    """Passive moments of hip, knee, ankle and lumbar joint, of springs, limits and passive paths, and derivatives.

    Parameters
    ----------
    compiled : CompiledModel
        The model.
    coordinates : mapping, Dataset or DataFrame
        Coordinates in degrees.
    knee_laxity : float
        Shift of the knee's own curve towards hyperextension, deg.

    Returns
    -------
    Dataset
        ``passive_moment`` (pose, coordinate) in N.m and ``passive_derivative`` (pose, coordinate, by_coordinate), its
        derivative in N.m/rad, that of passive paths by central differences. Of a body with passive paths also
        ``passive_path_length`` (pose, passive_path) in m, ``passive_path_tension`` in N, and
        ``passive_path_moment_arm`` (pose, passive_path, coordinate) in m, -dL/dq as of a muscle.

    Examples
    --------
    >>> import biomech as bm
    >>> ds = bm.load_model("gait2392").passive_moment()
    >>> ds.passive_moment.sel(coordinate=["hip_flexion_r", "knee_angle_r", "ankle_angle_r"]).round(2).values
    array([[  8.58, -10.42,  -6.39]])
    """
    import xarray as xr

    posed = _read(compiled, coordinates, ("passive_moment", "passive_derivative", "by_coordinate"))
    q = followed(compiled, posed.q)
    laxity = np.full(2, read_knee_laxity(knee_laxity))
    moment = np.empty((len(q), len(compiled.coordinates)))
    slope = np.empty((len(q), len(compiled.coordinates), len(compiled.coordinates)))
    _passive(compiled.tree, compiled.passive, q, laxity, moment, slope)
    if np.isin(compiled.passive.limited, compiled.tree.couplers.dependent).any():
        slope = _differenced(compiled, q, laxity)
    own = _passive_paths(compiled, q, posed, moment, slope) if compiled.passive_paths else {}
    labels = {"passive_path": compiled.names.passive_paths} if own else {}
    return xr.Dataset(
        {
            "passive_moment": posed.variable(
                ("coordinate",), compiled.counted(moment), _about("N.m", "passive moment")
            ),
            "passive_derivative": posed.variable(
                ("coordinate", "by_coordinate"),
                counted_twice(compiled, slope),
                _about("N.m/rad", "derivative of the passive moment"),
            ),
            **own,
        },
        coords={
            **posed.labels,
            "coordinate": compiled.names.coordinates,
            "by_coordinate": compiled.names.coordinates,
            **labels,
        },
    )


def _passive_paths(compiled: CompiledModel, q: Array, posed: Poses, moment: Array, slope: Array) -> dict[str, Any]:
    """Variables of passive paths; what they do is added to ``moment`` and ``slope``."""
    first = len(compiled.muscles)
    length, arm = (own[:, first : first + len(compiled.passive_paths)] for own in path_geometry(compiled, q))
    tension, added = np.empty(length.shape), np.empty(q.shape)
    tables = (compiled.tree, compiled.splines, compiled.paths, compiled.passive_path)
    _pull(*tables, q, tension, added)
    moment += added
    near = np.empty((2, *q.shape))
    for c in range(q.shape[1]):
        for side, way in zip(near, (-1.0, 1.0), strict=True):
            beside = np.array(q, order="C")
            beside[:, c] += way * _STEP
            _pull(*tables, beside, np.empty(length.shape), side)
        slope[:, :, c] += (near[1] - near[0]) / (2.0 * _STEP)
    of = ("passive_path",)
    return {
        "passive_path_length": posed.variable(of, length, _about("m", "length of the passive path")),
        "passive_path_tension": posed.variable(of, tension, _about("N", "tension of the passive path")),
        "passive_path_moment_arm": posed.variable(
            (*of, "coordinate"), compiled.counted(arm), _about("m", "moment arm of the passive path, -dL/dq")
        ),
    }


@entry_point
def _pull(
    tree: TreeTables,
    splines: SplineTables,
    paths: PathTables,
    passive: PassivePathTables,
    q: Array2,
    tension: Array2,
    moment: Array2,
) -> None:
    f, state = make_frames(0.0, tree), make_path_state(0.0, paths)
    for i in range(len(q)):
        forward_kinematics(tree, splines, q[i], f)
        path_kinematics(paths, splines, q[i], f, state)
        moment_arms(paths, splines, q[i], f, state)
        passive_path_tension(passive, tree.functions, state.length, tension[i])
        for c in range(len(moment[i])):
            moment[i, c] = 0.0
        add_passive_paths(passive, state.arm, tension[i], moment[i])


@entry_point
def _passive(tree: TreeTables, tissue: PassiveTables, q: Array2, laxity: Array1, moment: Array2, slope: Array3) -> None:
    rate = np.zeros(len(tree.couplers.pairs))
    for i in range(len(q)):
        if len(tree.couplers.dependent) > 0:
            follow_couplers(tree.couplers, tree.functions, q[i], rate)
        passive_kernel(tissue, q[i], laxity, moment[i], slope[i])
        carry_over(tree.couplers, rate, moment[i])


def _differenced(compiled: CompiledModel, q: Array, laxity: Array) -> Array:
    """The derivative of passive moments where some act on coordinates that follow others, by central differences."""
    slope = np.empty((*q.shape, q.shape[1]))
    for c in range(q.shape[1]):
        near = np.empty((2, *q.shape))
        for k, way in enumerate((-1.0, 1.0)):
            there = np.array(q, order="C")
            there[:, c] += way * _SHORT_STEP
            _passive(compiled.tree, compiled.passive, there, laxity, near[k], np.empty_like(slope))
        slope[:, :, c] = (near[1] - near[0]) / (2.0 * _SHORT_STEP)
    return slope


def bushing_force(compiled: CompiledModel, coordinates: Coordinates) -> xr.Dataset:
    """What bushings and springs between segments exert, and what they do on every coordinate.

    Parameters
    ----------
    compiled : CompiledModel
        The model.
    coordinates : mapping, Dataset or DataFrame
        Coordinates in degrees.

    Returns
    -------
    Dataset
        ``bushing_force`` and ``bushing_moment`` (pose, bushing, axis) on the second segment, at and about the origin of
        the second frame, in the axes of the first, N and N.m; ``point_spring_force`` (pose, point_spring), N, positive
        where the spring pulls; ``generalized_force`` (pose, coordinate) of all of them, N.m (N for translations).
    """
    import xarray as xr

    names = ("bushing_force", "bushing_moment", "point_spring_force", "generalized_force", "bushing", "point_spring")
    posed = _read(compiled, coordinates, names)
    q, links = np.array(posed.q, order="C"), compiled.links
    bushing = np.zeros((len(q), BUSHING * len(links.segment)))
    spring, force = np.zeros((len(q), len(links.spring_segment))), np.zeros(q.shape)
    _bushing_force(compiled.tree, compiled.splines, links, q, bushing, spring, force)
    each = bushing.reshape(len(q), -1, BUSHING)
    about = _about("N.m", "generalised force of bushings and springs between segments (N for translations)")
    of_bushing, tension = ("bushing", "axis"), _about("N", "tension of the spring")
    return xr.Dataset(
        {
            "bushing_force": posed.variable(of_bushing, each[..., :3], _about("N", "force on the second segment")),
            "bushing_moment": posed.variable(of_bushing, each[..., 3:], _about("N.m", "moment on the second segment")),
            "point_spring_force": posed.variable(("point_spring",), spring, tension),
            "generalized_force": posed.variable(("coordinate",), compiled.counted(force), about),
        },
        coords={
            **posed.labels,
            "bushing": compiled.bushings,
            "point_spring": compiled.point_springs,
            "axis": AXES,
            "coordinate": compiled.names.coordinates,
        },
    )


@entry_point
def _bushing_force(
    tree: TreeTables,
    splines: SplineTables,
    links: BushingTables,
    q: Array2,
    bushing: Array2,
    spring: Array2,
    force: Array2,
) -> None:
    f, wrench = make_frames(0.0, tree), np.zeros(6 * len(tree.parent))
    for i in range(len(q)):
        forward_kinematics(tree, splines, q[i], f)
        for k in range(len(wrench)):
            wrench[k] = 0.0
        add_bushings(links, f, wrench, bushing[i], spring[i])
        add_external_loads(tree, f, wrench, force[i])


def counted_twice(compiled: CompiledModel, values: Array) -> Array:
    """Values (..., coordinate, coordinate) as the body itself counts, such as stiffness."""
    return np.swapaxes(compiled.counted(np.swapaxes(compiled.counted(values), -1, -2)), -1, -2)


def _about(units: str, long_name: str) -> dict[str, str]:
    return {"units": units, "long_name": long_name}
