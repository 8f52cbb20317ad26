"""Measured frames, from coordinates and ground reactions to all variables; answers recorded beside times."""

import numpy as np
import pytest
import xarray as xr
from bench_opensim import frames

import biomech as bm


def repeated(copies):
    """The 25 standing frames, again and again."""
    coordinates, ground = frames()
    many = {name: np.tile(values, copies) for name, values in coordinates.items()}
    plates = {name: (part.dims, np.tile(part.values, (copies, 1, 1))) for name, part in ground.items()}
    return many, xr.Dataset(plates)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("copies", [40, 800])
def test_static_optimization(benchmark, copies, threads):
    model, (coordinates, ground) = bm.load_model("gait2392"), repeated(copies)
    reserve = {name: 10.0 if name.startswith("pelvis") else 1.0 for name in model.coordinates}
    options = {"lower": 0.01, "reserve": reserve, "threads": threads}
    ds = benchmark(bm.static_optimization, model, coordinates, ground, **options)
    each = None if benchmark.disabled else 1e6 * benchmark.stats.stats.min / ds.sizes["frame"]
    benchmark.extra_info |= {
        "microseconds_per_frame": each,
        "optimal": int((ds.status == 0).sum()),
        "gap": float(ds.duality_gap.max()),
        "residual": float(ds.equilibrium_residual.max()),
        "mean_activation": float(ds.activation.mean()),
    }
    assert (ds.status == 0).all()
