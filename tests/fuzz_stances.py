"""Random stances: an answer depends on its own question alone, NaN is never optimal, and every free body balances.

    python tests/fuzz_stances.py --minutes 60
    python tests/fuzz_stances.py --seed 3 --case 1712

A case is a handful of stances anywhere in the box of every parameter, or many along a short line through it, with one
support, policies, criterion and model.
They are answered together, in another order, beside postures that cannot be taken, across the blocks of a long sweep,
by several threads, each alone, and by ``prepare``: every answer must be the same, to the bit. What is optimal must
balance: virtual work on every free coordinate, in plain NumPy from ``Model.kinematics``, ``muscle_geometry``,
``gravity`` and ``passive_moment`` with the reported ``muscle_force``, ``ground_force`` and ``seat_force``. That is the
moment balance of every free body about every free axis, and for the pelvis's coordinates the force balance of the
whole body.

Failures are counted per kind, and each is printed with what makes it again. Exit 1 where there are any.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import xarray as xr

import biomech as bm
from biomech.errors import UnreachablePosture
from biomech.pipeline.status import OPTIMAL, UNREACHABLE
from biomech.policies.registry import statuses_of
from biomech.stance.parameters import PARAMETERS, words_of

#: Postures of a case anywhere and along a line; those of a sweep's block, which one company crosses.
FEW, MANY, BLOCK = 16, 256, 4096
#: Part of a parameter's range that a line covers.
LINE = 0.12
#: Of the optimal postures of a case as many are weighed.
WEIGHED = 5
#: Coordinates (deg, m) that differ by more are another posture.
ANOTHER = 1e-3
#: Of body weight times a metre that virtual work may leave.
BALANCED = 1e-7
CRITERIA = (bm.Power(2), bm.Power(2), bm.Power(2), bm.Power(3), bm.SoftSaturation(), bm.MinMax())
SUPPORTS = ("both", "both", "right", "left", "seat", "step", "stride")
#: A stance that no body can take.
NEVER = {"pelvic_tilt": -25.0, "trunk_lean": 100.0, "knee_flexion": 120.0, "stance_width": 1.0}


class Case:
    """Stances that share what is not a number; ``numbers`` holds a column for each parameter (posture[, side])."""

    def __init__(self, seed: int, number: int, plain: bool | None = None) -> None:
        self.rng = np.random.default_rng([seed, number])
        rng = self.rng
        self.name = f"--seed {seed} --case {number}"
        self.model_name = str(rng.choice(["adult", "adult", "adult", "gait2392", "small"]))
        self.support = str(rng.choice(SUPPORTS))
        self.words: dict[str, Any] = {"support": self.support, "criterion": CRITERIA[rng.integers(len(CRITERIA))]}
        if plain:
            self.words["criterion"] = CRITERIA[0]
        if rng.random() < 0.2:
            self.words["strength"] = "force_length"
        self.words["arms"] = str(rng.choice(["hanging", "fixed", "thighs"]))
        self.policies = {} if plain else self._policies()
        if self.policies.get("pelvic_tilt") == "least_effort" and rng.random() < 0.95:
            self.words["criterion"] = CRITERIA[rng.integers(4)]  # the others take seconds
        line = bool(rng.random() < 0.5)
        self.count = MANY if line and not self.policies else FEW
        self.numbers = self._numbers(symmetric=bool(rng.random() < 0.5), line=line)

    @property
    def model(self) -> bm.Model:
        return _model(self.model_name)

    def _policies(self) -> dict[str, str]:
        rng, seated = self.rng, self.support == "seat"
        found: dict[str, str] = {}
        if rng.random() < 0.35:
            names = ["least_effort", "passive", "rhythm"] + ([] if seated else ["hanging"])
            found["pelvic_tilt"] = str(rng.choice(names))
        elif rng.random() < 0.1 and not seated:
            found["trunk_lean"] = "hanging_sway"
        if rng.random() < 0.08 and not seated:
            found["knee_flexion"] = "passive"
        return found

    def _numbers(self, *, symmetric: bool, line: bool) -> dict[str, np.ndarray]:
        """The whole box; half of the stances, or lines, nearer to the middle, where more can be taken."""
        rng, count, numbers = self.rng, self.count, {}
        wide = np.where(rng.random(1 if line else count) < 0.5, 1.0, 0.35) * np.ones(count)
        for name, about in PARAMETERS.items():
            if name in self.policies or self._means_nothing(name):
                continue
            shape = (count, about.width) if about.per else (count,)
            middle = about.default if about.default is not None else 0.0
            drawn = rng.uniform(about.least, about.most, shape)
            if line:
                along = np.linspace(0.0, 1.0, count).reshape(-1, *(1,) * (len(shape) - 1))
                way = LINE * (about.most - about.least) * rng.uniform(-1.0, 1.0, (1, *shape[1:]))
                drawn = np.clip(drawn[:1] + along * way, about.least, about.most)
            width = wide.reshape(-1, *(1,) * (len(shape) - 1))
            values = middle + width * (drawn - middle)
            if symmetric:
                if about.symmetric_at is not None:
                    continue
                if about.per_leg:
                    values[:, 1] = values[:, 0]
                if about.per == "axis":
                    values[:, 2] = 0.0
            numbers[name] = values
        if rng.random() < 0.6:  # a load that outweighs the body tells little
            for name in ("load_mass", "load_position"):
                numbers.pop(name, None)
        if "load_position" not in numbers:
            numbers.pop("load_mass", None)
        if self.model_name != "adult":
            numbers.pop("turnout_yield", None)
        return numbers

    def _means_nothing(self, name: str) -> bool:
        has = {"support": self.support, "arms": self.words["arms"]}
        return any(has[condition.choice] not in words_of(condition) for condition in PARAMETERS[name].needs)

    def sweep(self, numbers: dict[str, np.ndarray], **options: Any) -> xr.Dataset:
        """Answers along ``case``."""
        stance: dict[str, Any] = dict(self.policies)
        for name, values in numbers.items():
            dims = ("case", "side") if PARAMETERS[name].per_leg else ("case", "axis")
            coords = {"side": ["right", "left"]} if PARAMETERS[name].per_leg else {}
            stance[name] = xr.DataArray(values, coords, dims[: values.ndim])
        return bm.sweep(self.model, progress=False, **self.words, **stance, **options)

    def scalars(self, i: int) -> dict[str, Any]:
        """One stance, as one asks for it alone."""
        stance: dict[str, Any] = dict(self.policies)
        for name, values in self.numbers.items():
            if PARAMETERS[name].per_leg:
                stance[name] = xr.DataArray(values[i], {"side": ["right", "left"]}, ("side",))
            else:
                stance[name] = tuple(values[i]) if name == "load_position" else float(values[i])
        return stance


_MODELS: dict[str, bm.Model] = {}


def _model(name: str) -> bm.Model:
    if name not in _MODELS:
        _MODELS[name] = bm.load_model(name)
    return _MODELS[name]


def taken(numbers: dict[str, np.ndarray], index: Any) -> dict[str, np.ndarray]:
    """Some of the stances, in an order."""
    return {name: values[index] for name, values in numbers.items()}


def check(case: Case, deep: bool) -> Iterator[tuple[str, str]]:
    """Failures of a case: kind and what is wrong. ``deep``: in the companies that take long, too."""
    try:
        base = case.sweep(case.numbers)
    except Exception as error:
        yield "crash", f"together: {type(error).__name__}: {error}"
        return
    yield from makes_sense(case, base)
    yield from balances(case, base)
    for kind, index, numbers, options in companies(case, deep):
        try:
            other = case.sweep(numbers, **options)
        except Exception as error:
            yield "crash", f"{kind}: {type(error).__name__}: {error}"
            continue
        yield from differences(kind, base, other.isel(case=index))
    hard = np.flatnonzero(base.status.values != OPTIMAL)[:1].tolist()
    for i in {*hard, int(case.rng.integers(case.count))}:
        yield from alone(case, base, i)
    if hasattr(bm, "prepare"):
        yield from prepared(case, base, int(case.rng.integers(case.count)))


def companies(case: Case, deep: bool) -> Iterator[tuple[str, np.ndarray, dict[str, np.ndarray], dict[str, Any]]]:
    """Other ways to ask: their kind, where the stances are, all stances, and options."""
    rng, every, count = case.rng, np.arange(case.count), case.count
    order = rng.permutation(count)
    yield "order", np.argsort(order), taken(case.numbers, order), {}
    # every other posture is one that no body can take
    mixed = {name: np.repeat(values, 2, axis=0) for name, values in case.numbers.items()}
    for name, bad in NEVER.items():
        if name in mixed:
            mixed[name][1::2] = bad
    yield "neighbours", 2 * every, mixed, {}
    yield "order", every[::-1], taken(case.numbers, every[::-1]), {}
    some = np.sort(rng.choice(count, count // 2, replace=False))
    padded = np.concatenate([some, every, some])
    yield "company", len(some) + every, taken(case.numbers, padded), {"threads": 2}
    if deep:
        first = BLOCK - count // 2
        many = np.concatenate([rng.integers(count, size=first), every, rng.integers(count, size=50)])
        yield "block", first + every, taken(case.numbers, many), {"threads": int(rng.integers(1, 3))}


def alone(case: Case, base: xr.Dataset, i: int) -> Iterator[tuple[str, str]]:
    """One stance by itself gives the same, or is refused with a reason."""
    status = int(base.status[i])
    try:
        one = bm.sweep(case.model, progress=False, **case.words, **case.scalars(i))
    except UnreachablePosture as error:
        if status != UNREACHABLE or len(str(error)) < 20:
            yield "alone", f"posture {i}: status {status} in company; alone {error}"
        return
    except Exception as error:
        yield "crash", f"posture {i} alone: {type(error).__name__}: {error}"
        return
    if status == UNREACHABLE:
        yield "alone", f"posture {i}: unreachable in company, alone status {int(one.status)} and no word"
        return
    yield from differences("alone", base.isel(case=[i]), one.expand_dims("case"), [i])


def prepared(case: Case, base: xr.Dataset, i: int) -> Iterator[tuple[str, str]]:
    """``prepare`` gives the same."""
    stance, varied = case.scalars(i), [n for n in case.numbers if PARAMETERS[n].default is not None][:3]
    varied = [n for n in varied if not PARAMETERS[n].per_leg and n not in ("load_mass", "load_position")]
    if not varied or "turnout_yield" in varied:
        return
    names = ["activation", "lumbar_compression", "pelvic_tilt"]
    fixed = {name: value for name, value in stance.items() if name not in varied}
    if any(isinstance(value, xr.DataArray) for value in fixed.values()):
        return  # what is fixed must be a scalar
    try:
        function = bm.prepare(case.model, varied, names, **case.words, **fixed)
        found = function(*(stance[name] for name in varied))
    except Exception as error:
        yield "crash", f"posture {i} prepared: {type(error).__name__}: {error}"
        return
    if int(found["status"]) != int(base.status[i]):
        yield "prepare", f"posture {i}: status {int(base.status[i])} in a sweep, prepared {int(found['status'])}"
        return
    for name in ("activation", "lumbar_compression"):
        one, other = base[name].values[i][None], found[name][None]
        if not same(one, other).all():
            yield "prepare", f"posture {i}: {name} differs"


def same(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether two answers to one question are equal, to the bit; NaN equals NaN."""
    return (one == other) | (np.isnan(one) & np.isnan(other))


def differences(
    kind: str, one: xr.Dataset, other: xr.Dataset, names: Sequence[int] | None = None
) -> Iterator[tuple[str, str]]:
    """Where two answers to the same questions differ: of each posture the first variable.

    Another status or posture is a kind of its own, ``branch``.
    """
    where = np.arange(one.sizes["case"]) if names is None else np.asarray(names)
    open_ = np.ones(len(where), dtype=bool)
    first = ["status", "coordinate_angle"]
    for name in [*first, *(str(name) for name in one.data_vars if name not in first)]:
        if "case" not in one[name].dims or name not in other or "case" not in other[name].dims:
            continue
        a, b = (ds[name].transpose("case", ...).values for ds in (one, other))
        good = same(a, b) if a.dtype.kind == "f" else np.asarray(a == b)
        for i in np.flatnonzero(open_ & ~good.reshape(len(where), -1).all(axis=1)):
            open_[i] = False
            if a.dtype.kind == "f":
                with np.errstate(invalid="ignore"):
                    away = np.abs(a[i] - b[i])
                far = np.max(away, initial=0.0, where=np.isfinite(away))
                far = far if np.array_equal(np.isfinite(a[i]), np.isfinite(b[i])) else np.inf
                text = f"{kind}: posture {where[i]}, status {int(one.status[i])}: {name} differs by {far:.3g}"
                yield ("branch" if name == "coordinate_angle" and far > ANOTHER else kind), text
            else:
                yield ("branch" if name == "status" else kind), f"{kind}: posture {where[i]}: {name} {a[i]} and {b[i]}"


def makes_sense(case: Case, ds: xr.Dataset) -> Iterator[tuple[str, str]]:
    """NaN is never optimal, what cannot be taken is all NaN and says why, statuses of policies fit."""
    status, message = ds.status.values, str(ds.attrs.get("message", ""))
    names = ("activation", "muscle_force", "coordinate_angle", "lumbar_compression", "joint_contact_force")
    values = {name: ds[name].transpose("case", ...).values for name in names}
    for i in range(len(status)):
        known = {name: value[i] for name, value in values.items()}
        if status[i] == UNREACHABLE:
            if any(np.isfinite(value).any() for value in known.values()):
                yield "message", f"posture {i}: is unreachable and has numbers"
            if bool(ds.valid[i]):
                yield "message", f"posture {i}: is unreachable and valid"
        elif any(np.isnan(value).any() for value in known.values()):
            bad = [name for name, value in known.items() if np.isnan(value).any()]
            yield "nan", f"posture {i}: status {int(status[i])}, and NaN in {', '.join(bad)}"
    for name, angle in (("tilt_status", "pelvic_tilt"), ("knee_status", "knee_flexion")):
        if name in ds and angle in ds:
            found = ds[name].transpose("case", ...).values.reshape(len(status), -1)
            given = ds[angle].transpose("case", ...).values.reshape(len(status), -1)
            lost = (found == statuses_of(angle)["no_posture"]).any(axis=1)
            for i in np.flatnonzero(lost & (status != UNREACHABLE)):
                yield "nan", f"posture {i}: {name} says that no angle was found, status {int(status[i])}"
            for i in np.flatnonzero(np.isnan(given).any(axis=1) & ~lost & (status != UNREACHABLE)):
                yield "nan", f"posture {i}: {angle} is NaN, {name} {found[i]}, status {int(status[i])}"
    if len(message) < 5 or ((status != OPTIMAL).any() and ": " not in message):
        yield "message", f"says {message!r}"
    if "nan" in message.lower() or "inf" in message.lower().replace("infeasible", ""):
        yield "message", f"says {message!r}"


def balances(case: Case, ds: xr.Dataset) -> Iterator[tuple[str, str]]:
    """Virtual work on every free coordinate of what is optimal."""
    held = np.flatnonzero((ds.status.values == OPTIMAL) & ~np.isnan(ds.activation.values).any(axis=1))
    if not held.size:
        return
    held = case.rng.permutation(held)[:WEIGHED]
    model, table = case.model, case.model.tables["coordinates"]
    work, names = np.zeros((held.size, len(model.coordinates))), list(model.coordinates)
    one = ds.isel(case=held)
    pose = {name: one.coordinate_angle.sel(coordinate=name).values for name in names}
    arms = model.muscle_geometry(**pose).moment_arm.transpose("pose", "coordinate", "muscle").values
    work += np.einsum("pcm,pm->pc", arms, one.muscle_force.values)
    work += model.gravity(**pose).generalized_force.transpose("pose", "coordinate").values
    work += passive(case, held, pose)
    for c, name in enumerate(names):
        rotates = table.text("motion")[table.index(name)] == "rotation"
        step, unit = (1e-3, np.radians(1e-3)) if rotates else (1e-5, 1e-5)
        near = [model.kinematics(**{**pose, name: pose[name] + way * step}) for way in (-1.0, 1.0)]
        before, after = (frames(where) for where in near)
        work[:, c] += outer_work(case, one, held, before, after, 2.0 * unit)
    weight = model.body_mass * model.value("settings/gravity")
    seated = case.support == "seat"
    for c, name in enumerate(names):
        if table.text("stance")[table.index(name)] != "free":
            continue
        if seated and not name.startswith(("knee", "ankle", "subtalar", "lumbar")):
            continue  # where on the seat the force acts is not reported
        for i in np.flatnonzero(~(np.abs(work[:, c]) <= BALANCED * weight)):
            yield "balance", f"posture {held[i]}: {work[i, c]:.3g} left on {name}"
    total = one.ground_force.sum("foot").values + (one.seat_force.values if seated else 0.0)
    load = column(case, "load_mass", held)
    total[:, 1] -= weight + load * model.value("settings/gravity")
    for i in np.flatnonzero(~(np.abs(total).max(axis=1) <= 1e-8 * weight)):
        yield "balance", f"posture {held[i]}: {np.abs(total[i]).max():.3g} N left of the whole body"


def frames(ds: xr.Dataset) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Rotation (pose, axis, local) and origin (pose, axis) of every segment."""
    rotation = ds.rotation.transpose("segment", "pose", "axis", "local_axis").values
    origin = ds.origin.transpose("segment", "pose", "axis").values
    return {str(name): (rotation[i], origin[i]) for i, name in enumerate(ds.segment.values)}


def column(case: Case, name: str, held: np.ndarray) -> np.ndarray:
    """What was asked of a parameter, or its default."""
    return case.numbers[name][held] if name in case.numbers else np.full(len(held), PARAMETERS[name].default)


def passive(case: Case, held: np.ndarray, pose: dict[str, np.ndarray]) -> np.ndarray:
    """Passive moments (posture, coordinate), posture by posture where the knees' laxity differs."""
    model = case.model
    laxity = case.numbers.get("knee_laxity", np.full((case.count, 2), PARAMETERS["knee_laxity"].default))[held]
    moments = np.empty((len(held), len(model.coordinates)))
    for i in range(len(held)):
        here = {name: float(values[i]) for name, values in pose.items()}
        right, left = (
            model.passive_moment(knee_laxity=float(laxity[i, side]), **here).passive_moment.isel(pose=0).values
            for side in (0, 1)
        )
        moments[i] = right
        for c, name in enumerate(model.coordinates):
            if name == "knee_angle_l":
                moments[i, c] = left[c]
    return moments


def outer_work(
    case: Case, ds: xr.Dataset, held: np.ndarray, before: dict[str, Any], after: dict[str, Any], unit: float
) -> np.ndarray:
    """Work of the ground, loads and arms that hang or rest, per unit of a coordinate: (posture,)."""
    model = case.model
    gravity, settings = model.value("settings/gravity"), model.tables["settings"]
    sine, cosine = (f(np.radians(column(case, "slope", held))) for f in (np.sin, np.cos))
    aside, level = (f(np.radians(column(case, "cross_slope", held))) for f in (np.sin, np.cos))
    normal = np.stack([-sine, cosine * level, cosine * aside], axis=1)
    work = np.zeros(len(held))
    for k, calcn in enumerate(("calcn_r", "calcn_l")):
        (r0, o0), (r1, o1) = before[calcn], after[calcn]
        middle, spin = 0.5 * (o0 + o1), 0.5 * (r1 - r0) @ np.swapaxes(r0 + r1, 1, 2) * 0.5
        turn = 2.0 * np.stack([spin[:, 2, 1], spin[:, 0, 2], spin[:, 1, 0]], axis=1) / unit
        force = ds.ground_force.values[:, k]
        point = np.nan_to_num(ds.center_of_pressure.values[:, k])
        moment = np.cross(point - middle, force) + np.nan_to_num(ds.free_moment.values[:, k])[:, None] * normal
        work += np.einsum("pi,pi->p", force, (o1 - o0) / unit) + np.einsum("pi,pi->p", moment, turn)

    def weigh(segment: str, local: np.ndarray, mass: np.ndarray) -> np.ndarray:
        """Work of weight at a place of a segment."""
        (r0, o0), (r1, o1) = before[segment], after[segment]
        rise = (o1 - o0)[:, 1] + np.einsum("pi,pi->p", (r1 - r0)[:, 1], np.broadcast_to(local, (len(held), 3)))
        return -gravity * mass * rise / unit

    place = case.numbers["load_position"][held] if "load_position" in case.numbers else np.zeros((len(held), 3))
    work += weigh("torso", place, column(case, "load_mass", held))
    arm = settings.value("arms_mass")
    shoulder = np.array([settings.value("shoulder_x"), settings.value("shoulder_y"), 0.0])
    every = np.full(len(held), arm)
    if case.words["arms"] != "fixed":  # arms hang below the shoulder, whatever the trunk does
        low = shoulder - [0.0, settings.value("arms_drop"), 0.0]
        work += weigh("torso", shoulder, every) - weigh("torso", low, every)
    if case.words["arms"] == "thighs":
        rests = arm * column(case, "hand_support", held)
        hand = np.array([settings.value("hand_rest_x"), settings.value("hand_rest_y"), 0.0])
        work -= weigh("torso", shoulder, rests)
        work += weigh("femur_r", hand, 0.5 * rests) + weigh("femur_l", hand, 0.5 * rests)
    return work


def run(seed: int, numbers: Iterator[int], *, plain: bool = False, deep: float = 0.05) -> Counter[str]:
    """Try cases; counts per kind, with those that were tried under ``cases`` and ``postures``."""
    found: Counter[str] = Counter()
    started = shown = time.monotonic()
    for number in numbers:
        case = Case(seed, number, plain)
        failed: set[str] = set()
        for kind, text in check(case, deep=bool(case.rng.random() < deep)):
            found[kind] += 1
            if kind not in failed:
                about = f"{case.name}; {case.model_name}, {case.words}, {case.policies}"
                print(f"FAILED {kind} ({about}): {text}", flush=True)
            failed.add(kind)
        found["cases"] += 1
        found["postures"] += case.count
        if time.monotonic() - shown > 30.0:
            shown = time.monotonic()
            print(f"{shown - started:.0f} s: {dict(found)}", flush=True)
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=1.0, help="how long to try")
    options.add_argument("--seed", type=int, default=0, help="another seed, other stances")
    options.add_argument("--case", type=int, help="only the case of that number, in all companies")
    given = options.parse_args()
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", bm.BiomechWarning)
    print(f"biomech of {bm.__file__}; seed {given.seed}", flush=True)
    if given.case is not None:
        found = run(given.seed, iter([given.case]), deep=1.0)
    else:
        end = time.monotonic() + 60.0 * given.minutes
        found = run(given.seed, _until(end))
    tried = {name: found.pop(name, 0) for name in ("cases", "postures")}
    print(f"tried {tried['cases']} cases, {tried['postures']} postures; failures: {dict(found) or 'none'}")
    return 1 if found else 0


def _until(end: float) -> Iterator[int]:
    number = 0
    while time.monotonic() < end:
        yield number
        number += 1


if __name__ == "__main__":
    sys.exit(main())
