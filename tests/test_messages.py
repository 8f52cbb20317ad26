"""What is said of postures that cannot be taken or held, and of data that cannot be of one body."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from shared_reference import OSIM

import biomech as bm
from biomech.analysis.output import unreachable as reach
from biomech.analysis.output.status_summary import StatusSummary, explain_shortfall
from biomech.errors import BiomechWarning, UnreachablePosture
from biomech.model.geometry import kinematics
from biomech.pipeline.objective import read_objective
from biomech.pipeline.stance_batch import pose_of, split_batches
from biomech.pipeline.status import OVERLOADED, UNCERTIFIED
from biomech.stance.parameters import PARAMETERS, SUPPORTS
from biomech.stance.parsing import parse_stance
from biomech.statics import muscle_free as resting
from biomech.statics.posture import constraint_layout, solve_posture

#: A trial of public data that lies beside the checkout where the package is made.
WALK = OSIM / "motions" / "walk_10dof"

AMOUNT = r"\d(\.\d+)? (mm|deg)"
CHANGE = re.compile(
    r"a (?P<way>higher|lower) (?P<name>\w+)( of (the (?P<side>right|left)|both) legs?)?: "
    r"(?P<then>\S+)( deg| m)? in place of (?P<now>[^ ;]+)"
)


def legs(right, left):
    return xr.DataArray([right, left], dims="side", coords={"side": ["right", "left"]})


def said_of(model, **stance):
    with pytest.raises(UnreachablePosture) as raised:
        bm.sweep(model, **stance)
    return str(raised.value)


def mended(stance, message):
    """The stance with the changes that a message proposes."""
    _, _, way_out = message.partition("it can be taken with ")
    changes = list(CHANGE.finditer(way_out))
    assert len(changes) == 1 + way_out.count(" and a ")
    after = dict(stance)
    for change in changes:
        name, then, now = change["name"], float(change["then"]), float(change["now"])
        assert (then > now) == (change["way"] == "higher")
        assert PARAMETERS[name].least <= then <= PARAMETERS[name].most
        before = after.get(name, PARAMETERS[name].default)
        if change["side"]:
            pair = before if isinstance(before, xr.DataArray) else legs(before, before)
            assert float(pair.sel(side=change["side"])) == pytest.approx(now, abs=1e-6)
            after[name] = pair.where(pair.side != change["side"], then)
        else:
            assert np.max(np.abs(np.asarray(before) - now)) < 1e-6
            after[name] = then
    return after


@pytest.mark.parametrize("tilt", [0, "rhythm", "hanging", "passive", "least_effort"])
def test_a_step_of_its_own_defaults_says_that_the_knee_must_bend(adult, tilt):
    message = said_of(adult, support="step", pelvic_tilt=tilt)
    assert re.search(r"the right sole stays off by 89 mm, below its step, and the left sole .* 89 mm, above", message)
    assert "a higher knee_flexion of the right leg: 80 deg in place of 0 deg" in message
    assert "sine" not in message
    ds = bm.sweep(adult, support="step", pelvic_tilt=tilt, knee_flexion=legs(80, 0))
    assert int(ds.status) == 0


@pytest.mark.parametrize(
    ("stance", "missed"),
    [
        ({"support": "step", "step_height": 0.5}, r"sole stays off by \d+ mm"),
        ({"support": "seat", "seat_height": 1.0}, r"each sole stays off by 87 mm, above the floor, and the pelvis"),
        ({"support": "seat", "seat_height": 1.0, "knee_flexion": legs(0, 10)}, r"stays off by \d+ mm"),
        ({"knee_flexion": legs(120, 0)}, r"the right sole stays off by 123 mm, above the floor"),
        ({"support": "left", "foot_rotation": 90, "pelvic_rotation": -60}, r"hip_rotation_l .*\d deg too far"),
        ({"stance_width": 1.0, "knee_flexion": 120}, r"subtalar_angle_r would be 100.9 deg; .*11 deg too far"),
        ({"pelvic_tilt": -5, "tilt_change": -20, "trunk_lean": 100}, r"lumbar_extension would be -125.0 deg"),
        ({"slope": 30, "cross_slope": -30, "foot_rotation": 80}, r"hip_rotation_r would be .* 8 deg too far"),
        ({"support": "both", "pelvic_tilt": "passive", "knee_flexion": legs(120, 0)}, r"at 0 deg the chain"),
        ({"support": "step", "trunk_lean": "hanging_sway"}, r"no angle was found, postures are missing at all angles"),
        ({"support": "step", "knee_flexion": "passive", "step_height": 0.3}, r"postures are missing at all angles"),
    ],
)
def test_what_misses_what_by_how_much_and_what_would_mend_it(adult, stance, missed):
    stance = {"pelvic_tilt": 0, **stance}
    message = said_of(adult, **stance)
    assert re.search(missed, message)
    assert re.search(AMOUNT, message)
    assert "sine" not in message
    after = mended(stance, message)
    if not any(isinstance(value, str) for name, value in stance.items() if name != "support"):
        with_change = bm.sweep(adult, **after, variables=["status"])
        assert int(with_change.status) < 3


WRONG_WAY = [
    ({"support": "seat", "foot_rotation": 0.3, "knee_flexion": 64.61, "turnout_yield": 14.14,
      "pelvic_rotation": -23.29, "stance_width": 0.22, "trunk_lean": -23.26, "pelvic_tilt": 31.48,
      "cross_slope": 17.37, "seat_height": 0.61}, r"the hips would be \d+ mm in front of the ankles"),
    ({"support": "step", "foot_rotation": 31.87, "knee_flexion": 110.09, "turnout_yield": 13.06, "weight_shift": 0.1,
      "stance_width": 0.92, "trunk_lean": 28.86, "pelvic_tilt": -3.76, "slope": -29.73, "cross_slope": 29.81},
     r"the left hip would be \d+ mm below its ankle"),
]  # fmt: skip


@pytest.mark.parametrize(("stance", "where"), WRONG_WAY)
def test_a_body_that_closes_the_wrong_way_round_only_says_where_it_is(adult, stance, where):
    message = said_of(adult, **stance)
    assert re.search(f"the chain closes only the wrong way round: {where}", message)
    assert int(bm.sweep(adult, **mended(stance, message), variables=["status"]).status) < 3


def random_postures(model, count):
    """Stances of one posture each, closed or not, as (part, stance, postures)."""
    rng, objective = np.random.default_rng(5), read_objective(model, bm.sharing.Power(2), None, "isometric")
    for _ in range(count):
        support = str(rng.choice(SUPPORTS.own))
        stance = {"support": support, "pelvic_tilt": 0.0}
        for name in ("knee_flexion", "foot_rotation", "trunk_lean", "slope", "stance_width", "pelvic_rotation"):
            stance[name] = rng.uniform(PARAMETERS[name].least, PARAMETERS[name].most)
        for name in ("seat_height", "step_height", "step_length"):
            if name in SUPPORTS.word(support).parameters:
                stance[name] = rng.uniform(PARAMETERS[name].least, PARAMETERS[name].most)
        one = parse_stance(stance).all()
        (part,) = split_batches(model, one, objective)
        yield part, stance, solve_posture(model, part.compiled, one, part.support)


def test_which_leg_is_folded_over_agrees_with_the_search(adult):
    """Where the hips are and by how much a leg is folded over: by the flag of the kernel, of postures of any kind."""
    seen = set()
    for part, stance, postures in random_postures(adult, 150):
        flat, support = part.compiled, stance["support"]
        at = kinematics(flat, pose_of(flat, postures.coordinates)).origin[0]
        behind, wrong = [], False
        for side, other in (("r", "left"), ("l", "right")):
            if f"femur_{side}" in flat.segments and support != other:
                line = at.sel(segment=f"femur_{side}").values - at.sel(segment=f"talus_{side}").values
                folded = reach._folded(flat, postures.coordinates, side, line)
                behind.append(line[0])
                wrong = wrong or line[1] <= 0.0 or folded >= 0.0
                if folded > 0.0 < line[1] and not postures.sound[0]:
                    seen.add("folded")
                    assert folded < 90.0
        wrong = wrong or (support == "seat" and np.sum(behind) >= 0.0)
        wrong = wrong or (support == "stride" and reach._heel_below(flat, postures.coordinates, "l", "r") > 1e-6)
        assert bool(postures.sound[0]) == (not wrong)
        seen.add(wrong)
    assert seen == {True, False, "folded"}


def test_what_is_missed_is_where_it_is_said_to_be(adult):
    """Feet above or below the floor, ahead of or behind their places, and tilted: by the geometry of the body."""
    checked = set()
    for part, stance, postures in random_postures(adult, 250):
        if postures.closed[0] or part.compiled.half:
            continue
        geometry = kinematics(part.compiled, pose_of(part.compiled, postures.coordinates))
        upward = np.array([-np.sin(np.radians(stance["slope"])), np.cos(np.radians(stance["slope"])), 0.0])
        forward, settings = np.array([upward[1], -upward[0], 0.0]), adult.tables["settings"]
        for k, label in enumerate(postures.labels):
            left = postures.residual[0, k]
            side = next((side for side in ("right", "left") if f"the {side} " in label), None)
            if abs(left) < 1e-6 or side is None:
                continue
            half, step = (0.5 if side == "right" else -0.5), stance["support"] == "step"
            calcn, talus = (geometry.sel(segment=f"{bone}_{side[0]}").isel(pose=0) for bone in ("calcn", "talus"))
            words, turn = reach._told(part, label, float(left)), calcn.rotation.values
            if "sole is on the floor" in label:
                sole = calcn.origin.values + turn @ np.array([0.0, settings.value("sole_height"), 0.0])
                above = sole @ upward - step * half * stance.get("step_height", 0.17)
                assert (above > 0.0) == ("above" in words)
                assert f"{abs(1e3 * above):.0f} mm" in words or abs(above) < 0.01
            elif "ball is on the floor" in label:
                x, z = {"inner": (0.178, 0.045), "outer": (0.15, -0.05)}[label.split()[1]]
                above = (calcn.origin.values + turn @ np.array([x, settings.value("sole_height"), z])) @ upward
                assert (above > 0.0) == ("above" in words)
            elif "at the right foot" in label:  # the flat one, by the point of its sole under the ankle
                place = calcn.origin.values + turn @ np.array([0.04877, settings.value("sole_height"), -0.00792])
                if "step_length" in label:
                    assert (place @ forward > half * stance["step_length"]) == ("ahead" in words)
                else:
                    assert (place[2] > half * stance["stance_width"]) == ("to the right" in words)
            elif "at the left foot" in label:
                continue
            elif "ankle is beside" in label:
                ahead = talus.origin.values @ forward - step * half * stance.get("step_length", 0.25)
                assert (ahead > 0.0) == ("ahead" in words)
            elif "stance_width" in label:
                assert (talus.origin.values[2] > half * stance["stance_width"]) == ("to the right" in words)
            elif "along the foot" in label:
                assert (turn[:, 0] @ upward < 0.0) == ("its heel too high" in words)
            elif "across the foot" in label:
                assert (turn[:, 2] @ upward < 0.0) == ("its left edge too high" in words)
            else:
                continue
            checked.add((re.sub("right|left", "", label), left > 0.0))
    assert len(checked) == 18


@pytest.mark.parametrize("name", ["adult", "gait2392", "small"])
def test_every_condition_has_words_and_its_own_unit(name, request):
    model = request.getfixturevalue(name)
    for support in range(len(SUPPORTS.own)):
        for half in (True, False):
            if half and SUPPORTS[support] not in ("both", "seat"):
                continue
            conditions = constraint_layout(model, model.compiled(half=half), support)
            for k, label in enumerate(conditions.labels):
                miss = reach.MISSES[re.sub("the (right|left) ", "the {side} ", label)]
                kinds = conditions.tables.kind[conditions.tables.owner == k]
                assert miss.is_angle == (kinds == 0).all()  # directions alone are measured by a sine
                assert miss.more.count("{}") == miss.less.count("{}") == 1
                assert miss.more != miss.less


def test_a_sweep_looks_for_a_way_out_once(adult, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "biomech.analysis.output.status_summary.explain_unreachable", lambda *args: asked.append(1) or "too far"
    )
    monkeypatch.setattr("biomech.analysis.sweep.BLOCK", 4)
    with pytest.warns(BiomechWarning, match="posture 0 is unreachable: too far"):
        bm.sweep(adult, support="step", pelvic_tilt=0, step_height=np.linspace(0.1, 0.3, 20), variables=["status"])
    assert asked == [1]


# --- uncertified rows, and numbers that overflow


def test_what_is_uncertified_balances_and_lacks_nothing(small):
    """At the very edge of what can be borne neither an answer nor a proof against it is exact: found by halving."""
    stance = {"pelvic_tilt": 0, "trunk_lean": 40, "load_position": (0.1, 0.3, 0.0), "variables": ["status"]}
    least, most, edge = 0.0, 200.0, set()
    for _ in range(9):
        masses = np.linspace(least, most, 33)
        with pytest.warns(BiomechWarning):
            status = bm.sweep(small, load_mass=masses, **stance).status.values
        edge |= set(masses[status == UNCERTIFIED].tolist())
        beyond = int(np.flatnonzero(status)[0])
        least, most = masses[beyond - 1], masses[beyond]
    assert edge
    for mass in sorted(edge)[:5]:
        with pytest.warns(
            BiomechWarning, match=r"1 uncertified; posture 0 is uncertified: its forces balance to"
        ) as said:
            ds = bm.sweep(small, load_mass=mass, **{**stance, "variables": None})
        message = str(said[0].message)
        assert float(ds.equilibrium_residual) < 1e-6
        for word in ("missing", "no muscle", "full strength", "nan", "N.m"):
            assert word not in message
        assert "duality_gap" in message


def answers_of(body, status_, shortfall, residual, passive=0.0):
    short = np.full((1, len(body.coordinates)), shortfall)
    tissue = np.full_like(short, passive)

    class Solved:
        status, limiting, model = np.array([status_]), np.array([""]), body
        results = SimpleNamespace(shortfall=short, passive=tissue)

        def __getitem__(self, name):
            return {"equilibrium_residual": np.array([residual]), "passive_moment": tissue}[name]

    return Solved()


@pytest.mark.parametrize("status", [OVERLOADED, UNCERTIFIED])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_numbers_that_overflow_are_not_told(small, status, number):
    message = explain_shortfall(small, answers_of(small, status, number, number), 0)
    assert "overflow" in message
    assert not re.search(r"nan|inf\b|N\.m|missing", message)


@pytest.mark.parametrize("residual", [1e-12, 1e-3])
def test_what_is_uncertified_never_says_that_something_is_missing(small, residual):
    message = explain_shortfall(small, answers_of(small, UNCERTIFIED, -2.4e-10, residual), 0)
    assert "missing" not in message
    assert "no muscle" not in message
    assert f"{residual:.1e} of what is asked" in message
    assert ("neither" in message) == (residual > 1e-6)


def test_what_is_overloaded_says_what_is_missing(small):
    message = explain_shortfall(small, answers_of(small, OVERLOADED, -12.0, 0.1), 0)
    assert re.fullmatch(r"-12 (N|N\.m) are missing at \w+; no muscle could give it, nor the ground", message)


@pytest.mark.parametrize(("passive", "told"), [(20.0, "+20"), (11.0, ""), (-20.0, "")])
def test_what_tissue_and_limits_ask_for_is_told_where_it_is_more_than_is_missing(small, passive, told):
    message = explain_shortfall(small, answers_of(small, OVERLOADED, -12.0, 0.1, passive), 0)
    assert ("tissue, springs and limits" in message) == bool(told)
    assert f"against {told}" in message or not told


def test_the_first_of_many_stretches_is_told():
    first = StatusSummary.of(np.array([0, 0], dtype=np.int8), lambda i: "never")
    second = StatusSummary.of(np.array([0, 2], dtype=np.int8), lambda i: f"reason {i}")
    third = StatusSummary.of(np.array([3, 0], dtype=np.int8), lambda i: lambda: f"late {i}")
    assert first.joined(second).joined(third).message == (
        "4 optimal, 1 uncertified, 1 unreachable; posture 3 is uncertified: reason 1"
    )
    assert first.joined(third).message == "3 optimal, 1 unreachable; posture 2 is unreachable: late 0"


# --- measured data of a real walk


def columns(path):
    """Columns of a .mot file."""
    _, _, body = path.read_text(encoding="utf-8").partition("endheader")
    names, *lines = body.strip().split("\n")
    return dict(zip(names.split(), np.array([line.split() for line in lines], dtype=float).T, strict=True))


@pytest.fixture(scope="module")
def walk(gait2392):
    """Every fourth frame of the public trial gait10dof18musc, its forces scaled to the mass of the model."""
    if not WALK.is_dir():
        pytest.skip(f"the public walking trial is not at {WALK}")
    angles, plates = columns(WALK / "subject01_walk_IK.mot"), columns(WALK / "subject01_walk_grf.mot")
    time = angles.pop("time")
    scale = gait2392.body_mass / 72.6

    def vectors(stem, factor):
        both = [[np.interp(time, plates["time"], plates[f"{one}{stem}{axis}"]) for axis in "xyz"] for one in ("", "1_")]
        return ("frame", "foot", "axis"), factor * np.moveaxis(np.array(both), -1, 0)[::4]

    ground = xr.Dataset(
        {
            "force": vectors("ground_force_v", scale),
            "point": vectors("ground_force_p", 1.0),
            "moment": vectors("ground_torque_", scale),
        },
        coords={"foot": ["right", "left"], "axis": list("xyz")},
    )
    return {name: values[::4] for name, values in angles.items()}, ground


def radians(coordinates, ground):
    return {k: v if k[-3:] in ("_tx", "_ty") else np.radians(v) for k, v in coordinates.items()}, ground


def radians_in_place(coordinates, ground):
    """Where the pelvis is in the laboratory is not given, either."""
    coordinates, ground = radians(coordinates, ground)
    return {name: values for name, values in coordinates.items() if name != "pelvis_tx"}, ground


def z_up(coordinates, ground):
    """(x, y, z) with y up and z to the right becomes (x, -z, y)."""
    turned = {
        name: (ground[name].dims, ground[name].values[..., [0, 2, 1]] * np.array([1, -1, 1]))
        for name in ground.data_vars
    }
    return coordinates, ground.assign(turned)


def no_plate(coordinates, ground):
    return coordinates, ground * xr.DataArray([1.0, 0.0], dims="foot", coords={"foot": ["right", "left"]})


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda c, g: (c, g), r"a movement too fast for statics: .*10\d % on average"),
        (lambda c, g: (c, g.assign_coords(foot=["left", "right"])), "swapped feet"),
        (lambda c, g: (c, g.assign(force=g.force.roll(foot=1))), "swapped feet, or forces of another time"),
        (z_up, "forces whose vertical axis is z"),
        (lambda c, g: (c, g.assign(point=1e3 * g.point)), "points in mm"),
        (lambda c, g: (c, g.assign(force=-g.force, moment=-g.moment)), "forces of the foot on the ground"),
        (radians, "angles in radians"),
        (radians_in_place, "angles in radians"),
        (lambda c, g: (c, g.assign(moment=1e3 * g.moment)), "moments in another unit"),
        (lambda c, g: (c, g.assign(force=1e-3 * g.force, moment=1e-3 * g.moment)), "forces in another unit"),
        (lambda c, g: (c, g.assign(point=g.point + 3.0)), "points that are not under the feet"),
        (no_plate, "a missing plate"),
        (lambda c, g: (c, 0.0 * g), "no ground reactions"),
    ],
)
def test_each_corruption_of_a_walk_is_told_with_its_cause(gait2392, walk, change, cause):
    coordinates, ground = change(*walk)
    with pytest.warns(BiomechWarning) as said:
        ds = bm.static_optimization(gait2392, coordinates, ground, reserve=1.0)
    (warning,) = said
    message = str(warning.message)
    named, largest = re.search(r"the reserve of (\w+) .*?gives up to (\S+) N", message).groups()
    reserve = ds.reserve_moment.sel(coordinate=named).values
    assert float(largest) == pytest.approx(reserve[np.abs(reserve).argmax()], rel=0.01)
    assert re.search(f"likely {cause}", message)
    assert message.count("likely") == 1


def test_small_angles_of_a_body_that_stands_still_are_not_called_radians(gait2392):
    """A body that stands upright has small angles in degrees, too; what is wrong here is its weight."""
    stance = bm.sweep(gait2392, pelvic_tilt=2, trunk_lean=0)
    angles = dict(bm.pose(stance))
    angles = {name: value.clip(-3.0, 3.0) for name, value in angles.items()}
    ground = xr.Dataset({"force": 0.7 * stance.ground_force, "point": stance.center_of_pressure})
    with pytest.warns(BiomechWarning) as said:
        bm.static_optimization(gait2392, angles, ground, reserve=50.0)
    assert "radians" not in str(said[0].message)
    assert "70 % of the body weight" in str(said[0].message)


# --- what is out of reach costs little


def test_a_lost_step_is_asked_for_once_an_angle(adult, monkeypatch):
    """The slope along the tilt takes three postures where there is one, and one where there is none."""
    asked = []
    original = resting.muscle_free_moments

    def counted(model, flat, stance, support):
        asked.append(len(stance))
        return original(model, flat, stance, support)

    monkeypatch.setattr(resting, "muscle_free_moments", counted)
    count = 10
    step = {"support": "step", "pelvic_tilt": "passive", "variables": ["status", "pelvic_tilt"]}
    with pytest.warns(BiomechWarning, match="10 unreachable"):
        bm.sweep(adult, step_height=np.linspace(0.15, 0.3, count), **step)
    assert sum(asked) == 17 * count
    asked.clear()
    ds = bm.sweep(adult, step_height=np.linspace(0.05, 0.1, count), knee_flexion=90, weight_balance=0.4, **step)
    assert np.isfinite(ds.pelvic_tilt).all()
    assert asked[:3] == [17 * count] * 3


def test_what_was_given_up_for_far_has_no_posture_nearby_either(adult):
    """Small changes of a step that is far out of reach are, too: nothing is lost that a neighbour has."""
    knees = xr.DataArray(np.arange(0.0, 120.0, 2.0), dims="knee")
    with pytest.warns(BiomechWarning, match="unreachable"):
        status = bm.sweep(adult, support="step", pelvic_tilt=0, knee_flexion=knees, variables=["status"]).status.values
    lost = status == 3
    assert lost[0]
    assert not lost[-1]
    assert (np.diff(lost.astype(int)) != 0).sum() == 1
    assert knees.values[~lost][0] == 80.0
