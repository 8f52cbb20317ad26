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
import atexit
import dataclasses
import datetime
import fractions
import importlib.resources
import importlib.util
import inspect
import re
import shutil
import sys
import tempfile
import time
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import biomech as bm
from biomech._kernels.declaration import Kernel
from biomech.analysis import joint_strength as strength
from biomech.article import evidence, plain_words, policy_scores, study_design, thresholds, validation
from biomech.article import hypotheses as claims
from biomech.model import mirror, tables
from biomech.sharing import sensitivity, solution

Call = tuple[Callable[..., Any], dict[str, Any]]
MODULES = {
    "": bm, "sharing": bm.sharing, "sharing.sensitivity": sensitivity, "sharing.solution": solution,
    "scenarios": bm.scenarios, "uncertainty": bm.uncertainty, "findings": bm.findings, "claims": claims,
    "evidence": evidence, "thresholds": thresholds, "scores": policy_scores, "design": study_design,
    "plain": plain_words, "strength": strength, "validation": validation, "symbolic": bm.symbolic, "view": bm.view,
    "tables": tables, "mirror": mirror, "io": bm.io,
}  # fmt: skip
#: Classes that only the package makes: results, and rows of its own tables. Their methods are called all the same.
RESULTS = {
    "PreparedSweep", "sharing.Solution", "sharing.sensitivity.Sensitivity", "sharing.solution.SolutionArrays",
    "sharing.sensitivity.Solved",
    "scenarios.Scenario", "findings.PolicyOutcome", "findings.Finding", "claims.OutcomeMeasure", "claims.Contrast",
    "claims.Hypothesis", "claims.Lever", "evidence.Measurement", "evidence.MeasuredTilt", "evidence.Query",
    "thresholds.Threshold", "scores.PolicyScore", "scores.Sway", "sharing.Criterion", "validation.History",
}  # fmt: skip
#: What needs a package that is not here.
ABSENT = set() if importlib.util.find_spec("ezc3d") else {"read_c3d"}
#: Formulas of a criterion: the solver calls them in its loops, on arrays that were checked at the door.
FORMULAS = {"response", "cost", "derivative", "curvature"}
#: What takes seconds where it answers: tried at one seed of ten.
WHOLE = (bm.Model, bm.sharing.LoadSharingProblem)  #: what looks at its own parts, and is spoiled by none
COSTLY = {"validation.validate", "validation.predicted_at_means", "validation.record_stage"}
FOLDER = importlib.resources.files("biomech.model") / "data" / "small"


class Thing:
    """An object that is nothing in particular."""


class Words(str):
    """Text of a class of its own."""


class Unprintable:
    """An object that cannot even be shown."""

    def __repr__(self) -> str:
        raise ValueError("no words for it")


@dataclasses.dataclass(frozen=True)
class Fresh:
    """Nonsense that is used up: made anew for each case."""

    make: Callable[[], Any]


NONSENSE: tuple[Any, ...] = (
    None, True, False, 1j, np.nan, np.inf, -np.inf, -1, 0, 2.5, 1e300, 5e-324, 10**400, 10**5000, 2**63, 2**31,
    np.bool_(True), np.int64(-3), np.float64(np.nan), np.float32(np.inf), np.longdouble("1e4000"), np.complex128(1j),
    "", "x", "0", b"x",
    "a" * 1000, "no\nline", Words("x"), Words(), (), [], {}, set(), {1, 2}, {"x"}, frozenset({None}), [None], ["x"],
    [1, [2, 3]], [1j], [True], [[]], [[1.0, 2.0]], [10**400], [np.nan, "x"], {"x": 1}, {3: 0.1}, {"x": None},
    {None: 1.0}, {"": 1.0}, {"x": {"x": {}}}, Thing(), Thing, Unprintable(), len, range(3), slice("x"), ...,
    NotImplemented,
    fractions.Fraction(1, 3), datetime.datetime(2020, 1, 1), datetime.timedelta(1), np.datetime64("2020-01-01"),
    np.datetime64("NaT"), np.timedelta64("NaT"), np.array([]), np.array(["x"]), np.array("x"), np.array(1.0),
    np.array([np.nan]), np.array([1j]), np.array([True]), np.zeros((2, 3, 4, 5)), np.array([None]),
    np.array([1.0, [2.0]], dtype=object), np.array(["NaT"], dtype="M8[s]"), np.zeros(2, dtype="f8,i4"), np.ma.masked,
    np.ma.masked_array([1.0], mask=[True]), xr.DataArray(1.0), xr.DataArray([1.0, 2.0], dims="foreign"),
    xr.DataArray(["x"], dims="side"), xr.DataArray([[1.0]], coords={"x": ["x"]}, dims=("x", "y")), xr.Dataset(),
    xr.Dataset({"x": ("x", [1.0])}), pd.Series([1.0, 2.0], index=["x", "x"]), pd.Series(["x"]), pd.Series(dtype=float),
    pd.DataFrame({"x": [1.0]}), pd.NA, pd.NaT, pd.Timestamp("2020"), pd.Index(["x"]),
    Fresh(lambda: iter([])), Fresh(lambda: iter(["x"])), Fresh(lambda: (k for k in (1.0, None))),
    Fresh(lambda: map(str, range(2))),
)  # fmt: skip


def found() -> Iterator[str]:
    """Names of all public callables of the package, and of the methods of its public classes, each once."""
    seen = set()
    for prefix, module in MODULES.items():
        for name in getattr(module, "__all__", None) or vars(module):
            thing = getattr(module, name)
            own = hasattr(module, "__all__") or getattr(thing, "__module__", None) == module.__name__
            if name.startswith("_") or not callable(thing) or isinstance(thing, types.UnionType) or not own:
                continue
            if isinstance(thing, Kernel):  # which only kernels call
                continue
            if (isinstance(thing, type) and issubclass(thing, BaseException)) or thing in seen:
                continue
            seen.add(thing)
            full = f"{prefix}.{name}".lstrip(".")
            if full not in RESULTS and full not in ABSENT:
                yield full
            if isinstance(thing, type):
                formulas = FORMULAS if issubclass(thing, bm.sharing.Criterion) else set()
                yield from (f"{full}.{method}" for method in _methods(thing) if method not in formulas)


def _methods(kind: type) -> Iterator[str]:
    """Methods of a class that take arguments, its own call among them."""
    for name, thing in vars(kind).items():
        public = name == "__call__" or not name.startswith("_")
        if public and inspect.isfunction(thing) and len(inspect.signature(thing).parameters) > 1:
            yield name


@cache
def valid_calls() -> dict[str, Call]:
    """A cheap valid call of each callable."""
    parts = (_sharing_calls, _model_calls, _sweep_calls, _study_calls, _symbolic_calls, _view_calls, _file_calls)
    return {name: call for part in parts for name, call in part().items()}


def _sharing_calls() -> dict[str, Call]:
    sharing = bm.sharing
    parts = {"coefficients": np.array([[[20.0, 40.0]]]), "demand": np.array([[10.0]]), "upper": np.ones(2),
             "weight": np.ones(2), "lower": np.zeros(2), "quadratic": np.array([False, True]),
             "shortfall_weight": np.ones(1)}  # fmt: skip
    problem = sharing.LoadSharingProblem(**parts)
    solved = sharing.solve(problem, sharing.Power(2))
    change = {"coefficients": parts["coefficients"], "demand": 1.0, "upper": np.ones(2), "lower": 0.0, "weight": 0.0}
    return {
        "MinMax": (bm.MinMax, {}),
        "Power": (bm.Power, {"exponent": 3}),
        "SoftSaturation": (bm.SoftSaturation, {}),
        "sharing.LoadSharingProblem": (sharing.LoadSharingProblem, parts),
        "sharing.LoadSharingProblem.take": (problem.take, {"index": slice(0, 1)}),
        "sharing.solve": (sharing.solve, {"problem": problem, "criterion": bm.Power(2), "tolerance": 1e-9,
                                          "threads": 1}),
        "sharing.solution.certify": (solution.certify, {"problem": problem, "criterion": bm.Power(2),
                                     "value": solved.value, "multiplier": solved.multiplier}),
        "sharing.sensitivity.vjp": (sensitivity.vjp, {"solution": solved, "cotangent": np.ones((1, 2))}),
        "sharing.sensitivity.jvp": (sensitivity.jvp, {"solution": solved, **change}),
        "sharing.Solution.vjp": (solved.vjp, {"cotangent": np.ones((1, 2))}),
        "sharing.Solution.jvp": (solved.jvp, change),
    }  # fmt: skip


def _model_calls() -> dict[str, Call]:
    small = bm.load_model("small")
    pose = {"knee_angle_r": -10.0, "hip_flexion_r": [0.0, 5.0]}
    table = small.tables["segments"]
    records = [{"setting": "gravity", "value": "9.81", "unit": "m/s2", "source": "x"}]
    columns = {"setting": ("gravity",), "value": (9.81,), "unit": ("m/s2",), "source": ("x",)}
    return {
        "load_model": (bm.load_model, {"name": "small"}),
        "Model": (bm.Model, {"name": "own", "tables": dict(small.tables)}),
        "Model.flat": (small.compiled, {"half": False}),
        "Model.cached": (lambda key: small.cached(key, lambda: 1), {"key": "x"}),
        "Model.compiled": (small.compiled, {"half": True}),
        "Model.shared": (small.shared, {"key": "asked for", "make": dict}),
        "Model.with_numbers": (small.with_numbers, {"columns": {
            ("segments", "com_x"): small.tables["segments"].numbers("com_x")}}),
        "Model.scaled": (small.scaled, {"height": 1.7, "mass": 60.0, "sex": "female", "lengths": {"thigh": 0.4},
                                        "strength": "volume"}),
        "Model.rows_matching": (small.rows_matching, {"table": "muscles", "pattern": "quadriceps_*"}),
        "Model.with_roles": (small.with_roles, {"segments": {"torso": "torso"}, "joints": {"hip_r": "hip_r"},
                                                "coordinates": {"pelvis_tx": "pelvis_tx"},
                                                "mirror": {"quadriceps_r": "quadriceps_l"}}),
        "Model.without": (small.without, {"names": ["plantarflexors_r"]}),
        "Model.with_rows": (small.with_rows, {"rows": {"muscles": [], "path_points": []}}),
        "Model.row": (small.row, {"table": "muscles", "name": small.muscles[0]}),
        "Model.replace": (small.replace, {"changes": {"segments/torso/com_x": 0.03}}),
        "Model.scale": (small.scale, {"factors": {"segments/torso/com_x": 1.1}}),
        "Model.value": (small.value, {"path": "segments/torso/com_x"}),
        "Model.resolve": (small.resolve, {"path": "segments/torso/com_x"}),
        "Model.sides": (small.sides, {"names": ["soleus_r", "torso"]}),
        **{f"Model.{name}": (getattr(small, name), pose) for name in
           ("kinematics", "muscle_geometry", "gravity", "bushing_force")},
        "Model.passive_moment": (small.passive_moment, {**pose, "knee_laxity": 5.0}),
        "tables.Table": (tables.Table, {"name": "settings", "columns": columns}),
        "tables.Table.text": (table.text, {"column": "segment"}),
        "tables.Table.numbers": (lambda column: table.numbers(column, "mass"), {"column": "com_x"}),
        "tables.Table.value": (table.value, {"row": "torso", "column": "mass"}),
        "tables.Table.index": (table.index, {"row": "torso"}),
        "tables.Table.matching": (table.matching, {"pattern": "t*"}),
        "tables.Table.with_numbers": (table.with_numbers, {"column": "mass", "values": {0: 1.0}}),
        "tables.make_table": (tables.make_table, {"name": "settings", "records": records}),
        "tables.read_table": (tables.read_table, {"name": "settings", "folder": FOLDER}),
        "tables.Table.with_column": (small.tables["segments"].with_column, {
            "column": "mass", "cells": small.tables["segments"].columns["mass"]}),
        "tables.complete": (tables.complete, {"tables": small.tables}),
        "tables.empty_table": (tables.empty_table, {"name": "couplers"}),
        "tables.check_structure": (tables.check_structure, {"tables": small.tables}),
        "tables.optional": (tables.optional, {"tables": small.tables, "name": "wraps"}),
        "tables.check_cells": (tables.check_cells, {"given": [small.tables["muscles"]]}),
        "mirror.is_mirrored": (mirror.is_mirrored, {"table": small.tables["muscles"], "column": "leverage"}),
        "mirror.other_side": (mirror.other_side, {"name": "soleus_r"}),
        "mirror.side_of": (mirror.side_of, {"name": "soleus_r"}),
        "mirror.mirror_sign": (mirror.mirror_sign, {"table": "segments", "column": "com_z"}),
        "mirror.mirrored": (mirror.mirrored, {"table": table}),
        "mirror.with_left_side": (mirror.with_left_side, {"table": table}),
        "mirror.is_symmetric": (mirror.is_symmetric, {"tables": dict(small.tables)}),
    }  # fmt: skip


def _sweep_calls() -> dict[str, Call]:
    small = bm.load_model("small")
    stance = {"model": small, "pelvic_tilt": 0.0, "knee_flexion": 5.0}
    options = {"criterion": bm.Power(2), "weight": {"plantarflexors_*": 2.0}, "strength": "isometric",
               "tone": {"quadriceps": 0.01}, "stiffness_margin": {"knee_angle_r": 1.0},
               "short_range_stiffness": 10.0}  # fmt: skip
    more = {"load_mass": 5.0, "load_position": (0.2, 0.3, 0.0), "support": "both", "arms": "hanging"}
    prepared = bm.prepare(small, ["pelvic_tilt", "knee_flexion"], ["activation"])
    dims = {"foot": ["right", "left"], "axis": list("xyz")}
    push = xr.DataArray([[0.0, 360.0, 0.0]] * 2, coords=dims)
    ground = xr.Dataset({"force": push, "point": xr.DataArray([[-0.06, 0.0, 0.09], [-0.06, 0.0, -0.09]], coords=dims)})
    return {
        "prepare": (bm.prepare, {"model": small, "vary": ["knee_flexion"], "variables": ["activation"],
                                 "pelvic_tilt": 0.0, **options}),
        "PreparedSweep.__call__": (prepared, {"pelvic_tilt": 0.0, "knee_flexion": np.array([5.0, 10.0])}),
        "sweep": (bm.sweep, {**stance, **options, **more, "variables": ["activation"], "threads": 1,
                             "progress": False, "to": None, "chunks": None}),
        "stability": (bm.stability, {**stance, "criterion": bm.Power(2), "short_range_stiffness": 10.0}),
        "pose": (bm.pose, {"ds": bm.sweep(**stance)}),
        "summary": (bm.summary, {"ds": bm.sweep(**stance), "model": small}),
        "compare": (bm.compare, {"a": bm.sweep(**stance), "b": bm.sweep(small, pelvic_tilt=5.0), "model": small}),
        "table": (bm.table, {"ds": bm.sweep(**stance), "variables": ["activation"]}),
        "open_study": (bm.open_study, {"path": _study(), "chunks": False}),
        "rerun": (bm.rerun, {"ds": bm.sweep(**stance), "to": None, "threads": 1, "progress": False}),
        "static_optimization": (bm.static_optimization, {
            "model": small, "coordinates": {"pelvis_ty": 0.95, "knee_angle_r": [-5.0]}, "ground_reaction": ground,
            "criterion": bm.Power(2), "lower": 0.01, "reserve": 10.0, "strength": "isometric",
            "upper": {"*": [0.9]}, "weight": {"*": 2.0}, "up": "y", "chunks": None,
            "loads": pd.DataFrame({"segment": ["torso"], "force_y": [-10.0], "point_frame": ["torso"]})}),
    }  # fmt: skip


def _file_calls() -> dict[str, Call]:
    folder = Path(_folder())
    small = bm.load_model("small")
    motion = xr.Dataset({"knee_angle_r": ("time", [-5.0, -7.0])}, {"time": [0.0, 0.1]}, {"inDegrees": "yes"})
    bm.write_storage(motion, folder / "motion.mot")
    names = [f"{part}{axis}" for part in "fpm" for axis in "xyz"]
    loads = xr.Dataset({name: ("time", np.arange(9.0)) for name in names}, {"time": np.arange(9) / 10})
    bm.write_storage(loads, folder / "grf.mot", in_degrees=False)
    tags = {"applied_to_body": "calcn_r", "force_identifier": "f", "point_identifier": "p", "torque_identifier": "m"}
    inner = "".join(f"<{tag}>{text}</{tag}>" for tag, text in tags.items())
    force = f"<objects><ExternalForce>{inner}</ExternalForce></objects><datafile>grf.mot</datafile>"
    (folder / "loads.xml").write_text(f"<ExternalLoads>{force}</ExternalLoads>")
    head = "DataRate\tUnits\n60\tmm\nFrame#\tTime\tKnee\t\t\n\t\tX1\tY1\tZ1\n1\t0\t1\t2\t3\n"
    (folder / "markers.trc").write_text(head)
    read = bm.read_external_loads(folder / "loads.xml")
    file = _model_file(folder / "model.osim")
    calls: dict[str, Call] = {
        "read_storage": (bm.read_storage, {"path": str(folder / "motion.mot"), "model": small}),
        "write_storage": (bm.write_storage, {"ds": motion, "path": folder / "own.sto", "in_degrees": True}),
        "read_osim": (bm.read_osim, {"path": file}),
        "write_osim": (bm.write_osim, {"model": bm.read_osim(file), "path": folder / "own.osim"}),
        "read_trc": (bm.read_trc, {"path": folder / "markers.trc"}),
        "read_external_loads": (bm.read_external_loads, {
            "path": folder / "loads.xml", "data": folder / "grf.mot", "times": [0.1, 0.25], "lowpass": 2.0}),
        "io.to_coordinates": (bm.io.to_coordinates, {"model": small, "ds": motion}),
        "io.resample": (bm.io.resample, {"ds": read, "times": [0.1, 0.25], "lowpass": 2.0}),
        "io.plates_to_ground_reaction": (bm.io.plates_to_ground_reaction, {
            "ds": _plate(), "feet": {"plate_1": "right"}, "up": "z", "threshold": 10.0}),
        "io.to_ground_reaction": (bm.io.to_ground_reaction, {"loads": read, "feet": ("calcn_r", "calcn_l")}),
    }  # fmt: skip
    if importlib.util.find_spec("ezc3d"):
        calls["read_c3d"] = (bm.read_c3d, {"path": _trial(folder / "trial.c3d")})
    return calls


def _model_file(path: Path) -> Path:
    """A model file of one body on a hinge."""
    body = '<Body name="arm"><mass>2</mass><mass_center>0 -.2 0</mass_center></Body>'
    sockets = "<socket_parent_frame>/ground</socket_parent_frame><socket_child_frame>/bodyset/arm</socket_child_frame>"
    hinge = f'<PinJoint name="hinge">{sockets}<coordinates><Coordinate name="turn"/></coordinates></PinJoint>'
    sets = f"<BodySet><objects>{body}</objects></BodySet><JointSet><objects>{hinge}</objects></JointSet>"
    path.write_text(f'<OpenSimDocument Version="40000"><Model name="one">{sets}</Model></OpenSimDocument>')
    return path


def _plate() -> xr.Dataset:
    """A force plate of a C3D file, and a man on it."""
    dims, corner = (
        ("analog_time", "plate", "axis"),
        [[[0.4, 0.6, 0.0], [0.0, 0.6, 0.0], [0.0, 0.0, 0.0], [0.4, 0.0, 0.0]]],
    )
    parts = {"force": (dims, [[[0.0, 0.0, 700.0]]]), "plate_moment": (dims, [[[7.0, 14.0, 2.0]]])}
    labels = {"analog_time": [0.0], "plate": ["plate_1"], "axis": list("xyz")}
    return xr.Dataset({**parts, "corner": (("plate", "corner_number", "axis"), corner)}, labels)


def _trial(path: Path) -> Path:
    """A C3D file of one marker and two frames."""
    import ezc3d

    trial = ezc3d.c3d()
    trial["parameters"]["POINT"]["RATE"]["value"] = [100.0]
    trial["parameters"]["POINT"]["LABELS"]["value"] = ["Knee"]
    trial["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    trial["data"]["points"] = np.ones((4, 1, 2))
    trial.write(str(path))
    return path


def _folder() -> str:
    """A folder, for as long as this process lives."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _study() -> str:
    """A store, for as long as this process lives."""
    folder = _folder()
    bm.sweep(bm.load_model("small"), pelvic_tilt=0.0, variables=["lumbar_compression"], to=f"{folder}/study.zarr")
    return f"{folder}/study.zarr"


def _study_calls() -> dict[str, Call]:
    small = bm.load_model("small")
    prior = bm.uncertainty.Prior("p", "friction", "set", "uniform", 0.3, 0.9, 0.3, 0.9)
    few = {"torso_forward": bm.uncertainty.default_priors()["torso_forward"]}
    stances = {"a": {"pelvic_tilt": 0.0}, "b": {"pelvic_tilt": 0.0, "trunk_lean": 30.0}}
    drawn = {"stances": stances, "model": small, "samples": 2, "seed": 0, "priors": few, "criterion": bm.Power(2),
             "tone": {"quadriceps": 0.01}, "progress": False}  # fmt: skip
    posture = validation.MeasuredPosture(
        "own", {"thorax": (40.0, 8.0), "rhythm": (0.7, 0.1), "load_forward": (0.36, 0.05), "load_mass": (19.8, 0.0)}
    )
    values = xr.DataArray([[1.0, 2.0, 3.0]], dims=("stance", "sample"))
    return {
        "scenarios.register_scenario": (_registering, {"name": "own", "new": bm.scenarios.Scenario(
            "One's own.", {"pelvic_tilt": 0.0}, "squat")}),
        "scenarios.scenario": (bm.scenarios.scenario, {"name": "squat"}),
        "scenarios.run": (bm.scenarios.run, {"name": "squat", "model": small, "knee_flexion": 80.0}),
        "scenarios.path": (bm.scenarios.path, {"name": "squat", "model": small, "steps": 2}),
        "scenarios.feel": (bm.scenarios.feel, {"name": "squat", "model": small, "pelvic_tilt": 0.0}),
        "uncertainty.Prior": (bm.uncertainty.Prior, dict(vars(prior))),
        "uncertainty.Prior.quantile": (prior.quantile, {"share": np.array([0.5])}),
        "uncertainty.default_priors": (bm.uncertainty.default_priors, {}),
        "uncertainty.propagate": (bm.uncertainty.propagate, {**drawn, "variables": ["lumbar_compression"],
                                                             "chunks": None}),
        "uncertainty.draw_bodies": (bm.uncertainty.draw_bodies, {
            "model": drawn["model"], "samples": 2, "seed": 0, "priors": few}),
        "uncertainty.draw_people": (bm.uncertainty.draw_people, {
            "model": bm.load_model(), "samples": 2, "seed": 0, "sex": "female",
            "priors": {"height": bm.uncertainty.default_people("female")["height"]}}),
        "uncertainty.default_people": (bm.uncertainty.default_people, {"sex": "male"}),
        "uncertainty.population_shares": (bm.uncertainty.population_shares, {
            "ds": xr.Dataset({"status": ("body", np.zeros(3, dtype=np.int8))})}),
        "uncertainty.percentiles": (bm.uncertainty.percentiles, {"values": values, "low": 5.0, "high": 95.0}),
        "uncertainty.sobol": (bm.uncertainty.sobol, {**drawn, "variable": "group_activation",
                                                     "select": {"group": "lumbar_extensors"}}),
        "findings.assess_hypotheses": (bm.findings.assess_hypotheses, {"names": ["leaning_back"],
            "model": bm.load_model(), "samples": 2,
                                               "seed": 0, "flips": 0, "progress": False}),
        "findings.verdict": (bm.findings.verdict, {"hypothesis": claims.HYPOTHESES[0], "columns": [_column()]}),
        "evidence.evidence": (evidence.evidence, {}),
        "evidence.evidence_for": (evidence.evidence_for, {"hypothesis": "leaning_back"}),
        "evidence.is_contrary": (evidence.is_contrary, {"hypothesis": "leaning_back"}),
        "evidence.measured_tilts": (evidence.measured_tilts, {}),
        "evidence.search_protocol": (evidence.search_protocol, {}),
        "evidence.MeasuredTilt.change_in": (evidence.measured_tilts()[0].change_in, {"contrast": "softening"}),
        "evidence.MeasuredTilt.label_in": (evidence.measured_tilts()[0].label_in, {"contrast": "softening"}),
        "thresholds.crossing": (thresholds.crossing, {"steps": [0.0, 1.0], "reached": [-1.0, 1.0], "way": 1,
                                                      "origin": 0.0}),
        "thresholds.find_threshold": (thresholds.find_threshold, {"hypothesis": "uphill_buttock",
            "model": bm.load_model(), "samples": 2, "seed": 0, "priors": drawn["priors"], "progress": False}),
        "scores.mean_score": (policy_scores.mean_score, {"scores": [], "policy": "0"}),
        "scores.predicted_sway": (policy_scores.predicted_sway, {"model": bm.load_model()}),
        "scores.score_policies": (policy_scores.score_policies, {"model": bm.load_model(), "samples": 2, "seed": 0,
                                                                 "progress": False}),
        "design.paired_power": (study_design.paired_power, {"change": 1.0, "sd": 2.0, "people": 20}),
        "design.people_needed": (study_design.people_needed, {"change": 1.0, "sd": 2.0, "power": 0.8}),
        "design.mean_within": (study_design.mean_within, {"people": 20, "sd": 2.0}),
        "design.detectable_change": (study_design.detectable_change, {"people": 20, "sd": 2.0, "power": 0.8}),
        "plain.plain_prior": (plain_words.plain_prior, {"name": "lean"}),
        "plain.capital": (plain_words.capital, {"words": "calf"}),
        "plain.plain_group": (plain_words.plain_group, {"name": "quadriceps"}),
        "plain.plain_joint": (plain_words.plain_joint, {"name": "knee_r"}),
        "plain.plain_name": (plain_words.plain_name, {"name": "hip_flexion_r"}),
        "plain.plain_way": (plain_words.plain_way, {"label": "pelvis level"}),
        "claims.group": (claims.group, {"name": "quadriceps"}),
        "strength.maximal_moment": (strength.maximal_moment, {"model": small, "coordinate": "knee_angle_r",
                                                              "direction": 1, "knee_angle_r": [-5.0]}),
        "strength.strength_curves": (strength.strength_curves, {"model": bm.load_model(), "steps": 2}),
        "strength.moment_arm_rows": (strength.moment_arm_rows, {"model": bm.load_model()}),
        "strength.strength_norms": (strength.strength_norms, {"sex": "men"}),
        "validation.MeasuredPosture": (validation.MeasuredPosture, {"name": "own", "inputs": dict(posture.inputs),
                                                                    "words": {"support": "right"}}),
        "validation.MeasuredPosture.mean": (posture.mean, {"name": "thorax", "default": 0.0}),
        "validation.postures": (validation.postures, {}),
        "validation.measurements": (validation.measurements, {}),
        "validation.measured_value": (validation.measured_value, {"row": validation.measurements()["disc_flexed"]}),
        "validation.variant": (validation.variant, {"name": "as_built", "base": bm.load_model()}),
        "validation.stance_of": (validation.stance_of, {"posture": posture, "model": small}),
        "validation.validate": (validation.validate, {"samples": 2, "seed": 0, "progress": False}),
        "validation.spine_scores": (validation.spine_scores, {"ds": _predictions()}),
        "validation.scores": (validation.scores, {"ds": _predictions()}),
        "validation.summary": (validation.summary, {"ds": _predictions()}),
        "validation.interval_score": (validation.interval_score, {"lower": 1.0, "upper": 2.0, "value": 1.5,
                                                                  "alpha": 0.1}),
        "validation.group_of": (validation.group_of, {"row": "disc_flexed"}),
        "validation.label_of": (validation.label_of, {"row": "disc_flexed"}),
        "validation.changes": (validation.changes, {}),
        "validation.history": (validation.history, {"folder": None}),
        "validation.record_stage": (_recording, {"stage": "own", "reason": "why", "folder": None}),
        "validation.predicted_at_means": (validation.predicted_at_means, {"model": bm.load_model()}),
    }  # fmt: skip


def _symbolic_calls() -> dict[str, Call]:
    symbolic, small, knee = bm.symbolic, bm.load_model("small"), bm.symbolic.coordinate("knee_angle_r")
    length = symbolic.muscle_length(bm.load_model("gait2392"), "soleus_r")
    equation = {"pelvis_tx": symbolic.sp.Eq(symbolic.coordinate("pelvis_tx"), 0, evaluate=False)}
    return {
        "symbolic.coordinate": (symbolic.coordinate, {"name": "knee_angle_r"}),
        "symbolic.transform": (symbolic.transform, {"model": small, "segment": "femur_r", "ancestor": "ground"}),
        "symbolic.spline": (symbolic.spline, {"model": bm.load_model("gait2392"), "name": "knee_tx", "x": knee}),
        "symbolic.moment_arm": (symbolic.moment_arm, {"length": length, "name": "ankle_angle_r"}),
        "symbolic.muscle_length": (symbolic.muscle_length, {"model": small, "muscle": small.muscles[0],
                                                            "at": {"knee_angle_r": 0.0}}),
        "symbolic.muscle_force": (symbolic.muscle_force, {"muscle": "soleus_r"}),
        "symbolic.arm_symbol": (symbolic.arm_symbol, {"muscle": "soleus_r", "name": "ankle_angle_r"}),
        "symbolic.sagittal_lengths": (symbolic.sagittal_lengths, {"model": small}),
        "symbolic.sagittal_equilibrium": (symbolic.sagittal_equilibrium, {"model": small}),
        "symbolic.latex": (symbolic.latex, {"equations": equation, "digits": 4}),
    }  # fmt: skip


def _view_calls() -> dict[str, Call]:
    view, small, row = bm.view, bm.load_model("small"), "Front of the thigh\n(quadriceps)"
    swept = bm.sweep(small, pelvic_tilt=[0], knee_flexion=[5, 10], trunk_lean=[0, 10], weight_shift=[0.4, 0.5])
    shares = xr.Dataset({name: ("prior", [0.2, 0.8]) for name in ("first_order", "total_order")},
                        coords={"prior": ["a", "b"]})  # fmt: skip
    finding = bm.findings.Finding(claims.HYPOTHESES[0], (_column(),), "supported", ())
    curves = strength.strength_curves(bm.load_model(), 2)
    draws = xr.Dataset({"group_activation": (("stance", "sample", "group"), np.arange(12.0).reshape(2, 3, 2)),
                        "status": (("stance", "sample"), np.zeros((2, 3)))},
                       coords={"stance": ["a", "b"], "group": ["quadriceps", "hamstrings"]})  # fmt: skip
    return {
        "view.convergence_chart": (view.convergence_chart, {"values": xr.DataArray([1.0, 2.0], dims="sample"),
                                                            "indices": shares, "label": "x"}),
        "view.contrast_chart": (view.contrast_chart, {"ds": draws, "first": "a", "second": "b",
                                                      "variable": "group_activation", "along": "stance"}),
        "view.findings_chart": (view.findings_chart, {"findings": [finding]}),
        "view.load_chart": (view.load_chart, {
            "model": small, "ds": swept, "x": "knee_flexion", "hue": "trunk_lean", "column": "pelvic_tilt",
            "band": "weight_shift", "middle": 0.4, "hue_labels": {0: "upright"}, "column_labels": {0: "level"},
            "x_label": "knee", "rows": [row], "title": "x", "reading": "x"}),
        "view.article_page": (_article, {"findings": [finding], "samples": 2}),
        "view.page": (_paged, {"ds": swept, "model": small, "title": "x"}),
        "view.plot": (view.plot, {"ds": swept, "variable": "group_activation", "x": "knee_flexion", "y": None,
                                  "hue": "trunk_lean", "weight_shift": 0.4, "group": "quadriceps"}),
        "view.sharing_chart": (view.sharing_chart, {"ds": swept, "knee_flexion": 5, "weight_shift": 0.4}),
        "view.situation_chart": (view.situation_chart, {"model": small, "answers": {"squat": swept}, "title": "x",
                                                        "sections": {"Bending": {"squat": "squatting"}}}),
        "view.strength_chart": (view.strength_chart, {"curves": dict(list(curves.items())[:2]),
                                                      "norms": strength.strength_norms()}),
        "view.validation_chart": (view.validation_chart, {"ds": _predictions()}),
    }  # fmt: skip


def _predictions() -> xr.Dataset:
    """A dataset as ``validate`` returns, which takes seconds."""
    rows, variants = list(validation.measurements()), list(validation.VARIANTS)
    shape, dims = (len(variants), 2, len(rows)), ("variant", "tilt", "row")
    predicted = 1.0 + np.arange(np.prod(shape)).reshape(shape)
    draw = predicted[..., None] * np.array([0.9, 1.0, 1.1])
    spread = {"lower": (dims, 0.9 * predicted), "upper": (dims, 1.1 * predicted)}
    measured = dict.fromkeys(("measured", "measured_lower", "measured_upper"), ("row", predicted[0, 0]))
    units = ["N" if row["quantity"] == "disc" else row["unit"] for row in validation.measurements().values()]
    coords = {"variant": variants, "tilt": ["0", "least_effort"], "row": rows, "unit": ("row", units)}
    return xr.Dataset({"predicted": (dims, predicted), "draw": ((*dims, "sample"), draw), **spread, **measured}, coords)


def _article(**given: Any) -> None:
    """Write the article's page into a folder of its own."""
    with tempfile.TemporaryDirectory() as own:
        bm.view.article_page(f"{own}/page.html", **given)


def _paged(**given: Any) -> None:
    """Write a page into a folder of its own."""
    with tempfile.TemporaryDirectory() as own:
        bm.view.page(path=f"{own}/page.html", **given)


def _recording(stage: Any, reason: Any, folder: Any) -> None:
    """Record a stage in copies of the tables, never in the package's."""
    with tempfile.TemporaryDirectory() as own:
        for name in ("stages", "history"):
            shutil.copy(str(importlib.resources.files("biomech.reference_data") / f"{name}.csv"), own)
        validation.record_stage(stage, reason, Path(own) if folder is None else folder)


def _registering(name: Any, new: Any) -> None:
    """Register a scenario, and take it back so that it can be registered again."""
    bm.scenarios.register_scenario(name, new)
    del vars(bm.scenarios)["_SCENARIOS"][name]


def _column() -> Any:
    return bm.findings.PolicyOutcome("a", ((0.0, 1.0, 2.0),), (1.0,), 1.0, 0.0, 0.0, 1.0, "supported")


def nonsense(rng: np.random.Generator) -> Any:
    """Something that hardly any argument may be."""
    bad = NONSENSE[rng.integers(len(NONSENSE))]
    return bad.make() if isinstance(bad, Fresh) else bad


def spoiled(value: Any, rng: np.random.Generator) -> Any:
    """Nonsense, or the valid value with one part of it spoiled."""
    if rng.random() < 0.6:
        return nonsense(rng)
    if isinstance(value, dict) and value:
        key = list(value)[rng.integers(len(value))]
        rest = {name: own for name, own in value.items() if name != key}
        return [{**rest, key: spoiled(value[key], rng)}, rest, {**value, "no_such_name": 1.0}][
            rng.choice(3, p=(0.7, 0.1, 0.2))
        ]
    if isinstance(value, list | tuple) and value:
        place = rng.integers(len(value))
        return type(value)([*value[:place], spoiled(value[place], rng), *value[place + 1 :]])
    if isinstance(value, np.ndarray) and value.size:
        other = value.astype(complex) if rng.random() < 0.2 else value.astype(float)
        other.flat[rng.integers(value.size)] = np.nan
        return [other, value[..., :0], value[None], value.astype(str)][rng.integers(4)]
    if isinstance(value, xr.Dataset | xr.DataArray) and value.dims:
        return _spoiled_labelled(value, rng)
    if dataclasses.is_dataclass(value) and not isinstance(value, WHOLE):
        own = dataclasses.fields(value)
        name = own[rng.integers(len(own))].name if own else ""
        try:
            return dataclasses.replace(value, **{name: spoiled(getattr(value, name), rng)})
        except Exception:  # it looks at its fields itself, or has none
            return nonsense(rng)
    return nonsense(rng)


def _spoiled_labelled(value: Any, rng: np.random.Generator) -> Any:
    """A Dataset or DataArray that lacks something, or holds something else."""
    dims = [str(dim) for dim in value.dims]
    dim = dims[rng.integers(len(dims))]
    if isinstance(value, xr.Dataset) and rng.random() < 0.5:
        name = str(list(value.data_vars)[rng.integers(len(value.data_vars))])
        one = value[name]
        lost = [value.drop_vars(name), value.assign({name: one.astype(str)}), value.assign({name: one.astype(object)}),
                value.assign({name: one * np.nan if one.dtype.kind in "iuf" else 1.0}), value.rename({name: "other"}),
                value.assign({name: one.expand_dims("foreign")})]  # fmt: skip
        return lost[rng.integers(len(lost))]
    relabelled = value.assign_coords({dim: [f"label {i}" for i in range(value.sizes[dim])]})
    twice = value.assign_coords({dim: [0] * value.sizes[dim]})
    changed = [value.isel({dim: slice(0, 0)}), value.isel({dim: 0}), value.rename({dim: "foreign"}), relabelled, twice,
               value.drop_vars([name for name in value.coords if dim in value[name].dims]),
               value.expand_dims("foreign"),
               value * np.nan if isinstance(value, xr.DataArray) else value.drop_dims(dim)]  # fmt: skip
    return changed[rng.integers(len(changed))]


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
            names = {*bad, *(key for value in bad.values() for key in _names_in(value))}
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


def _names_in(value: Any) -> Iterator[str]:
    """Names that nonsense bears itself: keys, columns, variables."""
    if isinstance(value, dict | xr.Dataset | pd.DataFrame):
        yield from map(str, value)
    if isinstance(value, xr.Dataset | xr.DataArray):
        yield from map(str, value.dims)


def shown(bad: dict[str, Any]) -> str:
    """What was given, short; some of it cannot be printed."""
    try:
        return " ".join(repr(bad).split())[:150]
    except ValueError:
        return str(list(bad))


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
            if name in COSTLY and seed % 10:
                continue
            bad = case(name, seed)
            wrong = check(name, bad)
            counts["cases"] += 1
            if wrong:
                kind = f"{name} {wrong[0]}"
                if not counts[kind]:
                    words = shown(bad)
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
