"""What models of other people have in them and few have: odd text, seldom used functions, points and joints."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from scipy.interpolate import make_interp_spline
from wrapped_paths import Case, Paths, Wrap

import biomech as bm
from biomech import symbolic
from biomech.errors import BiomechWarning, ModelError
from biomech.io.osim import description as osim
from biomech.io.osim import read_description
from biomech.io.osim.tabulate.joints import FunctionRows
from biomech.model.mechanics.functions import compile_functions
from biomech.model.model import Model
from biomech.model.signs import turn_coordinates
from biomech.model.tables import make_table

GROUND = "/ground"


def body(name: str, more: str = "") -> str:
    return f'<Body name="{name}"><mass>1</mass><mass_center>0 -0.1 0</mass_center>{more}</Body>'


def custom(axes: str, coordinates: str = '<Coordinate name="q"/>') -> str:
    """A joint from ground to the body ``arm``, moved as its axes say."""
    return (
        f'<CustomJoint name="j"><socket_parent_frame>{GROUND}</socket_parent_frame>'
        f"<socket_child_frame>/bodyset/arm</socket_child_frame><coordinates>{coordinates}</coordinates>"
        f"<SpatialTransform>{axes}</SpatialTransform></CustomJoint>"
    )


def pin(name: str = "j", child: str = "arm", more: str = "") -> str:
    return (
        f'<PinJoint name="{name}"><socket_parent_frame>{GROUND}</socket_parent_frame>'
        f"<socket_child_frame>/bodyset/{child}</socket_child_frame>"
        f'<coordinates><Coordinate name="q">{more}</Coordinate></coordinates></PinJoint>'
    )


def slide(function: str) -> str:
    return (
        '<TransformAxis name="translation1"><coordinates>q</coordinates><axis>1 0 0</axis>'
        f"<function>{function}</function></TransformAxis>"
    )


def point(kind: str, where: str, place: str, more: str = "") -> str:
    at = f"<location>{place}</location>" if place else ""
    return f'<{kind} name="p"><socket_parent_frame>{where}</socket_parent_frame>{at}{more}</{kind}>'


def switching(where: str, place: str, low: float, high: float) -> str:
    return point("ConditionalPathPoint", where, place, f"<coordinate>q</coordinate><range>{low} {high}</range>")


def muscle(points: list[str], name: str = "m", wraps: str = "", more: str = "") -> str:
    return (
        f'<Millard2012EquilibriumMuscle name="{name}">{more}<GeometryPath><PathPointSet><objects>{"".join(points)}'
        f"</objects></PathPointSet><PathWrapSet><objects>{wraps}</objects></PathWrapSet></GeometryPath>"
        "</Millard2012EquilibriumMuscle>"
    )


def written(tmp_path: Path, joint: str, forces: str = "", bodies: str = "", version: int = 40600) -> Path:
    path = tmp_path / "odd.osim"
    joints = f"<JointSet><objects>{joint}</objects></JointSet>" if joint else ""
    path.write_text(
        f'<OpenSimDocument Version="{version}"><Model name="odd"><BodySet><objects>{bodies or body("arm")}</objects>'
        f"</BodySet>{joints}<ForceSet><objects>{forces}</objects></ForceSet></Model></OpenSimDocument>"
    )
    return path


def length(model: bm.Model, q: float) -> float:
    return float(model.muscle_geometry(q=np.degrees(q)).length[0, 0])


def arm(model: bm.Model, q: float) -> float:
    return float(model.muscle_geometry(q=np.degrees(q)).moment_arm.sel(coordinate="q")[0, 0])


# ---- text and numbers ---------------------------------------------------------------------------------------------


def test_a_comment_that_was_never_closed_goes_to_the_end_of_the_next(tmp_path: Path) -> None:
    """As in a public model of an arm, which OpenSim reads; errors still name the right line."""
    path = written(tmp_path, pin(more="<default_value>0.5</default_value>"))
    plain = path.read_text()
    odd = plain.replace("<JointSet>", "<!--\n<!--joints -- all--> <!-- one --->\n<![CDATA[ <!-- ]]>\n<JointSet>")
    path.write_text(odd)
    assert bm.read_osim(path).tables["defaults"].value("q", "value") == pytest.approx(np.degrees(0.5))
    assert read_description(path).joints[0].line == 4
    path.write_text(odd.replace("0.5", "five"))
    with pytest.raises(ModelError, match=r"odd\.osim, line 4, element 'default_value' of Coordinate 'q': 'five'"):
        bm.read_osim(path)
    path.write_text(plain + "<!-- -- ")
    with pytest.raises(ModelError, match="is no XML"):
        bm.read_osim(path)


def test_controls_without_end_and_muscles_without_speed(tmp_path: Path) -> None:
    actuator = (
        '<CoordinateActuator name="a"><coordinate>q</coordinate><optimal_force>3</optimal_force>'
        "<min_control>-Inf</min_control><max_control>Inf</max_control></CoordinateActuator>"
    )
    still = muscle(
        [point("PathPoint", GROUND, "0 1 0"), point("PathPoint", "/bodyset/arm", "0 -1 0")],
        more="<max_contraction_velocity>0</max_contraction_velocity>",
    )
    path = written(tmp_path, pin(), still + actuator)
    model = bm.read_osim(path)
    assert model.muscles == ("m",)
    assert model.tables["reserves"].value("q", "optimal_force") == 3.0
    assert read_description(path).forces[1].min_control == -np.inf
    path.write_text(path.read_text().replace("<max_contraction_velocity>0", "<max_contraction_velocity>-1"))
    with pytest.raises(ModelError, match=r"'max_contraction_velocity' .*: -1\.0: must be at least 0"):
        bm.read_osim(path)


def test_joints_of_one_name_in_several_bodies_are_told_apart(tmp_path: Path) -> None:
    """Before 4.0 nothing refers to a joint; OpenSim calls the second back_0."""

    def weld(child: str, parent: str, name: str) -> str:
        joint = f'<WeldJoint name="{name}"><parent_body>{parent}</parent_body></WeldJoint>'
        return body(child, f"<Joint>{joint}</Joint>")

    bodies = weld("pelvis", "ground", "back_0") + weld("torso", "pelvis", "back")
    bodies += weld("head", "torso", "back") + weld("hat", "head", "back")
    path = written(tmp_path, "", bodies='<Body name="ground"/>' + bodies, version=30000)
    said = "the second joint 'back', of body 'head', read as 'back_1'"
    with pytest.warns(BiomechWarning, match=said):
        description = read_description(path)
    assert [joint.name for joint in description.joints] == ["back_0", "back", "back_1", "back_2"]


def test_joints_of_one_name_in_a_set_are_refused(tmp_path: Path) -> None:
    """Since 4.0 frames are referred to by the names of their joints."""
    path = written(tmp_path, pin() + pin(child="leg").replace('"q"', '"p"'), bodies=body("arm") + body("leg"))
    with pytest.raises(ModelError, match="there are two of the joint 'j'; the other is in line"):
        bm.read_osim(path)


# ---- functions ----------------------------------------------------------------------------------------------------

#: Kinds, and what they are in plain numbers: x, then value.
KNOTS = "<x>-1 -0.4 0.1 0.3 0.9 1.2 1.7 2.5 3.1</x><y>0.2 -0.1 0.3 0.15 0 0.25 -0.2 0.1 0.3</y>"
X = np.array([-1.0, -0.4, 0.1, 0.3, 0.9, 1.2, 1.7, 2.5, 3.1])
Y = np.array([0.2, -0.1, 0.3, 0.15, 0.0, 0.25, -0.2, 0.1, 0.3])
STEP = (
    "<StepFunction><transition_start_time>0.2</transition_start_time><transition_end_time>1.7</transition_end_time>"
    "<start_value>-0.1</start_value><end_value>0.3</end_value></StepFunction>"
)


def gcv(half: int, more: str = "<error_variance>0</error_variance>") -> str:
    return f"<GCVSpline><half_order>{half}</half_order>{more}{KNOTS}</GCVSpline>"


def natural(half: int, x: float) -> float:
    """The natural spline of degree 2 half - 1: inside by SciPy, beyond its knots a polynomial of degree half - 1."""
    ends = [(k, 0.0) for k in range(half, 2 * half - 1)]
    curve = make_interp_spline(X, Y, k=2 * half - 1, bc_type=(ends, ends) if ends else None)
    end = min(max(x, X[0]), X[-1])
    if end == x:
        return float(curve(x))
    powers = [curve(end, k) / np.prod(np.arange(1.0, k + 1.0)) for k in range(half)]
    return float(Polynomial(powers)(x - end))


def smooth_step(x: float) -> float:
    t = min(max((x - 0.2) / 1.5, 0.0), 1.0)
    return -0.1 + 0.4 * (10.0 * t**3 - 15.0 * t**4 + 6.0 * t**5)


FUNCTIONS = {
    "step": (STEP, smooth_step),
    "constant pieces": (
        f"<PiecewiseConstantFunction>{KNOTS}</PiecewiseConstantFunction>",
        lambda x: float(Y[max(int(np.searchsorted(X, x, side="right")) - 1, 0)]),
    ),
    "half of a multiplied spline": (
        f"<MultiplierFunction><function>{gcv(3)}</function><scale>0.5</scale></MultiplierFunction>",
        lambda x: 0.5 * natural(3, x),
    ),
    **{f"spline of half order {half}": (gcv(half), lambda x, half=half: natural(half, x)) for half in (1, 2, 3, 4)},
}
#: x of OpenSim 4.6's own mechanism with these knots at q = -1.5, 0.5, 2, 4.
OPENSIM_SPLINES = {
    1: (0.2, 0.1, -0.0875, 0.3),
    2: (0.7272251953234444, -0.01055176200245253, -0.24313195385371955, 0.4594833254786343),
    3: (2.333272600702096, -0.04600320876135108, -0.36100895676893563, -1.7121532021222636),
    4: (5.547613413180365, -0.041693778376661814, -0.5027983176252784, -13.280092163319573),
}
PLACES = (-1.3, -1.0, -0.7, 0.05, 0.1, 0.2, 0.55, 1.0, 1.69, 1.7, 2.2, 3.1, 3.3)


def pulled(tmp_path: Path, function: str) -> bm.Model:
    """A body that goes along x by a function, and a muscle to it from five metres behind."""
    points = [point("PathPoint", GROUND, "-5 0 0"), point("PathPoint", "/bodyset/arm", "0 0 0")]
    return bm.read_osim(written(tmp_path, custom(slide(function)), muscle(points)))


def values_and_slopes(model: bm.Model, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = model.muscle_geometry(q=at)
    return found.length.values[:, 0] - 5.0, -found.moment_arm.sel(coordinate="q").values[:, 0]


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_functions_that_are_pieces(tmp_path: Path, kind: str) -> None:
    text, value = FUNCTIONS[kind]
    model = pulled(tmp_path, text)
    at, h = np.array([*PLACES, *(np.array(PLACES) + 1e-6), *(np.array(PLACES) - 1e-6)]), 1e-5
    found, slope = values_and_slopes(model, at)
    assert np.allclose(found, [value(x) for x in at], rtol=0, atol=1e-11)
    assert np.allclose(found, model.kinematics(q=at).origin.sel(segment="arm", axis="x"), rtol=0, atol=1e-14)
    differences = (values_and_slopes(model, at + h)[0] - values_and_slopes(model, at - h)[0]) / (2 * h)
    sharp = kind == "constant pieces" or kind.endswith("order 1")
    smooth = np.array([not sharp or np.abs(X - x).min() > 1e-4 for x in at])
    assert np.allclose(slope[smooth], differences[smooth], rtol=1e-8, atol=1e-8)


def test_opensim_says_the_same_of_splines(tmp_path: Path) -> None:
    """Values of OpenSim 4.6 at four places for half orders 1 to 4."""
    for half, values in OPENSIM_SPLINES.items():
        model = bm.read_osim(written(tmp_path, custom(slide(gcv(half)))))
        found = model.kinematics(q=[-1.5, 0.5, 2.0, 4.0]).origin.sel(segment="arm", axis="x")
        assert np.allclose(found, values, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_such_functions_of_a_turned_coordinate_and_as_formulas(tmp_path: Path, kind: str) -> None:
    model = pulled(tmp_path, FUNCTIONS[kind][0])
    there = turn_coordinates(model.tables, ["q"])
    turned, twice = (Model("odd", tables) for tables in (there, turn_coordinates(there, ["q"])))
    formula = symbolic.transform(model, "arm")[0, 3]
    at = np.array([*PLACES, *(np.array(PLACES) + 1e-4)])
    value, slope = values_and_slopes(model, at)
    assert np.allclose(values_and_slopes(twice, at), (value, slope), rtol=0, atol=1e-13)
    formulas = [float(formula.subs(symbolic.coordinate("q"), x)) for x in at]
    assert np.allclose(formulas, value, rtol=0, atol=1e-12)
    other, back = values_and_slopes(turned, -at)
    inside = ~np.isin(at, X)  # at a jump, which of two it is
    assert np.allclose(other[inside], value[inside], rtol=0, atol=1e-11)
    assert np.allclose(back[inside], -slope[inside], rtol=0, atol=1e-10)


def test_such_functions_are_written_again(tmp_path: Path) -> None:
    rows = "".join(
        f'<TransformAxis name="{name}"><coordinates>{q}</coordinates><axis>{axis}</axis>'
        f"<function>{FUNCTIONS[kind][0]}</function></TransformAxis>"
        for name, q, axis, kind in (
            ("rotation1", "q", "1 0 0", "step"),
            ("rotation2", "p", "0 1 0", "constant pieces"),
            ("rotation3", "q", "0 0 1", "half of a multiplied spline"),
            ("translation1", "q", "1 0 0", "spline of half order 1"),
            ("translation2", "q", "0 1 0", "spline of half order 2"),
            ("translation3", "q", "0 0 1", "spline of half order 4"),
        )
    )
    model = bm.read_osim(written(tmp_path, custom(rows, '<Coordinate name="q"/><Coordinate name="p"/>')))
    bm.write_osim(model, tmp_path / "again.osim")
    again = bm.read_osim(tmp_path / "again.osim")
    assert {name: dict(table.columns) for name, table in again.tables.items()} == {
        name: dict(table.columns) for name, table in model.tables.items()
    }


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (osim.GCVSpline(3, 0.01, tuple(range(9)), (0.0,) * 9, (1.0,) * 9), "error_variance 0.01 is not computed"),
        (osim.GCVSpline(5, 0.0, tuple(range(10)), (0.0,) * 10, (1.0,) * 10), "half_order must be at most 4"),
        (osim.UnknownFunction("Wavelet"), "function of class Wavelet is not computed"),
    ],
)
def test_functions_that_are_not_computed_are_named(function: osim.Function, said: str) -> None:
    with pytest.raises(ModelError, match=f"joint 'knee': .*{said}"):
        FunctionRows("test").add("f", osim.Multiplier(function, 2.0), 1.0, "joint 'knee'")


@pytest.mark.parametrize(
    ("kind", "x", "said"),
    [
        ("step", (0.0, 1.0, 2.0), "has 3 knots; a step has two"),
        ("step", (1.0, 0.0), "needs two or more knots with increasing x"),
        ("natural_spline_5", (0.0, 1.0, 2.0, 3.0, 4.0), "needs 6 or more knots"),
        ("natural_spline_5", (0.0, 1.0, 1.0 + 1e-14, 2.0, 3.0, 4.0, 5.0), "too near to one another"),
        ("natural_spline_7", (*np.arange(8) * 1e-120, 1e120), "too near to one another"),
        ("step", (0.0, 1e-200), "too near to one another"),
        ("natural_spline_3", tuple(range(501)), "has 501 knots: at most 500 are computed"),
        ("natural_spline_9", tuple(map(float, range(12))), "must be one of"),
        ("piecewise_constant", (0.0, 0.0), "needs one or more knots with increasing x"),
    ],
)
def test_tables_of_pieces_that_cannot_be_are_refused(kind: str, x: tuple[float, ...], said: str) -> None:
    rows = [
        {"entry": f"{i}", "function": "f", "kind": kind, "x": at, "y": i % 2, "source": ""} for i, at in enumerate(x)
    ]
    with pytest.raises(ModelError, match=said):
        compile_functions(make_table("functions", rows))


# ---- points -------------------------------------------------------------------------------------------------------


def ends(tmp_path: Path, wraps: str = "") -> bm.Model:
    """A path from q = 0.2 on from the first of its points, up to q = 0.6 to the last, else from or to the next."""
    points = [
        switching("/bodyset/arm", "0.1 -0.3 0", 0.2, 9.0),
        point("PathPoint", "/bodyset/arm", "0.02 -0.2 0"),
        switching(GROUND, "0.05 0.1 0.02", 0.0, 0.4),
        point("PathPoint", GROUND, "0 0.2 0"),
        switching(GROUND, "0 0.35 0.1", -9.0, 0.6),
    ]
    surface = (
        '<WrapObjectSet><objects><WrapCylinder name="w"><quadrant>x</quadrant><radius>0.06</radius><length>1</length>'
        "<translation>0 0 0</translation></WrapCylinder></objects></WrapObjectSet>"
    )
    path = written(tmp_path, pin(), muscle(points, wraps=wraps), bodies=body("arm") + body("hub", surface))
    weld = (
        f'<WeldJoint name="h"><socket_parent_frame>{GROUND}</socket_parent_frame>'
        "<socket_child_frame>/bodyset/hub</socket_child_frame></WeldJoint></objects></JointSet>"
    )
    path.write_text(path.read_text().replace("</objects></JointSet>", weld))
    return bm.read_osim(path)


def straight(q: float) -> float:
    turn = np.array([[np.cos(q), -np.sin(q), 0.0], [np.sin(q), np.cos(q), 0.0], [0.0, 0.0, 1.0]])
    places = [turn @ [0.1, -0.3, 0.0]] if q >= 0.2 else []
    places.append(turn @ [0.02, -0.2, 0.0])
    places += [np.array([0.05, 0.1, 0.02])] if 0.0 <= q <= 0.4 else []
    places.append(np.array([0.0, 0.2, 0.0]))
    places += [np.array([0.0, 0.35, 0.1])] if q <= 0.6 else []
    return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())


@pytest.mark.parametrize("q", [-0.5, 0.1, 0.3, 0.5, 0.8])
def test_a_path_begins_and_ends_with_what_is_there(tmp_path: Path, q: float) -> None:
    model = ends(tmp_path)
    assert length(model, q) == pytest.approx(straight(q), abs=1e-14)
    slope = -(straight(q + 1e-6) - straight(q - 1e-6)) / 2e-6
    assert arm(model, q) == pytest.approx(slope, abs=1e-9)


@pytest.mark.parametrize("q", [-0.5, 0.1, 0.3, 0.5, 0.8])
def test_so_does_one_that_wraps(tmp_path: Path, q: float) -> None:
    """The same path of fixed points alone, over the same cylinder."""
    model = ends(tmp_path, '<PathWrap name="u"><wrap_object>w</wrap_object></PathWrap>')
    turn = np.array([[np.cos(q), -np.sin(q), 0.0], [np.sin(q), np.cos(q), 0.0], [0.0, 0.0, 1.0]])
    places = [turn @ [0.1, -0.3, 0.0]] if q >= 0.2 else []
    places.append(turn @ [0.02, -0.2, 0.0])
    places += [np.array([0.05, 0.1, 0.02])] if 0.0 <= q <= 0.4 else []
    places.append(np.array([0.0, 0.2, 0.0]))
    places += [np.array([0.0, 0.35, 0.1])] if q <= 0.6 else []
    found, _, order = Paths([Case(np.array(places), [Wrap(radius=0.06, quadrant="x")])]).laid()
    assert (order.max() >= 0.0) == (q < 0.7)
    assert length(model, q) == pytest.approx(float(found[0]), abs=1e-13)
    slope = -(length(model, q + 1e-5) - length(model, q - 1e-5)) / 2e-5
    assert arm(model, q) == pytest.approx(slope, abs=1e-8)


def test_a_path_of_which_nothing_is_there_has_no_length(tmp_path: Path) -> None:
    points = [switching(GROUND, "0 1 0", 5.0, 6.0), switching("/bodyset/arm", "0 -1 0", 5.0, 6.0)]
    model = bm.read_osim(written(tmp_path, pin(), muscle(points)))
    assert length(model, 0.3) == 0.0
    assert arm(model, 0.3) == 0.0
    assert length(model, 5.5) > 1.0


def test_two_points_in_one_place_pull_at_nothing(tmp_path: Path) -> None:
    points = [point("PathPoint", GROUND, "0.1 1 0"), point("PathPoint", "/bodyset/arm", "0 0 0")]
    points.insert(1, point("PathPoint", GROUND, "0 0 0"))
    model = bm.read_osim(written(tmp_path, pin(), muscle(points)))
    assert length(model, 0.3) == pytest.approx(np.hypot(0.1, 1.0))
    assert arm(model, 0.3) == 0.0


def test_a_moving_point_stays_beyond_the_range_of_its_coordinate(tmp_path: Path) -> None:
    """As OpenSim has it; there its coordinate has no part in the moment arm."""
    sliding = "".join(
        f"<{axis}_coordinate>q</{axis}_coordinate><{axis}_location><LinearFunction><coefficients>{slope} 0.1"
        f"</coefficients></LinearFunction></{axis}_location>"
        for axis, slope in (("x", 0.3), ("y", -0.2), ("z", 0.0))
    )
    points = [point("MovingPathPoint", GROUND, "", sliding), point("PathPoint", GROUND, "0 1 0")]
    model = bm.read_osim(written(tmp_path, pin(more="<range>-0.5 0.4</range>"), muscle(points)))

    def away(q: float) -> float:
        q = min(max(q, -0.5), 0.4)
        return float(np.linalg.norm([0.3 * q + 0.1, -0.2 * q - 0.9, 0.1]))

    for q in (-1.2, -0.5, 0.1, 0.4, 0.9):
        assert length(model, q) == pytest.approx(away(q), abs=1e-14)
        inner = q if abs(q) > 0.45 else min(q, 0.4 - 1e-6)
        slope = -(away(inner + 1e-6) - away(inner - 1e-6)) / 2e-6
        assert arm(model, q) == pytest.approx(slope if abs(q) not in (0.5,) else arm(model, -0.4999), abs=1e-4)
    assert arm(model, 0.9) == 0.0


# ---- joints -------------------------------------------------------------------------------------------------------

SCAPULA = """<ScapulothoracicJoint name="j"><socket_parent_frame>{}</socket_parent_frame>
<socket_child_frame>{}</socket_child_frame><coordinates><Coordinate name="a"/><Coordinate name="e"/>
<Coordinate name="u"/><Coordinate name="w"/></coordinates>
<thoracic_ellipsoid_radii_x_y_z>0.1 0.2 0.3</thoracic_ellipsoid_radii_x_y_z>
<scapula_winging_axis_origin>0.03 -0.05</scapula_winging_axis_origin>
<scapula_winging_axis_direction>0.4</scapula_winging_axis_direction></ScapulothoracicJoint>"""


def turned(axis: tuple[float, float, float], angle: float) -> np.ndarray:
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross


@pytest.mark.parametrize("reverse", [False, True])
def test_a_scapula_glides_on_its_ellipsoid_and_wings(tmp_path: Path, reverse: bool) -> None:
    frames = (GROUND, "/bodyset/arm")
    path = written(tmp_path, SCAPULA.format(*(reversed(frames) if reverse else frames)))
    model = bm.read_osim(path)
    a, e, u, w = 0.3, -0.2, 0.5, 0.4
    found = model.kinematics(a=np.degrees(a), e=np.degrees(e), u=np.degrees(u), w=np.degrees(w))
    glide = turned((0.0, 1.0, 0.0), a) @ turned((-1.0, 0.0, 0.0), e) @ turned((0.0, 0.0, 1.0), u)
    wing = turned((-np.sin(0.4), np.cos(0.4), 0.0), w)
    centre = np.array([0.03, -0.05, 0.0])
    turn = glide @ wing
    shift = np.array([0.1, 0.2, 0.3]) * glide[:, 2] + glide @ (centre - wing @ centre)
    if reverse:
        turn, shift = turn.T, -turn.T @ shift
    assert np.allclose(found.rotation[0, 0], turn, atol=1e-15)
    assert np.allclose(found.origin[0, 0], shift, atol=1e-15)
    bm.write_osim(model, tmp_path / "again.osim")
    assert "<ScapulothoracicJoint" in (tmp_path / "again.osim").read_text()
    one, two = (own.kinematics(a=20.0, e=5.0, u=3.0, w=9.0) for own in (model, bm.read_osim(tmp_path / "again.osim")))
    assert np.allclose(one.origin, two.origin, atol=1e-15)
    assert np.allclose(one.rotation, two.rotation, atol=1e-15)


def test_where_opensim_has_that_scapula(tmp_path: Path) -> None:
    """OpenSim 4.6 at a, e, u, w = 0.3, -0.2, 0.5, 0.4."""
    model = bm.read_osim(written(tmp_path, SCAPULA.format(GROUND, "/bodyset/arm")))
    place = model.kinematics(**{name: np.degrees(q) for name, q in zip("aeuw", (0.3, -0.2, 0.5, 0.4), strict=True)})
    known = (0.03029558468232632, -0.03987066768522871, 0.2838409936868177)
    assert np.allclose(place.origin[0, 0], known, atol=1e-12)


def test_a_scapula_without_an_ellipsoid_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, SCAPULA.format(GROUND, "/bodyset/arm").replace("0.1 0.2 0.3", "0.1 0 0.3"))
    with pytest.raises(ModelError, match="thoracic_ellipsoid_radii_x_y_z: must be three numbers more than 0"):
        bm.read_osim(path)


# ---- wraps --------------------------------------------------------------------------------------------------------


def test_a_sphere_that_two_spans_go_through_from_the_wrong_side_takes_the_shorter_detour() -> None:
    """Only a span with a point on the side of the quadrant must wrap; of others the least detour counts."""
    points = np.array([[0.02, -0.2, 0.0], [0.01, 0.2, 0.0], [0.2, 0.25, 0.0], [0.04, -0.25, 0.01]])
    whole, _, order = Paths([Case(points, [Wrap(kind="sphere", radius=0.05, quadrant="-x")])]).laid()
    straight_way = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
    first = Paths([Case(points[:2], [Wrap(kind="sphere", radius=0.05, quadrant="-x")])]).laid()[0][0]
    assert order[0] == 0.5
    assert whole[0] == pytest.approx(straight_way - np.linalg.norm(points[1] - points[0]) + first)
    near = np.array([[0.15, -0.2, 0.0], [-0.1, 0.2, 0.0], [0.2, 0.3, 0.0], [0.03, -0.2, 0.0], [0.02, 0.2, 0.0]])
    found = Paths([Case(near, [Wrap(kind="sphere", radius=0.05, quadrant="-x")])]).laid()[2]
    assert found[0] == 0.5  # the first span has a point on the side


def test_reading_says_nothing_where_nothing_is_odd(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bm.read_osim(written(tmp_path, custom(slide(gcv(3)))))
