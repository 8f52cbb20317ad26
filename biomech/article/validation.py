"""The model beside measurements on living people.

Postures, priors, measurements and model variants are data that were frozen before the first comparison
(``data/README.md``). Every row is predicted as given and, under draws of the priors and of the posture, with a 90 %
interval. Nothing is fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from biomech._arguments import (
    finite_array,
    instance,
    mapping,
    number_in,
    one_of,
    real_number,
    refusal,
    text,
    whole_number,
)
from biomech.analysis.progress import read_progress
from biomech.analysis.sweep import sweep
from biomech.errors import StanceError
from biomech.model.catalog import load_model
from biomech.model.model import Model
from biomech.policies.rhythm import lumbar_flexion
from biomech.reference_data import read_rows
from biomech.sharing import Power
from biomech.stance.stance import Stance
from biomech.uncertainty.ensemble import Ensemble
from biomech.uncertainty.priors import Sampler, default_priors

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

#: Spine rows that are judged, standing first; the others as ratios to it.
SPINE = ("disc_standing", "disc_flexed", "disc_round_back", "disc_close", "disc_away", "disc_sitting")
VARIANTS = ("as_built", "tissue_and_pressure", "with_tone")
#: kg: mass of the man whose disc was measured, and of his load (Wilke et al. 1999).
_MAN, _LOAD = 71.0, 19.8
#: Disc force = k A p: k, its ends (from 5 to 95 %), and A in m2 (Wilke et al. 1999).
DISC_SHARE, DISC_SHARE_ENDS, DISC_AREA = 0.66, (0.55, 0.8), 18e-4
_ONE_LEG = {"support": "right"}
_SEAT = {"support": "seat", "arms": "thighs"}


_INPUTS = "inputs to (mean, SD)"


@dataclass(frozen=True)
class MeasuredPosture:
    """A frozen posture: mean and SD of its inputs."""

    name: str
    inputs: Mapping[str, tuple[float, float]]

    def __post_init__(self) -> None:
        text("name", self.name)
        for name, pair in mapping("inputs", self.inputs, _INPUTS).items():
            numbers = finite_array(f"inputs[{name!r}]", pair)
            if numbers.shape != (2,) or numbers[1] < 0.0:
                raise refusal(f"inputs[{name!r}]", pair, "(mean, SD), the SD at least 0")
        if "thorax" in self.inputs and not {"lumbar_flexion", "rhythm"} & set(self.inputs):
            raise StanceError("inputs: has 'thorax' alone; needs 'lumbar_flexion' or 'rhythm' beside it")

    def mean(self, name: str, default: float = 0.0) -> float:
        """Mean of an input; ``default`` where it is none."""
        return self.inputs.get(text("name", name), (real_number("default", default), 0.0))[0]


@cache
def postures() -> dict[str, MeasuredPosture]:
    """The frozen postures by name."""
    inputs: dict[str, dict[str, tuple[float, float]]] = {}
    for row in read_rows("postures"):
        inputs.setdefault(row["posture"], {})[row["parameter"]] = (float(row["mean"]), float(row["sd"]))
    return {name: MeasuredPosture(name, own) for name, own in inputs.items()}


@cache
def measurements() -> dict[str, dict[str, str]]:
    """What was measured, by row."""
    return {row["row"]: row for row in read_rows("measured")}


@cache
def _measured_quantities() -> tuple[str, ...]:
    return tuple(dict.fromkeys(row["quantity"] for row in measurements().values()))


def measured_value(row: Mapping[str, str]) -> tuple[float, float, float]:
    """Value and its low and high end: BW, percent, or N of a disc pressure; NaN where no end is known."""
    instance("row", row, Mapping, "a row of measurements")
    blank = {name for name in ("low", "high") if isinstance(row.get(name), str) and not row[name]}
    value, low, high = (np.nan if name in blank else number_in("row", row, name) for name in ("value", "low", "high"))
    if one_of("row['quantity']", row.get("quantity"), _measured_quantities()) != "disc":
        return value, low, high
    newton = DISC_AREA * 1e6
    return DISC_SHARE * newton * value, DISC_SHARE_ENDS[0] * newton * value, DISC_SHARE_ENDS[1] * newton * value


def variant(name: str, base: Model) -> tuple[Model, dict[str, float]]:
    """A model variant and its tone."""
    one_of("name", name, VARIANTS)
    instance("base", base, Model, "a Model")
    changes = {r["target"]: float(r["value"]) for r in read_rows("variants") if r["variant"] == name and r["target"]}
    tone = {path.removeprefix("tone/"): value for path, value in changes.items() if path.startswith("tone/")}
    rest = {path: value for path, value in changes.items() if not path.startswith("tone/")}
    return base.replace(rest) if rest else base, tone


def stance_of(posture: MeasuredPosture, model: Model) -> dict[str, Any]:
    """Arguments of ``sweep`` for a posture at its means; the tilt by two policies where nothing is said of it."""
    instance("posture", posture, MeasuredPosture, "a Posture")
    instance("model", model, Model, "a Model")
    import xarray as xr

    stance: dict[str, Any] = {}
    for name in ("knee_flexion", "foot_rotation", "weight_shift", "trunk_lean"):
        if name in posture.inputs:
            stance[name] = posture.mean(name)
    if posture.name == "one_legged":
        stance |= {**_ONE_LEG, "knee_flexion": xr.DataArray([posture.mean("knee_flexion"), 45.0], dims="side")}
    if posture.name == "stairs_up":
        stance |= _ONE_LEG
    if posture.name == "sitting":
        stance |= _SEAT
    if "thorax" not in posture.inputs:
        return {**stance, "pelvic_tilt": [0, "least_effort"]}
    means = {name: np.array([mean]) for name, (mean, _) in posture.inputs.items()}
    lean, tilt = _trunk(means, model)
    stance |= {"trunk_lean": float(lean[0]), "pelvic_tilt": float(tilt[0])}
    if "load_forward" in posture.inputs:
        place = (float(_load_place(means["load_forward"], lean, model)[0]), 0.0, 0.0)
        stance |= {"load_mass": _LOAD, "load_position": place}
    return stance


def _trunk(inputs: Mapping[str, Array], model: Model) -> tuple[Array, Array]:
    """Lean and tilt from the turn of the thorax and the flexion of the lumbar spine, given or by rhythm."""
    thorax = inputs["thorax"]
    flexion = inputs["lumbar_flexion"] if "lumbar_flexion" in inputs else lumbar_flexion(thorax, inputs["rhythm"])
    return thorax - (1.0 - model.value("settings/lumbar_line_share")) * flexion, thorax - flexion


def _load_place(forward: Array, lean: Array, model: Model) -> Array:
    """Place of the load along the trunk's x axis that puts it, with half of the arms, ``forward`` of L5/S1 in space."""
    turn = np.radians(lean)
    shoulder = np.cos(turn) * model.value("settings/shoulder_x") + np.sin(turn) * model.value("settings/shoulder_y")
    reached = forward + 0.5 * model.value("settings/arms_mass") / _LOAD * (forward - shoulder)
    return np.asarray(reached / np.cos(turn))


def _draw(posture: MeasuredPosture, points: Array) -> dict[str, Array]:
    """Inputs of a posture, (sample,) each, at points (sample, input) of the unit cube."""
    return {
        name: stats.norm.ppf(np.clip(points[:, k], 0.001, 0.999)) * sd + mean
        for k, (name, (mean, sd)) in enumerate(posture.inputs.items())
    }


def _adjuster(posture: MeasuredPosture, model: Model, drawn: Mapping[str, Array]) -> Callable[[Stance, int], None]:
    """Puts the posture of every draw into its stance."""
    lean = tilt = place = None
    if "thorax" in drawn:
        lean, tilt = _trunk(drawn, model)
        tilt = np.clip(tilt, -25.0, 35.0)
    if "load_forward" in drawn and lean is not None:
        place = np.clip(_load_place(drawn["load_forward"], lean, model), -2.0, 2.0)

    def adjust(stance: Stance, i: int) -> None:
        stance.values["knee_flexion"][:, 0] = drawn["knee_flexion"][i]
        if posture.name != "one_legged":
            stance.values["knee_flexion"][:, 1] = drawn["knee_flexion"][i]
        for name in ("weight_shift", "trunk_lean"):
            if name in drawn:
                stance.values[name][:] = drawn[name][i]
        if "foot_rotation" in drawn:
            stance.values["foot_rotation"][:] = drawn["foot_rotation"][i]
        if lean is not None and tilt is not None:
            stance.values["trunk_lean"][:], stance.values["pelvic_tilt"][:] = lean[i], tilt[i]
        if place is not None:
            stance.values["load_position"][:, 0] = place[i]

    return adjust


def validate(*, samples: int = 256, seed: int = 0, progress: bool | None = None) -> xr.Dataset:
    """Predict every row of ``data/measured.csv`` with every model variant.

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
        and ``upper``, its 90 % interval; ``measured``, ``measured_lower``, ``measured_upper`` (row,). BW, N or percent
        (``unit``). With ``tilt`` (tilt,), 0 deg and least effort, where nothing is said of the tilt; elsewhere both are
        alike.

    Examples
    --------
    >>> from biomech.article.validation import validate
    >>> ds = validate(samples=8)
    >>> bool((ds.predicted > 0).sel(row="disc_standing").all())
    True
    """
    import xarray as xr

    samples, seed = whole_number("samples", samples, 2, 2**24), whole_number("seed", seed, 0)
    progress = read_progress(progress)
    measured = measurements()
    shape = (len(VARIANTS), 2, len(measured))
    predicted, draw = np.empty(shape), np.empty((*shape, samples))
    for v, name in enumerate(VARIANTS):
        for posture in postures().values():
            own = [k for k, row in enumerate(measured.values()) if row["posture"] == posture.name]
            quantities = [row["quantity"] for row in measured.values() if row["posture"] == posture.name]
            at_mean, drawn = _predict(name, posture, quantities, samples, seed, progress)
            predicted[v][:, own], draw[v][:, own] = at_mean, drawn
    ends = np.nanpercentile(draw, [5.0, 95.0], axis=-1)
    values = np.array([measured_value(row) for row in measured.values()])
    dims = ("variant", "tilt", "row")
    return xr.Dataset(
        {
            "predicted": (dims, predicted),
            "draw": ((*dims, "sample"), draw),
            "lower": (dims, ends[0]),
            "upper": (dims, ends[1]),
            "measured": ("row", values[:, 0]),
            "measured_lower": ("row", values[:, 1]),
            "measured_upper": ("row", values[:, 2]),
        },
        coords={
            "variant": list(VARIANTS),
            "tilt": ["0", "least_effort"],
            "row": list(measured),
            "unit": ("row", ["N" if r["quantity"] == "disc" else r["unit"] for r in measured.values()]),
        },
        attrs={"seed": seed, "samples": samples},
    )


def _predict(
    name: str, posture: MeasuredPosture, quantities: list[str], samples: int, seed: int, progress: bool | None
) -> tuple[Array, Array]:
    """Quantities of a posture at its means, (tilt, quantity), and under draws, (tilt, quantity, sample)."""
    base = load_model()
    if "disc" in quantities:
        base = base.scale({"segments/*/mass": _MAN / base.body_mass})
    model, tone = variant(name, base)
    stances = {posture.name: stance_of(posture, model)}
    keep = ("joint_contact_force", "lumbar_compression", "group_activation")
    skip = {"lean", "lean_change", "weight_shift"} | (set() if model.value("settings/pressure_share") else _PRESSURE)
    priors = {key: prior for key, prior in default_priors().items() if key not in skip}
    sampler = Sampler(model, priors)
    # one sequence for body and posture: two of them, however scrambled, run through the cube together
    points = sampler.points(samples, seed, sampler.dimensions + len(posture.inputs))
    body, inputs = points[:, : sampler.dimensions], _draw(posture, points[:, sampler.dimensions :])
    study = Ensemble(stances, model, priors, keep, Power(2), tone, _adjuster(posture, model, inputs))
    drawn = study.dataset(study.run(body, progress), sampler.draws(body), seed)
    at_mean = sweep(model, tone=tone, variables=keep, **stances[posture.name]).expand_dims("sample")
    found = [_quantities(ds, quantities, model) for ds in (at_mean, drawn.isel(stance=0))]
    factor = inputs.get("factor", np.ones(samples))
    return (
        np.broadcast_to(posture.mean("factor", 1.0) * found[0][..., 0], (2, len(quantities))),
        np.broadcast_to(factor * found[1], (2, len(quantities), samples)),
    )


_PRESSURE = {"pressure_area", "pressure_arm"}


def _quantities(ds: xr.Dataset, quantities: list[str], model: Model) -> Array:
    """(tilt, quantity, sample): joint forces in body weights, disc compression in N, activation in percent."""
    weight = model.body_mass * model.value("settings/gravity")
    found = []
    for name in quantities:
        if name == "disc":
            values = ds.lumbar_compression
        elif name in ("hip_r", "knee_r"):
            force = ds.joint_contact_force.sel(joint=name)
            values = np.sqrt((force**2).sum("axis", skipna=False)) / weight
        else:
            values = 100.0 * ds.group_activation.sel(group=name)
        found.append(np.atleast_2d(values.transpose(..., "sample").values))
    return np.stack(found, axis=1)


def _check_predictions(ds: object) -> None:
    """Refuse what is no answer of ``validate``, or lacks a row of the spine."""
    import xarray as xr

    found = instance("ds", ds, xr.Dataset, "a Dataset, what validate returned")
    needed = {"predicted": {"tilt", "row"}, "draw": {"tilt", "row", "sample"}, "lower": {"tilt", "row"},
              "upper": {"tilt", "row"}, "measured": {"row"}}  # fmt: skip
    for name, dims in needed.items():
        if name not in found.data_vars or not dims <= set(found[name].dims):
            raise StanceError(f"ds: has no {name!r} over {', '.join(sorted(dims))}; must be what validate returned")
        if found[name].dtype.kind not in "iuf" or found[name].size == 0:
            raise StanceError(
                f"ds.{name}: is {found[name].dtype} of {found[name].shape}; must be numbers, at least one"
            )
    index = found.indexes.get("row")
    if "unit" not in found.coords or index is None or not index.is_unique:
        raise StanceError("ds: has no 'unit', or no labels of 'row', each once; must be what validate returned")
    if missing := [row for row in SPINE if row not in list(found.row.values)]:
        raise StanceError(f"ds.row: has no {', '.join(missing)}; must have {', '.join(SPINE)}")
    draw = found["draw"].sel(row=list(SPINE)).isel(tilt=0)
    held = draw.notnull().any("sample")
    if not held.all():
        row = next(row for row in SPINE if not held.sel(row=row).all())
        raise StanceError(f"ds.draw: no draw of {row!r} is a finite number; must have at least one of each row")


def spine_scores(ds: xr.Dataset) -> xr.Dataset:
    """Figures of the spine rows, per variant.

    ``inside``: rows of ``SPINE`` whose measured value lies in the 90 % interval, standing as a force (with the spread
    of the force's own estimate), the others as ratios to it within a draw; ``ratio_error``: mean absolute error of the
    ratios; ``force_error`` (row): relative error of the forces.
    """
    import xarray as xr

    _check_predictions(ds)
    spine = ds.isel(tilt=0, drop=True).sel(row=list(SPINE)).drop_vars("unit")
    standing = spine.sel(row="disc_standing", drop=True)
    ratio = (spine.predicted / standing.predicted).isel(row=slice(1, None))
    drawn = (spine.draw / standing.draw).isel(row=slice(1, None))
    real = (spine.measured / standing.measured).isel(row=slice(1, None))
    inside = (drawn.quantile(0.05, "sample") <= real) & (real <= drawn.quantile(0.95, "sample"))
    stands = (standing.lower <= standing.measured) & (standing.measured <= standing.upper)
    return xr.Dataset(
        {
            "ratio": ratio,
            "ratio_lower": drawn.quantile(0.05, "sample").drop_vars("quantile"),
            "ratio_upper": drawn.quantile(0.95, "sample").drop_vars("quantile"),
            "measured_ratio": real,
            "inside": inside.sum("row") + stands,
            "ratio_error": np.abs(ratio / real - 1.0).mean("row"),
            "force_error": spine.predicted / spine.measured - 1.0,
        }
    )
