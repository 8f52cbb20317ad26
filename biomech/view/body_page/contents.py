"""What the page is filled with: a header of names and words, and the packed arrays that its script reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech.article.plain_words import plain_group, plain_joint, plain_name
from biomech.pipeline.status import OVERLOADED
from biomech.stance.parameters import ARMS, PARAMETERS
from biomech.view.body_page.answer import Answer
from biomech.view.body_page.changing_paths import ORDER
from biomech.view.body_page.packing import Packed, codes, floats, pack, percent, rounded
from biomech.view.body_page.scene import ANGLE, PLACE, TURN, describe_body, floor_of, place_body
from biomech.view.body_page.words import (
    finding_words,
    plain_dimension,
    plain_label,
    plain_unit,
    status_words,
)

if TYPE_CHECKING:
    import xarray as xr

Arrays = dict[str, NDArray[Any]]

#: A dimension of words with more labels than this has a slider.
_CHOICES = 8
#: What is read of an answer, where it has it: variable and its own dimensions.
_READ = {
    "group_activation": ("group",),
    "group_force": ("group",),
    "joint_contact_force": ("joint", "axis"),
    "ground_force": ("foot", "axis"),
    "center_of_pressure": ("foot", "axis"),
    "seat_force": ("axis",),
    "equilibrium_residual": (),
    "duality_gap": (),
}
#: Angles that a policy may have found, in the order in which they are told: variable, own dimensions, how it was found.
_FOUND: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("pelvic_tilt", (), "tilt_status"),
    ("trunk_lean", (), "lean_status"),
    ("knee_flexion", ("foot",), "knee_status"),
)
#: What else is told of a posture: variable, own dimensions, title, unit, digits.
_TOLD: tuple[tuple[str, tuple[str, ...], str, str, int], ...] = (
    ("turnout_reserve", ("foot",), "turnout to spare before the hip tightens", "°", 1),
    ("utilized_friction", ("foot",), "grip that the floor must give", "", 2),
    ("patellar_tendon_force", ("foot",), "pull of the kneecap's tendon", "N", 0),
)


#: Where an answer comes from: what it is called, and the attribute that tells it.
_ORIGIN = {
    "what counts as effort": "criterion",
    "strength of the muscles": "strength",
    "version of biomech": "biomech_version",
    "fingerprint of the model": "model_sha256",
}


def contents(answer: Answer) -> tuple[dict[str, Any], Packed]:
    """Everything that the script of the page reads."""
    arrays = place_body(answer) | _numbers(answer) | _failures(answer)
    told = list(_told(answer, arrays))
    packed = pack(arrays)
    ds, model = answer.ds, answer.model
    header = {
        "weight": model.body_mass * model.value("settings/gravity"),
        "count": len(answer),
        "steps": {"place": PLACE, "turn": TURN, "angle": ANGLE, "order": ORDER},
        "dims": [_dimension(ds, dim) for dim in answer.dims],
        "start": _start(answer),
        "largest": _largest(arrays),
        "body": describe_body(model),
        "groups": [{"name": name, "title": plain_group(name)} for name in _labels(ds, "group")],
        "joints": {name: plain_joint(name) for name in _labels(ds, "joint")},
        "feet": _labels(ds, "foot"),
        "coordinates": [plain_name(name) for name in model.compiled().coordinates],
        "statuses": status_words(),
        "told": told,
        "held": _held(answer),
        "about": _about(answer),
        "missing": [
            name.replace("_", " ") for name in ("activation", *_READ) if name not in arrays and name != "seat_force"
        ],
        "arrays": packed.header,
    }
    return header, packed


def _labels(ds: xr.Dataset, dim: str) -> list[str]:
    return [str(own) for own in ds[dim].values] if dim in ds.coords else []


def _dimension(ds: xr.Dataset, dim: str) -> dict[str, Any]:
    """A slider for what is counted or measured, a choice for a few words."""
    size = ds.sizes[dim]
    labels = ds[dim].values if dim in ds.coords else np.arange(size)
    numeric = labels.dtype.kind in "iuf"
    unit = str(ds[dim].attrs.get("units", "")) if dim in ds.coords else ""
    texts = _numbers_as_text(labels) if numeric else [plain_label(dim, _text(own)) for own in labels]
    kind = "slider" if numeric or labels.dtype.kind in "mM" or size > _CHOICES else "choice"
    return {"name": dim, "title": plain_dimension(dim), "unit": plain_unit(unit), "kind": kind, "labels": texts,
            "values": [float(own) if np.isfinite(own) else None for own in labels] if numeric else None}  # fmt: skip


def _numbers_as_text(labels: NDArray[Any]) -> list[str]:
    """Numbers as people write them, to the thousandth where that tells them apart."""
    short = [f"{float(own):.3f}".rstrip("0").rstrip(".") for own in labels]
    texts = short if len({*short}) == len({*labels.tolist()}) else [f"{float(own):.9g}" for own in labels]
    return ["0" if own == "-0" else own.replace("-", "\u2212") for own in texts]


def _text(label: Any) -> str:
    if isinstance(label, np.datetime64 | np.timedelta64):
        return str(label)
    return " ".join(str(own) for own in label) if isinstance(label, tuple) else str(label)


def _start(answer: Answer) -> list[int]:
    """The posture that is shown first: parameters as near as may be to their defaults; one that is held, if any is."""
    first = [_nearest(answer.ds, dim) for dim in answer.dims]
    status = answer.values("status").reshape(answer.shape)
    if status[tuple(first)] != 0 and (status == 0).any():
        held = np.argwhere(status == 0)
        first = held[np.abs(held - first).sum(axis=1).argmin()].tolist()
    return [int(i) for i in first]


def _nearest(ds: xr.Dataset, dim: str) -> int:
    """The label of a parameter that is nearest to its default, or the first."""
    about = PARAMETERS.get(dim)
    default = about.default if about else None
    if default is None or dim not in ds.coords or ds[dim].dtype.kind not in "iuf":
        return 0
    return int(np.abs(ds[dim].values - default).argmin())


def _numbers(answer: Answer) -> Arrays:
    """What is read, and what colours the muscles."""
    found: Arrays = {name: floats(answer.values(name, *own)) for name, own in _READ.items() if answer.has(name)}
    if "ground_force" in found and "center_of_pressure" in found:
        # a foot that bears nothing, or is not there, presses nowhere
        found["center_of_pressure"][~found["ground_force"].any(axis=2)] = np.nan
    if answer.has("activation"):
        found["activation"] = percent(answer.values("activation", "muscle"))
    found["status"] = codes(answer.values("status"))
    if answer.has("valid"):
        own = tuple(str(dim) for dim in answer.ds["valid"].dims if dim not in answer.dims)
        found["valid"] = answer.values("valid", *own).reshape(len(answer), -1).all(axis=1).astype("|u1")
    found["floor"] = rounded(floor_of(answer), 0.01)
    arms = answer.asked("arms")
    words = list(ARMS)
    found["arms"] = np.array([words.index(str(own)) if str(own) in words else 0 for own in arms] if arms is not None
                             else np.zeros(len(answer)), dtype="|u1")  # fmt: skip
    return found


def _largest(arrays: Arrays) -> dict[str, float]:
    """The largest of what has a length on the page, over postures that are held; over all, where none is."""
    held = arrays["status"] == 0
    found: dict[str, float] = {}
    for name in ("group_activation", "joint_contact_force", "ground_force"):
        if name not in arrays:
            continue
        values = arrays[name].astype(np.float64)
        sizes = np.linalg.norm(values, axis=-1) if values.ndim == 3 else values
        own = sizes[held] if held.any() else sizes
        found[name] = float(own[np.isfinite(own)].max(initial=0.0))
    return found


def _failures(answer: Answer) -> Arrays:
    """Of what cannot be held: where most is missing and how much, and the muscle at its limit."""
    count, model = len(answer), answer.model
    where, missing, limiting = np.full(count, -1, "<i2"), np.full(count, np.nan, "<f4"), np.full(count, -1, "<i2")
    over = answer.values("status") == OVERLOADED
    if answer.has("shortfall") and over.any():
        short = answer.values("shortfall", "coordinate")
        worst = np.abs(np.nan_to_num(short)).argmax(axis=1)
        names = _labels(answer.ds, "coordinate")
        where[over] = [model.coordinates.index(names[i]) for i in worst[over]]
        missing[over] = short[over, worst[over]]
    if answer.has("limiting_muscle"):
        place = {name: i for i, name in enumerate(model.muscles)}
        limiting[:] = [place.get(str(name), -1) for name in answer.values("limiting_muscle")]
    return {"short_at": where, "short": missing, "limiting": limiting}


def _told(answer: Answer, arrays: Arrays) -> Iterator[dict[str, Any]]:
    """Lines about the posture: what is read where, its sides, and in which words an angle was found."""
    ds = answer.ds
    for name, own, status in _FOUND:
        if name in answer.dims or not _is_over(answer, name, own):
            continue
        own = tuple(dim for dim in own if dim in ds[name].dims)
        arrays[name] = floats(answer.values(name, *own).reshape(len(answer), -1))
        line = {"name": name, "title": plain_dimension(name), "unit": "°", "digits": 1, "sides": _sides(ds, own)}
        if answer.has(status):
            arrays[status] = codes(answer.values(status, *own).reshape(len(answer), -1))
            about = ds[status].attrs
            words = finding_words(str(about.get("flag_meanings", "")), about.get("flag_values", ()))
            line |= {"how": status, "words": words}
        yield line
    for name, own, title, unit, digits in _TOLD:
        if _is_over(answer, name, own):
            arrays[name] = floats(answer.values(name, *own).reshape(len(answer), -1))
            yield {"name": name, "title": title, "unit": unit, "digits": digits, "sides": _sides(ds, own)}


def _is_over(answer: Answer, name: str, own: tuple[str, ...]) -> bool:
    """Whether the answer has a variable over the postures, and nothing but dimensions of its own besides."""
    return answer.has(name) and {*map(str, answer.ds[name].dims)} <= {*answer.dims, *own}


def _sides(ds: xr.Dataset, own: tuple[str, ...]) -> list[str]:
    return _labels(ds, own[0]) if own else [""]


def _held(answer: Answer) -> list[list[str]]:
    """What was held in every posture: title and value."""
    lines = []
    for name, value in answer.ds.attrs.items():
        name = str(name).removeprefix("stance_") if str(name).startswith("stance_") else ""
        if not name or name in answer.dims:
            continue
        about = PARAMETERS.get(name)
        if isinstance(value, int | float | np.number):
            told = f"{float(value):.6g} {plain_unit(about.unit) if about else ''}".replace(" °", "°").strip()
        else:
            told = plain_label(name, str(value))
        lines.append([plain_dimension(name), told])
    return lines


def _about(answer: Answer) -> list[list[str]]:
    """Where the answer comes from."""
    attributes = answer.ds.attrs
    lines = [["body", f"model {answer.model.name}, {answer.model.body_mass:.1f} kg"], ["postures", str(len(answer))]]
    lines += [[title, str(attributes[name])] for title, name in _ORIGIN.items() if name in attributes]
    return lines
