"""``bm.table``: one row a posture, and nothing lost."""

import numpy as np
import pytest
import xarray as xr

import biomech as bm

MODEL = bm.load_model("small")


@pytest.fixture(scope="module")
def swept():
    """Two dimensions, one parameter that varies along with one of them, and one foot apart from the other."""
    rotation = xr.DataArray([[0.0, 10.0], [5.0, 20.0]], {"side": ["right", "left"]}, ("trunk_lean", "side"))
    return bm.sweep(MODEL, knee_flexion=[0, 30, 60], trunk_lean=[0, 20], foot_rotation=rotation, pelvic_tilt="hanging")


def test_every_number_of_the_dataset_is_in_the_table_under_its_labels(swept):
    found = bm.table(swept)
    postures = list(swept.status.dims)
    assert found.index.names == postures
    for name, values in swept.data_vars.items():
        inner = [dim for dim in values.dims if dim not in postures]
        for place in np.ndindex(*(values.sizes[dim] for dim in inner)):
            labels = [str(values[dim].values[k]) for dim, k in zip(inner, place, strict=True)]
            one = values.isel(dict(zip(inner, place, strict=True))).transpose(*postures).values
            column = found["/".join([str(name), *labels])].to_numpy().reshape(one.shape)
            np.testing.assert_array_equal(column, one)
    own = sum(int(np.prod([n for dim, n in v.sizes.items() if dim not in postures])) for v in swept.data_vars.values())
    along = [name for name in swept.coords if name not in postures and set(swept[name].dims) <= set(postures)]
    assert found.shape == (6, own + len(along))


def test_a_row_is_found_by_the_labels_of_its_posture(swept):
    found = bm.table(swept, ["lumbar_compression", "joint_contact_force"])
    assert bm.table(swept, ["limiting_muscle"]).columns[-1] == "limiting_muscle"
    asked = swept.sel(knee_flexion=30, trunk_lean=20)
    row = found.loc[(30.0, 20.0)]
    assert row["lumbar_compression"] == float(asked.lumbar_compression)
    assert row["joint_contact_force/knee_l/y"] == float(asked.joint_contact_force.sel(joint="knee_l", axis="y"))
    assert found.attrs["units"] == {"lumbar_compression": "N", "joint_contact_force": "N"}


def test_what_does_not_depend_on_a_dimension_is_repeated_along_it(swept):
    ds = swept.assign(height=("trunk_lean", [1.0, 2.0]))
    assert bm.table(ds, ["height"])["height"].tolist() == [1.0, 2.0] * 3


def test_one_posture_is_one_row():
    ds = bm.sweep(MODEL, pelvic_tilt=0)
    found = bm.table(ds, iter(["activation"]))
    assert found.shape == (1, ds.sizes["muscle"])


def test_a_large_sweep_has_as_many_numbers_as_before():
    ds = bm.sweep(MODEL, knee_flexion=np.linspace(0, 50, 260), pelvic_tilt=0)
    described = ds[["limiting_muscle", "valid"]].coords
    size = sum(v.size for v in [*ds.data_vars.values(), described["limiting_muscle"], described["valid"]])
    assert bm.table(ds).size == size


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((None,), "ds = NoneType"),
        ((xr.Dataset(),), "ds = Dataset"),
        ((bm.sweep(MODEL, pelvic_tilt=0), "activation"), "variables = 'activation'"),
        ((bm.sweep(MODEL, pelvic_tilt=0), 5), "variables = 5"),
        ((bm.sweep(MODEL, pelvic_tilt=0), ["torque"]), "no 'torque'"),
    ],
)
def test_what_is_no_answer_is_refused_by_name(arguments, text):
    with pytest.raises(bm.StanceError, match=text):
        bm.table(*arguments)


def test_compression_is_positive_where_a_joint_is_pressed_together():
    ds = bm.sweep(bm.load_model(), pelvic_tilt=0)
    assert (ds.joint_compression > 300.0).all()  # upright, every joint bears a good part of the body
    force = ds.joint_contact_force.sel(axis="y")
    np.testing.assert_array_equal(np.abs(force), ds.joint_compression)
    assert float(ds.joint_compression.sel(joint="lumbosacral")) == float(ds.lumbar_compression)


def test_a_pose_is_that_of_the_answer(adult):
    ds = bm.sweep(adult, pelvic_tilt=[0, 5], knee_flexion=[0, 20], foot_rotation=10)
    pose = bm.pose(ds)
    assert set(pose.data_vars) == set(adult.coordinates)
    assert dict(pose.sizes) == {"pelvic_tilt": 2, "knee_flexion": 2}
    where = adult.kinematics(pose)
    assert where.origin.sizes["knee_flexion"] == 2
    one = adult.kinematics(bm.pose(ds.sel(knee_flexion=20, pelvic_tilt=5)))
    np.testing.assert_allclose(one.origin.values.squeeze(), where.origin.sel(knee_flexion=20, pelvic_tilt=5).values)
    soles = where.origin.sel(segment="calcn_r", axis="y")
    np.testing.assert_allclose(soles, soles[0, 0], atol=1e-9)


@pytest.mark.parametrize("given", [None, {}, xr.Dataset(), xr.Dataset({"coordinate_angle": ("coordinate", [1.0])})])
def test_what_holds_no_pose_is_refused(given):
    with pytest.raises(bm.StanceError, match="ds"):
        bm.pose(given)
