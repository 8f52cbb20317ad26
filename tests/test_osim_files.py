"""OpenSim model files: what they say is what OpenSim reads in them, whatever their version; nothing else gets through.

The numbers of ``tests/reference/osim`` and of ``shared/reference/osim`` are OpenSim's own (4.6): bodies and lengths are
compared with those that plain NumPy computes from the description, so that the description holds all that is needed.
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import json
import math
import re
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from osim_kinematics import body_frames, path_length
from shared_reference import OSIM as SHARED

from biomech.errors import BiomechWarning, ModelError
from biomech.io import _xml
from biomech.io.osim import description as osim
from biomech.io.osim import read_description
from biomech.io.osim.description import OsimModel

OWN = Path(__file__).parent / "reference" / "osim"
OLD, NEW = OWN / "every_joint_v30000.osim", OWN / "every_joint_v40600.osim"
#: The models of the shared tables.
MODELS = ["arm26", "arm_wraps", "leg6dof9musc", "subject_walk_scaled"]
MORE_MODELS = [
    "both_legs_v20200",
    "gait10dof18musc",
    "gait2354_v10901",
    "gait2354_v40000",
    "toy_ligament",
    "wrap_all",
    "wrist_v10905",
]

shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the public models are not on this machine")


def read(path: Path) -> tuple[OsimModel, list[str]]:
    """The description of a file, and the warnings on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = read_description(path)
    assert all(own.category is BiomechWarning for own in caught)
    return model, [str(own.message) for own in caught]


def table(path: Path) -> list[dict[str, str]]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(content.decode().splitlines()))


def poses_of(path: Path) -> dict[str, dict[str, float]]:
    """The coordinates of each pose."""
    return {
        row["pose"]: {name: float(cell) for name, cell in row.items() if name not in ("pose", "span")}
        for row in table(path)
    }


def check_bodies(model: OsimModel, poses: dict[str, dict[str, float]], rows: list[dict[str, str]]) -> None:
    frames = {pose: body_frames(model, q) for pose, q in poses.items()}
    assert {row["body"] for row in rows} == {own.name for own in model.bodies}
    for row in rows:
        R, p = frames[row["pose"]][row["body"]]
        np.testing.assert_allclose(p, [float(row[axis]) for axis in "xyz"], rtol=0, atol=1e-7)
        own = [[float(row[f"r{i}{j}"]) for j in (1, 2, 3)] for i in (1, 2, 3)]
        np.testing.assert_allclose(R, own, rtol=0, atol=1e-7)


def check_lengths(model: OsimModel, poses: dict[str, dict[str, float]], rows: list[dict[str, str]]) -> int:
    """Compare the lengths of paths that nothing is wrapped around; how many there were."""
    frames = {pose: body_frames(model, q) for pose, q in poses.items()}
    paths = {own.name: own.path for own in model.forces if hasattr(own, "path")}
    count = 0
    for row in rows:
        path = paths[row["path"]]
        if not path.wraps:
            own = path_length(path, poses[row["pose"]], frames[row["pose"]])
            assert own == pytest.approx(float(row["length"]), abs=1e-7), row
            count += 1
    return count


# ---- a body with every joint, every force, in two formats ------------------------------------------------------------


def test_two_formats_of_one_body_are_one_description() -> None:
    old, new = read(OLD), read(NEW)
    assert old[1] == new[1] == []
    assert dataclasses.replace(old[0], version=0) == _rounded_like(dataclasses.replace(new[0], version=0), old[0])
    assert (old[0].version, new[0].version) == (30000, 40600)


def _rounded_like(new: OsimModel, old: OsimModel) -> OsimModel:
    """The new description with the numbers of the old where they differ by rounding alone: OpenSim writes them anew."""
    return _nearly(new, old)  # type: ignore[return-value]


def _nearly(new: object, old: object) -> object:
    if isinstance(new, float) and isinstance(old, float) and new != old:
        return old if new == pytest.approx(old, rel=1e-14, abs=1e-15) else new
    if isinstance(new, tuple) and isinstance(old, tuple) and len(new) == len(old):
        return tuple(_nearly(a, b) for a, b in zip(new, old, strict=True))
    if dataclasses.is_dataclass(new) and type(new) is type(old):
        fields = [own.name for own in dataclasses.fields(new)]
        return type(new)(*(_nearly(getattr(new, name), getattr(old, name)) for name in fields))
    return new


@pytest.mark.parametrize("file", [OLD, NEW], ids=lambda own: own.stem)
def test_bodies_and_lengths_of_every_joint_are_those_of_opensim(file: Path) -> None:
    model, _ = read(file)
    poses = poses_of(OWN / "every_joint_poses.csv")
    check_bodies(model, poses, table(OWN / "every_joint_bodies.csv"))
    assert check_lengths(model, poses, table(OWN / "every_joint_lengths.csv")) == 5 * len(poses)


def test_every_part_of_the_small_model() -> None:
    model, _ = read(OLD)
    assert model.gravity == (0.0, -9.8, 0.1)
    assert [own.kind for own in model.joints][:3] == ["WeldJoint", "PinJoint", "SliderJoint"]
    assert model.joints[-1].reversed
    assert model.joints[-1].parent.body == "flying"
    assert model.tree == tuple(range(10))
    bend, slide, fly_z = (next(q for q in model.coordinates if q.name == name) for name in ("bend", "slide", "fly_z"))
    assert (bend.motion, bend.range, bend.locked) == ("rotational", (-1.5, 1.5), False)
    assert (slide.motion, slide.locked) == ("translational", True)
    assert fly_z.prescribed
    assert fly_z.prescribed_function == osim.Constant(0.25)
    assert next(q for q in model.coordinates if q.name == "cross_2").range == (-math.inf, math.inf)
    assert [q.motion for q in model.joints[8].coordinates] == ["coupled", "translational"]
    assert model.couplers == (osim.Coupler("tie", "ball_2", ("ball_1",), osim.Linear((0.5,), 0.1), 2.0, True),)
    assert model.groups == (("two", ("wrapped", "off")),)
    assert model.markers == (osim.Marker("tip", "flying", (0.0, 0.0, 0.1)),)
    assert model.left_out == ()


def test_every_force_of_the_small_model() -> None:
    model, _ = read(OLD)
    forces = {own.name: own for own in model.forces}
    assert len(forces) == len(model.forces) == 12
    long_one, wrapped, off = model.muscles
    # from the defaults of the file, from the muscle, from OpenSim
    assert (long_one.max_contraction_velocity, long_one.max_isometric_force) == (12.0, 700.0)
    assert long_one.curves == osim.ThelenCurves(0.04, 0.6, 0.45, 4.0, 0.25, 1.7)
    assert isinstance(wrapped.curves, osim.MillardCurves)
    assert (wrapped.curves.min_active_force, wrapped.curves.tendon_strain) == (0.0, 0.049)
    assert wrapped.rigid_tendon
    assert wrapped.path.wraps == (osim.PathWrap(1, "midpoint", 0, 1),)
    assert isinstance(off.curves, osim.TabulatedCurves)
    assert off.curves.passive == osim.SimmSpline((0.0, 1.0, 2.0), (0.0, 0.0, 1.0))
    assert [own.active for own in model.muscles] == [True, True, False]
    assert [own.min_control for own in model.muscles] == [0.01, 0.02, 0.0]
    stop = forces["stop"]
    assert isinstance(stop, osim.CoordinateLimitForce)
    assert (stop.upper_limit, stop.lower_limit) == pytest.approx((math.pi / 2, -math.pi / 6))
    assert stop.upper_stiffness == pytest.approx(20 * 180 / math.pi)
    bushing, reserve = forces["bushing"], forces["reserve"]
    assert isinstance(bushing, osim.BushingForce)
    assert (bushing.first.body, bushing.first.translation) == ("base", (0.1, 0.0, 0.0))
    assert isinstance(reserve, osim.CoordinateActuator)
    assert (reserve.coordinate, reserve.min_control, reserve.max_control) == ("bend", -2.0, 2.0)
    kinds = {name: type(own).__name__ for name, own in forces.items() if not isinstance(own, osim.Muscle)}
    assert kinds == {
        "spring": "PathSpring",
        "band": "Ligament",
        "stop": "CoordinateLimitForce",
        "bushing": "BushingForce",
        "reserve": "CoordinateActuator",
        "cable": "PathActuator",
        "push": "PointActuator",
        "twist": "TorqueActuator",
        "coil": "SpringGeneralizedForce",
    }


def test_wraps_of_the_small_model() -> None:
    ball, rod = read(NEW)[0].wraps
    assert ball == osim.WrapSphere("ball", osim.Placement("ground", (0.1, 0.2, 0.3)), True, "y", 0.04)
    assert isinstance(rod, osim.WrapCylinder)
    assert (rod.frame.body, rod.quadrant, rod.radius, rod.length) == ("crossed", "-x", 0.03, 0.5)


# ---- what is refused, and how ----------------------------------------------------------------------------------------


def edited(tmp_path: Path, old: str, new: str, count: int = 1) -> Path:
    text = OLD.read_text()
    assert old in text
    path = tmp_path / "edited.osim"
    path.write_text(text.replace(old, new, count))
    return path


REFUSED = [
    ("<mass>3</mass>", "<mass>-3</mass>", r"line \d+, element 'mass' of Body 'sliding': -3.0: must be at least 0"),
    ("<mass>3</mass>", "<mass>3,5</mass>", r"'3,5': must be a finite number \(a decimal comma\?\)"),
    ("<mass>3</mass>", "<mass>1_0</mass>", "'1_0': must be a finite number"),
    ("<mass>3</mass>", "<mass>3 4</mass>", "'3 4': must be one number"),
    ("<mass>3</mass>", "<mass>1e101</mass>", "'1e101': must be a finite number"),
    ("<mass>3</mass>", "<mass>1e999</mass>", "'1e999': must be a finite number"),
    ("<mass>3</mass>", "", r"element 'Body' \('sliding'\).*: mass is missing"),
    ("<mass_center>0.01 -0.04 0.03<", "<mass_center>0.01 -0.04<", "must be 3 numbers; has 2"),
    ('<Coordinate name="slide">', '<Coordinate name="bend">', "two of the coordinate 'bend'"),
    ('<Body name="hinged">', '<Body name="base">', "two of the body 'base'"),
    ('Muscle_Deprecated name="off"', 'Muscle_Deprecated name="off" file="off.xml"', "'off.xml', which is not opened"),
    ("<parent_body>base</parent_body>", "<parent_body>hinged</parent_body>", "connects 'hinged' with itself"),
    ("<parent_body>base</parent_body>", "<parent_body>best</parent_body>", "'best', and there is no such body"),
    ("<body>custom</body>", "<body>costume</body>", "refers to 'costume', and there is no such body or frame"),
    ("<wrap_object>rod</wrap_object>", "<wrap_object>rob</wrap_object>", "there is no such wrap object"),
    ("<range>1 2</range>", "<range>1 7</range>", "must be two of the path's points, 1 to 3"),
    ("<x>-2 -1 0 1.5</x>", "<x>-2 0 -1 1.5</x>", "x = -1.0 follows 0.0: must increase"),
    ("<x>-2 -1 0 1.5</x>", "<x>-2 -1 0</x>", "has 3 numbers in x and 4 in y"),
    ("<axis>1 1 0</axis>", "<axis>0 0 0</axis>", "axis: must not be zero"),
    ("<axis>1 1 0</axis>", "<axis>0 0 -2</axis>", "two of its axes are the same"),
    ("<radii_x_y_z>0.1 0.2", "<radii_x_y_z>0 0.2", "radii_x_y_z: must be three numbers more than 0"),
    ("<locked>true</locked>", "<locked>maybe</locked>", "'maybe': must be true or false"),
    ("<quadrant>-x</quadrant>", "<quadrant>left</quadrant>", "quadrant = 'left': must be one of"),
    ("<optimal_fiber_length>0.08<", "<optimal_fiber_length>0<", "0.0: must be more than 0"),
    ("<coordinate>bend</coordinate>", "<coordinate>bent</coordinate>", "'bent', and there is no such coordinate"),
    ('Version="30000"', 'Version="4.5"', "Version = '4.5': must be a whole number from 10000 to 49999"),
    ("<OpenSimDocument", "<!DOCTYPE a><OpenSimDocument", r"has a DOCTYPE \(a\), which is not read"),
    ("<credits>", "<credits>&nbsp;", "undefined entity"),
    ("<coordinates>turn shift<", "<coordinates>turn bend<", "moves by the coordinate 'bend' of joint 'to_hinged'"),
    ("dependent_coordinate_name>ball_2<", "dependent_coordinate_name>ball_1<", "must be to other coordinates"),
]


@pytest.mark.parametrize(
    ("old", "new", "message"), REFUSED, ids=[f"{i}-{own[1][:30]}" for i, own in enumerate(REFUSED)]
)
def test_what_cannot_be_is_refused_by_line_element_and_value(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = edited(tmp_path, old, new)
    with pytest.raises(ModelError, match=message) as caught:
        read_description(path)
    assert re.search(r"^edited\.osim, line \d+, .*element", str(caught.value))


def test_joints_that_hold_one_another_are_refused(tmp_path: Path) -> None:
    path = edited(tmp_path, "<parent_body>base</parent_body>", "<parent_body>planed</parent_body>")
    path.write_text(path.read_text().replace("<reverse>true</reverse>", "<reverse>false</reverse>"))
    with pytest.raises(ModelError, match=r"'PinJoint' \('to_hinged'\).*: does not lead to ground"):
        read_description(path)


def test_a_joint_that_closes_a_loop_is_left_out_of_the_tree(tmp_path: Path) -> None:
    closing = '<WeldJoint name="closing"><parent_body>planed</parent_body></WeldJoint>'
    model, said = read(edited(tmp_path, '<PinJoint name="to_hinged">', closing + '<PinJoint name="to_hinged">'))
    assert "WeldJoint (1: closing)" in said[0]
    assert model.joints[1].name == "closing"
    assert 1 not in model.tree
    assert len(model.tree) == len(model.bodies)


def test_a_file_that_is_not_there_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"none\.osim.: there is no such file"):
        read_description(tmp_path / "none.osim")
    monkeypatch.setattr(_xml, "MOST_BYTES", 100)
    with pytest.raises(ModelError, match="bytes; at most 100 are read"):
        read_description(OLD)


def test_trees_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "deep.osim"
    deep.write_text("<a>" * 100_000)
    with pytest.raises(ModelError, match="more than 64 levels deep"):
        read_description(deep)
    monkeypatch.setattr(_xml, "MOST_ELEMENTS", 10)
    with pytest.raises(ModelError, match="more than 10 elements"):
        read_description(OLD)


def test_a_body_that_no_joint_holds_moves_freely(tmp_path: Path) -> None:
    text = OLD.read_text()
    joint = re.search(r"<Joint>\s*<WeldJoint.*?</Joint>", text, re.DOTALL)
    assert joint
    model, said = read(edited(tmp_path, joint[0], "<Joint/>"))
    free = model.joints[-1]
    assert (free.name, free.kind, free.child.body, len(free.coordinates)) == ("free_base", "FreeJoint", "base", 6)
    assert not said
    assert model.tree[0] == len(model.joints) - 1


LEFT_OUT = [
    ("PathSpring", "PlugInSpring", "PlugInSpring (1: spring)", "force"),
    ("PinJoint", "HingeJoint", "HingeJoint (1: to_hinged)", "joint"),
    ("CoordinateCouplerConstraint", "PointConstraint", "PointConstraint (1: tie)", "constraint"),
    ("WrapCylinder", "WrapTorus", "WrapTorus (1: rod)", "path"),
    ("PiecewiseLinearFunction", "Wavelet", "Wavelet (1: translation3)", "joint"),
]


@pytest.mark.parametrize(("kind", "other", "said", "affects"), LEFT_OUT)
def test_what_is_left_out_is_said_once_and_marked(
    tmp_path: Path, kind: str, other: str, said: str, affects: str
) -> None:
    path = edited(tmp_path, f"<{kind}", f"<{other}")
    path.write_text(path.read_text().replace(f"</{kind}>", f"</{other}>"))
    model, warned = read(path)
    assert len(warned) == 1
    assert said in warned[0]
    assert [(own.kind, own.affects) for own in model.left_out] == [(other, affects)]


def test_a_joint_that_nobody_knows_is_marked(tmp_path: Path) -> None:
    path = edited(tmp_path, "<PinJoint", "<HingeJoint")
    path.write_text(path.read_text().replace("</PinJoint>", "</HingeJoint>"))
    hinge = read(path)[0].joints[1]
    assert not hinge.supported
    assert hinge.rotations == hinge.translations == ()
    assert [own.name for own in hinge.coordinates] == ["bend"]


def test_a_range_with_its_ends_exchanged_is_said_and_set_right(tmp_path: Path) -> None:
    model, said = read(edited(tmp_path, "<range>-1.5 1.5</range>", "<range>1.5 -1.5</range>"))
    assert model == read(OLD)[0]
    assert said == ["edited.osim: the range of coordinate 'bend' read as from -1.5 to 1.5"]


def test_offsets_of_before_4_0_have_the_six_digits_that_opensim_keeps(tmp_path: Path) -> None:
    old, new = "<location_in_parent>0.1 0.05 -0.03<", "<location_in_parent>0.123456789 0.05 -1234.56789<"
    hinge = read(edited(tmp_path, old, new))[0].joints[1]
    assert hinge.parent.translation == (0.123457, 0.05, -1234.57)


def test_names_with_spaces_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "spaces.osim"
    path.write_text(re.sub(r"\b(bend|ball_1|base|long_one)\b", r"\1 (left/right)", OLD.read_text()))
    model, said = read(path)
    assert not said
    assert model.bodies[0].name == "base (left/right)"
    assert "bend (left/right)" in [own.name for own in model.coordinates]
    assert model.couplers[0].independents == ("ball_1 (left/right)",)


def test_a_force_that_is_off_is_not_missed(tmp_path: Path) -> None:
    path = edited(tmp_path, "<Schutte1993Muscle_Deprecated", "<PlugInMuscle")
    path.write_text(path.read_text().replace("</Schutte1993Muscle_Deprecated>", "</PlugInMuscle>"))
    assert read(path)[1] == []


def test_mesh_names_are_never_opened(tmp_path: Path) -> None:
    hostile = "<VisibleObject><geometry_files>/dev/zero ../../etc/passwd</geometry_files></VisibleObject><mass>3</mass>"
    assert read(edited(tmp_path, "<mass>3</mass>", hostile))[0] == read(OLD)[0]


@pytest.mark.parametrize(
    ("encoding", "header"),
    [("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("latin-1", "ISO-8859-1"), ("cp1252", "UTF-8"), ("utf-8", "UTF-8")],
)
def test_text_in_other_encodings(tmp_path: Path, encoding: str, header: str) -> None:
    text = OLD.read_text().replace('encoding="UTF-8"', f'encoding="{header}"')
    path = tmp_path / "encoded.osim"
    path.write_bytes(text.replace("<credits>biomech", "<credits>Müller").encode(encoding))
    assert read(path)[0] == dataclasses.replace(read(OLD)[0], credits="Müller")


def test_a_marker_on_a_body_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    path = edited(tmp_path, '<Marker name="tip">', '<Marker name="lost"><body>tail</body></Marker><Marker name="tip">')
    model, said = read(path)
    assert [own.name for own in model.markers] == ["tip"]
    assert "Marker (1: lost)" in said[0]


def test_forces_among_the_components_are_forces(tmp_path: Path) -> None:
    coil = '<SpringGeneralizedForce name="more"><coordinate>bend</coordinate></SpringGeneralizedForce>'
    other = f'<ComponentSet><objects>{coil}<Gadget name="odd"/><Station name="here"/></objects></ComponentSet>'
    model, said = read(edited(tmp_path, "<BodySet>", f"<GadgetSet><Gadget/></GadgetSet>{other}<BodySet>"))
    assert model.forces[-1].name == "more"
    assert "Gadget (1: odd), GadgetSet (1)" in said[0]


@pytest.mark.parametrize(
    ("kind", "affects"), [("Gadget", "model"), ("PlugInMuscle", "force"), ("HuntCrossleyForce", "contact")]
)
def test_components_that_pull_are_told_from_those_that_do_not(tmp_path: Path, kind: str, affects: str) -> None:
    other = f'<ComponentSet><objects><{kind} name="odd"/></objects></ComponentSet>'
    model, _ = read(edited(tmp_path, "<BodySet>", f"{other}<BodySet>"))
    assert [(own.kind, own.affects) for own in model.left_out] == [(kind, affects)]


def test_files_of_before_1_9_say_the_same(tmp_path: Path) -> None:
    """Bodies in an engine, axes in a list, muscle points in the muscle: the words of OpenSim 1.x."""
    text = OLD.read_text().replace('Version="30000"', 'Version="10600"')
    text = text.replace("<BodySet>", "<DynamicsEngine><SimbodyEngine><BodySet>")
    text = text.replace("</ConstraintSet>", "</ConstraintSet></SimbodyEngine></DynamicsEngine>")
    text = text.replace("ForceSet>", "ActuatorSet>").replace("SpatialTransform>", "TransformAxisSet>")
    for kind in ("rotation", "translation"):
        turns = f"<is_rotation>{str(kind == 'rotation').lower()}</is_rotation>"
        text = re.sub(rf'(<TransformAxis name="{kind}\d">)', rf"\1{turns}", text)
    text = re.sub(r"</?GeometryPath>", "", text)
    for new, old in {
        "PathPointSet": "MusclePointSet",
        "PathWrapSet": "MuscleWrapSet",
        "<PathPoint ": "<MusclePoint ",
        "</PathPoint>": "</MusclePoint>",
        "ConditionalPathPoint": "MuscleViaPoint",
        "MovingPathPoint": "MovingMusclePoint",
        "PathWrap>": "MuscleWrap>",
        "<coordinate>bend</coordinate>\n      </MuscleViaPoint>": "<coordinates>bend</coordinates></MuscleViaPoint>",
        "SimmSpline>": "natCubicSpline>",
        "pennation_angle_at_optimal": "pennation_angle",
    }.items():
        text = text.replace(new, old)
    for axis in "xyz":
        text = text.replace(f"{axis}_location>", f"{axis.upper()}Attachment>")
    path = tmp_path / "old.osim"
    path.write_text(text)
    model, said = read(path)
    assert not said
    assert dataclasses.replace(model, version=30000) == read(OLD)[0]


def test_joints_of_the_4_0_betas_name_their_frames_in_connectors(tmp_path: Path) -> None:
    def connectors(found: re.Match[str]) -> str:
        kind = "Connector_PhysicalFrame_"
        frames = "".join(
            f'<{kind} name="{end}_frame"><connectee_name>{name}</connectee_name></{kind}>'
            for end, name in (("parent", found[1]), ("child", found[2]))
        )
        return f"<connectors>{frames}</connectors>"

    sockets = r"<socket_parent_frame>(\S+)</socket_parent_frame>\s*<socket_child_frame>(\S+)</socket_child_frame>"
    text, count = re.subn(sockets, connectors, NEW.read_text())
    assert count == 10
    path = tmp_path / "beta.osim"
    path.write_text(text.replace('Version="40600"', 'Version="30510"'))
    assert dataclasses.replace(read(path)[0], version=40600) == read(NEW)[0]


def test_frames_on_bodies_and_on_frames_are_led_back_to_the_body(tmp_path: Path) -> None:
    def frame(name: str, parent: str, translation: str, orientation: str) -> str:
        words = {"socket_parent": parent, "translation": translation, "orientation": orientation}
        inside = "".join(f"<{tag}>{own}</{tag}>" for tag, own in words.items())
        return f'<PhysicalOffsetFrame name="{name}">{inside}</PhysicalOffsetFrame>'

    handle = frame("handle", "..", "0.1 0 0", f"0 0 {math.pi / 2}")
    grip = frame("grip", "../handle", "0.2 0 0", "0 0 0")
    path = tmp_path / "frames.osim"
    marker = '<Marker name="tip">'
    held = f'<Marker name="held"><socket_parent_frame>/bodyset/base/grip</socket_parent_frame></Marker>{marker}'
    text = NEW.read_text().replace(
        '<Body name="base">', f'<Body name="base"><components>{grip}{handle}</components>', 1
    )
    path.write_text(text.replace(marker, held, 1))
    model, said = read(path)
    assert not said
    grip_frame, handle_frame = model.frames
    assert (grip_frame.name, handle_frame.name) == ("grip", "handle")
    assert grip_frame.placement.body == handle_frame.placement.body == "base"
    assert grip_frame.placement.translation == pytest.approx((0.1, 0.2, 0.0))
    assert np.allclose(grip_frame.placement.rotation, [[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    held_marker = model.markers[0]
    assert (held_marker.body, held_marker.location) == ("base", grip_frame.placement.translation)


def test_a_frame_that_a_joint_lacks_is_no_body(tmp_path: Path) -> None:
    path = tmp_path / "lacking.osim"
    socket = "<socket_parent_frame>/bodyset/base</socket_parent_frame>"
    text = NEW.read_text()
    assert socket in text
    path.write_text(text.replace(socket, socket.replace("/bodyset/base", "/jointset/to_base/base"), 1))
    with pytest.raises(ModelError, match="'/jointset/to_base/base', and there is no such body or frame"):
        read_description(path)


def test_frames_offset_from_themselves_are_refused(tmp_path: Path) -> None:
    text = re.sub(r"<socket_parent>[^<]*</socket_parent>", "<socket_parent>.</socket_parent>", NEW.read_text(), count=1)
    path = tmp_path / "loop.osim"
    path.write_text(text)
    with pytest.raises(ModelError, match="is offset from itself"):
        read_description(path)


# ---- random damage ---------------------------------------------------------------------------------------------------

DAMAGE = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check_read(path: Path) -> None:
    """A description that hangs together, or a ModelError; nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiomechWarning)
        try:
            model = read_description(path)
        except ModelError:
            return
    bodies = {osim.GROUND} | {own.name for own in model.bodies}
    reached = {osim.GROUND}
    for place in model.tree:
        joint = model.joints[place]
        assert (joint.child if joint.reversed else joint.parent).body in reached
        reached |= {joint.child.body, joint.parent.body}
    assert reached == bodies
    _check_finite(model)


def _check_finite(own: object) -> None:
    if isinstance(own, float):
        assert not math.isnan(own)
    elif isinstance(own, tuple):
        for part in own:
            _check_finite(part)
    elif dataclasses.is_dataclass(own):
        for field in dataclasses.fields(own):
            _check_finite(getattr(own, field.name))


@DAMAGE
@given(data=st.data())
def test_damaged_bytes_give_a_model_or_a_model_error(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray((OLD if data.draw(st.booleans()) else NEW).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    path = tmp_path / "damaged.osim"
    path.write_bytes(content)
    check_read(path)


@DAMAGE
@given(data=st.data())
def test_missing_and_exchanged_lines_give_a_model_or_a_model_error(tmp_path: Path, data: st.DataObject) -> None:
    lines = (OLD if data.draw(st.booleans()) else NEW).read_text().splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        leaves = [i for i, own in enumerate(lines) if own.count("<") == 2]
        first, second = (data.draw(st.sampled_from(leaves)) for _ in range(2))
        if data.draw(st.booleans()):
            lines[first], lines[second] = lines[second], lines[first]
        else:
            del lines[first]
    path = tmp_path / "damaged.osim"
    path.write_text("\n".join(lines))
    check_read(path)


WORDS = ["", "nan", "-1", "1e308", "0", "x", "true", "ground", "/bodyset/base", "..", "1 2", "1 2 3", "\u0661"]


@DAMAGE
@given(data=st.data())
def test_exchanged_values_give_a_model_or_a_model_error(tmp_path: Path, data: st.DataObject) -> None:
    text = (OLD if data.draw(st.booleans()) else NEW).read_text()
    values = list(re.finditer(r">([^<>\n]+)<", text))
    for own in sorted(data.draw(st.sets(st.sampled_from(range(len(values))), min_size=1, max_size=3)), reverse=True):
        word = data.draw(st.sampled_from(WORDS))
        text = text[: values[own].start(1)] + word + text[values[own].end(1) :]
    path = tmp_path / "damaged.osim"
    path.write_text(text)
    check_read(path)


# ---- public models ---------------------------------------------------------------------------------------------------


def model_file(name: str) -> Path:
    return SHARED / ("models" if name in MODELS else "more_models") / f"{name}.osim"


@shared
@pytest.mark.parametrize("name", MODELS)
def test_public_models_have_the_parts_that_are_counted_in_their_files(name: str) -> None:
    model, _ = read(model_file(name))
    counted = next(own for own in json.loads((SHARED / "models.json").read_text()) if own["name"] == name)
    elements = counted["elements"]
    ground = 0 if model.version >= 40000 else 1
    assert model.version == int(counted["file_version"])
    assert len(model.bodies) + ground == elements["Body"]
    assert len(model.coordinates) == elements["Coordinate"]
    assert len(model.markers) == elements.get("Marker", 0)
    assert len(model.couplers) == elements.get("CoordinateCouplerConstraint", 0)
    found = Counter(own.kind for own in (*model.joints, *model.muscles)) + Counter(
        type(own).__name__
        for own in (
            *model.wraps,
            *(f for f in model.forces if not isinstance(f, osim.Muscle)),
            *(point for muscle in model.muscles for point in muscle.path.points),
            *(wrap for muscle in model.muscles for wrap in muscle.path.wraps),
        )
    )
    for kind, count in elements.items():
        kind = kind.removesuffix("_Deprecated")
        if kind.endswith(("Joint", "Muscle", "PathPoint")) or kind.startswith(("Wrap", "PathWrap")):
            assert found[kind] == count, kind


@shared
@pytest.mark.parametrize("name", MODELS + MORE_MODELS)
def test_public_models_read_without_a_warning_where_nothing_is_left_out(name: str) -> None:
    model, said = read(model_file(name))
    ellipsoids = {"arm26": 2, "arm_wraps": 6}.get(name, 0)  # active, with a path over them
    assert len(said) == (1 if ellipsoids else 0)
    assert [(own.kind, own.affects) for own in model.left_out] == [("WrapEllipsoid", "path")] * ellipsoids
    if said:
        assert f"WrapEllipsoid ({ellipsoids}: " in said[0]


@shared
@pytest.mark.parametrize("name", MODELS)
def test_coordinates_of_public_models_are_those_of_opensim(name: str) -> None:
    model, _ = read(model_file(name))
    rows = {row["coordinate"]: row for row in table(SHARED / f"{name}.coordinates.csv.gz")}
    joints = {own.name: joint for joint in model.joints for own in joint.coordinates}
    dependent = {own.dependent for own in model.couplers if own.enforced}
    assert [own.name for own in model.coordinates] == list(rows)
    for own in model.coordinates:
        row = rows[own.name]
        assert (joints[own.name].name, joints[own.name].kind, own.motion) == (
            row["joint"],
            row["joint_type"],
            row["motion"],
        )
        assert (own.locked, own.prescribed) == (row["locked"] == "1", row["prescribed"] == "1")
        assert (own.name in dependent) == (row["dependent"] == "1")
        assert own.default == pytest.approx(float(row["default"]), abs=1e-12)
        assert own.range == pytest.approx((float(row["range_min"]), float(row["range_max"])), abs=1e-12)


@shared
@pytest.mark.parametrize("name", MODELS)
def test_masses_of_public_models_are_those_of_opensim(name: str) -> None:
    model, _ = read(model_file(name))
    poses = poses_of(SHARED / f"{name}.poses.csv.gz")
    mass = sum(own.mass for own in model.bodies)
    for row in table(SHARED / f"{name}.gravity.csv.gz"):
        assert mass == pytest.approx(float(row["total_mass"]), abs=1e-7)
        frames = body_frames(model, poses[row["pose"]])
        moments = [own.mass * (frames[own.name][1] + frames[own.name][0] @ own.mass_center) for own in model.bodies]
        center = np.sum(moments, axis=0) / mass
        np.testing.assert_allclose(center, [float(row[f"com_{axis}"]) for axis in "xyz"], rtol=0, atol=1e-7)


@shared
@pytest.mark.parametrize("name", MODELS)
def test_bodies_and_plain_paths_of_public_models_are_where_opensim_has_them(name: str) -> None:
    model, _ = read(model_file(name))
    poses = poses_of(SHARED / f"{name}.poses.csv.gz")
    check_bodies(model, poses, table(SHARED / f"{name}.bodies.csv.gz"))
    count = check_lengths(model, poses, table(SHARED / f"{name}.lengths.csv.gz"))
    plain = sum(not own.path.wraps for own in model.muscles)
    assert count == plain * len(poses)


def nasty(file: str) -> tuple[OsimModel, list[str]]:
    return read(SHARED / "nasty" / file)


def nasty_files(column: str, begins: str) -> list[str]:
    """The model files of the index of which a column begins so; none where the index is not here."""
    index = SHARED / "nasty" / "index.csv"
    rows = table(index) if index.is_file() else []
    return [row["file"] for row in rows if row["file"].endswith(".osim") and row[column].startswith(begins)]


@shared
def test_odd_files_that_mean_the_same_read_the_same() -> None:
    files = nasty_files("same_numbers_as", "arm26")
    assert len(files) == 7
    for file in files:
        model, said = nasty(file)
        arm = read(model_file("arm26"))[0]
        if file == "latin1_bytes.osim":  # the odd byte stands in a text
            assert model.publications == "M\u2013" + arm.publications
            model = dataclasses.replace(model, publications=arm.publications)
        assert model == arm, file
        assert len(said) == 1  # of the ellipsoids


@shared
def test_files_that_cannot_be_are_refused() -> None:
    files = nasty_files("ours", "ModelError")
    assert len(files) == 15
    for file in files:
        if file == "unknown_muscle.osim":  # or a warning, which is the case here
            continue
        with pytest.raises(ModelError, match=rf"^{re.escape(file)}, line \d+.*element"):
            nasty(file)


@shared
def test_odd_files_that_read_say_what_they_were_read_as() -> None:
    arm = read(model_file("arm26"))[0]
    model, said = nasty("capital_quadrant.osim")
    assert model == arm
    assert len(said) == 1
    assert "wrap quadrants 'X' read as 'x', '+z' read as 'z'" in said[0]
    model, said = nasty("unknown_muscle.osim")
    assert (len(said), model.forces) == (1, ())
    assert "MyPlugInMuscle (6: TRIlong, " in said[0]
    assert Counter(own.kind for own in model.left_out) == {"MyPlugInMuscle": 6}
    model, said = nasty("renamed_with_spaces.osim")
    assert "BIC long (left/right)hh" in [own.name for own in model.wraps]
    assert [own.path for own in model.muscles] == [own.path for own in arm.muscles]


@shared
def test_a_range_without_end_is_none() -> None:
    ranges = [own.range for own in nasty("huge_range.osim")[0].coordinates]
    assert (-math.inf, math.inf) in ranges
    assert nasty("huge_range.osim")[0].bodies == read(model_file("arm26"))[0].bodies
