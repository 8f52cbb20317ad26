"""Inertia of segments: Lagrange's equations by finite differences of public frames, and OpenSim's inverse dynamics.

Kinetic energy is that of bodies watched in two poses; its derivatives by differences give what inertia asks of every
coordinate, without a formula of rigid-body dynamics.
"""

import warnings

import numpy as np
import pytest
import xarray as xr
from shared_reference import OSIM

import biomech as bm
from biomech.analysis.measured.inertia import INTERPOLATED, SMOOTHED, Inertias, rates, wrenches_of_inertia
from biomech.errors import BiomechWarning, ModelError, StanceError
from biomech.io.resampling import filter_as_opensim
from biomech.model.tables import Table

WALK = OSIM / "motions" / "walk_10dof"


@pytest.fixture(scope="module")
def bodies(gait2392):
    """Of every segment a random inertia that a body could have."""
    rng, tree = np.random.default_rng(1), gait2392.compiled().tree
    count = len(tree.mass)
    spread = rng.normal(0.0, 0.1, (count, 3, 3))
    second = np.einsum("sij,skj->sik", spread, spread)  # of mass, per kg
    moments = tree.mass[:, None, None] * (np.trace(second, axis1=1, axis2=2)[:, None, None] * np.eye(3) - second)
    return Inertias(tree.mass, tree.com, moments)


def degrees(model, q):
    turns = model.compiled().is_rotation
    return {name: np.degrees(q[:, k]) if turns[k] else q[:, k] for k, name in enumerate(model.coordinates)}


def frames(model, q):
    where = model.kinematics(**degrees(model, q))
    return where.rotation.values, where.origin.values


def energy(model, bodies, q, qd, h=1e-4):
    """Kinetic energy (frame,), from frames a little before and after."""
    (before, from_), (now, _), (after, to) = (frames(model, q + t * qd) for t in (-h, 0.0, h))
    com = bodies.centre[1:]
    v = (to - from_ + np.einsum("fsij,sj->fsi", after - before, com)) / (2 * h)
    spin = np.einsum("fsij,fskj->fsik", (after - before) / (2 * h), now)
    w = 0.5 * np.stack([spin[..., 2, 1] - spin[..., 1, 2], spin[..., 0, 2] - spin[..., 2, 0],
                        spin[..., 1, 0] - spin[..., 0, 1]], axis=-1)  # fmt: skip
    own = np.einsum("fsji,fsj->fsi", now, w)
    turning = np.einsum("fsi,sij,fsj->f", own, bodies.moments[1:], own)
    return 0.5 * (np.einsum("s,fsi,fsi->f", bodies.mass[1:], v, v) + turning)


def lagrange(model, bodies, q, qd, qdd, h=2e-3):
    """d/dt dT/dq' - dT/dq of every coordinate (frame, coordinate)."""
    found = np.zeros_like(q)
    for c in range(q.shape[1]):
        e = np.zeros(q.shape[1])
        e[c] = 1.0

        def momentum(t, e=e):
            at, speed = q + t * qd + 0.5 * t * t * qdd, qd + t * qdd
            return (energy(model, bodies, at, speed + e) - energy(model, bodies, at, speed - e)) / 2.0  # T is a square

        rate = (momentum(h) - momentum(-h)) / (2 * h)
        slope = (energy(model, bodies, q + h * e, qd) - energy(model, bodies, q - h * e, qd)) / (2 * h)
        found[:, c] = rate - slope
    return found


@pytest.mark.filterwarnings("ignore::biomech.errors.BiomechWarning")
def test_wrenches_of_inertia_do_the_work_of_lagranges_equations(gait2392, bodies):
    rng = np.random.default_rng(2)
    count = len(gait2392.coordinates)
    q, qd, qdd = rng.uniform(-0.4, 0.1, (2, count)), rng.normal(0.0, 2.0, (2, count)), rng.normal(0.0, 20.0, (2, count))
    wrench = wrenches_of_inertia(gait2392, bodies, q, qd, qdd)
    assert not wrench[:, 0].any()
    parts = {"force": wrench[:, 1:, :3], "moment": wrench[:, 1:, 3:], "point": 0.0 * wrench[:, 1:, :3]}
    variables = {name: (("frame", "load", "axis"), own) for name, own in parts.items()}
    loads = xr.Dataset(variables, {"segment": ("load", list(gait2392.segments))})
    pose = degrees(gait2392, q)
    bare = bm.static_optimization(gait2392, pose, reserve=1e4)
    ds = bm.static_optimization(gait2392, pose, loads=loads, reserve=1e4)
    asked = (ds.required_moment - bare.required_moment).transpose("frame", "coordinate").values
    expected = lagrange(gait2392, bodies, q, qd, qdd)
    np.testing.assert_allclose(asked, expected, rtol=2e-4, atol=2e-4 * np.abs(expected).max())


def test_a_spinning_body_keeps_its_momentum(gait2392, bodies):
    """Turned as a whole about its own centre, at constant speed about one axis, nothing pushes it as a whole."""
    k = gait2392.coordinates.index("pelvis_rotation")
    q, qd = np.zeros((1, len(gait2392.coordinates))), np.zeros((1, len(gait2392.coordinates)))
    qd[0, k] = 3.0
    wrench = wrenches_of_inertia(gait2392, bodies, q, qd, 0.0 * q)
    centre = gait2392.kinematics().body_centre.values[0]
    arm = np.array([centre[0], 0.0, centre[2]])  # from the axis, y of ground
    np.testing.assert_allclose(wrench[0, :, :3].sum(axis=0), 9.0 * bodies.mass.sum() * arm, atol=1e-5)


def test_rates_of_a_known_motion():
    time = np.arange(200) / 100.0
    clean = np.stack([np.sin(4 * time), time**2, 0 * time + 3.0], axis=1)
    noisy = clean + np.random.default_rng(0).normal(0.0, 2e-3, clean.shape) * [1, 1, 0]
    labels = (("time",), (200,), {"time": xr.Variable("time", time)})
    first, second = rates(clean, labels, INTERPOLATED)
    np.testing.assert_allclose(first[:, 0], 4 * np.cos(4 * time), atol=1e-6)
    np.testing.assert_allclose(second[10:-10, 0], -16 * np.sin(4 * time)[10:-10], atol=1e-4)
    np.testing.assert_allclose(second[:, 1], 2.0, atol=1e-6)
    assert not second[:, 2].any()
    smooth = rates(noisy, labels, SMOOTHED)[1]
    rough = rates(noisy, labels, INTERPOLATED)[1]
    off = [np.sqrt(np.mean((own[20:-20, 0] + 16 * np.sin(4 * time)[20:-20]) ** 2)) for own in (smooth, rough)]
    assert off[0] < 2.0 < 20.0 < off[1]
    folded = (("trial", "time"), (2, 200), labels[2])
    twice = rates(np.concatenate([clean, clean]), folded, INTERPOLATED)[1]
    np.testing.assert_array_equal(twice[200:], second)
    for unit, size in (("ms", 1e3), ("minutes", 1 / 60), ("s", 1.0)):
        said = {"time": xr.Variable("time", time * size, {"units": unit})}
        for own, right in zip(rates(clean, (("time",), (200,), said), INTERPOLATED), (first, second), strict=True):
            np.testing.assert_allclose(own, right, rtol=1e-6, atol=1e-6)
    with pytest.raises(StanceError, match="inertia: time: has units 'frames'; must be one of s, ms, min"):
        rates(clean, (("time",), (200,), {"time": xr.Variable("time", time, {"units": "frames"})}), SMOOTHED)


def test_the_filter_of_inverse_dynamics_goes_along_time_whatever_else_there_is():
    time = np.arange(200) / 100.0
    values = np.random.default_rng(2).normal(size=(3, 200))
    labels = {"time": time}
    both = filter_as_opensim(
        xr.Dataset({"hip": (("trial", "time"), values), "held": ("trial", [1.0] * 3)}, labels), 6.0
    )
    assert both.hip.dims == ("trial", "time")
    for k in range(3):
        one = filter_as_opensim(xr.Dataset({"hip": ("time", values[k])}, labels), 6.0)
        np.testing.assert_allclose(both.hip[k], one.hip, atol=1e-12)
        assert float(one.hip.std()) < 0.5 * values[k].std()
    np.testing.assert_array_equal(both.held, 1.0)
    ms = xr.Dataset({"hip": ("time", values[2])}, {"time": ("time", 1e3 * time, {"units": "ms"})})
    np.testing.assert_allclose(filter_as_opensim(ms, 6.0).hip, one.hip, atol=1e-9)
    at = bm.io.resample(ms, [0.5])
    np.testing.assert_allclose(at.hip, values[2, 50:51], atol=1e-9)
    assert (at.time.values.tolist(), at.time.attrs["units"]) == ([0.5], "s")
    with pytest.raises(StanceError, match="'hip' is of type <U1; must be numbers"):
        filter_as_opensim(xr.Dataset({"hip": ("time", ["a"] * 200)}, labels), 6.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"inertia": "yes"}, "inertia = 'yes': must be True, False"),
        ({"inertia": True, "moments": {"knee_angle_r": 1.0}}, "have it already"),
        ({"inertia": True}, r"no moments of inertia \(table inertias\) of pelvis, "),
    ],
)
def test_what_has_no_inertia_is_refused_by_name(gait2392, given, said):
    motion = xr.Dataset({"knee_angle_r": ("time", np.linspace(-5, -10, 9))}, {"time": np.arange(9) / 10})
    with pytest.raises((StanceError, ModelError), match=said):
        bm.static_optimization(gait2392, motion, **given)


@pytest.fixture(scope="module")
def walker(gait2392):
    """The body of the measured walk from its file, with the soles of gait2392, whose feet it has."""
    tables = pytest.importorskip("biomech.io.osim.tabulate.tables")
    if not WALK.exists():
        pytest.skip("no reference data")
    from biomech.io.osim import read_description

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiomechWarning)
        own = dict(tables.tables_of(read_description(WALK / "subject01.osim")))
    settings, points = own["settings"], gait2392.tables["contact_points"]
    cells = list(settings.columns["value"])
    for row in ("toe_tip", "sole_height"):
        cells[settings.index(row)] = gait2392.tables["settings"].value(row)
    own["settings"] = Table("settings", {**settings.columns, "value": tuple(cells)})
    soles = [k for k in range(len(points)) if points.text("surface")[k] == "sole"]
    columns = {name: tuple(cell[k] for k in soles) for name, cell in points.columns.items()}
    return bm.Model("walk", {**own, "contact_points": Table("contact_points", columns)})


FILES = WALK / "subject01_walk_IK.mot", WALK / "subject01_walk_grf.xml"


def test_the_measured_walk_is_opensims_inverse_dynamics(walker):
    """On its own body, read from its file, at its 6 Hz."""
    reserve = dict.fromkeys(walker.coordinates, 1e4)
    with pytest.warns(BiomechWarning, match="the reserve of"):
        ds = bm.static_optimization(walker, *FILES, reserve=reserve, lowpass=6.0, inertia=True)
    theirs = bm.read_storage(WALK / "inverse_dynamics.sto")
    inside = ((ds.time > ds.time[0] + 0.1) & (ds.time < ds.time[-1] - 0.1)).values
    for name in walker.coordinates:
        force = name in ("pelvis_tx", "pelvis_ty")
        own = ds.required_moment.sel(coordinate=name)
        off = np.abs(own.values - theirs[name + ("_force" if force else "_moment")].values)[inside]
        assert off.max() < 0.01, name
    with pytest.warns(BiomechWarning, match="the reserve of"):
        again = bm.rerun(ds)
    np.testing.assert_array_equal(again.required_moment, ds.required_moment)


def test_the_predicted_ground_of_a_walk_with_inertia(walker):
    """What docs/how_to/your_data.md says of it, .1 s from the ends."""
    reserve = {name: 50.0 if name.startswith("pelvis_") else 5.0 for name in walker.coordinates}
    motion = bm.read_storage(FILES[0], model=walker)
    loads = bm.read_external_loads(FILES[1], times=motion.time, lowpass=6.0)
    measured = bm.io.to_ground_reaction(loads)
    loaded = measured.force.sel(axis="y", drop=True) > 30.0
    ds = bm.static_optimization(
        walker, motion, "predicted", reserve=reserve, in_contact=loaded, lowpass=6.0, inertia=True
    )
    assert (ds.status == 0).all()
    weight, both = walker.body_mass * 9.80665, loaded.all("foot")
    inside = (ds.time > ds.time[0] + 0.1) & (ds.time < ds.time[-1] - 0.1)
    for phase, expected in ((~both, [0.013, 0.019, 0.059]), (both, [0.067, 0.089, 0.033])):
        off = (ds.ground_force - measured.force).where(loaded & phase & inside) / weight
        np.testing.assert_allclose(np.sqrt((off**2).mean(["time", "foot"])), expected, atol=0.002)
