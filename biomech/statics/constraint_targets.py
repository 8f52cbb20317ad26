"""What stances ask of a posture, in numbers: vectors and targets of the conditions, and coordinates to begin at.

Which conditions there are depends on the body and the support alone (``posture`` writes them down). Every vector is one
of a few directions that follow from a stance, times one of a few of its numbers, and every target is one of these
numbers; so a condition is a row of tables, and a stance is worked out in one pass.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import allocating_kernel, entry_point, kernel
from biomech._kernels.arrays import Array1, Array2, Flags1, Index1
from biomech._simd import (
    arange,
    block_indices,
    gather,
    make_lane_index,
    scatter,
    select,
    simd_zero,
    sincos,
    width,
    zeros,
)
from biomech.model.bodies import Bodies, body_rows
from biomech.stance.generated.columns import (
    CROSS_SLOPE,
    FOOT_ROTATION,
    KNEE_FLEXION,
    PELVIC_LIST,
    PELVIC_ROTATION,
    PELVIC_TILT,
    SEAT_HEIGHT,
    SLOPE,
    STANCE_WIDTH,
    STEP_HEIGHT,
    STEP_LENGTH,
    TRUNK_LEAN,
    TRUNK_SIDE_LEAN,
    TURNOUT_YIELD,
    WEIGHT_BALANCE,
    WEIGHT_SHIFT,
)

Array = NDArray[np.float64]

#: Directions: upward; the floor's axes; each foot's long axis on the floor, and its right; the trunk's forward and
#: right when it leans and turns as asked; what measures, along the floor's forward and rightward axes, where the
#: vertical through a point meets the floor.
UP, FORWARD, NORMAL, ASIDE, AHEAD, ACROSS = 0, 1, 2, 3, 4, 6
TRUNK_FORWARD, TRUNK_ASIDE, DROP_FORWARD, DROP_ASIDE = 8, 9, 10, 11
DIRECTIONS = 12
#: Numbers: one, nothing; of each foot how high it stands (m), how far to the right and ahead its ankle is (m), and less
#: the share of the weight it bears; the height of the seat (m); where the weight lies, along the floor's forward and
#: rightward axes, from the heels, or the balls, that bear it (m); the sine of the trunk's lean to the right; of each
#: foot how far to the right and ahead its ball is (m). Those of the left foot follow those of the right.
ONE, NOTHING, RAISED, BESIDE, STEPPED, LESS_SHARE, SEAT, WEIGHT_FORWARD, WEIGHT_ASIDE = 0, 1, 2, 4, 6, 8, 10, 11, 12
SIDE_LEAN, BALL_BESIDE, BALL_AHEAD = 13, 14, 16
NUMBERS = 18
#: Of the leg in ``StartTables.leg``, columns of a foot.
HIP_FLEXION, HIP_ADDUCTION, HIP_ROTATION, KNEE, SHANK_ROTATION, ANKLE, SUBTALAR = range(7)
LEG = 7

_RADIANS, _QUARTER = math.pi / 180.0, 0.5 * math.pi


class TargetTables(NamedTuple):
    """Where vectors and targets come from.

    ``direction`` and ``factor`` (term,): the direction of a term, and the number it is multiplied with; ``target``
    (condition,): a number. ``stands`` (2,): whether the right and the left foot stand, ``flat`` (2,): with the heel
    down; ``step``: the right foot on a step, ``strides``: ahead on the same floor, ``seated``; ``toe`` (m): the toe tip
    ahead of the heel; ``ball`` (foot, 2) m: the middle of the ball ahead and to the right of the ankle, on the sole.
    """

    direction: Index1
    factor: Index1
    target: Index1
    stands: Flags1
    flat: Flags1
    step: bool
    strides: bool
    seated: bool
    toe: float
    ball: Array2


class StartTables(NamedTuple):
    """Columns of the coordinates to begin at, -1 where the body has no such coordinate.

    Those of the pelvis (its height, place ahead and aside, tilt, heading, and list: ``list`` where it is found, else
    ``given_list``) and of lumbar extension and bending; ``leg`` (2 LEG,): those of a leg, right and left; ``rest``
    (coordinate,): where coordinates are of which a stance says nothing, rad and m.
    """

    height: int
    ahead: int
    aside: int
    tilt: int
    rotation: int
    list: int
    given_list: int
    lumbar: int
    bending: int
    leg: Index1
    rest: Array1


@entry_point
def evaluate_targets(
    targets: TargetTables,
    starts: StartTables,
    bodies: Bodies,
    stance: Array2,
    vector: Array2,
    target: Array2,
    start: Array2,
    floor: Array2,
) -> None:
    """Work out stances, the rows of ``Stance.matrix``.

    ``vector`` (posture, 3 term), ``target`` (posture, condition) and ``start`` (posture, coordinate); ``floor``
    (posture, 5): its normal, and how high along it the right and the left foot stand.
    """
    _aim_each(simd_zero(), targets, starts, bodies, stance, vector, target, start, floor)


@allocating_kernel
def _aim_each(
    number: Any,
    targets: TargetTables,
    starts: StartTables,
    bodies: Bodies,
    stance: Array,
    vector: Array,
    target: Array,
    start: Array,
    floor: Array,
) -> None:
    own, d, n = zeros(number, (stance.shape[1],)), zeros(number, (DIRECTIONS, 3)), zeros(number, (NUMBERS,))
    v, wanted = zeros(number, (vector.shape[1],)), zeros(number, (target.shape[1],))
    q, plane = zeros(number, (start.shape[1],)), zeros(number, (floor.shape[1],))
    torsion, body_row = zeros(number, (2,)), make_lane_index(number)
    for c in range(len(starts.rest)):
        q[c] = q[c] + starts.rest[c]
    every = arange(max(stance.shape[1], vector.shape[1], target.shape[1], start.shape[1], floor.shape[1]))
    index, lane_index = arange(len(stance)), make_lane_index(number)
    blocks = -(-len(index) // width(number))
    for block in range(blocks):
        block_indices(index, block, blocks, lane_index)
        gather(stance, lane_index, every, own)
        body_rows(bodies, lane_index, body_row)
        gather(bodies.torsion, body_row, every, torsion)
        _set_directions(own, d)
        _set_numbers(targets, own, d, n)
        for k in range(len(targets.direction)):
            for c in range(3):
                v[3 * k + c] = n[targets.factor[k]] * d[targets.direction[k], c]
        for k in range(len(targets.target)):
            wanted[k] = n[targets.target[k]]
        for c in range(3):
            plane[c] = d[NORMAL, c]
        plane[3], plane[4] = n[RAISED], n[RAISED + 1]
        _begin(targets, starts, torsion, own, d, n, q)
        scatter(v, lane_index, every, vector)
        scatter(wanted, lane_index, every, target)
        scatter(q, lane_index, every, start)
        scatter(plane, lane_index, every, floor)


@kernel
def _set_directions(stance: Array, d: Array) -> None:
    """The floor is turned by the slope about z, then sideways about x."""
    sine, cosine = sincos(stance[SLOPE] * _RADIANS)
    t, e = sincos(stance[CROSS_SLOPE] * _RADIANS)
    zero = 0.0 * sine
    d[UP, 0], d[UP, 1], d[UP, 2] = zero, zero + 1.0, zero
    d[FORWARD, 0], d[FORWARD, 1], d[FORWARD, 2] = cosine, sine * e, sine * t
    d[NORMAL, 0], d[NORMAL, 1], d[NORMAL, 2] = -sine, cosine * e, cosine * t
    d[ASIDE, 0], d[ASIDE, 1], d[ASIDE, 2] = zero, -t, e
    for foot in range(2):
        outward, along = sincos(stance[FOOT_ROTATION + foot] * _RADIANS)
        for k in range(3):
            d[AHEAD + foot, k] = along * d[FORWARD, k] + (1.0 - 2.0 * foot) * outward * d[ASIDE, k]
        for k in range(3):
            i, j = (k + 1) % 3, (k + 2) % 3
            d[ACROSS + foot, k] = d[AHEAD + foot, i] * d[NORMAL, j] - d[AHEAD + foot, j] * d[NORMAL, i]
    sine, upright = sincos(stance[TRUNK_LEAN] * _RADIANS)
    aside, ahead = sincos(stance[PELVIC_ROTATION] * _RADIANS)
    d[TRUNK_FORWARD, 0], d[TRUNK_FORWARD, 1], d[TRUNK_FORWARD, 2] = upright * ahead, -sine, -upright * aside
    d[TRUNK_ASIDE, 0], d[TRUNK_ASIDE, 1], d[TRUNK_ASIDE, 2] = aside, zero, ahead
    for k in range(3):
        d[DROP_FORWARD, k] = d[FORWARD, k] - d[FORWARD, 1] / d[NORMAL, 1] * d[NORMAL, k]
        d[DROP_ASIDE, k] = d[ASIDE, k] - d[ASIDE, 1] / d[NORMAL, 1] * d[NORMAL, k]


@kernel
def _set_numbers(targets: TargetTables, stance: Array, d: Array, n: Array) -> None:
    right = stance[WEIGHT_BALANCE]
    zero = 0.0 * right
    n[ONE], n[NOTHING], n[SEAT] = zero + 1.0, zero, stance[SEAT_HEIGHT]
    n[SIDE_LEAN], _ = sincos(stance[TRUNK_SIDE_LEAN] * _RADIANS)
    both, stepping = targets.stands[0] and targets.stands[1], 1.0 if targets.step else 0.0
    striding = 1.0 if targets.step or targets.strides else 0.0
    n[WEIGHT_FORWARD], n[WEIGHT_ASIDE] = zero, zero
    for foot in range(2):
        half = 0.5 - foot
        n[RAISED + foot] = half * stepping * stance[STEP_HEIGHT]
        n[STEPPED + foot] = half * striding * stance[STEP_LENGTH]
        n[BESIDE + foot] = half * stance[STANCE_WIDTH]
        n[BALL_AHEAD + foot], n[BALL_BESIDE + foot] = n[STEPPED + foot], n[BESIDE + foot]
        for k in range(3):
            reach = targets.ball[foot, 0] * d[AHEAD + foot, k] + targets.ball[foot, 1] * d[ACROSS + foot, k]
            n[BALL_AHEAD + foot] += reach * d[FORWARD, k]
            n[BALL_BESIDE + foot] += reach * d[ASIDE, k]
        share = zero + 1.0
        if both:
            share = right if foot == 0 else 1.0 - right
        n[LESS_SHARE + foot] = -share
        if targets.stands[foot] and targets.flat[foot]:
            along = targets.toe * stance[WEIGHT_SHIFT] * share
            for k in range(3):
                n[WEIGHT_FORWARD] += along * d[AHEAD + foot, k] * d[DROP_FORWARD, k]
                n[WEIGHT_ASIDE] += along * d[AHEAD + foot, k] * d[DROP_ASIDE, k]


#: The body of the first coordinates: thigh, shank and height of the ankle; half the distance between the hips, and how
#: far behind and below the pelvis's origin they are (m).
_THIGH, _SHANK, _ANKLE_HEIGHT = 0.40, 0.43, 0.06
_HIP_ASIDE, _HIP_BEHIND, _HIP_BELOW = 0.084, 0.071, 0.066
#: The tuberosities under the hips, and the heel line behind the ankle (m).
_SITTING, _HEEL = 0.12, 0.049
#: How far a lean of the trunk takes the whole body's centre forward (m); the parts of their own way that legs which
#: lean, and knees in front of them, do.
_LEANING, _LEGS, _KNEES = 0.13, 0.22, 0.165
#: Axes of the subtalar and the ankle joint of a right leg (Delp et al. 1990): how they turn a leg on a foot.
_SUBTALAR = (0.787, 0.605, -0.121)
_ANKLE_AXIS = (-0.105, -0.174, 0.979)


@kernel
def _begin(
    targets: TargetTables, starts: StartTables, torsion: Array, stance: Array, d: Array, n: Array, q: Array
) -> None:
    """Coordinates near the closed posture, linear in the tilt; what is given is exact.

    The hips stand over the weight's place, or on a seat behind the ankles; each leg then is a triangle whose knee
    points where the foot does.
    """
    tilt, zero = -stance[PELVIC_TILT] * _RADIANS, 0.0 * stance[PELVIC_TILT]
    q[starts.tilt], q[starts.lumbar] = tilt, -stance[TRUNK_LEAN] * _RADIANS - tilt
    sine, listed = zero, zero
    if starts.given_list >= 0:
        listed = stance[PELVIC_LIST] * _RADIANS
        listed = zero - listed if targets.stands[0] else zero + listed
        sine, _ = sincos(listed)
        q[starts.given_list] = listed
    if starts.bending >= 0:
        q[starts.bending] = stance[TRUNK_SIDE_LEAN] * _RADIANS - listed
    if starts.rotation >= 0:
        q[starts.rotation] = stance[PELVIC_ROTATION] * _RADIANS
    x, z = _middle_of_hips(targets, stance, d, n)
    if starts.aside < 0:
        z = zero  # the half body's hips are on either side of its plane
    aside, ahead = sincos(stance[PELVIC_ROTATION] * _RADIANS)
    height, lower, count = zero, zero, 0.0
    for foot in range(2):
        if targets.stands[foot] and targets.flat[foot]:
            half = (1.0 - 2.0 * foot) * _HIP_ASIDE
            above = half * sine + _hip_above(targets, stance, d, n, foot, x + half * aside, z + half * ahead)
            height, lower, count = height + above, lower - (1.0 - 2.0 * foot) * above, count + 1.0
    height = height / count
    # on legs of unlike length the pelvis lists
    if targets.seated:
        height = stance[SEAT_HEIGHT] + _SITTING
    elif starts.list >= 0:
        sine = min(max(lower / (2.0 * _HIP_ASIDE), -0.7), 0.7)
        listed = _arcsine(sine)
        q[starts.list] = listed
    q[starts.height], q[starts.ahead] = height + _HIP_BELOW, x + _HIP_BEHIND * ahead
    if starts.aside >= 0:
        q[starts.aside] = z - _HIP_BEHIND * aside
    for foot in range(2):
        if starts.leg[LEG * foot] >= 0:
            if targets.stands[foot]:
                half = (1.0 - 2.0 * foot) * _HIP_ASIDE
                hx, hy, hz = x + half * aside, height - half * sine, z + half * ahead
                ax, ay, az, up, level = _ankle_under(targets, stance, d, n, foot, hx, hy, hz)
                _begin_leg(
                    targets, starts, torsion[foot], stance, d, foot, hx - ax, hy - ay, hz - az, up, level, listed, q
                )
            else:
                if starts.leg[LEG * foot + KNEE] >= 0:
                    q[starts.leg[LEG * foot + KNEE]] = -stance[KNEE_FLEXION + foot] * _RADIANS
                q[starts.leg[LEG * foot + HIP_FLEXION]] = -tilt  # the free thigh hangs down
                if starts.leg[LEG * foot + HIP_ADDUCTION] >= 0:
                    q[starts.leg[LEG * foot + HIP_ADDUCTION]] = zero - (1.0 - 2.0 * foot) * listed


@kernel
def _ankle_at(d: Array, n: Array, foot: int) -> tuple[float, float, float]:
    """Where an ankle is."""
    f, a, h = n[STEPPED + foot], n[BESIDE + foot], n[RAISED + foot] + _ANKLE_HEIGHT
    return (
        f * d[FORWARD, 0] + a * d[ASIDE, 0] + h * d[NORMAL, 0],
        f * d[FORWARD, 1] + a * d[ASIDE, 1] + h * d[NORMAL, 1],
        f * d[FORWARD, 2] + a * d[ASIDE, 2] + h * d[NORMAL, 2],
    )


@kernel
def _ankle_under(
    targets: TargetTables, stance: Array, d: Array, n: Array, foot: int, x: float, y: float, z: float
) -> tuple[float, float, float, float, float]:
    """Where an ankle is under its hip at (x, y, z), and sine and cosine of the pitch of its foot.

    A raised heel turns with the ankle about the ball until the hip is as far from the ankle as the knee asks for: a
    triangle in the plane of the foot.
    """
    ax, ay, az = _ankle_at(d, n, foot)
    zero = 0.0 * x
    if targets.flat[foot]:
        return ax, ay, az, zero, zero + 1.0
    ball, h = targets.ball[foot, 0], _ANKLE_HEIGHT
    square, _ = _leg_square(stance, foot)
    x, y, z = x - ax, y - ay, z - az
    # the hip as the ball sees it: ahead of it, above the floor, and aside
    u = x * d[AHEAD + foot, 0] + y * d[AHEAD + foot, 1] + z * d[AHEAD + foot, 2] - ball
    v = x * d[NORMAL, 0] + y * d[NORMAL, 1] + z * d[NORMAL, 2] + h
    o = x * d[ACROSS + foot, 0] + y * d[ACROSS + foot, 1] + z * d[ACROSS + foot, 2]
    far, near = math.sqrt(u * u + v * v), math.sqrt(ball * ball + h * h)
    cosine = min(max((far * far + near * near - square + o * o) / (2.0 * far * near), -0.95), 0.95)
    sine = math.sqrt(1.0 - cosine * cosine)
    # the ankle as the ball sees it
    back, high = near / far * (cosine * u - sine * v), near / far * (sine * u + cosine * v)
    level, up = (high * h - back * ball) / (near * near), (back * h + high * ball) / (near * near)
    back, high = back + ball, high - h
    return (
        ax + back * d[AHEAD + foot, 0] + high * d[NORMAL, 0],
        ay + back * d[AHEAD + foot, 1] + high * d[NORMAL, 1],
        az + back * d[AHEAD + foot, 2] + high * d[NORMAL, 2],
        up,
        level,
    )


@kernel
def _leg_square(stance: Array, foot: int) -> tuple[float, float]:
    """Square of the distance from hip to ankle; sine of the knee's flexion."""
    sine, cosine = sincos(stance[KNEE_FLEXION + foot] * _RADIANS)
    return _THIGH * _THIGH + _SHANK * _SHANK + 2.0 * _THIGH * _SHANK * cosine, sine


@kernel
def _middle_of_hips(targets: TargetTables, stance: Array, d: Array, n: Array) -> tuple[float, float]:
    """x and z of the middle between the hips: the weight lies where it is asked, or on a seat behind the ankles."""
    zero = 0.0 * stance[WEIGHT_SHIFT]
    x, z, standing = zero, zero, 0.0
    for foot in range(2):
        if targets.stands[foot]:
            ax, ay, az = _ankle_at(d, n, foot)
            square, bent = _leg_square(stance, foot)
            if targets.seated:
                up = stance[SEAT_HEIGHT] + _SITTING - ay
                x += ax - math.sqrt(max(square - up * up - (abs(az) - _HIP_ASIDE) * (abs(az) - _HIP_ASIDE), 0.03))
            else:
                share, reach = -n[LESS_SHARE + foot], targets.toe * stance[WEIGHT_SHIFT] - _HEEL
                if not targets.flat[foot]:
                    reach = zero + targets.ball[foot, 0]
                bulge = _KNEES * _THIGH * _SHANK * bent / math.sqrt(square)
                x += share * (ax + reach * d[AHEAD + foot, 0] - _LEGS * ax - bulge * d[AHEAD + foot, 0])
                z += share * (az + reach * d[AHEAD + foot, 2])
            standing += 1.0
    if targets.seated:
        return x / standing, z
    sine, _ = sincos(stance[TRUNK_LEAN] * _RADIANS)
    return (x - _LEANING * sine) / (1.0 - _LEGS), z


@kernel
def _hip_above(targets: TargetTables, stance: Array, d: Array, n: Array, foot: int, x: float, z: float) -> float:
    """Height of a hip at x and z on a leg of the length that its knee leaves it."""
    ax, ay, az = _ankle_at(d, n, foot)
    square, _ = _leg_square(stance, foot)
    if targets.step and foot == 1:  # the lower leg's knee follows
        ax, ay, az = _ankle_at(d, n, 0)
        square, _ = _leg_square(stance, 0)
        x, z = x + n[STEPPED] - n[STEPPED + 1], z + n[BESIDE] - n[BESIDE + 1] + 2.0 * _HIP_ASIDE
    return ay + math.sqrt(max(square - (x - ax) * (x - ax) - (z - az) * (z - az), 0.05))


@kernel
def _begin_leg(
    targets: TargetTables,
    starts: StartTables,
    torsion: float,
    stance: Array,
    d: Array,
    foot: int,
    x: float,
    y: float,
    z: float,
    up: float,
    flat: float,
    listed: float,
    q: Array,
) -> None:
    """A leg between its ankle and its hip at (x, y, z) from there, as the right one or its mirror image.

    From the foot upwards: the subtalar joint leans the leg sideways, the ankle forward; knee and hip follow. ``up`` and
    ``flat`` are sine and cosine of the foot's pitch, the heel up; ``listed`` (rad) is the pelvis's list.
    """
    first, side = LEG * foot, 1.0 - 2.0 * foot
    fx, fy, fz = _pitched(d, AHEAD + foot, NORMAL, -up, flat)
    nx, ny, nz = _pitched(d, NORMAL, AHEAD + foot, up, flat)
    length = math.sqrt(x * x + y * y + z * z)
    knee = stance[KNEE_FLEXION + foot] * _RADIANS
    sine, cosine = sincos(knee)
    if targets.step and foot == 1:
        cosine = (length * length - _THIGH * _THIGH - _SHANK * _SHANK) / (2.0 * _THIGH * _SHANK)
        cosine = min(max(cosine, -0.5), 1.0)
        sine = math.sqrt(1.0 - cosine * cosine)
        knee = _angle(sine, cosine)
    q[starts.leg[first + KNEE]] = -knee
    inward = _angle(_THIGH * sine, _SHANK + _THIGH * cosine)  # of the shank against the line from ankle to hip
    u = x * fx + y * fy + z * fz
    o = side * (x * d[ACROSS + foot, 0] + y * d[ACROSS + foot, 1] + z * d[ACROSS + foot, 2])
    u, o = min(max(u / length, -0.9), 0.9), o / length
    below = stance[TURNOUT_YIELD + foot] * _RADIANS
    turned, straight = sincos(torsion + below)
    along, away = _THIGH * sine / length, (_SHANK + _THIGH * cosine) / length
    # torsion and the ankle's oblique axis lean the leg sideways, the subtalar joint as much as is missing
    sine, cosine = sincos(inward + _arcsine(u))
    _, _, out = _turned(_ANKLE_AXIS, -sine, cosine, -along * straight, away, along * turned)
    tip = (out - o) / max(_SUBTALAR[0] * math.sqrt(1.0 - u * u) - _SUBTALAR[1] * u, 0.2)
    tip = min(max(tip, -0.9), 0.9)
    ankle = inward + _arcsine(min(max(u - _SUBTALAR[2] * tip, -0.9), 0.9))
    if starts.leg[first + SHANK_ROTATION] >= 0:
        q[starts.leg[first + SHANK_ROTATION]] = -below
    q[starts.leg[first + ANKLE]], q[starts.leg[first + SUBTALAR]] = ankle, tip
    # the shank and the knee's axis on the foot
    sine, cosine = sincos(ankle)
    tipped, level = sincos(tip)
    sx, sy, sz = _turned(_ANKLE_AXIS, -sine, cosine, 0.0 * tip, 0.0 * tip + 1.0, 0.0 * tip)
    sx, sy, sz = _turned(_SUBTALAR, -tipped, level, sx, sy, sz)
    kx, ky, kz = _turned(_ANKLE_AXIS, -sine, cosine, turned, 0.0 * tip, straight)
    kx, ky, kz = _turned(_SUBTALAR, -tipped, level, kx, ky, kz)
    # and as the pelvis sees them, but for its tilt
    tx = x - _SHANK * (sx * fx + sy * nx + side * sz * d[ACROSS + foot, 0])
    ty = y - _SHANK * (sx * fy + sy * ny + side * sz * d[ACROSS + foot, 1])
    tz = z - _SHANK * (sx * fz + sy * nz + side * sz * d[ACROSS + foot, 2])
    kx, ky = flat * kx + up * ky, flat * ky - up * kx
    aside, ahead = sincos(stance[PELVIC_ROTATION] * _RADIANS)
    tx, tz = tx * ahead - tz * aside, side * (tx * aside + tz * ahead)
    sine, cosine = sincos(stance[FOOT_ROTATION + foot] * _RADIANS + side * stance[PELVIC_ROTATION] * _RADIANS)
    kx, kz = kx * cosine - kz * sine, kx * sine + kz * cosine
    thigh = math.sqrt(tx * tx + ty * ty + tz * tz)
    flexion, adduction = _angle(-tx, ty), _arcsine(min(max(tz / thigh, -0.9), 0.9))
    sf, cf = sincos(flexion)
    sa, ca = sincos(adduction)
    q[starts.leg[first + HIP_ROTATION]] = _angle(kx * cf + ky * sf, sa * (kx * sf - ky * cf) + ca * kz)
    adduction = adduction - side * listed
    q[starts.leg[first + HIP_FLEXION]], q[starts.leg[first + HIP_ADDUCTION]] = flexion - q[starts.tilt], adduction


@kernel
def _pitched(d: Array, own: int, other: int, sine: float, cosine: float) -> tuple[float, float, float]:
    """A direction turned towards another that is square to it."""
    return (
        cosine * d[own, 0] + sine * d[other, 0],
        cosine * d[own, 1] + sine * d[other, 1],
        cosine * d[own, 2] + sine * d[other, 2],
    )


@kernel
def _turned(
    axis: tuple[float, float, float], sine: float, cosine: float, x: float, y: float, z: float
) -> tuple[float, float, float]:
    """A vector turned about a unit axis (Rodrigues' formula)."""
    ax, ay, az = axis
    part = (1.0 - cosine) * (ax * x + ay * y + az * z)
    return (
        cosine * x + sine * (ay * z - az * y) + part * ax,
        cosine * y + sine * (az * x - ax * z) + part * ay,
        cosine * z + sine * (ax * y - ay * x) + part * az,
    )


@kernel
def _arcsine(x: float) -> float:
    """To .01 rad, for |x| <= .9."""
    return _angle(x, math.sqrt(1.0 - x * x))


@kernel
def _angle(y: float, x: float) -> float:
    """The angle of (x, y), to .005 rad: arc tan z = z / (1 + .28 z^2) for |z| <= 1."""
    steep = abs(y) > abs(x)
    z = select(steep, x, y) / max(select(steep, abs(y), abs(x)), 1e-12)
    part = z / (1.0 + 0.28 * z * z)
    sharp = select(y < 0.0, part - _QUARTER, _QUARTER - part)
    compiled = select(x < 0.0, select(y < 0.0, -2.0 * _QUARTER - part, 2.0 * _QUARTER - part), part)
    return select(steep, sharp, compiled)
