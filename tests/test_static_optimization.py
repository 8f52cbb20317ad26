import numpy as np
import pytest
import xarray as xr
from reference_tables import motion, rows

import biomech as bm
from biomech.errors import StanceError


@pytest.fixture(scope="module")
def measured():
    """Coordinates and ground reactions of the 25 reference frames."""
    coordinates, plates = motion("so_coords.mot"), motion("so_grf.mot")
    coordinates.pop("time")

    def vectors(kind):
        feet = [[plates[f"{foot}_{kind}{axis}"] for axis in "xyz"] for foot in "rl"]
        return (("frame", "foot", "axis"), np.moveaxis(np.array(feet), -1, 0))

    ground = xr.Dataset({"force": vectors("v"), "point": vectors("p"), "moment": vectors("t")})
    return coordinates, ground.assign_coords(foot=["right", "left"], axis=list("xyz"))


@pytest.fixture(scope="module")
def reserves(gait2392):
    return {name: 10.0 if name.startswith("pelvis") else 1.0 for name in gait2392.coordinates}


@pytest.fixture(scope="module")
def found(gait2392, measured, reserves):
    return bm.static_optimization(gait2392, *measured, lower=0.01, reserve=reserves)


def test_activations_are_the_exact_ones_and_opensims(found):
    for row in rows("gait2392_so_reference.csv"):
        activation = float(found.activation.sel(frame=int(row["frame"]), muscle=row["muscle"]))
        assert activation == pytest.approx(float(row["activation_qp"]), abs=1e-7)
        assert activation == pytest.approx(float(row["activation_osim"]), abs=1e-4)


def test_moments_and_reserves(found):
    for row in rows("gait2392_so_moments.csv"):
        here = {"frame": int(row["frame"]), "coordinate": row["coordinate"]}
        assert float(found.required_moment.sel(here)) == pytest.approx(float(row["required_moment_Nm"]), abs=1e-7)
        assert float(found.reserve_moment.sel(here)) == pytest.approx(float(row["reserve_qp"]), abs=2e-6)


def test_every_frame_is_certified(found):
    assert (found.status == 0).all()
    assert float(found.equilibrium_residual.max()) < 1e-9
    assert float(found.duality_gap.max()) < 1e-9
    assert found.attrs["message"] == "25 optimal"


def test_a_single_frame(gait2392, measured, reserves, found):
    coordinates, ground = measured
    one = bm.static_optimization(
        gait2392, {k: v[3] for k, v in coordinates.items()}, ground.isel(frame=3), lower=0.01, reserve=reserves
    )
    assert one.sizes["frame"] == 1
    np.testing.assert_array_equal(one.activation[0], found.activation[3])


def test_datasets_and_shuffled_labels(gait2392, measured, reserves, found):
    coordinates, ground = measured
    table = xr.Dataset({name: ("frame", values) for name, values in coordinates.items()})
    shuffled = ground.sel(foot=["left", "right"], axis=["z", "x", "y"]).transpose("axis", "frame", "foot")
    same = bm.static_optimization(gait2392, table, shuffled, lower=0.01, reserve=reserves)
    np.testing.assert_array_equal(same.activation, found.activation)


def test_without_reserves_the_imbalance_is_reported(gait2392, measured):
    ds = bm.static_optimization(gait2392, *measured)
    assert set(ds.status.values.tolist()) == {1}
    assert "are missing at" in ds.attrs["message"]
    assert float(np.abs(ds.shortfall).max()) > 1e-6


def test_joint_forces_close_the_thigh(gait2392, measured, found):
    """Knee and hip force differ by the thigh's weight and the muscles' pull on the femur; checked on the whole leg."""
    coordinates, ground = measured
    where = gait2392.kinematics(**{k: v[0] for k, v in coordinates.items()}).isel(pose=0)
    ankle = found.joint_contact_force.sel(frame=0, joint="ankle_r").values
    turn = where.rotation.sel(segment="talus_r").values
    weight = 9.80665 * sum(gait2392.value(f"segments/{s}_r/mass") for s in ("talus", "calcn", "toes"))
    plate = ground.force.sel(foot="right").isel(frame=0).values
    left_over = turn @ ankle + plate - [0.0, weight, 0.0]
    # what is left over is the pull of the muscles across the ankle: upward, of the order of their force
    crossing = [m for m in gait2392.muscles if m.endswith("_r") and set(gait2392.groups["plantarflexors"]) & {m}]
    pull = float(found.muscle_force.sel(frame=0, muscle=crossing).sum())
    assert 0.0 < left_over[1] < 3 * pull + 50


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"lower": 1.5}, "lower = 1.5"),
        ({"lower": float("nan")}, "lower = nan"),
        ({"reserve": -1.0}, "reserve of pelvis_tilt = -1.0"),
        ({"reserve": {"knee": 1.0}}, "no such coordinate 'knee'"),
        ({"strength": "eccentric"}, "strength = 'eccentric'"),
        ({"coordinates": {"knee": [1.0]}}, "knee: no such coordinate"),
        ({"coordinates": {"knee_angle_r": [1.0, float("nan")]}}, "knee_angle_r"),
        ({"coordinates": {"knee_angle_r": [1.0, 2.0]}}, "coordinates: has 2 frames; must have 25"),
        ({"ground_reaction": {"force": 1}}, "ground_reaction: is dict"),
        ({"ground_reaction": xr.Dataset({"force": 1.0})}, "ground_reaction.force: has dimensions"),
    ],
)
def test_bad_input_is_refused_by_name(gait2392, measured, change, named):
    coordinates, ground = measured
    arguments = {"coordinates": coordinates, "ground_reaction": ground, **change}
    with pytest.raises(StanceError, match=named):
        bm.static_optimization(gait2392, **arguments)


@pytest.mark.parametrize("name", ["force", "point"])
def test_bad_plates_are_refused_by_name(gait2392, measured, name):
    coordinates, ground = measured
    with pytest.raises(StanceError, match=f"has no '{name}'"):
        bm.static_optimization(gait2392, coordinates, ground.drop_vars(name))
    holed = ground.assign({name: ground[name].where(ground.frame != 3)} if "frame" in ground.coords else
                          {name: ground[name] * np.where(np.arange(25) == 3, np.nan, 1.0)[:, None, None]})  # fmt: skip
    with pytest.raises(StanceError, match=f"ground_reaction.{name}: must be finite"):
        bm.static_optimization(gait2392, coordinates, holed)
    with pytest.raises(StanceError, match=f"ground_reaction.{name}: foot is"):
        bm.static_optimization(gait2392, coordinates, ground.assign_coords(foot=["r", "l"]))
