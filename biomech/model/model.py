"""The model: immutable tables, and the questions that need no statics."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biomech._arguments import flag, instance, name_list, text
from biomech._display import About, Catalog, Displayed, Folded, counted
from biomech.errors import ModelError
from biomech.model.bodies import ONE_BODY, Bodies, numbers_of, torsions
from biomech.model.cache import Cache
from biomech.model.checks.body import check_body
from biomech.model.compiled import CompiledModel, check_columns, compile_model, with_numbers
from biomech.model.display import described
from biomech.model.editing import Editing
from biomech.model.geometry import bushing_force, gravity, kinematics, muscle_geometry, passive_moment
from biomech.model.left_out import check_left_out, told_left_out
from biomech.model.mirror import is_mirrored, is_symmetric, side_of
from biomech.model.notes import told_notes
from biomech.model.poses import Coordinates, joined
from biomech.model.roles import NO_ROLES, RoleNames, Roles, make_roles
from biomech.model.tables import SCHEMA, Table, check_cells, check_structure, optional

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
#: Elastic elements between segments: dimensions of answers, and tables with an s behind.
_LINKED = ("bushing", "point_spring")


@dataclass(frozen=True, eq=False, repr=False)
class Model(Displayed, Editing):
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

    def _with(self, tables: Mapping[str, Table], roles: Roles) -> Model:
        return Model(self.name, tables, roles)

    def __reduce__(self) -> tuple[type[Model], tuple[str, dict[str, Table], Roles]]:
        return Model, (self.name, dict(self.tables), self.roles)

    def _about(self) -> About:
        counts = [
            f"{self.body_mass:.1f} kg",
            counted(len(self.segments), "segment"),
            counted(len(self.coordinates), "coordinate"),
            f"{counted(len(self.muscles), 'muscle')} in {counted(len(self.groups), 'group')}",
        ]
        if "passive_paths" in self.tables:
            counts.append(counted(len(self.tables["passive_paths"]), "passive path"))
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

        It is of the body as it was read; of one that was changed or ``scaled`` since the line says so.

        Examples
        --------
        >>> import biomech as bm
        >>> bm.load_model().said
        ''
        """
        return told_notes(self.tables)

    @property
    def reported_joints(self) -> dict[str, str]:
        """Joints whose contact force and moment are told, to the segments in whose axes they are.

        By default hips, knees, ankles and L5/S1, each in the axes of the segment that it carries; ``with_roles``
        changes it.

        Examples
        --------
        >>> import biomech as bm
        >>> list(bm.load_model().reported_joints.items())[:3]
        [('hip_r', 'femur_r'), ('knee_r', 'tibia_r'), ('ankle_r', 'talus_r')]
        """
        own = self.role_names.own["segments"]
        return {row.label: own[row.segment] for row in self._named.reported}

    @property
    def left_out(self) -> tuple[str, ...]:
        """What a model file has and is not computed: class and name, and the muscle or kind of part it concerns."""
        return told_left_out(self.tables)

    @property
    def reserves(self) -> dict[str, float]:
        """Actuators that a model file has, N.m or N at unit control, for ``static_optimization``.

        Those of coordinates by coordinate, those along paths by their own name.

        Examples
        --------
        >>> import biomech as bm
        >>> bm.load_model().reserves
        {}
        """
        tables = [optional(self.tables, name) for name in ("reserves", "path_actuators")]
        return {name: own.value(name, "optimal_force") for own in tables for name in own.rows}

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
        names = self.role_names
        if self._origin is None:
            if not half:
                check_body(self.tables, names)
            try:
                return compile_model(self.tables_by_role, half, names)
            except ModelError as error:
                raise ModelError(names.in_own_words(str(error))) from None
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


def _catalog(tables: dict[str, Table]) -> Catalog[Table]:
    return Catalog("tables of a model", tables, described)
