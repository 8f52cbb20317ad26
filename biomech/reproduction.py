"""``rerun``: the same study again, from what its answer carries."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import refusal
from biomech.analysis.output.pose import pose
from biomech.analysis.output.variables import describing
from biomech.analysis.static_optimization import static_optimization
from biomech.analysis.store.asked import stance_of
from biomech.analysis.store.model_record import make_model
from biomech.analysis.store.opening import open_study
from biomech.analysis.store.reading import read_place
from biomech.analysis.store.record import STUDY, criterion_of, differences, read_record
from biomech.analysis.sweep import sweep
from biomech.errors import BiomechError, BiomechWarning, StudyError
from biomech.model.model import Model
from biomech.model.population import BodySource
from biomech.uncertainty import Prior, draw_bodies, propagate
from biomech.uncertainty.people import People

if TYPE_CHECKING:
    import xarray as xr

#: What was measured of the ground: its variables in an answer, and in what ``static_optimization`` takes.
_PLATES = {"ground_force": "force", "center_of_pressure": "point", "plate_moment": "moment"}
#: The same of loads on segments; and the moments that stood in place of all forces.
_LOADS = {"external_force": "force", "external_moment": "moment"}
_MOMENT = "given_moment"
#: Numbers that are compared at a time.
_AT_ONCE = 1 << 22


def rerun(
    ds: xr.Dataset | str | os.PathLike[str],
    *,
    to: str | os.PathLike[str] | None = None,
    threads: int = 1,
    progress: bool | None = None,
) -> xr.Dataset:
    """Compute a study again from its answer alone, and say where the numbers are not the same.

    Parameters
    ----------
    ds : Dataset or path-like
        What ``sweep``, ``static_optimization`` or ``uncertainty.propagate`` answered, or the path of a store or a file;
        a Dataset that was saved and opened by other means will do. It carries in the attribute ``study`` what was
        asked, the model, and what computed it.
    to, threads, progress
        As in ``sweep``, whose answers alone go to a store.

    Returns
    -------
    Dataset
        As the function gives it that answered before.

    Raises
    ------
    StudyError
        It does not carry all that is needed, as an answer of another function or a part of one; or the built-in model
        has other numbers now.

    Warns
    -----
    BiomechWarning
        Numbers differ from those of ``ds``: which, by how much, and what differs between the versions of biomech, its
        kernels, the CPU level and NumPy that computed them. Where all that is the same, so is every bit.

    Examples
    --------
    >>> import biomech as bm
    >>> ds = bm.sweep(bm.load_model("small"), pelvic_tilt=0, knee_flexion=[0, 30])
    >>> bm.rerun(ds).identical(ds)
    True
    """
    import xarray as xr

    if isinstance(ds, str | os.PathLike):
        where = read_place("ds", ds)
        place, ds = str(where), open_study(where)
    elif isinstance(ds, xr.Dataset):
        place = "ds"
    else:
        raise refusal("ds", ds, "a Dataset of sweep, or the path of a study")
    about = read_record(place, ds.attrs.get(STUDY))
    if to is not None and about["function"] != "sweep":
        raise refusal("to", to, f"None for an answer of {about['function']}")
    try:
        if about["function"] == "propagate":
            again = _propagate(about, progress)
        elif about["function"] == "static_optimization":
            again = _optimize(about, ds, threads, progress)
        else:
            again = _sweep(about, ds, to=to, threads=threads, progress=progress)
    except StudyError:
        raise
    except BiomechError as error:
        raise StudyError(f"{place}: cannot be computed again: {error}") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise StudyError(f"{place}: its attribute {STUDY!r} is no record of a study ({error!r})") from error
    now = read_record("the answer", again.attrs[STUDY])
    then, computed = about.pop("computed_with"), now.pop("computed_with")
    if found := list(differences(about, now)):
        raise StudyError(f"{place}: what it was made from cannot be asked again as it was: {'; '.join(found)}")
    if unequal := list(_unequal(ds, again)):
        why = "; ".join(differences(then, computed)) or "nothing that computed them"
        warnings.warn(f"rerun: numbers differ: {', '.join(unequal)}; what differs: {why}", BiomechWarning, stacklevel=2)
    return again


def _sweep(about: Mapping[str, Any], ds: xr.Dataset, **how: Any) -> xr.Dataset:
    """The postures of a record again."""
    return sweep(
        _body(about["model"]),
        criterion=criterion_of(about["criterion"]),
        variables=about["variables"],
        **{name: about[name] for name in _OPTIONS if name in about},
        **stance_of(about["stance"], ds),
        **how,
    )


def _body(about: Mapping[str, Any]) -> Model | BodySource:
    """The body of a record, or the bodies that were drawn from it."""
    model = make_model(about)
    if "bodies" not in about:
        return model
    drawn = about["bodies"]
    if "people" in drawn:
        people = {sex: _priors(own) for sex, own in drawn["people"].items()}
        return People(model, people, drawn["samples"], drawn["seed"], drawn["sex"])
    return draw_bodies(model, samples=drawn["samples"], seed=drawn["seed"], priors=_priors(drawn["drawn"]))


def _priors(about: Mapping[str, Any]) -> dict[str, Prior]:
    return {name: Prior(**own) for name, own in about.items()}


def _propagate(about: Mapping[str, Any], progress: bool | None) -> xr.Dataset:
    """The draws of a record again."""
    return propagate(
        about["stances"],
        make_model(about["model"]),
        samples=about["samples"],
        seed=about["seed"],
        priors=_priors(about["priors"]),
        variables=about["variables"],
        criterion=criterion_of(about["criterion"]),
        tone=about.get("tone"),
        progress=progress,
    )


def _optimize(about: Mapping[str, Any], ds: xr.Dataset, threads: int, progress: bool | None) -> xr.Dataset:
    """The frames of a record again, from what was measured of them."""
    varying = {name: about.get(name, 1.0) for name in ("lower", "upper", "weight")}
    needed = [f"activation_{name}" for name, own in varying.items() if own is None]
    needed += ["coordinate_angle", *(() if _MOMENT in ds else _PLATES)]
    if missing := [name for name in needed if name not in ds]:
        raise StudyError(f"ds: has no {missing[0]!r} any more, of what was measured")
    bare = ds.drop_vars([name for name in describing() if name in ds.coords])
    limits: dict[str, Any] = {name: bare[f"activation_{name}"] if own is None else own for name, own in varying.items()}
    return static_optimization(
        make_model(about["model"]),
        pose(ds),
        **_forces(bare, about),
        **limits,
        inertia=about.get("inertia", False),
        criterion=criterion_of(about["criterion"]),
        reserve=about["reserve"],
        strength=about["strength"],
        threads=threads,
        progress=progress,
    )


def _forces(ds: xr.Dataset, about: Mapping[str, Any]) -> dict[str, Any]:
    """What acted on the body, as it was given: moments of joints, or plates and loads."""
    if _MOMENT in ds:
        moment = ds[_MOMENT]
        given = [name for name in moment["coordinate"].values if moment.sel(coordinate=name).notnull().all()]
        return {"moments": {name: moment.sel(coordinate=name, drop=True).drop_attrs() for name in given}}
    import xarray as xr

    found: dict[str, Any] = {"ground_reaction": ds[[*_PLATES]].rename(_PLATES)}
    if "in_contact" in ds:
        found = {"ground_reaction": "predicted", "in_contact": ds["in_contact"], "floor_height": about["floor_height"]}
    if _LOADS.keys() <= {*ds.data_vars}:
        loads = ds[[*_LOADS]].rename({**_LOADS, "segment": "load"})
        where = loads["load"].values
        loads = loads.assign(point=xr.zeros_like(loads["force"]).drop_attrs())
        ground = ("load", ["ground"] * len(where))
        found["loads"] = loads.assign_coords(segment=("load", where), force_frame=ground, point_frame=ground)
    return found


#: What ``sweep`` takes besides, where it was given.
_OPTIONS = ("weight", "strength", "tone", "stiffness_margin", "short_range_stiffness")


def _unequal(there: xr.Dataset, here: xr.Dataset) -> Iterator[str]:
    """Variables whose numbers are not the same to the last bit, and by how much; what is not computed is left out."""
    for name in here.data_vars:
        if name not in there.data_vars:
            continue
        one, other = there[name], here[name]
        if one.shape != other.shape or one.dims != other.dims:
            yield f"{name} (its shape)"
            continue
        error = scale = 0.0
        for part in _parts(one):
            old, new = (_computed(there, own[part], part) for own in (one, other))
            error = max(error, _error(old.values, new.values))
            scale = max(scale, _error(old.values, np.zeros_like(old.values)))
        if error:
            yield f"{name} by {error:.1e} of {scale:.1e}"


def _computed(there: xr.Dataset, values: xr.DataArray, part: Mapping[Any, slice]) -> xr.DataArray:
    """Numbers, 0 where an unfinished study has none yet."""
    if values.dtype.kind == "U" or "status" not in there or not {*there["status"].dims} <= {*values.dims}:
        return values
    status = there["status"][{dim: own for dim, own in part.items() if dim in there["status"].dims}]
    return values.where(status >= 0, 0)


def _parts(array: xr.DataArray) -> Iterator[dict[Any, slice]]:
    """Stretches along the first dimension, so that a study larger than memory is read in parts."""
    if not array.dims:
        yield {}
        return
    dim, count = array.dims[0], array.shape[0]
    step = max(1, _AT_ONCE * count // max(array.size, 1))
    for first in range(0, count, step):
        yield {dim: slice(first, first + step)}


def _error(old: NDArray[Any], new: NDArray[Any]) -> float:
    """Largest difference of two arrays, infinite where one is a number and the other none."""
    same = (old == new) | ((old != old) & (new != new))
    if same.all():
        return 0.0
    if old.dtype.kind == "U":
        return 1.0
    with np.errstate(invalid="ignore"):
        difference = np.abs(old[~same].astype(float) - new[~same].astype(float))
    return float(np.nan_to_num(difference, nan=np.inf).max())
