"""From the columns of a file to the coordinates of a body, whose model knows which of them turn."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from biomech._arguments import instance, shown
from biomech.errors import BiomechWarning, StanceError

if TYPE_CHECKING:
    import xarray as xr

    from biomech.model.model import Model

#: Names that a message lists before it counts the rest.
_LISTED = 12


def to_coordinates(model: Model, ds: xr.Dataset) -> xr.Dataset:
    """The coordinates of a model in a motion, in degrees and metres, as ``static_optimization`` takes them.

    Parameters
    ----------
    model : Model
        The body; it knows which of its coordinates are angles.
    ds : Dataset
        A variable a column, as ``read_storage`` gives it. Its attribute ``inDegrees`` says whether angles are in
        degrees ("yes") or radians ("no"), unless one has ``units`` of its own ("deg", "rad").

    Returns
    -------
    Dataset
        The variables that are coordinates of the model, in the model's order, with ``units`` deg or m; the attribute
        ``inDegrees`` is "yes". What the file does not have is not there, and stays at its default.

    Raises
    ------
    StanceError
        No variable is a coordinate of the model, or the motion does not say in what its angles are.

    Warns
    -----
    BiomechWarning
        Coordinates that are not in the file, columns that are not of the model.

    Examples
    --------
    >>> import biomech as bm, xarray as xr
    >>> model = bm.load_model("small")
    >>> given = xr.Dataset({name: ("time", [0.1, 0.2]) for name in model.coordinates}, attrs={"inDegrees": "no"})
    >>> bm.io.to_coordinates(model, given).knee_angle_r.round(3).values.tolist()
    [5.73, 11.459]
    """
    check_model(model)
    found, said = in_coordinates(model, ds)
    if said:
        warnings.warn(f"to_coordinates: {'; '.join(said)}", BiomechWarning, stacklevel=2)
    return found


def in_coordinates(model: Model, ds: xr.Dataset) -> tuple[xr.Dataset, list[str]]:
    """The coordinates of a model in a motion, and what is to be warned of."""
    import xarray as xr

    instance("ds", ds, xr.Dataset, "a Dataset, as read_storage gives it")
    known = [name for name in model.coordinates if name in ds.data_vars]
    if not known:
        raise StanceError(f"ds: has no coordinate of model {model.name!r}, which are {_listed(model.coordinates)}")
    turns = dict(zip(model.coordinates, model.compiled().is_rotation.tolist(), strict=True))
    found = {}
    for name in known:
        own = ds[name]
        if own.dtype.kind not in "iuf":
            raise StanceError(f"ds: {name} is of type {own.dtype}; must be numbers")
        values = np.rad2deg(own.values) if turns[name] and _is_in_radians(ds, own) else own.values
        found[name] = own.copy(data=values).assign_attrs(units="deg" if turns[name] else "m")
    return xr.Dataset(found, attrs={**ds.attrs, "inDegrees": "yes"}), _left_out(model, ds, known)


def _is_in_radians(ds: xr.Dataset, angle: xr.DataArray) -> bool:
    """Whether an angle is in radians: by its own units, else by what is said of all."""
    said = {"deg": "yes", "rad": "no"}.get(str(angle.attrs.get("units")), ds.attrs.get("inDegrees"))
    if said not in ("yes", "no"):
        raise StanceError(f"ds: has inDegrees = {shown(said)}; must be 'yes' or 'no': ds.attrs['inDegrees'] = 'yes'")
    return bool(said == "no")


def check_model(model: object) -> None:
    """Refuse what is no model. Who has one has its kernels already; who reads files alone does not wait for them."""
    from biomech.model.model import Model

    instance("model", model, Model, "a Model")


def _left_out(model: Model, ds: xr.Dataset, known: list[str]) -> list[str]:
    """What is said of coordinates that nobody gave, and of columns not taken.

    Those that ligaments hold, that are locked or prescribed, or follow others are not missing.
    """
    moved = [model.coordinates[i] for i in model.compiled().actuated]
    missing = [name for name in moved if name not in known]
    unused = [str(name) for name in ds.data_vars if name not in known]
    said = []
    if missing:
        said.append(f"has no {_listed(missing)}: at their default in model {model.name!r}")
    if unused:
        said.append(f"not used, as no coordinates of model {model.name!r}: {_listed(unused)}")
    return said


def _listed(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
