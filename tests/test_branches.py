"""The body's branch of the closure, angles that are not found, and answers that depend on their own question alone."""

import numpy as np
import pytest
import xarray as xr
from fuzz_stances import Case, balances, run

import biomech as bm
from biomech.errors import UnreachablePosture
from biomech.policies.registry import statuses_of
from biomech.policies.search.bracketing import MINIMA
from biomech.policies.search.stable_root import NO_POSTURE, ROOT_STATUSES, find_stable_root
from biomech.stance.parsing import parse_stance
from biomech.statics.posture import solve_posture

LOW_SEAT = {"support": "seat", "pelvic_rotation": -60, "pelvic_tilt": "passive"}
HIGH_SEAT = {"support": "seat", "seat_height": 0.5, "trunk_lean": 20, "foot_rotation": 10, "stance_width": 0.3}
LOST = statuses_of("pelvic_tilt")["no_posture"]


def test_a_tilt_that_is_not_found_is_not_an_answer(adult):
    with pytest.raises(UnreachablePosture, match=r"pelvic_tilt = 'passive': no angle was found"):
        bm.sweep(adult, stance_width=0.11, **LOW_SEAT)
    for variables in (None, ["lumbar_compression"]):
        ds = bm.sweep(adult, stance_width=[0.11, 0.17] * 8, variables=variables, **LOW_SEAT)
        assert ds.status.values.tolist() == [3, 1] * 8
        assert np.isnan(ds.lumbar_compression[::2]).all()
        np.testing.assert_allclose(ds.lumbar_compression[1::2], 709.48715, rtol=1e-6)
        assert "unreachable: pelvic_tilt = 'passive': no angle was found" in ds.attrs["message"]
    ds = bm.sweep(adult, stance_width=[0.11, 0.17], **LOW_SEAT)
    assert ds.tilt_status.values.tolist() == [LOST, statuses_of("pelvic_tilt")["balanced"]]
    assert np.isnan(ds.pelvic_tilt.values[0])


def test_its_neighbours_are_as_if_it_were_not_there(adult):
    described = ["limiting_muscle", "valid"]
    alone = bm.sweep(adult, stance_width=0.17, **LOW_SEAT).reset_coords(described)
    ds = bm.sweep(adult, stance_width=[0.11, 0.17] * 8, **LOW_SEAT).reset_coords(described)
    for i in range(1, 16, 2):
        own = ds.isel(stance_width=i, drop=True)
        xr.testing.assert_allclose(own, alone.drop_vars("stance_width", errors="ignore"), rtol=1e-9, atol=1e-10)


def test_prepare_stability_and_uncertainty_know_it_too(adult):
    fixed = {"support": "seat", "pelvic_rotation": -60.0, "pelvic_tilt": "passive"}
    found = bm.prepare(adult, ["stance_width"], ["lumbar_compression"], **fixed)([0.11, 0.17])
    assert found["status"].tolist() == [3, 1]
    assert np.isnan(found["lumbar_compression"][0])
    assert found["lumbar_compression"][1] == pytest.approx(709.48715, rel=1e-6)
    ds = bm.stability(adult, stance_width=[0.11, 0.17], **LOW_SEAT)
    assert np.isnan(ds.smallest_stiffness).all()  # one is not found, the other overloaded
    guarded = bm.sweep(adult, stance_width=[0.11], stiffness_margin={"lumbar_extension": 0}, **LOW_SEAT)
    assert guarded.status.values.tolist() == [3]
    high = {"high": {"support": "seat", "seat_height": 1.0, "pelvic_tilt": "passive"}}
    drawn = bm.uncertainty.propagate(high, adult, samples=3, variables=["lumbar_compression"], progress=False)
    assert np.isnan(drawn.lumbar_compression).all()


TOO_WIDE = {"trunk_lean": 100, "stance_width": 1.0, "knee_flexion": 120, "slope": 30}
TOO_HIGH = {"support": "seat", "seat_height": 1.0}


@pytest.mark.parametrize(
    ("policy", "stance"),
    [("passive", TOO_HIGH), ("least_effort", TOO_HIGH), ("least_effort", TOO_WIDE), ("hanging", TOO_WIDE)],
)
def test_no_policy_finds_what_nobody_can_take(adult, policy, stance):
    ds = bm.sweep(adult, pelvic_tilt=[policy], **stance)
    assert ds.status.values.tolist() == [3]
    assert ds.tilt_status.values.tolist() == [LOST]
    assert np.isnan(ds.pelvic_tilt).all()
    with pytest.raises(UnreachablePosture, match=f"pelvic_tilt = '{policy}': no angle was found"):
        bm.sweep(adult, pelvic_tilt=policy, **stance)


def test_a_balance_beside_missing_postures_is_none():
    """A moment that is known in part: through zero in the known part, in the gap, and falling towards the gap."""

    def curve(index, angle):
        moment = np.array([-3.0, 0.4, 12.0])[index] - angle
        return np.where((angle > 0.1) & (angle < 0.9) | (angle > 8.0), np.nan, moment)

    found = find_stable_root(curve, 3, -10.0, 10.0, 1.0)
    assert found.status.tolist() == [ROOT_STATUSES.index("balanced"), NO_POSTURE, NO_POSTURE]
    assert found.angle[0] == pytest.approx(-3.0, abs=1e-8)
    assert np.isnan(found.angle[1:]).all()
    assert np.isnan(found.moment[1:]).all()


def test_a_jump_is_no_balance():
    found = find_stable_root(lambda index, angle: np.where(angle < 0.3, 5.0, -5.0), 1, -10.0, 10.0, 1.0)
    assert found.status.tolist() == [NO_POSTURE]


@pytest.mark.parametrize("half", [True, False])
def test_what_is_no_number_cannot_be_taken(adult, half):
    """In a closure NaN neither closes nor is it within any range, and its neighbours are as they were."""
    stance = parse_stance({"pelvic_tilt": 0, "knee_flexion": np.linspace(0, 60, 12)}).all()
    good = solve_posture(adult, adult.compiled(half=half), stance, 0)
    stance.values["pelvic_tilt"][[1, 5, 6]] = np.nan
    found = solve_posture(adult, adult.compiled(half=half), stance, 0)
    lost = np.isin(np.arange(12), [1, 5, 6])
    assert not found.closed[lost].any()
    np.testing.assert_array_equal(found.coordinates[~lost], good.coordinates[~lost])


def test_sitting_has_one_branch(adult):
    """The hips are behind the ankles, in any order: an ankle of 17 deg, not one of 90 and a pull of 3408 N."""
    one = bm.sweep(adult, knee_flexion=94.17, pelvic_tilt=7.76, **HIGH_SEAT)
    assert float(one.coordinate_angle.sel(coordinate="ankle_angle_r")) == pytest.approx(17.125, abs=1e-3)
    assert float(one.ground_force.sel(axis="y").sum() + one.seat_force.sel(axis="y")) == pytest.approx(
        adult.body_mass * adult.value("settings/gravity"), rel=1e-9
    )
    knees, tilts = np.linspace(60, 110, 48), np.linspace(-25, 15, 40)
    first = bm.sweep(adult, knee_flexion=knees, pelvic_tilt=tilts, **HIGH_SEAT)
    second = bm.sweep(adult, pelvic_tilt=tilts, knee_flexion=knees, **HIGH_SEAT)
    np.testing.assert_array_equal(first.status, second.status.transpose(*first.status.dims))
    xr.testing.assert_allclose(
        first.coordinate_angle, second.coordinate_angle.transpose(*first.coordinate_angle.dims), rtol=0, atol=1e-11
    )
    # neighbours on the branch are near, up to where the hips come straight above the ankles
    near = first.sel(knee_flexion=slice(60, 98))
    assert (near.status == 0).all()
    ankle = near.coordinate_angle.sel(coordinate="ankle_angle_r")
    assert float(np.abs(ankle.diff("knee_flexion")).max()) < 3.0
    assert float(np.abs(ankle.diff("pelvic_tilt")).max()) < 0.5
    assert (first.status.sel(knee_flexion=110) == 3).all()
    with pytest.raises(UnreachablePosture, match=r"the chain (does not close|closes with)"):
        bm.sweep(adult, knee_flexion=110, pelvic_tilt=7.76, **HIGH_SEAT)


def sense(model, q, names):
    """h . (a x s) of right legs and minus that of left ones, the hips' height over the ankles, and how far before."""
    where = model.kinematics(**{n: q[:, i] for i, n in enumerate(names)})
    found = []
    for side, sign in (("r", 1.0), ("l", -1.0)):
        hip, ankle = (where.origin.sel(segment=f"{s}_{side}").values for s in ("femur", "talus"))
        axes = []
        for joint, segment in (("ankle", "talus"), ("subtalar", "calcn")):
            # the axis of a joint turns with the segment that it moves
            row = model.tables["coordinates"].index(f"{joint}_angle_{side}")
            local = model.tables["coordinates"].numbers("axis_x", "axis_y", "axis_z")[row]
            axes.append(where.rotation.sel(segment=f"{segment}_{side}").values @ local)
        line = hip - ankle
        found.append((sign * np.einsum("pi,pi->p", line, np.cross(*axes)), line[:, 1], line[:, 0]))
    return np.array(found)


@pytest.mark.parametrize("support", ["both", "seat", "step"])
def test_every_answer_is_on_the_branch(adult, support):
    """By the model's kinematics, over the whole box: no leg is turned inside out, no body hangs below the floor."""
    tried = 0
    for number in range(400):
        case = Case(7, number, plain=True)
        if case.support != support or case.model_name != "adult":
            continue
        ds = case.sweep(case.numbers, variables=["coordinate_angle"])
        taken = ds.coordinate_angle.transpose("case", ...).values[ds.status.values != 3]
        if len(taken):
            legs = sense(adult, taken, list(adult.coordinates))
            assert (legs[:, :2] > 0.0).all(), case.name
            assert support != "seat" or (legs[:, 2].sum(axis=0) < 0.0).all(), case.name
            tried += len(taken)
    assert tried > 50


def test_first_coordinates_are_near(adult):
    """Newton's method needs few steps from them: the hips are within centimetres, angles within some degrees."""
    from biomech.statics.posture import build_constraints

    stance = parse_stance(
        {
            "foot_rotation": [0, 30, 60],
            "knee_flexion": [0, 30, 90],
            "trunk_lean": [0, 20],
            "stance_width": [0.1, 0.3],
            "pelvic_tilt": 0,
        }
    ).all()
    for half in (True, False):
        flat = adult.compiled(half=half)
        begun, found = build_constraints(adult, flat, stance, 0).start, solve_posture(adult, flat, stance, 0)
        assert found.closed.all()
        off = np.abs(begun - found.coordinates)
        assert off[:, ~flat.is_rotation].max() < 0.06
        assert np.degrees(off[:, flat.is_rotation].max()) < 9.0


def test_a_search_for_least_effort_is_its_own(adult):
    """Stances that cannot be held, or taken, beside others do not show in what is found for these."""
    knees = np.linspace(0, 40, 9)
    ds = bm.sweep(adult, pelvic_tilt="least_effort", knee_flexion=knees)
    load = xr.DataArray(np.where(np.arange(18) % 2, 0.0, 190.0), dims="case")
    lean = xr.DataArray(np.where(np.arange(18) % 4 == 2, 100.0, 0.0), dims="case")
    mixed = bm.sweep(
        adult,
        pelvic_tilt="least_effort",
        knee_flexion=xr.DataArray(np.repeat(knees, 2), dims="case"),
        load_mass=load,
        load_position=(0.6, 0.3, 0.0),
        trunk_lean=lean,
    )
    own = mixed.isel(case=slice(1, None, 2))
    np.testing.assert_array_equal(own.tilt_status, ds.tilt_status)
    np.testing.assert_allclose(own.pelvic_tilt, ds.pelvic_tilt, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(own.lumbar_compression, ds.lumbar_compression, rtol=1e-9)
    assert own.tilt_minimum.shape[-1] == MINIMA


def test_blocks_do_not_show(adult):
    """Posture 4096 begins a block of a sweep: it is the same in the middle of another one."""
    knees = np.linspace(0, 40, 4200)
    options = {"pelvic_tilt": 3, "variables": ["lumbar_compression", "coordinate_angle"]}
    whole = bm.sweep(adult, knee_flexion=knees, **options)
    part = bm.sweep(adult, knee_flexion=knees[4000:], threads=2, **options)
    for name in options["variables"]:
        a = whole[name].isel(knee_flexion=slice(4000, None)).values
        np.testing.assert_allclose(part[name].values, a, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("number", [64, 373, 484, 617])
def test_answers_are_the_same_to_the_bit_in_any_company(number):
    """Cases of the fuzzer in which neighbours showed: in a factor at hand, in a cap, in a closure that went on."""
    found = run(2026, iter([number]), deep=0.0)
    assert found.pop("cases") == 1
    assert found.pop("postures") > 0
    assert not found


def test_the_last_stance_of_a_block_is_sought_as_the_others_are(adult):
    """The last lanes repeat it: what was found for it once must not be where it is sought again."""
    case = Case(2026, 932)
    index = np.append(np.tile([2, 5, 11, 7], 9), 2)
    ds = case.sweep({name: values[index] for name, values in case.numbers.items()})
    own = np.flatnonzero(index == 2)
    assert len(set(ds.pelvic_tilt.values[own].tolist())) == 1


def test_random_stances():
    """A short run of the fuzzer: ``python tests/fuzz_stances.py --minutes 60`` is the long one."""
    found = run(2, iter(range(12)), plain=True, deep=0.1)
    assert found.pop("cases") == 12
    assert found.pop("postures") > 150
    assert not found


def test_the_balance_bites(adult):
    """A muscle force that is 1e-5 off is seen."""
    case = Case(2, 0, plain=True)
    case.model_name = "adult"
    case.words |= {"support": "both", "arms": "hanging"}
    case.support = "both"
    case.numbers = {"knee_flexion": np.full((case.count, 2), 20.0), "pelvic_tilt": np.zeros(case.count)}
    ds = case.sweep(case.numbers)
    assert not list(balances(case, ds))
    ds.muscle_force.loc[{"muscle": "soleus_r"}] *= 1.0 + 1e-4
    assert list(balances(case, ds))
