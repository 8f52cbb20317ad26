"""Force elements from outside the package: one file (``hoist_element``), compiled here at their first use."""

import hoist_element
import numpy as np
import pytest
from hoist_element import Hoist, KneeSpring

import biomech as bm
from biomech._kernels import kernel
from biomech.errors import ModelError
from biomech.model.forces.registry import acting, register, unregister

STANCE = {"pelvic_tilt": 5, "knee_flexion": [5, 40], "trunk_lean": 15}
MASS, PLACE = 12.0, (0.05, 0.25, 0.0)


@pytest.fixture
def act():
    """Both kernels are there from the first on, so that they are compiled once."""

    def let(name, element):
        register(name, element, hoist_element.hoist if isinstance(element, Hoist) else hoist_element.knee_spring)

    yield let
    for name in ("hoist", "spring"):
        unregister(name)


@pytest.fixture(scope="module", autouse=True)
def compiled():
    register("no hoist", Hoist(0.0), hoist_element.hoist)
    register("no spring", KneeSpring(0.0), hoist_element.knee_spring)
    yield
    unregister("no hoist")
    unregister("no spring")
    assert acting() == ()


def test_a_hoist_lifts_a_load_off_muscles_seat_and_joints(adult, act):
    """A weight and a rope that holds it, at the same point of the trunk, do nothing together.

    On a seat, for on the feet the posture itself depends on what is carried.
    """
    stance = {"pelvic_tilt": -10, "trunk_lean": [10, 30], "support": "seat", "knee_flexion": 90}
    load = {"load_mass": MASS, "load_position": PLACE}
    plain, loaded = bm.sweep(adult, **stance), bm.sweep(adult, **stance, **load)
    act("hoist", Hoist(MASS * adult.value("settings/gravity"), *PLACE[:2]))
    held = bm.sweep(adult, **stance, **load)
    assert (plain.status == 0).all()
    assert (held.status == 0).all()
    for name in ("muscle_force", "ground_force", "seat_force", "joint_contact_force", "joint_contact_moment"):
        np.testing.assert_allclose(held[name], plain[name], atol=1e-5)
        assert np.abs(loaded[name] - plain[name]).max() > 0.1


def test_the_ground_bears_what_the_rope_leaves(small, act):
    plain = bm.sweep(small, **STANCE)
    act("hoist", Hoist(150.0))
    less = bm.sweep(small, **STANCE)
    change = (less.ground_force - plain.ground_force).sel(axis="y").sum("foot")
    np.testing.assert_allclose(change, -150.0, atol=1e-6)
    # what turns a joint is passive tissue, whatever muscles and rope share
    turns = [ds.joint_contact_moment.sel(joint=["lumbosacral", "knee_r"], axis="z") for ds in (plain, less)]
    np.testing.assert_allclose(*turns, atol=1e-6)
    whole = bm.sweep(small, **STANCE, weight_balance=0.5 + 1e-10)
    np.testing.assert_allclose(whole.muscle_force, less.muscle_force, atol=1e-3)


def test_a_spring_between_bones_turns_the_knee_alone(small, act):
    """Muscles give less at the knee, by its moment and the little that the ground then does otherwise."""
    act("spring", KneeSpring(40.0))
    stance = {**STANCE, "knee_flexion": 40}
    sprung = bm.sweep(small, **stance)
    unregister("spring")
    plain = bm.sweep(small, **stance)
    pose = {str(c): float(v) for c, v in zip(plain.coordinate.values, plain.coordinate_angle.values, strict=True)}
    arms = small.muscle_geometry(**pose).moment_arm.squeeze()
    change = (arms * (sprung.muscle_force - plain.muscle_force)).sum("muscle")
    knee = float(change.sel(coordinate="knee_angle_r"))
    assert knee == pytest.approx(-40.0 * np.radians(40.0), abs=2.0)
    assert float(change.sel(coordinate="lumbar_extension")) == pytest.approx(0.0, abs=1e-6)
    turns = [ds.joint_contact_moment.sel(joint="knee_r", axis="z") for ds in (sprung, plain)]
    np.testing.assert_allclose(*turns, atol=1e-6)  # bones and passive tissue turn it as before
    right = sprung.muscle_force.sel(muscle="quadriceps_r") - plain.muscle_force.sel(muscle="quadriceps_r")
    assert float(right) < -10.0


def test_stability_feels_its_stiffness(small, act):
    """Lifting the pelvis lifts the trunk with it."""
    stance = {"pelvic_tilt": 5, "knee_flexion": 10}
    act("hoist", Hoist(200.0, height=1.2))
    slack = bm.stability(small, **stance)
    act("hoist", Hoist(200.0, height=1.2, stiffness=500.0))
    ready = {"coordinate": "pelvis_ty", "other": "pelvis_ty"}
    change = bm.stability(small, **stance).stiffness.sel(ready) - slack.stiffness.sel(ready)
    assert float(change) > 400.0


def test_what_breaks_the_contract_is_named(small, act):
    with pytest.raises(ModelError, match=r"element = 'hoist': must be a biomech\.model\.forces"):
        register("hoist", "hoist", hoist_element.hoist)
    with pytest.raises(ModelError, match="must be a function with the decorator"):
        register("hoist", Hoist(1.0), lambda numbers, first, q, frames, out: None)
    with pytest.raises(ModelError, match="takes 2 arguments; must be the 5 of"):
        register("hoist", Hoist(1.0), short)
    with pytest.raises(ModelError, match="all 3 places are taken"):
        register("third", Hoist(1.0), third), register("fourth", Hoist(1.0), fourth)
    unregister("third")
    act("hoist", Hoist(float("nan")))
    with pytest.raises(ModelError, match="element 'hoist': its numbers must be finite"):
        bm.sweep(small, **STANCE)
    act("hoist", Hoist(1.0))
    with pytest.raises(ModelError, match="a policy that looks for a balance without muscles does not know"):
        bm.sweep(small, pelvic_tilt="hanging")


@kernel
def short(numbers, first):
    pass


@kernel
def third(numbers, first, q, frames, out):
    pass


@kernel
def fourth(numbers, first, q, frames, out):
    pass
