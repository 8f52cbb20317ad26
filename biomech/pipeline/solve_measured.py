"""Solve measured frames: the tables that their kernel needs, and with patience what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech.model.compiled import CompiledModel
from biomech.model.forces.contact import NO_CONTACT
from biomech.model.geometry import path_geometry
from biomech.model.model import Model
from biomech.model.tables import optional
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
from biomech.statics.reactions import compile_cuts

Array = NDArray[np.float64]

#: rad or m by which a coordinate may miss its range: degrees are turned into radians.
_ROUNDING = 1e-9


class MuscleLimits(NamedTuple):
    """What muscles may do and what it costs: least and largest activation, weight in the cost; (frame or 1, muscle)."""

    lower: Array
    upper: Array
    weight: Array

    def of(self, block: slice) -> MuscleLimits:
        """Those of some frames; what holds for all stays."""
        return MuscleLimits(*(part if len(part) == 1 else part[block] for part in self))


@dataclass(frozen=True)
class FrameSharing:
    """How frames share their load: criterion, reserve of every coordinate and path actuator, strength by length.

    ``rows`` are the coordinates that must balance: those that are not held.
    """

    criterion: Criterion
    reserve: Array
    force_length: bool
    rows: NDArray[np.int64]

    def pulling(self, compiled: CompiledModel) -> NDArray[np.int64]:
        """The path actuators that are reserves, by their numbers."""
        return np.flatnonzero(self.reserve[len(compiled.coordinates) :])


@dataclass(frozen=True)
class FrameTables:
    """Tables for frames of a model that are solved alike; bounds and costs are those of the first frame."""

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


class Shared(NamedTuple):
    """Load that was shared elsewhere: unknowns (frame, unknown), as in ``compile_frames``, and solutions of frames."""

    value: Array
    solutions: Sequence[tuple[NDArray[np.int64], Solution]]


def compile_frames(model: Model, sharing: FrameSharing, limits: MuscleLimits) -> FrameTables:
    """Tables of the whole body, made once per model, way of sharing and limits that hold for all frames."""
    if any(len(part) > 1 for part in limits):
        return _compile_frames(model, sharing, limits)
    about = (sharing.criterion, sharing.reserve.tobytes(), sharing.force_length, sharing.rows.tobytes())
    key = ("frames", *about, *(part.tobytes() for part in limits))
    tables: FrameTables = model.cached(key, lambda: _compile_frames(model, sharing, limits))
    return tables


def _compile_frames(model: Model, sharing: FrameSharing, limits: MuscleLimits) -> FrameTables:
    """The unknowns are the muscles, the reserves of coordinates and then path actuators."""
    compiled = model.compiled()
    rows, muscles = sharing.rows, len(compiled.muscles)
    own, actuator = np.flatnonzero(sharing.reserve[rows]), sharing.pulling(compiled)
    unknowns, first = muscles + len(own) + len(actuator), muscles + len(own)
    along = _arms_along(compiled, rows, actuator)
    acts = np.zeros((len(rows), unknowns), dtype=bool)
    acts[:, :muscles] = sparsity(compiled, rows, NO_CONTACT)
    acts[own, muscles + np.arange(len(own))] = True
    balanced = along[along[:, 3] >= 0]
    acts[balanced[:, 3], first + balanced[:, 1]] = True
    key = ("sparsity of frames", rows.tobytes(), own.tobytes(), actuator.tobytes())
    pattern: BlockSparsity = model.shared(key, lambda: find_sparsity(acts))
    order = pattern.unknown.astype(np.int64)
    place = entry_index(pattern, len(rows), unknowns)
    along[along[:, 3] >= 0, 3] = place[balanced[:, 3], first + balanced[:, 1]]
    lower, upper = (part[0] for part in bounds_of(limits, reserve_bounds(model, sharing)))
    body = MeasuredBody(
        compiled.tables,
        NO_CONTACT,
        compile_equilibrium(compiled, rows, NO_CONTACT, place, sharing.force_length, tissue=False),
        compile_cuts(compiled),
        rows.astype(np.uint64),
        sharing.reserve[rows[own]],
        place[own, muscles + np.arange(len(own))].astype(np.uint64),
        rows[own].astype(np.uint64),
        sharing.reserve[len(compiled.coordinates) + actuator],
        actuator.astype(np.uint64),
        along,
        lower[order],
        upper[order],
    )
    return FrameTables(sharing, body, pattern, _costs(sharing, pattern, unknowns - muscles, limits.weight[0]))


def _arms_along(compiled: CompiledModel, rows: NDArray[np.int64], actuator: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows (arm, one of the path actuators that pull, coordinate, row or -1)."""
    row_of = np.full(len(compiled.coordinates), -1)
    row_of[rows] = np.arange(len(rows))
    first = len(compiled.muscles) + len(compiled.passive_paths)
    number = {first + int(own): k for k, own in enumerate(actuator)}
    arms = [(a, number[p], c, row_of[c]) for a, (p, c) in enumerate(compiled.paths.arms.tolist()) if p in number]
    return np.array(arms, dtype=np.int64).reshape(-1, 4)


def _costs(sharing: FrameSharing, pattern: BlockSparsity, reserves: int, weight: Array) -> Costs:
    """What muscles and reserves cost; reserves cost their square under any criterion."""
    order = pattern.unknown.astype(np.int64)
    weights = np.concatenate([weight, np.ones(reserves)])
    return make_costs(sharing.criterion, weights[order], order >= len(weight), np.ones(len(sharing.rows)))


def bounds_of(limits: MuscleLimits, reserves: tuple[Array, Array]) -> tuple[Array, Array]:
    """Bounds of muscles and reserves, (frame or 1, unknown)."""
    lower, upper = (
        np.concatenate([part, np.broadcast_to(end, (len(part), len(end)))], axis=1)
        for part, end in zip((limits.lower, limits.upper), reserves, strict=True)
    )
    return lower, upper


def reserve_bounds(model: Model, sharing: FrameSharing) -> tuple[Array, Array]:
    """Least and largest control of every reserve; only path actuators have limits."""
    free = np.full(np.count_nonzero(sharing.reserve[sharing.rows]), np.inf)
    table, actuator = optional(model.tables, "path_actuators"), sharing.pulling(model.compiled())
    low, high = (table.numbers(f"{end}_control")[actuator] for end in ("min", "max"))
    lower = np.concatenate([-free, np.where(np.isnan(low), -np.inf, low)])
    return lower, np.concatenate([free, np.where(np.isnan(high), np.inf, high)])


def frames_of_one_cost(weight: Array, count: int) -> Iterator[tuple[Array, NDArray[np.int64]]]:
    """Weights of muscles (muscle,), and the frames that have them: a kernel is given one set of costs."""
    if len(weight) == 1:
        yield weight[0], np.arange(count)
        return
    kinds, kind = np.unique(weight, axis=0, return_inverse=True)
    for k, own in enumerate(kinds):
        yield own, np.flatnonzero(kind.ravel() == k)


def solve_frames(
    model: Model,
    tables: FrameTables,
    q: Array,
    external: ExternalLoads,
    given: Mapping[str, Array],
    limits: MuscleLimits,
    demand: Array | None = None,
) -> MeasuredSolution:
    """Answers of frames with coordinates ``q`` (frame, coordinate) in rad and m.

    Result arrays that are ``given``, (frame, column) and all zero, are filled in place. ``demand`` (frame, row), where
    it is given, is what the muscles must do in place of what balances ``external``.
    """
    found, arrays = _make_arrays(model, q, given)
    count = len(q)
    empty, bounds = np.empty((count, 0)), reserve_bounds(model, tables.sharing)
    lower = upper = empty
    if len(limits.lower) > 1 or len(limits.upper) > 1:
        order = tables.pattern.unknown.astype(np.int64)
        lower, upper = (
            np.array(np.broadcast_to(part[:, order], (count, len(order))), order="C")
            for part in bounds_of(limits, bounds)
        )
    inputs = MeasuredInputs(q, external, empty, lower, upper, empty if demand is None else demand)
    for weight, which in frames_of_one_cost(limits.weight, count):
        if len(limits.weight) > 1:
            tables = replace(tables, costs=_costs(tables.sharing, tables.pattern, len(bounds[0]), weight))
        solve_frames_simd(tables.body, tables.pattern, tables.costs, inputs, which.astype(np.uint64), found)
        hard = which[found.certificate[which, column_of("status")] != OPTIMAL]
        if hard.size:
            _solve_patiently(model, tables, inputs, limits._replace(weight=weight), hard, found, arrays["shortfall"])
    return _solution(model, q, found, arrays)


def take_over(
    model: Model,
    tables: FrameTables,
    q: Array,
    external: ExternalLoads,
    given: Mapping[str, Array],
    limits: MuscleLimits,
    shared: Shared,
) -> MeasuredSolution:
    """Answers of frames whose load was shared elsewhere, with the certificates of there; as ``solve_frames``."""
    found, arrays = _make_arrays(model, q, given)
    empty, order = np.empty((len(q), 0)), tables.pattern.unknown.astype(np.int64)
    inputs = MeasuredInputs(q, external, np.ascontiguousarray(shared.value[:, order]), empty, empty, empty)
    every = np.arange(len(q), dtype=np.uint64)
    solve_frames_simd(tables.body, tables.pattern, tables.costs, inputs, every, found)
    for which, solution in shared.solutions:
        _certify(model, tables, which, solution, found, arrays["shortfall"])
    return _solution(model, q, found, arrays)


def _make_arrays(model: Model, q: Array, given: Mapping[str, Array]) -> tuple[MeasuredArrays, dict[str, Array]]:
    """Room for the answers, as the kernel fills it, and by name."""
    columns, count = result_columns(model), len(q)
    zero = {name: np.zeros(q.shape) for name in ("required", "reserve")}
    arrays = {
        name: given[name] if name in given else np.zeros((count, columns[name]))
        for name in (*MeasuredArrays._fields, "shortfall")
        if name not in zero
    }
    return MeasuredArrays(*((arrays | zero)[name] for name in MeasuredArrays._fields)), arrays


def _solution(model: Model, q: Array, found: MeasuredArrays, arrays: Mapping[str, Array]) -> MeasuredSolution:
    """What was found, put together."""
    _place_knees(model, found)
    least, most = ranges(model, model.compiled(), "trusted")
    inside = (q >= least - _ROUNDING) & (q <= most + _ROUNDING)
    empty = np.empty((len(q), 0))
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
    limits: MuscleLimits,
    hard: NDArray[np.int64],
    found: MeasuredArrays,
    shortfall: Array,
) -> None:
    """Share the load of frames ``hard``, whose muscles have one ``weight``, with patience; the kernel takes it over."""
    solution = _share_patiently(model, tables.sharing, inputs, limits, hard)
    shared = np.zeros((len(inputs.q), len(tables.pattern.unknown)))
    shared[hard] = solution.value[:, tables.pattern.unknown.astype(np.int64)]
    taken = inputs._replace(shared=shared)
    solve_frames_simd(tables.body, tables.pattern, tables.costs, taken, hard.astype(np.uint64), found)
    _certify(model, tables, hard, solution, found, shortfall)


def _certify(
    model: Model,
    tables: FrameTables,
    which: NDArray[np.int64],
    solution: Solution,
    found: MeasuredArrays,
    shortfall: Array,
) -> None:
    """Keep what is missing in frames ``which``, and the certificates of their ``solution``."""
    shortfall[np.ix_(which, tables.sharing.rows)] = solution.shortfall
    for name, value in (
        ("cost", solution.cost),
        ("equilibrium_residual", solution.residual),
        ("duality_gap", solution.gap),
        ("status", solution.status),
        ("limiting_muscle", limiting_unknowns(solution, len(model.muscles))),
    ):
        found.certificate[which, column_of(name)] = value


def reserve_columns(compiled: CompiledModel, sharing: FrameSharing, q: Array) -> Array:
    """What reserves do at unit control in the postures ``q``: (frame, row, reserve)."""
    reserve = sharing.reserve[sharing.rows]
    own, actuator = np.flatnonzero(reserve), sharing.pulling(compiled)
    columns = np.zeros((len(q), len(reserve), len(own)))
    columns[:, own, np.arange(len(own))] = reserve[own]
    if not actuator.size:
        return columns
    _, arm = path_geometry(compiled, q)
    pulled = arm[:, len(compiled.muscles) + len(compiled.passive_paths) + actuator][:, :, sharing.rows]
    optimal = sharing.reserve[len(compiled.coordinates) + actuator]
    return np.concatenate([columns, np.swapaxes(optimal[:, None] * pulled, 1, 2)], axis=2)


def _share_patiently(
    model: Model, sharing: FrameSharing, inputs: MeasuredInputs, limits: MuscleLimits, hard: NDArray[np.int64]
) -> Solution:
    """Share the load among muscles and reserves."""
    compiled, rows = model.compiled(), sharing.rows
    external = ExternalLoads(*(part[hard] for part in inputs.external))
    equilibrium = assemble(compiled, rows, NO_CONTACT, external, inputs.q[hard], sharing.force_length, tissue=False)
    muscles, columns = len(compiled.muscles), reserve_columns(compiled, sharing, inputs.q[hard])
    reserves, bounds = columns.shape[2], bounds_of(limits, reserve_bounds(model, sharing))
    lower, upper = (part[hard] if len(part) > 1 else part[0] for part in bounds)
    problem = LoadSharingProblem(
        np.concatenate([equilibrium.coefficients, columns], axis=2),
        inputs.demand[hard] if inputs.demand.shape[1] else equilibrium.demand,
        upper,
        np.concatenate([limits.weight, np.ones(reserves)]),
        lower,
        quadratic=np.arange(muscles + reserves) >= muscles,
    )
    return solve(problem, sharing.criterion)
