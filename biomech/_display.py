"""How objects show themselves: in a line where Python prints them, with more folded away in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from biomech import _html

T = TypeVar("T")

#: Rows of a table that a notebook shows.
MOST_ROWS = 30


@dataclass(frozen=True)
class Folded:
    """A table that is folded away: what it is called, its columns, and its rows."""

    name: str
    head: Sequence[object]
    rows: Iterable[Sequence[object]]


@dataclass(frozen=True)
class About:
    """What an object says of itself: what it is, the same in a line, facts one by one, and tables."""

    name: str
    line: str
    facts: Mapping[str, object] = field(default_factory=dict)
    folded: tuple[Folded, ...] = ()


class Displayed:
    """An object that says what it is: ``_about`` does.

    A dataclass that inherits from it is made with ``repr=False``. A class of which kernels are made
    (``biomech._kernels.fingerprint``) does not: to edit how it looks would compile them anew. ``shows`` is for those.
    """

    __slots__ = ()

    def _about(self) -> About:
        """What it says."""
        raise NotImplementedError

    def __repr__(self) -> str:
        about = self._about()
        return f"<{about.name}: {about.line}>"

    def _repr_html_(self) -> str:
        about = self._about()
        facts = about.facts.items() or [("", about.line)]
        return _html.record(about.name, facts, *(_html.details(own.name, _table(own)) for own in about.folded))


def shows(kind: type[T]) -> Callable[[Callable[[T], About]], Callable[[T], About]]:
    """Let the objects of a class show themselves by what a function says of them; to be used as a decorator."""

    def install(about: Callable[[T], About]) -> Callable[[T], About]:
        for name, own in (("_about", about), ("__repr__", Displayed.__repr__), ("_repr_html_", Displayed._repr_html_)):
            setattr(kind, name, own)
        return about

    return install


def _table(folded: Folded) -> _html.Markup:
    """Its first rows, and how many there are besides."""
    rows = [list(map(cell, row)) for row in folded.rows]
    more = [[f"... {len(rows) - MOST_ROWS} more"]] if len(rows) > MOST_ROWS else []
    return _html.table(folded.head, [*rows[:MOST_ROWS], *more])


def cell(value: object) -> str:
    """A cell of a table: a number as short as it can be, nothing where there is none."""
    if isinstance(value, float):
        return "" if value != value else f"{value:.6g}"
    return str(value)


def counted(count: int, thing: str) -> str:
    """How many of a thing.

    >>> counted(1, "posture"), counted(2000, "posture"), counted(3, "body")
    ('1 posture', '2,000 postures', '3 bodies')
    """
    many = f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"
    return f"{count:,} {thing if count == 1 else many}"


class Catalog(Mapping[str, T], Generic[T]):
    """Things by name, which nobody can change, and which say what they are.

    Parameters
    ----------
    name : str
        What they are, in a word or two.
    things : mapping
        The things; they are looked up there, not copied.
    told : callable
        Says of one in a line what it is.

    Examples
    --------
    >>> Catalog("ages", {"ann": 30, "bob": 41}, "{} years".format)
    <ages: 2>
      ann: 30 years
      bob: 41 years
    """

    __slots__ = ("_name", "_things", "_told")

    def __init__(self, name: str, things: Mapping[str, T], told: Callable[[T], str]) -> None:
        self._name, self._things, self._told = name, things, told

    def __getitem__(self, name: str) -> T:
        return self._things[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**self, **other}

    def __ror__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**other, **self}

    def __repr__(self) -> str:
        lines = [f"  {name}: {self._told(own)}" for name, own in self.items()]
        return "\n".join([f"<{self._name}: {len(self)}>", *lines])

    def _repr_html_(self) -> str:
        rows = _html.table(["", ""], [[name, self._told(own)] for name, own in self.items()])
        return _html.details(f"{self._name}: {len(self)}", rows)
