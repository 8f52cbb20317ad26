"""Old names of what has a better one: they work, and say what to write instead."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Mapping
from typing import Any


def renamed(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for a module some of whose names have changed: old to new."""

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(f"{module}.{name} is now {module}.{names[name]}", DeprecationWarning, stacklevel=2)
        return getattr(importlib.import_module(module), names[name])

    return find


def moved(old: str, new: str, names: Mapping[str, str] | None = None) -> Callable[[str], Any]:
    """A ``__getattr__`` for a module that has moved, and some of whose names have changed on the way."""

    def find(name: str) -> Any:
        if name.startswith("__"):  # what import machinery asks for
            raise AttributeError(f"module {old!r} has no attribute {name!r}")
        better = (names or {}).get(name, name)
        if not hasattr(importlib.import_module(new), better):
            raise AttributeError(f"module {old!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(new), better)
        warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=2)
        return found

    return find
