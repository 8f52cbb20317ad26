"""Equilibrium of every coordinate, written as A x = b for the load sharing.

With x the activations of the muscles and the contact forces in units of half the body weight, virtual work on each
coordinate that is free in the stance gives

    sum_m strength_m r_m,c x_m + sum_g (half weight) w_g . screw_c x_g = -(gravity_c + passive_c)

with r the moment arms and w_g the wrench of a contact generator.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._jit import jit
from biomech.model.contact import ContactTables, contact_wrenches
from biomech.model.flat import Flat
from biomech.model.muscles import MuscleTables, strength
from biomech.model.passive import PassiveTables, passive_moment
from biomech.model.paths import PathState, PathTables, lay_paths, make_path_state, moment_arms
from biomech.model.skeleton import (
    Frames,
    TreeTables,
    gather_masses,
    gravity_force,
    make_frames,
    place_segments,
    work_on,
)
from biomech.model.splines import SplineTables
from biomech.statics.stance import Stance

Array = NDArray[np.float64]
Index = NDArray[np.int64]


class Equilibrium(NamedTuple):
    """What must balance, per posture.

    ``coefficients`` (posture, row, unknown) and ``demand`` (posture, row): N.m, N for translations; unknowns are the
    muscles, then the contact generators. ``strength`` (posture, muscle) N; ``passive`` (posture, coordinate) N.m;
    ``contact_unit`` N: the contact force of a unit unknown.
    """

    coefficients: Array
    demand: Array
    strength: Array
    passive: Array
    contact_unit: float


class Surroundings(NamedTuple):
    """What acts on a body in each posture besides its muscles and the ground's unknown forces.

    ``load`` (posture, 4): kg and place in the load's segment; ``laxity`` (posture, 2) deg; ``friction`` (posture,);
    ``applied`` (posture, segment, 6): known force and moment about the ground origin on each segment, ground as segment
    0; ``tissue``: whether passive tissue acts.
    """

    load: Array
    laxity: Array
    friction: Array
    applied: Array
    tissue: bool

    @classmethod
    def of(cls, flat: Flat, stance: Stance) -> Surroundings:
        """Those of a stance; the half body carries half the load."""
        nothing = np.zeros((len(stance), len(flat.tree.parent), 6))
        return cls(stance.load(half=flat.half), stance.values["knee_laxity"], stance.values["friction"], nothing, True)


def assemble(
    flat: Flat, rows: Index, contact: ContactTables, around: Surroundings, q: Array, force_length: bool
) -> Equilibrium:
    """Coefficients and demand of the equilibrium in the given postures.

    Parameters
    ----------
    flat : Flat
        The whole body, or its right half.
    rows : ndarray of int
        The coordinates that must balance.
    contact : ContactTables
        The contact points that may carry load.
    around : Surroundings
        What acts on the body.
    q : ndarray, shape (posture, coordinate)
        Coordinates in rad and m.
    force_length : bool
        Whether strength depends on length, or is the isometric maximum.
    """
    generators = contact.direction.shape[0] * contact.direction.shape[1]
    found = Equilibrium(
        coefficients=np.zeros((len(q), len(rows), len(flat.muscles) + generators)),
        demand=np.empty((len(q), len(rows))),
        strength=np.empty((len(q), len(flat.muscles))),
        passive=np.zeros(q.shape),
        contact_unit=flat.body_mass * flat.gravity * (1.0 if flat.half else 0.5),
    )
    tables = (flat.tree, flat.splines, flat.paths, flat.muscle, flat.passive, contact)
    _assemble_all(*tables, flat.gravity, rows, around, force_length, q, found)
    return found


@jit
def _assemble_all(
    tree: TreeTables,
    splines: SplineTables,
    paths: PathTables,
    muscle: MuscleTables,
    tissue: PassiveTables,
    contact: ContactTables,
    gravity: float,
    rows: Index,
    around: Surroundings,
    force_length: bool,
    q: Array,
    found: Equilibrium,
) -> None:
    f, state = make_frames(tree), make_path_state(paths)
    coordinates = q.shape[1]
    row_of = np.full(coordinates, -1)
    row_of[rows] = np.arange(len(rows))
    given = np.empty(coordinates)
    slope = np.empty((coordinates, coordinates))
    wrench = np.empty((contact.direction.shape[0] * contact.direction.shape[1], 6))
    for i in range(len(q)):
        place_segments(tree, splines, q[i], f)
        gather_masses(tree, around.load[i], f)
        gravity_force(tree, f, gravity, given)
        _add_applied(tree, f, around.applied[i], given)
        if around.tissue:
            passive_moment(tissue, q[i], around.laxity[i], found.passive[i], slope)
        for r in range(len(rows)):
            found.demand[i, r] = -(given[rows[r]] + found.passive[i, rows[r]])
        lay_paths(paths, splines, q[i], f, state)
        moment_arms(paths, splines, q[i], f, state)
        strength(muscle, force_length, state.length, found.strength[i])
        _muscle_columns(paths, state, row_of, found.strength[i], found.coefficients[i])
        contact_wrenches(contact, f, around.friction[i], wrench)
        first = found.strength.shape[1]
        _contact_columns(tree, contact, f, rows, wrench, found.contact_unit, first, found.coefficients[i])


@jit
def _add_applied(tree: TreeTables, f: Frames, applied: Array, given: Array) -> None:
    """Work of the known forces on every coordinate."""
    for s in range(1, len(applied)):
        for c in range(len(given)):
            if tree.moves[c, s]:
                given[c] += work_on(f.screw, c, applied, s)


@jit
def _muscle_columns(paths: PathTables, state: PathState, row_of: Index, pull: Array, a: Array) -> None:
    for k in range(len(paths.arms)):
        m, r = paths.arms[k, 0], row_of[paths.arms[k, 1]]
        if r >= 0:
            a[r, m] = pull[m] * state.arm[k]


@jit
def _contact_columns(
    tree: TreeTables, contact: ContactTables, f: Frames, rows: Index, wrench: Array, unit: float, first: int, a: Array
) -> None:
    sides = contact.direction.shape[1]
    for r in range(len(rows)):
        for g in range(len(wrench)):
            if tree.moves[rows[r], contact.segment[g // sides]]:
                a[r, first + g] = unit * work_on(f.screw, rows[r], wrench, g)
