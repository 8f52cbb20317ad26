"""Labels of the dimensions that every answer has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.model.tables import optional
from biomech.stance.parameters import AXES, RESERVED, SIDES, WITH_POLICY
from biomech.stance.stance import StanceGrid

if TYPE_CHECKING:
    import xarray as xr

#: Dimensions that a body need not have, and an answer then has not.
_NOT_OF_ALL = ("passive_path", "path_actuator", "bushing", "point_spring")
#: Dimensions with the same labels in every answer of a model.
DIMENSIONS = ("muscle", "group", "coordinate", "joint", "axis", "foot", *_NOT_OF_ALL)
#: Names of labels that a caller's coordinate may not have.
_TAKEN = frozenset({*DIMENSIONS, *RESERVED, "side"})


def labelled(model: Model, own: Mapping[str, Any], dims: Iterable[str] = DIMENSIONS) -> xr.Coordinates:
    """Coordinates of a dataset: its own, then the labels of those of ``dims`` that every answer has.

    The labels are laid out once per model; each dataset has copies, which a caller may change.
    """
    import xarray as xr
    from xarray.indexes import PandasIndex

    kept, used = model.shared("labels", lambda: _lay_out(model)), frozenset(dims)
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


def check_names(model: Model, asked: StanceGrid, taken: Collection[str]) -> StanceGrid:
    """What is asked, once no dimension or coordinate of the caller's bears a name that the answer uses.

    ``taken`` are its variables, and the dimensions that it alone has. A number that is taken from an answer
    still bears the label that it was taken by, such as ``coordinate``; that is left out.

    Raises
    ------
    StanceError
        Naming the parameter that brought the dimension or the coordinate.
    """
    if not asked.bearers:
        return asked
    for dim in asked.dims:
        if dim in taken and dim not in WITH_POLICY:
            raise StanceError(
                f"{asked.bearers[dim]}: dimension {dim!r}: is a variable of the answer; no dimension may bear its name"
            )
    carried = {
        name: variable
        for name, variable in asked.carried.items()
        if name in asked.dims or not _tells_part(model, name, variable)
    }
    for name in carried:
        if name not in asked.dims and name in {*taken, *_TAKEN}:
            raise StanceError(
                f"{asked.bearers[name]}: coordinate {name!r}: is a name that the answer uses; "
                f"rename it, or leave it out (drop_vars({name!r}))"
            )
    return replace(asked, carried=carried)


def _tells_part(model: Model, name: str, variable: xr.Variable) -> bool:
    """Whether a coordinate is the label by which a part of an answer was taken."""
    return not variable.dims and name in DIMENSIONS and variable.values.item() in labels_of(model).get(name, ())


def labels_of(model: Model) -> dict[str, list[str]]:
    """The labels of each of ``DIMENSIONS`` of which the model has any."""
    return {
        "muscle": list(model.muscles),
        "group": list(model.groups),
        "coordinate": list(model.coordinates),
        "joint": [own.label for own in model.compiled().reported],
        "axis": list(AXES),
        "foot": list(SIDES),
        **{dim: list(optional(model.tables, f"{dim}s").rows) for dim in _NOT_OF_ALL},
    }


def _lay_out(model: Model) -> dict[str, tuple[xr.Variable, Any]]:
    """Every variable of labels, with its pandas index where it is that of a dimension, or None."""
    import xarray as xr

    labels = labels_of(model)
    muscle, others = "muscle", {dim: own for dim, own in labels.items() if own or dim not in _NOT_OF_ALL}
    sides = (muscle, model.sides(model.muscles), {"units": "1", "long_name": "side of the body of the muscle"})
    coordinates = xr.Coordinates({muscle: others.pop(muscle), "side": sides, **others})
    indexes = coordinates.indexes
    return {str(name): (variable, indexes.get(name)) for name, variable in coordinates.variables.items()}
