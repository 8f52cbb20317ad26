"""Coordinates that follow others: a patella that glides with its knee, a scapula that turns with the arm.

A dependent coordinate is ``scale`` times a function of independent ones. What moves with an independent coordinate c is
then what its own joint carries, and what every joint of a dependent d carries, at the rate dq_d / dq_c. A force that
works on d works on c by that rate (virtual work): generalised forces of dependents are carried over, and are zero then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._kernels.arrays import Array1, Index1, Index2
from biomech.errors import ModelError
from biomech.model.mechanics.functions import Functions, FunctionTables, evaluate_function
from biomech.model.tables import Table

Array = NDArray[np.float64]


class CouplerTables(NamedTuple):
    """The couplers, flat, in an order in which what one depends on is known.

    ``dependent``, ``function`` and ``scale`` (coupler,); its arguments from ``start[k]`` to ``start[k + 1]``:
    ``argument`` and ``rate`` (argument,); ``pairs`` (pair, 2): an independent coordinate and a dependent that moves
    with it, directly or by way of another dependent; ``links`` from ``link_start[k]`` to ``link_start[k + 1]``: rows
    (argument, pair, pair of the argument or -1 where that is independent), which add up to the rates of the pairs.
    """

    dependent: Index1
    function: Index1
    scale: Array1
    start: Index1
    argument: Index1
    rate: Array1
    pairs: Index2
    link_start: Index1
    links: Index2


def compile_couplers(table: Table, coordinates: list[str], functions: Functions) -> CouplerTables:
    """Flat tables of the couplers of the given coordinates.

    Raises
    ------
    ModelError
        Names the coupler: what it says is said already, or goes round in a circle.
    """
    number = {name: i for i, name in enumerate(coordinates)}
    names = table.text("function")
    dependent = [number[name] for name in table.text("dependent")]
    inputs = [functions.arguments(names[k], own.split(";"), number) for k, own in enumerate(table.text("independents"))]
    order = _order(table, dependent, inputs)
    pairs: dict[tuple[int, int], int] = {}
    start, link_start = [0], [0]
    arguments: list[tuple[int, float]] = []
    links: list[tuple[int, int, int]] = []
    for k in order:
        for c, rate in inputs[k]:
            before = [(i, place) for (i, d), place in pairs.items() if d == c]
            for independent, place in before or [(c, -1)]:
                pair = pairs.setdefault((independent, dependent[k]), len(pairs))
                links.append((len(arguments), pair, place))
            arguments.append((c, rate))
        start.append(len(arguments))
        link_start.append(len(links))
    return CouplerTables(
        np.array([dependent[k] for k in order], dtype=np.int64),
        np.array([functions.number[names[k]] for k in order], dtype=np.int64),
        np.array([table.numbers("scale")[k] for k in order], dtype=np.float64),
        np.array(start, dtype=np.int64),
        np.array([c for c, _ in arguments], dtype=np.int64),
        np.array([rate for _, rate in arguments], dtype=np.float64),
        np.array(list(pairs), dtype=np.int64).reshape(-1, 2),
        np.array(link_start, dtype=np.int64),
        np.array(links, dtype=np.int64).reshape(-1, 3),
    )


def _order(table: Table, dependent: list[int], inputs: list[list[tuple[int, float]]]) -> list[int]:
    """Couplers in an order in which every argument that depends on others comes before."""
    order: list[int] = []
    left = list(range(len(dependent)))
    while left:
        waiting = {dependent[k] for k in left}
        ready = [k for k in left if not waiting & {c for c, _ in inputs[k]}]
        if not ready:
            names = ", ".join(table.rows[k] for k in left)
            raise ModelError(f"couplers: {names}: must not depend on one another in a circle")
        order += ready
        left = [k for k in left if k not in ready]
    return order


def dependents_of(pairs: NDArray[np.int64]) -> Mapping[int, list[tuple[int, int]]]:
    """By dependent coordinate: the independent ones that it moves with, each with the number of the pair."""
    found: dict[int, list[tuple[int, int]]] = {}
    for place, (independent, dependent) in enumerate(pairs.tolist()):
        found.setdefault(dependent, []).append((independent, place))
    return found


@kernel
def follow_couplers(couplers: CouplerTables, functions: FunctionTables, q: Array, rate: Array) -> None:
    """Put dependent coordinates to where they are, and the ``rate`` (pair,) at which each goes with another."""
    for p in range(len(couplers.pairs)):
        rate[p] = 0.0
    for k in range(len(couplers.dependent)):
        u = 0.0 * q[0]
        for a in range(couplers.start[k], couplers.start[k + 1]):
            u += couplers.rate[a] * q[couplers.argument[a]]
        value, slope = evaluate_function(functions, couplers.function[k], u)
        q[couplers.dependent[k]] = couplers.scale[k] * value
        slope = couplers.scale[k] * slope
        for n in range(couplers.link_start[k], couplers.link_start[k + 1]):
            own = slope * couplers.rate[couplers.links[n, 0]]
            if couplers.links[n, 2] >= 0:
                own = own * rate[couplers.links[n, 2]]
            rate[couplers.links[n, 1]] += own


@kernel
def carry_over(couplers: CouplerTables, rate: Array, force: Array) -> None:
    """Generalised forces (coordinate,) of dependents go to the coordinates that they follow."""
    for p in range(len(couplers.pairs)):
        force[couplers.pairs[p, 0]] += rate[p] * force[couplers.pairs[p, 1]]
    for k in range(len(couplers.dependent)):
        force[couplers.dependent[k]] = 0.0
