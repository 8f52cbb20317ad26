import copy
import pickle

import numpy as np
import pytest

import biomech as bm
from biomech.errors import ModelError
from biomech.model.cache import MOST_KEPT, Cache
from biomech.model.compiled import NUMBERS, compile_model
from biomech.model.forces.abdominal_pressure import PRESSURE
from biomech.model.mirror import is_symmetric, mirrored, other_side, side_of, with_left_side
from biomech.model.reduced_model import reduce_model
from biomech.model.tables import SCHEMA, Table, make_table, read_table

PASSIVE = {"parameter": "a", "value": "1.5", "unit": "deg", "source": "x"}


def changed(model, table, column, row, value):
    """The model's tables with one cell of any type replaced."""
    old = model.tables[table]
    cells = list(old.columns[column])
    cells[old.index(row)] = value
    return {**model.tables, table: Table(table, {**old.columns, column: tuple(cells)})}


def test_left_is_the_mirror_of_right(model):
    assert model.is_symmetric
    for table in model.tables.values():
        twice = mirrored(mirrored(table))
        assert all(twice.columns[c] == table.columns[c] for c in SCHEMA[table.name])


@pytest.mark.parametrize(
    ("row", "column"), [("femur_l", "mass"), ("femur_r", "com_x"), ("pelvis", "com_z"), ("torso", "com_z")]
)
def test_a_changed_side_is_noticed(adult, row, column):
    other = adult.replace({f"segments/{row}/{column}": 0.0123})
    assert not other.is_symmetric
    assert adult.is_symmetric


def test_a_turned_axis_is_noticed(adult):
    assert not adult.scale({"coordinates/subtalar_angle_l/axis_x": -1.0}).is_symmetric


def test_sides():
    assert other_side("external_oblique_lateral_r.1") == "external_oblique_lateral_l.1"
    assert other_side("knee_l_tx") == "knee_r_tx"
    assert [side_of(n) for n in ("hip_rotation_r", "hip_rotation_l", "lumbar_rotation")] == ["right", "left", "midline"]


def test_every_row_names_its_source(model):
    for table in model.tables.values():
        assert all(table.text("source")), table.name


def test_counts_and_mass(adult, gait2392, small):
    assert (len(adult.muscles), len(gait2392.muscles), len(small.muscles)) == (110, 92, 24)
    for model in (adult, gait2392, small):
        assert model.body_mass == pytest.approx(75.1646)
        assert set(model.groups) == set(adult.groups)


def test_the_small_model_is_the_lump_of_the_adult(adult, small):
    for name, records in reduce_model(adult).items():
        table = make_table(name, records)
        right = [i for i, row in enumerate(small.tables[name].rows) if side_of(row) != "left"]
        for column, kind in SCHEMA[name].items():
            stored = [small.tables[name].columns[column][i] for i in right]
            if kind == "text":
                assert tuple(stored) == table.columns[column]
            else:
                np.testing.assert_allclose(stored, table.columns[column], atol=1e-12)


def full_moment(model, group, coordinates):
    """Moments of the right half of a group at full strength, at the neutral pose."""
    members = [m for m in model.groups[group] if m.endswith("_r")]
    strength = np.array([model.value(f"muscles/{m}/max_isometric_force") for m in members])
    return strength @ model.muscle_geometry().moment_arm.sel(muscle=members, coordinate=coordinates)[0].values


@pytest.mark.parametrize(
    ("group", "joint", "along"),
    [
        ("lumbar_extensors", "lumbar", ("bending", "rotation", "extension")),
        ("gluteus_maximus", "hip", ("adduction_r", "rotation_r", "flexion_r")),
        ("gluteus_medius", "hip", ("adduction_r", "rotation_r", "flexion_r")),
        ("deep_external_rotators", "hip", ("adduction_r", "rotation_r", "flexion_r")),
    ],
)
def test_a_lump_has_the_moments_of_its_group(adult, small, group, joint, along):
    """Full strength of a group does the same about x, y and z of its joint, but for the moment along its line."""
    coordinates = [f"{joint}_{name}" for name in along]
    group_moment, lump_moment = (full_moment(model, group, coordinates) for model in (adult, small))
    paths = small.tables["path_points"]
    ends = paths.numbers("x", "y", "z")[[paths.index(f"{group}_r.{i}") for i in (0, 1)]]
    child = small.tables["joints"].index({"lumbar": "lumbosacral", "hip": "hip_r"}[joint])
    line = ends[1] + small.tables["joints"].numbers("x", "y", "z")[child] - ends[0]
    line /= np.linalg.norm(line)
    np.testing.assert_allclose(lump_moment, group_moment - (group_moment @ line) * line, atol=1e-4)


def test_the_quadriceps_lump_has_its_moment(adult, small):
    """The patella's sliding is in it, as a couple."""
    whole, lumped = (full_moment(model, "quadriceps", ["knee_angle_r"]) for model in (adult, small))
    assert lumped[0] == pytest.approx(whole[0], rel=0.05)


def test_replace_and_scale_return_new_models(adult):
    path = "muscles/soleus_*/max_isometric_force"
    stronger = adult.scale({path: 2.0}).replace({"passive/hip_offset": 3.0})
    assert stronger.value("muscles/soleus_l/max_isometric_force") == 2 * adult.value(
        "muscles/soleus_l/max_isometric_force"
    )
    assert (stronger.value("passive/hip_offset"), adult.value("passive/hip_offset")) == (3.0, 0.0)


def test_a_model_cannot_be_changed(adult):
    with pytest.raises(AttributeError):
        adult.name = "other"
    with pytest.raises(TypeError):
        adult.tables["muscles"] = None
    with pytest.raises(TypeError):
        adult.tables["muscles"].columns["pennation"] = ()


def test_a_model_travels(adult):
    for twin in (pickle.loads(pickle.dumps(adult)), copy.deepcopy(adult)):
        assert twin.muscles == adult.muscles
        assert twin.value("settings/gravity") == adult.value("settings/gravity")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"muscle/soleus_r/pennation": 1.0}, "no table 'muscle'"),
        ({"muscles/solus_r/pennation": 1.0}, "solus_r"),
        ({"muscles/soleus_r/strength": 1.0}, "'strength' is no number"),
        ({"muscles/soleus_r/groups": 1.0}, "'groups' is no number"),
        ({"muscles/soleus_r/pennation": float("nan")}, "must be a finite number"),
        ({"muscles/soleus_r/pennation": "5"}, "must be a finite number"),
        ({"muscles/soleus_r/pennation": True}, "must be a finite number"),
        ({"segments/femur_r/mass": -1.0}, "segments/femur_r/mass"),
        ({"muscles/soleus_r/max_isometric_force": -1.0}, "muscles/soleus_r/max_isometric_force"),
        ({"settings/friction_sides": 2.5}, "friction_sides"),
        ({"coordinates/hip_flexion_r/axis_z": 0.0}, "hip_flexion_r"),
    ],
)
def test_bad_changes_are_refused_by_name(adult, changes, named):
    with pytest.raises(ModelError, match=named):
        adult.replace(changes)


@pytest.mark.parametrize("name", ["../adult", "gait2354", "", "ADULT"])
def test_unknown_models_are_refused(name):
    with pytest.raises(ModelError, match="there is no such model"):
        bm.load_model(name)


@pytest.mark.parametrize(
    ("records", "named"),
    [
        ([{**PASSIVE, "value": "__import__('os')"}], "row 1, value"),
        ([{**PASSIVE, "value": "nan"}], "finite"),
        ([{**PASSIVE, "value": "1e999"}], "finite"),
        ([{**PASSIVE, "value": ""}], "not a number"),
        ([PASSIVE, PASSIVE], "unique"),
        ([{**PASSIVE, "parameter": ""}], "unique"),
        ([{"parameter": "a"}], "columns"),
        ([{**PASSIVE, "more": "1"}], "columns"),
    ],
)
def test_bad_tables_are_refused(records, named):
    with pytest.raises(ModelError, match=named):
        make_table("passive", records)


@pytest.mark.parametrize(
    ("table", "column", "row", "value", "named"),
    [
        ("joints", "parent", "hip_r", "nowhere", "joints/hip_r/parent"),
        ("joints", "parent", "hip_r", "tibia_r", "hang on nothing"),
        ("path_points", "segment", "soleus_r.0", "patella", "path_points/soleus_r.0/segment"),
        ("path_points", "kind", "soleus_r.0", "wrapping", "must be one of"),
        ("path_points", "kind", "soleus_r.0", "conditional", "must not be empty, for the point is conditional"),
        ("path_points", "muscle", "soleus_r.0", "gem_r", "soleus_r"),
        ("path_points", "coordinate", "vas_int_r.3", "", "path_points/vas_int_r.3/coordinate: must not be empty"),
        ("path_points", "spline_y", "vas_int_r.3", "", "path_points/vas_int_r.3/spline_y: must not be empty"),
        ("path_points", "coordinate", "vas_int_r.2", "", "path_points/vas_int_r.2/coordinate: must not be empty"),
        ("coordinates", "motion", "hip_flexion_r", "screw", "must be one of"),
        ("couplings", "coordinate", "knee_r_tx", "hip_flexion_r", "must be a coordinate of joint 'knee_r'"),
        ("couplings", "coordinate", "knee_r_tx", "", "must be a coordinate of joint 'knee_r'"),
        ("couplings", "spline", "knee_r_tx", "", "couplings/knee_r_tx/spline"),
    ],
)
def test_broken_references_are_refused(adult, table, column, row, value, named):
    with pytest.raises(ModelError, match=named):
        compile_model(changed(adult, table, column, row, value), half=False)


def test_a_spline_needs_rising_knots(adult):
    with pytest.raises(ModelError, match="knee_tx"):
        adult.replace({"splines/knee_tx.1/angle": -3.0})


def test_symmetry_needs_both_sides(adult):
    muscles = adult.tables["muscles"]
    keep = [i for i, name in enumerate(muscles.rows) if name != "soleus_l"]
    short = Table("muscles", {c: tuple(v[i] for i in keep) for c, v in muscles.columns.items()})
    assert not is_symmetric({**adult.tables, "muscles": short})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("settings/gravity", -9.81),
        ("settings/contact_weight", 0.0),
        ("settings/contact_limit", -1.0),
        ("settings/pressure_share", -1.0),
        ("settings/force_length_width", -0.5),
        ("settings/arms_mass", 40.0),
        ("settings/toe_tip", -0.2),
        ("muscles/soleus_r/tendon_slack_length", -1.0),
        ("muscles/soleus_r/pennation", 95.0),
        ("coordinates/knee_angle_r/range_min", 20.0),
        ("coordinates/knee_angle_r/trusted_min", 20.0),
        ("joints/ankle_r/y", -430.0),
        ("passive/lumbar_flexion_stiffness", -1.0),
        ("passive/hip_rotation_blend", 0.0),
        ("passive/hip_external_rotation_slack", -30.0),
        ("patellar_tendon/arm_20/value", -0.05),
    ],
)
def test_no_body_that_cannot_be(adult, path, value):
    """Each is refused by its path and its value, with what is allowed, in a change and in a model of one's own."""
    named = rf"{path.removesuffix('/value')}.* = {value}: must"
    with pytest.raises(ModelError, match=named):
        adult.replace({path: value})
    table, row, column = adult.resolve(path)
    with pytest.raises(ModelError, match=named):
        bm.Model("own", changed(adult, table, column, row, value)).compiled()


def cells_of(model, *edits):
    """The model's tables with some cells, (table, row, column, value), replaced."""
    tables = dict(model.tables)
    for table, row, column, value in edits:
        columns = dict(tables[table].columns)
        cells = list(columns[column])
        cells[model.tables[table].index(row)] = value
        tables[table] = Table(table, {**columns, column: tuple(cells)})
    return tables


def with_row(model, table, row, **cells):
    """The model's tables with a row more: a copy of another, but for some cells."""
    old = model.tables[table]
    return {
        **model.tables,
        table: Table(table, {c: (*v, cells.get(c, v[old.index(row)])) for c, v in old.columns.items()}),
    }


UNFIT_CELLS = [
    # masses out of their segments, and a torso that without its arms would be out of itself
    ([("segments", "femur_r", "com_y", 2.0)], r"segments/femur_r/com_y = 2.0: must be in -0.7\d+..0.3\d+ m"),
    ([("segments", "torso", "com_x", 4.0)], r"segments/torso/com_x = 4.0: must be in"),
    ([("settings", "arms_mass", "value", 30.0)], r"segments/torso/com_y = 0.28: must be in .* arms of 30 kg"),
    ([("settings", "arms_mass", "value", 40.0)], r"settings/arms_mass = 40.0: must be in 0..34.2366 kg"),
    # the sole and what settings say of it
    ([("settings", "sole_height", "value", 0.5)], "settings/sole_height = 0.5: must be in .* points of the sole"),
    ([("settings", "toe_tip", "value", 3.0)], "settings/toe_tip = 3.0: must be in 0.1235..0.494 m"),
    ([("contact_points", "toe_tip_r", "segment", "torso")], "contact_points/toe_tip_r/segment = 'torso': .* foot"),
    ([("contact_points", "toe_tip_r", "segment", "ground")], "contact_points/toe_tip_r/segment = 'ground': must be"),
    # sides
    ([("joints", "hip_l", "z", 0.0835)], "joints/hip_l/z = 0.0835: must not be positive"),
    ([("joints", "hip_r", "z", -0.08), ("joints", "hip_l", "z", 0.08)], "joints/hip_r/z = -0.08: must not be negative"),
    # how the body hangs together
    ([("joints", "hip_r", "parent", "ground")], "joints/hip_r/parent = 'ground': must be a segment"),
    ([("coordinates", "pelvis_ty", "stance", "locked")], "coordinates/pelvis_ty/stance = 'locked': must be 'free'"),
    (
        [("coordinates", "hip_adduction_r", f"axis_{a}", v) for a, v in zip("xyz", (0.0, 0.0, 2.0), strict=True)],
        "coordinates/hip_rotation_r: must not do .* hip_flexion_r, hip_adduction_r, hip_rotation_r are not independent",
    ),
    ([("coordinates", "hip_flexion_r", "axis_z", 1e-160)], "coordinates/hip_flexion_r: the axis must not be zero"),
    # which way a coordinate goes that is known by its name
    ([("coordinates", "knee_angle_r", "axis_z", -1.0)], "coordinates/knee_angle_r/axis_z = -1.0: must be positive"),
    ([("coordinates", "pelvis_tilt", "axis_z", -1.0)], "coordinates/pelvis_tilt/axis_z = -1.0: must be positive"),
    ([("coordinates", "lumbar_extension", "axis_z", -1.0)], "lumbar_extension/axis_z = -1.0: must be positive"),
    ([("coordinates", "hip_adduction_l", "axis_x", 1.0)], "hip_adduction_l/axis_x = 1.0: must be negative"),
    ([("coordinates", "hip_flexion_r", "motion", "translation")], "hip_flexion_r/motion = 'translation': must be"),
    # patella and tendon
    ([("patellae", "patella_r", "flexion", 1.0)], "patellae/patella_r/flexion = 1: must be -1"),
    ([("patellae", "patella_r", "coordinate", "knee_angle_l")], "patellae/patella_r/coordinate = 'knee_angle_l': must"),
    ([("patellar_tendon", "arm_20", "value", 0.9)], "patellar_tendon/arm_20/value = 0.9: must be below 0.43 m"),
    # points that switch, and points that do not
    ([("path_points", "vas_int_r.2", "active_min", np.nan)], r"vas_int_r.2/active_min = nan: must be a number \(rad\)"),
    ([("path_points", "vas_int_r.2", "active_min", -120.0)], "vas_int_r.2/active_min = -120.0: must be in -20..20"),
    ([("path_points", "soleus_r.0", "active_max", 0.1)], r"soleus_r.0/active_max = 0.1: must be absent \(NaN\)"),
    (
        [("path_points", "soleus_r.0", "coordinate", "knee_angle_r")],
        "soleus_r.0/coordinate = 'knee_angle_r': must be empty",
    ),
    # names and types
    ([("muscles", "soleus_r", "groups", "a; b")], "muscles/soleus_r/groups = 'a; b': must be names joined by ';'"),
    ([("muscles", "soleus_r", "pennation", 10**400)], "muscles, row 34, pennation: must be a finite number"),
    ([("muscles", "soleus_r", "pennation", np.timedelta64(1))], "row 34, pennation = .*: must be a number"),
    ([("segments", "toes_r", "segment", "toes/r")], "segments: row 'toes/r': a name must have no '/'"),
    # so small that nothing can be certified, or carried
    ([("settings", "gravity", "value", 1e-300)], "settings/gravity = 1e-300: must be in 1e-09..1000 m/s2"),
    ([("settings", "contact_weight", "value", 1e-300)], "settings/contact_weight = 1e-300: must be in 1e-12..1e"),
    ([("settings", "contact_limit", "value", 1e-3)], "settings/contact_limit = 0.001: must be in 0.1..1e"),
]


@pytest.mark.parametrize(("edits", "named"), UNFIT_CELLS)
def test_parts_that_do_not_fit_are_refused_as_the_model_is_made(adult, edits, named):
    with pytest.raises(ModelError, match=named):
        bm.Model("own", cells_of(adult, *edits))


@pytest.mark.parametrize(
    ("table", "row", "cells", "named"),
    [
        ("segments", "torso", {"segment": "head"}, "segments/head: no joint carries it"),
        ("segments", "torso", {"segment": "ground"}, "segments/ground: must not be named 'ground'"),
        ("joints", "hip_r", {"joint": "hip2_r"}, "joints/hip2_r/child = 'femur_r': must be no joint's child already"),
        ("muscles", "soleus_r", {"muscle": "plantaris_r"}, "'plantaris_r': needs at least two path points, has 0"),
        ("muscles", "soleus_r", {}, "muscles: row names must be present and unique"),
        ("couplings", "knee_r_tx", {"coupling": "again"}, "couplings/again: must not repeat 'knee_r_tx'"),
        ("patellae", "patella_r", {"patella": "again_r"}, "patellae/again_r/coordinate = 'knee_angle_r': must be no"),
        ("coordinates", "hip_flexion_r", {"coordinate": "again_r"}, "coordinates/again_r: must not do what others"),
        ("settings", "arms_mass", {"setting": "arm_mass"}, r"settings/arm_mass: .*\(did you mean 'arms_mass'\?\)"),
        ("passive", "hip_c", {"parameter": "hip_d"}, "passive/hip_d: nothing reads a row of this name"),
    ],
)
def test_rows_that_no_body_has_are_refused(adult, table, row, cells, named):
    with pytest.raises(ModelError, match=named):
        bm.Model("own", with_row(adult, table, row, **cells))


@pytest.mark.parametrize("table", SCHEMA)
def test_empty_tables_are_refused_or_mean_none(small, table):
    """A body without couplings or patellae is one; one without coordinates or contacts cannot stand."""
    empty = {**small.tables, table: Table(table, dict.fromkeys(SCHEMA[table], ()))}
    cannot_stand = {"contact_points": "the right foot cannot stand", "coordinates": "which a stance needs"}
    if len(small.tables[table]) == 0:
        assert bm.Model("own", empty).muscles == small.muscles
    elif table in cannot_stand:
        statue = bm.Model("own", empty)
        with pytest.raises(ModelError, match=cannot_stand[table]):
            bm.sweep(statue, pelvic_tilt=0)
    else:
        with pytest.raises(ModelError, match=f"{table}|{table.replace('_', ' ')}|'{small.tables[table].rows[0]}'"):
            bm.Model("own", empty)


@pytest.mark.parametrize("row", ["gravity", "lumbar_line_share", "extensor_mechanism"])
def test_settings_that_are_read_must_be_there(adult, row):
    with pytest.raises(ModelError, match=f"table 'settings' has no row '{row}'"):
        without(adult, row)


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        (None, "columns = None: must be a mapping"),
        ([1], "columns = .*: must be a mapping"),
        ({"mass": np.array(3.0)}, r"columns\['mass'\] = .*: must be a tuple"),
        ({"mass": 3.0}, r"columns\['mass'\] = 3.0: must be a tuple"),
        ({"mass": "12"}, r"columns\['mass'\] = '12': must be a tuple"),
        ({"mass": (1.0, 2.0)}, r"columns\['mass'\] has 2 cells; must have 12"),
        ({"inertia": (1.0,) * 12}, r"columns unknown \['inertia'\]"),
    ],
)
def test_columns_that_are_none_are_refused(adult, columns, named):
    own = {**adult.tables["segments"].columns, **columns} if isinstance(columns, dict) else columns
    with pytest.raises(ModelError, match=named):
        bm.Model("own", {**adult.tables, "segments": Table("segments", own)})


def test_tables_are_read_by_the_names_of_their_columns(adult):
    columns = dict(adult.tables["segments"].columns)
    with pytest.raises(ModelError, match=r"table 'segments': columns missing \['mass'\]"):
        bm.Model(
            "own", {**adult.tables, "segments": Table("segments", {c: columns[c] for c in columns if c != "mass"})}
        )
    with pytest.raises(ModelError, match="table 'segments': columns in the order"):
        bm.Model("own", {**adult.tables, "segments": Table("segments", dict(reversed(columns.items())))})


def test_what_a_table_was_made_of_may_change(adult):
    """Lists and arrays are copied."""
    mass = np.array(adult.tables["segments"].columns["mass"])
    model = bm.Model(
        "own", {**adult.tables, "segments": Table("segments", {**adult.tables["segments"].columns, "mass": mass})}
    )
    mass[:] = -1.0
    assert model.body_mass == pytest.approx(75.1646)


@pytest.mark.parametrize("mass", [0.1, 0.2, 5.0])
def test_a_body_of_any_mass_is_looked_at_after_its_parts_have_followed(adult, mass):
    """All of it a tenth as heavy: arms of .743 kg in a torso of 3.42, L5/S1 at a tenth of the load."""
    other = adult.scale({"segments/*/mass": mass})
    assert other.value("settings/arms_mass") == pytest.approx(mass * 7.43, rel=1e-12)
    load = [float(bm.sweep(m, pelvic_tilt=0).lumbar_compression) for m in (adult, other)]
    assert load[1] == pytest.approx(mass * load[0], rel=1e-6)


def lopsided(tables):
    """The same body, of which the halves are not solved alone."""
    model = bm.Model("lopsided", tables)
    name = next(m for m in model.muscles if m.endswith("_l"))
    return model.replace({f"muscles/{name}/pennation": model.value(f"muscles/{name}/pennation") + 1e-9})


def midline_extensor(model):
    """A back muscle in the middle, between those of both sides."""
    tables = with_row(model, "muscles", "lumbar_extensors_r", muscle="back", tendon_slack_length=0.0)
    points = model.tables["path_points"]
    for k in range(2):
        new = {"point": f"back.{k}", "muscle": "back", "z": 0.0}
        row = points.index(f"lumbar_extensors_r.{k}")
        tables["path_points"] = Table(
            "path_points",
            {c: (*v, new.get(c, points.columns[c][row])) for c, v in tables["path_points"].columns.items()},
        )
    return tables


def crossed(table, *pairs):
    """A body of which some rows of both sides lie on the other side."""
    return lambda model: cells_of(model, *((table, row, "segment", segment) for row, segment in pairs))


@pytest.mark.parametrize(
    "make",
    [
        midline_extensor,
        crossed("contact_points", ("toe_tip_r", "calcn_l"), ("toe_tip_l", "calcn_r")),
        crossed("path_points", ("gluteus_maximus_r.1", "femur_l"), ("gluteus_maximus_l.1", "femur_r")),
    ],
)
def test_bodies_that_are_no_two_halves_are_solved_whole(small, make):
    """Symmetric as they are: a muscle of the midline counts once, and what crosses it is on the other side."""
    tables = make(small)
    stance = {"pelvic_tilt": 0, "trunk_lean": 30}
    one, two = (bm.sweep(model, **stance) for model in (bm.Model("own", tables), lopsided(tables)))
    assert int(one.status) == 0
    np.testing.assert_allclose(one.activation, two.activation, atol=1e-6)


@pytest.mark.parametrize("end", ["min", "max"])
def test_a_body_that_cannot_face_forward_does_not(adult, end):
    """A coordinate that the right half of a body leaves out is zero there; where it cannot be, no half stands."""
    turned = adult.replace({f"coordinates/pelvis_rotation/range_{end}": {"min": 5.0, "max": -5.0}[end]})
    with pytest.raises(bm.UnreachablePosture, match="pelvis_rotation would be"):
        bm.sweep(turned, pelvic_tilt=0)


def test_a_heavier_left_leg_is_not_halved(adult):
    """The ground bears both legs, and the weight of the heavier one."""
    heavy = adult.scale({"segments/femur_l/mass": 1.5})
    ds = bm.sweep(heavy, pelvic_tilt=0)
    assert not heavy.is_symmetric
    assert float(ds.ground_force.sel(axis="y").sum()) == pytest.approx(heavy.body_mass * 9.80665, rel=1e-9)


def test_a_lumped_line_alone_may_have_a_tendon_of_negative_length(adult, small):
    assert (
        small.replace({"muscles/quadriceps_r/tendon_slack_length": -0.003}).value(
            "muscles/quadriceps_r/tendon_slack_length"
        )
        < 0
    )
    for model, muscle, slack in ((adult, "soleus_r", -0.001), (small, "quadriceps_r", -0.2)):
        with pytest.raises(ModelError, match=f"{muscle}/tendon_slack_length"):
            model.replace({f"muscles/{muscle}/tendon_slack_length": slack})


def test_the_arms_follow_the_body(adult):
    """The weight of a body of 60 % asks for 60 % of the moment about L5/S1, whatever its muscles give of it."""

    def moment(model):
        ds = bm.sweep(model, pelvic_tilt=0, trunk_lean=60)
        angles = dict(bm.pose(ds))
        arm = model.muscle_geometry(**angles).moment_arm.sel(coordinate="lumbar_extension")[0]
        return float((arm * ds.muscle_force).sum() + ds.passive_moment.sel(coordinate="lumbar_extension"))

    light = adult.scale({"segments/*/mass": 0.6})
    assert light.value("settings/arms_mass") == pytest.approx(0.6 * 7.43, rel=1e-12)
    assert moment(light) == pytest.approx(0.6 * moment(adult), rel=1e-6)
    assert moment(light) == pytest.approx(61.84, abs=0.01)
    kept = adult.scale({"segments/*/mass": 0.6, "settings/arms_mass": 1.0})
    assert kept.value("settings/arms_mass") == 7.43


def test_a_similar_body_works_as_hard(adult):
    """55 kg and 0.9 of the height, settings and passive tissue not named: the same activations."""
    mass, length = 55.0 / adult.body_mass, 0.9
    places = [f"{table}/*/{axis}" for table in ("joints", "path_points", "contact_points") for axis in "xyz"]
    places += [f"segments/*/com_{axis}" for axis in "xyz"] + ["splines/*/value", "patellae/*/z"]
    places += ["muscles/*/optimal_fibre_length", "muscles/*/tendon_slack_length"]
    factors = {"segments/*/mass": mass, "muscles/*/max_isometric_force": mass, **dict.fromkeys(places, length)}
    stance = {"pelvic_tilt": 0, "knee_flexion": [5, 40], "stance_width": 0.2}
    other = bm.sweep(adult.scale(factors), **{**stance, "stance_width": 0.2 * length})
    np.testing.assert_allclose(other.activation, bm.sweep(adult, **stance).activation, atol=1e-7)


@pytest.mark.parametrize("changes", [None, [], 3, {3: 1.0}, {"settings/gravity": 10**400}, {"settings/gravity": 1j}])
def test_changes_that_are_none(adult, changes):
    with pytest.raises(ModelError, match="must"):
        adult.replace(changes)


@pytest.mark.parametrize("name", [[], None, 3])
def test_names_that_are_none(name):
    with pytest.raises(ModelError, match="there is no such model"):
        bm.load_model(name)


def without(model, *names):
    """The model's tables without the rows that mention a name."""
    tables = {}
    for key, table in model.tables.items():
        texts = [c for c, kind in SCHEMA[key].items() if kind == "text" and c != "source"]
        keep = [i for i in range(len(table)) if not {table.columns[c][i] for c in texts} & set(names)]
        tables[key] = Table(key, {c: tuple(v[i] for i in keep) for c, v in table.columns.items()})
    return bm.Model("other", tables)


def test_a_body_without_a_muscle_stands(adult):
    """As one in which that muscle has hardly any strength."""
    lame = bm.sweep(without(adult, "semiten_r"), pelvic_tilt=0)
    weak = bm.sweep(adult.replace({"muscles/semiten_r/max_isometric_force": 1e-9}), pelvic_tilt=0)
    np.testing.assert_allclose(lame.muscle_force.sum(), weak.muscle_force.sum(), rtol=1e-5)


@pytest.mark.parametrize("ask", [bm.sweep, bm.stability])
def test_a_body_without_the_names_of_a_stance_is_refused(adult, ask):
    joints = changed(adult, "joints", "joint", "lumbosacral", "back")
    own = adult.tables["coordinates"]
    renamed = tuple("back" if joint == "lumbosacral" else joint for joint in own.text("joint"))
    joints["coordinates"] = Table("coordinates", {**own.columns, "joint": renamed})
    with pytest.raises(ModelError, match="lumbosacral"):
        ask(bm.Model("other", joints), pelvic_tilt=0)


def test_what_is_kept_has_a_bound():
    cache = Cache()
    for i in range(2000):
        assert cache.get(("weight", i), lambda i=i: i) == i
        assert cache.get("asked for always", lambda i=i: i) == 0
    assert len(cache) <= MOST_KEPT
    assert ("weight", 1999) in cache
    assert ("weight", 0) not in cache


def test_paths_are_refused_by_the_parameter_that_holds_them(small):
    for call, named in (
        (lambda: small.value("x"), "path = 'x': there is no table 'x'; tables are segments"),
        (lambda: small.value(None), "path = None: must be text"),
        (lambda: small.value("segments/tail/mass"), "path = 'segments/tail/mass': table 'segments' has no row 'tail'"),
        (lambda: small.scale(2.5), "factors = 2.5: must be a mapping of paths"),
        (lambda: small.scale({"segments/tail/mass": 2}), r"factors\['segments/tail/mass'\]: no row .* matches 'tail'"),
        (lambda: small.scale({"segments/*/mass": True}), r"factors\['segments/\*/mass'\] = True: must be a finite"),
        (lambda: small.replace({"segments/torso/x": 2}), r"changes\['segments/torso/x'\]: 'x' is no number of table"),
        (lambda: small.replace({"segments/torso/mass": np.timedelta64(3)}), r"changes\[.*\] = .*: must be a finite"),
        (lambda: small.compiled(half=2), "half = 2: must be True or False"),
        (lambda: small.sides("soleus_r"), "names = 'soleus_r': must be a list of names"),
        (lambda: small.cached([], int), r"key = \[\]: must be hashable"),
        (lambda: small.cached("never asked", 3), "make = 3: must be a function"),
        (lambda: bm.load_model(np.ma.masked_array(["x"], mask=[True])), "name = .*: there is no such model"),
    ):
        with pytest.raises(ModelError, match=named):
            call()


def test_tables_that_are_none_are_refused(small):
    table = small.tables["segments"]
    columns = dict(table.columns)
    for call, named in (
        (lambda: Table("limbs", columns), "name = 'limbs': there is none"),
        (lambda: Table("segments", None), "columns = None: must be a mapping"),
        (lambda: Table("segments", {"segment": ("torso",)}), "columns missing .*; must be segment, mass"),
        (lambda: Table("segments", {**columns, "mass": 3.0}), r"columns\['mass'\] = 3.0: must be a tuple"),
        (lambda: Table("segments", {**columns, "mass": (3.0,)}), r"columns\['mass'\] has 1 cells; must have"),
        (
            lambda: Table("segments", {**columns, "segment": (3,) * len(table)}),
            r"columns\['segment'\] = 3: must be text",
        ),
        (lambda: table.numbers("segment"), "segments/pelvis/segment = 'pelvis': must be a number"),
        (lambda: table.numbers("weight"), "column = 'weight': table 'segments' has segment, mass"),
        (lambda: table.value("tail", "mass"), "row = 'tail': table 'segments' has no such row"),
        (lambda: table.with_numbers("mass", {99: 1.0}), "values = 99: must be a whole number from 0 to"),
        (lambda: make_table("settings", None), "records = None: must be a list of mappings"),
        (lambda: make_table("settings", [{3: "x"}]), "records: settings, row 1: columns are 3"),
        (lambda: with_left_side(None), "table = None: must be a Table"),
        (lambda: other_side(3), "name = 3: must be text"),
    ):
        with pytest.raises(ModelError, match=named):
            call()


def test_a_folder_without_the_table_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"folder = .*cannot read settings.csv"):
        read_table("settings", tmp_path)
    with pytest.raises(ModelError, match="folder = 'here': must be a folder"):
        read_table("settings", "here")


def test_a_model_compiles_once_however_much_is_kept():
    model = bm.load_model().replace({"passive/hip_offset": 1.0})
    compiled = model.compiled()
    for i in range(2000):
        model.cached(("weight", i), lambda i=i: i)
        assert model.compiled() is compiled


def _same(one, other):
    """Whether two trees of tuples hold the same numbers."""
    if isinstance(one, tuple):
        return len(one) == len(other) and all(_same(*pair) for pair in zip(one, other, strict=True))
    return np.array_equal(one, other, equal_nan=True)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("name", ["adult", "gait2392", "small"])
def test_other_numbers_compile_as_if_from_the_start(name, half):
    model, rng = bm.load_model(name), np.random.default_rng(5)
    columns = {}
    for table, names in NUMBERS.items():
        for column in names:
            own = model.tables[table].numbers(column)
            free = np.array([row in PRESSURE for row in model.tables[table].rows]) if table == "settings" else True
            columns[table, column] = np.where(free, own * rng.uniform(0.9, 1.1, own.shape), own)
    ours = model.with_numbers(columns)
    afresh = bm.Model(model.name, ours.tables)
    assert _same(ours.compiled(half=half).tables, afresh.compiled(half=half).tables)
    assert not ours.is_symmetric
    again = ours.with_numbers({key: model.tables[key[0]].numbers(key[1]) for key in columns})
    assert _same(again.compiled(half=half).tables, model.compiled(half=half).tables)
    assert again.is_symmetric == model.is_symmetric
    mirror = {key: model.tables[key[0]].numbers(key[1]) * 1.1 for key in columns if key[0] != "settings"}
    assert model.with_numbers(mirror).is_symmetric == model.is_symmetric


@pytest.mark.parametrize(
    ("table", "column", "message"),
    [("segments", "mass", r"columns = \('segments', 'mass'\): must be"), ("none", "x", "columns = .*'none'"),
     ("settings", "value", "of settings pressure_share"), ("muscles", "leverage", "must be numbers of all 110 rows")],
)  # fmt: skip
def test_structure_is_no_number(adult, table, column, message):
    values = 2.0 * adult.tables[table].numbers(column) if table in ("segments", "settings") else np.ones(3)
    with pytest.raises(ModelError, match=message):
        adult.with_numbers({(table, column): values})
