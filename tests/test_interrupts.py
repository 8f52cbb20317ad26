"""Ctrl-C is not lost, wherever it arrives."""

import importlib
import signal
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest

from biomech._interrupts import InterruptsKept, interrupts_held


@pytest.fixture(autouse=True)
def handler():
    """As it is in a process that nobody sent to the background, and as it stays."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    found = signal.signal(signal.SIGINT, before)
    assert found is signal.default_int_handler


def work_in_which(happens):
    """What would go on for long; something happens first."""
    with InterruptsKept():
        happens()
        _go_on()


def _go_on():
    end = time.monotonic() + 10.0
    while time.monotonic() < end:
        time.sleep(0.001)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Import a module of this text."""
    monkeypatch.syspath_prepend(tmp_path)

    def run(text):
        name = f"written_{time.monotonic_ns()}"
        (tmp_path / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    return run


DROPS = """
import signal
try:
    signal.raise_signal(signal.SIGINT)
    whole = True
except KeyboardInterrupt:  # as in C
    whole = False
"""


def test_an_import_that_drops_it(module):
    assert not module(DROPS).whole, "so Python alone does"
    found = []
    with pytest.raises(KeyboardInterrupt):
        work_in_which(lambda: found.append(module(DROPS)))
    assert found[0].whole


def test_at_the_very_end(module):
    with pytest.raises(KeyboardInterrupt), InterruptsKept():
        module(DROPS)


def test_a_finalizer_and_a_weak_reference_that_drop_it():
    class Finalized:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    class Referred:
        pass

    def dropped(_):
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        work_in_which(Finalized)
    some = [Referred()]
    reference = weakref.ref(some[0], dropped)
    with pytest.raises(KeyboardInterrupt):
        work_in_which(some.clear)
    assert reference() is None


def test_what_else_a_finalizer_raises_is_reported(monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda about: seen.append(about.exc_type))

    class Finalized:
        def __del__(self):
            raise ValueError

    with InterruptsKept():
        Finalized()
    assert seen == [ValueError]


def test_it_is_raised_at_once_elsewhere_and_once():
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt), InterruptsKept():
        work_in_which(lambda: signal.raise_signal(signal.SIGINT))
    assert time.monotonic() - begin < 1.0
    time.sleep(0.1)  # nothing comes later


def test_a_study_that_is_itself_a_module_can_be_stopped(module):
    """What is imported outside of the work is no reason to wait."""
    text = "import signal, biomech._interrupts as own\nwith own.InterruptsKept():\n    "
    with pytest.raises(KeyboardInterrupt):
        module(f"{text}signal.raise_signal(signal.SIGINT)\n    raise SystemError")


def test_who_handles_it_goes_on_to_do_so():
    for own in (signal.SIG_IGN, lambda *_: None):
        signal.signal(signal.SIGINT, own)
        with InterruptsKept():
            assert signal.getsignal(signal.SIGINT) is own
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_other_threads_leave_it_alone():
    found = []

    def run():
        with InterruptsKept():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


#: Ctrl-C arrives while the C code of a module runs that is imported, at the first sweep; what follows is long.
IN_C = """
import _imp, signal, sys, warnings
plain, wanted = _imp.exec_dynamic, sys.argv[1]

def exec_dynamic(module):
    if module.__spec__.name == wanted:
        # the alarm rings within the call, as another process's signal would
        signal.signal(signal.SIGALRM, signal.getsignal(signal.SIGINT))
        signal.setitimer(signal.ITIMER_REAL, 5e-5)
        print("met", flush=True)
    return plain(module)

_imp.exec_dynamic = exec_dynamic
import biomech as bm
bm.sweep(bm.load_model("small"), pelvic_tilt=0, knee_flexion=[0, 30], to=sys.argv[2])
print("lost")
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX")
@pytest.mark.parametrize("name", ["pandas._libs._cyutility", "numpy.random._generator", "numcodecs.fletcher32"])
def test_libraries_that_drop_it(tmp_path, name):
    place = tmp_path / "study.zarr"
    said = subprocess.run(
        [sys.executable, "-c", IN_C, name, place], capture_output=True, text=True, check=False, preexec_fn=_to_be_met
    )
    if not said.stdout.startswith("met"):
        pytest.skip(f"this version has no {name}")
    assert said.stdout == "met\n"
    assert said.stderr.endswith("KeyboardInterrupt\n")
    assert [*tmp_path.iterdir()] in ([], [place]), "nothing is half made"


def _to_be_met():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


#: Long work of each kind, in a script.
SCRIPT = """
import sys, warnings
import numpy as np
warnings.simplefilter("ignore")
print("begun", flush=True)
import biomech as bm
kind, place = sys.argv[1:]
if kind == "propagate":
    small = bm.load_model("small")
    stances = {"one": {"pelvic_tilt": 0, "knee_flexion": np.linspace(0, 60, 200)}}
    bm.uncertainty.propagate(stances, small, samples=20_000)
elif kind == "static_optimization":
    import xarray as xr
    frames = 1_000_000
    sides = {"foot": ["right", "left"], "axis": list("xyz")}
    force, point = (
        xr.DataArray([np.broadcast_to(own, (frames, 3)) for own in two], dims=("foot", "time", "axis"), coords=sides)
        for two in ([[0, 370, 0]] * 2, [[-0.06, 0, 0.09], [-0.06, 0, -0.09]])
    )
    angles = {"knee_angle_r": xr.DataArray(np.linspace(0, -20, frames), dims="time")}
    ground = xr.Dataset({"force": force, "point": point})
    bm.static_optimization(bm.load_model("gait2392"), angles, ground, reserve=1000.0)
else:
    given = {"knee_flexion": np.linspace(0, 60, 2000), "slope": np.linspace(0, 10, 1000)}
    to = place + kind if kind.startswith(".") else None
    bm.sweep(
        bm.load_model(), pelvic_tilt=0, **given, variables=["lumbar_compression"], to=to,
        threads=2 if kind == "threads" else 1, progress=kind == "progress",
    )
print("lost")
"""


@pytest.mark.parametrize("kind", [".zarr", ".nc", "threads", "progress", "propagate", "static_optimization"])
def test_long_work_of_each_kind_stops(tmp_path, kind):
    """Whenever Ctrl-C comes: while libraries are read, while the store is made, within the work."""
    for wait in np.random.default_rng(len(kind)).uniform([0.1, 0.8, 1.4], [0.8, 1.4, 3.0]):
        with subprocess.Popen(
            [sys.executable, "-c", SCRIPT, kind, tmp_path / "study"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_to_be_met,
        ) as process:
            assert process.stdout.readline() == "begun\n"
            time.sleep(wait)
            process.send_signal(signal.SIGINT)
            begin = time.monotonic()
            try:
                out, err = process.communicate(timeout=30)
            finally:
                process.kill()
        assert time.monotonic() - begin < 15.0
        assert process.returncode == -signal.SIGINT
        assert out == ""
        assert err.endswith("KeyboardInterrupt\n"), (wait, err)


def test_what_must_not_be_left_half_done_is_done_first():
    done = []

    def twice():
        with interrupts_held():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        twice()
    with pytest.raises(KeyboardInterrupt):
        work_in_which(twice)
    assert done == [True, True]
