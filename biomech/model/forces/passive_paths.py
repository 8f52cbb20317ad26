"""Passive paths: springs and ligaments that run along a path as muscles do, and pull as their length has it.

Of the length L of the path and the length l at which it goes slack, L <= l carries nothing; beyond, by kind,

- ``spring``: stiffness (L - l), N/m: OpenSim's PathSpring;
- ``ligament``: strength f(L / l), f being a function of ``functions``: OpenSim's Ligament;
- ``blankevoort``: with the strain e = L / l - 1, stiffness e^2 / (2 t) up to the transition strain t, and stiffness
  (e - t / 2) beyond, in N per unit strain (Blankevoort & Huiskes 1991, J Biomech Eng 113:263, whose 2 epsilon_l is t):
  OpenSim's Blankevoort1991Ligament.

No path pushes: where a function is negative the tension is zero. In statics nothing moves, so nothing is damped. The
generalised force of a tension F on a coordinate is F r with the moment arm r = -dL/dq, as of a muscle (virtual work).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._kernels.arrays import Array2, Index1, Index2
from biomech._simd import select
from biomech.model.mechanics.functions import Functions, FunctionTables, evaluate_function
from biomech.model.tables import Table

Array = NDArray[np.float64]
Index = NDArray[np.int64]

SPRING, LIGAMENT, BLANKEVOORT = 0, 1, 2
#: Kinds of passive paths, and the columns of numbers that each has besides its slack length.
KINDS: Mapping[str, tuple[str, ...]] = {
    "spring": ("stiffness",),
    "ligament": ("strength",),
    "blankevoort": ("stiffness", "transition_strain"),
}


class PassivePathTables(NamedTuple):
    """Passive paths, flat.

    ``path`` (passive path,): its number among all paths, where they follow the muscles; ``kind``; ``number``
    (passive path, 3): slack length, stiffness or strength, transition strain; ``function``: its number, or -1;
    ``arms``: rows (arm, passive path, coordinate), the moment arms that can differ from zero.
    """

    path: Index1
    kind: Index1
    number: Array2
    function: Index1
    arms: Index2


def compile_passive_paths(
    table: Table, names: list[str], muscles: int, functions: Functions, arms: Index
) -> PassivePathTables:
    """Flat tables of the named passive paths.

    Parameters
    ----------
    table : Table
        ``passive_paths``.
    names : list of str
        In kernel order.
    muscles : int
        How many paths of muscles are before them.
    functions : Functions
        Those of the body.
    arms : ndarray of int, shape (arm, 2)
        Path and coordinate of every moment arm (``PathTables.arms``).
    """
    rows = [table.index(name) for name in names]
    kinds = [[*KINDS].index(table.text("kind")[i]) for i in rows]
    number = np.zeros((len(rows), 3))
    for k, i in enumerate(rows):
        own = table.numbers("slack_length", "stiffness", "strength", "transition_strain")[i]
        number[k] = own[0], own[2] if kinds[k] == LIGAMENT else own[1], own[3] if kinds[k] == BLANKEVOORT else 0.0
    of = [functions.number[table.text("function")[i]] if kinds[k] == LIGAMENT else -1 for k, i in enumerate(rows)]
    own_arms = [(a, int(p) - muscles, int(c)) for a, (p, c) in enumerate(arms) if 0 <= p - muscles < len(rows)]
    return PassivePathTables(
        np.arange(muscles, muscles + len(rows), dtype=np.int64),
        np.array(kinds, dtype=np.int64),
        number,
        np.array(of, dtype=np.int64),
        np.array(own_arms, dtype=np.int64).reshape(-1, 3),
    )


@kernel
def passive_path_tension(paths: PassivePathTables, functions: FunctionTables, length: Array, tension: Array) -> None:
    """Tension (N) of every passive path at the lengths (m) of all paths."""
    for k in range(len(paths.path)):
        own, slack, stiffness = length[paths.path[k]], paths.number[k, 0], paths.number[k, 1]
        force = stiffness * (own - slack)
        if paths.kind[k] == LIGAMENT:
            value, _ = evaluate_function(functions, paths.function[k], own / slack)
            force = stiffness * value
        elif paths.kind[k] == BLANKEVOORT:
            strain, transition = own / slack - 1.0, paths.number[k, 2]
            toe = min(strain, transition)
            force = stiffness * (0.5 * toe * toe / transition + (strain - toe))
        tension[k] = select((own <= slack) | (force < 0.0), 0.0, force)


@kernel
def add_passive_paths(paths: PassivePathTables, arm: Array, tension: Array, moment: Array) -> None:
    """Add what tensions do on coordinates, N.m (N for translations), once moment arms are known."""
    for k in range(len(paths.arms)):
        moment[paths.arms[k, 2]] += tension[paths.arms[k, 1]] * arm[paths.arms[k, 0]]
