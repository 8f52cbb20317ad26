"""Reading of OpenSim model files; what was read is recorded beside the time."""

from pathlib import Path

import pytest
from shared_reference import OSIM

from biomech.io.osim import read_description

EVERY_JOINT = Path(__file__).parents[1] / "tests" / "reference" / "osim" / "every_joint_v40600.osim"
#: 80 muscles, 44 wrap cylinders.
WALKING = OSIM / "models" / "subject_walk_scaled.osim"


@pytest.mark.parametrize("file", [EVERY_JOINT, WALKING], ids=lambda own: own.stem)
def test_read_description(benchmark, file):
    if not file.is_file():
        pytest.skip(f"{file.name} is not on this machine")
    model = benchmark(read_description, file)
    benchmark.extra_info |= {"bodies": len(model.bodies), "muscles": len(model.muscles), "wraps": len(model.wraps)}
    assert len(model.tree) == len(model.bodies)
