"""From stances to answers: close the posture, balance it, share the load, cut the joints free.

Stances that are symmetric are solved on the right half of the body and mirrored; the others on the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech.model.contact import ContactTables
from biomech.model.flat import Flat
from biomech.model.mirror import other_side, side_of
from biomech.model.model import Model
from biomech.sharing import Criterion, LoadSharingProblem, Solution, solve
from biomech.sharing import INFEASIBLE
from biomech.statics.equilibrium import Equilibrium, Surroundings, assemble
from biomech.statics.ground import centre_of_pressure, ground_wrench, standing_contacts
from biomech.statics.posture import Postures, close
from biomech.statics.reactions import react, reported_joints
from biomech.statics.stance import Stance

Array = NDArray[np.float64]

OPTIMAL, OVERLOADED, UNCERTIFIED, UNREACHABLE = 0, 1, 2, 3
STATUSES = ("optimal", "overloaded", "uncertified", "unreachable")

#: A newton of shortfall on the pelvis counts for this many on any other coordinate: the body as a whole must balance
#: before a joint may fall short.
_PELVIS_SHORTFALL = 1e3


@dataclass(frozen=True)
class Effort:
    """How effort is counted: criterion, weight of every muscle of the model, and the strength rule."""

    criterion: Criterion
    weight: Array
    force_length: bool


@dataclass(frozen=True)
class Part:
    """Stances that are solved alike: their positions, tables, support and contacts."""

    index: NDArray[np.int64]
    flat: Flat
    support: int
    contact: ContactTables


@dataclass(frozen=True)
class Balance:
    """Postures of a part and how their load is shared; ``taken`` are the positions of those that can be taken."""

    postures: Postures
    taken: NDArray[np.int64]
    equilibrium: Equilibrium
    solution: Solution


@dataclass(frozen=True)
class Answers:
    """Arrays over (posture, ...) for the whole body, NaN where a posture cannot be taken."""

    coordinates: Array
    activation: Array
    muscle_force: Array
    strength: Array
    passive: Array
    ground_wrench: Array
    pressure_point: Array
    free_moment: Array
    joint_force: Array
    shortfall: Array
    status: NDArray[np.int8]
    limiting: NDArray[np.int64]
    residual: Array
    gap: Array
    valid: NDArray[np.bool_]
    obstacle: NDArray[np.object_]


def parts(model: Model, stance: Stance, effort: Effort) -> Iterator[Part]:
    """Split stances by how they are solved."""
    names = list(model.muscles)
    mirror = [names.index(other_side(name)) for name in names]
    even = model.is_symmetric and np.array_equal(effort.weight, effort.weight[mirror])
    half = stance.is_symmetric() if even else np.zeros(len(stance), dtype=bool)
    for use_half in (True, False):
        for support in (0,) if use_half else (0, 1, 2):
            index = np.flatnonzero((half == use_half) & (stance.support == support))
            if index.size:
                flat = model.flat(half=use_half)
                yield Part(index, flat, support, standing_contacts(flat, support))


def balance(model: Model, part: Part, stance: Stance, effort: Effort, start: Array | None = None) -> Balance:
    """Close the postures of a part and share their load; ``stance`` holds its stances with the tilt in degrees."""
    postures = close(model, part.flat, stance, part.support, start)
    taken = np.flatnonzero(reachable(model, part.flat, postures))
    equilibrium = equilibrium_of(part, stance.take(taken), postures.coordinates[taken], effort)
    return Balance(postures, taken, equilibrium, share(model, part, equilibrium, effort))


def reachable(model: Model, flat: Flat, postures: Postures) -> NDArray[np.bool_]:
    """Whether the chain closes with every coordinate inside its range."""
    least, most = ranges(model, flat, "range")
    q = postures.coordinates
    return np.asarray(postures.closed & np.all((q >= least - 1e-6) & (q <= most + 1e-6), axis=1))


def ranges(model: Model, flat: Flat, kind: str) -> tuple[Array, Array]:
    """Least and most of every coordinate, rad and m; ``kind`` is ``range`` or ``trusted``."""
    table = model.tables["coordinates"]
    rows = [table.index(name) for name in flat.coordinates]
    least, most = table.numbers(f"{kind}_min", f"{kind}_max")[rows].T * np.where(flat.is_rotation, np.pi / 180.0, 1.0)
    return least, most


def equilibrium_of(part: Part, stance: Stance, q: Array, effort: Effort) -> Equilibrium:
    """What must balance in given coordinates."""
    around = Surroundings.of(part.flat, stance)
    return assemble(part.flat, part.flat.rows, part.contact, around, q, effort.force_length)


def share(model: Model, part: Part, equilibrium: Equilibrium, effort: Effort) -> Solution:
    """Share the load of balanced postures."""
    settings = model.tables["settings"]
    names, muscles = list(model.muscles), len(part.flat.muscles)
    contacts = equilibrium.coefficients.shape[2] - muscles
    weight = np.concatenate(
        [
            effort.weight[[names.index(m) for m in part.flat.muscles]],
            np.full(contacts, settings.value("contact_weight")),
        ]
    )
    upper = np.concatenate([np.ones(muscles), np.full(contacts, settings.value("contact_limit"))])
    root = [part.flat.coordinates[row].startswith("pelvis_") for row in part.flat.rows]
    problem = LoadSharingProblem(
        equilibrium.coefficients,
        equilibrium.demand,
        upper,
        weight,
        quadratic=np.arange(len(weight)) >= muscles,
        shortfall_weight=np.where(root, _PELVIS_SHORTFALL, 1.0),
    )
    return solve(problem, effort.criterion)


def stand(model: Model, stance: Stance, effort: Effort) -> Answers:
    """Answers of stances with the tilt in degrees."""
    answers = blank(model, len(stance))
    for part in parts(model, stance, effort):
        _answer(model, part, stance.take(part.index), effort, answers)
    return answers


def blank(model: Model, count: int) -> Answers:
    """Answers of postures that nobody could take, to be filled."""
    whole = model.flat()
    muscles, coordinates = len(whole.muscles), len(whole.coordinates)
    joints = len(reported_joints(whole))

    def nan(*shape: int) -> Array:
        return np.full((count, *shape), np.nan)

    return Answers(
        coordinates=nan(coordinates),
        activation=nan(muscles),
        muscle_force=nan(muscles),
        strength=nan(muscles),
        passive=nan(coordinates),
        ground_wrench=nan(2, 6),
        pressure_point=nan(2, 3),
        free_moment=nan(2),
        joint_force=nan(joints, 3),
        shortfall=nan(coordinates),
        status=np.full(count, UNREACHABLE, dtype=np.int8),
        limiting=np.full(count, -1),
        residual=nan(),
        gap=nan(),
        valid=np.zeros(count, dtype=bool),
        obstacle=np.full(count, "", dtype=object),
    )


def _answer(model: Model, part: Part, stance: Stance, effort: Effort, answers: Answers) -> None:
    """Solve the stances of a part and put what comes out in its places."""
    found = balance(model, part, stance, effort)
    flat, solution, taken = part.flat, found.solution, found.taken
    stood, q = stance.take(taken), found.postures.coordinates[taken]
    for i in np.setdiff1d(np.arange(len(stance)), taken):
        answers.obstacle[part.index[i]] = obstacle(model, flat, found.postures, int(i))
    muscles = len(flat.muscles)
    activation = solution.value[:, :muscles]
    force = activation * found.equilibrium.strength
    contact_force = solution.value[:, muscles:] * found.equilibrium.contact_unit
    wrench = ground_wrench(flat, part.contact, q, stood.values["friction"], contact_force)
    reactions = react(flat, q, stood.load(half=flat.half), force, wrench)
    shortfall = np.zeros(q.shape)
    shortfall[:, flat.rows] = solution.shortfall
    least, most = ranges(model, flat, "trusted")

    place, spread = part.index[taken], Spread(flat, model.flat())
    answers.coordinates[place] = spread.coordinates(q)
    answers.activation[place] = spread.muscles(activation)
    answers.muscle_force[place] = spread.muscles(force)
    answers.strength[place] = spread.muscles(found.equilibrium.strength)
    answers.passive[place] = spread.moments(found.equilibrium.passive)
    answers.shortfall[place] = spread.moments(shortfall)
    answers.ground_wrench[place] = spread.feet(wrench)
    pressure, free = centre_of_pressure(answers.ground_wrench[place], stood.values["slope"][:, None])
    answers.pressure_point[place], answers.free_moment[place] = pressure, free
    answers.joint_force[place] = spread.joints(reactions.joints, reactions.force)
    answers.status[place] = solution.status
    answers.limiting[place] = limiting_muscle(model, flat, solution)
    answers.residual[place], answers.gap[place] = solution.residual, solution.gap
    answers.valid[place] = np.all((q >= least - 1e-6) & (q <= most + 1e-6), axis=1)


def limiting_muscle(model: Model, flat: Flat, solution: Solution) -> NDArray[np.int64]:
    """Of each overloaded posture the muscle at full strength that does most for the coordinate that falls most short.

    -1 where there is none: then it is a contact that gives way, or nothing pulls that way.
    """
    worst = np.abs(solution.shortfall).argmax(axis=1)[:, None]
    muscles = len(flat.muscles)
    action = np.take_along_axis(solution.problem.coefficients[:, :, :muscles], worst[:, :, None], axis=1)[:, 0]
    helps = action * np.take_along_axis(solution.shortfall, worst, axis=1)
    full = solution.value[:, :muscles] >= solution.problem.upper[:, :muscles] - 1e-6
    gain = np.where(full, helps, 0.0)
    names = np.array([model.muscles.index(name) for name in flat.muscles])
    found = (solution.status == INFEASIBLE) & (gain.max(axis=1) > 0.0)
    return np.where(found, names[gain.argmax(axis=1)], -1)


def obstacle(model: Model, flat: Flat, postures: Postures, i: int) -> str:
    """What keeps a posture from being taken."""
    if not postures.closed[i]:
        worst = int(np.abs(postures.residual[i]).argmax())
        left = postures.residual[i, worst]
        return f"the chain does not close: {postures.labels[worst]} stays off by {left:+.3g} (m, or sine of an angle)"
    least, most = ranges(model, flat, "range")
    q = postures.coordinates[i]
    worst = int(np.maximum(least - q, q - most).argmax())
    scale, unit = (180.0 / np.pi, "deg") if flat.is_rotation[worst] else (1.0, "m")
    would, low, high = scale * np.array([q[worst], least[worst], most[worst]])
    return f"{flat.coordinates[worst]} would be {would:.1f} {unit}; the joint allows {low:g}..{high:g} {unit}"


class Spread:
    """Puts results of the half body, or of the whole, in the whole body's order."""

    def __init__(self, flat: Flat, whole: Flat) -> None:
        self.flat, self.whole = flat, whole

        def source(name: str, names: list[str]) -> int:
            return (
                names.index(name)
                if name in names
                else names.index(other)
                if (other := other_side(name)) in names
                else -1
            )

        self.coordinate = np.array([source(name, flat.coordinates) for name in whole.coordinates])
        self.muscle = np.array([source(name, flat.muscles) for name in whole.muscles])
        midline = np.array([side_of(name) == "midline" for name in whole.coordinates])
        self.share = np.where(midline & flat.half, 2.0, 1.0)

    def coordinates(self, q: Array) -> Array:
        return np.where(self.coordinate >= 0, q[:, self.coordinate], 0.0)

    def moments(self, moment: Array) -> Array:
        return self.coordinates(moment) * self.share

    def muscles(self, values: Array) -> Array:
        return values[:, self.muscle]

    def feet(self, wrench: Array) -> Array:
        """(posture, foot, 6), right first; the mirror turns z of a force and x, y of a moment."""
        feet = [
            wrench[:, 1 + self.flat.segments.index(foot)]
            for foot in ("calcn_r", "calcn_l")
            if foot in self.flat.segments
        ]
        if self.flat.half:
            feet.append(feet[0] * np.array([1.0, 1.0, -1.0, -1.0, -1.0, 1.0]))
        return np.stack(feet, axis=1)

    def joints(self, joints: list[str], force: Array) -> Array:
        columns = []
        for joint in reported_joints(self.whole):
            if joint in joints:
                factor = np.array([2.0, 2.0, 0.0]) if self.flat.half and side_of(joint) == "midline" else np.ones(3)
                columns.append(force[:, joints.index(joint)] * factor)
            else:
                columns.append(force[:, joints.index(other_side(joint))] * np.array([1.0, 1.0, -1.0]))
        return np.stack(columns, axis=1)
