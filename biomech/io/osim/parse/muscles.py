"""Muscles: strength, fibre, tendon, pennation, and the shape of their curves per class."""

from __future__ import annotations

from collections.abc import Callable

from biomech.io._xml import Element
from biomech.io.osim.description import (
    Curves,
    DeGrooteFreglyCurves,
    Function,
    MillardCurves,
    Muscle,
    SimmSpline,
    TabulatedCurves,
    ThelenCurves,
)
from biomech.io.osim.parse.document import Document
from biomech.io.osim.parse.forces import controls, is_active
from biomech.io.osim.parse.functions import function_property
from biomech.io.osim.parse.paths import PathReader
from biomech.io.osim.parse.values import flag, number, property_of

#: Kinds whose control OpenSim keeps at 0.01 and more, where a file does not say.
_NEVER_SLACK = ("Thelen2003Muscle", "Millard2012EquilibriumMuscle")


def read_muscle(document: Document, paths: PathReader, element: Element) -> Muscle:
    """A muscle of a class in ``MUSCLES``; curves of force over velocity have no part in statics and are not read.

    What statics does not ask for may be zero: public files that OpenSim opens have muscles without a speed.
    """
    kind, curves = MUSCLES[element.tag]
    low, high = controls(document, element, 0.01 if kind in _NEVER_SLACK else 0.0, 1.0)
    active = is_active(document, element)
    return Muscle(
        element.name,
        kind,
        paths.read(element, "force" if active else "model"),
        active,
        number(document, element, "max_isometric_force", default=1000.0, least=0.0),
        number(document, element, "optimal_fiber_length", default=0.1, above=0.0),
        number(document, element, "tendon_slack_length", default=0.2, least=0.0),
        number(document, element, "pennation_angle_at_optimal", "pennation_angle", default=0.0, least=0.0),
        number(document, element, "max_contraction_velocity", "Vmax", default=10.0, least=0.0),
        low,
        high,
        kind == "RigidTendonMuscle" or flag(document, element, "ignore_tendon_compliance", False),
        curves(document, element),
        element.line,
    )


def _thelen(document: Document, element: Element) -> ThelenCurves:
    return _thelen_curves(document, element, (0.04, 0.6, 0.45, 5.0, 0.25, 1.4))


def _old_thelen(document: Document, element: Element) -> ThelenCurves:
    return _thelen_curves(document, element, (0.033, 0.6, 0.5, 4.0, 0.3, 1.8))


def _thelen_curves(document: Document, element: Element, defaults: tuple[float, ...]) -> ThelenCurves:
    tags = ("FmaxTendonStrain", "FmaxMuscleStrain", "KshapeActive", "KshapePassive", "Af", "Flen")
    least = {"KshapeActive": 0.0}
    return ThelenCurves(
        *(
            number(document, element, tag, default=own, above=least.get(tag))
            for tag, own in zip(tags, defaults, strict=True)
        )
    )


def _millard(document: Document, element: Element) -> MillardCurves:
    active = _curve(document, element, "ActiveForceLengthCurve")
    fiber = _curve(document, element, "FiberForceLengthCurve")
    tendon = _curve(document, element, "TendonForceLengthCurve")
    damping = 0.01 if element.tag == "Millard2012AccelerationMuscle" else 0.1
    return MillardCurves(
        number(document, active, "min_norm_active_fiber_length", default=0.4441),
        number(document, active, "transition_norm_fiber_length", default=0.73),
        number(document, active, "max_norm_active_fiber_length", default=1.8123),
        number(document, active, "shallow_ascending_slope", default=0.8616),
        number(document, active, "minimum_value", default=0.1),
        number(document, fiber, "strain_at_zero_force", default=0.0),
        number(document, fiber, "strain_at_one_norm_force", default=0.7),
        _optional(document, fiber, "stiffness_at_low_force"),
        _optional(document, fiber, "stiffness_at_one_norm_force"),
        _optional(document, fiber, "curviness"),
        number(document, tendon, "strain_at_one_norm_force", default=0.049),
        _optional(document, tendon, "stiffness_at_one_norm_force"),
        _optional(document, tendon, "norm_force_at_toe_end"),
        _optional(document, tendon, "curviness"),
        number(document, element, "fiber_damping", default=damping),
    )


def _curve(document: Document, element: Element, name: str) -> Element:
    """The element of a curve, or one without properties, so that each is the default."""
    return property_of(document, element, name) or Element(name, {}, element.line, element)


def _optional(document: Document, element: Element, tag: str) -> float | None:
    found = element.child(tag)
    return None if found is None or not found.text else number(document, element, tag)


def _de_groote_fregly(document: Document, element: Element) -> DeGrooteFreglyCurves:
    return DeGrooteFreglyCurves(
        number(document, element, "active_force_width_scale", default=1.0, least=1.0),
        number(document, element, "passive_fiber_strain_at_one_norm_force", default=0.6),
        number(document, element, "tendon_strain_at_one_norm_force", default=0.049),
        number(document, element, "fiber_damping", default=0.0),
        flag(document, element, "ignore_passive_fiber_force", False),
    )


def _tabulated(document: Document, element: Element) -> TabulatedCurves:
    def curve(name: str, default: Function) -> Function:
        return function_property(document, element, name, "curve") or default

    tendon = None if element.tag == "RigidTendonMuscle" else curve("tendon_force_length_curve", _TENDON)
    return TabulatedCurves(
        curve("active_force_length_curve", _ACTIVE), curve("passive_force_length_curve", _PASSIVE), tendon
    )


def _spline(x: str, y: str) -> SimmSpline:
    return SimmSpline(tuple(map(float, x.split())), tuple(map(float, y.split())))


# OpenSim's own curves of Delp, Schutte and rigid-tendon muscles that state none
_TENDON = _spline(
    "-10 -.002 -.001 0 .00131 .00281 .00431 .00581 .00731 .00881 .0103 .0118 .0123 9.2 9.201 9.202 20",
    "0 0 0 0 .0108 .0257 .0435 .0652 .0915 .123 .161 .208 .227 345 345 345 345",
)
_ACTIVE = _spline(
    "-5.30769 -4.30769 -1.92308 -.884615 -.269231 .230769 .461538 .52725 .62875 .71875 .86125 1.045 1.2175 1.43875 1.5 "
    "1.61539 2 2.96154 3.69231 5.46154 9.9019",
    ".012188 .021899 .036466 .052493 .075312 .114158 .157859 .226667 .636667 .856667 .95 .993333 .77 .246667 .193821 "
    ".133252 .072683 .044417 .036341 .021899 .007332",
)
_PASSIVE = _spline(
    "-5 .998 .999 1 1.1 1.2 1.3 1.4 1.5 1.6 1.601 1.602 5",
    "0 0 0 0 .035 .12 .26 .55 1.17 2 2 2 2",
)

#: Per class its kind, the same for old and new names, and what reads its curves.
MUSCLES: dict[str, tuple[str, Callable[[Document, Element], Curves]]] = {
    "Thelen2003Muscle": ("Thelen2003Muscle", _thelen),
    "Thelen2003Muscle_Deprecated": ("Thelen2003Muscle", _old_thelen),
    "Millard2012EquilibriumMuscle": ("Millard2012EquilibriumMuscle", _millard),
    "Millard2012AccelerationMuscle": ("Millard2012AccelerationMuscle", _millard),
    "DeGrooteFregly2016Muscle": ("DeGrooteFregly2016Muscle", _de_groote_fregly),
    "Schutte1993Muscle": ("Schutte1993Muscle", _tabulated),
    "Schutte1993Muscle_Deprecated": ("Schutte1993Muscle", _tabulated),
    "Delp1990Muscle": ("Delp1990Muscle", _tabulated),
    "Delp1990Muscle_Deprecated": ("Delp1990Muscle", _tabulated),
    "RigidTendonMuscle": ("RigidTendonMuscle", _tabulated),
}
