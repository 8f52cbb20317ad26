"""Bodies from files that are built otherwise than the built-in ones: a foot of one piece, a spine of several joints.

Each is held against a body that is the same but for the one thing, whose file has what a stance needs.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import xarray as xr
from shared_reference import OSIM

import biomech as bm
from biomech.errors import BiomechWarning

pytestmark = pytest.mark.skipif(not OSIM.exists(), reason="needs the reference models of OpenSim")

SPINE = """<PinJoint name="upper">
  <socket_parent_frame>below</socket_parent_frame><socket_child_frame>above</socket_child_frame>
  <coordinates><Coordinate name="upper_extension"/></coordinates>
  <frames>
    <PhysicalOffsetFrame name="below"><socket_parent>/bodyset/vertebra</socket_parent>
      <translation>0 0.05 0</translation></PhysicalOffsetFrame>
    <PhysicalOffsetFrame name="above"><socket_parent>/bodyset/torso</socket_parent>
      <translation>0 0.05 0</translation></PhysicalOffsetFrame>
  </frames>
</PinJoint>"""
FOLLOWS = """<CoordinateCouplerConstraint name="along">
  <coupled_coordinates_function><LinearFunction><coefficients>3 0</coefficients></LinearFunction>
  </coupled_coordinates_function>
  <independent_coordinate_names>lumbar_extension</independent_coordinate_names>
  <dependent_coordinate_name>upper_extension</dependent_coordinate_name>
</CoordinateCouplerConstraint>"""


def read(document: ElementTree.Element, path: Path) -> bm.Model:
    path.write_bytes(ElementTree.tostring(document))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiomechWarning)
        return bm.read_osim(path)


def opened(name: str) -> ElementTree.Element:
    return ElementTree.parse(OSIM / "more_models" / f"{name}.osim").getroot()


def drop(document: ElementTree.Element, where: str, names: set[str]) -> None:
    holder = document.find(f".//{where}/objects")
    for part in list(holder):
        if part.get("name") in names:
            holder.remove(part)


def one_legged_muscles(document: ElementTree.Element) -> set[str]:
    """Muscles that reach the right foot."""
    return {
        own.get("name")
        for own in document.find(".//ForceSet/objects")
        if any(frame.text and frame.text.endswith("/calcn_r") for frame in own.iter("socket_parent_frame"))
    }


def set_mass(document: ElementTree.Element, body: str, mass: str, centre: str) -> None:
    own = next(part for part in document.iter("Body") if part.get("name") == body)
    own.find("mass").text, own.find("mass_center").text = mass, centre


def blade(name: str, path: Path, *, whole: bool) -> bm.Model:
    """A body whose right foot is one piece that weighs 0.9 kg: or is built of three, of which two weigh nothing."""
    document = opened(name)
    drop(document, "ForceSet", one_legged_muscles(document))
    set_mass(document, "talus_r", "0.9", "0.06 -0.03 0.002")
    if whole:
        drop(document, "BodySet", {"calcn_r", "toes_r"})
        drop(document, "JointSet", {"subtalar_r", "mtp_r"})
        drop(document, "MarkerSet", {own.get("name") for own in document.iter("Marker") if on_foot(own)})
    else:
        for part in ("calcn_r", "toes_r"):
            set_mass(document, part, "0", "0 0 0")
    return read(document, path / f"{'whole' if whole else 'parts'}.osim")


def on_foot(marker: ElementTree.Element) -> bool:
    return any(own.text and own.text.endswith(("/calcn_r", "/toes_r")) for own in marker.iter("socket_parent_frame"))


STANCES = [
    {"knee_flexion": [5.0, 40.0], "pelvic_tilt": 0.0},
    {"knee_flexion": 10.0, "trunk_lean": 30.0, "pelvic_tilt": "rhythm", "weight_balance": 0.6},
    {"support": "right", "knee_flexion": 8.0, "pelvic_tilt": 0.0},
    {"support": "seat", "knee_flexion": 80.0, "pelvic_tilt": -10.0},
]


@pytest.mark.parametrize("stance", STANCES)
def test_a_foot_of_one_piece_stands_as_one_of_three(tmp_path: Path, stance: dict[str, object]) -> None:
    one, three = (blade("gait10dof18musc", tmp_path, whole=whole) for whole in (True, False))
    assert "a heel bone without mass under talus_r" in one.said
    assert one.roles.segments["talus_r"] == "talus_r"
    assert one.body_mass == pytest.approx(three.body_mass, abs=1e-12)
    here, there = bm.sweep(one, **stance), bm.sweep(three, **stance)
    np.testing.assert_array_equal(here.status, 0)
    for name in ("activation", "joint_contact_force", "ground_force", "lumbar_compression"):
        np.testing.assert_allclose(here[name], there[name], atol=1e-6, err_msg=name)


def test_the_ankle_of_a_foot_that_no_muscle_moves_is_given(tmp_path: Path) -> None:
    model = blade("gait10dof18musc", tmp_path, whole=True)
    assert "moment given in a stance, as no muscle moves it: ankle_angle_r" in model.said
    assert "calcn_r" in model.tables["inertias"].rows
    bm.write_osim(model, tmp_path / "again.osim")
    again = bm.read_osim(tmp_path / "again.osim")
    assert again.roles.record() == model.roles.record()
    assert numbers(again, "inertias") == numbers(model, "inertias")
    assert numbers(again, "joints") == numbers(model, "joints")


def numbers(model: bm.Model, name: str) -> dict[str, object]:
    """A table without its sources."""
    return {column: cells for column, cells in model.tables[name].columns.items() if column != "source"}


def spine(path: Path, joint: str, *, follows: bool = False) -> bm.Model:
    """gait2354 with a vertebra below its torso, which hangs on that by a joint."""
    document = opened("gait2354_v40000")
    bodies = document.find(".//BodySet/objects")
    torso = next(own for own in bodies if own.get("name") == "torso")
    vertebra = ElementTree.fromstring(
        '<Body name="vertebra"><mass>1.5</mass><mass_center>0 0.02 0</mass_center></Body>'
    )
    bodies.insert(list(bodies).index(torso), vertebra)
    joints = document.find(".//JointSet/objects")
    back = next(own for own in joints if own.get("name") == "back")
    frame = next(own for own in back.iter("PhysicalOffsetFrame") if own.get("name") == "torso_offset")
    frame.find("socket_parent").text = "/bodyset/vertebra"
    joints.append(ElementTree.fromstring(joint))
    if follows:
        document.find(".//ConstraintSet/objects").append(ElementTree.fromstring(FOLLOWS))
    return read(document, path / f"{follows}{'Weld' in joint}.osim")


WELD = SPINE.replace("PinJoint", "WeldJoint").replace(
    '<coordinates><Coordinate name="upper_extension"/></coordinates>', ""
)


@pytest.mark.parametrize("follows", [False, True])
def test_in_a_stance_a_spine_of_two_joints_bends_at_the_lower_alone(tmp_path: Path, follows: bool) -> None:
    two, one = spine(tmp_path, SPINE, follows=follows), spine(tmp_path, WELD)
    assert "a stance bends the spine at 'back' alone" in two.said
    assert ("by coordinates of its own" in two.said) == follows
    assert "bends the spine" not in one.said
    stance = {"knee_flexion": 5.0, "trunk_lean": [0.0, 25.0], "pelvic_tilt": "rhythm"}
    here, there = bm.sweep(two, **stance), bm.sweep(one, **stance)
    np.testing.assert_array_equal(here.status, 0)
    assert float(here.lumbar_compression[1]) > 2.0 * float(here.lumbar_compression[0])
    for name in ("activation", "joint_contact_force", "lumbar_compression"):
        np.testing.assert_allclose(here[name], there[name], atol=1e-6, err_msg=name)
    turned = two.roles.coordinates["lumbar_extension"]
    assert turned == ("lumbar_extension_of_a_stance" if follows else "lumbar_extension")
    still = ["upper_extension", "lumbar_extension"] if follows else ["upper_extension"]
    assert not here.coordinate_angle.sel(coordinate=still).any()


def test_a_trial_bends_a_spine_of_two_joints_as_its_file_does(tmp_path: Path) -> None:
    model = spine(tmp_path, SPINE, follows=True)
    motion = {"lumbar_extension": np.array([-2.0, -5.0]), "pelvis_ty": 0.95}
    ground = bm.static_optimization(model, motion, reserve=2000.0)
    forces = ground.muscle_force.values
    where = {**motion, "upper_extension": 3.0 * motion["lumbar_extension"]}
    geometry, weight = model.muscle_geometry(**motion), model.gravity(**motion)
    tissue = model.passive_moment(**where).passive_moment.sel(coordinate="lumbar_extension")
    pull = (geometry.moment_arm.sel(coordinate="lumbar_extension").values * forces).sum(axis=1)
    left = pull + weight.generalized_force.sel(coordinate="lumbar_extension").values + tissue.values
    reserve = ground.reserve_moment.sel(coordinate="lumbar_extension").values
    np.testing.assert_allclose(left + reserve, 0.0, atol=1e-6)
    assert np.abs(pull).max() > 1.0
    own = "lumbar_extension_of_a_stance"
    assert not ground.shortfall.sel(coordinate=own).any()


def test_what_a_stance_adds_to_a_spine_is_not_written(tmp_path: Path) -> None:
    model = spine(tmp_path, SPINE, follows=True)
    bm.write_osim(model, tmp_path / "again.osim")
    assert b"of_a_stance" not in (tmp_path / "again.osim").read_bytes()
    again = bm.read_osim(tmp_path / "again.osim")
    assert all(dict(again.tables[name].columns) == dict(table.columns) for name, table in model.tables.items())
    assert again.said == model.said


def test_a_file_need_not_have_what_follows_or_is_added(tmp_path: Path) -> None:
    model = spine(tmp_path, SPINE, follows=True)
    time = np.array([0.0, 0.1, 0.2])
    own = [name for name in model.coordinates if not name.endswith("_of_a_stance") and not name.startswith("shank")]
    motion = xr.Dataset(
        {name: ("time", 0.0 * time) for name in own if name != "upper_extension"}, {"time": time}, {"inDegrees": "yes"}
    )
    bm.write_storage(motion, tmp_path / "still.mot")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = bm.read_storage(tmp_path / "still.mot", model=model)
    assert found.sizes["time"] == 3
    with pytest.warns(BiomechWarning, match="has no lumbar_extension: at their default"):
        bm.io.to_coordinates(model, motion.drop_vars("lumbar_extension"))


def shifted(path: Path, body: str, way: tuple[float, float, float]) -> bm.Model:
    """gait2354 with the frame of a body elsewhere in it."""
    document, frame = opened("gait2354_v40000"), f"/bodyset/{body}"

    def move(place: ElementTree.Element) -> None:
        place.text = " ".join(repr(float(own) - by) for own, by in zip(place.text.split(), way, strict=True))

    for part in document.iter():
        if part.tag == "Body" and part.get("name") == body:
            move(part.find("mass_center"))
        elif part.tag == "PhysicalOffsetFrame" and part.findtext("socket_parent") == frame:
            move(part.find("translation"))
        elif part.tag in ("PathPoint", "ConditionalPathPoint", "Marker"):
            if part.findtext("socket_parent_frame") == frame:
                move(part.find("location"))
        else:
            assert part.tag != "MovingPathPoint" or part.findtext("socket_parent_frame") != frame
    return read(document, path / "shifted.osim")


@pytest.mark.parametrize(
    ("body", "way"),
    [
        ("femur_r", (0.0, -0.17, 0.01)),
        ("torso", (0.02, 0.3, 0.0)),
        ("pelvis", (0.05, 0.02, 0.0)),
        ("toes_l", (0.06, 0.0, 0.0)),
    ],
)
def test_where_a_file_puts_the_frames_of_bodies_changes_nothing(
    tmp_path: Path, body: str, way: tuple[float, ...]
) -> None:
    moved, plain = shifted(tmp_path, body, way), shifted(tmp_path, body, (0.0, 0.0, 0.0))
    assert moved.roles.record() == plain.roles.record()
    assert moved.said == plain.said
    for stance in (
        {"knee_flexion": 20.0, "trunk_lean": 40.0, "pelvic_tilt": 0.0, "weight_balance": 0.55},
        {"support": "seat", "knee_flexion": 80.0, "pelvic_tilt": 0.0},
    ):
        here, there = bm.sweep(moved, **stance), bm.sweep(plain, **stance)
        assert int(here.status) == 0
        np.testing.assert_allclose(here.activation, there.activation, atol=1e-9)
        np.testing.assert_allclose(here.joint_compression, there.joint_compression, atol=1e-6)
