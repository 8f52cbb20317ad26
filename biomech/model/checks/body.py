"""A body looked at as a whole: by its own names, and counted as it counts, with its roles beside it."""

from __future__ import annotations

from collections.abc import Mapping

from biomech.errors import ModelError
from biomech.model.checks.extents import check_extents
from biomech.model.checks.limits import check_numbers
from biomech.model.checks.references import check_names, check_references
from biomech.model.checks.relations import check_relations
from biomech.model.forces.passive_paths import KINDS as PASSIVE_KINDS
from biomech.model.mechanics.splines import check_knots
from biomech.model.mechanics.wrapping.tables import KINDS, QUADRANTS, check_wraps
from biomech.model.reported import WAYS
from biomech.model.roles import RoleNames
from biomech.model.tables import Table, check_cells, complete, optional

#: Columns that hold one of few words.
_WORDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("coordinates", "motion", ("rotation", "translation")),
    ("coordinates", "stance", ("free", "locked", "held")),
    ("contact_points", "surface", ("sole", "seat")),
    ("couplings", "component", ("x", "y", "z")),
    ("path_points", "kind", ("fixed", "conditional", "moving")),
    ("patellar_tendon", "curve", ("arm", "direction")),
    ("passive_paths", "kind", tuple(PASSIVE_KINDS)),
    ("wraps", "kind", tuple(KINDS)),
    ("wraps", "quadrant", tuple(QUADRANTS)),
    ("reported_joints", "compression", WAYS),
)


def check_body(tables: Mapping[str, Table], names: RoleNames) -> None:
    """Refuse tables that make no body; ``names`` say which of its parts have which roles.

    Raises
    ------
    ModelError
        Names the row and column as the body calls them, the value, and what is allowed.
    """
    check_tables(tables, names)
    check_relations(tables, names)
    check_extents(tables, names)


def check_tables(tables: Mapping[str, Table], names: RoleNames) -> None:
    """Refuse names that do not exist, and numbers that no body can have."""
    check_cells(tables.values())
    check_names(tables)
    _check_words(tables)
    _check_couplings(tables)
    check_knots(tables["splines"])
    check_numbers(tables, names)
    check_references(complete(tables))
    check_wraps(tables)


def _check_words(tables: Mapping[str, Table]) -> None:
    for table, column, words in _WORDS:
        for row, word in zip(optional(tables, table).rows, optional(tables, table).text(column), strict=True):
            if word not in words:
                raise ModelError(f"{table}/{row}/{column} = {word!r}: must be one of {', '.join(words)}")


def _check_couplings(tables: Mapping[str, Table]) -> None:
    """A joint slides with coordinates of its own: each has one screw, which moves all that is outward alike."""
    table, couplings = tables["coordinates"], tables["couplings"]
    joint_of = dict(zip(table.rows, table.text("joint"), strict=True))
    for row, joint, name, spline in zip(
        couplings.rows,
        couplings.text("joint"),
        couplings.text("coordinate"),
        couplings.text("spline"),
        strict=True,
    ):
        if joint_of.get(name) != joint:
            own = ", ".join(c for c, of in joint_of.items() if of == joint)
            raise ModelError(f"couplings/{row}/coordinate = {name!r}: must be a coordinate of joint {joint!r}: {own}")
        if not spline:
            raise ModelError(f"couplings/{row}/spline: must not be empty")
