"""Solve stances: the tables that the pipeline kernel needs, and the result arrays that it fills."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech._simd import IndexArray
from biomech.errors import StanceError
from biomech.model.compiled import CompiledModel
from biomech.model.forces.registry import acting
from biomech.model.model import Model
from biomech.model.roles import FEET
from biomech.pipeline.batch_tables import BatchInputs, CompiledBody, Limits
from biomech.pipeline.group_sums import sum_groups
from biomech.pipeline.pipeline_kernel import (
    OutputMap,
    OutputMaps,
    ResultArrays,
    solve_batch_simd,
)
from biomech.pipeline.result_schema import RAW, blank, blank_missing_feet, column_of, result_columns, spread
from biomech.pipeline.stance_batch import (
    SharingObjective,
    StanceBatch,
    StiffnessConstraint,
    reachable,
    row_weight,
    split_batches,
    unknown_bounds,
)
from biomech.pipeline.status import OPTIMAL, UNREACHABLE
from biomech.pipeline.stiffness_constraint import share_with_stiffness
from biomech.sharing.block_sparsity import BlockSparsity, entry_index, find_sparsity
from biomech.sharing.response import Costs, make_costs
from biomech.stance.stance import Stance
from biomech.statics.equilibrium import EquilibriumTables, ExternalLoads, compile_equilibrium, sparsity
from biomech.statics.posture import build_constraints, ranges, solve_posture
from biomech.statics.posture_newton import ConstraintTables
from biomech.statics.reactions import CutTables, compile_cuts

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StanceSolution:
    """Arrays over (posture, ...) of the whole body of a model; NaN where a posture cannot be taken.

    ``strength`` (posture or 1, muscle) is one row where it does not depend on the posture. ``solved[name]`` is a raw
    output by its name, in its own dimensions and units, to be read alone: what formulas of derived outputs are written
    with.
    """

    model: Model
    results: ResultArrays
    strength: Array

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in RAW:
            raise StanceError(f"there is no raw output {name!r}; there are {', '.join(RAW)}")
        array = RAW[name].array
        if name != "strength" and not getattr(self.results, array).shape[1] and result_columns(self.model)[array]:
            raise StanceError(f"raw output {name!r}: was not asked for, and is not there")
        found = (self.strength if name == "strength" else RAW[name].of(self)).view()
        found.flags.writeable = False  # what else is made from it would change
        return found

    @cached_property
    def group_force(self) -> Array:
        """Sum of force (posture, group) of every group; who fills the arrays anew must drop it."""
        return sum_groups(self.model, self["muscle_force"])

    @cached_property
    def group_strength(self) -> Array:
        """Strength (posture or 1, group) of every group, NaN where it has none."""
        strength = sum_groups(self.model, self.strength)
        return np.where(strength > 0.0, strength, np.nan)

    @property
    def status(self) -> NDArray[np.int8]:
        """Status of every posture."""
        return RAW["status"].of(self)

    @property
    def limiting(self) -> NDArray[np.str_]:
        """Of each overloaded posture the muscle at full strength that does most for what falls most short, or ""."""
        return RAW["limiting_muscle"].of(self)


@dataclass(frozen=True)
class BatchTables:
    """Tables for stances that are solved alike."""

    pattern: BlockSparsity
    costs: Costs
    limits: Limits
    output_maps: OutputMaps


def solve_stances(
    model: Model,
    stance: Stance,
    objective: SharingObjective,
    wanted: Iterable[str] = ResultArrays._fields,
    given: Mapping[str, Array] | None = None,
) -> StanceSolution:
    """Answers of stances with the tilt in degrees.

    Arrays that are not ``wanted`` stay empty; those that are ``given``, (posture, column) and all zero, are filled in
    place.
    """
    names, given = frozenset(wanted) | {"certificate"}, given or {}
    if not objective.force_length:
        names -= {"strength"}
    columns = result_columns(model)
    results = ResultArrays(
        *(
            given[name] if name in given else np.zeros((len(stance), columns[name] if name in names else 0))
            for name in ResultArrays._fields
        )
    )
    for batch in split_batches(model, stance, objective):
        _solve_batch(model, batch, stance, objective, names, results)
    own = model._of(stance.body)
    constant = own._column("muscles", "max_isometric_force")
    solved = StanceSolution(own, results, results.strength if objective.force_length else constant)
    lost = solved.status == UNREACHABLE
    if lost.any():
        blank(results, lost)
    blank_missing_feet(model, results)
    return solved


def compile_batch(
    model: Model, batch: StanceBatch, stance: Stance, objective: SharingObjective, wanted: frozenset[str]
) -> tuple[CompiledBody, BlockSparsity, Costs, Limits, OutputMaps, BatchInputs]:
    """What the pipeline kernel needs for a batch of stances: tables, made once per model, and what is asked."""
    compiled = batch.compiled
    constraints = build_constraints(model, compiled, stance, batch.support)
    wants = (objective.criterion, objective.weight.tobytes(), objective.minimum_activation.tobytes(), wanted)
    tables: BatchTables = model.shared(
        ("tables", compiled.half, batch.borne, *wants), lambda: _compile_tables(model, batch, objective, wanted)
    )
    body: CompiledBody = model.cached(
        ("compiled body", compiled.half, batch.borne, objective.force_length, acting()),
        lambda: _compile_body(model, batch, objective, constraints.tables),
    )
    external, alone = ExternalLoads.of(compiled, stance), np.empty((len(stance), 0))
    inputs = BatchInputs(
        constraints.batch_targets(external.load),
        constraints.start,
        external,
        constraints.floor,
        alone,
        model._bodies(compiled.half, stance.body),
    )
    return body, tables.pattern, tables.costs, tables.limits, tables.output_maps, inputs


def _solve_batch(
    model: Model,
    batch: StanceBatch,
    stance: Stance,
    objective: SharingObjective,
    wanted: frozenset[str],
    results: ResultArrays,
) -> None:
    """Answer the stances of a part: all at first, then with patience those that are still open."""
    whole = len(batch.index) == len(stance)
    own = stance if whole else stance.take(batch.index)
    target = results if whole else ResultArrays(*(np.zeros((len(own), s.shape[1])) for s in results))
    tables = compile_batch(model, batch, own, objective, wanted)
    every = np.arange(len(own), dtype=np.uint64)
    if objective.stiffness is not None:
        _solve_with_stiffness(model, batch, own, objective, objective.stiffness, tables, target)
    else:
        solve_batch_simd(*tables, every, False, target)
        status = target.certificate[:, column_of("status")]
        hard = every[(status != OPTIMAL) & (status != UNREACHABLE)]
        if hard.size:
            solve_batch_simd(*tables, hard, True, target)
    if not whole:
        for array, result in zip(results, target, strict=True):
            array[batch.index] = result


def _solve_with_stiffness(
    model: Model,
    batch: StanceBatch,
    stance: Stance,
    objective: SharingObjective,
    stiffness: StiffnessConstraint,
    tables: tuple[CompiledBody, BlockSparsity, Costs, Limits, OutputMaps, BatchInputs],
    target: ResultArrays,
) -> None:
    """Solve stances with more rows than the pipeline kernel has: their load is shared first, then taken over."""
    compiled, (body, pattern, costs, limits, output_maps, inputs) = batch.compiled, tables
    postures = solve_posture(model, compiled, stance, batch.support)
    taken = np.flatnonzero(reachable(model, compiled, postures))
    shared, every = np.zeros((len(stance), len(pattern.unknown))), np.arange(len(stance), dtype=np.uint64)
    if not taken.size:
        solve_batch_simd(
            body, pattern, costs, limits, output_maps, inputs._replace(shared=shared), every, False, target
        )
        return
    solution = share_with_stiffness(model, batch, stance.take(taken), objective, stiffness, postures.coordinates[taken])
    shared[taken] = solution.value[:, pattern.unknown.astype(np.int64)]
    solve_batch_simd(body, pattern, costs, limits, output_maps, inputs._replace(shared=shared), every, False, target)
    for name, value in (
        ("cost", solution.cost),
        ("equilibrium_residual", solution.residual),
        ("duality_gap", solution.gap),
        ("status", solution.status),
    ):
        target.certificate[taken, column_of(name)] = value
    target.shortfall[np.ix_(taken, compiled.free)] = solution.shortfall[:, : len(compiled.free)]


def _compile_tables(
    model: Model, batch: StanceBatch, objective: SharingObjective, wanted: frozenset[str]
) -> BatchTables:
    compiled = batch.compiled
    pattern = _sparsity_of(model, batch)
    order = pattern.unknown.astype(np.int64)
    weight, lower, upper, quadratic = unknown_bounds(model, compiled, batch.contact, objective)
    costs = make_costs(objective.criterion, weight[order], quadratic[order], 1.0 / row_weight(compiled))
    limits = Limits(*ranges(model, compiled, "range"), *ranges(model, compiled, "trusted"), lower[order], upper[order])
    return BatchTables(pattern, costs, limits, _output_maps(compiled, model.compiled(), wanted))


def _sparsity_of(model: Model, batch: StanceBatch) -> BlockSparsity:
    """Which unknowns of a batch act on which rows."""
    compiled = batch.compiled
    pattern: BlockSparsity = model.shared(
        ("sparsity", compiled.half, batch.borne),
        lambda: find_sparsity(sparsity(compiled, compiled.free, batch.contact)),
    )
    return pattern


def _compile_body(
    model: Model, batch: StanceBatch, objective: SharingObjective, constraints: ConstraintTables
) -> CompiledBody:
    entries, cuts, feet = model.shared(
        ("entries", batch.compiled.half, batch.borne, objective.force_length, acting()),
        lambda: _compile_entries(batch, objective, _sparsity_of(model, batch)),
    )
    return CompiledBody(batch.compiled.tables, batch.contact, constraints, entries, cuts, feet)


def _compile_entries(
    batch: StanceBatch, objective: SharingObjective, pattern: BlockSparsity
) -> tuple[EquilibriumTables, CutTables, IndexArray]:
    """Where coefficients are put, where joints are cut, and which segments are feet."""
    compiled = batch.compiled
    unknowns = len(compiled.muscles) + batch.contact.direction.shape[0] * batch.contact.direction.shape[1]
    place = entry_index(pattern, len(compiled.free), unknowns)
    entries = compile_equilibrium(compiled, compiled.free, batch.contact, place, objective.force_length, True)
    cuts = compile_cuts(compiled)
    feet = [1 + compiled.segments.index(foot) for foot in FEET if foot in compiled.segments]
    return entries, cuts, np.array(feet, dtype=np.uint64)


def _output_maps(compiled: CompiledModel, whole: CompiledModel, wanted: frozenset[str]) -> OutputMaps:
    """How results of the half body, or of the whole, spread over the whole; empty where nobody wants them."""
    return OutputMaps(
        *(
            _output_map(*(spread(array, compiled, whole) if array in wanted else ([], [], [])))
            for array in ResultArrays._fields
        )
    )


def _output_map(source: list[int], order: list[int], factor: list[float]) -> OutputMap:
    return OutputMap(np.array(source, dtype=np.uint64), np.array(order, dtype=np.uint64), np.array(factor, dtype=float))
