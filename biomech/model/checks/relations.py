"""What rows and tables of a body must be to one another, where each number alone could be.

A number is looked at by itself in ``limits``, and where masses and points may lie in ``extents``. Here is which rows a
table must have and which nothing reads, how segments hang together, and which way coordinates go.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import numpy as np

from biomech.errors import ModelError
from biomech.model.forces.passive_joints import CONSTANTS
from biomech.model.roles import RoleNames, names_alone
from biomech.model.tables import Table, complete

#: Rows of ``settings`` that a body needs; with patellae also ``extensor_mechanism``.
SETTINGS = (
    *("gravity", "force_length_width", "friction_sides", "contact_weight", "contact_limit", "toe_tip", "sole_height"),
    *("arms_mass", "arms_drop", "shoulder_x", "shoulder_y", "hand_rest_x", "hand_rest_y", "lumbar_line_share"),
    *("pressure_share", "pressure_slope", "pressure_offset", "pressure_area", "pressure_arm"),
)
_SWITCH = "extensor_mechanism"
#: A row of ``settings`` that a body may have: ``Model.scaled`` asks for it.
_HEIGHT = "height"
#: Roles of coordinates, but for their sides: their motion, and the axis along which they are positive on the right.
_DIRECTIONS = {
    **{f"pelvis_t{axis}": ("translation", axis) for axis in "xyz"},
    **{
        name: ("rotation", axis)
        for axis, names in {
            "x": ("pelvis_list", "lumbar_bending", "hip_adduction"),
            "y": ("pelvis_rotation", "lumbar_rotation", "hip_rotation"),
            "z": ("pelvis_tilt", "lumbar_extension", "hip_flexion", "knee_angle", "ankle_angle"),
        }.items()
        for name in names
    },
}
#: Axes whose sines of angles multiply to less are no axes of their own.
_PARALLEL = 1e-6
#: Length of an axis below which its direction is rounding.
_SHORTEST_AXIS = 1e-6


def check_relations(tables: Mapping[str, Table], names: RoleNames | None = None) -> None:
    """Refuse a body whose parts do not fit together.

    Parameters
    ----------
    tables : mapping of str to Table
        All tables of a model, each of which is sound by itself (``limits.check_numbers``).
    names : RoleNames, optional
        Which of its parts have which roles; by default those that their names tell.

    Raises
    ------
    ModelError
        Names the row and column, the value, and what is allowed.
    """
    names = names_alone(tables) if names is None else names
    by_rows = bool(len(complete(tables)["transform_rows"]))
    _check_rows(tables)
    _check_tree(tables, by_rows)
    _check_couplings(tables["couplings"])
    if not by_rows:  # what rows do is theirs to say, and which way a body counts its angles
        _check_axes(tables["coordinates"])
        _check_directions(tables["coordinates"], names)
        _check_sides(tables["joints"], names)
    _check_points(tables["path_points"])
    _check_groups(tables["muscles"])


def _check_rows(tables: Mapping[str, Table]) -> None:
    """Every named number that is read is there, and none that nothing reads."""
    needed = {"settings": SETTINGS + ((_SWITCH,) if len(tables["patellae"]) else ()), "passive": CONSTANTS}
    for name, rows in needed.items():
        own = tables[name].rows
        missing = [row for row in rows if row not in own]
        if missing:
            raise ModelError(f"table {name!r} has no row {', '.join(map(repr, missing))}, which every body needs")
        known = (*SETTINGS, _SWITCH, _HEIGHT) if name == "settings" else rows
        for row in own:
            if row not in known:
                near = difflib.get_close_matches(row, known, n=1)
                hint = f" (did you mean {near[0]!r}?)" if near else ""
                raise ModelError(f"{name}/{row}: nothing reads a row of this name{hint}; rows are {', '.join(known)}")


def _check_tree(tables: Mapping[str, Table], by_rows: bool) -> None:
    """Every segment hangs by one joint, and the body by one joint from the ground, which holds nothing.

    A body whose joints move ``by_rows`` may hang from the ground in any way.
    """
    joints, coordinates = tables["joints"], tables["coordinates"]
    first_body: dict[str, str] = {}
    for row, child in zip(joints.rows, joints.text("child"), strict=True):
        if child in first_body:
            raise ModelError(
                f"joints/{row}/child = {child!r}: must be no joint's child already; {first_body[child]!r} has it"
            )
        first_body[child] = row
    for row in tables["segments"].rows:
        if row == "ground":
            raise ModelError("segments/ground: must not be named 'ground', the name of what the body stands on")
        if row not in first_body:
            raise ModelError(f"segments/{row}: no joint carries it; must be the child of one row of joints")
    if by_rows:
        return
    roots = [row for row, parent in zip(joints.rows, joints.text("parent"), strict=True) if parent == "ground"]
    if len(roots) > 1:
        raise ModelError(
            f"joints/{roots[1]}/parent = 'ground': must be a segment; {roots[0]!r} alone joins body and ground"
        )
    for row, joint, stance in zip(coordinates.rows, coordinates.text("joint"), coordinates.text("stance"), strict=True):
        if joint in roots and stance != "free":
            raise ModelError(
                f"coordinates/{row}/stance = {stance!r}: must be 'free'; nothing holds "
                f"{child_of(joints, joint)!r} to the ground"
            )


def child_of(joints: Table, joint: str) -> str:
    """The segment that a joint carries."""
    return joints.text("child")[joints.index(joint)]


def _check_couplings(table: Table) -> None:
    """Every coupling is counted once."""
    seen: dict[tuple[str, ...], str] = {}
    columns = [table.text(column) for column in ("joint", "component", "coordinate", "spline")]
    for row, *key in zip(table.rows, *columns, strict=True):
        first = seen.setdefault(tuple(key), row)
        if first != row:
            joint, component, coordinate, spline = key
            raise ModelError(
                f"couplings/{row}: must not repeat {first!r}: {component} of {joint!r} by {coordinate!r} along "
                f"{spline!r}"
            )


def _check_axes(table: Table) -> None:
    """Axes of a joint have a direction each, none of them what the others do together."""
    axes = table.numbers("axis_x", "axis_y", "axis_z").reshape(-1, 3)
    length = np.linalg.norm(axes, axis=1)
    groups: dict[tuple[str, str], list[int]] = {}
    for i, key in enumerate(zip(table.text("joint"), table.text("motion"), strict=True)):
        if not length[i] >= _SHORTEST_AXIS:
            raise ModelError(f"coordinates/{table.rows[i]}: the axis must not be zero; it is {length[i]:.3g} long")
        groups.setdefault(key, []).append(i)
    for (joint, motion), rows in groups.items():
        if len(rows) == 1:
            continue
        unit = axes[rows] / length[rows][:, None]
        if len(rows) > 3 or np.linalg.svd(unit, compute_uv=False)[-1] < _PARALLEL:
            names = ", ".join(table.rows[i] for i in rows)
            raise ModelError(
                f"coordinates/{table.rows[rows[-1]]}: must not do what others of joint {joint!r} do: the {motion} axes "
                f"of {names} are not independent"
            )


def _check_directions(table: Table, names: RoleNames) -> None:
    """A coordinate that stances and passive tissue know by its role moves the way that they take it to."""
    axes = table.numbers("axis_x", "axis_y", "axis_z").reshape(-1, 3)
    for row, motion, axis in zip(table.rows, table.text("motion"), axes, strict=True):
        side, role = names.side("coordinates", row), names.by_role["coordinates"][row]
        kind, component = _DIRECTIONS.get(role.removesuffix(side), ("", ""))
        if not kind:
            continue
        if motion != kind:
            raise ModelError(f"coordinates/{row}/motion = {motion!r}: must be {kind!r}")
        # a turn about x or y is the other way round in the mirror
        turned = (side == "_l" and component != "z") != (role in names.turned)
        along = float(axis["xyz".index(component)])
        if not (-along if turned else along) > 0.0:
            allowed = "negative" if turned else "positive"
            raise ModelError(
                f"coordinates/{row}/axis_{component} = {along!r}: must be {allowed}, the way in which stances and "
                f"passive tissue count {names.told('coordinates', row)}"
            )


def _check_points(table: Table) -> None:
    """A point that switches says where; what a point of its kind would not use is not given."""
    kinds = table.text("kind")
    # a path refuses a conditional point without a coordinate, whatever its ends are
    pairs = zip(kinds, table.text("coordinate"), strict=True)
    looked_at = np.array([kind != "conditional" or name != "" for kind, name in pairs], dtype=np.bool_)
    switches = np.array([kind == "conditional" for kind in kinds], dtype=np.bool_)
    for column in ("active_min", "active_max"):
        values = table.numbers(column)
        for i in np.flatnonzero(looked_at & (switches == np.isnan(values)))[:1]:
            allowed = "be a number (rad)" if switches[i] else "be absent (NaN)"
            raise ModelError(
                f"path_points/{table.rows[i]}/{column} = {float(values[i])!r}: must {allowed}, for the point is "
                f"{kinds[i]}"
            )
    for column, unused in (
        ("spline_x", ("fixed", "conditional")),
        ("spline_y", ("fixed", "conditional")),
        ("coordinate", ("fixed",)),
    ):
        for row, cell, kind in zip(table.rows, table.text(column), kinds, strict=True):
            if cell and kind in unused:
                raise ModelError(f"path_points/{row}/{column} = {cell!r}: must be empty, for the point is {kind}")


def _check_groups(table: Table) -> None:
    """Names of groups as they are asked for: without blanks around them, each once."""
    for row, groups in zip(table.rows, table.text("groups"), strict=True):
        names = groups.split(";") if groups else []
        if any(name != name.strip() or not name for name in names) or len(set(names)) < len(names):
            raise ModelError(
                f"muscles/{row}/groups = {groups!r}: must be names joined by ';' without blanks, each once"
            )


def _check_sides(table: Table, names: RoleNames) -> None:
    """What hangs on the midline hangs on its own side: z points to the right."""
    for row, parent, z in zip(table.rows, table.text("parent"), table.numbers("z"), strict=True):
        side = names.side("joints", row)
        if not names.side("segments", parent) and ((side == "_r" and z < 0.0) or (side == "_l" and z > 0.0)):
            allowed = "must not be negative" if side == "_r" else "must not be positive"
            raise ModelError(f"joints/{row}/z = {float(z)!r}: {allowed}; z points to the right")
