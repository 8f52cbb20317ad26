"""Solve measured frames: the tables that their kernel needs, and with patience what it leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from biomech.model.forces.contact import NO_CONTACT
from biomech.model.model import Model
from biomech.pipeline.measured_kernel import MeasuredArrays, MeasuredBody, MeasuredInputs, solve_frames_simd
from biomech.pipeline.pipeline_kernel import ResultArrays
from biomech.pipeline.result_schema import column_of, result_columns, spread
from biomech.pipeline.solve_stances import StanceSolution
from biomech.pipeline.status import OPTIMAL
from biomech.sharing import Criterion, LoadSharingProblem, Solution, solve
from biomech.sharing.block_sparsity import BlockSparsity, entry_index, find_sparsity
from biomech.sharing.limiting import limiting_unknowns
from biomech.sharing.response import Costs, make_costs
from biomech.statics.equilibrium import ExternalLoads, assemble, compile_equilibrium, sparsity
from biomech.statics.posture import ranges
from biomech.statics.reactions import compile_cuts, reported_joints

Array = NDArray[np.float64]

#: rad or m by which a coordinate may miss its range: degrees are turned into radians.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class FrameSharing:
    """How frames share their load: criterion, least activation, reserve of every coordinate, strength by length."""

    criterion: Criterion
    lower: float
    reserve: Array
    force_length: bool


@dataclass(frozen=True)
class FrameTables:
    """Tables for frames of a model that are solved alike."""

    sharing: FrameSharing
    body: MeasuredBody
    pattern: BlockSparsity
    costs: Costs


@dataclass(frozen=True)
class MeasuredSolution(StanceSolution):
    """Answers of measured frames, and what only these have, each (frame, coordinate).

    ``required`` and ``reserve`` are moments (forces), ``inside`` says whether the coordinate is in its trusted range;
    ``given`` is what was measured, by the name of its variable.
    """

    required: Array
    reserve: Array
    inside: NDArray[np.bool_]
    given: Mapping[str, Array] = field(default_factory=dict)


def compile_frames(model: Model, sharing: FrameSharing) -> FrameTables:
    """Tables of the whole body, made once per model and way of sharing."""
    key = ("frames", sharing.criterion, sharing.lower, sharing.reserve.tobytes(), sharing.force_length)
    tables: FrameTables = model.cached(key, lambda: _compile_frames(model, sharing))
    return tables


def _compile_frames(model: Model, sharing: FrameSharing) -> FrameTables:
    """The unknowns are the muscles and then the reserves."""
    compiled = model.compiled()
    rows, muscles = compiled.actuated, len(compiled.muscles)
    own = np.flatnonzero(sharing.reserve[rows])
    unknowns = muscles + len(own)
    acts = np.zeros((len(rows), unknowns), dtype=bool)
    acts[:, :muscles] = sparsity(compiled, rows, NO_CONTACT)
    acts[own, muscles + np.arange(len(own))] = True
    pattern: BlockSparsity = model.shared(("sparsity of frames", own.tobytes()), lambda: find_sparsity(acts))
    order = pattern.unknown.astype(np.int64)
    place = entry_index(pattern, len(rows), unknowns)
    lower, upper, quadratic = _bounds(muscles, len(own), sharing.lower)
    body = MeasuredBody(
        compiled.tables,
        NO_CONTACT,
        compile_equilibrium(compiled, rows, NO_CONTACT, place, sharing.force_length, tissue=False),
        compile_cuts(compiled, tuple(reported_joints(compiled))),
        rows.astype(np.uint64),
        sharing.reserve[rows[own]],
        place[own, muscles + np.arange(len(own))].astype(np.uint64),
        rows[own].astype(np.uint64),
        lower[order],
        upper[order],
    )
    costs = make_costs(sharing.criterion, np.ones(unknowns), quadratic[order], np.ones(len(rows)))
    return FrameTables(sharing, body, pattern, costs)


def _bounds(muscles: int, reserves: int, lower: float) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Bounds of muscles and reserves, and whether they cost their square under any criterion."""
    free = np.full(reserves, np.inf)
    least, most = np.concatenate([np.full(muscles, lower), -free]), np.concatenate([np.ones(muscles), free])
    return least, most, np.arange(muscles + reserves) >= muscles


def solve_frames(
    model: Model, tables: FrameTables, q: Array, external: ExternalLoads, given: Mapping[str, Array]
) -> MeasuredSolution:
    """Answers of frames with coordinates ``q`` (frame, coordinate) in rad and m.

    Result arrays that are ``given``, (frame, column) and all zero, are filled in place.
    """
    columns, count = result_columns(model), len(q)
    zero = {name: np.zeros(q.shape) for name in ("required", "reserve")}
    arrays = {
        name: given[name] if name in given else np.zeros((count, columns[name]))
        for name in (*MeasuredArrays._fields, "shortfall")
        if name not in zero
    }
    found = MeasuredArrays(*((arrays | zero)[name] for name in MeasuredArrays._fields))
    inputs, every = MeasuredInputs(q, external, np.empty((count, 0))), np.arange(count, dtype=np.uint64)
    solve_frames_simd(tables.body, tables.pattern, tables.costs, inputs, every, found)
    hard = np.flatnonzero(found.certificate[:, column_of("status")] != OPTIMAL)
    if hard.size:
        _solve_patiently(model, tables, inputs, hard, found, arrays["shortfall"])
    _place_knees(model, found)
    least, most = ranges(model, model.compiled(), "trusted")
    inside = (q >= least - _ROUNDING) & (q <= most + _ROUNDING)
    empty = np.empty((count, 0))
    results = ResultArrays(*(arrays.get(name, empty) for name in ResultArrays._fields))
    return MeasuredSolution(model, results, found.strength, found.required, found.reserve, inside)


def _place_knees(model: Model, found: MeasuredArrays) -> None:
    """Put the knees where they belong: the kernel writes those that have a patella side by side."""
    compiled = model.compiled()
    for name in ("tension", "patella"):
        source, order, _ = spread(name, compiled, compiled)
        if source != order:
            values = getattr(found, name)
            taken = values[:, source]
            values[:] = 0.0
            values[:, order] = taken


def _solve_patiently(
    model: Model,
    tables: FrameTables,
    inputs: MeasuredInputs,
    hard: NDArray[np.int64],
    found: MeasuredArrays,
    shortfall: Array,
) -> None:
    """Share the load of frames ``hard`` with patience, and let the kernel take it over."""
    external = ExternalLoads(*(part[hard] for part in inputs.external))
    solution = _share_patiently(model, tables.sharing, inputs.q[hard], external)
    shared = np.zeros((len(inputs.q), len(tables.pattern.unknown)))
    shared[hard] = solution.value[:, tables.pattern.unknown.astype(np.int64)]
    taken = inputs._replace(shared=shared)
    solve_frames_simd(tables.body, tables.pattern, tables.costs, taken, hard.astype(np.uint64), found)
    shortfall[np.ix_(hard, model.compiled().actuated)] = solution.shortfall
    for name, value in (
        ("cost", solution.cost),
        ("equilibrium_residual", solution.residual),
        ("duality_gap", solution.gap),
        ("status", solution.status),
        ("limiting_muscle", limiting_unknowns(solution, len(model.muscles))),
    ):
        found.certificate[hard, column_of(name)] = value


def _share_patiently(model: Model, sharing: FrameSharing, q: Array, external: ExternalLoads) -> Solution:
    """Share the load among muscles and reserves."""
    compiled = model.compiled()
    equilibrium = assemble(compiled, compiled.actuated, NO_CONTACT, external, q, sharing.force_length, tissue=False)
    frames, rows, muscles = equilibrium.coefficients.shape
    reserve = sharing.reserve[compiled.actuated]
    own = np.flatnonzero(reserve)
    columns = np.zeros((frames, rows, len(own)))
    columns[:, own, np.arange(len(own))] = reserve[own]
    lower, upper, quadratic = _bounds(muscles, len(own), sharing.lower)
    problem = LoadSharingProblem(
        np.concatenate([equilibrium.coefficients, columns], axis=2),
        equilibrium.demand,
        upper,
        np.ones(muscles + len(own)),
        lower,
        quadratic=quadratic,
    )
    return solve(problem, sharing.criterion)
