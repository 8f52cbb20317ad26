"""Answers of stances: the tables that the whole way needs, and the sheets that it fills."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biomech.model.compiled import CompiledModel
from biomech.model.mirror import other_side, side_of
from biomech.model.model import Model
from biomech.pipeline.batch_tables import Anatomy, Limits, Posed
from biomech.pipeline.group_sums import sum_groups
from biomech.pipeline.pipeline_kernel import PRESSURE, PROOF, Sheets, Way, Ways, go_in_lanes
from biomech.pipeline.stance_batch import (
    OPTIMAL,
    UNREACHABLE,
    Effort,
    Guard,
    Part,
    parts,
    reachable,
    row_weight,
    terms,
)
from biomech.pipeline.stiffness_constraint import share_guarded
from biomech.sharing.block_sparsity import BlockSparsity, entry_index, find_sparsity
from biomech.sharing.response import Costs, make_costs
from biomech.stance.parameters import SIDES, Stance
from biomech.statics.equilibrium import ExternalLoads, compile_equilibrium, sparsity
from biomech.statics.posture import build_constraints, ranges, solve_posture
from biomech.statics.posture_newton import ConstraintTables
from biomech.statics.reactions import compile_cuts, reported_joints

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """Sheets over (posture, ...) of the whole body of a model; NaN where a posture cannot be taken.

    ``strength`` (posture or 1, muscle) is one row where it does not depend on the posture.
    """

    model: Model
    sheets: Sheets
    strength: Array

    def proof(self, name: str) -> Array:
        """One column of the proof."""
        return self.sheets.proof[:, PROOF.index(name)]

    @cached_property
    def group_force(self) -> Array:
        """Sum of force (posture, group) of every group; who fills the sheets anew must drop it."""
        return sum_groups(self.model, self.sheets.muscle_force)

    @cached_property
    def group_strength(self) -> Array:
        """Strength (posture or 1, group) of every group, NaN where it has none."""
        strength = sum_groups(self.model, self.strength)
        return np.where(strength > 0.0, strength, np.nan)

    @property
    def status(self) -> NDArray[np.int8]:
        """Status of every posture."""
        return self.proof("status").astype(np.int8)

    @property
    def limiting(self) -> NDArray[np.int64]:
        """Of each overloaded posture the muscle at full strength that does most for what falls most short, or -1."""
        return self.proof("limiting").astype(np.int64)


@dataclass(frozen=True)
class Plan:
    """Tables for stances that are solved alike."""

    pattern: BlockSparsity
    costs: Costs
    limits: Limits
    ways: Ways


def answer(
    model: Model,
    stance: Stance,
    effort: Effort,
    wanted: Iterable[str] = Sheets._fields,
    given: Mapping[str, Array] | None = None,
) -> Answers:
    """Answers of stances with the tilt in degrees.

    Sheets that are not ``wanted`` stay empty; those that are ``given``, (posture, column) and all zero, are filled in
    place.
    """
    names, given = frozenset(wanted) | {"proof"}, given or {}
    if not effort.force_length:
        names -= {"strength"}
    columns = sheet_columns(model)
    sheets = Sheets(
        *(
            given[name] if name in given else np.zeros((len(stance), columns[name] if name in names else 0))
            for name in Sheets._fields
        )
    )
    for part in parts(model, stance, effort):
        _answer_part(model, part, stance, effort, names, sheets)
    constant = model.compiled().muscle.max_force[None]
    answers = Answers(model, sheets, sheets.strength if effort.force_length else constant)
    blank_unreachable(sheets, answers.status == UNREACHABLE)
    return answers


def blank_unreachable(sheets: Sheets, lost: NDArray[np.bool_]) -> None:
    """Put NaN where a posture cannot be taken."""
    if lost.any():
        for name in Sheets._fields:
            if name != "proof":
                getattr(sheets, name)[lost] = np.nan
        for name in ("cost", "residual", "gap", "abdomen"):
            sheets.proof[lost, PROOF.index(name)] = np.nan


def sheet_columns(model: Model) -> dict[str, int]:
    """Columns of every sheet."""
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
        "proof": len(PROOF),
    }


def compile_batch(
    model: Model, part: Part, stance: Stance, effort: Effort, wanted: frozenset[str]
) -> tuple[Anatomy, BlockSparsity, Costs, Limits, Ways, Posed]:
    """What the whole way needs for the stances of a part: tables, made once per model, and what is asked."""
    compiled = part.compiled
    closure = build_constraints(model, compiled, stance, part.support)
    counted = (effort.criterion, effort.weight.tobytes(), effort.force_length, effort.tone.tobytes())
    plan: Plan = model.cached(
        ("plan", compiled.half, part.support, *counted, wanted), lambda: _plan(model, part, effort, wanted)
    )
    body: Anatomy = model.cached(
        ("anatomy", compiled.half, part.support, effort.force_length),
        lambda: _anatomy(part, effort, closure.tables, plan.pattern),
    )
    external, alone = ExternalLoads.of(compiled, stance), np.empty((len(stance), 0))
    posed = Posed(closure.batch_targets(external.load), closure.start, external, closure.floor, alone)
    return body, plan.pattern, plan.costs, plan.limits, plan.ways, posed


def _answer_part(
    model: Model, part: Part, stance: Stance, effort: Effort, wanted: frozenset[str], sheets: Sheets
) -> None:
    """Answer the stances of a part: all at first, then with patience those that are still open."""
    whole = len(part.index) == len(stance)
    own = stance if whole else stance.take(part.index)
    target = sheets if whole else Sheets(*(np.zeros((len(own), s.shape[1])) for s in sheets))
    tables = compile_batch(model, part, own, effort, wanted)
    every = np.arange(len(own), dtype=np.uint64)
    if effort.guard is not None:
        _answer_guarded(model, part, own, effort, effort.guard, tables, target)
    else:
        go_in_lanes(*tables, every, False, target)
        status = target.proof[:, PROOF.index("status")]
        hard = every[(status != OPTIMAL) & (status != UNREACHABLE)]
        if hard.size:
            go_in_lanes(*tables, hard, True, target)
    if not whole:
        for sheet, result in zip(sheets, target, strict=True):
            sheet[part.index] = result


def _answer_guarded(
    model: Model,
    part: Part,
    stance: Stance,
    effort: Effort,
    guard: Guard,
    tables: tuple[Anatomy, BlockSparsity, Costs, Limits, Ways, Posed],
    target: Sheets,
) -> None:
    """Answer stances whose load is shared with more rows than the whole way has: shared first, and then taken over."""
    compiled, (body, pattern, costs, limits, ways, posed) = part.compiled, tables
    postures = solve_posture(model, compiled, stance, part.support)
    taken = np.flatnonzero(reachable(model, compiled, postures))
    shared, every = np.zeros((len(stance), len(pattern.unknown))), np.arange(len(stance), dtype=np.uint64)
    if not taken.size:
        go_in_lanes(body, pattern, costs, limits, ways, posed._replace(shared=shared), every, False, target)
        return
    solution = share_guarded(model, part, stance.take(taken), effort, guard, postures.coordinates[taken])
    shared[taken] = solution.value[:, pattern.unknown.astype(np.int64)]
    go_in_lanes(body, pattern, costs, limits, ways, posed._replace(shared=shared), every, False, target)
    for name, value in (
        ("cost", solution.cost),
        ("residual", solution.residual),
        ("gap", solution.gap),
        ("status", solution.status),
    ):
        target.proof[taken, PROOF.index(name)] = value
    target.shortfall[np.ix_(taken, compiled.rows)] = solution.shortfall[:, : len(compiled.rows)]


def _plan(model: Model, part: Part, effort: Effort, wanted: frozenset[str]) -> Plan:
    compiled = part.compiled
    pattern = find_sparsity(sparsity(compiled, compiled.rows, part.contact))
    order = pattern.unknown.astype(np.int64)
    weight, lower, upper, quadratic = terms(model, compiled, part.contact, effort)
    costs = make_costs(effort.criterion, weight[order], quadratic[order], 1.0 / row_weight(compiled))
    limits = Limits(*ranges(model, compiled, "range"), *ranges(model, compiled, "trusted"), lower[order], upper[order])
    return Plan(pattern, costs, limits, _ways(compiled, model.compiled(), wanted))


def _anatomy(part: Part, effort: Effort, constraints: ConstraintTables, pattern: BlockSparsity) -> Anatomy:
    compiled = part.compiled
    unknowns = len(compiled.muscles) + part.contact.direction.shape[0] * part.contact.direction.shape[1]
    place = entry_index(pattern, len(compiled.rows), unknowns)
    entries = compile_equilibrium(compiled, compiled.rows, part.contact, place, effort.force_length, True)
    cuts = compile_cuts(compiled, tuple(reported_joints(compiled)))
    feet = [1 + compiled.segments.index(foot) for foot in ("calcn_r", "calcn_l") if foot in compiled.segments]
    stages = (
        compiled.tree,
        compiled.splines,
        compiled.paths,
        compiled.muscle,
        compiled.patella,
        compiled.passive,
        part.contact,
    )
    return Anatomy(*stages, constraints, entries, cuts, np.array(feet, dtype=np.uint64))


def _ways(compiled: CompiledModel, whole: CompiledModel, wanted: frozenset[str]) -> Ways:
    """How results of the half body, or of the whole, spread over the whole."""
    coordinate, muscle = _sources(compiled.coordinates, whole.coordinates), _sources(compiled.muscles, whole.muscles)
    both = [2.0 if compiled.half and side_of(name) == "midline" else 1.0 for name in whole.coordinates]
    joints = reported_joints(compiled)
    joint = _sources(joints, reported_joints(whole))
    across = [_across(compiled, joints, name) for name in reported_joints(whole)]
    foot = [0, 0] if compiled.half else [0, 1]
    turn = np.array([1.0, 1.0, -1.0, -1.0, -1.0, 1.0]) if compiled.half else np.ones(6)
    press = np.array([1.0, 1.0, -1.0, -1.0, 1.0]) if compiled.half else np.ones(PRESSURE)
    ways = {
        "coordinates": _way(coordinate, np.ones(len(coordinate))),
        "activation": _way(muscle, np.ones(len(muscle))),
        "muscle_force": _way(muscle, np.ones(len(muscle))),
        "strength": _way(muscle, np.ones(len(muscle))),
        "passive": _way(coordinate, both),
        "shortfall": _way(coordinate, both),
        "ground": _way([6 * k + i for k in foot for i in range(6)], np.concatenate([np.ones(6), turn])),
        "pressure": _way(
            [PRESSURE * k + i for k in foot for i in range(PRESSURE)], np.concatenate([np.ones(PRESSURE), press])
        ),
        "seat": _way(range(3), [2.0, 2.0, 0.0] if compiled.half else np.ones(3)),
        "joint_force": _way([3 * k + i for k in joint for i in range(3)], np.concatenate([f for f, _ in across])),
        "joint_moment": _way([3 * k + i for k in joint for i in range(3)], np.concatenate([m for _, m in across])),
        "tension": _knee_way(compiled, np.ones(1)),
        "patella": _knee_way(compiled, np.array([1.0, 1.0, -1.0])),
        "proof": _way(range(len(PROOF)), np.ones(len(PROOF))),
    }
    return Ways(*(ways[name] if name in wanted else _way([], []) for name in Ways._fields))


def _across(compiled: CompiledModel, joints: list[str], name: str) -> tuple[Array, Array]:
    """Factors of the force and the moment of a joint that come from a body's own or from its mirror image.

    A mirror turns the z of a force and the x and y of a moment; what is on the midline is both halves together.
    """
    if compiled.half and side_of(name) == "midline":
        return np.array([2.0, 2.0, 0.0]), np.array([0.0, 0.0, 2.0])
    if name in joints:
        return np.ones(3), np.ones(3)
    return np.array([1.0, 1.0, -1.0]), np.array([-1.0, -1.0, 1.0])


def _knee_way(compiled: CompiledModel, across: Array) -> Way:
    """Numbers of both knees, the right one first; in the half body the left is the right one's mirror image."""
    sides, each = [side_of(compiled.coordinates[c]) for c in compiled.patella.coordinate], len(across)
    source, factor = [], []
    for side in SIDES:
        k = sides.index(side) if side in sides else 0 if compiled.half and sides else -each
        source += [each * k + i for i in range(each)]
        factor += list(np.ones(each) if side in sides else across)
    return _way(source, factor)


def _sources(names: list[str], wanted: list[str]) -> list[int]:
    """Where each of the whole body's names is found: its own place, its mirror image's, or -1."""
    return [
        names.index(name) if name in names else names.index(other) if (other := other_side(name)) in names else -1
        for name in wanted
    ]


def _way(source: Iterable[int], factor: Iterable[float]) -> Way:
    sources, factors = np.array(list(source), dtype=np.int64), np.array(list(factor), dtype=np.float64)
    found = np.flatnonzero(sources >= 0)
    return Way(sources[found].astype(np.uint64), found.astype(np.uint64), factors[found])
