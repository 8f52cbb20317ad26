"""Which role a coordinate has: by the axis about or along which it moves its joint most."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from biomech.io.osim.anatomy.record import Anatomy
from biomech.io.osim.anatomy.tree import Tree
from biomech.io.osim.description import Joint

Array = NDArray[np.float64]

#: Rate at which a coordinate turns about the axis of its role.
RATES = (0.5, 1.5)


def name_coordinates(
    tree: Tree, joints: list[Joint], roles: Mapping[str, tuple[str, int]], side: str, found: Anatomy
) -> None:
    """Roles of the coordinates of joints: each that of the axis along which it moves them most.

    Of all ways to hand the roles out it is the one that follows the axes best.
    """
    names = tree.moving(joints)
    if not names:
        return
    mirrored = -1.0 if side == "_l" else 1.0
    rate = np.zeros((len(names), len(roles)))
    for i, name in enumerate(names):
        for k, (motion, axis) in enumerate(roles.values()):
            own = tree.pose.turns[name] if motion == "turn" else tree.pose.slides[name]
            if motion == "slide" and np.linalg.norm(tree.pose.turns[name]) > 1e-6:
                continue  # what turns does not slide
            rate[i, k] = own[axis] * (mirrored if motion == "turn" and axis != 2 else 1.0)
    given = _best(np.abs(rate))
    for i, name in enumerate(names):
        k = given.get(i, -1)
        if k < 0 or not RATES[0] <= abs(rate[i, k]) <= RATES[1]:
            found.unclear.append(f"what coordinate {name!r} does at its joint")
            continue
        role = f"{list(roles)[k]}{side}"
        found.coordinates[role] = name
        if rate[i, k] < 0.0:
            found.signs[role] = -1.0


def _best(rate: Array) -> dict[int, int]:
    """Row to column, each once, with the largest sum."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(-rate)
    return {int(i): int(k) for i, k in zip(rows, columns, strict=True)}
