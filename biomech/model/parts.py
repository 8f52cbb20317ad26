"""Parts of the body, trunk to foot: which segments they are, along which axis they are long, and how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech.errors import ModelError
from biomech.model.compiled import compile_model
from biomech.model.geometry import segment_frames
from biomech.model.proportions import joint_places
from biomech.model.roles import bare
from biomech.model.tables import Table

Array = NDArray[np.float64]
Tables = Mapping[str, Table]


class Part(NamedTuple):
    """A part of the body: the segments that it is made of (without their side), its long axis, where it ends."""

    segments: tuple[str, ...]
    axis: str
    ends: str


#: Its length is the mean of both sides', along the axis of its own frame, in the neutral pose.
PARTS = {
    "trunk": Part(("torso",), "y", "L5/S1 to the height of the shoulder (settings/shoulder_y)"),
    "pelvis": Part(("pelvis",), "z", "hip centre to hip centre"),
    "thigh": Part(("femur",), "y", "hip centre to knee centre"),
    "shank": Part(("tibia",), "y", "knee centre to ankle centre"),
    "foot": Part(("talus", "calcn", "toes"), "x", "rearmost to foremost point of the sole"),
}
#: Of a part that ends in joints, the part that hangs on it.
_CARRIES = {"pelvis": "thigh", "thigh": "shank", "shank": "foot"}
#: Tables that place joints in ways that ``joints`` and ``couplings`` alone do not tell.
_PLACING = frozenset({"joint_frames", "transform_rows"})
#: deg that the axis of a part's own frame may be off the body's in the neutral pose.
_ASKEW = 25.0


def part_of(segment: str) -> str | None:
    """The part of the body that a segment belongs to; none where it is no part of ``PARTS``."""
    return next((name for name, part in PARTS.items() if bare(segment) in part.segments), None)


def part_length(tables: Tables, part: str) -> float:
    """Length (m) of a part of the body, the mean of both sides'; 0 where there is none.

    Raises
    ------
    ModelError
        The frame of one of its segments lies so that no axis of it is the part's long one.
    """
    if part == "trunk":
        return tables["settings"].value("shoulder_y")
    if part == "foot":
        return _sole_length(tables["contact_points"])
    own = _spans_by_rows(tables, part) if _PLACING & {*tables} else _spans(tables, part)
    whole = 2.0 if part == "pelvis" else 1.0  # from the midline to each hip is half of it
    return whole * float(np.mean(own)) if own else 0.0


def _sole_length(contacts: Table) -> float:
    places: dict[str, list[float]] = {}
    for segment, surface, x in zip(
        contacts.text("segment"), contacts.text("surface"), contacts.numbers("x"), strict=True
    ):
        if surface == "sole" and part_of(segment) == "foot":
            places.setdefault(segment, []).append(float(x))
    return float(np.mean([max(own) - min(own) for own in places.values()])) if places else 0.0


def _ends(tables: Tables, part: str) -> list[tuple[int, str, str]]:
    """Joints at the far ends of a part: each its row, the part's segment and the one that hangs on it."""
    joints, carried = tables["joints"], _CARRIES[part]
    rows = enumerate(zip(joints.text("parent"), joints.text("child"), strict=True))
    return [(i, near, far) for i, (near, far) in rows if part_of(near) == part and part_of(far) == carried]


def _spans(tables: Tables, part: str) -> list[float]:
    """How far each such joint is along the part's axis from where the part's own frame stands: in its near joint."""
    places = joint_places(tables)[:, "xyz".index(PARTS[part].axis)]
    return [abs(float(places[i])) for i, _, _ in _ends(tables, part)]


def _spans_by_rows(tables: Tables, part: str) -> list[float]:
    """The same where joints have frames and rows of their own: between joint centres in the neutral pose.

    What hangs on a part may do so over segments between (a hip of three joints): it ends in the first of those joints.
    """
    compiled = compile_model(tables, half=False)
    rotation, origin = segment_frames(compiled, np.zeros((1, len(compiled.coordinates))))
    segments, axis = ("ground", *compiled.segments), "xyz".index(PARTS[part].axis)
    joints = tables["joints"]
    parent = dict(zip(joints.text("child"), joints.text("parent"), strict=True))
    joint = dict(zip(joints.text("child"), joints.rows, strict=True))

    def centre(segment: str) -> Array:
        """Of the joint that carries a segment, in ground."""
        i = segments.index(segment)
        return np.asarray(origin[0, i] + rotation[0, i] @ joint_in_child(tables, joint[segment]))

    spans = []
    for far in joints.text("child"):
        if part_of(far) != _CARRIES[part]:
            continue
        first, near = far, parent[far]
        while near != "ground" and part_of(near) is None:
            first, near = near, parent[near]
        if near == "ground" or part_of(near) != part:
            continue
        i = segments.index(near)
        along = rotation[0, i][:, axis]
        _check_upright(part, near, float(along[axis]))
        start = origin[0, i] if part == "pelvis" else centre(near)
        spans.append(abs(float(along @ (centre(first) - start))))
    return spans


def joint_in_child(tables: Tables, joint: str) -> Array:
    """Where (3,) a joint's centre is in the frame of the segment that it carries, m."""
    frames = tables.get("joint_frames")
    if frames is None or joint not in frames.rows:
        return np.zeros(3)
    return np.asarray(frames.numbers("child_x", "child_y", "child_z").reshape(-1, 3)[frames.index(joint)])


def _check_upright(part: str, segment: str, cosine: float) -> None:
    if abs(cosine) < np.cos(np.radians(_ASKEW)):
        off = np.degrees(np.arccos(min(abs(cosine), 1.0)))
        raise ModelError(
            f"lengths[{part!r}]: the {PARTS[part].axis} axis of segment {segment!r}, along which it grows, is "
            f"{off:.0f} deg off the body's in the neutral pose: must be at most {_ASKEW:g}"
        )
