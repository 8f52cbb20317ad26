"""What is to be shared: a batch of equality-constrained problems with bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biomech._arguments import bears_labels, instance, real_array, refusal, shown
from biomech.errors import ProblemError
from biomech.sharing.block_sparsity import scan

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LoadSharingProblem:
    """Minimise the cost of x subject to A x = b and lower <= x <= upper, for each problem of a batch.

    Parameters
    ----------
    coefficients : array_like, shape (B, m, n)
        A: the effect of a unit of each unknown on each row.
    demand : array_like, shape (B, m)
        b.
    upper : array_like, shape (n,) or (B, n)
        Upper bounds; infinite is allowed.
    weight : array_like, shape (n,)
        Weight of each unknown in the cost, positive.
    lower : float or array_like, shape (n,) or (B, n)
        Lower bounds; infinite is allowed.
    quadratic : array_like of bool, shape (n,), optional
        Unknowns that cost w x^2 under every criterion (contact forces, reserves).
    shortfall_weight : array_like, shape (m,), optional
        Weight of each row in the least-squares shortfall of a problem that cannot be met; ones.

    Raises
    ------
    ProblemError
        Naming the array, the first offending index and what is allowed.
    """

    coefficients: Array
    demand: Array
    upper: Array
    weight: Array
    lower: Array
    quadratic: NDArray[np.bool_]
    shortfall_weight: Array
    used: NDArray[np.bool_]  #: (m, n): the entries of A that differ from zero in some problem

    def __init__(
        self,
        coefficients: ArrayLike,
        demand: ArrayLike,
        upper: ArrayLike,
        weight: ArrayLike,
        lower: ArrayLike = 0.0,
        quadratic: ArrayLike | None = None,
        shortfall_weight: ArrayLike | None = None,
    ) -> None:
        a = _array("coefficients", coefficients)
        if a.ndim != 3 or 0 in a.shape[1:]:
            raise ProblemError(f"coefficients: has shape {a.shape}; must be (B, m, n), m and n at least 1")
        batch, rows, unknowns = a.shape
        used = np.zeros((rows, unknowns), dtype=bool)
        if not scan(a, used):
            _check(np.isfinite(a), "coefficients", a, "finite")
        b = _shaped("demand", _floats("demand", demand), (batch, rows))
        bounds = {name: _bounds(name, value, batch, unknowns) for name, value in (("lower", lower), ("upper", upper))}
        _check(bounds["lower"] <= bounds["upper"], "upper", bounds["upper"], "at least the lower bound")
        _check(bounds["lower"] < np.inf, "lower", bounds["lower"], "below infinity")
        _check(bounds["upper"] > -np.inf, "upper", bounds["upper"], "above minus infinity")
        w = _shaped("weight", _floats("weight", weight), (unknowns,))
        _check(w > 0.0, "weight", w, "positive")
        s = np.ones(rows) if shortfall_weight is None else _floats("shortfall_weight", shortfall_weight)
        _check(_shaped("shortfall_weight", s, (rows,)) > 0.0, "shortfall_weight", s, "positive")
        flags = np.zeros(unknowns, dtype=bool) if quadratic is None else _flags(quadratic)
        if flags.dtype != np.bool_ or flags.shape != (unknowns,):
            raise ProblemError(f"quadratic: has shape {flags.shape} and type {flags.dtype}; must be ({unknowns},) bool")
        for name, value in (
            ("coefficients", a),
            ("demand", b),
            *bounds.items(),
            ("weight", w),
            ("quadratic", flags),
            ("shortfall_weight", s),
            ("used", used),
        ):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.demand)

    def take(self, index: slice) -> LoadSharingProblem:
        """Some of the problems."""
        instance("index", index, slice, "a slice", ProblemError)
        try:
            index.indices(len(self))
        except (TypeError, ValueError, OverflowError):  # text as an end, a step of 0
            raise refusal("index", index, "a slice of whole numbers", ProblemError) from None
        return LoadSharingProblem(
            self.coefficients[index],
            self.demand[index],
            self.upper[index],
            self.weight,
            self.lower[index],
            quadratic=self.quadratic,
            shortfall_weight=self.shortfall_weight,
        )


def _array(name: str, value: Any) -> Array:
    """A C-contiguous array that kernels compiled once can take: read-only ones are another type to them."""
    array = np.asarray(real_array(name, value, ProblemError), order="C")
    return array if array.flags.writeable and array.flags.aligned else array.copy()


def _flags(value: Any) -> NDArray[Any]:
    if bears_labels(value):
        raise ProblemError("quadratic: has labels, which are not heeded here; give its flags alone, in order")
    try:
        return np.asarray(value)
    except (TypeError, ValueError):
        raise ProblemError(f"quadratic = {shown(value)}: must be an array of bool") from None


def _floats(name: str, value: Any, infinite: bool = False) -> Array:
    array = _array(name, value)
    _check(~np.isnan(array) if infinite else np.isfinite(array), name, array, "finite")
    return array


def _bounds(name: str, value: Any, batch: int, unknowns: int) -> Array:
    array = _floats(name, value, infinite=True)
    if array.shape not in ((), (unknowns,), (batch, unknowns)):
        raise ProblemError(f"{name}: has shape {array.shape}; must be ({unknowns},) or ({batch}, {unknowns})")
    return np.broadcast_to(array, (batch, unknowns))


def _shaped(name: str, array: Array, shape: tuple[int, ...]) -> Array:
    if array.shape != shape:
        raise ProblemError(f"{name}: has shape {array.shape}; must be {shape}")
    return array


def _check(good: NDArray[np.bool_], name: str, array: Array, allowed: str) -> None:
    if not np.all(good):
        index = tuple(int(i) for i in np.argwhere(~good)[0])
        where = f"{name}[{', '.join(map(str, index))}]" if index else name
        raise ProblemError(f"{where} = {array[index]!r}: must be {allowed}")
