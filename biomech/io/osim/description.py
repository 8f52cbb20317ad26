"""What a model file says, in typed, immutable parts: the same for every version of the format.

Everything is in SI units and radians, in OpenSim's frames. Bodies, coordinates and wrap objects are referred to by
name; ``ground`` is the body that does not move. A frame that is offset from a body is resolved to that body. ``line``
is where an element stands in the file and takes no part in comparisons: two files that say the same are equal.

Nothing is computed here, and nothing is left out in silence: what is of a class that nobody knows, or that cannot be
computed, is in ``OsimModel.left_out``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Vector: TypeAlias = tuple[float, float, float]
Matrix: TypeAlias = tuple[Vector, Vector, Vector]

GROUND = "ground"
IDENTITY: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
ORIGIN: Vector = (0.0, 0.0, 0.0)


#: What OpenSim's names have not: it stands between names in lists and paths.
_NO_NAME = frozenset("/\\*+ \t\r\n")


def opensim_name(name: str) -> str:
    """A name that OpenSim can have: what it does not allow is an underscore."""
    return "".join("_" if own in _NO_NAME or not own.isprintable() else own for own in name)


def _line() -> int:
    return field(default=0, compare=False, repr=False)


# ---- functions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Constant:
    """The same value everywhere."""

    value: float


@dataclass(frozen=True)
class Linear:
    """A slope for each argument, then the value where all are zero."""

    slopes: tuple[float, ...]
    intercept: float


@dataclass(frozen=True)
class Polynomial:
    """Of one argument; coefficients from the highest power down to the constant."""

    coefficients: tuple[float, ...]


@dataclass(frozen=True)
class SimmSpline:
    """A cubic spline through its knots, straight beyond them; natural cubic splines of older files are read as this.

    At each end its third derivative is that of the cubic through the four nearest knots (Forsythe, Malcolm & Moler
    1977); three knots give a parabola, two a line.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class GCVSpline:
    """Woltring's spline of degree ``2 half_order - 1``; through its knots where the error variance is zero."""

    half_order: int
    error_variance: float
    x: tuple[float, ...]
    y: tuple[float, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True)
class PiecewiseLinear:
    """Straight between its knots, and on beyond them with the slope of the outermost pieces."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class PiecewiseConstant:
    """From each knot on the value of that knot; before the first, that of the first."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Sine:
    """``amplitude sin(omega x + phase) + offset``."""

    amplitude: float
    omega: float
    phase: float
    offset: float


@dataclass(frozen=True)
class Step:
    """Smooth from one value to another between two arguments, constant outside."""

    start: float
    end: float
    start_value: float
    end_value: float


@dataclass(frozen=True)
class Multiplier:
    """Another function, scaled."""

    function: Function
    scale: float


@dataclass(frozen=True)
class EllipsoidPoint:
    """Component ``axis`` of the point of an ellipsoid whose normal is z after body-fixed turns about x and y.

    Of the two angles a and b: ``radius`` times sin b, -sin a cos b, cos a cos b for axis 0, 1, 2.
    """

    axis: int
    radius: float


@dataclass(frozen=True)
class UnknownFunction:
    """A function of a class that nobody knows; what depends on it cannot be computed."""

    kind: str


Function: TypeAlias = (
    Constant
    | Linear
    | Polynomial
    | SimmSpline
    | GCVSpline
    | PiecewiseLinear
    | PiecewiseConstant
    | Sine
    | Step
    | Multiplier
    | EllipsoidPoint
    | UnknownFunction
)


# ---- bodies and joints --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Placement:
    """A frame that is fixed in a body: its origin there, and the rotation that takes its vectors to the body's."""

    body: str
    translation: Vector = ORIGIN
    rotation: Matrix = IDENTITY


@dataclass(frozen=True)
class Body:
    """A rigid body. ``inertia``: xx, yy, zz, xy, xz, yz about the centre of mass."""

    name: str
    mass: float
    mass_center: Vector
    inertia: tuple[float, float, float, float, float, float]
    line: int = _line()


@dataclass(frozen=True)
class Coordinate:
    """What a joint may do.

    ``motion``: rotational, translational or coupled. ``range``: an end that is no limit is infinite. ``prescribed``: it
    follows ``prescribed_function`` of time.
    """

    name: str
    motion: str
    default: float
    range: tuple[float, float]
    clamped: bool
    locked: bool
    prescribed: bool
    prescribed_function: Function | None
    line: int = _line()


@dataclass(frozen=True)
class TransformRow:
    """One of the six rows of a joint: how far along or about ``axis`` its coordinates move it."""

    axis: Vector
    coordinates: tuple[str, ...]
    function: Function


@dataclass(frozen=True)
class Joint:
    """How the frame ``child`` moves in the frame ``parent``.

    ``rotations``: turns about their axes in this order, each axis moved by those before it; ``translations``: along
    axes of the parent's frame, added up. ``rotation = R0 R1 R2``, ``translation = sum of axis times function``.
    ``beyond``: what moves on from there, each a turn (true) or a way in the frame that those before have made.

    ``reversed``: the child's body is the one that is nearer to ground. ``supported`` is false where the class is not
    known: then there are no rows.
    """

    name: str
    kind: str
    parent: Placement
    child: Placement
    coordinates: tuple[Coordinate, ...]
    rotations: tuple[TransformRow, ...]
    translations: tuple[TransformRow, ...]
    supported: bool = True
    reversed: bool = False
    beyond: tuple[tuple[bool, TransformRow], ...] = ()
    line: int = _line()


@dataclass(frozen=True)
class Coupler:
    """``dependent = scale function(independents)``, where it is enforced."""

    name: str
    dependent: str
    independents: tuple[str, ...]
    function: Function
    scale: float
    enforced: bool
    line: int = _line()


# ---- paths --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PathPoint:
    """A point that is fixed in a body."""

    body: str
    location: Vector
    line: int = _line()


@dataclass(frozen=True)
class ConditionalPathPoint:
    """A point that is part of its path while a coordinate is within a range; never, if that ends before it begins."""

    body: str
    location: Vector
    coordinate: str
    range: tuple[float, float]
    line: int = _line()


@dataclass(frozen=True)
class MovingPathPoint:
    """A point that moves in a frame of a body: a function of a coordinate (of zero where there is none) each way."""

    frame: Placement
    coordinates: tuple[str | None, str | None, str | None]
    functions: tuple[Function, Function, Function]
    line: int = _line()


@dataclass(frozen=True)
class WrapCylinder:
    """About the z axis of its frame, from -length / 2 to length / 2."""

    name: str
    frame: Placement
    active: bool
    quadrant: str
    radius: float
    length: float
    line: int = _line()


@dataclass(frozen=True)
class WrapSphere:
    name: str
    frame: Placement
    active: bool
    quadrant: str
    radius: float
    line: int = _line()


@dataclass(frozen=True)
class WrapEllipsoid:
    """``dimensions``: half axes along x, y and z."""

    name: str
    frame: Placement
    active: bool
    quadrant: str
    dimensions: Vector
    line: int = _line()


@dataclass(frozen=True)
class WrapTorus:
    """About the z axis of its frame: the path goes through the hole."""

    name: str
    frame: Placement
    active: bool
    quadrant: str
    inner_radius: float
    outer_radius: float
    line: int = _line()


@dataclass(frozen=True)
class UnknownWrap:
    """A wrap object of a class that nobody knows."""

    name: str
    kind: str
    line: int = _line()


WrapObject: TypeAlias = WrapCylinder | WrapSphere | WrapEllipsoid | WrapTorus | UnknownWrap


@dataclass(frozen=True)
class PathWrap:
    """That a path wraps over an object (``wrap``: its place in ``OsimModel.wraps``) between two of its points.

    ``first`` and ``last`` count the path's points from 0, those that are conditional and not there included; None is
    the first, or the last, of the path, and a path whose last comes before its first does not wrap. ``method``: hybrid,
    midpoint or axial, which concern ellipsoids.
    """

    wrap: int
    method: str
    first: int | None
    last: int | None
    line: int = _line()


@dataclass(frozen=True)
class Path:
    """The points that a force runs through, and what it wraps over on the way.

    ``supported`` is false for a path that is no line through points (one of functions, for example).
    """

    points: tuple[PathPoint | ConditionalPathPoint | MovingPathPoint, ...]
    wraps: tuple[PathWrap, ...]
    supported: bool = True


# ---- forces -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ThelenCurves:
    """Shape of the curves of Thelen (2003)."""

    tendon_strain: float
    fiber_strain: float
    active_shape: float
    passive_shape: float
    velocity_shape: float
    eccentric_force: float


@dataclass(frozen=True)
class MillardCurves:
    """Shape of the curves of Millard et al. (2013); None where the curve follows from the rest."""

    min_active_length: float
    transition_length: float
    max_active_length: float
    shallow_ascending_slope: float
    min_active_force: float
    fiber_slack_strain: float
    fiber_strain: float
    fiber_stiffness_at_low_force: float | None
    fiber_stiffness: float | None
    fiber_curviness: float | None
    tendon_strain: float
    tendon_stiffness: float | None
    tendon_toe_force: float | None
    tendon_curviness: float | None
    fiber_damping: float


@dataclass(frozen=True)
class DeGrooteFreglyCurves:
    """Shape of the curves of De Groote et al. (2016)."""

    active_width_scale: float
    fiber_strain: float
    tendon_strain: float
    fiber_damping: float
    ignore_passive_fiber_force: bool


@dataclass(frozen=True)
class TabulatedCurves:
    """Force over length as functions: of Delp (1990), Schutte (1993) and muscles with a rigid tendon.

    ``active`` and ``passive`` of normalised fibre length; ``tendon`` of tendon strain, None where it is rigid.
    """

    active: Function
    passive: Function
    tendon: Function | None


Curves: TypeAlias = ThelenCurves | MillardCurves | DeGrooteFreglyCurves | TabulatedCurves


@dataclass(frozen=True)
class Muscle:
    """A muscle; ``max_contraction_velocity`` in optimal fibre lengths a second.

    ``active`` is false where the file switches the force off.
    """

    name: str
    kind: str
    path: Path
    active: bool
    max_isometric_force: float
    optimal_fiber_length: float
    tendon_slack_length: float
    pennation_angle: float
    max_contraction_velocity: float
    min_control: float
    max_control: float
    rigid_tendon: bool
    curves: Curves
    line: int = _line()


@dataclass(frozen=True)
class PathSpring:
    name: str
    path: Path
    active: bool
    resting_length: float
    stiffness: float
    dissipation: float
    line: int = _line()


@dataclass(frozen=True)
class Ligament:
    """Tension ``pcsa_force`` times ``curve`` of its length over its resting length; slack up to that."""

    name: str
    path: Path
    active: bool
    resting_length: float
    pcsa_force: float
    curve: Function
    line: int = _line()


@dataclass(frozen=True)
class BlankevoortLigament:
    """Of Blankevoort (1991): quadratic in the strain up to ``transition_strain``, then linear; N per unit strain."""

    name: str
    path: Path
    active: bool
    linear_stiffness: float
    transition_strain: float
    damping_coefficient: float
    slack_length: float
    line: int = _line()


@dataclass(frozen=True)
class CoordinateLimitForce:
    """Stiffness beyond two limits of a coordinate, set in over ``transition``; in radians, where files have degrees."""

    name: str
    active: bool
    coordinate: str
    upper_stiffness: float
    upper_limit: float
    lower_stiffness: float
    lower_limit: float
    damping: float
    transition: float
    line: int = _line()


@dataclass(frozen=True)
class BushingForce:
    """Linear springs and dampers between two frames: about body-fixed x, y, z angles, and along x, y, z."""

    name: str
    active: bool
    first: Placement
    second: Placement
    rotational_stiffness: Vector
    translational_stiffness: Vector
    rotational_damping: Vector
    translational_damping: Vector
    line: int = _line()


@dataclass(frozen=True)
class PointToPointSpring:
    """A spring between points of two bodies, each in its frame: ``stiffness (distance - rest_length)``, pushing too."""

    name: str
    active: bool
    first: str
    second: str
    first_point: Vector
    second_point: Vector
    stiffness: float
    rest_length: float
    line: int = _line()


@dataclass(frozen=True)
class SpringGeneralizedForce:
    """A spring on a coordinate: ``-stiffness (q - rest_length) - viscosity dq/dt``."""

    name: str
    active: bool
    coordinate: str
    stiffness: float
    rest_length: float
    viscosity: float
    line: int = _line()


@dataclass(frozen=True)
class CoordinateActuator:
    """A force or moment on a coordinate: control times ``optimal_force``."""

    name: str
    active: bool
    coordinate: str
    optimal_force: float
    min_control: float
    max_control: float
    line: int = _line()


@dataclass(frozen=True)
class PathActuator:
    """Tension along a path: control times ``optimal_force``."""

    name: str
    path: Path
    active: bool
    optimal_force: float
    min_control: float
    max_control: float
    line: int = _line()


@dataclass(frozen=True)
class PointActuator:
    """A force at a point of a body, along a direction of that body or of ground: control times ``optimal_force``."""

    name: str
    active: bool
    frame: Placement
    point: Vector
    point_is_global: bool
    direction: Vector
    force_is_global: bool
    optimal_force: float
    min_control: float
    max_control: float
    line: int = _line()


@dataclass(frozen=True)
class TorqueActuator:
    """A torque on one body and its opposite on another, about an axis of the first or of ground."""

    name: str
    active: bool
    first: Placement
    second: Placement
    axis: Vector
    torque_is_global: bool
    optimal_force: float
    min_control: float
    max_control: float
    line: int = _line()


Force: TypeAlias = (
    Muscle
    | PathSpring
    | Ligament
    | BlankevoortLigament
    | CoordinateLimitForce
    | BushingForce
    | PointToPointSpring
    | SpringGeneralizedForce
    | CoordinateActuator
    | PathActuator
    | PointActuator
    | TorqueActuator
)


# ---- the model ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Marker:
    name: str
    body: str
    location: Vector
    line: int = _line()


@dataclass(frozen=True)
class Frame:
    """A named frame that is fixed in a body; those of joints and forces are parts of these."""

    name: str
    placement: Placement
    line: int = _line()


@dataclass(frozen=True)
class LeftOut:
    """What is in the file and not computed: its class and name, and what depends on it.

    ``affects``: joint, constraint, path, spring, force or gravity, and an answer that depends on it must be refused;
    or contact, curve, marker or model, and it is said alone.
    ``muscle``: the one that it concerns, in a file that ``write_osim`` wrote of a body without it.
    """

    kind: str
    name: str
    affects: str
    muscle: str = ""
    line: int = _line()


@dataclass(frozen=True)
class OsimModel:
    """A model file: see the parts. ``tree``: places in ``joints``, from ground outward; every body has one."""

    name: str
    version: int
    credits: str
    publications: str
    length_units: str
    force_units: str
    gravity: Vector
    bodies: tuple[Body, ...]
    joints: tuple[Joint, ...]
    tree: tuple[int, ...]
    couplers: tuple[Coupler, ...]
    wraps: tuple[WrapObject, ...]
    forces: tuple[Force, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    markers: tuple[Marker, ...]
    frames: tuple[Frame, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        """The coordinates of all joints, in the order of the file."""
        return tuple(own for joint in self.joints for own in joint.coordinates)

    @property
    def muscles(self) -> tuple[Muscle, ...]:
        """The muscles among the forces."""
        return tuple(own for own in self.forces if isinstance(own, Muscle))
