"""Whether a held posture is stable: the stiffness that muscles, passive tissue and weight give it.

Displace the coordinates q of a held posture by a little, every activation held and the soles fixed. The generalised
force that answers is -K dq with

    K = sum_m (k F_m / L_m) r_m r_m^T - d(A x - b)/dq,

the first sum from muscles that stiffen with their force (short-range stiffness, Rack & Westbury 1974; k is the ratio of
Bergmark 1989 and Cholewicki & McGill 1996, here per path length L), the second from moment arms that change under
load, from passive tissue, weight and ground. Without slip under soles or seat only motions N with J N = 0 are
possible, J being the contact points' Jacobian; the posture is stable against them if N^T K N is positive definite.
The passive moments are not the gradient of an energy, so K is taken by its symmetric part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, null_space

from biomech.analysis.output.dataset import carried_dims, cf_attributes, stance_coordinates
from biomech.analysis.output.labels import check_names, labelled
from biomech.analysis.output.variables import sweep_names
from biomech.errors import StanceError
from biomech.model.geometry import counted_twice, muscle_geometry
from biomech.model.model import Model
from biomech.pipeline.objective import read_objective, read_ratio
from biomech.pipeline.stance_batch import SharingObjective, StanceBatch, equilibrium_of, pose_of, solve_staged
from biomech.policies.resolve import resolve_policies
from biomech.sharing import OPTIMAL, Criterion, Power
from biomech.stance.generated.typed import StanceParameters
from biomech.stance.parsing import parse_stance
from biomech.stance.stance import Stance
from biomech.statics.supports.registry import contacts_of

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
#: What the answer alone uses.
_NAMES = frozenset({"stiffness", "smallest_stiffness", "buckling", "other"})
_STEP = 1e-5  #: rad or m, on either side, over which forces are differenced
_STILL = 1e-9  #: of what moves the contacts most: a motion that moves them less leaves them where they are


def stability(
    model: Model,
    *,
    short_range_stiffness: float = 10.0,
    criterion: Criterion = Power(2),
    **stance: Unpack[StanceParameters],
) -> xr.Dataset:
    """Stiffness of held postures.

    Parameters
    ----------
    model : Model
        The body.
    short_range_stiffness : float
        k, stiffness of a muscle times its path length over its force; 5 to 40 in the literature. An input, never a
        finding.
    criterion : Power, SoftSaturation or MinMax
        As in ``sweep``.
    **stance : StanceParameters
        As in ``sweep``.

    Returns
    -------
    Dataset
        ``stiffness`` (..., coordinate, other), N.m/rad (N/m, N for translations); ``smallest_stiffness`` (...), the
        least of it over motions with the soles fixed, per square of the angles that move, N.m/rad: negative where the
        posture would buckle without reflexes; ``buckling`` (..., coordinate), that motion, its angles of length 1. NaN
        where the posture cannot be taken or held.

    Raises
    ------
    StanceError
        A parameter is unknown or out of range, or ``short_range_stiffness`` is not a number from 0 to 1000.

    Examples
    --------
    >>> import biomech as bm
    >>> soft, stiff = (bm.stability(bm.load_model(), pelvic_tilt=0, short_range_stiffness=k) for k in (10, 100))
    >>> bool(soft.smallest_stiffness < stiff.smallest_stiffness)
    True
    """
    import xarray as xr

    ratio = read_ratio(short_range_stiffness)
    objective = read_objective(model, criterion, None, "isometric")
    for name in ("weight", "strength", "tone", "stiffness_margin"):
        if name in stance:
            raise StanceError(f"{name}: is an option of sweep that stability does not have")
    asked = parse_stance(stance, ("criterion", "short_range_stiffness"))
    asked = check_names(model, asked, sweep_names(model) | _NAMES)
    stances = asked.all()
    stances.apply_changes()
    resolve_policies(model, stances, objective)
    compiled = model.compiled(half=False)
    count, n = len(stances), len(compiled.coordinates)
    found = {"stiffness": np.full((count, n, n), np.nan), "buckling": np.full((count, n), np.nan)}
    least = np.full(count, np.nan)
    for support in np.unique(stances.support):
        index = np.flatnonzero(stances.support == support)
        part = StanceBatch(index, compiled, int(support), contacts_of(compiled, int(support)))
        held = solve_staged(model, part, stances.take(index), objective)
        good = np.flatnonzero(held.solution.status == OPTIMAL)
        if not good.size:
            continue
        own, place = stances.take(index[held.taken[good]]), index[held.taken[good]]
        q, x = held.postures.coordinates[held.taken[good]], held.solution.value[good]
        stiffness = _stiffness(model, part, own, objective, q, x, ratio)
        found["stiffness"][place] = stiffness
        glued = _contact_jacobian(part, own, objective, q)
        for i, k in enumerate(place):
            least[k], found["buckling"][k] = _softest(stiffness[i], glued[i], compiled.free, compiled.is_rotation)
    names = list(compiled.names.coordinates)
    units = "N.m/rad"
    return xr.Dataset(
        {
            "stiffness": (
                (*asked.dims, "coordinate", "other"),
                counted_twice(compiled, found["stiffness"]).reshape(*asked.shape, n, n),
                cf_attributes(units, "stiffness of the held posture (N/m, N for translations)"),
            ),
            "smallest_stiffness": (
                tuple(asked.dims),
                least.reshape(asked.shape),
                cf_attributes(units, "least stiffness over motions with the soles fixed"),
            ),
            "buckling": (
                (*asked.dims, "coordinate"),
                compiled.counted(found["buckling"]).reshape(*asked.shape, n),
                cf_attributes("1", "the motion of least stiffness"),
            ),
        },
        coords=labelled(
            model, {**stance_coordinates(asked), "other": names}, frozenset({"coordinate"}) | carried_dims(asked)
        ),
        attrs={"short_range_stiffness": ratio},
    )


def _stiffness(
    model: Model, batch: StanceBatch, stance: Stance, objective: SharingObjective, q: Array, x: Array, ratio: float
) -> Array:
    """K of postures: (posture, coordinate, coordinate)."""
    compiled, muscles = batch.compiled, len(batch.compiled.muscles)
    stiffness = np.zeros((*q.shape, q.shape[1]))
    for c in range(q.shape[1]):
        step = np.zeros(q.shape[1])
        step[c] = _STEP
        near = [_force(batch, stance, objective, q + way * step, x) for way in (-1.0, 1.0)]
        stiffness[:, compiled.free, c] = -(near[1] - near[0]) / (2.0 * _STEP)
    compiled = compiled.in_roles
    geometry = muscle_geometry(compiled, pose_of(compiled, q))
    arms, length = geometry.moment_arm.values, geometry.length.values
    force = x[:, :muscles] * model.tables["muscles"].numbers("max_isometric_force")
    stiffness += np.einsum("bmc,bm,bmd->bcd", arms, ratio * force / length, arms)
    return 0.5 * (stiffness + np.swapaxes(stiffness, 1, 2))


def _force(batch: StanceBatch, stance: Stance, objective: SharingObjective, q: Array, x: Array) -> Array:
    """Generalised force of everything at given activations and contact forces: (posture, row)."""
    e = equilibrium_of(batch, stance, q, objective)
    return np.einsum("bmn,bn->bm", e.coefficients, x) - e.demand


def _contact_jacobian(batch: StanceBatch, stance: Stance, objective: SharingObjective, q: Array) -> Array:
    """How far every contact generator moves with the coordinates, friction making some sideways: (posture, g, row)."""
    rough = stance.take(np.arange(len(stance)), friction=np.ones(len(stance)))
    e = equilibrium_of(batch, rough, q, objective)
    return np.swapaxes(e.coefficients[:, :, len(batch.compiled.muscles) :], 1, 2)


def _softest(
    stiffness: Array, contact: Array, rows: NDArray[np.int64], turns: NDArray[np.bool_]
) -> tuple[float, Array]:
    """Least stiffness, and the motion, among those that leave every contact point where it is."""
    free = null_space(contact / np.abs(contact).max(), rcond=_STILL)
    k, angles = stiffness[np.ix_(rows, rows)], turns[rows].astype(np.float64)
    metric = free.T @ (angles[:, None] * free)
    values, motions = eigh(free.T @ k @ free, metric)
    motion = np.zeros(len(turns))
    motion[rows] = free @ motions[:, 0]
    return float(values[0]), motion
