"""People: bodies that differ in height, mass, proportions and strength, for a sweep over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import instance, mapping, one_of, whole_number
from biomech._display import About, Catalog, Displayed, Folded, counted
from biomech.errors import ModelError, StanceError
from biomech.model.catalog import load_model
from biomech.model.model import Model
from biomech.model.parts import PARTS, part_length
from biomech.model.population import BodySource
from biomech.model.scaling import HEIGHTS, MASSES, SEXES
from biomech.reference_data import read_rows
from biomech.stance.stance import BODY
from biomech.uncertainty.priors import MOST_SEED, PERSON, Prior, SobolPoints, check_priors, describe_prior, prior_of

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Sex = Literal["female", "male"]

#: These are set, all else is a factor.
_SET = ("person/height", "person/body_mass_index")


class People(BodySource, Displayed):
    """People who are drawn from a population; made by ``draw_people``.

    Attributes
    ----------
    model : Model
        Whose body theirs are made of, by ``Model.scaled``.
    priors : mapping of str to mapping of str to Prior
        By sex, what differs between people of that sex.
    samples, seed : int
        How many there are, and which.
    sex : str or None
        Of whom; None is half women, half men.
    height, mass : ndarray of shape (samples,)
        m and kg.
    sexes : ndarray of shape (samples,)
        ``female`` or ``male``.
    """

    one_by_one = True

    def __init__(
        self, model: Model, priors: Mapping[str, Mapping[str, Prior]], samples: int, seed: int, sex: str | None
    ) -> None:
        self.model, self.priors, self.samples, self.seed, self.sex = model, priors, samples, seed, sex
        self._drawn = _draw(priors, samples, seed, sex)
        self.sexes = np.array(SEXES)[self._drawn.pop("is_male").astype(np.int64)]
        self.height = self._drawn["height"]
        self.mass = self._drawn["body_mass_index"] * self.height**2
        for name, values, (least, most), unit in (
            ("height", self.height, HEIGHTS, "m"),
            ("mass", self.mass, MASSES, "kg"),
        ):
            for i in np.flatnonzero((values < least) | (values > most))[:1].tolist():
                raise StanceError(
                    f"priors: body {i} has {name} = {values[i]:.4g}: must be {least:g} to {most:g} {unit}"
                )
        lengths = {part: part_length(model.tables_by_role, part) for part in PARTS if part in self._drawn}
        self._lengths = {part: own for part, own in lengths.items() if own > 0.0}  # a body may lack a part
        self._own_height = model.value("settings/height")
        self._made = lru_cache(maxsize=8)(self._make)
        self.body(0)  # what none of them can have is said before any is answered

    def __len__(self) -> int:
        return self.samples

    def _about(self) -> About:
        facts = {"model": self.model.name, "samples": self.samples, "seed": self.seed, "sex": self.sex or "both"}
        told = [
            (f"{name}, {sex}", describe_prior(prior)) for sex, own in self.priors.items() for name, prior in own.items()
        ]
        name, line = f"People, {counted(self.samples, 'body')}", f"of {self.model.name!r}, seed {self.seed}"
        return About(name, line, facts, (Folded("priors", ["prior", "is"], told),))

    def __reduce__(self) -> tuple[type[People], tuple[Any, ...]]:
        priors = {sex: dict(own) for sex, own in self.priors.items()}
        return People, (self.model, priors, self.samples, self.seed, self.sex)

    def parts(self, first: int, last: int) -> Iterator[tuple[Model, int, int]]:
        """Each by himself: their bones differ."""
        for i in range(first, last):
            yield self.body(i), i, i + 1

    def body(self, number: int) -> Model:
        """One of them."""
        body: Model = self._made(whole_number("number", number, 0, self.samples - 1, ModelError))
        return body

    def _make(self, i: int) -> Model:
        larger = self.height[i] / self._own_height
        lengths = {part: own * larger * self._drawn[part][i] for part, own in self._lengths.items()}
        sex = str(self.sexes[i])
        body = self.model.scaled(height=self.height[i], mass=self.mass[i], sex=sex, lengths=lengths or None)
        factor = float(self._drawn["strength"][i]) if "strength" in self._drawn else 1.0
        force = body.tables["muscles"].numbers("max_isometric_force")
        return body.with_numbers({("muscles", "max_isometric_force"): factor * force})

    def labels(self) -> dict[str, xr.Variable]:
        """Height, mass and sex of each."""
        import xarray as xr

        return {
            "body_height": xr.Variable(BODY, self.height, {"units": "m", "long_name": "height of the person"}),
            "body_mass": xr.Variable(BODY, self.mass, {"units": "kg", "long_name": "mass of the person"}),
            "sex": xr.Variable(BODY, self.sexes, {"units": "1", "long_name": "sex of the person"}),
        }

    def record(self) -> dict[str, Any]:
        """What they can be drawn from again."""
        priors = {sex: {name: asdict(prior) for name, prior in own.items()} for sex, own in self.priors.items()}
        return {"people": priors, "samples": self.samples, "seed": self.seed, "sex": self.sex}


def default_people(sex: Sex) -> Mapping[str, Prior]:
    """What differs between people of a sex, as a table of priors with sources (``reference_data/people.csv``).

    Parameters
    ----------
    sex : {"female", "male"}
        Of whom.

    Returns
    -------
    mapping of str to Prior
        ``target`` is ``person/height`` (m), ``person/body_mass_index`` (kg/m2), ``person/PART`` (a factor on the length
        that a part of the body has in proportion to height) or ``person/strength`` (a factor on what height and mass
        explain).

    Examples
    --------
    >>> import biomech as bm
    >>> bm.uncertainty.default_people("female")["height"].a
    1.629
    """
    one_of("sex", sex, SEXES)
    rows = [row for row in read_rows("people") if row["sex"] in ("", sex)]
    return Catalog("people", {row["prior"]: prior_of(row) for row in rows}, describe_prior)


def draw_people(
    model: Model | None = None,
    *,
    samples: int = 256,
    seed: int = 0,
    sex: Sex | None = None,
    priors: Mapping[str, Prior] | None = None,
) -> People:
    """People of a population, for ``sweep`` to answer one and all.

    Parameters
    ----------
    model : Model, optional
        Whose body is scaled to theirs; the built-in adult. Priors of parts that it lacks are left out.
    samples : int
        How many: 1 to 2**20. Each is a body of its own and takes some .1 s. The first of more are the same people.
    seed : int
        The same seed gives the same people.
    sex : {"female", "male"}, optional
        Of whom; by default both, half and half.
    priors : mapping of str to Prior, optional
        What differs between them, with targets ``person/...`` (see ``default_people``), in the place of those of the
        same name; ``height`` and ``body_mass_index`` there are for whichever sex is drawn.

    Returns
    -------
    People
        Taken by ``sweep`` in the place of a model: the answer has a first dimension ``body``, with ``body_height``,
        ``body_mass`` and ``sex`` of each. ``body(i)`` is one of them as a model.

    Raises
    ------
    StanceError
        A prior concerns no person, or draws one who cannot be.

    Notes
    -----
    Height, body mass index, the proportions of trunk, thigh and shank, and strength beyond what size explains are drawn
    independently of each other, from quasi-random points (Sobol' 1967). The rules by which a body is scaled are those
    of ``Model.scaled``; the shares of mass are those of the sex (de Leva 1996). Stances are the same for all: a width
    or a seat's height in m is not scaled.

    Examples
    --------
    >>> import biomech as bm
    >>> people = bm.uncertainty.draw_people(samples=4, seed=1)
    >>> ds = bm.sweep(people, pelvic_tilt=0, trunk_lean=[0, 30], variables=["lumbar_compression"])
    >>> ds.lumbar_compression.dims, sorted(set(ds.sex.values.tolist()))
    (('body', 'trunk_lean'), ['female', 'male'])
    """
    body = load_model() if model is None else instance("model", model, Model, "a Model, or None")
    samples, seed = whole_number("samples", samples, 1, 2**20), whole_number("seed", seed, 0, MOST_SEED)
    asked: list[str] = list(SEXES) if sex is None else [one_of("sex", sex, SEXES)]
    given = {} if priors is None else dict(check_priors(mapping("priors", priors, "names to Prior")))
    for name, prior in given.items():
        _check(name, prior)
    every = {own: MappingProxyType({**default_people(own), **given}) for own in asked}  # type: ignore[arg-type]
    for own in every.values():
        _refuse_twins(own)
    return People(body, every, samples, seed, sex)


def _check(name: str, prior: Prior) -> None:
    """Refuse a prior of the model or of the stance, and one that changes what it concerns in another way."""
    if not prior.of_person:
        raise StanceError(f"priors[{name!r}]: target = {prior.target!r}: must be {', '.join(PERSON)}")
    how = "set" if prior.target in _SET else "scale"
    if prior.how != how:
        raise StanceError(f"priors[{name!r}]: how = {prior.how!r}: {prior.target} is to be {how!r}")


def _refuse_twins(priors: Mapping[str, Prior]) -> None:
    owner: dict[str, str] = {}
    for name, prior in priors.items():
        if prior.target in owner:
            raise StanceError(f"priors: {owner[prior.target]!r} and {name!r} both draw {prior.target}; name it alike")
        owner[prior.target] = name


def _draw(priors: Mapping[str, Mapping[str, Prior]], samples: int, seed: int, sex: str | None) -> dict[str, Array]:
    """What is drawn of each person, by target, and ``is_male``; one dimension of the points for each, sex the first."""
    targets = list(dict.fromkeys(prior.target for own in priors.values() for prior in own.values()))
    points = SobolPoints(samples, seed, 1 + len(targets))[0:samples]
    is_male = points[:, 0] >= 0.5 if sex is None else np.full(samples, sex == "male")
    found: dict[str, Array] = {"is_male": is_male.astype(np.float64)}
    for k, target in enumerate(targets):
        values = np.ones(samples)
        for of, own in priors.items():
            theirs = is_male if of == "male" else ~is_male
            for prior in own.values():
                if prior.target == target:
                    values[theirs] = prior.quantile(points[theirs, 1 + k])
        found[target.partition("/")[2]] = values
    return found
