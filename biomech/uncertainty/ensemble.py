"""A study of a few stances under many draws: what changes in the model and the stances, block by block of draws."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import is_same
from biomech._arguments import mapping, name_list, shown
from biomech._display import About, Displayed, Folded, counted
from biomech.analysis.output.dataset import Variable, carried_dims, cf_attributes, dims_of, stance_coordinates
from biomech.analysis.output.labels import check_names, labelled, labels_of
from biomech.analysis.output.policy_variables import POLICY_OUTPUTS
from biomech.analysis.output.variables import choose_outputs, result_arrays, sweep_names, sweep_outputs
from biomech.analysis.progress import progress_bar
from biomech.analysis.store.record import STUDY, describe_draws
from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.model.population import Population
from biomech.pipeline.objective import read_objective
from biomech.pipeline.solve_stances import solve_stances
from biomech.pipeline.status import OPTIMAL
from biomech.policies.resolve import resolve_policies
from biomech.sharing import Criterion
from biomech.stance.parameters import CODES, PARAMETERS
from biomech.stance.parsing import parse_stance
from biomech.stance.stance import Stance, StanceGrid
from biomech.uncertainty.possible_draws import check_draws, default_priors_of, drawn_columns, find_cells
from biomech.uncertainty.priors import Draws, Points, Prior, Sampler, check_priors, describe_prior

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Index = NDArray[np.int64]

#: deg: feet that are turned out further may yield below the hip.
_FORCED = 30.0
#: Draws that are made at a time, and postures that are solved at a time.
_DRAWN, _TOGETHER = 4096, 4096


class Ensemble(Displayed):
    """Stances, priors and what is kept; ``run`` answers them at points of the unit cube.

    ``adjust`` may change stances, given the number (posture,) of the draw that each is of, after the priors have.
    """

    def __init__(
        self,
        stances: Mapping[str, Mapping[str, Any]],
        model: Model,
        priors: Mapping[str, Prior] | None,
        variables: Iterable[str],
        criterion: Criterion,
        tone: Mapping[str, float] | None,
        adjust: Callable[[Stance, Index], None] | None = None,
    ) -> None:
        check_stances(stances)
        self.model, self.names, self.adjust = model, list(stances), adjust
        self.objective = read_objective(model, criterion, None, "isometric", tone)
        given = default_priors_of(model) if priors is None else check_priors(priors)
        taken = sweep_names(model) | {"stance", "sample", *(f"prior_{name}" for name in given)}
        self.grid, self.stance, self.asked = _read(model, stances, taken)
        self.each = len(self.grid)
        self.together = max(_TOGETHER // len(self.stance), 1)
        outputs = sweep_outputs(model)
        keep = name_list("variables", variables)
        self.wants_tilt = "pelvic_tilt" in keep and "pelvic_tilt" not in self.grid.dims
        self.outputs = choose_outputs(outputs, [name for name in keep if name != "pelvic_tilt"])
        self.results = result_arrays(self.outputs.values())
        self.sampler = Sampler(model, given)
        self.cells = {name: find_cells(model, prior) for name, prior in given.items() if not prior.of_stance}

    def _about(self) -> About:
        priors = [(name, describe_prior(prior)) for name, prior in self.sampler.priors.items()]
        firsts = [self.stance.take(np.array([i * self.each])) for i in range(len(self.names))]
        stances = [(name, own._about().line) for name, own in zip(self.names, firsts, strict=True)]
        facts = {"model": self.model.name, "stances": ", ".join(self.names), "keeps": ", ".join(self.outputs)}
        line = f"of {self.model.name!r} under {counted(len(priors), 'prior')}"
        folded = (Folded("stances", ["stance", "asks"], stances), Folded("priors", ["prior", "is"], priors))
        return About(f"Ensemble of {counted(len(self.names), 'stance')}", line, facts, folded)

    def labels_of(self, variable: str) -> dict[str, list[Any]]:
        """Labels of the dimensions that a variable has, but for the draws."""
        own = self.outputs[variable].dims if variable in self.outputs else ()
        every = labels_of(self.model)
        return {"stance": self.names, **{d: list(v) for d, v in self.grid.dims.items()}, **{d: every[d] for d in own}}

    def run(self, points: Points, progress: bool | None) -> dict[str, Array]:
        """Variables over (sample, posture, ...) at points (sample, dimension) of the unit cube.

        Beside them, as ``prior_...``, every prior that has one value a draw (sample,). Bodies are drawn, looked at and
        answered block by block: memory is needed for the answer alone.
        """
        blocks = [slice(first, min(first + _DRAWN, len(points))) for first in range(0, len(points), _DRAWN)]
        for block in blocks:
            check_draws(self.model, self.cells, self.sampler.draws(points[block]), self.asked, block.start)
        found: dict[str, Array] = {}
        with progress_bar(len(points), "draws", progress) as bar:
            for block in blocks:
                draws = self.sampler.draws(points[block])
                for first in range(0, len(draws), self.together):
                    part = slice(first, min(first + self.together, len(draws)))
                    for name, value in self.answer(draws, part, block.start).items():
                        if name not in found:
                            found[name] = np.empty((len(points), *value.shape[1:]), dtype=value.dtype)
                        found[name][block.start + part.start : block.start + part.stop] = value
                    bar.update(part.stop - part.start)
        return found

    def answer(self, draws: Draws, part: slice, before: int = 0) -> dict[str, Array]:
        """Variables (draw, posture, ...) of some draws, and their priors; ``before`` are how many came before these."""
        count = part.stop - part.start
        stances = self.stances_of(draws, part, before)
        flat = self.solve(self.bodies_of(draws, part), stances)
        found = {name: value.reshape(count, len(self.stance), *value.shape[1:]) for name, value in flat.items()}
        scalars = {f"prior_{name}": own[part] for name, own in draws.values.items() if own.ndim == 1}
        return {**found, **scalars}

    def bodies_of(self, draws: Draws, part: slice) -> Model:
        """The bodies of some draws."""
        columns = drawn_columns(self.model, self.cells, draws, part)
        return Population.drawn(self.model, columns) if columns else self.model

    def stances_of(self, draws: Draws, part: slice, before: int = 0) -> Stance:
        """The stances of some draws, draw by draw; a value that is asked for is added to, or kept, within its range."""
        count, each = part.stop - part.start, len(self.stance)
        own = self.stance.take(np.tile(np.arange(each), count))
        draw, second = np.repeat(np.arange(count), each), np.tile(np.arange(each) >= self.each, count)
        for name, prior in draws.priors.items():
            if not prior.of_stance:
                continue
            values = own.values[prior.target]
            value = draws.values[name][part][draw].reshape(-1, *(1,) * (values.ndim - 1))
            if prior.how == "set":
                if prior.target not in self.asked:
                    values[...] = value
                continue
            changed = second if prior.how == "add to second" else np.ones(len(own), dtype=bool)
            where = changed.reshape(value.shape) & np.ones(values.shape, dtype=bool)
            if prior.target == "turnout_yield":
                where &= own.values["foot_rotation"] > _FORCED
            np.add(values, value, out=values, where=where)
            limits = PARAMETERS[prior.target]
            np.clip(values, limits.least, limits.most, out=values)
        if self.adjust is not None:
            self.adjust(own, before + part.start + draw)
        own.apply_changes()
        return replace(own, body=draw) if self.cells else own

    def solve(self, bodies: Model, stance: Stance) -> dict[str, Array]:
        """Variables over the postures, NaN where one is not optimal."""
        resolve_policies(bodies, stance, self.objective)
        solved = solve_stances(bodies, stance, self.objective, self.results)
        lost = solved.status != OPTIMAL
        found = {"pelvic_tilt": stance.values["pelvic_tilt"]} if self.wants_tilt else {}
        for name, output in self.outputs.items():
            value = output.of(solved)
            if lost.any() and value.dtype.kind == "f":
                value = np.where(lost.reshape(-1, *(1,) * (value.ndim - 1)), np.nan, value)
            found[name] = value
        return found

    def dataset(self, found: Mapping[str, Array], seed: int) -> xr.Dataset:
        """Variables over (stance, dimensions of the stances, sample, ...), and the priors with one value a draw."""
        import xarray as xr

        shape = (len(self.names), *self.grid.shape)
        variables: dict[str, Variable] = {}
        for name, values in found.items():
            if name.startswith("prior_"):
                prior = self.sampler.priors[name.removeprefix("prior_")]
                about = cf_attributes(prior.unit, f"{prior.how} {prior.target}")
                variables[name] = (("sample",), values, about)
                continue
            own = self.outputs[name].dims if name in self.outputs else ()
            attributes = self.outputs[name].attributes if name in self.outputs else _TILT
            moved = np.moveaxis(values, 0, 1)
            shaped = moved.reshape(*shape, *moved.shape[1:])
            variables[name] = (("stance", *self.grid.dims, "sample", *own), shaped, attributes)
        labels = {"stance": self.names, **stance_coordinates(self.grid)}
        coords = labelled(self.model, labels, dims_of(variables) | carried_dims(self.grid))
        return xr.Dataset(variables, coords, {"seed": seed})

    def describe(self, stances: Mapping[str, Mapping[str, Any]], samples: int, seed: int) -> dict[str, str]:
        """The attribute that says what was asked, to ask it again; none where labels, or a rule, cannot be written."""
        if self.adjust is not None:
            return {}
        about = {
            "variables": [*self.outputs, *(["pelvic_tilt"] if self.wants_tilt else [])],
            "samples": samples,
            "seed": seed,
            "priors": {name: asdict(prior) for name, prior in self.sampler.priors.items()},
        }
        told = describe_draws(self.model, stances, self.objective, about)
        return {} if told is None else {STUDY: told}


_TILT = next(output.attributes for output in POLICY_OUTPUTS if output.name == "pelvic_tilt")


def check_stances(stances: object) -> None:
    """Refuse what is no mapping of names to arguments of ``sweep``."""
    if not isinstance(stances, Mapping) or not stances:
        raise StanceError(f"stances: must be a mapping of names to arguments of sweep, not empty; is {shown(stances)}")
    for name, asked in mapping("stances", stances, "names to arguments of sweep").items():
        mapping(f"stances[{name!r}]", asked, "parameters of sweep to values")


def _read(
    model: Model, stances: Mapping[str, Mapping[str, Any]], taken: Collection[str]
) -> tuple[StanceGrid, Stance, set[str]]:
    """The dimensions that all stances have, all of them one after another, and the parameters that any asks for."""
    grids = {}
    for name, asked in stances.items():
        try:
            grids[name] = check_names(model, parse_stance(asked), taken)
        except StanceError as error:
            raise StanceError(f"stances[{name!r}]: {error}") from None
    first = next(iter(grids.values()))
    for name, grid in grids.items():
        if {d: list(labels) for d, labels in grid.dims.items()} != {d: list(v) for d, v in first.dims.items()}:
            raise StanceError(f"stances[{name!r}]: has dimensions {_sizes(grid)}; all stances must have the same")
    parts = [grid.all() for grid in grids.values()]
    values = {key: np.concatenate([part.values[key] for part in parts]) for key in parts[0].values}
    joined = Stance(values, **{code: np.concatenate([getattr(part, code) for part in parts]) for code in CODES})
    # what varies within a stance is no coordinate of all of them
    whole = replace(first, carried=_carried(grids), varied={})
    return whole, joined, {key for asked in stances.values() for key in asked}


def _sizes(grid: StanceGrid) -> str:
    """Dimensions and their labels, for a message."""
    return shown({dim: labels.tolist() for dim, labels in grid.dims.items()})


def _carried(grids: Mapping[str, StanceGrid]) -> dict[str, xr.Variable]:
    """The caller's coordinates: those that all stances have alike, along ``stance`` those that each has its own of."""
    import xarray as xr

    carried: dict[str, xr.Variable] = {}
    for name in dict.fromkeys(name for grid in grids.values() for name in grid.carried):
        having = {stance: grid.carried[name] for stance, grid in grids.items() if name in grid.carried}
        lacking = [stance for stance in grids if stance not in having]
        first = next(iter(having.values()))
        dims = first.dims
        if lacking and name not in grids[lacking[0]].dims:
            raise StanceError(
                f"stances[{lacking[0]!r}]: has no coordinate {name!r}, which others have; all must, or none"
            )
        if any(set(own.dims) != set(dims) for own in having.values()):
            raise StanceError(f"stances: coordinate {name!r} lies along other dimensions in some; must be the same")
        if all(is_same(own, first) for own in having.values()):
            carried[name] = first
        else:
            values = np.stack([own.transpose(*dims).values for own in having.values()])
            carried[name] = xr.Variable(("stance", *dims), values, first.attrs)
    return carried
