"""Kernels as plain Python: the same answers, seen line by line, and a clear word where a kernel branches on a lane."""

import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import odd_numbers
import pytest
from test_bushings import with_links

import biomech as bm
from biomech._kernels.child import environment
from biomech._kernels.cpu import usable_levels
from biomech._kernels.declaration import INTERPRETED, Kernel
from biomech._kernels.interpreter.lanes import LaneArray, Lanes
from biomech._kernels.library import Manifest, load, manifest_path
from biomech._simd import LANES
from biomech.statics import equilibrium

ROOT = Path(bm.__file__).parents[1]
#: What a difference is measured by; 1 for what has no unit here.
SCALE = {"N": 735.0, "N.m": 735.0, "deg": 100.0, "N.m/rad": 735.0, "kPa": 10.0, "Pa": 1e4}
#: Of the certificate: rounding itself.
ROUNDING = {"equilibrium_residual", "duality_gap"}
SWEEP = "import biomech as bm; found = bm.sweep(bm.load_model('small'), pelvic_tilt=3.0).lumbar_compression.item()"


def run(code, *command, **variables):
    """Run Python code in a fresh process, where warnings are errors."""
    kept = {name: value for name, value in os.environ.items() if name[:8] != "BIOMECH_" and name[:6] != "NUMBA_"}
    kept |= {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])} | variables
    command = [sys.executable, "-W", "error", *(command or ("-c", code))]
    return subprocess.run(command, env=kept, cwd=ROOT, capture_output=True, check=False)


def found_by(code, **variables):
    """What code leaves in ``found``."""
    done = run(f"import pickle, sys\n{code}\nsys.stdout.buffer.write(pickle.dumps(found))", **variables)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return pickle.loads(done.stdout)


def in_python(code):
    """The same, with kernels as plain Python."""
    return found_by(code, BIOMECH_KERNELS="python")


# --- the same answers


def answers():
    """Answers of the public API, by name: of each variable unit and numbers."""
    warnings.simplefilter("ignore", bm.BiomechWarning)
    adult, small, gait = bm.load_model(), bm.load_model("small"), bm.load_model("gait2392")
    angles = {"hip_flexion_r": [10.0, 90.0], "knee_angle_r": -30.0, "lumbar_extension": 5.0}
    load = {"load_mass": 200.0, "load_position": (0.3, 0.3, 0.0)}
    datasets = {
        "one posture": bm.sweep(adult, pelvic_tilt=3.0, knee_flexion=20.0, foot_rotation=10.0),
        "overloaded": bm.sweep(adult, pelvic_tilt=3.0, **load),
        "on one leg": bm.sweep(small, pelvic_tilt=0.0, trunk_lean=10.0, support=["right", "both"]),
        "out of reach": bm.sweep(small, pelvic_tilt=0.0, stance_width=1.0, knee_flexion=[0.0, 120.0]),
        "criterion": bm.sweep(small, pelvic_tilt=0.0, criterion=bm.SoftSaturation(), threads=2),
        "searched": bm.sweep(small, pelvic_tilt=["hanging", "passive", "rhythm", "least_effort"]),
        "kinematics": gait.kinematics(**angles),
        "muscles": gait.muscle_geometry(**angles),
        "gravity": gait.gravity(**angles),
        "passive": gait.passive_moment(**angles),
        "bushings": bm.sweep(with_links(small), pelvic_tilt=3.0, weight_balance=[0.45, 0.5]),
        "bushings of a pose": with_links(gait).bushing_force(**angles),
    }
    found = {
        name: {str(key): (str(v.attrs.get("units", "")), v.values) for key, v in dataset.data_vars.items()}
        for name, dataset in datasets.items()
    }
    ask = bm.prepare(small, ["trunk_lean"], ["lumbar_compression"], pelvic_tilt=0)
    found["prepared"] = {str(lean): ("N", np.array(ask(lean)["lumbar_compression"])) for lean in (5.0, 8.0)}
    rng = np.random.default_rng(0)
    a = rng.normal(size=(9, 3, 7))
    b = np.einsum("bmn,bn->bm", a, rng.uniform(0.0, 0.6, (9, 7)))
    for criterion in (bm.Power(2), bm.Power(2.5), bm.MinMax()):
        solution = bm.sharing.solve(bm.sharing.LoadSharingProblem(a, b, np.ones(7), np.ones(7)), criterion)
        found[str(criterion)] = {"value": ("", solution.value), "status": ("", solution.status)}
        if criterion == bm.Power(2):
            found["slope"] = {"unknowns": ("", solution.jvp(demand=np.ones_like(b)))}
    return found


def test_answers_are_those_of_compiled_kernels():
    assert not INTERPRETED
    compiled, python = answers(), in_python("import test_debug_kernels as t; found = t.answers()")
    assert python.keys() == compiled.keys()
    statuses = {int(s) for part in python.values() if "status" in part for s in np.ravel(part["status"][1])}
    assert statuses == {0, 1, 3}
    for case, variables in compiled.items():
        assert python[case].keys() == variables.keys()
        for name, (units, expected) in variables.items():
            value = python[case][name][1]
            if expected.dtype.kind != "f":
                np.testing.assert_array_equal(value, expected, err_msg=f"{case}: {name}")
            elif name not in ROUNDING:
                part = 1e-6 if case == "searched" else 1e-9  # an angle is searched that far
                part *= SCALE.get(units, 1.0)
                np.testing.assert_allclose(value, expected, rtol=0.0, atol=part, err_msg=f"{case}: {name}")
    for name in ROUNDING:
        assert 0.0 <= python["one posture"][name][1] <= 1e-9


def test_nothing_compiled_takes_part():
    ending = "; found = {'numba', 'llvmlite', 'biomech._kernels.library'} & set(sys.modules)"
    assert in_python(SWEEP + ending) == set()


# --- numbers mean what they mean in a compiled kernel


def numbers():
    """What the kernels of ``odd_numbers`` give."""
    x, out = np.array([1.0, 0.0, 3.0]), np.zeros(32)
    signed, unsigned = np.array([4, 0]), np.array([2, 1], dtype=np.uint64)
    returned = odd_numbers.numbers(x, signed, unsigned, np.array([True]), 1.5, 5, True, out)
    rows = np.arange(12.0).reshape(3, 4)
    odd = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 2.0, -1.0, 1.0])
    given = np.concatenate([[odd, odd[::-1]], np.random.default_rng(0).uniform(-6.0, 6.0, (20, LANES))])
    lanes = np.zeros((len(given), 20, LANES))
    odd_numbers.lanes(given, lanes)
    total, finite = odd_numbers.counted(rows, unsigned[::-1].copy()), odd_numbers.is_finite(np.inf)
    types = [type(one).__name__ for one in (returned, total, finite)]
    return {"numbers": out, "lanes": lanes, "returned": returned, "total": total, "finite": finite, "types": types}


@pytest.fixture
def compiled_numbers(tmp_path, monkeypatch):
    """``odd_numbers`` compiled, all at once."""
    names = ("numbers", "counted", "is_finite", "lanes")
    asked = [part for name in names for part in ("--entry", f"odd_numbers.{name}")]
    done = run("", "-m", "biomech._kernels.compiler", str(tmp_path), *asked)
    assert done.returncode == 0, done.stderr.decode()
    level = usable_levels()[0]
    for name in names:
        entry = getattr(odd_numbers, name)
        monkeypatch.setattr(entry, "_compiled", load(Manifest.read(manifest_path(tmp_path, level)), entry, level))


@pytest.mark.skipif(not usable_levels(), reason="no level is known of this machine")
def test_numbers_are_those_of_compiled_kernels(compiled_numbers):
    compiled, python = numbers(), in_python("import test_debug_kernels as t; found = t.numbers()")
    for name in ("returned", "total", "finite", "types"):
        assert python[name] == compiled[name], name
    assert python["types"] == ["float", "int", "bool"]
    np.testing.assert_array_equal(python["numbers"], compiled["numbers"])
    assert np.isinf(python["numbers"]).sum() > 8
    # compiled sums are taken in another order; exp(700) multiplies what rounding does to 700
    for column in range(python["lanes"].shape[1]):
        value, expected = python["lanes"][:, column], compiled["lanes"][:, column]
        np.testing.assert_allclose(value, expected, rtol=1e-13, atol=4e-16, err_msg=str(column))


def test_values_of_lanes():
    """What is read or computed is a value of its own, as in a compiled kernel."""
    array = LaneArray(np.zeros((2, LANES)))
    first = total = array[0]
    total += 1.0
    array[0] = 5.0
    assert (first.tolist(), total.tolist()) == ([0.0] * LANES, [1.0] * LANES)
    assert isinstance(np.float64(2.0) * total, Lanes)
    assert repr(array) == "LaneArray([5., 0.], the same in every lane)"
    assert repr(total > 0.0) == "Lanes(True, the same in every lane)"
    with pytest.raises(IndexError, match="2 indices for an array of lanes in 1 dimensions"):
        array[0, 3]
    with pytest.raises(IndexError, match="2 indices"):
        array[0, 3] = 1.0


# --- what a debugger and coverage see


def test_every_line_of_a_kernel_is_seen():
    """As ``coverage`` and ``pdb`` see it: by the trace function of Python."""
    code = (
        "import sys; from biomech.statics import equilibrium\nfound = set()\n"
        "def trace(frame, event, argument):\n"
        "    if frame.f_code.co_filename == equilibrium.__file__ and event == 'line':\n"
        "        found.add((frame.f_code.co_name, frame.f_lineno))\n"
        "    return trace\n"
        "sys.settrace(trace)\nimport biomech as bm\nbm.sweep(bm.load_model('small'), pelvic_tilt=3.0)\n"
        "sys.settrace(None)"
    )
    function = equilibrium.assemble_equilibrium.function
    seen = {line for name, line in in_python(code) if name == function.__name__}
    first = function.__code__.co_firstlineno
    lines = {line for _, _, line in function.__code__.co_lines() if line is not None and line > first}
    source = Path(equilibrium.__file__).read_text().splitlines()
    # neither elements from outside nor passive paths act here
    lines -= {k for k, text in enumerate(source, 1) if "forces.outside" in text or "forces.tension" in text}
    assert len(lines) > 15
    assert lines <= seen


def test_a_debugger_stops_in_a_kernel(tmp_path):
    script = tmp_path / "ask.py"
    script.write_text("import biomech as bm\nbm.sweep(bm.load_model('small'), pelvic_tilt=3.0)\n")
    source = Path(equilibrium.__file__)
    line = next(k for k, text in enumerate(source.read_text().splitlines(), 1) if text.startswith("    strength("))
    commands = [f"b {source}:{line}", "c", "w", "p demand", "p DEMAND_ROUNDING, len(entries.rows)", "q"]
    asked = [part for command in commands for part in ("-c", command)]
    done = run("", "-m", "pdb", *asked, str(script), BIOMECH_KERNELS="python")
    said = done.stdout.decode()
    assert f"equilibrium.py({line})assemble_equilibrium()" in said
    assert "Lanes(" in said
    assert "the same in every lane)" in said
    assert f"({equilibrium.DEMAND_ROUNDING}, " in said


# --- branching on a lane

BRANCHES = {
    "branch_if": "if x > y:",
    "branch_while": "while x > 0.0:",
    "branch_and": "x > 0.0 and x < 1.0",
    "branch_not": "not x > 0.0",
}


def lines_of_branches():
    text = Path(odd_numbers.__file__).read_text().splitlines()
    return {name: next(k for k, line in enumerate(text, 1) if part in line) for name, part in BRANCHES.items()}


def test_branching_is_refused_in_python():
    code = (
        "import numpy as np, traceback, odd_numbers\nfound = {}\n"
        f"for name in {list(BRANCHES)}:\n"
        f"    try: getattr(odd_numbers, name)(np.ones((1, {LANES})))\n"
        "    except TypeError as error: found[name] = str(error), traceback.extract_tb(error.__traceback__)[-2].lineno"
    )
    found = in_python(code)
    for name, line in lines_of_branches().items():
        assert "branching on a lane: " in found[name][0]
        assert "use select(condition, yes, no)" in found[name][0]
        assert found[name][1] == line


def test_branching_is_refused_by_the_compiler():
    code = (
        "import odd_numbers\nfrom biomech._kernels.compiler.lowering import _compile\nfound = {}\n"
        f"for name in {list(BRANCHES)}:\n"
        "    try: _compile(getattr(odd_numbers, name))\n"
        "    except TypeError as error: found[name] = str(error)"
    )
    found = found_by("import warnings; import numba; warnings.simplefilter('default')\n" + code)
    for name, line in lines_of_branches().items():
        assert found[name].startswith(f"odd_numbers.{name}: {odd_numbers.__file__}:{line}: branching on a lane: ")
        assert "use select(condition, yes, no)" in found[name]


def test_branching_is_refused_where_an_entry_point_is_called(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("BIOMECH_CACHE_DIR", str(tmp_path))
    with pytest.raises(
        bm.KernelError, match=r"(?s)branch_if: could not be compiled:.*use select\(condition, yes, no\)"
    ):
        odd_numbers.branch_if(np.ones((1, LANES)))
    assert not list(tmp_path.glob("*.json"))


# --- the switch


def test_an_unknown_value_is_refused():
    done = run(SWEEP, BIOMECH_KERNELS="pyton")
    assert done.returncode == 1
    said = done.stderr.decode().splitlines()[-1]
    assert said.startswith(
        "biomech.errors.KernelError: BIOMECH_KERNELS = 'pyton': must be 'compiled' (the default) or "
    )
    assert "'python'" in said


@pytest.mark.parametrize("variables", [{}, {"BIOMECH_KERNELS": ""}, {"BIOMECH_KERNELS": "compiled"}], ids=str)
def test_kernels_are_compiled_unless_asked_otherwise(variables):
    code = "from biomech.statics import equilibrium as e; found = type(e.assemble_equilibrium).__name__"
    assert found_by(code, **variables) == "Kernel"
    assert in_python(code) == "function"


def test_numba_switched_off_changes_nothing():
    """Numba's own switch: compiled kernels need no Numba, and the compiler is a process of its own."""
    assert found_by(SWEEP, NUMBA_DISABLE_JIT="1") == found_by(SWEEP)


def test_a_kernel_may_be_declared_again():
    code = "import odd_numbers; from biomech._kernels import entry_point\n"
    assert in_python(code + "found = entry_point(odd_numbers.is_finite.function)(float('inf'))") is False


def test_arguments_are_checked_as_those_of_compiled_kernels():
    code = (
        "import numpy as np, odd_numbers\ntry: odd_numbers.branch_if(np.ones(8))\n"
        "except TypeError as error: found = str(error)"
    )
    expected = "arguments do not fit: given is an array of f8 in 1 dimensions, not an array of f8 in 2 dimensions"
    assert in_python(code) == f"odd_numbers.branch_if: {expected}"


def test_the_compiler_is_not_told(monkeypatch, tmp_path):
    monkeypatch.setenv("BIOMECH_KERNELS", "python")
    assert "BIOMECH_KERNELS" not in environment([])
    done = run("", "-m", "biomech._kernels.compiler", str(tmp_path), BIOMECH_KERNELS="python")
    assert done.returncode == 2
    assert (
        "BIOMECH_KERNELS = 'python': kernels run as plain Python, so there is nothing to compile"
        in done.stderr.decode()
    )
    assert not list(tmp_path.iterdir())


def test_kernels_stay_where_python_cannot_call_them():
    assert isinstance(odd_numbers._larger, Kernel)
    with pytest.raises(TypeError, match=r"odd_numbers\._larger: only kernels call it"):
        odd_numbers._larger(1.0, 2.0)
