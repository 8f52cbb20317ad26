"""Answers with names and units."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import DESCRIBING
from biomech._arguments import entries, shown
from biomech.analysis.output.labels import labelled
from biomech.analysis.output.provenance import provenance
from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.model.required import require_stance_names
from biomech.pipeline.solve_stances import StanceSolution, result_columns
from biomech.pipeline.stance_batch import SharingObjective
from biomech.pipeline.status import STATUSES
from biomech.policies.registry import flags_of
from biomech.policies.resolve import PolicyResult
from biomech.stance.parameters import PARAMETERS
from biomech.stance.stance import StanceGrid
from biomech.statics.reactions import reported_joints

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Variable = tuple[tuple[str, ...], NDArray[Any], dict[str, Any]]

#: What a sweep may say of angles that it found.
POLICY_VARIABLES = (
    "pelvic_tilt",
    "tilt_status",
    "tilt_minimum",
    "tilt_interval",
    "trunk_lean",
    "lean_status",
    "knee_flexion",
    "knee_status",
    "hanging_moment",
)

JOINT_FRAMES = (
    "force of the parent on the child segment, in the child's frame: "
    "hip in femur, knee in tibia, ankle in talus, lumbosacral in torso; "
    "y is negative where hip, knee or ankle is pressed together, positive where the lumbosacral joint is"
)
PRESSED_FRAMES = "hip in femur, knee in tibia, ankle in talus, lumbosacral in torso; positive where pressed together"
MOMENT_FRAMES = (
    "moment of the parent on the child segment about the child's origin (the joint's centre), in the child's frame: "
    "hip in femur, knee in tibia, ankle in talus, lumbosacral in torso; passive moments included"
)


def cf_attributes(units: str, long_name: str, **more: Any) -> dict[str, Any]:
    """Attributes that every variable carries."""
    return {"units": units, "long_name": long_name, **more}


def cf_flags(long_name: str, first: int, meanings: tuple[str, ...]) -> dict[str, Any]:
    """CF attributes of a status (CF conventions, sec. 3.5)."""
    return cf_numbered_flags(long_name, {name: first + k for k, name in enumerate(meanings)})


def cf_numbered_flags(long_name: str, numbers: Mapping[str, int]) -> dict[str, Any]:
    """The same, where each meaning has its number."""
    values = np.array([*numbers.values()], dtype=np.int8)
    values.setflags(write=False)  # all datasets of a model share them
    return cf_attributes("1", long_name, flag_values=values, flag_meanings=" ".join(numbers))


@dataclass(frozen=True)
class OutputVariable:
    """A variable of the answer: its own dimensions, attributes, the result arrays it needs and how it comes from them.

    Without ``value`` it is the one array that it needs.
    """

    dims: tuple[str, ...]
    attributes: dict[str, Any]
    needs: tuple[str, ...]
    value: Callable[[StanceSolution], NDArray[Any]] | None = None

    def of(self, solved: StanceSolution) -> NDArray[Any]:
        """The variable, (posture, ...); an array of joints or feet has three columns each."""
        found = self.value(solved) if self.value else getattr(solved.results, self.needs[0])
        return found.reshape(len(found), -1, 3) if self.dims[1:] == ("axis",) else np.asarray(found)


def muscle_outputs() -> dict[str, OutputVariable]:
    """Activation and force of muscles and groups."""
    sums = "sum of force over sum of strength of the group, both sides"
    return {
        "activation": OutputVariable(("muscle",), cf_attributes("1", "muscle activation, 0 to 1"), ("activation",)),
        "muscle_force": OutputVariable(("muscle",), cf_attributes("N", "muscle force"), ("muscle_force",)),
        "group_activation": OutputVariable(
            ("group",),
            cf_attributes("1", sums),
            ("muscle_force", "strength"),
            lambda a: a.group_force / a.group_strength,
        ),
        "group_force": OutputVariable(
            ("group",),
            cf_attributes("N", "sum of force of the group, both sides"),
            ("muscle_force",),
            lambda a: a.group_force,
        ),
    }


def joint_outputs(model: Model) -> dict[str, OutputVariable]:
    """Joint contact forces and moments, and what the extensor mechanisms carry, if there are any."""
    joints = reported_joints(model.compiled())
    spine = 3 * joints.index("lumbosacral") + 1
    # the child segment hangs below its joint, the torso stands on it
    pressed = np.array([1.0 if joint == "lumbosacral" else -1.0 for joint in joints])
    return {
        "joint_contact_force": OutputVariable(
            ("joint", "axis"),
            cf_attributes("N", "joint contact force", frame=JOINT_FRAMES),
            ("joint_force",),
        ),
        "joint_compression": OutputVariable(
            ("joint",),
            cf_attributes(
                "N", "force that presses the joint together, along the child segment's y axis", frame=PRESSED_FRAMES
            ),
            ("joint_force",),
            lambda a: pressed * a.results.joint_force[:, 1::3],
        ),
        "joint_contact_moment": OutputVariable(
            ("joint", "axis"),
            cf_attributes("N.m", "joint contact moment", frame=MOMENT_FRAMES),
            ("joint_moment",),
        ),
        "lumbar_compression": OutputVariable(
            (),
            cf_attributes("N", "compression of the lumbosacral joint, along the torso's y axis", frame="torso"),
            ("joint_force",),
            lambda a: a.results.joint_force[:, spine],
        ),
        **(patella_outputs() if len(model.tables["patellae"]) else {}),
    }


def patella_outputs() -> dict[str, OutputVariable]:
    """Patellar tendon and patellofemoral joint of both knees."""
    return {
        "patellar_tendon_force": OutputVariable(
            ("foot",), cf_attributes("N", "tension of the patellar tendon"), ("tension",)
        ),
        "patellofemoral_force": OutputVariable(
            ("foot", "axis"), cf_attributes("N", "force of the femur on the patella", frame="femur"), ("patella",)
        ),
    }


def certificate_outputs(model: Model) -> dict[str, OutputVariable]:
    """Status and certificate of every answer."""
    names = np.array([*model.muscles, ""])
    return {
        "status": OutputVariable((), cf_flags("what was found", 0, STATUSES), (), lambda a: a.status),
        "limiting_muscle": OutputVariable(
            (),
            cf_attributes("1", "muscle at full strength that limits the posture"),
            (),
            lambda a: names[a.limiting],
        ),
        "shortfall": OutputVariable(
            ("coordinate",),
            cf_attributes("N.m", "what is missing for equilibrium, least weighted squares (N for translations)"),
            ("shortfall",),
        ),
        "equilibrium_residual": OutputVariable(
            (),
            cf_attributes("1", "largest error of equilibrium over largest demand"),
            (),
            lambda a: a.certificate("residual"),
        ),
        "duality_gap": OutputVariable(
            (),
            cf_attributes("1", "relative distance of the cost from a proven lower bound"),
            (),
            lambda a: a.certificate("gap"),
        ),
    }


def sweep_outputs(model: Model) -> Mapping[str, OutputVariable]:
    """Every variable of a sweep but the tilts; nothing in them depends on the model's numbers."""
    require_stance_names(model)
    made: Mapping[str, OutputVariable] = model.shared("outputs", lambda: MappingProxyType(_sweep_outputs(model)))
    return made


def sweep_names(model: Model) -> frozenset[str]:
    """Every variable that a sweep may answer."""
    names: frozenset[str] = model.cached(
        "names of a sweep", lambda: frozenset({*sweep_outputs(model), *POLICY_VARIABLES})
    )
    return names


def _sweep_outputs(model: Model) -> dict[str, OutputVariable]:
    unit = np.where(model.compiled().is_rotation, np.degrees(1.0), 1.0)

    def feet(solved: StanceSolution, result: str, part: slice) -> Array:
        values = getattr(solved.results, result)
        return values.reshape(len(values), 2, -1)[:, :, part]

    return {
        **muscle_outputs(),
        "passive_moment": OutputVariable(
            ("coordinate",), cf_attributes("N.m", "moment of passive tissue"), ("passive",)
        ),
        **joint_outputs(model),
        "ground_force": OutputVariable(
            ("foot", "axis"),
            cf_attributes("N", "force of the ground on the foot", frame="ground"),
            ("ground",),
            lambda a: feet(a, "ground", slice(3)),
        ),
        "center_of_pressure": OutputVariable(
            ("foot", "axis"),
            cf_attributes("m", "where the ground force meets the floor", frame="ground"),
            ("pressure",),
            lambda a: feet(a, "pressure", slice(3)),
        ),
        "seat_force": OutputVariable(
            ("axis",), cf_attributes("N", "force of the seat on the body", frame="ground"), ("seat",)
        ),
        "free_moment": OutputVariable(
            ("foot",),
            cf_attributes("N.m", "moment of the ground about the floor's normal at the centre of pressure"),
            ("pressure",),
            lambda a: feet(a, "pressure", slice(3, 4))[:, :, 0],
        ),
        "utilized_friction": OutputVariable(
            ("foot",),
            cf_attributes("1", "shear over pressure under the foot: the coefficient of friction that it needs"),
            ("pressure",),
            lambda a: feet(a, "pressure", slice(4, 5))[:, :, 0],
        ),
        "turnout_reserve": OutputVariable(
            ("foot",),
            cf_attributes(
                "deg", "external hip rotation that is left before the capsule tightens; below 0 turnout is forced"
            ),
            ("coordinates",),
            turnout_reserve,
        ),
        "abdominal_pressure": OutputVariable(
            (),
            cf_attributes("Pa", "abdominal pressure; none unless settings/pressure_share asks for it"),
            (),
            lambda a: a.certificate("abdomen"),
        ),
        "coordinate_angle": OutputVariable(
            ("coordinate",),
            cf_attributes("deg", "generalised coordinates of the posture (m for translations)"),
            ("coordinates",),
            lambda a: unit * a.results.coordinates,
        ),
        **certificate_outputs(model),
        "valid": OutputVariable(
            (),
            cf_attributes("1", "every coordinate is inside the geometry's trusted range"),
            (),
            lambda a: a.certificate("valid") == 1.0,
        ),
    }


def choose_outputs(
    outputs: Mapping[str, OutputVariable], variables: Iterable[str] | None
) -> Mapping[str, OutputVariable]:
    """The quantities that are asked for; the status always is."""
    if variables is None:
        return outputs
    names = read_names(outputs, variables)
    return {name: output for name, output in outputs.items() if name in names or name == "status"}


def read_names(outputs: Mapping[str, OutputVariable], variables: Iterable[str]) -> list[str]:
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


def turnout_reserve(solved: StanceSolution) -> Array:
    """Slack that the capsule leaves for external rotation of each hip, less its rotation: (posture, foot) in deg."""
    model, q = solved.model, solved.results.coordinates
    names = model.compiled().coordinates
    slack, shift = (
        model.value(f"passive/hip_{name}") for name in ("external_rotation_slack", "rotation_flexion_shift")
    )
    flexion, rotation = (
        np.degrees(q[:, [names.index(f"hip_{way}_{side}") for side in "rl"]]) for way in ("flexion", "rotation")
    )
    return slack + shift * flexion + rotation


def variables_of(
    outputs: Mapping[str, OutputVariable], dims: tuple[str, ...], solved: StanceSolution
) -> dict[str, Variable]:
    """Variables of one batch of answers."""
    return {name: ((*dims, *q.dims), q.of(solved), q.attributes) for name, q in outputs.items()}


class OutputBuffer:
    """What a sweep keeps, over all its postures; room is made once the first block shows how much is needed."""

    def __init__(self, model: Model, outputs: Mapping[str, OutputVariable], count: int) -> None:
        columns = result_columns(model)
        self.outputs, self.count = outputs, count
        self.plain = {q.needs[0]: name for name, q in outputs.items() if q.value is None}
        self.values = {name: np.zeros((count, columns[result])) for result, name in self.plain.items()}

    def results(self, first: int, last: int) -> dict[str, Array]:
        """The part of the result arrays that are kept as they are, for a block to be written there."""
        return {result: self.values[name][first:last] for result, name in self.plain.items()}

    def put(self, first: int, last: int, solved: StanceSolution) -> None:
        """Keep what is made from the result arrays of a block."""
        for name, output in self.outputs.items():
            if output.value is not None:
                value = output.value(solved)
                if name not in self.values:
                    self.values[name] = np.zeros((self.count, *value.shape[1:]), dtype=value.dtype)
                self.values[name][first:last] = value

    def variables(self) -> dict[str, Variable]:
        """Everything that was kept, as variables over the postures."""
        return {name: (("posture", *q.dims), self.values[name], q.attributes) for name, q in self.outputs.items()}


def dims_of(variables: Mapping[str, Variable]) -> frozenset[str]:
    """Every dimension that some variable has."""
    return frozenset(dim for dims, _, _ in variables.values() for dim in dims)


def sweep_dataset(
    model: Model,
    stance: StanceGrid,
    objective: SharingObjective,
    kept: dict[str, Variable],
    policies: dict[str, Variable],
    said: str,
) -> xr.Dataset:
    """The dataset of a sweep, from variables over (posture, ...)."""
    import xarray as xr

    shaped = {name: _unflatten(stance, variable) for name, variable in {**kept, **policies}.items()}
    about_it = provenance(model, objective)
    found = xr.Dataset(
        shaped,
        coords=labelled(model, stance_coordinates(stance), dims_of(shaped) | carried_dims(stance)),
        attrs={
            "title": f"biomech sweep of model {about_it['model']}",
            "message": said,
            **about_it,
            **_held(stance),
        },
    )
    return found.set_coords([name for name in DESCRIBING if name in shaped])


def policy_variables(stance: StanceGrid, tilt: Array, found: PolicyResult | None) -> dict[str, Variable]:
    """The tilt of every posture, and what the policies that were followed found."""
    dims: tuple[str, ...] = ("posture",)
    variables: dict[str, Variable] = {}
    if "pelvic_tilt" not in stance.dims:
        variables["pelvic_tilt"] = (dims, tilt, cf_attributes("deg", "pelvic tilt in space, anterior positive"))
    if found is None:
        return variables
    followed = {name: (stance.arrays[name] >= 0).any() for name in ("policy", "lean_policy", "knee_policy")}
    if followed["policy"]:
        variables |= _tilt_variables(dims, found)
    if followed["lean_policy"]:
        meaning = cf_numbered_flags("how the lean was found", flags_of("trunk_lean"))
        variables["trunk_lean"] = (
            dims,
            found.lean,
            cf_attributes("deg", PARAMETERS["trunk_lean"].long_name),
        )
        variables["lean_status"] = (dims, found.lean_status, meaning)
    if followed["knee_policy"]:
        meaning = cf_numbered_flags("how the knee was found", flags_of("knee_flexion"))
        variables["knee_flexion"] = (
            (*dims, "foot"),
            found.knee,
            cf_attributes("deg", "knee flexion, hyperextension negative"),
        )
        variables["knee_status"] = ((*dims, "foot"), found.knee_status, meaning)
    if not np.isnan(found.hanging_moment).all():
        text = "moment about both hips that muscles must give where the body was to hang, forward positive"
        variables["hanging_moment"] = (dims, found.hanging_moment, cf_attributes("N.m", text))
    return variables


def _tilt_variables(dims: tuple[str, ...], found: PolicyResult) -> dict[str, Variable]:
    return {
        "tilt_status": (
            dims,
            found.tilt_status,
            cf_numbered_flags("how the tilt was found", flags_of("pelvic_tilt")),
        ),
        "tilt_minimum": (
            (*dims, "minimum"),
            found.minimum,
            cf_attributes(
                "deg", "every tilt of least effort that comes within 5 % of the best; NaN where there are fewer"
            ),
        ),
        "tilt_interval": (
            (*dims, "bound"),
            found.interval,
            cf_attributes("deg", "range of tilts whose effort is within 5 %"),
        ),
    }


def _unflatten(stance: StanceGrid, variable: Variable) -> Variable:
    dims, values, attributes = variable
    inner = (-1, 3) if dims[2:] == ("axis",) else values.shape[1:]
    return (*stance.dims, *dims[1:]), values.reshape((*stance.shape, *inner)), attributes


def carried_dims(stance: StanceGrid) -> frozenset[str]:
    """Every dimension that some coordinate of the caller's has."""
    return frozenset(str(dim) for variable in stance.carried.values() for dim in variable.dims)


def stance_coordinates(stance: StanceGrid) -> dict[str, Any]:
    """Labels of the dimensions, what varies along others, and the caller's own coordinates."""
    coords: dict[str, Any] = dict(stance.carried)
    for dim, labels in stance.dims.items():
        parameter = PARAMETERS.get(dim)
        own = stance.carried[dim].attrs if dim in stance.carried else {}
        coords[dim] = (dim, labels, cf_attributes(parameter.unit, parameter.long_name) if parameter else own)
    for name, (dims, values) in stance.varied.items():
        parameter = PARAMETERS.get(name) or PARAMETERS[name.rpartition("_")[0]]
        coords[name] = (dims, values, cf_attributes(parameter.unit, parameter.long_name))
    return coords


def _held(stance: StanceGrid) -> dict[str, Any]:
    """What was held in the sweep, as attributes; a tilt that varies has its own variable."""
    return {
        f"stance_{name}": value for name, value in stance.held.items() if name not in ("pelvic_tilt", "load_position")
    }
