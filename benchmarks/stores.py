"""What a store costs beside the same sweep in memory: ``python benchmarks/stores.py [POSTURES]``.

CPU time of the whole process and time on the clock, best of five, and the memory that it took.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
import warnings

import numpy as np

import biomech as bm

ROUNDS = 5


def measure(postures: int, threads: int, variables: list[str] | None) -> dict[str, tuple[float, float]]:
    """Microseconds a posture, CPU and clock, in memory and into a store."""
    asked = {
        "pelvic_tilt": np.linspace(-5.0, 10.0, 32),
        "knee_flexion": np.linspace(0.0, 40.0, postures // 32),
        "variables": variables,
        "threads": threads,
        "progress": False,
    }
    model, folder = bm.load_model(), tempfile.mkdtemp()
    best = dict.fromkeys(("memory", "store"), (np.inf, np.inf))
    for _ in range(ROUNDS):
        for kind in best:
            place = f"{folder}/study.zarr"
            shutil.rmtree(place, ignore_errors=True)
            cpu, clock = time.process_time(), time.perf_counter()
            bm.sweep(model, to=place if kind == "store" else None, **asked)
            taken = time.process_time() - cpu, time.perf_counter() - clock
            best[kind] = min(best[kind][0], taken[0]), min(best[kind][1], taken[1])
    shutil.rmtree(folder)
    return {kind: (1e6 * cpu / postures, 1e6 * clock / postures) for kind, (cpu, clock) in best.items()}


def main(postures: int) -> None:
    """Print a line for each case."""
    warnings.simplefilter("ignore", bm.BiomechWarning)
    bm.sweep(bm.load_model(), pelvic_tilt=0.0)
    for count, threads, variables in (
        (postures, 1, ["lumbar_compression"]),
        (postures, 2, ["lumbar_compression"]),
        (postures // 8, 1, None),
        (postures // 8, 2, None),
    ):
        found = measure(count, threads, variables)
        shares = [memory / store for memory, store in zip(found["memory"], found["store"], strict=True)]
        print(f"{count:,} postures, {threads} threads, {variables or 'all variables'}")
        for k, kind in enumerate(("CPU", "clock")):
            memory, store = found["memory"][k], found["store"][k]
            print(f"  {kind}: {memory:.2f} us a posture in memory, {store:.2f} into a store, share {shares[k]:.2f}")
        print(f"  {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB at most so far")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1 << 20)
