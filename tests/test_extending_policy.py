"""A tilt policy from outside the package: one file, one call. And what may not be published twice."""

import numpy as np
import pytest

import biomech as bm
from biomech.errors import StanceError
from biomech.policies.base import Finding, Policy
from biomech.policies.registry import flags_of, policy_of, register, unregister
from biomech.stance.choices import PolicyWord


class Tucked(Policy):
    """The pelvis gives way backwards by half of what the trunk leans, as far as 10 deg."""

    angle = "pelvic_tilt"
    word = PolicyWord("tucked")
    statuses = {"by_rule": 11, "tucked_to_the_end": 12}  # noqa: RUF012

    def find(self, model, stance, objective):
        tilt = np.maximum(-0.5 * stance.values["trunk_lean"], -10.0)
        ended = tilt == -10.0
        return Finding(tilt, np.where(ended, self.statuses["tucked_to_the_end"], self.statuses["by_rule"]))


@pytest.fixture(scope="module", autouse=True)
def tucked():
    """Known in these tests alone; elsewhere ``register`` at the end of the file is all."""
    policy = Tucked()
    register(policy)
    yield
    unregister(policy)
    assert "tucked_to_the_end" not in flags_of("pelvic_tilt")


def test_a_policy_from_outside_gives_the_tilt(adult):
    ds = bm.sweep(adult, pelvic_tilt=["tucked", 0, "rhythm"], trunk_lean=[0, 10, 30], tilt_change=1)
    assert ds.pelvic_tilt.sel(tilt_policy="tucked").values.tolist() == [1.0, -4.0, -9.0]
    assert ds.tilt_status.sel(tilt_policy="tucked").values.tolist() == [11, 11, 12]
    assert ds.tilt_status.sel(tilt_policy="0").values.tolist() == [-1, -1, -1]
    said = dict(zip(ds.tilt_status.attrs["flag_meanings"].split(), ds.tilt_status.attrs["flag_values"], strict=True))
    assert said["tucked_to_the_end"] == 12
    by_hand = bm.sweep(adult, pelvic_tilt=-4, trunk_lean=10)
    found = ds.sel(tilt_policy="tucked", trunk_lean=10)
    np.testing.assert_array_equal(found.muscle_force, by_hand.muscle_force)


def test_it_settles_with_a_knee_and_works_in_a_prepared_sweep(adult):
    stance = {"trunk_lean": 5, "knee_laxity": 3, "weight_shift": 0.45}
    ds = bm.sweep(adult, pelvic_tilt="tucked", knee_flexion="passive", **stance)
    assert float(ds.pelvic_tilt) == -2.5
    ask = bm.prepare(adult, vary=["trunk_lean"], variables=["pelvic_tilt"], pelvic_tilt="tucked")
    assert ask([0.0, 8.0])["pelvic_tilt"].tolist() == [0.0, -4.0]


def test_it_is_named_where_a_word_is_not_known(adult):
    with pytest.raises(StanceError, match="or a policy: least_effort, hanging, passive, rhythm, tucked"):
        bm.sweep(adult, pelvic_tilt="tuck")


def test_published_numbers_stay():
    """The numbers that answers of the first version bear."""
    balances = ("balanced", "several_balances", "only_unstable_balance", "no_balance", "no_balance_at_bound")
    balances = (*balances, "no_posture")
    effort = ("interior_minimum", "lower_bound", "upper_bound", "edge_of_holdable", "not_holdable")
    pinned = {
        "pelvic_tilt": ("given", *effort, *balances, "by_rule"),
        "trunk_lean": ("given", *balances),
        "knee_flexion": ("given", *balances, "outside_geometry", "unsettled"),
    }
    for angle, names in pinned.items():
        assert [*flags_of(angle).items()][: len(names)] == [(name, k - 1) for k, name in enumerate(names)]


def other(word="other", angle="pelvic_tilt", **statuses):
    about = {"angle": angle, "word": PolicyWord(word), "statuses": statuses, "find": Tucked.find}
    return type("Other", (Policy,), about)()


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (other(angle="slope", fine=20), "angle = 'slope': no policy can give it; allowed is pelvic_tilt"),
        (other("hanging", fine=20), "pelvic_tilt = 'hanging': is a word of the package"),
        (other("two words", fine=20), "pelvic_tilt: cannot take the word 'two words'"),
        (other(fine=5), r"statuses\['fine'\] = 5: of pelvic_tilt that is 'balanced'; free are 13 to 127"),
        (other(balanced=20), r"statuses\['balanced'\] = 20: of pelvic_tilt it is 5"),
        (other(fine=128), r"statuses\['fine'\] = 128: must be a whole number from 0 to 127"),
        (other(fine=2.0), r"statuses\['fine'\] = 2.0: must be a whole number"),
        (Tucked, "policy = <class .*>: must be a biomech.policies.base.Policy"),
    ],
)
def test_what_cannot_be_registered_is_named(policy, message):
    with pytest.raises(StanceError, match=message):
        register(policy)


@pytest.mark.parametrize(
    ("finding", "message"),
    [
        (Finding(np.zeros(2), np.full(2, 11)), r"'careless': the policy gives angle of shape \(2,\); must be \(1,\)"),
        (Finding(np.zeros(1), np.full(1, 99)), "the policy gives the status 99, which is none of its statuses"),
        (Finding(np.zeros(1), np.full(1, 11), {"cost": np.zeros(1)}), "gives the detail 'cost'; allowed is minimum"),
    ],
)
def test_a_finding_that_breaks_the_contract_is_named(adult, finding, message):
    policy = other("careless", by_rule=11)
    type(policy).find = lambda self, model, stance, objective: finding
    register(policy)  # again, in the place of the one before
    with pytest.raises(StanceError, match=message):
        bm.sweep(adult, pelvic_tilt="careless")
    unregister(policy)
    with pytest.raises(StanceError, match="pelvic_tilt = 'careless': must be degrees"):
        bm.sweep(adult, pelvic_tilt="careless")


def test_policies_of_the_package_stay():
    with pytest.raises(StanceError, match="pelvic_tilt = 'least_effort': is a word of the package, and stays"):
        unregister(policy_of("pelvic_tilt", 0))
