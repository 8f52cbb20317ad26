"""Bodies as files of OpenSim: what is written is read back the same; OpenSim has the same lengths and moment arms."""

from __future__ import annotations

import itertools
import math
import re
import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_reference import OSIM as SHARED

import biomech as bm
from biomech.errors import BiomechWarning, ModelError
from biomech.io.osim.write.elements import pennation, radians
from biomech.model.tables import Table, complete

OWN = Path(__file__).parent / "reference" / "osim"
FILES = sorted([*SHARED.glob("models/*.osim"), *SHARED.glob("more_models/*.osim"), *SHARED.glob("motions/*/*.osim")])
BUILT_IN = ["small", "gait2392", "adult"]

rng = np.random.default_rng(18)


def read(path: Path) -> bm.Model:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiomechWarning)
        return bm.read_osim(path)


def write(model: bm.Model, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiomechWarning)
        bm.write_osim(model, path)
    return path


def poses(model: bm.Model, count: int = 4) -> dict[str, np.ndarray]:
    """Coordinates that follow no others and are not held, anywhere within their ranges."""
    table, own = model.tables["coordinates"], complete(model.tables)
    free = [
        name
        for name, stance in zip(table.rows, table.text("stance"), strict=True)
        if name not in own["couplers"].text("dependent") and stance != "held"
    ]
    low = np.array([max(-120.0, table.value(name, "range_min")) for name in free])
    high = np.array([min(120.0, table.value(name, "range_max")) for name in free])
    return dict(zip(free, (low + (high - low) * rng.random((count, len(free)))).T, strict=True))


def differences(first: Table, second: Table) -> list[tuple[str, str, object, object]]:
    """Cells that are not the same; NaN is NaN."""
    if first.rows != second.rows:
        return [(first.name, "rows", first.rows, second.rows)]
    return [
        (first.name, f"{row}/{column}", a, b)
        for column in first.columns
        for row, a, b in zip(first.rows, first.columns[column], second.columns[column], strict=True)
        if a != b and not (a != a and b != b)
    ]


def check_same(first: bm.Model, second: bm.Model) -> None:
    assert first.name == second.name
    assert [*first.tables] == [*second.tables]
    assert [own for name in first.tables for own in differences(first.tables[name], second.tables[name])] == []
    assert first.roles.record() == second.roles.record()
    assert (first.said, first.left_out) == (second.said, second.left_out)


# ---- there and back -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not FILES, reason="the public models are not on this machine")
@pytest.mark.parametrize("file", FILES, ids=lambda own: own.stem)
def test_a_file_that_is_written_is_read_back_the_same(file: Path, tmp_path: Path) -> None:
    model = read(file)
    check_same(model, read(write(model, tmp_path / file.name)))


def test_joints_of_every_class_are_read_back_the_same(tmp_path: Path) -> None:
    text = (OWN / "every_joint_v40600.osim").read_text()
    straight = re.sub(r"<gravity>.*?</gravity>", "<gravity>0 -9.81 0</gravity>", text)
    assert straight != text
    (tmp_path / "every.osim").write_text(straight)
    model = read(tmp_path / "every.osim")
    assert model.said == "no damping: stop, bushing, coil, spring"
    back = read(write(model, tmp_path / "again.osim"))
    assert back.said == ""  # what is written has none
    check_same(bm.Model(model.name, {k: own for k, own in model.tables.items() if k != "notes"}, model.roles), back)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_body_comes_back_with_the_same_geometry(name: str, tmp_path: Path) -> None:
    model = bm.load_model(name)
    back = read(write(model, tmp_path / f"{name}.osim"))
    assert (back.muscles, back.segments) == (model.muscles, model.segments)
    assert set(model.groups) <= set(back.groups)
    own = poses(model)
    for question in ("muscle_geometry", "gravity", "kinematics"):
        first, second = (getattr(body, question)(own) for body in (model, back))
        for variable in first.data_vars:
            kept = {c: first[c].values for c in first[variable].dims if c in ("coordinate", "muscle", "segment")}
            np.testing.assert_allclose(
                second[variable].sel(kept).values, first[variable].values, rtol=0, atol=1e-12, err_msg=variable
            )


def test_what_opensim_has_no_word_for_is_said_in_one_warning(tmp_path: Path) -> None:
    with pytest.warns(BiomechWarning) as said:
        bm.write_osim(bm.load_model("adult"), tmp_path / "adult.osim")
    assert len(said) == 1
    for word in ("patellae: patella_r", "passive tissue", "soles", "settings but gravity"):
        assert word in str(said[0].message)


def test_of_a_body_from_a_file_all_is_written_without_a_warning(tmp_path: Path) -> None:
    model = read(write(bm.load_model("gait2392"), tmp_path / "one.osim"))
    bm.write_osim(model, tmp_path / "two.osim")  # warnings are errors
    check_same(model, bm.read_osim(tmp_path / "two.osim"))


def test_what_was_left_out_stays_left_out(tmp_path: Path) -> None:
    write(bm.load_model("small"), tmp_path / "small.osim")
    text = (tmp_path / "small.osim").read_text()
    note = "<?biomech left_out kind='WrapTorus' name='a &gt; \"b\"' muscle='glut_max_r' affects='path'?>"
    muscle = bm.load_model("small").muscles[0]
    text = text.replace("<Model ", note.replace("glut_max_r", muscle) + "<Model ")
    (tmp_path / "left.osim").write_text(text)
    with pytest.warns(BiomechWarning, match="WrapTorus"):
        model = bm.read_osim(tmp_path / "left.osim")
    assert model.left_out == (f"WrapTorus 'a > \"b\"' ({muscle})",)
    with pytest.raises(ModelError, match="WrapTorus"):
        model.muscle_geometry()
    with pytest.warns(BiomechWarning, match="WrapTorus"):
        bm.write_osim(model, tmp_path / "again.osim")
    check_same(model, read(tmp_path / "again.osim"))


def test_notes_of_others_are_theirs(tmp_path: Path) -> None:
    write(bm.load_model("small"), tmp_path / "small.osim")
    text = (tmp_path / "small.osim").read_text().replace("<Model ", "<?others left_out kind='x'?><Model ")
    (tmp_path / "small.osim").write_text(text)
    assert bm.read_osim(tmp_path / "small.osim").left_out == ()


def test_what_is_read_back_otherwise_is_said(tmp_path: Path) -> None:
    """A body from a file that was changed: soles and passive tissue come from the rule again, muscles from the file."""
    model = read(write(bm.load_model("gait2392"), tmp_path / "one.osim"))
    bm.write_osim(model.scale({"muscles/soleus_r/max_isometric_force": 0.5}), tmp_path / "two.osim")  # no warning
    point = model.tables["contact_points"].rows[0]
    changed = model.replace({"passive/hip_offset": 5.0, f"contact_points/{point}/x": 0.3})
    with pytest.warns(BiomechWarning, match="read back otherwise: contact_points, passive, settings$") as said:
        bm.write_osim(changed, tmp_path / "two.osim")
    assert len(said) == 1
    turned = model.with_roles(signs={"knee_angle_r": -1})
    with pytest.warns(BiomechWarning, match="read back otherwise: .*roles$"):
        bm.write_osim(turned, tmp_path / "two.osim")


def test_a_muscle_that_was_off_and_is_given_strength_is_on(tmp_path: Path) -> None:
    write(bm.load_model("small"), tmp_path / "small.osim")
    muscle = bm.load_model("small").muscles[0]
    text = (tmp_path / "small.osim").read_text()
    name = f'name="{muscle}">'
    (tmp_path / "off.osim").write_text(text.replace(name, f"{name}<appliesForce>false</appliesForce>", 1))
    path = f"muscles/{muscle}/max_isometric_force"
    off = read(tmp_path / "off.osim")
    assert off.value(path) == 0.0
    assert read(write(off, tmp_path / "again.osim")).value(path) == 0.0
    assert "<appliesForce>false<" in (tmp_path / "again.osim").read_text()
    bm.write_osim(off.replace({path: 700.0}), tmp_path / "on.osim")
    assert read(tmp_path / "on.osim").value(path) == 700.0


def with_credit(credit: str, text: str) -> bm.Model:
    model = bm.load_model("small")
    cells = {"credit": (credit,), "text": (text,), "source": ("",)}
    return bm.Model(model.name, {**model.tables, "credits": Table("credits", cells)})


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (with_credit("a b", "x"), "credits = 'a b'"),
        (with_credit("BodySet", "x"), "credits = 'BodySet'"),
        (with_credit("credits", "x\x00y"), "XML cannot hold"),
        (with_credit("publications", "x\ufffey"), "XML cannot hold"),
        (with_credit("publications", "x\ud800y"), "XML cannot hold"),
        (bm.Model("a\x01b", bm.load_model("small").tables), "XML cannot hold"),
    ],
)
def test_what_no_parser_would_read_is_refused(model: bm.Model, said: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=said):
        bm.write_osim(model, tmp_path / "odd.osim")
    assert [*tmp_path.iterdir()] == []


def test_a_note_is_no_part_of_the_element_in_which_it_stands(tmp_path: Path) -> None:
    """Neither the text of a leaf nor the object of a property is another for it."""
    path = write(bm.load_model("small"), tmp_path / "small.osim")
    plain, text = read(path), path.read_text()
    noted = re.sub(r"(<mass>\d)", r"\1<?biomech odd?>", text)
    noted = noted.replace("<PathPointSet>", "<?biomech odd?><PathPointSet>").replace(
        "<objects>", "<objects><?biomech a?>"
    )
    noted = re.sub(r"(<function[^>]*>|<[a-z_]*_function>|<[xyz]_location>)", r"\1<?biomech odd?>", noted)
    assert noted.count("<?biomech odd?>") > 10
    path.write_text(noted)
    check_same(plain, read(path))


# ---- names and numbers --------------------------------------------------------------------------------------------


def renamed(model: bm.Model, table: str, old: str, new: str) -> bm.Model:
    """The body with one part called otherwise, wherever it is named."""
    tables = {
        name: Table(
            name, {c: tuple(new if cell == old else cell for cell in cells) for c, cells in own.columns.items()}
        )
        for name, own in model.tables.items()
    }
    return bm.Model(model.name, tables)


@pytest.mark.parametrize("name", ["a b", "a\\b", "a*b", "a+b", "a\tb", "a\x07b"])
@pytest.mark.parametrize(("table", "word"), [("muscles", "muscle"), ("segments", "segment"), ("joints", "joint")])
def test_a_name_that_opensim_cannot_have_is_refused(name: str, table: str, word: str, tmp_path: Path) -> None:
    model = bm.load_model("small")
    odd = renamed(model, table, model.tables[table].rows[-1], name)
    with pytest.raises(ModelError, match=rf"{word} = .*OpenSim's names"):
        bm.write_osim(odd, tmp_path / "odd.osim")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", ["a&b", "<b>", 'x"y', "it's", "ä::b", "]]>", "?>"])
def test_every_other_name_is_kept(name: str, tmp_path: Path) -> None:
    model = bm.load_model("small")
    odd = renamed(model, "muscles", model.muscles[-1], name)
    odd = bm.Model(f"body {name} & <co>", odd.tables)
    back = read(write(odd, tmp_path / "odd.osim"))
    assert back.muscles == odd.muscles
    assert back.name == odd.name


@pytest.mark.parametrize("path", ["body.xml", "body", 3, "a\0.osim"])
def test_a_path_that_is_none_is_refused(path: object) -> None:
    with pytest.raises((ModelError, bm.StanceError), match="path = "):
        bm.write_osim(bm.load_model("small"), path)  # type: ignore[arg-type]


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(bm.FileError, match="cannot be written"):
        bm.write_osim(bm.load_model("small"), tmp_path / "there_is_none" / "body.osim")


@settings(max_examples=300, deadline=None)
@given(st.floats(-400.0, 400.0))
def test_angles_are_read_back_to_the_last_bit_where_a_file_can_have_them(angle: float) -> None:
    degrees = angle * (180.0 / math.pi)  # what a file with this angle in radians is read as
    assert radians(degrees) * (180.0 / math.pi) == degrees
    assert math.degrees(pennation(math.degrees(angle))) == math.degrees(angle)


def test_a_joint_that_turns_and_moves_in_turn_is_refused(tmp_path: Path) -> None:
    model = read(write(bm.load_model("small"), tmp_path / "small.osim"))
    table = model.tables["transform_rows"]
    joint = next(
        name
        for name in table.text("joint")
        if [*table.text("joint")].count(name) >= 3
        and "translation"
        in [motion for motion, of in zip(table.text("motion"), table.text("joint"), strict=True) if of == name]
    )
    own = [i for i, of in enumerate(table.text("joint")) if of == joint]
    motion = [*table.text("motion")]
    for i, word in zip(own, itertools.cycle(["rotation", "translation"]), strict=False):
        motion[i] = word
    tables = {**model.tables, "transform_rows": table.with_column("motion", tuple(motion))}
    with pytest.raises(ModelError, match=f"{joint}.*in turn"):
        bm.write_osim(bm.Model("odd", tables), tmp_path / "odd.osim")


def test_the_file_is_xml_that_any_parser_reads(tmp_path: Path) -> None:
    root = ElementTree.parse(write(bm.load_model("adult"), tmp_path / "adult.osim")).getroot()
    assert root.attrib == {"Version": "40000"}
    assert len(root.findall(".//Thelen2003Muscle")) == len(bm.load_model("adult").muscles)


# ---- OpenSim itself -----------------------------------------------------------------------------------------------


def in_opensim(path: Path, own: dict[str, np.ndarray], muscles: list[str], armed: int) -> tuple[np.ndarray, np.ndarray]:
    """Lengths (pose, muscle), and moment arms (pose, muscle, coordinate) of the first few muscles, by OpenSim."""
    opensim = pytest.importorskip("opensim")
    opensim.Logger.setLevelString("error")
    model = opensim.Model(str(path))
    state = model.initSystem()
    coordinates = [model.getCoordinateSet().get(name) for name in own]
    paths = [model.getMuscles().get(name).getGeometryPath() for name in muscles]
    lengths, arms = [], []
    for pose in np.array([*own.values()]).T:
        for coordinate, value in zip(coordinates, pose, strict=True):
            coordinate.setLocked(state, False)
            coordinate.setValue(state, float(value), False)
        model.realizePosition(state)
        lengths.append([one.getLength(state) for one in paths])
        arms.append([[one.computeMomentArm(state, c) for c in coordinates] for one in paths[:armed]])
    return np.array(lengths), np.array(arms)


def in_file_units(model: bm.Model, own: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    motion = dict(zip(model.coordinates, model.tables["coordinates"].text("motion"), strict=False))
    return {name: np.radians(value) if motion[name] == "rotation" else value for name, value in own.items()}


@pytest.mark.parametrize("name", BUILT_IN)
def test_opensim_has_the_lengths_and_arms_of_a_built_in_body(name: str, tmp_path: Path) -> None:
    pytest.importorskip("opensim")
    model = bm.load_model(name)
    own = poses(model, 3)
    found = model.muscle_geometry(own)
    path = write(model, tmp_path / f"{name}.osim")
    lengths, arms = in_opensim(path, in_file_units(model, own), [*model.muscles], 8)
    np.testing.assert_allclose(found.length.values, lengths, rtol=0, atol=1e-12)
    mine = found.moment_arm.sel(coordinate=[*own]).values[:, :8]
    np.testing.assert_allclose(mine, arms, rtol=0, atol=1e-9)


@pytest.mark.skipif(not FILES, reason="the public models are not on this machine")
@pytest.mark.parametrize("file", FILES, ids=lambda own: own.stem)
def test_opensim_has_the_same_lengths_of_both_files(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("opensim")
    model = read(file)
    own = in_file_units(model, poses(model, 3))
    without = complete(model.tables)["left_out"].text("muscle")
    muscles = [name for name in model.muscles if name not in without]
    if not muscles:
        pytest.skip("no muscle of this file is computed")
    paths = [file, write(model, tmp_path / file.name)]
    (first, first_arms), (second, second_arms) = (in_opensim(path, own, muscles, 4) for path in paths)
    np.testing.assert_allclose(second, first, rtol=0, atol=1e-7)
    np.testing.assert_allclose(second_arms, first_arms, rtol=0, atol=1e-6)
