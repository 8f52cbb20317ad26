"""Cubic splines as OpenSim's SimmSpline computes them.

The end conditions are those of Forsythe, Malcolm & Moler (1977, ch. 4): the third derivative at each end is that of
the cubic through the four nearest knots. Outside its knots the curve goes on as a straight line. The kernel evaluates
truncated powers, s(x) = sum of c_k (x - x_0)^k + sum of d_i max(x - x_i, 0)^3, which needs no search for the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._kernels.arrays import Array1, Array2, Index1
from biomech.errors import ModelError
from biomech.model.tables import Table

if TYPE_CHECKING:
    from scipy.interpolate import PPoly

Array = NDArray[np.float64]

#: The most knots of a spline: a thousand that go up and down are a micrometre off when summed as truncated powers.
MOST_KNOTS = 500
#: Knots nearer to one another, of the way from the first to the last, and how far off the sum may be, of the values.
_NEAR, _OFF = 1e-4, 1e-7


class SplineTables(NamedTuple):
    """All splines of a model, flat: ``power`` (spline, 4), interior knots from ``start[s]`` to ``start[s + 1]``."""

    first: Array1
    last: Array1
    power: Array2
    start: Index1
    knot: Array1
    jump: Array1


def spline_pieces(x: Array, y: Array) -> Array:
    """Coefficients (4, knots - 1, ...) of every piece, from the cube down, in powers of the distance from its start.

    The second derivatives M at the knots keep the slope continuous,

        h_(i-1) M_(i-1) + 2 (h_(i-1) + h_i) M_i + h_i M_(i+1) = 6 (s_i - s_(i-1)),

    with h the distances between knots and s the slopes of the chords, and have the third derivatives of the end
    conditions. SciPy's splines know no such ends, and to import them takes longer than a first answer.

    Parameters
    ----------
    x : ndarray, shape (knots,)
        At least two knots, x increasing. Two knots give a line, three the parabola through them.
    y : ndarray, shape (knots, ...)
        The values of a curve there, or of several.
    """
    count, step = len(x), np.diff(x)
    if count > MOST_KNOTS:
        raise ModelError(f"a spline has {count} knots: at most {MOST_KNOTS} are computed")
    h = step[(slice(None), *(None,) * (y.ndim - 1))]
    slope, second = np.diff(y, axis=0) / h, np.zeros(y.shape)
    if count > 2:
        matrix, right = np.zeros((count, count)), np.zeros(y.shape)
        inside = np.arange(1, count - 1)
        matrix[inside, inside - 1], matrix[inside, inside], matrix[inside, inside + 1] = (
            step[:-1],
            2 * (step[:-1] + step[1:]),
            step[1:],
        )
        right[inside] = 6.0 * np.diff(slope, axis=0)
        for row, first in ((0, 0), (count - 1, count - 4)):
            piece = min(row, count - 2)
            matrix[row, piece], matrix[row, piece + 1] = -1.0, 1.0
            if count > 3:
                ends = slice(first, first + 4)
                right[row] = 6.0 * step[piece] * _third_divided_difference(x[ends], y[ends])
        second[:] = np.linalg.solve(matrix, right)
    cube, bend = np.diff(second, axis=0) / (6.0 * h), second[:-1] / 2.0
    return np.array([cube, bend, slope - h * (2.0 * second[:-1] + second[1:]) / 6.0, y[:-1]])


def spline_values(x: Array, y: Array, at: Array) -> Array:
    """The spline through (x, y) at some places, in plain NumPy: what ``evaluate_spline`` computes."""
    pieces, inside = spline_pieces(x, y), np.clip(at, x[0], x[-1])
    piece = np.clip(np.searchsorted(x, inside, side="right") - 1, 0, len(x) - 2)
    c3, c2, c1, c0 = pieces[:, piece]
    u = inside - x[piece]
    return np.asarray(c0 + u * (c1 + u * (c2 + u * c3)) + (c1 + u * (2.0 * c2 + u * 3.0 * c3)) * (at - inside))


def simm_spline(x: Array, y: Array) -> PPoly:
    """The spline through (x, y), for SciPy; the parameters are those of ``spline_pieces``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.0, 1.0, 2.0, 4.0])
    >>> bool(abs(simm_spline(x, x**3)(3.0) - 27.0) < 1e-12)
    True
    """
    from scipy.interpolate import PPoly

    return PPoly(spline_pieces(x, y), x)


def _third_divided_difference(x: Array, y: Array) -> Array:
    table = y
    for order in (1, 2, 3):
        table = np.diff(table, axis=0) / (x[order:] - x[:-order])[(slice(None), *(None,) * (y.ndim - 1))]
    return np.asarray(table[0])


def compile_splines(knots: Table) -> tuple[SplineTables, dict[str, int]]:
    """Flat tables of every spline, and the position of each by name."""
    names = list(dict.fromkeys(knots.text("spline")))
    owner = np.array(knots.text("spline"), dtype=object)
    points = knots.numbers("angle", "value")
    tables = spline_tables([(name, *points[owner == name].T) for name in names])
    return tables, {name: i for i, name in enumerate(names)}


def check_knots(knots: Table) -> None:
    """Refuse splines whose knots do not rise."""
    owner, angle = np.array(knots.text("spline"), dtype=object), knots.numbers("angle")
    for name in dict.fromkeys(knots.text("spline")):
        _check_knots(name, angle[owner == name])


def _check_knots(name: str, x: Array) -> None:
    # no comparison may drop a NaN
    if len(x) < 2 or not np.all(np.diff(x) > 0.0):
        raise ModelError(f"spline {name!r}: needs two or more knots with increasing angle")
    if len(x) > MOST_KNOTS:
        raise ModelError(f"spline {name!r}: has {len(x)} knots: at most {MOST_KNOTS} are computed")


def _check_sum(name: str, x: Array, y: Array, pieces: Array) -> None:
    """Refuse a spline whose knots are so near to one another that the sum of truncated powers is not the spline."""
    step = np.diff(x)
    if step.min() >= _NEAR * (x[-1] - x[0]):
        return
    u = x - x[0]
    ahead = np.maximum(x[:, None] - x[1:-1], 0.0)
    found = np.polyval(pieces[:, 0], u) + ahead**3 @ np.diff(pieces[0])
    if not np.all(np.abs(found - y) <= _OFF * np.abs(y).max()):
        near = int(step.argmin())
        raise ModelError(
            f"spline {name!r}: its knots {float(x[near])!r} and {float(x[near + 1])!r} are too near to one another for "
            "what it says to be computed"
        )


def spline_tables(curves: Sequence[tuple[str, Array, Array]]) -> SplineTables:
    """Flat tables of curves, each with its name for errors, its knots and their values."""
    first: list[float] = []
    last: list[float] = []
    knot: list[float] = []
    jump: list[float] = []
    power, start = [], [0]
    for name, x, y in curves:
        _check_knots(name, x)
        pieces = spline_pieces(x, y)
        _check_sum(name, x, y, pieces)
        first.append(x[0])
        last.append(x[-1])
        power.append(pieces[::-1, 0])
        knot.extend(x[1:-1])
        jump.extend(np.diff(pieces[0]))
        start.append(len(knot))
    return SplineTables(
        np.array(first, dtype=np.float64),
        np.array(last, dtype=np.float64),
        np.array(power).reshape(-1, 4),
        np.array(start),
        np.array(knot, dtype=np.float64),
        np.array(jump, dtype=np.float64),
    )


@kernel
def evaluate_spline(splines: SplineTables, s: int, x: float) -> tuple[float, float]:
    """Value and slope of spline ``s`` at ``x``."""
    inside = min(max(x, splines.first[s]), splines.last[s])
    u = inside - splines.first[s]
    c0, c1, c2, c3 = splines.power[s, 0], splines.power[s, 1], splines.power[s, 2], splines.power[s, 3]
    value = c0 + u * (c1 + u * (c2 + u * c3))
    slope = c1 + u * (2.0 * c2 + u * 3.0 * c3)
    for k in range(splines.start[s], splines.start[s + 1]):
        v = max(inside - splines.knot[k], 0.0)
        value += splines.jump[k] * v * v * v
        slope += splines.jump[k] * 3.0 * v * v
    return value + slope * (x - inside), slope
