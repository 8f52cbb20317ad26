"""A call at a time, for optimisers, and the first answer of a fresh process; answers recorded beside times."""

import subprocess
import sys

import least_compression
import numpy as np
import pytest

import biomech as bm

VARIABLES = ["lumbar_compression", "group_activation/quadriceps"]


@pytest.fixture(scope="module")
def ask():
    return bm.prepare(bm.load_model(), ["trunk_lean", "pelvic_tilt", "knee_flexion"], VARIABLES)


@pytest.mark.parametrize("postures", [1, 8, 64])
def test_a_prepared_call(benchmark, ask, postures):
    arguments = (5.0, 3.0, 10.0) if postures == 1 else (np.linspace(0, 10, postures), 3.0, 10.0)
    found = benchmark(ask, *arguments)
    each = None if benchmark.disabled else 1e6 * benchmark.stats.stats.min / postures
    benchmark.extra_info |= {
        "microseconds_per_posture": each,
        "compression": float(np.mean(found["lumbar_compression"])),
    }
    assert (found["status"] == 0).all()


def test_a_prepared_call_with_the_tilt_of_least_effort(benchmark):
    ask = bm.prepare(bm.load_model(), ["trunk_lean"], [*VARIABLES, "pelvic_tilt"], pelvic_tilt="least_effort")
    found = benchmark(ask, 5.0)
    benchmark.extra_info |= {"tilt": float(found["pelvic_tilt"])}
    assert found["status"] == 0


def test_a_search_for_the_least_compression(benchmark):
    compression = least_compression.compression_of(bm.load_model())
    found = benchmark.pedantic(least_compression.search, (compression,), rounds=3)
    benchmark.extra_info |= {"compression": found.compression, "postures": found.postures_tried}
    assert found.compression < 335.0


FIRST = """
import time
import numpy
start = time.perf_counter()
import biomech as bm
imported = time.perf_counter()
model = bm.load_model()
loaded = time.perf_counter()
bm.sweep(model, pelvic_tilt=[0, 3])
print(imported - start, loaded - imported, time.perf_counter() - start)
"""


def test_the_first_answer_of_a_fresh_process(benchmark):
    """Import, model and first sweep of two stances, counted from the end of ``import numpy``."""

    def start():
        done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, check=True)
        return [float(number) for number in done.stdout.split()]

    imported, loaded, swept = benchmark.pedantic(start, rounds=5)
    benchmark.extra_info |= {"import_s": imported, "load_model_s": loaded, "first_sweep_s": swept}
