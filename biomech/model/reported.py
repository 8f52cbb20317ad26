"""Joints whose contact force is told, and in the axes of which segment.

The table ``reported_joints`` says it: a row has a label, the joint, the segment in whose axes force and moment are
told, and which way of its axes the joint is pressed together (``compression``: x, y or z, with a minus where it is the
other way; empty where nobody says). A body without such rows, as every built-in one, has those of ``STANDARD``: its
hips, knees, ankles and L5/S1, by their roles, each in the axes of the segment that it carries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from biomech._arguments import instance, mapping, one_of, refusal, shown
from biomech.errors import ModelError
from biomech.model.roles import ROLES, RoleNames, swapped
from biomech.model.tables import COLUMNS, Table, optional

Tables = Mapping[str, Table]

#: Joints, by their roles, that are told of a body that does not say, and which way of y they are pressed together: the
#: carried segment hangs below its joint, the torso stands on it.
STANDARD: Mapping[str, str] = {
    **{f"{joint}{side}": "-y" for side in ("_r", "_l") for joint in ("hip", "knee", "ankle")},
    "lumbosacral": "y",
}
#: Ways in which a joint may be pressed together; empty: nobody says.
WAYS = ("", "x", "y", "z", "-x", "-y", "-z")
_SOURCE = "Model.with_roles"


class ReportedJoint(NamedTuple):
    """What is told of a joint: ``label`` in the answers, the joint and the segment in whose axes, by their roles."""

    label: str
    joint: str
    segment: str
    compression: str

    @property
    def key(self) -> str:
        """Joint and axes in one name, which has a side as theirs have."""
        return f"{self.joint}.{self.segment}"

    @property
    def mirrored(self) -> ReportedJoint:
        """The same of the other side."""
        return self._replace(joint=swapped(self.joint), segment=swapped(self.segment))


def reported_joints(tables: Tables) -> tuple[ReportedJoint, ...]:
    """The joints that are told of a body, in their order; ``tables`` call parts by their roles."""
    table = optional(tables, "reported_joints")
    if len(table):
        columns = (table.text(column) for column in ("report", "joint", "segment", "compression"))
        return tuple(map(ReportedJoint, *columns))
    joints = tables["joints"]
    carried = dict(zip(joints.rows, joints.text("child"), strict=True))
    return tuple(ReportedJoint(name, name, carried[name], way) for name, way in STANDARD.items() if name in carried)


def of_the_half(reported: Iterable[ReportedJoint], joints: Iterable[str]) -> tuple[ReportedJoint, ...]:
    """What must be told of the right half of a body for all to be known: those on the left have their mirror image."""
    there = {*joints}
    found = {own.key: own for own in (one if one.joint in there else one.mirrored for one in reported)}
    return tuple(found.values())


def change_reported(tables: Tables, names: RoleNames, given: object) -> Table:
    """The table of reported joints with some of them changed; ``tables`` are the body's own.

    Parameters
    ----------
    given : mapping of str to (str, (str, str) or None)
        Joint, by its role or name, to the segment in whose axes it is told, perhaps with the way it is pressed
        together; None: it is not told.

    Raises
    ------
    ModelError
        There is no such joint or segment, or nothing would be left to tell.
    """
    said = "joints to segments, to (segment, compression), or to None"
    rows = {own.label: own for own in reported_joints(names.rename(tables))}
    for name, how in mapping("reported", given, said, ModelError).items():
        joint = _by_role("reported", "joints", name, names)
        label = joint if joint in ROLES["joints"] else names.own["joints"][joint]
        old = [key for key, own in rows.items() if own.joint == joint]
        if how is None:
            for key in old:
                del rows[key]
            continue
        where = f"reported[{shown(name)}]"
        segment, way = (how, None) if isinstance(how, str) else _pair(where, how)
        label = old[0] if old else label
        before = rows[label].compression if old else ""
        own_way = before if way is None else one_of(f"{where}: compression", way, WAYS, ModelError)
        rows[label] = ReportedJoint(label, joint, _by_role(where, "segments", segment, names), own_way)
    if not rows:
        raise ModelError("reported: must leave one joint to tell of")
    own = names.own
    cells = [
        (row.label, own["joints"][row.joint], own["segments"][row.segment], row.compression, _SOURCE)
        for row in rows.values()
    ]
    return Table("reported_joints", dict(zip(COLUMNS["reported_joints"], zip(*cells, strict=True), strict=True)))


def _pair(where: str, how: object) -> tuple[str, str]:
    allowed = "a segment, (segment, compression) or None"
    pair = instance(where, how, tuple, allowed, ModelError)
    if len(pair) != 2:
        raise refusal(where, how, allowed, ModelError)
    return pair


def _by_role(where: str, kind: str, name: object, names: RoleNames) -> str:
    """What the tables by roles call a part that is told by its own name, or by its role."""
    if not isinstance(name, str) or name not in names.by_role[kind]:
        if isinstance(name, str) and name in names.own[kind]:
            return name
        raise refusal(where, name, f"one of {', '.join(names.by_role[kind])}, or a role of theirs", ModelError)
    return names.by_role[kind][name]
