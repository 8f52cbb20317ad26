"""Solve stances: the tables that the pipeline kernel needs, and the result arrays that it fills."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biomech._simd import IndexArray
from biomech.model.compiled import CompiledModel
from biomech.model.forces.registry import acting
from biomech.model.mirror import other_side, side_of
from biomech.model.model import Model
from biomech.pipeline.batch_tables import BatchInputs, CompiledBody, Limits
from biomech.pipeline.group_sums import sum_groups
from biomech.pipeline.pipeline_kernel import (
    CERTIFICATE,
    PRESSURE,
    OutputMap,
    OutputMaps,
    ResultArrays,
    solve_batch_simd,
)
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
from biomech.stance.parameters import SIDES
from biomech.stance.stance import Stance
from biomech.statics.equilibrium import EquilibriumTables, ExternalLoads, compile_equilibrium, sparsity
from biomech.statics.posture import build_constraints, ranges, solve_posture
from biomech.statics.posture_newton import ConstraintTables
from biomech.statics.reactions import CutTables, compile_cuts, reported_joints

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StanceSolution:
    """Sheets over (posture, ...) of the whole body of a model; NaN where a posture cannot be taken.

    ``strength`` (posture or 1, muscle) is one row where it does not depend on the posture.
    """

    model: Model
    results: ResultArrays
    strength: Array

    def certificate(self, name: str) -> Array:
        """One column of the proof."""
        return self.results.certificate[:, CERTIFICATE.index(name)]

    @cached_property
    def group_force(self) -> Array:
        """Sum of force (posture, group) of every group; who fills the arrays anew must drop it."""
        return sum_groups(self.model, self.results.muscle_force)

    @cached_property
    def group_strength(self) -> Array:
        """Strength (posture or 1, group) of every group, NaN where it has none."""
        strength = sum_groups(self.model, self.strength)
        return np.where(strength > 0.0, strength, np.nan)

    @property
    def status(self) -> NDArray[np.int8]:
        """Status of every posture."""
        return self.certificate("status").astype(np.int8)

    @property
    def limiting(self) -> NDArray[np.int64]:
        """Of each overloaded posture the muscle at full strength that does most for what falls most short, or -1."""
        return self.certificate("limiting").astype(np.int64)


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
    constant = model.compiled().muscle.max_force[None]
    solved = StanceSolution(model, results, results.strength if objective.force_length else constant)
    blank_unreachable(results, solved.status == UNREACHABLE)
    return solved


def blank_unreachable(results: ResultArrays, lost: NDArray[np.bool_]) -> None:
    """Put NaN where a posture cannot be taken."""
    if lost.any():
        for name in ResultArrays._fields:
            if name != "certificate":
                getattr(results, name)[lost] = np.nan
        for name in ("cost", "residual", "gap", "abdomen"):
            results.certificate[lost, CERTIFICATE.index(name)] = np.nan


def result_columns(model: Model) -> dict[str, int]:
    """Columns of every result array."""
    muscles, coordinates = len(model.muscles), len(model.coordinates)
    return {
        "coordinates": coordinates,
        "activation": muscles,
        "muscle_force": muscles,
        "strength": muscles,
        "passive": coordinates,
        "shortfall": coordinates,
        "ground": 12,
        "pressure": 2 * PRESSURE,
        "seat": 3,
        "joint_force": 3 * len(reported_joints(model.compiled())),
        "joint_moment": 3 * len(reported_joints(model.compiled())),
        "tension": len(SIDES) if len(model.tables["patellae"]) else 0,
        "patella": 3 * len(SIDES) if len(model.tables["patellae"]) else 0,
        "certificate": len(CERTIFICATE),
    }


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
        constraints.batch_targets(external.load), constraints.start, external, constraints.floor, alone
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
        status = target.certificate[:, CERTIFICATE.index("status")]
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
        ("residual", solution.residual),
        ("gap", solution.gap),
        ("status", solution.status),
    ):
        target.certificate[taken, CERTIFICATE.index(name)] = value
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
    cuts = compile_cuts(compiled, tuple(reported_joints(compiled)))
    feet = [1 + compiled.segments.index(foot) for foot in ("calcn_r", "calcn_l") if foot in compiled.segments]
    return entries, cuts, np.array(feet, dtype=np.uint64)


def _output_maps(compiled: CompiledModel, whole: CompiledModel, wanted: frozenset[str]) -> OutputMaps:
    """How results of the half body, or of the whole, spread over the whole."""
    coordinate, muscle = _sources(compiled.coordinates, whole.coordinates), _sources(compiled.muscles, whole.muscles)
    both = [2.0 if compiled.half and side_of(name) == "midline" else 1.0 for name in whole.coordinates]
    joints = reported_joints(compiled)
    joint = _sources(joints, reported_joints(whole))
    across = [_mirror_factors(compiled, joints, name) for name in reported_joints(whole)]
    foot = [0, 0] if compiled.half else [0, 1]
    turn = np.array([1.0, 1.0, -1.0, -1.0, -1.0, 1.0]) if compiled.half else np.ones(6)
    press = np.array([1.0, 1.0, -1.0, -1.0, 1.0]) if compiled.half else np.ones(PRESSURE)
    output_maps = {
        "coordinates": _output_map(coordinate, np.ones(len(coordinate))),
        "activation": _output_map(muscle, np.ones(len(muscle))),
        "muscle_force": _output_map(muscle, np.ones(len(muscle))),
        "strength": _output_map(muscle, np.ones(len(muscle))),
        "passive": _output_map(coordinate, both),
        "shortfall": _output_map(coordinate, both),
        "ground": _output_map([6 * k + i for k in foot for i in range(6)], np.concatenate([np.ones(6), turn])),
        "pressure": _output_map(
            [PRESSURE * k + i for k in foot for i in range(PRESSURE)], np.concatenate([np.ones(PRESSURE), press])
        ),
        "seat": _output_map(range(3), [2.0, 2.0, 0.0] if compiled.half else np.ones(3)),
        "joint_force": _output_map(
            [3 * k + i for k in joint for i in range(3)], np.concatenate([f for f, _ in across])
        ),
        "joint_moment": _output_map(
            [3 * k + i for k in joint for i in range(3)], np.concatenate([m for _, m in across])
        ),
        "tension": _knee_map(compiled, np.ones(1)),
        "patella": _knee_map(compiled, np.array([1.0, 1.0, -1.0])),
        "certificate": _output_map(range(len(CERTIFICATE)), np.ones(len(CERTIFICATE))),
    }
    return OutputMaps(*(output_maps[name] if name in wanted else _output_map([], []) for name in OutputMaps._fields))


def _mirror_factors(compiled: CompiledModel, joints: list[str], name: str) -> tuple[Array, Array]:
    """Factors of the force and the moment of a joint that come from a body's own or from its mirror image.

    A mirror turns the z of a force and the x and y of a moment; what is on the midline is both halves together.
    """
    if compiled.half and side_of(name) == "midline":
        return np.array([2.0, 2.0, 0.0]), np.array([0.0, 0.0, 2.0])
    if name in joints:
        return np.ones(3), np.ones(3)
    return np.array([1.0, 1.0, -1.0]), np.array([-1.0, -1.0, 1.0])


def _knee_map(compiled: CompiledModel, across: Array) -> OutputMap:
    """Numbers of both knees, the right one first; in the half body the left is the right one's mirror image."""
    sides, each = [side_of(compiled.coordinates[c]) for c in compiled.patella.coordinate], len(across)
    source, factor = [], []
    for side in SIDES:
        k = sides.index(side) if side in sides else 0 if compiled.half and sides else -each
        source += [each * k + i for i in range(each)]
        factor += list(np.ones(each) if side in sides else across)
    return _output_map(source, factor)


def _sources(names: list[str], wanted: list[str]) -> list[int]:
    """Where each of the whole body's names is found: its own place, its mirror image's, or -1."""
    return [
        names.index(name) if name in names else names.index(other) if (other := other_side(name)) in names else -1
        for name in wanted
    ]


def _output_map(source: Iterable[int], factor: Iterable[float]) -> OutputMap:
    sources, factors = np.array(list(source), dtype=np.int64), np.array(list(factor), dtype=np.float64)
    found = np.flatnonzero(sources >= 0)
    return OutputMap(sources[found].astype(np.uint64), found.astype(np.uint64), factors[found])
