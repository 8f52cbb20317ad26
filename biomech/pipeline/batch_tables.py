"""A body as the kernels of a study take it: its tables, its limits, and what its postures are asked."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel
from biomech._kernels.arrays import Array1, Array2
from biomech._simd import IndexArray
from biomech.model.bodies import Bodies, make_body
from biomech.model.compiled import ModelTables
from biomech.model.forces.contact import ContactTables
from biomech.statics.equilibrium import EquilibriumTables, ExternalLoads
from biomech.statics.posture_newton import ConstraintTables, ConstraintTargets
from biomech.statics.reactions import CutTables

Array = NDArray[np.float64]


class CompiledBody(NamedTuple):
    """Tables of the body, and of what it is asked in one support."""

    model: ModelTables
    contact: ContactTables
    constraints: ConstraintTables
    entries: EquilibriumTables
    cuts: CutTables
    feet: IndexArray


class Limits(NamedTuple):
    """Range and trusted range of every coordinate, and bounds of every unknown in the order of the pattern."""

    least: Array1
    most: Array1
    trusted_least: Array1
    trusted_most: Array1
    lower: Array1
    upper: Array1


class BatchInputs(NamedTuple):
    """What the postures are asked: targets of their constraints, first coordinates, and external loads.

    ``floor`` (posture, 5): its normal, and how high the right and the left foot stand along it. ``shared`` (posture,
    unknown), in the order of the pattern, is a load that was shared elsewhere, or (posture, 0) where it was not;
    ``bodies``: which body each posture is of.
    """

    batch_targets: ConstraintTargets
    start: Array2
    external: ExternalLoads
    floor: Array2
    shared: Array2
    bodies: Bodies


@allocating_kernel
def make_lane_body(number: Any, body: CompiledBody) -> CompiledBody:
    """The body with room for the numbers of those that the lanes are of (``take_bodies``)."""
    return CompiledBody(
        make_body(number, body.model), body.contact, body.constraints, body.entries, body.cuts, body.feet
    )
