"""``sweep``: from stances to a labelled Dataset."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import starmap
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biomech._arguments import refusal, whole_number
from biomech._interrupts import InterruptsKept
from biomech.analysis.blocks import through_blocks
from biomech.analysis.lazy import LAZY, in_blocks, is_lazy, read_chunks, require_dask, writable
from biomech.analysis.lazy_stances import LazyStances
from biomech.analysis.output.dataset import OutputBuffer, Variable, policy_variables, sweep_dataset
from biomech.analysis.output.labels import check_names
from biomech.analysis.output.policy_variables import POLICY_VARIABLES
from biomech.analysis.output.status_summary import MASK_HINT, StatusSummary, explain_failure
from biomech.analysis.output.variables import (
    choose_outputs,
    read_names,
    result_arrays,
    sweep_names,
    sweep_outputs,
)
from biomech.analysis.progress import read_progress
from biomech.analysis.store.record import STUDY, describe_sweep
from biomech.errors import BiomechWarning, StanceError, UnreachablePosture
from biomech.model.model import Model
from biomech.model.population import BodySource, Population, SomeBodies
from biomech.pipeline.objective import read_objective
from biomech.pipeline.solve_stances import StanceSolution, solve_stances
from biomech.pipeline.stance_batch import SharingObjective
from biomech.pipeline.status import UNREACHABLE
from biomech.policies.resolve import PolicyResult, resolve_policies
from biomech.sharing import Criterion, Power
from biomech.stance.generated.typed import StanceParameters
from biomech.stance.parsing import MOST_POSTURES, parse_stance
from biomech.stance.stance import BODY, Stance, StanceGrid

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

#: What else a caller may have meant by a name that is not known.
_OPTIONS = (
    "criterion",
    "weight",
    "strength",
    "tone",
    "stiffness_margin",
    "short_range_stiffness",
    "variables",
    "threads",
    "to",
    "chunks",
)
#: Postures solved at a time.
BLOCK = 8192


def sweep(
    model: Model | BodySource,
    *,
    criterion: Criterion = Power(2),
    weight: Mapping[str, float] | ArrayLike | None = None,
    strength: str = "isometric",
    tone: Mapping[str, float] | None = None,
    stiffness_margin: Mapping[str, float] | None = None,
    short_range_stiffness: float = 10.0,
    variables: Iterable[str] | None = None,
    threads: int = 1,
    progress: bool | None = None,
    to: str | os.PathLike[str] | None = None,
    chunks: Mapping[str, Any] | int | Literal["auto"] | None = None,
    **stance: Unpack[StanceParameters],
) -> xr.Dataset:
    """Which muscles carry the load in a set of stances, and what it does to the joints.

    Each 1-D value of a stance parameter becomes a dimension of its own, a scalar is held, a DataArray broadcasts by its
    names, and so does a Series by that of its index; labels along one dimension are aligned, and all that a parameter
    is labelled by comes back. Parameters of a leg take a ``side`` dimension (``right``, ``left``).

    Parameters
    ----------
    model : Model or BodySource
        The body; or several, as of ``biomech.uncertainty.draw_bodies``, along a first dimension ``body``.
    criterion : Power, SoftSaturation or MinMax
        How load is shared: ``Power(2)`` is least sum of squared activations; see ``biomech.sharing``.
    weight : mapping of str to float, or array_like of shape (muscle,), optional
        Weight of muscles in the cost, by name or pattern (``"soleus_*"``), 1 for all others; or of every muscle in the
        order of ``model.muscles``.
    strength : {"isometric", "force_length"}
        Strength of a muscle: its maximal isometric force, or that times OpenSim's rigid-tendon rule.
    tone : mapping of str to float, optional
        Least activation of the muscles of a group, or of those that a name or pattern matches, 0 to 1: tone that
        statics does not ask for (in standing, by EMG, lumbar extensors .01-.04 and abdominals .005-.03). An input,
        never a finding.
    stiffness_margin : mapping of str to float, optional
        Least diagonal stiffness (N.m/rad) of coordinates, which muscles then give by contracting together; 0 asks that
        the joint by itself does not buckle. See ``biomech.stability``. Policies find their angles without it.
    short_range_stiffness : float
        k, stiffness of a muscle times its length over its force, 5 to 40 in the literature; for the margins alone. An
        input, never a finding.
    variables : iterable of str, optional
        What is kept of the answer, besides ``status``; by default everything. A long sweep of one number needs no
        more memory than that number.
    threads : int
        Threads among which the postures are divided.
    progress : bool, optional
        Show a progress bar; by default only in a terminal, when the sweep takes more than two seconds.
    to : path-like, optional
        Where the answer is written: ``"study.zarr"``, task by task, so that it may be larger than memory, and the same
        call goes on where it was stopped or killed, on the workers of a ``distributed.Client`` where there is one; or
        ``"study.nc"``, at once, for what is small. The answer is then that of ``open_study``.
    chunks : mapping of str to int, int or "auto", optional
        Answer lazily, in blocks of so many entries along each dimension, as in xarray: -1 is the whole, "auto" as many
        as fit Dask's ``array.chunk-size``. The Dataset is computed by Dask when it is asked for, on threads, processes
        or a cluster (docs/how_to/clusters.md); a DataArray of Dask does the same, with its own chunks. Each answer is
        the same, whatever the blocks. ``threads`` are those of one block.
    **stance : StanceParameters
        Degrees and metres. A list that holds policies makes a dimension of its own: ``tilt_policy`` (of
        ``pelvic_tilt``), ``lean_policy`` (of ``trunk_lean``), ``knee_policy`` (of ``knee_flexion``).

        - ``pelvic_tilt``: pelvic tilt in space, anterior positive (-25..35 deg, or "least_effort", "hanging",
          "passive", "rhythm"; required).
        - ``foot_rotation``: heading of the foot, toe-out positive (-30..90 deg; by default 0; per leg).
        - ``knee_flexion``: knee flexion, hyperextension negative (-10..120 deg, or "passive"; by default 0; per leg).
        - ``turnout_yield``: turnout taken up below the hip, in knee and foot (0..15 deg; by default 0; per leg).
        - ``knee_laxity``: shift of the knee's passive curve (0..25 deg; by default 5; per leg).
        - ``weight_shift``: place of the weight along the foot, 0 heel, 1 toe tip (0..1; by default 0.42; with any
          support but "seat").
        - ``weight_balance``: place of the weight between the feet, 0 left, 1 right (0..1; by default 0.5; with
          support="both" or "step" or "stride").
        - ``pelvic_rotation``: heading of pelvis and trunk, to the left positive (-60..60 deg; by default 0).
        - ``pelvic_list``: pelvic list, the side of the free or the trailing leg lower positive (-20..20 deg; by default
          0; with any support but "both", "seat").
        - ``stance_width``: distance between the ankle centres (0.05..1 m; by default 0.17).
        - ``trunk_lean``: inclination of the line from L5/S1 to C7, forward positive (-30..100 deg, or "hanging_sway";
          by default 0).
        - ``trunk_side_lean``: sideways lean of the trunk, to the right positive (-30..30 deg; by default 0).
        - ``tilt_change``: change of pelvic tilt, added to what is given or found (-25..25 deg; by default 0).
        - ``lumbar_rhythm``: factor on the lumbar spine's share of a lean (0..1.4; by default 1).
        - ``slope``: slope of the floor, uphill positive (-30..30 deg; by default 0).
        - ``cross_slope``: sideways slope of the floor, right side lower positive (-30..30 deg; by default 0).
        - ``friction``: coefficient of friction of the floor (0..2; by default 0.6).
        - ``step_height``: height of the right foot's step above the left foot (0..0.5 m; by default 0.17; with
          support="step").
        - ``step_length``: how far the right foot is ahead of the left (-0.5..0.8 m; by default 0.25; with
          support="step" or "stride").
        - ``seat_height``: height of the seat above the floor (0.2..1 m; by default 0.45; with support="seat").
        - ``hand_support``: weight that hands leave on the thighs, over the arms' weight (0..5; by default 0.27; with
          arms="thighs").
        - ``load_mass``: mass carried by the trunk (0..200 kg; by default 0; with load_position).
        - ``load_position``: place of the load in the trunk frame ((x, y, z) in -2..2 m).
        - ``support``: what bears the body: "both", "right", "left", "seat", "step", "stride"; by default the first.
        - ``arms``: how the arms are held: "hanging", "fixed", "thighs"; by default the first.

    Returns
    -------
    Dataset
        Variables with ``units`` and ``long_name``: ``activation``, ``muscle_force`` (..., muscle),
        ``group_activation``, ``group_force`` (..., group), ``passive_moment``, ``shortfall``, ``coordinate_angle``
        (..., coordinate), ``joint_contact_force`` and ``joint_contact_moment`` (..., joint, axis),
        ``joint_compression`` (..., joint), ``patellar_tendon_force`` (..., foot), ``patellofemoral_force`` (..., foot,
        axis), which models without patellae lack, ``passive_path_tension`` (..., passive_path) of those with springs or
        ligaments along paths, ``lumbar_compression``, ``ground_force``,
        ``center_of_pressure`` (..., foot, axis), ``free_moment`` (..., foot), ``pelvic_tilt``, ``status`` (0 =
        optimal), ``limiting_muscle``, ``equilibrium_residual``, ``duality_gap`` and ``valid``; ``utilized_friction``
        and ``turnout_reserve`` (..., foot), ``seat_force`` (..., axis); of models that have such ``bushing_force``,
        ``bushing_moment`` (..., bushing, axis) and ``point_spring_force`` (..., point_spring).

    Raises
    ------
    StanceError
        A parameter is unknown or out of range; the message names it, the value and what is allowed.
    StudyError
        ``to`` holds something else, cannot be written, or is being written by another process.
    UnreachablePosture
        A single posture cannot be taken: what misses what by how many mm or deg, and which parameter would mend it. In
        a sweep its ``status`` says so, the warning why, and the rest goes on.

    Warns
    -----
    BiomechWarning
        Once, where some posture is not optimal: how many of each status, and the reason of the first. The numbers of an
        overloaded posture come nearest to balance but do not balance; those of an uncertified one balance, but that no
        cheaper sharing exists is not proven; an unreachable one has none. ``ds.where(ds.status == 0)`` masks them all.

    Examples
    --------
    >>> import biomech as bm
    >>> ds = bm.sweep(bm.load_model(), pelvic_tilt=0, knee_flexion=[0, 30])
    >>> ds.group_activation.sel(group="quadriceps").round(3).values
    array([0.   , 0.079])
    >>> bool((ds.status == 0).all())
    True
    """
    bodies, model = (model, model.model) if isinstance(model, BodySource) else (None, model)
    objective = read_objective(model, criterion, weight, strength, tone, stiffness_margin, short_range_stiffness)
    if bodies is not None and objective.stiffness is not None:
        raise refusal("stiffness_margin", stiffness_margin, "None where there are several bodies")
    threads, progress = whole_number("threads", threads, 1), read_progress(progress)
    names = None if variables is None else read_names(sweep_outputs(model), variables)
    terms = _Terms(model, bodies, objective, names, threads)
    if chunks is not None or any(map(is_lazy, stance.values())):
        if to is not None:
            raise refusal("to", to, "None for what is lazy; ds.to_zarr(...) writes it, block by block")
        return _sweep_lazily(terms, stance, chunks)
    with InterruptsKept():
        study = _Sweep(terms, terms.read(stance))
        if to is not None:
            from biomech.analysis.store import store_study

            found, said = store_study(to, study, progress)
        else:
            answer, tally = study.solve(0, len(study.asked), progress=progress)
            found, said = study.dataset(answer, tally.message), tally.message if tally.first >= 0 else ""
    if said:
        warnings.warn(f"sweep: {said}; {MASK_HINT}", BiomechWarning, stacklevel=2)
    return found


@dataclass(frozen=True)
class _Terms:
    """What is asked of every stance of a sweep: of which bodies, how effort is counted, what is kept."""

    model: Model
    bodies: BodySource | None
    objective: SharingObjective
    names: list[str] | None
    threads: int

    def read(self, stance: Mapping[str, Any], most: float = MOST_POSTURES) -> StanceGrid:
        """The stances of a sweep, validated; at most so many."""
        labels = {} if self.bodies is None else self.bodies.labels()
        taken = sweep_names(self.model) | (set() if self.bodies is None else {BODY, *labels})
        asked = check_names(self.model, parse_stance(stance, _OPTIONS, most), taken)
        if self.bodies is None:
            return asked
        if len(asked) * len(self.bodies) > most:
            raise StanceError(
                f"{len(self.bodies):,} bodies x {len(asked):,} postures: allowed are {most:,} in one sweep"
            )
        return asked.over_bodies(len(self.bodies), labels)

    def describe(self, asked: StanceGrid, answered: Collection[str]) -> str:
        """What a sweep of these stances can be computed from again."""
        body = self.model if self.bodies is None else self.bodies
        return describe_sweep(body, asked, self.objective, self.names, answered)


@dataclass(frozen=True)
class _Sweep:
    """A sweep that was validated: postures that are solved a stretch at a time, each for itself."""

    terms: _Terms
    asked: StanceGrid

    @property
    def shape(self) -> tuple[int, ...]:
        """Postures along each dimension."""
        return self.asked.shape

    @property
    def words(self) -> tuple[str, ...]:
        """What text of an answer may be."""
        return self.terms.model.muscles

    def solve(
        self,
        start: int,
        end: int,
        shape: tuple[int, ...] | None = None,
        advance: Callable[[int], None] | None = None,
        progress: bool | None = False,
    ) -> tuple[dict[str, Variable], StatusSummary]:
        """Answers of postures ``start`` to ``end``, the last not included, in the order of the dimensions.

        ``shape`` is that of a stretch, if it is not the whole; ``advance`` is told how many postures are done.
        """
        terms, asked, objective, count = self.terms, self.asked, self.terms.objective, end - start
        outputs = choose_outputs(sweep_outputs(terms.model), terms.names)
        wanted = result_arrays(outputs.values()) | {"shortfall"}
        tilt = np.empty(count)
        settled = PolicyResult.none(count) if asked.has_policy else None
        kept = OutputBuffer(terms.model, outputs, count, direct=True)

        def work(first: int, last: int) -> StatusSummary:
            return reduce(StatusSummary.joined, starmap(answer, self._blocks(start + first, start + last)))

        def answer(model: Model, block: Stance, first: int, last: int) -> StatusSummary:
            first, last = first - start, last - start
            block.apply_changes()
            if settled is None:
                block.values["pelvic_tilt"] += block.values["tilt_change"]
            else:
                settled.put(first, last, resolve_policies(model, block, objective))
            tilt[first:last] = block.values["pelvic_tilt"]
            solved = solve_stances(model, block, objective, wanted, kept.results(first, last))
            kept.put(first, last, solved)
            if advance is not None:
                advance(last - first)
            return StatusSummary.of(solved.status, lambda i: self._explain(block, solved, i, start + first + i))

        alone = terms.bodies is not None and terms.bodies.one_by_one
        size = min(BLOCK, asked.per_body) if alone else BLOCK
        tally = through_blocks(work, count, size, terms.threads, "postures", progress)
        if not asked.dims and tally.counts[UNREACHABLE]:
            raise UnreachablePosture(tally.reason)
        about_policies = policy_variables(asked, tilt, settled, shape)
        if terms.names is not None:
            about_policies = {name: variable for name, variable in about_policies.items() if name in terms.names}
        return kept.variables(tuple(asked.dims), asked.shape if shape is None else shape) | about_policies, tally

    def _blocks(self, first: int, last: int) -> Iterator[tuple[Model, Stance, int, int]]:
        """Postures ``first`` to ``last`` of each body, or of several that are answered together, and their places."""
        bodies = self.terms.bodies
        if bodies is None:
            yield self.terms.model, self.asked.postures(first, last), first, last
            return
        each = self.asked.per_body
        for model, least, most in bodies.parts(first // each, (last - 1) // each + 1):
            start, end = max(first, least * each), min(last, most * each)
            block = self.asked.postures(start, end)
            body = block.body - least if isinstance(model, Population) and block.body is not None else None
            yield model, replace(block, body=body), start, end

    def _explain(self, block: Stance, solved: StanceSolution, i: int, posture: int) -> str | Callable[[], str]:
        """Why posture ``i`` of a block, ``posture`` of the whole, is not optimal."""
        bodies, objective = self.terms.bodies, self.terms.objective
        if bodies is None:
            return explain_failure(self.terms.model, block, objective, solved, i)
        own = bodies.body(posture // self.asked.per_body)
        return explain_failure(own, replace(block, body=None), objective, solved, i)

    def dataset(self, variables: dict[str, Variable], said: str) -> xr.Dataset:
        """The dataset of these variables, with what is needed to compute it again."""
        found = sweep_dataset(self.terms.model, self.asked, self.terms.objective, variables, said)
        found.attrs[STUDY] = self.terms.describe(self.asked, variables)
        return found


def _sweep_lazily(terms: _Terms, stance: Mapping[str, Any], chunks: object) -> xr.Dataset:
    """The same sweep, computed block by block when it is asked for."""
    require_dask()
    lazy = LazyStances.read(stance, partial(terms.read, most=np.inf))
    answer = partial(_solve_block, terms, lazy.held, lazy.order)
    one = _with_findings(terms, lazy, answer(lazy.one_entry(), _FIRST))
    lengths = read_chunks(chunks, lazy.sizes, lazy.chunks, lazy.whole, one)
    variables = in_blocks(answer, lazy.swept, one, lengths)
    found = sweep_dataset(terms.model, lazy.grid, terms.objective, variables, LAZY)
    if not any(map(is_lazy, lazy.swept.values())):  # what is lazy itself has no numbers to tell
        found.attrs[STUDY] = terms.describe(lazy.grid, variables)
    return writable(found)


#: The first body alone.
_FIRST = {BODY: np.zeros(1, dtype=np.int64)}


def _with_findings(terms: _Terms, lazy: LazyStances, one: xr.Dataset) -> xr.Dataset:
    """With what its policies find of a body that just stands, if the one entry is out of reach and shows nothing."""
    if not lazy.policies:
        return one
    asked = {"pelvic_tilt": 0.0, **lazy.policies}
    standing = _solve_block(terms, asked, [*asked], {}, _FIRST)
    nothing = np.full(one.status.shape, np.nan)
    lacking = [name for name in POLICY_VARIABLES if name in standing and name not in {*one, *one.dims}]
    return one.assign({name: (one.status.dims, nothing, standing[name].attrs) for name in lacking})


def _solve_block(
    terms: _Terms,
    held: Mapping[str, Any],
    order: list[str],
    swept: Mapping[str, xr.DataArray],
    places: Mapping[str, NDArray[np.int64]],
) -> xr.Dataset:
    """The variables of a block of stances; those that are not optimal are counted, as in all of a sweep."""
    import xarray as xr

    if terms.bodies is not None:
        first, last = int(places[BODY][0]), int(places[BODY][-1]) + 1
        terms = replace(terms, bodies=SomeBodies(terms.bodies, first, last))
    asked = terms.read({name: held[name] if name in held else swept[name] for name in order})
    answer, _ = _Sweep(terms, asked).solve(0, len(asked))
    return xr.Dataset(answer)
