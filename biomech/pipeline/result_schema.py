"""What the pipeline kernel gives: each output declared once, with its unit, its meaning and where it stands.

A result array of the kernel holds one output, or several side by side. From their declarations follow the columns of
the array, the map that spreads the results of half a body over the whole, what is NaN where there is no posture, and
the variable of the dataset with its attributes and its line in the glossary. To add an output: declare it here, and let
the kernel compute it (``pipeline_kernel``, ``ResultArrays``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from biomech.model.compiled import CompiledModel
from biomech.model.mirror import other_side, side_of
from biomech.model.model import Model
from biomech.model.roles import FEET
from biomech.pipeline.output_declaration import (
    ALONG,
    FORCE,
    MOMENT,
    POINT,
    SCALAR,
    SHARED,
    TURN,
    OutputDeclaration,
    Symmetry,
)
from biomech.pipeline.status import STATUSES

Array = NDArray[np.float64]


class Solved(Protocol):
    """What outputs are read from: a ``StanceSolution``."""

    @property
    def model(self) -> Model:
        """The body."""

    @property
    def results(self) -> Any:
        """Its ``ResultArrays``."""


@dataclass(frozen=True)
class RawOutput(OutputDeclaration):
    """An output that the kernel writes.

    Parameters
    ----------
    array : str
        The field of ``ResultArrays`` that holds it, alone or behind those that were declared before it.
    along : str
        What it is of, a key of ``ALONG``.
    symmetry : Symmetry
        What kind of quantity it is: how many parts it has, and what becomes of them in the mirror.
    stays : bool
        Whether the number means something where there is no posture; elsewhere it is NaN there.
    published : bool
        Whether it is a variable, or only what others are made from.
    converted : callable, optional
        From the kernel's numbers (posture, ...) to those of the variable.
    """

    array: str = ""
    along: str = "body"
    symmetry: Symmetry = SCALAR
    stays: bool = False
    published: bool = True
    converted: Callable[[Model, Array], NDArray[Any]] | None = None

    @property
    def parts(self) -> int:
        """Columns of it for each that it is of."""
        return len(self.symmetry.mirror)

    @property
    def needs(self) -> tuple[str, ...]:
        """The raw outputs that it is made from: itself."""
        return (self.name,)

    @cached_property
    def is_plain(self) -> bool:
        """Whether the variable is the kernel's array as it stands."""
        return self.converted is None and len(OUTPUTS_OF[self.array]) == 1

    @cached_property
    def _columns(self) -> tuple[int, int, bool]:
        """Columns of its array for each that it is of, the first of them that is its own, and whether it is one."""
        return _WIDTH[self.array], _FIRST[self.name], self.parts == 1

    def shaped(self, array: Array) -> Array:
        """Its part (posture, ...) of its array (posture, column), in its own dimensions; a view."""
        wide, first, single = self._columns
        if self.along == "body":
            return array[:, first] if single else array[:, first : first + self.parts]
        if wide == 1:
            return array
        each = array.reshape(len(array), array.shape[1] // wide, wide)
        return each[:, :, first] if single else each[:, :, first : first + self.parts]

    def of(self, solved: Solved) -> NDArray[Any]:
        """The variable, (posture, ...)."""
        values = self.shaped(getattr(solved.results, self.array))
        return values if self.converted is None else self.converted(solved.model, values)


_JOINT_FRAMES = "hip in femur, knee in tibia, ankle in talus, lumbosacral in torso"
_BOTH = ("sweep", "static_optimization")


def has_patellae(model: Model) -> bool:
    """Whether a model knows what its extensor mechanisms carry."""
    return len(model.tables["patellae"]) > 0


def joint_axes(model: Model, *, pressed: bool = False) -> str:
    """In which segment's axes each joint is told, by the body's own names, and which way it is pressed together."""
    own = model.role_names.own["segments"]
    ways = {row.label: f", pressed along {row.compression}" if pressed and row.compression else ""
            for row in model.compiled().reported}  # fmt: skip
    return "; ".join(f"{row.label} in {own[row.segment]}{ways[row.label]}" for row in model.compiled().reported)


def has_rows(table: str) -> Callable[[Model], bool]:
    """Whether a model has anything in a table that it need not have."""
    return lambda model: table in model.tables and len(model.tables[table]) > 0


def _in_degrees(model: Model, values: Array) -> Array:
    unit: Array = model.shared("degrees", lambda: np.where(model.compiled().is_rotation, np.degrees(1.0), 1.0))
    return unit * values


def _names_of_muscles(model: Model, index: Array) -> NDArray[np.str_]:
    names: NDArray[np.str_] = model.shared("names of muscles", lambda: np.array([*model.muscles, ""]))
    return names[index.astype(np.int64)]


#: Every output of the kernel. Those of one array stand in the order of its columns.
RAW_OUTPUTS = (
    RawOutput(
        "activation",
        ("muscle",),
        "1",
        "muscle activation, 0 to 1",
        meaning="0 at rest to 1 at full strength",
        analyses=_BOTH,
        array="activation",
        along="muscle",
    ),
    RawOutput(
        "muscle_force",
        ("muscle",),
        "N",
        "muscle force",
        meaning="tension",
        analyses=_BOTH,
        array="muscle_force",
        along="muscle",
    ),
    RawOutput(
        "strength",
        ("muscle",),
        "N",
        "force at full activation",
        array="strength",
        along="muscle",
        published=False,
    ),
    RawOutput(
        "passive_moment",
        ("coordinate",),
        "N.m",
        "moment of passive tissue",
        meaning="moment of passive tissue, of springs and limits of coordinates, and of `passive_paths`",
        sign="positive in the coordinate's direction",
        array="passive",
        along="coordinate",
        symmetry=SHARED,
    ),
    RawOutput(
        "joint_contact_force",
        ("joint", "axis"),
        "N",
        "joint contact force",
        frame=(
            f"force of the parent on the child segment, in the child's frame: {_JOINT_FRAMES}; "
            "y is negative where hip, knee or ankle is pressed together, positive where the lumbosacral joint is"
        ),
        frame_of=lambda model: (
            f"force of the parent on the child segment, in the axes of segments: {joint_axes(model, pressed=True)}"
        ),
        meaning=(
            "what the bones of a joint press on each other with. The knee's is that of the femur on the tibia: -y is"
            " axial compression, x and z are shear, borne by ligaments and menisci as well"
        ),
        analyses=_BOTH,
        array="joint_force",
        along="joint",
        symmetry=FORCE,
    ),
    RawOutput(
        "joint_contact_moment",
        ("joint", "axis"),
        "N.m",
        "joint contact moment",
        frame=(
            "moment of the parent on the child segment about the joint's centre, in the child's frame: "
            f"{_JOINT_FRAMES}; passive moments included"
        ),
        frame_of=lambda model: (
            "moment of the parent on the child segment about the joint's centre, in the axes of segments: "
            f"{joint_axes(model)}; passive moments included"
        ),
        meaning=(
            "what turns the joint; what passive tissue does is in it, but for `passive_paths`, which pull as muscles do"
        ),
        analyses=_BOTH,
        array="joint_moment",
        along="joint",
        symmetry=MOMENT,
    ),
    RawOutput(
        "patellar_tendon_force",
        ("foot",),
        "N",
        "tension of the patellar tendon",
        meaning="tension of the patellar tendon of each leg; models with `patellae` alone",
        analyses=_BOTH,
        has=has_patellae,
        array="tension",
        along="knee",
    ),
    RawOutput(
        "patellofemoral_force",
        ("foot", "axis"),
        "N",
        "force of the femur on the patella",
        frame="femur",
        meaning="force of the femur on the patella of each leg; models with `patellae` alone",
        analyses=_BOTH,
        has=has_patellae,
        array="patella",
        along="knee",
        symmetry=FORCE,
    ),
    RawOutput(
        "passive_path_tension",
        ("passive_path",),
        "N",
        "tension of the spring or ligament along a path",
        meaning="tension of springs and ligaments along paths; models with `passive_paths` alone",
        analyses=_BOTH,
        has=has_rows("passive_paths"),
        array="passive_path",
        along="passive_path",
    ),
    RawOutput(
        "path_actuator_force",
        ("path_actuator",),
        "N",
        "tension of the path actuator",
        meaning="what path actuators pull with, where `reserve` names them; models with `path_actuators` alone",
        analyses=("static_optimization",),
        has=has_rows("path_actuators"),
        array="path_actuator",
        along="path_actuator",
    ),
    RawOutput(
        "bushing_force",
        ("bushing", "axis"),
        "N",
        "force of a bushing on its second segment",
        frame="axes of its first frame, at the origin of its second",
        meaning="force of a bushing on its second segment; the first bears its opposite; models with `bushings` alone",
        analyses=_BOTH,
        has=has_rows("bushings"),
        array="bushing",
        along="bushing",
        symmetry=FORCE,
    ),
    RawOutput(
        "bushing_moment",
        ("bushing", "axis"),
        "N.m",
        "moment of a bushing on its second segment",
        frame="axes of its first frame, about the origin of its second",
        meaning="moment of a bushing on its second segment; models with `bushings` alone",
        analyses=_BOTH,
        has=has_rows("bushings"),
        array="bushing",
        along="bushing",
        symmetry=MOMENT,
    ),
    RawOutput(
        "point_spring_force",
        ("point_spring",),
        "N",
        "tension of a spring between two points",
        sign="positive where it pulls them together",
        meaning="tension of a spring between two points; models with `point_springs` alone",
        analyses=_BOTH,
        has=has_rows("point_springs"),
        array="spring",
        along="point_spring",
        symmetry=SHARED,
    ),
    RawOutput(
        "ground_force",
        ("foot", "axis"),
        "N",
        "force of the ground on the foot",
        frame="ground",
        array="ground",
        along="foot",
        symmetry=FORCE,
    ),
    RawOutput(
        "ground_moment",
        ("foot", "axis"),
        "N.m",
        "moment of the ground on the foot about the ground origin",
        frame="ground",
        array="ground",
        along="foot",
        symmetry=MOMENT,
        published=False,
    ),
    RawOutput(
        "center_of_pressure",
        ("foot", "axis"),
        "m",
        "where the ground force meets the floor",
        frame="ground",
        meaning="where the ground force meets the floor; NaN under a foot that carries nothing",
        array="pressure",
        along="foot",
        symmetry=POINT,
    ),
    RawOutput(
        "seat_force",
        ("axis",),
        "N",
        "force of the seat on the body",
        frame="ground",
        array="seat",
        symmetry=FORCE,
    ),
    RawOutput(
        "free_moment",
        ("foot",),
        "N.m",
        "moment of the ground about the floor's normal at the centre of pressure",
        sign="of the ground on the foot, about the floor's upward normal",
        array="pressure",
        along="foot",
        symmetry=TURN,
    ),
    RawOutput(
        "utilized_friction",
        ("foot",),
        "1",
        "shear over pressure under the foot: the coefficient of friction that it needs",
        meaning=(
            "shear over pressure: the coefficient of friction that the stance needs; NaN under a foot that carries"
            " nothing"
        ),
        array="pressure",
        along="foot",
    ),
    RawOutput(
        "abdominal_pressure",
        (),
        "Pa",
        "abdominal pressure; none unless settings/pressure_share asks for it",
        meaning="0 unless `settings/pressure_share` asks for it",
        array="certificate",
    ),
    RawOutput(
        "lumbar_tissue_force",
        (),
        "N",
        "pull of the ligaments, fascia and passive fibres behind a flexed lumbar spine",
        meaning="its moment is part of `passive_moment`; it presses L5/S1 together along the trunk",
        array="certificate",
    ),
    RawOutput(
        "coordinate_angle",
        ("coordinate",),
        "deg",
        "generalised coordinates of the posture (m for translations)",
        sign="OpenSim's signs",
        array="coordinates",
        along="coordinate",
        converted=_in_degrees,
    ),
    RawOutput(
        "cost",
        (),
        "1",
        "what the criterion counts",
        array="certificate",
        published=False,
    ),
    RawOutput(
        "status",
        (),
        "1",
        "what was found",
        flags=STATUSES,
        analyses=_BOTH,
        array="certificate",
        stays=True,
        converted=lambda model, code: code.astype(np.int8),
    ),
    RawOutput(
        "limiting_muscle",
        (),
        "1",
        "muscle at full strength that limits the posture",
        meaning=(
            "of an overloaded posture, the muscle at full strength that does most for what falls most short; empty if"
            " it is no muscle"
        ),
        describes=True,
        analyses=_BOTH,
        array="certificate",
        stays=True,
        converted=_names_of_muscles,
    ),
    RawOutput(
        "shortfall",
        ("coordinate",),
        "N.m",
        "what is missing for equilibrium, least weighted squares (N for translations)",
        sign="positive in the coordinate's direction",
        meaning=(
            "what is missing for equilibrium (N for translations): least weighted squares, the pelvis coordinates"
            " weighted 1000-fold"
        ),
        analyses=_BOTH,
        array="shortfall",
        along="coordinate",
        symmetry=SHARED,
    ),
    RawOutput(
        "equilibrium_residual",
        (),
        "1",
        "largest error of equilibrium over largest demand",
        meaning="largest error of A x = b in any row, over the row's demand",
        analyses=_BOTH,
        array="certificate",
    ),
    RawOutput(
        "duality_gap",
        (),
        "1",
        "relative distance of the cost from a proven lower bound",
        meaning="abs(P - D) / abs(P): what a better sharing could at most gain; infinite where overloaded",
        analyses=_BOTH,
        array="certificate",
    ),
    RawOutput(
        "valid",
        (),
        "1",
        "every coordinate is inside the geometry's trusted range",
        meaning="every coordinate is inside the geometry's trusted range (`coordinates` table)",
        describes=True,
        array="certificate",
        stays=True,
        converted=lambda model, inside: inside == 1.0,
    ),
)
#: By name.
RAW = {output.name: output for output in RAW_OUTPUTS}


def _by_array(outputs: Iterable[RawOutput]) -> dict[str, tuple[RawOutput, ...]]:
    arrays: dict[str, list[RawOutput]] = {}
    for output in outputs:
        arrays.setdefault(output.array, []).append(output)
    return {array: tuple(own) for array, own in arrays.items()}


#: The outputs of each result array, in the order of their columns.
OUTPUTS_OF = _by_array(RAW_OUTPUTS)
#: Columns of an array for each that it is of, and the first of them that is an output's.
_WIDTH = {array: sum(output.parts for output in own) for array, own in OUTPUTS_OF.items()}
_FIRST = {
    output.name: sum(before.parts for before in own[:k]) for own in OUTPUTS_OF.values() for k, output in enumerate(own)
}


def result_columns(model: Model) -> Mapping[str, int]:
    """Columns of every result array over the whole body."""
    columns: Mapping[str, int] = model.shared("result columns", lambda: MappingProxyType(_columns(model.compiled())))
    return columns


def _columns(whole: CompiledModel) -> dict[str, int]:
    return {array: len(ALONG[own[0].along].array(whole)) * _WIDTH[array] for array, own in OUTPUTS_OF.items()}


def column_of(name: str) -> int:
    """The column of an output that is one number a posture."""
    return _FIRST[name]


def make_certificate(count: int, values: Mapping[str, NDArray[Any]]) -> Array:
    """The array ``certificate`` of ``count`` postures, from columns by the names of its outputs; the others are 0."""
    certificate = np.zeros((count, _WIDTH["certificate"]))
    for name, column in values.items():
        certificate[:, column_of(name)] = column
    return certificate


def arrays_of(names: Iterable[str]) -> set[str]:
    """The result arrays that raw outputs stand in."""
    return {RAW[name].array for name in names}


def spread(array: str, compiled: CompiledModel, whole: CompiledModel) -> tuple[list[int], list[int], list[float]]:
    """How a buffer of a body, half or whole, fills an array of the whole.

    Returns
    -------
    tuple of (list of int, list of int, list of float)
        Entries of the buffer, the columns that they go to, and factors.
    """
    along, outputs = ALONG[OUTPUTS_OF[array][0].along], OUTPUTS_OF[array]
    names, wide = along.buffer(compiled), _WIDTH[array]
    source, order, factor = list[int](), list[int](), list[float]()
    for k, name in enumerate(along.array(whole)):
        own = name if name in names or not compiled.half else other_side(name)
        if own not in names:  # a part that the body lacks
            continue
        source += range(wide * names.index(own), wide * (names.index(own) + 1))
        order += range(wide * k, wide * (k + 1))
        for output in outputs:
            if compiled.half and side_of(name) == "midline":
                factor += output.symmetry.midline
            else:
                factor += [1.0] * output.parts if own == name else output.symmetry.mirror
    return source, order, factor


def blank(results: Any, lost: NDArray[np.bool_]) -> None:
    """Put NaN into result arrays where there is no posture."""
    for array, outputs in OUTPUTS_OF.items():
        values = getattr(results, array)
        if not any(output.stays for output in outputs):
            values[lost] = np.nan
        else:
            for output in outputs:
                if not output.stays:
                    output.shaped(values)[lost] = np.nan


def blank_missing_feet(model: Model, results: Any) -> None:
    """Put NaN where a foot that is not there would press on the floor."""
    missing = [k for k, foot in enumerate(FEET) if foot not in model.tables_by_role["segments"].rows]
    if missing and results.pressure.shape[1]:
        for name in ("center_of_pressure", "utilized_friction"):
            RAW[name].shaped(results.pressure)[:, missing] = np.nan
