"""Verdicts on the article's hypotheses, by rules that were fixed beforehand.

Every hypothesis is tested under draws of everything uncertain, the same draw for both stances, and under every policy
of the tilt (and both ends of the friction bracket) side by side: those are never drawn. A share of draws is robustness
against parameters; it is not the probability that a claim is true.

1. *follows from equilibrium*, *impossible*: the sign is fixed by statics alone, here seen as no change in any draw.
2. *supported*: under every policy at least 95 % of the draws agree and the median passes the smallest effect, and
   measurements are not contrary.
3. *conditional*: so under some policies and not under others.
4. *no meaningful effect*: under every policy the 90 % interval lies inside the smallest effect.
5. *contradicted*: under every policy at least 95 % of the draws go the other way and the median passes the smallest
   effect that way.
6. *undetermined*: none of these. 7. *outside statics*: habit, reflex, pain.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from biomech._arguments import entries, flag, instance, name_list, text, whole_number
from biomech._renamed import renamed
from biomech.analysis.progress import read_progress
from biomech.analysis.sweep import sweep
from biomech.article.hypotheses import CONTRASTS, HYPOTHESES, OUTSIDE, Hypothesis, OutcomeMeasure
from biomech.errors import StanceError
from biomech.model.catalog import load_model
from biomech.model.model import Model
from biomech.uncertainty.propagation import propagate

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["CONTRASTS", "HYPOTHESES", "OUTSIDE", "Finding", "PolicyOutcome", "assess_hypotheses", "verdict"]

#: Names of before.
_OLD = {"judge": "assess_hypotheses", "Column": "PolicyOutcome", "PROPOSITIONS": "HYPOTHESES"}
__getattr__ = renamed(__name__, _OLD)

Array = NDArray[np.float64]

#: A change smaller than this is none: rounding of the solver, in the measure's unit.
_NOTHING = 1e-4
#: Share of draws that must agree, and the ends of the interval.
_AGREE, _ENDS = 0.95, (5.0, 50.0, 95.0)


@dataclass(frozen=True)
class PolicyOutcome:
    """A hypothesis under one policy: interval (5, 50, 95 %) of each measure's change, share of draws that agree.

    ``against``: share of draws that go the other way; ``nominal``: change of each measure without any draw; ``lost``:
    share of draws that cannot be held; ``valid``: share of the others whose geometry is trusted; ``verdict``: the class
    under this policy alone.
    """

    label: str
    interval: tuple[tuple[float, float, float], ...]
    nominal: tuple[float, ...]
    agree: float
    against: float
    lost: float
    valid: float
    verdict: str


@dataclass(frozen=True)
class Finding:
    """A hypothesis, its columns, the verdict and what drives the effect (prior, rank correlation)."""

    hypothesis: Hypothesis
    columns: tuple[PolicyOutcome, ...]
    verdict: str
    drivers: tuple[tuple[str, float], ...]

    @property
    def proposition(self) -> Hypothesis:
        """What ``hypothesis`` was called before."""
        warnings.warn("Finding.proposition is now Finding.hypothesis", DeprecationWarning, stacklevel=2)
        return self.hypothesis


def assess_hypotheses(
    names: Iterable[str] | None = None,
    model: Model | None = None,
    *,
    samples: int = 512,
    seed: int = 0,
    progress: bool | None = None,
) -> list[Finding]:
    """Test hypotheses.

    Parameters
    ----------
    names : iterable of str, optional
        Names of ``HYPOTHESES``; all of them.
    model : Model, optional
        The body; the built-in adult.
    samples : int
        Draws of the priors, the same for every hypothesis.
    seed : int
        The same seed gives the same draws.
    progress : bool, optional
        As in ``sweep``.

    Returns
    -------
    list of Finding
        In the order of ``HYPOTHESES``.

    Raises
    ------
    StanceError
        There is no such hypothesis.

    Examples
    --------
    >>> import biomech as bm
    >>> (finding,) = bm.findings.assess_hypotheses(["leaning_back"], samples=32)
    >>> finding.verdict
    'supported'
    """
    known = {p.name: p for p in HYPOTHESES}
    wanted = list(known) if names is None else name_list("names", names, known)
    body = load_model() if model is None else instance("model", model, Model, "a Model, or None")
    samples, seed = whole_number("samples", samples, 2, 2**24), whole_number("seed", seed, 0)
    progress = read_progress(progress)
    answers: dict[str, tuple[xr.Dataset, xr.Dataset]] = {}
    findings = []
    for hypothesis in (known[name] for name in known if name in wanted):
        key = hypothesis.contrast
        if key not in answers:
            answers[key] = _answers(key, body, samples, seed, progress)
        findings.append(_finding(hypothesis, *answers[key]))
    return findings


def _answers(
    contrast: str, model: Model, samples: int, seed: int, progress: bool | None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Both stances of a contrast under draws, and without."""
    import xarray as xr

    stances = CONTRASTS[contrast].stances
    keep = ("group_activation", "lumbar_compression", "pelvic_tilt", "status", "valid")
    drawn = propagate(stances, model, samples=samples, seed=seed, variables=keep, progress=progress)
    plain = [sweep(model, variables=keep, **stance) for stance in stances.values()]
    return drawn, xr.concat(plain, "stance", join="exact", combine_attrs="drop").expand_dims("sample", axis=-1)


def _finding(hypothesis: Hypothesis, ds: xr.Dataset, plain: xr.Dataset) -> Finding:
    """Columns over the policies, verdict and drivers."""
    dims = [str(dim) for dim in ds.status.dims if dim not in ("stance", "sample")]
    columns, effects = [], []
    for place in np.ndindex(*(ds.sizes[dim] for dim in dims)):
        own = dict(zip(dims, place, strict=True))
        label = _label({dim: ds[dim].values[i] for dim, i in own.items()})
        if hypothesis.measures[0].variable == "pelvic_tilt" and label.startswith("tilt "):
            continue  # a tilt that is given does not change
        here, bare = ds.isel(own), plain.isel(own)
        change = np.stack([_change(here, measure) for measure in hypothesis.measures])
        nominal = [float(_change(bare, measure).squeeze()) for measure in hypothesis.measures]
        columns.append(_column(label, hypothesis, change, nominal, here))
        effects.append(change[0])
    return Finding(
        hypothesis, tuple(columns), verdict(hypothesis, columns), _drivers(np.concatenate(effects), ds, len(effects))
    )


def _label(policies: Mapping[str, object]) -> str:
    """Policies in words."""
    words = []
    for dim, own in policies.items():
        text = str(own).replace("_", " ")
        if dim == "friction":
            words.append("no friction" if float(text) == 0.0 else f"friction {float(text):g}")
        else:
            words.append(f"tilt {float(text):g} deg" if text.lstrip("-").replace(".", "").isdigit() else text)
    return ", ".join(words) or "by rhythm"


def _change(ds: xr.Dataset, measure: OutcomeMeasure) -> Array:
    """Second stance less first, per draw."""
    values = ds[measure.variable]
    if measure.label:
        values = values.sel(group=measure.label)
    return np.asarray(measure.factor * (values.isel(stance=1) - values.isel(stance=0)).values)


def _column(label: str, hypothesis: Hypothesis, change: Array, nominal: list[float], ds: xr.Dataset) -> PolicyOutcome:
    """A hypothesis under one policy, from changes (measure, sample)."""
    held = (ds.status == 0).all("stance").values & np.isfinite(change).all(axis=0)
    own = hypothesis.direction * change[:, held]
    low, middle, high = (
        np.percentile(change[:, held], _ENDS, axis=1) if held.any() else np.full((3, len(change)), np.nan)
    )
    interval = tuple(zip(low.tolist(), middle.tolist(), high.tolist(), strict=True))
    agree, against = (float((way * own > _NOTHING).all(axis=0).mean()) if held.any() else 0.0 for way in (1.0, -1.0))
    return PolicyOutcome(
        label,
        interval,
        tuple(nominal),
        agree,
        against,
        float(1.0 - held.mean()),
        float(ds.valid.all("stance").values[held].mean()) if held.any() else 0.0,
        classify(hypothesis, interval, agree, against),
    )


def classify(
    hypothesis: Hypothesis, interval: tuple[tuple[float, float, float], ...], agree: float, against: float
) -> str:
    """The class under one policy alone."""
    way, smallest = hypothesis.direction, [measure.smallest for measure in hypothesis.measures]
    middle = [way * ends[1] for ends in interval]
    if all(max(map(abs, ends)) <= _NOTHING for ends in interval):
        return "impossible"
    if agree >= _AGREE and all(m >= least for m, least in zip(middle, smallest, strict=True)):
        return "supported"
    if against >= _AGREE and all(m <= -least for m, least in zip(middle, smallest, strict=True)):
        return "contradicted"
    # an effect must pass the smallest of all its measures to count
    if any(-least < low and high < least for (low, _, high), least in zip(interval, smallest, strict=True)):
        return "no meaningful effect"
    return "undetermined"


def verdict(hypothesis: Hypothesis, columns: Iterable[PolicyOutcome]) -> str:
    """The class of a hypothesis over all policies, by the rules of this module."""
    contrary = flag("hypothesis: contrary", instance("hypothesis", hypothesis, Hypothesis, "a Hypothesis").contrary)
    classes = {text("columns: verdict", column.verdict) for column in _columns(columns)}
    if classes == {"supported"} and not contrary:
        return "supported"
    if classes <= {"impossible", "contradicted"}:
        return classes.pop() if len(classes) == 1 else "contradicted"
    if classes <= {"impossible", "no meaningful effect"}:
        return "no meaningful effect"
    return "conditional" if "supported" in classes else "undetermined"


def _columns(columns: object) -> list[PolicyOutcome]:
    allowed = "a list of Column"
    found = [instance("columns", own, PolicyOutcome, allowed) for own in entries("columns", columns, allowed)]
    if not found:
        raise StanceError("columns: is empty; give at least one")
    return found


def _drivers(effect: Array, ds: xr.Dataset, columns: int) -> tuple[tuple[str, float], ...]:
    """The three priors whose rank goes most with the effect's, over all policies (Spearman)."""
    good = np.isfinite(effect)
    if good.sum() < 8 or np.ptp(effect[good]) <= _NOTHING:
        return ()
    found: Mapping[str, float] = {
        str(name).removeprefix("prior_"): float(
            stats.spearmanr(np.tile(values.values, columns)[good], effect[good]).statistic
        )
        for name, values in ds.data_vars.items()
        if str(name).startswith("prior_") and np.ptp(values.values) > 0.0
    }
    ranked = sorted(found.items(), key=lambda item: -abs(item[1]))[:3]
    return tuple((name, value) for name, value in ranked if abs(value) >= 0.1)
