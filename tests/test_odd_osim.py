"""Model files that are made up: odd names, long chains, several roots."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import biomech as bm
from biomech.errors import BiomechWarning, ModelError, StanceError
from biomech.io.osim import read_description
from biomech.io.osim.anatomy.parts import find_anatomy


def body(name: str) -> str:
    return f'<Body name="{name}"><mass>1</mass><mass_center>0 -0.01 0</mass_center></Body>'


def pin(name: str, parent: str, child: str, coordinate: str, place: str = "0 -0.01 0", more: str = "") -> str:
    """A hinge somewhere in its parent; ``more`` is within its coordinate."""
    frame = f'<PhysicalOffsetFrame name="{name}_in"><socket_parent>{parent}</socket_parent>'
    return (
        f'<PinJoint name="{name}"><socket_parent_frame>{name}_in</socket_parent_frame>'
        f"<socket_child_frame>/bodyset/{child}</socket_child_frame>"
        f"<frames>{frame}<translation>{place}</translation></PhysicalOffsetFrame></frames>"
        f'<coordinates><Coordinate name="{coordinate}">{more}</Coordinate></coordinates></PinJoint>'
    )


def written(tmp_path: Path, bodies: list[str], joints: list[str], more: str = "") -> Path:
    path = tmp_path / "odd.osim"
    path.write_text(
        '<OpenSimDocument Version="40000"><Model name="odd">'
        f"<BodySet><objects>{''.join(map(body, bodies))}</objects></BodySet>"
        f"<JointSet><objects>{''.join(joints)}</objects></JointSet>{more}</Model></OpenSimDocument>"
    )
    return path


def test_a_joint_may_be_called_as_a_body(tmp_path: Path) -> None:
    """Bodies are paired by their place, whatever else bears their names; the first pair of a name counts."""
    bodies, places = ["trunk", "one", "two", "tip", "top"], ("0 0 0.2", "0 0 -0.2")
    joints = [
        pin("root", "/ground", "trunk", "lean"),
        pin("one", "/bodyset/trunk", "one", "swing", places[0]),
        pin("tip", "/bodyset/trunk", "two", "sway", places[1]),
        pin("a", "/bodyset/one", "tip", "q"),
        pin("b", "/bodyset/two", "top", "two"),
    ]
    path = written(tmp_path, bodies, joints)
    found = find_anatomy(read_description(path))
    assert found.bodies == {"one": "two", "tip": "top"}
    assert found.mirror == {"one": "two", "tip": "top", "a": "b", "swing": "sway"}
    model = bm.read_osim(path)
    assert model.roles.mirror["segments"] == {"one": "two", "tip": "top"}
    assert model.roles.mirror["joints"] == {"a": "b"}


def test_a_long_chain_is_no_deep_one(tmp_path: Path) -> None:
    """Far more bodies in a row than Python calls within calls."""
    names = [f"link_{i}" for i in range(1200)]
    joints = [
        pin(f"joint_{i}", f"/bodyset/{names[i - 1]}" if i else "/ground", name, f"q_{i}")
        for i, name in enumerate(names)
    ]
    found = find_anatomy(read_description(written(tmp_path, names, joints)))
    assert not found.segments
    assert not found.mirror


COUPLER = """<ConstraintSet><objects><CoordinateCouplerConstraint name="tie"><coupled_coordinates_function>
<LinearFunction><coefficients>2 0.1</coefficients></LinearFunction></coupled_coordinates_function>
<independent_coordinate_names>swing</independent_coordinate_names>
<dependent_coordinate_name>bend</dependent_coordinate_name></CoordinateCouplerConstraint></objects></ConstraintSet>"""


def coupled(tmp_path: Path) -> bm.Model:
    joints = [pin("top", "/ground", "arm", "swing"), pin("mid", "/bodyset/arm", "tip", "bend")]
    return bm.read_osim(written(tmp_path, ["arm", "tip"], joints, COUPLER))


@pytest.mark.parametrize("question", ["kinematics", "muscle_geometry", "gravity", "passive_moment"])
def test_another_value_for_what_follows_is_refused(tmp_path: Path, question: str) -> None:
    model = coupled(tmp_path)
    ask = getattr(model, question)
    there = 2.0 * 10.0 + np.degrees(0.1)
    assert ask(swing=10.0, bend=there).equals(ask(swing=10.0))
    with pytest.raises(StanceError, match=r"bend = 20: follows swing and is at 25\.7296 then"):
        ask(swing=10.0, bend=20.0)
    assert ask(swing=10.0, bend=there + 0.01).equals(ask(swing=10.0))  # as a file rounds it
    with pytest.raises(StanceError, match=r"bend = 25\.8.*: follows swing"):
        ask(swing=10.0, bend=there + 0.1)
    swing = xr.DataArray([0.0, 10.0], dims="time")
    ask(swing=swing, bend=2.0 * swing + np.degrees(0.1))
    with pytest.raises(StanceError, match="bend = 30: follows swing"):
        ask(swing=swing, bend=30.0)


def test_what_follows_is_refused_in_the_signs_of_the_body(tmp_path: Path) -> None:
    model = coupled(tmp_path).with_roles(
        coordinates={"hip_flexion_r": "bend", "knee_angle_r": "swing"}, signs={"hip_flexion_r": -1}
    )
    with pytest.raises(StanceError, match=r"bend = 20: follows swing and is at 25\.7296 then"):
        model.kinematics(swing=10.0, bend=20.0)


def test_one_of_several_roots_can_go(tmp_path: Path) -> None:
    joints = [pin("top", "/ground", "arm", "swing"), pin("mid", "/ground", "ball", "roll")]
    model = bm.read_osim(written(tmp_path, ["arm", "ball"], joints))
    left = model.without(["ball"])
    assert left.segments == ("arm",)
    assert left.coordinates == ("swing",)
    assert left.gravity(swing=90.0).equals(model.gravity(swing=90.0).sel(coordinate=["swing"]))
    with pytest.raises(ModelError, match="'arm' and 'ball' carry the whole body"):
        model.without(["arm", "ball"])


def test_what_depends_on_time_and_speed_is_said(tmp_path: Path) -> None:
    """A prescribed motion stands at its default, a damper does nothing; a constant motion and no damping are plain."""
    line = "<LinearFunction><coefficients>1 0</coefficients></LinearFunction>"
    still = "<Constant><value>0.2</value></Constant>"
    ways = [
        f"<default_value>0.1</default_value><prescribed>true</prescribed><prescribed_function>{f}</prescribed_function>"
        for f in (line, still)
    ]
    joints = [
        pin("top", "/ground", "arm", "swing", more=ways[0]),
        pin("mid", "/bodyset/arm", "tip", "bend", more=ways[1]),
    ]
    coil = '<SpringGeneralizedForce name="{}"><coordinate>{}</coordinate><viscosity>{}</viscosity>{}'
    coils = "".join(
        coil.format(*each) + "</SpringGeneralizedForce>"
        for each in (
            ("damper", "swing", 2, "<stiffness>0</stiffness>"),
            ("spring", "bend", 0, "<stiffness>1</stiffness>"),
            ("off", "bend", 3, "<appliesForce>false</appliesForce>"),
        )
    )
    limit = (
        '<CoordinateLimitForce name="limit"><coordinate>bend</coordinate><damping>{}</damping></CoordinateLimitForce>'
    )
    for damping, names in ((0.0, "damper"), (0.5, "damper, limit")):
        forces = f"<ForceSet><objects>{coils}{limit.format(damping)}</objects></ForceSet>"
        model = bm.read_osim(written(tmp_path, ["arm", "tip"], joints, forces))
        assert model.said == f"at the default what time prescribes: swing; no damping: {names}"
        assert np.isclose(model.value("defaults/swing/value"), np.degrees(0.1))
        assert np.isclose(model.value("defaults/bend/value"), np.degrees(0.2))


def muscle(name: str, points: str, kind: str = "Thelen2003Muscle", more: str = "") -> str:
    return (
        f'<{kind} name="{name}"><GeometryPath><PathPointSet><objects>{points}</objects></PathPointSet></GeometryPath>'
        f"<max_isometric_force>100</max_isometric_force>{more}</{kind}>"
    )


def at(name: str, frame: str, place: str = "0 0 0.1") -> str:
    return (
        f'<PathPoint name="{name}"><socket_parent_frame>{frame}</socket_parent_frame>'
        f"<location>{place}</location></PathPoint>"
    )


def while_swung(name: str, frame: str, place: str = "0 0 0.1") -> str:
    return (
        at(name, frame, place)
        .replace("PathPoint", "ConditionalPathPoint")
        .replace("</location>", "</location><socket_coordinate>swing</socket_coordinate><range>0 1</range>")
    )


def with_muscles(tmp_path: Path, *muscles: str) -> Path:
    joints = [pin("top", "/ground", "arm", "swing"), pin("mid", "/bodyset/arm", "tip", "bend")]
    return written(tmp_path, ["arm", "tip"], joints, f"<ForceSet><objects>{''.join(muscles)}</objects></ForceSet>")


@pytest.mark.parametrize("first", [True, False])
def test_a_path_ends_with_its_last_point_that_is_there(tmp_path: Path, first: bool) -> None:
    """Without its end it is the path of the other two points, to the last bit of length and arm."""
    ends = [while_swung("a", "/ground", "0.02 0.3 0.1"), at("b", "/bodyset/arm"), at("c", "/bodyset/tip")]
    points = "".join(ends if first else reversed(ends))
    rest = "".join(ends[1:] if first else reversed(ends[1:]))
    all_there = "".join(own.replace("ConditionalPathPoint", "PathPoint") for own in (ends if first else ends[::-1]))
    names = {"odd": points, "rest": rest, "whole": all_there}
    model = bm.read_osim(with_muscles(tmp_path, *(muscle(name, own) for name, own in names.items())))
    there, gone = (model.muscle_geometry(swing=at_swing, bend=20.0).squeeze() for at_swing in (30.0, -30.0))
    for ds, same in ((there, "whole"), (gone, "rest")):
        assert float(ds.length.sel(muscle="odd")) == pytest.approx(float(ds.length.sel(muscle=same)), abs=1e-15)
        np.testing.assert_allclose(ds.moment_arm.sel(muscle="odd"), ds.moment_arm.sel(muscle=same), atol=1e-15)
    assert float(there.length.sel(muscle="odd")) > float(there.length.sel(muscle="rest")) + 0.1


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (body("arm").replace("<mass>1", "<mass>1e9"), r"odd.osim, line 1, element 'Body' \('arm'\): segments/arm/mass"),
        (pin("mid", "/bodyset/arm", "tip", "bend", "0 9 0"), r"line 1, element 'PinJoint' \('mid'\): joints/mid/y = 9"),
        (
            pin("mid", "/bodyset/arm", "tip", "bend").replace("PinJoint", "ScrewJoint"),
            r"line 1, element 'ScrewJoint' \('mid'\): joint 'mid': a joint of class ScrewJoint is not computed",
        ),
    ],
)
def test_what_tables_refuse_is_told_by_line_and_element(tmp_path: Path, odd: str, said: str) -> None:
    joints = [pin("top", "/ground", "arm", "swing"), pin("mid", "/bodyset/arm", "tip", "bend")]
    path = written(tmp_path, ["arm", "tip"], joints)
    plain = body("arm") if odd.startswith("<Body") else joints[1]
    path.write_text(path.read_text().replace(plain, odd))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiomechWarning)
        with pytest.raises(ModelError, match=said):
            bm.read_osim(path)


def test_welds_alone_may_hang_from_the_ground_side_by_side(tmp_path: Path) -> None:
    """And a mass may lie far from all else of its body, as it may where something moves."""
    weld = (
        '<WeldJoint name="{0}"><socket_parent_frame>/ground</socket_parent_frame>'
        "<socket_child_frame>/bodyset/{0}</socket_child_frame></WeldJoint>"
    )
    path = written(tmp_path, ["arm", "tip"], [weld.format("arm"), weld.format("tip")])
    path.write_text(path.read_text().replace("0 -0.01 0", "0 -0.5 0"))
    model = bm.read_osim(path)
    assert model.coordinates == ()
    np.testing.assert_array_equal(model.kinematics().origin, 0.0)


def spline(x: str, y: str) -> str:
    return (
        '<SpatialTransform><TransformAxis name="rotation3"><coordinates>bend</coordinates><axis>0 0 1</axis>'
        f'<SimmSpline name="function"><x>{x}</x><y>{y}</y></SimmSpline></TransformAxis></SpatialTransform>'
        "</CustomJoint>"
    )


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (" ".join(map(str, range(3000))), "1 " * 3000, "3000 knots: at most 500 are computed"),
        ("-2 -1 0 1e-9 1 2", "0 1 0.1 0.2 1 0", "knots 0.0 and 1e-09 are too near to one another"),
    ],
)
def test_a_spline_that_is_not_what_it_says_is_refused(tmp_path: Path, x: str, y: str, said: str) -> None:
    """Too many knots would fill the memory, and those too near would be a curve that is somewhere else."""
    custom = pin("mid", "/bodyset/arm", "tip", "bend").replace("PinJoint", "CustomJoint")
    custom = custom.replace("</CustomJoint>", spline(x, y))
    path = written(tmp_path, ["arm", "tip"], [pin("top", "/ground", "arm", "swing"), custom])
    with pytest.raises(ModelError, match=rf"line 1, element .*{said}"):
        bm.read_osim(path)


def test_near_knots_that_are_no_harm_are_computed(tmp_path: Path) -> None:
    custom = pin("mid", "/bodyset/arm", "tip", "bend").replace("PinJoint", "CustomJoint")
    custom = custom.replace("</CustomJoint>", spline("-1 0 1e-5 1", "-1 0 1e-5 1"))
    path = written(tmp_path, ["arm", "tip"], [pin("top", "/ground", "arm", "swing"), custom])
    turn = bm.read_osim(path).kinematics(bend=30.0).rotation.sel(segment="tip")
    assert float(turn.squeeze()[1, 0]) == pytest.approx(0.5, abs=1e-9)


def test_many_forces_of_one_name_are_told_apart_at_once(tmp_path: Path) -> None:
    one = '<SpringGeneralizedForce name="s"><coordinate>bend</coordinate><stiffness>1</stiffness>'
    one += "</SpringGeneralizedForce>"
    joints = [pin("top", "/ground", "arm", "swing"), pin("mid", "/bodyset/arm", "tip", "bend")]
    path = written(tmp_path, ["arm", "tip"], joints, f"<ForceSet><objects>{one * 20000}</objects></ForceSet>")
    rows = bm.read_osim(path).tables["coordinate_forces"].rows
    assert rows[:3] == ("s", "s_2", "s_3")
    assert max(map(len, rows)) == len("s_20000")


@pytest.mark.parametrize("off", ["", "<appliesForce>false</appliesForce>", "<isDisabled>true</isDisabled>"])
@pytest.mark.parametrize(
    "kind",
    [
        *("Thelen2003Muscle", "Thelen2003Muscle_Deprecated", "Millard2012EquilibriumMuscle"),
        *("Millard2012AccelerationMuscle", "Schutte1993Muscle_Deprecated", "Delp1990Muscle_Deprecated"),
        *("RigidTendonMuscle", "DeGrooteFregly2016Muscle"),
    ],
)
def test_every_class_of_muscle_pulls_unless_it_is_off(tmp_path: Path, kind: str, off: str) -> None:
    points = at("a", "/ground") + at("b", "/bodyset/tip")
    model = bm.read_osim(with_muscles(tmp_path, muscle("m", points, kind, off)))
    assert model.muscles == ("m",)
    assert model.value("muscles/m/max_isometric_force") == (0.0 if off else 100.0)
    assert model.left_out == ()


def test_an_actuator_that_pulls_and_is_not_known_is_missed_where_it_acts(tmp_path: Path) -> None:
    points = at("a", "/ground") + at("b", "/bodyset/tip")
    with pytest.warns(BiomechWarning, match=r"is refused: McKibbenActuator \(1: m\)"):
        model = bm.read_osim(with_muscles(tmp_path, muscle("m", points, "McKibbenActuator")))
    assert model.left_out == ("McKibbenActuator 'm' (force)",)
    off = muscle("m", points, "McKibbenActuator", "<appliesForce>false</appliesForce>")
    assert bm.read_osim(with_muscles(tmp_path, off)).left_out == ()


@pytest.mark.parametrize(
    ("muscles", "points", "said"),
    [
        (3001, 2, r"line 1, element 'Model' \('odd'\): has 3001 muscles: at most 3000"),
        (1, 501, r"line 1, element 'GeometryPath' of Thelen2003Muscle 'm0': has 501 path points: at most 500"),
        (61, 500, r"of Thelen2003Muscle 'm60': has 30500 path points with those of the paths before it: at most 30000"),
    ],
)
def test_paths_without_end_are_refused(tmp_path: Path, muscles: int, points: int, said: str) -> None:
    ends = at("a", "/ground") + at("b", "/bodyset/tip") * (points - 1)
    with pytest.raises(ModelError, match=said):
        bm.read_osim(with_muscles(tmp_path, *(muscle(f"m{i}", ends) for i in range(muscles))))


def test_a_function_that_leads_out_of_the_world_is_refused(tmp_path: Path) -> None:
    """A place of 1e99 m would make moment arms that are no numbers."""
    row = '<TransformAxis name="translation1"><Constant name="function"><value>1e99</value></Constant></TransformAxis>'
    custom = pin("mid", "/bodyset/arm", "tip", "bend").replace("PinJoint", "CustomJoint")
    custom = custom.replace("</CustomJoint>", spline("-1 0 1", "-1 0 1")).replace(
        "</SpatialTransform>", f"{row}</SpatialTransform>"
    )
    path = written(tmp_path, ["arm", "tip"], [pin("top", "/ground", "arm", "swing"), custom])
    with pytest.raises(
        ModelError, match=r"line 1, element 'CustomJoint' \('mid'\): functions/mid.0.0/y = 1e\+99: must be"
    ):
        bm.read_osim(path)
