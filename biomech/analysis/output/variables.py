"""The variables of every answer, each declared once.

What the kernel writes is declared beside it (``biomech.pipeline.result_schema``), what policies found in
``policy_variables``; here stand the variables that are made from others, each with its formula. ``register`` adds one
from outside:

>>> import biomech as bm
>>> from biomech.analysis.output.variables import OutputVariable, register, unregister
>>> asymmetry = OutputVariable(
...     "ground_asymmetry",
...     (),
...     "N",
...     "vertical ground force under the right foot less that under the left",
...     needs=("ground_force",),
...     value=lambda solved: solved["ground_force"][:, 0, 1] - solved["ground_force"][:, 1, 1],
... )
>>> name = register(asymmetry).name
>>> ds = bm.sweep(bm.load_model("small"), pelvic_tilt=0, variables=[name])
>>> ds.ground_asymmetry.attrs["units"], abs(float(ds.ground_asymmetry)) < 1e-6
('N', True)
>>> unregister(name)
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from threading import Lock
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import entries, shown
from biomech.analysis.output.labels import DIMENSIONS, labels_of
from biomech.analysis.output.policy_variables import POLICY_OUTPUTS, POLICY_VARIABLES
from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.model.required import require_trunk
from biomech.pipeline.output_declaration import OutputDeclaration
from biomech.pipeline.result_schema import RAW, RAW_OUTPUTS, RawOutput, arrays_of, joint_axes
from biomech.pipeline.solve_stances import StanceSolution
from biomech.stance.parameters import PARAMETERS, RESERVED

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OutputVariable(OutputDeclaration):
    """A variable that is made from others: what ``OutputDeclaration`` says of it, what it needs, and its formula.

    Parameters
    ----------
    needs : tuple of str
        The raw outputs that it is made from, by name.
    value : callable
        From a ``StanceSolution`` to (posture, ...): ``solved["muscle_force"]`` is a raw output that it needs, in its
        own dimensions and units, to be read alone; ``solved.group_force`` and ``solved.group_strength`` are sums over
        groups of ``muscle_force`` and ``strength``; ``solved.model`` is the body. A posture's value must depend on that
        posture alone; NaN comes in, and should go out, where there is no posture.
    after : str
        The variable behind which it stands in a dataset; at the end, if not given.
    """

    needs: tuple[str, ...] = ()
    value: Callable[[Any], NDArray[Any]] | None = None
    after: str = ""

    def of(self, solved: StanceSolution) -> NDArray[Any]:
        """The variable, (posture, ...)."""
        assert self.value is not None  # what is declared has a formula
        return self.value(solved)


#: A variable of an answer, whoever makes it.
Output = OutputVariable | RawOutput


_BOTH = ("sweep", "static_optimization")


def _make_pressing(model: Model) -> tuple[NDArray[np.int64], Array]:
    """Axis of each reported joint's force along which it is pressed together, and which way; NaN where nobody says."""
    ways = [own.compression for own in model.compiled().reported]
    sign = [-1.0 if way.startswith("-") else 1.0 if way else np.nan for way in ways]
    return np.array(["xyz".index(way[-1:] or "y") for way in ways], dtype=np.int64), np.array(sign)


def _compression(solved: StanceSolution) -> Array:
    axis, sign = solved.model.shared("pressing", lambda: _make_pressing(solved.model))
    return np.asarray(sign * solved["joint_contact_force"][:, np.arange(len(axis)), axis])


def _spine(model: Model) -> int:
    """The row of L5/S1, of which it is known which way it is pressed together; -1 where there is none."""
    rows = enumerate(model.compiled().reported)
    return next((k for k, own in rows if own.joint == "lumbosacral" and own.compression), -1)


def _lumbar_compression(solved: StanceSolution) -> Array:
    model = solved.model
    spine: int = model.shared("spine", lambda: _spine(model))
    axis, sign = model.shared("pressing", lambda: _make_pressing(model))
    return np.asarray(sign[spine] * solved["joint_contact_force"][:, spine, axis[spine]])


def _lumbar_frame(model: Model) -> str:
    return model.role_names.own["segments"][model.compiled().reported[_spine(model)].segment]


def _turnout_reserve(solved: StanceSolution) -> Array:
    """Slack that the capsule leaves for external rotation of each hip, less its rotation: (posture, foot) in deg."""
    model, q = solved.model, solved.results.coordinates
    names = model.compiled().coordinates
    rows = model.tables["passive"].rows
    slack, shift = (
        model._column("passive", "value")[:, rows.index(f"hip_{name}"), None]
        for name in ("external_rotation_slack", "rotation_flexion_shift")
    )
    sides = [k for k, side in enumerate("rl") if f"hip_rotation_{side}" in names]
    flexion, rotation = (
        np.degrees(q[:, [names.index(f"hip_{way}_{'rl'[k]}") for k in sides]]) for way in ("flexion", "rotation")
    )
    reserve = np.full((len(q), 2), np.nan)  # of a leg that is gone
    reserve[:, sides] = slack + shift * flexion + rotation
    return reserve


#: What is made from the kernel's outputs.
DERIVED = (
    OutputVariable(
        "group_activation",
        ("group",),
        "1",
        "sum of force over sum of strength of the group, both sides",
        analyses=_BOTH,
        needs=("muscle_force", "strength"),
        value=lambda solved: solved.group_force / solved.group_strength,
        after="muscle_force",
    ),
    OutputVariable(
        "group_force",
        ("group",),
        "N",
        "sum of force of the group, both sides",
        analyses=_BOTH,
        needs=("muscle_force",),
        value=lambda solved: solved.group_force,
        after="group_activation",
    ),
    OutputVariable(
        "joint_compression",
        ("joint",),
        "N",
        "force that presses the joint together",
        frame="hip in femur, knee in tibia, ankle in talus, lumbosacral in torso; positive where pressed together",
        frame_of=lambda model: f"axes of segments: {joint_axes(model, pressed=True)}; positive where pressed together",
        meaning=(
            "what presses the joint together, along the y axis of femur, tibia, talus and torso: `joint_contact_force`"
            " y, its sign turned in hip, knee and ankle"
        ),
        analyses=_BOTH,
        needs=("joint_contact_force",),
        value=_compression,
        after="joint_contact_force",
    ),
    OutputVariable(
        "lumbar_compression",
        (),
        "N",
        "compression of the lumbosacral joint, along the torso's y axis",
        sign="compression positive",
        frame="torso",
        frame_of=_lumbar_frame,
        analyses=_BOTH,
        needs=("joint_contact_force",),
        has=lambda model: _spine(model) >= 0,
        value=_lumbar_compression,
        after="joint_contact_moment",
    ),
    OutputVariable(
        "turnout_reserve",
        ("foot",),
        "deg",
        "external hip rotation that is left before the capsule tightens; below 0 turnout is forced",
        needs=("coordinate_angle",),
        value=_turnout_reserve,
        after="utilized_friction",
    ),
)


def _given(declared: OutputDeclaration) -> OutputVariable:
    """What was measured, declared as what a sweep computes in its place."""
    words = {part.name: getattr(declared, part.name) for part in fields(OutputDeclaration)}
    analyses = ("static_optimization",)
    return OutputVariable(**words | {"analyses": analyses}, value=lambda solved: solved.given[declared.name])


#: What only measured frames have; what was measured comes back with the answer.
MEASURED = (
    OutputVariable(
        "required_moment",
        ("coordinate",),
        "N.m",
        "moment asked of the muscles (N for translations)",
        meaning="what muscles and reserves must supply (N for translations)",
        sign="positive in the coordinate's direction",
        analyses=("static_optimization",),
        value=lambda solved: solved.required,
    ),
    OutputVariable(
        "reserve_moment",
        ("coordinate",),
        "N.m",
        "moment of the reserves (N for translations)",
        meaning=(
            "what the reserves supply. Past 10 % of what is required they are a warning: at the pelvis of body weight"
            " and its moment on a leg's length, at a joint of its largest moment"
        ),
        sign="positive in the coordinate's direction",
        analyses=("static_optimization",),
        value=lambda solved: solved.reserve,
    ),
    OutputVariable(
        "valid",
        ("coordinate",),
        "1",
        "the coordinate is inside the geometry's trusted range",
        describes=True,
        analyses=("static_optimization",),
        value=lambda solved: solved.inside,
    ),
    *map(_given, (RAW["coordinate_angle"], RAW["ground_force"], RAW["center_of_pressure"])),
    _given(
        OutputDeclaration(
            "plate_moment",
            ("foot", "axis"),
            "N.m",
            "moment of the ground on the foot about the centre of pressure, as it was measured",
            frame="ground",
        )
    ),
)

#: What measured frames are answered with besides where it was given; ``segment`` is a dimension of these alone.
GIVEN = tuple(
    _given(OutputDeclaration(name, dims, units, long_name, frame=frame))
    for name, dims, units, long_name, frame in (
        ("external_force", ("segment", "axis"), "N", "force of loads on the segment", "ground"),
        (
            "external_moment",
            ("segment", "axis"),
            "N.m",
            "moment of loads on the segment about the ground origin",
            "ground",
        ),
        ("given_moment", ("coordinate",), "N.m", "moment that was to be met (N for translations)", ""),
        ("in_contact", ("foot",), "1", "the foot is on the floor, where the ground was predicted", ""),
        ("activation_lower", ("muscle",), "1", "least activation, where it varies by frame", ""),
        ("activation_upper", ("muscle",), "1", "largest activation, where it varies by frame", ""),
        ("activation_weight", ("muscle",), "1", "weight in the cost, where it varies by frame", ""),
    )
)


class _Registry:
    """What was registered, and how often that has changed: what was made from it before may be out of date."""

    def __init__(self) -> None:
        self.lock, self.version = Lock(), 0
        self.own: tuple[OutputVariable, ...] = ()

    def change(self, own: tuple[OutputVariable, ...]) -> None:
        """Hold these."""
        self.own, self.version = own, self.version + 1
        describing.cache_clear()


_REGISTRY = _Registry()


#: What sums over groups are made from.
_SUMS = {"group_force": "muscle_force", "group_strength": "strength"}


class _Needed:
    """What a formula sees: a solution, but of the raw outputs only those that its variable says it needs.

    The others may be there by chance, because somebody else asked for them.
    """

    def __init__(self, solved: StanceSolution, variable: OutputVariable) -> None:
        self._solved, self._variable = solved, variable

    def __getitem__(self, name: str) -> NDArray[Any]:
        self._require(name)
        return self._solved[name]

    def __getattr__(self, name: str) -> Any:
        if name in _SUMS:
            self._require(_SUMS[name])
        return getattr(self._solved, name)

    def _require(self, name: str) -> None:
        if name in RAW and name not in self._variable.needs:
            needs = self._variable.needs
            raise StanceError(f"{self._variable.name}: its formula reads {name!r}, and needs = {needs} has it not")


def _checked(variable: OutputVariable) -> OutputVariable:
    """A variable whose formula is held to the needs and dimensions that it declares: nobody has tried it yet."""
    formula = variable.value
    assert formula is not None  # it was refused

    def value(solved: StanceSolution) -> NDArray[Any]:
        found, labels = np.asarray(formula(_Needed(solved, variable))), labels_of(solved.model)
        shape = (len(solved.results.certificate), *(len(labels.get(dim, ())) for dim in variable.dims))
        if found.shape != shape:
            raise StanceError(f"{variable.name}: its formula gave shape {found.shape}; {variable.dims} ask for {shape}")
        return found

    return replace(variable, value=value)


def register(variable: OutputVariable) -> OutputVariable:
    """Add a variable to every answer from now on: a declaration and a formula, nothing else.

    Parameters
    ----------
    variable : OutputVariable
        It may be asked for by ``variables=`` as any other, in ``sweep``, ``prepare`` and ``uncertainty``, and in
        ``static_optimization`` where its ``analyses`` name that.

    Returns
    -------
    OutputVariable
        The same.

    Raises
    ------
    StanceError
        Its name is taken, or no word; it has dimensions that answers do not have, needs what the kernel does not give,
        or has no units, long name or formula.
    """
    with _REGISTRY.lock:
        _check(variable)
        _REGISTRY.change((*_REGISTRY.own, _checked(variable)))
    return variable


def unregister(name: str) -> None:
    """Take back what ``register`` added.

    Raises
    ------
    StanceError
        Nothing of that name was added.
    """
    with _REGISTRY.lock:
        kept = tuple(variable for variable in _REGISTRY.own if variable.name != name)
        if len(kept) == len(_REGISTRY.own):
            added = ", ".join(variable.name for variable in _REGISTRY.own) or "none"
            raise StanceError(f"name = {name!r}: no variable of that name was registered; registered are {added}")
        _REGISTRY.change(kept)


def _check(variable: OutputVariable) -> None:
    if not isinstance(variable, OutputVariable):
        raise StanceError(f"variable = {shown(variable)}: must be an OutputVariable")
    name = variable.name
    if not (isinstance(name, str) and name.isidentifier()):
        raise StanceError(f"name = {shown(name)}: must be a word, as in Python")
    taken = {output.name for output in (*_declared(), *POLICY_OUTPUTS)} | {*PARAMETERS, *RESERVED, *DIMENSIONS}
    if name in taken:
        raise StanceError(f"name = {name!r}: is taken, by a variable, a stance parameter or a dimension")
    for field in ("units", "long_name", "sign", "frame", "meaning", "after"):
        text = getattr(variable, field)
        if not isinstance(text, str) or (field in ("units", "long_name") and not text.strip()):
            raise StanceError(f"{name}: {field} = {shown(text)}; must be a text ('1' is the unit of a pure number)")
    _check_names(name, "dims", variable.dims, DIMENSIONS)
    _check_names(name, "needs", variable.needs, tuple(RAW))
    _check_names(name, "analyses", variable.analyses, _BOTH)
    if not variable.analyses:
        raise StanceError(f"{name}: analyses = (); there are {', '.join(_BOTH)}")
    before = [output.name for output in _declared()]
    if variable.after and variable.after not in before:
        raise StanceError(f"{name}: after = {variable.after!r}; there are {', '.join(before)}")
    if not callable(variable.value):
        raise StanceError(f"{name}: value = {shown(variable.value)}; must be a function of what was solved")
    if not (variable.has is None or callable(variable.has)):
        raise StanceError(f"{name}: has = {shown(variable.has)}; must be a function of a model")
    if not (isinstance(variable.flags, tuple) and all(isinstance(f, str) and f.isidentifier() for f in variable.flags)):
        raise StanceError(f"{name}: flags = {shown(variable.flags)}; must be a tuple of words")
    missing = [need for need in variable.needs if _BOTH[1] in variable.analyses and _BOTH[1] not in _answers_with(need)]
    if missing:
        raise StanceError(f"{name}: needs {', '.join(missing)}, which static_optimization does not compute")


def _check_names(name: str, field: str, given: Any, known: tuple[str, ...]) -> None:
    if isinstance(given, str) or not isinstance(given, tuple):
        raise StanceError(f"{name}: {field} = {shown(given)}; must be a tuple of names")
    for one in given:
        if one not in known:
            raise StanceError(f"{name}: {field} has {one!r}; there are {', '.join(known)}")
    if len(set(given)) < len(given):
        raise StanceError(f"{name}: {field} = {given!r}; names one twice")


def _answers_with(need: str) -> tuple[str, ...]:
    """The analyses that fill a raw output."""
    return RAW[need].analyses if RAW[need].published else _BOTH if need in ("strength", "cost") else ("sweep",)


def _declared() -> Iterator[Output]:
    """Every variable but those of policies."""
    yield from RAW_OUTPUTS
    yield from DERIVED
    yield from MEASURED
    yield from _REGISTRY.own


def declared_outputs(analysis: str) -> list[Output]:
    """The variables of an analysis, whatever the model, in the order in which its answer has them."""
    placed: list[Output] = []
    for output in _declared():
        if analysis in output.analyses and not (isinstance(output, RawOutput) and not output.published):
            behind = output.after if isinstance(output, OutputVariable) else ""
            at = [k for k, other in enumerate(placed) if other.name == behind]
            placed.insert(at[0] + 1 if at else len(placed), output)
    return placed


@cache
def describing() -> tuple[str, ...]:
    """Names of what describes a posture and is no number to reckon with."""
    return tuple(dict.fromkeys(output.name for output in _declared() if output.describes))


def outputs_of(model: Model, analysis: str) -> Mapping[str, Output]:
    """Every variable that the answer of an analysis has, for a model; nothing in them depends on its numbers."""
    key = ("outputs", analysis, _REGISTRY.version)
    made: Mapping[str, Output] = model.shared(key, lambda: MappingProxyType(_make_outputs(model, analysis)))
    return made


def _make_outputs(model: Model, analysis: str) -> dict[str, Output]:
    found = {out.name: out for out in declared_outputs(analysis) if out.has is None or out.has(model)}
    return {name: _framed(model, _counted(model, out)) for name, out in found.items()}


def _framed(model: Model, output: Output) -> Output:
    """A variable that says in which axes it stands of this body."""
    return output if output.frame_of is None else replace(output, frame=output.frame_of(model))


def _counted(model: Model, output: Output) -> Output:
    """A variable whose coordinates are counted as the body itself does, not as roles are."""
    compiled = model.compiled()
    if "coordinate" not in output.dims or not compiled.turned.any():
        return output
    axis = 1 + output.dims.index("coordinate")

    def turned(values: NDArray[Any]) -> NDArray[Any]:
        if values.dtype.kind != "f":
            return values
        return np.moveaxis(compiled.counted(np.moveaxis(values, axis, -1)), -1, axis)

    if isinstance(output, RawOutput):
        before = output.converted
        return replace(output, converted=lambda body, v: turned(v if before is None else before(body, v)))
    return replace(output, value=lambda solved: turned(output.of(solved)))


def sweep_outputs(model: Model) -> Mapping[str, Output]:
    """Every variable of a sweep but those of policies."""
    require_trunk(model)
    return outputs_of(model, "sweep")


def sweep_names(model: Model) -> frozenset[str]:
    """Every variable that a sweep may answer."""
    return frozenset({*sweep_outputs(model), *POLICY_VARIABLES})


def result_arrays(outputs: Iterable[Output]) -> set[str]:
    """The kernel's result arrays that variables are made from."""
    return arrays_of(need for output in outputs for need in output.needs)


def choose_outputs(outputs: Mapping[str, Output], variables: Iterable[str] | None) -> Mapping[str, Output]:
    """The variables that are asked for; the status always is."""
    if variables is None:
        return outputs
    names = read_names(outputs, variables)
    return {name: output for name, output in outputs.items() if name in names or name == "status"}


def read_names(outputs: Mapping[str, Output], variables: Iterable[str]) -> list[str]:
    """The names that are asked for, validated; what is asked may be an iterator, and is gone through once."""
    known = [*outputs, *POLICY_VARIABLES]
    names = entries("variables", variables, f"a list of names among {', '.join(known)}")
    if not all(isinstance(name, str) for name in names):
        raise StanceError(f"variables = {shown(variables)}: must be a list of names among {', '.join(known)}")
    chosen = [str(name) for name in names]
    for name in chosen:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise StanceError(f"variables: there is no {name!r}{hint}; there are {', '.join(known)}")
    return chosen
