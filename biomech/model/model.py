"""The model: immutable tables, and the questions that need no statics."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biomech._arguments import flag, instance, mapping, name_list, one_of, real_number, shown, text
from biomech._display import About, Catalog, Displayed, Folded, counted
from biomech.errors import ModelError
from biomech.model.bodies import ONE_BODY, Bodies, numbers_of, torsions
from biomech.model.cache import Cache
from biomech.model.compiled import CompiledModel, check_columns, check_tables, compile_model, with_numbers
from biomech.model.display import described
from biomech.model.geometry import bushing_force, gravity, kinematics, muscle_geometry, passive_moment
from biomech.model.left_out import check_left_out, told_left_out
from biomech.model.mirror import is_mirrored, is_symmetric, side_of, with_left_side
from biomech.model.poses import Coordinates, joined
from biomech.model.proportions import follow
from biomech.model.removal import remove_parts
from biomech.model.roles import NO_ROLES, RoleNames, Roles, make_roles, remaining
from biomech.model.scaling import scale_tables
from biomech.model.tables import COLUMNS, SCHEMA, Table, check_cells, check_structure, make_table, optional

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
#: Elastic elements between segments: dimensions of answers, and tables with an s behind.
_LINKED = ("bushing", "point_spring")


@dataclass(frozen=True, eq=False, repr=False)
class Model(Displayed):
    """A body as data.

    Parameters
    ----------
    name : str
        How the model is called.
    tables : mapping of str to Table
        The tables of ``biomech.model.tables.SCHEMA``, both sides of the body, and of ``OPTIONAL`` those it has.
    roles : Roles, optional
        What its parts are: ``biomech.model.roles.make_roles`` makes them. By default those have a role that bear its
        name, and pairs end in ``_r`` and ``_l``; ``with_roles`` changes them.

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
    roles: Roles = field(default=NO_ROLES, repr=False)
    _own: Cache = field(default_factory=Cache, init=False, repr=False)
    _shared: Cache = field(default_factory=Cache, init=False, repr=False)
    #: The model whose structure this one has, and the columns (table, column) in which their numbers differ.
    _origin: tuple[Model, frozenset[tuple[str, str]]] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        text("name", self.name, ModelError)
        check_structure(self.tables)
        tables = {name: own for name, own in self.tables.items() if name in SCHEMA or len(own)}
        object.__setattr__(self, "tables", _catalog(tables))
        if self.roles is NO_ROLES:
            check_cells(self.tables.values())
            object.__setattr__(self, "roles", make_roles(self.tables, {}, {}))
        instance("roles", self.roles, Roles, "Roles, as with_roles makes them", ModelError)
        self.compiled()  # a bad model is refused here, not at its first use

    def __reduce__(self) -> tuple[type[Model], tuple[str, dict[str, Table], Roles]]:
        return Model, (self.name, dict(self.tables), self.roles)

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
            {
                "body": ", ".join(counts),
                "sides": "mirror images" if self.is_symmetric else "differ",
                **({"by default": self.said} if self.said else {}),
                **({"left out": ", ".join(self.left_out)} if self.left_out else {}),
            },
            (Folded("muscle groups", ["group", "muscles"], groups), Folded("tables", ["table", "has"], tables)),
        )

    @property
    def muscles(self) -> tuple[str, ...]:
        """Names of all muscles."""
        return self.tables["muscles"].rows

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names of all coordinates, in the order of the joints."""
        return tuple(self._named.names.coordinates)

    @property
    def segments(self) -> tuple[str, ...]:
        """Names of all segments."""
        return tuple(self._named.names.segments)

    @property
    def _named(self) -> CompiledModel:
        """What has the names: all models of one structure have the same."""
        return (self._origin[0] if self._origin else self).compiled()

    @property
    def role_names(self) -> RoleNames:
        """What its parts are called by their roles, and back."""
        names: RoleNames = self.shared("role names", lambda: RoleNames(self.tables, self.roles))
        return names

    @property
    def tables_by_role(self) -> Mapping[str, Table]:
        """The tables, parts called by their roles: what everything reads that asks for a part."""
        tables: Mapping[str, Table] = self.cached("tables by role", lambda: self.role_names.rename(self.tables))
        return tables

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
    def said(self) -> str:
        """What stands in for what a model file does not say, in one line; empty of a built-in body.

        It is of the body as it was read: a body that was changed or ``scaled`` since has the same line.

        Examples
        --------
        >>> import biomech as bm
        >>> bm.load_model().said
        ''
        """
        return "; ".join(optional(self.tables, "notes").text("text"))

    @property
    def left_out(self) -> tuple[str, ...]:
        """What a model file has and is not computed: class and name, and the muscle or kind of part it concerns."""
        return told_left_out(self.tables)

    @property
    def reserves(self) -> dict[str, float]:
        """Actuators that a model file has on coordinates, N.m or N at unit control, for ``static_optimization``.

        Examples
        --------
        >>> import biomech as bm
        >>> bm.load_model().reserves
        {}
        """
        table = optional(self.tables, "reserves")
        return dict(zip(table.rows, table.numbers("optimal_force").tolist(), strict=True))

    @property
    def is_symmetric(self) -> bool:
        """Whether the left side is the exact mirror of the right."""
        return bool(self.cached("symmetric", self._find_symmetry))

    def _find_symmetry(self) -> bool:
        if self._origin is None:
            return is_symmetric(self.tables_by_role)
        origin, changed = self._origin
        tables = self.tables_by_role
        return origin.is_symmetric and all(is_mirrored(tables[name], column) for name, column in changed)

    def compiled(self, *, half: bool = False) -> CompiledModel:
        """The flat tables that the kernels run on; ``half``: the right half of the body."""
        half = flag("half", half, ModelError)
        compiled: CompiledModel = self.cached(("compiled", half), lambda: self._compile(half))
        return compiled

    def _compile(self, half: bool) -> CompiledModel:
        if self._origin is None:
            return compile_model(self.tables_by_role, half, self.role_names)
        origin, changed = self._origin
        return with_numbers(origin.compiled(half=half), self.tables_by_role, frozenset(name for name, _ in changed))

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
        parts = {"name": self.name, "tables": _catalog(tables), "roles": self.roles}
        parts |= {"_own": Cache(), "_shared": origin._shared}
        for field_name, part in {**parts, "_origin": (origin, before | set(columns))}.items():
            object.__setattr__(made, field_name, part)
        return made

    def _bodies(self, half: bool, of: NDArray[np.int64] | None = None) -> Bodies:
        """The numbers of the body, or of its right half, as the kernels take them; of a population those ``of`` it."""
        numbers, torsion = self.cached(("bodies", half), lambda: self._numbers(half))
        return Bodies(numbers, torsion, ONE_BODY if of is None else of)

    def _numbers(self, half: bool) -> tuple[Array, Array]:
        return numbers_of(self.compiled(half=half)), torsions(self.tables_by_role["joints"])

    def _column(self, table: str, column: str) -> Array:
        """The numbers of a column, (1, row); of a population (body, row)."""
        return optional(self.tables, table).numbers(column)[None]

    def _of(self, body: NDArray[np.int64] | None) -> Model:
        """The model of some bodies of a population; of one body, itself."""
        return self

    def value(self, path: str) -> float:
        """One number, by ``table/row/column`` (``table/row`` where the column is ``value``)."""
        table, row, column = self.resolve(path)
        own = optional(self.tables, table)
        try:
            return own.value(row, column)
        except ModelError:
            rows = _few(own.rows)
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

    def scaled(
        self,
        *,
        height: float | None = None,
        mass: float | None = None,
        sex: str | None = None,
        lengths: Mapping[str, float] | None = None,
        strength: str | float = "volume",
    ) -> Model:
        """Another person's body.

        Parameters
        ----------
        height : float, optional
            Standing height, 1.2 to 2.2 m; by default the model's own, ``settings/height``.
        mass : float, optional
            Mass of the whole body, 25 to 250 kg; by default the model's own.
        sex : {"female", "male"}, optional
            Whose shares of mass and centres of mass the segments have (de Leva 1996); by default in proportion to the
            model's own.
        lengths : mapping of str to float, optional
            Lengths in m of ``trunk`` (L5/S1 to the height of the shoulder), ``pelvis`` (between the hip centres),
            ``thigh``, ``shank`` (between joint centres) and ``foot`` (of the sole); what is not named follows height.
        strength : {"volume", "mass^(2/3)"} or float
            How maximal forces follow: the volume of muscle that goes with height and mass (Handsfield et al. 2014) over
            the length of the fibres; the area of a similar body; or the factor of every force.

        Returns
        -------
        Model
            With the same names, angles, ranges of motion and friction.

        Raises
        ------
        ModelError
            A number is none that a person has, or is in another unit; the model does not say its height, or lacks a
            part that ``lengths`` names.

        Notes
        -----
        Each rule and its source is in ``biomech.model.scaling`` and docs/theory/models.md. Lengths across a segment
        follow height. Fibre and tendon lengths follow the muscle's length at the neutral pose. With the same height,
        mass and lengths the body is unchanged; scaling back gives it back, unless ``sex`` was given, which sets shares.

        A stance is not scaled: its width, a seat's height and a load's place in m are those of the person who stands.

        Examples
        --------
        >>> import biomech as bm
        >>> woman = bm.load_model().scaled(height=1.62, mass=55.0, sex="female")
        >>> round(woman.body_mass, 9), round(woman.value("settings/height"), 9)
        (55.0, 1.62)
        >>> long_legged = bm.load_model().scaled(height=1.80, lengths={"thigh": 0.44, "shank": 0.46})
        >>> round(long_legged.value("joints/ankle_r/y"), 9)
        -0.46
        """
        return self._of_roles(scale_tables(self.tables_by_role, height, mass, sex, lengths, strength))

    def without(self, names: str | Iterable[str]) -> Model:
        """A body without some muscles or limbs.

        Parameters
        ----------
        names : str or iterable of str
            Names or patterns (``*``, ``?``) of muscles and segments. With a segment goes all that hangs on it, and
            every muscle that reaches it.

        Returns
        -------
        Model
            What is left, checked as a whole. Its masses are as they were: a body without a leg weighs less.

        Raises
        ------
        ModelError
            A pattern matches nothing, or what is left is no body; the message names what depends on what is gone.

        Notes
        -----
        Where a limb ends, a coordinate that nothing moves any more is locked as in the neutral pose: without
        ``calcn_l`` the talus is left, as the end of the stump. ``sweep`` stands on feet and says what it misses;
        ``kinematics``, ``muscle_geometry``, ``gravity`` and ``static_optimization`` need none.

        Examples
        --------
        >>> import biomech as bm
        >>> model = bm.load_model()
        >>> bodies = model, model.without("soleus_*")
        >>> [float(bm.sweep(body, pelvic_tilt=0).activation.sel(muscle="med_gas_r").round(2)) for body in bodies]
        [0.02, 0.08]
        >>> amputee = model.without("femur_l")
        >>> amputee.segments
        ('pelvis', 'torso', 'femur_r', 'tibia_r', 'talus_r', 'calcn_r', 'toes_r')
        """
        left = remove_parts(self.tables_by_role, **self._parts_named(names))
        try:
            return self._of_roles(left)
        except ModelError as error:
            raise ModelError(f"names = {shown(names)}: what is left is no body: {error}") from None

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
            own = optional(tables, one_of("rows", name, COLUMNS, ModelError))
            try:
                new = with_left_side(make_table(name, given))
                both = {column: (*cells, *new.columns[column]) for column, cells in own.columns.items()}
                tables[name] = Table(name, both)
            except ModelError as error:
                raise ModelError(f"rows[{name!r}]: {error}") from None
        return self._with_tables(tables)

    def with_roles(
        self,
        *,
        segments: Mapping[str, str] | None = None,
        joints: Mapping[str, str] | None = None,
        coordinates: Mapping[str, str] | None = None,
        mirror: Mapping[str, str] | None = None,
        signs: Mapping[str, float] | None = None,
    ) -> Model:
        """A new model whose parts are told their roles: which segment is the right thigh, which joint L5/S1.

        Parameters
        ----------
        segments, joints, coordinates : mapping of str to str
            Role, of ``biomech.model.roles.ROLES``, to the name of the part. What is not said stays as it was.
        mirror : mapping of str to str
            Name of a part on the right to that of its mirror image on the left, of muscles and of what has no role,
            where their names do not end in ``_r`` and ``_l``.
        signs : mapping of str to float
            Role of a coordinate to -1 where the body counts the other way round than its role does (``knee_angle_r``
            extends the knee), or to 1. Angles, moments and arms of that coordinate go in and come out as the body
            counts.

        Returns
        -------
        Model
            Of the same tables.

        Raises
        ------
        ModelError
            There is no such role or part, or one is told twice.

        Examples
        --------
        >>> import biomech as bm
        >>> model = bm.load_model("small")
        >>> model.with_roles(segments={"torso": "torso"}).roles.segments["torso"]
        'torso'
        """
        told = self.roles.record()
        given = {"segments": segments, "joints": joints, "coordinates": coordinates, "signs": signs}
        both = {kind: {**told.get(kind, {}), **_roles(kind, own)} for kind, own in given.items()}
        pairs = {**told.get("mirror", {}), **_roles("mirror", mirror)}
        return Model(self.name, self.tables, make_roles(self.tables, both, pairs))

    def row(self, table: str, name: str) -> dict[str, Any]:
        """One row of a table, from column to cell (empty where it has none): a beginning for ``with_rows``.

        Raises
        ------
        ModelError
            There is no such table or row.
        """
        own = optional(self.tables, one_of("table", table, COLUMNS, ModelError))
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
            table = optional(tables, name)
            rows = self.rows_matching(name, pattern)
            if not rows:
                raise ModelError(f"{where}: no row of table {name!r} matches {pattern!r}; rows are {_few(table.rows)}")
            tables[name] = table.with_numbers(column, {i: rule(float(table.columns[column][i]), number) for i in rows})
            named |= {(name, table.rows[i]) for i in rows}
        check_tables(self.role_names.rename(tables))
        return self._with_tables(self._followed(tables, named))

    def _followed(self, tables: Mapping[str, Table], named: set[tuple[str, str]]) -> Mapping[str, Table]:
        """Tables in which what belongs to the body has followed what was changed."""
        if self.role_names.is_plain:
            return follow(self.tables, tables, named)
        found = follow(self.tables_by_role, self.role_names.rename(tables), named)
        return self.role_names.restore(self.tables, self.tables_by_role, found)

    def _with_tables(self, tables: Mapping[str, Table]) -> Model:
        """A model of these tables, whose parts have the roles that they have here; new ones those that names tell."""
        told = remaining(self.roles.record(), tables)
        return Model(self.name, tables, make_roles(tables, told, told.get("mirror")) if told else NO_ROLES)

    def _of_roles(self, tables: Mapping[str, Table]) -> Model:
        """A model of tables whose parts are called by their roles, and of which some may be gone."""
        return self._with_tables(self.role_names.restore(self.tables, self.tables_by_role, tables))

    def _parts_named(self, patterns: object) -> dict[str, set[str]]:
        """Muscles and segments that patterns name, by their roles."""
        found: dict[str, set[str]] = {"muscles": set(), "segments": set()}
        for pattern in [patterns] if isinstance(patterns, str) else name_list("names", patterns, error=ModelError):
            rows = {kind: self.rows_matching(kind, text("names", pattern, ModelError)) for kind in found}
            if not any(rows.values()):
                own = ", ".join(self.tables["segments"].rows)
                raise ModelError(f"names = {shown(pattern)}: matches no muscle and no segment; segments are {own}")
            for kind, places in rows.items():
                found[kind] |= {self.tables_by_role[kind].rows[i] for i in places}
        return found

    def rows_matching(self, table: str, pattern: str) -> list[int]:
        """Positions of the rows of a table that a pattern names.

        It names parts by what the body calls them, else by their roles, else, of muscles, by their group.
        """
        own = optional(self.tables, one_of("table", table, COLUMNS, ModelError))
        rows = own.matching(pattern) or optional(self.tables_by_role, table).matching(pattern)
        if not rows and table == "muscles":
            members = self.groups.get(pattern, ())
            rows = [i for i, name in enumerate(own.rows) if name in members]
        return rows

    def resolve(self, path: str) -> tuple[str, str, str]:
        """Table, row (or pattern) and column of a path; refuses what is no number of a table."""
        return _parts(f"path = {shown(path)}", text("path", path, ModelError))

    def sides(self, names: tuple[str, ...]) -> list[str]:
        """``right``, ``left`` or ``midline`` for each name."""
        by_role: dict[str, str] = {}
        for found in self.role_names.by_role.values():  # of parts that share a name the muscle comes last, and counts
            by_role |= found
        return [side_of(by_role.get(name, name)) for name in name_list("names", names, error=ModelError)]

    def kinematics(self, poses: Coordinates | None = None, /, **coordinates: ArrayLike) -> xr.Dataset:
        """Where every segment is; see ``biomech.model.geometry.kinematics``.

        Coordinates go by name, or in a mapping, Dataset or DataFrame; labels of their own (``time``, ``trial``) are
        aligned, and come back in the place of ``pose``.
        """
        return kinematics(self.compiled(), joined(poses, coordinates))

    def muscle_geometry(self, poses: Coordinates | None = None, /, **coordinates: ArrayLike) -> xr.Dataset:
        """Length and moment arm of every muscle, see ``geometry.muscle_geometry``; coordinates as in ``kinematics``."""
        self.shared("paths are known", lambda: check_left_out(self.name, self.tables, ("path",)))
        return muscle_geometry(self.compiled(), joined(poses, coordinates))

    def gravity(self, poses: Coordinates | None = None, /, **coordinates: ArrayLike) -> xr.Dataset:
        """Generalised force of gravity, see ``geometry.gravity``; coordinates as in ``kinematics``."""
        self.shared("gravity is known", lambda: check_left_out(self.name, self.tables, ("gravity",)))
        return gravity(self.compiled(), joined(poses, coordinates))

    def passive_moment(
        self, poses: Coordinates | None = None, /, *, knee_laxity: float = 0.0, **coordinates: ArrayLike
    ) -> xr.Dataset:
        """Passive moments and their derivatives, see ``geometry.passive_moment``; coordinates as in ``kinematics``."""
        kinds = ("spring", "force")
        self.shared("passive forces are known", lambda: check_left_out(self.name, self.tables, kinds))
        return passive_moment(self.compiled(), joined(poses, coordinates), knee_laxity)

    def bushing_force(self, poses: Coordinates | None = None, /, **coordinates: ArrayLike) -> xr.Dataset:
        """What bushings and springs between segments exert, in coordinates as in ``kinematics``.

        Returns
        -------
        Dataset
            ``bushing_force`` and ``bushing_moment`` (pose, bushing, axis) on the second segment, at and about the
            origin of the second frame, in the axes of the first, N and N.m; ``point_spring_force`` (pose,
            point_spring), N, positive where it pulls; ``generalized_force`` (pose, coordinate) of all, N.m (N for
            translations).

        Examples
        --------
        A disc between pelvis and trunk, of the stiffness of an intact L5/S1 or so:

        >>> import biomech as bm
        >>> model = bm.load_model()
        >>> place = {f"{end}_{part}": 0.0 for end in ("first", "second") for part in ("x", "y", "z", "rx", "ry", "rz")}
        >>> place |= dict(zip(("first_x", "first_y"), model.tables["joints"].numbers("x", "y")[1].tolist()))
        >>> stiff = {f"rotational_stiffness_{axis}": 100.0 for axis in "xyz"}
        >>> stiff |= {f"translational_stiffness_{axis}": 1e5 for axis in "xyz"}
        >>> disc = {"bushing": "disc", "first": "pelvis", "second": "torso", **place, **stiff, "source": "an example"}
        >>> ds = model.with_rows({"bushings": [disc]}).bushing_force(lumbar_extension=-10.0)
        >>> float(ds.bushing_moment.sel(bushing="disc", axis="z").squeeze().round(2))
        17.45
        """
        own = bushing_force(self.compiled(), joined(poses, coordinates))
        return own.assign_coords({name: list(optional(self.tables, f"{name}s").rows) for name in _LINKED})


def _roles(argument: str, given: object) -> Mapping[str, Any]:
    """What was said of roles, perhaps nothing."""
    return {} if given is None else mapping(argument, given, "roles to names", ModelError)


def _catalog(tables: dict[str, Table]) -> Catalog[Table]:
    return Catalog("tables of a model", tables, described)


def _parts(where: str, path: str) -> tuple[str, str, str]:
    """Table, row and column of a path; ``where`` is how a message calls it."""
    table, _, rest = path.partition("/")
    row, _, column = rest.partition("/")
    column = column or "value"
    if table not in COLUMNS:
        raise ModelError(f"{where}: there is no table {shown(table)}; tables are {', '.join(COLUMNS)}")
    numbers = [name for name, kind in COLUMNS[table].items() if kind != "text"]
    if column not in numbers:
        raise ModelError(f"{where}: {shown(column)} is no number of table {table!r}; numbers are {', '.join(numbers)}")
    return table, row, column


def _few(rows: tuple[str, ...]) -> str:
    """The first rows of a table: some have hundreds."""
    return ", ".join(rows[:12]) + (", ..." if len(rows) > 12 else "")
