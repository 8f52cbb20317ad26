"""Bodies that are drawn from what is uncertain, for a sweep over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from threading import Lock
from typing import Any

from biomech._arguments import instance, mapping, whole_number
from biomech._display import About, Displayed, Folded, counted
from biomech.errors import StanceError
from biomech.model.bodies import Columns
from biomech.model.catalog import load_model
from biomech.model.model import Model
from biomech.model.population import DifferingNumbers
from biomech.uncertainty.possible_draws import check_draws, default_priors_of, drawn_columns, find_cells
from biomech.uncertainty.priors import MOST_SEED, Draws, Prior, Sampler, check_priors, describe_prior

#: Draws that are looked at together.
_TOGETHER = 4096


class DrawnBodies(DifferingNumbers, Displayed):
    """Draws of the numbers of a model; made by ``draw_bodies``.

    Attributes
    ----------
    model : Model
        What they are drawn from.
    priors : mapping of str to Prior
        What is uncertain.
    samples, seed : int
        How many there are, and which.
    """

    def __init__(self, model: Model, priors: Mapping[str, Prior], samples: int, seed: int) -> None:
        self.model, self.priors, self.samples, self.seed = model, priors, samples, seed
        self._sampler = Sampler(model, priors)
        self._points, self._lock = self._sampler.points(samples, seed), Lock()
        self._cells = {name: find_cells(model, prior) for name, prior in priors.items()}
        for first in range(0, samples, _TOGETHER):
            check_draws(model, self._cells, self.draws(first, min(first + _TOGETHER, samples)), (), first)

    def __len__(self) -> int:
        return self.samples

    def _about(self) -> About:
        facts = {"model": self.model.name, "samples": self.samples, "seed": self.seed}
        told = [(name, describe_prior(prior)) for name, prior in self.priors.items()]
        line = f"of {self.model.name!r}, seed {self.seed}, {counted(len(told), 'prior')}"
        name = f"DrawnBodies, {counted(self.samples, 'body')}"
        return About(name, line, facts, (Folded("priors", ["prior", "is"], told),))

    def __reduce__(self) -> tuple[type[DrawnBodies], tuple[Any, ...]]:
        return DrawnBodies, (self.model, dict(self.priors), self.samples, self.seed)

    def draws(self, first: int, last: int) -> Draws:
        """Values of the priors of bodies ``first`` to ``last``, the last not included."""
        with self._lock:  # the sequence of points goes on from where it was asked last
            points = self._points[first:last]
        return self._sampler.draws(points)

    def columns(self, first: int, last: int) -> Columns:
        """Numbers of bodies ``first`` to ``last``, the last not included."""
        return drawn_columns(self.model, self._cells, self.draws(first, last), slice(0, last - first))

    def record(self) -> dict[str, Any]:
        """What they can be drawn from again."""
        return {
            "drawn": {name: asdict(prior) for name, prior in self.priors.items()},
            "samples": self.samples,
            "seed": self.seed,
        }


def draw_bodies(
    model: Model | None = None,
    *,
    samples: int = 1024,
    seed: int = 0,
    priors: Mapping[str, Prior] | None = None,
) -> DrawnBodies:
    """Bodies that differ in what is uncertain, for ``sweep`` to answer one and all.

    Parameters
    ----------
    model : Model, optional
        What they are drawn from; the built-in adult.
    samples : int
        How many: 1 to 2**24. The first of more are the same bodies.
    seed : int
        The same seed gives the same bodies.
    priors : mapping of str to Prior, optional
        What is uncertain of the model; those of ``default_priors()`` that concern what it has. What concerns the stance
        is asked of ``sweep`` itself, or drawn by ``propagate``.

    Returns
    -------
    DrawnBodies
        Taken by ``sweep`` in the place of a model: the answer has a first dimension ``body``. They are made as they are
        needed, so that a million take no memory. ``body(i)`` is one of them as a model.

    Raises
    ------
    StanceError
        A prior concerns the stance, or a draw makes no body that can be: it names the prior, the draw, the number and
        what is allowed.

    Examples
    --------
    >>> import biomech as bm
    >>> bodies = bm.uncertainty.draw_bodies(samples=16)
    >>> ds = bm.sweep(bodies, pelvic_tilt=0, foot_rotation=[0, 40])
    >>> ds.lumbar_compression.dims, ds.lumbar_compression.shape
    (('body', 'foot_rotation'), (16, 2))
    >>> alone = bm.sweep(bodies.body(3), pelvic_tilt=0, foot_rotation=40)
    >>> bool(abs(ds.lumbar_compression[3, 1] - alone.lumbar_compression) < 1e-6)
    True
    """
    body = load_model() if model is None else instance("model", model, Model, "a Model, or None")
    samples, seed = whole_number("samples", samples, 1, 2**24), whole_number("seed", seed, 0, MOST_SEED)
    if priors is None:
        given = {name: prior for name, prior in default_priors_of(body).items() if not prior.of_stance}
    else:
        given = dict(check_priors(mapping("priors", priors, "names to Prior")))
    for name, prior in given.items():
        if prior.of_stance:
            raise StanceError(
                f"priors[{name!r}]: concerns {prior.target}, a parameter of the stance; must be of the model"
            )
    return DrawnBodies(body, given, samples, seed)
