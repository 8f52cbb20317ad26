"""Whether a C3D file is laid out as it says: ezc3d believes what a header says, and a damaged one may end the process.

What stands where is that of the C3D user guide (c3d.org): a block of 512 bytes as header, a section of parameters, each
a record that says where the next one is, and the frames.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import NamedTuple

from biomech.errors import FileError

_BLOCK = 512
#: Second byte of every C3D file.
_MARK = 0x50
#: Kinds of processors, by the order of their bytes; DEC's reals are of a kind of their own.
_LITTLE, _DEC, _BIG = 84, 85, 86
#: Bytes of an entry by its type: letters, bytes, whole numbers, reals.
_SIZES = {-1: 1, 1: 1, 2: 2, 4: 4}
#: Dimensions that a parameter may have.
_MOST_DIMENSIONS = 7


class _Parameter(NamedTuple):
    """A parameter's type, dimensions and bytes."""

    kind: int
    dims: tuple[int, ...]
    data: bytes


class _Layout:
    """The bytes of a file, and the order in which its processor writes numbers."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path, self.data = path, data
        if len(data) < _BLOCK or data[1] != _MARK:
            raise FileError(f"{path}: is no C3D file")
        self.start = _BLOCK * (data[0] - 1)
        if self.start < _BLOCK or self.start + 4 > len(data) or data[self.start + 3] not in (_LITTLE, _DEC, _BIG):
            raise self.wrong("the parameters are not where the header says")
        self.processor = data[self.start + 3]
        self.order = ">" if self.processor == _BIG else "<"

    def wrong(self, what: str) -> FileError:
        return FileError(f"{self.path}: is damaged or cut: {what}")

    def unpack(self, form: str, at: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + form, self.data, at)

    def parameters(self) -> dict[str, _Parameter]:
        """Every parameter by its group and name, ``POINT:USED``; each record must lie inside the section."""
        end = min(len(self.data), self.start + _BLOCK * max(self.data[self.start + 2], 1))
        groups: dict[int, str] = {}
        found: dict[tuple[int, str], _Parameter] = {}
        at = self.start + 4
        while True:
            if at + 2 > end:
                raise self.wrong("the section of parameters has no end")
            length, group = struct.unpack_from("bb", self.data, at)
            after = at + 2 + abs(length)
            if length == 0 or group == 0:
                break
            if after + 2 > end:
                raise self.wrong("a parameter is beyond its section")
            name = self.data[at + 2 : after].decode("latin-1").upper()
            (offset,) = self.unpack("H", after)
            following = after + offset
            if (offset and following <= after + 2) or following > end:
                raise self.wrong(f"{name} leads to no other parameter")
            body = self.data[after + 2 : following if offset else end]
            if group < 0:
                groups[-group] = name
                self.check_description(name, body)
            else:
                found[group, name] = self.parameter(name, body)
            if not offset:
                break
            at = following
        return {f"{groups.get(group, group)}:{name}": own for (group, name), own in found.items()}

    def parameter(self, name: str, body: bytes) -> _Parameter:
        """What follows the name of a parameter."""
        if len(body) < 2:
            raise self.wrong(f"{name} has no type")
        kind, count = struct.unpack_from("bB", body)
        if kind not in _SIZES or count > _MOST_DIMENSIONS or 2 + count > len(body):
            raise self.wrong(f"{name} has type {kind} and {count} dimensions")
        dims = tuple(body[2 : 2 + count])
        size = _SIZES[kind] * math.prod(dims)
        if 2 + count + size > len(body):
            raise self.wrong(f"{name} has more entries than bytes")
        self.check_description(name, body[2 + count + size :])
        return _Parameter(kind, dims, body[2 + count : 2 + count + size])

    def check_description(self, name: str, body: bytes) -> None:
        if not body or 1 + body[0] > len(body):
            raise self.wrong(f"the description of {name} is beyond its record")

    def whole_numbers(self, parameter: _Parameter | None) -> list[int]:
        """The entries of a parameter of counts, which have no sign; none where it is of another type."""
        if parameter is None or parameter.kind not in (1, 2):
            return []
        size = _SIZES[parameter.kind]
        return list(struct.unpack(f"{self.order}{len(parameter.data) // size}{'xBH'[size]}", parameter.data))


def check_layout(path: Path, data: bytes) -> None:
    """Refuse a file that is no C3D file, is cut, or whose parts are not where it says.

    Raises
    ------
    FileError
        Naming what is not there.
    """
    layout = _Layout(path, data)
    parameters = layout.parameters()
    points, values, first, last = layout.unpack("HHHH", 2)
    start, subframes = layout.unpack("HH", 16)
    if start < 2 or last < first:
        raise layout.wrong(f"its frames are {first} to {last}, from block {start} on")
    channels = values // subframes if subframes else 0
    for name, count in (("POINT:USED", points), ("ANALOG:USED", channels)):
        used = layout.whole_numbers(parameters.get(name))
        if used and used[0] != count:
            raise layout.wrong(f"the header tells {count} for {name}, which is {used[0]}")
    for name in ("ANALOG:SCALE", "ANALOG:OFFSET"):
        given = sum(math.prod(own.dims) for key, own in parameters.items() if key.rstrip("0123456789") == name)
        if given < channels:
            raise layout.wrong(f"{name} has {given} entries for {channels} channels")
    # reals where the scale is negative: the sign is the highest bit of one of its bytes
    scale = data[12:16][{84: 3, 85: 1, 86: 0}[layout.processor]]
    size = 4 if scale & 0x80 else 2
    needed = (last - first + 1) * (4 * points + values) * size
    if _BLOCK * (start - 1) + needed > len(data):
        raise layout.wrong(f"{last - first + 1} frames of {points} points and {values} analog values need more bytes")
    _check_plates(layout, parameters)


def _check_plates(layout: _Layout, parameters: dict[str, _Parameter]) -> None:
    """The parameters of force plates must be there for as many as there are."""
    used = layout.whole_numbers(parameters.get("FORCE_PLATFORM:USED"))
    if not used or not used[0]:
        return
    plates = used[0]
    if len(layout.whole_numbers(parameters.get("FORCE_PLATFORM:TYPE"))) < plates:
        raise layout.wrong(f"FORCE_PLATFORM:TYPE is not there for {plates} plates")
    for name, inner in (("CHANNEL", (6, 8)), ("CORNERS", (3,)), ("ORIGIN", (3,))):
        own = parameters.get(f"FORCE_PLATFORM:{name}")
        if own is None or len(own.dims) < 2 or own.dims[-1] < plates or own.dims[0] not in inner:
            raise layout.wrong(f"FORCE_PLATFORM:{name} is not there for {plates} plates")
