import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from reference_tables import motion, rows
from test_equilibrium import frames, spans

import biomech as bm
from biomech.errors import BiomechWarning, StanceError


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


def in_trials(measured):
    """The same frames along labelled times of two trials, with a phase of every time, one foot in the air."""
    coordinates, ground = measured
    folded = {"time": np.arange(12) / 100.0, "trial": ["a", "b"], "phase": ("time", [f"p{k}" for k in range(12)])}
    force, point, moment = (
        xr.DataArray(ground[name].values[:24].reshape(2, 12, 2, 3).copy(), folded, ("trial", "time", "foot", "axis"))
        for name in ("force", "point", "moment")
    )
    force[0, 3, 1], point[0, 3, 1] = 0.0, np.nan
    angles = {name: (("trial", "time"), values[:24].reshape(2, 12)) for name, values in coordinates.items()}
    return xr.Dataset(angles, folded), xr.Dataset({"force": force, "point": point, "moment": moment})


def test_an_answer_runs_again_to_the_bit(gait2392, measured, reserves, found, tmp_path):
    """Whatever the labels, from the answer itself, from a file, from a part of it, and where it is lazy."""
    sharing = {"lower": 0.01, "reserve": reserves, "strength": "isometric", "criterion": bm.Power(3)}
    folded = bm.static_optimization(gait2392, *in_trials(measured), **sharing)
    assert folded.phase.dims == ("time",)
    assert folded.center_of_pressure.sel(foot="left", trial="a")[3].isnull().all()
    for ds in (found, folded):
        xr.testing.assert_identical(bm.rerun(ds, threads=2), ds)
        ds.to_netcdf(tmp_path / "own.nc", engine="h5netcdf")
        xr.testing.assert_identical(bm.rerun(tmp_path / "own.nc").drop_attrs(), ds.drop_attrs())
    part = folded.isel(time=[7, 2])
    np.testing.assert_array_equal(bm.rerun(part).activation, part.activation)
    lazy = bm.static_optimization(gait2392, *in_trials(measured), **sharing, chunks={"time": 5})
    xr.testing.assert_identical(bm.rerun(lazy).drop_attrs(), folded.drop_attrs())


def test_what_was_measured_comes_back(gait2392, measured, found):
    coordinates, ground = measured
    for name, values in coordinates.items():
        np.testing.assert_array_equal(bm.pose(found)[name], values)
    for theirs, ours in (("force", "ground_force"), ("point", "center_of_pressure"), ("moment", "plate_moment")):
        np.testing.assert_array_equal(found[ours], ground[theirs])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda ds: ds.drop_vars("plate_moment"), "ds: has no 'plate_moment' any more, of what was measured"),
        (
            lambda ds: ds.drop_vars("coordinate"),
            "cannot be computed again: ds: must have the variable coordinate_angle",
        ),
        (lambda ds: ds.assign(coordinate_angle=ds.coordinate_angle + 999), "cannot be computed again: .* no body"),
        (lambda ds: ds.assign_attrs(study=ds.attrs["study"].replace('"lower": 0.01', '"lower": "x"')), "no record"),
        (lambda ds: ds.assign_attrs(study=ds.attrs["study"].replace('"pelvis_tx": 10.0', '"hm": 1')), "no such coord"),
    ],
)
def test_what_cannot_run_again_is_told(found, change, said):
    with pytest.raises(bm.StudyError, match=said):
        bm.rerun(change(found))


def test_other_numbers_are_told(found):
    other = found.assign(muscle_force=found.muscle_force + 1.0)
    with pytest.warns(BiomechWarning, match=r"numbers differ: muscle_force by 1\.0e\+00 of .*; what differs: nothing"):
        bm.rerun(other)
    with pytest.raises(StanceError, match=r"to = .*: must be None for an answer of static_optimization"):
        bm.rerun(found, to="other.zarr")


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


# --- labels, and data as they come from a laboratory


def plates(model, parts=(0.5, 1.0, 1.5), dim="frame", labels=(0, 1, 2)):
    """Vertical forces, parts of half the weight on each foot, along one dimension."""
    force, point = np.zeros((2, len(parts), 2, 3))
    force[..., 1] = model.body_mass * model.value("settings/gravity") / 2 * np.array(parts)[:, None]
    point[...] = [[-0.06, 0.0, 0.09], [-0.06, 0.0, -0.09]]
    dims = (dim, "foot", "axis")
    coords = {"foot": ["right", "left"], "axis": list("xyz")} | ({} if labels is None else {dim: list(labels)})
    return xr.Dataset({"force": (dims, force), "point": (dims, point)}, coords=coords)


def labelled(values, dim, labels):
    return xr.DataArray(values, dims=dim, coords={dim: labels})


FREE = pytest.mark.filterwarnings("ignore::biomech.errors.BiomechWarning")


@FREE
def test_frames_pair_by_their_labels_and_come_back(gait2392):
    hip = labelled([20.0, 10.0, 0.0], "frame", [2, 1, 0])
    ds = bm.static_optimization(gait2392, {"pelvis_ty": 0.95, "hip_flexion_r": hip}, plates(gait2392), reserve=50.0)
    required = ds.required_moment.sel(coordinate="hip_flexion_r", frame=[0, 1, 2])
    np.testing.assert_allclose(required, [-1.2268, 5.4031, 11.7490], atol=1e-4)
    with pytest.raises(StanceError, match=r"ground_reaction.force: has no frame 0, which hip_flexion_r has"):
        bm.static_optimization(gait2392, {"hip_flexion_r": hip}, plates(gait2392, labels=(1, 2, 3)))
    with pytest.raises(StanceError, match=r"ground_reaction.force: has no labels along frame"):
        bm.static_optimization(gait2392, {"hip_flexion_r": hip}, plates(gait2392, labels=None))


@FREE
def test_dimensions_of_the_caller_come_back(gait2392):
    times = labelled([20.0, 10.0, 0.0], "time", [0.2, 0.1, 0.0]).assign_coords(subject="A", phase=("time", list("cba")))
    trials = labelled([-5.0, -10.0], "trial", ["first", "second"])
    ground = plates(gait2392, dim="time", labels=(0.0, 0.1, 0.2))
    pose = {"pelvis_ty": 0.95, "hip_flexion_r": times, "knee_angle_r": trials}
    ds = bm.static_optimization(gait2392, pose, ground, reserve=50.0)
    assert ds.activation.dims == ("time", "trial", "muscle")
    assert ds.trial.values.tolist() == ["first", "second"]
    assert str(ds.subject.values) == "A"
    assert ds.phase.sel(time=0.2).item() == "c"
    for time in (0.0, 0.2):
        pose = {"pelvis_ty": 0.95, "hip_flexion_r": float(times.sel(time=time)), "knee_angle_r": -10.0}
        one = bm.static_optimization(gait2392, pose, ground.sel(time=time), reserve=50.0)
        here = ds.activation.sel(time=time, trial="second")
        np.testing.assert_allclose(here, one.activation[0], atol=1e-10)


@pytest.mark.parametrize("name", ["status", "activation", "muscle", 3, "coordinate"])
def test_dimensions_that_the_answer_uses_are_refused(gait2392, name):
    with pytest.raises(StanceError, match=f"knee_angle_r: dimension {name!r}"):
        bm.static_optimization(gait2392, {"knee_angle_r": xr.DataArray([0.0, -1.0], dims=[name])}, plates(gait2392))


def test_reserves_go_by_name(gait2392):
    series = xr.DataArray([3.0, 2.0], dims="c", coords={"c": ["pelvis_ty", "hip_flexion_r"]})
    ground = plates(gait2392, (1.0,), labels=None)
    one, other, named = (
        bm.static_optimization(gait2392, {"pelvis_ty": 0.95}, ground, reserve=reserve)
        for reserve in (series, series.to_series(), {"hip_flexion_r": 2.0, "pelvis_ty": 3.0})
    )
    np.testing.assert_array_equal(one.reserve_moment, named.reserve_moment)
    np.testing.assert_array_equal(other.reserve_moment, named.reserve_moment)


@FREE
def test_free_moments_are_meant_and_what_is_not_known_is_refused(gait2392):
    ground = plates(gait2392)
    pose = {"pelvis_ty": 0.95}
    ds = bm.static_optimization(gait2392, pose, ground.assign(free_moment=("foot", [40.0, 0.0])), reserve=50.0)
    np.testing.assert_allclose(ds.required_moment.sel(coordinate="pelvis_rotation"), -40.0)
    with pytest.raises(StanceError, match=r"has 'torque' .did you mean 'moment'"):
        bm.static_optimization(gait2392, pose, ground.assign(torque=ground.force))


def test_a_foot_in_the_air_has_no_center_of_pressure(gait2392):
    stance = bm.sweep(gait2392, pelvic_tilt=0, support="right")
    assert np.isnan(stance.center_of_pressure.sel(foot="left")).all()
    ground = xr.Dataset({"force": stance.ground_force, "point": stance.center_of_pressure,
                         "free_moment": stance.free_moment})  # fmt: skip
    pose = dict(bm.pose(stance))
    ds = bm.static_optimization(gait2392, pose, ground, reserve=0.1)
    assert ds.status.item() == 0
    pelvis = [name for name in gait2392.coordinates if name.startswith("pelvis")]
    assert float(np.abs(ds.reserve_moment.sel(coordinate=pelvis)).max()) < 1e-6
    ground = plates(gait2392)
    ground["point"][1, 1, 2] = np.nan
    with pytest.raises(StanceError, match=r"ground_reaction.point: .* NaN at frame 1, foot left, axis z"):
        bm.static_optimization(gait2392, {"pelvis_ty": 0.95}, ground)


@pytest.mark.parametrize(("change", "cause"), [
    (lambda c, g: (c, g.assign(force=-g.force)), "the other sign"),
    (lambda c, g: (c, g.assign(point=1000 * g.point)), "points in mm"),
    (lambda c, g: (c, g.assign(force=g.force.roll(axis=1), point=g.point.roll(axis=1))), "vertical axis is z"),
    (lambda c, g: (c, g.assign_coords(foot=["left", "right"])), "swapped feet"),
    (lambda c, g: ({k: v if k[-3:-1] == "_t" else np.radians(v) for k, v in c.items()}, g), "angles in radians"),
    (lambda c, g: (c, g.assign(force=0.7 * g.force)), "the plates carry 70 % of the body weight"),
])  # fmt: skip
def test_plausible_garbage_is_said_with_its_cause(gait2392, measured, change, cause):
    coordinates, ground = change(*measured)
    with pytest.warns(BiomechWarning, match=f"the reserve of .* gives up to .*{cause}"):
        bm.static_optimization(gait2392, coordinates, ground, lower=0.01, reserve=50.0)


def test_coordinates_out_of_range_are_named_or_refused(gait2392):
    ground = plates(gait2392, (1.0,), labels=None)
    ds = bm.static_optimization(gait2392, {"pelvis_ty": 0.95, "knee_angle_r": [5.0, 12.0]}, ground)
    assert ds.valid.sel(coordinate="knee_angle_r").values.tolist() == [True, False]
    assert ds.valid.drop_sel(coordinate="knee_angle_r").all()
    for name, value in (("knee_angle_r", 60.0), ("pelvis_ty", 950.0), ("pelvis_ty", 1e300)):
        with pytest.raises(StanceError, match=f"{name} = {value:g}".replace("+", r"\+")):
            bm.static_optimization(gait2392, {name: value}, ground)


@pytest.mark.parametrize("coordinates", [None, [1.0], {"knee_angle_r": np.ma.array([1.0, 2.0], mask=[0, 1])}])
def test_what_is_no_motion_is_refused(gait2392, coordinates):
    with pytest.raises(StanceError, match=r"^(coordinates|knee_angle_r) = "):
        bm.static_optimization(gait2392, coordinates, plates(gait2392))


def test_unequal_frames_and_three_feet_are_refused(gait2392):
    ground = plates(gait2392)
    with pytest.raises(StanceError, match=r"ground_reaction.force: foot is"):
        bm.static_optimization(gait2392, {}, ground.isel(foot=[0, 1, 0]))
    short = xr.Dataset({"force": ground.force, "point": ground.point.isel(frame=[0, 1]).rename(frame="other")})
    with pytest.raises(StanceError, match=r"ground_reaction.point: has frames along"):
        bm.static_optimization(gait2392, {}, short)


def test_frames_that_cannot_be_held_leave_the_others_as_they_are(gait2392, measured, reserves):
    """What the kernel leaves to the patient solver comes back into its place, and into no other."""
    coordinates, ground = measured
    pelvis = {name: 1e3 for name in reserves if name.startswith("pelvis")}
    third = np.arange(25) % 3 == 1

    def loaded(times):
        load = xr.DataArray(np.broadcast_to(times, 25), dims="frame")
        return bm.static_optimization(gait2392, coordinates, ground.assign(force=load * ground.force), reserve=pelvis)

    light, heavy, mixed = loaded(1.0), loaded(30.0), loaded(np.where(third, 30.0, 1.0))
    assert (light.status == 0).all()
    assert (heavy.status == 1).any()
    for name, values in mixed.data_vars.items():
        np.testing.assert_array_equal(values[~third], light[name][~third], err_msg=name)
        np.testing.assert_array_equal(values[third], heavy[name][third], err_msg=name)


def test_threads_and_progress_change_no_answer(gait2392, capsys):
    pose = {"pelvis_ty": 0.95, "hip_flexion_r": np.linspace(0.0, 20.0, 1100)}
    ground = plates(gait2392, (1.0,), labels=None)
    alone = bm.static_optimization(gait2392, pose, ground, reserve=100.0, progress=False)
    assert not capsys.readouterr().err
    shown = bm.static_optimization(gait2392, pose, ground, reserve=100.0, threads=2, progress=True)
    assert "1100/1100" in capsys.readouterr().err
    xr.testing.assert_identical(shown, alone)
    for name, value in (("threads", 0), ("progress", "yes")):
        with pytest.raises(StanceError, match=f"^{name} = "):
            bm.static_optimization(gait2392, pose, ground, **{name: value})


def test_frames_are_solved_in_blocks(gait2392):
    """The memory that is needed at once is little more than the answer."""
    count = 5000
    pose = {"pelvis_ty": 0.95, "hip_flexion_r": np.linspace(0.0, 20.0, count)}
    tracemalloc.start()
    ds = bm.static_optimization(gait2392, pose, plates(gait2392, (1.0,), labels=None))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ds.sizes["frame"] == count
    assert peak < 45e6 + 1.5 * ds.nbytes  # a block needs about 40 MB, whatever the number of frames


# --- a trial that lies in files


@pytest.fixture
def trial(gait2392, measured, tmp_path):
    """The reference frames as files: a motion, its forces at other times, and what says where they act."""
    coordinates, ground = measured
    time = np.arange(25) / 100.0
    motion = xr.Dataset({name: ("time", values) for name, values in coordinates.items()}, {"time": time})
    bm.write_storage(motion.assign_attrs(inDegrees="yes"), tmp_path / "ik.mot")
    columns = {
        f"{side}_{letter}{axis}": ("time", ground[name].sel(foot=foot, axis=axis).values)
        for side, foot in (("r", "right"), ("l", "left"))
        for letter, name in (("v", "force"), ("p", "point"), ("t", "moment"))
        for axis in "xyz"
    }
    bm.write_storage(xr.Dataset(columns, {"time": time}), tmp_path / "grf.mot", in_degrees=False)
    forces = "".join(
        f"<ExternalForce name='{side}'><applied_to_body>calcn_{side}</applied_to_body>"
        "<force_expressed_in_body>ground</force_expressed_in_body>"
        "<point_expressed_in_body>ground</point_expressed_in_body>"
        f"<force_identifier>{side}_v</force_identifier><point_identifier>{side}_p</point_identifier>"
        f"<torque_identifier>{side}_t</torque_identifier></ExternalForce>"
        for side in "rl"
    )
    (tmp_path / "loads.xml").write_text(
        f"<OpenSimDocument Version='40000'><ExternalLoads><objects>{forces}</objects>"
        "<datafile>grf.mot</datafile></ExternalLoads></OpenSimDocument>"
    )
    return tmp_path


def test_a_trial_in_files_is_one_call(gait2392, measured, reserves, found, trial):
    """From paths, from what was read of them, and with each of the two given otherwise."""
    coordinates, ground = measured
    sharing = {"lower": 0.01, "reserve": reserves}
    whole = bm.static_optimization(gait2392, trial / "ik.mot", str(trial / "loads.xml"), **sharing)
    np.testing.assert_array_equal(whole.time, np.arange(25) / 100.0)
    np.testing.assert_allclose(whole.activation.values, found.activation.values, atol=1e-9)
    loads = bm.read_external_loads(trial / "loads.xml")
    for angles, forces in (
        (bm.read_storage(trial / "ik.mot"), loads),
        (bm.read_storage(trial / "ik.mot", model=gait2392), trial / "loads.xml"),
        ({name: ("time", values)[1] for name, values in coordinates.items()}, ground),
    ):
        ds = bm.static_optimization(gait2392, angles, forces, **sharing)
        np.testing.assert_allclose(ds.activation.values, whole.activation.values, atol=1e-9)


def test_a_file_in_radians_at_other_times_and_filtered(gait2392, measured, reserves, found, trial):
    motion = bm.read_storage(trial / "ik.mot")
    turns = gait2392.compiled().is_rotation
    angles = {name for name, turn in zip(gait2392.coordinates, turns, strict=True) if turn}
    radians = motion.map(lambda own: np.radians(own) if own.name in angles else own, keep_attrs=True)
    bm.write_storage(radians.isel(time=slice(3, 20)).assign_attrs(inDegrees="no"), trial / "ik.mot")
    ds = bm.static_optimization(gait2392, trial / "ik.mot", trial / "loads.xml", lower=0.01, reserve=reserves)
    np.testing.assert_allclose(ds.activation.values, found.activation.values[3:20], atol=1e-7)
    smooth = bm.static_optimization(gait2392, trial / "ik.mot", trial / "loads.xml", reserve=100.0, lowpass=10.0)
    assert float(smooth.ground_force.diff("time").std()) < float(ds.ground_force.diff("time").std())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"coordinates": "gone.mot"}, r"coordinates: path = .*gone\.mot.*no such file"),
        ({"ground_reaction": "gone.xml"}, r"ground_reaction: .*gone\.xml.*no such file"),
        ({"ground_reaction": "ik.mot"}, "ground_reaction: .*ik.mot.*must be the ExternalLoads file"),
        ({"lowpass": -1.0}, "lowpass = -1.0"),
        ({"lowpass": True}, "lowpass = True"),
    ],
)
def test_files_that_are_none_are_named(gait2392, trial, change, said):
    paths = {"coordinates": "ik.mot", "ground_reaction": "loads.xml"}
    given = {**paths, **change}
    given = {name: trial / own if isinstance(own, str) else own for name, own in given.items()}
    with pytest.raises(bm.BiomechError, match=said):
        bm.static_optimization(gait2392, **given)


def test_a_filter_is_for_files_alone(gait2392, measured):
    with pytest.raises(StanceError, match="lowpass: is for files"):
        bm.static_optimization(gait2392, *measured, lowpass=6.0)


def test_what_a_file_lacks_is_said(gait2392, reserves, trial):
    motion = bm.read_storage(trial / "ik.mot").drop_vars("hip_rotation_r").assign(sway=("time", np.zeros(25)))
    bm.write_storage(motion, trial / "ik.mot")
    with pytest.warns(BiomechWarning, match=r"has no hip_rotation_r: at their default.*not used.*: sway"):
        bm.static_optimization(gait2392, trial / "ik.mot", trial / "loads.xml", reserve=reserves)
