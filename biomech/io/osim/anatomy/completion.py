"""What a stance turns and a file's body has not: coordinates at zero, and heel bones without mass.

A stance turns every joint of trunk and legs by the coordinates of the built-in bodies. What the file welds, or moves in
a plane alone, is *held* at zero, as by ligaments: muscles need not bear it. A foot that hangs on the shank by one joint
(a prosthesis) is what the ankle carries, a talus, and gets a heel bone without mass to stand on. Where the coordinates
of a spine move several joints of it at once, a stance has *free* ones of its own at the lowest, which the muscles that
cross it balance; outside a stance they are locked, so that a trial of the file's is solved by the file's alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech.io.osim.anatomy.neutral import NeutralPose
from biomech.io.osim.anatomy.record import Anatomy
from biomech.io.osim.description import Joint, OsimModel
from biomech.model.catalog import load_model
from biomech.model.required import TRUNK
from biomech.model.tables import Table, complete

Array = NDArray[np.float64]
Tables = Mapping[str, Table]

#: The body whose numbers stand in.
LIKE = "gait2392"
SOURCE = f"default: as in {LIKE}, grown to this body"
#: What gives way below the hip when feet are turned out far, and the body that has it.
_YIELD, _YIELDING = "shank_rotation", "adult"


def stands(description: OsimModel, anatomy: Anatomy) -> bool:
    """Whether a body has trunk, pelvis and a foot, and the joints between them, L5/S1 below the trunk."""
    joints = ["ground_pelvis", "lumbosacral"]
    joints += [f"{joint}{side}" for side in anatomy.feet for joint in ("hip", "knee", "ankle")]
    parts = all(role in anatomy.segments for role in TRUNK["segments"])
    if not (parts and anatomy.feet and all(joint in anatomy.joints for joint in joints)):
        return False
    return anatomy.segments["torso"] in _carried(description, anatomy.joints["lumbosacral"])


def _carried(description: OsimModel, joint: str) -> set[str]:
    """The bodies that a joint carries."""
    found: set[str] = set()
    for place in description.tree:  # inner joints come first
        own = description.joints[place]
        parent, child = (own.parent.body, own.child.body)[:: -1 if own.reversed else 1]
        if own.name == joint or parent in found:
            found.add(child)
    return found


def crossed_joints(tables: Tables) -> set[str]:
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


def completed(
    tables: dict[str, Table], description: OsimModel, pose: NeutralPose, anatomy: Anatomy
) -> tuple[dict[str, Table], list[str], list[str]]:
    """Tables with what a stance turns and the file has not; the names of what is held, and of what is given a moment.

    It gets its roles in ``anatomy``.
    """
    frames = {own.name: _inner_frame(own, pose) for own in description.joints}
    for side in anatomy.feet:
        frames.setdefault(anatomy.joints[f"subtalar{side}"], pose.rotation[anatomy.segments[f"calcn{side}"]])
    crossed, held, given = crossed_joints(tables), list[str](), list[str]()
    for where, roles in _turned(anatomy).items():
        joint = anatomy.joints[where]
        bends = where == "lumbosacral" and anatomy.bent_by_stance
        stance = "held" if not bends else "free" if joint in crossed else "locked"
        for role in roles:
            if role in anatomy.coordinates:
                continue
            name = _free_name(role, tables["coordinates"])
            tables = _with_coordinate(tables, joint, frames[joint], name, role, stance)
            if bends:
                tables["defaults"] = _with_row(complete(tables)["defaults"], _locked(name))
            anatomy.coordinates[role] = name
            (held if stance == "held" else given if stance == "locked" else []).append(name)
    return tables, held, given


def _turned(anatomy: Anatomy) -> dict[str, tuple[str, ...]]:
    """By joint the coordinates that a stance turns there, as roles."""
    found: dict[str, tuple[str, ...]] = {
        "ground_pelvis": TRUNK["coordinates"][:6],
        "lumbosacral": TRUNK["coordinates"][6:],
    }
    for side in anatomy.feet:
        found[f"hip{side}"] = tuple(f"hip_{way}{side}" for way in ("flexion", "adduction", "rotation"))
        found[f"knee{side}"] = (f"knee_angle{side}",)
        found[f"ankle{side}"] = (f"{_YIELD}{side}", f"ankle_angle{side}")
        found[f"subtalar{side}"] = (f"subtalar_angle{side}",)
    return found


def _inner_frame(joint: Joint, pose: NeutralPose) -> Array:
    """(3, 3), from the frame in which a joint moves what it carries to ground."""
    inner = joint.child if joint.reversed else joint.parent
    return np.asarray(pose.rotation[inner.body] @ np.array(inner.rotation))


def _free_name(role: str, table: Table) -> str:
    while role in table.rows:
        role += "_of_a_stance"
    return role


def _locked(name: str) -> dict[str, Any]:
    """A row of ``defaults`` of what moves in a stance alone."""
    flags = {"value": 0.0, "locked": 1.0, "clamped": 0.0, "prescribed": 0.0}
    return {"coordinate": name, **flags, "source": SOURCE}


def with_heels(
    tables: Tables, pose: NeutralPose, anatomy: Anatomy, heel: Mapping[str, Array]
) -> tuple[dict[str, Table], NeutralPose]:
    """Tables, and their pose, in which every foot that hangs on the shank by one joint carries a heel bone.

    Parameters
    ----------
    tables, pose, anatomy
        Of a body. What was the foot is the talus then, in ``anatomy``.
    heel : mapping of str to array
        By side, m: where the heel bone lies from the joint that carries the foot, along the axes of ground.
    """
    found, rotation, origin, centre = dict(tables), dict(pose.rotation), dict(pose.origin), dict(pose.centre)
    for side in anatomy.feet:
        if f"subtalar{side}" in anatomy.joints or f"ankle{side}" not in anatomy.joints:
            continue
        foot = anatomy.segments[f"calcn{side}"]
        bone, joint = _free_name(f"calcn{side}", found["segments"]), _free_name(f"subtalar{side}", found["joints"])
        place = centre[foot] + heel[side]
        x, y, z = (float(own) + 0.0 for own in rotation[foot].T @ (place - origin[foot]))
        nothing = {"mass": 0.0, "com_x": 0.0, "com_y": 0.0, "com_z": 0.0}
        row = {"joint": joint, "parent": foot, "child": bone, "x": x, "y": y, "z": z, "torsion": 0.0}
        found["segments"] = _with_row(found["segments"], {"segment": bone, **nothing, "source": SOURCE})
        found["joints"] = _with_row(found["joints"], {**row, "source": SOURCE})
        if "inertias" in found:
            still = dict.fromkeys(("xx", "yy", "zz", "xy", "xz", "yz"), 0.0)
            found["inertias"] = _with_row(found["inertias"], {"segment": bone, **still, "source": SOURCE})
        rotation[bone], origin[bone], centre[bone] = rotation[foot], place, place
        anatomy.segments |= {f"talus{side}": foot, f"calcn{side}": bone}
        anatomy.joints[f"subtalar{side}"] = joint
        anatomy.heels[bone] = foot
    return found, NeutralPose(rotation, origin, centre, pose.turns, pose.slides)


def _with_coordinate(
    tables: dict[str, Table], joint: str, frame: Array, name: str, role: str, stance: str
) -> dict[str, Table]:
    """Tables with another coordinate of a joint, about or along the axis that the built-in has for its role.

    ``frame`` (3, 3): from the joint's frame to ground.
    """
    like = load_model(_YIELDING if role.startswith(_YIELD) else LIKE).tables["coordinates"]
    row = {column: cells[like.index(role)] for column, cells in like.columns.items()}
    axis = frame.T @ np.array([row[f"axis_{own}"] for own in "xyz"], dtype=np.float64)
    axes = {f"axis_{own}": float(value) + 0.0 for own, value in zip("xyz", axis, strict=True)}
    own = {"coordinate": name, "joint": joint, "stance": stance, "source": SOURCE, **axes}
    tables = {**tables, "coordinates": _with_row(tables["coordinates"], {**row, **own})}
    moves = complete(tables)["transform_rows"]
    if joint not in moves.text("joint"):
        return tables
    motion, function = str(row["motion"]), f"{joint}.{name}"
    move = {"row": function, "joint": joint, "motion": motion, **axes, "function": function}
    move |= {"coordinates": name, "source": SOURCE}
    rows = [i for i, of in enumerate(moves.text("joint")) if of == joint]
    slides = [i for i in rows if moves.text("motion")[i] == "translation"]
    # ways are along axes of the parent, and so come first; the shank turns above the ankle
    at = rows[0] if motion == "translation" else rows[0] + len(slides) if role.startswith(_YIELD) else rows[-1] + 1
    tables["transform_rows"] = _with_row(moves, move, at)
    for i, value in enumerate((0.0, 1.0)):
        entry = {"entry": f"{function}.{i}", "function": function, "kind": "linear", "x": float(i), "y": value}
        tables["functions"] = _with_row(complete(tables)["functions"], {**entry, "source": SOURCE})
    return tables


def _with_row(table: Table, row: Mapping[str, Any], at: int | None = None) -> Table:
    """A table with another row, before the one at a place."""
    place = len(table) if at is None else at
    cells = {c: (*own[:place], row[c], *own[place:]) for c, own in table.columns.items()}
    return Table(table.name, cells)
