"""Load sharing under squares beside all its peers, as a table: times and accuracy on the same problems in one process.

python benchmarks/table.py                       # some minutes; what is not installed is said and left out
python benchmarks/table.py --count 20 --rounds 1 # a look

Everything runs on one core and is timed in turn, round after round; of each the best round counts. Compiling, and
whatever is made at a first call, is left out; making the problem in the form that a solver takes is not.
"""

import argparse
import platform
import sys
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from problems import SIZES, by_quadprog, first, leg_like
from square_peers import PEERS, one_core
from tqdm import tqdm

from biomech._kernels.cpu import chosen_levels
from biomech.sharing import Power, solve

#: Ours is asked for so many at once; as many as a user of batches has at least.
BATCH = 2000
OURS, LOOP = "`biomech.sharing.solve`", "DAQP in a loop"


def installed():
    """The peers that are, with those that are not and why."""
    missing = {name: [p for p in peer.packages if find_spec(p) is None] for name, peer in PEERS.items()}
    there = {name: peer.solve for name, peer in PEERS.items() if not missing[name]}
    return there, {name: packages for name, packages in missing.items() if packages}


def measure(size, peers, count, rounds):
    """Microseconds a problem, and the largest difference from quadprog's answers, of each by name."""
    whole = leg_like(*SIZES[size], BATCH)
    few = first(whole, count)
    reference = by_quadprog(few)
    calls = {OURS: (lambda: solve(whole, Power(2)).value, BATCH)}
    calls |= {name: (lambda peer=peer: peer(few), count) for name, peer in peers.items()}
    apart = {name: float(np.abs(call()[:count] - reference).max()) for name, (call, _) in calls.items()}
    best = dict.fromkeys(calls, np.inf)
    for _ in tqdm(range(rounds), desc=size, leave=False, file=sys.stderr):
        for name, (call, problems) in calls.items():
            start = time.perf_counter()
            call()
            best[name] = min(best[name], 1e6 * (time.perf_counter() - start) / problems)
    return {name: (best[name], apart[name]) for name in calls}


def machine():
    """The processor, the instructions that the kernels use, and the versions of what was measured."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    packages = sorted({package for peer in PEERS.values() for package in peer.packages if find_spec(package)})
    versions = ", ".join(f"{package} {version(package)}" for package in ("numpy", *packages))
    name, python = models[0] if models else platform.processor(), platform.python_version()
    return f"One core of {name or platform.machine()}, kernels for {chosen_levels()[0]}; Python {python}, {versions}."


def markdown(found):
    """The table, a row for each solver: of each size the time, that as multiples of two others, and the difference."""
    heads = [f"{size}: us | times ours | times DAQP's loop | difference" for size in found]
    rows = [f"| | {' | '.join(heads)} |", "|---" * (1 + 4 * len(found)) + "|"]
    for name in next(iter(found.values())):
        cells = []
        for by_name in found.values():
            each, apart = by_name[name]
            daqp = _short(each / by_name[LOOP][0]) if LOOP in by_name else "-"
            cells += [_short(each), _short(each / by_name[OURS][0]), daqp, f"{apart:.0e}"]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _short(number):
    """Two digits, or every one before the point."""
    return f"{number:.0f}" if number >= 10.0 else f"{number:.2g}"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--count", type=int, default=200, help="problems of each size that the peers solve")
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    peers, missing = installed()
    with one_core():
        found = {size: measure(size, peers, given.count, given.rounds) for size in SIZES}
    print(markdown(found))
    print(f"\n{machine()} Problems: {BATCH} for `solve`, {given.count} for the peers.")
    for name, packages in missing.items():
        print(f"{name}: left out, for {', '.join(packages)} is not installed", file=sys.stderr)


if __name__ == "__main__":
    main()
