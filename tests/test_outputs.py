"""One declaration per output: everything that is known of a variable follows from it."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import plug_in_output
import pytest
import xarray as xr
from test_bushings import with_links

import biomech as bm
from biomech.analysis.output.glossary import TABLES, sweep_table, with_tables
from biomech.analysis.output.policy_variables import POLICY_OUTPUTS, POLICY_VARIABLES
from biomech.analysis.output.variables import (
    GIVEN,
    OutputVariable,
    declared_outputs,
    describing,
    register,
    unregister,
)
from biomech.pipeline import pipeline_kernel, status
from biomech.pipeline.output_declaration import ALONG
from biomech.pipeline.pipeline_kernel import OutputMaps, ResultArrays
from biomech.pipeline.result_schema import OUTPUTS_OF, RAW, RAW_OUTPUTS, column_of, result_columns
from biomech.sharing import LoadSharingProblem, Power, solve
from biomech.sharing.limiting import limiting_unknowns

ROOT = Path(__file__).parents[1]


def difference(solved):
    force = solved["ground_force"]
    return force[:, 0, 1] - force[:, 1, 1]


ASYMMETRY = OutputVariable(
    "ground_asymmetry",
    (),
    "N",
    "vertical ground force under the right foot less that under the left",
    sign="positive where the right foot carries more",
    frame="ground",
    needs=("ground_force",),
    value=difference,
)


@pytest.fixture
def registered():
    """Variables that are added for one test."""
    added = []

    def add(variable):
        added.append(register(variable).name)
        return variable

    yield add
    for name in added:
        unregister(name)


# the kernel and the declarations


def test_the_kernels_arrays_are_those_that_are_declared():
    assert set(ResultArrays._fields) == set(OUTPUTS_OF)
    assert OutputMaps._fields == ResultArrays._fields
    assert len(RAW) == len(RAW_OUTPUTS)


def test_the_kernels_columns_are_those_that_are_declared(adult):
    named = {
        "cost": pipeline_kernel.COST,
        "equilibrium_residual": pipeline_kernel.RESIDUAL,
        "duality_gap": pipeline_kernel.GAP,
        "status": pipeline_kernel.STATUS,
        "valid": pipeline_kernel.VALID,
        "limiting_muscle": pipeline_kernel.LIMITING,
        "abdominal_pressure": pipeline_kernel.ABDOMEN,
        "lumbar_tissue_force": pipeline_kernel.TISSUE,
    }
    assert {output.name: column_of(output.name) for output in OUTPUTS_OF["certificate"]} == named
    columns = result_columns(adult)
    assert columns["certificate"] == pipeline_kernel.CERTIFICATE == len(named)
    assert columns["pressure"] == 2 * pipeline_kernel.PRESSURE


@pytest.mark.parametrize("output", RAW_OUTPUTS, ids=lambda output: output.name)
def test_a_raw_output_is_declared_without_contradiction(output):
    assert {other.along for other in OUTPUTS_OF[output.array]} == {output.along}
    assert output.along in ALONG
    assert output.parts == len(output.symmetry.midline) == (3 if output.dims[-1:] == ("axis",) else 1)
    assert [dim for dim in output.dims if dim != "axis"] == {"body": [], "knee": ["foot"]}.get(
        output.along, [output.along]
    )


def test_half_a_body_says_what_a_whole_one_does(adult):
    """The maps of mirror images, against a body that is solved whole because one muscle is a little stronger."""
    strength = adult.value("muscles/soleus_r/max_isometric_force")
    whole = adult.replace({"muscles/soleus_r/max_isometric_force": strength * (1 + 1e-12)})
    assert adult.is_symmetric
    assert not whole.is_symmetric
    asked = {"pelvic_tilt": 4, "foot_rotation": [0, 40], "trunk_lean": [0, 30], "strength": "force_length"}
    seat = {"pelvic_tilt": 0, "support": "seat", "knee_flexion": [85, 90]}
    loaded = {"knee_flexion": 60, "load_mass": 20.0, "load_position": (0.3, 0.2, 0.0)}
    for question in (asked, seat, asked | loaded):
        one, other = bm.sweep(adult, **question), bm.sweep(whole, **question)
        assert (one.status == 0).all()
        for name, values in one.data_vars.items():
            if name not in ("equilibrium_residual", "duality_gap"):
                scale = 1.0 + float(np.nanmax(np.abs(values)))
                off = np.abs(values - other[name])
                assert float(np.nanmax(off, initial=0.0)) < 1e-6 * scale, name
    # where nobody can hold it: what is missing on the midline is missing of both halves
    heavy = asked | loaded | {"load_mass": 200.0, "trunk_lean": 60}
    one, other = bm.sweep(adult, **heavy), bm.sweep(whole, **heavy)
    assert (one.status == status.OVERLOADED).all()
    assert float(np.abs(one.shortfall.sel(coordinate="lumbar_extension")).min()) > 1.0
    np.testing.assert_allclose(one.shortfall, other.shortfall, rtol=1e-3, atol=0.1)  # rows count a little otherwise


# what follows from a declaration


@pytest.fixture(scope="module")
def linked(adult):
    """A body with bushings and springs, of which answers tell."""
    return with_links(adult)


@pytest.fixture(scope="module")
def answers(linked):
    """An answer of each analysis."""
    swept = bm.sweep(linked, pelvic_tilt=[0, "least_effort"], knee_flexion=[0, 30])
    half = linked.body_mass * 9.80665 / 2
    labels = {"foot": ["right", "left"], "axis": list("xyz")}
    force = xr.DataArray([[0, half, 0]] * 2, coords=labels)
    point = xr.DataArray([[-0.06, 0, 0.09], [-0.06, 0, -0.09]], coords=labels)
    coordinates = {"pelvis_ty": 0.95, "knee_angle_r": np.array([0.0, -5.0])}
    ground = xr.Dataset({"force": force, "point": point})
    measured = bm.static_optimization(linked, coordinates, ground, reserve=50.0)
    return {"sweep": swept, "static_optimization": measured}


@pytest.mark.parametrize("analysis", ["sweep", "static_optimization"])
def test_an_answer_has_what_is_declared_in_that_order(answers, linked, analysis):
    ds = answers[analysis]
    declared = [output for output in declared_outputs(analysis) if output.has is None or output.has(linked)]
    own = [name for name in ds.data_vars if name not in POLICY_VARIABLES]
    assert own == [output.name for output in declared if not output.describes]
    for output in declared:
        variable = ds[output.name]
        outer = ds.status.dims
        assert variable.dims == (*outer, *output.dims), output.name
        assert variable.attrs["units"] == output.units
        assert variable.attrs["long_name"] == output.long_name
        frame = output.frame if output.frame_of is None else output.frame_of(linked)
        assert variable.attrs.get("frame", "") == frame
        assert bool(frame) == bool(output.frame), output.name
        assert (output.name in ds.coords) == output.describes == (output.name in describing())


def test_what_policies_found_is_declared(answers, adult):
    swaying = bm.sweep(adult, pelvic_tilt=0, trunk_lean="hanging_sway", knee_flexion="passive")
    seen = set()
    for ds in (*answers.values(), swaying, bm.sweep(adult, pelvic_tilt="hanging")):
        found = [name for name in ds.data_vars if name in POLICY_VARIABLES]
        assert found == [name for name in POLICY_VARIABLES if name in found]
        seen |= set(found)
        for output in POLICY_OUTPUTS:
            if output.name in found:
                assert ds[output.name].dims == (*ds.status.dims, *output.dims)
                assert ds[output.name].attrs["units"] == output.units
                assert ds[output.name].attrs.get("flag_meanings", "").split() == list(output.flag_numbers)
    assert seen == set(POLICY_VARIABLES)
    assert answers["sweep"].tilt_status.attrs["flag_values"][0] == -1


def test_the_glossary_is_made_from_the_declarations():
    page = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
    for name in TABLES:
        assert f"<!-- table of {name}, made" in page
    assert with_tables(page) == page
    emptied = re.sub(r"(made [^>]*-->\n).*?(<!-- end)", r"\1\2", page, flags=re.DOTALL)
    assert emptied != page
    assert with_tables(emptied) == page


@pytest.mark.parametrize("function", [bm.sweep, bm.static_optimization])
def test_a_docstring_names_no_variable_that_there_is_not(function):
    told = function.__doc__.partition("Returns\n")[2].partition("Raises\n")[0]
    names = set(re.findall(r"``([a-z_]+)``", told)) - {"units", "long_name"}
    known = {output.name for output in (*declared_outputs(function.__name__), *GIVEN)} | set(POLICY_VARIABLES)
    assert len(names) > 10
    assert names <= known


# a variable more


def test_a_derived_output_from_outside_is_one_declaration(registered, adult):
    registered(ASYMMETRY)
    ds = bm.sweep(adult, pelvic_tilt=0, weight_balance=[0.4, 0.5, 0.7])
    force = ds.ground_force.sel(axis="y")
    expected = (force.sel(foot="right") - force.sel(foot="left")).values
    np.testing.assert_array_equal(ds.ground_asymmetry, expected)
    assert ds.ground_asymmetry.attrs == {"units": "N", "long_name": ASYMMETRY.long_name, "frame": "ground"}
    # alone, in a table, for an optimiser, under draws, in the glossary
    alone = bm.sweep(adult, pelvic_tilt=0, weight_balance=[0.4, 0.5, 0.7], variables=["ground_asymmetry"])
    assert set(alone.data_vars) == {"ground_asymmetry", "status"}
    np.testing.assert_array_equal(alone.ground_asymmetry, expected)
    np.testing.assert_array_equal(bm.table(ds)["ground_asymmetry"], expected)
    ask = bm.prepare(adult, ["weight_balance"], ["ground_asymmetry"], pelvic_tilt=0)
    np.testing.assert_allclose(ask([0.4, 0.5, 0.7])["ground_asymmetry"], expected, rtol=1e-9, atol=1e-9)
    drawn = bm.uncertainty.propagate(
        {"even": {"pelvic_tilt": 0, "weight_balance": 0.7}}, model=adult, samples=4, variables=["ground_asymmetry"]
    )
    assert (drawn.ground_asymmetry > 0.3 * float(force.sum("foot")[0])).all()
    assert "| `ground_asymmetry` | N |  | vertical ground force" in sweep_table()
    unregister("ground_asymmetry")
    assert "ground_asymmetry" not in bm.sweep(adult, pelvic_tilt=0)
    register(ASYMMETRY)


def test_a_derived_output_has_the_dimensions_it_declares(registered, adult):
    registered(
        OutputVariable(
            "antagonist_force",
            ("group", "foot"),
            "N",
            "force of a group, twice",
            needs=("muscle_force",),
            value=lambda solved: np.stack([solved.group_force] * 2, axis=2),
            analyses=("sweep", "static_optimization"),
            describes=True,
        )
    )
    ds = bm.sweep(adult, pelvic_tilt=0, knee_flexion=np.linspace(0, 40, 4100), threads=2)
    assert ds.antagonist_force.dims == ("knee_flexion", "group", "foot")
    assert "antagonist_force" in ds.coords
    np.testing.assert_array_equal(ds.antagonist_force.sel(foot="left"), ds.group_force)


def test_where_there_is_no_posture_it_is_missing(registered, adult):
    registered(ASYMMETRY)
    ds = bm.sweep(adult, pelvic_tilt=0, knee_flexion=[0, 120], stance_width=[0.17, 1.0])
    lost = (ds.status == status.UNREACHABLE).values
    assert lost.any()
    assert not lost.all()
    np.testing.assert_array_equal(np.isnan(ds.ground_asymmetry), lost)
    for output in RAW_OUTPUTS:
        if output.published and not output.stays and output.name in ds:
            missing = np.isnan(ds[output.name].values)
            assert missing[lost].all(), output.name
            assert not missing[~lost].all(), output.name


def test_an_output_with_a_kernel_of_its_own(registered, adult):
    registered(plug_in_output.MUSCLE_LENGTH)
    ds = bm.sweep(adult, pelvic_tilt=5, knee_flexion=[0, 60], variables=["muscle_length", "coordinate_angle"])
    pose = {str(name): ds.coordinate_angle.sel(coordinate=name).values for name in ds.coordinate.values}
    expected = adult.muscle_geometry(**pose).length
    np.testing.assert_allclose(ds.muscle_length, expected.transpose(..., "muscle"), atol=1e-12)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": "activation"}, "'activation': is taken"),
        ({"name": "strength"}, "'strength': is taken"),
        ({"name": "trunk_lean"}, "'trunk_lean': is taken"),
        ({"name": "muscle"}, "'muscle': is taken"),
        ({"name": "two words"}, "'two words': must be a word"),
        ({"name": 5}, "name = 5: must be a word"),
        ({"units": ""}, "units = ''"),
        ({"units": None}, "units = None"),
        ({"long_name": " "}, "long_name = ' '"),
        ({"dims": ("muscles",)}, "dims has 'muscles'; there are muscle, group"),
        ({"dims": "muscle"}, "dims = 'muscle'; must be a tuple"),
        ({"dims": ("axis", "axis")}, "names one twice"),
        ({"needs": ("torque",)}, "needs has 'torque'; there are activation"),
        ({"needs": ("group_force",)}, "needs has 'group_force'"),
        ({"analyses": ("stability",)}, "analyses has 'stability'"),
        ({"analyses": ()}, "analyses = ()"),
        ({"analyses": ("static_optimization",)}, "needs ground_force, which static_optimization does not compute"),
        ({"value": None}, "value = None; must be a function"),
        ({"after": "torque"}, "after = 'torque'; there are activation"),
        ({"sign": 1}, "sign = 1; must be a text"),
        ({"frame": None}, "frame = None; must be a text"),
        ({"flags": ("two words",)}, "flags = ('two words',)"),
        ({"has": True}, "has = True; must be a function of a model"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(change, text):
    with pytest.raises(bm.StanceError, match=re.escape(text)):
        register(replace(ASYMMETRY, **change))
    assert "ground_asymmetry" not in {output.name for output in declared_outputs("sweep")}


def test_what_is_no_declaration_is_refused():
    with pytest.raises(bm.StanceError, match="variable = 'ground_force'"):
        register("ground_force")
    with pytest.raises(bm.StanceError, match="name = 'ground_asymmetry': no variable of that name"):
        unregister("ground_asymmetry")
    with pytest.raises(bm.StanceError, match="name = 'activation': no variable of that name"):
        unregister("activation")


def test_a_name_is_taken_once(registered):
    registered(ASYMMETRY)
    with pytest.raises(bm.StanceError, match="'ground_asymmetry': is taken"):
        register(ASYMMETRY)


def test_a_formula_of_another_shape_is_refused(registered, adult):
    registered(replace(ASYMMETRY, dims=("foot",)))
    with pytest.raises(bm.StanceError, match=r"ground_asymmetry: its formula gave shape \(2,\); .* ask for \(2, 2\)"):
        bm.sweep(adult, pelvic_tilt=0, knee_flexion=[0, 10])


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (lambda solved: solved["seat_force"][:, 1], "its formula reads 'seat_force', and needs = ('ground_force',)"),
        (lambda solved: solved.group_force[:, 0], "its formula reads 'muscle_force', and needs = ('ground_force',)"),
        (lambda solved: solved["torque"], "there is no raw output 'torque'; there are activation"),
    ],
)
@pytest.mark.parametrize("variables", [None, ["ground_asymmetry"]])
def test_a_formula_reads_what_it_needs(registered, adult, formula, text, variables):
    """Whether or not what it did not ask for is there, because others did."""
    registered(replace(ASYMMETRY, value=formula))
    with pytest.raises(bm.StanceError, match=re.escape(text)):
        bm.sweep(adult, pelvic_tilt=0, variables=variables)


def test_a_formula_cannot_change_what_others_are_made_from(registered, adult):
    def spoil(solved):
        force = solved["ground_force"]
        force *= 2.0
        return force[:, 0, 1]

    registered(replace(ASYMMETRY, value=spoil))
    with pytest.raises(ValueError, match="read-only"):
        bm.sweep(adult, pelvic_tilt=0)


#: What adds a raw output inside the package: its declaration, and what the kernel does for it.
DECLARATION = """    RawOutput(
        "muscle_length",
        ("muscle",),
        "m",
        "length of muscle and tendon",
        array="length",
        along="muscle",
    ),
"""
KERNEL = {
    "    certificate: Array2\n": "    certificate: Array2\n    length: Array2\n",
    "        _write_output(output_maps.certificate,": (
        "        _write_output(output_maps.length, state.length, lane_index, results.length)\n"
        "        _write_output(output_maps.certificate,"
    ),
}
LENGTHS = """
import numpy as np, biomech as bm
ds = bm.sweep(bm.load_model("small"), pelvic_tilt=5, knee_flexion=[0, 60])
pose = {str(name): ds.coordinate_angle.sel(coordinate=name).values for name in ds.coordinate.values}
expected = bm.load_model("small").muscle_geometry(**pose).length.transpose(..., "muscle")
np.testing.assert_allclose(ds.muscle_length, expected, atol=1e-12)
assert ds.muscle_length.attrs == {"units": "m", "long_name": "length of muscle and tendon"}
assert "muscle_length/" in " ".join(bm.table(ds).columns)
from biomech.analysis.output.glossary import sweep_table
assert "| `muscle_length` | m | muscle |" in sweep_table()
print("as the geometry")
"""


def test_a_raw_output_is_one_declaration_and_the_lines_that_compute_it(tmp_path):
    """Two files change, in a copy; the map from half a body to the whole, the dataset and the docs follow."""
    shutil.copytree(ROOT / "biomech", tmp_path / "biomech", ignore=shutil.ignore_patterns("__pycache__"))
    built = ROOT / "build" / "kernels"
    if built.is_dir():
        shutil.copytree(built, tmp_path / "build" / "kernels")
    schema = tmp_path / "biomech" / "pipeline" / "result_schema.py"
    text = schema.read_text(encoding="utf-8")
    assert text.count("RAW_OUTPUTS = (\n") == 1
    schema.write_text(text.replace("RAW_OUTPUTS = (\n", "RAW_OUTPUTS = (\n" + DECLARATION), encoding="utf-8")
    kernel = tmp_path / "biomech" / "pipeline" / "pipeline_kernel.py"
    text = kernel.read_text(encoding="utf-8")
    for old, new in KERNEL.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    kernel.write_text(text, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "BIOMECH_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-W", "error", "-c", LENGTHS]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "as the geometry"


# what stood twice


def test_published_codes_are_what_they_were():
    assert [(code.code, code.name) for code in status.STATUS_CODES] == [
        (0, "optimal"),
        (1, "overloaded"),
        (2, "uncertified"),
        (3, "unreachable"),
    ]
    assert (status.OPTIMAL, status.OVERLOADED, status.UNCERTIFIED, status.UNREACHABLE) == (0, 1, 2, 3)
    assert RAW["status"].flags == status.STATUSES


def test_the_limiting_unknown_is_the_one_that_does_most_for_the_worst_row():
    """The rule as a formula of NumPy's, row by row, against the kernel that both pipelines use."""
    rng = np.random.default_rng(3)
    a = rng.normal(size=(60, 4, 12)) * (rng.random((60, 4, 12)) < 0.5)
    demand = rng.normal(size=(60, 4)) * rng.choice([0.3, 20.0], size=(60, 1))
    # rows and columns twice: of several the first counts
    a[:5, 1], demand[:5, 1] = a[:5, 0], demand[:5, 0]
    a[5:10, :, 1] = a[5:10, :, 0]
    solution = solve(LoadSharingProblem(a, demand, np.ones(12), np.ones(12)), Power(2))
    short = solution.status == status.OVERLOADED
    assert 10 < short.sum() < 60
    found = limiting_unknowns(solution, 10)
    assert (found[~short] == -1).all()
    for i in np.flatnonzero(short):
        row = np.abs(solution.shortfall[i]).argmax()
        gain = np.where(solution.value[i, :10] >= 1.0 - 1e-6, a[i, row, :10] * solution.shortfall[i, row], 0.0)
        assert found[i] == (gain.argmax() if gain.max() > 0.0 else -1), i
    assert len(set(found)) > 4


def test_both_pipelines_name_the_same_limiting_muscle(adult):
    """A squat that nobody holds: the muscle that the sweep names is the one its own numbers say."""
    weak = adult.replace({f"muscles/soleus_{side}/max_isometric_force": 300.0 for side in "rl"})
    ds = bm.sweep(weak, pelvic_tilt=0, trunk_lean=[0, 60], weight_shift=0.95, load_mass=90, load_position=(0.2, 0.3, 0))
    short = ds.isel(trunk_lean=np.flatnonzero(ds.status == status.OVERLOADED))
    assert short.sizes["trunk_lean"]
    for one in (short.isel(trunk_lean=i) for i in range(short.sizes["trunk_lean"])):
        named = str(one.limiting_muscle.values)
        assert named == "" or float(one.activation.sel(muscle=named)) > 1.0 - 1e-6
