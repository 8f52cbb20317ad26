"""Roles that a stance needs: the coordinates, segments and joints by which a body is told how to stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from biomech.errors import ModelError

if TYPE_CHECKING:
    from biomech.model.model import Model

_LEG = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "subtalar_angle")
_MIDLINE = (
    *("pelvis_tilt", "pelvis_list", "pelvis_rotation", "pelvis_tx", "pelvis_ty", "pelvis_tz"),
    *("lumbar_extension", "lumbar_bending", "lumbar_rotation"),
)
_SIDES = ("_r", "_l")
#: Roles that a stance needs, by kind of part.
NEEDED = {
    "segments": ("pelvis", "torso", *(f"{part}{side}" for side in _SIDES for part in ("femur", "talus", "calcn"))),
    "joints": ("lumbosacral", *(f"ankle{side}" for side in _SIDES)),
    "coordinates": (*_MIDLINE, *(f"{name}{side}" for side in _SIDES for name in _LEG)),
}


def require_stance_names(model: Model) -> None:
    """Refuse a model that lacks a role by which stances are described.

    Raises
    ------
    ModelError
        Names what is missing and what the model has.
    """
    model.shared("stance roles", lambda: _check(model))


def _check(model: Model) -> bool:
    for kind, roles in NEEDED.items():
        own = model.roles.of(kind)
        missing = [role for role in roles if role not in own]
        if missing:
            raise ModelError(
                f"model {model.name!r}: none of its {kind} has the role {', '.join(missing)}, which a stance needs; "
                f"with_roles tells it of one of {', '.join(model.tables[kind].rows)}"
            )
    contacts = model.tables_by_role["contact_points"]
    for side, foot in (("right", "calcn_r"), ("left", "calcn_l")):
        if (foot, "sole") not in zip(contacts.text("segment"), contacts.text("surface"), strict=True):
            raise ModelError(
                f"model {model.name!r}: no contact_points of a sole on {model.roles.segments[foot]}: "
                f"the {side} foot cannot stand"
            )
    return True
