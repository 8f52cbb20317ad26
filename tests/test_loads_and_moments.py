"""Forces on any segment and joint moments of one's own, in measured frames.

What a load does is found by finite differences of public frames, and free bodies are closed from the muscles' points:
neither uses the library's screws.
"""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from shared_reference import OSIM
from test_equilibrium import frames, spans
from test_static_optimization import measured, reserves  # noqa: F401

import biomech as bm
from biomech.errors import BiomechWarning, FileError, StanceError
from biomech.model.roles import with_names
from biomech.model.tables import Table

pytestmark = pytest.mark.filterwarnings("ignore::biomech.errors.BiomechWarning")  # reserves are what is left
STRONG = 200.0
WALK = OSIM / "motions" / "walk_10dof"


@pytest.fixture(scope="module")
def pose(gait2392):
    """Three bent postures, no coordinate at rest."""
    rng = np.random.default_rng(3)
    angles = {name: rng.uniform(-8.0, 8.0, 3) for name in gait2392.coordinates}
    angles |= {f"knee_angle_{side}": rng.uniform(-60.0, -20.0, 3) for side in "rl"}
    return angles | {f"pelvis_t{axis}": rng.uniform(-0.2, 0.9, 3) for axis in "xyz"}


def labelled(parts, segments, **frames):
    """Loads over frame and load."""
    dims = {2: ("load", "axis"), 3: ("frame", "load", "axis")}
    coords = {"axis": list("xyz"), "segment": ("load", segments)}
    coords |= {name: ("load", own) for name, own in frames.items()}
    return xr.Dataset({name: (dims[np.ndim(own)], own) for name, own in parts.items()}, coords)


def moved(model, angles, name, step):
    """Rotations and origins of all segments with one coordinate changed."""
    turns = not name.startswith("pelvis_t") or name in ("pelvis_tilt",)
    unit = np.degrees(step) if turns else step
    return model.kinematics(**{**angles, name: angles[name] + unit})


def work(model, angles, name, segment, point, force, moment):
    """Generalised force on a coordinate, by differences: force at a point that the segment carries, and moment."""
    step, here = 1e-6, model.kinematics(**angles).sel(segment=segment)
    turn, at = here.rotation.values, here.origin.values
    local = np.einsum("fji,fj->fi", turn, point - at)
    place, spin = [], []
    for sign in (1.0, -1.0):
        there = moved(model, angles, name, sign * step).sel(segment=segment)
        place.append(there.origin.values + np.einsum("fij,fj->fi", there.rotation.values, local))
        spin.append(there.rotation.values)
    v = (place[0] - place[1]) / (2 * step)
    skew = np.einsum("fij,fkj->fik", (spin[0] - spin[1]) / (2 * step), turn)
    w = 0.5 * np.stack([skew[:, 2, 1] - skew[:, 1, 2], skew[:, 0, 2] - skew[:, 2, 0], skew[:, 1, 0] - skew[:, 0, 1]], 1)
    return np.sum(v * force + w * moment, axis=1)


FRAMES = [("ground", "ground"), ("ground", "torso"), ("torso", "ground"), ("torso", "torso"), ("femur_l", "tibia_r")]


@pytest.mark.parametrize("segment", ["torso", "femur_r", "toes_l"])
@pytest.mark.parametrize(("force_frame", "point_frame"), FRAMES)
def test_a_load_does_its_virtual_work(gait2392, pose, segment, force_frame, point_frame):
    rng = np.random.default_rng(7)
    force, moment, point = rng.normal(0, 40, (3, 1, 3)), rng.normal(0, 5, (3, 1, 3)), rng.normal(0, 0.3, (3, 1, 3))
    loads = labelled({"force": force, "point": point, "moment": moment}, [segment], force_frame=[force_frame],
                     point_frame=[point_frame])  # fmt: skip
    bare = bm.static_optimization(gait2392, pose, reserve=STRONG)
    ds = bm.static_optimization(gait2392, pose, loads=loads, reserve=STRONG)
    where = gait2392.kinematics(**pose)

    def of(frame):
        if frame == "ground":
            return np.broadcast_to(np.eye(3), (3, 3, 3)), np.zeros((3, 3))
        own = where.sel(segment=frame)
        return own.rotation.values, own.origin.values

    turn, (turned, origin) = of(force_frame)[0], of(point_frame)
    f, m = (np.einsum("fij,fj->fi", turn, own[:, 0]) for own in (force, moment))
    p = origin + np.einsum("fij,fj->fi", turned, point[:, 0])
    assert (ds.status == 0).all()
    np.testing.assert_allclose(ds.external_force.sel(segment=segment), f, atol=1e-12)
    np.testing.assert_allclose(ds.external_moment.sel(segment=segment), np.cross(p, f) + m, atol=1e-12)
    for name in gait2392.coordinates:
        asked = (bare.required_moment - ds.required_moment).sel(coordinate=name)
        np.testing.assert_allclose(asked, work(gait2392, pose, name, segment, p, f, m), atol=2e-5)


def test_free_bodies_close_under_loads(gait2392, pose):
    """Forces on everything outward of each joint: muscles, weight, the load and what the joint gives."""
    rng = np.random.default_rng(5)
    segments = ["torso", "femur_r", "tibia_r", "calcn_l"]
    parts = {"force": rng.normal(0, 60, (3, 4, 3)), "point": rng.normal(0, 0.2, (3, 4, 3))}
    loads = labelled({**parts, "moment": rng.normal(0, 4, (3, 4, 3))}, segments, point_frame=segments)
    plain = gait2392.replace({"settings/extensor_mechanism": 0.0})
    reserve = dict.fromkeys(plain.coordinates, STRONG)
    ds = bm.static_optimization(plain, pose, loads=loads, reserve=reserve)
    outward = {
        "hip_r": ("femur_r", "tibia_r", "talus_r", "calcn_r", "toes_r"),
        "knee_r": ("tibia_r", "talus_r", "calcn_r", "toes_r"),
        "ankle_l": ("talus_l", "calcn_l", "toes_l"),
        "lumbosacral": ("torso",),
    }
    for frame in range(3):
        angles = {name: float(own[frame]) for name, own in pose.items()}
        where = frames(plain, angles)
        for joint, own in outward.items():
            turn, origin = where[own[0]][:2]
            force, moment = (ds[f"joint_contact_{part}"].isel(frame=frame).sel(joint=joint).values
                             for part in ("force", "moment"))  # fmt: skip
            total, about = turn @ force, turn @ moment + np.cross(origin, turn @ force)
            for segment in own:
                weight = np.array([0.0, -9.80665 * plain.value(f"segments/{segment}/mass"), 0.0])
                centre = where[segment][1] + where[segment][0] @ [
                    plain.value(f"segments/{segment}/com_{axis}") for axis in "xyz"
                ]
                total, about = total + weight, about + np.cross(centre, weight)
                here = ds.isel(frame=frame).sel(segment=segment)
                total, about = total + here.external_force.values, about + here.external_moment.values
            for muscle in plain.muscles:
                for (near, p), (far, q) in pairwise(spans(plain, where, muscle, angles)):
                    pull = float(ds.muscle_force.isel(frame=frame).sel(muscle=muscle)) * (q - p) / np.linalg.norm(q - p)
                    sign = (near in own) - (far in own)
                    total, about = total + sign * pull, about + sign * np.cross(p, pull)
            np.testing.assert_allclose(total, 0.0, atol=1e-6)
            np.testing.assert_allclose(about, 0.0, atol=1e-6)


def test_ways_to_tell_a_load(gait2392, pose):
    """A table, a Dataset, plates as loads on the feet, another unit, a role's name."""
    table = pd.DataFrame({"segment": ["torso"], "force_y": [-80.0], "point_x": [0.2], "point_y": [0.3],
                          "point_frame": ["torso"]})  # fmt: skip
    one = bm.static_optimization(gait2392, pose, loads=table, reserve=STRONG)
    every = pd.concat([table.assign(frame=k) for k in range(3)])
    same = labelled({"force": [[0.0, -80.0, 0.0]], "point": [[0.2, 0.3, 0.0]]}, ["torso"], point_frame=["torso"])
    mm = same.assign(
        point=(1000 * same.point).assign_attrs(units="mm"), force=(same.force / 1e3).assign_attrs(units="kN")
    )
    for other in (every, every.set_index("frame"), same, mm, same.isel(load=0)):
        ds = bm.static_optimization(gait2392, pose, loads=other, reserve=STRONG)
        np.testing.assert_allclose(ds.activation, one.activation, atol=1e-12)
    force, point = np.array([[20.0, 350.0, 5.0], [-20.0, 380.0, -5.0]]), np.array([[0.1, 0, 0.1], [0.1, 0, -0.1]])
    sides = {"foot": ["right", "left"], "axis": list("xyz")}
    ground = xr.Dataset({"force": (("foot", "axis"), force), "point": (("foot", "axis"), point)}, sides)
    feet = labelled({"force": force, "point": point}, ["calcn_r", "calcn_l"])
    plates = bm.static_optimization(gait2392, pose, ground, reserve=STRONG)
    for loads in ({"loads": feet}, {"ground_reaction": feet}):
        ds = bm.static_optimization(gait2392, pose, **loads, reserve=STRONG)
        np.testing.assert_allclose(ds.activation, plates.activation, atol=1e-12)
        np.testing.assert_allclose(ds.joint_contact_force, plates.joint_contact_force, atol=1e-9)
    np.testing.assert_allclose(ds.ground_force, plates.ground_force, atol=1e-12)


def test_feet_that_are_told_in_their_own_frame_are_ground_reactions(gait2392, pose):
    where = gait2392.kinematics(**pose).sel(segment="calcn_r")
    force, point = np.array([30.0, 500.0, 20.0]), np.array([0.1, 0.0, 0.05])
    own = np.einsum("fji,j->fi", where.rotation.values, force)[:, None]
    at = np.einsum("fji,fj->fi", where.rotation.values, point - where.origin.values)[:, None]
    hand = {"force": np.array([[0.0, 100.0, 0.0]]), "point": np.array([[0.2, 0.3, 0.1]])}
    told = labelled({"force": own, "point": at}, ["calcn_r"], force_frame=["calcn_r"], point_frame=["calcn_r"])
    ds = bm.static_optimization(gait2392, pose, told, loads=labelled(hand, ["torso"]), reserve=STRONG)
    for frame in range(3):
        np.testing.assert_allclose(ds.ground_force.sel(foot="right")[frame], force, atol=1e-9)
        np.testing.assert_allclose(ds.center_of_pressure.sel(foot="right")[frame], point, atol=1e-9)
    assert not ds.ground_force.sel(foot="left").any()
    np.testing.assert_allclose(ds.external_force.sel(segment="torso"), np.broadcast_to(hand["force"], (3, 3)))
    xr.testing.assert_identical(bm.rerun(ds), ds)
    lazy = bm.static_optimization(
        gait2392, pose, told, loads=labelled(hand, ["torso"]), reserve=STRONG, chunks={"frame": 2}
    )
    xr.testing.assert_identical(bm.rerun(lazy).drop_attrs(), ds.drop_attrs())


def test_a_laboratory_whose_z_is_up(gait2392, pose):
    """Everything turned: x forward, y to the left, z upward."""

    def lab(vector):
        x, y, z = np.moveaxis(vector, -1, 0)
        return np.stack([x, -z, y], axis=-1)

    rng = np.random.default_rng(2)
    force, point, moment = (rng.normal(0, size, (3, 2, 3)) for size in (300.0, 0.2, 5.0))
    dims, sides = ("frame", "foot", "axis"), {"foot": ["right", "left"], "axis": list("xyz")}

    def plates(turn):
        parts = {"force": force, "point": point, "moment": moment}
        return xr.Dataset({name: (dims, turn(own)) for name, own in parts.items()}, sides)

    handle = {"force": rng.normal(0, 50, (3, 2, 3)), "point": rng.normal(0, 0.3, (3, 2, 3))}
    words = {"force_frame": ["ground", "torso"], "point_frame": ["torso", "ground"]}
    turned = {name: own.copy() for name, own in handle.items()}
    turned["force"][:, 0], turned["point"][:, 1] = lab(handle["force"][:, 0]), lab(handle["point"][:, 1])
    one = bm.static_optimization(
        gait2392, pose, plates(lambda own: own), loads=labelled(handle, ["torso", "torso"], **words), reserve=STRONG
    )
    shuffled = plates(lab).sel(axis=["z", "y", "x"])
    for ground in (plates(lab), shuffled):
        two = bm.static_optimization(
            gait2392, pose, ground, loads=labelled(turned, ["torso", "torso"], **words), reserve=STRONG, up="z"
        )
        np.testing.assert_allclose(two.activation, one.activation, atol=1e-12)
        np.testing.assert_allclose(two.ground_force, one.ground_force, atol=1e-12)


def test_units_are_converted_by_name(gait2392, measured, reserves):  # noqa: F811
    coordinates, ground = measured
    plain = bm.static_optimization(gait2392, coordinates, ground, reserve=reserves)
    radians = {
        name: xr.DataArray(np.radians(own), dims="frame", attrs={"units": "radians"})
        for name, own in coordinates.items()
        if not name.startswith("pelvis_t") or name == "pelvis_tilt"
    }
    cm = {
        name: xr.DataArray(100.0 * own, dims="frame", attrs={"units": "cm"})
        for name, own in coordinates.items()
        if name not in radians
    }
    other = ground.assign(
        point=(1e3 * ground.point).assign_attrs(units="mm"),
        force=(ground.force / 1e3).assign_attrs(units="kN"),
        moment=(1e3 * ground.moment).assign_attrs(units="N.mm"),
    )
    for motion in (radians | cm, xr.Dataset(radians | cm)):
        ds = bm.static_optimization(gait2392, motion, other, reserve=reserves)
        np.testing.assert_allclose(ds.activation, plain.activation, atol=1e-9)
    wrong = {"hip_flexion_r": xr.DataArray(1.0, attrs={"units": "m"})}
    for bad in ({"point": ground.point.assign_attrs(units="inch")}, {"force": ground.force.assign_attrs(units="kg")}):
        with pytest.raises(StanceError, match=r"ground_reaction\.(point|force): has units '(inch|kg)'; must be one of"):
            bm.static_optimization(gait2392, coordinates, ground.assign(bad))
    with pytest.raises(StanceError, match="hip_flexion_r: has units 'm'"):
        bm.static_optimization(gait2392, wrong, ground)


# --- joint moments of one's own


def test_moments_in_place_of_forces_give_the_same_muscles(gait2392, measured, reserves, tmp_path):  # noqa: F811
    coordinates, ground = measured
    ds = bm.static_optimization(gait2392, coordinates, ground, lower=0.01, reserve=reserves)
    names = {name: name + ("_force" if name[:-1] == "pelvis_t" else "_moment") for name in gait2392.coordinates}
    time = np.arange(25) / 100
    columns = {names[name]: ("time", ds.required_moment.sel(coordinate=name).values) for name in gait2392.coordinates}
    bm.write_storage(xr.Dataset(columns, {"time": time}), tmp_path / "id.sto", in_degrees=False)
    motion = {name: xr.DataArray(own, {"time": time}, dims="time") for name, own in coordinates.items()}
    frame = pd.DataFrame({name: own for name, (_, own) in columns.items()})
    for moments, pose in (
        (ds.required_moment, coordinates),
        ({label: own for label, (_, own) in columns.items()}, coordinates),
        (frame, coordinates),
        (tmp_path / "id.sto", motion),
    ):
        own = bm.static_optimization(gait2392, pose, moments=moments, lower=0.01, reserve=reserves)
        np.testing.assert_allclose(own.activation, ds.activation, atol=1e-7)
        np.testing.assert_allclose(own.reserve_moment, ds.reserve_moment, atol=1e-6)
        assert (own.status == 0).all()
        assert not {"joint_contact_force", "lumbar_compression", "ground_force"} & {*own.data_vars}
    xr.testing.assert_identical(bm.rerun(own), own)
    lazy = bm.static_optimization(gait2392, motion, moments=tmp_path / "id.sto", lower=0.01, reserve=reserves, chunks=7)
    np.testing.assert_array_equal(lazy.activation.compute(), own.activation)


def test_moments_of_one_leg_leave_the_rest_alone(gait2392, pose):
    """Only coordinates that are named are asked of the muscles; the moment arms say whether they give it."""
    asked = {"knee_angle_r": np.array([30.0, -20.0, 5.0]), "ankle_angle_r_moment": -25.0, "hip_flexion_r": 10.0}
    ds = bm.static_optimization(gait2392, pose, moments=asked)
    arms = gait2392.muscle_geometry(**pose).moment_arm.transpose(..., "muscle", "coordinate")
    given = np.einsum("fm,fmc->fc", ds.muscle_force.values, arms.values)
    for name, moment in asked.items():
        k = gait2392.coordinates.index(name.removesuffix("_moment"))
        np.testing.assert_allclose(given[:, k], np.broadcast_to(moment, 3), atol=1e-8)
    others = [name for name in gait2392.coordinates if name not in ("knee_angle_r", "ankle_angle_r", "hip_flexion_r")]
    assert not ds.required_moment.sel(coordinate=others).any()
    assert not ds.activation.sel(muscle=[name for name in gait2392.muscles if name.endswith("_l")]).any()


def test_what_inverse_dynamics_leaves_over_at_the_pelvis_is_not_asked(gait2392, pose):
    joint = {"knee_angle_r": 20.0}
    one = bm.static_optimization(gait2392, pose, moments=joint)
    two = bm.static_optimization(gait2392, pose, moments={**joint, "pelvis_ty_force": 50.0, "pelvis_tilt_moment": 9.0})
    np.testing.assert_array_equal(one.activation, two.activation)
    assert (two.status == 0).all()
    reserved = bm.static_optimization(gait2392, pose, moments={"pelvis_ty": 50.0}, reserve={"pelvis_ty": 10.0})
    np.testing.assert_allclose(reserved.reserve_moment.sel(coordinate="pelvis_ty"), 50.0, atol=1e-9)


def test_a_moment_past_all_strength_is_overloaded(gait2392, pose):
    with pytest.warns(BiomechWarning, match="3 overloaded.*missing at knee_angle_r"):
        ds = bm.static_optimization(gait2392, pose, moments={"knee_angle_r": 5000.0})
    assert (ds.status == 1).all()
    assert (ds.shortfall.sel(coordinate="knee_angle_r") > 1000.0).all()


def row(**columns):
    """A table of one load."""
    return {"loads": pd.DataFrame({"segment": ["torso"], "force_x": [1.0]} | columns)}


def nested():
    """A load whose segment is a list of segments."""
    segment = np.empty(1, dtype=object)
    segment[0] = ["torso"]
    return labelled({"force": [[1.0, 0, 0]]}, segment)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"moments": {"knee_angle_r_force": 1.0}}, "must be knee_angle_r_moment"),
        ({"moments": {"pelvis_ty_moment": 1.0}}, "must be pelvis_ty_force"),
        ({"moments": {"knee": 1.0}}, "knee: no such coordinate"),
        ({"moments": {"knee_angle_r": 1.0, "knee_angle_r_moment": 1.0}}, "knee_angle_r stands twice"),
        ({"moments": {"knee_angle_r": np.nan}}, "moments of knee_angle_r = nan: must be finite"),
        ({"moments": 3.0}, "moments = 3.0: must be a mapping"),
        ({"moments": {}}, "has no coordinate"),
        ({"moments": {"knee_angle_r": 1.0}, "ground_reaction": xr.Dataset()}, "must be None"),
        ({"loads": 3}, "loads = 3: must be a Dataset with force"),
        ({"loads": xr.Dataset({"push": ("axis", [0.0] * 3)})}, "loads: has 'push'"),
        ({"loads": xr.Dataset({"force": ("axis", [0.0] * 3)})}, "loads: has no coordinate segment"),
        ({"loads": labelled({"force": [[1.0, 0, 0]]}, ["arm"])}, "segment of load 0 is 'arm'; must be one of pelvis"),
        (
            {"loads": labelled({"force": [[1.0, 0, 0]]}, ["torso"], force_frame=["arm"])},
            "force_frame of load 0 is 'arm'",
        ),
        ({"loads": labelled({"force": [[np.nan, 0, 0]]}, ["torso"])}, r"loads\.force = nan: must be finite"),
        (
            {"loads": labelled({"force": [[1.0, 0, 0]], "point": [[np.nan, 0, 0]]}, ["torso"])},
            r"loads\.point: must be finite where a force acts",
        ),
        ({"loads": pd.DataFrame({"force_x": [1.0]})}, "has no column 'segment'"),
        ({"loads": pd.DataFrame({"segment": ["torso"] * 2, "force_x": 1.0})}, "tells a load twice"),
        ({"up": "x"}, "up = 'x'"),
        (
            {"moments": xr.DataArray([1.0, 2.0], {"coordinate": ["knee_angle_r"] * 2}, ("coordinate",))},
            "knee_angle_r stands twice",
        ),
        (row(segment=[["torso"]]), r"loads\.segment: has \['torso'\]; must be one label"),
        ({"loads": nested()}, r"segment of load 0 is \['torso'\]; must be one of pelvis"),
        (row(segment=[np.nan]), r"loads\.segment: has nan; must be one label"),
        (row(load=[np.nan]), r"loads\.load: has nan; must be one label"),
        (row(frame=[np.nan]), r"loads\.frame: has nan; must be one label"),
        (row(force_x=["much"]), r"loads\.force_x: is of type (object|str); must be numbers"),
        (row(force_x=[1j]), r"loads\.force_x: is of type complex128; must be numbers"),
        (row(time=[0.0], trial=[1]), "has the columns time, trial; may have"),
        ({"loads": row()["loads"].set_axis([0.5])}, "its index has the name None; must have one"),
        ({"loads": row(frame=[0])["loads"].set_axis([0.5])}, "its index has the name None; must have one"),
        ({"loads": row(frame=[0])["loads"].set_index("frame", drop=False)}, "index has the name 'frame'"),
    ],
)
def test_bad_loads_and_moments_are_refused_by_name(gait2392, pose, given, said):
    with pytest.raises(StanceError, match=said):
        bm.static_optimization(gait2392, pose, **given)


def test_a_file_of_moments_that_is_none(gait2392, pose, tmp_path):
    with pytest.raises(FileError, match="moments: "):
        bm.static_optimization(gait2392, pose, moments=tmp_path / "none.sto")


def test_a_file_of_loads_on_hand_and_feet(gait2392, tmp_path):
    """One file has plates and a crutch; each load goes where it belongs."""
    time = np.arange(6) / 10
    names = [f"{load}_{part}{axis}" for load in ("foot", "crutch") for part in "vp" for axis in "xyz"]
    values = dict(zip(names, [10.0, 600.0, 0.0, 0.05, 0.0, 0.09, 0.0, 90.0, 5.0, 0.1, -0.2, 0.3], strict=True))
    bm.write_storage(
        xr.Dataset({name: ("time", np.full(6, own)) for name, own in values.items()}, {"time": time}),
        tmp_path / "grf.mot", in_degrees=False,
    )  # fmt: skip
    tags = "".join(
        f"<ExternalForce name='{load}'><applied_to_body>{body}</applied_to_body>"
        f"<force_identifier>{load}_v</force_identifier><point_identifier>{load}_p</point_identifier>"
        f"<point_expressed_in_body>{frame}</point_expressed_in_body></ExternalForce>"
        for load, body, frame in (("foot", "calcn_r", "ground"), ("crutch", "torso", "torso"))
    )
    (tmp_path / "loads.xml").write_text(
        f"<ExternalLoads><objects>{tags}</objects><datafile>grf.mot</datafile></ExternalLoads>"
    )
    motion = xr.Dataset({"pelvis_ty": ("time", np.full(6, 0.95)), "knee_angle_r": ("time", -10 * time)}, {"time": time})
    ds = bm.static_optimization(gait2392, motion, tmp_path / "loads.xml", reserve=STRONG)
    np.testing.assert_allclose(ds.ground_force.sel(foot="right", axis="y"), 600.0)
    np.testing.assert_allclose(ds.external_force.sel(segment="torso", axis="y"), 90.0)
    split = bm.read_external_loads(tmp_path / "loads.xml", times=time)
    same = bm.static_optimization(
        gait2392, motion, bm.io.to_ground_reaction(split.isel(load=[0])), loads=split.isel(load=[1]), reserve=STRONG
    )
    np.testing.assert_allclose(same.activation, ds.activation, atol=1e-12)


# --- bodies that lack roles


def test_a_body_without_a_spine_is_answered(gait2392, measured, reserves):  # noqa: F811
    """No joint has the role of L5/S1, no coordinate that of its extension: all else is the same to the bit."""
    names = {"joints": {"lumbosacral": "back"}, "coordinates": {"lumbar_extension": "bend"}}
    other = bm.Model("spineless", with_names(gait2392.tables, names))
    coordinates, ground = measured
    theirs = {names["coordinates"].get(name, name): own for name, own in coordinates.items()}
    reserve = {names["coordinates"].get(name, name): own for name, own in reserves.items()}
    one = bm.static_optimization(gait2392, coordinates, ground, reserve=reserves)
    two = bm.static_optimization(other, theirs, ground, reserve=reserve)
    assert one.activation.values.tobytes() == two.activation.values.tobytes()
    assert "lumbar_compression" not in two
    kept = [name for name in one.joint.values if name != "lumbosacral"]
    assert two.joint.values.tolist() == kept
    np.testing.assert_array_equal(one.joint_contact_force.sel(joint=kept), two.joint_contact_force)
    assert "held: all 25 postures" in str(bm.summary(two))
    with pytest.raises(bm.ModelError, match="none of its joints has the role lumbosacral"):
        bm.sweep(other, pelvic_tilt=0)


@pytest.mark.filterwarnings("default::biomech.errors.BiomechWarning")
def test_a_body_that_has_hardly_any_role_is_answered(gait2392, measured, reserves):  # noqa: F811
    """It floats by no known joint, stands on no known foot, and no joint of it is reported."""
    tables = gait2392.tables
    names = {kind: {name: f"{name} of it" for name in tables[kind].rows} for kind in ("joints", "coordinates")}
    names["segments"] = {name: f"{name} of it" for name in tables["segments"].rows if name != "torso"}
    other = bm.Model("stranger", with_names(tables, names))
    assert dict(other.roles.segments) == {"torso": "torso"}
    coordinates, ground = measured
    theirs = {f"{name} of it": own for name, own in coordinates.items()}
    reserve = {f"{name} of it": own for name, own in reserves.items()}
    feet = xr.Dataset(
        {name: ("load" if own == "segment" else ("frame", "load", "axis"), ground[name].values) for name, own in
         (("force", ""), ("point", ""), ("moment", ""))},
        {"segment": ("load", ["calcn_r of it", "calcn_l of it"])},
    )  # fmt: skip
    one = bm.static_optimization(gait2392, coordinates, ground, reserve=reserves)
    two = bm.static_optimization(other, theirs, loads=feet, reserve=reserve)
    np.testing.assert_allclose(two.activation, one.activation, atol=1e-9)
    assert two.sizes["joint"] == 0
    with pytest.raises(StanceError, match="no segment of role calcn_r, on which the ground acts"):
        bm.static_optimization(other, theirs, ground)
    with pytest.warns(BiomechWarning, match="likely too weak muscles"):
        bm.static_optimization(other, theirs, reserve=1e3)


def test_a_body_without_muscles_says_so(gait2392):
    gone = ("muscles", "path_points", "patellae", "patellar_tendon")
    empty = {name: Table(name, dict.fromkeys(gait2392.tables[name].columns, ())) for name in gone}
    body = bm.Model("bones", {**gait2392.tables, **empty})
    with pytest.raises(bm.ModelError, match="'bones' has no muscles"):
        bm.static_optimization(body, {})


# --- force plates of a C3D file


def test_plates_of_a_laboratory_are_ground_reactions():
    """The wrench about the laboratory's origin is what was measured, whatever the plate's corners and the signs."""
    rng = np.random.default_rng(4)
    corner = np.array(
        [[[0.4, 0.6, 0], [0, 0.6, 0], [0, 0, 0], [0.4, 0, 0]], [[0.9, 0, 0], [0.9, 0.6, 0], [0.5, 0.6, 0], [0.5, 0, 0]]]
    )
    force, moment = rng.normal(0, 40, (5, 2, 3)), rng.normal(0, 20, (5, 2, 3))
    force[..., 2] = rng.uniform(200, 700, (5, 2))
    force[2, 1] = 0.0
    middle = corner.mean(axis=1)
    for sign in (1.0, -1.0):
        labels = {"analog_time": np.arange(5) / 10, "plate": ["plate_1", "plate_2"], "axis": list("xyz")}
        dims = ("analog_time", "plate", "axis")
        ds = xr.Dataset({"force": (dims, sign * force), "plate_moment": (dims, sign * moment),
                         "corner": (("plate", "corner_number", "axis"), corner)}, labels)  # fmt: skip
        found = bm.io.plates_to_ground_reaction(ds, {"plate_1": "left", "plate_2": "right"})
        for plate, foot in enumerate(("left", "right")):
            f, p, m = (found[name].sel(foot=foot).values for name in ("force", "point", "moment"))
            back = [np.stack([own[:, 0], -own[:, 2], own[:, 1]], axis=1) for own in (f, p, m)]
            loaded = np.flatnonzero(force[:, plate, 2])
            np.testing.assert_allclose(back[0][loaded], force[loaded, plate], atol=1e-9)
            about = np.cross(back[1] - middle[plate], back[0]) + back[2]
            np.testing.assert_allclose(about[loaded], moment[loaded, plate], atol=1e-9)
            np.testing.assert_allclose(back[1][loaded, 2], 0.0, atol=1e-12)  # on the plate
            np.testing.assert_allclose(back[2][loaded, :2], 0.0, atol=1e-9)  # about its normal alone
        assert found.point.sel(foot="right")[2].isnull().all()
        both = bm.io.plates_to_ground_reaction(ds, {"plate_1": "left", "plate_2": "left"})
        np.testing.assert_allclose(both.force.sel(foot="left", axis="y"), force[..., 2].sum(axis=1))
        assert not both.force.sel(foot="right").any()
    for feet, said in (({"plate_9": "left"}, "plate_9"), ({"plate_1": "nose"}, "nose"), ({}, "must name one plate")):
        with pytest.raises(StanceError, match=said):
            bm.io.plates_to_ground_reaction(ds, feet)


def test_a_plate_that_lies_across_another_axis_is_refused_and_units_are_converted():
    corner = np.array([[[0.4, 0.6, 0], [0, 0.6, 0], [0, 0, 0], [0.4, 0, 0]]])
    dims = ("analog_time", "plate", "axis")
    parts = {"force": (dims, [[[0, 0, -686.0]]]), "plate_moment": (dims, [[[0, 34.3, 0]]]),
             "corner": (("plate", "corner_number", "axis"), corner)}  # fmt: skip
    ds = xr.Dataset(parts, {"analog_time": [0.0], "plate": ["p"], "axis": list("xyz")})
    with pytest.raises(StanceError, match=r"up = 'y': must be the axis that points upward; .* across z"):
        bm.io.plates_to_ground_reaction(ds, {"p": "left"}, up="y")
    right = bm.io.plates_to_ground_reaction(ds, {"p": "left"})
    assert not np.signbit(right.force.sel(foot="left")).any()
    units = {"force": (1e-3, "kN"), "plate_moment": (1e3, "N.mm"), "corner": (1e3, "mm")}
    said = ds.assign({name: (size * ds[name]).assign_attrs(units=unit) for name, (size, unit) in units.items()})
    xr.testing.assert_allclose(bm.io.plates_to_ground_reaction(said, {"p": "left"}), right)
    said.corner.attrs["units"] = "inch"
    with pytest.raises(StanceError, match="ds: corner: has units 'inch'"):
        bm.io.plates_to_ground_reaction(said, {"p": "left"})


def test_the_index_of_a_table_tells_frames_and_loads(gait2392, pose):
    table = pd.DataFrame(
        {"frame": [0, 1, 2] * 2, "load": list("aaabbb"), "segment": "torso", "force_x": np.arange(6.0), "point_y": 0.1}
    )
    right = bm.static_optimization(gait2392, pose, loads=table, reserve=STRONG)
    np.testing.assert_array_equal(right.external_force.sel(segment="torso", axis="x"), [3.0, 5.0, 7.0])
    for index in (["frame"], ["frame", "load"]):
        found = bm.static_optimization(gait2392, pose, loads=table.set_index(index), reserve=STRONG)
        np.testing.assert_array_equal(found.external_force, right.external_force)


def test_moments_of_a_file_that_stand_twice_are_refused(gait2392, pose, tmp_path):
    path = tmp_path / "twice.sto"
    lines = "twice\nversion=1\nnRows=1\nnColumns=3\ninDegrees=no\nendheader\n"
    path.write_text(lines + "time\tknee_angle_r\tknee_angle_r_moment\n0\t1\t2\n")
    with pytest.raises(StanceError, match="moments: knee_angle_r stands twice"):
        bm.static_optimization(gait2392, pose, moments=path)


@pytest.mark.parametrize("kind", [lambda own, attrs: xr.Variable("frame", own, attrs), "Series"])
def test_units_of_what_is_no_data_array(gait2392, pose, kind):
    def series(own, attrs):
        found = pd.Series(own)
        found.attrs = attrs
        return found

    tell = series if kind == "Series" else kind
    angle = np.array([-20.0, -30.0, -40.0])
    right = bm.static_optimization(
        gait2392, {**pose, "knee_angle_r": angle}, moments={"ankle_angle_r": 5.0 * np.ones(3)}, reserve=STRONG
    )
    found = bm.static_optimization(
        gait2392,
        {**pose, "knee_angle_r": tell(np.radians(angle), {"units": "rad"})},
        moments={"ankle_angle_r": tell(5e3 * np.ones(3), {"units": "N.mm"})},
        reserve=STRONG,
    )
    np.testing.assert_allclose(found.activation, right.activation, atol=1e-9)
    np.testing.assert_allclose(found.coordinate_angle, right.coordinate_angle, atol=1e-12)


def test_loads_on_feet_need_no_frames_and_may_go_by_roles(gait2392, pose):
    """Where frames are not told they are ground; without point a force acts at the origin of its foot."""
    time = {"time": [0.0, 0.1, 0.2]}
    moving = {name: xr.DataArray(own, time, ("time",)) for name, own in pose.items()}
    rng = np.random.default_rng(8)
    dims = ("time", "load", "axis")
    parts = {"force": (dims, rng.normal(0, 40, (3, 2, 3))), "point": (dims, rng.normal(0, 0.1, (3, 2, 3)))}
    bare = xr.Dataset(parts, {**time, "axis": list("xyz"), "segment": ("load", ["calcn_l", "calcn_r"])})
    told = bare.assign_coords(force_frame=("load", ["ground"] * 2), point_frame=("load", ["ground"] * 2))
    still = bare.assign(moment=(("load", "axis"), [[0.0, 1.0, 0.0]] * 2))
    right, found, turned = (
        bm.static_optimization(gait2392, moving, own, reserve=STRONG) for own in (told, bare, still)
    )
    xr.testing.assert_identical(found.ground_force, right.ground_force)
    np.testing.assert_array_equal(found.activation, right.activation)
    np.testing.assert_allclose(found.ground_force.sel(foot="left"), parts["force"][1][:, 0])
    np.testing.assert_allclose(turned.plate_moment.sel(axis="y"), 1.0)


def test_moments_of_what_is_no_coordinate_are_named_as_moments(small):
    with pytest.raises(StanceError, match=r"moments: knee_r: no such coordinate \(did you mean"):
        bm.static_optimization(small, {"pelvis_ty": 0.9}, moments={"knee_r": 3.0})


@pytest.mark.parametrize(("angle", "told"), [(60.0, True), (300.0, False)])
def test_an_angle_that_is_counted_the_other_way_round_is_told_so(small, angle, told):
    with pytest.raises(StanceError, match="no body could reach it") as refused:
        bm.static_optimization(small, {"pelvis_ty": 0.9, "knee_angle_r": angle})
    assert (f"{-angle:g} deg is within" in str(refused.value)) == told
