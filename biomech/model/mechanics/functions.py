"""Functions of coordinates as data: what moves the rows of joints, points of paths, and coordinates that follow others.

Each is a function g of one number u, the sum of its arguments times a rate each, so that its slope along an argument is
g'(u) times the rate. In the table ``functions`` a row (x, y) of a function means, by its kind:

- ``constant``: y is the value;
- ``linear``: y is the slope along argument number x = 1, 2, ..., and at x = 0 the value where all arguments are zero;
- ``polynomial``: y is the coefficient of the power x of its argument;
- ``sine``: amplitude sin(u + phase) + offset; y is the amplitude at x = -1, the phase at x = -2, the offset at x = 0,
  and at x = 1, 2, ... the rate of that argument;
- ``spline``: a knot of the spline of ``splines.spline_pieces``;
- ``piecewise_linear``: a knot; beyond the outermost the outermost pieces go on;
- ``piecewise_constant``: from x on the value is y, until the next; before the first it is the first's;
- ``step``: from the first of two (x, y) to the second, smoothly, and level beyond them;
- ``natural_spline_1``, ``_3``, ``_5``, ``_7``: a knot of the natural spline of that degree.

A step is y_0 + (y_1 - y_0) (10 t^3 - 15 t^4 + 6 t^5), t the share of the way from x_0 to x_1. A natural spline of
degree 2 m - 1 goes through its knots with the least integral of its squared m-th derivative (Woltring 1986, with no
error allowed); beyond them it is a polynomial of degree m - 1.

Angles are in rad and ways in m. What stands in no row of a linear function, a polynomial or a sine is zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._kernels.arrays import Array1, Index1
from biomech._simd import select, sincos
from biomech.errors import ModelError
from biomech.model.function_kinds import BY_KNOTS, KINDS
from biomech.model.mechanics.splines import SplineTables, evaluate_spline, spline_tables
from biomech.model.tables import Table

Array = NDArray[np.float64]

POLYNOMIAL, SINE, SPLINE, PIECEWISE_LINEAR, PIECES = 0, 1, 2, 3, 4

#: No polynomial has a power beyond, and no function more arguments.
_MOST = 64
#: The most knots of a function that is told by pieces, each of which is looked at; and how far off a piece may end.
_MOST_KNOTS, _OFF = 500, 1e-7


class FunctionTables(NamedTuple):
    """All functions, flat.

    ``kind`` (function,); ``coefficient`` from ``start[f]`` to ``start[f + 1]``: of a polynomial from the constant up,
    of a sine amplitude, phase and offset, of a piecewise linear function its first knot, value and slope, then knots
    and the jumps of the slope there, of other pieces their degree, then of each where it begins and the coefficients,
    from the constant up, of powers of the distance from there; ``curve`` (function,): its number among the ``curves``,
    or -1.
    """

    kind: Index1
    start: Index1
    coefficient: Array1
    curve: Index1
    curves: SplineTables


class Functions(NamedTuple):
    """The compiled functions, the number of each by name, and the rates of their arguments (none: constant)."""

    tables: FunctionTables
    number: Mapping[str, int]
    rates: Mapping[str, tuple[float, ...]]

    def arguments(self, name: str, coordinates: list[str], numbers: Mapping[str, int]) -> list[tuple[int, float]]:
        """Number and rate of every coordinate that a function depends on; ``numbers`` are those of coordinates."""
        pairs = zip(coordinates, self.rates[name], strict=False)
        return [(numbers[own], rate) for own, rate in pairs if own and rate != 0.0]


def compile_functions(table: Table) -> Functions:
    """Flat tables of every function.

    Raises
    ------
    ModelError
        Names the function: it has no such kind, or rows that it cannot have.
    """
    kind: list[int] = []
    start, coefficient = [0], list[float]()
    curve: list[int] = []
    curves: list[tuple[str, Array, Array]] = []
    number: dict[str, int] = {}
    rates: dict[str, tuple[float, ...]] = {}
    for name, word, x, y in functions_of(table):
        number[name] = len(kind)
        code, own, rates[name] = _compiled(name, word, x, y)
        kind.append(code)
        curve.append(len(curves) if code == SPLINE else -1)
        if code == SPLINE:
            curves.append((name, x, y))
        coefficient += own
        start.append(len(coefficient))
    tables = FunctionTables(
        np.array(kind, dtype=np.int64),
        np.array(start, dtype=np.int64),
        np.array(coefficient, dtype=np.float64),
        np.array(curve, dtype=np.int64),
        spline_tables(curves),
    )
    return Functions(tables, number, rates)


def functions_of(table: Table) -> list[tuple[str, str, Array, Array]]:
    """Name, kind, x and y of every function, rows in their order."""
    rows: dict[str, list[int]] = {}
    for i, name in enumerate(table.text("function")):
        rows.setdefault(name, []).append(i)
    x, y = table.numbers("x", "y").reshape(-1, 2).T
    words = table.text("kind")
    found = []
    for name, own in rows.items():
        kinds = {words[i] for i in own}
        if len(kinds) > 1 or not kinds <= {*KINDS}:
            raise ModelError(
                f"functions/{table.rows[own[0]]}/kind: {sorted(kinds)} of {name!r}: must be one of {[*KINDS]}"
            )
        found.append((name, kinds.pop(), x[own], y[own]))
    return found


def _compiled(name: str, kind: str, x: Array, y: Array) -> tuple[int, list[float], tuple[float, ...]]:
    """Kind, coefficients and rates of the arguments of one function."""
    if kind in BY_KNOTS:
        _check_knots(name, kind, x)
        if kind == "spline":
            return SPLINE, [], (1.0,)
        if kind == "piecewise_linear":
            return PIECEWISE_LINEAR, _jumps_of_slope(x, y), (1.0,)
        with np.errstate(all="ignore"):  # what is no number is refused
            starts, pieces = pieces_of(kind, x, y)
            _check_pieces(name, kind, x, y, pieces)
        return PIECES, [len(pieces) - 1.0, *np.vstack([starts, pieces]).T.ravel().tolist()], (1.0,)
    own = _numbered(name, kind, x, y)
    if kind == "constant":
        return POLYNOMIAL, [own[0]], ()
    if kind == "sine":
        return SINE, [own[-1], own[-2], own[0]], _rates(own)
    if kind == "linear":
        rates = _rates(own)
        one = len(rates) == 1  # its slope is a coefficient, so that the value is slope times argument
        return POLYNOMIAL, [own[0], rates[0] if one else 1.0], (1.0,) if one else rates
    return POLYNOMIAL, [own[k] for k in range(max(own) + 1)], (1.0,)


def _numbered(name: str, kind: str, x: Array, y: Array) -> dict[int, float]:
    """The numbers y of a function whose x are whole numbers, none twice; what is not there is 0."""
    least = -2 if kind == "sine" else 0
    most = 0 if kind == "constant" else _MOST
    found = dict.fromkeys(range(least, 1), 0.0)
    for at, value in zip(x.tolist(), y.tolist(), strict=True):
        if at != int(at) or not least <= at <= most:
            raise ModelError(f"functions: {name!r}: x = {at:g}: must be a whole number in {least}..{most} of {kind}")
        found[int(at)] = value
    if len(set(x.tolist())) < len(x):
        raise ModelError(f"functions: {name!r}: has an x twice; must have each once")
    top = max(found)
    return {k: found.get(k, 0.0) for k in range(least, top + 1)}


def _rates(own: Mapping[int, float]) -> tuple[float, ...]:
    return tuple(value for k, value in own.items() if k >= 1)


def _check_knots(name: str, kind: str, x: Array) -> None:
    least = BY_KNOTS[kind]
    if len(x) < least or not np.all(np.diff(x) > 0.0):
        words = {1: "one or more knots", 2: "two or more knots"}.get(least, f"{least} or more knots")
        raise ModelError(f"functions: {name!r}: needs {words} with increasing x")
    if kind not in ("spline", "piecewise_linear") and len(x) > _MOST_KNOTS:
        raise ModelError(f"functions: {name!r}: has {len(x)} knots: at most {_MOST_KNOTS} are computed")
    if kind == "step" and len(x) != 2:
        raise ModelError(f"functions: {name!r}: has {len(x)} knots; a step has two")


def _check_pieces(name: str, kind: str, x: Array, y: Array, pieces: Array) -> None:
    """Refuse knots that are so near to one another, or so far, that pieces do not end where the next ones begin."""
    good = bool(np.isfinite(pieces).all())
    if good and kind.startswith("natural_spline"):
        ends = np.array([np.polyval(own[::-1], step) for own, step in zip(pieces.T[1:-1], np.diff(x), strict=True)])
        good = bool(np.all(np.abs(ends - y[1:]) <= _OFF * np.abs(y).max()))
    if not good:
        raise ModelError(f"functions: {name!r}: its knots are too near to one another for what it says to be computed")


def pieces_of(kind: str, x: Array, y: Array) -> tuple[Array, Array]:
    """Where each piece of a function of a kind with knots begins, and its coefficients (power, piece), constant first.

    They are of powers of the distance from there; the first piece is that before the first knot, too.
    """
    if kind == "piecewise_constant":
        return x, y[None]
    if kind == "step":
        rise, width = y[1] - y[0], x[1] - x[0]
        middle = [y[0], 0.0, 0.0, 10.0 * rise / width**3, -15.0 * rise / width**4, 6.0 * rise / width**5]
        return np.array([x[0], x[0], x[1]]), np.array([[y[0]] + [0.0] * 5, middle, [y[1]] + [0.0] * 5]).T
    return _natural_pieces(int(kind.removeprefix("natural_spline_")), x, y)


def _natural_pieces(degree: int, x: Array, y: Array) -> tuple[Array, Array]:
    """Pieces of a natural spline, of which the first and the last are those beyond its knots."""
    from scipy.interpolate import make_interp_spline

    half = (degree + 1) // 2
    ends = [(order, 0.0) for order in range(half, degree)]
    try:
        curve = make_interp_spline(x, y, k=degree, bc_type=(ends, ends) if ends else None)
    except (ValueError, np.linalg.LinAlgError):  # what it solves for its coefficients has no one solution in floats
        return np.concatenate([x[:1], x]), np.full((degree + 1, len(x) + 1), np.nan)
    inside = np.array([curve(x[:-1], order) / math.factorial(order) for order in range(degree + 1)])
    inside[0] = y[:-1]
    outside = np.zeros((degree + 1, 2))
    for order in range(half):
        outside[order] = curve(x[[0, -1]], order) / math.factorial(order)
    outside[0] = y[[0, -1]]
    return np.concatenate([x[:1], x]), np.column_stack([outside[:, 0], inside, outside[:, 1]])


def _jumps_of_slope(x: Array, y: Array) -> list[float]:
    slope = np.diff(y) / np.diff(x)
    pairs = np.column_stack([x[1:-1], np.diff(slope)])
    return [float(x[0]), float(y[0]), float(slope[0]), *pairs.ravel().tolist()]


@kernel
def evaluate_function(functions: FunctionTables, f: int, u: float) -> tuple[float, float]:
    """Value and slope of function ``f`` at ``u``."""
    kind, first, last = functions.kind[f], functions.start[f], functions.start[f + 1]
    c = functions.coefficient
    value, slope = 0.0 * u, 0.0 * u
    if kind == PIECES:
        value, slope = _evaluate_pieces(c, first, last, u)
    elif kind == SPLINE:
        value, slope = evaluate_spline(functions.curves, functions.curve[f], u)
    elif kind == SINE:
        s, cosine = sincos(u + c[first + 1])
        value, slope = c[first] * s + c[first + 2], c[first] * cosine
    elif kind == PIECEWISE_LINEAR:
        value = c[first + 1] + c[first + 2] * (u - c[first])
        slope = slope + c[first + 2]
        for k in range(first + 3, last, 2):
            value += c[k + 1] * max(u - c[k], 0.0)
            slope += select(u > c[k], c[k + 1], 0.0)
    else:
        for k in range(last - 1, first - 1, -1):
            slope = slope * u + value
            value = value * u + c[k]
    return value, slope


@kernel
def _evaluate_pieces(c: Array, first: int, last: int, u: float) -> tuple[float, float]:
    """Value and slope at ``u`` of a function that is a polynomial from each of several places on."""
    degree = int(c[first])
    step = degree + 2
    start = 0.0 * u + c[first + 1]
    for p in range(first + 1 + step, last, step):
        start = select(u >= c[p], c[p], start)
    along, value, slope = u - start, 0.0 * u, 0.0 * u
    for k in range(degree, -1, -1):
        own = 0.0 * u + c[first + 2 + k]
        for p in range(first + 1 + step, last, step):
            own = select(u >= c[p], c[p + 1 + k], own)
        slope = slope * along + value
        value = value * along + own
    return value, slope
