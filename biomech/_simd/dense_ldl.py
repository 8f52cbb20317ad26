"""Small dense linear systems, solved in place by kernels; floats or lanes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._kernels.arrays import IndexArray

Array = NDArray[np.float64]


@kernel
def factor_ldl(a: Array) -> None:
    """Factor a symmetric positive definite matrix as L D L^T in its lower triangle, in place; 1 / D on the diagonal.

    While a column is worked on, the upper triangle holds the columns of L D.
    """
    for j in range(len(a)):
        pivot = a[j, j]
        for k in range(j):
            pivot -= a[j, k] * a[k, j]
        inverse = 1.0 / pivot
        a[j, j] = inverse
        for i in range(j + 1, len(a)):
            total = a[i, j]
            for k in range(j):
                total -= a[i, k] * a[k, j]
            a[j, i] = total
            a[i, j] = total * inverse


@kernel
def solve_ldl(a: Array, b: Array) -> None:
    """Solve with a matrix factored by ``factor_ldl``; leaves x in ``b``."""
    n = len(a)
    for i in range(n):
        total = b[i]
        for k in range(i):
            total -= a[i, k] * b[k]
        b[i] = total
    for i in range(n):
        b[i] = b[i] * a[i, i]
    for i in range(n - 1, -1, -1):
        total = b[i]
        for k in range(i + 1, n):
            total -= a[k, i] * b[k]
        b[i] = total


@kernel
def factor_envelope(a: Array, first: IndexArray) -> None:
    """As ``factor_ldl``, of a matrix whose row i is zero before column ``first[i]``; so is that of L."""
    n = len(a)
    for j in range(n):
        pivot = a[j, j]
        for k in range(first[j], j):
            pivot -= a[j, k] * a[k, j]
        inverse = 1.0 / pivot
        a[j, j] = inverse
        for i in range(j + 1, n):
            if first[i] <= j:
                total = a[i, j]
                for k in range(max(first[i], first[j]), j):
                    total -= a[i, k] * a[k, j]
                a[j, i] = total
                a[i, j] = total * inverse


@kernel
def solve_envelope(a: Array, first: IndexArray, b: Array) -> None:
    """As ``solve_ldl``, of a matrix factored by ``factor_envelope``."""
    n = len(a)
    for i in range(n):
        total = b[i]
        for k in range(first[i], i):
            total -= a[i, k] * b[k]
        b[i] = total
    for i in range(n):
        b[i] = b[i] * a[i, i]
    for i in range(n - 1, -1, -1):
        known = b[i]
        for k in range(first[i], i):
            b[k] -= a[i, k] * known
