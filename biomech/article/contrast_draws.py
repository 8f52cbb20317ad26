"""Both stances of a contrast under draws of everything uncertain, once for every way of holding the pelvis.

The ways are the policies that the contrast asks for (with both ends of the friction bracket), and beside them the
changes of tilt that were measured on people: there the first stance is level, and the second's change is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech.analysis.sweep import sweep
from biomech.article.evidence import MeasuredTilt, measured_tilts
from biomech.article.hypotheses import CONTRASTS, OutcomeMeasure
from biomech.errors import UnreachablePosture
from biomech.model.model import Model
from biomech.uncertainty.priors import Prior, default_priors
from biomech.uncertainty.propagation import propagate

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

#: The prior that is noise within a person: what changes besides from one stance to the next.
NOISE = "lean_change"
#: What is left of a prior that is left out: the same bodies are drawn, which those of fewer priors would not be.
_NEXT_TO_NOTHING = 1e-9
#: deg: changes of tilt that are drawn lie within these SD of the measured mean.
_WITHIN = 3.0
#: What is kept of an answer.
_KEPT = ("group_activation", "lumbar_compression", "pelvic_tilt", "status", "valid")


@dataclass(frozen=True)
class DrawnColumn:
    """One way of holding the pelvis: answers over (stance, sample), and the answer without any draw.

    ``fixed``: whether the tilt is given, or its change, so that no change of it is an answer; ``measured``: whose
    change was drawn.
    """

    label: str
    drawn: xr.Dataset
    nominal: xr.Dataset
    fixed: bool
    measured: MeasuredTilt | None = None

    def says_nothing(self, measures: tuple[OutcomeMeasure, ...]) -> bool:
        """Whether what is measured is a tilt, which here is given."""
        return self.fixed and measures[0].variable == "pelvic_tilt"


def without_noise(priors: Mapping[str, Prior]) -> dict[str, Prior]:
    """Priors without what is noise within a person."""
    steady = dict(priors)
    if NOISE in steady:
        own = steady[NOISE]
        steady[NOISE] = replace(
            own, distribution="normal", a=0.0, b=_NEXT_TO_NOTHING, least=-_NEXT_TO_NOTHING, most=_NEXT_TO_NOTHING
        )
    return steady


def draw_columns(
    contrast: str, model: Model, *, samples: int, seed: int, priors: Mapping[str, Prior] | None, progress: bool | None
) -> list[DrawnColumn]:
    """Every column of a contrast: those of its policies, then those of measured changes."""
    given = default_priors() if priors is None else priors
    stances, besides = CONTRASTS[contrast].stances, CONTRASTS[contrast].besides
    asked = {"samples": samples, "seed": seed, "progress": progress}
    columns: list[DrawnColumn] = []
    for policies in (stances, besides) if besides else (stances,):
        columns += _split(*_answers(policies, model, given, policies, asked))
    for measured in measured_tilts():
        change = measured.change_in(contrast)
        if change is None:
            continue
        level = {name: {**stance, "pelvic_tilt": 0.0} for name, stance in stances.items()}
        drawn_change = Prior(
            "measured_tilt", "tilt_change", "add to second", "normal", change, measured.sd,
            change - _WITHIN * measured.sd, change + _WITHIN * measured.sd, "deg",
        )  # fmt: skip
        last = list(level)[-1]
        mean = {**level, last: {**level[last], "tilt_change": change}}
        answers = _answers(level, model, {**given, "measured_tilt": drawn_change}, mean, asked)
        columns += _split(*answers, measured, f"as measured on {measured.label_in(contrast)}")
    return columns


def _answers(
    stances: Mapping[str, Mapping[str, Any]],
    model: Model,
    priors: Mapping[str, Prior],
    plain: Mapping[str, Mapping[str, Any]],
    asked: Mapping[str, Any],
) -> tuple[xr.Dataset, xr.Dataset]:
    """Stances under draws; and plain ones without any."""
    import xarray as xr

    drawn = propagate(stances, model, priors=priors, variables=_KEPT, **asked)
    each = [_alone(model, stance) for stance in plain.values()]
    return drawn, xr.concat(each, "stance", join="exact", combine_attrs="drop").expand_dims("sample", axis=-1)


def _alone(model: Model, stance: Mapping[str, Any]) -> xr.Dataset:
    """The answer to a stance; one that a body cannot take has the status of that, as among others."""
    import xarray as xr

    try:
        return sweep(model, variables=_KEPT, **stance)
    except UnreachablePosture:
        load = xr.DataArray([stance.get("load_mass", 0.0)], dims="only")
        found = sweep(model, variables=_KEPT, **{**stance, "load_mass": load})
        return found.isel(only=0).drop_vars("load_mass")


def _split(
    drawn: xr.Dataset, nominal: xr.Dataset, measured: MeasuredTilt | None = None, on: str = ""
) -> Iterator[DrawnColumn]:
    """A column for every place along the dimensions of the policies."""
    dims = [str(dim) for dim in drawn.status.dims if dim not in ("stance", "sample")]
    for place in np.ndindex(*(drawn.sizes[dim] for dim in dims)):
        own = dict(zip(dims, place, strict=True))
        policies = {dim: drawn[dim].values[i] for dim, i in own.items()}
        tilt = str(policies.get("tilt_policy", ""))
        fixed = measured is not None or _is_number(tilt) or "pelvic_tilt" in policies
        yield DrawnColumn(_label(policies, on), drawn.isel(own), nominal.isel(own), fixed, measured)


def _is_number(words: str) -> bool:
    return words.lstrip("-").replace(".", "").isdigit()


def _label(policies: Mapping[str, object], on: str) -> str:
    """Policies in words, after those on whom a change was measured."""
    words = [on] if on else []
    for dim, own in policies.items():
        text = str(own).replace("_", " ")
        if dim == "friction":
            words.append("no friction" if float(text) == 0.0 else f"friction {float(text):g}")
        elif _is_number(text):
            words.append("pelvis level" if float(text) == 0.0 else f"pelvis at {float(text):g} deg")
        else:
            words.append(text)
    return ", ".join(words) or "by rhythm"


def change_of(ds: xr.Dataset, measure: OutcomeMeasure, second: int = 1) -> Array:
    """A later stance less the first, per draw."""
    values = ds[measure.variable]
    if measure.label:
        values = values.sel(group=measure.label)
    return np.asarray(measure.factor * (values.isel(stance=second) - values.isel(stance=0)).values)


def changes_of(column: DrawnColumn, measures: tuple[OutcomeMeasure, ...]) -> Array:
    """Changes over (measure, sample), NaN where a stance cannot be held."""
    change = np.stack([change_of(column.drawn, measure) for measure in measures])
    held = (column.drawn.status == 0).all("stance").values & np.isfinite(change).all(axis=0)
    return np.where(held, change, np.nan)
