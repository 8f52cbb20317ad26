"""What is asked of the body: parameters, stances, and grids of them. ``reading`` validates them at the door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

    from biomech.model.compiled import CompiledModel

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Parameter:
    """A stance parameter: its default, its range and its unit."""

    default: float | None
    least: float
    most: float
    unit: str
    long_name: str
    per_leg: bool = False


#: Every numeric stance parameter.
PARAMETERS: dict[str, Parameter] = {
    "foot_rotation": Parameter(0.0, -30.0, 90.0, "deg", "heading of the foot, toe-out positive", per_leg=True),
    "knee_flexion": Parameter(0.0, -10.0, 120.0, "deg", "knee flexion, hyperextension negative", per_leg=True),
    "turnout_yield": Parameter(0.0, 0.0, 15.0, "deg", "turnout taken up below the hip, in knee and foot", per_leg=True),
    "knee_laxity": Parameter(5.0, 0.0, 25.0, "deg", "shift of the knee's passive curve", per_leg=True),
    "weight_shift": Parameter(0.42, 0.0, 1.0, "1", "place of the weight along the foot, 0 heel, 1 toe tip"),
    "weight_balance": Parameter(0.5, 0.0, 1.0, "1", "place of the weight between the feet, 0 left, 1 right"),
    "pelvic_rotation": Parameter(0.0, -60.0, 60.0, "deg", "heading of pelvis and trunk, to the left positive"),
    "stance_width": Parameter(0.17, 0.05, 1.0, "m", "distance between the ankle centres"),
    "trunk_lean": Parameter(0.0, -30.0, 100.0, "deg", "inclination of the line from L5/S1 to C7, forward positive"),
    "pelvic_tilt": Parameter(None, -25.0, 35.0, "deg", "pelvic tilt in space, anterior positive"),
    "tilt_change": Parameter(0.0, -25.0, 25.0, "deg", "change of pelvic tilt, added to what is given or found"),
    "lumbar_rhythm": Parameter(1.0, 0.0, 1.4, "1", "factor on the lumbar spine's share of a lean"),
    "slope": Parameter(0.0, -30.0, 30.0, "deg", "slope of the floor, uphill positive"),
    "cross_slope": Parameter(0.0, -30.0, 30.0, "deg", "sideways slope of the floor, right side lower positive"),
    "friction": Parameter(0.6, 0.0, 2.0, "1", "coefficient of friction of the floor"),
    "step_height": Parameter(0.17, 0.0, 0.5, "m", "height of the right foot's step above the left foot"),
    "step_length": Parameter(0.25, -0.5, 0.8, "m", "how far the right foot is ahead of the left"),
    "seat_height": Parameter(0.45, 0.2, 1.0, "m", "height of the seat above the floor"),
    "hand_support": Parameter(0.27, 0.0, 5.0, "1", "weight that hands leave on the thighs, over the arms' weight"),
    "load_mass": Parameter(0.0, 0.0, 200.0, "kg", "mass carried by the trunk"),
    "load_position": Parameter(0.0, -2.0, 2.0, "m", "place of the load in the trunk frame"),
}


def _columns() -> dict[str, int]:
    columns, count = {}, 0
    for name, parameter in PARAMETERS.items():
        columns[name] = count
        count += 2 if parameter.per_leg else 3 if name == "load_position" else 1
    return columns


#: The first column of each parameter in ``Stance.matrix``; a leg's parameter has two, right and left, a place three.
COLUMN = _columns()
SUPPORTS = ("both", "right", "left", "seat", "step")
#: How the arms are held: hanging along gravity, turning with the trunk, or hanging with hands that rest on the thighs.
ARMS = ("hanging", "fixed", "thighs")
#: Parameters that are one of a few words.
CHOICES = {"support": SUPPORTS, "arms": ARMS}
#: Policies: of the tilt, of the trunk's lean and of the knee.
POLICIES = ("least_effort", "hanging", "passive", "rhythm")
LEAN_POLICIES = ("hanging_sway",)
KNEE_POLICIES = ("passive",)
#: Where a parameter that tells the sides apart does not.
_MIDDLE = {"weight_balance": 0.5, "cross_slope": 0.0, "pelvic_rotation": 0.0}
#: What is not a number but a choice: support and policies.
CODES = ("support", "arms", "policy", "lean_policy", "knee_policy")
SIDES = ("right", "left")
AXES = ("x", "y", "z")
#: The dimension that a list with policies makes; the code and the policies of each angle.
POLICY_DIMS = {"pelvic_tilt": "tilt_policy", "trunk_lean": "lean_policy", "knee_flexion": "knee_policy"}
WITH_POLICY = {
    "pelvic_tilt": ("policy", POLICIES),
    "trunk_lean": ("lean_policy", LEAN_POLICIES),
    "knee_flexion": ("knee_policy", KNEE_POLICIES),
}
#: Dimensions of the answers, which a parameter may not use as its own.
RESERVED = ("muscle", "group", "coordinate", "joint", "foot", "segment", "bound", "minimum")


@dataclass(frozen=True, eq=False)
class Stance:
    """Validated stances, one entry per posture.

    ``values`` maps each parameter to (posture,), a leg's parameter to (posture, 2) with the right leg first,
    ``load_position`` to (posture, 3). ``support`` and ``arms`` (posture,) index ``SUPPORTS`` and ``ARMS``. ``policy``,
    ``lean_policy`` and ``knee_policy`` (posture,) index ``POLICIES``, ``LEAN_POLICIES`` and ``KNEE_POLICIES``, or are
    -1 where the angle is given in degrees.
    """

    values: dict[str, Array]
    support: NDArray[np.int64]
    arms: NDArray[np.int64]
    policy: NDArray[np.int64]
    lean_policy: NDArray[np.int64]
    knee_policy: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.support)

    def take(self, index: NDArray[Any], **changed: Array) -> Stance:
        """Some of the postures, with some values changed."""
        values = {name: value[index] for name, value in self.values.items() if name not in changed}
        codes = (self.support, self.arms, self.policy, self.lean_policy, self.knee_policy)
        return Stance(values | changed, *(code[index] for code in codes))

    def matrix(self) -> Array:
        """Every parameter side by side, (posture, column): see ``COLUMN``."""
        return np.column_stack([self.values[name] for name in PARAMETERS])

    @classmethod
    def of_matrix(cls, numbers: Array, like: Stance) -> Stance:
        """Stances from their ``matrix``, with support, arms and policies as in the first of others."""
        values = {}
        for name, parameter in PARAMETERS.items():
            first = COLUMN[name]
            wide = 2 if parameter.per_leg else 3 if name == "load_position" else 0
            values[name] = np.array(numbers[:, first : first + wide] if wide else numbers[:, first])
        codes = (like.support, like.arms, like.policy, like.lean_policy, like.knee_policy)
        return cls(values, *(np.full(len(numbers), code[0]) for code in codes))

    def load(self, compiled: CompiledModel) -> Array:
        """Mass (kg) and first moment (kg.m, trunk frame) that the trunk carries, and kg on each thigh: (posture, LOAD).

        A half body carries half of the former. Arms that hang act at the shoulder: of the trunk that holds them rigid
        they differ by their mass times their drop below it, along the trunk. What rests on the thighs leaves the
        shoulders: a push straight down, so that neither shoulder nor elbow need hold a moment about the other.
        """
        arms, mass = compiled.arms, self.values["load_mass"]
        rests = np.where(self.arms == ARMS.index("thighs"), self.values["hand_support"] * arms.mass, 0.0)
        first = mass[:, None] * self.values["load_position"]
        first[:, 1] += np.where(self.arms == ARMS.index("fixed"), 0.0, arms.mass * arms.drop)
        first[:, :2] -= np.outer(rests, (arms.x, arms.y))
        share = 0.5 if compiled.half else 1.0
        # in one layout always: another would have all kernels compiled anew
        return np.ascontiguousarray(np.column_stack([share * (mass - rests), share * first, 0.5 * rests]))

    def is_symmetric(self) -> NDArray[np.bool_]:
        """Per posture: both legs are asked the same, and no load pulls to a side."""
        legs = [self.values[name] for name, p in PARAMETERS.items() if p.per_leg]
        same = np.logical_and.reduce([leg[:, 0] == leg[:, 1] for leg in legs])
        central = (self.values["load_mass"] == 0.0) | (self.values["load_position"][:, 2] == 0.0)
        straight = np.logical_and.reduce([self.values[name] == at for name, at in _MIDDLE.items()])
        both = (self.support == SUPPORTS.index("both")) | (self.support == SUPPORTS.index("seat"))
        return np.asarray(same & central & straight & both)


@dataclass(frozen=True, eq=False)
class StanceGrid:
    """Every combination of what was asked, not written out: a long sweep needs memory for its answers only.

    ``dims`` maps each dimension to its labels. ``arrays`` holds each parameter, ``support`` and the policies over all
    dimensions, of length 1 along those that it does not vary with, and then over its own last axis (side, or axis) if
    it has one. ``held`` maps scalars to their value; ``varied`` maps what varies along dimensions of another name to
    (dimensions, values). ``carried`` are the caller's other coordinates, and his own variable of a dimension's labels;
    ``bearers`` says which parameter brought a dimension or a coordinate.
    """

    dims: dict[str, NDArray[Any]]
    arrays: dict[str, NDArray[Any]]
    held: dict[str, Any]
    varied: dict[str, tuple[tuple[str, ...], Array]]
    carried: dict[str, xr.Variable]
    bearers: dict[str, str]

    def __len__(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the sweep."""
        return tuple(len(labels) for labels in self.dims.values())

    @property
    def has_policy(self) -> bool:
        """Whether some angle is left to a policy."""
        return any((self.arrays[code] >= 0).any() for code, _ in WITH_POLICY.values())

    def postures(self, first: int, last: int) -> Stance:
        """Stances ``first`` to ``last``, the last not included, in the order of the dimensions."""
        place = np.unravel_index(np.arange(first, last), self.shape) if self.dims else ()
        taken = {name: self._take(array, place, last - first) for name, array in self.arrays.items()}
        return Stance({name: taken[name] for name in PARAMETERS}, *(taken[name] for name in CODES))

    def all(self) -> Stance:
        """All of them."""
        return self.postures(0, len(self))

    def _take(self, array: NDArray[Any], place: tuple[NDArray[Any], ...], count: int) -> NDArray[Any]:
        grid = range(len(self.dims))
        varying = [d for d in grid if array.shape[d] > 1]
        small = array[tuple(slice(None) if d in varying else 0 for d in grid)]
        if varying:
            return np.ascontiguousarray(small[tuple(place[d] for d in varying)])
        every = np.empty((count, *small.shape), dtype=array.dtype)
        every[...] = small
        return every
