"""A model file in OpenSim itself and here, side by side: bodies, gravity, lengths, moment arms (needs ``opensim``)."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import opensim
from numpy.typing import NDArray
from shared_reference import OSIM

import biomech as bm

Array = NDArray[np.float64]

#: What differs by more is a failure: m, m (or 1), 1, N.m of bodies, plain lengths, plain arms, gravity.
BODY, LENGTH, ARM, GRAVITY = 1e-7, 1e-7, 1e-6, 1e-6
#: By so much a difference of potential energy over a step may be off, N.m.
SLOPE = 1e-4
#: The same of paths that wrap, where OpenSim's own way is a little longer than the shortest.
WRAPPED, WRAPPED_ARM = 5e-4, 1e-3
#: Of minus the derivative of a length the moment arm may differ by so much, anywhere but at a switch.
DERIVATIVE, STEP = 1e-7, 1e-4


def _make_reference() -> Any:
    spec = importlib.util.spec_from_file_location("make_reference", OSIM / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = _make_reference()


@dataclass
class Answers:
    """What OpenSim says of a model: of each pose a row.

    ``coordinates``: name, then value (pose,); ``free``: those that move by themselves. ``bodies``: place and rotation
    (pose, 12). ``gravity``: its generalised forces, and ``slopes`` of potential energy, less their sign. ``lengths``:
    as it is, with contacts that are not stale, and without any (pose,); ``touched``: how many surfaces (pose,).
    ``arms``: moment arm, finite difference, kink (pose, 3).
    """

    coordinates: dict[str, Array]
    free: list[str]
    bodies: dict[str, Array]
    gravity: dict[str, Array]
    slopes: dict[str, Array]
    lengths: dict[str, tuple[Array, Array, Array]]
    touched: dict[str, Array]
    arms: dict[tuple[str, str], Array]


def ask(path: Path, poses: int, seed: int) -> Answers:
    """Random poses in OpenSim, the first the default one."""
    own, random = REFERENCE.Reference(str(path)), np.random.default_rng(seed)
    kinds = ["default"] + ["middle"] * (poses // 2) + ["full"] * (poses - 1 - poses // 2)
    rows = [_one_pose(own, kind, random) for kind in kinds[:poses]]

    def gathered(key: str) -> dict[Any, Array]:
        named = [name for name in rows[0][key] if all(name in row[key] for row in rows)]
        return {name: np.array([row[key][name] for row in rows]) for name in named}

    lengths = {name: (own[:, 0], own[:, 1], own[:, 2]) for name, own in gathered("lengths").items()}
    return Answers(
        gathered("coordinates"),
        [c.getName() for c in own.independent],
        gathered("bodies"),
        gathered("gravity"),
        gathered("slopes"),
        lengths,
        gathered("touched"),
        gathered("arms"),
    )


def _one_pose(own: Any, kind: str, random: np.random.Generator) -> dict[str, dict[Any, Any]]:
    state = own.state
    own.pose(kind, random)
    q = REFERENCE.array(state.getQ())
    found: dict[str, dict[Any, Any]] = {key: {} for key in ("bodies", "lengths", "touched", "arms")}
    found["coordinates"] = {c.getName(): c.getValue(state) for c in own.coordinates}
    for body in own.model.getBodySet():
        found["bodies"][body.getName()] = np.concatenate(_frame(body, state))
    force = own.gravity()
    found["gravity"] = {name: force[own.u_index[name]] for name in own.names}
    directions = own.directions()
    found["slopes"] = dict.fromkeys(own.names, np.nan)
    straight = own.lengths(q)
    for (_, name, _, path), length in zip(own.paths, straight, strict=True):
        fresh, plain, touched = _fresh_length(path, state)
        found["lengths"][name], found["touched"][name] = (length, fresh, plain), touched
    arms = {(path[1], c.getName()): path[3].computeMomentArm(state, c) for path in own.paths for c in own.independent}
    for c, (_, rate) in zip(own.independent, directions, strict=True):
        if rate is None:
            continue
        if not _moves_alone(own, q, rate, c.getName()):
            continue
        plus, high = own.lengths(q + STEP * rate), own.potential()
        minus, low = own.lengths(q - STEP * rate), own.potential()
        found["slopes"][c.getName()] = (low - high) / (2 * STEP)
        for k, path in enumerate(own.paths):
            slope, kink = (plus[k] - minus[k]) / (2 * STEP), abs(plus[k] - 2 * straight[k] + minus[k]) / STEP
            found["arms"][path[1], c.getName()] = np.array([arms[path[1], c.getName()], -slope, kink])
    own.lengths(q)
    return found


def _moves_alone(own: Any, q: Array, rate: Array, name: str) -> bool:
    """Whether along a direction one coordinate moves by a step and all other free ones stay.

    Where a constraint ties several, OpenSim shares its speed among them, and a ball's speed is no rate of an angle.
    """
    own.state.setQ(REFERENCE.vector(q + STEP * rate))
    after = {c.getName(): c.getValue(own.state) for c in own.independent}
    own.state.setQ(REFERENCE.vector(q))
    moved = {c.getName(): (after[c.getName()] - c.getValue(own.state)) / STEP for c in own.independent}
    return all(abs(value - (other == name)) < 1e-7 for other, value in moved.items())


def _frame(frame: Any, state: Any) -> tuple[Array, Array]:
    placed = frame.getTransformInGround(state)
    turn = placed.R().asMat33()
    return placed.p().to_numpy(), np.array([turn.get(i, k) for i in range(3) for k in range(3)])


def _fresh_length(path: Any, state: Any) -> tuple[float, float, int]:
    """The length by where the contacts are, which OpenSim forgets to look up again, that without, and their number."""
    current = path.getCurrentPath(state)
    places, arcs = [], []
    for k in range(current.getSize()):
        point = current.get(k)
        origin, turn = _frame(point.getParentFrame(), state)
        places.append(origin + turn.reshape(3, 3) @ point.getLocation(state).to_numpy())
        contact = opensim.PathWrapPoint.safeDownCast(point)
        arcs.append(None if contact is None else contact.getWrapLength(state))
    total, touched = 0.0, 0
    for k in range(len(places) - 1):
        arc = arcs[k + 1]
        if arcs[k] is not None and arc is not None and arc > 0.0:
            total, touched = total + arc, touched + 1
        else:
            total += float(np.linalg.norm(places[k + 1] - places[k]))
    fixed = [place for place, arc in zip(places, arcs, strict=True) if arc is None]
    plain = sum(float(np.linalg.norm(b - a)) for a, b in pairwise(fixed))
    return total, plain, touched


# ---- here -----------------------------------------------------------------------------------------------------------


@dataclass
class Difference:
    """What differs, by how much, and how much it may."""

    kind: str
    name: str
    amount: float
    most: float
    pose: int = -1

    @property
    def failed(self) -> bool:
        return not self.amount <= self.most


def read(path: Path) -> tuple[bm.Model, list[str]]:
    """The body without the muscles whose paths are not computed, and those."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bm.BiomechWarning)
        model = bm.read_osim(path)
        table = model.tables.get("left_out")
        muscles = set() if table is None else {own for own in table.text("muscle") if own in model.muscles}
        return (model.without(sorted(muscles)) if muscles else model), sorted(muscles)


def pose_of(model: bm.Model, answers: Answers) -> dict[str, Array]:
    """Coordinates in deg and m, of all that move by themselves or are held."""
    table = model.tables["coordinates"]
    led = set(model.tables["couplers"].text("dependent")) if "couplers" in model.tables else set()
    unit = {name: 1.0 if kind == "translation" else 180.0 / np.pi for name, kind in _motions(table)}
    own = {name for name in table.rows if name not in led}
    return {name: unit[name] * value for name, value in answers.coordinates.items() if name in own}


def _motions(table: Any) -> Iterator[tuple[str, str]]:
    yield from zip(table.rows, table.text("motion"), strict=True)


def compare(model: bm.Model, answers: Answers) -> Iterator[Difference]:
    """Everything that both compute."""
    pose = pose_of(model, answers)
    missing = set(answers.coordinates) ^ set(model.coordinates)
    if missing:
        yield Difference("coordinates", ", ".join(sorted(missing)), np.inf, 0.0)
    yield from _bodies(model, answers, pose)
    yield from _gravity(model, answers, pose)
    if model.muscles:
        yield from _paths(model, answers, pose)


def _bodies(model: bm.Model, answers: Answers, pose: dict[str, Array]) -> Iterator[Difference]:
    placed = model.kinematics(pose)
    for name, rows in answers.bodies.items():
        if name not in model.segments:
            yield Difference("body", name, np.inf, 0.0)
            continue
        own = placed.sel(segment=name)
        flat = np.concatenate([own.origin.values, own.rotation.values.reshape(-1, 9)], axis=1)
        yield _worst("body", name, np.abs(flat - rows).max(axis=1), BODY)


def _gravity(model: bm.Model, answers: Answers, pose: dict[str, Array]) -> Iterator[Difference]:
    """Generalised forces of coordinates that can move alone.

    Those of OpenSim are of the open tree. With what follows by a coupler they are minus the slope of potential energy.
    """
    own = model.gravity(pose).generalized_force
    for name, value in answers.gravity.items():
        if name in answers.free and name in model.coordinates and np.isfinite(answers.slopes[name]).all():
            here = own.sel(coordinate=name).values
            slope = np.abs(here - answers.slopes[name]) / (SLOPE * (1.0 + np.abs(here)))
            yield _worst("gravity", name, np.minimum(np.abs(here - value), slope * GRAVITY), GRAVITY)


def _paths(model: bm.Model, answers: Answers, pose: dict[str, Array]) -> Iterator[Difference]:
    found = model.muscle_geometry(pose)
    uses = list(model.tables["path_wraps"].text("muscle")) if "path_wraps" in model.tables else []
    for name in model.muscles:
        length, fresh, plain = answers.lengths[name]
        own, wraps = found.length.sel(muscle=name).values, uses.count(name)
        if not wraps:
            yield _worst("length", name, np.abs(own - length), LENGTH)
            continue
        gap = np.minimum(np.abs(own - length), np.abs(own - fresh))
        off = gap > WRAPPED
        shorter = (own < np.maximum(length, fresh)) & (own > plain + 1e-9) & (answers.touched[name] > 0)
        kind = "length with a wrap" if wraps == 1 else "length with wraps"
        # with several, each in OpenSim's order: surfaces that contradict each other have no answer
        most = WRAPPED if wraps == 1 else np.inf
        yield _worst(kind, name, np.where(off & ~shorter, gap, 0.0), most)
        yield _worst(f"{kind}, shorter than OpenSim's", name, np.where(off & shorter, gap, 0.0), np.inf)
    for name in answers.free:
        if name in model.coordinates:
            yield from _arms(model, answers, pose, found, uses, name)


def _arms(
    model: bm.Model, answers: Answers, pose: dict[str, Array], found: Any, uses: list[str], name: str
) -> Iterator[Difference]:
    """Moment arms about one coordinate: as OpenSim's, and minus the derivative of the length."""
    scale = 1.0 if dict(_motions(model.tables["coordinates"]))[name] == "translation" else 180.0 / np.pi
    step, arm, middle = 1e-5, found.moment_arm.sel(coordinate=name).values, found.length.values
    (plus, minus), (near, far) = (
        [model.muscle_geometry({**pose, name: pose[name] + way * scale * h}).length.values for way in (1.0, -1.0)]
        for h in (step, 0.5 * step)
    )
    bends = np.abs(plus - 2.0 * middle + minus) / step, np.abs(near - 2.0 * middle + far) / (0.5 * step)
    smooth = (bends[0] < 1e-4) & (bends[1] < 0.6 * bends[0] + 1e-8)  # what bends half as much over half the way
    gap = np.where(smooth, np.abs(arm + (plus - minus) / (2.0 * step)) / (1.0 + np.abs(arm)), 0.0)
    for k, muscle in enumerate(model.muscles):
        wraps = uses.count(muscle)
        kind, most = ("derivative", DERIVATIVE) if wraps < 2 else ("derivative with wraps", np.inf)
        yield _worst(kind, f"{muscle} about {name}", np.where(gap[:, k] > DERIVATIVE, gap[:, k], 0.0), most)
        rows = answers.arms.get((muscle, name))
        if rows is None:
            continue
        length, fresh, _ = answers.lengths[muscle]
        other = np.minimum(np.abs(middle[:, k] - length), np.abs(middle[:, k] - fresh)) > 1e-5  # another way
        switch = (rows[:, 2] > 1e-4) | other
        off = np.minimum(np.abs(arm[:, k] - rows[:, 0]), np.abs(arm[:, k] - rows[:, 1]))
        if wraps == 0:
            yield _worst("arm", f"{muscle} about {name}", np.where(switch, 0.0, off / (1.0 + np.abs(rows[:, 0]))), ARM)
        elif wraps == 1:
            yield _worst("arm with a wrap", f"{muscle} about {name}", np.where(switch, 0.0, off), WRAPPED_ARM)


def _worst(kind: str, name: str, gap: Array, most: float) -> Difference:
    gap = np.atleast_1d(gap)
    at = int(np.argmax(np.where(np.isnan(gap), np.inf, gap)))
    return Difference(kind, name, float(gap[at]), most, at)
