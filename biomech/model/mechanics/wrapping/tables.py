"""Wraps of a model as flat tables: surfaces on segments, and which path may touch which of them where."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels.arrays import Array2, Index1, Index2
from biomech.errors import ModelError
from biomech.model.mechanics.path_points import CONDITIONAL
from biomech.model.tables import Table, optional

Array = NDArray[np.float64]
Index = NDArray[np.int64]

CYLINDER, SPHERE = 0, 1
KINDS = {"cylinder": CYLINDER, "sphere": SPHERE}
#: Axis and sign of each quadrant; axis -1: none.
QUADRANTS = {"all": (-1, 1), **{s + a: (i, -1 if s else 1) for s in ("", "-") for i, a in enumerate("xyz")}}


class WrapTables(NamedTuple):
    """All wraps of all paths, flat.

    Of each surface ``segment`` and ``kind`` (surface,), ``pose`` (surface, 12): its rotation in the segment, row by
    row, and its centre; ``size`` (surface, 2): radius and half length; ``quadrant`` (surface, 2): axis (-1: none) and
    sign.

    ``stretch``: rows (muscle, first and last point, first use and that after the last) of the part of a path that may
    wrap; its first and last point always count. ``use``: rows (surface, first and last point, wrench) of every surface
    of a path in their order; ``pull``: rows (use, point), of which the k-th says that wrench ``points + k`` is what the
    use adds where the path leaves that point for the surface; those of a use begin at its ``wrench``. ``steady``
    (point,): the first point after it that always counts.
    """

    segment: Index1
    kind: Index1
    pose: Array2
    size: Array2
    quadrant: Index2
    stretch: Index2
    use: Index2
    pull: Index2
    steady: Index1


def compile_wraps(
    tables: Mapping[str, Table], muscles: list[str], place: Mapping[str, int], start: list[int], kind: Index
) -> WrapTables:
    """Flat tables of the wraps of the given muscles.

    ``place``: number of each segment; points of a muscle go from ``start[i]`` to ``start[i + 1]``, each of a ``kind``.
    """
    wraps, uses = optional(tables, "wraps"), optional(tables, "path_wraps")
    columns = zip(uses.text("muscle"), uses.text("wrap"), uses.numbers("first", "last").reshape(-1, 2), strict=True)
    own: dict[str, list[tuple[str, int, int]]] = {}
    for row, (muscle, wrap, ends) in zip(uses.rows, columns, strict=True):
        if muscle in muscles:
            i = muscles.index(muscle)
            first, last = _ends(row, ends, start[i + 1] - start[i])
            if first < last:
                own.setdefault(muscle, []).append((wrap, start[i] + first, start[i] + last))
    surfaces = [wraps.index(name) for name in dict.fromkeys(wrap for found in own.values() for wrap, _, _ in found)]
    number = {wraps.rows[row]: k for k, row in enumerate(surfaces)}
    places = wraps.numbers("x", "y", "z").reshape(-1, 3)
    counts = kind != CONDITIONAL
    counts[[*start[:-1], *(end - 1 for end in start[1:])]] = True  # one that is off is where the path ends then
    stretch: list[tuple[int, int, int, int, int]] = []
    use: list[tuple[int, int, int, int]] = []
    pull: list[tuple[int, int]] = []
    for muscle in (name for name in muscles if name in own):
        first, last = (end([f for _, f, _ in own[muscle]] + [t for _, _, t in own[muscle]]) for end in (min, max))
        while not counts[first]:
            first -= 1
        while not counts[last]:
            last += 1
        stretch.append((muscles.index(muscle), first, last, len(use), len(use) + len(own[muscle])))
        for wrap, a, b in own[muscle]:
            use.append((number[wrap], a, b, len(kind) + len(pull)))
            pull += [(len(use) - 1, s) for s in range(a, b)]
    steady = [next((n for n in range(p + 1, len(kind)) if counts[n]), p) for p in range(len(kind))]
    return WrapTables(
        np.array([place[wraps.text("segment")[row]] for row in surfaces], dtype=np.int64),
        np.array([KINDS[wraps.text("kind")[row]] for row in surfaces], dtype=np.int64),
        np.array([[*rotation_of(wraps, row).ravel(), *places[row]] for row in surfaces]).reshape(-1, 12),
        wraps.numbers("radius", "length").reshape(-1, 2)[surfaces] * np.array([1.0, 0.5]),
        np.array([QUADRANTS[wraps.text("quadrant")[row]] for row in surfaces], dtype=np.int64).reshape(-1, 2),
        np.array(stretch, dtype=np.int64).reshape(-1, 5),
        np.array(use, dtype=np.int64).reshape(-1, 4),
        np.array(pull, dtype=np.int64).reshape(-1, 2),
        np.array(steady, dtype=np.int64),
    )


def check_wraps(tables: Mapping[str, Table]) -> None:
    """Refuse wraps that cannot be; their names, words and numbers are known to be sound by themselves.

    Raises
    ------
    ModelError
        Names the row and column, the value, and what is allowed.
    """
    wraps, uses = optional(tables, "wraps"), optional(tables, "path_wraps")
    for row, kind, length in zip(wraps.rows, wraps.text("kind"), wraps.numbers("length"), strict=True):
        if math.isnan(length) != (kind == "sphere"):
            allowed = "be a number (m)" if kind == "cylinder" else "be absent (NaN)"
            raise ModelError(f"wraps/{row}/length = {float(length)!r}: must {allowed}, for the surface is a {kind}")
    for column in ("first", "last"):
        for row, end in zip(uses.rows, uses.numbers(column), strict=True):
            if not math.isnan(end) and end != math.floor(end):
                raise ModelError(f"path_wraps/{row}/{column} = {float(end)!r}: must be a whole number, or absent (NaN)")


def _ends(row: str, ends: Array, points: int) -> tuple[int, int]:
    """The first and last point of a path between which it may wrap."""
    found = []
    for column, end, absent in zip(("first", "last"), ends, (0, points - 1), strict=True):
        if not math.isnan(end) and not 0 <= end < points:
            raise ModelError(f"path_wraps/{row}/{column} = {end:g}: must be in 0..{points - 1}, the points of its path")
        found.append(absent if math.isnan(end) else int(end))
    return found[0], found[1]


def rotation_of(wraps: Table, row: int) -> Array:
    """Rotation (3, 3) of a surface in its segment: body-fixed turns about x, y and z."""
    a, b, c = np.radians(wraps.numbers("rx", "ry", "rz").reshape(-1, 3)[row])
    x = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(a), -np.sin(a)], [0.0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0.0, np.sin(b)], [0.0, 1.0, 0.0], [-np.sin(b), 0.0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0.0], [np.sin(c), np.cos(c), 0.0], [0.0, 0.0, 1.0]])
    return x @ y @ z
