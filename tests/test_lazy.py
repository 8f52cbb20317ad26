"""Lazy answers are the eager ones, whatever the blocks and whoever computes them; what cannot be right is refused."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from fuzz_signatures import NONSENSE, Fresh

import biomech as bm
from biomech.pipeline.status import OVERLOADED, UNREACHABLE

da = pytest.importorskip("dask.array")
dask = pytest.importorskip("dask")

ROOT = Path(__file__).parents[1]
SMALL = bm.load_model("small")
POSTURES = 6
LABELS = list("fbcade")


def along(values, **coords):
    """Values over ``posture``, by its labels."""
    return xr.DataArray(values, dims="posture", coords={"posture": LABELS, **coords})


def spread(low, high, seed=0):
    return along(np.random.default_rng(seed).uniform(low, high, POSTURES))


FEET = xr.DataArray(
    np.random.default_rng(1).uniform(0, 30, (POSTURES, 2)),
    dims=("posture", "side"),
    coords={"posture": LABELS, "side": ["left", "right"]},
)
PLACE = xr.DataArray(
    np.full((POSTURES, 3), 0.2), dims=("posture", "axis"), coords={"posture": LABELS, "axis": list("zxy")}
)
#: Arguments of sweeps; with what their blocks may be.
CASES = {
    "grid": ({"pelvic_tilt": np.linspace(-5, 10, 4), "knee_flexion": [0, 10, 20], "slope": [0.0, 5.0]}, [1, 2, "auto"]),
    "tuple": (
        {"pelvic_tilt": np.linspace(-5, 10, 4), "slope": [0.0, 5.0]},
        [{"pelvic_tilt": (1, 3)}, {"slope": 1}, {}],
    ),
    "policies": (
        {"pelvic_tilt": [0, "least_effort", "hanging"], "knee_flexion": [0, 10, 20], "slope": spread(0, 3)},
        [1, {"posture": 4}],
    ),
    "one policy": ({"pelvic_tilt": "hanging", "trunk_lean": [0.0, 10.0, 20.0]}, [1]),
    "lean and knee": ({"pelvic_tilt": 0, "trunk_lean": ["hanging_sway", 3], "knee_flexion": [0.0, 5.0, 9.0]}, [2]),
    "legs": ({"pelvic_tilt": spread(-5, 5), "foot_rotation": FEET}, [4]),
    "supports": (
        {"pelvic_tilt": [-5.0, 5.0], "support": ["both", "seat"], "seat_height": [0.4, 0.45, 0.5]},
        [1, {"seat_height": 2}],
    ),
    "words": ({"pelvic_tilt": [-5.0, 5.0], "support": ["both", "right"], "arms": ["hanging", "fixed"]}, [1]),
    "load": ({"pelvic_tilt": spread(-5, 5), "load_mass": spread(0, 20), "load_position": PLACE}, [5]),
    "carried": (
        {"pelvic_tilt": spread(-5, 5).assign_coords(subject=("posture", list("xyzuvw")), visit=3)},
        [2],
    ),
    "unreachable": ({"pelvic_tilt": 0, "support": "step", "knee_flexion": [0.0, 40.0, 85.0]}, [1, 2]),
    "first out of reach": ({"pelvic_tilt": "hanging", "support": "step", "knee_flexion": [0.0, 85.0]}, [1]),
    "overloaded": ({"pelvic_tilt": 0, "knee_flexion": [-10.0, 0.0, 60.0, 120.0], "foot_rotation": [0.0, 90.0]}, [3]),
}


def equal(eager, lazy, **how):
    """The computed answer is the eager one, bit by bit; what is said of it tells that it was lazy."""
    assert lazy.attrs["message"].startswith("lazy")
    found = lazy.compute(**how)
    found.attrs["message"] = eager.attrs["message"]
    if "study" not in lazy.attrs:  # values that were lazy are told nowhere
        eager = eager.drop_attrs(deep=False).assign_attrs({k: v for k, v in eager.attrs.items() if k != "study"})
    xr.testing.assert_identical(eager, found)
    assert list(eager.data_vars) == list(found.data_vars)
    assert list(eager.coords) == list(found.coords)
    for name, own in eager.variables.items():
        assert own.dtype == lazy.variables[name].dtype == found.variables[name].dtype, name


@pytest.mark.parametrize(("asked", "chunks"), [
    pytest.param(asked, own, id=f"{name}-{own}") for name, (asked, several) in CASES.items() for own in several
])  # fmt: skip
def test_blocks_change_no_answer(asked, chunks):
    lazy = bm.sweep(SMALL, **asked, chunks=chunks)
    assert all(own.chunks is not None for own in lazy.data_vars.values())
    equal(bm.sweep(SMALL, **asked), lazy, scheduler="sync")


@pytest.mark.parametrize("name", ["policies", "legs", "load", "carried"])
@pytest.mark.parametrize("length", [1, 4])
def test_parameters_of_dask(name, length):
    """Labelled in another order, too, and each in blocks of its own."""
    asked = dict(CASES[name][0])
    lazy = {
        key: value.isel(posture=slice(None, None, -1) if i and "posture" in value.coords else slice(None)).chunk(
            length + i
        )
        for i, (key, value) in enumerate(asked.items())
        if isinstance(value, xr.DataArray)
    }
    eager = {key: value.compute() for key, value in lazy.items()}
    found = bm.sweep(SMALL, **{**asked, **lazy})
    assert found.status.chunks is not None
    equal(bm.sweep(SMALL, **{**asked, **eager}), found, scheduler="sync")


def test_what_is_lazy_stays_lazy():
    """Nothing of it is computed to plan: neither the parameter nor a coordinate that it carries."""

    def forbidden():
        raise AssertionError("was computed")

    never = da.map_blocks(forbidden, chunks=((3, 3),), dtype=float, meta=np.empty(0))
    found = bm.sweep(
        SMALL, pelvic_tilt=0, slope=xr.DataArray(never, dims="posture", coords={"own": ("posture", never)})
    )
    assert found.status.shape == (6,)
    assert found.slope.chunks == found.own.chunks == ((3, 3),)
    with pytest.raises(AssertionError, match="was computed"):
        found.status.compute(scheduler="sync")


def test_a_parameter_along_its_own_name_is_labels():
    tilt = xr.DataArray(da.linspace(-5, 5, 6, chunks=2), dims="pelvic_tilt")
    found = bm.sweep(SMALL, pelvic_tilt=tilt)
    assert found.status.chunks == ((2, 2, 2),)
    equal(bm.sweep(SMALL, pelvic_tilt=np.linspace(-5, 5, 6)), found, scheduler="sync")


@pytest.mark.parametrize("options", [
    {"criterion": bm.MinMax()},
    {"criterion": bm.Power(3), "tone": {"quadriceps": 0.01}, "weight": {"plantarflexors_*": 2.0}},
    {"stiffness_margin": {"knee_angle_r": 1.0}, "strength": "force_length"},
    {"variables": ["lumbar_compression"]}, {"variables": iter(["limiting_muscle", "tilt_interval"])},
])  # fmt: skip
def test_options_hold_in_every_block(options):
    asked = {"pelvic_tilt": [0, "least_effort"], "knee_flexion": [0.0, 10.0, 20.0]}
    options = {**options, **({"variables": list(options["variables"])} if "variables" in options else {})}
    equal(bm.sweep(SMALL, **asked, **options), bm.sweep(SMALL, **asked, **options, chunks=1), scheduler="sync")


@pytest.mark.parametrize(("name", "status"), [("unreachable", UNREACHABLE), ("overloaded", OVERLOADED)])
def test_a_lost_posture_alone_in_its_block_is_counted_and_warned_of_nowhere(name, status):
    with warnings.catch_warnings():
        warnings.simplefilter("error", bm.BiomechWarning)
        found = bm.sweep(SMALL, **CASES[name][0], chunks=1).compute(scheduler="sync")
    assert (found.status == status).any()


def answered(asked, **more):
    try:
        return bm.sweep(SMALL, **asked, **more).compute(scheduler="sync")
    except bm.BiomechError as error:
        return re.sub("0x[0-9a-f]+", "", f"{type(error).__name__}: {error}")


@pytest.mark.parametrize("name", ["pelvic_tilt", "slope", "foot_rotation", "support", "load_position", "tone"])
def test_nonsense_is_refused_as_in_an_eager_sweep(name):
    for bad in NONSENSE:
        asked = {"pelvic_tilt": 0.0, "knee_flexion": [5.0, 10.0], "load_position": (0.1, 0.1, 0.0)}
        eager, lazy = (
            answered({**asked, name: bad.make() if isinstance(bad, Fresh) else bad}, **more)
            for more in ({}, {"chunks": 1})
        )
        if isinstance(eager, xr.Dataset):
            assert eager.identical(lazy.assign_attrs(message=eager.message)), (name, type(bad))
        else:
            assert lazy == eager


def test_more_postures_than_one_sweep_holds_can_be_planned():
    tilt, knee, slope = np.linspace(-20, 30, 2000), np.linspace(0, 90, 2000), np.linspace(-9, 9, 3000)
    asked = {"pelvic_tilt": tilt, "knee_flexion": knee, "slope": slope, "variables": ["lumbar_compression"]}
    with pytest.raises(bm.StanceError, match=r"1.2e\+10 postures"):
        bm.sweep(SMALL, **asked)
    found = bm.sweep(SMALL, **asked, chunks="auto")
    assert found.status.size == 12 * 10**9
    corner = found.lumbar_compression[:2, -1, -1]
    one = bm.sweep(SMALL, pelvic_tilt=tilt[:2], knee_flexion=knee[-1], slope=slope[-1])
    lengths = [own[0] for own in found.status.chunks]
    assert 2**18 <= np.prod(lengths) <= 2**20
    assert corner.shape == one.status.shape


REFUSED = {
    "chunks = 0: must be": {"chunks": 0},
    "chunks = 'all': must be": {"chunks": "all"},
    "chunks = True: must be": {"chunks": True},
    r"chunks\['knee'\]|has 'knee'": {"chunks": {"knee": 1}},
    r"chunks\['knee_flexion'\] = 2.5": {"chunks": {"knee_flexion": 2.5}},
    r"chunks\['knee_flexion'\] = \(1, 1\): must add up to 3": {"chunks": {"knee_flexion": (1, 1)}},
    r"divide 'tilt_policy'; must leave it whole": {"chunks": {"tilt_policy": 1}, "pelvic_tilt": [0, "hanging"]},
    r"divide 'support'; must leave it whole, for seat_height": {
        "chunks": {"support": 1}, "support": ["both", "seat"], "seat_height": 0.4},
    "chunks: there is one posture": {"chunks": 1, "knee_flexion": 0.0},
    "criterion": {"chunks": 1, "criterion": "cubes"},
    "variables": {"chunks": 1, "variables": ["speed"]},
    "progress": {"chunks": 1, "progress": "x"},
    "slope = 80": {"chunks": 1, "slope": 80.0},
    "slope = 80 .entry 1.": {"chunks": 1, "slope": [0.0, 80.0]},
    "knee_flexon: unknown": {"chunks": 1, "knee_flexon": [1.0]},
    "support: is lazy": {"support": xr.DataArray(["both", "right"], dims="posture").chunk(1)},
    "slope: is a lazy array of <U1": {"slope": xr.DataArray(["a", "b"], dims="posture").chunk(1)},
    "slope: is not a parameter of a leg": {"slope": xr.DataArray([1.0, 2.0], dims="side").chunk()},
    "slope: has chunks of unknown size": {
        "slope": xr.DataArray(da.ones(4, chunks=2)[da.ones(4, chunks=2) > 0], dims="posture")},
    "its coordinate 'slope' bears the name of slope, whose values are lazy": {
        "slope": xr.DataArray([1.0, 2.0], dims="posture").chunk(1),
        "friction": xr.DataArray([0.5, 0.6], dims="posture", coords={"slope": ("posture", [1.0, 2.0])})},
    "do not broadcast": {
        "slope": xr.DataArray(np.ones(4), dims="posture").chunk(2),
        "friction": xr.DataArray(np.ones(5), dims="posture")},
}  # fmt: skip


@pytest.mark.parametrize("message", list(REFUSED))
def test_what_needs_no_computing_is_refused_at_once(message):
    with pytest.raises(bm.StanceError, match=message):
        bm.sweep(SMALL, **{"pelvic_tilt": 0, "knee_flexion": [0.0, 10.0, 20.0], **REFUSED[message]})


def test_too_many_blocks_are_refused():
    with pytest.raises(bm.StanceError, match="chunks = 1: make 4,000,000 blocks; must make at most 1,000,000"):
        bm.sweep(SMALL, pelvic_tilt=np.linspace(0, 1, 2000), slope=np.linspace(0, 1, 2000), chunks=1)


def test_a_lazy_value_is_checked_in_its_block():
    slope = along([0.0, 1.0, 2.0, 3.0, 80.0, 4.0]).chunk(posture=2)
    found = bm.sweep(SMALL, pelvic_tilt=0, slope=slope)
    with pytest.raises(
        bm.StanceError, match=r"slope = 80 \(entry 0\): allowed is .* \(in the block of 4 to 5 of posture\)"
    ):
        found.status.compute(scheduler="sync")


def test_a_store_is_written_without_a_word(tmp_path):
    pytest.importorskip("zarr")
    asked = {"pelvic_tilt": [0, "least_effort"], "slope": spread(0, 3)}
    bm.sweep(SMALL, **asked, chunks=4).to_zarr(tmp_path / "study.zarr", consolidated=False)
    stored = xr.open_zarr(tmp_path / "study.zarr", consolidated=False)
    eager = bm.sweep(SMALL, **asked)
    for name, own in eager.variables.items():
        np.testing.assert_array_equal(stored.variables[name].values.astype(own.dtype), own.values, err_msg=str(name))


def test_draws_are_the_same_in_blocks():
    feet = {
        "parallel": {"pelvic_tilt": [0, "least_effort"]},
        "turned out": {"pelvic_tilt": [0, "least_effort"], "foot_rotation": 40},
    }
    eager = bm.uncertainty.propagate(feet, samples=11, seed=3)
    for chunks in (4, {"sample": 7}, "auto"):
        lazy = bm.uncertainty.propagate(feet, samples=11, seed=3, chunks=chunks)
        xr.testing.assert_identical(eager, lazy.compute(scheduler="sync"))
        assert lazy.status.chunks is not None
        assert list(lazy.data_vars) == list(eager.data_vars)
    with pytest.raises(bm.StanceError, match="has 'draw', along which nothing is divided; may have sample"):
        bm.uncertainty.propagate(feet, samples=11, chunks={"draw": 2})
    with pytest.raises(bm.StanceError, match="speed"):
        bm.uncertainty.propagate(feet, samples=11, variables=["speed"], chunks=2)


FRAMES = 7
WEIGHT = SMALL.body_mass * 9.80665
FORCE = xr.DataArray([[0, WEIGHT / 2, 0]] * 2, coords={"foot": ["right", "left"], "axis": list("xyz")})
POINT = xr.DataArray([[-0.06, 0, 0.09], [-0.06, 0, -0.09]], coords=FORCE.coords)
TIMES = np.linspace(0, 1, FRAMES)
SWAY = xr.DataArray(np.linspace(0.9, 1.1, FRAMES), dims="time", coords={"time": TIMES})
KNEE = xr.DataArray(np.linspace(-30, 0, FRAMES), dims="time", coords={"time": TIMES})
TRIALS = xr.DataArray(np.linspace(-3, 0, FRAMES), dims="trial", coords={"trial": list("abcdefg")})
MEASURED = {
    "labelled": ({"pelvis_ty": 0.95, "knee_angle_r": KNEE}, SWAY[::-1] * FORCE),
    "plain": ({"pelvis_ty": 0.95, "knee_angle_r": KNEE.values}, FORCE),
    "alone": ({"pelvis_ty": 0.95}, FORCE),
    "two dimensions": ({"pelvis_ty": 0.95, "knee_angle_r": KNEE, "hip_flexion_r": TRIALS}, FORCE),
}


@pytest.mark.parametrize("name", list(MEASURED))
def test_measured_frames_in_blocks(name):
    coordinates, force = MEASURED[name]
    ground = xr.Dataset({"force": force, "point": POINT})
    eager = bm.static_optimization(SMALL, coordinates, ground, reserve=50.0)
    for chunks in (1, 3, "auto"):
        equal(eager, bm.static_optimization(SMALL, coordinates, ground, reserve=50.0, chunks=chunks), scheduler="sync")


def test_measured_frames_of_dask():
    coordinates, force = MEASURED["labelled"]
    lazy = xr.Dataset({"force": force, "point": POINT}).chunk(time=2, foot=1)
    eager = bm.static_optimization(SMALL, coordinates, lazy.compute(), reserve=50.0)
    equal(eager, bm.static_optimization(SMALL, coordinates, lazy, reserve=50.0), scheduler="sync")
    moved = {**coordinates, "knee_angle_r": KNEE.chunk(time=3)}
    equal(eager, bm.static_optimization(SMALL, moved, lazy.compute(), reserve=50.0), scheduler="sync")
    lost = {**coordinates, "knee_angle_r": KNEE.where(KNEE < -1).chunk(time=3)}
    found = bm.static_optimization(SMALL, lost, lazy.compute(), reserve=50.0)
    with pytest.raises(
        bm.StanceError, match=r"knee_angle_r = nan, time 1.0: must be finite \(in the block of 6 to 6 of time\)"
    ):
        found.compute(scheduler="sync")
    with pytest.raises(bm.StanceError, match="chunks: has 'frame'"):
        bm.static_optimization(SMALL, coordinates, lazy, chunks={"frame": 2})


def test_a_model_travels_light():
    model = bm.load_model()
    pickled = pickle.dumps(model)
    assert len(pickled) < 400_000
    start = time.perf_counter()
    pickle.loads(pickled)
    assert time.perf_counter() - start < 2.0


def test_dask_is_asked_for_by_name_and_imported_by_who_needs_it():
    code = """
import sys
import biomech as bm
model = bm.load_model("small")
assert "dask" not in sys.modules
sys.modules["dask"] = None  # as if it were not there
bm.sweep(model, pelvic_tilt=[0.0, 1.0])
try:
    bm.sweep(model, pelvic_tilt=[0.0, 1.0], chunks=1)
except bm.StanceError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == 'chunks: dask is not installed, which they need: pip install "biomech[scale]"', (
        done.stderr
    )


GRID = {
    "pelvic_tilt": np.linspace(-10, 10, 21),
    "knee_flexion": np.linspace(0, 40, 20),
    "slope": np.linspace(-5, 5, 20),
    "variables": ["lumbar_compression", "limiting_muscle"],
}


@pytest.mark.parametrize(
    "how", [{"scheduler": "threads", "num_workers": 2}, {"scheduler": "processes", "num_workers": 2}]
)
def test_threads_and_processes(how):
    equal(bm.sweep(SMALL, **GRID), bm.sweep(SMALL, **GRID, chunks={"slope": 5}), **how)


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, dashboard_address=":0", host="127.0.0.1", silence_logs=50
        ) as made,
        distributed.Client(made) as client,
    ):
        yield client


def without_compiler():
    """In a worker: whoever calls the compiler fails."""
    from biomech._kernels import on_demand

    def refuse(*_):
        raise AssertionError("a worker compiles")

    on_demand._run_compiler = refuse
    return os.getpid()


def test_a_cluster_of_processes_compiles_nothing(cluster):
    pids = cluster.run(without_compiler)
    assert len({*pids.values(), os.getpid()}) == 3
    equal(bm.sweep(SMALL, **GRID), bm.sweep(SMALL, **GRID, chunks={"slope": 3, "knee_flexion": 7}))


def test_a_worker_that_is_killed_midway_changes_nothing(cluster):
    slowly = {**GRID, "pelvic_tilt": np.linspace(-10, 10, 84)}
    lazy = bm.sweep(SMALL, **slowly, chunks={"slope": 1, "knee_flexion": 5})
    (running,) = [cluster.compute(lazy)]
    pid = next(iter(cluster.run(os.getpid).values()))
    while not any("_answer_block" in str(key) for keys in cluster.has_what().values() for key in keys):
        time.sleep(0.01)
    assert not running.done()
    os.kill(pid, signal.SIGKILL)
    found = running.result()
    assert pid not in cluster.run(os.getpid).values()
    found.attrs["message"] = (eager := bm.sweep(SMALL, **slowly)).attrs["message"]
    xr.testing.assert_identical(eager, found)


def test_a_store_is_written_by_the_workers_of_a_cluster(cluster, tmp_path, monkeypatch):
    """The same call as ever: it resumes, one worker is killed, and every bit is that of one process."""
    monkeypatch.setattr("biomech.analysis.store.tasks.MOST", 256)
    monkeypatch.setattr("biomech.analysis.store.tasks.LEAST", 256)
    place, here = tmp_path / "study.zarr", bm.sweep(SMALL, **GRID)
    pids, seen = list(cluster.run(os.getpid).values()), []
    monkeypatch.setattr("biomech.analysis.store.writing._compute_here", lambda *_: pytest.fail("was computed here"))

    def count(postures, advance):
        advance(postures)
        seen.append(postures)
        if len(seen) == 5:
            os.kill(pids[0], signal.SIGKILL)

    from biomech.analysis.store import workers, writing

    def watched(client, store, study, missing, do, advance):
        workers.compute_on(client, store, study, missing, do, lambda postures: count(postures, advance))

    monkeypatch.setattr(writing, "compute_on", watched)
    found = bm.sweep(SMALL, **GRID, to=place)
    assert sum(seen) == 8400
    assert found.attrs["finished"] == 1
    for name in ("lumbar_compression", "limiting_muscle", "status"):
        np.testing.assert_array_equal(found[name], here[name])
    assert not list(place.glob("*/*.partial"))
    chunk = next(place.glob("status/c.*"))
    chunk.unlink()
    del seen[:]
    bm.sweep(SMALL, **GRID, to=place)
    assert 0 < sum(seen) <= 256
    cluster.run(_with_other_kernels)
    with pytest.raises(bm.StudyError, match="a worker has the kernels python 0, not"):
        bm.sweep(SMALL, **GRID, to=tmp_path / "other.zarr")


def _with_other_kernels():
    from biomech.analysis.store import workers

    workers.kernel_identity = lambda: ("python", "0")


CLIENT = """
import sys
import numpy as np
import biomech as bm
from distributed import Client
with Client(sys.argv[1]) as client:
    client.wait_for_workers(1, timeout=60)
    found = bm.sweep(
        bm.load_model("small"), pelvic_tilt=np.linspace(-10, 10, 21), knee_flexion=np.linspace(0, 40, 20),
        slope=np.linspace(-5, 5, 20), variables=["lumbar_compression", "limiting_muscle"], chunks={"slope": 5},
    )
    np.savez(sys.argv[2], lumbar=found.lumbar_compression.values, muscle=found.limiting_muscle.values)
    print(*client.scheduler_info()["workers"])
"""


@pytest.fixture
def namespaces():
    """Two network namespaces that see each other and nothing else: names and addresses of both."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("network namespaces need root and the command ip")
    names = [f"biomech{end}{os.getpid()}" for end in "ab"]
    addresses = ["10.77.13.1", "10.77.13.2"]
    steps = [["netns", "add", name] for name in names]
    steps += [["link", "add", "va", "netns", names[0], "type", "veth", "peer", "name", "vb", "netns", names[1]]]
    for name, own, address in zip(names, ("va", "vb"), addresses, strict=True):
        steps += [["-n", name, "addr", "add", f"{address}/24", "dev", own]]
        steps += [["-n", name, "link", "set", device, "up"] for device in (own, "lo")]
    try:
        for step in steps:
            done = subprocess.run(["ip", *step], capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"network namespaces cannot be made here: {done.stderr.strip()}")
        yield list(zip(names, addresses, strict=True))
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def test_over_tcp_between_two_networks(namespaces, tmp_path):
    pytest.importorskip("distributed")
    (here, address), (there, other) = namespaces

    def start(namespace, *words):
        command = ["ip", "netns", "exec", namespace, sys.executable, *words]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
        return subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    where = f"tcp://{address}:8786"
    scheduler = start(here, "-m", "distributed.cli.dask_scheduler", "--host", address, "--no-dashboard")
    worker = start(
        there, "-m", "distributed.cli.dask_worker", where, "--host", other, "--nthreads", "1", "--no-nanny",
        "--no-dashboard", "--local-directory", str(tmp_path),
    )  # fmt: skip
    try:
        client = start(here, "-c", CLIENT, where, str(tmp_path / "found.npz"))
        said, errors = client.communicate(timeout=80)
        assert client.returncode == 0, errors
    finally:
        for process in (worker, scheduler):
            process.terminate()
            process.communicate(timeout=20)
    assert said.startswith(f"tcp://{other}:")
    eager = bm.sweep(SMALL, **GRID)
    with np.load(tmp_path / "found.npz") as found:
        np.testing.assert_array_equal(found["lumbar"], eager.lumbar_compression.values)
        np.testing.assert_array_equal(found["muscle"], eager.limiting_muscle.values)


def test_the_study_that_one_submits(tmp_path):
    """The example of docs/how_to/clusters.md, computed by whatever there is."""
    pytest.importorskip("zarr")
    study_on_a_cluster = pytest.importorskip("study_on_a_cluster")  # which needs distributed

    ds = study_on_a_cluster.run(tmp_path / "study.zarr", fine=1)
    assert ds.status.size == 900
    assert (ds.status == 0).all()
    at = {"slope": 0.0, "foot_rotation": 20.0}
    some = ds.lumbar_compression.sel(at).isel(pelvic_tilt=3)
    one = bm.sweep(bm.load_model(), pelvic_tilt=float(some.pelvic_tilt), knee_flexion=some.knee_flexion.values, **at)
    np.testing.assert_array_equal(some.values, one.lumbar_compression.values)


def test_bodies_are_divided_too():
    """A sweep over drawn bodies, in blocks of them and of what they do."""
    bodies = bm.uncertainty.draw_bodies(samples=11)
    asked = {"pelvic_tilt": [0, 4, 8], "knee_flexion": [0.0, 12.0]}
    eager = bm.sweep(bodies, **asked)
    lazy = bm.sweep(bodies, **asked, chunks={"body": 4, "pelvic_tilt": 2})
    assert lazy.lumbar_compression.chunksizes["body"] == (4, 4, 3)
    equal(eager, lazy)
    equal(eager, bm.sweep(bodies, **asked, chunks=5), scheduler="threads")
