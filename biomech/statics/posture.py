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
from biomech.model.required import require_stance_names
from biomech.stance.changes import added_targets
from biomech.stance.generated import columns
from biomech.stance.parameters import COLUMN, PARAMETERS, SUPPORTS
from biomech.stance.stance import Stance
from biomech.statics.constraint_targets import (
    ACROSS,
    AHEAD,
    ASIDE,
    BESIDE,
    DROP_ASIDE,
    DROP_FORWARD,
    FORWARD,
    HIP_FLEXION,
    LEG,
    LESS_SHARE,
    NORMAL,
    NOTHING,
    ONE,
    RAISED,
    SEAT,
    STEPPED,
    TRUNK_ASIDE,
    TRUNK_FORWARD,
    UP,
    WEIGHT_ASIDE,
    WEIGHT_FORWARD,
    StartTables,
    TargetTables,
    evaluate_targets,
)
from biomech.statics.posture_newton import (
    CENTRE,
    CLOSED,
    DIRECTION,
    POINT,
    ConstraintTables,
    ConstraintTargets,
    solve_constraints_simd,
)

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


class _Builder:
    """Collects conditions, one call each."""

    def __init__(self, compiled: CompiledModel) -> None:
        self.compiled = compiled
        self.terms: list[tuple[int, int, tuple[float, float, float], int]] = []
        self.vectors: list[tuple[int, int]] = []
        self.labels: list[str] = []
        self.targets: list[int] = []

    def constraint(self, label: str, target: int) -> None:
        """A condition whose terms, which follow, add up to a number of ``constraints``."""
        self.labels.append(label)
        self.targets.append(target)

    def term(
        self, kind: int, segment: str, local: tuple[float, float, float], direction: int, factor: int = ONE
    ) -> None:
        """A term along a direction of ``constraints``, times a number of it."""
        place = 0 if kind == CENTRE else 1 + self.compiled.segments.index(segment)
        self.terms.append((kind, place, local, len(self.labels) - 1))
        self.vectors.append((direction, factor))

    def tables(self, model: Model, unknown: list[str], feet: list[str], *, seated: bool) -> ConstraintTables:
        kind, segment, local, owner = zip(*self.terms, strict=True)
        coordinates, segments = self.compiled.coordinates, self.compiled.segments
        least, most = ranges(model, self.compiled, "range")
        return ConstraintTables(
            np.array([coordinates.index(c) for c in unknown]),
            np.array(kind),
            np.array(segment),
            np.array(local, dtype=np.float64),
            np.array(owner),
            np.array(
                [
                    [1 + segments.index(s + foot) for s in ("femur", "talus")]
                    + [coordinates.index(c + foot) for c in ("ankle_angle", "subtalar_angle")]
                    for foot in feet
                ]
            ),
            np.array([1.0 if foot == "_r" else -1.0 for foot in feet]),
            seated,
            least,
            most,
            np.array([[_turn(turns, c) for c in unknown] for turns in _DETOURS]),
        )


#: deg: where another search for a posture begins, from the first coordinates: coordinates of the right leg or of both.
_DETOURS: list[dict[str, float]] = [{"subtalar_angle": 20.0}]


def _turn(turns: dict[str, float], coordinate: str) -> float:
    """rad, of a coordinate in a detour."""
    return np.radians(turns.get(coordinate, turns.get(coordinate[:-2], 0.0)))


class ConstraintLayout(NamedTuple):
    """The conditions of a body on a support: their tables and labels, and how stances fill them."""

    tables: ConstraintTables
    labels: list[str]
    targets: TargetTables
    starts: StartTables


def feet_of(support: int) -> list[str]:
    """Side suffixes of the feet on the floor: ``_r`` and ``_l``, or one of them."""
    return {"right": ["_r"], "left": ["_l"]}.get(SUPPORTS[support], ["_r", "_l"])


def ranges(model: Model, compiled: CompiledModel, kind: str) -> tuple[Array, Array]:
    """Least and most of every coordinate, rad and m; ``kind`` is ``range`` or ``trusted``."""
    table = model.tables["coordinates"]
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
    evaluate_targets(constraints.targets, constraints.starts, stance.matrix(), vector, target, start, floor)
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
    require_stance_names(model)
    torsion = model.value("joints/ankle_r/torsion"), model.value("joints/ankle_l/torsion")
    key = ("constraints", compiled.half, support, torsion)
    made: ConstraintLayout = model.shared(key, lambda: _write_down(model, compiled, support, torsion))
    return made


def _write_down(model: Model, compiled: CompiledModel, support: int, torsion: tuple[float, float]) -> ConstraintLayout:
    settings, name = model.tables["settings"], SUPPORTS[support]
    sole, toe = settings.value("sole_height"), settings.value("toe_tip")
    build, feet = _Builder(compiled), ["_r"] if compiled.half else feet_of(support)
    for foot in feet:
        _stand(build, foot, sole)
    if name == "seat":
        _sit(build, model)
    else:
        _put_weight(build, feet, sole)
    unknown = ["pelvis_tx", "pelvis_ty"]
    leg = ("hip_flexion", "hip_adduction", "hip_rotation", "ankle_angle", "subtalar_angle")
    unknown += [joint + foot for foot in feet for joint in leg]
    if not compiled.half:
        _hold_trunk(build)
        unknown += ["pelvis_tz", "lumbar_extension", "lumbar_bending", "lumbar_rotation"]
        # on a step the lower leg's knee follows, so that the pelvis stays level
        unknown += ["knee_angle_l"] if name == "step" else ["pelvis_list"] if len(feet) == 2 else []
    direction, factor = (np.array(column) for column in zip(*build.vectors, strict=True))
    stands = np.array([foot in feet for foot in ("_r", "_l")])
    targets = TargetTables(direction, factor, np.array(build.targets), stands, name == "step", name == "seat", toe)
    tables = build.tables(model, unknown, feet, seated=name == "seat")
    return ConstraintLayout(tables, build.labels, targets, _starts(compiled, unknown, torsion))


def _stand(build: _Builder, foot: str, sole: float) -> None:
    calcn, talus, left, side = f"calcn{foot}", f"talus{foot}", int(foot == "_l"), {"_r": "right", "_l": "left"}[foot]
    build.constraint(f"the {side} sole is level along the foot", NOTHING)
    build.term(DIRECTION, calcn, (0.0, 1.0, 0.0), AHEAD + left)
    build.constraint(f"the {side} sole is level across the foot", NOTHING)
    build.term(DIRECTION, calcn, (0.0, 1.0, 0.0), ACROSS + left)
    build.constraint(f"foot_rotation of the {side} foot", NOTHING)
    build.term(DIRECTION, calcn, (1.0, 0.0, 0.0), ACROSS + left)
    build.constraint(f"the {side} sole is on the floor", RAISED + left)
    build.term(POINT, calcn, (0.0, sole, 0.0), NORMAL)
    build.constraint(f"stance_width at the {side} ankle", BESIDE + left)
    build.term(POINT, talus, (0.0, 0.0, 0.0), ASIDE)
    build.constraint(f"the {side} ankle is beside the other, or its step ahead", STEPPED + left)
    build.term(POINT, talus, (0.0, 0.0, 0.0), FORWARD)


def _put_weight(build: _Builder, feet: list[str], sole: float) -> None:
    """The weight acts between the asked points of the soles that stand, in the proportion that each foot bears.

    The points lie ``weight_shift`` of the sole from each heel line.
    """
    for label, direction, target in (
        ("weight_shift", DROP_FORWARD, WEIGHT_FORWARD),
        ("the weight is balanced sideways", DROP_ASIDE, WEIGHT_ASIDE),
    ):
        if build.compiled.half and direction == DROP_ASIDE:
            continue  # the whole body's centre lies in the sagittal plane
        build.constraint(label, target)
        build.term(CENTRE, "", (0.0, 0.0, 0.0), direction)
        for foot in feet:
            build.term(POINT, f"calcn{foot}", (0.0, sole, 0.0), direction, LESS_SHARE + int(foot == "_l"))


def _sit(build: _Builder, model: Model) -> None:
    """The tuberosities, midway along their support, are on the seat, and level."""
    table = model.tables["contact_points"]
    borne = [
        i
        for i, (segment, surface) in enumerate(zip(table.text("segment"), table.text("surface"), strict=True))
        if segment == "pelvis" and surface == "seat"
    ]
    if not borne:
        raise StanceError(f"support = 'seat': model {model.name!r} has no contact_points of the pelvis on a seat")
    x, y, _ = table.numbers("x", "y", "z")[borne].mean(axis=0)
    build.constraint("seat_height under the tuberosities", SEAT)
    build.term(POINT, "pelvis", (float(x), float(y), 0.0), UP)
    if not build.compiled.half:
        build.constraint("the pelvis is level on the seat", NOTHING)
        build.term(DIRECTION, "pelvis", (0.0, 0.0, 1.0), UP)


def _hold_trunk(build: _Builder) -> None:
    """The trunk leans as asked, neither bent nor twisted; it heads where the pelvis does."""
    build.constraint("trunk_lean", NOTHING)
    build.term(DIRECTION, "torso", (0.0, 1.0, 0.0), TRUNK_FORWARD)
    build.constraint("the trunk does not lean sideways", NOTHING)
    build.term(DIRECTION, "torso", (0.0, 1.0, 0.0), TRUNK_ASIDE)
    build.constraint("the trunk does not turn", NOTHING)
    build.term(DIRECTION, "torso", (1.0, 0.0, 0.0), TRUNK_ASIDE)


def _starts(compiled: CompiledModel, unknown: list[str], torsion: tuple[float, float]) -> StartTables:
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
        column("lumbar_extension"),
        np.array([column(name + foot) for foot in ("_r", "_l") for name in leg]),
        np.radians([torsion[0], -torsion[1]]),
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
