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
    moved = [compiled.coordinates[row] for row in compiled.actuated]
    one_of("coordinate", coordinate, moved)
    if not isinstance(direction, int | np.integer) or isinstance(direction, bool) or direction not in (-1, 1):
        raise StanceError(f"direction = {shown(direction)}: must be 1 or -1")
    inputs = read_poses(compiled, pose, ("muscle",))
    q = inputs.q
    found = assemble(
        compiled, compiled.actuated, NO_CONTACT, ExternalLoads.empty(len(q)), q, force_length=True, tissue=False
    )
    moments = np.maximum(direction * found.coefficients[:, moved.index(coordinate)], 0.0)
    about = {"units": "N.m", "long_name": f"isometric moment of each muscle about {coordinate}"}
    dims, values, about = inputs.variable(("muscle",), moments, about)
    return xr.DataArray(values, dims=dims, coords={**inputs.labels, "muscle": list(model.muscles)}, attrs=about)


def _pose(cell: str) -> dict[str, float]:
    return {name: float(value) for name, _, value in (part.partition("=") for part in cell.split(";") if part)}


def strength_curves(model: Model, steps: int = 31) -> dict[str, tuple[Array, xr.DataArray, Mapping[str, str]]]:
    """By motion: angles (deg), what each muscle gives there, and the row of ``data/strength.csv``."""
    instance("model", model, Model, "a Model")
    steps = whole_number("steps", steps, 1, 2**20)
    found: dict[str, tuple[Array, xr.DataArray, Mapping[str, str]]] = {}
    for row in read_rows("strength"):
        angles = np.linspace(float(row["first"]), float(row["last"]), steps)
        pose: dict[str, float | Array] = {**_pose(row["pose"]), row["coordinate"]: angles}
        found[row["motion"]] = (angles, maximal_moment(model, row["coordinate"], int(row["direction"]), **pose), row)
    return found


def moment_arm_rows(model: Model) -> list[tuple[float, Mapping[str, str]]]:
    """Moment arm (mm) of each row of ``data/moment_arms.csv``, and the row."""
    instance("model", model, Model, "a Model")
    wanted = read_rows("moment_arms")
    arms = [
        1e3
        * float(
            model.muscle_geometry(**_pose(row["pose"]))
            .moment_arm.isel(pose=0)
            .sel(muscle=row["muscle"], coordinate=row["coordinate"])
        )
        for row in wanted
    ]
    return [(arm, row) for arm, row in zip(arms, wanted, strict=True)]
