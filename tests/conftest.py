"""The models, and the reference poses."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from reference_tables import rows

import biomech as bm
from biomech.sharing.criteria.registry import registered, unregister

#: Scripts that ask OpenSim, which few have: no doctests are looked for in them without it.
collect_ignore = [] if find_spec("opensim") else ["opensim_oracle.py", "fuzz_osim.py"]


def pytest_collection_finish(session):
    """A criterion that was imported to look for doctests stays outside until its own tests ask for it."""
    for criterion in registered():
        unregister(criterion)


@pytest.fixture(scope="session")
def adult():
    return bm.load_model()


@pytest.fixture(scope="session")
def gait2392():
    return bm.load_model("gait2392")


@pytest.fixture(scope="session")
def small():
    return bm.load_model("small")


@pytest.fixture(params=["adult", "gait2392", "small"], scope="session")
def model(request):
    return bm.load_model(request.param)


@pytest.fixture(scope="session")
def reference_poses():
    """Coordinates of the reference poses (deg), and the position of each pose by name."""
    table = rows("gait2392_poses.csv")
    coordinates = {name: np.array([float(row[name]) for row in table]) for name in table[0] if name != "pose"}
    return coordinates, {row["pose"]: i for i, row in enumerate(table)}
