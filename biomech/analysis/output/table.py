"""A dataset as a table: one row a posture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import entries, shown
from biomech.analysis.output.variables import describing
from biomech.errors import StanceError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def table(ds: xr.Dataset, variables: Iterable[str] | None = None) -> pd.DataFrame:
    """One row a posture, and a column for every number that is known of it.

    ``Dataset.to_dataframe`` would give a row for every combination of posture, muscle, joint, axis, ..., billions of
    them after a small sweep.

    Parameters
    ----------
    ds : xarray.Dataset
        What ``sweep`` or ``static_optimization`` answered, or a part of it.
    variables : iterable of str, optional
        What to put in; everything, if not given.

    Returns
    -------
    pandas.DataFrame
        Rows are postures in the order of the dataset, under its own labels of them (a ``MultiIndex`` where several
        dimensions were swept). What varies along with a dimension comes first; then each variable, its columns
        ``name`` or ``name/label``, as in ``prepare``: ``activation/soleus_r``, ``joint_contact_force/hip_r/y``. Units
        are in ``DataFrame.attrs["units"]``, by variable.

    Raises
    ------
    StanceError
        ``ds`` is not such a dataset, or does not have one of the variables.

    Examples
    --------
    >>> import biomech as bm
    >>> ds = bm.sweep(bm.load_model("small"), knee_flexion=[0, 30], pelvic_tilt=0)
    >>> found = bm.table(ds, ["lumbar_compression", "group_activation"])
    >>> found.columns[:2].tolist()
    ['lumbar_compression', 'group_activation/lumbar_extensors']
    >>> found["group_activation/quadriceps"].round(3).tolist()
    [0.003, 0.083]
    """
    import pandas as pd
    import xarray as xr

    if not isinstance(ds, xr.Dataset) or "status" not in ds.data_vars:
        raise StanceError(f"ds = {type(ds).__name__}: must be a dataset of sweep or static_optimization, with status")
    dims = ds["status"].dims
    described = [name for name in describing() if name in ds.coords]
    names = _chosen(ds, variables, described)
    sizes = tuple(ds.sizes[dim] for dim in dims)
    columns: dict[str, NDArray[Any]] = {}
    for name in [*(name for name in _along(ds, dims) if name not in described), *names]:
        columns.update(_columns(ds[name], name, dims, sizes))
    found = pd.DataFrame(columns, index=_index(ds, dims, math.prod(sizes)))
    found.attrs = {"units": {name: ds[name].attrs["units"] for name in names if "units" in ds[name].attrs}}
    return found


def _chosen(ds: xr.Dataset, variables: Iterable[str] | None, described: list[str]) -> list[str]:
    """Names of what to put in, checked."""
    known = [*map(str, ds.data_vars), *described]
    if variables is None:
        return known
    names = entries("variables", variables, f"a list of names among {', '.join(known)}")
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise StanceError(f"variables: there is no {shown(name)} in ds; there are {', '.join(known)}")
    return names


def _along(ds: xr.Dataset, dims: tuple[Any, ...]) -> Iterator[str]:
    """Coordinates that vary along with a posture's dimensions, and are not one of them."""
    for name, values in ds.coords.items():
        if name not in dims and set(values.dims) <= set(dims):
            yield str(name)


def _columns(
    values: xr.DataArray, name: str, dims: tuple[Any, ...], sizes: tuple[int, ...]
) -> Iterator[tuple[str, Any]]:
    """Columns of one variable; what does not depend on a dimension of the postures is repeated along it."""
    inner = [dim for dim in values.dims if dim not in dims]
    whole = values.transpose(*(dim for dim in dims if dim in values.dims), *inner).values
    shape = tuple(size if dim in values.dims else 1 for dim, size in zip(dims, sizes, strict=True))
    own = whole.shape[len(whole.shape) - len(inner) :]
    rows = np.broadcast_to(whole.reshape(shape + own), sizes + own).reshape(math.prod(sizes), *own)
    for place in np.ndindex(*own):
        labels = [
            str(values[dim].values[k]) if dim in values.coords else str(k) for dim, k in zip(inner, place, strict=True)
        ]
        yield "/".join([name, *labels]), rows[(slice(None), *place)]


def _index(ds: xr.Dataset, dims: tuple[Any, ...], rows: int) -> pd.Index:
    """The postures' own labels."""
    import pandas as pd

    if not dims:
        return pd.RangeIndex(rows)
    labels = [ds[dim].values if dim in ds.coords else np.arange(ds.sizes[dim]) for dim in dims]
    if len(dims) == 1:
        return pd.Index(labels[0], name=dims[0])
    return pd.MultiIndex.from_product(labels, names=dims)
