"""Paths laid by the library's kernels, in lanes, in frames that come from elsewhere: made up, or of a model file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import entry_point
from biomech._kernels.arrays import Array2, Array3
from biomech._simd import extract, insert, simd_zero, width, zeros
from biomech.io.osim import description as osim
from biomech.model.mechanics.functions import compile_functions
from biomech.model.mechanics.paths import PathTables, compile_paths, make_path_state, path_kinematics
from biomech.model.mechanics.splines import SplineTables, compile_splines
from biomech.model.mechanics.tree import Frames
from biomech.model.tables import SCHEMA, Table, complete, empty_table, make_table

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Wrap:
    """A surface, and where a path may wrap over it."""

    kind: str = "cylinder"
    radius: float = 0.03
    length: float = 1.0
    place: tuple[float, ...] = (0.0, 0.0, 0.0)
    turn: tuple[float, ...] = (0.0, 0.0, 0.0)  #: body-fixed x, y, z angles, deg
    quadrant: str = "all"
    first: int | None = None
    last: int | None = None

    def row(self, name: str, segment: str = "c") -> dict[str, Any]:
        numbers = dict(zip(("x", "y", "z", "rx", "ry", "rz"), map(float, (*self.place, *self.turn)), strict=True))
        length = self.length if self.kind == "cylinder" else ""
        named = {"wrap": name, "segment": segment, "kind": self.kind, "radius": self.radius, "length": length}
        return {**named, **numbers, "quadrant": self.quadrant, "source": ""}

    def use(self, muscle: str, k: int, name: str) -> dict[str, Any]:
        ends = {e: "" if v is None else v for e, v in (("first", self.first), ("last", self.last))}
        return {"row": f"{muscle}.{k}", "muscle": muscle, "wrap": name, **ends, "source": ""}


@dataclass(frozen=True)
class Case:
    """One path: its points by turns on segments a and b, its surfaces on c."""

    points: Any
    wraps: Sequence[Wrap]


def point_row(muscle: str, k: int, segment: str, place: Any, **more: Any) -> dict[str, Any]:
    row = dict.fromkeys(SCHEMA["path_points"], "") | {"point": f"{muscle}.{k}", "muscle": muscle, "segment": segment}
    return row | dict(zip("xyz", map(float, place), strict=True)) | {"kind": "fixed"} | more


class _Laid:
    """Flat tables of paths, and the way of them through the kernel."""

    def __init__(
        self, muscles: list[str], segments: list[str], coordinates: list[str], rows: dict[str, list[dict[str, Any]]]
    ) -> None:
        self.muscles, self.segments, self.coordinates = muscles, segments, coordinates
        self.splines, _ = compile_splines(Table("splines", dict.fromkeys(SCHEMA["splines"], ())))
        tables = {name: make_table(name, own) for name, own in rows.items()}
        affects = np.zeros((len(coordinates), len(segments) + 1), dtype=bool)
        functions, pairs = compile_functions(empty_table("functions")), np.empty((0, 2), dtype=np.int64)
        self.tables = compile_paths(complete(tables), muscles, segments, coordinates, {}, functions, affects, pairs)

    def lay(self, rotation: Array, origin: Array, q: Array) -> tuple[Array, Array, Array]:
        """Lengths (pose, muscle), wrenches (pose, wrench, 6) and orders (pose, use)."""
        wrenches = len(self.tables.segment) + len(self.tables.wraps.pull)
        length = np.empty((len(q), len(self.muscles)))
        wrench, order = np.empty((len(q), wrenches, 6)), np.empty((len(q), len(self.tables.wraps.use)))
        lay(self.tables, self.splines, *map(np.ascontiguousarray, (q, rotation, origin)), length, wrench, order)
        return length, wrench, order


class Paths(_Laid):
    """Made up paths on three segments, whose frames are those of ground."""

    def __init__(self, cases: Sequence[Case]) -> None:
        muscles = [f"m{i}" for i in range(len(cases))]
        rows: dict[str, list[dict[str, Any]]] = {"path_points": [], "wraps": [], "path_wraps": []}
        for muscle, case in zip(muscles, cases, strict=True):
            rows["path_points"] += [point_row(muscle, k, "ab"[k % 2], p) for k, p in enumerate(case.points)]
            for k, wrap in enumerate(case.wraps):
                rows["wraps"].append(wrap.row(f"{muscle} {k}"))
                rows["path_wraps"].append(wrap.use(muscle, k, f"{muscle} {k}"))
        super().__init__(muscles, ["a", "b", "c"], [], rows)

    def laid(self) -> tuple[Array, Array, Array]:
        return self._one(np.tile(np.eye(3), (4, 1, 1)), np.zeros((4, 3)))

    def nudged(self, segment: int, way: int, step: float) -> tuple[Array, Array, Array]:
        """With a segment moved along x, y, z or turned about them (``way`` 0 to 5)."""
        rotation, origin = np.tile(np.eye(3), (4, 1, 1)), np.zeros((4, 3))
        if way < 3:
            origin[segment, way] = step
        else:
            a, b = (way - 2) % 3, (way - 1) % 3
            rotation[segment, a, a] = rotation[segment, b, b] = np.cos(step)
            rotation[segment, a, b], rotation[segment, b, a] = -np.sin(step), np.sin(step)
        return self._one(rotation, origin)

    def laid_at(self, moved: Array) -> tuple[Array, Array, Array]:
        """In several poses, in which the three segments are ``moved`` (pose, segment, 3)."""
        rotation = np.tile(np.eye(3).ravel(), (len(moved), 4, 1))
        origin = np.concatenate([np.zeros((len(moved), 1, 3)), moved], axis=1)
        return self.lay(rotation, origin, np.zeros((len(moved), 0)))

    def _one(self, rotation: Array, origin: Array) -> tuple[Array, Array, Array]:
        length, wrench, order = self.lay(rotation.reshape(1, 4, 9), origin[None], np.zeros((1, 0)))
        return length[0], wrench[0], order[0]


class DescribedPaths(_Laid):
    """Paths of a model file without moving points, whose surfaces are all cylinders and spheres."""

    def __init__(self, model: osim.OsimModel) -> None:
        paths = {force.name: force.path for force in model.forces if hasattr(force, "path")}
        known = {i: _wrap(own) for i, own in enumerate(model.wraps) if isinstance(own, _KNOWN) and own.active}
        rows: dict[str, list[dict[str, Any]]] = {"path_points": [], "wraps": [], "path_wraps": []}
        rows["wraps"] = [wrap.row(f"{i}", model.wraps[i].frame.body) for i, wrap in known.items()]
        muscles = []
        for name, path in paths.items():
            uses = [use for use in path.wraps if getattr(model.wraps[use.wrap], "active", True)]
            if not all(use.wrap in known for use in uses):
                continue
            if any(isinstance(p, osim.MovingPathPoint) for p in path.points):
                continue
            muscles.append(name)
            rows["path_points"] += [_point(name, k, p) for k, p in enumerate(path.points)]
            for k, use in enumerate(uses):
                wrap = Wrap(first=use.first, last=use.last)
                rows["path_wraps"].append(wrap.use(name, k, f"{use.wrap}"))
        self.wrapped = [bool(paths[name].wraps) for name in muscles]
        segments = [body.name for body in model.bodies if body.name != osim.GROUND]
        super().__init__(muscles, segments, [c.name for c in model.coordinates], rows)


_KNOWN = osim.WrapCylinder | osim.WrapSphere


def _wrap(own: Any) -> Wrap:
    r = np.array(own.frame.rotation)
    turn = np.degrees([np.arctan2(-r[1, 2], r[2, 2]), np.arcsin(r[0, 2]), np.arctan2(-r[0, 1], r[0, 0])])
    place, kind = own.frame.translation, "sphere" if isinstance(own, osim.WrapSphere) else "cylinder"
    return Wrap(kind, own.radius, getattr(own, "length", 0.0), place, tuple(turn), own.quadrant)


def _point(muscle: str, k: int, point: Any) -> dict[str, Any]:
    if isinstance(point, osim.ConditionalPathPoint):
        ends = dict(zip(("active_min", "active_max"), point.range, strict=True))
        more = {"kind": "conditional", "coordinate": point.coordinate, **ends}
        return point_row(muscle, k, point.body, point.location, **more)
    return point_row(muscle, k, point.body, point.location)


@entry_point
def lay(
    paths: PathTables,
    splines: SplineTables,
    q: Array2,
    rotation: Array3,
    origin: Array3,
    length: Array2,
    wrench: Array3,
    order: Array2,
) -> None:
    number, segments = simd_zero(), rotation.shape[1]
    f = Frames(
        zeros(number, (segments, 9)),
        zeros(number, (segments, 3)),
        zeros(number, (0, 6)),
        zeros(number, (0,)),
        zeros(number, (0, 3)),
        zeros(number, (0,)),
    )
    state, own = make_path_state(number, paths), zeros(number, (q.shape[1],))
    lanes = width(number)
    for block in range(0, len(q), lanes):
        for j in range(lanes):
            i = min(block + j, len(q) - 1)
            for c in range(q.shape[1]):
                own[c] = insert(own[c], j, q[i, c])
            for s in range(segments):
                for k in range(9):
                    f.rotation[s, k] = insert(f.rotation[s, k], j, rotation[i, s, k])
                for k in range(3):
                    f.origin[s, k] = insert(f.origin[s, k], j, origin[i, s, k])
        path_kinematics(paths, splines, own, f, state)
        for j in range(min(lanes, len(q) - block)):
            i = block + j
            for m in range(len(state.length)):
                length[i, m] = extract(state.length[m], j)
            for u in range(order.shape[1]):
                order[i, u] = extract(state.wraps.order[u], j)
            for p in range(len(state.wrench)):
                for k in range(6):
                    wrench[i, p, k] = extract(state.wrench[p, k], j)
