"""The kernel: Newton's method on the dual.

For the sum of squares: minimise sum w (x - c)^2 subject to A x = b, lower <= x <= upper; the centre c is zero. For
multipliers y the Lagrangian is least at

    x(y) = clip(c + D A^T y, lower, upper),    D = diag(1 / 2w),

and the dual function is concave with gradient b - A x(y) and curvature -A D_free A^T, free being the unknowns between
their bounds. Newton's method on these m equations, with a two-sided line search along each step, ends in a finite
number of steps because everything is piecewise linear (Mangasarian & De Leone 1988). The start is the answer without
bounds. Other criteria begin at the multipliers of the squares and differ only in how the unknowns respond
(``response``).

A demand that cannot be met is approached with a softness s > 0 per row: the demand is met up to s y at a price, the
gradient is b - A x(y) - s y and the curvature gains s. Moving the centre to the last x and solving again (the proximal
point method, Rockafellar 1976) leads to the least-squares shortfall, and its multipliers prove that it is due.

These kernels work on plain floats, one problem, or on lanes, a problem in each: what is still to be done in a lane is a
mask, and a lane that is done takes steps of no length. *Patient* kernels search each line exactly, take as many steps
as it needs and look for the shortfall; the others leave hard problems to them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._simd import any_lane, select
from biomech._simd.dense_ldl import factor_ldl, solve_ldl
from biomech.sharing.block_sparsity import Pattern, add_curvature, add_product, pull_of
from biomech.sharing.criteria import APPROACH
from biomech.sharing.response import Costs, Problem, Work, respond

Array = NDArray[np.float64]

#: The equations hold to this part of the largest demand; the iteration ends at NEARLY times it, and a correction of
#: the unknowns goes the rest of the way.
TOLERANCE = 1e-12
#: The patient correction goes on to that part of a row's own demand, but not below rounding, a part of the largest.
OWN, ROUNDING = 1e-11, 2e-15
NEARLY, NEARLY_CURVED = 1e3, 1.0
CORRECTIONS = 8
#: Steps, trials along a step, the part of its slope that may be left, and the length at which a slope that does not
#: fall is given up: patient, and not.
STEPS, TRIALS, NEAR_ROOT, FAR = 200, 200, 1e-9, 1e19
FEW_STEPS, FEW_TRIALS, NEAR_ENOUGH, FAR_ENOUGH = 40, 16, 0.1, 256.0
#: Softness of a row, in its give, from far to near; how often the centre is moved at the last, and the part of the
#: multipliers by which they may then still move.
SOFTNESS = np.array([1e2, 1.0, 1e-2, 1e-4])
CENTRINGS, SETTLED = 30, 1e-9
#: Curvature that a row always keeps, as a part of what it has with every unknown free.
TRACE = 1e-13
#: In the correction, where only what a free unknown acts on is left, less will do, and more would slow it.
TRACE_CORRECTING = 1e-16
#: Under a cap fewer unknowns may be free than there are rows: the less is kept, the longer are steps along the others.
TRACE_CAPPED, FEW_TRACE_CAPPED = 1e-10, 1e-2
#: A row with less than this part of the largest curvature has only rounding in it: nothing acts on it.
NOTHING = 1e-60


@kernel
def share_load(t: Pattern, c: Costs, p: Problem, w: Work, x: Array, y: Array, patient: bool, warm: bool) -> bool:
    """Unknowns and multipliers of the optimum, or if ``patient`` of the least shortfall; whether the demand is met.

    ``warm`` says that the answer of a like problem is at hand, in the same workspace.
    """
    if warm:
        _follow(t, c, p, w, x, y)
        return _newton(t, c, len(c.d) - 2, p, w, x, y, patient)
    _unbounded_start(t, c, p, w, y)
    met = p.scale[0] > 0.0
    for s in range(len(c.d) - 1):
        if s == 1 and c.capped[s]:
            for r in range(len(y)):
                y[r] = APPROACH[0] * y[r]
        elif s == 1:
            _stretch(t, c, s, p, w, x, y, patient)
        if s == 0 and c.curved[1] and not patient:
            continue  # the multipliers without bounds are near enough
        met = met & _newton(t, c, s, p, w, x, y, patient)
    if patient and any_lane(~met):
        _fall_short(t, c, p, w, x, y, met, patient)
    return met


@kernel
def _unbounded_start(t: Pattern, c: Costs, p: Problem, w: Work, y: Array) -> None:
    """Multipliers of the sum of squares without bounds."""
    for k in range(len(w.free)):
        w.free[k] = c.d[0, k] + 0.0 * p.scale[0]
    _sum_curvature(t, p, w)
    largest = 0.0 * p.scale[0]
    for r in range(len(y)):
        largest = max(largest, w.hessian[r, r])
    for r in range(len(y)):
        acted_on = w.hessian[r, r] > NOTHING * largest
        w.scale[r] = select(acted_on, w.hessian[r, r], -1.0)
        y[r] = select(acted_on, p.b[r], 0.0)
    _factor(w, TRACE)
    solve_ldl(w.hessian, y)


@kernel
def _follow(t: Pattern, c: Costs, p: Problem, w: Work, x: Array, y: Array) -> None:
    """Multipliers at which the unknowns would meet the demand if each answered as it did in the problem before.

    The old multipliers themselves would not do: the pull of a light unknown is so small that it is lost in any change.
    """
    s = len(c.d) - 2
    for k in range(len(x)):
        w.x[k] = x[k] - w.free[k] * w.pull[k]
    for r in range(len(y)):
        w.gradient[r] = p.b[r]
    add_product(t, p.a, w.x, -1.0, w.gradient)
    curvature(t, c, s, p, w)
    _factor(w, TRACE)
    _newton_step(w)
    for r in range(len(y)):
        y[r] = w.step[r]


@kernel
def _stretch(t: Pattern, c: Costs, s: int, p: Problem, w: Work, x: Array, y: Array, patient: bool) -> None:
    """Multipliers of the squares, stretched to where the dual of the criterion is highest along them."""
    for r in range(len(y)):
        w.step[r] = y[r]
        y[r] = 0.0 * y[r]
    restart(t, c, s, p, w, x, y)
    _gradient(t, p, w, x, y)
    pull_of(t, p.a, w.step, w.along)
    length = _line_search(c, s, p, w, x, y, patient)
    for r in range(len(y)):
        y[r] = length * w.step[r]


@kernel
def restart(t: Pattern, c: Costs, s: int, p: Problem, w: Work, x: Array, y: Array) -> None:
    """x(y) anew."""
    pull_of(t, p.a, y, w.pull)
    for k in range(len(x)):
        w.along[k] = 0.0 * p.scale[0]
        if s == len(c.d) - 1:
            w.pull[k] += p.centre[k] / c.d[s, k]  # squares about a centre answer to a pull that is so much stronger
    respond(c, s, p, w, 0.0 * p.scale[0], x)


@kernel
def _newton(t: Pattern, c: Costs, s: int, p: Problem, w: Work, x: Array, y: Array, patient: bool) -> bool:
    """Iterate from ``y``; whether the gradient vanished. Leaves x within its bounds."""
    restart(t, c, s, p, w, x, y)
    # a curved cost is so flat near zero that little is seen there of what is left
    limit, trace = (NEARLY_CURVED if c.curved[s] else NEARLY) * TOLERANCE * p.scale[0], TRACE
    if c.capped[s]:
        trace = TRACE_CAPPED if patient else FEW_TRACE_CAPPED
    error = _gradient(t, p, w, x, y)
    active = error > limit
    fresh = active | ~active  # the factor at hand is a lane's own
    for _ in range(STEPS if patient else FEW_STEPS):
        if not any_lane(active):
            break
        w.tally[0] += 1.0
        if any_lane(fresh & ~active):
            _keep_factor(fresh, w)
        fresh = active
        curvature(t, c, s, p, w)
        _factor(w, trace)
        _newton_step(w)
        for r in range(len(y)):
            w.step[r] = select(active, w.step[r], 0.0)
        pull_of(t, p.a, w.step, w.along)
        length = _line_search(c, s, p, w, x, y, patient)
        for r in range(len(y)):
            y[r] += length * w.step[r]
        for k in range(len(x)):
            w.pull[k] += length * w.along[k]
        error = _gradient(t, p, w, x, y)
        active = active & (error > limit) & (length > 0.0)
    if any_lane(~fresh):
        _recall_factor(fresh, w)
    if c.capped[s]:  # rounding of the cap depends on how the last search came to it
        restart(t, c, s, p, w, x, y)
        error = _gradient(t, p, w, x, y)
    w.tally[2] = error / p.scale[0]
    met = _correct(t, c, s, p, w, x, y, patient)
    if c.curved[s] and not patient:
        # a correction could hide that the multipliers are not there yet: where the cost is flat the gap hardly shows it
        met = met & (error <= NEARLY * TOLERANCE * p.scale[0])
    return met


@kernel
def _keep_factor(fresh: bool, w: Work) -> None:
    """A lane that is done keeps its factor, whatever steps the others take: the correction begins with it."""
    for r in range(len(w.scale)):
        for q in range(r + 1):
            w.kept[r, q] = select(fresh, w.hessian[r, q], w.kept[r, q])


@kernel
def _recall_factor(fresh: bool, w: Work) -> None:
    for r in range(len(w.scale)):
        for q in range(r + 1):
            w.hessian[r, q] = select(fresh, w.hessian[r, q], w.kept[r, q])


@kernel
def curvature(t: Pattern, c: Costs, s: int, p: Problem, w: Work) -> None:
    """A D_free A^T + s in the lower triangle."""
    _sum_curvature(t, p, w)
    if s == len(c.d) - 1:
        for r in range(len(w.step)):
            w.hessian[r, r] += p.soft[r]
    if c.capped[s]:
        _capped_curvature(t, p, w)


@kernel
def _sum_curvature(t: Pattern, p: Problem, w: Work) -> None:
    """A D_free A^T."""
    for r in range(len(w.step)):
        for q in range(r + 1):
            w.hessian[r, q] = 0.0 * p.scale[0]
    add_curvature(t, p.a, w.free, w.hessian)


@kernel
def _capped_curvature(t: Pattern, p: Problem, w: Work) -> None:
    """The unknowns at the cap move as one."""
    for r in range(len(w.step)):
        w.step[r] = 0.0 * w.step[r]
    add_product(t, p.a, w.cap, 1.0, w.step)
    for r in range(len(w.step)):
        for q in range(r + 1):
            w.hessian[r, q] += w.cap_rate[0] * w.step[r] * w.step[q]


@kernel
def _factor(w: Work, trace: float) -> None:
    """Factor the curvature; rows on which nothing free acts keep a trace, so that steps along them stay finite."""
    for r in range(len(w.scale)):
        dead = w.scale[r] < 0.0
        for q in range(r):
            w.hessian[r, q] = select(dead | (w.scale[q] < 0.0), 0.0, w.hessian[r, q])
        w.hessian[r, r] = select(dead, 1.0, w.hessian[r, r] + trace * w.scale[r])
    factor_ldl(w.hessian)


@kernel
def _newton_step(w: Work) -> None:
    """Solve (A D_free A^T + s) step = gradient with the factored curvature."""
    for r in range(len(w.step)):
        # a row on which nothing acts cannot be helped by any multiplier
        w.step[r] = select(w.scale[r] < 0.0, 0.0, w.gradient[r])
    solve_ldl(w.hessian, w.step)


@kernel
def _gradient(t: Pattern, p: Problem, w: Work, x: Array, y: Array) -> float:
    """b - A x - s y, and its largest entry."""
    for r in range(len(y)):
        w.gradient[r] = p.b[r] - p.soft[r] * y[r]
    add_product(t, p.a, x, -1.0, w.gradient)
    largest = 0.0 * p.scale[0]
    for r in range(len(y)):
        largest = max(largest, abs(w.gradient[r]))
    return largest


@kernel
def _line_search(c: Costs, s: int, p: Problem, w: Work, x: Array, y: Array, patient: bool) -> float:
    """Length at which the slope of the dual along the step is near zero, and x there; 0 where it never falls.

    The slope falls continuously, so Newton's method within a bracket finds its root: exactly, for squares, once the
    bracket holds no kink.
    """
    start, steady, soft = 0.0 * p.scale[0], 0.0 * p.scale[0], 0.0 * p.scale[0]
    for r in range(len(y)):
        start += w.step[r] * w.gradient[r]
        steady += w.step[r] * (p.b[r] - p.soft[r] * y[r])
        soft += p.soft[r] * w.step[r] * w.step[r]
    near, far = (NEAR_ROOT, FAR) if patient else (NEAR_ENOUGH, FAR_ENOUGH)
    searching = start > 0.0
    length = select(searching, 1.0 + 0.0 * start, 0.0)
    low, high = 0.0 * start, np.inf + 0.0 * length
    for trial in range(TRIALS if patient else FEW_TRIALS):
        w.tally[1] += 1.0
        met, rate = respond(c, s, p, w, length, x)
        slope, fall = steady - length * soft - met, rate + soft
        searching = searching & (abs(slope) > near * start)
        if not any_lane(searching):
            return length
        low = select(slope > 0.0, length, low)
        high = select(slope > 0.0, high, length)
        bounded = high < np.inf
        narrow, lost = bounded & (high - low <= 1e-15 * high), (low > far) & (high == np.inf)
        guess = length + slope / max(fall, 1e-300)
        inside = (low < guess) & (guess < high) & (fall > 0.0) & (trial % 3 < 2)
        # every third time the middle: where there are many kinks Newton's method creeps
        guess = select(inside, guess, select(bounded, 0.5 * (low + high), 4.0 * low))
        guess = select(narrow, low, select(lost, 0.0, guess))
        length = select(searching, guess, length)
        searching = searching & (guess != low) & ~lost
    length = select(searching, low, length)  # the dual still rises there
    respond(c, s, p, w, length, x)
    return length


@kernel
def _correct(t: Pattern, c: Costs, s: int, p: Problem, w: Work, x: Array, y: Array, patient: bool) -> bool:
    """Move the free unknowns so that A x = b - s y holds to rounding.

    Unknowns of tiny weight leave a residual even at the exact multipliers.
    """
    for trial in range(CORRECTIONS):
        off = _gradient(t, p, w, x, y) > TOLERANCE * p.scale[0]
        if patient:  # a row with a small demand is certified by that
            for r in range(len(y)):
                off = off | (abs(w.gradient[r]) > max(OWN * abs(p.b[r]), ROUNDING * p.scale[0]))
        if not any_lane(off):
            break
        # the factor at hand was of other free unknowns; with patience it may be of a search long ago
        if trial == 1 or (trial == 0 and (patient or c.capped[s])):
            curvature(t, c, s, p, w)
            _factor(w, TRACE_CAPPED if c.capped[s] else TRACE_CORRECTING)
        _newton_step(w)
        pull_of(t, p.a, w.step, w.along)
        lift = 0.0 * p.scale[0]
        if c.capped[s]:
            for k in range(len(x)):
                lift += w.cap_rate[0] * w.cap[k] * w.along[k]
        for k in range(len(x)):
            move = w.free[k] * w.along[k]
            if c.capped[s]:
                move += w.cap[k] * lift
            x[k] = select(off, min(max(x[k] + move, p.lower[k]), p.upper[k]), x[k])
    return _gradient(t, p, w, x, y) <= NEARLY * TOLERANCE * p.scale[0]


@kernel
def _fall_short(t: Pattern, c: Costs, p: Problem, w: Work, x: Array, y: Array, met: bool, patient: bool) -> None:
    """The least-squares shortfall, and multipliers that prove it; what is met stays as it is."""
    s, number = len(c.d) - 1, p.scale[0]
    settled = w.tally[2]
    for k in range(len(x)):
        w.x[k], p.centre[k] = x[k], 0.0 * number
    for r in range(len(y)):
        w.y[r], y[r] = y[r], 0.0 * number
        w.scale[r] = 0.0 * number  # the softness keeps every row's curvature
    for k in range(len(SOFTNESS)):
        for r in range(len(y)):
            p.soft[r] = SOFTNESS[k] * c.give[r] + 0.0 * number
        _newton(t, c, s, p, w, x, y, patient)
        if k + 1 < len(SOFTNESS):
            for r in range(len(y)):
                y[r] *= SOFTNESS[k] / SOFTNESS[k + 1]  # the shortfall s y stays while s falls
    open_ = ~met
    for _ in range(CENTRINGS):
        for k in range(len(x)):
            p.centre[k] = x[k]
        for r in range(len(y)):
            w.before[r] = y[r]
        _newton(t, c, s, p, w, x, y, patient)
        moved, largest = 0.0 * number, 0.0 * number
        for r in range(len(y)):
            moved, largest = max(moved, abs(y[r] - w.before[r])), max(largest, abs(y[r]))
        # what has settled stays as it is, whatever the other lanes do
        for k in range(len(x)):
            x[k] = select(open_, x[k], p.centre[k])
        for r in range(len(y)):
            y[r] = select(open_, y[r], w.before[r])
        open_ = open_ & (moved > SETTLED * largest)
        if not any_lane(open_):
            break
    for r in range(len(y)):
        p.soft[r] = 0.0 * number
        y[r] = select(met, w.y[r], y[r])
    w.tally[2] = settled
    for k in range(len(x)):
        x[k] = select(met, w.x[k], x[k])
