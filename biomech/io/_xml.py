"""XML of others: a light tree of elements with their lines, from files that strict readers refuse.

Public files have ``::`` in names and single bytes of another encoding under a header that says UTF-8. Expat, without
namespaces and after the bytes are decoded here, reads both. What could harm is refused: a DOCTYPE, and with it every
entity that expands; files, trees and levels without end.
"""

from __future__ import annotations

import codecs
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from biomech._arguments import Error, shown
from biomech.errors import BiomechError, ModelError

#: The largest file, the most elements and the deepest nesting that are read; public models stay below a tenth of each.
MOST_BYTES = 64 * 2**20
MOST_ELEMENTS = 1_000_000
MOST_LEVELS = 64

#: The target of processing instructions that are ours, and the tag of the elements that are made of them.
NOTE = "biomech"

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
#: What holds no elements, and what closes it.
_NO_ELEMENT = re.compile(rb"<!--|<!\[CDATA\[|<\?")
_CLOSED_BY = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_SINGLE_BYTE = {"iso8859-1", "cp1252", "ascii"}
_WRONG_BYTE = re.compile("[\udc80-\udcff]")  # how surrogateescape shows a byte that is no UTF-8


class Element:
    """An element: its tag, attributes, text without what is around it, children, parent and line in the file.

    ``notes`` are of our own in it, and no children.
    """

    __slots__ = ("attributes", "children", "line", "notes", "parent", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str], line: int, parent: Element | None) -> None:
        self.tag = tag
        self.attributes = attributes
        self.line = line
        self.parent = parent
        self.text = ""
        self.children: list[Element] = []
        self.notes: list[Element] = []

    @property
    def name(self) -> str:
        """The attribute ``name``; empty where there is none."""
        return self.attributes.get("name", "").strip()

    def child(self, *tags: str) -> Element | None:
        """The first child with one of the tags; an earlier tag goes before a later one."""
        for tag in tags:
            for own in self.children:
                if own.tag == tag:
                    return own
        return None

    def every(self, *tags: str) -> Iterator[Element]:
        """The children with one of the tags, in order."""
        return (own for own in self.children if own.tag in tags)

    def value(self, tag: str, default: str = "") -> str:
        """The text of the first child with a tag, ``default`` where there is none."""
        own = self.child(tag)
        return default if own is None else own.text

    def walk(self) -> Iterator[Element]:
        """The element and all below it, in the order of the file."""
        waiting = [self]
        while waiting:
            own = waiting.pop()
            yield own
            waiting.extend(reversed(own.children))

    def __repr__(self) -> str:
        return f"<{self.tag} {self.name!r}, line {self.line}>" if self.name else f"<{self.tag}, line {self.line}>"


def read_xml(path: str | Path, error: Error = ModelError) -> Element:
    """The root of the document in a file; an ``error`` names the element and the line at which it is none."""
    path = Path(path)
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):  # to open a pipe would wait for its writer
            raise error(f"path = {shown(str(path))}: is no ordinary file")
        content = path.read_bytes() if about.st_size <= MOST_BYTES else b""
    except FileNotFoundError:
        raise error(f"path = {shown(str(path))}: there is no such file") from None
    except OSError as wrong:
        raise error(f"path = {shown(str(path))}: cannot be read ({wrong.strerror or wrong})") from None
    if about.st_size > MOST_BYTES:
        raise error(f"{path.name}: has {about.st_size} bytes; at most {MOST_BYTES} are read")
    return parse_xml(content, path.name, error)


def parse_xml(content: bytes, file: str, error: Error = ModelError) -> Element:
    """The root of a document; ``file`` is what errors, of the kind ``error``, call it."""
    text = _without_loose_comments(_as_utf8(content))
    document = text.lstrip()  # blank lines above a declaration are no XML to the letter
    builder = _Builder(file, error, text.count(b"\n", 0, len(text) - len(document)))
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, attributes: builder.start(tag, attributes, parser.CurrentLineNumber)
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.ProcessingInstructionHandler = lambda target, words: builder.note(target, words, parser.CurrentLineNumber)
    parser.StartDoctypeDeclHandler = lambda name, *_: builder.refuse_doctype(name, parser.CurrentLineNumber)
    try:
        parser.Parse(document, True)
    except expat.ExpatError as wrong:
        raise builder.error(wrong.lineno, f"is no XML: {expat.errors.messages[wrong.code]}") from None
    assert builder.root is not None  # expat refuses a document without an element
    return builder.root


class _Builder:
    """What makes the tree while expat reads."""

    def __init__(self, file: str, kind: Error, above: int) -> None:
        self.file, self.kind, self.above = file, kind, above
        self.root: Element | None = None
        self.open: list[Element] = []
        self.pieces: list[str] = []
        self.count = 0

    def start(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self._count(line)
        if len(self.open) >= MOST_LEVELS:
            raise self.error(line, f"has elements more than {MOST_LEVELS} levels deep")
        parent = self.open[-1] if self.open else None
        element = Element(tag, attributes, self.above + line, parent)
        if parent is None:
            self.root = element
        else:
            parent.children.append(element)
        self.open.append(element)
        self.pieces.clear()

    def _count(self, line: int) -> None:
        self.count += 1
        if self.count > MOST_ELEMENTS:
            raise self.error(line, f"has more than {MOST_ELEMENTS} elements")

    def text(self, piece: str) -> None:
        self.pieces.append(piece)

    def end(self, _tag: str) -> None:
        element = self.open.pop()
        if not element.children:  # what stands between children is space
            element.text = "".join(self.pieces).strip()
        self.pieces.clear()

    def note(self, target: str, words: str, line: int) -> None:
        """A note of our own is with the element in which it stands; those of others are theirs."""
        if target == NOTE and self.open:
            self._count(line)
            own = Element(target, {}, self.above + line, self.open[-1])
            own.text = words.strip()
            self.open[-1].notes.append(own)

    def refuse_doctype(self, name: str, line: int) -> None:
        raise self.error(line, f"has a DOCTYPE ({name[:40]}), which is not read: its entities could expand without end")

    def error(self, line: int, what: str) -> BiomechError:
        """The error that names the file, the line and the element that is open there."""
        where = f", element {self.open[-1].tag!r}" if self.open else ", outside of any element"
        return self.kind(f"{self.file}, line {self.above + line}{where}: {what}")


def _without_loose_comments(text: bytes) -> bytes:
    """The document without comments that have ``--`` in them, which are no XML; their lines stay.

    One that was never closed goes to the end of the next (in a public model of an arm); OpenSim reads them so.
    """
    kept, done, at = [], 0, 0
    while opened := _NO_ELEMENT.search(text, at):
        closed = _CLOSED_BY[opened[0]]
        end = text.find(closed, opened.end())
        if end < 0:
            break
        at = end + len(closed)
        if opened[0] == b"<!--" and b"--" in text[opened.end() : end + 1]:
            kept += [text[done : opened.start()], b"\n" * text.count(b"\n", opened.start(), at)]
            done = at
    return b"".join([*kept, text[done:]]) if kept else text


def _as_utf8(content: bytes) -> bytes:
    """The document in UTF-8; a byte that is none, or of an older encoding by its header, is taken from CP1252."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace").encode("utf-8", "replace")
    content = content.removeprefix(codecs.BOM_UTF8)
    declared = _DECLARED.match(content)
    if declared and _codec(declared[1].decode("ascii")) in _SINGLE_BYTE:
        return content.decode("cp1252", "replace").encode("utf-8")
    text = content.decode("utf-8", "surrogateescape")
    return _WRONG_BYTE.sub(lambda byte: _windows_letter(byte[0]), text).encode("utf-8")


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return name


def _windows_letter(escaped: str) -> str:
    return bytes([ord(escaped) - 0xDC00]).decode("cp1252", "replace")
