"""Files of trials: what they hold comes out to the bit, and what is wrong in them is refused with its place."""

from __future__ import annotations

import contextlib
import csv
import math
import os
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared_reference import OSIM

import biomech as bm
from biomech.io import _xml
from biomech.io.resampling import smooth

WALK = OSIM / "motions" / "walk_10dof"
NASTY = OSIM / "nasty"
needs_walk = pytest.mark.skipif(not WALK.exists(), reason="needs shared/reference/osim/motions")
needs_nasty = pytest.mark.skipif(not NASTY.exists(), reason="needs shared/reference/osim/nasty")

HEAD = "Coordinates\nversion=1\nnRows=2\nnColumns=3\ninDegrees=yes\nendheader\n"
PLAIN = HEAD + "time\tknee_angle_r\tpelvis_ty\n0\t-5\t0.9\n0.1\t-7\t0.91\n"
TRC = (
    "PathFileType\t4\t(X/Y/Z)\twalk.trc\nDataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\n60\t60\t2\t2\tmm\n"
    "Frame#\tTime\tKnee\t\t\tAnkle\t\t\n\t\tX1\tY1\tZ1\tX2\tY2\tZ2\n\n"
    "1\t0\t40\t450\t90\t1\t2\t3\n2\t0.017\t41\t451\t91\t\t\t\n"
)
LOADS = """<?xml version="1.0"?>
<OpenSimDocument Version="40500"><ExternalLoads name="grf"><objects>
  <ExternalForce name="right">
    <applied_to_body>{body}</applied_to_body>
    <force_expressed_in_body>ground</force_expressed_in_body>
    <point_expressed_in_body>ground</point_expressed_in_body>
    <force_identifier>f</force_identifier><point_identifier>p</point_identifier>
    <torque_identifier>m</torque_identifier>
  </ExternalForce>{more}
</objects><datafile>{data}</datafile></ExternalLoads></OpenSimDocument>
"""


def written(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def own_times(count):
    return np.arange(count) * 0.01


@pytest.fixture
def trial(tmp_path):
    """An ExternalLoads file with its storage file beside it."""

    def make(body="calcn_r", data="grf.mot", more="", rows=11):
        labels = [f"{part}{axis}" for part in "fpm" for axis in "xyz"]
        table = np.column_stack([own_times(rows), np.arange(rows * 9.0).reshape(rows, 9)])
        lines = ["grf", "endheader", "\t".join(["time", *labels]), *("\t".join(map(repr, r)) for r in table.tolist())]
        written(tmp_path, "grf.mot", "\n".join(lines))
        return written(tmp_path, "loads.xml", LOADS.format(body=body, data=data, more=more))

    return make


# ---- storage


def nasty(*kinds):
    if not NASTY.exists():
        return []
    with (NASTY / "index.csv").open() as file:
        return [row for row in csv.DictReader(file) if row["file"].endswith(kinds)]


def plain_table(path, skip):
    return np.loadtxt(path, skiprows=skip)


@needs_nasty
@pytest.mark.parametrize("row", nasty(".mot", ".sto"), ids=lambda row: row["file"])
def test_every_nasty_storage_file_gives_what_the_index_says(row, small):
    path, ours = NASTY / row["file"], row["ours"]
    reference = np.loadtxt(NASTY / "plain.mot", skiprows=7)
    names = (NASTY / "plain.mot").read_text().splitlines()[6].split()
    if ours.startswith("refused"):
        hint = {"label": "'pelvis_tilt' twice", "line": "line 8", "time": "time 0.06666667", "DataType": "DataType"}
        word = next((hint[key] for key in hint if re.search(rf"naming the {key}|\({key}\)", ours)), row["file"])
        if "or read" not in ours:
            with pytest.raises(bm.FileError, match=re.escape(word)):
                bm.read_storage(path)
            return
    ds = bm.read_storage(path)
    for column, name in enumerate(names):
        if name in ds:
            expected = reference[:, column].copy()
            if row["file"] == "nan.mot" and name == "pelvis_tx":
                expected[2] = np.nan
            np.testing.assert_array_equal(ds[name].values, expected)
    absent = {"lumbar_extension"} if row["file"] == "missing_column.mot" else set()
    unknown = {"foo"} if row["file"] == "unknown_column.mot" else set()
    assert set(ds.data_vars) == ({*names[1:]} - absent) | unknown
    assert ds.attrs["inDegrees"] == "yes"


@needs_nasty
def test_the_use_of_a_motion_says_what_is_at_its_default_and_what_is_not_used(gait2392):
    with pytest.warns(bm.BiomechWarning, match="has no .*lumbar_extension.*: at their default in model 'gait2392'"):
        bm.read_storage(NASTY / "missing_column.mot", model=gait2392)
    with pytest.warns(bm.BiomechWarning, match="not used, as no coordinates of model 'gait2392': foo"):
        bm.read_storage(NASTY / "unknown_column.mot", model=gait2392)


@needs_nasty
def test_the_use_of_a_motion_with_a_gap_names_column_and_time(gait2392):
    motion = bm.read_storage(NASTY / "nan.mot", model=gait2392)
    dims = {"foot": ["right", "left"], "axis": list("xyz")}
    force = xr.DataArray([[0.0, 360.0, 0.0]] * 2, coords=dims)
    with pytest.raises(bm.StanceError, match=r"pelvis_tx = nan, time 0\.03333333"):
        bm.static_optimization(gait2392, motion, xr.Dataset({"force": force, "point": force * 0.0}))


@needs_walk
def test_the_walk_is_read_as_numpy_reads_it():
    path = WALK / "subject01_walk_IK.mot"
    ds = bm.read_storage(path)
    names = path.read_text().splitlines()[10].split()
    table = plain_table(path, 11)
    assert list(ds.data_vars) == names[1:]
    np.testing.assert_array_equal(ds.time.values, table[:, 0])
    np.testing.assert_array_equal(np.column_stack([ds[name].values for name in names[1:]]), table[:, 1:])
    assert ds.attrs["remarks"].endswith("Angles are in degrees.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PLAIN.replace("-7", "x"), "line 9, column knee_angle_r: 'x' must be a number"),
        (PLAIN.replace("-7", "1_0"), "'1_0' must be a number"),
        (PLAIN.replace("-7", "٧"), "must be a number"),
        (PLAIN.replace("\t0.91", ""), "line 9: has 2 cells; there are 3 labels"),
        (PLAIN.replace("0.1\t", "-0.1\t"), "line 9: time -0.1 comes after 0.0; times must increase"),
        (PLAIN.replace("0.1\t", "nan\t"), "line 9: time is nan; must be finite"),
        (PLAIN.replace("time", "frame"), "line 7: begins with 'frame'; the first label must be time"),
        (PLAIN.replace("pelvis_ty", "time"), "label 'time' twice"),
        (PLAIN.replace("pelvis_ty", "/jointset/knee/knee_angle_r/value"), "label 'knee_angle_r' twice"),
        (PLAIN.replace("yes", "perhaps"), "has inDegrees=perhaps; must be yes or no"),
        (PLAIN.replace("version=1", "DataType=Vec3"), "has DataType=Vec3"),
        ("<html><body>Please log in</body></html>", "is no storage file"),
        (b"\x00\x01\x02endheader\ntime", "is no file of text"),
        ("a\nendheader\n", "nothing follows the header"),
    ],
)
def test_what_is_wrong_in_a_storage_file_is_named(tmp_path, text, said):
    path = written(tmp_path, "a.mot", text)
    with pytest.raises(bm.FileError, match=re.escape(said)) as caught:
        bm.read_storage(path)
    assert str(path) in str(caught.value)


def test_header_variants_are_read(tmp_path):
    simm = "name squat\ndatacolumns 2\ndatarows 2\nrange 0 1\nendheader\ntime knee\n0 1\n1 2\n"
    ds = bm.read_storage(written(tmp_path, "a.mot", simm))
    assert ds.attrs == {"name": "squat", "range": "0 1", "inDegrees": "yes"}
    utf16 = bm.read_storage(written(tmp_path, "b.mot", PLAIN.encode("utf-16")))
    assert utf16.identical(bm.read_storage(written(tmp_path, "c.mot", PLAIN)))
    windows = bm.read_storage(written(tmp_path, "d.mot", b"Caf\xe9 \x96\n" + PLAIN.split("\n", 1)[1].encode()))
    assert windows.attrs["name"] == "Café –"
    both = bm.read_storage(written(tmp_path, "f.mot", b"\xef\xbb\xbf" + (tmp_path / "d.mot").read_bytes()))
    assert both.identical(windows)
    blank = bm.read_storage(written(tmp_path, "e.mot", PLAIN.replace("-7", "").replace("0.91", "-1.#IND")))
    assert np.isnan(blank.knee_angle_r.values[1])
    assert np.isnan(blank.pelvis_ty.values[1])


def test_a_file_that_was_cut_is_said(tmp_path):
    path = written(tmp_path, "a.mot", PLAIN.replace("nRows=2", "nRows=3"))
    with pytest.warns(bm.BiomechWarning, match="has 2 rows, and its header says 3: it may be cut") as said:
        bm.read_storage(path)
    assert [own.filename for own in said] == [__file__]


def test_labels_of_states_are_reduced_to_coordinates(tmp_path):
    text = PLAIN.replace("pelvis_ty", "/jointset/back/pelvis_ty/value").replace(
        "knee_angle_r", "/forceset/a/activation"
    )
    ds = bm.read_storage(written(tmp_path, "a.sto", text))
    assert list(ds.data_vars) == ["/forceset/a/activation", "pelvis_ty"]
    assert ds.pelvis_ty.attrs == {"path": "/jointset/back/pelvis_ty/value"}


def test_a_motion_in_radians_becomes_degrees_by_the_model_alone(tmp_path, small):
    text = PLAIN.replace("yes", "no").replace("-5", repr(math.pi / 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bm.BiomechWarning)
        ds = bm.read_storage(written(tmp_path, "a.mot", text), model=small)
    assert ds.knee_angle_r.values[0] == pytest.approx(45.0, abs=1e-12)
    assert ds.pelvis_ty.values.tolist() == [0.9, 0.91]
    assert (ds.knee_angle_r.attrs["units"], ds.pelvis_ty.attrs["units"]) == ("deg", "m")
    assert ds.attrs["inDegrees"] == "yes"
    given = xr.Dataset({"knee_angle_r": ("time", [math.pi], {"units": "rad"})})
    assert bm.io.to_coordinates(small, given).knee_angle_r.values.tolist() == [180.0]
    unsaid = bm.read_storage(written(tmp_path, "b.mot", PLAIN.replace("inDegrees=yes\n", "")))
    with pytest.raises(bm.StanceError, match="has inDegrees = None; must be 'yes' or 'no'"):
        bm.io.to_coordinates(small, unsaid)


numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5), st.booleans())
def test_what_is_written_is_read_back_to_the_bit(tmp_path, rows, degrees):
    values = np.array(rows)
    time = np.cumsum(np.full(len(rows), 0.1))
    ds = xr.Dataset(
        {"a b": ("time", values[:, 0]), "/x/y/speed": ("time", values[:, 1]), "q": ("time", values[:, 0])},
        {"time": ("time", time, {"units": "s"})},
        {"name": "own", "version": "1", "inDegrees": "yes" if degrees else "no", "remarks": "one\ntwo"},
    )
    ds["q"].attrs["path"] = "/jointset/j/q/value"
    bm.write_storage(ds, tmp_path / "a.sto")
    back = bm.read_storage(tmp_path / "a.sto")
    assert back.identical(ds)
    for name in ds.data_vars:
        signs = np.signbit(ds[name].values) == np.signbit(back[name].values)
        assert (signs | np.isnan(ds[name].values)).all()
    assert names_in(tmp_path) == ["a.sto"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda ds: ds.expand_dims(trial=2), "'a' has trial, time; must be over time alone"),
        (lambda ds: ds.assign(b=1.0), "'b' has no dimension; must be over time alone"),
        (lambda ds: ds.assign(b=("time", ["x", "y"])), "'b' is of type"),
        (lambda ds: ds.rename(a="a\tb"), "must have a name that is a label"),
        (lambda ds: ds.rename(a="/x/q/value"), "would be read again as 'q'"),
        (lambda ds: ds.assign_coords(time=[0.0, 0.0]), "times must be finite, increase"),
        (lambda ds: ds.drop_vars("time"), "must have the coordinate time"),
        (lambda ds: ds.drop_vars("a"), "has 0 variables"),
        (lambda ds: ds.drop_attrs(), "in_degrees = None"),
        (lambda ds: ds.assign_attrs(name="x=y"), "attributes name and remarks must be words"),
        (lambda ds: ds.assign_attrs(remarks="EndHeader"), "attributes name and remarks must be words"),
    ],
)
def test_what_cannot_be_written_is_refused_and_the_file_stays(tmp_path, change, said):
    ds = xr.Dataset({"a": ("time", [1.0, 2.0])}, {"time": [0.0, 0.1]}, {"inDegrees": "yes"})
    path = written(tmp_path, "a.mot", "as it was")
    with pytest.raises(bm.StanceError, match=re.escape(said)):
        bm.write_storage(change(ds), path)
    assert path.read_text() == "as it was"
    assert names_in(tmp_path) == ["a.mot"]


def test_a_file_that_cannot_be_written_is_said(tmp_path):
    ds = xr.Dataset({"a": ("time", [1.0])}, {"time": [0.0]}, {"inDegrees": "no"})
    with pytest.raises(bm.FileError, match="cannot be written"):
        bm.write_storage(ds, tmp_path / "no folder" / "a.mot")
    with pytest.raises(bm.StanceError, match=r"must end in \.mot or \.sto"):
        bm.write_storage(ds, tmp_path / "a.csv")
    (tmp_path / "b.mot").mkdir()
    with pytest.raises(bm.FileError, match="cannot be written"):
        bm.write_storage(ds, tmp_path / "b.mot")
    assert names_in(tmp_path) == ["b.mot"]


def test_units_say_whether_angles_are_in_degrees(tmp_path):
    def said(**units):
        ds = xr.Dataset({name: ("time", [1.0], {"units": unit}) for name, unit in units.items()}, {"time": [0.0]})
        bm.write_storage(ds, tmp_path / "a.mot")
        return bm.read_storage(tmp_path / "a.mot").attrs["inDegrees"]

    assert said(a="deg", b="m") == "yes"
    assert said(a="rad") == "no"
    assert said(a="N") == "no"
    with pytest.raises(bm.StanceError, match="in deg and in rad"):
        said(a="deg", b="rad")


@needs_walk
def test_opensim_opens_what_is_written(tmp_path):
    opensim = pytest.importorskip("opensim", reason="needs the package opensim")
    ds = bm.read_storage(WALK / "subject01_walk_IK.mot")
    bm.write_storage(ds, tmp_path / "a.mot")
    table = opensim.TimeSeriesTable(str(tmp_path / "a.mot"))
    assert list(table.getColumnLabels()) == list(ds.data_vars)
    np.testing.assert_array_equal(table.getMatrix().to_numpy(), np.column_stack([own.values for own in ds.values()]))


# ---- markers


@needs_nasty
@pytest.mark.parametrize("row", nasty(".trc"), ids=lambda row: row["file"])
def test_every_nasty_trc_file_gives_what_the_index_says(row):
    lines = (NASTY / "plain.trc").read_text().splitlines()
    expected = np.array([line.split() for line in lines[6:]], dtype=float)
    with pytest.warns(bm.BiomechWarning, match="NumFrames = 151, and there are 6") as said:
        ds = bm.read_trc(NASTY / row["file"])
    assert len(said) == 1
    unit = 1.0 if row["file"] == "metres.trc" else 1000.0
    position = expected[:, 2:].reshape(6, 41, 3) / unit
    if row["file"] == "blank_cells.trc":
        position[:, 0] = np.nan
    np.testing.assert_array_equal(ds.position.values, position)
    assert ds.marker.values[:2].tolist() == ["R.ASIS", "L.ASIS"]
    assert ds.position.attrs["units"] == "m"
    np.testing.assert_array_equal(ds.frame.values, expected[:, 0])


@needs_walk
def test_markers_of_the_walk_are_read_as_numpy_reads_them():
    ds = bm.read_trc(WALK / "subject01_walk.trc")
    table = plain_table(WALK / "subject01_walk.trc", 6)
    np.testing.assert_array_equal(ds.position.values.reshape(151, -1), table[:, 2:] / 1000.0)
    np.testing.assert_array_equal(ds.time.values, table[:, 1])


def test_trc_variants_are_read(tmp_path):
    ds = bm.read_trc(written(tmp_path, "a.trc", TRC))
    assert np.isnan(ds.position.sel(marker="Ankle").values[1]).all()
    short = bm.read_trc(written(tmp_path, "b.trc", TRC.replace("91\t\t\t\n", "91\n")))
    assert short.identical(ds)
    spaces = TRC.replace("\tmm", "\tcm").replace("1\t0\t40\t450\t90\t1\t2\t3", "1 0 40 450 90 1 2 3")
    assert bm.read_trc(written(tmp_path, "c.trc", spaces)).position.values[0, 0].tolist() == [0.4, 4.5, 0.9]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TRC.replace("\tmm", "\tyard"), "has Units 'yard'; must be one of m,"),
        (TRC.replace("Ankle", "Knee"), "line 4: has the label 'Knee' twice"),
        (TRC.replace("450", "4,5"), "line 7, column Knee y: '4,5' must be a number with a decimal point"),
        (TRC.replace("0.017", "0"), "line 8: time 0.0 is there twice"),
        (TRC.replace("1\t0\t", "1.5\t0\t"), "column Frame# must be whole numbers"),
        (TRC.replace("1\t2\t3\n", "1\t2\t3\t4\n"), "line 7: has 9 cells; must have 8"),
        (TRC.replace("Knee", "").replace("Ankle", ""), "line 4: has no markers"),
        (TRC.split("1\t0\t")[0], "has labels and no rows"),
        (PLAIN, "is no TRC file"),
    ],
)
def test_what_is_wrong_in_a_trc_file_is_named(tmp_path, text, said):
    with pytest.raises(bm.FileError, match=re.escape(said)):
        bm.read_trc(written(tmp_path, "a.trc", text))


# ---- C3D

#: Corners of a plate whose x is that of the laboratory; y and z, which points into the floor, are turned.
CORNERS = np.array([[500.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 400.0, 0.0], [500.0, 400.0, 0.0]])
TURNED = np.array([1.0, -1.0, -1.0])
#: From the plate's sensor to the middle of its surface, in its own axes, mm.
ABOVE = np.array([0.0, 0.0, -40.0])


def write_trial(ezc3d, path, plate_type=2):
    """A trial of two markers, one of them lost in a frame, and a plate; its points (mm) and channels (N, N.mm)."""
    rng = np.random.default_rng(3)
    points, channels = rng.normal(size=(3, 2, 10)) * 500.0, rng.normal(size=(6, 100)) * 100.0
    channels[2] += 700.0
    channels[:, 7] = 0.0
    trial = ezc3d.c3d()
    for group, rate, labels, units in (
        ("POINT", 100.0, ["Knee", "Ankle"], ["mm"]),
        ("ANALOG", 1000.0, ["Fx", "Fy", "Fz", "Mx", "My", "Mz"], ["N"] * 3 + ["Nmm"] * 3),
    ):
        for name, value in (("RATE", [rate]), ("LABELS", labels), ("UNITS", units)):
            trial["parameters"][group][name]["value"] = value
    trial["data"]["points"] = np.concatenate([points, np.ones((1, 2, 10))])
    trial["data"]["meta_points"]["residuals"] = np.zeros((1, 2, 10))
    trial["data"]["meta_points"]["residuals"][0, 1, 3] = -1.0
    trial["data"]["analogs"] = channels[None]
    for name, values, dims in (
        ("USED", [1], (1,)), ("TYPE", [plate_type], (1,)), ("ZERO", [1, 0], (2,)), ("CHANNEL", range(1, 7), (6, 1)),
    ):  # fmt: skip
        parameter = ezc3d.ezc3d.Parameter(name)
        parameter.set(ezc3d.ezc3d.VecInt(list(values)), dims)
        trial["parameters"].add_parameter("FORCE_PLATFORM", parameter)
    trial.add_parameter("FORCE_PLATFORM", "CORNERS", CORNERS.T[:, :, None])
    trial.add_parameter("FORCE_PLATFORM", "ORIGIN", ABOVE[:, None])
    trial.write(str(path))
    return points, channels


@pytest.fixture
def ezc3d():
    return pytest.importorskip("ezc3d", reason="needs the extra c3d")


def test_markers_and_channels_of_a_trial_are_what_was_written(tmp_path, ezc3d):
    points, channels = write_trial(ezc3d, tmp_path / "a.c3d")
    ds = bm.read_c3d(tmp_path / "a.c3d")
    expected = np.float32(points).transpose(2, 1, 0) / 1000.0
    expected[3, 1] = np.nan
    np.testing.assert_allclose(ds.position.values, expected, rtol=1e-6)
    assert ds.marker.values.tolist() == ["Knee", "Ankle"]
    assert (ds.position.units, ds.force.units, ds.moment.units) == ("m", "N", "N.m")
    np.testing.assert_allclose(ds.analog.values.T, channels, rtol=1e-5, atol=1e-4)
    assert ds.analog_units.sel(channel="My") == "Nmm"
    np.testing.assert_allclose(ds.time.values, np.arange(10) / 100.0)
    np.testing.assert_allclose(ds.analog_time.values, np.arange(100) / 1000.0)


def test_a_plate_has_the_same_wrench_in_the_laboratory_as_at_its_sensor(tmp_path, ezc3d):
    _, channels = write_trial(ezc3d, tmp_path / "a.c3d")
    ds = bm.read_c3d(tmp_path / "a.c3d").isel(plate=0)
    force, moment = TURNED * channels[:3].T, TURNED * channels[3:].T / 1000.0
    middle = CORNERS.mean(axis=0) / 1000.0
    sensor = middle - TURNED * ABOVE / 1000.0
    on = np.arange(100) != 7
    np.testing.assert_allclose(ds.force.values, force, atol=1e-3)
    found = np.cross(ds.point.values - sensor, ds.force.values) + ds.moment.values
    np.testing.assert_allclose(found[on], moment[on], atol=1e-4)
    found = np.cross(middle - sensor, ds.force.values) + ds.plate_moment.values
    np.testing.assert_allclose(found, moment, atol=1e-4)
    np.testing.assert_allclose(ds.point.values[on, 2], 0.0, atol=1e-9)
    np.testing.assert_allclose(ds.moment.values[on, :2], 0.0, atol=1e-6)
    assert np.isnan(ds.point.values[7]).all()
    np.testing.assert_allclose(ds.corner.values, CORNERS / 1000.0)


def test_plates_that_are_not_known_are_left_out_and_said(tmp_path, ezc3d):
    write_trial(ezc3d, tmp_path / "a.c3d", plate_type=7)
    with pytest.warns(bm.BiomechWarning, match="its force plates are left out: .*Type 7 is not supported"):
        ds = bm.read_c3d(tmp_path / "a.c3d")
    assert {"position", "analog"} == set(ds.data_vars)


def test_a_trial_that_is_damaged_is_refused(tmp_path, ezc3d):
    """In a process of its own, which a library that reads what is not there would end."""
    write_trial(ezc3d, tmp_path / "a.c3d")
    good = (tmp_path / "a.c3d").read_bytes()
    cases = [("cut", good[:-600], "need more bytes"), ("none", b"x" * 2000, "is no C3D file"), ("html", b"<", "no C3D")]
    for name, data, said in cases:
        with pytest.raises(bm.FileError, match=said):
            bm.read_c3d(written(tmp_path, f"{name}.c3d", data))
    code = """
import contextlib, pathlib, sys, warnings
import numpy as np
import biomech as bm
warnings.simplefilter("ignore")
path = pathlib.Path(sys.argv[1])
good = path.read_bytes()
for seed in range(300):
    rng = np.random.default_rng(seed)
    data = np.frombuffer(good, dtype=np.uint8).copy()
    data[rng.integers(0, 2600, rng.integers(1, 6))] = rng.choice([0, 1, 127, 128, 255, rng.integers(256)])
    path.write_bytes(data.tobytes())
    with contextlib.suppress(bm.BiomechError):
        bm.read_c3d(path)
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.c3d")], check=True, timeout=120)


def test_without_ezc3d_the_extra_is_named(tmp_path, ezc3d, monkeypatch):
    write_trial(ezc3d, tmp_path / "a.c3d")
    monkeypatch.setitem(sys.modules, "ezc3d", None)
    with pytest.raises(bm.StanceError, match=r'path: ezc3d is not installed.*pip install "biomech\[c3d\]"'):
        bm.read_c3d(tmp_path / "a.c3d")


# ---- external loads


@needs_walk
@pytest.mark.parametrize("name", ["subject01_walk_grf.xml", "loads_local.xml"])
def test_loads_of_the_walk_are_those_of_its_table(name):
    loads = bm.read_external_loads(WALK / name)
    labels = (WALK / "subject01_walk_grf.mot").read_text().splitlines()[6].split()
    table = dict(zip(labels, plain_table(WALK / "subject01_walk_grf.mot", 7).T, strict=True))
    for load, mark in (("right", ""), ("left", "1_")):
        for variable, part in (("force", "force_v"), ("point", "force_p"), ("moment", "torque_")):
            for axis in "xyz":
                np.testing.assert_array_equal(
                    loads[variable].sel(load=load, axis=axis).values, table[f"{mark}ground_{part}{axis}"]
                )
    assert loads.segment.values.tolist() == ["calcn_r", "calcn_l"]
    assert {*loads.force_frame.values, *loads.point_frame.values} == {"ground"}


@needs_walk
def test_a_walk_goes_from_files_to_muscles(gait2392):
    with pytest.warns(bm.BiomechWarning, match="at their default"):
        motion = bm.read_storage(WALK / "subject01_walk_IK.mot", model=gait2392).isel(time=slice(0, None, 10))
    loads = bm.read_external_loads(WALK / "subject01_walk_grf.xml", times=motion.time, lowpass=6.0)
    np.testing.assert_array_equal(loads.time.values, motion.time.values)
    ds = bm.static_optimization(gait2392, motion, bm.io.to_ground_reaction(loads), reserve=100.0)
    assert (ds.status == 0).all()
    np.testing.assert_array_equal(ds.time.values, motion.time.values)
    np.testing.assert_allclose(ds.ground_force.sel(foot="left").values, loads.force.sel(load="left").values)


def test_old_and_new_loads_are_read(tmp_path, trial):
    switched = "<ExternalForce name='off'>{}<applied_to_body>x</applied_to_body></ExternalForce>"
    off = [switched.format(own) for own in ("<isDisabled>true</isDisabled>", "<appliesForce> False </appliesForce>")]
    push = (
        "<ExternalForce name='push'><applied_to_body>/bodyset/torso</applied_to_body>"
        "<force_expressed_in_body>/bodyset/torso</force_expressed_in_body><appliesForce>true</appliesForce>"
        "<force_identifier>f</force_identifier><torque_identifier>Unassigned</torque_identifier></ExternalForce>"
    )
    loads = bm.read_external_loads(trial(more="".join([*off, push])))
    assert loads["load"].values.tolist() == ["right", "push"]
    assert loads.sel(load="push").segment == "torso"
    assert (loads.sel(load="push").force_frame, loads.sel(load="push").point_frame) == ("torso", "torso")
    assert not loads.sel(load="push").moment.any()
    np.testing.assert_array_equal(loads.force.sel(load="push"), loads.force.sel(load="right"))
    with pytest.raises(
        bm.StanceError, match="'push' acts on torso; a ground reaction acts on feet, calcn_r or calcn_l"
    ):
        bm.io.to_ground_reaction(loads)


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd", "../grf.mot", "a/../../grf.mot", "C:\\data\\grf.mot", "C:grf.mot", "\\\\host\\grf.mot",
        "\\grf.mot", "..\\grf.mot", "link/grf.mot",
    ],
)  # fmt: skip
def test_a_file_chooses_no_path(tmp_path, trial, name):
    folder = tmp_path / "inner"
    folder.mkdir()
    path = trial(data=name)
    path = path.rename(folder / path.name)
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(bm.FileError, match=r"folder of the XML; give the file yourself: data="):
        bm.read_external_loads(path)
    assert bm.read_external_loads(path, data=tmp_path / "grf.mot").sizes["time"] == 11


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("grf.mot", "gone.mot", "line 10: datafile 'gone.mot': there is no such file beside the XML"),
        ("<datafile>grf.mot</datafile>", "", "names no datafile"),
        ("<applied_to_body>calcn_r</applied_to_body>", "", "line 3: load 'right' has no applied_to_body"),
        ("<force_identifier>f<", "<force_identifier>g<", "'g' must begin the labels of three columns"),
        ("ExternalLoads", "Model", "must have ExternalLoads"),
        ("</objects>", "<ExternalForce name='right'><applied_to_body>a</applied_to_body><force_identifier>f"
         "</force_identifier></ExternalForce></objects>", "has the load 'right' twice"),
        ("<?xml version=\"1.0\"?>", "<!DOCTYPE x [<!ENTITY a 'b'>]>", "line 1, outside of any element: has a DOCTYPE"),
        ("</ExternalForce>", "", "mismatched tag"),
        ("<applied_to_body>", "<isDisabled>maybe</isDisabled><applied_to_body>", "isDisabled is 'maybe'; must be true"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_loads_is_named(tmp_path, trial, old, new, said):
    path = trial()
    text = path.read_text()
    assert old in text
    written(tmp_path, "loads.xml", text.replace(old, new))
    with pytest.raises(bm.FileError, match=re.escape(said)):
        bm.read_external_loads(path)


@needs_nasty
@pytest.mark.parametrize("name", ["billion_laughs", "deep", "not_xml", "truncated", "html_login_page", "empty"])
def test_hostile_xml_is_refused_at_once(name):
    with pytest.raises(bm.BiomechError, match=name):
        _xml.read_xml(NASTY / f"{name}.osim")


@needs_nasty
@pytest.mark.parametrize("name", ["crlf", "no_declaration", "latin1_bytes", "double_colon_tag", "comments_everywhere"])
def test_odd_xml_is_read(name):
    root = _xml.read_xml(NASTY / f"{name}.osim")
    assert root.tag == "OpenSimDocument"
    assert root.child("Model") is not None


def test_elements_know_their_text_and_line(tmp_path):
    root = _xml.read_xml(written(tmp_path, "a.xml", "\n<a x='1'>\n <b> one <!-- two --> three </b><b/></a>"))
    assert (root.tag, root.attributes, root.line) == ("a", {"x": "1"}, 2)
    assert [(own.text, own.line) for own in root.every("b")] == [("one  three", 3), ("", 3)]
    assert root.value("c", "none") == "none"


def test_loads_on_one_foot_are_summed():
    rng = np.random.default_rng(1)
    dims = ("time", "load", "axis")
    parts = {name: (dims, rng.normal(size=(4, 3, 3))) for name in ("force", "point", "moment")}
    parts["force"][1][0, :2] = 0.0  # in the air, with a point that means nothing
    parts["point"][1][0, :2] = np.nan
    ground = ["ground"] * 3
    labels = {"segment": ["foot_r", "foot_r", "foot_l"], "force_frame": ground, "point_frame": ground}
    loads = xr.Dataset(parts, {"axis": list("xyz"), **{name: ("load", own) for name, own in labels.items()}})
    ground = bm.io.to_ground_reaction(loads, feet=("foot_r", "foot_l"))
    about = np.nan_to_num(np.cross(loads.point, loads.force)) + loads.moment.values
    found = np.nan_to_num(np.cross(ground.point, ground.force)) + ground.moment.values
    np.testing.assert_allclose(found[:, 0], about[:, 0] + about[:, 1], atol=1e-12)
    np.testing.assert_allclose(ground.force.values[:, 0], loads.force.values[:, :2].sum(axis=1))
    assert np.isnan(ground.point.values[0, 0]).all()
    np.testing.assert_array_equal(ground.point.sel(foot="left").values, loads.point.values[:, 2])


# ---- other times


@needs_walk
def test_between_samples_loads_are_those_of_opensim():
    """getForceAtTime, getPointAtTime and getTorqueAtTime of OpenSim 4.6 for the right foot of the walk."""
    times = [0.0004, 0.00085, 0.0033, 0.7001, 1.23456]
    loads = bm.read_external_loads(WALK / "subject01_walk_grf.xml", times=times).sel(load="right")
    force = [744.9205814677657, 744.3016793842488, 740.7135492000001, 349.0411270098391, 768.9752868208096]
    point = [0.37877865132975796, 0.3785468801968066, 0.37719738999999997, 0.7848086319511779, 0.3672996166715884]
    moment = [13.309924794888103, 13.051622818968145, 11.571520579999998, -0.6629705266250377, 4.096400885107675]
    np.testing.assert_allclose(loads.force.sel(axis="y"), force, rtol=1e-12)
    np.testing.assert_allclose(loads.point.sel(axis="x"), point, rtol=1e-12)
    np.testing.assert_allclose(loads.moment.sel(axis="y"), moment, rtol=1e-12)


def test_at_its_own_times_a_measurement_is_itself():
    rng = np.random.default_rng(2)
    time = np.cumsum(rng.uniform(0.01, 0.02, 30))
    ds = xr.Dataset({"a": (("axis", "time"), rng.normal(size=(3, 30)))}, {"time": time}, {"name": "x"})
    assert bm.io.resample(ds, ds.time).identical(ds)
    line = xr.Dataset({"a": ("time", 3.0 - 2.0 * time)}, {"time": time})
    wanted = rng.uniform(time[0], time[-1], 50)
    np.testing.assert_allclose(bm.io.resample(line, wanted).a.values, 3.0 - 2.0 * wanted, atol=1e-12)


def test_gaps_stay_gaps_but_for_points_in_the_air():
    time = np.arange(8.0)
    ds = xr.Dataset({"a": ("time", np.where((time == 3.0) | (time == 5.0), np.nan, 2.0 * time))}, {"time": time})
    found = bm.io.resample(ds, [0.5, 1.9, 2.0, 2.1, 3.0, 4.0, 4.5, 6.0, 6.5])
    np.testing.assert_allclose(found.a.values, [1.0, 3.8, 4.0, np.nan, np.nan, 8.0, np.nan, 12.0, 13.0], atol=1e-12)
    force = np.where(time < 4.0, 0.0, 10.0)[:, None] * [0.0, 1.0, 0.0]
    point = np.where(time < 4.0, np.nan, 0.2)[:, None] * [1.0, 0.0, 1.0]
    loads = xr.Dataset({"force": (("time", "axis"), force), "point": (("time", "axis"), point)}, {"time": time})
    np.testing.assert_allclose(bm.io.resample(loads, [0.5, 3.5, 5.5]).point.values, [[0.2, 0.0, 0.2]] * 3, atol=1e-12)
    loads["force"][2] = 1.0
    assert np.isnan(bm.io.resample(loads, [2.0]).point.values).all()


@pytest.mark.parametrize("beyond", [-0.05, 0.35])
def test_times_beyond_the_file_are_refused(beyond):
    ds = xr.Dataset({"a": ("time", [1.0, 2.0, 3.0, 4.0])}, {"time": [0.0, 0.1, 0.2, 0.3]})
    with pytest.raises(
        bm.StanceError, match=rf"times = {beyond} s: must be within those that were measured, 0\.0 to 0\.3"
    ):
        bm.io.resample(ds, [0.1, beyond])
    assert bm.io.resample(ds, [-5e-7, 0.3001]).a.values.tolist() == [1.0, 4.0]


@pytest.mark.parametrize("frequency", [1.0, 4.0, 6.0, 9.0, 20.0])
def test_the_low_pass_has_the_response_of_its_formula(frequency):
    """A long sine, far from its ends: amplitude by the formula of two passes, and no shift in time."""
    rate, cutoff = 100.0, 6.0
    time = np.arange(4000) / rate
    found = smooth(np.cos(2 * np.pi * frequency * time), rate, cutoff)[1000:3000]
    phase = np.exp(2j * np.pi * frequency * time[1000:3000])
    response = 2.0 * np.mean(found * phase.conj())  # whole periods
    ratio = math.tan(math.pi * frequency / rate) / math.tan(math.pi * cutoff / rate)
    assert abs(response) == pytest.approx(1.0 / (1.0 + (math.sqrt(2.0) - 1.0) * ratio**4), abs=1e-9)
    assert response.imag == pytest.approx(0.0, abs=1e-9)
    if frequency == cutoff:
        assert abs(response) == pytest.approx(math.sqrt(0.5), abs=1e-9)


def test_a_low_pass_leaves_straight_lines_alone():
    time = np.arange(50) / 100.0
    np.testing.assert_allclose(smooth(3.0 - 2.0 * time, 100.0, 6.0), 3.0 - 2.0 * time, atol=1e-7)


def test_the_low_pass_of_loads_is_that_of_force_and_moment_about_the_origin():
    """A step: the point jumps, and is none in the air; the wrench is filtered all the same."""
    time = np.arange(200) / 100.0
    on = (time > 0.5) & (time < 1.5)
    force = np.where(on, 700.0, 0.0)[:, None] * [0.1, 1.0, 0.0]
    point = np.where(on[:, None], np.stack([time, 0 * time, 0.1 + 0 * time], axis=1), np.nan)
    parts = {"force": force, "point": point, "moment": np.where(on, 3.0, 0.0)[:, None] * [0.0, 1.0, 0.0]}
    ds = xr.Dataset({name: (("time", "axis"), own) for name, own in parts.items()}, {"time": time})
    found = bm.io.resample(ds, lowpass=6.0)
    whole = np.nan_to_num(np.cross(point, force)) + parts["moment"]
    np.testing.assert_allclose(found.force, smooth(force, 100.0, 6.0), atol=1e-9)
    np.testing.assert_allclose(np.cross(found.point, found.force) + found.moment, smooth(whole, 100.0, 6.0), atol=1e-9)
    np.testing.assert_array_equal(found.point.values[on], point[on])
    assert found.point.values[0].tolist() == point[on][0].tolist()


@pytest.mark.parametrize(
    ("change", "lowpass", "said"),
    [
        (lambda ds: ds, 50.0, "lowpass = 50: must be at least 0.001 Hz, and below 50 Hz"),
        (lambda ds: ds, 0.0, "lowpass = 0: must be above 0"),
        (lambda ds: ds, 1e-9, "lowpass = 1e-09: must be at least 0.001 Hz"),
        (lambda ds: ds.isel(time=[0]), 6.0, "has one sample"),
        (lambda ds: ds.isel(time=[0, 1, 2, 7, 8]), 6.0, "steps off even times; must be even for lowpass"),
        (lambda ds: ds.where(ds.time != 0.05), 6.0, "a is not finite at time 0.05"),
    ],
)
def test_what_cannot_be_filtered_is_refused(change, lowpass, said):
    ds = xr.Dataset({"a": ("time", np.arange(20.0))}, {"time": np.round(np.arange(20) * 0.01, 2)})
    with pytest.raises(bm.StanceError, match=re.escape(said)):
        bm.io.resample(change(ds), lowpass=lowpass)


# ---- any bytes


CORPUS = {".mot": PLAIN, ".trc": TRC, ".xml": LOADS.format(body="calcn_r", data="grf.mot", more="")}
READERS = {".mot": bm.read_storage, ".trc": bm.read_trc, ".xml": bm.read_external_loads}


@pytest.mark.parametrize("kind", CORPUS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_are_read_or_refused(tmp_path, kind, data):
    """Bytes of any kind, and good files of which a piece is another."""
    good = CORPUS[kind].encode()
    piece = st.one_of(
        st.binary(max_size=8), st.sampled_from([b"\t", b"\n", b"=", b"nan", b"endheader", b"\xef\xbb\xbf"])
    )
    first = data.draw(st.integers(0, len(good)))
    last = data.draw(st.integers(first, min(len(good), first + 20)))
    spoiled = good[:first] + data.draw(piece) + good[last:]
    content = data.draw(st.one_of(st.just(spoiled), st.binary(max_size=200)))
    path = written(tmp_path, f"a{kind}", content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", bm.BiomechWarning)
        with contextlib.suppress(bm.BiomechError):
            READERS[kind](path)


def test_what_is_no_file_is_said(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path, said in [
        (tmp_path, "is no ordinary file"), (tmp_path / "gone", "there is no such file"), ("a\0b", "no NUL"),
        (tmp_path / "fifo", "is no ordinary file"), ("x" * 5000, "cannot be read"),
    ]:  # fmt: skip
        for read in (*READERS.values(), bm.read_c3d):
            with pytest.raises(bm.BiomechError, match=said):
                read(path)


def test_reading_imports_no_kernels():
    code = (
        "import sys, biomech as bm; bm.read_storage, bm.read_trc, bm.read_external_loads, bm.read_c3d, bm.io.resample;"
        "print([name for name in sys.modules if name.startswith(('biomech._kernels', 'biomech.model'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
