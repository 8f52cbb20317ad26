"""How kernels are compiled, found and called: libraries, fingerprints, CPU levels, and what happens where none fits."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import plug_in
import pytest

import biomech as bm
from biomech._kernels import cpu, entry_point, kernel
from biomech._kernels.arrays import Array1
from biomech._kernels.declaration import ENTRY_POINTS, package_entry_points
from biomech._kernels.fingerprint import Sources
from biomech._kernels.interface import signature_of
from biomech._kernels.library import BUILT, Manifest, NotThere, Unfit, hash_of, load, manifest_path

ROOT = Path(bm.__file__).parents[1]
SWEEP = "import biomech as bm; print(*bm.sweep(bm.load_model('small'), pelvic_tilt=[0, 3]).lumbar_compression.values)"
PLUG_IN = "import numpy as np, plug_in; print(plug_in.total(np.arange(4.0), np.empty(4)))"
#: Where Numba cannot be imported, nothing is compiled in secret.
WITHOUT_NUMBA = "import sys; sys.modules['numba'] = sys.modules['llvmlite'] = None; "


def run(code, package=ROOT, **environment):
    """Run Python code in a fresh process, with the package from a folder."""
    paths = os.pathsep.join([str(package), str(ROOT / "tests")])
    own = {name: str(value) for name, value in environment.items() if value is not None}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BIOMECH_")}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=kept | {"PYTHONPATH": paths} | own, cwd=package, capture_output=True, text=True, check=False
    )


def answer(code, package=ROOT, **environment):
    """What it prints, and what it says on the way."""
    done = run(code, package, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


@pytest.fixture(scope="module")
def libraries():
    """The libraries of this checkout, compiled if they are not there."""
    subprocess.run([sys.executable, "-m", "biomech._kernels.compiler", str(BUILT)], cwd=ROOT, check=True)
    return BUILT


@pytest.fixture
def checkout(libraries, tmp_path):
    """A copy of the package and its libraries, to be spoilt."""
    ignored = shutil.ignore_patterns("__pycache__", "lib")
    shutil.copytree(ROOT / "biomech", tmp_path / "biomech", ignore=ignored)
    shutil.copytree(libraries, tmp_path / "build" / "kernels")
    return tmp_path


def edit(package, name, old, new):
    path = package / "biomech" / name
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


# --- the interface


def test_numbers_and_arrays_arrive():
    x, out = np.arange(5.0), np.empty(5)
    assert plug_in.total(x, out) == 20.0
    np.testing.assert_array_equal(out, x * x)
    assert plug_in.is_rising(x) is True
    assert plug_in.is_rising(-x) is False
    handed = (np.empty((2, 3)), np.arange(4), np.array([True, False, True]), np.arange(6, dtype=np.uint64))
    assert plug_in.count(*handed, True, 7) == 2 * 10000 + 3 * 1000 + 400 + 20 + 5 + 1 + 7
    assert plug_in.count(*handed, np.True_, np.int32(-7)) == 2 * 10000 + 3 * 1000 + 400 + 20 + 5 + 1 - 7


def test_nothing_and_what_cannot_be_written():
    x = np.arange(3.0)
    x.flags.writeable = False
    assert plug_in.total(x, np.empty(3)) == 6.0
    assert plug_in.total(np.empty(0), np.empty(0)) == 0.0
    empty = (np.empty((0, 5)), np.empty(0, dtype=np.int64), np.empty(0, dtype=bool), np.empty(0, dtype=np.uint64))
    assert plug_in.count(*empty, False, 0) == 5 * 1000


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (
            (np.arange(6.0)[::2], np.empty(3)),
            r"x is an array of f8 in 1 dimensions \(not aligned and C-contiguous\), not an array of f8",
        ),
        ((np.arange(3), np.empty(3)), "x is an array of i8 in 1 dimensions, not an array of f8 in 1 dimensions"),
        (
            (np.arange(3.0)[:, None], np.empty(3)),
            "x is an array of f8 in 2 dimensions, not an array of f8 in 1 dimensions",
        ),
        ((np.arange(3.0).astype(">f8"), np.empty(3)), r"x is an array of f8 in 1 dimensions \("),
        ((np.arange(3.0), 3.0), r"out is a number \(float\), not an array of f8"),
        ((np.arange(3.0), None), "out is NoneType, not an array"),
        ((np.arange(3.0), [1.0, 2.0]), "out is list, not an array"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_arguments_that_do_not_fit_are_refused(arguments, match):
    with pytest.raises(TypeError, match=f"plug_in.total: arguments do not fit: .*{match}"):
        plug_in.total(*arguments)


def test_arguments_by_name_and_too_few():
    assert plug_in.total(out=np.empty(2), x=np.ones(2)) == 4.0
    with pytest.raises(TypeError, match="missing a required argument: 'out'"):
        plug_in.total(np.ones(2))
    with pytest.raises(TypeError, match="too many positional arguments"):
        plug_in.total(np.ones(2), np.ones(2), 1)


def test_a_bound_call_reads_what_the_arrays_hold_now():
    x, out = np.arange(3.0), np.empty(3)
    call = plug_in.total.bind(x, out)
    assert call() == 6.0
    x[:] = 2.0
    assert call() == 12.0
    np.testing.assert_array_equal(out, 4.0)


def test_memory_is_given_back():
    """A kernel that makes arrays of 8 MB, 400 times."""
    code = (
        "import resource, numpy as np, plug_in; x = np.ones(1 << 20); out = np.empty(1 << 20); plug_in.total(x, out);"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; [plug_in.total(x, out) for _ in range(400)];"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    assert int(answer(code)[0]) < 64 << 10


def test_no_memory_is_an_error():
    code = (
        "import resource, numpy as np, plug_in; x = np.ones(1 << 24); out = np.empty(1 << 24);"
        "plug_in.total(x[:1], out);"
        "used = int(open('/proc/self/statm').read().split()[0]) * 4096;"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20),) * 2); plug_in.total(x, out)"
    )
    assert "MemoryError: plug_in.total: no memory" in run(code).stderr


def test_annotations_say_what_is_meant():
    def vague(x: np.ndarray) -> None: ...

    def tangled(x: Array1) -> Array1: ...

    with pytest.raises(TypeError, match=r"vague: x is annotated .*; it must say which array or number it is"):
        signature_of(vague)
    with pytest.raises(TypeError, match=r"tangled: returns .*; an entry point gives a number or nothing"):
        signature_of(tangled)
    assert signature_of(plug_in.count.function) == (("f82", "i81", "b11", "u81", "b", "i"), "i")


def test_kernels_are_called_by_kernels():
    @kernel
    def inside(x):
        return x

    with pytest.raises(TypeError, match="only kernels call it"):
        inside(1.0)


# --- fingerprints


@pytest.fixture(scope="module")
def unedited():
    """Fingerprints of the package as it is."""
    return fingerprints(ROOT)


def fingerprints(package):
    """Fingerprint of every entry point of a copy of the package."""
    names = [entry.name for entry in package_entry_points()]
    code = (
        "import json; from biomech._kernels.fingerprint import Sources;"
        f"s = Sources(); print(json.dumps({{n: s.fingerprint(n)[0] for n in {names!r}}}))"
    )
    return json.loads(answer(code, package)[0])


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("sharing/dual_newton.py", '"""', '"""More is said. ', ""),
        ("sharing/dual_newton.py", "\n@kernel\ndef share_load(", "\n# a comment\n@kernel\ndef share_load(", ""),
        (
            "statics/ground.py",
            "nx, ny, nz = floor[0], floor[1], floor[2]",
            "nx,  ny, nz = (floor[0], floor[1],floor[2])",
            "",
        ),
        ("sharing/criteria/power.py", "return v / (2.0 * weight), 0.5", "return 0.5 * v / weight, 0.5", ""),
        ("statics/equilibrium.py", "return cls(np.zeros((count, LOAD))", "return cls(0 * np.ones((count, LOAD))", ""),
        ("statics/ground.py", "loaded = pressure > 1e-6\n", "loaded = pressure > 1e-7\n", "some"),
        ("sharing/dual_newton.py", "TOLERANCE = 1e-12", "TOLERANCE = 1e-11", "some"),
        ("_simd/dense_ldl.py", "inverse = 1.0 / pivot\n", "inverse = 1.00 / pivot\n", ""),
        ("_simd/dense_ldl.py", "inverse = 1.0 / pivot\n", "inverse = 2.0 / pivot\n", "some"),
        ("statics/posture_newton.py", "    load: Array2\n", "    load: Array2\n    more: Array2\n", "some"),
        ("stance/parameters.py", "coefficient of friction of the floor", "friction of the floor", ""),
        ("_simd/number.py", "LANES = 8", "LANES = 4", "all"),
    ],
)
def test_what_an_edit_compiles(checkout, unedited, file, old, new, changed):
    before = unedited
    path = checkout / "biomech" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    after = fingerprints(checkout)
    different = {name for name in before if before[name] != after[name]}
    if changed == "some":
        assert "biomech.pipeline.pipeline_kernel.solve_batch_simd" in different
        assert "biomech.sharing.block_sparsity.scan" not in different
    else:
        assert different == (set(before) if changed == "all" else set())


def test_fingerprints_of_a_plug_in_follow_its_constants(tmp_path, monkeypatch):
    text = (ROOT / "tests" / "plug_in.py").read_text()

    def fingerprint(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        return Sources().fingerprint(f"{name}.total")

    first, modules = fingerprint("plug_one", text)  # it imports biomech, and through it NumPy
    assert "plug_one" in modules
    assert not any(module.startswith(("numpy", "numba")) for module in modules)
    swapped = [text, text.replace("FACTOR = 2.0", "FACTOR = 3.0"), text.replace("class Pair", "class Pairs")]
    found = [fingerprint("plug_one", version)[0] for version in swapped]
    assert found[0] == first
    assert found[1] != first
    assert found[2] == first


#: What a module may look like: constants, and an edit of them that the kernel sees.
FORMS = {
    "plain": ("X = 2.0", "X = 3.0", "X"),
    "tuple": ("X = (1.0, 2.0)", "X = (1.0, 3.0)", "X[1]"),
    "computed": ("def make():\n    return 2.0\nX = make()", "def make():\n    return 3.0\nX = make()", "X"),
    "by a method": (
        "class T:\n    @staticmethod\n    def make():\n        return 2.0\nX = T.make()",
        "class T:\n    @staticmethod\n    def make():\n        return 3.0\nX = T.make()",
        "X",
    ),
    "conditional": ("if 1 > 0:\n    X = 2.0", "if 1 > 0:\n    X = 3.0", "X"),
    "in place": ("L = [0.0]\nL[0] = 2.0\nX = L[0]", "L = [0.0]\nL[0] = 3.0\nX = L[0]", "X"),
    "by globals": ("globals()['X'] = 2.0", "globals()['X'] = 3.0", "X"),
    "array": ("import numpy as np\nX = np.array([2.0])", "import numpy as np\nX = np.array([3.0])", "X[0]"),
    "from a file": (
        "from pathlib import Path\nX = float(Path(__file__).with_suffix('.txt').read_text())  # 2.0",
        "from pathlib import Path\nX = float(Path(__file__).with_suffix('.txt').read_text())  # 3.0",
        "X",
    ),
}
#: How the kernel's module comes by it.
IMPORTS = {
    "from": ("from form_pack.constants import X", "X"),
    "alias": ("from form_pack.constants import X as Y", "Y"),
    "submodule": ("from form_pack import constants", "constants.X"),
    "relative": ("from . import constants", "constants.X"),
    "dotted": ("import form_pack.constants", "form_pack.constants.X"),
    "star": ("from form_pack.constants import *", "X"),
    "guarded": ("try:\n    from form_pack.constants import X\nexcept ImportError:\n    X = 0.0", "X"),
    "elsewhere": ("from form_beside import X", "X"),
}


def _fingerprint_of(folder, constants, imports, name):
    """Fingerprint of an entry point in a package, in a fresh process."""
    package = folder / "form_pack"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "constants.py").write_text(constants)
    (package / "constants.txt").write_text("3.0" if "3.0" in constants else "2.0")
    (folder / "form_beside.py").write_text(constants)
    (package / "main.py").write_text(
        f"from biomech._kernels import entry_point, kernel\n{imports}\n\n\n@kernel\ndef inside(x):\n"
        f"    return {name} * x\n\n\n"
        "@entry_point\ndef ask(x: float) -> float:\n    return inside(x)\n"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(folder)!r}); import form_pack.main;"
        "from biomech._kernels.fingerprint import Sources; print(Sources().fingerprint('form_pack.main.ask')[0])"
    )
    return answer(code)[0]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_constant_counts(tmp_path, form):
    before, after, name = FORMS[form]
    imports = "from form_pack.constants import X"
    first, same, other = (_fingerprint_of(tmp_path, c, imports, name) for c in (before, before + "\n# more", after))
    assert first == same
    assert first != other


@pytest.mark.parametrize("way", IMPORTS)
def test_every_way_of_importing_counts(tmp_path, way):
    imports, name = IMPORTS[way]
    first, other = (_fingerprint_of(tmp_path, constants, imports, name) for constants in ("X = 2.0", "X = 3.0"))
    assert first != other


def test_a_reloaded_module_is_compiled_anew(tmp_path):
    code = f"""
import importlib, sys
sys.path.insert(0, {str(tmp_path)!r})
sys.dont_write_bytecode = True
import fresh
print(fresh.ask(1.0))
text = open(fresh.__file__).read()
open(fresh.__file__, "w").write(text.replace("2.0", "30.0"))
importlib.reload(fresh)
print(fresh.ask(1.0))
"""
    (tmp_path / "fresh.py").write_text(
        "from biomech._kernels import entry_point\n\nX = 2.0\n\n\n"
        "@entry_point\ndef ask(x: float) -> float:\n    return X * x\n"
    )
    assert answer(code, BIOMECH_CACHE_DIR=tmp_path / "cache")[0].split() == ["2.0", "30.0"]


# --- finding libraries


def test_every_entry_point_is_in_the_library(libraries):
    manifest = Manifest.read(manifest_path(libraries, cpu.usable_levels()[0]))
    declared = {entry.name for entry in package_entry_points()}
    assert len(declared) >= 18
    assert declared == set(manifest.entries)
    assert manifest.compiler.startswith("Numba ")
    for name in declared:
        kinds, result = signature_of(ENTRY_POINTS[name].function)
        assert manifest.entries[name]["arguments"] == list(kinds)
        assert manifest.entries[name]["result"] == result


def test_the_build_needs_numba_and_numpy_alone():
    """Modules with entry points are imported where a wheel is built: nothing but that is installed there."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['scipy', 'xarray', 'pandas', 'sympy', 'h5netcdf', 'tqdm']));"
        "from biomech._kernels.declaration import package_entry_points; print(len(package_entry_points()))"
    )
    assert int(answer(code)[0]) >= 18


def test_the_library_asks_for_nothing_but_the_c_library(libraries):
    from biomech._kernels.compiler.emission import C_LIBRARY

    manifest = Manifest.read(manifest_path(libraries, cpu.usable_levels()[0]))
    if shutil.which("nm") is None:
        pytest.skip("nm is not installed")
    listed = subprocess.run(["nm", "-D", "--undefined-only", manifest.code], capture_output=True, text=True, check=True)
    assert {line.split()[-1].partition("@")[0] for line in listed.stdout.splitlines()} <= C_LIBRARY


def test_compiling_again_compiles_nothing(libraries):
    path = manifest_path(libraries, cpu.usable_levels()[0])
    before = path.stat().st_mtime_ns, Manifest.read(path).code.stat().st_mtime_ns
    command = [sys.executable, "-m", "biomech._kernels.compiler", str(libraries)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(path), str(Manifest.read(path).code)]
    assert done.stderr == ""
    assert (path.stat().st_mtime_ns, Manifest.read(path).code.stat().st_mtime_ns) == before


def test_comments_compile_nothing(checkout):
    """The library is used as it is, though no source is the same to the letter; Numba cannot be imported."""
    expected = answer(SWEEP)[0]
    for path in (checkout / "biomech").rglob("*.py"):
        path.write_text(path.read_text() + "\n# a comment\n")
    assert answer(WITHOUT_NUMBA + SWEEP, checkout, BIOMECH_CACHE_DIR=checkout / "cache") == (expected, "")


def test_an_edited_kernel_is_compiled_here(checkout):
    """Gravity pulls twice as hard in the edited source; without Numba that is an error, and no stale answer."""
    code = (
        "import biomech as bm; force = bm.load_model('small').gravity().generalized_force;"
        "print(*force.sel(coordinate='pelvis_ty').values)"
    )
    cache = checkout / "cache"
    before = float(answer(WITHOUT_NUMBA + code, checkout, BIOMECH_CACHE_DIR=cache)[0])
    edit(checkout, "model/forces/gravity.py", "out[c] = -gravity * lift", "out[c] = -2.0 * gravity * lift")
    refused = run(WITHOUT_NUMBA + code, checkout, BIOMECH_CACHE_DIR=cache)
    last = refused.stderr.strip().splitlines()[-1]
    assert last.startswith("biomech.errors.KernelError: biomech.model.geometry._gravity: ")
    assert "(biomech.model.geometry._gravity was edited)" in last
    assert "pip install 'biomech[jit]'" in last
    said, line = answer(code, checkout, BIOMECH_CACHE_DIR=cache)
    assert float(said) == pytest.approx(2.0 * before)
    assert len(line.splitlines()) == 1


SPOILT = {
    "cut off": lambda code, manifest: code.write_bytes(code.read_bytes()[:100_000]),
    "empty": lambda code, manifest: code.write_bytes(b""),
    "another": lambda code, manifest: code.write_bytes(code.read_bytes()[:-1] + b"x"),
    "gone": lambda code, manifest: code.unlink(),
    "no manifest": lambda code, manifest: manifest.write_text("{"),
    "manifest of nothing": lambda code, manifest: manifest.write_text("[]"),
    "manifest without kinds": lambda code, manifest: manifest.write_text(
        manifest.read_text().replace('"arguments"', '"argument"')
    ),
    "endless manifest": lambda code, manifest: manifest.write_text("[" * 100_000),
    "size without end": lambda code, manifest: manifest.write_text(
        re.sub('"size": [0-9]+', '"size": 1e999', manifest.read_text())
    ),
    "old manifest": lambda code, manifest: manifest.write_text('{"code": "kernels.so"}'),
    "manifest that points elsewhere": lambda code, manifest: manifest.write_text(
        manifest.read_text().replace(code.name, "../../../../etc/passwd")
    ),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_library_is_not_opened(checkout, how):
    for path in (checkout / "build" / "kernels").glob("*.json"):
        SPOILT[how](Manifest.read(path).code, path)
    done = run(WITHOUT_NUMBA + SWEEP, checkout, BIOMECH_CACHE_DIR=checkout / "cache")
    assert done.returncode == 1
    assert (
        "KernelError: biomech.statics.constraint_targets.evaluate_targets: no compiled kernels for this machine ("
        in done.stderr
    )
    assert any(word in done.stderr for word in ("is not whole", "cannot be read"))


def test_the_next_level_stands_in_for_a_spoilt_one(checkout):
    best, *others = cpu.usable_levels()
    if not others:
        pytest.skip("this CPU has one level")
    folder = checkout / "build" / "kernels"
    code = Manifest.read(manifest_path(folder, best)).code
    code.rename(folder / code.name.replace(best, others[0]))
    manifest_path(folder, others[0]).write_text(manifest_path(folder, best).read_text().replace(best, others[0]))
    assert answer(WITHOUT_NUMBA + SWEEP, checkout) == answer(SWEEP)


def test_code_that_is_no_library_is_refused(tmp_path):
    code = tmp_path / "kernels.so"
    code.write_bytes(b"no library")
    fingerprint, _ = Sources().fingerprint("plug_in.total")
    about = {"symbol": "s", "fingerprint": fingerprint, "arguments": ["f81", "f81"], "result": "f"}
    manifest = Manifest(code, 10, hash_of(b"no library"), "x", "", {"plug_in.total": about}, {})
    with pytest.raises(Unfit, match="cannot be opened"):
        load(manifest, plug_in.total, "x")
    with pytest.raises(Unfit, match="is of level 'x'"):
        load(manifest, plug_in.total, "y")
    with pytest.raises(NotThere):
        load(manifest, plug_in.count, "x")
    about["arguments"] = ["f81"]
    with pytest.raises(Unfit, match="says something else of the arguments"):
        load(manifest, plug_in.total, "x")
    about["fingerprint"] = ""
    with pytest.raises(Unfit, match=r"plug_in\.total was edited"):
        load(manifest, plug_in.total, "x")


# --- CPU levels


def test_levels_of_this_machine(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    v2 = {"SSE42": True, "POPCNT": True}
    v3 = v2 | {"AVX2": True, "FMA3": True, "F16C": True}
    v4 = v3 | {f"AVX512{part}": True for part in ("F", "CD", "BW", "DQ", "VL")}
    assert cpu.usable_levels({}) == ()
    assert cpu.usable_levels(v2) == ("x86-64-v2",)
    assert cpu.usable_levels(v3) == ("x86-64-v3", "x86-64-v2")
    assert cpu.usable_levels(v4) == ("x86-64-v4", "x86-64-v3", "x86-64-v2")
    assert cpu.usable_levels(v4 | {"FMA3": False}) == ("x86-64-v2",)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert cpu.usable_levels({}) == ("aarch64",)
    monkeypatch.setattr("platform.machine", lambda: "abacus")
    assert cpu.usable_levels(v4) == ()


def test_a_level_is_chosen_by_name(monkeypatch):
    best, *_, least = cpu.usable_levels()
    assert cpu.chosen_levels()[0] == best
    monkeypatch.setenv("BIOMECH_CPU", least)
    assert cpu.chosen_levels() == (least,)
    monkeypatch.setenv("BIOMECH_CPU", "native")
    assert cpu.chosen_levels() == ("native",)
    monkeypatch.setenv("BIOMECH_CPU", "z80")
    with pytest.raises(bm.KernelError, match=r"BIOMECH_CPU = 'z80': this CPU can run .*native"):
        cpu.chosen_levels()


@pytest.mark.parametrize("level", [cpu.usable_levels()[-1], "native"])
def test_levels_agree(level, tmp_path):
    said, line = answer(PLUG_IN, BIOMECH_CPU=level, BIOMECH_CACHE_DIR=tmp_path)
    assert float(said) == 12.0
    assert line.startswith(f"biomech: compiling plug_in.total for {level} (")
    assert len(line.splitlines()) == 1
    assert [path.suffix for path in sorted(tmp_path.glob("plug_in*"))] == [".so", ".json"] or sys.platform != "linux"


def test_another_platform_compiles_here(tmp_path):
    """A machine whose levels nobody knows; kernels are compiled for it alone."""
    code = "import platform; platform.machine = lambda: 'abacus'; " + PLUG_IN
    said, line = answer(code, BIOMECH_CACHE_DIR=tmp_path)
    assert float(said) == 12.0
    assert "plug_in.total for native" in line


# --- kernels compiled on this machine


def test_what_was_compiled_is_kept(tmp_path):
    first, second = (answer(PLUG_IN, BIOMECH_CACHE_DIR=tmp_path) for _ in range(2))
    assert first[0] == second[0] == "12.0"
    assert first[1].endswith("(no library holds it); up to half a minute")
    assert second[1] == ""
    code = next(tmp_path.glob("plug_in*.so"))
    code.write_bytes(code.read_bytes()[:5000])
    said, line = answer(PLUG_IN, BIOMECH_CACHE_DIR=tmp_path)
    assert said == "12.0"
    assert "is not whole" in line


def test_numba_is_not_imported(tmp_path):
    code = PLUG_IN + "; import sys; print('numba' in sys.modules, 'llvmlite' in sys.modules)"
    assert answer(code, BIOMECH_CACHE_DIR=tmp_path)[0].split() == ["12.0", "False", "False"]


def test_two_start_at_once(tmp_path):
    """Both answer; one waits for what the other compiles."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = os.environ | {"PYTHONPATH": paths, "BIOMECH_CACHE_DIR": str(tmp_path)}
    started = [
        subprocess.Popen([sys.executable, "-c", PLUG_IN], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate()[0].strip() for process in started] == ["12.0"] * 3
    assert len(list(tmp_path.glob("plug_in*.so"))) == 1


def test_two_build_at_once(tmp_path):
    command = [sys.executable, "-m", "biomech._kernels.compiler", str(tmp_path), "--entry", "plug_in.is_rising"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert sorted(err.count("compiling") for _, err in said) == [0, 1]
    for out, _ in said:
        assert all(Path(line).exists() for line in out.splitlines())


def test_a_home_that_cannot_be_written(tmp_path):
    """The cache would lie below a file."""
    (tmp_path / "home").write_text("")
    (tmp_path / "passing").mkdir()
    nowhere = {"HOME": tmp_path / "home", "XDG_CACHE_HOME": "", "TMPDIR": tmp_path / "passing"}
    said, line = answer(PLUG_IN, **nowhere)
    assert said == "12.0"
    assert "for this process alone" in line
    assert not list((tmp_path / "passing").iterdir())


def test_a_cache_that_others_may_write_is_not_used(tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    assert "for this process alone" in answer(PLUG_IN, BIOMECH_CACHE_DIR=cache)[1]
    assert not list(cache.iterdir())


def test_what_would_keep_numba_from_compiling_is_not_handed_on(tmp_path):
    odd = {"NUMBA_DISABLE_JIT": "1", "PYTHONOPTIMIZE": "2"}
    assert answer(PLUG_IN, BIOMECH_CACHE_DIR=tmp_path, **odd)[0] == "12.0"


def test_a_fork_while_a_kernel_is_looked_for(tmp_path):
    """The child finds kernels, though the lock was held by a thread that it does not have."""
    code = (
        "import os, numpy as np, plug_in; from biomech._kernels import library; library._FIND.acquire();"
        "pid = os.fork()\nif pid == 0:\n"
        "    print(plug_in.total(np.arange(4.0), np.empty(4)), flush=True); os._exit(0)\n"
        "print(os.waitpid(pid, 0)[1])"
    )
    assert answer(code, BIOMECH_CACHE_DIR=tmp_path)[0].split() == ["12.0", "0"]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a folder away")
def test_a_cache_of_somebody_else_is_not_used(tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    os.chown(cache, 12345, 12345)
    assert "for this process alone" in answer(PLUG_IN, BIOMECH_CACHE_DIR=cache)[1]
    assert not list(cache.iterdir())


def test_without_a_linker(tmp_path):
    """The object file is put into memory by llvmlite."""
    code = "import biomech._kernels.compiler.linking as l; l.linkers = lambda: iter(()); l.which = lambda name: None; "
    made = run(
        code + "import sys; sys.argv = ['c', " + repr(str(tmp_path)) + ", '--entry', 'plug_in.total'];"
        "import runpy; runpy.run_module('biomech._kernels.compiler', run_name='__main__')"
    )
    assert "there is no linker" in made.stderr
    manifest = Manifest.read(Path(made.stdout.split()[0]))
    assert manifest.code.suffix == ".o"
    check = (
        f"from pathlib import Path; import plug_in, numpy as np; from biomech._kernels.library import Manifest, load;"
        f"m = Manifest.read(Path({made.stdout.split()[0]!r})); f = load(m, plug_in.total, m.level);"
        "print(f(np.arange(4.0), np.empty(4)))"
    )
    assert answer(check)[0] == "12.0"


def test_an_entry_point_of_a_script(tmp_path):
    script = tmp_path / "script.py"
    script.write_text((ROOT / "tests" / "plug_in.py").read_text() + (
        "\nif __name__ == '__main__':\n    import numpy as np\n    print(total(np.arange(4.0), np.empty(4)))\n"
    ))  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT), "BIOMECH_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "12.0"
    typed = "\n".join(script.read_text().splitlines()[:-3]) + "\nimport numpy as np\ntotal(np.arange(4.0), np.empty(4))"
    assert "an entry point must stand in a file" in run(typed).stderr


def test_a_module_run_by_name(tmp_path):
    package = tmp_path / "run_pack"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "beside.py").write_text("X = 5.0\n")
    (package / "main.py").write_text(
        "from biomech._kernels import entry_point\n\nfrom .beside import X\n\n\n"
        "@entry_point\ndef ask(x: float) -> float:\n    return X * x\n\n\n"
        "if __name__ == '__main__':\n    print(ask(2.0))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT), "BIOMECH_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "run_pack.main"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "10.0"


def test_where_an_entry_point_may_stand():
    with pytest.raises(TypeError, match="must stand in a module, not in a function or class"):

        @entry_point
        def inside(x: float) -> float:
            return x


def test_kernels_cannot_raise(tmp_path):
    (tmp_path / "raising.py").write_text(
        "from biomech._kernels import entry_point\n\n\n@entry_point\ndef ask(x: float) -> float:\n"
        "    if x < 0.0:\n        raise ValueError(x)\n    return x\n"
    )
    code = f"import sys; sys.path.append({str(tmp_path)!r}); import raising; raising.ask(1.0)"
    assert "raising.ask: kernels cannot raise" in run(code, BIOMECH_CACHE_DIR=tmp_path / "cache").stderr


def test_a_kernel_that_does_not_compile_is_an_error(tmp_path):
    (tmp_path / "broken.py").write_text(
        "from biomech._kernels import entry_point\nfrom biomech._kernels.arrays import Array1\n\n\n"
        "@entry_point\ndef broken(x: Array1) -> float:\n    return x.no_such_thing\n"
    )
    code = f"import sys; sys.path.append({str(tmp_path)!r}); import numpy as np, broken; broken.broken(np.ones(2))"
    done = run(code, BIOMECH_CACHE_DIR=tmp_path)
    assert "KernelError: broken.broken: could not be compiled" in done.stderr
    assert "no_such_thing" in done.stderr


def test_the_cache_forgets_old_versions(tmp_path):
    from biomech._kernels.on_demand import _VERSIONS, _forget_old

    for k in range(_VERSIONS + 2):
        code = tmp_path / f"m.f-{k}-x-0.so"
        code.write_bytes(b"")
        path = manifest_path(tmp_path, "x", f"m.f-{k}")
        Manifest(code, 0, "", "x", "", {}, {}).write(path)
        os.utime(path, (k, k))
    _forget_old(tmp_path, "m.f")
    assert sorted(path.name for path in tmp_path.glob("*.so")) == [f"m.f-{k}-x-0.so" for k in range(2, _VERSIONS + 2)]


# --- what a user sees


PUBLIC = """
import warnings
import numpy as np
import biomech as bm

warnings.simplefilter("ignore", bm.BiomechWarning)
m, g = bm.load_model(), bm.load_model("gait2392")
bm.sweep(m, pelvic_tilt=["least_effort", "hanging", "passive", "rhythm", 0], knee_flexion=[0, 120])
bm.sweep(m, pelvic_tilt=0, stiffness_margin={"lumbar_extension": 0.0})
bm.sweep(m, pelvic_tilt=0, knee_flexion="passive", criterion=bm.MinMax())
bm.prepare(m, ["trunk_lean"], ["lumbar_compression"], pelvic_tilt=0)(5.0)
bm.stability(m, pelvic_tilt=0)
bm.scenarios.run("squat")
bm.uncertainty.propagate({"a": {"pelvic_tilt": 0}}, samples=2, progress=False)
g.kinematics(), g.muscle_geometry(), g.gravity(), g.passive_moment()
half = g.body_mass * 9.80665 / 2
import xarray as xr
labels = {"foot": ["right", "left"], "axis": list("xyz")}
ground = xr.Dataset({"force": xr.DataArray([[0, half, 0]] * 2, coords=labels),
                     "point": xr.DataArray([[-0.06, 0, 0.09], [-0.06, 0, -0.09]], coords=labels)})
bm.static_optimization(g, {"pelvis_ty": np.array([0.95])}, ground, reserve=10)
problem = bm.sharing.LoadSharingProblem(np.ones((1, 1, 2)), np.ones((1, 1)), np.ones(2), np.ones(2))
solution = bm.sharing.solve(problem, bm.Power(2))
solution.vjp([[1.0, 0.0]]), solution.jvp(demand=1.0)
from biomech.sharing.solution import certify
certify(problem, bm.Power(2), solution.value, solution.multiplier)
from biomech.model.reduced_model import reduce_model
reduce_model(m)
import sys
print(sorted(name for name in sys.modules if name in ("numba", "llvmlite") and sys.modules[name] is not None))
"""


def test_nothing_that_is_public_needs_numba(libraries, tmp_path):
    said, line = answer(WITHOUT_NUMBA + PUBLIC, BIOMECH_CACHE_DIR=tmp_path)
    assert said == "[]"
    assert line == ""
    assert not list(tmp_path.iterdir())


def test_a_use_writes_nothing_into_the_package(checkout):
    before = {path: path.stat().st_mtime_ns for path in checkout.rglob("*")}
    answer(SWEEP, checkout, PYTHONDONTWRITEBYTECODE="1", BIOMECH_CACHE_DIR=checkout / "cache")
    assert {path: path.stat().st_mtime_ns for path in checkout.rglob("*")} == before


def test_entry_points_keep_their_names_and_texts():
    assert ENTRY_POINTS["plug_in.total"] is plug_in.total
    assert plug_in.total.__doc__ == "Twice the sum of ``x``, and its squares."
    assert plug_in.total.__wrapped__ is plug_in.total.function
    assert entry_point(plug_in.total.function).name == "plug_in.total"
