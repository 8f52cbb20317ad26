"""How a study is divided: a task is a stretch of postures that is one chunk of every variable."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Postures in a task: fewer would cost as much to begin and to write as to compute; more would be lost by a kill.
LEAST, MOST = 4096, 262_144
#: Bytes of a task's answers, where they allow it: some tasks are in memory at a time.
BYTES = 96 << 20


@dataclass(frozen=True)
class Tasks:
    """A grid of postures in chunks, none of which two tasks share.

    Parameters
    ----------
    shape : tuple of int
        Postures along each dimension.
    chunk : tuple of int
        Those of a task: 1, ..., 1, c, then whole dimensions, so that it is a stretch in the order of the postures.
    """

    shape: tuple[int, ...]
    chunk: tuple[int, ...]

    @classmethod
    def divide(cls, shape: tuple[int, ...], bytes_each: int) -> Tasks:
        """Tasks of nearly one size, from the bytes that are kept of each posture."""
        most = min(MOST, max(LEAST, BYTES // max(bytes_each, 1)))
        chunk, room = [1] * len(shape), most
        for axis in reversed(range(len(shape))):
            parts = math.ceil(shape[axis] / max(room, 1))
            chunk[axis] = math.ceil(shape[axis] / parts)
            if parts > 1:
                break
            room //= shape[axis]
        return cls(shape, tuple(chunk))

    @property
    def parts(self) -> tuple[int, ...]:
        """Chunks along each dimension."""
        return tuple(math.ceil(size / own) for size, own in zip(self.shape, self.chunk, strict=True))

    def __len__(self) -> int:
        return math.prod(self.parts)

    def place(self, task: int) -> tuple[int, ...]:
        """Where the chunk of a task stands in the grid of chunks."""
        found: list[int] = []
        for parts in reversed(self.parts):
            task, at = divmod(task, parts)
            found.insert(0, at)
        return tuple(found)

    def region(self, task: int) -> tuple[slice, ...]:
        """The postures of a task, along each dimension."""
        return tuple(
            slice(at * own, min((at + 1) * own, size))
            for at, own, size in zip(self.place(task), self.chunk, self.shape, strict=True)
        )

    def stretch(self, task: int) -> tuple[int, int]:
        """The first posture of a task, and the one behind its last, in the order of the dimensions."""
        region, first = self.region(task), 0
        for part, size in zip(region, self.shape, strict=True):
            first = first * size + part.start
        return first, first + self.size(task)

    def size(self, task: int) -> int:
        """Postures of a task."""
        return math.prod(part.stop - part.start for part in self.region(task))
