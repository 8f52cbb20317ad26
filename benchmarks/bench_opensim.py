"""Static optimisation beside OpenSim's on the same geometry in one run: of the same frames and ground reactions, and of
stances on the whole way, in which the posture and the ground reactions are found as well.

Needs the package ``opensim`` (``pip install biomech[peers]``) and the model file, whose path is given by the
environment variable BIOMECH_OSIM: gait2392_thelen2003muscle.osim, from OpenSim's model collection.
"""

import os
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import biomech as bm

REFERENCE = Path(__file__).parents[1] / "tests" / "reference"
MODEL = os.environ.get("BIOMECH_OSIM", "")
DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<OpenSimDocument Version="40000">{}</OpenSimDocument>"""
LOADS = "<ExternalLoads name='grf'><objects>{forces}</objects><datafile>{data}</datafile></ExternalLoads>"
FORCE = """<ExternalForce name="{side}"><applied_to_body>calcn_{side}</applied_to_body>
<force_expressed_in_body>ground</force_expressed_in_body><point_expressed_in_body>ground</point_expressed_in_body>
<force_identifier>{side}_v</force_identifier><point_identifier>{side}_p</point_identifier>
<torque_identifier>{side}_t</torque_identifier></ExternalForce>"""
RESERVES = "<ForceSet name='reserves'><objects>{}</objects></ForceSet>"
RESERVE = """<CoordinateActuator name="reserve_{name}"><coordinate>{name}</coordinate>
<optimal_force>{force}</optimal_force><min_control>-10000</min_control><max_control>10000</max_control>
</CoordinateActuator>"""
SETUP = """<AnalyzeTool name="peer"><model_file>{model}</model_file><replace_force_set>false</replace_force_set>
<force_set_files>{folder}/reserves.xml</force_set_files><results_directory>{folder}</results_directory>
<initial_time>{first}</initial_time><final_time>{last}</final_time>
<AnalysisSet><objects><StaticOptimization name="StaticOptimization"><on>true</on><start_time>{first}</start_time>
<end_time>{last}</end_time><step_interval>1</step_interval><in_degrees>false</in_degrees>
<use_model_force_set>true</use_model_force_set><activation_exponent>2</activation_exponent>
<use_muscle_physiology>true</use_muscle_physiology>
<optimizer_convergence_criterion>1e-8</optimizer_convergence_criterion>
<optimizer_max_iterations>1000</optimizer_max_iterations></StaticOptimization></objects></AnalysisSet>
<external_loads_file>{folder}/loads.xml</external_loads_file><coordinates_file>{coordinates}</coordinates_file>
<lowpass_cutoff_frequency_for_coordinates>-1</lowpass_cutoff_frequency_for_coordinates></AnalyzeTool>"""


def table(path):
    """Columns of a .mot file."""
    lines = path.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("time"))
    values = np.array([[float(v) for v in line.split()] for line in lines[start + 1 :]])
    return dict(zip(lines[start].split(), values.T, strict=True))


def frames():
    """Coordinates and ground reactions of 25 standing frames."""
    coordinates, ground = table(REFERENCE / "so_coords.mot"), table(REFERENCE / "so_grf.mot")
    dims = ("frame", "foot", "axis")

    def vectors(kind):
        return np.stack([np.stack([ground[f"{s}_{kind}{a}"] for a in "xyz"], axis=-1) for s in "rl"], axis=1)

    reactions = xr.Dataset({name: (dims, vectors(k)) for name, k in (("force", "v"), ("point", "p"), ("moment", "t"))})
    names = bm.load_model("gait2392").coordinates
    return {name: coordinates[name] for name in names if name in coordinates}, reactions


def by_opensim(folder):
    """Time per frame of OpenSim's StaticOptimization, in seconds."""
    import opensim

    opensim.Logger.setLevelString("Off")

    def write(name, text):
        (folder / name).write_text(DOCUMENT.format(text))

    coordinates, names = REFERENCE / "so_coords.mot", bm.load_model("gait2392").coordinates
    times = table(coordinates)["time"]
    forces = "".join(FORCE.format(side=side) for side in "rl")
    write("loads.xml", LOADS.format(forces=forces, data=REFERENCE / "so_grf.mot"))
    strength = {name: 10.0 if name.startswith("pelvis") else 1.0 for name in names}
    reserves = "".join(RESERVE.format(name=name, force=force) for name, force in strength.items())
    write("reserves.xml", RESERVES.format(reserves))
    span = {"first": times[0], "last": times[-1]}
    write("setup.xml", SETUP.format(model=MODEL, folder=folder, coordinates=coordinates, **span))
    tool = opensim.AnalyzeTool(str(folder / "setup.xml"))
    start = time.perf_counter()
    assert tool.run()
    return (time.perf_counter() - start) / len(times)


@pytest.mark.skipif(not Path(MODEL).is_file(), reason="BIOMECH_OSIM does not name OpenSim's gait2392 model file")
@pytest.mark.parametrize("way", ["same frames", "whole way"])
def test_beside_opensim(benchmark, tmp_path, way):
    pytest.importorskip("opensim", reason="the package opensim is not installed")
    model, (coordinates, ground) = bm.load_model("gait2392"), frames()
    theirs = by_opensim(tmp_path)
    copies = 200
    many = {name: np.tile(value, copies) for name, value in coordinates.items()}
    reactions = xr.concat([ground] * copies, "frame")
    reserve = {name: 10.0 if name.startswith("pelvis") else 1.0 for name in model.coordinates}
    if way == "same frames":
        ds = benchmark(bm.static_optimization, model, many, reactions, lower=0.01, reserve=reserve)
    else:
        feet, knees, weights = np.linspace(0, 40, 32), np.linspace(0, 30, 16), np.linspace(0.3, 0.6, 16)
        stances = {"foot_rotation": feet, "knee_flexion": knees, "weight_shift": weights}
        ds = benchmark(bm.sweep, model, pelvic_tilt=3, **stances)
    benchmark.extra_info |= {"opensim_milliseconds_per_frame": 1e3 * theirs, "optimal": int((ds.status == 0).sum())}
    if not benchmark.disabled:
        ours = benchmark.stats.stats.min / ds.status.size
        benchmark.extra_info |= {"microseconds_per_posture": 1e6 * ours, "times_faster": theirs / ours}
