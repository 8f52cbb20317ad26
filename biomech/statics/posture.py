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

from biomech.errors import StanceError
from biomech.model.flat import Flat
from biomech.model.model import Model
from biomech.statics.closing import CENTRE, CLOSED, DIRECTION, POINT, Asked, ConditionTables, close_lanes
from biomech.statics.stance import SUPPORTS, Stance

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Closure:
    """The conditions of a set of stances.

    Tables and labels; ``vector`` (posture, term, 3), ``target`` (posture, condition) and the coordinates to begin at,
    ``start`` (posture, coordinate). ``floor`` (posture, 5): the floor's normal, and how high along it the right and the
    left foot stand.
    """

    tables: ConditionTables
    labels: list[str]
    vector: Array
    target: Array
    start: Array
    floor: Array

    def asked(self, load: Array) -> Asked:
        """What the kernels take, with the ``load`` (posture, LOAD) that is carried."""
        return Asked(self.vector.reshape(len(self.start), 3 * len(self.tables.kind)), self.target, load)


@dataclass(frozen=True)
class Postures:
    """Coordinates (posture, coordinate) in rad and m, and the residual of each condition (posture, condition)."""

    coordinates: Array
    residual: Array
    labels: list[str]

    @property
    def closed(self) -> NDArray[np.bool_]:
        """Whether every condition holds to 1e-10 (m, or sine of an angle)."""
        return np.asarray(np.abs(self.residual).max(axis=1, initial=0.0) < CLOSED)


class _Builder:
    """Collects conditions, one call each."""

    def __init__(self, flat: Flat, count: int) -> None:
        self.flat, self.count = flat, count
        self.terms: list[tuple[int, str, tuple[float, float, float], int]] = []
        self.vectors: list[Array] = []
        self.labels: list[str] = []
        self.targets: list[Array | float] = []

    def condition(self, label: str, target: Array | float) -> None:
        self.labels.append(label)
        self.targets.append(target)

    def term(self, kind: int, segment: str, local: tuple[float, float, float], vector: Array) -> None:
        self.terms.append((kind, segment, local, len(self.labels) - 1))
        self.vectors.append(vector)

    def tables(self, unknown: list[str]) -> ConditionTables:
        kind, segment, local, owner = zip(*self.terms, strict=True)
        return ConditionTables(
            np.array([self.flat.coordinates.index(c) for c in unknown]),
            np.array(kind),
            np.array([1 + self.flat.segments.index(name) if name else 0 for name in segment]),
            np.array(local, dtype=np.float64),
            np.array(owner),
        )

    def finish(self, tables: ConditionTables, start: Array, floor: Array) -> Closure:
        vector, target = np.empty((self.count, len(self.vectors), 3)), np.empty((self.count, len(self.targets)))
        for k, value in enumerate(self.vectors):
            vector[:, k] = value
        for k, aim in enumerate(self.targets):
            target[:, k] = aim
        return Closure(tables, self.labels, vector, target, start, floor)


def feet_of(support: int) -> list[str]:
    """Side suffixes of the feet on the floor: ``_r`` and ``_l``, or one of them."""
    return {"right": ["_r"], "left": ["_l"]}.get(SUPPORTS[support], ["_r", "_l"])


def set_conditions(model: Model, flat: Flat, stance: Stance, support: int) -> Closure:
    """Conditions and starting coordinates of stances that share their support.

    ``flat`` decides whether the half body is closed (symmetric stances only) or the whole.
    """
    settings = model.tables["settings"]
    sole, toe = settings.value("sole_height"), settings.value("toe_tip")
    forward, normal, aside = floor_axes(stance)
    build = _Builder(flat, len(stance))
    feet = ["_r"] if flat.half else feet_of(support)
    heading = {foot: _heading(stance, foot, forward, aside) for foot in feet}
    stepping = SUPPORTS[support] == "step"
    raised, length = (0.5 * stepping * stance.values[name] for name in ("step_height", "step_length"))
    for foot, sign in zip(feet, (1.0, -1.0), strict=False):
        floor = Floor(normal, forward, aside, stance.values["stance_width"], sign * raised, sign * length, sole)
        _stand(build, foot, heading[foot], floor)
    if SUPPORTS[support] == "seat":
        _sit(build, model, stance.values["seat_height"], len(stance))
    else:
        _put_weight(build, feet, heading, (forward, normal, aside), sole, stance, toe)
    unknown = ["pelvis_tx", "pelvis_ty"]
    leg = ("hip_flexion", "hip_adduction", "hip_rotation", "ankle_angle", "subtalar_angle")
    unknown += [joint + foot for foot in feet for joint in leg]
    if not flat.half:
        _hold_trunk(build, np.radians(stance.values["trunk_lean"]), np.radians(stance.values["pelvic_rotation"]))
        unknown += ["pelvis_tz", "lumbar_extension", "lumbar_bending", "lumbar_rotation"]
        # on a step the lower leg's knee follows, so that the pelvis stays level
        unknown += ["knee_angle_l"] if stepping else ["pelvis_list"] if len(feet) == 2 else []
    start = _start(model, flat, stance, feet)
    if SUPPORTS[support] == "seat":
        _start_seated(flat, stance, start)
    tables: ConditionTables = model.cached(("conditions", flat.half, support), lambda: build.tables(unknown))
    return build.finish(tables, start, np.ascontiguousarray(np.column_stack([normal, raised, -raised])))


class Floor(NamedTuple):
    """The floor under a foot: its axes, the stance width, the foot's height on it and how far it is ahead, the sole."""

    normal: Array
    forward: Array
    aside: Array
    width: Array
    raised: Array
    ahead: Array
    sole: float


def floor_axes(stance: Stance) -> tuple[Array, Array, Array]:
    """Forward, normal and rightward axis of the floor (posture, 3): turned by slope about z, then sideways about x."""
    s, c = np.sin(np.radians(stance.values["slope"])), np.cos(np.radians(stance.values["slope"]))
    t, d = np.sin(np.radians(stance.values["cross_slope"])), np.cos(np.radians(stance.values["cross_slope"]))
    forward = np.stack([c, s * d, s * t], axis=-1)
    normal = np.stack([-s, c * d, c * t], axis=-1)
    return forward, normal, np.stack([np.zeros_like(t), -t, d], axis=-1)


def _heading(stance: Stance, foot: str, forward: Array, aside: Array) -> Array:
    """Direction of the foot's long axis on the floor."""
    sign = 1.0 if foot == "_r" else -1.0
    angle = np.radians(stance.values["foot_rotation"][:, 0 if foot == "_r" else 1])[:, None]
    return np.asarray(np.cos(angle) * forward + sign * np.sin(angle) * aside)


def _stand(build: _Builder, foot: str, ahead: Array, floor: Floor) -> None:
    calcn, talus, side = f"calcn{foot}", f"talus{foot}", {"_r": "right", "_l": "left"}[foot]
    aside = np.cross(ahead, floor.normal)
    build.condition(f"the {side} sole is level along the foot", 0.0)
    build.term(DIRECTION, calcn, (0.0, 1.0, 0.0), ahead)
    build.condition(f"the {side} sole is level across the foot", 0.0)
    build.term(DIRECTION, calcn, (0.0, 1.0, 0.0), aside)
    build.condition(f"foot_rotation of the {side} foot", 0.0)
    build.term(DIRECTION, calcn, (1.0, 0.0, 0.0), aside)
    build.condition(f"the {side} sole is on the floor", floor.raised)
    build.term(POINT, calcn, (0.0, floor.sole, 0.0), floor.normal)
    build.condition(f"stance_width at the {side} ankle", (0.5 if foot == "_r" else -0.5) * floor.width)
    build.term(POINT, talus, (0.0, 0.0, 0.0), floor.aside)
    build.condition(f"the {side} ankle is beside the other, or its step ahead", floor.ahead)
    build.term(POINT, talus, (0.0, 0.0, 0.0), floor.forward)


def _onto_floor(vector: Array, normal: Array) -> Array:
    """Coefficients that measure, along ``vector``, where the vertical through a point meets the floor."""
    share = vector[..., 1:2] / normal[..., 1:2]
    return np.asarray(vector - share * normal)


def _put_weight(
    build: _Builder,
    feet: list[str],
    heading: dict[str, Array],
    axes: tuple[Array, Array, Array],
    sole: float,
    stance: Stance,
    toe: float,
) -> None:
    """The weight acts between the asked points of the soles that stand, in the proportion that each foot bears.

    The points lie ``weight_shift`` of the sole from each heel line.
    """
    forward, normal, aside = axes
    right = stance.values["weight_balance"] if len(feet) == 2 else np.ones(len(stance))
    share = {foot: (right if foot == "_r" or len(feet) == 1 else 1.0 - right)[:, None] for foot in feet}
    along = toe * stance.values["weight_shift"]
    middle = sum((share[foot] * heading[foot] for foot in feet), np.zeros_like(normal))
    for label, way in (("weight_shift", forward), ("the weight is balanced sideways", aside)):
        if build.flat.half and way is aside:
            continue  # the whole body's centre lies in the sagittal plane
        vector = _onto_floor(way, normal)
        build.condition(label, along * (middle * vector).sum(axis=-1))
        build.term(CENTRE, "", (0.0, 0.0, 0.0), vector)
        for foot in feet:
            build.term(POINT, f"calcn{foot}", (0.0, sole, 0.0), -share[foot] * vector)


def _sit(build: _Builder, model: Model, height: Array, count: int) -> None:
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
    up = np.broadcast_to(np.array([0.0, 1.0, 0.0]), (count, 3))
    build.condition("seat_height under the tuberosities", height)
    build.term(POINT, "pelvis", (float(x), float(y), 0.0), up)
    if not build.flat.half:
        build.condition("the pelvis is level on the seat", 0.0)
        build.term(DIRECTION, "pelvis", (0.0, 0.0, 1.0), up)


def _hold_trunk(build: _Builder, lean: Array, turn: Array) -> None:
    """The trunk leans as asked, neither bent nor twisted; it heads where the pelvis does."""
    zero = np.zeros_like(lean)
    across = np.stack([np.cos(lean) * np.cos(turn), -np.sin(lean), -np.cos(lean) * np.sin(turn)], axis=-1)
    lateral = np.stack([np.sin(turn), zero, np.cos(turn)], axis=-1)
    build.condition("trunk_lean", 0.0)
    build.term(DIRECTION, "torso", (0.0, 1.0, 0.0), across)
    build.condition("the trunk does not lean sideways", 0.0)
    build.term(DIRECTION, "torso", (0.0, 1.0, 0.0), lateral)
    build.condition("the trunk does not turn", 0.0)
    build.term(DIRECTION, "torso", (1.0, 0.0, 0.0), lateral)


def _start(model: Model, flat: Flat, stance: Stance, feet: list[str]) -> Array:
    """Coordinates near the closed posture, from the sagittal picture; what is given is exact."""
    q = np.zeros((len(stance), len(flat.coordinates)))
    column = flat.coordinates.index
    tilt = -np.radians(stance.values["pelvic_tilt"])
    lean = np.radians(stance.values["trunk_lean"])
    q[:, column("pelvis_tilt")] = tilt
    q[:, column("lumbar_extension")] = -lean - tilt
    q[:, column("pelvis_ty")] = 0.93
    if not flat.half:
        q[:, column("pelvis_rotation")] = np.radians(stance.values["pelvic_rotation"])
    slope = np.radians(stance.values["slope"])
    shank_turns = "shank_rotation_r" in flat.coordinates
    if not shank_turns and stance.values["turnout_yield"].any():
        most = stance.values["turnout_yield"].max()
        raise StanceError(f"turnout_yield = {most:g}: model {model.name!r} has no coordinate shank_rotation")
    for leg in ["_r"] if flat.half else ["_r", "_l"]:
        k = 0 if leg == "_r" else 1
        knee = np.radians(stance.values["knee_flexion"][:, k])
        q[:, column(f"knee_angle{leg}")] = -knee
        if leg not in feet:
            q[:, column(f"hip_flexion{leg}")] = -tilt  # the free thigh hangs down
            continue
        torsion = model.value(f"joints/ankle{leg}/torsion") * (1.0 if leg == "_r" else -1.0)
        below = stance.values["turnout_yield"][:, k]
        if shank_turns:
            q[:, column(f"shank_rotation{leg}")] = -np.radians(below)
        turn = np.radians(stance.values["foot_rotation"][:, k] - torsion - below)
        # more of a bent, turned-out leg opens sideways instead of reaching forward
        ankle = 0.45 * knee * np.cos(turn) + slope
        q[:, column(f"ankle_angle{leg}")] = ankle
        q[:, column(f"hip_rotation{leg}")] = -turn
        q[:, column(f"hip_flexion{leg}")] = slope + knee * np.cos(turn) - ankle - tilt
        q[:, column(f"hip_adduction{leg}")] = -0.5 * knee * np.sin(turn)
    return q


def _start_seated(flat: Flat, stance: Stance, q: Array) -> None:
    """The same for a seat: the thigh reaches from the hip, above the seat, to the knee, above the upright shank."""
    thigh, shank, hip = 0.41, 0.49, 0.12
    column = flat.coordinates.index
    q[:, column("pelvis_ty")] = stance.values["seat_height"] + hip
    tilt = q[:, column("pelvis_tilt")]
    for k, leg in enumerate(["_r"] if flat.half else ["_r", "_l"]):
        knee = np.radians(stance.values["knee_flexion"][:, k])
        # the thigh's inclination a from the vertical: hip height = thigh cos a + shank cos (a - knee), in a few rounds
        raised = 0.6 * knee
        for _ in range(20):
            cosine = (stance.values["seat_height"] + hip - shank * np.cos(raised - knee)) / thigh
            raised = 0.5 * (raised + np.arccos(np.clip(cosine, -0.9, 0.99)))
        q[:, column(f"hip_flexion{leg}")] = raised - tilt
        q[:, column(f"ankle_angle{leg}")] = knee - raised
        q[:, column(f"hip_adduction{leg}")] = 0.0
    q[:, column("pelvis_tx")] = -thigh * np.sin(raised) - shank * np.sin(raised - knee)


def close(model: Model, flat: Flat, stance: Stance, support: int) -> Postures:
    """Coordinates that meet every condition, by Newton's method with a damped fall-back.

    Parameters
    ----------
    model, flat
        The model, and its whole or half tables.
    stance : Stance
        Stances with one support and the tilt in degrees.
    support : int
        Index into ``SUPPORTS``.

    Returns
    -------
    Postures
        Where a residual is not zero the posture was not reached: it is the nearest in the least-squares sense.
    """
    closure = set_conditions(model, flat, stance, support)
    q = closure.start.copy()
    residual = np.empty_like(closure.target)
    close_lanes(flat.tree, flat.splines, closure.tables, closure.asked(stance.load(flat)), q, residual)
    return Postures(q, residual, closure.labels)
