"""``static_optimization``: load sharing for those who bring their own motion and force plates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech.errors import StanceError
from biomech.model.contact import NO_CONTACT
from biomech.model.geometry import poses
from biomech.model.model import Model
from biomech.sharing import INFEASIBLE, Criterion, LoadSharingProblem, Power, Solution, solve
from biomech.statics.equilibrium import Equilibrium, Surroundings, assemble
from biomech.statics.reactions import react
from biomech.statics.stance import AXES, SIDES
from biomech.study.answer import Answers
from biomech.study.dataset import about, joint_quantities, muscle_quantities, proof_quantities, variables_of
from biomech.study.effort import read_effort
from biomech.study.labels import labelled
from biomech.study.report import Tally, shortage
from biomech.study.whole_way import Sheets

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def static_optimization(
    model: Model,
    coordinates: Mapping[str, Any] | xr.Dataset,
    ground_reaction: xr.Dataset,
    *,
    criterion: Criterion = Power(2),
    lower: float = 0.0,
    reserve: float | Mapping[str, float] = 0.0,
    strength: str = "force_length",
) -> xr.Dataset:
    """Muscle forces in measured postures, each frame on its own; no passive tissue, no inertia.

    Parameters
    ----------
    model : Model
        The body.
    coordinates : mapping or Dataset
        The model's coordinate names to values over ``frame``, in degrees (m for translations); scalars are held,
        unnamed coordinates are zero, and scalars alone are a single frame.
    ground_reaction : Dataset
        ``force`` (frame, foot, axis) in N, ``point`` (frame, foot, axis) in m, where it acts, and optionally
        ``moment`` (frame, foot, axis) in N.m; in ground, on the calcn of each foot (``right``, ``left``). Without
        ``frame`` it holds for all.
    criterion : Power, SoftSaturation or MinMax
        How load is shared.
    lower : float
        Least activation, 0..1.
    reserve : float or mapping of str to float
        Reserve on every coordinate, or by coordinate, in N.m (N) at unit control; it costs its control squared. 0 is
        none. Measured ground reactions never balance a model quite: the pelvis coordinates usually need some.
    strength : {"force_length", "isometric"}
        OpenSim's rigid-tendon rule, or the maximal isometric force.

    Returns
    -------
    Dataset
        ``activation``, ``muscle_force`` (frame, muscle), ``group_activation``, ``group_force`` (frame, group),
        ``required_moment``, ``reserve_moment``, ``shortfall`` (frame, coordinate), ``joint_contact_force`` (frame,
        joint, axis), ``joint_contact_moment`` (frame, joint, axis), what reserves supply included in neither,
        ``lumbar_compression``, ``patellar_tendon_force`` (frame, foot), ``patellofemoral_force`` (frame, foot, axis),
        ``status``, ``limiting_muscle``, ``equilibrium_residual`` and ``duality_gap``.

    Raises
    ------
    StanceError
        Naming the argument, the value and what is allowed.

    Examples
    --------
    >>> import biomech as bm, numpy as np, xarray as xr
    >>> model = bm.load_model("gait2392")
    >>> weight = model.body_mass * 9.80665
    >>> force = xr.DataArray([[0, weight / 2, 0]] * 2, coords={"foot": ["right", "left"], "axis": list("xyz")})
    >>> point = xr.DataArray([[-0.06, 0, 0.09], [-0.06, 0, -0.09]], coords=force.coords)
    >>> ground = xr.Dataset({"force": force, "point": point})
    >>> ds = bm.static_optimization(model, {"pelvis_ty": 0.95}, ground, reserve=10.0)
    >>> int(ds.status[0])
    0
    """
    effort = read_effort(model, criterion, None, strength)
    if not (_is_number(lower) and 0.0 <= lower < 1.0):
        raise StanceError(f"lower = {lower!r}: allowed is 0..1")
    reserves = _reserves(model, reserve)
    q, applied = _frames(model, coordinates, ground_reaction)
    flat = model.flat()
    around = Surroundings.empty(len(q))._replace(applied=applied)
    equilibrium = assemble(flat, flat.moved, NO_CONTACT, around, q, effort.force_length, tissue=False)
    solution = _share(equilibrium, reserves[flat.moved], criterion, lower)
    return _dataset(model, q, around, equilibrium, solution, reserves)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(np.isfinite(value))


def _reserves(model: Model, reserve: float | Mapping[str, float]) -> Array:
    """Reserve of every coordinate at unit control."""
    names = model.coordinates
    given = dict(reserve) if isinstance(reserve, Mapping) else dict.fromkeys(names, reserve)
    for name, value in given.items():
        if name not in names:
            raise StanceError(f"reserve: no such coordinate {name!r}; the model has {', '.join(names)}")
        if not (_is_number(value) and value >= 0.0):
            raise StanceError(f"reserve of {name} = {value!r}: must be a number, at least 0")
    return np.array([float(given.get(name, 0.0)) for name in names])


def _frames(model: Model, coordinates: Mapping[str, Any] | xr.Dataset, ground: xr.Dataset) -> tuple[Array, Array]:
    """Coordinates (frame, coordinate) and wrenches (frame, 6 segment)."""
    import xarray as xr

    given = coordinates.data_vars if isinstance(coordinates, xr.Dataset) else coordinates
    values = {str(name): value.values if isinstance(value, xr.DataArray) else value for name, value in given.items()}
    q = poses(model.flat(), values)
    wrench = _ground_wrenches(ground)
    frames = max(len(q), len(wrench))
    for name, count in (("coordinates", len(q)), ("ground_reaction", len(wrench))):
        if count not in (1, frames):
            raise StanceError(f"{name}: has {count} frames; must have {frames}, or be held")
    applied = np.zeros((frames, len(model.segments) + 1, 6))
    for foot, segment in enumerate(("calcn_r", "calcn_l")):
        applied[:, 1 + model.segments.index(segment)] = wrench[:, foot]
    return np.array(np.broadcast_to(q, (frames, q.shape[1]))), applied.reshape(frames, -1)


def _ground_wrenches(ground: xr.Dataset) -> Array:
    """Force and moment about the ground origin: (frame, foot, 6)."""
    import xarray as xr

    if not isinstance(ground, xr.Dataset):
        raise StanceError(f"ground_reaction: is {type(ground).__name__}; must be a Dataset with force and point")
    vectors = {}
    for name in ("force", "point", "moment"):
        if name in ground:
            vectors[name] = _vectors(name, ground[name])
        elif name != "moment":
            raise StanceError(f"ground_reaction: has no {name!r}; must have force and point, may have moment")
    frames = max(len(v) for v in vectors.values())
    force, point = (np.broadcast_to(vectors[name], (frames, 2, 3)) for name in ("force", "point"))
    moment = np.cross(point, force) + vectors.get("moment", 0.0)
    return np.concatenate([force, moment], axis=-1)


def _vectors(name: str, array: xr.DataArray) -> Array:
    if "frame" not in array.dims:
        array = array.expand_dims("frame")
    if set(array.dims) != {"frame", "foot", "axis"}:
        raise StanceError(f"ground_reaction.{name}: has dimensions {array.dims}; must have (frame, foot, axis)")
    for dim, labels in (("foot", SIDES), ("axis", AXES)):
        if dim in array.coords:
            if set(array[dim].values.tolist()) != set(labels):
                raise StanceError(f"ground_reaction.{name}: {dim} is {array[dim].values.tolist()}; must be {labels}")
            array = array.sel({dim: list(labels)})
        elif array.sizes[dim] != len(labels):
            raise StanceError(f"ground_reaction.{name}: {dim} has {array.sizes[dim]} entries; must be {labels}")
    values = array.transpose("frame", "foot", "axis").values
    if values.dtype.kind not in "iuf" or values.size == 0 or not np.all(np.isfinite(values)):
        raise StanceError(f"ground_reaction.{name}: must be finite numbers, and not empty")
    return np.asarray(values, dtype=np.float64)


def _share(equilibrium: Equilibrium, reserves: Array, criterion: Criterion, lower: float) -> Solution:
    """Share the load among muscles and reserves (row,)."""
    frames, rows, muscles = equilibrium.coefficients.shape
    own = np.flatnonzero(reserves)
    columns = np.zeros((frames, rows, len(own)))
    columns[:, own, np.arange(len(own))] = reserves[own]
    free = np.full(len(own), np.inf)
    problem = LoadSharingProblem(
        np.concatenate([equilibrium.coefficients, columns], axis=2),
        equilibrium.demand,
        upper=np.concatenate([np.ones(muscles), free]),
        weight=np.ones(muscles + len(own)),
        lower=np.concatenate([np.full(muscles, lower), -free]),
        quadratic=np.arange(muscles + len(own)) >= muscles,
    )
    return solve(problem, criterion)


def _dataset(
    model: Model, q: Array, around: Surroundings, equilibrium: Equilibrium, solution: Solution, reserves: Array
) -> xr.Dataset:
    import xarray as xr

    muscles, dims, flat = len(model.muscles), ("frame",), model.flat()
    activation = solution.value[:, :muscles]
    force = activation * equilibrium.strength
    required, shortfall, reaction = np.zeros((3, len(q), len(reserves)))
    required[:, flat.moved], shortfall[:, flat.moved] = equilibrium.demand, solution.shortfall
    own = flat.moved[reserves[flat.moved] != 0.0]
    reaction[:, own] = solution.value[:, muscles:] * reserves[own]
    reactions = react(flat, q, around.load, force, around.applied)
    limiting = limiting_muscle(solution, muscles)
    proof = np.stack(
        [solution.cost, solution.residual, solution.gap, solution.status, np.ones(len(q)), limiting, np.zeros(len(q))],
        axis=1,
    )
    empty = np.empty((len(q), 0))
    answers = Answers(
        model,
        Sheets(
            coordinates=q,
            activation=activation,
            muscle_force=force,
            strength=equilibrium.strength,
            passive=empty,
            shortfall=shortfall,
            ground=empty,
            pressure=empty,
            seat=empty,
            joint_force=reactions.force,
            joint_moment=reactions.moment,
            tension=reactions.tension,
            patella=reactions.patella,
            proof=proof,
        ),
        equilibrium.strength,
    )
    variables = {
        **variables_of({**muscle_quantities(), **joint_quantities(model), **proof_quantities(model)}, dims, answers),
        "required_moment": (
            (*dims, "coordinate"),
            required,
            about("N.m", "moment asked of the muscles (N for translations)"),
        ),
        "reserve_moment": (
            (*dims, "coordinate"),
            reaction,
            about("N.m", "moment of the reserves (N for translations)"),
        ),
    }
    tally = Tally.of(answers.status, lambda i: shortage(model, answers, i))
    attrs = {"title": f"biomech static optimisation of model {model.name}", "message": tally.message}
    return xr.Dataset(variables, coords=labelled(model, {"frame": np.arange(len(q))}), attrs=attrs)


def limiting_muscle(solution: Solution, muscles: int) -> NDArray[np.int64]:
    """Of each overloaded frame the muscle at full strength that does most for what falls most short, or -1."""
    worst = np.abs(solution.shortfall).argmax(axis=1)[:, None]
    action = np.take_along_axis(solution.problem.coefficients[:, :, :muscles], worst[:, :, None], axis=1)[:, 0]
    helps = action * np.take_along_axis(solution.shortfall, worst, axis=1)
    gain = np.where(solution.value[:, :muscles] >= solution.problem.upper[:, :muscles] - 1e-6, helps, 0.0)
    found = (solution.status == INFEASIBLE) & (gain.max(axis=1) > 0.0)
    return np.where(found, gain.argmax(axis=1), -1)
