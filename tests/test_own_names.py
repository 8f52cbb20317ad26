"""What is said of a body is said in its own names: no message has a name that it does not have, but as a role."""

from __future__ import annotations

import re
import warnings
from functools import partial

import numpy as np
import pytest
import xarray as xr
from test_roles import renamed

import biomech as bm
from biomech.errors import BiomechError, ModelError
from biomech.model.references import REFERENCES
from biomech.model.roles import KINDS
from biomech.model.tables import COLUMNS, Table
from biomech.uncertainty import Prior


@pytest.fixture(scope="module")
def body():
    """The adult under other names, and what each of its parts is called there."""
    other, names = renamed(bm.load_model())
    points = other.tables["path_points"]
    labels = tuple(f"point {i}" for i in range(len(points)))
    tables = {**other.tables, "path_points": Table("path_points", {**points.columns, "point": labels})}
    other = bm.Model("renamed", tables, other.roles)
    return other, {old: new for kind in KINDS for old, new in names[kind].items()}


def said(call):
    """Everything that a call says: its errors, its warnings, and what it prints of an answer."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = call()
            # labels of an answer are told by roles where they are joints
            told = [answer.attrs.get("message", "") if isinstance(answer, xr.Dataset) else str(answer)]
        except BiomechError as error:
            told = [str(error)]
    return " ".join([*told, *(str(warning.message) for warning in caught)])


def foreign(text, names, given=()):
    """Names of the built-in body in a text: but roles, which are called so or stand in brackets, and what was given."""
    text = re.sub(r"\b[Rr]oles? \w+(, \w+)*( (and|or) \w+)*", "", text)
    text = re.sub(r"\(\w+\)", "", text)
    old = "|".join(sorted(map(re.escape, {*names} - {*given}), key=len, reverse=True))
    return sorted(set(re.findall(rf"(?<![\w.])(?:{old})(?![\w])", text)))


#: Table, row, column, and a number that no body has there.
NUMBERS = [
    ("segments", "femur_r", "mass", -1.0),
    ("segments", "torso", "com_x", 3.0),
    ("segments", "torso", "mass", 1.0),
    ("joints", "hip_r", "z", -0.1),
    ("joints", "hip_l", "z", 0.1),
    ("coordinates", "hip_rotation_r", "axis_y", -1.0),
    ("coordinates", "knee_angle_l", "axis_z", -1.0),
    ("coordinates", "knee_angle_l", "range_min", 500.0),
    ("coordinates", "knee_angle_l", "range_min", 100.0),
    ("coordinates", "hip_flexion_r", "axis_z", 0.0),
    ("muscles", "soleus_r", "tendon_slack_length", -1.0),
    ("muscles", "soleus_r", "max_isometric_force", -1.0),
    ("contact_points", "*", "y", 4.0),
    ("patellae", "*", "flexion", 1.0),
    ("patellar_tendon", "*", "value", 4.0),
    ("patellar_tendon", "*", "value", 0.0001),
    ("settings", "arms_mass", "value", 90.0),
]


@pytest.mark.parametrize(("table", "row", "column", "value"), NUMBERS)
def test_numbers_that_cannot_be(body, table, row, column, value):
    other, names = body
    path = f"{table}/{names.get(row, row)}/{column}"
    with pytest.raises(ModelError) as error:
        other.replace({path: value})
    assert not foreign(str(error.value), names)
    if row in names:
        assert names[row] in str(error.value)


#: Table, column, the part whose row it is, what stands there (of a part its name), and what the message calls.
CELLS = [
    ("joints", "child", "hip_r", "femur_l", "femur_l"),
    ("joints", "parent", "hip_r", "ground", "hip_r"),
    ("joints", "parent", "hip_r", "nothing", "hip_r"),
    ("coordinates", "stance", "pelvis_tx", "locked", "pelvis"),
    ("coordinates", "motion", "knee_angle_r", "translation", "knee_angle_r"),
    ("muscles", "groups", "soleus_r", " x", "soleus_r"),
    ("patellae", "group", 0, "gluteus_maximus", ""),
    ("patellae", "coordinate", 0, "hip_flexion_r", "hip_flexion_r"),
    ("patellae", "coordinate", 0, "knee_angle_l", "knee_angle_l"),
    ("contact_points", "segment", 0, "femur_r", "femur_r"),
    ("path_points", "kind", 0, "conditional", ""),
    ("couplings", "coordinate", 0, "hip_flexion_l", "hip_flexion_l"),
]


@pytest.mark.parametrize(("table", "column", "row", "cell", "told"), CELLS)
def test_tables_that_cannot_be(body, table, column, row, cell, told):
    other, names = body
    own = other.tables[table]
    cells = list(own.columns[column])
    cells[row if isinstance(row, int) else own.index(names[row])] = names.get(cell, cell)
    with pytest.raises(ModelError) as error:
        bm.Model("x", {**other.tables, table: Table(table, {**own.columns, column: tuple(cells)})}, other.roles)
    assert not foreign(str(error.value), names)
    assert names.get(told, told) in str(error.value)


@pytest.mark.parametrize("segment", ["pelvis", "torso", "calcn_r", "talus_l", "tibia_r", "femur_l"])
def test_bodies_that_lack_a_part(body, segment):
    other, names = body
    text = said(lambda: other.without(names[segment]))
    assert not foreign(text, names)
    if segment in ("pelvis", "torso"):
        return
    left = other.without(names[segment])
    supports = {"both": {}, "right": {}, "left": {}, "seat": {"knee_flexion": 90.0}, "step": {}, "stride": {}}
    for support, more in supports.items():
        text = said(partial(bm.sweep, left, pelvic_tilt=0.0, support=support, **more))
        assert not foreign(text, names), support
    for call in (
        lambda: bm.sweep(left, pelvic_tilt="least_effort"),
        lambda: bm.stability(left, pelvic_tilt=0.0),
        lambda: left.scaled(height=1.6, lengths={"foot": 0.3, "thigh": 0.4, "shank": 0.4}),
        lambda: bm.uncertainty.propagate({"standing": {"pelvic_tilt": 0.0}}, left, samples=4),
        lambda: bm.static_optimization(left, {names["pelvis_ty"]: 0.95}, "predicted"),
    ):
        assert not foreign(said(call), names)


def plates(model):
    force = xr.DataArray([[0.0, model.body_mass * 4.9, 0.0]] * 2, {"foot": ["right", "left"], "axis": list("xyz")})
    return xr.Dataset({"force": force, "point": force * 0.0})


def questions(other, names):
    """What is asked amiss, each with the names that the caller gives himself."""
    pose, ground = {names["pelvis_ty"]: 0.95}, plates(other)
    for stance in (
        {"knee_flexion": 200.0},
        {"knee_flexion": 100.0, "trunk_lean": -20.0},
        {"foot_rotation": 90.0},
        {"knee_flexion": -15.0},
        {"trunk_lean": 80.0},
        {"stance_width": 1.5},
        {"load_mass": 80.0, "load_position": (0.6, 0.3, 0.0)},
        {"support": "step", "step_height": 0.6, "knee_flexion": 20.0},
        {"support": "seat", "seat_height": 0.2},
    ):
        yield (), lambda stance=stance: bm.sweep(other, **{"pelvic_tilt": 0.0, **stance})
        yield (), lambda stance=stance: bm.summary(bm.sweep(other, **{"pelvic_tilt": [0.0], **stance}))
        yield (), lambda stance=stance: bm.stability(other, **{"pelvic_tilt": 0.0, **stance})
    for option in ("tone", "weight", "stiffness_margin"):
        yield ("soleus_r",), lambda option=option: bm.sweep(other, pelvic_tilt=0.0, **{option: {"soleus_r": 0.1}})
    for wrong in (500.0, np.nan):
        yield (), lambda wrong=wrong: bm.static_optimization(other, {names["knee_angle_r"]: wrong}, ground)
        yield (), lambda wrong=wrong: other.muscle_geometry({names["knee_angle_r"]: wrong})
    yield (), lambda: bm.static_optimization(other, {names["pelvis_ty"]: 99.0}, ground)
    yield (), lambda: bm.static_optimization(other, pose, ground)
    yield (), lambda: bm.static_optimization(other, {names["pelvis_ty"]: 1.95}, "predicted")
    yield ("knee_angle_r",), lambda: bm.static_optimization(other, {"knee_angle_r": 0.0}, ground)
    yield ("knee_angle_r",), lambda: bm.static_optimization(other, pose, ground, reserve={"knee_angle_r": 1.0})
    yield ("soleus_r",), lambda: bm.static_optimization(other, pose, ground, lower={"soleus_r": 0.1})
    for path, least in ((f"segments/{names['torso']}/com_x", 1.0), ("patellar_tendon/arm*", 0.9)):
        prior = Prior("mine", path, "set", "uniform", least, 2 * least, least, 2 * least)
        yield (
            (),
            lambda prior=prior: bm.uncertainty.propagate(
                {"standing": {"pelvic_tilt": 0.0}}, other, samples=4, priors={"mine": prior}
            ),
        )
    yield ("torso",), lambda: other.with_roles(segments={"torso": "torso"})
    yield (), lambda: other.with_roles(signs={"knee_angle_r": -1})
    yield (), lambda: other.with_roles(segments={"talus_r": names["femur_r"]})
    yield ("hip_r",), lambda: other.with_roles(reported={"hip_r": "nothing"})


def test_questions_asked_amiss(body):
    other, names = body
    texts = [(given, said(call)) for given, call in questions(other, names)]
    assert sum(bool(text) for _, text in texts) > 0.75 * len(texts)
    assert not {text[:300]: own for given, text in texts if (own := foreign(text, names, given))}


def test_the_check_finds_a_foreign_name(body):
    names = body[1]
    assert foreign("segments/femur_r/mass = -1", names) == ["femur_r"]
    assert foreign("no segment of the role calcn_r, on which", names) == []
    assert foreign(f"count {names['knee_angle_r']} (knee_angle_r)", names) == []


def test_every_column_of_parts_says_what_it_refers_to():
    """A table that is added tells the schema which of its columns name parts: renaming and removal follow that."""
    parts = {"segment", "joint", "coordinate", "coordinates", "muscle", "parent", "child", "wrap", "function"}
    for name, columns in COLUMNS.items():
        first, *others = columns
        for column in others:
            stem = re.sub("_[xyz]$", "", column)
            if stem in parts and columns[column] == "text" and (name, column) != ("functions", "function"):
                assert column in REFERENCES.get(name, {}), f"{name}/{column}"
        if first in parts and name not in ("segments", "joints", "coordinates", "muscles", "wraps"):
            assert first in REFERENCES.get(name, {}), f"{name}/{first}"
    assert all(to.table in COLUMNS for columns in REFERENCES.values() for to in columns.values())
    assert all(column in COLUMNS[name] for name, columns in REFERENCES.items() for column in columns)
