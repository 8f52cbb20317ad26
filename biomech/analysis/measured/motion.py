"""Measured motion and ground reactions, read by their labels: one row a frame, in the caller's own dimensions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import (
    Given,
    aligned,
    carried,
    over,
    plain_label,
    read_coordinates,
    read_numbers,
    with_dimensions,
)
from biomech.analysis.measured.floor import check_contact, floor_of, touching
from biomech.analysis.measured.inertia import inertias_of, rates, wrenches_of_inertia
from biomech.analysis.measured.limits import LIMITS, check_bounds, placed, read_limits
from biomech.analysis.measured.loads import check_loads, in_ground, wrenches
from biomech.analysis.measured.plates import read_plates
from biomech.analysis.measured.trial import ON_FEET, Trial
from biomech.analysis.output.labels import DIMENSIONS
from biomech.analysis.output.variables import GIVEN
from biomech.errors import StanceError
from biomech.io.external_loads import at_one_point
from biomech.model.geometry import followed
from biomech.model.model import Model
from biomech.model.roles import FEET
from biomech.pipeline.solve_measured import MuscleLimits
from biomech.pipeline.solve_predicted import soles_of
from biomech.stance.parameters import AXES, SIDES

Array = NDArray[np.float64]

#: More frames than this are no measurement: dimensions that were to be one were multiplied.
_MOST_FRAMES = 10**8
_INNER = ("foot", "axis")
#: What stands before the coordinate of a moment in messages.
_OF_MOMENTS = "moments of "
_OWN = frozenset({*DIMENSIONS, "side", "segment", "load"})
_GIVEN = frozenset(output.name for output in GIVEN)
#: How far beyond the range of its coordinate a measured value is still a body's, deg and m. Skin moves on bone and
#: joints differ; and where a pelvis is in a laboratory, and which way it faces, no joint limits.
_BEYOND_JOINT, _BEYOND_TURN, _BEYOND_PLACE = 30.0, 360.0, 5.0


class Measured(NamedTuple):
    """Frames one below the other.

    ``angle`` (frame, coordinate) in deg and m, counted as roles are, and ``q``, the same in rad and m; ``force``,
    ``point`` and ``moment`` (frame, foot, axis), a missing centre of pressure of a foot in the air being 0; ``dims``
    and ``shape`` of the frames, and the caller's ``labels``. ``limits`` of muscles, (frame or 1, muscle), and the names
    of those that are ``varying``, given by frame. ``applied`` (frame, segment, 6): force and moment about the origin of
    ground of loads on segments, ground as segment 0, and ``inertial`` of their inertia; ``moments`` (frame,
    coordinate), counted as roles are, NaN where none was given, in place of all forces; None where there are none.
    Where the ground is to be predicted ``floor`` is its height in m, ``touches`` (frame, point) which points of the
    soles may bear load, ``in_contact`` (frame, foot) which feet are on it.
    """

    angle: Array
    q: Array
    force: Array
    point: Array
    moment: Array
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    labels: dict[str, Any]
    limits: MuscleLimits
    varying: frozenset[str] = frozenset()
    applied: Array | None = None
    inertial: Array | None = None
    moments: Array | None = None
    floor: float | None = None
    touches: NDArray[np.bool_] | None = None
    in_contact: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.q)

    def name(self, frame: int) -> str:
        """What a frame is called, by its labels."""
        return frame_name(self.dims, self.shape, self.labels, frame)

    def given(self, block: slice) -> dict[str, Array]:
        """What was measured in some frames, by the name of its variable: enough to read the same frames again."""
        force = self.force[block]
        loaded = force.any(axis=-1, keepdims=True)
        found = {
            "coordinate_angle": self.angle[block],
            "ground_force": force,
            "center_of_pressure": np.where(loaded, self.point[block], np.nan),
            "plate_moment": self.moment[block],
        }
        if self.applied is not None:
            found |= {"external_force": self.applied[block, 1:, :3], "external_moment": self.applied[block, 1:, 3:]}
        if self.moments is not None:
            found["given_moment"] = self.moments[block]
        if self.in_contact is not None:
            found["in_contact"] = self.in_contact[block]
        for name in self.varying:
            values = getattr(self.limits, name)
            found[f"activation_{name}"] = values[block] if len(values) > 1 else values[: len(force)]
        return found

    @property
    def total_force(self) -> Array:
        """Everything that pushes the body besides gravity, N: (frame, axis)."""
        total = self.force.sum(axis=1)
        for applied in (self.applied, self.inertial):
            if applied is not None:
                total = total + applied[:, :, :3].sum(axis=1)
        return total


def frame_name(dims: tuple[str, ...], shape: tuple[int, ...], labels: Mapping[str, Any], frame: int) -> str:
    """What a frame is called, by the labels of its dimensions."""
    place = np.unravel_index(frame, shape)
    return ", ".join(
        f"{dim} {plain_label(labels[dim].values[i]) if dim in labels else int(i)}"
        for dim, i in zip(dims, place, strict=True)
    )


def read_measured(model: Model, trial: Trial, own: Iterable[str], is_steep: bool = False) -> Measured:
    """Coordinates, forces and limits of a trial, aligned by the labels of the dimensions that they share.

    ``own`` are the variables of the answer, which neither dimensions nor coordinates may be called; ``is_steep``:
    whether the criterion measures activation by its upper bound.

    Raises
    ------
    StanceError
        Naming the argument, the value and what is allowed.
    """
    groups = trial.groups
    given, dims = with_dimensions([*_all_given(model, trial)], "frame", (taken := frozenset(own) | _GIVEN) | _OWN)
    _check_twins(given, dims)
    given, shape, labels = aligned(given, dims)
    labels |= carried(given, dims, _OWN, taken, _INNER)
    if not dims:
        dims, shape = ("frame",), (1,)
        if "frame" in labels:  # that of the only one
            labels["frame"] = _along_frame(labels["frame"])
    if dims == ("frame",):
        labels.setdefault("frame", _numbered(shape[0]))
    count = math.prod(shape)
    if count > _MOST_FRAMES:
        sizes = ", ".join(f"{dim} {size}" for dim, size in zip(dims, shape, strict=True))
        raise StanceError(f"coordinates and ground_reaction: {sizes} make {count} frames; at most {_MOST_FRAMES}")
    compiled, frames = model.compiled(), (dims, shape, labels)
    angle = np.tile(compiled.counted(compiled.default), (*shape, 1))
    found: dict[str, dict[str, Array]] = {group: {} for group in groups}
    for one in given:
        if one.group == "coordinates":
            angle[..., compiled.names.coordinates.index(one.name)] = over(one.array, dims)
        else:
            inner = [one.array.sizes[dim] for dim in one.inner]
            whole = np.broadcast_to(over(one.array, dims, one.inner), (*shape, *inner))
            found[one.group][one.name] = whole.reshape(count, *inner)
    angle = compiled.counted(angle.reshape(count, -1))
    _check_reach(model, angle, frames)
    unit = np.where(compiled.is_rotation, np.radians(1.0), 1.0)
    q = followed(compiled, angle * unit)
    followers = compiled.tree.couplers.dependent
    angle[:, followers] = (q / unit)[:, followers]
    plates = found["ground_reaction"]
    force, point = plates["force"], plates["point"]
    moment = plates.get("moment", np.broadcast_to(0.0, force.shape))
    point, moment = _without_air(force, point, moment, frames)
    applied = None
    if trial.acts:
        (force, point, moment), applied = _with_loads(model, q, trial, found, (force, point, moment))
    varying = frozenset(name for name in LIMITS if found.get(name))
    limits = MuscleLimits(*(placed(model, name, groups.get(name, {}), found.get(name, {})) for name in LIMITS))
    check_bounds(model, limits.lower, limits.upper, is_steep, lambda frame: frame_name(*frames, frame))
    inertial = None
    if trial.inertia:
        inertias = inertias_of(model)
        inertial = wrenches_of_inertia(model, inertias, q, *rates(q, frames, trial.inertia))
    floor = _floor(model, q, trial, found) if trial.is_predicted else (None, None, None)
    moments = compiled.counted(_by_coordinate(model, count, found["moments"])) if "moments" in groups else None
    return Measured(angle, q, force, point, moment, *frames, limits, varying, applied, inertial, moments, *floor)


def _all_given(model: Model, trial: Trial) -> Iterator[Given]:
    """Everything that frames have, checked by itself."""
    groups = trial.groups
    yield from read_coordinates(model.coordinates, groups["coordinates"], "frame")
    for name, array in read_plates(groups["ground_reaction"]):
        yield Given("ground_reaction", name, array, inner=_INNER)
    for title in trial.acts:
        yield from check_loads(groups[title], title)
    for array in groups.get("in_contact", {}).values():
        yield check_contact(array)
    for name in LIMITS:
        yield from read_limits(name, groups.get(name, {}))
    for name, value in groups.get("moments", {}).items():
        yield read_numbers(f"{_OF_MOMENTS}{name}", value, "frame")._replace(group="moments")


def _with_loads(
    model: Model, q: Array, trial: Trial, found: Mapping[str, Mapping[str, Array]], plates: tuple[Array, Array, Array]
) -> tuple[tuple[Array, Array, Array], Array | None]:
    """Ground reactions, with those loads on feet that are told elsewhere, and what acts on segments besides."""
    applied = None
    for title, loads in trial.acts.items():
        parts = in_ground(model, q, loads, found[title], title)
        if title == ON_FEET:
            segments = model.compiled().segments
            plates = tuple(np.array(part) for part in plates)  # type: ignore[assignment]
            for side, foot in enumerate(FEET):
                own = [k for k, load in enumerate(loads) if segments[load.segment - 1] == foot]
                if own:
                    for plate, part in zip(plates, at_one_point(*(part[:, own] for part in parts)), strict=True):
                        plate[:, side] = np.where(np.isnan(part), 0.0, part)
        else:
            here = wrenches(model, loads, *parts)
            applied = here if applied is None else applied + here
    return plates, applied


def _floor(
    model: Model, q: Array, trial: Trial, found: Mapping[str, Mapping[str, Array]]
) -> tuple[float, NDArray[np.bool_], NDArray[np.bool_]]:
    """The height of the floor, which points of the soles touch it, and which feet are on it."""
    soles = soles_of(model)
    if not len(soles.foot):
        raise StanceError(
            f"ground_reaction = 'predicted': model {model.name!r} has no contact_points of a sole on a segment of role "
            f"{' or '.join(FEET)}"
        )
    floor = floor_of(model, soles, q) if trial.floor is None else trial.floor
    return floor, *touching(model, soles, q, floor, found.get("in_contact", {}).get("in_contact"))


def _by_coordinate(model: Model, count: int, given: Mapping[str, Array]) -> Array:
    found = np.full((count, len(model.coordinates)), np.nan)
    for name, values in given.items():
        found[:, model.coordinates.index(name.removeprefix(_OF_MOMENTS))] = values
    return found


def _along_frame(label: Any) -> Any:
    """A single label along a dimension of one frame."""
    import xarray as xr

    return xr.Variable(("frame",), label.values[None], label.attrs)


def _numbered(count: int) -> Any:
    import xarray as xr

    return xr.Variable(("frame",), np.arange(count))


def _check_twins(given: list[Given], dims: tuple[str, ...]) -> None:
    """Refuse motion and plates of one length along two names, unless both are labelled: they are the same frames."""
    plates = {one.name: set(one.array.dims) - set(_INNER) for one in given if one.group == "ground_reaction"}
    for name, along in plates.items():
        if not (along <= plates["force"] or along >= plates["force"]):
            frames = [sorted(map(str, each)) for each in (along, plates["force"])]
            raise StanceError(
                f"ground_reaction.{name}: has frames along {frames[0]}, and force along {frames[1]}; must be the same"
            )
    own = {
        group: {dim: one for one in given if one.group == group for dim in dims if dim in one.array.dims}
        for group in dict.fromkeys(one.group for one in given)
    }
    motion = own.pop("coordinates", {})
    for group, ground in own.items():
        if not motion or not ground or set(motion) & set(ground):
            continue
        for dim, one in motion.items():
            for other, plate in ground.items():
                sizes = {one.array.sizes[dim], plate.array.sizes[other]}
                unlabelled = dim not in one.array.coords or other not in plate.array.coords
                if len(sizes) == 1 and sizes != {1} and unlabelled:
                    raise StanceError(
                        f"{group}: runs along {other!r} and coordinates along {dim!r}, {sizes.pop()} entries each; "
                        "must have one name if they are the same frames, and labels if not"
                    )


def _check_reach(model: Model, angle: Array, frames: tuple[tuple[str, ...], tuple[int, ...], dict[str, Any]]) -> None:
    """Refuse coordinates, in degrees and m, that no body could take."""
    table, turns = model.tables_by_role["coordinates"], model.compiled().is_rotation
    rows = [table.index(name) for name in model.compiled().coordinates]
    least, most = (table.numbers(f"range_{end}")[rows] for end in ("min", "max"))
    free = np.array([table.text("joint")[row] == "ground_pelvis" for row in rows])
    beyond = np.where(turns, np.where(free, _BEYOND_TURN, _BEYOND_JOINT), _BEYOND_PLACE)
    good = (angle >= least - beyond) & (angle <= most + beyond)
    if good.all():
        return
    i, frame = (int(index) for index in np.argwhere(~good.T)[0])  # the first coordinate, and of it the first frame
    unit, counted = "deg" if turns[i] else "m", model.compiled().counted
    low, high = sorted((float(counted(least)[i]), float(counted(most)[i])))
    value = counted(angle[frame])[i]
    other = turns[i] and not free[i] and low <= -value <= high
    raise StanceError(
        f"{model.coordinates[i]} = {value:g} ({frame_name(*frames, frame)}): no body could reach it; "
        f"its range is {low:g}..{high:g} {unit}, and {beyond[i]:g} {unit} beyond it are taken"
        + (f"; {-value:g} {unit} is within: this body counts it the other way round, perhaps" if other else "")
    )


def _without_air(
    force: Array, point: Array, moment: Array, frames: tuple[tuple[str, ...], tuple[int, ...], dict[str, Any]]
) -> tuple[Array, Array]:
    """Points and moments with 0 where they are missing and mean nothing; what is missing and matters is named.

    A point's coordinate means nothing where no force acts across it, a moment where no force acts at all.
    """
    acts = force != 0.0
    across = np.stack([acts[..., 1] | acts[..., 2], acts[..., 0] | acts[..., 2], acts[..., 0] | acts[..., 1]], axis=-1)
    loaded = np.broadcast_to(acts.any(axis=-1, keepdims=True), acts.shape)
    found = []
    for name, values, matters in (
        ("force", force, loaded | True),
        ("point", point, across),
        ("moment", moment, loaded),
    ):
        missing = np.isnan(values)
        bad = np.argwhere(missing & matters)
        if bad.size:
            frame, foot, axis = map(int, bad[0])
            raise StanceError(
                f"ground_reaction.{name}: must be finite where a foot is loaded, and is NaN at "
                f"{frame_name(*frames, frame)}, foot {SIDES[foot]}, axis {AXES[axis]}"
            )
        found.append(np.where(missing, 0.0, values) if missing.any() else values)
    return found[1], found[2]
