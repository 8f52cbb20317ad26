"""The command ``biomech``: what it prints is what the library answers, and whatever it is given it says so in words."""

from __future__ import annotations

import inspect
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import biomech as bm
from biomech.cli import main
from biomech.cli import sweep as sweep_command
from biomech.cli.outcome import Exit
from biomech.cli.settings import SETTINGS
from biomech.cli.values import read_value
from biomech.cli.wording import option
from biomech.errors import StanceError
from biomech.stance.parameters import ANGLES, CHOICES, PARAMETERS

ROOT = Path(__file__).parents[1]
BIOMECH = [sys.executable, "-m", "biomech"]
SMALL = ["sweep", "--model", "small", "--pelvic-tilt", "0"]


def shell(*arguments, **options):
    """A command in a process of its own."""
    return subprocess.run([*BIOMECH, *arguments], capture_output=True, text=True, check=False, **options)


@pytest.fixture
def say(capsys, monkeypatch):
    """A command in this process: exit code, standard output, standard error."""
    monkeypatch.delenv("COLUMNS", raising=False)  # what runs the tests may set it

    def run(*arguments):
        capsys.readouterr()
        code = main([str(own) for own in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def frame(text):
    """The columns of CSV: numbers to the last bit where all are numbers, words otherwise."""
    rows = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    return rows.apply(lambda own: own.map(_number) if own.map(_is_number).all() else own)


def _number(cell):
    return float(cell) if cell else np.nan


def _is_number(cell):
    return bool(re.fullmatch(r"(-?[\d.]+(e[+-]\d+)?)?", cell))


# what is asked


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("10", 10.0),
        ("-10", -10.0),
        (" 1e1 ", 10.0),
        ("least_effort", "least_effort"),
        ("0,15,30", [0.0, 15.0, 30.0]),
        ("0,", [0.0]),
        ("-10:10:5", [-10.0, -5.0, 0.0, 5.0, 10.0]),
        ("10:-10:-10", [10.0, 0.0, -10.0]),
        ("0:60:25", [0.0, 25.0, 50.0]),
        ("0:0.3:0.1", [0.0, 0.1, 0.2, 0.3]),
        ("5:5:1", [5.0]),
        ("least_effort,0,0:10:5", ["least_effort", 0.0, 0.0, 5.0, 10.0]),
    ],
)
def test_a_value_is_what_is_typed(typed, meant):
    assert read_value("pelvic_tilt", typed) == meant


def test_a_value_for_each_leg():
    found = read_value("knee_flexion", "left=42,right=15")
    assert found.dims == ("side",)
    assert found.sel(side="right") == 15
    assert found.sel(side="left") == 42


@pytest.mark.parametrize(
    "typed",
    ["", " ", ",", "1,,2", "0:60", "0:60:0", "0:60:-5", "a:b:c", "0:1e9:1", "0:1e999999999:1", "1:nan:1",
     "0:1e999999999:1e999999990", "right=1", "right=1,left=x", "right=1,right=2", "right=1,left=2,both=3", "=",
     "right=,left="],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_refused_by_name(typed):
    with pytest.raises(StanceError, match=r"^slope = "):
        read_value("slope", typed)


@pytest.mark.parametrize("bad", [True, None, [], [[1]], [True], {"right": 1}, {"right": 1, "left": True}, {}])
def test_a_value_of_toml_that_makes_no_sense_is_refused_by_name(bad):
    with pytest.raises(StanceError, match=r"^slope = "):
        read_value("slope", bad)


# what is answered


def test_csv_and_json_hold_the_numbers_of_sweep(say):
    asked = ["sweep", "--pelvic-tilt", "least_effort,0", "--foot-rotation", "0:60:30", "--knee-flexion", "-10,20"]
    ds = bm.sweep(bm.load_model(), pelvic_tilt=["least_effort", 0], foot_rotation=[0, 30, 60], knee_flexion=[-10, 20])
    table = bm.table(ds).reset_index()
    code, out, _ = say(*asked, "--format", "csv")
    assert code == 0
    rows = frame(out)
    assert rows.columns.tolist() == table.columns.tolist()
    code, out, _ = say(*asked, "--format", "json")
    document = json.loads(out)
    assert document["units"]["lumbar_compression"] == "N"
    assert document["message"] == ds.attrs["message"]
    for name in table.columns:
        told = [row[name] for row in document["postures"]]
        if table[name].dtype.kind == "f":
            np.testing.assert_array_equal(rows[name], table[name])
            np.testing.assert_array_equal(np.array(told, dtype=float), table[name])
        else:
            words = rows[name].map(lambda own: f"{own:g}" if isinstance(own, float) else own)
            assert words.replace("nan", "").tolist() == table[name].astype(str).tolist(), name
            assert told == table[name].tolist()


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_files_of_studies_are_those_of_sweep(say, tmp_path, ending):
    place = tmp_path / f"study{ending}"
    asked = [*SMALL, "--knee-flexion", "0:30:10", "--variables", "lumbar_compression,group_activation", "--to", place]
    assert say(*asked) == (0, "", "")
    ds = bm.sweep(
        bm.load_model("small"),
        pelvic_tilt=0,
        knee_flexion=[0, 10, 20, 30],
        variables=["lumbar_compression", "group_activation"],
    )
    for name in ds.variables:
        np.testing.assert_array_equal(bm.open_study(place)[name], ds[name])
    assert say(*asked) == (0, "", "")  # the same study is there already
    code, _, err = say(*asked, "--slope", "3")
    assert code == 1
    assert "holds another study" in err


@pytest.mark.parametrize("ending", [".csv", ".json"])
def test_a_file_of_text_is_what_would_be_printed(say, tmp_path, ending):
    place = tmp_path / f"answer{ending}"
    assert say(*SMALL, "--knee-flexion", "0,30", "--to", place)[:2] == (0, "")
    assert place.read_text() == say(*SMALL, "--knee-flexion", "0,30", "--format", ending[1:])[1]
    assert [own.name for own in tmp_path.iterdir()] == [place.name]


def test_a_single_posture_has_a_row_without_labels(say):
    _, out, _ = say(*SMALL, "--variables", "lumbar_compression", "--format", "csv")
    ds = bm.sweep(bm.load_model("small"), pelvic_tilt=0)
    assert out == f"lumbar_compression,status,valid\n{float(ds.lumbar_compression)!r},0,True\n"


def test_a_table_shows_the_same_to_the_decimals_of_its_units(say):
    code, out, err = say(*SMALL, "--knee-flexion", "0,30")
    assert (code, err) == (0, "")
    ds = bm.sweep(bm.load_model("small"), pelvic_tilt=0, knee_flexion=[0, 30])
    first, *others = out.split("\n\n")
    assert "lumbar_compression (N)" in first
    assert [line.split() for line in first.splitlines()[2:]] == [
        [f"{knee:.1f}", "optimal", "yes", f"{float(force):.0f}"]
        for knee, force in zip([0, 30], ds.lumbar_compression, strict=True)
    ]
    activation = next(block for block in others if block.startswith("group_activation:"))
    header, _, *rows = activation.splitlines()[1:]
    assert header.split() == ds.group.values.tolist()
    for row, values in zip(rows, ds.group_activation.values, strict=True):
        for shown, value in zip(row.split()[1:], values, strict=True):
            assert float(shown) == pytest.approx(value, abs=5e-4)


@pytest.mark.parametrize("angles", [{"knee_flexion": 30}, {"trunk_lean": 0, "knee_flexion": 120}])
def test_in_a_terminal_a_single_posture_is_told_in_words(say, monkeypatch, angles):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    asked = ["sweep", "--pelvic-tilt", 0, *(word for name, value in angles.items() for word in (option(name), value))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bm.BiomechWarning)
        ds = bm.sweep(bm.load_model(), pelvic_tilt=0, **angles)
    code, out, _ = say(*asked)
    assert out == f"{bm.summary(ds)}\n"
    assert code == (Exit.FINE if ds.status == 0 else Exit.NOT_HELD)
    for table in (["--format", "table"], ["--variables", "lumbar_compression"], ["--slope", "0,5"]):
        assert "lumbar_compression" in say(*asked, *table)[1]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert "lumbar_compression" in say(*asked)[1]


def test_settings_reach_sweep(say):
    said = say(
        "sweep", "--pelvic-tilt", 0, "--criterion", "power:3", "--strength", "force_length", "--threads", 2,
        "--tone", "lumbar_extensors=0.03,abdominals=0.01", "--weight", "soleus_*=2", "--stiffness-margin",
        "lumbar_extension=0", "--short-range-stiffness", 20, "--variables", "activation", "--format", "csv",
    )  # fmt: skip
    ds = bm.sweep(
        bm.load_model(),
        pelvic_tilt=0,
        criterion=bm.Power(3),
        strength="force_length",
        tone={"lumbar_extensors": 0.03, "abdominals": 0.01},
        weight={"soleus_*": 2},
        stiffness_margin={"lumbar_extension": 0},
        short_range_stiffness=20,
    )
    rows = frame(said[1])
    for name in ds.muscle.values:
        assert rows[f"activation/{name}"][0] == ds.activation.sel(muscle=name)


@pytest.mark.parametrize(("name", "criterion"), [("soft_saturation", bm.SoftSaturation()), ("min-max", bm.MinMax())])
def test_criteria_have_names(say, name, criterion):
    said = say(*SMALL, "--knee-flexion", 20, "--criterion", name, "--variables", "group_activation", "--format", "csv")
    ds = bm.sweep(bm.load_model("small"), pelvic_tilt=0, knee_flexion=20, criterion=criterion)
    assert frame(said[1])["group_activation/quadriceps"][0] == ds.group_activation.sel(group="quadriceps")


def test_bodies_are_drawn(say):
    asked = ["--bodies", 3, "--seed", 5, "--variables", "lumbar_compression", "--format", "csv"]
    rows = frame(say("sweep", "--pelvic-tilt", 0, *asked)[1])
    ds = bm.sweep(bm.uncertainty.draw_bodies(samples=3, seed=5), pelvic_tilt=0, variables=["lumbar_compression"])
    np.testing.assert_array_equal(rows["lumbar_compression"], ds.lumbar_compression)


def test_legs_and_places(say):
    asked = ["--knee-flexion", "right=15,left=42", "--support", "right", "--load-mass", 5, "--load-position=-0.1,0.3,0"]
    rows = frame(say(*SMALL, *asked, "--format", "csv")[1])
    knees = xr.DataArray([15.0, 42.0], coords={"side": ["right", "left"]}, dims="side")
    ds = bm.sweep(
        bm.load_model("small"),
        pelvic_tilt=0,
        knee_flexion=knees,
        support="right",
        load_mass=5,
        load_position=[-0.1, 0.3, 0],
    )
    assert rows["lumbar_compression"][0] == ds.lumbar_compression


def test_parameters_vary_together(say):
    asked = ["--knee-flexion", "5,90", "--trunk-lean", "0,40", "--slope", "0,5"]
    asked += ["--together", "squat=knee_flexion,trunk-lean"]
    rows = frame(say(*SMALL, *asked, "--variables", "lumbar_compression", "--format", "csv")[1])
    along = {"dims": "squat"}
    ds = bm.sweep(
        bm.load_model("small"),
        pelvic_tilt=0,
        knee_flexion=xr.DataArray([5.0, 90.0], **along),
        trunk_lean=xr.DataArray([0.0, 40.0], **along),
        slope=[0, 5],
    )
    assert ds.lumbar_compression.sizes == {"squat": 2, "slope": 2}
    found = rows.set_index(["squat", "slope"])["lumbar_compression"].to_xarray()
    np.testing.assert_array_equal(found, ds.lumbar_compression.transpose("squat", "slope"))
    np.testing.assert_array_equal(rows["knee_flexion"], rows["squat"].map({0: 5.0, 1: 90.0}))


@pytest.mark.parametrize(
    ("together", "said"),
    [
        ("a=slope,friction", "along a all need as many values; slope has 2, friction has 3"),
        ("a=slope,trunk_lean", "trunk_lean, which is not given as a list"),
        ("a=slope,knee", "'knee': there is none"),
        ("slope", "must be a dimension and what varies along it"),
        ("a=", "must be a dimension"),
        ("=slope", "must be a dimension"),
    ],
)
def test_what_cannot_vary_together_is_refused(say, together, said):
    code, out, err = say(*SMALL, "--slope", "0,5", "--friction", "0,0.3,0.6", "--together", together)
    assert (code, out) == (1, "")
    assert err.startswith("biomech: --together")
    assert said in err


# studies written down

STUDY = """
model = "small"
criterion = "power:3"
variables = ["lumbar_compression"]
format = "csv"

[stance]
pelvic_tilt = ["least_effort", 0]
knee_flexion = [5, "20:40:20"]
trunk_lean = "0,10,20"
foot_rotation = { right = 10, left = 20 }

[tone]
lumbar_extensors = 0.02

[together]
path = ["knee_flexion", "trunk_lean"]
"""


@pytest.fixture
def study(tmp_path):
    place = tmp_path / "study.toml"
    place.write_text(STUDY)
    return place


def test_a_study_file_says_what_options_say(say, study):
    options = [
        "--model", "small", "--criterion", "power:3", "--variables", "lumbar_compression", "--format", "csv",
        "--pelvic-tilt", "least_effort,0", "--knee-flexion", "5,20,40", "--trunk-lean", "0,10,20",
        "--foot-rotation", "right=10,left=20", "--tone", "lumbar_extensors=0.02",
        "--together", "path=knee_flexion,trunk_lean",
    ]  # fmt: skip
    code, out, _ = said = say("sweep", study)
    assert said == say("sweep", *options)
    assert code == 0
    assert len(frame(out)) == 6


def test_a_study_file_and_options_say_the_same_things():
    """And all that ``sweep`` takes can be said, but what only Python has."""
    options = set(inspect.signature(sweep_command.sweep).parameters)
    assert set(SETTINGS) | {*PARAMETERS, *CHOICES} == options - {"study", "force", "progress"}
    taken = set(inspect.signature(bm.sweep).parameters) - {"stance", "progress", "chunks"}
    assert set(SETTINGS) - {"bodies", "seed", "together", "format"} == taken


def test_options_come_before_the_file(say, study, tmp_path):
    rows = frame(say("sweep", study, "--pelvic-tilt", "7", "--criterion", "power:2")[1])
    ds = bm.sweep(
        bm.load_model("small"),
        pelvic_tilt=7,
        knee_flexion=xr.DataArray([5.0, 20.0, 40.0], dims="path"),
        trunk_lean=xr.DataArray([0.0, 10.0, 20.0], dims="path"),
        foot_rotation=xr.DataArray([10.0, 20.0], coords={"side": ["right", "left"]}, dims="side"),
        tone={"lumbar_extensors": 0.02},
    )
    np.testing.assert_array_equal(rows["lumbar_compression"], ds.lumbar_compression)
    place = tmp_path / "answer.json"
    assert say("sweep", study, "--to", place)[:2] == (0, "")  # in place of the file's format
    assert json.loads(place.read_text())["postures"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("modell = 'small'", "key = 'modell': there is none (did you mean 'model'?)"),
        ("[stance]\nknee_flexon = 3", "key = 'knee_flexon': there is none (did you mean 'knee_flexion'?)"),
        ("[stance]\npelvic_tilt = 99", "pelvic_tilt = 99: allowed is -25..35 deg"),
        ("[stance]\npelvic_tilt = 0\nknee_flexion = true", "knee_flexion = True: must be numbers or text"),
        ("[stance]\npelvic_tilt = 0\nslope = 2020-01-01", "slope = datetime.date(2020, 1, 1): must be numbers or text"),
        ("[stance]\npelvic_tilt = nan", "pelvic_tilt"),
        ("[stance]\npelvic_tilt = [[0]]", "pelvic_tilt = [[0]]: must be numbers or text"),
        ("[stance]\npelvic_tilt = []", "pelvic_tilt = []"),
        (f"[stance]\npelvic_tilt = {10**400}", "pelvic_tilt"),
        ("stance = 3", "stance = 3: must be a table"),
        ("model = 3\n[stance]\npelvic_tilt = 0", "model = 3: must be a name"),
        ("threads = 'x'\n[stance]\npelvic_tilt = 0", "threads = 'x': must be a whole number"),
        ("threads = true\n[stance]\npelvic_tilt = 0", "threads = True: must be a whole number"),
        ("variables = 'x'\n[stance]\npelvic_tilt = 0", "variables: there is no 'x'"),
        ("variables = 3\n[stance]\npelvic_tilt = 0", "variables = 3: must be a list of names"),
        ('to = "x\\u0000.csv"\n[stance]\npelvic_tilt = 0', "to = 'x\\x00.csv': must be the path of a file"),
        ("to = 'a.csv'\nformat = 'csv'\n[stance]\npelvic_tilt = 0", "format = 'csv': must be left out"),
        ("tone = 3\n[stance]\npelvic_tilt = 0", "tone = 3: must be text"),
        ("[tone]\nx = 1\n[stance]\npelvic_tilt = 0", "tone: no group or muscle matches 'x'"),
        ("[tone]\nabdominals = [1]\n[stance]\npelvic_tilt = 0", "tone['abdominals'] = [1]: must be a number"),
        ("together = {a = 3}\n[stance]\npelvic_tilt = 0", "together = 3: must be a list of names"),
        ("short_range_stiffness = 'x'\n[stance]\npelvic_tilt = 0", "short_range_stiffness = 'x'"),
        ("a = " + "[" * 20_000, "too deep"),
        ("a = " + "{a=" * 20_000, "too deep"),
        ("a" + ".a" * 20_000 + " = 1", "study.toml"),
        ("# " + "x" * (1 << 18), "is longer than"),
        ("a = " + "9" * 10_000, "is no TOML"),
        ("=", "is no TOML"),
        ("a = 1\na = 2", "is no TOML"),
    ],
)  # fmt: skip
def test_a_hostile_study_is_refused_by_its_name(say, tmp_path, text, said):
    place = tmp_path / "study.toml"
    place.write_text(text)
    code, out, err = say("sweep", place)
    assert (code, out) == (1, "")
    assert err.startswith(f"biomech: {place}: ")
    assert said in err
    assert err.count("\n") == 1
    assert len(err) < 2000


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x00", b"a = '\xed\xa0\x80'"])
def test_bytes_that_are_no_text_are_refused(say, tmp_path, content):
    place = tmp_path / "study.toml"
    place.write_bytes(content)
    code, _, err = say("sweep", place)
    assert code == 1
    assert "is no TOML" in err


def test_a_folder_is_no_study(say, tmp_path):
    code, _, err = say("sweep", tmp_path)
    assert code == 1
    assert "cannot be read (Is a directory)" in err


# what goes wrong


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ("sweep", 1, "--pelvic-tilt: has no default, because it decides what the back must do"),
        ("sweep --pelvic-tilt 0 --knee-flexion 200", 1, "--knee-flexion 200: allowed is -10..120 deg"),
        ("sweep --pelvic-tilt 0 --knee-flexion 0,200", 1, "--knee-flexion 200 (entry 1): allowed is -10..120 deg"),
        ("sweep --pelvic-tilt 0 --seat-height 0.4", 1, "--seat-height 0.4: needs --support seat"),
        ("sweep --pelvic-tilt bad", 1, "--pelvic-tilt 'bad': must be degrees in -25..35 deg, or a policy"),
        ("sweep --pelvic-tilt 0 --model x", 1, "--model 'x': there is none; there are adult, gait2392, small"),
        ("sweep --pelvic-tilt 0 --criterion powr", 1, "(did you mean 'power'?)"),
        ("sweep --pelvic-tilt 0 --criterion power:9", 1, "--criterion 'power:9': must be power with an exponent"),
        ("sweep --pelvic-tilt 0 --criterion min_max:2", 1, "--criterion 'min_max:2': must be min_max alone"),
        ("sweep --pelvic-tilt 0 --tone abdominals", 1, "--tone 'abdominals': must be names with numbers"),
        ("sweep --pelvic-tilt 0 --threads 0", 1, "--threads 0: must be a whole number, at least 1"),
        ("sweep --pelvic-tilt 0 --bodies 0", 1, "--bodies 0: must be a whole number"),
        ("sweep --pelvic-tilt 0 --seed -1", 1, "--seed -1: must be a whole number, at least 0"),
        ("sweep --pelvic-tilt 0 --format xml", 1, "--format 'xml': there is none; there are table, csv, json"),
        ("sweep --pelvic-tilt 0 --to a.csv --format csv", 1, "--format 'csv': must be left out"),
        ("sweep --pelvic-tilt 0 --to a.txt", 1, "--to 'a.txt': must be a file that ends in .csv, .json, .nc, .zarr"),
        ("sweep --pelvic-tilt 0 --to /no/where/a.csv", 1, "/no/where/a.csv: cannot be written (No such file"),
        ("sweep --pelvic-tilt 0 --to /no/where/a.nc", 1, "/no/where/a.nc: cannot be written (No such file"),
        ("sweep no.toml", 1, "no.toml: cannot be read (No such file or directory)"),
        ("sweep --pelvic-tilt 0 --trunk-lean 95", 3, "lower --trunk-lean: 90 deg in place of 95 deg"),
        ("sweep --pelvic-tilt", 2, "--pelvic-tilt requires an argument"),
        ("sweep --pelvic-tilt --slope 3", 2, "--pelvic-tilt needs a value; --slope stands in its place"),
        ("sweep --pelvic-tlt 0", 2, "Unknown option: --pelvic-tlt. Did you mean --pelvic-tilt? See biomech sweep"),
        ("sweep --pelvic-tilt 0 --pelvic-tilt 1", 2, "--pelvic-tilt specified multiple times"),
        ("sweep --threads x --pelvic-tilt 0", 2, "--threads"),
        ("sweep a.toml b.toml", 2, "b.toml"),
        ("swep", 2, 'Unknown command "swep". Did you mean "sweep"?'),
        ("info nobody", 1, "MODEL = 'nobody': there is none; there are adult, gait2392, small"),
        ("info small --format csv", 1, "--format 'csv': there is none; there are table, json"),
        ("scenarios squad", 1, "scenario = 'squad': there is none (did you mean 'squat'?)"),
        ("scenarios squat --to a.nc", 1, "--to 'a.nc': must be a file that ends in .csv, .json"),
        ("findings nothing", 1, "there is none"),
        ("findings --samples 1", 1, "--samples 1: must be a whole number"),
        ("page", 2, "page needs the file to write"),
        ("page a b c", 2, "page needs the file to write"),
        ("page a.txt", 2, "the page must end in .html; a.txt does not"),
        ("page no/where/a.html --pelvic-tilt 0", 1, "no/where/a.html: cannot be written (No such file"),
        ("page no.nc a.html", 1, "no.nc: there is nothing"),
        ("page no.nc a.html --slope 3", 2, "no.nc is computed already; leave out --slope"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_line_and_a_code(say, asked, code, said):
    found, out, err = say(*asked.split())
    assert (found, out) == (code, "")
    assert err.startswith("biomech: ")
    assert said in err
    assert err.count("\n") == 1


def test_postures_that_cannot_be_held_are_said_to_be(say):
    asked = ["--trunk-lean", "0,95", "--knee-flexion", "0,120", "--variables", "lumbar_compression"]
    code, out, err = say("sweep", "--pelvic-tilt", 0, *asked)
    ds = bm.sweep(bm.load_model(), pelvic_tilt=0, trunk_lean=[0, 95], knee_flexion=[0, 120])
    assert code == Exit.NOT_HELD
    rows = [line.split() for line in out.splitlines()[2:6]]
    assert [row[2] for row in rows] == ["optimal", "unreachable", "overloaded", "unreachable"]
    overloaded = float(ds.lumbar_compression.where(ds.status == 1).max())
    assert [row[4] for row in rows[1:]] == ["-", f"({overloaded:.0f})", "-"]
    assert "(...): of a posture that is not held" in out
    warning, note = err.splitlines()
    assert warning.startswith("biomech: warning: 1 optimal, 1 overloaded, 2 unreachable; posture")
    assert warning.endswith("; status says which")
    assert int((ds.status == 1).sum()) == 1
    assert "1 of 4 postures lie outside the geometry" in note


def test_geometry_that_is_not_trusted_is_said_to_be(say):
    code, out, err = say("sweep", "--pelvic-tilt", "0", "--foot-rotation", "0,60", "--variables", "lumbar_compression")
    assert code == 0
    ds = bm.sweep(bm.load_model(), pelvic_tilt=0, foot_rotation=[0, 60], variables=["lumbar_compression"])
    straight, turned = ds.lumbar_compression.values
    rows = [line.split()[2:] for line in out.splitlines()[2:4]]
    assert rows == [["yes", f"{straight:.0f}"], ["no", f"{turned:.0f}?"]]
    assert "...?: of a geometry that no measurement vouches for" in out
    assert "1 of 2 postures lie outside the geometry that measurements vouch for" in err


# files


def test_a_file_is_never_written_over_in_silence(say, tmp_path):
    for ending in (".csv", ".json", ".nc"):
        place = tmp_path / f"answer{ending}"
        place.write_text("precious")
        code, _, err = say(*SMALL, "--to", place)
        assert code == 1
        assert str(place) in err
        assert place.read_text() == "precious"
        assert say(*SMALL, "--to", place, "--force")[0] == 0
        assert place.read_bytes() != b"precious"
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_and_a_store_stay_even_by_force(say, tmp_path):
    for name in ("answer.csv", "answer.zarr", "answer.nc"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "precious").write_text("")
        code, _, err = say(*SMALL, "--to", tmp_path / name, "--force")
        assert code == 1
        assert name in err
        assert [own.name for own in (tmp_path / name).iterdir()] == ["precious"]


def test_nothing_stays_of_a_file_that_was_not_finished(say, tmp_path, monkeypatch):
    def fail(answers, form, file):
        file.write("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sweep_command, "write_answers", fail)
    place = tmp_path / "answer.csv"
    code, _, err = say(*SMALL, "--to", place)
    assert (code, err) == (1, f"biomech: {place}: cannot be written (No space left on device)\n")
    assert not list(tmp_path.iterdir())
    place.write_text("precious")
    assert say(*SMALL, "--to", place, "--force")[0] == 1
    assert place.read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_place_that_cannot_be_is_refused_before_any_work(say, tmp_path, monkeypatch):
    from biomech.cli.request import Request

    monkeypatch.setattr(Request, "solve", lambda *_, **__: pytest.fail("work was done"))
    (tmp_path / "there.csv").write_text("")
    for name in ("none/answer.csv", "there.csv", "answer.txt"):
        assert say(*SMALL, "--to", tmp_path / name)[0] == 1


# the other commands


def test_scenarios_are_listed_and_run(say):
    code, out, err = say("scenarios")
    assert (code, err) == (0, "")
    assert re.findall(r"^\w+", out, re.MULTILINE) == list(bm.scenarios.SCENARIOS)
    assert max(map(len, out.splitlines())) < 80
    asked = ["scenarios", "squat", "parallel_standing", "--variables", "lumbar_compression", "--format"]
    rows = frame(say(*asked, "csv")[1])
    for name in ("squat", "parallel_standing"):
        ds = bm.scenarios.run(name)
        own = rows[rows["scenario"] == name]["lumbar_compression"]
        np.testing.assert_array_equal(own, ds.lumbar_compression.values.ravel())
    document = json.loads(say(*asked, "json")[1])
    assert document["squat"]["meaning"] == bm.scenarios.SCENARIOS["squat"].meaning
    assert document["squat"]["postures"][0]["lumbar_compression"] == float(bm.scenarios.run("squat").lumbar_compression)
    _, out, _ = say(*asked[:-1])
    assert f"squat: {bm.scenarios.SCENARIOS['squat'].meaning}" in out


def test_warnings_say_of_which_scenario_they_speak(say):
    names = ["squat", "stair_ascent", "walking_mid_stance_soft"]
    code, _, err = say("scenarios", *names, "--model", "small", "--variables", "lumbar_compression")
    assert code == Exit.NOT_HELD
    said = re.findall(r"^biomech: warning: (\w+): \d+ overloaded; posture 0", err, re.MULTILINE)
    assert said == names[1:]
    assert all(re.match(rf"biomech: warning: ({'|'.join(names)}): ", line) for line in err.splitlines())


def test_findings_are_the_librarys_in_words(say):
    names = ["turnout_back", "leaning_back"]
    found = bm.findings.assess_hypotheses(names, samples=16, seed=3)
    code, out, err = say("findings", *names, "--samples", 16, "--seed", 3)
    assert code == 0
    assert "fewer than a thousand bodies" in err
    words = " ".join(out.split())
    for own in found:
        assert f"{own.verdict.upper()}: {own.hypothesis.text}" in words
        assert own.threshold is None or own.threshold.sentence in words
        assert bm.findings.VERDICTS[own.verdict] in words
    rows = frame(say("findings", *names, "--samples", 16, "--seed", 3, "--format", "csv")[1])
    assert rows["verdict"].tolist() == [own.verdict for own in found]
    assert rows["sentence"].tolist() == [own.hypothesis.text for own in found]
    document = json.loads(say("findings", *names, "--samples", 16, "--seed", 3, "--format", "json")[1])
    assert [own["name"] for own in document] == names


def _page(ds, folder):
    return bm.view.page(ds, folder / "wanted.html").read_text()


def test_a_page_shows_what_is_asked(say, tmp_path, study):
    target = tmp_path / "page.html"
    assert say("page", target, "--model", "small", "--pelvic-tilt", 0, "--knee-flexion", "0,30")[:2] == (0, "")
    ds = bm.sweep(bm.load_model("small"), pelvic_tilt=0, knee_flexion=[0, 30])
    first = target.read_text()
    assert first == _page(ds, tmp_path)
    code, _, err = say("page", study, target)
    assert code == 1
    assert "is there already; --force writes over it" in err
    assert target.read_text() == first
    assert say("page", study, target, "--force")[0] == 0
    assert "path" in target.read_text()
    assert target.read_text() != first


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_a_page_shows_a_study_that_is_there(say, tmp_path, ending):
    place = tmp_path / f"study{ending}"
    ds = bm.sweep(bm.load_model("small"), pelvic_tilt=0, knee_flexion=[0, 30], to=place)
    assert say("page", place, tmp_path / "page.html")[:2] == (0, "")
    assert (tmp_path / "page.html").read_text() == _page(ds, tmp_path)


def test_a_study_that_no_page_can_show_is_refused_in_words(say, tmp_path):
    place = tmp_path / "study.nc"
    bm.sweep(bm.load_model("small"), pelvic_tilt=0, variables=["lumbar_compression"], to=place)
    code, out, err = say("page", place, tmp_path / "page.html")
    assert (code, out) == (1, "")
    assert "has no coordinate_angle" in err
    assert err.count("\n") == 1
    assert [own.name for own in tmp_path.iterdir()] == ["study.nc"]


@pytest.mark.parametrize("name", ["adult", "gait2392", "small"])
def test_info_says_what_a_model_is(say, name):
    model = bm.load_model(name)
    code, out, err = say("info", name)
    assert (code, err) == (0, "")
    assert f"{model.body_mass:.1f} kg, {len(model.muscles)} muscles in {len(model.groups)} groups" in out
    words = set(re.findall(r"\w+", out))
    assert {*model.segments, *model.coordinates, *model.groups, *model.tables["joints"].rows} <= words
    about = json.loads(say("info", name, "--format", "json")[1])
    assert about["max_isometric_force_N"]["soleus_r" if name != "small" else "hamstrings_r"] == model.value(
        f"muscles/{'soleus_r' if name != 'small' else 'hamstrings_r'}/max_isometric_force"
    )
    assert sum(about["segment_mass_kg"].values()) == pytest.approx(model.body_mass)
    for table, sources in about["sources"].items():
        assert set(sources) == set(filter(None, model.tables[table].text("source")))


def test_info_says_what_is_installed(say):
    from biomech._kernels.cpu import chosen_levels

    code, out, _ = say("info")
    assert code == 0
    assert f"biomech {bm.__version__}" in out
    assert chosen_levels()[0] in out
    for name in ("adult", "gait2392", "small"):
        assert f"{len(bm.load_model(name).muscles)} muscles" in out
    assert json.loads(say("info", "--format", "json")[1])["version"] == bm.__version__


# help


def flat(text):
    """The words of a help page, without its frames and where its lines break."""
    return " ".join(re.sub(r"[^\x00-\x7f]", " ", text).split())


def test_help_says_of_each_parameter_what_the_table_says():
    said = shell("sweep", "--help", env=os.environ | {"COLUMNS": "80"})
    assert said.returncode == 0
    assert said.stderr == ""
    assert max(map(len, said.stdout.splitlines())) <= 80
    words = flat(said.stdout)
    starts = sorted(words.index(f"{option(name)} ") for name in [*PARAMETERS, *CHOICES])
    for name, row in PARAMETERS.items():
        begin = words.index(f"{option(name)} {'X,Y,Z' if row.per else ''}" if row.per == "axis" else f"{option(name)} ")
        own = words[begin : next((end for end in starts if end > begin), None)]
        assert row.long_name.lower() in own.lower(), name
        assert row.range in own, name
        assert row.default is None or row.per == "axis" or f"by default {row.default:g}" in own, name
        assert row.default is not None or "required" in own, name
        for word in ANGLES[name].names.own_words if name in ANGLES else ():
            assert f"{word.name}: {word.meaning}" in own, name
    for name, choice in CHOICES.items():
        own = words[words.index(f"{option(name)} WORD") :]
        for word in choice.names.own_words:
            assert f"{word.name}: {word.meaning}" in own, name


@pytest.mark.parametrize("command", [[], ["scenarios"], ["findings"], ["page"], ["info"]])
def test_every_command_has_help_that_fits(command):
    said = shell(*command, "--help", env=os.environ | {"COLUMNS": "80"})
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith(f"Usage: {' '.join(['biomech', *command])}")
    assert max(map(len, said.stdout.splitlines())) <= 80
    assert "\x1b" not in said.stdout


def test_help_tells_the_exit_codes():
    said = shell("--help").stdout
    for code in Exit:
        assert re.search(rf"^  {int(code)} ", said, re.MULTILINE), code


def test_help_is_quick_to_read():
    """Nothing that computes is imported for it."""
    heavy = ("numpy", "xarray", "pandas", "scipy", "matplotlib", "numba")
    code = (
        "import sys; from biomech.cli import main; main(['--help']);"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stderr.strip() == "[]"


# as a program


def test_the_version_is_that_of_the_package():
    assert shell("--version").stdout == f"biomech {bm.__version__}\n"


def test_the_script_is_this_function():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"biomech": "biomech.cli:main"}


def test_without_the_extra_it_says_what_to_install():
    code = "import sys; sys.modules['cyclopts'] = None; from biomech.cli import main; sys.exit(main(['info']))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert said.returncode == 2
    assert said.stdout == ""
    assert said.stderr == 'biomech: the command line needs cyclopts: pip install "biomech[cli]"\n'


def test_standard_output_has_the_answer_alone():
    said = shell(*SMALL, "--knee-flexion", "0,30", "--format", "csv", "--progress")
    assert said.returncode == 0
    assert len(frame(said.stdout)) == 2
    assert "posture" in said.stderr  # the bar
    assert "\x1b" not in said.stdout


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("sweep --model small --pelvic-tilt 0", 0),
        ("sweep", 1),
        ("sweep --what", 2),
        ("sweep --pelvic-tilt 0 --trunk-lean 95", 3),
    ],
)
def test_exit_codes_of_the_process(asked, code):
    said = shell(*asked.split())
    assert said.returncode == code
    assert "Traceback" not in said.stderr
    assert bool(said.stdout) is (code == 0)


def test_a_closed_pipe_is_quiet():
    asked = [*SMALL, "--slope", "0:20:0.005", "--variables", "lumbar_compression", "--format", "csv"]
    with subprocess.Popen([*BIOMECH, *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "slope,lumbar_compression,status,valid\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == Exit.CLOSED_PIPE


@pytest.mark.parametrize("command", [["info"], ["--help"], ["sweep", "-h"], [*SMALL, "--format", "json"]])
def test_a_pipe_that_is_closed_before_anything_is_written_is_quiet(command):
    with subprocess.Popen([*BIOMECH, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == Exit.CLOSED_PIPE


def test_a_closed_standard_output_is_said():
    said = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -m biomech info >&-'], stderr=subprocess.PIPE, text=True, check=False
    )
    assert said.returncode == 1
    assert said.stderr == "biomech: standard output is closed, so nobody would see the answer\n"


def test_a_closed_standard_error_keeps_standard_output_clean():
    asked = "sweep --pelvic-tilt 0 --foot-rotation 60 --variables status --format csv"
    said = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -m biomech {asked} 2>&-'], stdout=subprocess.PIPE, text=True, check=False
    )
    assert (said.returncode, said.stdout) == (0, "status,valid\n0,False\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_device_is_said(unbuffered):
    """At once, or when what was kept back is written at the end."""
    own = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w") as full:
        said = subprocess.run([*BIOMECH, *SMALL], stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=own)
    assert said.returncode == 1
    assert said.stderr == "biomech: the answer cannot be written: No space left on device\n"


#: The command, which says when it begins: what comes before is Python's.
BEGUN = "import sys; from biomech.cli import main; print('begun', flush=True); sys.exit(main())"


@pytest.mark.parametrize("to", ["study.zarr", "study.nc", "study.csv"])
def test_ctrl_c_ends_it_with_one_line(tmp_path, to):
    """Whenever it comes: while libraries are read, while the place is made, within the work."""
    for wait in np.random.default_rng(len(to)).uniform([0.0, 0.5, 1.0, 2.0], [0.5, 1.0, 2.0, 3.0]):
        asked = ["sweep", "--pelvic-tilt", "least_effort", "--slope", "0:20:0.001", "--knee-flexion", "0:60:1"]
        code, said = _interrupted([*asked, "--variables", "lumbar_compression", "--to", to], tmp_path, wait)
        # where it met an exec(), Python ends by the signal although it was handled; a shell says 130 of both
        assert (128 - code if code < 0 else code) == Exit.INTERRUPTED
        assert said.startswith("biomech: interrupted")
        assert said.count("\n") == 1
        there = [place.name for place in tmp_path.iterdir()]
        assert there == ([to] if said.endswith(f"the same command goes on with {to}\n") else [])


def test_the_same_command_goes_on(tmp_path, monkeypatch):
    """And its answer is the one that nobody interrupted, to the last bit."""
    asked = [*SMALL, "--slope", "0:20:0.02", "--knee-flexion", "0:60:1", "--to"]
    for wait in (0.5, 1.5, 2.0):
        _interrupted([*asked, "study.zarr"], tmp_path, wait)
    monkeypatch.chdir(tmp_path)
    assert [main([*asked, name]) for name in ("study.zarr", "whole.zarr")] == [Exit.NOT_HELD] * 2
    xr.testing.assert_identical(bm.open_study("study.zarr").load(), bm.open_study("whole.zarr").load())


def _interrupted(asked, folder, wait):
    """A command that Ctrl-C meets so many seconds after it began: exit code and standard error."""
    with subprocess.Popen(
        [sys.executable, "-c", BEGUN, *asked],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests may run in the background
    ) as process:
        try:
            assert process.stdout.readline() == "begun\n"
            time.sleep(wait)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, said


def test_an_argument_that_is_no_text_is_refused_in_words():
    said = subprocess.run(
        [*BIOMECH, "sweep", b"\xff.toml", "--pelvic-tilt", b"\x1b[31m\n\xff"], capture_output=True, check=False
    )
    assert said.returncode == 1
    assert b"Traceback" not in said.stderr
    assert b"\x1b" not in said.stderr


# the page of the docs


def _examples():
    """Commands of docs/reference/command_line.md, each with what stands under it."""
    page = (ROOT / "docs" / "reference" / "command_line.md").read_text()
    return re.findall(r"```sh\n(biomech.*?)```\n(?:\n```text\n(.*?)```)?", page, re.DOTALL)


def test_the_examples_of_the_docs_run(tmp_path):
    """In their order, in one folder, in which the study of the page lies."""
    page = (ROOT / "docs" / "reference" / "command_line.md").read_text()
    (tmp_path / "study.toml").write_text(re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1])
    script = tmp_path / "bin" / "biomech"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m biomech "$@"\n')
    script.chmod(0o755)
    environment = os.environ | {"PATH": f"{script.parent}:{os.environ['PATH']}", "COLUMNS": "100"}
    assert len(_examples()) >= 10
    for command, shown in _examples():
        said = subprocess.run(
            ["bash", "-euc", command], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
        )
        assert said.returncode == 0, (command, said.stderr)
        if shown:
            assert said.stdout == shown, command


# whatever it is given

WORDS = st.sampled_from(
    ["--", "--help", "-h", "--version", "sweep", "scenarios", "page", "info", "squat", "small", "adult", "0", "10",
     "-5", "0:10:5", "0,5", "right=1,left=2", "least_effort", "rhythm", "nan", "inf", "1e400", "0:1e9:1", "=", ",",
     ":", "[]", "{}", "\x00", "\n", "\x1b[2J", "🦵", "[bold]x[/bold]", "--no-progress", "--force",
     "--empty-together", "@x", "x.toml"]
)  # fmt: skip
OPTIONS = st.sampled_from(
    [*(option(name) for name in [*PARAMETERS, *CHOICES]), "--model", "--criterion", "--tone", "--weight", "--together",
     "--variables", "--format", "--threads", "--strength", "--stiffness-margin", "--short-range-stiffness", "--seed"]
)  # fmt: skip
SHORT = st.text(max_size=6)


@pytest.fixture(scope="module")
def emptied(tmp_path_factory):
    """A folder in which a command may write what it will."""
    there = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("cli"))
    yield
    os.chdir(there)


def _ends_in_words(arguments, capsys):
    capsys.readouterr()
    code = main(arguments)
    err = capsys.readouterr().err
    assert code in {0, 1, 2, 3}
    assert "Traceback" not in err
    assert all(line.startswith("biomech: ") for line in err.splitlines())
    if code:
        assert err


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arguments=st.lists(st.one_of(WORDS, OPTIONS, SHORT), max_size=7))
def test_no_arguments_show_a_traceback(arguments, capsys, emptied):
    _ends_in_words(["sweep", "--model", "small", *arguments], capsys)
    if "findings" not in arguments:
        _ends_in_words(arguments, capsys)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(OPTIONS, st.one_of(WORDS, SHORT)), max_size=4, unique_by=lambda pair: pair[0]))
def test_no_value_of_an_option_shows_a_traceback(pairs, capsys, emptied):
    given = [word for pair in pairs for word in pair]
    _ends_in_words(["sweep", "--model=small", "--pelvic-tilt=0", *given], capsys)


VALUES = st.recursive(
    st.one_of(
        st.sampled_from(['"0:10:5"', '"least_effort"', "0", "-3.5", "true", "nan", "inf", "1979-05-27", '"small"']),
        st.integers().map(str),
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda own: f"[{', '.join(own)}]"),
        inner.map(lambda own: f"{{right = {own}, left = {own}}}"),
    ),
    max_leaves=4,
)  # fmt: skip
KEYS = st.sampled_from(
    ["model", "bodies", "seed", "together", "criterion", "weight", "strength", "tone", "variables", "threads", "format",
     "short_range_stiffness", "stiffness_margin", "stance", "x", *(f"stance.{name}" for name in PARAMETERS), "stance.x",
     "tone.abdominals", "weight.soleus", "together.a"]
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(
        st.lists(st.tuples(KEYS, VALUES), max_size=4, unique_by=lambda pair: pair[0]).map(
            lambda pairs: "\n".join(f"{key} = {value}" for key, value in pairs)
        ),
        st.text(max_size=30),
    )
)
@example(text="bodies = 100000000000000000000")
@example(text="threads = 100000000000000000000")
@example(text="seed = 100000000000000000000")
def test_no_study_shows_a_traceback(text, capsys, emptied):
    Path("fuzz.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    _ends_in_words(["sweep", "fuzz.toml", "--pelvic-tilt", "0"], capsys)
    _ends_in_words(["sweep", "fuzz.toml", "--pelvic-tilt", "0", "--model", "small"], capsys)
