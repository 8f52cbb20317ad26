"""What is labelled is meant by its labels: every argument is aligned by them or refused, and they come back."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import biomech as bm
from biomech.errors import StanceError
from biomech.study.strength import maximal_moment

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
    angles = {str(name): ds.coordinate_angle.sel(coordinate=name) for name in adult.coordinates}
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
