"""Labels of the dimensions that every answer has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from biomech.model.model import Model
from biomech.statics.reactions import reported_joints
from biomech.statics.stance import AXES, SIDES

if TYPE_CHECKING:
    import xarray as xr

DIMENSIONS = ("muscle", "group", "coordinate", "joint", "axis", "foot")


def labelled(model: Model, own: Mapping[str, Any], dims: Iterable[str] = DIMENSIONS) -> xr.Coordinates:
    """Coordinates of a dataset: its own, then the labels of those of ``dims`` that every answer has.

    The labels are laid out once per model; each dataset has copies, which a caller may change.
    """
    import xarray as xr
    from xarray.indexes import PandasIndex

    kept, used = model.cached("labels", lambda: _lay_out(model)), frozenset(dims)
    coordinates = xr.Coordinates(own)
    variables, indexes = dict(coordinates.variables), dict(coordinates.xindexes)
    for name, (labels, index) in kept.items():
        if labels.dims[0] not in used:
            continue
        if index is None:
            variables[name] = labels.copy()
        else:
            indexes[name] = PandasIndex(index.copy(deep=True), name, labels.dtype)
            variables |= indexes[name].create_variables()
    return xr.Coordinates(variables, indexes)


def labels_of(model: Model) -> dict[str, list[str]]:
    """The labels of each of ``DIMENSIONS``."""
    return {
        "muscle": list(model.muscles),
        "group": list(model.groups),
        "coordinate": list(model.coordinates),
        "joint": reported_joints(model.flat()),
        "axis": list(AXES),
        "foot": list(SIDES),
    }


def _lay_out(model: Model) -> dict[str, tuple[xr.Variable, Any]]:
    """Every variable of labels, with its pandas index where it is that of a dimension, or None."""
    import xarray as xr

    muscle, others = "muscle", labels_of(model)
    sides = (muscle, model.sides(model.muscles), {"units": "1", "long_name": "side of the body of the muscle"})
    labels = {muscle: others.pop(muscle), "side": sides, **others}
    coordinates = xr.Coordinates(labels)
    indexes = coordinates.indexes
    return {str(name): (variable, indexes.get(name)) for name, variable in coordinates.variables.items()}
