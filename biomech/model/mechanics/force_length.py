"""How hard a muscle can pull at the length of its fibres, over what it can at their optimum: curves of a model file.

Of ``l``, the length of the fibres over the optimal one, by the kind of a muscle's row in ``force_length_curves``:

- ``thelen``: exp(-(l - 1)^2 / width) (Thelen 2003, J Biomech Eng 125:70, eq. 6);
- ``de_groote_fregly``: the sum of three terms b1 exp(-((x - b2) / (b3 + b4 x))^2 / 2) (De Groote et al. 2016, Ann
  Biomed Eng 44:2922, supplement), of x = 1 + (l - 1) / width;
- ``millard``: five pieces, each a Bezier curve of the fifth order between two tangents, with a floor (Millard et al.
  2013, J Biomech Eng 135:021005, section 2 and appendix). A spline through points of it stands for it, to 2e-5;
- ``tabulated``: a function of ``functions``.

A muscle without a row has Thelen's with ``settings/force_length_width``.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import shown
from biomech._kernels import kernel
from biomech._kernels.arrays import Array1, Index1
from biomech._simd import exp
from biomech.errors import ModelError
from biomech.model.mechanics.functions import functions_of
from biomech.model.mechanics.splines import SplineTables, evaluate_spline, spline_tables
from biomech.model.tables import Table

Array = NDArray[np.float64]

THELEN, DE_GROOTE_FREGLY, SPLINE = 0, 1, 2
KINDS = ("thelen", "de_groote_fregly", "millard", "tabulated")
_CODES = {"thelen": THELEN, "de_groote_fregly": DE_GROOTE_FREGLY}

#: Points of each piece of Millard's curve, and how far its floor goes on either side, in optimal lengths.
_POINTS, _FLOOR = 12, (0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
#: Half the plateau about the optimal length, and how much steeper the ascent is than a straight one at its middle.
_PLATEAU, _STEEP = 0.05, 1.25
#: How far along a tangent its control points lie, of the way to where it meets the other.
_CURVINESS = 0.9


class ForceLengthTables(NamedTuple):
    """Curves of the muscles that have a row.

    ``muscle``, ``kind`` and ``width`` (row,); ``curve`` (row,): its number among the splines, or -1.
    """

    muscle: Index1
    kind: Index1
    width: Array1
    curve: Index1
    curves: SplineTables


def compile_force_length(table: Table, functions: Table, muscles: list[str]) -> ForceLengthTables:
    """Flat tables of the curves of the given muscles.

    Parameters
    ----------
    table, functions : Table
        ``force_length_curves``, and the functions of those that are tabulated.
    muscles : list of str
        In kernel order.

    Raises
    ------
    ModelError
        Names the row: its kind is none, or its numbers are none of such a curve.
    """
    known = {name: (x, y) for name, kind, x, y in functions_of(functions) if kind == "spline"} if len(table) else {}
    place = {name: m for m, name in enumerate(muscles)}
    rows = [i for i, name in enumerate(table.rows) if name in place]
    kind, number, curves = list[int](), list[int](), list[tuple[str, Array, Array]]()
    for i in rows:
        muscle, word = table.rows[i], table.text("kind")[i]
        if word not in KINDS:
            raise ModelError(f"force_length_curves/{muscle}/kind = {shown(word)}: must be one of {', '.join(KINDS)}")
        kind.append(_CODES.get(word, SPLINE))
        number.append(len(curves) if kind[-1] == SPLINE else -1)
        if kind[-1] == SPLINE:
            curves.append((muscle, *_points(table, muscle, known)))
        elif not (width := table.value(muscle, "width")) > 0.0:
            raise ModelError(f"force_length_curves/{muscle}/width = {width!r}: must be more than 0")
    return ForceLengthTables(
        np.array([place[table.rows[i]] for i in rows], dtype=np.int64),
        np.array(kind, dtype=np.int64),
        table.numbers("width")[rows],
        np.array(number, dtype=np.int64),
        spline_tables(curves),
    )


def _points(table: Table, muscle: str, known: Mapping[str, tuple[Array, Array]]) -> tuple[Array, Array]:
    """Knots of the curve of a row."""
    i = table.index(muscle)
    if table.text("kind")[i] == "tabulated":
        name = table.text("function")[i]
        if name not in known:
            raise ModelError(f"force_length_curves/{muscle}/function = {shown(name)}: must be a spline of functions")
        return known[name]
    columns = ("min_length", "transition_length", "max_length", "slope", "least")
    first, transition, last, slope, least = (table.value(muscle, column) for column in columns)
    good = 0.0 <= first < transition < 1.0 - _PLATEAU and last > 1.0 + 2.0 * _PLATEAU and 0.0 <= least < 1.0
    if not (good and 0.0 <= slope < 1.0 / (1.0 - transition)):
        numbers = (first, transition, last, slope, least)
        raise ModelError(f"force_length_curves/{muscle}: {numbers!r}: are not those of Millard's curve")
    return millard_points(first, transition, last, slope, least)


def millard_points(first: float, transition: float, last: float, slope: float, least: float) -> tuple[Array, Array]:
    """Points (x, y) of Millard's curve of active force over fibre length.

    Parameters
    ----------
    first, transition, last : float
        Lengths over the optimal one: where the curve leaves its floor, where steep goes over into shallow ascent, where
        it is back at the floor.
    slope : float
        Of the shallow ascent.
    least : float
        Height of the floor.
    """
    shallow = 1.0 - slope * (1.0 - _PLATEAU - transition)  # where the shallow ascent begins
    plateau = 1.0 + _PLATEAU
    fall = plateau + 0.5 * (last - plateau)
    corners = [  # places with their slopes, between which the pieces run
        (first, least, 0.0),
        (first + 0.5 * (transition - first), 0.5 * shallow, _STEEP * shallow / (transition - first)),
        (transition + 0.5 * (1.0 - _PLATEAU - transition), 0.5 + 0.5 * shallow, slope),
        (1.0, 1.0, 0.0),
        (fall, 0.5, -1.0 / (last - 1.0 - 2.0 * _PLATEAU)),
        (last, least, 0.0),
    ]
    pieces = [_bezier(*own, *after) for own, after in pairwise(corners)]
    x = np.concatenate([*(piece[:-1, 0] for piece in pieces), [last]])
    y = np.concatenate([*(piece[:-1, 1] for piece in pieces), [least]])
    floor = np.array(_FLOOR)
    low, high = np.full(len(floor), least), np.concatenate([first - floor[::-1], x, last + floor])
    return high, np.concatenate([low, y, low])


def _bezier(x0: float, y0: float, slope0: float, x1: float, y1: float, slope1: float) -> Array:
    """Points (point, 2) of the curve of the fifth order whose inner control points lie near where its tangents meet."""
    start, end = np.array([x0, y0]), np.array([x1, y1])
    x = (y1 - y0 - x1 * slope1 + x0 * slope0) / (slope0 - slope1)
    meet = np.array([x, y1 + slope1 * (x - x1)])
    after, before = start + _CURVINESS * (meet - start), end + _CURVINESS * (meet - end)
    control = np.array([start, after, after, before, before, end])
    u = np.linspace(0.0, 1.0, _POINTS + 1)[:, None]
    weights = np.concatenate([c * u**k * (1.0 - u) ** (5 - k) for k, c in enumerate((1, 5, 10, 10, 5, 1))], axis=1)
    return np.asarray(weights @ control)


@kernel
def active_force(tables: ForceLengthTables, row: int, stretch: float) -> float:
    """Force over that at the optimal length, where fibres are longer than that by the part ``stretch``."""
    kind = tables.kind[row]
    force = 0.0 * stretch
    if kind == THELEN:
        force = exp(-stretch * stretch / tables.width[row])
    elif kind == DE_GROOTE_FREGLY:
        x = 1.0 + stretch / tables.width[row]
        # height, place, width and its slope of each term, in the digits that make 1 of l = 1
        force = _term(x, 0.8150671134243542, 1.055033428970575, 0.162384573599574, 0.063303448465465)
        force = force + _term(x, 0.433004984392647, 0.71677541339776, -0.029947116970696, 0.200356847296188)
        force = force + _term(x, 0.1, 1.0, 0.353553390593274, 0.0)
    else:
        force, _ = evaluate_spline(tables.curves, tables.curve[row], 1.0 + stretch)
        force = max(force, 0.0)
    return force


@kernel
def _term(x: float, height: float, place: float, width: float, rate: float) -> float:
    z = (x - place) / (width + rate * x)
    return height * exp(-0.5 * z * z)
