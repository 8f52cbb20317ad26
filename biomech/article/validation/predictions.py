"""What the model predicts of every row: at the means of postures, and under draws of priors and postures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import instance, one_of, whole_number
from biomech.analysis.progress import read_progress
from biomech.analysis.sweep import sweep
from biomech.article.validation.measured_postures import (
    MeasuredPosture,
    adjuster,
    draw_inputs,
    postures,
    stance_of,
)
from biomech.article.validation.measurements import group_of, label_of, measured_value, measurements
from biomech.model.catalog import load_model
from biomech.model.model import Model
from biomech.reference_data import read_rows
from biomech.sharing import Power
from biomech.uncertainty.ensemble import Ensemble
from biomech.uncertainty.priors import MOST_SEED, Prior, Sampler, default_priors

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

VARIANTS = ("as_built", "with_pressure", "with_tone")
#: kg: mass of the man whose disc was measured (Wilke et al. 1999).
_MAN = 71.0
_KEPT = ("joint_contact_force", "lumbar_compression", "group_activation")
#: Priors of stances that a posture says itself, and of pressure, which acts in some variants only.
_OF_POSTURE, _PRESSURE = {"lean", "lean_change", "weight_shift"}, {"pressure_area", "pressure_arm"}
_TILTS = ("0", "least_effort")


def variant(name: str, base: Model) -> tuple[Model, dict[str, float]]:
    """A model variant and its tone."""
    one_of("name", name, VARIANTS)
    instance("base", base, Model, "a Model")
    changes = {r["target"]: float(r["value"]) for r in read_rows("variants") if r["variant"] == name and r["target"]}
    tone = {path.removeprefix("tone/"): value for path, value in changes.items() if path.startswith("tone/")}
    rest = {path: value for path, value in changes.items() if not path.startswith("tone/")}
    return base.replace(rest) if rest else base, tone


def predicted_at_means(model: Model | None = None) -> xr.DataArray:
    """Every row at the means of its posture, (variant, tilt, row): what ``validate`` says without its intervals.

    Parameters
    ----------
    model : Model, optional
        By default the adult.

    Examples
    --------
    >>> from biomech.article.validation import predicted_at_means
    >>> found = predicted_at_means().sel(variant="as_built", tilt="0")
    >>> bool(found.sel(row="disc_away") > found.sel(row="disc_close"))
    True
    """
    import xarray as xr

    base = load_model() if model is None else instance("model", model, Model, "a Model")
    found = np.empty((len(VARIANTS), 2, len(measurements())))
    for v, name in enumerate(VARIANTS):
        for posture, own, quantities in _by_posture():
            found[v][:, own] = _at_means(_Body(name, quantities, base), posture, quantities)
    rows = list(measurements())
    of_rows = {"unit": _units(), "label": list(map(label_of, rows)), "group": list(map(group_of, rows))}
    coords = {"variant": list(VARIANTS), "tilt": list(_TILTS), "row": rows}
    predicted = xr.DataArray(found, coords, ("variant", "tilt", "row"), name="predicted")
    return predicted.assign_coords({name: ("row", own) for name, own in of_rows.items()})


def validate(*, samples: int = 256, seed: int = 0, progress: bool | None = None) -> xr.Dataset:
    """Predict every row of ``reference_data/measured.csv`` with every model variant.

    Parameters
    ----------
    samples : int
        Draws of priors and postures.
    seed : int
        The same seed gives the same draws.
    progress : bool, optional
        As in ``sweep``.

    Returns
    -------
    Dataset
        ``predicted`` (variant, row), at the means; ``draw`` (variant, row, sample), the predictive sample; ``lower``
        and ``upper``, its 90 % interval; ``lost``, the share of draws that cannot be held and are left out of it;
        ``measured``, ``measured_lower``, ``measured_upper`` (row,). BW, N or percent (``unit``). With ``tilt`` (tilt,),
        0 deg and least effort, where nothing is said of the tilt; elsewhere both are alike. ``label`` and ``group``
        (row,): each row in plain words, and with which it is judged. How well it fits say ``scores`` and ``summary``.

    Examples
    --------
    >>> from biomech.article.validation import validate
    >>> ds = validate(samples=8)
    >>> bool((ds.predicted > 0).sel(row="disc_standing").all())
    True
    """
    import xarray as xr

    samples, seed = whole_number("samples", samples, 2, 2**24), whole_number("seed", seed, 0, MOST_SEED)
    progress = read_progress(progress)
    predicted, base = predicted_at_means(), load_model()
    draw = np.empty((*predicted.shape, samples))
    for v, name in enumerate(VARIANTS):
        for posture, own, quantities in _by_posture():
            draw[v][:, own] = _drawn(_Body(name, quantities, base), posture, quantities, samples, seed, progress)
    ends = np.nanpercentile(draw, [5.0, 95.0], axis=-1)
    values = np.array([measured_value(row) for row in measurements().values()])
    dims = ("variant", "tilt", "row")
    return xr.Dataset(
        {
            "predicted": predicted,
            "draw": ((*dims, "sample"), draw),
            "lower": (dims, ends[0]),
            "upper": (dims, ends[1]),
            "lost": (dims, np.isnan(draw).mean(axis=-1)),
            "measured": ("row", values[:, 0]),
            "measured_lower": ("row", values[:, 1]),
            "measured_upper": ("row", values[:, 2]),
        },
        attrs={"seed": seed, "samples": samples},
    )


class _Body:
    """The model of a variant and its tone; as heavy as the man whose disc was measured where a disc is asked for."""

    def __init__(self, name: str, quantities: list[str], base: Model) -> None:
        if "disc" in quantities:
            base = base.scale({"segments/*/mass": _MAN / base.body_mass})
        self.model, self.tone = variant(name, base)


def _by_posture() -> list[tuple[MeasuredPosture, list[int], list[str]]]:
    """Postures of which there is a row, with the places of their rows and what was measured in each."""
    rows = list(measurements().values())
    found = []
    for posture in postures().values():
        own = [k for k, row in enumerate(rows) if row["posture"] == posture.name]
        if own:
            found.append((posture, own, [rows[k]["quantity"] for k in own]))
    return found


def _units() -> list[str]:
    return ["N" if row["quantity"] == "disc" else row["unit"] for row in measurements().values()]


def _at_means(body: _Body, posture: MeasuredPosture, quantities: list[str]) -> Array:
    """(tilt, quantity)."""
    stance = stance_of(posture, body.model)
    ds = sweep(body.model, tone=body.tone, variables=_KEPT, **stance).expand_dims("sample")
    found = posture.mean("factor", 1.0) * _quantities(ds, quantities, body.model)[..., 0]
    return np.broadcast_to(found, (2, len(quantities)))


def _drawn(
    body: _Body, posture: MeasuredPosture, quantities: list[str], samples: int, seed: int, progress: bool | None
) -> Array:
    """(tilt, quantity, sample)."""
    model = body.model
    sampler = Sampler(model, _priors(model, posture))
    # one sequence for body and posture: two of them, however scrambled, run through the cube together
    points = sampler.points(samples, seed, sampler.dimensions + len(posture.drawn))[:]
    own, inputs = points[:, : sampler.dimensions], draw_inputs(posture, points[:, sampler.dimensions :])
    stances: dict[str, Any] = {posture.name: stance_of(posture, model)}
    study = Ensemble(stances, model, sampler.priors, _KEPT, Power(2), body.tone, adjuster(inputs, model))
    ds = study.dataset(study.run(own, progress), seed).isel(stance=0)
    found = inputs.get("factor", np.ones(samples)) * _quantities(ds, quantities, model)
    return np.broadcast_to(found, (2, len(quantities), samples))


def _priors(model: Model, posture: MeasuredPosture) -> dict[str, Prior]:
    """Priors of the body, and of what the posture says nothing of."""
    skip = _OF_POSTURE | (set() if model.value("settings/pressure_share") else _PRESSURE)
    said = {name.partition(":")[0] for name in posture.inputs}
    return {k: prior for k, prior in default_priors().items() if k not in skip and prior.target not in said}


def _quantities(ds: xr.Dataset, quantities: list[str], model: Model) -> Array:
    """(tilt, quantity, sample): joint forces in body weights, disc compression in N, activation in percent."""
    found = [_quantity(ds, name, model).transpose(..., "sample").values for name in quantities]
    return np.stack([np.atleast_2d(values) for values in found], axis=1)


def _quantity(ds: xr.Dataset, name: str, model: Model) -> xr.DataArray:
    if name == "disc":
        return ds.lumbar_compression
    if not name.startswith(("hip_r", "knee_r")):
        return 100.0 * ds.group_activation.sel(group=name)
    joint, part = name[: name.index("_r") + 2], name[name.index("_r") + 2 :]
    force = ds.joint_contact_force.sel(joint=joint) / (model.body_mass * model.value("settings/gravity"))
    if part == "_axial":  # along the tibia, pressed together positive
        return -force.sel(axis="y")
    return np.sqrt((force.sel(axis=["x", "z"] if part == "_shear" else ["x", "y", "z"]) ** 2).sum("axis", skipna=False))
