"""How the bodies of a description hang on one another, and where they are at the neutral pose."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from biomech.io.osim.anatomy.neutral import NeutralPose, fixed_points
from biomech.io.osim.description import GROUND, Joint, OsimModel

Array = NDArray[np.float64]

#: m from the midline within which a body's side cannot be told by its place.
MIDLINE = 0.005


class Tree:
    """How bodies hang on one another."""

    def __init__(self, description: OsimModel, pose: NeutralPose) -> None:
        self.description, self.pose = description, pose
        self.joint_of: dict[str, Joint] = {}
        self.centre = pose.centre
        self.parent: dict[str, str] = {}
        self.children: dict[str, list[str]] = {GROUND: []}
        for place in description.tree:
            joint = description.joints[place]
            ends = (joint.parent.body, joint.child.body)
            parent, child = ends[::-1] if joint.reversed else ends
            self.joint_of[child], self.parent[child] = joint, parent
            self.children.setdefault(parent, []).append(child)
            self.children.setdefault(child, [])
        self.mass = {own.name: own.mass for own in description.bodies}
        self.reach = _points_of(description, pose)
        self.couplers = [own for own in description.couplers if own.enforced]
        self.dependent = {own.dependent for own in self.couplers}
        self._lowest, self._count = self._reach_down()

    def _reach_down(self) -> tuple[dict[str, float], dict[str, int]]:
        """How low what hangs on each body comes, and how many bodies that are: from the outermost inward."""
        low = {body: float(centre[1]) for body, centre in self.centre.items()}
        count = dict.fromkeys(low, 1)
        for body in reversed(self.outward(GROUND)[1:]):
            parent = self.parent[body]
            if parent != GROUND:
                low[parent] = min(low[parent], low[body])
                count[parent] += count[body]
        return low, count

    def outward(self, body: str) -> list[str]:
        """A body and all that hangs on it, each after what it hangs on."""
        found, waiting = list[str](), [body]
        while waiting:
            found.append(waiting.pop())
            waiting.extend(reversed(self.children[found[-1]]))
        return found

    def lowest(self, body: str) -> float:
        """How low what hangs on a body comes, by its joints."""
        return self._lowest[body]

    def count(self, body: str) -> int:
        """How many bodies a body and all that hangs on it are."""
        return self._count[body]

    def moving(self, joints: Iterable[Joint]) -> list[str]:
        """Coordinates of joints that follow no others."""
        return [own.name for joint in joints for own in joint.coordinates if own.name not in self.dependent]


def _points_of(description: OsimModel, pose: NeutralPose) -> dict[str, list[Array]]:
    """What is known to be on each body: its origin, its centre, ends of muscles, markers; in ground."""
    found = {body: [origin] for body, origin in pose.origin.items()}
    for own in description.bodies:
        found[own.name].append(pose.place(own.name, own.mass_center))
    for marker in description.markers:
        found[marker.body].append(pose.place(marker.body, marker.location))
    for points in fixed_points(description, pose).values():
        for body, place in points:
            found[body].append(place)
    return found
