"""Functions: of coordinates, of time, of strain."""

from __future__ import annotations

from collections.abc import Callable

from biomech.io._xml import Element
from biomech.io.osim.description import (
    Constant,
    Function,
    GCVSpline,
    Linear,
    Multiplier,
    PiecewiseConstant,
    PiecewiseLinear,
    Polynomial,
    SimmSpline,
    Sine,
    Step,
    UnknownFunction,
)
from biomech.io.osim.parse.document import Document
from biomech.io.osim.parse.values import number, numbers, object_property

#: How deep functions may hold functions.
MOST_LEVELS = 8


def read_function(document: Document, element: Element, affects: str, level: int = 0) -> Function:
    """The function of an element; one that nobody knows is left out, and ``affects`` what it belongs to."""
    if element.tag == "MultiplierFunction":
        return _multiplier(document, element, affects, level)
    reader = _READERS.get(element.tag)
    if reader is None:
        document.leave_out(element, affects)
        return UnknownFunction(element.tag)
    return reader(document, element)


def function_property(document: Document, owner: Element, name: str, affects: str) -> Function | None:
    """The function of a property; None where there is none."""
    element = object_property(document, owner, name)
    return None if element is None else read_function(document, element, affects)


def _multiplier(document: Document, element: Element, affects: str, level: int) -> Function:
    inner = object_property(document, element, "function")
    if inner is None:
        raise document.error(element, "function is missing")
    if level == MOST_LEVELS:
        raise document.error(element, f"holds functions more than {MOST_LEVELS} levels deep")
    scale = number(document, element, "scale", default=1.0)
    return Multiplier(read_function(document, inner, affects, level + 1), scale)


def _constant(document: Document, element: Element) -> Constant:
    return Constant(number(document, element, "value", default=0.0))


def _linear(document: Document, element: Element) -> Linear:
    coefficients = numbers(document, element, "coefficients") or (1.0, 0.0)
    if len(coefficients) < 2:
        raise document.error(element, "coefficients: must be a slope for each argument and the intercept")
    return Linear(coefficients[:-1], coefficients[-1])


def _polynomial(document: Document, element: Element) -> Polynomial:
    return Polynomial(numbers(document, element, "coefficients") or (1.0,))


def _sine(document: Document, element: Element) -> Sine:
    one, zero = (("amplitude", "omega"), ("phase", "offset"))
    return Sine(
        *(number(document, element, tag, default=1.0) for tag in one),
        *(number(document, element, tag, default=0.0) for tag in zero),
    )


def _step(document: Document, element: Element) -> Step:
    start = number(document, element, "transition_start_time", "start_time", default=0.99)
    end = number(document, element, "transition_end_time", "end_time", default=1.01)
    if not start < end:
        raise document.error(element, f"the transition ends at {end!r}: must be after its start, {start!r}")
    return Step(
        start,
        end,
        number(document, element, "start_value", default=0.0),
        number(document, element, "end_value", default=1.0),
    )


def _spline(document: Document, element: Element) -> SimmSpline:
    return SimmSpline(*_knots(document, element, 2))


def _piecewise_linear(document: Document, element: Element) -> PiecewiseLinear:
    return PiecewiseLinear(*_knots(document, element, 2))


def _piecewise_constant(document: Document, element: Element) -> PiecewiseConstant:
    return PiecewiseConstant(*_knots(document, element, 1))


def _gcv_spline(document: Document, element: Element) -> GCVSpline:
    half_order = int(number(document, element, "half_order", default=3.0, least=1.0))
    variance = number(document, element, "error_variance", default=0.0)
    x, y = _knots(document, element, 2 * half_order)
    weights = numbers(document, element, "weights") or (1.0,) * len(x)
    if len(weights) != len(x):
        raise document.error(element, f"weights: must be one for each of {len(x)} knots; has {len(weights)}")
    return GCVSpline(half_order, variance, x, y, weights)


def _knots(document: Document, element: Element, least: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Knots whose x increases; a knot that is there twice counts once."""
    x, y = numbers(document, element, "x") or (), numbers(document, element, "y") or ()
    if len(x) != len(y):
        raise document.error(element, f"has {len(x)} numbers in x and {len(y)} in y: must be as many")
    kept = [i for i in range(len(x)) if i == 0 or (x[i], y[i]) != (x[i - 1], y[i - 1])]
    x, y = tuple(x[i] for i in kept), tuple(y[i] for i in kept)
    if len(x) < least:
        raise document.error(element, f"has {len(x)} knots: must have at least {least}")
    wrong = next((i for i in range(1, len(x)) if not x[i - 1] < x[i]), None)
    if wrong is not None:
        raise document.error(element, f"x = {x[wrong]!r} follows {x[wrong - 1]!r}: must increase")
    return x, y


_READERS: dict[str, Callable[[Document, Element], Function]] = {
    "Constant": _constant,
    "LinearFunction": _linear,
    "PolynomialFunction": _polynomial,
    "SimmSpline": _spline,
    "NaturalCubicSpline": _spline,
    "natCubicSpline": _spline,
    "GCVSpline": _gcv_spline,
    "PiecewiseLinearFunction": _piecewise_linear,
    "PiecewiseConstantFunction": _piecewise_constant,
    "StepFunction": _step,
    "Sine": _sine,
}
