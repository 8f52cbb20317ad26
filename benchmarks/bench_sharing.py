"""Load sharing against quadprog, on the same problems in one process; answers recorded beside times."""

import numpy as np
import pytest
import quadprog

from biomech.sharing import LoadSharingProblem, MinMax, Power, SoftSaturation, solve

SIZES = {"S 26x6": (26, 6), "M 57x9": (57, 9), "L 114x17": (114, 17)}
BATCH = 200


def random_problem(unknowns, rows):
    """Random arms and a demand that a random sharing meets."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(BATCH, rows, unknowns)) * 50 * (rng.random((BATCH, rows, unknowns)) < 0.4)
    x = rng.random((BATCH, unknowns)) * (rng.random((BATCH, unknowns)) < 0.6) * 0.5
    return LoadSharingProblem(a, np.einsum("bmn,bn->bm", a, x), np.ones(unknowns), np.ones(unknowns))


def by_quadprog(problem):
    _, rows, unknowns = problem.coefficients.shape
    quadratic, linear = np.diag(2 * problem.weight), np.zeros(unknowns)
    answers = []
    for i in range(len(problem)):
        constraints = np.hstack([problem.coefficients[i].T, np.eye(unknowns), -np.eye(unknowns)])
        bounds = np.concatenate([problem.demand[i], problem.lower[i], -problem.upper[i]])
        answers.append(quadprog.solve_qp(quadratic, linear, constraints, bounds, rows)[0])
    return np.array(answers)


@pytest.mark.parametrize("size", SIZES)
def test_biomech(benchmark, size):
    problem = random_problem(*SIZES[size])
    solve(problem, Power(2))  # compile before the clock runs
    solution = benchmark(solve, problem, Power(2))
    benchmark.extra_info |= {
        "microseconds_per_problem": _each(benchmark),
        "residual": float(solution.residual.max()),
        "gap": float(solution.gap.max()),
        "optimal": int((solution.status == 0).sum()),
    }
    assert (solution.status == 0).all()


@pytest.mark.parametrize("criterion", [Power(3), Power(5), SoftSaturation(), MinMax()], ids=str)
def test_criteria(benchmark, criterion):
    problem = random_problem(*SIZES["M 57x9"])
    solution = benchmark(solve, problem, criterion)
    benchmark.extra_info |= {"microseconds_per_problem": _each(benchmark), "gap": float(solution.gap.max())}
    assert (solution.status == 0).all()


def test_vjp(benchmark):
    solution = solve(random_problem(*SIZES["M 57x9"]), Power(2))
    found = benchmark(solution.vjp, np.ones(solution.value.shape))
    benchmark.extra_info |= {"microseconds_per_problem": _each(benchmark), "kinks": int(found.kink.sum())}


@pytest.mark.parametrize("size", SIZES)
def test_quadprog(benchmark, size):
    problem = random_problem(*SIZES[size])
    answers = benchmark(by_quadprog, problem)
    difference = float(np.abs(answers - solve(problem, Power(2)).value).max())
    benchmark.extra_info |= {"microseconds_per_problem": _each(benchmark), "difference": difference}
    assert difference < 1e-8


def _each(benchmark):
    return None if benchmark.disabled else 1e6 * benchmark.stats.stats.min / BATCH
