"""``prepare``: the answers of ``sweep``, a call at a time."""

import copy
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import biomech as bm
from biomech.stance.parameters import COLUMN, PARAMETERS

VARIABLES = [
    "lumbar_compression",
    "group_activation",
    "joint_contact_force",
    "coordinate_angle",
    "ground_force",
    "valid",
]

#: Fixed and varying parameters of many kinds of stance.
QUESTIONS = {
    "lean and tilt": ({}, {"trunk_lean": (0, 25), "pelvic_tilt": (-5, 10)}),
    "turned-out squat": (
        {"pelvic_tilt": 5},
        {"foot_rotation": (0, 40), "knee_flexion": (10, 70), "stance_width": (0.15, 0.4)},
    ),
    "one knee": ({"pelvic_tilt": 0, "knee_flexion": 10}, {"knee_flexion_left": (0, 25)}),
    "weight": ({"pelvic_tilt": 3}, {"weight_balance": (0.3, 0.7), "weight_shift": (0.3, 0.6)}),
    "slopes": ({"pelvic_tilt": 0}, {"slope": (-8, 8), "cross_slope": (-6, 6), "friction": (0.3, 0.9)}),
    "one leg": ({"pelvic_tilt": 2, "support": "right"}, {"pelvic_rotation": (-10, 10), "tilt_change": (-4, 4)}),
    "seat": (
        {"pelvic_tilt": 0, "support": "seat", "foot_rotation": 10},
        {"seat_height": (0.42, 0.5), "knee_flexion": (80, 95)},
    ),
    "step": (
        {"pelvic_tilt": 5, "support": "step", "knee_flexion": 90},
        {"step_height": (0.16, 0.18), "step_length": (0.15, 0.25)},
    ),
    "load": (
        {"pelvic_tilt": 0, "load_position": (0.3, 0.2, 0.0)},
        {"load_mass": (0, 20), "knee_laxity": (0, 10)},
    ),
    "load at the side": (
        {"pelvic_tilt": 0, "load_position": (0.1, 0.2, 0.3)},
        {"load_mass": (2, 20)},
    ),
    "load at the side of a seat": (
        {"pelvic_tilt": 0, "load_position": (0.1, 0.2, 0.2), "support": "seat", "knee_flexion": 90},
        {"load_mass": (1, 4), "trunk_lean": (0, 5)},
    ),
    "place of a load": (
        {"pelvic_tilt": 0, "load_mass": 8},
        {"load_position_x": (0, 0.4), "load_position_z": (-0.2, 0.2)},
    ),
    "hands": (
        {"pelvic_tilt": 0, "support": "seat", "knee_flexion": 90, "arms": "thighs"},
        {"hand_support": (0, 1), "trunk_lean": (0, 20)},
    ),
    "yield": ({"pelvic_tilt": 4, "foot_rotation": 50}, {"turnout_yield": (0, 12)}),
    "policies": ({"pelvic_tilt": "least_effort"}, {"trunk_lean": (0, 20)}),
    "knees that rest": ({"pelvic_tilt": "hanging", "knee_flexion": "passive"}, {"weight_shift": (0.25, 0.45)}),
}  # fmt: skip


def swept(model, fixed, at, variables, **how):
    """What ``sweep`` says of the same stances, as DataArrays along one dimension."""
    count = len(next(iter(at.values())))
    asked = dict(fixed)
    for name, values in at.items():
        stem, _, part = name.rpartition("_")
        if part in ("right", "left"):
            both = np.full((count, 2), float(asked.get(stem, PARAMETERS[stem].default)))
            both[:, ("right", "left").index(part)] = values
            asked[stem] = xr.DataArray(both, dims=("case", "side"), coords={"side": ["right", "left"]})
        elif stem == "load_position":
            place = asked.get(
                stem, xr.DataArray(np.zeros((count, 3)), dims=("case", "axis"), coords={"axis": [*"xyz"]})
            )
            place.loc[{"axis": part}] = values
            asked[stem] = place
        else:
            asked[name] = xr.DataArray(values, dims="case")
    return bm.sweep(model, variables=variables, progress=False, **asked, **how)


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_are_those_of_sweep(adult, question):
    fixed, ranges = QUESTIONS[question]
    rng = np.random.default_rng(sum(map(ord, question)))
    at = {name: rng.uniform(*ends, 11) for name, ends in ranges.items()}
    ask = bm.prepare(adult, vary=list(ranges), variables=[*VARIABLES, "pelvic_tilt"], **fixed)
    found, expected = ask(*at.values()), swept(adult, fixed, at, [*VARIABLES, "pelvic_tilt"])
    searched = 1e-5 if question in ("policies", "knees that rest") else 1e-8
    np.testing.assert_array_equal(found["status"], expected.status)
    assert (found["status"] == 0).all()
    for name in [*VARIABLES, "pelvic_tilt"]:
        if name in expected:
            assert found[name].dtype == expected[name].dtype
            np.testing.assert_allclose(found[name], expected[name].values, rtol=searched, atol=100 * searched)
    alone = [ask(*(values[i] for values in at.values())) for i in range(3)]
    for i, one in enumerate(alone):
        assert one["lumbar_compression"].shape == ()
        np.testing.assert_allclose(one["lumbar_compression"], found["lumbar_compression"][i], rtol=searched)


@pytest.mark.parametrize("model_name", ["gait2392", "small"])
def test_other_models(model_name):
    model, lean = bm.load_model(model_name), np.linspace(0, 20, 5)
    found = bm.prepare(model, ["trunk_lean"], ["activation"], pelvic_tilt=0)(lean)
    np.testing.assert_allclose(
        found["activation"], bm.sweep(model, trunk_lean=lean, pelvic_tilt=0).activation, atol=1e-8
    )


@pytest.mark.parametrize(
    "how",
    [
        {"criterion": bm.Power(3)},
        {"criterion": bm.MinMax()},
        {"weight": {"soleus_*": 2.0}},
        {"weight": {"soleus_r": 2.0}},
        {"strength": "force_length"},
        {"tone": {"lumbar_extensors": 0.02}},
        {"stiffness_margin": {"lumbar_extension": 100.0}},
    ],
    ids=str,
)
def test_how_effort_is_counted(adult, how):
    at = {"trunk_lean": np.linspace(0, 20, 9)}
    found = bm.prepare(adult, ["trunk_lean"], VARIABLES, pelvic_tilt=2, **how)(**at)
    expected = swept(adult, {"pelvic_tilt": 2}, at, VARIABLES, **how)
    for name in VARIABLES:
        np.testing.assert_allclose(found[name], expected[name].values, rtol=1e-6, atol=1e-6)


def test_what_cannot_be_taken_or_held(adult):
    """Status and NaN as in a sweep, and no trace of it in the next call."""
    ask = bm.prepare(adult, ["trunk_lean", "load_mass"], ["shortfall", "lumbar_compression", "limiting_muscle"],
                     pelvic_tilt=0, load_position=(0.5, 0.3, 0))  # fmt: skip
    fine = ask(5.0, 0.0)
    at = {"trunk_lean": np.array([5.0, 99.0, 5.0]), "load_mass": np.array([0.0, 0.0, 200.0])}
    found = ask(**at)
    expected = swept(adult, {"pelvic_tilt": 0, "load_position": (0.5, 0.3, 0)}, at, [*ask.dims])
    np.testing.assert_array_equal(found["status"], [0, 3, 1])
    for name in ask.dims:
        if name == "limiting_muscle":
            np.testing.assert_array_equal(found[name], expected[name].values)
        else:
            np.testing.assert_allclose(found[name], expected[name].values, rtol=1e-6, atol=1e-6)
    assert np.isnan(ask(99.0, 0.0)["lumbar_compression"])
    for name, value in ask(5.0, 0.0).items():
        np.testing.assert_array_equal(value, fine[name])


def test_shapes_and_labels(adult):
    ask = bm.prepare(
        adult,
        ["trunk_lean", "pelvic_tilt"],
        ["group_activation/quadriceps", "joint_contact_force/knee_r/y", "joint_contact_force/knee_r", "ground_force"],
    )
    assert ask.vary == ("trunk_lean", "pelvic_tilt")
    assert ask.bounds == ((-30.0, 100.0), (-25.0, 35.0))
    assert ask.dims["ground_force"] == ("foot", "axis")
    assert ask.labels == {"foot": ["right", "left"], "axis": ["x", "y", "z"]}
    found = ask(np.zeros((3, 1)), np.zeros(4))
    shapes = {name: value.shape for name, value in found.items()}
    assert shapes == {
        "group_activation/quadriceps": (3, 4),
        "joint_contact_force/knee_r/y": (3, 4),
        "joint_contact_force/knee_r": (3, 4, 3),
        "ground_force": (3, 4, 2, 3),
        "status": (3, 4),
    }
    ds = bm.sweep(adult, pelvic_tilt=0)
    np.testing.assert_allclose(
        found["joint_contact_force/knee_r/y"][2, 3], ds.joint_contact_force.sel(joint="knee_r", axis="y")
    )
    np.testing.assert_allclose(found["group_activation/quadriceps"][0, 0], ds.group_activation.sel(group="quadriceps"))
    assert ask(np.empty(0), 0.0)["ground_force"].shape == (0, 2, 3)


def test_results_are_the_callers_own(adult):
    ask = bm.prepare(adult, ["trunk_lean"], ["activation", "ground_force"], pelvic_tilt=0)
    kept = ask(0.0)
    first = {name: value.copy() for name, value in kept.items()}
    ask(20.0)
    for name, value in kept.items():
        np.testing.assert_array_equal(value, first[name])
        value[...] = 0
    np.testing.assert_array_equal(ask(0.0)["activation"], first["activation"])


def test_many_postures_and_threads(adult):
    ask = bm.prepare(adult, ["trunk_lean"], ["lumbar_compression"], pelvic_tilt=0)
    lean = np.linspace(0, 30, 9001)
    found = ask(lean)["lumbar_compression"]
    np.testing.assert_allclose(found, bm.sweep(adult, trunk_lean=lean, pelvic_tilt=0).lumbar_compression, rtol=1e-9)
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(lambda x: float(ask(x)["lumbar_compression"]), lean[::90]))
    np.testing.assert_allclose(alone, found[::90], rtol=1e-9)


def test_refusals(adult):
    def refuse(match, vary=("trunk_lean",), variables=("lumbar_compression",), **fixed):
        with pytest.raises(bm.StanceError, match=match):
            bm.prepare(adult, vary, variables, **{"pelvic_tilt": 0, **fixed})

    refuse("vary: there is no number 'trunk_leen' .did you mean 'trunk_lean'", ["trunk_leen"])
    for nothing in ([3], [], None, 5, [["trunk_lean"]]):
        refuse("vary = .*: must be names, at least one", nothing)
    refuse("pelvic_tilt = 0: is fixed, and is to vary too", ["pelvic_tilt"])
    refuse("'knee_flexion_right' and 'knee_flexion' are the same number", ["knee_flexion", "knee_flexion_right"])
    refuse("there is no 'lumbar_compresion'.*did you mean", variables=["lumbar_compresion"])
    refuse("has no group 'quads'", variables=["group_activation/quads"])
    refuse("too few for", variables=["lumbar_compression/x"])
    refuse("too few for", variables=["pelvic_tilt/x"])
    refuse("strenght: unknown stance parameter .did you mean 'strength'", strenght="force_length")
    refuse("threads = 2: a prepared sweep runs in the thread that calls it", threads=2)
    for nothing in ([3], [], None):
        refuse("variables = .*: must be names, at least one", variables=nothing)
    refuse("slope: has a dimension of its own", slope=[0, 5])
    refuse("seat_height = 0.45: needs support = 'seat'", ["seat_height"])
    refuse("vary: 'load_mass' needs load_position", ["load_mass"])
    refuse("knee_flexion = 'passive': follows a policy", ["knee_flexion_left"], knee_flexion="passive")
    refuse("friction = 3: allowed is 0..2", friction=3)
    with pytest.raises(bm.StanceError, match="pelvic_tilt: has no default"):
        bm.prepare(adult, ["trunk_lean"], ["status"])
    with pytest.raises(bm.StanceError, match="shank_rotation"):
        bm.prepare(bm.load_model("gait2392"), ["turnout_yield"], ["status"], pelvic_tilt=0)


def test_refused_calls(adult):
    ask = bm.prepare(adult, ["trunk_lean", "slope"], ["status"], pelvic_tilt=0)
    for bad in (101.0, np.nan, np.inf, [0.0, -31.0]):
        with pytest.raises(bm.StanceError, match=r"trunk_lean = .*: allowed is -30..100 deg"):
            ask(bad, 0.0)
    for bad in ("5", None, True, [1j], [[1, 2], 3], 10**400, object()):
        with pytest.raises(bm.StanceError, match=r"slope = .*: (must be real numbers|allowed is)"):
            ask(0.0, bad)
    for labelled in (xr.DataArray([1.0], dims="x"), pd.Series([1.0]), xr.Dataset()):
        with pytest.raises(bm.StanceError, match="slope: has labels, which a prepared sweep does not align"):
            ask(0.0, labelled)
    with pytest.raises(bm.StanceError, match="slope: has masked entries"):
        ask(0.0, np.ma.masked_array([1.0, 2.0], mask=[False, True]))
    with pytest.raises(TypeError, match=r"not 1; to hand over a vector x, call it with \*x"):
        ask(np.zeros(2))
    with pytest.raises(bm.StanceError, match=r"do not broadcast: trunk_lean \(2,\), slope \(3,\)"):
        ask([0, 1], [0, 1, 2])
    with pytest.raises(TypeError, match=r"takes 2 arguments \(trunk_lean, slope\), not 1"):
        ask(0.0)
    with pytest.raises(TypeError, match="takes 2 arguments"):
        ask(0.0, 1.0, 2.0)
    with pytest.raises(TypeError, match="lean: is no argument"):
        ask(0.0, lean=1.0)
    with pytest.raises(TypeError, match="trunk_lean: is given twice"):
        ask(0.0, trunk_lean=1.0)
    np.testing.assert_array_equal(ask(slope=1, trunk_lean=[0, 2])["status"], [0, 0])


def test_threads_with_many_sizes(adult):
    """Workspaces of a size come and go while others are in use."""
    ask = bm.prepare(adult, ["trunk_lean"], ["lumbar_compression"], pelvic_tilt=0)
    expected, before = ask(np.linspace(0, 20, 60))["lumbar_compression"], sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            sizes = np.random.default_rng(0).integers(1, 60, 3000)
            found = list(pool.map(lambda n: ask(np.linspace(0, 20, 60)[:n])["lumbar_compression"], sizes))
    finally:
        sys.setswitchinterval(before)
    for size, values in zip(sizes, found, strict=True):
        np.testing.assert_allclose(values, expected[:size], rtol=1e-8)


def test_what_a_caller_changes_later_changes_nothing(adult):
    place = [0.3, 0.2, 0.0]
    ask = bm.prepare(adult, ["trunk_lean"], ["lumbar_compression"], pelvic_tilt=0, load_mass=10, load_position=place)
    before = ask(0.0)["lumbar_compression"]
    place[0] = -0.3
    for same in (ask, copy.deepcopy(ask), pickle.loads(pickle.dumps(ask))):
        np.testing.assert_allclose(same(0.0)["lumbar_compression"], before, rtol=1e-12)


def test_copies_and_other_processes(adult):
    ask = bm.prepare(adult, ["trunk_lean"], iter(["activation"]), pelvic_tilt=0, criterion=bm.Power(3), slope=5)
    ask(0.0)
    for other in (pickle.loads(pickle.dumps(ask)), copy.deepcopy(ask)):
        assert repr(other) == repr(ask)
        np.testing.assert_allclose(other(5.0)["activation"], ask(5.0)["activation"], rtol=1e-12)


def test_every_column_has_one_name():
    assert list(COLUMN) == list(PARAMETERS)


def test_group_forces_are_those_of_the_call(adult):
    """Calls share their arrays, so nothing that was worked out of one call's forces may last to the next."""
    ask = bm.prepare(adult, vary=["knee_flexion"], variables=["group_force", "group_activation"], pelvic_tilt=2.0)
    for knee in (5.0, 40.0, 20.0):
        found, ds = ask(knee), bm.sweep(adult, pelvic_tilt=2.0, knee_flexion=knee)
        np.testing.assert_allclose(found["group_force"], ds.group_force, rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(found["group_activation"], ds.group_activation, rtol=1e-9, atol=1e-9)


def test_calls_of_a_prepared_sweep_are_refused_by_name(small):
    ask = bm.prepare(small, ["pelvic_tilt", "knee_flexion"], ["lumbar_compression"])
    for call, named in (
        (lambda: ask(True, 5.0), "pelvic_tilt = True: must be real numbers"),
        (lambda: ask([True], 5.0), r"pelvic_tilt = \[True\]: must be real numbers"),
        (lambda: ask(0.0, knee_flexion=np.bool_(False)), "knee_flexion = .*: must be real numbers"),
        (lambda: ask([1, [2, 3]], 5.0), "pelvic_tilt = .*: must be real numbers"),
        (lambda: ask([np.ma.masked, 2.0], 5.0), "pelvic_tilt: has masked entries"),
        (lambda: ask(10**5000, 5.0), "pelvic_tilt = <int>: allowed is"),
        (lambda: ask([1, [2, 3]]), "takes 2 arguments"),
        (lambda: ask(0.0, knee=5.0), "knee: is no argument; arguments are pelvic_tilt, knee_flexion"),
    ):
        with pytest.raises(bm.BiomechError, match=named):
            call()
    with pytest.raises(TypeError, match="knee_flexion: is given twice"):
        ask(0.0, 5.0, knee_flexion=5.0)


def test_what_is_fixed_is_named_where_it_has_a_dimension(small):
    import xarray as xr

    tilt = xr.DataArray([0.0, 5.0], dims="trial")
    with pytest.raises(bm.StanceError, match="pelvic_tilt: has a dimension of its own, 'trial'"):
        bm.prepare(small, ["knee_flexion"], ["status"], pelvic_tilt=tilt)
    with pytest.raises(bm.StanceError, match="vary = masked: must be names"):
        bm.prepare(small, np.ma.masked, ["status"], pelvic_tilt=0)


@pytest.mark.parametrize("value", [np.float32(np.inf), np.float64(np.nan), np.timedelta64(1, "s"), 10**400, True, 0.0])
def test_a_weight_that_is_none_is_refused_without_a_warning(small, value):
    with pytest.raises(bm.StanceError, match=r"weight\['hamstrings_r'\] = .*: must be a positive number"):
        bm.prepare(small, ["knee_flexion"], ["status"], pelvic_tilt=0, weight={"hamstrings_r": value})
