"""The document around a model: its version, its defaults, what is noted while it is read."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from biomech.errors import BiomechWarning, ModelError
from biomech.io._xml import Element, parse_xml, read_xml
from biomech.io.osim.description import LeftOut, opensim_name
from biomech.model.left_out import REFUSED

#: Versions of the format that are read: those of OpenSim 1.x to 4.x.
OLDEST, NEWEST = 10000, 49999


@dataclass
class Document:
    """A model file while it is read.

    ``defaults``: per class the object in ``<defaults>`` that gives properties which an object of the class lacks.
    ``left_out``, ``quadrants`` (those in other words than x, -x, ..., all) and ``notes`` of what was read as something
    else fill up on the way and become one warning.
    """

    file: str
    version: int
    model: Element
    defaults: dict[str, Element]
    left_out: list[LeftOut] = field(default_factory=list)
    quadrants: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    name: str = ""

    def error(self, element: Element, what: str) -> ModelError:
        """The error that names the file, the line, the element and the object that it belongs to."""
        return ModelError(f"{self.file}, line {element.line}, {described(element)}: {what}")

    def leave_out(self, element: Element, affects: str, owner: Element | None = None) -> None:
        """Note an object that is not computed, by its own name or that of its ``owner``."""
        self.left_out.append(LeftOut(element.tag, owner_name(owner or element), affects, line=element.line))

    def warn(self) -> None:
        """Say what was left out, and what was read as something else, in one warning; nothing where all is plain."""
        said = [what for what in (self._what_is_left_out(), self._odd_quadrants(), *self.notes) if what]
        if said:
            warnings.warn(f"{self.file}: {'; '.join(said)}", BiomechWarning, stacklevel=3)

    def _what_is_left_out(self) -> str:
        refused = _by_kind(own for own in self.left_out if own.affects in REFUSED)
        others = _by_kind(own for own in self.left_out if own.affects not in REFUSED)
        said = [f"left out, and what depends on it is refused: {refused}"] if refused else []
        said += [f"left out, and answers are without it: {others}"] if others else []
        return "; ".join(said)

    def _odd_quadrants(self) -> str:
        if not any(own != own.lower() for own in self.quadrants):
            return ""
        return f"wrap quadrants {', '.join(f'{own!r} read as {plain!r}' for own, plain in self.quadrants.items())}"


def open_document(path: str | Path) -> Document:
    """The model element of a file, with the version and the defaults of the document."""
    root = read_xml(path)
    file = Path(path).name
    if root.tag != "OpenSimDocument":
        raise ModelError(f"{file}, line {root.line}, element {root.tag!r}: is no OpenSim document")
    model = root.child("Model")
    if model is None:
        raise ModelError(f"{file}, line {root.line}, element 'OpenSimDocument': has no Model")
    document = Document(file, _version(root, file), model, _defaults(root, model))
    _lift_engine(model)
    _refuse_other_files(document)
    _take_notes(document, root)
    return document


def _take_notes(document: Document, root: Element) -> None:
    """What ``write_osim`` says of a body and OpenSim has no word for: its name, what it was without."""
    document.name = document.model.name
    for note in root.notes:
        own = parse_xml(f"<{note.text}/>".encode(), f"{document.file}, line {note.line}, note")
        if own.tag == "left_out":
            words = {part: own.attributes.get(part, "") for part in ("kind", "name", "affects", "muscle")}
            document.left_out.append(LeftOut(**words, line=note.line))
        elif own.tag == "model" and opensim_name(own.name) == document.model.name:
            document.name = own.name


def _lift_engine(model: Element) -> None:
    """Take out of their engine the sets that stand in one before 1.9."""
    engine = model.child("DynamicsEngine")
    for own in engine.children if engine is not None else ():
        for part in own.children:
            part.parent = model
            model.children.append(part)


def _refuse_other_files(document: Document) -> None:
    """Nothing is read from a second file, and nothing that stands in one is passed over."""
    for own in document.model.walk():
        if own.attributes.get("file", "") not in ("", "Unassigned"):
            raise document.error(own, f"is kept in another file, {own.attributes['file'][:80]!r}, which is not opened")


def _version(root: Element, file: str) -> int:
    given = root.attributes.get("Version", "")
    if given.isascii() and given.isdigit() and OLDEST <= int(given[:9]) <= NEWEST:
        return int(given)
    raise ModelError(
        f"{file}, line {root.line}, element 'OpenSimDocument': Version = {given[:40]!r}: must be a whole number from "
        f"{OLDEST} to {NEWEST} (OpenSim 1 to 4)"
    )


def _defaults(root: Element, model: Element) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for place in (root, model):
        given = place.child("defaults")
        for own in given.children if given is not None else ():
            found[own.tag] = own
    return found


def described(element: Element) -> str:
    """An element in words: its tag, its name, and the nearest named object around it."""
    words = f"element {element.tag!r}" + (f" ({element.name!r})" if element.name else "")
    around = element.parent
    while around is not None and not around.name:
        around = around.parent
    return words if around is None or around.tag == "Model" else f"{words} of {around.tag} {around.name!r}"


def owner_name(element: Element) -> str:
    """The name of an object, or of the nearest named one around it that is no set and not the model."""
    own: Element | None = element
    while own is not None and own.tag != "Model":
        if own.name and not own.tag.endswith("Set"):
            return own.name
        own = own.parent
    return ""


def _by_kind(parts: Iterable[LeftOut]) -> str:
    """Parts in words, those of a class together."""
    kinds: dict[str, list[str]] = {}
    for own in parts:
        kinds.setdefault(own.kind, []).append(own.name)
    return _few([f"{kind} ({len(names)}{_named(names)})" for kind, names in kinds.items()], 20)


def _named(names: list[str]) -> str:
    known = [own for own in names if own]
    return f": {_few(known)}" if known else ""


def _few(names: list[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown}, ..."
