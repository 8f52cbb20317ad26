"""The kernel: Newton's method on the dual.

For the sum of squares: minimise sum w (x - c)^2 subject to A x = b, lower <= x <= upper; the centre c is zero. For
multipliers y the Lagrangian is least at

    x(y) = clip(c + D A^T y, lower, upper),    D = diag(1 / 2w),

and the dual function is concave with gradient b - A x(y) and curvature -A D_free A^T, free being the unknowns between
their bounds. Newton's method on these m equations, with a two-sided line search along each step, ends in a finite
number of steps because everything is piecewise linear (Mangasarian & De Leone 1988). The start is the answer without
bounds. Other criteria begin at the multipliers of the squares and differ only in how the unknowns respond
(``response``); sums of powers come nearly all the way by squares that are like the powers (sequential quadratic
programming, Nocedal & Wright 2006, ch. 18).

A demand that cannot be met is approached with a softness s > 0 per row: the demand is met up to s y at a price, the
gradient is b - A x(y) - s y and the curvature gains s. Moving the centre to the last x and solving again (the proximal
point method, Rockafellar 1976) leads to the least-squares shortfall, and its multipliers prove that it is due.

These kernels work on plain floats, one problem, or on lanes, a problem in each: what is still to be done in a lane is a
mask, and a lane that is done takes steps of no length. *Patient* kernels search each line exactly, take as many steps
as it needs and look for the shortfall; *quick* ones leave hard problems to them, and *short* ones also those that would
keep the other lanes waiting.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._simd import any_lane, select
from biomech._simd.dense_ldl import factor_envelope, factor_ldl, solve_envelope, solve_ldl
from biomech.sharing.block_sparsity import BlockSparsity, add_matvec, add_normal_matrix, transpose_product
from biomech.sharing.criteria.kernels import response, squares_like
from biomech.sharing.criteria.min_max import APPROACH
from biomech.sharing.criteria.power import SQUARE
from biomech.sharing.response import Costs, Problem, Work, respond

Array = NDArray[np.float64]

#: The equations hold to this part of the largest demand; the iteration ends at NEARLY times it, and a correction of
#: the unknowns goes the rest of the way.
TOLERANCE = 1e-12
#: The patient correction goes on to that part of a row's own demand, but not below rounding, a part of the largest.
OWN, ROUNDING = 1e-11, 2e-15
NEARLY, NEARLY_CURVED = 1e3, 1.0
CORRECTIONS = 8
#: How much is done for an answer: what nearly every problem needs, what is worth it beside others, and what it takes.
SHORT, QUICK, PATIENT = 0, 1, 2
#: Steps, trials along a step, the part of its slope that may be left, and the length at which a slope that does not
#: fall is given up: patient, and not.
STEPS, TRIALS, NEAR_ROOT, FAR = 200, 200, 1e-9, 1e19
FEW_STEPS, FEW_TRIALS, NEAR_ENOUGH, FAR_ENOUGH = 14, 16, 0.5, 256.0
SHORT_STEPS, LAST_STEPS, SHORT_TRIALS = 4, 1, 3
#: Softness of a row, in its give, from far to near; how often the centre is moved at the last, and the part of the
#: multipliers by which they may then still move.
SOFTNESS = np.array([1e2, 1.0, 1e-2, 1e-4])
CENTRINGS, SETTLED = 30, 1e-9
#: What must be left of the sizes of its terms where a slope is said never to fall.
BEYOND = 1e-12
#: Steps by squares that are like powers; the parts of the largest unknown by which one may then miss what the step
#: counted on, and by which it may have moved: the error left goes with the square of that.
SQUARES_STEPS, MISSED, MOVED = 12, 1e-13, 3e-8
#: Curvature that a row always keeps, as a part of what it has with every unknown free.
TRACE = 1e-13
#: In the correction, where only what a free unknown acts on is left, less will do, and more would slow it.
TRACE_CORRECTING = 1e-16
#: Under a cap fewer unknowns may be free than there are rows: the less is kept, the longer are steps along the others.
TRACE_CAPPED, FEW_TRACE_CAPPED = 1e-10, 1e-2
#: A row with less than this part of the largest curvature has only rounding in it: nothing acts on it.
NOTHING = 1e-60


@kernel
def share_load(
    pattern: BlockSparsity, costs: Costs, problem: Problem, work: Work, x: Array, y: Array, exact: bool, warm: bool
) -> bool:
    """Unknowns and multipliers of the optimum, or if ``exact`` of the least shortfall; whether the demand is met.

    ``warm`` says that the answer of a like problem is at hand, in the same workspace.
    """
    return share_load_with(pattern, costs, problem, work, x, y, PATIENT if exact else QUICK, warm)


@kernel
def share_load_with(
    pattern: BlockSparsity, costs: Costs, problem: Problem, work: Work, x: Array, y: Array, effort: int, warm: bool
) -> bool:
    """The same with an effort, ``SHORT``, ``QUICK`` or ``PATIENT``."""
    if effort == SHORT and (costs.curved[-2] or costs.capped[-2]) and not costs.powers:
        effort = QUICK
    if warm:
        _warm_start(pattern, costs, problem, work, x, y)
        return _newton(pattern, costs, len(costs.d) - 2, problem, work, x, y, effort)
    _unbounded_start(pattern, costs, problem, work, y)
    met = problem.scale[0] > 0.0
    for s in range(len(costs.d) - 1):
        if s == 1 and costs.capped[s]:
            for r in range(len(y)):
                y[r] = APPROACH[0] * y[r]
        elif s == 1 and costs.powers and effort != PATIENT:
            _sequential_squares(pattern, costs, s, problem, work, x, y)
        elif s == 1:
            _scale_multipliers(pattern, costs, s, problem, work, x, y, effort)
        if s == 0 and costs.curved[1] and effort != PATIENT:
            continue  # the multipliers without bounds are near enough
        met = met & _newton(pattern, costs, s, problem, work, x, y, effort)
    if effort == PATIENT and any_lane(~met):
        _least_squares_shortfall(pattern, costs, problem, work, x, y, met, effort)
    return met


@kernel
def _limit(effort: int, most: int, few: int, short: int) -> int:
    """How often something is done, by effort."""
    return most if effort == PATIENT else few if effort == QUICK else short


@kernel
def _unbounded_start(pattern: BlockSparsity, costs: Costs, problem: Problem, work: Work, y: Array) -> None:
    """Multipliers of the sum of squares without bounds."""
    for k in range(len(work.response_rate)):
        work.response_rate[k] = costs.d[0, k] + 0.0 * problem.scale[0]
    _sum_curvature(pattern, problem, work)
    largest = 0.0 * problem.scale[0]
    for r in range(len(y)):
        largest = max(largest, work.hessian[r, r])
    for r in range(len(y)):
        acted_on = work.hessian[r, r] > NOTHING * largest
        work.scale[r] = select(acted_on, work.hessian[r, r], -1.0)
        y[r] = select(acted_on, problem.b[r], 0.0)
    _factor(pattern, False, work, TRACE)
    solve_envelope(work.hessian, pattern.first, y)


@kernel
def _warm_start(pattern: BlockSparsity, costs: Costs, problem: Problem, work: Work, x: Array, y: Array) -> None:
    """Multipliers at which the unknowns would meet the demand if each answered as it did in the problem before.

    The old multipliers themselves would not do: the pull of a light unknown is so small that it is lost in any change.
    """
    s = len(costs.d) - 2
    for k in range(len(x)):
        work.x[k] = x[k] - work.response_rate[k] * work.aty[k]
    for r in range(len(y)):
        work.gradient[r] = problem.b[r]
    add_matvec(pattern, problem.a, work.x, -1.0, work.gradient)
    curvature(pattern, costs, s, problem, work)
    _factor(pattern, costs.capped[s], work, TRACE)
    _newton_step(pattern, costs.capped[s], work)
    for r in range(len(y)):
        y[r] = work.step[r]


@kernel
def _scale_multipliers(
    pattern: BlockSparsity, costs: Costs, s: int, problem: Problem, work: Work, x: Array, y: Array, effort: int
) -> None:
    """Multipliers of the squares, stretched to where the dual of the criterion is highest along them."""
    for r in range(len(y)):
        work.step[r] = y[r]
        y[r] = 0.0 * y[r]
    restart(pattern, costs, s, problem, work, x, y)
    _gradient(pattern, problem, work, x, y)
    transpose_product(pattern, problem.a, work.step, work.aty_step)
    length = _line_search(costs, s, problem, work, x, y, effort)
    for r in range(len(y)):
        y[r] = length * work.step[r]


@kernel
def _sequential_squares(
    pattern: BlockSparsity, costs: Costs, s: int, problem: Problem, work: Work, x: Array, y: Array
) -> None:
    """Multipliers of a sum of powers, near enough in all but a few lanes.

    Near any x a power is like squares about a centre, and answers a pull v with centre + rate v. Newton's step meets
    the demand with these answers; there the powers are taken anew (sequential quadratic programming).
    """
    _first_guess(pattern, costs, s, problem, work, x, y)
    active = problem.scale[0] > 0.0
    for _ in range(SQUARES_STEPS):
        _gradient(pattern, problem, work, x, y)
        work.tally[0] += 1.0
        _sum_curvature(pattern, problem, work)
        _factor(pattern, False, work, TRACE)
        _newton_step(pattern, False, work)
        for r in range(len(y)):
            y[r] += select(active, work.step[r], 0.0)
        transpose_product(pattern, problem.a, y, work.aty)
        active = active & _take_powers_anew(costs, s, problem, work, x)
        if not any_lane(active):
            break


@kernel
def _first_guess(
    pattern: BlockSparsity, costs: Costs, s: int, problem: Problem, work: Work, x: Array, y: Array
) -> None:
    """Every unknown as the squares have it without bounds, but not near zero, where powers are flat."""
    transpose_product(pattern, problem.a, y, work.aty)
    mean = 0.0 * problem.scale[0]
    for k in range(len(x)):
        x[k] = costs.d[0, k] * work.aty[k]
        mean += abs(x[k]) * (1.0 / len(x))
    for r in range(len(y)):
        y[r] = 0.0 * y[r]
    for k in range(len(x)):
        size = max(min(abs(x[k]), max(abs(problem.lower[k]), abs(problem.upper[k]))), 0.5 * mean)
        negative = (problem.upper[k] <= 0.0) | ((problem.lower[k] < 0.0) & (x[k] < 0.0))
        work.raw[k] = select(negative, -size, size)
        work.cap[k], work.response_rate[k] = squares_like(costs.kind[s, k], costs.power, costs.weight[k], work.raw[k])
        x[k] = work.cap[k]


@kernel
def _take_powers_anew(costs: Costs, s: int, problem: Problem, work: Work, x: Array) -> bool:
    """The unknowns after a step, and the squares that are now like their powers; whether much has changed.

    What met a bound, or zero, stays there until its pull takes it away.
    """
    missed, moved, largest = 0.0 * problem.scale[0], 0.0 * problem.scale[0], 0.0 * problem.scale[0]
    for k in range(len(x)):
        kind, weight, v, lower, upper = (
            costs.kind[s, k],
            costs.weight[k],
            work.aty[k],
            problem.lower[k],
            problem.upper[k],
        )
        before, rate = work.raw[k], work.response_rate[k]
        free = rate > 0.0
        counted = select(free, work.cap[k] + rate * v, x[k])
        if kind == SQUARE:
            value = min(max(costs.d[s, k] * v, lower), upper)
            inside = (lower < value) & (value < upper)
        else:
            own = 0.0 * v
            if any_lane(~free & ((v > 0.0) | (lower < 0.0))):
                own, _ = response(kind, costs.power, weight, upper, v)
            own = select(free, select(counted * before > 0.0, counted, 0.0), own)
            value = min(max(own, lower), upper)
            inside = (lower < value) & (value < upper) & (value != 0.0)
            moved = max(moved, select(inside, abs(value - before), 0.0))
        missed, largest = max(missed, abs(value - counted)), max(largest, abs(value))
        near = select(inside, value, before)
        centre, rate = squares_like(kind, costs.power, weight, near)
        work.raw[k], work.cap[k] = near, centre
        work.response_rate[k] = select(inside, rate, 0.0)
        x[k] = select(inside, centre + rate * v, value)
    return (missed > MISSED * largest) | (moved > MOVED * largest)


@kernel
def restart(pattern: BlockSparsity, costs: Costs, s: int, problem: Problem, work: Work, x: Array, y: Array) -> None:
    """x(y) anew."""
    transpose_product(pattern, problem.a, y, work.aty)
    for k in range(len(x)):
        work.aty_step[k] = 0.0 * problem.scale[0]
        if s == len(costs.d) - 1:
            work.aty[k] += (
                problem.prox_center[k] / costs.d[s, k]
            )  # squares about a centre answer to a pull that is so much stronger
    respond(costs, s, problem, work, 0.0 * problem.scale[0], x)


@kernel
def _newton(
    pattern: BlockSparsity, costs: Costs, s: int, problem: Problem, work: Work, x: Array, y: Array, effort: int
) -> bool:
    """Iterate from ``y``; whether the gradient vanished. Leaves x within its bounds."""
    restart(pattern, costs, s, problem, work, x, y)
    # a curved cost is so flat near zero that little is seen there of what is left
    limit, trace = (NEARLY_CURVED if costs.curved[s] else NEARLY) * TOLERANCE * problem.scale[0], TRACE
    if costs.capped[s]:
        trace = TRACE_CAPPED if effort == PATIENT else FEW_TRACE_CAPPED
    error = _gradient(pattern, problem, work, x, y)
    active = error > limit
    fresh = active | ~active  # the factor at hand is a lane's own
    for _ in range(_limit(effort, STEPS, FEW_STEPS, LAST_STEPS if costs.curved[s] else SHORT_STEPS)):
        if not any_lane(active):
            break
        work.tally[0] += 1.0
        if any_lane(fresh & ~active):
            _keep_factor(pattern, costs.capped[s], fresh, work)
        fresh = active
        curvature(pattern, costs, s, problem, work)
        _factor(pattern, costs.capped[s], work, trace)
        _newton_step(pattern, costs.capped[s], work)
        for r in range(len(y)):
            work.step[r] = select(active, work.step[r], 0.0)
        transpose_product(pattern, problem.a, work.step, work.aty_step)
        length = _line_search(costs, s, problem, work, x, y, effort)
        for r in range(len(y)):
            y[r] += length * work.step[r]
        for k in range(len(x)):
            work.aty[k] += length * work.aty_step[k]
        error = _gradient(pattern, problem, work, x, y)
        active = active & (error > limit) & (length > 0.0)
    if any_lane(~fresh):
        _recall_factor(pattern, costs.capped[s], fresh, work)
    if costs.capped[s]:  # rounding of the cap depends on how the last search came to it
        restart(pattern, costs, s, problem, work, x, y)
        error = _gradient(pattern, problem, work, x, y)
    work.tally[2] = error / problem.scale[0]
    met = _primal_correction(pattern, costs, s, problem, work, x, y, effort, error)
    if costs.curved[s] and effort != PATIENT:
        # a correction could hide that the multipliers are not there yet: where the cost is flat the gap hardly shows it
        met = met & (error <= NEARLY * TOLERANCE * problem.scale[0])
    return met


@kernel
def _keep_factor(pattern: BlockSparsity, capped: bool, fresh: bool, work: Work) -> None:
    """A lane that is done keeps its factor, whatever steps the others take: the correction begins with it."""
    for r in range(len(work.scale)):
        for q in range(_first(pattern, capped, r), r + 1):
            work.kept[r, q] = select(fresh, work.hessian[r, q], work.kept[r, q])


@kernel
def _recall_factor(pattern: BlockSparsity, capped: bool, fresh: bool, work: Work) -> None:
    for r in range(len(work.scale)):
        for q in range(_first(pattern, capped, r), r + 1):
            work.hessian[r, q] = select(fresh, work.hessian[r, q], work.kept[r, q])


@kernel
def curvature(pattern: BlockSparsity, costs: Costs, s: int, problem: Problem, work: Work) -> None:
    """A D_free A^T + s in the lower triangle."""
    _sum_curvature(pattern, problem, work)
    if s == len(costs.d) - 1:
        for r in range(len(work.step)):
            work.hessian[r, r] += problem.regularization[r]
    if costs.capped[s]:
        _capped_curvature(pattern, problem, work)


@kernel
def _sum_curvature(pattern: BlockSparsity, problem: Problem, work: Work) -> None:
    """A D_free A^T."""
    for r in range(len(work.step)):
        for q in range(r + 1):
            work.hessian[r, q] = 0.0 * problem.scale[0]
    add_normal_matrix(pattern, problem.a, work.response_rate, work.hessian)


@kernel
def _capped_curvature(pattern: BlockSparsity, problem: Problem, work: Work) -> None:
    """The unknowns at the cap move as one."""
    for r in range(len(work.step)):
        work.step[r] = 0.0 * work.step[r]
    add_matvec(pattern, problem.a, work.cap, 1.0, work.step)
    for r in range(len(work.step)):
        for q in range(r + 1):
            work.hessian[r, q] += work.cap_rate[0] * work.step[r] * work.step[q]


@kernel
def _factor(pattern: BlockSparsity, capped: bool, work: Work, trace: float) -> None:
    """Factor the curvature; rows on which nothing free acts keep a trace, so that steps along them stay finite."""
    for r in range(len(work.scale)):
        dead = work.scale[r] < 0.0
        for q in range(_first(pattern, capped, r), r):
            work.hessian[r, q] = select(dead | (work.scale[q] < 0.0), 0.0, work.hessian[r, q])
        work.hessian[r, r] = select(dead, 1.0, work.hessian[r, r] + trace * work.scale[r])
    if capped:
        factor_ldl(work.hessian)
    else:
        factor_envelope(work.hessian, pattern.first)


@kernel
def _first(pattern: BlockSparsity, capped: bool, r: int) -> np.uint64:
    """The first column of a row of the curvature that is not always zero: unknowns at a cap bring all rows together."""
    return np.uint64(0) if capped else pattern.first[r]


@kernel
def _newton_step(pattern: BlockSparsity, capped: bool, work: Work) -> None:
    """Solve (A D_free A^T + s) step = gradient with the factored curvature."""
    for r in range(len(work.step)):
        # a row on which nothing acts cannot be helped by any multiplier
        work.step[r] = select(work.scale[r] < 0.0, 0.0, work.gradient[r])
    if capped:
        solve_ldl(work.hessian, work.step)
    else:
        solve_envelope(work.hessian, pattern.first, work.step)


@kernel
def _gradient(pattern: BlockSparsity, problem: Problem, work: Work, x: Array, y: Array) -> float:
    """b - A x - s y, and its largest entry."""
    for r in range(len(y)):
        work.gradient[r] = problem.b[r] - problem.regularization[r] * y[r]
    add_matvec(pattern, problem.a, x, -1.0, work.gradient)
    largest = 0.0 * problem.scale[0]
    for r in range(len(y)):
        largest = max(largest, abs(work.gradient[r]))
    return largest


@kernel
def _line_search(costs: Costs, s: int, problem: Problem, work: Work, x: Array, y: Array, effort: int) -> float:
    """Length at which the slope of the dual along the step is near zero, and x there; 0 where it never falls.

    The slope falls continuously, so Newton's method within a bracket finds its root: exactly, for squares, once the
    bracket holds no kink.
    """
    start, steady, regularization = 0.0 * problem.scale[0], 0.0 * problem.scale[0], 0.0 * problem.scale[0]
    for r in range(len(y)):
        start += work.step[r] * work.gradient[r]
        steady += work.step[r] * (problem.b[r] - problem.regularization[r] * y[r])
        regularization += problem.regularization[r] * work.step[r] * work.step[r]
    near, far = (NEAR_ROOT, FAR) if effort == PATIENT else (NEAR_ENOUGH, FAR_ENOUGH)
    searching = start > 0.0
    length = select(searching, 1.0 + 0.0 * start, 0.0)
    low, high = 0.0 * start, np.inf + 0.0 * length
    for trial in range(_limit(effort, TRIALS, FEW_TRIALS, SHORT_TRIALS)):
        work.tally[1] += 1.0
        met, rate = respond(costs, s, problem, work, length, x)
        slope, fall = steady - length * regularization - met, rate + regularization
        searching = searching & (abs(slope) > near * start)
        if not any_lane(searching):
            return length
        if trial == 0 and any_lane(searching & (slope > 0.0)):
            beyond = _is_beyond(problem, work, steady, regularization)
            searching, length = searching & ~beyond, select(beyond, 0.0, length)
        low = select(slope > 0.0, length, low)
        high = select(slope > 0.0, high, length)
        bounded = high < np.inf
        narrow, lost = bounded & (high - low <= 1e-15 * high), (low > far) & (high == np.inf)
        guess = length + slope / max(fall, 1e-300)
        inside = (low < guess) & (guess < high) & (fall > 0.0) & (trial % 3 < 2)
        # every third time the middle, of magnitudes: where there are many kinks Newton's method creeps
        middle = select(low > 0.0, math.sqrt(low * high), 0.001 * high)
        guess = select(inside, guess, select(bounded, middle, 4.0 * low))
        guess = select(narrow, low, select(lost, 0.0, guess))
        length = select(searching, guess, length)
        searching = searching & (guess != low) & ~lost
    length = select(searching, low, length)  # the dual still rises there
    respond(costs, s, problem, work, length, x)
    return length


@kernel
def _is_beyond(problem: Problem, work: Work, steady: float, regularization: float) -> bool:
    """Whether the slope along the step never falls to zero: no unknowns within their bounds go that far (Farkas)."""
    reach, size = 0.0 * steady, abs(steady)
    for k in range(len(work.aty_step)):
        along = work.aty_step[k]
        most = select(along == 0.0, 0.0, along * select(along > 0.0, problem.upper[k], problem.lower[k]))
        reach, size = reach + most, size + abs(most)
    return (regularization == 0.0) & (steady - reach > BEYOND * size)


@kernel
def _primal_correction(
    pattern: BlockSparsity,
    costs: Costs,
    s: int,
    problem: Problem,
    work: Work,
    x: Array,
    y: Array,
    effort: int,
    error: float,
) -> bool:
    """Move the free unknowns so that A x = b - s y, which is off by ``error``, holds to rounding.

    Unknowns of tiny weight leave a residual even at the exact multipliers.
    """
    for trial in range(CORRECTIONS):
        off = error > TOLERANCE * problem.scale[0]
        if effort == PATIENT:  # a row with a small demand is certified by that
            for r in range(len(y)):
                off = off | (abs(work.gradient[r]) > max(OWN * abs(problem.b[r]), ROUNDING * problem.scale[0]))
        if not any_lane(off):
            break
        # the factor at hand was of other free unknowns; with patience it may be of a search long ago
        if trial == 1 or (trial == 0 and (effort == PATIENT or costs.capped[s])):
            curvature(pattern, costs, s, problem, work)
            _factor(pattern, costs.capped[s], work, TRACE_CAPPED if costs.capped[s] else TRACE_CORRECTING)
        _newton_step(pattern, costs.capped[s], work)
        transpose_product(pattern, problem.a, work.step, work.aty_step)
        lift = 0.0 * problem.scale[0]
        if costs.capped[s]:
            for k in range(len(x)):
                lift += work.cap_rate[0] * work.cap[k] * work.aty_step[k]
        for k in range(len(x)):
            move = work.response_rate[k] * work.aty_step[k]
            if costs.capped[s]:
                move += work.cap[k] * lift
            x[k] = select(off, min(max(x[k] + move, problem.lower[k]), problem.upper[k]), x[k])
        error = _gradient(pattern, problem, work, x, y)
    return error <= NEARLY * TOLERANCE * problem.scale[0]


@kernel
def _least_squares_shortfall(
    pattern: BlockSparsity, costs: Costs, problem: Problem, work: Work, x: Array, y: Array, met: bool, effort: int
) -> None:
    """The least-squares shortfall, and multipliers that prove it; what is met stays as it is."""
    s, number = len(costs.d) - 1, problem.scale[0]
    settled = work.tally[2]
    for k in range(len(x)):
        work.x[k], problem.prox_center[k] = x[k], 0.0 * number
    for r in range(len(y)):
        work.y[r], y[r] = y[r], 0.0 * number
        work.scale[r] = 0.0 * number  # the softness keeps every row's curvature
    for k in range(len(SOFTNESS)):
        for r in range(len(y)):
            problem.regularization[r] = SOFTNESS[k] * costs.compliance[r] + 0.0 * number
        _newton(pattern, costs, s, problem, work, x, y, effort)
        if k + 1 < len(SOFTNESS):
            for r in range(len(y)):
                y[r] *= SOFTNESS[k] / SOFTNESS[k + 1]  # the shortfall s y stays while s falls
    open_ = ~met
    for _ in range(CENTRINGS):
        for k in range(len(x)):
            problem.prox_center[k] = x[k]
        for r in range(len(y)):
            work.before[r] = y[r]
        _newton(pattern, costs, s, problem, work, x, y, effort)
        moved, largest = 0.0 * number, 0.0 * number
        for r in range(len(y)):
            moved, largest = max(moved, abs(y[r] - work.before[r])), max(largest, abs(y[r]))
        # what has settled stays as it is, whatever the other lanes do
        for k in range(len(x)):
            x[k] = select(open_, x[k], problem.prox_center[k])
        for r in range(len(y)):
            y[r] = select(open_, y[r], work.before[r])
        open_ = open_ & (moved > SETTLED * largest)
        if not any_lane(open_):
            break
    for r in range(len(y)):
        problem.regularization[r] = 0.0 * number
        y[r] = select(met, work.y[r], y[r])
    work.tally[2] = settled
    for k in range(len(x)):
        x[k] = select(met, work.x[k], x[k])
