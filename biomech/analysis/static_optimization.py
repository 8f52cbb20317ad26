"""``static_optimization``: load sharing for those who bring their own motion and force plates."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import real_number, shown, whole_number
from biomech._interrupts import InterruptsKept
from biomech.analysis.blocks import through_blocks
from biomech.analysis.lazy import LAZY, in_blocks, read_chunks, require_dask, writable
from biomech.analysis.lazy_frames import LazyFrames, has_lazy, of_block
from biomech.analysis.measured.motion import Measured, read_measured
from biomech.analysis.measured.plausibility import explain_reserves
from biomech.analysis.measured.trial import read_trial
from biomech.analysis.output.dataset import OutputBuffer, Variable
from biomech.analysis.output.labels import labelled
from biomech.analysis.output.provenance import provenance
from biomech.analysis.output.status_summary import MASK_HINT, StatusSummary, explain_shortfall
from biomech.analysis.output.variables import describing, outputs_of
from biomech.analysis.progress import read_progress
from biomech.analysis.store.record import STUDY, describe_frames
from biomech.errors import BiomechWarning, StanceError
from biomech.model.model import Model
from biomech.pipeline.objective import read_objective
from biomech.pipeline.solve_measured import FrameSharing, compile_frames, solve_frames
from biomech.pipeline.stance_batch import SharingObjective
from biomech.sharing import Criterion, Power
from biomech.stance.labelled_values import by_name
from biomech.statics.equilibrium import ExternalLoads

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

#: Frames that are solved together: what they need is small beside their answer.
_BLOCK = 512
#: N.m or N: no reserve is larger.
_MOST_RESERVE = 1e6


def static_optimization(
    model: Model,
    coordinates: Mapping[str, Any] | xr.Dataset | str | os.PathLike[str],
    ground_reaction: xr.Dataset | str | os.PathLike[str],
    *,
    criterion: Criterion = Power(2),
    lower: float = 0.0,
    reserve: float | Mapping[str, float] = 0.0,
    strength: str = "force_length",
    lowpass: float | None = None,
    threads: int = 1,
    progress: bool | None = None,
    chunks: Mapping[str, int] | int | Literal["auto"] | None = None,
) -> xr.Dataset:
    """Muscle forces in measured postures, each frame on its own; no passive tissue, no inertia.

    Parameters
    ----------
    model : Model
        The body.
    coordinates : mapping, Dataset, DataFrame or path-like
        The model's coordinate names to values over ``frame``, in degrees (m for translations); scalars are held,
        unnamed coordinates are zero, and scalars alone are a single frame. A DataArray (Series) brings its own
        dimensions, such as ``time``, or ``time`` and ``trial``; labels are aligned with those of the ground reactions,
        and come back with the answer. What is out of the range of its coordinate is not ``valid``; what no body could
        reach is refused. A path is that of a storage file (``.mot``, ``.sto``), as ``bm.read_storage`` reads it.
    ground_reaction : Dataset or path-like
        ``force`` (frame, foot, axis) in N, ``point`` (frame, foot, axis) in m, where it acts, and optionally
        ``moment`` (frame, foot, axis), or ``free_moment`` (frame, foot) about the vertical, in N.m; in ground (x
        forward, y upward), on the calcn of each foot (``right``, ``left``). Without ``frame`` it holds for all, and
        other dimensions may be in its place. NaN is allowed where it means nothing: the point of a foot in the air.
        A path is that of an ExternalLoads file (``.xml``), as ``bm.read_external_loads`` reads it, at the motion's
        times; loads that were read so will do, too.
    criterion : Power, SoftSaturation or MinMax
        How load is shared.
    lower : float
        Least activation, 0..1.
    reserve : float, mapping of str to float, Series or DataArray
        Reserve on every coordinate, or by coordinate, in N.m (N) at unit control; it costs its control squared. 0 is
        none. Measured ground reactions never balance a model quite: the pelvis coordinates usually need some.
    strength : {"force_length", "isometric"}
        OpenSim's rigid-tendon rule, or the maximal isometric force.
    lowpass : float, optional
        Cut-off in Hz of the zero-phase filter through which motion and loads of files go (``bm.io.resample``).
    threads : int
        Threads among which blocks of frames are divided. The result does not depend on it.
    progress : bool, optional
        Whether to show a progress bar; by default only in a terminal and when it takes more than two seconds.
    chunks : mapping of str to int, int or "auto", optional
        Frames of a block along each dimension (``{"time": 10_000}``), to be answered lazily by Dask as in ``sweep``;
        coordinates or ground reactions of Dask do the same, with their own chunks. What reserves say of the data is
        then not looked at. ``threads`` are those of one block.

    Returns
    -------
    Dataset
        ``activation``, ``muscle_force`` (frame, muscle), ``group_activation``, ``group_force`` (frame, group),
        ``required_moment``, ``reserve_moment``, ``shortfall`` (frame, coordinate), ``joint_contact_force`` (frame,
        joint, axis), ``joint_contact_moment`` (frame, joint, axis), what reserves supply included in neither,
        ``lumbar_compression``, ``patellar_tendon_force`` (frame, foot), ``patellofemoral_force`` (frame, foot, axis),
        ``status``, ``limiting_muscle``, ``equilibrium_residual``, ``duality_gap`` and ``valid`` (frame, coordinate):
        whether a coordinate is inside the geometry's trusted range. What was measured comes back as
        ``coordinate_angle`` (frame, coordinate), ``ground_force``, ``center_of_pressure`` and ``plate_moment`` (frame,
        foot, axis), so that ``bm.pose`` and ``bm.rerun`` need nothing else.

    Raises
    ------
    StanceError
        Naming the argument, the value and what is allowed.
    FileError
        A file is none, or damaged; naming its place.

    Warns
    -----
    BiomechWarning
        Reserves give more than 10 % of what is required of a coordinate (of body weight, and its moment on a leg's
        length, where the body as a whole is not balanced): which, how much, and what is likely wrong with the data. Or
        some frames are not optimal: how many, and the first reason, as in ``sweep``.

    Examples
    --------
    >>> import biomech as bm, numpy as np, xarray as xr
    >>> model = bm.load_model("gait2392")
    >>> weight = model.body_mass * 9.80665
    >>> force = xr.DataArray([[0, weight / 2, 0]] * 2, coords={"foot": ["right", "left"], "axis": list("xyz")})
    >>> point = xr.DataArray([[-0.06, 0, 0.09], [-0.06, 0, -0.09]], coords=force.coords)
    >>> ground = xr.Dataset({"force": force, "point": point})
    >>> ds = bm.static_optimization(model, {"pelvis_ty": 0.95}, ground, reserve=10.0)
    >>> int(ds.status[0])
    0
    """
    objective = read_objective(model, criterion, None, strength)
    if not real_number("lower", lower, 0.0, 1.0) < 1.0:
        raise StanceError(f"lower = {shown(lower)}: must be below 1")
    threads, progress = whole_number("threads", threads, 1), read_progress(progress)
    coordinates, ground_reaction, read = read_trial(model, coordinates, ground_reaction, lowpass)
    study = _Sharing(model, objective, float(lower), _reserves(model, reserve), threads)
    if chunks is not None or has_lazy(coordinates, ground_reaction):
        if read:
            warnings.warn(f"static_optimization: {'; '.join(read)}", BiomechWarning, stacklevel=2)
        return _optimize_lazily(study, coordinates, ground_reaction, chunks)
    with InterruptsKept():
        measured = study.read(coordinates, ground_reaction)
        kept, tally = study.solve(measured, progress)
    said = explain_reserves(model, measured, kept.values["required_moment"], kept.values["reserve_moment"])
    overloaded = [f"{tally.message}; {MASK_HINT}"] if tally.first >= 0 else []
    if all_said := [*read, *overloaded, *([said] if said else [])]:
        warnings.warn(f"static_optimization: {'; '.join(all_said)}", BiomechWarning, stacklevel=2)
    return study.dataset(measured, kept.variables(measured.dims, measured.shape), tally.message)


@dataclass(frozen=True)
class _Sharing:
    """How load is shared in every frame."""

    model: Model
    objective: SharingObjective
    lower: float
    reserves: Array
    threads: int

    def read(self, coordinates: Any, ground_reaction: Any) -> Measured:
        """Frames, validated."""
        return read_measured(self.model, coordinates, ground_reaction, outputs_of(self.model, "static_optimization"))

    def solve(self, measured: Measured, progress: bool | None = False) -> tuple[OutputBuffer, StatusSummary]:
        """Answers of the frames, and how many are of which status."""
        model, feet, criterion = self.model, _feet(self.model, measured), self.objective.criterion
        tables = compile_frames(model, FrameSharing(criterion, self.lower, self.reserves, self.objective.force_length))
        kept = OutputBuffer(model, outputs_of(model, "static_optimization"), len(measured), direct=True)

        def work(first: int, last: int) -> StatusSummary:
            block = slice(first, last)
            external = _external_loads(model, measured, feet, block)
            solved = solve_frames(model, tables, measured.q[block], external, kept.results(first, last))
            kept.put(first, last, replace(solved, given=measured.given(block)))
            return StatusSummary.of(solved.status, partial(explain_shortfall, model, solved))

        return kept, through_blocks(work, len(measured), _BLOCK, self.threads, "frames", progress)

    def dataset(self, measured: Measured, variables: Mapping[str, Variable], said: str) -> xr.Dataset:
        """The answer over the caller's own dimensions."""
        import xarray as xr

        about_it = {"message": said, **provenance(self.model, self.objective)}
        reserve = _named(self.model, self.reserves)
        attrs = {
            "title": f"biomech static optimisation of model {about_it['model']}",
            **about_it,
            "lower": repr(self.lower),
            "reserve": json.dumps(reserve),
            STUDY: describe_frames(self.model, self.objective, {"lower": self.lower, "reserve": reserve}),
        }
        found = xr.Dataset(dict(variables), coords=labelled(self.model, measured.labels), attrs=attrs)
        return found.set_coords([name for name in describing() if name in variables])


def _optimize_lazily(study: _Sharing, coordinates: Any, ground_reaction: Any, chunks: object) -> xr.Dataset:
    """The same frames, computed block by block when they are asked for."""
    require_dask()
    lazy = LazyFrames.read(coordinates, ground_reaction, study.read)
    answer = partial(_answer_block, study, lazy.held)
    one = answer(lazy.one_frame(), dict.fromkeys(lazy.sizes, np.zeros(1, dtype=np.int64)))
    lengths = read_chunks(chunks, lazy.sizes, lazy.chunks, {}, one)
    variables = in_blocks(answer, lazy.arrays, one, lengths)
    return writable(study.dataset(lazy.measured, variables, LAZY))


def _answer_block(
    study: _Sharing,
    held: Mapping[str, Any],
    arrays: Mapping[str, xr.DataArray],
    places: Mapping[str, NDArray[np.int64]],
) -> xr.Dataset:
    """The variables of a block of frames; those that are not optimal are counted, as in all of them."""
    import xarray as xr

    measured = study.read(*of_block(held, arrays, places))
    kept, _tally = study.solve(measured)
    return xr.Dataset(kept.variables(measured.dims, measured.shape))


def _named(model: Model, reserves: Array) -> dict[str, float]:
    """Reserves that are not zero, by coordinate."""
    return {name: float(value) for name, value in zip(model.coordinates, reserves, strict=True) if value}


def _reserves(model: Model, reserve: Any) -> Array:
    """Reserve of every coordinate at unit control."""
    names = model.coordinates
    given = by_name("reserve", reserve)
    given = given if isinstance(given, Mapping) else dict.fromkeys(names, given)
    for name, value in given.items():
        if name not in names:
            raise StanceError(f"reserve: no such coordinate {name!r}; the model has {', '.join(names)}")
        real_number(f"reserve of {name}", value, 0.0, _MOST_RESERVE)
    return np.array([float(given.get(name, 0.0)) for name in names])


def _feet(model: Model, measured: Measured) -> dict[int, int]:
    """Of each foot that the body has: where it is among the segments, ground as segment 0."""
    there, segments = {}, model.compiled().segments
    for foot, segment in enumerate(("calcn_r", "calcn_l")):
        if segment in segments:
            there[foot] = 1 + segments.index(segment)
        elif np.any(measured.force[:, foot]) or np.any(measured.moment[:, foot]):
            raise StanceError(
                f"ground_reaction: must be zero on a foot that is not there; the model has no segment of role "
                f"{segment}, on which the ground acts"
            )
    return there


def _external_loads(model: Model, measured: Measured, feet: Mapping[int, int], block: slice) -> ExternalLoads:
    """What the ground does to the feet in some frames."""
    force, point, moment = (part[block] for part in (measured.force, measured.point, measured.moment))
    applied = np.zeros((len(force), len(model.segments) + 1, 6))
    for foot, segment in feet.items():
        applied[:, segment, :3] = force[:, foot]
        applied[:, segment, 3:] = np.cross(point[:, foot], force[:, foot]) + moment[:, foot]
    return ExternalLoads.empty(len(force))._replace(applied=applied.reshape(len(force), -1))
