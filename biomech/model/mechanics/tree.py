"""Segments, joints and coordinates: where the body is, and how every point moves.

One tree kernel gives the frames of all segments and one *screw* per coordinate: the angular velocity w and the
velocity v of the ground origin when the coordinate changes at unit rate (Featherstone 2008, ch. 2). Everything that
follows is a dot product with these screws: a point p of a moved segment has velocity w x p + v, and a force f along a
line through p does work w . (p x f) + v . f on the coordinate.

Joints follow OpenSim's CustomJoint: rotations about body-fixed axes in their order, after a translation that may
depend on the joint's own coordinate through a spline (the knee: Yamaguchi & Zajac 1989). A joint that has rows of its
own moves by them (``joints``), and a coordinate may follow others (``couplers``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, kernel
from biomech._kernels.arrays import Array1, Array2, Flags1, Flags2, Index1, Index2
from biomech._simd import sincos, zeros
from biomech.errors import ModelError
from biomech.model.mechanics.couplers import CouplerTables, compile_couplers, follow_couplers
from biomech.model.mechanics.functions import Functions, FunctionTables, evaluate_function
from biomech.model.mechanics.joints import ROTATION, JointTables, compile_joints, turned
from biomech.model.mechanics.splines import SplineTables, evaluate_spline
from biomech.model.mirror import side_of
from biomech.model.roles import THIGHS
from biomech.model.tables import Table

Array = NDArray[np.float64]
Index = NDArray[np.int64]

#: Numbers of a load: kg on the trunk and their kg.m in its frame, and kg that rest on each thigh.
LOAD = 5


class TreeTables(NamedTuple):
    """The kinematic tree, flat; segment 0 is ground, parents come before children.

    ``parent`` (segment,); ``offset`` (segment, 3) and ``joint_rotation`` (segment, 9): the joint's frame in the parent,
    and ``is_rotated`` (segment,), whether it is turned at all; ``motions``: rows (kind, coordinate, spline, component)
    of each segment from ``start[i]`` to ``start[i + 1]``, with kind 0 = coupled translation, 1 = translation, 2 =
    rotation, of which the component is the axis of the frame that it turns about, or -1 if that is oblique; ``axis``
    (motion, 3); ``mass`` (segment,); ``com`` (segment, 3): centre of mass in the segment; ``first_body`` (coordinate,):
    the segment a coordinate moves first; ``affects`` (coordinate, segment), by its own joint; ``trunk``: the segment
    that carries the load, 0 where there is none; ``thigh`` (thigh,) and ``hand`` (3,): the segments on which hands may
    rest, and where in them; ``joints``: those that have rows and frames of their own; ``couplers``: the coordinates
    that follow others; ``functions`` of both.
    """

    parent: Index1
    offset: Array2
    joint_rotation: Array2
    is_rotated: Flags1
    start: Index1
    motions: Index2
    axis: Array2
    mass: Array1
    com: Array2
    first_body: Index1
    affects: Flags2
    trunk: int
    thigh: Index1
    hand: Array1
    joints: JointTables
    couplers: CouplerTables
    functions: FunctionTables


class Frames(NamedTuple):
    """What the tree kernel fills, in ground: the workspace of one posture.

    ``rotation`` (segment, 9) row by row, ``origin`` (segment, 3), ``screw`` (coordinate, 6) = (w, v), ``mass``
    (segment,) and ``moment`` (segment, 3): mass and first moment of mass of everything from the segment outward, load
    included; ``rate`` (pair,): how fast a dependent coordinate goes with an independent one. The origin of a segment is
    the centre of the joint that carries it, but where its joint has it elsewhere.
    """

    rotation: Array2
    origin: Array2
    screw: Array2
    mass: Array1
    moment: Array2
    rate: Array1


@allocating_kernel
def make_frames(number: Any, tree: TreeTables) -> Frames:
    """An empty workspace of floats or lanes."""
    segments, coordinates = len(tree.parent), len(tree.first_body)
    return Frames(
        zeros(number, (segments, 9)),
        zeros(number, (segments, 3)),
        zeros(number, (coordinates, 6)),
        zeros(number, (segments,)),
        zeros(number, (segments, 3)),
        zeros(number, (len(tree.couplers.pairs),)),
    )


def compile_tree(
    tables: Mapping[str, Table],
    segments: list[str],
    coordinates: list[str],
    splines: dict[str, int],
    functions: Functions,
    half: bool,
) -> TreeTables:
    """Flat tables of the tree over the given segments and coordinates; ``tables`` are all, the optional ones too.

    With ``half`` the midline segments carry half their mass in the sagittal plane: the right half of a body that stands
    symmetrically, whose equilibrium is that of the whole.
    """
    joints, table, couplings = tables["joints"], tables["coordinates"], tables["couplings"]
    inertia = tables["segments"]
    child = joints.text("child")
    place = {name: i for i, name in enumerate(["ground", *segments])}
    number = {name: i for i, name in enumerate(coordinates)}
    parent, start = np.zeros(len(place), dtype=np.int64), [0, 0]
    offset, joint_rotation = np.zeros((len(place), 3)), np.tile(np.eye(3).ravel(), (len(place), 1))
    mass, com = np.zeros(len(place)), np.zeros((len(place), 3))
    joint_of = dict(zip(child, joints.rows, strict=True))
    own_joints = [joint_of[name] for name in segments]
    rows = compile_joints(tables, own_joints, coordinates, functions)
    by_rows = set(tables["transform_rows"].text("joint"))
    motions: list[tuple[int, int, int, int]] = []
    axes: list[tuple[float, ...]] = []
    first_body = np.zeros(len(coordinates), dtype=np.int64)
    for name in segments:
        i, j = place[name], child.index(name)
        joint = joints.rows[j]
        parent[i] = place[joints.text("parent")[j]]
        offset[i] = joints.numbers("x", "y", "z")[j]
        joint_rotation[i] = turned(rows.orientation[i], about_y(-math.radians(joints.value(joint, "torsion"))))
        for row, of in zip(couplings.rows, couplings.text("joint"), strict=True):
            if of == joint:
                k = couplings.index(row)
                motions.append(
                    (
                        0,
                        number[couplings.text("coordinate")[k]],
                        splines[couplings.text("spline")[k]],
                        "xyz".index(couplings.text("component")[k]),
                    )
                )
                axes.append((0.0, 0.0, 0.0))
        own = [c for c, of in zip(table.rows, table.text("joint"), strict=True) if of == joint and c in number]
        for c in own if joint in by_rows else ():
            first_body[number[c]] = i
        for kind, motion in () if joint in by_rows else ((1, "translation"), (2, "rotation")):
            for c in own:
                if table.text("motion")[table.index(c)] == motion:
                    axis = _unit(table, c)
                    own_axis = int(np.argmax(np.abs(axis))) if np.abs(axis).max() == 1.0 else -1
                    motions.append((kind, number[c], -1, own_axis))
                    axes.append(axis)
                    first_body[number[c]] = i
        start.append(len(motions))
        share = 0.5 if half and side_of(name) == "midline" else 1.0
        mass[i] = share * inertia.value(name, "mass")
        com[i] = inertia.numbers("com_x", "com_y", "com_z")[inertia.index(name)]
    return TreeTables(
        parent,
        offset,
        joint_rotation,
        np.array([not np.array_equal(t, np.eye(3).ravel()) for t in joint_rotation]),
        np.array(start),
        np.array(motions, dtype=np.int64).reshape(-1, 4),
        np.array(axes, dtype=np.float64).reshape(-1, 3),
        mass,
        com,
        first_body,
        _affects(parent, first_body),
        _trunk(place, tables["settings"].value("arms_mass")),
        np.array([i for name, i in place.items() if name in THIGHS], dtype=np.int64),
        np.array([tables["settings"].value("hand_rest_x"), tables["settings"].value("hand_rest_y"), 0.0]),
        rows,
        compile_couplers(tables["couplers"], coordinates, functions),
        functions.tables,
    )


def tree_with_numbers(
    tree: TreeTables, tables: Mapping[str, Table], segments: list[str], joints: list[str]
) -> TreeTables:
    """The same tree with the centres of mass and torsions of other tables."""
    table = tables["segments"]
    com = table.numbers("com_x", "com_y", "com_z")[[table.index(name) for name in segments]]
    torsion = tables["joints"].numbers("torsion")[[tables["joints"].index(name) for name in joints]]
    rotation = tree.joint_rotation.copy()
    for i, angle in enumerate(torsion, start=1):
        if angle or tree.is_rotated[i]:
            rotation[i] = turned(tree.joints.orientation[i], about_y(-math.radians(angle)))
    return tree._replace(
        com=np.vstack([tree.com[:1], com]),
        joint_rotation=rotation,
        is_rotated=np.concatenate([tree.is_rotated[:1], tree.is_rotated[1:] | (torsion != 0.0)]),
    )


def _trunk(place: Mapping[str, int], arms: float) -> int:
    """The segment that carries loads and arms; ground, which feels none, where a body has neither trunk nor arms."""
    if "torso" not in place and arms != 0.0:
        own = ", ".join(list(place)[1:])
        raise ModelError(f"segments: none has the role torso, which carries loads and arms; there are {own}")
    return place.get("torso", 0)


def about_y(angle: float | Array) -> Array:
    """Rotations (..., 9) about y by angles (...), row by row."""
    c, s = np.cos(angle), np.sin(angle)
    zero, one = np.zeros_like(c), np.ones_like(c)
    return np.stack([c, zero, s, zero, one, zero, -s, zero, c], axis=-1)


def _unit(table: Table, coordinate: str) -> tuple[float, ...]:
    axis = table.numbers("axis_x", "axis_y", "axis_z")[table.index(coordinate)]
    length = float(np.linalg.norm(axis))
    if not length > 0.0:
        raise ModelError(f"coordinates/{coordinate}: the axis must not be zero")
    return tuple(axis / length)


def _affects(parent: Index, first_body: Index) -> NDArray[np.bool_]:
    affects = np.zeros((len(first_body), len(parent)), dtype=np.bool_)
    for coordinate, first in enumerate(first_body):
        for segment in range(1, len(parent)):
            ancestor = segment
            while ancestor > 0 and ancestor != first:
                ancestor = int(parent[ancestor])
            affects[coordinate, segment] = ancestor == first
    return affects


@kernel
def forward_kinematics(tree: TreeTables, splines: SplineTables, q: Array, frames: Frames) -> None:
    """Frames of all segments and the screw of every coordinate; ``q`` (coordinate,) in rad and m.

    Coordinates that follow others are put in ``q`` to where they are.
    """
    r = frames.rotation
    if len(tree.couplers.dependent) > 0:
        follow_couplers(tree.couplers, tree.functions, q, frames.rate)
    for k in range(len(tree.joints.moved)):
        for m in range(6):
            frames.screw[tree.joints.moved[k], m] = 0.0
    for k in range(9):
        r[0, k] = 1.0 if k % 4 == 0 else 0.0
    frames.origin[0, 0], frames.origin[0, 1], frames.origin[0, 2] = 0.0, 0.0, 0.0
    for i in range(1, len(tree.parent)):
        p = tree.parent[i]
        if tree.is_rotated[i]:
            multiply(r, p, tree.joint_rotation, i, r, i)
        else:
            for k in range(9):
                r[i, k] = r[p, k]
        x, y, z = point(frames, p, tree.offset[i, 0], tree.offset[i, 1], tree.offset[i, 2])
        # translations run along the joint's frame, before any rotation; coupled ones, which come first, drift with
        # their own coordinate, and what this does besides is added to that
        slides = tree.start[i] < tree.start[i + 1] and tree.motions[tree.start[i], 0] == 0
        if slides:
            for k in range(tree.start[i], tree.start[i + 1]):
                for m in range(6):
                    frames.screw[tree.motions[k, 1], m] = 0.0
        for k in range(tree.start[i], tree.start[i + 1]):
            kind, c = tree.motions[k, 0], tree.motions[k, 1]
            if kind == 0:
                shift, slope = evaluate_spline(splines, tree.motions[k, 2], q[c])
                m = tree.motions[k, 3]
                x, y, z = x + shift * r[i, m], y + shift * r[i, 3 + m], z + shift * r[i, 6 + m]
                _move(frames.screw, c, True, slope * r[i, m], slope * r[i, 3 + m], slope * r[i, 6 + m])
            elif kind == 1:
                ax, ay, az = rotate(r, i, tree.axis[k, 0], tree.axis[k, 1], tree.axis[k, 2])
                x, y, z = x + q[c] * ax, y + q[c] * ay, z + q[c] * az
                frames.screw[c, 0], frames.screw[c, 1], frames.screw[c, 2] = 0.0, 0.0, 0.0
                _move(frames.screw, c, slides, ax, ay, az)
        frames.origin[i, 0], frames.origin[i, 1], frames.origin[i, 2] = x, y, z
        for k in range(tree.start[i], tree.start[i + 1]):
            if tree.motions[k, 0] == 2:
                c = tree.motions[k, 1]
                ax, ay, az = rotate(r, i, tree.axis[k, 0], tree.axis[k, 1], tree.axis[k, 2])
                frames.screw[c, 0], frames.screw[c, 1], frames.screw[c, 2] = ax, ay, az
                # the ground origin moves with -w x centre
                _move(frames.screw, c, slides, az * y - ay * z, ax * z - az * x, ay * x - ax * y)
                m = tree.motions[k, 3]
                if m >= 0:
                    turn_about_own(r, i, m, tree.axis[k, m] * q[c])
                else:
                    turn_about(r, i, tree.axis[k, 0], tree.axis[k, 1], tree.axis[k, 2], q[c])
        if tree.joints.start[i] < tree.joints.start[i + 1] or tree.joints.is_held[i]:
            _move_by_rows(tree.joints, tree.functions, i, q, frames)


@kernel
def _move_by_rows(joints: JointTables, functions: FunctionTables, i: int, q: Array, frames: Frames) -> None:
    """Move the frame of segment ``i`` by the rows of its joint, each in the frame that those before have made."""
    r, screw = frames.rotation, frames.screw
    x, y, z = frames.origin[i, 0], frames.origin[i, 1], frames.origin[i, 2]
    for k in range(joints.start[i], joints.start[i + 1]):
        u = 0.0 * x
        for a in range(joints.argument_start[k], joints.argument_start[k + 1]):
            u += joints.rate[a] * q[joints.argument[a]]
        value, slope = evaluate_function(functions, joints.function[k], u)
        ax, ay, az = rotate(r, i, joints.axis[k, 0], joints.axis[k, 1], joints.axis[k, 2])
        turns = joints.kind[k] == ROTATION
        for a in range(joints.argument_start[k], joints.argument_start[k + 1]):
            c, speed = joints.argument[a], joints.rate[a] * slope
            if turns:
                screw[c, 0] += speed * ax
                screw[c, 1] += speed * ay
                screw[c, 2] += speed * az
                # the ground origin moves with -w x centre
                screw[c, 3] += speed * (az * y - ay * z)
                screw[c, 4] += speed * (ax * z - az * x)
                screw[c, 5] += speed * (ay * x - ax * y)
            else:
                screw[c, 3] += speed * ax
                screw[c, 4] += speed * ay
                screw[c, 5] += speed * az
        if not turns:
            x, y, z = x + value * ax, y + value * ay, z + value * az
        elif joints.own_axis[k] >= 0:
            turn_about_own(r, i, joints.own_axis[k], joints.axis[k, joints.own_axis[k]] * value)
        else:
            turn_about(r, i, joints.axis[k, 0], joints.axis[k, 1], joints.axis[k, 2], value)
    if joints.is_held[i]:
        dx, dy, dz = rotate(r, i, joints.held_offset[i, 0], joints.held_offset[i, 1], joints.held_offset[i, 2])
        x, y, z = x + dx, y + dy, z + dz
        multiply(r, i, joints.held_rotation, i, r, i)
    frames.origin[i, 0], frames.origin[i, 1], frames.origin[i, 2] = x, y, z


@kernel
def _move(screw: Array, c: int, more: bool, x: float, y: float, z: float) -> None:
    """Velocity of the ground origin in the screw of coordinate ``c``, in addition to what is there if ``more``."""
    if more:
        screw[c, 3] += x
        screw[c, 4] += y
        screw[c, 5] += z
    else:
        screw[c, 3], screw[c, 4], screw[c, 5] = x, y, z


@kernel
def composite_masses(tree: TreeTables, load: Array, frames: Frames) -> None:
    """Mass and first moment of mass outward of every segment, with the ``load`` (LOAD,)."""
    for i in range(len(tree.parent)):
        x, y, z = point(frames, i, tree.com[i, 0], tree.com[i, 1], tree.com[i, 2])
        frames.mass[i] = tree.mass[i]
        frames.moment[i, 0], frames.moment[i, 1], frames.moment[i, 2] = (
            tree.mass[i] * x,
            tree.mass[i] * y,
            tree.mass[i] * z,
        )
    s = tree.trunk
    if s > 0:
        x, y, z = rotate(frames.rotation, s, load[1], load[2], load[3])
        frames.mass[s] += load[0]
        frames.moment[s, 0] += load[0] * frames.origin[s, 0] + x
        frames.moment[s, 1] += load[0] * frames.origin[s, 1] + y
        frames.moment[s, 2] += load[0] * frames.origin[s, 2] + z
    for k in range(len(tree.thigh)):
        s = tree.thigh[k]
        x, y, z = point(frames, s, tree.hand[0], tree.hand[1], tree.hand[2])
        frames.mass[s] += load[4]
        frames.moment[s, 0] += load[4] * x
        frames.moment[s, 1] += load[4] * y
        frames.moment[s, 2] += load[4] * z
    for i in range(len(tree.parent) - 1, 0, -1):
        p = tree.parent[i]
        frames.mass[p] += frames.mass[i]
        for k in range(3):
            frames.moment[p, k] += frames.moment[i, k]


@kernel
def virtual_work(screw: Array, c: int, wrench: Array, s: int) -> float:
    """Work of wrench ``s`` (force, moment about the ground origin) per unit of coordinate ``c``."""
    return (
        screw[c, 0] * wrench[s, 3]
        + screw[c, 1] * wrench[s, 4]
        + screw[c, 2] * wrench[s, 5]
        + screw[c, 3] * wrench[s, 0]
        + screw[c, 4] * wrench[s, 1]
        + screw[c, 5] * wrench[s, 2]
    )


@kernel
def point(frames: Frames, i: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """A point of segment ``i``, in ground."""
    rx, ry, rz = rotate(frames.rotation, i, x, y, z)
    return frames.origin[i, 0] + rx, frames.origin[i, 1] + ry, frames.origin[i, 2] + rz


@kernel
def rotate(r: Array, i: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """A vector turned by rotation ``i`` of ``r`` (segment, 9)."""
    return (
        r[i, 0] * x + r[i, 1] * y + r[i, 2] * z,
        r[i, 3] * x + r[i, 4] * y + r[i, 5] * z,
        r[i, 6] * x + r[i, 7] * y + r[i, 8] * z,
    )


@kernel
def multiply(a: Array, i: int, b: Array, j: int, out: Array, k: int) -> None:
    """Rotation ``k`` of ``out`` = rotation ``i`` of ``a`` times rotation ``j`` of ``b``, each (..., 9)."""
    for row in range(0, 9, 3):
        a0, a1, a2 = a[i, row], a[i, row + 1], a[i, row + 2]
        for column in range(3):
            out[k, row + column] = a0 * b[j, column] + a1 * b[j, 3 + column] + a2 * b[j, 6 + column]


@kernel
def turn_about_own(r: Array, i: int, m: int, angle: float) -> None:
    """Turn rotation ``i`` of ``r`` by ``angle`` about axis ``m`` of its frame: the other two columns mix."""
    s, c = sincos(angle)
    a, b = (m + 1) % 3, (m + 2) % 3
    for k in range(0, 9, 3):
        ra, rb = r[i, k + a], r[i, k + b]
        r[i, k + a] = ra * c + rb * s
        r[i, k + b] = rb * c - ra * s


@kernel
def turn_about(r: Array, i: int, x: float, y: float, z: float, angle: float) -> None:
    """Turn rotation ``i`` of ``r`` by ``angle`` about its own unit axis (x, y, z) (Rodrigues' formula)."""
    s, c = sincos(angle)
    d = 1.0 - c
    b0, b1, b2 = c + d * x * x, d * x * y - s * z, d * x * z + s * y
    b3, b4, b5 = d * x * y + s * z, c + d * y * y, d * y * z - s * x
    b6, b7, b8 = d * x * z - s * y, d * y * z + s * x, c + d * z * z
    for k in range(0, 9, 3):
        r0, r1, r2 = r[i, k], r[i, k + 1], r[i, k + 2]
        r[i, k] = r0 * b0 + r1 * b3 + r2 * b6
        r[i, k + 1] = r0 * b1 + r1 * b4 + r2 * b7
        r[i, k + 2] = r0 * b2 + r1 * b5 + r2 * b8
