"""What rows and tables of a body must be to one another, where each number alone could be.

A number is looked at by itself in ``limits``. Here is what needs two: which rows a table must have and which nothing
reads, how segments hang together, that a mass lies within its segment and arms within their torso, that the sole is
where its points are, and that a tendon is no longer than the bone that it pulls.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from biomech.errors import ModelError
from biomech.model.mirror import side_of
from biomech.model.passive import CONSTANTS
from biomech.model.tables import Table

Array = NDArray[np.float64]

#: Rows of ``settings`` that a body needs; with patellae also ``extensor_mechanism``.
SETTINGS = (
    *("gravity", "force_length_width", "friction_sides", "contact_weight", "contact_limit", "toe_tip", "sole_height"),
    *("arms_mass", "arms_drop", "shoulder_x", "shoulder_y", "hand_rest_x", "hand_rest_y", "lumbar_line_share"),
    *("pressure_share", "pressure_slope", "pressure_offset", "pressure_area", "pressure_arm"),
)
_SWITCH = "extensor_mechanism"
#: By how much of its segment's extent a centre of mass may lie outside of what is attached to the segment.
_OUTSIDE = 0.75
#: Coordinates that have a meaning by name: their motion, and the axis along which they are positive on the right.
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
#: How far the sole's plane may lie from the sole's points, over the length of the sole.
_OFF_THE_SOLE = 0.5
#: Axes whose sines of angles multiply to less are no axes of their own.
_PARALLEL = 1e-6
#: Length of an axis below which its direction is rounding.
_SHORTEST_AXIS = 1e-6


def check_relations(tables: Mapping[str, Table]) -> None:
    """Refuse a body whose parts do not fit together.

    Parameters
    ----------
    tables : mapping of str to Table
        All tables of a model, each of which is sound by itself (``limits.check_numbers``).

    Raises
    ------
    ModelError
        Names the row and column, the value, and what is allowed.
    """
    _check_rows(tables)
    _check_tree(tables)
    _check_couplings(tables["couplings"])
    _check_axes(tables["coordinates"])
    _check_directions(tables["coordinates"])
    _check_points(tables["path_points"])
    _check_groups(tables["muscles"])
    _check_sides(tables["joints"])
    _check_soles(tables)
    _check_patellae(tables)
    check_arms(tables)
    _check_centres(tables)


def _check_rows(tables: Mapping[str, Table]) -> None:
    """Every named number that is read is there, and none that nothing reads."""
    needed = {"settings": SETTINGS + ((_SWITCH,) if len(tables["patellae"]) else ()), "passive": CONSTANTS}
    for name, rows in needed.items():
        own = tables[name].rows
        missing = [row for row in rows if row not in own]
        if missing:
            raise ModelError(f"table {name!r} has no row {', '.join(map(repr, missing))}, which every body needs")
        known = (*rows, _SWITCH) if name == "settings" else rows
        for row in own:
            if row not in known:
                near = difflib.get_close_matches(row, known, n=1)
                hint = f" (did you mean {near[0]!r}?)" if near else ""
                raise ModelError(f"{name}/{row}: nothing reads a row of this name{hint}; rows are {', '.join(known)}")


def _check_tree(tables: Mapping[str, Table]) -> None:
    """Every segment hangs by one joint, and the body by one joint from the ground, which holds nothing."""
    joints, coordinates = tables["joints"], tables["coordinates"]
    carrier: dict[str, str] = {}
    for row, child in zip(joints.rows, joints.text("child"), strict=True):
        if child in carrier:
            raise ModelError(
                f"joints/{row}/child = {child!r}: must be no joint's child already; {carrier[child]!r} has it"
            )
        carrier[child] = row
    for row in tables["segments"].rows:
        if row == "ground":
            raise ModelError("segments/ground: must not be named 'ground', the name of what the body stands on")
        if row not in carrier:
            raise ModelError(f"segments/{row}: no joint carries it; must be the child of one row of joints")
    roots = [row for row, parent in zip(joints.rows, joints.text("parent"), strict=True) if parent == "ground"]
    if len(roots) > 1:
        raise ModelError(
            f"joints/{roots[1]}/parent = 'ground': must be a segment; {roots[0]!r} alone joins body and ground"
        )
    for row, joint, stance in zip(coordinates.rows, coordinates.text("joint"), coordinates.text("stance"), strict=True):
        if joint in roots and stance != "free":
            raise ModelError(
                f"coordinates/{row}/stance = {stance!r}: must be 'free'; nothing holds "
                f"{_child(joints, joint)!r} to the ground"
            )


def _child(joints: Table, joint: str) -> str:
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


def _check_directions(table: Table) -> None:
    """A coordinate that stances and passive tissue know by its name moves the way that they take it to."""
    axes = table.numbers("axis_x", "axis_y", "axis_z").reshape(-1, 3)
    for row, motion, axis in zip(table.rows, table.text("motion"), axes, strict=True):
        side = side_of(row)
        kind, component = _DIRECTIONS.get(row if side == "midline" else row[:-2], ("", ""))
        if not kind:
            continue
        if motion != kind:
            raise ModelError(f"coordinates/{row}/motion = {motion!r}: must be {kind!r}")
        # a turn about x or y is the other way round in the mirror
        turned = side == "left" and component != "z"
        along = float(axis["xyz".index(component)])
        if not (-along if turned else along) > 0.0:
            allowed = "negative" if turned else "positive"
            raise ModelError(
                f"coordinates/{row}/axis_{component} = {along!r}: must be {allowed}, the way in which stances and "
                f"passive tissue count {row}"
            )


def _check_points(table: Table) -> None:
    """A point that switches says where; what a point of its kind would not use is not given."""
    kinds = table.text("kind")
    # a path refuses a conditional point without a coordinate, whatever its ends are
    looked_at = [
        kind != "conditional" or name != "" for kind, name in zip(kinds, table.text("coordinate"), strict=True)
    ]
    switches = np.array([kind == "conditional" for kind in kinds], dtype=np.bool_)
    for column in ("active_min", "active_max"):
        values = table.numbers(column)
        for i in np.flatnonzero((switches == np.isnan(values)) & looked_at)[:1]:
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


def _check_sides(table: Table) -> None:
    """What hangs on the midline hangs on its own side: z points to the right."""
    for row, parent, z in zip(table.rows, table.text("parent"), table.numbers("z"), strict=True):
        side = side_of(row)
        if side_of(parent) == "midline" and ((side == "right" and z < 0.0) or (side == "left" and z > 0.0)):
            allowed = "must not be negative" if side == "right" else "must not be positive"
            raise ModelError(f"joints/{row}/z = {float(z)!r}: {allowed}; z points to the right")


def _check_soles(tables: Mapping[str, Table]) -> None:
    """Soles are on feet, and the plane and the tip that settings give them are theirs."""
    table, settings = tables["contact_points"], tables["settings"]
    feet = _feet(tables["joints"])
    sole = [i for i, surface in enumerate(table.text("surface")) if surface == "sole"]
    for i, (row, segment) in enumerate(zip(table.rows, table.text("segment"), strict=True)):
        if segment == "ground":
            raise ModelError(f"contact_points/{row}/segment = 'ground': must be a segment of the body")
        if feet and i in sole and segment not in feet:
            raise ModelError(f"contact_points/{row}/segment = {segment!r}: a sole must be on a foot: {', '.join(feet)}")
    if not sole:
        return
    x, y = table.numbers("x")[sole], table.numbers("y")[sole]
    heel, tip, length = float(x.min()), float(x.max()), float(np.ptp(x))
    height, toe = settings.value("sole_height"), settings.value("toe_tip")
    low, high = float(y.min()) - _OFF_THE_SOLE * length, float(y.max()) + _OFF_THE_SOLE * length
    if not low <= height <= high:
        raise ModelError(
            f"settings/sole_height = {height!r}: must be in {low:.4g}..{high:.4g} m, near the points of the sole"
        )
    if tip > 0.0 and not 0.5 * tip <= toe <= 2.0 * tip:
        raise ModelError(
            f"settings/toe_tip = {toe!r}: must be in {0.5 * tip:.4g}..{2.0 * tip:.4g} m, half to twice where the "
            f"points of the sole, {heel:g}..{tip:g} m, end"
        )


def _feet(joints: Table) -> list[str]:
    """Segments outward of the ankles; none where no joint bears the name."""
    links = list(zip(joints.text("parent"), joints.text("child"), strict=True))
    found = [
        child for row, child in zip(joints.rows, joints.text("child"), strict=True) if row in ("ankle_r", "ankle_l")
    ]
    for segment in found:  # which grows as it is gone through
        found += [child for parent, child in links if parent == segment and child not in found]
    return found


def _check_patellae(tables: Mapping[str, Table]) -> None:
    """One patella a knee, on its own side, whose tendon pulls a bone longer than its arm and extends by its sign."""
    table, coordinates = tables["patellae"], tables["coordinates"]
    seen: dict[str, str] = {}
    for row, coordinate, sign in zip(table.rows, table.text("coordinate"), table.numbers("flexion"), strict=True):
        where = f"patellae/{row}"
        if seen.setdefault(coordinate, row) != row:
            raise ModelError(f"{where}/coordinate = {coordinate!r}: must be no other's; {seen[coordinate]!r} has it")
        if {"right", "left"} == {side_of(row), side_of(coordinate)}:
            raise ModelError(f"{where}/coordinate = {coordinate!r}: must be of the side of {row!r}")
        middle = coordinates.value(coordinate, "range_min") + coordinates.value(coordinate, "range_max")
        if sign * middle < 0.0:
            way = "-1" if sign > 0.0 else "1"
            raise ModelError(f"{where}/flexion = {sign:g}: must be {way}, the way in which {coordinate} goes further")
        bone, length = pulled_bone(tables, coordinate)
        arms = tables["patellar_tendon"]
        for knot, curve, value in zip(arms.rows, arms.text("curve"), arms.numbers("value"), strict=True):
            if curve == "arm" and not value < length:
                raise ModelError(f"patellar_tendon/{knot}/value = {float(value)!r}: {shorter_than(bone, length)}")


def pulled_bone(tables: Mapping[str, Table], coordinate: str) -> tuple[str, float]:
    """The bone that the tendon of a knee pulls, and its length, m, from its joint to the farthest that it carries."""
    joints, coordinates = tables["joints"], tables["coordinates"]
    bone = _child(joints, coordinates.text("joint")[coordinates.index(coordinate)])
    own = [i for i, parent in enumerate(joints.text("parent")) if parent == bone]
    length = float(np.linalg.norm(joints.numbers("x", "y", "z")[own], axis=1).max()) if own else 0.0
    return bone, length if length > 0.0 else np.inf


def shorter_than(bone: str, length: float) -> str:
    """What is allowed of a tendon's arm."""
    return f"must be below {length:.4g} m, the length of {bone}"


def check_arms(tables: Mapping[str, Table]) -> None:
    """Arms are part of their torso."""
    segments = tables["segments"]
    arms = tables["settings"].value("arms_mass")
    torso = segments.value("torso", "mass") if "torso" in segments.rows else np.inf
    if arms > torso:
        raise ModelError(
            f"settings/arms_mass = {arms!r}: must be in 0..{torso:g} kg, segments/torso/mass, of which arms are part"
        )


def centre_bounds(tables: Mapping[str, Table]) -> tuple[Array, Array]:
    """Least and most of the centres of mass (segment, 3), in the order of ``segments``, m.

    A centre of mass lies within the box of what is attached to its segment (its own joint, those that it carries, paths
    and contacts), or three quarters of the box's diagonal outside. Of a segment of no mass, or of no extent,
    nothing is known. What the torso is without its arms lies within the same box.
    """
    segments = tables["segments"]
    low, high = np.full((len(segments), 3), -np.inf), np.full((len(segments), 3), np.inf)
    mass = segments.numbers("mass")
    attached = _attached(tables)
    for i, name in enumerate(segments.rows):
        points = np.array([np.zeros(3), *attached.get(name, [])])
        least, most = points.min(axis=0), points.max(axis=0)
        margin = _OUTSIDE * float(np.linalg.norm(most - least))
        if mass[i] > 0.0 and margin > 0.0:
            low[i], high[i] = least - margin, most + margin
            if name == "torso":
                arms, place = _arms(tables["settings"])
                share = min(arms / float(mass[i]), 1.0)
                low[i] = np.maximum(low[i], (1.0 - share) * low[i] + share * place)
                high[i] = np.minimum(high[i], (1.0 - share) * high[i] + share * place)
    return low, high


def _attached(tables: Mapping[str, Table]) -> dict[str, list[Array]]:
    """Points in the frame of each segment."""
    found: dict[str, list[Array]] = {}
    for table, column in (("joints", "parent"), ("path_points", "segment"), ("contact_points", "segment")):
        places = tables[table].numbers("x", "y", "z").reshape(-1, 3)
        for segment, place in zip(tables[table].text(column), places, strict=True):
            found.setdefault(segment, []).append(place)
    settings = tables["settings"]
    found.setdefault("torso", []).append(np.array([settings.value("shoulder_x"), settings.value("shoulder_y"), 0.0]))
    return found


def _arms(settings: Table) -> tuple[float, Array]:
    """Mass of both arms, and where they hang in the torso of a body that stands upright."""
    mass, drop, x, y = (settings.value(name) for name in ("arms_mass", "arms_drop", "shoulder_x", "shoulder_y"))
    return mass, np.array([x, y - drop, 0.0])


def outside_segment(tables: Mapping[str, Table], row: int, low: float, high: float) -> str:
    """What is allowed of a centre of mass."""
    of_arms = ""
    if tables["segments"].rows[row] == "torso":
        of_arms = f", with arms of {tables['settings'].value('arms_mass'):g} kg (settings/arms_mass) as part of it"
    return f"must be in {low:.4g}..{high:.4g} m, for a centre of mass lies in its segment{of_arms}"


def _check_centres(tables: Mapping[str, Table]) -> None:
    segments = tables["segments"]
    low, high = centre_bounds(tables)
    centre = segments.numbers("com_x", "com_y", "com_z").reshape(-1, 3)
    for i, axis in np.argwhere(~((centre >= low) & (centre <= high)))[:1].tolist():
        allowed = outside_segment(tables, i, float(low[i, axis]), float(high[i, axis]))
        where = f"segments/{segments.rows[i]}/com_{'xyz'[axis]}"
        raise ModelError(f"{where} = {float(centre[i, axis])!r}: {allowed}")
