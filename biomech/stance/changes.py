"""What stance parameters change in others, and in the targets of a posture's conditions.

Parameters from outside the package do so (``registration``), one after another in the order in which they were added,
before ``tilt_change`` and any policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from biomech._arguments import shown
from biomech.errors import StanceError
from biomech.stance.declarations import Array, Parameter, Values
from biomech.stance.parameters import PARAMETERS


def change_values(values: dict[str, Array]) -> None:
    """Let parameters change what others hold, in place.

    Raises
    ------
    StanceError
        A parameter changes one that is not there, its shape, or takes it out of its range.
    """
    for name, parameter in PARAMETERS.items():
        if parameter.changes is not None and name in values:
            new_values = parameter.changes(values)
            if not isinstance(new_values, Mapping):
                raise StanceError(f"{name}: changes must give values by name; it gave {shown(new_values)}")
            for other, new in new_values.items():
                values[other] = _checked_change(parameter, other, values, new)


def _checked_change(parameter: Parameter, other: str, values: Values, new: object) -> Array:
    if other not in values:
        raise StanceError(f"{parameter.name}: changes {other!r}, which is no stance parameter")
    array, about = np.asarray(new, dtype=np.float64), PARAMETERS[other]
    if array.shape != values[other].shape:
        raise StanceError(f"{parameter.name}: makes {other} of shape {array.shape}; must be {values[other].shape}")
    bad = array[~((array >= about.least) & (array <= about.most))]
    if bad.size:
        raise StanceError(f"{parameter.name}: takes {other} to {bad[0]:g}; allowed is {about.range}")
    return array


def added_targets(values: Values) -> Iterator[tuple[str, str, Array]]:
    """Parameter, label of a condition, and what is added to its target (posture,), where that is not nothing."""
    for name, parameter in PARAMETERS.items():
        if parameter.targets and name in values:
            for label, added in parameter.targets.items():
                yield name, label, _checked_target(parameter, values, added(values))


def _checked_target(parameter: Parameter, values: Values, added: object) -> Array:
    array, count = np.asarray(added, dtype=np.float64), len(values[parameter.name])
    if array.shape != (count,) or not np.isfinite(array).all():
        raise StanceError(
            f"{parameter.name}: what it adds to a target must be a finite number for each of {count} stances"
        )
    return array
