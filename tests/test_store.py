"""Studies as stores: the same numbers as in memory, whatever happens on the way; and nothing else is touched."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import biomech as bm
from biomech.analysis import sweep as sweeping
from biomech.analysis.output.variables import OutputVariable, register, unregister
from biomech.analysis.store import layout, netcdf, record, tasks, writing

zarr = pytest.importorskip("zarr")
store_kills = pytest.importorskip("store_kills")
SMALL = bm.load_model("small")
STUDY = {"pelvic_tilt": [0.0, 5.0], "knee_flexion": np.linspace(0.0, 110.0, 90)}
NUMBER = {**STUDY, "variables": ["lumbar_compression"]}
#: What says that it is a store.
OWN = ("finished", "tasks", "tasks_done")


@pytest.fixture
def small_tasks(monkeypatch):
    """Tasks of forty postures."""
    monkeypatch.setattr(tasks, "LEAST", 40)
    monkeypatch.setattr(tasks, "MOST", 40)


def plain(ds: xr.Dataset) -> xr.Dataset:
    """Loaded, without what says that it is a store."""
    found = ds.load().copy()
    found.attrs = {name: value for name, value in ds.attrs.items() if name not in OWN}
    return found


def same(one: xr.Dataset, other: xr.Dataset) -> None:
    """Identical, in every bit and every type."""
    one, other = plain(one), plain(other)
    xr.testing.assert_identical(one, other)
    assert list(one.data_vars) == list(other.data_vars)
    assert {name: own.dtype for name, own in one.variables.items()} == {n: v.dtype for n, v in other.variables.items()}
    for name, own in one.variables.items():
        if own.dtype.kind != "O":
            assert own.values.tobytes() == other[name].values.tobytes(), name


def contents(place: Path) -> dict[str, str]:
    """Hash of every file."""
    files = [place] if place.is_file() else [p for p in sorted(place.rglob("*")) if p.is_file() and p.name != "lock"]
    return {str(p.relative_to(place)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


TIME = np.array(["2020-01-01", "2020-01-02", "2020-01-04"], dtype="M8[s]")
ASKED = {
    "grid": STUDY,
    "one posture": {"pelvic_tilt": 0.0},
    "policies": {"pelvic_tilt": ["least_effort", "hanging", 3.14159265], "knee_flexion": np.linspace(0.0, 30.0, 41)},
    "a knee and a lean that are found": {
        "pelvic_tilt": 2,
        "knee_flexion": ["passive", 4.5],
        "trunk_lean": ["hanging_sway"],
    },
    "nothing hangs": {"pelvic_tilt": ["least_effort", 1.0]},
    "labels": {
        "pelvic_tilt": xr.DataArray(
            [0.0, 1.0, 2.0], dims="time", coords={"time": TIME, "subject": ("time", ["a", "bb", "c"])}
        ),
        "knee_flexion": xr.DataArray(
            [[0.0, 1.0], [3, 4], [5, 6]], dims=("time", "side"), coords={"side": ["left", "right"]}
        ),
    },
    "a long list": {
        "pelvic_tilt": xr.DataArray(np.linspace(0.0, 9.0, 100), dims="case"),
        "support": "right",
        "load_mass": [5.0],
        "load_position": xr.DataArray(np.linspace(-0.2, 0.3, 300).reshape(100, 3), dims=("case", "axis")),
    },
    "a series and words": {
        "pelvic_tilt": pd.Series([0.0, 1.0], index=pd.Index(["x", "y"], name="who")),
        "arms": ["hanging", "fixed"],
        "foot_rotation": xr.DataArray([[1.0, 2], [3, 4]], dims=("who", "trial"), coords={"who": ["y", "x"]}),
    },
    "words along another dimension": {"pelvic_tilt": 0.0, "support": xr.DataArray(["both", "left"], dims="case")},
    "a label of one number": {"pelvic_tilt": xr.DataArray(3.0, coords={"subject": "Ann"}), "variables": ["activation"]},
    "effort": {
        "pelvic_tilt": xr.DataArray([0.0, 1.0], dims="case"),
        "tilt_change": 2.0,
        "criterion": bm.Power(3),
        "tone": {"quadriceps": 0.02},
        "weight": {"quadriceps_*": 3.0},
        "strength": "force_length",
        "variables": ["activation", "limiting_muscle"],
    },
    "stiffness": {"pelvic_tilt": 0.0, "stiffness_margin": {"knee_angle_r": 1.0}, "short_range_stiffness": 20},
    "some cannot be taken": {
        "pelvic_tilt": 0.0,
        "stance_width": [0.17, 0.9],
        "slope": [0.0, 25.0],
        "criterion": bm.MinMax(),
    },
}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("ending", ["zarr", "nc"])
def test_what_is_opened_is_what_a_sweep_gives(tmp_path, small_tasks, name, ending):
    asked, place = ASKED[name], tmp_path / f"study.{ending}"
    wanted = bm.sweep(SMALL, **asked)
    found = bm.sweep(SMALL, to=place, **asked)
    assert found.attrs["finished"] == 1
    if ending == "zarr":
        same(wanted, found)
    else:
        xr.testing.assert_identical(wanted, plain(found))
    xr.testing.assert_identical(plain(bm.open_study(str(place))), plain(found))
    before = contents(place)
    xr.testing.assert_identical(plain(bm.sweep(SMALL, to=place, **asked)), plain(found))
    assert contents(place) == before
    xr.testing.assert_identical(bm.rerun(place), wanted)


@pytest.mark.parametrize("name", ASKED)
def test_a_dataset_runs_again(name):
    ds = bm.sweep(SMALL, **ASKED[name])
    with_no_warning = bm.rerun(ds, threads=2)
    xr.testing.assert_identical(with_no_warning, ds)


@pytest.mark.parametrize("most", [1, 7, 40, 10_000])
def test_no_division_changes_a_bit(tmp_path, monkeypatch, most):
    monkeypatch.setattr(tasks, "LEAST", most)
    monkeypatch.setattr(tasks, "MOST", most)
    asked = {"pelvic_tilt": ["least_effort", "hanging", 2.0], "knee_flexion": np.linspace(0.0, 60.0, 20)}
    found = bm.sweep(SMALL, to=tmp_path / "s.zarr", threads=2, **asked)
    assert found.attrs["tasks"] == {1: 60, 7: 9, 40: 2, 10_000: 1}[most]
    same(bm.sweep(SMALL, **asked), found)


@pytest.mark.parametrize("shape", [(), (1,), (5,), (1000,), (3, 7, 11), (900, 1), (1, 900), (31, 33), (2, 3, 500)])
@pytest.mark.parametrize("most", [1, 40, 100, 99_999])
def test_tasks_are_stretches_of_nearly_one_size(monkeypatch, shape, most):
    monkeypatch.setattr(tasks, "LEAST", 1)
    monkeypatch.setattr(tasks, "MOST", most)
    divided, count = tasks.Tasks.divide(shape, 8), int(np.prod(shape, dtype=int))
    order, at = np.arange(count).reshape(shape), 0
    sizes = [divided.size(task) for task in range(len(divided))]
    for task in range(len(divided)):
        first, last = divided.stretch(task)
        assert first == at
        np.testing.assert_array_equal(order[divided.region(task)].ravel(), np.arange(first, last))
        at = last
    assert at == count
    assert max(sizes) <= most
    assert max(sizes) >= min(count, most / 2)


def test_a_task_is_small_where_much_is_kept():
    assert len(tasks.Tasks.divide((10**6,), 10**4)) > len(tasks.Tasks.divide((10**6,), 9)) == 4


@pytest.mark.parametrize("many", [False, True])
def test_reading_is_lazy_and_by_any_index(tmp_path, small_tasks, monkeypatch, many):
    wanted, found = bm.sweep(SMALL, **STUDY), bm.sweep(SMALL, to=tmp_path / "s.zarr", **STUDY)
    monkeypatch.setattr("biomech.analysis.store.stored_array.StoredArray.numbers", None)
    found = bm.open_study(tmp_path / "s.zarr", chunks=many)
    monkeypatch.undo()
    assert bool(found.chunks) == many
    for part in (
        {"knee_flexion": slice(None, None, -7)},
        {"knee_flexion": [3, 80, 3], "pelvic_tilt": 1},
        {"pelvic_tilt": xr.DataArray([0, 1], dims="p"), "knee_flexion": xr.DataArray([5, 60], dims="p")},
        {"muscle": [2, 5], "joint": 0},
    ):
        xr.testing.assert_identical(wanted.isel(part).assign_attrs(found.attrs), found.isel(part).load())
    assert float(found.lumbar_compression.mean()) == float(found.lumbar_compression.load().mean())


def test_a_study_is_sent_to_other_processes(to_spoil):
    place, wanted, _ = to_spoil
    for chunks in (False, True):
        found = bm.open_study(place, chunks=chunks)
        assert float(found.lumbar_compression[0, 0]) == float(wanted.lumbar_compression[0, 0])
        same(wanted, pickle.loads(pickle.dumps(found)))


def test_a_bar_begins_where_the_study_stands(tmp_path, small_tasks, capsys):
    place = tmp_path / "s.zarr"
    bm.sweep(SMALL, to=place, progress=True, **NUMBER)
    assert "180/180" in capsys.readouterr().err
    unfinish(place, 2)
    bm.sweep(SMALL, to=place, progress=True, **NUMBER)
    shown = capsys.readouterr().err
    assert "120/180" in next(part for part in shown.split("\r") if "/180" in part)
    assert "180/180" in shown


def test_a_place_is_that_of_the_call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = bm.sweep(SMALL, to="s.zarr", **NUMBER)
    monkeypatch.chdir("/")
    same(bm.sweep(SMALL, **NUMBER), found)


def test_other_readers_see_what_it_is(tmp_path):
    """A store is Zarr as xarray reads it, without biomech."""
    wanted = bm.sweep(SMALL, to=tmp_path / "s.zarr", **STUDY).load()
    read = xr.open_zarr(tmp_path / "s.zarr", consolidated=False, chunks=None)
    np.testing.assert_array_equal(read.activation, wanted.activation)
    assert read.activation.dims == wanted.activation.dims
    assert read.muscle.values.tolist() == list(SMALL.muscles)
    words = read.limiting_muscle.attrs["flag_meanings"].split()
    assert [words[k] if k >= 0 else "" for k in read.limiting_muscle.values[0]] == wanted.limiting_muscle[
        0
    ].values.tolist()


# stopped, killed, full, read-only


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """What fifty kills saw, and where."""
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, store_kills.__file__, str(folder), "50"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder


def test_fifty_kills_lose_nothing_and_do_nothing_twice(killed):
    found, folder = killed
    assert found["kills"] == 50
    assert found["in_write"] >= 20
    assert found["exit"] == found["left"] == 0
    assert found["done"] == found["tasks"] == 60
    assert found["changed"] == 0, "a task that was done was written again"
    assert found["twice"] == 0, "a task that was done was computed again"
    same(bm.sweep(SMALL, **store_kills.STUDY), bm.open_study(folder / "killed.zarr"))


def test_ctrl_c_ends_at_once_and_keeps_what_is_there(killed, monkeypatch):
    found, folder = killed[0]["interrupt"], killed[1]
    assert found["exit"] == 3, "KeyboardInterrupt reaches the caller"
    assert found["seconds"] < 2.0
    partly = bm.open_study(folder / "interrupted.zarr")
    assert partly.attrs["finished"] == 0
    assert 5 <= partly.attrs["tasks_done"] < 60
    done = (partly.status >= 0).values
    assert done.sum() == partly.attrs["tasks_done"] * store_kills.POSTURES
    assert partly.attrs["message"] == f"unfinished: {done.sum()} of 2400 postures are computed"
    assert partly.status.attrs["flag_meanings"].startswith("not_computed optimal ")
    wanted = bm.sweep(SMALL, **store_kills.STUDY)
    np.testing.assert_array_equal(partly.lumbar_compression.values[done], wanted.lumbar_compression.values[done])
    assert np.isnan(partly.lumbar_compression.values[~done]).all()
    with pytest.warns(bm.BiomechWarning, match=r"overloaded; posture \d+ is"):
        found = bm.sweep(SMALL, to=folder / "interrupted.zarr", **store_kills.STUDY)
    same(wanted, found)


def test_a_sweep_that_fails_while_it_is_made_leaves_nothing(tmp_path, monkeypatch):
    def fail(*args, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(zarr, "open_group", fail)
    with pytest.raises(KeyboardInterrupt):
        bm.sweep(SMALL, to=tmp_path / "s.zarr", **NUMBER)
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_whoever_may_read_other_files_may_read_these(tmp_path):
    """Their mode is what the umask says, as for any new file."""
    before = os.umask(0o027)
    try:
        bm.sweep(SMALL, to=tmp_path / "s.zarr", **NUMBER)
        bm.sweep(SMALL, to=tmp_path / "s.nc", **NUMBER)
        bm.view.page(bm.sweep(SMALL, pelvic_tilt=0), tmp_path / "s.html")
    finally:
        os.umask(before)
    modes = {place.stat().st_mode & 0o777 for place in tmp_path.rglob("*") if place.is_file()}
    assert modes == {0o640}
    assert {place.stat().st_mode & 0o777 for place in tmp_path.rglob("*") if place.is_dir()} == {0o750}


def test_what_was_half_made_long_ago_is_removed(tmp_path):
    for name in (".s.zarr.x.making", ".s.zarr.y.making"):
        (tmp_path / name).mkdir()
    for name in (".s.nc.x.making", ".s.nc.y.making"):
        (tmp_path / name).touch()
    for old in tmp_path.glob("*.x.making"):
        os.utime(old, (0, 0))
    for ending in ("zarr", "nc"):
        bm.sweep(SMALL, to=tmp_path / f"s.{ending}", **NUMBER)
    assert {p.name for p in tmp_path.glob(".*")} == {".s.zarr.y.making", ".s.nc.y.making"}


@pytest.fixture
def mounted(tmp_path):
    """Mount a small file system."""
    place = tmp_path / "mounted"
    place.mkdir()

    def mount(options: str) -> Path:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
        return place

    if shutil.which("mount") is None:
        pytest.skip("no file system can be mounted here: there is no mount")
    yield mount
    subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


def test_a_full_disk_is_told_and_the_rest_follows(mounted, small_tasks):
    place, asked = mounted("size=400k") / "s.zarr", STUDY
    with pytest.raises(
        bm.StudyError, match=r"s\.zarr: cannot be written \(No space left on device, .* MB are left\)"
    ) as e:
        bm.sweep(SMALL, to=place, **asked)
    partly = bm.open_study(place)
    assert 0 < partly.attrs["tasks_done"] < partly.attrs["tasks"]
    assert f"{partly.attrs['tasks_done']} of {partly.attrs['tasks']} tasks are there" in str(e.value)
    assert not [*place.rglob("*.partial")]
    mounted("remount,size=20m")
    same(bm.sweep(SMALL, **asked), bm.sweep(SMALL, to=place, **asked))


def test_no_room_to_begin(mounted):
    place = mounted("size=8k")
    for ending in ("zarr", "nc"):
        with pytest.raises(bm.StudyError, match=rf"s\.{ending}: cannot be"):
            bm.sweep(SMALL, to=place / f"s.{ending}", **NUMBER)
    assert not [*place.iterdir()]


def test_a_read_only_place_is_told_before_any_work(mounted, small_tasks, monkeypatch):
    place, solve = mounted("size=20m"), sweeping._Sweep.solve
    bm.sweep(SMALL, to=place / "done.zarr", **NUMBER)
    bm.sweep(SMALL, to=place / "part.zarr", **NUMBER)
    unfinish(place / "part.zarr", 2)
    mounted("remount,ro")

    def one(self, start, end, *rest, **named):
        assert end - start == 1, "work was done"
        return solve(self, start, end, *rest, **named)

    monkeypatch.setattr(sweeping._Sweep, "solve", one)
    for name in ("new.zarr", "new.nc", "part.zarr"):
        with pytest.raises(bm.StudyError, match=rf"{name}: cannot be .*Read-only"):
            bm.sweep(SMALL, to=place / name, **NUMBER)
    assert bm.sweep(SMALL, to=place / "done.zarr", **NUMBER).attrs["finished"] == 1


def unfinish(place: Path, lost: int) -> None:
    """As if the last tasks had not been done yet."""
    about = json.loads((place / "zarr.json").read_text())
    own = about["attributes"]["biomech_store"]
    own["summary"] = {}
    own["seal"] = writing.description(
        writing.Layout.from_json(own["layout"]), own["metadata"], {}, about["attributes"]["study"]
    )["seal"]
    (place / "zarr.json").write_text(json.dumps(about))
    for mark in sorted(place.glob("status/c.*"))[-lost:]:
        mark.unlink()


def test_a_folder_that_is_not_there(tmp_path):
    for ending in ("zarr", "nc"):
        with pytest.raises(bm.StudyError, match="No such file or directory"):
            bm.sweep(SMALL, to=tmp_path / "none" / f"s.{ending}", **NUMBER)


def test_two_processes_on_one_store(tmp_path, small_tasks):
    place = tmp_path / "s.zarr"
    bm.sweep(SMALL, to=place, **NUMBER)
    unfinish(place, 2)
    code = (
        "import fcntl, os, sys; from pathlib import Path; from biomech.analysis.store.lock import writing_alone\n"
        "with writing_alone(Path(sys.argv[1]) / 'status' / 'lock', Path(sys.argv[1])):\n"
        "    print(os.getpid(), flush=True); sys.stdin.readline()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        pid = other.stdout.readline().strip()
        before = contents(place)
        with pytest.raises(bm.StudyError, match=rf"s\.zarr: is being written by process {pid} on "):
            bm.sweep(SMALL, to=place, **NUMBER)
        assert contents(place) == before
        assert bm.open_study(place).attrs["finished"] == 0, "who only reads need not wait"
        other.kill()
    same(bm.sweep(SMALL, **NUMBER), bm.sweep(SMALL, to=place, **NUMBER))


def test_another_process_was_faster(tmp_path, monkeypatch):
    """Both make the store: the one whose name is taken goes on with what is there."""
    place, create = tmp_path / "s.zarr", writing._write_empty

    def race(making, *rest):
        create(making, *rest)
        if not place.exists():
            monkeypatch.setattr(writing, "_write_empty", create)
            bm.sweep(SMALL, to=place, **NUMBER)

    monkeypatch.setattr(writing, "_write_empty", race)
    same(bm.sweep(SMALL, **NUMBER), bm.sweep(SMALL, to=place, **NUMBER))
    assert [p.name for p in tmp_path.iterdir()] == ["s.zarr"]


def test_the_lock_goes_with_its_process(tmp_path):
    lock = tmp_path / "lock"
    with writing.writing_alone(lock, tmp_path), lock.open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with writing.writing_alone(lock, tmp_path):
        pass


# something else is there


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished store and a file of one study."""
    folder = tmp_path_factory.mktemp("finished")
    for ending in ("zarr", "nc"):
        bm.sweep(SMALL, to=folder / f"s.{ending}", **NUMBER)
    return folder


OTHERS = {
    "another tilt": ({"pelvic_tilt": [0.0, 6.0]}, "coordinate pelvic_tilt"),
    "another shape": ({"pelvic_tilt": [0.0, 5.0, 6.0]}, "coordinate pelvic_tilt"),
    "one more parameter": ({"trunk_lean": 10.0}, r"trunk_lean \(not given there, 10.0 here\)"),
    "one dimension less": ({"pelvic_tilt": 0.0}, r"pelvic_tilt \(\{.*\} there, 0.0 here\)"),
    "a criterion": ({"criterion": bm.Power(3)}, r"criterion \(.*2.* there, .*3.* here\)"),
    "tone": ({"tone": {"quadriceps": 0.01}}, r"tone \(not given there"),
    "a variable": ({"variables": ["valid"]}, r"variables \(\['lumbar_compression'\] there, \['valid'\] here\)"),
    "all variables": ({"variables": None}, r"variables \(\['lumbar_compression'\] there, not given here\)"),
    "a body": ({"model": bm.load_model("adult")}, r"model \(small [0-9a-f]{8} there, adult [0-9a-f]{8} here\)"),
    "a number of the body": (
        {"model": SMALL.scale({"muscles/quadriceps_*/max_isometric_force": 0.5})},
        r"model \(small .* there, small, changed, ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("ending", ["zarr", "nc"])
@pytest.mark.parametrize("name", OTHERS)
def test_another_study_is_refused_by_what_differs(finished, ending, name):
    change, said = OTHERS[name]
    before = contents(finished)
    with pytest.raises(bm.StudyError, match=rf"s\.{ending}: holds another study; what differs: .*{said}"):
        bm.sweep(**{"model": SMALL, **NUMBER, **change}, to=finished / f"s.{ending}")
    assert contents(finished) == before


@pytest.mark.parametrize("part", ["biomech", "kernels", "cpu_level", "numpy"])
def test_another_version_is_refused(finished, monkeypatch, part):
    other = {**json.loads(record._machine(*record.kernel_identity())), part: "another"}
    monkeypatch.setattr(record, "_machine", lambda *identity: json.dumps(other))
    before = contents(finished)
    for ending in ("zarr", "nc"):
        with pytest.raises(
            bm.StudyError, match=rf"holds another study; what differs: {part} \('.*' there, 'another' here\)"
        ):
            bm.sweep(SMALL, to=finished / f"s.{ending}", **NUMBER)
    assert contents(finished) == before


def test_a_variable_from_outside_is_part_of_the_study(tmp_path):
    place = tmp_path / "s.zarr"
    bm.sweep(SMALL, to=place, **STUDY)
    register(
        OutputVariable(
            "half", (), "N", "half of it", needs=("ground_force",), value=lambda s: s["ground_force"][:, 0, 1]
        )
    )
    try:
        with pytest.raises(bm.StudyError, match="what differs: the variables that are kept"):
            bm.sweep(SMALL, to=place, **STUDY)
        same(bm.sweep(SMALL, **STUDY), bm.sweep(SMALL, to=tmp_path / "t.zarr", **STUDY))
    finally:
        unregister("half")


def test_what_is_no_number_of_a_known_kind_is_refused(tmp_path):
    register(
        OutputVariable("word", (), "1", "a word", needs=("status",), value=lambda s: np.array(["x"] * len(s.status)))
    )
    try:
        with pytest.raises(
            bm.StudyError, match=r"word: values of type <U1 cannot be kept; leave it out \(variables=\)"
        ):
            bm.sweep(SMALL, to=tmp_path / "s.zarr", **STUDY)
    finally:
        unregister("word")
    assert not [*tmp_path.iterdir()]


LABELS = {
    "dates": np.array(["1700-01-01T00:00:00.5", "2300-01-01"], dtype="M8[us]"),
    "spans": np.array([1, 2], dtype="m8[ms]"),
    "halves": np.array([0.5, np.nan], dtype=np.float16),
    "bytes": np.array([3, 255], dtype=np.uint8),
    "truth": np.array([True, False]),
    "words": np.array(["", "Knochen – \N{BONE}"], dtype=object),
    "zeros": np.zeros(2),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_of_any_kind_come_back(tmp_path, name):
    tilt = xr.DataArray(
        [0.0, 1.0], dims="case", coords={"label": ("case", LABELS[name], {"units": "1"} if name == "bytes" else {})}
    )
    wanted = bm.sweep(SMALL, pelvic_tilt=tilt, variables=["status"])
    same(wanted, bm.sweep(SMALL, pelvic_tilt=tilt, variables=["status"], to=tmp_path / "s.zarr"))
    assert bm.rerun(tmp_path / "s.zarr").identical(wanted)


@pytest.mark.parametrize(
    ("coords", "said"),
    [
        ({"label": ("case", [1j, 2j])}, "coordinate label: values of type complex128 cannot be kept"),
        ({"label": ("case", np.array([1, "x"], dtype=object))}, "label.* cannot be kept|coordinates .* cannot be kept"),
        ({"a/b": ("case", [1.0, 2.0])}, "'a/b' is no name that can be kept"),
        ({"label": ("case", [1.0, 2.0], {"x": object()})}, "coordinates and attributes cannot be kept"),
    ],
)
def test_labels_that_cannot_be_kept_are_told_before_any_work(tmp_path, coords, said):
    tilt = xr.DataArray([0.0, 1.0], dims="case", coords=coords)
    with pytest.raises(bm.StudyError, match=said):
        bm.sweep(SMALL, pelvic_tilt=tilt, to=tmp_path / "s.zarr")
    assert not [*tmp_path.iterdir()]


def _a_file(place):
    place.write_text("mine")


def _a_folder(place):
    place.mkdir()
    (place / "mine.txt").write_text("mine")


def _an_empty_folder(place):
    place.mkdir()


def _another_store(place):
    xr.Dataset({"mine": ("x", [1.0, 2.0])}).to_zarr(place, zarr_format=3, consolidated=False)


def _a_link_to_nothing(place):
    place.symlink_to(place.parent / "nowhere")


@pytest.mark.parametrize("make", [_a_file, _a_folder, _an_empty_folder, _another_store, _a_link_to_nothing])
def test_what_is_no_study_is_refused_and_stays(tmp_path, make):
    place = tmp_path / "s.zarr"
    make(place)
    before = contents(tmp_path)
    with pytest.raises(bm.StudyError, match=r"s\.zarr: (is a file, no store|is no store of biomech|there is nothing)"):
        bm.sweep(SMALL, to=place, **NUMBER)
    with pytest.raises(bm.StudyError, match=r"s\.zarr: (is a file, no store|is no store of biomech|there is nothing)"):
        bm.open_study(place)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "make", [_a_file, _a_folder, lambda place: xr.Dataset({"x": 1.0}).to_netcdf(place, engine="h5netcdf")]
)
def test_what_is_no_file_of_a_study_is_refused_and_stays(tmp_path, make):
    place = tmp_path / "s.nc"
    make(place)
    before = contents(tmp_path)
    with pytest.raises(bm.StudyError, match=r"s\.nc: "):
        bm.sweep(SMALL, to=place, **NUMBER)
    with pytest.raises(bm.StudyError, match=r"s\.nc: "):
        bm.open_study(place)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "bad", [3, "", "study", "study.csv", "s3://bucket/study.zarr", b"study.zarr", True, ["s.zarr"], "s\0.zarr"]
)
def test_what_is_no_place_is_refused_by_name(bad):
    with pytest.raises(bm.StanceError, match="to = "):
        bm.sweep(SMALL, to=bad, **NUMBER)
    with pytest.raises(bm.StanceError, match="path = "):
        bm.open_study(bad)


def test_a_file_is_for_what_is_small(tmp_path, monkeypatch):
    monkeypatch.setattr(netcdf, "_MOST", 1000)
    with pytest.raises(bm.StudyError, match=r"would have 1\.6e-06 GB; .* a store for more: to='s.zarr'"):
        bm.sweep(SMALL, to=tmp_path / "s.nc", **NUMBER)


def test_a_posture_that_cannot_be_taken_makes_no_store(tmp_path):
    with pytest.raises(bm.UnreachablePosture):
        bm.sweep(SMALL, pelvic_tilt=0.0, support="step", step_height=0.5, to=tmp_path / "s.zarr")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("package", ["zarr", "dask"])
def test_what_is_not_installed_is_named(tmp_path, finished, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    said = rf'{package} is not installed.*pip install "biomech\[scale\]"'
    with pytest.raises(bm.StudyError, match=said):
        bm.open_study(finished / "s.zarr", chunks=True)
    if package == "zarr":
        with pytest.raises(bm.StudyError, match=said):
            bm.sweep(SMALL, to=tmp_path / "s.zarr", **NUMBER)
        assert not [*tmp_path.iterdir()]
    bm.sweep(SMALL, to=tmp_path / "s.nc", **NUMBER)


def test_nothing_else_needs_them():
    code = (
        "import sys, biomech as bm; before = {*sys.modules}\n"
        "sys.modules |= dict.fromkeys(('zarr', 'dask', 'distributed'))\n"
        "bm.rerun(bm.sweep(bm.load_model('small'), pelvic_tilt=[0, 1], threads=2)); print(*before)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"zarr", "dask", "distributed"} & {*loaded}


# damage


def mutations(place: Path, random: np.random.Generator) -> str:
    """Spoil one file of a store."""
    files = [p for p in sorted(place.rglob("*")) if p.is_file() and p.name != "lock"]
    path = files[random.integers(len(files))]
    content, kind = path.read_bytes(), int(random.integers(6))
    if kind == 0:
        path.unlink()
    elif kind == 1:
        path.write_bytes(content[: random.integers(len(content))])
    elif kind == 2:
        spoiled = bytearray(content)
        for at in random.integers(len(content), size=3):
            spoiled[at] ^= 1 << int(random.integers(8))
        path.write_bytes(spoiled)
    elif kind == 3:
        path.write_bytes(random.bytes(len(content)))
    elif kind == 4 and path.name == "zarr.json":
        path.write_text(json.dumps(spoil(json.loads(content), random)))
    else:  # a whole chunk of the same kind in the place of another is not told
        others = [file for file in files if file.parent != path.parent and not file.name.startswith("c.")]
        path.write_bytes(others[random.integers(len(others))].read_bytes())
    return f"{kind} {path.relative_to(place)}"


HOSTILE = (
    None,
    -1,
    0,
    1,
    2**63,
    1e308,
    "",
    "x",
    "../../x",
    [],
    {},
    [[]],
    True,
    "NaN",
    "<U1",
    "object",
    "numcodecs.pickle",
    [2**40],
)


def spoil(about, random):
    """JSON with one value replaced by another."""
    if isinstance(about, dict | list) and about and random.random() < 0.9:
        keys = [*about] if isinstance(about, dict) else [*range(len(about))]
        key = keys[random.integers(len(keys))]
        about[key] = spoil(about[key], random)
        return about
    return HOSTILE[random.integers(len(HOSTILE))]


def reseal(place: Path) -> None:
    """Let the seals of a store fit what was changed: as who means harm would."""
    try:
        about = json.loads((place / "zarr.json").read_text())
        own = about["attributes"]["biomech_store"]
        own["metadata"] = layout.hashes(place, layout.Layout.from_json(own["layout"]))
        own["seal"] = layout.seal_of(own, about["attributes"].get("study"))
        (place / "zarr.json").write_text(json.dumps(about))
    except (ValueError, KeyError, TypeError, OSError, OverflowError):
        pass


@pytest.fixture(scope="module")
def to_spoil(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "LEAST", 60)
        patch.setattr(tasks, "MOST", 60)
        place = tmp_path_factory.mktemp("spoil") / "s.zarr"
        asked = {**STUDY, "variables": ["lumbar_compression", "limiting_muscle", "valid"]}
        return place, plain(bm.sweep(SMALL, to=place, **asked)), asked


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_store_is_told_or_gives_the_same(to_spoil, tmp_path, seed):
    origin, wanted, asked = to_spoil
    place = tmp_path / "s.zarr"
    shutil.copytree(origin, place)
    what = mutations(place, np.random.default_rng(seed))
    for read in (lambda: bm.open_study(place), lambda: bm.sweep(SMALL, to=place, **asked)):
        found = told_or_read(read)
        if isinstance(found, str):
            assert str(place) in found
        elif not found.attrs["finished"]:
            assert what.startswith("0 status/c."), "a task without its mark is not done"
        else:
            assert all(own.equals(found[name].variable) for name, own in wanted.variables.items()), what


def told_or_read(read) -> str | xr.Dataset:
    """What an error says, or what was read."""
    try:
        return read().load()
    except bm.StudyError as error:
        return str(error)


@pytest.mark.parametrize("seed", range(60))
def test_a_hostile_store_gives_clear_errors(to_spoil, tmp_path, seed):
    """Whatever somebody wrote there, and sealed: an answer, or an error of the library."""
    origin, _, asked = to_spoil
    place, random = tmp_path / "s.zarr", np.random.default_rng(1000 + seed)
    shutil.copytree(origin, place)
    for path in random.choice([*place.rglob("zarr.json")], size=1 + seed % 2, replace=False):
        path.write_text(json.dumps(spoil(json.loads(path.read_text()), random)))
    reseal(place)
    for read in (
        lambda: bm.open_study(place).load(),
        lambda: bm.sweep(SMALL, to=place, **asked).load(),
        lambda: bm.rerun(place),
    ):
        with contextlib.suppress(bm.BiomechError):
            read()


@pytest.mark.parametrize("seed", range(78))
def test_a_hostile_record_gives_clear_errors(seed):
    ds, random = bm.sweep(SMALL, **[*ASKED.values()][seed % len(ASKED)]), np.random.default_rng(seed)
    ds.attrs["study"] = json.dumps(spoil(json.loads(ds.attrs["study"]), random))
    with contextlib.suppress(bm.BiomechError):
        bm.rerun(ds)


def test_nothing_that_would_run_what_it_reads_is_opened(to_spoil, tmp_path):
    place = tmp_path / "s.zarr"
    shutil.copytree(to_spoil[0], place)
    for name in ("knee_flexion", "lumbar_compression"):
        about = json.loads((place / name / "zarr.json").read_text())
        about["codecs"] = [{"name": "numcodecs.pickle", "configuration": {}}]
        (place / name / "zarr.json").write_text(json.dumps(about))
        reseal(place)
        with pytest.raises(bm.StudyError, match=rf"is damaged: its description is wrong .*codec.* of {name}"):
            bm.open_study(place)
        shutil.copy(to_spoil[0] / name / "zarr.json", place / name / "zarr.json")


def test_a_chunk_that_is_lost_is_missed_and_made_anew(to_spoil, tmp_path):
    origin, wanted, asked = to_spoil
    place = tmp_path / "s.zarr"
    shutil.copytree(origin, place)
    (place / "valid" / "c.0.1").unlink()
    mark = place / "status" / "c.0.1"
    with pytest.raises(bm.StudyError, match=rf"valid lacks the chunk of task 1; remove {mark} and the same sweep"):
        bm.open_study(place)
    mark.unlink()
    assert bm.open_study(place).attrs["tasks_done"] == 3
    before = store_kills.marks(place)
    same(wanted, bm.sweep(SMALL, to=place, **asked))
    assert before.items() <= store_kills.marks(place).items(), "what was done stays"


def test_a_chunk_that_is_damaged_is_told_when_it_is_read(to_spoil, tmp_path):
    place = tmp_path / "s.zarr"
    shutil.copytree(to_spoil[0], place)
    chunk = place / "lumbar_compression" / "c.1.0"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    found = bm.open_study(place)
    assert found.lumbar_compression[0].notnull().all()
    with pytest.raises(bm.StudyError, match="lumbar_compression cannot be read"):
        found.lumbar_compression.load()


# run again


def test_what_differs_is_told_where_numbers_do():
    ds = bm.sweep(SMALL, **NUMBER)
    about = json.loads(ds.attrs["study"])
    about["computed_with"]["kernels"] = "older"
    ds.attrs["study"] = json.dumps(about)
    bm.rerun(ds)  # the same numbers: nothing to say
    ds = ds.assign(lumbar_compression=ds.lumbar_compression + 1e-9)
    with pytest.warns(
        bm.BiomechWarning, match=r"numbers differ: lumbar_compression by 1\.0e-09 of .*: kernels \('older' there"
    ):
        bm.rerun(ds)
    assert np.isnan(ds.where(ds.status < 0).lumbar_compression).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda ds: ds.drop_attrs(deep=False), "ds: does not say what it was made from"),
        (lambda ds: ds.drop_vars("knee_flexion"), "knee_flexion: was 'knee_flexion', which the dataset has no more"),
        (lambda ds: ds.isel(pelvic_tilt=0), "ds: what it was made from cannot be asked again as it was: pelvic_tilt"),
        (lambda ds: ds.assign_coords(knee_flexion=ds.knee_flexion + 99), "computed again: knee_flexion = "),
        (lambda ds: ds.assign_attrs(study="[]"), "is no record of a study"),
        (lambda ds: ds.assign_attrs(study=ds.attrs["study"].replace('"sweep"', '"other"')), "is no record of a study"),
        (lambda ds: ds.assign_attrs(study=ds.attrs["study"].replace("Power", "Own")), "criterion = .*Own.* made again"),
    ],
)  # fmt: skip
def test_what_cannot_run_again_is_told(change, said):
    with pytest.raises(bm.StudyError, match=said):
        bm.rerun(change(bm.sweep(SMALL, **NUMBER)))


def test_an_answer_of_another_function_is_refused():
    ds = bm.stability(SMALL, pelvic_tilt=0.0)
    with pytest.raises(
        bm.StudyError, match=r"answers of sweep, of static_optimization and of uncertainty\.propagate do"
    ):
        bm.rerun(ds)
    with pytest.raises(bm.StanceError, match="ds = 3"):
        bm.rerun(3)


ADULT = bm.load_model("adult")
STRAP = {**ADULT.row("muscles", "rectus_abdominis_r"), "muscle": "strap_r", "max_isometric_force": 200.0}
POINTS = [
    {**ADULT.row("path_points", f"rectus_abdominis_r.{i}"), "point": f"strap_r.{i}", "muscle": "strap_r"}
    for i in (0, 1)
]
COM = ("segments", "com_x")
BODIES = {
    "built in": lambda: ADULT,
    "a number": lambda: SMALL.scale({"muscles/quadriceps_*/max_isometric_force": 0.5}),
    "what follows from it": lambda: ADULT.scale({"segments/*/mass": 1.1}),
    "all numbers of a column": lambda: ADULT.with_numbers({COM: 1e-3 + ADULT.tables[COM[0]].numbers(COM[1])}),
    "a name": lambda: bm.Model("own", dict(SMALL.tables)),
    "a muscle": lambda: ADULT.with_rows({"muscles": [STRAP], "path_points": POINTS}),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_carried(name):
    model = BODIES[name]()
    ds = bm.sweep(model, pelvic_tilt=[0.0, 2.0], variables=["activation"])
    xr.testing.assert_identical(bm.rerun(ds), ds)
    about = json.loads(ds.attrs["study"])["model"]
    assert ("changes" in about) == (name not in ("built in", "a name"))
    assert len(json.dumps(about)) < 40_000


def test_a_built_in_body_that_changed_is_told():
    ds = bm.sweep(SMALL, pelvic_tilt=0.0)
    about = json.loads(ds.attrs["study"])
    about["model"]["sha256"] = "0" * 64
    ds.attrs["study"] = json.dumps(about)
    with pytest.raises(bm.StudyError, match="the built-in model 'small' has other numbers now"):
        bm.rerun(ds)


def test_a_file_by_other_means_runs_again(tmp_path):
    ds = bm.sweep(SMALL, **ASKED["labels"])
    ds.to_netcdf(tmp_path / "own.nc", engine="h5netcdf")
    xr.testing.assert_identical(bm.rerun(xr.load_dataset(tmp_path / "own.nc", engine="h5netcdf")), ds)


def test_a_store_runs_again_into_a_store(tmp_path, small_tasks):
    bm.sweep(SMALL, to=tmp_path / "a.zarr", **NUMBER)
    found = bm.rerun(bm.open_study(tmp_path / "a.zarr"), to=tmp_path / "b.zarr", threads=2)
    same(bm.open_study(tmp_path / "a.zarr"), found)
