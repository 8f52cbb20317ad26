"""Load sharing that keeps the stiffness of chosen coordinates above a margin.

With k = ``short_range_stiffness`` the diagonal stiffness of a coordinate c is linear in the unknowns x (see
``stability``, whose matrix K it is the diagonal of):

    K_cc = sum_j g_j x_j + g_0,    g_j = k S_j r_jc^2 / L_j - dA_cj/dq_c,    g_0 = db_c/dq_c

so that K_cc >= margin is one more row, with a slack that costs next to nothing: g . x - s = margin - g_0, s >= 0
(Brown & Potvin 2005, J Biomech 38:745, ask for lumbar stiffness so). The smallest eigenvalue of K is not
linear, and may be negative where every diagonal entry is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech.model.model import Model
from biomech.pipeline.stance_batch import (
    SharingObjective,
    StanceBatch,
    StiffnessConstraint,
    equilibrium_of,
    pose_of,
    row_weight,
    unknown_bounds,
)
from biomech.sharing import LoadSharingProblem, Solution, solve
from biomech.stance.stance import Stance
from biomech.statics.equilibrium import Equilibrium

Array = NDArray[np.float64]

_STEP = 1e-5  #: rad or m, on either side, over which coefficients are differenced
#: N.m/rad: unit of the slack, and its bound in that unit, far above any joint (numerical choice).
_UNIT, _LARGEST = 100.0, 1e4


def share_with_stiffness(
    model: Model,
    batch: StanceBatch,
    stance: Stance,
    objective: SharingObjective,
    stiffness: StiffnessConstraint,
    q: Array,
) -> Solution:
    """Share the load of postures ``q`` (posture, coordinate), every guarded coordinate at least as stiff as its margin.

    The unknowns of the solution are those of the stance, then a slack for every guarded coordinate; its rows are those
    of the stance, then one for every guarded coordinate.
    """
    e = equilibrium_of(batch, stance, q, objective)
    weight, lower, upper, quadratic = unknown_bounds(model, batch.compiled, batch.contact, objective)
    guards, light = len(stiffness.margin), np.full(len(stiffness.margin), model.value("settings/contact_weight"))
    rows = [stiffness_row(model, batch, stance, objective, q, e, name, stiffness.ratio) for name in stiffness.margin]
    gain, rest = np.stack([row[0] for row in rows], axis=1), np.stack([row[1] for row in rows], axis=1)
    slack = np.broadcast_to(-_UNIT * np.eye(guards), (len(q), guards, guards))
    nothing = np.zeros((len(q), e.demand.shape[1], guards))
    problem = LoadSharingProblem(
        np.block([[e.coefficients, nothing], [gain, slack]]),
        np.hstack([e.demand, np.array(list(stiffness.margin.values())) - rest]),
        np.concatenate([upper, np.full(guards, _LARGEST)]),
        np.concatenate([weight, light]),
        np.concatenate([lower, np.zeros(guards)]),
        quadratic=np.concatenate([quadratic, np.ones(guards, dtype=bool)]),
        shortfall_weight=np.concatenate([row_weight(batch.compiled), np.ones(guards)]),
    )
    return solve(problem, objective.criterion)


def stiffness_row(
    model: Model,
    batch: StanceBatch,
    stance: Stance,
    objective: SharingObjective,
    q: Array,
    e: Equilibrium,
    name: str,
    ratio: float,
) -> tuple[Array, Array]:
    """g (posture, unknown) and g_0 (posture,) of a coordinate, N.m/rad."""
    compiled, muscles = batch.compiled, len(batch.compiled.muscles)
    c = compiled.names.coordinates.index(name)
    row = compiled.free.tolist().index(c)
    step = np.zeros(q.shape[1])
    step[c] = _STEP
    before, after = (equilibrium_of(batch, stance, q + way * step, objective) for way in (-1.0, 1.0))
    gain = -(after.coefficients[:, row] - before.coefficients[:, row]) / (2.0 * _STEP)
    rest = (after.demand[:, row] - before.demand[:, row]) / (2.0 * _STEP)
    length = model.muscle_geometry(pose_of(compiled, q)).length.values
    aty = e.coefficients[:, row, :muscles]
    gain[:, :muscles] += ratio * aty * aty / (e.strength * length)
    return gain, rest
