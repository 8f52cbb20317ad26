"""What stances ask of a posture, in numbers: vectors and targets of the conditions, and coordinates to begin at.

Which conditions there are depends on the body and the support alone (``posture`` writes them down). Every vector is one
of a few directions that follow from a stance, times one of a few of its numbers, and every target is one of these
numbers; so a condition is a row of tables, and a stance is worked out in one pass.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import entry_point, kernel
from biomech._kernels.arrays import Array1, Array2, Flags1, Index1
from biomech.statics.stance import COLUMN

Array = NDArray[np.float64]

#: Directions: upward; the floor's axes; each foot's long axis on the floor, and its right; the trunk's forward and
#: right when it leans and turns as asked; what measures, along the floor's forward and rightward axes, where the
#: vertical through a point meets the floor.
UP, FORWARD, NORMAL, ASIDE, AHEAD, ACROSS = 0, 1, 2, 3, 4, 6
TRUNK_FORWARD, TRUNK_ASIDE, DROP_FORWARD, DROP_ASIDE = 8, 9, 10, 11
DIRECTIONS = 12
#: Numbers: one, nothing; of each foot how high it stands (m), how far to the right and ahead its ankle is (m), and less
#: the share of the weight it bears; the height of the seat (m); where the weight lies, along the floor's forward and
#: rightward axes, from the heels that bear it (m). Those of the left foot follow those of the right.
ONE, NOTHING, RAISED, BESIDE, STEPPED, LESS_SHARE, SEAT, WEIGHT_FORWARD, WEIGHT_ASIDE = 0, 1, 2, 4, 6, 8, 10, 11, 12
NUMBERS = 13
#: Of the leg in ``StartTables.leg``, columns of a foot.
HIP_FLEXION, HIP_ADDUCTION, HIP_ROTATION, KNEE, SHANK_ROTATION, ANKLE = range(6)

_RADIANS = math.pi / 180.0
_SLOPE, _CROSS_SLOPE, _LEAN = COLUMN["slope"], COLUMN["cross_slope"], COLUMN["trunk_lean"]
_TILT, _ROTATION, _WIDTH = COLUMN["pelvic_tilt"], COLUMN["pelvic_rotation"], COLUMN["stance_width"]
_FOOT, _KNEE_FLEXION, _YIELD = COLUMN["foot_rotation"], COLUMN["knee_flexion"], COLUMN["turnout_yield"]
_SHIFT, _BALANCE, _SEAT_HEIGHT = COLUMN["weight_shift"], COLUMN["weight_balance"], COLUMN["seat_height"]
_STEP_HEIGHT, _STEP_LENGTH = COLUMN["step_height"], COLUMN["step_length"]


class TargetTables(NamedTuple):
    """Where vectors and targets come from.

    ``direction`` and ``factor`` (term,): the direction of a term, and the number it is multiplied with; ``target``
    (condition,): a number. ``stands`` (2,): whether the right and the left foot stand; ``step``: the right foot on a
    step, ``seated``; ``toe`` (m): the toe tip ahead of the heel.
    """

    direction: Index1
    factor: Index1
    target: Index1
    stands: Flags1
    step: bool
    seated: bool
    toe: float


class StartTables(NamedTuple):
    """Columns of the coordinates to begin at, -1 where the body has no such coordinate.

    Those of the pelvis (its height, place ahead, tilt and heading) and of lumbar extension; ``leg`` (12,): six a leg,
    right and left. ``torsion`` (2,): rad, of the shanks, toe-out.
    """

    height: int
    ahead: int
    tilt: int
    rotation: int
    lumbar: int
    leg: Index1
    torsion: Array1


@entry_point
def aim_stances(
    t: TargetTables, s: StartTables, stance: Array2, vector: Array2, target: Array2, start: Array2, floor: Array2
) -> None:
    """Work out stances, the rows of ``Stance.matrix``.

    ``vector`` (posture, 3 term), ``target`` (posture, condition) and ``start`` (posture, coordinate), all zero at
    first; ``floor`` (posture, 5): its normal, and how high along it the right and the left foot stand.
    """
    directions, numbers = np.zeros((DIRECTIONS, 3)), np.zeros(NUMBERS)
    for i in range(len(stance)):
        _set_directions(stance[i], directions)
        _set_numbers(t, stance[i], directions, numbers)
        for k in range(len(t.direction)):
            for c in range(3):
                vector[i, 3 * k + c] = numbers[t.factor[k]] * directions[t.direction[k], c]
        for k in range(len(t.target)):
            target[i, k] = numbers[t.target[k]]
        for c in range(3):
            floor[i, c] = directions[NORMAL, c]
        floor[i, 3], floor[i, 4] = numbers[RAISED], numbers[RAISED + 1]
        _begin(t, s, stance[i], start[i])


@kernel
def _set_directions(stance: Array, d: Array) -> None:
    """The floor is turned by the slope about z, then sideways about x."""
    slope, cross = stance[_SLOPE] * _RADIANS, stance[_CROSS_SLOPE] * _RADIANS
    sine, cosine, t, e = math.sin(slope), math.cos(slope), math.sin(cross), math.cos(cross)
    d[UP, 0], d[UP, 1], d[UP, 2] = 0.0, 1.0, 0.0
    d[FORWARD, 0], d[FORWARD, 1], d[FORWARD, 2] = cosine, sine * e, sine * t
    d[NORMAL, 0], d[NORMAL, 1], d[NORMAL, 2] = -sine, cosine * e, cosine * t
    d[ASIDE, 0], d[ASIDE, 1], d[ASIDE, 2] = 0.0, -t, e
    for foot in range(2):
        angle = stance[_FOOT + foot] * _RADIANS
        along, outward = math.cos(angle), (1.0 - 2.0 * foot) * math.sin(angle)
        for k in range(3):
            d[AHEAD + foot, k] = along * d[FORWARD, k] + outward * d[ASIDE, k]
        for k in range(3):
            i, j = (k + 1) % 3, (k + 2) % 3
            d[ACROSS + foot, k] = d[AHEAD + foot, i] * d[NORMAL, j] - d[AHEAD + foot, j] * d[NORMAL, i]
    lean, turn = stance[_LEAN] * _RADIANS, stance[_ROTATION] * _RADIANS
    upright, ahead, aside = math.cos(lean), math.cos(turn), math.sin(turn)
    d[TRUNK_FORWARD, 0], d[TRUNK_FORWARD, 1], d[TRUNK_FORWARD, 2] = upright * ahead, -math.sin(lean), -upright * aside
    d[TRUNK_ASIDE, 0], d[TRUNK_ASIDE, 1], d[TRUNK_ASIDE, 2] = aside, 0.0, ahead
    for k in range(3):
        d[DROP_FORWARD, k] = d[FORWARD, k] - d[FORWARD, 1] / d[NORMAL, 1] * d[NORMAL, k]
        d[DROP_ASIDE, k] = d[ASIDE, k] - d[ASIDE, 1] / d[NORMAL, 1] * d[NORMAL, k]


@kernel
def _set_numbers(t: TargetTables, stance: Array, d: Array, n: Array) -> None:
    n[ONE], n[NOTHING], n[SEAT] = 1.0, 0.0, stance[_SEAT_HEIGHT]
    both, right = t.stands[0] and t.stands[1], stance[_BALANCE]
    n[WEIGHT_FORWARD], n[WEIGHT_ASIDE] = 0.0, 0.0
    for foot in range(2):
        sign = 1.0 - 2.0 * foot
        n[RAISED + foot] = 0.5 * sign * stance[_STEP_HEIGHT] if t.step else 0.0
        n[STEPPED + foot] = 0.5 * sign * stance[_STEP_LENGTH] if t.step else 0.0
        n[BESIDE + foot] = 0.5 * sign * stance[_WIDTH]
        share = (right if foot == 0 else 1.0 - right) if both else 1.0
        n[LESS_SHARE + foot] = -share
        if t.stands[foot]:
            along = t.toe * stance[_SHIFT] * share
            for k in range(3):
                n[WEIGHT_FORWARD] += along * d[AHEAD + foot, k] * d[DROP_FORWARD, k]
                n[WEIGHT_ASIDE] += along * d[AHEAD + foot, k] * d[DROP_ASIDE, k]


@kernel
def _begin(t: TargetTables, s: StartTables, stance: Array, q: Array) -> None:
    """Coordinates near the closed posture, linear in the tilt, from the sagittal picture; what is given is exact."""
    tilt, slope = -stance[_TILT] * _RADIANS, stance[_SLOPE] * _RADIANS
    q[s.tilt], q[s.lumbar], q[s.height] = tilt, -stance[_LEAN] * _RADIANS - tilt, 0.93
    if s.rotation >= 0:
        q[s.rotation] = stance[_ROTATION] * _RADIANS
    for foot in range(2):
        leg = 6 * foot
        if s.leg[leg] >= 0:
            knee = stance[_KNEE_FLEXION + foot] * _RADIANS
            q[s.leg[leg + KNEE]] = -knee
            if not t.stands[foot]:
                q[s.leg[leg + HIP_FLEXION]] = -tilt  # the free thigh hangs down
            else:
                below = stance[_YIELD + foot] * _RADIANS
                turn = stance[_FOOT + foot] * _RADIANS - s.torsion[foot] - below
                if s.leg[leg + SHANK_ROTATION] >= 0:
                    q[s.leg[leg + SHANK_ROTATION]] = -below
                # more of a bent, turned-out leg opens sideways instead of reaching forward
                ankle = 0.45 * knee * math.cos(turn) + slope
                q[s.leg[leg + ANKLE]], q[s.leg[leg + HIP_ROTATION]] = ankle, -turn
                q[s.leg[leg + HIP_FLEXION]] = slope + knee * math.cos(turn) - ankle - tilt
                q[s.leg[leg + HIP_ADDUCTION]] = -0.5 * knee * math.sin(turn)
    if t.seated:
        _begin_seated(s, stance, q)


@kernel
def _begin_seated(s: StartTables, stance: Array, q: Array) -> None:
    """The thigh reaches from the hip, above the seat, to the knee, above the upright shank."""
    thigh, shank, hip = 0.41, 0.49, 0.12
    height = stance[_SEAT_HEIGHT] + hip
    q[s.height] = height
    for foot in range(2):
        leg = 6 * foot
        if s.leg[leg] >= 0:
            knee = stance[_KNEE_FLEXION + foot] * _RADIANS
            # the thigh's inclination a from the vertical: height = thigh cos a + shank cos (a - knee), in a few rounds
            raised = 0.6 * knee
            for _ in range(20):
                cosine = (height - shank * math.cos(raised - knee)) / thigh
                raised = 0.5 * (raised + math.acos(min(max(cosine, -0.9), 0.99)))
            q[s.leg[leg + HIP_FLEXION]], q[s.leg[leg + ANKLE]] = raised - q[s.tilt], knee - raised
            q[s.leg[leg + HIP_ADDUCTION]] = 0.0
            q[s.ahead] = -thigh * math.sin(raised) - shank * math.sin(raised - knee)
