"""The whole way from stance to Dataset, and its stages; answers recorded beside times."""

import numpy as np
import pytest

import biomech as bm
from biomech.pipeline.objective import read_objective
from biomech.pipeline.stance_batch import solve_staged, split_batches
from biomech.sharing import Power, solve
from biomech.stance.parsing import parse_stance
from biomech.statics.equilibrium import ExternalLoads, assemble
from biomech.statics.posture import solve_posture

STANCES = {
    "foot_rotation": np.linspace(0, 45, 32),
    "knee_flexion": np.linspace(0, 30, 16),
    "weight_shift": np.linspace(0.3, 0.6, 16),
}


@pytest.fixture(scope="module")
def adult():
    return bm.load_model()


@pytest.fixture(scope="module")
def stage(adult):
    """One part of symmetric stances with everything that its stages need."""
    stance, objective = (
        parse_stance({"pelvic_tilt": 3, **STANCES}).all(),
        read_objective(adult, Power(2), None, "isometric"),
    )
    part = next(split_batches(adult, stance, objective))
    return adult, part, stance, solve_staged(adult, part, stance, objective)


def record(benchmark, postures, **answer):
    each = None if benchmark.disabled else 1e6 * benchmark.stats.stats.min / postures
    benchmark.extra_info |= {"microseconds_per_posture": each, **answer}


def test_closure(benchmark, stage):
    model, part, stance, _ = stage
    postures = benchmark(solve_posture, model, part.compiled, stance, part.support)
    record(benchmark, len(stance), residual=float(np.abs(postures.residual).max()))
    assert postures.closed.all()


def test_equilibrium(benchmark, stage):
    _, part, stance, found = stage
    around = ExternalLoads.of(part.compiled, stance)
    arguments = (part.compiled, part.compiled.free, part.contact, around, found.postures.coordinates, False, True)
    equilibrium = benchmark(assemble, *arguments)
    record(benchmark, len(stance), largest_demand=float(np.abs(equilibrium.demand).max()))
    np.testing.assert_array_equal(equilibrium.demand, found.equilibrium.demand)


def test_sharing(benchmark, stage):
    _, _, stance, found = stage
    solution = benchmark(solve, found.solution.problem, Power(2))
    record(benchmark, len(stance), gap=float(solution.gap.max()), residual=float(solution.residual.max()))
    assert (solution.status == 0).all()


@pytest.mark.parametrize("name", ["adult", "gait2392", "small"])
@pytest.mark.parametrize("threads", [1, 2])
def test_sweep(benchmark, name, threads):
    """All variables of a sweep."""
    model = bm.load_model(name)
    bm.sweep(model, pelvic_tilt=3, knee_flexion=10)
    ds = benchmark(bm.sweep, model, pelvic_tilt=3, threads=threads, **STANCES)
    record(benchmark, ds.status.size, optimal=int((ds.status == 0).sum()), gap=float(ds.duality_gap.max()))


def test_sweep_of_one_posture(benchmark, adult):
    """All variables of a single posture: what is not the mechanics, for the most part."""
    bm.sweep(adult, pelvic_tilt=0)
    ds = benchmark(bm.sweep, adult, pelvic_tilt=0)
    record(benchmark, 1, status=int(ds.status), compression=float(ds.lumbar_compression), gap=float(ds.duality_gap))


def test_reading_a_stance(benchmark):
    grid = benchmark(parse_stance, {"pelvic_tilt": 0})
    record(benchmark, len(grid), parameters=len(grid.arrays))


def test_sweep_of_one_number(benchmark, adult):
    ds = benchmark(bm.sweep, adult, pelvic_tilt=3, variables=["lumbar_compression"], **STANCES)
    record(benchmark, ds.status.size, optimal=int((ds.status == 0).sum()))


def test_wide_box(benchmark, adult):
    """A box of stances in which some per cent cannot be held."""
    box = {"knee_flexion": np.linspace(0, 100, 16), "trunk_lean": np.linspace(-20, 80, 16)}
    ds = benchmark(bm.sweep, adult, pelvic_tilt=3, foot_rotation=np.linspace(0, 60, 16), **box)
    shares = {name: float((ds.status == i).mean()) for i, name in enumerate(("optimal", "overloaded", "uncertified"))}
    record(benchmark, ds.status.size, **shares)


def test_least_effort(benchmark, adult):
    bm.sweep(adult, pelvic_tilt="least_effort", knee_flexion=10)
    ds = benchmark(bm.sweep, adult, pelvic_tilt="least_effort", **STANCES)
    record(benchmark, ds.status.size, mean_tilt=float(ds.pelvic_tilt.mean()))
    assert (ds.tilt_status == 0).all()


def test_muscle_geometry(benchmark, adult):
    knees = -np.linspace(0, 90, 1000)
    ds = benchmark(adult.muscle_geometry, knee_angle_r=knees, knee_angle_l=knees)
    record(benchmark, len(knees), mean_length=float(ds.length.mean()))
