"""Closing the chain: feet flat on the floor, toes where asked, weight where asked, trunk as asked.

Each condition is a sum of terms, linear in the direction of a segment's axis, in a point, or in the centre of mass of
the whole body, with coefficient vectors that are fixed in space; so its derivative with respect to a coordinate is a
dot product with the coordinate's screw, and Newton's method closes the chain.

The floor passes through the ground origin, midway between the ankle centres as seen along z, tilted by the slope about
z. The weight acts where the vertical through the centre of mass meets the floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech.errors import KernelError, StanceError
from biomech.model.compiled import CompiledModel
from biomech.model.model import Model
from biomech.model.required import require_legs, require_trunk
from biomech.stance.changes import added_targets
from biomech.stance.generated import columns
from biomech.stance.parameters import COLUMN, PARAMETERS
from biomech.stance.stance import Stance
from biomech.statics.constraint_builder import ConstraintBuilder
from biomech.statics.constraint_targets import HIP_FLEXION, LEG, StartTables, TargetTables, evaluate_targets
from biomech.statics.posture_newton import CLOSED, ConstraintTables, ConstraintTargets, solve_constraints_simd
from biomech.statics.supports.base import Support
from biomech.statics.supports.registry import support_of

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# kernels would read one parameter for another
if any(COLUMN.get(name.lower()) != column for name, column in vars(columns).items() if name.isupper()):
    raise KernelError("biomech/stance/generated/columns.py is not what the table says: run python -m biomech.stance")


@dataclass(frozen=True)
class PostureConstraints:
    """The conditions of a set of stances.

    Tables and labels; ``vector`` (posture, 3 term), ``target`` (posture, condition) and the coordinates to begin at,
    ``start`` (posture, coordinate). ``floor`` (posture, 5): the floor's normal, and how high along it the right and the
    left foot stand.
    """

    tables: ConstraintTables
    labels: list[str]
    vector: Array
    target: Array
    start: Array
    floor: Array

    def batch_targets(self, load: Array) -> ConstraintTargets:
        """What the kernels take, with the ``load`` (posture, LOAD) that is carried."""
        return ConstraintTargets(self.vector, self.target, load)


@dataclass(frozen=True)
class PostureSolution:
    """Coordinates (posture, coordinate) in rad and m, and the residual of each condition (posture, condition).

    ``sound`` (posture,): whether the body is the right way round (``constraint_work``).
    """

    coordinates: Array
    residual: Array
    labels: list[str]
    sound: NDArray[np.bool_]

    @property
    def closed(self) -> NDArray[np.bool_]:
        """Whether every condition holds to 1e-10 (m, or sine of an angle)."""
        return np.asarray(np.abs(self.residual).max(axis=1, initial=0.0) < CLOSED)


class ConstraintLayout(NamedTuple):
    """The conditions of a body on a support: their tables and labels, and how stances fill them."""

    tables: ConstraintTables
    labels: list[str]
    targets: TargetTables
    starts: StartTables


def feet_of(support: int) -> list[str]:
    """Side suffixes of the feet on the floor: ``_r`` and ``_l``, or one of them."""
    return list(support_of(support).word.feet)


def ranges(model: Model, compiled: CompiledModel, kind: str) -> tuple[Array, Array]:
    """Least and most of every coordinate, rad and m; ``kind`` is ``range`` or ``trusted``."""
    table = model.tables_by_role["coordinates"]
    rows = [table.index(name) for name in compiled.coordinates]
    least, most = (table.numbers(f"{kind}_{end}")[rows] for end in ("min", "max"))
    scale = np.where(compiled.is_rotation, np.pi / 180.0, 1.0)
    return least * scale, most * scale


def build_constraints(model: Model, compiled: CompiledModel, stance: Stance, support: int) -> PostureConstraints:
    """Conditions and starting coordinates of stances that share their support.

    ``compiled`` decides whether the half body is closed (symmetric stances only) or the whole.
    """
    constraints, count = constraint_layout(model, compiled, support), len(stance)
    _check_coordinates(model, compiled, stance)
    terms, batch_targets = len(constraints.tables.kind), len(constraints.labels)
    vector, target = np.empty((count, 3 * terms)), np.empty((count, batch_targets))
    start, floor = np.empty((count, len(compiled.coordinates))), np.empty((count, 5))
    bodies = model._bodies(compiled.half, stance.body)
    evaluate_targets(constraints.targets, constraints.starts, bodies, stance.matrix(), vector, target, start, floor)
    _add_to_targets(constraints.labels, stance, target)
    return PostureConstraints(constraints.tables, constraints.labels, vector, target, start, floor)


def has_coordinate(compiled: CompiledModel, name: str) -> bool:
    """Whether a body has a coordinate, on whatever side; as one that a stance parameter needs."""
    return any(own.startswith(name) for own in compiled.coordinates)


def _check_coordinates(model: Model, compiled: CompiledModel, stance: Stance) -> None:
    """Refuse what the model has no coordinate for."""
    for name, parameter in PARAMETERS.items():
        if parameter.coordinate and name in stance.values:
            most = np.abs(stance.values[name]).max(initial=0.0)
            if most > 0.0 and not has_coordinate(compiled, parameter.coordinate):
                raise StanceError(f"{name} = {most:g}: model {model.name!r} has no coordinate {parameter.coordinate}")


def _add_to_targets(labels: list[str], stance: Stance, target: Array) -> None:
    """Add what parameters from outside the package add to the ``target`` (posture, condition) of conditions."""
    for name, label, added in added_targets(stance.values):
        if label in labels:
            target[:, labels.index(label)] += added
        elif added.any():
            raise StanceError(f"{name}: there is no condition {label!r}; conditions here are {', '.join(labels)}")


def constraint_layout(model: Model, compiled: CompiledModel, support: int) -> ConstraintLayout:
    """The conditions of a body, or of its half, on a support."""
    borne = support_of(support)
    require_trunk(model)
    require_legs(model, borne.word.feet)
    key = ("constraints", compiled.half, borne)
    made: ConstraintLayout = model.shared(key, lambda: _write_down(model, compiled, borne))
    return made


def _write_down(model: Model, compiled: CompiledModel, support: Support) -> ConstraintLayout:
    word = support.word
    build = ConstraintBuilder(model, compiled, ["_r"] if compiled.half else list(word.feet), word.raised)
    support.constrain(build)
    unknown = ["pelvis_tx", "pelvis_ty"]
    leg = ("hip_flexion", "hip_adduction", "hip_rotation", "ankle_angle", "subtalar_angle")
    unknown += [joint + foot for foot in build.feet for joint in leg]
    if not compiled.half:
        build.hold_trunk()
        unknown += ["pelvis_tz", "lumbar_extension", "lumbar_bending", "lumbar_rotation", *support.found()]
    _check_count(support, build, unknown)
    direction, factor = (np.array(column) for column in zip(*build.vectors, strict=True))
    stands = np.array([foot in build.feet for foot in ("_r", "_l")])
    toe = model.tables["settings"].value("toe_tip")
    flat = np.array([foot not in word.raised for foot in ("_r", "_l")])
    targets = TargetTables(
        direction,
        factor,
        np.array(build.targets),
        stands,
        flat,
        support.is_stepped,
        support.is_striding,
        support.is_seated,
        toe,
        build.ball_offsets(),
    )
    tables = build.tables(unknown, ranges(model, compiled, "range"), seated=support.is_seated)
    return ConstraintLayout(tables, build.labels, targets, _starts(compiled, unknown))


def _check_count(support: Support, build: ConstraintBuilder, unknown: list[str]) -> None:
    """A support from outside asks for as much as there is to be found, of coordinates that there are."""
    said, coordinates = f"support = {support.word.name!r}", build.compiled.coordinates
    for name in unknown:
        if name not in coordinates or unknown.count(name) > 1:
            raise StanceError(f"{said}: cannot find {name!r}, which is no coordinate of this body or found already")
    if len(build.labels) != len(unknown):
        count = f"{len(build.labels)} conditions for {len(unknown)} coordinates"
        raise StanceError(f"{said}: writes down {count}: {'; '.join(build.labels)} / {', '.join(unknown)}")


def _starts(compiled: CompiledModel, unknown: list[str]) -> StartTables:
    """Where the coordinates that a posture begins at stand."""

    def column(name: str) -> int:
        return compiled.coordinates.index(name) if name in compiled.coordinates else -1

    leg = (
        "hip_flexion",
        "hip_adduction",
        "hip_rotation",
        "knee_angle",
        "shank_rotation",
        "ankle_angle",
        "subtalar_angle",
    )
    return StartTables(
        column("pelvis_ty"),
        column("pelvis_tx"),
        column("pelvis_tz"),
        column("pelvis_tilt"),
        column("pelvis_rotation"),
        column("pelvis_list") if "pelvis_list" in unknown else -1,
        column("pelvis_list") if "pelvis_list" not in unknown else -1,
        column("lumbar_extension"),
        column("lumbar_bending"),
        np.array([column(name + foot) for foot in ("_r", "_l") for name in leg]),
        np.where(compiled.is_rotation, np.radians(compiled.default), compiled.default),
    )


def turn_with_tilt(model: Model, compiled: CompiledModel, support: int) -> Array:
    """Change of the first coordinates (coordinate,) with a degree of tilt, rad: hips and lumbar joint follow."""
    starts, turn = constraint_layout(model, compiled, support).starts, np.zeros(len(compiled.coordinates))
    hips = [c for c in starts.leg[HIP_FLEXION::LEG] if c >= 0]
    turn[[starts.lumbar, *hips]], turn[starts.tilt] = np.pi / 180.0, -np.pi / 180.0
    return turn


def solve_posture(model: Model, compiled: CompiledModel, stance: Stance, support: int) -> PostureSolution:
    """Coordinates that meet every condition, on the body's branch (``constraint_work``).

    Parameters
    ----------
    model, compiled
        The model, and its whole or half tables.
    stance : Stance
        Stances with one support and the tilt in degrees.
    support : int
        Index into ``SUPPORTS``.

    Returns
    -------
    PostureSolution
        Where a residual is not zero the posture was not reached: it is the nearest in the least-squares sense.
    """
    constraints = build_constraints(model, compiled, stance, support)
    q, residual, sound = np.empty_like(constraints.start), np.empty_like(constraints.target), np.empty((len(stance), 1))
    batch_targets = constraints.batch_targets(stance.load(compiled))
    solve_constraints_simd(compiled.tables, constraints.tables, batch_targets, constraints.start, q, residual, sound)
    return PostureSolution(q, residual, constraints.labels, sound[:, 0] > 0.0)
