"""Models that differ from another in a few numbers, without compiling their tables anew.

A draw changes masses' places, strengths, leverages, passive tissue, tibial torsion, the patellar tendon or abdominal
pressure. Each has its place in the flat tables; whatever depends on structure alone is shared with the model that it
was drawn from. What comes out is, number for number, what ``Model.replace`` would compile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from threading import Lock
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech.errors import StanceError
from biomech.model.compiled import CompiledModel, abdomen_of
from biomech.model.forces.passive_joints import compile_passive
from biomech.model.forces.patella import compile_curves
from biomech.model.mechanics.muscles import has_scale
from biomech.model.mechanics.tree import about_y
from biomech.model.model import Model
from biomech.model.tables import Table
from biomech.pipeline.batch_tables import CompiledBody

Array = NDArray[np.float64]

#: Numbers that a draw may change: table to columns.
CAN_CHANGE = {
    "segments": ("com_x", "com_y", "com_z"),
    "muscles": ("max_isometric_force", "leverage"),
    "passive": ("value",),
    "joints": ("torsion",),
    "patellar_tendon": ("value",),
    "settings": ("value",),
}
_PRESSURE = ("pressure_share", "pressure_slope", "pressure_offset", "pressure_area", "pressure_arm")


def check_path(table: str, rows: list[str], column: str) -> None:
    """Refuse what a draw cannot change."""
    free = table in CAN_CHANGE and column in CAN_CHANGE[table]
    if not free or (table == "settings" and not set(rows) <= set(_PRESSURE)):
        others = [f"{t}/*/{c}" for t, columns in CAN_CHANGE.items() if t != "settings" for c in columns]
        allowed = ", ".join([*others, *(f"settings/{name}" for name in _PRESSURE)])
        raise StanceError(f"a prior cannot change {table}/{rows[0]}/{column}; it may change {allowed}")


def perturb_model(base: Model, changes: Mapping[tuple[str, str], Array]) -> Model:
    """A model with other numbers in some columns.

    Parameters
    ----------
    base : Model
        What it is drawn from.
    changes : mapping of (table, column) to ndarray
        The whole of each changed column, in the order of the table's rows.

    Returns
    -------
    Model
        Equal to ``base.replace`` of the same numbers, but for what only structure decides, which is shared.
    """
    tables = dict(base.tables)
    for (name, column), values in changes.items():
        tables[name] = Table(name, {**tables[name].columns, column: tuple(values.tolist())})
    model = _unchecked(base.name, tables)
    changed = {name for name, _ in changes}
    for key, kept in base.kept.items():
        if isinstance(kept, CompiledModel):
            model.cached(key, partial(_flat, model, kept, changed))
    for key, kept in base.kept.items():
        if isinstance(kept, CompiledBody):
            half = bool(isinstance(key, tuple) and key[1])
            model.cached(key, partial(_compile_body, kept, model.compiled(half=half)))
        else:
            model.cached(key, partial(_itself, kept))
    return model


def _unchecked(name: str, tables: Mapping[str, Table]) -> Model:
    """A model as ``Model`` makes it, but for the checks and the compilation: all draws are checked together before."""
    model = object.__new__(Model)
    parts = {"name": name, "tables": MappingProxyType(dict(tables)), "_cache": {}, "_lock": Lock()}
    for field, value in parts.items():
        object.__setattr__(model, field, value)
    return model


def _itself(kept: Any) -> Any:
    return kept


def _flat(model: Model, kept: CompiledModel, changed: set[str]) -> CompiledModel:
    tables = model.tables
    parts: dict[str, Any] = {}
    tree = kept.tree
    if "segments" in changed:
        table = tables["segments"]
        rows = [table.index(name) for name in kept.segments]
        tree = tree._replace(com=np.vstack([tree.com[:1], table.numbers("com_x", "com_y", "com_z")[rows]]))
    if "joints" in changed:
        torsion = tables["joints"].numbers("torsion")[[tables["joints"].index(j) for j in kept.joints]]
        joint_rotation = tree.joint_rotation.copy()
        for i, angle in enumerate(torsion, start=1):
            if angle or tree.is_rotated[i]:
                joint_rotation[i] = about_y(-np.radians(angle))
        tree = tree._replace(
            joint_rotation=joint_rotation,
            is_rotated=np.concatenate([tree.is_rotated[:1], tree.is_rotated[1:] | (torsion != 0.0)]),
        )
    parts["tree"] = tree
    if "muscles" in changed:
        table = tables["muscles"]
        rows = [table.index(name) for name in kept.muscles]
        force, moment_arm_scale = table.numbers("max_isometric_force", "leverage")[rows].T
        parts["muscle"] = kept.muscle._replace(
            max_force=force.copy(),
            moment_arm_scale=moment_arm_scale.copy(),
            has_moment_arm_scale=has_scale(moment_arm_scale),
        )
    if "patellar_tendon" in changed:
        parts["patella"] = kept.patella._replace(curves=compile_curves(tables["patellar_tendon"]))
    if "passive" in changed:
        parts["passive"] = compile_passive(tables["passive"], kept.coordinates, kept.half)
    if "settings" in changed:
        parts["abdomen"] = abdomen_of(tables["settings"])
    return replace(kept, **parts)


def _compile_body(kept: CompiledBody, compiled: CompiledModel) -> CompiledBody:
    entries = kept.entries._replace(abdomen=np.array([*compiled.abdomen, kept.entries.abdomen[4]]))
    return kept._replace(model=compiled.tables, entries=entries)
