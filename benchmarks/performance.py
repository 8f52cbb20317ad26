"""What a posture costs from ten of them to a hundred million, and how far that is from what the machine can do.

Prints tables for docs/about/performance.md and draws its figure. Each size runs in this process; the store is written
by a process of its own, whose largest memory is told.

    python benchmarks/performance.py [--most 1e8] [--threads 2] [--folder DIR] [--figure FILE]

The hundred million take some ten minutes on two cores, and a gigabyte of the folder's disk.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from bench_flops import multiply_and_add, operations, solve_again
from problems import SIZES, leg_like

import biomech as bm
from biomech._kernels.cpu import chosen_levels
from biomech._simd import LANES
from biomech.sharing import Power, solve
from biomech.sharing.block_sparsity import find_sparsity
from biomech.sharing.response import make_costs

ONE = ["lumbar_compression"]
M = "M 57x9"


def stances(count: int) -> dict[str, np.ndarray]:
    """About as many stances, turnout by knee by lean by tilt."""
    side = [1, 1, 1, 1]
    while np.prod(side) < count:
        k = int(np.argmin(side))
        side[k] = min(side[k] * 10, int(np.ceil(side[k] * count / np.prod(side))))
    ends = {"foot_rotation": (0, 45), "knee_flexion": (0, 30), "trunk_lean": (-5, 15), "pelvic_tilt": (-3, 5)}
    return {name: np.linspace(*own, n) for (name, own), n in zip(ends.items(), side, strict=True)}


def best(call, seconds: float = 1.0, most: int = 200) -> float:
    """Least time of a call, within a second of calls or so."""
    least, began, done = np.inf, time.perf_counter(), 0
    while done < 3 or (time.perf_counter() - began < seconds and done < most):
        start = time.perf_counter()
        call()
        least, done = min(least, time.perf_counter() - start), done + 1
    return least


def cost_against_size(most: int) -> dict[str, list[tuple[int, float]]]:
    """Microseconds a posture in memory: all variables, one, and one with two threads."""
    model, found = bm.load_model(), {"all variables": [], "one number": [], "one number, two threads": []}
    ways = {"all variables": {}, "one number": {"variables": ONE}}
    ways["one number, two threads"] = {"variables": ONE, "threads": 2}
    for count in (10**k for k in range(1, 8)):
        for name, asked in ways.items():
            if count > (10**6 if name == "all variables" else most):
                continue
            own = stances(count)
            postures = int(np.prod([len(v) for v in own.values()]))
            each = 1e6 * best(lambda own=own, asked=asked: bm.sweep(model, **own, **asked)) / postures
            found[name].append((postures, each))
            print(f"{name:26} {postures:>11,} {each:9.3f} us a posture", flush=True)
    return found


STORE = """
import json, re, sys, time
sys.path.insert(0, {benchmarks!r})
from performance import ONE, stances
import biomech as bm
import numpy as np
def largest():  # MiB that this process has had at most
    return int(re.search("VmHWM:[^0-9]*([0-9]+)", open("/proc/self/status").read()).group(1)) / 1024
own = stances({count})
bm.sweep(bm.load_model(), pelvic_tilt=0, variables=ONE)
before = largest()
start = time.perf_counter()
ds = bm.sweep(bm.load_model(), variables=ONE, threads={threads}, to={place!r}, **own)
seconds = time.perf_counter() - start
print(json.dumps(dict(postures=ds.status.size, seconds=seconds, before=before, peak=largest(),
                      message=ds.attrs["message"])))
"""


def store_against_size(sizes: list[int], threads: int, folder: Path) -> list[dict]:
    """What it costs to write one number a posture into a store, the largest memory, and the bytes on disk."""
    found = []
    for count in sizes:
        place = folder / f"{count}.zarr"
        code = STORE.format(benchmarks=str(Path(__file__).parent), count=count, threads=threads, place=str(place))
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        own = json.loads(done.stdout.splitlines()[-1])
        own["disk"] = sum(file.stat().st_size for file in place.rglob("*") if file.is_file()) / 1e6
        found.append(own)
        print(
            f"store, {threads} threads {own['postures']:>11,}: {own['seconds']:.1f} s, "
            f"{1e6 * own['seconds'] / own['postures']:.2f} us a posture, peak {own['peak']:.0f} MiB "
            f"({own['before']:.0f} before), {own['disk']:.0f} MB on disk; {own['message']}",
            flush=True,
        )
    return found


COUNT = """
import numpy as np
from biomech._kernels.interpreter import lanes
tally = dict.fromkeys(("add", "subtract", "multiply", "divide", "sqrt", "floor_divide", "negative"), 0)
def counted(self, ufunc, method, *inputs, **options):
    plain = [np.asarray(x) if isinstance(x, lanes.Lanes) else x for x in inputs]
    if "out" in options:
        options["out"] = tuple(np.asarray(x) for x in options["out"])
    found = getattr(ufunc, method)(*plain, **options)
    if ufunc.__name__ in tally:
        tally[ufunc.__name__] += np.size(found)
    return found.view(lanes.Lanes) if isinstance(found, np.ndarray) and found.ndim else found
lanes.Lanes.__array_ufunc__ = counted
import biomech as bm
stance = dict(pelvic_tilt=2, foot_rotation=np.linspace(0, 45, 8), knee_flexion=12, weight_shift=0.45)
bm.sweep(bm.load_model(), **stance)
print(sum(tally.values()) / 8, {k: v / 8 for k, v in tally.items()})
"""


def operations_of_a_posture() -> float:
    """Floating-point operations that kernels do for a posture, counted as they run in plain Python."""
    around = {**os.environ, "BIOMECH_KERNELS": "python"}
    done = subprocess.run([sys.executable, "-c", COUNT], check=True, capture_output=True, text=True, env=around)
    print("operations of a posture:", done.stdout.strip(), flush=True)
    return float(done.stdout.split()[0])


def peak() -> float:
    """GFLOP/s of one core that only multiplies and adds, in registers."""
    chains, rounds = 5, 400_000
    x = np.full((chains + 1, LANES), 1e-3)
    return 2 * chains * LANES * rounds / best(lambda: multiply_and_add(x, rounds), 4.0, 10_000) / 1e9


def bandwidth() -> float:
    """GB/s of one core that reads and writes arrays far larger than the cache."""
    a = np.ones(1 << 25)
    b = np.empty_like(a)
    return 2 * a.nbytes / best(lambda: np.copyto(b, a)) / 1e9


def iteration_in_cache() -> tuple[float, float]:
    """GFLOP/s of the load sharing alone, and operations of a problem; squares, M."""
    unknowns, rows = SIZES[M]
    problem, repeats = leg_like(unknowns, rows, LANES), 2000
    t = find_sparsity(problem.used)
    costs = make_costs(Power(2), problem.weight[t.unknown.astype(int)], problem.quadratic, np.ones(rows))
    count, upper = np.zeros(2), np.array(problem.upper[:1])
    entries = problem.coefficients.reshape(LANES, -1)
    solve_again(t, costs, entries, problem.demand, upper, 1, count)
    each = operations(t, rows, unknowns, *count)
    arguments = (t, costs, entries, problem.demand, upper, repeats, count)
    return each * LANES * repeats / best(lambda: solve_again(*arguments)) / 1e9, each


def roofline() -> dict[str, float | dict[str, tuple[float, float]]]:
    """Peaks, and of each way its operations per byte of memory and its GFLOP/s."""
    model, own = bm.load_model(), stances(65536)
    postures = int(np.prod([len(v) for v in own.values()]))
    each = operations_of_a_posture()
    cached, of_problem = iteration_in_cache()
    problem = leg_like(*SIZES[M], 20000)
    packed = best(lambda: solve(problem, Power(2))) / 20000
    unknowns, rows = SIZES[M]
    moved = 8 * (unknowns * rows + 2 * rows + 2 * unknowns + 4)
    everything, one = (best(lambda k=k: bm.sweep(model, **own, **k)) / postures for k in ({}, {"variables": ONE}))
    written = sum(v.nbytes for v in bm.sweep(model, **own).variables.values()) / postures
    return {
        "peak": peak(),
        "bandwidth": bandwidth(),
        "points": {
            "load sharing alone, in the cache": (of_problem / 8.0, cached),
            "solve, with packing": (of_problem / moved, of_problem / packed / 1e9),
            "sweep, all variables": (each / written, each / everything / 1e9),
            "sweep, one number": (each / 24.0, each / one / 1e9),
        },
    }


def figure(sizes: dict, stored: list[dict], roof: dict, file: Path) -> None:
    """Cost against size, and the roofline."""
    import matplotlib.pyplot as plt

    chart, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
    for color, (name, points) in zip(("#0072b2", "#d55e00", "#009e73"), sizes.items(), strict=True):
        left.loglog(*zip(*points, strict=True), "o-", color=color, label=f"{name}, in memory")
    ends = [(own["postures"], 1e6 * own["seconds"] / own["postures"]) for own in stored]
    left.loglog(*zip(*ends, strict=True), "s--", color="#cc79a7", label="one number, two threads, into a store")
    left.set(xlabel="postures", ylabel="microseconds a posture", title="What a posture costs")
    left.legend(frameon=False, fontsize=9)
    intensity = np.geomspace(0.2, 3000, 100)
    roofs = np.minimum(roof["peak"], roof["bandwidth"] * intensity)
    right.loglog(
        intensity, roofs, color="black", label=f"roof: {roof['peak']:.0f} GFLOP/s, {roof['bandwidth']:.0f} GB/s"
    )
    for color, (name, (x, y)) in zip(("#0072b2", "#d55e00", "#009e73", "#cc79a7"), roof["points"].items(), strict=True):
        right.loglog(x, y, "o", color=color, markersize=9, label=f"{name}: {100 * y / roof['peak']:.0f} % of the peak")
    right.set(xlabel="operations a byte of memory", ylabel="GFLOP/s of one core", title="Roofline")
    right.legend(frameon=False, fontsize=8, loc="lower right")
    for panel in (left, right):
        panel.grid(alpha=0.3, which="both", linewidth=0.4)
        panel.spines[["top", "right"]].set_visible(False)
    file.parent.mkdir(parents=True, exist_ok=True)
    chart.savefig(file, dpi=110)


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description="What a posture costs")
    parser.add_argument("--most", type=float, default=1e8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--figure", type=Path, default=Path("out/performance.png"))
    options = parser.parse_args()
    most = int(options.most)
    print(f"kernels for {chosen_levels()[0]}, biomech {bm.__version__}, NumPy {np.__version__}", flush=True)
    roof = roofline()
    print(f"peak {roof['peak']:.1f} GFLOP/s, memory {roof['bandwidth']:.1f} GB/s")
    for name, (intensity, speed) in roof["points"].items():
        print(f"{name:34} {speed:6.1f} GFLOP/s, {100 * speed / roof['peak']:.0f} %, {intensity:.1f} operations a byte")
    sizes = cost_against_size(min(most, 10**7))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        wanted = [10**k for k in range(5, 9) if 10**k <= most]
        stored = store_against_size(wanted, options.threads, Path(folder))
    figure(sizes, stored, roof, options.figure)
    print(f"drawn: {options.figure}")


if __name__ == "__main__":
    main()
