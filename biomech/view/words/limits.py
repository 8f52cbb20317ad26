"""What is at its limit in a posture that is held: muscles, grip, edges of soles, passive tissue, trusted geometry."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from biomech.analysis.output.pose import pose
from biomech.article.plain_words import plain_group, plain_name
from biomech.model.model import Model
from biomech.view.words.answer import Answer
from biomech.view.words.phrases import listed, newtons, percent
from biomech.view.words.words import Line

Array = NDArray[np.float64]

#: Shares of a limit, and m to the edge of a sole, from which on it is said to be reached.
_FULL, _EDGE = 0.99, 0.002
#: What it means to be outside the trusted geometry.
UNMEASURED = "muscles and joints were never measured this far bent, so take the numbers for a guess"
#: Muscles that are named.
_NAMED = 6


def limits(answer: Answer) -> Line:
    """What is at its limit in one posture, and how far the ground is from its own."""
    ds = answer.ds
    said: list[str] = []
    numbers: list[dict[str, object]] = []
    for words, rows in (
        _muscles(ds, answer.model),
        _friction(ds, answer.model),
        _edges(ds, answer.model),
        _tissue(ds, answer),
    ):
        said += words
        numbers += rows
    return Line("at the limit", "; ".join(said), tuple(numbers))


Said = tuple[list[str], list[dict[str, object]]]


def _muscles(ds: xr.Dataset, model: Model | None) -> Said:
    if "activation" not in ds:
        return [], []
    full = ds["activation"].where(ds["activation"] >= _FULL, drop=True)
    names = [str(name) for name in full["muscle"].values]
    if not names:
        return ["no muscle is at full strength"], []
    shown = [muscle_words(name, model) for name in names[:_NAMED]]
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    rows = [_row("activation", name, "1", float(full.sel(muscle=name))) for name in names]
    return [f"at full strength {'is' if len(names) == 1 else 'are'} {listed([*shown, *more])}"], rows


def muscle_words(name: str, model: Model | None) -> str:
    """A muscle by its name, and by the groups that it is of where the body is known."""
    groups = [plain_group(group) for group, own in model.groups.items() if name in own] if model else []
    return f"{plain_name(name)} ({listed(groups)})" if groups else plain_name(name)


def _friction(ds: xr.Dataset, model: Model | None) -> Said:
    """How much of the grip each foot uses."""
    given = ds.coords.get("friction", ds.attrs.get("stance_friction"))
    if model is None or given is None or not _have(ds, "ground_force", "coordinate_angle"):
        return [], []
    shares, floor = friction_share(ds, model, float(given)), float(given)
    most = float(np.nanmax([*shares.values(), 0.0]))
    rows = [_row("friction_share", foot, "1", share) for foot, share in shares.items()]
    if most >= _FULL:
        return [f"all the grip of the floor (friction {floor:g}) is used"], rows
    return [f"the feet use {percent(100.0 * most)} of the floor's grip (friction {floor:g})"], rows


def _edges(ds: xr.Dataset, model: Model | None) -> Said:
    """How far the pressure is from the edge of each sole."""
    if model is None or not _have(ds, "center_of_pressure", "coordinate_angle"):
        return [], []
    inside = {foot: gap for foot, gap in edge_distance(ds, model).items() if np.isfinite(gap)}
    if not inside:
        return [], []
    rows = [_row("edge_distance", foot, "m", gap) for foot, gap in inside.items()]
    at_edge = [foot for foot, gap in inside.items() if gap < _EDGE]
    if at_edge:
        return [f"the pressure under the {listed(at_edge)} foot is at the edge of the sole"], rows
    return [f"the pressure is {1000.0 * min(inside.values()):.0f} mm inside the nearest edge of a sole"], rows


def _tissue(ds: xr.Dataset, answer: Answer) -> Said:
    words: list[str] = []
    rows: list[dict[str, object]] = []
    if "turnout_reserve" in ds and (forced := [float(own) for own in ds["turnout_reserve"].values if own < 0.0]):
        words.append(f"the capsule of the hip is tight: turnout is forced by {-min(forced):.1f} deg")
        rows.append(_row("turnout_reserve", "", "deg", min(forced)))
    if "lumbar_tissue_force" in ds and (pull := float(ds["lumbar_tissue_force"])) >= 1.0:
        words.append(f"ligaments and fascia behind the lower back pull with {newtons(answer.weight, pull)}")
        rows.append(_row("lumbar_tissue_force", "", "N", pull))
    return words, rows


def outside(answer: Answer) -> Line:
    """Where one posture lies outside the geometry that is trusted: which coordinates, and by how much."""
    ds, model, about = answer.ds, answer.model, "outside trusted geometry"
    if "valid" not in ds.variables or bool(ds["valid"].all()):
        return Line(about, "")
    rows = list(_untrusted(ds, model)) if model is not None and "coordinate_angle" in ds else []
    which = [
        f"{plain_name(str(row['name']))} at {row['value']:.0f} {row['units']}, trusted from {row['low']:g} to"
        f" {row['high']:g}"
        for row in rows
    ]
    if not which and "coordinate" in ds["valid"].dims:
        roles = model.role_names.by_role["coordinates"] if model else {}
        names = map(str, ds["coordinate"].values[~ds["valid"].values])
        which = [plain_name(roles.get(name, name)) for name in names]
    return Line(about, f"{UNMEASURED}{': ' if which else ''}{'; '.join(which)}", tuple(rows))


def _untrusted(ds: xr.Dataset, model: Model) -> Iterator[dict[str, object]]:
    """Coordinates beyond their trusted range."""
    table = model.tables_by_role["coordinates"]
    roles, turned = model.role_names.by_role["coordinates"], model.role_names.turned
    for own in map(str, ds["coordinate"].values):
        name, value = roles[own], float(ds["coordinate_angle"].sel(coordinate=own))
        value = 0.0 - value if name in turned else value  # as the words of a role are meant
        least, most = table.value(name, "trusted_min"), table.value(name, "trusted_max")
        if not least - 1e-6 <= value <= most + 1e-6:
            units = "deg" if table.text("motion")[table.index(name)] == "rotation" else "m"
            yield {**_row("coordinate_angle", name, units, value), "low": least, "high": most}


def friction_share(ds: xr.Dataset, model: Model, friction: float) -> dict[str, float]:
    """Share of the grip that each foot uses, in the friction pyramid of the model; NaN where nothing is borne."""
    sides = round(model.value("settings/friction_sides"))
    middle = 2.0 * np.pi * (np.arange(sides) + 0.5) / sides
    faces = np.stack([np.cos(middle), np.sin(middle)], axis=-1) / np.cos(np.pi / sides)
    shares: dict[str, float] = {}
    for foot, (_, turned) in _feet(ds, model).items():
        forward, up, right = ds["ground_force"].sel(foot=foot).transpose("axis").values @ turned
        grip = friction * up
        shares[foot] = float((faces @ [forward, right]).max() / grip) if grip > 1e-9 else np.nan
    return shares


def edge_distance(ds: xr.Dataset, model: Model) -> dict[str, float]:
    """How far the centre of pressure is inside the edge of each sole, m; NaN under a foot that carries nothing."""
    points = model.tables_by_role["contact_points"]
    place, segment, surface = points.numbers("x", "z"), points.text("segment"), points.text("surface")
    found: dict[str, float] = {}
    for foot, (origin, turned) in _feet(ds, model).items():
        own = [i for i, name in enumerate(segment) if name == f"calcn_{foot[0]}" and surface[i] == "sole"]
        if len(own) < 3:
            continue
        local = (ds["center_of_pressure"].sel(foot=foot).transpose("axis").values - origin) @ turned
        edges = ConvexHull(place[own]).equations
        found[foot] = float(-(edges[:, :2] @ local[[0, 2]] + edges[:, 2]).max())
    return found


def _feet(ds: xr.Dataset, model: Model) -> dict[str, tuple[Array, Array]]:
    """Where each foot is, and its axes in columns, both in ground."""
    frames = model.kinematics(pose(ds)).squeeze()
    soles = {foot: model.roles.segments.get(f"calcn_{foot[0]}") for foot in map(str, ds["foot"].values)}
    return {
        foot: (
            frames["origin"].sel(segment=name).transpose("axis").values,
            frames["rotation"].sel(segment=name).transpose("axis", "local_axis").values,
        )
        for foot, name in soles.items()
        if name is not None
    }


def _have(ds: xr.Dataset, *names: str) -> bool:
    return all(name in ds for name in names)


def _row(quantity: str, name: str, units: str, value: float) -> dict[str, object]:
    return {"quantity": quantity, "name": name, "units": units, "value": value}
