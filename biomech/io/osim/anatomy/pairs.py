"""Parts that mirror one another: segments, joints, coordinates, muscles."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from biomech.io.osim.anatomy.groups import sideless, stems
from biomech.io.osim.anatomy.neutral import fixed_points
from biomech.io.osim.anatomy.record import Anatomy
from biomech.io.osim.anatomy.tree import MIDLINE, Tree
from biomech.io.osim.description import GROUND

Array = NDArray[np.float64]

#: m that mirror images of paths are apart at most, on average.
_MIRROR = 0.02


def _partners(tree: Tree, found: Anatomy) -> dict[str, str]:
    """Every segment that has a partner, both ways."""
    pairs = {
        name: found.segments[f"{role[:-2]}_l"]
        for role, name in found.segments.items()
        if role.endswith("_r") and f"{role[:-2]}_l" in found.segments
    }
    pairs |= found.bodies
    return pairs | {left: right for right, left in pairs.items()}


def pair_segments(tree: Tree, found: Anatomy) -> None:
    """Segments without a role that mirror one another in place, hung on the same or on mirrored ones; their joints."""
    named = {*found.segments.values()}
    partner = _partners(tree, found)
    for body in tree.outward(GROUND)[1:]:
        if body in named or body in partner or float(tree.pose.origin[body][2]) <= MIDLINE:
            continue
        parent = partner.get(tree.parent[body], tree.parent[body])
        image = tree.pose.origin[body] * (1.0, 1.0, -1.0)
        near = [
            own
            for own in tree.children.get(parent, ())
            if own not in named and own not in partner and np.linalg.norm(tree.pose.origin[own] - image) < _MIRROR
        ]
        if len(near) == 1:
            _pair_bodies(tree, body, near[0], found)
            partner |= {body: near[0], near[0]: body}
        elif near:
            found.unclear.append(f"the mirror partner of {body!r}: {', '.join(map(repr, near))}")
    for right, left in list(_partners(tree, found).items()):
        if tree.pose.origin[right][2] > tree.pose.origin[left][2]:
            _pair_coordinates(tree, right, left, found)


def _pair_bodies(tree: Tree, right: str, left: str, found: Anatomy) -> None:
    found.bodies[right] = left
    found.pair(right, left)
    found.pair(tree.joint_of[right].name, tree.joint_of[left].name)


def _pair_coordinates(tree: Tree, right: str, left: str, found: Anatomy) -> None:
    """Coordinates without a role of two joints that mirror each other, in the order in which the joints have them."""
    known = {*found.coordinates.values()}
    ours, theirs = ([own.name for own in tree.joint_of[body].coordinates] for body in (right, left))
    if len(ours) == len(theirs):
        for a, b in zip(ours, theirs, strict=True):
            if not known & {a, b}:
                found.pair(a, b)


def pair_muscles(tree: Tree, found: Anatomy) -> None:
    """Muscles that mirror one another: through the same or mirrored segments, the nearest in the mirror first.

    Of muscles that lie in one place it is those that are as strong and long as each other, then those that are called
    alike, else those that come first in the file.
    """
    size = {
        own.name: (own.max_isometric_force, own.optimal_fiber_length, own.tendon_slack_length, own.pennation_angle)
        for own in tree.description.muscles
    }
    points, partner = fixed_points(tree.description, tree.pose), _partners(tree, found)
    right = [name for name, own in points.items() if _side(own) > 0]
    left = [name for name, own in points.items() if _side(own) < 0]
    near = []
    for i, ours in enumerate(right):
        for j, theirs in enumerate(left):
            apart = _apart(points[ours], points[theirs], partner)
            if apart <= _MIRROR:
                near.append((round(apart, 9), size[ours] != size[theirs], _unlike_names(ours, theirs), i, j))
    taken: set[str] = set()
    for *_, i, j in sorted(near):
        if not {right[i], left[j]} & taken:
            found.pair(right[i], left[j])
            taken |= {right[i], left[j]}


def _side(points: list[tuple[str, Array]]) -> int:
    z = np.array([place[2] for _, place in points])
    return 0 if not len(z) or abs(float(z.mean())) < MIDLINE else int(np.sign(z.mean()))


def _apart(own: list[tuple[str, Array]], other: list[tuple[str, Array]], partner: Mapping[str, str]) -> float:
    """How far (m) a path is from the mirror image of another, by their ends; infinity through other segments."""
    ends = [(own[0], other[0]), (own[-1], other[-1])]
    if any(partner.get(a[0], a[0]) != b[0] for a, b in ends):
        return float("inf")
    paths = ends if len(own) != len(other) else list(zip(own, other, strict=True))
    return float(np.mean([np.linalg.norm(a[1] * (1.0, 1.0, -1.0) - b[1]) for a, b in paths]))


def _unlike_names(right: str, left: str) -> int:
    """0 where one name is the other but for its side, 1 where it is but for that and numbers, else 2."""
    alike = ({*way(right)} & {*way(left)} for way in (sideless, stems))
    return next((place for place, both in enumerate(alike) if both), 2)
