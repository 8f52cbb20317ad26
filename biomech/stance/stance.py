"""Stances, one entry a posture, and grids of them that are not written out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import shown
from biomech._display import About, Displayed, Folded, counted
from biomech.stance.changes import added_targets, change_values
from biomech.stance.parameters import ARMS, AXES, CODES, COLUMN, PARAMETERS, SUPPORTS, WITH_POLICY

if TYPE_CHECKING:
    import xarray as xr

    from biomech.model.compiled import CompiledModel

Array = NDArray[np.float64]

#: The dimension of bodies.
BODY = "body"


@dataclass(frozen=True, eq=False, repr=False)
class Stance(Displayed):
    """Validated stances, one entry per posture.

    ``values`` maps each parameter to (posture,), a leg's parameter to (posture, 2) with the right leg first,
    ``load_position`` to (posture, 3). ``support`` and ``arms`` (posture,) index ``SUPPORTS`` and ``ARMS``. ``policy``,
    ``lean_policy`` and ``knee_policy`` (posture,) index ``POLICIES``, ``LEAN_POLICIES`` and ``KNEE_POLICIES``, or are
    -1 where the angle is given in degrees. ``body`` (posture,) says which body of a population each is of, None where
    there is one body.
    """

    values: dict[str, Array]
    support: NDArray[np.int64]
    arms: NDArray[np.int64]
    policy: NDArray[np.int64]
    lean_policy: NDArray[np.int64]
    knee_policy: NDArray[np.int64]
    body: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.support)

    def _about(self) -> About:
        ends = {name: (value.min(), value.max()) for name, value in self.values.items()} if len(self) else {}
        asked = {
            name: f"{least:g}" if least == most else f"{least:g} to {most:g}"
            for name, (least, most) in ends.items()
            if not least == most == PARAMETERS[name].default
        }
        told = ", ".join(f"{name} {own}" for name, own in asked.items())
        every = [(name, f"{least:g}", f"{most:g}", PARAMETERS[name].unit) for name, (least, most) in ends.items()]
        folded = Folded("every parameter", ["parameter", "least", "most", "unit"], every)
        return About(f"Stance of {counted(len(self), 'posture')}", told or "as by default", asked, (folded,))

    def take(self, index: NDArray[Any], **changed: Array) -> Stance:
        """Some of the postures, with some values changed."""
        values = {name: value[index] for name, value in self.values.items() if name not in changed}
        body = None if self.body is None else self.body[index]
        return Stance(values | changed, **{code: getattr(self, code)[index] for code in CODES}, body=body)

    def matrix(self) -> Array:
        """Every parameter side by side, (posture, column): see ``COLUMN``."""
        return np.column_stack([self.values[name] for name in PARAMETERS if name in self.values])

    @classmethod
    def of_matrix(cls, numbers: Array, like: Stance) -> Stance:
        """Stances from their ``matrix``, with support, arms and policies as in the first of others."""
        values = {}
        for name, parameter in PARAMETERS.items():
            if name in like.values:  # it may have been added since
                first = COLUMN[name]
                values[name] = np.array(
                    numbers[:, first : first + parameter.width] if parameter.per else numbers[:, first]
                )
        return cls(values, **{code: np.full(len(numbers), getattr(like, code)[0]) for code in CODES})

    def apply_changes(self) -> None:
        """Let parameters change what others hold, in place: once, before angles are found."""
        change_values(self.values)

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
        even = np.array([word.is_symmetric for word in SUPPORTS.words])[self.support]
        for name, parameter in PARAMETERS.items():
            if name not in self.values:
                continue
            value = self.values[name]
            if parameter.per_leg:
                even &= value[:, 0] == value[:, 1]
            elif parameter.per:
                even &= (value[:, AXES.index("z")] == 0.0) | self._is_idle(name)
            elif parameter.symmetric_at is not None:
                even &= value == parameter.symmetric_at
        for _, _, added in added_targets(self.values):  # the half body lacks some of the conditions
            even &= added == 0.0
        return np.asarray(even)

    def _is_idle(self, name: str) -> NDArray[np.bool_]:
        """Where a parameter is without effect, because what it goes with is at its default."""
        with_it = [other for other, parameter in PARAMETERS.items() if parameter.beside == name]
        idle = np.full(len(self), bool(with_it))
        for other in with_it:
            if other in self.values:
                idle &= np.all(self.values[other].reshape(len(self), -1) == PARAMETERS[other].default, axis=1)
        return idle


@dataclass(frozen=True, eq=False, repr=False)
class StanceGrid(Displayed):
    """Every combination of what was asked, not written out: a long sweep needs memory for its answers only.

    ``dims`` maps each dimension to its labels. ``arrays`` holds each parameter, ``support`` and the policies over all
    dimensions, of length 1 along those that it does not vary with, and then over its own last axis (side, or axis) if
    it has one. ``held`` maps scalars to their value; ``varied`` maps what varies along dimensions of another name to
    (dimensions, values). ``carried`` are the caller's other coordinates, and his own variable of a dimension's labels;
    ``bearers`` says which parameter brought a dimension or a coordinate, and ``given`` the dimensions of each parameter
    that was asked for, in the order in which it was. ``of_bodies`` says whether the first dimension is that of bodies.
    """

    dims: dict[str, NDArray[Any]]
    arrays: dict[str, NDArray[Any]]
    held: dict[str, Any]
    varied: dict[str, tuple[tuple[str, ...], Array]]
    carried: dict[str, xr.Variable]
    bearers: dict[str, str]
    given: dict[str, tuple[str, ...]]
    of_bodies: bool = False

    def __len__(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    def _about(self) -> About:
        asked = {
            **{name: f"{len(labels)}: {shown(labels.tolist())}" for name, labels in self.dims.items()},
            **{name: shown(value) for name, value in self.held.items() if name in self.given},
        }
        told = ", ".join(f"{name} {own}" for name, own in asked.items())
        return About(f"StanceGrid of {counted(len(self), 'posture')}", told or "as by default", asked)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the sweep."""
        return tuple(len(labels) for labels in self.dims.values())

    @property
    def per_body(self) -> int:
        """Postures of each body: all of them where there is one."""
        return int(np.prod(self.shape[1:], dtype=np.int64)) if self.of_bodies else len(self)

    @property
    def has_policy(self) -> bool:
        """Whether some angle is left to a policy."""
        return any((self.arrays[code] >= 0).any() for code, _ in WITH_POLICY.values())

    def postures(self, first: int, last: int) -> Stance:
        """Stances ``first`` to ``last``, the last not included, in the order of the dimensions."""
        place = np.unravel_index(np.arange(first, last), self.shape) if self.dims else ()
        taken = {name: self._take(array, place, last - first) for name, array in self.arrays.items()}
        return Stance(
            {name: taken[name] for name in PARAMETERS if name in taken},
            **{code: taken[code] for code in CODES},
            body=place[0] if self.of_bodies else None,
        )

    def over_bodies(self, count: int, labels: Mapping[str, xr.Variable] | None = None) -> StanceGrid:
        """The same of each of some bodies, along a first dimension ``body``; ``labels`` say what each of them is."""
        arrays = {name: array[None] for name, array in self.arrays.items()}
        dims, carried = {BODY: np.arange(count), **self.dims}, {**(labels or {}), **self.carried}
        return replace(self, dims=dims, arrays=arrays, carried=carried, of_bodies=True)

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
