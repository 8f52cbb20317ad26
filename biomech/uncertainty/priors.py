"""What is uncertain: a table of priors, and quasi-random draws of it.

Each row says which number of the model or the stance it concerns, how it changes it, and its distribution, with a
source (``data/priors.csv``). Tilt policy, criterion, friction bracket and tone are no priors: they are dimensions of an
answer.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from biomech._arguments import instance, mapping, real_array, real_number
from biomech._display import About, Catalog, Displayed, cell
from biomech.errors import StanceError
from biomech.model.mirror import other_side
from biomech.model.model import Model
from biomech.model.parts import PARTS
from biomech.model.tables import SCHEMA
from biomech.reference_data import read_rows
from biomech.stance.parameters import PARAMETERS

Array = NDArray[np.float64]

HOW = ("set", "scale", "scale each", "add", "add to second")
DISTRIBUTIONS = ("normal", "lognormal", "uniform")
#: What a prior may concern of a person (``people``), each a path.
PERSON = tuple(f"person/{own}" for own in ("height", "body_mass_index", *PARTS, "strength"))
#: No seed is larger: it stands in the answer.
MOST_SEED = 2**128 - 1
#: Share of a distribution that its cut must keep, for quantiles to be numbers rather than rounding.
_LEAST_SHARE = 1e-6


@dataclass(frozen=True)
class Prior(Displayed):
    """A prior: ``target`` is a path of ``Model.replace``, a stance parameter or one of ``PERSON``; ``how`` of ``HOW``.

    ``normal`` has mean ``a`` and SD ``b``, ``lognormal`` median ``a`` and geometric SD ``b``, ``uniform`` ends ``a``
    and ``b``; all are cut at ``least`` and ``most``.
    """

    name: str
    target: str
    how: str
    distribution: str
    a: float
    b: float
    least: float
    most: float
    unit: str = "1"
    confidence: str = ""
    source: str = ""

    def _about(self) -> About:
        facts = {own.name: getattr(self, own.name) for own in fields(self) if own.name != "name"}
        return About(f"Prior {self.name!r}", describe_prior(self), {name: cell(own) for name, own in facts.items()})

    def __post_init__(self) -> None:
        for field in ("name", "target", "how", "distribution", "unit", "confidence", "source"):
            instance(f"prior: {field}", getattr(self, field), str, "text")
        where = f"prior {self.name!r}"
        for field in ("a", "b", "least", "most"):
            object.__setattr__(self, field, real_number(f"{where}: {field}", getattr(self, field)))
        if self.how not in HOW:
            raise StanceError(f"{where}: how = {self.how!r}; allowed is {', '.join(HOW)}")
        if self.distribution not in DISTRIBUTIONS:
            raise StanceError(f"{where}: distribution = {self.distribution!r}; allowed is {', '.join(DISTRIBUTIONS)}")
        if self.least >= self.most:
            raise StanceError(f"{where}: a, b, least < most must be finite numbers: {self.least:g} and {self.most:g}")
        spread = {"normal": self.b > 0, "lognormal": self.a > 0 and self.b > 1, "uniform": self.b > self.a}
        if not spread[self.distribution]:
            raise StanceError(f"{where}: a = {self.a:g}, b = {self.b:g} make no {self.distribution} distribution")
        if (self.of_stance and self.how.startswith("scale")) or (not self.of_stance and self.how.startswith("add")):
            raise StanceError(f"{where}: {self.how!r} does not go with {self.target!r}")
        if self.how == "scale each" and self.target.partition("/")[0] != "muscles":
            raise StanceError(f"{where}: 'scale each' does not go with {self.target!r}; must be a path of muscles")
        if not (self.of_stance or self.of_person) and self.target.partition("/")[0] not in SCHEMA:
            raise StanceError(
                f"{where}: target = {self.target!r} is neither a stance parameter nor a path of a model, "
                f"nor one of {', '.join(PERSON)}"
            )
        low, high = self._kept
        if not high - low >= _LEAST_SHARE:
            raise StanceError(
                f"{where}: least..most = {self.least:g}..{self.most:g}: must keep some of the distribution; of "
                f"{self.distribution} a = {self.a:g}, b = {self.b:g} next to nothing lies there"
            )

    @property
    def of_stance(self) -> bool:
        """Whether it concerns the stance, not the model."""
        return self.target in PARAMETERS

    @property
    def of_person(self) -> bool:
        """Whether it concerns what sort of person the body is of."""
        return self.target in PERSON

    def quantile(self, share: Array) -> Array:
        """Values below which the given shares, 0 to 1, of the cut distribution lie."""
        share = real_array("share", share)
        if not np.all((share >= 0.0) & (share <= 1.0)):
            raise StanceError("share: must be numbers from 0 to 1")
        low, high = self._kept
        return np.clip(self._value(low + share * (high - low)), self.least, self.most)

    @property
    def _kept(self) -> tuple[float, float]:
        """Shares of the distribution below the cuts."""
        return self._share(self.least), self._share(self.most)

    def _share(self, value: float) -> float:
        """Share of the distribution before it is cut that lies below a value."""
        if self.distribution == "normal":
            return float(special.ndtr((value - self.a) / self.b))
        if self.distribution == "lognormal":
            return float(special.ndtr(math.log(value / self.a) / math.log(self.b))) if value > 0.0 else 0.0
        return min(max((value - self.a) / (self.b - self.a), 0.0), 1.0)

    def _value(self, share: Array) -> Array:
        """Values below which shares of the distribution before it is cut lie."""
        if self.distribution == "normal":
            return np.asarray(self.a + self.b * special.ndtri(share))
        if self.distribution == "lognormal":
            return np.asarray(self.a * np.exp(math.log(self.b) * special.ndtri(share)))
        return np.asarray(self.a + (self.b - self.a) * share)


def check_priors(priors: object) -> Mapping[str, Prior]:
    """Priors by name, at least one."""
    found = mapping("priors", priors, "names to Prior")
    for name, prior in found.items():
        instance(f"priors[{name!r}]", prior, Prior, "a Prior")
    if not found:
        raise StanceError("priors: is empty; give at least one")
    return found


@cache
def default_priors() -> Mapping[str, Prior]:
    """The priors of ``data/priors.csv``."""
    return Catalog("priors", {row["prior"]: prior_of(row) for row in read_rows("priors")}, describe_prior)


def describe_prior(prior: Prior) -> str:
    """A prior in a line: what it concerns, how, and its distribution."""
    words = {"normal": "mean {:g}, SD {:g}", "lognormal": "median {:g}, geometric SD {:g}", "uniform": "{:g} to {:g}"}
    numbers = words[prior.distribution].format(prior.a, prior.b)
    unit = "" if prior.unit in ("", "1") else f" {prior.unit}"
    return f"{prior.how} {prior.target}, {prior.distribution}: {numbers}{unit}"


def prior_of(row: Mapping[str, str]) -> Prior:
    """The prior that a row of a table of them describes."""
    a, b, least, most = (float(row[column]) for column in ("a", "b", "least", "most"))
    said = row["unit"], row["confidence"], row["source"]
    return Prior(row["prior"], row["target"], row["how"], row["distribution"], a, b, least, most, *said)


@dataclass(frozen=True)
class Draws:
    """Draws of a set of priors: ``values`` maps each to (sample,), or (sample, muscle) where every muscle has its own.

    Muscles of both sides get the same.
    """

    priors: Mapping[str, Prior]
    values: Mapping[str, Array]

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))


class Points(Protocol):
    """Points (sample, dimension) of the unit cube, of which a slice can be taken."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Array: ...


class SobolPoints:
    """Quasi-random points of the unit cube, its faces left out (Sobol' 1967, scrambled: Owen 1998).

    A slice of them is an array (sample, dimension); the others are not kept, so that a million need no memory.
    """

    def __init__(self, samples: int, seed: int, dimensions: int) -> None:
        self.shape, self.seed = (samples, dimensions), seed
        self._engine, self._at = self._begin(), 0

    def _begin(self) -> stats.qmc.Sobol:
        return stats.qmc.Sobol(self.shape[1], scramble=True, rng=np.random.default_rng(self.seed))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, part: slice, /) -> Array:
        first, last, _ = part.indices(len(self))
        if first < self._at:
            self._engine, self._at = self._begin(), 0
        if first > self._at:
            self._engine.fast_forward(first - self._at)
        self._at = last
        with warnings.catch_warnings():
            # whether they are balanced is asked of the whole, not of a part
            warnings.filterwarnings("ignore", "The balance properties", UserWarning)
            found = self._engine.random(last - first)
        return np.asarray(np.clip(found, 1e-12, 1.0 - 1e-12))


class Sampler:
    """Points of the unit cube turned into draws of the priors of a model."""

    def __init__(self, model: Model, priors: Mapping[str, Prior]) -> None:
        self.priors = priors
        muscles = model.tables_by_role["muscles"].rows
        both = [min(m, other_side(m)) for m in muscles]  # one name for a muscle and its mirror image
        pairs = {name: i for i, name in enumerate(dict.fromkeys(both))}
        self.pair = np.array([pairs[name] for name in both])
        widths = [len(pairs) if p.how == "scale each" else 1 for p in priors.values()]
        ends = np.cumsum([0, *widths])
        self.columns = {name: slice(ends[i], ends[i + 1]) for i, name in enumerate(priors)}
        self.dimensions = int(ends[-1])

    def points(self, samples: int, seed: int, dimensions: int | None = None) -> SobolPoints:
        """Points of the unit cube (samples, dimensions), the same for the same seed.

        What else is to be drawn needs further dimensions of these points, never points of its own: two sequences are
        far from independent.
        """
        return SobolPoints(samples, seed, dimensions or self.dimensions)

    def draws(self, points: Array) -> Draws:
        """Values of the priors at points of the unit cube."""
        values = {}
        for name, prior in self.priors.items():
            found = prior.quantile(points[:, self.columns[name]])
            values[name] = found[:, self.pair] if prior.how == "scale each" else found[:, 0]
        return Draws(self.priors, values)
