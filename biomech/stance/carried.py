"""What comes back with an answer: the caller's coordinates, and labels that say what was asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import keep
from biomech.errors import StanceError
from biomech.stance.labelled_values import Named
from biomech.stance.parameters import AXES, CHOICES, PARAMETERS, SIDES, WITH_POLICY

if TYPE_CHECKING:
    import xarray as xr

_INNER = {"side": SIDES, "axis": AXES}


def carried(
    stance: Mapping[str, Named], dims: Mapping[str, NDArray[Any]], bearers: dict[str, str]
) -> dict[str, xr.Variable]:
    """Coordinates of what is asked that are no parameter's values, and the caller's variable of a dimension's labels.

    ``bearers`` is told which parameter brought each. What lies along ``side`` lies along ``foot`` in the answer.

    Raises
    ------
    StanceError
        A dimension or coordinate bears a parameter's name and not its values; or two parameters say otherwise.
    """
    for dim, labels in dims.items():
        if _belongs(dim) and not _agrees(stance, dim, (dim,), labels):
            raise StanceError(
                f"{bearers[dim]}: has a dimension {dim!r} whose labels are not the values of {dim} in this stance; "
                "rename it, or give them"
            )
    found: dict[str, xr.Variable] = {}
    for name, value in stance.items():
        for own, variable in value.coords.items():
            along = tuple(map(str, variable.dims))
            if own in _INNER and along == (own,):
                continue
            if own in dims and along != (own,):
                raise StanceError(f"{name}: its coordinate {own!r} bears the name of a dimension; {_drop(own)}")
            if own in dims:
                found.setdefault(own, variable)
            elif not _belongs(own):
                keep(found, own, _on_feet(variable), name)
                bearers.setdefault(own, name)
            elif not _agrees(stance, own, along, variable.values):
                raise StanceError(f"{name}: its coordinate {own!r} is not the {own} of this stance; {_drop(own)}")
    return found


def _drop(own: str) -> str:
    return f"rename it, or leave it out (drop_vars({own!r}))"


def _on_feet(variable: xr.Variable) -> xr.Variable:
    """What lies along ``side``, in the order of the sides, along ``foot``."""
    if "side" not in variable.dims:
        return variable
    import xarray as xr

    return xr.Variable(["foot" if dim == "side" else dim for dim in variable.dims], variable.values, variable.attrs)


def _parts(name: str) -> tuple[str, str]:
    """Parameter and side of a name such as ``foot_rotation_right``."""
    parameter, _, side = name.rpartition("_")
    split = side in SIDES and parameter in PARAMETERS and PARAMETERS[parameter].per_leg
    return (parameter, side) if split else (name, "")


def _belongs(name: str) -> bool:
    """Whether a name is that of a parameter, or of a leg's."""
    return _parts(name)[0] in PARAMETERS or name in CHOICES


def _agrees(stance: Mapping[str, Named], name: str, dims: Iterable[str], values: NDArray[Any]) -> bool:
    """Whether these are the values of a parameter in every stance; those that a policy finds are not known."""
    parameter, side = _parts(name)
    if parameter in CHOICES:
        asked = stance[parameter]._replace(values=np.array(CHOICES[parameter].names)[stance[parameter].values])
    else:
        asked = stance[parameter]
        if parameter in WITH_POLICY and (stance[WITH_POLICY[parameter][0]].values >= 0).any():
            return False
        if side and "side" in asked.dims:
            asked = asked.at("side", SIDES.index(side))
    given = Named(values, tuple(dims))
    if (asked.values.dtype.kind in "iuf") != (given.values.dtype.kind in "iuf"):
        return False
    shared = [dim for dim in asked.dims if dim in given.dims]
    one, other = _constant(asked, shared), _constant(given, shared)
    return one is not None and other is not None and bool((one == other).all())


def _constant(value: Named, dims: list[str]) -> NDArray[Any] | None:
    """Values over some of the dimensions, if they do not vary along the others."""
    others = [dim for dim in value.dims if dim not in dims]
    rows = value.over([*dims, *others]).reshape(*(value.size(dim) for dim in dims), -1)
    return rows[..., 0] if (rows == rows[..., :1]).all() else None
