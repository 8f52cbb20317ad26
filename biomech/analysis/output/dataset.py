"""From what was solved to a dataset: what is kept, block by block, and how it is shaped and labelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech.analysis.output.labels import labelled
from biomech.analysis.output.policy_variables import POLICY_OUTPUTS, PolicyVariable
from biomech.analysis.output.provenance import provenance
from biomech.analysis.output.variables import Output, describing
from biomech.model.model import Model
from biomech.pipeline.result_schema import RawOutput, result_columns
from biomech.pipeline.solve_stances import StanceSolution
from biomech.pipeline.stance_batch import SharingObjective
from biomech.policies.resolve import PolicyResult
from biomech.stance.parameters import PARAMETERS
from biomech.stance.stance import StanceGrid

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
#: Dimensions, values and attributes.
Variable = tuple[tuple[str, ...], NDArray[Any], dict[str, Any]]


def cf_attributes(units: str, long_name: str, **more: Any) -> dict[str, Any]:
    """Attributes that every variable carries."""
    return {"units": units, "long_name": long_name, **more}


class OutputBuffer:
    """What an analysis keeps of its answers, over all postures or frames, filled block by block.

    Parameters
    ----------
    model : Model
        The body.
    outputs : mapping of str to OutputVariable or RawOutput
        What is kept.
    count : int
        Postures or frames.
    direct : bool
        Whether the kernel writes right into the variables that are result arrays as they stand (``results``). Room for
        the others is made once the first block shows how much is needed.
    """

    def __init__(self, model: Model, outputs: Mapping[str, Output], count: int, *, direct: bool) -> None:
        plain = {
            name: output
            for name, output in (outputs.items() if direct else ())
            if isinstance(output, RawOutput) and output.is_plain
        }
        columns = result_columns(model) if plain else {}
        self.outputs, self.count = outputs, count
        self._arrays = {raw.array: np.zeros((count, columns[raw.array])) for raw in plain.values()}
        self.values: dict[str, NDArray[Any]] = {
            name: raw.shaped(self._arrays[raw.array]) for name, raw in plain.items()
        }
        self._made = [(name, output) for name, output in outputs.items() if name not in plain]

    def results(self, first: int, last: int) -> dict[str, Array]:
        """The part of the result arrays that are kept as they are, for a block to be written there."""
        return {name: array[first:last] for name, array in self._arrays.items()}

    def put(self, first: int, last: int, solved: StanceSolution) -> None:
        """Keep what is made from the result arrays of a block."""
        for name, output in self._made:
            value = output.of(solved)
            room = self.values.get(name)
            if room is None:  # another thread may be making it too: the first to have done so is right
                room = self.values.setdefault(name, np.zeros((self.count, *value.shape[1:]), dtype=value.dtype))
            room[first:last] = value

    def variables(self, dims: tuple[str, ...], shape: tuple[int, ...]) -> dict[str, Variable]:
        """Everything that was kept, over the given dimensions of the postures and their own."""
        return dict(self._shaped(dims, shape))

    def _shaped(self, dims: tuple[str, ...], shape: tuple[int, ...]) -> Iterator[tuple[str, Variable]]:
        for name, output in self.outputs.items():
            value = self.values[name]
            yield name, ((*dims, *output.dims), value.reshape((*shape, *value.shape[1:])), output.attributes)


def dims_of(variables: Mapping[str, Variable]) -> frozenset[str]:
    """Every dimension that some variable has."""
    return frozenset(dim for dims, _, _ in variables.values() for dim in dims)


def sweep_dataset(
    model: Model,
    stance: StanceGrid,
    objective: SharingObjective,
    variables: dict[str, Variable],
    said: str,
) -> xr.Dataset:
    """The dataset of a sweep, from variables over its dimensions."""
    import xarray as xr

    about_it = provenance(model, objective)
    found = xr.Dataset(
        variables,
        coords=labelled(model, stance_coordinates(stance), dims_of(variables) | carried_dims(stance)),
        attrs={
            "title": f"biomech sweep of model {about_it['model']}",
            "message": said,
            **about_it,
            **_held(stance),
        },
    )
    return found.set_coords([name for name in describing() if name in variables])


def policy_variables(
    stance: StanceGrid, tilt: Array, found: PolicyResult | None, part: tuple[int, ...] | None = None
) -> dict[str, Variable]:
    """The tilt of every posture, and what the policies that were followed found, over the sweep's dimensions.

    ``part`` is the shape of a part of the sweep: it has what another part may have a number for.
    """
    variables: dict[str, Variable] = {}
    for output in POLICY_OUTPUTS:
        if output.name == "pelvic_tilt":
            values = None if output.name in stance.dims else tilt
        else:
            values = None if found is None else _found(output, stance, found, part is not None)
        if values is not None:
            shaped = values.reshape((*(part or stance.shape), *values.shape[1:]))
            variables[output.name] = ((*stance.dims, *output.dims), shaped, output.attributes)
    return variables


def _found(output: PolicyVariable, stance: StanceGrid, found: PolicyResult, elsewhere: bool) -> NDArray[Any] | None:
    """What policies found, where any was followed that finds it; or may have been found elsewhere."""
    values = output.of(found)
    if output.followed:
        told = bool((stance.arrays[output.followed] >= 0).any())
    else:
        told = elsewhere or not np.isnan(values).all()
    return values if told else None


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
