"""Sums of products, rounded once whatever cancels (Dekker 1971 for the products, Shewchuk 1997 for the sums)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from biomech.sharing.hard.task import Task

Array = NDArray[np.float64]


def exact_aty(a: Array, high: Array, low: Array) -> Array:
    """A^T y of multipliers that are sums of two numbers."""
    product = a * high[:, None]
    a1, y1 = _split(a), _split(high[:, None])
    a2, y2 = a - a1, high[:, None] - y1
    lost = ((a1 * y1 - product) + a1 * y2 + a2 * y1) + a2 * y2
    terms = np.concatenate([product, lost, a * low[:, None]]).T
    if not np.all(np.isfinite(terms)):
        return np.asarray(a.T @ high)
    return np.array([math.fsum(own) for own in terms.tolist()])


def gradient_of(task: Task, x: Array) -> tuple[Array, Array]:
    """b - A x, each sum rounded once, and the sizes of its terms."""
    terms = task.a * x
    a1, x1 = _split(task.a), _split(x)
    a2, x2 = task.a - a1, x - x1
    lost = ((a1 * x1 - terms) + a1 * x2 + a2 * x1) + a2 * x2
    rows = np.concatenate([task.b[:, None], -terms, -lost], axis=1)
    size = np.abs(task.b) + np.abs(terms).sum(axis=1)
    return np.array([math.fsum(own) for own in rows.tolist()]), size


def _split(x: Array) -> Array:
    """The upper half of the digits."""
    c = 134217729.0 * x
    return np.asarray(c - (c - x))


def add(high: Array, low: Array, more: Array) -> tuple[Array, Array]:
    total = high + more
    back = total - high
    return total, low + ((high - (total - back)) + (more - back))
