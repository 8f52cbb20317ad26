"""What public functions are given: looked at before any work, and refused by name, value and what is allowed.

Every function here takes the name of the parameter, what was given for it, and ``error``, the kind of ``BiomechError``
to raise; it returns what was given, in the type that the caller works with. A bool is no number, and neither is a
complex one, text, a masked entry or an object that NumPy would quietly make NaN of.
"""

from __future__ import annotations

import difflib
import math
import numbers
import reprlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from biomech.errors import BiomechError, StanceError

Array = NDArray[np.float64]
Error = Callable[[str], BiomechError]
T = TypeVar("T")

_WORDS = reprlib.Repr()
_WORDS.maxstring = _WORDS.maxother = 60


def shown(value: object) -> str:
    """A value as a message shows it: short and on one line, whatever it is."""
    try:
        text = _WORDS.repr(value)
    except Exception:  # a value that cannot even be printed
        text = f"<{type(value).__name__}>"
    return " ".join(text.split())


def refusal(name: str, value: object, allowed: str, error: Error = StanceError) -> BiomechError:
    """The error that says which parameter has which value, and what is allowed."""
    return error(f"{name} = {shown(value)}: must be {allowed}")


def instance(
    name: str, value: object, kind: type[T] | tuple[type[T], ...], allowed: str, error: Error = StanceError
) -> T:
    """An object of a class."""
    if not isinstance(value, kind):
        raise refusal(name, value, allowed, error)
    return value


def whole_number(
    name: str, value: object, least: int | None = None, most: int | None = None, error: Error = StanceError
) -> int:
    """A whole number within limits, one of NumPy's included."""
    allowed = _within("a whole number", least, most)
    # a span of time is an integer to NumPy
    if isinstance(value, bool | np.timedelta64) or not isinstance(value, int | np.integer):
        raise refusal(name, value, allowed, error)
    number = int(value)
    if (least is not None and number < least) or (most is not None and number > most):
        raise refusal(name, value, allowed, error)
    return number


def real_number(
    name: str, value: object, least: float | None = None, most: float | None = None, error: Error = StanceError
) -> float:
    """A finite real number within limits."""
    allowed = _within("a finite number", least, most)
    number = _as_float(value)
    if not math.isfinite(number) or (least is not None and number < least) or (most is not None and number > most):
        raise refusal(name, value, allowed, error)
    return number


def _as_float(value: object) -> float:
    """A real number as a float; NaN where it is none, or too large to be one."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_ | np.timedelta64) or not isinstance(value, numbers.Real | np.number):
        return math.nan
    try:
        return float(value) if not isinstance(value, np.complexfloating) else math.nan
    except (OverflowError, TypeError, ValueError):
        return math.nan


def _within(what: str, least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f"{what} from {least:g} to {most:g}" if most < 1e6 else f"{what} from {least:g} to {most}"
    if least is not None:
        return f"{what}, at least {least:g}"
    return what if most is None else f"{what}, at most {most:g}"


def text(name: str, value: object, error: Error = StanceError) -> str:
    """Words: a string."""
    return instance(name, value, str, "text", error)


def one_of(name: str, value: object, allowed: Iterable[str], error: Error = StanceError) -> str:
    """One of some names; the message suggests the one that is nearest."""
    names = [str(own) for own in allowed]
    if isinstance(value, str):
        if value in names:
            return value
        near = difflib.get_close_matches(value, names, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise error(f"{name} = {shown(value)}: there is none{hint}; there are {', '.join(names)}")
    raise error(f"{name} = {shown(value)}: must be a name; there are {', '.join(names)}")


def one_label(name: str, value: T, labels: Iterable[object], where: str = "", error: Error = StanceError) -> T:
    """One of the labels of a dimension: words, numbers or dates; ``where`` they are."""
    known = list(labels)
    if not any(_is_label(value, own) for own in known):
        place = f" in {where}" if where else ""
        raise error(
            f"{name} = {shown(value)}: there is none{place}; there are {', '.join(map(str, known)) or 'no labels'}"
        )
    return value


def _is_label(given: object, own: object) -> bool:
    """Whether a label is the one that is given; what cannot be compared is not."""
    if isinstance(given, str):
        return isinstance(own, str) and own == given
    if isinstance(given, np.datetime64 | np.timedelta64):
        return type(own) is type(given) and bool(own == given)
    return _as_float(given) == _as_float(own)  # what is no number is NaN, which is no label


def flag(name: str, value: object, error: Error = StanceError) -> bool:
    """True or False."""
    return bool(instance(name, value, (bool, np.bool_), "True or False", error))


def entries(name: str, value: object, allowed: str, error: Error = StanceError) -> list[Any]:
    """The entries of any iterable but text, which is gone through once."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise refusal(name, value, allowed, error)
    try:
        return list(value)
    except TypeError:  # an array without dimensions is iterable by its type only
        raise refusal(name, value, allowed, error) from None


def is_masked(value: object) -> bool:
    """Whether an entry is masked: of an array, or of a list, of which NumPy would make NaN with a warning."""
    return np.ma.is_masked(value) or (isinstance(value, list | tuple) and any(own is np.ma.masked for own in value))


def name_list(name: str, value: object, allowed: Iterable[str] | None = None, error: Error = StanceError) -> list[str]:
    """Names from any iterable but a single string; each one of ``allowed``, if that is given."""
    if isinstance(value, Mapping):
        raise refusal(name, value, "a list of names", error)
    names = entries(name, value, "a list of names", error)
    known = None if allowed is None else list(allowed)
    return [text(name, own, error) if known is None else one_of(name, own, known, error) for own in names]


def number_in(name: str, row: Mapping[Any, Any], key: str, error: Error = StanceError) -> float:
    """A finite number of a row of a table, which may hold it as text."""
    cell = row.get(key)
    try:
        return real_number(f"{name}[{key!r}]", float(cell) if isinstance(cell, str) else cell, error=error)
    except ValueError:
        raise refusal(f"{name}[{key!r}]", cell, "a finite number", error) from None


def mapping(name: str, value: object, allowed: str, error: Error = StanceError) -> Mapping[Any, Any]:
    """A mapping whose keys are names."""
    found: Mapping[Any, Any] = instance(name, value, Mapping, f"a mapping of {allowed}", error)
    for key in found:
        if not isinstance(key, str):
            raise error(f"{name}: has the key {shown(key)}; must be a mapping of {allowed}")
    return found


def real_array(name: str, value: object, error: Error = StanceError) -> Array:
    """Numbers as an array of floats, its own where it is one already; they may be NaN or infinite."""
    if is_masked(value):
        raise error(f"{name}: has masked entries; must be an array of numbers, give what is missing a value")
    if bears_labels(value):
        raise error(f"{name}: has labels, which are not heeded here; give its numbers alone, in order (to_numpy())")
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O":
            array = _from_objects(array)
    except (TypeError, ValueError, OverflowError):
        raise error(f"{name}: must be an array of numbers; is {shown(value)}") from None
    if array.dtype.kind not in "iuf" and not (array.dtype.kind == "b" and array.ndim):
        raise error(f"{name}: must be an array of numbers; is {shown(value)}")
    with np.errstate(over="ignore"):  # of longer floats, which infinity then says
        return np.asarray(array, dtype=np.float64)


def bears_labels(value: object) -> bool:
    """Whether a DataArray, Series or DataFrame tells its entries by labels; pandas' own count of the rows is none."""
    indexes = getattr(value, "indexes", None)  # of a DataArray
    if indexes is not None and hasattr(value, "dims"):
        return len(indexes) > 0
    if not hasattr(value, "iloc"):
        return False
    return not all(_counts(axis) for axis in value.axes)  # type: ignore[attr-defined]


def _counts(index: Any) -> bool:
    """Whether an index of pandas is its own count of the rows."""
    return index.name is None and type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1


def _from_objects(array: NDArray[Any]) -> Array:
    """Objects that are numbers, fractions and whole numbers of any length among them."""
    if any(isinstance(own, bool) or not isinstance(own, numbers.Real) for own in array.flat):
        raise TypeError
    return np.array([float(own) for own in array.flat], dtype=np.float64).reshape(array.shape)


def finite_array(name: str, value: object, error: Error = StanceError) -> Array:
    """Numbers, all of them finite; the message names the first that is not."""
    array = real_array(name, value, error)
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        index = tuple(int(i) for i in bad[0])
        where = f"{name}[{', '.join(map(str, index))}]" if index else name
        raise error(f"{where} = {float(array[index])!r}: must be finite")
    return array
