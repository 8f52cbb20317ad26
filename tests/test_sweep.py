import json
import subprocess
import sys
import warnings
from itertools import product

import numpy as np
import pytest
import xarray as xr

import biomech as bm
from biomech.analysis import sweep as sweep_module
from biomech.errors import StanceError
from biomech.pipeline.status import STATUSES


@pytest.fixture(scope="module")
def swept(adult):
    return bm.sweep(
        adult, foot_rotation=[0, 30], knee_flexion=[0, 20, 120], pelvic_tilt=[0, "least_effort"], weight_shift=0.4
    )


def test_dimensions_follow_the_keywords(swept):
    assert list(swept.status.dims) == ["foot_rotation", "knee_flexion", "tilt_policy"]
    assert swept.tilt_policy.values.tolist() == ["0", "least_effort"]
    assert swept.activation.dims[-1] == "muscle"
    assert swept.attrs["stance_weight_shift"] == 0.4
    assert swept.attrs["stance_support"] == "both"


def test_every_variable_says_what_it_is(swept):
    for name, variable in swept.data_vars.items():
        assert variable.attrs["units"], name
        assert variable.attrs["long_name"], name
    assert swept.status.attrs["flag_meanings"].split() == list(STATUSES)
    assert swept.status.attrs["flag_values"].tolist() == [0, 1, 2, 3]
    assert swept.status.dtype == np.int8
    assert "tibia" in swept.joint_contact_force.attrs["frame"]


def test_groups_add_up(adult, swept):
    for group, members in adult.groups.items():
        force = swept.muscle_force.sel(muscle=list(members)).sum("muscle", skipna=False)
        strength = sum(adult.value(f"muscles/{m}/max_isometric_force") for m in members)
        xr.testing.assert_allclose(swept.group_force.sel(group=group, drop=True), force)
        xr.testing.assert_allclose(swept.group_activation.sel(group=group, drop=True), force / strength)


def test_netcdf_round_trip(swept, tmp_path):
    file = tmp_path / "swept.nc"
    swept.to_netcdf(file, engine="h5netcdf")
    with xr.open_dataset(file, engine="h5netcdf") as back:
        xr.testing.assert_identical(swept, back.load())
        assert back.status.dtype == np.int8
        assert back.valid.dtype == bool


def test_batch_equals_loop(adult):
    feet, knees, leans = [0, 25, 50], [-5, 20], [0, 20]
    together = bm.sweep(adult, foot_rotation=feet, knee_flexion=knees, trunk_lean=leans, pelvic_tilt=3)
    for foot, knee, lean in product(feet, knees, leans):
        stance = {"foot_rotation": foot, "knee_flexion": knee, "trunk_lean": lean}
        alone = bm.sweep(adult, pelvic_tilt=3, **stance)
        same = together.sel(**stance, drop=True)
        for name, variable in alone.data_vars.items():
            if variable.dtype.kind == "f":
                np.testing.assert_allclose(
                    variable, same[name], rtol=1e-9, atol=1e-9, err_msg=str(name)
                )  # neighbours help each other
            else:
                np.testing.assert_array_equal(variable, same[name], err_msg=str(name))


def test_blocks_do_not_matter(adult, monkeypatch):
    stance = {"foot_rotation": [0, 20, 40], "pelvic_tilt": ["least_effort", 2]}
    together = bm.sweep(adult, **stance)
    monkeypatch.setattr(sweep_module, "BLOCK", 1)
    xr.testing.assert_allclose(bm.sweep(adult, **stance), together, rtol=1e-6, atol=1e-8)


def test_data_arrays_broadcast_by_name(adult):
    case = xr.DataArray([0.0, 30.0], dims="case", coords={"case": ["parallel", "turned"]})
    ds = bm.sweep(adult, foot_rotation=case, knee_flexion=xr.DataArray([5.0, 15.0], dims="case"), pelvic_tilt=[0, 5])
    assert dict(ds.status.sizes) == {"case": 2, "pelvic_tilt": 2}
    assert ds.case.values.tolist() == ["parallel", "turned"]
    assert "pelvic_tilt" not in ds.data_vars  # it is a dimension
    assert ds.foot_rotation.values.tolist() == [0.0, 30.0]  # what varies by case is kept beside it
    assert ds.knee_flexion.dims == ("case",)
    one = bm.sweep(adult, foot_rotation=30, knee_flexion=15, pelvic_tilt=5)
    np.testing.assert_array_equal(one.activation, ds.activation.sel(case="turned", pelvic_tilt=5))


def test_sides_are_taken_by_name(adult):
    legs = xr.DataArray([5.0, 25.0], dims="side", coords={"side": ["right", "left"]})
    ds = [bm.sweep(adult, knee_flexion=k, pelvic_tilt=0) for k in (legs, legs[::-1])]
    np.testing.assert_array_equal(ds[0].activation, ds[1].activation)
    assert ds[0].coordinate_angle.sel(coordinate="knee_angle_l") == -25
    assert (float(ds[1].knee_flexion_right), float(ds[1].knee_flexion_left)) == (5.0, 25.0)


def test_supports_are_a_dimension(adult):
    ds = bm.sweep(adult, support=["both", "right", "left"], knee_flexion=10, pelvic_tilt=0)
    hip = np.sqrt((ds.joint_contact_force**2).sum("axis"))
    assert float(hip.sel(support="right", joint="hip_r")) > 3 * float(hip.sel(support="both", joint="hip_r"))
    right, left = (float(hip.sel(support=s, joint=f"hip_{s[0]}")) for s in ("right", "left"))
    assert right == pytest.approx(left, rel=1e-9)


def test_load_positions_broadcast(adult):
    place = xr.DataArray([[0.2, 0.2, 0.0], [0.5, 0.2, 0.0]], dims=("reach", "axis"))
    ds = bm.sweep(adult, load_mass=10, load_position=place, pelvic_tilt=0)
    assert float(ds.lumbar_compression[1]) > float(ds.lumbar_compression[0])


def test_weights_and_strength_rules(adult):
    plain = bm.sweep(adult, pelvic_tilt=0, knee_flexion=20)
    dear = bm.sweep(adult, pelvic_tilt=0, knee_flexion=20, weight={"vas_lat_?": 5.0})
    assert float(dear.activation.sel(muscle="vas_lat_r")) < float(plain.activation.sel(muscle="vas_lat_r"))
    assert float(dear.activation.sel(muscle="vas_med_r")) > float(plain.activation.sel(muscle="vas_med_r"))
    array = np.where([m.startswith("vas_lat") for m in adult.muscles], 5.0, 1.0)
    same = bm.sweep(adult, pelvic_tilt=0, knee_flexion=20, weight=array)
    np.testing.assert_array_equal(same.activation, dear.activation)
    lopsided = bm.sweep(adult, pelvic_tilt=0, knee_flexion=20, weight={"vas_lat_r": 5.0})
    assert float(lopsided.activation.sel(muscle="vas_lat_r")) < float(lopsided.activation.sel(muscle="vas_lat_l"))
    short = bm.sweep(adult, pelvic_tilt=0, knee_flexion=20, strength="force_length")
    assert (short.status == 0).all()
    assert float(short.activation.sel(muscle="vas_lat_r")) > float(plain.activation.sel(muscle="vas_lat_r"))


@pytest.mark.parametrize("criterion", [bm.Power(3), bm.SoftSaturation(), bm.MinMax()], ids=str)
def test_criteria_run_the_whole_way(adult, criterion):
    stance = {"pelvic_tilt": [0, "least_effort"], "knee_flexion": [10, 30]}
    plain, other = bm.sweep(adult, **stance), bm.sweep(adult, criterion=criterion, **stance)
    assert (other.status == 0).all()
    assert float(other.equilibrium_residual.max()) < 1e-9
    assert float(other.duality_gap.max()) < 1e-9
    # powers above two and the smallest maximum spread the load
    if criterion != bm.SoftSaturation():
        assert (other.activation.max("muscle") <= plain.activation.max("muscle") + 1e-9).sel(tilt_policy="0").all()


def test_progress_is_shown_when_asked(adult, capsys):
    bm.sweep(adult, pelvic_tilt=[0, 1], progress=True)
    assert "2/2" in capsys.readouterr().err
    bm.sweep(adult, pelvic_tilt=[0, 1])
    assert capsys.readouterr().err == ""


def test_validity_is_flagged(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, foot_rotation=[0, 50])
    assert ds.valid.values.tolist() == [True, False]


def test_the_message_counts(swept):
    assert swept.attrs["message"].startswith("8 optimal, 4 overloaded; posture")
    assert "ankle_angle" in swept.attrs["message"]


def test_only_what_is_asked_for_is_kept(adult):
    everything = bm.sweep(adult, pelvic_tilt="least_effort", knee_flexion=[0, 20])
    described = ["limiting_muscle", "valid"]
    for name in [*described, *map(str, everything.data_vars)]:
        ds = bm.sweep(adult, pelvic_tilt="least_effort", knee_flexion=[0, 20], variables=[name])
        assert {*ds.data_vars, *(set(ds.coords) & set(described))} == {name, "status"}
        xr.testing.assert_equal(ds[name].reset_coords(drop=True), everything[name].reset_coords(drop=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variables": ["lumbar_compresion"]}, r"there is no 'lumbar_compresion' \(did you mean 'lumbar_compression'"),
        ({"variables": "status"}, r"variables = 'status': must be a list of names"),
        ({"variables": [3]}, r"variables = \[3\]: must be a list of names"),
        ({"threads": 0}, r"threads = 0: must be a whole number, at least 1"),
        ({"threads": 1.5}, r"threads = 1.5: must be"),
    ],
)
def test_bad_arguments_are_refused(adult, arguments, message):
    with pytest.raises(StanceError, match=message):
        bm.sweep(adult, pelvic_tilt=0, **arguments)


def test_a_dataset_is_ones_own(adult):
    """Labels, indexes and attributes are made once per model; whoever changes theirs changes nobody else's."""
    before, spoilt = bm.sweep(adult, pelvic_tilt=0), bm.sweep(adult, pelvic_tilt=0)
    kept = before.copy(deep=True)
    spoilt.side.values[:] = "nowhere"
    for variable in spoilt.variables.values():
        variable.attrs["units"] = "furlong"
    for name, index in spoilt.xindexes.items():
        spoilt.indexes[name].name = "renamed"
        index.dim = "elsewhere"
    with pytest.raises(ValueError, match="read-only"):
        spoilt.status.attrs["flag_values"][0] = 7
    for ds in (before, bm.sweep(adult, pelvic_tilt=0)):
        xr.testing.assert_identical(ds, kept)
        assert [index.name for index in ds.indexes.values()] == list(ds.indexes)
        assert float(ds.activation.sel(muscle="soleus_r")) == float(kept.activation.sel(muscle="soleus_r"))


def test_threads_give_the_same(adult, monkeypatch):
    monkeypatch.setattr("biomech.analysis.sweep.BLOCK", 64)
    stance = {"pelvic_tilt": np.linspace(-5, 10, 400), "knee_flexion": [0, 20]}
    one, two = (bm.sweep(adult, threads=threads, **stance) for threads in (1, 3))
    xr.testing.assert_equal(one, two)


def test_an_overloaded_posture_among_others_is_itself(adult):
    """What one block leaves open is solved with others like it; no answer is touched by its neighbours."""
    stance = {"load_position": (0.5, 0.3, 0.0), "pelvic_tilt": 3}
    loads = np.linspace(0, 180, 37)
    together = bm.sweep(adult, load_mass=loads, **stance)
    assert set(together.status.values) == {0, 1}
    for i in (0, 20, 36):
        alone = bm.sweep(adult, load_mass=loads[i], **stance)
        np.testing.assert_allclose(alone.shortfall, together.shortfall[i], atol=1e-6)
        np.testing.assert_allclose(alone.muscle_force, together.muscle_force[i], rtol=1e-9, atol=1e-3)
        assert str(alone.limiting_muscle.item()) == str(together.limiting_muscle[i].item())


def test_tone_is_a_floor(adult):
    """A group that is asked to be tense is, the answer stays certified, and the spine pays for it."""
    tone = {"lumbar_extensors": 0.02, "abdominals": 0.01, "soleus_*": 0.0}
    stance = {"pelvic_tilt": 0, "knee_flexion": [0, 15]}
    calm, tense = bm.sweep(adult, **stance), bm.sweep(adult, tone=tone, **stance)
    assert (tense.status == 0).all()
    for group, least in (("lumbar_extensors", 0.02), ("abdominals", 0.01)):
        assert float(tense.activation.sel(muscle=list(adult.groups[group])).min()) >= least
    assert (tense.lumbar_compression > calm.lumbar_compression + 20).all()
    one_sided = bm.sweep(adult, tone={"psoas_r": 0.05}, pelvic_tilt=0)
    assert float(one_sided.activation.sel(muscle="psoas_r")) >= 0.05
    assert int(one_sided.status) == 0
    found = bm.sweep(adult, tone=tone, pelvic_tilt="least_effort")
    assert float(found.activation.sel(muscle=list(adult.groups["abdominals"])).min()) >= 0.01


@pytest.mark.parametrize(
    ("tone", "message"),
    [
        ({"back": 0.1}, "tone: no group or muscle matches 'back'; groups are"),
        ({"abdominals": 1.5}, r"tone\['abdominals'\] = 1.5: must be a number from 0 to 1"),
        (0.02, "tone = 0.02: must be a mapping"),
    ],
)
def test_bad_tones_are_refused(adult, tone, message):
    with pytest.raises(StanceError, match=message):
        bm.sweep(adult, pelvic_tilt=0, tone=tone)


def test_a_sweep_that_is_held_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bm.sweep(bm.load_model("small"), knee_flexion=[0, 30], pelvic_tilt=0)


def test_what_cannot_be_held_is_said_once_with_counts_and_reason():
    stance = {"knee_flexion": np.linspace(0, 120, 40), "trunk_lean": np.linspace(-30, 100, 30), "pelvic_tilt": 0}
    with pytest.warns(bm.BiomechWarning) as said:
        ds = bm.sweep(bm.load_model("small"), **stance)
    (warning,) = said
    counts = np.bincount(ds.status.values.ravel(), minlength=4)
    assert counts[1] > 0
    assert counts[3] > 0
    text = str(warning.message)
    for count, name in zip(counts, ("optimal", "overloaded", "uncertified", "unreachable"), strict=True):
        assert (f"{count} {name}" in text) == (count > 0)
    first = int(np.flatnonzero(ds.status.values.ravel())[0])
    assert f"posture {first} is " in text
    assert "ds.where(ds.status == 0)" in text
    assert warning.filename == __file__
    assert np.isnan(ds.activation.where(ds.status == 0).values[ds.status.values != 0]).all()


def test_one_posture_that_is_overloaded_warns_too():
    with pytest.warns(bm.BiomechWarning, match=r"1 overloaded.* N\.m are missing"):
        bm.sweep(bm.load_model("small"), trunk_lean=80, load_mass=150, load_position=(0.1, 0.4, 0), pelvic_tilt=0)


def test_a_result_says_where_it_comes_from(tmp_path):
    plain, model = bm.load_model("small"), "small"
    ds = bm.sweep(plain, pelvic_tilt=0, criterion=bm.Power(3), weight={"quad*": 2.0}, tone={"hamstrings": 0.1})
    about = ds.attrs
    assert about["biomech_version"] == bm.__version__
    assert about["model"] == model
    assert about["criterion"] == "Power(exponent=3)"
    assert about["strength"] == "isometric"
    assert json.loads(about["weight"]) == {"quadriceps_r": 2.0, "quadriceps_l": 2.0}
    assert json.loads(about["tone"]) == {"hamstrings_r": 0.1, "hamstrings_l": 0.1}
    ds.to_netcdf(tmp_path / "one.nc")
    assert xr.load_dataset(tmp_path / "one.nc").attrs["model_sha256"] == about["model_sha256"]


def test_a_body_that_was_changed_is_not_called_by_its_old_name_alone():
    plain = bm.load_model("small")
    weak = plain.scale({"muscles/quadriceps_*/max_isometric_force": 0.5})
    same = weak.scale({"muscles/quadriceps_*/max_isometric_force": 2.0})
    answers = [bm.sweep(model, pelvic_tilt=0).attrs for model in (plain, weak, same)]
    assert [about["model"] for about in answers] == ["small", "small, changed", "small"]
    assert answers[0]["model_sha256"] == answers[2]["model_sha256"] != answers[1]["model_sha256"]


def test_two_answers_can_be_subtracted():
    stance = {"knee_flexion": [0, 30, 120], "pelvic_tilt": 0, "trunk_lean": 60}
    plain = bm.load_model("small")
    strong = bm.sweep(plain, **stance)
    weak = bm.sweep(plain.scale({"muscles/*/max_isometric_force": 0.5}), **stance)
    change = weak - strong
    assert set(change.data_vars) == set(strong.data_vars)
    np.testing.assert_array_equal(
        change.lumbar_compression, weak.lumbar_compression.values - strong.lumbar_compression.values
    )
    assert str(weak.limiting_muscle.sel(knee_flexion=30).item()) in [*plain.muscles, ""]


def test_weights_go_by_name_in_any_order(adult):
    """Each muscle has the weight that stands beside its name, whatever the order."""
    names = list(adult.muscles)
    values = 1.0 + np.arange(len(names)) % 7
    wanted = bm.sweep(adult, pelvic_tilt=0, knee_flexion=20, weight=values)
    given = xr.DataArray(values, dims="muscle", coords={"muscle": names}).sortby("muscle")
    for weight in (given, given.to_series()):
        xr.testing.assert_equal(bm.sweep(adult, pelvic_tilt=0, knee_flexion=20, weight=weight), wanted)
    tone = xr.DataArray([0.01, 0.02], dims="group", coords={"group": ["abdominals", "lumbar_extensors"]})
    by_name = bm.sweep(adult, pelvic_tilt=0, tone={"lumbar_extensors": 0.02, "abdominals": 0.01})
    xr.testing.assert_equal(bm.sweep(adult, pelvic_tilt=0, tone=tone), by_name)


def test_iterators_and_numpy_integers_are_taken(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, variables=iter(["lumbar_compression", "pelvic_tilt"]), threads=np.int64(2))
    assert set(ds.data_vars) == {"lumbar_compression", "pelvic_tilt", "status"}


def test_lists_of_policies_and_angles_label_what_is_found(adult):
    knees = bm.sweep(adult, pelvic_tilt=0, knee_flexion=["passive", 5])
    alone = bm.sweep(adult, pelvic_tilt=0, knee_flexion="passive")
    np.testing.assert_allclose(knees.knee_flexion, [alone.knee_flexion.values, [5, 5]])
    assert float(knees.knee_flexion[0, 0]) == pytest.approx(-9.17, abs=0.01)
    leans = bm.sweep(adult, pelvic_tilt=0, trunk_lean=["hanging_sway", 5])
    assert leans.trunk_lean.values.tolist()[1] == 5.0
    assert float(leans.trunk_lean[0]) == float(bm.sweep(adult, pelvic_tilt=0, trunk_lean="hanging_sway").trunk_lean)


def test_many_threads_may_be_the_first_to_ask():
    """In a fresh process all of them look for kernels and make tables at once."""
    code = (
        "import biomech as bm, numpy as np; "
        "ds = bm.sweep(bm.load_model(), pelvic_tilt=0, foot_rotation=np.linspace(0, 45, 4096), threads=8); "
        "print(int(ds.status.sum()), float(ds.lumbar_compression.std()) < 1e-6)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "True"]
