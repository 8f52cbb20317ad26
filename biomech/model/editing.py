"""Changes of a body, each a new model: other numbers, another person, parts that go, rows that come, roles."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from biomech._arguments import mapping, name_list, one_of, real_number, shown, text
from biomech.errors import ModelError
from biomech.model.checks.body import check_tables
from biomech.model.lookup import TableLookup, few, parts_of
from biomech.model.mirror import with_left_side
from biomech.model.notes import outdated
from biomech.model.proportions import follow
from biomech.model.references import PATHS
from biomech.model.removal import remove_parts
from biomech.model.reported import change_reported
from biomech.model.roles import NO_ROLES, RoleNames, Roles, make_roles, remaining
from biomech.model.scaling import scale_tables
from biomech.model.tables import COLUMNS, Table, make_table, optional

if TYPE_CHECKING:
    from biomech.model.model import Model


class Editing(TableLookup):
    """A body never changes; what it would be changed is another."""

    if TYPE_CHECKING:
        name: str
        roles: Roles

        @property
        def role_names(self) -> RoleNames: ...

    @abstractmethod
    def _with(self, tables: Mapping[str, Table], roles: Roles) -> Model:
        """A model of the same name."""

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
            Names or patterns (``*``, ``?``) of muscles, passive paths, path actuators and segments. With a segment goes
            all that hangs on it, and everything along a path that reaches it.

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
        parts = self._parts_named(names)
        try:
            left = remove_parts(self.tables_by_role, **parts)
        except ModelError as error:
            raise ModelError(self.role_names.in_own_words(str(error))) from None
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
        sides: Mapping[str, str] | None = None,
        reported: Mapping[str, str | tuple[str, str] | None] | None = None,
    ) -> Model:
        """A new model whose parts are told their roles: which segment is the right thigh, which joint L5/S1.

        Parameters
        ----------
        segments, joints, coordinates : mapping of str to str
            Role, of ``biomech.model.roles.ROLES``, to the name of the part. What is not said stays as it was.
        mirror : mapping of str to str
            Name of a part on the right to that of its mirror image on the left, of muscles, of what else runs along a
            path and of what has no role, where their names do not end in ``_r`` and ``_l``.
        signs : mapping of str to float
            Role of a coordinate to -1 where the body counts the other way round than its role does (``knee_angle_r``
            extends the knee), or to 1. Angles, moments and arms of that coordinate go in and come out as the body
            counts.
        sides : mapping of str to str
            Name of a part, of one side alone, to ``right`` or ``left``, where its name does not end in ``_r`` or
            ``_l``: a muscle that the other side lacks.
        reported : mapping of str to str, (str, str) or None
            Joint, by its name or role, to the segment in whose axes its contact force and moment are told:
            ``{"hip_r": "pelvis", "subtalar_r": "calcn_r"}``. ``("calcn_r", "-y")`` says as well along which axis, and
            which way, it is pressed together, for ``joint_compression``; None tells of it no more. Joints that are not
            named stay (``reported_joints``).

        Returns
        -------
        Model
            Of the same parts.

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
        >>> ds = bm.sweep(model.with_roles(reported={"hip_r": "pelvis"}), pelvic_tilt=0)
        >>> ds.joint_contact_moment.attrs["frame"].split("; ")[0]
        "moment of the parent on the child segment about the joint's centre, in the axes of segments: hip_r in pelvis"
        """
        told = self.roles.record()
        given = {"segments": segments, "joints": joints, "coordinates": coordinates, "signs": signs, "sides": sides}
        both = {kind: {**told.get(kind, {}), **_roles(kind, own)} for kind, own in given.items()}
        pairs = {**told.get("mirror", {}), **_roles("mirror", mirror)}
        roles, tables = make_roles(self.tables, both, pairs), self.tables
        if reported is not None:
            changed = change_reported(tables, RoleNames(tables, roles), reported)
            tables = {**tables, "reported_joints": changed}
        return self._with(tables, roles)

    def _changed(self, argument: str, changes: object, rule: Callable[[float, float], float]) -> Model:
        tables, named = dict(self.tables), set()
        for path, given in mapping(argument, changes, "paths, table/row/column, to numbers", ModelError).items():
            where = f"{argument}[{shown(path)}]"
            name, pattern, column = parts_of(where, path)
            number = real_number(where, given, error=ModelError)
            table = optional(tables, name)
            rows = self.rows_matching(name, pattern)
            if not rows:
                raise ModelError(f"{where}: no row of table {name!r} matches {pattern!r}; rows are {few(table.rows)}")
            tables[name] = table.with_numbers(column, {i: rule(float(table.columns[column][i]), number) for i in rows})
            named |= {(name, table.rows[i]) for i in rows}
        check_tables(tables, self.role_names)
        return self._with_tables(self._followed(tables, named))

    def _followed(self, tables: Mapping[str, Table], named: set[tuple[str, str]]) -> Mapping[str, Table]:
        """Tables in which what belongs to the body has followed what was changed."""
        if self.role_names.is_plain:
            return follow(self.tables, tables, named)
        found = follow(self.tables_by_role, self.role_names.rename(tables), named)
        return self.role_names.restore(self.tables, self.tables_by_role, found)

    def _with_tables(self, tables: Mapping[str, Table]) -> Model:
        """A model of these tables, whose parts have the roles that they have here; new ones those that names tell."""
        tables = outdated(self.tables, tables)
        told = remaining(self.roles.record(), tables)
        return self._with(tables, make_roles(tables, told, told.get("mirror")) if told else NO_ROLES)

    def _of_roles(self, tables: Mapping[str, Table]) -> Model:
        """A model of tables whose parts are called by their roles, and of which some may be gone."""
        return self._with_tables(self.role_names.restore(self.tables, self.tables_by_role, tables))

    def _parts_named(self, patterns: object) -> dict[str, set[str]]:
        """All along paths, called muscles, and segments that patterns name, by their roles."""
        found: dict[str, set[str]] = {kind: set() for kind in (*PATHS, "segments")}
        for pattern in [patterns] if isinstance(patterns, str) else name_list("names", patterns, error=ModelError):
            rows = {kind: self.rows_matching(kind, text("names", pattern, ModelError)) for kind in found}
            if not any(rows.values()):
                own = ", ".join(self.tables["segments"].rows)
                raise ModelError(f"names = {shown(pattern)}: matches no muscle and no segment; segments are {own}")
            for kind, places in rows.items():
                found[kind] |= {optional(self.tables_by_role, kind).rows[i] for i in places}
        return {"muscles": set[str]().union(*(found[kind] for kind in PATHS)), "segments": found["segments"]}


def _roles(argument: str, given: object) -> Mapping[str, Any]:
    """What was said of roles, perhaps nothing."""
    return {} if given is None else mapping(argument, given, "roles to names", ModelError)
