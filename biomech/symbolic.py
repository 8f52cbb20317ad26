"""The same model in SymPy: equations to read, to print and to check the kernels against.

Everything is derived from the model's tables by its own route: homogeneous transforms instead of screws, exact rational
splines instead of truncated powers, and differentiation instead of virtual work.

Examples
--------
>>> import biomech as bm
>>> from biomech import symbolic
>>> equations = symbolic.sagittal_equilibrium(bm.load_model("small"))
>>> sorted(equations)[:2]
['ankle_angle_r', 'hip_flexion_r']
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from biomech._arguments import instance, mapping, one_of, real_number, whole_number
from biomech.errors import ModelError
from biomech.model.function_kinds import BY_KNOTS
from biomech.model.mechanics.functions import pieces_of
from biomech.model.mechanics.path_points import SLACK
from biomech.model.mirror import side_of
from biomech.model.model import Model
from biomech.model.roles import FLOATING
from biomech.model.tables import complete

#: Coordinates of the sagittal plane, right leg.
SAGITTAL = (
    "pelvis_tilt",
    "pelvis_tx",
    "pelvis_ty",
    "hip_flexion_r",
    "knee_angle_r",
    "ankle_angle_r",
    "lumbar_extension",
)


def coordinate(name: str) -> sp.Symbol:
    """The symbol of a coordinate (rad or m)."""
    return sp.Symbol(instance("name", name, str, "the name of a coordinate", ModelError), real=True)


def _body(model: object) -> Model:
    return instance("model", model, Model, "a Model", ModelError)


def _formula(name: str, value: object) -> sp.Expr:
    return instance(name, value, sp.Expr, "an expression of SymPy", ModelError)


def transform(model: Model, segment: str, ancestor: str = "ground") -> sp.Matrix:
    """Homogeneous transform (4, 4) from a segment to one it hangs on."""
    _body(model)
    instance("segment", segment, str, "the name of a segment", ModelError)
    one_of("ancestor", ancestor, ["ground", *model.segments], ModelError)
    frame = sp.eye(4)
    for outer in _output_map(model, segment, ancestor)[:-1]:
        joints = model.tables_by_role["joints"]
        frame = _joint_transform(model, joints.rows[joints.text("child").index(outer)]) * frame
    return frame


def _output_map(model: Model, segment: str, ancestor: str = "ground") -> list[str]:
    """Segments from one to its ancestor, both ends included."""
    joints = model.tables_by_role["joints"]
    way = [segment]
    while way[-1] != ancestor:
        if way[-1] not in joints.text("child"):
            raise ModelError(f"segment = {segment!r}: there is no such segment on {ancestor!r}")
        way.append(joints.text("parent")[joints.text("child").index(way[-1])])
    return way


def _joint_transform(model: Model, joint: str) -> sp.Matrix:
    """Transform from the child of a joint to its parent."""
    every = complete(model.tables_by_role)
    frames = every["joint_frames"]
    inner = outer = sp.eye(4)
    if joint in frames.rows:
        turns = [[frames.value(joint, f"{end}_r{axis}") for axis in "xyz"] for end in ("parent", "child")]
        place = sp.Matrix([_exact(frames.value(joint, f"child_{axis}")) for axis in "xyz"])
        inner, outer = _turned_xyz(turns[0]), _moved(place) * _turned_xyz(turns[1])
    joints, table, couplings = (
        model.tables_by_role["joints"],
        model.tables_by_role["coordinates"],
        model.tables_by_role["couplings"],
    )
    offset = sp.Matrix([_exact(v) for v in joints.numbers("x", "y", "z")[joints.index(joint)]])
    torsion = -_exact(joints.value(joint, "torsion")) * sp.pi / 180
    before, back = _moved(offset) * inner * _turned(sp.Matrix([0, 1, 0]), torsion), _inverse(outer)
    if joint in every["transform_rows"].text("joint"):
        return before * _by_rows(model, joint) * back
    shift, turns = sp.zeros(3, 1), sp.eye(4)
    for k, of in enumerate(couplings.text("joint")):
        if of == joint:
            slide = spline(model, couplings.text("spline")[k], _place_of(model, couplings.text("coordinate")[k]))
            shift["xyz".index(couplings.text("component")[k])] += slide
    for k, of in enumerate(table.text("joint")):
        if of == joint:
            axis = sp.Matrix([_exact(v) for v in table.numbers("axis_x", "axis_y", "axis_z")[k]])
            axis = axis / sp.sqrt(axis.dot(axis))
            q = _place_of(model, table.rows[k])
            if table.text("motion")[k] == "translation":
                shift += q * axis
            else:
                turns = turns * _turned(axis, q)
    return before * _moved(shift) * turns * back


def _by_rows(model: Model, joint: str) -> sp.Matrix:
    """Transform of a joint that moves by rows, each in the frame that those before have made."""
    table = complete(model.tables_by_role)["transform_rows"]
    frame = sp.eye(4)
    for k, of in enumerate(table.text("joint")):
        if of == joint:
            axis = sp.Matrix([_exact(v) for v in table.numbers("axis_x", "axis_y", "axis_z")[k]])
            axis = axis / sp.sqrt(axis.dot(axis))
            way = _function(model, table.text("function")[k], table.text("coordinates")[k])
            frame = frame * (_moved(way * axis) if table.text("motion")[k] == "translation" else _turned(axis, way))
    return frame


def _place_of(model: Model, name: str) -> sp.Expr:
    """Where a coordinate is: a symbol, or what follows from others."""
    table = complete(model.tables_by_role)["couplers"]
    if name not in table.text("dependent"):
        return coordinate(name)
    k = table.text("dependent").index(name)
    return _exact(table.numbers("scale")[k]) * _function(
        model, table.text("function")[k], table.text("independents")[k]
    )


def _function(model: Model, name: str, coordinates: str) -> sp.Expr:
    """A function of the table ``functions`` (``biomech.model.mechanics.functions``) of coordinates joined by ';'."""
    table = complete(model.tables_by_role)["functions"]
    rows = [i for i, own in enumerate(table.text("function")) if own == name]
    kind, pairs = table.text("kind")[rows[0]], table.numbers("x", "y").reshape(-1, 2)[rows].tolist()
    places = [_place_of(model, own) for own in coordinates.split(";") if own] or [sp.Integer(0)]
    if kind in ("spline", "piecewise_linear"):
        knots = tuple((_exact(x), _exact(y)) for x, y in pairs)
        lines = tuple(sp.interpolate(list(two), sp.Symbol("u")) for two in pairwise(knots))
        return _piecewise(knots, _cubics(knots) if kind == "spline" else lines, places[0])
    if kind in BY_KNOTS:
        return _of_pieces(*pieces_of(kind, *np.array(pairs).T), places[0])
    own = {int(x): _exact(y) for x, y in pairs}
    if kind in ("constant", "polynomial"):
        return sp.Add(*(factor * places[0] ** power for power, factor in own.items()))
    total = sp.Add(*(own.get(i, 0) * place for i, place in enumerate(places, start=1)))
    return own.get(0, 0) + (total if kind == "linear" else own.get(-1, 0) * sp.sin(total + own.get(-2, 0)))


def _turned_xyz(angles: list[float]) -> sp.Matrix:
    """Body-fixed turns about x, y and z, by degrees."""
    frame = sp.eye(4)
    for k, angle in enumerate(angles):
        frame = frame * _turned(sp.Matrix([int(k == i) for i in range(3)]), _exact(angle) * sp.pi / 180)
    return frame


def _inverse(frame: sp.Matrix) -> sp.Matrix:
    """The way back of a turn and a move."""
    back = sp.eye(4)
    back[:3, :3] = frame[:3, :3].T
    back[:3, 3] = -frame[:3, :3].T * frame[:3, 3]
    return back


def _exact(value: float) -> sp.Rational:
    """The decimal number that the table holds."""
    return sp.Rational(repr(float(value)))


def _moved(offset: sp.Matrix) -> sp.Matrix:
    frame = sp.eye(4)
    frame[:3, 3] = offset
    return frame


def _turned(axis: sp.Matrix, angle: sp.Expr) -> sp.Matrix:
    """Rotation about a unit axis: exp of the cross-product matrix (Rodrigues)."""
    x, y, z = axis
    cross = sp.Matrix([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    frame = sp.eye(4)
    frame[:3, :3] = sp.eye(3) + sp.sin(angle) * cross + (1 - sp.cos(angle)) * cross * cross
    return frame


def spline(model: Model, name: str, x: sp.Expr) -> sp.Expr:
    """A spline of the model as exact cubics, piece by piece, straight beyond its ends.

    The ends meet the condition of Forsythe, Malcolm & Moler (1977): there the third derivative is that of the cubic
    through the four nearest knots.
    """
    table = _body(model).tables_by_role["splines"]
    one_of("name", name, dict.fromkeys(table.text("spline")), ModelError)
    _formula("x", x)
    rows = [i for i, owner in enumerate(table.text("spline")) if owner == name]
    knots = tuple((_exact(a), _exact(v)) for a, v in table.numbers("angle", "value")[rows])
    return _piecewise(knots, _cubics(knots), x)


def _piecewise(knots: tuple[tuple[sp.Rational, sp.Rational], ...], pieces: tuple[sp.Expr, ...], x: sp.Expr) -> sp.Expr:
    """Pieces in u between knots at x, straight beyond them."""
    u = sp.Symbol("u")
    (first, _), (last, _) = knots[0], knots[-1]
    ends = [(pieces[0], first), (pieces[-1], last)]
    lines = [p.subs(u, end) + sp.diff(p, u).subs(u, end) * (x - end) for p, end in ends]
    cases = [(lines[0], x < first)]
    cases += [(piece.subs(u, x), x <= right) for piece, (_, (right, _)) in zip(pieces, pairwise(knots), strict=True)]
    return sp.Piecewise(*cases, (lines[1], True))


def _of_pieces(starts: NDArray[np.float64], pieces: NDArray[np.float64], x: sp.Expr) -> sp.Expr:
    """Polynomials (power, piece) of the distance from where each begins, the first also before that."""
    polynomials = [
        sp.Add(*(_exact(factor) * (x - _exact(start)) ** power for power, factor in enumerate(own)))
        for start, own in zip(starts, pieces.T, strict=True)
    ]
    cases = [(own, x < _exact(end)) for own, end in zip(polynomials[:-1], starts[1:], strict=True)]
    return sp.Piecewise(*cases, (polynomials[-1], True))


@cache
def _cubics(knots: tuple[tuple[sp.Rational, sp.Rational], ...]) -> tuple[sp.Expr, ...]:
    """The cubic of every interval, in u, from the second derivatives at the knots."""
    u = sp.Symbol("u")
    x, y = zip(*knots, strict=True)
    n = len(knots)
    if n < 4:
        return tuple(sp.interpolate(list(knots), u) for _ in range(n - 1))
    matrix, right = sp.zeros(n, n), sp.zeros(n, 1)
    for row, own in ((0, knots[:4]), (n - 1, knots[-4:])):
        a, b = (0, 1) if row == 0 else (n - 2, n - 1)
        third = 6 * sp.Poly(sp.interpolate(list(own), u), u).coeff_monomial(u**3)
        matrix[row, a], matrix[row, b], right[row] = -1 / (x[b] - x[a]), 1 / (x[b] - x[a]), third
    for i in range(1, n - 1):
        before, after = x[i] - x[i - 1], x[i + 1] - x[i]
        matrix[i, i - 1], matrix[i, i], matrix[i, i + 1] = before, 2 * (before + after), after
        right[i] = 6 * ((y[i + 1] - y[i]) / after - (y[i] - y[i - 1]) / before)
    bend = matrix.LUsolve(right)
    cubics = []
    for i in range(n - 1):
        h = x[i + 1] - x[i]
        cubics.append(
            (bend[i] * (x[i + 1] - u) ** 3 + bend[i + 1] * (u - x[i]) ** 3) / (6 * h)
            + (y[i] / h - bend[i] * h / 6) * (x[i + 1] - u)
            + (y[i + 1] / h - bend[i + 1] * h / 6) * (u - x[i])
        )
    return tuple(cubics)


def muscle_length(model: Model, muscle: str, at: Mapping[str, float] | None = None) -> sp.Expr:
    """Length of a muscle (m) as a function of the coordinates.

    Parameters
    ----------
    model : Model
        The body.
    muscle : str
        Its name.
    at : mapping of str to float, optional
        Coordinates (rad) that decide which conditional points count; zero by default.

    Examples
    --------
    >>> import biomech as bm
    >>> from biomech import symbolic
    >>> length = symbolic.muscle_length(bm.load_model("gait2392"), "soleus_r")
    >>> sorted(map(str, length.free_symbols))
    ['ankle_angle_r', 'subtalar_angle_r']
    """
    table = _body(model).tables_by_role["path_points"]
    instance("muscle", muscle, str, "the name of a muscle", ModelError)
    chosen = {} if at is None else mapping("at", at, "coordinates to angles (rad)", ModelError)
    for name, angle in chosen.items():
        one_of("at", name, model.coordinates, ModelError)
        real_number(f"at[{name!r}]", angle, error=ModelError)
    points = []
    for i in range(len(table)):
        if table.text("muscle")[i] != muscle:
            continue
        if table.text("kind")[i] == "conditional":
            angle = chosen.get(table.text("coordinate")[i], 0.0)
            least, most = table.numbers("active_min", "active_max")[i]
            if not least - SLACK <= angle <= most + SLACK:
                continue
        points.append((table.text("segment")[i], _local(model, i)))
    if muscle in complete(model.tables_by_role)["path_wraps"].text("muscle"):
        raise ModelError(f"muscle = {muscle!r}: must not wrap over anything, for which there is no formula here")
    if not points:
        raise ModelError(f"muscle = {muscle!r}: there is no such muscle in model {model.name!r}")
    return sp.Add(*(_distance(model, near, far) for near, far in pairwise(points)))


def _local(model: Model, row: int) -> sp.Matrix:
    """Place of a path point in its segment."""
    table = model.tables_by_role["path_points"]
    x, y, z = (_exact(v) for v in table.numbers("x", "y", "z")[row])
    moving = complete(model.tables_by_role)["point_rows"]
    if table.rows[row] in moving.rows:
        k = moving.index(table.rows[row])
        ways = [
            _function(model, *(moving.text(f"{of}_{axis}")[k] for of in ("function", "coordinate"))) for axis in "xyz"
        ]
        turned = _turned_xyz([moving.value(table.rows[row], f"r{axis}") for axis in "xyz"])
        return _moved(sp.Matrix([x, y, z])) * turned * sp.Matrix([*ways, 1])
    if table.text("kind")[row] == "moving":
        q = _place_of(model, table.text("coordinate")[row])
        x, y = spline(model, table.text("spline_x")[row], q), spline(model, table.text("spline_y")[row], q)
    return sp.Matrix([x, y, z, 1])


def _distance(model: Model, near: tuple[str, sp.Matrix], far: tuple[str, sp.Matrix]) -> sp.Expr:
    """Distance of two points, seen from the nearest segment that both hang on."""
    (a, p), (b, q) = near, far
    common = next(segment for segment in _output_map(model, a) if segment in _output_map(model, b))
    gap = transform(model, a, common) * p - transform(model, b, common) * q
    return sp.sqrt(sum(gap[k] ** 2 for k in range(3)))


def moment_arm(length: sp.Expr, name: str) -> sp.Expr:
    """Moment arm r = -dL/dq (An et al. 1984) of a length about a coordinate."""
    return -sp.diff(_formula("length", length), coordinate(name))


def _sagittal_model(model: Model) -> Model:
    """The model with straight feet: with tibial torsion the ankle leaves the sagittal plane."""
    return _body(model).replace({"joints/ankle_*/torsion": 0.0})


def sagittal_lengths(model: Model) -> dict[str, sp.Expr]:
    """Length of every right-hand muscle over the sagittal coordinates, all others zero."""
    straight = _sagittal_model(model)
    still = {coordinate(c): 0 for c in model.coordinates if c not in SAGITTAL}
    muscles = [m for m in model.muscles if side_of(m) == "right"]
    return {muscle: muscle_length(straight, muscle).subs(still) for muscle in muscles}


def sagittal_equilibrium(model: Model) -> dict[str, sp.Eq]:
    """Equilibrium of a symmetric body in the sagittal plane, one equation per coordinate.

    Symbols: F_m force of a right-hand muscle, r_m,c its moment arm about a coordinate, M_c passive moment, R_x, R_y
    ground force on the right foot at the point (p_x, p_y), g gravity; both legs are alike, so the whole body feels
    everything of the right side twice.

    Returns
    -------
    dict of str to Eq
        Coordinate name to equation: what muscles, passive tissue, gravity and ground do adds up to zero.
    """
    every = complete(_body(model).tables)
    if len(every["bushings"]) + len(every["point_springs"]) > 0:
        raise ModelError(f"model {model.name!r}: must have no bushings and springs, for which there is no formula here")
    straight = _sagittal_model(model)
    q = {name: coordinate(name) for name in SAGITTAL}
    gravity = sp.Symbol("g", positive=True)
    height = sum(mass * _sagittal_place(straight, s, centre)[1] for s, mass, centre in _masses(straight))
    p_x, p_y, r_x, r_y = sp.symbols("p_x p_y R_x R_y", real=True)
    lengths = sagittal_lengths(model)
    equations = {}
    for name in SAGITTAL:
        both = 2 if side_of(name) == "midline" else 1
        muscles = sum(
            both * muscle_force(muscle) * arm_symbol(muscle, name)
            for muscle, length in lengths.items()
            if coordinate(name) in length.free_symbols
        )
        passive = sp.Symbol(f"M_{name}") if name not in FLOATING else sp.Integer(0)
        fall = -gravity * sp.diff(height, q[name]) * both / 2
        dx, dy = _foot_motion(straight, name, p_x, p_y)
        equations[name] = sp.Eq(muscles + passive + fall + both * (r_x * dx + r_y * dy), 0, evaluate=False)
    return equations


def muscle_force(muscle: str) -> sp.Symbol:
    """The symbol of a muscle's force."""
    instance("muscle", muscle, str, "the name of a muscle", ModelError)
    return sp.Symbol(f"F_{muscle}", nonnegative=True)


def arm_symbol(muscle: str, name: str) -> sp.Symbol:
    """The symbol of a muscle's moment arm about a coordinate."""
    instance("muscle", muscle, str, "the name of a muscle", ModelError)
    instance("name", name, str, "the name of a coordinate", ModelError)
    return sp.Symbol(f"r_{muscle},{name}", real=True)


def _masses(model: Model) -> list[tuple[str, sp.Expr, sp.Matrix]]:
    """Segments of the sagittal plane with their mass, both sides on the right one."""
    table = model.tables_by_role["segments"]
    centres = table.numbers("com_x", "com_y", "com_z")
    masses = []
    for i, name in enumerate(table.rows):
        if side_of(name) != "left" and table.value(name, "mass") > 0.0:
            share = 1 if side_of(name) == "midline" else 2
            masses.append((name, share * _exact(table.value(name, "mass")), sp.Matrix([_exact(v) for v in centres[i]])))
    return masses


def _sagittal_place(model: Model, segment: str, local: sp.Matrix) -> sp.Matrix:
    """Place (x, y) in the sagittal plane, with the angles of the chain added up."""
    joints, table = model.tables_by_role["joints"], model.tables_by_role["coordinates"]
    place, angle = sp.zeros(2, 1), sp.Integer(0)
    for outer in reversed(_output_map(model, segment)[:-1]):
        i = joints.text("child").index(outer)
        place += _in_plane(angle, *[_exact(v) for v in joints.numbers("x", "y")[i]])
        for k, of in enumerate(table.text("joint")):
            if of == joints.rows[i] and table.rows[k] in SAGITTAL:
                if table.text("motion")[k] == "translation":
                    axis = [_exact(v) for v in table.numbers("axis_x", "axis_y")[k]]
                    place += coordinate(table.rows[k]) * sp.Matrix(axis)
                else:
                    angle += coordinate(table.rows[k])
    return place + _in_plane(angle, local[0], local[1])


def _in_plane(angle: sp.Expr, x: sp.Expr, y: sp.Expr) -> sp.Matrix:
    return sp.Matrix([x * sp.cos(angle) - y * sp.sin(angle), x * sp.sin(angle) + y * sp.cos(angle)])


def _foot_motion(model: Model, name: str, p_x: sp.Symbol, p_y: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """Velocity of the foot's point at (p_x, p_y) when a coordinate changes at unit rate."""
    if name == "pelvis_tx":
        return sp.Integer(1), sp.Integer(0)
    if name == "pelvis_ty":
        return sp.Integer(0), sp.Integer(1)
    centre_of = {
        "pelvis_tilt": "pelvis",
        "hip_flexion_r": "femur_r",
        "knee_angle_r": "tibia_r",
        "ankle_angle_r": "talus_r",
    }
    if name not in centre_of:
        return sp.Integer(0), sp.Integer(0)
    centre = _sagittal_place(model, centre_of[name], sp.zeros(3, 1))
    return -(p_y - centre[1]), p_x - centre[0]


def latex(equations: Mapping[str, sp.Eq], digits: int = 4) -> str:
    r"""Equations as the lines of a LaTeX ``array``, numbers rounded to so many digits.

    Examples
    --------
    >>> import biomech as bm
    >>> from biomech import symbolic
    >>> print(symbolic.latex({"pelvis_tx": symbolic.sagittal_equilibrium(bm.load_model("small"))["pelvis_tx"]}))
    \begin{array}{ll}
    2 R_{x} &= 0
    \end{array}
    """
    mapping("equations", equations, "names to equations", ModelError)
    for name, equation in equations.items():
        instance(f"equations[{name!r}]", equation, sp.Eq, "an equation of SymPy", ModelError)
    digits = whole_number("digits", digits, 1, 15, ModelError)
    lines = []
    for equation in equations.values():
        left = sp.nfloat(equation.lhs, 15)
        rounded = {number: _rounded(number, digits) for number in left.atoms(sp.Float)}
        names = {symbol: _latex_name(symbol.name) for symbol in left.free_symbols}
        lines.append(sp.latex(left.xreplace(rounded), symbol_names=names) + " &= 0")
    return "\\begin{array}{ll}\n" + " \\\\\n".join(lines) + "\n\\end{array}"


def _rounded(number: sp.Float, digits: int) -> sp.Expr:
    text = f"{float(number):.{digits}g}"
    return sp.Integer(text) if float(number).is_integer() else sp.Float(text, digits)


_ANGLES = {
    "pelvis_tilt": r"\theta_p",
    "hip_flexion_r": r"\theta_h",
    "knee_angle_r": r"\theta_k",
    "ankle_angle_r": r"\theta_a",
    "lumbar_extension": r"\theta_l",
    "pelvis_tx": "x_p",
    "pelvis_ty": "y_p",
}
_SHORT = {
    "pelvis_tilt": "p",
    "hip_flexion_r": "h",
    "knee_angle_r": "k",
    "ankle_angle_r": "a",
    "lumbar_extension": "l",
    "pelvis_tx": "x",
    "pelvis_ty": "y",
}


def _latex_name(name: str) -> str:
    """Names that read well: angles as theta, muscles as words."""
    if name in _ANGLES:
        return _ANGLES[name]
    head, _, tail = name.partition("_")
    if head not in ("F", "r", "M") or not tail:
        return f"{head}_{{{tail}}}" if tail else head
    parts = [_SHORT.get(part, part.removesuffix("_r").replace("_", " ")) for part in tail.split(",")]
    words = ",".join(rf"\text{{{part}}}" if len(part) > 1 else part for part in parts)
    return f"{head}_{{{words}}}"
