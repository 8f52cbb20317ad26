"""Postures and how their load is shared, stage by stage.

Stances that are symmetric are solved on the right half of the body; the others on the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech.model.compiled import CompiledModel
from biomech.model.forces.contact import ContactTables
from biomech.model.forces.registry import are_symmetric
from biomech.model.geometry import followed
from biomech.model.mirror import other_side
from biomech.model.model import Model
from biomech.model.roles import FLOATING
from biomech.sharing import Criterion, LoadSharingProblem, Solution, solve
from biomech.stance.parameters import SUPPORTS
from biomech.stance.stance import Stance
from biomech.statics.equilibrium import Equilibrium, ExternalLoads, assemble
from biomech.statics.posture import PostureSolution, ranges, solve_posture
from biomech.statics.posture_newton import SLACK
from biomech.statics.supports.base import Support
from biomech.statics.supports.registry import contacts_of, support_of

Array = NDArray[np.float64]

#: A newton of shortfall on the pelvis counts for this many on any other coordinate: the body as a whole must balance
#: before a joint may fall short.
_PELVIS_SHORTFALL = 1e3


@dataclass(frozen=True)
class StiffnessConstraint:
    """Least stiffness (N.m/rad) of coordinates by name, and k, by which muscles stiffen with their force."""

    margin: Mapping[str, float]
    ratio: float


@dataclass(frozen=True)
class SharingObjective:
    """How effort is counted: criterion, weight of every muscle of the model, strength rule, least activation.

    ``stiffness``: the stiffness that must be kept besides, if any.
    """

    criterion: Criterion
    weight: Array
    force_length: bool
    minimum_activation: Array
    stiffness: StiffnessConstraint | None = None


@dataclass(frozen=True)
class StanceBatch:
    """Stances that are solved alike: their positions, tables, support and contacts."""

    index: NDArray[np.int64]
    compiled: CompiledModel
    support: int
    contact: ContactTables

    @property
    def borne(self) -> Support:
        """What the code of its support stands for: tables are kept by this, for a code may get another meaning."""
        return support_of(self.support)


@dataclass(frozen=True)
class StagedSolution:
    """Postures of a part and how their load is shared; ``taken`` are the positions of those that can be taken."""

    postures: PostureSolution
    taken: NDArray[np.int64]
    equilibrium: Equilibrium
    solution: Solution


def split_batches(model: Model, stance: Stance, objective: SharingObjective) -> Iterator[StanceBatch]:
    """Split stances by how they are solved; a guarded body is solved whole."""
    even = objective.stiffness is None and model.is_symmetric and are_symmetric()
    # only a body whose sides are alike has a mirror image of every muscle
    mirror = model.shared("mirror", lambda: _mirror(model)) if even else None
    even = even and all(np.array_equal(part, part[mirror]) for part in (objective.weight, objective.minimum_activation))
    half = stance.is_symmetric() if even else np.zeros(len(stance), dtype=bool)
    for use_half in (True, False):
        for support in range(len(SUPPORTS)):
            index = np.flatnonzero((half == use_half) & (stance.support == support))
            if index.size:
                compiled = model.compiled(half=use_half)
                yield StanceBatch(index, compiled, support, contacts_of(compiled, support))


def _mirror(model: Model) -> NDArray[np.int64]:
    """Place of every muscle's mirror image."""
    names = model.tables_by_role["muscles"].rows
    return np.array([names.index(other_side(name)) for name in names])


def solve_staged(model: Model, batch: StanceBatch, stance: Stance, objective: SharingObjective) -> StagedSolution:
    """Close the postures of a part and share their load; ``stance`` holds its stances with the tilt in degrees."""
    postures = solve_posture(model, batch.compiled, stance, batch.support)
    taken = np.flatnonzero(reachable(model, batch.compiled, postures))
    equilibrium = equilibrium_of(batch, stance.take(taken), postures.coordinates[taken], objective)
    return StagedSolution(postures, taken, equilibrium, share(model, batch, equilibrium, objective))


def reachable(model: Model, compiled: CompiledModel, postures: PostureSolution) -> NDArray[np.bool_]:
    """Whether the chain closes, the right way round, with every coordinate inside its range."""
    least, most = ranges(model, compiled, "range")
    q = postures.coordinates
    inside = np.all((q >= least - SLACK) & (q <= most + SLACK), axis=1)
    return np.asarray(postures.closed & postures.sound & inside)


def equilibrium_of(batch: StanceBatch, stance: Stance, q: Array, objective: SharingObjective) -> Equilibrium:
    """What must balance in given coordinates."""
    external = ExternalLoads.of(batch.compiled, stance)
    return assemble(
        batch.compiled, batch.compiled.free, batch.contact, external, q, objective.force_length, tissue=True
    )


def pose_of(compiled: CompiledModel, q: Array) -> dict[str, Array]:
    """Coordinates (posture, coordinate) by name, in degrees and metres: what ``Model.muscle_geometry`` takes."""
    q = followed(compiled, q)
    angle = compiled.counted(np.where(compiled.is_rotation, np.degrees(q), q))
    return dict(zip(compiled.names.coordinates, angle.T, strict=True))


def share(model: Model, batch: StanceBatch, equilibrium: Equilibrium, objective: SharingObjective) -> Solution:
    """Share the load of balanced postures."""
    weight, lower, upper, quadratic = unknown_bounds(model, batch.compiled, batch.contact, objective)
    problem = LoadSharingProblem(
        equilibrium.coefficients,
        equilibrium.demand,
        upper,
        weight,
        lower,
        quadratic=quadratic,
        shortfall_weight=row_weight(batch.compiled),
    )
    return solve(problem, objective.criterion)


def unknown_bounds(
    model: Model, compiled: CompiledModel, contact: ContactTables, objective: SharingObjective
) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """Weight, lower and upper bound of every unknown, and whether it costs its square under any criterion."""
    settings, names = model.tables["settings"], list(model.muscles)
    muscles, contacts = len(compiled.muscles), contact.direction.shape[0] * contact.direction.shape[1]
    rows = [names.index(m) for m in compiled.names.muscles]
    lower = np.concatenate([objective.minimum_activation[rows], np.zeros(contacts)])
    weight = np.concatenate([objective.weight[rows], np.full(contacts, settings.value("contact_weight"))])
    upper = np.concatenate([np.ones(muscles), np.full(contacts, settings.value("contact_limit"))])
    return weight, lower, upper, np.arange(len(weight)) >= muscles


def row_weight(compiled: CompiledModel) -> Array:
    """Weight of every row in the shortfall."""
    root = [compiled.coordinates[row] in FLOATING for row in compiled.free]
    return np.where(root, _PELVIS_SHORTFALL, 1.0)
