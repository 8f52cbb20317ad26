"""Stances, one entry a posture, and grids of them that are not written out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech.stance.parameters import (
    ARMS,
    CODES,
    COLUMN,
    PARAMETERS,
    SUPPORTS,
    WITH_POLICY,
)

if TYPE_CHECKING:
    import xarray as xr

    from biomech.model.compiled import CompiledModel

Array = NDArray[np.float64]

#: Where a parameter that tells the sides apart does not.
_MIDDLE = {"weight_balance": 0.5, "cross_slope": 0.0, "pelvic_rotation": 0.0}


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
