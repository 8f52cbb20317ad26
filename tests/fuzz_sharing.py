"""Random and hostile load-sharing problems, each answer checked by plain NumPy and SciPy.

python tests/fuzz_sharing.py --minutes 60                # an hour
python tests/fuzz_sharing.py --replay "corners 1234567"  # a failure that was printed, in full

Nothing of the check is shared with what it checks: costs and their conjugates are written down anew, in extended
precision; least-squares shortfalls come from SciPy's BVLS. Every batch is asked again in other orders, companies,
sizes and threads, which may change no status, and no number by more than 1e-9. It is asked in other words, too: rows
and unknowns in another order, weights and rows in other units. The numbers of such a question are rounded otherwise,
so its answer may differ by what its certificate leaves open.
"""

from __future__ import annotations

import argparse
import collections
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear
from tqdm import tqdm

from biomech.sharing import INFEASIBLE, OPTIMAL, UNCERTIFIED, LoadSharingProblem, MinMax, Power, SoftSaturation, solve

Array = NDArray[np.float64]
Long = np.longdouble

CRITERIA = (Power(2), Power(2.5), Power(3), Power(4), Power(5), SoftSaturation(), MinMax())
#: What an answer may be off: residual and gap of an optimum, shortfall of an overload, numbers in another company.
RESIDUAL, GAP, SHORTFALL, SAME = 1e-9, 1e-9, 1e-6, 1e-9
#: Unknowns of an optimum in other words: about its least a cost is flat, so that a gap leaves the root of it.
ALIKE = 1e-5
#: Rounding of a sum of terms, of the sum of their sizes.
ROUNDING = 1e-13


@dataclass(frozen=True)
class Batch:
    """Problems (B, m, n), and how they are to be answered."""

    a: Array
    b: Array
    lower: Array
    upper: Array
    weight: Array
    criterion: Power | SoftSaturation | MinMax
    quadratic: NDArray[np.bool_]
    row_weight: Array

    def problem(self) -> LoadSharingProblem:
        return LoadSharingProblem(
            self.a,
            self.b,
            self.upper,
            self.weight,
            self.lower,
            quadratic=self.quadratic,
            shortfall_weight=self.row_weight,
        )

    def take(self, index: Array) -> Batch:
        """Some of the problems, in another order."""
        return replace(self, a=self.a[index], b=self.b[index], lower=self.lower[index], upper=self.upper[index])


# --- problems -------------------------------------------------------------------------------------------------------


def muscles(rng: np.random.Generator, batch: int, rows: int, count: int) -> Array:
    """Each acts on some rows; half of the batches have one pattern for all problems, as a leg has."""
    shape = (1, rows, count) if rng.random() < 0.5 else (batch, rows, count)
    return rng.normal(size=(batch, rows, count)) * 50 * (rng.random(shape) < rng.uniform(0.3, 1.0))


def plain(rng: np.random.Generator, criterion: object = None, batch: int = 0) -> Batch:
    """Muscles between 0 and 1, a demand from a third of what they bear to fifty times it."""
    rows = int(rng.integers(1, 10))
    count = rows + int(rng.integers(0, 20))
    batch = batch or int(rng.choice([1, 3, 8, 9, 30]))
    a = muscles(rng, batch, rows, count)
    x = rng.random((batch, count)) * (rng.random((batch, count)) < 0.6)
    b = np.einsum("bmn,bn->bm", a, x) * rng.choice([0.3, 1.0, 1.7, 5.0, 50.0])
    weight = rng.uniform(0.5, 2.0, count) if rng.random() < 0.5 else np.ones(count)
    criterion = CRITERIA[rng.integers(len(CRITERIA))] if criterion is None else criterion
    lower, upper = np.zeros((batch, count)), np.ones((batch, count))
    return Batch(a, b, lower, upper, weight, criterion, np.zeros(count, dtype=bool), np.ones(rows))


def _with_columns(p: Batch, columns: Array, lower: float, upper: float, weight: float) -> Batch:
    """More unknowns, that cost squares."""
    batch, more = len(p.a), columns.shape[-1]
    columns = np.broadcast_to(columns, (batch, p.a.shape[1], more))
    return replace(
        p,
        a=np.concatenate([p.a, columns], axis=2),
        lower=np.hstack([p.lower, np.full((batch, more), lower)]),
        upper=np.hstack([p.upper, np.full((batch, more), upper)]),
        weight=np.append(p.weight, np.full(more, weight)),
        quadratic=np.append(p.quadratic, np.ones(more, dtype=bool)),
    )


def weighted_rows(rng: np.random.Generator) -> Batch:
    p = plain(rng)
    return replace(p, row_weight=10.0 ** rng.uniform(-2, 3, p.b.shape[1]))


def weak_reserves(rng: np.random.Generator) -> Batch:
    """Reserves of free sign, weak and dear, muscles at their bounds."""
    p = plain(rng)
    wanted = np.where(rng.random(p.b.shape) < 0.5, 1.0, 5.0) * p.b
    if rng.random() < 0.5:
        wanted = np.einsum("bmn,bn->bm", p.a, rng.integers(0, 2, p.upper.shape).astype(float)) + rng.normal(
            size=p.b.shape
        )
    reserve = float(rng.choice([1.0, 1.0, 0.1, 10.0]))
    return _with_columns(replace(p, b=wanted), reserve * np.eye(p.b.shape[1]), -np.inf, np.inf, 1.0)


def unbounded(rng: np.random.Generator) -> Batch:
    """Unknowns without bounds on some rows, which cannot help the others."""
    p = plain(rng)
    rows, more = p.b.shape[1], int(rng.integers(1, 4))
    columns = rng.normal(size=(rows, more)) * (rng.random((rows, 1)) < 0.6) * (rng.random((rows, more)) < 0.6)
    if rng.random() < 0.5:
        columns = np.round(columns * 3)
    edge = float(rng.choice([np.inf, np.inf, 1e12, 1e6, 1e3]))
    return _with_columns(p, columns, -edge if rng.random() < 0.7 else 0.0, edge, 10.0 ** rng.uniform(-6, 2))


def row_scales(rng: np.random.Generator) -> Batch:
    """Rows in units of their own."""
    p = plain(rng)
    r = 10.0 ** rng.uniform(-12, 12, p.b.shape[1])
    if rng.random() < 0.3:
        r = np.full(len(r), r[0])
    return replace(p, a=p.a * r[:, None], b=p.b * r, row_weight=1.0 / r**2)


def weight_scales(rng: np.random.Generator) -> Batch:
    """Weights with a common factor."""
    p = plain(rng)
    return replace(p, weight=p.weight * 10.0 ** rng.uniform(-12, 12))


def column_scales(rng: np.random.Generator) -> Batch:
    """Unknowns in units of their own, under sums."""
    p = plain(rng, CRITERIA[rng.integers(6)])
    c = 10.0 ** rng.uniform(-3, 3, len(p.weight))
    exponent = getattr(p.criterion, "exponent", 0.0)
    return replace(p, a=p.a * c, upper=p.upper / c, lower=p.lower / c, weight=p.weight * c**exponent)


def light_contacts(rng: np.random.Generator) -> Batch:
    """Unknowns of tiny weight and wide bounds, as contact forces are."""
    p = plain(rng)
    columns = rng.normal(size=(p.b.shape[1], int(rng.integers(1, 9)))) * 50
    return _with_columns(p, columns, 0.0, 20.0, 10.0 ** rng.uniform(-9, -3))


def equal_bounds(rng: np.random.Generator) -> Batch:
    """Unknowns that are given, some lower bounds above zero, some below."""
    p = plain(rng)
    lower = rng.choice([0.0, 0.0, 0.05, -0.5], size=p.lower.shape)
    upper = np.where(rng.random(p.upper.shape) < 0.3, np.where(lower > 0, lower, 0.5), 1.0)
    lower = np.where((upper == 0.5) & (rng.random(p.upper.shape) < 0.7), upper, lower)
    return replace(p, lower=lower, upper=upper)


def corners(rng: np.random.Generator) -> Batch:
    """Demands at the very edge of what can be borne: whole numbers, so that the edge is met exactly."""
    p = plain(rng)
    a = np.round(p.a)
    if rng.random() < 0.5:
        # as far as it goes in one direction: every muscle at the bound that helps
        z = rng.normal(size=p.b.shape)
        x = (np.einsum("bmn,bm->bn", a, z) > 0).astype(float)
    else:
        a, x = np.abs(a), np.ones(p.upper.shape)
    return replace(p, a=a, b=np.einsum("bmn,bn->bm", a, x))


def empty(rng: np.random.Generator) -> Batch:
    """Rows and columns of zeros, with nothing or something asked."""
    p = plain(rng)
    a, b = p.a.copy(), p.b.copy()
    a[:, :, rng.random(a.shape[2]) < 0.3] = 0.0
    dead = rng.random(b.shape) < 0.3
    a[dead] = 0.0
    b[dead & (rng.random(b.shape) < 0.7)] = 0.0
    big = 10.0 ** rng.choice([0.0, 0.0, 10.0, 12.0])
    row = int(rng.integers(b.shape[1]))
    a[:, row] *= big
    b[:, row] *= big
    return replace(p, a=a, b=b, row_weight=np.where(np.arange(b.shape[1]) == row, 1.0 / big**2, 1.0))


def twins(rng: np.random.Generator) -> Batch:
    """The same muscle twice, the same row twice, rows that contradict each other."""
    p = plain(rng)
    if rng.random() < 0.5:
        p = replace(
            p,
            a=np.concatenate([p.a, p.a], axis=2),
            lower=np.hstack([p.lower] * 2),
            upper=np.hstack([p.upper] * 2),
            weight=np.append(p.weight, p.weight),
            quadratic=np.append(p.quadratic, p.quadratic),
        )
    factor = float(rng.choice([1.0, -1.0, 2.0, 0.3]))
    off = rng.choice([0.0, 0.0, 1.0])
    return replace(
        p,
        a=np.concatenate([p.a, factor * p.a[:, :1]], axis=1),
        b=np.hstack([p.b, factor * p.b[:, :1] + off]),
        row_weight=np.append(p.row_weight, 1.0),
    )


def whole_numbers(rng: np.random.Generator) -> Batch:
    """Small whole numbers: ties, exact bounds, answers at kinks."""
    p = plain(rng)
    a = np.round(p.a / 50 * 3)
    x = rng.choice([0.0, 0.25, 0.5, 1.0], size=p.upper.shape)
    return replace(p, a=a, b=np.einsum("bmn,bn->bm", a, x) * rng.choice([1.0, 1.0, 4.0]))


KINDS: dict[str, Callable[[np.random.Generator], Batch]] = {
    f.__name__: f
    for f in (
        plain,
        weighted_rows,
        weak_reserves,
        unbounded,
        row_scales,
        weight_scales,
        column_scales,
        light_contacts,
        equal_bounds,
        corners,
        empty,
        twins,
        whole_numbers,
    )
}


# --- the check ------------------------------------------------------------------------------------------------------


def cost_of(p: Batch, i: int, x: NDArray[np.longdouble]) -> NDArray[np.longdouble]:
    """Cost of every unknown; under MinMax without the largest."""
    w, squares = p.weight.astype(Long), p.quadratic
    if isinstance(p.criterion, Power):
        return np.where(squares, w * x * x, w * np.abs(x) ** Long(p.criterion.exponent))
    if isinstance(p.criterion, SoftSaturation):
        u = np.where(squares, 1.0, p.upper[i]).astype(Long)
        share = np.minimum(np.abs(x) / u, Long(1.0))
        return np.where(squares, w * x * x, w * share**2 / (1 + np.sqrt((1 - share) * (1 + share))))
    return np.where(squares, w * x * x, Long("1e-3") * w * x * x)


def answer_to(p: Batch, i: int, v: NDArray[np.longdouble]) -> NDArray[np.longdouble]:
    """Where cost - v x is least within the bounds; under MinMax without the cap."""
    w, squares = p.weight.astype(Long), p.quadratic
    plain_ = v / (2 * w)
    if isinstance(p.criterion, Power):
        e = Long(p.criterion.exponent)
        x = np.where(squares, plain_, np.sign(v) * (np.abs(v) / (e * w)) ** (1 / (e - 1)))
    elif isinstance(p.criterion, SoftSaturation):
        u = np.where(squares, 1.0, p.upper[i]).astype(Long)
        s = v * u / w
        x = np.where(squares, plain_, u * s / np.sqrt(1 + s * s))
    else:
        x = np.where(squares, plain_, plain_ / Long("1e-3"))
    return np.clip(x, p.lower[i], p.upper[i])


def cap_of(p: Batch, i: int, v: NDArray[np.longdouble]) -> np.longdouble:
    """The largest unknown at which the Lagrangian of MinMax is least: its slope rises with it, so halve an interval."""
    own, w = ~p.quadratic, Long("2e-3") * p.weight.astype(Long)
    low = max(Long(0.0), p.lower[i][own].max(initial=0.0).astype(Long))
    high = max(low, np.minimum(np.maximum(v / w, 0), p.upper[i])[own].max(initial=0.0))
    for _ in range(120):
        middle = (low + high) / 2
        over = np.where(own & (middle < p.upper[i]), np.maximum(v - w * middle, 0), 0).sum()
        low, high = (middle, high) if over > 1 else (low, middle)
    return high


def dual(p: Batch, i: int, y: NDArray[np.longdouble]) -> np.longdouble:
    """The least of the Lagrangian: below every possible cost."""
    v = p.a[i].T.astype(Long) @ y
    x, cap = answer_to(p, i, v), Long(0.0)
    if isinstance(p.criterion, MinMax) and not p.quadratic.all():
        cap = cap_of(p, i, v)
        x = np.where(p.quadratic, x, np.maximum(np.minimum(x, cap), p.lower[i]))
    return p.b[i].astype(Long) @ y + (cost_of(p, i, x) - v * x).sum() + cap


def whole_cost(p: Batch, i: int, x: NDArray[np.longdouble]) -> np.longdouble:
    cap = x[~p.quadratic].max(initial=0.0) if isinstance(p.criterion, MinMax) else Long(0.0)
    return cost_of(p, i, x).sum() + max(cap, Long(0.0))


def check_optimal(p: Batch, i: int, value: Array, multiplier: Array, cost: float) -> Iterator[str]:
    """Bounds, equations row by row, cost, and the gap to the dual."""
    x, y = value.astype(Long), multiplier.astype(Long)
    if not (np.isfinite(value).all() and np.isfinite(multiplier).all() and np.isfinite(cost)):
        yield "optimal: not finite"
        return
    if not ((p.lower[i] <= value) & (value <= p.upper[i])).all():
        yield "optimal: outside its bounds"
    terms = p.a[i].astype(Long) * x
    # an unknown is no better resolved than its range, or the largest
    resolved = np.maximum(np.abs(value), np.minimum(p.upper[i] - p.lower[i], np.abs(value).max(initial=0.0)))
    off, size = np.abs(p.b[i] - terms.sum(axis=1)), np.abs(p.b[i]) + np.abs(p.a[i]) @ resolved
    allowed = RESIDUAL * np.abs(p.b[i]) + 1e1 * ROUNDING * size
    if (off > allowed).any():
        r = int((off - allowed).argmax())
        yield f"optimal: row {r} is off by {off[r]:.1e} of {p.b[i][r]:.3g}"
    best = whole_cost(p, i, x)
    if abs(best - cost) > 1e-12 * abs(best) + 1e-200:
        yield f"optimal: cost {cost!r} is {best!r}"
    gap = abs(best - dual(p, i, y))
    # a row that is met to rounding may be met by that much less or more
    allowed = (np.abs(y) * np.minimum(off, 1e1 * ROUNDING * size)).sum()
    if gap > 1.01 * GAP * abs(best) + allowed + 1e-18 * (np.abs(y) * size).sum() + 1e-200:
        yield f"optimal: gap {gap:.1e} of {best:.3g}"


def check_infeasible(p: Batch, i: int, value: Array, multiplier: Array, shortfall: Array) -> Iterator[str]:
    """Farkas' proof, and the least-squares shortfall by BVLS."""
    if not (np.isfinite(value).all() and np.isfinite(multiplier).all() and np.isfinite(shortfall).all()):
        yield "infeasible: not finite"
        return
    if not ((p.lower[i] <= value) & (value <= p.upper[i])).all():
        yield "infeasible: outside its bounds"
    z, a = multiplier.astype(Long), p.a[i].astype(Long)
    v, noise = a.T @ z, ROUNDING * (np.abs(a).T @ np.abs(z))
    v = np.where(np.abs(v) <= noise, Long(0.0), v)
    edge = np.where(v > 0, p.upper[i], p.lower[i]).astype(Long)
    most = np.where(v == 0, Long(0.0), v * np.where(v == 0, 0.0, edge))
    wanted = p.b[i] * z
    if not wanted.sum() - most.sum() > ROUNDING * (np.abs(wanted).sum() + np.abs(most).sum()):
        yield f"infeasible: no proof, {wanted.sum() - most.sum():.1e}"
    off = np.abs(p.b[i] - a @ value - shortfall)
    if (off > 1e-12 * (np.abs(p.b[i]) + np.abs(a) @ np.abs(value))).any():
        yield "infeasible: shortfall is not b - A x"
    best = least_squares(p, i)
    root = np.sqrt(p.row_weight)
    scale = np.abs(root * p.b[i]).max() + 1e-300
    if np.linalg.norm(root * shortfall) > np.linalg.norm(root * best) * (1 + SHORTFALL) + 1e-9 * scale:
        yield f"infeasible: shortfall {np.linalg.norm(root * shortfall):.9g}, least {np.linalg.norm(root * best):.9g}"


def least_squares(p: Batch, i: int) -> Array:
    """b - A x of least weighted squares, by SciPy; given unknowns are taken out, for it asks for lower < upper."""
    root, x = np.sqrt(p.row_weight), p.lower[i].copy()
    free = p.lower[i] < p.upper[i]
    if free.any():
        target = p.b[i] - p.a[i][:, ~free] @ x[~free]
        a = root[:, None] * p.a[i][:, free]
        length = np.maximum(np.linalg.norm(a, axis=0), 1e-300)
        scale = max(float(np.abs(root * target).max()), 1e-300)
        bounds = (p.lower[i][free] * length / scale, p.upper[i][free] * length / scale)
        used = length > 1e-200
        found = np.zeros(free.sum())
        if used.any():
            narrow = (bounds[0][used], bounds[1][used])
            found[used] = lsq_linear((a / length)[:, used], root * target / scale, narrow, method="bvls", tol=1e-15).x
        unused = np.clip(0.0, p.lower[i][free], p.upper[i][free])
        x[free] = np.where(used, np.clip(found * scale / length, p.lower[i][free], p.upper[i][free]), unused)
    return np.asarray(p.b[i] - p.a[i] @ x)


def _same_status(first: object, other: object, j: int, i: int, name: str) -> Iterator[str]:
    if first.status[i] != other.status[j]:
        open_ = UNCERTIFIED in (first.status[i], other.status[j])
        yield f"uncertified, {name}" if open_ else f"{name}: status {first.status[i]} is {other.status[j]}"


def _apart(p: Batch, i: int, x: Array, z: Array) -> float:
    """How far unknowns are apart, as a part of what is large for each."""
    scale = np.maximum(np.abs(x), np.minimum(p.upper[i], np.abs(x).max()))
    return float(np.max(np.abs(x - z) / np.maximum(scale, 1e-300), initial=0.0))


def _short_apart(p: Batch, i: int, s: Array, z: Array) -> float:
    """How far shortfalls are apart, as a part of the largest."""
    root = np.sqrt(p.row_weight)
    return float(np.max(root * np.abs(s - z), initial=0.0) / np.max(root * np.abs(s)))


def _left_open(p: Batch, cost: float) -> float:
    """How far apart unknowns of two certified answers may be under MinMax, whose squares weigh little or nothing."""
    if not isinstance(p.criterion, MinMax):
        return 0.0
    return float(2.0 * np.sqrt(GAP * cost / (1e-3 * p.weight.min())))


def check_same(p: Batch, first: object, other: object, where: Array, name: str) -> Iterator[tuple[int, str]]:
    """Statuses and numbers of answers in another company; ``where`` are their places in the first batch."""
    for j, i in enumerate(where):
        yield from ((int(i), message) for message in _same_status(first, other, j, i, name))
        if first.status[i] != other.status[j] or first.status[i] == UNCERTIFIED:
            continue
        off = _apart(p, i, first.value[i], other.value[j])
        if off > SAME:
            yield int(i), f"{name}: values of status {first.status[i]} differ by {off:.1e}"
        if first.status[i] == INFEASIBLE:
            off = _short_apart(p, i, first.shortfall[i], other.shortfall[j])
            if off > SAME:
                yield int(i), f"{name}: shortfalls differ by {off:.1e}"


def check_alike(p: Batch, first: object, other: object, name: str) -> Iterator[tuple[int, str]]:
    """Answers to the same questions in other words, taken back into the first: status, cost, unknowns, shortfall."""
    for i in range(len(p.a)):
        yield from ((i, message) for message in _same_status(first, other, i, i, name))
        if first.status[i] == other.status[i] == OPTIMAL:
            off = abs(first.cost[i] - other.cost[i]) / max(abs(first.cost[i]), 1e-300)
            # what is left of a row has its price
            left = (np.abs(first.multiplier[i]) * RESIDUAL * np.abs(p.b[i])).sum() / max(abs(first.cost[i]), 1e-300)
            if off > 2.0 * (GAP + left):
                yield i, f"{name}: cost of an optimum differs by {off:.1e}"
            off = _apart(p, i, first.value[i], other.value[i])
            if off > ALIKE and np.abs(first.value[i] - other.value[i]).max() > _left_open(p, first.cost[i]):
                yield i, f"{name}: values of an optimum differ by {off:.1e}"
        elif first.status[i] == other.status[i] == INFEASIBLE:
            off = _short_apart(p, i, first.shortfall[i], other.shortfall[i])
            if off > SHORTFALL:
                yield i, f"{name}: shortfalls differ by {off:.1e}"


def check_batch(p: Batch, rng: np.random.Generator) -> tuple[object, Iterator[tuple[int, str]]]:
    first = solve(p.problem(), p.criterion)
    return first, _checks(p, first, rng)


def _checks(p: Batch, first: object, rng: np.random.Generator) -> Iterator[tuple[int, str]]:
    count = len(p.a)
    for i in range(count):
        if first.status[i] == OPTIMAL:
            found = check_optimal(p, i, first.value[i], first.multiplier[i], float(first.cost[i]))
        elif first.status[i] == INFEASIBLE:
            found = check_infeasible(p, i, first.value[i], first.multiplier[i], first.shortfall[i])
        else:
            found = iter(["uncertified"])
        yield from ((i, message) for message in found)
    every = np.arange(count)
    for name, where, threads in (
        ("reversed", every[::-1], 1),
        ("shuffled, two threads", rng.permutation(count), 2),
        ("alone", every[:1], 1),
        ("in a part", every[: max(1, count // 3)], 1),
    ):
        yield from check_same(p, first, solve(p.take(where).problem(), p.criterion, threads=threads), where, name)
    back = np.arange(len(p.weight))[::-1]
    turned = replace(
        p,
        a=p.a[:, ::-1, ::-1],
        b=p.b[:, ::-1],
        lower=p.lower[:, ::-1],
        upper=p.upper[:, ::-1],
        weight=p.weight[::-1],
        quadratic=p.quadratic[::-1],
        row_weight=p.row_weight[::-1],
    )
    other = solve(turned.problem(), p.criterion)
    other = replace(other, value=other.value[:, back], shortfall=other.shortfall[:, ::-1])
    yield from check_alike(p, first, other, "unknowns and rows in another order")
    if not isinstance(p.criterion, MinMax):
        factor = float(10.0 ** rng.integers(-9, 10))
        other = solve(replace(p, weight=p.weight * factor).problem(), p.criterion)
        yield from check_alike(p, first, replace(other, cost=other.cost / factor), "weights times a factor")
    unit = 10.0 ** rng.integers(-9, 10)
    other = solve(replace(p, a=p.a * unit, b=p.b * unit, row_weight=p.row_weight / unit**2).problem(), p.criterion)
    yield from check_alike(p, first, replace(other, shortfall=other.shortfall / unit), "rows in another unit")


# --- the run --------------------------------------------------------------------------------------------------------


@dataclass
class StatusSummary:
    """Counts of a kind: answers by status, and what failed."""

    status: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, dtype=np.int64))
    failures: collections.Counter[str] = field(default_factory=collections.Counter)
    first: dict[str, str] = field(default_factory=dict)
    soonest: dict[str, float] = field(default_factory=dict)


def fuzz(kind: str, seed: int, tally: StatusSummary, since: float = 0.0) -> None:
    """One batch of a kind; each problem counts once for every sort of failure."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    p = KINDS[kind](rng)
    first, found = check_batch(p, rng)
    tally.status += np.bincount(first.status, minlength=3)
    seen = set()
    for i, message in found:
        sort = sort_of(message)
        if (i, sort) not in seen:
            seen.add((i, sort))
            tally.failures[sort] += 1
            if sort not in tally.first:
                tally.first[sort] = f'{p.criterion}, problem {i} of {len(p.a)}: {message}; --replay "{kind} {seed}"'
                tally.soonest[sort] = time.monotonic() - since


def sort_of(message: str) -> str:
    """A message without its numbers."""
    if message.startswith("uncertified"):
        return "uncertified"
    words = "".join(c for c in message if not c.isdigit()).split()
    return " ".join(w for w in words[:6] if w.strip("-+.e,"))


def failed(tallies: dict[str, StatusSummary]) -> bool:
    """Whether anything is wrong: one answer in 10,000 of a kind may come without a proof, anything else may not be."""
    return any(
        t.failures["uncertified"] > max(1, 1e-4 * t.status.sum()) or any(k != "uncertified" for k in t.failures)
        for t in tallies.values()
    )


def run(seed: int, minutes: float = 0.0, batches: int = 0, kinds: list[str] | None = None) -> dict[str, StatusSummary]:
    """Kinds in turn, until the time is up or each had its batches."""
    start, tallies = time.monotonic(), {kind: StatusSummary() for kind in kinds or KINDS}
    total = 60.0 * minutes if minutes else float(batches)
    with tqdm(total=round(total), unit="s" if minutes else "round", file=sys.stderr, leave=False) as bar:
        number = 0
        while (time.monotonic() - start < total) if minutes else (number < batches):
            for kind, tally in tallies.items():
                fuzz(kind, seed + number, tally, start)
            number += 1
            bar.n = round(min(time.monotonic() - start, total)) if minutes else number
            wrong = sum(sum(t.failures.values()) for t in tallies.values())
            bar.set_postfix(problems=int(sum(t.status.sum() for t in tallies.values())), failures=wrong)
    return tallies


def report(tallies: dict[str, StatusSummary]) -> None:
    print(f"{'kind':<16}{'problems':>10}{'optimal':>10}{'infeasible':>11}{'uncertified':>12}  other failures")
    for kind, t in tallies.items():
        other = sum(n for sort, n in t.failures.items() if sort != "uncertified")
        print(f"{kind:<16}{t.status.sum():>10}{t.status[0]:>10}{t.status[1]:>11}{t.status[2]:>12}  {other}")
    for kind, t in tallies.items():
        for sort, message in t.first.items():
            print(f"{kind}: {t.failures[sort]} x {sort} (after {t.soonest[sort]:.0f} s)\n    {message}")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=1.0, help="how long")
    options.add_argument("--seed", type=int, help="first seed; the time of day otherwise")
    options.add_argument("--kinds", help=f"some of {', '.join(KINDS)}")
    options.add_argument("--replay", metavar='"KIND SEED"', help="one batch again, with all that is wrong with it")
    given = options.parse_args()
    if given.replay:
        kind, seed = given.replay.split()
        rng = np.random.default_rng([int(seed), list(KINDS).index(kind)])
        p = KINDS[kind](rng)
        messages = list(check_batch(p, rng)[1])
        print(p.criterion, p.a.shape, *(f"problem {i}: {message}" for i, message in messages), sep="\n")
        return int(bool(messages))
    seed = int(time.time()) if given.seed is None else given.seed
    tallies = run(seed, minutes=given.minutes, kinds=given.kinds.split(",") if given.kinds else None)
    report(tallies)
    print(f"seed {seed}: {'FAILED' if failed(tallies) else 'nothing wrong'}")
    return int(failed(tallies))


if __name__ == "__main__":
    sys.exit(main())
