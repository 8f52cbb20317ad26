"""Roles that a stance needs: the coordinates, segments and joints by which a body is told how to stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from biomech.errors import ModelError
from biomech.model.left_out import REFUSED, check_left_out
from biomech.model.roles import SIDES

if TYPE_CHECKING:
    from biomech.model.model import Model

#: Roles that every stance needs, by kind of part.
TRUNK: Mapping[str, tuple[str, ...]] = {
    "segments": ("pelvis", "torso"),
    "joints": ("lumbosacral",),
    "coordinates": (
        *("pelvis_tilt", "pelvis_list", "pelvis_rotation", "pelvis_tx", "pelvis_ty", "pelvis_tz"),
        *("lumbar_extension", "lumbar_bending", "lumbar_rotation"),
    ),
}
#: And those of a leg that stands, but for its side.
LEG: Mapping[str, tuple[str, ...]] = {
    "segments": ("femur", "talus", "calcn"),
    "joints": ("ankle",),
    "coordinates": ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "subtalar_angle"),
}


def require_statics(model: Model) -> None:
    """Refuse a body with joints, constraints, paths or forces that are not computed: what muscles bear would be wrong.

    Raises
    ------
    ModelError
        Names what it is.
    """
    model.shared("statics are known", lambda: check_left_out(model.name, model.tables, REFUSED))


def require_trunk(model: Model) -> None:
    """Refuse a model that lacks a role which every stance needs.

    Raises
    ------
    ModelError
        Names what is missing and what the model has.
    """
    model.shared("roles of the trunk", lambda: _check(model, TRUNK, "a stance"))
    if not model.body_mass > 0.0:
        raise ModelError(f"model {model.name!r}: weighs nothing; a body that stands must have some mass")


def require_legs(model: Model, feet: Iterable[str]) -> None:
    """Refuse a model that lacks a role which standing on some feet needs; ``feet`` are sides, ``_r`` and ``_l``.

    Raises
    ------
    ModelError
        Names what is missing and what the model has.
    """
    for side in feet:
        model.shared(("roles of a leg", side), partial(_check_leg, model, side))


def _check_leg(model: Model, side: str) -> bool:
    words = SIDES[side]
    needed = {kind: tuple(f"{role}{side}" for role in roles) for kind, roles in LEG.items()}
    _check(model, needed, f"standing on the {words} foot")
    contacts, foot = model.tables_by_role["contact_points"], f"calcn{side}"
    if (foot, "sole") not in zip(contacts.text("segment"), contacts.text("surface"), strict=True):
        raise ModelError(
            f"model {model.name!r}: no contact_points of a sole on {model.roles.segments[foot]}: "
            f"the {words} foot cannot stand"
        )
    return True


def _check(model: Model, needed: Mapping[str, tuple[str, ...]], what: str) -> bool:
    for kind, roles in needed.items():
        missing = [role for role in roles if role not in model.roles.of(kind)]
        if missing:
            raise ModelError(
                f"model {model.name!r}: none of its {kind} has the role {', '.join(missing)}, which {what} needs; "
                f"with_roles tells it of one of {', '.join(model.tables[kind].rows)}"
            )
    return True
