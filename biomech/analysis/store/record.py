"""What an answer carries so that it can be computed again, and how two such records differ."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import shown
from biomech._kernels.identity import kernel_identity
from biomech._version import __version__
from biomech.analysis.store.asked import describe_stance
from biomech.analysis.store.model_record import describe_model
from biomech.errors import StudyError
from biomech.model.model import Model
from biomech.model.population import BodySource
from biomech.pipeline.stance_batch import SharingObjective
from biomech.sharing import Criterion, MinMax, Power, SoftSaturation
from biomech.sharing.criteria.registry import registered
from biomech.stance.stance import StanceGrid

#: The attribute that holds it.
STUDY = "study"
#: What must be the same for numbers that are equal to the last bit: what computed them.
MACHINE = ("biomech", "kernels", "cpu_level", "numpy")


def describe_sweep(
    model: Model | BodySource,
    asked: StanceGrid,
    objective: SharingObjective,
    variables: list[str] | None,
    answered: Collection[str],
) -> str:
    """All that a sweep is made from, as JSON; what its coordinates hold is read from there.

    ``variables`` are those that were asked for, ``answered`` those that it has.
    """
    about = {
        "function": "sweep",
        "stance": describe_stance(asked, answered),
        "variables": None if variables is None else sorted({*variables} - {"status"}),
        **_objective(model if isinstance(model, Model) else model.model, objective),
    }
    return _with_model(about, model)


def describe_draws(
    model: Model, stances: Mapping[str, Mapping[str, Any]], objective: SharingObjective, about: Mapping[str, Any]
) -> str | None:
    """All that draws were propagated from, as JSON; None where a stance was given in arrays with labels.

    ``about`` has the priors by their fields, ``samples``, ``seed`` and ``variables``.
    """
    try:
        told = json.loads(json.dumps(stances, default=_listed))
    except TypeError:
        return None
    return _with_model({"function": "propagate", "stances": told, **_objective(model, objective), **about}, model)


def describe_frames(model: Model, objective: SharingObjective, about: Mapping[str, Any]) -> str:
    """All that load is shared by in measured frames, as JSON; what was measured is read from the answer.

    ``about`` has the bounds ``lower`` and ``upper`` and the ``weight`` of muscles, None where they vary, and
    ``reserve`` by coordinate.
    """
    return _with_model({"function": "static_optimization", **_objective(model, objective), **about}, model)


def _listed(value: Any) -> Any:
    """Plain numbers and arrays of NumPy, and ranges, as lists; labels would be lost."""
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind in "biufU":
        return value.tolist()
    if isinstance(value, range):
        return list(value)
    raise TypeError(f"{shown(value)} has labels")


def _with_model(about: Mapping[str, Any], model: Model | BodySource) -> str:
    # what does not change from call to call is written once
    own, body = json.dumps(about, default=_plain), describe_model(model)
    return f'{own[:-1]}, "model": {body}, "computed_with": {_machine(*kernel_identity())}}}'


def _plain(value: Any) -> Any:
    """What JSON does not know: a number of NumPy; or a field of somebody's criterion, which is shown."""
    return value.item() if isinstance(value, np.generic) else repr(value)


@cache
def _machine(level: str, kernels: str) -> str:
    return json.dumps({"biomech": __version__, "kernels": kernels, "cpu_level": level, "numpy": np.__version__})


def _objective(model: Model, objective: SharingObjective) -> dict[str, Any]:
    """How effort was counted, in what ``sweep`` takes."""
    criterion, stiffness = objective.criterion, objective.stiffness
    told: dict[str, Any] = {
        "criterion": {"name": type(criterion).__name__, **vars(criterion)},
        "strength": "force_length" if objective.force_length else "isometric",
    }
    if (objective.weight != 1.0).any():
        told["weight"] = objective.weight.tolist()
    if objective.minimum_activation.any():
        told["tone"] = _unlike_zero(model, objective.minimum_activation)
    if stiffness is not None:
        told |= {"stiffness_margin": dict(stiffness.margin), "short_range_stiffness": stiffness.ratio}
    return told


def _unlike_zero(model: Model, values: NDArray[np.float64]) -> dict[str, float]:
    return {name: value for name, value in zip(model.muscles, values.tolist(), strict=True) if value}


_Kinds = type | tuple[type, ...]
#: What a record of a function has at least.
_COMMON: dict[str, _Kinds] = {"model": dict, "computed_with": dict, "criterion": dict}
_PARTS: dict[str, dict[str, _Kinds]] = {
    "sweep": {**_COMMON, "stance": dict, "strength": str},
    "static_optimization": {**_COMMON, "strength": str, "lower": (float, dict, NoneType), "reserve": dict},
    "propagate": {**_COMMON, "stances": dict, "priors": dict, "samples": int, "seed": int, "variables": list},
}


def read_record(place: str, text: object) -> dict[str, Any]:
    """What a record says.

    Raises
    ------
    StudyError
        It is none.
    """
    if not isinstance(text, str):
        raise StudyError(
            f"{place}: does not say what it was made from (attribute {STUDY!r}); answers of sweep, of "
            "static_optimization and of uncertainty.propagate do"
        )
    try:
        about = json.loads(text)
        parts: dict[str, _Kinds] = _PARTS[about["function"]]
        if any(not isinstance(about[name], kind) for name, kind in parts.items()):
            raise TypeError("has other parts")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StudyError(f"{place}: its attribute {STUDY!r} is no record of a study ({shown(error)})") from None
    found: dict[str, Any] = about
    return found


def criterion_of(about: Mapping[str, Any]) -> Criterion:
    """The criterion of a record; one from outside must be registered."""
    kinds: list[type[Criterion]] = [Power, SoftSaturation, MinMax, *registered()]
    known: dict[str, Any] = {kind.__name__: kind for kind in kinds}
    fields = {name: value for name, value in about.items() if name != "name"}
    try:
        found: Criterion = known[about["name"]](**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise StudyError(f"criterion = {shown(dict(about))}: cannot be made again ({error!r})") from None
    return found


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    """What differs between two records, in words: what stands in the first, and what in the second."""
    for name in dict.fromkeys([*there, *here]):
        old, new = there.get(name), here.get(name)
        if old == new:
            continue
        if name in ("stance", "computed_with") and isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from differences(old, new)
        elif name == "model" and isinstance(old, Mapping) and isinstance(new, Mapping):
            yield f"model ({_model(old)} there, {_model(new)} here)"
        else:
            yield f"{name} ({_told(old)} there, {_told(new)} here)"


def _model(about: Mapping[str, Any]) -> str:
    return f"{about.get('name')}{', changed,' if 'changes' in about else ''} {str(about.get('sha256'))[:8]}"


def _told(value: Any) -> str:
    return "not given" if value is None else shown(value)
