"""The kernel: Newton's method on the dual of the sum of squares.

Minimise sum w x^2 subject to A x = b, lower <= x <= upper. For multipliers y the cost of the Lagrangian is least at

    x(y) = clip(D A^T y, lower, upper),    D = diag(1 / 2w),

and the dual function is concave with gradient b - A x(y) and curvature -A D_free A^T, free being the unknowns between
their bounds. Newton's method on these m equations, with an exact line search along each step, ends in a finite number
of steps because everything is piecewise linear (Mangasarian & De Leone 1988). The start is the answer without bounds.

With a softness s >= 0 per row the demand is met up to s y, at a price: the gradient is b - A x(y) - s y and the
curvature gains s. Letting s go to zero finds the least-squares shortfall of a demand that is too high, and with it the
proof that it is too high.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech._jit import jit
from biomech._linear import factor_ldl, solve_ldl
from biomech.errors import ProblemError
from biomech.sharing.criteria import Power
from biomech.sharing.problem import LoadSharingProblem
from biomech.sharing.solution import Solution, certify

Array = NDArray[np.float64]

STEPS = 100
#: Softness, in units of demand squared per unit cost, through which an unmet demand is approached.
SOFTNESS = 10.0 ** np.arange(2.0, -8.0, -1.0)


def solve(problem: LoadSharingProblem, criterion: Power) -> Solution:
    """Share the load in every problem of a batch.

    Parameters
    ----------
    problem : LoadSharingProblem
        B problems of m rows and n unknowns.
    criterion : Power
        ``Power(2)``: least sum of w x^2.

    Returns
    -------
    Solution
        Certified: ``status`` is 0 only where residual and duality gap are below 1e-9.

    Raises
    ------
    ProblemError
        The criterion is not known.

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
    if not isinstance(criterion, Power):
        raise ProblemError(f"criterion = {criterion!r}: must be Power(2)")
    batch, rows, unknowns = problem.coefficients.shape
    value, multiplier = np.empty((batch, unknowns)), np.zeros((batch, rows))
    _solve_all(
        problem.coefficients,
        problem.demand,
        problem.weight,
        problem.lower,
        problem.upper,
        1.0 / problem.shortfall_weight,
        SOFTNESS,
        value,
        multiplier,
    )
    return certify(problem, value, multiplier)


@jit
def _solve_all(
    a: Array, b: Array, w: Array, lower: Array, upper: Array, give: Array, softness: Array, x: Array, y: Array
) -> None:
    rows, unknowns = a.shape[1], a.shape[2]
    d = 0.5 / w
    hessian, step, gradient = np.empty((rows, rows)), np.empty(rows), np.empty(rows)
    pull, along, soft = np.empty(unknowns), np.empty(unknowns), np.empty(rows)
    for i in range(len(a)):
        scale = 1.0
        for r in range(rows):
            scale = max(scale, abs(b[i, r]))
        soft[:] = 0.0
        _unbounded_start(a[i], b[i], d, hessian, y[i])
        if not _newton(a[i], b[i], d, lower[i], upper[i], soft, 1e-12 * scale, x[i], y[i], hessian, step, gradient, pull, along):
            y[i, :] = 0.0
            for k in range(len(softness)):
                soft[:] = softness[k] * give
                _newton(a[i], b[i], d, lower[i], upper[i], soft, 1e-12 * scale, x[i], y[i], hessian, step, gradient, pull, along)
                # the shortfall is s y: it stays while s falls
                if k + 1 < len(softness):
                    y[i] *= softness[k] / softness[k + 1]
            soft[:] = 0.0
            _share_out(a[i], d, lower[i], upper[i], y[i], pull, x[i])


@jit
def _unbounded_start(a: Array, b: Array, d: Array, hessian: Array, y: Array) -> None:
    """Multipliers of the problem without bounds."""
    rows, unknowns = a.shape
    for r in range(rows):
        for c in range(r + 1):
            total = 0.0
            for k in range(unknowns):
                total += a[r, k] * d[k] * a[c, k]
            hessian[r, c] = total
    _keep_definite(hessian)
    y[:] = b
    factor_ldl(hessian)
    solve_ldl(hessian, y)


@jit
def _keep_definite(hessian: Array) -> None:
    """Rows on which nothing free acts keep a trace of curvature, so that a step along them is long but finite."""
    largest = 0.0
    for r in range(len(hessian)):
        largest = max(largest, hessian[r, r])
    for r in range(len(hessian)):
        hessian[r, r] += 1e-13 * hessian[r, r] + 1e-14 * largest + 1e-300


@jit
def _share_out(a: Array, d: Array, lower: Array, upper: Array, y: Array, pull: Array, x: Array) -> None:
    """x(y) = clip(D A^T y), and pull = A^T y."""
    for k in range(len(d)):
        pull[k] = 0.0
    for r in range(len(y)):
        for k in range(len(d)):
            pull[k] += a[r, k] * y[r]
    for k in range(len(d)):
        x[k] = min(max(d[k] * pull[k], lower[k]), upper[k])


@jit
def _gradient(a: Array, b: Array, soft: Array, y: Array, x: Array, gradient: Array) -> float:
    """b - A x - s y, and its largest entry."""
    largest = 0.0
    for r in range(len(b)):
        total = b[r] - soft[r] * y[r]
        for k in range(len(x)):
            total -= a[r, k] * x[k]
        gradient[r] = total
        largest = max(largest, abs(total))
    return largest


@jit
def _newton(
    a: Array,
    b: Array,
    d: Array,
    lower: Array,
    upper: Array,
    soft: Array,
    tolerance: float,
    x: Array,
    y: Array,
    hessian: Array,
    step: Array,
    gradient: Array,
    pull: Array,
    along: Array,
) -> bool:
    """Iterate from ``y``; returns whether the gradient vanished. Leaves x within its bounds."""
    _share_out(a, d, lower, upper, y, pull, x)
    error = _gradient(a, b, soft, y, x, gradient)
    for _ in range(STEPS):
        if error <= tolerance:
            return True
        _curvature(a, d, lower, upper, soft, pull, hessian)
        factor_ldl(hessian)
        step[:] = gradient
        solve_ldl(hessian, step)
        length = _line_search(a, b, d, lower, upper, soft, y, step, pull, along)
        if not length > 0.0:
            break
        for r in range(len(y)):
            y[r] += length * step[r]
        _share_out(a, d, lower, upper, y, pull, x)
        before = error
        error = _gradient(a, b, soft, y, x, gradient)
        if error < 1e3 * tolerance and error > 0.5 * before:
            break  # rounding: what is left is for the correction
    return _correct(a, b, d, lower, upper, soft, tolerance, x, y, hessian, step, gradient, pull)


@jit
def _curvature(a: Array, d: Array, lower: Array, upper: Array, soft: Array, pull: Array, hessian: Array) -> None:
    """A D_free A^T + s in the lower triangle."""
    rows, unknowns = a.shape
    for r in range(rows):
        for c in range(r + 1):
            hessian[r, c] = 0.0
    for k in range(unknowns):
        if lower[k] < d[k] * pull[k] < upper[k]:
            for r in range(rows):
                if a[r, k] != 0.0:
                    share = d[k] * a[r, k]
                    for c in range(r + 1):
                        hessian[r, c] += share * a[c, k]
    for r in range(rows):
        hessian[r, r] += soft[r]
    _keep_definite(hessian)


@jit
def _line_search(
    a: Array, b: Array, d: Array, lower: Array, upper: Array, soft: Array, y: Array, step: Array, pull: Array, along: Array
) -> float:
    """Where the slope of the dual along the step vanishes; 0 where it never falls.

    The slope is continuous, piecewise linear and falling, so Newton's method within a bracket finds its root: exactly,
    once the bracket holds no kink.
    """
    rise = 0.0
    for r in range(len(y)):
        rise += step[r] * b[r]
    for k in range(len(d)):
        along[k] = 0.0
    for r in range(len(y)):
        for k in range(len(d)):
            along[k] += a[r, k] * step[r]
    low, high, length = 0.0, np.inf, 1.0
    start, _ = _slope(rise, d, lower, upper, soft, y, step, pull, along, 0.0)
    if not start > 0.0:
        return 0.0
    for _ in range(100):
        slope, fall = _slope(rise, d, lower, upper, soft, y, step, pull, along, length)
        if abs(slope) <= 1e-9 * start:
            return length
        if slope > 0.0:
            low = length
        else:
            high = length
        guess = length + slope / fall if fall > 0.0 else np.inf
        if low < guess < high:
            length = guess
        elif high < np.inf:
            length = 0.5 * (low + high)
        else:
            length = 4.0 * low
            if length > 1e20:
                return 0.0
        if high - low <= 1e-15 * high:
            return length
    return length


@jit
def _slope(
    rise: float,
    d: Array,
    lower: Array,
    upper: Array,
    soft: Array,
    y: Array,
    step: Array,
    pull: Array,
    along: Array,
    length: float,
) -> tuple[float, float]:
    """Slope of the dual at a length along the step, and the rate at which it falls."""
    slope, fall = rise, 0.0
    for k in range(len(d)):
        free = d[k] * (pull[k] + length * along[k])
        slope -= along[k] * min(max(free, lower[k]), upper[k])
        if lower[k] < free < upper[k]:
            fall += along[k] * along[k] * d[k]
    for r in range(len(y)):
        slope -= soft[r] * step[r] * (y[r] + length * step[r])
        fall += soft[r] * step[r] * step[r]
    return slope, fall


@jit
def _correct(
    a: Array,
    b: Array,
    d: Array,
    lower: Array,
    upper: Array,
    soft: Array,
    tolerance: float,
    x: Array,
    y: Array,
    hessian: Array,
    step: Array,
    gradient: Array,
    pull: Array,
) -> bool:
    """Move the free unknowns so that A x = b - s y holds to rounding: unknowns of tiny weight leave a residual even at
    the exact multipliers."""
    for _ in range(3):
        error = _gradient(a, b, soft, y, x, gradient)
        if error <= tolerance:
            return True
        _curvature(a, d, lower, upper, soft, pull, hessian)
        factor_ldl(hessian)
        step[:] = gradient
        solve_ldl(hessian, step)
        for k in range(len(d)):
            if lower[k] < d[k] * pull[k] < upper[k]:
                move = 0.0
                for r in range(len(y)):
                    move += a[r, k] * step[r]
                x[k] = min(max(x[k] + d[k] * move, lower[k]), upper[k])
    return bool(_gradient(a, b, soft, y, x, gradient) <= 1e3 * tolerance)
