"""Which entries of A can differ from zero: found once, so that no kernel multiplies by zero.

Unknowns that act on the same rows form a *block*: a small dense matrix, its rows one after another. A leg's muscles
make six or so of them (hip, hip and knee, ...). Sums over the unknowns of a block stay in registers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import entry_point, kernel
from biomech._kernels.arrays import Array3, Flags2
from biomech._simd import IndexArray, insert, width

Array = NDArray[np.float64]

#: What the loops over a block cost, in unknowns: two blocks that are nearly alike are better made one.
_LOOP = 3.0


_ONE, _TWO = np.uint64(1), np.uint64(2)


class BlockSparsity(NamedTuple):
    """The blocks, flat. Kernels hold the unknowns in the order of the blocks, and so the costs.

    Block g has the rows ``row[row_start[g]:row_start[g + 1]]``, rising, and the unknowns ``start[g]:start[g + 1]``,
    which are ``unknown`` of the problem; its matrix is ``entry[g]:entry[g + 1]`` of the entries of A. Where A lies in
    memory, its rows one after another, its number ``source[k]`` is entry ``place[k]``; ``source`` rises. Row r of A A^T
    is zero before column ``first[r]``.
    """

    row: IndexArray
    row_start: IndexArray
    unknown: IndexArray
    start: IndexArray
    entry: IndexArray
    source: IndexArray
    place: IndexArray
    first: IndexArray


def find_sparsity(used: NDArray[np.bool_]) -> BlockSparsity:
    """The pattern of matrices whose entries differ from zero only where ``used`` (m, n) says so."""
    blocks = _merge(_alike(used))
    rows = [np.flatnonzero(mark) for mark, _ in blocks]
    unknowns = [np.array(members) for _, members in blocks]
    source = [(own[:, None] * used.shape[1] + members).ravel() for own, members in zip(rows, unknowns, strict=True)]
    place = np.argsort(np.concatenate([np.empty(0), *source]))
    first = np.arange(len(used))
    for own in rows:
        first[own] = np.minimum(first[own], own[:1])
    numbers = (
        np.concatenate([np.empty(0), *rows]),
        _starts([len(r) for r in rows]),
        np.concatenate([np.empty(0), *unknowns]),
        _starts([len(k) for k in unknowns]),
        _starts([len(numbers) for numbers in source]),
        np.concatenate([np.empty(0), *source])[place],
        place,
        first,
    )
    return BlockSparsity(*(part.astype(np.uint64) for part in numbers))


def entry_index(pattern: BlockSparsity, rows: int, unknowns: int) -> NDArray[np.int64]:
    """Position of the entry of each (row, unknown), -1 where there is none."""
    place = np.full((rows, unknowns), -1)
    for g in range(len(pattern.entry) - 1):
        own = pattern.row[int(pattern.row_start[g]) : int(pattern.row_start[g + 1])].astype(np.int64)
        members = pattern.unknown[int(pattern.start[g]) : int(pattern.start[g + 1])].astype(np.int64)
        entries = np.arange(int(pattern.entry[g]), int(pattern.entry[g + 1]))
        place[np.ix_(own, members)] = entries.reshape(len(own), len(members))
    return place


def _starts(counts: list[int]) -> NDArray[Any]:
    return np.concatenate([[0], np.cumsum(np.array(counts, dtype=np.int64))])


def _alike(used: NDArray[np.bool_]) -> list[tuple[NDArray[np.bool_], list[int]]]:
    """Unknowns by the rows that they act on."""
    members: dict[bytes, list[int]] = {}
    for k in range(used.shape[1]):
        members.setdefault(used[:, k].tobytes(), []).append(k)
    return [(np.frombuffer(mark, dtype=bool), own) for mark, own in members.items()]


def _merge(blocks: list[tuple[NDArray[np.bool_], list[int]]]) -> list[tuple[NDArray[np.bool_], list[int]]]:
    """Unite blocks, with some zeros multiplied, as long as that makes less work."""
    marks, members = np.array([mark for mark, _ in blocks]), [own for _, own in blocks]

    def work(rows: NDArray[Any], unknowns: NDArray[Any]) -> NDArray[Any]:
        pairs = np.ceil(0.5 * rows)
        return np.asarray(0.5 * pairs * (pairs + 1) * (unknowns + _LOOP))

    while len(members) > 1:
        count = np.array([len(own) for own in members])
        alone = work(marks.sum(axis=1), count)
        both = work((marks[:, None] | marks).sum(axis=2), count[:, None] + count)
        gain = np.where(np.tri(len(count), k=-1, dtype=bool), alone[:, None] + alone - both, -np.inf)
        i, j = np.unravel_index(int(gain.argmax()), gain.shape)
        if not gain[i, j] > 0.0:
            break
        marks[j] |= marks[i]
        members[j] = sorted(members[j] + members[i])
        marks = np.delete(marks, i, axis=0)
        del members[i]
    return list(zip(marks, members, strict=True))


@kernel
def gather_entries(pattern: BlockSparsity, a: Array, lane_index: IndexArray, target: Array) -> None:
    """Entries of problems ``lane_index`` (lane,) of ``a`` (problem, m n) to ``target`` (entry,), as they lie in A."""
    for k in range(len(pattern.source)):
        taken = 0.0 * target[0]
        for j in range(width(taken)):
            taken = insert(taken, j, a[lane_index[j], pattern.source[k]])
        target[pattern.place[k]] = taken


@entry_point
def scan(a: Array3, used: Flags2) -> bool:
    """Mark the entries (m, n) that differ from zero in any matrix of a batch; False where one is not finite."""
    finite = True
    for i in range(len(a)):
        for r in range(a.shape[1]):
            for k in range(a.shape[2]):
                used[r, k] |= a[i, r, k] != 0.0
                finite &= abs(a[i, r, k]) < np.inf
    return finite


@kernel
def transpose_product(pattern: BlockSparsity, a: Array, y: Array, aty: Array) -> None:
    """A^T y, two rows at a time."""
    for g in range(len(pattern.entry) - 1):
        k, e, count, end = (
            pattern.start[g],
            pattern.entry[g],
            pattern.start[g + 1] - pattern.start[g],
            pattern.row_start[g + 1],
        )
        r = pattern.row_start[g]
        if (end - r) % _TWO:
            y0 = y[pattern.row[r]] if end > r else 0.0 * y[0]
            for i in range(count):
                aty[k + i] = a[e + i] * y0
            r, e = r + _ONE, e + count
        else:
            for i in range(count):
                aty[k + i] = 0.0 * y[0]
        while r < end:
            y0, y1, f = y[pattern.row[r]], y[pattern.row[r + _ONE]], e + count
            for i in range(count):
                aty[k + i] += a[e + i] * y0 + a[f + i] * y1
            r, e = r + _TWO, f + count


@kernel
def add_matvec(pattern: BlockSparsity, a: Array, x: Array, sign: float, out: Array) -> None:
    """Add ``sign`` A x to ``out`` (m,), two rows at a time."""
    for g in range(len(pattern.entry) - 1):
        k, e, count, end = (
            pattern.start[g],
            pattern.entry[g],
            pattern.start[g + 1] - pattern.start[g],
            pattern.row_start[g + 1],
        )
        r = pattern.row_start[g]
        while r < end:
            f = e + count if r + _ONE < end else e
            total, next_total = 0.0 * sign, 0.0 * sign
            for i in range(count):
                total += a[e + i] * x[k + i]
                next_total += a[f + i] * x[k + i]
            out[pattern.row[r]] += sign * total
            if f > e:
                out[pattern.row[r + _ONE]] += sign * next_total
            r, e = r + _TWO, f + count


@kernel
def add_abs_matvec(pattern: BlockSparsity, a: Array, size: Array, out: Array) -> None:
    """Add the sums of |A| ``size`` to ``out`` (m,): the sizes of the terms of the rows."""
    for g in range(len(pattern.entry) - 1):
        e = pattern.entry[g]
        for r in range(pattern.row_start[g], pattern.row_start[g + 1]):
            for k in range(pattern.start[g], pattern.start[g + 1]):
                out[pattern.row[r]] += abs(a[e]) * size[k]
                e += _ONE


@kernel
def abs_transpose_product(pattern: BlockSparsity, a: Array, y: Array, out: Array) -> None:
    """|A|^T |y|: the sizes of the terms of A^T y."""
    for g in range(len(pattern.entry) - 1):
        for k in range(pattern.start[g], pattern.start[g + 1]):
            out[k] = 0.0 * y[0]
        e = pattern.entry[g]
        for r in range(pattern.row_start[g], pattern.row_start[g + 1]):
            for k in range(pattern.start[g], pattern.start[g + 1]):
                out[k] += abs(a[e]) * abs(y[pattern.row[r]])
                e += _ONE


@kernel
def add_normal_matrix(pattern: BlockSparsity, a: Array, d: Array, out: Array) -> None:
    """Add A diag(d) A^T to the lower triangle of ``out`` (m, m), two rows by two columns at a time."""
    for g in range(len(pattern.entry) - 1):
        k, count, end = pattern.start[g], pattern.start[g + 1] - pattern.start[g], pattern.row_start[g + 1]
        r, e = pattern.row_start[g], pattern.entry[g]
        while r < end:
            two = r + _ONE < end
            f = e + count if two else e
            r0, r1 = pattern.row[r], pattern.row[r + _ONE] if two else pattern.row[r]
            h = pattern.entry[g]
            for q in range(pattern.row_start[g], r, 2):
                q0, q1, j = pattern.row[q], pattern.row[q + 1], h + count
                h00, h01, h10, h11 = _two_by_two(a, d, k, count, e, f, h, j)
                out[r0, q0] += h00
                out[r0, q1] += h01
                if two:
                    out[r1, q0] += h10
                    out[r1, q1] += h11
                h = j + count
            h00, h10, h11 = _triangle(a, d, k, count, e, f)
            out[r0, r0] += h00
            if two:
                out[r1, r0] += h10
                out[r1, r1] += h11
            r, e = r + _TWO, f + count


@kernel
def _triangle(a: Array, d: Array, k: int, count: int, e: int, f: int) -> tuple[float, float, float]:
    """Products, weighted with ``d``, of the rows from entries ``e`` and ``f`` on with themselves and each other."""
    h00, h10, h11 = 0.0 * d[0], 0.0 * d[0], 0.0 * d[0]
    for i in range(count):
        a0, a1 = a[e + i], a[f + i]
        d0, d1 = d[k + i] * a0, d[k + i] * a1
        h00 += d0 * a0
        h10 += d1 * a0
        h11 += d1 * a1
    return h00, h10, h11


@kernel
def _two_by_two(
    a: Array, d: Array, k: int, count: int, e: int, f: int, h: int, j: int
) -> tuple[float, float, float, float]:
    """Products, weighted with ``d``, of the rows from entries ``e`` and ``f`` on with those from ``h`` and ``j`` on."""
    h00, h01, h10, h11 = 0.0 * d[0], 0.0 * d[0], 0.0 * d[0], 0.0 * d[0]
    for i in range(count):
        a0, a1 = d[k + i] * a[e + i], d[k + i] * a[f + i]
        h00 += a0 * a[h + i]
        h01 += a0 * a[j + i]
        h10 += a1 * a[h + i]
        h11 += a1 * a[j + i]
    return h00, h01, h10, h11
