"""Files to and from Datasets: motion, forces and markers as laboratories and OpenSim keep them.

Reading needs no kernels. Nothing in a file is believed: sizes are limited, what is wrong is refused with its place, and
a file that names others finds them beside itself alone.
"""

from biomech.io.c3d import read_c3d
from biomech.io.coordinates import to_coordinates
from biomech.io.external_loads import read_external_loads, to_ground_reaction
from biomech.io.force_plates import plates_to_ground_reaction
from biomech.io.resampling import resample
from biomech.io.storage import read_storage, write_storage
from biomech.io.trc import read_trc

__all__ = [
    "plates_to_ground_reaction",
    "read_c3d",
    "read_external_loads",
    "read_storage",
    "read_trc",
    "resample",
    "to_coordinates",
    "to_ground_reaction",
    "write_storage",
]
