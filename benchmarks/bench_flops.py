"""Floating-point operations per second of the solver, and the share of what the core can do.

Additions and multiplications are counted, of every lane, also of those that are done; comparisons and loads are not.
"""

import numpy as np
from problems import SIZES, leg_like

from biomech._kernels import entry_point
from biomech._kernels.arrays import Array1, Array2
from biomech._simd import LANES, arange, as_lanes, block_indices, extract, gather, make_lane_index, simd_zero
from biomech.sharing import Power
from biomech.sharing.block_sparsity import BlockSparsity, find_sparsity, gather_entries
from biomech.sharing.dual_newton import share_load
from biomech.sharing.response import Costs, make_answer, make_costs, make_problem, make_work, measure

CHAINS, ROUNDS, REPEATS = 5, 200_000, 2000


@entry_point
def multiply_and_add(numbers: Array2, rounds: int) -> None:
    x = as_lanes(numbers)
    a, b, c, d, e, m = x[0], x[1], x[2], x[3], x[4], x[5]
    for _ in range(rounds):
        a, b, c, d, e = a * m + m, b * m + m, c * m + m, d * m + m, e * m + m
    x[0], x[1], x[2], x[3], x[4] = a, b, c, d, e


@entry_point
def solve_again(
    pattern: BlockSparsity, costs: Costs, a: Array2, b: Array2, upper: Array2, repeats: int, count: Array1
) -> None:
    """Solve the first problems over and over, in the cache, so that memory is left out."""
    number, unknowns, rows = simd_zero(), len(pattern.unknown), b.shape[1]
    p, w = make_problem(number, rows, unknowns, pattern.entry[-1]), make_work(number, rows, unknowns)
    (x, y, _), lane_index = make_answer(number, rows, unknowns), make_lane_index(number)
    gather(upper, lane_index * np.uint64(0), pattern.unknown, p.upper)
    block_indices(arange(len(b)), 0, 1, lane_index)
    gather_entries(pattern, a, lane_index, p.a)
    gather(b, lane_index, arange(rows), p.b)
    measure(p)
    for _ in range(repeats):
        share_load(pattern, costs, p, w, x, y, False, False)
    count[0], count[1] = extract(w.tally[0], 0), extract(w.tally[1], 0)


def operations(t, rows, unknowns, steps, trials):
    """Of one lane: what steps and trials cost, and the start and the correction as a step each."""
    rows_of, own = np.diff(t.row_start.astype(int)), np.diff(t.start.astype(int))
    pairs = -(-rows_of // 2) * (-(-rows_of // 2) + 1) // 2
    curvature, product = float((pairs * own * 10).sum()), float((2 * rows_of * own).sum())
    step = curvature + rows**3 / 3 + 2 * rows**2 + 2 * product + 2 * unknowns
    return (steps + 2) * step + (trials + 1) * 8 * unknowns


def test_share_of_peak(benchmark):
    unknowns, rows = SIZES["M 57x9"]
    problem = leg_like(unknowns, rows, LANES)
    t = find_sparsity(problem.used)
    order = t.unknown.astype(int)
    c = make_costs(Power(2), problem.weight[order], problem.quadratic, np.ones(rows))
    count, upper = np.zeros(2), np.array(problem.upper[:1])
    a = problem.coefficients.reshape(LANES, -1)
    solve_again(t, c, a, problem.demand, upper, 1, count)
    work = operations(t, rows, unknowns, *count) * LANES * REPEATS
    arguments = (t, c, a, problem.demand, upper, REPEATS, count)
    benchmark.pedantic(solve_again, arguments, rounds=5)
    if not benchmark.disabled:
        import time

        x, best = np.full((CHAINS + 1, LANES), 1e-3), np.inf
        for _ in range(7):
            start = time.perf_counter()
            multiply_and_add(x, ROUNDS)
            best = min(best, time.perf_counter() - start)
        peak, ours = 2 * CHAINS * LANES * ROUNDS / best / 1e9, work / benchmark.stats.stats.min / 1e9
        benchmark.extra_info |= {
            "gigaflops": ours,
            "peak_gigaflops": peak,
            "share_of_peak": ours / peak,
            "microseconds_per_problem": 1e6 * benchmark.stats.stats.min / LANES / REPEATS,
        }
