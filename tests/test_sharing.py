import os
import signal
import threading
import time

import fuzz_sharing
import numpy as np
import pytest
import quadprog
from scipy.optimize import linprog, lsq_linear, minimize

from biomech.errors import ProblemError
from biomech.sharing import (
    INFEASIBLE,
    OPTIMAL,
    UNCERTIFIED,
    LoadSharingProblem,
    MinMax,
    Power,
    SoftSaturation,
    solve,
)
from biomech.sharing.solution import certify

CRITERIA = [Power(2), Power(2.5), Power(3), Power(5), SoftSaturation(), MinMax()]
SIZES = [(26, 6), (57, 9), (114, 17)]


def random_problem(rng, batch, unknowns, rows, *, light=0, light_weight=1e-6, excess=1.0):
    """Muscles with a few joints each, a demand that some sharing meets, and unknowns of tiny weight."""
    a = rng.normal(size=(batch, rows, unknowns)) * 50 * (rng.random((batch, rows, unknowns)) < 0.4)
    x = rng.random((batch, unknowns)) * (rng.random((batch, unknowns)) < 0.6) * 0.5
    upper, weight = np.ones(unknowns), rng.uniform(0.5, 2.0, unknowns)
    if light:
        upper[-light:], weight[-light:] = 20.0, light_weight
    return LoadSharingProblem(a, excess * np.einsum("bmn,bn->bm", a, x), upper, weight)


def by_quadprog(problem, i):
    rows, unknowns = problem.coefficients[i].shape
    constraints = np.hstack([problem.coefficients[i].T, np.eye(unknowns), -np.eye(unknowns)])
    bounds = np.concatenate([problem.demand[i], problem.lower[i], -problem.upper[i]])
    return quadprog.solve_qp(np.diag(2 * problem.weight), np.zeros(unknowns), constraints, bounds, rows)[0]


@pytest.mark.parametrize(("unknowns", "rows"), SIZES)
@pytest.mark.parametrize("light_weight", [1.0, 1e-6, 1e-9])
def test_agrees_with_quadprog(unknowns, rows, light_weight):
    problem = random_problem(np.random.default_rng(unknowns), 40, unknowns, rows, light=8, light_weight=light_weight)
    solution = solve(problem, Power(2))
    assert (solution.status == OPTIMAL).all()
    for i in range(len(problem)):
        bound = np.minimum(problem.upper[i], 100.0)
        assert np.abs((solution.value[i] - by_quadprog(problem, i)) / bound).max() < 1e-8


@pytest.mark.parametrize(("unknowns", "rows"), SIZES)
def test_no_answer_is_uncertified(unknowns, rows):
    rng = np.random.default_rng(rows)
    for excess in (0.3, 1.0, 1.7, 5.0, 50.0):
        problem = random_problem(rng, 1000, unknowns, rows, light=8, excess=excess)
        solution = solve(problem, Power(2))
        assert (solution.status != UNCERTIFIED).all(), excess


@pytest.mark.parametrize(("unknowns", "rows"), SIZES)
@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
def test_no_criterion_leaves_an_answer_uncertified(criterion, unknowns, rows):
    rng = np.random.default_rng(rows)
    for excess, light, light_weight in ((0.5, 8, 1e-6), (1.0, 0, 1.0), (1.7, 8, 1e-9), (5.0, 8, 1e-4)):
        plain = random_problem(rng, 100, unknowns, rows, light=light, light_weight=light_weight, excess=excess)
        quadratic = np.arange(unknowns) >= unknowns - light
        problem = LoadSharingProblem(plain.coefficients, plain.demand, plain.upper, plain.weight, quadratic=quadratic)
        solution = solve(problem, criterion)
        assert (solution.status != UNCERTIFIED).all()
        if excess == 1.0:
            assert (solution.status == OPTIMAL).all()


@pytest.mark.parametrize("criterion", [Power(2.5), Power(3), Power(4), SoftSaturation()], ids=str)
def test_agrees_with_slsqp(criterion):
    """SLSQP from the answer of the squares, at its tightest: no cheaper, and the same where it converges."""
    problem = random_problem(np.random.default_rng(11), 6, 26, 6)
    solution, start = solve(problem, criterion), solve(problem, Power(2)).value
    for i in range(6):
        a, b, w = problem.coefficients[i], problem.demand[i], problem.weight

        def cost(x, w=w):
            if isinstance(criterion, SoftSaturation):
                return float((w * (1 - np.sqrt(1 - np.minimum(x, 1.0) ** 2))).sum())
            return float((w * x**criterion.exponent).sum())

        # the rows are scaled, for SLSQP takes its tolerance in absolute terms
        meet = {"type": "eq", "fun": lambda x, a=a, b=b: (a @ x - b) / 50, "jac": lambda x, a=a: a / 50}
        bounds = [(0.0, 0.999999)] * 26
        best = minimize(cost, start[i].clip(0, 0.99), constraints=meet, bounds=bounds, method="SLSQP",
                        options={"ftol": 1e-14, "maxiter": 2000})  # fmt: skip
        assert cost(solution.value[i]) <= best.fun * (1 + 1e-7) + 1e-9
        assert cost(solution.value[i]) == pytest.approx(best.fun, rel=1e-5)


def test_min_max_is_the_linear_programs():
    problem = random_problem(np.random.default_rng(12), 20, 57, 9)
    solution = solve(problem, MinMax())
    for i in range(20):
        # unknowns x and t: least t with x <= t
        a = np.hstack([problem.coefficients[i], np.zeros((9, 1))])
        under = np.hstack([np.eye(57), -np.ones((57, 1))])
        best = linprog(np.append(np.zeros(57), 1.0), under, np.zeros(57), a, problem.demand[i], [(0, 1)] * 58)
        largest = float(solution.value[i].max())
        assert best.fun - 1e-9 <= largest
        squares = 1e-3 * float((problem.weight * solution.value[i] ** 2).sum())
        assert largest + squares <= best.fun + 1e-3 * float((problem.weight * best.x[:57] ** 2).sum()) + 1e-9
        assert largest == pytest.approx(best.fun, rel=0.03)


@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
def test_quadratic_unknowns_cost_squares(criterion):
    """A reserve beside muscles: its multiplier is that of w x^2 under every criterion."""
    a = np.array([[[30.0, 20.0, 1.0]]])
    problem = LoadSharingProblem(a, np.array([[25.0]]), [1, 1, np.inf], [1, 1, 0.01], [0, 0, -np.inf],
                                 quadratic=[False, False, True])  # fmt: skip
    solution = solve(problem, criterion)
    assert solution.status[0] == OPTIMAL
    assert float(solution.multiplier[0, 0]) == pytest.approx(2 * 0.01 * float(solution.value[0, 2]), rel=1e-6)


@pytest.mark.parametrize("excess", [4.0, 8.0, 50.0])
def test_shortfall_is_the_least_squares_one(excess):
    problem = random_problem(np.random.default_rng(3), 60, 57, 9, excess=excess)
    rng = np.random.default_rng(4)
    weight = rng.uniform(0.1, 10.0, 9)
    problem = LoadSharingProblem(
        problem.coefficients, problem.demand, problem.upper, problem.weight, shortfall_weight=weight
    )
    solution = solve(problem, Power(2))
    over = np.flatnonzero(solution.status == INFEASIBLE)
    assert over.size
    root = np.sqrt(weight)
    for i in over:
        best = lsq_linear(
            root[:, None] * problem.coefficients[i], root * problem.demand[i], (0, 1), method="bvls", tol=1e-14
        )
        found = solution.shortfall[i]
        np.testing.assert_allclose(
            found, problem.demand[i] - problem.coefficients[i] @ best.x, atol=1e-7 * abs(found).max()
        )


@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
def test_multiplier_is_the_derivative_of_the_cost(criterion):
    problem = random_problem(np.random.default_rng(5), 1, 26, 6)
    solution = solve(problem, criterion)
    for row in range(6):
        step = np.zeros(6)
        step[row] = 1e-4
        near = [
            solve(
                LoadSharingProblem(problem.coefficients, problem.demand + s * step, problem.upper, problem.weight),
                criterion,
            )
            for s in (-1, 1)
        ]
        slope = float(near[1].cost[0] - near[0].cost[0]) / 2e-4
        assert slope == pytest.approx(float(solution.multiplier[0, row]), rel=1e-4, abs=1e-8)


def test_hard_cases():
    rng = np.random.default_rng(6)
    a = rng.normal(size=(1, 4, 12)) * 30
    x = rng.random(12) * 0.4
    cases = {
        "repeated row": (np.concatenate([a, a[:, :1]], axis=1), np.append(a[0] @ x, a[0, 0] @ x)),
        "zero row": (np.concatenate([a, 0 * a[:, :1]], axis=1), np.append(a[0] @ x, 0.0)),
        "empty column": (a * (np.arange(12) != 3), a[0] @ (x * (np.arange(12) != 3))),
        "nothing asked": (a, np.zeros(4)),
        "all at a bound": (a, a[0] @ np.ones(12)),
    }
    for name, (coefficients, demand) in cases.items():
        problem = LoadSharingProblem(coefficients, demand[None], np.ones(12), np.ones(12))
        solution = solve(problem, Power(2))
        assert solution.residual[0] < 1e-9, name
        assert solution.status[0] == OPTIMAL, name


def test_an_impossible_row_is_proven():
    a = np.array([[[30.0, 20.0], [0.0, 0.0]]])
    solution = solve(LoadSharingProblem(a, np.array([[10.0, 5.0]]), np.ones(2), np.ones(2)), Power(2))
    assert solution.status[0] == INFEASIBLE
    np.testing.assert_allclose(solution.shortfall, [[0.0, 5.0]], atol=1e-9)


@pytest.mark.parametrize("batch", [0, 1])
def test_small_batches(batch):
    problem = random_problem(np.random.default_rng(7), batch, 26, 6)
    assert solve(problem, Power(2)).value.shape == (batch, 26)


def test_batch_equals_loop():
    problem = random_problem(np.random.default_rng(8), 30, 57, 9)
    together = solve(problem, Power(2))
    for i in range(30):
        alone = solve(LoadSharingProblem(problem.coefficients[i : i + 1], problem.demand[i : i + 1], problem.upper[i],
                                         problem.weight), Power(2))  # fmt: skip
        np.testing.assert_allclose(alone.value[0], together.value[i], atol=1e-13)


def test_reserves_of_free_sign():
    problem = LoadSharingProblem(
        np.array([[[20.0, 10.0]]]),
        np.array([[-6.0]]),
        np.array([1.0, np.inf]),
        np.array([1.0, 1.0]),
        np.array([0.0, -np.inf]),
    )
    solution = solve(problem, Power(2))
    np.testing.assert_allclose(solution.value, [[0.0, -0.6]])
    assert solution.status[0] == OPTIMAL


def test_the_certificate_is_not_fooled():
    problem = random_problem(np.random.default_rng(9), 20, 57, 9)
    solution = solve(problem, Power(2))
    # feasible but not least: move along the null space of the free unknowns
    moved = solution.value.copy()
    for i in range(20):
        free = (moved[i] > 0.05) & (moved[i] < 0.95)
        null = np.linalg.svd(problem.coefficients[i][:, free])[2][-1]
        moved[i, free] += 1e-3 * null
    assert (certify(problem, Power(2), moved, solution.multiplier).status == UNCERTIFIED).all()
    # least of another problem: does not meet the demand
    assert (certify(problem, Power(2), solution.value * (1 + 1e-7), solution.multiplier).status == UNCERTIFIED).all()
    # outside the bounds
    outside = solution.value - 1e-3 * (solution.value == 0.0)
    assert (certify(problem, Power(2), outside, solution.multiplier).status == UNCERTIFIED).all()
    # multipliers that prove nothing
    assert (certify(problem, Power(2), solution.value, 0 * solution.multiplier).status == UNCERTIFIED).all()


GOOD = {"coefficients": np.ones((2, 3, 4)), "demand": np.ones((2, 3)), "upper": np.ones(4), "weight": np.ones(4)}


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ({"coefficients": np.ones((3, 4))}, r"coefficients: has shape \(3, 4\)"),
        (
            {"coefficients": np.where(np.arange(24).reshape(2, 3, 4) == 17, np.nan, 1.0)},
            r"coefficients\[1, 1, 1\] = .*nan",
        ),
        ({"coefficients": "many"}, "coefficients: must be an array of numbers"),
        ({"demand": np.array([[1.0, np.inf, 1.0], [1.0, 1.0, 1.0]])}, r"demand\[0, 1\] = .*inf"),
        ({"demand": np.ones((2, 4))}, r"demand: has shape \(2, 4\); must be \(2, 3\)"),
        ({"upper": np.ones(5)}, r"upper: has shape \(5,\)"),
        ({"upper": np.array([1.0, 1.0, np.nan, 1.0])}, r"upper\[2\]"),
        ({"lower": np.array([0.0, 2.0, 0.0, 0.0])}, r"upper\[0, 1\] = .*1.0.*: must be at least the lower bound"),
        ({"weight": np.array([1.0, 0.0, 1.0, 1.0])}, r"weight\[1\] = .*0.0.*: must be positive"),
        ({"weight": np.array([1.0, 1.0, -1.0, 1.0])}, r"weight\[2\]"),
        ({"quadratic": np.zeros(4)}, "quadratic"),
        ({"shortfall_weight": np.zeros(3)}, r"shortfall_weight\[0\]"),
    ],
)
def test_bad_problems_are_refused_by_name(bad, named):
    with pytest.raises(ProblemError, match=named):
        LoadSharingProblem(**{**GOOD, **bad})


@pytest.mark.parametrize("exponent", [1, 6, 1.99, "2", True, float("nan")])
def test_bad_criteria_are_refused(exponent):
    with pytest.raises(ProblemError, match="exponent"):
        Power(exponent)


@pytest.mark.parametrize("upper", [0.0, np.inf])
def test_soft_saturation_needs_bounds(upper):
    problem = LoadSharingProblem(**{**GOOD, "upper": np.array([1.0, 1.0, upper, 1.0])})
    with pytest.raises(ProblemError, match=r"upper\[0, 2\]"):
        solve(problem, SoftSaturation())


def test_unknown_criterion_is_refused():
    with pytest.raises(ProblemError, match="criterion"):
        solve(LoadSharingProblem(**GOOD), "squares")


@pytest.mark.parametrize("reserve", [1.0, 0.01])
@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
def test_reserves_carry_what_is_five_times_too_much(criterion, reserve):
    """A demand far past strength is met when there are reserves, however weak and dear.

    Under fifth powers a reserve of 0.01 makes multipliers of 1e8, which no longer resolve muscles that are hardly on:
    one problem in a thousand comes back uncertified, and says so.
    """
    if criterion == Power(5) and reserve < 1.0:
        reserve = 0.1
    plain = random_problem(np.random.default_rng(21), 50, 26, 6, excess=5.0)
    a = np.concatenate([plain.coefficients, np.tile(reserve * np.eye(6), (50, 1, 1))], axis=2)
    free = np.full(6, np.inf)
    upper, lower = np.concatenate([np.ones(26), free]), np.concatenate([np.zeros(26), -free])
    problem = LoadSharingProblem(a, plain.demand, upper, np.ones(32), lower, quadratic=np.arange(32) >= 26)
    assert (solve(problem, criterion).status == OPTIMAL).all()


def test_bad_arguments():
    problem = random_problem(np.random.default_rng(22), 2, 26, 6)
    with pytest.raises(ProblemError, match=r"tolerance = 0\.0: must be between 0 and 1"):
        solve(problem, Power(2), tolerance=0.0)
    with pytest.raises(ProblemError, match=r"threads = 0: must be a whole number, at least 1"):
        solve(problem, Power(2), threads=0)


def test_cubes_are_exact_where_the_cost_is_flat():
    """An unknown that is just about to act: the gap alone would not show that it is off."""
    a = np.array([[[20.0, 40.0, -10.0]]])
    for pull in (1e-9, -1e-9):
        # the third unknown helps by a hair: its own weightless row asks for it
        rows = np.concatenate([a, [[[1.0, 0.0, 1.0]]]], axis=1)
        x = np.array([0.3, 0.2, np.sqrt(max(pull, 0.0))])
        problem = LoadSharingProblem(rows, (rows[0] @ x)[None], np.ones(3), np.ones(3))
        solution = solve(problem, Power(3))
        assert solution.status[0] == OPTIMAL
        assert solution.gap[0] < 1e-12


@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_never_certified(criterion, bad):
    problem = random_problem(np.random.default_rng(31), 12, 26, 6)
    solution = solve(problem, criterion)
    assert (certify(problem, criterion, solution.value, solution.multiplier).status == OPTIMAL).all()
    for part in ("value", "multiplier"):
        for k in range(6):
            candidate = {"value": solution.value.copy(), "multiplier": solution.multiplier.copy()}
            candidate[part][:, k] = bad
            assert (certify(problem, criterion, **candidate).status == UNCERTIFIED).all()
    everything = (np.full_like(solution.value, bad), np.full_like(solution.multiplier, bad))
    assert (certify(problem, criterion, *everything).status == UNCERTIFIED).all()


def test_nothing_that_overflows_is_certified():
    a = np.array([[[1e200, 1e-200], [1e308, 1e308]]])
    problem = LoadSharingProblem(a, [[1e300, 1e308]], np.full(2, np.inf), np.full(2, 1e-300))
    for criterion in (Power(2), Power(3), MinMax()):
        solution = solve(problem, criterion)
        assert solution.status[0] == UNCERTIFIED or np.isfinite(solution.value).all()


def test_a_matrix_that_turns_nan_is_not_certified():
    """The arrays are the caller's, who may write to them after the check; neighbours are as if it were not there."""
    problem = random_problem(np.random.default_rng(32), 20, 26, 6)
    before = solve(problem, MinMax())
    assert (before.status == OPTIMAL).all()
    problem.coefficients[7, 2, 3] = np.nan
    after = solve(problem, MinMax())
    assert after.status[7] == UNCERTIFIED
    others = np.arange(20) != 7
    np.testing.assert_array_equal(after.status[others], before.status[others])
    np.testing.assert_allclose(after.value[others], before.value[others], rtol=0, atol=1e-12)


def test_candidates_of_another_shape_are_refused():
    problem = random_problem(np.random.default_rng(33), 2, 26, 6)
    with pytest.raises(ProblemError, match=r"value: has shape \(2, 25\); must be \(2, 26\)"):
        certify(problem, Power(2), np.zeros((2, 25)), np.zeros((2, 6)))
    with pytest.raises(ProblemError, match=r"multiplier: has shape \(6,\)"):
        certify(problem, Power(2), np.zeros((2, 26)), np.zeros(6))


@pytest.mark.parametrize(("name", "value"), [("lower", np.inf), ("upper", -np.inf)])
def test_bounds_that_leave_nothing_finite_are_refused(name, value):
    bounds = {"lower": np.full(4, value) if value < 0 else np.zeros(4), "upper": np.full(4, value)}
    bounds["lower"][1] = value
    with pytest.raises(ProblemError, match=name):
        LoadSharingProblem(**{**GOOD, **bounds})


@pytest.mark.parametrize("edge", [1e3, 1e12, np.inf])
@pytest.mark.parametrize("criterion", [Power(2), Power(5), MinMax()], ids=str)
def test_an_overload_beside_an_unbounded_reserve_is_proven(criterion, edge):
    """A reserve on the first row cannot help the second, which lacks 10."""
    problem = LoadSharingProblem(
        np.array([[[20.0, 40.0, 1.0], [20.0, 40.0, 0.0]]]),
        np.array([[10.0, 70.0]]),
        np.array([1.0, 1.0, edge]),
        np.ones(3),
        np.array([0.0, 0.0, -edge]),
        quadratic=[False, False, True],
    )
    solution = solve(problem, criterion)
    assert solution.status[0] == INFEASIBLE
    np.testing.assert_allclose(solution.shortfall, [[0.0, 10.0]], atol=1e-9)
    np.testing.assert_allclose(solution.value, [[1.0, 1.0, -50.0]], atol=1e-9)


@pytest.mark.parametrize("factor", [1e-12, 1e-3, 1.0, 1e4, 1e10, 1e12])
def test_the_shortfall_does_not_depend_on_a_common_factor_of_the_weights(factor):
    problem = LoadSharingProblem(
        np.array([[[145.0, 60.0, 20.0]]]), np.array([[1000.0]]), np.ones(3), np.full(3, factor)
    )
    solution = solve(problem, Power(2))
    assert solution.status[0] == INFEASIBLE
    np.testing.assert_allclose(solution.value, [[1.0, 1.0, 1.0]], rtol=1e-12)
    np.testing.assert_allclose(solution.shortfall, [[775.0]], rtol=1e-12)


@pytest.mark.parametrize("own", [0.0, 1.0])
def test_an_impossible_row_is_seen_beside_a_large_one(own):
    """5 asked of a row that bears one at most, beside a row of 1e12."""
    a = np.array([[[1e12, 1e12, 0.0], [0.0, 0.0, own]]])
    problem = LoadSharingProblem(a, np.array([[1e12, 5.0]]), np.ones(3), np.ones(3), shortfall_weight=[1e-24, 1.0])
    solution = solve(problem, Power(2))
    assert solution.status[0] == INFEASIBLE
    assert float(solution.shortfall[0, 1]) == pytest.approx(5.0 - own, rel=1e-9)
    assert float(solution.residual[0]) == pytest.approx((5.0 - own) / 5.0, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1.0, 1e6, 1e12])
@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
def test_units_of_the_rows_do_not_matter(criterion, scale):
    plain = random_problem(np.random.default_rng(34), 30, 26, 6)
    rows = np.array([1.0, scale, 1.0, scale, 1.0, 1.0])
    scaled = LoadSharingProblem(plain.coefficients * rows[:, None], plain.demand * rows, plain.upper, plain.weight)
    first, other = solve(plain, criterion), solve(scaled, criterion)
    assert (first.status == OPTIMAL).all()
    assert (other.status == OPTIMAL).all()
    np.testing.assert_allclose(other.value, first.value, rtol=0, atol=1e-9)


@pytest.mark.parametrize("upper", [1.0, 0.3])
def test_soft_saturation_at_an_exact_corner(upper):
    """All that can be borne is asked: the multipliers have no end, and the certificate needs none."""
    problem = LoadSharingProblem(np.array([[[30.0, 20.0]]]), [[50.0 * upper]], np.full(2, upper), np.ones(2))
    solution = solve(problem, SoftSaturation())
    assert solution.status[0] == OPTIMAL
    np.testing.assert_allclose(solution.value, np.full((1, 2), upper), rtol=1e-9)
    assert np.isfinite(solution.multiplier).all()


@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
def test_weak_reserves_and_muscles_at_their_bounds(criterion):
    """Reserves of 1 N.m at unit control, demands that only all of many muscles' strength would meet."""
    rng = np.random.default_rng(35)
    a = rng.normal(size=(300, 6, 26)) * 50 * (rng.random((300, 6, 26)) < 0.4)
    b = np.einsum("bmn,bn->bm", a, rng.integers(0, 2, (300, 26)).astype(float)) + rng.normal(size=(300, 6))
    a, free = np.concatenate([a, np.tile(np.eye(6), (300, 1, 1))], axis=2), np.full(6, np.inf)
    problem = LoadSharingProblem(
        a,
        b,
        np.concatenate([np.ones(26), free]),
        np.ones(32),
        np.concatenate([np.zeros(26), -free]),
        quadratic=np.arange(32) >= 26,
    )
    assert (solve(problem, criterion).status == OPTIMAL).all()


@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
def test_an_answer_depends_on_its_own_question_alone(criterion):
    """In any order, company, part of the batch and number of threads; overloads too."""
    rng = np.random.default_rng(36)
    p = random_problem(rng, 40, 26, 6)
    b = p.demand * rng.choice([1.0, 3.0, 20.0], size=(40, 1))
    whole = solve(LoadSharingProblem(p.coefficients, b, p.upper, p.weight), criterion)
    assert {OPTIMAL, INFEASIBLE} <= set(whole.status.tolist())
    for where, threads in ((np.arange(40)[::-1], 1), (rng.permutation(40), 3), (np.arange(13), 2), (np.array([11]), 1)):
        part = solve(
            LoadSharingProblem(p.coefficients[where], b[where], p.upper[0], p.weight), criterion, threads=threads
        )
        np.testing.assert_array_equal(part.status, whole.status[where])
        np.testing.assert_allclose(part.value, whole.value[where], rtol=0, atol=1e-9)
        scale = np.abs(whole.shortfall[where]).max(axis=1, keepdims=True) + 1e-300
        np.testing.assert_allclose(part.shortfall / scale, whole.shortfall[where] / scale, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("kind", "seed"),
    [("twins", 5114), ("unbounded", 1073), ("weight_scales", 1025), ("weight_scales", 5360)],
)
def test_where_multipliers_do_not_resolve_the_unknowns_the_answer_is_certified(kind, seed):
    """Flat powers with rows that depend on each other or barely bound unknowns; min-max that is a linear program."""
    p = fuzz_sharing.KINDS[kind](np.random.default_rng([seed, list(fuzz_sharing.KINDS).index(kind)]))
    solution, failures = fuzz_sharing.check_batch(p, np.random.default_rng(0))
    assert not (solution.status == UNCERTIFIED).any()
    assert not list(failures)


def test_a_short_run_of_the_fuzzer():
    """One round of each kind of random and hostile problem; ``python tests/fuzz_sharing.py --minutes 60`` goes on."""
    tallies = fuzz_sharing.run(seed=1, batches=2)
    assert all(tally.status.sum() > 0 for tally in tallies.values())
    assert not fuzz_sharing.failed(tallies), {k: dict(t.first) for k, t in tallies.items() if t.first}


@pytest.mark.parametrize("threads", [1, 2])
def test_it_can_be_stopped(threads):
    """Between stretches of problems Python sees that it is to stop; in one call it would not."""
    p = random_problem(np.random.default_rng(3), 30_000, 57, 9)
    hard = LoadSharingProblem(p.coefficients, 30.0 * p.demand, p.upper[0], p.weight)
    seen = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may run in the background
    timer = threading.Timer(0.2, lambda: (seen.append(time.monotonic()), os.kill(os.getpid(), signal.SIGINT)))
    timer.start()

    def go_on():
        while True:
            solve(hard, Power(3), threads=threads)

    try:
        with pytest.raises(KeyboardInterrupt):
            go_on()
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - seen[0] < 5.0  # half a second on a machine that does nothing else


@pytest.mark.parametrize("index", [None, "x", 3, [0], slice("x"), slice(0, 1, 0)])
def test_some_of_the_problems_are_a_slice(index):
    problem = LoadSharingProblem(np.ones((2, 1, 2)), np.ones((2, 1)), np.ones(2), np.ones(2))
    assert len(problem.take(slice(1, None))) == 1
    with pytest.raises(ProblemError, match=r"index = .*: must be a slice"):
        problem.take(index)
