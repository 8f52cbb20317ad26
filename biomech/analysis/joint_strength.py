"""How strong the model is: maximal isometric moments of joints, beside what people reach, and moment arms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import instance, one_of, shown, whole_number
from biomech.errors import StanceError
from biomech.model.forces.contact import NO_CONTACT
from biomech.model.model import Model
from biomech.model.poses import read_poses
from biomech.model.required import require_statics
from biomech.reference_data import read_rows
from biomech.statics.equilibrium import ExternalLoads, assemble

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def maximal_moment(model: Model, coordinate: str, direction: int, **pose: float | Array) -> xr.DataArray:
    """Largest isometric moment of the muscles that turn a joint one way, each at full strength, the others at rest.

    Parameters
    ----------
    model : Model
        The body.
    coordinate : str
        A coordinate of the model that muscles move.
    direction : {1, -1}
        Along the coordinate, or against it.
    **pose
        Coordinates in degrees, as in ``Model.muscle_geometry``.

    Returns
    -------
    DataArray
        What each muscle gives, (pose, muscle) in N.m, at least 0: force by OpenSim's rigid-tendon rule (Thelen 2003)
        times moment arm. Their sum is the joint's strength.

    Raises
    ------
    StanceError
        The coordinate or the direction makes no sense.

    Examples
    --------
    >>> import biomech as bm
    >>> from biomech.analysis.joint_strength import maximal_moment
    >>> each = maximal_moment(bm.load_model(), "knee_angle_r", 1, knee_angle_r=-60.0, hip_flexion_r=80.0)
    >>> 150 < float(each.sum()) < 250
    True
    """
    import xarray as xr

    compiled = instance("model", model, Model, "a Model").compiled()
    require_statics(model)
    moved = [compiled.names.coordinates[row] for row in compiled.actuated]
    one_of("coordinate", coordinate, moved)
    if not isinstance(direction, int | np.integer) or isinstance(direction, bool) or direction not in (-1, 1):
        raise StanceError(f"direction = {shown(direction)}: must be 1 or -1")
    inputs = read_poses(compiled, pose, ("muscle",))
    q = inputs.q
    found = assemble(
        compiled, compiled.actuated, NO_CONTACT, ExternalLoads.empty(len(q)), q, force_length=True, tissue=False
    )
    if compiled.turned[compiled.names.coordinates.index(coordinate)]:
        direction = -direction
    moments = np.maximum(direction * found.coefficients[:, moved.index(coordinate)], 0.0)
    about = {"units": "N.m", "long_name": f"isometric moment of each muscle about {coordinate}"}
    dims, values, about = inputs.variable(("muscle",), moments, about)
    return xr.DataArray(values, dims=dims, coords={**inputs.labels, "muscle": list(model.muscles)}, attrs=about)


def _pose(cell: str) -> dict[str, float]:
    return {name: float(value) for name, _, value in (part.partition("=") for part in cell.split(";") if part)}


def strength_curves(model: Model, steps: int = 31) -> dict[str, tuple[Array, xr.DataArray, Mapping[str, str]]]:
    """By motion: angles (deg), what each muscle gives there, and the row of ``reference_data/strength.csv``.

    Examples
    --------
    >>> import biomech as bm
    >>> from biomech.analysis.joint_strength import strength_curves
    >>> angles, each, row = strength_curves(bm.load_model(), steps=3)["knee extension"]
    >>> list(map(float, angles)), row["coordinate"]
    ([-100.0, -55.0, -10.0], 'knee_angle_r')
    """
    instance("model", model, Model, "a Model")
    steps = whole_number("steps", steps, 1, 2**20)
    found: dict[str, tuple[Array, xr.DataArray, Mapping[str, str]]] = {}
    for row in read_rows("strength"):
        angles = np.linspace(float(row["first"]), float(row["last"]), steps)
        pose: dict[str, float | Array] = {**_pose(row["pose"]), row["coordinate"]: angles}
        found[row["motion"]] = (angles, maximal_moment(model, row["coordinate"], int(row["direction"]), **pose), row)
    return found


def strength_norms(sex: str = "men") -> dict[str, tuple[Mapping[str, str], ...]]:
    """What people reach, by motion: one row for each study, the largest moment over its angles, weakest study first.

    Parameters
    ----------
    sex : {"men", "women"}
        Healthy young adults.

    Returns
    -------
    dict
        Rows of ``reference_data/strength_norms.csv``: ``mean`` and, where known, ``sd`` (N.m), ``n`` people, ``angle``
        (deg, of the curve's coordinate), ``study``, ``doi``, and how it was ``read``.

    Examples
    --------
    >>> from biomech.analysis.joint_strength import strength_norms
    >>> rows = strength_norms()["knee extension"]
    >>> float(rows[0]["mean"]) < float(rows[-1]["mean"])
    True
    """
    one_of("sex", sex, ("men", "women"))
    found: dict[str, list[Mapping[str, str]]] = {row["motion"]: [] for row in read_rows("strength")}
    for row in read_rows("strength_norms"):
        if row["sex"] == sex:
            found[row["motion"]].append(row)
    return {motion: tuple(sorted(rows, key=lambda row: float(row["mean"]))) for motion, rows in found.items()}


def moment_arm_rows(model: Model) -> list[tuple[float, Mapping[str, str]]]:
    """Moment arm (mm) of each row of ``reference_data/moment_arms.csv``, and the row.

    Of several muscles (``muscle`` names them, with ``;`` between) it is the mean weighted by their strength.
    """
    instance("model", model, Model, "a Model")
    strength = dict(zip(model.muscles, model.tables["muscles"].numbers("max_isometric_force"), strict=True))
    wanted = read_rows("moment_arms")
    poses = {pose: model.muscle_geometry(**_pose(pose)).moment_arm for pose in {row["pose"] for row in wanted}}
    found: list[tuple[float, Mapping[str, str]]] = []
    for row in wanted:
        muscles = row["muscle"].split(";")
        arms = poses[row["pose"]].isel(pose=0).sel(muscle=muscles, coordinate=row["coordinate"])
        found.append((1e3 * float(np.average(arms, weights=[strength[name] for name in muscles])), row))
    return found
