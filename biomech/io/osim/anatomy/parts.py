"""What the parts of a described body are, told by how they hang together and move, not by what they are called.

OpenSim's ground has x forward, y up and z to the right; a file stands in it upright when every coordinate is zero.

- A leg is a chain that goes down in two long links, thigh and shank, each of which a joint begins, and ends in a foot
  that reaches forward; where the range of its knee says so, the shank folds backward (an elbow's folds forward).
- The pelvis is what the legs hang on. The trunk is the heaviest of what else it carries and goes up.
- A coordinate has the role of the axis of ground about or along which it moves its joint most, with the sign of that.
- Right is where z is larger. Names decide only where z does not.

Muscles are in the groups of their usual abbreviations; pairs of them mirror each other in place.

Whatever is not clear has no role, and ``Anatomy.unclear`` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from biomech.io.osim.anatomy.neutral import NeutralPose, fixed_points, neutral_pose
from biomech.io.osim.description import GROUND, Joint, OsimModel

Array = NDArray[np.float64]

#: Part of the height of hip over sole that thigh and shank are at least, each, and that other links are at most.
_LONG = 0.25
#: How far down a long link goes, of its length.
_STEEP = 0.8
#: How far a foot reaches forward of its ankle, of the height of the hip.
_FORWARD = 0.05
#: Rate at which a coordinate turns about the axis of its role.
_RATES = (0.5, 1.5)
#: m from the midline within which a body's side cannot be told by its place.
_MIDLINE = 0.005
#: m within which several joints are one.
_ONE_PLACE = 0.01
#: m that mirror images of paths are apart at most, on average.
_MIRROR = 0.02

#: Roles of coordinates by joint: axis of ground, and whether the left is counted the other way round about it.
_PELVIS = {
    "pelvis_tilt": ("turn", 2),
    "pelvis_list": ("turn", 0),
    "pelvis_rotation": ("turn", 1),
    "pelvis_tx": ("slide", 0),
    "pelvis_ty": ("slide", 1),
    "pelvis_tz": ("slide", 2),
}
_LUMBAR = {"lumbar_extension": ("turn", 2), "lumbar_bending": ("turn", 0), "lumbar_rotation": ("turn", 1)}
_HIP = {"hip_flexion": ("turn", 2), "hip_adduction": ("turn", 0), "hip_rotation": ("turn", 1)}
_KNEE = {"knee_angle": ("turn", 2)}
_ANKLE = {"ankle_angle": ("turn", 2), "subtalar_angle": ("turn", 0)}
_TOES = {"mtp_angle": ("turn", 2)}


@dataclass
class Anatomy:
    """Roles by kind, from role to name; ``signs`` of coordinates that count the other way round; mirror pairs.

    ``mirror``: names on the right to those on the left, of parts of every kind, each in one pair alone; where kinds
    share names the first pair counts. ``bodies``: the same of bodies that have no role, by themselves. ``groups``: of
    each muscle, those that its name tells. ``unclear``: what could not be told, in words.
    """

    segments: dict[str, str] = field(default_factory=dict)
    joints: dict[str, str] = field(default_factory=dict)
    coordinates: dict[str, str] = field(default_factory=dict)
    signs: dict[str, float] = field(default_factory=dict)
    mirror: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unclear: list[str] = field(default_factory=list)
    _paired: set[str] = field(default_factory=set, init=False, repr=False)

    def pair(self, right: str, left: str) -> None:
        """Pair two names, unless one is in another pair."""
        if right != left and not {right, left} & self._paired:
            self.mirror[right] = left
            self._paired |= {right, left}

    @property
    def feet(self) -> tuple[str, ...]:
        """Endings of the sides that have a foot to stand on."""
        return tuple(side for side in ("_r", "_l") if f"calcn{side}" in self.segments)


@dataclass(frozen=True)
class _Leg:
    """A leg: what it hangs on, the bodies from thigh to foot, and the joints that carry them."""

    pelvis: str
    bodies: tuple[str, ...]
    thigh: int
    shank: int


class _Tree:
    """How bodies hang on one another."""

    def __init__(self, description: OsimModel, pose: NeutralPose) -> None:
        self.description, self.pose = description, pose
        self.joint_of: dict[str, Joint] = {}
        self.parent: dict[str, str] = {}
        self.children: dict[str, list[str]] = {GROUND: []}
        for place in description.tree:
            joint = description.joints[place]
            ends = (joint.parent.body, joint.child.body)
            parent, child = ends[::-1] if joint.reversed else ends
            self.joint_of[child], self.parent[child] = joint, parent
            self.children.setdefault(parent, []).append(child)
            self.children.setdefault(child, [])
        self.mass = {own.name: own.mass for own in description.bodies}
        self.reach = _points_of(description, pose)
        self.dependent = {own.dependent for own in description.couplers if own.enforced}
        self._lowest, self._count = self._reach_down()

    def _reach_down(self) -> tuple[dict[str, float], dict[str, int]]:
        """How low what hangs on each body comes, and how many bodies that are: from the outermost inward."""
        low = {body: float(origin[1]) for body, origin in self.pose.origin.items()}
        count = dict.fromkeys(low, 1)
        for body in reversed(self.outward(GROUND)[1:]):
            parent = self.parent[body]
            if parent != GROUND:
                low[parent] = min(low[parent], low[body])
                count[parent] += count[body]
        return low, count

    def outward(self, body: str) -> list[str]:
        """A body and all that hangs on it, each after what it hangs on."""
        found, waiting = list[str](), [body]
        while waiting:
            found.append(waiting.pop())
            waiting.extend(reversed(self.children[found[-1]]))
        return found

    def lowest(self, body: str) -> float:
        """How low what hangs on a body comes, by its joints."""
        return self._lowest[body]

    def count(self, body: str) -> int:
        """How many bodies a body and all that hangs on it are."""
        return self._count[body]

    def moving(self, joints: Iterable[Joint]) -> list[str]:
        """Coordinates of joints that follow no others."""
        return [own.name for joint in joints for own in joint.coordinates if own.name not in self.dependent]


def _points_of(description: OsimModel, pose: NeutralPose) -> dict[str, list[Array]]:
    """What is known to be on each body: its origin, its centre, ends of muscles, markers; in ground."""
    found = {body: [origin] for body, origin in pose.origin.items()}
    for own in description.bodies:
        found[own.name].append(pose.place(own.name, own.mass_center))
    for marker in description.markers:
        found[marker.body].append(pose.place(marker.body, marker.location))
    for points in fixed_points(description, pose).values():
        for body, place in points:
            found[body].append(place)
    return found


def find_anatomy(description: OsimModel) -> Anatomy:
    """What the parts of a described body are.

    Parameters
    ----------
    description : OsimModel
        What a file says.

    Returns
    -------
    Anatomy
        An arm alone has no roles; a leg alone those of its side.
    """
    pose = neutral_pose(description)
    tree, found = _Tree(description, pose), Anatomy()
    legs = _sided(_legs(tree), tree, found)
    for side, leg in legs.items():
        _name_leg(tree, leg, side, found)
    if legs:
        _name_trunk(tree, next(iter(legs.values())).pelvis, legs.values(), found)
    _pair_segments(tree, found)
    _pair_muscles(tree, found)
    _group_muscles(description, found)
    return found


# ---- legs ---------------------------------------------------------------------------------------------------------


def _legs(tree: _Tree) -> list[_Leg]:
    """Every chain that is a leg, by the body that it hangs on: the outermost body from which it is one."""
    found: list[_Leg] = []
    for body in tree.joint_of:
        leg = _leg_from(tree, body)
        if leg is not None and not any(set(leg.bodies) & set(other.bodies) for other in found):
            found.append(leg)
    return [leg for leg in found if leg.pelvis != GROUND]


def _leg_from(tree: _Tree, body: str) -> _Leg | None:
    """The leg that begins at a body, if one does."""
    chain = [body]
    while tree.children[chain[-1]]:
        chain.append(min(tree.children[chain[-1]], key=lambda own: (tree.lowest(own), -tree.count(own))))
    places = np.array([tree.pose.origin[own] for own in chain])
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
    return _Leg(tree.parent[body], tuple(chain), thigh, shank)


def _hinged_forward(tree: _Tree, shank: list[str]) -> bool:
    """Whether the range of a hinge says that it folds forward, as an elbow."""
    for body in shank:
        for own in tree.joint_of[body].coordinates:
            rate = float(tree.pose.turns[own.name][2])
            if abs(rate) > _RATES[0] and np.isfinite(own.range).all():
                low, high = sorted(rate * end for end in own.range)
                if high > 1.0 and high > -2.0 * low:
                    return True
    return False


def _ends_in_foot(tree: _Tree, chain: list[str], shank: int, height: float) -> bool:
    """Whether what hangs on the shank reaches further forward of its joint than behind it."""
    if len(chain) < shank + 2:
        return False
    ankle = tree.pose.origin[chain[shank + 1]]
    points = np.array([at - ankle for own in tree.outward(chain[shank + 1]) for at in tree.reach[own]])
    forward, behind = float(points[:, 0].max()), -float(points[:, 0].min())
    return forward > _FORWARD * height and forward > 0.5 * behind


def _sided(legs: list[_Leg], tree: _Tree, found: Anatomy) -> dict[str, _Leg]:
    """Legs by side, ``_r`` and ``_l``: of one pelvis, one of each."""
    if not legs:
        return {}
    pelvis = legs[0].pelvis
    own = [leg for leg in legs if leg.pelvis == pelvis]
    if len(own) < len(legs):
        found.unclear.append(f"legs hang on {pelvis!r} and elsewhere: those of {pelvis!r} count")
    sides: dict[str, _Leg] = {}
    middle = float(tree.pose.origin[pelvis][2])
    for leg in own:
        z = float(tree.pose.origin[leg.bodies[leg.thigh]][2]) - middle
        side = ("_r" if z > 0.0 else "_l") if abs(z) > _MIDLINE else _told_side(leg.bodies[leg.thigh])
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


def _name_leg(tree: _Tree, leg: _Leg, side: str, found: Anatomy) -> None:
    """Segments, joints and coordinates of a leg."""
    thigh, shank = leg.bodies[leg.thigh], leg.bodies[leg.shank]
    foot = list(leg.bodies[leg.shank + 1 :])
    found.segments |= {f"femur{side}": thigh, f"tibia{side}": shank}
    joint = tree.joint_of
    found.joints |= {f"hip{side}": joint[thigh].name, f"knee{side}": joint[shank].name}
    _name_coordinates(tree, [joint[own] for own in leg.bodies[: leg.thigh + 1]], _HIP, side, found)
    _name_coordinates(tree, [joint[own] for own in leg.bodies[leg.thigh + 1 : leg.shank + 1]], _KNEE, side, found)
    parts = _parts_of_foot(tree, foot, side, found)
    ankles = [joint[own] for own in foot if own != parts.get("toes")]
    found.segments |= {f"{role}{side}": own for role, own in parts.items()}
    names = {"talus": "ankle", "calcn": "subtalar", "toes": "mtp"}
    if "talus" not in parts and "calcn" in parts:
        names["calcn"] = "ankle"
    found.joints |= {f"{names[role]}{side}": joint[own].name for role, own in parts.items()}
    _name_coordinates(tree, ankles, _ANKLE, side, found)
    if "toes" in parts:
        _name_coordinates(tree, [joint[parts["toes"]]], _TOES, side, found)


def _parts_of_foot(tree: _Tree, foot: list[str], side: str, found: Anatomy) -> dict[str, str]:
    """Talus, heel bone and toes among the bodies beyond the ankle.

    The foot's own joint lies behind and below that of the ankle, that of the toes in front of its.
    """
    if len(foot) > 3:
        found.unclear.append(f"which of {', '.join(map(repr, foot))} are talus, foot and toes")
        return {}
    if len(foot) == 3:
        return dict(zip(("talus", "calcn", "toes"), foot, strict=True))
    if len(foot) == 2:
        forward = float((tree.pose.origin[foot[1]] - tree.pose.origin[foot[0]])[0])
        roles = ("calcn", "toes") if forward > 0.02 else ("talus", "calcn")
        return dict(zip(roles, foot, strict=True))
    return {"calcn": foot[0]} if foot else {}


# ---- trunk --------------------------------------------------------------------------------------------------------


def _name_trunk(tree: _Tree, pelvis: str, legs: Iterable[_Leg], found: Anatomy) -> None:
    """Pelvis and trunk, and the coordinates that move them."""
    found.segments["pelvis"] = pelvis
    if tree.parent[pelvis] == GROUND:
        found.joints["ground_pelvis"] = tree.joint_of[pelvis].name
        _name_coordinates(tree, [tree.joint_of[pelvis]], _PELVIS, "", found)
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
    # several joints in one place are one joint
    if all(np.linalg.norm(tree.pose.origin[own] - tree.pose.origin[first]) < _ONE_PLACE for own in chain):
        found.joints["lumbosacral"] = tree.joint_of[trunk].name
        _name_coordinates(tree, [tree.joint_of[own] for own in reversed(chain)], _LUMBAR, "", found)
    else:
        found.joints["lumbosacral"] = tree.joint_of[first].name
        found.unclear.append(f"which coordinates bend the trunk: {trunk!r} hangs on several joints")


def _goes_up(tree: _Tree, body: str, pelvis: str) -> bool:
    """Whether what hangs on a body is above the pelvis, by its centre of mass or by its joints."""
    own = tree.outward(body)
    weight = np.array([max(tree.mass[part], 1e-9) for part in own])
    heights = np.array([np.mean([at[1] for at in tree.reach[part]]) for part in own])
    return float(np.average(heights, weights=weight)) > float(tree.pose.origin[pelvis][1])


def _heaviest(tree: _Tree, first: str) -> str:
    """The heaviest body of those that carry on upward, the first where all are alike."""
    return max(tree.outward(first), key=lambda own: tree.mass[own])


# ---- coordinates --------------------------------------------------------------------------------------------------


def _name_coordinates(
    tree: _Tree, joints: list[Joint], roles: Mapping[str, tuple[str, int]], side: str, found: Anatomy
) -> None:
    """Roles of the coordinates of joints: each that of the axis along which it moves them most.

    Of all ways to hand the roles out it is the one that follows the axes best.
    """
    names = tree.moving(joints)
    if not names:
        return
    mirrored = -1.0 if side == "_l" else 1.0
    rate = np.zeros((len(names), len(roles)))
    for i, name in enumerate(names):
        for k, (motion, axis) in enumerate(roles.values()):
            own = tree.pose.turns[name] if motion == "turn" else tree.pose.slides[name]
            if motion == "slide" and np.linalg.norm(tree.pose.turns[name]) > 1e-6:
                continue  # what turns does not slide
            rate[i, k] = own[axis] * (mirrored if motion == "turn" and axis != 2 else 1.0)
    given = _best(np.abs(rate))
    for i, name in enumerate(names):
        k = given.get(i, -1)
        if k < 0 or not _RATES[0] <= abs(rate[i, k]) <= _RATES[1]:
            found.unclear.append(f"what coordinate {name!r} does at its joint")
            continue
        role = f"{list(roles)[k]}{side}"
        found.coordinates[role] = name
        if rate[i, k] < 0.0:
            found.signs[role] = -1.0


def _best(rate: Array) -> dict[int, int]:
    """Row to column, each once, with the largest sum."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(-rate)
    return {int(i): int(k) for i, k in zip(rows, columns, strict=True)}


# ---- mirror images ------------------------------------------------------------------------------------------------


def _partners(tree: _Tree, found: Anatomy) -> dict[str, str]:
    """Every segment that has a partner, both ways."""
    pairs = {
        name: found.segments[f"{role[:-2]}_l"]
        for role, name in found.segments.items()
        if role.endswith("_r") and f"{role[:-2]}_l" in found.segments
    }
    pairs |= found.bodies
    return pairs | {left: right for right, left in pairs.items()}


def _pair_segments(tree: _Tree, found: Anatomy) -> None:
    """Segments without a role that mirror one another in place, hung on the same or on mirrored ones; their joints."""
    named = {*found.segments.values()}
    partner = _partners(tree, found)
    for body in tree.outward(GROUND)[1:]:
        if body in named or body in partner or float(tree.pose.origin[body][2]) <= _MIDLINE:
            continue
        parent = partner.get(tree.parent[body], tree.parent[body])
        image = tree.pose.origin[body] * (1.0, 1.0, -1.0)
        near = [
            own
            for own in tree.children.get(parent, ())
            if own not in named and own not in partner and np.linalg.norm(tree.pose.origin[own] - image) < _MIRROR
        ]
        if len(near) == 1:
            _pair_bodies(tree, body, near[0], found)
            partner |= {body: near[0], near[0]: body}
        elif near:
            found.unclear.append(f"the mirror partner of {body!r}: {', '.join(map(repr, near))}")
    for right, left in list(_partners(tree, found).items()):
        if tree.pose.origin[right][2] > tree.pose.origin[left][2]:
            _pair_coordinates(tree, right, left, found)


def _pair_bodies(tree: _Tree, right: str, left: str, found: Anatomy) -> None:
    found.bodies[right] = left
    found.pair(right, left)
    found.pair(tree.joint_of[right].name, tree.joint_of[left].name)


def _pair_coordinates(tree: _Tree, right: str, left: str, found: Anatomy) -> None:
    """Coordinates without a role of two joints that mirror each other, in the order in which the joints have them."""
    known = {*found.coordinates.values()}
    ours, theirs = ([own.name for own in tree.joint_of[body].coordinates] for body in (right, left))
    if len(ours) == len(theirs):
        for a, b in zip(ours, theirs, strict=True):
            if not known & {a, b}:
                found.pair(a, b)


def _pair_muscles(tree: _Tree, found: Anatomy) -> None:
    """Muscles that mirror one another: through the same or mirrored segments, the nearest in the mirror first.

    Of muscles that lie in one place it is those that are called alike, else those that come first in the file.
    """
    points, partner = fixed_points(tree.description, tree.pose), _partners(tree, found)
    right = [name for name, own in points.items() if _side(own) > 0]
    left = [name for name, own in points.items() if _side(own) < 0]
    near = []
    for i, ours in enumerate(right):
        for j, theirs in enumerate(left):
            apart = _apart(points[ours], points[theirs], partner)
            if apart <= _MIRROR:
                near.append((round(apart, 9), _unlike_names(ours, theirs), i, j))
    taken: set[str] = set()
    for _, _, i, j in sorted(near):
        if not {right[i], left[j]} & taken:
            found.pair(right[i], left[j])
            taken |= {right[i], left[j]}


def _side(points: list[tuple[str, Array]]) -> int:
    z = np.array([place[2] for _, place in points])
    return 0 if not len(z) or abs(float(z.mean())) < _MIDLINE else int(np.sign(z.mean()))


def _apart(own: list[tuple[str, Array]], other: list[tuple[str, Array]], partner: Mapping[str, str]) -> float:
    """How far (m) a path is from the mirror image of another, by their ends; infinity through other segments."""
    ends = [(own[0], other[0]), (own[-1], other[-1])]
    if any(partner.get(a[0], a[0]) != b[0] for a, b in ends):
        return float("inf")
    paths = ends if len(own) != len(other) else list(zip(own, other, strict=True))
    return float(np.mean([np.linalg.norm(a[1] * (1.0, 1.0, -1.0) - b[1]) for a, b in paths]))


def _unlike_names(right: str, left: str) -> int:
    """0 where one name is the other but for its side."""
    return int(not {*_stems(right)} & {*_stems(left)})


# ---- groups of muscles --------------------------------------------------------------------------------------------

#: What muscles are called, without case, digits, blanks and side, by group; the first that fits.
_ABBREVIATIONS = (
    (r"gl(u?t)?(eus)?_?max(imus)?|gmax", ("gluteus_maximus",)),
    (r"gl(u?t)?(eus)?_?med(ius)?|gmed", ("gluteus_medius",)),
    (r"gl(u?t)?(eus)?_?min(imus)?|gmin", ("gluteus_minimus",)),
    (r"semimem(branosus)?|semiten(dinosus)?|hams?(trings?)?", ("hamstrings",)),
    (r"bi(ceps)?_?fem(oris)?_?(lh|sh|long.*|short.*)?|bf(lh|sh)", ("hamstrings",)),
    (r"sar(t|torius)?|tfl|tensor_?fasc.*|iliacus|psoas(_?major)?|ilio_?psoas|il_?psoas", ("hip_flexors",)),
    (r"add?_?(uctor)?_?(long(us)?|brev(is)?)", ("adductors", "hip_flexors")),
    (r"(add?(uctor)?_?|a)mag(nus)?_?(dist|isch|mid|prox|min(imus)?)?|adductors?", ("adductors",)),
    (r"pect(ineus)?", ("adductors", "hip_flexors")),
    (r"gra(c|cilis)?", ("adductors",)),
    (
        r"quad_?fem(oris)?|g[el]*m(ellus|elli)?|pe?iri(formis)?|peri|obt(urator)?_?(int|ext).*",
        ("deep_external_rotators",),
    ),
    (r"rf|rec(t|tus)?_?fem(oris)?", ("quadriceps", "hip_flexors")),
    (r"vas(t|ti|tus)?_?(med|int|lat)?(ialis|ermedius|eralis)?|v[mil]|quad(riceps)?", ("quadriceps",)),
    (
        r"(med|lat)?_?gas(t|troc|trocnemius)?_?(med|lat)?(ialis|eralis)?|sol(eus)?|tri(ceps)?_?sur(ae)?",
        ("plantarflexors",),
    ),
    (
        r"t(ib)?_?(ialis_?)?post(erior)?|f(lex)?_?d(ig)?l?|f(lex)?_?h(al)?l?|flex_?(dig|hal)(_?long(us)?)?",
        ("plantarflexors",),
    ),
    (r"per(oneus)?_?(brev(is)?|long(us)?)|fib(ularis)?_?(brev(is)?|long(us)?)", ("plantarflexors",)),
    (r"tib_?(ialis_?)?ant(erior)?|ta|per(oneus)?_?tert(ius)?|edl|ehl|ext_?(dig|hal)(_?long(us)?)?", ("dorsiflexors",)),
    (
        r"erc_?sp[i]?n(ae)?|erector_?spinae|longissimus.*|iliocostalis.*|multifidus.*|quadratus_?lumb.*",
        ("lumbar_extensors",),
    ),
    (r"(int|ext)_?obl?(ique)?|(internal|external)_?oblique.*|rect(us)?_?abd(ominis)?", ("abdominals",)),
)
_PATTERNS = tuple((re.compile(pattern), groups) for pattern, groups in _ABBREVIATIONS)


def _stems(name: str) -> list[str]:
    """A muscle's name without case and numbers: as it is, and without what may tell its side."""
    plain = re.sub(r"[\s.\-]+", "_", name).lower()
    bare = re.sub(r"_?(right|left)_?|^[rl]_|_[rl]$|(?<=\d)_?[rl]$", "", plain)
    found = [bare, re.sub(r"^[rl](?=[a-z])", "", plain), plain]
    return [re.sub(r"\d+", "", own).strip("_") for own in found]


def groups_by_name(name: str) -> tuple[str, ...]:
    """The groups of a muscle by the usual abbreviations of its name; none where it says nothing.

    Examples
    --------
    >>> from biomech.io.osim.anatomy.parts import groups_by_name
    >>> groups_by_name("LGMED2"), groups_by_name("recfem_r"), groups_by_name("actuator7")
    (('gluteus_medius',), ('quadriceps', 'hip_flexors'), ())
    """
    for stem in _stems(name):
        for pattern, groups in _PATTERNS:
            if pattern.fullmatch(stem):
                return groups
    return ()


def _group_muscles(description: OsimModel, found: Anatomy) -> None:
    for muscle in description.muscles:
        found.groups[muscle.name] = groups_by_name(muscle.name)
