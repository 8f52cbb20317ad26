"""Actuators along paths are reserves: what they pull, free bodies, limits of their control, and files of OpenSim."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from free_bodies import free_turns, held, power
from test_passive_paths import (
    plates,
    point,
    read,
    same_tables,
    strapped,
    walking,
    with_forces,
    write,
)

import biomech as bm
from biomech.errors import ModelError, StanceError
from biomech.model.roles import EVERY_KIND, ROLES, make_roles, with_names

pytestmark = pytest.mark.filterwarnings("ignore::biomech.errors.BiomechWarning")


def actuator(name: str, force: float, least: object = "", most: object = "") -> dict[str, object]:
    return {"path_actuator": name, "optimal_force": force, "min_control": least, "max_control": most, "source": "test"}


#: A winch on each side from the pelvis over the thigh to the shank, in front of the hip and behind the knee.
WINCH = {
    "path_actuators": [actuator("winch_r", 400.0)],
    "path_points": [
        point("winch_r", 0, "pelvis", 0.03, -0.05, 0.1),
        point("winch_r", 1, "femur_r", 0.02, -0.15, 0.06),
        point("winch_r", 2, "femur_r", -0.04, -0.3, 0.03),
        point("winch_r", 3, "tibia_r", -0.05, -0.1, 0.02),
    ],
}


def winched(model: bm.Model, **limits: float) -> bm.Model:
    rows = [{**WINCH["path_actuators"][0], **limits}]
    return model.with_rows({**WINCH, "path_actuators": rows})


@pytest.fixture(scope="module")
def winch(adult: bm.Model) -> bm.Model:
    return winched(strapped(adult))


def reserves(model: bm.Model) -> dict[str, float]:
    """What the pelvis needs, and every actuator of the body."""
    pelvis = {name: 200.0 for name in model.coordinates if name.startswith("pelvis")}
    return pelvis | model.reserves


def solved(model: bm.Model, given: dict[str, float] | float | None = None, **more: object) -> xr.Dataset:
    reserve = reserves(model) if given is None else given
    return bm.static_optimization(model, walking(model), plates(model), reserve=reserve, **more)


def arms_of(model: bm.Model, ds: xr.Dataset) -> xr.DataArray:
    """Moment arms (frame, path_actuator, coordinate) of the winches: those of springs along the same paths."""
    names = model.tables["path_actuators"].rows
    tables = {name: table for name, table in model.tables.items() if name not in ("path_actuators", "passive_paths")}
    rows = [
        {"passive_path": name, "kind": "spring", "slack_length": 0.0, "stiffness": 1.0, "strength": "",
         "transition_strain": "", "function": "", "source": ""} for name in names
    ]  # fmt: skip
    points = [model.row("path_points", row) for row in model.tables["path_points"].rows if row.startswith("winch")]
    bare = bm.Model("bare", {**tables, "path_points": strapless(model)})
    springs = bare.with_rows({"passive_paths": rows, "path_points": points})
    pose = {str(n): ds.coordinate_angle.sel(coordinate=n).values for n in ds.coordinate.values}
    arms = springs.passive_moment(pose).passive_path_moment_arm
    return arms.rename(pose="frame", passive_path="path_actuator").sel(path_actuator=[*names])


def strapless(model: bm.Model) -> bm.model.tables.Table:
    table, muscles = model.tables["path_points"], {*model.muscles}
    kept = [i for i, name in enumerate(table.text("muscle")) if name in muscles]
    return bm.model.tables.Table("path_points", {c: tuple(own[i] for i in kept) for c, own in table.columns.items()})


def of_muscles(model: bm.Model, ds: xr.Dataset) -> xr.DataArray:
    pose = {str(n): ds.coordinate_angle.sel(coordinate=n).values for n in ds.coordinate.values}
    arms = model.muscle_geometry(pose).moment_arm.rename(pose="frame")
    leverage = xr.DataArray(model.tables["muscles"].numbers("leverage"), dims="muscle")
    return (arms * ds.muscle_force * leverage).sum("muscle")


def test_they_are_reserves_where_they_are_named(winch: bm.Model) -> None:
    assert winch.reserves == {"winch_r": 400.0, "winch_l": 400.0}
    assert winch.is_symmetric
    idle = solved(winch, 200.0)
    assert float(np.abs(idle.path_actuator_force).max()) == 0.0
    assert solved(winch, {**dict.fromkeys(winch.coordinates, 200.0), "winch_r": 0.0}).activation.equals(idle.activation)
    with pytest.raises(StanceError, match="reserve: no such coordinate 'winch_x'"):
        solved(winch, {"winch_x": 1.0})
    swept = bm.sweep(winch, pelvic_tilt=0)
    assert "path_actuator_force" not in swept
    assert "path_actuator" not in swept.coords


def test_what_they_pull_is_balanced(winch: bm.Model) -> None:
    """Muscles and reserves give what is required, and all reserves' moments are those of forces times arms."""
    ds = solved(winch)
    assert (ds.status == 0).all()
    assert float(np.abs(ds.path_actuator_force).max()) > 20.0
    moment = (arms_of(winch, ds) * ds.path_actuator_force).sum("path_actuator")
    rows = [winch.coordinates[i] for i in winch.compiled().actuated]
    legs = [name for name in rows if not name.startswith("pelvis")]
    np.testing.assert_allclose(ds.reserve_moment.sel(coordinate=legs), moment.sel(coordinate=legs), atol=1e-9)
    given = of_muscles(winch, ds) + ds.reserve_moment
    np.testing.assert_allclose(given.sel(coordinate=rows), ds.required_moment.sel(coordinate=rows), atol=1e-6)
    without = solved(winch, {name: own for name, own in reserves(winch).items() if not name.startswith("winch")})
    assert (ds.activation**2).sum() < (without.activation**2).sum()


def test_the_least_cost_is_that_of_its_conditions(winch: bm.Model) -> None:
    """Of an unknown that costs its square and has no limits, 2 x = a . y, with the y of reserves on coordinates.

    So the control of a winch is the sum of the controls of its coordinates' reserves, each times arm over optimum.
    """
    one = dict.fromkeys(winch.coordinates, 50.0) | winch.reserves
    ds = solved(winch, one)
    arms = arms_of(winch, ds)
    moment = ds.reserve_moment - (arms * ds.path_actuator_force).sum("path_actuator")
    y = moment / 50.0**2  # control over optimum
    moved = [winch.coordinates[i] for i in winch.compiled().actuated]
    expected = 400.0 * (arms * y).sel(coordinate=moved).sum("coordinate")
    np.testing.assert_allclose(ds.path_actuator_force / 400.0, expected, rtol=1e-5, atol=1e-8)
    assert float(np.abs(expected).max()) > 0.05


def test_free_bodies_close(winch: bm.Model) -> None:
    """Winches press joints together: power at the cuts is that of reserves on coordinates alone."""
    for given in (None, dict.fromkeys(winch.coordinates, 50.0) | winch.reserves):
        ds = solved(winch, given)
        moment = (arms_of(winch, ds) * ds.path_actuator_force).sum("path_actuator")
        of_coordinates = (ds.reserve_moment - moment).rename(frame="posture").sel(coordinate=[*free_turns(winch)])
        gap = np.abs(power(winch, ds) - of_coordinates.isel(posture=np.arange(held(ds).sizes["posture"])))
        assert float(gap.max()) < 1e-8 * winch.body_mass * 9.80665


def test_an_answer_is_computed_again(winch: bm.Model) -> None:
    ds = solved(winch)
    again = bm.rerun(ds)
    for name in ("activation", "path_actuator_force", "passive_path_tension", "reserve_moment"):
        np.testing.assert_array_equal(again[name], ds[name])


def test_limits_of_their_control(adult: bm.Model) -> None:
    model = winched(adult, min_control=0.0, max_control=0.05)
    ds = solved(model)
    assert float(ds.path_actuator_force.max()) == pytest.approx(20.0, rel=1e-9)
    assert float(ds.path_actuator_force.min()) >= 0.0
    free = solved(winched(adult))
    assert float(free.path_actuator_force.max()) > 30.0
    assert float(free.path_actuator_force.min()) < -1.0  # none keeps it from pushing


def test_all_solvers_agree(adult: bm.Model) -> None:
    model = winched(strapped(adult), min_control=-0.01, max_control=0.08)
    plain = solved(model)
    patient = solved(model, lower={"soleus_r": xr.DataArray([0.0, 1e-9, 0.0], dims="frame")})
    np.testing.assert_allclose(patient.path_actuator_force, plain.path_actuator_force, atol=1e-4)
    steep = solved(model, criterion=bm.MinMax())
    assert (steep.status == 0).all()
    rows = [model.coordinates[i] for i in model.compiled().actuated]
    given = of_muscles(model, steep) + steep.reserve_moment
    np.testing.assert_allclose(given.sel(coordinate=rows), steep.required_moment.sel(coordinate=rows), atol=1e-5)
    assert float(steep.path_actuator_force.max()) <= 0.08 * 400.0 * (1 + 1e-9)


def test_with_predicted_ground_and_moments_of_ones_own(winch: bm.Model) -> None:
    stance = bm.sweep(winch, pelvic_tilt=0, knee_flexion=10)
    pose = {str(n): float(stance.coordinate_angle.sel(coordinate=n)) for n in stance.coordinate.values}
    ds = bm.static_optimization(winch, pose, "predicted", reserve={"pelvis_tx": 1.0, **winch.reserves})
    assert int(ds.status[0]) == 0
    moment = (arms_of(winch, ds) * ds.path_actuator_force).sum("path_actuator")
    np.testing.assert_allclose(ds.reserve_moment.sel(coordinate="knee_angle_r"), moment.sel(coordinate="knee_angle_r"))
    assert float(np.abs(moment.sel(coordinate="knee_angle_r")).max()) > 0.1
    knee = bm.static_optimization(
        winch, walking(winch), moments={"knee_angle_r": np.array([-40.0, -60.0, -80.0])}, reserve=winch.reserves
    )
    both = of_muscles(winch, knee) + knee.reserve_moment
    np.testing.assert_allclose(both.sel(coordinate="knee_angle_r"), [-40.0, -60.0, -80.0], atol=1e-6)
    assert float(np.abs(knee.path_actuator_force).max()) > 1.0


def test_bodies_that_change(winch: bm.Model) -> None:
    assert winch.without("winch_l").reserves == {"winch_r": 400.0}
    assert winch.without("tibia_l").reserves == {"winch_r": 400.0}
    heavy = winch.scaled(mass=1.5 * winch.body_mass)
    assert heavy.reserves == pytest.approx({"winch_r": 600.0, "winch_l": 600.0})
    assert winch.scale({"path_actuators/winch_*/optimal_force": 2.0}).reserves["winch_l"] == 800.0
    names = {kind: {name: f"{kind} {i}" for i, name in enumerate(winch.tables[kind].rows)} for kind in EVERY_KIND}
    roles = {kind: {role: names[kind][name] for role, name in winch.roles.of(kind).items()} for kind in ROLES}
    mirror = {names[k][right]: names[k][left] for k in EVERY_KIND for right, left in winch.roles.mirror[k].items()}
    tables = with_names(winch.tables, names)
    other = bm.Model("other", tables, make_roles(tables, roles, mirror))
    assert other.is_symmetric
    pose = {names["coordinates"][name]: value for name, value in walking(winch).items()}
    reserve = {names["coordinates"].get(n, names["path_actuators"].get(n)): own for n, own in reserves(winch).items()}
    one, two = solved(winch), bm.static_optimization(other, pose, plates(other), reserve=reserve)
    assert one.path_actuator_force.values.tobytes() == two.path_actuator_force.values.tobytes()
    assert [*two.path_actuator.values] == [*names["path_actuators"].values()]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (actuator("a", -1.0), "path_actuators/a/optimal_force = -1.0: must be in 0"),
        (actuator("a", 1.0, 2.0, 1.0), "path_actuators/a/min_control = 2.0: must not be above max_control, which is 1"),
        (actuator("soleus_r", 1.0), "path_actuators/soleus_[rl]: must have another name than a muscle"),
        (actuator("knee_angle_r", 1.0), "path_actuators/knee_angle_[rl]: must have another name than a coordinate"),
    ],
)
def test_what_none_can_be_is_refused(row: dict[str, object], said: str, adult: bm.Model) -> None:
    name = str(row["path_actuator"])
    points = [{**own, "muscle": name, "point": f"{name}.9{i}"} for i, own in enumerate(WINCH["path_points"])]
    with pytest.raises(ModelError, match=said):
        adult.with_rows({"path_actuators": [row], "path_points": points})
    with pytest.raises(ModelError, match="path_actuators/b: needs at least two path points, has 0"):
        adult.with_rows({"path_actuators": [actuator("b", 1.0)]})


# ---- files --------------------------------------------------------------------------------------------------------


def test_a_file_gives_them_back(gait2392: bm.Model, tmp_path: Path) -> None:
    model = winched(strapped(gait2392), min_control=-0.5)
    first = read(write(model, tmp_path / "one.osim"))
    table = first.tables["path_actuators"]
    assert table.rows == ("winch_r", "winch_l")
    np.testing.assert_array_equal(table.numbers("min_control", "max_control"), [[-0.5, math.nan]] * 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error", bm.errors.BiomechWarning)
        bm.write_osim(first, tmp_path / "two.osim")
    same_tables(first, read(tmp_path / "two.osim"))


PATH = (
    "<GeometryPath><PathPointSet><objects>"
    '<PathPoint name="a"><socket_parent_frame>/ground</socket_parent_frame><location>0 0 0</location></PathPoint>'
    '<PathPoint name="b"><socket_parent_frame>/bodyset/pelvis</socket_parent_frame><location>0 1 0</location>'
    "</PathPoint></objects></PathPointSet></GeometryPath>"
)


def test_a_file_has_them(small: bm.Model, tmp_path: Path) -> None:
    forces = (
        f'<PathActuator name="pelvis_tx">{PATH}<optimal_force>-20</optimal_force>'
        "<min_control>-1</min_control><max_control>0.25</max_control></PathActuator>"
        f'<PathActuator name="off"><appliesForce>false</appliesForce>{PATH}</PathActuator>'
        f'<PathActuator name="none">{PATH}<optimal_force>0</optimal_force></PathActuator>'
    )
    model = bm.read_osim(with_forces(small, tmp_path, forces))
    assert model.reserves == {"pelvis_tx_": 20.0}
    assert model.left_out == ()
    np.testing.assert_array_equal(model.tables["path_actuators"].numbers("min_control", "max_control"), [[-0.25, 1.0]])


def test_opensim_pulls_with_them_the_same_way(gait2392: bm.Model, tmp_path: Path) -> None:
    """At unit control: what it does on coordinates is the optimal force times the arm."""
    opensim = pytest.importorskip("opensim")
    opensim.Logger.setLevelString("error")
    model = winched(gait2392)
    osim = opensim.Model(str(write(model, tmp_path / "winch.osim")))
    state = osim.initSystem()
    own = {"hip_flexion_r": 20.0, "knee_angle_r": -30.0}
    for name, value in own.items():
        osim.getCoordinateSet().get(name).setValue(state, math.radians(value), False)
    force = opensim.PathActuator.safeDownCast(osim.getForceSet().get("winch_r"))
    assert force.getOptimalForce() == 400.0
    osim.realizePosition(state)
    arms = [force.getGeometryPath().computeMomentArm(state, osim.getCoordinateSet().get(name)) for name in own]
    ds = xr.Dataset({"coordinate_angle": (("frame", "coordinate"), [[own.get(n, 0.0) for n in model.coordinates]])})
    ds = ds.assign_coords(coordinate=[*model.coordinates])
    found = arms_of(model, ds).sel(path_actuator="winch_r", coordinate=[*own])
    np.testing.assert_allclose(found[0], arms, atol=1e-8)
