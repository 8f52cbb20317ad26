"""Muscle strength: how hard each muscle can pull at its present length.

``"isometric"``: the maximal isometric force. ``"force_length"``: OpenSim's rule in static optimisation with a rigid
tendon, F = Fmax f(l / lo) cos(alpha), l = sqrt((L - Ls)^2 + (lo sin alpha0)^2), with f(x) = exp(-(x - 1)^2 / width)
(Thelen 2003, J Biomech Eng 125:70, eq. 6) or what the muscle has in ``force_length_curves``. The passive fibre force is
left out: passive joint moments stand for all passive tissue.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import shown
from biomech._kernels import kernel
from biomech._kernels.arrays import Array1
from biomech._simd import exp
from biomech.errors import ModelError
from biomech.model.mechanics.force_length import ForceLengthTables, active_force
from biomech.model.tables import Table

Array = NDArray[np.float64]

STRENGTHS = ("isometric", "force_length")


class MuscleTables(NamedTuple):
    """Per muscle: maximal force (N), optimal fibre length and tendon slack length (m), fibre height lo sin a0 (m).

    ``moment_arm_scale`` multiplies all moment arms of a muscle in equilibrium: 1, but where their uncertainty is
    studied; ``has_moment_arm_scale``: whether any is not 1.
    """

    max_force: Array1
    moment_arm_scale: Array1
    optimal_length: Array1
    slack_length: Array1
    height: Array1
    width: float
    curve: ForceLengthTables
    has_moment_arm_scale: bool


def compile_muscles(table: Table, muscles: list[str], width: float, curve: ForceLengthTables) -> MuscleTables:
    """Flat tables of the given muscles, with their ``curve`` of force over length, or Thelen's of a ``width``.

    A slack length may be negative: a lumped line is only the part of its muscles near the joint, and its slack length
    is what makes its fibres as long as theirs.
    """
    rows = [table.index(name) for name in muscles]
    force, moment_arm_scale, optimal, slack, pennation = table.numbers(
        "max_isometric_force", "leverage", "optimal_fibre_length", "tendon_slack_length", "pennation"
    )[rows].T
    for name, values, least in (
        ("max_isometric_force", force, 0.0),
        ("leverage", moment_arm_scale, 0.0),
        ("optimal_fibre_length", optimal, 1e-6),
    ):
        for muscle, value in zip(muscles, values, strict=True):
            if value < least:
                raise ModelError(f"muscles/{muscle}/{name} = {shown(value)}: must be at least {least:g}")
    # contiguous, as every other table: another layout is another type, for which all kernels would be compiled anew
    force, moment_arm_scale, optimal, slack = (
        np.ascontiguousarray(part) for part in (force, moment_arm_scale, optimal, slack)
    )
    return MuscleTables(
        force,
        moment_arm_scale,
        optimal,
        slack,
        optimal * np.sin(np.radians(pennation)),
        width,
        curve,
        has_scale(moment_arm_scale),
    )


def muscles_with_numbers(muscle: MuscleTables, table: Table, names: list[str]) -> MuscleTables:
    """The same muscles with the forces and the scales of moment arms of another table."""
    force, scale = table.numbers("max_isometric_force", "leverage")[[table.index(name) for name in names]].T
    return muscle._replace(max_force=force.copy(), moment_arm_scale=scale.copy(), has_moment_arm_scale=has_scale(scale))


def has_scale(moment_arm_scale: Array) -> bool:
    """Whether moment arms of any muscle are scaled."""
    return bool(np.any(moment_arm_scale != 1.0))


@kernel
def strength(muscle: MuscleTables, force_length: bool, length: Array, out: Array) -> None:
    """Strength (N) of every muscle at the given musculotendon lengths (m)."""
    for m in range(len(muscle.max_force)):
        if force_length:
            along = length[m] - muscle.slack_length[m]
            fibre = math.sqrt(along * along + muscle.height[m] * muscle.height[m])
            stretch = fibre / muscle.optimal_length[m] - 1.0
            # a slack tendon carries nothing
            out[m] = muscle.max_force[m] * exp(-stretch * stretch / muscle.width) * max(along, 0.0) / fibre
        else:
            out[m] = muscle.max_force[m]
    if force_length:
        for row in range(len(muscle.curve.muscle)):
            m = muscle.curve.muscle[row]
            along = length[m] - muscle.slack_length[m]
            fibre = math.sqrt(along * along + muscle.height[m] * muscle.height[m])
            active = active_force(muscle.curve, row, fibre / muscle.optimal_length[m] - 1.0)
            out[m] = muscle.max_force[m] * active * max(along, 0.0) / fibre
