"""Load sharing beside its peers, on the same problems in one process; answers recorded beside times.

One thread, answers of all to 1e-8, of Clarabel to 1e-7. Peers without a batch call are called in a Python loop;
``table.py`` makes a table of all.
"""

import numpy as np
import pytest
from problems import SIZES, by_slsqp, first, leg_like, scattered
from square_peers import PEERS, one_core

from biomech.sharing import MinMax, Power, SoftSaturation, solve

BATCH = 2000


def record(benchmark, count, **answer):
    each = None if benchmark.disabled else 1e6 * benchmark.stats.stats.min / count
    benchmark.extra_info |= {"microseconds_per_problem": each, **answer}


def certificate(solution):
    """What a benchmark says of its answers."""
    assert (solution.status == 0).all()
    return {"residual": float(solution.residual.max()), "gap": float(solution.gap.max())}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", SIZES)
def test_squares(benchmark, size, threads):
    problem = leg_like(*SIZES[size], BATCH)
    solve(problem, Power(2))  # compile before the clock runs
    solution = benchmark(solve, problem, Power(2), threads=threads)
    record(benchmark, BATCH, **certificate(solution))


@pytest.mark.parametrize("size", SIZES)
def test_squares_scattered(benchmark, size):
    """A pattern of its own in every problem, so that nothing can be left out."""
    problem = scattered(*SIZES[size], BATCH)
    solution = benchmark(solve, problem, Power(2))
    record(benchmark, BATCH, **certificate(solution))


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("size", SIZES)
def test_peer_squares(benchmark, size, peer):
    for package in PEERS[peer].packages:
        pytest.importorskip(package)
    problem = first(leg_like(*SIZES[size], BATCH), 100)
    with one_core():
        # what is compiled or made at the first call is left out
        answers = benchmark.pedantic(PEERS[peer].solve, (problem,), rounds=3, warmup_rounds=1)
    difference = float(np.abs(answers - solve(problem, Power(2)).value).max())
    record(benchmark, 100, difference=difference)
    assert difference < PEERS[peer].accuracy


@pytest.mark.parametrize("size", SIZES)
def test_cubes(benchmark, size):
    problem = leg_like(*SIZES[size], BATCH)
    solution = benchmark(solve, problem, Power(3))
    record(benchmark, BATCH, **certificate(solution))


@pytest.mark.parametrize("size", SIZES)
def test_peer_cubes(benchmark, size):
    problem = first(leg_like(*SIZES[size], BATCH), 4)
    answers = benchmark.pedantic(by_slsqp, (problem, 3), rounds=1)
    ours = solve(problem, Power(3))
    dearer = float(((problem.weight * answers**3).sum(axis=1) - ours.cost).max())
    record(benchmark, 4, difference=float(np.abs(answers - ours.value).max()), dearer=dearer)


@pytest.mark.parametrize("criterion", [Power(5), SoftSaturation(), MinMax()], ids=str)
def test_criteria(benchmark, criterion):
    problem = leg_like(*SIZES["M 57x9"], BATCH // 10)
    solution = benchmark(solve, problem, criterion)
    record(benchmark, BATCH // 10, **certificate(solution))


@pytest.mark.parametrize("product", ["vjp", "jvp"])
def test_sensitivity(benchmark, product):
    solution = solve(leg_like(*SIZES["M 57x9"], BATCH), Power(2))
    if product == "vjp":
        benchmark(solution.vjp, np.ones(solution.value.shape))
    else:
        benchmark(solution.jvp, demand=1.0)
    record(benchmark, BATCH)
