"""Supports from outside the package: one file, one call each."""

import numpy as np
import pytest

import biomech as bm
from biomech.errors import StanceError
from biomech.stance.choices import SUPPORTS, SupportWord
from biomech.statics.constraint_targets import NOTHING, UP
from biomech.statics.posture_newton import DIRECTION, POINT
from biomech.statics.supports.base import Support
from biomech.statics.supports.registry import register, unregister
from biomech.statics.supports.seat import Seat


class StairEdge(Support):
    """Both feet on the edge of a stair: nothing bears behind the ball of the foot."""

    word = SupportWord("stair_edge", is_symmetric=True)

    def contacts(self, compiled):
        return super().contacts(compiled) & (compiled.contact.local[:, 0] > 0.1)


class Stool(Seat):
    """A seat that bears all there is: the feet hang, or touch the floor and carry nothing."""

    word = SupportWord("high_stool", is_symmetric=True, bears_weight=True, parameters=("seat_height",))

    def contacts(self, compiled):
        return compiled.contact.seat


class Plank(Support):
    """On both feet with a level pelvis on floors that are not: the right knee follows, as the lower one on a step."""

    word = SupportWord("plank")

    def found(self):
        return ["knee_angle_r"]


@pytest.fixture(scope="module", autouse=True)
def known():
    """Known in these tests alone; elsewhere ``register`` at the end of the file is all."""
    supports = StairEdge(), Stool(), Plank()
    for support in supports:
        register(support)
    yield
    for support in supports:
        unregister(support)
    assert [*SUPPORTS] == ["both", "right", "left", "seat", "step", "stride"]


def test_on_the_edge_of_a_stair_the_forefoot_bears_everything(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, support=["stair_edge", "both"], weight_shift=[0.42, 0.85])
    assert ds.support.values.tolist() == ["stair_edge", "both"]
    edge, both = ds.sel(support="stair_edge"), ds.sel(support="both")
    np.testing.assert_array_equal(edge.coordinate_angle, both.coordinate_angle)  # the posture is the same
    forward = edge.center_of_pressure.sel(axis="x").values
    assert edge.status.values.tolist()[1] == 0
    assert (forward[1] > both.center_of_pressure.sel(axis="x").values[0]).all()
    assert edge.status.values.tolist()[0] == 1  # over the heels nothing bears
    balanced = edge.sel(weight_shift=0.85)
    up = float(balanced.ground_force.sel(axis="y").sum())
    assert up == pytest.approx(float(both.sel(weight_shift=0.85).ground_force.sel(axis="y").sum()), rel=1e-6)


def test_half_and_whole_body_agree_on_it(adult):
    """Weight that is a little to a side is solved on the whole body."""
    stance = {"pelvic_tilt": 0, "support": "stair_edge", "weight_shift": 0.85}
    half = bm.sweep(adult, **stance)
    whole = bm.sweep(adult, **stance, weight_balance=0.5 + 1e-9)
    assert int(half.status) == int(whole.status) == 0
    np.testing.assert_allclose(whole.muscle_force, half.muscle_force, atol=1e-3)


def test_a_stool_bears_what_the_feet_do_not(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, support=["seat", "high_stool"], seat_height=0.5, knee_flexion=90)
    stool = ds.sel(support="high_stool")
    assert np.abs(stool.ground_force).max() == 0.0
    np.testing.assert_array_equal(stool.coordinate_angle, ds.sel(support="seat").coordinate_angle)
    with pytest.raises(StanceError, match="pelvic_tilt = 'hanging': means nothing with support = 'high_stool'"):
        bm.sweep(adult, pelvic_tilt="hanging", support="high_stool")
    with pytest.raises(StanceError, match=r"weight_shift = 0\.4: means nothing with support = 'high_stool'"):
        bm.sweep(adult, pelvic_tilt=0, support="high_stool", weight_shift=0.4)
    with pytest.raises(StanceError, match=r"seat_height = 0\.5: needs support = 'seat' or 'high_stool'"):
        bm.sweep(adult, pelvic_tilt=0, seat_height=0.5)


def test_another_coordinate_is_found_under_it(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, support="plank", cross_slope=3, knee_flexion=20)
    angle = ds.coordinate_angle
    assert int(ds.status) == 0
    assert float(angle.sel(coordinate="pelvis_list")) == 0.0
    assert float(angle.sel(coordinate="knee_angle_l")) == pytest.approx(-20.0)
    assert float(angle.sel(coordinate="knee_angle_r")) > -20.0  # the right side is lower, its leg longer


def test_it_is_prepared_and_listed(adult):
    ask = bm.prepare(adult, vary=["weight_shift"], variables=["lumbar_compression"], pelvic_tilt=0, support="plank")
    assert np.isfinite(ask(0.5)["lumbar_compression"])
    with pytest.raises(StanceError, match="allowed is both, right, left, seat, step, stride, stair_edge"):
        bm.sweep(adult, pelvic_tilt=0, support="stair")


def test_codes_of_the_package_stay():
    assert SUPPORTS[:6] == ("both", "right", "left", "seat", "step", "stride")


def other(base=Support, **about):
    word = SupportWord(**{"name": "other", **about.pop("word", {})})
    return type("Other", (base,), {"word": word, **about})()


@pytest.mark.parametrize(
    ("support", "message"),
    [
        (other(word={"name": "both"}), "support = 'both': is a word of the package"),
        (other(word={"name": "on edge"}), "support: cannot take the word 'on edge'"),
        (other(word={"feet": ("_r", "_x")}), r"feet = \('_r', '_x'\): must be"),
        (other(word={"feet": ("_l",), "is_symmetric": True}), "one foot is not symmetric"),
        (other(word={"parameters": ("bar_height",)}), "parameters: 'bar_height' is no stance parameter"),
        (StairEdge, "must be a biomech.statics.supports.base.Support"),
    ],
)
def test_what_cannot_be_registered_is_named(support, message):
    with pytest.raises(StanceError, match=message):
        register(support)


def level(self, build):
    Support.constrain(self, build)
    build.constraint("the pelvis is level", 1)
    build.term(DIRECTION, "pelvis", (0.0, 0.0, 1.0), 0)
    build.term(POINT, "pelvis", (0.0, 0.0, 0.0), 3, 1)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"constrain": level}, "support = 'careless': writes down 18 conditions for 17 coordinates"),
        ({"found": lambda self: ["pelvis_tilts"]}, "cannot find 'pelvis_tilts', which is no coordinate"),
        ({"contacts": lambda self, compiled: [True]}, "contacts must be flags of shape"),
        ({"contacts": lambda self, compiled: compiled.contact.seat & False}, "no contact point of this model"),
    ],
)
def test_a_support_that_breaks_the_contract_is_named(adult, about, message):
    support = other(word={"name": "careless"}, **about)
    register(support)
    with pytest.raises(StanceError, match=message):
        bm.sweep(adult, pelvic_tilt=0, support="careless")
    unregister(support)
    with pytest.raises(StanceError, match="support = 'careless': allowed is both, right"):
        bm.sweep(adult, pelvic_tilt=0, support="careless")


class Kerb(Support):
    """Both feet, and a shin that must lie on the floor: a condition of its own, which no posture meets."""

    word = SupportWord("kerb")

    def found(self):
        return [*super().found(), "knee_angle_r"]

    def constrain(self, build):
        super().constrain(build)
        build.constraint("the shin on the kerb", NOTHING)
        build.term(POINT, "calcn_r", (0.0, 1.0, 0.0), UP)


def test_what_a_support_of_ones_own_misses_is_told_by_its_label(adult):
    kerb = Kerb()
    register(kerb)
    try:
        with pytest.raises(bm.UnreachablePosture, match=r"the shin on the kerb: \d+ mm too much"):
            bm.sweep(adult, pelvic_tilt=0, support="kerb", knee_flexion=10)
    finally:
        unregister(kerb)
