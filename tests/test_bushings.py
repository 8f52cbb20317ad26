"""Bushings and springs between two segments: OpenSim's own numbers, energy, free bodies, and what becomes of them.

Energies are written anew with SciPy's rotations from public frames; work of muscles and ground from public arms and
frames. Where the opensim package is installed, generalised forces are those of its inverse dynamics.
"""

from __future__ import annotations

import math
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from free_bodies import free_turns, left_open, power
from scipy.spatial.transform import Rotation
from shared_reference import OSIM
from test_roles import renamed, same
from test_static_optimization import plates

import biomech as bm
from biomech.errors import BiomechWarning, ModelError
from biomech.model.tables import COLUMNS, Table

#: Body weights times a metre.
CLOSED = 1e-8
STANCE: dict[str, Any] = {"pelvic_tilt": [0.0, 6.0], "knee_flexion": [5.0, 40.0]}
#: Variables that say everything about who bears what.
ANSWERS = (
    "activation",
    "muscle_force",
    "passive_moment",
    "joint_contact_force",
    "joint_contact_moment",
    "ground_force",
    "bushing_force",
    "bushing_moment",
    "point_spring_force",
)


def bushing(name: str, first: str, second: str, seed: int = 0, midline: bool = False, **cells: float) -> dict[str, Any]:
    """A row of ``bushings`` with random frames and stiffness."""
    rng = np.random.default_rng(seed)
    row: dict[str, Any] = {"bushing": name, "first": first, "second": second, "source": "a test"}
    for end in ("first", "second"):
        row |= {f"{end}_{axis}": rng.uniform(-0.1, 0.1) for axis in "xyz"}
        row |= {f"{end}_r{axis}": rng.uniform(-25.0, 25.0) for axis in "xyz"}
        row |= dict.fromkeys((f"{end}_z", f"{end}_rx", f"{end}_ry"), 0.0) if midline else {}
    row |= {f"rotational_stiffness_{axis}": rng.uniform(1.0, 20.0) for axis in "xyz"}
    row |= {f"translational_stiffness_{axis}": rng.uniform(50.0, 300.0) for axis in "xyz"}
    return row | cells


def spring(name: str, first: str, second: str, seed: int = 0, midline: bool = False, **cells: float) -> dict[str, Any]:
    """A row of ``point_springs`` between random points."""
    rng = np.random.default_rng(seed)
    row: dict[str, Any] = {"point_spring": name, "first": first, "second": second, "source": "a test"}
    row |= {f"{end}_{axis}": rng.uniform(-0.1, 0.1) for end in ("first", "second") for axis in "xyz"}
    row |= dict.fromkeys(("first_z", "second_z"), 0.0) if midline else {}
    return row | {"stiffness": rng.uniform(100.0, 400.0), "rest_length": rng.uniform(0.1, 0.4)} | cells


def with_links(model: bm.Model) -> bm.Model:
    """A body with bushings and springs on both sides and on the midline."""
    return model.with_rows(
        {
            "bushings": [
                bushing("disc", "pelvis", "torso", 1, midline=True),
                bushing("knee_r", "femur_r", "tibia_r", 2),
                bushing("capsule_r", "pelvis", "femur_r", 3),
                bushing("sock_r", "tibia_r", "calcn_r", 4),
            ],
            "point_springs": [
                spring("strap_r", "pelvis", "tibia_r", 5),
                spring("belt", "torso", "pelvis", 6, midline=True),
                spring("rope", "ground", "torso", 7, midline=True, rest_length=1.0),
            ],
        }
    )


def poses_of(model: bm.Model, count: int, seed: int = 0, most: float = 40.0) -> dict[str, np.ndarray]:
    """Random coordinates, in deg and m, of those that follow no other."""
    rng = np.random.default_rng(seed)
    turns, follow = model.compiled().is_rotation, set(model.compiled().tree.couplers.dependent.tolist())
    sizes = np.where(turns, most, 0.2)
    return {
        name: rng.uniform(-sizes[c], sizes[c], count) for c, name in enumerate(model.coordinates) if c not in follow
    }


def frames_of(model: bm.Model, segment: str, pose: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (pose, 3, 3) and origin (pose, 3) of a segment, in ground."""
    if segment == "ground":
        return np.eye(3), np.zeros(3)
    found = model.kinematics(**pose).sel(segment=segment)
    return found.rotation.values, found.origin.values


def energy(model: bm.Model, pose: dict[str, Any]) -> np.ndarray:
    """Energy of all bushings and springs: (pose,), J."""
    total = np.zeros(len(next(iter(pose.values()))))
    for kind in ("bushings", "point_springs"):
        for row in model.tables[kind].rows if kind in model.tables else ():
            own, ends = model.row(kind, row), []
            for end in ("first", "second"):
                turn, origin = frames_of(model, own[end], pose)
                place = origin + turn @ [own[f"{end}_{axis}"] for axis in "xyz"]
                if kind == "bushings":
                    angles = [own[f"{end}_r{axis}"] for axis in "xyz"]
                    turn = turn @ Rotation.from_euler("XYZ", angles, degrees=True).as_matrix()
                ends.append((turn, place))
            (turn, first), (other, second) = ends
            if kind == "point_springs":
                distance = np.linalg.norm(second - first, axis=-1)
                total += 0.5 * own["stiffness"] * (distance - own["rest_length"]) ** 2
                continue
            way = np.einsum("...ji,...j->...i", turn, second - first)
            angles = Rotation.from_matrix(np.swapaxes(turn, -1, -2) @ other).as_euler("XYZ")
            about, along = ([own[f"{of}_stiffness_{a}"] for a in "xyz"] for of in ("rotational", "translational"))
            total += 0.5 * ((about * angles**2).sum(axis=-1) + (along * way**2).sum(axis=-1))
    return total


def gradient(model: bm.Model, pose: dict[str, Any], step: float = 2e-4) -> np.ndarray:
    """-dE/dq of every coordinate, N.m and N: (pose, coordinate), by differences of fourth order."""
    compiled, found = model.compiled(), []
    for c, name in enumerate(model.coordinates):
        if name not in pose:
            found.append(np.zeros(len(next(iter(pose.values())))))
            continue
        unit = math.degrees(1.0) if compiled.is_rotation[c] else 1.0
        near = {k: energy(model, {**pose, name: pose[name] + k * step * unit}) for k in (-2, -1, 1, 2)}
        found.append(-(8.0 * (near[1] - near[-1]) - (near[2] - near[-2])) / (12.0 * step))
    return np.stack(found, axis=-1)


# ---- what they exert ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["small", "adult"])
def test_force_is_minus_the_gradient_of_the_energy(name: str) -> None:
    model = with_links(bm.load_model(name))
    pose = poses_of(model, 12)
    force = model.bushing_force(**pose).generalized_force.values
    np.testing.assert_allclose(force, gradient(model, pose), rtol=0, atol=1e-8 * np.abs(force).max())
    assert np.abs(force).max() > 50.0


def test_a_bushing_by_hand(small: bm.Model) -> None:
    """Two frames in one place that are turned about one axis, and one that is moved: as a spring each."""
    zero = {f"{end}_{part}": 0.0 for end in ("first", "second") for part in ("x", "y", "z", "rx", "ry", "rz")}
    stiff = {"rotational_stiffness_z": 30.0, "translational_stiffness_y": 200.0}
    body = small.with_rows({"bushings": [bushing("knee_r", "femur_r", "tibia_r") | zero | stiff]})
    ds = body.bushing_force(knee_angle_r=[0.0, -40.0]).sel(bushing="knee_r")
    turn = ds.bushing_moment.sel(axis="z").values
    np.testing.assert_allclose(turn, [0.0, 30.0 * math.radians(40.0)], atol=1e-12)
    frames = body.kinematics(knee_angle_r=[0.0, -40.0])
    thigh, shank = (frames.sel(segment=segment) for segment in ("femur_r", "tibia_r"))
    way = np.einsum("pji,pj->pi", thigh.rotation.values, shank.origin.values - thigh.origin.values)
    np.testing.assert_allclose(ds.bushing_force.sel(axis="y"), -200.0 * way[:, 1], atol=1e-10)
    assert (np.abs(way[:, 1]) > 0.3).all()


def test_a_spring_pushes_and_pulls(small: bm.Model) -> None:
    row = spring("rod", "ground", "pelvis", stiffness=100.0, rest_length=1.0)
    row |= {f"{end}_{axis}": 0.0 for end in ("first", "second") for axis in "xyz"}
    body = small.with_rows({"point_springs": [row]})
    ds = body.bushing_force(pelvis_ty=[0.5, 1.5, 0.0])
    np.testing.assert_allclose(ds.point_spring_force.sel(point_spring="rod"), [-50.0, 50.0, 0.0], atol=1e-12)
    lift = ds.generalized_force.sel(coordinate="pelvis_ty")
    np.testing.assert_allclose(lift, [50.0, -50.0, 0.0], atol=1e-12)  # points that coincide feel nothing


@pytest.mark.parametrize("angle", [89.999999, 90.0, 90.000001, 135.0])
def test_a_quarter_of_a_turn_about_the_second_axis_gives_numbers(small: bm.Model, angle: float) -> None:
    zero = {f"{end}_{part}": 0.0 for end in ("first", "second") for part in ("x", "y", "z", "rx", "ry", "rz")}
    row = bushing("disc", "pelvis", "torso") | zero | {"second_ry": angle}
    ds = small.with_rows({"bushings": [row]}).bushing_force(lumbar_extension=[0.0, 1e-7])
    assert all(np.isfinite(ds[name]).all() for name in ("bushing_force", "bushing_moment", "generalized_force"))


# ---- statics ------------------------------------------------------------------------------------------------------


@cache
def bound(name: str) -> bm.Model:
    """A built-in body with bushings and springs."""
    return with_links(bm.load_model(name))


@cache
def held(name: str) -> xr.Dataset:
    ds = bm.sweep(bound(name), **STANCE)
    assert (ds.status == 0).all()
    return ds


def angles_of(ds: xr.Dataset) -> dict[str, np.ndarray]:
    flat = ds.coordinate_angle.transpose(..., "coordinate").values.reshape(-1, ds.sizes["coordinate"])
    return dict(zip(map(str, ds.coordinate.values), flat.T, strict=True))


@pytest.mark.parametrize("name", ["small", "adult"])
def test_a_sweep_has_what_the_pose_has(name: str) -> None:
    ds = held(name)
    pose = bound(name).bushing_force(**angles_of(ds))
    for variable in ("bushing_force", "bushing_moment", "point_spring_force"):
        own = ds[variable].values.reshape(pose[variable].shape)
        np.testing.assert_allclose(own, pose[variable], rtol=0, atol=1e-9)
        assert list(pose[variable].coords) == [c for c in pose[variable].coords if c in ds[variable].coords]
    assert ds.bushing.values.tolist() == ["disc", "knee_r", "capsule_r", "sock_r", "knee_l", "capsule_l", "sock_l"]


@pytest.mark.parametrize("name", ["small", "adult"])
def test_free_bodies_close(name: str) -> None:
    """At every cut the bones and the passive tissue do what is left beside muscles, ground, weight and bushings."""
    model = bound(name)
    assert left_open(model, held(name)).max() < CLOSED
    lopsided = bm.sweep(model, **STANCE, weight_balance=0.4, foot_rotation=10.0)
    assert (lopsided.status == 0).any()
    assert left_open(model, lopsided).max() < CLOSED


def work_of_ground(model: bm.Model, ds: xr.Dataset, pose: dict[str, np.ndarray], step: float = 1e-5) -> np.ndarray:
    """Work of the ground's force and moment on both feet per unit of every coordinate: (posture, coordinate)."""
    at = ds.transpose(..., "foot", "axis")
    count = len(next(iter(pose.values())))
    force, center, turn = (
        at[name].values.reshape(count, 2, -1) for name in ("ground_force", "center_of_pressure", "free_moment")
    )
    found = np.zeros((count, len(model.coordinates)))
    for c, name in enumerate(model.coordinates):
        unit = math.degrees(1.0) if model.compiled().is_rotation[c] else 1.0
        near = [model.kinematics(**{**pose, name: pose[name] + way * step * unit}) for way in (-1.0, 1.0)]
        here = model.kinematics(**pose)
        for k, foot in enumerate(("calcn_r", "calcn_l")):
            turned, origin = (here.sel(segment=foot)[part].values for part in ("rotation", "origin"))
            local = np.einsum("pji,pj->pi", turned, center[:, k] - origin)
            places = [
                own.sel(segment=foot).origin.values
                + np.einsum("pij,pj->pi", own.sel(segment=foot).rotation.values, local)
                for own in near
            ]
            spin = [own.sel(segment=foot).rotation.values for own in near]
            w = (spin[1] - spin[0]) / (2.0 * step) @ np.swapaxes(turned, 1, 2)
            found[:, c] += np.einsum("pi,pi->p", force[:, k], (places[1] - places[0]) / (2.0 * step))
            found[:, c] += turn[:, k, 0] * 0.5 * (w[:, 0, 2] - w[:, 2, 0])
    return found


@pytest.mark.parametrize("name", ["small", "adult"])
def test_virtual_work_of_everything_vanishes(name: str) -> None:
    """Weight, ground, muscles, passive tissue and bushings do no work together on any free coordinate."""
    model, ds = bound(name), held(name)
    pose = angles_of(ds)
    arms = model.muscle_geometry(**pose).moment_arm
    leverage = model.tables["muscles"].numbers("leverage")
    tension = ds.muscle_force.transpose(..., "muscle").values.reshape(-1, ds.sizes["muscle"])
    parts = [
        np.einsum("pmc,pm->pc", arms.values, leverage * tension),
        model.gravity(**pose).generalized_force.values,
        model.bushing_force(**pose).generalized_force.values,
        ds.passive_moment.transpose(..., "coordinate").values.reshape(len(tension), -1),
        work_of_ground(model, ds, pose),
    ]
    free = [model.coordinates[c] in free_of(model) for c in range(len(model.coordinates))]
    total = sum(parts)[:, free]
    np.testing.assert_allclose(total, 0.0, atol=2e-5)
    assert np.abs(parts[2][:, free]).max() > 5.0


def free_of(model: bm.Model) -> set[str]:
    table = model.tables["coordinates"]
    return {row for row, stance in zip(table.rows, table.text("stance"), strict=True) if stance == "free"}


@pytest.mark.parametrize("name", ["small", "adult"])
def test_the_half_body_is_the_whole(name: str) -> None:
    model = bound(name)
    assert model.is_symmetric
    whole = bm.sweep(model, **STANCE, weight_balance=0.5 + 1e-10)
    for variable in ANSWERS:
        size = float(np.abs(whole[variable]).max())
        np.testing.assert_allclose(held(name)[variable], whole[variable], atol=2e-6 * max(size, 1.0))


def test_what_has_no_mirror_image_is_solved_as_a_whole(small: bm.Model) -> None:
    rows = [bushing("right_r", "femur_r", "tibia_r", 1), bushing("right_l", "femur_l", "tibia_l", 1)]
    odd = small.with_rows({"bushings": rows})
    across = small.with_rows({"point_springs": [spring("band", "femur_r", "femur_l", 3)]})
    slanted = small.with_rows({"bushings": [bushing("disc", "pelvis", "torso", 3)]})
    for model in (odd, across, slanted):
        assert not model.is_symmetric
        ds = bm.sweep(model, pelvic_tilt=3, knee_flexion=10)
        assert ds.status == 0
        assert left_open(model, ds).max() < CLOSED


def test_a_spring_to_ground_takes_weight_off_the_feet(small: bm.Model) -> None:
    row = spring("rope", "ground", "torso", midline=True, stiffness=1e-3, rest_length=0.0)
    row |= dict.fromkeys((f"{end}_{axis}" for end in ("first", "second") for axis in "xyz"), 0.0)
    plain = bm.sweep(small, pelvic_tilt=0)
    height = float(plain.coordinate_angle.sel(coordinate="pelvis_ty"))
    row |= {"first_y": 4.0, "stiffness": 30.0}
    ds = bm.sweep(small.with_rows({"point_springs": [row]}), pelvic_tilt=0)
    pull = float(ds.point_spring_force.sel(point_spring="rope"))
    change = (ds.ground_force - plain.ground_force).sel(axis="y").sum("foot")
    assert pull == pytest.approx(30.0 * (4.0 - height), abs=10.0)
    assert float(change) == pytest.approx(-pull, abs=0.1)


def test_stability_feels_the_stiffness(small: bm.Model) -> None:
    """At one pose, with one coordinate stiffened by a bushing that rests there."""
    zero = {f"{end}_{part}": 0.0 for end in ("first", "second") for part in ("x", "y", "z", "rx", "ry", "rz")}
    off = dict.fromkeys([f"{of}_stiffness_{axis}" for of in ("rotational", "translational") for axis in "xyz"], 0.0)
    plain = bm.sweep(small, pelvic_tilt=0)
    turn = float(plain.coordinate_angle.sel(coordinate="lumbar_extension"))
    row = bushing("disc", "pelvis", "torso") | zero | off | {"first_rz": turn, "rotational_stiffness_z": 80.0}
    stiff = bm.stability(small.with_rows({"bushings": [row]}), pelvic_tilt=0)
    change = (stiff.stiffness - bm.stability(small, pelvic_tilt=0).stiffness).sel(coordinate="lumbar_extension")
    assert float(change.sel(other="lumbar_extension")) == pytest.approx(80.0, abs=1e-3)


def test_policies_know_them(small: bm.Model) -> None:
    """The hips rest where their moment and the weight on them vanish, a bushing's moment with them."""
    body = small.with_rows({"bushings": [bushing("capsule_r", "pelvis", "femur_r", 3)]})
    for policy in ("hanging", "passive", "least_effort"):
        found = bm.sweep(body, pelvic_tilt=policy)
        plain = bm.sweep(small, pelvic_tilt=policy)
        assert abs(float(found.pelvic_tilt) - float(plain.pelvic_tilt)) > 0.05
    tilt = float(bm.sweep(body, pelvic_tilt="least_effort").pelvic_tilt)
    near = bm.sweep(body, pelvic_tilt=[tilt - 0.5, tilt, tilt + 0.5])
    effort = (near.activation**2).sum("muscle")
    assert int(np.argmin(effort.values)) == 1
    with pytest.raises(ModelError, match="springs that hold a segment to ground"):
        bm.sweep(with_links(small), pelvic_tilt="hanging")


def test_uncertainty_and_stores_have_them(small: bm.Model, tmp_path: Path) -> None:
    model = bound("small")
    upright = {"upright": {"pelvic_tilt": 0}}
    drawn = bm.uncertainty.propagate(upright, model, samples=4, seed=1, variables=["bushing_force"])
    assert drawn.bushing_force.dims[-2:] == ("bushing", "axis")
    assert np.isfinite(drawn.bushing_force).any()
    stored = bm.sweep(model, **STANCE, to=str(tmp_path / "study.zarr"))
    for name in ANSWERS:
        np.testing.assert_array_equal(stored[name].transpose(*held("small")[name].dims), held("small")[name])


# ---- measured frames ----------------------------------------------------------------------------------------------


@cache
def walker() -> tuple[bm.Model, bm.Model]:
    """A body with inertia, and the same with bushings and springs."""
    plain = bm.load_model("gait2392")
    empty = dict.fromkeys(COLUMNS["inertias"], 0.01) | {"source": "a test"} | dict.fromkeys(("xy", "xz", "yz"), 0.0)
    rows = [{**empty, "segment": name} for name in plain.segments]
    own = Table("inertias", {column: tuple(row[column] for row in rows) for column in COLUMNS["inertias"]})
    plain = bm.Model("walker", {**plain.tables, "inertias": own})
    return plain, with_links(plain)


def trial(model: bm.Model, count: int = 8) -> tuple[dict[str, xr.DataArray], xr.Dataset]:
    """A slow motion near upright, and plates that bear it by and by."""
    time = np.arange(count) / 50.0
    rng = np.random.default_rng(5)
    motion = {}
    for name in model.coordinates:
        wide = 12.0 if name.startswith(("hip_flexion", "ankle_angle")) else 3.0 if "pelvis_t" not in name else 0.0
        middle = {"pelvis_ty": 0.95, "knee_angle_r": -15.0, "knee_angle_l": -15.0}.get(name, 0.0)
        motion[name] = xr.DataArray(middle + wide * np.sin(3.0 * time + rng.uniform(0, 6)), {"time": time}, dims="time")
    return motion, plates(model, np.linspace(0.6, 1.4, count), "time", time)


QUIET = pytest.mark.filterwarnings("ignore::biomech.errors.BiomechWarning")


@QUIET
@pytest.mark.parametrize("inertia", [False, "interpolated"])
def test_muscles_are_asked_for_what_bushings_leave(inertia: bool | str) -> None:
    """And the cuts close: what turns a joint beside them is its reserve."""
    plain, model = walker()
    motion, ground = trial(model)
    asked = {"reserve": 1e4, "inertia": inertia}
    ds, without = (bm.static_optimization(body, motion, ground, **asked) for body in (model, plain))
    assert (ds.status == 0).all()
    force = model.bushing_force(motion)
    change = (without.required_moment - ds.required_moment).transpose("time", "coordinate")
    np.testing.assert_allclose(change, force.generalized_force.transpose("time", "coordinate"), atol=1e-8)
    for name in ("bushing_force", "bushing_moment", "point_spring_force"):
        np.testing.assert_allclose(ds[name], force[name].transpose(*ds[name].dims), atol=1e-9)
        assert name not in without
    joints = power(model, ds)
    reserve = ds.reserve_moment.transpose("time", "coordinate").sel(coordinate=list(free_turns(model)))
    np.testing.assert_allclose(joints.values, reserve.values, atol=2e-5)


@QUIET
def test_the_predicted_ground_and_moments_of_ones_own() -> None:
    plain, model = walker()
    stance = bm.sweep(model, pelvic_tilt=2.0, knee_flexion=[5.0, 20.0])
    assert (stance.status == 0).all()
    pose = bm.pose(stance)
    reserve = {name: 50.0 for name in model.coordinates if not name.startswith("pelvis_")}
    ds = bm.static_optimization(model, pose, "predicted", reserve=reserve)
    assert (ds.status == 0).all()
    change = ds.bushing_force - stance.bushing_force
    np.testing.assert_allclose(change, 0.0, atol=1e-6)
    joints = power(model, ds)
    turns = ds.reserve_moment.transpose("knee_flexion", "coordinate").sel(coordinate=list(free_turns(model)))
    np.testing.assert_allclose(joints.values, turns.values, atol=2e-5)
    given = ds.required_moment
    own = bm.static_optimization(model, pose, moments=given, reserve=reserve)
    other = bm.static_optimization(plain, pose, moments=given, reserve=reserve)
    np.testing.assert_array_equal(own.muscle_force, other.muscle_force)  # what muscles must give
    np.testing.assert_allclose(own.bushing_force, ds.bushing_force, atol=1e-9)


# ---- what becomes of them -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("longer", "heavier"), [(0.88, 0.88**3), (1.1, 1.0)])
def test_a_similar_body_works_as_hard(adult: bm.Model, longer: float, heavier: float) -> None:
    """Lengths times s, forces times m: deflections are s times, angles the same."""
    model = with_links(adult).replace({"point_springs/rope/stiffness": 0.0})  # whose end on ground stays
    other = model.scaled(height=1.8 * longer, mass=heavier * model.body_mass, strength=heavier)
    asked = {"pelvic_tilt": 2, "knee_flexion": 12}
    one, two = bm.sweep(model, **asked), bm.sweep(other, **asked, stance_width=0.17 * longer)
    assert one.status == 0
    np.testing.assert_allclose(two.activation, one.activation, atol=1e-9)
    np.testing.assert_allclose(two.bushing_force, heavier * one.bushing_force, atol=1e-8)
    np.testing.assert_allclose(two.bushing_moment, heavier * longer * one.bushing_moment, atol=1e-8)
    np.testing.assert_allclose(two.point_spring_force, heavier * one.point_spring_force, atol=1e-8)
    back = other.scaled(height=1.8, mass=model.body_mass, strength=1.0 / heavier)
    for name in ("bushings", "point_springs"):
        for column, kind in COLUMNS[name].items():
            if kind == "number":
                np.testing.assert_allclose(
                    back.tables[name].numbers(column), model.tables[name].numbers(column), rtol=1e-12, atol=1e-15
                )


def test_with_a_limb_goes_what_holds_to_it(adult: bm.Model) -> None:
    model = with_links(adult)
    left = model.without("tibia_l")
    assert left.tables["bushings"].rows == ("disc", "knee_r", "capsule_r", "sock_r", "capsule_l")
    assert left.tables["point_springs"].rows == ("strap_r", "belt", "rope")
    assert bm.sweep(left, support="right", pelvic_tilt=3, knee_flexion=10).bushing.size == 5
    assert model.without("soleus_*").tables["bushings"] == model.tables["bushings"]
    assert len(small_without_legs(adult).tables["bushings"]) == 1


def small_without_legs(model: bm.Model) -> bm.Model:
    return with_links(model).without(["femur_r", "femur_l"])


def test_changes_go_by_path(small: bm.Model) -> None:
    model = with_links(small)
    twice = model.scale({"bushings/*/translational_stiffness_x": 2.0}).bushing_force(hip_flexion_r=20.0)
    once = model.bushing_force(hip_flexion_r=20.0)
    np.testing.assert_allclose(twice.bushing_force.sel(axis="x"), 2.0 * once.bushing_force.sel(axis="x"), rtol=1e-12)
    other = model.replace({"point_springs/belt/rest_length": 0.0}).bushing_force()
    assert other.point_spring_force.sel(point_spring="belt").item() > 0.0


@pytest.mark.parametrize("name", ["small", "adult"])
def test_whatever_the_parts_are_called(name: str) -> None:
    model = bound(name)
    other, names = renamed(model)
    assert other.is_symmetric
    for asked in (STANCE, {"pelvic_tilt": "least_effort"}, {"support": "right", "pelvic_tilt": 3.0}):
        one, two = bm.sweep(model, **asked), bm.sweep(other, **asked)
        same(one, two)
        assert two.bushing.values.tolist() == one.bushing.values.tolist()
    assert other.tables["bushings"].text("first")[0] == names["segments"]["pelvis"]


@pytest.mark.parametrize(
    ("table", "column", "value", "said"),
    [
        ("bushings", "translational_stiffness_x", -1.0, r"bushings/disc/translational_stiffness_x = -1\.0: must be in"),
        (
            "bushings",
            "rotational_stiffness_z",
            math.inf,
            r"bushings/disc/rotational_stiffness_z = inf: must be a finite",
        ),
        ("bushings", "first_x", 7.0, r"bushings/disc/first_x = 7\.0: must be in -5\.\.5 m"),
        ("bushings", "second_ry", 400.0, r"bushings/disc/second_ry = 400\.0: must be in -360"),
        ("bushings", "first", "nowhere", r"bushings/disc/first = 'nowhere': there is no such name"),
        ("bushings", "second", "pelvis", r"bushings/disc/second = 'pelvis': must be another segment than its first"),
        ("point_springs", "stiffness", -5.0, r"point_springs/strap_r/stiffness = -5\.0: must be in 0"),
        ("point_springs", "rest_length", -0.1, r"point_springs/strap_r/rest_length = -0\.1: must be in 0"),
        ("point_springs", "second", "elsewhere", r"point_springs/strap_r/second = 'elsewhere': there is no such name"),
    ],
)
def test_what_no_bushing_can_be_is_refused(table: str, column: str, value: object, said: str) -> None:
    model = bound("small")
    own = model.tables[table]
    cells = {**own.columns, column: (value, *own.columns[column][1:])}
    with pytest.raises(ModelError, match=said):
        bm.sweep(bm.Model("odd", {**model.tables, table: Table(table, cells)}), pelvic_tilt=0)


# ---- files --------------------------------------------------------------------------------------------------------


def quietly(path: Path) -> bm.Model:
    with warnings.catch_warnings():
        warnings.simplefilter("error", BiomechWarning)
        return bm.read_osim(path)


def offset(name: str, body: str, place: str, turn: str) -> str:
    return (
        f'<PhysicalOffsetFrame name="{name}"><socket_parent>{body}</socket_parent><translation>{place}</translation>'
        f"<orientation>{turn}</orientation></PhysicalOffsetFrame>"
    )


def a_bushing(name: str, ends: tuple[str, str], stiffness: tuple[str, str], more: str = "") -> str:
    sockets = "".join(f"<socket_frame{k}>{end}</socket_frame{k}>" for k, end in enumerate(ends, 1))
    kinds = zip(("rotational", "translational"), stiffness, strict=True)
    stiff = "".join(f"<{kind}_stiffness>{own}</{kind}_stiffness>" for kind, own in kinds)
    return f'<BushingForce name="{name}">{sockets}{more}{stiff}</BushingForce>'


def a_joint(kind: str, name: str, ends: tuple[str, str], coordinates: str, more: str = "") -> str:
    sockets = "".join(
        f"<socket_{of}_frame>{end}</socket_{of}_frame>" for of, end in zip(("parent", "child"), ends, strict=True)
    )
    own = "".join(f'<Coordinate name="{name}"/>' for name in coordinates.split())
    return f'<{kind} name="{name}">{sockets}<coordinates>{own}</coordinates>{more}</{kind}>'


def framed(*offsets: str) -> str:
    return f"<frames>{''.join(offsets)}</frames>"


A_END, B_END = (
    offset("a_end", "/bodyset/a", "0.1 -0.4 0.05", "0.2 0.1 0"),
    offset("b_end", "/bodyset/b", "0 -0.3 0", "0 0.3 0"),
)
ONE, TWO = (
    offset("one", "/bodyset/a", "0.02 -0.1 0.3", "0.3 -0.2 0.5"),
    offset("two", "/bodyset/c", "-0.1 0.2 0.1", "-0.4 0.6 0.1"),
)
DAMPED = "<rotational_damping>1 1 1</rotational_damping><translational_damping>0 0 0</translational_damping>"
MASS = "<mass>1</mass><mass_center>0 0 0</mass_center><inertia>1 1 1 0 0 0</inertia>"
CHAIN = f"""<OpenSimDocument Version="40000"><Model name="chain"><gravity>0 -9.81 0</gravity>
<BodySet><objects>{"".join(f'<Body name="{name}">{MASS}</Body>' for name in "abc")}</objects></BodySet>
<JointSet><objects>
{a_joint("GimbalJoint", "first", ("/ground", "/bodyset/a"), "u v w")}
{a_joint("PinJoint", "second", ("a_end", "/bodyset/b"), "swing", framed(A_END))}
{a_joint("PinJoint", "third", ("b_end", "/bodyset/c"), "bend", framed(B_END))}
</objects></JointSet>
COUPLER
<ForceSet><objects>
{a_bushing("disc", ("one", "two"), ("12 34 56", "310 120 230"), framed(ONE, TWO) + DAMPED)}
{a_bushing("plain", ("/ground", "/bodyset/b"), ("2 3 4", "0 0 0"))}
{a_bushing("off", ("/ground", "/bodyset/b"), ("200 3 4", "0 0 0"), "<appliesForce>false</appliesForce>")}
{a_bushing("within", ("/bodyset/c", "two"), ("200 3 4", "9 9 9"), framed(TWO))}
<PointToPointSpring name="band"><socket_body1>/ground</socket_body1><socket_body2>/bodyset/c</socket_body2>
<point1>0.3 0.2 -0.1</point1><point2>0.1 -0.2 0</point2>
<stiffness>150</stiffness><rest_length>1.2</rest_length></PointToPointSpring>
FORCES
</objects></ForceSet></Model></OpenSimDocument>"""
COUPLED = """<ConstraintSet><objects><CoordinateCouplerConstraint name="follow"><coupled_coordinates_function>
<PolynomialFunction><coefficients>0.5 0.3 0.1</coefficients></PolynomialFunction></coupled_coordinates_function>
<independent_coordinate_names>swing</independent_coordinate_names>
<dependent_coordinate_name>bend</dependent_coordinate_name></CoordinateCouplerConstraint></objects></ConstraintSet>"""
ON_DEPENDENT = """<SpringGeneralizedForce name="stay"><coordinate>bend</coordinate><stiffness>7</stiffness>
<rest_length>0.2</rest_length><viscosity>0</viscosity></SpringGeneralizedForce>
<CoordinateLimitForce name="stop"><coordinate>bend</coordinate><upper_stiffness>3</upper_stiffness>
<upper_limit>10</upper_limit><lower_stiffness>2</lower_stiffness><lower_limit>-10</lower_limit>
<damping>0</damping><transition>15</transition></CoordinateLimitForce>"""


def chain(tmp_path: Path, coupler: str = "", forces: str = "") -> Path:
    path = tmp_path / "chain.osim"
    path.write_text(CHAIN.replace("COUPLER", coupler).replace("FORCES", forces))
    return path


def theirs(path: Path, pose: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    """Generalised forces of some forces of a file by OpenSim's inverse dynamics: (pose, coordinate of the pose)."""
    opensim = pytest.importorskip("opensim")
    opensim.Logger.setLevelString("Off")
    model = opensim.Model(str(path))
    forces = model.getForceSet()
    for i in range(forces.getSize()):
        forces.get(i).set_appliesForce(forces.get(i).getName() in names)
    model.setGravity(opensim.Vec3(0.0))
    state = model.initSystem()
    found, place = [], {}
    for name in pose:  # where in the state it stands
        coordinate = model.updCoordinateSet().get(name)
        coordinate.setLocked(state, False)
        before = state.getQ().to_numpy().copy()
        coordinate.setValue(state, 0.123 + coordinate.getValue(state), False)
        (place[name],) = np.flatnonzero(state.getQ().to_numpy() != before)
    for k in range(len(next(iter(pose.values())))):
        for name, values in pose.items():
            coordinate = model.updCoordinateSet().get(name)
            turns = coordinate.getMotionType() == 1
            coordinate.setValue(state, math.radians(values[k]) if turns else float(values[k]), False)
        model.realizeDynamics(state)
        solver, still = opensim.InverseDynamicsSolver(model), opensim.Vector(state.getNU(), 0.0)
        torque = solver.solve(state, still).to_numpy()
        found.append([-torque[place[name]] for name in pose])
    return np.array(found)


LINKS = ("disc", "plain", "off", "within", "band")


def test_a_file_is_read_and_damping_is_said(tmp_path: Path) -> None:
    model = quietly(chain(tmp_path))
    assert not model.left_out
    assert model.tables["bushings"].rows == ("disc", "plain")
    assert model.tables["point_springs"].rows == ("band",)
    assert "no damping: disc" in model.said
    pose = poses_of(model, 6)
    force = model.bushing_force(**pose).generalized_force.values
    np.testing.assert_allclose(force, gradient(model, pose), atol=1e-8 * np.abs(force).max())


def test_generalised_forces_are_opensims(tmp_path: Path) -> None:
    path = chain(tmp_path)
    model = quietly(path)
    pose = poses_of(model, 15, seed=3, most=80.0)
    wanted = theirs(path, pose, ("disc", "plain", "within", "band"))
    force = model.bushing_force(**pose).generalized_force.sel(coordinate=list(pose)).values
    np.testing.assert_allclose(force, wanted, rtol=0, atol=1e-9 * np.abs(wanted).max())


@pytest.mark.parametrize("name", ["small", "gait2392"])
def test_what_is_written_does_the_same_in_opensim(name: str, tmp_path: Path) -> None:
    model, path = bound(name), tmp_path / "body.osim"
    with pytest.warns(BiomechWarning, match="not written"):
        bm.write_osim(model, path)
    pose = poses_of(model, 5, seed=4, most=30.0)
    links = (*model.tables["bushings"].rows, *model.tables["point_springs"].rows)
    wanted = theirs(path, pose, links)
    force = model.bushing_force(**pose).generalized_force.sel(coordinate=list(pose)).values
    np.testing.assert_allclose(force, wanted, rtol=0, atol=1e-8 * np.abs(wanted).max())


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    model, again = quietly(chain(tmp_path, COUPLED, ON_DEPENDENT)), tmp_path / "again.osim"
    with warnings.catch_warnings():
        warnings.simplefilter("error", BiomechWarning)
        bm.write_osim(model, again)
    back = quietly(again)
    for name in ("bushings", "point_springs", "coordinate_forces"):
        for column in COLUMNS[name]:
            assert back.tables[name].columns[column] == model.tables[name].columns[column]
    text = again.read_text()
    assert text.count("<BushingForce ") == 2
    assert text.count("<PointToPointSpring ") == 1


def test_names_that_are_taken_are_told_apart(tmp_path: Path) -> None:
    twin = ON_DEPENDENT.replace('"stay"', '"disc"').replace('"stop"', '"band"')
    model = quietly(chain(tmp_path, forces=twin))
    assert model.tables["coordinate_forces"].rows == ("disc", "band")
    assert model.tables["bushings"].rows == ("disc_", "plain")
    assert model.tables["point_springs"].rows == ("band_",)


def test_files_of_before_4_have_places_of_their_own(tmp_path: Path) -> None:
    """Two properties in place of frames; six digits of them count, as in OpenSim."""
    path = chain(tmp_path)
    old = path.read_text()
    first, last = old.index('<BushingForce name="disc">'), old.index('<BushingForce name="plain">')
    stiff = old[old.index("<rotational_damping>", first) : last]
    own = (
        '<BushingForce name="disc"><body_1>a</body_1><body_2>c</body_2><location_body_1>0.02 -0.1 0.3</location_body_1>'
        "<orientation_body_1>0.3 -0.2 0.5</orientation_body_1><location_body_2>-0.1 0.2 0.1</location_body_2>"
        f"<orientation_body_2>-0.4 0.6 0.1</orientation_body_2>{stiff}"
    )
    path.write_text(old[:first] + own + old[last:])
    model = quietly(path)
    path.write_text(old)
    for column in COLUMNS["bushings"]:
        assert model.tables["bushings"].columns[column] == quietly(path).tables["bushings"].columns[column]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("12 34 56", "12 -34 56", r"rotational_stiffness = \(12\.0, -34\.0, 56\.0\): must be at least 0"),
        ("<stiffness>150", "<stiffness>-150", "stiffness"),
        ("<socket_body2>/bodyset/c", "<socket_body2>/bodyset/nobody", "nobody"),
        ("<socket_body2>/bodyset/c</socket_body2>", "", "body2 is missing"),
        ("<rest_length>1.2", "<rest_length>nan", "rest_length"),
    ],
)
def test_what_no_file_can_say_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = chain(tmp_path)
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    with pytest.raises(ModelError, match=said):
        bm.read_osim(path)


@pytest.mark.parametrize("kind", ["FunctionBasedBushingForce", "ExpressionBasedBushingForce"])
def test_bushings_by_formula_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    """What their text says is never evaluated."""
    own = f"""<{kind} name="odd"><socket_frame1>/ground</socket_frame1><socket_frame2>/bodyset/b</socket_frame2>
<Mx_expression>__import__("os").abort()</Mx_expression></{kind}>"""
    with pytest.warns(BiomechWarning, match=kind):
        model = bm.read_osim(chain(tmp_path, forces=own))
    with pytest.raises(ModelError, match=f"the {kind} 'odd'"):
        bm.static_optimization(model, {"swing": 1.0}, moments={"swing": 1.0})


def test_reference_files_are_as_before() -> None:
    """None of them has such a force."""
    files = sorted(OSIM.rglob("*.osim"))
    if not files:
        pytest.skip("no reference data")
    assert not any("<BushingForce" in path.read_text(errors="replace") for path in files if "nasty" not in path.parts)


# ---- springs and limits of coordinates that follow others ---------------------------------------------------------


def of_dependent(bend: np.ndarray) -> np.ndarray:
    """Energy of ``ON_DEPENDENT`` at angles in rad: the spring in closed form, the limits by quadrature."""
    total = 0.5 * 7.0 * (bend - 0.2) ** 2
    for sign, stiffness in ((1.0, 3.0), (-1.0, 2.0)):
        past = np.degrees(sign * bend) - 10.0  # deg
        for i, most in enumerate(past):
            x = np.linspace(0.0, max(most, 0.0), 4001)
            s = np.clip(x / 15.0, 0.0, 1.0)
            pull = stiffness * x * s**3 * (10.0 - 15.0 * s + 6.0 * s**2)  # N.m by degrees
            total[i] += np.trapezoid(pull, np.radians(x))
    return total


def test_what_acts_on_a_coordinate_that_follows_acts_on_its_leader(tmp_path: Path) -> None:
    model = quietly(chain(tmp_path, COUPLED, ON_DEPENDENT))
    assert not model.left_out
    assert model.tables["coordinate_forces"].text("coordinate") == ("bend", "bend")
    swing = np.array([-60.0, -20.0, 10.0, 45.0, 90.0])

    def bent(angle: np.ndarray) -> np.ndarray:
        return np.polyval([0.5, 0.3, 0.1], np.radians(angle))

    ds, step = model.passive_moment(swing=swing), np.degrees(1e-4)
    own = of_dependent(bent(swing + step)) - of_dependent(bent(swing - step))
    moment = ds.passive_moment.sel(coordinate="swing").values
    np.testing.assert_allclose(moment, -own / 2e-4, atol=1e-5)
    np.testing.assert_array_equal(ds.passive_moment.sel(coordinate="bend"), 0.0)
    after, before = (model.passive_moment(swing=swing + way * step).passive_moment for way in (1.0, -1.0))
    slope = ds.passive_derivative.sel(by_coordinate="swing")
    np.testing.assert_allclose(slope, (after - before) / 2e-4, atol=1e-4)


def test_muscles_are_asked_for_what_it_leaves(tmp_path: Path) -> None:
    """Equilibrium has the moment of the leader, as the pose has it."""
    from test_osim_forces import at

    model = quietly(chain(tmp_path, COUPLED, ON_DEPENDENT))
    plain = quietly(chain(tmp_path, COUPLED))
    names = [model.coordinates[c] for c in model.compiled().actuated]
    one, two = (at(body, swing=35.0, u=10.0).demand[0] for body in (model, plain))
    moment = model.passive_moment(swing=35.0, u=10.0).passive_moment.sel(coordinate=names).values[0]
    np.testing.assert_allclose(two - one, moment, atol=1e-12)
    assert abs(moment[names.index("swing")]) > 1.0


def test_it_is_opensims(tmp_path: Path) -> None:
    """Whose inverse dynamics knows no couplers: the work of both coordinates along the coupled motion."""
    path = chain(tmp_path, COUPLED, ON_DEPENDENT)
    model = quietly(path)
    swing = np.array([-60.0, 10.0, 45.0, 90.0])
    bend = np.polyval([0.5, 0.3, 0.1], np.radians(swing))
    rate = np.polyval([1.0, 0.3], np.radians(swing))
    found = theirs(path, {"swing": swing, "bend": np.degrees(bend)}, ("stay", "stop"))
    moment = model.passive_moment(swing=swing).passive_moment.sel(coordinate="swing").values
    np.testing.assert_allclose(moment, found[:, 0] + rate * found[:, 1], atol=1e-9)
