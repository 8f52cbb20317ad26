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


@entry_point
def add_members(values: Array2, groups: Groups, totals: Array2) -> None:
    """Fill ``totals`` (posture, group)."""
    for i in range(values.shape[0]):
        for g in range(len(groups.start) - 1):
            total = 0.0
            for k in range(groups.start[g], groups.start[g + 1]):
                total += values[i, groups.member[k]]
            totals[i, g] = total
