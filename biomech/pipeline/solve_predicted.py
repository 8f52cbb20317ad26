"""Measured frames whose ground reactions nobody measured: contact forces are unknowns beside those of the muscles.

As in a stance each point of a sole that may bear load has a friction cone, and its generators are unknowns of the same
problem (``model.forces.contact``), with the same weight in the cost and the same certificate. What the ground then does
goes back to the kernel of measured frames as if it had been measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech.model.forces.contact import ContactTables
from biomech.model.geometry import segment_frames
from biomech.model.model import Model
from biomech.model.roles import FEET
from biomech.pipeline.solve_measured import (
    FrameTables,
    MeasuredSolution,
    MuscleLimits,
    Shared,
    bounds_of,
    frames_of_one_cost,
    reserve_bounds,
    reserve_columns,
    take_over,
)
from biomech.sharing import LoadSharingProblem, Solution, solve
from biomech.statics.equilibrium import ExternalLoads, assemble

Array = NDArray[np.float64]


class Soles(NamedTuple):
    """The points of the soles, with the ground's axes in the place of the foot's, and the foot of each, 0 right."""

    contact: ContactTables
    foot: NDArray[np.int64]
    feet: tuple[int, int]


def soles_of(model: Model) -> Soles:
    """The contact points under the soles of a body, those on its feet; -1 in the place of a foot that is gone."""
    compiled = model.compiled()
    feet = tuple(1 + compiled.segments.index(foot) if foot in compiled.segments else -1 for foot in FEET)
    every = compiled.contact
    own = np.flatnonzero(~every.seat & np.isin(every.segment, feet))
    ground = np.zeros(len(own), dtype=np.int64)
    contact = ContactTables(every.segment[own], every.local[own], every.direction[own], ground, every.seat[own])
    foot = np.array([feet.index(int(segment)) for segment in contact.segment], dtype=np.int64)
    return Soles(contact, foot, (feet[0], feet[1]))


def sole_points(model: Model, soles: Soles, q: Array) -> Array:
    """Where the points are in ground: (frame, point, axis)."""
    rotation, origin = segment_frames(model.compiled(), q)
    segment, local = soles.contact.segment, soles.contact.local
    turn = rotation[:, segment]
    turned = sum(turn[..., k] * local[:, k, None] for k in range(3))
    return np.asarray(origin[:, segment] + turned)


@dataclass(frozen=True)
class Ground:
    """What the ground does to both feet: force and moment about the origin of ground, each (frame, foot, axis)."""

    force: Array
    moment: Array


def solve_predicted(
    model: Model,
    tables: FrameTables,
    soles: Soles,
    q: Array,
    external: ExternalLoads,
    given: Mapping[str, Array],
    limits: MuscleLimits,
    touches: NDArray[np.bool_],
    friction: float,
) -> tuple[MeasuredSolution, Ground]:
    """Answers of frames with coordinates ``q`` (frame, coordinate), and what the ground does in them.

    ``touches`` (frame, point) says which points may bear load.
    """
    frames, contact = len(q), soles.contact
    unit = model.compiled().tables.contact_unit
    point = sole_points(model, soles, q)
    generators = _generators(contact, point, friction)
    slippery = external._replace(friction=np.full((frames, 1), friction))
    value = np.zeros((frames, len(tables.pattern.unknown)))
    force = np.zeros((frames, generators.shape[1]))
    parts: list[tuple[NDArray[np.int64], Solution]] = []
    for weight, which in frames_of_one_cost(limits.weight, frames):
        solution = _share(model, tables, soles, q[which], _rows(slippery, which), limits, weight, which, touches[which])
        value[which] = solution.value[:, : value.shape[1]]
        force[which] = solution.value[:, value.shape[1] :]
        parts.append((which, solution))
    applied = (
        np.array(external.applied) if external.applied.shape[1] else np.zeros((frames, 6 * (len(model.segments) + 1)))
    )
    pressed = unit * force[..., None] * generators
    sides = contact.direction.shape[1]
    for p, segment in enumerate(contact.segment):
        applied[:, 6 * segment : 6 * segment + 6] += pressed[:, sides * p : sides * (p + 1)].sum(axis=1)
    found = take_over(model, tables, q, external._replace(applied=applied), given, limits, Shared(value, parts))
    each = np.zeros((frames, 2, 6))
    for p, foot in enumerate(soles.foot):
        each[:, foot] += pressed[:, sides * p : sides * (p + 1)].sum(axis=1)
    return found, Ground(each[..., :3], each[..., 3:])


def _rows(external: ExternalLoads, which: NDArray[np.int64]) -> ExternalLoads:
    return ExternalLoads(*(part[which] for part in external))


def _generators(contact: ContactTables, point: Array, friction: float) -> Array:
    """Force and moment about the origin of ground of a newton of each generator: (frame, generator, 6)."""
    frames, points = point.shape[:2]
    sides = contact.direction.shape[1]
    force = np.ones((points, sides, 3))
    force[..., 0], force[..., 2] = friction * contact.direction[..., 0], friction * contact.direction[..., 1]
    moment = np.cross(point[:, :, None], force[None])
    whole = np.concatenate([np.broadcast_to(force, moment.shape), moment], axis=-1)
    return whole.reshape(frames, points * sides, 6)


def _share(
    model: Model,
    tables: FrameTables,
    soles: Soles,
    q: Array,
    external: ExternalLoads,
    limits: MuscleLimits,
    weight: Array,
    which: NDArray[np.int64],
    touches: NDArray[np.bool_],
) -> Solution:
    """Share the load among muscles, reserves and what the soles bear; unknowns are in this order."""
    compiled, sharing, settings = model.compiled(), tables.sharing, model.tables["settings"]
    equilibrium = assemble(compiled, sharing.rows, soles.contact, external, q, sharing.force_length, tissue=False)
    muscles, sides = len(compiled.muscles), soles.contact.direction.shape[1]
    reserves = reserve_columns(compiled, sharing, q)
    bounds = bounds_of(limits, reserve_bounds(model, sharing))
    lower, upper = (part[which] if len(part) > 1 else part[[0]] for part in bounds)
    most = settings.value("contact_limit") * np.repeat(touches, sides, axis=1)
    upper = np.concatenate([np.broadcast_to(upper, (len(q), upper.shape[1])), most], axis=1)
    lower = np.concatenate([np.broadcast_to(lower, (len(q), lower.shape[1])), np.zeros_like(most)], axis=1)
    a = equilibrium.coefficients
    problem = LoadSharingProblem(
        np.concatenate([a[:, :, :muscles], reserves, a[:, :, muscles:]], axis=2),
        equilibrium.demand,
        upper,
        np.concatenate([weight, np.ones(reserves.shape[2]), np.full(most.shape[1], settings.value("contact_weight"))]),
        lower,
        quadratic=np.arange(upper.shape[1]) >= muscles,
    )
    return solve(problem, sharing.criterion)
