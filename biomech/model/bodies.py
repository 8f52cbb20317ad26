"""Bodies of one structure that differ in numbers: a row of numbers for each, which the lanes of a kernel take up.

Structure (topology, which row an unknown acts on, where a coefficient is put) is compiled once. The numbers of
``NUMBERS`` stand beside it, a row a body, and every posture says which row is its own. In a kernel they are lanes, so
that postures of eight bodies are solved at a time; where all postures are of one body they are filled in once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, kernel
from biomech._kernels.arrays import Array2, Index1
from biomech._simd import IndexArray, insert, width, zeros
from biomech.model.compiled import CompiledModel, ModelTables
from biomech.model.forces.abdominal_pressure import PRESSURE, abdomen_of
from biomech.model.forces.passive_joints import CONSTANTS, PassiveTables, constants_of
from biomech.model.forces.patella import PatellaTables, drawn_curves
from biomech.model.mechanics.joints import turned
from biomech.model.mechanics.muscles import MuscleTables
from biomech.model.mechanics.splines import SplineTables
from biomech.model.mechanics.tree import TreeTables, about_y
from biomech.model.roles import ANKLES
from biomech.model.tables import Table

Array = NDArray[np.float64]
#: Columns that differ between bodies: (table, column) to (body, row).
Columns = Mapping[tuple[str, str], Array]

#: Every posture is of the first body.
ONE_BODY = np.empty(0, dtype=np.int64)


class Bodies(NamedTuple):
    """Which bodies postures are of.

    ``numbers`` (body, n): the numbers of ``NumberLayout``, side by side; ``torsion`` (body, 2): rad, of the right and
    the left shank, toe-out; ``of`` (posture,): the row of each posture, or empty where there is one body alone.
    """

    numbers: Array2
    torsion: Array2
    of: Index1


class NumberLayout(NamedTuple):
    """The parts of a row of numbers, as they follow one another; each (body, ...)."""

    com: Array
    joint_rotation: Array
    max_force: Array
    moment_arm_scale: Array
    passive: Array
    tendon_power: Array
    tendon_jump: Array
    abdomen: Array


def numbers_of(compiled: CompiledModel) -> Array:
    """The numbers of a body, (1, n)."""
    return _side_by_side(_parts_of(compiled))


def _parts_of(compiled: CompiledModel) -> NumberLayout:
    tables = compiled.tables
    return NumberLayout(
        tables.tree.com[None],
        tables.tree.joint_rotation[None],
        tables.muscle.max_force[None],
        tables.muscle.moment_arm_scale[None],
        constants_of(tables.tissue)[None],
        tables.patella.curves.power[None],
        tables.patella.curves.jump[None],
        tables.abdomen[None],
    )


def _side_by_side(parts: NumberLayout) -> Array:
    count = max(len(part) for part in parts)
    rows = [part.reshape(len(part), -1) for part in parts]
    return np.concatenate([np.broadcast_to(row, (count, row.shape[1])) for row in rows], axis=1)


def drawn_numbers(compiled: CompiledModel, tables: Mapping[str, Table], columns: Columns) -> Array:
    """The numbers (body, n) of bodies that differ from a compiled one in some columns of its tables."""
    parts: dict[str, Array] = {}
    joints, segments, muscles = tables["joints"], tables["segments"], tables["muscles"]
    base = _parts_of(compiled)
    if any(table == "segments" for table, _ in columns):
        rows = [segments.index(name) for name in compiled.segments]
        axes = [column_of(tables, columns, "segments", f"com_{axis}")[:, rows] for axis in "xyz"]
        com = np.stack(np.broadcast_arrays(*axes), axis=-1)
        parts["com"] = np.concatenate([np.broadcast_to(base.com[:, :1], (len(com), 1, 3)), com], axis=1)
    if ("joints", "torsion") in columns:
        rows = [joints.index(name) for name in compiled.joints]
        torsion = columns["joints", "torsion"][:, rows]
        parts["joint_rotation"] = _turned(base.joint_rotation, torsion, compiled.tree.joints.orientation)
    rows = [muscles.index(name) for name in compiled.muscles]
    for part, column in (("max_force", "max_isometric_force"), ("moment_arm_scale", "leverage")):
        if ("muscles", column) in columns:
            parts[part] = columns["muscles", column][:, rows]
    if ("passive", "value") in columns:
        rows = [tables["passive"].index(name) for name in CONSTANTS]
        parts["passive"] = columns["passive", "value"][:, rows]
    if ("patellar_tendon", "value") in columns and len(tables["patellar_tendon"]):
        curves = drawn_curves(tables["patellar_tendon"], columns["patellar_tendon", "value"])
        parts["tendon_power"], parts["tendon_jump"] = curves
    if ("settings", "value") in columns:
        rows = [tables["settings"].index(name) for name in PRESSURE]
        own = abdomen_of(columns["settings", "value"][:, rows].T)
        share = np.full(len(own[0]), base.abdomen[0, -1])
        parts["abdomen"] = np.stack([*own, share], axis=-1)
    return np.ascontiguousarray(_side_by_side(base._replace(**parts)))


def column_of(tables: Mapping[str, Table], columns: Columns, table: str, column: str) -> Array:
    """A column of every body: (body, row), or (1, row) where it is the same in all."""
    own = columns.get((table, column))
    return tables[table].numbers(column)[None] if own is None else own


def _turned(rotation: Array, torsion: Array, orientation: Array) -> Array:
    """Rotations (body, segment, 9) of joints with the torsions (body, joint) in deg; segment 0 is ground."""
    found = np.array(np.broadcast_to(rotation, (len(torsion), *rotation.shape[1:])))
    for i in range(torsion.shape[1]):
        if torsion[:, i].any():
            found[:, 1 + i] = turned(orientation[1 + i], about_y(-np.radians(torsion[:, i])))
    return found


def torsions(joints: Table, torsion: Array | None = None) -> Array:
    """Torsion (body, 2) of the shanks, rad, toe-out; 0 where there is no ankle. ``torsion`` (body, joint) in deg."""
    given = joints.numbers("torsion")[None] if torsion is None else torsion
    found = np.zeros((len(given), 2))
    for k, (name, sign) in enumerate(zip(ANKLES, (1.0, -1.0), strict=True)):
        if name in joints.rows:
            found[:, k] = sign * np.radians(given[:, joints.index(name)])
    return found


@allocating_kernel
def make_body(number: Any, model: ModelTables) -> ModelTables:
    """The tables of a model with room for the numbers of the bodies that the lanes are of."""
    tree, muscle, patella, tissue = model.tree, model.muscle, model.patella, model.tissue
    curves = patella.curves
    return ModelTables(
        TreeTables(
            tree.parent,
            tree.offset,
            zeros(number, tree.joint_rotation.shape),
            tree.is_rotated,
            tree.start,
            tree.motions,
            tree.axis,
            tree.mass,
            zeros(number, tree.com.shape),
            tree.first_body,
            tree.affects,
            tree.trunk,
            tree.thigh,
            tree.hand,
            tree.joints,
            tree.couplers,
            tree.functions,
        ),
        model.splines,
        model.paths,
        MuscleTables(
            zeros(number, muscle.max_force.shape),
            zeros(number, muscle.moment_arm_scale.shape),
            muscle.optimal_length,
            muscle.slack_length,
            muscle.height,
            muscle.width,
            muscle.curve,
            muscle.has_moment_arm_scale,
        ),
        PatellaTables(
            patella.coordinate,
            patella.tibia,
            patella.femur,
            patella.flexion,
            patella.across,
            patella.start,
            patella.pull,
            SplineTables(
                curves.first,
                curves.last,
                zeros(number, curves.power.shape),
                curves.start,
                curves.knot,
                zeros(number, curves.jump.shape),
            ),
            patella.acts,
        ),
        PassiveTables(
            zeros(number, tissue.hip.shape),
            zeros(number, tissue.knee.shape),
            zeros(number, tissue.knee_limit.shape),
            zeros(number, tissue.ankle.shape),
            zeros(number, tissue.rotation.shape),
            zeros(number, tissue.spine.shape),
            zeros(number, tissue.whole.shape),
            tissue.leg,
            tissue.leg_side,
            tissue.lumbar,
            tissue.share,
            tissue.flexion,
            tissue.limited,
            tissue.limit,
        ),
        model.passive_path,
        model.bushings,
        model.gravity,
        model.contact_unit,
        zeros(number, model.abdomen.shape),
    )


@kernel
def take_bodies(bodies: Bodies, lane_index: IndexArray, row: IndexArray, first: bool, model: ModelTables) -> None:
    """Fill in the numbers of the bodies that postures ``lane_index`` are of; ``row`` (lane,) is room.

    Where all are of one body that is done for the ``first`` alone.
    """
    if len(bodies.of) == 0 and not first:
        return
    body_rows(bodies, lane_index, row)
    numbers, tissue = bodies.numbers, model.tissue
    at = _take_matrix(numbers, row, 0, model.tree.com)
    at = _take_matrix(numbers, row, at, model.tree.joint_rotation)
    at = _take(numbers, row, at, model.muscle.max_force)
    at = _take(numbers, row, at, model.muscle.moment_arm_scale)
    at = _take(numbers, row, at, tissue.hip)
    at = _take(numbers, row, at, tissue.knee)
    at = _take(numbers, row, at, tissue.knee_limit)
    at = _take(numbers, row, at, tissue.ankle)
    at = _take(numbers, row, at, tissue.rotation)
    at = _take(numbers, row, at, tissue.spine)
    at = _take(numbers, row, at, tissue.whole)
    at = _take_matrix(numbers, row, at, model.patella.curves.power)
    at = _take(numbers, row, at, model.patella.curves.jump)
    _take(numbers, row, at, model.abdomen)


@kernel
def body_rows(bodies: Bodies, lane_index: IndexArray, row: IndexArray) -> None:
    """The rows of the bodies that postures ``lane_index`` are of."""
    for j in range(len(row)):
        row[j] = bodies.of[lane_index[j]] if len(bodies.of) > 0 else 0


@kernel
def _take(numbers: Array, row: IndexArray, at: int, target: Any) -> int:
    for k in range(len(target)):
        taken = 0.0 * target[k]
        for j in range(width(taken)):
            taken = insert(taken, j, numbers[row[j], at + k])
        target[k] = taken
    return at + len(target)


@kernel
def _take_matrix(numbers: Array, row: IndexArray, at: int, target: Any) -> int:
    for i in range(len(target)):
        for k in range(target.shape[1]):
            taken = 0.0 * target[i, k]
            for j in range(width(taken)):
                taken = insert(taken, j, numbers[row[j], at + i * target.shape[1] + k])
            target[i, k] = taken
    return at + len(target) * target.shape[1]
