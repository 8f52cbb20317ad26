"""How sure an answer is: the same stances under many draws of what is uncertain.

``propagate`` answers every stance of a study under each draw of the priors: the same draw for all of them, so that
contrasts are taken within a draw. ``sobol`` says what drives a variable: first-order and total indices (Sobol' 1993;
Saltelli et al. 2010) with muscles that each have a factor of their own counted as one prior.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from biomech._arguments import instance, mapping, name_list, one_label, one_of, real_number, whole_number
from biomech._interrupts import InterruptsKept
from biomech.analysis.lazy import in_blocks, read_chunks, require_dask, writable
from biomech.analysis.output.variables import sweep_outputs
from biomech.analysis.progress import read_progress
from biomech.errors import StanceError
from biomech.model.catalog import load_model
from biomech.model.model import Model
from biomech.sharing import Criterion, Power
from biomech.uncertainty.ensemble import Ensemble
from biomech.uncertainty.priors import MOST_SEED, Prior

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
#: Arguments of ``Ensemble``: they go to the workers, for what it makes of them holds functions.
_Asked = tuple[
    Mapping[str, Mapping[str, Any]], Model, Mapping[str, Prior] | None, list[str], Criterion, Mapping[str, float] | None
]

#: What is kept unless asked otherwise.
VARIABLES = ("group_activation", "lumbar_compression", "joint_contact_force", "pelvic_tilt", "status")


def propagate(
    stances: Mapping[str, Mapping[str, Any]],
    model: Model | None = None,
    *,
    samples: int = 1024,
    seed: int = 0,
    priors: Mapping[str, Prior] | None = None,
    variables: Iterable[str] = VARIABLES,
    criterion: Criterion = Power(2),
    tone: Mapping[str, float] | None = None,
    progress: bool | None = None,
    chunks: Mapping[str, int] | int | Literal["auto"] | None = None,
) -> xr.Dataset:
    """Answer stances under many draws of the priors.

    Parameters
    ----------
    stances : mapping of str to mapping
        Stances by name, each the arguments of ``sweep`` of one posture, or of several that differ by policy of the tilt
        alone. A prior that adds to a stance adds to all of them, one that adds ``to second`` to all but the first.
    model : Model, optional
        The body; the built-in adult.
    samples : int
        Number of draws.
    seed : int
        The same seed gives the same draws.
    priors : mapping of str to Prior, optional
        What is uncertain; those of ``default_priors()`` that concern what the body has.
    variables : iterable of str
        Variables of ``sweep``.
    criterion, tone
        As in ``sweep``: held, never drawn.
    progress : bool, optional
        As in ``sweep``.
    chunks : int, "auto" or mapping, optional
        Draws of a block (``{"sample": 256}``), to be answered lazily by Dask as in ``sweep``. The draws are the same.

    Returns
    -------
    Dataset
        The variables over (stance, [tilt_policy,] sample), and every prior that has one value a draw over ``sample``.
        Where a posture is not optimal its values are NaN. Coordinates of the caller's come back, those in which the
        stances differ along ``stance``.

    Raises
    ------
    StanceError
        A stance, a prior, a variable or a number makes no sense.

    Examples
    --------
    >>> import biomech as bm
    >>> feet = {"parallel": {"pelvic_tilt": 0}, "turned out": {"pelvic_tilt": 0, "foot_rotation": 40}}
    >>> ds = bm.uncertainty.propagate(feet, samples=32, variables=["lumbar_compression"])
    >>> change = ds.lumbar_compression.sel(stance="turned out") - ds.lumbar_compression.sel(stance="parallel")
    >>> change.sizes["sample"]
    32
    """
    samples, seed = _checked_draws(samples, seed)
    progress = read_progress(progress)
    asked = (stances, _body(model), priors, name_list("variables", variables), criterion, tone)
    if chunks is not None:
        return _propagate_lazily(asked, samples, seed, chunks)
    with InterruptsKept():
        study = Ensemble(*asked)
        points = study.sampler.points(samples, seed)
        found = study.dataset(study.run(points, progress), seed)
    return found.assign_attrs(study.describe(stances, samples, seed))


def _propagate_lazily(asked: _Asked, samples: int, seed: int, chunks: object) -> xr.Dataset:
    """The same draws, answered block by block when they are asked for."""
    import xarray as xr

    require_dask()
    one = _answer_draws(asked, samples, seed, 0, 1)
    lengths = read_chunks(chunks, {"sample": samples}, {}, {}, one)
    plain = one.drop_vars(list(one.coords))
    variables = in_blocks(partial(_answer_block, asked, samples, seed), {}, plain, lengths)
    stances = asked[0]
    attrs = {**one.attrs, **Ensemble(*asked).describe(stances, samples, seed)}
    return writable(xr.Dataset(variables, one.coords, attrs))


def _answer_block(
    asked: _Asked, samples: int, seed: int, arrays: Mapping[str, xr.DataArray], places: Mapping[str, NDArray[np.int64]]
) -> xr.Dataset:
    """The draws of a block."""
    numbers = places["sample"]
    return _answer_draws(asked, samples, seed, int(numbers[0]), int(numbers[-1]) + 1)


def _answer_draws(asked: _Asked, samples: int, seed: int, first: int, last: int) -> xr.Dataset:
    """Draws ``first`` to ``last`` of all, the last not included."""
    study = Ensemble(*asked)
    points = study.sampler.points(samples, seed)[first:last]
    return study.dataset(study.run(points, progress=False), seed)


def percentiles(values: xr.DataArray, low: float = 5.0, high: float = 95.0) -> xr.DataArray:
    """Lower end, median and upper end over ``sample``, NaN left out, along the dimension ``percentile``.

    Where no draw is left the ends are NaN.

    Parameters
    ----------
    values : DataArray
        Numbers over ``sample`` and any other dimensions.
    low, high : float
        The ends in percent: 0 to 50, and 50 to 100.

    Raises
    ------
    StanceError
        The values have no ``sample``, or no numbers; an end lies outside its half.
    """
    import xarray as xr

    instance("values", values, xr.DataArray, "a DataArray over sample")
    if "sample" not in values.dims or not values.sizes["sample"] or values.dtype.kind not in "iuf":
        raise StanceError(f"values: has dimensions {values.dims} of {values.dtype}; must be numbers over sample")
    ends = np.array([real_number("low", low, 0.0, 50.0), 50.0, real_number("high", high, 50.0, 100.0)])
    # what has no draw left is NaN, and needs no warning
    axis = values.get_axis_num("sample")
    lost = np.isnan(values.values).all(axis=axis, keepdims=True)
    if values.size:
        found = np.nanpercentile(np.where(lost, 0.0, values.values), ends, axis=axis)
        found[:, lost.squeeze(axis)] = np.nan
    else:
        found = np.empty((len(ends), *lost.squeeze(axis).shape))
    rest = [dim for dim in values.dims if dim != "sample"]
    coords = {name: own.variable for name, own in values.coords.items() if "sample" not in own.dims}
    return xr.DataArray(found, dims=("percentile", *rest), coords={**coords, "percentile": ends}, attrs=values.attrs)


def sobol(
    stances: Mapping[str, Mapping[str, Any]],
    variable: str,
    select: Mapping[str, Any] | None = None,
    model: Model | None = None,
    *,
    samples: int = 256,
    seed: int = 0,
    priors: Mapping[str, Prior] | None = None,
    criterion: Criterion = Power(2),
    tone: Mapping[str, float] | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """What drives a variable, or the change of it from the first stance to the second.

    Parameters
    ----------
    stances : mapping
        One stance, or two: then it is their difference that is explained.
    variable : str
        A variable of ``sweep``.
    select : mapping of str to label, optional
        Which of it, by label, until one number a draw is left: ``{"group": "lumbar_extensors"}``.
    model, seed, priors, criterion, tone, progress
        As in ``propagate``.
    samples : int
        A power of two; ``samples`` times the number of priors plus two are answered.

    Returns
    -------
    Dataset
        ``first_order`` and ``total_order`` (prior,): shares of the variance, from SciPy's ``sobol_indices``.

    Raises
    ------
    StanceError
        As in ``propagate``; ``samples`` is no power of two, ``select`` leaves more than one number a draw, or some draw
        cannot be held.

    Examples
    --------
    >>> import biomech as bm
    >>> lean = {"lean": {"pelvic_tilt": "rhythm", "trunk_lean": 30}}
    >>> some = {name: bm.uncertainty.default_priors()[name] for name in ("torso_forward", "friction")}
    >>> found = bm.uncertainty.sobol(lean, "lumbar_compression", samples=64, priors=some)
    >>> found.first_order.sel(prior="torso_forward").item() > 0.9
    True
    """
    import xarray as xr

    samples, seed = _checked_draws(samples, seed)
    progress = read_progress(progress)
    if samples & (samples - 1):
        raise StanceError(f"samples = {samples}: must be a power of two")
    chosen = {} if select is None else mapping("select", select, "dimensions of the variable to labels")
    if len(mapping("stances", stances, "names to arguments of sweep")) > 2:
        raise StanceError(f"stances: {len(stances)} given; must be one, or two whose difference is explained")
    body = _body(model)
    one_of("variable", variable, [*sweep_outputs(body), "pelvic_tilt"])
    study = Ensemble(stances, body, priors, [variable], criterion, tone)
    _check_select(study, variable, chosen)
    d = study.sampler.dimensions
    both = study.sampler.points(samples, seed, 2 * d)[:]
    a, b = both[:, :d], both[:, d:]
    names = list(study.sampler.priors)
    mixed = [a.copy() for _ in names]
    for name, points in zip(names, mixed, strict=True):
        points[:, study.sampler.columns[name]] = b[:, study.sampler.columns[name]]
    every = np.concatenate([a, b, *mixed])
    with InterruptsKept():
        ds = study.dataset(study.run(every, progress), seed)
    values = ds[variable].sel(dict(chosen))
    if len(stances) == 2:
        values = values.isel(stance=1) - values.isel(stance=0)
    values = values.squeeze(drop=True)
    if values.dims != ("sample",):
        raise StanceError(f"select: leaves the dimensions {[d for d in values.dims if d != 'sample']} of {variable!r}")
    lost = int((~np.isfinite(values)).sum())
    if lost:
        raise StanceError(f"{lost} of {len(every)} draws cannot be held: there is no variance to share")
    f = values.values.reshape(2 + len(names), samples)
    if np.ptp(f[:2]) == 0.0:
        raise StanceError(f"stances and priors: {variable!r} is the same in every draw: there is no variance to share")
    # SciPy cannot say anything of a single one, so that stands twice
    each = f[2:][:, None] if len(names) > 1 else np.repeat(f[2:][:, None], 2, axis=0)
    found = stats.sobol_indices(func={"f_A": f[0][None], "f_B": f[1][None], "f_AB": each}, n=samples)
    about = {"units": "1", "long_name": "share of the variance"}
    return xr.Dataset(
        {
            "first_order": ("prior", np.ravel(found.first_order)[: len(names)], about),
            "total_order": ("prior", np.ravel(found.total_order)[: len(names)], about),
        },
        coords={"prior": names},
        attrs={"seed": seed, "samples": samples, "variance": float(np.var(f[:2]))},
    )


def _body(model: object) -> Model:
    """The body that was given, or the built-in adult."""
    return load_model() if model is None else instance("model", model, Model, "a Model, or None")


def _checked_draws(samples: object, seed: object) -> tuple[int, int]:
    """How many draws, and their seed."""
    return whole_number("samples", samples, 2, 2**24), whole_number("seed", seed, 0, MOST_SEED)


def _check_select(study: Ensemble, variable: str, select: Mapping[str, Any]) -> None:
    """Refuse what selects nothing, before thousands of draws are answered."""
    dims = study.labels_of(variable)
    for dim, label in select.items():
        if dim not in dims:
            raise StanceError(f"select = {{{dim!r}: ...}}: {variable!r} has the dimensions {', '.join(dims) or 'none'}")
        one_label(f"select[{dim!r}]", label, dims[dim])
