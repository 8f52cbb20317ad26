"""Stance parameters as type checkers and editors see them.

Written by ``python -m biomech.stance`` from the table of stance parameters; a change made here is lost.
"""

from collections.abc import Sequence
from typing import Any, Literal, Protocol, Required, TypeAlias, TypedDict

from numpy.typing import NDArray


class SupportsArray(Protocol):
    """What NumPy can read: its own arrays and numbers, a DataArray of xarray, a Series of pandas."""

    def __array__(self) -> NDArray[Any]: ...


#: One value; or one for each leg.
Number: TypeAlias = float | SupportsArray
#: One value, or several along a dimension.
Numbers: TypeAlias = Number | Sequence[float]
#: x, y and z.
Place: TypeAlias = Sequence[float] | SupportsArray
PelvicTiltPolicy: TypeAlias = Literal["least_effort", "hanging", "passive", "rhythm"]
KneeFlexionPolicy: TypeAlias = Literal["passive"]
TrunkLeanPolicy: TypeAlias = Literal["hanging_sway"]
Support: TypeAlias = Literal["both", "right", "left", "seat", "step", "stride"]
Arms: TypeAlias = Literal["hanging", "fixed", "thighs"]


class StanceParameters(TypedDict, total=False):
    """Keywords of ``sweep`` and ``stability``: a list or a 1-D array makes a dimension of its own."""

    pelvic_tilt: Required[Number | PelvicTiltPolicy | Sequence[float | PelvicTiltPolicy]]
    """Pelvic tilt in space, anterior positive (-25..35 deg, or "least_effort", "hanging", "passive", "rhythm";
    required)."""

    foot_rotation: Numbers
    """Heading of the foot, toe-out positive (-30..90 deg; by default 0; per leg)."""

    knee_flexion: Number | KneeFlexionPolicy | Sequence[float | KneeFlexionPolicy]
    """Knee flexion, hyperextension negative (-10..120 deg, or "passive"; by default 0; per leg)."""

    turnout_yield: Numbers
    """Turnout taken up below the hip, in knee and foot (0..15 deg; by default 0; per leg)."""

    knee_laxity: Numbers
    """Shift of the knee's passive curve (0..25 deg; by default 5; per leg)."""

    weight_shift: Numbers
    """Place of the weight along the foot, 0 heel, 1 toe tip (0..1; by default 0.42; with any support but "seat")."""

    weight_balance: Numbers
    """Place of the weight between the feet, 0 left, 1 right (0..1; by default 0.5; with support="both" or "step" or
    "stride")."""

    pelvic_rotation: Numbers
    """Heading of pelvis and trunk, to the left positive (-60..60 deg; by default 0)."""

    pelvic_list: Numbers
    """Pelvic list, the side of the free or the trailing leg lower positive (-20..20 deg; by default 0; with any support
    but "both", "seat")."""

    stance_width: Numbers
    """Distance between the ankle centres (0.05..1 m; by default 0.17)."""

    trunk_lean: Number | TrunkLeanPolicy | Sequence[float | TrunkLeanPolicy]
    """Inclination of the line from L5/S1 to C7, forward positive (-30..100 deg, or "hanging_sway"; by default 0)."""

    trunk_side_lean: Numbers
    """Sideways lean of the trunk, to the right positive (-30..30 deg; by default 0)."""

    tilt_change: Numbers
    """Change of pelvic tilt, added to what is given or found (-25..25 deg; by default 0)."""

    lumbar_rhythm: Numbers
    """Factor on the lumbar spine's share of a lean (0..1.4; by default 1)."""

    slope: Numbers
    """Slope of the floor, uphill positive (-30..30 deg; by default 0)."""

    cross_slope: Numbers
    """Sideways slope of the floor, right side lower positive (-30..30 deg; by default 0)."""

    friction: Numbers
    """Coefficient of friction of the floor (0..2; by default 0.6)."""

    step_height: Numbers
    """Height of the right foot's step above the left foot (0..0.5 m; by default 0.17; with support="step")."""

    step_length: Numbers
    """How far the right foot is ahead of the left (-0.5..0.8 m; by default 0.25; with support="step" or "stride")."""

    seat_height: Numbers
    """Height of the seat above the floor (0.2..1 m; by default 0.45; with support="seat")."""

    hand_support: Numbers
    """Weight that hands leave on the thighs, over the arms' weight (0..5; by default 0.27; with arms="thighs")."""

    load_mass: Numbers
    """Mass carried by the trunk (0..200 kg; by default 0; with load_position)."""

    load_position: Place
    """Place of the load in the trunk frame ((x, y, z) in -2..2 m)."""

    support: Support | Sequence[Support] | SupportsArray
    """What bears the body: "both", "right", "left", "seat", "step", "stride"; by default the first."""

    arms: Arms | Sequence[Arms] | SupportsArray
    """How the arms are held: "hanging", "fixed", "thighs"; by default the first."""


class FixedParameters(TypedDict, total=False):
    """Keywords of ``prepare``: each is one value; what has no default may vary instead."""

    pelvic_tilt: Number | PelvicTiltPolicy
    """Pelvic tilt in space, anterior positive (-25..35 deg, or "least_effort", "hanging", "passive", "rhythm"; required
    unless it varies)."""

    foot_rotation: Number
    """Heading of the foot, toe-out positive (-30..90 deg; by default 0; per leg)."""

    knee_flexion: Number | KneeFlexionPolicy
    """Knee flexion, hyperextension negative (-10..120 deg, or "passive"; by default 0; per leg)."""

    turnout_yield: Number
    """Turnout taken up below the hip, in knee and foot (0..15 deg; by default 0; per leg)."""

    knee_laxity: Number
    """Shift of the knee's passive curve (0..25 deg; by default 5; per leg)."""

    weight_shift: Number
    """Place of the weight along the foot, 0 heel, 1 toe tip (0..1; by default 0.42; with any support but "seat")."""

    weight_balance: Number
    """Place of the weight between the feet, 0 left, 1 right (0..1; by default 0.5; with support="both" or "step" or
    "stride")."""

    pelvic_rotation: Number
    """Heading of pelvis and trunk, to the left positive (-60..60 deg; by default 0)."""

    pelvic_list: Number
    """Pelvic list, the side of the free or the trailing leg lower positive (-20..20 deg; by default 0; with any support
    but "both", "seat")."""

    stance_width: Number
    """Distance between the ankle centres (0.05..1 m; by default 0.17)."""

    trunk_lean: Number | TrunkLeanPolicy
    """Inclination of the line from L5/S1 to C7, forward positive (-30..100 deg, or "hanging_sway"; by default 0)."""

    trunk_side_lean: Number
    """Sideways lean of the trunk, to the right positive (-30..30 deg; by default 0)."""

    tilt_change: Number
    """Change of pelvic tilt, added to what is given or found (-25..25 deg; by default 0)."""

    lumbar_rhythm: Number
    """Factor on the lumbar spine's share of a lean (0..1.4; by default 1)."""

    slope: Number
    """Slope of the floor, uphill positive (-30..30 deg; by default 0)."""

    cross_slope: Number
    """Sideways slope of the floor, right side lower positive (-30..30 deg; by default 0)."""

    friction: Number
    """Coefficient of friction of the floor (0..2; by default 0.6)."""

    step_height: Number
    """Height of the right foot's step above the left foot (0..0.5 m; by default 0.17; with support="step")."""

    step_length: Number
    """How far the right foot is ahead of the left (-0.5..0.8 m; by default 0.25; with support="step" or "stride")."""

    seat_height: Number
    """Height of the seat above the floor (0.2..1 m; by default 0.45; with support="seat")."""

    hand_support: Number
    """Weight that hands leave on the thighs, over the arms' weight (0..5; by default 0.27; with arms="thighs")."""

    load_mass: Number
    """Mass carried by the trunk (0..200 kg; by default 0; with load_position)."""

    load_position: Place
    """Place of the load in the trunk frame ((x, y, z) in -2..2 m)."""

    support: Support
    """What bears the body: "both", "right", "left", "seat", "step", "stride"; by default the first."""

    arms: Arms
    """How the arms are held: "hanging", "fixed", "thighs"; by default the first."""
