"""Measured motion and ground reactions, read by their labels: one row a frame, in the caller's own dimensions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._alignment import Given, aligned, carried, over, plain_label, read_coordinates, with_dimensions
from biomech.analysis.measured.plates import read_plates
from biomech.analysis.output.labels import DIMENSIONS
from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.stance.parameters import AXES, SIDES

Array = NDArray[np.float64]

#: More frames than this are no measurement: dimensions that were to be one were multiplied.
_MOST_FRAMES = 10**8
_INNER = ("foot", "axis")
_OWN = frozenset({*DIMENSIONS, "side"})
#: How far beyond the range of its coordinate a measured value is still a body's, deg and m. Skin moves on bone and
#: joints differ; and where a pelvis is in a laboratory, and which way it faces, no joint limits.
_BEYOND_JOINT, _BEYOND_TURN, _BEYOND_PLACE = 30.0, 360.0, 5.0


class Measured(NamedTuple):
    """Frames one below the other.

    ``angle`` (frame, coordinate) in deg and m, counted as roles are, and ``q``, the same in rad and m; ``force``,
    ``point`` and ``moment`` (frame, foot, axis), a missing centre of pressure of a foot in the air being 0; ``dims``
    and ``shape`` of the frames, and the caller's ``labels``.
    """

    angle: Array
    q: Array
    force: Array
    point: Array
    moment: Array
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    labels: dict[str, Any]

    def __len__(self) -> int:
        return len(self.q)

    def name(self, frame: int) -> str:
        """What a frame is called, by its labels."""
        return frame_name(self.dims, self.shape, self.labels, frame)

    def given(self, block: slice) -> dict[str, Array]:
        """What was measured in some frames, by the name of its variable: enough to read the same frames again."""
        force = self.force[block]
        loaded = force.any(axis=-1, keepdims=True)
        return {
            "coordinate_angle": self.angle[block],
            "ground_force": force,
            "center_of_pressure": np.where(loaded, self.point[block], np.nan),
            "plate_moment": self.moment[block],
        }


def frame_name(dims: tuple[str, ...], shape: tuple[int, ...], labels: Mapping[str, Any], frame: int) -> str:
    """What a frame is called, by the labels of its dimensions."""
    place = np.unravel_index(frame, shape)
    return ", ".join(
        f"{dim} {plain_label(labels[dim].values[i]) if dim in labels else int(i)}"
        for dim, i in zip(dims, place, strict=True)
    )


def read_measured(model: Model, coordinates: Any, ground: Any, own: Iterable[str]) -> Measured:
    """Coordinates and ground reactions, aligned by the labels of the dimensions that they share.

    ``own`` are the variables of the answer, which neither dimensions nor coordinates may be called.

    Raises
    ------
    StanceError
        Naming the argument, the value and what is allowed.
    """
    import xarray as xr

    given = [
        *read_coordinates(model.coordinates, coordinates, "frame"),
        *(Given("ground_reaction", *p, inner=_INNER) for p in read_plates(ground)),
    ]
    taken = frozenset(own)
    given, dims = with_dimensions(given, "frame", taken | _OWN)
    _check_twins(given, dims)
    given, shape, labels = aligned(given, dims)
    labels |= carried(given, dims, _OWN, taken, _INNER)
    if not dims:
        dims, shape = ("frame",), (1,)
        if "frame" in labels:  # that of the only one
            labels["frame"] = xr.Variable(("frame",), labels["frame"].values[None], labels["frame"].attrs)
    if dims == ("frame",):
        labels.setdefault("frame", xr.Variable(("frame",), np.arange(shape[0])))
    count = math.prod(shape)
    if count > _MOST_FRAMES:
        sizes = ", ".join(f"{dim} {size}" for dim, size in zip(dims, shape, strict=True))
        raise StanceError(f"coordinates and ground_reaction: {sizes} make {count} frames; at most {_MOST_FRAMES}")
    compiled = model.compiled()
    angle, plates = np.zeros((*shape, len(compiled.coordinates))), {}
    for one in given:
        if one.group == "coordinates":
            angle[..., compiled.names.coordinates.index(one.name)] = over(one.array, dims)
        else:
            whole = np.broadcast_to(over(one.array, dims, _INNER), (*shape, len(SIDES), len(AXES)))
            plates[one.name] = whole.reshape(count, len(SIDES), len(AXES))
    angle = compiled.counted(angle.reshape(count, -1))
    frames = (dims, shape, labels)
    _check_reach(model, angle, frames)
    q = angle * np.where(compiled.is_rotation, np.radians(1.0), 1.0)
    force, point = plates["force"], plates["point"]
    moment = plates.get("moment", np.broadcast_to(0.0, force.shape))
    point, moment = _without_air(force, point, moment, frames)
    return Measured(angle, q, force, point, moment, *frames)


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
        for group in ("coordinates", "ground_reaction")
    }
    motion, ground = own["coordinates"], own["ground_reaction"]
    if not motion or not ground or set(motion) & set(ground):
        return
    for dim, one in motion.items():
        for other, plate in ground.items():
            sizes = {one.array.sizes[dim], plate.array.sizes[other]}
            unlabelled = dim not in one.array.coords or other not in plate.array.coords
            if len(sizes) == 1 and sizes != {1} and unlabelled:
                raise StanceError(
                    f"ground_reaction: runs along {other!r} and coordinates along {dim!r}, {sizes.pop()} entries each; "
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
    raise StanceError(
        f"{model.coordinates[i]} = {value:g} ({frame_name(*frames, frame)}): no body could reach it; "
        f"its range is {low:g}..{high:g} {unit}, and {beyond[i]:g} {unit} beyond it are taken"
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
