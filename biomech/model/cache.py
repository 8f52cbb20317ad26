"""What is made once and kept, up to a bound."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

from biomech._arguments import refusal
from biomech.errors import ModelError

#: How many things are kept: more than any study needs at once, and a bound where weights are drawn.
MOST_KEPT = 128
_ABSENT = object()


class Cache:
    """Things by key, each made once; what was not asked for the longest time is let go. Threads may share it.

    A key says everything that its thing depends on, but for what all who share the cache have in common.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, Any] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What ``make`` makes, made once."""
        try:
            found = self._kept.get(key, _ABSENT)
        except TypeError:
            raise refusal("key", key, "hashable", ModelError) from None
        if found is _ABSENT:
            if not callable(make):
                raise refusal("make", make, "a function of nothing", ModelError)
            found = make()
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = found  # the last is what was asked for last
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return found
