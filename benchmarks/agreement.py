"""Load sharing against trusted solvers, on many problems; and random problems in number, to see that none is lost.

python benchmarks/agreement.py              # 10,000 problems of each size, some minutes
python benchmarks/agreement.py --count 200  # a look
"""

import argparse
import sys

import numpy as np
from problems import SIZES, by_clarabel, by_daqp, by_quadprog, leg_like, min_max_by_highs
from tqdm import tqdm

from biomech.sharing import UNCERTIFIED, LoadSharingProblem, MinMax, Power, solve

PART = 100


def parts(problem):
    """A batch in small ones, so that there is a bar to look at."""
    for i in tqdm(range(0, len(problem), PART), leave=False, file=sys.stderr):
        piece = slice(i, i + PART)
        yield (
            piece,
            LoadSharingProblem(problem.coefficients[piece], problem.demand[piece], problem.upper[0], problem.weight),
        )


def squares(problem):
    """Largest difference from quadprog, and from DAQP, in any unknown."""
    found, apart = solve(problem, Power(2)).value, np.zeros(2)
    for piece, part in parts(problem):
        apart = np.maximum(apart, [np.abs(peer(part) - found[piece]).max() for peer in (by_quadprog, by_daqp)])
    return apart


def cubes(problem):
    """Largest difference from Clarabel, and from its answers polished; excess of our cost; how many were polished."""
    solution = solve(problem, Power(3))
    raw, polished, dearer, solved = 0.0, 0.0, -np.inf, 0
    for piece, part in parts(problem):
        found = by_clarabel(part, 3)
        for i in np.flatnonzero(np.isfinite(found).all(axis=1)):
            ours, exact = solution.value[piece][i], polish(part, i, found[i])
            raw = max(raw, float(np.abs(found[i] - ours).max()))
            dearer = max(dearer, float(solution.cost[piece][i] - part.weight @ found[i] ** 3))
            if exact is not None:
                polished = max(polished, float(np.abs(exact - ours).max()))
                solved += 1
    return raw, polished, dearer, solved


def polish(problem, i, x):
    """Newton's method on the optimality conditions of the sum of cubes, from an answer nearby.

    The cost is so flat at zero that a gap of 1e-12 still leaves small unknowns wrong by 1e-6. None where the method
    does not converge.
    """
    a, b, w = problem.coefficients[i], problem.demand[i], problem.weight
    start = (x > 1e-3) & (x < problem.upper[i] - 1e-6)
    y = np.linalg.lstsq(a[:, start].T, 3 * w[start] * x[start] ** 2, rcond=None)[0]
    for _ in range(50):
        pull = a.T @ y
        # x answers to y: sqrt(pull / 3w) within the bounds
        x = np.sqrt(np.maximum(pull, 0.0) / (3 * w)).clip(0.0, problem.upper[i])
        free = (pull > 0.0) & (x < problem.upper[i])
        rate = np.where(free, 1.0 / np.maximum(6 * w * x, 1e-12), 0.0)
        step = np.linalg.lstsq((a * rate) @ a.T, b - a @ x, rcond=None)[0]
        y = y + step
        if np.abs(step).max() <= 1e-15 * np.abs(y).max():
            break
    return x if np.abs(a @ x - b).max() < 1e-9 else None


def min_max(problem):
    """Largest relative excess of our largest unknown over the linear program's, and of the whole cost over its."""
    solution = solve(problem, MinMax())
    least, whole = 0.0, -np.inf
    for piece, part in parts(problem):
        best = min_max_by_highs(part)
        least = max(least, float((solution.value[piece].max(axis=1) - best[:, 0]).max()))
        whole = max(whole, float((solution.cost[piece] - best.sum(axis=1)).max()))
    return least, whole


def lost(count):
    """How many of random problems, easy and impossible, come back uncertified; and how many of each status."""
    rng, counts = np.random.default_rng(2026), np.zeros(3, dtype=np.int64)
    cases = [(s, e, lw) for s in SIZES.values() for e in (0.3, 1.0, 1.7, 5.0, 50.0) for lw in (None, 1e-4, 1e-6, 1e-9)]
    for (n, m), excess, light in tqdm(cases, leave=False, file=sys.stderr):
        batch = -(-count // len(cases))
        a = rng.normal(size=(batch, m, n)) * 50 * (rng.random((batch, m, n)) < 0.4)
        x = rng.random((batch, n)) * (rng.random((batch, n)) < 0.6) * 0.5
        upper, weight = np.ones(n), rng.uniform(0.5, 2.0, n)
        if light:
            upper[-8:], weight[-8:] = 20.0, light
        problem = LoadSharingProblem(a, excess * np.einsum("bmn,bn->bm", a, x), upper, weight)
        counts += np.bincount(solve(problem, Power(2)).status, minlength=3)
    return counts


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--count", type=int, default=10_000, help="problems of each size")
    options.add_argument("--random", type=int, help="random problems in all; by default 100 times --count")
    given = options.parse_args()
    for name, (n, m) in SIZES.items():
        problem = leg_like(n, m, given.count, seed=1)
        print(f"{name}: {given.count} problems", flush=True)
        quadprog, daqp = squares(problem)
        print(f"  squares: largest difference from quadprog {quadprog:.1e}, from DAQP {daqp:.1e}", flush=True)
        raw, polished, dearer, solved = cubes(problem)
        print(
            f"  cubes, Clarabel ({solved} polished): largest difference {raw:.1e}, once polished {polished:.1e}; ",
            end="",
        )
        print(f"dearer by {dearer:.1e}", flush=True)
        least, whole = min_max(problem)
        print(f"  min-max, HiGHS: largest unknown above the least by {least:.1e}; whole cost dearer by {whole:.1e}")
    counts = lost(given.random or 100 * given.count)
    print(
        f"{counts.sum()} random problems: {counts[0]} optimal, {counts[1]} proven infeasible, "
        f"{counts[UNCERTIFIED]} lost"
    )


if __name__ == "__main__":
    main()
