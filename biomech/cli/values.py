"""Values as they are typed: a number, a word, a list, a range, one for each leg."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, DecimalException
from typing import Any

from biomech._arguments import refusal, shown
from biomech.errors import StanceError

#: What the help says of values.
GRAMMAR = (
    "A value is a number (10), a word (least_effort), a list (0,15,30), a range with a step, its end included "
    "(0:60:5), or a number for each leg (right=15,left=42). A list or a range makes a dimension; several make a grid."
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
#: Values of one range: more are a slip.
_MOST = 100_000
_SIDES = ("right", "left")


def read_value(name: str, given: object) -> Any:
    """A value as ``sweep`` takes it, from text or from TOML.

    Parameters
    ----------
    name : str
        The parameter, for messages.
    given : object
        Text as it is typed; or of TOML a number, a list of numbers and text, or a table with ``right`` and ``left``.

    Returns
    -------
    float, str, list or DataArray
        A list where there is a comma or a range, a DataArray over ``side`` where the legs differ.

    Raises
    ------
    StanceError
        It is nothing of the kind; the message names the parameter and the value.

    Examples
    --------
    >>> from biomech.cli.values import read_value
    >>> read_value("foot_rotation", "0:1:0.25")
    [0.0, 0.25, 0.5, 0.75, 1.0]
    >>> read_value("pelvic_tilt", "least_effort,5")
    ['least_effort', 5.0]
    """
    if isinstance(given, str):
        return _of_text(name, given.strip())
    if isinstance(given, Mapping):
        return _by_leg(name, given, given)
    if isinstance(given, list):
        if not given:
            raise refusal(name, given, "a number, text or a list of them")
        return [value for entry in given for value in _entries(name, entry, given)]
    return _number(name, given, given)


def _of_text(name: str, text: str) -> Any:
    if not text:
        raise refusal(name, text, "a number, a word, a list (0,15,30) or a range (0:60:5)")
    if "=" in text:
        pairs = [entry.partition("=")[::2] for entry in text.split(",")]
        legs = {side.strip(): _atom(value.strip()) for side, value in pairs}
        if len(legs) < len(pairs):
            raise refusal(name, text, "a number for each leg (right=15,left=42)")
        return _by_leg(name, legs, text)
    if "," not in text and ":" not in text:
        return _atom(text)
    # a comma at the end makes a list of one
    return [value for entry in text.removesuffix(",").split(",") for value in _entries(name, entry, text)]


def _entries(name: str, entry: object, given: object) -> list[Any]:
    """The values of one entry of a list: several, if it is a range."""
    if not isinstance(entry, str):
        return [_number(name, entry, given)]
    if not entry.strip():
        raise refusal(name, given, "a list without gaps (0,15,30)")
    return _range(name, entry.strip()) if ":" in entry else [_atom(entry.strip())]


def _atom(text: str) -> float | str:
    return float(text) if _NUMBER.fullmatch(text) else text


def _number(name: str, value: object, given: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refusal(name, given, "numbers or text")
    return value


def _range(name: str, text: str) -> list[float]:
    """Evenly spaced numbers, each the float that one would type: decimals add up without rounding."""
    allowed = "a range FIRST:LAST:STEP (0:60:5) whose step leads from the first to the last"
    parts = [part.strip() for part in text.split(":")]
    if len(parts) != 3 or not all(map(_NUMBER.fullmatch, parts)):
        raise refusal(name, text, allowed)
    try:
        first, last, step = map(Decimal, parts)
        if not step or (steps := (last - first) / step) < 0:
            raise refusal(name, text, allowed)
        if steps >= _MOST:
            raise refusal(name, text, f"a range of at most {_MOST:,} values")
        return [float(first + step * i) for i in range(int(steps) + 1)]
    except DecimalException:
        raise refusal(name, text, allowed) from None


def _by_leg(name: str, legs: Mapping[str, Any], given: object) -> Any:
    """A number for each leg, over the dimension ``side``."""
    numbers = [_leg(legs.get(side)) for side in _SIDES]
    if set(legs) != set(_SIDES) or None in numbers:
        raise StanceError(f"{name} = {shown(given)}: must be a number for each leg (right=15,left=42)")
    import xarray as xr

    return xr.DataArray(numbers, coords={"side": list(_SIDES)}, dims="side")


def _leg(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    except OverflowError:
        return None
