"""``summary``: an answer in a few lines of plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from biomech._display import counted
from biomech.article.plain_words import plain_name
from biomech.model.model import Model
from biomech.model.roles import SLIDING
from biomech.pipeline.status import OPTIMAL, OVERLOADED, STATUSES, UNCERTIFIED, UNREACHABLE
from biomech.uncertainty import percentiles
from biomech.view.words.answer import LOADS, Answer, Load, both_sides, read_answer
from biomech.view.words.certainty import certificate, unsaid
from biomech.view.words.limits import UNMEASURED, limits, muscle_words, outside
from biomech.view.words.phrases import listed, newtons, one_part_in, percent
from biomech.view.words.words import Line, Words

if TYPE_CHECKING:
    import xarray as xr

#: What a summary would tell, and the variables that it needs.
_WANTED = {
    "status": "whether a posture is held",
    "group_activation": LOADS["group_activation"],
    "joint_contact_force": LOADS["joint_contact_force"],
    "valid": "whether geometry is trusted",
    "equilibrium_residual": "how well the forces balance",
    "duality_gap": "how near the sharing is to the best",
}
#: Groups that are named, and the percent of strength from which on they are.
_NAMED, _LITTLE = 6, 1.0
#: What a percent is of.
OF_STRENGTH = "all that a group could give, both sides together"
#: What is said of one that is not held.
_NOT_HELD = {
    OVERLOADED: "NOT HELD: it is proven that nobody of this strength can, so nothing is said of who carries how much",
    UNCERTIFIED: "NOT SURE: neither that this posture can be held nor that it cannot is proven",
    UNREACHABLE: "NOT POSSIBLE: the body cannot take this posture",
    -1: "NOT COMPUTED: the study has not come to this posture yet",
}


def summary(ds: xr.Dataset, *, model: Model | None = None) -> Words:
    """An answer in plain words: who carries how much, what is at its limit, and how sure that is.

    Parameters
    ----------
    ds : Dataset
        What ``sweep``, ``static_optimization``, ``uncertainty.propagate`` or ``open_study`` gave, or a part of it. One
        posture is told in full; of several the range of each load, and the postures at its ends. Draws (``sample``,
        ``body``) are told as their median and the 5 to 95 % between which nine of ten lie.
    model : Model, optional
        The body, where the dataset does not carry a record of it: body weights, soles and trusted ranges are its.

    Returns
    -------
    Words
        ``print`` it, or let a notebook show it; ``numbers`` is a DataFrame of every number in it.

    Raises
    ------
    StanceError
        ``ds`` is no such dataset, is empty, or has more than 4 GB of loads; ``model`` is no Model.

    Notes
    -----
    Percent of strength is force over strength of all muscles of a group, both sides (``group_activation``). A joint's
    force is the length of ``joint_contact_force``, N.

    Examples
    --------
    >>> import biomech as bm
    >>> said = bm.summary(bm.sweep(bm.load_model(), pelvic_tilt=0, knee_flexion=30))
    >>> said.title
    'Model adult (75 kg): knee flexion 30 deg, pelvic tilt 0 deg'
    >>> print(said.lines[2].about, "|", said.lines[2].says.split(",")[0])
    joint forces | each knee 794 N (1.08 body weights)
    >>> said.numbers.query("name == 'quadriceps'").value.round(1).item()
    7.9
    """
    answer = read_answer("ds", ds, model)
    if answer.count > 1:
        return Words.of(_title(answer), [*_range(answer), unsaid(answer, _WANTED)])
    return Words.of(_title(answer), [*_posture(answer), unsaid(answer, _WANTED)])


def _title(answer: Answer) -> str:
    body = answer.ds.attrs.get("model", answer.model.name if answer.model else "")
    mass = f" ({answer.model.body_mass:.0f} kg)" if answer.model else ""
    over = [f"{dim.replace('_', ' ')} ({answer.ds.sizes[dim]})" for dim in answer.postures]
    what = f"{counted(answer.count, 'posture')} over {listed(over)}" if over else ""
    fixed = [f"{name.replace('_', ' ')} {value}" for name, value in sorted(answer.stance.items())]
    told = ", ".join(filter(None, [what, *fixed]))
    return f"Model {body}{mass}{': ' if told else ''}{told}" if body or mass else told or "One posture"


def _posture(answer: Answer) -> Iterator[Line]:
    """One posture."""
    if answer.status is not None and not bool((answer.status == OPTIMAL).any()):
        yield from missing_in(answer)
        return
    yield _is_held(answer)
    yield _muscles(answer)
    yield _joints(answer)
    if not answer.draws:
        yield limits(answer)
        yield outside(answer)
    yield certificate(answer)


def _is_held(answer: Answer) -> Line:
    if answer.status is None:
        return Line("held", "not known: the dataset has no status; a posture that cannot be held looks the same")
    share = float((answer.status == OPTIMAL).mean())
    rows: tuple[Mapping[str, Any], ...] = ({"quantity": "held", "name": "", "units": "1", "value": share},)
    if answer.draws:
        draws = counted(answer.drawn, "draw")
        some = f"in {percent(100.0 * share)} of {draws}; the numbers are of those alone"
        return Line("held", some if share < 1.0 else f"in all {draws}", rows)
    code = int(answer.status)
    return Line("held", _NOT_HELD.get(code, "yes, and no other way to share the load costs the muscles less"), rows)


def missing_in(answer: Answer) -> Iterator[Line]:
    """What is said of one posture that is not held."""
    yield _is_held(answer)
    yield _missing(answer)


def _missing(answer: Answer) -> Line:
    """What one posture lacks, or why the body cannot take it."""
    if answer.draws:
        return Line("what is missing", "no draw can hold it")
    ds, code = answer.ds, int(answer.status)  # type: ignore[arg-type]
    if code == UNREACHABLE:
        return Line("why", "a sweep of this posture alone says what stands in the way, and by how much")
    if code == UNCERTIFIED and "equilibrium_residual" in ds:
        residual = float(ds["equilibrium_residual"])
        return Line("how near", f"the forces balance to {one_part_in(residual)} of what is asked")
    if code != OVERLOADED or "shortfall" not in ds:
        return Line("what is missing", "")
    short = ds["shortfall"]
    order = np.argsort(-np.abs(short.values), kind="stable")[:3]
    worst = {str(ds["coordinate"].values[i]): float(short.values[i]) for i in order if abs(short.values[i]) > 0.05}
    roles = answer.model.role_names.by_role["coordinates"] if answer.model else {}
    rows, missing = [], []
    for name, own in worst.items():
        role = roles.get(name, name)
        unit = _moment(role, name, answer.model)
        rows.append({"quantity": "shortfall", "name": name, "units": unit, "value": own})
        missing.append(f"{abs(own):,.0f} {unit} of {plain_name(role)}")
    limit = str(ds["limiting_muscle"].values) if "limiting_muscle" in ds.variables else ""
    at = f"; what limits it is {muscle_words(limit, answer.model)}, at full strength" if limit else ""
    return Line("what is missing", f"{listed(missing) or 'less than counts'}{at}", tuple(rows))


def _moment(role: str, name: str, model: Model | None) -> str:
    """Unit of what a coordinate lacks; of a body that is not known by the role that its name tells."""
    if model is not None and name in model.coordinates:
        return "N.m" if model.compiled().is_rotation[model.coordinates.index(name)] else "N"
    return "N" if role in SLIDING else "N.m"


def _muscles(answer: Answer) -> Line:
    groups = [load for load in answer.loads if load.quantity == "group_activation"]
    told = sorted(((_middle(load), load) for load in groups), key=lambda own: -own[0][1])
    named = [own for own in told[:_NAMED] if own[0][1] >= _LITTLE] or told[:1]
    words = [f"{load.words} {_spread(percent, ends)}" for ends, load in named]
    rest = [ends[1] for ends, _ in told[len(named) :]]
    little = f"{percent(max(rest))} or less" if max(rest, default=0.0) >= 0.05 else "next to nothing"
    others = f"; the other {counted(len(rest), 'group')} {little}" if rest else ""
    rows = tuple(_row(load, ends, answer) for ends, load in told)
    return Line("muscles", f"in percent of {OF_STRENGTH}: {', '.join(words)}{others}" if words else "", rows)


def _joints(answer: Answer) -> Line:
    joints = [load for load in answer.loads if load.units == "N"]
    told = sorted(((_middle(load), load) for load in both_sides(joints)), key=lambda own: -own[0][1])
    words = [f"{load.words} {_spread(partial(newtons, answer.weight), ends)}" for ends, load in told]
    return Line("joint forces", ", ".join(words), tuple(_row(load, _middle(load), answer) for load in joints))


Ends = tuple[float, float, float]


def _middle(load: Load) -> Ends:
    """The value, between the ends of nine draws of ten; all three are the same where nothing was drawn."""
    if not load.values.dims:
        return (float(load.values),) * 3
    drawn = load.values.stack(sample_=load.values.dims).drop_vars([*load.values.dims, "sample_"], errors="ignore")
    low, middle, high = percentiles(drawn.rename(sample_="sample").astype(float)).values
    return float(low), float(middle), float(high)


def _spread(told: Callable[..., str], ends: Ends) -> str:
    low, middle, high = ends
    return told(middle) if low == high else f"{told(middle)} [{told(low, high)}]"


def _row(load: Load, ends: Ends, answer: Answer) -> dict[str, object]:
    low, middle, high = ends
    row = {"quantity": load.quantity, "name": load.name, "units": load.units, "value": middle}
    return row | {"low": low, "high": high} if answer.draws else row


def _range(answer: Answer) -> Iterator[Line]:
    """Several postures: how many are held, and the range of every load."""
    yield _count(answer)
    if answer.status is None or bool((answer.status == OPTIMAL).any()):
        groups = [load for load in answer.loads if load.units == "%"]
        yield from _ranges(answer, f"muscles, in percent of {OF_STRENGTH}", groups, percent)
        joints = [load for load in answer.loads if load.units == "N"]
        yield from _ranges(answer, "joint forces", joints, partial(newtons, answer.weight))
        if "valid" in answer.ds.variables:
            yield _trusted(answer)
        yield certificate(answer)
    first = answer.place(dict.fromkeys(answer.postures, 0))
    choice = ", ".join(f"{dim}={_literal(label)}" for dim, label in first.items())
    way = "sel" if all(dim in answer.ds.indexes for dim in first) else "isel"
    yield Line("one of them", f"bm.summary(ds.{way}({choice}))")


def _literal(label: object) -> str:
    return repr(label.item() if isinstance(label, np.generic) and not isinstance(label, np.datetime64) else label)


def _count(answer: Answer) -> Line:
    if answer.status is None:
        return Line("held", "not known: the dataset has no status; a posture that cannot be held looks the same")
    counts = {code: int((answer.status == code).sum()) for code in (*range(len(STATUSES)), -1)}
    names = dict(enumerate(STATUSES)) | {-1: "not computed yet"}
    rows = tuple(
        {"quantity": "status", "name": names[code], "units": "1", "value": count} for code, count in counts.items()
    )
    total = answer.count * answer.drawn
    each = f" ({counted(answer.drawn, 'draw')} of each)" if answer.draws else ""
    lost = [f"{count:,} {names[code]}" for code, count in counts.items() if count and code != OPTIMAL]
    if not lost:
        return Line("held", f"all {counted(answer.count, 'posture')}{each}", rows)
    places = np.argwhere(answer.status.transpose(*answer.postures, *answer.draws).values != OPTIMAL)
    first = answer.where(answer.place(dict(zip(answer.postures, map(int, places[0]), strict=False))))
    of = f"{counts[OPTIMAL]:,} of {total:,} {'answers' if answer.draws else 'postures'}{each}"
    numbers = "; the numbers are of those that are held" if counts[OPTIMAL] else ""
    return Line("held", f"{of}; {', '.join(lost)}, the first at {first}{numbers}", rows)


def _ranges(answer: Answer, about: str, loads: list[Load], told: Callable[..., str]) -> Iterator[Line]:
    """From where to where loads go, those that go highest first, and in which postures most and least is carried."""
    spans = sorted((own for load in both_sides(loads) if (own := _span(answer, load))), key=lambda own: -own[1]["most"])
    of = f" (medians of {counted(answer.drawn, 'draw')})" if answer.draws else ""
    words = [f"{load.words} {told(row['least'], row['most'])}" for load, row in spans[:_NAMED]]
    yield Line(f"{about}{of}", ", ".join(words), tuple(row for _, row in spans))
    for end in ("most", "least"):
        places: dict[str, list[str]] = {}
        for load, row in spans[:_NAMED]:
            if told(row["least"]) != told(row["most"]):
                places.setdefault(row[f"{end}_at"], []).append(load.words)
        yield Line(f"  {end}", "; ".join(f"{listed(words)} at {place}" for place, words in places.items()))


def _span(answer: Answer, load: Load) -> tuple[Load, dict[str, Any]] | None:
    """Least and most of a load, of its median where bodies are drawn, and where."""
    values = load.values.median(answer.draws) if answer.draws else load.values
    if not np.isfinite(values.values).any():
        return None
    row: dict[str, Any] = {"quantity": load.quantity, "name": load.name, "units": load.units}
    for end, find in (("least", np.nanargmin), ("most", np.nanargmax)):
        place = np.unravel_index(find(values.values), values.shape)
        row[end] = float(values.values[place])
        row[f"{end}_at"] = answer.where(answer.place(dict(zip(map(str, values.dims), map(int, place), strict=True))))
    return load, row


def _trusted(answer: Answer) -> Line:
    valid = answer.ds["valid"]
    inside = valid.all([dim for dim in valid.dims if dim not in answer.dims])
    lost = inside.size - int(inside.sum())
    rows = ({"quantity": "valid", "name": "", "units": "1", "value": float(inside.mean())},)
    if not lost:
        return Line("geometry", "trusted in all", rows)
    return Line(
        "outside trusted geometry",
        f"{lost:,} of {inside.size:,} (ds.valid says which): {UNMEASURED}",
        rows,
    )
