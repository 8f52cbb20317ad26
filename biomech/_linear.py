"""Small dense linear systems, solved in place by kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech._jit import jit

Array = NDArray[np.float64]


@jit
def solve_lu(a: Array, b: Array) -> bool:
    """Solve a x = b by Gaussian elimination with partial pivoting; overwrites ``a``, leaves x in ``b``.

    Returns False where a pivot vanishes relative to the largest entry (then ``b`` holds nothing of use).
    """
    n = len(b)
    largest = 0.0
    for i in range(n):
        for j in range(n):
            largest = max(largest, abs(a[i, j]))
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[p, k]):
                p = i
        if not abs(a[p, k]) > 1e-14 * largest:
            return False
        if p != k:
            for j in range(k, n):
                a[k, j], a[p, j] = a[p, j], a[k, j]
            b[k], b[p] = b[p], b[k]
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= factor * a[k, j]
            b[i] -= factor * b[k]
    for k in range(n - 1, -1, -1):
        for j in range(k + 1, n):
            b[k] -= a[k, j] * b[j]
        b[k] /= a[k, k]
    return True


@jit
def factor_ldl(a: Array) -> None:
    """Factor a symmetric positive definite matrix as L D L^T in its lower triangle, in place."""
    n = len(a)
    for j in range(n):
        for k in range(j):
            a[j, j] -= a[j, k] * a[j, k] * a[k, k]
        for i in range(j + 1, n):
            for k in range(j):
                a[i, j] -= a[i, k] * a[j, k] * a[k, k]
            a[i, j] /= a[j, j]


@jit
def solve_ldl(a: Array, b: Array) -> None:
    """Solve with a matrix factored by ``factor_ldl``; leaves x in ``b``."""
    n = len(a)
    for i in range(n):
        for k in range(i):
            b[i] -= a[i, k] * b[k]
    for i in range(n):
        b[i] /= a[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            b[i] -= a[k, i] * b[k]
