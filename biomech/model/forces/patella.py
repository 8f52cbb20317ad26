"""The extensor mechanism of a knee: quadriceps, patella and patellar tendon.

The paths of the quadriceps end on points that slide on the tibia, so that their moment about the knee is right; what
pulls the tibia is the patellar tendon. A massless patella slides on the femur without friction, its place a function of
the knee's flexion alone. Virtual work then gives the tendon's tension,

    T = sum_m F_m r_m / r_T,

with r_m the moment arms of the muscles' paths and r_T the work of a unit of tension on the knee's coordinate; so load
sharing does not change. The tendon's line lies at a measured distance from the knee's instantaneous axis, in a measured
direction, both in the tibia's sagittal plane: with w the axis, directed so that a turn about it extends, c its point
nearest to the tibia's origin, and t the direction from the tuberosity to the patella, at an angle a in front of the
tibia's y axis,

    t = (sin a, cos a, 0) ,    p = c + arm (t x w) / |t x w| ,

and the tension acts along t through p. The patella presses on the femur with what balances it: N = T t + sum_m F_m u_m
on the patella, u_m the direction in which the path of a muscle arrives at it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, kernel
from biomech._kernels.arrays import Array1, Index1, Index2
from biomech._simd import sincos, zeros
from biomech.errors import ModelError
from biomech.model.mechanics.muscles import MuscleTables
from biomech.model.mechanics.paths import PathState, PathTables
from biomech.model.mechanics.splines import (
    SplineTables,
    evaluate_spline,
    spline_pieces,
    spline_tables,
    spline_values,
)
from biomech.model.mechanics.tree import Frames, TreeTables, rotate, virtual_work
from biomech.model.mirror import side_of
from biomech.model.tables import Table

Array = NDArray[np.float64]

#: Moment arm (m) below which a tendon does not extend its knee.
LEAST_ARM = 0.001
#: The curves of a tendon over flexion: its moment arm and its direction.
CURVES = ("arm", "direction")


class PatellaTables(NamedTuple):
    """The extensor mechanisms, flat.

    ``coordinate``, ``tibia``, ``femur`` (patella,); ``flexion`` (patella,): degrees of flexion of a degree of the
    coordinate, 1 or -1; ``across`` (patella,): z of the tendon in the tibia, m; muscles from ``start[k]`` to
    ``start[k + 1]``, with rows (muscle, arm, span that arrives at the patella) of ``pull``; ``curves``: moment arm (m)
    and direction (rad) over flexion (rad). ``acts``: whether the tibia feels the tendon, or the paths as in OpenSim.
    """

    coordinate: Index1
    tibia: Index1
    femur: Index1
    flexion: Array1
    across: Array1
    start: Index1
    pull: Index2
    curves: SplineTables
    acts: bool


class PatellaState(NamedTuple):
    """What the kernel fills.

    ``tension`` (patella,) of the tendons and their ``wrench`` (patella, 6) on the tibia; ``force`` (3 patella,) of the
    femur on each patella, in the femur's frame.
    """

    tension: Array
    wrench: Array
    force: Array


@allocating_kernel
def make_patella_state(number: Any, patella: PatellaTables) -> PatellaState:
    """An empty workspace of floats or lanes."""
    count = len(patella.coordinate)
    return PatellaState(zeros(number, (count,)), zeros(number, (count, 6)), zeros(number, (3 * count,)))


def compile_patellae(
    tables: Mapping[str, Table], coordinates: list[str], muscles: list[str], tree: TreeTables, paths: PathTables
) -> PatellaTables:
    """Flat tables of the extensor mechanisms whose coordinate is among those given; empty where there are none."""
    table = tables["patellae"]
    rows = [i for i, name in enumerate(table.text("coordinate")) if name in coordinates]
    number = [coordinates.index(table.text("coordinate")[i]) for i in rows]
    tibia = [int(tree.first_body[c]) for c in number]
    pull: list[tuple[int, int, int]] = []
    start = [0]
    for i, c, segment in zip(rows, number, tibia, strict=True):
        _check_joint(tables, table.rows[i], table.text("coordinate")[i])
        for independent, dependent in tree.couplers.pairs:
            if independent == c and tree.affects[dependent, segment]:
                raise ModelError(
                    f"patellae/{table.rows[i]}/coordinate = {coordinates[c]!r}: must turn the tibia alone; "
                    f"{coordinates[dependent]!r} follows it and does so too"
                )
        pull += _pulling(tables, i, c, segment, muscles, paths)
        start.append(len(pull))
    flexion = table.numbers("flexion")[rows]
    curves = compile_curves(tables["patellar_tendon"]) if rows else spline_tables([])
    for i, sign in zip(rows, flexion, strict=True):
        if abs(sign) != 1.0:
            raise ModelError(f"patellae/{table.rows[i]}/flexion = {sign:g}: must be 1 or -1")
        _check_arm(tables, table.text("coordinate")[i], sign)
    return PatellaTables(
        np.array(number, dtype=np.int64),
        np.array(tibia, dtype=np.int64),
        tree.parent[np.array(tibia, dtype=np.int64)],
        flexion,
        table.numbers("z")[rows],
        np.array(start),
        np.array(pull, dtype=np.int64).reshape(-1, 3),
        curves,
        bool(rows) and _acts(tables["settings"]),
    )


def _acts(settings: Table) -> bool:
    switch = settings.value("extensor_mechanism")
    if switch not in (0.0, 1.0):
        raise ModelError(f"settings/extensor_mechanism = {switch:g}: must be 1 (on) or 0 (as OpenSim does)")
    return switch == 1.0


def _check_joint(tables: Mapping[str, Table], patella: str, coordinate: str) -> None:
    """The tendon's tension follows from one coordinate: a rotation, and the only one of its joint that is free."""
    table = tables["coordinates"]
    joint = table.text("joint")[table.index(coordinate)]
    free = [
        name
        for name, of, stance in zip(table.rows, table.text("joint"), table.text("stance"), strict=True)
        if of == joint and stance == "free"
    ]
    if table.text("motion")[table.index(coordinate)] != "rotation" or free not in ([coordinate], []):
        raise ModelError(
            f"patellae/{patella}/coordinate = {coordinate!r}: must be the one rotation of its joint that is free"
        )


def _pulling(
    tables: Mapping[str, Table], row: int, coordinate: int, tibia: int, muscles: list[str], paths: PathTables
) -> list[tuple[int, int, int]]:
    """Muscle, arm and last span of every muscle that pulls at a patella: those of its group on its side."""
    table, muscle_table = tables["patellae"], tables["muscles"]
    name, group = table.rows[row], table.text("group")[row]
    members = dict(zip(muscle_table.rows, muscle_table.text("groups"), strict=True))
    arms = {(int(m), int(c)): k for k, (m, c) in enumerate(paths.arms)}
    pull = []
    for m, muscle in enumerate(muscles):
        if group in members[muscle].split(";") and side_of(muscle) == side_of(name):
            last = int(paths.start[m + 1]) - 1
            if paths.segment[last] != tibia or (m, coordinate) not in arms:
                raise ModelError(f"patellae/{name}/group = {group!r}: the path of {muscle} does not end on its tibia")
            pull.append((m, arms[m, coordinate], last - 1))
    if not pull:
        raise ModelError(f"patellae/{name}/group = {group!r}: no muscle of its side is in this group")
    return pull


def _curve(table: Table, name: str, values: Array) -> tuple[Array, Array]:
    """Flexion (rad) of the knots of a curve, and their values (knot, ...), from all values (row, ...) of the table."""
    own = np.array(table.text("curve"), dtype=object) == name
    value = values[own]
    return np.radians(table.numbers("flexion")[own]), np.radians(value) if name == "direction" else np.array(value)


def compile_curves(table: Table) -> SplineTables:
    """Splines of moment arm and direction over flexion, in the order of ``PatellaTables.curves``."""
    values = table.numbers("value")
    return spline_tables([(f"patellar_tendon {name}", *_curve(table, name, values)) for name in CURVES])


def drawn_curves(table: Table, values: Array) -> tuple[Array, Array]:
    """``power`` (body, 2, 4) and ``jump`` (body, knot) of the same splines, of bodies with other values (body, row)."""
    pieces = [spline_pieces(*_curve(table, name, values.T)) for name in CURVES]
    power = np.stack([own[::-1, 0] for own in pieces])
    jump = np.concatenate([np.diff(own[0], axis=0) for own in pieces])
    return np.moveaxis(power, -1, 0), jump.T


def _angles(tables: Mapping[str, Table], coordinate: str, flexion: float) -> Array:
    """Degrees of flexion wherever a knee may be."""
    table = tables["coordinates"]
    ends = [flexion * table.value(coordinate, f"range_{end}") for end in ("min", "max")]
    return np.linspace(min(ends), max(ends), 121)


def arm_shares(tables: Mapping[str, Table], coordinate: str, flexion: float) -> tuple[NDArray[np.int64], Array]:
    """Rows of the knots of the tendon's moment arm, and the share (angle, knot) that each has in it.

    The arm at any angle is linear in the values of the knots.
    """
    table = tables["patellar_tendon"]
    knots = np.flatnonzero(np.array(table.text("curve"), dtype=object) == "arm")
    angle, at = np.radians(table.numbers("flexion")[knots]), np.radians(_angles(tables, coordinate, flexion))
    return knots, np.column_stack([spline_values(angle, own, at) for own in np.eye(len(knots))])


def _check_arm(tables: Mapping[str, Table], coordinate: str, flexion: float) -> None:
    """The tendon must extend the knee wherever it may be."""
    angle = _angles(tables, coordinate, flexion)
    table = tables["patellar_tendon"]
    arm = spline_values(*_curve(table, "arm", table.numbers("value")), np.radians(angle))
    least = int(arm.argmin())
    if not arm[least] >= LEAST_ARM:
        raise ModelError(
            f"patellar_tendon: the moment arm is {arm[least]:.4g} m at {angle[least]:.3g} deg of flexion; must be at "
            f"least {LEAST_ARM:g} m wherever {coordinate} may be"
        )


@kernel
def pull_patellae(
    patella: PatellaTables,
    muscle: MuscleTables,
    muscle_force: Array,
    q: Array,
    frames: Frames,
    state: PathState,
    out: PatellaState,
) -> None:
    """Tension and wrench of every tendon, and the force on its patella, once the moment arms are known."""
    for k in range(len(patella.coordinate)):
        _lay_tendon(patella, k, q, frames, out.wrench)
        zero = 0.0 * q[0]
        moment, x, y, z = zero, zero, zero, zero
        for n in range(patella.start[k], patella.start[k + 1]):
            m, arm, span = patella.pull[n, 0], patella.pull[n, 1], patella.pull[n, 2]
            moment += muscle.moment_arm_scale[m] * state.arm[arm] * muscle_force[m]
            x += muscle_force[m] * state.wrench[span, 0]
            y += muscle_force[m] * state.wrench[span, 1]
            z += muscle_force[m] * state.wrench[span, 2]
        tension = moment / virtual_work(frames.screw, patella.coordinate[k], out.wrench, k)
        for i in range(6):
            out.wrench[k, i] *= tension
        x, y, z = x + out.wrench[k, 0], y + out.wrench[k, 1], z + out.wrench[k, 2]
        r, s = frames.rotation, patella.femur[k]
        out.tension[k] = tension
        for i in range(3):
            out.force[3 * k + i] = r[s, i] * x + r[s, 3 + i] * y + r[s, 6 + i] * z


@kernel
def _lay_tendon(patella: PatellaTables, k: int, q: Array, frames: Frames, wrench: Array) -> None:
    """Wrench of a unit of tension on the tibia, about the ground origin."""
    c, s, screw = patella.coordinate[k], patella.tibia[k], frames.screw
    flexion = patella.flexion[k] * q[c]
    arm, _ = evaluate_spline(patella.curves, 0, flexion)
    angle, _ = evaluate_spline(patella.curves, 1, flexion)
    sine, cosine = sincos(angle)
    tx, ty, tz = rotate(frames.rotation, s, sine, cosine, 0.0)
    wx, wy, wz = screw[c, 0], screw[c, 1], screw[c, 2]
    ox, oy, oz = frames.origin[s, 0], frames.origin[s, 1], frames.origin[s, 2]
    # velocity of the tibia's origin, and the point of the axis nearest to it
    ux, uy, uz = wy * oz - wz * oy + screw[c, 3], wz * ox - wx * oz + screw[c, 4], wx * oy - wy * ox + screw[c, 5]
    px, py, pz = rotate(frames.rotation, s, 0.0, 0.0, patella.across[k])
    px, py, pz = px + ox + wy * uz - wz * uy, py + oy + wz * ux - wx * uz, pz + oz + wx * uy - wy * ux
    nx, ny, nz = ty * wz - tz * wy, tz * wx - tx * wz, tx * wy - ty * wx
    reach = -patella.flexion[k] * arm / math.sqrt(nx * nx + ny * ny + nz * nz)
    px, py, pz = px + reach * nx, py + reach * ny, pz + reach * nz
    wrench[k, 0], wrench[k, 1], wrench[k, 2] = tx, ty, tz
    wrench[k, 3], wrench[k, 4], wrench[k, 5] = py * tz - pz * ty, pz * tx - px * tz, px * ty - py * tx
