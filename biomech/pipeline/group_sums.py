"""Sums over the muscles of each group."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import entry_point
from biomech._kernels.arrays import Array2, Index1
from biomech.model.model import Model

Array = NDArray[np.float64]


class Groups(NamedTuple):
    """Muscles ``member[start[g]:start[g + 1]]`` of group g."""

    start: Index1
    member: Index1


def sum_groups(model: Model, values: Array) -> Array:
    """Sums (posture, group) of values (posture, muscle), each row by itself and in one order.

    A product of matrices would round a row differently beside other rows.
    """
    groups: Groups = model.shared("groups", lambda: _compile(model))
    totals = np.empty((len(values), len(groups.start) - 1))
    add_members(np.ascontiguousarray(values), groups, totals)
    return totals


def _compile(model: Model) -> Groups:
    members = [[i for i, muscle in enumerate(model.muscles) if muscle in group] for group in model.groups.values()]
    start = np.concatenate([[0], np.cumsum([len(group) for group in members])])
    return Groups(start.astype(np.int64), np.array([i for group in members for i in group], dtype=np.int64))


#: Postures that are summed side by side: each sum by itself waits for its last addition.
_BESIDE = 4


@entry_point
def add_members(values: Array2, groups: Groups, totals: Array2) -> None:
    """Fill ``totals`` (posture, group)."""
    last = len(values) - 1
    for i in range(0, len(values), _BESIDE):
        # past the end the last posture is summed again
        j, m, n = min(i + 1, last), min(i + 2, last), min(i + 3, last)
        for g in range(len(groups.start) - 1):
            a, b, c, d = 0.0, 0.0, 0.0, 0.0
            for k in range(groups.start[g], groups.start[g + 1]):
                own = groups.member[k]
                a, b, c, d = a + values[i, own], b + values[j, own], c + values[m, own], d + values[n, own]
            totals[i, g], totals[j, g], totals[m, g], totals[n, g] = a, b, c, d
