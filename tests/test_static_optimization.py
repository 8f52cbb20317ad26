from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from reference_tables import motion, rows
from test_equilibrium import frames, spans

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
    np.testing.assert_allclose(one.activation[0], found.activation[3], atol=1e-12)


def test_datasets_and_shuffled_labels(gait2392, measured, reserves, found):
    coordinates, ground = measured
    table = xr.Dataset({name: ("frame", values) for name, values in coordinates.items()})
    shuffled = ground.sel(foot=["left", "right"], axis=["z", "x", "y"]).transpose("axis", "frame", "foot")
    same = bm.static_optimization(gait2392, table, shuffled, lower=0.01, reserve=reserves)
    np.testing.assert_array_equal(same.activation, found.activation)


def test_without_reserves_the_imbalance_is_reported(gait2392, measured):
    coordinates, ground = measured
    light = ground.assign(force=ground.force * 0.99)
    ds = bm.static_optimization(gait2392, coordinates, light)
    assert set(ds.status.values.tolist()) == {1}
    assert "N are missing at pelvis_ty; no muscle could give it" in ds.attrs["message"]
    np.testing.assert_allclose(np.abs(ds.shortfall.sel(coordinate="pelvis_ty")), 7.371, rtol=1e-3)


def test_joint_forces_close_the_foot(gait2392, measured, found):
    """Ankle force, ground, weight and the muscles' pull on the foot add up to nothing."""
    coordinates, ground = measured
    for frame in (0, 8, 24):
        pose = {name: float(values[frame]) for name, values in coordinates.items()}
        where = frames(gait2392, pose)
        foot = ("talus_r", "calcn_r", "toes_r")
        ankle = found.joint_contact_force.sel(frame=frame, joint="ankle_r").values
        total = where["talus_r"][0] @ ankle + ground.force.sel(foot="right").isel(frame=frame).values
        total[1] -= 9.80665 * sum(gait2392.value(f"segments/{s}/mass") for s in foot)
        for muscle in gait2392.muscles:
            path = spans(gait2392, where, muscle, pose)
            for (near, p), (far, q) in pairwise(path):
                along = float(found.muscle_force.sel(frame=frame, muscle=muscle)) * (q - p) / np.linalg.norm(q - p)
                total += along * ((near in foot) - (far in foot))
        np.testing.assert_allclose(total, 0.0, atol=1e-6)


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
    with pytest.raises(StanceError, match=r"ground_reaction\.force: foot is"):
        bm.static_optimization(gait2392, coordinates, ground.assign_coords(foot=["r", "l"]))
