"""An output of somebody else's that needs a kernel: declared once, outside the package, compiled at its first use."""

from __future__ import annotations

import numpy as np

from biomech._kernels import allocating_kernel, entry_point
from biomech._kernels.arrays import Array2
from biomech._simd import zeros
from biomech.analysis.output.variables import OutputVariable
from biomech.model.compiled import ModelTables
from biomech.model.mechanics.paths import make_path_state, path_kinematics
from biomech.model.mechanics.tree import forward_kinematics, make_frames


@entry_point
def lengths(tables: ModelTables, coordinates: Array2, found: Array2) -> None:
    """Length (posture, muscle) of every muscle at coordinates (posture, coordinate) in rad and m."""
    _lengths(tables, coordinates, found)


@allocating_kernel
def _lengths(tables: ModelTables, coordinates: Array2, found: Array2) -> None:
    frames, state = make_frames(0.0, tables.tree), make_path_state(0.0, tables.paths)
    q = zeros(0.0, (coordinates.shape[1],))
    for i in range(len(coordinates)):
        for k in range(len(q)):
            q[k] = coordinates[i, k]
        forward_kinematics(tables.tree, tables.splines, q, frames)
        path_kinematics(tables.paths, tables.splines, q, frames, state)
        for m in range(len(state.length)):
            found[i, m] = state.length[m]


def muscle_length(solved):
    coordinates = np.ascontiguousarray(solved.results.coordinates)
    found = np.empty((len(coordinates), len(solved.model.muscles)))
    lengths(solved.model.compiled().tables, coordinates, found)
    return found


MUSCLE_LENGTH = OutputVariable(
    "muscle_length",
    ("muscle",),
    "m",
    "length of muscle and tendon",
    needs=("coordinate_angle",),
    value=muscle_length,
)
