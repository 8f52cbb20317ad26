"""What type checkers and editors see of stance parameters is what the table says."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import biomech as bm
from biomech.stance.generated import typed
from biomech.stance.parameters import CHOICES, CODES, COLUMN, PARAMETERS, RESERVED
from biomech.stance.registration import OPTIONS
from biomech.stance.stance import Stance
from biomech.stance.written.documents import WRITTEN

ROOT = Path(__file__).parents[1]

#: Calls, and what mypy says of each; nothing where it takes it.
CALLS = {
    "bm.sweep(m, pelvic_tilt=0, foot_rotation=10)": "",
    "bm.sweep(m, pelvic_tilt=[0, 'least_effort'], knee_flexion=np.linspace(0, 60, 7), support=['both', 'right'])": "",
    "bm.sweep(m, pelvic_tilt='hanging', foot_rotation=range(0, 61, 5), knee_flexion=[-10, 0, 15.5])": "",
    "bm.sweep(m, pelvic_tilt=np.float64(3), slope=xr.DataArray([0.0, 5.0], dims='time'), variables=['activation'])": "",
    "bm.sweep(m, pelvic_tilt=0, weight_shift=series, load_mass=5, load_position=(0.3, 0.1, 0))": "",
    "bm.sweep(m, **asked)": "",
    "bm.stability(m, pelvic_tilt=0, foot_rotation=10, criterion=bm.Power(3))": "",
    "bm.prepare(m, ['knee_flexion'], ['status'], pelvic_tilt='rhythm', foot_rotation=10, arms='fixed')": "",
    "bm.prepare(m, ['pelvic_tilt'], ['status'])": "",
    "bm.sweep(m, pelvic_tilt=0, foot_rotaton=10)": '"foot_rotaton" for "sweep"; did you mean "foot_rotation"',
    "bm.stability(m, pelvic_tilt=0, foot_rotaton=10)": '"foot_rotaton" for "stability"',
    "bm.prepare(m, ['slope'], ['status'], pelvic_tilt=0, foot_rotaton=10)": '"foot_rotaton" for "prepare"',
    "bm.sweep(m, foot_rotation=10)": 'Missing named argument "pelvic_tilt"',
    "bm.sweep(m, pelvic_tilt='dangling')": '"pelvic_tilt" to "sweep" has incompatible type',
    "bm.sweep(m, pelvic_tilt=0, support='chair')": '"support" to "sweep" has incompatible type',
    "bm.sweep(m, pelvic_tilt=0, slope='steep')": '"slope" to "sweep" has incompatible type',
    "bm.sweep(m, pelvic_tilt=0, slope=None)": '"slope" to "sweep" has incompatible type',
    "bm.sweep(m, pelvic_tilt=0, load_mass=5, load_position=0.3)": '"load_position" to "sweep" has incompatible type',
    "bm.prepare(m, ['slope'], ['status'], pelvic_tilt=0, knee_flexion=[0, 30])": '"knee_flexion" to "prepare" has',
}
HEAD = """\
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import biomech as bm

m = bm.load_model()
asked: dict[str, Any] = {"pelvic_tilt": 0}
series = pd.Series([0.3, 0.4])
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What mypy says of each call."""
    file = tmp_path_factory.mktemp("typing") / "calls.py"
    file.write_text(HEAD + "\n".join(CALLS) + "\n")
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.stderr
    first = HEAD.count("\n") + 1
    found = {first + i: "" for i in range(len(CALLS))}
    for line in done.stdout.splitlines():
        where = re.search(r"calls\.py:(\d+): error: (.*)", line)
        if where:
            found[int(where[1])] += where[2]
    return dict(zip(CALLS, found.values(), strict=True))


@pytest.mark.parametrize("call", CALLS)
def test_what_mypy_says_of_a_call(said, call):
    assert CALLS[call] in said[call]
    assert bool(CALLS[call]) == bool(said[call])


@pytest.mark.parametrize("file", WRITTEN)
def test_what_the_table_writes_stands_there(file):
    """After a change of the table: ``python -m biomech.stance``."""
    text = (ROOT / file).read_text(encoding="utf-8")
    assert WRITTEN[file](text) == text
    for name, row in PARAMETERS.items():
        assert re.search(rf"`{name}`|\b{name}: |\b{name.upper()} = {COLUMN[name]}\n", text), name
        assert f"{row.least:g}..{row.most:g}" in text or f"{name.upper()} = " in text, name


def test_help_says_what_is_taken():
    text = inspect.getdoc(bm.sweep)
    for name, row in PARAMETERS.items():
        assert re.search(rf"- ``{name}``: {re.escape(row.long_name[:20])}", text), name
    for choice in CHOICES.values():
        assert ", ".join(f'"{word}"' for word in choice.names) in " ".join(text.split())


def test_types_name_every_parameter():
    for kind in (typed.StanceParameters, typed.FixedParameters):
        assert set(kind.__annotations__) == {*PARAMETERS, *CHOICES}
    required = {name for name, row in PARAMETERS.items() if row.default is None}
    assert typed.StanceParameters.__required_keys__ == required == {"pelvic_tilt"}
    assert not typed.FixedParameters.__required_keys__


def test_rows_and_fields_are_one():
    assert list(CODES) == [field.name for field in fields(Stance) if field.name not in ("values", "body")]
    assert list(COLUMN) == list(PARAMETERS)
    ends = [COLUMN[name] + row.width for name, row in PARAMETERS.items()]
    assert [0, *ends[:-1]] == list(COLUMN.values())


def test_options_are_those_of_the_calls():
    """A stance parameter that bore the name of one could never be asked for."""
    taken = {name for call in (bm.sweep, bm.stability, bm.prepare) for name in inspect.signature(call).parameters}
    assert set(OPTIONS) == taken - {"stance", "fixed"}


def test_dimensions_of_the_answer_are_reserved():
    ds = bm.sweep(bm.load_model(), pelvic_tilt=["least_effort"])
    assert set(map(str, ds.dims)) - {"tilt_policy"} - {"axis"} <= set(RESERVED)


def test_kernels_read_the_tables_columns():
    """A table that was changed, and not written anew, would have kernels read one parameter for another."""
    code = "from biomech.stance.generated import columns; columns.SLOPE += 1; import biomech.statics.posture"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "KernelError" in done.stderr
    assert "run python -m biomech.stance" in done.stderr
