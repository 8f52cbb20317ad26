"""The model: immutable tables, and the questions that need no statics."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biomech._arguments import flag, mapping, name_list, one_of, real_number, shown, text
from biomech._display import About, Catalog, Displayed, Folded, counted
from biomech.errors import ModelError
from biomech.model.bodies import ONE_BODY, Bodies, numbers_of, torsions
from biomech.model.cache import Cache
from biomech.model.compiled import CompiledModel, check_columns, check_tables, compile_model, with_numbers
from biomech.model.display import described
from biomech.model.geometry import gravity, kinematics, muscle_geometry, passive_moment
from biomech.model.mirror import is_mirrored, is_symmetric, side_of, with_left_side
from biomech.model.poses import Coordinates, joined
from biomech.model.proportions import follow
from biomech.model.tables import SCHEMA, Table, check_structure, make_table

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Model(Displayed):
    """A body as data.

    Parameters
    ----------
    name : str
        How the model is called.
    tables : mapping of str to Table
        The tables of ``biomech.model.tables.SCHEMA``, both sides of the body.

    Notes
    -----
    A model never changes. ``replace`` and ``scale`` return a new one, in which any number of any table can differ.

    Examples
    --------
    >>> import biomech as bm
    >>> model = bm.load_model("gait2392")
    >>> model.value("muscles/soleus_r/max_isometric_force")
    3549.0
    >>> weaker = model.scale({"muscles/soleus_*/max_isometric_force": 0.5})
    >>> weaker.value("muscles/soleus_l/max_isometric_force")
    1774.5
    """

    name: str
    tables: Mapping[str, Table] = field(repr=False)
    _own: Cache = field(default_factory=Cache, init=False, repr=False)
    _shared: Cache = field(default_factory=Cache, init=False, repr=False)
    #: The model whose structure this one has, and the columns (table, column) in which their numbers differ.
    _origin: tuple[Model, frozenset[tuple[str, str]]] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        text("name", self.name, ModelError)
        check_structure(self.tables)
        object.__setattr__(self, "tables", _catalog(dict(self.tables)))
        self.compiled()  # a bad model is refused here, not at its first use

    def __reduce__(self) -> tuple[type[Model], tuple[str, dict[str, Table]]]:
        return Model, (self.name, dict(self.tables))

    def _about(self) -> About:
        counts = [
            f"{self.body_mass:.1f} kg",
            counted(len(self.segments), "segment"),
            counted(len(self.coordinates), "coordinate"),
            f"{counted(len(self.muscles), 'muscle')} in {counted(len(self.groups), 'group')}",
        ]
        groups = [(name, ", ".join(own)) for name, own in self.groups.items()]
        tables = [(name, described(own)) for name, own in self.tables.items()]
        return About(
            f"{type(self).__name__} {self.name!r}",
            ", ".join(counts),
            {"body": ", ".join(counts), "sides": "mirror images" if self.is_symmetric else "differ"},
            (Folded("muscle groups", ["group", "muscles"], groups), Folded("tables", ["table", "has"], tables)),
        )

    @property
    def muscles(self) -> tuple[str, ...]:
        """Names of all muscles."""
        return self.tables["muscles"].rows

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names of all coordinates, in the order of the joints."""
        return tuple(self._named.coordinates)

    @property
    def segments(self) -> tuple[str, ...]:
        """Names of all segments."""
        return tuple(self._named.segments)

    @property
    def _named(self) -> CompiledModel:
        """What has the names: all models of one structure have the same."""
        return (self._origin[0] if self._origin else self).compiled()

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Muscles of each group, both sides; a muscle may be in several."""
        members: dict[str, list[str]] = {}
        for muscle, groups in zip(self.muscles, self.tables["muscles"].text("groups"), strict=True):
            for group in filter(None, groups.split(";")):
                members.setdefault(group, []).append(muscle)
        return {group: tuple(names) for group, names in members.items()}

    @property
    def body_mass(self) -> float:
        """Mass of the whole body, kg."""
        return float(self.tables["segments"].numbers("mass").sum())

    @property
    def is_symmetric(self) -> bool:
        """Whether the left side is the exact mirror of the right."""
        return bool(self.cached("symmetric", self._find_symmetry))

    def _find_symmetry(self) -> bool:
        if self._origin is None:
            return is_symmetric(self.tables)
        origin, changed = self._origin
        return origin.is_symmetric and all(is_mirrored(self.tables[name], column) for name, column in changed)

    def compiled(self, *, half: bool = False) -> CompiledModel:
        """The flat tables that the kernels run on; ``half``: the right half of the body."""
        half = flag("half", half, ModelError)
        compiled: CompiledModel = self.cached(("compiled", half), lambda: self._compile(half))
        return compiled

    def _compile(self, half: bool) -> CompiledModel:
        if self._origin is None:
            return compile_model(self.tables, half)
        origin, changed = self._origin
        return with_numbers(origin.compiled(half=half), self.tables, frozenset(name for name, _ in changed))

    def cached(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What ``make`` makes of this model, made once and kept with it."""
        return self._own.get(key, make)

    def shared(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What depends on structure alone, and on what the key says: kept by all models of one structure.

        Structure is every name and reference, and every number but those that ``with_numbers`` may change.
        """
        return self._shared.get(key, make)

    def with_numbers(self, columns: Mapping[tuple[str, str], Array]) -> Model:
        """A model of the same structure with other numbers, which compiles those alone.

        Parameters
        ----------
        columns : mapping of (str, str) to ndarray
            Table and column, among ``NUMBERS`` of ``biomech.model.compiled``, to all its numbers in the order of the
            table's rows. They are taken as they are: nothing else follows them as in ``replace``, and nobody asks
            whether they are those of a body; ``uncertainty.possible_draws`` does so for all draws at once.

        Raises
        ------
        ModelError
            The column is part of the structure.

        Examples
        --------
        >>> import biomech as bm
        >>> model = bm.load_model()
        >>> force = model.tables["muscles"].numbers("max_isometric_force")
        >>> weak = model.with_numbers({("muscles", "max_isometric_force"): 0.5 * force})
        >>> weak.value("muscles/soleus_r/max_isometric_force") / model.value("muscles/soleus_r/max_isometric_force")
        0.5
        """
        tables = dict(self.tables)
        for (name, column), values in check_columns(self.tables, columns, 1).items():
            tables[name] = tables[name].with_column(column, tuple(values.tolist()))
        origin, before = self._origin or (self, frozenset())
        made = object.__new__(Model)  # structure was checked with the model that has it
        parts = {"name": self.name, "tables": _catalog(tables), "_own": Cache(), "_shared": origin._shared}
        for field_name, part in {**parts, "_origin": (origin, before | set(columns))}.items():
            object.__setattr__(made, field_name, part)
        return made

    def _bodies(self, half: bool, of: NDArray[np.int64] | None = None) -> Bodies:
        """The numbers of the body, or of its right half, as the kernels take them; of a population those ``of`` it."""
        numbers, torsion = self.cached(("bodies", half), lambda: self._numbers(half))
        return Bodies(numbers, torsion, ONE_BODY if of is None else of)

    def _numbers(self, half: bool) -> tuple[Array, Array]:
        return numbers_of(self.compiled(half=half)), torsions(self.tables["joints"])

    def _column(self, table: str, column: str) -> Array:
        """The numbers of a column, (1, row); of a population (body, row)."""
        return self.tables[table].numbers(column)[None]

    def _of(self, body: NDArray[np.int64] | None) -> Model:
        """The model of some bodies of a population; of one body, itself."""
        return self

    def value(self, path: str) -> float:
        """One number, by ``table/row/column`` (``table/row`` where the column is ``value``)."""
        table, row, column = self.resolve(path)
        try:
            return self.tables[table].value(row, column)
        except ModelError:
            rows = _few(self.tables[table].rows)
            raise ModelError(
                f"path = {shown(path)}: table {table!r} has no row {shown(row)}; rows are {rows}"
            ) from None

    def replace(self, changes: Mapping[str, float]) -> Model:
        """A new model with other numbers.

        Parameters
        ----------
        changes : mapping of str to float
            ``table/row/column`` (``table/row`` where the column is ``value``) to the new number; ``*`` and ``?``
            in the row match several rows, so ``"muscles/soleus_*/max_isometric_force"`` is both sides.

        Raises
        ------
        ModelError
            Nothing matches, the column holds no numbers, or the result is no body that can be.

        Notes
        -----
        What belongs to a body follows its masses and bones, unless ``changes`` name it: the arms' mass, shoulder, hand
        and foot of ``settings``, abdominal pressure, passive moments and the patellar tendon's arm
        (``biomech.model.proportions``).

        Examples
        --------
        >>> import biomech as bm
        >>> model = bm.load_model().replace({"segments/torso/com_x": 0.03, "passive/hip_offset": 5.0})
        >>> model.value("segments/torso/com_x")
        0.03
        """
        return self._changed("changes", changes, lambda old, new: new)

    def scale(self, factors: Mapping[str, float]) -> Model:
        """A new model with some numbers multiplied; the same paths as ``replace``."""
        return self._changed("factors", factors, lambda old, factor: old * factor)

    def with_rows(self, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> Model:
        """A new model with further rows in its tables: a muscle, a contact point, a coordinate.

        Parameters
        ----------
        rows : mapping of str to iterable of mapping
            Table to rows, each from column to cell as in ``biomech/model/data``. Of a row on the right (``_r``) the
            left one follows as its mirror image, unless it is given too.

        Returns
        -------
        Model
            Checked as a whole, like any model.

        Raises
        ------
        ModelError
            There is no such table or column, a row is there already, or the result is no body that can be.

        Examples
        --------
        A strap along the rectus abdominis, on both sides:

        >>> import biomech as bm
        >>> model = bm.load_model()
        >>> muscle = {**model.row("muscles", "rectus_abdominis_r"), "muscle": "strap_r", "max_isometric_force": 200.0}
        >>> points = [
        ...     {**model.row("path_points", f"rectus_abdominis_r.{i}"), "point": f"strap_r.{i}", "muscle": "strap_r"}
        ...     for i in (0, 1)
        ... ]
        >>> strapped = model.with_rows({"muscles": [muscle], "path_points": points})
        >>> strapped.value("muscles/strap_l/max_isometric_force")
        200.0
        """
        tables = dict(self.tables)
        for name, given in mapping("rows", rows, "tables to rows", ModelError).items():
            own = tables[one_of("rows", name, SCHEMA, ModelError)]
            try:
                new = with_left_side(make_table(name, given))
                both = {column: (*cells, *new.columns[column]) for column, cells in own.columns.items()}
                tables[name] = Table(name, both)
            except ModelError as error:
                raise ModelError(f"rows[{name!r}]: {error}") from None
        return Model(self.name, tables)

    def row(self, table: str, name: str) -> dict[str, Any]:
        """One row of a table, from column to cell (empty where it has none): a beginning for ``with_rows``.

        Raises
        ------
        ModelError
            There is no such table or row.
        """
        own = self.tables[one_of("table", table, SCHEMA, ModelError)]
        try:
            place = own.index(name)
        except ModelError as error:
            raise ModelError(f"name: {error}") from None
        return {column: "" if cells[place] != cells[place] else cells[place] for column, cells in own.columns.items()}

    def _changed(self, argument: str, changes: object, rule: Callable[[float, float], float]) -> Model:
        tables, named = dict(self.tables), set()
        for path, given in mapping(argument, changes, "paths, table/row/column, to numbers", ModelError).items():
            where = f"{argument}[{shown(path)}]"
            name, pattern, column = _parts(where, path)
            number = real_number(where, given, error=ModelError)
            table = tables[name]
            rows = table.matching(pattern)
            if not rows:
                raise ModelError(f"{where}: no row of table {name!r} matches {pattern!r}; rows are {_few(table.rows)}")
            tables[name] = table.with_numbers(column, {i: rule(float(table.columns[column][i]), number) for i in rows})
            named |= {(name, table.rows[i]) for i in rows}
        check_tables(tables)
        return Model(self.name, follow(self.tables, tables, named))

    def resolve(self, path: str) -> tuple[str, str, str]:
        """Table, row (or pattern) and column of a path; refuses what is no number of a table."""
        return _parts(f"path = {shown(path)}", text("path", path, ModelError))

    def sides(self, names: tuple[str, ...]) -> list[str]:
        """``right``, ``left`` or ``midline`` for each name."""
        return [side_of(name) for name in name_list("names", names, error=ModelError)]

    def kinematics(self, poses: Coordinates | None = None, /, **coordinates: ArrayLike) -> xr.Dataset:
        """Where every segment is; see ``biomech.model.geometry.kinematics``.

        Coordinates go by name, or in a mapping, Dataset or DataFrame; labels of their own (``time``, ``trial``) are
        aligned, and come back in the place of ``pose``.
        """
        return kinematics(self.compiled(), joined(poses, coordinates))

    def muscle_geometry(self, poses: Coordinates | None = None, /, **coordinates: ArrayLike) -> xr.Dataset:
        """Length and moment arm of every muscle, see ``geometry.muscle_geometry``; coordinates as in ``kinematics``."""
        return muscle_geometry(self.compiled(), joined(poses, coordinates))

    def gravity(self, poses: Coordinates | None = None, /, **coordinates: ArrayLike) -> xr.Dataset:
        """Generalised force of gravity, see ``geometry.gravity``; coordinates as in ``kinematics``."""
        return gravity(self.compiled(), joined(poses, coordinates))

    def passive_moment(
        self, poses: Coordinates | None = None, /, *, knee_laxity: float = 0.0, **coordinates: ArrayLike
    ) -> xr.Dataset:
        """Passive moments and their derivatives, see ``geometry.passive_moment``; coordinates as in ``kinematics``."""
        return passive_moment(self.compiled(), joined(poses, coordinates), knee_laxity)


def _catalog(tables: dict[str, Table]) -> Catalog[Table]:
    return Catalog("tables of a model", tables, described)


def _parts(where: str, path: str) -> tuple[str, str, str]:
    """Table, row and column of a path; ``where`` is how a message calls it."""
    table, _, rest = path.partition("/")
    row, _, column = rest.partition("/")
    column = column or "value"
    if table not in SCHEMA:
        raise ModelError(f"{where}: there is no table {shown(table)}; tables are {', '.join(SCHEMA)}")
    numbers = [name for name, kind in SCHEMA[table].items() if kind != "text"]
    if column not in numbers:
        raise ModelError(f"{where}: {shown(column)} is no number of table {table!r}; numbers are {', '.join(numbers)}")
    return table, row, column


def _few(rows: tuple[str, ...]) -> str:
    """The first rows of a table: some have hundreds."""
    return ", ".join(rows[:12]) + (", ..." if len(rows) > 12 else "")
