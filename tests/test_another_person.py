"""``Model.scaled``: another person's body, by rules that are checked against what they must do."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import biomech as bm
from biomech.analysis.joint_strength import maximal_moment
from biomech.article.scenarios import SCENARIOS
from biomech.errors import ModelError
from biomech.model.checks.extents import check_extents
from biomech.model.checks.limits import check_numbers
from biomech.model.checks.relations import check_relations
from biomech.model.parts import PARTS, part_length
from biomech.model.scaling import HEIGHTS, MASSES
from biomech.model.tables import SCHEMA, Table

OWN_LENGTHS = {"trunk": 0.35, "pelvis": 0.16, "thigh": 0.42, "shank": 0.39, "foot": 0.24}
WOMAN = {"height": 1.62, "mass": 55.0, "sex": "female"}
MAN = {"height": 1.90, "mass": 95.0, "sex": "male"}


def numbers(model):
    """Every number of every table, by table, row and column."""
    return {
        (name, row, column): value
        for name, table in model.tables.items()
        for column, kind in SCHEMA[name].items()
        if kind != "text"
        for row, value in zip(table.rows, table.columns[column], strict=True)
    }


def assert_same(one, other, rtol):
    ours, theirs = numbers(one), numbers(other)
    assert list(ours) == list(theirs)
    np.testing.assert_allclose(list(theirs.values()), list(ours.values()), rtol=rtol, atol=rtol * 1e-3)


def test_the_body_itself_is_unchanged(model):
    for same in (model.scaled(), model.scaled(height=model.value("settings/height"), mass=model.body_mass)):
        assert_same(model, same, 0.0)
    assert_same(model, model.scaled(strength=1.0), 0.0)


@pytest.mark.parametrize("strength", ["volume", "mass^(2/3)", 0.7])
@pytest.mark.parametrize("lengths", [None, OWN_LENGTHS])
def test_scaling_back_gives_the_body_back(model, lengths, strength):
    other = model.scaled(height=1.55, mass=102.0, lengths=lengths, strength=strength)
    own = {part: part_length(model.tables, part) for part in PARTS} if lengths else None
    factor = strength if isinstance(strength, str) else 1.0 / strength
    back = other.scaled(height=model.value("settings/height"), mass=model.body_mass, lengths=own, strength=factor)
    assert_same(model, back, 1e-12)


@pytest.mark.parametrize("person", [WOMAN, MAN, {"height": 1.62, "lengths": OWN_LENGTHS}])
def test_it_measures_what_was_asked(model, person):
    other = model.scaled(**person)
    assert other.is_symmetric
    assert other.muscles == model.muscles
    assert other.body_mass == pytest.approx(person.get("mass", model.body_mass), rel=1e-12)
    assert other.value("settings/height") == pytest.approx(person["height"], rel=1e-12)
    taller = person["height"] / model.value("settings/height")
    for part in PARTS:
        asked = person.get("lengths", {}).get(part, taller * part_length(model.tables, part))
        assert part_length(other.tables, part) == pytest.approx(asked, rel=1e-12)


def test_named_lengths_lie_between_joint_centres(model):
    """As ``kinematics`` has them, which knows no parts of a body."""
    other = model.scaled(lengths=OWN_LENGTHS)
    place = other.kinematics().origin[0]

    def along(axis, near, far):
        return abs(float(place.sel(axis=axis, segment=near) - place.sel(axis=axis, segment=far)))

    assert along("y", "femur_l", "tibia_l") == pytest.approx(0.42, abs=1e-12)
    assert along("y", "tibia_r", "talus_r") == pytest.approx(0.39, abs=1e-12)
    assert along("z", "femur_l", "femur_r") == pytest.approx(0.16, abs=1e-12)


def test_a_long_thigh_is_not_a_thick_one(adult):
    """Along the bone by its length, across by the height, which is the same."""
    other = adult.scaled(lengths={"thigh": 1.1 * part_length(adult.tables, "thigh")})
    for column, factor in (("x", 1.0), ("y", 1.1), ("z", 1.0)):
        path = f"path_points/vas_lat_r.1/{column}"
        assert other.value(path) == pytest.approx(factor * adult.value(path), rel=1e-12)
    assert other.value("path_points/soleus_r.0/y") == adult.value("path_points/soleus_r.0/y")
    assert other.value("patellar_tendon/arm_40") == adult.value("patellar_tendon/arm_40")
    assert other.value("splines/knee_ty.3/value") == pytest.approx(1.1 * adult.value("splines/knee_ty.3/value"))


STANCES = [
    ({"knee_flexion": [5, 40], "trunk_lean": 10, "stance_width": 0.2}, {}),
    ({"foot_rotation": 35, "friction": 0.3, "arms": "thighs", "trunk_lean": 20}, {}),
    ({"support": "right", "knee_flexion": 12}, {}),
    ({"knee_flexion": 20, "trunk_lean": 40}, {"settings/pressure_share": 1.0}),
]


@pytest.mark.parametrize(("stance", "changes"), STANCES)
@pytest.mark.parametrize(("longer", "heavier"), [(0.88, 0.88**3), (1.12, 1.0), (0.95, 1.3)])
def test_a_similar_body_works_as_hard(adult, longer, heavier, stance, changes):
    """Lengths times s, masses and forces times m: activations stay, forces are m times, moments m s."""
    body = adult.replace(changes)
    other = body.scaled(height=1.8 * longer, mass=heavier * body.body_mass, strength=heavier)
    width = stance.get("stance_width", 0.17)
    asked = {"pelvic_tilt": 2, "strength": "force_length", **stance}
    one, two = bm.sweep(body, **asked), bm.sweep(other, **{**asked, "stance_width": longer * width})
    assert np.all(one.status == 0)
    np.testing.assert_allclose(two.activation, one.activation, atol=1e-9)
    np.testing.assert_allclose(two.joint_contact_force, heavier * one.joint_contact_force, atol=1e-6)
    np.testing.assert_allclose(two.passive_moment, heavier * longer * one.passive_moment, atol=1e-9)
    if changes:
        assert float(one.abdominal_pressure) > 1000.0
        area = heavier / longer**2
        np.testing.assert_allclose(two.abdominal_pressure, area * one.abdominal_pressure, rtol=1e-9)


@pytest.mark.parametrize("name", ["gait2392", "small"])
def test_other_bodies_work_as_hard(name):
    model = bm.load_model(name)
    other = model.scaled(height=1.55, mass=60.0, strength=60.0 / model.body_mass)
    stance = {"pelvic_tilt": 0, "knee_flexion": 15, "trunk_lean": 15}
    two = bm.sweep(other, **stance, stance_width=0.17 * 1.55 / 1.8)
    np.testing.assert_allclose(two.activation, bm.sweep(model, **stance).activation, atol=1e-9)


@pytest.mark.parametrize("name", list(SCENARIOS))
@pytest.mark.parametrize("person", [WOMAN, MAN], ids=["woman", "man"])
def test_two_people_hold_what_the_adult_holds(model, person, name, adult_status):
    """The same load is more for who is light, and yet all that the adult holds is held."""
    own = np.atleast_1d(bm.scenarios.run(name, model.scaled(**person)).status)
    np.testing.assert_array_equal(own, adult_status(model, name))


@pytest.fixture(scope="module")
def adult_status():
    found = {}

    def status(model, name):
        if (model.name, name) not in found:
            found[model.name, name] = np.atleast_1d(bm.scenarios.run(name, model).status)
        return found[model.name, name]

    return status


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    height=st.floats(*HEIGHTS),
    masses=st.lists(st.floats(*MASSES), min_size=2, max_size=2, unique=True),
    sex=st.sampled_from([None, "female", "male"]),
)
def test_every_person_is_a_body_that_can_be(small, height, masses, sex):
    """And the heavier is pressed together more, if by more than a gram."""
    compression = []
    for mass in sorted(masses):
        model = small.scaled(height=height, mass=mass, sex=sex)
        for check in (check_numbers, check_relations, check_extents):
            check(model.tables)
        assert model.is_symmetric
        ds = bm.sweep(model, pelvic_tilt=0, trunk_lean=20, knee_flexion=10, stance_width=0.1 * height)
        compression.append(float(ds.lumbar_compression))
    light, heavy = sorted(masses)
    assert compression[1] > compression[0] or heavy - light < 1e-3


def test_every_height_and_mass_of_the_adult_is_a_body(adult, gait2392):
    for model in (adult, gait2392):
        for height in HEIGHTS:
            for mass in MASSES:
                for sex in ("female", "male"):
                    assert model.scaled(height=height, mass=mass, sex=sex).is_symmetric


def test_fibres_keep_their_normalised_length(model):
    """At the neutral pose, as in OpenSim's scale tool."""

    def stretch(body):
        muscles = body.tables["muscles"]
        optimal, slack, pennation = muscles.numbers("optimal_fibre_length", "tendon_slack_length", "pennation").T
        length = body.muscle_geometry().length[0].sel(muscle=list(muscles.rows)).values
        return np.hypot(length - slack, optimal * np.sin(np.radians(pennation))) / optimal

    other = model.scaled(height=1.62, lengths=OWN_LENGTHS)
    np.testing.assert_allclose(stretch(other), stretch(model), rtol=1e-9)


def test_strength_follows_the_volume_of_muscle(adult):
    """Moments of a similar body are as its volume of muscle, and the adult's is that of docs/theory/models.md."""
    slope, offset = 47.05, 1289.6
    assert slope * 75.337 * 1.70 + offset == pytest.approx(7315, abs=1)
    other = adult.scaled(height=1.62, mass=55.0)
    volume = (slope * 55.0 * 1.62 + offset) / (slope * adult.body_mass * 1.8 + offset)
    for coordinate, direction in (("knee_angle_r", 1), ("hip_flexion_r", -1), ("lumbar_extension", 1)):
        pose = {"hip_flexion_r": 30.0, "knee_angle_r": -40.0}
        ours, theirs = (maximal_moment(body, coordinate, direction, **pose) for body in (adult, other))
        np.testing.assert_allclose(theirs, volume * np.asarray(ours), rtol=1e-9)


def test_other_rules_of_strength(adult):
    soleus, own = "muscles/soleus_r/max_isometric_force", adult.value("muscles/soleus_r/max_isometric_force")
    for strength, factor in (("mass^(2/3)", (50.0 / adult.body_mass) ** (2 / 3)), (0.5, 0.5)):
        assert adult.scaled(mass=50.0, strength=strength).value(soleus) == pytest.approx(factor * own, rel=1e-12)


@pytest.mark.parametrize("sex", ["female", "male"])
def test_segments_have_the_shares_of_de_leva(model, sex):
    text = (files("biomech.model") / "data" / "de_leva_1996.csv").read_text(encoding="utf-8")
    share = {r["part"]: float(r["mass"]) for r in csv.DictReader(text.splitlines()) if r["sex"] == sex}
    sides = sum(share[part] for part in ("thigh", "shank", "foot"))
    assert share["trunk"] + share["pelvis"] + 2 * sides == pytest.approx(1.0, abs=2e-4)
    other = model.scaled(mass=80.0, sex=sex)
    for segment, part in (("femur_l", "thigh"), ("tibia_r", "shank"), ("pelvis", "pelvis"), ("torso", "trunk")):
        assert other.value(f"segments/{segment}/mass") == pytest.approx(80.0 * share[part], rel=2e-4)
    assert other.value("settings/arms_mass") == pytest.approx(80.0 * share["arms"], rel=2e-4)
    assert other.value("segments/femur_l/com_y") == other.value("segments/femur_r/com_y")
    centre = {"female": 0.3612, "male": 0.4095}[sex]
    assert other.value("segments/femur_r/com_y") == pytest.approx(-centre * part_length(other.tables, "thigh"))


def test_a_segment_of_ones_own_keeps_its_share(adult):
    """What is no part of the table of a sex keeps its share of the whole."""
    hat = {**adult.row("segments", "toes_r"), "segment": "hat", "mass": 4.0, "com_z": 0.0}
    joint = {**adult.row("joints", "lumbosacral"), "joint": "neck", "parent": "torso", "child": "hat", "y": 0.4}
    other = adult.with_rows({"segments": [hat], "joints": [joint]}).scaled(mass=60.0, sex="male")
    assert other.body_mass == pytest.approx(60.0, rel=1e-12)
    assert other.value("segments/hat/mass") == pytest.approx(60.0 * 4.0 / (adult.body_mass + 4.0), rel=1e-12)


def test_the_numbers_of_the_page(adult):
    """docs/theory/models.md: lumbar compression of three people, rounded to 1 N."""
    page = (Path(__file__).parents[1] / "docs" / "theory" / "models.md").read_text(encoding="utf-8")
    people = (adult, adult.scaled(**WOMAN), adult.scaled(**MAN))
    for name, tilt in (("parallel_standing", {"pelvic_tilt": 0}), ("stoop", {}), ("squat", {})):
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}`"))
        found = [float(bm.scenarios.run(name, model, **tilt).lumbar_compression) for model in people]
        assert [int(cell) for cell in row.strip("| ").split("|")[1:]] == [round(value) for value in found]


def test_an_answer_of_another_person_is_computed_again(small):
    ds = bm.sweep(small.scaled(**WOMAN), pelvic_tilt=0, knee_flexion=[5, 10])
    np.testing.assert_array_equal(bm.rerun(ds).activation, ds.activation)


@pytest.mark.parametrize(
    ("person", "said"),
    [
        ({"height": 175}, r"height = 175: must be in 1.2..2.2 m \(175 cm are 1.75 m\)"),
        ({"height": 1750.0}, r"1750 mm are 1.75 m"),
        ({"height": 70}, r"70 inches are 1.778 m"),
        ({"height": 1.1}, r"height = 1.1: must be in 1.2..2.2 m$"),
        ({"mass": 400}, r"mass = 400: must be in 25..250 kg \(400 lb are 181.4 kg\)"),
        ({"mass": 20.0}, r"mass = 20.0: must be in 25..250 kg$"),
        ({"mass": np.nan}, r"mass = nan: must be a finite number"),
        ({"height": True}, r"height = True: must be a finite number"),
        ({"height": "1.70"}, r"height = '1.70': must be a finite number"),
        ({"mass": xr.DataArray([60.0], dims="x")}, r"mass = .*: must be a finite number"),
        ({"sex": "woman"}, r"sex = 'woman': there is none \(did you mean 'female'|sex = 'woman': there is none"),
        ({"lengths": {"thigh": 42}}, r"lengths\['thigh'\] = 42: must be in .* m \(42 cm are 0.42 m\)"),
        ({"lengths": {"thig": 0.4}}, r"lengths = 'thig': there is none \(did you mean 'thigh'\?\)"),
        ({"lengths": [0.4]}, r"lengths = \[0.4\]: must be a mapping"),
        ({"lengths": {"thigh": np.nan}}, r"lengths\['thigh'\] = nan"),
        ({"strength": "linear"}, r"strength = 'linear': there is none"),
        ({"strength": 0.0}, r"strength = 0.0: must be a factor above 0"),
        ({"strength": False}, r"strength = False: must be a finite number"),
    ],
)
def test_what_nobody_measures_is_refused(small, person, said):
    with pytest.raises(ModelError, match=said):
        small.scaled(**person)


def test_a_body_that_does_not_say_its_height(small):
    own = small.tables["settings"]
    keep = [i for i, row in enumerate(own.rows) if row != "height"]
    columns = {name: tuple(cells[i] for i in keep) for name, cells in own.columns.items()}
    plain = bm.Model("plain", {**small.tables, "settings": Table("settings", columns)})
    with pytest.raises(ModelError, match="add a row 'height' to its settings"):
        plain.scaled(mass=60.0)
    row = {"setting": "height", "value": 1.8, "unit": "m", "source": "mine"}
    assert plain.with_rows({"settings": [row]}).scaled(height=1.7).value("settings/height") == pytest.approx(1.7)


def test_a_length_of_what_is_not_there(small):
    with pytest.raises(ModelError, match=r"lengths\['thigh'\]: the model has no thigh \(hip centre to knee centre\)"):
        small.without("femur_*").scaled(lengths={"thigh": 0.4})


def test_a_spline_that_grows_in_two_ways_is_refused(adult):
    """The knee slides along the femur; a path that slid along the tibia by the same spline would need another."""
    points = adult.tables["path_points"]
    cells = list(points.columns["spline_y"])
    cells[points.index("vas_int_r.3")] = "knee_ty"
    sliding = Table("path_points", {**points.columns, "spline_y": tuple(cells)})
    shared = bm.Model("shared", {**adult.tables, "path_points": sliding})
    assert shared.scaled(height=1.7).value("settings/height") == pytest.approx(1.7)
    with pytest.raises(ModelError, match="splines: 'knee_ty' is shared by parts of the body"):
        shared.scaled(lengths={"thigh": 0.42})
