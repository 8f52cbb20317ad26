"""Legs: which chains of bodies are one, on which side, and what their parts are."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from biomech.io.osim.anatomy.axes import RATES, name_coordinates
from biomech.io.osim.anatomy.record import Anatomy
from biomech.io.osim.anatomy.tree import MIDLINE, Tree
from biomech.io.osim.description import GROUND

#: Part of the height of hip over sole that thigh and shank are at least, each, and that other links are at most.
_LONG = 0.25
#: How far down a long link goes, of its length.
_STEEP = 0.8
#: How far a foot reaches forward of its ankle, of the height of the hip.
_FORWARD = 0.05

_HIP = {"hip_flexion": ("turn", 2), "hip_adduction": ("turn", 0), "hip_rotation": ("turn", 1)}
_KNEE = {"knee_angle": ("turn", 2)}
_ANKLE = {"ankle_angle": ("turn", 2), "subtalar_angle": ("turn", 0)}
_TOES = {"mtp_angle": ("turn", 2)}


@dataclass(frozen=True)
class Leg:
    """A leg: what it hangs on, the bodies from thigh to foot, and the joints that carry them."""

    pelvis: str
    bodies: tuple[str, ...]
    thigh: int
    shank: int


def legs_of(tree: Tree) -> list[Leg]:
    """Every chain that is a leg, by the body that it hangs on: the outermost body from which it is one."""
    found: list[Leg] = []
    for body in tree.joint_of:
        leg = _leg_from(tree, body)
        if leg is not None and not any(set(leg.bodies) & set(other.bodies) for other in found):
            found.append(leg)
    return [leg for leg in found if leg.pelvis != GROUND]


def _leg_from(tree: Tree, body: str) -> Leg | None:
    """The leg that begins at a body, if one does."""
    chain = [body]
    while tree.children[chain[-1]]:
        chain.append(min(tree.children[chain[-1]], key=lambda own: (tree.lowest(own), -tree.count(own))))
    places = np.array([tree.centre[own] for own in chain])
    height = float(places[0, 1] - places[:, 1].min())
    links = np.diff(places, axis=0)
    length = np.linalg.norm(links, axis=1)
    if height <= 0.0 or len(chain) < 3:
        return None
    long = np.flatnonzero(length > _LONG * height)
    if len(long) != 2 or np.any(-links[long, 1] < _STEEP * length[long]):
        return None
    # a hip of several joints has no length before the thigh, nor a knee before the shank
    thigh, shank = int(long[0]), int(long[1])
    if _hinged_forward(tree, chain[thigh + 1 : shank + 1]) or not _ends_in_foot(tree, chain, shank, height):
        return None
    if thigh > 0 and np.linalg.norm(places[thigh] - places[0]) > 0.1 * height:
        return None
    return Leg(tree.parent[body], tuple(chain), thigh, shank)


def _hinged_forward(tree: Tree, shank: list[str]) -> bool:
    """Whether the range of a hinge says that it folds forward, as an elbow."""
    for body in shank:
        for own in tree.joint_of[body].coordinates:
            rate = float(tree.pose.turns[own.name][2])
            if abs(rate) > RATES[0] and np.isfinite(own.range).all():
                low, high = sorted(rate * end for end in own.range)
                if high > 1.0 and high > -2.0 * low:
                    return True
    return False


def _ends_in_foot(tree: Tree, chain: list[str], shank: int, height: float) -> bool:
    """Whether what hangs on the shank reaches further forward of its joint than behind it."""
    if len(chain) < shank + 2:
        return False
    ankle = tree.centre[chain[shank + 1]]
    points = np.array([at - ankle for own in tree.outward(chain[shank + 1]) for at in tree.reach[own]])
    forward, behind = float(points[:, 0].max()), -float(points[:, 0].min())
    return forward > _FORWARD * height and forward > 0.5 * behind


def sided(legs: list[Leg], tree: Tree, found: Anatomy) -> dict[str, Leg]:
    """Legs by side, ``_r`` and ``_l``: of one pelvis, one of each."""
    if not legs:
        return {}
    pelvis = legs[0].pelvis
    own = [leg for leg in legs if leg.pelvis == pelvis]
    if len(own) < len(legs):
        found.unclear.append(f"legs hang on {pelvis!r} and elsewhere: those of {pelvis!r} count")
    sides: dict[str, Leg] = {}
    middle = float(tree.centre[pelvis][2])
    for leg in own:
        z = float(tree.centre[leg.bodies[leg.thigh]][2]) - middle
        side = ("_r" if z > 0.0 else "_l") if abs(z) > MIDLINE else _told_side(leg.bodies[leg.thigh])
        if not side:
            found.unclear.append(f"the side of {leg.bodies[leg.thigh]!r}: it is in the midline")
        elif side in sides:
            found.unclear.append(f"{leg.bodies[leg.thigh]!r}: a second leg of its side")
        else:
            sides[side] = leg
    return dict(sorted(sides.items(), reverse=True))


def _told_side(name: str) -> str:
    """The side that a name tells, or nothing."""
    match = re.search(r"(?:^|[_. ])(r|l|right|left)(?:$|[_. ])", name, re.IGNORECASE)
    return f"_{match[1][0].lower()}" if match else ""


def name_leg(tree: Tree, leg: Leg, side: str, found: Anatomy) -> None:
    """Segments, joints and coordinates of a leg."""
    thigh, shank = leg.bodies[leg.thigh], leg.bodies[leg.shank]
    foot = list(leg.bodies[leg.shank + 1 :])
    found.segments |= {f"femur{side}": thigh, f"tibia{side}": shank}
    joint = tree.joint_of
    found.joints |= {f"hip{side}": joint[thigh].name, f"knee{side}": joint[shank].name}
    name_coordinates(tree, [joint[own] for own in leg.bodies[: leg.thigh + 1]], _HIP, side, found)
    name_coordinates(tree, [joint[own] for own in leg.bodies[leg.thigh + 1 : leg.shank + 1]], _KNEE, side, found)
    parts = _parts_of_foot(tree, foot, side, found)
    ankles = [joint[own] for own in foot if own != parts.get("toes")]
    found.segments |= {f"{role}{side}": own for role, own in parts.items()}
    names = {"talus": "ankle", "calcn": "subtalar", "toes": "mtp"}
    if "talus" not in parts and "calcn" in parts:
        names["calcn"] = "ankle"
    found.joints |= {f"{names[role]}{side}": joint[own].name for role, own in parts.items()}
    name_coordinates(tree, ankles, _ANKLE, side, found)
    if "toes" in parts:
        name_coordinates(tree, [joint[parts["toes"]]], _TOES, side, found)


def _parts_of_foot(tree: Tree, foot: list[str], side: str, found: Anatomy) -> dict[str, str]:
    """Talus, heel bone and toes among the bodies beyond the ankle.

    The foot's own joint lies behind and below that of the ankle, that of the toes in front of its.
    """
    if len(foot) > 3:
        found.unclear.append(f"which of {', '.join(map(repr, foot))} are talus, foot and toes")
        return {}
    if len(foot) == 3:
        return dict(zip(("talus", "calcn", "toes"), foot, strict=True))
    if len(foot) == 2:
        forward = float((tree.centre[foot[1]] - tree.centre[foot[0]])[0])
        roles = ("calcn", "toes") if forward > 0.02 else ("talus", "calcn")
        return dict(zip(roles, foot, strict=True))
    return {"calcn": foot[0]} if foot else {}
