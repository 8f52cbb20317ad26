"""What a row of the table of stance parameters says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from biomech.errors import StanceError

Array = NDArray[np.float64]
#: Values of stances by parameter: (posture,), of a leg's parameter (posture, 2), of a place (posture, 3).
Values = Mapping[str, Array]

#: Labels along the dimension that the parts of a parameter have: the legs, or the axes of a place.
PARTS: dict[str, tuple[str, ...]] = {"side": ("right", "left"), "axis": ("x", "y", "z")}


@dataclass(frozen=True)
class Condition:
    """With which words of a choice (``support``, ``arms``) something has a meaning, and why not with others.

    ``words`` are their names, or say of a word whether it is one of them: then those that are added from outside count.
    """

    choice: str
    words: tuple[str, ...] | Callable[[Any], bool]
    why: str = ""


@dataclass(frozen=True)
class Word:
    """A word that may be asked for: its meaning, and where it has one.

    ``needs_degrees`` names an angle that must be given in degrees beside it, ``why`` says the reason.
    """

    name: str
    meaning: str = ""
    needs: tuple[Condition, ...] = ()
    needs_degrees: str = ""
    why: str = ""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Where it has a meaning."""
        return self.needs


W = TypeVar("W", bound=Word)


class Choices(Sequence[str], Generic[W]):
    """The words of a parameter, in the order of their codes; a sequence of their names.

    Parameters
    ----------
    parameter : str
        The stance parameter.
    words : Word
        Those of the package, which nobody can replace.
    """

    def __init__(self, parameter: str, *words: W) -> None:
        self.parameter, self.words = parameter, list(words)
        self._names = tuple(word.name for word in words)
        self._own = len(words)

    def add(self, word: W) -> int:
        """Add a word at the end, or put it in the place of one of its name that was added before; its code.

        Raises
        ------
        StanceError
            The name is no word, or one of the package's.
        """
        if not (isinstance(word.name, str) and word.name.isidentifier()):
            raise StanceError(f"{self.parameter}: cannot take the word {word.name!r}; it must be a name without spaces")
        if word.name not in self._names:
            self.words.append(word)
            self._names = (*self._names, word.name)
        code = self._names.index(word.name)
        if code < self._own and self.words[code] is not word:
            raise StanceError(f"{self.parameter} = {word.name!r}: is a word of the package; choose another name")
        self.words[code] = word
        return code

    def remove(self, name: str) -> None:
        """Take a word away that was added; its code goes to no other.

        Raises
        ------
        StanceError
            The word is one of the package's.
        """
        if name in self._names[: self._own]:
            raise StanceError(f"{self.parameter} = {name!r}: is a word of the package, and stays")
        self._names = tuple("" if own == name else own for own in self._names)

    @property
    def own(self) -> tuple[str, ...]:
        """The names that the package gave: what stands in docs and signatures."""
        return self._names[: self._own]

    @property
    def own_words(self) -> Sequence[W]:
        """The same with all that is known of them."""
        return self.words[: self._own]

    def word(self, name: str) -> W:
        """The word of a name."""
        return self.words[self._names.index(name)]

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        return self._names[index]

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter([name for name in self._names if name])

    def __contains__(self, name: object) -> bool:
        return bool(name) and name in self._names

    def __repr__(self) -> str:
        return f"Choices({self.parameter!r}: {', '.join(self)})"


@dataclass(frozen=True)
class Choice:
    """A stance parameter that is one of a few words; the first is the default."""

    name: str
    long_name: str
    names: Choices[Any]

    @property
    def words(self) -> Sequence[Any]:
        """The words with their meaning."""
        return self.names.words


@dataclass(frozen=True)
class Policies:
    """Policies that an angle may follow in place of degrees.

    ``code`` is the field of ``Stance`` that holds which, ``dim`` the dimension that a list of them makes, ``rank`` the
    order in which angles are found.
    """

    code: str
    dim: str
    rank: int
    names: Choices[Any]

    @property
    def words(self) -> Sequence[Any]:
        """The words with their meaning."""
        return self.names.words


@dataclass(frozen=True)
class Parameter:
    """A numeric stance parameter.

    Parameters
    ----------
    name : str
        Its name, a keyword of ``biomech.sweep``.
    default : float or None
        What holds where it is not asked for; None: it must be asked for, and ``no_default`` says why.
    least, most : float
        Its range, the ends included.
    unit : str
        ``deg``, ``m``, ``kg``, or ``1`` for a bare number.
    long_name : str
        What it is, with its sign: the ``long_name`` of the answer's coordinate.
    meaning : str
        What the glossary says of it, in Markdown; by default ``long_name``.
    per : {"", "side", "axis"}
        What its parts are: a leg's parameter has one for each leg, a place one for each axis.
    frame : str
        The frame of a place.
    symmetric_at : float, optional
        The value at which it does not tell the sides apart. A parameter of the legs does not where both are the same, a
        place where its z is 0; any other never does unless a value is given here.
    needs : tuple of Condition
        Supports and arms that it applies to; by default all.
    beside : str
        The parameter that must be asked for with it, unless it is at its default.
    coordinate : str
        The coordinate of the model without which it must stay at zero.
    carried : bool
        Whether it is part of what the body carries (``Stance.load``).
    policies : Policies, optional
        What an angle may follow.
    no_default : str
        Why it has no default.
    changes : callable, optional
        From the values of stances, new values of other parameters, by name; worked out before angles are found.
    targets : mapping of str to callable
        By the label of a condition of the posture (``statics.posture``), what is added to its target (m, or the sine of
        an angle), from the values of stances.
    """

    name: str
    default: float | None
    least: float
    most: float
    unit: str
    long_name: str
    _: KW_ONLY
    meaning: str = ""
    per: str = ""
    frame: str = ""
    symmetric_at: float | None = None
    needs: tuple[Condition, ...] = ()
    beside: str = ""
    coordinate: str = ""
    carried: bool = False
    policies: Policies | None = None
    no_default: str = ""
    changes: Callable[[Values], Values] | None = None
    targets: Mapping[str, Callable[[Values], Array]] = field(default_factory=dict)

    @property
    def per_leg(self) -> bool:
        """Whether it may differ between the legs."""
        return self.per == "side"

    @property
    def parts(self) -> tuple[str, ...]:
        """Labels of its parts, none where it is one number."""
        return PARTS[self.per] if self.per else ()

    @property
    def width(self) -> int:
        """Columns that it takes in ``Stance.matrix``."""
        return len(self.parts) or 1

    @property
    def range(self) -> str:
        """Its range with the unit, for messages and docs."""
        return f"{self.least:g}..{self.most:g}" + ("" if self.unit == "1" else f" {self.unit}")
