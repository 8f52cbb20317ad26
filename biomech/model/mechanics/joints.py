"""Joints as data: frames in parent and child, and rows that each turn or move the frame that those before have made.

A row turns about an axis, or goes along one, as far as a function of coordinates says; the axis is that of the frame
that rows before it have made. OpenSim's CustomJoint is translations first, for they go along axes of the parent's
frame, then turns. Each row adds f'(q) times its axis to the screw of each of its coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels.arrays import Array1, Array2, Flags1, Index1
from biomech.errors import ModelError
from biomech.model.mechanics.functions import Functions
from biomech.model.mechanics.rotations import rotations_xyz
from biomech.model.tables import Table

Array = NDArray[np.float64]

TRANSLATION, ROTATION = 1, 2
#: An axis is one of its frame's own if the other components are below this.
_OWN_AXIS = 1e-14


class JointTables(NamedTuple):
    """Rows and frames of joints, flat.

    ``start`` (segment + 1,): the rows of the joint that carries a segment; ``kind`` (row,): 1 = translation, 2 =
    rotation; ``own_axis`` (row,): the axis of the frame that the row turns about, or -1; ``axis`` (row, 3);
    ``function`` (row,); arguments from ``argument_start[k]`` to ``argument_start[k + 1]``: ``argument`` and ``rate``
    (argument,). ``moved``: the coordinates of all joints that have rows. ``orientation`` (segment, 9): of the joint's
    frame in the parent, without torsion. ``is_held`` (segment,): whether the segment's frame is another than the
    joint's, in which it is at ``held_rotation`` (segment, 9) and ``held_offset`` (segment, 3).
    """

    start: Index1
    kind: Index1
    own_axis: Index1
    axis: Array2
    function: Index1
    argument_start: Index1
    argument: Index1
    rate: Array1
    moved: Index1
    orientation: Array2
    is_held: Flags1
    held_rotation: Array2
    held_offset: Array2


def compile_joints(
    tables: Mapping[str, Table], joints: list[str], coordinates: list[str], functions: Functions
) -> JointTables:
    """Flat tables of the given joints, one for each segment in the order of the tree.

    ``tables`` are all, the optional ones too (``biomech.model.tables.complete``).
    """
    table = tables["transform_rows"]
    number = {name: i for i, name in enumerate(coordinates)}
    owner, names = table.text("joint"), table.text("function")
    axes = table.numbers("axis_x", "axis_y", "axis_z").reshape(-1, 3)
    rows: list[int] = []
    start, argument_start = [0, 0], [0]
    arguments: list[tuple[int, float]] = []
    for joint in joints:
        own = [i for i, of in enumerate(owner) if of == joint]
        for i in own:
            arguments += functions.arguments(names[i], table.text("coordinates")[i].split(";"), number)
            argument_start.append(len(arguments))
        rows += own
        start.append(len(rows))
    unit = np.array([_unit(table, i, axes[i]) for i in rows]).reshape(-1, 3)
    kind = [ROTATION if table.text("motion")[i] == "rotation" else TRANSLATION for i in rows]
    of = tables["coordinates"]
    moved = [number[c] for c, joint in zip(of.rows, of.text("joint"), strict=True) if c in number and joint in owner]
    return JointTables(
        np.array(start, dtype=np.int64),
        np.array(kind, dtype=np.int64),
        np.array([_own_axis(axis) for axis in unit], dtype=np.int64),
        unit,
        np.array([functions.number[names[i]] for i in rows], dtype=np.int64),
        np.array(argument_start, dtype=np.int64),
        np.array([c for c, _ in arguments], dtype=np.int64),
        np.array([rate for _, rate in arguments], dtype=np.float64),
        np.array(moved, dtype=np.int64),
        *joint_frames(tables["joint_frames"], joints),
    )


def _unit(table: Table, row: int, axis: Array) -> Array:
    length = float(np.linalg.norm(axis))
    if not length > 0.0:
        raise ModelError(f"transform_rows/{table.rows[row]}: the axis must not be zero")
    unit = axis / length
    unit[np.abs(unit) < _OWN_AXIS] = 0.0
    return unit


def _own_axis(axis: Array) -> int:
    return int(np.argmax(np.abs(axis))) if np.count_nonzero(axis) == 1 else -1


def joint_frames(table: Table, joints: list[str]) -> tuple[Array, NDArray[np.bool_], Array, Array]:
    """Per segment, ground first: orientation of its joint in the parent, and where the segment is in its joint."""
    count = len(joints) + 1
    orientation, held = (np.tile(np.eye(3).ravel(), (count, 1)) for _ in range(2))
    is_held, offset = np.zeros(count, dtype=np.bool_), np.zeros((count, 3))
    parent = rotations_xyz(table.numbers("parent_rx", "parent_ry", "parent_rz").reshape(-1, 3))
    child = rotations_xyz(table.numbers("child_rx", "child_ry", "child_rz").reshape(-1, 3))
    place = table.numbers("child_x", "child_y", "child_z").reshape(-1, 3)
    for k, joint in enumerate(table.rows):
        if joint in joints:
            i = 1 + joints.index(joint)
            orientation[i] = parent[k]
            back = child[k].reshape(3, 3).T
            held[i], offset[i] = back.ravel(), -back @ place[k]
            is_held[i] = bool(np.any(back != np.eye(3)) or np.any(place[k] != 0.0))
    return orientation, is_held, held, offset + 0.0


def turned(orientation: Array, rotation: Array) -> Array:
    """Rotations (..., 9) after an orientation (9,); the same where that turns nothing."""
    if np.array_equal(orientation, np.eye(3).ravel()):
        return rotation
    product = orientation.reshape(3, 3) @ rotation.reshape(*rotation.shape[:-1], 3, 3)
    return np.ascontiguousarray(product.reshape(rotation.shape))
