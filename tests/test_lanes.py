"""Lanes: the functions they bring, and that the same source gives the same numbers on floats."""

import math

import numpy as np
import pytest

import biomech as bm
from biomech._kernels import entry_point
from biomech._kernels.arrays import Array1, Array2, Array3, Index1, IndexArray
from biomech._simd import LANES, any_lane, arctan2, as_lanes, exp, extract, log1p, power, put_tile, select, sincos
from biomech.pipeline.batch_tables import BatchInputs, CompiledBody, Limits
from biomech.pipeline.objective import read_objective
from biomech.pipeline.pipeline_kernel import OutputMaps, ResultArrays, solve_batch
from biomech.pipeline.result_schema import column_of
from biomech.pipeline.solve_stances import compile_batch, solve_stances
from biomech.pipeline.stance_batch import split_batches
from biomech.sharing import LoadSharingProblem, MinMax, Power, SoftSaturation, solve
from biomech.sharing.batch import ProblemArrays, compile_problem
from biomech.sharing.block_sparsity import BlockSparsity, entry_index, find_sparsity
from biomech.sharing.dual_newton import PATIENT, QUICK
from biomech.sharing.response import Costs
from biomech.sharing.solution import SolutionArrays, solve_each
from biomech.stance.parsing import parse_stance


@entry_point
def _functions(numbers: Array2, found: Array3) -> None:
    x, out = as_lanes(numbers), as_lanes(found)
    for i in range(len(x)):
        out[i, 0], out[i, 1] = sincos(x[i])
        out[i, 2] = exp(x[i])
        out[i, 3] = log1p(min(abs(x[i]), 1.0))
        out[i, 4] = power(abs(x[i]), 0.25)
        out[i, 5] = math.copysign(math.sqrt(abs(x[i])), -x[i])
        out[i, 6] = math.floor(x[i])
        out[i, 7] = select((x[i] > 1.0) | ~(x[i] >= -1.0), 2.0, max(x[i], 0.0) - x[i] / 3)
        out[i, 8] = select((x[i] == 0.0) & (x[i] <= 1.0) & (x[i] != 5.0), 1.0, 0.0)
        out[i, 9] = arctan2(x[i], 3.0 * math.floor(x[i]) - 1.0)
        out[i, 10] = arctan2(math.floor(x[i]), abs(x[i]))


def test_functions():
    x = np.concatenate([np.zeros(LANES), np.random.default_rng(0).uniform(-9.0, 9.0, 500 * LANES)]).reshape(-1, LANES)
    out = np.empty((len(x), 11, LANES))
    _functions(x, out)
    expected = [
        np.sin(x),
        np.cos(x),
        np.exp(x),
        np.log1p(np.minimum(abs(x), 1.0)),
        abs(x) ** 0.25,
        np.copysign(np.sqrt(abs(x)), -x),
        np.floor(x),
        np.where((x > 1) | (x < -1), 2.0, np.maximum(x, 0) - x / 3),
        np.where(x == 0, 1.0, 0.0),
        np.arctan2(x, 3.0 * np.floor(x) - 1.0),
        np.arctan2(np.floor(x), abs(x)),
    ]
    for k, value in enumerate(expected):
        np.testing.assert_allclose(out[:, k], value, rtol=4e-15, atol=4e-16)


@entry_point
def _any_above(numbers: Array2, limit: float, last: Array1) -> bool:
    x = as_lanes(numbers)
    last[0] = extract(x[0], LANES - 1)
    return any_lane(x[0] > limit)


def test_some_and_take():
    x, last = np.arange(LANES, dtype=float)[None], np.zeros(1)
    assert _any_above(x, LANES - 1.5, last) is True
    assert last[0] == LANES - 1
    assert _any_above(x, LANES - 1.0, last) is False


@entry_point
def _solve_floats(
    pattern: BlockSparsity,
    costs: Costs,
    given: ProblemArrays,
    tolerance: float,
    found: SolutionArrays,
    index: IndexArray,
) -> None:
    """The source that the lanes run, on plain floats, a problem at a time."""
    solve_each(0.0, pattern, costs, given, tolerance, found, index, PATIENT, True)


@entry_point
def _go_in_floats(
    body: CompiledBody,
    pattern: BlockSparsity,
    costs: Costs,
    limits: Limits,
    output_maps: OutputMaps,
    inputs: BatchInputs,
    index: IndexArray,
    exact: bool,
    results: ResultArrays,
) -> None:
    """The same of the whole way."""
    solve_batch(0.0, body, pattern, costs, limits, output_maps, inputs, index, PATIENT if exact else QUICK, results)


def problems(batch):
    rng = np.random.default_rng(0)
    a = rng.normal(size=(batch, 6, 26)) * 50 * (rng.random((batch, 6, 26)) < 0.4)
    demand = np.einsum("bmn,n->bm", a, np.full(26, 0.2)) * rng.choice([1.0, 20.0], size=(batch, 1), p=[0.9, 0.1])
    return LoadSharingProblem(a, demand, np.ones(26), rng.uniform(0.5, 2.0, 26))


@pytest.mark.parametrize("criterion", [Power(2), Power(3), Power(2.5), SoftSaturation(), MinMax()], ids=str)
def test_lanes_equal_floats_in_load_sharing(criterion):
    problem = problems(40)
    lanes = solve(problem, criterion)
    pattern, costs, given = compile_problem(problem, criterion)
    found = SolutionArrays(*(np.empty((40, k)) for k in (26, 6, 6, 4)))
    _solve_floats(pattern, costs, given, 1e-9, found, np.arange(40, dtype=np.uint64))
    np.testing.assert_array_equal(found.certificate[:, 3], lanes.status)
    assert set(lanes.status) == {0, 1}
    np.testing.assert_allclose(found.value, lanes.value, atol=2e-7)
    exact = lanes.status == 0
    tolerance = 1e-10 if criterion == Power(2) else 2e-7
    np.testing.assert_allclose(found.value[exact], lanes.value[exact], atol=tolerance)


@pytest.mark.parametrize("batch", range(1, 2 * LANES + 2))
def test_blocks_that_are_not_full(batch):
    problem = problems(2 * LANES + 1)
    first = LoadSharingProblem(problem.coefficients[:batch], problem.demand[:batch], problem.upper[0], problem.weight)
    np.testing.assert_allclose(solve(first, Power(2)).value, solve(problem, Power(2)).value[:batch], atol=1e-9)


def test_threads_do_not_matter():
    problem = problems(101)
    for threads in (2, 3, 200):
        np.testing.assert_allclose(
            solve(problem, Power(2), threads=threads).value, solve(problem, Power(2)).value, atol=1e-9
        )


def test_lanes_equal_floats_on_the_whole_way(adult):
    asked = {"foot_rotation": [0, 20, 40], "knee_flexion": [0, 30, 120], "load_mass": [0.0, 150.0]}
    more = {"stance_width": [0.17, 1.0], "load_position": (0.4, 0.3, 0.0)}
    stance = parse_stance({"pelvic_tilt": 3, **asked, **more}).all()
    objective = read_objective(adult, Power(2), None, "isometric")
    lanes = solve_stances(adult, stance, objective)
    part = next(split_batches(adult, stance, objective))
    assert len(part.index) == len(stance)
    floats = ResultArrays(*(np.zeros_like(array) for array in lanes.results))
    tables = compile_batch(adult, part, stance, objective, frozenset(ResultArrays._fields) - {"strength"})
    _go_in_floats(*tables, np.arange(len(stance), dtype=np.uint64), True, floats)
    np.testing.assert_array_equal(floats.certificate[:, column_of("status")], lanes.status)
    assert set(lanes.status) == {0, 1, 3}
    held = lanes.status == 0
    for name, one, other in zip(ResultArrays._fields, floats, lanes.results, strict=True):
        if name != "certificate":
            np.testing.assert_allclose(one[held], other[held], rtol=1e-9, atol=1e-8, err_msg=name)


def test_pattern_places_every_entry():
    rng = np.random.default_rng(1)
    for density in (0.1, 0.5, 1.0):
        used = rng.random((9, 57)) < density
        pattern = find_sparsity(used)
        place = entry_index(pattern, *used.shape)
        assert (place[used] >= 0).all()
        filled = np.sort(place[place >= 0])
        np.testing.assert_array_equal(filled, np.arange(int(pattern.entry[-1])))
        np.testing.assert_array_equal(np.sort(pattern.unknown), np.arange(57))


def test_a_long_sweep_of_one_number(adult):
    tilts = np.linspace(-5, 5, 9001)
    ds = bm.sweep(adult, pelvic_tilt=tilts, variables=["lumbar_compression"], threads=2)
    assert set(ds.data_vars) == {"lumbar_compression", "status"}
    some_tilts = [0, 1, 4095, 4096, 9000]
    few = bm.sweep(adult, pelvic_tilt=tilts[some_tilts])
    np.testing.assert_allclose(ds.lumbar_compression[some_tilts], few.lumbar_compression, rtol=1e-9)


@entry_point
def _tile(numbers: Array2, rows: Index1, column: int, target: Array2) -> None:
    x = as_lanes(numbers)
    put_tile(target, rows, column, x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7])


@entry_point
def _tile_of_floats(numbers: Array1, rows: Index1, column: int, target: Array2) -> None:
    x = numbers
    put_tile(target, rows, column, x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7])


def test_a_tile_of_lanes_goes_to_the_rows_of_its_lanes():
    numbers = np.random.default_rng(0).normal(size=(8, LANES))
    rows, target = np.random.default_rng(1).permutation(20)[:LANES], np.zeros((20, 13))
    _tile(numbers, rows, 3, target)
    expected = np.zeros((20, 13))
    expected[rows, 3:11] = numbers.T
    np.testing.assert_array_equal(target, expected)
    _tile_of_floats(numbers[:, 0].copy(), np.array([7]), 5, target)
    expected[7, 5:13] = numbers[:, 0]
    np.testing.assert_array_equal(target, expected)
