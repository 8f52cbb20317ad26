"""How many people a study needs, each of them measured in both ways of standing.

The test is the paired t-test, two-sided; its power comes from the noncentral t distribution.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, stats

from biomech._arguments import real_number, whole_number
from biomech.errors import StanceError

__all__ = ["detectable_change", "mean_within", "paired_power", "people_needed"]

#: Share of studies that find a change where there is none.
_FALSE_ALARM = 0.05
_MOST = 100_000


def paired_power(change: float, sd: float, people: int) -> float:
    """Share of studies that find a mean change.

    Parameters
    ----------
    change : float
        The mean change from one way of standing to the other.
    sd : float
        SD of the change over people, in the same unit.
    people : int
        How many are measured, at least 2.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> from biomech.article.study_design import paired_power
    >>> round(paired_power(change=1.0, sd=1.0, people=10), 3)
    0.803
    """
    change, sd = real_number("change", change), real_number("sd", sd, 1e-12)
    people = whole_number("people", people, 2, _MOST)
    beyond = stats.t.ppf(1.0 - 0.5 * _FALSE_ALARM, people - 1)
    shift = abs(change) / sd * people**0.5
    # far out SciPy's tails are NaN: nothing is left of the lower one, all of the upper
    upper, lower = stats.nct.sf(beyond, people - 1, shift), stats.nct.cdf(-beyond, people - 1, shift)
    return float(np.nan_to_num(upper, nan=1.0) + np.nan_to_num(lower, nan=0.0))


def people_needed(change: float, sd: float, power: float = 0.8) -> int:
    """The fewest people of whom a study finds a mean change with a given power.

    Parameters
    ----------
    change : float
        The mean change, not 0.
    sd : float
        SD of the change over people.
    power : float
        Share of studies that shall find it, .05 to .999.

    Returns
    -------
    int
        People.

    Raises
    ------
    StanceError
        The change is 0, or so small that more than a hundred thousand would be needed.

    Examples
    --------
    >>> from biomech.article.study_design import people_needed
    >>> people_needed(change=1.0, sd=1.0)
    10
    """
    wanted = real_number("power", power, _FALSE_ALARM, 0.999)
    if paired_power(change, sd, _MOST) < wanted:
        raise StanceError(f"change = {change!r}: is too small beside sd = {sd!r} for {_MOST} people")
    low, high = 1, 2
    while paired_power(change, sd, high) < wanted:
        low, high = high, min(2 * high, _MOST)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if paired_power(change, sd, max(middle, 2)) < wanted else (low, middle)
    return high


def mean_within(people: int, sd: float) -> float:
    """To within how much so many people give the mean change: half of its 95 % confidence interval.

    Parameters
    ----------
    people : int
        How many are measured, at least 2.
    sd : float
        SD of the change over people.

    Returns
    -------
    float
        In the unit of ``sd``.

    Examples
    --------
    >>> from biomech.article.study_design import mean_within
    >>> round(mean_within(people=20, sd=3.0), 1)
    1.4
    """
    people, spread = whole_number("people", people, 2, _MOST), real_number("sd", sd, 1e-12)
    return float(stats.t.ppf(1.0 - 0.5 * _FALSE_ALARM, people - 1) * spread / people**0.5)


def detectable_change(people: int, sd: float, power: float = 0.8) -> float:
    """The smallest mean change that so many people show with a given power.

    Parameters
    ----------
    people : int
        How many are measured, at least 2.
    sd : float
        SD of the change over people.
    power : float
        Share of studies that shall find it, .05 to .999.

    Returns
    -------
    float
        In the unit of ``sd``.

    Examples
    --------
    >>> from biomech.article.study_design import detectable_change
    >>> round(detectable_change(people=20, sd=3.0), 1)
    2.0
    """
    wanted, spread = real_number("power", power, 0.06, 0.999), real_number("sd", sd, 1e-12)
    return float(spread * optimize.brentq(lambda d: paired_power(d, 1.0, people) - wanted, 1e-9, 50.0))
