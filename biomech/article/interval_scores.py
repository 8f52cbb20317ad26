"""How well an interval predicts what was measured: for the validation and the policies."""

from __future__ import annotations

from typing import Any

import numpy as np

from biomech._arguments import real_array, real_number
from biomech.errors import StanceError

__all__ = ["interval_score"]


def interval_score(lower: Any, upper: Any, value: Any, alpha: float = 0.1) -> Any:
    """Interval score of Gneiting & Raftery (2007, J Am Stat Assoc 102:359, eq. 43); small is good.

    The width of the interval, and ``2 / alpha`` times how far the value lies outside: whoever widens an interval to be
    right pays for the width. No interval scores better, in expectation, than the true quantiles alpha/2 and
    1 - alpha/2.

    Parameters
    ----------
    lower, upper, value : number, array or DataArray
        Ends of the interval of probability 1 - ``alpha``, and what was measured, in one unit.
    alpha : float
        Probability of missing, 0.1 for 90 % intervals.

    Returns
    -------
    number, array or DataArray
        In the unit of the ends.

    Raises
    ------
    StanceError
        What is given are no numbers, or an end lies on the wrong side.

    Examples
    --------
    >>> from biomech.article.validation import interval_score
    >>> interval_score(1.0, 3.0, 2.5)
    2.0
    >>> interval_score(1.0, 3.0, 3.5)  # half a unit outside costs 20 times as much
    12.0
    """
    alpha = real_number("alpha", alpha, 1e-9, 1.0)
    low, high, x = (_numbers(name, own) for name, own in (("lower", lower), ("upper", upper), ("value", value)))
    if bool(np.any(np.asarray(low) > np.asarray(high))):
        raise StanceError("lower: lies above upper; must be the lower end")
    outside = np.maximum(low - x, 0.0) + np.maximum(x - high, 0.0)
    score = (high - low) + 2.0 / alpha * outside
    return float(score) if np.ndim(score) == 0 and not hasattr(score, "dims") else score


def _numbers(name: str, value: Any) -> Any:
    import xarray as xr

    if not isinstance(value, xr.DataArray):
        return real_array(name, value)
    if value.dtype.kind not in "iuf":
        raise StanceError(f"{name}: is {value.dtype}; must be numbers")
    return value
