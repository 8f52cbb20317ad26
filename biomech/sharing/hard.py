"""Problems that the kernels leave open, one at a time and without hurry: plain NumPy, and nothing of the kernels.

What is left open is degenerate (demands at the very edge of what can be borne, where multipliers are many or
unbounded), badly scaled, or so dear that multipliers no longer resolve the muscles that are hardly on. Here the rows
have units of their own, A^T y is summed exactly, and the least shortfall is found by an active-set method (Stark &
Parker 1995, Computational Statistics 10:129) and not by approaching it. What comes out is only a proposal: it counts
when its certificate says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech.sharing.criteria import SQUARES, Criterion, MinMax, Power, SoftSaturation
from biomech.sharing.problem import LoadSharingProblem
from biomech.sharing.response import LIGHTEST

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

_EPS = float(np.finfo(np.float64).eps)
_TINY = 1e-300
#: Steps of Newton's method, and under a cap, whose response takes long; trials along a step; corrections.
_STEPS, _FEW_STEPS, _TRIALS, _CORRECTIONS = 150, 40, 120, 12
#: Under soft saturation: steps after which the edge is tried, once the equations hold so far.
_LOOKS, _NEAR = (4, 10, 20, 40, 80), 1e-4
#: How near a bound counts as at it, of the range; and where the cost rises without end towards the upper one.
_SNAP, _SNAP_STEEP = 1e-8, 1e-4
#: A singular value of the scaled root of the curvature below this counts as none: there no free unknown acts.
_FLAT = 1e-13
#: A pull of the shortfall below this part of its terms counts as none, and the distance squared that is allowed.
_PULL_NOISE, _LEAST = 1e-10, 1e-10
#: The part of a step's slope that may be left.
_LEFT = 1e-2
#: Columns that are this nearly dependent count as dependent.
_DEPENDENT = 1e-12


@dataclass(frozen=True)
class Task:
    """One problem: A (m, n), b (m,), bounds and weights (n,); ``price`` is that of the largest unknown (``MinMax``)."""

    a: Array
    b: Array
    lower: Array
    upper: Array
    weight: Array
    quadratic: Flags
    row_weight: Array
    criterion: Criterion
    price: float = 1.0


@dataclass(frozen=True)
class Response:
    """Unknowns (n,) for some pulls, their rates dx/dv (n,), and those at the common cap with the rate of it."""

    x: Array
    rate: Array
    capped: Array
    lift: float


def proposals(
    problem: LoadSharingProblem, criterion: Criterion, i: int, multiplier: Array, met: bool = False
) -> Iterator[tuple[Array, Array]]:
    """Unknowns and multipliers that may answer problem ``i``: the best guess first.

    Parameters
    ----------
    problem, criterion
        What ``solve`` was asked.
    i : int
        Which of the batch.
    multiplier : ndarray, shape (m,)
        Multipliers to begin at.
    met : bool
        Whether it is known that the demand can nearly be met.
    """
    # what overflows is no proposal, and its certificate says so
    with np.errstate(all="ignore"):
        try:
            yield from _proposals(problem, criterion, i, multiplier, met)
        except np.linalg.LinAlgError:
            return


def _proposals(
    problem: LoadSharingProblem, criterion: Criterion, i: int, multiplier: Array, met: bool
) -> Iterator[tuple[Array, Array]]:
    task, row, factor = _scaled(problem, criterion, i)
    start = np.where(np.isfinite(multiplier), multiplier, 0.0) / row * factor
    if met:
        yield from _optima(task, start, row, factor)
    x, residual = least_squares(task)
    z = _proof_of(task, x, residual)
    if np.any(z != 0.0):
        yield _nearest(task, x, z), z * row
    if not met:
        yield from _optima(task, start, row, factor)
    yield from _optima(task, np.zeros(len(row)), row, factor)


def _optima(task: Task, start: Array, row: Array, factor: float) -> Iterator[tuple[Array, Array]]:
    """What the ascent proposes, in the problem's own units."""
    for high, low, x in _ascend(task, start):
        yield x, (high + low) * row / factor


def _scaled(problem: LoadSharingProblem, criterion: Criterion, i: int) -> tuple[Task, Array, float]:
    """The problem with rows of size one and the heaviest weight one; the factors of the rows, and of the weights.

    The factors are powers of two, so that nothing is rounded.
    """
    a, b = problem.coefficients[i], problem.demand[i]
    size = np.abs(a).max(axis=1, initial=0.0)
    row = _power_of_two(np.where(size > 0.0, size, np.abs(b)))
    factor = float(_power_of_two(problem.weight.max(initial=0.0)))
    task = Task(
        a * row[:, None],
        b * row,
        problem.lower[i],
        problem.upper[i],
        problem.weight * factor,
        problem.quadratic,
        problem.shortfall_weight / row**2,
        criterion,
        factor,
    )
    return task, row, factor


def _power_of_two(size: Array | float) -> Array:
    """The power of two that brings a size, where it is not zero, into 0.5..1."""
    known = np.isfinite(size) & (np.asarray(size) > 0.0)
    return np.exp2(-np.frexp(np.where(known, size, 0.75))[1].clip(-500, 500))


# --- the least shortfall --------------------------------------------------------------------------------------------


def least_squares(task: Task) -> tuple[Array, Array]:
    """Unknowns within their bounds that leave the least weighted squares of b - A x, and b - A x, weighted by roots."""
    root = np.sqrt(task.row_weight)
    matrix, target = root[:, None] * task.a, root * task.b
    length = np.linalg.norm(matrix, axis=0)
    used = (length > 0.0) & (task.lower < task.upper)
    length = np.where(length > 0.0, length, 1.0)
    matrix, lower, upper = matrix / length, task.lower * length, task.upper * length
    x = np.clip(0.0, lower, upper)
    free = used & (lower < x) & (x < upper)
    if free.any():
        x = _within(matrix, target, lower, upper, x, free)
    tried = np.zeros(len(x), dtype=bool)
    for _ in range(20 * len(x) + 20):
        residual = target - matrix @ x
        slope = matrix.T @ residual
        noise = 4.0 * _EPS * (np.abs(matrix).T @ np.abs(residual))
        inward = used & ~free & ~tried & (((x <= lower) & (slope > noise)) | ((x >= upper) & (slope < -noise)))
        if not inward.any():
            break
        k = int(np.where(inward, np.abs(slope), -1.0).argmax())
        entered = free.copy()
        entered[k] = True
        new = _within(matrix, target, lower, upper, x, entered)
        if (new[k] - x[k]) * slope[k] > 0.0:
            x, free, tried = new, entered, np.zeros(len(x), dtype=bool)
        else:
            tried[k] = True  # rounding alone asked for it
    own = np.where(x <= lower, task.lower, np.where(x >= upper, task.upper, x / length))
    own = np.clip(own, task.lower, task.upper)
    return own, root * (task.b - task.a @ own)


def is_least(problem: LoadSharingProblem, index: NDArray[np.intp], value: Array, shortfall: Array) -> Flags:
    """Whether shortfalls (problem, m) of unknowns (problem, n) are of least weighted squares, to a millionth.

    With v = A^T z, z the weighted shortfall, no unknowns x' have a shortfall whose distance squared is more than sum of
    v (x' - x).
    """
    if not index.size:
        return np.zeros(0, dtype=bool)
    z = problem.shortfall_weight * shortfall
    a, lower, upper = problem.coefficients[index], problem.lower[index], problem.upper[index]
    v, size = np.einsum("bmn,bm->bn", a, z), np.einsum("bmn,bm->bn", np.abs(a), np.abs(z))
    v = np.where(np.abs(v) <= _PULL_NOISE * size, 0.0, v)
    room = np.where(v > 0.0, upper - value, np.where(v < 0.0, value - lower, 0.0))
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(v) * room).sum(axis=1) <= _LEAST * (z * shortfall).sum(axis=1))


def _within(matrix: Array, target: Array, lower: Array, upper: Array, x: Array, free: Flags) -> Array:
    """Least squares over the ``free`` unknowns; those that meet a bound on the way stay there, free no longer."""
    x = x.copy()
    for _ in range(len(x) + 1):
        own = np.flatnonzero(free)
        if not own.size:
            return x
        held = target - matrix @ np.where(free, 0.0, x)
        step = np.linalg.lstsq(matrix[:, own], held - matrix[:, own] @ x[own], rcond=_DEPENDENT)[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(step > 0.0, (upper[own] - x[own]) / step, (lower[own] - x[own]) / step)
        room = np.where(step == 0.0, np.inf, room)
        length = min(1.0, float(room.min()))
        new = np.clip(x[own] + length * step, lower[own], upper[own])
        if length == 1.0:
            x[own] = new
            return x
        stopped = room <= length
        x[own] = np.where(stopped, np.where(step > 0.0, upper[own], lower[own]), new)
        free[own[stopped]] = False
    return x


def _proof_of(task: Task, x: Array, residual: Array) -> Array:
    """Multipliers that prove the shortfall: its weighted value, without what rounding lets it pull at free unknowns."""
    root = np.sqrt(task.row_weight)
    if np.all(np.abs(task.b - task.a @ x) <= 8.0 * _EPS * (np.abs(task.b) + np.abs(task.a) @ np.abs(x))):
        return np.zeros(len(task.b))
    free = (task.lower < x) & (x < task.upper)
    matrix = root[:, None] * task.a[:, free]
    length = np.linalg.norm(matrix, axis=0)
    matrix = matrix / np.where(length > 0.0, length, 1.0)
    for _ in range(4):
        pull = exact_pull(matrix, residual, np.zeros(len(residual)))
        residual = residual - np.linalg.lstsq(matrix.T, pull, rcond=_DEPENDENT)[0]
        residual = np.where(np.abs(residual) > 8.0 * _EPS * np.abs(residual).max(initial=0.0), residual, 0.0)
    return root * residual


def _basis(matrix: Array) -> Array:
    """Orthonormal columns that span those of a matrix."""
    if not matrix.size:
        return np.zeros((len(matrix), 0))
    length = np.linalg.norm(matrix, axis=0)
    u, s, _ = np.linalg.svd(matrix / np.where(length > 0.0, length, 1.0), full_matrices=False)
    return np.asarray(u[:, s > _DEPENDENT * s.max(initial=0.0)])


def _nearest(task: Task, x: Array, z: Array) -> Array:
    """Of the unknowns that leave the least shortfall, those of least squares, none much lighter than the heaviest."""
    pull, size = task.a.T @ z, np.abs(task.a).T @ np.abs(z)
    open_ = (np.abs(pull) <= 1e-9 * size) & (task.lower < task.upper)
    if not open_.any():
        return x
    reached = task.a[:, open_] @ x[open_]
    light = np.maximum(task.weight, LIGHTEST * task.weight.max(initial=0.0))[open_]
    face = Task(
        task.a[:, open_],
        reached,
        task.lower[open_],
        task.upper[open_],
        light,
        np.ones(len(light), dtype=bool),
        task.row_weight,
        Power(2),
    )
    for _, _, own in _ascend(face, np.zeros(len(reached))):
        off = np.abs(reached - face.a @ own)
        if np.all(off <= 64.0 * _EPS * (np.abs(reached) + np.abs(face.a) @ np.abs(own))):
            found = x.copy()
            found[open_] = own
            return found
    return x


# --- the optimum ----------------------------------------------------------------------------------------------------


def _ascend(task: Task, y: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Newton's method on the dual, with exact searches; multipliers as a sum of two, and unknowns.

    Where no free unknown acts the curvature says nothing, and the steepest ascent there is a step of its own.
    """
    low = np.zeros(len(y))
    best, last, begun = np.inf, np.zeros(len(y)), y
    for number in range(_FEW_STEPS if isinstance(task.criterion, MinMax) else _STEPS):
        v = exact_pull(task.a, y, low)
        found = respond(task, v)
        gradient, size = _gradient(task, found.x)
        worst = float(np.max(np.abs(gradient) / np.maximum(size, _TINY), initial=0.0))
        if worst <= 2.0 * _EPS or (worst > 0.5 * best and worst < 1e-14):
            break
        best = min(best, worst)
        if isinstance(task.criterion, SoftSaturation) and number in _LOOKS and worst < _NEAR:
            yield from _at_an_edge(task, found, y, low, (y - begun, last))
            begun = y
        moved = False
        for step in _steps(task, found, gradient, size):
            own = task.a.T @ step
            length = _search(task, v, own, step)
            if length > 0.0:
                last = length * step
                y, low = _add(y, low, last)
                moved = True
                v = exact_pull(task.a, y, low)
                found = respond(task, v)
                gradient, _ = _gradient(task, found.x)
        if not moved:
            break
    found = respond(task, exact_pull(task.a, y, low))
    yield y, low, _correct(task, found)
    yield from _at_an_edge(task, found, y, low, (y - begun, last))


def _at_an_edge(
    task: Task, found: Response, y: Array, low: Array, ways: tuple[Array, ...]
) -> Iterator[tuple[Array, Array, Array]]:
    """Unknowns that are nearly at their bounds taken there, and multipliers further on the way that they went.

    At the edge of what can be borne the dual may rise for ever, ever more slowly.
    """
    span = np.minimum(task.upper - task.lower, 1e300)
    v = exact_pull(task.a, y, low)
    steep = isinstance(task.criterion, SoftSaturation) & ~task.quadratic
    at_upper = (found.x > task.upper - np.where(steep, _SNAP_STEEP, _SNAP) * span) & (v > 0.0)
    at_lower = (found.x < task.lower + _SNAP * span) & ~at_upper
    x = np.where(at_upper, task.upper, np.where(at_lower, task.lower, found.x))
    rate = np.where(at_upper | at_lower, 0.0, found.rate)
    x = _correct(task, Response(x, rate, np.where(at_upper, 0.0, found.capped), found.lift))
    gradient, size = _gradient(task, x)
    if np.any(np.abs(gradient) > 1e-12 * size):
        return
    yield y, low, x
    if isinstance(task.criterion, SoftSaturation):
        for near in (np.zeros(len(y)), y):  # small multipliers are resolved better, if they will do
            base, way = _outward_from(task, x, near)
            for far in range(88):
                yield base + 2.0 ** (0.5 * far) * way, np.zeros(len(y)), x
    for doubling in range(-2, 30, 4):
        for way in ways:
            yield y + 2.0**doubling * way, low, x


def _outward_from(task: Task, x: Array, y: Array) -> tuple[Array, Array]:
    """Under soft saturation: multipliers that the free unknowns ask for, the nearest to ``y``, and the way outward."""
    free = (task.lower < x) & (x < task.upper)
    upper = np.where(task.quadratic | ~free, 1.0, task.upper)
    share = np.where(free, x / upper, 0.0)
    slope = task.weight / upper * share / np.sqrt((1.0 - share) * (1.0 + share) + _TINY)
    slope = np.where(task.quadratic, 2.0 * task.weight * x, slope)
    base = y + np.linalg.lstsq(task.a[:, free].T, (slope - task.a.T @ y)[free], rcond=_DEPENDENT)[0]
    dearest = float(np.max(task.weight / np.where(task.quadratic, 1.0, task.upper), initial=0.0))
    return base, dearest * _outward(task, x, free)


def _outward(task: Task, x: Array, free: Flags) -> Array:
    """Multipliers, at most one each, that pull every unknown at a bound outward as they can, and none that is free."""
    count, rows = len(x), len(task.b)
    up, down = (
        ~free & (x >= task.upper) & (task.lower < task.upper),
        ~free & (x <= task.lower) & (task.lower < task.upper),
    )
    wanted = up & ~task.quadratic
    if not wanted.any():
        return np.zeros(rows)
    from scipy.optimize import linprog  # imported by those alone who need it: to import it takes longer than a solve

    # unknowns z (rows) and the least of the outward pulls
    above = np.hstack([-task.a.T, np.where(wanted, 1.0, 0.0)[:, None]])[up]
    below = np.hstack([task.a.T, np.zeros((count, 1))])[down]
    level = np.hstack([task.a.T, np.zeros((count, 1))])[free]
    found = linprog(
        np.append(np.zeros(rows), -1.0),
        np.vstack([above, below]),
        np.zeros(len(above) + len(below)),
        level if len(level) else None,
        np.zeros(len(level)) if len(level) else None,
        [(-1.0, 1.0)] * rows + [(0.0, 1.0)],
    )
    z = found.x[:rows] if found.status == 0 else np.zeros(rows)
    basis = _basis(task.a[:, free])
    for _ in range(2):
        z = z - basis @ (basis.T @ z)
    return np.asarray(z)


def exact_pull(a: Array, high: Array, low: Array) -> Array:
    """A^T y, each sum rounded once, whatever cancels (Dekker 1971 for the products, Shewchuk 1997 for the sums)."""
    product = a * high[:, None]
    a1, y1 = _split(a), _split(high[:, None])
    a2, y2 = a - a1, high[:, None] - y1
    lost = ((a1 * y1 - product) + a1 * y2 + a2 * y1) + a2 * y2
    terms = np.concatenate([product, lost, a * low[:, None]]).T
    if not np.all(np.isfinite(terms)):
        return np.asarray(a.T @ high)
    return np.array([math.fsum(own) for own in terms.tolist()])


def _split(x: Array) -> Array:
    """The upper half of the digits."""
    c = 134217729.0 * x
    return np.asarray(c - (c - x))


def _add(high: Array, low: Array, more: Array) -> tuple[Array, Array]:
    total = high + more
    back = total - high
    return total, low + ((high - (total - back)) + (more - back))


def respond(task: Task, v: Array) -> Response:
    """Unknowns at which cost - v x is least within their bounds, and under the common cap."""
    w, squares = task.weight, task.quadratic
    x, rate = v / (2.0 * w), 0.5 / w
    none = np.zeros(len(v))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if isinstance(task.criterion, Power) and task.criterion.exponent != 2:
            e = task.criterion.exponent
            size = (np.abs(v) / (e * w)) ** (1.0 / (e - 1.0))
            x = np.where(squares, x, np.copysign(size, v))
            rate = np.where(squares, rate, size / ((e - 1.0) * np.abs(v) + _TINY))
        elif isinstance(task.criterion, SoftSaturation):
            u = np.where(squares, 1.0, task.upper)
            s = v * u / w
            root = np.sqrt(1.0 + s * s)
            x, rate = np.where(squares, x, u * s / root), np.where(squares, rate, u * u / w / root**3)
        elif isinstance(task.criterion, MinMax):
            x, rate = np.where(squares, x, x / SQUARES), np.where(squares, rate, rate / SQUARES)
            return _respond_capped(task, v, x, rate)
    inside = (task.lower < x) & (x < task.upper)
    return Response(np.clip(x, task.lower, task.upper), np.where(inside, rate, 0.0), none, 0.0)


def _respond_capped(task: Task, v: Array, x: Array, rate: Array) -> Response:
    own = ~task.quadratic
    slope, squares = 2.0 * SQUARES * task.weight, task.price
    low = max(0.0, float(task.lower[own].max(initial=0.0)))
    high = max(low, float(np.minimum(x, task.upper)[own].max(initial=0.0)))
    cap = low
    for _ in range(200):
        above = own & (x > cap) & (cap < task.upper)
        over, fall = float((v - slope * cap)[above].sum()) - squares, float(slope[above].sum())
        low, high = (cap, high) if over > 0.0 else (low, cap)
        if over == 0.0 or high - low <= 1e-16 * high:
            break
        guess = cap + over / fall if fall > 0.0 else high
        guess = guess if low < guess < high else 0.5 * (low + high)
        if guess in (low, high):
            break
        cap = guess
    above = own & (x > cap) & (cap < task.upper)
    over, fall = float((v - slope * cap)[above].sum()) - squares, float(slope[above].sum())
    at_root = fall > 0.0 and abs(over) <= 1e-9 * squares
    cap = cap if at_root else high
    above = own & (x > cap) & (cap < task.upper)
    inside = (task.lower < x) & (x < task.upper) & ~above
    values = np.where(above, np.maximum(cap, task.lower), np.clip(x, task.lower, task.upper))
    moving = above & (cap > task.lower)
    return Response(values, np.where(inside, rate, 0.0), moving.astype(float), 1.0 / fall if at_root else 0.0)


def _gradient(task: Task, x: Array) -> tuple[Array, Array]:
    """b - A x, each sum rounded once, and the sizes of its terms."""
    terms = task.a * x
    a1, x1 = _split(task.a), _split(x)
    a2, x2 = task.a - a1, x - x1
    lost = ((a1 * x1 - terms) + a1 * x2 + a2 * x1) + a2 * x2
    rows = np.concatenate([task.b[:, None], -terms, -lost], axis=1)
    size = np.abs(task.b) + np.abs(terms).sum(axis=1)
    return np.array([math.fsum(own) for own in rows.tolist()]), size


def _root_of_curvature(task: Task, found: Response) -> tuple[Array, Array, Array, Array]:
    """Rows' units, and the singular values and vectors of the root of the curvature, A R^(1/2), in these units.

    Rates differ by many powers of ten: of the curvature itself rounding would leave only the largest.
    """
    columns = task.a * np.sqrt(found.rate)
    if found.lift > 0.0:
        columns = np.hstack([columns, math.sqrt(found.lift) * (task.a @ found.capped)[:, None]])
    every = np.sqrt((task.a * task.a) @ (0.5 / task.weight))
    unit = 1.0 / np.maximum(np.linalg.norm(columns, axis=1), 1e-8 * every + _TINY)
    u, s, vt = np.linalg.svd(unit[:, None] * columns, full_matrices=True)
    values = np.zeros(len(unit))
    values[: len(s)] = s
    return unit, values, u, vt


def _steps(task: Task, found: Response, gradient: Array, size: Array) -> Iterator[Array]:
    """Newton's step where free unknowns act, and the steepest ascent where none does."""
    unit, values, vectors, _ = _root_of_curvature(task, found)
    seen = values > _FLAT * values.max(initial=0.0)
    part = vectors.T @ (unit * gradient)
    if seen.any():
        yield unit * (vectors[:, seen] @ (part[seen] / values[seen] ** 2))
    flat = np.where(np.abs(part) > 16.0 * _EPS * np.linalg.norm(unit * size), part, 0.0)[~seen]
    if np.any(flat != 0.0):
        yield unit * (vectors[:, ~seen] @ flat)


def _search(task: Task, v: Array, along: Array, step: Array) -> float:
    """Where the slope of the dual along a step falls to zero; a length on, where it never does."""

    def slope(length: float) -> float:
        return float(step @ task.b - along @ respond(task, v + length * along).x)

    first = slope(0.0)
    if not first > 0.0:
        return 0.0
    low, high = 0.0, 1.0
    at_low, at_high = first, slope(1.0)
    while at_high > 0.0:
        if abs(at_high) <= _LEFT * first:
            return high
        low, at_low = high, at_high
        high *= 4.0
        if high > 1e12:
            return low
        at_high = slope(high)
    for trial in range(_TRIALS):
        if high - low <= 2.0 * _EPS * high or at_high == 0.0:
            break
        middle = 0.5 * (low + high)
        if trial % 3 < 2 and at_low > at_high:
            middle = low + (high - low) * at_low / (at_low - at_high)
            middle = middle if low < middle < high else 0.5 * (low + high)
        at_middle = slope(middle)
        if at_middle > 0.0:
            low, at_low = middle, at_middle
        else:
            high, at_high = middle, at_middle
        if abs(at_middle) <= _LEFT * first:
            return middle
    return high if low == 0.0 else low


def _correct(task: Task, found: Response) -> Array:
    """Move the unknowns that are free, by their rates, until A x = b to rounding."""
    x, lower, upper = found.x, task.lower, task.upper
    for _ in range(_CORRECTIONS):
        gradient, size = _gradient(task, x)
        if np.all(np.abs(gradient) <= 2.0 * _EPS * size):
            break
        inside = (lower < x) & (x < upper)
        moving = Response(x, np.where(inside, found.rate, 0.0), found.capped, found.lift)
        unit, values, vectors, others = _root_of_curvature(task, moving)
        seen = np.flatnonzero(values > _FLAT * values.max(initial=0.0))
        part = others[seen].T @ ((vectors[:, seen].T @ (unit * gradient)) / values[seen])
        move = np.sqrt(moving.rate) * part[: len(x)]
        if moving.lift > 0.0:
            move = move + math.sqrt(moving.lift) * part[-1] * moving.capped
        x = np.clip(x + move, lower, upper)
    return x
