"""XML as a tree of elements that know their line: no entities, no declarations, and limits on all that can grow.

Expat reads what OpenSim reads and stricter parsers refuse: ``::`` in a name, a byte of Windows under a header of UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from biomech._arguments import Error, shown
from biomech.errors import FileError
from biomech.io._text import decoded, read_bytes

#: Bytes, levels and elements: the largest public models have 10 MB, 20 levels and a quarter of a million elements.
MOST_BYTES, MOST_LEVELS, MOST_ELEMENTS = 1 << 28, 200, 4_000_000


@dataclass(slots=True)
class Element:
    """An element: its name, attributes, own text without what surrounds it, line, and children."""

    name: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def find(self, name: str) -> Element | None:
        """The first child of a name."""
        return next((child for child in self.children if child.name == name), None)

    def every(self, *names: str) -> Iterator[Element]:
        """The children of some names, in order."""
        return (child for child in self.children if child.name in names)

    def value(self, name: str, default: str = "") -> str:
        """The text of the first child of a name, ``default`` where there is none."""
        child = self.find(name)
        return default if child is None else child.text


class _Tree:
    """What the parser tells, put together; refusals come as the caller's kind of error."""

    def __init__(self, path: Path, error: Error, above: int) -> None:
        self.path, self.error, self.above = path, error, above
        self.parser = expat.ParserCreate("utf-8")  # whatever the file says of itself: it is decoded already
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.words
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.root: Element | None = None
        self.open: list[tuple[Element, list[str]]] = []
        self.count = 0

    @property
    def line(self) -> int:
        """Where the parser is in the file."""
        return self.above + self.parser.CurrentLineNumber

    def refuse(self, what: str) -> Exception:
        """The error that says where."""
        inside = f", in {self.open[-1][0].name}" if self.open else ""
        return self.error(f"{self.path}, line {self.line}{inside}: {what}")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > MOST_ELEMENTS:
            raise self.refuse(f"has more than {MOST_ELEMENTS} elements")
        if len(self.open) >= MOST_LEVELS:
            raise self.refuse(f"is more than {MOST_LEVELS} levels deep")
        element = Element(name, attributes, self.line)
        if self.open:
            self.open[-1][0].children.append(element)
        else:
            self.root = element
        self.open.append((element, []))

    def end(self, _name: str) -> None:
        element, words = self.open.pop()
        element.text = "".join(words).strip()

    def words(self, text: str) -> None:
        self.open[-1][1].append(text)

    def doctype(self, *_declared: Any) -> None:
        raise self.refuse("has a DOCTYPE, which such files have no use for")


def read_xml(name: str, path: Path, error: Error = FileError) -> Element:
    """The root of a file of XML; ``name`` is the argument that gave its path.

    Raises
    ------
    FileError
        There is no such file, or it cannot be read.
    BiomechError
        Of the kind ``error``, naming line and element: it is no XML, is cut, has a DOCTYPE, or is beyond the limits.
    """
    whole = decoded(path, read_bytes(name, path, MOST_BYTES))
    text = whole.lstrip()  # blank lines above a declaration are no XML to the letter
    tree = _Tree(path, error, whole.count("\n", 0, len(whole) - len(text)))
    try:
        tree.parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError as wrong:
        raise tree.refuse(f"is no XML ({expat.ErrorString(wrong.code)})") from None
    if tree.root is None:
        raise error(f"{path}: is no XML ({shown(text[:40])})")
    return tree.root
