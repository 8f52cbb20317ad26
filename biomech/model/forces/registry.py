"""Force elements from outside the package: which act, and what the kernels read of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech.errors import ModelError
from biomech.model.forces.base import Body, ForceElement
from biomech.model.forces.outside import KINDS

#: The elements that act, by name, each with its kind; never changed in place.
_ACTING: dict[str, tuple[ForceElement, int]] = {}


def register(name: str, element: ForceElement, kernel: Any) -> None:
    """Let an element act on every stance from now on.

    Entry points that reach it are then compiled on this machine, each at its next use and once: some ten seconds. An
    element with other numbers and the same kernel compiles nothing.

    Parameters
    ----------
    name : str
        Takes the place of one that acts under the same name.
    element : ForceElement
        Its numbers.
    kernel : kernel
        (numbers, first, q, frames, out): adds what the element exerts to ``out`` (6 segment,), by ``add_force`` and
        ``add_couple`` of ``biomech.model.forces.outside``; its numbers begin at ``numbers[first]``.

    Raises
    ------
    ModelError
        It is no element, no kernel that can be imported, or three other kernels act.
    """
    global _ACTING
    if not isinstance(element, ForceElement):
        raise ModelError(f"element = {element!r}: must be a biomech.model.forces.base.ForceElement")
    if not getattr(getattr(element, "__dataclass_params__", None), "frozen", False):
        raise ModelError(f"element = {element!r}: must be a frozen dataclass, so that it can be compared")
    if wrong := KINDS[0].problem_with(kernel):
        raise ModelError(f"element = {element!r}: {wrong}")
    others = {key: of for key, of in _ACTING.items() if key != name}
    kind = _kind_for(kernel, {of for _, of in others.values()})
    _extend(kind, kernel)
    _ACTING = {**others, name: (element, kind)}


def unregister(name: str) -> None:
    """Let an element act no more; nothing happens where there is none of that name."""
    global _ACTING
    _, kind = _ACTING.get(name, (None, -1))
    _ACTING = {key: of for key, of in _ACTING.items() if key != name}
    if kind >= 0 and kind not in {of for _, of in _ACTING.values()}:
        _extend(kind, None)


def acting() -> tuple[tuple[ForceElement, int], ...]:
    """The elements that act, with their kinds: what tables with their numbers are kept by."""
    return tuple(_ACTING.values())


def are_symmetric() -> bool:
    """Whether all that act treat both sides alike."""
    return all(element.is_symmetric for element, _ in _ACTING.values())


def numbers_of(body: Body) -> NDArray[np.float64]:
    """What the kernels read (``outside_wrenches``)."""
    found: list[float] = []
    for name, (element, kind) in _ACTING.items():
        try:
            own = np.asarray(element.numbers(body), dtype=np.float64)
        except ValueError as error:
            raise ModelError(f"element {name!r}: does not suit this model: {error}") from None
        if own.ndim != 1 or not np.isfinite(own).all():
            raise ModelError(f"element {name!r}: its numbers must be finite, in one dimension, not {own!r}")
        found += [float(kind), float(len(own)), *own.tolist()]
    return np.array(found, dtype=np.float64)


def _kind_for(kernel: Any, taken: set[int]) -> int:
    """That of the kernel, if it has one, or the first that is free."""
    for kind, point in enumerate(KINDS):
        if point.replacement is kernel:
            return kind
    for kind in range(len(KINDS)):
        if kind not in taken:
            return kind
    raise ModelError(f"kernel = {kernel.name}: all {len(KINDS)} places are taken")


def _extend(kind: int, kernel: Any) -> None:
    if KINDS[kind].replacement is not kernel:
        KINDS[kind].extend(kernel)
