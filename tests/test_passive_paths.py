"""Springs and ligaments along paths: laws, virtual work, free bodies, bodies that change, and files of OpenSim."""

from __future__ import annotations

import math
import pickle
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from free_bodies import free_turns, held, power
from shared_reference import OSIM

import biomech as bm
from biomech import symbolic
from biomech.errors import BiomechWarning, ModelError
from biomech.model.geometry import pose_muscles
from biomech.model.mechanics.splines import spline_values
from biomech.model.roles import KINDS, ROLES, make_roles, with_names
from biomech.model.signs import turn_coordinates
from biomech.model.tables import COLUMNS, Table

#: Of OpenSim's Ligament without a curve of its own.
KNOTS = (-5.0, 0.998, 0.999, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.601, 1.602, 5.0)
VALUES = (0.0, 0.0, 0.0, 0.0, 0.035, 0.12, 0.26, 0.55, 1.17, 2.0, 2.0, 2.0, 2.0)
#: L / l and the force of OpenSim's (4.6) Ligament of 100 N there, and of its Blankevoort1991Ligament of 1000 N, .06.
OPENSIM_LIGAMENT = {
    0.5: 0.0, 1.0: 0.0, 1.001: 0.0006362724959594217, 1.02: 0.16120900083897313, 1.05: 0.9490495275649657,
    1.1: 3.4999999999999867, 1.2: 12.0, 1.5: 116.99999999999977, 1.6: 200.0, 1.65: 200.05849668175304,
    2.0: 200.43435968913624, 7.0: 197.5277148681994,
}  # fmt: skip
OPENSIM_BLANKEVOORT = {
    0.5: 0.0, 1.0: 0.0, 1.001: 0.008333333333331498, 1.02: 3.3333333333332655, 1.05: 20.833333333333186,
    1.1: 69.99999999999987, 1.5: 469.9999999999998, 2.0: 970.0, 7.0: 5969.999999999999,
}  # fmt: skip


def line(name: str, kind: str, slack: float, **numbers: object) -> dict[str, object]:
    """A row of ``passive_paths``."""
    empty = {"stiffness": "", "strength": "", "transition_strain": "", "function": ""}
    return {"passive_path": name, "kind": kind, "slack_length": slack, **empty, **numbers, "source": "test"}


def point(of: str, number: int, segment: str, *place: float, **more: object) -> dict[str, object]:
    """A row of ``path_points``."""
    row = {"point": f"{of}.{number}", "muscle": of, "segment": segment, "kind": "fixed"}
    empty = {"spline_x": "", "spline_y": "", "coordinate": "", "active_min": "", "active_max": ""}
    return row | dict(zip("xyz", place, strict=True)) | empty | more | {"source": "test"}


def curve(name: str, x: tuple[float, ...], y: tuple[float, ...], kind: str = "spline") -> list[dict[str, object]]:
    """Rows of ``functions``."""
    pairs = enumerate(zip(x, y, strict=True))
    return [
        {"entry": f"{name}.{i}", "function": name, "kind": kind, "x": a, "y": b, "source": ""} for i, (a, b) in pairs
    ]


#: Straps of an adult: in front of the hip, behind knee and ankle (over the calcaneus), behind L5/S1.
STRAPS = {
    "passive_paths": [
        line("hip_strap_r", "blankevoort", 0.07, stiffness=2000.0, transition_strain=0.06),
        line("calf_strap_r", "spring", 0.4, stiffness=3000.0),
        line("back_strap_r", "spring", 0.15, stiffness=2000.0),
    ],
    "path_points": [
        point("hip_strap_r", 0, "pelvis", -0.02, -0.03, 0.08),
        point("hip_strap_r", 1, "femur_r", 0.01, -0.03, 0.03),
        point("calf_strap_r", 0, "femur_r", -0.02, -0.38, 0.02),
        point("calf_strap_r", 1, "tibia_r", -0.03, -0.2, 0.02),
        point("calf_strap_r", 2, "calcn_r", -0.01, 0.03, 0.0),
        point("back_strap_r", 0, "pelvis", -0.12, 0.0, 0.03),
        point("back_strap_r", 1, "torso", -0.09, 0.15, 0.03),
    ],
}
NAMES = ("hip_strap_r", "calf_strap_r", "back_strap_r", "hip_strap_l", "calf_strap_l", "back_strap_l")


def strapped(model: bm.Model) -> bm.Model:
    return model.with_rows(STRAPS)


def lopsided(model: bm.Model, slides: bool = True) -> bm.Model:
    """A ligament on one side alone, wrapped over the knee, with a point that slides along the thigh and a curve."""
    rows = {
        "functions": [
            *curve("force", KNOTS, VALUES),
            *curve("slide", (-2.0, 0.0, 1.0), (0.02, 0.0, -0.01)),
            *curve("x", (0.0,), (0.05,), "constant"),
            *curve("z", (0.0,), (0.03,), "constant"),
        ],
        "passive_paths": [
            line("band", "ligament", 0.33, strength=900.0, function="force"),
            *STRAPS["passive_paths"][:1],
        ],
        "path_points": [
            point("band", 0, "pelvis", 0.02, -0.08, 0.1),
            point("band", 1, "femur_r", 0.0, -0.2, 0.0, kind="moving"),
            point("band", 2, "femur_r", -0.05, -0.35, 0.02),
            point("band", 3, "tibia_r", -0.04, -0.06, 0.01),
            *STRAPS["path_points"][:2],
        ],
        "point_rows": [
            {"point": "band.1", "function_x": "x", "coordinate_x": "", "function_y": "slide",
             "coordinate_y": "hip_flexion_r", "function_z": "z", "coordinate_z": "", "rx": 3.0, "ry": 0.0, "rz": 5.0,
             "source": "test"}
        ],
        "wraps": [
            {"wrap": "condyle", "segment": "femur_r", "kind": "cylinder", "radius": 0.03, "length": 0.3, "x": -0.005,
             "y": -0.4, "z": 0.0, "rx": 0.0, "ry": 0.0, "rz": 0.0, "quadrant": "all", "source": "test"}
        ],
        "path_wraps": [
            {"row": "band.0", "muscle": "band", "wrap": "condyle", "first": "", "last": "", "source": "test"}
        ],
    }  # fmt: skip
    if not slides:
        del rows["point_rows"]
        rows["path_points"][1] |= {"kind": "fixed", "x": 0.05, "z": 0.03}
    tables = dict(model.tables)
    for name, given in rows.items():
        own = tables.get(name)
        cells = {
            column: tuple(
                [*(own.columns[column] if own else ())]
                + [math.nan if row[column] == "" and kind != "text" else row[column] for row in given]
            )
            for column, kind in COLUMNS[name].items()
        }
        tables[name] = Table(name, cells)
    return bm.Model("lopsided", tables)


@pytest.fixture(scope="module")
def straps(adult: bm.Model) -> bm.Model:
    return strapped(adult)


@pytest.fixture(scope="module")
def banded(adult: bm.Model) -> bm.Model:
    return lopsided(adult)


@pytest.fixture(scope="module")
def fixed(adult: bm.Model) -> bm.Model:
    return lopsided(adult, slides=False)


# ---- laws ---------------------------------------------------------------------------------------------------------


def hung(small: bm.Model, *rows: dict[str, object], functions: list[dict[str, object]] | None = None) -> bm.Model:
    """Lines from ground straight up to the pelvis, so that their length is how high it is."""
    points = [
        point(str(row["passive_path"]), i, ("ground", "pelvis")[i], 0.0, 0.0, 0.0) for row in rows for i in (0, 1)
    ]
    return small.with_rows({"passive_paths": rows, "path_points": points, "functions": functions or []})


def pulled(model: bm.Model, lengths: np.ndarray | list[float]) -> xr.Dataset:
    return model.passive_moment(pelvis_ty=np.asarray(lengths))


def test_a_spring_pulls_with_its_stretch_and_never_pushes(small: bm.Model) -> None:
    model = hung(small, line("s", "spring", 0.9, stiffness=500.0), line("none", "spring", 0.0, stiffness=10.0))
    lengths = np.linspace(0.2, 1.8, 33)
    ds = pulled(model, lengths)
    np.testing.assert_allclose(ds.passive_path_length, np.column_stack([lengths, lengths]), rtol=1e-15)
    expected = 500.0 * np.maximum(lengths - 0.9, 0.0)
    np.testing.assert_allclose(ds.passive_path_tension.sel(passive_path="s"), expected, rtol=1e-13)
    np.testing.assert_allclose(ds.passive_path_tension.sel(passive_path="none"), 10.0 * lengths, rtol=1e-13)
    bare = small.passive_moment(pelvis_ty=lengths).passive_moment
    added = (ds.passive_moment - bare).sel(coordinate="pelvis_ty")
    np.testing.assert_allclose(added, -expected - 10.0 * lengths, rtol=1e-12)


def test_a_ligament_has_opensims_force(small: bm.Model) -> None:
    rows = [line("l", "ligament", 0.2, strength=100.0, function="f")]
    model = hung(small, *rows, functions=curve("f", KNOTS, VALUES))
    found = pulled(model, 0.2 * np.array([*OPENSIM_LIGAMENT])).passive_path_tension[:, 0]
    np.testing.assert_allclose(found, [*OPENSIM_LIGAMENT.values()], rtol=1e-9, atol=1e-9)


def test_a_ligament_of_blankevoort_has_opensims_force_and_the_published_one(small: bm.Model) -> None:
    model = hung(small, line("l", "blankevoort", 0.2, stiffness=1000.0, transition_strain=0.06))
    found = pulled(model, 0.2 * np.array([*OPENSIM_BLANKEVOORT])).passive_path_tension[:, 0]
    np.testing.assert_allclose(found, [*OPENSIM_BLANKEVOORT.values()], rtol=1e-11, atol=1e-11)
    strain, least = np.linspace(-0.5, 1.0, 61), 0.03  # epsilon_l of Blankevoort & Huiskes 1991
    toe, beyond = 0.25 * 1000.0 * strain**2 / least, 1000.0 * (strain - least)
    expected = np.where(strain <= 0.0, 0.0, np.where(strain <= 2.0 * least, toe, beyond))
    found = pulled(model, 0.2 * (1.0 + strain)).passive_path_tension[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


def test_a_curve_below_zero_pushes_nothing(small: bm.Model) -> None:
    rows = [line("l", "ligament", 0.5, strength=100.0, function="f")]
    model = hung(small, *rows, functions=curve("f", (0.0, 1.0), (-1.5, 1.0), "linear"))
    lengths = np.array([0.4, 0.6, 0.7, 0.75, 0.8, 1.0])
    expected = np.where(lengths > 0.75, 100.0 * (lengths / 0.5 - 1.5), 0.0)
    np.testing.assert_allclose(pulled(model, lengths).passive_path_tension[:, 0], expected, atol=1e-12)


# ---- virtual work -------------------------------------------------------------------------------------------------


def poses_of(model: bm.Model, count: int = 12) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    table = model.tables["coordinates"]
    low, high = np.maximum(table.numbers("range_min"), -40.0), np.minimum(table.numbers("range_max"), 60.0)
    return {name: rng.uniform(low[i], high[i], count) for i, name in enumerate(table.rows)}


@pytest.mark.parametrize("kind", ["straps", "banded"])
def test_arms_moments_and_derivatives_are_those_of_lengths(kind: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(kind)
    pose, turns = poses_of(model), model.compiled().is_rotation
    here, bare = model.passive_moment(pose), model.without([*model.tables["passive_paths"].rows]).passive_moment(pose)
    work = (here.passive_path_tension * here.passive_path_moment_arm).sum("passive_path")
    np.testing.assert_allclose(here.passive_moment - bare.passive_moment, work, atol=1e-9)
    assert float(here.passive_path_tension.max()) > 50.0
    for i, name in enumerate(model.coordinates):
        step = 1e-5
        unit = np.degrees(step) if turns[i] else step
        near = [model.passive_moment({**pose, name: pose[name] + way * unit}) for way in (-1.0, 1.0)]
        slope = (near[1].passive_path_length - near[0].passive_path_length) / (2 * step)
        np.testing.assert_allclose(here.passive_path_moment_arm.sel(coordinate=name), -slope, atol=2e-8)
        change = (near[1].passive_moment - near[0].passive_moment) / (2 * step)
        off = np.abs(change - here.passive_derivative.sel(by_coordinate=name))
        assert float(off.max()) < 1e-4 * float(np.abs(here.passive_derivative).max())


def test_a_length_in_symbols_has_the_same_slopes(straps: bm.Model) -> None:
    """SymPy's derivative of the path's length, written from the tables alone."""
    length = symbolic.muscle_length(straps, "calf_strap_r")
    pose = {"knee_angle_r": -25.0, "ankle_angle_r": 10.0, "subtalar_angle_r": 5.0}
    there = {symbolic.coordinate(name): np.radians(value) for name, value in pose.items()}
    found = straps.passive_moment(pose).isel(pose=0).sel(passive_path="calf_strap_r")
    rest = {symbol: 0.0 for symbol in length.free_symbols if symbol not in there}
    assert float(found.passive_path_length) == pytest.approx(float(length.subs(there | rest)), abs=1e-14)
    for name in pose:
        slope = float(-length.diff(symbolic.coordinate(name)).subs(there | rest))
        assert float(found.passive_path_moment_arm.sel(coordinate=name)) == pytest.approx(slope, abs=1e-14)


def test_the_moment_of_a_spring_is_the_slope_of_its_energy(adult: bm.Model) -> None:
    model = strapped(adult).without(["hip_strap*", "back_strap*"])
    knee, step = np.array([-5.0, -20.0, -45.0]), 1e-4

    def energy(angle: np.ndarray) -> np.ndarray:
        length = model.passive_moment(knee_angle_r=angle, ankle_angle_r=15.0).passive_path_length
        return np.asarray(0.5 * 3000.0 * np.maximum(length.sel(passive_path="calf_strap_r") - 0.4, 0.0) ** 2)

    slope = (energy(knee + np.degrees(step)) - energy(knee - np.degrees(step))) / (2 * step)
    pose = {"knee_angle_r": knee, "ankle_angle_r": 15.0}
    found = model.passive_moment(pose).passive_moment - adult.passive_moment(pose).passive_moment
    assert np.abs(slope).max() > 1.0
    np.testing.assert_allclose(found.sel(coordinate="knee_angle_r"), -slope, rtol=1e-6)


# ---- statics ------------------------------------------------------------------------------------------------------


def of_paths(model: bm.Model, ds: xr.Dataset) -> xr.DataArray:
    """What passive paths do on coordinates in the postures of an answer, by their tensions there and public arms."""
    flat = held(ds)
    pose = {str(name): flat.coordinate_angle.sel(coordinate=name).values for name in flat.coordinate.values}
    arms = model.passive_moment(pose).passive_path_moment_arm.rename(pose="posture")
    return (arms * flat.passive_path_tension).sum("passive_path")


def left_over(model: bm.Model, ds: xr.Dataset) -> float:
    """What the power at the cuts leaves over beside tissue that has no path, over body weight times a metre."""
    names, flat = [*free_turns(model)], held(ds)
    assert flat.sizes["posture"] > 0
    tissue = flat.passive_moment - of_paths(model, ds) if "passive_moment" in flat else 0.0
    gap = (power(model, ds) - tissue).transpose("posture", "coordinate").sel(coordinate=names)
    return float(np.abs(gap).max()) / (model.body_mass * 9.80665)


STANCES = {
    "both": {"pelvic_tilt": [0, 8], "knee_flexion": [0, 25], "foot_rotation": [0, 20]},
    "one leg": {"support": "right", "pelvic_tilt": 0, "knee_flexion": [0, 10]},
    "seat": {"support": "seat", "pelvic_tilt": -8, "knee_flexion": [80, 95], "arms": "thighs"},
    "loaded": {"pelvic_tilt": 0, "load_mass": [0.0, 5.0], "load_position": (0.2, 0.2, 0.0)},
}


@pytest.mark.parametrize("stance", [*STANCES])
@pytest.mark.parametrize("kind", ["straps", "fixed"])
def test_free_bodies_close(stance: str, kind: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(kind)
    ds = bm.sweep(model, progress=False, **STANCES[stance])
    assert float(ds.passive_path_tension.max()) > 1.0
    assert left_over(model, ds) < 1e-8


@pytest.mark.parametrize("slides", [False, True])
def test_forces_and_moments_of_the_free_body_outward_of_a_joint_close(gait2392: bm.Model, slides: bool) -> None:
    """Of a leg all six equations, of the trunk the forces: weight, ground, muscles and lines, and the joint's own."""
    model = lopsided(gait2392, slides)
    ds = bm.sweep(model, pelvic_tilt=[0, 5], knee_flexion=[10])
    compiled, flat = model.compiled(), held(ds)
    assert flat.sizes["posture"] == 2
    assert (flat.passive_path_tension.max("posture") > 5.0).all()
    outward = {"hip_r": ("femur_r", "tibia_r", "talus_r", "calcn_r", "toes_r"), "lumbosacral": ("torso",)}
    mass = dict(zip(model.tables["segments"].rows, model.tables["segments"].numbers("mass"), strict=True))
    for posture in range(2):
        own = flat.isel(posture=posture)
        pose = {str(n): float(own.coordinate_angle.sel(coordinate=n)) for n in own.coordinate.values}
        angles = np.array([*in_radians(model, pose).values()])
        _, state = pose_muscles(compiled, angles)
        frames = model.kinematics(pose).isel(pose=0)
        pull = np.concatenate([own.muscle_force.values, own.passive_path_tension.values])
        for joint, segments in outward.items():
            numbers = {1 + model.segments.index(s) for s in segments}
            force, moment = np.zeros(3), np.zeros(3)
            for s in segments:
                weight = np.array([0.0, -9.80665 * mass[s], 0.0])
                force += weight
                moment += np.cross(frames.segment_centre.sel(segment=s).values, weight)
            for span, path, near, far in compiled.paths.pulls.tolist():
                if (near in numbers) != (far in numbers):
                    sign = 1.0 if near in numbers else -1.0
                    force += sign * pull[path] * state.wrench[span, :3]
                    moment += sign * pull[path] * state.wrench[span, 3:]
            if joint == "hip_r":
                ground = own.ground_force.sel(foot="right").values
                force += ground
                moment += np.cross(own.center_of_pressure.sel(foot="right").values, ground)
                moment[1] += float(own.free_moment.sel(foot="right"))
            turn = frames.rotation.sel(segment=segments[0]).values
            origin = frames.origin.sel(segment=segments[0]).values
            bone, couple = (turn @ own[f"joint_contact_{of}"].sel(joint=joint).values for of in ("force", "moment"))
            force -= turn[:, 1] * float(own.lumbar_tissue_force) * (joint == "lumbosacral")
            np.testing.assert_allclose(force + bone, 0.0, atol=1e-6)
            if joint == "hip_r":  # arms hang from the trunk, and shift its weight
                np.testing.assert_allclose(moment + couple + np.cross(origin, bone), 0.0, atol=1e-6)


def test_half_of_the_body_is_the_whole(straps: bm.Model, adult: bm.Model) -> None:
    assert straps.is_symmetric
    light = straps.replace({"path_points/hip_strap_l.0/z": -0.08 - 1e-13})
    assert not light.is_symmetric
    asked = {"pelvic_tilt": [0, 5, 10], "knee_flexion": [0, 20], "foot_rotation": 10}
    half, whole = bm.sweep(straps, **asked), bm.sweep(light, **asked)
    for name in ("activation", "passive_path_tension", "joint_contact_force", "joint_contact_moment", "passive_moment"):
        np.testing.assert_allclose(half[name], whole[name], rtol=1e-7, atol=2e-6, err_msg=name)
    tension = half.passive_path_tension
    for right, left in zip(NAMES[:3], NAMES[3:], strict=True):
        np.testing.assert_array_equal(tension.sel(passive_path=right), tension.sel(passive_path=left))


def test_a_stance_and_its_mirror_image(straps: bm.Model) -> None:
    knee = xr.DataArray([[5.0, 25.0], [25.0, 5.0]], dims=("way", "side"), coords={"side": ["right", "left"]})
    ds = bm.sweep(straps, pelvic_tilt=3, knee_flexion=knee)
    one, other = ds.isel(way=0), ds.isel(way=1)
    swapped = [*NAMES[3:], *NAMES[:3]]
    np.testing.assert_allclose(
        one.passive_path_tension.sel(passive_path=[*NAMES]),
        other.passive_path_tension.sel(passive_path=swapped),
        atol=1e-6,
    )
    np.testing.assert_allclose(
        one.joint_contact_force.sel(joint="knee_r"),
        other.joint_contact_force.sel(joint="knee_l") * np.array([1.0, 1.0, -1.0]),
        atol=1e-5,
    )


def test_what_straps_bear_muscles_need_not(adult: bm.Model, straps: bm.Model) -> None:
    """At L5/S1 muscle moments and passive ones add up to the same, with straps and without."""
    asked = {"pelvic_tilt": 0, "knee_flexion": 10, "trunk_lean": 20}
    with_, without = bm.sweep(straps, **asked), bm.sweep(adult, **asked)

    def moment(model: bm.Model, ds: xr.Dataset) -> xr.DataArray:
        pose = {str(n): float(ds.coordinate_angle.sel(coordinate=n)) for n in ds.coordinate.values}
        arms = model.muscle_geometry(pose).moment_arm.isel(pose=0)
        scale = xr.DataArray(model.tables["muscles"].numbers("leverage"), dims="muscle")
        return (arms * ds.muscle_force * scale).sum("muscle") + ds.passive_moment

    lumbar = ["lumbar_extension", "lumbar_bending", "lumbar_rotation"]
    one, other = (moment(m, ds).sel(coordinate=lumbar) for m, ds in ((straps, with_), (adult, without)))
    assert float(with_.passive_path_tension.sel(passive_path="back_strap_r")) > 50.0
    np.testing.assert_allclose(one, other, atol=1e-6)
    muscle = next(name for name in adult.groups["lumbar_extensors"] if name.endswith("_r"))
    assert float(with_.activation.sel(muscle=muscle)) < float(without.activation.sel(muscle=muscle))


def walking(model: bm.Model) -> dict[str, object]:
    return {
        "pelvis_ty": 0.95,
        "knee_angle_r": np.array([0.0, -12.0, -25.0]),
        "hip_flexion_r": np.array([-5.0, 8.0, 20.0]),
    }


def plates(model: bm.Model) -> xr.Dataset:
    half = model.body_mass * 9.80665 / 2
    labels = {"foot": ["right", "left"], "axis": list("xyz")}
    force = xr.DataArray([[0, half, 0]] * 2, coords=labels)
    where = xr.DataArray([[-0.06, 0, 0.09], [-0.06, 0, -0.09]], coords=labels)
    return xr.Dataset({"force": force, "point": where})


@pytest.mark.parametrize("kind", ["straps", "fixed"])
@pytest.mark.filterwarnings("ignore::biomech.errors.BiomechWarning")
def test_static_optimization(kind: str, adult: bm.Model, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(kind)
    ds = bm.static_optimization(model, walking(model), plates(model), reserve=200.0)
    bare = bm.static_optimization(adult, walking(model), plates(model), reserve=200.0)
    assert (ds.status == 0).all()
    pose = {str(n): ds.coordinate_angle.sel(coordinate=n).values for n in ds.coordinate.values}
    passive = model.passive_moment(pose)
    np.testing.assert_allclose(ds.passive_path_tension, passive.passive_path_tension, rtol=1e-9, atol=1e-9)
    work = (passive.passive_path_tension * passive.passive_path_moment_arm).sum("passive_path").rename(pose="frame")
    moved = np.flatnonzero(np.abs(bare.required_moment).max("frame") > 0)
    np.testing.assert_allclose(
        (bare.required_moment - ds.required_moment).isel(coordinate=moved), work.isel(coordinate=moved), atol=1e-8
    )
    assert float(ds.passive_path_tension.max()) > 20.0
    names = [*free_turns(model)]
    gap = np.abs(power(model, ds) - held(ds).reserve_moment.sel(coordinate=names))
    assert float(gap.max()) < 1e-8 * model.body_mass * 9.80665


@pytest.mark.filterwarnings("ignore::biomech.errors.BiomechWarning")
def test_static_optimization_with_patience_ground_and_inertia(straps: bm.Model, adult: bm.Model) -> None:
    """The solvers that share elsewhere take the same demand; so does inverse dynamics."""
    given = {"lower": {"soleus_r": xr.DataArray([0.0, 0.01, 0.02], dims="frame")}, "criterion": bm.MinMax()}
    ds = bm.static_optimization(straps, walking(straps), plates(straps), reserve=200.0, **given)
    plain = bm.static_optimization(straps, walking(straps), plates(straps), reserve=200.0)
    np.testing.assert_allclose(ds.required_moment, plain.required_moment, atol=1e-9)
    np.testing.assert_allclose(ds.passive_path_tension, plain.passive_path_tension, atol=1e-9)
    stance = bm.sweep(straps, pelvic_tilt=0, knee_flexion=5)
    pose = {str(n): float(stance.coordinate_angle.sel(coordinate=n)) for n in stance.coordinate.values}
    found = [bm.static_optimization(model, pose, "predicted", reserve={"pelvis_tx": 1.0}) for model in (straps, adult)]
    assert (found[0].status == 0).all()
    np.testing.assert_allclose(found[0].passive_path_tension[0], stance.passive_path_tension, rtol=1e-9)
    assert float(np.abs(found[0].activation - found[1].activation).max()) > 1e-3
    assert left_over_of_trial(straps, found[0]) < 1e-6


@pytest.mark.filterwarnings("ignore::biomech.errors.BiomechWarning")
def test_inverse_dynamics_knows_them(adult: bm.Model) -> None:
    """What muscles need not do is what the lines do, moving or not."""
    moments = [
        {"segment": name, **dict.fromkeys(("xx", "yy", "zz"), 0.1), "xy": 0.0, "xz": 0.0, "yz": 0.0, "source": "test"}
        for name in adult.segments
    ]
    bare = adult.with_rows({"inertias": moments})
    model = strapped(bare)
    time = np.linspace(0.0, 1.0, 21)
    swing = xr.DataArray(-20.0 + 15.0 * np.sin(6.0 * time), coords={"time": time}, dims="time")
    pose = {"pelvis_ty": 0.95, "knee_angle_r": swing, "hip_flexion_r": -0.5 * swing}
    one, other, still = (
        bm.static_optimization(own, pose, plates(own), reserve=300.0, inertia=moves)
        for own, moves in ((model, "interpolated"), (bare, "interpolated"), (model, False))
    )
    own = {str(n): one.coordinate_angle.sel(coordinate=n).values for n in one.coordinate.values}
    passive = model.passive_moment(own).rename(pose="time")
    work = (passive.passive_path_tension * passive.passive_path_moment_arm).sum("passive_path")
    moved = [model.coordinates[i] for i in model.compiled().actuated]
    relieved = (other.required_moment - one.required_moment).sel(coordinate=moved)
    np.testing.assert_allclose(relieved.values, work.sel(coordinate=moved).values, atol=1e-8)
    assert float(np.abs(one.required_moment - still.required_moment).max()) > 1.0
    np.testing.assert_array_equal(one.passive_path_tension, still.passive_path_tension)


def left_over_of_trial(model: bm.Model, ds: xr.Dataset) -> float:
    gap = power(model, ds) - held(ds).reserve_moment.sel(coordinate=[*free_turns(model)])
    return float(np.abs(gap).max()) / (model.body_mass * 9.80665)


@pytest.mark.filterwarnings("ignore::biomech.errors.BiomechWarning")
def test_moments_of_ones_own_are_what_muscles_do(straps: bm.Model) -> None:
    """As inverse dynamics tells them, which knows the ligaments: given back they ask for the same."""
    plain = bm.static_optimization(straps, walking(straps), plates(straps), reserve=200.0)
    knee = plain.required_moment.sel(coordinate="knee_angle_r").values
    ds = bm.static_optimization(straps, walking(straps), moments={"knee_angle_r": knee}, reserve=200.0)
    np.testing.assert_allclose(ds.required_moment.sel(coordinate="knee_angle_r"), knee)
    np.testing.assert_allclose(ds.passive_path_tension, plain.passive_path_tension, atol=1e-9)


def test_stability_counts_their_stiffness(adult: bm.Model) -> None:
    """A line that is only just taut changes no load, and adds k r r^T."""
    ds = bm.sweep(adult, pelvic_tilt=0, knee_flexion=5)
    pose = {str(n): float(ds.coordinate_angle.sel(coordinate=n)) for n in ds.coordinate.values}
    rows = {**STRAPS, "passive_paths": STRAPS["passive_paths"][1:2], "path_points": STRAPS["path_points"][2:5]}
    length = adult.with_rows(rows).passive_moment(pose).passive_path_length[0].sel(passive_path="calf_strap_r")
    stiffness = 1e5
    model = adult.with_rows(
        {**rows, "passive_paths": [line("calf_strap_r", "spring", float(length) - 3e-6, stiffness=stiffness)]}
    )
    arms = model.passive_moment(pose).passive_path_moment_arm[0]
    one, other = (bm.stability(body, pelvic_tilt=0, knee_flexion=5).stiffness for body in (model, adult))
    free = [name for name in model.coordinates if float(np.abs(arms.sel(coordinate=name)).max()) > 0]
    expected = stiffness * sum(np.outer(own, own) for own in arms.sel(coordinate=free).values)
    found = (one - other).sel(coordinate=free, other=free).values
    stands = [i for i, name in enumerate(free) if name in free_turns(model)]
    assert expected.max() > 100.0
    np.testing.assert_allclose(
        found[np.ix_(stands, stands)], expected[np.ix_(stands, stands)], atol=0.02 * expected.max()
    )


def test_policies_know_them(straps: bm.Model, adult: bm.Model) -> None:
    """What is left about both hips where the pelvis is to hang; and the effort that is the least of its neighbours."""
    ds, bare = (bm.sweep(own, pelvic_tilt="hanging", knee_flexion=0) for own in (straps, adult))
    assert abs(float(ds.pelvic_tilt - bare.pelvic_tilt)) > 5.0
    pose = {str(n): float(ds.coordinate_angle.sel(coordinate=n)) for n in ds.coordinate.values}
    frames, carried = straps.kinematics(pose).isel(pose=0), ["pelvis", "torso"]
    mass = np.array([straps.value(f"segments/{name}/mass") for name in carried])
    ahead = frames.segment_centre.sel(segment=carried, axis="x") - frames.origin.sel(segment="femur_r", axis="x")
    hips = ds.passive_moment.sel(coordinate=["hip_flexion_r", "hip_flexion_l"])
    assert float(of_paths(straps, ds).sel(coordinate="lumbar_extension")[0]) > 5.0
    carries = float(hips.sum()) + 9.80665 * float((mass * ahead).sum())
    assert carries == pytest.approx(float(ds.hanging_moment), abs=1e-6)
    tilt = float(bm.sweep(straps, pelvic_tilt="least_effort", knee_flexion=10).pelvic_tilt)
    near = bm.sweep(straps, pelvic_tilt=[tilt - 0.5, tilt, tilt + 0.5], knee_flexion=10)
    cost = (near.activation**2).sum("muscle").values
    assert cost[1] < cost[0]
    assert cost[1] < cost[2]
    assert abs(tilt - float(bm.sweep(adult, pelvic_tilt="least_effort", knee_flexion=10).pelvic_tilt)) > 0.1


def test_uncertainty_and_prepared_studies_have_them(straps: bm.Model) -> None:
    stances = {"stand": {"pelvic_tilt": 0, "knee_flexion": 5}}
    ds = bm.uncertainty.propagate(stances, straps, samples=16, variables=["passive_path_tension"], progress=False)
    assert ds.passive_path_tension.sizes["passive_path"] == 6
    assert float(ds.passive_path_tension.min()) > 1.0
    plain = bm.sweep(straps, pelvic_tilt=0, knee_flexion=[5.0, 15.0])
    study = bm.prepare(straps, vary=["knee_flexion"], variables=["passive_path_tension/hip_strap_r"], pelvic_tilt=0)
    found = study(np.array([5.0, 15.0]))["passive_path_tension/hip_strap_r"]
    np.testing.assert_allclose(found, plain.passive_path_tension.sel(passive_path="hip_strap_r"), rtol=1e-12)


def test_bodies_without_them_say_nothing_of_them(adult: bm.Model) -> None:
    ds = bm.sweep(adult, pelvic_tilt=0)
    assert "passive_path_tension" not in ds
    assert "passive_path" not in ds.coords
    assert {*adult.passive_moment().data_vars} == {"passive_moment", "passive_derivative"}


# ---- bodies that change -------------------------------------------------------------------------------------------


def test_parts_are_taken_out(straps: bm.Model, banded: bm.Model) -> None:
    assert straps.without("calf_strap_*").tables["passive_paths"].rows == tuple(n for n in NAMES if "calf" not in n)
    legless = straps.without("tibia_l")
    assert "calf_strap_l" not in legless.tables["passive_paths"].rows
    assert "hip_strap_l" in legless.tables["passive_paths"].rows
    assert not any(name.startswith("calf_strap_l") for name in legless.tables["path_points"].rows)
    plain = banded.without("band")
    assert {"functions", "point_rows", "path_wraps"}.isdisjoint(plain.tables)
    bare = straps.without("*_strap_*")
    assert "passive_paths" not in bare.tables
    with pytest.raises(ModelError, match="no such thing"):
        straps.without("no such thing")


def test_a_coordinate_that_only_a_line_crosses_is_locked_at_a_stump(adult: bm.Model) -> None:
    rows = {
        "passive_paths": [line("toe_r", "spring", 0.01, stiffness=100.0)],
        "path_points": [point("toe_r", 0, "tibia_r", 0.02, -0.3, 0.0), point("toe_r", 1, "talus_r", 0.03, 0.0, 0.0)],
    }
    model = adult.with_rows(rows).without(["calcn_r"])
    table = model.tables["coordinates"]
    assert table.text("stance")[table.index("ankle_angle_r")] == "locked"


def test_a_renamed_body_gives_the_same_to_the_bit(straps: bm.Model, banded: bm.Model) -> None:
    for model in (straps, banded):
        kinds = (*KINDS, "passive_paths")
        names = {kind: {name: f"{kind[:2]} {i}" for i, name in enumerate(model.tables[kind].rows)} for kind in kinds}
        roles = {kind: {role: names[kind][name] for role, name in model.roles.of(kind).items()} for kind in ROLES}
        mirror = {names[k][right]: names[k][left] for k in kinds for right, left in model.roles.mirror[k].items()}
        tables = with_names(model.tables, names)
        other = bm.Model("other", tables, make_roles(tables, roles, mirror))
        assert other.is_symmetric == model.is_symmetric
        for body in (other, pickle.loads(pickle.dumps(other))):
            one, two = (bm.sweep(own, pelvic_tilt=[0, 5], knee_flexion=10) for own in (model, body))
            assert one.activation.values.tobytes() == two.activation.values.tobytes()
            assert one.passive_path_tension.values.tobytes() == two.passive_path_tension.values.tobytes()
            assert [*two.passive_path.values] == [*names["passive_paths"].values()]
        second = next(iter(names["passive_paths"].values()))
        assert second not in other.without(second).tables["passive_paths"].rows
        back = other.scale({f"passive_paths/{second}/slack_length": 1.0})
        assert [*back.tables["passive_paths"].rows] == [*names["passive_paths"].values()]


def test_a_body_that_counts_the_other_way_round(straps: bm.Model) -> None:
    way = {"knee_angle_r": -1, "knee_angle_l": -1}
    other = bm.Model("turned", turn_coordinates(straps.tables, way), make_roles(straps.tables, {"signs": way}, {}))
    one, two = (bm.sweep(own, pelvic_tilt=[0, 5], knee_flexion=10) for own in (straps, other))
    np.testing.assert_array_equal(one.passive_path_tension, two.passive_path_tension)
    np.testing.assert_array_equal(one.activation, two.activation)
    here, there = (own.passive_moment(knee_angle_r=at) for own, at in ((straps, -20.0), (other, 20.0)))
    np.testing.assert_array_equal(here.passive_path_tension, there.passive_path_tension)
    for name in ("passive_moment", "passive_path_moment_arm"):
        np.testing.assert_array_equal(here[name].sel(coordinate=[*way]), -there[name].sel(coordinate=[*way]))


def test_names_by_role_never_meet(small: bm.Model) -> None:
    """A line that is called as a muscle of another name is by its role."""
    right, left = next(iter(small.roles.mirror["muscles"].items()))
    names = {"muscles": {right: "it", left: "that"}}
    rows = {
        "passive_paths": [line("it_r", "spring", 0.1, stiffness=1.0), line("it_l", "spring", 0.1, stiffness=1.0)],
        "path_points": [
            point(own, i, ("ground", "pelvis")[i], 0.0, 0.1, 0.0) for own in ("it_r", "it_l") for i in (0, 1)
        ],
    }
    tables = with_names(small.tables, names)
    model = bm.Model("odd", tables, make_roles(tables, {}, {"it": "that"})).with_rows(rows)
    by_role = model.role_names.by_role
    assert {*by_role["muscles"].values()}.isdisjoint(by_role["passive_paths"].values())
    np.testing.assert_allclose(model.passive_moment(pelvis_ty=1.0).passive_path_tension, 0.9)


def test_of_a_similar_body_activations_stay(straps: bm.Model) -> None:
    s, m = 1.08, 1.2
    height, mass = straps.value("settings/height"), straps.body_mass
    other = straps.scaled(height=s * height, mass=m * mass, strength=m)
    asked = {"pelvic_tilt": [0, 5], "knee_flexion": 15}
    one, two = bm.sweep(straps, **asked, stance_width=0.2), bm.sweep(other, **asked, stance_width=0.2 * s)
    np.testing.assert_allclose(two.passive_path_tension, m * one.passive_path_tension, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(two.activation, one.activation, atol=1e-8)
    back = other.scaled(height=height, mass=mass, strength=1.0 / m)
    for column in ("slack_length", "stiffness", "strength", "transition_strain"):
        np.testing.assert_allclose(
            back.tables["passive_paths"].numbers(column), straps.tables["passive_paths"].numbers(column), rtol=1e-12
        )


def test_a_body_with_a_curve_is_scaled(banded: bm.Model) -> None:
    height = banded.value("settings/height")
    other = banded.scaled(height=1.1 * height, mass=1.3 * banded.body_mass)
    one, two = (body.passive_moment(hip_flexion_r=-10.0, knee_angle_r=-40.0) for body in (banded, other))
    np.testing.assert_allclose(two.passive_path_length, 1.1 * one.passive_path_length, rtol=1e-9)
    assert float(one.passive_path_tension.sel(passive_path="band")[0]) > 1.0
    np.testing.assert_allclose(two.passive_path_tension, 1.3 * one.passive_path_tension, rtol=1e-9)


def test_numbers_are_replaced_and_scaled(straps: bm.Model) -> None:
    stiff = straps.scale({"passive_paths/*_strap_*/stiffness": 2.0}).replace({"passive_paths/calf*/slack_length": 0.39})
    assert stiff.value("passive_paths/back_strap_l/stiffness") == 4000.0
    assert stiff.value("passive_paths/calf_strap_l/slack_length") == 0.39
    assert stiff.is_symmetric


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"stiffness": -1.0}, r"passive_paths/s/stiffness = -1.0: must be in 0"),
        ({"slack_length": -0.1}, r"passive_paths/s/slack_length = -0.1: must be in 0..5 m"),
        ({"slack_length": 90.0}, r"passive_paths/s/slack_length = 90.0"),
        ({"stiffness": ""}, r"passive_paths/s/stiffness = nan: must be given"),
        ({"strength": 5.0}, r"passive_paths/s/strength = 5.0: must be absent"),
        ({"kind": "rubber"}, r"passive_paths/s/kind = 'rubber': must be one of spring, ligament, blankevoort"),
        ({"function": "f"}, r"passive_paths/s/function = 'f': must be empty"),
        ({"kind": "ligament", "stiffness": "", "strength": 1.0}, r"passive_paths/s/function = '': must be a function"),
        (
            {"kind": "ligament", "stiffness": "", "strength": 1.0, "function": "two"},
            r"s/function = 'two': must be a func",
        ),
        ({"kind": "ligament", "stiffness": "", "strength": -1.0, "function": "f"}, r"passive_paths/s/strength = -1.0"),
        (
            {"kind": "blankevoort", "transition_strain": 0.0},
            r"passive_paths/s/transition_strain = 0.0: must be above 0",
        ),
        (
            {"kind": "blankevoort", "transition_strain": 0.1, "slack_length": 0.0},
            r"slack_length = 0.0: must be above 0",
        ),
    ],
)
def test_what_no_line_can_be_is_refused(rows: dict[str, object], said: str, small: bm.Model) -> None:
    row = {**line("s", "spring", 0.1, stiffness=1.0), **rows}
    functions = [*curve("f", (0.0, 1.0), (0.0, 1.0)), *curve("two", (0.0, 1.0, 2.0), (0.0, 1.0, 1.0), "linear")]
    with pytest.raises(ModelError, match=said):
        hung(small, row, functions=functions)


def test_names_and_points_are_looked_at(small: bm.Model) -> None:
    muscle = "lumbar_extensors_r"
    points = [point(muscle, 90 + i, ("ground", "pelvis")[i], 0.0, 0.0, 0.0) for i in (0, 1)]
    for more in ({}, {"path_points": points}):
        with pytest.raises(
            ModelError, match=r"passive_paths/lumbar_extensors_[rl]: must have another name than a muscle"
        ):
            small.with_rows({"passive_paths": [line(muscle, "spring", 0.1, stiffness=1.0)], **more})
    with pytest.raises(ModelError, match="passive_paths/s: needs at least two path points, has 0"):
        small.with_rows({"passive_paths": [line("s", "spring", 0.1, stiffness=1.0)]})
    with pytest.raises(ModelError, match=r"path_points/s.0/muscle = 's'"):
        small.with_rows({"path_points": [point("s", 0, "pelvis", 0.0, 0.0, 0.0)]})


# ---- files --------------------------------------------------------------------------------------------------------


def write(model: bm.Model, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiomechWarning)
        bm.write_osim(model, path)
    return path


def read(path: Path) -> bm.Model:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiomechWarning)
        return bm.read_osim(path)


def own_path(*names: str) -> str:
    points = "".join(
        f'<PathPoint name="{i}"><socket_parent_frame>{frame}</socket_parent_frame><location>0 {i} 0</location>'
        "</PathPoint>"
        for i, frame in enumerate(("/ground", "/bodyset/pelvis"))
    )
    wraps = "".join(f'<PathWrap name="w"><wrap_object>{name}</wrap_object></PathWrap>' for name in names)
    return (
        f"<GeometryPath><PathPointSet><objects>{points}</objects></PathPointSet>"
        f"<PathWrapSet><objects>{wraps}</objects></PathWrapSet></GeometryPath>"
    )


SPRING = "<resting_length>0.1</resting_length><stiffness>40</stiffness><dissipation>0.5</dissipation>"
BLANKEVOORT = "<linear_stiffness>70</linear_stiffness><slack_length>0.2</slack_length>"
LIGAMENT = "<resting_length>0.3</resting_length><pcsa_force>90</pcsa_force>"


def with_forces(model: bm.Model, tmp_path: Path, forces: str, ground: str = "") -> Path:
    """A file of a body with further forces, and further elements of ground."""
    text = write(model, tmp_path / "body.osim").read_text()
    first = text.index("<ForceSet")
    place = text.rindex("</objects>", 0, text.index("<groups", first))
    text = text[:place] + forces + text[place:]
    text = text.replace('<Ground name="ground" />', f'<Ground name="ground">{ground}</Ground>')
    (tmp_path / "more.osim").write_text(text)
    return tmp_path / "more.osim"


def test_a_file_has_them(small: bm.Model, tmp_path: Path) -> None:
    muscle = small.muscles[0]
    forces = (
        f'<PathSpring name="band">{own_path()}{SPRING}</PathSpring>'
        f'<PathSpring name="{muscle}">{own_path()}{SPRING}</PathSpring>'
        f'<PathSpring name="off"><appliesForce>false</appliesForce>{own_path()}{SPRING}</PathSpring>'
        f'<PathSpring name="weak">{own_path()}{SPRING.replace("40", "0")}</PathSpring>'
        f'<Blankevoort1991Ligament name="cruciate">{own_path()}{BLANKEVOORT}</Blankevoort1991Ligament>'
        f'<Ligament name="one">{own_path()}{LIGAMENT}</Ligament><Ligament name="">{own_path()}{LIGAMENT}</Ligament>'
    )
    model = bm.read_osim(with_forces(small, tmp_path, forces))
    assert model.left_out == ()
    assert f"no damping: band, {muscle}_, cruciate" in model.said
    table = model.tables["passive_paths"]
    assert table.rows == ("band", f"{muscle}_", "cruciate", "one", "path_4")
    assert table.text("kind") == ("spring", "spring", "blankevoort", "ligament", "ligament")
    assert table.text("function") == ("", "", "", "one force over length", "one force over length")
    np.testing.assert_array_equal(table.numbers("stiffness"), [40.0, 40.0, 70.0, math.nan, math.nan])
    np.testing.assert_array_equal(table.numbers("transition_strain"), [math.nan, math.nan, 0.06, math.nan, math.nan])
    ds = model.passive_moment(pelvis_ty=1.0)  # from 0 up to 1 m above the pelvis
    np.testing.assert_allclose(ds.passive_path_length, 2.0)
    ligament = 90.0 * float(spline_values(np.array(KNOTS), np.array(VALUES), np.array([2.0 / 0.3]))[0])
    expected = [76.0, 76.0, 70.0 * (9.0 - 0.03), ligament, ligament]
    np.testing.assert_allclose(ds.passive_path_tension[0], expected, rtol=1e-9)


ELLIPSOID = (
    '<WrapObjectSet><objects><WrapEllipsoid name="egg"><dimensions>0.01 0.02 0.03</dimensions></WrapEllipsoid>'
    "</objects></WrapObjectSet>"
)
GCV = "<GCVSpline name='force_length_curve'><half_order>1</half_order><x>0 1 2</x><y>0 0 1</y></GCVSpline>"


@pytest.mark.parametrize(
    ("force", "ground", "said"),
    [
        (f'<PathSpring name="odd">{own_path("egg")}{SPRING}</PathSpring>', ELLIPSOID, "PathSpring 'odd'"),
        (f'<Ligament name="odd">{own_path()}{LIGAMENT}{GCV}</Ligament>', "", "Ligament 'odd'"),
    ],
)
def test_what_is_not_computed_of_them_is_left_out(
    force: str, ground: str, said: str, small: bm.Model, tmp_path: Path
) -> None:
    model = read(with_forces(small, tmp_path, force, ground))
    assert "passive_paths" not in model.tables
    assert f"{said} (spring)" in model.left_out
    with pytest.raises(ModelError, match=said):
        model.passive_moment()
    with pytest.raises(ModelError, match=said):
        bm.sweep(model, pelvic_tilt=0)


def same_tables(one: bm.Model, other: bm.Model) -> None:
    assert {*one.tables} == {*other.tables}
    for name, table in one.tables.items():
        columns = [column for column in table.columns if column != "source"]
        assert [[*map(repr, table.columns[c])] for c in columns] == [
            [*map(repr, other.tables[name].columns[c])] for c in columns
        ]


@pytest.mark.parametrize("change", [strapped, lopsided])
def test_a_file_gives_the_body_back(change: Callable[[bm.Model], bm.Model], gait2392: bm.Model, tmp_path: Path) -> None:
    model = change(gait2392)
    first = read(write(model, tmp_path / "one.osim"))
    own, back = model.tables["passive_paths"], first.tables["passive_paths"]
    assert own.rows == back.rows
    for column in ("slack_length", "stiffness", "strength", "transition_strain"):
        np.testing.assert_array_equal(own.numbers(column), back.numbers(column))
    with warnings.catch_warnings():
        warnings.simplefilter("error", BiomechWarning)
        bm.write_osim(first, tmp_path / "two.osim")
    second = read(tmp_path / "two.osim")
    same_tables(first, second)
    pose = {name: own[:4] for name, own in poses_of(model).items()}
    np.testing.assert_allclose(
        first.passive_moment(pose).passive_path_tension, model.passive_moment(pose).passive_path_tension, atol=1e-9
    )


# ---- OpenSim itself -----------------------------------------------------------------------------------------------


def in_opensim(
    path: Path, names: list[str], own: dict[str, np.ndarray], armed: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Tensions (pose, name), and generalised forces (pose, coordinate) of them all, by OpenSim."""
    opensim = pytest.importorskip("opensim")
    opensim.Logger.setLevelString("error")
    model = opensim.Model(str(path))
    state = model.initSystem()
    coordinates = [model.getCoordinateSet().get(name) for name in own]
    kinds = {"PathSpring": opensim.PathSpring, "Ligament": opensim.Ligament}
    kinds["Blankevoort1991Ligament"] = opensim.Blankevoort1991Ligament
    forces = [model.getForceSet().get(name) for name in names]
    forces = [kinds[force.getConcreteClassName()].safeDownCast(force) for force in forces]
    tensions, moments = [], []
    for pose in np.array([*own.values()]).T:
        for coordinate, value in zip(coordinates, pose, strict=True):
            coordinate.setLocked(state, False)
            coordinate.setValue(state, float(value), False)
            coordinate.setSpeedValue(state, 0.0)
        model.realizeDynamics(state)
        pull = [
            one.getTotalForce(state) if isinstance(one, opensim.Blankevoort1991Ligament) else one.getTension(state)
            for one in forces
        ]
        tensions.append(pull)
        arms = [
            [one.getGeometryPath().computeMomentArm(state, model.getCoordinateSet().get(name)) for name in armed]
            for one in forces
        ]
        moments.append(np.array(pull) @ np.array(arms))
    return np.array(tensions), np.array(moments)


def in_radians(model: bm.Model, own: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    turns = dict(zip(model.coordinates, model.compiled().is_rotation, strict=True))
    return {name: np.radians(value) if turns[name] else value for name, value in own.items()}


def compared(model: bm.Model, path: Path, pose: dict[str, np.ndarray], armed: list[str]) -> float:
    names = [*model.tables["passive_paths"].rows]
    tension, moment = in_opensim(path, names, in_radians(model, pose), armed)
    ds = model.passive_moment(pose)
    scale = float(np.abs(tension).max())
    np.testing.assert_allclose(ds.passive_path_tension, tension, rtol=1e-6, atol=1e-6 * scale)
    work = (ds.passive_path_tension * ds.passive_path_moment_arm).sum("passive_path").sel(coordinate=armed)
    np.testing.assert_allclose(work, moment, rtol=1e-6, atol=1e-6 * max(1e-9, float(np.abs(moment).max())))
    return scale


def test_opensim_has_the_same_tensions_and_moments_of_straps(straps: bm.Model, tmp_path: Path) -> None:
    pytest.importorskip("opensim")
    armed = ["hip_flexion_r", "hip_rotation_l", "knee_angle_r", "ankle_angle_r", "lumbar_extension", "lumbar_bending"]
    pose = poses_of(straps, 6)
    assert compared(straps, write(straps, tmp_path / "straps.osim"), pose, armed) > 100.0


def test_opensim_has_the_same_tensions_of_a_band_that_slides_and_wraps(banded: bm.Model, tmp_path: Path) -> None:
    """OpenSim's own wrapping is less exact than ours: tensions to the length's 1e-6 m."""
    pytest.importorskip("opensim")
    pose = poses_of(banded, 6)
    path = write(banded, tmp_path / "band.osim")
    names = [*banded.tables["passive_paths"].rows]
    tension, _ = in_opensim(path, names, in_radians(banded, pose), ["hip_flexion_r"])
    ds = banded.passive_moment(pose)
    np.testing.assert_allclose(ds.passive_path_tension, tension, rtol=1e-4, atol=0.05)
    assert tension[:, 0].max() > 5.0


@pytest.mark.skipif(not OSIM.exists(), reason="the public models are not on this machine")
def test_the_public_model_with_ligaments(tmp_path: Path) -> None:
    file = OSIM / "more_models" / "toy_ligament.osim"
    model = read(file)
    assert model.left_out == ()
    assert len(model.tables["passive_paths"]) == 4
    same_tables(model, read(write(model, tmp_path / "toy.osim")))
    pytest.importorskip("opensim")
    file = tmp_path / "shorter.osim"  # as it is nothing in it is taut in any pose
    text = (OSIM / "more_models" / "toy_ligament.osim").read_text()
    file.write_text(re.sub("<resting_length>(.*?)<", lambda own: f"<resting_length>{0.8 * float(own[1])}<", text))
    model = read(file)
    write(model, tmp_path / "toy.osim")
    rng = np.random.default_rng(2)
    turns = model.compiled().is_rotation
    pose = {
        name: rng.uniform(-20.0, 20.0, 8) if turns[i] else rng.uniform(-0.3, 0.3, 8)
        for i, name in enumerate(model.coordinates)
    }
    for path in (file, tmp_path / "toy.osim"):
        assert compared(model, path, pose, [*model.coordinates]) > 10.0
