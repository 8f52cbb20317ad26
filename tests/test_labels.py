"""What is labelled is meant by its labels: every argument is aligned by them or refused, and they come back."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import biomech as bm
from biomech.analysis.joint_strength import maximal_moment
from biomech.errors import StanceError
from biomech.stance.parameters import PARAMETERS
from biomech.stance.parsing import parse_stance

# --- geometry


def timed(values, times, **more):
    return xr.DataArray(values, dims="time", coords={"time": times, **more})


GEOMETRY = ("kinematics", "muscle_geometry", "gravity", "passive_moment")


@pytest.mark.parametrize("name", GEOMETRY)
def test_coordinates_of_a_body_pair_by_their_labels_and_come_back(gait2392, name):
    ask = getattr(gait2392, name)
    knee = timed([-20.0, -10.0, 0.0], [0.2, 0.1, 0.0], subject="A", phase=("time", list("cba")))
    knee["time"].attrs["units"] = "s"
    hip = pd.Series([0.0, 20.0, 40.0], index=pd.Index([0.0, 0.1, 0.2], name="time"))
    trial = xr.DataArray([5.0, 10.0], dims="trial", coords={"trial": ["first", "second"]})
    ds = ask(knee_angle_r=knee, hip_flexion_r=hip, ankle_angle_r=trial, lumbar_extension=-5.0)
    assert dict(ds.sizes)["time"] == 3
    assert ds.time.values.tolist() == [0.0, 0.1, 0.2]
    assert ds.time.attrs["units"] == "s"
    assert ds.trial.values.tolist() == ["first", "second"]
    assert ds.subject.item() == "A"
    assert ds.phase.values.tolist() == ["a", "b", "c"]
    for time, k, h in ((0.0, 0.0, 0.0), (0.1, -10.0, 20.0), (0.2, -20.0, 40.0)):
        one = ask(knee_angle_r=k, hip_flexion_r=h, ankle_angle_r=10.0, lumbar_extension=-5.0).squeeze("pose")
        xr.testing.assert_equal(
            ds.sel(time=time, trial="second").drop_vars(["time", "trial", "subject", "phase"]).transpose(*one.dims), one
        )


@pytest.mark.parametrize("name", GEOMETRY)
def test_coordinates_without_labels_lie_along_pose(gait2392, name):
    ask = getattr(gait2392, name)
    plain = ask(knee_angle_r=[-10.0, -20.0], hip_flexion_r=5.0)
    assert next(iter(plain.data_vars.values())).dims[0] == "pose"
    assert "pose" not in plain.coords
    numbered = pd.Series([-10.0, -20.0])
    xr.testing.assert_identical(ask(knee_angle_r=numbered, hip_flexion_r=5), plain)
    xr.testing.assert_identical(ask(knee_angle_r=np.array([-10, -20]), hip_flexion_r=xr.DataArray(5.0)), plain)
    one = ask(knee_angle_r=xr.DataArray(-10.0, coords={"trial": "a"}))
    xr.testing.assert_identical(one.drop_vars("trial"), ask(knee_angle_r=-10.0))
    assert one.trial.item() == "a"


@pytest.mark.parametrize("name", GEOMETRY)
def test_tables_of_coordinates_are_taken_where_a_mapping_is(gait2392, name):
    ask = getattr(gait2392, name)
    knee, hip = timed([-20.0, 0.0], [1, 2]), timed([0.0, 30.0], [1, 2])
    named = ask(knee_angle_r=knee, hip_flexion_r=hip, ankle_angle_r=5.0)
    whole = xr.Dataset({"knee_angle_r": knee, "hip_flexion_r": hip})
    frame = whole.to_dataframe()
    shuffled = {"knee_angle_r": frame["knee_angle_r"], "hip_flexion_r": frame["hip_flexion_r"].iloc[::-1]}
    for given in (whole, frame, shuffled):
        xr.testing.assert_identical(ask(given, ankle_angle_r=5.0), named)
    with pytest.raises(StanceError, match=r"knee_angle_r = .*: is given twice"):
        ask(whole, knee_angle_r=5.0)
    with pytest.raises(StanceError, match=r"coordinates = 'file.mot': must be a mapping"):
        ask("file.mot")


@pytest.mark.parametrize(
    ("pose", "named"),
    [
        (
            {"knee_angle_r": timed([0.0, 1.0], [0, 1]), "hip_flexion_r": timed([0.0, 1.0], [1, 2])},
            "hip_flexion_r: has no time 0, which knee_angle_r has",
        ),
        ({"knee_angle_r": timed([0.0, 1.0], [0, 0]), "hip_flexion_r": timed([0.0, 1.0], [1, 0])}, "time has label 0"),
        ({"knee_angle_r": xr.DataArray([0.0, 1.0], dims="muscle")}, "knee_angle_r: dimension 'muscle'"),
        ({"knee_angle_r": xr.DataArray([0.0, 1.0], dims="coordinate")}, "knee_angle_r: dimension 'coordinate'"),
        ({"knee_angle_r": xr.DataArray([0.0, 1.0], dims=[3])}, "knee_angle_r: dimension 3"),
        ({"knee_angle_r": timed([0.0], [0], length=("time", [1.0]))}, "knee_angle_r: coordinate 'length'"),
        ({"knee_angle_r": timed([0.0], [0], muscle=("time", ["x"]))}, "knee_angle_r: coordinate 'muscle'"),
        (
            {"knee_angle_r": timed([0.0], [0], trial="a"), "hip_flexion_r": timed([0.0], [0], trial="b")},
            "hip_flexion_r: its coordinate 'trial' is another",
        ),
        ({"knee_angle_r": timed([0.0, np.nan], [0.5, 1.5])}, "knee_angle_r = nan, time 1.5: must be finite"),
        (
            {"knee_angle_r": pd.Series([0.0, 1.0], pd.MultiIndex.from_product([[1], [2, 3]]))},
            "knee_angle_r: has a MultiIndex",
        ),
        (
            {
                "knee_angle_r": timed([0.0, 1.0], [0.5, 1.5]),
                "hip_flexion_r": timed([0.0, 1.0], [1.5, 0.5]),
                "ankle_angle_r": [0.0, 1.0],
            },
            "ankle_angle_r: has no labels along time, and those of other arguments are in several orders",
        ),
        ({"knee_angle_r": pd.Series([0.0, 1.0], pd.Index([1, 2], name=0))}, "knee_angle_r: dimension 0"),
        (
            {
                "knee_angle_r": timed([0.0, 1.0], [0, 1]),
                "hip_flexion_r": xr.DataArray([0.0, 1.0], dims="trial"),
                "ankle_angle_r": [0.0, 1.0],
            },
            "ankle_angle_r: has no named dimension, and there are time, trial",
        ),
    ],
)
def test_coordinates_whose_labels_do_not_fit_are_refused_by_name(gait2392, pose, named):
    with pytest.raises(StanceError, match=named):
        gait2392.muscle_geometry(**pose)


def test_a_part_of_an_answer_is_taken_for_the_next(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, knee_flexion=[10, 30])
    angles = dict(bm.pose(ds))
    found = adult.muscle_geometry(**angles)
    assert found.length.dims == ("knee_flexion", "muscle")
    plain = adult.muscle_geometry(**{name: value.values for name, value in angles.items()})
    np.testing.assert_array_equal(found.length.values, plain.length.values)


def test_strength_goes_by_labels(adult):
    knee, hip = timed([-60.0, -30.0], [2, 1]), timed([0.0, 80.0], [1, 2])
    each = maximal_moment(adult, "knee_angle_r", 1, knee_angle_r=knee, hip_flexion_r=hip)
    assert each.dims == ("time", "muscle")
    alone = maximal_moment(adult, "knee_angle_r", 1, knee_angle_r=-60.0, hip_flexion_r=80.0)
    np.testing.assert_array_equal(each.sel(time=2), alone[0])


def test_laxity_is_one_number(adult):
    one = adult.passive_moment(knee_laxity=xr.DataArray(4.0))
    xr.testing.assert_identical(one, adult.passive_moment(knee_laxity=4.0))
    with pytest.raises(StanceError, match="knee_laxity = "):
        adult.passive_moment(knee_laxity=[4.0, 5.0])


# --- stances


def cases(values, labels="abc", **more):
    return xr.DataArray(values, dims="case", coords={"case": list(labels), **more})


KEPT = ["lumbar_compression"]


def test_coordinates_of_the_caller_come_back_from_a_sweep(adult):
    height = xr.Variable("case", [1.7, 1.8, 1.6], {"units": "m"})
    tall = cases([0.0, 10.0, 20.0], height=height, subject=("case", list("xyz")), trial="a")
    tall["case"].attrs["long_name"] = "which one"
    ds = bm.sweep(adult, pelvic_tilt=0, knee_flexion=tall, slope=[0, 5], variables=KEPT)
    assert ds.lumbar_compression.dims == ("case", "slope")
    xr.testing.assert_identical(ds.height.variable, height)
    assert ds.subject.values.tolist() == ["x", "y", "z"]
    assert ds.trial.item() == "a"
    assert ds.case.attrs == {"long_name": "which one"}
    assert ds.knee_flexion.values.tolist() == [0.0, 10.0, 20.0]
    ds["height"][0] = 9.0
    assert tall.height[0] == 1.7
    one = bm.sweep(adult, pelvic_tilt=0, knee_flexion=tall[1], variables=KEPT)
    assert (one.case.item(), one.subject.item(), one.trial.item()) == ("b", "y", "a")
    assert float(one.lumbar_compression) == pytest.approx(float(ds.lumbar_compression.sel(case="b", slope=0)), rel=1e-9)


def test_coordinates_without_an_index_come_back_along_any_dimension(adult):
    poses = xr.DataArray([0.0, 10.0], dims="pose", coords={"subject": ("pose", ["x", "y"])})
    words = xr.DataArray(["both", "right"], dims="pose", coords={"who": ("pose", ["u", "v"]), "trial": 3})
    ds = bm.sweep(adult, pelvic_tilt=0, knee_flexion=poses, support=words, variables=KEPT)
    assert ds.subject.dims == ds.who.dims == ("pose",)
    assert ds.trial.item() == 3
    legs = xr.DataArray(
        [[5.0, 25.0]], dims=("case", "side"), coords={"side": ["left", "right"], "hurt": ("side", [True, False])}
    )
    ds = bm.sweep(adult, pelvic_tilt=0, foot_rotation=legs, variables=KEPT)
    assert bool(ds.hurt.sel(foot="left"))
    assert not bool(ds.hurt.sel(foot="right"))
    assert float(ds.foot_rotation_right[0]) == 25.0


def test_stances_pair_by_their_labels(adult):
    feet = cases([0.0, 20.0, 40.0], "abc", who=("case", list("xyz")))
    knees = cases([30.0, 10.0, 0.0], "cba", day=("case", [3, 2, 1]))
    shift = pd.Series([0.4, 0.5, 0.3], index=pd.Index(list("bca"), name="case"))
    words = pd.Series(["both", "right", "both"], index=pd.Index(list("acb"), name="case"))
    ds = bm.sweep(
        adult, pelvic_tilt=0, foot_rotation=feet, knee_flexion=knees, weight_shift=shift, support=words, variables=KEPT
    )
    assert ds.case.values.tolist() == ["a", "b", "c"]
    assert ds.who.values.tolist() == ["x", "y", "z"]
    assert ds.day.values.tolist() == [1, 2, 3]
    asked = {"a": (0, 0, 0.3, "both"), "b": (20, 10, 0.4, "both"), "c": (40, 30, 0.5, "right")}
    for case, (foot, knee, at, support) in asked.items():
        here = ds.sel(case=case)
        assert (float(here.foot_rotation), float(here.knee_flexion), float(here.weight_shift)) == (foot, knee, at)
        one = bm.sweep(
            adult,
            pelvic_tilt=0,
            foot_rotation=foot,
            knee_flexion=knee,
            weight_shift=at,
            support=support,
            variables=KEPT,
        )
        assert float(here.lumbar_compression) == pytest.approx(float(one.lumbar_compression), rel=1e-9)
    lists = bm.sweep(
        adult,
        pelvic_tilt=0,
        knee_flexion=[0, 30],
        slope=xr.DataArray([5.0, 0.0], dims="knee_flexion", coords={"knee_flexion": [30, 0]}),
        variables=KEPT,
    )
    assert lists.slope.sel(knee_flexion=30) == 5.0
    variable = bm.sweep(adult, pelvic_tilt=0, slope=xr.Variable("case", [0.0, 5.0]), variables=KEPT)
    assert variable.slope.dims == ("case",)


def test_a_dimension_of_its_own_name_is_labelled_by_its_values(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, knee_flexion=xr.DataArray([0.0, 30.0], dims="knee_flexion"), variables=KEPT)
    assert ds.knee_flexion.values.tolist() == [0.0, 30.0]
    ds = bm.sweep(adult, pelvic_tilt=0, support=xr.DataArray(["right", "both"], dims="support"), variables=KEPT)
    assert ds.support.values.tolist() == ["right", "both"]


def test_what_one_sweep_found_is_taken_for_the_next(adult):
    first = bm.sweep(adult, pelvic_tilt=["hanging", "passive"], knee_flexion=[0, 20])
    assert "limiting_muscle" in first.pelvic_tilt.coords
    again = bm.sweep(adult, pelvic_tilt=first.pelvic_tilt.rename(tilt_policy="found_by"), knee_flexion=[0, 20])
    np.testing.assert_allclose(again.lumbar_compression, first.lumbar_compression, rtol=1e-9)
    assert again.found_by.values.tolist() == ["hanging", "passive"]
    one = first.pelvic_tilt.sel(knee_flexion=20, tilt_policy="hanging")
    found = bm.sweep(adult, pelvic_tilt=one, knee_flexion=20, variables=KEPT)
    assert found.tilt_policy.item() == "hanging"
    with pytest.raises(StanceError, match="pelvic_tilt: its coordinate 'knee_flexion' is not the knee_flexion of this"):
        bm.sweep(adult, pelvic_tilt=one)
    tilt = first.coordinate_angle.sel(coordinate="pelvis_tilt", knee_flexion=0, tilt_policy="passive")
    assert "coordinate" not in bm.sweep(adult, pelvic_tilt=-tilt, variables=KEPT, knee_flexion=0).coords


@pytest.mark.parametrize(
    ("stance", "named"),
    [
        ({"slope": cases([0, 1, 2], status=1)}, "slope: coordinate 'status': is a name that the answer uses"),
        ({"slope": cases([0, 1, 2], activation=("case", [1, 2, 3]))}, "slope: coordinate 'activation'"),
        ({"slope": cases([0, 1, 2], muscle=("case", list("xyz")))}, "slope: coordinate 'muscle'"),
        ({"slope": cases([0, 1, 2], muscle="x")}, "slope: coordinate 'muscle'"),
        ({"slope": cases([0, 1, 2], side="right")}, "slope: coordinate 'side'"),
        ({"slope": cases([0, 1, 2], knee_flexion=5.0)}, "slope: its coordinate 'knee_flexion' is not the knee_flexion"),
        ({"slope": cases([0, 1, 2], arms="fixed")}, "slope: its coordinate 'arms' is not the arms of this stance"),
        (
            {"slope": cases([0, 1, 2], trial="a"), "friction": cases([1, 1, 1], trial="b")},
            "friction: its coordinate 'trial' is another",
        ),
        (
            {"slope": cases([0, 1, 2], trial="a"), "friction": xr.DataArray([1.0, 1.0], dims="trial")},
            "slope: its coordinate 'trial' bears the name of a dimension",
        ),
        ({"slope": cases([0, 1, 2]).assign_coords({3: 1})}, "slope: has the coordinate 3"),
        (
            {"slope": cases([0, 1, 2], "abc"), "friction": cases([1, 1, 1], "abd")},
            "friction: has no case c, which slope has",
        ),
        (
            {"slope": cases([0, 1, 2], "aab"), "friction": cases([1, 1, 1], "baa")},
            "slope: case has label a twice",
        ),
        (
            {
                "slope": cases([0, 1, 2], "abc"),
                "friction": cases([1, 1, 1], "cba"),
                "cross_slope": xr.DataArray([0.0, 1.0, 2.0], dims="case"),
            },
            "cross_slope: has no labels along 'case'",
        ),
        ({"slope": pd.Series([0.0, 5.0])}, r"slope: is a Series whose index has no name; name it"),
        ({"slope": pd.Series([0.0, 5.0], index=["a", "b"])}, r"slope: is a Series whose index has no name"),
        ({"support": pd.Series(["both", "right"])}, r"support: is a Series whose index has no name"),
        ({"slope": pd.Series([0.0, 5.0], index=pd.Index([1, 2], name="muscle"))}, "slope: .* dimension 'muscle'"),
        ({"slope": pd.Series([0.0, 5.0], index=pd.Index([1, 2], name=0))}, "slope: dimension 0"),
        ({"slope": cases([0.0, 5.0, 9.0]).stack(z=["case"])}, "slope: dimension 'z' has a MultiIndex"),
        (
            {"slope": pd.Series([0.0], index=pd.MultiIndex.from_product([[1], [2]], names=["a", "b"]))},
            "slope: has a MultiIndex",
        ),
        (
            {"slope": xr.DataArray([0.0, 5.0], dims="knee_flexion", coords={"knee_flexion": [0, 30]})},
            "slope: has a dimension 'knee_flexion' whose labels are not the values of knee_flexion",
        ),
        (
            {"slope": xr.DataArray([0.0, 5.0], dims="slope", coords={"slope": [0, 30]})},
            "slope: has a dimension 'slope' whose labels are not the values",
        ),
        (
            {"foot_rotation": xr.DataArray([[0.0, 5.0]], dims=("foot_rotation", "side"))},
            "foot_rotation: its dimension 'foot_rotation' has no labels",
        ),
    ],
)
def test_labels_of_stances_that_do_not_fit_are_refused_by_name(adult, stance, named):
    with pytest.raises(StanceError, match=named):
        bm.sweep(adult, pelvic_tilt=0, **stance)


@pytest.mark.parametrize("name", ["status", "activation", "muscle", "group", "tilt_status", 3])
def test_names_of_the_answer_are_refused_everywhere_before_any_work(adult, name, monkeypatch):
    slope = xr.DataArray([0.0, 5.0], dims=[name])
    stance = {"pelvic_tilt": 0, "slope": slope}
    for module in ("analysis.sweep", "analysis.stability", "uncertainty.ensemble"):
        monkeypatch.setattr(f"biomech.{module}.resolve_policies", None)
    for ask in (
        lambda: bm.sweep(adult, **stance),
        lambda: bm.stability(adult, **stance),
        lambda: bm.uncertainty.propagate({"a": stance}, adult, samples=2),
        lambda: bm.uncertainty.sobol({"a": stance}, "lumbar_compression", model=adult, samples=2),
    ):
        with pytest.raises(StanceError, match=rf"slope: .*dimension '?{name}'?"):
            ask()


@pytest.mark.parametrize("name", ["stance", "sample", "prior_friction"])
def test_names_of_ensembles_are_refused(adult, name):
    by_dimension = {"pelvic_tilt": 0, "slope": xr.DataArray([0.0, 5.0], dims=[name])}
    by_coordinate = {"pelvic_tilt": 0, "slope": cases([0.0, 5.0, 9.0], **{name: 1})}
    for stance in (by_dimension, by_coordinate):
        with pytest.raises(StanceError, match=rf"stances\['a'\]: slope: (dimension|coordinate) '{name}'"):
            bm.uncertainty.propagate({"a": stance}, adult, samples=2)


@pytest.mark.parametrize("name", ["stiffness", "smallest_stiffness", "buckling", "other"])
def test_names_of_stability_are_refused(adult, name):
    with pytest.raises(StanceError, match=f"slope: dimension '{name}'"):
        bm.stability(adult, pelvic_tilt=0, slope=xr.DataArray([0.0, 5.0], dims=[name]))
    with pytest.raises(StanceError, match=f"slope: coordinate '{name}'"):
        bm.stability(adult, pelvic_tilt=0, slope=cases([0.0, 5.0, 9.0], **{name: 1}))


def test_labels_come_back_from_stability_and_ensembles(adult):
    slope = cases([0.0, 5.0], "ab", who=("case", ["x", "y"]))
    knee = pd.Series([10.0, 0.0], index=pd.Index(["b", "a"], name="case"))
    ds = bm.stability(adult, pelvic_tilt=0, slope=slope, knee_flexion=knee)
    assert ds.who.values.tolist() == ["x", "y"]
    one = bm.stability(adult, pelvic_tilt=0, slope=5.0, knee_flexion=10.0)
    assert float(ds.smallest_stiffness.sel(case="b")) == pytest.approx(float(one.smallest_stiffness), rel=1e-9)
    stances = {
        name: {"pelvic_tilt": 0, "slope": slope.assign_coords(trial=name, day=1), "knee_flexion": bend * knee}
        for name, bend in (("low", 1.0), ("high", 2.0))
    }
    found = bm.uncertainty.propagate(stances, adult, samples=2, variables=KEPT)
    assert found.who.values.tolist() == ["x", "y"]
    assert found.trial.values.tolist() == ["low", "high"]
    assert found.trial.dims == ("stance",)
    assert found.day.item() == 1
    stances["high"]["slope"] = slope
    with pytest.raises(StanceError, match=r"stances\['high'\]: has no coordinate 'trial'"):
        bm.uncertainty.propagate(stances, adult, samples=2, variables=KEPT)


@pytest.mark.parametrize("seed", range(60))
def test_stances_in_any_order_ask_the_same(seed):
    """Every posture is asked what its labels say, whatever order and type each parameter comes in."""
    rng = np.random.default_rng(seed)
    every = {"case": list("abcd"), "time": [0.1, 0.2, 0.3], "day": pd.date_range("2026-01-01", periods=2)}
    whole, given = {}, {}
    for name in rng.choice(["foot_rotation", "knee_flexion", "slope", "friction", "stance_width"], 3, replace=False):
        about = PARAMETERS[name]
        labels = {dim: every[dim] for dim in rng.permutation(list(every))[: rng.integers(0, 3)]}
        if about.per_leg and rng.random() < 0.4:
            labels["side"] = ["right", "left"]
        own = {f"{dim}_name": (dim, [f"{dim}{i}" for i in range(len(labels[dim]))]) for dim in labels if dim in every}
        values = rng.uniform(about.least, about.most, [len(along) for along in labels.values()])
        whole[name] = xr.DataArray(values, dims=list(labels), coords={**labels, **own})
        turned = whole[name].isel({dim: rng.permutation(len(along)) for dim, along in labels.items()})
        turned = turned.transpose(*rng.permutation(list(labels)))
        given[name] = turned.to_series() if turned.ndim == 1 and rng.random() < 0.4 else turned
    grid = parse_stance({"pelvic_tilt": 0.0, **given})
    asked = grid.all()
    for i, place in enumerate(np.ndindex(*grid.shape)):
        here = {dim: labels[k] for (dim, labels), k in zip(grid.dims.items(), place, strict=True)}
        for name, array in whole.items():
            one = array.sel({dim: label for dim, label in here.items() if dim in array.dims})
            one = one.sel(side=["right", "left"]) if "side" in one.dims else one
            np.testing.assert_array_equal(asked.values[name][i], np.broadcast_to(one, asked.values[name][i].shape))
    for name, array in given.items():
        for own in array.coords if isinstance(array, xr.DataArray) else ():
            if own != "side":
                dim = own.removesuffix("_name")
                found = xr.DataArray(grid.carried[own].values, coords={dim: grid.dims[dim]})
                xr.testing.assert_equal(found, whole[name][own].drop_vars(f"{dim}_name").sel({dim: grid.dims[dim]}))


# --- arrays


def test_labels_that_are_not_heeded_are_refused_by_name():
    whole = {"coefficients": np.ones((1, 1, 2)), "demand": np.ones((1, 1)), "upper": np.ones(2), "weight": np.ones(2)}
    named = pd.Series([1.0, 2.0], index=["soleus_r", "soleus_l"])
    for name, given in (
        ("upper", named),
        ("weight", named.rename_axis("muscle").to_xarray()),
        ("lower", -named),
        ("quadratic", named > 1.0),
        ("demand", pd.DataFrame({"knee": [1.0]})),
    ):
        with pytest.raises(bm.ProblemError, match=f"{name}: has labels"):
            bm.sharing.LoadSharingProblem(**{**whole, name: given})
    plain = bm.sharing.LoadSharingProblem(
        **{**whole, "upper": pd.Series([1.0, 2.0]), "weight": xr.DataArray([1.0, 3.0])}
    )
    assert plain.upper.tolist() == [[1.0, 2.0]]
    assert plain.weight.tolist() == [1.0, 3.0]


def test_percentiles_keep_what_the_caller_labelled(adult):
    slope = cases([0.0, 5.0], "ab", who=("case", ["x", "y"]), trial=7)
    found = bm.uncertainty.propagate({"a": {"pelvic_tilt": 0, "slope": slope}}, adult, samples=2, variables=KEPT)
    ends = bm.uncertainty.percentiles(found.lumbar_compression)
    assert ends.who.values.tolist() == ["x", "y"]
    assert ends.trial.item() == 7
    assert ends.dims == ("percentile", "stance", "case")


def test_a_table_and_a_file_keep_what_the_caller_labelled(adult, tmp_path):
    slope = cases([0.0, 5.0], "ab", who=("case", ["x", "y"]), trial="t")
    ds = bm.sweep(adult, pelvic_tilt=0, slope=slope, variables=KEPT)
    rows = bm.table(ds)
    assert rows["who"].tolist() == ["x", "y"]
    assert rows["trial"].tolist() == ["t", "t"]
    ds.to_netcdf(tmp_path / "answer.nc", engine="h5netcdf")
    xr.testing.assert_equal(xr.load_dataset(tmp_path / "answer.nc", engine="h5netcdf"), ds)
