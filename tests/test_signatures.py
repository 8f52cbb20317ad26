"""Nonsense for public callables: a short run of ``python tests/fuzz_signatures.py --minutes 60``."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from fuzz_signatures import COSTLY, NONSENSE, Fresh, check, found, run, valid_calls

import biomech as bm

mpl.use("Agg")


def test_nonsense_is_answered_or_refused_by_name():
    counts = run(found(), iter(range(6)))
    assert counts.pop("cases") > 400
    assert not counts


@pytest.mark.parametrize("name", sorted(set(found()) - COSTLY))
def test_a_valid_call_is_answered(name):
    """Else all its cases are refused for the same reason, and nothing is seen."""
    call, good = valid_calls()[name]
    call(**good)


def test_methods_are_found_by_themselves():
    assert {"Model.cached", "PreparedSweep.__call__", "sharing.Solution.jvp", "uncertainty.Prior.quantile"} <= set(
        found()
    )


@pytest.mark.parametrize("name", sorted(set(found()) - COSTLY))
def test_every_kind_of_nonsense_for_every_argument(name):
    for argument in valid_calls()[name][1]:
        for bad in NONSENSE:
            given = bad.make() if isinstance(bad, Fresh) else bad
            assert check(name, {argument: given}) is None, (argument, type(given))


def test_a_raw_error_is_seen():
    """The check bites: a call that Python itself refuses fails it."""
    assert check("sharing.solve", {"tolerance": "x"}) is None
    wrong = check("symbolic.coordinate", {"no_such_argument": 1})
    assert wrong is not None
    assert wrong[0] == "raw"


def test_percentiles_of_no_draws_are_nan():
    import xarray as xr

    values = xr.DataArray([[np.nan, np.nan], [1.0, 3.0]], dims=("stance", "sample"))
    ends = bm.uncertainty.percentiles(values, 0.0, 100.0)
    np.testing.assert_array_equal(ends.values, [[np.nan, 1.0], [np.nan, 2.0], [np.nan, 3.0]])
    with pytest.raises(bm.StanceError, match="high = 200"):
        bm.uncertainty.percentiles(values, high=200)
