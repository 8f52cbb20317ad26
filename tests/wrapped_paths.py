"""Paths of a described model, laid by the library's kernels in frames that come from elsewhere."""

from __future__ import annotations

import numpy as np

from biomech._kernels import entry_point
from biomech._kernels.arrays import Array1, Array2, Array3
from biomech._simd import extract, insert, simd_zero, width, zeros
from biomech.io.osim import description as osim
from biomech.model.mechanics.paths import PathTables, compile_paths, make_path_state, path_kinematics
from biomech.model.mechanics.splines import SplineTables, compile_splines
from biomech.model.mechanics.tree import Frames
from biomech.model.tables import SCHEMA, Table, make_table


def empty(name):
    return Table(name, dict.fromkeys(SCHEMA[name], ()))


def angles(rotation):
    """Body-fixed x, y, z angles of a rotation, deg."""
    r = np.array(rotation)
    return np.degrees(
        [np.arctan2(-r[1, 2], r[2, 2]), np.arcsin(np.clip(r[0, 2], -1, 1)), np.arctan2(-r[0, 1], r[0, 0])]
    )


def wrap_rows(model):
    rows = []
    for wrap in model.wraps:
        if isinstance(wrap, osim.WrapCylinder | osim.WrapSphere) and wrap.active:
            kind = "cylinder" if isinstance(wrap, osim.WrapCylinder) else "sphere"
            place, turn = wrap.frame.translation, angles(wrap.frame.rotation)
            numbers = dict(zip(("x", "y", "z", "rx", "ry", "rz"), map(repr, map(float, [*place, *turn])), strict=True))
            length = repr(wrap.length) if kind == "cylinder" else ""
            rows.append(
                {"wrap": wrap.name, "segment": wrap.frame.body, "kind": kind, "radius": repr(wrap.radius)}
                | {"length": length, "quadrant": wrap.quadrant, "source": ""}
                | numbers
            )
    return rows


class Paths:
    """Flat tables of the paths of a model, coordinates in the order of the file."""

    def __init__(self, model):
        self.model = model
        self.segments = [body.name for body in model.bodies if body.name != osim.GROUND]
        self.coordinates = [c.name for c in model.coordinates]
        paths = {force.name: force.path for force in model.forces if hasattr(force, "path")}
        known = {row["wrap"] for row in wrap_rows(model)}
        self.wraps = {n: [model.wraps[w.wrap] for w in path.wraps] for n, path in paths.items()}
        self.muscles = [
            n
            for n, own in self.wraps.items()
            if {w.name for w in own if getattr(w, "active", True)} <= known
            and not any(isinstance(p, osim.MovingPathPoint) for p in paths[n].points)
        ]
        points, uses = [], []
        for name in self.muscles:
            for i, p in enumerate(paths[name].points):
                row = dict.fromkeys(SCHEMA["path_points"], "") | {
                    "point": f"{name}.{i}",
                    "muscle": name,
                    "segment": p.body,
                }
                row |= dict(zip("xyz", map(repr, p.location), strict=True)) | {"kind": "fixed"}
                if isinstance(p, osim.ConditionalPathPoint):
                    row |= {
                        "kind": "conditional",
                        "coordinate": p.coordinate,
                        "active_min": repr(p.range[0]),
                        "active_max": repr(p.range[1]),
                    }
                points.append(row)
            for i, use in enumerate(paths[name].wraps):
                wrap = model.wraps[use.wrap]
                if wrap.active:
                    ends = ["" if end is None else str(end) for end in (use.first, use.last)]
                    uses.append(
                        {
                            "row": f"{name}.{i}",
                            "muscle": name,
                            "wrap": wrap.name,
                            "first": ends[0],
                            "last": ends[1],
                            "source": "",
                        }
                    )
        self.tables = {
            "path_points": make_table("path_points", points),
            "wraps": make_table("wraps", wrap_rows(model)),
            "path_wraps": make_table("path_wraps", uses),
        }
        self.splines, _ = compile_splines(empty("splines"))
        affects = np.zeros((len(self.coordinates), len(self.segments) + 1), dtype=bool)
        self.paths = compile_paths(self.tables, self.muscles, self.segments, self.coordinates, {}, affects)

    def lay(self, rotation, origin, q):
        """Lengths (pose, muscle), wrenches (pose, wrench, 6) and orders (pose, use)."""
        n, paths = len(q), self.paths
        length = np.empty((n, len(self.muscles)))
        wrench = np.empty((n, len(paths.segment) + len(paths.wraps.pull), 6))
        order = np.empty((n, len(paths.wraps.use)))
        position = np.empty((n, len(paths.segment), 3))
        lay(paths, self.splines, np.ascontiguousarray(q), rotation, origin, length, wrench, order, position)
        return length, wrench, order, position


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
    position: Array3,
) -> None:
    number = simd_zero()
    segments, none = rotation.shape[1], 0
    f = Frames(
        zeros(number, (segments, 9)),
        zeros(number, (segments, 3)),
        zeros(number, (none, 6)),
        zeros(number, (none,)),
        zeros(number, (none, 3)),
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
            for p in range(len(state.position)):
                for k in range(3):
                    position[i, p, k] = extract(state.position[p, k], j)
            for p in range(len(state.wrench)):
                for k in range(6):
                    wrench[i, p, k] = extract(state.wrench[p, k], j)
