"""Where in a file stands what a table of a body says: errors of tables, told by line and element of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from biomech.errors import ModelError
from biomech.io.osim.description import Coupler, Joint, Muscle, OsimModel
from biomech.io.osim.parse.document import Document

#: Table -> kind of part whose name its rows begin with; the rows of other tables are of forces.
_OF = {
    "segments": "body",
    "inertias": "body",
    "joints": "joint",
    "joint_frames": "joint",
    "transform_rows": "joint",
    "coordinates": "coordinate",
    "defaults": "coordinate",
    "reserves": "coordinate",
    "couplers": "coupler",
    "wraps": "wrap",
}
#: What is called in an error by its row, ``joints/hip_r/x``, or in words, ``joint 'hip_r': ...``.
_ROW = re.compile(r"(?P<kind>\w+)/(?P<name>.+)", re.DOTALL)
_WORDS = re.compile(r"(?P<kind>joint|path point|coupler|muscle|functions:) '(?P<name>.+)", re.DOTALL)

_Part = tuple[str, str, str, int]


def located(error: ModelError, document: Document, description: OsimModel) -> ModelError:
    """An error of the tables of a description, with the line and the element of its file; of the model if no other."""
    message = str(error)
    if message.startswith(f"{document.file}, line "):
        return error
    found = _ROW.match(message) or _WORDS.match(message)
    kind = _OF.get(found["kind"], "") if found else ""
    parts = [own for own in _parts(description) if kind in ("", own[0])] if found else []
    begun = [own for own in parts if found and _begins(found["name"], own[2])]
    if not begun:
        return document.error(document.model, message)
    _, tag, name, line = max(begun, key=lambda own: len(own[2]))
    return ModelError(f"{document.file}, line {line}, element {tag!r} ({name!r}): {message}")


def _begins(row: str, name: str) -> bool:
    """Whether a row is called by the name of a part, alone or with something behind."""
    row = row.removeprefix("coupler ")
    return bool(name) and row.startswith(name) and not row[len(name) : len(name) + 1].isalnum()


def _parts(description: OsimModel) -> Iterator[_Part]:
    """Kind, tag, name and line of all that tables have rows of."""
    yield from _lines("body", description.bodies)
    for joint in description.joints:
        yield "joint", joint.kind, joint.name, joint.line
        yield from _lines("coordinate", joint.coordinates)
    yield from _lines("coupler", description.couplers)
    yield from _lines("wrap", description.wraps)
    for force in description.forces:
        yield "force", _tag(force), force.name, force.line
        for i, point in enumerate(force.path.points if isinstance(force, Muscle) else ()):
            yield "point", type(point).__name__, f"{force.name}.{i}", point.line


def _lines(kind: str, parts: Iterable[object]) -> Iterator[_Part]:
    for own in parts:
        yield kind, _tag(own), getattr(own, "name", ""), getattr(own, "line", 0)


def _tag(part: object) -> str:
    """What OpenSim calls the class of a part."""
    if isinstance(part, Coupler):
        return "CoordinateCouplerConstraint"
    return part.kind if isinstance(part, Joint | Muscle) else type(part).__name__
