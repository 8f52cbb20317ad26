"""Bodies in number: a contrast under draws of every prior; answers recorded beside times."""

import pytest

import biomech as bm

#: The pelvis level, and where it tilts by least effort; the feet ahead, and turned out.
TILTS = [0, "least_effort"]
CONTRAST = {"parallel": {"pelvic_tilt": TILTS}, "turned out": {"pelvic_tilt": TILTS, "foot_rotation": 40}}


@pytest.mark.parametrize("variables", [bm.uncertainty.VARIABLES, ("lumbar_compression",)], ids=["usual", "one number"])
def test_turnout_contrast(benchmark, variables):
    """10,000 draws where times are measured, four in a smoke run."""
    samples = 4 if benchmark.disabled else 10_000
    bm.uncertainty.propagate(CONTRAST, samples=4, progress=False)  # compile and read tables before the clock runs
    options = {"samples": samples, "seed": 0, "variables": variables, "progress": False}
    ds = benchmark.pedantic(bm.uncertainty.propagate, (CONTRAST,), options, rounds=1)
    contrast = ds.lumbar_compression.sel(stance="turned out") - ds.lumbar_compression.sel(stance="parallel")
    benchmark.extra_info |= {
        "milliseconds_per_draw": None if benchmark.disabled else 1e3 * benchmark.stats.stats.min / samples,
        "mean_contrast": contrast.mean("sample").values.tolist(),
        "mean_compression": float(ds.lumbar_compression.mean()),
    }
    assert contrast.notnull().all()
