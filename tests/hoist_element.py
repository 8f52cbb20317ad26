"""Force elements of somebody else's, outside the package: a hoist that unloads the trunk, and a spring at the knee."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from biomech._kernels import kernel
from biomech.model.forces.base import ForceElement, segment_place
from biomech.model.forces.outside import add_couple, add_force
from biomech.model.mechanics.tree import point, rotate


@dataclass(frozen=True)
class Hoist(ForceElement):
    """A rope from above to a point of the trunk: ``force`` N where the point is at ``height`` m, less above it."""

    force: float
    x: float = 0.0
    y: float = 0.2
    height: float = 0.0
    stiffness: float = 0.0
    is_symmetric: ClassVar[bool] = True

    def numbers(self, body):
        share = 0.5 if body.half else 1.0
        return segment_place(body, "torso"), self.x, self.y, share * self.force, self.height, share * self.stiffness


@kernel
def hoist(numbers, first, q, frames, out):
    s, x, y = int(numbers[first]), numbers[first + 1], numbers[first + 2]
    _, at, _ = point(frames, s, x, y, 0.0)
    tension = numbers[first + 3] - numbers[first + 5] * (at - numbers[first + 4])
    add_force(frames, s, x, y, 0.0, 0.0 * at, tension, 0.0 * at, out)


@dataclass(frozen=True)
class KneeSpring(ForceElement):
    """A spring along the right knee (N.m/rad), slack where it is straight; on one side alone."""

    stiffness: float

    def numbers(self, body):
        places = segment_place(body, "femur_r"), segment_place(body, "tibia_r"), body.coordinates.index("knee_angle_r")
        return *places, self.stiffness


@kernel
def knee_spring(numbers, first, q, frames, out):
    thigh, shank, knee = int(numbers[first]), int(numbers[first + 1]), int(numbers[first + 2])
    moment = -numbers[first + 3] * q[knee]
    x, y, z = rotate(frames.rotation, thigh, 0.0, 0.0, 1.0)
    add_couple(shank, moment * x, moment * y, moment * z, out)
    add_couple(thigh, -moment * x, -moment * y, -moment * z, out)
