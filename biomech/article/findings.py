"""Findings on the article's hypotheses: effects under every way of holding the pelvis, and what they come to.

The rules of the verdicts are in ``article.verdicts``; what measurements on people say in ``article.evidence``; how far
a pelvis would have to tip in ``article.thresholds``; whether doubtful priors matter in ``article.flips``.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from biomech._arguments import instance, name_list, whole_number
from biomech._display import About, Displayed, Folded
from biomech._renamed import renamed
from biomech.analysis.progress import read_progress
from biomech.article.contrast_draws import DrawnColumn, changes_of, draw_columns, without_noise
from biomech.article.evidence import Measurement, evidence_for
from biomech.article.flips import Flip, find_flips
from biomech.article.hypotheses import CONTRASTS, HYPOTHESES, OUTSIDE, Hypothesis
from biomech.article.thresholds import Threshold, lever_draws, lever_of, threshold_of
from biomech.article.verdicts import (
    CONDITIONAL,
    NO_EFFECT,
    NOTHING,
    UNDETERMINED,
    VERDICTS,
    PolicyOutcome,
    outcome,
    verdict,
)
from biomech.errors import StanceError
from biomech.model.catalog import load_model
from biomech.model.model import Model
from biomech.uncertainty.priors import MOST_SEED, default_priors

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "CONTRASTS",
    "HYPOTHESES",
    "OUTSIDE",
    "VERDICTS",
    "Finding",
    "PolicyOutcome",
    "assess_hypotheses",
    "verdict",
]

#: Names of before.
_OLD = {"judge": "assess_hypotheses", "Column": "PolicyOutcome", "PROPOSITIONS": "HYPOTHESES"}
__getattr__ = renamed(__name__, _OLD)

Array = NDArray[np.float64]

#: Verdicts that leave open how far the pelvis would have to tip.
_OPEN = (UNDETERMINED, CONDITIONAL, NO_EFFECT)


@dataclass(frozen=True, repr=False)
class Finding(Displayed):
    """A hypothesis, its columns, the verdict and what drives the effect (prior, rank correlation).

    ``steady_verdict``: the verdict without what is noise within a person; ``measured_verdict``: the one over columns
    of measured changes of tilt alone, empty where there are none; ``threshold``: how far the pelvis must tip, for what
    is open; ``flips``: doubtful priors that change the verdict, ``None`` where it was not asked.
    """

    hypothesis: Hypothesis
    columns: tuple[PolicyOutcome, ...]
    verdict: str
    drivers: tuple[tuple[str, float], ...]
    steady_verdict: str = ""
    measured_verdict: str = ""
    threshold: Threshold | None = None
    flips: tuple[Flip, ...] | None = None

    def _about(self) -> About:
        facts = {"claim": self.hypothesis.text, "verdict": self.verdict, "without noise": self.steady_verdict}
        if self.threshold is not None:
            facts["counts from"] = self.threshold.sentence
        columns = [(own.label, own.verdict) for own in self.columns]
        drivers = [(name, f"{rank:+.2f}") for name, rank in self.drivers]
        folded = (
            Folded("ways of holding the pelvis", ["way", "verdict"], columns),
            Folded("what drives it", ["prior", "rank correlation"], drivers),
        )
        return About(f"Finding {self.hypothesis.name!r}", f"{self.verdict}: {self.hypothesis.text}", facts, folded)

    @property
    def evidence(self) -> tuple[Measurement, ...]:
        """What measurements on people say."""
        return evidence_for(self.hypothesis.name)

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
    flips: int = 0,
    progress: bool | None = None,
) -> list[Finding]:
    """Test hypotheses.

    Parameters
    ----------
    names : iterable of str, optional
        Names of ``HYPOTHESES``; all that are about muscle groups of the body.
    model : Model, optional
        The body; the built-in adult.
    samples : int
        Draws of the priors, the same for every hypothesis.
    seed : int
        The same seed gives the same draws.
    flips : int
        Draws with which each prior of low confidence is halved and doubled in width, to see whether a verdict turns;
        0: not asked. All contrasts are answered some thirty times.
    progress : bool, optional
        As in ``sweep``.

    Returns
    -------
    list of Finding
        In the order of ``HYPOTHESES``.

    Raises
    ------
    StanceError
        There is no such hypothesis, or the body has not the muscles that it is about.

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
    chosen = _asked_of(body, [known[name] for name in known if name in wanted], named=names is not None)
    samples, seed = whole_number("samples", samples, 2, 2**24), whole_number("seed", seed, 0, MOST_SEED)
    flips = whole_number("flips", flips, 0, 2**24)
    shown = read_progress(progress)
    turned = find_flips(chosen, body, samples=flips, seed=seed, progress=shown) if flips > 1 and chosen else None
    answers: dict[str, tuple[list[DrawnColumn], list[DrawnColumn]]] = {}
    levers: dict[str, xr.Dataset] = {}
    found = []
    for hypothesis in chosen:
        key = hypothesis.contrast
        if key not in answers:
            answers[key] = _answers(key, body, samples, seed, shown)
        finding = _finding(hypothesis, *answers[key])
        threshold = None
        if finding.verdict in _OPEN and lever_of(hypothesis):
            if key not in levers:
                levers[key] = lever_draws(key, body, samples=samples, seed=seed, priors=None, progress=shown)
            threshold = threshold_of(hypothesis, levers[key])
        turns = None if turned is None else tuple(turned[hypothesis.name])
        found.append(Finding(**{**vars(finding), "threshold": threshold, "flips": turns}))
    return found


def _asked_of(body: Model, wanted: list[Hypothesis], *, named: bool) -> list[Hypothesis]:
    """The hypotheses about muscles that a body has; others are refused if they were ``named``."""
    chosen = []
    for hypothesis in wanted:
        groups = [own.label for own in hypothesis.measures if own.variable == "group_activation"]
        missing = [name for name in groups if name not in body.groups]
        if missing and named:
            raise StanceError(
                f"names: {hypothesis.name!r} is about {missing[0]}; model {body.name!r} has no such muscle group"
            )
        if not missing:
            chosen.append(hypothesis)
    return chosen


def _answers(
    contrast: str, model: Model, samples: int, seed: int, progress: bool | None
) -> tuple[list[DrawnColumn], list[DrawnColumn]]:
    """A contrast's columns, with and without what is noise within a person."""
    with_noise, without = (
        draw_columns(contrast, model, samples=samples, seed=seed, priors=priors, progress=progress)
        for priors in (default_priors(), without_noise(default_priors()))
    )
    return with_noise, without


def _finding(hypothesis: Hypothesis, columns: Sequence[DrawnColumn], steady: Sequence[DrawnColumn]) -> Finding:
    """Columns over the policies, verdicts and drivers."""
    kept = [own for own in zip(columns, steady, strict=True) if not own[0].says_nothing(hypothesis.measures)]
    outcomes = tuple(_outcome(hypothesis, *own) for own in kept)
    measured = [own for own in outcomes if own.study]
    still = [PolicyOutcome(**{**vars(own), "verdict": own.steady_verdict}) for own in outcomes]
    return Finding(
        hypothesis,
        outcomes,
        verdict(hypothesis, outcomes),
        _drivers(hypothesis, [own[0] for own in kept]),
        verdict(hypothesis, still),
        verdict(hypothesis, measured) if measured else "",
    )


def _outcome(hypothesis: Hypothesis, column: DrawnColumn, steady: DrawnColumn) -> PolicyOutcome:
    """A hypothesis under one policy."""
    change = changes_of(column, hypothesis.measures)
    own, still = outcome(hypothesis, change), outcome(hypothesis, changes_of(steady, hypothesis.measures))
    held = np.isfinite(change).all(axis=0)
    nominal = changes_of(DrawnColumn("", column.nominal, column.nominal, True), hypothesis.measures)
    return PolicyOutcome(
        column.label,
        own.interval,
        tuple(nominal[:, 0].tolist()),
        own.agree,
        own.against,
        own.lost,
        float(column.drawn.valid.all("stance").values[held].mean()) if held.any() else 0.0,
        own.verdict,
        still.interval,
        still.verdict,
        column.measured.study if column.measured else "",
    )


def _drivers(hypothesis: Hypothesis, columns: Sequence[DrawnColumn]) -> tuple[tuple[str, float], ...]:
    """The three priors whose rank goes most with the effect's, over all policies (Spearman)."""
    policies = [own for own in columns if own.measured is None]
    if not policies:
        return ()
    effect = np.concatenate([changes_of(own, hypothesis.measures)[0] for own in policies])
    good = np.isfinite(effect)
    if good.sum() < 8 or np.ptp(effect[good]) <= NOTHING:
        return ()
    found: Mapping[str, float] = {
        str(name).removeprefix("prior_"): float(
            stats.spearmanr(np.tile(values.values, len(policies))[good], effect[good]).statistic
        )
        for name, values in policies[0].drawn.data_vars.items()
        if str(name).startswith("prior_") and np.ptp(values.values) > 0.0
    }
    ranked = sorted(found.items(), key=lambda item: -abs(item[1]))[:3]
    return tuple((name, value) for name, value in ranked if abs(value) >= 0.1)
