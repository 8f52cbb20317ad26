"""The kernel: Newton's method on the dual.

For the sum of squares: minimise sum w (x - c)^2 subject to A x = b, lower <= x <= upper; the centre c is zero. For
multipliers y the Lagrangian is least at

    x(y) = clip(c + D A^T y, lower, upper),    D = diag(1 / 2w),

and the dual function is concave with gradient b - A x(y) and curvature -A D_free A^T, free being the unknowns between
their bounds. Newton's method on these m equations, with an exact line search along each step, ends in a finite number
of steps because everything is piecewise linear (Mangasarian & De Leone 1988). The start is the answer without bounds.
Other criteria begin at the multipliers of the squares and differ only in how the unknowns respond (``response``).

A demand that cannot be met is approached with a softness s > 0 per row: the demand is met up to s y at a price, the
gradient is b - A x(y) - s y and the curvature gains s. Moving the centre to the last x and solving again (the proximal
point method, Rockafellar 1976) leads to the least-squares shortfall, and its multipliers prove that it is due.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech._jit import jit, select
from biomech._linear import factor_ldl, solve_ldl
from biomech.errors import ProblemError
from biomech.sharing.criteria import APPROACH, CAPPED, SQUARE, Criterion, MinMax, Power, SoftSaturation, kind_of
from biomech.sharing.problem import LoadSharingProblem
from biomech.sharing.response import Terms, Work, find_cap, make_work, respond, share_out
from biomech.sharing.solution import Solution, certify

Array = NDArray[np.float64]

STEPS = 100
#: Softness of a row of unit shortfall weight, from far to near, and how often the centre is moved at the last.
SOFTNESS = np.array([1e2, 1.0, 1e-2, 1e-4])
CENTRINGS = 30
#: In a demand that cannot be met no unknown is freer than this part of the heaviest: it would drown the softness.
LIGHTEST = 1e-2
#: Curvature that a row always keeps, as a part of what it has with every unknown free.
TRACE = 1e-13
#: Under a cap few unknowns are free, and a step needs more to stay in sight.
TRACE_CAPPED = 1e-10
#: A step is long enough where the slope along it has fallen to this part. At 0.1 one problem in some thousands stalls.
NEAR_ROOT = 1e-9
#: A row with less than this part of the largest curvature has only rounding in it: nothing acts on it.
NOTHING = 1e-22
#: The iteration ends at this many times the tolerance; the correction takes the answer the rest of the way.
NEARLY = 1e3


def solve(problem: LoadSharingProblem, criterion: Criterion) -> Solution:
    """Share the load in every problem of a batch.

    Parameters
    ----------
    problem : LoadSharingProblem
        B problems of m rows and n unknowns.
    criterion : Power, SoftSaturation or MinMax
        ``Power(p)``: least sum of w |x|^p; ``SoftSaturation()``: least sum of w (1 - sqrt(1 - (x / u)^2));
        ``MinMax()``: least t + 0.001 sum of w x^2, t the largest x.

    Returns
    -------
    Solution
        Certified: ``status`` is 0 only where residual and duality gap are below 1e-9.

    Raises
    ------
    ProblemError
        The criterion is not known, or does not suit the bounds.

    Examples
    --------
    A demand past all strength is answered with the least shortfall.

    >>> import numpy as np
    >>> from biomech.sharing import LoadSharingProblem, Power, solve
    >>> problem = LoadSharingProblem(np.array([[[20.0, 40.0]]]), np.array([[70.0]]), np.ones(2), np.ones(2))
    >>> solution = solve(problem, Power(2))
    >>> int(solution.status[0]), solution.shortfall.round(6).tolist()
    (1, [[10.0]])
    """
    if not isinstance(criterion, Power | SoftSaturation | MinMax):
        raise ProblemError(f"criterion = {criterion!r}: must be Power(p), SoftSaturation() or MinMax()")
    if isinstance(criterion, SoftSaturation):
        _check_saturation(problem)
    code, power = kind_of(criterion)
    batch, rows, unknowns = problem.coefficients.shape
    value, multiplier = np.empty((batch, unknowns)), np.zeros((batch, rows))
    _solve_all(
        problem.coefficients,
        problem.demand,
        problem.weight,
        np.where(problem.quadratic, SQUARE, code),
        power,
        problem.lower,
        problem.upper,
        1.0 / problem.shortfall_weight,
        make_work(rows, unknowns),
        value,
        multiplier,
    )
    return certify(problem, criterion, value, multiplier)


def _check_saturation(problem: LoadSharingProblem) -> None:
    """Soft saturation is measured in upper bounds: they must be positive and finite."""
    bad = np.argwhere(~problem.quadratic & ~(np.isfinite(problem.upper) & (problem.upper > 0.0)))
    if bad.size:
        i, k = (int(index) for index in bad[0])
        value = problem.upper[i, k]
        raise ProblemError(f"upper[{i}, {k}] = {value!r}: must be positive and finite under SoftSaturation")


@jit
def _solve_all(
    a: Array,
    b: Array,
    w: Array,
    kind: NDArray[np.int64],
    power: float,
    lower: Array,
    upper: Array,
    give: Array,
    work: Work,
    x: Array,
    y: Array,
) -> None:
    hard, nowhere, square = np.zeros(len(give)), np.zeros(len(w)), np.full(len(w), SQUARE)
    d, curved, capped = 0.5 / w, bool((kind != SQUARE).any()), bool((kind == CAPPED).any())
    for i in range(len(a)):
        scale = 1.0
        for r in range(len(give)):
            scale = max(scale, abs(b[i, r]))
        tolerance = 1e-12 * scale
        plain = Terms(a[i], b[i], d, w, square, 2.0, False, False, lower[i], upper[i], nowhere, hard, tolerance)
        _unbounded_start(plain, work, y[i])
        met = _newton(plain, work, x[i], y[i])
        if met and curved and capped:
            met = _approach_cap(plain, kind, work, x[i], y[i])
        elif met and curved:
            terms = Terms(a[i], b[i], d, w, kind, power, True, False, lower[i], upper[i], nowhere, hard, tolerance)
            _scale_start(terms, work, x[i], y[i])
            met = _newton(terms, work, x[i], y[i])
        if not met:
            _fall_short(plain, work, give, x[i], y[i])


@jit
def _approach_cap(plain: Terms, kind: NDArray[np.int64], work: Work, x: Array, y: Array) -> bool:
    """Squares under one cap, their weight falling to that of the definition."""
    met = True
    y *= APPROACH[0]
    for e in range(len(APPROACH)):
        d = np.where(kind == CAPPED, plain.d / APPROACH[e], plain.d)
        terms = Terms(
            plain.a,
            plain.b,
            d,
            plain.weight,
            kind,
            2.0,
            False,
            True,
            plain.lower,
            plain.upper,
            plain.centre,
            plain.soft,
            plain.tolerance,
        )
        met = _newton(terms, work, x, y)
    return met


@jit
def _scale_start(t: Terms, work: Work, x: Array, y: Array) -> None:
    """Multipliers of the squares, stretched to where the dual of the criterion is highest along them."""
    work.step[:] = y
    y[:] = 0.0
    share_out(t, work, y, x)
    length = _line_search(t, work, y)
    y[:] = length * work.step


@jit
def _fall_short(hard: Terms, work: Work, give: Array, x: Array, y: Array) -> None:
    """The least-squares shortfall, and multipliers that prove it."""
    d = np.minimum(hard.d, hard.d.min() / LIGHTEST)
    centre, before = np.zeros(len(d)), np.empty(len(y))
    y[:] = 0.0
    work.scale[:] = 0.0  # the softness keeps every row's curvature
    for k in range(len(SOFTNESS)):
        soft = SOFTNESS[k] * give
        terms = Terms(
            hard.a,
            hard.b,
            d,
            hard.weight,
            hard.kind,
            2.0,
            False,
            False,
            hard.lower,
            hard.upper,
            centre,
            soft,
            hard.tolerance,
        )
        _newton(terms, work, x, y)
        if k + 1 < len(SOFTNESS):
            y *= SOFTNESS[k] / SOFTNESS[k + 1]  # the shortfall s y stays while s falls
    for _ in range(CENTRINGS):
        centre[:] = x
        before[:] = y
        _newton(terms, work, x, y)
        if np.abs(y - before).max() <= 1e-9 * np.abs(y).max():
            break


@jit
def _unbounded_start(t: Terms, work: Work, y: Array) -> None:
    """Multipliers of the problem without bounds."""
    work.free[:] = t.d
    _curvature(t, work)
    largest = 0.0
    for r in range(len(y)):
        largest = max(largest, work.hessian[r, r])
    for r in range(len(y)):
        work.scale[r] = work.hessian[r, r] if work.hessian[r, r] > NOTHING * largest else -1.0
        y[r] = t.b[r] if work.scale[r] > 0.0 else 0.0
    _factor(t, work)
    solve_ldl(work.hessian, y)


@jit
def _curvature(t: Terms, work: Work) -> None:
    """A D_free A^T + s in the lower triangle."""
    rows, unknowns = t.a.shape
    for r in range(rows):
        for k in range(unknowns):
            work.row[k] = t.a[r, k] * work.free[k]
        for c in range(r + 1):
            total = 0.0
            for k in range(unknowns):
                total += work.row[k] * t.a[c, k]
            work.hessian[r, c] = total
        work.hessian[r, r] += t.soft[r]
    if t.capped and work.level[1] > 0.0:
        # the capped unknowns move as one
        for r in range(rows):
            work.step[r] = 0.0
            for k in range(unknowns):
                work.step[r] += t.a[r, k] * work.cap[k]
            for c in range(r + 1):
                work.hessian[r, c] += work.level[1] * work.step[r] * work.step[c]


@jit
def _factor(t: Terms, work: Work) -> None:
    """Factor the curvature; rows on which nothing free acts keep a trace, so that steps along them stay finite."""
    trace = TRACE_CAPPED if t.capped else TRACE
    for r in range(len(work.scale)):
        work.hessian[r, r] += trace * work.scale[r]
        if work.scale[r] < 0.0:
            work.hessian[r, :r] = 0.0
            work.hessian[r:, r] = 0.0
            work.hessian[r, r] = 1.0
    factor_ldl(work.hessian)


@jit
def _gradient(t: Terms, y: Array, x: Array, gradient: Array) -> float:
    """b - A x - s y, and its largest entry."""
    largest = 0.0
    for r in range(len(y)):
        total = t.b[r] - t.soft[r] * y[r]
        for k in range(len(x)):
            total -= t.a[r, k] * x[k]
        gradient[r] = total
        largest = max(largest, abs(total))
    return largest


@jit
def _newton(t: Terms, work: Work, x: Array, y: Array) -> bool:
    """Iterate from ``y``; returns whether the gradient vanished. Leaves x within its bounds."""
    share_out(t, work, y, x)
    error = _gradient(t, y, x, work.gradient)
    for _ in range(STEPS):
        if error <= NEARLY * t.tolerance:
            break  # what is left is for the correction
        _curvature(t, work)
        _factor(t, work)
        _newton_step(t, work)
        length = _line_search(t, work, y)
        if not length > 0.0:
            break
        for r in range(len(y)):
            y[r] += length * work.step[r]
        share_out(t, work, y, x)
        error = _gradient(t, y, x, work.gradient)
    return _correct(t, work, x, y)


@jit
def _newton_step(t: Terms, work: Work) -> None:
    """Solve (A D_free A^T + s) step = gradient with the factored curvature."""
    for r in range(len(work.step)):
        # a row on which nothing acts cannot be helped by any multiplier
        work.step[r] = work.gradient[r] if work.scale[r] >= 0.0 else 0.0
    solve_ldl(work.hessian, work.step)


@jit
def _line_search(t: Terms, work: Work, y: Array) -> float:
    """Where the slope of the dual along the step vanishes; 0 where it never falls.

    The slope is continuous, piecewise linear and falling, so Newton's method within a bracket finds its root: exactly,
    once the bracket holds no kink.
    """
    _along(t, work)
    low, high, length = 0.0, np.inf, 1.0
    start, _ = _slope(t, work, y, 0.0)
    if not start > 0.0:
        return 0.0
    for trial in range(200):
        slope, fall = _slope(t, work, y, length)
        if abs(slope) <= NEAR_ROOT * start:
            return length
        if slope > 0.0:
            low = length
        else:
            high = length
        guess = length + slope / fall if fall > 0.0 else np.inf
        if low < guess < high and trial % 3 < 2:
            length = guess
        elif high < np.inf:
            length = 0.5 * (low + high)  # also every third time: where there are many kinks Newton's method creeps
        else:
            length = 4.0 * low
            if length > 1e20:
                return 0.0
        if high - low <= 1e-15 * high:
            break
    return low  # the dual still rises there


@jit
def _slope(t: Terms, work: Work, y: Array, length: float) -> tuple[float, float]:
    """Slope of the dual at a length along the step, and the rate at which it falls."""
    slope, fall = 0.0, 0.0
    for r in range(len(y)):
        slope += work.step[r] * (t.b[r] - t.soft[r] * (y[r] + length * work.step[r]))
        fall += t.soft[r] * work.step[r] * work.step[r]
    for k in range(len(t.d)):
        work.row[k] = work.pull[k] + length * work.along[k]
    respond(t, work.row, work.raw, work.rate)
    if t.capped:
        find_cap(t, work.row, work)
        together = 0.0
        for k in range(len(t.d)):
            together += work.cap[k] * work.along[k]
        fall += work.level[1] * together * together
    for k in range(len(t.d)):
        raw = work.raw[k]
        slope -= work.along[k] * min(max(raw, t.lower[k]), t.upper[k])
        inside = (t.lower[k] < raw) & (raw < t.upper[k])
        fall += select(inside, work.along[k] * work.along[k] * work.rate[k], 0.0)
    return slope, fall


@jit
def _correct(t: Terms, work: Work, x: Array, y: Array) -> bool:
    """Move the free unknowns so that A x = b - s y holds to rounding.

    Unknowns of tiny weight leave a residual even at the exact multipliers.
    """
    for trial in range(3):
        if _gradient(t, y, x, work.gradient) <= t.tolerance:
            return True
        if trial == 1:  # the factor at hand was of other free unknowns
            _curvature(t, work)
            _factor(t, work)
        _newton_step(t, work)
        _along(t, work)
        lift = 0.0
        for k in range(len(x)):
            lift += work.level[1] * work.cap[k] * work.along[k]
        for k in range(len(x)):
            move = work.free[k] * work.along[k] + work.cap[k] * lift
            x[k] = min(max(x[k] + move, t.lower[k]), t.upper[k])
    return bool(_gradient(t, y, x, work.gradient) <= NEARLY * t.tolerance)


@jit
def _along(t: Terms, work: Work) -> None:
    """A^T step."""
    for k in range(len(work.along)):
        work.along[k] = 0.0
    for r in range(len(work.step)):
        for k in range(len(work.along)):
            work.along[k] += t.a[r, k] * work.step[r]
