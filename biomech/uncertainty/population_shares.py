"""Of how many people a posture can be held, and in how many the lowest disc bears more than ergonomics allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from biomech._arguments import instance, refusal
from biomech.errors import StanceError
from biomech.pipeline.status import UNREACHABLE
from biomech.stance.stance import BODY

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

#: Compression of L5/S1, N: up to the first a job is held to be safe for most workers, beyond the second hazardous to
#: all but the strongest (NIOSH 1981, Work Practices Guide for Manual Lifting, p. 36: 350 and 650 kg; 3.4 kN is kept by
#: Waters et al. 1993, Ergonomics 36:749). They concern lifting now and then; that 3.4 kN protects is disputed (Jäger
#: 2018, EXCLI J 17:362, has limits that fall with age from 4.1 to 1.8 kN for women, 5.4 to 2.2 kN for men).
ACTION_LIMIT, MAXIMUM_LIMIT = 3400.0, 6400.0
#: What an interval of a share leaves out on either side.
_TAIL = 0.025


def population_shares(ds: xr.Dataset) -> xr.Dataset:
    """Shares of a population who can hold each posture, and whose lumbar compression exceeds what ergonomics allows.

    Parameters
    ----------
    ds : Dataset
        What ``sweep`` answers of ``draw_people`` or ``draw_bodies``, with a dimension ``body``; ``lumbar_compression``
        among its variables for the limits.

    Returns
    -------
    Dataset
        Over the other dimensions: ``can_hold``, the share of bodies that hold the posture with the strength they have;
        ``over_action_limit`` and ``over_maximum_limit``, the shares *of those who hold it* with more than 3,400 and
        6,400 N of compression at L5/S1 (NIOSH 1981), NaN where nobody holds it; each with ``..._interval``
        (..., bound), 95 % by Clopper & Pearson 1934 (Biometrika 26:404) for the number of bodies; and ``unreachable``,
        the share who cannot take the posture at all for the lengths of their limbs, and who do not hold it.

    Raises
    ------
    StanceError
        The dataset has no dimension ``body``, or no ``status``.

    Notes
    -----
    A limit of ergonomics is none of tissue: it says what a rule for work calls safe, not what harms this person. Draws
    are quasi-random, so that the intervals are wider than they need be.

    Examples
    --------
    >>> import biomech as bm
    >>> people = bm.uncertainty.draw_people(samples=8)
    >>> ds = bm.sweep(people, pelvic_tilt=0, trunk_lean=[0, 20], load_mass=10, load_position=(0.35, 0.2, 0))
    >>> bm.uncertainty.population_shares(ds).can_hold.values
    array([1., 1.])
    """
    import xarray as xr

    instance("ds", ds, xr.Dataset, "a Dataset of sweep")
    if "status" not in ds or BODY not in ds["status"].dims:
        raise refusal("ds", ds, f"the answer of sweep over bodies, with status along {BODY!r}", StanceError)
    status = ds["status"]
    count = status.sizes[BODY]
    held = status == 0
    found = {"can_hold": (held.sum(BODY), xr.full_like(held.sum(BODY), count))}
    found["unreachable"] = ((status == UNREACHABLE).sum(BODY), found["can_hold"][1])
    if "lumbar_compression" in ds:
        pressed = ds["lumbar_compression"].where(held)
        for name, limit in (("over_action_limit", ACTION_LIMIT), ("over_maximum_limit", MAXIMUM_LIMIT)):
            found[name] = ((pressed > limit).sum(BODY), held.sum(BODY))
    variables: dict[str, xr.DataArray] = {}
    for name, (number, of) in found.items():
        variables[name] = (number / of.where(of > 0)).assign_attrs(units="1", long_name=_SAID[name])
        interval = [xr.apply_ufunc(bound, number, of) for bound in (_lower, _upper)]
        ends = xr.concat(interval, xr.DataArray(["lower", "upper"], dims="bound", name="bound")).transpose(..., "bound")
        variables[f"{name}_interval"] = ends.assign_attrs(units="1", long_name=f"95 % interval of the {_SAID[name]}")
    return xr.Dataset(
        variables, attrs={"bodies": count, "action_limit_N": ACTION_LIMIT, "maximum_limit_N": MAXIMUM_LIMIT}
    )


_SAID = {
    "can_hold": "share of bodies that can hold the posture",
    "unreachable": "share of bodies that cannot take the posture",
    "over_action_limit": f"share of those who hold it with more than {ACTION_LIMIT:,.0f} N at L5/S1",
    "over_maximum_limit": f"share of those who hold it with more than {MAXIMUM_LIMIT:,.0f} N at L5/S1",
}


def _lower(number: Array, of: Array) -> Array:
    """Below this the share is not, at 95 %: Clopper & Pearson 1934, by the beta distribution."""
    bound = special.betaincinv(np.maximum(number, 1), of - number + 1, _TAIL)
    return np.where(of > 0, np.where(number > 0, bound, 0.0), np.nan)


def _upper(number: Array, of: Array) -> Array:
    bound = special.betaincinv(number + 1, np.maximum(of - number, 1), 1.0 - _TAIL)
    return np.where(of > 0, np.where(number < of, bound, 1.0), np.nan)
