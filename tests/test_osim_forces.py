"""Force over length, springs and limits of model files: OpenSim's own numbers, derivatives, and what is refused."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
import pytest

import biomech as bm
from biomech.errors import BiomechWarning, ModelError
from biomech.model.forces.contact import NO_CONTACT
from biomech.model.mechanics.force_length import millard_points
from biomech.model.mechanics.splines import spline_values
from biomech.model.roles import make_roles
from biomech.model.tables import COLUMNS, Table
from biomech.statics.equilibrium import Equilibrium, ExternalLoads, assemble

MILLARD = (0.4441, 0.73, 1.8123, 0.8616, 0.1)
#: Length over the optimal one, and OpenSim's (4.6) ActiveForceLengthCurve and DeGrooteFregly2016Muscle there.
LENGTHS = [0.3, 0.5, 0.6, 0.73, 0.9, 1.0, 1.1, 1.3, 1.6, 1.9]
OPENSIM_MILLARD = {
    0.3: 0.1,
    0.6: 0.4511018783255816,
    0.73: 0.8063052463472585,
    0.9: 0.9567598325429589,
    1.0: 1.0,
    1.1: 0.957375532280429,
    1.3: 0.6840319573686932,
    1.6: 0.2636616762635045,
    1.9: 0.1,
}
OPENSIM_DE_GROOTE = {0.5: 0.05411215301427433, 0.9: 0.9371228431634351, 1.0: 1.0, 1.3: 0.5811888983785027}


def with_table(model: bm.Model, name: str, rows: list[dict[str, object]]) -> bm.Model:
    """The body with rows in an optional table."""
    empty = {column: math.nan if kind != "text" else "" for column, kind in COLUMNS[name].items()}
    cells = [{**empty, **row} for row in rows]
    own = Table(name, {column: tuple(row[column] for row in cells) for column in COLUMNS[name]})
    return bm.Model(model.name, {**model.tables, name: own})


def at(model: bm.Model, tissue: bool = False, **pose: float) -> Equilibrium:
    """Equilibrium of a body in one pose, in deg and m."""
    compiled = model.compiled()
    q = np.zeros((1, len(compiled.coordinates)))
    for name, value in pose.items():
        place = compiled.coordinates.index(name)
        q[0, place] = math.radians(value) if compiled.is_rotation[place] else value
    free = ExternalLoads.empty(1)
    return assemble(compiled, compiled.actuated, NO_CONTACT, free, q, force_length=True, tissue=tissue)


def fibres(model: bm.Model, **pose: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every muscle the fibre's length over the optimal one, the cosine of its pennation, and its greatest force."""
    table = model.tables["muscles"]
    force, optimal, slack, angle = table.numbers(
        "max_isometric_force", "optimal_fibre_length", "tendon_slack_length", "pennation"
    ).T
    along = model.muscle_geometry(**pose).length.values[0] - slack
    fibre = np.hypot(along, optimal * np.sin(np.radians(angle)))
    return fibre / optimal, np.maximum(along, 0.0) / fibre, force


# ---- force over length --------------------------------------------------------------------------------------------


def curve_in(kind: str, x: np.ndarray, **row: float) -> np.ndarray:
    """The curve of a kind, by its formula."""
    if kind == "thelen":
        return np.exp(-((x - 1.0) ** 2) / row["width"])
    if kind == "de_groote_fregly":
        stretched = 1.0 + (x - 1.0) / row["width"]
        terms = [
            (0.8150671134243542, 1.055033428970575, 0.162384573599574, 0.063303448465465),
            (0.433004984392647, 0.71677541339776, -0.029947116970696, 0.200356847296188),
            (0.1, 1.0, math.sqrt(0.125), 0.0),
        ]
        return np.asarray(sum(b * np.exp(-0.5 * ((stretched - p) / (w + r * stretched)) ** 2) for b, p, w, r in terms))
    return spline_values(*millard_points(*MILLARD), x)


ROWS = {
    "thelen": {"kind": "thelen", "width": 0.3},
    "de_groote_fregly": {"kind": "de_groote_fregly", "width": 1.2},
    "millard": {"kind": "millard"}
    | dict(zip(("min_length", "transition_length", "max_length", "slope", "least"), MILLARD, strict=True)),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_muscle_pulls_by_the_curve_of_its_kind(kind: str) -> None:
    model = bm.load_model("small")
    some = [*model.muscles[::2]]
    body = with_table(model, "force_length_curves", [{"muscle": name, **ROWS[kind]} for name in some])
    pose = {"hip_flexion_r": 20.0, "knee_angle_r": -15.0, "hip_flexion_l": 40.0}
    length, cosine, force = fibres(model, **pose)
    width = model.value("settings/force_length_width")
    row = {column: float(value) for column, value in ROWS[kind].items() if column != "kind"}
    own = np.array([name in some for name in model.muscles])
    curve = np.where(own, curve_in(kind, length, **row), curve_in("thelen", length, width=width))
    np.testing.assert_allclose(at(body, **pose).strength[0], force * cosine * curve, rtol=1e-9, atol=1e-9)
    assert not np.allclose(at(body, **pose).strength, at(model, **pose).strength, rtol=1e-3)


def test_a_row_with_the_width_of_the_settings_changes_nothing() -> None:
    model = bm.load_model("small")
    row = {"kind": "thelen", "width": model.value("settings/force_length_width")}
    body = with_table(model, "force_length_curves", [{"muscle": name, **row} for name in model.muscles])
    first, second = (at(one, knee_angle_r=-20.0).strength for one in (body, model))
    np.testing.assert_allclose(first, second, rtol=1e-14, atol=0)


def test_a_tabulated_curve_is_a_spline_of_functions() -> None:
    model = bm.load_model("small")
    x, y = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5], [0.0, 0.4, 1.0, 0.5, 0.1, 0.0]
    knots = [
        {"entry": f"c.{i}", "function": "c", "kind": "spline", "x": a, "y": b, "source": ""}
        for i, (a, b) in enumerate(zip(x, y, strict=True))
    ]
    body = with_table(model, "functions", knots)
    rows = [{"muscle": name, "kind": "tabulated", "function": "c"} for name in model.muscles]
    length, cosine, force = fibres(model)
    curve = np.maximum(spline_values(np.array(x), np.array(y), length), 0.0)
    found = at(with_table(body, "force_length_curves", rows)).strength[0]
    np.testing.assert_allclose(found, force * cosine * curve, rtol=1e-9, atol=1e-9)


def test_curves_have_opensims_numbers() -> None:
    x = np.array([*OPENSIM_MILLARD])
    np.testing.assert_allclose(curve_in("millard", x), [*OPENSIM_MILLARD.values()], rtol=0, atol=2e-5)
    x = np.array([*OPENSIM_DE_GROOTE])
    own = curve_in("de_groote_fregly", x, width=1.0)
    np.testing.assert_allclose(own, [*OPENSIM_DE_GROOTE.values()], rtol=0, atol=1e-14)


@pytest.mark.parametrize("numbers", [MILLARD, (0.47, 0.75, 1.7, 0.7, 0.0), (0.3, 0.8, 2.2, 0.2, 0.05)])
def test_millards_curve_is_opensims_everywhere(numbers: tuple[float, ...]) -> None:
    opensim = pytest.importorskip("opensim")
    curve = opensim.ActiveForceLengthCurve(*numbers)
    x = np.linspace(0.1, 2.4, 2001)
    own = spline_values(*millard_points(*numbers), x)
    np.testing.assert_allclose(own, [curve.calcValue(float(at)) for at in x], rtol=0, atol=2e-5)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"kind": "hill"}, "kind = 'hill': must be one of thelen"),
        ({"kind": "thelen", "width": 0.0}, "width = 0.0: must be more than 0"),
        ({"kind": "thelen"}, "width = nan: must be more than 0"),
        ({**ROWS["millard"], "transition_length": 1.1}, "are not those of Millard's curve"),
        ({**ROWS["millard"], "slope": 9.0}, "are not those of Millard's curve"),
        ({"kind": "millard"}, "are not those of Millard's curve"),
        ({"kind": "tabulated", "function": "none"}, "function = 'none': there is no such name in the model"),
    ],
)
def test_a_curve_that_is_none_is_refused(row: dict[str, object], said: str) -> None:
    model = bm.load_model("small")
    with pytest.raises(ModelError, match=said):
        with_table(model, "force_length_curves", [{"muscle": model.muscles[0], **row}])


def test_a_curve_of_no_muscle_is_refused() -> None:
    with pytest.raises(ModelError, match="force_length_curves/nobody/muscle = 'nobody'"):
        with_table(bm.load_model("small"), "force_length_curves", [{"muscle": "nobody", **ROWS["thelen"]}])


def test_curves_go_with_their_muscles() -> None:
    model = bm.load_model("small")
    body = with_table(model, "force_length_curves", [{"muscle": name, **ROWS["thelen"]} for name in model.muscles])
    left = body.without([model.muscles[0]])
    assert left.tables["force_length_curves"].rows == left.muscles


# ---- springs and limits of coordinates ----------------------------------------------------------------------------

LIMIT = {
    "force": "stop",
    "kind": "limit",
    "coordinate": "knee_angle_r",
    "upper_stiffness": 80.0,
    "upper_limit": math.radians(-10.0),
    "lower_stiffness": 50.0,
    "lower_limit": math.radians(-60.0),
    "transition": math.radians(15.0),
}
SPRING = {
    "force": "spring",
    "kind": "spring",
    "coordinate": "hip_flexion_r",
    **{f"{end}_stiffness": 30.0 for end in ("upper", "lower")},
    **{f"{end}_limit": math.radians(20.0) for end in ("upper", "lower")},
    "transition": 0.0,
}
ANGLES = [-110.0, -75.0, -68.0, -60.0, -40.0, -10.0, -4.0, 3.0, 9.0]


def limit_force(degrees: float) -> float:
    """The force of ``LIMIT``, as its formula has it."""
    q = math.radians(degrees)
    above, below = q - LIMIT["upper_limit"], LIMIT["lower_limit"] - q
    share = [min(max(x / LIMIT["transition"], 0.0), 1.0) for x in (above, below)]
    up, down = (s**3 * (10.0 - 15.0 * s + 6.0 * s * s) for s in share)
    return LIMIT["lower_stiffness"] * down * below - LIMIT["upper_stiffness"] * up * above


def passive(model: bm.Model, coordinate: str, angles: list[float]) -> np.ndarray:
    found = model.passive_moment({coordinate: np.array(angles)}).passive_moment
    return np.asarray(found.sel(coordinate=coordinate).values)


def test_a_limit_and_a_spring_add_their_moment() -> None:
    model = bm.load_model("small")
    body = with_table(model, "coordinate_forces", [LIMIT, SPRING])
    more = passive(body, "knee_angle_r", ANGLES) - passive(model, "knee_angle_r", ANGLES)
    np.testing.assert_allclose(more, [limit_force(angle) for angle in ANGLES], rtol=0, atol=1e-9)
    hip = [-20.0, 0.0, 20.0, 60.0]
    more = passive(body, "hip_flexion_r", hip) - passive(model, "hip_flexion_r", hip)
    np.testing.assert_allclose(more, [-30.0 * math.radians(angle - 20.0) for angle in hip], rtol=0, atol=1e-9)


def test_their_derivative_is_that_of_the_moment() -> None:
    body = with_table(bm.load_model("small"), "coordinate_forces", [LIMIT, SPRING])
    step = 1e-4
    for angle in ANGLES:
        near = passive(body, "knee_angle_r", [angle - step, angle + step])
        slope = np.diff(near)[0] / math.radians(2.0 * step)
        own = body.passive_moment(knee_angle_r=angle).passive_derivative
        own = own.sel(coordinate="knee_angle_r", by_coordinate="knee_angle_r")
        np.testing.assert_allclose(float(own[0]), slope, rtol=1e-6, atol=1e-4)


def test_they_act_with_other_tissue_and_without() -> None:
    model = bm.load_model("small")
    body = with_table(model, "coordinate_forces", [LIMIT])
    row = model.compiled().actuated.tolist().index(model.compiled().coordinates.index("knee_angle_r"))
    for tissue in (True, False):
        first, second = (at(one, tissue, knee_angle_r=3.0).demand[0] for one in (model, body))
        more = np.zeros(len(first))
        more[row] = -limit_force(3.0)
        np.testing.assert_allclose(second - first, more, rtol=0, atol=1e-9)


def test_a_coordinate_that_counts_the_other_way_round_has_the_same_limit() -> None:
    model = bm.load_model("small")
    table = model.tables["coordinates"]
    row = table.index("knee_angle_r")
    cells = {column: [*own] for column, own in table.columns.items()}
    for column in ("axis_x", "axis_y", "axis_z"):
        cells[column][row] = 0.0 - cells[column][row]
    for low, high in (("range_min", "range_max"), ("trusted_min", "trusted_max")):
        cells[low][row], cells[high][row] = -cells[high][row], -cells[low][row]
    # no spline is read by the knee of this body
    assert "knee_angle_r" not in model.tables["couplings"].text("coordinate")
    other = {**LIMIT, "source": "", "upper_stiffness": 50.0, "lower_stiffness": 80.0}
    other |= {"upper_limit": -LIMIT["lower_limit"], "lower_limit": -LIMIT["upper_limit"]}
    tables = {**model.tables, "coordinates": Table("coordinates", cells)}
    roles = make_roles(tables, {"signs": {"knee_angle_r": -1}}, {})
    free = bm.Model("turned", tables, roles)
    force = Table("coordinate_forces", {column: (other[column],) for column in COLUMNS["coordinate_forces"]})
    limited = bm.Model("turned", {**tables, "coordinate_forces": force}, roles)
    away = [-angle for angle in ANGLES]
    more = passive(limited, "knee_angle_r", away) - passive(free, "knee_angle_r", away)
    np.testing.assert_allclose(more, [-limit_force(angle) for angle in ANGLES], rtol=0, atol=1e-9)


def test_limits_of_a_similar_body_grow_with_mass_and_length() -> None:
    model = bm.load_model("gait2392")
    slide = {**SPRING, "force": "slide", "coordinate": "pelvis_ty"}
    body = with_table(model, "coordinate_forces", [LIMIT, slide])
    height, mass = body.value("settings/height"), body.body_mass
    other = body.scaled(height=1.1 * height, mass=1.2 * mass)
    for row, stiffness, limit in (("stop", 1.2 * 1.1, 1.0), ("slide", 1.2 / 1.1, 1.1)):
        for column, factor in (("upper_stiffness", stiffness), ("upper_limit", limit), ("lower_stiffness", stiffness)):
            path = f"coordinate_forces/{row}/{column}"
            assert other.value(path) == pytest.approx(factor * body.value(path), rel=1e-9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "rope"}, "kind = 'rope': must be one of limit, spring"),
        ({"coordinate": "elbow"}, "coordinate = 'elbow'"),
        ({"transition": -1.0}, "transition"),
        ({"upper_stiffness": math.nan}, "upper_stiffness"),
    ],
)
def test_a_limit_that_is_none_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        with_table(bm.load_model("small"), "coordinate_forces", [{**LIMIT, **change}])


# ---- files --------------------------------------------------------------------------------------------------------


def test_opensim_has_the_same_limit_and_the_same_curves(tmp_path: Path) -> None:
    opensim = pytest.importorskip("opensim")
    opensim.Logger.setLevelString("error")
    model = bm.load_model("small")
    kinds = [ROWS[kind] for kind in ROWS]
    rows = [{"muscle": name, **kinds[i % 3]} for i, name in enumerate(model.muscles)]
    body = with_table(with_table(model, "coordinate_forces", [LIMIT, SPRING]), "force_length_curves", rows)
    path = tmp_path / "body.osim"
    with pytest.warns(BiomechWarning, match="not written"):
        bm.write_osim(body, path)
    theirs = opensim.Model(str(path))
    state = theirs.initSystem()
    force = opensim.CoordinateLimitForce.safeDownCast(theirs.getForceSet().get("stop"))
    knee = theirs.getCoordinateSet().get("knee_angle_r")
    for angle in ANGLES:
        knee.setValue(state, math.radians(angle), False)
        theirs.realizeVelocity(state)
        assert force.calcLimitForce(state) == pytest.approx(limit_force(angle), abs=1e-9)
    names = [theirs.getMuscles().get(i).getConcreteClassName() for i in range(3)]
    assert names == ["Thelen2003Muscle", "DeGrooteFregly2016Muscle", "Millard2012EquilibriumMuscle"]


def test_curves_and_limits_are_read_back_the_same(tmp_path: Path) -> None:
    model = bm.load_model("small")
    kinds = [ROWS[kind] for kind in ROWS]
    rows = [{"muscle": name, **kinds[i % 3]} for i, name in enumerate(model.muscles)]
    body = with_table(with_table(model, "coordinate_forces", [LIMIT, SPRING]), "force_length_curves", rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiomechWarning)
        bm.write_osim(body, tmp_path / "body.osim")
    back = bm.read_osim(tmp_path / "body.osim")
    for name in ("coordinate_forces", "force_length_curves"):
        first, second = (
            {column: own for column, own in one.tables[name].columns.items() if column != "source"}
            for one in (body, back)
        )
        assert [*map(repr, first.values())] == [*map(repr, second.values())]


def test_actuators_of_coordinates_are_reserves(tmp_path: Path) -> None:
    model = bm.load_model("small")
    rows = [{"coordinate": "pelvis_tx", "optimal_force": 5.0}, {"coordinate": "knee_angle_r", "optimal_force": 2.5}]
    body = with_table(model, "reserves", rows)
    assert body.reserves == {"pelvis_tx": 5.0, "knee_angle_r": 2.5}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiomechWarning)
        bm.write_osim(body, tmp_path / "body.osim")
    back = bm.read_osim(tmp_path / "body.osim")
    assert back.reserves == body.reserves
    assert back.without(["tibia_r"]).reserves == {"pelvis_tx": 5.0}
    other = back.scaled(height=1.1 * back.value("settings/height"), mass=1.2 * back.body_mass)
    assert other.reserves == pytest.approx({"pelvis_tx": 5.0 * 1.2, "knee_angle_r": 2.5 * 1.2 * 1.1})
    text = (tmp_path / "body.osim").read_text().replace("<optimal_force>5.0<", "<optimal_force>-5.0<")
    (tmp_path / "body.osim").write_text(text)
    assert bm.read_osim(tmp_path / "body.osim").reserves == body.reserves


FORCES = """
<PathSpring name="band"><GeometryPath><PathPointSet><objects>
<PathPoint name="a"><socket_parent_frame>/ground</socket_parent_frame><location>0 0 0</location></PathPoint>
<PathPoint name="b"><socket_parent_frame>/bodyset/pelvis</socket_parent_frame><location>0 0 0</location></PathPoint>
</objects></PathPointSet></GeometryPath>
<resting_length>0.1</resting_length><stiffness>{stiffness}</stiffness><dissipation>0</dissipation></PathSpring>
"""


def with_band(tmp_path: Path, stiffness: float) -> Path:
    return with_force(tmp_path, FORCES.format(stiffness=stiffness))


def with_force(tmp_path: Path, force: str) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiomechWarning)
        bm.write_osim(bm.load_model("small"), tmp_path / "small.osim")
    text = (tmp_path / "small.osim").read_text()
    place = text.index("</objects>", text.index("<ForceSet"))
    place = text.rindex("</objects>", 0, text.index("<groups", text.index("<ForceSet")))
    (tmp_path / "band.osim").write_text(text[:place] + force + text[place:])
    return tmp_path / "band.osim"


def test_statics_of_a_body_with_a_ligament_whose_curve_is_not_computed_are_refused(tmp_path: Path) -> None:
    force = FORCES.format(stiffness=500.0).replace("PathSpring", "Ligament").replace("stiffness>", "pcsa_force>")
    curve = "<GCVSpline name='force_length_curve'><half_order>1</half_order><x>0 1 2</x><y>0 0 1</y></GCVSpline>"
    with pytest.warns(BiomechWarning, match="Ligament.*band"):
        model = bm.read_osim(with_force(tmp_path, force.replace("<dissipation>0</dissipation>", curve)))
    assert model.left_out == ("Ligament 'band' (spring)",)
    model.muscle_geometry()
    with pytest.raises(ModelError, match="Ligament 'band'"):
        bm.sweep(model, pelvic_tilt=0)

    with pytest.raises(ModelError, match="Ligament 'band'"):
        model.passive_moment()


@pytest.mark.parametrize(
    "force",
    [
        '<Thelen2003Muscle name="odd"><FunctionBasedPath name="path"/></Thelen2003Muscle>',
        '<PlugInMuscle name="odd"/>',
        '<Smith2018ArticularContactForce name="odd"/>',
    ],
)
def test_statics_of_a_body_with_a_force_that_is_not_computed_are_refused(force: str, tmp_path: Path) -> None:
    with pytest.warns(BiomechWarning, match="depends on it is refused: .*odd"):
        model = bm.read_osim(with_force(tmp_path, force))
    assert "odd" not in model.muscles
    assert [own.endswith(" 'odd' (force)") for own in model.left_out] == [True]
    model.muscle_geometry()
    with pytest.raises(ModelError, match=r"'odd'$"):  # and no remedy: it is no muscle of the table
        bm.sweep(model, pelvic_tilt=0)
    with pytest.raises(ModelError, match=r"'odd'$"):
        model.passive_moment()


@pytest.mark.parametrize(
    "force",
    [
        '<HuntCrossleyForce name="odd"/>',
        '<SmoothSphereHalfSpaceForce name="odd"/>',
        '<PathActuator name="odd"><FunctionBasedPath name="path"/></PathActuator>',
    ],
)
def test_contact_with_the_ground_is_only_said(force: str, tmp_path: Path) -> None:
    with pytest.warns(BiomechWarning, match="left out, and answers are without it: .*odd"):
        model = bm.read_osim(with_force(tmp_path, force))
    assert len(model.left_out) == 1
    model.passive_moment()
    bm.sweep(model, pelvic_tilt=0)


def test_a_spring_of_no_stiffness_is_none(tmp_path: Path) -> None:
    assert bm.read_osim(with_band(tmp_path, 0.0)).left_out == ()


def test_gravity_that_is_not_down_is_refused_where_it_acts(tmp_path: Path) -> None:
    with_band(tmp_path, 0.0)
    text = (tmp_path / "small.osim").read_text()
    (tmp_path / "odd.osim").write_text(text.replace("<gravity>0.0 -", "<gravity>1.0 -"))
    with pytest.warns(BiomechWarning, match="gravity"):
        model = bm.read_osim(tmp_path / "odd.osim")
    model.muscle_geometry()
    with pytest.raises(ModelError, match="gravity"):
        model.gravity()
    with pytest.raises(ModelError, match="gravity"):
        bm.sweep(model, pelvic_tilt=0)
