"""A criterion from outside the package: one file (``barrier_criterion``), compiled on this machine at its first use."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import minimize

import biomech as bm
from biomech._kernels import kernel
from biomech.errors import ProblemError
from biomech.sharing import Criterion, LoadSharingProblem, MinMax, Power, SoftSaturation, solve
from biomech.sharing.criteria.registry import code_of, register, unregister


@pytest.fixture(scope="module")
def barrier():
    """Imported for these tests alone: the kernels of all others stay those of the library."""
    import barrier_criterion

    about = barrier_criterion.response, barrier_criterion.cost, barrier_criterion.bound_rate
    register(barrier_criterion.Barrier, *about)
    yield barrier_criterion.Barrier
    unregister(barrier_criterion.Barrier)


def parts(count=6, seed=1):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(count, 3, 8))
    upper, weight = rng.uniform(0.5, 1.5, 8), rng.uniform(0.5, 2.0, 8)
    return {"coefficients": a, "demand": np.einsum("bmn,n->bm", a, 0.4 * upper), "upper": upper, "weight": weight}


def problem():
    return LoadSharingProblem(**parts())


def test_it_is_certified_and_another_solver_finds_no_cheaper(barrier):
    asked, criterion = problem(), barrier()
    found = solve(asked, criterion)
    assert (found.status == bm.sharing.OPTIMAL).all()
    assert found.gap.max() < 1e-9
    for i in range(len(asked)):
        w, u, a, b = asked.weight, asked.upper[i], asked.coefficients[i], asked.demand[i]
        peer = minimize(
            lambda x, w=w, u=u: criterion.cost(w, u, x).sum(),
            0.4 * u,
            jac=lambda x, w=w, u=u: criterion.derivative(w, u, x),
            bounds=[(0.0, 0.999 * most) for most in u],
            constraints={"type": "eq", "fun": lambda x, a=a, b=b: a @ x - b, "jac": lambda x, a=a: a},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        np.testing.assert_allclose(found.value[i], peer.x, atol=2e-6)
        assert found.cost[i] <= peer.fun * (1.0 + 1e-9)


def test_its_parameter_counts(barrier):
    soft, hard = (solve(problem(), barrier(stiffness)) for stiffness in (1.0, 1.5))
    assert (hard.status == 0).all()
    assert (hard.value < problem().upper / 1.5).all()
    assert np.abs(soft.value - hard.value).max() > 0.01


def test_others_are_shared_as_before(barrier):
    """Kernels that were compiled anew give what those of the library gave."""
    for criterion in (Power(3), SoftSaturation(), MinMax()):
        found = solve(problem(), criterion)
        assert (found.status == 0).all()
        held = bm.sharing.solution.certify(problem(), criterion, found.value, found.multiplier)
        assert (held.status == 0).all()


def test_sensitivities_follow_from_its_own_derivative(barrier):
    asked, criterion, rng = parts(), barrier(1.2), np.random.default_rng(2)
    asked["upper"] = np.tile(asked["upper"], (6, 1))
    found, bar = solve(LoadSharingProblem(**asked), criterion), rng.normal(size=(6, 8))
    for name, step in (("upper", 1e-6), ("weight", 1e-6), ("demand", 1e-6)):
        direction = rng.normal(size=asked[name].shape)
        moved = [{**asked, name: asked[name] + s * direction} for s in (-step, step)]
        near = [solve(LoadSharingProblem(**one), criterion).value for one in moved]
        numeric, forward = (near[1] - near[0]) / (2.0 * step), found.jvp(**{name: direction})
        np.testing.assert_allclose(forward, numeric, atol=1e-5 * np.abs(numeric).max())
        back = getattr(found.vjp(bar), name)
        products = (bar * forward).sum(axis=1), (back * direction).sum(axis=1)
        np.testing.assert_allclose(*products, rtol=1e-8, atol=1e-10)


def test_a_body_stands_by_it(barrier, small):
    ds = bm.sweep(small, pelvic_tilt=5, knee_flexion=[0, 20], criterion=barrier())
    assert (ds.status == 0).all()
    assert float(ds.duality_gap.max()) < 1e-9
    square = bm.sweep(small, pelvic_tilt=5, knee_flexion=[0, 20])
    assert float(ds.activation.max()) < float(square.activation.max())  # the strongest loaded are spared


def test_formulas_of_the_package_are_alike_in_numpy_and_in_kernels():
    """The response undoes the derivative, and the derivative is that of the cost."""
    w, u = np.array([0.5, 1.0, 3.0]), np.array([0.7, 1.0, 1.4])
    x = np.array([-0.3, 0.2, 0.9]) * u
    for criterion in (Power(2), Power(3), Power(4.5), SoftSaturation(), MinMax()):
        v = criterion.derivative(w, u, x)
        back, rate = criterion.response(w, u, v)
        np.testing.assert_allclose(back, x, rtol=1e-12)
        near = [criterion.cost(w, u, x + h) for h in (-1e-5, 1e-5)]
        np.testing.assert_allclose(v, (near[1] - near[0]) / 2e-5, rtol=1e-6)
        slopes = [criterion.derivative(w, u, x + h) for h in (-1e-5, 1e-5)]
        np.testing.assert_allclose(1.0 / rate, (slopes[1] - slopes[0]) / 2e-5, rtol=1e-6)
        if criterion.is_flat:
            np.testing.assert_allclose(criterion.curvature(w, u, x), 1.0 / rate, rtol=1e-9)


def test_codes_and_addresses_stay():
    assert [c.code for c in (Power(2), Power(3), SoftSaturation(), MinMax())] == [0, 1, 2, 3]
    assert pickle.loads(b"cbiomech.sharing.criteria\nPower\n.") is bm.Power is bm.sharing.Power is Power
    assert pickle.loads(pickle.dumps(Power(3))) == Power(3)


@dataclass(frozen=True)
class Unknown(Criterion):
    @property
    def code(self):
        return code_of(Unknown)

    def response(self, weight, upper, v):
        return v, v

    cost = derivative = response


@kernel
def short(v: float) -> float:
    return v


def nest():
    @kernel
    def nested(parameter: float, weight: float, upper: float, v: float) -> float:
        return v

    return nested


def test_what_cannot_be_registered_is_named(barrier):
    import barrier_criterion as made

    with pytest.raises(ProblemError, match=r"Unknown: is not registered; see biomech\.sharing\.criteria"):
        solve(problem(), Unknown())
    with pytest.raises(ProblemError, match="must be a class derived from"):
        register(Unknown(), made.response, made.cost)
    with pytest.raises(ProblemError, match=r"response.* must be a function with the decorator"):
        register(Unknown, made.response.function, made.cost)
    with pytest.raises(ProblemError, match="None must be a function with the decorator"):
        register(Unknown, made.response, None)
    with pytest.raises(ProblemError, match=r"short takes 1 arguments; must be the 4 of \(parameter"):
        register(Unknown, short, made.cost)
    with pytest.raises(ProblemError, match="nested must stand in a module that can be imported"):
        register(Unknown, made.response, nest())
    Plain = type("Plain", (Criterion,), {})
    with pytest.raises(ProblemError, match="Plain: must be a frozen dataclass"):
        register(Plain, made.response, made.cost)


def test_a_steep_criterion_needs_bounds(barrier):
    with pytest.raises(ProblemError, match=r"upper\[0, 0\] = inf: must be positive and finite under Barrier"):
        solve(LoadSharingProblem(np.ones((1, 1, 2)), np.ones((1, 1)), np.inf, np.ones(2)), barrier())
