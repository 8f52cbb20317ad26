"""What a model file does not say and a stance needs, by rules that are told: soles, passive tissue, arms, ranges.

Everything is that of the built-in ``gait2392``, grown to the body as in ``biomech.model.proportions``: by the height of
the hip over the ankle, the length of the thigh, that of the foot from heel bone to the joint of the toes, and mass. It
is given where the role exists for which it is meant.

- *Soles, seat.* The outline of the built-in sole under the heel bone, in its own axes, of which x leads forward and y
  up; what one sits on lies as far from the hip centre.
- *Tissue.* The passive moments of ``gait2392``, times mass and length, of a body that has trunk and legs; else none.
- *Extensor mechanism.* As the file's paths run: no patella is added.
- *Arms.* Where they are segments of their own they stay as the file has them, and turn with the trunk; else the trunk
  holds the built-in's share of mass.
- *Ranges.* Trusted is what the file and the built-in both allow.
- *In a stance* toes, and what has no role, stay as they are; so that a body stands whose file has no muscles across a
  joint (often the trunk's), its moment there is given. What a stance turns and the file welds, or has not, is added at
  zero and held, as by ligaments (a planar body is held in its plane): muscles need not bear it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech.io.osim.anatomy.neutral import NeutralPose, neutral_pose
from biomech.io.osim.anatomy.record import Anatomy
from biomech.io.osim.description import Joint, OsimModel
from biomech.model.catalog import load_model
from biomech.model.proportions import grown
from biomech.model.required import TRUNK
from biomech.model.tables import COLUMNS, Table, complete

Array = NDArray[np.float64]
Tables = Mapping[str, Table]

#: The body whose numbers stand in.
LIKE = "gait2392"
_SOURCE = f"default: as in {LIKE}, grown to this body"
#: How far the axes of a foot may lie from those of ground, as the sine of an angle.
_ALIGNED = 0.3
#: m from the midline within which nothing is a shoulder.
_SHOULDER = 0.1
#: What gives way below the hip when feet are turned out far, and the body that has it.
_YIELD, _YIELDING = "shank_rotation", "adult"
_SIDES = {"_r": 1.0, "_l": -1.0}


@dataclass(frozen=True)
class _Size:
    """A body over the built-in one: length (hip over ankle), thigh, foot, mass."""

    length: float
    thigh: float
    foot: float
    mass: float


@cache
def _built_in() -> tuple[Tables, Mapping[str, Array]]:
    """Tables of the built-in body, and where the origin of each of its segments is in the neutral pose."""
    model = load_model(LIKE)
    where = model.kinematics().origin[0]
    return model.tables, {str(name): where.sel(segment=name).values for name in where.segment.values}


def with_defaults(tables: Tables, description: OsimModel, anatomy: Anatomy) -> tuple[dict[str, Table], list[str]]:
    """The tables of a file's body with what the file does not say, and what was added, in words.

    Parameters
    ----------
    tables : mapping of str to Table
        As ``tables_of`` makes them.
    description : OsimModel
        What they were made of.
    anatomy : Anatomy
        What its parts are.

    Returns
    -------
    (dict of str to Table, list of str)
        The tables, and a phrase for each rule that was followed.
    """
    found, said = dict(tables), list[str]()
    found["muscles"] = _grouped(tables["muscles"], anatomy)
    if not anatomy.segments:
        return found, said
    pose = neutral_pose(description)
    size = _size(description, pose, anatomy)
    settings, passive = _grown(size)
    found["settings"], arms = _settings(tables["settings"], settings, description, pose, anatomy)
    found["contact_points"], soles = _contacts(pose, anatomy, size)
    found["coordinates"], still, given = _held_still(found, anatomy)
    said += [soles, arms, f"height {found['settings'].value('height'):.2f} m by the legs"]
    if _stands(description, anatomy):
        found["passive"] = passive
        found, added = _completed(found, description, pose, anatomy)
        said += [f"passive tissue as in {LIKE}, times {size.mass * size.length:.2f}"]
        said += [f"held at zero, not in the file: {_few(added)}"] if added else []
    else:
        said.append("no passive tissue")
    said.append("extensor mechanism as the paths run")
    said += [f"still in a stance: {_few(still)}"] if still else []
    said += [f"moment given in a stance, as no muscle moves it: {_few(given)}"] if given else []
    said += [f"unclear: {what}" for what in anatomy.unclear]
    return found, said


def _stands(description: OsimModel, anatomy: Anatomy) -> bool:
    """Whether a body has trunk, pelvis and a foot, and the joints between them, L5/S1 right below the trunk."""
    joints = ["ground_pelvis", "lumbosacral"]
    joints += [f"{joint}{side}" for side in anatomy.feet for joint in ("hip", "knee", "ankle", "subtalar")]
    parts = all(role in anatomy.segments for role in TRUNK["segments"])
    if not (parts and anatomy.feet and all(joint in anatomy.joints for joint in joints)):
        return False
    ends = {own.name: {own.parent.body, own.child.body} for own in description.joints}
    return anatomy.segments["torso"] in ends[anatomy.joints["lumbosacral"]]


def _few(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _grouped(muscles: Table, anatomy: Anatomy) -> Table:
    """Muscles in the groups that their names tell, then in those of the file."""
    cells = []
    for name, own in zip(muscles.rows, muscles.text("groups"), strict=True):
        both = [*anatomy.groups.get(name, ()), *filter(None, own.split(";"))]
        cells.append(";".join(dict.fromkeys(both)))
    return muscles.with_column("groups", tuple(cells))


# ---- size ---------------------------------------------------------------------------------------------------------


def _size(description: OsimModel, pose: NeutralPose, anatomy: Anatomy) -> _Size:
    """How large the body is, the mean of both sides; 1 of what it has not."""
    tables, built = _built_in()
    own = {role: pose.origin[name] for role, name in anatomy.segments.items()}
    mass = math.fsum(body.mass for body in description.bodies) / float(tables["segments"].numbers("mass").sum())

    def ratio(first: str, second: str, axes: tuple[int, ...]) -> float:
        found = []
        for side in _SIDES:
            a, b = f"{first}{side}", f"{second}{side}"
            if a in own and b in own:
                there, here = ((places[a] - places[b])[list(axes)] for places in (own, built))
                found.append(float(np.linalg.norm(there) / np.linalg.norm(here)))
        return float(np.mean(found)) if found else math.nan

    length = ratio("femur", "talus", (1,))
    thigh, foot = ratio("femur", "tibia", (0, 1, 2)), ratio("calcn", "toes", (0,))
    length = thigh if math.isnan(length) else length
    sizes = (length, thigh, length if math.isnan(foot) else foot)
    length, thigh, foot = (1.0 if math.isnan(one) else one for one in sizes)
    return _Size(length, thigh, foot, mass if mass > 0.0 else 1.0)


def _grown(size: _Size) -> tuple[Table, Table]:
    """Settings and passive tissue of the built-in body, grown."""
    growth = {"body_mass": size.mass, "mass": size.mass, "length": size.length}
    growth |= {"thigh": size.thigh, "foot": size.foot, "sole": size.foot}
    whole = grown({**_built_in()[0]}, growth, ())
    return whole["settings"], whole["passive"]


# ---- settings -----------------------------------------------------------------------------------------------------


def _settings(
    own: Table, like: Table, description: OsimModel, pose: NeutralPose, anatomy: Anatomy
) -> tuple[Table, str]:
    """Settings of the body, its gravity the file's, and what is said of the arms."""
    values = dict(zip(like.rows, like.numbers("value").tolist(), strict=True))
    values["gravity"] = own.value("gravity")
    values.pop("extensor_mechanism", None)
    arms = _shoulders(description, pose, anatomy)
    torso = anatomy.segments.get("torso")
    said = f"arms {values['arms_mass']:.1f} kg of the trunk"
    if torso is None:
        values["arms_mass"], said = 0.0, "no trunk, no arms"
    elif arms:
        shoulder = np.mean([pose.origin[name] for name in arms], axis=0)
        local = pose.rotation[torso].T @ (shoulder - pose.origin[torso])
        values["shoulder_x"], values["shoulder_y"] = float(local[0]), float(local[1])
        values["arms_mass"], said = 0.0, "arms as the file has them, turning with the trunk"
    units = dict(zip(like.rows, like.text("unit"), strict=True))
    said_of = dict.fromkeys(values, _SOURCE) | {"gravity": own.text("source")[own.index("gravity")]}
    columns = {
        "setting": tuple(values),
        "value": tuple(values.values()),
        "unit": tuple(units[row] for row in values),
        "source": tuple(said_of[row] for row in values),
    }
    return Table("settings", columns), said


def _shoulders(description: OsimModel, pose: NeutralPose, anatomy: Anatomy) -> list[str]:
    """Bodies that weigh and hang on the trunk away from the midline, one on either side: arms."""
    torso, found = anatomy.segments.get("torso"), []
    mass = {own.name: own.mass for own in description.bodies}
    for place in description.tree:
        joint = description.joints[place]
        child = joint.child.body
        if joint.parent.body == torso and abs(float(pose.origin[child][2])) > _SHOULDER and mass[child] > 0.0:
            found.append(child)
    return found if len(found) > 1 else []


# ---- contact ------------------------------------------------------------------------------------------------------


def _contacts(pose: NeutralPose, anatomy: Anatomy, size: _Size) -> tuple[Table, str]:
    """Points of soles and seat, and what is said of them."""
    tables, built = _built_in()
    like = tables["contact_points"]
    rows: list[dict[str, str | float]] = []
    feet = [side for side in anatomy.feet if _is_aligned(pose, anatomy.segments[f"calcn{side}"])]
    for i, row in enumerate(like.rows):
        segment, surface = like.text("segment")[i], like.text("surface")[i]
        side = segment[-2:] if segment[-2:] in _SIDES else ("_r" if like.numbers("z")[i] > 0.0 else "_l")
        if segment not in anatomy.segments or (surface == "sole" and side not in feet):
            continue
        if surface == "seat" and f"femur{side}" not in anatomy.segments:
            continue
        place = np.array([like.numbers(axis)[i] for axis in "xyz"])
        rows.append(_contact_row(row, segment, surface, side, place, pose, anatomy, size, built))
    columns: dict[str, Any] = {column: tuple(row[column] for row in rows) for column in COLUMNS["contact_points"]}
    turned = [anatomy.segments[f"calcn{side}"] for side in anatomy.feet if side not in feet]
    said = f"soles and seat as in {LIKE}, times {size.foot:.2f} and {size.length:.2f}" if feet else "no soles"
    if turned:
        said += f" (none under {', '.join(map(repr, turned))}, whose axes are not those of ground)"
    return Table("contact_points", columns), said


def _contact_row(
    row: str,
    segment: str,
    surface: str,
    side: str,
    place: Array,
    pose: NeutralPose,
    anatomy: Anatomy,
    size: _Size,
    built: Mapping[str, Array],
) -> dict[str, str | float]:
    """A contact point as far from the heel (of a sole), the hip centre (of a seat) as in the built-in body."""
    name = anatomy.segments[segment]
    if surface == "sole":
        origin, factor = pose.origin[name], size.foot
        if f"talus{side}" not in anatomy.segments:  # a foot whose frame is at its ankle
            origin = origin - size.foot * (built[f"talus{side}"] - built[f"calcn{side}"])
        away = place
    else:
        hip = f"femur{side}"
        origin, factor = pose.origin[anatomy.segments[hip]], size.thigh if segment == hip else size.length
        away = built[segment] + place - built[hip]
    # in the segment's own axes, which are about those of ground
    x, y, z = (float(one) + 0.0 for one in pose.rotation[name].T @ (origin - pose.origin[name]) + factor * away)
    return {"contact": row, "segment": name, "surface": surface, "x": x, "y": y, "z": z, "source": _SOURCE}


def _is_aligned(pose: NeutralPose, body: str) -> bool:
    return bool(np.abs(pose.rotation[body] - np.eye(3)).max() < _ALIGNED)


# ---- coordinates --------------------------------------------------------------------------------------------------


def _held_still(tables: Tables, anatomy: Anatomy) -> tuple[Table, list[str], list[str]]:
    """Coordinates with their stance and trusted range, those that do not move in a stance, and what nothing moves."""
    like, coordinates = _built_in()[0]["coordinates"], tables["coordinates"]
    crossed, joint_of = _crossed(tables), coordinates.text("joint")
    roles = {name: role for role, name in anatomy.coordinates.items()}
    cells: dict[str, list[Any]] = {column: list(own) for column, own in coordinates.columns.items()}
    still, given = [], []
    for i, name in enumerate(coordinates.rows):
        role = roles.get(name)
        if cells["stance"][i] == "free" and (role is None or role not in like.rows or role.startswith("mtp")):
            cells["stance"][i] = "locked"
            still.append(name)
        elif cells["stance"][i] == "free" and not str(role).startswith("pelvis") and joint_of[i] not in crossed:
            cells["stance"][i] = "locked"
            given.append(name)
        if role in like.rows and role is not None:
            ends = [like.value(role, f"trusted_{end}") for end in ("min", "max")]
            low, high = sorted(anatomy.signs.get(role, 1.0) * end + 0.0 for end in ends)
            low, high = max(low, cells["range_min"][i]), min(high, cells["range_max"][i])
            if low < high:
                cells["trusted_min"][i], cells["trusted_max"][i] = low, high
    return Table("coordinates", {column: tuple(own) for column, own in cells.items()}), still, given


def _crossed(tables: Tables) -> set[str]:
    """Joints that some muscle crosses."""
    joints, points = tables["joints"], tables["path_points"]
    parent = dict(zip(joints.text("child"), joints.text("parent"), strict=True))
    joint = dict(zip(joints.text("child"), joints.rows, strict=True))
    reached: dict[str, set[str]] = {}
    for muscle, segment in zip(points.text("muscle"), points.text("segment"), strict=True):
        reached.setdefault(muscle, set()).add(segment)
    found: set[str] = set()
    for ends in reached.values():
        ways = [_inward(end, parent) for end in ends]
        shared = set.intersection(*(set(way) for way in ways))
        found |= {joint[body] for way in ways for body in way if body not in shared and body in joint}
    return found


def _inward(body: str, parent: Mapping[str, str]) -> list[str]:
    """A body and all that it hangs on."""
    way = [body]
    while way[-1] in parent:
        way.append(parent[way[-1]])
    return way


def _completed(
    tables: dict[str, Table], description: OsimModel, pose: NeutralPose, anatomy: Anatomy
) -> tuple[dict[str, Table], list[str]]:
    """Tables with the coordinates that a stance turns and the file has not.

    They get the roles in ``anatomy``.
    """
    joints = {own.name: own for own in description.joints}
    needed: dict[str, tuple[str, ...]] = {
        "ground_pelvis": TRUNK["coordinates"][:6],
        "lumbosacral": TRUNK["coordinates"][6:],
    }
    for side in anatomy.feet:
        needed[f"hip{side}"] = tuple(f"hip_{way}{side}" for way in ("flexion", "adduction", "rotation"))
        needed[f"knee{side}"] = (f"knee_angle{side}",)
        needed[f"ankle{side}"] = (f"{_YIELD}{side}", f"ankle_angle{side}")
        needed[f"subtalar{side}"] = (f"subtalar_angle{side}",)
    added = []
    for joint, roles in needed.items():
        for role in roles:
            if role not in anatomy.coordinates:
                name, taken = role, tables["coordinates"].rows
                while name in taken:
                    name += "_of_a_stance"
                tables = _with_coordinate(tables, joints[anatomy.joints[joint]], name, role, pose)
                anatomy.coordinates[role] = name
                added.append(name)
    return tables, added


def _with_coordinate(
    tables: dict[str, Table], joint: Joint, name: str, role: str, pose: NeutralPose
) -> dict[str, Table]:
    """Tables with another coordinate of a joint, about or along the axis that the built-in has for its role."""
    like = load_model(_YIELDING if role.startswith(_YIELD) else LIKE).tables["coordinates"]
    row = {column: cells[like.index(role)] for column, cells in like.columns.items()}
    inner = joint.child if joint.reversed else joint.parent
    frame = pose.rotation[inner.body] @ np.array(inner.rotation)
    axis = frame.T @ np.array([row[f"axis_{own}"] for own in "xyz"], dtype=np.float64)
    axes = {f"axis_{own}": float(value) + 0.0 for own, value in zip("xyz", axis, strict=True)}
    stance = {"coordinate": name, "joint": joint.name, "stance": "held", "source": _SOURCE, **axes}
    tables = {**tables, "coordinates": _with_row(tables["coordinates"], {**row, **stance})}
    moves = complete(tables)["transform_rows"]
    if joint.name in moves.text("joint"):
        motion, function = str(row["motion"]), f"{joint.name}.{name}"
        own = {"row": function, "joint": joint.name, "motion": motion, **axes, "function": function}
        own |= {"coordinates": name, "source": _SOURCE}
        rows = [i for i, of in enumerate(moves.text("joint")) if of == joint.name]
        slides = [i for i in rows if moves.text("motion")[i] == "translation"]
        # ways are along axes of the parent, and so come first; the shank turns above the ankle
        at = rows[0] if motion == "translation" else rows[0] + len(slides) if role.startswith(_YIELD) else rows[-1] + 1
        tables["transform_rows"] = _with_row(moves, own, at)
        for i, value in enumerate((0.0, 1.0)):
            entry = {"entry": f"{function}.{i}", "function": function, "kind": "linear", "x": float(i), "y": value}
            tables["functions"] = _with_row(complete(tables)["functions"], {**entry, "source": _SOURCE})
    return tables


def _with_row(table: Table, row: Mapping[str, Any], at: int | None = None) -> Table:
    """A table with another row, before the one at a place."""
    place = len(table) if at is None else at
    cells = {c: (*own[:place], row[c], *own[place:]) for c, own in table.columns.items()}
    return Table(table.name, cells)
