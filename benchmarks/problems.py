"""Problems for the benchmarks of load sharing, and the peers that solve them one at a time."""

import numpy as np

from biomech.sharing import LoadSharingProblem

#: Unknowns and rows: a leg's main muscles, a leg and the trunk, the whole body.
SIZES = {"S 26x6": (26, 6), "M 57x9": (57, 9), "L 114x17": (114, 17)}


def leg_like(unknowns, rows, batch, seed=0):
    """Each unknown acts on two or three neighbouring rows, as a muscle does on the joints that it crosses."""
    rng = np.random.default_rng(seed)
    used = np.zeros((rows, unknowns), dtype=bool)
    for k in range(unknowns):
        first = rng.integers(0, rows - 1)
        used[first : first + 2 + k % 2, k] = True
    return _met(rng, rng.normal(size=(batch, rows, unknowns)) * 50 * used)


def scattered(unknowns, rows, batch, seed=0):
    """Two entries in five differ from zero, anywhere, other ones in every problem."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(batch, rows, unknowns)) * 50 * (rng.random((batch, rows, unknowns)) < 0.4)
    return _met(rng, a)


def _met(rng, a):
    """A demand that a random sharing meets."""
    batch, _, unknowns = a.shape
    x = rng.random((batch, unknowns)) * (rng.random((batch, unknowns)) < 0.6) * 0.5
    return LoadSharingProblem(a, np.einsum("bmn,bn->bm", a, x), np.ones(unknowns), np.ones(unknowns))


def first(problem, count):
    """The first problems of a batch."""
    return LoadSharingProblem(problem.coefficients[:count], problem.demand[:count], problem.upper[0], problem.weight)


def by_daqp(problem):
    """Sum of squares by DAQP (Arnstrom, Bemporad & Axehill 2022), which asks for A of general constraints."""
    import daqp

    batch, rows, unknowns = problem.coefficients.shape
    quadratic, linear = np.diag(2 * problem.weight), np.zeros(unknowns)
    sense = np.zeros(unknowns + rows, dtype=np.int32)
    sense[unknowns:] = 5  # equalities
    answers = np.empty((batch, unknowns))
    for i in range(batch):
        upper = np.concatenate([problem.upper[i], problem.demand[i]])
        lower = np.concatenate([problem.lower[i], problem.demand[i]])
        answers[i] = daqp.solve(quadratic, linear, problem.coefficients[i], upper, lower, sense)[0]
    return answers


def by_quadprog(problem):
    """Sum of squares by the method of Goldfarb & Idnani 1983."""
    import quadprog

    batch, rows, unknowns = problem.coefficients.shape
    quadratic, linear = np.diag(2 * problem.weight), np.zeros(unknowns)
    answers = np.empty((batch, unknowns))
    for i in range(batch):
        constraints = np.hstack([problem.coefficients[i].T, np.eye(unknowns), -np.eye(unknowns)])
        bounds = np.concatenate([problem.demand[i], problem.lower[i], -problem.upper[i]])
        answers[i] = quadprog.solve_qp(quadratic, linear, constraints, bounds, rows)[0]
    return answers


def by_slsqp(problem, exponent):
    """Sum of powers by SciPy's SLSQP at ftol 1e-12, as most people write it, with gradients given."""
    from scipy.optimize import minimize

    batch, _, unknowns = problem.coefficients.shape
    answers = np.empty((batch, unknowns))
    for i in range(batch):
        a, b, w = problem.coefficients[i], problem.demand[i], problem.weight
        meet = {"type": "eq", "fun": lambda x, a=a, b=b: a @ x - b, "jac": lambda x, a=a: a}
        answers[i] = minimize(
            lambda x, w=w: float((w * x**exponent).sum()),
            np.full(unknowns, 0.1),
            jac=lambda x, w=w: exponent * w * x ** (exponent - 1),
            bounds=[(0.0, 1.0)] * unknowns,
            constraints=meet,
            method="SLSQP",
            options={"ftol": 1e-12, "maxiter": 500},
        ).x
    return answers


def by_clarabel(problem, exponent):
    """Sum of powers as a conic program: t >= x^p is a power cone (Goulart & Chen 2024); NaN where it gives up."""
    import clarabel
    from scipy import sparse

    batch, rows, n = problem.coefficients.shape
    cost = np.concatenate([np.zeros(n), problem.weight])
    nothing = sparse.csc_matrix((2 * n, 2 * n))
    # (t, 1, x) in the cone t^(1/p) 1^(1-1/p) >= |x|, one after the other
    cone = sparse.lil_matrix((3 * n, 2 * n))
    cone[np.arange(0, 3 * n, 3), np.arange(n, 2 * n)] = -1.0
    cone[np.arange(2, 3 * n, 3), np.arange(n)] = -1.0
    one = np.zeros(3 * n)
    one[1::3] = 1.0
    box = sparse.vstack([sparse.eye(n, 2 * n), -sparse.eye(n, 2 * n)])
    cones = [clarabel.ZeroConeT(rows), clarabel.NonnegativeConeT(2 * n)]
    cones += [clarabel.PowerConeT(1.0 / exponent)] * n
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
    answers = np.empty((batch, n))
    for i in range(batch):
        equal = sparse.hstack([sparse.csc_matrix(problem.coefficients[i]), sparse.csc_matrix((rows, n))])
        right = np.concatenate([problem.demand[i], problem.upper[i], -problem.lower[i], one])
        whole = sparse.csc_matrix(sparse.vstack([equal, box, cone]))
        found = clarabel.DefaultSolver(nothing, cost, whole, right, cones, settings).solve()
        answers[i] = found.x[:n] if found.status == clarabel.SolverStatus.Solved else np.nan
    return answers


def min_max_by_highs(problem):
    """Largest unknown and 0.001 sum of squares of the linear program's answer, by HiGHS."""
    from scipy.optimize import linprog

    batch, rows, n = problem.coefficients.shape
    under = np.hstack([np.eye(n), -np.ones((n, 1))])
    objective = np.append(np.zeros(n), 1.0)
    found = np.empty((batch, 2))
    for i in range(batch):
        a = np.hstack([problem.coefficients[i], np.zeros((rows, 1))])
        best = linprog(objective, under, np.zeros(n), a, problem.demand[i], [(0, 1)] * (n + 1))
        found[i] = best.fun, 1e-3 * float((problem.weight * best.x[:n] ** 2).sum())
    return found
