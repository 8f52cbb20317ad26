"""Whether a verdict hangs on a prior that is a judgment: each of low confidence is halved and doubled in width.

Width is what a distribution spreads about its middle: the SD, the power of the geometric SD, half the distance between
the ends. A normal that adds to a number or sets one takes its cuts along; a factor keeps its cuts. No end is taken past
zero, or past what the stance's parameter may be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from biomech._arguments import instance, real_number
from biomech.analysis.progress import progress_bar
from biomech.article.contrast_draws import changes_of, draw_columns
from biomech.article.hypotheses import Hypothesis
from biomech.article.verdicts import joined, outcome
from biomech.model.model import Model
from biomech.stance.parameters import PARAMETERS
from biomech.uncertainty.priors import Prior, default_priors

#: Factors on the width of a doubtful prior.
FACTORS = (0.5, 2.0)


@dataclass(frozen=True)
class Flip:
    """A prior that changes a verdict when its width is halved (``factor`` .5) or doubled (2)."""

    prior: str
    factor: float
    before: str
    after: str


def widened(prior: Prior, factor: float) -> Prior:
    """A prior of another width about the same middle.

    Parameters
    ----------
    prior : Prior
        Any.
    factor : float
        On its width, above 0.

    Returns
    -------
    Prior
        The same one where its ends may go no further.

    Examples
    --------
    >>> import biomech as bm
    >>> from biomech.article.flips import widened
    >>> widened(bm.uncertainty.default_priors()["lean"], 2).b
    4.0
    """
    own = instance("prior", prior, Prior, "a Prior")
    factor = real_number("factor", factor, 1e-3, 1e3)
    if own.distribution == "uniform":
        middle, half = 0.5 * (own.a + own.b), 0.5 * factor * (own.b - own.a)
        low, high = _possible(own, middle - half, middle + half)
        return replace(own, a=low, b=high, least=low, most=high)
    if own.distribution == "lognormal":
        return replace(own, b=own.b**factor)
    least, most = own.least, own.most
    if factor > 1.0 and not own.how.startswith("scale"):
        least, most = _possible(own, own.a + factor * (own.least - own.a), own.a + factor * (own.most - own.a))
    return replace(own, b=factor * own.b, least=least, most=most)


def _possible(prior: Prior, low: float, high: float) -> tuple[float, float]:
    """Ends that keep their sign, and lie where the stance's parameter may."""
    if prior.least >= 0.0:
        low = max(low, 0.0)
    if prior.of_stance and prior.how == "set":
        limits = PARAMETERS[prior.target]
        return max(low, limits.least), min(high, limits.most)
    if prior.of_stance and prior.least >= 0.0:  # what is only ever added goes no further than the parameter
        return low, min(high, PARAMETERS[prior.target].most)
    return low, high


def find_flips(
    hypotheses: Sequence[Hypothesis], model: Model, *, samples: int, seed: int, progress: bool | None
) -> dict[str, list[Flip]]:
    """Priors of low confidence that change the verdict of each hypothesis, by its name."""
    given = default_priors()
    runs = [
        (name, factor, {**given, name: other})
        for name, prior in given.items()
        if prior.confidence == "low"
        for factor in FACTORS
        if (other := widened(prior, factor)) != prior
    ]
    before = _verdicts(hypotheses, model, samples, seed, given)
    found: dict[str, list[Flip]] = {own.name: [] for own in hypotheses}
    with progress_bar(len(runs), "priors", progress) as bar:
        for name, factor, priors in runs:
            after = _verdicts(hypotheses, model, samples, seed, priors)
            for key, old in before.items():
                if after[key] != old:
                    found[key].append(Flip(name, factor, old, after[key]))
            bar.update(1)
    return found


def _verdicts(
    hypotheses: Sequence[Hypothesis], model: Model, samples: int, seed: int, priors: Mapping[str, Prior]
) -> dict[str, str]:
    """Verdict of every hypothesis under some priors."""
    found = {}
    for contrast in dict.fromkeys(own.contrast for own in hypotheses):
        columns = draw_columns(contrast, model, samples=samples, seed=seed, priors=priors, progress=False)
        for own in hypotheses:
            if own.contrast == contrast:
                kept = [column for column in columns if not column.says_nothing(own.measures)]
                classes = {outcome(own, changes_of(column, own.measures)).verdict for column in kept}
                found[own.name] = joined(own.name, classes)
    return found
