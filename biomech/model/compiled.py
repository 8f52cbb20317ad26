"""A model compiled to flat tables: what the kernels run on.

Built once per model in plain Python. The *half* form holds the right leg and half of the midline: by symmetry the
equilibrium of a body that stands symmetrically is that of its right half in the sagittal coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import finite_array, instance, refusal
from biomech._kernels.arrays import Array1
from biomech.errors import ModelError
from biomech.model.checks.body import check_body
from biomech.model.forces.abdominal_pressure import PRESSURE, abdomen_of
from biomech.model.forces.bushings import BushingTables, compile_bushings, names_here
from biomech.model.forces.contact import ContactTables, compile_contact
from biomech.model.forces.passive_joints import PassiveTables, compile_passive
from biomech.model.forces.passive_paths import PassivePathTables, compile_passive_paths
from biomech.model.forces.patella import PatellaTables, compile_curves, compile_patellae
from biomech.model.mechanics.force_length import compile_force_length
from biomech.model.mechanics.functions import compile_functions
from biomech.model.mechanics.muscles import MuscleTables, compile_muscles, muscles_with_numbers
from biomech.model.mechanics.paths import PathTables, compile_paths
from biomech.model.mechanics.splines import SplineTables, compile_splines
from biomech.model.mechanics.tree import TreeTables, compile_tree, tree_with_numbers
from biomech.model.mirror import ANTISYMMETRIC, side_of
from biomech.model.references import PATHS
from biomech.model.reported import ReportedJoint, of_the_half, reported_joints
from biomech.model.roles import RoleNames, names_alone
from biomech.model.signs import other_way
from biomech.model.tables import Table, complete


@dataclass(frozen=True)
class Arms:
    """Both arms: their mass (kg), and their centre's drop below the shoulder (m), which lies at x, y in the trunk."""

    mass: float
    drop: float
    x: float
    y: float


class PartNames(NamedTuple):
    """What the body itself calls its parts, in kernel order."""

    segments: list[str]
    joints: list[str]
    coordinates: list[str]
    muscles: list[str]
    passive_paths: list[str]
    path_actuators: list[str]


class ModelTables(NamedTuple):
    """Tables of a body whatever it does: what the kernels of every stage read.

    ``gravity`` m/s2; ``contact_unit`` N, the weight that a foot bears upright; ``abdomen`` (5,): the rise (Pa/(N.m))
    and offset (Pa) of the abdominal pressure over the moment of what L5/S1 carries, its area (m2), arm (m), and the
    part of the body that is solved.
    """

    tree: TreeTables
    splines: SplineTables
    paths: PathTables
    muscle: MuscleTables
    patella: PatellaTables
    tissue: PassiveTables
    passive_path: PassivePathTables
    bushings: BushingTables
    gravity: float
    contact_unit: float
    abdomen: Array1


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """Parts in kernel order, by their roles, and one tuple of arrays per stage."""

    half: bool
    segments: list[str]
    joints: list[str]
    coordinates: list[str]
    muscles: list[str]
    passive_paths: list[str]  #: behind the muscles among the paths
    path_actuators: list[str]  #: and behind these
    names: PartNames  #: what the body itself calls them
    turned: NDArray[np.bool_]  #: coordinates that the body itself counts the other way round
    tree: TreeTables
    splines: SplineTables
    paths: PathTables
    muscle: MuscleTables
    patella: PatellaTables
    passive: PassiveTables
    passive_path: PassivePathTables
    contact: ContactTables
    gravity: float
    arms: Arms
    abdomen: tuple[float, float, float, float]  #: rise Pa/(N.m), offset Pa, area m2 and arm m of its pressure
    free: NDArray[np.int64]  #: the coordinates that must balance in a stance
    actuated: NDArray[np.int64]  #: those that muscles move: not what ligaments hold, is locked or follows others
    is_rotation: NDArray[np.bool_]  #: whether each coordinate is an angle (rad), not a translation (m)
    reported: tuple[ReportedJoint, ...]  #: whose contact force is told
    default: NDArray[np.float64]  #: where each coordinate is of which nothing is said, deg and m
    bushings: list[str]  #: elastic elements between two segments
    point_springs: list[str]  #: and those between two points
    links: BushingTables  #: both

    @cached_property
    def tables(self) -> ModelTables:
        """What the kernels read of it."""
        return ModelTables(
            self.tree,
            self.splines,
            self.paths,
            self.muscle,
            self.patella,
            self.passive,
            self.passive_path,
            self.links,
            self.gravity,
            self.body_mass * self.gravity * (1.0 if self.half else 0.5),
            np.array([*self.abdomen, 0.5 if self.half else 1.0]),
        )

    @property
    def in_roles(self) -> CompiledModel:
        """The same, parts called and counted by their roles in what goes in and comes out."""
        kinds = (self.segments, self.joints, self.coordinates, self.muscles, self.passive_paths, self.path_actuators)
        names = PartNames(*kinds)
        return replace(self, names=names, turned=np.zeros_like(self.turned))

    def counted(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (..., coordinate) as the body itself counts, of those of the roles; and back."""
        return other_way(values, self.turned)

    @property
    def body_mass(self) -> float:
        """Mass of what the tables describe, kg."""
        return float(self.tree.mass.sum())


#: Numbers that no structure depends on, table to columns: ``with_numbers`` changes them alone; of ``settings`` only
#: those of the abdominal pressure.
NUMBERS = {
    "segments": ("com_x", "com_y", "com_z"),
    "muscles": ("max_isometric_force", "leverage"),
    "passive": ("value",),
    "joints": ("torsion",),
    "patellar_tendon": ("value",),
    "settings": ("value",),
}


def check_numbers_alone(
    tables: Mapping[str, Table], key: object, given: object
) -> tuple[str, str, NDArray[np.float64]]:
    """Table, column and its numbers, unless structure depends on what would change."""
    name, column = key if isinstance(key, tuple) and len(key) == 2 else (None, None)
    if not isinstance(name, str) or column not in NUMBERS.get(name, ()):
        raise refusal("columns", key, _numbers_said(), ModelError)
    values = given if type(given) is np.ndarray and given.dtype == np.float64 and np.isfinite(given).all() else None
    if values is None:
        values = finite_array(f"columns[{key!r}]", given, ModelError)
    if values.shape[-1:] != (len(tables[name]),) or values.ndim > 2:
        raise refusal(f"columns[{key!r}]", given, f"numbers of all {len(tables[name])} rows", ModelError)
    if name == "settings":
        changed = np.any(np.atleast_2d(values) != tables[name].numbers(column), axis=0)
        for row, other in zip(tables[name].rows, changed, strict=True):
            if other and row not in PRESSURE:
                raise refusal(f"columns[{key!r}]: {row}", "another number", _numbers_said(), ModelError)
    return name, column, values


def check_columns(
    tables: Mapping[str, Table], columns: object, dimensions: int
) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Columns of numbers that no structure depends on, each (row,) or (body, row) as ``dimensions`` says."""
    checked: dict[tuple[str, str], NDArray[np.float64]] = {}
    for key, given in instance(
        "columns", columns, Mapping, "a mapping of (table, column) to numbers", ModelError
    ).items():
        name, column, values = check_numbers_alone(tables, key, given)
        if values.ndim != dimensions:
            shape = f"({len(tables[name])},)" if dimensions == 1 else f"(body, {len(tables[name])})"
            raise refusal(f"columns[{key!r}]", given, f"numbers of shape {shape}", ModelError)
        checked[name, column] = values
    return checked


def _numbers_said() -> str:
    allowed = ", ".join(f"{table}/{own}" for table, columns in NUMBERS.items() for own in columns)
    return f"(table, column) of numbers that no structure depends on: {allowed}, of settings {', '.join(PRESSURE)}"


def with_numbers(compiled: CompiledModel, tables: Mapping[str, Table], changed: frozenset[str]) -> CompiledModel:
    """The same structure with the ``NUMBERS`` of other tables; ``changed``: tables that may differ.

    Number for number what ``compile_model`` makes of those tables.
    """
    parts: dict[str, Any] = {}
    if {"segments", "joints"} & changed:
        parts["tree"] = tree_with_numbers(compiled.tree, tables, compiled.segments, compiled.joints)
    if "muscles" in changed:
        parts["muscle"] = muscles_with_numbers(compiled.muscle, tables["muscles"], compiled.muscles)
    if "patellar_tendon" in changed and len(tables["patellar_tendon"]):
        parts["patella"] = compiled.patella._replace(curves=compile_curves(tables["patellar_tendon"]))
    if "passive" in changed:
        share = tables["settings"].value("lumbar_line_share")
        parts["passive"] = compile_passive(
            tables["passive"], complete(tables)["coordinate_forces"], compiled.coordinates, compiled.half, share
        )
    if "settings" in changed:
        parts["abdomen"] = abdomen_of(map(tables["settings"].value, PRESSURE))
    return replace(compiled, **parts)


def compile_model(tables: Mapping[str, Table], half: bool, names: RoleNames | None = None) -> CompiledModel:
    """Flatten the tables of a model, parts called by their roles.

    ``names``: what the body itself calls them, of which the tables were looked at (``check_body``); without it these
    are.
    """
    if names is None:
        check_body(tables, names_alone(tables))
    tables = complete(tables)
    functions = compile_functions(tables["functions"])
    joints, table = tables["joints"], tables["coordinates"]
    splines, spline_number = compile_splines(tables["splines"])

    def here(name: str) -> bool:
        return not half or side_of(name) != "left"

    segments = _outward(joints, here)
    joint_of = dict(zip(joints.text("child"), joints.rows, strict=True))
    own_joints = [joint_of[s] for s in segments]
    coordinates = [
        name
        for joint in own_joints
        for name, of in zip(table.rows, table.text("joint"), strict=True)
        if of == joint and here(name) and not (half and name in ANTISYMMETRIC)
    ]
    runs = {own: [name for name in tables[own].rows if here(name)] for own in PATHS}
    muscles, passive_paths, path_actuators = runs.values()
    own = names.own if names else {}
    kept = {"segments": segments, "joints": own_joints, "coordinates": coordinates}
    kept |= runs
    tree = compile_tree(tables, segments, coordinates, spline_number, functions, half)
    pairs = tree.couplers.pairs
    along = [*muscles, *passive_paths, *path_actuators]
    paths = compile_paths(tables, along, segments, coordinates, spline_number, functions, tree.affects, pairs)
    turns = np.array([table.text("motion")[table.index(c)] == "rotation" for c in coordinates], dtype=np.bool_)
    settings = tables["settings"]
    width = settings.value("force_length_width")
    curves = compile_force_length(tables["force_length_curves"], tables["functions"], muscles)
    still = _still(tables)
    held = [table.text("stance")[table.index(c)] for c in coordinates]
    return CompiledModel(
        half,
        segments,
        own_joints,
        coordinates,
        muscles,
        passive_paths,
        path_actuators,
        PartNames(**{kind: [own[kind][part] if names else part for part in parts] for kind, parts in kept.items()}),
        np.array([name in names.turned if names else False for name in coordinates], dtype=bool),
        tree,
        splines,
        paths,
        compile_muscles(tables["muscles"], muscles, width, curves),
        compile_patellae(tables, coordinates, muscles, tree, paths),
        compile_passive(
            tables["passive"], tables["coordinate_forces"], coordinates, half, settings.value("lumbar_line_share")
        ),
        compile_passive_paths(tables["passive_paths"], passive_paths, len(muscles), functions, paths.arms),
        compile_contact(tables["contact_points"], segments, settings.value("friction_sides"), half),
        settings.value("gravity"),
        Arms(*(settings.value(name) for name in ("arms_mass", "arms_drop", "shoulder_x", "shoulder_y"))),
        abdomen_of(map(settings.value, PRESSURE)),
        np.array([i for i, how in enumerate(held) if how == "free"], dtype=np.int64),
        np.array([i for i, how in enumerate(held) if how != "held" and coordinates[i] not in still], dtype=np.int64),
        turns,
        of_the_half(reported_joints(tables), own_joints) if half else reported_joints(tables),
        _defaults(tables["defaults"], coordinates),
        names_here(tables["bushings"], segments, half),
        names_here(tables["point_springs"], segments, half),
        compile_bushings(tables["bushings"], tables["point_springs"], segments, half),
    )


def _still(tables: Mapping[str, Table]) -> set[str]:
    """Coordinates that no muscle moves by themselves: locked, prescribed, or following others."""
    table = tables["defaults"]
    fixed = (table.numbers("locked") != 0.0) | (table.numbers("prescribed") != 0.0)
    return {*tables["couplers"].text("dependent"), *(table.rows[i] for i in np.flatnonzero(fixed))}


def _defaults(table: Table, coordinates: list[str]) -> NDArray[np.float64]:
    """Where coordinates are of which nothing is said: their default, or zero; deg and m."""
    known = dict(zip(table.rows, table.numbers("value").tolist(), strict=True))
    return np.array([known.get(c, 0.0) for c in coordinates], dtype=np.float64)


def _outward(joints: Table, here: Callable[[str], bool]) -> list[str]:
    """Segments in an order in which parents come before children."""
    links = [(p, c) for p, c in zip(joints.text("parent"), joints.text("child"), strict=True) if here(c)]
    order = ["ground"]
    while True:
        more = [c for p, c in links if p in order and c not in order]
        if not more:
            break
        order.extend(more)
    if len(order) != len(links) + 1:
        lost = sorted({c for _, c in links} - set(order))
        raise ModelError(f"joints: segments {lost} hang on nothing, or on themselves")
    return order[1:]
