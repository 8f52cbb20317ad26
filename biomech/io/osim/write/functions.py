"""Functions of tables as elements of a model file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from biomech.errors import ModelError
from biomech.io.osim.write.elements import add
from biomech.model.function_kinds import BY_KNOTS
from biomech.model.mechanics.functions import functions_of
from biomech.model.tables import Table

#: Rows of a sine that are not its rates: phase, amplitude, offset.
_PHASE, _AMPLITUDE, _OFFSET = -2, -1, 0


@dataclass(frozen=True)
class Curve:
    """A function as the table ``functions`` has it: its kind, and the columns x and y of its rows."""

    name: str
    kind: str
    x: tuple[float, ...]
    y: tuple[float, ...]

    def negated(self) -> Curve:
        """The same the other way round."""
        kept = (_PHASE,) if self.kind == "sine" else ()
        rates = self.kind == "sine"
        y = (b if a in kept or (rates and a > 0) else -b for a, b in zip(self.x, self.y, strict=True))
        return Curve(self.name, self.kind, self.x, tuple(y))

    def unnamed(self) -> Curve:
        """The same without its name, to be compared."""
        return Curve("", self.kind, self.x, self.y)

    @property
    def is_constant(self) -> bool:
        return self.kind == "constant"


#: Classes of functions that are told by knots; a natural spline is a GCVSpline.
_TAGS = {
    "spline": "SimmSpline",
    "piecewise_linear": "PiecewiseLinearFunction",
    "piecewise_constant": "PiecewiseConstantFunction",
    "step": "StepFunction",
}
#: As far as the coordinate itself.
ONE_TO_ONE = Curve("", "linear", (0.0, 1.0), (0.0, 1.0))
NOTHING = Curve("", "constant", (0.0,), (0.0,))


def curves_of(tables: Mapping[str, Table]) -> dict[str, Curve]:
    """Every function of a body by name."""
    return {
        name: Curve(name, kind, tuple(x.tolist()), tuple(y.tolist()))
        for name, kind, x, y in functions_of(tables["functions"])
    }


def spline_of(tables: Mapping[str, Table], name: str) -> Curve:
    """A spline of the table ``splines``."""
    table = tables["splines"]
    own = [i for i, of in enumerate(table.text("spline")) if of == name]
    x, y = (table.numbers(column)[own].tolist() for column in ("angle", "value"))
    return Curve(name, "spline", tuple(x), tuple(y))


def add_function(parent: Element, curve: Curve, name: str = "") -> None:
    """A function as the child of a property, or, with a name, as the property of that name."""
    if curve.kind in BY_KNOTS:
        _add_knots(parent, curve, name)
        return
    values = {int(at): value for at, value in zip(curve.x, curve.y, strict=True)}
    if curve.kind == "constant":
        add(add(parent, "Constant", **_named(name)), "value", values.get(0, 0.0))
    elif curve.kind == "linear":
        slopes = [values.get(i, 0.0) for i in range(1, max(1, *values) + 1)]
        add(add(parent, "LinearFunction", **_named(name)), "coefficients", [*slopes, values.get(0, 0.0)])
    elif curve.kind == "polynomial":
        coefficients = [values.get(i, 0.0) for i in range(max(values), -1, -1)]
        add(add(parent, "PolynomialFunction", **_named(name)), "coefficients", coefficients)
    else:
        _add_sine(add(parent, "Sine", **_named(name)), curve.name, values)


def _add_knots(parent: Element, curve: Curve, name: str) -> None:
    own = add(parent, _TAGS.get(curve.kind, "GCVSpline"), **_named(name))
    if curve.kind == "step":
        ends: Sequence[tuple[str, float]] = (
            *zip(("transition_start_time", "transition_end_time"), curve.x, strict=True),
            *zip(("start_value", "end_value"), curve.y, strict=True),
        )
        for tag, value in ends:
            add(own, tag, value)
        return
    if curve.kind not in _TAGS:
        add(own, "half_order", str((int(curve.kind.removeprefix("natural_spline_")) + 1) // 2))
        add(own, "error_variance", 0.0)
    add(own, "x", curve.x)
    add(own, "y", curve.y)


def _add_sine(own: Element, name: str, values: Mapping[int, float]) -> None:
    if max(values) > 1:
        raise ModelError(f"functions: {name!r}: a sine of {max(values)} coordinates: OpenSim's has one")
    numbers: Sequence[tuple[str, int]] = (("amplitude", _AMPLITUDE), ("omega", 1), ("phase", _PHASE))
    for tag, at in (*numbers, ("offset", _OFFSET)):
        add(own, tag, values.get(at, 0.0))


def _named(name: str) -> dict[str, str]:
    return {"name": name} if name else {}
