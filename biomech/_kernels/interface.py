"""The C interface of compiled entry points: the one place that says how they are called.

    int32_t symbol(const int64_t *words, int64_t *result)

``words`` holds the arguments one after another, tuples taken apart: of an array its address and then its shape, of a
number its 64 bits (a truth value as 0 or 1). ``result`` takes the 64 bits of what the entry point returns, if it
returns anything. The returned code is 0, or not where memory ran out. An array is aligned and C-contiguous; the
function neither keeps it nor frees it.

*Kinds* say what a word stands for: ``f``, ``i`` and ``b`` are a float, an integer and a truth value; ``f82`` is an
array of ``f8`` (NumPy's code) in 2 dimensions. They follow from the annotations of an entry point (``signature_of``),
and every call is checked against them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from struct import pack, unpack
from typing import Any, NamedTuple, get_type_hints

import numpy as np

from biomech._kernels.arrays import ArrayKind

_SCALARS = {float: "f", int: "i", bool: "b", type(None): ""}


class Signature(NamedTuple):
    """Kinds of an entry point: of all its arguments, and of what it returns (empty where that is nothing)."""

    arguments: tuple[str, ...]
    result: str


def signature_of(function: Callable[..., Any]) -> Signature:
    """Kinds of an entry point, from its annotations.

    Raises
    ------
    TypeError
        An annotation is no number, no array of ``biomech._kernels.arrays`` and no tuple of them.
    """
    hints = get_type_hints(function, include_extras=True)
    returned = hints.pop("return", None)
    if returned not in _SCALARS:
        raise TypeError(f"{function.__qualname__}: returns {returned}; an entry point gives a number or nothing")
    return Signature(tuple(kind for _, kind in words_of(function)), _SCALARS[returned])


def words_of(function: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """Path (``tables.direction``) and kind of every number and array that an entry point takes."""
    hints = get_type_hints(function, include_extras=True)
    for name in function.__code__.co_varnames[: function.__code__.co_argcount]:
        yield from _words(hints.get(name), function, name)


def _words(hint: Any, function: Callable[..., Any], name: str) -> Iterator[tuple[str, str]]:
    if is_tuple(hint):
        for field, part in get_type_hints(hint, include_extras=True).items():
            yield from _words(part, function, f"{name}.{field}")
    elif (kind := array_kind(hint)) is not None:
        yield name, f"{kind.code}{kind.ndim}"
    elif hint in _SCALARS and hint is not type(None):
        yield name, _SCALARS[hint]
    else:
        raise TypeError(f"{function.__qualname__}: {name} is annotated {hint}; it must say which array or number it is")


def is_tuple(hint: Any) -> bool:
    """Whether an annotation is a named tuple."""
    return isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields")


def array_kind(hint: Any) -> ArrayKind | None:
    """Entries and dimensions of an annotated array."""
    return next((m for m in getattr(hint, "__metadata__", ()) if isinstance(m, ArrayKind)), None)


class CompiledFunction:
    """A compiled entry point: checks its arguments, hands over their words, and returns its result.

    Parameters
    ----------
    name : str
        Of the entry point.
    function : callable
        What was compiled.
    pointer : ctypes function
        What implements the interface.
    signature : Signature
        Kinds of its arguments and of its result.
    owner : object
        What keeps the code in memory.
    """

    def __init__(self, name: str, function: Callable[..., Any], pointer: Any, signature: Signature, owner: Any) -> None:
        pointer.argtypes, pointer.restype = [ctypes.c_char_p, ctypes.c_void_p], ctypes.c_int32
        self.name, self.function, self.pointer, self.owner = name, function, pointer, owner
        self.signature = signature
        self.kinds = ",".join(signature.arguments)

    def __call__(self, *args: Any) -> Any:
        return self._call(self._words([_flat(arg) for arg in args]))

    def bind(self, *args: Any) -> BoundCall:
        """The call with these arguments, checked once."""
        flat = [_flat(arg) for arg in args]
        return BoundCall(self, self._words(flat), flat)

    def _words(self, flat: list[_Flat]) -> bytes:
        kinds = ",".join([part.kinds for part in flat])
        if kinds != self.kinds:
            raise TypeError(f"{self.name}: arguments do not fit: {self._misfits(kinds.split(','))}")
        return b"".join([part.words for part in flat])

    def _misfits(self, given: list[str]) -> str:
        wanted = list(words_of(self.function))
        if len(given) != len(wanted):
            return f"{len(given)} numbers and arrays for {len(wanted)}"
        wrong = [f"{path} is {_text(g)}, not {_text(w)}" for g, (path, w) in zip(given, wanted, strict=True) if g != w]
        return "; ".join(wrong[:5])

    def _call(self, words: bytes) -> Any:
        kind = self.signature.result
        result = ctypes.c_int64() if kind else None
        if self.pointer(words, ctypes.byref(result) if result is not None else None):
            raise MemoryError(f"{self.name}: no memory")
        if result is None:
            return None
        bits = result.value
        return bool(bits) if kind == "b" else bits if kind == "i" else unpack("d", pack("q", bits))[0]


def _text(kind: str) -> str:
    """A kind in words."""
    named = {code: number.__name__ for number, code in _SCALARS.items() if code}
    if kind in named:
        return f"a number ({named[kind]})"
    code, ndim, rest = kind[:2], kind[2:3], kind[3:]
    return f"an array of {code} in {ndim} dimensions{rest}" if ndim.isdigit() else kind


class BoundCall:
    """A call whose arguments stay: what the arrays hold may change between calls, the arrays may not."""

    def __init__(self, function: CompiledFunction, words: bytes, kept: Any) -> None:
        self._function, self._words, self._kept = function, words, kept

    def __call__(self) -> Any:
        return self._function._call(self._words)


class _Flat(NamedTuple):
    """An argument taken apart: itself, which must live as long as its words, their kinds, and the words."""

    argument: Any
    kinds: str
    words: bytes


#: Tuples of tables that were given lately, by identity: they are the same from call to call.
_RECENT: dict[int, _Flat] = {}
#: Not kept: what is quickly taken apart, and what holds much memory (bytes).
_FEW_WORDS, _LARGE, _MOST = 8, 1 << 18, 64


def _flat(argument: Any) -> _Flat:
    recent = _RECENT.get(id(argument))
    if recent is not None and recent.argument is argument:
        return recent
    words: list[int] = []
    kinds: list[str] = []
    _take_apart(argument, words, kinds)
    made = _Flat(argument, ",".join(kinds), pack(f"{len(words)}q", *words))
    if len(kinds) > _FEW_WORDS and _size(argument) < _LARGE:
        if len(_RECENT) >= _MOST:
            _RECENT.clear()
        _RECENT[id(argument)] = made
    return made


def _size(value: Any) -> int:
    return value.nbytes if isinstance(value, np.ndarray) else sum(map(_size, value)) if isinstance(value, tuple) else 0


_NOTHING = ctypes.c_char * 0


def _take_apart(value: Any, words: list[int], kinds: list[str]) -> None:
    kind = type(value)
    if kind is np.ndarray:
        flags = value.flags
        fits = flags.c_contiguous and flags.aligned and value.dtype.isnative
        kinds.append(f"{value.dtype.str[1:]}{value.ndim}{'' if fits else ' (not aligned and C-contiguous)'}")
        words.append(_address(value))
        words += value.shape
    elif issubclass(kind, tuple):
        for part in value:
            _take_apart(part, words, kinds)
    elif issubclass(kind, bool | np.bool_):
        words.append(int(value))
        kinds.append("b")
    elif issubclass(kind, float):
        words.append(unpack("q", pack("d", value))[0])
        kinds.append("f")
    elif issubclass(kind, int | np.integer):
        words.append(int(value))
        kinds.append("i")
    else:
        words.append(0)
        kinds.append(kind.__name__)


def _address(array: Any) -> int:
    try:
        return ctypes.addressof(_NOTHING.from_buffer(array))  # the quickest way
    except (TypeError, ValueError, BufferError):  # read-only, or not contiguous, which the kinds will tell
        return int(array.__array_interface__["data"][0])
