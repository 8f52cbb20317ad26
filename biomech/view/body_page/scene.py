"""What is drawn of an answer: segments, paths of muscles, soles, supports, forces, the line of gravity.

What does not change from posture to posture is said once, in the segments' axes; of each posture there are the place
and the direction of every segment, and the numbers. Segments, joints and coordinates go by their roles, whatever a body
calls them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from biomech.model.geometry import pose_muscles
from biomech.model.mechanics.path_points import CONDITIONAL, MOVING
from biomech.model.mirror import side_of
from biomech.model.model import Model
from biomech.view.body_page.answer import Answer
from biomech.view.body_page.changing_paths import ON_ARC, describe_wraps, moving_points, place_paths
from biomech.view.body_page.figure import figure_of
from biomech.view.body_page.packing import rounded

Array = NDArray[np.float64]

#: Smallest step of a drawn place, m, and of a direction's quaternion.
PLACE, TURN = 1e-4, 1.0 / 32767.0
#: Smallest step of an angle that is read, deg.
ANGLE = 0.1
#: Angles at which a sliding point is told.
_SLIDING = 41


def describe_body(model: Model) -> dict[str, Any]:
    """What is drawn of a body whatever its posture; lengths in m, in the segments' axes."""
    ends = _ends(model)
    return {
        "segments": list(model.compiled().segments),
        **figure_of(model, ends),
        "muscles": _paths(model),
        "onArc": ON_ARC,
        "joints": _joints(model),
        "soles": _contacts(model, "sole"),
        "seat": _contacts(model, "seat"),
        "trusted": _trusted(model),
        "turns": [bool(own) for own in model.compiled().is_rotation],
        "moves": _moved(model),
    }


def place_body(answer: Answer) -> dict[str, NDArray[Any]]:
    """Of every posture: ``place`` (segment, axis), ``turn`` (segment, quaternion), ``centre`` (axis) and ``angle``."""
    model, angle = answer.model, answer.angle
    there = np.asarray(np.isfinite(angle).all(axis=1))
    follow = (
        model.compiled().tree.couplers.dependent
    )  # wherever the others lead them, in postures that are not there too
    given = {name: angle[:, i] for i, name in enumerate(model.coordinates) if i not in follow}
    posed = model.kinematics({name: np.where(there, own, 0.0) for name, own in given.items()})
    origin, rotation = posed["origin"].values, posed["rotation"].values
    turn = Rotation.from_matrix(rotation.reshape(-1, 3, 3)).as_quat().reshape(*origin.shape[:2], 4)
    turn = np.where(turn[..., 3:] < 0.0, -turn, turn)
    centre = _centre(answer, posed["body_centre"].values, origin, rotation)
    found = {"place": rounded(origin, PLACE), "turn": rounded(turn, TURN), "centre": rounded(centre, PLACE)}
    for own in found.values():
        own[~there] = rounded(np.array(np.nan), PLACE)
    arcs = place_paths(model, angle, there, PLACE)
    return {**found, **arcs, "angle": rounded(model.compiled().counted(angle), ANGLE)}


def _centre(answer: Answer, centre: Array, origin: Array, rotation: Array) -> Array:
    """Centre of all that weighs (posture, axis): arms that hang do not turn with the trunk, and a load weighs too."""
    model, how = answer.model, answer.asked("arms")
    compiled = model.compiled()
    if how is None or "torso" not in compiled.segments:
        return centre
    torso, arms = compiled.segments.index("torso"), compiled.arms
    drop = np.array([0.0, -arms.drop, 0.0])
    hanging = arms.mass * (how != "fixed")
    moment = model.body_mass * centre + hanging[:, None] * (drop - rotation[:, torso] @ drop)
    total = np.full(len(centre), model.body_mass)
    load, at = answer.asked("load_mass"), answer.load_position
    if load is not None and at is not None:
        place = origin[:, torso] + np.einsum("pij,pj->pi", rotation[:, torso], at)
        moment, total = moment + load[:, None] * place, total + load
    return np.asarray(moment / total[:, None])


def floor_of(answer: Answer) -> NDArray[Any]:
    """Slopes of the floor of every posture, deg: uphill, and right side lower."""
    asked = [answer.asked(name) for name in ("slope", "cross_slope")]
    return np.stack(
        [np.zeros(len(answer)) if own is None else np.asarray(own, dtype=np.float64) for own in asked], axis=1
    )


def _ends(model: Model) -> dict[str, list[tuple[str, Array]]]:
    """Of each segment those that it carries, and where, at the neutral pose."""
    posed, segments = model.kinematics(), model.compiled().segments
    origin = dict(zip(segments, posed["origin"].values[0], strict=True))
    rotation = dict(zip(segments, posed["rotation"].values[0], strict=True))
    found: dict[str, list[tuple[str, Array]]] = {name: [] for name in segments}
    joints = model.tables_by_role["joints"]
    for parent, child in zip(joints.text("parent"), joints.text("child"), strict=True):
        if parent in found:
            found[parent].append((child, rotation[parent].T @ (origin[child] - origin[parent])))
    return found


def _paths(model: Model) -> list[dict[str, Any]]:
    """Each muscle: name, groups, side, and its points: segment (-1: ground), place, what switches or moves it."""
    compiled = model.compiled()
    paths = compiled.paths
    groups = {muscle: [name for name, own in model.groups.items() if muscle in own] for muscle in model.muscles}
    sliding, moved = _sliding(model), moving_points(model)
    found, wraps = [], describe_wraps(model)
    roles = model.role_names.by_role["muscles"]
    for i, name in enumerate(model.muscles):
        points: list[dict[str, Any]] = []
        for p in range(paths.start[i], paths.start[i + 1]):
            point: dict[str, Any] = {
                "on": int(paths.segment[p]) - 1,
                "at": [round(float(x), 5) for x in paths.local[p]],
            }
            if paths.kind[p] == CONDITIONAL:
                low, high = np.degrees(paths.active[p])
                point |= {"by": int(paths.coordinate[p]), "from": round(float(low), 3), "to": round(float(high), 3)}
            elif paths.kind[p] == MOVING:
                point |= {"by": int(paths.coordinate[p]), "slide": sliding[p]}
            elif p in moved:
                point |= {"moved": moved[p]}
            points.append(point)
        own: dict[str, Any] = {"name": name, "side": side_of(roles[name]), "groups": groups[name], "points": points}
        found.append(own | ({"wraps": wraps[name]} if name in wraps else {}))
    return found


def _sliding(model: Model) -> dict[int, list[Any]]:
    """Where each moving point is on its segment: the first angle (deg), the step, and x, y, z at every step."""
    compiled = model.compiled()
    paths = compiled.paths
    found: dict[int, list[Any]] = {}
    table = model.tables_by_role["coordinates"]
    for p in np.flatnonzero(paths.kind == MOVING):
        name = compiled.coordinates[int(paths.coordinate[p])]
        row = table.index(name)
        low, high = (float(table.numbers(end)[row]) for end in ("range_min", "range_max"))
        segment = int(paths.segment[p])
        places = []
        for angle in np.linspace(low, high, _SLIDING):
            q = np.zeros(len(compiled.coordinates))
            q[int(paths.coordinate[p])] = np.radians(angle)
            frames, state = pose_muscles(compiled, q)
            local = frames.rotation[segment].reshape(3, 3).T @ (state.position[p] - frames.origin[segment])
            places.append([round(float(x), 5) for x in local])
        found[int(p)] = [low, (high - low) / (_SLIDING - 1), places]
    return found


def _joints(model: Model) -> list[dict[str, Any]]:
    """Joints whose force is told: name, the segment that it acts on, and that in whose axes it is told."""
    joints, compiled = model.tables_by_role["joints"], model.compiled()
    child = dict(zip(joints.rows, joints.text("child"), strict=True))
    place = compiled.segments.index
    return [{"name": own.label, "on": place(child[own.joint]), "axes": place(own.segment)} for own in compiled.reported]


def _contacts(model: Model, surface: str) -> list[dict[str, Any]]:
    """Points by which segments stand or sit: an outline for each."""
    table = model.tables_by_role["contact_points"]
    places = table.numbers("x", "y", "z")
    found: dict[str, list[Array]] = {}
    for i, (segment, own) in enumerate(zip(table.text("segment"), table.text("surface"), strict=True)):
        if own == surface:
            found.setdefault(segment, []).append(places[i])
    return [
        {
            "on": model.compiled().segments.index(segment),
            "outline": [[round(float(x), 5) for x in at] for at in _around(own)],
        }
        for segment, own in found.items()
    ]


def _around(points: list[Array]) -> list[Array]:
    """Points in the order in which one walks around them, seen from above."""
    middle = np.mean(points, axis=0)
    return sorted(points, key=lambda at: float(np.arctan2(at[2] - middle[2], at[0] - middle[0])))


def _trusted(model: Model) -> list[list[float]]:
    """Range of every coordinate in which the geometry is trusted, deg and m."""
    table = model.tables_by_role["coordinates"]
    low, high = (dict(zip(table.rows, table.numbers(end), strict=True)) for end in ("trusted_min", "trusted_max"))
    return [[float(low[name]), float(high[name])] for name in model.compiled().coordinates]


def _moved(model: Model) -> list[int]:
    """The segment that each coordinate moves first."""
    joints, table = model.tables_by_role["joints"], model.tables_by_role["coordinates"]
    child = dict(zip(joints.rows, joints.text("child"), strict=True))
    joint = dict(zip(table.rows, table.text("joint"), strict=True))
    compiled = model.compiled()
    return [compiled.segments.index(child[joint[name]]) for name in compiled.coordinates]
