"""What a body measures: where masses, soles and tendons may lie, given what else the body is made of.

A mass lies within its segment and the arms within their torso, the plane and tip of a sole are where its points are,
and a tendon's arm is shorter than the bone that it pulls.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from biomech.errors import ModelError
from biomech.model.checks.relations import child_of
from biomech.model.roles import ANKLES, RoleNames, ending, names_alone
from biomech.model.tables import Table, complete

Array = NDArray[np.float64]

#: By how much of its segment's extent a centre of mass may lie outside of what is attached to the segment.
_OUTSIDE = 0.75
#: How far the sole's plane may lie from the sole's points, over the length of the sole.
_OFF_THE_SOLE = 0.5


def check_extents(tables: Mapping[str, Table], names: RoleNames | None = None) -> None:
    """Refuse a body whose parts lie where they cannot.

    Parameters
    ----------
    tables : mapping of str to Table
        All tables of a model, whose rows fit together (``relations.check_relations``).
    names : RoleNames, optional
        Which of its parts have which roles; by default those that their names tell.

    Raises
    ------
    ModelError
        Names the row and column, the value, and what is allowed.
    """
    names = names_alone(tables) if names is None else names
    _check_soles(tables, names)
    _check_patellae(tables, names)
    _check_arms(tables, names)
    _check_centres(tables, names)


def _check_soles(tables: Mapping[str, Table], names: RoleNames) -> None:
    """Soles are on feet, and the plane and the tip that settings give them are theirs."""
    table, settings = tables["contact_points"], tables["settings"]
    feet = _feet(tables["joints"], [own for role in ANKLES if (own := names.own["joints"].get(role))])
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


def _feet(joints: Table, ankles: list[str]) -> list[str]:
    """Segments outward of the ankles; none where no joint has the role."""
    links = list(zip(joints.text("parent"), joints.text("child"), strict=True))
    found = [child for row, child in zip(joints.rows, joints.text("child"), strict=True) if row in ankles]
    for segment in found:  # which grows as it is gone through
        found += [child for parent, child in links if parent == segment and child not in found]
    return found


def _check_patellae(tables: Mapping[str, Table], names: RoleNames) -> None:
    """One patella a knee, on its own side, whose tendon pulls a bone longer than its arm and extends by its sign."""
    table, coordinates = tables["patellae"], tables["coordinates"]
    seen: dict[str, str] = {}
    for row, coordinate, sign in zip(table.rows, table.text("coordinate"), table.numbers("flexion"), strict=True):
        where = f"patellae/{row}"
        if seen.setdefault(coordinate, row) != row:
            raise ModelError(f"{where}/coordinate = {coordinate!r}: must be no other's; {seen[coordinate]!r} has it")
        # a patella has no role: of a body with names of its own it is of the side of its knee
        if names.is_plain and {"_r", "_l"} == {ending(row), ending(coordinate)}:
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
    bone = child_of(joints, coordinates.text("joint")[coordinates.index(coordinate)])
    own = [i for i, parent in enumerate(joints.text("parent")) if parent == bone]
    length = float(np.linalg.norm(joints.numbers("x", "y", "z")[own], axis=1).max()) if own else 0.0
    return bone, length if length > 0.0 else np.inf


def shorter_than(bone: str, length: float) -> str:
    """What is allowed of a tendon's arm."""
    return f"must be below {length:.4g} m, the length of {bone}"


def _check_arms(tables: Mapping[str, Table], names: RoleNames) -> None:
    """Arms are part of their torso."""
    segments, torso = tables["segments"], names.own["segments"].get("torso")
    arms = tables["settings"].value("arms_mass")
    mass = segments.value(torso, "mass") if torso else np.inf
    if arms > mass:
        raise ModelError(
            f"settings/arms_mass = {arms!r}: must be in 0..{mass:g} kg, segments/{torso}/mass, of which arms are part"
        )


def centre_bounds(tables: Mapping[str, Table], names: RoleNames) -> tuple[Array, Array]:
    """Least and most of the centres of mass (segment, 3), in the order of ``segments``, m.

    A centre of mass lies within the box of what is attached to its segment (its own joint, those that it carries, paths
    and contacts), or three quarters of the box's diagonal outside. Of a segment of no mass, or of no extent, nothing is
    known, nor of one that is the end of a limb and touches nothing: a stump. What the torso is without its arms lies
    within the same box.
    """
    segments = tables["segments"]
    low, high = np.full((len(segments), 3), -np.inf), np.full((len(segments), 3), np.inf)
    mass = segments.numbers("mass")
    torso = names.own["segments"].get("torso")
    attached = _attached(tables, torso)
    stumps = {*segments.rows} - {torso, *tables["joints"].text("parent"), *tables["contact_points"].text("segment")}
    if len(complete(tables)["transform_rows"]):  # a body from elsewhere has its masses where it says
        return low, high
    for i, name in enumerate(segments.rows):
        points = np.array([np.zeros(3), *attached.get(name, [])])
        least, most = points.min(axis=0), points.max(axis=0)
        margin = _OUTSIDE * float(np.linalg.norm(most - least))
        if mass[i] > 0.0 and margin > 0.0 and name not in stumps:
            low[i], high[i] = least - margin, most + margin
            if name == torso:
                arms, place = _arms(tables["settings"])
                share = min(arms / float(mass[i]), 1.0)
                low[i] = np.maximum(low[i], (1.0 - share) * low[i] + share * place)
                high[i] = np.minimum(high[i], (1.0 - share) * high[i] + share * place)
    return low, high


def _attached(tables: Mapping[str, Table], torso: str | None) -> dict[str, list[Array]]:
    """Points in the frame of each segment."""
    found: dict[str, list[Array]] = {}
    for table, column in (("joints", "parent"), ("path_points", "segment"), ("contact_points", "segment")):
        places = tables[table].numbers("x", "y", "z").reshape(-1, 3)
        for segment, place in zip(tables[table].text(column), places, strict=True):
            found.setdefault(segment, []).append(place)
    settings = tables["settings"]
    shoulder = np.array([settings.value("shoulder_x"), settings.value("shoulder_y"), 0.0])
    found.setdefault(torso or "", []).append(shoulder)
    return found


def _arms(settings: Table) -> tuple[float, Array]:
    """Mass of both arms, and where they hang in the torso of a body that stands upright."""
    mass, drop, x, y = (settings.value(name) for name in ("arms_mass", "arms_drop", "shoulder_x", "shoulder_y"))
    return mass, np.array([x, y - drop, 0.0])


def outside_segment(tables: Mapping[str, Table], names: RoleNames, row: int, low: float, high: float) -> str:
    """What is allowed of a centre of mass."""
    of_arms = ""
    if tables["segments"].rows[row] == names.own["segments"].get("torso"):
        of_arms = f", with arms of {tables['settings'].value('arms_mass'):g} kg (settings/arms_mass) as part of it"
    return f"must be in {low:.4g}..{high:.4g} m, for a centre of mass lies in its segment{of_arms}"


def _check_centres(tables: Mapping[str, Table], names: RoleNames) -> None:
    segments = tables["segments"]
    low, high = centre_bounds(tables, names)
    centre = segments.numbers("com_x", "com_y", "com_z").reshape(-1, 3)
    for i, axis in np.argwhere(~((centre >= low) & (centre <= high)))[:1].tolist():
        allowed = outside_segment(tables, names, i, float(low[i, axis]), float(high[i, axis]))
        where = f"segments/{segments.rows[i]}/com_{'xyz'[axis]}"
        raise ModelError(f"{where} = {float(centre[i, axis])!r}: {allowed}")
