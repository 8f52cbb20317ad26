"""Pelvis and trunk: what the legs hang on, and the heaviest of what else that carries and goes up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from biomech.io.osim.anatomy.axes import name_coordinates
from biomech.io.osim.anatomy.legs import Leg
from biomech.io.osim.anatomy.record import Anatomy
from biomech.io.osim.anatomy.tree import Tree
from biomech.io.osim.description import GROUND

#: m within which several joints are one.
_ONE_PLACE = 0.01

_PELVIS = {
    "pelvis_tilt": ("turn", 2),
    "pelvis_list": ("turn", 0),
    "pelvis_rotation": ("turn", 1),
    "pelvis_tx": ("slide", 0),
    "pelvis_ty": ("slide", 1),
    "pelvis_tz": ("slide", 2),
}
_LUMBAR = {"lumbar_extension": ("turn", 2), "lumbar_bending": ("turn", 0), "lumbar_rotation": ("turn", 1)}


def name_trunk(tree: Tree, pelvis: str, legs: Iterable[Leg], found: Anatomy) -> None:
    """Pelvis and trunk, and the coordinates that move them."""
    found.segments["pelvis"] = pelvis
    if tree.parent[pelvis] == GROUND:
        found.joints["ground_pelvis"] = tree.joint_of[pelvis].name
        name_coordinates(tree, [tree.joint_of[pelvis]], _PELVIS, "", found)
    else:
        found.unclear.append(f"how the pelvis {pelvis!r} floats: it hangs on {tree.parent[pelvis]!r}")
    firsts = {leg.bodies[0] for leg in legs}
    above = [own for own in tree.children[pelvis] if own not in firsts and _goes_up(tree, own, pelvis)]
    if not above:
        return
    weights = {own: sum(tree.mass[part] for part in tree.outward(own)) for own in above}
    first = max(above, key=lambda own: weights[own])
    trunk = _heaviest(tree, first)
    found.segments["torso"] = trunk
    chain = [trunk]
    while chain[-1] != first:
        chain.append(tree.parent[chain[-1]])
    _name_spine(tree, chain[::-1], found)


def _name_spine(tree: Tree, chain: list[str], found: Anatomy) -> None:
    """The lowest joint of the spine that moves is where a stance bends it; ``chain`` leads from it up to the trunk.

    Several joints in one place are one. Where what moves it moves joints above it along, none of its coordinates turns
    the trunk by a degree a degree, and a stance has coordinates of its own there.
    """
    moving = [own for own in chain if tree.moving([tree.joint_of[own]])]
    lowest = moving[0] if moving else chain[-1]
    here = [own for own in chain[chain.index(lowest) :] if _in_one_place(tree, own, lowest)]
    if not moving:
        here = chain
    joint, joints = tree.joint_of[here[-1]].name, [tree.joint_of[own] for own in here]
    found.joints["lumbosacral"] = joint
    above = [own for own in moving if own not in here]
    names = tree.moving(joints)
    along = {own.name for body in chain for own in tree.joint_of[body].coordinates if own.name not in names}
    if any(own.dependent in along and set(names) & {*own.independents} for own in tree.couplers):
        found.bent_by_stance = True
        found.said.append(f"a stance bends the spine at {joint!r} alone, by coordinates of its own")
        return
    name_coordinates(tree, joints, _LUMBAR, "", found)
    if above:
        found.said.append(f"a stance bends the spine at {joint!r} alone")


def _in_one_place(tree: Tree, body: str, other: str) -> bool:
    return float(np.linalg.norm(tree.centre[body] - tree.centre[other])) < _ONE_PLACE


def _goes_up(tree: Tree, body: str, pelvis: str) -> bool:
    """Whether what hangs on a body is above the pelvis, by its centre of mass or by its joints."""
    own = tree.outward(body)
    weight = np.array([max(tree.mass[part], 1e-9) for part in own])
    heights = np.array([np.mean([at[1] for at in tree.reach[part]]) for part in own])
    return float(np.average(heights, weights=weight)) > float(tree.centre[pelvis][1])


def _heaviest(tree: Tree, first: str) -> str:
    """The heaviest body of those that carry on upward, the first where all are alike."""
    return max(tree.outward(first), key=lambda own: tree.mass[own])
