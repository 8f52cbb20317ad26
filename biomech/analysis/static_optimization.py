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
from biomech.analysis.measured.floor import FRICTION, as_plates
from biomech.analysis.measured.limits import told
from biomech.analysis.measured.moments import rows_to_meet
from biomech.analysis.measured.motion import Measured, read_measured
from biomech.analysis.measured.outputs import measured_outputs
from biomech.analysis.measured.plausibility import explain_reserves
from biomech.analysis.measured.trial import Trial, read_trial
from biomech.analysis.output.dataset import OutputBuffer, Variable
from biomech.analysis.output.labels import labelled
from biomech.analysis.output.provenance import provenance
from biomech.analysis.output.status_summary import MASK_HINT, StatusSummary, explain_shortfall
from biomech.analysis.output.variables import describing, outputs_of
from biomech.analysis.progress import read_progress
from biomech.analysis.store.record import STUDY, describe_frames
from biomech.errors import BiomechWarning, ModelError, StanceError
from biomech.model.model import Model
from biomech.model.roles import FEET
from biomech.model.tables import optional
from biomech.pipeline.objective import read_objective
from biomech.pipeline.solve_measured import FrameSharing, compile_frames, solve_frames
from biomech.pipeline.solve_predicted import soles_of, solve_predicted
from biomech.pipeline.stance_batch import SharingObjective
from biomech.sharing import Criterion, Power
from biomech.stance.labelled_values import by_name
from biomech.statics.equilibrium import ExternalLoads

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = NDArray[np.float64]

#: Frames that are solved together: what they need is small beside their answer.
_BLOCK = 512
_ANALYSIS = "static_optimization"
#: N.m or N: no reserve is larger.
_MOST_RESERVE = 1e6


def static_optimization(
    model: Model,
    coordinates: Mapping[str, Any] | xr.Dataset | str | os.PathLike[str],
    ground_reaction: xr.Dataset | str | os.PathLike[str] | None = None,
    *,
    loads: xr.Dataset | pd.DataFrame | str | os.PathLike[str] | None = None,
    moments: Mapping[str, Any] | xr.Dataset | str | os.PathLike[str] | None = None,
    criterion: Criterion = Power(2),
    lower: float | Mapping[str, Any] | xr.DataArray = 0.0,
    upper: float | Mapping[str, Any] | xr.DataArray = 1.0,
    weight: float | Mapping[str, Any] | xr.DataArray = 1.0,
    reserve: float | Mapping[str, float] = 0.0,
    strength: str = "force_length",
    up: str = "y",
    floor_height: float | None = None,
    in_contact: xr.DataArray | None = None,
    inertia: bool | str = False,
    lowpass: float | None = None,
    threads: int = 1,
    progress: bool | None = None,
    chunks: Mapping[str, int] | int | Literal["auto"] | None = None,
) -> xr.Dataset:
    """Muscle forces in measured postures, each frame on its own; no passive tissue, and inertia only if asked for.

    Limits and springs of coordinates that a model file brings (table ``coordinate_forces``) act all the same, and so do
    its springs and ligaments along paths (``passive_paths``), its bushings and springs between segments; ``moments``
    that are given are what these leave for muscles and reserves.

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
    ground_reaction : Dataset or path-like, optional
        ``force`` (frame, foot, axis) in N, ``point`` (frame, foot, axis) in m, where it acts, and optionally
        ``moment`` (frame, foot, axis), or ``free_moment`` (frame, foot) about the vertical, in N.m; in ground (x
        forward, y upward), on the calcn of each foot (``right``, ``left``). Without ``frame`` it holds for all, and
        other dimensions may be in its place. NaN is allowed where it means nothing: the point of a foot in the air.
        A path is that of an ExternalLoads file (``.xml``), as ``bm.read_external_loads`` reads it, at the motion's
        times; loads that were read so will do, too, whatever they act on. None: the ground does nothing.
        ``"predicted"``: nobody measured it; what the points of the soles bear, within friction cones (``friction`` 0.6)
        as in ``sweep``, are unknowns of the same problem. Statics alone: a walk needs reserves on the pelvis.
    loads : Dataset, DataFrame or path-like, optional
        Forces and moments on any segment besides: a handle, a crutch, an exoskeleton. ``force`` in N, ``point`` in m
        and ``moment`` in N.m about that point, over frames, ``load`` and ``axis``, with the coordinates ``segment``,
        on which each load acts, ``force_frame``, along whose axes force and moment are told, and ``point_frame``, in
        which the point is: a segment, or ``ground``, which they are if not given. Without ``point`` a force acts at
        the origin of its segment. In a DataFrame a row is a load, with the columns ``segment``, ``force_x`` and so on;
        one more column, or its index, tells the frames. A path is that of an ExternalLoads file.
    moments : mapping, Dataset, DataFrame or path-like, optional
        What muscles must do on coordinates, in N.m (N), in place of forces: generalised forces of inverse dynamics,
        which has in it already what springs, limits and ligaments of the body do, as OpenSim's has; by coordinate or as
        OpenSim calls them (``knee_angle_r_moment``, ``pelvis_ty_force``); a path is that of its storage file, which
        ``lowpass`` leaves as it is. Coordinates without one are left out, and so is what is left over at a joint to
        ground on which neither a muscle nor a reserve acts. What forces alone tell, such as joint contact forces, is
        not in the answer then.
    criterion : Power, SoftSaturation or MinMax
        How load is shared. ``SoftSaturation`` measures activation by ``upper``.
    lower, upper : float, mapping, Series, DataFrame or DataArray
        Least and largest activation, 0..1, such as EMG gives them: one for all, or by muscle, group or pattern (the
        last that matches holds), each a number or values over frames; a DataArray over ``muscle``, labelled, and the
        dimensions of the frames. A frame whose load cannot be borne within them has the status ``overloaded``.
    weight : float, mapping, Series, DataFrame or DataArray
        Weight of each muscle in the cost, given likewise; weights that vary from frame to frame take longer.
    reserve : float, mapping of str to float, Series or DataArray
        Reserve on every coordinate, or by coordinate, in N.m (N) at unit control; it costs its control squared. 0 is
        none. Path actuators that a model file has pull along their paths, within the limits of their control, where
        they are given by name, in N at unit control: ``model.reserves`` has them. Measured ground reactions never
        balance a model quite: the pelvis coordinates usually need some.
    strength : {"force_length", "isometric"}
        OpenSim's rigid-tendon rule, or the maximal isometric force.
    up : {"y", "z"}
        Which axis of the laboratory points upward, of ground reactions and loads that are told in ground. From z
        upward (x, y, z) becomes (x, z, -y).
    floor_height : float, optional
        Where the ground is predicted, the height of its floor in m; by default that of the lowest point of both soles
        (``contact_points``) in the median of all frames.
    in_contact : DataArray of bool, optional
        Where the ground is predicted, whether each foot is on the floor, over frames and ``foot``. By default it is
        where its lowest point is within 1 cm of the floor; a foot in swing that comes so near must be told. Of a foot
        on the floor the points up to 1 cm above may bear load.
    inertia : bool or {"smoothed", "interpolated"}
        Whether the motion asks for forces: inverse dynamics in place of statics, for frames along ``time`` in s, of a
        body whose segments have moments of inertia (table ``inertias``). Accelerations are those of cubic smoothing
        splines, their smoothness by cross-validation; or of splines of fifth degree through all samples, of a motion
        that was filtered before. True is the latter with ``lowpass``, which then filters the motion alone, and as
        OpenSim's inverse dynamics does: third order, forth and back, its cut-off that of one pass.
    lowpass : float, optional
        Cut-off in Hz of the zero-phase filter through which motion and loads of files go (``bm.io.resample``).
    threads : int
        Threads among which blocks of frames are divided. The result does not depend on it.
    progress : bool, optional
        Whether to show a progress bar; by default only in a terminal and when it takes more than two seconds.
    chunks : mapping of str to int, int or "auto", optional
        Frames of a block along each dimension (``{"time": 10_000}``), to be answered lazily by Dask as in ``sweep``;
        arguments of Dask do the same, with their own chunks. What reserves say of the data is then not looked at.
        ``threads`` are those of one block.

    Returns
    -------
    Dataset
        ``activation``, ``muscle_force`` (frame, muscle), ``group_activation``, ``group_force`` (frame, group),
        ``required_moment``, ``reserve_moment``, ``shortfall`` (frame, coordinate), ``joint_contact_force`` (frame,
        joint, axis), ``joint_contact_moment`` (frame, joint, axis), what reserves of coordinates supply in neither,
        ``lumbar_compression``, ``patellar_tendon_force`` (frame, foot), ``patellofemoral_force`` (frame, foot, axis),
        ``passive_path_tension`` (frame, passive_path) and ``path_actuator_force`` (frame, path_actuator) of bodies that
        have such, ``status``, ``limiting_muscle``, ``equilibrium_residual``, ``duality_gap`` and ``valid`` (frame,
        coordinate): whether a coordinate is inside the geometry's trusted range. What was measured comes back as
        ``coordinate_angle`` (frame, coordinate), ``ground_force``, ``center_of_pressure`` and ``plate_moment`` (frame,
        foot, axis), so that ``bm.pose`` and ``bm.rerun`` need nothing else; and where they were given
        ``external_force`` and ``external_moment`` (frame, segment, axis), in ground and about its origin,
        ``given_moment`` (frame, coordinate), ``in_contact`` (frame, foot), and of limits that vary
        ``activation_lower``, ``activation_upper``, ``activation_weight`` (frame, muscle).

    Raises
    ------
    ModelError
        The body has no muscles; or with ``inertia`` a segment has a mass, and no moments of inertia.
    StanceError
        Naming the argument, the value and what is allowed. Arrays that say their units (``attrs["units"]``) in others
        than these are converted (mm, rad, N.mm, ms), or refused if that is none of theirs.
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
    >>> weak = bm.static_optimization(model, {"pelvis_ty": 0.95}, ground, reserve=10.0, upper={"med_gas*": 0.01})
    >>> [float(own.activation.sel(muscle="med_gas_r")[0]) > 0.01 for own in (ds, weak)]
    [True, False]
    """
    objective = read_objective(model, criterion, None, strength)
    if not model.muscles:
        raise ModelError(f"model {model.name!r} has no muscles that could share its load")
    if isinstance(lower, int | float) and lower == 1.0:
        raise StanceError(f"lower = {shown(lower)}: must be below 1")
    threads, progress = whole_number("threads", threads, 1), read_progress(progress)
    limits = {"lower": lower, "upper": upper, "weight": weight}
    trial = read_trial(
        model, coordinates, ground_reaction, loads, moments, limits, lowpass, up, floor_height, in_contact, inertia
    )
    study = _Sharing(model, objective, _reserves(model, reserve), threads)
    if chunks is not None or has_lazy(trial):
        if trial.inertia:
            raise StanceError("inertia: needs the whole motion; must be False where frames are lazy")
        if trial.is_predicted and trial.floor is None:
            raise StanceError("floor_height: must be given where frames are lazy: it is found from all of them")
        if trial.said:
            warnings.warn(f"static_optimization: {'; '.join(trial.said)}", BiomechWarning, stacklevel=2)
        return _optimize_lazily(study, trial, chunks)
    with InterruptsKept():
        measured = study.read(trial)
        kept, tally = study.solve(measured, progress)
    said = explain_reserves(model, measured, kept.values["required_moment"], kept.values["reserve_moment"])
    overloaded = [f"{tally.message}; {MASK_HINT}"] if tally.first >= 0 else []
    if all_said := [*trial.said, *overloaded, *([said] if said else [])]:
        warnings.warn(f"static_optimization: {'; '.join(all_said)}", BiomechWarning, stacklevel=2)
    return study.dataset(measured, kept.variables(measured.dims, measured.shape), tally.message, trial.inertia)


@dataclass(frozen=True)
class _Sharing:
    """How load is shared in every frame."""

    model: Model
    objective: SharingObjective
    reserves: Array
    threads: int

    def read(self, trial: Trial) -> Measured:
        """Frames, validated."""
        return read_measured(self.model, trial, outputs_of(self.model, _ANALYSIS), self.objective.criterion.is_steep)

    def solve(self, measured: Measured, progress: bool | None = False) -> tuple[OutputBuffer, StatusSummary]:
        """Answers of the frames, and how many are of which status."""
        model, feet, criterion = self.model, _feet(self.model, measured), self.objective.criterion
        rows, demand = model.compiled().actuated, None
        if measured.moments is not None:
            rows, demand = rows_to_meet(model, measured.moments, self.reserves)
        sharing = FrameSharing(criterion, self.reserves, self.objective.force_length, rows)
        tables = compile_frames(model, sharing, measured.limits)
        kept = OutputBuffer(model, measured_outputs(model, measured), len(measured), direct=True)

        full = (measured.limits.upper == 1.0).all()
        most = "at full strength" if full else "at its largest activation"

        def work(first: int, last: int) -> StatusSummary:
            block = slice(first, last)
            external = _external_loads(model, measured, feet, block)
            asked = None if demand is None else np.ascontiguousarray(demand[block])
            arrays, limits = kept.results(first, last), measured.limits.of(block)
            given = measured.given(block)
            if measured.touches is not None and measured.floor is not None:
                touches, soles = measured.touches[block], soles_of(model)
                solved, ground = solve_predicted(
                    model, tables, soles, measured.q[block], external, arrays, limits, touches, FRICTION
                )
                given |= as_plates(ground, measured.floor)
            else:
                solved = solve_frames(model, tables, measured.q[block], external, arrays, limits, asked)
            kept.put(first, last, replace(solved, given=given))
            return StatusSummary.of(solved.status, partial(explain_shortfall, model, solved, most=most))

        return kept, through_blocks(work, len(measured), _BLOCK, self.threads, "frames", progress)

    def dataset(
        self, measured: Measured, variables: Mapping[str, Variable], said: str, inertia: str = ""
    ) -> xr.Dataset:
        """The answer over the caller's own dimensions."""
        import xarray as xr

        about_it = {"message": said, **provenance(self.model, self.objective)}
        about: dict[str, Any] = {
            name: None if name in measured.varying else told(self.model, own)
            for name, own in measured.limits._asdict().items()
        }
        if measured.floor is not None:
            about["floor_height"] = measured.floor
        if inertia:
            about["inertia"] = inertia
        about["reserve"] = _named(self.model, self.reserves)
        about = {name: own for name, own in about.items() if name not in ("upper", "weight") or own != 1.0}
        attrs = {
            "title": f"biomech static optimisation of model {about_it['model']}",
            **about_it,
            **{name: "by frame" if own is None else json.dumps(own) for name, own in about.items()},
            STUDY: describe_frames(self.model, self.objective, about),
        }
        coords = labelled(self.model, measured.labels)
        if any("segment" in dims for dims, _, _ in variables.values()):
            coords = xr.Coordinates({**coords, "segment": list(self.model.segments)})
        found = xr.Dataset(dict(variables), coords=coords, attrs=attrs)
        return found.set_coords([name for name in describing() if name in variables])


def _optimize_lazily(study: _Sharing, trial: Trial, chunks: object) -> xr.Dataset:
    """The same frames, computed block by block when they are asked for."""
    require_dask()
    lazy = LazyFrames.read(trial, study.read)
    answer = partial(_answer_block, study, lazy.held)
    one = answer(lazy.one_frame(), dict.fromkeys(lazy.sizes, np.zeros(1, dtype=np.int64)))
    lengths = read_chunks(chunks, lazy.sizes, lazy.chunks, {}, one)
    variables = in_blocks(answer, lazy.arrays, one, lengths)
    return writable(study.dataset(lazy.measured, variables, LAZY))


def _answer_block(
    study: _Sharing,
    held: Trial,
    arrays: Mapping[str, xr.DataArray],
    places: Mapping[str, NDArray[np.int64]],
) -> xr.Dataset:
    """The variables of a block of frames; those that are not optimal are counted, as in all of them."""
    import xarray as xr

    measured = study.read(of_block(held, arrays, places))
    kept, _tally = study.solve(measured)
    return xr.Dataset(kept.variables(measured.dims, measured.shape))


def _named(model: Model, reserves: Array) -> dict[str, float]:
    """Reserves that are not zero, by coordinate or path actuator."""
    return {name: float(value) for name, value in zip(_reserved(model), reserves, strict=True) if value}


def _reserved(model: Model) -> tuple[str, ...]:
    """What may have a reserve, or be one: coordinates, and then path actuators."""
    return (*model.coordinates, *optional(model.tables, "path_actuators").rows)


def _reserves(model: Model, reserve: Any) -> Array:
    """Reserve of every coordinate and path actuator at unit control."""
    names = _reserved(model)
    given = by_name("reserve", reserve)
    given = given if isinstance(given, Mapping) else dict.fromkeys(model.coordinates, given)
    for name, value in given.items():
        if name not in names:
            raise StanceError(f"reserve: no such coordinate {name!r}; the model has {', '.join(names)}")
        real_number(f"reserve of {name}", value, 0.0, _MOST_RESERVE)
    return np.array([float(given.get(name, 0.0)) for name in names])


def _feet(model: Model, measured: Measured) -> dict[int, int]:
    """Of each foot that the body has: where it is among the segments, ground as segment 0."""
    there, segments = {}, model.compiled().segments
    for foot, segment in enumerate(FEET):
        if segment in segments:
            there[foot] = 1 + segments.index(segment)
        elif np.any(measured.force[:, foot]) or np.any(measured.moment[:, foot]):
            raise StanceError(
                f"ground_reaction: must be zero on a foot that is not there; the model has no segment of role "
                f"{segment}, on which the ground acts"
            )
    return there


def _external_loads(model: Model, measured: Measured, feet: Mapping[int, int], block: slice) -> ExternalLoads:
    """What acts on the segments in some frames."""
    force, point, moment = (part[block] for part in (measured.force, measured.point, measured.moment))
    applied = np.zeros((len(force), len(model.segments) + 1, 6))
    for foot, segment in feet.items():
        applied[:, segment, :3] = force[:, foot]
        applied[:, segment, 3:] = np.cross(point[:, foot], force[:, foot]) + moment[:, foot]
    for more in (measured.applied, measured.inertial):
        if more is not None:
            applied += more[block]
    return ExternalLoads.empty(len(force))._replace(applied=applied.reshape(len(force), -1))
