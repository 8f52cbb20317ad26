"""A stance parameter from outside the package: one row and what it does, in this file; nothing is compiled.

Two ways are shown. ``knapsack`` changes what other parameters hold; ``side_lean`` changes what a condition of the
posture asks for.
"""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import biomech as bm
from biomech.stance.declarations import Condition, Parameter, Policies, Word
from biomech.stance.parameters import PARAMETERS
from biomech.stance.parsing import parse_stance
from biomech.stance.registration import register_parameter, registered

KEPT = ["activation", "joint_contact_force", "lumbar_compression", "coordinate_angle"]
#: m, in the trunk frame: where a knapsack's weight acts.
BACK = np.array([-0.2, 0.3, 0.0])


def with_knapsack(values):
    """Its mass and moment, added to what is carried."""
    mass = values["load_mass"] + values["knapsack"]
    moment = values["load_mass"][:, None] * values["load_position"] + values["knapsack"][:, None] * BACK
    return {"load_mass": mass, "load_position": moment / np.where(mass > 0.0, mass, 1.0)[:, None]}


KNAPSACK = Parameter("knapsack", 0.0, 0.0, 40.0, "kg", "mass of a knapsack", carried=True, changes=with_knapsack)

SIDE_LEAN = Parameter(
    "side_lean",
    0.0,
    -20.0,
    20.0,
    "deg",
    "sideways lean of the trunk, to the right positive",
    symmetric_at=0.0,
    targets={"trunk_side_lean": lambda values: np.sin(np.radians(values["side_lean"]))},
)

BENT = Parameter(
    "extra_flexion",
    0.0,
    0.0,
    20.0,
    "deg",
    "flexion added to each knee",
    per="side",
    needs=(Condition("support", ("both",), "two feet on one floor"),),
    changes=lambda values: {"knee_flexion": values["knee_flexion"] + values["extra_flexion"]},
)

SHIFT = Parameter(
    "load_offset",
    0.0,
    -0.5,
    0.5,
    "m",
    "shift of the load",
    per="axis",
    frame="trunk frame",
    beside="load_position",
    changes=lambda values: {"load_position": values["load_position"] + values["load_offset"]},
)


@pytest.fixture(scope="module")
def adult():
    return bm.load_model()


def same(one, other, variables=KEPT):
    for name in variables:
        np.testing.assert_allclose(one[name].values, other[name].values, rtol=1e-9, atol=1e-9, err_msg=name)


def test_a_row_that_changes_others(adult):
    stance = {"pelvic_tilt": 2, "knee_flexion": 10}
    with registered(KNAPSACK):
        ds = bm.sweep(adult, knapsack=[0.0, 12.0], variables=KEPT, **stance)
        both = bm.sweep(adult, knapsack=12, load_mass=6, load_position=(0.3, 0.1, 0.1), variables=KEPT, **stance)
        held = bm.sweep(adult, knapsack=12, variables=KEPT, **stance)
    assert ds.knapsack.attrs == {"units": "kg", "long_name": "mass of a knapsack"}
    assert held.attrs["stance_knapsack"] == 12.0
    same(ds.isel(knapsack=0), bm.sweep(adult, variables=KEPT, **stance))
    same(ds.isel(knapsack=1), bm.sweep(adult, load_mass=12, load_position=tuple(BACK), variables=KEPT, **stance))
    middle = (12 * BACK + 6 * np.array([0.3, 0.1, 0.1])) / 18
    same(both, bm.sweep(adult, load_mass=18, load_position=tuple(middle), variables=KEPT, **stance))


def test_it_may_be_added_before_anything_else():
    code = (
        "import test_extending_parameter as t; t.register_parameter(t.KNAPSACK);"
        "import biomech as bm; print(float(bm.sweep(bm.load_model(), pelvic_tilt=0, knapsack=3).status))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True)
    assert done.stdout.split() == ["0.0"], done.stderr


def test_nothing_is_compiled(adult, monkeypatch):
    def ask(**more):
        for weight in (0.5, 0.6):  # the half body and the whole
            bm.sweep(adult, pelvic_tilt=0, weight_balance=weight, variables=["lumbar_compression"], **more)

    ask()
    monkeypatch.setattr("biomech._kernels.on_demand.compile_here", lambda *_: pytest.fail("a kernel was compiled"))
    with registered(KNAPSACK, SIDE_LEAN):
        ask(knapsack=5, side_lean=2)


@pytest.mark.parametrize("policy", [{"pelvic_tilt": "hanging"}, {"pelvic_tilt": 0, "trunk_lean": "hanging_sway"}])
def test_policies_heed_it(adult, policy):
    kept = [*KEPT, "pelvic_tilt"]
    with registered(KNAPSACK):
        ds = bm.sweep(adult, knapsack=15, variables=kept, **policy)
    same(ds, bm.sweep(adult, load_mass=15, load_position=tuple(BACK), variables=kept, **policy), kept)


def test_stability_heeds_it(adult):
    with registered(KNAPSACK):
        ds = bm.stability(adult, pelvic_tilt=0, knapsack=15)
    expected = bm.stability(adult, pelvic_tilt=0, load_mass=15, load_position=tuple(BACK))
    same(ds, expected, ["stiffness", "smallest_stiffness"])


@pytest.mark.parametrize("row", [KNAPSACK, SIDE_LEAN], ids=lambda row: row.name)
@pytest.mark.parametrize("tilt", [1.0, "rhythm"])
def test_prepared_sweeps_take_it(adult, row, tilt):
    with registered(row):
        ask = bm.prepare(adult, [row.name, "trunk_lean"], ["activation", "lumbar_compression"], pelvic_tilt=tilt)
        again = copy.deepcopy(ask)
        assert ask.bounds[0] == (row.least, row.most)
        at, lean = np.array([0.0, 4.0, 9.0]), np.array([0.0, 5.0, 10.0])
        found = ask(at, lean)
        swept = bm.sweep(
            adult,
            pelvic_tilt=tilt,
            trunk_lean=xr.DataArray(lean, dims="case"),
            **{row.name: xr.DataArray(at, dims="case")},
        )
        with pytest.raises(bm.StanceError, match=rf"{row.name} = 99: allowed is {row.least:g}..{row.most:g}"):
            ask(99.0, 0.0)
        np.testing.assert_array_equal(again(at, lean)["activation"], found["activation"])
    for name in ("activation", "lumbar_compression"):
        np.testing.assert_allclose(found[name], swept[name], rtol=1e-9, atol=1e-9)
    assert np.ptp(found["lumbar_compression"]) > 1.0


def test_a_prepared_sweep_outlives_a_new_row(adult):
    ask = bm.prepare(adult, ["load_mass"], ["lumbar_compression"], pelvic_tilt=0, load_position=(0.1, 0.2, 0.0))
    before = ask(5.0)["lumbar_compression"]
    with registered(KNAPSACK):
        np.testing.assert_array_equal(ask(5.0)["lumbar_compression"], before)
        np.testing.assert_array_equal(ask([5.0, 5.0])["lumbar_compression"], [before, before])


def test_a_prior_draws_it(adult):
    with registered(KNAPSACK):
        heavy = bm.uncertainty.Prior("knapsack", "knapsack", "set", "uniform", 10.0, 20.0, 10.0, 20.0, "kg")
        ds = bm.uncertainty.propagate(
            {"up": {"pelvic_tilt": 0}}, model=adult, samples=4, priors={"knapsack": heavy},
            variables=["lumbar_compression"],
        )  # fmt: skip
    for mass, force in zip(ds.prior_knapsack.values, ds.lumbar_compression.values.ravel(), strict=True):
        alone = bm.sweep(adult, pelvic_tilt=0, load_mass=mass, load_position=tuple(BACK))
        np.testing.assert_allclose(force, alone.lumbar_compression, rtol=1e-9)


def test_a_row_that_changes_a_condition(adult):
    """The trunk's long axis, by the model's kinematics, leans as far aside as is asked; the mirror image mirrors."""
    with registered(SIDE_LEAN):
        ds = bm.sweep(adult, pelvic_tilt=3, trunk_lean=10, side_lean=[-8.0, 0.0, 8.0])
    assert (ds.status == 0).all()
    same(ds.sel(side_lean=0), bm.sweep(adult, pelvic_tilt=3, trunk_lean=10))
    pose = {name: ds.coordinate_angle.sel(coordinate=name).values for name in ds.coordinate.values}
    up = adult.kinematics(**pose).rotation.sel(segment="torso", local_axis="y")
    np.testing.assert_allclose(up.sel(axis="z"), np.sin(np.radians([-8.0, 0.0, 8.0])), atol=1e-9)
    np.testing.assert_allclose(np.degrees(np.arctan2(up.sel(axis="x"), up.sel(axis="y"))), 10.0, atol=1e-7)
    left, right = ds.isel(side_lean=0), ds.isel(side_lean=2)
    swapped = [f"{name[:-2]}_{'l' if name.endswith('_r') else 'r'}" for name in ds.muscle.values]
    np.testing.assert_allclose(left.activation, right.activation.sel(muscle=swapped), rtol=1e-5, atol=1e-7)
    assert np.abs(ds.activation - ds.activation.sel(side_lean=0)).max() > 0.01


def test_parts_of_legs_and_places(adult):
    sides = xr.DataArray([5.0, 10.0], dims="side", coords={"side": ["right", "left"]})
    load = {"load_mass": 5, "load_position": (0.1, 0.2, 0.0)}
    with registered(BENT, SHIFT):
        ds = bm.sweep(adult, pelvic_tilt=0, knee_flexion=5, extra_flexion=sides, load_offset=(0.1, 0, 0), **load)
        assert {"extra_flexion_left", "load_offset_z"} <= set(
            bm.prepare(adult, ["extra_flexion_left", "load_offset_z"], ["status"], pelvic_tilt=0, **load).vary
        )
        for bad, named in (
            ({"extra_flexion": 5, "support": "right"}, "extra_flexion = 5: needs two feet on one floor, support = 'b"),
            ({"load_offset": (0.1, 0, 0)}, r"load_offset = 0.1: needs load_position = \(x, y, z\) in the trunk frame"),
            ({"load_offset": 0.1}, r"load_offset: must be \(x, y, z\)|load_offset: has shape"),
            ({"extra_flexion": 21}, "extra_flexion = 21: allowed is 0..20 deg"),
            ({"extra_flexon": 2}, r"did you mean 'extra_flexion'\?"),
        ):
            with pytest.raises(bm.StanceError, match=named):
                parse_stance({"pelvic_tilt": 0, **bad})
    same(ds, bm.sweep(adult, pelvic_tilt=0, knee_flexion=sides + 5, load_mass=5, load_position=(0.2, 0.2, 0)))


def test_after_the_block_it_is_unknown(adult):
    before = list(PARAMETERS)
    with registered(KNAPSACK, SIDE_LEAN):
        assert list(PARAMETERS) == [*before, "knapsack", "side_lean"]
    assert list(PARAMETERS) == before
    with pytest.raises(bm.StanceError, match="knapsack: unknown stance parameter"):
        bm.sweep(adult, pelvic_tilt=0, knapsack=3)


def row(name="added", default=0.0, least=-1.0, most=1.0, unit="1", **more):
    return Parameter(name, default, least, most, unit, "an addition", **more)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("knapsack", "parameter = 'knapsack': must be a Parameter"),
        (row("knee flexion"), "name = 'knee flexion': must be a Python identifier"),
        (row("lambda"), "name = 'lambda': must be a Python identifier"),
        (row("knee_flexion"), "'knee_flexion' is taken"),
        (row("support"), "'support' is taken"),
        (row("tone"), "'tone' is taken"),
        (row("muscle"), "'muscle' is taken"),
        (row("tilt_policy"), "'tilt_policy' is taken"),
        (row("knee_flexion_left"), "'knee_flexion_left' is taken"),
        (row("load", per="axis", frame="trunk frame"), None),
        (row(default=2.0), "default = 2.0: must be a finite number .*-1"),
        (row(default=None), "default = None: must be a finite number"),
        (row(least=1.0), "least = 1 must lie below most = 1"),
        (row(most=float("inf")), "most = inf: must be a finite number"),
        (row(least="low"), "least = 'low': must be a finite number"),
        (row(unit="stone"), "unit = 'stone': allowed is deg, m, kg, 1"),
        (row(per="toe"), "per = 'toe': allowed is side, axis"),
        (row(policies=Policies("code", "dim", 3, (Word("idle", "nothing"),))), "policies are the package's own"),
        (row(needs=(Condition("support", ("chair",)),)), "needs support = 'chair'; allowed is both, right"),
        (row(needs=(Condition("mood", ("good",)),)), "needs mood; allowed is support, arms"),
        (row(beside="hat"), "beside = 'hat' is no stance parameter"),
        (row(per=["side"]), r"per = \['side'\]: must be text"),
        (row(name=3), "parameter 3: name = 3: must be text"),
        (row(needs=None), "needs = None: must be a tuple of Condition"),
        (row(needs=("seat",)), "needs = 'seat': must be a Condition"),
        (row(needs=(Condition("support", ()),)), "needs support: must name some word"),
        (row(symmetric_at=5.0), "symmetric_at = 5.0: must be a finite number"),
        (row(targets=3), "targets = 3: must map labels to functions"),
        (row(changes="more"), "changes = 'more': must be a function"),
        (row(targets={"trunk_lean": 3}), "targets = .*: must map labels to functions"),
    ],
)
def test_rows_that_are_not_sound_are_refused(wrong, named):
    before = dict(PARAMETERS)
    if named is None:
        with registered(wrong):
            assert "load" in PARAMETERS
    else:
        with pytest.raises(bm.StanceError, match=named):
            register_parameter(wrong)
    assert before == PARAMETERS


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"changes": lambda values: {"hat": values["added"]}}, "added: changes 'hat', which is no stance parameter"),
        ({"changes": lambda values: {"slope": values["added"] + 40}}, "added: takes slope to 40.5; allowed is -30..30"),
        ({"changes": lambda values: {"slope": values["added"] * np.nan}}, "added: takes slope to nan"),
        ({"changes": lambda values: {"slope": np.zeros(7)}}, r"added: makes slope of shape \(7,\); must be \(1,\)"),
        ({"changes": lambda values: 3}, "added: changes must give values by name"),
        ({"targets": {"the hat sits": lambda values: values["added"] + 1}}, "there is no condition 'the hat sits'"),
        ({"targets": {"trunk_lean": lambda values: np.nan}}, "added: what it adds to a target"),
    ],
)  # fmt: skip
def test_what_a_row_does_wrong_is_said(adult, more, named):
    with registered(row(**more)), pytest.raises(bm.StanceError, match=named):
        bm.sweep(adult, pelvic_tilt=0, added=0.5)


def test_a_swept_row_with_the_name_of_a_variable_is_refused(adult):
    with registered(row("status")), pytest.raises(bm.StanceError, match="'status': is a variable of the answer"):
        bm.sweep(adult, pelvic_tilt=0, status=[0.0, 0.5])
