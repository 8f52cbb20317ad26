"""Draws that make a body: which cells of a model they change, and whether any draw makes what cannot be.

All draws are looked at, block by block, before the first is answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech.errors import BiomechError, StanceError
from biomech.model.checks.extents import centre_bounds, outside_segment, pulled_bone, shorter_than
from biomech.model.checks.limits import Range, row_ranges
from biomech.model.compiled import NUMBERS
from biomech.model.forces.abdominal_pressure import PRESSURE
from biomech.model.forces.patella import LEAST_ARM, arm_shares
from biomech.model.mirror import mirror_sign, other_side
from biomech.model.model import Model
from biomech.stance.parameters import PARAMETERS
from biomech.uncertainty.priors import Draws, Prior, default_priors

Array = NDArray[np.float64]
Columns = dict[tuple[str, str], Array]

_SLACK = ("hip_internal_rotation_slack", "hip_external_rotation_slack")


@dataclass(frozen=True)
class Cells:
    """The cells of a column that a prior of the model changes; ``sign`` of each, -1 where the mirror turns it."""

    table: str
    column: str
    rows: NDArray[np.int64]
    sign: Array


def find_cells(model: Model, prior: Prior) -> Cells:
    """Cells that a prior of the model changes: those that match, and their mirror images."""
    if prior.of_person:
        raise StanceError(
            f"priors[{prior.name!r}]: concerns {prior.target}; people are drawn by uncertainty.draw_people"
        )
    try:
        table, column, rows, way = _target(model, prior.target)
    except BiomechError as error:
        raise StanceError(f"priors[{prior.name!r}]: {error}") from None
    names = model.tables_by_role[table].rows
    turned = mirror_sign(table, column)
    sign = dict.fromkeys(rows, way)
    for row in rows:
        image = other_side(names[row])
        if image in names:
            sign.setdefault(names.index(image), way * turned)
        if turned < 0.0 and image == names[row] and model.is_symmetric:
            raise StanceError(
                f"prior {prior.name!r}: must not change {table}/{names[row]}/{column}, which would make the sides of "
                f"{model.name!r} differ; draws keep them alike"
            )
    return Cells(table, column, np.array(list(sign)), np.array(list(sign.values())))


def drawn_columns(model: Model, cells: Mapping[str, Cells], draws: Draws, part: slice) -> Columns:
    """Every column that is changed, in some of the draws: (table, column) to (draw, row)."""
    found: Columns = {}
    for name, own in cells.items():
        value = draws.values[name][part]
        column = found.get((own.table, own.column))
        if column is None:
            column = np.tile(model.tables[own.table].numbers(own.column), (len(value), 1))
            found[own.table, own.column] = column
        each = value[:, None] if value.ndim == 1 else value[:, own.rows]
        if draws.priors[name].how == "set":
            column[:, own.rows] = own.sign * each
        else:
            column[:, own.rows] *= each
    return found


def check_draws(model: Model, cells: Mapping[str, Cells], draws: Draws, asked: Iterable[str], before: int = 0) -> None:
    """Refuse draws of which one makes a body or a stance that cannot be.

    Parameters
    ----------
    model : Model
        What is drawn from.
    cells : mapping of str to Cells
        What each prior of the model changes.
    draws : Draws
        All draws.
    asked : iterable of str
        Stance parameters that are asked for, which no prior sets.
    before : int
        How many draws came before these, for their numbers in messages.

    Raises
    ------
    StanceError
        Names the prior, the draw, the number and what is allowed.
    """
    _check_stances(draws, set(asked), before)
    with np.errstate(over="ignore", invalid="ignore"):  # what is no number is found below
        columns = drawn_columns(model, cells, draws, slice(0, len(draws)))
        found = min(_faults(model, cells, columns), default=None, key=lambda fault: fault.draw)
    if found is not None:
        raise _refusal(model, cells, draws, before, found)


def _check_stances(draws: Draws, asked: set[str], before: int) -> None:
    """What a stance is set to lies in its range; what is added, and then kept in the range, does not exceed it."""
    for name, prior in draws.priors.items():
        if prior.of_stance and (prior.how != "set" or prior.target not in asked):
            limits, values = PARAMETERS[prior.target], draws.values[name]
            width = limits.most - limits.least
            ends = (limits.least, limits.most) if prior.how == "set" else (-width, width)
            allowed = Range(*ends, limits.unit)
            for draw in np.flatnonzero(~allowed.holds(values))[:1].tolist():
                raise StanceError(
                    f"prior {name!r}, draw {before + draw}: {prior.how} {prior.target} = {values[draw]:.6g}: {allowed}"
                )


@dataclass(frozen=True)
class _Fault:
    """A number of a draw that cannot be: its draw, its cell, and what is allowed."""

    draw: int
    table: str
    row: int
    column: str
    value: float
    allowed: str


def _faults(model: Model, cells: Mapping[str, Cells], columns: Columns) -> Iterator[_Fault]:
    """The first draw that fails, of every check that one fails."""
    changed: dict[tuple[str, str], set[int]] = {}
    for own in cells.values():
        changed.setdefault((own.table, own.column), set()).update(own.rows.tolist())
    for (table, column), values in columns.items():
        finite = np.isfinite(values)
        yield from _first(finite, table, np.arange(values.shape[1]), column, values, "must be a finite number")
        for bound, every in row_ranges(model.tables[table], column):
            rows = np.array([row for row in every if row in changed[table, column]], dtype=np.int64)
            yield from _first(bound.holds(values[:, rows]), table, rows, column, values, str(bound))
    yield from _centres(model, columns)
    yield from _slack(model, columns)
    yield from _tendons(model, columns)


def _first(
    good: NDArray[np.bool_], table: str, rows: NDArray[np.int64], column: str, values: Array, allowed: str
) -> Iterator[_Fault]:
    """The first draw with a number that is not good; ``good`` (draw, one of ``rows``)."""
    for draw, k in np.argwhere(~good)[:1].tolist():
        row = int(rows[k])
        yield _Fault(draw, table, row, column, float(values[draw, row]), allowed)


def _centres(model: Model, columns: Columns) -> Iterator[_Fault]:
    """Centres of mass in their segments."""
    names = [f"com_{axis}" for axis in "xyz"]
    if not any(("segments", column) in columns for column in names):
        return
    low, high = centre_bounds(model.tables, model.role_names)
    for axis, column in enumerate(names):
        values = columns.get(("segments", column))
        if values is not None:
            good = (values >= low[:, axis]) & (values <= high[:, axis])
            for fault in _first(good, "segments", np.arange(len(low)), column, values, ""):
                ends = float(low[fault.row, axis]), float(high[fault.row, axis])
                allowed = outside_segment(model.tables, model.role_names, fault.row, *ends)
                yield _Fault(fault.draw, "segments", fault.row, column, fault.value, allowed)


def _slack(model: Model, columns: Columns) -> Iterator[_Fault]:
    """The slack range of the hip's capsule begins before it ends."""
    values = columns.get(("passive", "value"))
    if values is not None:
        inward, outward = (model.tables["passive"].index(name) for name in _SLACK)
        good = values[:, [outward]] >= -values[:, [inward]]
        yield from _first(
            good, "passive", np.array([outward]), "value", values, f"must be at least minus passive/{_SLACK[0]}"
        )


def _tendons(model: Model, columns: Columns) -> Iterator[_Fault]:
    """The patellar tendon is shorter than its bone, and extends its knee wherever that may be."""
    values = columns.get(("patellar_tendon", "value"))
    if values is None:
        return
    for row, own in enumerate(model.tables["patellae"].text("coordinate")):
        bone, length = pulled_bone(model.tables, own)
        knots, shares = arm_shares(model.tables, own, model.tables["patellae"].numbers("flexion")[row])
        short = values[:, knots] < length
        yield from _first(short, "patellar_tendon", knots, "value", values, shorter_than(bone, length))
        arm = (values[:, knots] @ shares.T).min(axis=1)
        for draw in np.flatnonzero(~(arm >= LEAST_ARM))[:1].tolist():
            least = knots[int(values[draw, knots].argmin())]
            allowed = f"must leave the tendon an arm of at least {LEAST_ARM:g} m wherever {own} may be"
            yield _Fault(draw, "patellar_tendon", int(least), "value", float(values[draw, least]), allowed)


def _refusal(model: Model, cells: Mapping[str, Cells], draws: Draws, before: int, fault: _Fault) -> StanceError:
    """The error that names the priors that made a number, and what they drew."""
    said = []
    for name, own in cells.items():
        if (own.table, own.column) == (fault.table, fault.column) and fault.row in own.rows:
            value = draws.values[name][fault.draw]
            said.append(f"{name!r} ({float(value if np.ndim(value) == 0 else value[fault.row]):.6g})")
    table = model.tables[fault.table]
    where = f"{fault.table}/{table.rows[fault.row]}" + ("" if fault.column == "value" else f"/{fault.column}")
    priors = f"prior {', '.join(said)}" if len(said) == 1 else f"priors {', '.join(said)}"
    return StanceError(f"{priors}, draw {before + fault.draw}: {where} = {fault.value:.6g}: {fault.allowed}")


def default_priors_of(model: Model) -> Mapping[str, Prior]:
    """The default priors of what a body has, and of its stance."""
    every = default_priors()
    has = {name: prior.of_stance or bool(_rows_meant(model, prior.target)[2]) for name, prior in every.items()}
    return every if all(has.values()) else {name: prior for name, prior in every.items() if has[name]}


def _rows_meant(model: Model, path: str) -> tuple[str, str, list[int], float]:
    """Table, column and rows that a path means, perhaps none, and the sign that a number has there.

    Both sides have the same draws, so a path of a side that the body lacks means the other.
    """
    table, pattern, column = model.resolve(path)
    rows = model.rows_matching(table, pattern)
    if not rows and (rows := model.rows_matching(table, other_side(pattern))):
        return table, column, rows, mirror_sign(table, column)
    return table, column, rows, 1.0


def _target(model: Model, path: str) -> tuple[str, str, list[int], float]:
    """Table, column and rows that a path means, at least one, which a draw may change, and the sign there."""
    table, column, rows, sign = _rows_meant(model, path)
    if not rows:
        pattern = model.resolve(path)[1]
        raise StanceError(f"no row of table {table!r} matches {pattern!r} in model {model.name!r}")
    _check_path(table, [model.tables[table].rows[row] for row in rows], column)
    return table, column, rows, sign


def _check_path(table: str, rows: list[str], column: str) -> None:
    """Refuse what a draw cannot change."""
    free = column in NUMBERS.get(table, ())
    if not free or (table == "settings" and not set(rows) <= set(PRESSURE)):
        others = [f"{t}/*/{c}" for t, columns in NUMBERS.items() if t != "settings" for c in columns]
        allowed = ", ".join([*others, *(f"settings/{name}" for name in PRESSURE)])
        raise StanceError(f"a prior cannot change {table}/{rows[0]}/{column}; it may change {allowed}")
