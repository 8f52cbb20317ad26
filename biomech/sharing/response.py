"""x(y): how the unknowns answer to multipliers, within their bounds and under a common cap.

With v = A^T y each unknown takes the x at which f(x) - v x is least, clipped to its bounds. Under ``MinMax`` they also
share a cap t at the price t: of the caps, the one at which the Lagrangian is least.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._jit import jit, select
from biomech.sharing.criteria import CAPPED, SQUARE, response

Array = NDArray[np.float64]


class Terms(NamedTuple):
    """One problem.

    ``a`` (m, n), ``b`` (m,), ``d`` = 1 / 2w, weight, bounds and centre (n,), softness (m,); ``kind`` (n,) and ``power``
    say what each unknown costs, ``curved`` whether any costs something else than a square, ``capped`` whether a cap is
    shared.
    """

    a: Array
    b: Array
    d: Array
    weight: Array
    kind: NDArray[np.int64]
    power: float
    curved: bool
    capped: bool
    lower: Array
    upper: Array
    centre: Array
    soft: Array
    tolerance: float


class Work(NamedTuple):
    """Room for one problem.

    ``hessian`` (m, m), factored; ``scale`` (m,): the curvature of each row if every unknown were free, -1 where
    nothing acts on it; ``step`` and ``gradient`` (m,); ``pull`` = A^T y, ``along`` = A^T step, ``raw`` and ``rate``:
    the response without bounds and its rate, ``free``: the rate where an unknown is between its bounds, else 0;
    ``row``; ``cap``: 1 where an unknown is at the common cap (n,); ``level``: the cap, and its rate.
    """

    hessian: Array
    scale: Array
    step: Array
    gradient: Array
    pull: Array
    along: Array
    free: Array
    row: Array
    raw: Array
    rate: Array
    cap: Array
    level: Array


def make_work(rows: int, unknowns: int) -> Work:
    """An empty workspace."""
    shapes = {"hessian": (rows, rows), "scale": rows, "step": rows, "gradient": rows, "level": 2}
    return Work(**{name: np.zeros(shapes.get(name, unknowns)) for name in Work._fields})


@jit
def share_out(t: Terms, work: Work, y: Array, x: Array) -> None:
    """x(y), with A^T y in the workspace."""
    for k in range(len(x)):
        work.pull[k] = 0.0
    for r in range(len(y)):
        for k in range(len(x)):
            work.pull[k] += t.a[r, k] * y[r]
    respond(t, work.pull, work.raw, work.rate)
    work.level[1] = 0.0
    if t.capped:
        find_cap(t, work.pull, work)
    for k in range(len(x)):
        raw = work.raw[k]
        x[k] = min(max(raw, t.lower[k]), t.upper[k])
        work.free[k] = select((t.lower[k] < raw) & (raw < t.upper[k]), work.rate[k], 0.0)


@jit
def respond(t: Terms, pull: Array, raw: Array, rate: Array) -> None:
    """Response to A^T y of every unknown without its bounds, and its rate."""
    for k in range(len(raw)):
        raw[k] = t.centre[k] + t.d[k] * pull[k]
        rate[k] = t.d[k]
    if t.curved:
        for k in range(len(raw)):
            if t.kind[k] != SQUARE:
                raw[k], rate[k] = response(t.kind[k], t.power, t.weight[k], t.upper[k], pull[k])


@jit
def find_cap(t: Terms, pull: Array, work: Work) -> None:
    """The common cap at which the Lagrangian is least, and who is at it; caps ``raw``, whose rate there becomes 0.

    The slope in the cap, 1 - sum of (v - cap / d)+ over the unknowns that could go higher, rises with it.
    """
    least, most = 0.0, 0.0
    for k in range(len(pull)):
        if t.kind[k] == CAPPED:
            least = max(least, t.lower[k])
            most = max(most, min(work.raw[k], t.upper[k]))
    most = max(most, least)
    level = min(max(work.level[0], least), most)  # the last cap is near
    for _ in range(100):
        over, weight = _over_cap(t, pull, work.raw, level)
        if over > 1.0:
            least = level
        else:
            most = level
        if abs(over - 1.0) <= 1e-14 or most - least <= 1e-16 * most:
            break
        # the sum falls and is convex but for jumps at the unknowns' own bounds: Newton's step does not pass the root
        level = level + (over - 1.0) / weight if weight > 0.0 else most
        if not least < level < most:
            level = 0.5 * (least + most)
    level = most if abs(over - 1.0) > 1e-14 else level
    over, weight = _over_cap(t, pull, work.raw, level)
    work.level[0] = level
    work.level[1] = 1.0 / weight if weight > 0.0 and abs(over - 1.0) < 1e-9 else 0.0
    for k in range(len(pull)):
        capped = (t.kind[k] == CAPPED) & (work.raw[k] > level) & (level < t.upper[k])
        work.cap[k] = select(capped, 1.0, 0.0)
        work.raw[k] = select(capped, level, work.raw[k])
        work.rate[k] = select(capped, 0.0, work.rate[k])


@jit
def _over_cap(t: Terms, pull: Array, raw: Array, level: float) -> tuple[float, float]:
    """Sum of the pull beyond a cap, and the rate at which it falls with the cap."""
    over, weight = 0.0, 0.0
    for k in range(len(pull)):
        if t.kind[k] == CAPPED and raw[k] > level and level < t.upper[k]:
            over += pull[k] - level / t.d[k]
            weight += 1.0 / t.d[k]
    return over, weight
