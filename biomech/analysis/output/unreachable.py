"""Why a posture cannot be taken: which foot or joint misses what, by how many millimetres or degrees, and a way out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech.analysis.output.remedy import suggest
from biomech.model.compiled import CompiledModel
from biomech.model.geometry import kinematics
from biomech.model.model import Model
from biomech.pipeline.stance_batch import StanceBatch, pose_of, reachable
from biomech.stance.parameters import SUPPORTS, WITH_POLICY
from biomech.stance.stance import Stance
from biomech.statics.ground import ball_points
from biomech.statics.posture import PostureSolution, constraint_layout, ranges, solve_posture
from biomech.statics.posture_newton import CLOSED, DIRECTION

Array = NDArray[np.float64]

#: Whatever the status, where there are no numbers to speak of.
OVERFLOW = "the numbers of this posture overflow; a parameter of the model is far from that of any body"


class _Miss(NamedTuple):
    """What it means that a condition is missed upwards (or forwards, or to the right), and the other way."""

    more: str
    less: str
    is_angle: bool = False


#: Every condition of ``statics.posture`` by its label, ``{}`` being the amount. A direction misses by an angle, a point
#: by a distance.
MISSES = {
    "the {side} sole is level along the foot": _Miss(
        "{whose} sole stays off by {}, its heel too high", "{whose} sole stays off by {}, its toes too high", True
    ),
    "the {side} sole is level across the foot": _Miss(
        "{whose} sole stays off by {}, its left edge too high",
        "{whose} sole stays off by {}, its right edge too high",
        True,
    ),
    "foot_rotation of the {side} foot": _Miss(
        "{whose} foot stays off its foot_rotation by {}, turned to the right of it",
        "{whose} foot stays off its foot_rotation by {}, turned to the left of it",
        True,
    ),
    "the {side} sole is on the floor": _Miss(
        "{whose} sole stays off by {}, above {ground}", "{whose} sole stays off by {}, below {ground}"
    ),
    "stance_width at the {side} ankle": _Miss(
        "{whose} ankle stays off by {}, to the right of where stance_width puts it",
        "{whose} ankle stays off by {}, to the left of where stance_width puts it",
    ),
    "the {side} ankle is beside the other, or its step ahead": _Miss(
        "{whose} foot stays off by {}, ahead of its place", "{whose} foot stays off by {}, behind its place"
    ),
    "the inner end of the {side} ball is on the floor": _Miss(
        "{whose} ball stays off by {}, its inner end above the floor",
        "{whose} ball stays off by {}, its inner end below the floor",
    ),
    "the outer end of the {side} ball is on the floor": _Miss(
        "{whose} ball stays off by {}, its outer end above the floor",
        "{whose} ball stays off by {}, its outer end below the floor",
    ),
    "stance_width at the {side} foot": _Miss(
        "{whose} foot stays off by {}, to the right of where stance_width puts it",
        "{whose} foot stays off by {}, to the left of where stance_width puts it",
    ),
    "step_length at the {side} foot": _Miss(
        "{whose} foot stays off by {}, ahead of where step_length puts it",
        "{whose} foot stays off by {}, behind where step_length puts it",
    ),
    "weight_shift": _Miss(
        "the weight stays off by {}, ahead of where weight_shift puts it",
        "the weight stays off by {}, behind where weight_shift puts it",
    ),
    "the weight is balanced sideways": _Miss(
        "the weight stays off by {}, to the right of where the feet bear it",
        "the weight stays off by {}, to the left of where the feet bear it",
    ),
    "seat_height under the tuberosities": _Miss(
        "the pelvis stays off by {}, above the seat", "the pelvis stays off by {}, below the seat"
    ),
    "the pelvis is level on the seat": _Miss(
        "the pelvis stays off by {}, its right side too high",
        "the pelvis stays off by {}, its left side too high",
        True,
    ),
    "trunk_lean": _Miss(
        "the trunk stays off its trunk_lean by {}, further forward",
        "the trunk stays off its trunk_lean by {}, further back",
        True,
    ),
    "trunk_side_lean": _Miss(
        "the trunk stays off its trunk_side_lean by {}, further to the right",
        "the trunk stays off its trunk_side_lean by {}, further to the left",
        True,
    ),
    "the trunk does not turn": _Miss(
        "the trunk stays off by {}, turned to the right of the pelvis",
        "the trunk stays off by {}, turned to the left of the pelvis",
        True,
    ),
}
#: A second condition is told too, where it is missed by this part of the worst.
_ALSO = 0.5
#: deg: angles that are tried where a policy finds none.
_NODES = {
    "pelvic_tilt": np.arange(-15.0, 26.0, 5.0),
    "trunk_lean": np.arange(-30.0, 31.0, 5.0),
    "knee_flexion": np.arange(-10.0, 31.0, 5.0),
}


def explain_unreachable(model: Model, batch: StanceBatch, stance: Stance) -> str:
    """What keeps the one posture of a stance from being taken, and what would let it."""
    known = stance.take(np.array([0]), **{name: np.nan_to_num(stance.values[name]) for name in WITH_POLICY})
    for name, (code, policies) in WITH_POLICY.items():
        if np.isnan(stance.values[name]).any():
            rule = policies[getattr(stance, code)[0]]
            return f"{name} = {rule!r}: no angle was found, {_on_the_way(model, batch, known, name)}"
    return _explain_unreachable(model, batch, known)


def _on_the_way(model: Model, batch: StanceBatch, stance: Stance, name: str) -> str:
    """Which postures are missing where a policy looked for an angle: the nearest to zero is explained."""
    nodes = _NODES[name]
    many = stance.take(np.zeros(len(nodes), dtype=np.int64))
    values = many.values[name]
    many.values[name] = nodes if values.ndim == 1 else np.where(np.isnan(values), 0.0, nodes[:, None])
    lost = np.flatnonzero(~reachable(model, batch.compiled, solve_posture(model, batch.compiled, many, batch.support)))
    if not lost.size:
        return "postures are missing where it would be"
    i = int(lost[np.abs(nodes[lost]).argmin()])
    where = "at all angles" if lost.size == len(nodes) else f"from {nodes[lost[0]]:g} to {nodes[lost[-1]]:g} deg"
    one = many.take(np.array([i]))
    at_node = _explain_unreachable(model, batch, one, frozenset({name}))
    return f"postures are missing {where}; at {nodes[i]:g} deg {at_node}"


def _explain_unreachable(model: Model, batch: StanceBatch, stance: Stance, fixed: frozenset[str] = frozenset()) -> str:
    """The same where all angles are known; ``fixed`` parameters are not to be changed."""
    postures = solve_posture(model, batch.compiled, stance, batch.support)
    if not np.isfinite(postures.residual).all() or not np.isfinite(postures.coordinates).all():
        return OVERFLOW
    policies = {name for name, (code, _) in WITH_POLICY.items() if getattr(stance, code)[0] >= 0}
    way_out = suggest(model, batch, stance, fixed | policies)
    return f"{_what_is_missed(model, batch, postures)}; {way_out}"


def _what_is_missed(model: Model, batch: StanceBatch, postures: PostureSolution) -> str:
    if not postures.closed[0]:
        return f"the chain does not close: {_missed_conditions(model, batch, postures)}"
    if not postures.sound[0]:
        return f"the chain closes only the wrong way round: {_wrong_way(batch, postures.coordinates)}"
    return _beyond_range(model, batch.compiled, postures.coordinates[0])


def _missed_conditions(model: Model, batch: StanceBatch, postures: PostureSolution) -> str:
    """The condition that is missed most, and another that is missed as well."""
    size = np.abs(postures.residual[0])
    # to five digits, so that rounding does not say which of two that are missed alike comes first
    order = np.argsort([-float(f"{missed:.5g}") for missed in size], kind="stable")
    told = [k for k in order[:2] if size[k] >= max(_ALSO * size[order[0]], CLOSED)]
    tables = constraint_layout(model, batch.compiled, batch.support).tables
    angles = [bool((tables.kind[tables.owner == k] == DIRECTION).all()) for k in told]
    residuals = [float(postures.residual[0, k]) for k in told]
    return ", and ".join(
        _told(batch, postures.labels[k], left, is_angle)
        for k, left, is_angle in zip(told, residuals, angles, strict=True)
    )


def _told(batch: StanceBatch, label: str, left: float, is_angle: bool = False) -> str:
    """One missed condition in words; a half body's right foot stands for each of the two.

    That of a support from outside is told by its label; ``is_angle`` says what it is measured by.
    """
    side = next((word for word in ("right", "left") if f"the {word} " in label), "")
    other = _Miss(f"{label}: {{}} too much", f"{label}: {{}} too little", is_angle)
    miss = MISSES.get(label.replace(f"the {side} ", "the {side} ") if side else label, other)
    words = miss.more if left > 0.0 else miss.less
    if batch.compiled.half:
        for word, meant in _EACH.items():
            words = words.replace(word, meant)
    step = SUPPORTS[batch.support] == "step" and side == "right"
    words = words.replace("{whose}", f"the {side}").replace("{ground}", "its step" if step else "the floor")
    return words.replace("{}", degrees_of(left) if miss.is_angle else millimetres(left))


#: What is the right foot's of one body, of each foot.
_EACH = {
    "{whose}": "each",
    "to the right of": "outward of",
    "to the left of": "inward of",
    "right edge": "outer edge",
    "left edge": "inner edge",
}


def degrees_of(sine: float) -> str:
    """An amount in degrees."""
    return f"{np.degrees(np.arcsin(min(abs(sine), 1.0))):.2g} deg"


def millimetres(length: float) -> str:
    """An amount in millimetres, to 1 mm or two digits."""
    size = 1e3 * abs(length)
    return f"{size:.0f} mm" if size >= 10.0 else f"{size:.2g} mm"


def _wrong_way(batch: StanceBatch, coordinates: Array) -> str:
    """Which leg is turned inside out, or where the hips are (the rules of ``closing``)."""
    compiled, seated = batch.compiled.in_roles, SUPPORTS[batch.support] == "seat"
    at = kinematics(compiled, pose_of(compiled, coordinates)).origin[0]
    feet = [side for side in ("r", "l") if f"femur_{side}" in compiled.segments and _stands(batch, side)]
    lines = {side: at.sel(segment=f"femur_{side}").values - at.sel(segment=f"talus_{side}").values for side in feet}
    for side, line in lines.items():
        if line[1] <= 0.0:
            return f"the {_SIDE[side]} hip would be {millimetres(line[1])} below its ankle"
    behind = float(np.mean([line[0] for line in lines.values()]))
    if seated and behind >= 0.0:
        return f"the hips would be {millimetres(behind)} in front of the ankles, not behind them as on a seat"
    for side in (foot[1:] for foot in SUPPORTS.word(SUPPORTS[batch.support]).raised):
        heel = _heel_below(compiled, coordinates, side, "l" if side == "r" else "r")
        if heel > 0.0:
            return f"the {_SIDE[side]} heel would be {millimetres(heel)} below the floor"
    side, past = max(
        ((side, _folded(compiled, coordinates, side, line)) for side, line in lines.items()), key=lambda p: p[1]
    )
    return f"the {_SIDE[side]} leg would be folded over, {past:.2g} deg past where it lies along both axes of its ankle"


def _heel_below(compiled: CompiledModel, coordinates: Array, side: str, flat: str) -> float:
    """How far (m) the heel of a foot on its ball is below the floor that the other foot lies on."""
    at = kinematics(compiled, pose_of(compiled, coordinates)).rotation[0]
    foot = 1 + compiled.segments.index(f"calcn_{side}")
    reach = float(compiled.contact.local[ball_points(compiled.contact, foot), 0].mean())
    return reach * float(at.sel(segment=f"calcn_{side}").values[:, 0] @ at.sel(segment=f"calcn_{flat}").values[:, 1])


def _folded(compiled: CompiledModel, coordinates: Array, side: str, line: Array) -> float:
    """How far (deg) the line from ankle to hip has passed the plane of the ankle's and the subtalar axis.

    The axes are those about which the foot turns with a small change of either joint.
    """
    moved = np.repeat(coordinates[:1], 3, axis=0)
    for row, joint in enumerate(("ankle_angle", "subtalar_angle"), start=1):
        moved[row, compiled.coordinates.index(f"{joint}_{side}")] += 1e-3
    turn = kinematics(compiled, pose_of(compiled, moved)).rotation.sel(segment=f"calcn_{side}").values
    axes = [_axis(turn[row] @ turn[0].T) for row in (1, 2)]
    normal = np.cross(axes[0], axes[1])
    sense = float(line @ normal) / float(np.linalg.norm(line) * np.linalg.norm(normal))
    return -float(np.degrees(np.arcsin(np.clip(sense if side == "r" else -sense, -1.0, 1.0))))


def _axis(turn: Array) -> Array:
    """About which a rotation turns, not of unit length."""
    return np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])


_SIDE = {"r": "right", "l": "left"}


def _stands(batch: StanceBatch, side: str) -> bool:
    return SUPPORTS[batch.support] not in {"r": ("left",), "l": ("right",)}[side]


def _beyond_range(model: Model, compiled: CompiledModel, q: Array) -> str:
    """The joint that would pass its range by most."""
    least, most = ranges(model, compiled, "range")
    beyond = np.maximum(least - q, q - most)
    turns = compiled.is_rotation
    worst = int(np.where(turns, np.degrees(beyond), 1e3 * beyond).argmax())
    scale, unit = (180.0 / np.pi, "deg") if turns[worst] else (1e3, "mm")
    own, first, last = (float(compiled.counted(values)[worst]) for values in (q, least, most))
    would, low, high, past = scale * np.array([own, min(first, last), max(first, last), beyond[worst]])
    return (
        f"{compiled.names.coordinates[worst]} would be {would:.1f} {unit}; the joint allows {low:g}..{high:g} {unit}, "
        f"that is {past:.2g} {unit} too far"
    )
