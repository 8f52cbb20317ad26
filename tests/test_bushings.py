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
from free_bodies import left_open
from scipy.spatial.transform import Rotation
from test_roles import renamed

import biomech as bm
from biomech.errors import BiomechWarning, ModelError
from biomech.io.osim.model import read_osim

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
    assert int(effort.argmin()) == 1
    with pytest.raises(ModelError, match="springs that hold a segment to ground"):
        bm.sweep(with_links(small), pelvic_tilt="hanging")


def test_uncertainty_and_stores_have_them(small: bm.Model, tmp_path: Path) -> None:
    model = bound("small")
    drawn = bm.uncertainty.propagate(model, {"upright": {"pelvic_tilt": 0}}, samples=4, seed=1, variables=["bushing_force"])
    assert drawn.bushing_force.dims[-2:] == ("bushing", "axis")
    assert np.isfinite(drawn.bushing_force).any()
    stored = bm.sweep(model, **STANCE, to=str(tmp_path / "study.zarr"))
    for name in ANSWERS:
        np.testing.assert_array_equal(stored[name].transpose(*held("small")[name].dims), held("small")[name])
