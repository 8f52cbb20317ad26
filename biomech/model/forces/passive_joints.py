"""Passive tissue: the moments of capsule, ligament and unstimulated muscle.

Hip, knee and ankle flexion: Riener & Edrich 1999, J Biomech 32:539, with angles in degrees, h hip flexion, k knee
flexion, a plantarflexion positive, and moments in N.m that flex hip and knee and plantarflex the ankle:

    M_hip   = exp(a0 + aK k + aH h) - exp(b0 + bK k + bH h) + c
    M_knee  = exp(a0 + aA a + aK k' + aH h) - exp(b0 + bA a + bK k' + bH h) + c + exp(d0 + dK k')
    M_ankle = exp(a0 + aA a + aK k) - exp(b0 + bA a + bK k) + c

with k' = k + knee_laxity in the knee's own formula alone, and h + hip_offset in the hip's. They stand for all passive
tissue that crosses these joints and are not the gradient of an energy.

Hip rotation: with e external rotation, slack from -i to s around the shift m = flexion_shift * h, and
S(x) = blend * log(1 + exp(x / blend)),

    E = stiffness * (integral of S up to e - s - m, plus integral of S up to -e - i + m)

so that the moment about the rotation axis and the one about the flexion axis come from one energy.

Lumbar joint: the torso stands for the line from L5/S1 to C7, which turns by ``lumbar_line_share`` with a degree of
lumbar flexion (``biomech.policies.rhythm``), so the lumbar spine flexes by x = -``lumbar_extension`` / share. Linear
springs about the neutral angle, flexion and extension with a stiffness each, stand for what the discs do near it. In
flexion there is also a curve, moment * (exp(rate x) - 1), for ligaments, fascia and the passive fibres of the back
muscles; it was measured from standing and is counted from there. They pull from behind at ``lumbar_curve_arm``, and
so press the joint together with the curve's moment over that arm.

Springs and limits of coordinates, of a model file (``coordinate_forces``): beyond an upper limit u the force
-k S((q - u) / t) (q - u), with k a stiffness, t the transition and S(x) = x^3 (10 - 15 x + 6 x^2) from 0 at 0 to 1 at 1
and beyond; and the same way back below a lower one. A spring has both limits where it rests, and no transition.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel
from biomech._kernels.arrays import Array1, Array2, Index1, Index2
from biomech._simd import exp, log1p, select
from biomech.errors import ModelError
from biomech.model.tables import Table

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_HIP = ("hip_a0", "hip_aK", "hip_aH", "hip_b0", "hip_bK", "hip_bH", "hip_c")
_KNEE = ("knee_a0", "knee_aA", "knee_aK", "knee_aH", "knee_b0", "knee_bA", "knee_bK", "knee_bH", "knee_c")
_KNEE_LIMIT = ("knee_d0", "knee_dK")
_ANKLE = ("ankle_a0", "ankle_aA", "ankle_aK", "ankle_b0", "ankle_bA", "ankle_bK", "ankle_c")
_ROTATION = (
    "hip_rotation_stiffness",
    "hip_external_rotation_slack",
    "hip_internal_rotation_slack",
    "hip_rotation_flexion_shift",
    "hip_rotation_blend",
)
_LUMBAR = (
    "lumbar_flexion_stiffness",
    "lumbar_extension_stiffness",
    "lumbar_bending_stiffness",
    "lumbar_rotation_stiffness",
    "lumbar_neutral",
    "lumbar_curve_moment",
    "lumbar_curve_rate",
    "lumbar_curve_arm",
)
_WHOLE = ("riener_scale", "hip_offset")
#: Every constant of passive tissue: the rows of the table.
CONSTANTS = (*_HIP, *_KNEE, *_KNEE_LIMIT, *_ANKLE, *_ROTATION, *_LUMBAR, *_WHOLE)
DEGREE = 180.0 / np.pi
#: What stands for a transition of nothing, rad or m.
_SUDDEN = 1e-100


class PassiveTables(NamedTuple):
    """Constants of the formulas, and the coordinates they act on.

    ``whole`` (2,): the factor ``riener_scale`` on the moments of the flexion angles, and ``hip_offset`` (deg);
    ``leg`` (leg, 4): hip flexion, hip rotation, knee, ankle coordinate, -1 for a knee or an ankle that is gone, which
    counts as straight; ``leg_side`` (leg,): 0 right, 1 left;
    ``lumbar`` (3,): extension, bending, rotation (-1 where the body has none); ``share``: part of the lumbar joint;
    ``flexion``: degrees of lumbar flexion in a degree of the joint that stands for it;
    ``limited`` (force,): the coordinates of springs and limits; ``limit`` (force, 5): stiffness and limit above,
    stiffness and limit below, one over the transition.
    """

    hip: Array1
    knee: Array1
    knee_limit: Array1
    ankle: Array1
    rotation: Array1
    spine: Array1
    whole: Array1
    leg: Index2
    leg_side: Index1
    lumbar: Index1
    share: float
    flexion: float
    limited: Index1
    limit: Array2


def compile_passive(
    table: Table, forces: Table, coordinates: list[str], half: bool, line_share: float
) -> PassiveTables:
    """Flat tables of the passive moments of the given coordinates.

    ``line_share``: how far the line from L5/S1 to C7 turns with a degree of lumbar flexion.
    """
    number = {name: i for i, name in enumerate(coordinates)}

    def constants(names: tuple[str, ...]) -> Array:
        return np.array([table.value(name) for name in names])

    hips, joints = ("hip_flexion", "hip_rotation"), ("hip_flexion", "hip_rotation", "knee_angle", "ankle_angle")
    sides = [side for side in ("_r", "_l") if any(joint + side in number for joint in joints)]
    off = table.value("riener_scale") == 0.0 and table.value("hip_rotation_stiffness") == 0.0
    for side in sides:
        missing = [joint + side for joint in hips if joint + side not in number]
        if missing and not off:
            raise ModelError(
                f"coordinates: there is no {', '.join(missing)}; a leg of which there is any of "
                f"{', '.join(joint + side for joint in joints)} has both of the hip's, which passive tissue joins to it"
            )
    if off:  # a leg whose tissue does nothing may be of any joints
        sides = [side for side in sides if all(joint + side in number for joint in hips)]
    return PassiveTables(
        constants(_HIP),
        constants(_KNEE),
        constants(_KNEE_LIMIT),
        constants(_ANKLE),
        constants(_ROTATION),
        constants(_LUMBAR),
        constants(_WHOLE),
        np.array([[number.get(joint + side, -1) for joint in joints] for side in sides], dtype=np.int64).reshape(-1, 4),
        np.array([int(side == "_l") for side in sides], dtype=np.int64),
        np.array([number.get(f"lumbar_{way}", -1) for way in ("extension", "bending", "rotation")]),
        0.5 if half else 1.0,
        1.0 / line_share,
        *_compile_forces(forces, number),
    )


def _compile_forces(forces: Table, number: dict[str, int]) -> tuple[Index, Array]:
    """Coordinates and numbers of the springs and limits of a body."""
    rows = [i for i, name in enumerate(forces.text("coordinate")) if name in number]
    columns = ("upper_stiffness", "upper_limit", "lower_stiffness", "lower_limit", "transition")
    limit = forces.numbers(*columns).reshape(-1, 5)[rows]
    limit[:, 4] = 1.0 / np.maximum(limit[:, 4], _SUDDEN)
    return np.array([number[forces.text("coordinate")[i]] for i in rows], dtype=np.int64), limit


def constants_of(tissue: PassiveTables) -> Array:
    """Every constant of the formulas, in the order of ``CONSTANTS``."""
    return np.concatenate(
        [tissue.hip, tissue.knee, tissue.knee_limit, tissue.ankle, tissue.rotation, tissue.spine, tissue.whole]
    )


@kernel
def passive_force(
    tissue: PassiveTables, acts: bool, more: bool, q: Array, laxity: Array, moment: Array, slope: Array
) -> None:
    """What ``passive_moment`` gives where tissue ``acts``, else what springs and limits of coordinates do alone.

    ``more``: whether something is added to it, so that it must begin at zero.
    """
    if acts:
        passive_moment(tissue, q, laxity, moment, slope)
    elif more or len(tissue.limited) > 0:
        _clear(moment, slope)
        _add_coordinate_forces(tissue, q, moment, slope)


@kernel
def passive_moment(tissue: PassiveTables, q: Array, laxity: Array, moment: Array, slope: Array) -> None:
    """Passive generalised force (coordinate,), N.m, and its derivative (coordinate, coordinate), N.m/rad.

    ``q`` in rad; ``laxity`` (2,) of the right and the left knee in degrees.
    """
    _clear(moment, slope)
    for leg in range(len(tissue.leg)):
        _leg(tissue, leg, q, laxity[tissue.leg_side[leg]], moment, slope)
    if tissue.lumbar[0] >= 0:
        c = tissue.lumbar[0]
        turned = tissue.flexion * q[c] * DEGREE
        x = turned - tissue.spine[4]
        k = tissue.share * select(x < 0.0, tissue.spine[0], tissue.spine[1])
        curve = tissue.share * tissue.spine[5] * exp(tissue.spine[6] * max(-turned, 0.0))
        moment[c] = -k * x + curve - tissue.share * tissue.spine[5]
        slope[c, c] = -(k + select(turned < 0.0, tissue.spine[6] * curve, 0.0)) * tissue.flexion * DEGREE
    for way in (1, 2):
        if tissue.lumbar[way] >= 0:
            c = tissue.lumbar[way]
            k = tissue.share * tissue.spine[1 + way]
            moment[c] = -k * q[c] * DEGREE
            slope[c, c] = -k * DEGREE
    _add_coordinate_forces(tissue, q, moment, slope)


@kernel
def _add_coordinate_forces(tissue: PassiveTables, q: Array, moment: Array, slope: Array) -> None:
    """Add what springs and limits do on their coordinates, N.m or N, and its derivative."""
    for k in range(len(tissue.limited)):
        c = tissue.limited[k]
        upper, upper_slope = _beyond(q[c] - tissue.limit[k, 1], tissue.limit[k, 4])
        lower, lower_slope = _beyond(tissue.limit[k, 3] - q[c], tissue.limit[k, 4])
        moment[c] += tissue.limit[k, 2] * lower - tissue.limit[k, 0] * upper
        slope[c, c] -= tissue.limit[k, 2] * lower_slope + tissue.limit[k, 0] * upper_slope


@kernel
def _beyond(x: float, sharpness: float) -> tuple[float, float]:
    """How far beyond a limit a spring counts as stretched, and its derivative."""
    s = min(max(x * sharpness, 0.0), 1.0)
    part = s * s * s * (10.0 - s * (15.0 - 6.0 * s))
    rate = 30.0 * s * s * (1.0 - s) * (1.0 - s)
    return x * part, part + x * sharpness * rate


@kernel
def _clear(moment: Array, slope: Array) -> None:
    """No moment yet."""
    for c in range(len(moment)):
        moment[c] = 0.0
        for k in range(len(moment)):
            slope[c, k] = 0.0


@kernel
def lumbar_pull(tissue: PassiveTables, q: Array) -> float:
    """Tension (N) with which the tissue behind a flexed lumbar joint presses it together."""
    if tissue.lumbar[0] < 0:
        return 0.0 * q[0]
    flexion = max(-tissue.flexion * q[tissue.lumbar[0]] * DEGREE, 0.0)
    return tissue.spine[5] * (exp(tissue.spine[6] * flexion) - 1.0) / tissue.spine[7]


@kernel
def _leg(tissue: PassiveTables, leg: int, q: Array, laxity: float, moment: Array, slope: Array) -> None:
    hip, turn, knee, ankle = tissue.leg[leg, 0], tissue.leg[leg, 1], tissue.leg[leg, 2], tissue.leg[leg, 3]
    # the published angles: knee flexion and plantarflexion are the negative coordinates
    h = q[hip] * DEGREE
    k, a = 0.0 * h, 0.0 * h
    if knee >= 0:
        k = -q[knee] * DEGREE
    if ankle >= 0:
        a = -q[ankle] * DEGREE
    scale, offset = tissue.whole[0], tissue.whole[1]
    c = tissue.hip
    rise = scale * exp(c[0] + c[1] * k + c[2] * (h + offset))
    fall = scale * exp(c[3] + c[4] * k + c[5] * (h + offset))
    moment[hip] = rise - fall + scale * c[6]
    slope[hip, hip] = (rise * c[2] - fall * c[5]) * DEGREE
    if knee >= 0:
        slope[hip, knee] = -(rise * c[1] - fall * c[4]) * DEGREE
        c, lax = tissue.knee, k + laxity
        rise = scale * exp(c[0] + c[1] * a + c[2] * lax + c[3] * h)
        fall = scale * exp(c[4] + c[5] * a + c[6] * lax + c[7] * h)
        stop = scale * exp(tissue.knee_limit[0] + tissue.knee_limit[1] * lax)
        moment[knee] = -(rise - fall + scale * c[8] + stop)
        slope[knee, knee] = (rise * c[2] - fall * c[6] + stop * tissue.knee_limit[1]) * DEGREE
        slope[knee, hip] = -(rise * c[3] - fall * c[7]) * DEGREE
        if ankle >= 0:
            slope[knee, ankle] = (rise * c[1] - fall * c[5]) * DEGREE

    if ankle >= 0:
        c = tissue.ankle
        rise = scale * exp(c[0] + c[1] * a + c[2] * k)
        fall = scale * exp(c[3] + c[4] * a + c[5] * k)
        moment[ankle] = -(rise - fall + scale * c[6])
        slope[ankle, ankle] = (rise * c[1] - fall * c[4]) * DEGREE
        if knee >= 0:
            slope[ankle, knee] = (rise * c[2] - fall * c[5]) * DEGREE

    stiffness, external, internal, shift, blend = (
        tissue.rotation[0],
        tissue.rotation[1],
        tissue.rotation[2],
        tissue.rotation[3],
        tissue.rotation[4],
    )
    e = -q[turn] * DEGREE
    out, out_slope = _softplus(e - external - shift * h, blend)
    back, back_slope = _softplus(-e - internal + shift * h, blend)
    pull = stiffness * (out - back)
    rate = stiffness * (out_slope + back_slope) * DEGREE
    # pull turns inward; through the shift of the slack range it also flexes
    moment[turn] = pull
    moment[hip] += shift * pull
    slope[turn, turn] = -rate
    slope[turn, hip] = -shift * rate
    slope[hip, turn] = -shift * rate
    slope[hip, hip] += -shift * shift * rate


@kernel
def _softplus(x: float, width: float) -> tuple[float, float]:
    """width * log(1 + exp(x / width)) and its slope, without overflow."""
    s = exp(-abs(x) / width)
    return max(x, 0.0) + width * log1p(s), select(x > 0.0, 1.0, s) / (1.0 + s)
