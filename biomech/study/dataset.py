"""Answers with names and units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech.model.model import Model
from biomech.statics.reactions import reported_joints
from biomech.statics.stance import AXES, PARAMETERS, SIDES, Stance
from biomech.study.standing import STATUSES, Answers
from biomech.study.tilt import TILT_STATUSES, Tilts

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Variable = tuple[tuple[str, ...], NDArray[Any], dict[str, Any]]

JOINT_FRAMES = (
    "force of the parent on the child segment, in the child's frame: "
    "hip in femur, knee in tibia, ankle in talus, lumbosacral in torso"
)


def about(units: str, long_name: str, **more: Any) -> dict[str, Any]:
    """Attributes that every variable carries."""
    return {"units": units, "long_name": long_name, **more}


def flags(long_name: str, first: int, meanings: tuple[str, ...]) -> dict[str, Any]:
    """CF attributes of a status (CF conventions, sec. 3.5)."""
    values = np.arange(first, first + len(meanings), dtype=np.int8)
    return about("1", long_name, flag_values=values, flag_meanings=" ".join(meanings))


def label_coordinates(model: Model) -> dict[str, Any]:
    """Coordinates of the dimensions that every answer has."""
    return {
        "muscle": list(model.muscles),
        "side": ("muscle", model.sides(model.muscles), about("1", "side of the body of the muscle")),
        "group": list(model.groups),
        "coordinate": list(model.coordinates),
        "joint": reported_joints(model.flat()),
        "axis": list(AXES),
        "foot": list(SIDES),
    }


def muscle_variables(model: Model, dims: tuple[str, ...], answers: Answers) -> dict[str, Variable]:
    """Activation and force of muscles and groups."""
    groups = np.array(
        [[muscle in members for muscle in model.muscles] for members in model.groups.values()], dtype=float
    )
    force, strength = answers.muscle_force @ groups.T, answers.strength @ groups.T
    activation = np.divide(force, strength, out=np.full(force.shape, np.nan), where=strength > 0.0)
    return {
        "activation": ((*dims, "muscle"), answers.activation, about("1", "muscle activation, 0 to 1")),
        "muscle_force": ((*dims, "muscle"), answers.muscle_force, about("N", "muscle force")),
        "group_activation": (
            (*dims, "group"),
            activation,
            about("1", "sum of force over sum of strength of the group, both sides"),
        ),
        "group_force": ((*dims, "group"), force, about("N", "sum of force of the group, both sides")),
    }


def joint_variables(model: Model, dims: tuple[str, ...], answers: Answers) -> dict[str, Variable]:
    """Joint contact forces."""
    spine = answers.joint_force[:, reported_joints(model.flat()).index("lumbosacral"), 1]
    return {
        "joint_contact_force": (
            (*dims, "joint", "axis"),
            answers.joint_force,
            about("N", "joint contact force", frame=JOINT_FRAMES),
        ),
        "lumbar_compression": (
            dims,
            spine,
            about("N", "compression of the lumbosacral joint, along the torso's y axis", frame="torso"),
        ),
    }


def proof_variables(model: Model, dims: tuple[str, ...], answers: Answers) -> dict[str, Variable]:
    """Status and certificate of every answer."""
    names = np.array([*model.muscles, ""])
    return {
        "status": (dims, answers.status, flags("what was found", 0, STATUSES)),
        "limiting_muscle": (
            dims,
            names[answers.limiting],
            about("1", "muscle at full strength that limits the posture"),
        ),
        "shortfall": (
            (*dims, "coordinate"),
            answers.shortfall,
            about("N.m", "what is missing for equilibrium, least weighted squares (N for translations)"),
        ),
        "equilibrium_residual": (
            dims,
            answers.residual,
            about("1", "largest error of equilibrium over largest demand"),
        ),
        "duality_gap": (
            dims,
            answers.gap,
            about("1", "|P - D| / (1 + |P|), a bound on what a better sharing could gain"),
        ),
    }


def sweep_dataset(model: Model, stance: Stance, tilt: Array, tilts: Tilts | None, answers: Answers) -> xr.Dataset:
    """The Dataset of ``sweep``."""
    import xarray as xr

    dims = ("_posture",)
    variables: dict[str, Variable] = {
        **muscle_variables(model, dims, answers),
        "passive_moment": ((*dims, "coordinate"), answers.passive, about("N.m", "moment of passive tissue")),
        **joint_variables(model, dims, answers),
        "ground_force": (
            (*dims, "foot", "axis"),
            answers.ground_wrench[..., :3],
            about("N", "force of the ground on the foot", frame="ground"),
        ),
        "center_of_pressure": (
            (*dims, "foot", "axis"),
            answers.pressure_point,
            about("m", "where the ground force meets the floor", frame="ground"),
        ),
        "free_moment": (
            (*dims, "foot"),
            answers.free_moment,
            about("N.m", "moment of the ground about the floor's normal at the centre of pressure"),
        ),
        "coordinate_angle": (
            (*dims, "coordinate"),
            np.where(model.flat().is_rotation, np.degrees(answers.coordinates), answers.coordinates),
            about("deg", "generalised coordinates of the posture (m for translations)"),
        ),
        "pelvic_tilt": (dims, tilt, about("deg", "pelvic tilt in space, anterior positive")),
        **(_tilt_variables(dims, tilts) if tilts is not None else {}),
        **proof_variables(model, dims, answers),
        "valid": (dims, answers.valid, about("1", "every coordinate is inside the geometry's trusted range")),
    }
    if "pelvic_tilt" in stance.dims:
        del variables["pelvic_tilt"]
    shaped = {name: _unflatten(stance, variable) for name, variable in variables.items()}
    return xr.Dataset(
        shaped,
        coords={**_stance_coordinates(stance), **label_coordinates(model)},
        attrs={"title": f"biomech sweep of model {model.name}", "message": message(model, answers), **_held(stance)},
    )


def _tilt_variables(dims: tuple[str, ...], tilts: Tilts) -> dict[str, Variable]:
    return {
        "tilt_status": (dims, tilts.status, flags("how the tilt was found", -1, ("given", *TILT_STATUSES))),
        "tilt_minimum": (
            (*dims, "minimum"),
            tilts.minimum,
            about("deg", "every tilt of least effort that comes within 5 % of the best; NaN where there are fewer"),
        ),
        "tilt_interval": ((*dims, "bound"), tilts.interval, about("deg", "range of tilts whose effort is within 5 %")),
    }


def _unflatten(stance: Stance, variable: Variable) -> Variable:
    dims, values, attributes = variable
    return (*stance.dims, *dims[1:]), values.reshape((*stance.shape, *values.shape[1:])), attributes


def _stance_coordinates(stance: Stance) -> dict[str, Any]:
    coords: dict[str, Any] = {}
    for dim, labels in stance.dims.items():
        parameter = PARAMETERS.get(dim)
        coords[dim] = (dim, labels, about(parameter.unit, parameter.long_name) if parameter else {})
    for name, (dims, values) in stance.varied.items():
        parameter = PARAMETERS.get(name) or PARAMETERS[name.rpartition("_")[0]]
        coords[name] = (dims, values, about(parameter.unit, parameter.long_name))
    return coords


def _held(stance: Stance) -> dict[str, Any]:
    """What was held in the sweep, as attributes; a tilt that varies has its own variable."""
    return {
        f"stance_{name}": value for name, value in stance.held.items() if name not in ("pelvic_tilt", "load_position")
    }


def message(model: Model, answers: Answers) -> str:
    """How many answers are of which kind, and why the first that is not optimal is not."""
    counts = {name: int((answers.status == i).sum()) for i, name in enumerate(STATUSES)}
    text = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    for i in np.flatnonzero(answers.status)[:1]:
        text += f"; posture {i} is {STATUSES[answers.status[i]]}: {_reason(model, answers, int(i))}"
    return text


def _reason(model: Model, answers: Answers, i: int) -> str:
    if answers.obstacle[i]:
        return str(answers.obstacle[i])
    worst = int(np.abs(answers.shortfall[i]).argmax())
    unit = "N.m" if model.flat().is_rotation[worst] else "N"
    limit = answers.limiting[i]
    cause = f"{model.muscles[limit]} is at full strength" if limit >= 0 else "no muscle could give it, nor the ground"
    return f"{answers.shortfall[i, worst]:+.3g} {unit} are missing at {model.coordinates[worst]}; {cause}"
