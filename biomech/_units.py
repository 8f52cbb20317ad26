"""Units by name: what an array says of itself in ``attrs["units"]``, brought to what is reckoned in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from biomech._arguments import shown
from biomech.errors import StanceError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    Labelled = TypeVar("Labelled", xr.DataArray, xr.Variable, pd.Series[Any])

_LENGTHS = {"m": 1.0, "cm": 1e-2, "mm": 1e-3}
_FORCES = {"n": 1.0, "kn": 1e3}
_TIMES = {"s": 1.0, "ms": 1e-3, "min": 60.0}
_ANGLES = {"deg": 1.0, "rad": math.degrees(1.0)}
#: By what they are brought to: factors by the units' plain names, in small letters without spaces, dots and stars.
UNITS: Mapping[str, Mapping[str, float]] = {
    "m": _LENGTHS,
    "N": _FORCES,
    "deg": _ANGLES,
    "s": _TIMES,
    "N.m": {f + m: force * length for f, force in _FORCES.items() for m, length in _LENGTHS.items()},
}
#: Other words for them.
_WORDS = {
    "meter": "m", "meters": "m", "metre": "m", "metres": "m",
    "centimeter": "cm", "centimeters": "cm", "centimetre": "cm", "centimetres": "cm",
    "millimeter": "mm", "millimeters": "mm", "millimetre": "mm", "millimetres": "mm",
    "newton": "n", "newtons": "n", "kilonewton": "kn", "kilonewtons": "kn",
    "sec": "s", "second": "s", "seconds": "s", "msec": "ms", "millisecond": "ms", "milliseconds": "ms",
    "minute": "min", "minutes": "min",
    "degree": "deg", "degrees": "deg", "°": "deg", "radian": "rad", "radians": "rad",
}  # fmt: skip


def in_units(title: str, array: Labelled, unit: str) -> Labelled:
    """An array in ``unit``, one of ``UNITS``; one that says nothing of its units is in it already.

    Raises
    ------
    StanceError
        Its units are of something else, or not known.
    """
    said = array.attrs.get("units")
    if said is None or said == unit:
        return array
    known = UNITS[unit]
    plain = "".join(_WORDS.get(word, word) for word in _words(said)) if isinstance(said, str) else ""
    if plain not in known:
        raise StanceError(f"{title}: has units {shown(said)}; must be one of {', '.join(_shown(unit))}, or none")
    factor = known[plain]
    found = array.copy(deep=False) if factor == 1.0 or array.dtype.kind not in "iuf" else array * factor
    found.attrs = {**array.attrs, "units": unit}
    return found


def _words(said: str) -> list[str]:
    """The parts of a unit's name: N.mm, N*mm, N mm, N-mm, Nmm."""
    text = said.strip().lower()
    for mark in ".*·⋅-_":
        text = text.replace(mark, " ")
    return text.split()


def _shown(unit: str) -> list[str]:
    return {
        "m": ["m", "cm", "mm"],
        "N": ["N", "kN"],
        "deg": ["deg", "rad"],
        "s": ["s", "ms", "min"],
        "N.m": ["N.m", "N.cm", "N.mm", "kN.m"],
    }[unit]
