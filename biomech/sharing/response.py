"""x(y): how the unknowns answer to multipliers, within their bounds and under a common cap.

With v = A^T y each unknown takes the x at which f(x) - v x is least, clipped to its bounds. Under ``MinMax`` they also
share a cap t at the price t: of the caps, the one at which the Lagrangian is least.

These kernels work on plain floats, one problem, or on lanes, a problem in each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, kernel
from biomech._kernels.arrays import Array1, Array2, Flags1, Index2
from biomech._simd import any_lane, select, zeros
from biomech.sharing.criteria.base import Criterion
from biomech.sharing.criteria.kernels import response
from biomech.sharing.criteria.min_max import APPROACH, CAPPED
from biomech.sharing.criteria.power import POWER, SQUARE

Array = NDArray[np.float64]


class Costs(NamedTuple):
    """What every unknown costs, the same for all problems, in stages from easy to what is asked.

    ``weight`` (n,); ``kind`` (stage, n) and ``power`` say what an unknown costs, ``d`` (stage, n) is 1 / 2w of the
    squares; ``curved`` (stage,): whether something costs more than a square; ``capped`` (stage,): whether a cap is
    shared; ``powers``: whether all that costs more than a square is a power. Stage 0 is the sum of squares, the last
    but one the criterion itself. The last stage is for demands that cannot be met: squares about a centre, none much
    lighter than the others, with rows that give way; ``compliance`` (m,) is how easily.
    """

    weight: Array1
    kind: Index2
    power: float
    d: Array2
    curved: Flags1
    capped: Flags1
    compliance: Array1
    powers: bool


class Problem(NamedTuple):
    """One problem, or one in each lane.

    Entries of A, b (m,), bounds (n,); ``prox_center`` (n,) and ``regularization`` (m,) of the last stage; ``scale``
    (1,): the largest demand, 1 where nothing is asked.
    """

    a: Array
    b: Array
    lower: Array
    upper: Array
    prox_center: Array
    regularization: Array
    scale: Array


class Work(NamedTuple):
    """Room for the iteration.

    ``hessian`` (m, m), factored, and ``kept`` (m, m), that of each lane when it was done; ``scale`` (m,): the curvature
    of each row if every unknown were free, -1 where nothing acts on it; ``step`` and ``gradient`` (m,); ``aty`` = A^T y
    and ``aty_step`` = A^T step (n,); ``response_rate`` (n,): dx/dv of an unknown between its bounds, else 0; ``raw``
    (n,): the response without bounds; ``cap`` (n,): 1 where an unknown is at the common cap; ``cap_rate`` (1,): how
    fast the cap rises with the pull of those at it; ``x``, ``y`` and ``before``: room to keep unknowns and multipliers;
    ``tally`` (3,): steps and trials so far, and the part of the largest demand that was left before the last
    correction.
    """

    hessian: Array
    kept: Array
    scale: Array
    step: Array
    gradient: Array
    aty: Array
    aty_step: Array
    response_rate: Array
    raw: Array
    cap: Array
    cap_rate: Array
    x: Array
    y: Array
    before: Array
    tally: Array


#: In a demand that cannot be met no unknown is freer than this part of the heaviest: it would drown the softness.
LIGHTEST = 1e-2


def make_costs(criterion: Criterion, weight: Array, quadratic: NDArray[np.bool_], compliance: Array) -> Costs:
    """The stages through which a criterion is approached."""
    code = criterion.code
    own = np.where(quadratic, SQUARE, code)
    plain, d = np.full(len(weight), SQUARE), 0.5 / weight
    kinds, ds = [plain], [d]
    if criterion.is_capped:
        kinds += [own] * len(APPROACH)
        ds += [np.where(quadratic, d, d / part) for part in APPROACH]
    elif code != SQUARE:
        kinds, ds = [plain, own], [d, d]
    heaviest = float(d.min(initial=np.inf))
    kinds, ds = [*kinds, plain], [*ds, np.minimum(d, heaviest / LIGHTEST)]
    if len(d):
        compliance = compliance * (2.0 * heaviest)  # a common factor of the weights does not matter
    capped = np.array([bool((kind == CAPPED).any()) for kind in kinds])
    curved = np.array([bool((kind != SQUARE).any()) for kind in kinds]) & ~capped
    return Costs(weight, np.array(kinds), criterion.parameter, np.array(ds), curved, capped, compliance, code == POWER)


@allocating_kernel
def make_problem(number: Any, rows: int, unknowns: int, entries: int) -> Problem:
    """An empty problem of floats or lanes."""
    return Problem(
        zeros(number, (entries,)),
        zeros(number, (rows,)),
        zeros(number, (unknowns,)),
        zeros(number, (unknowns,)),
        zeros(number, (unknowns,)),
        zeros(number, (rows,)),
        zeros(number, (1,)),
    )


@allocating_kernel
def make_work(number: Any, rows: int, unknowns: int) -> Work:
    """An empty workspace of floats or lanes."""
    return Work(
        zeros(number, (rows, rows)),
        zeros(number, (rows, rows)),
        zeros(number, (rows,)),
        zeros(number, (rows,)),
        zeros(number, (rows,)),
        zeros(number, (unknowns,)),
        zeros(number, (unknowns,)),
        zeros(number, (unknowns,)),
        zeros(number, (unknowns,)),
        zeros(number, (unknowns,)),
        zeros(number, (1,)),
        zeros(number, (unknowns,)),
        zeros(number, (rows,)),
        zeros(number, (rows,)),
        zeros(number, (3,)),
    )


@allocating_kernel
def make_answer(number: Any, rows: int, unknowns: int) -> tuple[Array, Array, Array]:
    """Room for unknowns, multipliers and the four numbers of a proof."""
    return zeros(number, (unknowns,)), zeros(number, (rows,)), zeros(number, (4,))


@kernel
def measure(problem: Problem) -> None:
    """The largest demand; 1 where nothing is asked."""
    problem.scale[0] = 0.0
    for r in range(len(problem.b)):
        problem.scale[0] = max(problem.scale[0], abs(problem.b[r]))
    problem.scale[0] = select(problem.scale[0] > 0.0, problem.scale[0], 1.0)


@kernel
def respond(costs: Costs, s: int, problem: Problem, work: Work, length: float, x: Array) -> tuple[float, float]:
    """x at y + length step, from ``aty`` and ``aty_step``.

    Returns sum of along x, and the rate at which it grows with the length.
    """
    if costs.curved[s]:
        return _respond_curved(costs, s, problem, work, length, x)
    slope, fall = _respond_squares(
        costs.d[s], problem.lower, problem.upper, work.aty, work.aty_step, work.response_rate, length, x
    )
    if costs.capped[s]:
        return _respond_capped(costs, s, problem, work, length, x)
    return slope, fall


@kernel
def _respond_squares(
    d: Array, lower: Array, upper: Array, aty: Array, aty_step: Array, response_rate: Array, length: float, x: Array
) -> tuple[float, float]:
    """The innermost loop; a function of its own so that its sums stay in registers."""
    slope, fall = 0.0 * length, 0.0 * length
    for k in range(len(x)):
        raw = d[k] * (aty[k] + length * aty_step[k])
        value = min(max(raw, lower[k]), upper[k])
        rate = select(raw == value, d[k], 0.0)
        x[k], response_rate[k] = value, rate
        slope += aty_step[k] * value
        fall += aty_step[k] * aty_step[k] * rate
    return slope, fall


@kernel
def _respond_curved(costs: Costs, s: int, problem: Problem, work: Work, length: float, x: Array) -> tuple[float, float]:
    """The same where unknowns cost something else than squares."""
    slope, fall = 0.0 * length, 0.0 * length
    for k in range(len(x)):
        aty_step, lower, upper = work.aty_step[k], problem.lower[k], problem.upper[k]
        raw, rate = response(costs.kind[s, k], costs.power, costs.weight[k], upper, work.aty[k] + length * aty_step)
        response_rate = select((lower < raw) & (raw < upper), rate, 0.0)
        value = min(max(raw, lower), upper)
        x[k], work.response_rate[k] = value, response_rate
        slope += aty_step * value
        fall += aty_step * aty_step * response_rate
    return slope, fall


@kernel
def _respond_capped(costs: Costs, s: int, problem: Problem, work: Work, length: float, x: Array) -> tuple[float, float]:
    """The same under a common cap, after the response without it."""
    for k in range(len(x)):
        work.raw[k] = costs.d[s, k] * (work.aty[k] + length * work.aty_step[k])
    level, together = find_cap(costs, s, problem, work, length)
    work.cap_rate[0] = together
    slope, fall, lift = 0.0 * length, 0.0 * length, 0.0 * length
    for k in range(len(x)):
        if costs.kind[s, k] == CAPPED:
            at_cap = (work.raw[k] > level) & (level < problem.upper[k])
            work.cap[k] = select(at_cap, 1.0 + 0.0 * length, 0.0)
            work.response_rate[k] = select(at_cap, 0.0, work.response_rate[k])
            x[k] = select(at_cap, max(level, problem.lower[k]), x[k])
            lift += work.cap[k] * work.aty_step[k]
        slope += work.aty_step[k] * x[k]
        fall += work.aty_step[k] * work.aty_step[k] * work.response_rate[k]
    return slope, fall + together * lift * lift


@kernel
def find_cap(costs: Costs, s: int, problem: Problem, work: Work, length: float) -> tuple[float, float]:
    """The common cap at which the Lagrangian is least, and the rate at which it rises with the pull of those at it.

    The slope in the cap, 1 - sum of (v - cap / d)+ over the unknowns that could go higher, rises with it.
    """
    least, most = 0.0 * length, 0.0 * length
    for k in range(len(work.raw)):
        if costs.kind[s, k] == CAPPED:
            least = max(least, problem.lower[k])
            most = max(most, min(work.raw[k], problem.upper[k]))
    most = max(most, least)
    level = least  # from below, not from the last cap, which depends on how often one was sought
    over, weight = _over_cap(costs, s, problem, work, length, level)
    for _ in range(100):
        least, most = select(over > 1.0, level, least), select(over > 1.0, most, level)
        open_ = (abs(over - 1.0) > 1e-14) & (most - least > 1e-16 * most)
        if not any_lane(open_):
            break
        # the sum falls and is convex but for jumps at the unknowns' own bounds: Newton's step does not pass the root
        guess = select(weight > 0.0, level + (over - 1.0) / max(weight, 1e-300), most)
        guess = select((least < guess) & (guess < most), guess, 0.5 * (least + most))
        level = select(open_, guess, level)
        over, weight = _over_cap(costs, s, problem, work, length, level)
    level = select(abs(over - 1.0) > 1e-14, most, level)
    over, weight = _over_cap(costs, s, problem, work, length, level)
    return level, select((weight > 0.0) & (abs(over - 1.0) < 1e-9), 1.0 / max(weight, 1e-300), 0.0)


@kernel
def _over_cap(costs: Costs, s: int, problem: Problem, work: Work, length: float, level: float) -> tuple[float, float]:
    """Sum of the pull beyond a cap, and the rate at which it falls with the cap."""
    over, weight = 0.0 * length, 0.0 * length
    for k in range(len(work.raw)):
        if costs.kind[s, k] == CAPPED:
            above = (work.raw[k] > level) & (level < problem.upper[k])
            steep = 1.0 / costs.d[s, k]
            over += select(above, work.aty[k] + length * work.aty_step[k] - level * steep, 0.0)
            weight += select(above, steep + 0.0 * length, 0.0)
    return over, weight
