"""Where a result comes from: the attributes that every dataset carries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from biomech._version import __version__
from biomech.model.catalog import MODELS, load_model
from biomech.model.model import Model
from biomech.pipeline.stance_batch import SharingObjective


def provenance(model: Model, objective: SharingObjective | None = None) -> dict[str, str]:
    """Version, model and how effort was counted, as text that any file format can hold.

    Parameters
    ----------
    model : Model
        The body.
    objective : SharingObjective, optional
        What counted as effort.

    Returns
    -------
    dict
        ``biomech_version``; ``model``, its name, ``changed`` behind it where its numbers are not those of the built-in
        model of that name; ``model_sha256``, the hash of its tables; ``criterion``, ``strength``; and where they were
        given ``weight``, ``minimum_activation``, ``stiffness_margin`` and ``short_range_stiffness``, mappings as JSON.
    """
    cf_attributes = {"biomech_version": __version__, "model": name_of(model), "model_sha256": model_hash(model)}
    return cf_attributes if objective is None else cf_attributes | _counted(model, objective)


def name_of(model: Model) -> str:
    """The model's name, and whether it is still the built-in one."""
    changed = model.name in MODELS and model_hash(model) != model_hash(load_model(model.name))
    return f"{model.name}, changed" if changed else model.name


def model_hash(model: Model) -> str:
    """SHA-256 of the tables: names, columns and values, numbers to the last bit."""
    found: str = model.cached("sha256", lambda: _hash(model))
    return found


def _hash(model: Model) -> str:
    digest = hashlib.sha256()
    for name in sorted(model.tables):
        columns = model.tables[name].columns
        digest.update(
            repr((name, [(column, tuple(map(_exact, values))) for column, values in columns.items()])).encode()
        )
    if roles := model.roles.record():
        digest.update(repr(roles).encode())
    return digest.hexdigest()


def _exact(value: object) -> object:
    """A value whose ``repr`` does not depend on the type that holds a number."""
    return float(value) if isinstance(value, int | float | np.number) and not isinstance(value, bool) else value


def _counted(model: Model, objective: SharingObjective) -> dict[str, str]:
    cf_attributes = {
        "criterion": repr(objective.criterion),
        "strength": "force_length" if objective.force_length else "isometric",
    }
    for name, values, plain in (("weight", objective.weight, 1.0), ("tone", objective.minimum_activation, 0.0)):
        if (values != plain).any():
            cf_attributes[name] = json.dumps(_unlike(model, values, plain))
    if objective.stiffness is not None:
        cf_attributes["stiffness_margin"] = json.dumps(dict(objective.stiffness.margin))
        cf_attributes["short_range_stiffness"] = repr(objective.stiffness.ratio)
    return cf_attributes


def _unlike(model: Model, values: NDArray[np.float64], plain: float) -> Mapping[str, float]:
    """Muscles whose value is not the plain one."""
    return {name: float(value) for name, value in zip(model.muscles, values, strict=True) if value != plain}
