"""``compare``: what grows and what falls from one answer to another, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.pipeline.status import OPTIMAL
from biomech.view.words.answer import LOADS, Answer, Load, both_sides, read_answer
from biomech.view.words.certainty import certificate, unsaid
from biomech.view.words.limits import UNMEASURED
from biomech.view.words.phrases import listed, newtons, percent
from biomech.view.words.summary import OF_STRENGTH, missing_in
from biomech.view.words.words import Line, Words

if TYPE_CHECKING:
    import xarray as xr

IndexArray = NDArray[np.int64]

#: Smallest changes that mean something, as the article's claims have them: points of strength, and N.
SMALLEST = {"%": 1.0, "N": 60.0}
#: Loads of each kind that are named.
_NAMED = 8
#: Draws that must agree on which way it goes, in percent.
_AGREE = 95.0


class Change(NamedTuple):
    """A load in both answers, its change, and the ends of that; medians where there are several of each.

    The ends are 5 and 95 % of draws, or the least and most of postures.
    """

    load: Load
    first: float
    second: float
    change: float
    low: float
    high: float
    grows: float  #: share of draws and postures in which it grows, in percent

    @property
    def counts(self) -> bool:
        """Whether it is large enough to mean something."""
        return abs(self.change) >= SMALLEST[self.load.units]

    @property
    def may_count(self) -> bool:
        """Whether some change of several is large enough, though not that in the middle."""
        return not self.counts and max(-self.low, self.high) >= SMALLEST[self.load.units]


def compare(a: xr.Dataset, b: xr.Dataset, *, model: Model | None = None) -> Words:
    """What changes from one answer to another, in plain words.

    Parameters
    ----------
    a, b : Dataset
        What ``sweep``, ``static_optimization``, ``uncertainty.propagate`` or ``open_study`` gave, or parts of it: a
        posture each, or several of the same labels. They are aligned by labels: of muscle groups and joints, of
        postures, and of draws, which must be the same in both.
    model : Model, optional
        The body of both, where the datasets do not carry a record of it. Where they do, forces are told in body
        weights of each own body.

    Returns
    -------
    Words
        ``numbers`` has for each load its values in ``a`` and ``b``, the ``change``, the ``relative`` change, and where
        bodies were drawn or several postures compared its ends ``low`` and ``high``: 5 and 95 % of draws, or least and
        most of postures.

    Raises
    ------
    StanceError
        A dataset is none that ``summary`` takes; they vary over other things or have other labels, their draws are not
        the same, or they have no load in common.

    Notes
    -----
    A change counts from 1 point of strength and from 60 N on, the smallest effects of interest of the article's claims
    (``biomech.article.hypotheses``). What cannot be held in one of them is left out.

    Examples
    --------
    >>> import biomech as bm
    >>> ds = bm.sweep(bm.load_model(), pelvic_tilt=0, knee_flexion=[0, 30])
    >>> said = bm.compare(ds.sel(knee_flexion=0), ds.sel(knee_flexion=30))
    >>> said.title
    'From knee flexion 0 deg to knee flexion 30 deg'
    >>> [line.about for line in said.lines][:2]
    ['grows', 'falls']
    """
    first, second = read_answer("a", a, model), read_answer("b", b, model)
    second = _aligned(first, second)
    return Words.of(_title(first, second), _said(first, second))


def _said(a: Answer, b: Answer) -> Iterator[Line]:
    pairs = _pairs(a, b)
    for answer in (a, b):
        yield from _not_held(answer)
    ends = (5.0, 95.0) if a.draws else (0.0, 100.0)
    changes = [found for load in both_sides(pairs) if (found := _change(load, ends)) is not None]
    if changes:
        told = sorted(changes, key=lambda own: -abs(own.change) / SMALLEST[own.load.units])
        for about, way in (("grows", 1.0), ("falls", -1.0)):
            own = [change for change in told if change.counts and np.sign(change.change) == way]
            more = [f"and {len(own) - _NAMED} more"] if len(own) > _NAMED else []
            yield Line(about, "; ".join([*(_words(change, a, b) for change in own[:_NAMED]), *more]))
        some = [_words(change, a, b) for change in told if change.may_count]
        yield Line(f"changes in some {'draws' if a.draws else 'postures'} alone", "; ".join(some[:_NAMED]))
        still = [change.load.words for change in told if not (change.counts or change.may_count)]
        yield Line(f"changes by less than {SMALLEST['%']:g} point of strength, or {SMALLEST['N']:g} N", listed(still))
        rows = [_row(found, bool(a.dims)) for load in pairs if (found := _change(load, ends)) is not None]
        yield Line("what the numbers are", _meaning(a), tuple(rows))
        yield from _outside(a, b)
        yield certificate(a, b)._replace(numbers=())
    for answer in (a, b):
        line = unsaid(answer, {"status": "whether postures are held", **dict(list(LOADS.items())[:2])})
        yield line._replace(about=f"{line.about}, in {answer.name}")


def _meaning(answer: Answer) -> str:
    """What a number of a comparison is."""
    of = f"a percent is of {OF_STRENGTH}"
    over = "draws" if answer.draws and not answer.postures else "postures" if answer.postures else ""
    if answer.draws and answer.postures:
        over = "draws and postures"
    return f"{of}; medians of {over}, and of the change from one to the other in each" if over else of


def _title(a: Answer, b: Answer) -> str:
    """What the two differ in."""
    names = [name for name in sorted({*a.stance, *b.stance}) if a.stance.get(name) != b.stance.get(name)]
    ways = [
        ", ".join(f"{name.replace('_', ' ')} {own.stance[name]}" for name in names if name in own.stance)
        for own in (a, b)
    ]
    bodies = [_body(own) for own in (a, b)]
    if bodies[0] != bodies[1]:
        ways = [", ".join(filter(None, [f"model {body}", way])) for body, way in zip(bodies, ways, strict=True)]
    over = f", over {listed([dim.replace('_', ' ') for dim in a.postures])}" if a.postures else ""
    return f"From {ways[0] or 'a'} to {ways[1] or 'b'}{over}"


def _body(answer: Answer) -> str:
    """What a body is called, and its mass where that is known."""
    name = str(answer.ds.attrs.get("model", answer.model.name if answer.model else ""))
    return f"{name} ({answer.model.body_mass:.1f} kg)" if answer.model else name


def _not_held(answer: Answer) -> Iterator[Line]:
    """What is said of an answer that is not held, in part or at all."""
    if answer.status is None:
        return
    share = float((answer.status == OPTIMAL).mean())
    if share == 0.0 and not answer.postures:
        yield from (line._replace(about=f"{answer.name}, {line.about}") for line in missing_in(answer))
    elif share < 1.0:
        yield Line(
            f"{answer.name}, held", f"in {percent(100.0 * share)} of it alone; what is not held in both is left out"
        )


def _aligned(a: Answer, b: Answer) -> Answer:
    """The second answer with its postures and draws in the order of the first."""
    if set(a.dims) != set(b.dims):
        told = [listed(list(own.dims)) or "nothing (one posture)" for own in (a, b)]
        raise StanceError(f"b: varies over {told[1]}, a over {told[0]}; take a posture of each (ds.sel), or the same")
    order = {dim: _places(a, b, dim) for dim in a.dims}
    if a.draws and (a.ds.attrs.get("seed"), _drawn(a)) != (b.ds.attrs.get("seed"), _drawn(b)):
        raise StanceError("b: its draws are not those of a; draw both at once (propagate), or with one seed and priors")
    return Answer(b.name, b.ds.isel(order), b.model)


def _places(a: Answer, b: Answer, dim: str) -> IndexArray:
    """Where the labels of a dimension of the first answer are in the second."""
    one, other = (pd.Index(own.labels(dim)) for own in (a, b))
    if one.is_unique and other.is_unique and len(one) == len(other):
        places: IndexArray = other.get_indexer(one)
        if (places >= 0).all():
            return places
    raise StanceError(f"b.{dim}: its {len(other)} labels are not the {len(one)} of a.{dim}; they must be, each once")


def _drawn(answer: Answer) -> object:
    """What tells draws apart: their values where they are there, else what they were drawn from."""
    return {
        str(name): own.values.tobytes()
        for name, own in answer.ds.variables.items()
        if str(name).startswith("prior_") and set(own.dims) == {"sample"}
    }


def _pairs(a: Answer, b: Answer) -> list[Load]:
    """Loads that both have, their values in one and in the other along ``answer``."""
    import xarray as xr

    others = {(load.quantity, load.name): load.values for load in b.loads}
    pairs = [
        load._replace(values=xr.concat([load.values, others[key]], "answer", join="exact"))
        for load in a.loads
        if (key := (load.quantity, load.name)) in others
    ]
    if not pairs:
        raise StanceError(f"b: has no load that a has; both must have one of {', '.join(LOADS)}, of the same names")
    return pairs


def _change(load: Load, ends: tuple[float, float]) -> Change | None:
    """What becomes of a load; None where it is not held in both."""
    first, second = (load.values.isel(answer=i).values.ravel() for i in (0, 1))
    both = np.isfinite(first) & np.isfinite(second)
    if not both.any():
        return None
    change = second[both] - first[both]
    low, middle, high = (float(own) for own in np.percentile(change, [ends[0], 50.0, ends[1]]))
    grows = 100.0 * float((change > 0.0).mean())
    return Change(load, float(np.median(first[both])), float(np.median(second[both])), middle, low, high, grows)


def _words(change: Change, a: Answer, b: Answer) -> str:
    """A load, from what to what, and by how much."""
    load = change.load
    told: Callable[..., str] = percent if load.units == "%" else partial(newtons, np.nan)
    more = [_signed(change.change, load.units)]
    if load.units == "N" and np.isfinite([a.weight, b.weight]).all():
        more.append(_in_body_weights(change, a.weight, b.weight))
    if change.first >= SMALLEST[load.units]:
        more.append(f"{100.0 * (change.second / change.first - 1.0):+.0f} %")
    if a.dims:
        of = "90 % of draws" if a.draws else "all postures"
        more.append(f"{of} between {_signed(change.low, load.units)} and {_signed(change.high, load.units)}")
    agree = change.grows if change.change > 0.0 else 100.0 - change.grows
    if a.draws and agree < _AGREE:
        more.append(f"only {percent(agree)} of draws go this way")
    return f"{load.words} from {told(change.first)} to {told(change.second)} ({', '.join(more)})"


def _in_body_weights(change: Change, first: float, second: float) -> str:
    """A change of a force in body weights; of two bodies, what it is in those of each."""
    if np.isclose(first, second, rtol=1e-9):
        return f"{change.change / first:+.2f} body weights"
    return f"{change.first / first:.2f}, then {change.second / second:.2f} times the body's own weight"


def _signed(value: float, units: str) -> str:
    return f"{value:+.1f} points" if units == "%" else f"{value:+,.0f} N"


def _row(change: Change, drawn: bool) -> dict[str, object]:
    load = change.load
    row: dict[str, object] = {
        "quantity": load.quantity, "name": load.name, "units": load.units, "a": change.first, "b": change.second,
        "change": change.change, "relative": change.change / change.first if change.first else np.nan,
    }  # fmt: skip
    return row | {"low": change.low, "high": change.high, "grows": change.grows / 100.0} if drawn else row


def _outside(a: Answer, b: Answer) -> Iterator[Line]:
    """Which of the two lie outside the geometry that is trusted."""
    which = [own.name for own in (a, b) if "valid" in own.ds.variables and not bool(own.ds["valid"].all())]
    yield Line("outside trusted geometry", f"{listed(which)}: {UNMEASURED}" if which else "")
