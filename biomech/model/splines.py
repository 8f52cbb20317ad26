"""Cubic splines as OpenSim's SimmSpline computes them.

The end conditions are those of Forsythe, Malcolm & Moler (1977, ch. 4): the third derivative at each end is that of
the cubic through the four nearest knots. Outside its knots the curve goes on as a straight line. The kernel evaluates
truncated powers, s(x) = sum of c_k (x - x_0)^k + sum of d_i max(x - x_i, 0)^3, which needs no search for the interval.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from biomech._jit import inner
from biomech.errors import ModelError
from biomech.model.tables import Table

Array = NDArray[np.float64]


class SplineTables(NamedTuple):
    """All splines of a model, flat: ``power`` (spline, 4), interior knots from ``start[s]`` to ``start[s + 1]``."""

    first: Array
    last: Array
    power: Array
    start: NDArray[np.int64]
    knot: Array
    jump: Array


def simm_spline(x: Array, y: Array) -> CubicSpline:
    """The spline through (x, y) with the end conditions of Forsythe, Malcolm & Moler (1977).

    Parameters
    ----------
    x, y : ndarray, shape (knots,)
        At least two knots, x increasing. Two knots give a line, three a not-a-knot parabola.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.0, 1.0, 2.0, 4.0])
    >>> bool(abs(simm_spline(x, x**3)(3.0) - 27.0) < 1e-12)
    True
    """
    if len(x) < 4:
        return CubicSpline(x, y, bc_type="natural" if len(x) == 2 else "not-a-knot")
    ends = [_third_divided_difference(x[s], y[s]) * 6.0 for s in (slice(0, 4), slice(-4, None))]
    # the third derivative is linear in the end slopes: two trial splines fix it
    trials = [CubicSpline(x, y, bc_type=((1, a), (1, b))) for a, b in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))]
    third = np.array([[6.0 * t.c[0, 0], 6.0 * t.c[0, -1]] for t in trials])
    slopes = np.linalg.solve((third[1:] - third[0]).T, np.array(ends) - third[0])
    return CubicSpline(x, y, bc_type=((1, slopes[0]), (1, slopes[1])))


def _third_divided_difference(x: Array, y: Array) -> float:
    table = y
    for order in (1, 2, 3):
        table = np.diff(table) / (x[order:] - x[:-order])
    return float(table[0])


def compile_splines(knots: Table) -> tuple[SplineTables, dict[str, int]]:
    """Flat tables of every spline, and the position of each by name."""
    names = list(dict.fromkeys(knots.text("spline")))
    owner = np.array(knots.text("spline"), dtype=object)
    points = knots.numbers("angle", "value")
    first, last, power, start, knot, jump = [], [], [], [0], [], []
    for name in names:
        x, y = points[owner == name].T
        if len(x) < 2 or np.any(np.diff(x) <= 0.0):
            raise ModelError(f"spline {name!r}: needs two or more knots with increasing angle")
        curve = simm_spline(x, y)
        first.append(x[0])
        last.append(x[-1])
        power.append(curve.c[::-1, 0])
        knot.extend(x[1:-1])
        jump.extend(np.diff(curve.c[0]))
        start.append(len(knot))
    tables = SplineTables(
        np.array(first),
        np.array(last),
        np.array(power).reshape(-1, 4),
        np.array(start),
        np.array(knot, dtype=np.float64),
        np.array(jump, dtype=np.float64),
    )
    return tables, {name: i for i, name in enumerate(names)}


@inner
def evaluate_spline(t: SplineTables, s: int, x: float) -> tuple[float, float]:
    """Value and slope of spline ``s`` at ``x``."""
    inside = min(max(x, t.first[s]), t.last[s])
    u = inside - t.first[s]
    c0, c1, c2, c3 = t.power[s, 0], t.power[s, 1], t.power[s, 2], t.power[s, 3]
    value = c0 + u * (c1 + u * (c2 + u * c3))
    slope = c1 + u * (2.0 * c2 + u * 3.0 * c3)
    for k in range(t.start[s], t.start[s + 1]):
        v = max(inside - t.knot[k], 0.0)
        value += t.jump[k] * v * v * v
        slope += t.jump[k] * 3.0 * v * v
    return value + slope * (x - inside), slope
