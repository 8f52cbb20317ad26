"""Functions of coordinates as data: what moves the rows of joints, points of paths, and coordinates that follow others.

Each is a function g of one number u, the sum of its arguments times a rate each, so that its slope along an argument is
g'(u) times the rate. In the table ``functions`` a row (x, y) of a function means, by its kind:

- ``constant``: y is the value;
- ``linear``: y is the slope along argument number x = 1, 2, ..., and at x = 0 the value where all arguments are zero;
- ``polynomial``: y is the coefficient of the power x of its argument;
- ``sine``: amplitude sin(u + phase) + offset; y is the amplitude at x = -1, the phase at x = -2, the offset at x = 0,
  and at x = 1, 2, ... the rate of that argument;
- ``spline``: a knot of the spline of ``splines.spline_pieces``;
- ``piecewise_linear``: a knot; beyond the outermost the outermost pieces go on.

Angles are in rad and ways in m. What stands in no row of a linear function, a polynomial or a sine is zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._kernels.arrays import Array1, Index1
from biomech._simd import select, sincos
from biomech.errors import ModelError
from biomech.model.mechanics.splines import SplineTables, evaluate_spline, spline_tables
from biomech.model.tables import Table

Array = NDArray[np.float64]

POLYNOMIAL, SINE, SPLINE, PIECEWISE_LINEAR = 0, 1, 2, 3

#: Kinds of functions, and of how many arguments each may be.
KINDS: Mapping[str, float] = {
    "constant": 0,
    "linear": np.inf,
    "polynomial": 1,
    "sine": np.inf,
    "spline": 1,
    "piecewise_linear": 1,
}
#: No polynomial has a power beyond, and no function more arguments.
_MOST = 64


class FunctionTables(NamedTuple):
    """All functions, flat.

    ``kind`` (function,); ``coefficient`` from ``start[f]`` to ``start[f + 1]``: of a polynomial from the constant up,
    of a sine amplitude, phase and offset, of a piecewise linear function its first knot, value and slope, then knots
    and the jumps of the slope there; ``curve`` (function,): its number among the ``curves``, or -1.
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
    if kind in ("spline", "piecewise_linear"):
        if len(x) < 2 or not np.all(np.diff(x) > 0.0):
            raise ModelError(f"functions: {name!r}: needs two or more knots with increasing x")
        return (SPLINE, [], (1.0,)) if kind == "spline" else (PIECEWISE_LINEAR, _pieces(x, y), (1.0,))
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


def _pieces(x: Array, y: Array) -> list[float]:
    slope = np.diff(y) / np.diff(x)
    pairs = np.column_stack([x[1:-1], np.diff(slope)])
    return [float(x[0]), float(y[0]), float(slope[0]), *pairs.ravel().tolist()]


@kernel
def evaluate_function(functions: FunctionTables, f: int, u: float) -> tuple[float, float]:
    """Value and slope of function ``f`` at ``u``."""
    kind, first, last = functions.kind[f], functions.start[f], functions.start[f + 1]
    c = functions.coefficient
    value, slope = 0.0 * u, 0.0 * u
    if kind == SPLINE:
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
