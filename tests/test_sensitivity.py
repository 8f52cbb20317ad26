"""Sensitivities against finite differences of certified answers."""

import numpy as np
import pytest

from biomech.errors import ProblemError
from biomech.sharing import LoadSharingProblem, MinMax, Power, SoftSaturation, solve

CRITERIA = [Power(2), Power(3), Power(4.5), SoftSaturation(), MinMax()]
ROWS, UNKNOWNS, BATCH = 5, 20, 4


def random_problem(seed=0):
    """Some muscles off, some at full strength, two quadratic unknowns."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(BATCH, ROWS, UNKNOWNS)) * 30 * (rng.random((BATCH, ROWS, UNKNOWNS)) < 0.6)
    upper = np.where(rng.random((BATCH, UNKNOWNS)) < 0.2, 0.12, 1.0)
    x = rng.uniform(0.05, 0.5, (BATCH, UNKNOWNS)).clip(max=upper)
    quadratic = np.arange(UNKNOWNS) >= UNKNOWNS - 2
    return {
        "coefficients": a,
        "demand": np.einsum("bmn,bn->bm", a, x),
        "upper": upper,
        "lower": np.where(rng.random((BATCH, UNKNOWNS)) < 0.2, 0.02, 0.0),
        "weight": rng.uniform(0.5, 2.0, UNKNOWNS),
        "quadratic": quadratic,
    }


def answer(parts, criterion):
    return solve(LoadSharingProblem(**parts), criterion)


def change_of(parts, criterion, name, direction, step):
    """Central difference of the unknowns."""
    near = [answer({**parts, name: parts[name] + s * step * direction}, criterion).value for s in (-1, 1)]
    return (near[1] - near[0]) / (2 * step)


@pytest.mark.parametrize("name", ["coefficients", "demand", "upper", "lower", "weight"])
@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
def test_against_finite_differences(criterion, name):
    parts, rng = random_problem(), np.random.default_rng(1)
    solution = answer(parts, criterion)
    assert (solution.status == 0).all()
    direction = rng.normal(size=np.shape(parts[name]))
    steps = {"coefficients": 1e-5, "demand": 1e-4, "upper": 1e-6, "lower": 1e-6, "weight": 1e-5}
    numeric = change_of(parts, criterion, name, direction, steps[name])
    forward = solution.jvp(**{name: direction})
    bar = rng.normal(size=solution.value.shape)
    back = getattr(solution.vjp(bar), name)
    smooth = ~solution.vjp(bar).kink
    assert smooth.sum() >= (2 if isinstance(criterion, MinMax) else BATCH)
    scale = np.abs(numeric[smooth]).max() + 1e-9
    np.testing.assert_allclose(forward[smooth], numeric[smooth], atol=2e-5 * scale)
    # the two products are transposes of each other: <bar, J d> = <J^T bar, d>
    axes = tuple(range(1, back.ndim))
    np.testing.assert_allclose((bar * forward).sum(axis=1), (back * direction).sum(axis=axes), rtol=1e-8, atol=1e-10)


def test_squares_to_six_digits():
    parts, rng = random_problem(3), np.random.default_rng(4)
    solution, direction = answer(parts, Power(2)), rng.normal(size=(BATCH, ROWS))
    numeric = change_of(parts, Power(2), "demand", direction, 1e-3)  # piecewise linear: no error but rounding
    np.testing.assert_allclose(solution.jvp(demand=direction), numeric, atol=1e-9)


def test_a_kink_is_flagged():
    """A muscle that is just about to switch on: its multiplier is zero and so is its activation."""
    a = np.array([[[10.0, 10.0], [0.0, 10.0]]])
    problem = LoadSharingProblem(a, np.array([[5.0, 0.0]]), np.ones(2), np.ones(2))
    solution = solve(problem, Power(2))
    sure = solve(LoadSharingProblem(a, np.array([[5.0, 1.0]]), np.ones(2), np.ones(2)), Power(2))
    assert not sure.vjp([[1.0, 1.0]]).kink[0]
    edge = solve(LoadSharingProblem(a[:, :1], np.array([[0.0]]), np.ones(2), np.ones(2)), Power(2))
    assert edge.vjp([[1.0, 1.0]]).kink[0]
    assert solution.status[0] == 0


def test_what_is_not_optimal_has_no_derivative():
    problem = LoadSharingProblem(np.array([[[10.0, 10.0]]]), np.array([[50.0]]), np.ones(2), np.ones(2))
    solution = solve(problem, Power(2))
    found = solution.vjp([[1.0, 0.0]])
    assert found.kink[0]
    assert np.isnan(found.demand).all()
    assert np.isnan(solution.jvp(demand=1.0)).all()


@pytest.mark.parametrize("bad", [np.ones(2), np.full((1, 2), np.nan), np.ones((2, 2))])
def test_bad_cotangents_are_refused(bad):
    problem = LoadSharingProblem(np.array([[[10.0, 10.0]]]), np.array([[5.0]]), np.ones(2), np.ones(2))
    with pytest.raises(ProblemError, match="cotangent"):
        solve(problem, Power(2)).vjp(bad)


def test_a_solution_of_other_shapes_is_refused_before_any_kernel():
    """Kernels go by the problem's shapes: what is shorter would be read beyond its end."""
    import dataclasses

    problem = LoadSharingProblem(np.ones((2, 1, 2)), np.ones((2, 1)), np.ones(2), np.ones(2))
    solved = solve(problem, Power(2))
    for part, nonsense in (
        ("value", np.ones((1, 2))), ("multiplier", np.ones(3)), ("status", None), ("problem", None), ("criterion", 2)
    ):  # fmt: skip
        with pytest.raises(ProblemError, match=f"solution.{part} = "):
            dataclasses.replace(solved, **{part: nonsense}).vjp(np.ones((2, 2)))
