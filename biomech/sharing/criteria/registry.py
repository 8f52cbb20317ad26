"""Criteria from outside the package: their formulas take a place in the switch of the kernels."""

from __future__ import annotations

from typing import Any

from biomech.errors import ProblemError
from biomech.sharing.criteria.base import Criterion
from biomech.sharing.criteria.kernels import OUTSIDE, PLACES

_REGISTERED: list[type[Criterion] | None] = [None] * len(PLACES)


def register(criterion: type[Criterion], response: Any, cost: Any, bound_rate: Any = None) -> None:
    """Make a criterion known to the kernels.

    Entry points that share load are then compiled on this machine, each at its next use and once: some ten seconds.

    Parameters
    ----------
    criterion : type
        A frozen dataclass, derived from ``Criterion``; ``code_of`` gives its code.
    response : kernel
        (parameter, weight, upper, v) to the x at which f(x) - v x is least without bounds, and the rate dx/dv.
    cost : kernel
        (parameter, weight, upper, x) to f(x). It is weight times something that does not depend on the weight.
    bound_rate : kernel, optional
        (parameter, weight, upper, v) to dx/dupper of the response; left out where it does not depend on its bound.
        Sensitivities need it.

    Raises
    ------
    ProblemError
        It is no such class, no kernel that can be imported, or all places are taken.
    """
    if not (isinstance(criterion, type) and issubclass(criterion, Criterion)):
        raise ProblemError(f"criterion = {criterion!r}: must be a class derived from biomech.sharing.Criterion")
    if not getattr(getattr(criterion, "__dataclass_params__", None), "frozen", False):
        raise ProblemError(f"criterion = {criterion.__name__}: must be a frozen dataclass, so that it can be compared")
    if criterion.is_capped:
        raise ProblemError(f"criterion = {criterion.__name__}: is_capped; only MinMax shares a cap")
    place = _place_for(criterion)
    pairs = [*zip(PLACES[place], (response, cost, bound_rate), strict=True)]
    for point, kernel in pairs:
        wrong = "" if kernel is None and point is pairs[-1][0] else point.problem_with(kernel)
        if wrong:
            raise ProblemError(f"criterion = {criterion.__name__}: {wrong}")
    for point, kernel in pairs:
        point.extend(kernel)
    _REGISTERED[place] = criterion


def unregister(criterion: type[Criterion]) -> None:
    """Free the place of a criterion; the kernels are again those that they were without it."""
    for place, known in enumerate(_REGISTERED):
        if known is not None and _name(known) == _name(criterion):
            for point in PLACES[place]:
                point.extend(None)
            _REGISTERED[place] = None


def registered() -> list[type[Criterion]]:
    """Every criterion from outside that the kernels know."""
    return [known for known in _REGISTERED if known is not None]


def code_of(criterion: type[Criterion]) -> int:
    """The code of a criterion that is registered: what its ``code`` gives."""
    for place, known in enumerate(_REGISTERED):
        if known is not None and _name(known) == _name(criterion):
            return OUTSIDE + place
    raise ProblemError(f"{criterion.__name__}: is not registered; see biomech.sharing.criteria.registry.register")


def _place_for(criterion: type[Criterion]) -> int:
    """Its own, if it is registered again, or the first that is free."""
    for wanted in (_name(criterion), None):
        for place, known in enumerate(_REGISTERED):
            if (None if known is None else _name(known)) == wanted:
                return place
    taken = ", ".join(known.__name__ for known in _REGISTERED if known is not None)
    raise ProblemError(f"criterion = {criterion.__name__}: all {len(_REGISTERED)} places are taken ({taken})")


def _name(criterion: type[Criterion]) -> str:
    return f"{criterion.__module__}.{criterion.__qualname__}"
