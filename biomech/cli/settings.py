"""What options and a study file may say beside stance parameters, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from biomech._arguments import entries, one_of, refusal, text, whole_number
from biomech.cli.values import read_value
from biomech.errors import BiomechError, StanceError


def _names(name: str, given: object) -> list[str]:
    """Names from a list, or separated by commas."""
    names = given.split(",") if isinstance(given, str) else entries(name, given, "a list of names", StanceError)
    return [text(name, own).strip() for own in names]


def _numbers(name: str, given: object) -> dict[str, Any]:
    """Numbers by name, from a table or ``name=number,...``."""
    if isinstance(given, Mapping):
        return dict(given)
    found: dict[str, Any] = {}
    for entry in text(name, given).split(","):
        key, equals, value = (part.strip() for part in entry.partition("="))
        if not equals or key in found:
            raise refusal(name, given, "names with numbers (lumbar_extensors=0.02,soleus_*=0.01), each once")
        found[key] = read_value(f"{name}[{key!r}]", value)
    return found


def _dimensions(name: str, given: object) -> dict[str, list[str]]:
    """Parameters by dimension, from a table or ``["dim=parameter,parameter", ...]``."""
    allowed = "a dimension and what varies along it (squat=knee_flexion,trunk_lean)"
    if isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        pairs = [text(name, own).partition("=")[::2] for own in entries(name, given, allowed)]
    found = {dim.strip(): [own.replace("-", "_") for own in _names(name, names)] for dim, names in pairs if names}
    if len(found) < len(pairs) or not all(found):
        raise refusal(name, given, allowed)
    return found


def _criterion(name: str, given: object) -> Any:
    """A criterion from its name: ``power:3``, ``soft_saturation``, ``min_max``."""
    from biomech.sharing.criteria import MinMax, Power, SoftSaturation

    word, colon, exponent = text(name, given).partition(":")
    kinds: dict[str, Callable[[], Any]] = {"power": Power, "soft_saturation": SoftSaturation, "min_max": MinMax}
    kind = one_of(name, word.replace("-", "_"), kinds)
    if not colon:
        return kinds[kind]()
    if kind != "power":
        raise refusal(name, given, f"{kind} alone")
    number = read_value(name, exponent)
    try:
        return Power(number)
    except BiomechError:
        raise refusal(name, given, "power with an exponent from 2 to 5 (power:3)") from None


def _count(name: str, given: object) -> int:
    return whole_number(name, given, 1)


def _seed(name: str, given: object) -> int:
    return whole_number(name, given, 0)


def _path(name: str, given: object) -> Path:
    if not text(name, given) or "\0" in text(name, given):
        raise refusal(name, given, "the path of a file")
    return Path(text(name, given))


def _model(name: str, given: object) -> str:
    from biomech.model.catalog import MODELS

    return one_of(name, given, MODELS)


def _word(name: str, given: object) -> str:
    return text(name, given)


def _ratio(name: str, given: object) -> Any:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise refusal(name, given, "a number")
    return given


#: Each setting by its name, with what reads it.
SETTINGS: dict[str, Callable[[str, object], Any]] = {
    "model": _model,
    "bodies": _count,
    "seed": _seed,
    "together": _dimensions,
    "criterion": _criterion,
    "weight": _numbers,
    "strength": _word,
    "tone": _numbers,
    "stiffness_margin": _numbers,
    "short_range_stiffness": _ratio,
    "variables": _names,
    "threads": _count,
    "to": _path,
    "format": _word,
}
