"""Nonsense for every public callable: an answer, or a ``BiomechError`` that names the argument, and no warning.

    python tests/fuzz_signatures.py --minutes 60
    python tests/fuzz_signatures.py --seed 3 --case "sharing.solve 17"

The callables are found from the package; ``valid_calls`` holds a cheap valid call of each; one without is a failure of
its own (``unknown``). A case takes one argument or two out of the valid call and puts nonsense there: another type,
NaN, a bool, a complex number, an empty or ragged list, another length, or the valid value with one entry spoiled.

Failures are counted per callable and kind, and the first of each is printed with what makes it again. Exit 1 where
there are any.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np

import biomech as bm
from biomech.sharing import sensitivity, solution
from biomech.study import claims, strength, validation

Call = tuple[Callable[..., Any], dict[str, Any]]
MODULES = {
    "": bm, "sharing": bm.sharing, "sharing.sensitivity": sensitivity, "sharing.solution": solution,
    "scenarios": bm.scenarios, "uncertainty": bm.uncertainty, "findings": bm.findings, "claims": claims,
    "strength": strength, "validation": validation, "symbolic": bm.symbolic, "view": bm.view,
}  # fmt: skip
#: What is public by its name and no function of anything: errors, results and rows of tables, which the package makes.
RESULTS = {
    "PreparedSweep", "Model", "sharing.Solution", "sharing.solution.Solution",
    "sharing.sensitivity.Sensitivity", "sharing.solution.Found",
    "scenarios.Scenario", "findings.Column", "findings.Finding", "claims.Measure", "claims.Contrast",
    "claims.Proposition", "validation.Posture",
}  # fmt: skip
#: Methods that are called, by the valid calls below.
METHODS = ("Model.replace", "Model.scale", "Model.value", "Model.kinematics", "Model.muscle_geometry", "Model.gravity",
           "Model.passive_moment", "Solution.vjp", "Solution.jvp", "Prior.quantile")  # fmt: skip


class Thing:
    """An object that is nothing in particular."""


NONSENSE: tuple[Any, ...] = (
    None, True, False, 1j, np.nan, np.inf, -np.inf, -1, 0, 2.5, 1e300, 10**400, 2**63, np.bool_(True), np.int64(-3),
    np.float64(np.nan), "", "x", "0", b"x", (), [], {}, set(), [None], ["x"], [1, [2, 3]], [1j], {"x": 1}, {3: 0.1},
    {"x": None}, Thing(), Thing, len, np.array([]), np.array(["x"]), np.array([np.nan]), np.array([1j]),
    np.zeros((2, 3, 4, 5)), np.array([None]), np.datetime64("2020-01-01"), np.ma.masked_array([1.0], mask=[True]),
)  # fmt: skip


def found() -> Iterator[str]:
    """Names of all public callables of the package, each once."""
    seen = set()
    for prefix, module in MODULES.items():
        for name in getattr(module, "__all__", None) or vars(module):
            thing = getattr(module, name)
            own = hasattr(module, "__all__") or getattr(thing, "__module__", None) == module.__name__
            if name.startswith("_") or not callable(thing) or isinstance(thing, types.UnionType) or not own:
                continue
            if isinstance(thing, type) and issubclass(thing, BaseException):
                continue
            full = f"{prefix}.{name}".lstrip(".")
            if full not in RESULTS and thing not in seen:
                seen.add(thing)
                yield full
    yield from METHODS


@cache
def valid_calls() -> dict[str, Call]:
    """A cheap valid call of each callable."""
    sharing, symbolic, small = bm.sharing, bm.symbolic, bm.load_model("small")
    parts = {"coefficients": np.array([[[20.0, 40.0]]]), "demand": np.array([[10.0]]), "upper": np.ones(2),
             "weight": np.ones(2), "lower": np.zeros(2), "quadratic": np.array([False, True]),
             "shortfall_weight": np.ones(1)}  # fmt: skip
    problem = sharing.LoadSharingProblem(**parts)
    solved = sharing.solve(problem, sharing.Power(2))
    change = {"coefficients": parts["coefficients"], "demand": 1.0, "upper": np.ones(2), "lower": 0.0, "weight": 0.0}
    prior = bm.uncertainty.Prior("p", "friction", "set", "uniform", 0.3, 0.9, 0.3, 0.9)
    few = {"friction": prior}
    stances = {"a": {"pelvic_tilt": 0.0}, "b": {"pelvic_tilt": 0.0, "knee_flexion": 5.0}}
    drawn = {"stances": stances, "model": None, "samples": 2, "seed": 0, "priors": few, "criterion": bm.Power(2),
             "tone": {"quadriceps": 0.01}, "progress": False}  # fmt: skip
    pose = {"knee_angle_r": -10.0, "hip_flexion_r": [0.0, 5.0]}
    values = bm.uncertainty.propagate(stances, samples=4, priors=few, variables=["lumbar_compression"])
    length = symbolic.muscle_length(bm.load_model("gait2392"), "soleus_r")
    equation = {"pelvis_tx": symbolic.sp.Eq(symbolic.coordinate("pelvis_tx"), 0, evaluate=False)}
    force = {"model": small, "pelvic_tilt": 0.0, "knee_flexion": 5.0}
    return {
        "MinMax": (bm.MinMax, {}),
        "Power": (bm.Power, {"exponent": 3}),
        "SoftSaturation": (bm.SoftSaturation, {}),
        "load_model": (bm.load_model, {"name": "small"}),
        "prepare": (bm.prepare, {"model": small, "parameters": ["pelvic_tilt"], "outputs": ["activation"]}),
        "sweep": (bm.sweep, {**force, "criterion": bm.Power(2), "weight": {"soleus_*": 2.0}, "strength": "isometric",
                             "tone": {"quadriceps": 0.01}, "variables": ["activation"], "threads": 1}),
        "stability": (bm.stability, force),
        "table": (bm.table, {"ds": bm.sweep(**force), "variables": ["activation"]}),
        "static_optimization": (bm.static_optimization, {"model": small, "coordinates": {"knee_angle_r": [-5.0]}}),
        "sharing.LoadSharingProblem": (sharing.LoadSharingProblem, parts),
        "sharing.solve": (sharing.solve, {"problem": problem, "criterion": bm.Power(2), "tolerance": 1e-9,
                                          "threads": 1}),
        "sharing.solution.certify": (solution.certify, {"problem": problem, "criterion": bm.Power(2),
                                     "value": solved.value, "multiplier": solved.multiplier}),
        "sharing.sensitivity.vjp": (sensitivity.vjp, {"solution": solved, "cotangent": np.ones((1, 2))}),
        "sharing.sensitivity.jvp": (sensitivity.jvp, {"solution": solved, **change}),
        "Solution.vjp": (solved.vjp, {"cotangent": np.ones((1, 2))}),
        "Solution.jvp": (solved.jvp, change),
        "scenarios.scenario": (bm.scenarios.scenario, {"name": "squat"}),
        "scenarios.run": (bm.scenarios.run, {"name": "squat", "model": None}),
        "scenarios.path": (bm.scenarios.path, {"name": "squat", "model": None, "steps": 2}),
        "scenarios.feel": (bm.scenarios.feel, {"name": "squat", "model": None}),
        "uncertainty.Prior": (bm.uncertainty.Prior, dict(vars(prior))),
        "uncertainty.default_priors": (bm.uncertainty.default_priors, {}),
        "uncertainty.propagate": (bm.uncertainty.propagate, {**drawn, "variables": ["lumbar_compression"]}),
        "uncertainty.percentiles": (bm.uncertainty.percentiles, {"values": values.lumbar_compression, "low": 5.0,
                                                                 "high": 95.0}),
        "uncertainty.sobol": (bm.uncertainty.sobol, {**drawn, "variable": "group_activation",
                                                     "select": {"group": "quadriceps"}}),
        "Prior.quantile": (prior.quantile, {"share": np.array([0.5])}),
        "findings.judge": (bm.findings.judge, {"names": ["leaning_back"], "model": None, "samples": 2, "seed": 0}),
        "findings.verdict": (bm.findings.verdict, {"proposition": claims.PROPOSITIONS[0], "columns": [_column()]}),
        "claims.group": (claims.group, {"name": "quadriceps"}),
        "strength.maximal_moment": (strength.maximal_moment, {"model": small, "coordinate": "knee_angle_r",
                                                              "direction": 1}),
        "strength.strength_curves": (strength.strength_curves, {"model": bm.load_model(), "steps": 2}),
        "strength.moment_arm_rows": (strength.moment_arm_rows, {"model": bm.load_model()}),
        "validation.variant": (validation.variant, {"name": "as_built", "base": bm.load_model()}),
        "symbolic.coordinate": (symbolic.coordinate, {"name": "knee_angle_r"}),
        "symbolic.transform": (symbolic.transform, {"model": small, "segment": "femur_r", "ancestor": "ground"}),
        "symbolic.moment_arm": (symbolic.moment_arm, {"length": length, "name": "ankle_angle_r"}),
        "symbolic.muscle_length": (symbolic.muscle_length, {"model": small, "muscle": small.muscles[0],
                                                            "at": {"knee_angle_r": 0.0}}),
        "symbolic.muscle_force": (symbolic.muscle_force, {"muscle": "soleus_r"}),
        "symbolic.arm_symbol": (symbolic.arm_symbol, {"muscle": "soleus_r", "name": "ankle_angle_r"}),
        "symbolic.sagittal_lengths": (symbolic.sagittal_lengths, {"model": small}),
        "symbolic.sagittal_equilibrium": (symbolic.sagittal_equilibrium, {"model": small}),
        "symbolic.latex": (symbolic.latex, {"equations": equation, "digits": 4}),
        "view.convergence_chart": (bm.view.convergence_chart, {"values": values.lumbar_compression[0], "label": "x"}),
        "Model.replace": (small.replace, {"changes": {"segments/torso/com_x": 0.03}}),
        "Model.scale": (small.scale, {"factors": {"segments/torso/com_x": 1.1}}),
        "Model.value": (small.value, {"path": "segments/torso/com_x"}),
        **{f"Model.{name}": (getattr(small, name), pose) for name in
           ("kinematics", "muscle_geometry", "gravity", "passive_moment")},
    }  # fmt: skip


def _column() -> Any:
    return bm.findings.Column("a", ((0.0, 1.0, 2.0),), (1.0,), 1.0, 0.0, 0.0, 1.0, "supported")


def spoiled(value: Any, rng: np.random.Generator) -> Any:
    """Nonsense, or the valid value with one part of it spoiled."""
    bad = NONSENSE[rng.integers(len(NONSENSE))]
    if rng.random() < 0.6:
        return bad
    if isinstance(value, dict) and value:
        key = list(value)[rng.integers(len(value))]
        return {**value, key: spoiled(value[key], rng)} if rng.random() < 0.7 else {**value, "no_such_name": 1.0}
    if isinstance(value, list) and value:
        return [*value[:-1], bad]
    if isinstance(value, np.ndarray) and value.size:
        other = value.astype(complex) if rng.random() < 0.2 else value.astype(float)
        other.flat[rng.integers(value.size)] = np.nan
        return [other, value[..., :0], value[None], value.astype(str)][rng.integers(4)]
    return bad


def case(name: str, seed: int) -> dict[str, Any]:
    """Arguments that differ from the valid ones: by name."""
    rng = np.random.default_rng([seed, *name.encode()])
    good = valid_calls()[name][1]
    if not good:
        return {}
    chosen = rng.choice(list(good), size=min(len(good), 1 + int(rng.random() < 0.2)), replace=False)
    return {str(own): spoiled(good[str(own)], rng) for own in chosen}


def check(name: str, bad: dict[str, Any]) -> tuple[str, str] | None:
    """Kind of failure and what is wrong, or None: an answer, or an error that names an argument."""
    call, good = valid_calls()[name]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            call(**{**good, **bad})
        except bm.BiomechError as error:
            names = {*bad, *(str(key) for value in bad.values() if isinstance(value, dict) for key in value)}
            if not any(re.search(rf"(?<!\w){re.escape(own)}(?!\w)", str(error)) for own in names if own):
                return "nameless", str(error)
        except Exception as error:
            return "raw", f"{type(error).__name__}: {error}"
        finally:
            if "matplotlib.pyplot" in sys.modules:
                sys.modules["matplotlib.pyplot"].close("all")
    for one in said:
        if not one.category.__module__.startswith("biomech"):
            return "warning", f"{one.category.__name__}: {one.message}"
    return None


def run(names: Iterable[str], seeds: Iterator[int]) -> Counter[str]:
    """Try cases of each callable; counts per callable and kind, what was tried under ``cases``."""
    counts: Counter[str] = Counter()
    names = list(names)
    for name in names:
        if name not in valid_calls():
            counts[f"{name} unknown"] += 1
            print(f"FAILED unknown: {name} has no valid call in valid_calls", flush=True)
    known = [name for name in names if name in valid_calls()]
    for seed in seeds:
        for name in known:
            bad = case(name, seed)
            wrong = check(name, bad)
            counts["cases"] += 1
            if wrong:
                kind = f"{name} {wrong[0]}"
                if not counts[kind]:
                    words = " ".join(repr(bad).split())[:150]
                    print(f'FAILED {wrong[0]} (--case "{name} {seed}"): {words}: {wrong[1][:200]}', flush=True)
                counts[kind] += 1
    return counts


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=1.0, help="how long to try")
    options.add_argument("--seed", type=int, default=0, help="first seed")
    options.add_argument("--case", metavar='"NAME SEED"', help="one case again")
    given = options.parse_args()
    import matplotlib as mpl

    mpl.use("Agg")
    if given.case:
        name, seed = given.case.split()
        counts = run([name], iter([int(seed)]))
    else:
        counts = run(found(), _until(given.seed, time.monotonic() + 60.0 * given.minutes))
    tried = counts.pop("cases", 0)
    for kind, count in sorted(counts.items()):
        print(f"{count:>6}  {kind}")
    print(f"tried {tried} cases; failures: {sum(counts.values()) or 'none'}")
    return int(bool(counts))


def _until(seed: int, end: float) -> Iterator[int]:
    while time.monotonic() < end:
        yield seed
        seed += 1


if __name__ == "__main__":
    sys.exit(main())
