"""Roles: what the parts of a body are, whatever they are called.

Everything above the tables speaks of parts by their roles: ``femur_r`` is the right thigh of any body,
``hip_flexion_l`` what bends its left hip, ``lumbosacral`` the joint of L5/S1. ``Model.with_roles`` says which part has
which role; a part that is called by its role has it by that, so the built-in models need nothing more. Roles end in
``_r`` or ``_l`` where there is one of each side.

Coordinates have signs, too: ``knee_angle_r`` extends the knee. Where a body counts the other way round, ``signs`` says
so, and values are turned where names are translated.

A part without a role is a part all the same: a muscle, a toe. Its side is that of the mirror partner that it is paired
with, of the ending of its name where it has one, else it is of the midline.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from biomech._arguments import mapping, one_of, shown, text
from biomech.errors import ModelError
from biomech.model.references import PATHS, REFERENCES, Reference
from biomech.model.signs import turn_back, turn_coordinates
from biomech.model.tables import COLUMNS, Table, optional

#: Kinds of parts, which are the tables that name them.
KINDS = ("segments", "joints", "coordinates", "muscles")
#: And those of parts that a body need not have.
EVERY_KIND = (*KINDS, "passive_paths", "path_actuators")
#: Endings of the roles of a side, and the side in words.
SIDES: Mapping[str, str] = MappingProxyType({"_r": "right", "_l": "left"})
_LEG = {
    "segments": {
        "femur": "thigh",
        "tibia": "shank",
        "talus": "talus, which the ankle joint carries",
        "calcn": "foot, on whose sole a body stands",
        "toes": "toes",
    },
    "joints": {
        "hip": "hip",
        "knee": "knee",
        "ankle": "ankle",
        "subtalar": "subtalar joint",
        "mtp": "joint of the toes",
    },
    "coordinates": {
        "hip_flexion": "flexion of the hip",
        "hip_adduction": "adduction of the hip",
        "hip_rotation": "internal rotation of the hip",
        "knee_angle": "extension of the knee",
        "shank_rotation": "rotation of the shank",
        "ankle_angle": "dorsiflexion of the ankle",
        "subtalar_angle": "inversion of the foot",
        "mtp_angle": "extension of the toes",
    },
}
_MIDLINE = {
    "segments": {"pelvis": "pelvis", "torso": "trunk, with head and arms"},
    "joints": {"ground_pelvis": "where the body floats in ground", "lumbosacral": "L5/S1"},
    "coordinates": {
        "pelvis_tilt": "tilt of the pelvis about z of ground",
        "pelvis_list": "list of the pelvis about x",
        "pelvis_rotation": "rotation of the pelvis about y",
        "pelvis_tx": "place of the pelvis along x",
        "pelvis_ty": "place of the pelvis along y",
        "pelvis_tz": "place of the pelvis along z",
        "lumbar_extension": "extension of L5/S1",
        "lumbar_bending": "bending of L5/S1 to the right",
        "lumbar_rotation": "rotation of L5/S1 to the left",
    },
}


def _meanings() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for kind, midline in _MIDLINE.items():
        found[kind] = dict(midline)
        for ending, side in SIDES.items():
            found[kind] |= {f"{stem}{ending}": f"{side} {said}" for stem, said in _LEG[kind].items()}
    return found


#: Every role by kind, and what it is in words.
ROLES: Mapping[str, Mapping[str, str]] = MappingProxyType(_meanings())
_ENDING = re.compile(r"_[rl](?=$|[._])")
#: Roles that there are one of each side of, right and left.
FEET, THIGHS, KNEES, ANKLES = ((f"{stem}_r", f"{stem}_l") for stem in ("calcn", "femur", "knee", "ankle"))
#: Roles of the coordinates by which a body floats in ground.
FLOATING = tuple(role for role in ROLES["coordinates"] if role.startswith("pelvis_"))
#: Of these those that are places, not angles.
SLIDING = tuple(role for role in FLOATING if role.startswith("pelvis_t") and role != "pelvis_tilt")


@dataclass(frozen=True, eq=False)
class Roles:
    """Which part of a body has which role, and which parts are mirror images of each other.

    Parameters
    ----------
    segments, joints, coordinates : mapping of str to str
        Role, of ``ROLES``, to the name of the part that has it; roles that nothing has are absent.
    mirror : mapping of str to mapping of str to str
        By kind, ``segments``, ``joints``, ``coordinates``, ``muscles``, ``passive_paths`` and ``path_actuators``: the
        name of every part on the right that is paired with one on the left, to the name of that.
    signs : mapping of str to float
        -1 for every role of a coordinate that the body itself counts the other way round.
    sides : mapping of str to str
        ``right`` or ``left``, of parts of a side without a partner on the other, whose names do not tell it.

    Notes
    -----
    ``Model.with_roles`` makes them.

    Examples
    --------
    >>> import biomech as bm
    >>> roles = bm.load_model().roles
    >>> roles.segments["femur_r"], roles.mirror["muscles"]["soleus_r"]
    ('femur_r', 'soleus_l')
    """

    segments: Mapping[str, str]
    joints: Mapping[str, str]
    coordinates: Mapping[str, str]
    mirror: Mapping[str, Mapping[str, str]]
    signs: Mapping[str, float] = field(default_factory=dict)
    sides: Mapping[str, str] = field(default_factory=dict)

    def __reduce__(self) -> tuple[type[Roles], tuple[dict[str, Any], ...]]:
        mirror = {kind: dict(pairs) for kind, pairs in self.mirror.items()}
        return Roles, (*(dict(self.of(kind)) for kind in ROLES), mirror, dict(self.signs), dict(self.sides))

    def of(self, kind: str) -> Mapping[str, str]:
        """The roles of a kind of part."""
        found: Mapping[str, str] = getattr(self, one_of("kind", kind, ROLES, ModelError))
        return found

    def record(self) -> dict[str, Any]:
        """What ``with_roles`` makes the same of: the roles and pairs that names do not tell by themselves."""
        told: dict[str, Any] = {
            kind: {role: name for role, name in self.of(kind).items() if name != role} for kind in ROLES
        }
        roles = {name: role for kind in ROLES for role, name in self.of(kind).items()}
        told["mirror"] = {
            right: left
            for pairs in self.mirror.values()
            for right, left in pairs.items()
            if left != swapped(right) and left != self._paired_by_role(roles.get(right))
        }
        told["signs"], told["sides"] = dict(self.signs), dict(self.sides)
        return {part: own for part, own in told.items() if own}

    def _paired_by_role(self, role: str | None) -> str | None:
        return next((self.of(kind).get(swapped(role)) for kind in ROLES if role in ROLES[kind]), None) if role else None


#: What a body is given whose names tell all.
NO_ROLES = Roles({}, {}, {}, {})


def make_roles(tables: Mapping[str, Table], given: Mapping[str, object], mirror: object) -> Roles:
    """Roles of the parts of a body: those that are given, and those that names tell.

    Parameters
    ----------
    tables : mapping of str to Table
        The body's.
    given : mapping of str to mapping
        By kind, from role to name; ``signs``, from roles of coordinates to 1 or -1; ``sides``, from names to ``right``
        or ``left``.
    mirror : mapping of str to str
        Names on the right to names on the left.

    Raises
    ------
    ModelError
        There is no such role or part, or a part is given two.
    """
    found = {kind: _roles_of(tables[kind], kind, given.get(kind) or {}) for kind in ROLES}
    pairs = _read_pairs(tables, mirror)
    mirrored = {kind: _pairs_of(optional(tables, kind), kind, found.get(kind, {}), pairs) for kind in EVERY_KIND}
    segments, joints, coordinates = (MappingProxyType(found[kind]) for kind in ("segments", "joints", "coordinates"))
    signs = _read_signs(found["coordinates"], given.get("signs") or {})
    sides = _read_sides(tables, found, mirrored, given.get("sides") or {})
    return Roles(
        segments, joints, coordinates, MappingProxyType(mirrored), MappingProxyType(signs), MappingProxyType(sides)
    )


def _read_signs(coordinates: Mapping[str, str], given: object) -> dict[str, float]:
    """Roles of coordinates that the body counts the other way round."""
    found: dict[str, float] = {}
    for role, sign in mapping("signs", given, "roles of coordinates to 1 or -1", ModelError).items():
        one_of("signs", role, coordinates, ModelError)
        if isinstance(sign, bool) or sign not in (1, -1):
            raise ModelError(f"signs[{role!r}] = {shown(sign)}: must be 1 or -1")
        if sign < 0:
            found[role] = -1.0
    return {role: found[role] for role in ROLES["coordinates"] if role in found}


def _read_sides(
    tables: Mapping[str, Table],
    roles: Mapping[str, Mapping[str, str]],
    mirror: Mapping[str, Mapping[str, str]],
    given: object,
) -> dict[str, str]:
    """Sides of parts that are in no pair and have no role."""
    found: dict[str, str] = {}
    paired = {name for pairs in mirror.values() for both in pairs.items() for name in both}
    own = {name: role for kind in roles.values() for role, name in kind.items()}
    for name, side in mapping("sides", given, "names to right or left", ModelError).items():
        where = f"sides[{shown(name)}]"
        found[name] = one_of(where, side, SIDES.values(), ModelError)
        if not any(name in optional(tables, kind).rows for kind in EVERY_KIND):
            kinds = ", ".join(kind.replace("_", " ") for kind in EVERY_KIND)
            raise ModelError(f"sides: there is no part {shown(name)}; parts are {kinds} of the model")
        if name in paired or name in own:
            has = f"has the role {own[name]}" if name in own else "is in a pair"
            raise ModelError(f"{where} = {shown(side)}: must be of a part whose side nothing else tells; it {has}")
    return found


def _roles_of(table: Table, kind: str, given: object) -> dict[str, str]:
    """Role to name, of one kind."""
    asked: dict[str, str] = {}
    for role, name in mapping(kind, given, "roles to names", ModelError).items():
        one_of(kind, role, ROLES[kind], ModelError)
        asked[role] = one_of(f"{kind}[{role!r}]", text(kind, name, ModelError), table.rows, ModelError)
    for name in asked.values():
        if len(owners := [role for role, own in asked.items() if own == name]) > 1:
            raise ModelError(f"{kind}: {shown(name)} is given the roles {' and '.join(owners)}; a part has one at most")
    taken = set(asked.values())
    return {
        role: asked.get(role, role)
        for role in ROLES[kind]
        if role in asked or (role in table.rows and role not in taken)
    }


def _read_pairs(tables: Mapping[str, Table], mirror: object) -> dict[str, str]:
    """Right to left, of parts that there are, each in one pair alone."""
    names = {name for kind in EVERY_KIND for name in optional(tables, kind).rows}
    pairs: dict[str, str] = {}
    for right, left in mapping("mirror", mirror or {}, "names on the right to names on the left", ModelError).items():
        for name in (right, left):
            if name not in names:
                raise ModelError(
                    f"mirror: there is no part {shown(name)}; parts are {', '.join(EVERY_KIND)} of the model"
                )
        if right == left or right in pairs.values() or left in pairs or left in pairs.values():
            raise ModelError(f"mirror: {shown(right)} and {shown(left)}: a part is in one pair, on one side of it")
        pairs[right] = left
    return pairs


def _pairs_of(table: Table, kind: str, roles: Mapping[str, str], pairs: Mapping[str, str]) -> Mapping[str, str]:
    """Right to left, of one kind: by role, by what was given, by the endings of names."""
    by_role = {roles[role]: roles[swapped(role)] for role in roles if ending(role) == "_r" and swapped(role) in roles}
    rows = set(table.rows)
    told = by_role | {right: left for right, left in pairs.items() if right in rows and left in rows}
    settled = {*told, *told.values(), *roles.values()}
    by_name = {
        name: swapped(name)
        for name in table.rows
        if ending(name) == "_r" and swapped(name) in rows and not settled & {name, swapped(name)}
    }
    both = told | by_name
    return MappingProxyType({name: both[name] for name in table.rows if name in both})


def ending(name: str) -> str:
    """``_r``, ``_l`` or nothing: the side that a name tells."""
    match = _ENDING.search(name)
    return match[0] if match else ""


def bare(name: str) -> str:
    """A name without its endings."""
    return _ENDING.sub("", name)


def swapped(name: str) -> str:
    """A name with the other ending; a name without one is its own."""
    return _ENDING.sub(lambda match: "_l" if match[0] == "_r" else "_r", name)


def names_alone(tables: Mapping[str, Table]) -> RoleNames:
    """What the parts of a body are called by the roles that their names alone tell."""
    return RoleNames(tables, make_roles(tables, {}, {}))


class RoleNames:
    """The names by which everything above the tables calls the parts of a body: roles, and names that tell a side.

    Where the parts of a body are called by their roles already these are its own names. Coordinates that the body
    counts the other way round are turned with them.
    """

    def __init__(self, tables: Mapping[str, Table], roles: Roles) -> None:
        self._tables = tables
        _check_paths(tables)
        #: Roles of coordinates that the body counts the other way round.
        self.turned = frozenset(roles.signs)
        #: By kind: name of a part to that by its role.
        self.by_role: dict[str, dict[str, str]] = {}
        for kind in EVERY_KIND:
            others = {own for path in PATHS if kind in PATHS for own in self.by_role.get(path, {}).values()}
            self.by_role[kind] = _by_role(optional(tables, kind), kind, roles, others)
        #: And back.
        self.own = {kind: {role: name for name, role in found.items()} for kind, found in self.by_role.items()}

    @property
    def is_plain(self) -> bool:
        """Whether every part is called by its role, and counted as that is."""
        return not self.turned and all(name == role for found in self.by_role.values() for name, role in found.items())

    def side(self, kind: str, name: str) -> str:
        """``_r``, ``_l`` or nothing: the side of a part; none of the ground."""
        return ending(self.by_role[kind].get(name, ""))

    def told(self, kind: str, name: str) -> str:
        """A part by its own name, with its role behind it where that is another."""
        role = self.by_role[kind][name]
        return f"{name} ({role})" if role != name and role in ROLES[kind] else name

    def in_own_words(self, text: str) -> str:
        """A message that calls parts and rows by their roles, by the body's own names."""
        if self.is_plain:
            return text
        names: dict[str, str] = {}
        for table, by_role in self.rename(self._tables).items():
            names |= dict(zip(by_role.rows, self._tables[table].rows, strict=False))
        for own in self.own.values():
            names |= own
        longest = sorted((name for name, own in names.items() if own != name), key=len, reverse=True)
        known = "|".join(map(re.escape, longest))
        return re.sub(rf"(?<![\w.])(?:{known})(?![\w.]*\w)", lambda match: names[match[0]], text) if known else text

    def rename(self, tables: Mapping[str, Table]) -> Mapping[str, Table]:
        """Tables in which parts are called by their roles; these themselves where they are."""
        if self.is_plain:
            return tables
        renamed = with_names(tables, self.by_role)
        found = {name: _relabelled(table) for name, table in renamed.items()}
        if "point_rows" in found:
            labels = dict(zip(tables["path_points"].rows, found["path_points"].rows, strict=True))
            own = found["point_rows"]
            found["point_rows"] = Table("point_rows", {**own.columns, "point": tuple(labels[row] for row in own.rows)})
        return MappingProxyType(turn_coordinates(found, self.turned))

    def restore(
        self, own: Mapping[str, Table], by_role: Mapping[str, Table], found: Mapping[str, Table]
    ) -> Mapping[str, Table]:
        """What the body itself calls the parts of tables that were made of ``by_role``, of which rows may be gone.

        ``own`` are the tables of the body, ``by_role`` the same by roles.
        """
        if self.is_plain:
            return found
        by_role, found = (turn_back(tables, self.turned, own["splines"]) for tables in (by_role, found))
        named = with_names(found, self.own)
        for name, table in named.items():
            first = next(iter(COLUMNS[name]))
            labels = dict(zip(by_role[name].rows, own[name].rows, strict=True))
            rows = tuple(labels[row] for row in found[name].rows)
            named[name] = Table(name, {**table.columns, first: rows})
        return named


def remaining(record: Mapping[str, Any], tables: Mapping[str, Table]) -> dict[str, Any]:
    """A record of roles without the parts that are gone."""
    there = {kind: set(optional(tables, kind).rows) for kind in EVERY_KIND}
    told: dict[str, Any] = {
        kind: {role: name for role, name in record.get(kind, {}).items() if name in there[kind]} for kind in ROLES
    }
    parts = set().union(*there.values())
    pairs = record.get("mirror", {})
    told["mirror"] = {right: left for right, left in pairs.items() if {right, left} <= parts}
    sides = dict(record.get("sides", {}))
    for both in pairs.items():  # a part whose partner is gone is of the side that it was
        if len(left := parts.intersection(both)) == 1:
            sides |= {name: side for name, side in zip(both, SIDES.values(), strict=True) if name in left}
    has_role = {name for kind in ROLES for name in told[kind].values()}
    told["sides"] = {name: side for name, side in sides.items() if name in parts - has_role}
    own = record.get("coordinates", {})
    told["signs"] = {
        role: sign for role, sign in record.get("signs", {}).items() if own.get(role, role) in there["coordinates"]
    }
    return {part: own for part, own in told.items() if own}


def with_names(tables: Mapping[str, Table], names: Mapping[str, Mapping[str, str]]) -> dict[str, Table]:
    """Tables in which parts have other names: ``names``, by kind, from the old to the new."""
    found = dict(tables)
    for name, table in tables.items():
        own = {next(iter(COLUMNS[name])): Reference(name)} if name in EVERY_KIND else {}
        cells = {}
        for column, to in {**own, **REFERENCES.get(name, {})}.items():
            kinds = [kind for kind in to.tables if kind in EVERY_KIND]
            if kinds:
                new = {old: given for kind in kinds for old, given in names.get(kind, {}).items()}
                cells[column] = tuple(_renamed(cell, new, to.several) for cell in table.text(column))
        if cells:
            found[name] = Table(name, {**table.columns, **cells})
    return found


def _renamed(cell: str, new: Mapping[str, str], several: bool) -> str:
    return ";".join(new.get(name, name) for name in cell.split(";")) if several else new.get(cell, cell)


def _check_paths(tables: Mapping[str, Table]) -> None:
    """Whose points are whose is told by names, and reserves are asked for by those of coordinates and actuators."""
    taken = dict.fromkeys(tables["muscles"].rows, "a muscle")
    for kind, word in (("passive_paths", "a passive path"), ("path_actuators", "")):
        if kind == "path_actuators":
            taken |= dict.fromkeys(tables["coordinates"].rows, "a coordinate")
        for name in optional(tables, kind).rows:
            if name in taken:
                raise ModelError(f"{kind}/{name}: must have another name than {taken[name]}")
            taken[name] = word


def _by_role(table: Table, kind: str, roles: Roles, others: Collection[str]) -> dict[str, str]:
    """Name to the name by role, of every part of a kind: its role, or a name whose ending tells its side.

    ``others`` are names that parts of another kind have, and none of this one may.
    """
    found = {name: role for role, name in roles.of(kind).items()} if kind in ROLES else {}
    pairs, taken = roles.mirror.get(kind, {}), {*ROLES.get(kind, ()), *others}
    told = {side: ending for ending, side in SIDES.items()}
    left = {*pairs.values()}
    for name in table.rows:
        if name in found or name in left:
            continue  # a part on the left has its name with its partner
        new = [name]
        if name in pairs:
            plain = ending(name) == "_r" and pairs[name] == swapped(name)
            stem = bare(name)
            new = [name, pairs[name]] if plain else [f"{stem}_r", f"{stem}_l"]
        elif name in roles.sides:
            new = [f"{bare(name)}{told[roles.sides[name]]}"]
        while taken & {*new}:
            new = [f"other {one}" for one in new]
        found |= dict(zip([name, pairs.get(name, "")], new, strict=False))
        taken |= {*new}
    return found


def _relabelled(table: Table) -> Table:
    """A table of parts that have no names of their own, its rows labelled by what they are of, so that sides show."""
    if table.name in ("path_points", "path_wraps"):
        labels = _counted(table.text("muscle"))
    elif table.name == "couplings":
        labels = _counted([".".join(of) for of in zip(table.text("joint"), table.text("component"), strict=True)])
    elif table.name in ("bushings", "point_springs"):
        labels = _counted([".".join(of) for of in zip(table.text("first"), table.text("second"), strict=True)])
    elif table.name == "contact_points":
        side = ["_r" if z > 0.0 else "_l" if z < 0.0 else "" for z in table.numbers("z")]
        own = zip(table.text("segment"), table.text("surface"), side, strict=True)
        labels = _counted([f"{s}.{on}" if ending(s) else f"{s}.{on}{z}" for s, on, z in own])
    elif table.name == "transform_rows":
        labels = _counted(table.text("joint"))
    elif table.name == "patellae":
        labels = _counted([f"patella{ending(coordinate)}" for coordinate in table.text("coordinate")])
    else:
        return table
    return Table(table.name, {**table.columns, next(iter(COLUMNS[table.name])): tuple(labels)})


def _counted(labels: Iterable[str]) -> Iterator[str]:
    """Labels with a number behind each, from 0 on among those that are alike."""
    count: Counter[str] = Counter()
    for label in labels:
        yield f"{label}.{count[label]}"
        count[label] += 1
