"""Joint moments of one's own, as inverse dynamics gives them: which coordinate each is of, and which must be met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import check_known, columns_of
from biomech._arguments import shown
from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.statics.equilibrium import DEMAND_ROUNDING

Array = NDArray[np.float64]

#: What OpenSim's inverse dynamics puts behind the name of a coordinate that turns, and of one that slides.
_ENDINGS = {True: "_moment", False: "_force"}


def by_coordinate(model: Model, given: Any) -> dict[str, Any]:
    """Moments by coordinate, whichever of their names they came with.

    Raises
    ------
    StanceError
        A name is none of the model's, names a coordinate twice or as what it is not, or of one that does not move.
    """
    import xarray as xr

    columns = columns_of("moments", given)
    if isinstance(given, xr.DataArray) and "coordinate" in given.dims and "coordinate" in given.coords:
        bare = given.drop_vars([name for name, own in given.coords.items() if "coordinate" in own.dims])
        labels = given["coordinate"].values.tolist()
        if twice := [label for label in labels if labels.count(label) > 1]:
            raise StanceError(f"moments: {twice[0]} stands twice along coordinate")
        columns = {label: bare.isel(coordinate=k) for k, label in enumerate(labels)}
    if columns is None:
        raise StanceError(
            f"moments = {shown(given)}: must be a mapping of coordinates, a Dataset or DataFrame of them, or a path"
        )
    found: dict[str, Any] = {}
    for label, value in columns.items():
        name = coordinate_of(model, str(label))
        if name is None:
            check_known(label, [*model.coordinates], "moments")
            continue
        _check_first(name, found)
        found[name] = value
    moved = _moved(model)
    for name in found:
        if name not in moved:
            raise StanceError(f"moments: {name} does not move in model {model.name!r}; it must be left out")
    if not found:
        raise StanceError(f"moments: has no coordinate of model {model.name!r}")
    return found


def of_file(model: Model, columns: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Columns of a file by the coordinate that they are of, and those that are of none that moves.

    Raises
    ------
    StanceError
        As ``by_coordinate``.
    """
    moved, found, unused = _moved(model), dict[str, str](), list[str]()
    for label in columns:
        name = coordinate_of(model, label)
        if name is None or name not in moved:
            unused.append(label)
        else:
            _check_first(name, found)
            found[name] = label
    return found, unused


def _check_first(name: str, found: Mapping[str, Any]) -> None:
    if name in found:
        raise StanceError(f"moments: {name} stands twice, with an ending and without one")


def coordinate_of(model: Model, label: str) -> str | None:
    """The coordinate that a name of inverse dynamics is of, or None.

    Raises
    ------
    StanceError
        What turns is told as a force, or what slides as a moment.
    """
    known = model.coordinates
    if label in known:
        return label
    for turns, ending in _ENDINGS.items():
        name = label.removesuffix(ending)
        if name != label and name in known:
            if bool(model.compiled().is_rotation[known.index(name)]) != turns:
                right = name + _ENDINGS[not turns]
                raise StanceError(f"moments: {label}: is of a coordinate of the other kind; must be {right}")
            return name
    return None


def _moved(model: Model) -> list[str]:
    compiled = model.compiled()
    return [compiled.names.coordinates[row] for row in compiled.actuated]


def rows_to_meet(model: Model, moments: Array, reserve: Array) -> tuple[NDArray[np.int64], Array]:
    """The coordinates whose moments muscles and reserves must give, and those moments (frame, row).

    ``moments`` (frame, coordinate) is NaN where none was given; ``reserve`` is that of every coordinate and path
    actuator. What inverse dynamics tells of a joint to ground is
    what its measurements leave over: where neither a muscle nor a reserve acts on such a coordinate, nothing can be
    asked there.
    """
    compiled, given = model.compiled(), np.isfinite(moments[:1]).all(axis=0)
    joints, table = model.tables["joints"], model.tables["coordinates"]
    parent = dict(zip(joints.rows, joints.text("parent"), strict=True))
    joint = dict(zip(table.rows, table.text("joint"), strict=True))
    acted = np.zeros(len(compiled.coordinates), dtype=bool)
    first = len(compiled.muscles) + len(compiled.passive_paths)
    pulls = [*range(len(compiled.muscles)), *(first + np.flatnonzero(reserve[len(acted) :]))]
    arms = compiled.paths.arms
    acted[arms[np.isin(arms[:, 0], pulls), 1]] = True
    free = np.array([parent[joint[name]] == "ground" for name in compiled.names.coordinates])
    rows = compiled.actuated[(given & (acted | (reserve[: len(acted)] > 0.0) | ~free))[compiled.actuated]]
    demand = moments[:, rows]
    demand[np.abs(demand) < DEMAND_ROUNDING * compiled.tables.contact_unit] = 0.0
    return rows, demand


def units_of(model: Model) -> Mapping[str, str]:
    """The unit of the generalised force of every coordinate."""
    turns = model.compiled().is_rotation
    return {name: "N.m" if turns[k] else "N" for k, name in enumerate(model.coordinates)}
