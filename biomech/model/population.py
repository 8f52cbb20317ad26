"""Many bodies of one structure, each with numbers of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import whole_number
from biomech._display import About, counted
from biomech.errors import ModelError
from biomech.model.bodies import Columns, column_of, drawn_numbers, torsions
from biomech.model.cache import Cache
from biomech.model.compiled import CompiledModel, check_columns
from biomech.model.mirror import is_mirrored
from biomech.model.model import Model

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


class BodySource(ABC):
    """Bodies that a sweep answers in the place of one: a dimension ``body``, made some at a time.

    Attributes
    ----------
    model : Model
        What they have in common: every name, and whatever they do not differ in.
    one_by_one : bool
        Whether each is answered by itself, which takes its time.
    """

    model: Model
    one_by_one: bool = False

    @abstractmethod
    def __len__(self) -> int:
        """How many bodies there are."""

    @abstractmethod
    def parts(self, first: int, last: int) -> Iterator[tuple[Model, int, int]]:
        """Bodies ``first`` to ``last``, the last not included, by those that are answered together.

        Each is a model and its first and last body. A ``Population`` is of several; any other model is of one alone.
        """

    @abstractmethod
    def body(self, number: int) -> Model:
        """One of the bodies, by itself.

        Raises
        ------
        ModelError
            There is no body of this number.
        """

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """What they can be made from again, as JSON has it."""

    def labels(self) -> dict[str, xr.Variable]:
        """What is known of each of them, along ``body``: coordinates of an answer."""
        return {}


class DifferingNumbers(BodySource):
    """Bodies that differ in ``NUMBERS`` alone, answered several at a time.

    They have numbers for as many bodies as they say, and make those of a few when they are asked for: a million of
    them need no memory.
    """

    @abstractmethod
    def columns(self, first: int, last: int) -> Columns:
        """Numbers of bodies ``first`` to ``last``, the last not included, as ``Population.drawn`` takes them."""

    def parts(self, first: int, last: int) -> Iterator[tuple[Model, int, int]]:
        """All of them together."""
        yield self.part(first, last), first, last

    def part(self, first: int, last: int) -> Population:
        """Bodies ``first`` to ``last``, the last not included."""
        return Population.drawn(self.model, self.columns(first, last))

    def body(self, number: int) -> Model:
        """One of the bodies, by itself."""
        i = whole_number("number", number, 0, len(self) - 1, ModelError)
        return self.model.with_numbers({key: values[0] for key, values in self.columns(i, i + 1).items()})


class SomeBodies(BodySource):
    """Bodies ``first`` to ``last`` of others, the last not included."""

    def __init__(self, bodies: BodySource, first: int, last: int) -> None:
        self.model, self._bodies, self._first, self._last = bodies.model, bodies, first, last
        self.one_by_one = bodies.one_by_one

    def __len__(self) -> int:
        return self._last - self._first

    def parts(self, first: int, last: int) -> Iterator[tuple[Model, int, int]]:
        """Bodies ``first`` to ``last`` of these, the last not included."""
        for model, start, end in self._bodies.parts(self._first + first, self._first + last):
            yield model, start - self._first, end - self._first

    def body(self, number: int) -> Model:
        """One of these, by itself."""
        i = whole_number("number", number, 0, len(self) - 1, ModelError)
        return self._bodies.body(self._first + i)

    def record(self) -> dict[str, Any]:
        """What they can be made from again."""
        return {"first": self._first, "last": self._last, "of": self._bodies.record()}

    def labels(self) -> dict[str, xr.Variable]:
        """What is known of each of these."""
        return {name: own[self._first : self._last] for name, own in self._bodies.labels().items()}


@dataclass(frozen=True, eq=False, repr=False)
class Population(Model):
    """Bodies that differ from a model in some ``NUMBERS``; made by ``Population.drawn``.

    It goes wherever the model goes beside stances that say which body each is of (``Stance.body``). Its tables are
    those of the model; ``_column`` has the numbers of every body.
    """

    columns: Columns = field(init=False, repr=False)

    @classmethod
    def drawn(cls, model: Model, columns: Mapping[tuple[str, str], Array]) -> Population:
        """Bodies with other numbers than a model.

        Parameters
        ----------
        model : Model
            What they share.
        columns : mapping of (str, str) to ndarray
            Table and column, among ``NUMBERS`` of ``biomech.model.compiled``, to all its numbers (body, row). They are
            taken as they are, as in ``Model.with_numbers``.

        Raises
        ------
        ModelError
            A column is part of the structure, is not finite, or has not the rows of its table, or columns are of
            different numbers of bodies.

        Examples
        --------
        >>> import biomech as bm
        >>> import numpy as np
        >>> model = bm.load_model()
        >>> force = model.tables["muscles"].numbers("max_isometric_force")
        >>> both = Population.drawn(model, {("muscles", "max_isometric_force"): np.stack([force, 0.5 * force])})
        >>> both._column("muscles", "max_isometric_force").shape == (2, len(model.muscles))
        True
        """
        checked = check_columns(model.tables, columns, 2)
        counts = {len(values) for values in checked.values()}
        if len(counts) > 1:
            raise ModelError(f"columns: are of {', '.join(map(str, sorted(counts)))} bodies; all must be of as many")
        return cls._made(model, checked)

    @classmethod
    def _made(cls, model: Model, columns: Columns) -> Population:
        made = object.__new__(cls)  # structure was checked with the model that has it
        parts = {"name": model.name, "tables": model.tables, "roles": model.roles}
        parts |= {"_own": Cache(), "_shared": model._shared}
        for name, part in {**parts, "_origin": (model, frozenset(columns)), "columns": columns}.items():
            object.__setattr__(made, name, part)
        return made

    def _about(self) -> About:
        own, count = super()._about(), len(next(iter(self.columns.values()), ()))
        return replace(own, name=f"{own.name} of {counted(count, 'body')}")

    def _find_symmetry(self) -> bool:
        origin, _ = self._origin or (self, None)
        return origin.is_symmetric and all(
            is_mirrored(self.tables_by_role[table], column, values) for (table, column), values in self.columns.items()
        )

    def _compile(self, half: bool) -> CompiledModel:
        """The tables of the model, which say whether any of the bodies differs in what is passed over elsewhere."""
        origin, _ = self._origin or (self, None)
        compiled = origin.compiled(half=half)
        tree, muscle = compiled.tree, compiled.muscle
        if ("joints", "torsion") in self.columns:
            rows = [self.tables_by_role["joints"].index(name) for name in compiled.joints]
            turned = tree.is_rotated.copy()
            turned[1:] |= np.any(self.columns["joints", "torsion"][:, rows] != 0.0, axis=0)
            tree = tree._replace(is_rotated=turned)
        if ("muscles", "leverage") in self.columns:
            muscle = muscle._replace(has_moment_arm_scale=bool(np.any(self.columns["muscles", "leverage"] != 1.0)))
        return replace(compiled, tree=tree, muscle=muscle)

    def _numbers(self, half: bool) -> tuple[Array, Array]:
        numbers = drawn_numbers(self.compiled(half=half), self.tables_by_role, self.columns)
        torsion = torsions(self.tables_by_role["joints"], self.columns.get(("joints", "torsion")))
        return numbers, np.ascontiguousarray(np.broadcast_to(torsion, (len(numbers), 2)))

    def _column(self, table: str, column: str) -> Array:
        """The numbers of a column: (body, row), or (1, row) where all bodies have the same."""
        return column_of(self.tables, self.columns, table, column)

    def _of(self, body: NDArray[np.int64] | None) -> Model:
        """The model of some of the bodies, each as often as it is named."""
        if body is None:
            return self
        return self._made(self, MappingProxyType({key: values[body] for key, values in self.columns.items()}))
