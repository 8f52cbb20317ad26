"""What users would reach for to share load under squares: solvers in a loop, in a batch, and behind a front end.

Each takes a problem and gives the unknowns (problem, unknown), to 1e-8 where it can. What a peer can prepare once for
all problems it prepares at its first call.
"""

import os
from collections.abc import Callable
from contextlib import contextmanager
from functools import cache, partial
from typing import NamedTuple

import numpy as np
from problems import by_daqp, by_quadprog

#: Of ProxQP, absolute: what leaves the unknowns right to 1e-8.
_PROXQP_EPS = 1e-11
#: Interior-point steps of qpax: its slacks end at 1.5e-8, so that it never says that it is there; by then all are.
_QPAX_STEPS = 20


@contextmanager
def one_core():
    """Keep this thread, and those that it starts, on one core, where the system can: JAX has no other way."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def by_proxqp(problem):
    """ProxQP (Bambade et al. 2022), a problem at a time, its bounds as a box."""
    import proxsuite

    dense = proxsuite.proxqp.dense
    batch, rows, unknowns = problem.coefficients.shape
    quadratic, linear = np.diag(2 * problem.weight), np.zeros(unknowns)
    kind = dense.HessianType.Diagonal
    answers = np.empty((batch, unknowns))
    for i in range(batch):
        one = dense.QP(unknowns, rows, 0, True, kind, dense_backend=dense.DenseBackend.PrimalDualLDLT)
        one.settings.eps_abs, one.settings.eps_rel = _PROXQP_EPS, 0.0
        equal = problem.coefficients[i], problem.demand[i]
        one.init(quadratic, linear, *equal, None, None, None, problem.lower[i], problem.upper[i])
        one.solve()
        answers[i] = one.results.x
    return answers


def by_proxqp_batch(problem):
    """Its own batch, made in place and solved by one thread; boxes are inequalities there."""
    import proxsuite

    dense = proxsuite.proxqp.dense
    batch, rows, unknowns = problem.coefficients.shape
    quadratic, linear, box = np.diag(2 * problem.weight), np.zeros(unknowns), np.eye(unknowns)
    queue = dense.BatchQP(batch)
    for i in range(batch):
        one = queue.init_qp_in_place(unknowns, rows, unknowns)
        one.settings.eps_abs, one.settings.eps_rel = _PROXQP_EPS, 0.0
        equal = problem.coefficients[i], problem.demand[i]
        one.init(quadratic, linear, *equal, box, problem.lower[i], problem.upper[i])
    dense.solve_in_parallel(queue, 1)
    return np.array([queue.get(i).results.x for i in range(batch)])


def by_qpax(problem):
    """qpax (Tracy & Manchester 2024) on JAX: an interior-point method, mapped over the batch and compiled."""
    unknowns = problem.coefficients.shape[2]
    solve = _compiled_qpax(unknowns, problem.weight.tobytes())
    limits = np.hstack([problem.upper, -problem.lower])
    return np.asarray(solve(problem.coefficients, problem.demand, limits))


@cache
def _compiled_qpax(unknowns, weight):
    """A function of A, b and the limits of [x, -x], compiled for a batch when it first sees one."""
    import jax
    import jax.numpy as jnp
    import qpax

    jax.config.update("jax_enable_x64", True)
    quadratic, linear = jnp.diag(2 * jnp.frombuffer(weight)), jnp.zeros(unknowns)
    box = jnp.vstack([jnp.eye(unknowns), -jnp.eye(unknowns)])

    def solve(a, b, limits):
        return qpax.solve_qp(quadratic, linear, a, b, box, limits, solver_tol=0.0, max_iter=_QPAX_STEPS)[0]

    return jax.jit(jax.vmap(solve))


#: What brings a solver behind the front end to 1e-8; those with an active set are there by themselves. Clarabel comes
#: to 4e-8 of the large problems, and finds none if it is asked for more.
_ACCURATE = {
    "daqp": {},
    "quadprog": {},
    "proxqp": {"eps_abs": _PROXQP_EPS, "eps_rel": 0.0},
    "clarabel": {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12},
}


def by_qpsolvers(problem, solver):
    """The front end ``qpsolvers`` (Caron et al. 2024), a problem at a time."""
    from qpsolvers import solve_qp
    from scipy import sparse

    form = sparse.csc_matrix if solver == "clarabel" else np.asarray  # it knows no other
    quadratic, linear = form(np.diag(2 * problem.weight)), np.zeros(problem.coefficients.shape[2])
    return np.array(
        [
            solve_qp(
                quadratic,
                linear,
                A=form(problem.coefficients[i]),
                b=problem.demand[i],
                lb=problem.lower[i],
                ub=problem.upper[i],
                solver=solver,
                **_ACCURATE[solver],
            )
            for i in range(len(problem))
        ]
    )


class Peer(NamedTuple):
    """How a peer solves problems, the packages that it needs, and how right its unknowns are."""

    solve: Callable
    packages: tuple[str, ...]
    accuracy: float = 1e-8


#: Peers by what they are called.
PEERS = {
    "DAQP in a loop": Peer(by_daqp, ("daqp",)),
    "quadprog in a loop": Peer(by_quadprog, ("quadprog",)),
    "ProxQP in a loop": Peer(by_proxqp, ("proxsuite",)),
    "qpsolvers with DAQP in a loop": Peer(partial(by_qpsolvers, solver="daqp"), ("qpsolvers", "daqp")),
    "qpsolvers with quadprog in a loop": Peer(partial(by_qpsolvers, solver="quadprog"), ("qpsolvers", "quadprog")),
    "qpsolvers with ProxQP in a loop": Peer(partial(by_qpsolvers, solver="proxqp"), ("qpsolvers", "proxsuite")),
    "qpsolvers with Clarabel in a loop": Peer(
        partial(by_qpsolvers, solver="clarabel"), ("qpsolvers", "clarabel"), accuracy=1e-7
    ),
    "ProxQP's batch": Peer(by_proxqp_batch, ("proxsuite",)),
    "qpax on JAX, vmap and jit": Peer(by_qpax, ("qpax", "jax")),
}
