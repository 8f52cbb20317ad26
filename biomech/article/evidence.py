"""What measurements on people say: each a row of a table, with who was measured, how, and how far it bears.

``speaks``: *for* a hypothesis what goes the way of its sentence, *against* it what goes the other way or finds no
difference where the sentence says that there is one, *neither* what only belongs to it. ``bears``: *direct* if people
did what the sentence is about and what it speaks of was measured; *partly* if one of the two was something near it;
*indirect* if both were. Measurements are contrary to a hypothesis where a direct one speaks against it and not as many
direct ones for it, counted in people: one man does not outweigh thirty. A study counts once,
and one that does not tell its number counts as one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache

from biomech._arguments import instance, number_in, one_of, text
from biomech._display import About, Displayed
from biomech.article.hypotheses import CONTRASTS, HYPOTHESES
from biomech.errors import StanceError
from biomech.reference_data import read_rows
from biomech.stance.parameters import PARAMETERS

__all__ = [
    "BEARS",
    "SPEAKS",
    "MeasuredTilt",
    "Measurement",
    "Query",
    "evidence",
    "evidence_for",
    "is_contrary",
    "measured_tilts",
    "search_protocol",
]

SPEAKS = ("for", "against", "neither")
BEARS = ("direct", "partly", "indirect")
#: How far a source was read, *secondary* in what others tell of it; what is from memory is said to be.
READ = ("full text", "abstract", "excerpt", "secondary", "memory")
#: Whether a change of tilt was given as a number, in words that were judged to be one, or by its sign alone.
SIZES = ("measured", "judged", "sign")
#: Where the studies stand that were known before anything was searched for.
KNOWN_BEFORE = "list of the issue's studies"


@dataclass(frozen=True, repr=False)
class Measurement(Displayed):
    """A measurement on people.

    ``study`` is the key of its source, which may have others, ``name`` what it is called; ``n``: how many people,
    ``None`` where the source that was read does not say; ``first`` and ``second``: what was compared; ``result``: what
    was found; ``hypotheses``: names of those that it belongs to; ``read``: how far the source was read.
    """

    study: str
    name: str
    citation: str
    identifier: str
    n: int | None
    participants: str
    method: str
    first: str
    second: str
    measured: str
    result: str
    hypotheses: tuple[str, ...]
    speaks: str
    bears: str
    why: str
    read: str

    def _about(self) -> About:
        facts = {own.name: getattr(self, own.name) for own in fields(self)}
        return About(f"Measurement of {self.name}", f"{self.measured}: {self.result}", facts)

    def __post_init__(self) -> None:
        where = f"measurement {self.study!r}"
        for field in ("study", "name", "citation", "participants", "method", "measured", "result", "why"):
            if not text(f"{where}: {field}", getattr(self, field)):
                raise StanceError(f"{where}: {field} is empty; must be text")
        if self.n is not None and not (isinstance(self.n, int) and self.n > 0):
            raise StanceError(f"{where}: n = {self.n!r}: must be a whole number of people, or None")
        one_of(f"{where}: speaks", self.speaks, SPEAKS)
        one_of(f"{where}: bears", self.bears, BEARS)
        one_of(f"{where}: read", self.read, READ)
        known = [hypothesis.name for hypothesis in HYPOTHESES]
        for name in instance(f"{where}: hypotheses", self.hypotheses, tuple, "a tuple of names"):
            one_of(f"{where}: hypotheses", name, known)
        if not self.hypotheses:
            raise StanceError(f"{where}: hypotheses is empty; give the name of one at least")


@dataclass(frozen=True)
class Query:
    """A search for measurements: what was asked where, how much came, studies looked at, and why the rest was not."""

    query: str
    corpus: str
    hits: int
    relevant: tuple[str, ...]
    excluded: str


@dataclass(frozen=True, repr=False)
class MeasuredTilt(Displayed):
    """A change of pelvic tilt (deg, forward positive) that was measured on people between two ways of standing.

    ``parameter`` goes from ``first`` to ``second`` in the model; ``mean`` and ``sd`` over people; ``contrasts``: those
    in which the change stands for what people do, with a minus before those that go the other way; ``partly``: those
    of them that it covers in part, and ``only`` in which; ``size``: whether the source gives the number, words that
    were judged to be one, or the sign alone.
    """

    name: str
    study: str
    label: str
    contrasts: tuple[str, ...]
    partly: tuple[str, ...]
    only: str
    parameter: str
    first: float
    second: float
    mean: float
    sd: float
    size: str
    note: str

    def _about(self) -> About:
        facts = {own.name: getattr(self, own.name) for own in fields(self)}
        return About(f"MeasuredTilt {self.name!r}", f"{self.mean:g} +- {self.sd:g} deg, {self.label}", facts)

    def __post_init__(self) -> None:
        where = f"measured tilt {self.name!r}"
        one_of(f"{where}: study", self.study, {own.study for own in evidence()})
        one_of(f"{where}: parameter", self.parameter, PARAMETERS)
        one_of(f"{where}: size", self.size, SIZES)
        for contrast in self.contrasts:
            one_of(f"{where}: contrasts", contrast.removeprefix("-"), CONTRASTS)
        for contrast in self.partly:
            one_of(f"{where}: partly", contrast, [own.removeprefix("-") for own in self.contrasts])
        if bool(self.partly) != bool(text(f"{where}: only", self.only)):
            raise StanceError(f"{where}: only = {self.only!r}: must say what is covered where partly has contrasts")
        if not (math.isfinite(self.mean) and self.sd > 0.0):
            raise StanceError(f"{where}: mean = {self.mean!r}, sd = {self.sd!r}: must be finite, the SD above 0")

    def change_in(self, contrast: str) -> float | None:
        """The mean change from the first to the second stance of a contrast; None where it does not stand for it."""
        contrast = one_of("contrast", contrast, CONTRASTS)
        if contrast in self.contrasts:
            return self.mean
        return -self.mean if f"-{contrast}" in self.contrasts else None

    def label_in(self, contrast: str) -> str:
        """On whom it was measured, and how much of a contrast that covers where it is not all."""
        contrast = one_of("contrast", contrast, CONTRASTS)
        return f"{self.label}; {self.only}" if contrast in self.partly else self.label


@cache
def evidence() -> tuple[Measurement, ...]:
    """Every measurement on people that the findings know of.

    Examples
    --------
    >>> from biomech.article.evidence import evidence
    >>> [own.n for own in evidence() if own.study == "lee_2013"][0]
    30
    """
    return tuple(_parse(row) for row in read_rows("evidence"))


def _parse(row: Mapping[str, str]) -> Measurement:
    return Measurement(
        study=row["id"],
        name=row["name"],
        citation=row["citation"],
        identifier=row["identifier"],
        n=int(row["n"]) if row["n"] else None,
        participants=row["participants"],
        method=row["method"],
        first=row["first"],
        second=row["second"],
        measured=row["measured"],
        result=row["result"],
        hypotheses=tuple(row["hypotheses"].split()),
        speaks=row["speaks"],
        bears=row["bears"],
        why=row["why"],
        read=row["read"],
    )


def evidence_for(hypothesis: str) -> tuple[Measurement, ...]:
    """Measurements that belong to a hypothesis, those that bear directly first.

    Raises
    ------
    StanceError
        There is no such hypothesis.

    Examples
    --------
    >>> from biomech.article.evidence import evidence_for
    >>> evidence_for("leaning_back")[0].speaks
    'for'
    """
    name = one_of("hypothesis", hypothesis, [own.name for own in HYPOTHESES])
    found = [own for own in evidence() if name in own.hypotheses]
    return tuple(sorted(found, key=lambda own: (BEARS.index(own.bears), SPEAKS.index(own.speaks))))


def is_contrary(hypothesis: str) -> bool:
    """Whether measurements are contrary to a hypothesis: more people directly against it than directly for it.

    Examples
    --------
    >>> from biomech.article.evidence import is_contrary
    >>> is_contrary("leaning_back")
    False
    """
    people = dict.fromkeys(SPEAKS, 0)
    counted = set()
    for own in evidence_for(hypothesis):
        if own.bears == "direct" and (own.study, own.speaks) not in counted:
            counted.add((own.study, own.speaks))
            people[own.speaks] += own.n or 1
    return people["against"] > people["for"]


@cache
def measured_tilts() -> tuple[MeasuredTilt, ...]:
    """Changes of pelvic tilt that were measured on people, and where they stand for a policy.

    Examples
    --------
    >>> from biomech.article.evidence import measured_tilts
    >>> {own.study for own in measured_tilts()} >= {"lee_2013", "duval_2010", "dancers_2023"}
    True
    """
    found = []
    for row in read_rows("measured_tilt_changes"):
        where = f"measured tilt {row['name']!r}"
        first, second, mean, sd = (number_in(where, row, key) for key in ("first", "second", "mean", "sd"))
        contrasts, partly = (tuple(row[key].split()) for key in ("contrasts", "partly"))
        said = row["name"], row["study"], row["label"], contrasts, partly, row["only"], row["parameter"]
        found.append(MeasuredTilt(*said, first, second, mean, sd, row["size"], row["note"]))
    return tuple(found)


@cache
def search_protocol() -> tuple[Query, ...]:
    """The searches that the evidence comes from, after what was known before.

    Examples
    --------
    >>> from biomech.article.evidence import search_protocol
    >>> "lee_2013" in search_protocol()[1].relevant
    True
    """
    return tuple(
        Query(row["query"], row["corpus"], int(row["hits"]), tuple(row["relevant"].split()), row["excluded"])
        for row in read_rows("evidence_search")
    )
